"""Visits on paper: every stay counts, and one in vain where its outcome says so."""

import pandas as pd

from flowaudit.catalogue import Catalogue
from flowaudit.eventlog import from_frame
from flowaudit.metrics import NotRecorded, fields_of_cases, trips, visits


def log(table=None, **columns):
    events = pd.DataFrame(
        {"case_id": ["1", "2"], "activity": "受理", "end": pd.to_datetime(["2024-01-02"] * 2)}
    ).assign(**columns)
    return from_frame(events, tables={} if table is None else {"visits": table})


def came(**columns):
    day = pd.to_datetime(["2024-01-02", "2024-01-02", "2024-01-03", "2024-01-03"])
    return pd.DataFrame({"case_id": ["1", "1", "1", "9"], "site": "大厅", "date": day}).assign(**columns)


def test_several_counters_on_one_day_are_several_visits_but_one_trip():
    found = visits(log(came()))
    assert found.all.tolist() == [3.0, 0.0]
    assert trips(log(came())).tolist() == [2.0, 0.0]
    assert found.in_vain is None


def test_a_visit_is_in_vain_where_its_outcome_brought_nothing():
    found = visits(log(came(outcome=["办成", " Wasted ", None, "wasted"])))
    assert found.in_vain.tolist() == [1.0, 0.0], (
        "what is not recorded is not in vain, and the last visit is of no case here"
    )
    assert visits(log(came(outcome=[None] * 4))).in_vain is None


def test_a_log_without_visits_does_not_know():
    assert isinstance(visits(log()), NotRecorded)
    assert isinstance(visits(log(came().assign(case_id=None))), NotRecorded)


def test_fields_are_those_of_the_items_of_a_case():
    """Item a has two fields to type, b one; a case of both has three, one of an unknown item is unknown."""
    catalogue = Catalogue(
        items=pd.DataFrame({"item_code": ["a", "b"], "name": ["A", "B"]}),
        form_fields=pd.DataFrame({"item_code": ["a", "a", "a", "b"], "field_label": list("wxyz"), "class": ["type", "type", "auto", "type"]}),
    )  # fmt: skip
    events = pd.DataFrame({
        "case_id": list("112344"), "activity": "受理", "item_code": ["a", "b", "a", "q", "b", "b"],
        "end": pd.date_range("2024-01-02", periods=6),
    })  # fmt: skip
    found = fields_of_cases(from_frame(events), catalogue)
    assert found[[0, 1, 3]].tolist() == [3.0, 2.0, 1.0]
    assert found[2] != found[2]
