"""W19: one officer full while a peer is not, and a step that waits for the only officer who is away."""

import numpy as np
import pandas as pd
import pytest
from approvals import MONDAY, random_clean_log

from flowaudit.diagnosis import diagnose
from flowaudit.diagnosis.context import Context
from flowaudit.diagnosis.rules.w19_single_point import _loads, _rank_test, _rate
from flowaudit.eventlog import from_frame
from flowaudit.worktime import Calendar

WEEKDAYS = Calendar.weekdays()
DAYS = 60


def w19(log, **options):
    found = diagnose(log, calendar=WEEKDAYS, only=["W19"], **options)
    return {f.id.removeprefix("W19-"): f for f in found}, list(found.not_checkable)


def morning(day):
    week, weekday = divmod(day, 5)
    return MONDAY + pd.Timedelta(days=7 * week + weekday)


def frame_of(rows):
    frame = pd.DataFrame(rows, columns=["case_id", "activity", "department", "resource", "start", "end"])
    frame[["start", "end"]] = frame[["start", "end"]].astype("datetime64[us]")
    return frame


def load(hours, idle_hours, *, days=DAYS, idle_days=None):
    """Every day p works so many hours on one case that arrived at nine, and q so many on another."""
    rows = []
    for day in range(days):
        for officer, length in (("p", hours), ("q", idle_hours)):
            if officer == "q" and idle_days is not None and day not in idle_days:
                continue
            case, at = f"{officer}{day}", morning(day)
            rows.append((case, "受理", "窗口", "w", at - pd.Timedelta(minutes=5), at))
            lag = pd.Timedelta(hours=1 if officer == "p" else 0)
            before = min(length, 3 - lag / pd.Timedelta("1h"))
            for part, begin in ((before, at + lag), (length - before, at + pd.Timedelta("4h"))):  # noon is free
                if part > 0:
                    rows.append((case, "审查", "甲局", officer, begin, begin + pd.Timedelta(hours=part)))
    return frame_of(rows)


def test_one_is_full_and_the_other_is_not():
    """p works 10-12 and 13-17 of 9-12 and 13-17 o'clock: six hours of seven, 86 %; q one hour of seven."""
    found, missing = w19(from_frame(load(6, 1)))
    assert (found.keys(), missing) == ({"load-p"}, [])
    finding = found["load-p"]
    span = DAYS - 1 / 7  # from 10:00 of the first day to 17:00 of the last one
    assert finding.details["utilisation"] == pytest.approx(6 / 7 * DAYS / span)
    assert finding.details["peers"] == {"q": pytest.approx(1 / 7 * DAYS / (DAYS - 1 + 1 / 7))}
    assert finding.details["usual_wait_days"] == 0
    assert (finding.cases, finding.population) == (DAYS, 2 * DAYS)
    # Every case of p's waits for an hour from nine to ten.
    assert finding.time_lost_days_median == pytest.approx(1 / 7)
    assert finding.scope["officers"] == ("p", "q")


@pytest.mark.parametrize(("hours", "idle", "found"), [(5, 1, 0), (6, 3, 1), (6, 4, 0)])
def test_above_85_per_cent_and_below_half(hours, idle, found):
    """Five of seven hours are 71 %; three are 43 %, four 57 %."""
    assert len(w19(from_frame(load(hours, idle)))[0]) == found


def test_a_peer_has_to_be_there_at_the_same_time():
    assert w19(from_frame(load(6, 1, idle_days=range(20))))[0] == {}
    assert len(w19(from_frame(load(6, 1, idle_days=range(40))))[0]) == 1


def test_peers_share_department_and_role():
    frame = load(6, 1)
    assert w19(from_frame(frame.replace({"resource": {}}).assign(role=frame["resource"])))[0] == {}
    assert len(w19(from_frame(frame.assign(role="科员")))[0]) == 1
    elsewhere = frame.assign(department=frame["department"].mask(frame["resource"] == "q", "乙局"))
    assert w19(from_frame(elsewhere))[0] == {}
    other = frame.assign(activity=frame["activity"].mask(frame["resource"] == "q", "审核"))
    assert w19(from_frame(other))[0] == {}


def test_what_runs_at_the_same_time_counts_once():
    """Four pieces 9-10, 9:30-11, 10-10:30, 13-14: three hours of work, five and a half recorded... no person."""
    stamps = [("09:00", "10:00"), ("09:30", "11:00"), ("10:00", "10:30"), ("13:00", "14:00")]
    day = MONDAY.normalize()
    rows = [
        (f"c{i}", "审查", "甲局", "p", day + pd.Timedelta(f"{a}:00"), day + pd.Timedelta(f"{b}:00"))
        for i, (a, b) in enumerate(stamps)
    ]
    loads = _loads(Context(from_frame(frame_of(rows)), None, WEEKDAYS, 1))
    assert loads.busy * 7 == pytest.approx([3.0])
    assert loads.utilisation == pytest.approx([3 / 4])  # four office hours from 9 to 14 o'clock
    assert loads.person.tolist() == [False]


def test_a_shared_account_is_not_judged():
    frame = load(6, 1)
    again = frame[frame["resource"] == "p"].assign(case_id=lambda t: t["case_id"] + "b")
    assert w19(from_frame(pd.concat([frame, again])))[0] == {}


def test_only_overlapping_accounts():
    frame = load(6, 1)
    doubled = pd.concat([frame, frame.assign(case_id=lambda t: t["case_id"] + "b")])
    found, (missing,) = w19(from_frame(doubled))
    assert (found, missing.needs) == ({}, ("start (of the work itself)",))


def single(away=range(40, 50), *, days=100, per_day=4, colleague=True, alone=1.0, seed=0):
    """Four cases arrive a day at nine; p signs each within the hour, and after an absence all that lay there at once."""
    rng = np.random.default_rng(seed)
    rows, absent = [], set(away)
    for day in range(days):
        for n in range(per_day):
            case, arrived = f"c{day}-{n}", morning(day)
            back = next(d for d in range(day, days + 20) if d not in absent)
            at = (
                arrived + pd.Timedelta(minutes=12 * n)
                if back == day
                else morning(back) + pd.Timedelta(minutes=60 + 3 * (4 * (back - day) + n))
            )
            officer = "p" if rng.random() < alone else "q"
            rows.append((case, "受理", "窗口", "w", arrived - pd.Timedelta(minutes=5), arrived))
            rows.append((case, "审核", "甲局", officer, at, at + pd.Timedelta(minutes=2)))
        if colleague:
            rows.append(
                (f"c{day}-0", "归档", "甲局", "q", morning(day + 30), morning(day + 30) + pd.Timedelta(minutes=9))
            )
    return from_frame(frame_of(rows))


def test_cases_wait_for_the_only_officer():
    found, missing = w19(single())
    assert (found.keys(), missing) == ({"single-甲局-审核"}, [])
    finding = found["single-甲局-审核"]
    assert finding.details["days_away"] == 10
    assert finding.details["working_days"] == 100
    assert (finding.cases, finding.population) == (40, 400)
    assert finding.scope["officers"] == ("p",)
    # Those that came on the first to the tenth day of the absence waited ten down to one day and an hour or two.
    assert finding.time_lost_days_median == pytest.approx(5.5 + 1.3 / 7, abs=1 / 7)
    assert finding.caveat_en.startswith("Days without a stamp")


def test_always_there():
    assert w19(single(away=()))[0] == {}


def test_absences_of_single_days_count_where_an_officer_is_busy():
    found, _missing = w19(single(away=range(3, 100, 8), per_day=12))
    assert found["single-甲局-审核"].details["days_away"] == 13


def test_days_without_work_are_no_absence():
    """Nobody is away while nothing waits: no case arrives on these ten days."""
    frame = single(away=()).to_pandas()
    quiet = frame["case_id"].str.extract(r"c(\d+)-")[0].astype(int).between(40, 49)
    assert w19(from_frame(frame[~quiet.to_numpy()]))[0] == {}


@pytest.mark.parametrize("seed", range(6))
def test_a_quiet_step_with_random_delays_is_no_single_point(seed):
    """Where a step is rare, most days have no stamp: what waits then waits by chance."""
    rng = np.random.default_rng(seed)
    rows = []
    for n in range(150):
        arrived = MONDAY + pd.Timedelta(hours=float(rng.uniform(0, 24 * 365)))
        at = arrived + pd.Timedelta(hours=float(rng.exponential(40)))
        rows.append((f"c{n}", "受理", "窗口", "w", arrived - pd.Timedelta(minutes=5), arrived))
        rows.append((f"c{n}", "审核", "甲局", "p", at, at + pd.Timedelta(minutes=5)))
        rows.append((f"c{n}", "归档", "甲局", "q", at + pd.Timedelta("1h"), at + pd.Timedelta("2h")))
    assert w19(from_frame(frame_of(rows)))[0] == {}


@pytest.mark.parametrize("log", [single(colleague=False), single(alone=0.9), single(days=20, away=range(10, 15))])
def test_no_single_point(log):
    """No colleague in the department; another one does a tenth; fewer than 100 executions."""
    assert w19(log)[0] == {}


def test_a_sound_office():
    assert w19(random_clean_log(1, 400))[0] == {}


def test_the_rank_test_is_mann_and_whitney_s():
    from scipy.stats import mannwhitneyu

    a, b = np.array([1.0, 4, 4, 6, 9]), np.array([0.0, 1, 2, 3, 4, 4])
    expected = mannwhitneyu(a, b, alternative="greater", method="asymptotic", use_continuity=False).pvalue
    from scipy.stats import norm

    assert norm.sf(_rank_test(a, b)) == pytest.approx(expected)
    assert _rank_test(np.ones(5), np.ones(9)) == 0


def test_the_rate_of_days_with_at_least_one():
    for rate in (0.3, 1.0, 4.0):
        assert _rate(rate / (1 - np.exp(-rate))) == pytest.approx(rate, rel=1e-3)
    assert _rate(1.0) < 0.1  # one stamp on every day that has any: no telling


@pytest.mark.parametrize(("column", "need"), [("resource", "resource"), ("start", "start")])
def test_not_checkable(column, need):
    found, (missing,) = w19(from_frame(load(6, 1).drop(columns=column)))
    assert (found, missing.needs) == ({}, (need,))
