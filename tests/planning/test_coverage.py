"""A short version of `bench coverage`: 95 % intervals contain the truth, in loose bounds, on the bench's own processes."""

import sys
from pathlib import Path

import numpy as np
import pytest

BENCH = str(Path(__file__).parents[2] / "bench")


@pytest.fixture(scope="module")
def known():
    """The bench's experiments; its folder must not stay on the path, where coverage.py would pass for the package."""
    sys.path.insert(0, BENCH)
    try:
        from known import experiments
    finally:
        sys.path.remove(BENCH)
    return experiments


def coverages(experiment, repetitions, replications):
    return {name: tally.coverage for name, tally in experiment.repeated(repetitions, replications, seed=5).items()}


def test_intervals_of_evaluate_hold_the_exact_value(known):
    """Paired difference, bounds and reductions where nobody waits for anybody: 200 experiments, seven quantities."""
    found = coverages(known.delays(cases=40), 200, 15)
    assert len(found) == 7
    assert all(0.89 < share <= 0.995 for share in found.values()), found
    assert 0.93 < np.mean(list(found.values())) < 0.98


def test_intervals_in_a_queue_hold_what_theory_says(known):
    """M/M/1: the mean stay after, and the reduction of the mean stay, which is no mean of ratios."""
    found = coverages(known.queue(load=0.4, cases=80, skip=40, long=100), 100, 15)
    assert all(0.86 < found[name] <= 1.0 for name in ("after mean", "reduction mean")), found


def test_intervals_of_shares_hold_the_exact_value(known):
    found = coverages(known.attributed(cases=35), 50, 15)
    assert len(found) == 12
    assert all(share > 0.82 for share in found.values()), found
    assert 0.92 < np.mean(list(found.values())) < 0.99


def test_the_truth_is_not_what_was_simulated(known):
    """An interval that claims to know too much is found out: of ten times the precision, it holds a fifth."""
    tally = known.Tally(0.0, "theory")
    rng = np.random.default_rng(0)
    for value in rng.normal(0.0, 1.0, 1000):
        tally.add(value - 0.196, value + 0.196)
    assert 0.12 < tally.coverage < 0.19
    assert tally.below + tally.above + tally.held == 1000


def test_expected_quantiles_are_those_of_many_draws(known):
    """Three cases on their own: P(X <= 0, 1, 2) = (0.5, 0.8, 1), (0.1, 0.9, 1), (0.3, 0.3, 1)."""
    at_most = np.array([[0.5, 0.8, 1.0], [0.1, 0.9, 1.0], [0.3, 0.3, 1.0]])
    u = np.random.default_rng(0).random((100_000, 3))
    x = (u[:, :, None] > at_most[None]).sum(axis=2)
    assert known.truth.expected(at_most, "mean") == pytest.approx(x.mean(), abs=0.01)
    assert known.truth.expected(at_most, "median") == pytest.approx(np.median(x, axis=1).mean(), abs=0.01)
    assert known.truth.expected(at_most, "p90") == pytest.approx(np.quantile(x, 0.9, axis=1).mean(), abs=0.01)
