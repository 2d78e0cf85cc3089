"""W25: returned by a late level for what intake can see."""

import pandas as pd
import pytest
from approvals import at, log_of, step

from flowaudit.catalogue import Catalogue
from flowaudit.diagnosis import diagnose
from flowaudit.eventlog import APPLICANT
from flowaudit.worktime import Calendar

MATERIALS = Catalogue(materials=pd.DataFrame({"canonical_id": ["YYZZ"], "name": ["营业执照"], "aliases": [None]}))


def w25(log, catalogue=None, **options):
    found = diagnose(log, catalogue, calendar=Calendar.weekdays(), only=["W25"], **options)
    return list(found), list(found.not_checkable)


def case(opinion=None, *, result="退回", stage="check", again=True, **more):
    """Reviewed on day 2, sent back by the second level on day 4, reviewed again on day 5 and signed on day 8."""
    steps = [
        step("申请", APPLICANT, "apply", 0, **more),
        step("受理", "窗口", "accept", 1, result="受理", **more),
        step("承办", "甲局", "review", 2, result="通过", opinion="同意", **more),
        step("审核", "甲局", stage, 4, result=result, opinion=opinion, **more),
    ]
    if again:
        steps += [
            step("承办", "甲局", "review", 5, result="通过", opinion="同意", **more),
            step("审核", "甲局", stage, 8, result="通过", opinion="同意", **more),
        ]
    return steps


def plain(**more):
    return case("同意", result="通过", again=False, **more)


def test_a_missing_paper_seen_by_the_second_level():
    (finding,), missing = w25(log_of([case("缺少签名")] * 40 + [plain()] * 60))
    assert not missing
    assert finding.id == "W25-all"
    assert (finding.cases, finding.population, finding.share) == (40, 100, 0.4)
    # What came again: from the return at 10:00 on day 4 to the signature at 10:00 on day 8.
    assert finding.time_lost_days_median == pytest.approx(4.0)
    assert finding.saving_days_total == pytest.approx(160.0)
    assert finding.details["reasons"] == [["缺少签名", 40]]
    assert finding.scope["activities"] == ("审核",)
    assert "A late level" in finding.statement_en


def test_where_the_case_ended_all_since_acceptance_was_in_vain():
    (finding,), _missing = w25(log_of([case("材料不齐", result="不予许可", again=False)] * 40))
    assert finding.time_lost_days_median == pytest.approx(3.0)  # from day 1, 10:00 to day 4, 10:00


def test_of_two_returns_all_that_came_again():
    twice = [*case("缺少签名", again=False), *case("未附页", again=True)[2:]]
    shifted = [
        step(s.activity, s.department, s.stage, s.day + (4 if i > 3 else 0), **s.more) for i, s in enumerate(twice)
    ]
    (finding,), _missing = w25(log_of([shifted] * 40))
    assert finding.time_lost_days_median == pytest.approx(8.0)  # from day 4 to day 12
    assert finding.details["returns"] == 80


def test_the_applicant_s_own_time_is_not_the_offices():
    answer = step("补正提交", APPLICANT, "correction", 4.5)
    case_ = [*case("缺少签名", again=False), answer, *case("缺少签名")[4:]]
    (finding,), _missing = w25(log_of([case_] * 40))
    # The answer ends at 13:30 on day 4: 3.5 hours of that day, three days, and the hour until 10:00 on day 8.
    assert finding.time_lost_days_median == pytest.approx((3.5 + 3 * 7 + 1) / 7)


@pytest.mark.parametrize("opinion", ["不符合安全条件", "同意", "规划不允许"])
def test_a_reason_of_the_matter_is_none(opinion):
    assert w25(log_of([case(opinion)] * 40))[0] == []


@pytest.mark.parametrize(
    "opinion", ["申请材料不齐全", "证件过期", "未加盖公章", "姓名与申请表不一致", "复印件不清晰", "填写不完整", "Signature missing", "form EXPIRED"]
)  # fmt: skip
def test_formal_reasons(opinion):
    assert len(w25(log_of([case(opinion)] * 40))[0]) == 1


def test_a_named_material_is_a_reason_too():
    log = log_of([case("营业执照经营范围不含餐饮")] * 40)
    assert w25(log)[0] == []
    assert len(w25(log, MATERIALS)[0]) == 1


def test_the_result_may_tell():
    assert len(w25(log_of([case(result="材料不齐退回")] * 40))[0]) == 1
    assert w25(log_of([case()] * 40))[0] == []


@pytest.mark.parametrize(
    ("stage", "level", "found"),
    [("check", None, 1), ("decide", None, 1), ("review", None, 0), ("review", 2, 1), ("review", 1, 0)],
)
def test_a_late_level(stage, level, found):
    steps = [
        step(s.activity, s.department, s.stage, s.day, **s.more, level=level if s.activity == "审核" else None)
        for s in case("缺少签名", stage=stage)
    ]
    assert len(w25(log_of([steps] * 40))[0]) == found


def test_passed_in_spite_of_its_words():
    assert w25(log_of([case("材料齐全，同意", result="通过")] * 40))[0] == []


def test_automatic_checks_are_no_late_level():
    steps = [
        step(s.activity, s.department, s.stage, s.day, **s.more, is_auto=s.activity == "审核") for s in case("缺少签名")
    ]
    assert w25(log_of([steps] * 40))[0] == []


def rejected(log, day, *, accepted="false"):
    stamps = [str(at(day + 5 * i)) for i in range(40)]
    table = pd.DataFrame(
        {"case_id": log.case_ids, "accepted": accepted, "reject_reason": "缺少反面", "submit_time": stamps}
    )
    return log.with_tables(material_instances=table)


def test_a_rejected_material_tells_the_reason():
    log = log_of([case()] * 40)
    (finding,), _missing = w25(rejected(log, 0))
    assert finding.details["reasons"] == [["缺少反面", 40]]
    assert w25(rejected(log, 0, accepted="true"))[0] == []
    assert w25(rejected(log, 5))[0] == []  # handed in after the return


def test_one_that_the_first_level_had_rejected_does_not():
    asked = step("补正通知", "窗口", "correction", 1.5, result="补正")
    log = log_of([[*case()[:2], asked, *case()[2:]]] * 40)
    assert w25(rejected(log, 0))[0] == []


def test_an_opinion_of_the_matter_stands_against_the_material():
    assert w25(rejected(log_of([case("不符合安全条件")] * 40), 0))[0] == []


@pytest.mark.parametrize(("late", "other", "found"), [(29, 0, 0), (30, 0, 1), (30, 370, 1), (30, 410, 0)])
def test_support_and_share(late, other, found):
    """30 of 400 are at least 5.3 % by Wilson's interval, 30 of 440 at least 4.8 %."""
    assert len(w25(log_of([case("缺少签名")] * late + [plain()] * other))[0]) == found


def test_items_are_looked_at_one_by_one():
    cases = [case("缺少签名", item_code="X")] * 40 + [plain(item_code="Y")] * 400
    (finding,), _missing = w25(log_of(cases))
    assert (finding.id, finding.population) == ("W25-X", 40)
    assert "“X”" in finding.statement_en


def test_not_checkable():
    log = log_of([[step("审查", "甲局", None, 0)]] * 40)
    assert w25(log)[1][0].needs == (
        "level | stage (check, decide)", "result | stage (correction)", "opinion | result | material_instances.reject_reason"
    )  # fmt: skip
