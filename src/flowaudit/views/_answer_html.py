"""An answer as a page shows it: figures with their intervals, small bars, what changes in words."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from flowaudit.messages import Language
from flowaudit.messages import translate as _
from flowaudit.views import _style
from flowaudit.views.picture import Box, Line, Picture, Shape, Text

if TYPE_CHECKING:
    from flowaudit.views.what_if import Answer, Row

NAME, BAR, NUMBER, HEIGHT = 96.0, 170.0, 52.0, 26.0


def answer_html(answer: Answer, lang: Language) -> str:
    """Return figures, bars and sentences as one piece of HTML."""
    return figures_html(answer, lang) + sentences_html(answer, lang)


def figures_html(answer: Answer, lang: Language) -> str:
    """Return the figures and their bars; the reason where there are none."""
    if answer.refused:
        lines = "<br>".join(html.escape(line) for line in answer.refused.splitlines())
        return f'<p style="color:{_style.CHANGED}">{lines}</p>'
    head = (
        _("Metric", lang=lang), _("Unit", lang=lang), _("before", lang=lang), _("after", lang=lang), _("change (95 % interval)", lang=lang),
        _("median", lang=lang),
    )  # fmt: skip
    cells = "".join(
        "<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in _cells(row, lang)) + "</tr>" for row in answer.rows
    )
    names = "".join(f"<th>{html.escape(name)}</th>" for name in head)
    note = _("before, after: mean per case; bars: share of before.", lang=lang)
    rules = "".join(f"<li>{html.escape(row.rule.text(lang))}</li>" for row in answer.rows)
    title = html.escape(_("Counting rules", lang=lang))
    return (
        f"<p><b>{html.escape(answer.basis(lang))}</b></p><table><tr>{names}</tr>{cells}</table>{bars(answer.rows, lang).svg}"
        f"<p>{html.escape(note)}</p><details><summary>{title}</summary><ul>{rules}</ul></details>"
    )


def sentences_html(answer: Answer, lang: Language) -> str:
    """Return what changes in words, as a list."""
    said = "".join(f"<li>{html.escape(s)}</li>" for s in answer.sentences(lang))
    return f"<ul>{said}</ul>" if said else ""


def _cells(row: Row, lang: Language) -> tuple[str, ...]:
    by = f"{row.difference:+.2f}"
    if not math.isnan(row.low):
        by += _(" ({low:+.2f} to {high:+.2f})", lang=lang, low=row.low, high=row.high)
    return (
        row.rule.name(lang), row.rule.unit(lang), f"{row.before:.2f}", f"{row.after:.2f}", by,
        f"{row.median_before:.1f} → {row.median_after:.1f}",
    )  # fmt: skip


def bars(rows: Sequence[Row], lang: Language) -> Picture:
    """Draw every metric before and after as two bars, after as a share of before, with its interval as a line."""
    shapes: list[Shape] = []
    longest = max(
        [1.0, *(x / row.before for row in rows if row.before > 0 for x in (row.after, row.before + _high(row)))]
    )
    scale = BAR / min(longest, 2.0)
    for k, row in enumerate(rows):
        y = 4.0 + HEIGHT * k
        shapes.append(Text(NAME - 6, y + 10, row.rule.name(lang), 9.0, anchor="end"))
        if row.before <= 0:
            shapes.append(Text(NAME, y + 10, f"{row.before:.1f} → {row.after:.1f}", 8.0, _style.MUTED, "start"))
            continue
        share, low, high = (
            min(x / row.before, 2.0) for x in (row.after, row.before + row.low, row.before + _high(row))
        )
        shapes.append(Box(NAME, y, scale, 9, _style.BEFORE))
        shapes.append(Box(NAME, y + 10, max(scale * share, 0.5), 9, _style.AFTER))
        if not math.isnan(row.low):
            shapes.append(
                Line(((NAME + scale * max(low, 0.0), y + 14.5), (NAME + scale * high, y + 14.5)), _style.INK, 1.0)
            )
        end = NAME + max(scale * share, scale * high) + 5
        shapes.append(Text(NAME + scale + 5, y + 4.5, f"{row.before:.1f}", 7.5, _style.MUTED, "start"))
        shapes.append(Text(end, y + 14.5, f"{row.after:.1f} ({share - 1:+.0%})", 7.5, _style.INK, "start"))
    title = _("Before and after", lang=lang)
    return Picture(NAME + BAR + 2 * NUMBER, 8.0 + HEIGHT * len(rows), tuple(shapes), title)


def _high(row: Row) -> float:
    return row.difference if math.isnan(row.high) else row.high
