"""Causes of waiting as stacked bars, evidence as time lines: as long as their numbers, in both languages."""

import pandas as pd
import pytest
from approvals import clean_case, log_of

from flowaudit.diagnosis import CAUSES, diagnose, explain, waiting_causes
from flowaudit.eventlog import from_frame
from flowaudit.views import draw, time_lines, waiting_chart
from flowaudit.views.picture import Box, Text
from flowaudit.views.waiting_chart import FILLS, LEFT
from flowaudit.worktime import Calendar

WEEKDAYS = Calendar.weekdays()


@pytest.fixture(scope="module")
def log():
    return log_of([clean_case(levels=4)] * 40)


def words(picture):
    return [s.text for s in picture.shapes if isinstance(s, Text)]


def test_bars_have_the_lengths_of_their_causes(log):
    waiting = waiting_causes(log, calendar=WEEKDAYS)
    picture = waiting_chart(waiting, lang="en")
    table = waiting.by("activity")
    first = [s for s in picture.shapes if isinstance(s, Box) and s.y == pytest.approx(49.0)]
    assert first[0].x == LEFT
    widths = {s.fill: s.w for s in first}
    row = table.iloc[0]
    hours = {FILLS[c]: row[f"{c}_h"] for c in CAUSES if row[f"{c}_h"] > 0}
    assert set(widths) == set(hours)
    per_hour = sum(widths.values()) / sum(hours.values())
    for fill, w in widths.items():
        assert w == pytest.approx(hours[fill] * per_hour)
    assert str(row["activity"]) in words(picture)


@pytest.mark.parametrize("axis", ["transition", "department", "month"])
def test_other_axes(log, axis):
    picture = draw(waiting_causes(log, calendar=WEEKDAYS), lang="zh")
    assert picture.notes[0] != ""
    assert waiting_chart(waiting_causes(log, calendar=WEEKDAYS), by=axis, lang="en").height > 60


def test_nothing_waits():
    frame = pd.DataFrame({"case_id": "1", "activity": "a", "end": [pd.Timestamp("2024-03-04")]})
    picture = waiting_chart(waiting_causes(from_frame(frame), calendar=WEEKDAYS), lang="en")
    assert words(picture) == ["nothing waits in this log"]


def test_time_lines_mark_what_the_finding_is_about(log):
    finding = next(f for f in diagnose(log, calendar=WEEKDAYS, only=["W01"]))
    shown = explain(finding, log, cases=2)
    picture = draw(shown, lang="en")
    bars = [s for s in picture.shapes if isinstance(s, Box)]
    assert len(bars) == len(shown.events)
    dark = [s for s in bars if s.fill == "#2f5f8a"]
    assert len(dark) == int(shown.events["concerned"].sum()) == 2
    assert "会签" in words(picture)
    xs = [s.x for s in bars[: len(bars) // 2]]
    assert xs == sorted(xs)
    assert "<p>" in shown._repr_html_()


def test_no_case_no_line(log):
    finding = next(f for f in diagnose(log, calendar=WEEKDAYS, only=["W01"]))
    other = from_frame(pd.DataFrame({"case_id": "z", "activity": "a", "end": [pd.Timestamp("2024-03-04")]}))
    assert words(time_lines(explain(finding, other), lang="en")) == ["no case of this finding is in the log"]
