"""W10: where cases lie still, and what the stamps suggest of the cause."""

import numpy as np
import pandas as pd
import pytest
from approvals import HOUR, log_of, step

from flowaudit.diagnosis import diagnose
from flowaudit.eventlog import APPLICANT, from_frame
from flowaudit.worktime import Calendar, load_calendar

MONDAY = pd.Timestamp("2024-03-04 09:00")


def w10(log, **options):
    found = diagnose(log, calendar=Calendar.weekdays(), **options)
    return {f.id.removeprefix("W10-"): f for f in found if f.rule == "W10"}


def waiting(days=4, *, middle="审批", applicant=False):
    return [
        step("受理", "窗口", "accept", 0),
        step(middle, APPLICANT if applicant else "甲局", "decide", days),
        step("送达", "窗口", "deliver", days + 1),
    ]


def test_long_waits_are_found_with_their_days():
    """From the end of 受理 to the start of 审批 four days less an hour; before 送达 one day less an hour."""
    found = w10(log_of([waiting()] * 40))
    assert found.keys() == {"审批", "送达"}
    finding = found["审批"]
    assert (finding.cases, finding.population) == (40, 40)
    assert finding.time_lost_days_median == pytest.approx(4 - HOUR)
    assert finding.time_lost_days_total == pytest.approx(40 * (4 - HOUR))
    assert finding.details["share_of_total"] == pytest.approx((4 - HOUR) / (5 - 2 * HOUR))
    assert finding.details["wait_share"] == pytest.approx((4 - HOUR) / 4)
    assert (finding.time_kind, finding.confidence) == ("waiting", "medium")
    assert finding.scope == {"activities": ("审批",), "departments": ("甲局",), "items": ()}


def test_without_starts_it_is_handover_time():
    finding = w10(log_of([waiting()] * 40, starts=False))["审批"]
    assert finding.time_lost_days_median == pytest.approx(4.0)
    assert (finding.time_kind, finding.confidence) == ("handover", "low")
    assert "not waiting" in finding.caveat_en


def test_work_is_not_waiting():
    """The officer works from the moment the case arrives: nothing lies still."""
    case = [step("受理", "窗口", "accept", 0), step("审批", "甲局", "decide", 1, end=MONDAY + pd.Timedelta(days=30))]
    case[1].more.update(start=MONDAY + pd.Timedelta(hours=1))
    frame = log_of([case] * 1).to_pandas()
    log = from_frame(pd.concat([frame.assign(case_id=f"c{i}") for i in range(40)]))
    assert w10(log) == {}


def test_short_work_after_long_waits_only():
    """Three days of waiting and four of work: less than half of its time is waiting."""
    case = waiting(3)
    log = log_of([case] * 40)
    frame = log.to_pandas()
    late = frame["activity"] == "审批"
    frame.loc[late, "end"] += pd.Timedelta(days=5)
    frame.loc[frame["activity"] == "送达", ["start", "end"]] += pd.Timedelta(days=7)
    assert "审批" not in w10(from_frame(frame))


def test_the_applicant_s_own_time_is_not_the_office_s():
    assert "补交" not in w10(log_of([waiting(middle="补交", applicant=True)] * 40))


@pytest.mark.parametrize(("n", "found"), [(29, False), (30, True)])
def test_support_of_thirty_cases(n, found):
    assert bool(w10(log_of([waiting()] * n))) == found


def test_at_most_five_and_none_below_five_per_cent():
    names = [f"步骤{i}" for i in range(8)]
    day, case = 0, [step("受理", "窗口", "accept", 0)]
    for i, name in enumerate(names):
        day += 10 + i if i < 7 else 1
        case.append(step(name, "甲局", "review", day))
    found = w10(log_of([case] * 30))
    assert found.keys() == set(names[2:7])  # the five longest; the last one is far below 5 %


def log_of_ends(ends, officers=None):
    """Accepted a week before, decided at the given moments."""
    rows = []
    for i, end in enumerate(ends):
        rows.append((f"c{i}", "受理", "窗口", f"w{i % 3}", end - pd.Timedelta(days=7)))
        rows.append((f"c{i}", "审批", "甲局", officers[i] if officers else f"o{i % 3}", end))
    frame = pd.DataFrame(rows, columns=["case_id", "activity", "department", "resource", "end"])
    return from_frame(frame.assign(start=frame["end"] - pd.Timedelta(minutes=30)))


THURSDAYS = [MONDAY + pd.Timedelta(days=3 + 7 * (i // 5), minutes=i % 5) for i in range(50)]
ANY_DAY = [MONDAY + pd.Timedelta(days=7 * (i // 5) + i % 5) for i in range(50)]


def test_ends_on_one_weekday_suggest_batches():
    finding = w10(log_of_ends(THURSDAYS))["审批"]
    assert finding.details["pattern"] == "batching"
    assert (finding.details["weekday"], finding.details["weekday_share"]) == (3, 1.0)
    assert "Thursday" in finding.statement_en
    assert "周四" in finding.statement_zh
    assert finding.measures == ("M24",)


def test_sixty_per_cent_is_the_line_and_eight_weeks():
    def mixed(n):
        """``n`` Thursdays spread over all ten weeks, and other days."""
        spread = sorted(THURSDAYS, key=lambda d: d.minute)
        return spread[:n] + [d for d in ANY_DAY if d.weekday() != 3][: 50 - n]

    assert w10(log_of_ends(mixed(30)))["审批"].details["pattern"] == "batching"
    assert w10(log_of_ends(mixed(29)))["审批"].details["pattern"] == "queue_or_delay"
    few_weeks = [d - pd.Timedelta(days=7 * (i // 5 // 7 * 7)) for i, d in enumerate(THURSDAYS)]
    assert len({d.isocalendar().week for d in few_weeks}) == 7
    assert w10(log_of_ends(few_weeks))["审批"].details["pattern"] == "queue_or_delay"


def test_one_officer_for_all_of_it():
    assert w10(log_of_ends(ANY_DAY, ["o1"] * 48 + ["o2"] * 2))["审批"].details["pattern"] == "one_officer"
    assert w10(log_of_ends(ANY_DAY, ["o1"] * 47 + ["o2"] * 3))["审批"].details["pattern"] == "queue_or_delay"


def test_an_account_that_does_everything_is_shared_and_no_officer():
    log = log_of_ends(ANY_DAY)
    frame = log.to_pandas().assign(resource="window01")
    assert w10(from_frame(frame))["审批"].details["pattern"] == "queue_or_delay"


def test_no_waiting_nothing_found():
    case = [step("受理", "窗口", "accept", 0), step("审批", "甲局", "decide", 0)]
    assert w10(log_of([case] * 40)) == {}
    assert w10(log_of([case[:1]] * 40)) == {}


def test_shares_are_shares():
    found = w10(log_of([waiting(int(d)) for d in np.random.default_rng(0).integers(1, 9, 60)]))
    assert 0 < sum(f.details["share_of_total"] for f in found.values()) <= 1 + 1e-9


def test_a_few_cases_that_lay_for_months_are_no_finding():
    """5 of 100 cases wait 60 days, the others none: their total is large, but no tenth of the cases waits."""
    day = pd.Timestamp("2024-01-01 09:00")
    rows = []
    for i in range(100):
        first = day + pd.Timedelta(days=i % 5)
        rows += [(f"{i}", "A", first), (f"{i}", "B", first + pd.Timedelta(days=60 if i < 5 else 0))]
    log = from_frame(pd.DataFrame(rows, columns=["case_id", "activity", "end"]))
    assert not [f for f in diagnose(log, calendar=load_calendar("weekdays")) if f.rule == "W10"]
    late = [(c, a, t + pd.Timedelta(days=3) if a == "B" else t) for c, a, t in rows]
    log = from_frame(pd.DataFrame(late, columns=["case_id", "activity", "end"]))
    assert [f for f in diagnose(log, calendar=load_calendar("weekdays")) if f.rule == "W10"]


@pytest.mark.parametrize(("days", "found"), [(16, {"审批", "送达"}), (18, {"审批"})])
def test_a_twentieth_of_all_waiting(days, found):
    """Before 送达 6/7 of a day; before 审批 15 6/7 or 17 6/7: the first is 5.1 % of both together, or 4.6 %."""
    assert set(w10(log_of([waiting(days)] * 40))) == found
