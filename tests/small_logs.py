"""Small logs for tests: from words ("ABC" is a case of three activities), and any log that Hypothesis can think of."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from flowaudit.eventlog import EventLog, from_frame

MONDAY = pd.Timestamp("2024-03-04 09:00")


def log_of(*traces: str, step: str = "1h", starts: bool = False) -> EventLog:
    """One case for each word, one letter an hour; with ``starts`` every letter takes the last half of its hour."""
    rows = [
        (str(case), activity, MONDAY + (place + 1) * pd.Timedelta(step))
        for case, trace in enumerate(traces)
        for place, activity in enumerate(trace)
    ]
    frame = pd.DataFrame(rows, columns=["case_id", "activity", "end"])
    if starts:
        frame["start"] = frame["end"] - pd.Timedelta(step) / 2
    return from_frame(frame)


@st.composite
def logs(draw: st.DrawFn, *, starts: bool | None = None, activities: str = "ABCDE") -> EventLog:
    """Few cases of few activities; stamps of whole hours within a day, so that many are equal."""
    has_starts = draw(st.booleans()) if starts is None else starts
    row = st.tuples(
        st.integers(0, 3), st.sampled_from(activities), st.integers(0, 12), st.integers(0, 6), st.integers(0, 9)
    )
    rows = draw(st.lists(row, min_size=1, max_size=24))
    end = [MONDAY + pd.Timedelta(hours=hour) for _c, _a, hour, _l, _n in rows]
    frame = pd.DataFrame({"case_id": [str(r[0]) for r in rows], "activity": [r[1] for r in rows], "end": end})
    if has_starts:
        length = pd.to_timedelta([r[3] for r in rows], unit="h")
        missing = np.array([r[4] == 0 for r in rows])  # now and then a start was not recorded
        frame["start"] = (frame["end"] - length).where(~missing)
    return from_frame(frame)


def cases_of(log: EventLog) -> list[list[int]]:
    """The rows of every case, in the log's order."""
    ptr = log.case_ptr.tolist()
    return [list(range(a, b)) for a, b in itertools.pairwise(ptr)]


def labels_of(log: EventLog) -> list[str]:
    """The activity of every row."""
    codes, labels = log.codes("activity")
    return [labels[c] for c in codes]
