"""Time by property: groups by hand, marks of small cells, and days of stages that add up."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowaudit.errors import MissingColumnError, UsageError
from flowaudit.eventlog import from_frame, load_sample
from flowaudit.metrics import clocks, stage_times, time_by, time_summary, wilson
from flowaudit.worktime import Calendar

CHINA = Calendar.china()
TUESDAY = pd.Timestamp("2024-03-05 10:00")


def office(*cases):
    """A log of (channel, department, working days to decision or None, promised days); all accepted on 5 March."""
    rows, table = [], []
    for number, (channel, department, days, promised) in enumerate(cases):
        name = f"{number:03}"
        rows.append((name, "accept", TUESDAY, "窗口"))
        if days is not None:
            rows.append((name, "decide", CHINA.due(TUESDAY, days) + np.timedelta64(11, "h"), department))
        table.append((name, "A", channel, promised, "工作日"))
    frame = pd.DataFrame(rows, columns=["case_id", "stage", "end", "department"])
    frame = frame.assign(activity=frame["stage"], item_code="A")
    cases_table = pd.DataFrame(table, columns=["case_id", "item_code", "channel", "promised_days", "promised_unit"])
    return from_frame(frame, tables={"cases": cases_table})


LOG = office(
    *[("线上", "甲局", d, 5) for d in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)], ("窗口", "乙局", 2, 5), ("窗口", "乙局", 9, 5),
    (None, "乙局", 4, 5),
)  # fmt: skip


def test_groups_by_hand():
    found = time_by(LOG, by="channel", calendar=CHINA).set_index("channel")
    online = found.loc["线上"]
    assert online[["n", "open", "median", "p90", "due", "on_time"]].tolist() == [11, 0, 6, 10, 11, 5]
    assert (online["on_time_low"], online["on_time_high"]) == wilson(5, 11)
    assert online["on_time_share"] == 5 / 11
    assert found.loc["窗口", "median"] == 5.5
    assert found["suppressed"].tolist() == [True, False, True], "fewer than ten cases are not for outward use"
    assert found["n"].sum() == 14, "cases without a channel are a group of their own"


def test_departments_are_those_that_decide():
    found = time_by(LOG, by="department", calendar=CHINA).set_index("department")
    assert found["n"].to_dict() == {"乙局": 3, "甲局": 11}


def test_open_cases_are_censored_and_not_dropped():
    log = office(*[("线上", "甲局", d, 5) for d in (1, 2, 3, 30)], *[("线上", "甲局", None, 5)] * 3)
    found = time_by(log, by="item_code", calendar=CHINA).iloc[0]
    frame = clocks(log, calendar=CHINA)
    assert frame["clock_days"].tolist() == [1, 2, 3, 30, 30, 30, 30]
    assert (found["n"], found["open"]) == (7, 3)
    assert found["median"] == time_summary(frame["clock_days"], frame["open"]).median == 30
    assert found["due"] == 7, "the three open ones are late already"
    assert found["on_time_share"] == 3 / 7


def test_months_say_of_what():
    assert time_by(LOG, by="month", calendar=CHINA).iloc[0, 0] == "2024-03"
    assert time_by(LOG, by="month", calendar=CHINA).columns[0] == "accepted_month"
    with_application = time_by(LOG, by="month", month_of="applied", clock="pre_days", calendar=CHINA)
    assert with_application.columns[0] == "applied_month"
    assert with_application.empty


def test_an_unknown_property_is_named_with_those_there_are():
    with pytest.raises(UsageError, match="weather") as caught:
        time_by(LOG, by="weather", calendar=CHINA)
    assert "department" in str(caught.value)
    with pytest.raises(MissingColumnError, match="office"):
        stage_times(LOG, by="office")


def test_stages_by_hand():
    """Tue 5 -> Thu 7 March: 2 days in review; -> Mon 11: 2 in decision; the other case 1 and 0."""
    rows = [
        ("1", "accept", "05"),
        ("1", "review", "07"),
        ("1", "decide", "11"),
        ("2", "accept", "05"),
        ("2", "review", "06"),
        ("2", "decide", "06"),
    ]
    frame = pd.DataFrame(rows, columns=["case_id", "stage", "end"])
    frame["end"] = pd.to_datetime("2024-03-" + frame["end"])
    found = stage_times(from_frame(frame.assign(activity=frame["stage"])), calendar=CHINA).set_index("stage")
    assert found["median"].to_dict() == {"review": 1.5, "decide": 1}
    assert found["share"].to_dict() == {"review": 0.6, "decide": 0.4}
    assert found["suppressed"].all()


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from("12"),
            st.sampled_from("AB"),
            st.sampled_from(["review", "check", "decide"]),
            st.integers(0, 60),
        ),
        min_size=2,
        max_size=14,
    )
)
def test_the_days_of_the_stages_add_up_to_the_way(rows):
    frame = pd.DataFrame(rows, columns=["case_id", "item_code", "stage", "day"])
    frame["end"] = TUESDAY + pd.to_timedelta(frame["day"], unit="D")
    log = from_frame(frame.drop(columns="day").assign(activity=frame["stage"]))
    ways = frame.groupby(["case_id", "item_code"])["end"].agg(["min", "max"])
    whole = sum(CHINA.working_days(a, b) for a, b in zip(ways["min"], ways["max"], strict=True))
    found = stage_times(log, calendar=CHINA)
    # Means are not in the table: with one case each, the shares times the whole are the days.
    assert found["share"].sum() == pytest.approx(1) or whole == 0


def test_the_restaurant_by_department_and_by_item_hold_the_same_items():
    log = load_sample("restaurant")
    frame = clocks(log, unit="case")
    for by in ("item_code", "department", "channel", "district", "month"):
        found = time_by(log, by=by)
        assert found["n"].sum() == frame["clock_days"].notna().sum()
        assert found["on_time"].sum() == frame["promised_on_time"].sum()
