"""Draw a picture as PNG with matplotlib, without pyplot and without touching its settings."""

from __future__ import annotations

import io
from typing import Any

from flowaudit.views._text import one_line
from flowaudit.views.fonts import find_font, printable
from flowaudit.views.picture import Box, Line, Picture, Text

_ALIGN = {"start": "left", "middle": "center", "end": "right"}
_MAX_PIXELS = 8000


def to_png(picture: Picture, dpi: int) -> bytes:
    """Return PNG bytes; the resolution gives way where a side would exceed ``_MAX_PIXELS``."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    longest = max(picture.width, picture.height) / 72
    dpi = max(50, min(dpi, int(_MAX_PIXELS / longest)))
    figure = Figure(figsize=(picture.width / 72, picture.height / 72), dpi=dpi, facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(0, picture.width)
    axes.set_ylim(picture.height, 0)
    font = find_font()
    properties = font.properties
    for order, shape in enumerate(picture.shapes):
        if isinstance(shape, Text):
            axes.text(
                shape.x, shape.baseline, printable(one_line(shape.text), font), fontsize=shape.size, color=shape.fill,
                ha=_ALIGN[shape.anchor], va="baseline", fontproperties=properties, zorder=order, parse_math=False,
            ).set_fontsize(shape.size)  # fmt: skip
        else:
            axes.add_patch(_patch(shape, order))
    buffer = io.BytesIO()
    # no date and no version in the file: the same study gives the same bytes
    figure.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None}, pil_kwargs={"compress_level": 3})
    return buffer.getvalue()


def _patch(shape: Box | Line, order: int) -> Any:
    from matplotlib.patches import FancyBboxPatch, PathPatch, Rectangle
    from matplotlib.path import Path

    paint: dict[str, Any] = {
        "facecolor": shape.fill or "none",
        "edgecolor": shape.stroke or "none",
        "linewidth": shape.width if shape.stroke else 0.0,
        "linestyle": (0, (4, 3)) if shape.dash else "solid",
        "zorder": order,
    }
    if isinstance(shape, Box):
        if shape.radius:
            style = f"round,pad=0,rounding_size={shape.radius}"
            return FancyBboxPatch((shape.x, shape.y), shape.w, shape.h, boxstyle=style, **paint)
        return Rectangle((shape.x, shape.y), shape.w, shape.h, **paint)
    points = list(shape.points)
    codes = [Path.MOVETO, *[Path.CURVE4 if shape.curve else Path.LINETO] * (len(points) - 1)]
    if shape.fill:
        points.append(points[0])
        codes.append(Path.CLOSEPOLY)
    return PathPatch(Path(points, codes), **paint)
