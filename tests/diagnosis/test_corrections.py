"""W04: corrections asked for, again and again."""

import pandas as pd
import pytest
from approvals import log_of, step

from flowaudit.diagnosis import diagnose
from flowaudit.eventlog import APPLICANT
from flowaudit.worktime import Calendar


def w04(log, **options):
    found = diagnose(log, calendar=Calendar.weekdays(), **options)
    return [f for f in found if f.rule == "W04"], [n for n in found.not_checkable if n.rule == "W04"]


def case(corrections=0, item=None, *, stage=True, result=False, applicant=True):
    """Apply on day 0; each correction is asked for and three days later answered; decided in the end."""
    more = {"item_code": item} if item else {}
    steps = [step("申请", APPLICANT if applicant else "窗口", "apply" if stage else None, 0, **more)]
    for i in range(corrections):
        asked = {**more, "result": "补正"} if result else more
        steps += [
            step("补正通知", "窗口", "correction" if stage else None, 1 + 4 * i, **asked),
            step(
                "补正提交",
                APPLICANT if applicant else "窗口",
                "correction" if stage and applicant else None,
                4 + 4 * i,
                **more,
            ),
        ]
    return [*steps, step("决定", "甲局", "decide" if stage else None, 20, **more)]


@pytest.mark.parametrize(
    "how", [{}, {"stage": False, "result": True}, {"stage": True, "result": True}], ids=["stage", "result", "both"]
)
def test_corrections_are_found(how):
    log = log_of([case(1, **how)] * 30 + [case(2, **how)] * 10 + [case(**how)] * 60)
    (finding,), missing = w04(log)
    assert not missing
    assert finding.id == "W04-all"
    assert (finding.cases, finding.population) == (40, 100)
    assert finding.details["requests"] == 50
    assert finding.details["repeated"] == 10
    assert finding.details["first_pass_yield"] == pytest.approx(0.6)
    # Asked and answered from end to end three days apart.
    assert finding.time_lost_days_total == pytest.approx(50 * 3.0)
    assert finding.time_lost_days_median == pytest.approx(3.0)
    assert finding.time_lost_days_p90 == pytest.approx(6.0)
    assert finding.scope["departments"] == ("窗口",)
    assert set(finding.evidence[:10]) == {f"c{i:03}" for i in range(30, 40)}  # the costliest first


def test_each_item_speaks_for_itself():
    both = [a + [s for s in case(0, "Y")] for a in [case(1, "X")] * 40 + [case(0, "X")] * 60]
    (finding,), _missing = w04(log_of(both, bundles=True))
    assert (finding.id, finding.cases, finding.population) == ("W04-X", 40, 100)
    assert finding.scope["items"] == ("X",)


def test_what_the_applicant_does_for_another_item_is_no_answer():
    """X asks on day 1 and is answered on day 4; the applicant applies for Y on day 2."""
    mixed = [*case(1, "X"), step("申请", APPLICANT, "apply", 2, item_code="Y")]
    (finding,), _missing = w04(log_of([mixed] * 30, bundles=True), unit="bundle")
    assert finding.time_lost_days_median == pytest.approx(3.0)


def test_without_an_applicant_the_next_event_answers():
    (finding,), _missing = w04(log_of([case(1, applicant=False)] * 30))
    assert finding.time_lost_days_median == pytest.approx(3.0)


def test_an_open_request_loses_no_time_yet():
    steps = case(1)[:2]
    (finding,), _missing = w04(log_of([steps] * 30))
    assert finding.time_lost_days_total == 0.0


@pytest.mark.parametrize(("corrected", "fine", "found"), [(29, 0, 0), (30, 0, 1), (30, 300, 1), (30, 470, 0)])
def test_support_of_thirty_cases_and_a_lower_bound_of_five_per_cent(corrected, fine, found):
    """30 of 330 have a Wilson interval from 6.4 %; 30 of 500 one from 4.2 %."""
    assert len(w04(log_of([case(1)] * corrected + [case()] * fine))[0]) == found


def test_no_corrections_nothing_found():
    assert w04(log_of([case()] * 100)) == ([], [])


def test_not_checkable_without_stage_and_result():
    found, missing = w04(log_of([case(1, stage=False)] * 40))
    assert found == []
    assert missing[0].needs == ("stage (correction) | result",)


def test_rejected_materials_are_ranked():
    log = log_of([case(1)] * 40)
    materials = pd.DataFrame(
        {
            "case_id": [f"c{i:03}" for i in range(6)],
            "canonical_id": ["ID", "ID", "ID", "PLAN", "PLAN", "LEASE"],
            "accepted": ["false"] * 5 + ["true"],
            "reject_reason": ["缺少反面", "模糊", "缺少反面", "模糊", None, "模糊"],
        }
    )
    (finding,), _missing = w04(log.with_tables(material_instances=materials))
    assert finding.details["materials"] == [["ID", 3], ["PLAN", 2]]
    assert finding.scope["materials"] == ("ID", "PLAN")
    # What was accepted in the end, or rejected without a word, has no reason.
    assert finding.details["reasons"] == [["模糊", 2], ["缺少反面", 2]]


def test_reasons_are_nothing_where_they_are_not_recorded():
    materials = pd.DataFrame({"case_id": ["c000"], "canonical_id": ["ID"], "accepted": ["false"]})
    log = log_of([case(1)] * 40)
    assert w04(log)[0][0].details["reasons"] == []
    assert w04(log.with_tables(material_instances=materials))[0][0].details["reasons"] == []
