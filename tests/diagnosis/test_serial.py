"""W09: one after the other though nothing recorded demands it."""

import pandas as pd
import pytest
from approvals import HOUR, log_of, step

from flowaudit.catalogue import Catalogue
from flowaudit.diagnosis import diagnose
from flowaudit.worktime import Calendar


def w09(log, catalogue=None, **options):
    found = diagnose(log, catalogue, calendar=Calendar.weekdays(), **options)
    return {f.id: f for f in found if f.rule == "W09"}, [n for n in found.not_checkable if n.rule == "W09"]


def catalogue(*pairs, basis="legal"):
    relations = pd.DataFrame(
        [(a, b, "precedes", basis) for a, b in pairs], columns=["src_item", "dst_item", "relation", "basis"]
    )
    items = pd.DataFrame({"item_code": list("XYZ"), "name": ["事项甲", "事项乙", "事项丙"]})
    return Catalogue(items=items, item_relations=relations)


def item(code, first, last):
    return [
        step(f"{code}受理", f"{code}局", "accept", first, item_code=code),
        step(f"{code}决定", f"{code}局", "decide", last, item_code=code),
    ]


def bundles(*items, n=40):
    return log_of([[s for i in items for s in item(*i)]] * n, bundles=True)


def inspections(first=2, second=4, n=40, **officers):
    """Accepted on day 0, reviewed on day 1, inspected twice, decided on day 9."""
    case = [
        step("受理", "窗口", "accept", 0),
        step("审查", "甲局", "review", 1),
        step("消防核查", "消防", "inspect", first, **({"resource": officers["fire"]} if officers else {})),
        step("环保核查", "环保", "inspect", second, **({"resource": officers["water"]} if officers else {})),
        step("决定", "甲局", "decide", 9),
    ]
    return [sorted(case, key=lambda s: s.day)] * n


def test_items_in_a_row_are_found():
    found, missing = w09(bundles(("X", 0, 3), ("Y", 4, 9)), catalogue())
    assert not missing
    finding = found["W09-X-Y"]
    assert (finding.cases, finding.population, finding.share) == (40, 40, 1.0)
    # X takes three days and an hour, Y five and an hour: the shorter one is what running side by side would save.
    assert finding.time_lost_days_median == pytest.approx(3 + HOUR)
    assert finding.time_lost_days_total == pytest.approx(40 * (3 + HOUR))
    assert finding.scope["items"] == ("X", "Y")
    assert "事项甲" in finding.statement_en
    assert finding.confidence == "medium"


def test_items_side_by_side_are_not():
    assert w09(bundles(("X", 0, 3), ("Y", 1, 9)), catalogue())[0] == {}


def test_a_prerequisite_is_no_waste():
    log = bundles(("X", 0, 3), ("Y", 4, 9))
    assert w09(log, catalogue(("X", "Y")))[0] == {}
    assert w09(log, catalogue(("X", "Y"), basis="observed"))[0].keys() == {"W09-X-Y"}


def test_without_a_catalogue_the_finding_is_weak_and_says_so():
    finding = w09(bundles(("X", 0, 3), ("Y", 4, 9)))[0]["W09-X-Y"]
    assert finding.confidence == "low"
    assert "No catalogue" in finding.caveat_en


def test_only_neighbours_in_a_row_are_named():
    """X, then Y, then Z: X and Z are kept apart by Y."""
    assert w09(bundles(("X", 0, 3), ("Y", 4, 6), ("Z", 7, 9)), catalogue())[0].keys() == {"W09-X-Y", "W09-Y-Z"}


def test_two_items_side_by_side_before_a_third_are_both_named():
    assert w09(bundles(("X", 0, 3), ("Y", 1, 4), ("Z", 5, 9)), catalogue())[0].keys() == {"W09-X-Z", "W09-Y-Z"}


@pytest.mark.parametrize(("serial", "beside", "found"), [(80, 20, 1), (79, 21, 0), (29, 0, 0), (30, 0, 1)])
def test_support_of_thirty_cases_and_eighty_per_cent(serial, beside, found):
    row = [*item("X", 0, 3), *item("Y", 4, 9)]
    overlap = [*item("X", 0, 3), *item("Y", 1, 9)]
    assert len(w09(log_of([row] * serial + [overlap] * beside, bundles=True), catalogue())[0]) == found


def test_inspections_in_a_row_are_found():
    """The first is enabled by the review on day 1 and ends on day 2; the second ends two days after that."""
    found, missing = w09(log_of(inspections()))
    assert not missing
    finding = found["W09-消防核查-环保核查"]
    assert (finding.cases, finding.population) == (40, 40)
    assert finding.time_lost_days_median == pytest.approx(1.0)
    assert finding.scope["activities"] == ("消防核查", "环保核查")


@pytest.mark.parametrize("starts", [True, False], ids=["starts", "ends only"])
def test_inspections_in_either_order_are_side_by_side(starts):
    """Both enabled by the review: none waits for the other, though their short visits never overlap."""
    cases = [*inspections(2, 4, 25), *inspections(4, 2, 25)]
    assert w09(log_of(cases, starts=starts))[0] == {}


def test_one_officer_cannot_be_at_two_places():
    assert w09(log_of(inspections(fire="o1", water="o1")))[0] == {}
    assert len(w09(log_of(inspections(fire="o1", water="o2")))[0]) == 1


def test_inspections_of_items_in_a_row_are_not_named_twice():
    def with_inspection(code, first, last):
        return [*item(code, first, last), step(f"{code}核查", f"{code}局", "inspect", first + 1, item_code=code)]

    log = log_of([[*with_inspection("X", 0, 3), *with_inspection("Y", 4, 9)]] * 40, bundles=True)
    assert w09(log, catalogue())[0].keys() == {"W09-X-Y"}


def test_not_checkable_without_stages_and_items():
    case = [step("消防核查", "消防", None, 0), step("环保核查", "环保", None, 2)]
    found, missing = w09(log_of([case] * 40))
    assert found == {}
    assert len(missing[0].needs) == 2


@pytest.mark.parametrize(("serial", "beside", "found"), [(40, 10, 1), (40, 11, 0)])
def test_four_of_five_cases_with_both_inspections(serial, beside, found):
    """Begun on the same day both were enabled by the review: these cases run side by side already."""
    log = log_of(inspections(2, 4, n=serial) + inspections(2, 2, n=beside))
    assert len(w09(log, catalogue())[0]) == found
