"""Each measure's share of the saving: the bars sum to the whole, and idle measures save nothing."""

import pytest
from bundle_log import bundle_log

from flowaudit.planning import waterfall
from flowaudit.process import fit_process
from flowaudit.redesign import Scenario
from flowaudit.simulation import simulate
from flowaudit.worktime import load_calendar

CALENDAR = load_calendar("weekdays")
SCENARIO = Scenario("甲").limit_levels("市场监管局", 2).parallelise("SP", "XF")


@pytest.fixture(scope="module")
def found():
    process = fit_process(bundle_log(), calendar=CALENDAR)
    before, after = (simulate(p, replications=3, seed=5, calendar=CALENDAR) for p in (process, SCENARIO.apply(process)))
    return waterfall(process, SCENARIO, before=before, after=after, calendar=CALENDAR)


def test_bars_stand_in_the_order_of_the_scenario_and_sum_to_the_total(found):
    assert [b.measure for b in found.bars] == ["M02", "M04"]
    assert sum(b.saved for b in found.bars) == pytest.approx(found.total, abs=1e-9)
    assert found.total > 1


def test_every_interval_holds_its_bar(found):
    assert all(b.low <= b.saved <= b.high for b in found.bars)


def test_another_order_shares_the_same_total_otherwise(found):
    process = fit_process(bundle_log(), calendar=CALENDAR)
    turned = Scenario("乙", tuple(reversed(SCENARIO.measures)))
    before, after = (simulate(p, replications=3, seed=5, calendar=CALENDAR) for p in (process, turned.apply(process)))
    other = waterfall(process, turned, before=before, after=after, calendar=CALENDAR)
    assert other.before == found.before
    assert sum(b.saved for b in other.bars) == pytest.approx(other.total, abs=1e-9)
