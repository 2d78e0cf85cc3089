"""Arrivals: rate, rhythm and regularity are recovered; a trend is one only where chance does not explain it."""

import numpy as np
import pytest
from processes import Station, line

from flowaudit.process import GRID
from flowaudit.process.arriving import fit_arrivals
from flowaudit.process.quantiles import mean
from flowaudit.simulation import simulate
from flowaudit.worktime import HOLIDAY, MAKE_UP, day_classes, load_calendar

CALENDAR, CHINA = load_calendar("weekdays"), load_calendar("china")
MONDAY = np.datetime64("2023-01-02T00:00", "us")
HOUR = np.timedelta64(3_600_000_000, "us")
OPEN_H = 40.0
"""Office hours of a week: Monday to Friday, nine to five."""


def in_office_hours(hours, first=MONDAY):
    """Moments after so many office hours."""
    day, rest = np.divmod(np.asarray(hours, float), 8.0)
    week, weekday = np.divmod(day, 5)
    wall = week * 168.0 + weekday * 24.0 + 9.0 + rest
    return first + np.floor(wall * 3600).astype("timedelta64[s]").astype("timedelta64[us]")


def poisson(per_week, weeks, seed, growth=0.0):
    """Exponential gaps in office hours; the rate grows by ``growth`` in 365 days."""
    rng = np.random.default_rng(seed)
    most = max(1.0, (1 + growth) ** (weeks * 7 / 365))
    n = rng.poisson(per_week * weeks * most)
    hours = np.sort(rng.uniform(0, weeks * OPEN_H, n))
    kept = rng.random(n) < (1 + growth) ** (hours / OPEN_H * 7 / 365) / most
    return in_office_hours(hours[kept])


def fitted(arrivals, calendar=CALENDAR):
    return fit_arrivals(arrivals, arrivals[-1], calendar)


def simulated(observed, calendar=CALENDAR, **options):
    """Arrivals of a process that does nothing but let cases in."""
    process = line(
        Station("desk", None, servers=0), arrivals=observed, arriving=fitted(observed, calendar), calendar=calendar.name,
    )  # fmt: skip
    runs = simulate(process, calendar=calendar, **({"replications": 1} | options))
    return [run.stamps(run.start) for run in runs.runs]


def weekly_counts(stamps):
    week = (stamps - stamps.min()) // (168 * HOUR)
    return np.bincount(week.astype(int))[:-1]


def test_rate():
    """One an hour of 40: 168 clock hours a week, so a gap is 4.2 of them. 4 160 arrivals tell it to 1.6 %."""
    model = fitted(poisson(40, 104, seed=1))
    assert model.clock.hours_per_week() == pytest.approx(168)
    assert 168 / mean(model.gaps) == pytest.approx(40, rel=0.05)
    assert model.trend == 0.0


def test_gaps_are_those_of_a_poisson_process():
    gaps = fitted(poisson(40, 104, seed=2)).gaps / 4.2
    expected = -np.log(1 - np.array([0.25, 0.5, 0.75, 0.9]))
    assert np.interp([0.25, 0.5, 0.75, 0.9], GRID, gaps) == pytest.approx(expected, rel=0.08)


def test_nights_and_weekends_have_no_rate():
    model = fitted(poisson(40, 104, seed=1))
    assert set(np.flatnonzero(model.clock.rates[:7].sum(axis=1))) == {0, 1, 2, 3, 4}
    assert set(np.flatnonzero(model.clock.rates[0])) == set(range(18, 34))


def test_the_simulated_rate_is_the_observed_one():
    arrivals = poisson(40, 52, seed=3)
    (again,) = simulated(arrivals, start="2025-01-06", cases=len(arrivals))
    span = [(a[-1] - a[0]) / (168 * HOUR) for a in (arrivals, again)]
    assert span[1] == pytest.approx(span[0], rel=0.05)


def test_regular_arrivals_stay_regular():
    """One every two office hours, to the minute or so: 20 a week, and hardly ever another number."""
    rng = np.random.default_rng(4)
    arrivals = in_office_hours(np.arange(0.5, 52 * OPEN_H, 2.0) + rng.uniform(0, 0.02, 52 * 20))
    assert weekly_counts(arrivals).std() < 0.5
    (again,) = simulated(arrivals, start="2025-01-06", cases=1000)
    counts = weekly_counts(again)
    assert counts.mean() == pytest.approx(20, rel=0.03)
    assert counts.std() < 0.3 * np.sqrt(20), "a Poisson process would have sqrt(20)"


def test_random_arrivals_stay_random():
    (again,) = simulated(poisson(40, 104, seed=5), start="2025-01-06", cases=4000)
    counts = weekly_counts(again)
    assert counts.std() == pytest.approx(np.sqrt(40), rel=0.25)


def test_bursts_stay_bursts():
    """Groups of five at once."""
    arrivals = np.repeat(poisson(10, 104, seed=6), 5)
    gaps = np.diff(simulated(arrivals, start="2025-01-06", cases=3000)[0])
    assert (gaps < np.timedelta64(1, "s")).mean() == pytest.approx(0.8, abs=0.03)


def test_a_trend_is_recovered_within_its_error():
    """+50 % a year. The slope's error is 1 / sqrt(sum of (t - mean)^2 over the arrivals): 2 % here."""
    found = np.array([fitted(poisson(60, 104, seed, growth=0.5)).trend for seed in range(6)])
    arrivals = poisson(60, 104, 0, growth=0.5)
    years = (arrivals - arrivals[0]) / (365 * 24 * HOUR)
    error = 1 / np.sqrt(((years - years.mean()) ** 2).sum())
    assert error < 0.03
    slopes = np.log1p(found)
    assert np.abs(slopes - np.log(1.5)).max() < 3 * error
    assert slopes.mean() == pytest.approx(np.log(1.5), abs=3 * error / np.sqrt(6))


def test_the_level_is_that_of_the_middle():
    """20 a week, four times as many a year later: 80 after a year of two; without the trend the mean would be 109."""
    model = fitted(poisson(20, 104, seed=1, growth=3.0))
    assert model.trend == pytest.approx(3.0, rel=0.1)
    assert 168 / mean(model.gaps) == pytest.approx(80, rel=0.08)


def test_a_decline_is_a_trend_too():
    assert fitted(poisson(60, 104, seed=1, growth=-0.3)).trend == pytest.approx(-0.3, abs=0.06)


def test_chance_is_no_trend():
    found = [fitted(poisson(40, 104, seed)).trend for seed in range(20)]
    assert sum(t == 0.0 for t in found) >= 19


def test_too_short_a_log_tells_no_trend():
    """Within a year it could as well be the season."""
    assert fitted(poisson(40, 51, seed=1, growth=8.0)).trend == 0.0
    assert fitted(poisson(40, 54, seed=1, growth=8.0)).trend > 1.0


def test_a_trend_is_taken_up_but_not_carried_on():
    """Two years of +50 %; later arrivals have the level of the end: 1.5 times that of the middle."""
    arrivals = poisson(40, 104, seed=7, growth=0.5)
    (later,) = simulated(arrivals, start="2026-01-05", cases=4000)
    (much_later,) = simulated(arrivals, start="2029-01-01", cases=4000)
    last = (arrivals > arrivals[-1] - 26 * 168 * HOUR).sum() / 26
    for again in (later, much_later):
        assert weekly_counts(again).mean() == pytest.approx(last * 1.5**0.25, rel=0.08)


def test_within_the_log_a_trend_is_replayed():
    arrivals = poisson(40, 104, seed=7, growth=0.5)
    (again,) = simulated(arrivals, arrivals="simulated")
    half = arrivals[0] + (arrivals[-1] - arrivals[0]) / 2
    observed, found = ((a > half).sum() / (a <= half).sum() for a in (arrivals, again[again <= arrivals[-1]]))
    assert found == pytest.approx(observed, rel=0.1)


def class_of(stamps, calendar):
    day = stamps.astype("datetime64[D]").astype(np.int64)
    first = int(day.min())
    return day_classes(calendar, first, int(day.max()) - first + 1)[day - first]


@pytest.fixture(scope="module")
def in_china():
    """Two years of an office that keeps the official calendar, make-up days included."""
    rng = np.random.default_rng(8)
    days = np.datetime64("2022-01-01") + np.arange(730)
    kind = day_classes(CHINA, int(days[0].astype(np.int64)), len(days))
    open_days = days[np.isin(kind, (*range(5), MAKE_UP))]
    stamps = np.concatenate(
        [
            d + np.rint((9 + 8 * rng.random(rng.poisson(8))) * 3.6e9).astype("timedelta64[us]")
            for d in open_days.astype("datetime64[us]")
        ]
    )
    return np.sort(stamps)


def test_simulated_arrivals_keep_the_rhythm_of_the_week(in_china):
    for again in simulated(in_china, CHINA, start="2024-01-01", cases=1500, replications=3):
        assert len(again) == 1500
        assert again.min() >= np.datetime64("2024-01-01")
        hour = (again - again.astype("datetime64[D]")) / HOUR
        assert ((hour >= 9) & (hour < 17)).all()
        kind = class_of(again, CHINA)
        assert not np.isin(kind, (5, 6)).any()
        counts = np.bincount(kind, minlength=9)
        assert counts[:5] / counts[:5].sum() == pytest.approx([0.2] * 5, abs=0.04)


def test_nobody_comes_on_holidays_but_on_make_up_days(in_china):
    assert (class_of(in_china, CHINA) != HOLIDAY).all()
    (again,) = simulated(in_china, CHINA, start="2024-01-01", cases=2000)
    kind = class_of(again, CHINA)
    assert (kind == HOLIDAY).sum() == 0
    assert (kind == MAKE_UP).sum() > 20, "2024 has 8 of them, 8 cases each"


def test_the_same_seed_gives_the_same_arrivals():
    arrivals = poisson(40, 20, seed=9)
    a, b = (simulated(arrivals, start="2025-01-06", cases=200, replications=2, seed=5) for _time in range(2))
    for one, other in zip(a, b, strict=True):
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(a[0], a[1])


def test_one_case_is_enough_for_a_model():
    model = fit_arrivals(np.array([MONDAY]), MONDAY, CALENDAR)
    assert mean(model.gaps) == pytest.approx(24.0)
    assert model.clock.hours_per_week() == pytest.approx(168.0)
