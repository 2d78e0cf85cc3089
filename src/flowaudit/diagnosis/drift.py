"""When a figure changed for good: any figure of the cases over time, cut where its level shifts."""

from __future__ import annotations

import html
import itertools
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.errors import UsageError
from flowaudit.eventlog import EventLog, case_extent
from flowaudit.messages import translate as _
from flowaudit.metrics import complete_cases, quantile_interval, wilson
from flowaudit.worktime import Calendar, OfficeHours, load_calendar

Floats = npt.NDArray[np.floating[Any]]
Stamps = npt.NDArray[np.datetime64]
Period = Literal["week", "month", "quarter", "year"]

ALPHA = 0.01
LEAST = 30
"""Cases of the shortest segment."""
SHIFT, SHARE_SHIFT = 0.147, 0.05
"""Smallest difference that is told: of Cliff's delta (below it, negligible), and of shares."""
FIGURES = ("working_days", "calendar_days", "events", "correction", "on_site")
_FREQUENCY = {"week": "W", "month": "M", "quarter": "Q", "year": "Y"}
_SETTLED, _EARLY = 0.99, 0.25


@dataclass(frozen=True, eq=False)
class Drift:
    """A figure over time.

    Attributes
    ----------
    figure : str
    kind : {"value", "share"}
        ``share``: the values are yes or no.
    periods : pd.DataFrame
        Index ``period``: ``n, median, mean`` of the cases that ended in it, NaN where none did.
    segments : pd.DataFrame
        Stretches of one level: ``start, end`` (first and last case), ``n, median, low, high`` (95 %), ``mean``. Of shares
        ``median`` is the share itself, with Wilson's interval.
    changed_at : tuple of pd.Timestamp
        When the first case of each later segment ended.
    p_values : tuple of float
        Of each change: the chance of such a shift anywhere in a stretch without one.
    left_out : int
        Cases left out because they ended before the log had settled, were not finished, or have no value.
    """

    figure: str
    kind: Literal["value", "share"]
    periods: pd.DataFrame = field(repr=False)
    segments: pd.DataFrame
    changed_at: tuple[pd.Timestamp, ...]
    p_values: tuple[float, ...]
    left_out: int = 0

    def _repr_html_(self) -> str:
        head = (_("From"), _("To"), _("Cases"), _("Share") if self.kind == "share" else _("Median"), _("95 % interval"))
        rows = ["<tr>" + "".join(f"<th>{html.escape(h)}</th>" for h in head) + "</tr>"]
        form = "{:.1%}" if self.kind == "share" else "{:,.1f}"
        for row in self.segments.to_dict("records"):
            middle, low, high = (form.format(row[name]) for name in ("median", "low", "high"))
            cells = (f"{row['start']:%Y-%m-%d}", f"{row['end']:%Y-%m-%d}", f"{row['n']:,}", middle, f"{low} – {high}")
            rows.append("<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in cells) + "</tr>")
        return f"<table>{''.join(rows)}</table>"


def drift(
    of: EventLog | pd.Series,
    figure: str | pd.Series = "working_days",
    *,
    by: Period = "month",
    calendar: Calendar | None = None,
    alpha: float = ALPHA,
    least: int = LEAST,
    min_shift: float | None = None,
) -> Drift:
    """Follow a figure of the cases over time, and find when its level changed.

    Parameters
    ----------
    of : EventLog or pd.Series
        A log, or values by the time at which their cases ended (a ``DatetimeIndex``).
    figure : str or pd.Series
        With a log: ``working_days`` (office days from the first stamp to the last), ``calendar_days``, ``events``,
        ``correction`` or ``on_site`` (whether there was one), or values by ``case_id``.
    by : {"week", "month", "quarter", "year"}
        Of the table ``periods``; changes are found on the single cases.
    calendar : Calendar, optional
        Default: China's official one.
    alpha : float
        Chance of a false change in a series without one.
    least : int
        Cases of the shortest segment.
    min_shift : float, optional
        Smallest difference between neighbouring segments that is told. Default: Cliff's delta of 0.147 (smaller ones are
        called negligible), for shares 5 percentage points.

    Returns
    -------
    Drift

    Raises
    ------
    UsageError
        If there is no such figure or period, or the values are not by time.
    MissingColumnError
        If the log does not record what the figure needs.

    Notes
    -----
    Binary segmentation: a stretch is cut where the Mann-Whitney statistic of before against after, standardised, is
    largest, if its maximum over all cuts exceeds what the ranks of an unchanging series reach with chance ``alpha``
    (Miller and Siegmund's formula; no random numbers). Cases that follow each other are alike, as they wait in the same
    queues: the statistic is divided by the square root of how much that inflates its variance, never less than 1 (Bartlett's
    window around the levels of a first pass; at an autocorrelation of 0.5 false changes stay below 3 % of series, at 0.8 about
    one in ten has one). In the end neighbours
    that differ by less than ``min_shift`` are joined again.

    Cases are dated by their end. In a log's first weeks only short cases can have ended: cases that ended before the log is
    as old as 99 % of its cases last are left out (at most a quarter of its time); unfinished ones are, too.

    References
    ----------
    Pettitt. A non-parametric approach to the change-point problem. *Applied Statistics* 28 (1979) 126-135.
    Miller, Siegmund. Maximally selected chi square statistics. *Biometrics* 38 (1982) 1011-1016.
    Romano, Kromrey, Coraggio, Skowronek. Appropriate statistics for ordinal level data (2006), for Cliff's delta.

    Examples
    --------
    >>> ends = pd.date_range("2024-01-01", periods=120, freq="D")
    >>> found = drift(pd.Series([3.0, 4.0, 5.0] * 20 + [8.0, 9.0, 10.0] * 20, index=ends))
    >>> [str(moment.date()) for moment in found.changed_at], found.segments["median"].tolist()
    (['2024-03-01'], [4.0, 9.0])
    """
    if by not in _FREQUENCY:
        raise UsageError(
            _("there is no period '{name}'.", name=by), hint=_("choose one of: {names}", names=", ".join(_FREQUENCY))
        )
    if isinstance(of, EventLog):
        series, total = _of_log(of, figure, calendar)
        name = figure if isinstance(figure, str) else str(figure.name or "value")
    elif isinstance(of.index, pd.DatetimeIndex):
        series, total = of, len(of)
        name = str(of.name or (figure if isinstance(figure, str) and figure != "working_days" else "value"))
    else:
        raise UsageError(
            _("drift needs values by time."), hint=_("give a log, or a Series whose index is a DatetimeIndex.")
        )
    when = pd.DatetimeIndex(series.index)
    values = pd.to_numeric(pd.Series(series.to_numpy()), errors="coerce").astype(float).to_numpy()
    known = ~np.isnan(values) & ~np.isnat(when.to_numpy())
    order = np.argsort(when[known].to_numpy(), kind="stable")
    x, at = values[known][order], when[known].to_numpy("datetime64[us]")[order]
    kind: Literal["value", "share"] = "share" if len(x) and np.isin(x, (0.0, 1.0)).all() else "value"
    shift = min_shift if min_shift is not None else SHARE_SHIFT if kind == "share" else SHIFT
    cuts = change_points(x, at, alpha=alpha, least=least, min_shift=shift)
    return Drift(
        name, kind, _periods(x, at, by), _segments(x, at, [c for c, _p in cuts], kind),
        tuple(pd.Timestamp(at[c]) for c, _p in cuts), tuple(p for _c, p in cuts), total - len(x),
    )  # fmt: skip


def change_points(
    values: npt.ArrayLike,
    at: npt.ArrayLike | None = None,
    *,
    alpha: float = ALPHA,
    least: int = LEAST,
    min_shift: float = SHIFT,
) -> list[tuple[int, float]]:
    """Return where the level of a series changes: the first place of every later segment, and the p value of the change.

    Parameters
    ----------
    values : array_like of float
        In order of time, none missing.
    at : array_like, optional
        Their times: values of one time are not separated.
    alpha, least, min_shift
        See :func:`drift`.
    """
    x = np.asarray(values, float)
    cuttable = np.ones(len(x), np.bool_)
    if at is not None:
        times = np.asarray(at)
        cuttable[1:] = times[1:] != times[:-1]
    if len(x) < 2 * least:
        return []
    # Levels found as if cases were independent are too many rather than too few: what is left around them shows how alike
    # neighbours are. Around one level for all, a change itself would look like likeness.
    rough = _cuts(x, cuttable, least, alpha, 1.0)
    return _joined(x, _cuts(x, cuttable, least, alpha, _inflation(x, sorted(rough))), min_shift)


def _cuts(x: Floats, cuttable: npt.NDArray[np.bool_], least: int, alpha: float, inflation: float) -> dict[int, float]:
    found: dict[int, float] = {}
    todo = [(0, len(x))]
    while todo:
        low, high = todo.pop()
        cut = _cut(x[low:high], cuttable[low:high], least, inflation)
        if cut is not None and cut[1] <= alpha:
            found[low + cut[0]] = cut[1]
            todo += [(low, low + cut[0]), (low + cut[0], high)]
    return found


def _cut(
    x: Floats, cuttable: npt.NDArray[np.bool_], least: int, inflation: float
) -> tuple[int, float] | None:  # fmt: skip
    """Return the place at which before and after differ most, and the chance of as much without a change."""
    from scipy.stats import rankdata

    n = len(x)
    if n < 2 * least:
        return None
    ranks = rankdata(x) - (n + 1) / 2
    variance = float(np.mean(ranks**2))
    k = np.arange(least, n - least + 1)
    k = k[cuttable[k]] if n > least else k
    if variance == 0 or not len(k):
        return None
    total = np.cumsum(ranks)[k - 1]
    # Under no change the sum of k of n centred ranks drawn without replacement has this variance, ties included.
    z = np.abs(total) / np.sqrt(variance * k * (n - k) / (n - 1))
    best = int(np.argmax(z))
    return int(k[best]), _chance(float(z[best]) / np.sqrt(inflation), least / n)


def _inflation(x: Floats, cuts: list[int]) -> float:
    """Return by how much likeness of neighbours inflates the variance of sums of ranks, around the levels between cuts."""
    from scipy.stats import rankdata

    ranks = rankdata(x)
    edges = [0, *cuts, len(x)]
    left = np.concatenate([ranks[a:b] - ranks[a:b].mean() for a, b in itertools.pairwise(edges)])
    variance = float(np.mean(left**2))
    if variance == 0:
        return 1.0
    n = len(left)
    lags = int(np.ceil(n ** (1 / 3)))
    near = [float(np.dot(left[:-lag], left[lag:])) / n * (1 - lag / (lags + 1)) for lag in range(1, lags + 1)]
    return max(1.0, 1 + 2 * sum(near) / variance)


def _chance(b: float, trimmed: float) -> float:
    """Return the chance that a standardised Brownian bridge, ``trimmed`` on both sides, exceeds b somewhere."""
    if b <= 1:
        return 1.0
    density = np.exp(-b * b / 2) / np.sqrt(2 * np.pi)
    trimmed = min(trimmed, 0.5)
    return float(min(1.0, density * ((b - 1 / b) * 2 * np.log((1 - trimmed) / trimmed) + 4 / b)))


def _joined(x: Floats, cuts: dict[int, float], min_shift: float) -> list[tuple[int, float]]:
    """Take out the cuts between neighbours that differ too little, the smallest difference first."""
    places = sorted(cuts)
    while places:
        edges = [0, *places, len(x)]
        shifts = [
            abs(cliffs_delta(x[edges[i] : edges[i + 1]], x[edges[i + 1] : edges[i + 2]])) for i in range(len(places))
        ]
        least = int(np.argmin(shifts))
        if shifts[least] >= min_shift:
            break
        places.pop(least)
    return [(place, cuts[place]) for place in places]


def cliffs_delta(a: npt.ArrayLike, b: npt.ArrayLike) -> float:
    """Return how much more often a value of ``b`` is above one of ``a`` than below it: from -1 to 1.

    For yes and no it is the difference of the shares.

    Examples
    --------
    >>> cliffs_delta([1, 2, 3], [2, 3, 4])
    0.5555555555555556
    """
    first, second = np.sort(np.asarray(a, float)), np.asarray(b, float)
    if not len(first) or not len(second):
        return float("nan")
    below = np.searchsorted(first, second, "left").sum()
    upto = np.searchsorted(first, second, "right").sum()
    return float((below + upto) / (len(first) * len(second)) - 1)


def _periods(x: Floats, at: Stamps, by: Period) -> pd.DataFrame:
    if not len(x):
        return pd.DataFrame({"n": [], "median": [], "mean": []}, index=pd.PeriodIndex([], freq="M", name="period"))
    period = pd.DatetimeIndex(at).to_period(_FREQUENCY[by])
    grouped = pd.Series(x).groupby(period)
    frame = pd.DataFrame({"n": grouped.size(), "median": grouped.median(), "mean": grouped.mean()})
    frame = frame.reindex(pd.period_range(period.min(), period.max(), freq=_FREQUENCY[by], name="period"))
    return frame.assign(n=frame["n"].fillna(0).astype(np.int64))


def _segments(x: Floats, at: Stamps, cuts: list[int], kind: str) -> pd.DataFrame:
    rows = []
    edges = [0, *cuts, len(x)]
    for low, high in itertools.pairwise(edges):
        own = x[low:high]
        if not len(own):
            continue
        if kind == "share":
            middle, bounds = float(own.mean()), wilson(int(own.sum()), len(own))
        else:
            middle, bounds = float(np.median(own)), quantile_interval(own.astype(np.float64))
        rows.append((pd.Timestamp(at[low]), pd.Timestamp(at[high - 1]), len(own), middle, *bounds, float(own.mean())))
    return pd.DataFrame(rows, columns=["start", "end", "n", "median", "low", "high", "mean"])


def _of_log(log: EventLog, figure: str | pd.Series, calendar: Calendar | None) -> tuple[pd.Series, int]:
    """Return the values of finished cases by their end, once the log has settled, and the number of all cases."""
    first, last = case_extent(log)
    if isinstance(figure, str):
        values = _figure(log, figure, first, last, calendar)
    else:
        values = pd.to_numeric(figure.reindex(log.case_axis), errors="coerce").astype(float).to_numpy()
    kept = complete_cases(log) & ~np.isnat(last) & ~np.isnat(first)
    if kept.any():
        age = (last[kept] - first[kept]).astype(np.int64)
        begin, span = first[kept].min(), (last[kept].max() - first[kept].min()).astype(np.int64)
        wait = min(float(np.quantile(age, _SETTLED)), _EARLY * float(span))
        kept &= last >= begin + np.timedelta64(int(wait), "us")
    return pd.Series(values[kept], pd.DatetimeIndex(last[kept])), log.n_cases


def _figure(log: EventLog, figure: str, first: Stamps, last: Stamps, calendar: Calendar | None) -> Floats:
    if figure == "working_days":
        office = OfficeHours()
        hours = (calendar or load_calendar()).working_time(first, last, office)
        return np.asarray(hours / office.hours_per_day, np.float64)
    if figure == "calendar_days":
        return np.where(np.isnat(first) | np.isnat(last), np.nan, (last - first) / np.timedelta64(1, "D"))
    if figure == "events":
        return np.diff(log.case_ptr).astype(np.float64)
    if figure in ("correction", "on_site"):
        log.require("drift", "stage")
        stage, names = log.codes("stage")
        wanted = "correction" if figure == "correction" else "inspect"
        rows = stage == names.index(wanted) if wanted in names else np.zeros(len(stage), np.bool_)
        return (np.bincount(log.case_index, weights=rows, minlength=log.n_cases) > 0).astype(np.float64)
    raise UsageError(
        _("there is no figure '{name}' to follow.", name=figure),
        hint=_("choose one of: {names}", names=", ".join(FIGURES)),
    )
