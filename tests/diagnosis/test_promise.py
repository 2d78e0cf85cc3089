"""W17: promises that are longer than needed."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from approvals import log_of, step
from hypothesis import given
from hypothesis import strategies as st

from flowaudit.diagnosis import diagnose
from flowaudit.diagnosis.rules.w17_promise import quantile_of
from flowaudit.worktime import Calendar


def w17(log, **options):
    found = diagnose(log, calendar=Calendar.weekdays(), only=["W17"], **options)
    return list(found), found.not_checkable


def case(days):
    return [step("受理", "窗口", "accept", 0)] + ([] if days is None else [step("决定", "甲局", "decide", days)])


def promised(clocks, days=20, unit="工作日", **columns):
    log = log_of([case(d) for d in clocks])
    table = pd.DataFrame({"case_id": log.case_ids, "promised_days": days, "promised_unit": unit, **columns})
    return replace(log, tables={"cases": table})


def test_a_promise_four_times_as_long():
    """110 cases, one a week, of 1 to 5 days; the last ends on day 550, so 107 began 20 days before that."""
    (finding,), missing = w17(promised([1 + i % 5 for i in range(110)]))
    assert not missing
    assert finding.id == "W17-all"
    assert (finding.cases, finding.population) == (107, 107)
    assert finding.details["promised_days"] == 20
    assert finding.details["proposed_days"] == finding.details["p95_days"] == 5
    assert finding.time_lost_days_total is None
    assert finding.measures == ("M18",)


@pytest.mark.parametrize(("longest", "speaks"), [(14, True), (15, False)])
def test_thirty_per_cent_of_the_promise(longest, speaks):
    """A tenth of the cases take the longest, so that the percentile and its upper end are that."""
    assert bool(w17(promised([longest if i % 10 == 0 else 2 for i in range(130)]))[0]) == speaks


@pytest.mark.parametrize(("longest", "speaks"), [(2, True), (3, False)])
def test_two_days_at_least(longest, speaks):
    assert bool(w17(promised([longest if i % 10 == 0 else 1 for i in range(130)], days=4))[0]) == speaks


def test_hundred_decided():
    """Of n weekly cases decided on the day of acceptance the last 4 began less than 20 days before the end."""
    assert not w17(promised([0] * 103))[0]
    assert len(w17(promised([0] * 104))[0]) == 1


def test_open_cases_are_not_dropped():
    """One of fifteen never ends: with 7 % open nobody knows what 95 % take."""
    assert not w17(promised([None if i % 15 == 0 else 1 + i % 5 for i in range(300)]))[0]
    (finding,), _missing = w17(promised([None if i % 60 == 0 else 1 + i % 5 for i in range(300)]))
    assert finding.details["still_open"] == 5


def test_cases_whose_promise_still_runs_tell_nothing():
    """Hundreds accepted on the last day are neither fast nor slow."""
    log = log_of([case(1 + i % 5) for i in range(110)] + [case(None)])
    frame = log.to_pandas()
    last = frame[frame["case_id"] == "c110"]
    many = [frame] + [last.assign(case_id=f"n{i}") for i in range(400)]
    from flowaudit.eventlog import from_frame

    big = from_frame(pd.concat(many, ignore_index=True))
    table = pd.DataFrame({"case_id": big.case_ids, "promised_days": 20, "promised_unit": "工作日"})
    (finding,), _missing = w17(replace(big, tables={"cases": table}))
    assert finding.details["still_open"] == 0


def test_a_promise_in_natural_days():
    """20 days from a Monday end on a Sunday, so the next Monday is the last day: 15 working days."""
    (finding,), _missing = w17(promised([1 + i % 5 for i in range(110)], unit="自然日"))
    assert finding.details["promised_days"] == 15


def test_two_promises_of_one_item_are_two():
    clocks = [1 + i % 5 for i in range(260)]
    found, _missing = w17(promised(clocks, days=[20 if i % 2 else 7 for i in range(260)]))
    assert [f.id for f in found] == ["W17-all-20 working_days"]


def test_fitting_promises_are_left_alone():
    rng = np.random.default_rng(4)
    assert not w17(promised(rng.integers(5, 19, 200).tolist()))[0]


@pytest.mark.parametrize("unit", ["小时", None])
def test_not_checkable(unit):
    _found, (missing,) = w17(promised([1] * 110, unit=unit))
    assert missing.reason_en.startswith("no case has both a promised limit in days")
    _found, (missing,) = w17(log_of([case(1)] * 110))
    assert missing.needs == ("cases.promised_days | cases.promise_due | catalogue.items.promised_days",)


@given(st.lists(st.integers(0, 30), min_size=1, max_size=150), st.integers(0, 10))
def test_at_least_95_of_100_take_no_longer_than_the_upper_end(days, still):
    usual, upper = quantile_of(np.sort(np.array(days, float)), still)
    assert usual <= upper
    if np.isfinite(upper):
        assert sum(d <= upper for d in days) >= 0.95 * (len(days) + still)


def test_the_upper_end_holds_as_often_as_it_says():
    """Of 2 000 samples of 200, the upper end lies below the true percentile in 2.5 % at most; 1 % for chance."""
    rng = np.random.default_rng(1)
    samples = np.sort(rng.exponential(1, (2000, 200)), axis=1)
    below = np.mean([quantile_of(x)[1] < -np.log(0.05) for x in samples])
    assert below <= 0.035
