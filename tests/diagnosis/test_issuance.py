"""W23: results handed over one by one, and finished ones that wait."""

from dataclasses import replace

import pandas as pd
import pytest
from approvals import at, log_of, step

from flowaudit.diagnosis import diagnose
from flowaudit.eventlog import APPLICANT
from flowaudit.worktime import Calendar


def w23(log, **options):
    found = diagnose(log, calendar=Calendar.weekdays(), only=["W23"], **options)
    return {f.id: f for f in found}, found.not_checkable


def item(code, decided, delivered=None):
    steps = [
        step(f"{code}受理", "窗口", "accept", 0, item_code=code),
        step(f"{code}决定", "甲局", "decide", decided, item_code=code),
    ]
    return steps + ([] if delivered is None else [step(f"{code}领取", APPLICANT, "deliver", delivered, item_code=code)])


APART = [*item("X", 2, 3), *item("Y", 6, 7)]
AT_ONCE = [*item("X", 5, 7), *item("Y", 6, 7.2)]
LYING = [*item("X", 2, 9), *item("Y", 8, 9.2)]
"""X lies from day 2 to day 8, when Y is decided too."""


def bundles(cases):
    return log_of(cases, bundles=True)


def test_handed_over_on_two_days():
    found, missing = w23(bundles([APART] * 40 + [AT_ONCE] * 60))
    assert not missing
    (finding,) = found.values()
    assert finding.id == "W23-apart"
    assert (finding.cases, finding.population) == (40, 100)
    assert finding.details["mean_days_of_delivery"] == 2
    assert finding.time_lost_days_total is None
    assert finding.measures == ("M17",)
    assert finding.scope["items"] == ("X", "Y")


def test_a_finished_result_that_lies():
    found, _missing = w23(bundles([LYING] * 40 + [AT_ONCE] * 60))
    (finding,) = found.values()
    assert finding.id == "W23-lying"
    assert (finding.cases, finding.population) == (40, 100)
    assert finding.time_lost_days_median == 6
    assert finding.time_lost_days_total == 240
    assert finding.reductions == ("time",)


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ([*item("X", 2, 8), *item("Y", 8, 8.2)], {"W23-lying"}),
        ([*item("X", 2, 8), *item("Y", 7, 8.2)], set()),
        # The result went out while the other item ran on.
        ([*item("X", 2, 3), *item("Y", 12, 13)], {"W23-apart"}),
        # Collected late, when all was decided long since.
        ([*item("X", 2, 13), *item("Y", 3, 13.2)], set()),
        # What ends with its decision has nothing that could lie.
        ([*item("X", 2), *item("Y", 12, 13)], set()),
        ([*item("X", 2, 3)], set()),
    ],
    ids=["six days", "five days", "handed over in between", "collected late", "nothing to hand over", "one item"],
)  # fmt: skip
def test_what_is_lying_and_what_is_apart(case, expected):
    assert set(w23(bundles([case] * 40))[0]) == expected


def test_the_longest_of_a_bundle_counts_once():
    three = [*item("X", 2, 13), *item("Y", 4, 13.1), *item("Z", 12, 13.2)]
    assert w23(bundles([three] * 40))[0]["W23-lying"].time_lost_days_median == 10


@pytest.mark.parametrize(
    ("apart", "once", "speaks"), [(29, 0, False), (30, 0, True), (30, 180, True), (30, 210, False)]
)
def test_support_and_ten_per_cent_by_the_lower_bound(apart, once, speaks):
    """30 of 210: Wilson from 10.2 %; 30 of 240: from 8.9 %."""
    assert bool(w23(bundles([APART] * apart + [AT_ONCE] * once))[0]) == speaks


def test_one_delivery_for_all_is_one():
    steps = [*item("X", 5), *item("Y", 6)]
    shared = [
        *(step(s.activity, s.department, s.stage, s.day, event_id=f"{k}", **s.more) for k, s in enumerate(steps)),
        step("寄送", "窗口", "deliver", 7, item_code="X", event_id="all"),
        step("寄送", "窗口", "deliver", 7, item_code="Y", event_id="all"),
    ]
    assert w23(bundles([shared] * 40)) == ({}, ())


def test_times_of_the_table_of_cases():
    log = bundles([[*item("X", 2), *item("Y", 6)]] * 40)
    table = log.table("cases").sort_values("case_id", ignore_index=True)
    days = [5 * (k // 2) + (3 if k % 2 == 0 else 7) for k in range(80)]
    table["deliver_time"] = [at(d) for d in days]
    assert set(w23(replace(log, tables={"cases": table}))[0]) == {"W23-apart"}


def test_without_deliveries_journeys_to_collect_tell():
    log = bundles([[*item("X", 2), *item("Y", 6)]] * 40)
    visits = pd.DataFrame(
        [
            {"bundle_id": f"c{c:03}", "date": at(5 * c + day).normalize(), "site": "大厅", "purpose": "collect"}
            for c in range(40)
            for day in (3, 7)
        ]
    )
    (finding,) = w23(replace(log, tables={**log.tables, "visits": visits}))[0].values()
    assert (finding.id, finding.cases) == ("W23-apart", 40)
    once = visits.drop_duplicates("bundle_id")
    assert w23(replace(log, tables={**log.tables, "visits": once}))[0] == {}


def test_one_things_are_looked_at_one_by_one():
    log = bundles([APART] * 40 + [AT_ONCE] * 400)
    things = pd.DataFrame(
        {"bundle_id": [f"c{i:03}" for i in range(440)], "one_thing_code": ["甲事"] * 40 + ["乙事"] * 400}
    )
    assert w23(log)[0] == {}
    assert set(w23(replace(log, tables={**log.tables, "bundles": things}))[0]) == {"W23-apart-甲事"}


def test_not_checkable():
    _found, (missing,) = w23(log_of([APART] * 40))
    assert missing.needs == ("bundles",)
    _found, (missing,) = w23(log_of([[step("甲", "甲局", None, 0, item_code="X")]] * 40, bundles=True))
    assert missing.needs == ("stage (deliver) | visits.purpose (collect) | cases.deliver_time",)
