"""The compiled event loop: against SimPy on the same draws (exact), against its own Python source, against theory."""

import numpy as np
import pytest
import simpy
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from flowaudit.simulation import _kernels

ALWAYS = np.arange(0.0, 200_001.0)
"""An office that never closes: operational time is wall-clock time."""


def single_step(arrival, work, capacity, *, run=_kernels.run, open_hours=ALWAYS):
    """Cases of one step each, queueing for one pool."""
    n = len(arrival)
    zero = np.zeros(n, np.int64)
    return run(
        np.arange(n + 1), arrival, zero, np.zeros(n + 1, np.int64), np.zeros(0, np.int64), zero, np.zeros(n), work, zero,
        ALWAYS[None, :], open_hours, np.array([capacity]),
    )  # fmt: skip


def simpy_starts(arrival, work, capacity):
    env = simpy.Environment()
    desk = simpy.Resource(env, capacity)
    starts = np.zeros(len(arrival))

    def case(i):
        yield env.timeout(arrival[i])
        with desk.request() as turn:
            yield turn
            starts[i] = env.now
            yield env.timeout(work[i])

    for i in range(len(arrival)):
        env.process(case(i))
    env.run()
    return starts


@pytest.mark.parametrize("capacity", [1, 2, 5])
def test_same_starts_as_simpy_on_the_same_draws(capacity):
    rng = np.random.default_rng(capacity)
    arrival = np.cumsum(rng.exponential(1.0, 3_000))
    work = rng.exponential(0.9 * capacity, 3_000)
    _enabled, start, end, place = single_step(arrival, work, capacity)
    np.testing.assert_allclose(start, simpy_starts(arrival, work, capacity), rtol=0, atol=1e-6)
    np.testing.assert_allclose(end - start, work, atol=1e-6)
    assert set(place) == set(range(capacity))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 3))
def test_compiled_and_plain_python_agree(seed, capacity):
    rng = np.random.default_rng(seed)
    arrival = np.sort(rng.integers(0, 40, 25)).astype(float)
    work = rng.integers(0, 5, 25).astype(float)
    compiled = single_step(arrival, work, capacity)
    plain = single_step(arrival, work, capacity, run=_kernels.run.py_func)
    for a, b in zip(compiled, plain, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(("servers", "load"), [(1, 0.7), (3, 0.8)])
def test_mean_wait_matches_theory_within_its_own_uncertainty(servers, load):
    """M/M/c: Wq = C(c, a) / (c mu - lambda) (Erlang C)."""
    mu, rate = 1.0, load * servers
    a = rate / mu
    terms = [a**k / np.prod(np.arange(1, k + 1)) for k in range(servers)]
    last = a**servers / np.prod(np.arange(1, servers + 1)) / (1 - load)
    expected = last / (sum(terms) + last) / (servers * mu - rate)
    waits = []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        arrival = np.cumsum(rng.exponential(1 / rate, 40_000))
        _e, start, _end, _p = single_step(arrival, rng.exponential(1 / mu, 40_000), servers)
        waits.append((start - arrival)[5_000:].mean())
    half_width = stats.t.ppf(0.9995, df=29) * np.std(waits, ddof=1) / np.sqrt(30)
    assert half_width < 0.1 * expected, "too noisy to prove anything"
    assert np.mean(waits) == pytest.approx(expected, abs=half_width)


def test_area_under_work_in_progress_is_total_time_in_system():
    """Little's law on a finite run is an identity."""
    rng = np.random.default_rng(4)
    arrival = np.cumsum(rng.exponential(1.0, 500))
    _e, _s, end, _p = single_step(arrival, rng.exponential(0.8, 500), 1)
    stamps = np.sort(np.r_[arrival, end])
    inside = np.searchsorted(arrival, stamps[:-1], side="right") - np.searchsorted(
        np.sort(end), stamps[:-1], side="right"
    )
    assert (inside * np.diff(stamps)).sum() == pytest.approx((end - arrival).sum())


def test_work_stops_when_the_office_closes():
    """Open 9-17: three hours of work begun at 16:00 end at 11:00 the next day; what comes at night starts at 9."""
    hours = np.r_[0.0, np.cumsum([9 <= h % 24 < 17 for h in range(24 * 10)])].astype(float)
    _e, start, end, _p = single_step(np.array([16.0, 44.0]), np.array([3.0, 1.0]), 5, open_hours=hours)
    assert start.tolist() == [16.0, 57.0]
    assert end.tolist() == [35.0, 58.0]


def test_a_step_waits_for_all_it_follows():
    """Split into 2 h and 5 h, join: ready at 5; the delay of 1 h follows."""
    case_ptr = np.array([0, 4])
    pending = np.array([0, 1, 1, 2])
    succ_ptr, succ = np.array([0, 2, 3, 4, 4]), np.array([1, 2, 3, 3])
    pool = np.full(4, -1)
    wait, work = np.array([0.0, 0, 0, 1]), np.array([0.0, 2, 5, 0])
    enabled, start, end, _p = _kernels.run(
        case_ptr, np.array([10.0]), pending, succ_ptr, succ, pool, wait, work, np.zeros(4, np.int64), ALWAYS[None, :], ALWAYS,
        np.zeros(0, np.int64),
    )  # fmt: skip
    assert enabled.tolist() == [10, 10, 10, 15]
    assert start.tolist() == [10, 10, 10, 16]
    assert end.tolist() == [10, 12, 15, 16]


@given(st.floats(0, 500), st.integers(0, 2**32 - 1))
@settings(max_examples=50, deadline=None)
def test_inverse_undoes_forward_where_the_office_moves(t, seed):
    rates = np.random.default_rng(seed).uniform(0.01, 5.0, 300)
    cumulative = np.r_[0.0, np.cumsum(rates)]
    assert _kernels.inverse(cumulative, _kernels.forward(cumulative, t)) == pytest.approx(t, abs=1e-6)
