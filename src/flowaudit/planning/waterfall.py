"""The waterfall: what each measure adds to those before it in the scenario."""

from __future__ import annotations

from collections.abc import Callable

from flowaudit.planning.attribution import Attribution, Statistic
from flowaudit.planning.bars import Part, savings_of
from flowaudit.planning.coalitions import Coalitions


def waterfall(
    coalitions: Coalitions, *, statistic: Statistic = "median", progress: Callable[[int, int], None] | None = None
) -> Attribution:
    """Share the savings out over the measures, in the scenario's order.

    Parameters
    ----------
    coalitions : Coalitions
        Of the scenario; simulated with one seed and the same arrivals.
    statistic : {"median", "mean", "p90"}
        Of the cases of a replication.
    progress : callable(done, total), optional
        Called with the stages simulated.

    Returns
    -------
    Attribution
        For every metric the log records. Bar k is what measure k saves when the measures before it are in force. The bars
        sum to the total: it is computed without rounding, and each bar is rounded once, to the nearest double.

    Notes
    -----
    Every stage is simulated with the luck of the first (common random numbers); the interval of a bar is that of the paired
    differences of two stages over replications. See :func:`shapley` for a share that no order decides.
    """
    n = len(coalitions.scenario)
    stages = [(1 << k) - 1 for k in range(n + 1)]
    coalitions.simulate(stages, progress)
    parts = [Part({stages[k]: 1, stages[k + 1]: -1}) for k in range(n)]
    savings, notes = savings_of(coalitions, statistic, parts)
    return Attribution("waterfall", statistic, coalitions.replications, 0, coalitions.different(stages), savings, notes)
