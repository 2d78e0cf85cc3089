"""How many officers it takes to keep a promise: the share of the cases that keep it, by officers more, on both readings."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flowaudit.messages import Language, current_language
from flowaudit.messages import translate as _
from flowaudit.planning import Reading, Staffing, reading_name
from flowaudit.views import _style, _text
from flowaudit.views._axis import number, ticks
from flowaudit.views.picture import Box, Line, Picture, Shape, Text

WIDTH, HEIGHT = 442.0, 240.0
LEFT, RIGHT, TOP, FOOT = 44.0, 96.0, 44.0, 34.0
COLOURS = {"pool": "#14304d", "resource": "#8a5a2f"}
LEVEL = "#1d5f3a"
DOT = 5.0

Place = Callable[[float], float]


def staffing_chart(found: Staffing, *, lang: Language | None = None, title: str | None = None) -> Picture:
    """Draw every staffing that was tried: officers more (or fewer) against the share of the cases that keep the promise.

    Parameters
    ----------
    found : Staffing
    lang, title
        See :func:`process_map`.

    Returns
    -------
    Picture
        The line joins the best of every number; whiskers are 95 % intervals, the square is the staffing found, the dashed
        line what could be reached if nobody were ever busy.
    """
    lang = lang or current_language()
    tried = [t for r in found.readings for t in (*r.tried, r.unlimited)]
    numbers = [t.officers for r in found.readings for t in r.tried]
    low = min(min(t.low if t.low is not None else t.kept for t in tried), found.level)
    # What collapses needs no room: the interesting shares lie near the promise.
    floor = max(low, min(found.level, *(r.now.kept for r in found.readings)) - 0.12, 0.0)
    marks = [m for m in ticks(100 * floor, 100.0, 5) if m <= 100.0]
    across = [m for m in ticks(min(numbers), max(max(numbers), 1), 6) if m == int(m)]
    right, bottom = WIDTH - RIGHT, HEIGHT - FOOT

    def x(officers: float) -> float:
        return LEFT + (right - LEFT) * (officers - across[0] + 0.5) / (across[-1] - across[0] + 1.0)

    def y(share: float) -> float:
        place = bottom - (bottom - TOP) * (100 * share - marks[0]) / (marks[-1] - marks[0])
        return min(place, bottom)

    shapes: list[Shape] = _frame(marks, across, x, y, bottom, lang)
    shapes.append(Line(((LEFT, y(found.level)), (right, y(found.level))), LEVEL, 1.0))
    shapes.append(Text(right + 4, y(found.level), _("{share:.0%} wished", lang=lang, share=found.level), 8, LEVEL, "start"))  # fmt: skip
    for k, reading in enumerate(found.readings):
        shift = 0.0 if len(found.readings) == 1 else (-2.5, 2.5)[k % 2]
        shapes += _curve(reading, shift, x, y, right, bottom, lang)
    if len(found.readings) > 1:
        for k, reading in enumerate(found.readings):
            colour, words = COLOURS[reading.contention], reading_name(reading.contention, lang)
            shapes += [Line(((LEFT, 10 + 13 * k), (LEFT + 14, 10 + 13 * k)), colour, 1.4), Text(LEFT + 18, 10 + 13 * k, words, 8, anchor="start")]  # fmt: skip
    notes = (
        _("{what}: share of the cases that end within {days} working days; square: the staffing found; dashed: nobody ever waits for a busy officer.", lang=lang, what=found.item or _("all cases", lang=lang), days=found.promise_days),
        _("Simulated, {n} replications each, the same luck; whiskers are 95 % intervals.", lang=lang, n=found.replications),
    )  # fmt: skip
    return Picture(WIDTH, HEIGHT, tuple(shapes), title or _("Officers and the promise", lang=lang), notes)


def _frame(
    marks: Sequence[float], across: Sequence[float], x: Place, y: Place, bottom: float, lang: Language
) -> list[Shape]:
    right = WIDTH - RIGHT
    shapes: list[Shape] = []
    for mark in marks:
        shapes.append(Line(((LEFT, y(mark / 100)), (right, y(mark / 100))), _style.GRID, 0.6))
        shapes.append(Text(LEFT - 4, y(mark / 100), number(mark) + "%", 8, _style.MUTED, "end"))
    for mark in across:
        shapes.append(Text(x(mark), bottom + 10, f"{mark:+.0f}" if mark else "0", 8, _style.MUTED))
    shapes.append(Line(((LEFT, bottom), (right, bottom)), _style.INK, 0.8))
    shapes.append(Text(right, bottom + 23, _("officers more (or fewer) in all", lang=lang), 8, _style.MUTED, "end"))
    return shapes


def _curve(
    reading: Reading, shift: float, x: Place, y: Place, right: float, bottom: float, lang: Language
) -> list[Shape]:
    colour = COLOURS[reading.contention]
    best: dict[int, float] = {}
    for t in reading.tried:
        best[t.officers] = max(best.get(t.officers, 0.0), t.kept)
    shapes: list[Shape] = []
    points = tuple((x(n) + shift, y(best[n])) for n in sorted(best) if y(best[n]) < bottom)
    if len(points) > 1:
        shapes.append(Line(points, colour, 1.2))
    for t in reading.tried:
        place = x(t.officers) + shift
        if y(t.kept) >= bottom:
            shapes.append(Text(place, bottom - 7, f"↓{t.kept:.0%}", 7, colour))
            continue
        if t.low is not None and t.high is not None:
            shapes.append(Line(((place, y(t.low)), (place, y(t.high))), colour, 0.7))
        shapes.append(Box(place - DOT / 2, y(t.kept) - DOT / 2, DOT, DOT, colour, radius=DOT / 2))
    reached = reading.reached
    if reading.answer != "never":
        left, top = x(reached.officers) + shift - DOT, y(reached.kept) - DOT
        shapes.append(Box(left, top, 2 * DOT, 2 * DOT, None, colour, 1.2))
    limit = y(reading.unlimited.kept)
    shapes.append(Line(((LEFT, limit), (right, limit)), colour, 0.8, dash=True))
    label = _("nobody busy: {share:.1%}", lang=lang, share=reading.unlimited.kept)
    offset = {"pool": 5.0, "resource": -5.0}[reading.contention]
    shapes.append(Text(right + 4, limit + offset, _text.clip(label, 7.5, RIGHT - 6), 7.5, colour, "start"))
    return shapes
