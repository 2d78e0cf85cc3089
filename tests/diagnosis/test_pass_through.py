"""W18: a lower authority that only passes on."""

import pandas as pd
import pytest
from approvals import at

from flowaudit.diagnosis import diagnose
from flowaudit.diagnosis.rules.w18_pass_through import authority_rank
from flowaudit.eventlog import APPLICANT, from_frame
from flowaudit.worktime import Calendar

MANY = 400


def case(number, *, result="同意转报", lower="县级", upper="市级", above="review", name="初审", objects=None, **more):
    """Applied, looked at by the lower authority on the next day, by the higher one two days later, and decided."""
    steps = [
        ("申请", APPLICANT, "apply", None, None, 0, {}),
        *([("补正通知", "县局", "correction", lower, None, 0.5, {})] if objects else []),
        (name, "县局", "review", lower, result, 1, more),
        *([("市级审查", "市局", above, upper, "通过", 3, {})] if above else []),
        ("决定", "市局", "produce" if above is None else "decide", upper, "准予许可", 4, {}),
    ]
    return [
        {
            "case_id": f"c{number:03}", "activity": activity, "department": department, "stage": stage,
            "authority_level": level, "result": said, "start": at(day + 5 * number),
            "end": at(day + 5 * number) + pd.Timedelta(hours=1), **extra,
        }
        for activity, department, stage, level, said, day, extra in steps
    ]  # fmt: skip


def log_of(cases, *without):
    return from_frame(pd.DataFrame([row for rows in cases for row in rows]).drop(columns=list(without)))


def forwarded(n=MANY, **changes):
    return [case(i, **changes) for i in range(n)]


def w18(log, **options):
    found = diagnose(log, calendar=Calendar.weekdays(), only=["W18"], **options)
    return list(found), list(found.not_checkable)


def test_passing_on_is_found():
    (finding,), missing = w18(log_of(forwarded()))
    assert not missing
    assert finding.id == "W18-县局-初审"
    assert (finding.cases, finding.population, finding.confidence) == (MANY, MANY, "medium")
    # The application ends at 10:00; the lower review ends at 10:00 the next day.
    assert finding.time_lost_days_median == pytest.approx(1.0)
    assert finding.saving_days_total == pytest.approx(MANY)
    assert finding.details == {
        "executions": MANY, "negative": 0, "negative_high": pytest.approx(0.0095, abs=1e-4), "followed": MANY
    }  # fmt: skip
    assert finding.measures == ("M21",)


@pytest.mark.parametrize(("n", "found"), [(MANY - 1, 0), (MANY, 1)])
def test_fewer_than_four_hundred_say_nothing(n, found):
    assert len(w18(log_of(forwarded(n)))[0]) == found
    assert len(w18(log_of(forwarded(n)), thresholds={"W18": {"n": 300}})[0]) == 1


@pytest.mark.parametrize("change", [{"result": "退回"}, {"result": "退件"}, {"objects": True}])
def test_who_objects_does_examine(change):
    assert w18(log_of([case(0, **change), *forwarded()[1:]]))[0] == []


def test_that_the_higher_authority_refuses_proves_nothing_about_the_lower():
    cases = forwarded()
    cases[0][-1]["result"] = "不予许可"
    assert len(w18(log_of(cases))[0]) == 1


@pytest.mark.parametrize(
    "changes",
    [{"upper": "县级"}, {"lower": "省级"}, {"above": None}, {"lower": "分级管理"}, {"is_auto": True}, {"legally_required": "是"}],
    ids=["same level", "from above", "nobody reviews again", "no level", "automatic", "the law demands it"],
)  # fmt: skip
def test_no_passing_on_to_a_higher_authority(changes):
    assert w18(log_of(forwarded(**changes))) == ([], [])


def test_four_in_five_are_reviewed_again():
    for own, found in ((80, 1), (81, 0)):
        cases = [case(i, above=None if i < own else "review") for i in range(MANY)]
        assert len(w18(log_of(cases))[0]) == found


@pytest.mark.parametrize("change", [{"name": "初审转报"}, {"result": "同意转报"}, {"result": "上报"}])
def test_without_levels_the_word_tells(change):
    (finding,), _missing = w18(log_of(forwarded(**{"result": "通过", **change}), "authority_level"))
    assert (finding.cases, finding.confidence) == (MANY, "low")


def test_without_levels_somebody_else_has_to_review_again():
    assert w18(log_of(forwarded(above=None), "authority_level"))[0] == []


def test_not_checkable():
    found, (missing,) = w18(log_of(forwarded(result="通过"), "authority_level"))
    assert (found, missing.needs) == ([], ("authority_level | result (转报)",))
    assert w18(log_of(forwarded(40), "authority_level", "result"))[1][0].needs == (
        "result",
        "authority_level | result (转报)",
    )


@pytest.mark.parametrize(
    ("label", "rank"),
    [("国家级", 1), ("自治区级", 2), ("直辖市", 2), ("县级市", 4), ("市辖区", 4), ("镇（乡、街道）级", 5), ("村（社区）级", 6), ("5", 5),
     ("3.0", 3), ("310115", 4), ("330106001000", 5), ("330106001205", 6), ("Province", 2), ("county level", 4)],
)  # fmt: skip
def test_ranks_of_authorities(label, rank):
    assert authority_rank(label) == rank


@pytest.mark.parametrize("label", ["分级管理", "7", "", "12345", None])
def test_what_is_no_rank(label):
    assert authority_rank(label) != authority_rank(label)
