"""W04: corrections asked for, again and again."""

import pandas as pd
import pytest
from approvals import at, log_of, step

from flowaudit.diagnosis import diagnose
from flowaudit.eventlog import APPLICANT
from flowaudit.worktime import Calendar


def w04(log, **options):
    found = diagnose(log, calendar=Calendar.weekdays(), only=["W04"], **options)
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
    found, missing = w04(log)
    assert not missing
    (finding,) = (f for f in found if f.id == "W04-all")
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


def test_the_materials_of_another_item_are_its_own_affair():
    """Seen case by case the table of materials has no items: those of the cases stand for them."""
    log = log_of([case(1, "X")] * 40 + [case(1, "Y")] * 40)
    materials = pd.DataFrame({"case_id": log.case_ids, "canonical_id": ["ID"] * 40 + ["PLAN"] * 40, "accepted": "否"})
    found, _missing = w04(log.with_tables(material_instances=materials))
    assert {f.id: f.details["materials"] for f in found} == {"W04-X": [["ID", 40]], "W04-Y": [["PLAN", 40]]}


# One complete notice.


def repeats(found):
    return [f for f in found if f.id.endswith("-repeat")]


def twice(accepted=None, opinions=(None, None)):
    """Asked on days 1 and 5, answered on days 4 and 8; accepted on some day, or nobody says when."""
    steps = case(2)
    for k, words in zip((1, 3), opinions, strict=True):
        if words:
            steps[k] = step("补正通知", "窗口", "correction", 1 if k == 1 else 5, opinion=words)
    if accepted is not None:
        steps = sorted([*steps, step("受理", "窗口", "accept", accepted)], key=lambda s: s.day)
    return steps


def test_asked_again_before_acceptance():
    found, _missing = w04(log_of([twice(accepted=10)] * 40 + [case(1)] * 60))
    (finding,) = repeats(found)
    assert finding.id == "W04-all-repeat"
    assert (finding.cases, finding.population) == (40, 100)
    # Only what the second notice asked for could have been spared: three days in each case.
    assert finding.time_lost_days_total == pytest.approx(40 * 3.0)
    assert finding.details == {"requests_beyond_the_first": 40, "before_acceptance": 40, "with_other_contents": 0}
    assert finding.measures == ("M09", "M10")
    assert finding.overlaps == ("W04-all",)
    assert finding.confidence == "medium"


def test_once_each_is_no_repeat():
    assert repeats(w04(log_of([case(1)] * 100))[0]) == []


@pytest.mark.parametrize(("accepted", "found"), [(2, 0), (10, 1), (None, 1)])
def test_after_acceptance_unknown_contents_break_no_rule(accepted, found):
    got = repeats(w04(log_of([twice(accepted)] * 40))[0])
    assert len(got) == found
    if accepted is None:
        assert got[0].confidence == "low"


@pytest.mark.parametrize(
    ("opinions", "found"), [(("缺身份证", "缺平面图"), 1), (("缺身份证", "缺身份证"), 0), (("缺身份证", None), 1)]
)
def test_the_same_words_ask_for_the_same(opinions, found):
    assert len(repeats(w04(log_of([twice(10, opinions)] * 40))[0])) == found


def with_rejections(kinds, accepted=2, n=40):
    """What was handed in on day 0 and again on day 4 is rejected; an hour later the day's act of the applicant ends."""
    log = log_of([twice(accepted)] * n)
    rows = [
        (f"c{k:03}", kind, at(day + 5 * k) + pd.Timedelta(hours=1), "false")
        for k in range(n)
        for day, kind in zip((0, 4), kinds, strict=True)
        if kind
    ]
    table = pd.DataFrame(rows, columns=["case_id", "canonical_id", "submit_time", "accepted"])
    return log.with_tables(material_instances=table)


@pytest.mark.parametrize(
    ("kinds", "accepted", "found"),
    [(("ID", "PLAN"), 2, 1), (("ID", "ID"), 2, 0), (("ID", "ID"), 10, 0), (("ID", None), 2, 0), (("ID", None), 10, 1)],
    ids=["other", "same", "same before acceptance", "unknown", "unknown before acceptance"],
)
def test_materials_tell_whether_the_second_request_is_a_new_one(kinds, accepted, found):
    got = repeats(w04(with_rejections(kinds, accepted))[0])
    assert len(got) == found
    if kinds == ("ID", "PLAN"):
        assert got[0].details["with_other_contents"] == 40
        assert got[0].confidence == "high"


@pytest.mark.parametrize(("again", "once", "found"), [(29, 0, 0), (30, 0, 1), (30, 150, 1), (30, 200, 0)])
def test_repeats_need_thirty_cases_and_a_lower_bound_of_ten_per_cent(again, once, found):
    """30 of 180 corrected cases have a Wilson interval from 11.9 %; 30 of 230 one from 9.3 %."""
    assert len(repeats(w04(log_of([twice()] * again + [case(1)] * once))[0])) == found


# Returns inside the office.


def sent_back(to, *, applicant=True, level=(2, 1)):
    """The second level sends back on day 3; who goes on with it?"""
    first = step("申请", APPLICANT, "apply", 0) if applicant else step("收件", "窗口", "apply", 0)
    return [
        first,
        step("承办", "甲局", "review", 1, level=1),
        step("审核", "甲局", "check", 3, level=level[0], result="退回"),
        step(
            "补正提交" if to == APPLICANT else "承办", to, "apply" if to == APPLICANT else "review", 5, level=level[1]
        ),
        step("决定", "甲局", "decide", 8, level=3, result="通过"),
    ]


def test_what_goes_back_to_the_office_is_no_correction():
    assert w04(log_of([sent_back("甲局")] * 60)) == ([], [])
    (finding,), _missing = w04(log_of([sent_back(APPLICANT)] * 30 + [sent_back("甲局")] * 20))
    assert (finding.cases, finding.details["sent_back_inside"]) == (30, 20)


def test_without_the_applicant_s_acts_the_level_must_fall():
    assert w04(log_of([sent_back("甲局", applicant=False)] * 60)) == ([], [])
    (finding,), _missing = w04(log_of([sent_back("甲局", applicant=False, level=(2, 2))] * 60))
    assert finding.cases == 60


def test_a_request_that_says_correction_stays_one_wherever_it_goes():
    steps = [
        step(s.activity, s.department, s.stage, s.day, **{**s.more, "result": s.more.get("result") and "补正"})
        for s in sent_back("甲局")
    ]
    assert w04(log_of([steps[:4]] * 60))[0][0].cases == 60
