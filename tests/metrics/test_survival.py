"""Quantiles of durations that are not all over: by hand, against a known distribution, and without any open ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowaudit.metrics import median_interval, quantile_interval, time_summary


def by_hand(x, censored, q):
    """Kaplan and Meier with fractions on paper: at each end the share still there falls by d / n."""
    left = 1.0
    ends = sorted({v for v, c in zip(x, censored, strict=True) if not c})
    for k, moment in enumerate(ends):
        at_risk = sum(v >= moment for v in x)
        done = sum(v == moment and not c for v, c in zip(x, censored, strict=True))
        left *= 1 - done / at_risk
        if left <= 1 - q + 1e-12:
            level = abs(left - (1 - q)) <= 1e-12 and k + 1 < len(ends)
            return (moment + ends[k + 1]) / 2 if level else moment
    return np.nan


def test_the_worked_example():
    """1, 2+, 3, 4 (2 is open): S falls to 3/4 at 1, to 3/4 * 1/2 = 3/8 at 3, to 0 at 4: median 3, 90th percentile 4.

    Dropping the open case would say 3, too, but of 1, 3, 4; counting it as ended at 2 would say 2.5.
    """
    found = time_summary([1, 2, 3, 4], [False, True, False, False])
    assert (found.n, found.open, found.median, found.p90, found.method) == (4, 1, 3, 4, "kaplan_meier")


def test_what_is_open_at_a_moment_is_still_there_at_it():
    """2 ends and 2+ is open: both are at risk at 2, so S = 2/3, then 0 at 5."""
    assert time_summary([2, 2, 5], [False, True, False]).median == 5


durations = st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=1, max_size=30)


@given(durations)
def test_the_median_and_the_ninetieth_agree_with_the_hand(drawn):
    x, censored = map(np.array, zip(*drawn, strict=True))
    found = time_summary(x, censored)
    if censored.any() and not censored.all():
        assert found.median == pytest.approx(by_hand(x, censored, 0.5), nan_ok=True)
        assert found.p90 == pytest.approx(by_hand(x, censored, 0.9), nan_ok=True)


@given(st.lists(st.integers(0, 12), min_size=1, max_size=30))
def test_without_open_cases_the_plain_quantiles(x):
    found = time_summary(x, [False] * len(x))
    assert (found.median, found.p90, found.method) == (np.median(x), pytest.approx(np.quantile(x, 0.9)), "sample")
    assert found.median == pytest.approx(by_hand(x, [False] * len(x), 0.5)), (
        "Kaplan and Meier's median is the plain one"
    )
    assert min(x) <= found.low <= found.median <= found.high <= max(x)
    assert found.p90_low <= found.p90_high


def test_a_planted_exponential_is_found_within_its_own_interval():
    """Median of an exponential of mean 20 is 20 ln 2 = 13.86, the 90th percentile 20 ln 10 = 46.05; a third is open."""
    rng = np.random.default_rng(3)
    inside = []
    for _run in range(60):
        true, cut = rng.exponential(20, 800), rng.exponential(40, 800)
        found = time_summary(np.minimum(true, cut), true > cut)
        assert 0.25 < found.open / found.n < 0.42
        inside.append((found.low <= 20 * np.log(2) <= found.high, found.p90_low <= 20 * np.log(10) <= found.p90_high))
        assert found.high - found.low < 5, "too wide to prove anything"
    # Of 60 intervals of 95 % fewer than 51 hold the truth once in two thousand tries.
    assert np.sum(inside, axis=0).min() >= 51
    true, cut = rng.exponential(20, 40_000), rng.exponential(40, 40_000)
    found = time_summary(np.minimum(true, cut), true > cut)
    assert found.median == pytest.approx(20 * np.log(2), rel=0.02)
    dropped = np.median(true[true <= cut])
    assert dropped < 0.75 * found.median, "dropping open cases makes an office look a third faster than it is"


def test_a_quantile_beyond_what_was_observed_is_not_known():
    found = time_summary([1, 5, 5, 5], [False, True, True, True])
    assert np.isnan(found.median)
    assert np.isnan(found.p90)
    assert found.open == 3
    assert np.isnan(time_summary([3, 4], [True, True]).median)
    assert time_summary([]).n == 0
    assert time_summary([np.nan, 2.0]).median == 2


def test_the_bootstrap_is_the_bootstrap():
    """Beta order statistics against resampling the sample ten thousand times."""
    rng = np.random.default_rng(1)
    x = rng.gamma(2, 5, 37)
    for q in (0.5, 0.9):
        plain = np.quantile(rng.choice(x, (10_000, len(x))), q, axis=1)
        expected = np.quantile(plain, [0.025, 0.975])
        assert quantile_interval(x, q, resamples=10_000) == pytest.approx(tuple(expected), rel=0.06)
    assert quantile_interval(x, 0.5, resamples=10_000) == pytest.approx(median_interval(x, resamples=10_000), rel=0.06)
