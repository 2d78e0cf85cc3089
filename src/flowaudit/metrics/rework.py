"""Work done again: at once or later, by the same person or another."""

from __future__ import annotations

import numpy as np
import pandas as pd

from flowaudit.eventlog import EventLog, Unit, as_unit
from flowaudit.metrics import _arrays as arrays


def rework(log: EventLog, *, unit: Unit | None = None) -> pd.DataFrame:
    """Count the executions of each case that repeat an earlier one of the same activity.

    Returns
    -------
    pd.DataFrame
        Index ``case_id``. ``self_loop`` (again at once) and ``repetition`` (again after other activities), and their
        split ``self_loop_repeat, repetition_repeat`` (same resource as the execution before) and
        ``self_loop_redo, repetition_redo`` (another resource). The split is NaN where the log names no resource; an
        execution whose resource, or whose predecessor's, is unknown is in neither half.

    Notes
    -----
    The 2x2 scheme of edeaR. Order within a case is the log's (time, then file).

    Examples
    --------
    >>> from flowaudit.eventlog import from_frame
    >>> log = from_frame(pd.DataFrame({"case_id": "1", "activity": ["a", "a", "b", "a"], "resource": ["x", "y", "x", "y"],
    ...                                "end": pd.date_range("2024-01-02", periods=4)}))
    >>> rework(log).loc["1"].astype(int).to_dict()
    {'self_loop': 1, 'repetition': 1, 'self_loop_repeat': 0, 'self_loop_redo': 1, 'repetition_repeat': 1, 'repetition_redo': 0}
    """
    log = as_unit(log, unit)
    case, activity, resource = (log.case_index, arrays.codes(log, "activity"), arrays.codes(log, "resource"))
    order = np.lexsort((np.arange(len(case)), activity, case))
    again = (np.diff(case[order], prepend=-1) == 0) & (np.diff(activity[order], prepend=-1) == 0)
    at, before = order[1:][again[1:]], order[:-1][again[1:]]
    at_once = at - before == 1
    both = (resource[at] >= 0) & (resource[before] >= 0)
    same = resource[at] == resource[before]
    columns = {
        "self_loop": at_once,
        "repetition": ~at_once,
        "self_loop_repeat": at_once & both & same,
        "self_loop_redo": at_once & both & ~same,
        "repetition_repeat": ~at_once & both & same,
        "repetition_redo": ~at_once & both & ~same,
    }
    counts = {
        name: np.bincount(case[at[rows]], minlength=log.n_cases).astype(float) for name, rows in columns.items()
    }  # fmt: skip
    frame = pd.DataFrame(counts, pd.Index(log.case_ids, name="case_id"))
    if not log.has("resource"):
        frame.iloc[:, 2:] = np.nan
    return frame
