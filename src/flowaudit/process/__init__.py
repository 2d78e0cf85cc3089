"""The model a simulator runs, fitted to a log: routing by templates, delays in operational time, work, pools."""

from flowaudit.process.clock import Profile, day_classes, forward, hours_since
from flowaudit.process.fit import fit_process
from flowaudit.process.model import (
    BANDS,
    Branch,
    Episode,
    Identifiable,
    MaterialUse,
    Node,
    Pool,
    Process,
    Step,
    Template,
)
from flowaudit.process.quantiles import draw

__all__ = [
    "BANDS",
    "Branch", "Episode", "Identifiable", "MaterialUse", "Node", "Pool", "Process", "Profile", "Step", "Template",
    "day_classes", "draw", "fit_process", "forward", "hours_since",
]  # fmt: skip
