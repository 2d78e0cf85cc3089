"""Write a picture as SVG."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from flowaudit.views._text import one_line
from flowaudit.views.fonts import SVG_FAMILY
from flowaudit.views.picture import Box, Line, Picture, Text


def _n(value: float) -> str:
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def _paint(fill: str | None, stroke: str | None, width: float, dash: bool) -> str:
    out = f' fill="{fill or "none"}"'
    if stroke:
        out += f' stroke="{stroke}" stroke-width="{_n(width)}"'
        if dash:
            out += ' stroke-dasharray="4 3"'
    return out


def _path(line: Line) -> str:
    first, *rest = line.points
    out = f"M{_n(first[0])} {_n(first[1])}"
    if line.curve:
        for i in range(0, len(rest) - 2, 3):
            out += "C" + " ".join(f"{_n(x)} {_n(y)}" for x, y in rest[i : i + 3])
    else:
        out += "".join(f"L{_n(x)} {_n(y)}" for x, y in rest)
    return out + ("Z" if line.fill else "")


def to_svg(picture: Picture) -> str:
    """Return the SVG text; every label is escaped and no shape can carry anything but numbers and colours."""
    title = one_line(picture.title)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_n(picture.width)} {_n(picture.height)}" '
        f'width="{_n(picture.width)}pt" height="{_n(picture.height)}pt" role="img" aria-label={quoteattr(title)} '
        f'font-family="{SVG_FAMILY}">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{_n(picture.width)}" height="{_n(picture.height)}" fill="#ffffff"/>',
    ]
    for shape in picture.shapes:
        if isinstance(shape, Box):
            round_ = f' rx="{_n(shape.radius)}"' if shape.radius else ""
            out.append(
                f'<rect x="{_n(shape.x)}" y="{_n(shape.y)}" width="{_n(shape.w)}" height="{_n(shape.h)}"{round_}'
                f"{_paint(shape.fill, shape.stroke, shape.width, shape.dash)}/>"
            )
        elif isinstance(shape, Line):
            out.append(f'<path d="{_path(shape)}"{_paint(shape.fill, shape.stroke, shape.width, shape.dash)}/>')
        elif isinstance(shape, Text):
            anchor = "" if shape.anchor == "start" else f' text-anchor="{shape.anchor}"'
            out.append(
                f'<text x="{_n(shape.x)}" y="{_n(shape.baseline)}" font-size="{_n(shape.size)}" fill="{shape.fill}"{anchor}>'
                f"{escape(one_line(shape.text))}</text>"
            )
    out.append("</svg>\n")
    return "\n".join(out)
