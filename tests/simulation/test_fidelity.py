"""The held-out check passes an office that never changed, and catches one that did."""

import heapq

import numpy as np
import pandas as pd
import pytest

from flowaudit.eventlog import from_frame
from flowaudit.process import fit_process
from flowaudit.simulation import fidelity
from flowaudit.worktime import load_calendar

CALENDAR = load_calendar("weekdays")
DAY0 = pd.Timestamp("2024-03-04")


def log_of(rows, *, with_open=True):
    """What a log shows that ends with the last arrival, with or without the cases still open then."""
    frame = pd.DataFrame(rows, columns=["case_id", "activity", "resource", "start", "end"])
    last = frame.loc[frame["activity"] == "apply", "end"].max()
    end = frame["end"] if with_open else frame.groupby("case_id")["end"].transform("max")
    frame = frame[end <= last]
    for column in ("start", "end"):
        frame[column] = DAY0 + pd.to_timedelta((frame[column] * 86400).round(), unit="s")
    return from_frame(frame.assign(case_id=frame["case_id"].astype(str), stage=frame["activity"]))


def office(n=5000, days=400.0, *, changes_at=1.0, factor=1.0, with_open=True, seed=3):
    """Decisions after a long-tailed time, ``factor`` times as long for cases that arrive after ``changes_at`` of the period."""
    rng = np.random.default_rng(seed)
    begun = np.sort(rng.uniform(0, days, n))
    decided = begun + 30 * rng.lognormal(0, 0.8, n) * np.where(begun >= changes_at * days, factor, 1.0)
    rows = [(i, "apply", None, t, t) for i, t in enumerate(begun)]
    rows += [(i, "decide", None, t, t) for i, t in enumerate(decided)]
    return log_of(rows, with_open=with_open)


def rush(days=400.0, seed=5):
    """One desk and 20 days of post between two jobs there; when the last compared cases have come, a rush."""
    rng = np.random.default_rng(seed)
    arrivals = np.sort(np.r_[rng.uniform(0, days, 2400), rng.uniform(days - 23, days, 150)])
    todo = [(t, i, 0) for i, t in enumerate(arrivals)]
    rows = [(i, "apply", None, t, t) for t, i, _step in todo]
    free = 0.0
    while todo:
        ready, i, step = heapq.heappop(todo)
        start = max(free, ready)
        free = start + rng.uniform(0.05, 0.07)
        rows.append((i, ("review", "decide")[step], "O1", start, free))
        if not step:
            heapq.heappush(todo, (free + rng.uniform(18, 22), i, 1))
    return log_of(rows)


def held_out(log, min_cases=30):
    rows = fidelity(fit_process(log, calendar=CALENDAR), log, replications=5, calendar=CALENDAR, min_cases=min_cases)
    assert {r.trust for r in rows if r.check == "in_sample"} == {"usable"}
    return {(r.metric, r.statistic): r for r in rows if r.check == "held_out"}


@pytest.mark.parametrize("with_open", [True, False])
def test_an_office_that_never_changed_passes_although_the_log_cuts_its_slow_cases_off(with_open):
    found = [held_out(office(n=20_000, with_open=with_open, seed=seed)) for seed in range(6)]
    assert not [r for rows in found for r in rows.values() if r.trust == "not_usable"]
    for statistic in ("median", "p90"):
        assert np.mean([rows["time", statistic].error for rows in found]) == pytest.approx(0, abs=0.05)


@pytest.mark.parametrize("factor", [0.5, 1.8])
def test_an_office_that_became_faster_or_slower_is_missed(factor):
    rows = held_out(office(changes_at=0.7, factor=factor))
    assert rows["time", "median"].trust == "not_usable"
    assert (rows["time", "median"].error > 0) == (factor < 1)
    if factor < 1:
        assert rows["time", "p90"].trust == "not_usable"


def test_cases_that_arrive_later_get_in_the_way_of_the_compared_ones():
    """Planted: queueing alone grows, and only at the very end; without the rush the median would be 5 % too short."""
    for row in held_out(rush()).values():
        assert row.error == pytest.approx(0, abs=0.02)


def test_too_few_later_cases_are_not_compared():
    assert held_out(office(n=800), min_cases=100) == {}
