"""W02: a signature that never objects and takes minutes."""

import pandas as pd
import pytest
from approvals import at

from flowaudit.diagnosis import diagnose
from flowaudit.diagnosis.context import Context
from flowaudit.diagnosis.outcomes import consents, objections
from flowaudit.eventlog import APPLICANT, from_frame
from flowaudit.worktime import Calendar

WEEKDAYS = Calendar.weekdays()
SIGNED = 400
STAMP = {"activity": "审核", "department": "甲局", "stage": "check", "result": "通过"}


def case(number, *extra, minutes=3, **changes):
    """Application, a review of an hour, and on the next day the signature in question; then what comes besides."""
    steps = [
        ("申请", APPLICANT, "apply", None, 0, 60, {}),
        ("承办", "甲局", "review", "通过", 1, 60, {}),
        (*(({**STAMP, **changes})[k] for k in STAMP), 2, minutes, {k: v for k, v in changes.items() if k not in STAMP}),
        *extra,
    ]
    rows = []
    for activity, department, stage, result, day, length, more in steps:
        begin = at(day + 5 * number)
        row = {"case_id": f"c{number:03}", "activity": activity, "department": department, "stage": stage}
        row |= {"result": result, "start": begin, "end": begin + pd.Timedelta(minutes=length)}
        rows.append(row | more)
    return rows


def log_of(cases, tables=None):
    return from_frame(pd.DataFrame([row for rows in cases for row in rows]), tables=tables)


def stamped(n=SIGNED, **changes):
    return [case(i, **changes) for i in range(n)]


def w02(log, **options):
    found = diagnose(log, calendar=WEEKDAYS, only=["W02"], **options)
    return list(found), list(found.not_checkable)


def test_a_stamp_is_found():
    (finding,), missing = w02(log_of(stamped()))
    assert not missing
    assert finding.id == "W02-甲局-审核"
    assert (finding.cases, finding.population) == (SIGNED, SIGNED)
    # From 10:00 on the day before to 09:03: six office hours and three minutes.
    assert finding.time_lost_days_median == pytest.approx(6.05 / 7)
    assert finding.saving_days_total == pytest.approx(SIGNED * 6.05 / 7)
    assert finding.details["negative"] == 0
    assert finding.details["negative_high"] == pytest.approx(0.0095, abs=1e-4)
    assert finding.details["median_minutes"] == 3
    assert finding.details["previous_minutes"] == 60
    assert finding.measures == ("M02", "M01")
    assert "removal" in finding.caveat_en
    assert finding.scope == {"activities": ("审核",), "departments": ("甲局",), "items": ()}


@pytest.mark.parametrize(("n", "found"), [(SIGNED - 1, 0), (SIGNED, 1)])
def test_fewer_than_four_hundred_say_nothing(n, found):
    assert len(w02(log_of(stamped(n)))[0]) == found


@pytest.mark.parametrize("word", ["退件", "撤回", "不予许可", "退回", "补正", "withdrawn", "Returned", "其他"])
def test_anything_but_consent_counts(word):
    """One in 400 has an upper bound of 1.4 %, none in 400 of 0.95 %."""
    assert w02(log_of([*stamped(SIGNED - 1), case(SIGNED - 1, result=word)]))[0] == []


@pytest.mark.parametrize("word", ["通过", "同意", "准予许可", "Approved", "PASS"])
def test_consent_has_many_words(word):
    assert len(w02(log_of(stamped(result=word)))[0]) == 1


def test_words_of_results():
    cases = [
        [{"case_id": "1", "activity": "a", "end": at(0), "result": w}] for w in ("不同意", "同意", "撤回", "办结", None)
    ]
    context = Context(log_of(cases), None, WEEKDAYS, 1)
    assert consents(context).tolist() == [False, True, False, False, False]
    assert objections(context).tolist() == [True, False, True, False, False]


def test_a_later_refusal_is_a_reversal():
    refused = case(0, ("决定", "甲局", "decide", "不予许可", 3, 60, {}))
    assert w02(log_of([refused, *stamped()[1:]]))[0] == []


def test_asking_for_more_later_on_is_none():
    asked = case(0, ("决定", "甲局", "decide", "补正", 3, 60, {}))
    assert len(w02(log_of([asked, *stamped()[1:]]))[0]) == 1


def test_a_case_that_was_closed_as_withdrawn_is_none_either():
    results = ["退件", *["准予许可"] * (SIGNED - 1)]
    table = pd.DataFrame({"case_id": [f"c{i:03}" for i in range(SIGNED)], "result": results})
    assert w02(log_of(stamped(), {"cases": table}))[0] == []
    assert len(w02(log_of(stamped(), {"cases": table.assign(result="准予许可")}))[0]) == 1


def test_an_officer_who_objects_in_another_step_does_examine():
    back = ("退回通知", "甲局", "correction", None, 1.5, 6, {"resource": "p"})
    assert w02(log_of([case(0, back, resource="p"), *stamped(resource="p")[1:]]))[0] == []
    assert len(w02(log_of([case(0, back, resource="q"), *stamped(resource="q2")[1:]]))[0]) == 1


@pytest.mark.parametrize(("minutes", "found"), [(4.9, 1), (5.0, 1), (5.9, 1), (6.1, 0), (30, 0)])
def test_five_minutes_or_a_tenth_of_the_level_before(minutes, found):
    """The level before takes an hour: a tenth of it is six minutes."""
    assert len(w02(log_of(stamped(minutes=minutes)))[0]) == found


def test_ends_filled_with_the_start_are_no_instants():
    found, (missing,) = w02(log_of(stamped(minutes=0)))
    assert (found, missing.needs) == ([], ("start",))
    assert "recorded" in missing.reason_en


@pytest.mark.parametrize(
    "changes", [{"stage": "review"}, {"stage": "accept"}, {"is_auto": True}, {"legally_required": "是"}, {"department": APPLICANT}]
)  # fmt: skip
def test_what_is_no_second_signature_of_a_person(changes):
    assert w02(log_of(stamped(**changes))) == ([], [])


def test_opinions_in_words_of_their_own_are_an_examination():
    def cases(own):
        return [case(i, opinion=f"意见{i}" if i < own else "同意") for i in range(SIGNED)]

    (finding,), _missing = w02(log_of(cases(20)))  # 382 of 400 in the three commonest phrases: 95.5 %
    assert finding.confidence == "high"
    assert finding.details["stock_opinions"] == pytest.approx(382 / 400)
    assert w02(log_of(cases(23)))[0] == []  # 379 of 400


def test_the_only_decision_is_not_to_be_left_out():
    (finding,), _missing = w02(log_of(stamped(stage="decide")))
    assert finding.details["only_decision"]
    assert finding.confidence == "low"
    second = ("决定", "甲局", "decide", "通过", 3, 60, {})
    (finding,), _missing = w02(log_of([case(i, second, stage="decide") for i in range(SIGNED)]))
    assert not finding.details["only_decision"]


def test_without_stages_the_second_level_is_looked_at():
    rows = [[{**r, "level": {"承办": 1, "审核": 2}.get(r["activity"])} for r in c] for c in stamped()]
    log = from_frame(pd.DataFrame([r for c in rows for r in c]).drop(columns="stage"))
    (finding,), _missing = w02(log)
    assert finding.scope["activities"] == ("审核",)


def test_two_departments_with_one_step_name_are_two_nodes():
    half = SIGNED // 2
    assert w02(log_of([case(i, department="甲局" if i < half else "乙局") for i in range(SIGNED)]))[0] == []


def test_the_thresholds_can_be_changed():
    (finding,), _missing = w02(log_of(stamped(100)), thresholds={"W02": {"n": 100, "negative": 0.04}})
    assert "n = 100" in finding.counting_en


@pytest.mark.parametrize(("column", "need"), [("result", "result"), ("start", "start | claim")])
def test_not_checkable(column, need):
    frame = pd.DataFrame([row for rows in stamped(40) for row in rows]).drop(columns=column)
    found, (missing,) = w02(from_frame(frame))
    assert (found, missing.needs) == ([], (need,))
