"""The cases a finding rests on as time lines: what was done when, and which of it the finding is about."""

from __future__ import annotations

import numpy as np
import pandas as pd

from flowaudit.diagnosis import Explanation
from flowaudit.messages import Language, current_language
from flowaudit.messages import translate as _
from flowaudit.views import _style, _text
from flowaudit.views.picture import Box, Line, Picture, Shape, Text

WIDTH, LEFT, RIGHT = 442.0, 70.0, 432.0
BAR, GAP, HEAD = 9.0, 12.0, 16.0
MOST = 60
"""Events drawn of one case."""
LEAST = 2.0
"""Width of what lasted no time that could be seen."""


def time_lines(explanation: Explanation, *, lang: Language | None = None, title: str | None = None) -> Picture:
    """Draw each evidence case on its own axis of calendar time, one row for each event.

    Parameters
    ----------
    explanation : Explanation
    lang, title
        See :func:`process_map`.

    Returns
    -------
    Picture
        Dark: what the finding is about. A bar runs from start to end; a mark alone is an end without a start.
    """
    lang = lang or current_language()
    events = explanation.events
    title = title or explanation.finding.title(lang)
    if events.empty:
        text = _("no case of this finding is in the log", lang=lang)
        return Picture(WIDTH, 60, (Text(WIDTH / 2, 30, text, 10, _style.MUTED),), title)
    shapes: list[Shape] = []
    lines = _text.wrap(explanation.finding.statement(lang), 8.5, WIDTH - 12, 4)
    shapes += [Text(4, 8 + 11 * k, line, 8.5, anchor="start") for k, line in enumerate(lines)]
    y = 14.0 + 11 * len(lines)
    left_out = 0
    for case_id, case in events.groupby("case_id", sort=False, observed=True):
        shown = _shown(case)
        left_out += len(case) - len(shown)
        shapes += _case(str(case_id), shown, y)
        y += HEAD + len(shown) * GAP + 16
    notes = [
        explanation.finding.statement(lang),
        _("Dark: what the finding is about. Each case has an axis of its own, in calendar time.", lang=lang),
    ]
    if left_out:
        notes.append(_("{n:,} events of long cases are not drawn.", lang=lang, n=left_out))
    return Picture(WIDTH, y, tuple(shapes), title, tuple(notes))


def _shown(case: pd.DataFrame) -> pd.DataFrame:
    """The events to draw: all of a case, of a long one those the finding is about and what lies around them."""
    if len(case) <= MOST:
        return case
    marks = case["concerned"].to_numpy(bool)
    near = marks | np.r_[marks[1:], False] | np.r_[False, marks[:-1]]
    near[[0, -1]] = True
    found: pd.DataFrame = case[near][:MOST]
    return found


def _case(case_id: str, case: pd.DataFrame, top: float) -> list[Shape]:
    end = pd.DatetimeIndex(case["end"])
    start = pd.DatetimeIndex(case["start"].fillna(case["end"])) if "start" in case else end
    first, last = min(start.min(), end.min()), max(start.max(), end.max())
    span = max((last - first) / pd.Timedelta(hours=1), 1e-9)
    shapes: list[Shape] = [Text(4, top + 6, _text.clip(case_id, 8.5, 180), 8.5, anchor="start")]
    for share, anchor in ((0.0, "start"), (1.0, "end")):
        x, moment = LEFT + 110 + (RIGHT - LEFT - 110) * share, first + (last - first) * share
        shapes.append(Text(x, top + 6, f"{moment:%Y-%m-%d %H:%M}", 7.5, _style.MUTED, anchor))  # type: ignore[arg-type]
    left, bottom = LEFT + 110, top + HEAD + len(case) * GAP
    shapes += [Line(((x, top + HEAD - 3), (x, bottom)), _style.GRID, 0.6) for x in (left, RIGHT)]

    def at(moment: pd.Timestamp) -> float:
        return left + (RIGHT - left) * ((moment - first) / pd.Timedelta(hours=1)) / span

    for i, (activity, begun, ended, mark) in enumerate(
        zip(case["activity"].astype(str), start, end, case["concerned"], strict=True)
    ):
        y = top + HEAD + i * GAP
        ink = _style.INK if mark else _style.MUTED
        shapes.append(Text(left - 6, y + BAR / 2, _text.clip(activity, 8, left - 12), 8, ink, "end"))
        fill = _style.AFTER if mark else "#c9d3dc"
        x, wide = at(begun), at(ended) - at(begun)
        shapes.append(Box(min(x, RIGHT - LEAST), y, max(wide, LEAST), BAR, fill=fill, radius=1))
    return shapes
