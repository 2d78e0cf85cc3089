"""Interrupted time series: did the level or the trend change when the reform went live, or was it changing anyway?"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.messages import Language, current_language
from flowaudit.messages import translate as _
from flowaudit.metrics import NotRecorded, metric_label
from flowaudit.targets.estimate import signed
from flowaudit.targets.regression import least_squares

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Stamps = npt.NDArray[np.datetime64]
Finding = Literal["change", "trend", "none", "beyond"]
PERIODS = (7, 28)
"""Lengths of a period in days, the shorter one first where it has cases enough."""
LEAST_PERIODS, LEAST_CASES = 8, 10


@dataclass(frozen=True)
class Interrupted:
    """A metric by period of arrival, with the trend before and what broke it.

    Attributes
    ----------
    metric : str
    unit : (str, str)
    period_days : int
        7 or 28, counted from go-live.
    periods : pd.DataFrame
        ``start, number`` (0 begins with go-live), ``cases, mean, fitted, without`` (the trend before, carried on).
    trend, level, slope, effect : (float, float, float)
        Value and 95 % interval: change per period before; jump at go-live; change of the trend; and, averaged over the
        periods after, how far the figure lies from the trend before carried on.
    expected : float
        The trend before carried on, averaged over the periods after.
    plain : (float, float, float)
        Mean of the periods after minus that of the periods before, with its interval: what a plain comparison would say.
    lag : int
        Neighbouring periods that count in the errors.
    rho : float
        Correlation of neighbouring periods.
    left_out : int
        Periods with fewer than 10 cases, or not complete.
    """

    metric: str
    unit: tuple[str, str]
    period_days: int
    go_live: pd.Timestamp
    periods: pd.DataFrame = field(repr=False)
    trend: tuple[float, float, float]
    level: tuple[float, float, float]
    slope: tuple[float, float, float]
    effect: tuple[float, float, float]
    expected: float
    plain: tuple[float, float, float]
    lag: int
    rho: float
    left_out: int

    @property
    def finding(self) -> Finding:
        """``change``: the figures leave the trend. ``trend``: they differ, but as the trend before had it. ``beyond``: the
        trend cannot be carried on, since it would fall below nothing. ``none``: nothing can be told from chance."""
        if self.expected <= 0:
            return "beyond"
        if _sure(self.effect):
            return "change"
        if _sure(self.plain) and _sure(self.trend) and self.plain[0] * self.trend[0] > 0:
            return "trend"
        return "none"

    def text(self, lang: Language | None = None) -> str:
        """Return what the series says as sentences."""
        lang = lang or current_language()
        name, unit = metric_label(self.metric, lang), self.unit[0 if lang == "zh" else 1]
        length = _("{n} days", lang=lang, n=self.period_days)
        head = _("{metric}, by arrival in periods of {length} ({n} of them):", lang=lang, metric=name, length=length, n=len(self.periods))  # fmt: skip
        effect = {
            "value": signed(self.effect[0]),
            "low": signed(self.effect[1]),
            "high": signed(self.effect[2]),
            "unit": unit,
        }
        said = {
            "change": _("after go-live {value} {unit} ({low} to {high}) against the trend before carried on.", lang=lang, **effect),
            "trend": _("it was changing before go-live already, by {trend} {unit} a period; that trend alone explains the difference, and a change at go-live cannot be told from chance ({low} to {high}).", lang=lang, trend=signed(self.trend[0]), **effect),
            "none": _("a change at go-live cannot be told from chance ({value} {unit}, {low} to {high}).", lang=lang, **effect),
            "beyond": _("the trend before cannot be carried on: it would lead below zero; what the reform changed cannot be told from it.", lang=lang),
        }[self.finding]  # fmt: skip
        more = _("Jump at go-live {level} ({low} to {high}); change of the trend per period {slope} ({slope_low} to {slope_high}).",
                 lang=lang, level=signed(self.level[0]), low=signed(self.level[1]), high=signed(self.level[2]), slope=signed2(self.slope[0]),
                 slope_low=signed2(self.slope[1]), slope_high=signed2(self.slope[2]))  # fmt: skip
        return " ".join((head, said, more)) if lang == "en" else "".join((head, said, more))

    def to_dict(self, lang: Language | None = None) -> dict[str, Any]:
        out: dict[str, Any] = {
            "recorded": True, "metric": self.metric, "period_days": self.period_days, "go_live": self.go_live,
            "finding": self.finding, "text": self.text(lang), "expected": self.expected, "lag": self.lag, "rho": self.rho,
            "left_out": self.left_out, "periods": self.periods.to_dict("records"),
        }  # fmt: skip
        for name in ("trend", "level", "slope", "effect", "plain"):
            out[name], out[f"{name}_low"], out[f"{name}_high"] = getattr(self, name)
        return out


def signed2(value: float) -> str:
    """Return a small change with its sign and two decimals."""
    return "0" if abs(value) < 0.005 else f"{value:+,.2f}".replace("-", "−")


def _sure(found: tuple[float, float, float]) -> bool:
    return found[1] > 0 or found[2] < 0


def interrupted(
    metric: str,
    unit: tuple[str, str],
    go_live: pd.Timestamp,
    values: tuple[Floats, Floats],
    arrival: tuple[Stamps, Stamps],
    early: tuple[Bools, Bools],
) -> Interrupted | NotRecorded:
    """Fit a level and a trend before go-live, and their change after it, to the means of periods (segmented regression).

    Parameters
    ----------
    metric : str
    unit : (str, str)
        Of the metric, in Chinese and English.
    go_live : pd.Timestamp
        Periods are counted from it, so that none holds cases of both sides.
    values : two arrays of float
        The metric of each case, NaN for those that do not count.
    arrival : two arrays of datetime64
    early : two arrays of bool
        Which cases arrived early enough to be looked at for as long as the others; a period with one that did not is not
        complete, and left out.

    Returns
    -------
    Interrupted or NotRecorded
        Not recorded where a side has fewer than 8 complete periods of 10 cases, in weeks or in four weeks.

    References
    ----------
    Wagner, Soumerai, Zhang, Ross-Degnan. Segmented regression analysis of interrupted time series studies in medication use
    research. *Journal of Clinical Pharmacy and Therapeutics* 27 (2002) 299-309.
    """
    most = (0, 0)
    for length in PERIODS:
        table, gone = _periods(go_live, length, values, arrival, early)
        after = table["number"] >= 0
        found = (int((~after).sum()), int(after.sum()))
        if min(found) >= LEAST_PERIODS:
            return _fitted(metric, unit, go_live, length, table, gone)
        most = max(most, found, key=min)
    return NotRecorded(
        metric,
        f"断点时间序列要求前后各不少于{LEAST_PERIODS}个完整时段、每段不少于{LEAST_CASES}件，按周、按四周均达不到（改革前{most[0]}个，改革后{most[1]}个）。",
        f"an interrupted time series needs {LEAST_PERIODS} complete periods of {LEAST_CASES} cases on each side; by week and by four weeks there are at most {most[0]} before and {most[1]} after.",
    )


def _periods(
    go_live: pd.Timestamp, length: int, values: tuple[Floats, Floats], arrival: tuple[Stamps, Stamps], early: tuple[Bools, Bools]
) -> tuple[pd.DataFrame, int]:  # fmt: skip
    """Return the complete periods with cases enough, and how many others there are."""
    width = np.timedelta64(length, "D")
    number = np.floor((np.concatenate(arrival) - go_live.to_datetime64()) / width).astype(np.int64)
    frame = pd.DataFrame({"number": number, "x": np.concatenate(values), "late": ~np.concatenate(early)})
    groups = frame.groupby("number")
    table = pd.DataFrame({"cases": groups["x"].count(), "mean": groups["x"].mean(), "late": groups["late"].any()})
    kept = table[(table["cases"] >= LEAST_CASES) & ~table["late"]].drop(columns="late").reset_index()
    kept.insert(0, "start", go_live.to_datetime64() + kept["number"].to_numpy() * width)
    return kept, len(table) - len(kept)


def _fitted(
    metric: str, unit: tuple[str, str], go_live: pd.Timestamp, length: int, table: pd.DataFrame, gone: int
) -> Interrupted:
    k = table["number"].to_numpy(np.float64)
    after = (k >= 0).astype(np.float64)
    x = np.column_stack([np.ones(len(k)), k, after, after * k])
    y = table["mean"].to_numpy(np.float64)
    fit = least_squares(x, y)
    far = float(k[after > 0].mean())
    table = table.assign(fitted=x @ fit.beta, without=fit.beta[0] + fit.beta[1] * k)
    return Interrupted(
        metric, unit, length, go_live, table, fit.linear([0, 1, 0, 0]), fit.linear([0, 0, 1, 0]),
        fit.linear([0, 0, 0, 1]), fit.linear([0, 0, 1, far]), float(fit.beta @ [1, far, 0, 0]), _plain(y, after),
        fit.lag, fit.rho, gone,
    )  # fmt: skip


def _plain(y: Floats, after: Floats) -> tuple[float, float, float]:
    """Compare the means of the periods as if there were neither trend nor neighbours (Welch)."""
    from scipy.stats import t

    first, second = y[after == 0], y[after == 1]
    value = float(second.mean() - first.mean())
    parts = [float(side.var(ddof=1)) / len(side) for side in (first, second)]
    if sum(parts) <= 0:
        return value, value, value
    df = sum(parts) ** 2 / sum(v**2 / (len(s) - 1) for v, s in zip(parts, (first, second), strict=True))
    half = float(t.ppf(0.975, df)) * math.sqrt(sum(parts))
    return value, value - half, value + half
