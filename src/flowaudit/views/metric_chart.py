"""One of the four reductions, case by case: how many cases took how much, and where the median stands."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from flowaudit.errors import UsageError
from flowaudit.messages import Language, current_language
from flowaudit.messages import translate as _
from flowaudit.metrics import COLUMN_OF, METRICS, SPLIT, Figure, FourReductions, metric_label, shown, split_name
from flowaudit.views import _style, _text
from flowaudit.views._axis import number, ticks
from flowaudit.views.picture import Box, Line, Picture, Shape, Text
from flowaudit.views.process_map import SMALL

WIDTH, LEFT, RIGHT, TOP, PLOT = 442.0, 44.0, 432.0, 30.0, 150.0
MOST_BARS = 24
"""With more different values than this, neighbours share a bar."""
PLACES = ("#2f5f8a", "#4d7ca3", "#8fb0ca", "#bccfdf", "#d9c08a", "#a9b4bf")
"""What is handed in is the darkest, then what replaced it, in the order of ``SPLIT``."""


def metric_chart(
    four: FourReductions, metric: str, *, lang: Language | None = None, title: str | None = None
) -> Picture:
    """Draw how one metric is spread over the finished cases.

    Parameters
    ----------
    four : FourReductions
    metric : {"steps", "time", "clock", "materials", "trips"}
    lang, title
        See :func:`process_map`.

    Returns
    -------
    Picture
        Bars of cases, the median as a line, the 90th percentile as a dashed one; the longest hundredth stands in one bar
        at the end. Materials have a second bar: what became of those that were needed, on average. Bars of fewer than 10 cases
        carry no number. The counting rule stands in ``notes``; a metric that is not recorded says why.

    Raises
    ------
    UsageError
        If there is no such metric.
    """
    lang = lang or current_language()
    if metric not in METRICS:
        raise UsageError(
            _("there is no metric '{metric}'.", metric=metric),
            hint=_("choose one of: {names}", names=", ".join(METRICS)),
        )
    name = metric_label(metric, lang)
    figure = four.primary[metric]
    if not isinstance(figure, Figure):
        lines = _text.wrap(figure.text(lang), 9, WIDTH - 40, 6)
        shapes = tuple(Text(WIDTH / 2, 24 + 13 * k, line, 9, _style.MUTED) for k, line in enumerate(lines))
        return Picture(WIDTH, 36 + 13 * len(lines), shapes, title or name)
    cases = four.per_case
    column = cases[COLUMN_OF[metric]]
    # Open cases belong to the figure only where it was counted over all of them.
    kept = column.notna() & (cases["complete"] if figure.n < int(column.notna().sum()) else True)
    drawn = _spread(column[kept].to_numpy(float), figure, lang)
    height = TOP + PLOT + 34
    if metric == "materials":
        drawn += _split(figure, height, lang)
        height += 62
    notes = (figure.rule.text(lang), _left_out(figure, lang))
    return Picture(WIDTH, height, tuple(drawn), title or _("{metric} by case", lang=lang, metric=name), notes)


def _left_out(figure: Figure, lang: Language) -> str:
    return _(
        "n = {n:,} cases; {open:,} not finished, {withheld:,} withheld.",
        lang=lang, n=figure.n, open=figure.extra.get("open", 0), withheld=figure.extra.get("withheld", 0),
    )  # fmt: skip


def bars_of(values: npt.NDArray[np.float64]) -> tuple[list[tuple[float, float]], list[int], bool]:
    """Return the bounds of bars (left closed, right open), the cases of each, and whether the last holds all the rest.

    Examples
    --------
    >>> bars_of(np.array([1.0, 1.0, 3.0]))
    ([(1.0, 2.0), (2.0, 3.0), (3.0, 4.0)], [2, 0, 1], False)
    """
    whole = bool((values == np.floor(values)).all())
    # Close cut at the 99th percentile: a single case of three years would leave one bar for all the others.
    low, high = float(np.floor(values.min())), float(np.ceil(np.quantile(values, 0.99, method="higher")))
    rest = bool(values.max() > high)
    if whole and high - low < MOST_BARS:
        edges = list(np.arange(low, high + 2))
    else:
        edges = ticks(low, high if high > low else low + 1, MOST_BARS * 2 // 3)
        width = edges[1] - edges[0]
        if whole and not width.is_integer():
            # Bars of 2.5 days would hold two whole days and three in turn.
            width = float(np.ceil(width))
            edges = list(np.arange(np.floor(low / width) * width, high + width, width))
        if edges[-1] <= high:
            edges.append(round(2 * edges[-1] - edges[-2], 10))
    counts = np.histogram(values[values < edges[-1]], bins=edges)[0] if len(edges) > 1 else np.zeros(0)
    bounds = [(float(a), float(b)) for a, b in itertools.pairwise(edges)]
    beyond = int((values >= edges[-1]).sum())
    if beyond:
        bounds.append((float(edges[-1]), float("inf")))
    return bounds, [*(int(c) for c in counts), *([beyond] if beyond else [])], rest and bool(beyond)


def _spread(values: npt.NDArray[np.float64], figure: Figure, lang: Language) -> list[Shape]:
    bounds, counts, rest = bars_of(values)
    marks = ticks(0.0, max(counts) * 1.08, 4)
    bottom, step = TOP + PLOT, (RIGHT - LEFT) / len(bounds)
    shapes: list[Shape] = []
    for mark in marks:
        if not float(mark).is_integer():
            continue
        y = bottom - PLOT * mark / marks[-1]
        shapes.append(Line(((LEFT, y), (RIGHT, y)), _style.GRID, 0.6))
        shapes.append(Text(LEFT - 4, y, number(mark), 7.5, _style.MUTED, "end"))
    shapes.append(Text(LEFT - 4, TOP - 18, _("cases", lang=lang), 7.5, _style.MUTED, "end"))
    discrete = bounds[0][1] - bounds[0][0] == 1 and bool((values == np.floor(values)).all())
    wide = step if not discrete else min(step * 0.8, 46.0)
    for k, count in enumerate(counts):
        x, h = LEFT + step * (k + 0.5), PLOT * count / marks[-1]
        last = rest and k == len(counts) - 1
        if count:
            fill = _style.BEFORE if last else "#7f9fbd"
            shapes.append(Box(x - wide / 2 + 0.5, bottom - h, max(wide - 1, 0.6), max(h, 0.6), fill=fill))
        if count >= SMALL and step >= 18:
            shapes.append(Text(x, bottom - h - 6, f"{count:,}", 7.5))
        a = bounds[k][0]
        every = max(1, int(np.ceil(26 / step)))
        if last:
            shapes.append(Text(x, bottom + 9, f"≥{number(a)}", 7.5, _style.MUTED))
        elif k % every == 0 and not (rest and k + every > len(counts) - 1 and step < 26):
            at = x if discrete else x - step / 2
            shapes.append(Text(at, bottom + 9, number(a), 7.5, _style.MUTED))
    shapes.append(Line(((LEFT, bottom), (RIGHT, bottom)), _style.INK, 0.8))
    shapes.append(Text(RIGHT, bottom + 23, figure.rule.unit(lang), 8, _style.MUTED, "end"))
    tops = [bottom - PLOT * count / marks[-1] - (13 if count >= SMALL and step >= 18 else 0) for count in counts]
    return shapes + _lines(figure, bounds, tops, step, discrete, lang)


def _lines(
    figure: Figure, bounds: Sequence[tuple[float, float]], tops: Sequence[float], step: float, discrete: bool, lang: Language
) -> list[Shape]:  # fmt: skip
    def at(value: float) -> float:
        for k, (a, b) in enumerate(bounds):
            if a <= value < b:
                inside = 0.5 if discrete or not np.isfinite(b) else (value - a) / (b - a)
                if discrete and value != a:
                    inside = 0.5 + (value - a)
                return LEFT + step * (k + inside)
        return RIGHT

    median, p90 = float(figure.value or 0.0), figure.extra.get("p90")
    told = [(median, _("median {value}", lang=lang, value=shown(median)), False)]
    if p90 is not None and p90 != median:
        told.append((float(p90), _("90th percentile {value}", lang=lang, value=shown(float(p90))), True))
    shapes: list[Shape] = []
    for k, (value, words, dashed) in enumerate(told):
        x, y = at(value), TOP - 18 + 11 * k
        end = x + _text.width(words, 8) + 4 > RIGHT
        # Down to the number on the bar it stands in, not through it.
        foot = tops[min(int((x - LEFT) / step), len(tops) - 1)]
        shapes.append(Line(((x, y), (x, max(foot, y + 8))), _style.INK, 0.9, dash=dashed))
        shapes.append(Text(x + (-4 if end else 4), y, words, 8, anchor="end" if end else "start"))
    return shapes


def _split(figure: Figure, top: float, lang: Language) -> list[Shape]:
    """Draw what became of the materials an application needed, as one bar of means."""
    split = {place: float(figure.extra["split"][place]) for place in SPLIT}
    total = sum(split.values())
    words = _("materials needed per case, on average {value}; of these", lang=lang, value=shown(total))
    shapes: list[Shape] = [Text(LEFT, top + 6, words, 8, anchor="start")]
    x, scale = LEFT, (RIGHT - LEFT) / total if total else 0.0
    label, y = LEFT, top + 44
    for place, fill in zip(SPLIT, PLACES, strict=True):
        value = split[place]
        if not value:
            continue
        w = value * scale
        shapes.append(Box(x, top + 16, w, 15, fill=fill))
        if w > 18:
            ink = _style.PALE_INK if fill in PLACES[:2] else _style.INK
            shapes.append(Text(x + w / 2, top + 23.5, shown(value), 8, ink))
        x += w
        name = split_name(place, lang)
        long = 12 + _text.width(name, 7.5) + 10
        if label + long > RIGHT:
            label, y = LEFT, y + 11
        shapes.append(Box(label, y - 3.5, 8, 7, fill=fill))
        shapes.append(Text(label + 11, y, name, 7.5, _style.MUTED, "start"))
        label += long
    return shapes
