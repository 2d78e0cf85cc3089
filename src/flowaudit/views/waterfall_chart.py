"""What each measure saves, step by step from the office as it is to the redesigned one; two ways of sharing out side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from flowaudit.errors import UsageError
from flowaudit.messages import Language, current_language
from flowaudit.messages import translate as _
from flowaudit.metrics import METRICS, metric_label, statistic_name
from flowaudit.planning import Attribution, Bar, Savings, method_name
from flowaudit.views import _style
from flowaudit.views._axis import ticks
from flowaudit.views._rows import ROW, WIDTH, row_labels, x_axis
from flowaudit.views.picture import Box, Line, Picture, Shape, Text

LABEL = 165.0
PAIR = 36.0
"""Height of a row with two bars."""

SAVED = {"waterfall": "#8fb0ca", "shapley": "#40576f"}


def waterfall_chart(
    attribution: Attribution,
    beside: Attribution | None = None,
    *,
    metric: str | None = None,
    lang: Language | None = None,
    title: str | None = None,
) -> Picture:
    """Draw what each measure saves, from the office as it is down to the redesigned one.

    Parameters
    ----------
    attribution : Attribution
    beside : Attribution, optional
        The same savings, shared out by the other method: two bars for each measure.
    metric : str, optional
        Default: the end-to-end time, or the first metric recorded.
    lang, title
        See :func:`process_map`.

    Returns
    -------
    Picture
        Whiskers are 95 % intervals of each measure's own saving.

    Raises
    ------
    UsageError
        If the metric is not recorded, or the two are not about the same measures and figures.
    """
    lang = lang or current_language()
    metric = metric or next((m for m in ("time", *METRICS) if m in attribution.metrics), "time")
    ways = [attribution] if beside is None else [attribution, beside]
    savings = [way.of(metric) for way in ways]
    first = savings[0]
    if beside is not None and not _alike(*savings):
        raise UsageError(
            _("the two attributions are not of the same measures and figures."),
            hint=_("waterfall and shapley of the same Coalitions, with the same statistic."),
        )
    levels = [_levels(s) for s in savings]
    row, top = (ROW, 6.0) if beside is None else (PAIR, 26.0)
    labels = [
        _("before (simulated)", lang=lang),
        *(b.label(lang) for b in first.bars),
        _("after (simulated)", lang=lang),
    ]
    bottom = top + row * len(labels)
    every = [level for of_way in levels for level in of_way]
    high = max(every)
    marks = ticks(min(0.0, *every), high * 1.12 if high > 0 else 1.0)
    left, right = LABEL, WIDTH - 34

    def at(value: float) -> float:
        return left + (right - left) * (min(max(value, marks[0]), marks[-1]) - marks[0]) / (marks[-1] - marks[0])

    unit = _(
        "{unit} ({metric}, {statistic})",
        lang=lang, unit=first.rule.unit(lang), metric=metric_label(metric, lang),
        statistic=statistic_name(attribution.statistic, lang),
    )  # fmt: skip
    shapes: list[Shape] = [*x_axis(marks, left, right, top, bottom, unit), *row_labels(labels, top, row, LABEL)]
    height = row - 12 if beside is None else (row - 12) / 2 - 1
    offsets = [6.0 + k * (height + 2) for k in range(len(ways))]
    for of_way in levels:
        shapes += _joints(of_way, at, top, row)
    shapes += _ends(first, at, top, bottom, row)
    for way, s, of_way, offset in zip(ways, savings, levels, offsets, strict=True):
        for k, bar in enumerate(s.bars):
            y = top + row * (k + 1) + offset
            shapes += _one(bar, of_way[k], at, y, height, SAVED[way.method])
    if beside is not None:
        shapes += _legend(ways, lang)
    notes = (
        _("Unit: {unit}, {statistic} over cases; before and after are both simulated; mean over {n} replications.",
          lang=lang, unit=first.rule.unit(lang), statistic=statistic_name(attribution.statistic, lang), n=attribution.replications),
        *(way.method_words(lang) for way in ways),
        _("Whisker: 95 % interval of the measure's own saving.", lang=lang),
    )  # fmt: skip
    title = title or _("Saved by measure: {metric}", lang=lang, metric=metric_label(metric, lang))
    return Picture(WIDTH, bottom + 28, tuple(shapes), title, notes)


def _alike(a: Savings, b: Savings) -> bool:
    same = [(x.measure, x.label_zh) for x in a.bars] == [(x.measure, x.label_zh) for x in b.bars]
    return same and a.rule == b.rule and (a.before, a.after) == (b.before, b.after)


def _levels(savings: Savings) -> list[float]:
    """What is left after each measure; the last is ``after`` itself, whatever was rounded on the way."""
    levels = [savings.before]
    for bar in savings.bars[:-1]:
        levels.append(levels[-1] - bar.saved)
    return [*levels, savings.after] if savings.bars else [savings.before, savings.after]


def _ends(savings: Savings, at: Callable[[float], float], top: float, bottom: float, row: float) -> list[Shape]:
    """The office as it is, and the redesigned one."""
    shapes: list[Shape] = []
    for value, y, fill in ((savings.before, top, _style.BEFORE), (savings.after, bottom - row, _style.AFTER)):
        shapes.append(Box(at(0), y + 6, max(at(value) - at(0), 0.5), row - 12, fill=fill))
        shapes.append(Text(at(value) + 4, y + row / 2, f"{value:.1f}", 8.5, anchor="start"))
    return shapes


def _joints(levels: Sequence[float], at: Callable[[float], float], top: float, row: float) -> list[Shape]:
    """Dashed lines from the end of each bar to the beginning of the next, in the gap between the rows."""
    ends = [top + row * (k + 1) for k in range(len(levels))]
    return [
        Line(((at(level), y - 6), (at(level), y + 6)), _style.MUTED, 0.6, dash=True)
        for level, y in zip(levels, ends, strict=True)
    ]


def _one(bar: Bar, level: float, at: Callable[[float], float], y: float, height: float, colour: str) -> list[Shape]:
    """One bar: from the level before it to the level after it, its whisker, its number."""
    saved, middle = bar.saved >= 0, y + height / 2
    a, b = sorted((at(level), at(level - bar.saved)))
    shapes: list[Shape] = [Box(a, y, max(b - a, 0.8), height, fill=colour if saved else _style.ADDED)]
    edge = b
    if np.isfinite([bar.low, bar.high]).all():
        ends = [at(level - x) for x in (bar.high, bar.low)]
        shapes.append(Line(((ends[0], middle), (ends[1], middle)), _style.INK, 0.9))
        shapes.extend(Line(((x, middle - 3), (x, middle + 3)), _style.INK, 0.9) for x in ends)
        edge = max(edge, ends[1])
    size = f"{abs(bar.saved):.1f}"
    sign = "" if float(size) == 0 else "−" if saved else "+"
    return [*shapes, Text(edge + 4, middle, f"{sign}{size}", min(8.5, height), anchor="start")]


def _legend(ways: Sequence[Attribution], lang: Language) -> list[Shape]:
    shapes: list[Shape] = []
    x = LABEL
    for way in ways:
        words = method_name(way.method, lang)
        shapes += [Box(x, 6, 12, 8, fill=SAVED[way.method]), Text(x + 16, 10, words, 8, anchor="start")]
        x += 120
    return shapes
