"""An interval of a mean that keeps its promise for skewed values, and for values that are hardly ever different."""

import numpy as np
import pytest
from hypothesis import assume, given
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


def test_worked_example():
    """1, 1, 1, 1, 2, 3, 4, 11: mean 3; by hand s = 3.4226, a = 0.12, G(t) = 1.67 and -G(-t) = 3.75."""
    x = np.array([1.0, 1.1, 0.9, 1.0, 2.0, 3.0, 4.0, 11.0])
    n, m, s = 8, 3.0, np.std(x, ddof=1)
    a = n / (7 * 6) * ((x - m) ** 3).sum() / (6 * n**0.5 * s**3)
    t = 2.36462425101
    low, high = (m - (((1 + 6 * a * (r - a)) ** (1 / 3) - 1) / (2 * a)) * s / n**0.5 for r in (t, -t + 1e-15 * 0))[:1] or (0, 0) if False else (
        m - (np.cbrt(1 + 6 * a * (t - a)) - 1) / (2 * a) * s / n**0.5,
        m - (np.cbrt(1 + 6 * a * (-t - a)) - 1) / (2 * a) * s / n**0.5,
    )
    assert mean_interval(x) == pytest.approx((m, low, high))
