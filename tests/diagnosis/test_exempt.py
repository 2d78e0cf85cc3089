"""W24: exempt from being handed in, and handed in all the same."""

import pandas as pd
import pytest
from approvals import log_of, step

from flowaudit.catalogue import Catalogue
from flowaudit.diagnosis import diagnose
from flowaudit.eventlog import APPLICANT
from flowaudit.metrics import exemptions
from flowaudit.worktime import Calendar


def w24(log, catalogue=None, **options):
    found = diagnose(log, catalogue, calendar=Calendar.weekdays(), only=["W24"], **options)
    return {f.id: f for f in found}, [n for n in found.not_checkable if n.rule == "W24"]


def guide(scope="city", licence="营业执照", source="applicant", retrievable=True):
    """X asks for a licence (LIC) and for the applicant's own plan (PLAN)."""
    asked = pd.DataFrame(
        {
            "item_code": ["X", "X"], "canonical_id": ["LIC", "PLAN"], "name": ["营业执照", "平面图"],
            "necessity": ["required", "required"], "source": [source, "applicant"], "issuer_scope": [scope, "self"],
            "elicence_type": [licence, None],
        }
    )  # fmt: skip
    kinds = pd.DataFrame(
        {"canonical_id": ["LIC", "PLAN"], "name": ["营业执照", "平面图"], "retrievable": [retrievable, False]}
    )
    return Catalogue(item_materials=asked, materials=kinds)


def log_with(handed, called, *, bundles=False):
    """The licence is handed in by some and called from the store for the others; the plan is always handed in."""
    log = log_of(
        [[step("申请", APPLICANT, "apply", 0, item_code="X", event_id="a")]] * (handed + called), bundles=bundles
    )
    sign = "-X" if bundles else ""
    rows = [(f"c{n:03}{sign}", "LIC", "applicant" if n < handed else "elicence", "a") for n in range(handed + called)]
    rows += [(f"c{n:03}{sign}", "PLAN", "applicant", "a") for n in range(handed + called)]
    table = pd.DataFrame(rows, columns=["case_id", "canonical_id", "source", "event_id"])
    return log.with_tables(material_instances=table)


@pytest.mark.parametrize("bundles", [False, True], ids=["cases", "bundles"])
def test_a_licence_the_city_holds_is_handed_in(bundles):
    found, missing = w24(log_with(40, 60, bundles=bundles), guide())
    assert not missing
    finding = found["W24-X"]
    assert (finding.cases, finding.population) == (40, 100)
    assert finding.scope == {"items": ("X",), "materials": ("营业执照",)}
    assert finding.details["materials"] == [
        {"canonical_id": "LIC", "handed_in": 40, "cases": 100, "share": 0.4, "exempt_by_guide": False}
    ]
    assert finding.details["handed_in_per_case"] == pytest.approx(0.4)
    assert finding.events["c000"] == (1,)
    assert finding.time_lost_days_total is None


def test_what_is_called_from_the_store_is_fine():
    assert w24(log_with(0, 100), guide()) == ({}, [])


def test_asked_for_against_the_guide_counts_and_is_marked():
    finding = w24(log_with(40, 60), guide(source="elicence"))[0]["W24-X"]
    assert finding.details["materials"][0]["exempt_by_guide"]


def test_what_no_rule_covers_may_be_asked_for():
    assert w24(log_with(100, 0), guide(scope="central", licence=None)) == ({}, [])


def test_issued_by_the_city_but_not_retrievable_is_listed_only():
    """The licence cannot be called yet; that of a second kind, which can, is found and the first listed beside it."""
    assert w24(log_with(100, 0), guide(licence=None, retrievable=False)) == ({}, [])
    rules = guide(licence=None, retrievable=False)
    asked = rules.item_materials.copy()
    asked.loc[1, ["issuer_scope", "elicence_type"]] = ["city", "电子图"]
    kinds = rules.materials.assign(retrievable=[False, True])
    finding = w24(log_with(100, 0), Catalogue(item_materials=asked, materials=kinds))[0]["W24-X"]
    assert finding.scope["materials"] == ("平面图",)
    assert finding.details["to_be_collected"] == [{"canonical_id": "LIC", "handed_in": 100, "cases": 100}]


@pytest.mark.parametrize(("handed", "called", "found"), [(29, 0, 0), (30, 150, 1), (30, 200, 0)])
def test_support_of_thirty_and_a_lower_bound_of_ten_per_cent(handed, called, found):
    """30 of 180 have a Wilson interval from 11.9 %; 30 of 230 one from 9.3 %."""
    assert len(w24(log_with(handed, called), guide())[0]) == found


def test_counts_are_those_of_the_measure():
    log, rules = log_with(40, 60), guide()
    row = exemptions(rules, log).set_index("canonical_id").loc["LIC"]
    counted = w24(log, rules)[0]["W24-X"].details["materials"][0]
    assert (counted["cases"], counted["handed_in"]) == (row["n"], row["handed_in"]) == (100, 40)


def test_two_materials_of_an_item_are_one_finding():
    rules = guide()
    asked = rules.item_materials.copy()
    asked.loc[1, ["issuer_scope", "elicence_type"]] = ["city", "电子图"]
    finding = w24(log_with(40, 60), Catalogue(item_materials=asked))[0]["W24-X"]
    assert finding.cases == 100  # the plan is handed in by all
    assert finding.scope["materials"] == ("平面图", "营业执照")  # more often handed in first
    assert finding.details["handed_in_per_case"] == pytest.approx(1.4)


def test_not_checkable_without_the_guide_s_word_or_the_source():
    log = log_with(40, 60)
    assert len(w24(log)[1][0].needs) == 1
    asked = guide().item_materials.drop(columns=["issuer_scope", "elicence_type"])
    assert w24(log, Catalogue(item_materials=asked))[1][0].needs == (
        "catalogue.item_materials.issuer_scope | catalogue.item_materials.elicence_type",
    )
    silent = log.table("material_instances").drop(columns="source")
    assert w24(log.with_tables(material_instances=silent), guide())[1][0].needs == ("material_instances.source",)


def test_not_checkable_where_no_material_has_an_item():
    plain = log_of([[step("申请", APPLICANT, "apply", 0)]] * 40)
    table = log_with(40, 0).table("material_instances")
    assert w24(plain.with_tables(material_instances=table), guide())[1][0].needs == (
        "item_code | material_instances.item_code",
    )
