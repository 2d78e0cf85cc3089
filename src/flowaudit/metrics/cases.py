"""Which cases have come to their end."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.eventlog import EventLog, items_of
from flowaudit.metrics import _arrays as arrays

REFUSED = ("不予受理", "退件", "撤回", "作废", "作废办结", "删除办结")
"""Results after which nothing more is decided."""


def complete_cases(log: EventLog) -> npt.NDArray[np.bool_]:
    """Say which cases have come to their end.

    A bundle is complete when the table ``bundles`` gives its ``last_time``. Where there is none, a case is complete when
    every item it applied for is decided or delivered, was refused at the door, or has a ``finish_time`` in the table
    ``cases``. Where neither stages nor finish times say so, every case counts as complete.

    Returns
    -------
    ndarray of bool
        One per case, in the order of ``log.case_ids``.

    Notes
    -----
    Items whose decision is never recorded in the whole log are not waited for.

    Examples
    --------
    >>> from flowaudit.eventlog import from_frame
    >>> log = from_frame(pd.DataFrame({"case_id": ["1", "1", "2"], "activity": ["受理", "决定", "受理"],
    ...     "stage": ["accept", "decide", "accept"], "end": pd.to_datetime(["2024-01-02", "2024-01-03", "2024-01-04"])}))
    >>> complete_cases(log)
    array([ True, False])
    """
    if not log.n_cases:
        return np.zeros(0, np.bool_)
    closed = _closed_bundles(log)
    if closed is not None:
        return closed
    by_table = _finished(log)
    closing = arrays.among(log, "stage", "decide", "deliver") & ~np.isnat(log.stamps("end"))
    if not closing.any():
        return np.ones(log.n_cases, np.bool_) if by_table is None else by_table
    case, item = log.case_index, arrays.codes(log, "item_code")
    refused = arrays.among(log, "stage", "accept", "apply", "decide") & arrays.among(log, "result", *REFUSED)
    closed_rows = closing | refused
    closable = np.unique(item[closing])
    # What serves the whole bundle (no item) closes every item; an item opens with its application or acceptance.
    key = arrays.combine(case, item)
    whole = arrays.any_by_case(log, closed_rows & (item < 0))
    opening = arrays.among(log, "stage", "apply", "accept") & (item >= 0) & np.isin(item, closable)
    waiting = opening & ~np.isin(key, key[closed_rows]) & ~whole[case]
    done = arrays.any_by_case(log, closed_rows) & ~arrays.any_by_case(log, waiting)
    return done if by_table is None else done | by_table


def _closed_bundles(log: EventLog) -> npt.NDArray[np.bool_] | None:
    bundles = log.table("bundles")
    if log.unit != "bundle" or bundles is None or "last_time" not in bundles or not bundles["last_time"].notna().any():
        return None
    closed = bundles.set_index("bundle_id")["last_time"].notna()
    return np.asarray(closed.reindex(pd.Index(log.case_ids), fill_value=False), np.bool_)


def _finished(log: EventLog) -> npt.NDArray[np.bool_] | None:
    items = items_of(log)
    if items is None or "finish_time" not in items or not items["finish_time"].notna().any():
        return None
    ended = items["finish_time"].notna().groupby(items["unit_id"]).all()
    return np.asarray(ended.reindex(pd.Index(log.case_ids), fill_value=False), np.bool_)
