"""An interval of a mean that keeps its promise for skewed values, and for values that are hardly ever different."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from flowaudit.metrics import mean_interval

SAMPLES = st.lists(st.integers(-1000, 1000), min_size=5, max_size=40).map(lambda x: np.array(x, float))


def coverage(draw, truth, n=30, experiments=2000, seed=0):
    rng = np.random.default_rng(seed)
    found = [mean_interval(draw(rng, n))[1:] for _k in range(experiments)]
    return np.mean([low <= truth <= high for low, high in found])


def test_without_skewness_it_is_student_s():
    values = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    half = stats.t.ppf(0.975, 4) * np.std(values, ddof=1) / 5**0.5
    assert mean_interval(values) == pytest.approx((0.0, -half, half))


def test_a_worked_example():
    """0, 1, 2, 9: mean 3, variance 50/3, third moment 120, so a = 0.147; with t = 3.182 the bends are 1.849 and -7.642."""
    assert mean_interval(np.array([0.0, 1.0, 2.0, 9.0])) == pytest.approx((3.0, -0.774, 18.599), abs=1e-3)


def test_one_value_says_nothing_of_its_spread():
    assert mean_interval(np.array([5.0])) == (5.0, -np.inf, np.inf)


def test_what_never_varies_is_a_point():
    assert mean_interval(np.full(10, 4.0)) == (4.0, 4.0, 4.0)


@settings(max_examples=50)
@given(SAMPLES, st.floats(-50, 50), st.floats(0.1, 10))
def test_it_moves_and_stretches_with_the_values(x, shift, scale):
    assume(np.ptp(x) > 0)
    mean, low, high = mean_interval(x)
    moved = mean_interval(shift + scale * x)
    assert moved == pytest.approx([shift + scale * v for v in (mean, low, high)], rel=1e-6, abs=1e-6)


@settings(max_examples=50)
@given(SAMPLES)
def test_mirrored_values_have_the_mirrored_interval(x):
    mean, low, high = mean_interval(x)
    assert mean_interval(-x) == pytest.approx((-mean, -high, -low), abs=1e-9)
    assert low <= mean <= high


@settings(max_examples=50)
@given(SAMPLES)
def test_more_confidence_needs_a_longer_interval(x):
    _mean, low, high = mean_interval(x, 0.95)
    _mean, lower, higher = mean_interval(x, 0.99)
    assert lower <= low
    assert high <= higher


def test_skewed_values_are_held_as_often_as_promised():
    """Gamma with skewness 3.5, as waiting in a busy office has: Student's interval holds 90 %, this one 95."""
    draw, truth = (lambda rng, n: rng.gamma(1 / 3, 1.0, n)), 1 / 3
    assert 0.935 < coverage(draw, truth) < 0.97
    rng = np.random.default_rng(0)
    x = np.array([draw(rng, 30) for _k in range(2000)])
    half = stats.t.ppf(0.975, 29) * x.std(axis=1, ddof=1) / 30**0.5
    assert np.mean(abs(x.mean(axis=1) - truth) <= half) < 0.92


def test_normal_values_lose_nothing():
    assert 0.935 < coverage(lambda rng, n: rng.normal(0.0, 1.0, n), 0.0) < 0.965


def test_values_that_agree_by_chance_are_not_believed():
    """Twelve in nine replications of ten, thirteen in the others: one experiment in three sees no thirteen among ten."""
    rng, sd = np.random.default_rng(1), 0.3
    anew = np.where(np.random.default_rng(2).random(200) < 0.1, 13.0, 12.0)
    plain, better = [], []
    for _experiment in range(2000):
        x = np.where(rng.random(10) < 0.1, 13.0, 12.0)
        plain.append(mean_interval(x))
        better.append(mean_interval(x, reshuffled=anew))
    assert np.mean([low <= 12.1 <= high for _m, low, high in plain]) < 0.7
    assert np.mean([low <= 12.1 <= high for _m, low, high in better]) > 0.92
    agreeing = mean_interval(np.full(10, 12.0), reshuffled=anew)
    assert agreeing[2] - 12.0 == pytest.approx(1.96 * sd / 3, rel=0.2)


def test_reshuffled_values_matter_only_where_there_are_few_different_ones():
    x = np.arange(20.0)
    assert mean_interval(x, reshuffled=1000.0 * x) == mean_interval(x)
