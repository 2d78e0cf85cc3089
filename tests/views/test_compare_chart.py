"""The effects of a reform as a picture: rows of changes with intervals, and the series broken at go-live."""

from dataclasses import replace

import pytest
from reform_logs import office

import flowaudit as fa
from flowaudit.metrics import NotRecorded
from flowaudit.targets import Interrupted
from flowaudit.views import compare_chart
from flowaudit.views.picture import Box, Line, Text
from flowaudit.worktime import load_calendar

WEEKDAYS = load_calendar("weekdays")


@pytest.fixture(scope="module")
def effects():
    return fa.compare(office(1, n=500), office(2, n=500, factor=0.6, start=260), calendar=WEEKDAYS)


def texts(picture):
    return [s.text for s in picture.shapes if isinstance(s, Text)]


def test_every_metric_has_a_row_with_its_change(effects):
    picture = compare_chart(effects, lang="en")
    told = texts(picture)
    for e in effects.headlines:
        assert f"{e.before.value:g} → {e.after.value:g} {e.after.rule.unit('en')}" in told
    rate = effects.estimate("time").rate
    assert f"−{rate:.1%}" in told
    assert "0%" in told, "steps did not change"


def test_the_interval_stands_around_the_mark_and_left_of_nothing(effects):
    picture = compare_chart(effects, lang="en")
    zero = next(s.x for s in picture.shapes if isinstance(s, Text) and s.text == "0%" and s.size == 8)
    row = next(s.y for s in picture.shapes if isinstance(s, Text) and s.text == "end-to-end time")
    mark = next(
        s for s in picture.shapes if isinstance(s, Box) and abs(s.y + s.h / 2 - row) < 0.1 and s.fill != "#ffffff"
    )
    line = next(s for s in picture.shapes if isinstance(s, Line) and s.width == 1.4 and s.points[0][1] == row)
    (low, _y), (high, _z) = line.points
    assert low < mark.x + mark.w / 2 < high < zero


def test_the_series_has_a_mark_for_every_period_and_a_line_at_go_live(effects):
    series = effects.series["time"]
    assert isinstance(series, Interrupted)
    picture = compare_chart(effects, lang="zh")
    marks = [s for s in picture.shapes if isinstance(s, Box) and s.w == 3.2]
    assert len(marks) == len(series.periods)
    assert [s for s in picture.shapes if isinstance(s, Line) and s.dash and s.points[0][0] == s.points[1][0]]
    assert any("上线日" in t or "go-live" in t for t in texts(picture))


def test_without_a_series_it_says_why(effects):
    reason = NotRecorded("time", "时段太少。", "too few periods.")
    picture = compare_chart(replace(effects, series={"time": reason}), lang="en")
    assert "too few periods." in texts(picture)
    assert picture.height < compare_chart(effects, lang="en").height


def test_draw_knows_it_and_everything_stays_inside(effects):
    picture = compare_chart(effects, lang="zh")
    assert fa.draw(effects, lang="zh").shapes == picture.shapes
    for shape in picture.shapes:
        points = shape.points if isinstance(shape, Line) else ((shape.x, shape.y),)
        assert all(-1 <= x <= picture.width + 1 and -1 <= y <= picture.height + 1 for x, y in points)
    assert picture.svg.startswith("<svg")
