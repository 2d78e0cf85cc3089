"""Each measure does exactly what it says to a flow whose answer is known."""

import numpy as np
import pytest
from bundle_log import bundle_log

from flowaudit.errors import InputError, UsageError
from flowaudit.metrics import case_measures
from flowaudit.process import Process, fit_process
from flowaudit.redesign import MeasureRefusedError, Scenario
from flowaudit.simulation import simulate
from flowaudit.worktime import load_calendar

CALENDAR = load_calendar("weekdays")


@pytest.fixture(scope="module")
def process():
    return fit_process(bundle_log(), calendar=CALENDAR)


def measured(process, column, **options):
    run = simulate(process, replications=2, seed=3, calendar=CALENDAR, **options)[0]
    return case_measures(run, calendar=CALENDAR, policy="C_node" if column == "steps" else None)[column].to_numpy(float)


def test_no_measure_is_the_identity(process):
    same = Scenario("空").apply(process)
    a, b = simulate(process, replications=2, calendar=CALENDAR), simulate(same, replications=2, calendar=CALENDAR)
    assert same is process
    assert a[1].events.equals(b[1].events)


def test_a_seed_gives_the_same_runs_and_another_does_not(process):
    a, b, c = (simulate(process, replications=1, seed=s, calendar=CALENDAR)[0].events for s in (5, 5, 6))
    assert a.equals(b)
    assert not a.equals(c)


def test_dropped_levels_leave_exactly_that_many_fewer_nodes(process):
    before, after = (
        measured(process, "steps"),
        measured(Scenario("s").limit_levels("市场监管局", 2).apply(process), "steps"),
    )
    assert (before - after == 2).all()


def test_the_right_to_decide_moves_to_the_level_kept(process):
    after = Scenario("s").limit_levels("市场监管局", 2).apply(process)
    assert {n.stage for n in after.nodes if n.activity == "食品审核"} == {"decide"}
    assert np.isfinite(measured(after, "clock_days")).all()


def test_merging_two_steps_leaves_one_fewer_and_keeps_the_work(process):
    after = Scenario("s").merge_steps("食品承办", "食品审核").apply(process)
    assert (measured(process, "steps") - measured(after, "steps") == 1).all()
    run = simulate(after, replications=1, calendar=CALENDAR)[0].to_pandas()
    merged = run[run["activity"] == "食品承办＋食品审核"]
    assert len(merged) == 60
    assert {"食品承办", "食品审核"}.isdisjoint(run["activity"])


def test_merging_across_departments_is_refused(process):
    with pytest.raises(MeasureRefusedError, match=r"no observed case|different departments"):
        Scenario("s").merge_steps("食品送达", "消防受理").apply(process)


def test_parallel_items_take_the_time_of_the_longest(process):
    """Without queues, the bundle ends with its later item, and no work of one waits for the other."""
    after = Scenario("s").parallelise("SP", "XF").apply(process)
    run = simulate(after, replications=1, seed=3, calendar=CALENDAR)[0].to_pandas()
    span = run.groupby(["case_id", "item_code"], observed=True).agg(first=("start", "min"), last=("end", "max"))
    whole = run.groupby("case_id", observed=True).agg(first=("start", "min"), last=("end", "max"))
    per_item = (span["last"] - span["first"]).unstack()
    assert (whole["last"] - whole["first"] == per_item.max(axis=1)).mean() > 0.9
    assert (measured(after, "e2e_days") <= measured(process, "e2e_days")).mean() > 0.95
    assert measured(after, "steps").tolist() == measured(process, "steps").tolist()


def test_one_window_saves_one_application_one_acceptance_and_its_trip(process):
    after = Scenario("s").one_window().apply(process)
    run = simulate(after, replications=1, seed=3, calendar=CALENDAR)[0].to_pandas()
    counts = run["activity"].value_counts()
    assert counts["综合窗口一次申请"] == counts["综合窗口受理"] == 60
    assert not {"消防申请", "消防受理", "食品申请", "食品受理"} & set(
        run["activity"][run["activity"].isin(counts.index[counts > 0])]
    )
    assert (measured(process, "steps") - measured(after, "steps") == 1).all()
    assert (measured(process, "trips") - measured(after, "trips") >= 0).all()
    assert measured(process, "trips").mean() - measured(after, "trips").mean() > 0.5


def test_the_clock_of_every_item_runs_from_the_one_acceptance(process):
    after = Scenario("s").one_window().apply(process)
    assert np.isfinite(measured(after, "clock_days")).all()


def test_a_reused_material_counts_once(process):
    after = Scenario("s").reuse_material("LIC").apply(process)
    assert (measured(process, "materials") == 4).all()
    assert (measured(after, "materials") == 3).all()


def test_an_e_licence_saves_the_material_and_its_corrections_where_the_fetch_succeeds(process):
    sure = Scenario("s").use_e_licence("LIC", success=1.0).apply(process)
    assert (measured(sure, "materials") == 2).all()
    run = simulate(sure, replications=1, calendar=CALENDAR)[0].to_pandas()
    assert not run["activity"].astype(str).str.contains("补正").any()
    never = Scenario("s").use_e_licence("LIC", success=0.0).apply(process)
    assert (measured(never, "materials") == 4).all()
    half = measured(Scenario("s").use_e_licence("LIC", success=0.5).apply(process), "materials", cases=60)
    assert 0.25 < (half == 2).mean() < 0.75


def test_more_officers_never_make_it_slower(process):
    pool = process.pools[0].name
    after = Scenario("s").staff(pool, 3).apply(process)
    assert measured(after, "e2e_days").mean() <= measured(process, "e2e_days").mean() + 1e-9


def test_staffing_is_refused_without_start_times():
    blind = fit_process(bundle_log(starts=False), calendar=CALENDAR)
    with pytest.raises(MeasureRefusedError, match="start times"):
        Scenario("s").staff("市场监管局", 1).apply(blind)


def test_merging_without_start_times_saves_no_time():
    blind = fit_process(bundle_log(starts=False), calendar=CALENDAR)
    after = Scenario("s").merge_steps("食品承办", "食品审核").apply(blind)
    assert measured(after, "e2e_days").mean() == pytest.approx(measured(blind, "e2e_days").mean(), rel=0.1)


def test_an_unknown_name_is_named_with_its_nearest(process):
    with pytest.raises(InputError, match="食品审批") as caught:
        Scenario("s").merge_steps("食品审批", "食品决定").apply(process)
    assert "食品审核" in caught.value.hint


def test_a_measure_that_changes_nothing_is_refused(process):
    with pytest.raises(MeasureRefusedError, match="no observed case"):
        Scenario("s").limit_levels("消防救援支队", 3).apply(process)


def test_a_process_survives_its_file(process, tmp_path):
    process.save(tmp_path / "process.json")
    again = Process.load(tmp_path / "process.json")
    assert again.templates == process.templates
    assert again.nodes == process.nodes
    a, b = (simulate(p, replications=1, calendar=CALENDAR)[0] for p in (process, again))
    assert a.events.equals(b.events)


def test_a_file_that_is_no_process_is_refused(tmp_path):
    (tmp_path / "p.json").write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match="not a process file"):
        Process.load(tmp_path / "p.json")


def test_the_same_measure_twice_is_refused():
    with pytest.raises(UsageError, match="already"):
        Scenario("s").reuse_material("LIC").reuse_material("LIC")


class _Order:
    """A catalogue that only knows which item comes before which."""

    def __init__(self, *pairs):
        self.pairs = set(pairs)

    def precedes(self, a, b):
        return (a, b) in self.pairs


def test_an_order_the_catalogue_wants_is_refused_for_a_pair(process):
    from dataclasses import replace

    bound = replace(process, catalogue=_Order(("SP", "XF")))
    with pytest.raises(MeasureRefusedError, match="must come before"):
        Scenario("s").parallelise("SP", "XF").apply(bound)
