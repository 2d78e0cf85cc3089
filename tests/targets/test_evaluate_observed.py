"""Targets held against recorded logs: intervals over cases, open cases, and never a simulation beside a record."""

import numpy as np
import pytest

from flowaudit.errors import UsageError
from flowaudit.metrics import median_interval, quantile_interval, wilson
from flowaudit.targets import Target, evaluate, measure_runs
from flowaudit.targets.statistics import change_of_cases, interval_of_cases
from tests.targets.offices import CALENDAR, office

DAYS = [1 + k % 9 for k in range(90)]


def recorded(days=DAYS, **changes):
    return office(days, source="办件.xlsx", **changes)


def judged(target, after, baseline=None):
    return evaluate(after, [target], baseline=baseline, calendar=CALENDAR).targets[0]


def test_a_recorded_log_needs_no_baseline_for_a_bound():
    """Days 1 to 9, ten cases each: median 5; within 5 are 50 of 90."""
    log, days = recorded(), np.array(DAYS, float)
    median = judged(Target(metric="clock", at_most=8), log)
    assert (median.value, median.low, median.high) == (5.0, *median_interval(days))
    assert median.status == "met"
    p90 = judged(Target(metric="clock", statistic="p90", at_most=8), log)
    assert (p90.low, p90.high) == quantile_interval(days, 0.9)
    share = judged(Target(metric="clock", at_most=5, share=0.9), log)
    assert (share.value, share.low, share.high) == (pytest.approx(50 / 90), *wilson(50, 90))
    assert share.status == "not_met"
    assert judged(Target(metric="clock", at_most=5, share=0.55), log).status == "unsure"
    mean = judged(Target(metric="clock", statistic="mean", at_most=9), log)
    assert (mean.value, mean.high - mean.value) == pytest.approx((5.0, 1.9869787 * days.std(ddof=1) / np.sqrt(90)))


def test_two_recorded_logs_are_compared_as_they_stand():
    before, after = recorded(), recorded([1 + k % 3 for k in range(90)])
    verdict = evaluate(after, [Target(metric="clock", reduction=0.3), Target(metric="clock", reduction=0.9)], baseline=before, calendar=CALENDAR)  # fmt: skip
    clock = verdict.comparison("clock")
    assert (clock.before.value, clock.after.value, clock.difference) == (5.0, 2.0, -3.0)
    assert clock.low <= -3.0 <= clock.high < 0
    assert (clock.before.rule.baseline, clock.after.rule.baseline) == ("log_before", "log_after")
    assert clock.reduction.rate == pytest.approx(0.6)
    assert [t.status for t in verdict.targets] == ["met", "not_met"]
    assert verdict.targets[0].value == pytest.approx(0.6)
    assert any("as they stand" in en for _zh, en in verdict.notes)


def test_the_same_seed_gives_the_same_interval():
    before, after = recorded(), recorded([1 + k % 3 for k in range(90)])
    first, again, other = (
        evaluate(after, baseline=before, calendar=CALENDAR, seed=seed).comparison("time") for seed in (1, 1, 2)
    )
    assert (first.low, first.high) == (again.low, again.high)
    assert first.difference == other.difference


def test_a_simulated_after_is_never_compared_with_a_recorded_before():
    simulated, log = [office(DAYS)] * 2, recorded()
    measured = measure_runs(log, calendar=CALENDAR)
    for after, before in (
        (office(DAYS), log), (log, office(DAYS)), ([recorded()] * 2, simulated), (simulated, log), (simulated, measured)
    ):  # fmt: skip
        with pytest.raises(UsageError, match="error of the model would pass for a saving") as caught:
            evaluate(after, baseline=before, calendar=CALENDAR)
        assert "simulate the office as it is" in caught.value.hint


def test_a_log_and_several_logs_are_no_pair():
    with pytest.raises(UsageError, match="single recorded log, the other has 2 replications"):
        evaluate([recorded()] * 2, baseline=recorded(), calendar=CALENDAR)


def test_an_open_case_that_has_run_longer_does_not_keep_the_bound():
    """Of 100 cases 90 took 3 days, 9 are open for weeks and months, and the last one was accepted as the log ended.

    At most 90 of 99 keep 5 days, not all that are decided.
    """
    log = recorded([3] * 100, opened=10)
    found = judged(Target(metric="clock", at_most=5, share=0.95), log)
    assert (found.value, found.cases, found.status) == (pytest.approx(90 / 99), 99, "unsure")
    assert judged(Target(metric="clock", at_most=5, share=0.98), log).status == "not_met"
    assert judged(Target(metric="time", at_most=5, share=0.98), log).status == "not_met"
    assert judged(Target(metric="clock", at_most=5, statistic="p95"), log).value > 5
    assert judged(Target(metric="clock", at_most=10_000, share=0.98), log).cases == 90, "nothing is known of them yet"


def test_logs_of_other_units_are_refused():
    case = recorded()
    bundle = type(case)(case.events, case.tables, case.provenance, "bundle")
    with pytest.raises(UsageError, match="counts by"):
        evaluate(bundle, baseline=case, calendar=CALENDAR)


def test_what_was_measured_once_is_taken_as_it_is():
    log = recorded()
    measured = measure_runs(log, calendar=CALENDAR)
    assert measured.one_log
    assert measured.source == "observed"
    assert judged(Target(metric="clock", at_most=8), measured).low == judged(Target(metric="clock", at_most=8), log).low


@pytest.mark.parametrize("statistic", ["median", "mean", "p90"])
def test_intervals_of_recorded_logs_cover(statistic):
    """Two offices of known quantiles, 400 experiments: 95 % intervals of value and reduction hold the truth in 92 to 98 %."""
    rng = np.random.default_rng(3)
    truth = {"median": 1.0, "mean": np.exp(0.125), "p90": np.exp(0.5 * 1.2815515655)}[statistic]
    held = np.zeros((400, 2), bool)
    for k in range(400):
        before, after = np.exp(0.5 * rng.normal(size=150)), 0.7 * np.exp(0.5 * rng.normal(size=150))
        _value, low, high = interval_of_cases(before, statistic, seed=k)
        _rate, less, more = change_of_cases(before, after, statistic, relative=True, seed=k)
        held[k] = low <= truth <= high, less <= 0.3 <= more
    assert (held.mean(axis=0) > 0.92).all()
    assert (held.mean(axis=0) < 0.985).all()


def test_a_change_of_nothing_has_no_rate():
    zeros, ones = np.zeros(40), np.ones(40)
    assert np.isnan(change_of_cases(zeros, ones, "median", relative=True)).all()
    assert change_of_cases(ones, ones, "median", relative=True) == (0.0, 0.0, 0.0)
    assert change_of_cases(ones, zeros, "mean", relative=False) == (-1.0, -1.0, -1.0)
