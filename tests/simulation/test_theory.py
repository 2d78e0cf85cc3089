"""Queueing theory: simulated means lie within their own intervals of the exact ones, and the intervals are narrow.

Every replication has arrivals and luck of its own, so that their means are independent.
"""

from __future__ import annotations

from math import factorial

import numpy as np
import pytest
from processes import (
    ALWAYS,
    CALENDAR,
    MONDAY,
    Path,
    Station,
    constant,
    exponential,
    fork_join,
    line,
    network,
    poisson,
    second_moment,
)
from scipy import stats

from flowaudit.process import Batch, family, weekly
from flowaudit.process.quantiles import mean
from flowaudit.simulation import simulate

WARM_UP_DAYS = 14


def replicate(process, rate, cases, *measures, replications=20):
    """Return one row for each measure, one column for each replication."""
    found = []
    for k in range(replications):
        runs = simulate(
            process, arrivals=poisson(rate, cases, k), replications=1, seed=k, warm_up_days=WARM_UP_DAYS, calendar=CALENDAR
        )  # fmt: skip
        found.append([measure(runs.runs[0]) for measure in measures])
    return np.array(found).T


def assert_mean(values, expected, *, narrow=0.05):
    """The 99.9 % interval of the mean holds ``expected``, and is narrow."""
    n = len(values)
    half_width = stats.t.ppf(0.9995, df=n - 1) * np.std(values, ddof=1) / np.sqrt(n)
    assert half_width < narrow * expected, "too noisy to prove anything"
    assert np.mean(values) == pytest.approx(expected, abs=half_width)


def wait(run, node=0):
    """Mean time in the queue of a node."""
    return (run.start - run.ready)[run.node == node].mean()


def cycle(run):
    """Mean time from a case's arrival to its end; the first step is ready when the case arrives."""
    arrived = np.minimum.reduceat(run.ready, run.case_ptr[:-1])
    return (np.maximum.reduceat(run.end, run.case_ptr[:-1]) - arrived).mean()


def response(run):
    """Mean time from a case's arrival to its join, the last node of a fork."""
    arrived = np.minimum.reduceat(run.ready, run.case_ptr[:-1])
    return (run.start[run.node == run.node.max()] - arrived).mean()


def waits(run):
    """Share of those who wait at all."""
    return ((run.start - run.ready) > 1e-9).mean()


def busy(run, people):
    """Share of the time from the first arrival to the last in which people are at work."""
    begin, end = run.ready.min(), run.ready.max()
    return (np.minimum(run.end, end) - np.minimum(run.start, end)).sum() / (end - begin) / people


def erlang_c(servers, load):
    """Probability that an arrival waits (M/M/c, ``load`` erlangs)."""
    last = load**servers / factorial(servers) * servers / (servers - load)
    return last / (sum(load**k / factorial(k) for k in range(servers)) + last)


@pytest.mark.parametrize("cv", [0.5, 1.0, 1.5])
@pytest.mark.parametrize("name", ["lognormal", "gamma"])
def test_tables_have_the_moments_theory_is_about(name, cv):
    table = family(name, mean=0.1, cv=cv)
    assert mean(table) == pytest.approx(0.1)
    assert second_moment(table) == pytest.approx(0.01 * (1 + cv**2), rel=0.03)


@pytest.mark.parametrize("rho", [0.5, 0.8])
def test_one_server(rho):
    """M/M/1: Wq = rho / (mu - lambda); a share rho waits (PASTA) and of the time the server is busy (utilisation law)."""
    mu = 10.0
    process = line(Station("desk", exponential(1 / mu)))
    waiting, waited, at_work = replicate(process, rho * mu, 60_000, wait, waits, lambda run: busy(run, 1))
    assert_mean(waiting, rho / (mu - rho * mu))
    assert_mean(waited, rho, narrow=0.02)
    assert_mean(at_work, rho, narrow=0.02)


def test_the_wait_of_one_server_is_exponential_with_an_atom():
    """M/M/1: P(W > t) = rho exp(-(mu - lambda) t)."""
    rho, mu = 0.7, 10.0
    process = line(Station("desk", exponential(1 / mu)))
    limits = np.array([0.1, 0.3, 0.6])
    rows = replicate(process, rho * mu, 60_000, *[lambda r, t=t: (r.start - r.ready > t).mean() for t in limits])
    for row, expected in zip(rows, rho * np.exp(-(mu - rho * mu) * limits), strict=True):
        assert_mean(row, expected, narrow=0.08)


@pytest.mark.parametrize(("servers", "rho", "cases"), [(2, 0.8, 80_000), (5, 0.8, 80_000), (8, 0.8, 150_000)])
def test_several_servers(servers, rho, cases):
    """M/M/c: Wq = C(c, a) / (c mu - lambda) (Erlang C)."""
    mu = 10.0
    rate, load = rho * servers * mu, rho * servers
    process = line(Station("desk", exponential(1 / mu), servers=servers))
    waiting, waited, at_work = replicate(process, rate, cases, wait, waits, lambda run: busy(run, servers))
    assert_mean(waiting, erlang_c(servers, load) / (servers * mu - rate))
    assert_mean(waited, erlang_c(servers, load), narrow=0.03)
    assert_mean(at_work, rho, narrow=0.02)


@pytest.mark.parametrize(
    "table",
    [family("lognormal", mean=0.1, cv=0.8), family("gamma", mean=0.1, cv=1.4), constant(0.1), family("uniform", low=0.0, high=0.2)],
    ids=["lognormal", "gamma", "M/D/1", "uniform"],
)  # fmt: skip
def test_any_work_at_one_server(table):
    """M/G/1: Wq = lambda E[S^2] / (2 (1 - rho)) (Pollaczek, Khinchine)."""
    rate = 7.0
    (waiting,) = replicate(line(Station("desk", table)), rate, 60_000, wait)
    assert_mean(waiting, rate * second_moment(table) / (2 * (1 - rate * mean(table))))


def two_classes(**by_class):
    """One server, two kinds of cases: 3 an hour of 0.1 h, and 4 an hour of 0.12 h."""
    works = {"a": exponential(0.1), "b": family("gamma", mean=0.12, cv=0.7)}
    discipline = "priority" if "priority" in by_class else "deadline" if "due_h" in by_class else "fifo"
    given = {name: dict(zip("ab", values, strict=True)) for name, values in by_class.items()}
    paths = [
        Path(("desk",), weight, kind, **{name: values[kind] for name, values in given.items()})
        for kind, weight in (("a", 3.0), ("b", 4.0))
    ]
    rates, tables = np.array([3.0, 4.0]), [works["a"], works["b"]]
    load = rates * [mean(t) for t in tables]
    residual = float((rates * [second_moment(t) for t in tables]).sum() / 2)
    return network([Station("desk", works, discipline=discipline)], paths), load, residual


def wait_of(kind):
    return lambda run: (run.start - run.ready)[run.template == kind].mean()


def test_two_classes_by_priority():
    """Non-preemptive: W1 = R / (1 - rho1), W2 = R / ((1 - rho1)(1 - rho1 - rho2)) (Cobham 1954)."""
    process, load, residual = two_classes(priority=(0.0, 1.0))
    first, second = replicate(process, 7.0, 100_000, wait_of(0), wait_of(1))
    assert_mean(first, residual / (1 - load[0]), narrow=0.02)
    assert_mean(second, residual / ((1 - load[0]) * (1 - load.sum())))


def test_priority_goes_by_number_not_by_place():
    process, load, residual = two_classes(priority=(5.0, -2.0))
    first, second = replicate(process, 7.0, 100_000, wait_of(0), wait_of(1))
    assert_mean(second, residual / (1 - load[1]), narrow=0.02)
    assert_mean(first, residual / ((1 - load[1]) * (1 - load.sum())))


def test_two_classes_by_deadline():
    """Whatever the order: rho1 W1 + rho2 W2 = rho R / (1 - rho) (Kleinrock's conservation law); the more urgent waits less."""
    process, load, residual = two_classes(due_h=(0.5, 1.5))
    first, second = replicate(process, 7.0, 100_000, wait_of(0), wait_of(1))
    assert_mean(load[0] * first + load[1] * second, load.sum() * residual / (1 - load.sum()))
    assert (second - first).min() > 0.1


def test_first_come_first_served_knows_no_classes():
    process, load, residual = two_classes()
    first, second = replicate(process, 7.0, 100_000, wait_of(0), wait_of(1))
    assert_mean(first, residual / (1 - load.sum()))
    assert_mean(second, residual / (1 - load.sum()))


def test_a_network_with_branches_and_feedback():
    """Jackson: each station is an M/M/c of its own; the fixed paths keep the product form (Kelly 1975).

    a, then b (0.4) or c (0.6), and from either back to a with probability 0.2; at most eight rounds.
    """
    rate, servers, mu = 6.0, {"a": 1, "b": 2, "c": 3}, {"a": 11.5, "b": 2.3, "c": 2.4}
    paths, visits, total = [], dict.fromkeys("abc", 0.0), 0.0
    ways: list[tuple[tuple[str, ...], float]] = [((), 1.0)]
    for _round in range(8):
        ways = [((*way, "a", d), p * share) for way, p in ways for d, share in (("b", 0.4), ("c", 0.6))]
        paths += [Path(way, 0.8 * p) for way, p in ways]
        ways = [(way, 0.2 * p) for way, p in ways]
    for path in paths:
        total += path.weight
        for name in path.steps:
            visits[name] += path.weight
    assert total == pytest.approx(1.0, abs=1e-5)
    expected_cycle = 0.0
    process = network([Station(k, exponential(1 / mu[k]), servers=servers[k]) for k in "abc"], paths)
    found = replicate(process, rate, 50_000, *[lambda r, n=n: wait(r, n) for n in range(3)], cycle)
    for name, waiting in zip("abc", found, strict=False):
        through, c = rate * visits[name] / total, servers[name]
        expected = erlang_c(c, through / mu[name]) / (c * mu[name] - through)
        assert_mean(waiting, expected)
        expected_cycle += visits[name] / total * (expected + 1 / mu[name])
    assert_mean(found[3], expected_cycle, narrow=0.03)


@pytest.mark.parametrize("rho", [0.4, 0.8])
def test_a_fork_with_two_servers(rho):
    """Two M/M/1 that every case enters at once: E[R] = (12 - rho) / 8 / (mu - lambda) (Flatto and Hahn 1984)."""
    mu = 10.0
    process = fork_join(Station("a", exponential(1 / mu)), Station("b", exponential(1 / mu)))
    (found,) = replicate(process, rho * mu, 60_000, response)
    assert_mean(found, (12 - rho) / 8 / (mu - rho * mu))


def test_a_fork_with_four_servers_lies_between_its_bounds():
    """One of them alone below, four that know nothing of each other above; near Nelson and Tantawi (1988)."""
    rho, mu, k = 0.7, 10.0, 4
    process = fork_join(*[Station(f"s{j}", exponential(1 / mu)) for j in range(k)])
    (found,) = replicate(process, rho * mu, 40_000, response)
    alone, harmonic = 1 / (mu - rho * mu), sum(1 / j for j in range(1, k + 1))
    assert alone < found.mean() < harmonic * alone
    share = harmonic / 1.5
    assert found.mean() == pytest.approx(
        (share + (1 - share) * 4 * rho / 11) * (12 - rho) / 8 * alone, rel=0.05
    )  # fmt: skip


def test_batches_of_a_size():
    """The j-th of k waits for k - j more arrivals: on average (k - 1) / (2 lambda)."""
    rate, k = 2.0, 5
    process = line(Station("board", constant(0.0), servers=0, batch=Batch("size", size=k)))
    found = []
    for seed in range(20):
        arrivals = poisson(rate, 5_000, seed)
        run = simulate(process, arrivals=arrivals, replications=1, seed=seed, calendar=CALENDAR).runs[0]
        arrived = (arrivals - run.origin.astype("datetime64[us]")) / np.timedelta64(1, "h")
        found.append((run.ready - arrived).mean())
    assert_mean(np.array(found), (k - 1) / (2 * rate), narrow=0.02)


def test_a_weekly_meeting():
    """Who comes at any time waits half a week on average, uniformly from 0 to 168 hours."""
    process = line(Station("meeting", None, servers=0, gate=weekly({2: [(14, 14.5)]})))
    found = []
    for seed in range(20):
        arrivals = poisson(1.0, 4_000, seed, start=MONDAY)
        whole = arrivals < MONDAY + np.timedelta64(20 * 168, "h")
        run = simulate(process, arrivals=arrivals[whole], replications=1, seed=seed, calendar=CALENDAR).runs[0]
        waited = run.ready - (arrivals[whole] - run.origin.astype("datetime64[us]")) / np.timedelta64(1, "h")
        found.append(waited.mean())
        assert waited.min() >= 0.0
        assert waited.max() < 168.0
    assert_mean(np.array(found), 84.0, narrow=0.02)


def test_nobody_is_needed_nobody_waits():
    """M/G/infinity: a case takes its work, and Poisson many are at work (variance = mean = lambda E[S])."""
    rate, hours = 5.0, 2.0
    process = line(Station("desk", family("lognormal", mean=hours, cv=1.0), servers=0, calendar=ALWAYS))

    def counts(run):
        moments = np.arange(run.ready.min() + 50.0, run.ready.max() - 50.0, 37.0)
        begun, ended = np.sort(run.start), np.sort(run.end)
        return np.searchsorted(begun, moments) - np.searchsorted(ended, moments)

    average, spread = replicate(process, rate, 30_000, lambda r: counts(r).mean(), lambda r: counts(r).var(ddof=1))
    assert_mean(average, rate * hours, narrow=0.03)
    assert_mean(spread, rate * hours, narrow=0.15)
