"""Which measures: how much each saves."""

from flowaudit.planning.attribution import Attribution, Bar
from flowaudit.planning.waterfall import waterfall

__all__ = ["Attribution", "Bar", "waterfall"]
