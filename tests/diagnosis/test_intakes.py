"""W12: one bundle handed in at several places."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from approvals import log_of, step
from hypothesis import given
from hypothesis import strategies as st

from flowaudit.diagnosis import diagnose
from flowaudit.diagnosis.one_things import distinct
from flowaudit.eventlog import APPLICANT
from flowaudit.worktime import Calendar


def w12(log, **options):
    found = diagnose(log, calendar=Calendar.weekdays(), only=["W12"], **options)
    return list(found), found.not_checkable


def bundles(cases):
    """Bundles; every step an event of its own unless it says which one it is."""
    numbered = [
        [
            step(s.activity, s.department, s.stage, s.day, **{"event_id": f"{b}-{k}", **s.more})
            if not str(s.more.get("event_id", "")).startswith("one")
            else step(s.activity, s.department, s.stage, s.day, **{**s.more, "event_id": f"{b}-one"})
            for k, s in enumerate(case)
        ]
        for b, case in enumerate(cases)
    ]
    return log_of(numbered, bundles=True)


def apply(item, day=0.0, **more):
    return step(f"{item}申请", APPLICANT, "apply", day, item_code=item, **more)


def accept(item, department, day=0.5):
    return step(f"{item}受理", department, "accept", day, item_code=item)


def apart(**more):
    """Two items, handed in on two days to two departments."""
    return [apply("X", **more), accept("X", "甲局"), apply("Y", 1, **more), accept("Y", "乙局", 1.5)]


def together():
    """One application for both, which two departments accept inside."""
    return [apply("X", event_id="one"), apply("Y", event_id="one"), accept("X", "甲局"), accept("Y", "乙局")]


def test_two_departments_take_in_one_bundle():
    (finding,), missing = w12(bundles([apart()] * 40 + [together()] * 60))
    assert not missing
    assert finding.id == "W12-all"
    assert (finding.cases, finding.population) == (40, 100)
    assert finding.details == {"mean_intakes": 2.0, "most_intakes": 2, "told_by": "applications"}
    assert finding.scope["departments"] == ("乙局", "甲局")
    assert finding.time_lost_days_total is None
    assert finding.measures == ("M05",)
    assert finding.events["c000"] == (1, 3)


@pytest.mark.parametrize(
    "case",
    [
        together(),
        # One window that accepts everything, on two days.
        [apply("X"), accept("X", "综合窗口"), apply("Y", 1), accept("Y", "综合窗口", 1.5)],
        # Two forms at one site on one day, accepted by two departments behind it.
        [apply("X", location="大厅"), apply("Y", 0.2, location="大厅"), accept("X", "甲局"), accept("Y", "乙局")],
        # Handed in again, and elsewhere, for the same item.
        [apply("X", location="甲厅"), apply("X", 2, location="乙厅"), accept("X", "甲局", 2.5)],
    ],
    ids=["one application", "one window", "one site and day", "one item again"],
)  # fmt: skip
def test_one_intake(case):
    assert w12(bundles([case] * 40)) == ([], ())


def test_two_sites_of_one_department_are_two():
    case = [apply("X", location="甲厅"), accept("X", "甲局"), apply("Y", 0.1, location="乙厅"), accept("Y", "甲局")]
    assert len(w12(bundles([case] * 40))[0]) == 1


def test_two_channels_are_two():
    log = bundles([[apply("X"), accept("X", "甲局"), apply("Y", 1), accept("Y", "甲局", 1.5)]] * 40)
    cases = log.table("cases").assign(channel=["线上", "窗口"] * 40)
    assert len(w12(replace(log, tables={"cases": cases}))[0]) == 1
    assert w12(replace(log, tables={"cases": cases.assign(channel="线上")}))[0] == []


def test_bundles_of_one_item_are_not_asked():
    alone = [apply("X"), accept("X", "甲局")]
    (finding,), _missing = w12(bundles([apart()] * 40 + [alone] * 500))
    assert finding.population == 40


@pytest.mark.parametrize(
    ("several", "one", "speaks"), [(29, 0, False), (30, 0, True), (30, 180, True), (30, 210, False)]
)
def test_support_and_ten_per_cent_by_the_lower_bound(several, one, speaks):
    """30 of 210: Wilson from 10.2 %; 30 of 240: from 8.9 %."""
    assert bool(w12(bundles([apart()] * several + [together()] * one))[0]) == speaks


def test_without_applications_visits_or_acceptances_tell():
    acceptances = bundles([[accept("X", "甲局"), accept("Y", "乙局")]] * 40)
    (finding,), _missing = w12(acceptances)
    assert (finding.details["told_by"], finding.confidence) == ("acceptances", "medium")
    visits = pd.DataFrame(
        {"bundle_id": np.repeat([f"c{i:03}" for i in range(40)], 2), "site": ["甲厅", "甲厅"] * 40, "purpose": "submit"}
    )
    assert w12(replace(acceptances, tables={**acceptances.tables, "visits": visits}))[0] == []
    visits["site"] = ["甲厅", "乙厅"] * 40
    (finding,), _missing = w12(replace(acceptances, tables={**acceptances.tables, "visits": visits}))
    assert finding.details["told_by"] == "visits"


def test_one_things_are_looked_at_one_by_one():
    log = bundles([apart()] * 40 + [together()] * 400)
    things = pd.DataFrame(
        {"bundle_id": [f"c{i:03}" for i in range(440)], "one_thing_code": ["甲事"] * 40 + ["乙事"] * 400}
    )
    assert w12(log)[0] == []
    (finding,), _missing = w12(replace(log, tables={**log.tables, "bundles": things}))
    assert (finding.id, finding.population) == ("W12-甲事", 40)


def test_not_checkable():
    _found, (missing,) = w12(log_of([apart()] * 40))
    assert missing.needs == ("bundles",)
    nothing = [[step("甲", "甲局", None, 0, item_code="X"), step("乙", "甲局", None, 1, item_code="Y")]] * 40
    _found, (missing,) = w12(log_of(nothing, bundles=True))
    assert missing.needs == ("stage (apply, accept) | visits.purpose (submit)",)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(-1, 2), st.integers(-1, 2)), max_size=20))
def test_distinct_equals_the_definition(rows):
    case, a, b = (np.array([r[k] for r in rows], np.int64) for k in range(3))
    expected = [len({r for r in rows if r[0] == c}) for c in range(4)]
    assert distinct(4, case, a, b).tolist() == expected
