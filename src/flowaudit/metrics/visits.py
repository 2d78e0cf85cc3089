"""到现场记录: how often applicants came, and how often in vain; several counters on one day are several visits, but one trip."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from flowaudit.eventlog import EventLog
from flowaudit.metrics import _arrays as arrays
from flowaudit.metrics.rule import NotRecorded

PROGRESS = ("progress", "办成", "成功", "完成", "已完成", "办结", "有进展", "done", "success")
"""Outcomes of a visit that was not in vain."""


@dataclass(frozen=True)
class Visits:
    """Visits of each case, in the order of ``log.case_ids``.

    Attributes
    ----------
    all : ndarray of float
        Every recorded stay at a site, those in vain included.
    in_vain : ndarray of float or None
        Of these, the ones whose outcome is recorded and brought nothing; None where no outcome is recorded.
    """

    all: arrays.Floats
    in_vain: arrays.Floats | None


def visits(log: EventLog) -> Visits | NotRecorded:
    """Count the applicants' visits, per case.

    Examples
    --------
    >>> import pandas as pd
    >>> from flowaudit.eventlog import from_frame
    >>> came = pd.DataFrame({"case_id": "1", "date": pd.to_datetime(["2024-01-02", "2024-01-02", "2024-01-03"]),
    ...                      "outcome": ["progress", "wasted", None]})
    >>> log = from_frame(pd.DataFrame({"case_id": "1", "activity": "受理", "end": pd.to_datetime(["2024-01-02"])}),
    ...                  tables={"visits": came})
    >>> visits(log)
    Visits(all=array([3.]), in_vain=array([1.]))
    """
    table = log.tables.get("visits")
    if table is None or not arrays.tells(log, table, "case_id"):
        return NotRecorded(
            "visits",
            "日志未记录申请人到现场的情况。",
            "the log does not record the applicants' visits.",
            ("visits: case_id",),
        )
    case = arrays.positions(log, table["case_id"])
    known = case >= 0
    total = np.bincount(case[known], minlength=log.n_cases).astype(float)
    if "outcome" not in table or not table["outcome"].notna().any():
        return Visits(total, None)
    brought = arrays.by_word(
        table["outcome"],
        lambda words: words.isna() | words.astype("string").str.strip().str.casefold().isin(PROGRESS).fillna(True),
    )
    vain = known & ~brought.to_numpy(np.bool_)
    return Visits(total, np.bincount(case[vain], minlength=log.n_cases).astype(float))
