"""M03: handovers between offices cost nothing any more, officers stand in for each other; numbers on paper."""

from dataclasses import replace

import pytest
from corrected_ways import Do, Way, accept, apply, counted, decide, hours, notice, process_of, reply, run
from processes import at

from flowaudit.errors import InputError, UsageError
from flowaudit.process import Batch, Identifiable, Performer, Process, always, problems
from flowaudit.redesign import CaseWorker, MeasureRefusedError, Scenario, Staff

WHOLE = CaseWorker(department="甲局")
OFFICERS = {"窗口": 1, "一科": 1, "二科": 2, "局长": 1}


def chain(**more):
    return [
        apply(),
        accept(office="窗口", wait=1.0, **more),
        Do("初审", "review", office="一科", wait=5.0, work=2.0),
        Do("复审", "check", office="二科", wait=7.0, work=3.0),
        decide(office="局长", wait=11.0, work=1.0),
    ]


@pytest.fixture(scope="module")
def process():
    return process_of(Way(chain()), officers=OFFICERS)


def test_handovers_fall_away_up_to_the_decision(process):
    assert hours(process) == pytest.approx(1 + 5 + 2 + 7 + 3 + 11 + 1)
    after = WHOLE.apply(process)
    assert hours(after) == pytest.approx(1 + 2 + 3 + 11 + 1)


def test_only_the_activities_named_are_taken_over(process):
    some = CaseWorker(department="甲局", activities=("初审", "复审")).apply(process)
    assert hours(some) == pytest.approx(1 + 5 + 2 + 3 + 11 + 1)
    everything = CaseWorker(department="甲局", activities=("A受理", "初审", "复审", "A决定")).apply(process)
    assert hours(everything) == pytest.approx(1 + 2 + 3 + 1)


@pytest.mark.parametrize(("speed", "work"), [(0.5, 2 * (2 + 3)), (2.0, (2 + 3) / 2)])
def test_a_slower_case_worker_takes_longer(process, speed, work):
    after = CaseWorker(department="甲局", speed=speed).apply(process)
    assert hours(after) == pytest.approx(1 + work + 11 + 1)


def test_steps_keep_their_names_and_their_number(process):
    after = WHOLE.apply(process)
    for policy in ("C_node", "D_exec"):
        assert counted(after, "steps", policy).tolist() == counted(process, "steps", policy).tolist()
    assert {n.office for n in after.nodes if n.stage in ("accept", "review", "check")} == {"专人通办"}


def test_the_officers_form_one_pool_and_the_others_stay(process):
    after = WHOLE.apply(process)
    assert [(p.name, p.capacity) for p in after.pools] == [("甲局·专人通办", 4), ("局长", 1)]
    assert [r.pool for r in after.resources] == [0, 0, 0, 0, 1]
    assert {len(n.performers) for n in after.nodes if n.office == "专人通办"} == {4}
    assert {n.pool for n in after.nodes if n.activity == "A决定"} == {1}
    assert problems(Staff(pool="甲局·专人通办", add=1).apply(after)).empty


def test_two_cases_at_once_find_two_officers():
    """Alone, each office makes the second case wait; together both go through at once: 8 and 12 hours become 8 and 8."""
    steps = [apply(), Do("初审", "review", office="一科", work=4.0), Do("复审", "check", office="二科", work=4.0)]
    process = process_of(Way(steps), officers={"一科": 1, "二科": 1}, arrivals=at(0.0, 0.0))
    assert sorted(hours(process)) == pytest.approx([8.0, 12.0])
    assert sorted(hours(WHOLE.apply(process))) == pytest.approx([8.0, 8.0])


def test_whoever_has_done_it_keeps_his_own_pace(process):
    quick = [replace(n, performers=(Performer(1, 1.0, 0),)) if n.activity == "初审" else n for n in process.nodes]
    after = CaseWorker(department="甲局", speed=0.5).apply(replace(process, nodes=tuple(quick)))
    (node,) = (n for n in after.nodes if n.activity == "初审")
    own = {p.resource: p.work for p in node.performers}
    assert own[0] == own[2] == -1
    assert after.works[own[1]].tolist() == (2.0 * process.works[0]).tolist()


def test_what_the_applicant_brings_back_is_waited_for_as_before():
    steps = [
        apply(),
        accept(office="窗口"),
        notice(office="一科", wait=3.0),
        reply(wait=50.0),
        Do("初审", "review", office="一科", wait=5.0),
    ]
    process = process_of(Way(steps))
    assert hours(process) == pytest.approx(58.0)
    assert hours(WHOLE.apply(process)) == pytest.approx(55.0)


def test_a_step_that_waits_for_another_department_too_keeps_its_delay():
    steps = [
        apply(), accept(office="窗口"), Do("会签", "consult_dept", department="乙局", after=(1,), work=2.0),
        Do("初审", "review", office="一科", after=(1, 2), wait=5.0), Do("复审", "check", office="二科", wait=7.0),
    ]  # fmt: skip
    process = process_of(Way(steps))
    assert hours(process) - hours(WHOLE.apply(process)) == pytest.approx(7.0)


def test_one_item_is_not_handed_over_to_another():
    steps = [
        accept("A", office="窗口"),
        Do("初审", "review", office="一科", wait=5.0),
        accept("B", office="窗口", wait=7.0),
    ]
    process = process_of(Way(steps))
    assert hours(process) - hours(WHOLE.apply(process)) == pytest.approx(5.0)


def test_offices_unknown_officers_tell():
    process = process_of(Way(chain()), officers=OFFICERS)
    bare = replace(process, nodes=tuple(replace(n, office=None) for n in process.nodes))
    assert hours(WHOLE.apply(bare)) == pytest.approx(18.0)


def test_one_office_hands_nothing_over():
    steps = [apply(), accept(office="窗口"), Do("初审", "review", office="窗口", wait=5.0)]
    with pytest.raises(MeasureRefusedError, match="no handover between offices") as caught:
        WHOLE.apply(process_of(Way(steps)))
    assert "offices" in caught.value.hint


def test_without_start_times_it_is_refused(process):
    blind = replace(process, identifiable=Identifiable(False, False, "无", "none"))
    with pytest.raises(MeasureRefusedError, match="start times"):
        WHOLE.apply(blind)


def test_unknown_names_are_named_with_their_nearest(process):
    with pytest.raises(InputError) as caught:
        CaseWorker(department="甲区局").apply(process)
    assert "甲局" in caught.value.hint
    with pytest.raises(InputError) as caught:
        CaseWorker(department="甲局", activities=("初审核",)).apply(process)
    assert "初审" in caught.value.hint
    with pytest.raises(UsageError, match="speed"):
        Scenario("s").case_worker("甲局", speed=0.0)


def cautions(process, measure=WHOLE):
    found = measure.cautions(process)
    assert all(zh and en for zh, en in found)
    return " ".join(en for _zh, en in found)


def test_roles_in_one_hand_are_named(process):
    said = cautions(process)
    assert "First and second review" in said
    assert "front office" in said
    assert "Review and decision" not in said
    assert "Review and decision" in cautions(process, CaseWorker(department="甲局", activities=("复审", "A决定")))
    # The pool is busy 5 of 4 x 168 hours a week.
    assert "queue grows" not in said


def test_a_single_officer_set_times_and_overload_are_named(process):
    steps = [apply(), Do("初审", "review", office="一科", work=80.0), Do("复审", "check", office="二科", work=80.0)]
    two = process_of(Way(steps), officers={"一科": 1, "二科": 1})
    assert "busy 95%" in cautions(two, CaseWorker(department="甲局", speed=0.5))
    one = replace(two, nodes=tuple(replace(n, performers=n.performers and (Performer(0, 1.0),)) for n in two.nodes))
    assert "AB角" in cautions(one)
    meeting = [replace(n, batch=Batch("slots", gate=0)) if n.activity == "复审" else n for n in two.nodes]
    assert "set times" in cautions(replace(two, nodes=tuple(meeting), gates=(always(),)))


def test_it_survives_its_file_and_keeps_the_luck_of_what_it_leaves_alone(process, tmp_path):
    after = WHOLE.apply(process)
    after.save(tmp_path / "p.json")
    assert Process.load(tmp_path / "p.json") == after
    assert [s.origin for s in after.templates[0].branches[0].steps] == [0, 1, 2, 3, 4]
    assert run(after).n_events == run(process).n_events
