"""A forecast made on an office whose future is known: what really happened lies where it said."""

import heapq

import numpy as np
import pandas as pd
import pytest

from flowaudit.errors import InsufficientDataError, UsageError
from flowaudit.eventlog import from_frame
from flowaudit.process import fit_process
from flowaudit.simulation.forecast import forecast
from flowaudit.worktime import load_calendar

CALENDAR = load_calendar("weekdays")
DAY0 = pd.Timestamp("2024-01-01")
CUT = DAY0 + pd.Timedelta(days=400)
STEPS = ("accept", "review", "decide")


def office(seed, *, days=520.0, rate=6.0, officers=2):
    """Officers who never close, one queue, at first come first served; days of post before review and decision.

    Each case takes 0.6 of an officer's days: with six cases a day, two officers are busy for 90 % of their time.
    """
    rng = np.random.default_rng(seed)
    arrivals = np.cumsum(rng.exponential(1 / rate, int(days * rate)))
    todo = [(t, i, 0) for i, t in enumerate(arrivals)]
    heapq.heapify(todo)
    free = [(0.0, k) for k in range(officers)]
    rows = []
    while todo:
        ready, i, step = heapq.heappop(todo)
        since, who = heapq.heappop(free)
        start = max(since, ready)
        work = rng.gamma(4.0, (0.02, 0.16, 0.12)[step] / 4.0)
        heapq.heappush(free, (start + work, who))
        rows.append((str(i), STEPS[step], f"O{who}", start, start + work))
        if step < 2:
            heapq.heappush(todo, (start + work + rng.lognormal((1.5, 2.0)[step], 0.6), i, step + 1))
    frame = pd.DataFrame(rows, columns=["case_id", "activity", "resource", "start", "end"])
    for column in ("start", "end"):
        frame[column] = DAY0 + pd.to_timedelta((frame[column] * 86400).round(), unit="s")
    return frame.assign(stage=frame["activity"])


def known_future(seed):
    """The office fitted to what had ended by the cut, and when its open cases really ended."""
    frame = office(seed)
    process = fit_process(from_frame(frame[frame["end"] <= CUT]), calendar=CALENDAR)
    last = frame.groupby("case_id")["end"].max()
    return process, last[[c.case_id for c in process.open_cases]]


@pytest.fixture(scope="module")
def one():
    process, truth = known_future(0)
    return process, truth, forecast(process, until=CUT + pd.Timedelta(days=10), replications=60)


