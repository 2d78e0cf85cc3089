"""Wilson's interval: against SciPy's, and what must hold of any interval."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from flowaudit.metrics import wilson


@pytest.mark.parametrize(("k", "n"), [(0, 1), (1, 1), (0, 400), (3, 30), (15, 30), (29, 30), (1262, 1487)])
def test_equals_scipy(k, n):
    expected = binomtest(k, n).proportion_ci(method="wilson")
    assert wilson(k, n) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_numbers_of_the_domain_paper():
    """0 of 400 give at most 0.95 %, 0 of 100 still 3.7 %."""
    assert wilson(0, 400)[1] == pytest.approx(0.0095, abs=5e-5)
    assert wilson(0, 100)[1] == pytest.approx(0.037, abs=5e-4)


def test_nothing_known_is_anything():
    assert wilson(0, 0) == (0.0, 1.0)


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_laws(pair):
    k, n = pair
    low, high = wilson(k, n)
    assert 0.0 <= low <= k / n + 1e-12
    assert k / n - 1e-12 <= high <= 1.0
    mirrored = wilson(n - k, n)
    assert (1 - mirrored[1], 1 - mirrored[0]) == pytest.approx((low, high))
    more = wilson(10 * k, 10 * n)
    assert more[1] - more[0] < high - low
