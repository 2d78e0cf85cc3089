"""What a simulation comes to on average: by theory, without simulating."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from flowaudit.process import GRID, mean

Array = npt.NDArray[np.float64]
AT_ONCE = 100
"""Days looked at together."""


def distribution(table: Array) -> Callable[[Array], Array]:
    """P(T <= x) of a time whose quantile function is linear between the knots of a table."""
    return lambda hours: np.interp(hours, table, GRID, left=0.0, right=1.0)


def later(first: Callable[[Array], Array], hours: float) -> Callable[[Array], Array]:
    """P(T + hours <= x)."""
    return lambda x: first(x - hours)


def longest(*times: Callable[[Array], Array]) -> Callable[[Array], Array]:
    """P(max of independent times <= x)."""
    return lambda x: np.prod([t(x) for t in times], axis=0)


def working_days(arrivals: npt.NDArray[np.datetime64], time: Callable[[Array], Array]) -> Array:
    """P(a case takes at most x working days), shape (cases, x = 0, 1, ...): the first day is not counted, the last is.

    It takes more than x days if it ends on or after the (x + 1)-th working day (Monday to Friday) after the day it arrived.
    """
    day, parts = arrivals.astype("datetime64[D]"), []
    while not parts or parts[-1][:, -1].min() < 1 - 1e-12:
        days = np.arange(1, AT_ONCE + 1) + AT_ONCE * len(parts)
        bounds = np.busday_offset(day[:, None], days[None, :], roll="backward")
        hours = (bounds.astype("datetime64[us]") - arrivals.astype("datetime64[us]")[:, None]) / np.timedelta64(1, "h")
        parts.append(time(hours))
    return np.hstack(parts)


def expected(at_most: Array, statistic: str) -> float:
    """Expected mean, median or 90th percentile of independent whole numbers with the given P(X_i <= x), x = 0, 1, ..."""
    if statistic == "mean":
        return float((1.0 - at_most).sum(axis=1).mean())
    n = len(at_most)
    place = {"median": 0.5, "p90": 0.9}[statistic] * (n - 1)
    low, part = int(place), place - int(place)
    high = min(low + 1, n - 1)
    # How many of the cases are at most x: a sum of different coin tosses (Poisson binomial). The k-th smallest, from 0,
    # is above x when at most k are not.
    return sum(
        float((1 - part) * below[: low + 1].sum() + part * below[: high + 1].sum()) for below in map(_successes, at_most.T)
    )  # fmt: skip


def _successes(p: Array) -> Array:
    """P(k of independent coin tosses succeed), k = 0 .. n."""
    found = np.zeros(len(p) + 1)
    found[0] = 1.0
    for k, chance in enumerate(p, 1):
        found[1 : k + 1] = found[1 : k + 1] * (1 - chance) + found[:k] * chance
        found[0] *= 1 - chance
    return found


def second_moment(table: Array) -> float:
    a, b = table[:-1], table[1:]
    return float(np.sum(np.diff(GRID) * (a * a + a * b + b * b) / 3.0))


def queue_hours(gap: Array, work: Array) -> float:
    """Mean wait at one server with Poisson arrivals: lambda E[S^2] / (2 (1 - rho)) (Pollaczek, Khinchine)."""
    rate = 1.0 / mean(gap)
    return rate * second_moment(work) / (2 * (1 - rate * mean(work)))


def waits_from_the_first(gap: Array, work: Array, cases: int, step_h: float = 4.0) -> Array:
    """Expected waits at one server that begins with nobody there, case by case (Lindley: W' = max(0, W + S - T)).

    On a lattice of ``step_h`` hours; the mass between two points goes to both so that the mean is kept.
    """
    longer, shorter = (_on_lattice(table, step_h) for table in (work, gap))
    n = len(longer) * 8
    size = 1 << (2 * (n + len(longer) + len(shorter))).bit_length()
    change = np.fft.rfft(longer, size) * np.conj(np.fft.rfft(shorter, size))
    wait = np.zeros(n)
    wait[0] = 1.0
    means = [0.0]
    for _case in range(1, cases):
        moved = np.fft.irfft(np.fft.rfft(wait, size) * change, size)
        wait = np.maximum(moved[:n], 0.0)
        wait[0] += moved[size // 2 :].sum()
        means.append(float(wait @ np.arange(n)) * step_h)
    assert abs(wait.sum() - 1) < 1e-6, "the lattice is too short"
    return np.array(means)


def _on_lattice(table: Array, step_h: float) -> Array:
    at = np.interp((np.arange(200_000) + 0.5) / 200_000, GRID, table) / step_h
    low = at.astype(np.int64)
    n = int(low.max()) + 2
    return (np.bincount(low, 1 - (at - low), n) + np.bincount(low + 1, at - low, n)) / len(at)


def shapley(values: Sequence[float]) -> list[float]:
    """Shapley values of the savings, by the definition: the mean over all orders; combination c has bit k of measure k."""
    from itertools import permutations

    n = len(values).bit_length() - 1
    found, orders = np.zeros(n), list(permutations(range(n)))
    for order in orders:
        before = 0
        for k in order:
            found[k] += values[before] - values[before | 1 << k]
            before |= 1 << k
    return (found / len(orders)).tolist()
