"""One metric by case: bars that add up, lines where the figures say, nothing numbered that is too small."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_logs import log_of

from flowaudit.errors import UsageError
from flowaudit.eventlog import from_frame, load_sample
from flowaudit.metrics import METRICS, SPLIT, four_reductions
from flowaudit.views import draw
from flowaudit.views.metric_chart import MOST_BARS, bars_of, metric_chart
from flowaudit.views.picture import Box, Line, Text


def words(picture):
    return [s.text for s in picture.shapes if isinstance(s, Text)]


def bars(picture):
    return [s for s in picture.shapes if isinstance(s, Box)]


def log_with_steps(numbers):
    """One case per number, with as many nodes of work."""
    events = [
        {"case_id": str(k), "activity": "受理" if i == 0 else f"审查{i}", "end": pd.Timestamp("2024-03-04 09:00") + pd.Timedelta(hours=i)}
        for k, number in enumerate(numbers)
        for i in range(number)
    ]  # fmt: skip
    return from_frame(pd.DataFrame(events))


def test_bars_are_in_proportion_and_only_large_ones_carry_their_number():
    four = four_reductions(log_with_steps([2] * 30 + [3] * 15 + [4] * 5), policy="C")
    picture = draw(four, metric="steps", lang="en")
    two, three, four_steps = bars(picture)
    assert two.h == pytest.approx(2 * three.h) == pytest.approx(6 * four_steps.h)
    said = words(picture)
    assert "30" in said
    assert "15" in said
    assert "5" not in said
    assert "median 2" in said
    assert "90th percentile 3.1" in said
    assert any("50 cases" in note for note in picture.notes)
    assert picture.notes[0] == four.steps.rule.text("en")


def test_the_median_stands_over_its_bar():
    four = four_reductions(log_with_steps([2] * 3 + [5] * 8), policy="C")
    picture = metric_chart(four, "steps")
    last = bars(picture)[-1]
    upright = [s for s in picture.shapes if isinstance(s, Line) and s.points[0][0] == s.points[1][0]]
    assert upright[0].points[0][0] == pytest.approx(last.x + last.w / 2)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_metric_of_the_sample_has_a_chart_inside_its_frame(metric, lang):
    picture = draw(four_reductions(load_sample("restaurant")), metric=metric, lang=lang)
    assert len(bars(picture)) > 3
    for shape in picture.shapes:
        if isinstance(shape, Box):
            assert -0.01 <= shape.x <= shape.x + shape.w <= picture.width + 0.01
            assert -0.01 <= shape.y <= shape.y + shape.h <= picture.height + 0.01
        if isinstance(shape, Text):
            assert 0 <= shape.x <= picture.width
            assert 0 <= shape.y <= picture.height
    assert picture.svg.startswith("<")


def test_materials_say_what_became_of_those_that_were_needed():
    four = four_reductions(load_sample("newborn/after"))
    split = four.materials.extra["split"]
    picture = draw(four, metric="materials", lang="en")
    strip = [b for b in bars(picture) if b.h == 15]
    assert len(strip) == sum(split[place] > 0 for place in SPLIT)
    assert sum(b.w for b in strip) == pytest.approx(388)


def test_what_is_not_recorded_says_why():
    picture = draw(four_reductions(log_of(["受理", "审查"])), metric="trips", lang="en")
    assert not bars(picture)
    assert "does not record" in " ".join(words(picture))


def test_a_metric_that_is_none_and_a_thing_that_has_none():
    four = four_reductions(log_of(["受理", "审查"]))
    with pytest.raises(UsageError, match="'joy'"):
        draw(four, metric="joy")
    with pytest.raises(UsageError, match="EventLog"):
        draw(log_of(["受理"]), metric="time")


@given(st.lists(st.integers(0, 400) | st.floats(0, 400), min_size=1, max_size=60))
def test_every_case_stands_in_one_bar(numbers):
    values = np.array(numbers, float)
    bounds, counts, rest = bars_of(values)
    assert len(bounds) == len(counts) <= 2 * MOST_BARS
    assert sum(counts) == len(values)
    for (a, b), count in zip(bounds, counts, strict=True):
        assert count == ((values >= a) & (values < b)).sum()
    assert rest == bool(np.isinf(bounds[-1][1]))


@given(st.lists(st.integers(0, 4000), min_size=1, max_size=60))
def test_bars_of_whole_values_hold_equally_many_of_them(numbers):
    bounds, _counts, rest = bars_of(np.array(numbers, float))
    widths = {b - a for a, b in (bounds[:-1] if rest else bounds)}
    assert len(widths) <= 1
    assert all(float(w).is_integer() for w in widths)
