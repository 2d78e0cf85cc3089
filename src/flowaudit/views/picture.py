"""A picture as a list of shapes, written as SVG or drawn as PNG; both come from the same list."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Literal

from flowaudit.errors import InputError, UsageError
from flowaudit.messages import translate as _

Anchor = Literal["start", "middle", "end"]
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle; ``radius`` rounds its corners."""

    x: float
    y: float
    w: float
    h: float
    fill: str | None = None
    stroke: str | None = None
    width: float = 0.8
    dash: bool = False
    radius: float = 0.0


@dataclass(frozen=True, slots=True)
class Line:
    """A polyline, or with ``curve`` a chain of cubic Bezier pieces (1 + 3k points); closed and filled with ``fill``."""

    points: tuple[Point, ...]
    stroke: str | None = "#444444"
    width: float = 0.8
    dash: bool = False
    curve: bool = False
    fill: str | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """One line of text; ``y`` is the middle of the letters."""

    x: float
    y: float
    text: str
    size: float = 9.0
    fill: str = "#1a1a1a"
    anchor: Anchor = "middle"

    @property
    def baseline(self) -> float:
        return self.y + 0.36 * self.size


Shape = Box | Line | Text


def arrow_head(tip: Point, origin: Point, colour: str, size: float = 5.0) -> Line:
    """Return the filled triangle of an arrow that arrives at ``tip`` from ``origin``."""
    dx, dy = tip[0] - origin[0], tip[1] - origin[1]
    length = (dx * dx + dy * dy) ** 0.5 or 1.0
    ux, uy = dx / length, dy / length
    back = (tip[0] - size * ux, tip[1] - size * uy)
    half = 0.42 * size
    left, right = (back[0] - half * uy, back[1] + half * ux), (back[0] + half * uy, back[1] - half * ux)
    return Line((tip, left, right), stroke=None, fill=colour)


@dataclass(frozen=True)
class Picture:
    """What :func:`flowaudit.draw` returns: it shows itself in a notebook and saves itself.

    Attributes
    ----------
    width, height : float
        In points (1/72 inch), origin at the top left.
    shapes : tuple of Shape
        In the order of painting.
    title : str
        For the caption; not drawn.
    notes : tuple of str
        Unit, number of cases, period, counting rule: what a reader needs beside the picture.
    head : float
        Height of the band with the names of lanes, repeated where a tall picture is cut into pages.
    """

    width: float
    height: float
    shapes: tuple[Shape, ...]
    title: str = ""
    notes: tuple[str, ...] = field(default=())
    head: float = 0.0

    def pages(self, height: float) -> list[Picture]:
        """Cut a tall picture into parts no higher than ``height``, between its boxes and under the same head."""
        if self.height <= height:
            return [self]
        parts = -(-(self.height - self.head) // max(height - self.head, 1.0))
        step = (self.height - self.head) / parts
        cuts = [self.head, *(self._gap(self.head + step * k, step) for k in range(1, int(parts))), self.height]
        heads = [s for s in self.shapes if not isinstance(s, Line) and _bottom(s) <= self.head]
        out = []
        for top, bottom in pairwise(cuts):
            moved = [shifted(s, 0.0, self.head - top) for s in self.shapes if s not in heads]
            cover = Box(0, 0, self.width, self.head, fill="#ffffff")
            part = replace(self, height=self.head + bottom - top, shapes=(*moved, cover, *heads))
            out.append(part)
        return out

    def _gap(self, wanted: float, step: float) -> float:
        """Return the height near ``wanted`` at which the fewest boxes and labels are cut."""
        solid = [s for s in self.shapes if isinstance(s, Text) or (isinstance(s, Box) and s.h < step / 3)]
        best = min(
            (wanted + d * step / 60 for d in range(-12, 13)),
            key=lambda y: (sum(_top(s) < y + 2 and y - 2 < _bottom(s) for s in solid), abs(y - wanted)),
        )
        return best

    @property
    def svg(self) -> str:
        """The picture as one self-contained SVG text; labels stay text, nothing is loaded, nothing runs."""
        from flowaudit.views._svg import to_svg

        return to_svg(self)

    def png(self, *, dpi: int = 200) -> bytes:
        """Return the picture as PNG bytes at its natural size."""
        from flowaudit.views._png import to_png

        return to_png(self, dpi)

    def save(self, path: str | os.PathLike[str], *, dpi: int = 200) -> Path:
        """Write the picture; the suffix (.svg or .png) says how.

        Raises
        ------
        UsageError
            If the suffix is another.
        InputError
            If the file cannot be written.
        """
        target = Path(path)
        suffix = target.suffix.casefold()
        if suffix not in (".svg", ".png"):
            raise UsageError(
                _("a picture is saved as .svg or .png, not as '{suffix}'.", suffix=target.suffix),
                hint=_("picture.save('map.svg')"),
            )
        data = self.svg.encode() if suffix == ".svg" else self.png(dpi=dpi)
        return write_bytes(target, data)

    def _repr_mimebundle_(
        self, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None
    ) -> dict[str, str]:
        words = "; ".join((self.title, *self.notes)).strip("; ")
        return {"image/svg+xml": self.svg, "text/plain": words or "Picture"}


def _top(shape: Box | Text) -> float:
    return shape.y if isinstance(shape, Box) else shape.y - shape.size / 2


def _bottom(shape: Box | Text) -> float:
    return shape.y + shape.h if isinstance(shape, Box) else shape.y + shape.size / 2


def shifted(shape: Shape, dx: float, dy: float) -> Shape:
    """Return a shape moved by (dx, dy)."""
    if isinstance(shape, Line):
        return replace(shape, points=tuple((x + dx, y + dy) for x, y in shape.points))
    return replace(shape, x=shape.x + dx, y=shape.y + dy)


def write_bytes(target: Path, data: bytes) -> Path:
    """Write a file beside its place and move it there, so that a half-written one is never seen."""
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        try:
            part.write_bytes(data)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(
            _("{file} cannot be written ({error}).", file=str(target), error=error.strerror or str(error)),
            hint=_("close the file if another program has it open, and check that the folder may be written to."),
        ) from None
    return target
