"""W08: the same premises inspected again by another department, or for another item."""

import pandas as pd
import pytest
from approvals import log_of, step

from flowaudit.diagnosis import diagnose
from flowaudit.worktime import Calendar


def w08(log, **options):
    found = diagnose(log, calendar=Calendar.weekdays(), only=["W08"], **options)
    return list(found), list(found.not_checkable)


def visit(department, day, **more):
    return step(f"{department}核查", department, "inspect", day, **more)


def case(*visits):
    return [step("受理", "窗口", "accept", 0), *visits, step("决定", "甲局", "decide", 60)]


def test_two_departments_one_after_the_other():
    (finding,), missing = w08(log_of([case(visit("消防", 2), visit("环保", 5))] * 40 + [case(visit("消防", 2))] * 60))
    assert not missing
    assert finding.id == "W08-消防-环保"
    assert (finding.cases, finding.population, finding.share) == (40, 100, 0.4)
    # From the end of the first inspection at 10:00 to the end of the second at 10:00 on the third day after.
    assert finding.time_lost_days_median == pytest.approx(3.0)
    assert finding.saving_days_total == pytest.approx(120.0)
    assert finding.scope["departments"] == ("消防", "环保")
    assert finding.events[finding.evidence[0]] == (2, 3)  # to look at: both
    assert finding.measures == ("M14",)


def test_in_whichever_order_they_come():
    cases = [case(visit("消防", 2), visit("环保", 5))] * 20 + [case(visit("环保", 2), visit("消防", 5))] * 20
    (finding,), _missing = w08(log_of(cases))
    assert (finding.cases, finding.details["repeated"]) == (40, 40)


@pytest.mark.parametrize(("apart", "found"), [(30, 1), (31, 0)])
def test_within_thirty_working_days(apart, found):
    assert len(w08(log_of([case(visit("消防", 2), visit("环保", 2 + apart))] * 40))[0]) == found


def test_a_joint_inspection_is_one():
    assert w08(log_of([case(visit("消防", 2), visit("环保", 2))] * 40))[0] == []  # the same start
    one = [case(visit("消防", 2, event_id=f"j{i}")) for i in range(40)]
    assert w08(log_of(one))[0] == []


def test_inspectors_who_are_there_at_the_same_time_are_together():
    assert w08(log_of([case(visit("消防", 2), visit("环保", 2 + 0.5 / 7))] * 40))[0] == []  # 09:00-10:00, 09:30-10:30
    assert len(w08(log_of([case(visit("消防", 2), visit("环保", 2 + 1 / 7))] * 40))[0]) == 1  # 10:00-11:00


def test_a_second_look_of_the_same_department_is_no_repetition():
    assert w08(log_of([case(visit("消防", 2), visit("消防", 9))] * 40))[0] == []
    # After another department's visit it is one of that department's, not two.
    (finding,), _missing = w08(log_of([case(visit("消防", 2), visit("环保", 4), visit("消防", 9))] * 40))
    assert finding.details["repeated"] == 40


def test_the_same_department_for_two_items():
    cases = [case(visit("消防", 2, item_code="X"), visit("消防", 5, item_code="Y"))] * 40
    (finding,), _missing = w08(log_of(cases))
    assert finding.id == "W08-消防-消防"
    assert set(finding.scope["items"]) == {"X", "Y"}
    assert "more than once" in finding.statement_en


def test_what_the_law_demands_is_none():
    assert w08(log_of([case(visit("消防", 2), visit("环保", 5, legally_required="是"))] * 40))[0] == []


def test_automatic_inspections_do_not_count():
    assert w08(log_of([case(visit("消防", 2), visit("环保", 5, is_auto=True))] * 40))[0] == []


def separate(*, location=None, **columns):
    """Two cases for each applicant, inspected by one department each, 5 working days apart."""
    cases = [
        case(visit(d, 2, **({} if location is None else {"location": location(i)})))
        for i in range(40)
        for d in ("消防", "环保")
    ]
    log = log_of(cases)
    return log.with_tables(cases=pd.DataFrame({"case_id": log.case_ids, **columns})) if columns else log


APPLICANTS = [f"a{i // 2}" for i in range(80)]


def test_cases_of_one_applicant():
    (finding,), _missing = w08(separate(applicant_id=APPLICANTS))
    assert (finding.cases, finding.population, finding.confidence) == (40, 80, "medium")
    assert w08(separate(applicant_id=[f"a{i}" for i in range(80)]))[0] == []


def test_cases_of_one_location():
    assert w08(separate(location=lambda i: f"{i}号"))[0][0].cases == 40
    assert w08(separate(location=lambda i: None))[0] == []


def test_a_hall_or_a_district_is_no_premises():
    assert w08(separate(location=lambda _i: "东区"))[0] == []


def test_two_premises_of_one_applicant_are_two():
    cases = [case(visit("消防", 2, location="一店"), visit("环保", 5, location="二店"))] * 40
    log = log_of(cases)
    table = pd.DataFrame({"case_id": log.case_ids, "applicant_id": log.case_ids})
    assert w08(log.with_tables(cases=table))[0] == []


def test_a_bundle_is_one_site():
    cases = [case(visit("消防", 2, item_code="X"), visit("环保", 5, item_code="Y"))] * 40
    cases = [[step(s.activity, s.department, s.stage, s.day, **{"item_code": "X", **s.more}) for s in c] for c in cases]
    (finding,), _missing = w08(log_of(cases, bundles=True))
    assert (finding.cases, finding.confidence) == (40, "high")


@pytest.mark.parametrize(("twice", "once", "found"), [(29, 0, 0), (30, 0, 1), (30, 370, 1), (30, 410, 0)])
def test_support_and_share(twice, once, found):
    """30 of 400 are at least 5.3 % by Wilson's interval, 30 of 440 at least 4.8 %."""
    cases = [case(visit("消防", 2), visit("环保", 5))] * twice + [case(visit("消防", 2))] * once
    assert len(w08(log_of(cases))[0]) == found


def test_not_checkable():
    log = log_of([[step("核查", None, None, 0)]] * 40)
    assert w08(log)[1][0].needs == ("stage (inspect)", "department")
