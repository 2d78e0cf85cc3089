"""Shapley values: what each measure adds on average over all orders in which the measures could come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from math import factorial

import numpy as np

from flowaudit.errors import UsageError
from flowaudit.messages import translate as _
from flowaudit.planning.attribution import Attribution, Statistic
from flowaudit.planning.bars import Part, savings_of
from flowaudit.planning.coalitions import Coalitions

MOST_EXACT = 8
"""Measures up to which every combination is simulated: 2^8 = 256."""


def shapley(
    coalitions: Coalitions,
    *,
    statistic: Statistic = "median",
    orders: int = 32,
    seed: int = 7,
    progress: Callable[[int, int], None] | None = None,
) -> Attribution:
    """Share the savings out over the measures so that no order decides.

    Parameters
    ----------
    coalitions : Coalitions
        Of the scenario; simulated with one seed and the same arrivals.
    statistic : {"median", "mean", "p90"}
        Of the cases of a replication.
    orders : int
        With more than eight measures: orders drawn, an even number of at least 4.
    seed : int
        Of the orders drawn.
    progress : callable(done, total), optional
        Called with the combinations simulated.

    Returns
    -------
    Attribution
        For every metric the log records. The bars sum to the total (see :func:`waterfall`), measures that do the same get the
        same, and one that changes nothing gets nothing.

    Raises
    ------
    UsageError
        If the number of orders is odd or below 4.

    Notes
    -----
    Up to eight measures all 2^n combinations are simulated, each once and with the same luck. Above, orders are drawn, each
    with its reverse: what a measure adds early in one it adds late in the other, so that overlaps between measures cancel out
    of the error. A bar's interval then has two sources that are told apart: ``by_order`` (over pairs of orders) and ``by_chance``
    (over replications); ``low`` and ``high`` hold both.

    Where :class:`Coalitions` simulates only ``few`` replications of what is no stage of the scenario, a bar is that of the
    waterfall, from all replications, moved by what the two methods differ by in these few (a control variate): it sums to the
    same total, and is nearly as sure.

    A combination's measures are applied in the scenario's order. A measure that is refused without another one adds nothing
    there; the notes say how often.

    References
    ----------
    Shapley. A value for n-person games. *Contributions to the Theory of Games II* (1953) 307-317.
    Castro, Gómez, Tejada. Polynomial calculation of the Shapley value based on sampling. *Computers & Operations Research* 36
    (2009) 1726-1730, doi 10.1016/j.cor.2008.04.004.
    Mitchell, Cooper, Frank, Holmes. Sampling permutations for Shapley value estimation. *Journal of Machine Learning Research*
    23 (2022) 43, 1-46 (reversed pairs).
    """
    n = len(coalitions.scenario)
    exact = n <= MOST_EXACT
    if not exact and (orders < 4 or orders % 2):
        raise UsageError(
            _("orders come in pairs, at least two of them; got {n}.", n=orders), hint=_("32 orders are usual.")
        )
    parts = [all_orders(k, n) for k in range(n)] if exact else _drawn_orders(n, orders // 2, seed)
    counted = {0, coalitions.whole}.union(*(part.weights for part in parts))
    coalitions.simulate(sorted(counted), progress)
    savings, notes = savings_of(coalitions, statistic, parts)
    return Attribution(
        "shapley", statistic, coalitions.replications, 0 if exact else orders, coalitions.different(counted), savings, notes
    )  # fmt: skip


def all_orders(k: int, n: int) -> Part:
    """In s! (n - s - 1)! of the n! orders, measure ``k`` comes just after the s measures of a combination."""
    weights = {}
    for combination in range(1 << n):
        if not combination >> k & 1:
            s = combination.bit_count()
            weight = factorial(s) * factorial(n - s - 1)
            weights[combination], weights[combination | 1 << k] = weight, -weight
    return Part(weights, factorial(n))


def _drawn_orders(n: int, pairs: int, seed: int) -> list[Part]:
    rng = np.random.default_rng(seed)
    draws: list[list[Counter[int]]] = [[] for _k in range(n)]
    for _pair in range(pairs):
        order = rng.permutation(n).tolist()
        found = [Counter[int]() for _k in range(n)]
        for way in (order, order[::-1]):
            before = 0
            for k in way:
                found[k][before] += 1
                found[k][before | 1 << k] -= 1
                before |= 1 << k
        for k in range(n):
            draws[k].append(found[k])
    return [Part(_summed(of_measure), 2 * pairs, of_measure, 2) for of_measure in draws]


def _summed(draws: list[Counter[int]]) -> Counter[int]:
    total: Counter[int] = Counter()
    for draw in draws:
        # update adds counts of either sign; "+" would drop the negative ones.
        total.update(draw)
    return total
