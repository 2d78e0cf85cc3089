"""W16: beyond the limit, and just before it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from approvals import log_of, step

from flowaudit.catalogue import Catalogue
from flowaudit.diagnosis import diagnose
from flowaudit.eventlog import APPLICANT
from flowaudit.worktime import Calendar


def w16(log, catalogue=None, **options):
    found = diagnose(log, catalogue, calendar=Calendar.weekdays(), only=["W16"], **options)
    return {f.id: f for f in found}, found.not_checkable


def limited(cases, days=10, unit="工作日", **columns):
    """The cases with a promise of so many days each."""
    log = log_of(cases)
    table = pd.DataFrame({"case_id": log.case_ids, "promised_days": days, "promised_unit": unit, **columns})
    return replace(log, tables={"cases": table})


def case(days, department="甲局", item=None):
    """Accepted on day 0, decided so many working days later, never where there are none."""
    more = {"item_code": item} if item else {}
    steps = [step("申请", APPLICANT, "apply", 0, **more), step("受理", "窗口", "accept", 0.2, **more)]
    return steps + ([] if days is None else [step("决定", department, "decide", days + 0.4, **more)])


def spread(near, before, after=0):
    """Decided with 0 or 1 days left of ten, 2 to 5 left, and 1 to 4 days late."""
    days = (
        [[9, 10][i % 2] for i in range(near)] + [5 + i % 4 for i in range(before)] + [11 + i % 4 for i in range(after)]
    )
    return [case(d) for d in days]


def test_late_cases_and_their_days():
    found, missing = w16(limited([case(12)] * 40 + [case(3)] * 60))
    assert not missing
    (finding,) = found.values()
    assert finding.id == "W16-late-甲局"
    assert (finding.cases, finding.population) == (40, 100)
    assert finding.time_lost_days_median == 2
    assert finding.time_lost_days_total == 80
    assert finding.scope == {"items": (), "departments": ("甲局",)}


def test_nobody_is_late_on_the_last_day():
    assert w16(limited([case(10)] * 20 + [case(7)] * 20 + [case(3)] * 60)) == ({}, ())


def test_open_after_the_last_day_is_late_too():
    """40 open cases, one a week: the last but one was accepted 5 working days before the log ends, the first 195."""
    found, _missing = w16(limited([case(None)] * 40 + [case(3)] * 60))
    (finding,) = found.values()
    assert (finding.cases, finding.details["still_open"]) == (40, 40)
    # Case k of the first 40 begins on day 5k; the log ends on day 5 * 99 + 3, and ten days were allowed.
    assert finding.time_lost_days_total == sum(5 * 99 + 3 - 5 * k - 10 for k in range(40))


def test_open_within_the_limit_is_not_judged():
    found, _missing = w16(limited([case(12)] * 40 + [case(3)] * 59 + [case(None)]))
    assert found["W16-late-甲局"].population == 99


@pytest.mark.parametrize(
    ("late", "others", "speaks"), [(29, 0, False), (30, 0, True), (30, 370, True), (30, 420, False)]
)
def test_support_and_five_per_cent_by_the_lower_bound(late, others, speaks):
    """30 of 400: Wilson from 5.3 %; 30 of 450: from 4.7 %."""
    assert ("W16-late-甲局" in w16(limited([case(12)] * late + [case(3)] * others))[0]) == speaks


def test_an_extension_moves_the_deadline():
    log = limited([case(12)] * 40)
    episodes = pd.DataFrame(
        {"case_id": log.case_ids, "type": "延长审批", "start": pd.Timestamp("2024-03-05"), "extension_days": 5}
    )
    assert w16(replace(log, tables={**log.tables, "special_episodes": episodes})) == ({}, ())


def test_without_a_promise_the_statutory_limit_counts():
    log = limited([case(12)] * 40, days=np.nan, statutory_days=10, statutory_unit="工作日")
    (finding,) = w16(log)[0].values()
    assert finding.details["beyond_the_statutory_limit"] == 40


def test_limits_of_the_catalogue_by_item():
    cases = [[*case(12, item="X"), *case(3, item="Y")]] * 40
    items = pd.DataFrame(
        {"item_code": ["X", "Y"], "name": ["许可甲", "许可乙"], "promised_days": 10, "promised_unit": "工作日"}
    )
    found, _missing = w16(log_of(cases, bundles=True), Catalogue(items=items))
    (finding,) = found.values()
    assert finding.id == "W16-late-X-甲局"
    assert "许可甲" in finding.statement_en


def test_just_in_time_loses_no_time():
    found, _missing = w16(limited(spread(60, 40)))
    (finding,) = found.values()
    assert finding.id == "W16-just-in-time-甲局"
    assert (finding.cases, finding.population) == (60, 100)
    assert finding.time_lost_days_total is None
    # 30 a day against 10 a day.
    assert finding.details["ratio_per_day"] == 3
    assert finding.details["p"] < 1e-6


@pytest.mark.parametrize(
    ("near", "before", "after", "speaks"),
    [(60, 40, 0, True), (59, 41, 0, False), (60, 39, 0, False),
     (60, 40, 60, True), (60, 40, 61, False), (20, 80, 0, False)],
    ids=["60 of 100", "lower bound below a half", "99 decided", "twice those late", "too many late", "evenly"],
)  # fmt: skip
def test_twice_as_many_a_day_as_before_and_after(near, before, after, speaks):
    found, _missing = w16(limited(spread(near, before, after)))
    assert ("W16-just-in-time-甲局" in found) == speaks


def test_few_on_the_last_days_of_many_are_no_pattern():
    assert w16(limited(spread(30, 0) + [case(1)] * 470))[0] == {}


def test_a_short_limit_has_no_days_to_compare_with():
    assert w16(limited([case(4)] * 60 + [case(5)] * 60, days=5))[0] == {}


def test_a_department_of_its_own_is_found_among_others():
    cases = spread(60, 40) + [case(1 + i % 9, "乙局") for i in range(200)]
    assert set(w16(limited(cases))[0]) == {"W16-just-in-time-甲局"}


def test_thresholds():
    log = limited([case(12)] * 40 + [case(3)] * 60)
    assert w16(log, thresholds={"W16": {"share": 0.4}})[0] == {}


def test_not_checkable():
    _found, (missing,) = w16(log_of([case(3)] * 40))
    assert missing.needs[0].startswith("cases.promised_days")
    unaccepted = [[step("申请", APPLICANT, "apply", 0), step("送达", "窗口", "deliver", 3)]] * 40
    _found, (missing,) = w16(limited(unaccepted))
    assert missing.reason_en == "no case has both a time limit and a clock that runs from its acceptance"
