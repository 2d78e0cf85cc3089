"""What happened: the frozen event log, its readers, its store, its quality and its privacy."""

from flowaudit.eventlog.csv import read_csv
from flowaudit.eventlog.dates import parse_stamps
from flowaudit.eventlog.folder import read_folder
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
from flowaudit.eventlog.mapping import ColumnMapping, read_mapping, suggest_mapping, write_mapping
from flowaudit.eventlog.mapping import ColumnMapping as Mapping
from flowaudit.eventlog.parquet import read_parquet
from flowaudit.eventlog.privacy import Pseudonymiser, config_dir
from flowaudit.eventlog.quality import Quality, check
from flowaudit.eventlog.read import read_log
from flowaudit.eventlog.sample import load_sample, sample_folder
from flowaudit.eventlog.select import select_cases
from flowaudit.eventlog.stages import stage_of
from flowaudit.eventlog.store import open_log, write_log
from flowaudit.eventlog.unit import as_unit, items_of, natural_unit
from flowaudit.eventlog.xes import read_xes

__all__ = [
    "APPLICANT",
    "CODED",
    "SIDE_TABLES",
    "STAGES",
    "ColumnMapping",
    "EventLog",
    "Mapping",
    "Provenance",
    "Pseudonymiser",
    "Quality",
    "Unit",
    "as_unit",
    "check",
    "config_dir",
    "from_frame",
    "items_of",
    "load_sample",
    "natural_unit",
    "open_log",
    "parse_stamps",
    "read_csv",
    "read_folder",
    "read_log",
    "read_mapping",
    "read_parquet",
    "read_xes",
    "sample_folder",
    "select_cases",
    "stage_of",
    "suggest_mapping",
    "write_log",
    "write_mapping",
]
