"""W13: the same thing reviewed twice with nothing changed in between."""

import pandas as pd
import pytest
from approvals import at, log_of, step

from flowaudit.catalogue import Catalogue
from flowaudit.diagnosis import diagnose
from flowaudit.diagnosis.context import Context
from flowaudit.diagnosis.named import named_materials
from flowaudit.eventlog import APPLICANT
from flowaudit.worktime import Calendar

MATERIALS = Catalogue(
    materials=pd.DataFrame(
        {"canonical_id": ["YYZZ", "SFZ", "FRSFZ"], "name": ["营业执照", "身份证", "法定代表人身份证"], "aliases": ["工商执照|执照副本", None, None]}
    )
)  # fmt: skip


def w13(log, catalogue=None, **options):
    found = diagnose(log, catalogue, calendar=Calendar.weekdays(), only=["W13"], **options)
    return list(found), list(found.not_checkable)


def look(department, day, points="场地", **more):
    return step(f"{department}审查", department, "review", day, review_points=points, **more)


def test_two_departments_review_one_point():
    cases = [[look("甲局", 1), look("乙局", 3)]] * 40 + [[look("甲局", 1), look("乙局", 3, "排污")]] * 60
    (finding,), missing = w13(log_of(cases))
    assert not missing
    assert finding.id == "W13-甲局-乙局"
    assert (finding.cases, finding.population, finding.confidence) == (40, 100, "high")
    assert finding.time_lost_days_median == pytest.approx(2.0)
    assert finding.saving_days_total == pytest.approx(80.0)
    assert finding.details["points"] == ["场地"]
    assert "“场地”" in finding.statement_en


def test_time_is_lost_by_the_share_of_the_points():
    (finding,), _missing = w13(log_of([[look("甲局", 1, "场地；人员"), look("乙局", 3, "排污、场地, 噪声;设备")]] * 40))
    assert finding.time_lost_days_median == pytest.approx(2.0 / 4)


def test_different_points_are_none():
    assert w13(log_of([[look("甲局", 1, "场地;人员"), look("乙局", 3, "排污")]] * 40)) == ([], [])


@pytest.mark.parametrize(
    "between",
    [step("补正通知", "甲局", "correction", 2), step("补正提交", APPLICANT, "correction", 2)],
    ids=["asked", "answered"],
)
def test_after_a_correction_it_is_another_paper(between):
    assert w13(log_of([[look("甲局", 1), between, look("乙局", 3)]] * 40))[0] == []


def test_who_objected_leaves_something_to_look_at():
    assert w13(log_of([[look("甲局", 1, result="退回"), look("乙局", 3)]] * 40))[0] == []
    assert len(w13(log_of([[look("甲局", 1, result="通过"), look("乙局", 3)]] * 40))[0]) == 1


@pytest.mark.parametrize(("day", "found"), [(0.5, 1), (2, 0), (3.5, 1)])
def test_what_was_handed_in_between_may_be_new(day, found):
    log = log_of([[look("甲局", 1), look("乙局", 3)]] * 40)
    stamps = [str(at(day + 5 * i)) for i in range(40)]
    papers = pd.DataFrame({"case_id": log.case_ids, "canonical_id": "YYZZ", "submit_time": stamps})
    assert len(w13(log.with_tables(material_instances=papers))[0]) == found


def two_items():
    first, second = look("甲局", 1, item_code="X"), look("乙局", 3, item_code="Y")
    return log_of([[first, second]] * 40, bundles=True)


def test_handed_in_again_for_another_item_it_is_the_same_paper():
    log = two_items()
    rows = [(f"c{i:03}-{item}", str(at(day + 5 * i))) for i in range(40) for item, day in (("X", 0), ("Y", 2))]
    papers = pd.DataFrame(rows, columns=["case_id", "submit_time"]).assign(canonical_id="YYZZ")
    (finding,), _missing = w13(log.with_tables(material_instances=papers))
    assert finding.cases == 40


def test_levels_of_one_officer_or_office_are_none():
    case = [look("甲局", 1, office="一科", resource="p"), look("甲局", 3, office="一科", resource="q")]
    assert w13(log_of([case] * 40))[0] == []
    case = [look("甲局", 1, office="一科", resource="p"), look("甲局", 3, office="二科", resource="p")]
    assert w13(log_of([case] * 40))[0] == []


def test_two_offices_of_one_department():
    case = [look("甲局", 1, office="一科", resource="p"), look("甲局", 3, office="二科", resource="q")]
    (finding,), _missing = w13(log_of([case] * 40))
    assert finding.id == "W13-甲局·一科-甲局·二科"
    assert finding.scope["offices"] == ("一科", "二科")
    unknown = [look("甲局", 1, office="一科"), look("甲局", 3, office=None)]
    assert w13(log_of([unknown] * 40))[0] == []


def test_coming_back_is_no_repetition_of_one_s_own():
    (finding,), _missing = w13(log_of([[look("甲局", 1), look("乙局", 2), look("甲局", 3)]] * 40))
    assert finding.id == "W13-甲局-乙局"


@pytest.mark.parametrize("more", [{"is_auto": True}, {"legally_required": "是"}])
def test_automatic_checks_and_what_the_law_demands(more):
    assert w13(log_of([[look("甲局", 1), look("乙局", 3, **more)]] * 40))[0] == []


def say(department, day, opinion):
    return step(f"{department}审查", department, "review", day, opinion=opinion)


def test_opinions_that_name_one_material():
    cases = [[say("甲局", 1, "营业执照有效"), say("乙局", 3, "经核对执照副本，同意")]] * 40
    (finding,), _missing = w13(log_of(cases), MATERIALS)
    assert (finding.cases, finding.confidence) == (40, "low")
    assert finding.scope["materials"] == ("营业执照",)


def test_opinions_that_name_another_one():
    cases = [[say("甲局", 1, "身份证有效"), say("乙局", 3, "法定代表人身份证有效")]] * 40
    assert w13(log_of(cases), MATERIALS)[0] == []


def test_a_name_inside_a_longer_one_does_not_count():
    context = Context(log_of([[say("甲局", 1, "")]]), MATERIALS, Calendar.weekdays(), 1)
    found = named_materials(context, ["身份证", "法定代表人身份证", "同意", None, "工商执照和身份证"])
    assert sorted(zip(found.index.tolist(), found.tolist(), strict=True)) == [
        (0, "身份证"), (1, "法定代表人身份证"), (4, "营业执照"), (4, "身份证")
    ]  # fmt: skip


@pytest.mark.parametrize(("twice", "apart", "found"), [(29, 0, 0), (30, 0, 1), (30, 370, 1), (30, 410, 0)])
def test_support_and_share(twice, apart, found):
    cases = [[look("甲局", 1), look("乙局", 3)]] * twice + [[look("甲局", 1), look("乙局", 3, "排污")]] * apart
    assert len(w13(log_of(cases))[0]) == found


def test_not_checkable():
    plain = log_of([[step("审查", "甲局", "review", 1)]] * 40)
    assert w13(plain)[1][0].needs == ("review_points | opinion (naming materials)",)
    stock = log_of([[say("甲局", 1, "同意"), say("乙局", 3, "同意")]] * 40)
    for catalogue, need in ((None, "review_points | catalogue.materials"), (MATERIALS, "review_points")):
        found, (missing,) = w13(stock, catalogue)
        assert (found, missing.needs) == ([], (need,))
