"""M24: no meeting to wait for; and where the officers' own hours are the meeting, they are there on other days, too."""

from dataclasses import replace

import numpy as np
import pytest
from processes import ALWAYS, CALENDAR, OFFICE, at
from small_offices import Do, log_of, office

from flowaudit.process import Batch, Profile, problems, weekly
from flowaudit.redesign import HandleDaily, MeasureRefusedError, Scenario
from flowaudit.redesign.measures.m24_handle_daily import on_few_days
from flowaudit.simulation import simulate

THURSDAY = weekly({3: [(14, 17)]})


def thursdays(rates):
    """A delay clock that moves on Thursday afternoons only, at the pace of a week."""
    return Profile(rates * (168.0 / rates[:7].sum() * 2.0))


def meeting():
    """Reviewed, then decided in a meeting on Thursdays at 14:00."""
    process = office(
        [Do("审查", "review", None, "局", work=1.0, people=1), Do("审定", "decide", None, "局", work=1.0, people=1)],
        arrivals=at(10.0), gates=(weekly({3: [(14, 14.5)]}),),
    )  # fmt: skip
    return replace(process, nodes=(process.nodes[0], replace(process.nodes[1], batch=Batch("slots", gate=0))))


def hour(stamp):
    return (stamp.to_datetime64() - np.datetime64("2024-03-04T00:00", "us")) / np.timedelta64(1, "h")


def decided(process, activity="审定"):
    log = log_of(process)
    return hour(log.loc[log["activity"] == activity, "start"].iloc[0])


def test_nobody_waits_for_the_meeting():
    """Monday 11:00 instead of Thursday 14:00."""
    assert decided(meeting()) == pytest.approx(3 * 24 + 14.0)
    after = Scenario("s").handle_daily("审定").apply(meeting())
    assert problems(after).empty
    assert decided(after) == pytest.approx(11.0)


def test_a_batch_that_waits_for_its_number_does_not():
    process = meeting()
    by_number = replace(process.nodes[1], batch=Batch("size", size=5, patience_h=100.0))
    process = replace(process, nodes=(process.nodes[0], by_number))
    assert decided(process) == pytest.approx(111.0)
    assert decided(Scenario("s").handle_daily("审定").apply(process)) == pytest.approx(11.0)


def signing(before=0.0):
    """Leaders are seen on Thursday afternoons only; what follows them moves then, too. The others work 9-12 and 13-17."""
    slow = thursdays(THURSDAY.rates)
    return office(
        [
            Do("审查", "review", None, "局", work=1.0, people=1, calendar=OFFICE, clock=Profile(OFFICE.rates * (168.0 / 35.0))),
            Do("分管审签", "decide", None, "局", work=0.5, delay=before, people=2, calendar=THURSDAY, clock=slow),
            Do("制证", "produce", None, "局", work=0.5, delay=14.0, people=1, calendar=OFFICE, clock=slow),
        ],
        arrivals=at(10.0),
    )  # fmt: skip


def test_leaders_get_the_hours_of_their_department():
    """Signed on Monday 11:00 to 11:30 instead of Thursday 14:00."""
    assert decided(signing(), "分管审签") == pytest.approx(3 * 24 + 14.0)
    after = Scenario("s").handle_daily("分管审签").apply(signing())
    assert problems(after).empty
    assert decided(after, "分管审签") == pytest.approx(11.0)
    assert all(after.calendars[r.calendar] == OFFICE for r in after.resources)


def test_the_rhythm_of_thursdays_goes_with_them():
    """A quarter of an hour of Thursday's delay before the signing: Monday 11:15 instead of Thursday 14:15."""
    process = signing(before=14.0)
    assert decided(process, "分管审签") == pytest.approx(3 * 24 + 14.25)
    assert decided(Scenario("s").handle_daily("分管审签").apply(process), "分管审签") == pytest.approx(11.25)


def test_what_follows_keeps_the_office_time_it_took():
    """14 hours of a clock that does 168 in three hours of a Thursday are a quarter of an hour of office time."""
    before, after = signing(), Scenario("s").handle_daily("分管审签").apply(signing())
    assert decided(before, "制证") - decided(before, "分管审签") == pytest.approx(0.75)
    assert decided(after, "制证") - decided(after, "分管审签") == pytest.approx(0.75)


def test_without_colleagues_the_office_hours_are_taken():
    alone = office(
        [Do("审签", "decide", None, "局", work=0.5, people=1, calendar=THURSDAY, clock=THURSDAY)],
        open_profile=OFFICE,
        arrivals=at(10.0),
    )
    after = Scenario("s").handle_daily("审签").apply(alone)
    assert after.calendars[after.resources[0].calendar] == OFFICE
    assert decided(after, "审签") == pytest.approx(10.0)


def test_few_days_are_one_or_two():
    assert on_few_days(THURSDAY)
    assert on_few_days(weekly({1: [(9, 12)], 4: [(9, 17)]}))
    assert not on_few_days(OFFICE)
    assert not on_few_days(weekly({d: [(9, 12)] for d in (0, 2, 4)}))
    assert not on_few_days(ALWAYS)


def test_other_activities_are_left_alone():
    process = meeting()
    after = Scenario("s").handle_daily("审定").apply(process)
    assert after.nodes[0] == process.nodes[0]
    assert after.templates == process.templates
    a, b = (simulate(p, replications=1, calendar=CALENDAR)[0].to_pandas() for p in (process, after))
    first = ["activity", "start", "end"]
    assert a.loc[a["activity"] == "审查", first].equals(b.loc[b["activity"] == "审查", first])


def test_what_comes_as_it_comes_is_refused():
    with pytest.raises(MeasureRefusedError, match="as cases come already") as caught:
        Scenario("s").handle_daily("审查").apply(meeting())
    assert "审定" in caught.value.hint


def test_what_speaks_against_it_is_said():
    (meets,) = HandleDaily(activities=("审定",)).cautions(meeting())
    assert "collective decision" in meets[1]
    (unseen,) = HandleDaily(activities=("分管审签",)).cautions(signing())
    assert "2 officers are seen only 3.0 hours a week" in unseen[1]
    assert unseen[0] != ""
    process = signing()
    busy = replace(process.nodes[2], performers=process.nodes[1].performers)
    (_unseen, others) = HandleDaily(activities=("分管审签",)).cautions(
        replace(process, nodes=(*process.nodes[:2], busy))
    )
    assert "制证" in others[1]
