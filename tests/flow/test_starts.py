"""Estimated starts: exact where one person never rests, bounded elsewhere, never where a start was recorded."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from small_logs import logs

from flowaudit.errors import InsufficientDataError, UsageError
from flowaudit.eventlog import from_frame, read_csv
from flowaudit.flow import enablement, estimate_starts
from flowaudit.worktime import Calendar, OfficeHours

WEEKDAYS = Calendar.weekdays()
ALWAYS = OfficeHours(*[(("00:00", "24:00"),)] * 3)


def frame_of(*rows):
    """Rows of case, activity, resource and end (and start); times of one Monday."""
    names = ["case_id", "activity", "resource", "end", "start"][: len(rows[0])]
    frame = pd.DataFrame(rows, columns=names)
    for name in names[3:]:
        frame[name] = pd.to_datetime(["2024-03-04 " + t if isinstance(t, str) else None for t in frame[name]])
    return frame


def starts(log):
    return log.to_pandas()["start"].dt.strftime("%d %H:%M").tolist()


def estimated(*rows, **options):
    return estimate_starts(from_frame(frame_of(*rows)), calendar=WEEKDAYS, **options)


def busy_person(n, *, seed=3):
    """One person who works on case after case in office hours, each as soon as the one before is done."""
    rng = np.random.default_rng(seed)
    minutes = rng.integers(5, 60, n)
    hours = np.r_[0, np.cumsum(minutes)] / 60
    end = WEEKDAYS.due(np.full(n, np.datetime64("2024-03-04T09:00")), hours[1:], "hours")
    # Just after one ends the next begins; what ends at noon is followed at one o'clock.
    start = np.r_[
        np.datetime64("2024-03-04T09:00", "us"), WEEKDAYS.due(end[:-1], 1 / 3.6e9, "hours") - np.timedelta64(1, "us")
    ]
    case = np.arange(n) % 40
    frame = pd.DataFrame({"case_id": case.astype(str), "activity": np.array(list("ABCD"))[np.arange(n) // 40 % 4]})
    return frame.assign(resource="x", start=start, end=end, row=np.arange(n))  # fmt: skip


def test_a_person_who_never_rests_is_met_exactly():
    frame = busy_person(400)
    found = estimate_starts(from_frame(frame.drop(columns="start")), calendar=WEEKDAYS, cap=1e6).to_pandas()
    found = found.set_index("row").sort_index()
    # Of the very first nobody can know: it has no bound.
    assert (found["start"].to_numpy()[1:] == frame["start"].to_numpy()[1:]).all()
    assert found["start_estimated"].all()


def test_with_idle_time_an_estimate_lies_before_the_truth_but_after_the_enabling():
    frame = busy_person(400)
    rng = np.random.default_rng(8)
    # Each piece now waits up to an hour after its turn before anybody begins.
    frame["start"] = frame["start"] + (frame["end"] - frame["start"]) * rng.uniform(0, 0.9, len(frame))
    log = from_frame(frame.drop(columns="start"))
    found = estimate_starts(log, calendar=WEEKDAYS, cap=1e6).to_pandas().set_index("row").sort_index()
    early = (found["start"] <= frame["start"]).to_numpy()
    assert early[1:].all()
    assert (found["start"] < frame["start"])[1:].mean() > 0.95


def test_the_later_bound_counts():
    log = estimated(("1", "A", "x", "10:00"), ("1", "B", "y", "11:00"), ("2", "A", "y", "10:30"))
    # B of case 1: enabled at 10:00, but y was busy until 10:30; x and y have no bound before: half an hour, the median of B.
    assert starts(log)[1] == "04 10:30"


def test_a_bound_in_the_lunch_break_is_moved_to_one_o_clock():
    log = estimated(("1", "A", "x", "12:00"), ("1", "B", "y", "14:00"))
    assert starts(log)[1] == "04 13:00"


def test_work_out_of_hours_is_not_moved():
    log = estimated(("1", "A", "x", "18:00"), ("1", "B", "y", "19:00"))
    assert starts(log)[1] == "04 18:00"


def test_without_any_bound_the_median_of_the_activity_counts():
    rows = [(str(k), "A", f"r{k}", "11:00", "10:20") for k in range(30)]
    log = estimated(*rows, ("n", "A", "new", "16:00", None))
    assert starts(log)[-1] == "04 15:20"
    assert log.to_pandas()["start_estimated"].sum() == 1


def test_an_estimate_is_no_longer_than_the_cap():
    rows = [(str(k), "A", f"r{k}", "11:00", "10:50") for k in range(30)]
    log = estimated(*rows, ("n", "A", "r0", "16:00", None), cap=3)
    assert starts(log)[-1] == "04 15:30"


def test_the_begin_of_a_case_enables_only_where_it_was_recorded():
    frame = frame_of(
        ("1", "A", "x", "11:30", "09:30"), ("1", "B", None, "11:00", None), ("2", "B", None, "12:00", None)
    )
    log = estimate_starts(from_frame(frame), calendar=WEEKDAYS)
    # The first stamp of case 1 is the start of A; case 2 has none, and takes as long as the other B.
    assert starts(log)[:3] == ["04 09:30", "04 09:30", "04 10:30"]


def test_few_recorded_durations_do_not_speak_for_an_activity():
    rows = [(str(k), "A", f"r{k}", "11:00", "10:50") for k in range(29)]
    log = estimated(*rows, ("n", "A", "r0", "12:00", None), ("m", "A", "s", "16:00", None), cap=3)
    # r0 took an hour at most, the only estimate there is.
    assert starts(log)[-2:] == ["04 11:00", "04 15:00"]


def test_what_nothing_is_known_of_starts_with_its_end():
    log = estimated(("1", "A", None, "11:00"), ("2", "A", None, "12:00"))
    assert starts(log) == ["04 11:00", "04 12:00"]


def test_an_end_tied_with_its_bound_says_nothing_of_the_work():
    tied = [("1", "B", "x", "10:00"), ("2", "B", "x", "10:00"), ("3", "B", "x", "10:00")]
    log = estimated(*tied, ("4", "B", "x", "10:40"), ("5", "B", "new", "12:00"))
    assert starts(log)[1:] == ["04 10:00", "04 10:00", "04 10:00", "04 11:20"]


def test_recorded_starts_stay_also_where_they_equal_the_end():
    frame = frame_of(
        ("1", "A", "x", "10:00", "09:00"), ("1", "B", "x", "11:00", "11:00"), ("1", "C", "x", "12:00", None)
    )
    log = estimate_starts(from_frame(frame), calendar=WEEKDAYS)
    assert starts(log) == ["04 09:00", "04 11:00", "04 11:00"]
    assert log.to_pandas()["start_estimated"].tolist() == [False, False, True]
    assert "1 of 3" in log.provenance.notes[-1][1]
    assert "'weekdays'" in log.provenance.notes[-1][1]


def test_the_rows_of_a_shared_event_begin_together():
    frame = frame_of(
        ("1", "A", "x", "09:30"), ("1", "J", "z", "11:00"), ("2", "A", "y", "10:00"), ("2", "J", "z", "11:00")
    ).assign(event_id=["a", "j", "b", "j"])  # fmt: skip
    log = estimate_starts(from_frame(frame), calendar=WEEKDAYS)
    table = log.to_pandas()
    assert table.loc[table["activity"] == "J", "start"].dt.strftime("%H:%M").tolist() == ["10:00", "10:00"]


def test_other_columns_and_side_tables_go_with_the_rows():
    frame = frame_of(("1", "A", "x", "10:00"), ("1", "B", "x", "10:00"), ("1", "C", "y", "12:00")).assign(
        remark=["a", None, "c"], is_auto=[True, None, False]
    )
    cases = pd.DataFrame({"case_id": ["1"], "channel": ["线上"]})
    log = from_frame(frame, tables={"cases": cases})
    found = estimate_starts(log, calendar=WEEKDAYS)
    assert found.events.drop_columns(["start", "start_estimated"]).equals(log.events)
    assert found.tables["cases"].equals(cases)
    assert found.unit == log.unit


def test_a_second_run_changes_nothing():
    once = estimated(("1", "A", "x", "10:00"), ("1", "B", "y", "11:00"))
    assert estimate_starts(once, calendar=WEEKDAYS) is once
    recorded = from_frame(frame_of(("1", "A", "x", "10:00", "09:00")))
    found = estimate_starts(recorded)
    assert found.events.drop_columns("start_estimated").equals(recorded.events)
    assert not found.to_pandas()["start_estimated"].any()
    assert found.provenance == recorded.provenance


def test_a_mark_read_from_a_file_of_text_is_kept():
    frame = frame_of(
        ("1", "A", "x", "10:00", "09:00"), ("1", "B", "x", "11:00", None), ("1", "C", "x", "12:00", "11:30")
    )
    log = from_frame(frame.assign(start_estimated=["True", "False", None]))
    assert estimate_starts(log, calendar=WEEKDAYS).to_pandas()["start_estimated"].tolist() == [True, True, False]


def test_what_cannot_be_asked():
    log = from_frame(frame_of(("1", "A", "x", "10:00"), ("1", "B", "x", "11:00")))
    with pytest.raises(UsageError, match="above 0"):
        estimate_starts(log, cap=0)
    old = from_frame(frame_of(("1", "A", "x", "10:00"), ("1", "B", "x", "11:00")).assign(
        end=pd.to_datetime(["1990-01-02", "1990-01-05"])))  # fmt: skip
    with pytest.raises(InsufficientDataError, match="1990"):
        estimate_starts(old)


def test_empty_and_tied_logs():
    empty = from_frame(pd.DataFrame({"case_id": [], "activity": [], "end": pd.to_datetime([])}))
    assert len(estimate_starts(empty).events) == 0
    tied = frame_of(*[("1", a, "x", "10:00") for a in "ABC"])
    assert starts(estimate_starts(from_frame(tied), calendar=WEEKDAYS)) == ["04 10:00"] * 3


@settings(max_examples=60)
@given(logs())
def test_laws(log):
    frame = log.to_pandas().assign(row=np.arange(len(log.events)))
    frame["resource"] = np.array(["x", "y", None], object)[np.arange(len(frame)) % 3]
    log = from_frame(frame)
    before = enablement(log)
    found = estimate_starts(log, calendar=WEEKDAYS, office=ALWAYS)
    table = found.to_pandas()
    row = table["row"].to_numpy()
    start, end, flag = (table[c].to_numpy() for c in ("start", "end", "start_estimated"))
    recorded = log.to_pandas()["start"].to_numpy()[row] if log.has("start") else np.full(len(row), np.datetime64("NaT"))
    assert not np.isnat(start).any()
    assert (flag == np.isnat(recorded)).all()
    assert (start[~flag] == recorded[~flag]).all()
    assert (start[flag] <= end[flag]).all()
    known = flag & (before.enabler[row] >= 0)
    assert (start[known] >= before.enabled[row][known]).all()
    # In the log's order: what from_frame makes of the same rows.
    assert from_frame(table).events["row"].equals(found.events["row"])
    assert found.case_ids == log.case_ids


@settings(max_examples=30)
@given(logs(starts=False))
def test_moving_the_log_by_whole_weeks_moves_the_estimates(log):
    later = from_frame(log.to_pandas().assign(end=lambda f: f["end"] + pd.Timedelta(weeks=5)))
    a, b = (estimate_starts(each, calendar=WEEKDAYS).to_pandas()["start"] for each in (log, later))
    assert (b - a == pd.Timedelta(weeks=5)).all()


@pytest.mark.real_logs
def test_hidden_starts_of_a_real_log_are_met_better_than_by_their_ends(real_log):
    log = read_csv(real_log("BPIC_2012_W_train.csv.gz"))
    frame = log.to_pandas().assign(row=np.arange(len(log.events)))
    table = estimate_starts(from_frame(frame.drop(columns="start")), calendar=WEEKDAYS).to_pandas()
    truth = frame["start"].to_numpy()[table["row"]]
    error = np.abs(table["start"].to_numpy() - truth) / np.timedelta64(1, "h")
    naive = np.abs(frame["end"] - frame["start"]) / pd.Timedelta(hours=1)
    assert len(error) == 16338
    assert (error <= 1).mean() > 0.97
    assert np.median(error) < 0.8 * np.median(naive)
