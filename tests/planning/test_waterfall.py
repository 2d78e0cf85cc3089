"""What each measure adds in the order of the scenario: the bars sum to the whole, and idle measures save nothing."""

from math import fsum

import pytest
from bundle_log import bundle_log
from processes import CALENDAR
from toy_games import Shorten, in_line, side_by_side

from flowaudit.errors import UsageError
from flowaudit.messages import speaking
from flowaudit.planning import Coalitions, shapley, waterfall
from flowaudit.process import fit_process
from flowaudit.redesign import Scenario
from flowaudit.simulation import simulate
from flowaudit.targets import evaluate

SCENARIO = Scenario("甲").limit_levels("市场监管局", 2).parallelise("SP", "XF")


@pytest.fixture(scope="module")
def process():
    return fit_process(bundle_log(), calendar=CALENDAR)


def coalitions(process, scenario, replications=3, **options):
    before, after = (
        simulate(p, replications=replications, seed=5, calendar=CALENDAR) for p in (process, scenario.apply(process))
    )
    return Coalitions(process, scenario, before=before, after=after, calendar=CALENDAR, **options)


@pytest.fixture(scope="module")
def found(process):
    return waterfall(coalitions(process, SCENARIO, policy="C_node"))


def test_every_recorded_metric_is_shared_out(found):
    assert found.metrics == ("steps", "time", "clock", "materials", "trips")
    for savings in found.savings:
        assert [bar.measure for bar in savings.bars] == ["M02", "M04"]
        assert fsum(bar.saved for bar in savings.bars) == pytest.approx(savings.total, abs=1e-12)
        assert all(bar.low <= bar.saved <= bar.high for bar in savings.bars)
    assert found.of("time").total > 1
    # Two of four sign-offs fall away; to do two things at once spares no step, no paper and no trip.
    assert [bar.saved for bar in found.of("steps").bars] == [2.0, 0.0]
    assert [bar.saved for bar in found.of("materials").bars] == [0.0, 0.0]
    assert [bar.saved for bar in found.of("trips").bars] == [0.0, 0.0]


def test_the_totals_are_those_of_the_verdict(process):
    before, after = (simulate(p, replications=3, seed=5, calendar=CALENDAR) for p in (process, SCENARIO.apply(process)))
    verdict = evaluate(after, baseline=before, catalogue=process.catalogue, calendar=CALENDAR)
    found = waterfall(Coalitions(process, SCENARIO, before=before, after=after, calendar=CALENDAR))
    for savings in found.savings:
        comparison = verdict.comparison(savings.metric)
        assert savings.total == pytest.approx(-comparison.difference, abs=1e-12)
        assert (savings.before, savings.after) == (comparison.before.value, comparison.after.value)
        assert savings.rule == comparison.before.rule


def test_another_order_shares_the_same_total_otherwise(process, found):
    turned = Scenario.of("乙", reversed(SCENARIO.measures))
    other = waterfall(coalitions(process, turned))
    assert other.of("time").before == found.of("time").before
    assert fsum(bar.saved for bar in other.of("time").bars) == pytest.approx(other.of("time").total, abs=1e-12)


def test_the_last_bar_is_what_the_others_leave():
    """Two branches of four days; the first cut alone frees nothing."""
    plan = Scenario.of("s", [Shorten(activity="a", hours=72), Shorten(activity="b", hours=48)])
    found = waterfall(coalitions(side_by_side(4, 4), plan))
    assert [bar.saved for bar in found.of("time").bars] == [0.0, 2.0]
    assert (found.of("time").before, found.of("time").after) == (4.0, 2.0)


def presupposing():
    """b is merged into a (its two days fall away), and only then is there an activity ab to be cut by a day."""
    return Scenario("s").merge_steps("a", "b", merged="ab").add(Shorten(activity="ab", hours=24))


def test_a_measure_that_presupposes_another_adds_nothing_without_it():
    """v = 4, merged 2, merged and cut 1; cut alone is refused: merging gets (2 + 3) / 2, cutting (0 + 1) / 2."""
    game = coalitions(in_line(2, 2), presupposing())
    assert [bar.saved for bar in waterfall(game).of("time").bars] == [2.0, 1.0]
    order_free = shapley(game)
    assert [bar.saved for bar in order_free.of("time").bars] == [2.5, 0.5]
    assert waterfall(game).notes == ()
    (note,) = order_free.notes
    assert "ab 24 h shorter" in note[1]
    assert "1 of 2 combinations" in note[1]
    assert order_free.combinations == 3, "refused alone, it is the office as it is"


def test_a_scenario_that_cannot_be_applied_is_refused_as_ever():
    process = in_line(2, 2)
    turned = Scenario.of("s", reversed(presupposing().measures))
    with pytest.raises(Exception, match="ab"):
        Coalitions(process, turned, before=simulate(process, replications=2, calendar=CALENDAR), calendar=CALENDAR)


def test_what_was_simulated_with_other_luck_is_refused():
    process = in_line(1, 1)
    plan = Scenario.of("s", [Shorten(activity="a", hours=5)])
    before = simulate(process, replications=3, seed=5, calendar=CALENDAR)
    for options in ({"replications": 2, "seed": 5}, {"replications": 3, "seed": 6}):
        after = simulate(plan.apply(process), calendar=CALENDAR, **options)
        with pytest.raises(UsageError, match="the two simulations differ"):
            Coalitions(process, plan, before=before, after=after, calendar=CALENDAR)


def test_a_metric_that_is_not_recorded_is_named(found):
    plan = Scenario.of("s", [Shorten(activity="a", hours=5)])
    bare = waterfall(coalitions(in_line(1, 1), plan))
    with pytest.raises(UsageError) as caught:
        bare.of("trips")
    assert "not record" in caught.value.message
    assert "time" in caught.value.hint
    with pytest.raises(UsageError) as caught:
        found.of("materals")
    assert "materials" in caught.value.hint


def test_it_shows_itself_and_is_data(found):
    table = found.table
    assert list(table.columns[:2]) == ["metric", "unit"]
    assert len(table) == 10
    for lang, word in (("en", "together"), ("zh", "合计")):
        with speaking(lang):
            page = found._repr_html_()
        assert word in page
        data = found.to_dict(lang)
        assert data["metrics"]["time"]["total"] == found.of("time").total
        assert data["rule"]


def test_progress_ends_with_the_last_stage(process):
    told = []
    waterfall(coalitions(process, SCENARIO), progress=lambda *at: told.append(at))
    assert told == [(1, 3), (2, 3), (3, 3)]
