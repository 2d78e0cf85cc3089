"""The waterfall: bars that join and have their lengths, whiskers, two ways of sharing out side by side."""

from dataclasses import replace

import pytest

from flowaudit.errors import UsageError
from flowaudit.metrics import CountingRule
from flowaudit.planning import Attribution, Bar, Savings
from flowaudit.views import draw
from flowaudit.views.picture import Box, Line, Text

RULES = {
    "time": CountingRule("t", "time", "全程时间", "end-to-end time", "工作日", "working days", baseline="simulated"),
    "trips": CountingRule("v", "trips", "跑动", "trips", "次", "trips", baseline="simulated"),
}


def attribution(before, after, *bars, method="waterfall", metric="time", **changes):
    savings = Savings(metric, RULES[metric], before, after, bars)
    return replace(Attribution(method, "median", 30, 0, len(bars) + 1, (savings,)), **changes)


def bar(label, saved, low=float("nan"), high=float("nan")):
    return Bar("M04", f"并联{label}", f"parallel {label}", saved, low, high)


STATED = attribution(20.0, 11.0, bar("a", 6.0, 5.0, 7.0), bar("b", 3.0, 2.5, 3.5))
FREE = attribution(20.0, 11.0, bar("a", 4.0, 3.0, 5.0), bar("b", 5.0, 4.5, 5.5), method="shapley")


def boxes(picture):
    return [s for s in picture.shapes if isinstance(s, Box)]


def words(picture):
    return [s.text for s in picture.shapes if isinstance(s, Text)]


def whiskers(picture):
    """Horizontal lines of whiskers, as (left, right)."""
    lines = [s for s in picture.shapes if isinstance(s, Line) and not s.dash and len(s.points) == 2]
    return [(a[0], b[0]) for a, b in (s.points for s in lines) if a[1] == b[1]]


def test_bars_join_and_have_their_lengths():
    before, after, first, second = boxes(draw(STATED, lang="zh"))
    per_day = before.w / 20.0
    assert first.w == pytest.approx(6.0 * per_day)
    assert second.w == pytest.approx(3.0 * per_day)
    assert after.w == pytest.approx(11.0 * per_day)
    assert first.x + first.w == pytest.approx(before.x + before.w)
    assert second.x + second.w == pytest.approx(first.x)
    assert after.x + after.w == pytest.approx(second.x)
    assert {"20.0", "−6.0", "−3.0", "11.0"} <= set(words(draw(STATED, lang="zh")))


def test_whiskers_show_the_interval_at_the_end_of_the_bar():
    picture = draw(STATED, lang="en")
    before = boxes(picture)[0]
    per_day = before.w / 20.0
    (left, right), _second = whiskers(picture)
    assert (left - before.x, right - before.x) == pytest.approx((13.0 * per_day, 15.0 * per_day))


def test_an_increase_is_shown_as_one():
    assert "+2.0" in words(draw(attribution(10.0, 12.0, bar("a", -2.0)), lang="zh"))


def test_nothing_saved_has_no_sign():
    assert "0.0" in words(draw(attribution(10.0, 10.0, bar("a", 0.004, -0.01, 0.01)), lang="zh"))


def test_two_ways_of_sharing_out_lie_side_by_side():
    """Both go from the office as it is to the redesigned one, the bars of a measure one above the other."""
    picture = draw(STATED, beside=FREE, lang="en")
    before, after, first, second, free_first, free_second, *legend = boxes(picture)
    per_day = before.w / 20.0
    assert [b.w / per_day for b in (first, second, free_first, free_second)] == pytest.approx([6, 3, 4, 5])
    assert free_first.x + free_first.w == pytest.approx(before.x + before.w)
    assert second.x == pytest.approx(free_second.x) == pytest.approx(after.x + after.w)
    assert first.y + first.h < free_first.y < second.y
    assert first.fill != free_first.fill
    assert [b.fill for b in legend] == [first.fill, free_first.fill]
    assert {"in the stated order", "whatever the order", "−6.0", "−4.0"} <= set(words(picture))
    assert len(whiskers(picture)) == 4


def test_a_picture_says_its_rule_in_both_languages():
    for lang, unit in (("zh", "工作日"), ("en", "working days")):
        picture = draw(STATED, beside=FREE, lang=lang)
        assert unit in picture.notes[0]
        assert "30" in picture.notes[0]
        assert picture.notes[1:3] == (STATED.method_words(lang), FREE.method_words(lang))


def test_another_metric_is_drawn_when_asked_for():
    both = replace(STATED, savings=(*STATED.savings, *attribution(3.0, 1.0, bar("a", 2.0), metric="trips").savings))
    assert "−2.0" in words(draw(both, metric="trips", lang="en"))
    assert any(word.startswith("trips (") for word in words(draw(both, metric="trips", lang="en")))
    with pytest.raises(UsageError, match="steps"):
        draw(both, metric="steps")


def test_without_the_time_the_first_metric_is_drawn():
    assert "−2.0" in words(draw(attribution(3.0, 1.0, bar("a", 2.0), metric="trips"), lang="zh"))


@pytest.mark.parametrize(
    "other",
    [attribution(20.0, 11.0, bar("a", 9.0)), replace(STATED, savings=(replace(STATED.savings[0], after=12.0),))],
)
def test_two_that_are_not_of_the_same_figures_are_refused(other):
    with pytest.raises(UsageError, match="same measures"):
        draw(STATED, beside=other)


def test_nothing_else_is_drawn_beside_anything():
    with pytest.raises(UsageError, match="beside"):
        draw("log", beside=STATED)


def test_bars_stay_on_the_axis_however_wide_their_intervals():
    """With two replications Student's t reaches far: whiskers end where the axis does."""
    picture = draw(attribution(10.0, 9.0, bar("a", 1.0, -60.0, 62.0)), lang="en")
    ((left, right),) = whiskers(picture)
    assert 0 < left < right <= picture.width
