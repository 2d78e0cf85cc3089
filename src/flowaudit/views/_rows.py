"""Charts of rows: a label at the left, a bar at the right, one axis below."""

from __future__ import annotations

from collections.abc import Sequence

from flowaudit.views import _style, _text
from flowaudit.views._axis import number
from flowaudit.views.picture import Line, Shape, Text

WIDTH = 442.0
ROW = 27.0


def row_labels(labels: Sequence[str], top: float, row: float, limit: float) -> list[Shape]:
    """Write a label, on two lines at most, to the left of each row."""
    shapes: list[Shape] = []
    for i, label in enumerate(labels):
        lines = _text.wrap(label, 8.5, limit - 8, 2)
        middle = top + row * (i + 0.5)
        for k, line in enumerate(lines):
            shapes.append(Text(limit - 4, middle + 10.5 * (k - (len(lines) - 1) / 2), line, 8.5, anchor="end"))
    return shapes


def x_axis(marks: Sequence[float], left: float, right: float, top: float, bottom: float, unit: str) -> list[Shape]:
    """Draw the marks of a horizontal axis below the rows, and its unit."""
    shapes: list[Shape] = []
    span = marks[-1] - marks[0]
    for mark in marks:
        x = left + (right - left) * (mark - marks[0]) / span
        shapes.append(Line(((x, top), (x, bottom)), _style.GRID, 0.6))
        shapes.append(Text(x, bottom + 8, number(mark), 7.5, _style.MUTED))
    shapes.append(Text(right, bottom + 20, unit, 8, _style.MUTED, "end"))
    return shapes
