"""Peers in a funnel: each one's figure over its number of cases, between limits that narrow as numbers grow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from flowaudit.messages import Language, current_language
from flowaudit.messages import translate as _
from flowaudit.views import _style, _text
from flowaudit.views._axis import number, ticks
from flowaudit.views.picture import Box, Line, Picture, Shape, Text

if TYPE_CHECKING:
    from flowaudit.diagnosis import PeerComparison

WIDTH, PANEL, HEAD, FOOT, LEFT = 442.0, 118.0, 20.0, 26.0, 34.0
MOST = 6
"""Panels drawn; further groups are named in the notes."""
DOT = 4.4


def funnel_chart(peers: PeerComparison, lang: Language | None = None, *, title: str | None = None) -> Picture:
    """Draw a comparison of peers as funnels, one panel for each group.

    Parameters
    ----------
    peers : PeerComparison
    lang, title
        See :func:`process_map`.

    Returns
    -------
    Picture
        A square for each peer over its number of cases; the whole group as a line, its 95 % limits dashed, its 99.8 % limits
        drawn through. Who is outside is filled and named. Groups with peers outside come first, then those of most cases.
    """
    lang = lang or current_language()
    shown = peers.table[~peers.table["suppressed"]]
    groups = _ordered(shown)
    drawn, left = groups[:MOST], groups[MOST:]
    columns = 1 if len(drawn) == 1 else 2
    wide = WIDTH / columns
    shapes: list[Shape] = []
    for place, group in enumerate(drawn):
        row, column = divmod(place, columns)
        own = shown[shown["group"] == group]
        curves = peers.curves[peers.curves["group"] == group]
        shapes += _panel(peers, group, own, curves, column * wide, row * (HEAD + PANEL + FOOT), wide, lang)
    if not drawn:
        shapes.append(Text(WIDTH / 2, 24, _("no peers with enough cases to compare.", lang=lang), 9, _style.MUTED))
    rows = -(-len(drawn) // columns)
    height = rows * (HEAD + PANEL + FOOT) + 8 if drawn else 48.0
    return Picture(WIDTH, height, tuple(shapes), title or _("comparison of peers: {metric}", lang=lang, metric=peers.metric),
                   _notes(peers, left, lang))  # fmt: skip


def _ordered(shown: pd.DataFrame) -> list[str]:
    if shown.empty:
        return []
    grouped = shown.assign(out=shown["outside"] != "", cases=shown["n"].astype(float)).groupby("group")
    order = grouped[["out", "cases"]].sum().sort_values(["out", "cases"], ascending=False, kind="stable")
    return [str(group) for group in order.index]


def _notes(peers: PeerComparison, left: list[str], lang: Language) -> tuple[str, ...]:
    notes = [_("dashed: 95 % limits; drawn through: 99.8 % limits. Outside is a question, not a verdict.", lang=lang)]
    if peers.overdispersion > 1:
        notes.append(
            _("limits widened by the square root of {factor:.2f}, as peers differ more than chance explains.",
              lang=lang, factor=peers.overdispersion)
        )  # fmt: skip
    hidden = int(peers.table["suppressed"].sum())
    if hidden:
        notes.append(_("{n} peers of fewer than 10 cases are not shown.", lang=lang, n=hidden))
    if left:
        notes.append(_("not drawn: {names}.", lang=lang, names=", ".join(left)))
    return tuple(notes)


def _panel(
    peers: PeerComparison, group: str, own: pd.DataFrame, curves: pd.DataFrame, x0: float, y0: float, wide: float, lang: Language
) -> list[Shape]:  # fmt: skip
    scale = 100.0 if peers.kind == "share" else 1.0
    sizes, values = own["n"].to_numpy(float), own["value"].to_numpy(float) * scale
    low, high = (curves[name].to_numpy(float) * scale for name in ("low998", "high998"))
    # The limits of ten cases would leave no room for the peers themselves.
    near = curves["n"].to_numpy(float) >= sizes.min() * 0.8
    near |= ~near.any()
    top, bottom = max(values.max(), high[near].max()), min(values.min(), low[near].min())
    margin = (top - bottom) * 0.05 or 1.0
    marks = ticks(max(bottom - margin, 0.0), top + margin, 4)
    along = ticks(0.0, float(sizes.max()) * 1.05, 4)
    left, right, floor, ceiling = x0 + LEFT, x0 + wide - 14, y0 + HEAD + PANEL, y0 + HEAD

    def point(n: float, value: float) -> tuple[float, float]:
        x = left + (right - left) * n / along[-1]
        share = (value - marks[0]) / (marks[-1] - marks[0])
        return x, floor - (floor - ceiling) * min(max(share, 0.0), 1.0)

    shapes: list[Shape] = []
    for mark in marks:
        y = point(0, mark)[1]
        shapes.append(Line(((left, y), (right, y)), _style.GRID, 0.5))
        shapes.append(Text(left - 4, y, number(mark) + ("%" if scale > 1 else ""), 7, _style.MUTED, "end"))
    for mark in along:
        shapes.append(Text(point(mark, marks[0])[0], floor + 8, number(mark), 7, _style.MUTED))
    shapes.append(Text(right, floor + 18, _("cases", lang=lang), 7, _style.MUTED, "end"))
    shapes.append(Text(left, y0 + 9, _text.clip(str(group) or peers.metric, 8.5, right - left), 8.5, anchor="start"))
    inside = curves[near & (curves["n"] <= along[-1]).to_numpy()]
    for name, ink, wide_line, dash in (
        ("low998", _style.AFTER, 0.9, False), ("high998", _style.AFTER, 0.9, False),
        ("low95", _style.AFTER, 0.7, True), ("high95", _style.AFTER, 0.7, True), ("expected", _style.INK, 0.8, False),
    ):  # fmt: skip
        points = tuple(point(n, v * scale) for n, v in zip(inside["n"], inside[name], strict=True))
        if len(points) > 1:
            shapes.append(Line(points, ink, wide_line, dash=dash))
    shapes.append(Line(((left, floor), (right, floor)), _style.INK, 0.8))
    outside = (own["outside"] != "").to_numpy()
    marked = [point(n, value) for n, value in zip(sizes[outside], values[outside], strict=True)]
    taken = [(x - DOT / 2, y, DOT) for x, y in marked]
    for row, n, value in zip(own.to_dict("records"), sizes, values, strict=True):
        x, y = point(n, value)
        out = row["outside"] != ""
        fill = _style.ADDED if out else _style.PALE_INK
        shapes.append(Box(x - DOT / 2, y - DOT / 2, DOT, DOT, fill=fill, stroke=_style.INK, width=0.7))
        if out:
            shapes += _label(str(row["peer"]), x, y, left, right, ceiling, taken)
    return shapes


def _label(
    name: str, x: float, y: float, left: float, right: float, ceiling: float, taken: list[tuple[float, float, float]]
) -> list[Shape]:
    """Name a peer beside its mark, on the side that has room, out of the way of names already there."""
    words = _text.clip(name, 7.5, (right - left) / 2)
    long = _text.width(words, 7.5)
    end = x + 5 + long > right
    start = x - 5 - long if end else x + 5
    for y_text in (y, y - 9, y + 9, y - 18, y + 18):
        free = all(abs(y_text - b) >= 8 or start + long < a or a + w < start for a, b, w in taken)
        if free and y_text > ceiling - 4:
            taken.append((start, y_text, long))
            return [Text(start, y_text, words, 7.5, anchor="start")]
    return []
