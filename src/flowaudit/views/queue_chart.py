"""How queues grow and shrink: the largest ones side by side over time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.errors import UsageError
from flowaudit.messages import Language, current_language
from flowaudit.messages import translate as _
from flowaudit.views import _style, _text
from flowaudit.views._axis import number, ticks
from flowaudit.views._dates import date_ticks
from flowaudit.views.picture import Line, Picture, Point, Shape, Text

WIDTH, COLUMNS = 442.0, 2
HEAD, PLOT, FOOT = 30.0, 66.0, 20.0
INDENT, GAP = 28.0, 10.0
MOST_POINTS = 200
"""Periods beyond that are averaged: a panel is not wide enough to show more."""
AREA, RUNNING = "#bccfdf", "#14304d"

Floats = npt.NDArray[np.float64]


def queue_chart(
    frame: pd.DataFrame, *, top: int = 6, lang: Language | None = None, title: str | None = None
) -> Picture:
    """Draw the largest queues over time, one panel each: waiting as an area, in progress as a line.

    Parameters
    ----------
    frame : pd.DataFrame
        Result of :func:`flowaudit.metrics.queue_curves`.
    top : int
        So many groups with most waiting in all are drawn; without start times those with most in progress.
    lang, title
        See :func:`process_map`.

    Returns
    -------
    Picture
        Means over each period. Every panel has its own scale; how many groups are not drawn stands in ``notes``.

    Raises
    ------
    UsageError
        If the table is another one, or ``top`` is not at least 1.

    Examples
    --------
    >>> from flowaudit.eventlog import from_frame
    >>> from flowaudit.metrics import queue_curves
    >>> log = from_frame(pd.DataFrame({"case_id": "1", "activity": ["受理", "决定"],
    ...                                "end": pd.date_range("2024-01-02", periods=2)}))
    >>> queue_chart(queue_curves(log), lang="en").notes[1]
    'Mean number over each period, 2024-01-02 to 2024-01-03; every panel has its own scale.'
    """
    lang = lang or current_language()
    by = _group_column(frame)
    if top < 1:
        raise UsageError(
            _("at least one queue is to be drawn; got top={top}.", top=top), hint="queue_chart(curves, top=6)"
        )
    title = title or _("Queues over time", lang=lang)
    told = bool(len(frame)) and frame["kind"].iloc[0] == "waiting"
    measure = "waiting_mean" if told else "in_progress_mean"
    total = frame.groupby(by, sort=False, dropna=False, observed=True)[measure].sum()
    total = total[total > 0].sort_values(ascending=False, kind="stable")
    if total.empty:
        text = (
            _("nothing waits in this log", lang=lang) if told else _("nothing is recorded to be in progress", lang=lang)
        )
        return Picture(WIDTH, 60, (Text(WIDTH / 2, 30, text, 10, _style.MUTED),), title)
    moments = pd.DatetimeIndex(np.unique(frame["time"].to_numpy()))
    shapes = _legend(told, lang)
    columns = min(COLUMNS, len(total), top)
    wide = (WIDTH - GAP * (columns + 1)) / columns
    for place, group in enumerate(total.index[:top]):
        row, column = divmod(place, columns)
        own = frame[frame[by].isna() if pd.isna(group) else frame[by] == group]
        panel = _Panel(GAP + column * (wide + GAP), 20 + row * (HEAD + PLOT + FOOT), wide, moments)
        name = _("(not recorded)", lang=lang) if pd.isna(group) else str(group)
        shapes += panel.draw(
            name, own["waiting_mean"].to_numpy(float) if told else None, own["in_progress_mean"].to_numpy(float)
        )
    rows = -(-min(top, len(total)) // columns)
    return Picture(WIDTH, 20 + rows * (HEAD + PLOT + FOOT) + 4, tuple(shapes), title, _notes(told, moments, len(total) - top, lang))  # fmt: skip


def _group_column(frame: pd.DataFrame) -> str:
    needed = {"time", "waiting_mean", "in_progress_mean", "kind"}
    found = [c for c in ("activity", "department") if c in frame]
    if not needed <= set(frame.columns) or not found:
        raise UsageError(
            _("this table does not hold the curves of queues; it has {columns}.", columns=", ".join(map(str, frame.columns))),
            hint="queue_chart(queue_curves(log))",
        )  # fmt: skip
    return found[0]


@dataclass(frozen=True)
class _Panel:
    x: float
    y: float
    wide: float
    moments: pd.DatetimeIndex

    def draw(self, name: str, waiting: Floats | None, running: Floats) -> list[Shape]:
        left, right = self.x + INDENT, self.x + self.wide
        lower = self.y + HEAD - 8 + PLOT
        edges, kept = self._spans()
        curves = [self._mean(values, kept) for values in (waiting, running) if values is not None]
        marks = ticks(0.0, max(float(c.max()) for c in curves) or 1.0, 3)
        shapes: list[Shape] = [Text(self.x, self.y + 9, _text.clip(name, 9, self.wide), 9, anchor="start")]
        for mark in marks:
            y = lower - PLOT * mark / marks[-1]
            shapes.append(Line(((left, y), (right, y)), _style.GRID, 0.6))
            shapes.append(Text(left - 4, y, number(mark), 7, _style.MUTED, "end"))
        span = edges[-1] - edges[0]

        def steps(values: Floats) -> list[Point]:
            points = []
            for k, value in enumerate(values.tolist()):
                y = round(lower - PLOT * value / marks[-1], 2)
                points += [
                    (round(left + (right - left) * ((edge - edges[0]) / span), 2), y) for edge in edges[k : k + 2]
                ]
            return points

        if waiting is not None:
            shapes.append(Line(((left, lower), *steps(curves[0]), (right, lower)), None, fill=AREA))
        shapes.append(Line(tuple(steps(curves[-1])), RUNNING, 0.9))
        shapes.append(Line(((left, lower), (right, lower)), _style.INK, 0.8))
        free = left
        for moment, label in date_ticks(edges[0], edges[-1], max(2, int(self.wide / 55))):
            x = left + (right - left) * ((moment - edges[0]) / span)
            half = _text.width(label, 7) / 2
            shapes.append(Line(((x, lower), (x, lower + 2.5)), _style.INK, 0.6))
            if x - half >= free - INDENT and x + half <= right + GAP:
                shapes.append(Text(x, lower + 9, label, 7, _style.MUTED))
                free = x + half + INDENT + 3
        return shapes

    def _spans(self) -> tuple[list[pd.Timestamp], int]:
        """Return where the drawn spans begin (and the last one ends), and how many periods each of them holds."""
        moments = self.moments
        kept = -(-len(moments) // MOST_POINTS)
        usual = (moments[-1] - moments[0]) / (len(moments) - 1) if len(moments) > 1 else pd.Timedelta(days=1)
        return [*moments[::kept], moments[-1] + usual], kept

    def _mean(self, values: Floats, kept: int) -> Floats:
        """Average neighbouring periods, so that a panel has no more spans than it can show."""
        begins = np.arange(0, len(values), kept)
        sizes = np.diff(np.r_[begins, len(values)])
        found: Floats = np.add.reduceat(values, begins) / sizes
        return found


def _legend(told: bool, lang: Language) -> list[Shape]:
    shapes: list[Shape] = []
    x = GAP
    if told:
        words = _("waiting", lang=lang)
        shapes += [
            Line(((x, 6), (x + 14, 6), (x + 14, 14), (x, 14)), None, fill=AREA),
            Text(x + 18, 10, words, 8, anchor="start"),
        ]
        x += 18 + _text.width(words, 8) + 14
        words = _("in progress", lang=lang)
    else:
        words = _("enabled and not ended (waiting or in progress)", lang=lang)
    return [*shapes, Line(((x, 10), (x + 14, 10)), RUNNING, 1.2), Text(x + 18, 10, words, 8, anchor="start")]


def _notes(told: bool, moments: pd.DatetimeIndex, rest: int, lang: Language) -> tuple[str, ...]:
    rule = (
        _("Unit: activity instances; waiting: enabled and not started; in progress: started and not ended.", lang=lang)
        if told
        else _("Unit: activity instances, from enabled to ended; starts are not recorded, so waiting is not told from work.", lang=lang)
    )  # fmt: skip
    notes = [
        rule,
        _("Mean number over each period, {first} to {last}; every panel has its own scale.", lang=lang,
          first=f"{moments[0]:%Y-%m-%d}", last=f"{moments[-1]:%Y-%m-%d}"),
    ]  # fmt: skip
    kept = -(-len(moments) // MOST_POINTS)
    if kept > 1:
        notes.append(_("{n} periods are averaged into one.", lang=lang, n=kept))
    if rest > 0:
        notes.append(_("{n} smaller ones are not drawn.", lang=lang, n=rest))
    return tuple(notes)
