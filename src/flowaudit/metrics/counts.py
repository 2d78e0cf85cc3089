"""减材料 and 减跑动: what the applicant hands in, and how often the applicant has to come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.eventlog import EventLog
from flowaudit.metrics import _arrays as arrays
from flowaudit.metrics.rule import NotRecorded

SOURCES = ("applicant", "elicence", "data", "commit", "reuse")
"""Where a material came from: handed in, e-licence, data check, notice-commitment, reused from another item."""


@dataclass(frozen=True)
class Materials:
    """Materials of each case: ``submitted`` is the headline, the rest stands beside it."""

    submitted: arrays.Floats
    copies: arrays.Floats
    kinds: arrays.Floats
    by_source: dict[str, arrays.Floats]


def _keys(values: pd.Series) -> arrays.Ints:
    return pd.factorize(values)[0].astype(np.int64)


def materials(log: EventLog) -> Materials | NotRecorded:
    """Count the kinds of material the applicant hands in, per case.

    Distinct (item, canonical material) with ``source`` applicant: a licence copy three items ask for is 3, handing
    it in again after a correction is not a further one, and copies (份数) are another figure.
    """
    table = log.table("material_instances")
    kind = next((c for c in ("canonical_id", "material_code") if table is not None and c in table), None)
    if table is None or kind is None or "source" not in table or "case_id" not in table:
        return NotRecorded(
            "materials",
            "日志未记录申请人提交的材料。",
            "the log does not record the materials applicants hand in.",
            ("material_instances: case_id, canonical_id, source",),
        )
    case = arrays.positions(log, table["case_id"])
    table, case = table[case >= 0], case[case >= 0]
    name = table[kind]
    if kind == "canonical_id" and "material_code" in table:
        name = name.fillna(table["material_code"])
    what = _keys(name)
    item = _keys(table["item_code"]) if "item_code" in table else np.full(len(table), -1, np.int64)
    source = table["source"].astype("string").str.strip().str.casefold().fillna("")
    handed = (source == "applicant").to_numpy(np.bool_)
    copies = np.ones(len(table))
    if "copies" in table:
        copies = pd.to_numeric(table["copies"], errors="coerce").fillna(1).to_numpy(float)
    once = np.flatnonzero(handed)
    once = once[arrays.first_of(arrays.combine(case[once], item[once], what[once]))]
    split = {}
    for place in SOURCES:
        rows = (source == place).to_numpy(np.bool_)
        split[place] = arrays.count_distinct(log.n_cases, case[rows], item[rows], what[rows])
    return Materials(
        split["applicant"],
        np.bincount(case[once], weights=copies[once], minlength=log.n_cases).astype(float),
        arrays.count_distinct(log.n_cases, case[handed], what[handed]),
        split,
    )


def trips(log: EventLog) -> arrays.Floats | NotRecorded:
    """Count the applicant's journeys, per case: distinct (site, day); several counters of one hall on one day are one."""
    table = log.table("visits")
    if table is None or not {"case_id", "date"} <= set(table.columns) or not table["case_id"].notna().any():
        return NotRecorded(
            "trips",
            "日志未记录申请人到现场的次数。",
            "the log does not record the applicants' visits.",
            ("visits: case_id, site, date",),
        )
    case = arrays.positions(log, table["case_id"])
    table, case = table[case >= 0], case[case >= 0]
    day = arrays.days_of(arrays.times(table["date"]))
    site = _keys(table["site"]) if "site" in table else np.full(len(table), -1, np.int64)
    return arrays.count_distinct(log.n_cases, case, site, pd.factorize(day)[0].astype(np.int64))


def trip_shares(values: npt.NDArray[np.float64]) -> dict[str, Any]:
    """Return the shares of cases with no trip, one, and two or more."""
    n = max(len(values), 1)
    return {
        "share_0": float((values == 0).sum() / n),
        "share_1": float((values == 1).sum() / n),
        "share_2_or_more": float((values >= 2).sum() / n),
    }
