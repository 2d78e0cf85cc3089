"""A tornado: how far each uncertain input moves the result, and which share of its variance goes with it."""

from __future__ import annotations

from collections.abc import Callable

from flowaudit.messages import Language, current_language
from flowaudit.messages import translate as _
from flowaudit.planning import Swing, Uncertainty
from flowaudit.views import _style, _text
from flowaudit.views._axis import ticks
from flowaudit.views._rows import ROW, WIDTH, row_labels, x_axis
from flowaudit.views.picture import Box, Line, Picture, Shape, Text

LABEL, SHARE, TOP = 150.0, 62.0, 34.0
AT_LOW, AT_HIGH = _style.BEFORE, _style.AFTER


def sensitivity_chart(
    found: Uncertainty, *, most: int = 10, lang: Language | None = None, title: str | None = None
) -> Picture:
    """Draw the result with every input at both ends of its range, the largest swing first.

    Parameters
    ----------
    found : Uncertainty
    most : int
        So many inputs are drawn.
    lang, title
        See :func:`process_map`.

    Returns
    -------
    Picture
        At the ends of the bars the values of the input; at the right, of those varied together, the total Sobol' index.
    """
    lang = lang or current_language()
    title = title or _("What the result rests on", lang=lang)
    swings = found.swings[:most]
    if not swings:
        text = _("nothing it rests on is known to be uncertain", lang=lang)
        return Picture(WIDTH, 60, (Text(WIDTH / 2, 30, text, 10, _style.MUTED),), title)
    percent = 100.0 if found.target is not None and (found.target.reduction or found.target.share) else 1.0
    ends = [percent * v for s in swings for v in (s.at_low, s.at_high, s.base)]
    room = 0.12 * (max(ends) - min(ends)) or 0.5
    marks = ticks(min(ends) - room, max(ends) + room)
    left, right = LABEL + 26, WIDTH - SHARE - 26
    bottom = TOP + ROW * len(swings)

    def at(value: float) -> float:
        return left + (right - left) * (percent * value - marks[0]) / (marks[-1] - marks[0])

    unit = found.unit(lang) if percent == 1.0 else "%"
    shapes: list[Shape] = [
        *_legend(left, lang),
        *x_axis(marks, left, right, TOP, bottom, unit),
        *row_labels([s.input.label(lang) for s in swings], TOP, ROW, LABEL),
        *_shares(found, most, lang),
    ]
    for i, swing in enumerate(swings):
        shapes += _bar(swing, TOP + ROW * i + 6, at)
    x = at(found.base)
    shapes.append(Line(((x, TOP), (x, bottom)), _style.INK, 0.9))
    notes = (
        _("{what}; the line is the plan as it stands: {base}.", lang=lang, what=found.what(lang), base=found.shown(found.base, lang)),
        _("Each bar: one input at the ends of its range, the others as planned. At the right: the share of the variance that goes with the input when the largest are varied together (95 % interval).", lang=lang),
    )  # fmt: skip
    return Picture(WIDTH, bottom + 28, tuple(shapes), title, notes)


def _bar(swing: Swing, y: float, at: Callable[[float], float]) -> list[Shape]:
    """From the plan to the result at either end of the input, with the input's values."""
    height = ROW - 12
    shapes: list[Shape] = []
    ends = [(swing.at_low, swing.input.low, AT_LOW), (swing.at_high, swing.input.high, AT_HIGH)]
    labels: dict[bool, list[str]] = {False: [], True: []}
    for value, given, _fill in ends:
        if value != swing.base:
            labels[value > swing.base].append(swing.input.shown(given))
    # The longer one lies below where both go the same way.
    for value, _given, fill in sorted(ends, key=lambda e: -abs(e[0] - swing.base)):
        a, b = sorted((at(swing.base), at(value)))
        if b > a:
            shapes.append(Box(a, y, max(b - a, 0.6), height, fill=fill))
    edges = {True: max(at(v) for v in (swing.at_low, swing.base, swing.at_high)), False: min(at(v) for v in (swing.at_low, swing.base, swing.at_high))}  # fmt: skip
    for beyond, words in labels.items():
        if words:
            x = edges[beyond] + (3 if beyond else -3)
            shapes.append(Text(x, y + height / 2, " / ".join(words), 7.5, _style.MUTED, "start" if beyond else "end"))
    return shapes


def _legend(left: float, lang: Language) -> list[Shape]:
    shapes: list[Shape] = []
    x = left
    for fill, words in ((AT_LOW, _("input at its low end", lang=lang)), (AT_HIGH, _("at its high end", lang=lang))):
        shapes += [Box(x, 7, 12, 8, fill=fill), Text(x + 16, 11, words, 8, anchor="start")]
        x += 16 + _text.width(words, 8) + 12
    return shapes


def _shares(found: Uncertainty, most: int, lang: Language) -> list[Shape]:
    """The total indices in a column of their own."""
    if not found.indices:
        return []
    x = WIDTH - SHARE / 2
    shapes: list[Shape] = [Text(x, 22, _("of variance", lang=lang), 8, _style.MUTED)]
    own = {i.input.key: i for i in found.indices}
    for k, swing in enumerate(found.swings[:most]):
        index = own.get(swing.input.key)
        middle = TOP + ROW * (k + 0.5)
        if index is None:
            shapes.append(Text(x, middle, "—", 8.5, _style.MUTED))
            continue
        low, high = index.bounds
        shapes.append(Text(x, middle - 5, f"{min(index.total, 1.0):.0%}", 8.5))
        shapes.append(Text(x, middle + 5, f"{low:.0%} – {high:.0%}", 7, _style.MUTED))
    return shapes
