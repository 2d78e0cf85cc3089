"""What can be promised, item by item, beside the promise made today and the statutory limit."""

from __future__ import annotations

from flowaudit.messages import Language, current_language
from flowaudit.messages import translate as _
from flowaudit.metrics import metric_label
from flowaudit.planning import Promise
from flowaudit.views import _style, _text
from flowaudit.views._axis import ticks
from flowaudit.views._rows import ROW, WIDTH, row_labels, x_axis
from flowaudit.views.picture import Box, Line, Picture, Shape, Text

LABEL, TOP, MARGIN = 150.0, 26.0, 62.0
NEEDED, TODAY, LAW = _style.AFTER, "#8a5a2f", _style.INK


def promise_chart(found: Promise, *, lang: Language | None = None, title: str | None = None) -> Picture:
    """Draw the days within which the wished share of the cases ends, and the limits that are stated.

    Parameters
    ----------
    found : Promise
    lang, title
        See :func:`process_map`.

    Returns
    -------
    Picture
        A bar up to the days, with its bounds; one mark for the promise made today, one for the statutory limit; at the
        right the share of the cases that keeps the promise made today.
    """
    lang = lang or current_language()
    title = title or _("What can be promised", lang=lang)
    reach = [
        float(d)
        for row in found
        for d in (row.days, row.high, *(s.working_days for s in (row.promised, row.statutory) if s is not None))
        if d is not None
    ]
    marks = ticks(0.0, max(reach, default=1.0) * 1.04 or 1.0)
    left, right, bottom = LABEL, WIDTH - MARGIN, TOP + ROW * len(found)

    def at(days: float) -> float:
        return left + (right - left) * days / marks[-1]

    shapes: list[Shape] = [
        *_legend(found, lang),
        *x_axis(marks, left, right, TOP, bottom, _("working days", lang=lang)),
        *row_labels([found.label(row, lang) for row in found], TOP, ROW, LABEL),
    ]
    if any(row.promised is not None for row in found):
        shapes.append(Text(WIDTH - MARGIN / 2, TOP - 8, _("kept today", lang=lang), 8, _style.MUTED))
    for i, row in enumerate(found):
        y, height = TOP + ROW * i + 7, ROW - 14
        middle = y + height / 2
        if row.days is None:
            shapes.append(Text(left + 4, middle, _("too few cases", lang=lang), 8, _style.MUTED, "start"))
        else:
            shapes.append(Box(left, y, max(at(row.days) - left, 0.6), height, fill=NEEDED))
            ends = [at(row.days if d is None else d) for d in (row.low, row.high)]
            if ends[0] < ends[1]:
                shapes.append(Line(((ends[0], middle), (ends[1], middle)), _style.INK, 0.9))
                shapes.extend(Line(((e, middle - 3), (e, middle + 3)), _style.INK, 0.9) for e in ends)
        for limit, colour, width in ((row.statutory, LAW, 1.6), (row.promised, TODAY, 2.4)):
            if limit is not None and limit.working_days is not None:
                x = at(limit.working_days)
                shapes.append(Line(((x, y - 4), (x, y + height + 4)), colour, width))
        if row.promised is not None and row.promised.kept is not None:
            risky = row.at_risk
            shapes.append(Text(WIDTH - MARGIN / 2, middle, f"{int(row.promised.kept * 1000) / 1000:.1%}", 8.5, TODAY if risky else _style.INK))  # fmt: skip
    notes = (
        _("{metric}, working days; bar: the fewest days within which {level:.0%} of the cases end, whisker: bounds with {confidence:.0%} confidence each.", lang=lang, metric=metric_label(found.metric, lang), level=found.level, confidence=found.confidence),
        _("Limits in other units stand at the fewest working days that a case had by them.", lang=lang),
        *((_("Simulated, {n} replications.", lang=lang, n=found.replications),) if found.replications else ()),
    )  # fmt: skip
    return Picture(WIDTH, bottom + 28, tuple(shapes), title, notes)


def _legend(found: Promise, lang: Language) -> list[Shape]:
    shapes: list[Shape] = []
    x = 8.0
    entries = [(NEEDED, _("{level:.0%} end within", lang=lang, level=found.level), True)]
    if any(row.promised is not None for row in found):
        entries.append((TODAY, _("promised today", lang=lang), False))
    if any(row.statutory is not None for row in found):
        entries.append((LAW, _("statutory limit", lang=lang), False))
    for colour, words, bar in entries:
        shapes.append(Box(x, 4, 12, 8, fill=colour) if bar else Line(((x + 6, 3), (x + 6, 13)), colour, 2.2))
        shapes.append(Text(x + 16, 8, words, 8, anchor="start"))
        x += 16 + _text.width(words, 8) + 12
    return shapes
