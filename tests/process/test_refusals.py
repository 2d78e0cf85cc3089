"""What an analyst states about work is fitted or refused, and what a log cannot tell is not asked of it."""

import numpy as np
import pandas as pd
import pytest

from flowaudit.errors import FlowAuditError, InsufficientDataError, UsageError
from flowaudit.eventlog import from_frame
from flowaudit.process import fit_process
from flowaudit.process.quantiles import FAMILIES, GRID, fit_family, mean
from flowaudit.redesign import Scenario
from flowaudit.simulation import simulate
from flowaudit.worktime import load_calendar

CALENDAR = load_calendar("weekdays")
DAY0 = pd.Timestamp("2024-03-04")
MEAN_H, CV = 0.8, 0.6
"""Planted work of a review: lognormal."""


def lognormal(rng, n):
    sigma = np.sqrt(np.log1p(CV**2))
    return MEAN_H * rng.lognormal(-(sigma**2) / 2, sigma, n)


def office(n=1500, seed=11):
    """Round the clock, two officers: apply, a review of lognormal work, a signature of ten minutes."""
    rng = np.random.default_rng(seed)
    begun = np.cumsum(rng.exponential(1.5, n))
    worked = lognormal(rng, n)
    rows = []
    for i, (t, w) in enumerate(zip(begun, worked, strict=True)):
        rows += [
            (str(i), "apply", None, t, t),
            (str(i), "review", f"O{i % 2}", t + 1.0, t + 1.0 + w),
            (str(i), "sign", "L", t + 8.0, t + 8.0 + 1 / 6),
        ]
    frame = pd.DataFrame(rows, columns=["case_id", "activity", "resource", "start", "end"])
    for column in ("start", "end"):
        frame[column] = DAY0 + pd.to_timedelta((frame[column] * 3.6e9).round(), unit="us")
    return frame


@pytest.fixture(scope="module")
def frame():
    return office()


@pytest.fixture(scope="module")
def small():
    return office(60)


def fit(frame, **options):
    return fit_process(from_frame(frame), calendar=CALENDAR, **options)


def step_work(process, activity):
    """The table of work of an activity."""
    (node,) = process.nodes_of(activity)
    return process.works[next(s.work for t in process.templates for s in t.branches[0].steps if s.node == node)]


@pytest.fixture(scope="module")
def stated(frame):
    return fit(frame, work={"review": "lognormal"})


def test_a_stated_family_is_fitted_by_maximum_likelihood(stated):
    """1 500 values tell the mean to 1.5 % and the quantiles to some 4 %."""
    table = step_work(stated, "review")
    assert mean(table) == pytest.approx(MEAN_H, rel=0.04)
    sigma = np.sqrt(np.log1p(CV**2))
    for q, z in ((0.1, -1.2816), (0.5, 0.0), (0.9, 1.2816), (0.99, 2.3263)):
        planted = MEAN_H * np.exp(sigma * z - sigma**2 / 2)
        assert np.interp(q, GRID, table) == pytest.approx(planted, rel=0.06), q


def test_the_family_serves_everybody_who_does_the_work(stated, frame):
    """By default each officer has a table of his own; stated by an analyst, one holds for both."""
    (node,) = stated.nodes_of("review")
    assert [p.work for p in stated.nodes[node].performers] == [-1, -1]
    free = fit(frame)
    assert all(p.work >= 0 for p in free.nodes[node].performers)


def test_other_activities_keep_what_was_seen(stated, frame):
    np.testing.assert_allclose(step_work(stated, "sign"), step_work(fit(frame), "sign"))
    assert mean(step_work(stated, "sign")) == pytest.approx(1 / 6, rel=0.01)


def test_the_simulated_work_is_of_the_family(stated):
    (run,) = simulate(stated, replications=1, calendar=CALENDAR).runs
    (node,) = stated.nodes_of("review")
    worked = (run.end - run.start)[run.node == node]
    assert worked.mean() == pytest.approx(MEAN_H, rel=0.06)
    assert worked.std() / worked.mean() == pytest.approx(CV, rel=0.12)


PLANTED = {
    "constant": (lambda _rng, n: np.full(n, 2.0), {"value": 2.0}),
    "exponential": (lambda rng, n: rng.exponential(2.0, n), {"mean": 2.0}),
    "uniform": (lambda rng, n: rng.uniform(1.0, 3.0, n), {"low": 1.0, "high": 3.0}),
    "triangular": (lambda rng, n: rng.triangular(1.0, 2.0, 4.0, n), {"low": 1.0, "mode": 2.0, "high": 4.0}),
    "lognormal": (lognormal, {"mean": MEAN_H, "cv": CV}),
    "gamma": (lambda rng, n: rng.gamma(4.0, 0.5, n), {"mean": 2.0, "cv": 0.5}),
    "weibull": (lambda rng, n: 2.0 * rng.weibull(1.5, n), {"mean": 2.0 * 0.9027, "shape": 1.5}),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_recovers_what_was_planted(family):
    draw, parameters = PLANTED[family]
    table, found = fit_family(family, draw(np.random.default_rng(1), 4000))
    assert found == pytest.approx(parameters, rel=0.05)
    assert (np.diff(table) >= -1e-9).all()


def test_zeros_stay_an_atom():
    rng = np.random.default_rng(2)
    values = np.r_[np.zeros(1000), rng.exponential(2.0, 3000)]
    table, found = fit_family("exponential", values)
    assert found["mean"] == pytest.approx(2.0, rel=0.06)
    assert np.interp(0.24, GRID, table) == 0.0
    assert mean(table) == pytest.approx(1.5, rel=0.06)


def test_too_few_durations_fit_no_family():
    with pytest.raises(InsufficientDataError, match="needs at least 5 durations above zero; there are 3"):
        fit_family("gamma", np.array([0.0, 0.0, 1.0, 2.0, 3.0]))


def test_an_unknown_activity_is_named_with_its_neighbours(small):
    with pytest.raises(UsageError, match="the activity 'reveiw', which the log does not have") as caught:
        fit(small, work={"reveiw": "lognormal"})
    assert "review" in str(caught.value)


def test_an_unknown_family_is_named_with_those_there_are(small):
    with pytest.raises(UsageError, match="no family of durations 'normal'") as caught:
        fit(small, work={"review": "normal"})
    assert all(name in str(caught.value) for name in FAMILIES)


def test_families_need_start_times(small):
    with pytest.raises(InsufficientDataError, match="no start times: work and waiting cannot be told apart"):
        fit(small.drop(columns="start"), work={"review": "lognormal"})


@pytest.mark.parametrize("options", [{"routing": "markov"}, {"contention": "none"}])
def test_unknown_options(small, options):
    with pytest.raises(UsageError, match="routing is memory or traces, contention is pool or resource"):
        fit(small, **options)


def blocked(process):
    """Everything that keeps staffing from being asked."""
    assert not process.identifiable.staffing
    assert process.identifiable.queue_share is None
    with pytest.raises(FlowAuditError) as caught:
        Scenario("s").staff("anybody", 1).apply(process)
    return str(caught.value)


def test_end_times_alone(small):
    process = fit(small.drop(columns="start"))
    assert not process.identifiable.work
    assert process.identifiable.reason_en == "the log has no start times: work and waiting cannot be told apart"
    assert (len(process.works), process.pools, process.resources) == (0, (), ())
    assert process.activity_table()["work_h"].isna().all()
    assert "not identifiable: work against waiting; staffing measures are refused" in str(process)
    assert "the log has no start times" in blocked(process)


def test_end_times_alone_still_reproduce_the_time_cases_take(frame):
    """The delays hold waiting and work together."""
    process = fit(frame.drop(columns="start"))
    (run,) = simulate(process, replications=1, calendar=CALENDAR).runs
    took = np.maximum.reduceat(run.end, run.case_ptr[:-1]) - np.minimum.reduceat(run.end, run.case_ptr[:-1])
    assert took.mean() == pytest.approx(8 + 1 / 6, rel=0.05)


def test_starts_that_say_nothing(small):
    """Start equals end nearly everywhere: stamps, not work."""
    process = fit(small.assign(start=small["end"]))
    assert not process.identifiable.work
    assert blocked(process)


def test_estimated_starts_give_work_but_no_staffing(small):
    process = fit(small.assign(start_estimated=True))
    assert process.identifiable.work
    assert process.identifiable.reason_en.startswith("start times are estimated")
    assert "start times are estimated" in blocked(process)


def test_a_log_without_resources(small):
    process = fit(small.drop(columns="resource"))
    assert process.identifiable.work
    assert (process.pools, process.resources, process.calendars) == ((), (), ())
    assert all(n.pool == -1 and not n.performers for n in process.nodes)
    assert mean(step_work(process, "review")) == pytest.approx(MEAN_H, rel=0.3)
    assert process.identifiable.reason_en == "the log does not say which officer did the work"
    assert "the log does not say which officer did the work" in blocked(process)


def test_resources_that_are_all_missing_are_none(small):
    process = fit(small.assign(resource=pd.Series([None] * len(small), dtype="object")))
    assert process.pools == ()
    assert not process.identifiable.staffing


def test_too_few_complete_cases(small):
    with pytest.raises(InsufficientDataError, match="at least 30 complete cases; this log has 12"):
        fit(small[small["case_id"].astype(int) < 12])
    assert fit(small[small["case_id"].astype(int) < 12], min_cases=10).cases == 12
