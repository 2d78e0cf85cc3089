"""Quantile tables: what a duration may be, read off the data with its atoms (many zeros stay many zeros), or a family."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from flowaudit.errors import InsufficientDataError, UsageError, nearest
from flowaudit.messages import translate as _

Array = npt.NDArray[np.float64]

TAIL = 1.0 - 10.0 ** -(1.0 + np.arange(1, 26) / 5.0)
GRID: Array = np.r_[np.linspace(0.0, 0.9, 19), TAIL, 1.0]
"""Probabilities of the knots: every 5 %, then five for each power of ten to one in a million, since promises break in the tail."""

PRIOR_CASES = 10.0
"""Weight of the coarser table: a table of n values counts ``n / (n + PRIOR_CASES)``."""

FAMILIES: Mapping[str, tuple[str, ...]] = {
    "constant": ("value",),
    "exponential": ("mean",),
    "uniform": ("low", "high"),
    "triangular": ("low", "mode", "high"),
    "lognormal": ("mean", "cv"),
    "gamma": ("mean", "cv"),
    "weibull": ("mean", "shape"),
}
"""Families a duration may be stated in, with their parameters (hours; ``cv`` and ``shape`` are pure numbers)."""


def table(values: Array) -> Array:
    """Return the knots of a sample, its mean kept.

    Linear interpolation between knots moves the mean of a skewed sample; the knots above the median are scaled so
    that drawing from the table has the sample's mean again.

    Examples
    --------
    >>> float(round(mean(table(np.array([0.0, 0.0, 3.0, 9.0]))), 6))
    3.0
    """
    return _keeping(np.quantile(values, GRID, method="inverted_cdf").astype(float), float(np.mean(values)))


def _keeping(knots: Array, wanted: float) -> Array:
    """Scale the knots above the median so that the table's mean is ``wanted``."""
    got = mean(knots)
    if got > 0 and wanted > 0:
        upper = np.where(GRID > 0.5, knots, 0.0)
        share = mean(upper)
        if share > 0:
            factor = 1.0 + (wanted - got) / share
            scaled = np.where(GRID > 0.5, knots * factor, knots)
            knots = np.maximum.accumulate(scaled) if factor > 0 else knots * (wanted / got)
            knots *= wanted / mean(knots)
    return knots


def mean(knots: Array) -> float:
    """Return the mean of the distribution a table stands for (its quantile function integrated)."""
    return float(np.trapezoid(knots, GRID))


def band_means(knots: Array, bands: int) -> Array:
    """Return the mean of each of the equal parts of a table, and of the whole as the last; shape (bands + 1,)."""
    steps = np.diff(GRID) * (knots[1:] + knots[:-1]) / 2
    cumulated = np.r_[0.0, np.cumsum(steps)]
    edges = np.linspace(0.0, 1.0, bands + 1)
    k = np.clip(np.searchsorted(GRID, edges, side="right") - 1, 0, len(GRID) - 2)
    part = edges - GRID[k]
    slope = (knots[k + 1] - knots[k]) / (GRID[k + 1] - GRID[k])
    at = cumulated[k] + part * (knots[k] + slope * part / 2)
    means: Array = np.r_[np.diff(at) * bands, cumulated[-1]]
    return means


def blend(fine: Array, coarse: Array, n: int) -> Array:
    """Return ``fine`` shrunk towards ``coarse`` by ``n / (n + 10)``."""
    weight = n / (n + PRIOR_CASES)
    return weight * fine + (1.0 - weight) * coarse


def family(name: str, **parameters: float) -> Array:
    """Return the table of a named family.

    Parameters
    ----------
    name : str
        One of ``FAMILIES``.
    **parameters : float
        As ``FAMILIES`` names them; durations in hours.

    Raises
    ------
    UsageError
        If the family, or a parameter, is unknown, missing, or out of its range.

    Notes
    -----
    The table holds the family's quantiles from 5 % to one in a million and its exact mean; the standard deviation differs by
    less than 2 % for a coefficient of variation from 0.1 to 1.

    Examples
    --------
    >>> round(mean(family("exponential", mean=2.0)), 9)
    2.0
    """
    if name not in FAMILIES:
        near = nearest(name, tuple(FAMILIES), n=1)
        raise UsageError(
            _("there is no family of durations '{name}'.", name=name),
            hint=_("there are: {names}", names=", ".join(near or tuple(FAMILIES))),
        )
    wanted = FAMILIES[name]
    if set(parameters) != set(wanted):
        raise UsageError(
            _("{name} takes the parameters {wanted}; given: {given}.", name=name, wanted=", ".join(wanted), given=", ".join(parameters) or "-"),
        )  # fmt: skip
    p = {key: float(value) for key, value in parameters.items()}
    bad = [k for k, v in p.items() if not np.isfinite(v) or v < 0 or (v == 0 and k not in ("value", "low", "mode"))]
    if name in ("uniform", "triangular") and not p["low"] <= p.get("mode", p["high"]) <= p["high"]:
        bad.append("high")
    if bad:
        raise UsageError(
            _("{name}: {parameter} = {value} is out of its range.", name=name, parameter=bad[0], value=p[bad[0]]),
            hint=_("durations are hours and not negative; low <= mode <= high."),
        )
    if name == "constant":
        return np.full(len(GRID), p["value"])
    if name == "uniform":
        return p["low"] + (p["high"] - p["low"]) * GRID
    frozen = _frozen(name, p)
    inner: Array = np.asarray(frozen.ppf(GRID[:-1]), float)
    # Beyond the last knot the family goes on; the end of the table gives that piece the mean it has.
    tail = float(frozen.expect(lb=inner[-1])) / (1.0 - GRID[-2]) if name != "triangular" else p["high"]
    end = 2.0 * tail - inner[-1] if name != "triangular" else p["high"]
    # So has the first piece, for families that hardly come near zero.
    head = float(frozen.expect(ub=inner[1])) / GRID[1]
    inner[0] = min(max(2.0 * head - inner[1], 0.0), inner[1])
    return _keeping(np.maximum.accumulate(np.r_[inner, max(end, inner[-1])]), float(frozen.mean()))


def _frozen(name: str, p: Mapping[str, float]):  # type: ignore[no-untyped-def]
    from scipy import special, stats

    if name == "exponential":
        return stats.expon(scale=p["mean"])
    if name == "triangular":
        width = p["high"] - p["low"]
        return stats.triang((p["mode"] - p["low"]) / width if width else 0.5, loc=p["low"], scale=width or 1e-12)
    if name == "lognormal":
        sigma = np.sqrt(np.log1p(p["cv"] ** 2))
        return stats.lognorm(sigma, scale=p["mean"] * np.exp(-(sigma**2) / 2))
    if name == "gamma":
        return stats.gamma(1 / p["cv"] ** 2, scale=p["mean"] * p["cv"] ** 2)
    return stats.weibull_min(p["shape"], scale=p["mean"] / special.gamma(1 + 1 / p["shape"]))


def fit_family(name: str, values: Array) -> tuple[Array, dict[str, float]]:
    """Fit a named family by maximum likelihood; return its table and its parameters.

    Zeros are kept as an atom: the family is fitted to what is above zero, and zeros are drawn as often as they were seen.

    Raises
    ------
    InsufficientDataError
        If fewer than five values are above zero.
    """
    from scipy import stats

    positive = values[values > 0]
    if len(positive) < 5:
        raise InsufficientDataError(
            _("fitting the family '{name}' needs at least 5 durations above zero; there are {n}.", name=name, n=len(positive)),
        )  # fmt: skip
    if np.ptp(positive) <= 1e-9 * positive.max():
        # All the same: no family has a likelihood that is highest there, and none is needed.
        name, parameters = "constant", {"value": float(positive.mean())}
    elif name == "constant":
        parameters = {"value": float(positive.mean())}
    elif name == "exponential":
        parameters = {"mean": float(positive.mean())}
    elif name == "uniform":
        parameters = {"low": float(positive.min()), "high": float(positive.max())}
    elif name == "triangular":
        c, low, width = stats.triang.fit(positive)
        mode, high = low + c * width, low + width
        low = max(low, 0.0)
        parameters = {"low": low, "mode": max(mode, low), "high": high}
    elif name == "lognormal":
        sigma = float(np.std(np.log(positive)))
        parameters = {
            "mean": float(np.exp(np.log(positive).mean() + sigma**2 / 2)),
            "cv": float(np.sqrt(np.expm1(sigma**2))),
        }
    elif name == "gamma":
        shape, _loc, scale = stats.gamma.fit(positive, floc=0)
        parameters = {"mean": float(shape * scale), "cv": float(1 / np.sqrt(shape))}
    elif name == "weibull":
        shape, _loc, scale = stats.weibull_min.fit(positive, floc=0)
        parameters = {"mean": float(stats.weibull_min(shape, scale=scale).mean()), "shape": float(shape)}
    else:
        parameters = {}
    knots = family(name, **parameters)
    zeros = 1.0 - len(positive) / len(values)
    if zeros > 0:
        inside = np.clip((GRID - zeros) / (1.0 - zeros), 0.0, 1.0)
        knots = np.where(zeros > GRID, 0.0, np.interp(inside, GRID, knots))
        knots = _keeping(knots, mean(family(name, **parameters)) * (1.0 - zeros))
    return knots, parameters
