"""M01: one step instead of two, with the work of both and the wait of the first; numbers on paper."""

from dataclasses import replace

import pandas as pd
import pytest
from corrected_ways import Do, Way, apply, counted, decide, hours, names_in_order, process_of, run

from flowaudit.catalogue import Catalogue
from flowaudit.errors import InputError
from flowaudit.process import GRID, Batch, Identifiable, Process, always, mean
from flowaudit.redesign import MeasureRefusedError, MergeSteps

MERGE = MergeSteps(first="初审", second="复审")


def first(**more):
    return Do("初审", "review", **({"wait": 1.0, "work": 2.0} | more))


def second(**more):
    return Do("复审", "check", **({"wait": 10.0, "work": 3.0} | more))


@pytest.fixture(scope="module")
def process():
    return process_of(Way([apply(), first(), second(), decide(wait=4.0)]))


def test_the_second_wait_falls_away_and_its_work_stays(process):
    assert hours(process) == pytest.approx(1 + 2 + 10 + 3 + 4)
    after = MERGE.apply(process)
    assert hours(after) == pytest.approx(1 + 2 + 3 + 4)
    assert names_in_order(after) == ["A申请", "初审＋复审", "A决定"]
    assert (counted(process, "steps", "C_node") - counted(after, "steps", "C_node") == 1).all()


@pytest.mark.parametrize(("overlap", "expected"), [(0.5, 1 + 2 + 1.5 + 4), (1.0, 1 + 2 + 4)])
def test_an_overlap_saves_its_share_of_the_second_work(process, overlap, expected):
    assert hours(MergeSteps(first="初审", second="复审", overlap=overlap).apply(process)) == pytest.approx(expected)


def test_without_work_the_two_waits_add_up():
    way = Way([apply(), first(work=0.0), second(work=0.0)])
    blind = process_of(way, identifiable=Identifiable(False, False))
    after = MERGE.apply(blind)
    log = run(after).to_pandas().groupby("case_id", observed=True)["end"]
    assert ((log.max() - log.min()) / pd.Timedelta(hours=1)).tolist() == pytest.approx([11.0] * 40)
    assert any("no time" in en for _zh, en in MERGE.cautions(blind))


def test_without_work_each_wait_adds_up_within_its_own_band():
    """Waits of 0 to 40 hours each: one in its lowest quarter (0 to 10), one in its highest (30 to 40): 30 to 50 together."""
    even = 40.0 * GRID
    way = Way([apply(), first(wait=even, work=0.0, band=0), second(wait=even, work=0.0, band=3)])
    after = MERGE.apply(process_of(way, identifiable=Identifiable(False, False)))
    (step,) = (s for s in after.templates[0].branches[0].steps if s.wait >= 0)
    table = after.waits[step.wait]
    assert (step.band, table[0], table[-1]) == (-1, pytest.approx(30.0), pytest.approx(50.0))
    assert mean(table) == pytest.approx(5.0 + 35.0)


def test_without_start_times_what_begins_a_case_is_left_alone():
    """The log sees the first step when it ends; a later end would make the case look shorter."""
    whole, late = Way([first(), second()]), Way([apply(), first(), second()])
    blind = Identifiable(False, False)
    with pytest.raises(MeasureRefusedError, match="begins the case") as caught:
        MERGE.apply(process_of(whole, identifiable=blind))
    assert "start times" in caught.value.hint
    mixed = process_of(whole, late, identifiable=blind)
    after, touched = MERGE.transform(mixed)
    assert touched == pytest.approx(1.0)
    assert after.templates[0] == mixed.templates[0]
    assert "begins a case both stay" in cautions(mixed)


def test_without_work_set_times_of_the_second_stay():
    process = process_of(Way([apply(), first(), second()]), identifiable=Identifiable(False, False), gates=(always(),))
    nodes = tuple(replace(n, batch=Batch("slots", gate=0)) if n.activity == "复审" else n for n in process.nodes)
    after = MERGE.apply(replace(process, nodes=nodes))
    assert [n.batch for n in after.nodes if n.activity == "初审＋复审"] == [Batch("slots", gate=0)]


def test_where_something_lies_between_both_stay():
    between = Way([apply(), first(), Do("会签", "consult_dept"), second()], cases=3.0)
    process = process_of(Way([apply(), first(), second()]), between)
    after, touched = MERGE.transform(process)
    assert touched == pytest.approx(1.0)
    assert names_in_order(after, 1) == names_in_order(process, 1)
    assert any("75%" in en for _zh, en in MERGE.cautions(process))


def test_what_belongs_to_the_second_goes_to_the_merged_step():
    way = Way([apply(), first(), second(site="大厅"), decide()], handed=[(2, "A", "X", True)], trips=[(2, "大厅")])
    after = MERGE.apply(process_of(way))
    branch = after.templates[0].branches[0]
    assert branch.steps[1].site == "大厅"
    assert [(m.step, m.canonical_id) for m in branch.materials] == [(1, "X")]
    assert [t.step for t in branch.trips] == [1]


def test_the_merged_step_stands_where_clocks_start_and_stop():
    process = process_of(Way([apply(), Do("受理", "accept"), first(), decide()]))
    one = MergeSteps(first="受理", second="初审").apply(process)
    assert {n.stage for n in one.nodes if n.activity == "受理＋初审"} == {"accept"}
    assert any("official clock" in en for _zh, en in MergeSteps(first="受理", second="初审").cautions(process))
    two = MergeSteps(first="初审", second="A决定").apply(process)
    assert {n.stage for n in two.nodes if n.activity == "初审＋A决定"} == {"decide"}


def test_a_second_step_done_twice_after_one_first_is_merged_once():
    fork = Way([apply(), first(after=(0,)), second(after=(1,)), second(after=(1,)), decide(after=(2, 3))])
    after = MERGE.apply(process_of(fork))
    assert sorted(names_in_order(after)) == ["A决定", "A申请", "初审＋复审", "复审"]


def test_two_departments_are_refused():
    process = process_of(Way([apply(), first(), second(department="乙局")]))
    with pytest.raises(MeasureRefusedError, match="different departments") as caught:
        MERGE.apply(process)
    assert "one_window" in caught.value.hint


def test_an_unknown_activity_is_named_with_its_nearest(process):
    with pytest.raises(InputError) as caught:
        MergeSteps(first="初审核", second="复审").apply(process)
    assert "初审" in caught.value.hint


def cautions(process, measure=MERGE):
    found = measure.cautions(process)
    assert all(zh and en for zh, en in found)
    return " ".join(en for _zh, en in found)


def test_review_and_decision_in_one_hand_are_to_be_checked(process):
    assert "one person may do both" in cautions(process, MergeSteps(first="复审", second="A决定"))
    assert "one person" not in cautions(process)


def test_steps_the_law_requires_and_collective_decisions_are_named(process):
    steps = pd.DataFrame({"item_code": ["A"], "seq": [1.0], "name": ["复审"], "legally_required": [True]})
    assert "“复审” as required by law" in cautions(replace(process, catalogue=Catalogue(item_steps=steps)))
    panel = process_of(Way([apply(), first(), Do("集体会审", "check")]))
    assert "collective" in cautions(panel, MergeSteps(first="初审", second="集体会审"))


def test_offices_batches_and_overload_are_named():
    way = Way([apply(), first(office="一科", work=50.0), second(office="二科", work=100.0)])
    process = process_of(way, officers={"一科": 1, "二科": 1})
    said = cautions(process)
    assert "different offices" in said
    # 50 of 168 hours a week before, 150 with the second's work.
    assert "busy 89% of its working hours instead of 30%" in said
    meeting = [replace(n, batch=Batch("slots", gate=0)) if n.activity == "复审" else n for n in process.nodes]
    assert "set times" in cautions(replace(process, nodes=tuple(meeting), gates=(always(),)))
    assert "set times" not in said


def test_it_survives_its_file(process, tmp_path):
    after = MERGE.apply(process)
    after.save(tmp_path / "p.json")
    assert Process.load(tmp_path / "p.json") == after


def test_an_overlap_is_said_to_be_assumed():
    assert MERGE.assumed("en") == ""
    assert "30%" in MergeSteps(first="a", second="b", overlap=0.3).assumed("en")
