"""Queues over time: the largest first, areas true to scale, nothing left out without a word."""

import numpy as np
import pandas as pd
import pytest
from small_logs import log_of

from flowaudit.errors import UsageError
from flowaudit.eventlog import from_frame, load_sample
from flowaudit.metrics import queue_curves
from flowaudit.views import queue_chart
from flowaudit.views.picture import Line, Text
from flowaudit.views.queue_chart import AREA, MOST_POINTS, PLOT, RUNNING

DAYS = pd.date_range("2024-03-04", periods=4)


def curves(**waiting):
    """A table as queue_curves makes it, with these means of waiting and one in progress."""
    rows = [
        {"time": day, "activity": name, "waiting": 0, "in_progress": 1, "waiting_mean": value, "in_progress_mean": 1.0,
         "kind": "waiting"}
        for name, values in waiting.items() for day, value in zip(DAYS, values, strict=True)
    ]  # fmt: skip
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def sample():
    return load_sample("restaurant")


def words(picture):
    return [s.text for s in picture.shapes if isinstance(s, Text)]


def areas(picture):
    return [s for s in picture.shapes if isinstance(s, Line) and s.fill == AREA][1:]


def test_the_largest_queue_comes_first():
    picture = queue_chart(curves(A=[1, 1, 1, 1], B=[0, 0, 9, 0], C=[0, 0, 0, 2]), top=2, lang="en")
    names = [w for w in words(picture) if w in "ABC"]
    assert names == ["B", "A"]
    assert picture.notes[-1] == "1 smaller ones are not drawn."
    assert "Mean number over each period, 2024-03-04 to 2024-03-07" in picture.notes[1]


def test_heights_are_in_proportion():
    (area,) = areas(queue_chart(curves(A=[4, 8, 0, 2])))
    heights = [area.points[0][1] - y for _x, y in area.points[1:-1:2]]
    assert heights == pytest.approx([PLOT * h / 10 for h in (4, 8, 0, 2)], abs=0.02)
    wide = np.diff([x for x, _y in area.points[1:-1]])[::2]
    assert wide == pytest.approx(np.full(4, wide[0]), abs=0.02)


def test_without_starts_only_what_is_under_way_is_drawn():
    picture = queue_chart(queue_curves(log_of("ABAB", step="9h")), lang="en")
    assert not areas(picture)
    assert "enabled and not ended (waiting or in progress)" in words(picture)
    assert "waiting is not told from work" in picture.notes[0]


def test_many_periods_are_averaged_and_that_is_said():
    n = 3 * MOST_POINTS - 1
    days = pd.date_range("2020-01-01", periods=n)
    frame = pd.DataFrame({"time": days, "department": "甲", "waiting_mean": np.arange(n) % 3 * 1.0,
                          "in_progress_mean": 0.0, "kind": "waiting"})  # fmt: skip
    picture = queue_chart(frame, lang="en")
    assert "3 periods are averaged into one." in picture.notes
    (area,) = areas(picture)
    ys = [y for _x, y in area.points[1:-3]]
    assert max(ys) - min(ys) < 0.02  # 0, 1, 2 in turn are 1 on average
    lines = [s for s in picture.shapes if isinstance(s, Line) and s.stroke == RUNNING and len(s.points) > 2]
    assert len(lines[0].points) == 2 * MOST_POINTS


def test_what_has_no_group_is_named_so():
    frame = curves(A=[1, 1, 1, 1]).rename(columns={"activity": "department"})
    frame["department"] = None
    assert "(not recorded)" in words(queue_chart(frame, lang="en"))


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize(
    ("by", "every", "top"), [("activity", "D", 6), ("department", "M", 1), ("department", "W", 50)]
)
def test_a_sample_fits_into_its_frame(sample, lang, by, every, top):
    picture = queue_chart(queue_curves(sample, by=by, every=every), top=top, lang=lang)
    for shape in picture.shapes:
        points = shape.points if isinstance(shape, Line) else [(shape.x, shape.y)]
        assert all(0 <= x <= picture.width and 0 <= y <= picture.height for x, y in points)
    assert picture.svg.startswith("<")


def test_nothing_to_draw():
    empty = from_frame(pd.DataFrame({"case_id": ["1"], "activity": ["A"], "end": pd.to_datetime([None])}))
    assert "nothing is recorded to be in progress" in words(queue_chart(queue_curves(empty), lang="en"))
    assert "nothing waits in this log" in words(queue_chart(curves(A=[0, 0, 0, 0]), lang="en"))


def test_what_cannot_be_drawn():
    with pytest.raises(UsageError, match="does not hold the curves"):
        queue_chart(pd.DataFrame({"time": [], "activity": []}))
    with pytest.raises(UsageError, match="top=0"):
        queue_chart(curves(A=[1, 1, 1, 1]), top=0)
