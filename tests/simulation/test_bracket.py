"""A staffing answer is a bracket, and it holds the truth where the truth is planted."""

import numpy as np
import pandas as pd
import pytest

from flowaudit.errors import InsufficientDataError
from flowaudit.eventlog import from_frame
from flowaudit.simulation.bracket import bracket
from flowaudit.worktime import load_calendar

CALENDAR = load_calendar("weekdays")
HOURS = 24.0


def office(servers, *, lying_h, n=1500, seed=4):
    """One step at a desk open around the clock; then files lie for a while, and are done by whoever is free."""
    rng = np.random.default_rng(seed)
    arrival = np.cumsum(rng.exponential(1 / (0.9 * 2), n))
    ready = arrival + rng.exponential(lying_h, n)
    work = rng.exponential(1.0, n)
    free = np.zeros(servers)
    rows = []
    for i in np.argsort(ready):
        k = int(free.argmin())
        start = max(ready[i], free[k])
        free[k] = start + work[i]
        rows += [(i, "apply", None, arrival[i], arrival[i]), (i, "decide", f"O{k}", start, free[k])]
    frame = pd.DataFrame(rows, columns=["case_id", "activity", "resource", "start", "end"])
    for column in ("start", "end"):
        frame[column] = pd.Timestamp("2024-03-04") + pd.to_timedelta((frame[column] * 3600).round(), unit="s")
    return from_frame(frame.assign(case_id=frame["case_id"].astype(str), stage=frame["activity"]))


def mean_h(log):
    ptr = log.case_ptr
    spans = np.maximum.reduceat(log.stamps("end"), ptr[:-1]) - np.minimum.reduceat(log.stamps("start"), ptr[:-1])
    return (spans / np.timedelta64(1, "h")).mean()


@pytest.mark.parametrize("lying_h", [0.01, 6.0])
def test_the_bracket_holds_the_planted_effect_of_a_third_officer(lying_h):
    log = office(2, lying_h=lying_h)
    truth = mean_h(log) - mean_h(office(3, lying_h=lying_h))
    found = bracket(log, lambda p: p.with_staff(0, 1), calendar=CALENDAR, replications=12)
    low, high = found.queue_share
    assert 0.0 <= low <= high <= 1.0
    row = found.table.set_index("metric").loc["cycle_h"]
    # Both readings are of the same office, and say so before anything is changed.
    assert row["before_least"] == pytest.approx(mean_h(log), rel=0.2)
    assert row["before_most"] == pytest.approx(mean_h(log), rel=0.2)
    slack = 0.1 * truth + max(row["error_least"], row["error_most"])
    assert row["saved_least"] - slack <= truth <= row["saved_most"] + slack


def test_without_officers_there_is_no_answer():
    log = from_frame(office(2, lying_h=1.0, n=200).to_pandas().drop(columns="resource"))
    with pytest.raises(InsufficientDataError, match="which officer"):
        bracket(log, lambda p: p, calendar=CALENDAR)
