"""What if fetches succeeded less often: one assumption at a time, against the same office with the same luck."""

import pytest
from bundle_log import bundle_log

from flowaudit.planning import sensitivity
from flowaudit.process import fit_process
from flowaudit.redesign import Scenario
from flowaudit.simulation import simulate
from flowaudit.worktime import load_calendar

CALENDAR = load_calendar("weekdays")
FETCHED = Scenario("甲").use_e_licence("LIC", success=0.9)


@pytest.fixture(scope="module")
def process():
    return fit_process(bundle_log(), calendar=CALENDAR)


@pytest.fixture(scope="module")
def found(process):
    before = simulate(process, replications=3, seed=5, calendar=CALENDAR)
    return sensitivity(process, FETCHED, before=before, calendar=CALENDAR)


def test_the_assumption_goes_to_both_sides_of_what_was_assumed(found):
    assert [v.assumed("en") for v in found] == ["80% of the fetches succeed", "100% of the fetches succeed"]
    assert {v.measure for v in found} == {"M07"}


def test_more_successes_never_bring_more_materials(found):
    low, sure = (v.comparison("materials").after.extra["mean"] for v in found)
    assert sure < low
    # The bundle asks for a licence and a plan for each of two items; all licences are fetched when all fetches succeed.
    assert found[1].comparison("materials").after.value == 2.0


def test_the_value_of_the_scenario_itself_is_not_repeated(process):
    before = simulate(process, replications=2, seed=5, calendar=CALENDAR)
    certain = Scenario("乙").use_e_licence("LIC", success=1.0)
    assert [v.assumed("en") for v in sensitivity(process, certain, before=before, calendar=CALENDAR)] == [
        "80% of the fetches succeed"
    ]


def test_a_measure_without_assumptions_is_not_varied(process):
    before = simulate(process, replications=2, seed=5, calendar=CALENDAR)
    certain = Scenario("丙").merge_steps("食品承办", "食品审核")
    assert sensitivity(process, certain, before=before, calendar=CALENDAR) == ()
