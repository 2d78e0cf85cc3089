"""M19: longer hours, weekends and helpers do what a clock on the wall says they do."""

from dataclasses import replace

import numpy as np
import pytest
from processes import CALENDAR, OFFICE, at, exponential, poisson
from small_offices import Do, log_of, office

from flowaudit.errors import InputError, UsageError
from flowaudit.process import problems, weekly
from flowaudit.redesign import MeasureRefusedError, Scenario, Staff
from flowaudit.redesign.measures.m19_staff import longer_hours
from flowaudit.simulation import simulate

FRIDAY_16 = 4 * 24 + 16.5


def one(work=1.0, arrive=16.5, **changes):
    """An officer in the office 9-12 and 13-17, Monday to Friday."""
    return office(
        [Do("审查", "review", None, "市场监管局", work=work, people=1, calendar=OFFICE)], arrivals=at(arrive), **changes
    )


def end_of(process):
    start = np.datetime64("2024-03-04T00:00", "us")
    return (log_of(process)["end"].iloc[-1].to_datetime64() - start) / np.timedelta64(1, "h")


def test_an_hour_in_the_evening_ends_the_day_an_hour_later():
    """From 16:30 one hour of work ends on Tuesday at 9:30; with an hour more in the evening at 17:30."""
    assert end_of(one()) == pytest.approx(24 + 9.5)
    after = Scenario("s").staff("市场监管局", evening_h=1.0).apply(one())
    assert problems(after).empty
    assert end_of(after) == pytest.approx(17.5)


def test_half_an_hour_and_a_quarter():
    hours = longer_hours(OFFICE, 0.75, 0)
    assert hours.hours_per_week() == pytest.approx(35.0 + 5 * 0.75)
    assert longer_hours(OFFICE, 0.0, 0) == OFFICE
    assert longer_hours(weekly({0: [(9, 23)]}), 6.0, 0).hours_per_week() == 15.0


def test_saturdays_and_sundays():
    """From Friday 16:30 four hours of work: half an hour, then Monday until 12 and a half hour more; or Saturday."""
    process = one(work=4.0, arrive=FRIDAY_16)
    assert end_of(process) == pytest.approx(7 * 24 + 13.5)
    saturday = Scenario("s").staff("市场监管局", weekend_days=1).apply(process)
    assert end_of(saturday) == pytest.approx(5 * 24 + 13.5)
    assert saturday.calendars[saturday.resources[0].calendar].rates[6].sum() == 0
    sunday = Scenario("s").staff("市场监管局", weekend_days=2).apply(process)
    assert sunday.calendars[sunday.resources[0].calendar].hours_per_week() == 49.0


def test_new_officers_work_longer_too():
    after = Scenario("s").staff("市场监管局", add=1, evening_h=1.0).apply(one())
    assert {after.calendars[r.calendar].hours_per_week() for r in after.resources} == {40.0}


def two_pools(rate=0.8):
    """Two windows, each an M/M/1 queue of its own with one officer."""
    ways = [[Do(name, "accept", None, f"{name}局", work=exponential(1.0), people=1)] for name in ("甲", "乙")]
    return office(*ways, arrivals=poisson(2 * rate, 4000, seed=2), item_names={})


def mean_wait(process, department=None):
    runs = simulate(process, replications=10, seed=1, calendar=CALENDAR)
    waits = []
    for run in runs.runs:
        rows = (
            slice(None)
            if department is None
            else np.array([process.nodes[n].department == department for n in run.node])
        )
        waits.append((run.start - run.ready)[rows].mean())
    return float(np.mean(waits))


def test_helpers_shorten_the_queue_and_lengthen_their_own():
    before, after = two_pools(), Scenario("s").staff("甲局", helpers="乙局").apply(two_pools())
    assert problems(after).empty
    assert mean_wait(after, "甲局") < 0.6 * mean_wait(before, "甲局")
    assert mean_wait(after) < mean_wait(before)
    crossed = Scenario("s").staff("甲局", helpers="乙局").staff("乙局", helpers="甲局").apply(two_pools())
    # Helping each other is one queue with two servers: Wq = rho^2 / (1 - rho^2), at the rate at which these cases came.
    arrivals = crossed.arrivals
    rho = len(arrivals) / ((arrivals[-1] - arrivals[0]) / np.timedelta64(1, "h")) / 2
    assert mean_wait(crossed) == pytest.approx(rho**2 / (1 - rho**2), rel=0.1)


def test_what_changes_nothing_is_refused():
    with pytest.raises(MeasureRefusedError, match="has 1 places"):
        Scenario("s").staff("市场监管局").apply(one())
    with pytest.raises(MeasureRefusedError, match="has 1 places"):
        Scenario("s").staff("市场监管局", -1).apply(one())
    around_the_clock = office([Do("审查", "review", None, "局", work=1.0, people=1)])
    with pytest.raises(MeasureRefusedError, match="at these hours already"):
        Scenario("s").staff("局", evening_h=2.0).apply(around_the_clock)
    with pytest.raises(MeasureRefusedError, match="already"):
        Scenario("s").staff("局", helpers="局").apply(around_the_clock)
    with pytest.raises(InputError):
        Scenario("s").staff("市场监管局", helpers="法规科").apply(one())
    with pytest.raises(UsageError, match="evening_h"):
        Scenario("s").staff("市场监管局", evening_h=7.0)


def test_labels_say_what_changes():
    assert Staff(pool="甲", add=2).label("en") == "甲: +2 officers"
    full = Staff(pool="甲", add=1, evening_h=1.5, weekend_days=2, helpers="乙")
    assert full.label("en") == "甲: +1 officers, 1.5 h longer in the evening, open on weekends, helped by 乙"
    assert all(full.label("zh").count(word) for word in ("甲", "乙", "1.5"))
    assert Staff(pool="甲", weekend_days=1).label("en") == "甲: open on Saturdays"


def test_what_speaks_against_it_is_said():
    def said(process, **options):
        return " ".join(c[1] for c in Staff(pool="甲局", **options).cautions(process))

    assert said(two_pools(0.8), add=1) == ""
    assert "hardly a queue" in said(two_pools(0.3), add=1)
    more = Scenario("s").staff("甲局", 1).apply(two_pools(0.9))
    assert "would be asked for 92%" in said(more, add=-1)
    assert "its own cases would wait longer" in said(two_pools(0.9), helpers="乙局")
    known = replace(two_pools(0.8).identifiable, queue_share=(0.1, 0.3))
    assert "10% to 30%" in said(replace(two_pools(0.8), identifiable=known), add=1)
