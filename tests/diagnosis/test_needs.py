"""How a need is written, and when a log and its catalogue meet it."""

import pandas as pd
import pytest

from flowaudit.catalogue import Catalogue
from flowaudit.diagnosis import RULES
from flowaudit.diagnosis.context import Context
from flowaudit.diagnosis.needs import alternatives, missing
from flowaudit.eventlog import SIDE_TABLES, as_unit, from_frame
from flowaudit.worktime import Calendar

FRAME = pd.DataFrame({
    "case_id": ["1", "1", "2"], "activity": list("aba"), "end": pd.to_datetime(["2024-03-04", "2024-03-05", "2024-03-06"]),
    "department": ["局", None, None], "stage": [None, None, None],
})  # fmt: skip
CASES = pd.DataFrame(
    {"case_id": ["1", "2"], "bundle_id": ["B", "B"], "channel": ["online", None], "result": [None, None]}
)
VISITS = pd.DataFrame({"bundle_id": ["B"], "date": ["2024-03-04"]})
CATALOGUE = Catalogue(
    items=pd.DataFrame({"item_code": ["X"], "name": ["事项"], "legal_days": [None]}),
    item_relations=pd.DataFrame(columns=["src_item", "dst_item", "relation"]),
)


def context_of(frame=FRAME, *, catalogue=CATALOGUE, unit="case", **tables):
    log = as_unit(from_frame(frame, tables=tables), unit)
    return Context(log, catalogue, Calendar.weekdays(), 1)


@pytest.mark.parametrize(
    ("need", "parts"),
    [
        ("department", ["department"]),
        ("stage (correction) | cases.result", ["stage", "cases.result"]),
        ("level|stage|role", ["level", "stage", "role"]),
        ("stage (a) (b)", ["stage"]),
    ],
)
def test_alternatives(need, parts):
    assert alternatives(need) == parts


@pytest.mark.parametrize(
    ("need", "met"),
    [
        ("department", True),
        ("resource", False),
        ("resource | department", True),
        ("resource (whose work) | department (which office)", True),
        ("resource | cases.result", False),
        ("cases", True),
        ("cases.channel", True),
        ("cases.result", False),  # a column without any value
        ("cases.district", False),
        ("visits", False),
        ("ratings | visits", False),
        ("catalogue.items", True),
        ("catalogue.items.name", True),
        ("catalogue.items.legal_days", False),
        ("catalogue.items.colour", False),
        ("catalogue.item_relations", False),  # no rows
        ("catalogue.form_fields", False),
        ("bundles", False),
    ],
)
def test_met_or_missing(need, met):
    context = context_of(cases=CASES, visits=VISITS.iloc[:0])
    assert missing(context, [need]) == (() if met else (need,))


def test_a_column_of_events_without_a_value_is_missing():
    assert missing(context_of(), ["stage", "department"]) == ("stage",)


def test_bundles_are_a_way_of_looking():
    assert missing(context_of(cases=CASES), ["bundles"]) == ("bundles",)
    assert missing(context_of(cases=CASES, unit="bundle"), ["bundles", "visits"]) == ("visits",)
    assert missing(context_of(cases=CASES, visits=VISITS, unit="bundle"), ["bundles", "visits.date"]) == ()


def test_without_a_catalogue_nothing_of_it_is_met():
    assert missing(context_of(catalogue=None), ["catalogue.items | department", "catalogue.items"]) == (
        "catalogue.items",
    )


def test_every_need_of_every_rule_is_one_that_can_be_met():
    """A slip in a name would make a rule never checkable."""
    tables = {name for name in vars(Catalogue())}
    for rule in RULES.values():
        for need in rule.needs:
            assert need.count("(") == need.count(")")
            for one in alternatives(need):
                room, *rest = one.split(".")
                assert one == one.strip() != ""
                assert len(rest) <= 2
                if room == "catalogue":
                    assert rest[0] in tables, need
                elif rest:
                    assert room in SIDE_TABLES, need
                else:
                    assert room == "bundles" or room.replace("_", "").isalpha(), need
