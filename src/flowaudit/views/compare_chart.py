"""What a reform changed: every metric as a change in percent with its interval, and one of them over time."""

from __future__ import annotations

import pandas as pd

from flowaudit.messages import Language, current_language
from flowaudit.messages import translate as _
from flowaudit.metrics import NotRecorded, metric_label, shown, statistic_name
from flowaudit.targets import Effects, Estimate, Interrupted, kind_name
from flowaudit.views import _style, _text
from flowaudit.views._axis import number, ticks
from flowaudit.views._dates import date_ticks
from flowaudit.views.picture import Box, Line, Picture, Shape, Text

WIDTH, LEFT, RIGHT = 442.0, 92.0, 296.0
ROW, HEAD, FOOT = 22.0, 30.0, 30.0
SERIES, PLOT = 190.0, 120.0
DOT, SMALL_DOT = 5.0, 3.2
LINE, CRUDE = "#14304d", "#8a939c"


def compare_chart(effects: Effects, *, lang: Language | None = None, title: str | None = None) -> Picture:
    """Draw the effects of a reform.

    Parameters
    ----------
    effects : Effects
    lang, title
        See :func:`process_map`.

    Returns
    -------
    Picture
        Above, a row for each metric: the change in percent, most carefully compared (filled, with its 95 % interval) and
        as it stands (hollow). Below, one metric by period of arrival: the means, the trend before and after go-live, and
        the trend before carried on (dashed); or why there is no such series.
    """
    lang = lang or current_language()
    rows = effects.headlines
    top = HEAD + ROW * len(rows) + FOOT
    shapes = _changes(effects, rows, lang)
    drawn, height = _series(effects, top, lang)
    notes = [effects.follow_up.reason(lang)]
    kinds = dict.fromkeys(e.kind for e in rows)
    if "standardised" in kinds:
        notes.append(rows[0].after.rule.text(lang))
    return Picture(WIDTH, top + height, (*shapes, *drawn), title or _("Effects of the reform", lang=lang), tuple(notes))


def _changes(effects: Effects, rows: tuple[Estimate, ...], lang: Language) -> list[Shape]:
    crude = {e.metric: effects.estimate(e.metric, "crude", e.statistic) for e in rows}
    ends = [0.0]
    for e in (*rows, *crude.values()):
        if e is not None and e.rate is not None:
            ends += [-100 * r for r in (e.rate, e.rate_low, e.rate_high) if r is not None]
    marks = ticks(min(ends), max(ends), 4)
    bottom = HEAD + ROW * len(rows)

    def x(percent: float) -> float:
        return round(LEFT + (RIGHT - LEFT) * (percent - marks[0]) / (marks[-1] - marks[0]), 2)

    shapes: list[Shape] = []
    for mark in marks:
        shapes.append(Line(((x(mark), HEAD - 6), (x(mark), bottom)), _style.INK if mark == 0 else _style.GRID, 0.8 if mark == 0 else 0.6))  # fmt: skip
        shapes.append(Text(x(mark), bottom + 9, f"{number(mark).replace('-', '−')}%", 8, _style.MUTED))
    for k, e in enumerate(rows):
        y = HEAD + ROW * (k + 0.5) - 4
        shapes.append(Text(LEFT - 8, y, metric_label(e.metric, lang), 8.5, anchor="end"))
        plain = crude[e.metric]
        if plain is not None and plain.rate is not None and e.kind != "crude":
            shapes += _dot(x(-100 * plain.rate), y, DOT + 3, None)
        if e.rate is not None:
            if e.rate_low is not None and e.rate_high is not None:
                shapes.append(Line(((x(-100 * e.rate_high), y), (x(-100 * e.rate_low), y)), LINE, 1.4))
            shapes += _dot(x(-100 * e.rate), y, DOT, LINE)
        told = "—" if e.rate is None else f"{-e.rate:+.1%}".replace("-", "−") if abs(e.rate) >= 0.0005 else "0%"
        words = f"{shown(e.before.value)} → {shown(e.after.value)} {e.after.rule.unit(lang)}"
        shapes.append(Text(RIGHT + 10, y - 4.5, told, 8.5, anchor="start"))
        shapes.append(Text(RIGHT + 10, y + 5, words, 7.5, _style.MUTED, "start"))
    return shapes + _legend(effects, rows, lang)


def _legend(effects: Effects, rows: tuple[Estimate, ...], lang: Language) -> list[Shape]:
    words: list[tuple[str | None, str]] = [(LINE, _("{kind}, {statistic}", lang=lang, kind=kind_name(rows[0].kind, lang), statistic=statistic_name(effects.statistic, lang)))] if rows else []  # fmt: skip
    if any(e.kind != "crude" for e in rows):
        words.append((None, kind_name("crude", lang)))
    shapes: list[Shape] = []
    at = 8.0
    for fill, text in words:
        shapes += _dot(at + 3, 10, DOT, fill)
        shapes.append(Text(at + 10, 10, text, 8, anchor="start"))
        at += 22 + _text.width(text, 8)
    shapes.append(Line(((at, 10), (at + 14, 10)), LINE, 1.4))
    shapes.append(Text(at + 18, 10, _("95 % interval", lang=lang), 8, anchor="start"))
    return shapes


def _dot(x: float, y: float, size: float, fill: str | None) -> list[Shape]:
    """A round mark; hollow without a fill."""
    half = size / 2
    return [Box(x - half, y - half, size, size, fill=fill or "#ffffff", stroke=fill or CRUDE, width=1.0, radius=half)]


def _series(effects: Effects, top: float, lang: Language) -> tuple[list[Shape], float]:
    """Draw one metric over time, or say why there is no series; return how high that is."""
    order = ("time", *effects.series)
    found = next((s for m in order if isinstance(s := effects.series.get(m), Interrupted)), None)
    if found is None:
        reason = next((s for s in effects.series.values() if isinstance(s, NotRecorded)), None)
        lines = _text.wrap(reason.reason(lang) if reason else "—", 8, WIDTH - 24, 4)
        return [Text(12, top + 8 + 11 * k, line, 8, _style.MUTED, "start") for k, line in enumerate(lines)], 16.0 + 11 * len(lines)  # fmt: skip
    return _plotted(found, top, lang), SERIES


def _plotted(found: Interrupted, top: float, lang: Language) -> list[Shape]:
    table = found.periods
    width = pd.Timedelta(days=found.period_days)
    first, last = table["start"].iloc[0], table["start"].iloc[-1] + width
    low, high, left = top + 34 + PLOT, top + 34, 40.0
    right = WIDTH - 12
    values = [*table["mean"], *table["fitted"], *table["without"]]
    marks = ticks(min(0.0, min(values)), max(values), 4)
    if min(values) >= 0:
        marks = [m for m in marks if m >= 0]

    def x(moment: pd.Timestamp) -> float:
        return round(left + (right - left) * float((moment - first) / (last - first)), 2)

    def y(value: float) -> float:
        return round(low - (low - high) * (value - marks[0]) / (marks[-1] - marks[0]), 2)

    unit = found.unit[0 if lang == "zh" else 1]
    head = _("{metric}, mean by period of arrival of {n} days ({unit})", lang=lang, metric=metric_label(found.metric, lang), n=found.period_days, unit=unit)  # fmt: skip
    shapes: list[Shape] = [Text(8, top + 8, head, 8.5, anchor="start")]
    for mark in marks:
        shapes.append(Line(((left, y(mark)), (right, y(mark))), _style.GRID, 0.6))
        shapes.append(Text(left - 4, y(mark), number(mark).replace("-", "−"), 8, _style.MUTED, "end"))
    shapes.append(Line(((left, low), (right, low)), _style.INK, 0.8))
    for moment, label in date_ticks(first, last, 6):
        if left + 12 <= x(moment) <= right - 12:
            shapes.append(Line(((x(moment), low), (x(moment), low + 3)), _style.INK, 0.6))
            shapes.append(Text(x(moment), low + 11, label, 8, _style.MUTED))
    middle = [start + width / 2 for start in table["start"]]
    after = (table["number"] >= 0).tolist()
    for side in (False, True):
        points = tuple((x(m), y(v)) for m, v, a in zip(middle, table["fitted"], after, strict=True) if a == side)
        shapes.append(Line(points, LINE, 1.3))
    carried = tuple((x(m), y(v)) for m, v, a in zip(middle, table["without"], after, strict=True) if a)
    shapes.append(Line(carried, CRUDE, 1.0, dash=True))
    for m, v in zip(middle, table["mean"], strict=True):
        shapes += _dot(x(m), y(v), SMALL_DOT, _style.AFTER)
    words = _("go-live {day}", lang=lang, day=f"{found.go_live:%Y-%m-%d}")
    at = x(found.go_live)
    end = at + 4 + _text.width(words, 8) > right
    shapes.append(Line(((at, high - 10), (at, low)), _style.INK, 0.9, dash=True))
    shapes.append(Text(at - 4 if end else at + 4, high - 7, words, 8, anchor="end" if end else "start"))
    return [*shapes, Text(right, low + 22, _("dashed: the trend before carried on", lang=lang), 7.5, _style.MUTED, "end")]  # fmt: skip
