"""M23: several queues become one, and the wait is that of the textbook."""

from dataclasses import replace

import numpy as np
import pytest
from processes import CALENDAR, exponential, poisson
from small_offices import Do, log_of, office

from flowaudit.process import Performer, Process, problems
from flowaudit.redesign import AnyWindow, MeasureRefusedError, Scenario
from flowaudit.simulation import simulate


def districts(rate=0.8, *, names=("受理", "受理")):
    """Two windows in two districts, an officer each; cases arrive at ``rate`` an hour at each, and take an hour."""
    ways = [
        [Do(name, "accept", None, f"{district}中心", work=exponential(1.0), people=1)]
        for name, district in zip(names, ("甲区", "乙区"), strict=True)
    ]
    return office(*ways, arrivals=poisson(2 * rate, 6000, seed=4))


def wait(process):
    runs = simulate(process, replications=12, seed=1, calendar=CALENDAR).runs
    waits = np.array([(run.start - run.ready).mean() for run in runs])
    return waits.mean(), 3.3 * waits.std(ddof=1) / np.sqrt(len(waits))


def test_the_pooled_wait_is_that_of_one_queue_with_two_servers():
    """M/M/1: rho / (1 - rho) = 4 hours. M/M/2: rho^2 / (1 - rho^2) = 1.78 hours."""
    apart, apart_error = wait(districts())
    together, error = wait(Scenario("s").any_window("受理").apply(districts()))
    assert apart == pytest.approx(4.0, abs=max(apart_error, 0.6))
    assert error < 0.35, "too noisy to prove anything"
    assert together == pytest.approx(0.64 / 0.36, abs=error)


def test_activities_of_different_names_are_pooled_as_well():
    after = Scenario("s").any_window("甲受理", "乙受理").apply(districts(names=("甲受理", "乙受理")))
    assert problems(after).empty
    assert after.nodes[0].performers == after.nodes[1].performers
    assert set(log_of(after)["resource"]) == {"甲区中心·甲受理#1", "乙区中心·乙受理#1"}


def test_everybody_keeps_the_time_he_needs_where_he_has_worked():
    process = districts()
    own = replace(process.nodes[0], performers=(Performer(0, 3.0, work=0),))
    after = Scenario("s").any_window("受理").apply(replace(process, nodes=(own, process.nodes[1])))
    assert after.nodes[0].performers == (Performer(0, 3.0, 0), Performer(1, 1.0, -1))
    assert after.nodes[1].performers == (Performer(0, 3.0, -1), Performer(1, 1.0, -1))


def test_only_cases_that_pass_the_activities_are_touched():
    process = districts()
    other = office(
        *[[Do("受理", "accept", None, f"{d}中心", people=1)] for d in ("甲区", "乙区")],
        [Do("咨询", "consult", None, "台", people=1)],
        cases=[3.0, 2.0, 5.0],
    )
    assert Scenario("s").any_window("受理").apply(other).changes[-1][1] == 5
    assert Scenario("s").any_window("受理").apply(process).changes[-1][1] == 2


def test_what_speaks_against_it_is_said():
    assert AnyWindow(activities=("受理",)).cautions(districts(0.8)) == ()
    (idle,) = AnyWindow(activities=("受理",)).cautions(districts(0.3))
    assert "hardly a queue" in idle[1]
    assert idle[0] != ""
    two_items = office(
        [Do("食品受理", "accept", "SP", "甲", work=1.0, people=1)],
        [Do("消防受理", "accept", "XF", "乙", work=1.0, people=1)],
        arrivals=poisson(1.6, 500, seed=1),
    )
    assert "2 items" in AnyWindow(activities=("食品受理", "消防受理")).cautions(two_items)[0][1]


def test_what_is_pooled_already_is_refused():
    after = Scenario("s").any_window("受理").apply(districts())
    with pytest.raises(MeasureRefusedError, match="same people"):
        AnyWindow(activities=("受理",)).apply(after)
    with pytest.raises(MeasureRefusedError, match="no work of an officer"):
        Scenario("s").any_window("申请").apply(
            office([Do("申请", "apply"), Do("受理", "accept", None, "局", people=1)])
        )
    blind = replace(
        districts(), identifiable=replace(districts().identifiable, staffing=False, reason_en="x", reason_zh="x")
    )
    with pytest.raises(MeasureRefusedError, match="refused"):
        Scenario("s").any_window("受理").apply(blind)


def test_it_survives_its_file(tmp_path):
    after = Scenario("s").any_window("受理").apply(districts())
    after.save(tmp_path / "p.json")
    assert Process.load(tmp_path / "p.json").nodes == after.nodes
