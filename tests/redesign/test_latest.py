"""The latest of independent durations, against what is known of it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from processes import constant, exponential

from flowaudit.process import GRID, mean
from flowaudit.redesign.latest import latest, part


def test_the_later_of_two_exponential_delays():
    """E max = a + b - 1 / (1/a + 1/b) = 1 + 2 - 2/3."""
    assert mean(latest([exponential(1.0), exponential(2.0)])) == pytest.approx(7 / 3, rel=5e-4)


def test_the_last_of_three():
    """1 + 1/2 + 1/3."""
    assert mean(latest([exponential(1.0)] * 3)) == pytest.approx(11 / 6, rel=5e-4)


def test_quantiles_are_those_of_the_product():
    """P(max <= x) = (1 - e^-x)^2, so its 25 % point is -ln(1 - 1/2)."""
    table = latest([exponential(1.0), exponential(1.0)])
    assert table[GRID == 0.25][0] == pytest.approx(np.log(2.0), rel=0.01)


def test_what_many_have_exactly_stays_exact():
    """Half are 0 and half are 4: both are 0 in a quarter of the cases."""
    half = np.where(GRID <= 0.5, 0.0, 4.0)
    table = latest([half, half])
    assert (table[GRID <= 0.25] == 0.0).all()
    assert table[GRID >= 0.4] == pytest.approx(4.0, rel=0.02)


def test_a_certain_delay_is_the_least():
    assert latest([constant(3.0), constant(1.0)]) == pytest.approx(3.0)
    assert mean(latest([exponential(1.0), constant(1.0)])) == pytest.approx(1.0 + np.exp(-1.0), rel=1e-3)


def test_one_alone_is_itself():
    assert latest([exponential(2.0)]) is not None
    assert np.array_equal(latest([exponential(2.0)]), exponential(2.0))


tables = st.lists(st.floats(0.0, 100.0), min_size=3, max_size=8).map(
    lambda values: np.interp(GRID, np.linspace(0.0, 1.0, len(values)), np.sort(values))
)


@settings(max_examples=40, deadline=None)
@given(tables, tables)
def test_it_is_never_shorter_than_either_nor_longer_than_both(a, b):
    table = latest([a, b])
    assert (np.diff(table) >= -1e-9).all()
    assert mean(table) >= max(mean(a), mean(b)) - 1e-6 - 2e-3 * mean(table)
    assert mean(table) <= mean(a) + mean(b) + 1e-6


def test_the_parts_of_a_table_make_the_whole():
    table = exponential(2.0)
    assert np.mean([mean(part(table, band)) for band in range(4)]) == pytest.approx(2.0, rel=1e-3)
    assert part(table, -1) is table
