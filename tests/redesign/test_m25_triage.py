"""M25: two lanes by an attribute, by activities or by a share; what the fast lane gets, and what the others pay."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from bundle_log import bundle_log
from processes import CALENDAR, Path, Station, at, exponential, network, poisson, second_moment
from scipy import stats
from staged_office import Desk, events, office, same_runs, span_h, steps

from flowaudit.catalogue import Catalogue
from flowaudit.errors import InputError, UsageError
from flowaudit.process import OpenCase, Process, family, fit_process, mean, problems
from flowaudit.redesign import MeasureRefusedError, Scenario, Triage
from flowaudit.simulation import simulate

DESKS = (
    Desk("受理", "accept", 1.0, servers=4),
    Desk("审查", "review", 4.0, 10.0, servers=4),
    Desk("专家评审", "special", 6.0, 20.0),
    Desk("决定", "decide", 1.0, 30.0),
)
SIMPLE = ("受理", "审查", "决定")


@pytest.fixture(scope="module")
def sized():
    """Of 1 000 cases 700 are small; 300 large ones need an expert."""
    process = office(
        *DESKS,
        paths=[Path(SIMPLE, weight=700.0), Path(("受理", "审查", "专家评审", "决定"), weight=300.0)],
        every_h=10.0,
    )
    small, large = process.templates
    return replace(
        process, templates=(replace(small, attributes=(("size", "small"),)), replace(large, attributes=(("size", "large"),)))
    )  # fmt: skip


def two_classes():
    """One server; 3 small cases an hour of 0.1 h, and 4 large ones an hour of 0.12 h: busy 78 % of the time."""
    works = {"small": exponential(0.1), "large": family("gamma", mean=0.12, cv=0.7)}
    process = network([Station("desk", works)], [Path(("desk",), 3.0, "small"), Path(("desk",), 4.0, "large")])
    a, b = process.templates
    return replace(
        process, templates=(replace(a, attributes=(("size", "small"),)), replace(b, attributes=(("size", "large"),)))
    )  # fmt: skip


def waits(process, n=60_000, replications=24):
    """Mean wait of the two templates, one value for each replication."""
    rows = []
    for k in range(replications):
        run = simulate(
            replace(process, arrivals=poisson(7.0, n, 100 + k)), replications=1, seed=k, calendar=CALENDAR
        ).runs[0]
        waited = run.start - run.ready
        rows.append([waited[run.template == t].mean() for t in (0, 1)])
    return np.array(rows).T


def assert_mean(values, expected):
    half = stats.t.ppf(0.9995, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    assert half < 0.06 * expected, "too noisy to prove anything"
    assert values.mean() == pytest.approx(expected, abs=half)


def test_one_officer_serves_the_fast_lane_as_queueing_theory_says():
    """M/G/1, nobody interrupted: W1 = R / (1 - rho1), W2 = R / ((1 - rho1)(1 - rho)) (Cobham 1954); without lanes R / (1 - rho).

    Whatever the order, rho1 W1 + rho2 W2 stays (Kleinrock's conservation law): what the fast lane gains the others pay.
    """
    process = two_classes()
    after = Triage(attribute="size", values=("small",), pools=("desk",)).apply(process)
    rates, tables = np.array([3.0, 4.0]), [exponential(0.1), family("gamma", mean=0.12, cv=0.7)]
    load = rates * [mean(t) for t in tables]
    residual = float((rates * [second_moment(t) for t in tables]).sum() / 2)
    small, large = waits(after)
    assert_mean(small, residual / (1 - load[0]))
    assert_mean(large, residual / ((1 - load[0]) * (1 - load.sum())))
    before = waits(process)
    assert small.mean() < before[0].mean() < before[1].mean() * 1.1 < large.mean()
    assert_mean(load @ np.array([small, large]), load.sum() * residual / (1 - load.sum()))


def test_where_nobody_waits_priority_changes_nothing(sized):
    after = Triage(attribute="size", values=("small",)).apply(sized)
    assert [t.priority for t in after.templates] == [-1.0, 0.0]
    assert {p.discipline for p in after.pools} == {"priority"}
    assert same_runs(sized, after)


def test_the_fast_lane_leaves_activities_out(sized):
    """Small cases: 5 h without the review's 14 h; large ones keep theirs."""
    after = Triage(attribute="size", values=("small",), dropped=("审查",), priority=False).apply(sized)
    run = events(after)
    large = set(run[run["activity"] == "专家评审"]["case_id"])
    small = run[~run["case_id"].isin(large)]
    assert set(small["activity"]) == {"受理", "决定"}
    assert span_h(small) == pytest.approx(32.0, abs=1e-3)
    assert set(run[run["activity"] == "审查"]["case_id"]) == large
    assert after.changes[-1][1] == 700


def test_activities_may_mark_the_complex_cases(sized):
    by_mark = Triage(complex_if=("专家评审",), dropped=("审查",)).apply(sized)
    by_attribute = Triage(attribute="size", values=("small",), dropped=("审查",)).apply(sized)
    assert by_mark.templates == by_attribute.templates


def test_a_way_with_both_kinds_of_branches_becomes_two():
    process = office(
        *DESKS, paths=[Path(SIMPLE, weight=100.0), Path(("受理", "审查", "专家评审", "决定"), weight=100.0)]
    )
    simple, special = (t.branches[0] for t in process.templates)
    mixed = replace(
        process,
        templates=(replace(process.templates[0], branches=(replace(simple, probability=0.25), replace(special, probability=0.75))),),
        open_cases=(OpenCase(at(0.0)[0], at(1.0)[0], (), ((0, 0),), "O1"),),
    )  # fmt: skip
    after = Triage(complex_if=("专家评审",)).apply(mixed)
    assert [(t.cases, t.priority, len(t.branches)) for t in after.templates] == [(25.0, -1.0, 1), (75.0, 0.0, 1)]
    assert after.open_cases[0].ways == ((0, 0), (1, 0))
    assert problems(after).empty


def test_a_share_splits_frequent_ways_and_deals_out_rare_ones(sized):
    after = Triage(share=0.25, dropped=("审查",)).apply(sized)
    assert [t.cases for t in after.templates] == pytest.approx([175.0, 525.0, 75.0, 225.0])
    assert [len(t.branches[0].steps) for t in after.templates] == [2, 3, 3, 4]
    rare = fit_process(bundle_log(), calendar=CALENDAR)
    dealt = Triage(share=0.25).apply(rare)
    assert len(dealt.templates) == len(rare.templates)
    assert sum(t.cases for t in dealt.templates if t.priority < 0) == pytest.approx(15.0, abs=0.1)


def test_officers_of_its_own_do_nothing_else(sized):
    after = Triage(attribute="size", values=("small",), pools=("审查",), officers=1, priority=False).apply(sized)
    assert problems(after).empty
    run = events(after)
    large = set(run[run["activity"] == "专家评审"]["case_id"])
    review = run[run["activity"] == "审查"]
    fast = review[~review["case_id"].isin(large)]
    assert set(fast["resource"]) == {"审查 4·快车道"}
    assert "审查 4·快车道" not in set(review[review["case_id"].isin(large)]["resource"])
    assert [(p.name, p.capacity) for p in after.pools if p.name.startswith("审查")] == [("审查", 3), ("审查·快车道", 1)]
    assert sum(r.capacity for r in after.resources) == sum(r.capacity for r in sized.resources)
    assert (steps(after) == steps(sized)).all()


def test_triage_takes_time_of_who_accepts(sized):
    """Six minutes for each of 400 cases."""
    after = Triage(attribute="size", values=("small",), triage_min=6.0).apply(sized)
    act = events(after).query("activity == '分类分级'")
    assert len(act) == 400
    assert act["hours"].sum() == pytest.approx(40.0, rel=1e-3)
    assert set(act["resource"].str.split().str[0]) == {"受理"}
    assert span_h(events(after)) == pytest.approx(span_h(events(sized)) + 0.1, abs=1e-3)
    assert problems(after).empty


def test_no_share_is_the_identity(sized):
    after, touched = Triage(share=0.0).transform(sized)
    assert touched == 0
    assert same_runs(sized, after)
    with pytest.raises(MeasureRefusedError, match="no observed case"):
        Triage(share=0.0).apply(sized)


def test_a_lane_that_meets_no_queue_is_refused():
    process = office(*(replace(d, servers=0) for d in DESKS))
    with pytest.raises(MeasureRefusedError, match="no observed case"):
        Triage(share=0.5).apply(process)


@pytest.mark.parametrize(
    ("parameters", "problem"),
    [
        ({}, "give one rule"),
        ({"share": 0.5, "complex_if": ("专家评审",)}, "give one rule"),
        ({"attribute": "size"}, "go together"),
        ({"share": 0.5, "priority": False}, "needs priority, officers, or dropped"),
        ({"share": 0.5, "officers": 1}, "one pool"),
        ({"share": 1.5}, "at most 1"),
    ],
)
def test_parameters_that_do_not_fit_together_are_refused(parameters, problem):
    with pytest.raises(UsageError, match=problem):
        Scenario("s").triage(**parameters)


@pytest.mark.parametrize(
    ("parameters", "near"),
    [
        ({"attribute": "sise", "values": ("small",)}, "size"),
        ({"attribute": "size", "values": ("smal",)}, "small"),
        ({"complex_if": ("专家会审",)}, "专家评审"),
        ({"share": 0.5, "pools": ("审查科",)}, "审查"),
    ],
)
def test_unknown_names_are_named_with_their_nearest(sized, parameters, near):
    with pytest.raises(InputError) as caught:
        Triage(**parameters).apply(sized)
    assert near in caught.value.hint


def test_all_officers_for_the_fast_lane_and_pools_by_deadline_are_refused(sized):
    with pytest.raises(MeasureRefusedError, match="4 places"):
        Triage(share=0.5, pools=("审查",), officers=4).apply(sized)
    urgent = replace(sized, pools=tuple(replace(p, discipline="deadline") for p in sized.pools))
    with pytest.raises(MeasureRefusedError, match="deadline"):
        Triage(share=0.5, pools=("审查",)).apply(urgent)


def test_a_lane_with_nothing_left_to_do_is_refused(sized):
    with pytest.raises(MeasureRefusedError, match="nothing left"):
        Triage(attribute="size", values=("small",), dropped=SIMPLE).apply(sized)


def test_only_cases_for_which_something_changes_are_counted(sized):
    """Without priority it is the large cases alone that leave the expert out."""
    after = Triage(share=1.0, dropped=("专家评审",), priority=False).apply(sized)
    assert after.changes[-1][1] == 300


def test_officers_only_they_can_replace_are_refused(sized):
    nodes = list(sized.nodes)
    nodes[1] = replace(nodes[1], performers=nodes[1].performers[3:])
    with pytest.raises(MeasureRefusedError, match="without an officer"):
        Triage(share=0.5, pools=("审查",), officers=1).apply(replace(sized, nodes=tuple(nodes)))


def test_cautions_that_fire_and_that_do_not(sized):
    busy = replace(sized, pools=tuple(replace(p, utilisation=0.9) for p in sized.pools))
    assert Triage(attribute="size", values=("small",)).cautions(busy) == ()
    idle = [en for _zh, en in Triage(attribute="size", values=("small",)).cautions(sized)]
    assert any("hardly any case waits" in s for s in idle)
    said = [
        en
        for _zh, en in Triage(complex_if=("专家评审",), dropped=("审查",), pools=("审查",), officers=1).cautions(busy)
    ]
    assert any("only afterwards" in s for s in said)
    assert any("1 of 4 places" in s for s in said)
    crowd = [en for _zh, en in Triage(share=0.9).cautions(busy)]
    assert any(s.startswith("90% of the cases would take") for s in crowd)
    few = replace(busy, templates=tuple(replace(t, cases=t.cases / 50) for t in busy.templates))
    assert any("Only 14 observed" in en for _zh, en in Triage(share=0.5).cautions(few))
    table = pd.DataFrame({"item_code": ["A"], "seq": [1], "name": ["审查"], "legally_required": [True]})
    bound = replace(busy, catalogue=Catalogue(item_steps=table))
    assert [en for _zh, en in Triage(share=0.5, dropped=("审查",)).cautions(bound)] == [
        "The catalogue marks “审查” as required by law."
    ]


def test_a_later_measure_keeps_the_lanes(sized):
    """Priorities and attributes belong to the templates, whatever happens to their branches."""
    plan = Scenario("s").triage(attribute="size", values=("small",)).agree_by_silence("审查", days=0.2)
    after = plan.apply(sized)
    assert [(t.priority, t.attributes) for t in after.templates] == [
        (-1.0, (("size", "small"),)),
        (0.0, (("size", "large"),)),
    ]


def test_a_changed_process_survives_its_file(sized, tmp_path):
    after = Triage(share=0.3, pools=("审查",), officers=2, dropped=("专家评审",), triage_min=5.0).apply(sized)
    assert problems(after).empty
    after.save(tmp_path / "p.json")
    assert Process.load(tmp_path / "p.json") == after


def test_the_verb_builds_it_and_both_languages_say_something():
    for parameters in (
        {"share": 0.3},
        {"complex_if": ("专家评审",)},
        {"attribute": "size", "values": ("small",), "dropped": ("审查",)},
    ):
        (measure,) = Scenario("s").triage(**parameters)
        assert measure == Triage(**parameters)
        for lang in ("zh", "en"):
            for text in (measure.name, measure.description, measure.legal_note, measure.label, measure.assumed):
                assert text(lang)
