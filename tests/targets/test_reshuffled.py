"""Replications that might have been as well, and the reduction as a ratio of means."""

import importlib
from dataclasses import replace

import numpy as np
import pytest
from processes import CALENDAR, line
from toy_games import mondays, station

from flowaudit.process import family
from flowaudit.simulation import simulate
from flowaudit.targets import Target, evaluate, measure_runs, reshuffled
from flowaudit.targets.statistics import reduction

CASES = 41


@pytest.fixture(scope="module")
def runs():
    table = family("uniform", low=1.0, high=200.0)
    process = line(station("apply"), station("a", table=table), arrivals=mondays(CASES))
    return [
        simulate(replace(process, waits=f * process.waits), replications=6, seed=3, calendar=CALENDAR)
        for f in (1.0, 0.5)
    ]


@pytest.fixture(scope="module")
def measured(runs):
    return [measure_runs(r, calendar=CALENDAR) for r in runs]


def anew(measured, values, *statistics, **options):
    return reshuffled(measured, np.asarray(values, float), statistics, **options)


def test_every_case_has_the_luck_of_some_replication(measured):
    """Case i takes 100 i days in replication 1, 100 i + 1 in the next, ...: the median case is the 21st, in one of six ways."""
    office = measured[0]
    values = 100.0 * np.tile(np.arange(CASES), 6) + np.repeat(np.arange(6), CASES)
    found = anew(office, values, "median")["median"]
    assert set(found.tolist()) == {2000.0, 2001.0, 2002.0, 2003.0, 2004.0, 2005.0}


def test_quantiles_are_those_of_numpy(measured):
    office = measured[0]
    values = np.tile(np.random.default_rng(0).permutation(CASES), 6)
    found = anew(office, values, "median", "p90", "p95", "mean")
    assert {name: set(x.tolist()) for name, x in found.items()} == {
        "median": {20.0}, "p90": {np.quantile(np.arange(CASES), 0.9)}, "p95": {np.quantile(np.arange(CASES), 0.95)},
    }  # fmt: skip


def test_what_is_not_known_does_not_count(measured):
    office = measured[0]
    values = np.tile(np.arange(float(CASES)), 6)
    values[np.tile(np.arange(CASES) >= 11, 6)] = np.nan
    assert set(anew(office, values, "median")["median"].tolist()) == {5.0}
    few = anew(office, np.tile(np.arange(float(CASES)), 6), "median", mask=np.tile(np.arange(CASES) < 5, 6))
    assert set(few["median"].tolist()) == {2.0}
    assert anew(office, np.full(6 * CASES, np.nan), "median") == {}


def test_two_offices_with_the_same_cases_are_drawn_alike(measured):
    """What each case saves is saved in every replication put together anew: halving is halving, pair by pair."""
    first = np.asarray(measured[0].per_case["e2e_days"], float)
    a, b = anew(measured[0], first, "median")["median"], anew(measured[1], first / 2, "median")["median"]
    assert np.allclose(b, a / 2)
    assert np.ptp(a) > 0


def test_only_the_first_replications_where_asked(measured):
    values = np.repeat(np.arange(6.0), CASES)
    assert set(anew(measured[0], values, "median", first=2)["median"].tolist()) <= {0.0, 0.5, 1.0}


def test_replications_of_different_lengths_are_not_put_together(measured):
    office = measured[0]
    shorter = replace(
        office, replication=office.replication[1:], per_case=office.per_case[1:].reset_index(drop=True), _kept={}
    )
    assert anew(shorter, np.arange(6.0 * CASES - 1), "median") == {}


def test_large_simulations_are_drawn_in_parts(measured, monkeypatch):
    values = np.asarray(measured[0].per_case["e2e_days"], float)
    whole = anew(measured[0], values, "median")["median"]
    monkeypatch.setattr(importlib.import_module("flowaudit.targets.reshuffled"), "MOST", 700)
    assert anew(measured[0], values, "median")["median"].tolist() == whole.tolist()


def test_the_reduction_is_the_ratio_of_the_means():
    """(1, 3) before and (1, 1) after: half of it is saved, though the single rates are 0 and 2/3."""
    rate, low, high = reduction(np.array([1.0, 3.0]), np.array([1.0, 1.0]))
    assert rate == 0.5
    assert low < 0.5 < high
    assert np.isnan(reduction(np.zeros(3), np.zeros(3))).all()
    assert reduction(np.array([2.0, 4.0]), np.array([1.0, 2.0])) == pytest.approx((0.5, 0.5, 0.5))


def test_a_target_s_reduction_is_the_one_that_stands_beside_it(runs):
    before, after = runs
    verdict = evaluate(after, [Target(metric="time", reduction=0.2)], baseline=before, calendar=CALENDAR)
    (found,) = verdict.targets
    assert found.value == pytest.approx(verdict.comparison("time").reduction.rate)
    assert found.low < found.value < found.high


def test_medians_that_agree_by_chance_are_no_certainty():
    """Three days in three of four cases, else four: the median of nine is three in 95 % of the replications."""
    table = family("uniform", low=80.0, high=88.0)
    process = line(station("apply"), station("a", table=table), arrivals=mondays(9))
    for seed in range(20):
        runs = simulate(process, replications=6, seed=seed, calendar=CALENDAR)
        time = evaluate(runs, baseline=runs, calendar=CALENDAR).comparison("time")
        office = measure_runs(runs, calendar=CALENDAR)
        medians = {float(np.median(x)) for x in office.samples(office.per_case["e2e_days"].to_numpy(float))}
        if medians == {3.0}:
            break
    else:
        pytest.fail("six medians never agreed")
    assert time.before.value == 3.0
    assert time.before.low < 3.0 < time.before.high < 4.0
    assert time.difference == time.low == time.high == 0.0, "an office does not differ from itself"
