"""M09: a share of the corrections is not asked for; numbers on paper."""

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
from flowaudit.redesign import MeasureRefusedError, NotifyOnce, Scenario

HANDED = [(0, "A", "X", False), (0, "A", "Y", True), (2, "A", "X", True)]
ONE = Way(
    [apply(site="大厅"), notice(wait=5.0, cause=("X",)), reply(wait=30.0, site="大厅"), accept(wait=1.0), decide(wait=2.0)],
    HANDED, [(2, "大厅")], cases=100.0,
)  # fmt: skip
TWO = Way(
    [apply(), notice(wait=5.0, cause=("X",)), reply(wait=30.0), notice(wait=7.0, cause=("Y",)), reply(wait=20.0), accept(wait=1.0)],
    HANDED, cases=100.0,
)  # fmt: skip


@pytest.fixture(scope="module")
def process():
    return process_of(ONE)


def shares(after):
    """Probability of the branches by their activities."""
    return {tuple(names_in_order(after, 0, b)): x.probability for b, x in enumerate(after.templates[0].branches)}


@pytest.mark.parametrize("share", [0.25, 0.9])
def test_the_share_of_the_corrections_falls_away(process, share):
    found = shares(NotifyOnce(avoided=share).apply(process))
    assert found == {
        ("A申请", "A受理", "A决定"): pytest.approx(share),
        ("A申请", "A补正通知", "A补正提交", "A受理", "A决定"): pytest.approx(1 - share),
    }


def test_what_is_avoided_takes_its_time_and_its_trips_along_and_no_material(process):
    after = NotifyOnce(avoided=1.0).apply(process)
    assert (hours(process)[0], hours(after)[0]) == (pytest.approx(38.0), pytest.approx(3.0))
    assert (counted(process, "trips")[0], counted(after, "trips")[0]) == (2, 1)
    assert (counted(process, "materials")[0], counted(after, "materials")[0]) == (2, 2)


def test_nothing_avoided_is_the_identity(process):
    after, touched = NotifyOnce(avoided=0.0).transform(process)
    assert touched == pytest.approx(100.0)
    assert after.templates == process.templates
    assert same_runs(after, process)


def test_corrections_of_one_case_are_avoided_each_for_itself():
    found = shares(NotifyOnce(avoided=0.5).apply(process_of(TWO)))
    assert len(found) == 3
    assert found["A申请", "A受理"] == pytest.approx(0.25)
    assert found["A申请", "A补正通知", "A补正提交", "A补正通知", "A补正提交", "A受理"] == pytest.approx(0.25)


def test_only_corrections_about_these_materials():
    after = NotifyOnce(materials=("Y",), avoided=1.0).apply(process_of(TWO))
    (branch,) = after.templates[0].branches
    assert [s.origin for s in branch.steps] == [0, 1, 2, 5]
    mixed = process_of(Way([apply(), notice(cause=("X", "Y")), reply(), accept()], HANDED))
    with pytest.raises(MeasureRefusedError, match="these materials alone"):
        NotifyOnce(materials=("Y",), avoided=1.0).apply(mixed)


def test_asked_for_together_the_second_costs_no_time_of_its_own():
    process = process_of(TWO)
    after = NotifyOnce(avoided=0.0, together=True).apply(process)
    assert (hours(process)[0], hours(after)[0]) == (pytest.approx(5 + 30 + 7 + 20 + 1), pytest.approx(5 + 30 + 1))
    (branch,) = after.templates[0].branches
    assert branch.steps[1].cause == ("X", "Y")


def test_asked_for_together_and_avoided_both_are_avoided():
    brought_late = replace(TWO, handed=[*HANDED[:1], HANDED[2], (4, "A", "Y", True)])
    after = NotifyOnce(avoided=0.5, together=True).apply(process_of(brought_late))
    assert all({m.canonical_id for m in b.materials} == {"X", "Y"} for b in after.templates[0].branches)
    found = shares(after)
    assert found == {
        ("A申请", "A受理"): pytest.approx(0.5),
        ("A申请", "A补正通知", "A补正提交", "A受理"): pytest.approx(0.5),
    }


def test_corrections_after_acceptance_are_not_joined():
    steps = [
        apply(),
        accept(),
        review(),
        notice(cause=("X",)),
        reply(),
        review(),
        notice(cause=("Y",)),
        reply(),
        review(),
        decide(),
    ]
    process = process_of(Way(steps, HANDED))
    after = NotifyOnce(avoided=0.0, together=True).apply(process)
    assert after.templates == process.templates
    before = process_of(Way([*steps[:1], notice(cause=("X",)), reply(), *steps[1:6], decide()], HANDED))
    assert NotifyOnce(avoided=0.0, together=True).apply(before).templates == before.templates


def test_a_case_that_ended_with_the_notice_stays_ended():
    process = process_of(ONE, Way([apply(), notice(cause=("X",))], HANDED[:2], cases=50.0))
    after, touched = NotifyOnce(avoided=1.0).transform(process)
    assert touched == pytest.approx(100.0)
    assert names_in_order(after, 1) == ["A申请", "A补正通知"]


def test_refusals_say_what_there_is(process):
    with pytest.raises(MeasureRefusedError, match="records no corrections") as caught:
        NotifyOnce(avoided=0.5).apply(process_of(Way([apply(), accept()])))
    assert "[stages]" in caught.value.hint
    with pytest.raises(MeasureRefusedError, match="no correction of the log is about") as caught:
        NotifyOnce(materials=("Y",), avoided=0.5).apply(process)
    assert "X" in caught.value.hint
    with pytest.raises(InputError):
        NotifyOnce(materials=("XX",), avoided=0.5).apply(process)
    with pytest.raises(UsageError, match="avoided"):
        Scenario("s").notify_once()


def cautions(process, measure):
    found = measure.cautions(process)
    assert all(zh and en for zh, en in found)
    return " ".join(en for _zh, en in found)


def test_too_few_corrections_unknown_causes_and_great_hopes_are_named(process):
    assert cautions(process, NotifyOnce(avoided=0.5)) == ""
    assert "More than four in five" in cautions(process, NotifyOnce(avoided=0.9))
    few = process_of(Way([apply(), notice(), reply(), accept()], HANDED, cases=7.0))
    assert "Only 7 corrections" in cautions(few, NotifyOnce(avoided=0.5))
    assert "Of 7 corrections the log does not say" in cautions(few, NotifyOnce(avoided=0.5))


def test_it_survives_its_file_and_the_scenario_file(process, tmp_path):
    plan = Scenario("s").notify_once("X", avoided=0.5, together=True)
    plan.save(tmp_path / "s.toml")
    assert Scenario.load(tmp_path / "s.toml") == plan
    after = plan.apply(process)
    after.save(tmp_path / "p.json")
    assert Process.load(tmp_path / "p.json") == after
