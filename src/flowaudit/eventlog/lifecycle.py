"""Start and complete transitions of one activity instance become one row with two stamps."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from flowaudit.eventlog.mapping import Lifecycle

# An instance also ends when it is withdrawn or aborted (XES lifecycle extension).
_ENDS = frozenset({"complete", "completed", "end", "withdraw", "ate_abort", "pi_abort"})
_STARTS = frozenset({"start", "started", "begin"})


def pair_transitions(frame: pd.DataFrame, how: Lifecycle) -> tuple[pd.DataFrame, list[Mapping[str, Any]]]:
    """Return one row per activity instance, and what could not be paired.

    Parameters
    ----------
    frame : pd.DataFrame
        ``case_id, activity, end, lifecycle`` (and ``concept:instance``, which pairs exactly where it is recorded).
    how : {"pair", "complete", "ignore"}

    Returns
    -------
    frame : pd.DataFrame
        Without ``lifecycle``; with ``start`` where starts were paired.
    problems : list of dict
        Unmatched starts and completes, and transitions left out.

    Notes
    -----
    Of several open starts of one activity in one case the earliest is completed first (first in, first out). A
    complete without a start keeps its end alone, a start without a complete its start alone.
    """
    transition = frame["lifecycle"].astype("object").map(lambda v: str(v).strip().casefold() if pd.notna(v) else "")
    rest = frame.drop(columns="lifecycle")
    starts, ends = transition.isin(_STARTS), transition.isin(_ENDS)
    if how == "ignore" or not ends.any():
        return rest, []
    problems: list[Mapping[str, Any]] = []
    paired = how == "pair" and starts.any()
    kept = starts | ends if paired else ends
    if not kept.all():
        others = sorted(set(transition[~kept]) - {""}) or ["—"]
        problems.append({"check": "transitions_left_out", "rows": int((~kept).sum()), "examples": others[:5]})
    if not paired:
        return rest[kept].reset_index(drop=True), problems
    rest, begins = rest[kept].reset_index(drop=True), starts[kept].to_numpy()
    stamp = rest["end"].to_numpy("datetime64[us]")
    keys = [rest["case_id"].tolist(), rest["activity"].tolist()]
    if "concept:instance" in rest and rest["concept:instance"].notna().all():
        keys.append(rest["concept:instance"].tolist())
    start = np.full(len(rest), np.datetime64("NaT", "us"))
    waiting: dict[tuple[Any, ...], deque[int]] = {}
    keep = ~begins
    lonely: list[int] = []
    # A start and a complete with one stamp: the start comes first whatever the file says.
    for row in np.lexsort((np.arange(len(rest)), ~begins, stamp)):
        key = tuple(column[row] for column in keys)
        if begins[row]:
            waiting.setdefault(key, deque()).append(int(row))
        elif waiting.get(key):
            start[row] = stamp[waiting[key].popleft()]
        else:
            lonely.append(int(row))
    unfinished = sorted(row for queue in waiting.values() for row in queue)
    end = stamp.copy()
    keep[unfinished] = True
    start[unfinished], end[unfinished] = stamp[unfinished], np.datetime64("NaT", "us")
    for check, rows in (("complete_without_start", sorted(lonely)), ("start_without_complete", unfinished)):
        if rows:
            examples = list(dict.fromkeys(rest["case_id"].iloc[rows].astype(str)))[:5]
            problems.append({"check": check, "rows": len(rows), "share": len(rows) / len(rest), "examples": examples})
    return rest.assign(start=start, end=end)[keep].reset_index(drop=True), problems
