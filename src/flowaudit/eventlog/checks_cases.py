"""Checks of whole cases: their events together, and what the table of cases says beside them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from flowaudit.eventlog.checks import SHOWN, Findings
from flowaudit.eventlog.checks_events import at_midnight, cases_of, instant
from flowaudit.eventlog.log import EventLog

Booleans = npt.NDArray[np.bool_]
Times = npt.NDArray[np.datetime64]

_AFTER_THE_FACT_MINUTES = 10
_DAY = np.timedelta64(1, "D")
_NAT = np.datetime64("NaT", "us")
# What an office does when the case itself is finished, and an applicant before it begins.
_AFTERWARDS = frozenset({"deliver", "archive", "notify", "produce", "pay"})
_BEFOREHAND = frozenset({"consult", "apply"})
_UNSEEN = "[\\s\\x{00a0}\\x{00ad}\\x{200b}-\\x{200f}\\x{202a}-\\x{202e}\\x{2060}-\\x{2069}\\x{feff}]"
VOID = "作废|删除"
"""Results of cases that were never real: void, or entered by mistake."""


def check_cases(log: EventLog, found: Findings) -> None:
    """Check the cases of a log."""
    _sizes(log, found)
    _similar(log, found)
    cases = log.table("cases")
    if cases is None:
        _order_of_stages(log, found)
        return
    _order_of_times(cases, found, log)
    _outside(log, found)
    _ends(cases, found)
    _units(cases, found)
    _item_versions(cases, found)


def earlier(a: Times, b: Times) -> Booleans:
    """Return where ``a`` is before ``b``; a date without a time is only compared by its day."""
    by_day = at_midnight(a) | at_midnight(b)
    before: Booleans = np.where(by_day, a.astype("datetime64[D]") < b.astype("datetime64[D]"), a < b)
    return before


def outside(log: EventLog) -> Booleans:
    """Return which rows lie before their case was applied for, or after it ended (archiving and delivery aside)."""
    hit = np.zeros(len(log.events), bool)
    cases = log.table("cases")
    if cases is None or "case_id" not in cases:
        return hit
    place = pd.Index(cases["case_id"].astype("object")).get_indexer(pd.Index(log.case_ids, dtype="object"))
    when = instant(log)
    stages = np.array([""], object)
    codes = np.zeros(len(when), np.int32)
    if log.has("stage"):
        codes, labels = log.codes("stage")
        stages = np.array([*labels, ""], object)

    def told(*columns: str) -> Times:
        latest = np.full(len(cases), _NAT)
        for column in columns:
            if column in cases and pd.api.types.is_datetime64_any_dtype(cases[column]):
                latest = np.fmax(latest, cases[column].to_numpy("datetime64[us]"))
        found: Times = np.where(place >= 0, latest[place], _NAT)[log.case_index]
        return found

    before = np.array([stage in _BEFOREHAND for stage in stages])[codes]
    after = np.array([stage in _AFTERWARDS for stage in stages])[codes]
    hit |= earlier(when, told("apply_time")) & ~before
    hit |= earlier(told("finish_time", "deliver_time"), when) & ~after
    return hit


def after_the_fact(log: EventLog) -> Booleans:
    """Return which cases of three events or more lie within ten minutes: they were typed in afterwards."""
    sizes = np.diff(log.case_ptr)
    when = instant(log)
    begin = when
    if log.has("start"):
        start = log.stamps("start")
        begin = np.where(np.isnat(start), when, start)
    first = np.minimum.reduceat(begin, log.case_ptr[:-1])
    last = np.maximum.reduceat(when, log.case_ptr[:-1])
    dated = np.add.reduceat(at_midnight(when).astype(np.int64), log.case_ptr[:-1]) == sizes
    # Fewer than three events in ten minutes are ordinary; dates without a time say nothing here.
    quick: Booleans = (sizes >= 3) & (last - first <= np.timedelta64(_AFTER_THE_FACT_MINUTES, "m")) & ~dated
    return quick


def _sizes(log: EventLog, found: Findings) -> None:
    single = np.diff(log.case_ptr) == 1
    found.add("single_event", int(single.sum()), log.n_cases, _marked(log, single))
    quick = after_the_fact(log)
    found.add("after_the_fact", int(quick.sum()), log.n_cases, _marked(log, quick))


def _marked(log: EventLog, cases: Booleans) -> list[str]:
    return [log.case_ids[i] for i in np.flatnonzero(cases)[:SHOWN]]


def similar(ids: pa.Array) -> Booleans:
    """Return which case ids look like another: equal but for spaces, invisible signs and the width of their letters.

    Examples
    --------
    >>> similar(pa.array(["A1", "Ａ１", "A 1", "A2", "a1"])).tolist()
    [True, True, True, False, False]
    """
    alike = np.zeros(len(ids), bool)
    odd = pc.match_substring_regex(ids, "[^!-~]")
    if not pc.any(odd).as_py():
        # Written in plain signs throughout, as ids are: none can be mistaken for another.
        return alike
    plain = pc.replace_substring_regex(pc.utf8_normalize(ids, form="NFKC"), _UNSEEN, "")
    codes = pc.dictionary_encode(plain).indices.to_numpy()
    alike[:] = np.bincount(codes)[codes] > 1
    return alike


def _similar(log: EventLog, found: Findings) -> None:
    alike = similar(pa.array(log.case_axis))
    found.add("similar_cases", int(alike.sum()), log.n_cases, _marked(log, alike))


def _order_of_stages(log: EventLog, found: Findings) -> None:
    """Without a table of cases the first event of a stage stands for its time; names may mislead, so it is no error."""
    if not log.has("stage"):
        return
    codes, labels = log.codes("stage")
    when = instant(log)

    def first(stage: str) -> Times | None:
        if stage not in labels:
            return None
        far = np.iinfo(np.int64).max
        stamps = np.where((codes == labels.index(stage)) & ~np.isnat(when), when.view(np.int64), far)
        least = np.minimum.reduceat(stamps, log.case_ptr[:-1])
        return np.where(least == far, _NAT, least.view("datetime64[us]"))

    for check, a, b in (("accept_before_apply", "accept", "apply"), ("decide_before_accept", "decide", "accept")):
        early, late = first(a), first(b)
        if early is not None and late is not None:
            wrong = earlier(early, late)
            found.add(check, int(wrong.sum()), log.n_cases, _marked(log, wrong), severity="warning")


def _order_of_times(cases: pd.DataFrame, found: Findings, log: EventLog) -> None:
    told = False
    for check, a, b in (
        ("accept_before_apply", "accept_time", "apply_time"),
        ("decide_before_accept", "decide_time", "accept_time"),
    ):
        if a in cases and b in cases:
            told = True
            wrong = earlier(cases[a].to_numpy("datetime64[us]"), cases[b].to_numpy("datetime64[us]"))
            found.add(check, int(wrong.sum()), len(cases), _ids(cases, wrong))
    if not told:
        _order_of_stages(log, found)


def _ids(cases: pd.DataFrame, rows: Booleans) -> list[str]:
    return [str(c) for c in cases["case_id"].to_numpy()[np.flatnonzero(rows)[:SHOWN]]] if "case_id" in cases else []


def _outside(log: EventLog, found: Findings) -> None:
    hit = outside(log)
    found.add("outside_case", int(hit.sum()), len(hit), cases_of(log, hit))


def open_cases(cases: pd.DataFrame) -> Booleans | None:
    """Return which cases of the table are not finished, None where it does not say."""
    finished = next((c for c in ("finish_time", "decide_time") if c in cases and cases[c].notna().any()), None)
    return None if finished is None else cases[finished].isna().to_numpy()


def void_cases(cases: pd.DataFrame) -> Booleans | None:
    """Return which cases of the table are void or deleted, None where it does not say."""
    if "result" not in cases:
        return None
    void = cases["result"].astype("string").str.contains(VOID, regex=True).fillna(False)
    return void.to_numpy(bool)


def _ends(cases: pd.DataFrame, found: Findings) -> None:
    for check, rows in (("open_cases", open_cases(cases)), ("void_cases", void_cases(cases))):
        if rows is not None:
            found.add(check, int(rows.sum()), len(cases), _ids(cases, rows))


def _units(cases: pd.DataFrame, found: Findings) -> None:
    for check, column in (("mixed_units", "promised_unit"), ("statutory_units", "statutory_unit")):
        if column in cases and cases[column].nunique() > 1:
            units = cases[column].value_counts()
            rare = (cases[column].notna() & (cases[column] != units.index[0])).to_numpy()
            shown = [f"{unit} ({_ids(cases, (cases[column] == unit).to_numpy())[0]})" for unit in units.index[:SHOWN]]
            found.add(check, int(rare.sum()), len(cases), shown)


def _item_versions(cases: pd.DataFrame, found: Findings) -> None:
    if "item_version" not in cases or "item_code" not in cases:
        return
    versions = cases.groupby("item_code", observed=True)["item_version"].nunique()
    moved = [str(item) for item in versions.index[versions > 1]]
    rows = cases["item_code"].astype("string").isin(moved)
    first = cases[rows].drop_duplicates("item_code")
    ids = first["case_id"] if "case_id" in first else first["item_code"]
    shown = [f"{item} ({case})" for item, case in zip(first["item_code"], ids, strict=True)]
    found.add("item_version_change", int(rows.sum()), len(cases), shown)
