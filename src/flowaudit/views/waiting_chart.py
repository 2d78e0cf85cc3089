"""Why cases wait: stacked bars of the causes, an activity (or whatever is asked for) a row."""

from __future__ import annotations

from flowaudit.diagnosis import CAUSES, Waiting, cause_name
from flowaudit.messages import Language, current_language
from flowaudit.messages import translate as _
from flowaudit.views import _style, _text
from flowaudit.views._axis import number, ticks
from flowaudit.views.picture import Box, Line, Picture, Shape, Text

WIDTH, LEFT, TOP, ROW = 442.0, 165.0, 44.0, 24.0
FILLS = {
    "applicant": "#e3d6b8", "batching": "#14304d", "contention": "#4d7ca3", "prioritisation": "#8fb0ca",
    "unavailability": "#c9ced3", "extraneous": "#8a5a2f", "not_identifiable": "#f5f7f9",
}  # fmt: skip
"""Neighbours differ in grey print, too."""


def waiting_chart(
    waiting: Waiting, *, by: str = "activity", most: int = 12, lang: Language | None = None, title: str | None = None
) -> Picture:
    """Draw the waiting before each activity, split by cause, longest first.

    Parameters
    ----------
    waiting : Waiting
    by : str
        An axis of :meth:`flowaudit.diagnosis.Waiting.by`.
    most : int
        So many rows are drawn.
    lang, title
        See :func:`process_map`.

    Returns
    -------
    Picture
    """
    lang = lang or current_language()
    table = waiting.by(by)
    names = list(table.columns[: 2 if by == "transition" else 1])
    table = table[table["waiting_h"] > 0]
    rest = max(0, len(table) - most)
    table = table.head(most)
    title = title or _("Waiting by cause", lang=lang)
    if table.empty:
        text = _("nothing waits in this log", lang=lang)
        return Picture(WIDTH, 60, (Text(WIDTH / 2, 30, text, 10, _style.MUTED),), title)
    day = waiting.office.hours_per_day
    used = [c for c in CAUSES if table[f"{c}_h"].sum() > 0]
    shapes: list[Shape] = _legend(used, lang)
    right, bottom = WIDTH - 44, TOP + ROW * len(table)
    marks = ticks(0.0, float(table["waiting_h"].max()) / day, 4)
    for mark in marks:
        x = LEFT + (right - LEFT) * mark / marks[-1]
        shapes += [
            Line(((x, TOP), (x, bottom)), _style.GRID, 0.6),
            Text(x, bottom + 8, number(mark), 7.5, _style.MUTED),
        ]
    unit = _("working days in all, period of the log", lang=lang)
    shapes.append(Text(right, bottom + 20, unit, 8, _style.MUTED, "end"))
    for i, row in enumerate(table.to_dict("records")):
        y, x = TOP + ROW * i + 5, LEFT
        lines = _text.wrap(" → ".join(str(row[c]) for c in names), 8.5, LEFT - 10, 2)
        for k, line in enumerate(lines):
            at = y + (ROW - 10) / 2 + 10 * (k - (len(lines) - 1) / 2)
            shapes.append(Text(LEFT - 5, at, line, 8.5, anchor="end"))
        for cause in used:
            w = (right - LEFT) * row[f"{cause}_h"] / day / marks[-1]
            if w > 0:
                shapes.append(Box(x, y, w, ROW - 10, FILLS[cause], _style.MUTED, 0.4))
                x += w
        shapes.append(Text(x + 4, y + (ROW - 10) / 2, f"{row['waiting_h'] / day:,.0f}", 7.5, anchor="start"))
    notes = [waiting.note(lang), _("Within office hours of the calendar “{calendar}”; a working day has {hours:g} hours.", lang=lang,
                                   calendar=waiting.calendar.name, hours=day)]  # fmt: skip
    if rest:
        notes.append(_("{n} smaller ones are not drawn.", lang=lang, n=rest))
    return Picture(WIDTH, bottom + 28, tuple(shapes), title, tuple(notes))


def _legend(used: list[str], lang: Language) -> list[Shape]:
    shapes: list[Shape] = []
    x, y = 8.0, 10.0
    for cause in used:
        words = cause_name(cause, lang)
        width = 14 + _text.width(words, 8) + 12
        if x + width > WIDTH - 4:
            x, y = 8.0, y + 15
        shapes += [Box(x, y - 4, 9, 8, FILLS[cause], _style.MUTED, 0.4), Text(x + 13, y, words, 8, anchor="start")]
        x += width
    return shapes
