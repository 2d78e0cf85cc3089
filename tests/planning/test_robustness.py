"""More demand: the same cases closer together, a saving that needs nobody survives, and pools break where paper says."""

import numpy as np
import pytest
from bundle_log import bundle_log
from hypothesis import given, settings
from hypothesis import strategies as st
from processes import CALENDAR, OFFICE, Station, at, constant, line, poisson

from flowaudit.errors import InsufficientDataError, UsageError
from flowaudit.planning import arrivals_at, robust
from flowaudit.process import Arrivals, fit_process
from flowaudit.redesign import Scenario
from flowaudit.simulation import simulate
from flowaudit.targets import Target

HOUR = np.timedelta64(1, "h")


def hourly(n=200, work_h=0.5, **changes):
    """A case every hour, half an hour of work each: one officer is busy half of the time."""
    return line(
        Station("apply", None, servers=0),
        Station("decide", constant(work_h), servers=1, delay=constant(30.0)),
        arrivals=at(*range(n)),
        **changes,
    )


def test_today_s_demand_is_today_s_arrivals():
    process = hourly()
    assert (arrivals_at(process, 1.0, CALENDAR) == process.arrivals).all()


def test_twice_the_demand_halves_every_gap_on_a_clock_that_never_stops():
    gaps = np.diff(arrivals_at(hourly(), 2.0, CALENDAR)) / HOUR
    assert gaps == pytest.approx(0.5)
    fewer = arrivals_at(hourly(), 0.5, CALENDAR)
    assert np.diff(fewer) / HOUR == pytest.approx(2.0)
    # In the same time: 0, 2, ... 198 hours.
    assert len(fewer) == 100


def office_hours(n=400):
    """Arrivals on working days from nine to twelve and one to five."""
    process = hourly()
    week = [d * 24 + h for d in range(5) for h in (9, 10.5, 11, 13, 14, 15.5, 16)]
    hours = [w * 168 + h for w in range(12) for h in week][:n]
    arrivals = at(*hours)
    clock = OFFICE.__class__(OFFICE.rates * (168.0 / OFFICE.hours_per_week()))
    from dataclasses import replace

    arriving = Arrivals(clock, constant(5.0), 0.0, arrivals[0], arrivals[-1])
    return replace(process, arrivals=arrivals, arriving=arriving)


@given(st.floats(0.3, 3.0))
@settings(max_examples=25)
def test_arrivals_keep_their_order_and_the_rhythm_of_the_week(demand):
    process = office_hours()
    moved = arrivals_at(process, demand, CALENDAR)
    assert (np.diff(moved) >= np.timedelta64(0)).all()
    assert moved[0] == process.arrivals[0]
    assert moved[-1] <= process.arrivals[-1]
    day = moved.astype("datetime64[D]")
    assert ((day.astype(np.int64) + 3) % 7 < 5).all()
    hour = (moved - day) / HOUR
    assert ((hour >= 9 - 1e-6) & (hour <= 17 + 1e-6)).all()
    # So many times as many in the same time, but for what the last day cuts off.
    span = (moved[-1] - moved[0]) / (process.arrivals[-1] - process.arrivals[0])
    assert len(moved) / len(process.arrivals) == pytest.approx(demand * span, rel=0.1)


def test_a_case_keeps_its_luck_at_every_demand():
    """Case k takes the same way: common random numbers are tied to its number."""
    process = fit_process(bundle_log(), calendar=CALENDAR)
    ways = [
        simulate(process, arrivals=arrivals_at(process, f, CALENDAR), replications=1, seed=3, calendar=CALENDAR).runs[0].template
        for f in (0.8, 1.0, 1.3)
    ]  # fmt: skip
    shortest = min(map(len, ways))
    assert shortest > 40
    assert (ways[0][:shortest] == ways[1][:shortest]).all()
    assert (ways[1][:shortest] == ways[2][:shortest]).all()


@pytest.mark.parametrize("demand", [0.0, -1.0, float("nan")])
def test_no_demand_is_refused(demand):
    with pytest.raises(UsageError, match="above 0"):
        arrivals_at(hourly(), demand, CALENDAR)


def test_without_arrivals_there_is_no_demand():
    with pytest.raises(InsufficientDataError, match="at least 2"):
        arrivals_at(hourly(n=1), 1.2, CALENDAR)


def test_pools_break_where_paper_says():
    """Half an hour of work every hour: broken at twice the demand, and by two officers at four times."""
    found = robust(hourly(), Scenario("甲").staff("decide", 1), demand=(2.5,), replications=2, calendar=CALENDAR)
    before, after = found.breaks_first
    assert (before.pool, before.busy, before.breaks_at) == ("decide", pytest.approx(0.5), pytest.approx(2.0))
    assert (after.busy, after.breaks_at) == (pytest.approx(0.25), pytest.approx(4.0))
    text = " ".join(found.sentences("en"))
    assert "The office as it is with +150% demand: asked for more than they can do" in text
    assert "redesigned with +150%" not in text
    loads = found.loads().set_index("office")
    assert loads.loc["before", "2.5"] == pytest.approx(1.25)


def test_a_saving_that_needs_nobody_survives_exactly():
    """Two desks that need nobody for long, 30 and 20 hours of lying still: doing them together saves the same at any demand."""
    process = fit_process(bundle_log(), calendar=CALENDAR)
    found = robust(
        process, Scenario("甲").parallelise("SP", "XF"), demand=(0.8, 1.2), replications=8, calendar=CALENDAR
    )
    assert [level.demand for level in found] == [0.8, 1.0, 1.2]
    assert found.today.survives("time")
    assert found.at(1.2).survives("time")
    assert found.retained("time", 1.0) == 1.0
    assert found.retained("time", 1.2) == pytest.approx(1.0, abs=0.15)
    assert found.retained("materials", 1.2) is None
    assert "the saving survives" in " ".join(found.sentences("en"))


def test_a_saving_that_queues_eat_up_does_not_survive():
    """One officer less saves nothing where two are idle, and breaks the office where they are not."""
    process = line(
        Station("apply", None, servers=0), Station("decide", constant(0.9), servers=2), arrivals=poisson(1.0, 300, 5)
    )  # fmt: skip
    found = robust(process, Scenario("甲").staff("decide", -1), demand=(1.3,), replications=3, calendar=CALENDAR)
    assert found.at(1.3).survives("time") is False
    assert found.at(1.3).saving("time").difference > 0
    assert "cannot do today's work" not in " ".join(found.sentences("en"))
    assert "redesigned with +30% demand: asked for more" in " ".join(found.sentences("en"))


def test_targets_are_judged_at_every_level():
    process = hourly(n=120)
    asked = [Target(metric="time", statistic="mean", at_most=3.0)]
    found = robust(
        process, Scenario("甲").staff("decide", 1), targets=asked, demand=(3.0,), replications=3, calendar=CALENDAR
    )
    assert found.today.verdict.targets[0].status == "met"
    assert any("Target" in s and "+200%" in s for s in found.sentences("en"))


def test_where_queues_cannot_be_told_robustness_is_not_claimed():
    process = fit_process(bundle_log(starts=False), calendar=CALENDAR)
    found = robust(process, Scenario("甲").parallelise("SP", "XF"), demand=(1.2,), replications=2, calendar=CALENDAR)
    assert found.breaks_first == (None, None)
    assert found.loads().empty
    assert "how robust the saving is cannot be said" in found.sentences("en")[-1]


def test_tables_languages_and_progress():
    told = []
    found = robust(
        hourly(n=60), Scenario("甲").staff("decide", 1), demand=(0.8, 1.2), replications=2, calendar=CALENDAR,
        progress=lambda done, total: told.append((done, total)),
    )  # fmt: skip
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert set(found.table()["demand"]) == {0.8, 1.0, 1.2}
    for lang in ("zh", "en"):
        assert all(found.to_dict(lang)["sentences"])
    assert "<table>" in found._repr_html_()
    assert len(found) == 3
    with pytest.raises(UsageError, match=r"1\.5"):
        found.at(1.5)
