"""Work done again: at once or later, by the same person or another."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.eventlog import EventLog, Unit, as_unit, variant_table

_COLUMNS = (
    "self_loop", "repetition", "self_loop_repeat", "self_loop_redo", "repetition_repeat", "repetition_redo",
)  # fmt: skip


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
    from flowaudit.metrics import _kernels as kernels

    log = as_unit(log, unit)
    variant_table(log)  # also proves that every activity has a code, which the kernel relies on
    resources = log.has("resource")
    last_row = np.full(len(log.labels("activity")) if log.n_cases else 0, -1, np.int64)
    out = np.empty((len(_COLUMNS), log.n_cases))
    for tile in log.tiles("activity", *(("resource",) if resources else ())):
        own = out[:, tile.first_case : tile.first_case + len(tile.ptr) - 1]
        resource: npt.NDArray[np.int32] = tile.columns.get("resource", np.zeros(0, np.int32))
        kernels.rework(tile.ptr, tile.columns["activity"], resource, last_row, own)
    if not resources:
        out[2:] = np.nan
    return pd.DataFrame(dict(zip(_COLUMNS, out, strict=True)), log.case_axis, copy=False)


def rework_by_activity(log: EventLog, *, unit: Unit | None = None) -> pd.DataFrame:
    """Count for each activity how often it is done again, and in how many cases.

    Returns
    -------
    pd.DataFrame
        Index ``activity``, only those done again: ``cases`` (with at least one repeated execution), ``self_loop`` and
        ``repetition`` (executions, as in :func:`rework`); most cases first.

    Notes
    -----
    ``cases`` is pm4py's ``get_rework_cases_per_activity``. Computed on the variants, weighted.

    Examples
    --------
    >>> from flowaudit.eventlog import from_frame
    >>> log = from_frame(pd.DataFrame({"case_id": list("1112"), "activity": list("aaba"),
    ...                                "end": pd.date_range("2024-01-02", periods=4)}))
    >>> rework_by_activity(log).to_dict("index")
    {'a': {'cases': 1, 'self_loop': 1, 'repetition': 0}}
    """
    log = as_unit(log, unit)
    table = variant_table(log)
    labels = log.labels("activity") if log.n_cases else []
    n = len(labels)
    variant, activity = table.variant, table.activity.astype(np.int64)
    key = variant * n + activity
    order = np.argsort(key, kind="stable")
    again = np.flatnonzero(key[order][1:] == key[order][:-1])
    before, at = order[again], order[again + 1]
    at_once = at - before == 1
    loops, later = np.zeros(n, np.int64), np.zeros(n, np.int64)
    weight = table.weight[at]
    np.add.at(loops, activity[at[at_once]], weight[at_once])
    np.add.at(later, activity[at[~at_once]], weight[~at_once])
    cases = np.zeros(n, np.int64)
    once = np.unique(key[at])
    np.add.at(cases, once % max(n, 1), table.cases[once // max(n, 1)])
    frame = pd.DataFrame(
        {"cases": cases, "self_loop": loops, "repetition": later}, pd.Index(labels, name="activity", dtype="str")
    )
    return frame[frame["cases"] > 0].sort_values("cases", ascending=False, kind="stable")
