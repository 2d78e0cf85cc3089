"""What happened: the frozen event log, its readers, its store, its quality and its privacy."""

from flowaudit.eventlog.log import (
    APPLICANT,
    CODED,
    SIDE_TABLES,
    STAGES,
    EventLog,
    Provenance,
    Unit,
    from_frame,
)
from flowaudit.eventlog.select import select_cases
from flowaudit.eventlog.unit import as_unit, items_of, natural_unit

__all__ = [
    "APPLICANT",
    "CODED",
    "SIDE_TABLES",
    "STAGES",
    "EventLog",
    "Provenance",
    "Unit",
    "as_unit",
    "from_frame",
    "items_of",
    "natural_unit",
    "select_cases",
]
