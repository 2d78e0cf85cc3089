"""Before and after apart for each item, district or channel, with what so many comparisons make of chance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.errors import UsageError, nearest
from flowaudit.messages import translate as _
from flowaudit.targets.counted import Counted
from flowaudit.targets.estimate import Sample, Statistic, estimated

Floats = npt.NDArray[np.float64]
SMALL = 10
OF_ITEM = ("item", "item_code", "department", "variant", "variant_code")
"""Properties of a single application: a bundle has several."""
COLUMNS = (
    "metric", "n_before", "n_after", "before", "after", "difference", "low", "high", "rate", "rate_low", "rate_high", "p",
    "p_holm", "suppressed",
)  # fmt: skip
FIGURES = COLUMNS[3:-1]


def compared_by(counted: Counted, name: str, statistic: Statistic, *, seed: int = 0) -> pd.DataFrame:
    """Compare every metric for each value of a property.

    Parameters
    ----------
    counted : Counted
    name : str
        ``item, district, channel`` or another property of the cases.
    statistic : {"median", "mean"}
    seed : int

    Returns
    -------
    pd.DataFrame
        One row per value that either side has and metric: the property, ``metric, n_before, n_after, before, after,
        difference, low, high, rate, rate_low, rate_high`` (95 %), ``p`` (Mann-Whitney), ``p_holm`` and ``suppressed``: a
        side has fewer than 10 cases, and the figures are blank.

    Notes
    -----
    Every interval holds for its own cell: of twenty cells without any change, one will seem to have changed. ``p_holm`` is
    the chance of one so far from no change anywhere in the table (Holm); what stays below 0.05 there is more than chance.

    References
    ----------
    Holm. A simple sequentially rejective multiple test procedure. *Scandinavian Journal of Statistics* 6 (1979) 65-70.
    """
    labels = [frame[name].to_numpy(object) for frame in counted.properties([name])]
    values = sorted({str(v) for one in labels for v in one if v is not None and not pd.isna(v)})
    rows = []
    for value in values:
        own = [one == value for one in labels]
        for metric in counted.metrics:
            x = [
                v[mask & ~np.isnan(v)]
                for v, mask in zip(counted.values(metric, counted.kind, statistic), own, strict=True)
            ]
            row = {name: value, "metric": metric, "n_before": len(x[0]), "n_after": len(x[1])}
            if min(map(len, x)) >= SMALL:
                row |= _cell(counted, metric, statistic, x, seed)
            rows.append(row)
    table = pd.DataFrame(rows, columns=[name, *COLUMNS])
    numbers = table[["n_before", "n_after"]]
    table["suppressed"] = (numbers < SMALL).any(axis=1) & (numbers > 0).any(axis=1)
    table["p_holm"] = holm(table["p"].to_numpy(np.float64))
    return table.astype(dict.fromkeys(FIGURES, np.float64))


def _cell(
    counted: Counted, metric: str, statistic: Statistic, x: Sequence[Floats], seed: int
) -> dict[str, float | None]:
    from scipy.stats import mannwhitneyu

    rules = counted.rule(metric, counted.kind, statistic)
    found = estimated(metric, counted.kind, statistic, rules, [Sample.plain(one) for one in x], seed)
    if found is None:
        return {}
    alike = len(np.unique(np.concatenate(x))) == 1
    p = 1.0 if alike else float(mannwhitneyu(x[0], x[1], method="asymptotic").pvalue)
    return {
        "before": found.before.value, "after": found.after.value, "difference": found.difference, "low": found.low,
        "high": found.high, "rate": found.rate, "rate_low": found.rate_low, "rate_high": found.rate_high, "p": p,
    }  # fmt: skip


def holm(p: Floats) -> Floats:
    """Return the chances adjusted for how many there are; NaN stay, and do not count.

    Examples
    --------
    >>> [round(float(v), 3) for v in holm(np.array([0.01, 0.04, 0.03, np.nan]))]
    [0.03, 0.06, 0.06, nan]
    """
    out = np.full(len(p), np.nan)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    stepped = p[order] * np.arange(len(order), 0, -1)
    out[order] = np.minimum(np.maximum.accumulate(stepped), 1.0)
    return out


def require(name: str, known: Sequence[str]) -> UsageError:
    """Return the error for a property that the two logs do not both record."""
    near = nearest(name, known, n=1)
    return UsageError(
        _("the two logs do not both record '{name}'.", name=name),
        hint=_("did you mean '{near}'?", near=near[0]) if near else _("choose one of: {names}", names=", ".join(known) or "—"),
    )  # fmt: skip
