"""Charts of promise, staffing, sensitivity and demand: as long as their numbers, marks where the limits are."""

import pytest

from flowaudit.metrics import CountingRule, Figure
from flowaudit.planning import (
    DemandLevel,
    Index,
    Input,
    Load,
    Promise,
    Promised,
    Reading,
    Robustness,
    Staffing,
    Stated,
    Swing,
    Tried,
    Uncertainty,
)
from flowaudit.planning.staffing_search import Post
from flowaudit.targets import Comparison, Verdict
from flowaudit.views import draw
from flowaudit.views.picture import Box, Line, Text


def boxes(picture, fill=None):
    return [s for s in picture.shapes if isinstance(s, Box) and (fill is None or s.fill == fill)]


def words(picture):
    return [s.text for s in picture.shapes if isinstance(s, Text)]


def inside(picture):
    for shape in picture.shapes:
        if isinstance(shape, Box):
            assert shape.x >= -0.1
            assert shape.x + shape.w <= picture.width + 0.1
            assert shape.y + shape.h <= picture.height + 0.1


def stated(days, kept):
    return Stated(float(days), "working_days", False, days, kept, kept - 0.02, min(kept + 0.02, 1.0), 100)


def promise():
    rows = (
        Promised("", "", 200, 0, 0, 10, 9, 12, (0.0,) * 10 + (1.0,)),
        Promised("A", "甲事项", 200, 0, 0, 5, 5, 5, (0.0,) * 5 + (1.0,), stated(8, 0.999), stated(20, 1.0)),
        Promised("B", "乙事项", 200, 0, 0, 10, 9, 12, (0.0,) * 10 + (1.0,), stated(6, 0.8), stated(20, 1.0)),
        Promised("C", "丙事项", 12, 0, 0, None, None, None, (1.0,)),
    )
    return Promise(0.95, 0.95, "clock", 0, rows)


def test_promise_bars_are_in_proportion_and_limits_are_marked():
    picture = draw(promise(), lang="en")
    whole, first, second = boxes(picture, "#2f5f8a")[1:]
    assert whole.w == pytest.approx(2 * first.w)
    assert second.w == pytest.approx(whole.w)
    marks = [s for s in picture.shapes if isinstance(s, Line) and s.width == 2.4]
    today = sorted(line.points[0][0] for line in marks)
    # 6 and 8 days, on the scale on which 5 are as wide as the first bar.
    assert [(x - first.x) / first.w * 5 for x in today] == pytest.approx([6.0, 8.0])
    assert {"99.9%", "80.0%", "too few cases"} <= set(words(picture))
    inside(picture)


def staffing():
    now = Tried((), 0.80, 0.78, 0.82, False)
    one = Tried((("窗口", 1),), 0.94, 0.93, 0.95, False)
    two = Tried((("窗口", 2),), 0.97, 0.96, 0.98, True)
    free = Tried((), 0.99, 0.98, 1.0, True)
    post = Post("窗口", 2, 4, 0.9, 0.45)
    pool = Reading("pool", 3.0, now, free, "added", (post,), (now, one, two))
    low = Tried((), 0.85, 0.84, 0.86, False)
    return Staffing(10, 0.95, "clock", "", 5, (pool, Reading("resource", 4.0, now, low, "never", (), (now,))))


def test_staffing_rises_with_officers_and_marks_what_was_found():
    picture = draw(staffing(), lang="en")
    dots = [b for b in boxes(picture, "#14304d") if b.radius]
    assert [b.x for b in dots] == sorted(b.x for b in dots)
    assert [b.y for b in dots] == sorted((b.y for b in dots), reverse=True)
    squares = [b for b in boxes(picture) if b.fill is None and b.stroke == "#14304d"]
    assert len(squares) == 1
    assert squares[0].x + squares[0].w / 2 == pytest.approx(dots[-1].x + dots[-1].w / 2)
    # The reading in which no number is enough has no square, and says what it could reach.
    assert not [b for b in boxes(picture) if b.fill is None and b.stroke == "#8a5a2f"]
    assert "nobody busy: 85.0%" in words(picture)
    assert "95% wished" in words(picture)
    inside(picture)


def uncertain():
    a = Input("demand", 0.8, 1.0, 1.2, "需求", "demand")
    b = Input("2.success", 0.8, 0.9, 1.0, "成功率", "success")
    swings = (Swing(a, 4.0, 8.0, 0.1, 6.0), Swing(b, 5.0, 6.5, 0.1, 6.0))
    indices = (Index(a, 0.7, 0.1, 0.8, 0.1), Index(b, 0.2, 0.1, 0.3, 0.1))
    return Uncertainty(
        "time", "mean", None, 6.0, swings, indices, 4.5, 7.5, None, 64, 320, 5, 500, 200, 7, "工作日", "working days"
    )


def test_the_tornado_is_as_wide_as_its_swings_and_names_the_ends():
    picture = draw(uncertain(), lang="en")
    low = boxes(picture, "#a9b4bf")[1:]
    high = boxes(picture, "#2f5f8a")[1:]
    assert low[0].w == pytest.approx(high[0].w)
    assert low[0].w == pytest.approx(2 * low[1].w)
    assert high[1].w == pytest.approx(low[1].w / 2)
    assert {"-20.0%", "+20.0%", "0.8", "1", "80%", "70% – 90%"} <= set(words(picture))
    inside(picture)


def test_the_tornado_of_nothing_says_so():
    from dataclasses import replace

    picture = draw(replace(uncertain(), swings=(), indices=()), lang="en")
    assert words(picture) == ["nothing it rests on is known to be uncertain"]


def robustness():
    rule = CountingRule("t", "time", "全程时间", "end-to-end time", "工作日", "working days", baseline="simulated")

    def level(demand, saved):
        change = Comparison(
            "time", Figure(20.0, rule, 9), Figure(20.0 - saved, rule, 9), -saved, -saved - 1.0, -saved + 1.0
        )
        return DemandLevel(demand, 100, Verdict("not_asked", (change,)))

    pools = (Load("甲科", 0.9, 1 / 0.9), Load("乙科", 0.5, 2.0))
    return Robustness((level(0.8, 8.0), level(1.0, 8.0), level(1.2, 4.0)), pools, pools, 10, 7)


def test_savings_and_loads_are_in_proportion():
    picture = draw(robustness(), lang="en")
    bars = boxes(picture, "#7f9fbd")
    assert bars[0].w == pytest.approx(bars[1].w)
    assert bars[2].w == pytest.approx(bars[1].w / 2)
    # 0.9 of the hours today are 1.08 of them with a fifth more: another colour.
    (over,) = boxes(picture, "#8a5a2f")
    assert over.w / bars[3].w == pytest.approx(1.08 / 0.6)
    assert {"108%", "60%", "demand as today"} <= set(words(picture))
    inside(picture)


@pytest.mark.parametrize("thing", [promise(), staffing(), uncertain(), robustness()])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_chart_is_drawn_in_both_languages(thing, lang):
    picture = draw(thing, lang=lang)
    assert picture.svg.startswith("<svg")
    assert picture.title
    assert all(picture.notes)
