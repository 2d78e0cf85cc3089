"""A picture as a list of shapes, written as SVG or drawn as PNG; both come from the same list."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
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
    """

    width: float
    height: float
    shapes: tuple[Shape, ...]
    title: str = ""
    notes: tuple[str, ...] = field(default=())

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
