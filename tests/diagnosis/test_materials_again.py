"""W06: a material handed in for several items, or that is another item's result."""

import pandas as pd
import pytest
from approvals import at, log_of, step
from hypothesis import given, settings
from hypothesis import strategies as st

from flowaudit.catalogue import Catalogue
from flowaudit.diagnosis import diagnose
from flowaudit.eventlog import APPLICANT
from flowaudit.worktime import Calendar


def w06(log, catalogue=None, **options):
    found = diagnose(log, catalogue, calendar=Calendar.weekdays(), only=["W06"], **options)
    return {f.id: f for f in found}, [n for n in found.not_checkable if n.rule == "W06"]


def bundles(*handed):
    """One bundle for each entry; an entry lists (item, material[, source]) in the order of handing in."""
    items = ("X", "Y", "Z")
    cases = [
        [step(f"{i}申请", APPLICANT, "apply", d, item_code=i, event_id=i) for d, i in enumerate(items)] for _h in handed
    ]
    rows = [
        {"case_id": f"c{n:03}-{entry[0]}", "canonical_id": entry[1], "source": (*entry, "applicant")[2], "event_id": entry[0]}
        for n, entries in enumerate(handed)
        for entry in entries
    ]  # fmt: skip
    columns = ["case_id", "canonical_id", "source", "event_id"]
    return log_of(cases, bundles=True).with_tables(material_instances=pd.DataFrame(rows, columns=columns))


TWICE = [("X", "ID"), ("Y", "ID")]
ONCE = [("X", "ID"), ("Y", "PLAN")]


def test_a_material_for_two_items_is_once_too_often():
    found, missing = w06(bundles(*[TWICE] * 40, *[ONCE] * 20))
    assert not missing
    finding = found["W06-ID"]
    assert (finding.cases, finding.population) == (40, 60)
    assert finding.details["handed_in_too_often"] == 40
    assert finding.details["items_per_case"] == pytest.approx((40 * 2 + 20) / 60)
    assert finding.scope == {"materials": ("ID",), "items": ("X", "Y")}
    assert finding.time_lost_days_total is None
    # The first 20 to look at, and in each the two events with which it was handed in.
    assert finding.events["c000"] == (1, 2)
    assert found.keys() == {"W06-ID"}


def test_each_kind_once_is_no_waste():
    assert w06(bundles(*[ONCE] * 60)) == ({}, [])


def test_handing_in_again_for_the_same_item_is_a_correction():
    assert w06(bundles(*[[("X", "ID"), ("X", "ID"), ("X", "ID")]] * 60)) == ({}, [])


def test_what_is_not_handed_in_by_hand_does_not_count():
    assert w06(bundles(*[[("X", "ID"), ("Y", "ID", "elicence"), ("Z", "ID", "reuse")]] * 60)) == ({}, [])


def test_three_items_are_twice_too_often_and_come_first():
    three = [*TWICE, ("Z", "ID")]
    finding = w06(bundles(*[TWICE] * 30, *[three] * 10))[0]["W06-ID"]
    assert finding.details["handed_in_too_often"] == 30 + 20
    assert set(finding.evidence[:10]) == {f"c{n:03}" for n in range(30, 40)}


def made_by_x():
    asked = pd.DataFrame(
        {
            "item_code": ["Y"], "canonical_id": ["XDOC"], "name": ["甲证"], "necessity": ["required"],
            "produced_by_item": ["X"], "issuer_scope": ["city"], "elicence_type": ["甲证"],
        }
    )  # fmt: skip
    return Catalogue(item_materials=asked)


def test_another_item_s_result_need_not_be_handed_in_even_once():
    log = bundles(*[[("Y", "XDOC")]] * 40)
    assert w06(log)[0] == {}
    finding = w06(log, made_by_x())[0]["W06-XDOC"]
    assert (finding.cases, finding.details["handed_in_too_often"]) == (40, 40)
    assert finding.details["of_these_results_of_another_item"] == 40
    assert finding.details["exempt_by_rule"]
    assert finding.scope["materials"] == ("甲证",)
    assert "result of another item" in finding.statement_en


def test_a_result_handed_in_for_the_item_that_made_it_is_its_own_affair():
    assert w06(bundles(*[[("X", "XDOC")]] * 40), made_by_x())[0] == {}


@pytest.mark.parametrize(("twice", "once", "found"), [(29, 0, 0), (30, 0, 1), (30, 300, 1), (30, 470, 0)])
def test_support_of_thirty_and_a_lower_bound_of_five_per_cent(twice, once, found):
    """30 of 330 have a Wilson interval from 6.4 %; 30 of 500 one from 4.2 %."""
    assert len(w06(bundles(*[TWICE] * twice, *[ONCE] * once))[0]) == found


def test_codes_of_items_mean_one_material_by_the_catalogue():
    log = bundles(*[[("X", "X01"), ("Y", "Y01")]] * 40)
    table = log.table("material_instances").rename(columns={"canonical_id": "material_code"})
    log = log.with_tables(material_instances=table)
    asked = pd.DataFrame(
        {"item_code": ["X", "Y"], "material_code": ["X01", "Y01"], "canonical_id": ["ID", "ID"], "name": ["身份证"] * 2}
    )
    assert w06(log)[0] == {}
    assert w06(log, Catalogue(item_materials=asked))[0].keys() == {"W06-ID"}


def singles(days_apart, n=40, applicant=True):
    """Two applications of one applicant for X and Y, some working days apart, each with the same licence."""
    cases = [[step(f"{i}申请", APPLICANT, "apply", 0, item_code=i)] for _n in range(n) for i in "XY"]
    log = log_of(cases)
    ids = log.case_ids
    when = [at(5 * (number // 2) + (days_apart if number % 2 else 0)) for number in range(2 * n)]
    papers = pd.DataFrame({"case_id": ids, "canonical_id": "ID", "source": "applicant", "submit_time": when})
    who = pd.DataFrame({"case_id": ids, "applicant_id": [f"A{number // 2}" for number in range(2 * n)]})
    return log.with_tables(material_instances=papers, **({"cases": who} if applicant else {}))


@pytest.mark.parametrize(("days", "found"), [(1, 1), (30, 1), (31, 0)])
def test_without_bundles_the_same_applicant_within_thirty_working_days(days, found):
    by_id, _missing = w06(singles(days))
    assert len(by_id) == found
    for finding in by_id.values():
        # Of the two applications of each, the later one asks again.
        assert (finding.cases, finding.population) == (40, 80)
        assert finding.scope["items"] == ("Y",)


def test_not_checkable_without_bundles_and_applicants():
    _found, (missing,) = w06(singles(1, applicant=False))
    assert missing.needs == ("bundles | cases.applicant_id",)


def test_not_checkable_where_no_material_has_an_item():
    log = singles(1)
    frame = [[step("申请", APPLICANT, "apply", 0)] for _n in range(80)]
    _found, (missing,) = w06(log_of(frame).with_tables(**log.tables))
    assert missing.needs == ("item_code | material_instances.item_code",)


def test_nobody_knows_who_handed_in_what_without_a_source():
    log = bundles(*[TWICE] * 40)
    table = log.table("material_instances").drop(columns="source")
    _found, (missing,) = w06(log.with_tables(material_instances=table))
    assert missing.needs == ("material_instances.source",)


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.lists(st.tuples(st.sampled_from("XYZ"), st.sampled_from(["ID", "PLAN"])), max_size=5), min_size=1, max_size=8
    )
)
def test_equals_the_definition(handed):
    """Distinct items less one, for each bundle and material."""
    expected = 0
    for entries in handed:
        for kind in ("ID", "PLAN"):
            expected += max(len({item for item, k in entries if k == kind}) - 1, 0)
    found, _missing = w06(bundles(*handed), min_cases=1, thresholds={"W06": {"share": 0.0}})
    assert sum(f.details["handed_in_too_often"] for f in found.values()) == expected
