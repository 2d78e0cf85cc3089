"""What if: reform measures as transformations of a process, scenarios of them, suggestions from findings."""

from flowaudit.redesign.answers import answers, times_per_case
from flowaudit.redesign.measure import Caution, Direction, Measure, MeasureRefusedError
from flowaudit.redesign.measures import (
    MEASURES,
    LimitLevels,
    MergeSteps,
    OneWindow,
    Parallelise,
    ReuseMaterial,
    Staff,
    UseELicence,
)
from flowaudit.redesign.scenario import Entry, Scenario, contradiction
from flowaudit.redesign.suggest import Refusal, Suggestion, propose, suggest

__all__ = [
    "MEASURES", "Caution", "Direction", "Entry", "LimitLevels", "Measure", "MeasureRefusedError", "MergeSteps", "OneWindow", "Parallelise", "Refusal",
    "ReuseMaterial", "Scenario", "Staff", "Suggestion", "UseELicence", "answers", "contradiction", "propose", "suggest",
    "times_per_case",
]  # fmt: skip
