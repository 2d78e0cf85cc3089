"""What is implausible in a log: a table of problems, never a silent repair."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.compute as pc

from flowaudit.catalogue import Catalogue
from flowaudit.errors import InputError, InsufficientDataError
from flowaudit.eventlog.checks import SEVERITIES, Severity, wording
from flowaudit.eventlog.log import APPLICANT, EventLog
from flowaudit.messages import Language
from flowaudit.messages import translate as _
from flowaudit.worktime import Calendar

COLUMNS = ("check", "severity", "rows", "share", "examples", "distorts", "action")
SHOWN = 5
# From here on a share is no longer a slip of single rows and says something about the whole log.
_NOTABLE = 0.05
_MOSTLY = 0.5
_BACKFILL_SECONDS = 5
_AFTER_THE_FACT_MINUTES = 10
_PLACEHOLDERS = frozenset({"EMPTY", "UNKNOWN", "UNDEFINED", "MISSING", "N/A", "NONE", "未知", "不详", "无"})


_ORDER: Mapping[Severity, int] = {"error": 0, "warning": 1, "info": 2}


@dataclass(frozen=True)
class Quality:
    """What was found, worst first.

    Attributes
    ----------
    problems : tuple of dict
        ``check`` (a key of ``SEVERITIES``), ``severity``, ``rows``, ``share`` (of events, or of cases or items where the
        check is about them; None where there is nothing to divide by), ``examples`` (case ids, activities or values).
    """

    problems: tuple[Mapping[str, Any], ...] = ()

    @property
    def table(self) -> pd.DataFrame:
        """The problems in the current language; columns ``COLUMNS``."""
        return self.to_frame()

    def to_frame(self, lang: Language | None = None) -> pd.DataFrame:
        """Return the problems as a table in a language."""
        rows = []
        for problem in self.problems:
            words = wording(problem, lang)
            rows.append({
                "check": words.name,
                "severity": problem["severity"],
                "rows": problem["rows"],
                "share": np.nan if problem["share"] is None else problem["share"],
                "examples": ", ".join(problem["examples"]),
                "distorts": words.distorts,
                "action": words.action,
            })  # fmt: skip
        return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"rows": "int64", "share": "float64"})

    def __len__(self) -> int:
        return len(self.problems)

    def __contains__(self, key: object) -> bool:
        return any(p["check"] == key for p in self.problems)

    def find(self, key: str) -> Mapping[str, Any] | None:
        """Return the first problem of a check (such as ``"midnight"``), None where there is none."""
        return next((p for p in self.problems if p["check"] == key), None)

    def to_csv(self, path: str | Path, *, lang: Language | None = None) -> None:
        """Write the table as CSV that a spreadsheet opens with its Chinese intact."""
        try:
            self.to_frame(lang).to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\n")
        except OSError as error:
            raise InputError(
                _("'{file}' cannot be written: {reason}.", file=path, reason=error.strerror or error)
            ) from error

    def _repr_html_(self) -> str:
        heads = (_("Check"), _("Severity"), _("Rows"), _("Share"), _("Examples"), _("Distorts"), _("Action"))
        words = {"error": _("error"), "warning": _("warning"), "info": _("info")}
        rows: list[Any] = list(self.table.itertuples())
        body = [
            f"<td>{html.escape(r.check)}</td><td>{html.escape(words[r.severity])}</td><td>{r.rows:,}</td>"
            f"<td>{'—' if np.isnan(r.share) else f'{r.share:.1%}'}</td><td>{html.escape(r.examples)}</td>"
            f"<td>{html.escape(r.distorts)}</td><td>{html.escape(r.action)}</td>"
            for r in rows
        ]
        head = "".join(f"<th>{html.escape(h)}</th>" for h in heads)
        return f"<table><tr>{head}</tr>{''.join(f'<tr>{row}</tr>' for row in body)}</table>"


def check(
    log: EventLog, catalogue: Catalogue | None = None, *, calendar: Calendar | None = None, now: datetime | None = None
) -> Quality:
    """Look for what is implausible in a log, and say what it distorts.

    Parameters
    ----------
    log : EventLog
    catalogue : Catalogue, optional
        Compared with the items of the log.
    calendar : Calendar, optional
        Working days; China's official ones by default, Monday to Friday where these do not reach.
    now : datetime, optional
        Stamps after it lie in the future; the present moment by default.

    Returns
    -------
    Quality
        Worst first. Nothing in the log is changed.
    """
    found: list[Mapping[str, Any]] = []

    def add(
        key: str,
        rows: int,
        of: int | None,
        examples: Iterable[object] = (),
        *,
        severity: Severity | None = None,
        **told: str,
    ) -> None:
        if rows:
            shown = [str(e) for e in dict.fromkeys(examples)][:SHOWN]
            found.append({
                "check": key, "severity": severity or SEVERITIES[key], "rows": int(rows),
                "share": rows / of if of else None, "examples": shown, **told,
            })  # fmt: skip

    for problem in log.provenance.problems:
        known: dict[str, Any] = {"severity": SEVERITIES[problem["check"]], "share": None, "examples": []}
        found.append({**known, **problem})
    if not len(log.events):
        return Quality(tuple(found))
    _check_rows(log, add, now or datetime.now())
    _check_people(log, add)
    _check_days(log, add, calendar)
    _check_whole_cases(log, add)
    _check_case_table(log, add)
    if catalogue is not None:
        _check_items(log, catalogue, add)
    return Quality(tuple(sorted(found, key=lambda p: (_ORDER[p["severity"]], -(p["share"] or 0)))))


def _cases(log: EventLog, rows: npt.NDArray[np.bool_]) -> list[str]:
    """Return the first cases in which a row is marked."""
    positions = np.unique(log.case_index[rows])[:SHOWN]
    return [log.case_ids[p] for p in positions]


def _automatic(log: EventLog) -> npt.NDArray[np.bool_]:
    if not log.has("is_auto"):
        return np.zeros(len(log.events), bool)
    marked: npt.NDArray[np.bool_] = pc.fill_null(log.events["is_auto"].cast("bool"), False).to_numpy().astype(bool)
    return marked


def _at_midnight(stamps: npt.NDArray[np.datetime64]) -> npt.NDArray[np.bool_]:
    at: npt.NDArray[np.bool_] = ~np.isnat(stamps) & (stamps == stamps.astype("datetime64[D]").astype("datetime64[us]"))
    return at


def _instant(log: EventLog) -> npt.NDArray[np.datetime64]:
    """Return when a row happened: its end, or its start where no end is recorded."""
    end = log.stamps("end")
    return np.where(np.isnat(end), log.stamps("start"), end) if log.has("start") else end


def _check_rows(log: EventLog, add: Any, now: datetime) -> None:
    n = len(log.events)
    when, end = _instant(log), log.stamps("end")
    same_case = np.r_[False, log.case_index[1:] == log.case_index[:-1]]
    midnight = _at_midnight(when)
    share = midnight.mean()
    add("midnight", int(midnight.sum()), n, _cases(log, midnight), severity="warning" if share >= _NOTABLE else "info")
    tied = same_case & np.r_[False, when[1:] == when[:-1]]
    add("ties", int(tied.sum()), n, _cases(log, tied), severity="warning" if tied.mean() >= _NOTABLE else "info")
    late = when > np.datetime64(now, "us")
    add("future", int(late.sum()), n, _cases(log, late))
    missing = np.isnat(end)
    add("missing_end", int(missing.sum()), n, _cases(log, missing))
    if log.has("start"):
        start = log.stamps("start")
        before = end < start
        add("end_before_start", int(before.sum()), n, _cases(log, before))
        missing = np.isnat(start)
        add("missing_start", int(missing.sum()), n, _cases(log, missing))
        same = (end == start) & ~_automatic(log)
        codes, labels = log.codes("activity")
        total = np.bincount(codes, minlength=len(labels))
        filled = np.bincount(codes[same], minlength=len(labels))
        rates = filled / np.maximum(total, 1)
        often = [labels[i] for i in np.argsort(-rates, kind="stable") if filled[i]]
        add("filled_end", int(same.sum()), n, often, severity="warning" if rates.max() >= _MOSTLY else "info")
    elif not any(p["check"] == "single_time" for p in log.provenance.problems):
        add("no_start", n, n)
    columns = [c for c in ("activity", "resource", "department", "item_code", "result") if log.has(c)]
    keys = pd.DataFrame({c: log.codes(c)[0] for c in columns} | {"case": log.case_index, "end": end})
    if log.has("start"):
        keys["start"] = log.stamps("start")
    twice = keys.duplicated().to_numpy()
    add("duplicates", int(twice.sum()), n, _cases(log, twice))


def _check_people(log: EventLog, add: Any) -> None:
    n = len(log.events)
    official = np.ones(n, bool)
    if log.has("department"):
        codes, labels = log.codes("department")
        official = codes != (labels.index(APPLICANT) if APPLICANT in labels else -2)
        add("missing_department", int((codes < 0).sum()), n, _cases(log, codes < 0))
        empty = [i for i, label in enumerate(labels) if label.upper() in _PLACEHOLDERS]
        held = np.isin(codes, empty)
        add("placeholders", int(held.sum()), n, [labels[i] for i in empty if (codes == i).any()], column="department")
    else:
        add("no_department", n, n)
    if not log.has("resource"):
        add("no_resource", n, n)
        return
    codes, _labels = log.codes("resource")
    wanting = (codes < 0) & official & ~_automatic(log)
    add("missing_resource", int(wanting.sum()), int(official.sum()), _cases(log, wanting))
    when = _instant(log)
    activity, _labels = log.codes("activity")
    close = np.diff(when) <= np.timedelta64(_BACKFILL_SECONDS, "s")
    # Two dates without a time are equal whatever happened between them.
    close &= ~(_at_midnight(when)[1:] & _at_midnight(when)[:-1])
    pair = (log.case_index[1:] == log.case_index[:-1]) & (codes[1:] == codes[:-1]) & (codes[1:] >= 0)
    pair &= (activity[1:] != activity[:-1]) & close & ~_automatic(log)[1:] & official[1:]
    both = np.r_[False, pair]
    add("same_officer", int(both.sum()), n, _cases(log, both))


def _check_days(log: EventLog, add: Any, calendar: Calendar | None) -> None:
    when = _instant(log)
    known = ~np.isnat(when)
    days = when[known].astype("datetime64[D]")
    distinct, position = np.unique(days, return_inverse=True)
    used = calendar or Calendar.china()
    try:
        working = used.is_workday(distinct)
    except InsufficientDataError:
        used = Calendar.weekdays()
        working = used.is_workday(distinct)
    off = np.zeros(len(when), bool)
    off[known] = ~working[position]
    add("nonworking", int(off.sum()), len(when), _cases(log, off), calendar=used.name)


def _check_whole_cases(log: EventLog, add: Any) -> None:
    sizes = np.diff(log.case_ptr)
    single = sizes == 1
    add("single_event", int(single.sum()), log.n_cases, _marked(log, single))
    when = _instant(log)
    begin = when
    if log.has("start"):
        start = log.stamps("start")
        begin = np.where(np.isnat(start), when, start)
    first = np.minimum.reduceat(begin, log.case_ptr[:-1])
    last = np.maximum.reduceat(when, log.case_ptr[:-1])
    dated = np.add.reduceat(_at_midnight(when).astype(np.int64), log.case_ptr[:-1]) == sizes
    # Fewer than three events in ten minutes are ordinary; dates without a time say nothing here.
    quick = (sizes >= 3) & (last - first <= np.timedelta64(_AFTER_THE_FACT_MINUTES, "m")) & ~dated
    add("after_the_fact", int(quick.sum()), log.n_cases, _marked(log, quick))


def _marked(log: EventLog, cases: npt.NDArray[np.bool_]) -> list[str]:
    return [log.case_ids[i] for i in np.flatnonzero(cases)[:SHOWN]]


def _check_case_table(log: EventLog, add: Any) -> None:
    cases = log.table("cases")
    if cases is None:
        return

    def ids(rows: pd.Series) -> list[str]:
        return [str(c) for c in cases.loc[rows, "case_id"].head(SHOWN)]

    def has_both(first: str, second: str) -> bool:
        return first in cases and second in cases

    if has_both("apply_time", "accept_time"):
        wrong = cases["accept_time"] < cases["apply_time"]
        add("accept_before_apply", int(wrong.sum()), len(cases), ids(wrong))
    if has_both("accept_time", "decide_time"):
        wrong = cases["decide_time"] < cases["accept_time"]
        add("decide_before_accept", int(wrong.sum()), len(cases), ids(wrong))
    finished = next((c for c in ("finish_time", "decide_time") if c in cases and cases[c].notna().any()), None)
    if finished is not None:
        open_ = cases[finished].isna()
        add("open_cases", int(open_.sum()), len(cases), ids(open_))
    if "result" in cases:
        void = cases["result"].astype("string").str.contains("作废|删除", regex=True).fillna(False).astype(bool)
        add("void_cases", int(void.sum()), len(cases), ids(void))
    if "promised_unit" in cases and cases["promised_unit"].nunique() > 1:
        units = cases["promised_unit"].value_counts()
        rare = cases["promised_unit"].notna() & (cases["promised_unit"] != units.index[0])
        add("mixed_units", int(rare.sum()), len(cases), list(units.index))


def _check_items(log: EventLog, catalogue: Catalogue, add: Any) -> None:
    known = set(catalogue.item_codes)
    used: set[str] = set()
    if log.has("item_code"):
        codes, labels = log.codes("item_code")
        used |= {labels[c] for c in np.unique(codes[codes >= 0])}
    cases = log.table("cases")
    if cases is not None and "item_code" in cases:
        used |= {str(c) for c in cases["item_code"].dropna().unique()}
    if not known or not used:
        return
    add("unknown_items", len(used - known), len(used), sorted(used - known))
    add("unused_items", len(known - used), len(known), sorted(known - used))
