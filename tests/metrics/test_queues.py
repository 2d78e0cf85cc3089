"""Queues over time: on paper, against a clock that ticks, and Little's identity."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from small_logs import log_of, logs

from flowaudit.errors import MissingColumnError, UsageError
from flowaudit.eventlog import from_frame
from flowaudit.flow import handover
from flowaudit.metrics import queue_curves

HOUR = pd.Timedelta(hours=1)


def frame_of(*rows):
    """Rows of case, activity, department, start and end; day and hour of January 2024."""
    frame = pd.DataFrame(rows, columns=["case_id", "activity", "department", "start", "end"])
    for name in ("start", "end"):
        frame[name] = pd.to_datetime([f"2024-01-{t}:00" if isinstance(t, str) else None for t in frame[name]])
    return frame


def areas(curves, by, every):
    """Hours under the curves of each group."""
    time = pd.DatetimeIndex(curves["time"])
    length = (pd.PeriodIndex(time, freq=every) + 1).start_time - time
    frame = curves[["waiting_mean", "in_progress_mean"]].mul(length / HOUR, axis=0)
    return frame.groupby(curves[by].astype("object").fillna("?"), sort=False).sum()


TWO = frame_of(
    ("1", "A", "甲", "02 06", "02 12"),
    ("1", "B", "乙", "03 18", "03 21"),
    ("2", "A", "甲", "02 18", "03 00"),
    ("2", "B", None, "03 00", "03 12"),
)


def test_two_cases_on_paper():
    curves = queue_curves(from_frame(TWO))
    assert curves["activity"].tolist() == ["A", "A", "B", "B"]
    assert [str(t)[:10] for t in curves["time"]] == ["2024-01-02", "2024-01-03"] * 2
    # B of case 1 waits from noon on the 2nd to 18:00 on the 3rd; that of case 2 begins at midnight, at once.
    assert curves["waiting"].tolist() == [0, 0, 0, 1]
    assert curves["waiting_mean"].tolist() == [0, 0, 0.5, 0.75]
    assert curves["in_progress"].tolist() == [0, 0, 0, 1]
    assert curves["in_progress_mean"].tolist() == [0.5, 0, 0, 0.625]
    assert set(curves["kind"]) == {"waiting"}


def test_an_instance_is_in_progress_at_the_moment_it_starts():
    curves = queue_curves(from_frame(TWO), by="department")
    nobody = curves[curves["department"].isna()]
    assert nobody["in_progress"].tolist() == [0, 1]
    assert nobody["in_progress_mean"].tolist() == [0, 0.5]


def test_departments_that_are_not_recorded_stand_last():
    curves = queue_curves(from_frame(TWO), by="department", every="W")
    assert curves["department"].astype("object").where(curves["department"].notna(), None).tolist() == [
        "甲",
        "乙",
        None,
    ]
    assert curves["time"].dt.day_name().unique().tolist() == ["Monday"]


def test_without_starts_waiting_is_not_told_from_work():
    curves = queue_curves(from_frame(TWO.drop(columns="start")))
    assert set(curves["kind"]) == {"handover"}
    assert curves[["waiting", "waiting_mean"]].isna().all(axis=None)
    # B of case 1 from noon on the 2nd to 21:00 on the 3rd, of case 2 twelve hours of the 3rd.
    assert curves["in_progress_mean"].tolist() == [0, 0, 0.5, (21 + 12) / 24]


def test_what_has_not_ended_is_in_progress_until_the_last_stamp():
    log = from_frame(
        frame_of(
            ("1", "A", "甲", "02 06", "02 12"), ("2", "A", "甲", "02 06", None), ("3", "A", "甲", "03 06", "03 12")
        )
    )
    assert queue_curves(log)["in_progress_mean"].tolist() == [1.0, 0.75]


def test_a_shared_event_counts_once():
    frame = frame_of(
        ("1", "A", "甲", "02 06", "02 08"), ("1", "J", "乙", "02 12", "02 18"),
        ("2", "A", "甲", "02 06", "02 10"), ("2", "J", "乙", "02 12", "02 18"),
    ).assign(event_id=["a", "j", "b", "j"])  # fmt: skip
    curves = queue_curves(from_frame(frame)).set_index("activity")
    assert curves.loc["J", "in_progress_mean"] == pytest.approx(6 / 24)
    # It waits from 10:00, when the second of its cases was ready.
    assert curves.loc["J", "waiting_mean"] == pytest.approx(2 / 24)


def test_months_have_their_own_lengths():
    frame = pd.DataFrame({"case_id": "1", "activity": ["A", "B"]}).assign(
        start=pd.to_datetime(["2024-01-31", "2024-03-11"]), end=pd.to_datetime(["2024-02-11", "2024-03-12"])
    )
    curves = queue_curves(from_frame(frame), every="M")
    assert curves.loc[curves["activity"] == "B", "waiting_mean"].tolist() == pytest.approx([0, 19 / 29, 10 / 31])
    assert curves.loc[curves["activity"] == "A", "in_progress_mean"].tolist() == pytest.approx([1 / 31, 10 / 29, 0])


@settings(max_examples=30)
@given(logs())
@pytest.mark.parametrize("every", ["h", "D", "M"])
def test_little(every, log):
    """The area under a curve is the time all its instances spent: an identity, not an approximation."""
    curves = queue_curves(log, every=every)
    enabled, begun = handover(log)
    codes, labels = log.codes("activity")
    name = np.array(labels, object)[codes]
    end = np.maximum(log.stamps("end"), begun)
    if log.has("start"):
        spent = {"waiting_mean": begun - enabled, "in_progress_mean": end - begun}
    else:
        spent = {"in_progress_mean": end - enabled}
    found = areas(curves, "activity", every)
    for column, span in spent.items():
        hours = pd.Series(span / np.timedelta64(1, "h")).groupby(name).sum()
        assert found[column].to_dict() == pytest.approx(hours.to_dict(), abs=1e-9)


@settings(max_examples=30)
@given(logs(starts=True))
def test_samples_equal_the_count_at_each_moment(log):
    assume(log.has("start"))
    curves = queue_curves(log, every="h")
    enabled, begun = handover(log)
    end = np.maximum(log.stamps("end"), begun)
    codes, labels = log.codes("activity")
    for row in curves.itertuples():
        own = codes == labels.index(row.activity)
        now = np.datetime64(row.time)
        assert row.waiting == (own & (enabled <= now) & (now < begun)).sum()
        assert row.in_progress == (own & (begun <= now) & (now < end)).sum()
        assert min(row.waiting_mean, row.in_progress_mean) >= 0


@given(logs(starts=True))
def test_stamps_of_whole_hours_change_nothing_within_an_hour(log):
    assume(log.has("start"))
    curves = queue_curves(log, every="h")
    assert curves["waiting_mean"].tolist() == pytest.approx(curves["waiting"].tolist())


def test_what_cannot_be_asked():
    log = log_of("AB")
    with pytest.raises(UsageError, match="'moon'"):
        queue_curves(log, by="moon")
    with pytest.raises(UsageError, match="'fortnight'"):
        queue_curves(log, every="fortnight")
    with pytest.raises(MissingColumnError, match="department"):
        queue_curves(log, by="department")


def test_a_table_that_is_too_long_says_how_to_shorten_it():
    n = 2000
    frame = pd.DataFrame({"case_id": np.arange(n).astype(str), "activity": [f"a{k}" for k in range(n)]})
    log = from_frame(frame.assign(end=pd.date_range("2023-01-01", periods=n, freq="6h")))
    with pytest.raises(UsageError, match="every='M'"):
        queue_curves(log, every="h")
    assert len(queue_curves(log, every="M")) == n * 17


def test_single_and_tied_events_never_wait():
    for log in (log_of("A", "B"), log_of("ABC", step="0h")):
        assert queue_curves(log)["in_progress_mean"].sum() == 0


def test_an_empty_log():
    empty = from_frame(pd.DataFrame({"case_id": ["1"], "activity": ["A"], "end": pd.to_datetime([None])}))
    assert len(queue_curves(empty)) == 0
