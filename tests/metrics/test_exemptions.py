"""The two rules of exemption: what they cover, and what was handed in all the same."""

from __future__ import annotations

import pandas as pd
import pytest

from flowaudit.catalogue import Catalogue
from flowaudit.eventlog import from_frame
from flowaudit.metrics import NotRecorded, exemptions

ITEMS = pd.DataFrame({"item_code": ["A"], "name": ["甲"]})
COLUMNS = ("canonical_id", "source", "issuer_scope", "elicence_type", "status")
PAPERS = [
    ("licence", "applicant", "city", "营业执照", "should_be_exempt"),
    ("called", "elicence", "city", "营业执照", "exempt"),
    ("paper only", "applicant", "city", None, "to_be_collected"),
    ("passport", "applicant", "central", "护照", "should_be_exempt"),
    ("diploma", "applicant", "central", None, "not_covered"),
    ("drawing", "applicant", "self", None, "not_covered"),
    ("whatever", "applicant", None, None, "unknown"),
]


def catalogue(**kinds):
    table = pd.DataFrame(PAPERS, columns=COLUMNS).drop(columns="status")
    table = table.assign(item_code="A", name=table["canonical_id"], necessity="required")
    more = (
        {}
        if not kinds
        else {"materials": pd.DataFrame({"canonical_id": list(kinds), "retrievable": list(kinds.values())})}
    )
    return Catalogue(items=ITEMS, item_materials=table, **more)


@pytest.mark.parametrize("row", range(len(PAPERS)), ids=[p[0] for p in PAPERS])
def test_status(row):
    assert exemptions(catalogue())["status"][row] == PAPERS[row][-1]


def test_an_issuer_abroad_is_covered_by_the_rule_of_licences_only():
    found = exemptions(catalogue()).set_index("canonical_id")
    assert found.loc["passport", ["by_issuer", "by_elicence"]].tolist() == [False, True]
    assert found.loc["licence", ["by_issuer", "by_elicence"]].tolist() == [True, True]


def test_what_cannot_be_retrieved_is_to_be_collected_first():
    found = exemptions(catalogue(licence=False)).set_index("canonical_id")
    assert found.loc["licence", "status"] == "to_be_collected"


def test_potential_against_realised():
    rows = [(str(i), "licence", "applicant" if i < 9 else "elicence") for i in range(12)]
    table = pd.DataFrame(rows, columns=["case_id", "canonical_id", "source"]).assign(item_code="A")
    # handed in after the e-licence failed: by hand, once
    table = pd.concat(
        [table, pd.DataFrame({"case_id": ["11"], "canonical_id": "licence", "source": "applicant", "item_code": "A"})]
    )
    events = pd.DataFrame(
        {"case_id": [str(i) for i in range(12)], "activity": "受理", "end": pd.Timestamp("2024-01-02")}
    )
    log = from_frame(events, tables={"material_instances": table})
    found = exemptions(catalogue(), log).set_index("canonical_id")
    licence = found.loc["licence"]
    assert (licence["n"], licence["handed_in"], bool(licence["suppressed"])) == (12, 10, False)
    assert licence["low"] < licence["share"] == 10 / 12 < licence["high"]
    assert found.loc["diploma", "n"] == 0
    assert found.loc["diploma", "suppressed"]


def test_without_issuers_the_rules_cannot_be_held_against_anything():
    bare = pd.DataFrame({"item_code": ["A"], "canonical_id": ["x"], "name": ["x"], "source": ["applicant"]})
    assert isinstance(exemptions(Catalogue(items=ITEMS, item_materials=bare)), NotRecorded)
    assert isinstance(exemptions(Catalogue(items=ITEMS)), NotRecorded)
