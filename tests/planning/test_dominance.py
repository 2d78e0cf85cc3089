"""Dominance on paired replications: clear cases by hand, luck, the indifference zone, and its laws."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from flowaudit.planning.dominance import beaten, confident, representatives


def sharp(*rows):
    """Portfolios without luck: three equal replications of every objective."""
    return np.repeat(np.array(rows, float)[:, :, None], 3, axis=2)


def test_who_is_nowhere_worse_and_somewhere_better_wins():
    values = sharp((1, 1), (2, 1), (1, 2), (2, 2), (0.5, 3))
    out = beaten(values, np.zeros((5, 0)), np.zeros(2))
    assert out.tolist() == [False, True, True, True, False]


def test_equals_do_not_beat_each_other():
    assert not beaten(sharp((1, 1), (1, 1)), np.zeros((2, 0)), np.zeros(2)).any()


def test_a_difference_within_the_zone_neither_wins_nor_saves():
    values = sharp((10.0, 5.0), (10.4, 5.0), (10.4, 9.0))
    out = beaten(values, np.zeros((3, 0)), np.array([0.5, 0.5]))
    assert out.tolist() == [False, False, True]


def test_what_costs_less_stays():
    values = sharp((1, 1), (5, 5))
    assert beaten(values, np.array([[10.0], [0.0]]), np.zeros(2)).tolist() == [False, False]
    assert beaten(values, np.array([[0.0], [0.0]]), np.zeros(2)).tolist() == [False, True]
    assert beaten(sharp((1, 1), (1, 1)), np.array([[3.0], [4.0]]), np.zeros(2)).tolist() == [False, True]


def test_luck_alone_beats_nobody():
    """Ten replications of the same office twice: at 95 % each, few wrong verdicts on two one-sided bounds and four objectives."""
    rng = np.random.default_rng(1)
    wrong = 0
    for _trial in range(300):
        values = rng.normal(0.0, 1.0, (2, 4, 10))
        wrong += beaten(values, np.zeros((2, 0)), np.zeros(4)).any()
    assert wrong < 0.05 * 300


def test_common_luck_is_taken_out():
    rng = np.random.default_rng(2)
    shared = rng.normal(0.0, 5.0, (1, 2, 8))
    values = np.concatenate([shared, shared + 0.3])
    assert beaten(values, np.zeros((2, 0)), np.full(2, 0.1)).tolist() == [False, True]


def test_one_replication_decides_nothing_unless_it_is_exact():
    low, high = confident(np.array([[[0.0], [1.0]]]), 0.95)
    assert (low[0, 0], high[0, 0]) == (0.0, 0.0)
    assert (low[0, 1], high[0, 1]) == (-np.inf, np.inf)


def test_the_bounds_are_students():
    differences = np.array([[[1.0, 2.0, 3.0, 4.0]]])
    low, high = confident(differences, 0.95)
    half = 2.353363 * np.std([1, 2, 3, 4], ddof=1) / 2
    assert np.allclose([low[0, 0], high[0, 0]], [2.5 - half, 2.5 + half], atol=1e-5)


@settings(max_examples=60, deadline=None)
@given(arrays(float, (7, 3), elements=st.integers(0, 5).map(float)))
def test_without_luck_and_zone_it_is_the_pareto_front(rows):
    out = beaten(sharp(*rows), np.zeros((7, 0)), np.zeros(3))
    for p in range(7):
        dominated = any((rows[q] <= rows[p]).all() and (rows[q] < rows[p]).any() for q in range(7))
        assert out[p] == dominated


@settings(max_examples=40, deadline=None)
@given(arrays(float, (6, 2, 4), elements=st.floats(0, 10)), st.floats(0, 3))
def test_somebody_always_stays(values, zone):
    out = beaten(values, np.zeros((6, 0)), np.full(2, zone))
    assert not out.all()
    assert representatives(values.mean(axis=2), np.zeros((6, 0)), np.full(2, zone), np.arange(6)).any()


def test_of_several_that_hardly_differ_the_smallest_stays():
    values = np.array([[10.0], [10.2], [12.0]])
    keep = representatives(values, np.zeros((3, 0)), np.array([0.5]), np.array([3, 1, 2]))
    assert keep.tolist() == [False, True, True]
    dear = representatives(values, np.array([[0.0], [9.0], [0.0]]), np.array([0.5]), np.array([3, 1, 2]))
    assert dear.tolist() == [True, True, True]
