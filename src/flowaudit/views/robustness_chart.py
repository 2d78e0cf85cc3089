"""The saving at several levels of demand, and how busy the busiest pools get."""

from __future__ import annotations

import math

from flowaudit.messages import Language, current_language
from flowaudit.messages import translate as _
from flowaudit.metrics import metric_label
from flowaudit.planning import Robustness
from flowaudit.views import _style, _text
from flowaudit.views._axis import ticks
from flowaudit.views._rows import WIDTH, row_labels, x_axis
from flowaudit.views.picture import Box, Line, Picture, Shape, Text

LABEL, TOP, ROW, GAP = 165.0, 20.0, 22.0, 52.0
SAVED, OVER = "#7f9fbd", _style.ADDED


def robustness_chart(
    found: Robustness, *, metric: str = "time", most: int = 6, lang: Language | None = None, title: str | None = None
) -> Picture:
    """Draw what is saved at every level of demand, and below it how busy the redesign's busiest pools are.

    Parameters
    ----------
    found : Robustness
    metric : str
        Whose saving is drawn.
    most : int
        So many pools are drawn.
    lang, title
        See :func:`process_map`.

    Returns
    -------
    Picture
        Whiskers are 95 % intervals; a pool's bar goes to its load at the highest demand, the mark is today's.
    """
    lang = lang or current_language()
    levels = [(v, c) for v in found.levels if (c := v.saving(metric)) is not None]
    shapes: list[Shape] = [Text(8, 8, _("saved: {metric}", lang=lang, metric=metric_label(metric, lang)), 8.5, _style.MUTED, "start")]  # fmt: skip
    bottom = TOP
    if levels:
        unit = levels[0][1].before.rule.unit(lang)
        ends = [v for _level, c in levels for v in (-c.difference, -c.low, -c.high) if math.isfinite(v)]
        marks = ticks(min(0.0, *ends), max(0.0, *ends) * 1.08 or 1.0)
        left, right, bottom = LABEL, WIDTH - 34, TOP + ROW * len(levels)

        def at(value: float) -> float:
            return left + (right - left) * (value - marks[0]) / (marks[-1] - marks[0])

        names = [_("demand {share:+.0%}", lang=lang, share=v.demand - 1.0) if v.demand != 1.0 else _("demand as today", lang=lang) for v, _c in levels]  # fmt: skip
        shapes += [*x_axis(marks, left, right, TOP, bottom, unit), *row_labels(names, TOP, ROW, LABEL)]
        for i, (_level, c) in enumerate(levels):
            y, height = TOP + ROW * i + 5, ROW - 10
            a, b = sorted((at(0.0), at(-c.difference)))
            shapes.append(Box(a, y, max(b - a, 0.6), height, fill=SAVED if c.difference <= 0 else OVER))
            edge = b
            if math.isfinite(c.low) and math.isfinite(c.high):
                whiskers = (at(-c.high), at(-c.low))
                shapes.append(Line(((whiskers[0], y + height / 2), (whiskers[1], y + height / 2)), _style.INK, 0.9))
                shapes.extend(Line(((e, y + height / 2 - 3), (e, y + height / 2 + 3)), _style.INK, 0.9) for e in whiskers)  # fmt: skip
                edge = max(edge, whiskers[1])
            shapes.append(Text(edge + 4, y + height / 2, f"{0.0 - c.difference:.1f}", 8.5, anchor="start"))
    more, bottom = _pools(found, bottom + GAP, most, lang)
    notes = (
        _("Before and after simulated at the same demand, {n} replications, the same luck; whiskers are 95 % intervals.", lang=lang, n=found.replications),
        _("Below: share of its working hours a pool is asked for after the redesign; at 100 % its queue grows without end.", lang=lang),
    )  # fmt: skip
    title = title or _("Does the saving survive more demand?", lang=lang)
    return Picture(WIDTH, bottom + 28, tuple(shapes + more), title, notes if found.after else notes[:1])


def _pools(found: Robustness, top: float, most: int, lang: Language) -> tuple[list[Shape], float]:
    """The busiest pools of the redesigned office."""
    pools = found.after[:most]
    if not pools:
        return [], top - GAP
    highest = found.levels[-1].demand
    left, right, bottom = LABEL, WIDTH - 34, top + ROW * len(pools)
    marks = ticks(0.0, 100 * max(1.0, *(p.at(highest) for p in pools)) * 1.05)

    def at(share: float) -> float:
        return left + (right - left) * 100 * share / marks[-1]

    words = _("load of the pools: {demand:+.0%} demand (mark: today)", lang=lang, demand=highest - 1.0)
    shapes: list[Shape] = [
        Text(8, top - 12, _text.clip(words, 8.5, WIDTH - 16), 8.5, _style.MUTED, "start"),
        *x_axis(marks, left, right, top, bottom, "%"),
        *row_labels([p.pool for p in pools], top, ROW, LABEL),
    ]
    for i, pool in enumerate(pools):
        y, height, load = top + ROW * i + 5, ROW - 10, pool.at(highest)
        shapes.append(Box(left, y, max(at(load) - left, 0.6), height, fill=OVER if load >= 1.0 else SAVED))
        shapes.append(Line(((at(pool.busy), y - 2), (at(pool.busy), y + height + 2)), _style.INK, 1.4))
        shapes.append(Text(WIDTH - 4, y + height / 2, f"{load:.0%}", 8.5, anchor="end"))
    shapes.append(Line(((at(1.0), top), (at(1.0), bottom)), _style.INK, 0.9, dash=True))
    return shapes, bottom
