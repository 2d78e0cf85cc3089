"""M10: a machine finds defects before anybody waits for them, and holds up some that have none; numbers on paper."""

from dataclasses import replace

import pytest
from corrected_ways import (
    Way,
    accept,
    apply,
    counted,
    decide,
    hours,
    names_in_order,
    notice,
    process_of,
    reply,
    review,
    same_runs,
)

from flowaudit.errors import InputError, UsageError
from flowaudit.process import Process
from flowaudit.redesign import MeasureRefusedError, NotifyOnce, Precheck, Scenario

HANDED = [(0, "A", "X", False), (2, "A", "X", True)]
FAULTY = Way(
    [apply(site="大厅"), notice(wait=5.0, cause=("X",)), reply(wait=30.0, work=2.0, site="大厅"), accept(wait=1.0), decide()],
    HANDED, cases=100.0,
)  # fmt: skip
FAULTLESS = Way([apply(site="大厅"), accept(wait=1.0), decide()], HANDED[:1], cases=200.0)
CHECKED = ("A申请", "智能预审", "A受理", "A决定")
HELD_UP = ("A申请", "智能预审", "预审提示补充", "A受理", "A决定")


@pytest.fixture(scope="module")
def process():
    return process_of(FAULTY, FAULTLESS)


def shares(after, k):
    return {tuple(names_in_order(after, k, b)): x.probability for b, x in enumerate(after.templates[k].branches)}


def test_defects_found_are_corrected_at_once(process):
    after = Precheck(caught=1.0).apply(process)
    assert shares(after, 0) == shares(after, 1) == {CHECKED: 1.0}
    assert hours(after) == pytest.approx(1.0)
    assert counted(after, "trips").max() == 1
    assert counted(after, "materials").tolist() == counted(process, "materials").tolist()


def test_the_share_of_the_defects_is_exact(process):
    found = shares(Precheck(caught=0.6).apply(process), 0)
    assert found == {
        CHECKED: pytest.approx(0.6),
        ("A申请", "智能预审", "A补正通知", "A补正提交", "A受理", "A决定"): pytest.approx(0.4),
    }


def test_the_check_is_no_step_of_an_office_and_takes_no_time(process):
    after = Precheck(caught=0.0, false_alarm=0.0001).apply(process)
    assert hours(after).tolist() == hours(process).tolist()
    assert counted(after, "steps", "C_node").tolist() == counted(process, "steps", "C_node").tolist()


def test_a_check_that_finds_nothing_is_the_identity(process):
    after, touched = Precheck(caught=0.0).transform(process)
    assert touched == pytest.approx(300.0)
    assert after.templates == process.templates
    assert same_runs(after, process)


def test_a_false_alarm_costs_what_replies_cost_and_hits_the_faultless(process):
    after = Precheck(caught=1.0, false_alarm=0.25).apply(process)
    assert shares(after, 0) == {CHECKED: 1.0}
    assert shares(after, 1) == {CHECKED: pytest.approx(0.75), HELD_UP: pytest.approx(0.25)}
    assert sorted(set(hours(after).round(6))) == [1.0, 1 + 30 + 2]


def test_a_false_alarm_may_cost_what_is_stated(process):
    after = Precheck(caught=1.0, false_alarm=1.0, delay_h=8.0).apply(process)
    # The 100 cases with a defect, now found, are not held up: their share of all is a third.
    assert sorted(set(hours(after).round(6))) == [1.0, 1 + 8 + 2]


def test_the_usual_reply_of_the_item_is_taken():
    other = Way([apply("B"), notice("B"), reply("B", wait=99.0), accept("B")], cases=500.0)
    process = process_of(FAULTY, FAULTLESS, other)
    after = Precheck(items=("A",), caught=1.0, false_alarm=1.0).apply(process)
    assert hours(after).max() == pytest.approx(99.0)
    assert 33.0 in hours(after).round(6)


def test_corrections_in_the_review_are_found_beforehand_too():
    steps = [apply(), accept(), review(), notice(cause=("X",)), reply(wait=20.0), review(), decide()]
    after = Precheck(caught=1.0).apply(process_of(Way(steps, HANDED[:1])))
    assert names_in_order(after) == ["A申请", "智能预审", "A受理", "A审查", "A决定"]


def test_only_the_items_named_are_checked(process):
    other = Way([apply("B"), notice("B", cause=("X",)), reply("B"), accept("B")], cases=10.0)
    mixed = process_of(FAULTY, other)
    after, touched = Precheck(items=("A",), caught=1.0).transform(mixed)
    assert touched == pytest.approx(100.0)
    assert after.templates[1] == mixed.templates[1]


def test_it_deals_independently_of_better_notices():
    """Half avoided, half of the rest caught: a quarter is left."""
    both = NotifyOnce(avoided=0.5).apply(process_of(replace(FAULTY, cases=1000.0)))
    after = Precheck(caught=0.5).apply(both)
    left = sum(
        b.probability for k, b in enumerate(after.templates[0].branches) if "A补正通知" in names_in_order(after, 0, k)
    )
    assert left == pytest.approx(0.25)


def test_refusals_say_what_is_missing(process):
    clean = process_of(FAULTLESS)
    with pytest.raises(MeasureRefusedError, match="records no corrections"):
        Precheck(caught=0.5).apply(clean)
    with pytest.raises(MeasureRefusedError, match="no replies to corrections") as caught:
        Precheck(caught=0.5, false_alarm=0.1).apply(clean)
    assert "delay_h" in caught.value.hint
    assert len(names_in_order(Precheck(caught=0.5, false_alarm=1.0, delay_h=5.0).apply(clean))) == 5
    with pytest.raises(InputError) as caught:
        Precheck(items=("AA",), caught=0.5).apply(process)
    assert "A" in caught.value.hint
    with pytest.raises(UsageError, match="caught"):
        Scenario("s").precheck(caught=1.5)


def cautions(process, measure):
    found = measure.cautions(process)
    assert all(zh and en for zh, en in found)
    return " ".join(en for _zh, en in found)


def test_more_lost_than_gained_is_said(process):
    assert "lost than gained" not in cautions(process, Precheck(caught=0.6, false_alarm=0.1))
    said = cautions(process, Precheck(caught=0.1, false_alarm=0.2))
    assert "About 40 faultless applications would be held up for 10 defects" in said


def test_what_a_reviewer_found_and_what_comes_to_a_counter_is_named(process):
    assert "100% of the applications are handed in at a counter" in cautions(process, Precheck(caught=0.5))
    assert "after acceptance" not in cautions(process, Precheck(caught=0.5))
    steps = [apply(), accept(), review(), notice(cause=("X",)), reply(), review(), decide()]
    said = cautions(process_of(Way(steps, HANDED[:1])), Precheck(caught=0.5))
    assert "100% of the corrections were asked for after acceptance" in said
    assert "counter" not in said


def test_it_survives_its_file_and_the_scenario_file(process, tmp_path):
    plan = Scenario("s").precheck("A", caught=0.6, false_alarm=0.05, delay_h=4.0)
    plan.save(tmp_path / "s.toml")
    assert Scenario.load(tmp_path / "s.toml") == plan
    after = plan.apply(process)
    after.save(tmp_path / "p.json")
    assert Process.load(tmp_path / "p.json") == after
