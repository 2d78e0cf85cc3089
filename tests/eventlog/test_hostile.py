"""Bad input: every file of a corpus is refused in words that help, or read right with what is implausible in the quality table."""

import gzip
import io
import json
import os
import random
import re
import sqlite3
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hostile
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import workbooks
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowaudit.errors import FlowAuditError, InputError
from flowaudit.eventlog import check, open_log, read_csv, read_log, read_xes, write_log

HEAD = "case,activity,end\n"
ROW = "1,受理,2024-03-04 09:00:00\n"
GOOD = HEAD + ROW + "1,决定,2024-03-05 09:00:00\n2,受理,2024-03-06 09:00:00\n"
SPAN = "case,activity,start,end\n"
T = "2024-03-04 09:00:00"


@dataclass(frozen=True)
class Entry:
    """A file and what must come of it: an error whose message holds words, or so many events and cases and these problems."""

    write: Callable[[Path], Path]
    error: str | None = None
    events: int | None = None
    cases: int | None = None
    problems: Mapping[str, int] = field(default_factory=dict)
    cells: Mapping[str, list[Any]] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)


def text(content: str | bytes, name: str = "a.csv") -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        path = folder / name
        raw = content if isinstance(content, bytes) else content.encode()
        path.write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
        return path

    return write


def refused(content: Any, error: str, name: str = "a.csv", **options: Any) -> Entry:
    return Entry(content if callable(content) else text(content, name), error, options=options)


def reads(content: Any, events: int, cases: int, name: str = "a.csv", *, cells: Any = None, options: Any = None, **problems: int) -> Entry:  # fmt: skip
    return Entry(
        content if callable(content) else text(content, name), None, events, cases, problems, cells or {}, options or {}
    )


def events_of(*rows: str, head: str = HEAD) -> str:
    return head + "".join(row + "\n" for row in rows)


def xes(events: str, *, head: str = "", traces: str = "") -> str:
    return f'{head}<log>\n<trace>\n<string key="concept:name" value="1"/>\n{events}\n</trace>\n{traces}</log>'


def event(end: str = "2024-03-04T09:00:00+08:00", name: str = "受理", more: str = "") -> str:
    return (
        f'<event><string key="concept:name" value="{name}"/><date key="time:timestamp" value="{end}"/>{more}</event>\n'
    )


def table(name: str = "a.parquet", **columns: Any) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        found = pa.table(columns)
        if name.endswith(".parquet"):
            pq.write_table(found, folder / name)
        else:
            with pa.ipc.new_file(str(folder / name), found.schema) as out:
                out.write_table(found)
        return folder / name

    return write


def packed(members: Mapping[str, str | bytes], name: str = "a.zip") -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as archive:
            for member, content in members.items():
                archive.writestr(member, content)
        return folder / name

    return write


def folder_of(**tables: str) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        path = folder / "办件"
        path.mkdir()
        for name, content in tables.items():
            (path / f"{name}.csv").write_text(content, encoding="utf-8", newline="")
        return path

    return write


def sheet(rows: list[list[Any]], name: str = "a.xlsx") -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        import xlsxwriter

        with xlsxwriter.Workbook(folder / name, {"nan_inf_to_errors": True}) as book:
            page = book.add_worksheet()
            for r, row in enumerate(rows):
                for c, cell in enumerate(row):
                    if isinstance(cell, tuple):
                        page.write_formula(r, c, cell[0], None, cell[1])
                    elif isinstance(cell, str):
                        page.write_string(r, c, cell)
                    elif cell is not None:
                        page.write(r, c, cell)
        return folder / name

    return write


ZONES = {
    "New York": "2024-03-10 02:30:00",  # skipped there: from 2 to 3 in the morning
    "overlap": "2024-11-03 01:30:00",  # twice there: no way to tell which, and nothing to refuse
}
US = {"mapping": "timezone = 'America/New_York'\n"}
WIDE = "办件编号，".replace("，", ",") + "环节名称,结束时间\n"

CORPUS: dict[str, Entry] = {
    # --- encodings ---------------------------------------------------------------------------------------------------
    "utf-8": reads(GOOD, 3, 2, cells={"activity": ["受理", "决定", "受理"]}),
    "utf-8 with signature": reads("\ufeff" + GOOD, 3, 2, cells={"activity": ["受理", "决定", "受理"]}),
    "gb18030": reads(GOOD.encode("gb18030"), 3, 2, cells={"activity": ["受理", "决定", "受理"]}),
    "gb18030 of four bytes": reads(GOOD.replace("决定", "㐀𠀀").encode("gb18030"), 3, 2, cells={"activity": ["受理", "㐀𠀀", "受理"]}),
    "utf-16 with signature": reads(GOOD.encode("utf-16"), 3, 2, cells={"activity": ["受理", "决定", "受理"]}),
    "utf-16 big end first": reads(b"\xfe\xff" + GOOD.encode("utf-16-be"), 3, 2, cells={"activity": ["受理", "决定", "受理"]}),
    "utf-16 unsigned": reads(GOOD.encode("utf-16-le"), 3, 2, cells={"activity": ["受理", "决定", "受理"]}),
    "utf-16 cut in a character": refused(GOOD.encode("utf-16")[:-1], r"line 4: byte \d+ of it .* is not UTF-16-LE"),
    "utf-16 with half a character": refused(
        GOOD.replace("决定", "\ud800x").encode("utf-16", "surrogatepass"), r"line 3: byte \d+ of it .* is not UTF-16-LE"
    ),
    "gb18030 cut in a character": refused(
        (GOOD + "3,受").encode("gb18030")[:-1], r"neither UTF-8 nor GB18030 text \(line 5, byte 3 of it"
    ),
    "latin-1": refused("case,activity,end\n1,Café,2024-03-04\n".encode("latin-1"), "neither UTF-8 nor GB18030 text .line 2"),
    "utf-8 with one wrong byte": refused(
        (events_of(*(f"{n},受理审查决定,{T}" for n in range(9)))).encode().replace("4,受理".encode(), b"4,\xe5\x8f\x97\xe7\xff"),
        r"line 6: byte 6 of it \(0xE7\) is not UTF-8",
    ),
    "utf-8 that would be gb18030 but for its sense": refused(
        # Two characters of three bytes are three of two: every name in the file would be another one.
        events_of(*(f"{n},受理,{T}" for n in range(9))).encode().replace("4,受理".encode(), "4,受理".encode() + b"\xa1\xa1"),
        r"line 6: byte 9 of it \(0xA1\) is not UTF-8",
    ),
    "half a character written as utf-8": refused(GOOD.encode().replace("决".encode(), b"\xed\xa0\x80"), "line 3"),
    "a NUL": refused(GOOD.replace("决定", "决\0定"), "line 3: a NUL character stands there"),
    "zeros where the export broke off": refused(GOOD.encode() + b"\0" * 50_000, "line 5: a NUL character stands there"),
    "wrong encoding said": refused(GOOD.encode("gb18030"), "line 2: byte 3 of it .* is not UTF-8", mapping="[file]\nencoding='utf-8'\n"),
    # --- nothing there -----------------------------------------------------------------------------------------------
    "empty": refused(b"", "'a.csv' is empty"),
    "only a signature": refused(b"\xef\xbb\xbf", "'a.csv' is empty"),
    "only empty lines": refused("\n\r\n  \n\n", "'a.csv' is empty"),
    "only a header": refused(HEAD, "has a header but no rows"),
    "only a full-width header": refused("办件编号，环节名称，结束时间\n", "is not a log: its first line"),
    "a header and empty rows": refused(HEAD + ",,\n,,\n", "has a header but no rows"),
    "no header": refused(f"1,受理,欧阳震华,{T}\n2,受理,司徒美堂,{T}\n", "line 1: a time stands where the names of the columns"),
    "one line of prose": refused("诸葛建国 到窗口提交材料\n", "is not a log: its first line '某某某某"),
    "a directory": refused(lambda folder: (folder / "a.csv").mkdir() or folder / "a.csv", "the folder 'a.csv' has no events.csv"),
    "nothing of this name": refused(lambda folder: folder / "b.csv", "b.csv' does not exist"),
    # --- rows and cells ----------------------------------------------------------------------------------------------
    "a row too wide": refused(GOOD + "3,a,b,2024-03-07\n", "line 5: 4 cells where the header has 3"),
    "a row too narrow": refused(GOOD + "3,2024-03-07\n" + ROW, "line 5: 2 cells where the header has 3"),
    "a row too narrow behind a cell of two lines": refused(HEAD + f'1,"a\nb",{T}\n\n2,{T}\n', "line 5: 2 cells where the header has 3"),
    "cut in the last row": refused(GOOD + "3,受", "line 5: 2 cells where the header has 3"),
    "a quote that is not closed": refused(GOOD.replace("1,决定", '1,"决定'), "line 3: unexpected end of data"),
    "a quote that is not closed from the first row": refused(HEAD + '1,"受理,' + T + "\n" + ROW * 50_000, "line 2: unexpected end of data"),
    "a quote that is not closed before a hundred megabytes": refused(
        lambda f: text(HEAD + '1,"a,' + T + "\n" + "1,abcdefghi,2024-03-04 09:00:00\n" * 3_200_000)(f), "line 2: field larger than field limit"
    ),
    "a level that no number holds": refused(f"case,activity,end,level\n1,a,{T},{'9' * 400}\n", "1 cells are not a number .line 2"),
    "days beyond every number": refused(f"case,activity,end,承诺时限\n1,a,{T},{'9' * 30}天\n", "1 cells are not a number .line 2"),
    "two columns of one name": refused("case,activity,end,end\n" + ROW, "two columns named 'end'"),
    "two columns of one name but for spaces": refused(f"case,activity,end,end \n1,a,{T},{T}\n", "two columns named 'end'"),
    "a column without a name": refused(f"case,activity,,end\n1,a,x,{T}\n", "column 3 holds values but has no name"),
    "a delimiter at every end": reads(GOOD.replace("\n", ",\n"), 3, 2),
    "a cell of a million characters": reads(events_of(f'1,{"审" * 10**6},{T}'), 1, 1, cells={"activity": ["审" * 10**6]}),
    "a header of a million characters": refused(f"case,activity,{'x' * 10**6}\n1,a,{T}\n", "has no time column"),
    "a time of a million characters": refused(events_of(f"1,a,{'1' * 10**6}"), "1 cells are not times"),
    "three thousand columns": reads("case,activity,end," + ",".join(f"x{n}" for n in range(3_000)) + "\n" + ROW.rstrip() + "," * 3_000 + "\n", 1, 1),
    "an empty case": refused(GOOD + f" ,受理,{T}\n", "column 'case': 1 rows are empty, first on line 5"),
    "an empty activity": refused(GOOD + f"3,,{T}\n", "column 'activity': 1 rows are empty, first on line 5"),
    "carriage returns alone": reads(GOOD.replace("\n", "\r"), 3, 2),
    "semicolons, with commas in cells": reads(GOOD.replace(",", ";").replace("决定", "决,定"), 3, 2, cells={"activity": ["受理", "决,定", "受理"]}),
    "commas, with semicolons in cells": reads(GOOD.replace("决定", "决;定;3"), 3, 2, cells={"activity": ["受理", "决;定;3", "受理"]}),
    "a title of two cells above": refused("窗口,办件明细\n" + GOOD, "line 2: 3 cells where the header has 2"),
    "controls in a wrong cell": refused(events_of("1,a,2024-\x1b[2J03"), re.escape(r"2024-\x1b[")),
    "a name in a wrong cell": refused(events_of("1,a,欧阳震华"), "line 2: '某某某某'"),
    "a name in Latin letters in a wrong cell": refused(events_of("1,a,Ouyang Zhenhua"), "line 2: 'xxxxxx xxxxxxx'"),
    "a name where a number stands": refused(f"case,activity,end,level\n1,a,{T},司徒美堂\n", "1 cells are not a number .line 2: '某某某某'"),
    # --- case ids ----------------------------------------------------------------------------------------------------
    "ids with zeros and of many digits": reads(
        events_of(f"007,a,{T}", f"7,a,{T}", f"{10**30},a,{T}", f"1e5,a,{T}"), 4, 4, cells={"case_id": ["007", "7", str(10**30), "1e5"]}
    ),
    "ids with spaces around": reads(events_of(f"1,a,{T}", f" 1,b,{T}", f"1 ,c,{T}"), 3, 1),
    "ids alike": reads(events_of(f"A1,a,{T}", f"Ａ１,a,{T}", f"A 1,a,{T}", f"A1\u200b,a,{T}", f"B1,a,{T}"), 5, 5, similar_cases=4),
    "ids of one letter in two cases": reads(events_of(f"A1,a,{T}", f"a1,a,{T}"), 2, 2, similar_cases=0),
    "signs of direction": reads(events_of(f"1,\u202e受理\u200f,{T}"), 1, 1, cells={"activity": ["\u202e受理\u200f"]}),
    # --- times -------------------------------------------------------------------------------------------------------
    **{f"the time {bad!r}": refused(events_of(f"1,a,{T}", f"1,b,{bad}"), "1 cells are not times .line 3: ") for bad in (
        "0000-00-00 00:00:00", "0000-01-01", "0001-01-01 00:00:00", "9999-12-31 00:00:00", "10000-01-01", "2024-02-30 09:00:00",
        "2024-13-01", "2024-03-04 25:00", "2024-03-04 24:01", "2024-03-04 09:60", "1709542800", "1e9", "inf", "20240304.5", "2024-03",
        "09:00:00", "2024-03-04T09:00:00+15:00", "2024-03-04 09:00:00 Mars/Phobos", "#REF!", "12.5", "0", "-1",
    )},
    "nan for a time": reads(events_of(f"1,a,{T}", "1,b,nan"), 1, 1, no_time=1),
    "midnight at the end of a day": reads(events_of("1,a,2024-02-29 24:00"), 1, 1, cells={"end": [pd.Timestamp("2024-03-01")]}),
    "9999 said to be missing": reads(events_of(f"1,a,{T}", "1,b,9999-12-31"), 1, 1, options={"mapping": "missing_times=['9999-12-31']\n"}, no_time=1),
    "day or month first": refused(events_of("1,a,03/04/2024"), "could mean two days"),
    "day and month first": refused(events_of("1,a,25/01/2024", "1,b,01/25/2024"), "on line 2 the day comes first"),
    "an end before its start": reads(
        events_of(f"1,a,{T},2024-03-04 08:00:00", f"1,b,{T},2024-03-04 10:00:00", head=SPAN), 2, 1, end_before_start=1
    ),
    "far ahead": reads(events_of("1,a,2198-01-01 09:00:00"), 1, 1, future=1),
    "zones and none": reads(
        events_of("1,a,2024-03-04T09:00:00+08:00", "1,b,2024-03-04T09:00:00-05:00", "1,c,2024-03-04 09:00"), 3, 1,
        mixed_zones=1, mixed_offsets=3, cells={"end": [pd.Timestamp(T)] * 3},
    ),
    "zones made one": reads(
        events_of("1,a,2024-03-04T09:00:00+08:00", "1,b,2024-03-04T09:00:00Z"), 2, 1, options={"mapping": "timezone='Asia/Shanghai'\n"},
        cells={"end": [pd.Timestamp(T), pd.Timestamp("2024-03-04 17:00")]},
    ),
    "an hour that was skipped": reads(events_of(f"1,a,{ZONES['New York']}"), 1, 1, options=US, dst_gap=1),
    "an hour that came twice": reads(events_of(f"1,a,{ZONES['overlap']}"), 1, 1, options=US, dst_gap=0),
    "an hour that Shanghai skipped": reads(events_of("1,a,1986-05-04 02:30:00"), 1, 1, dst_gap=1),
    "infinite numbers": refused(f"case,activity,end,level\n1,a,{T},inf\n", "1 cells are not a number"),
    # --- packed ------------------------------------------------------------------------------------------------------
    "gz": reads(GOOD, 3, 2, "a.csv.gz"),
    "gz that is none": refused(lambda f: text(GOOD)(f).rename(f / "a.csv.gz"), "is not a gzip file, or is damaged"),
    "gz cut off": refused(lambda f: _cut(text(GOOD, "a.csv.gz")(f), -9), "'a.csv.gz' is cut off or damaged"),
    "xlsx called csv": refused(lambda f: sheet([["case"]])(f).rename(f / "a.csv"), "is not text but Excel"),
    "gz bomb": refused(lambda f: _gz_bomb(f / "a.csv.gz", HEAD.encode(), b"1,a,2024-03-04 09:00:00\n"), "would unpack from .* which no log does"),
    "gz bomb of XES": refused(lambda f: _gz_bomb(f / "a.xes.gz", b"<log>", b"                "), "would unpack from .* which no log does"),
    "zip": reads(packed({"办件.csv": GOOD}), 3, 2),
    "zip of nothing": refused(packed({}), "'a.zip' holds no file"),
    "zip of two logs": refused(packed({"a.csv": GOOD, "b.csv": GOOD}), "holds 2 logs"),
    "zip in a zip": refused(packed({"b.zip": b"PK\x05\x06" + bytes(18)}), "holds no log; found 'b.zip'"),
    "zip that leads outside": reads(packed({"../../../x.csv": GOOD}), 3, 2),
    "zip bomb": refused(lambda f: _zip_bomb(f / "a.zip", "a.csv"), "would unpack from .* which no log does"),
    "zip that is none": refused(text(GOOD, "a.zip"), "is not a zip file, or is damaged"),
    "zip cut off": refused(lambda f: _cut(packed({"a.csv": GOOD})(f), -30), "is not a zip file, or is damaged"),
    # --- XES ---------------------------------------------------------------------------------------------------------
    "xes": reads(xes(event()), 1, 1, "a.xes"),
    "xes cut off": refused(xes(event())[:-20], "'a.xes', line 4: not well-formed XML", "a.xes"),
    "xes without a trace": refused("<log></log>", "holds no event inside a trace", "a.xes"),
    "xes with another root": refused("<html></html>", "its root is <html>", "a.xes"),
    "xes: not XML": refused(GOOD, "'a.xes', line 1: not well-formed XML", "a.xes"),
    "xes: a billion laughs": refused(
        xes(event(name="&e9;"), head="<!DOCTYPE log [<!ENTITY e0 'ha'>" + "".join(f"<!ENTITY e{n} '{f'&e{n - 1};' * 10}'>" for n in range(1, 10)) + "]>"),
        "line 1: a document type", "a.xes",
    ),
    "xes: an entity of itself": refused(xes(event(name="&a;"), head="<!DOCTYPE log [<!ENTITY a '&b;'><!ENTITY b '&a;'>]>"), "a document type", "a.xes"),
    "xes: a file from outside": refused(xes(event(name="&a;"), head="<!DOCTYPE log [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>"), "a document type", "a.xes"),
    "xes: a document type from outside": refused(xes(event(), head="<!DOCTYPE log SYSTEM 'http://127.0.0.1/x.dtd'>"), "a document type", "a.xes"),
    "xes: an unknown entity": refused(xes(event(name="&nbsp;")), "line 4: not well-formed XML .undefined entity", "a.xes"),
    "xes: a hundred thousand deep": reads(
        xes(event(more='<string key="k" value="v">' + '<list key="l">' * 100_000 + "</list>" * 100_000 + "</string>")), 1, 1, "a.xes"
    ),
    "xes: ten million letters": reads(xes(event(name="x" * 10**6)), 1, 1, "a.xes", cells={"activity": ["x" * 10**6]}),
    "xes: the year 0": refused(xes(event("0000-01-01T00:00:00Z")), "line 4: '0000-01-01", "a.xes"),
    "xes: the year 9999": refused(xes(event("9999-12-31T00:00:00Z")), "line 4: '9999-12-31", "a.xes"),
    "xes: a number that is none": refused(xes(event(more='<int key="n" value="诸葛建国"/>')), "line 4: '某某某某' is not a number", "a.xes"),
    "xes: a great number": reads(xes(event(more=f'<int key="n" value="{10**30}"/>')), 1, 1, "a.xes", cells={"n": [str(10**30)]}),
    "xes: infinite": reads(xes(event(more='<float key="n" value="INF"/>')), 1, 1, "a.xes", cells={"n": [np.inf]}),
    "xes: neither true nor false": refused(xes(event(more='<boolean key="b" value="7"/>')), "line 4: '7' is neither true", "a.xes"),
    "xes: two traces of one name": reads(
        xes(event(), traces='<trace><string key="concept:name" value="1"/>' + event("2024-03-05T09:00:00+08:00") + "</trace>"), 2, 1, "a.xes",
        traces_of_one_name=1,
    ),
    "xes: a trace without events and one without a name": reads(
        xes(event(), traces=f"<trace></trace><trace>{event()}</trace>"), 2, 2, "a.xes", unnamed_traces=2, cases_without_events=1
    ),
    "xes: events outside traces": reads(xes(event(), traces=event()), 1, 1, "a.xes", events_outside_traces=1),
    "xes: zones and none": reads(xes(event() + event("2024-03-04T10:00:00")), 2, 1, "a.xes", mixed_zones=1),
    "xes in an encoding that is another": refused(
        b'<?xml version="1.0" encoding="UTF-8"?>' + xes(event()).encode("gb18030"), "line 4: not well-formed XML .*invalid token", "a.xes"
    ),
    "xes in gb2312": reads(b'<?xml version="1.0" encoding="GB2312"?>' + xes(event()).encode("gb18030"), 1, 1, "a.xes", cells={"activity": ["受理"]}),
    "xes in an encoding that is none": refused('<?xml version="1.0" encoding="klingon"?>' + xes(event()), "an encoding that cannot be read", "a.xes"),
    "xes with a NUL": refused(xes(event(name="a\0b")), "line 4: not well-formed XML", "a.xes"),
    "xes: a tag that does not end": refused(b'<log><trace><string key="' + b"x" * (80 << 20), "a tag or a text is longer than 64 MB", "a.xes"),
    # --- Parquet, Arrow ----------------------------------------------------------------------------------------------
    "parquet": reads(table(case=["1"], activity=["a"], end=pa.array([pd.Timestamp(T)])), 1, 1),
    "parquet: a number for a time": refused(table(case=["1"], activity=["a"], end=[1_709_542_800]), "1 cells are not times .line 1: '1709542800'"),
    "parquet: the year 9999": refused(table(case=["1"], activity=["a"], end=pa.array([253_402_214_400_000_000], pa.timestamp("us"))), "1 cells are not times .line 1: '9999"),
    "parquet: the year 290000": refused(table(case=["1"], activity=["a"], end=pa.array([2**63 - 1], pa.timestamp("us"))), "1 cells are not times .line 1"),
    "arrow: beyond the last moment of the type": refused(
        # 2^62 milliseconds are, counted in microseconds in 64 bits, none: 1970.
        table("a.arrow", case=["1", "1"], activity=["a", "b"], end=pa.array([0, 2**62], pa.timestamp("ms"))), "1 cells are not times .line 2"
    ),
    "parquet: beyond the last moment of the type": refused(table(case=["1"], activity=["a"], end=pa.array([2**62], pa.timestamp("ms"))), "not times .line 1"),
    "arrow: beyond it, with a zone": refused(table("a.arrow", case=["1"], activity=["a"], end=pa.array([-(2**62)], pa.timestamp("ms", "Asia/Shanghai"))), "a.arrow"),
    "arrow: a day beyond it": refused(table("a.arrow", case=["1"], activity=["a"], end=pa.array([2**31 - 1], pa.date32())), "not times .line 1"),
    "parquet: a great number for a time": refused(table(case=["1"], activity=["a"], end=[1e300]), "1 cells are not times"),
    "parquet: no rows": refused(table(case=pa.array([], pa.string()), activity=pa.array([], pa.string()), end=pa.array([], pa.timestamp("us"))), "a header but no rows"),
    "parquet: not a time": refused(table(case=["1"], activity=["a"], end=[np.inf]), "1 cells are not times"),
    "parquet: no case": refused(table(case=[None, "1"], activity=["a", "b"], end=[T, T]), "column 'case': 1 rows are empty, first on line 1"),
    "parquet: numbers for cases": reads(table(case=[2**62, -1], activity=["a", "b"], end=[T, T]), 2, 2, cells={"case_id": [str(2**62), "-1"]}),
    "parquet: an infinite level": refused(table(case=["1"], activity=["a"], end=[T], level=[np.inf]), "1 cells are not a number .line 1"),
    "parquet: a level of 64 bits": refused(table(case=["1"], activity=["a"], end=[T], level=pa.array([2**64 - 1], pa.uint64())), "1 cells are not a number"),
    "mapping: a level that no number holds": refused(GOOD, "m.toml", mapping=f"[levels]\n'受理' = {10**30}\n"),
    "parquet: lists": reads(table(case=["1"], activity=["a"], end=[T], x=[[1, 2]]), 1, 1, cells={"x": ["[1, 2]"]}),
    "parquet that is none": refused(text(GOOD, "a.parquet"), "'a.parquet' cannot be read as Parquet"),
    "parquet of bytes that are no text": refused(lambda f: _patched(table(case=["1"], activity=["abcd"], end=[T])(f), b"abcd", b"ab\xffd"), "cannot be read as Parquet"),
    "arrow that is none": refused(text(GOOD, "a.arrow"), "'a.arrow' cannot be read as Arrow"),
    "arrow of bytes that are no text": refused(lambda f: _patched(table("a.arrow", case=["1"], activity=["abcd"], end=[T])(f), b"abcd", b"ab\xffd"), "cannot be read as Arrow"),
    "arrow: a label that is not there": refused(lambda f: _beyond(f / "a.arrow"), "cannot be read as Arrow: .*out of bounds"),
    "parquet bomb": refused(lambda f: _parquet_bomb(f / "a.parquet"), "says that it holds 60,000,000 rows in .* which no log does"),
    # --- workbooks ---------------------------------------------------------------------------------------------------
    "xlsx": reads(sheet([["case", "activity", "end"], ["007", "受理", T]]), 1, 1, cells={"case_id": ["007"]}),
    "xlsx: a formula": reads(sheet([["case", "activity", "end"], ["1", ('="受"&"理"', "受理"), T]]), 1, 1, cells={"activity": ["受理"]}),
    "xlsx: a failed formula": reads(sheet([["case", "activity", "end", "x"], ["1", "a", T, ("=1/0", "#DIV/0!")]]), 1, 1, failed_formulas=1),
    "xlsx: a failed time": refused(sheet([["case", "activity", "end"], ["1", "a", ("=A9", "#REF!")]]), "a.xlsx"),
    "xlsx: the year 9999": refused(sheet([["case", "activity", "end"], ["1", "a", T], ["1", "b", 2_958_465]]), "1 cells are not times .line 3"),
    "xlsx: nothing": refused(sheet([]), "'a.xlsx'"),
    "xlsx: only a header": refused(sheet([["case", "activity", "end"]]), "has a header but no rows|names the columns"),
    "xlsx that is csv": refused(text(GOOD, "a.xlsx"), "'a.xlsx'"),
    "xlsx of zeros": refused(text(bytes(5000), "a.xlsx"), "'a.xlsx'"),
    "xlsx cut off": refused(lambda f: _cut(sheet([["case", "activity", "end"], ["1", "a", T]])(f), -100), "'a.xlsx'"),
    "xlsx bomb": refused(lambda f: _xlsx_bomb(f / "a.xlsx"), "which no log does"),
    "xlsx: a billion laughs": refused(lambda f: _xlsx_laughs(f / "a.xlsx"), "'a.xlsx'"),
    "ods: a failed formula": reads(
        lambda f: _made(workbooks.ods, f / "a.ods", [["case", "activity", "end", "x"], ["1", "a", T, workbooks.Failed("#REF!")]]), 1, 1, failed_formulas=1
    ),
    "xls: a failed formula": reads(
        lambda f: _made(workbooks.xls, f / "a.xls", [["case", "activity", "end", "x"], ["1", "a", T, workbooks.Failed("#REF!")]]), 1, 1, failed_formulas=1
    ),
    # --- object-centric ----------------------------------------------------------------------------------------------
    "ocel: not JSON": refused(text("{", "a.jsonocel"), "'a.jsonocel'", object_type="case"),
    "ocel: another JSON": refused(text("[1, 2]", "a.jsonocel"), "'a.jsonocel'", object_type="case"),
    "ocel: a hundred thousand deep": refused(text("[" * 100_000, "a.jsonocel"), "'a.jsonocel'", object_type="case"),
    "ocel: a billion laughs": refused(
        text("<!DOCTYPE log [<!ENTITY a 'ha'><!ENTITY b '&a;&a;'>]><log>&b;</log>", "a.xmlocel"), "'a.xmlocel'", object_type="case"
    ),
    "ocel: no database": refused(text(bytes(4096), "a.sqlite"), "'a.sqlite'", object_type="case"),
    "ocel: another database": refused(lambda f: _database(f / "a.sqlite"), "'a.sqlite'", object_type="case"),
    # --- folders -----------------------------------------------------------------------------------------------------
    "folder": reads(folder_of(events=GOOD), 3, 2),
    "folder without events": refused(folder_of(cases="case_id\n1\n"), "has no events.csv"),
    "folder: events only named": refused(folder_of(events=HEAD), "'events.csv' has a header but no rows"),
    "folder: a relation to nothing": refused(
        folder_of(events="event_id," + HEAD + "e1," + ROW, e2o="event_id,object_id,object_type\ne9,1,case\n"), "'e2o.csv', line 2"
    ),
    "folder: a row too narrow beside": refused(folder_of(events=GOOD, cases="case_id,channel\n1,线上\n2\n"), "'cases.csv', line 3: 1 cells where the header has 2"),
    # --- mapping files -----------------------------------------------------------------------------------------------
    "mapping: not TOML": refused(GOOD, "line 1, column", mapping="[columns\n"),
    "mapping: an unknown key": refused(GOOD, "'m.toml', line 1, has the unknown key 'colums'", mapping="colums = 1\n"),
    "mapping: a column that is not there": refused(GOOD, "has no column '结束' .wanted for 'end'", mapping="[columns]\nend = '结束'\n"),
    "mapping: a type that does not fit": refused(GOOD, "'m.toml', line 1, missing_times: a list is needed", mapping="missing_times = 7\n"),
    "mapping: a zone that is none": refused(GOOD, "'Asia/Peking' is not a time zone", mapping="timezone = 'Asia/Peking'\n"),
    "mapping: a path for a zone": refused(GOOD, "is not a time zone", mapping="timezone = '../../etc/passwd'\n"),
    "mapping: a format that is none": refused(GOOD, "'m.toml', line 1, date_format: '%Y-%m-%d %Q' is not a format", mapping="date_format = '%Y-%m-%d %Q'\n"),
    "mapping: bytes that are no text": refused(GOOD, "line 2 is not UTF-8 text", mapping=b"keep_text = true\n# \xff\n"),
    "mapping: a number without end": refused(GOOD, "m.toml", mapping="[levels]\na = " + "9" * 5000 + "\n"),
    "a header that the sample does not hold": reads(f"case,activity,end,{'x' * 300_000},y\n1,a,{T},1,2\n", 1, 1),
    "mapping: deep": refused(GOOD, "m.toml", mapping="x = " + "[" * 5_000 + "\n"),
    "mapping: a folder": refused(GOOD, "m.toml", mapping=None),
}  # fmt: skip


def _cut(path: Path, at: int) -> Path:
    path.write_bytes(path.read_bytes()[:at])
    return path


def _patched(path: Path, old: bytes, new: bytes) -> Path:
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new))
    return path


def _made(write: Callable[..., None], path: Path, rows: list[list[Any]]) -> Path:
    write(path, rows)
    return path


def _gz_bomb(path: Path, head: bytes, line: bytes) -> Path:
    """Three hundred megabytes in three hundred kilobytes."""
    block = gzip.compress(line * ((1 << 24) // len(line)), 6)
    path.write_bytes(gzip.compress(head) + block * 20)
    return path


def _zip_bomb(path: Path, member: str) -> Path:
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open(member, "w", force_zip64=True) as out,
    ):
        for _piece in range(24):
            out.write(bytes(1 << 24))
    return path


def _xlsx_bomb(path: Path) -> Path:
    """A sheet of 400 MB of spaces."""
    whole = sheet([["case", "activity", "end"], ["1", "a", T]], "whole.xlsx")(path.parent)
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            content = old.read(info)
            with new.open(info.filename, "w", force_zip64=True) as out:
                if info.filename.endswith("sheet1.xml"):
                    head, _sign, tail = content.partition(b"<sheetData>")
                    out.write(head + b"<sheetData>")
                    for _piece in range(24):
                        out.write(b" " * (1 << 24))
                    content = tail
                out.write(content)
    return path


def _xlsx_laughs(path: Path) -> Path:
    whole = sheet([["case", "activity", "end"], ["1", "a", T]], "whole.xlsx")(path.parent)
    laughs = b"<!DOCTYPE x [<!ENTITY e0 'ha'>" + b"".join(
        b"<!ENTITY e%d '%s'>" % (n, b"&e%d;" % (n - 1) * 10) for n in range(1, 12)
    )
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            content = old.read(info)
            if info.filename.endswith("sharedStrings.xml"):
                content = content.replace(b"?>", b"?>" + laughs + b"]>", 1).replace(b"<t>a</t>", b"<t>&e11;</t>")
                assert b"&e11;" in content
            new.writestr(info.filename, content)
    return path


def _beyond(path: Path) -> Path:
    codes = pa.DictionaryArray.from_arrays(pa.array([0, 7], pa.int32()), pa.array(["a"]), safe=False)
    with pa.ipc.new_file(
        str(path), pa.schema([("case", pa.string()), ("activity", codes.type), ("end", pa.string())])
    ) as out:
        out.write_batch(
            pa.record_batch([pa.array(["1", "1"]), codes, pa.array([T, T])], names=["case", "activity", "end"])
        )
    return path


def _parquet_bomb(path: Path) -> Path:
    """Sixty million rows of one value in some kilobytes."""
    n = 6_000_000
    zero = pa.array(np.zeros(n, np.int32))
    column = pa.DictionaryArray.from_arrays(zero, pa.array(["1"]))
    time_ = pa.array(np.full(n, np.datetime64("2024-03-04", "us")))
    batch = pa.table({"case": column, "activity": column, "end": time_})
    with pq.ParquetWriter(path, batch.schema, compression="zstd") as out:
        for _group in range(10):
            out.write_table(batch)
    return path


def _database(path: Path) -> Path:
    with sqlite3.connect(path) as base:
        base.execute("CREATE TABLE event (x)")
    base.close()
    return path


def outcome(entry: Entry, folder: Path) -> tuple[Path, Any]:
    """Return the file of an entry and what came of reading it."""
    options = dict(entry.options)
    if "mapping" in options:
        target = folder / "m.toml"
        said = options["mapping"]
        if said is None:
            target.mkdir()
        else:
            target.write_bytes(said if isinstance(said, bytes) else said.encode())
        options["mapping"] = target
    path = entry.write(folder)
    try:
        return path, read_log(path, salt=hostile.SALT, **options)
    except FlowAuditError as error:
        return path, error


@pytest.mark.parametrize("name", CORPUS)
def test_corpus(name, tmp_path):
    entry = CORPUS[name]
    path, found = outcome(entry, tmp_path)
    if entry.error is not None:
        assert isinstance(found, FlowAuditError), f"read: {found!r}"
        assert re.search(entry.error, found.message), str(found)
        hostile.refusal(found, path, also=("m.toml",))
        return
    assert not isinstance(found, FlowAuditError), str(found)
    hostile.consistent(found)
    assert (len(found.events), found.n_cases) == (entry.events, entry.cases)
    quality = check(found)
    for key, n in entry.problems.items():
        problem = quality.find(key)
        assert (0 if problem is None else problem["rows"]) == n, quality.to_frame("en").to_string()
    for column, cells in entry.cells.items():
        assert found.events[column].to_pylist() == cells
    hostile.stored(found, whole=True)


HEAVY = ("gz bomb", "gz bomb of XES", "zip bomb", "xlsx bomb", "xlsx: a billion laughs", "parquet bomb", "xes: a tag that does not end",
         "a cell of a million characters", "a quote that is not closed before a hundred megabytes", "xes: a billion laughs")  # fmt: skip


def test_no_file_takes_more_than_two_gigabytes(tmp_path):
    """In a process of its own, whose peak the system tells (not on Windows)."""
    pytest.importorskip("resource")
    code = (
        "import json, sys, tempfile; from pathlib import Path; sys.path[:0] = json.loads(sys.argv[1])\n"
        "import hostile, importlib.util\n"
        "spec = importlib.util.spec_from_file_location('corpus', sys.argv[2]); corpus = importlib.util.module_from_spec(spec)\n"
        "sys.modules['corpus'] = corpus; spec.loader.exec_module(corpus)\n"
        "for name in corpus.HEAVY:\n"
        "    with tempfile.TemporaryDirectory(dir=sys.argv[3]) as folder: corpus.outcome(corpus.CORPUS[name], Path(folder))\n"
        "    print(name, round(hostile.peak_mb()), sep='\\t')\n"
    )
    paths = [p for p in sys.path if p]
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps(paths), __file__, str(tmp_path)],
        capture_output=True, text=True, timeout=300, env={**os.environ, "FLOWAUDIT_CONFIG_DIR": str(tmp_path)}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    peaks = dict(line.split("\t") for line in done.stdout.splitlines())
    assert list(peaks) == list(HEAVY)
    assert max(map(int, peaks.values())) < hostile.MOST_MB, peaks


KINDS = [kind for kind in hostile.FORMATS if kind not in ("folder", "stored", "toml")]
BINARY = (
    "csv.gz",
    "xlsx",
    "xlsb",
    "ods",
    "xes",
    "xes.gz",
    "zip",
    "parquet",
    "arrow",
    "feather",
    "jsonocel",
    "xmlocel",
    "sqlite",
)


@pytest.fixture(scope="module")
def seeds(tmp_path_factory):
    """Every format's file, whole."""
    found = {}
    for kind in hostile.FORMATS:
        folder = tmp_path_factory.mktemp("seed")
        found[kind] = hostile.seed(kind, folder)
        if kind == "toml":
            hostile.seed("csv", folder)
    return found


@pytest.mark.parametrize("kind", hostile.FORMATS)
def test_whole_files_are_read_and_nobody_is_named(seeds, kind):
    assert hostile.check_outcome(kind, seeds[kind], store=True) == "read"


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_cut_off_anywhere(seeds, kind, tmp_path):
    """What has an end of its own is refused wherever it is cut; a text is refused, or the rows before the cut are read."""
    content = seeds[kind].read_bytes()
    path = tmp_path / seeds[kind].name
    # The last bytes of XML and JSON are the end of a line.
    last = len(content.rstrip()) - 1
    for at in sorted({*range(0, last, max(1, last // 40)), *range(max(0, last - 8), last)}):
        path.write_bytes(content[:at])
        said = hostile.check_outcome(kind, path, whole=False)
        assert said == "refused" or kind not in BINARY, at


@pytest.mark.parametrize("place", ["log.arrow", "log.arrow.json", "log.tables/case_ptr.arrow"])
def test_no_bit_of_a_stored_log_can_change(seeds, tmp_path, place):
    """Any other byte is told, wherever it stands: what was stored is what is opened."""
    write_log(open_log(seeds["stored"] / "log.arrow"), tmp_path / "log.arrow")
    file = tmp_path / place
    content = file.read_bytes()
    rng = random.Random(place)
    for at in rng.sample(range(len(content)), 60):
        wrong = bytearray(content)
        wrong[at] ^= 1 << rng.randrange(8)
        file.write_bytes(wrong)
        if place.endswith(".json") and json.loads(content) == _loaded(bytes(wrong)):
            continue  # another kind of blank
        with pytest.raises(InputError, match=r"'log\.arrow' is not a stored log"):
            open_log(tmp_path / "log.arrow")


def _loaded(content: bytes) -> Any:
    try:
        return json.loads(content.decode("utf-8"))
    except ValueError:
        return None


def test_a_stored_log_that_was_copied_is_opened(seeds, tmp_path):
    """Its files are younger than the sidecar says; their bytes are the same."""
    for file in seeds["stored"].rglob("*"):
        if file.is_file():
            target = tmp_path / file.relative_to(seeds["stored"])
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(file.read_bytes())
            os.utime(target, (1e9, 1e9))
    assert open_log(tmp_path / "log.arrow").n_cases == 4


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_links_in_a_circle(tmp_path):
    (tmp_path / "a.csv").symlink_to(tmp_path / "b.csv")
    (tmp_path / "b.csv").symlink_to(tmp_path / "a.csv")
    with pytest.raises(InputError, match=r"a\.csv"):
        read_log(tmp_path / "a.csv")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="everything is readable")
def test_a_file_one_may_not_read(tmp_path):
    path = text(GOOD)(tmp_path)
    path.chmod(0)
    with pytest.raises(InputError, match=r"'a\.csv' cannot be read: Permission denied"):
        read_log(path)


@pytest.mark.skipif(os.name == "nt", reason="an open file cannot be deleted there")
@pytest.mark.parametrize(("name", "content"), [("a.csv", GOOD), ("a.csv.gz", GOOD), ("a.xes", xes(event())), ("a.parquet", "x"), ("a.xlsx", "x"), ("a.zip", "x")])  # fmt: skip
def test_a_file_that_is_deleted_meanwhile(tmp_path, monkeypatch, name, content):
    """It was there when it was looked for."""
    path = text(content, name)(tmp_path)
    there = Path.exists

    def exists(self: Path, **options: Any) -> bool:
        found = there(self, **options)
        if self == path:
            path.unlink(missing_ok=True)
        return found or self == path

    monkeypatch.setattr(Path, "exists", exists)
    with pytest.raises(InputError, match=re.escape(name)):
        read_log(path, salt=hostile.SALT)


# --- the same table through every format -------------------------------------------------------------------------------

NULLS = ("", "NULL", "null", "\\N")
LETTERS = st.text(
    st.one_of(st.sampled_from('ab09 ,;|\t"\'\n\r\\=-+.@#/受理审查，；：“”　éß😀\u200b'), st.characters(codec="utf-8", exclude_characters="\0")),
    min_size=1, max_size=12,
)  # fmt: skip
IDS = st.one_of(
    st.sampled_from(["001", "01", "1", "1e5", "0x1F", "2024-01-01", "true", "1,000", "-0", "１", "+1", "9" * 25]),
    LETTERS,
).filter(lambda s: s.strip() and s not in NULLS)
STAMPS = st.datetimes(pd.Timestamp("1900-01-01").to_pydatetime(), pd.Timestamp("2199-12-31").to_pydatetime()).map(
    lambda t: t.replace(microsecond=t.microsecond // 1000 * 1000)
)
TABLES = st.lists(st.tuples(IDS, IDS, STAMPS, st.one_of(st.just(""), LETTERS)), min_size=1, max_size=8)


def expected(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """The events that a table must become: by case in order of first row, then time, then place."""
    events = [(c.strip(), a.strip(), t, x) for c, a, t, x in rows]
    order = list(dict.fromkeys(e[0] for e in events))
    return sorted(events, key=lambda e: (order.index(e[0]), e[2]))


def found_in(log: Any) -> list[tuple[Any, ...]]:
    events = log.events.to_pylist()
    return [(e["case_id"], e["activity"], e["end"].replace(tzinfo=None), e.get("x")) for e in events]


COLUMNS = ("case", "activity", "end", "x")
FUZZED = settings(max_examples=int(os.environ.get("FLOWAUDIT_FUZZ", 0)) // 50 or 60, deadline=None,
                  suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])  # fmt: skip


@FUZZED
@given(rows=TABLES, delimiter=st.sampled_from(",;\t|"), end=st.sampled_from(["\n", "\r\n"]), quoting=st.sampled_from([0, 1]),
       encoding=st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16"]), packed_=st.booleans(), clock=st.sampled_from([" ", "T"]))  # fmt: skip
def test_csv_in_every_dialect(tmp_path, rows, delimiter, end, quoting, encoding, packed_, clock):
    import csv

    out = io.StringIO()
    # The writer leaves a carriage return without quotes, where it ends a line for every reader.
    quoting = csv.QUOTE_ALL if any("\r" in cell for c, a, _t, x in rows for cell in (c, a, x)) else quoting
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=quoting)
    writer.writerows([COLUMNS, *((c, a, t.isoformat(clock, "milliseconds"), x) for c, a, t, x in rows)])
    path = text(out.getvalue().encode(encoding), "t.csv.gz" if packed_ else "t.csv")(tmp_path)
    # Which encoding and which delimiter are meant is said: text of any characters may look like another.
    log = read_csv(path, salt=hostile.SALT, encoding=encoding, delimiter=delimiter, keep_text=True)
    assert found_in(log) == [(*e[:3], None if e[3] in NULLS else e[3]) for e in expected(rows)]


@FUZZED
@given(rows=TABLES)
def test_parquet_and_arrow(tmp_path, rows):
    columns = dict(zip(COLUMNS, ([r[n] for r in rows] for n in range(4)), strict=True))
    columns["end"] = pa.array(columns["end"], pa.timestamp("us"))
    for name in ("t.parquet", "t.arrow"):
        log = read_log(table(name, **columns)(tmp_path), salt=hostile.SALT, keep_text=True)
        assert found_in(log) == expected(rows)


@FUZZED
@given(rows=TABLES)
def test_xlsx(tmp_path, rows):
    # Excel holds no controls but line ends, and reads \r\n as one of them.
    def kept(cell: str) -> str:
        return (
            re.sub(r"\r\n?", "\n", "".join(ch for ch in cell if ch in "\t\n\r" or ch >= " "))
            .replace("\ufffe", "")
            .replace("\uffff", "")
        )

    rows = [(kept(c) or "0", kept(a) or "0", t, kept(x)) for c, a, t, x in rows]
    rows = [(c if c.strip() else "0", a if a.strip() else "0", t, x) for c, a, t, x in rows]
    path = sheet([list(COLUMNS), *([c, a, t.isoformat(" ", "milliseconds"), x] for c, a, t, x in rows)])(tmp_path)
    log = read_log(path, salt=hostile.SALT, keep_text=True)
    mine = [(*e[:3], e[3] or "") for e in found_in(log)]
    assert mine == expected(rows)


@FUZZED
@given(rows=TABLES, small=st.booleans())
def test_xes(tmp_path, rows, small):
    from xml.sax.saxutils import quoteattr

    from flowaudit.eventlog import xes as reader

    def kept(cell: str) -> str:
        return "".join(ch for ch in cell if (ch in "\t\n\r" or ch >= " ") and ch not in "\ufffe\uffff") or "0"

    def quoted(cell: str) -> str:
        return quoteattr(cell, {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})

    rows = [(kept(c), kept(a), t, kept(x)) for c, a, t, x in rows]
    rows = [(c if c.strip() else "0", a if a.strip() else "0", t, x) for c, a, t, x in rows]
    body = "".join(
        f'<trace><string key="concept:name" value={quoted(c)}/><event><string key="concept:name" value={quoted(a)}/>'
        f'<date key="time:timestamp" value="{t.isoformat("T", "milliseconds")}+08:00"/><string key="x" value={quoted(x)}/></event></trace>\n'
        for c, a, t, x in rows
    )
    path = text(f"<log>\n{body}</log>", "t.xes")(tmp_path)
    before, reader._SMALL = reader._SMALL, 1 << 22 if small else 0
    try:
        log = read_xes(path, salt=hostile.SALT, keep_text=True)
    finally:
        reader._SMALL = before
    assert found_in(log) == expected(rows)


# --- damaged copies of whole files -------------------------------------------------------------------------------------

FOUND = {
    "arrow": (
        49,  # a name of a column that is not UTF-8
        52,  # offsets that lead outside: a crash
        543,  # a moment beyond the year 9999, shown in the message
    ),
    "feather": (52,),
    "parquet": (
        310,  # text that is not UTF-8
        883,  # codes of labels that are not there: whatever lies in memory
        8563,  # a column of fewer values than rows: whatever lies in memory
    ),
    "stored": (13, 19, 20),  # codes outside, events out of order, bytes that are no text: opened all the same
    "csv.gz": (5,),  # control characters in the message
    "toml": (0, 11, 19),  # no hint
    "xlsx": (1667,),  # an encoding that is none
    "xlsb": (2, 678, 1282),  # no hint
    "ods": (876, 1060, 8779),
    "zip": (42, 137, 573),  # an offset below zero, a name that is not UTF-8
    "sqlite": (112, 512),  # text that is not UTF-8
}
"""Damaged copies that once ended in a crash, another exception, or a message that does not help."""


@pytest.mark.parametrize(("kind", "number"), [(kind, n) for kind, numbers in FOUND.items() for n in numbers])
def test_damaged_copies_that_were_defects(seeds, tmp_path, kind, number):
    path = hostile.damage(kind, seeds[kind], tmp_path, random.Random(f"{kind} {number}"))
    if kind == "toml":
        hostile.seed("csv", tmp_path)
    hostile.check_outcome(kind, path, whole=False, store=True)


SLOWEST_S = 60
"""No damaged copy of a file of some kilobytes may take longer."""


def test_damaged_copies(tmp_path):
    """A bounded number in CI; ``FLOWAUDIT_FUZZ`` says how many. Each is read in a child process, so that no crash is missed."""
    per_format = max(1, int(os.environ.get("FLOWAUDIT_FUZZ", 2_200)) // len(hostile.FORMATS))
    journal, first = tmp_path / "journal", 0
    wrong = []
    while first < per_format:
        child = subprocess.Popen(
            [sys.executable, hostile.__file__, str(journal), str(first), str(per_format)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p), "RUST_BACKTRACE": "0"},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        size, since = -1, time.monotonic()
        while child.poll() is None:
            time.sleep(0.05)
            now = journal.stat().st_size if journal.exists() else 0
            if now != size:
                size, since = now, time.monotonic()
            elif time.monotonic() - since > SLOWEST_S:
                child.kill()
        *_done, last = journal.read_text(encoding="utf-8").splitlines() or [""]
        if child.returncode == 0:
            break
        # What was being read when the child ended is the finding; the rest is read by another.
        wrong.append(f"{last} ended the process ({child.returncode})")
        assert re.fullmatch(r"\S+ \d+ ", last), last
        first = int(last.split()[1]) + 1
        with journal.open("a", encoding="utf-8") as out:
            out.write("\n")
    lines = [line for line in journal.read_text(encoding="utf-8").splitlines() if line.strip() and line != "ready"]
    said = [line for line in lines if not line.endswith((" read", " refused"))]
    assert not [*wrong, *said], "\n".join([*wrong, *said])
    assert len(lines) == per_format * len(hostile.FORMATS)
    # A corpus that is refused throughout, or read throughout, would show little.
    assert {line.split()[2] for line in lines} == {"read", "refused"} or per_format < 20
