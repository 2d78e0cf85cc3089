"""The portfolios no other one beats: which measures each takes, what it saves, what it costs."""

from __future__ import annotations

import numpy as np

from flowaudit.messages import Language, current_language
from flowaudit.messages import translate as _
from flowaudit.metrics import metric_label
from flowaudit.planning import Point, Search
from flowaudit.views import _style, _text
from flowaudit.views.picture import Box, Line, Picture, Shape, Text

WIDTH = 442.0
SHOWN = 14
ROW, HEAD = 15.0, 34.0
SQUARE, STATED = 12.0, 42.0
TAKEN, LEFT_OUT = "#14304d", "#e3e7ea"


def front_chart(found: Search, *, lang: Language | None = None, title: str | None = None) -> Picture:
    """Draw the front of a search, the largest improvement first: measures taken, savings by metric, cost and risk.

    Parameters
    ----------
    found : Search
    lang, title
        See :func:`process_map`.

    Returns
    -------
    Picture
        One row for each portfolio, at most 14; bars are relative savings of the mean, whiskers 95 % intervals.
    """
    lang = lang or current_language()
    points = [p for p in found.front if p.portfolio][:SHOWN]
    n, metrics = len(found.candidates), found.rules.metrics
    stated = [name for name, known in (("cost", found.base.cost_yuan), ("risk", found.base.risk)) if known is not None]
    begin = SQUARE * n + 10
    cell = (WIDTH - begin - STATED * len(stated)) / max(len(metrics), 1)
    shapes: list[Shape] = []
    for k in range(n):
        shapes.append(Text(SQUARE * (k + 0.5), HEAD - 8, str(k + 1), 7.5, _style.MUTED))
    for m, metric in enumerate(metrics):
        shapes.append(Text(begin + cell * (m + 0.5), HEAD - 20, metric_label(metric, lang), 8))
    heads = {
        "cost": (_("cost", lang=lang), _("10 000 yuan", lang=lang)),
        "risk": (_("risk", lang=lang), _("points", lang=lang)),
    }
    for k, name in enumerate(stated):
        x = WIDTH - STATED * (len(stated) - k - 0.5)
        shapes += [Text(x, HEAD - 20, heads[name][0], 8), Text(x, HEAD - 9, heads[name][1], 6.5, _style.MUTED)]
    for i, point in enumerate(points):
        y = HEAD + ROW * i
        if i % 2:
            shapes.append(Box(0, y, WIDTH, ROW, fill=_style.LANE))
        for k in range(n):
            fill = TAKEN if k in point.portfolio else LEFT_OUT
            shapes.append(Box(SQUARE * k + 2, y + 3.5, SQUARE - 4, ROW - 7, fill=fill, radius=1.5))
        for m, metric in enumerate(metrics):
            shapes += _saving(found, point, metric, begin + cell * m, y, cell)
        values = {"cost": f"{(point.cost_yuan or 0.0) / 1e4:,.1f}", "risk": f"{point.risk or 0.0:g}"}
        for k, name in enumerate(stated):
            shapes.append(Text(WIDTH - STATED * (len(stated) - k - 0.5), y + ROW / 2, values[name], 8))
    y = HEAD + ROW * len(points) + 12
    for k, candidate in enumerate(found.candidates):
        for j, line in enumerate(_text.wrap(f"{k + 1} {candidate.label(lang)}", 8, WIDTH - 4, 2)):
            shapes.append(Text(2 if j == 0 else 12, y, line, 8, anchor="start"))
            y += 11
    notes = (
        _("Bars: relative saving of the mean per case against the office as it is, both simulated; whiskers: 95 % intervals.", lang=lang),
        found.rule(lang),
    )  # fmt: skip
    shown = _("Portfolios no other one beats", lang=lang)
    if len(points) < len([p for p in found.front if p.portfolio]):
        shown = _("Portfolios no other one beats: the {n} that save most", lang=lang, n=len(points))
    return Picture(WIDTH, y + 2, tuple(shapes), title or shown, notes)


def _saving(found: Search, point: Point, metric: str, x: float, y: float, cell: float) -> list[Shape]:
    """A bar from the left edge of its cell: all of it saved would fill it."""
    before = found.base.means[metric]
    if before <= 0:
        return [Text(x + 4, y + ROW / 2, "—", 8, anchor="start")]
    saved, low, high = (v / before for v in point.saved[metric])
    room = cell - 34
    fill = "#7f9fbd" if saved >= 0 else _style.ADDED
    shapes: list[Shape] = [Box(x + 2, y + 4, max(room * min(abs(saved), 1.0), 0.6), ROW - 8, fill=fill)]
    edge = x + 2 + room * min(abs(saved), 1.0)
    if np.isfinite(low) and np.isfinite(high) and saved >= 0:
        ends = [x + 2 + room * min(max(v, 0.0), 1.0) for v in (low, high)]
        shapes.append(Line(((ends[0], y + ROW / 2), (ends[1], y + ROW / 2)), _style.INK, 0.7))
        edge = max(edge, ends[1])
    shown = f"{-saved:+.0%}".replace("-", "−")
    shapes.append(Text(edge + 3, y + ROW / 2, "0" if shown in ("+0%", "−0%") else shown, 7.5, anchor="start"))
    return shapes
