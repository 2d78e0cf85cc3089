"""补正: which cases had to be corrected."""

from __future__ import annotations

import numpy as np

from flowaudit.eventlog import EventLog
from flowaudit.metrics import _arrays as arrays
from flowaudit.metrics.rule import NotRecorded

CORRECTION_RESULTS = ("补正", "补齐补正", "退回补正", "补正通知", "request for correction")
"""Results that say that the applicant has to correct something; a bare 退回 does not say to whom a case went back."""
_EPISODES = ("补正", "补齐补正", "补齐补正程序", "correction")


def corrected(log: EventLog, *, recorded: bool = False) -> arrays.Bools | NotRecorded:
    """Say which cases had at least one correction: an event of the stage, a result that asks for one, or an episode.

    Parameters
    ----------
    log : EventLog
    recorded : bool
        The log is known to record corrections: where it holds none, there were none. Otherwise a log without any does
        not tell "never" from "not recorded".

    Returns
    -------
    ndarray of bool or NotRecorded
        In the order of ``log.case_ids``.

    Examples
    --------
    >>> import pandas as pd
    >>> from flowaudit.eventlog import from_frame
    >>> log = from_frame(pd.DataFrame({"case_id": ["1", "1", "2"], "activity": ["受理", "补正", "受理"],
    ...     "stage": ["accept", "correction", "accept"], "end": pd.date_range("2024-01-02", periods=3)}))
    >>> corrected(log)
    array([ True, False])
    """
    rows = arrays.among(log, "stage", "correction") | arrays.among(log, "result", *CORRECTION_RESULTS)
    found = arrays.any_by_case(log, rows)
    episodes = log.table("special_episodes")
    if episodes is not None and {"case_id", "type"} <= set(episodes.columns):
        asked = arrays.by_word(
            episodes["type"], lambda words: words.astype("string").str.strip().str.casefold().isin(_EPISODES)
        )
        case = arrays.positions(log, episodes["case_id"])
        found[case[(case >= 0) & asked.fillna(False).to_numpy(np.bool_)]] = True
    if not found.any() and not recorded:
        return NotRecorded(
            "correction_rate",
            "日志中没有任何补正记录，无法区分未发生与未记录。",
            "the log holds no correction at all, which does not tell whether there were none or none was recorded.",
            ("stage (correction)", "special_episodes: type"),
        )
    return found
