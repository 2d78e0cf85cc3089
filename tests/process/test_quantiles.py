"""Quantile tables keep the mean and the atoms of what they were made from."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowaudit.process import draw
from flowaudit.process.quantiles import GRID, blend, mean, table

samples = st.lists(st.floats(0, 1e4, allow_nan=False), min_size=1, max_size=200).map(np.array)


@given(samples)
def test_a_table_has_the_mean_of_its_sample(values):
    assert mean(table(values)) == pytest.approx(values.mean(), rel=1e-6, abs=1e-6)


@given(samples)
def test_a_table_never_falls(values):
    assert (np.diff(table(values)) >= -1e-9).all()


def test_zeros_stay_zeros():
    values = np.r_[np.zeros(80), np.full(20, 10.0)]
    u = np.random.default_rng(1).random(20_000)
    drawn = draw(table(values)[None, :], np.zeros(len(u), np.int64), u)
    assert (drawn == 0).mean() == pytest.approx(0.8, abs=0.06)
    assert drawn.mean() == pytest.approx(2.0, rel=0.05)


def test_no_table_draws_nothing():
    u = np.array([0.5, 0.5])
    assert draw(np.full((1, len(GRID)), 4.0), np.array([-1, 0]), u).tolist() == [0.0, 4.0]


def test_few_values_count_little():
    fine, coarse = np.full(len(GRID), 10.0), np.zeros(len(GRID))
    assert blend(fine, coarse, 10)[0] == pytest.approx(5.0)
    assert blend(fine, coarse, 990)[0] == pytest.approx(9.9)
