"""M07: what is fetched is not handed in, and not corrected; numbers on paper."""

import itertools
from dataclasses import replace

import pandas as pd
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
    run,
    same_runs,
)

from flowaudit.catalogue import Catalogue
from flowaudit.errors import InputError
from flowaudit.metrics import materials
from flowaudit.process import Process
from flowaudit.redesign import Scenario, UseELicence

CORRECTED = Way(
    [apply(site="大厅"), notice(wait=5.0, cause=("X",)), reply(wait=30.0, site="大厅"), accept(wait=1.0), review(wait=2.0), decide()],
    handed=[(0, "A", "X", False), (0, "A", "Y", True), (2, "A", "X", True)],
    cases=100.0,
)  # fmt: skip
SURE = UseELicence(materials=("X",), success=1.0)


@pytest.fixture(scope="module")
def process():
    return process_of(CORRECTED)


def test_the_material_its_correction_and_its_trip_fall_away(process):
    after = SURE.apply(process)
    assert (hours(process)[0], hours(after)[0]) == (pytest.approx(38.0), pytest.approx(3.0))
    assert counted(process, "materials")[0] == 2
    assert counted(after, "materials")[0] == 1
    assert counted(process, "trips")[0] == 2
    assert counted(after, "trips")[0] == 1
    assert materials(run(after)).split["exempt_elicence"][0] == 1


def test_the_review_is_done_once():
    steps = [apply(), accept(), review(wait=1.0), notice(cause=("X",)), reply(wait=20.0), review(wait=4.0), decide()]
    after = SURE.apply(process_of(Way(steps, [(0, "A", "X", True)])))
    assert names_in_order(after) == ["A申请", "A受理", "A审查", "A决定"]
    assert hours(after)[0] == pytest.approx(1.0)


def test_a_correction_about_something_else_too_stays_and_is_about_less():
    steps = [apply(), notice(cause=("X", "Y")), reply(cause=("X", "Y")), accept()]
    after = SURE.apply(process_of(Way(steps, [(0, "A", "X", True), (0, "A", "Y", False)])))
    assert names_in_order(after) == ["A申请", "A补正通知", "A补正提交", "A受理"]
    assert [s.cause for s in after.templates[0].branches[0].steps] == [(), ("Y",), ("Y",), ()]


def test_two_materials_together_take_away_what_was_about_both():
    steps = [apply(), notice(cause=("X", "Y")), reply(), accept()]
    process = process_of(Way(steps, [(0, "A", "X", True), (0, "A", "Y", False)]))
    assert names_in_order(UseELicence(materials=("X", "Y"), success=1.0).apply(process)) == ["A申请", "A受理"]


def test_fetches_succeed_each_for_itself_in_the_exact_shares():
    way = Way([apply(), accept()], [(0, "A", m, True) for m in "XYZ"], cases=10_000.0)
    after, touched = UseELicence(materials=("X", "Y", "Z"), success=0.8).transform(process_of(way))
    assert touched == pytest.approx(10_000.0)
    found = {
        frozenset(m.canonical_id for m in b.materials if m.source == "elicence"): b.probability
        for b in after.templates[0].branches
    }
    assert len(found) == 8
    for n in range(4):
        for fetched in itertools.combinations("XYZ", n):
            assert found[frozenset(fetched)] == pytest.approx(0.8**n * 0.2 ** (3 - n))


def test_many_materials_do_not_make_many_ways():
    names = [f"M{k}" for k in range(12)]
    way = Way([apply(), accept()], [(0, "A", m, True) for m in names], cases=400.0)
    after, _touched = UseELicence(materials=tuple(names), success=0.5).transform(process_of(way))
    branches = after.templates[0].branches
    assert len(branches) <= 2 * 400 / 40
    assert sum(b.probability for b in branches) == pytest.approx(1.0)


def test_a_fetch_that_never_succeeds_changes_nothing(process):
    never = UseELicence(materials=("X",), success=0.0, latency_h=5.0).apply(process)
    assert never.templates == process.templates
    assert same_runs(never, process)


def test_a_fetch_that_takes_time_holds_up_the_acceptance():
    way = Way([apply(), accept(wait=1.0)], [(0, "A", "X", True), (0, "A", "Y", True)])
    after = UseELicence(materials=("X", "Y"), success=1.0, latency_h=6.0).apply(process_of(way))
    assert names_in_order(after) == ["A申请", "电子证照调取", "A受理"]
    assert hours(after)[0] == pytest.approx(7.0)
    assert counted(after, "steps", "C_node").tolist() == counted(process_of(way), "steps", "C_node").tolist()


def test_what_used_to_be_brought_only_after_a_correction_is_fetched_with_the_application():
    steps = [apply(), notice(cause=("X",)), reply(wait=30.0), accept(wait=1.0)]
    after = UseELicence(materials=("X",), success=1.0, latency_h=6.0).apply(
        process_of(Way(steps, [(2, "A", "X", True)]))
    )
    assert names_in_order(after) == ["A申请", "电子证照调取", "A受理"]
    assert hours(after)[0] == pytest.approx(7.0)


def test_every_item_waits_for_its_own_fetch():
    way = Way([apply("A"), accept("A"), apply("B"), accept("B")], [(0, "A", "X", True), (2, "B", "X", True)])
    after = UseELicence(materials=("X",), success=1.0, latency_h=6.0).apply(process_of(way))
    assert names_in_order(after).count("电子证照调取") == 2
    assert hours(after)[0] == pytest.approx(12.0)


def test_an_unknown_material_is_named_with_its_nearest(process):
    with pytest.raises(InputError) as caught:
        UseELicence(materials=("XX",)).apply(process)
    assert "X" in caught.value.hint


def cautions(process, *materials):
    found = UseELicence(materials=materials).cautions(process)
    assert all(zh and en for zh, en in found)
    return " ".join(en for _zh, en in found)


def test_what_the_guides_say_against_a_fetch_is_named(process):
    kinds = pd.DataFrame(
        {
            "canonical_id": ["X", "Y"],
            "name": ["执照", "平面图"],
            "elicence_type": ["营业执照", None],
            "retrievable": [True, None],
        }
    )
    rows = pd.DataFrame(
        {
            "item_code": ["A", "A"],
            "canonical_id": ["X", "Y"],
            "name": "",
            "issuer_scope": ["city", "self"],
            "produced_by_item": ["B", None],
        }
    )
    told = replace(process, catalogue=Catalogue(materials=kinds, item_materials=rows))
    said = cautions(told, "X")
    assert "result of “B”" in said
    assert "cannot be fetched yet" not in said
    said = cautions(told, "Y")
    assert "cannot be fetched yet" in said
    assert "not issued by an authority of the city" in said
    assert "No correction of the log" in said
    assert "does not know the material" in cautions(replace(process, catalogue=Catalogue()), "X")
    assert cautions(process, "X") == ""


def test_it_survives_its_file_and_the_scenario_file(process, tmp_path):
    plan = Scenario("s").use_e_licence("X", success=0.5, latency_h=2.0)
    plan.save(tmp_path / "s.toml")
    assert Scenario.load(tmp_path / "s.toml") == plan
    after = plan.apply(process)
    after.save(tmp_path / "p.json")
    assert Process.load(tmp_path / "p.json") == after
    assert "2 hours" in plan.measures[0].assumed("en")
