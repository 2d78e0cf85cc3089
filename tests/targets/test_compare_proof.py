"""compare: a planted effect is recovered, none is found where there is none, and neither age nor mix of a log passes for one."""

from __future__ import annotations

import numpy as np
import pytest
from reform_logs import durations, log_from, office

from flowaudit.eventlog import EventLog
from flowaudit.metrics import standardise
from flowaudit.targets import Estimate, compare
from flowaudit.targets.changes import changes
from flowaudit.targets.counted import Counted, counted
from flowaudit.targets.sides import pair_of
from flowaudit.worktime import load_calendar

SEEDS = 100
WEEKDAYS = load_calendar("weekdays")
YOUNG = {"young": True, "period": 80, "start": 260}


def both(before: EventLog, after: EventLog, **options: object) -> Counted:
    return counted(pair_of(before, after), calendar=WEEKDAYS, **options)


def time_of(found: Counted, statistic: str, kind: str) -> Estimate:
    estimate = changes(found, "time", statistic, (), "before").of(kind)
    assert estimate is not None
    return estimate


@pytest.fixture(scope="module")
def population():
    """What two million cases take before, and after everything takes 30 % less."""
    rng = np.random.default_rng(1)
    return durations(rng, 2_000_000), durations(rng, 2_000_000, 0.7)


@pytest.fixture(scope="module")
def planted():
    """Pairs of logs of offices followed to their end, the second 30 % quicker."""
    return [both(office(2 * s), office(2 * s + 1, factor=0.7, start=260), days=0) for s in range(SEEDS)]


@pytest.fixture(scope="module")
def unchanged():
    """The same without any effect; the log after ends with its last arrival, and many of its cases are open."""
    return [both(office(2 * s), office(2 * s + 1, **YOUNG)) for s in range(40)]


@pytest.mark.parametrize("statistic", ["median", "mean"])
def test_a_planted_effect_lies_within_its_interval(planted, population, statistic):
    old, new = (float(getattr(np, statistic)(x)) for x in population)
    found = [time_of(pair, statistic, "crude") for pair in planted]
    assert sum(e.low <= new - old <= e.high for e in found) >= 90
    assert sum(e.rate_low <= 1 - new / old <= e.rate_high for e in found) >= 90
    assert sum(e.direction == "falls" for e in found) >= 98, "an interval that always holds the truth may be too wide"


def test_a_young_log_looks_quick_as_it_stands_and_not_when_every_case_is_looked_at_for_the_same_time(unchanged):
    crude = [time_of(pair, "mean", "crude").direction for pair in unchanged]
    assert crude.count("falls") > 15
    for statistic in ("median", "mean"):
        careful = [time_of(pair, statistic, "followed").direction for pair in unchanged]
        assert sum(d != "unsure" for d in careful) <= 4, statistic


def test_the_median_of_a_young_log_is_that_of_all_cases(population):
    """30 % quicker and young: cases that are not done yet count as the longest, which is all a median asks."""
    old, new = (float(np.median(x)) for x in population)
    found = [
        time_of(both(office(2 * s), office(2 * s + 1, factor=0.7, **YOUNG)), "median", "followed") for s in range(16)
    ]
    assert sum(e.low <= new - old <= e.high for e in found) >= 14


def channels(seed: int, online: int, hall: int, start: int, factor: float = 1.0) -> EventLog:
    """Online cases take 40 % of what those of the hall do."""
    rng = np.random.default_rng(seed)
    channel = np.repeat(["线上", "窗口"], [online, hall])
    days = durations(rng, online + hall, factor * np.where(channel == "线上", 0.4, 1.0))
    arrival = rng.integers(start, start + 200, online + hall)
    return log_from(f"k{start}-", arrival, days, cases={"channel": channel, "district": "甲区"})


def test_another_mix_of_cases_is_no_effect():
    """Simpson: most came to the hall before and online after, and nothing else changed."""
    found = compare(channels(1, 80, 240, 0), channels(2, 240, 80, 260), calendar=WEEKDAYS, follow_up=0)
    crude, level = (found.estimate("time", kind) for kind in ("crude", "standardised"))
    assert crude.direction == "falls"
    assert crude.rate > 0.3
    assert level.direction == "unsure"
    assert found.strata == ("channel",)
    (shift,) = [s for s in found.shifts if s.name == "channel"]
    assert (shift.moved, shift.matters) == (pytest.approx(0.5), True)
    notes = "\n".join(found.said("en"))
    assert "线上 25.0% → 75.0%" in notes
    assert "What differs is who came." in notes
    assert not found.groups["channel"].query("metric == 'time'")["p_holm"].lt(0.05).any()


def test_standardised_figures_are_those_of_metrics_standardise():
    before, after = channels(3, 120, 100, 0), channels(4, 150, 60, 260, 0.8)
    for statistic in ("median", "mean"):
        found = compare(before, after, calendar=WEEKDAYS, follow_up=0, strata="channel", statistic=statistic)
        other = standardise(before, after, metric="time", by="channel", statistic=statistic, calendar=WEEKDAYS)
        ours = found.estimate("time", "standardised")
        assert (ours.before.value, ours.after.value) == pytest.approx((other.before.value, other.after.value))
        # Two bootstraps of one distribution.
        assert (ours.low, ours.high) == pytest.approx((other.low, other.high), abs=1.0)
        assert ours.before.rule.comparable(other.before.rule)


def test_time_that_only_moves_off_the_clock_is_no_time_saved():
    """Acceptance comes five working days later after the reform; from end to end nothing changes."""
    logs = []
    for seed, start, wait in ((5, 0, 0), (6, 260, 5)):
        rng = np.random.default_rng(seed)
        days = durations(rng, 300)
        logs.append(log_from(f"m{start}-", rng.integers(start, start + 200, 300), days, accepted=np.full(300, wait)))
    found = compare(*logs, calendar=WEEKDAYS)
    assert found.estimate("clock").direction == "falls"
    assert found.estimate("time").direction == "unsure"
    assert "计时口径缩短、全程时间不变。" in found.said("zh")
    assert "The official clock gets shorter, the end-to-end time does not." in found.said("en")


def test_a_figure_that_rises_is_said_to():
    found = compare(office(1), office(2, factor=1.6, start=260), calendar=WEEKDAYS)
    assert any(note.startswith("this figure rose: end-to-end time") for note in found.said("en"))
    assert not any("clock gets shorter" in note for note in found.said("en"))
