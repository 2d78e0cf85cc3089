"""Which measures: how much each saves, and what if an assumption were another."""

from flowaudit.planning.attribution import Attribution, Bar
from flowaudit.planning.sensitivity import Variation, sensitivity
from flowaudit.planning.waterfall import waterfall

__all__ = ["Attribution", "Bar", "Variation", "sensitivity", "waterfall"]
