"""Interrupted time series: planted jumps are found, mere trends are not, and errors are those of the textbook."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowaudit.metrics import NotRecorded
from flowaudit.targets import Interrupted, Learning
from flowaudit.targets.interrupted import interrupted
from flowaudit.targets.learning import learning
from flowaudit.targets.regression import least_squares

GO_LIVE = pd.Timestamp("2024-01-01")


def series(
    seed: int, *, weeks: int = 20, n: int = 15, jump: float = 0.0, trend: float = 0.0, rho: float = 0.0, level=20.0
):
    """Cases of so many weeks on each side: a level, a trend from the first week on, a jump at go-live, weeks alike."""
    rng = np.random.default_rng(seed)
    week = np.arange(-weeks, weeks)
    shared = np.zeros(len(week))
    for k in range(1, len(week)):
        shared[k] = rho * shared[k - 1] + rng.standard_normal()
    mean = level + trend * (week + weeks) + jump * (week >= 0) + shared
    values = np.repeat(mean, n) + 4 * rng.standard_normal(len(week) * n)
    arrival = GO_LIVE.to_datetime64() + np.repeat(week, n) * np.timedelta64(7, "D") + np.timedelta64(3, "D")
    first = np.repeat(week, n) < 0
    return (values[first], values[~first]), (arrival[first], arrival[~first])


def fitted(seed: int, **options) -> Interrupted:
    values, arrival = series(seed, **options)
    early = (np.ones(len(values[0]), bool), np.ones(len(values[1]), bool))
    found = interrupted("time", ("工作日", "working days"), GO_LIVE, values, arrival, early)
    assert isinstance(found, Interrupted)
    return found


def holds(found: tuple[float, float, float], truth: float) -> bool:
    return found[1] <= truth <= found[2]


def test_a_planted_jump_is_found_and_its_interval_holds_it():
    found = [fitted(seed, jump=-6.0, rho=0.3) for seed in range(100)]
    assert sum(holds(f.level, -6.0) for f in found) >= 90
    assert sum(holds(f.effect, -6.0) for f in found) >= 90
    assert sum(f.finding == "change" for f in found) >= 90


def test_a_trend_that_goes_on_is_no_effect_however_much_lower_the_figures_are_after():
    found = [fitted(seed, trend=-0.3, rho=0.3) for seed in range(100)]
    assert all(f.plain[2] < 0 for f in found), "the plain comparison falls for it"
    assert sum(f.finding == "change" for f in found) <= 10
    assert sum(f.finding == "trend" for f in found) >= 85
    told = next(f for f in found if f.finding == "trend")
    assert "that trend alone explains the difference" in told.text("en")


@pytest.mark.parametrize(("weeks", "rho", "most"), [(8, 0.0, 8), (20, 0.0, 8), (20, 0.3, 12)])
def test_where_nothing_changes_little_is_found(weeks, rho, most):
    assert sum(fitted(seed, weeks=weeks, rho=rho).finding == "change" for seed in range(100)) <= most


def test_a_change_of_the_trend_is_found():
    values, arrival = series(1, n=20)
    later = (arrival[1] - GO_LIVE.to_datetime64()) / np.timedelta64(7, "D")
    early = (np.ones(len(values[0]), bool), np.ones(len(values[1]), bool))
    found = interrupted("time", ("天", "d"), GO_LIVE, (values[0], values[1] - 0.5 * later), arrival, early)
    assert holds(found.slope, -0.5)
    assert found.slope[2] < 0
    assert found.finding == "change"


def test_a_trend_that_would_lead_below_zero_is_not_carried_on():
    assert fitted(3, level=21.0, trend=-1.0, jump=16.0, weeks=20).finding == "beyond"


def test_figures_that_never_change_have_no_effect_of_the_last_digit():
    values = tuple(np.full(200, 0.1 + 0.2) for _side in range(2))
    week = np.repeat(np.arange(10), 20) * np.timedelta64(7, "D")
    arrival = (GO_LIVE.to_datetime64() - np.timedelta64(70, "D") + week, GO_LIVE.to_datetime64() + week)
    early = (np.ones(200, bool), np.ones(200, bool))
    found = interrupted("steps", ("个", "steps"), GO_LIVE, values, arrival, early)
    assert found.finding == "none"
    assert found.effect[0] == pytest.approx(0, abs=1e-9)


def test_small_and_incomplete_periods_are_left_out_and_too_few_are_refused():
    values, arrival = series(1, weeks=9)
    early = (np.ones(len(values[0]), bool), arrival[1] < arrival[1].max())
    # The last week after is not complete: eight are left.
    found = interrupted("time", ("天", "d"), GO_LIVE, values, arrival, early)
    assert (len(found.periods), found.left_out, found.period_days) == (17, 1, 7)
    few = (values[0], values[1][:100])
    refused = interrupted("time", ("天", "d"), GO_LIVE, few, (arrival[0], arrival[1][:100]), (early[0], early[1][:100]))
    assert isinstance(refused, NotRecorded)
    assert "at most 9 before and 7 after" in refused.text("en")
    # With five cases a week four weeks are a period; nine weeks are then not enough.
    thin = tuple(v.reshape(9, 15)[:, :5].ravel() for v in values)
    when = tuple(a.reshape(9, 15)[:, :5].ravel() for a in arrival)
    assert isinstance(interrupted("time", ("天", "d"), GO_LIVE, thin, when, (np.ones(45, bool),) * 2), NotRecorded)


def slow_hac(x: np.ndarray, y: np.ndarray, lag: int) -> np.ndarray:
    """Newey and West as they write it: a double sum over pairs of moments, on residuals over one minus leverage."""
    inverse = np.linalg.inv(x.T @ x)
    hat = x @ inverse @ x.T
    e = (y - hat @ y) / (1 - np.diag(hat))
    middle = np.zeros((x.shape[1],) * 2)
    for s in range(len(y)):
        for t in range(len(y)):
            if abs(s - t) <= lag:
                middle += (1 - abs(s - t) / (lag + 1)) * e[s] * e[t] * np.outer(x[s], x[t])
    return inverse @ middle @ inverse


@settings(max_examples=15)
@given(st.integers(0, 10_000), st.integers(8, 30))
def test_errors_agree_with_the_slow_double_sum(seed, n):
    rng = np.random.default_rng(seed)
    x = np.column_stack([np.ones(n), np.arange(n), rng.standard_normal(n)])
    y = rng.standard_normal(n)
    fit = least_squares(x, y)
    assert fit.lag == int(4 * (n / 100) ** (2 / 9))
    assert fit.hac == pytest.approx(slow_hac(x, y, fit.lag), abs=1e-10)
    assert fit.beta == pytest.approx(np.linalg.lstsq(x, y, rcond=None)[0])


def test_without_correlation_the_second_error_is_the_plain_one():
    """Residuals that alternate are no autoregression: rho is 0, and the covariance is s2 (X'X)^-1."""
    n = 12
    x = np.column_stack([np.ones(n), np.arange(n) - 5.5])
    y = np.where(np.arange(n) % 2, 1.0, -1.0)
    fit = least_squares(x, y)
    rest = y - x @ fit.beta
    assert fit.rho == 0
    assert fit.ar1 == pytest.approx(rest @ rest / (n - 2) * np.linalg.inv(x.T @ x))


def cases(seed: int, power: float, n: int = 400) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    values = 20 * np.arange(1, n + 1) ** power * np.exp(0.5 * rng.standard_normal(n))
    return np.rint(values), GO_LIVE.to_datetime64() + np.arange(n) * np.timedelta64(12, "h")


def test_a_planted_learning_curve_is_recovered():
    """A fifth less each time the number of cases doubles: Wright's 80 % curve."""
    found = [learning("time", GO_LIVE, *cases(seed, np.log2(0.8))) for seed in range(60)]
    assert sum(f.low <= 0.8 <= f.high for f in found) >= 53
    assert all(f.finding == "faster" for f in found)
    assert found[0].first > found[0].last


def test_no_learning_is_told_from_chance_where_there_is_none():
    found = [learning("time", GO_LIVE, *cases(seed, 0.0)) for seed in range(100)]
    assert sum(f.finding != "none" for f in found) <= 12
    told = next(f for f in found if f.finding == "none")
    assert isinstance(told, Learning)
    assert "no learning that can be told from chance" in told.text("en")


def test_a_learning_curve_needs_cases_and_something_to_learn():
    values, arrival = cases(1, 0.0, 79)
    assert isinstance(learning("time", GO_LIVE, values, arrival), NotRecorded)
    assert isinstance(learning("time", GO_LIVE, np.zeros(200), cases(1, 0.0, 200)[1]), NotRecorded)
