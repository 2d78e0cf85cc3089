"""M21: another department's officers do the activities; what only passed the case on falls away where it is named."""

from dataclasses import replace

import pandas as pd
import pytest
from bundle_log import bundle_log
from processes import CALENDAR, OFFICE, Path
from staged_office import Desk, events, office, same_runs, span_h, steps

from flowaudit.catalogue import Catalogue
from flowaudit.errors import InputError
from flowaudit.process import MaterialUse, Process, fit_process, problems, utilisation
from flowaudit.redesign import Delegate, MeasureRefusedError, Scenario

DESKS = (
    Desk("街道受理", "accept", 1.0, department="街道"),
    Desk("街道审查", "review", 4.0, 10.0, department="街道", clock=OFFICE),
    Desk("转报", "check", 0.5, 20.0, department="街道"),
    Desk("市局决定", "decide", 2.0, 30.0, department="市局"),
    Desk("送达", "deliver", 0.5, 5.0, department="街道"),
)


@pytest.fixture(scope="module")
def vertical():
    return office(*DESKS)


def test_the_officers_of_the_department_that_takes_it_over_do_it(vertical):
    after = Delegate(activities=("市局决定",), to="街道").apply(vertical)
    run = events(after)
    decided = run[run["activity"] == "市局决定"]
    assert set(decided["department"]) == {"街道"}
    assert set(decided["resource"].str.split().str[0]) <= {"街道受理", "街道审查", "转报", "送达"}
    before = events(vertical)
    moved = 2.0 * 400
    for department, change in (("市局", -moved), ("街道", moved)):
        a, b = (f[f["department"] == department]["hours"].sum() for f in (before, run))
        assert b - a == pytest.approx(change, rel=1e-6)


def test_the_hop_that_only_passed_the_case_on_falls_away_only_where_it_is_named(vertical):
    """Without the 20.5 h of passing on 52.5 h of 73 h are left; clocks are not looked at before the review."""
    open_hours = office(*[replace(d, clock=DESKS[0].clock) for d in DESKS])
    kept = Delegate(activities=("市局决定",), to="街道").apply(open_hours)
    short = Delegate(activities=("市局决定",), to="街道", dropped=("转报",)).apply(open_hours)
    assert span_h(events(open_hours)) == pytest.approx(73.0)
    assert span_h(events(kept)) == pytest.approx(73.0, abs=1e-3)
    assert span_h(events(short)) == pytest.approx(52.5, abs=1e-3)
    assert (
        steps(vertical) - steps(Delegate(activities=("市局决定",), to="街道", dropped=("转报",)).apply(vertical)) == 1
    ).all()


def test_pool_clock_and_officers_are_those_of_the_nearest_work_there(vertical):
    """Of the same stage if there is any; a review goes to the reviewers."""
    process = office(*DESKS, Desk("市局复查", "review", 1.0, 1.0, department="市局"))
    after = Delegate(activities=("市局复查",), to="街道").apply(process)
    node = next(n for n in after.nodes if n.activity == "市局复查" and n.department == "街道")
    model = next(n for n in process.nodes if n.activity == "街道审查")
    assert (node.pool, node.clock, node.performers) == (model.pool, model.clock, model.performers)


def test_work_is_that_of_today_unless_the_department_has_its_own_for_it():
    """街道 decides in 5 h after 3 h what 市局 decides in 2 h after 30 h."""
    desks = (*DESKS[:3], DESKS[3], Desk("自行决定", "decide", 5.0, 3.0, department="街道"), DESKS[4])
    process = office(
        *desks,
        paths=[
            Path(("街道受理", "街道审查", "转报", "市局决定", "送达"), weight=100.0),
            Path(("街道受理", "街道审查", "自行决定", "送达"), weight=100.0),
        ],
    )
    nodes = tuple(replace(n, activity="决定") if n.stage == "decide" else n for n in process.nodes)
    process = replace(process, nodes=nodes)
    after = Delegate(activities=("决定",), to="街道").apply(process)
    decided = after.templates[0].branches[0].steps[3]
    own = process.templates[1].branches[0].steps[2]
    assert (decided.node, decided.wait, decided.work) == (own.node, own.wait, own.work)
    assert after.templates[1] == process.templates[1]
    other = Delegate(activities=("市局决定",), to="街道").apply(office(*DESKS))
    before = office(*DESKS).templates[0].branches[0].steps[3]
    step = other.templates[0].branches[0].steps[3]
    assert (step.wait, step.work, step.origin) == (before.wait, before.work, before.origin)


def test_materials_of_a_dropped_hop_go_to_who_decides(vertical):
    (template,) = vertical.templates
    (branch,) = template.branches
    process = replace(
        vertical, has_materials=True,
        templates=(replace(template, branches=(replace(branch, materials=(MaterialUse(2, "A", "LIC", "applicant", True),)),)),),
    )  # fmt: skip
    after = Delegate(activities=("市局决定",), to="街道", dropped=("转报",)).apply(process)
    (changed,) = after.templates[0].branches
    assert after.nodes[changed.steps[changed.materials[0].step].node].activity == "市局决定"
    assert problems(after).empty


def test_cases_the_measure_does_not_concern_keep_every_step():
    process = office(
        *DESKS,
        paths=[Path(tuple(d.name for d in DESKS), weight=70.0), Path(("街道受理", "转报", "送达"), weight=30.0)],
    )
    after = Delegate(activities=("市局决定",), to="街道", dropped=("转报",)).apply(process)
    assert after.templates[1] == process.templates[1]
    assert after.changes[-1][1] == 70


def test_a_department_that_would_be_overloaded_is_a_caution():
    """2 h of work every hour for one officer of 街道 who is busy for half an hour today."""
    desks = (
        Desk("街道受理", "accept", 0.5, department="街道", servers=1),
        Desk("市局决定", "decide", 2.0, department="市局", servers=5),
    )
    process = office(*desks, n=200)
    said = [en for _zh, en in Delegate(activities=("市局决定",), to="街道").cautions(process)]
    assert any("街道受理 would be asked for 250% of its working hours (today 50%)" in s for s in said)
    busy = utilisation(Delegate(activities=("市局决定",), to="街道").apply(process)).set_index("pool")["utilisation"]
    assert busy["市局决定"] == 0


def test_one_officer_who_would_review_and_decide_is_a_caution():
    desks = (
        Desk("街道审查", "review", 0.1, department="街道", servers=1),
        Desk("市局审核", "check", 0.1, department="市局"),
        Desk("市局决定", "decide", 0.1, department="市局"),
    )
    said = [en for _zh, en in Delegate(activities=("市局审核", "市局决定"), to="街道").cautions(office(*desks))]
    assert any("One and the same officer would do both “市局审核” and “市局决定”" in s for s in said)
    assert any("“市局决定” is a decision" in s for s in said)


def test_a_step_the_law_requires_is_a_caution_and_a_review_alone_is_none():
    process = office(*DESKS, Desk("市局复查", "review", 1.0, 1.0, department="市局"))
    table = pd.DataFrame({"item_code": ["A"], "seq": [1], "name": ["转报"], "legally_required": [True]})
    bound = replace(process, catalogue=Catalogue(item_steps=table))
    measure = Delegate(activities=("市局复查",), to="街道", dropped=("转报",))
    assert [en for _zh, en in measure.cautions(bound)] == ["The catalogue marks “转报” as required by law."]
    assert measure.cautions(process) == ()


def test_a_department_without_officers_in_the_log_is_refused():
    desks = (Desk("街道登记", "accept", 1.0, department="街道", servers=0), *DESKS[3:4])
    with pytest.raises(MeasureRefusedError, match="no officers of 街道"):
        Delegate(activities=("市局决定",), to="街道").apply(office(*desks))


def test_what_the_department_does_already_is_refused(vertical):
    with pytest.raises(MeasureRefusedError, match="already"):
        Delegate(activities=("转报",), to="街道").apply(vertical)


def test_an_activity_cannot_be_handed_over_and_dropped(vertical):
    with pytest.raises(MeasureRefusedError, match="fall away"):
        Delegate(activities=("市局决定",), to="街道", dropped=("市局决定",)).apply(vertical)


@pytest.mark.parametrize(
    ("options", "near"),
    [
        ({"to": "街道办"}, "街道"),
        ({"to": "街道", "office": "一科"}, "records none"),
        ({"to": "街道", "dropped": ("转报件",)}, "转报"),
    ],
)
def test_unknown_names_are_named_with_their_nearest(vertical, options, near):
    with pytest.raises(InputError) as caught:
        Delegate(activities=("市局决定",), **options).apply(vertical)
    assert near in caught.value.hint


def test_an_office_may_be_chosen(vertical):
    nodes = tuple(
        replace(n, office="综合科" if n.activity == "转报" else "窗口") if n.department == "街道" else n
        for n in vertical.nodes
    )
    process = replace(vertical, nodes=nodes)
    after = Delegate(activities=("市局决定",), to="街道", office="综合科").apply(process)
    node = next(n for n in after.nodes if n.activity == "市局决定" and n.department == "街道")
    assert (node.office, node.pool) == ("综合科", nodes[2].pool)


def test_a_fitted_process_runs_and_survives_its_file(tmp_path):
    process = fit_process(bundle_log(), calendar=CALENDAR)
    after = Delegate(activities=("食品会签",), to="消防救援支队").apply(process)
    assert problems(after).empty
    after.save(tmp_path / "p.json")
    again = Process.load(tmp_path / "p.json")
    assert again == after
    assert same_runs(after, again)


def test_the_verb_builds_it_and_both_languages_say_something():
    (measure,) = Scenario("s").delegate("市局决定", to="街道", dropped=("转报",))
    assert measure == Delegate(activities=("市局决定",), to="街道", dropped=("转报",))
    for lang in ("zh", "en"):
        for text in (measure.name, measure.description, measure.legal_note, measure.label, measure.assumed):
            assert text(lang)
