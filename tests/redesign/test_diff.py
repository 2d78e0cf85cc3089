"""What a redesign changes: numbers on paper, merges told from removals, and a process against itself."""

import json
from dataclasses import replace

import numpy as np
import pytest
from bundle_log import bundle_log
from hypothesis import given, settings
from hypothesis import strategies as st
from processes import Path, Station, constant, line, network

from flowaudit.errors import UsageError
from flowaudit.metrics import case_measures
from flowaudit.process import Batch, MaterialUse, Process, Trip, fit_process
from flowaudit.redesign import MeasureRefusedError, Scenario, diff, times_per_case
from flowaudit.redesign.draft import Draft, change_branches
from flowaudit.redesign.expected import END, START

HOUR = constant(1.0)


def four_in_a_row():
    return line(*(Station(name, HOUR) for name in ("受理", "初审", "复审", "决定")))


def row(found, activity):
    return found.table.set_index("activity").loc[activity]


def edge(found, source, target):
    rows = found.edges[(found.edges["source"] == source) & (found.edges["target"] == target)]
    return rows.iloc[0] if len(rows) else None


@pytest.fixture(scope="module")
def bundle():
    return fit_process(bundle_log())


def test_a_process_against_itself_differs_in_nothing_and_says_so(bundle):
    for process in (four_in_a_row(), bundle):
        found = diff(process, replace(process))
        assert found.empty
        assert set(found.table["change"]) == {"kept"}
        assert found.sentences("en") == ("Nothing differs: the two processes are the same.",)
        assert found.to_dict()["empty"] is True
        assert "<table>" not in found._repr_html_()


def test_two_activities_become_one():
    process = four_in_a_row()
    found = diff(process, Scenario("x").merge_steps("初审", "复审", merged="审查").apply(process))
    assert not found.empty
    for gone in ("初审", "复审"):
        assert row(found, gone)["change"] == "merged"
        assert row(found, gone)["into"] == ("审查",)
        assert (row(found, gone)["times_before"], row(found, gone)["times_after"]) == (1.0, 0.0)
    made = row(found, "审查")
    assert made["change"] == "result"
    assert set(made["merged_from"]) == {"初审", "复审"}
    assert (made["times_before"], made["times_after"], made["cases_after"]) == (0.0, 1.0, 1.0)
    # One hour and one hour are two in one go.
    assert made["work_h_after"] == pytest.approx(2.0)
    assert row(found, "受理")["change"] == row(found, "决定")["change"] == "kept"
    assert edge(found, "受理", "初审")["change"] == "removed"
    assert (edge(found, "受理", "审查")["after"], edge(found, "受理", "审查")["change"]) == (1.0, "new")
    assert (edge(found, START, "受理")["change"], edge(found, "决定", END)["change"]) == ("kept", "kept")
    assert found.totals.loc["activities"].tolist() == [4.0, 3.0]
    said = "\n".join(found.sentences("en"))
    assert "“初审”, “复审” become one, “审查”: 1.00 times per case instead of 2.00 in all." in said
    assert "Arrivals stay as they are" in said


def test_the_merged_one_may_keep_the_name_of_one_of_them():
    process = four_in_a_row()
    found = diff(process, Scenario("x").merge_steps("初审", "复审", merged="初审").apply(process))
    assert row(found, "复审")["change"] == "merged"
    assert row(found, "复审")["into"] == ("初审",)
    assert row(found, "初审")["change"] == "result"


def test_what_is_merged_twice_is_one_thing_in_the_end():
    process = four_in_a_row()
    scenario = Scenario("x").merge_steps("初审", "复审", merged="审查").merge_steps("审查", "决定", merged="审批")
    found = diff(process, scenario.apply(process))
    assert {a: row(found, a)["into"] for a in ("初审", "复审", "决定")} == dict.fromkeys(
        ("初审", "复审", "决定"), ("审批",)
    )
    assert set(row(found, "审批")["merged_from"]) == {"初审", "复审", "决定"}
    assert "审查" not in set(found.table["activity"])
    assert row(found, "审批")["work_h_after"] == pytest.approx(3.0)


def test_merges_survive_a_file(tmp_path):
    process = four_in_a_row()
    Scenario("x").merge_steps("初审", "复审").apply(process).save(tmp_path / "p.json")
    found = diff(process, Process.load(tmp_path / "p.json"))
    assert row(found, "复审")["change"] == "merged"


def test_an_activity_merged_in_some_cases_only_is_done_less_often():
    """3 of 4 cases pass both; the fourth has the second one alone."""
    stations = [Station(n, HOUR) for n in ("受理", "初审", "复审")]
    process = network(stations, [Path(("受理", "初审", "复审"), weight=3.0), Path(("受理", "复审"))])
    found = diff(process, Scenario("x").merge_steps("初审", "复审").apply(process))
    second = row(found, "复审")
    assert (second["change"], second["times_before"], second["times_after"]) == ("changed", 1.0, 0.25)
    assert second["into"] == ("初审＋复审",)
    assert second["cases_after"] == 0.25
    assert row(found, "初审")["change"] == "merged"
    assert row(found, "初审＋复审")["times_after"] == 0.75
    assert any("takes over part of the work of “复审”" in s for s in found.sentences("en"))


def test_sign_offs_that_fall_away_are_removed_not_merged():
    process = four_in_a_row()
    levels = {"初审": 1, "复审": 2, "决定": 3}
    nodes = tuple(
        replace(
            n, department="甲局", level=levels.get(n.activity), stage="decide" if n.activity == "决定" else "review"
        )
        for n in process.nodes
    )
    process = replace(process, nodes=nodes)
    found = diff(process, Scenario("x").limit_levels("甲局", 2).apply(process))
    assert row(found, "决定")["change"] == "removed"
    assert row(found, "决定")["into"] == ()
    decides = row(found, "复审")
    assert (decides["change"], decides["what"], decides["stage_after"]) == ("changed", ("stage",), ("decide",))
    assert "“复审”: now decides." in found.sentences("en")
    assert "No longer done: “决定” (1.00 per case)." in found.sentences("en")


def test_papers_handed_on_are_not_a_merge():
    """A correction falls away and its papers are handed in at once: nobody does its work."""
    process = four_in_a_row()

    def change(branch):
        draft = Draft(branch)
        draft.drop(1, into=0)
        return [(1.0, draft.close())]

    after, _touched = change_branches(process, change)
    found = diff(process, after)
    assert row(found, "初审")["change"] == "removed"
    assert row(found, "受理")["change"] == "kept"


def test_a_new_name_for_the_same_steps():
    process = four_in_a_row()
    nodes = tuple(replace(n, activity="核准") if n.activity == "决定" else n for n in process.nodes)
    found = diff(process, replace(process, nodes=nodes))
    assert {row(found, "决定")["change"], row(found, "核准")["change"]} == {"renamed", "result"}
    assert "“决定” is now called “核准”." in found.sentences("en")


def test_what_ran_in_turn_runs_side_by_side():
    """Three paths of four have both; a row becomes a fork of the two."""
    stations = [Station(n, HOUR) for n in ("受理", "消防核查", "环保核查", "决定")]
    process = network(
        stations, [Path(("受理", "消防核查", "环保核查", "决定"), weight=3.0), Path(("受理", "消防核查", "决定"))]
    )
    found = diff(process, Scenario("x").parallelise("消防核查", "环保核查").apply(process))
    (pair,) = found.parallel[found.parallel["change"] != "kept"].to_dict("records")
    assert {pair["first"], pair["second"]} == {"消防核查", "环保核查"}
    assert (pair["before"], pair["after"], pair["change"]) == (0.0, 0.75, "together")
    assert set(found.table["change"]) == {"kept"}, "nothing is done otherwise, only in another order"
    assert (edge(found, "消防核查", "环保核查")["before"], edge(found, "消防核查", "环保核查")["after"]) == (0.75, 0.0)
    assert edge(found, "受理", "环保核查")["after"] == 0.75
    less = edge(found, "消防核查", "决定")
    assert (less["before"], less["after"], less["change"]) == (0.25, 1.0, "more")
    assert not found.empty
    back = diff(Scenario("x").parallelise("消防核查", "环保核查").apply(process), process)
    assert set(back.parallel["change"]) == {"in_order"}


def test_only_steps_that_change_count_not_their_mix():
    """A rare long case loses its activity: the mean work of what is left falls, but no step of it is done otherwise."""
    work = {"short": constant(1.0), "long": constant(9.0)}
    process = network(
        [Station("受理", HOUR), Station("审查", work)],
        [Path(("受理", "审查"), weight=3.0, kind="short"), Path(("受理", "审查"), kind="long")],
    )

    def change(branch):
        if branch is not process.templates[1].branches[0]:
            return None
        draft = Draft(branch)
        draft.drop(1)
        return [(1.0, draft.close())]

    after, _touched = change_branches(process, change)
    found = row(diff(process, after), "审查")
    assert (found["work_h_before"], found["work_h_after"]) == (pytest.approx(3.0), pytest.approx(1.0))
    assert found["what"] == ("times", "cases")
    slower = replace(process, works=process.works * 2.0)
    assert "work_h" in row(diff(process, slower), "审查")["what"]


def test_who_does_it_how_and_where():
    process = line(Station("受理", HOUR), Station("会审", HOUR, batch=Batch("size", size=5, patience_h=40.0)))
    process = replace(process, nodes=tuple(replace(n, department="甲局") for n in process.nodes), has_visits=True)
    first = replace(process.templates[0].branches[0].steps[0], site="大厅")
    branch = replace(process.templates[0].branches[0], steps=(first, *process.templates[0].branches[0].steps[1:]))
    process = replace(process, templates=(replace(process.templates[0], branches=(branch,)),))
    nodes = (
        replace(process.nodes[0], department="综合窗口"),
        replace(process.nodes[1], batch=None, automatic=True, performers=(), pool=-1),
    )
    online = replace(branch, steps=(replace(first, site=None), *branch.steps[1:]))
    after = replace(process, nodes=nodes, templates=(replace(process.templates[0], branches=(online,)),))
    found = diff(process, after)
    assert row(found, "受理")["what"] == ("department", "visits")
    assert (row(found, "受理")["visits_before"], row(found, "受理")["visits_after"]) == (1.0, 0.0)
    assert row(found, "会审")["what"] == ("officers", "batch", "automatic", "hours")
    assert row(found, "会审")["batch_before"] == (("size", 5),)
    assert found.totals.loc["attendances"].tolist() == [1.0, 0.0]
    said = found.sentences("en")
    assert "“受理”: done by 综合窗口 instead of 甲局." in said
    assert "“会审”: as it comes instead of 5 cases together." in said
    assert "“会审”: done without an officer: 100% instead of 0%." in said


def test_pools_and_arrivals(bundle):
    pool = bundle.pools[0]
    found = diff(bundle, bundle.with_staff(0, 2))
    (changed,) = found.pools[found.pools["change"] == "changed"].to_dict("records")
    assert changed["pool"] == pool.name
    assert changed["capacity_after"] - changed["capacity_before"] == 2
    assert changed["hours_after"] > changed["hours_before"]
    assert found.same_arrivals
    assert not found.empty
    fewer = diff(bundle, replace(bundle, arrivals=bundle.arrivals[:-5]))
    assert (fewer.same_arrivals, fewer.empty) == (False, False)
    assert fewer.sentences("en")[-1] == "Arrivals differ: 60 cases before, 55 after."


def test_expectations_are_those_of_the_log(bundle):
    """What is handed in per case does not depend on luck: the model says what the log says."""
    log = bundle_log()
    measured = case_measures(log)
    found = diff(bundle, bundle)
    assert found.totals["before"]["materials"] == pytest.approx(measured["materials"].mean())
    assert found.totals["before"]["activities"] == pytest.approx(log.n_events / log.n_cases)
    assert row(found, "食品补正通知")["times_before"] == pytest.approx(1 / 3)


def test_materials_and_journeys(bundle):
    after = Scenario("x").use_e_licence("LIC", success=0.75).apply(bundle)
    found = diff(bundle, after)
    licence = found.materials.set_index("material").loc["LIC"]
    # Two items ask for it; three quarters of the cases no longer hand it in (in a log of 60 cases, nearly).
    assert licence["before"] == pytest.approx(2.0)
    assert licence["after"] == pytest.approx(0.5, abs=0.05)
    assert licence["otherwise"] == pytest.approx(2.0 - licence["after"])
    assert row(found, "食品补正通知")["what"][:2] == ("times", "cases")
    assert any(s.startswith("Materials the applicant hands in: 4.00 → ") for s in found.sentences("en"))
    assert found.totals.loc["attendances", "after"] < found.totals.loc["attendances", "before"]


def test_visits_in_vain_and_kinds_asked_twice_are_counted_as_the_metrics_do():
    process = four_in_a_row()
    uses = (
        MaterialUse(0, "甲", "LIC", "applicant", False), MaterialUse(1, "甲", "LIC", "elicence", True),
        MaterialUse(0, "乙", "LIC", "applicant", True), MaterialUse(0, "乙", "MAP", "elicence", True),
    )  # fmt: skip
    branch = replace(process.templates[0].branches[0], materials=uses, trips=(Trip(0, "大厅", 1),))
    process = replace(
        process, templates=(replace(process.templates[0], branches=(branch,)),), has_materials=True, has_visits=True
    )
    found = diff(process, process)
    assert found.totals["before"]["materials"] == 2.0
    assert found.totals["before"]["attendances"] == 1.0
    assert found.materials.set_index("material")["otherwise"].to_dict() == {"LIC": 0.0, "MAP": 1.0}
    bare = diff(four_in_a_row(), four_in_a_row())
    assert np.isnan(bare.totals["before"]["materials"]), "what was not recorded is not zero"


def test_other_cases_other_story(bundle):
    found = diff(bundle, four_in_a_row())
    assert not found.same_ways
    assert {"removed", "new"} == set(found.table["change"])
    assert any("cannot be told" in s for s in found.sentences("en"))


def test_a_way_whose_cases_are_divided_is_still_the_same():
    """A fast lane takes a quarter of every way: in it two activities are one, elsewhere nothing changes."""
    process = four_in_a_row()
    merged = Scenario("x").merge_steps("初审", "复审", merged="审查").apply(process)
    (old,), (new,) = process.templates, merged.templates
    after = replace(
        merged, templates=(replace(new, cases=0.25 * old.cases, priority=-1.0), replace(old, cases=0.75 * old.cases))
    )
    found = diff(process, after)
    assert found.same_ways
    assert (row(found, "初审")["times_after"], row(found, "初审")["into"]) == (0.75, ("审查",))
    assert row(found, "审查")["change"] == "result"
    assert found.totals.loc["priority"].tolist() == [0.0, 0.25]


def test_a_diff_is_plain_data_and_safe_html():
    process = four_in_a_row()
    nodes = tuple(replace(n, activity="<b>决定</b>") if n.activity == "决定" else n for n in process.nodes)
    process = replace(process, nodes=nodes)
    found = diff(process, Scenario("x").merge_steps("复审", "<b>决定</b>").apply(process))
    text = json.dumps(found.to_dict(), allow_nan=False)
    assert json.loads(text)["table"][0]["activity"] == "受理"
    page = found._repr_html_()
    assert "<b>" not in page
    assert "&lt;b&gt;决定" in page
    assert str(found) == "\n".join(found.sentences())


def test_two_processes_are_needed():
    with pytest.raises(UsageError, match="two processes"):
        diff(four_in_a_row(), Scenario("x"))


MEASURES = (
    lambda s: s.one_window(),
    lambda s: s.parallelise("SP", "XF"),
    lambda s: s.limit_levels("市场监管局", 3),
    lambda s: s.merge_steps("食品承办", "食品审核"),
    lambda s: s.use_e_licence("LIC", success=0.5),
    lambda s: s.reuse_material("PLAN"),
)


@settings(max_examples=12, deadline=None)
@given(st.lists(st.sampled_from(MEASURES), unique=True, max_size=4))
def test_the_table_is_a_balance_of_both_processes(bundle, chosen):
    """Times before and after are those of the two processes; what is gone is nowhere, what is new was nowhere."""
    scenario = Scenario("x")
    for measure in chosen:
        scenario = measure(scenario)
    try:
        after = scenario.apply(bundle)
    except MeasureRefusedError:
        return
    found = diff(bundle, after)
    assert found.empty == (not chosen)
    for side, process in (("before", bundle), ("after", after)):
        times = times_per_case(process)
        table = found.table.set_index("activity")[f"times_{side}"]
        assert {a: t for a, t in table.items() if t} == pytest.approx(times)
        assert found.totals[side]["activities"] == pytest.approx(sum(times.values()))
        # Everything begins after something, or with the case.
        begun = found.edges.groupby("target")[side].sum()
        assert all(begun[a] >= t - 1e-9 for a, t in times.items())
    gone = found.table["change"].isin(["removed", "merged", "renamed"])
    assert (found.table["times_after"].eq(0) == gone).all()
    assert found.table.loc[found.table["change"].eq("new"), "times_before"].eq(0).all()
    assert found.table.loc[found.table["change"].eq("merged"), "into"].map(len).all()
    names = set(found.table["activity"])
    assert all(set(into) <= names for into in found.table["into"])
    assert found.sentences("zh")
    assert [label for label, _n in found.measures] == [m.label() for m in scenario]
