"""All replications measured at once: the same figures to the last bit, and an office measured once is not measured again."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from bundle_log import bundle_log

from flowaudit.catalogue import Catalogue
from flowaudit.errors import UsageError
from flowaudit.metrics import NotRecorded, case_measures
from flowaudit.process import fit_process
from flowaudit.redesign import Scenario
from flowaudit.simulation import simulate
from flowaudit.targets import Pooling, Target, evaluate, interval, measure_runs
from flowaudit.worktime import load_calendar

CALENDAR = load_calendar("weekdays")
COLUMNS = {"steps": "steps", "time": "e2e_days", "clock": "clock_days", "materials": "materials", "trips": "trips"}
TARGETS = [
    Target.parse("减环节 20%"), Target.parse("全程时间 不超过 5 个工作日（90% 的办件）"), Target.parse("流转节点 不超过 9 个"),
    Target.parse("补正率 不超过 50%"), Target.parse("减材料 20% [事项=SP]"),
]  # fmt: skip


@pytest.fixture(scope="module")
def offices():
    process = fit_process(bundle_log(), calendar=CALENDAR)
    scenario = Scenario("s").one_window().parallelise("SP", "XF").limit_levels("市场监管局", 3).reuse_material("LIC")
    return [simulate(p, replications=6, seed=5, calendar=CALENDAR) for p in (process, scenario.apply(process))]


def test_runs_are_measured_at_once(offices):
    before, _after = offices
    assert isinstance(before, Pooling)
    assert not isinstance(list(before), Pooling)
    measured = measure_runs(before, calendar=CALENDAR)
    assert (len(measured.logs), measured.replications) == (1, 6)


@pytest.mark.parametrize("policy", ["A", "B", "C", "D"])
def test_every_case_has_the_figures_it_has_alone(offices, policy):
    for runs in offices:
        alone = pd.concat([case_measures(run, policy=policy, calendar=CALENDAR) for run in runs], ignore_index=True)
        together = measure_runs(runs, policy=policy, calendar=CALENDAR)
        pd.testing.assert_frame_equal(together.per_case, alone, check_exact=True)
        assert together.replication.tolist() == np.repeat(np.arange(6), [run.n_cases for run in runs]).tolist()


def test_without_the_clock_all_else_is_the_same_and_no_figure_of_it_is_given(offices):
    runs = offices[0]
    whole = measure_runs(runs, calendar=CALENDAR)
    assert whole.per_case["clock_days"].notna().any()
    for given in (runs, list(runs)):
        rest = measure_runs(given, calendar=CALENDAR, clock=False)
        pd.testing.assert_frame_equal(
            rest.per_case.drop(columns="clock_days"), whole.per_case.drop(columns="clock_days"), check_exact=True
        )
        assert rest.per_case["clock_days"].isna().all()
        assert isinstance(rest.values("clock"), NotRecorded)


def test_the_verdict_is_the_same_to_the_last_bit(offices):
    before, after = offices
    at_once = evaluate(after, TARGETS, baseline=before, calendar=CALENDAR)
    one_by_one = evaluate(list(after), TARGETS, baseline=list(before), calendar=CALENDAR)
    assert at_once.to_dict("en") == one_by_one.to_dict("en")
    assert {g.metric for g in at_once.guards if g.recorded} >= {"time", "visits", "correction_rate", "workload"}


def test_comparisons_are_the_paired_medians_of_single_replications(offices):
    """As they are without any pooling: the median of each replication, their differences, the interval of the mean.

    Where the medians are few different ones the interval may be longer: they might have been others as well.
    """
    verdict = evaluate(offices[1], baseline=offices[0], calendar=CALENDAR)
    medians = {}
    for side, runs in zip(("before", "after"), offices, strict=True):
        frames = [case_measures(run, policy="A", calendar=CALENDAR) for run in runs]
        medians[side] = {
            metric: np.array([float(np.median(f.loc[f["complete"], column].dropna().to_numpy(float))) for f in frames])
            for metric, column in COLUMNS.items()
        }
    for c in verdict.comparisons:
        before, after = (medians[side][c.metric] for side in ("before", "after"))
        for found, values in (
            ((c.before.value, c.before.low, c.before.high), before),
            ((c.difference, c.low, c.high), after - before),
        ):
            mean, low, high = interval(values)
            assert found[0] == mean
            assert found[1] <= low
            assert found[2] >= high
            if len(set(values.tolist())) > 2:
                assert found == (mean, low, high)


def test_a_baseline_that_was_measured_is_not_measured_again(offices, monkeypatch):
    import importlib

    room = importlib.import_module("flowaudit.targets.measured")
    before, after = offices
    expected = evaluate(after, TARGETS, baseline=before, calendar=CALENDAR).to_dict("en")
    office = measure_runs(before, calendar=CALENDAR)
    counted = []
    count = room.four_reductions
    monkeypatch.setattr(room, "four_reductions", lambda log, **options: counted.append(log) or count(log, **options))
    for _again in range(2):
        assert evaluate(after, TARGETS, baseline=office, calendar=CALENDAR).to_dict("en") == expected
    assert counted == [after.pooled] * 2
    assert (
        evaluate(measure_runs(after, policy=office.policy, calendar=CALENDAR), TARGETS, baseline=office).to_dict("en")
        == expected
    )


def test_two_offices_measured_by_different_policies_are_compared_by_that_of_the_baseline(offices):
    before, after = (
        measure_runs(runs, policy=policy, calendar=CALENDAR) for runs, policy in zip(offices, "CA", strict=True)
    )
    steps = evaluate(after, baseline=before).comparison("steps")
    assert steps.before.rule.policy == "C_node"
    assert (
        steps.difference
        == evaluate(offices[1], baseline=offices[0], policy="C", calendar=CALENDAR).comparison("steps").difference
    )


@pytest.mark.parametrize("pooled", [True, False])
def test_progress_counts_the_replications(offices, pooled):
    before, after = offices if pooled else map(list, offices)
    seen = []
    evaluate(after, baseline=before, calendar=CALENDAR, progress=lambda done, total: seen.append((done, total)))
    assert [total for _done, total in seen] == [12] * len(seen)
    done = [d for d, _total in seen]
    assert done == sorted(set(done))
    assert done[-1] == 12


def test_a_redesigned_office_has_its_own_forms(offices):
    """The runs carry the catalogue of their process: a measure that changes the forms is seen without another word."""
    form = pd.DataFrame({"item_code": ["SP", "SP", "XF"], "field_label": list("abc"), "class": "type"})
    items = pd.DataFrame({"item_code": ["SP", "XF"], "name": ["食品", "消防"]})
    old, new = (
        Catalogue(items=items, form_fields=fields)
        for fields in (form, form.assign(**{"class": ["type", "auto", "auto"]}))
    )
    before, changed = (replace(offices[0], process=replace(offices[0].process, catalogue=c)) for c in (old, new))
    for catalogue in (None, old):
        found = evaluate(changed, baseline=before, catalogue=catalogue, calendar=CALENDAR).guard("typed_fields")
        assert (found.before, found.after, found.reason("en")) == (3.0, 1.0, "")
    measured = measure_runs(before, calendar=CALENDAR)
    assert evaluate(changed, baseline=measured, calendar=CALENDAR).guard("typed_fields").after == 1.0
    same = evaluate(before, baseline=before, calendar=CALENDAR).guard("typed_fields")
    assert (same.before, same.after) == (3.0, 3.0)
    assert "one catalogue" in same.reason("en")
    given = evaluate(before, baseline=before, catalogue=old, after_catalogue=new, calendar=CALENDAR).guard(
        "typed_fields"
    )
    assert (given.before, given.after) == (3.0, 1.0)


def test_no_replication_is_refused():
    with pytest.raises(UsageError, match="no replication"):
        evaluate([], baseline=[])
    with pytest.raises(UsageError, match="no replication"):
        measure_runs([])
