"""M06: what two forms ask for is typed once, what is on record not at all; numbers on paper."""

from dataclasses import replace

import pandas as pd
import pytest
from corrected_ways import Way, accept, apply, counted, hours, notice, process_of, reply, run, same_runs

from flowaudit.catalogue import Catalogue
from flowaudit.errors import InputError
from flowaudit.metrics import materials, typed_fields
from flowaudit.process import Identifiable, Process
from flowaudit.redesign import MeasureRefusedError, OneForm, Scenario

FIELDS = [
    ("A", "甲表", "名称", "name", "type", "登记库"),
    ("A", "甲表", "地址", "address", "type", "登记库"),
    ("A", "甲表", "灶头", "stoves", "type", None),
    ("A", "甲表", "颜色", "colour", "select", None),
    ("B", "乙表", "单位名称", "name", "type", "登记库"),
    ("B", "乙表", "经营地址", "address", "type", "登记库"),
    ("B", "乙表", "人数", "staff", "type", None),
]
COLUMNS = ["item_code", "form", "field_label", "canonical_field", "class", "authoritative_source"]
MATERIALS = [("FA", "甲申请表", "申请表格文书"), ("FB", "乙申请表", "申请表格文书"), ("LIC", "执照", "证件证书证明")]


def catalogue(fields=FIELDS):
    return Catalogue(
        items=pd.DataFrame({"item_code": ["A", "B"], "name": ["甲", "乙"]}),
        form_fields=pd.DataFrame(fields, columns=COLUMNS),
        materials=pd.DataFrame(MATERIALS, columns=["canonical_id", "name", "doc_class"]),
    )


def both_items(**more):
    steps = [apply("A", work=6.0), accept("A"), apply("B", work=6.0), accept("B")]
    handed = [(0, "A", "FA", True), (0, "A", "LIC", True), (2, "B", "FB", True), (2, "B", "LIC", True)]
    return Way(steps, handed, **more)


@pytest.fixture(scope="module")
def process():
    return process_of(both_items(), catalogue=catalogue())


def test_the_work_of_applying_shrinks_as_the_fields_do(process):
    """3 + 3 fields become 4 distinct ones: two thirds of 12 hours are left."""
    assert hours(process) == pytest.approx(12.0)
    assert hours(OneForm().apply(process)) == pytest.approx(8.0)


@pytest.mark.parametrize(("share", "left"), [(0.0, 4), (0.49, 4), (0.5, 3), (0.99, 3), (1.0, 2)])
def test_of_the_fields_on_record_whole_ones_come_prefilled(process, share, left):
    after = OneForm(prefilled=share).apply(process)
    assert hours(after) == pytest.approx(12.0 * left / 6)
    assert typed_fields(after.catalogue).sum() == left


def test_only_the_filling_in_shrinks(process):
    assert hours(OneForm(filling=0.5).apply(process)) == pytest.approx(10.0)
    assert hours(OneForm(filling=0.0).apply(process)) == pytest.approx(12.0)


def test_who_needs_one_item_types_its_own_fields(process):
    alone = Way([apply("A", work=6.0), accept("A")])
    mixed = process_of(both_items(), alone, catalogue=catalogue())
    after, touched = OneForm().transform(mixed)
    assert touched == pytest.approx(1.0)
    assert sorted(set(hours(after).round(6))) == [6.0, 8.0]
    # One of three fields is on record and prefilled.
    assert sorted(set(hours(OneForm(prefilled=0.5).apply(mixed)).round(6))) == [4.0, 6.0]


def test_the_guard_sees_fields_counted_once_and_nothing_else(process):
    found = OneForm().apply(process).catalogue
    assert typed_fields(process.catalogue).to_dict() == {"A": 3, "B": 3}
    assert typed_fields(found).to_dict() == {"A": 3, "B": 1}
    assert set(found.form_fields["form"]) == {"一件事申请表"}
    assert found.form_fields["class"].tolist() == ["type", "type", "type", "select", "auto", "auto", "type"]
    assert process.catalogue.form_fields["class"].tolist().count("auto") == 0


def test_a_field_that_one_item_asks_for_twice_is_typed_once():
    twice = [*FIELDS[:3], ("A", "甲附表", "名称", "name", "type", "登记库")]
    process = process_of(Way([apply("A", work=8.0), accept("A")]), catalogue=catalogue(twice))
    after = OneForm(items=("A",)).apply(process)
    assert hours(after) == pytest.approx(6.0)
    assert after.catalogue.form_fields["class"].tolist() == ["type", "type", "type", "auto"]


def test_a_field_stays_with_the_item_most_cases_have():
    alone = Way([apply("B"), accept("B")], cases=5.0)
    found = OneForm().apply(process_of(both_items(), alone, catalogue=catalogue())).catalogue
    assert typed_fields(found).to_dict() == {"A": 1, "B": 3}


def test_fields_without_a_common_name_are_not_taken_for_the_same():
    unnamed = [(i, f, "名称", None, "type", None) for i, f in (("A", "甲表"), ("B", "乙表"))]
    process = process_of(both_items(), catalogue=catalogue(unnamed))
    assert typed_fields(OneForm().apply(process).catalogue).sum() == 2
    assert "2 fields have no common name" in cautions(process)


def test_application_forms_of_several_items_are_one_material(process):
    assert counted(process, "materials").tolist() == [4.0] * 40
    after = OneForm().apply(process)
    assert counted(after, "materials").tolist() == [3.0] * 40
    split = materials(run(after)).split
    assert (split["merged"].mean(), split["submit"].mean()) == (1.0, 3.0)


def test_a_second_time_it_would_change_nothing():
    process = process_of(Way([apply("A", work=6.0), apply("B", work=6.0)]), catalogue=catalogue())
    once = OneForm().apply(process)
    with pytest.raises(MeasureRefusedError, match="no observed case"):
        OneForm().apply(once)


def test_one_item_alone_without_prefilling_changes_nothing(process):
    after, touched = OneForm(items=("A",)).transform(process)
    assert touched == 0.0
    assert same_runs(after, process)


def test_corrections_about_forms_are_avoided_at_their_share():
    steps = [apply("A"), notice("A", cause=("FA",)), reply("A", wait=10.0), accept("A"), apply("B"), accept("B")]
    handed = [(0, "A", "FA", False), (2, "A", "FA", True), (4, "B", "FB", True)]
    process = process_of(Way(steps, handed, cases=100.0), catalogue=catalogue())
    after = OneForm(avoided=0.25).apply(process)
    probability = {len(b.steps): b.probability for b in after.templates[0].branches}
    assert probability == {4: pytest.approx(0.25), 6: pytest.approx(0.75)}
    assert len(OneForm().apply(process).templates[0].branches) == 1


def test_what_is_not_about_a_form_is_not_avoided():
    steps = [apply("A"), notice("A", cause=("LIC",)), reply("A"), accept("A"), apply("B"), accept("B")]
    process = process_of(Way(steps, [(0, "A", "LIC", False)], cases=100.0), catalogue=catalogue())
    after = OneForm(avoided=1.0).apply(process)
    assert [len(b.steps) for b in after.templates[0].branches] == [6]
    assert "no correction about a form" in cautions(process, OneForm(avoided=1.0))


def test_without_a_catalogue_or_forms_it_is_refused(process):
    with pytest.raises(MeasureRefusedError, match="no catalogue"):
        OneForm().apply(replace(process, catalogue=None))
    bare = Catalogue(items=pd.DataFrame({"item_code": ["A", "B"], "name": ["甲", "乙"]}))
    with pytest.raises(MeasureRefusedError, match="neither the fields nor the forms") as caught:
        OneForm().apply(replace(process, catalogue=bare))
    assert "form_fields" in caught.value.hint
    with pytest.raises(InputError) as caught:
        OneForm(items=("甲",)).apply(replace(process, item_names={"A": "餐饮", "B": "招牌"}))
    assert "餐饮" in caught.value.hint


def cautions(process, measure=None):
    found = (measure or OneForm()).cautions(process)
    assert all(zh and en for zh, en in found)
    return " ".join(en for _zh, en in found)


def test_a_longer_form_is_said_to_be_longer(process):
    assert "4 fields to be typed, the longest of the single ones 3" in cautions(process)
    assert "fields to be typed" not in cautions(process, OneForm(prefilled=1.0))


def test_what_the_log_cannot_show_is_said(process):
    assert "no time is seen" not in cautions(process)
    assert "no time is seen" in cautions(replace(process, identifiable=Identifiable(False, False)))
    rare = process_of(both_items(), Way([apply("A"), accept("A")], cases=9.0), catalogue=catalogue())
    assert "Only 10% of the cases" in cautions(rare)


def test_it_stands_in_a_scenario_and_survives_its_file(process, tmp_path):
    plan = Scenario("s").one_form("A", "B", prefilled=0.5)
    plan.save(tmp_path / "s.toml")
    assert Scenario.load(tmp_path / "s.toml") == plan
    after = plan.apply(process)
    after.save(tmp_path / "p.json")
    assert Process.load(tmp_path / "p.json") == after
    assert "50%" in plan.measures[0].assumed("en")
