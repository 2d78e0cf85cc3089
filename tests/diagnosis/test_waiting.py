"""Why cases wait: counted on paper, minute by minute against a slow reference, and as identities on any log."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_logs import logs

from flowaudit.diagnosis import CAUSES, waiting_causes
from flowaudit.errors import InsufficientDataError, UsageError
from flowaudit.eventlog import APPLICANT, from_frame
from flowaudit.flow import estimate_starts
from flowaudit.worktime import Calendar

WEEKDAYS = Calendar.weekdays()
MONDAY = pd.Timestamp("2024-03-04")
HOUR = 3_600_000_000


def at(day, clock):
    return MONDAY + pd.Timedelta(days=day) + pd.Timedelta(clock + ":00")


def log_of(*rows, **tables):
    """Rows: case, activity, resource, start, end (day, clock), more columns."""
    frame = pd.DataFrame(
        [
            {"case_id": c, "activity": a, "resource": r, "start": at(*s), "end": at(*e), **(m[0] if m else {})}
            for c, a, r, s, e, *m in rows
        ]
    )
    return from_frame(frame, tables={k: pd.DataFrame(v) for k, v in tables.items()})


def steady(resource, weeks=6, first="09:00", last="17:00", activity="other"):
    """What shows when somebody is on duty: every hour of every working day a minute of work."""
    rows = []
    for day in range(7 * weeks):
        if day % 7 < 5:
            for hour in range(int(first[:2]), int(last[:2])):
                clock = f"{hour:02}:58"
                rows.append((f"{resource}{day}-{hour}", activity, resource, (day, clock), (day, f"{hour:02}:59")))
    return rows


def causes(log, case, activity, *, working=False):
    """Hours of the causes that have any, of one instance."""
    frame = waiting_causes(log, calendar=WEEKDAYS).instances()
    row = frame[(frame["case_id"] == case) & (frame["activity"] == activity)].iloc[0]
    prefix = "working_" if working else ""
    return {c: round(row[f"{prefix}{c}_h"], 4) for c in CAUSES if row[f"{prefix}{c}_h"] > 0}


def test_the_officer_is_busy_with_earlier_work():
    log = log_of(
        ("1", "in", "z", (7, "08:59"), (7, "09:00")),
        ("1", "check", "x", (7, "09:00"), (7, "11:00")),
        ("2", "in", "z", (7, "09:29"), (7, "09:30")),
        ("2", "check", "x", (7, "11:00"), (7, "11:30")),
        *steady("y"),
    )
    assert causes(log, "2", "check") == {"contention": 1.5}
    assert causes(log, "1", "check") == {}


def test_later_work_is_served_first():
    log = log_of(
        ("1", "in", "z", (7, "08:59"), (7, "09:00")),
        ("1", "check", "x", (7, "11:00"), (7, "11:10")),
        ("2", "in", "z", (7, "09:29"), (7, "09:30")),
        ("2", "check", "x", (7, "10:00"), (7, "11:00")),
        ("9", "other", "x", (7, "08:00"), (7, "09:15")),
    )
    # until 9:15 the officer finishes older work; what follows is nobody's before the later one at 10:00
    found = causes(log, "1", "check")
    assert found["contention"] == 0.25
    assert found["prioritisation"] == 1.0
    assert sum(found.values()) == 2.0


def test_nights_weekends_and_the_rest():
    log = log_of(
        ("1", "in", "z", (11, "16:59"), (11, "17:00")),
        ("1", "check", "x", (14, "11:30"), (14, "12:00")),
        *steady("x"),
    )
    # Friday 17:00 to Monday 9:00 off duty; from 9:00 to 11:30 on duty but for the two minutes of other work
    found = causes(log, "1", "check")
    assert found["unavailability"] == 64.0
    assert found["prioritisation"] + found.get("contention", 0.0) == pytest.approx(2 / 60, abs=1e-4)
    assert found["extraneous"] == pytest.approx(2.5 - 2 / 60, abs=1e-4)
    # by office hours there is no night
    working = causes(log, "1", "check", working=True)
    assert sum(working.values()) == pytest.approx(2.5)
    assert "unavailability" not in working


def test_corrections_and_suspensions_are_the_applicants():
    stages = {"stage": "correction", "department": "局"}
    log = log_of(
        ("1", "ask", "x", (7, "09:00"), (7, "10:00"), stages),
        ("1", "hand in", None, (9, "10:00"), (9, "10:30"), {"department": APPLICANT, "stage": "correction"}),
        ("1", "check", "x", (9, "12:30"), (9, "13:00"), {"department": "局"}),
        ("1", "decide", "x", (9, "16:00"), (9, "16:30"), {"department": "局"}),
        *((*row, {"department": "局"}) for row in steady("y")),
        special_episodes=[
            {"case_id": "1", "type": "检测", "start": at(9, "13:00"), "end": at(9, "15:00")},
            {"case_id": "1", "type": "延长审批", "start": at(9, "15:00"), "end": at(9, "15:30")},
        ],
    )
    assert causes(log, "1", "hand in") == {"applicant": 48.0}
    assert "applicant" not in causes(log, "1", "check")
    found = causes(log, "1", "decide")
    assert found["applicant"] == 2.0  # an extension stops nothing
    assert sum(found.values()) == 3.0


def test_a_correction_of_one_item_keeps_no_other_waiting():
    ask = {"stage": "correction", "department": "局", "item_code": "A"}
    hand_in = {"department": APPLICANT, "stage": "correction", "item_code": "A"}
    frame = log_of(
        ("1", "apply", None, (7, "08:30"), (7, "09:00"), {"department": APPLICANT, "item_code": "A"}),
        ("1", "ask", "x", (7, "09:00"), (7, "10:00"), ask),
        ("1", "apply B", None, (7, "10:00"), (7, "10:30"), {"department": APPLICANT, "item_code": "B"}),
        ("1", "check B", "x", (7, "15:30"), (7, "16:00"), {"department": "局", "item_code": "B"}),
        ("1", "hand in", None, (9, "10:00"), (9, "10:30"), hand_in),
        *((*row, {"department": "局"}) for row in steady("y")),
    )
    assert "applicant" not in causes(frame, "1", "check B")
    assert causes(frame, "1", "hand in") == {"applicant": 48.0}


def weekly(weeks=6, meeting="14:00"):
    """Cases come in every morning at ten, are decided together on Fridays, by one who works through the week."""
    rows = steady("boss", weeks + 2)
    for day in range(7 * weeks):
        if day % 7 < 5:
            friday = day - day % 7 + 4
            rows.append((f"c{day}", "in", "z", (day, "09:30"), (day, "10:00")))
            rows.append((f"c{day}", "decide", "boss", (friday, meeting), (friday, "15:00")))
    return rows


def test_a_weekly_meeting_is_a_batch():
    found = waiting_causes(log_of(*weekly()), calendar=WEEKDAYS)
    assert len(found.batches) == 6
    assert (found.batches.size == 5).all()
    assert [("simultaneous", "concurrent", "sequential")[k] for k in found.batches.kind] == ["simultaneous"] * 6
    # Monday 10:00 until the last of them came on Friday 10:00; then the boss was there, but for four minutes of other work
    one = causes(log_of(*weekly()), "c0", "decide")
    assert one["batching"] == 96.0
    assert one["extraneous"] + one["prioritisation"] == pytest.approx(4.0)
    total = found.total()["hours"]
    assert total["batching"] == 6 * (96 + 72 + 48 + 24)


def test_signing_at_four_what_came_in_by_then_is_a_batch_though_nothing_else_shows_the_officer():
    """An account that only ever works from 16:00 on, and leaves for tomorrow what comes in meanwhile."""
    rows = []
    for day in range(7 * 10):
        if day % 7 < 5:
            for k in range(3):
                rows.append((f"c{day}-{k}", "in", "z", (day, f"1{k}:30"), (day, f"1{k}:40")))
                rows.append((f"c{day}-{k}", "sign", "boss", (day, f"16:{10 * k:02}"), (day, f"16:{10 * k + 10:02}")))
            later = day + (3 if day % 7 == 4 else 1)
            rows.append((f"l{day}", "in", "z", (day, "16:05"), (day, "16:15")))
            rows.append((f"l{day}", "sign", "boss", (later, "16:30"), (later, "16:40")))
    found = waiting_causes(log_of(*rows), calendar=WEEKDAYS)
    # every day three or four, the last of which came at 12:40
    assert len(found.batches) == 50
    assert {("schedule", "size", "unknown")[k] for k in found.batches.trigger} == {"schedule"}
    assert causes(log_of(*rows), "c7-0", "sign")["batching"] == 2.0


def test_eight_at_a_time_over_lunch_and_night():
    """Begun when the eighth comes in, worked off one by one; a break is no end of the batch."""
    rows = steady("z", 8)
    arrival = 0
    for batch in range(12):
        day, half = divmod(batch, 2)
        day = day // 5 * 7 + day % 5
        for k in range(8):
            clock = f"{9 + 4 * half + k // 4:02}:{15 * (k % 4):02}"
            rows.append((f"c{batch}-{k}", "in", "z", (day, clock), (day, clock)))
        begin = at(day, f"{10 + 4 * half:02}:45")
        for k in range(8):
            arrival += 1
            s = begin + pd.Timedelta(minutes=10 * k)
            lunch = pd.Timedelta(minutes=75) if half == 0 and k == 7 else pd.Timedelta(0)
            s += lunch
            rows.append(
                (
                    f"c{batch}-{k}",
                    "check",
                    "x",
                    ((s - MONDAY).days, f"{s:%H:%M}"),
                    ((s - MONDAY).days, f"{s + pd.Timedelta(minutes=10):%H:%M}"),
                )
            )
    found = waiting_causes(log_of(*rows), calendar=WEEKDAYS)
    assert (found.batches.size >= 7).all()
    assert len(found.batches) == 12


def test_what_came_over_night_is_no_batch():
    rows = steady("x", 8)
    for week in range(8):
        for k in range(3):
            rows.append((f"c{week}-{k}", "in", "z", (7 * week, f"2{k}:00"), (7 * week, f"2{k}:30")))
            rows.append(
                (
                    f"c{week}-{k}",
                    "check",
                    "x",
                    (7 * week + 1, f"09:{10 * k:02}"),
                    (7 * week + 1, f"09:{10 * k + 10:02}"),
                )
            )
    found = waiting_causes(log_of(*rows), calendar=WEEKDAYS)
    assert len(found.batches) == 0
    assert causes(log_of(*rows), "c3-0", "check") == {"unavailability": 12.5}
    assert causes(log_of(*rows), "c3-2", "check")["contention"] == pytest.approx(1 / 3, abs=1e-4)


def test_a_shared_account_is_full_only_when_all_hands_are():
    """Two people behind one account: with one of them busy nobody waits for the queue."""
    rows = []
    for k in range(40):
        day = 7 + k // 8
        hour = 8 + k % 8
        rows.append((f"a{k}", "check", "window", (day, f"{hour:02}:00"), (day, f"{hour:02}:50")))
        rows.append((f"b{k}", "check", "window", (day, f"{hour:02}:10"), (day, f"{hour:02}:40")))
    rows += [
        ("q", "in", "z", (9, "08:14"), (9, "08:15")),
        ("q", "check", "window", (9, "08:45"), (9, "08:48")),
    ]
    found = waiting_causes(log_of(*rows), calendar=WEEKDAYS)
    assert found.accounts.table(found.log.labels("resource")).set_index("resource").loc["window"].tolist()[:2] == [
        "pool",
        2,
    ]
    parts = causes(log_of(*rows), "q", "check")
    assert parts["contention"] == round(25 / 60, 4)  # until 8:40 both are busy with earlier work
    assert sum(parts.values()) == 0.5


def test_without_starts_only_the_applicants_part_is_told():
    frame = pd.DataFrame(
        {
            "case_id": "1", "activity": ["ask", "hand in", "check"], "stage": ["correction", "correction", "check"],
            "department": ["局", APPLICANT, "局"], "resource": "x", "end": [at(0, "09:00"), at(1, "09:00"), at(2, "09:00")],
        }
    )  # fmt: skip
    found = waiting_causes(from_frame(frame), calendar=WEEKDAYS)
    assert found.kind == "handover"
    total = found.total()["hours"]
    assert total["applicant"] == 24.0
    assert total["not_identifiable"] == 24.0
    assert total.sum() == 48.0
    assert np.isnan(found.by("activity")["efficiency"]).all()


def test_an_unknown_officer_leaves_the_cause_open():
    log = log_of(
        ("1", "in", "z", (11, "16:59"), (11, "17:00")),
        ("1", "check", None, (14, "11:00"), (14, "12:00")),
        *steady("x"),
    )
    found = causes(log, "1", "check")
    assert found == {"unavailability": 64.0, "not_identifiable": 2.0}


def test_estimated_starts_are_called_so():
    log = log_of(("1", "in", "x", (7, "09:00"), (7, "10:00")), ("1", "check", "x", (7, "11:00"), (7, "12:00")))
    ends = from_frame(log.to_pandas().drop(columns="start"))
    assert waiting_causes(estimate_starts(ends, calendar=WEEKDAYS), calendar=WEEKDAYS).kind == "estimated"


def test_effect_of_removing_a_cause():
    log = log_of(
        ("1", "in", "z", (7, "08:59"), (7, "09:00")),
        ("1", "check", "x", (7, "09:00"), (7, "11:00")),
        ("2", "in", "z", (7, "09:29"), (7, "09:30")),
        ("2", "check", "x", (7, "11:00"), (7, "11:30")),
        *steady("y"),
    )
    row = waiting_causes(log, calendar=WEEKDAYS).by("activity", working=False).set_index("activity").loc["check"]
    assert row["waiting_h"] == 1.5
    assert row["processing_h"] == 2.5
    assert row["efficiency"] == pytest.approx(2.5 / 4.0)
    assert row["without_contention"] == 1.0
    assert row["without_batching"] == row["efficiency"]
    assert row["frequency"] == row["cases"] == 1


@pytest.mark.parametrize("axis", ["transition", "activity", "department", "resource", "role", "item", "month"])
def test_axes_hold_the_same_waiting(axis):
    log = log_of(*((*r, {"department": "局", "role": "科员", "item_code": "A"}) for r in weekly()))
    found = waiting_causes(log, calendar=WEEKDAYS)
    assert found.by(axis, working=False)["waiting_h"].sum() == pytest.approx(found.total()["hours"].sum())


def test_no_such_axis():
    found = waiting_causes(log_of(*weekly(2)), calendar=WEEKDAYS)
    with pytest.raises(UsageError, match="Hint: did you mean 'month'"):
        found.by("months")


def test_years_without_a_calendar_are_refused():
    frame = pd.DataFrame({"case_id": "1", "activity": ["a", "b"], "end": pd.to_datetime(["1999-01-04", "1999-01-05"])})
    with pytest.raises(InsufficientDataError):
        waiting_causes(from_frame(frame))


# -- any log -------------------------------------------------------------------------------------------------------------


def slow(found):
    """The same split minute by minute, from the same batches, accounts and duty hours."""
    log = found.log
    n = len(log.events)
    enabled = found.enablement.enabled
    start, end = log.stamps("start"), log.stamps("end")
    resource = log.codes("resource")[0] if log.has("resource") else np.full(n, -1)
    out = np.zeros((n, len(CAUSES)), np.int64)
    minute = np.timedelta64(1, "m")
    for x in range(n):
        known = not np.isnat(start[x])
        until = start[x] if known else end[x]
        t = enabled[x]
        while t < until:
            out[x, _cause(found, x, t, known, enabled, start, end, resource)] += 1
            t = t + minute
    return out


def _cause(found, x, t, known, enabled, start, end, resource):
    if not known:
        return 6
    release, number = found.batches.released[x], found.batches.number
    if number[x] >= 0 and t < release:
        return 1
    r = resource[x]
    if r >= 0 and found.accounts.capacity[r] > 0:
        ref = min(release, start[x]) if number[x] >= 0 else enabled[x]
        early = late = 0
        for y in range(len(start)):
            if y == x or resource[y] != r or np.isnat(start[y]) or not (start[y] < start[x] and start[y] <= t < end[y]):
                continue
            limit = enabled[x] if number[x] >= 0 and number[y] == number[x] else ref
            early, late = (early + 1, late) if enabled[y] <= limit else (early, late + 1)
        if early >= found.accounts.capacity[r]:
            return 2
        if early + late >= found.accounts.capacity[r]:
            return 3
    mined = found.calendars
    calendar = mined.of_resource[r] if r >= 0 else mined.of_unknown
    day = t.astype("datetime64[D]").astype(int)
    of_day = int((t - t.astype("datetime64[D]")) / np.timedelta64(1, "m"))
    duty = mined.on_duty[calendar, mined.classes[day - mined.first_day], of_day]
    return (5 if r >= 0 else 6) if duty else 4


@given(logs(starts=True), st.data())
@settings(max_examples=60)
def test_equal_to_the_minute_by_minute_reference(log, data):
    frame = log.to_pandas()
    frame["resource"] = [data.draw(st.sampled_from(["x", "y", None])) for _ in range(len(frame))]
    found = waiting_causes(from_frame(frame), calendar=WEEKDAYS)
    assert (found.parts == slow(found) * 60_000_000).all()


@given(logs())
@settings(max_examples=60)
def test_the_parts_sum_to_the_window_and_none_is_negative(log):
    found = waiting_causes(log, calendar=WEEKDAYS)
    end = log.stamps("end")
    start = log.stamps("start") if log.has("start") else end
    begun = np.where(np.isnat(start), end, start)
    window = np.maximum((begun - found.enablement.enabled).astype(np.int64), 0)
    assert (found.window == window).all()
    assert (found.parts >= 0).all()
    hours = WEEKDAYS.working_time(found.enablement.enabled, np.maximum(begun, found.enablement.enabled))
    assert found.working_parts.sum(axis=1) / HOUR == pytest.approx(hours)


def test_no_events_no_waiting():
    log = log_of(*weekly(2))
    empty = log.with_events(log.events.slice(0, 0))
    assert waiting_causes(empty, calendar=WEEKDAYS).total()["hours"].sum() == 0
