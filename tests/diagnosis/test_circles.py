"""W11: items that are prerequisites of each other."""

import pandas as pd
import pytest
from approvals import log_of, step

from flowaudit.catalogue import Catalogue
from flowaudit.diagnosis import diagnose
from flowaudit.eventlog import APPLICANT
from flowaudit.worktime import Calendar

NAMES = {"X": "餐饮服务许可", "Y": "排水设施许可", "Z": "户外招牌许可"}


def w11(log, catalogue=None, **options):
    found = diagnose(log, catalogue, calendar=Calendar.weekdays(), only=["W11"], **options)
    return {f.id: f for f in found}, [n for n in found.not_checkable if n.rule == "W11"]


def catalogue(*edges, necessity="required"):
    """An edge (X, Y): a material of Y is the result of X."""
    asked = pd.DataFrame(
        [(b, f"{a}DOC", f"{NAMES[a]}批复", necessity, a) for a, b in edges],
        columns=["item_code", "canonical_id", "name", "necessity", "produced_by_item"],
    )
    items = pd.DataFrame({"item_code": list(NAMES), "name": list(NAMES.values())})
    return Catalogue(items=items, item_materials=asked)


def bundles(*reasons, n=40, items="XY"):
    """Bundles of the items; a reason (X, text) is an office's opinion when it asks for corrections of X."""
    case = []
    for day, item in enumerate(items):
        case.append(step(f"{item}申请", APPLICANT, "apply", day, item_code=item))
    for day, (item, text) in enumerate(reasons, len(items)):
        case.append(step(f"{item}补正通知", f"{item}局", "correction", day, item_code=item, opinion=text))
    return log_of([case] * n, bundles=True)


def test_two_items_that_ask_for_each_other_are_a_circle():
    found, missing = w11(bundles(), catalogue(("X", "Y"), ("Y", "X")))
    assert not missing
    finding = found["W11-X-Y"]
    assert (finding.cases, finding.population, finding.confidence) == (40, 40, "high")
    assert finding.scope["items"] == ("X", "Y")
    assert finding.details == {"circle": ["X", "Y"], "basis": "catalogue", "reasons": {}}
    assert "餐饮服务许可 → 排水设施许可 → 餐饮服务许可" in finding.statement_en


def test_a_chain_is_none():
    assert w11(bundles(items="XYZ"), catalogue(("X", "Y"), ("Y", "Z"), ("X", "Z"))) == ({}, [])


def test_an_item_that_asks_for_its_own_result_is_none():
    assert w11(bundles(), catalogue(("X", "X")))[0] == {}


def test_an_optional_material_binds_nobody():
    assert w11(bundles(), catalogue(("X", "Y"), ("Y", "X"), necessity="optional"))[0] == {}


def test_a_circle_of_three_concerns_bundles_with_two_of_them():
    rules = catalogue(("X", "Y"), ("Y", "Z"), ("Z", "X"))
    assert w11(bundles(items="XY"), rules)[0]["W11-X-Y-Z"].cases == 40
    assert w11(bundles(items="XYZ"), rules)[0].keys() == {"W11-X-Y-Z"}


def test_a_circle_in_the_guides_needs_no_thirty_cases_but_one():
    rules = catalogue(("X", "Y"), ("Y", "X"))
    assert w11(bundles(n=3), rules)[0]["W11-X-Y"].cases == 3
    assert w11(bundles(items="Z"), rules)[0] == {}


def test_without_bundles_one_of_its_items_is_enough():
    single = log_of([[step("申请", APPLICANT, "apply", 0, item_code=item)] for item in "XXXYYZ"])
    finding = w11(single, catalogue(("X", "Y"), ("Y", "X")))[0]["W11-X-Y"]
    assert (finding.cases, finding.population) == (5, 5)


NAMED = (("X", "请先提交排水设施许可"), ("Y", "缺少餐饮服务许可证复印件"))


def test_reasons_that_name_each_other_suggest_a_circle():
    finding = w11(bundles(*NAMED), catalogue())[0]["W11-X-Y"]
    assert finding.confidence == "low"
    assert finding.details["basis"] == "observed"
    assert finding.details["reasons"] == {"X → Y": 40, "Y → X": 40}


@pytest.mark.parametrize(("n", "found"), [(29, 0), (30, 1)])
def test_thirty_cases_in_each_direction(n, found):
    assert len(w11(bundles(*NAMED, n=n), catalogue())[0]) == found


def test_one_direction_is_no_circle():
    assert w11(bundles(NAMED[0]), catalogue()) == ({}, [])


def test_one_direction_in_the_guides_and_one_in_reasons():
    finding = w11(bundles(NAMED[0]), catalogue(("X", "Y")))[0]["W11-X-Y"]
    assert finding.confidence == "low"
    assert finding.details["reasons"] == {"Y → X": 40}


def test_a_circle_is_told_once_by_the_surer_source():
    finding = w11(bundles(*NAMED), catalogue(("X", "Y"), ("Y", "X")))[0]
    assert [f.confidence for f in finding.values()] == ["high"]


def test_a_name_within_the_own_name_is_not_another_item():
    """Y is called 许可 for short, which every reason about X's own licence contains."""
    items = pd.DataFrame({"item_code": ["X", "Y"], "name": ["餐饮服务许可", "服务许可"]})
    log = bundles(("X", "餐饮服务许可过期"), ("Y", "餐饮服务许可过期"))
    assert w11(log, Catalogue(items=items, item_materials=catalogue(("X", "X")).item_materials))[0] == {}


def test_reasons_of_rejected_materials_count_too():
    log = bundles()
    papers = pd.DataFrame(
        [(f"c{n:03}-{item}", item, text) for n in range(40) for item, text in NAMED],
        columns=["case_id", "item_code", "reject_reason"],
    )
    found = w11(log.with_tables(material_instances=papers), catalogue())[0]
    assert found["W11-X-Y"].details["reasons"] == {"X → Y": 40, "Y → X": 40}


def test_corrections_among_the_special_episodes_count_and_others_do_not():
    def table(kind):
        rows = [(f"c{n:03}-{item}", item, kind, text) for n in range(40) for item, text in NAMED]
        return pd.DataFrame(rows, columns=["case_id", "item_code", "type", "reason"])

    log = bundles()
    assert len(w11(log.with_tables(special_episodes=table("补正")), catalogue())[0]) == 1
    assert w11(log.with_tables(special_episodes=table("听证")), catalogue())[0] == {}


def test_not_checkable_without_items_or_any_source():
    plain = [step("申请", APPLICANT, "apply", 0)]
    assert len(w11(log_of([plain] * 3))[1][0].needs) == 2
    assert len(w11(bundles())[1][0].needs) == 1
