"""Charts: bars as long as their numbers, intervals where there are some, a unit and a rule beside every one."""

import pandas as pd
import pytest
from small_logs import log_of

from flowaudit.metrics import CountingRule, Figure, four_reductions
from flowaudit.targets import Comparison, Verdict
from flowaudit.views import Gantt, draw, gantt_chart, handover_chart, handovers
from flowaudit.views._axis import ticks
from flowaudit.views.picture import Box, Text
from flowaudit.worktime import load_calendar


def boxes(picture):
    return [s for s in picture.shapes if isinstance(s, Box)]


def words(picture):
    return [s.text for s in picture.shapes if isinstance(s, Text)]


def verdict():
    rule = CountingRule(
        "t", "time", "全程时间", "end-to-end time", "工作日", "working days", baseline="simulated", definition_zh="甲"
    )
    return Verdict(
        "not_asked",
        (Comparison("time", Figure(20.0, rule, 9, 19.0, 21.0), Figure(10.0, rule, 9, 9.0, 11.0), -10, -11, -9),),
    )


def test_reduction_bars_are_in_proportion_and_carry_the_rule():
    picture = draw(verdict(), lang="zh")
    before, after = boxes(picture)
    assert before.h == pytest.approx(2 * after.h)
    assert picture.notes == (verdict().comparisons[0].after.rule.text("zh"),)
    assert "(工作日)" in words(picture)


def test_observed_figures_leave_out_what_is_not_recorded():
    picture = draw(four_reductions(log_of("ABC", "ABC"), calendar=load_calendar("weekdays")), lang="en")
    assert "trips" not in words(picture)


def test_handovers_count_between_departments_only():
    frame = log_of("ABC", "AB").to_pandas().astype({"activity": "object"})
    from flowaudit.eventlog import from_frame

    log = from_frame(frame.assign(department=frame["activity"].map({"A": "甲局", "B": "乙局", "C": "甲局"})))
    table = handovers(log)
    assert table.loc["甲局", "乙局"] == 2
    assert table.loc["乙局", "甲局"] == 1
    assert table.loc["甲局", "甲局"] == 0
    assert "<10" in words(handover_chart(log, lang="zh"))
    assert handovers(log_of("AB")).empty
    assert handover_chart(log_of("AB"), lang="zh").height < 100


def test_gantt_bars_lie_on_their_dates():
    rows = [
        Gantt("准备", pd.Timestamp("2025-01-01"), pd.Timestamp("2025-01-10")),
        Gantt("试行", pd.Timestamp("2025-01-11"), pd.Timestamp("2025-01-30")),
    ]
    first, second = boxes(gantt_chart(rows, lang="zh"))
    assert first.x + first.w == pytest.approx(second.x)
    assert second.w == pytest.approx(2 * first.w)


@pytest.mark.parametrize(("low", "high"), [(0, 9.3), (0, 0), (-3, 12), (0, 0.02), (0, 41234)])
def test_ticks_cover_the_range_with_few_marks(low, high):
    marks = ticks(low, high)
    assert marks[0] <= low
    assert marks[-1] >= high
    assert 2 <= len(marks) <= 9
