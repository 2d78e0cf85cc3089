"""W15: journeys in vain, again, only to collect, only to sign."""

from dataclasses import replace

import pandas as pd
import pytest
from approvals import at, log_of, step

from flowaudit.diagnosis import diagnose
from flowaudit.worktime import Calendar


def w15(log, **options):
    found = diagnose(log, calendar=Calendar.weekdays(), only=["W15"], **options)
    return {f.id: f for f in found}, found.not_checkable


def visit(day, purpose="submit", outcome="progress", site="大厅", **more):
    return {"day": day, "purpose": purpose, "outcome": outcome, "site": site, **more}


def log_with(visits, items=None):
    """A log of one step per case (and item) and these visits of every case."""
    items = items or [[None]] * len(visits)
    log = log_of([[step("受理", "甲局", "accept", 0, **({"item_code": i} if i else {})) for i in own] for own in items])
    rows = [
        {"case_id": f"c{c:03}", "date": at(v["day"] + 5 * c).normalize(), **{k: x for k, x in v.items() if k != "day"}}
        for c, own in enumerate(visits)
        for v in own
    ]
    return replace(log, tables={"visits": pd.DataFrame(rows)})


def test_journeys_in_vain():
    found, missing = w15(log_with([[visit(0, outcome="wasted"), visit(1)]] * 40 + [[visit(0)]] * 60))
    assert not missing
    (finding,) = found.values()
    assert finding.id == "W15-vain"
    assert (finding.cases, finding.population) == (40, 100)
    assert (finding.details["journeys"], finding.details["all_journeys"]) == (40, 140)
    assert finding.details["by_site"] == {"大厅": 40}
    assert finding.time_lost_days_total is None
    assert finding.measures == ("M09", "M22")


def test_a_journey_with_some_progress_is_not_in_vain():
    """Two counters of one hall on one day are one journey."""
    one_day = [visit(0, outcome="wasted"), visit(0, "consult")]
    assert w15(log_with([one_day] * 40)) == ({}, ())
    two_halls = [visit(0, outcome="wasted"), visit(0, "consult", site="分厅")]
    assert set(w15(log_with([two_halls] * 40))[0]) == {"W15-vain"}


def test_an_outcome_nobody_wrote_down_is_no_failure():
    assert w15(log_with([[visit(0, outcome=None)]] * 40 + [[visit(0)]] * 30))[0] == {}
    (finding,) = w15(log_with([[visit(0, outcome=None)]] * 40 + [[visit(0, outcome="wasted")]] * 30))[0].values()
    assert finding.population == 30


@pytest.mark.parametrize(
    ("second", "speaks"),
    [(visit(10), True), (visit(11), False), (visit(3, "consult"), False),
     (visit(0), False), (visit(3, site="分厅"), True)],
    ids=["ten days later", "eleven", "another purpose", "the same day", "at another site"],
)  # fmt: skip
def test_again_for_the_same_purpose(second, speaks):
    found, _missing = w15(log_with([[visit(0), second]] * 40))
    assert set(found) == ({"W15-again"} if speaks else set())


def test_after_a_journey_in_vain_the_next_one_is_not_counted_again():
    assert set(w15(log_with([[visit(0, outcome="wasted"), visit(1)]] * 40))[0]) == {"W15-vain"}


def test_visits_for_two_items_are_no_repeats():
    visits = [visit(0, visit_id="a"), visit(3, visit_id="b")]
    cases = [
        [
            step("甲申请", "申请人", "apply", 0, item_code="X", visit_id=f"{c}a"),
            step("乙申请", "申请人", "apply", 3, item_code=other, visit_id=f"{c}b"),
        ]
        for other in ("Y", "X")
        for c in range(40)
    ]
    rows = [
        {"case_id": f"c{c:03}", "date": at(v["day"] + 5 * c), "purpose": "submit", "visit_id": f"{c}{v['visit_id']}"}
        for c in range(40)
        for v in visits
    ]
    for own, speaks in ((cases[:40], False), (cases[40:], True)):
        log = replace(log_of(own), tables={"visits": pd.DataFrame(rows)})
        found, _missing = w15(log)
        assert bool(found) == speaks
    assert found["W15-again"].scope["items"] == ("X",)
    assert found["W15-again"].events["c000"] == (2,)


def test_unlinked_visits_of_several_items_are_not_called_repeats():
    assert w15(log_with([[visit(0), visit(3)]] * 40, items=[["X", "Y"]] * 40))[0] == {}


@pytest.mark.parametrize(("purpose", "kind"), [("collect", "collect"), ("领取", "collect"), ("签字", "sign")])
def test_journeys_for_one_thing_only(purpose, kind):
    found, _missing = w15(log_with([[visit(0), visit(20, purpose)]] * 40 + [[visit(0)]] * 60))
    (finding,) = found.values()
    assert (finding.id, finding.cases, finding.population) == (f"W15-{kind}", 40, 100)
    with_more = [visit(0), visit(20, purpose), visit(20, "consult")]
    assert w15(log_with([with_more] * 40 + [[visit(0)]] * 60))[0] == {}


def test_who_came_to_collect_in_vain_is_told_so():
    found, _missing = w15(log_with([[visit(0, "collect", "wasted")]] * 40))
    assert set(found) == {"W15-vain"}


@pytest.mark.parametrize(
    ("wasted", "fine", "speaks"), [(29, 0, False), (30, 0, True), (30, 370, True), (30, 420, False)]
)
def test_support_and_five_per_cent_by_the_lower_bound(wasted, fine, speaks):
    """30 of 400: Wilson from 5.3 %; 30 of 450: from 4.7 %."""
    log = log_with([[visit(0, outcome="wasted")]] * wasted + [[visit(0)]] * fine)
    assert bool(w15(log)[0]) == speaks


def test_not_checkable():
    _found, (missing, *_more) = w15(log_of([[step("受理", "甲局", "accept", 0)]] * 40))
    assert missing.needs[0] == "visits.outcome | visits.purpose"
    log = log_with([[visit(0)]] * 40)
    of_bundles = log.table("visits").rename(columns={"case_id": "bundle_id"})
    _found, (missing,) = w15(replace(log, tables={"visits": of_bundles}))
    assert missing.reason_en == "no visit can be told by its case and its day"
