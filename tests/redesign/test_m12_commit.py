"""M12: the checks move behind the decision with all their work, and part of the commitments is revoked."""

from dataclasses import replace

import pandas as pd
import pytest
from bundle_log import bundle_log
from processes import ALWAYS, CALENDAR, OFFICE, Path, exponential
from staged_office import Desk, events, office, same_runs

from flowaudit.catalogue import Catalogue
from flowaudit.errors import InputError
from flowaudit.metrics import case_measures, materials
from flowaudit.process import Episode, Process, fit_process, problems
from flowaudit.redesign import Commit, MeasureRefusedError, Scenario
from flowaudit.simulation import simulate

DESKS = (
    Desk("受理", "accept", 1.0),
    Desk("现场核查", "inspect", 8.0, 40.0, department="乙局"),
    Desk("材料核实", "review", 3.0, 20.0),
    Desk("决定", "decide", 1.0, 10.0),
    Desk("送达", "deliver", 0.5, 5.0),
)
CHECKS = ("现场核查", "材料核实")


@pytest.fixture(scope="module")
def checked():
    return office(*DESKS)


@pytest.fixture(scope="module")
def bundle():
    return fit_process(bundle_log(), calendar=CALENDAR)


def hours_to(run, activity):
    """Hours from the first start of each case to the end of an activity."""
    first = run.groupby("case_id", observed=True)["start"].min()
    last = run[run["activity"] == activity].set_index("case_id")["end"]
    return ((last - first).dropna().dt.total_seconds() / 3600.0).to_numpy()


def test_the_decision_no_longer_waits_for_the_checks(checked):
    """88.5 h before; without 48 h and 23 h of the checks 17.5 h are left."""
    after = Commit(activities=CHECKS, coverage=1.0, breach=0.0).apply(checked)
    assert hours_to(events(checked), "送达") == pytest.approx(88.5, abs=1e-3)
    assert hours_to(events(after), "送达") == pytest.approx(17.5, abs=1e-3)


def test_the_work_is_moved_not_saved(checked):
    after = Commit(activities=CHECKS, coverage=0.6, breach=0.0, check_after_days=3).apply(checked)
    before, later = (events(p) for p in (checked, after))
    assert len(later) == len(before)
    for department in ("甲局", "乙局"):
        a, b = (f[f["department"] == department]["hours"].sum() for f in (before, later))
        assert a == pytest.approx(b, rel=1e-6)
    assert {"现场核查（事后）", "材料核实（事后）"} <= set(later["activity"])


def test_checks_keep_their_order_and_follow_the_decision(checked):
    after = Commit(activities=CHECKS, coverage=1.0, breach=1.0).apply(checked)
    run = events(after).set_index("case_id")
    start, end = ({a: run[run["activity"] == a][c] for a in set(run["activity"])} for c in ("start", "end"))
    assert (start["现场核查（事后）"] >= end["决定"]).all()
    assert (start["材料核实（事后）"] >= end["现场核查（事后）"]).all()
    assert (start["决定撤销"] >= end["材料核实（事后）"]).all()


def test_the_checks_begin_so_many_working_days_after_the_decision():
    """A clock of 35 hours a week has 7 hours a day: two days and its own 4 hours of delay are 18 hours."""
    process = office(DESKS[0], Desk("核查", "inspect", 1.0, 4.0, clock=OFFICE), *DESKS[3:])
    after = Commit(activities=("核查",), coverage=1.0, breach=0.0, check_after_days=2.0).apply(process)
    (branch,) = after.templates[0].branches
    step = next(s for s in branch.steps if after.nodes[s.node].activity == "核查（事后）")
    assert after.waits[step.wait] == pytest.approx(18.0)
    assert after.profiles[after.nodes[step.node].clock] == OFFICE


def test_a_broken_commitment_is_revoked_by_who_decided(checked):
    after = Commit(activities=CHECKS, coverage=0.5, breach=0.2).apply(checked)
    assert [round(b.probability, 9) for b in after.templates[0].branches] == [0.4, 0.1, 0.5]
    (node,) = [n for n in after.nodes if n.activity == "决定撤销"]
    decision = next(n for n in checked.nodes if n.activity == "决定")
    assert (node.department, node.performers, node.stage) == (decision.department, decision.performers, None)
    table = after.activity_table().set_index("activity")
    assert table.loc["决定撤销", ["per_case", "work_h", "delay_h"]].tolist() == pytest.approx([0.1, 1.0, 10.0])


def test_later_checks_lengthen_neither_clock_nor_end_to_end_time(checked):
    """Once the result is in the applicant's hand, nothing counts any more."""
    now, late = (
        Commit(activities=CHECKS, coverage=1.0, breach=1.0, check_after_days=d).apply(checked) for d in (0.0, 60.0)
    )
    a, b = (case_measures(simulate(p, replications=1, calendar=CALENDAR)[0], calendar=CALENDAR) for p in (now, late))
    for column in ("e2e_days", "clock_days"):
        assert (a[column] == b[column]).all()
        before = case_measures(simulate(checked, replications=1, calendar=CALENDAR)[0], calendar=CALENDAR)
        assert (a[column] < before[column]).mean() > 0.9
    assert Commit(activities=CHECKS, coverage=1.0, breach=0.0).cautions(checked) == ()


def test_without_deliveries_a_caution_says_what_the_end_to_end_time_includes(checked):
    undelivered = office(*DESKS[:-1])
    said = [en for _zh, en in Commit(activities=CHECKS, coverage=1.0, breach=0.0).cautions(undelivered)]
    assert any("No delivery is recorded" in s for s in said)


def test_a_case_that_ended_at_a_check_is_handled_as_before():
    process = office(
        *DESKS,
        paths=[Path(tuple(d.name for d in DESKS), weight=900.0), Path(("受理", "现场核查"), weight=100.0)],
    )
    measure = Commit(activities=CHECKS, coverage=1.0, breach=0.02)
    after = measure.apply(process)
    assert after.templates[1] == process.templates[1]
    assert after.changes[-1][1] == 900
    said = [en for _zh, en in measure.cautions(process)]
    assert any(s.startswith("10% of the cases that pass these checks end there") for s in said)
    assert any("2.0% of broken commitments is less than the 10.0%" in s for s in said)


def test_a_repeated_check_is_made_as_often_as_before(checked):
    process = office(*DESKS, paths=[Path(("受理", "现场核查", "材料核实", "现场核查", "决定", "送达"), weight=100.0)])
    after = Commit(activities=("现场核查",), coverage=1.0, breach=0.0).apply(process)
    (branch,) = after.templates[0].branches
    names = [after.nodes[s.node].activity for s in branch.steps]
    assert sorted(names) == sorted(["受理", "材料核实", "决定", "送达", "现场核查（事后）", "现场核查（事后）"])
    assert problems(after).empty


def test_a_joint_check_waits_for_the_decisions_under_way_only():
    """It names no item: what is applied for later has nothing to do with it."""
    desks = (
        Desk("甲受理", "accept", 1.0, item="A"), Desk("乙受理", "accept", 1.0, item="B"), Desk("联合核查", "inspect", 2.0, item=None),
        Desk("甲决定", "decide", 1.0, item="A"), Desk("乙决定", "decide", 1.0, item="B"), Desk("丙申请", "apply", 1.0, item="C"),
        Desk("丙决定", "decide", 1.0, item="C"),
    )  # fmt: skip
    process = office(*desks, item_names={"A": "甲", "B": "乙", "C": "丙"})
    after = Commit(activities=("联合核查",), coverage=1.0, breach=0.0).apply(process)
    (branch,) = after.templates[0].branches
    check = next(s for s in branch.steps if after.nodes[s.node].activity == "联合核查（事后）")
    assert {after.nodes[branch.steps[j].node].activity for j in check.after} == {"甲决定", "乙决定"}


def test_a_special_procedure_because_of_a_check_falls_away(checked):
    (template,) = checked.templates
    (branch,) = template.branches
    episodes = (Episode(0, 1, "A", "extension", True), Episode(0, 3, "A", "other", False))
    process = replace(
        checked, templates=(replace(template, branches=(replace(branch, episodes=episodes),)),), has_special=True
    )
    after = Commit(activities=("现场核查",), coverage=1.0, breach=0.0).apply(process)
    (changed,) = after.templates[0].branches
    assert [e.kind for e in changed.episodes] == ["other"]
    decision = changed.steps[changed.episodes[0].last]
    assert after.nodes[decision.node].activity == "决定"


def test_materials_the_commitment_replaces_are_not_handed_in(bundle):
    """LIC of 食品 is committed to, 消防's is not: of 4 kinds 3 are left, and no correction about it."""
    after = Commit(activities=("食品审核",), coverage=1.0, breach=0.0, materials=("LIC",)).apply(bundle)
    assert problems(after).empty
    run = simulate(after, replications=1, seed=3, calendar=CALENDAR)[0]
    counted = materials(run)
    assert (counted.submitted == 3).all()
    assert (counted.split["commit"] == 1).all()
    assert not run.to_pandas()["activity"].astype(str).str.contains("补正").any()


def test_no_coverage_is_the_identity(checked):
    after, touched = Commit(activities=CHECKS, coverage=0.0, breach=0.5).transform(checked)
    assert touched == 0
    assert same_runs(checked, after)


def test_who_gives_no_commitment_keeps_its_luck():
    random = office(DESKS[0], Desk("核查", "inspect", exponential(5.0), exponential(30.0), clock=ALWAYS), *DESKS[3:])
    after = Commit(activities=("核查",), coverage=0.5, breach=0.1).apply(random)
    a, b = (events(p) for p in (random, after))
    a = a[a["activity"] == "核查"]["hours"].to_numpy()
    b = b[b["activity"].isin(["核查", "核查（事后）"])]["hours"].to_numpy()
    assert a == pytest.approx(b, abs=1e-3)


def test_a_changed_process_survives_its_file(bundle, tmp_path):
    after = Commit(activities=("食品审核",), coverage=0.5, breach=0.1, check_after_days=5, materials=("LIC",)).apply(
        bundle
    )
    after.save(tmp_path / "p.json")
    assert Process.load(tmp_path / "p.json") == after


def guide(**items):
    return Catalogue(items=pd.DataFrame({"item_code": ["A"], "name": ["甲事项"], **{k: [v] for k, v in items.items()}}))


def test_what_the_catalogue_rules_out_is_refused(checked):
    measure = Commit(activities=CHECKS, coverage=1.0, breach=0.0)
    with pytest.raises(MeasureRefusedError, match="does not allow “甲事项”") as caught:
        measure.apply(replace(checked, catalogue=guide(commitment_allowed=False)))
    assert "commitment_allowed" in caught.value.hint
    allowed = replace(checked, catalogue=guide(commitment_allowed=True, risk_class="低"))
    assert measure.cautions(allowed) == ()
    assert measure.apply(allowed) is not None


def test_what_the_catalogue_leaves_open_is_a_caution(checked):
    said = [
        en
        for _zh, en in Commit(activities=CHECKS, coverage=1.0, breach=0.0).cautions(
            replace(checked, catalogue=guide(risk_class="高"))
        )
    ]
    assert any("does not say whether “甲事项”" in s for s in said)
    assert any("high class of risk" in s for s in said)


def test_a_notice_of_the_checks_left_behind_is_a_caution():
    desks = (*DESKS[:2], Desk("核查意见签收", "notify", 0.1, department="申请人"), *DESKS[3:])
    said = [en for _zh, en in Commit(activities=("现场核查",), coverage=1.0, breach=0.0).cautions(office(*desks))]
    assert any("“核查意见签收” mostly follows these checks" in s for s in said)


def test_a_decision_is_no_check(checked):
    with pytest.raises(MeasureRefusedError, match="is no check"):
        Commit(activities=("决定",), coverage=1.0, breach=0.0).apply(checked)


def test_a_log_that_does_not_say_who_decides_is_refused():
    with pytest.raises(MeasureRefusedError, match="which activity decides") as caught:
        Commit(activities=("现场核查",), coverage=1.0, breach=0.0).apply(office(*DESKS[:3]))
    assert "stages" in caught.value.hint


def test_an_unknown_material_is_named_with_its_nearest(bundle):
    with pytest.raises(InputError, match="LICE") as caught:
        Commit(activities=("食品审核",), coverage=1.0, breach=0.0, materials=("LICE",)).apply(bundle)
    assert "LIC" in caught.value.hint


def test_materials_are_refused_where_none_are_recorded(checked):
    with pytest.raises(MeasureRefusedError, match="does not record materials"):
        Commit(activities=CHECKS, coverage=1.0, breach=0.0, materials=("LIC",)).apply(checked)


def test_the_verb_builds_it_and_both_languages_say_something():
    (measure,) = Scenario("s").commit("现场核查", coverage=0.5, breach=0.02)
    assert measure == Commit(activities=("现场核查",), coverage=0.5, breach=0.02)
    for lang in ("zh", "en"):
        for text in (measure.name, measure.description, measure.legal_note, measure.label, measure.assumed):
            assert text(lang)
