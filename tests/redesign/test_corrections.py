"""Corrections are found as people would point at them, and taken out without leaving a trace."""

import pytest
from corrected_ways import Way, accept, apply, decide, names_in_order, notice, process_of, reply, review
from hypothesis import given, settings
from hypothesis import strategies as st

from flowaudit.redesign.corrections import Corrections
from flowaudit.redesign.draft import Draft


def found(way):
    process = process_of(way)
    return process, process.templates[0].branches[0], Corrections(process).loops(process.templates[0].branches[0])


BEFORE = Way(
    [apply(site="大厅"), notice(cause=("X",)), reply(site="大厅", cause=("X",)), accept(), review(), decide()],
    handed=[(0, "A", "X", False), (0, "A", "Y", True), (2, "A", "X", True)],
    trips=[(2, "大厅")],
)
AFTER = Way(
    [apply(), accept(), review(wait=5.0), notice(cause=("X",)), reply(), review(wait=7.0), decide()],
    handed=[(0, "A", "X", True), (4, "A", "Z", True)],
    episodes=[(3, 4, "correction"), (2, 6, "expert_review")],
)


def test_a_correction_before_acceptance_is_notice_and_reply():
    _process, _branch, (loop,) = found(BEFORE)
    assert (loop.steps, loop.again, loop.cause, loop.accepted_at, loop.answered) == ((1, 2), None, ("X",), 3, True)


def test_a_correction_after_acceptance_holds_the_review_done_again():
    _process, _branch, (loop,) = found(AFTER)
    assert (loop.steps, loop.again, loop.accepted_at) == ((3, 4), 5, None)


def test_a_notice_nobody_answers_ends_the_case():
    _process, _branch, (loop,) = found(Way([apply(), notice()]))
    assert not loop.answered


def test_the_cause_of_the_reply_counts_where_the_notice_has_none():
    _process, _branch, (loop,) = found(Way([apply(), notice(), reply(cause=("Y",)), accept()]))
    assert loop.cause == ("Y",)


def test_items_keep_their_corrections_apart():
    way = Way([apply("A"), apply("B"), notice("A", after=(0,)), reply("A"), notice("B", after=(1,)), reply("B"), accept("A", after=(3,)), accept("B", after=(5,))])  # fmt: skip
    _process, _branch, loops = found(way)
    assert [(loop.item, loop.steps, loop.accepted_at) for loop in loops] == [("A", (2, 3), 6), ("B", (4, 5), 7)]


def test_without_it_what_was_rejected_is_right_the_first_time():
    process, branch, (loop,) = found(BEFORE)
    after = Corrections(process).without(branch, {loop: None})
    assert [process.nodes[s.node].activity for s in after.steps] == ["A申请", "A受理", "A审查", "A决定"]
    assert [(m.step, m.canonical_id, m.accepted) for m in after.materials] == [(0, "X", True), (0, "Y", True)]
    assert after.trips == ()
    assert after.steps[1].after == (0,)


def test_without_it_the_review_is_done_once_and_nothing_stops_the_clock():
    process, branch, (loop,) = found(AFTER)
    after = Corrections(process).without(branch, {loop: None})
    assert [s.origin for s in after.steps] == [0, 1, 2, 6]
    assert [(e.kind, e.first, e.last) for e in after.episodes] == [("expert_review", 2, 3)]


def test_a_suspension_for_the_correction_ends_with_it_wherever_it_was_booked():
    way = Way(AFTER.steps, AFTER.handed, episodes=[(3, 6, "补正"), (3, 6, "检测")])
    process, branch, (loop,) = found(way)
    after = Corrections(process).without(branch, {loop: None})
    assert [(e.kind, e.first, e.last) for e in after.episodes] == [("检测", 2, 3)]


def test_a_visit_in_vain_for_the_second_review_was_made_for_the_first():
    process, branch, (loop,) = found(Way(AFTER.steps, AFTER.handed, trips=[(4, "大厅"), (5, "大厅"), (6, "窗口")]))
    after = Corrections(process).without(branch, {loop: None})
    assert [(t.step, t.site) for t in after.trips] == [(2, "大厅"), (3, "窗口")]


def test_what_was_handed_in_only_then_comes_with_the_application():
    process, branch, (loop,) = found(AFTER)
    after = Corrections(process).without(branch, {loop: None})
    assert {(m.step, m.canonical_id) for m in after.materials} == {(0, "X"), (0, "Z")}


def test_of_two_in_a_row_the_review_is_done_again_as_long_as_one_is_left():
    way = Way(
        [apply(), accept(), review(), notice(cause=("X",)), reply(), notice(cause=("Y",)), reply(), review(), decide()]
    )
    process, branch, (one, two) = found(way)
    corrections = Corrections(process)
    assert (one.again, two.again) == (None, 7)
    assert [s.origin for s in corrections.without(branch, {two: None}).steps] == [0, 1, 2, 3, 4, 7, 8]
    assert [s.origin for s in corrections.without(branch, {one: None}).steps] == [0, 1, 2, 5, 6, 7, 8]
    assert [s.origin for s in corrections.without(branch, {one: None, two: None}).steps] == [0, 1, 2, 8]


def test_of_two_with_a_review_between_each_takes_its_own_review_along():
    way = Way([apply(), accept(), review(), notice(), reply(), review(), notice(), reply(), review(), decide()])
    process, branch, (one, two) = found(way)
    corrections = Corrections(process)
    assert (one.again, two.again) == (5, 8)
    assert [s.origin for s in corrections.without(branch, {one: None}).steps] == [0, 1, 2, 6, 7, 8, 9]
    assert [s.origin for s in corrections.without(branch, {one: None, two: None}).steps] == [0, 1, 2, 9]


def test_what_joins_another_correction_is_asked_for_and_handed_in_with_it():
    way = Way(
        [apply(), notice(cause=("X",)), reply(), notice(cause=("Y",)), reply(), accept()],
        handed=[(0, "A", "X", False), (2, "A", "X", True), (4, "A", "Y", True)],
    )
    process, branch, (one, two) = found(way)
    after = Corrections(process).without(branch, {two: one})
    assert [s.origin for s in after.steps] == [0, 1, 2, 5]
    assert after.steps[1].cause == ("X", "Y")
    assert {(m.step, m.canonical_id) for m in after.materials} == {(0, "X"), (2, "X"), (2, "Y")}
    assert not after.materials[0].accepted, "the first correction is still there"


@pytest.mark.parametrize("kept", [True, False])
def test_a_material_stays_rejected_where_another_correction_is_about_it(kept):
    way = Way(
        [apply(), notice(cause=("X",)), reply(), notice(cause=("X",)), reply(), accept()], handed=[(0, "A", "X", False)]
    )
    process, branch, (one, two) = found(way)
    after = Corrections(process).without(branch, {one: None} if kept else {one: None, two: None})
    assert after.materials[0].accepted is not kept


def test_causes_are_counted_in_cases():
    process = process_of(BEFORE, AFTER, Way(BEFORE.steps, BEFORE.handed, cases=3.0))
    assert Corrections(process).causes() == {"X": 5.0}
    assert names_in_order(process)[1] == "A补正通知"


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 8), st.integers(0, 255), st.data())
def test_steps_dropped_at_once_leave_what_dropping_them_one_by_one_leaves(n, bits, data):
    steps = []
    for k in range(n):
        after = tuple(sorted(data.draw(st.sets(st.integers(0, k - 1), max_size=3)))) if k else ()
        steps.append(review(after=after, wait=float(k)))
    branch = process_of(Way(steps)).templates[0].branches[0]
    gone = [k for k in range(n) if bits >> k & 1]
    one, other = Draft(branch), Draft(branch)
    one.drop_all(gone)
    for k in gone:
        other.drop(k)
    assert one.close() == other.close()
