"""What happened: the frozen event log, its readers, its store, its quality and its privacy."""

from flowaudit.eventlog.build import build_store
from flowaudit.eventlog.clean import clean
from flowaudit.eventlog.codes import CodeList, apply_codes, code_lists
from flowaudit.eventlog.csv import read_csv
from flowaudit.eventlog.dates import parse_stamps
from flowaudit.eventlog.excel import read_excel
from flowaudit.eventlog.extent import case_extent
from flowaudit.eventlog.filters import Selection, select
from flowaudit.eventlog.folder import read_folder
from flowaudit.eventlog.frames import read_frame
from flowaudit.eventlog.log import (
    APPLICANT,
    CODED,
    NAT,
    SIDE_TABLES,
    STAGES,
    EventLog,
    Provenance,
    Tile,
    Unit,
    from_frame,
)
from flowaudit.eventlog.mapping import ColumnMapping, mapping_of, read_mapping, suggest_mapping, write_mapping
from flowaudit.eventlog.mapping import ColumnMapping as Mapping
from flowaudit.eventlog.ocel import ObjectLog, flatten, read_ocel
from flowaudit.eventlog.parquet import read_parquet
from flowaudit.eventlog.privacy import Pseudonymiser, config_dir, officer_map, write_officer_map
from flowaudit.eventlog.quality import Quality, check
from flowaudit.eventlog.read import OBJECT_CENTRIC, WORKBOOKS, read_log
from flowaudit.eventlog.rows import SourceRows, source_rows
from flowaudit.eventlog.sample import load_sample, sample_folder
from flowaudit.eventlog.select import select_cases, select_events
from flowaudit.eventlog.stages import stage_of
from flowaudit.eventlog.store import StoreWriter, open_log, write_log
from flowaudit.eventlog.traces import VariantTable, variant_table
from flowaudit.eventlog.unit import as_unit, items_of, natural_unit
from flowaudit.eventlog.write_csv import write_csv
from flowaudit.eventlog.write_ocel import as_objects, write_ocel
from flowaudit.eventlog.write_parquet import write_parquet
from flowaudit.eventlog.write_xes import write_xes
from flowaudit.eventlog.xes import read_xes

__all__ = [
    "APPLICANT",
    "CODED",
    "NAT",
    "OBJECT_CENTRIC",
    "SIDE_TABLES",
    "STAGES",
    "WORKBOOKS",
    "CodeList",
    "ColumnMapping",
    "EventLog",
    "Mapping",
    "ObjectLog",
    "Provenance",
    "Pseudonymiser",
    "Quality",
    "Selection",
    "SourceRows",
    "StoreWriter",
    "Tile",
    "Unit",
    "VariantTable",
    "apply_codes",
    "as_objects",
    "as_unit",
    "build_store",
    "case_extent",
    "check",
    "clean",
    "code_lists",
    "config_dir",
    "flatten",
    "from_frame",
    "items_of",
    "load_sample",
    "mapping_of",
    "natural_unit",
    "officer_map",
    "open_log",
    "parse_stamps",
    "read_csv",
    "read_excel",
    "read_folder",
    "read_frame",
    "read_log",
    "read_mapping",
    "read_ocel",
    "read_parquet",
    "read_xes",
    "sample_folder",
    "select",
    "select_cases",
    "select_events",
    "source_rows",
    "stage_of",
    "suggest_mapping",
    "variant_table",
    "write_csv",
    "write_log",
    "write_mapping",
    "write_ocel",
    "write_officer_map",
    "write_parquet",
    "write_xes",
]
