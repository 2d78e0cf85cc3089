"""W09: one after the other though nothing recorded demands it."""

import pandas as pd
import pytest
from approvals import HOUR, log_of, step

from flowaudit.catalogue import Catalogue
from flowaudit.diagnosis import diagnose
from flowaudit.worktime import Calendar


def w09(log, catalogue=None, **options):
    found = diagnose(log, catalogue, calendar=Calendar.weekdays(), only=["W09"], **options)
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


@pytest.mark.parametrize(("serial", "beside", "found"), [(88, 12, 1), (87, 13, 0), (29, 0, 0), (30, 0, 1)])
def test_support_of_thirty_cases_and_a_lower_bound_of_eighty_per_cent(serial, beside, found):
    """88 of 100 have a Wilson interval from 80.2 %; 87 of 100 one from 79.0 %."""
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
    assert missing[0].needs == ("stage (inspect, consult_dept) | item_code (with bundles)",)
    found, missing = w09(log_of([[step("核查", "消防", None, 0, item_code="X")]] * 40))
    assert found == {}
    assert len(missing[0].needs) == 2


@pytest.mark.parametrize(("serial", "beside", "found"), [(88, 12, 1), (87, 13, 0)])
def test_four_of_five_cases_with_both_inspections(serial, beside, found):
    """Begun on the same day both were enabled by the review: these cases run side by side already."""
    log = log_of(inspections(2, 4, n=serial) + inspections(2, 2, n=beside))
    assert len(w09(log, catalogue())[0]) == found


# What the saving rests on.


def test_items_save_what_the_later_one_would_not_lengthen():
    """X lasts three days and an hour, then Y five and an hour: Y's two events carry X's span, by how long each took."""
    finding = w09(bundles(("X", 0, 3), ("Y", 4, 9)), catalogue())[0]["W09-X-Y"]
    assert finding.events["c000"] == (1, 2, 3, 4)  # to look at: both
    # Y is last and follows X: what is taken from it ends the bundle earlier by as much.
    assert finding.saving_days_total == pytest.approx(40 * (3 + HOUR))
    assert finding.saving_days_total == pytest.approx(finding.time_lost_days_total)


def test_inspections_save_the_shorter_span_on_the_later_one():
    finding = w09(log_of(inspections(2, 4)))[0]["W09-消防核查-环保核查"]
    assert len(finding.events["c000"]) == 2
    assert finding.events["c000"][-1] == 4
    assert finding.saving_days_total == pytest.approx(40 * 1.0)


def test_either_order_of_items_shows_that_none_is_needed():
    row, turned = [*item("X", 0, 3), *item("Y", 4, 9)], [*item("Y", 0, 5), *item("X", 6, 9)]
    (finding,) = w09(log_of([row] * 30 + [turned] * 20, bundles=True), catalogue())[0].values()
    assert finding.id == "W09-X-Y"  # named by what is usual
    assert (finding.cases, finding.population) == (50, 50)
    assert finding.time_lost_days_total == pytest.approx(50 * (3 + HOUR))


def test_stamps_that_are_all_tied_save_nothing():
    log = log_of([[step("X受理", "甲局", "accept", 0, item_code="X"), step("Y受理", "乙局", "accept", 0, item_code="Y")]] * 40,
                 starts=False, bundles=True)  # fmt: skip
    assert w09(log, catalogue())[0] == {}


# What speaks against it.


def between(third, share=40, *, auto=False, n=40):
    """A third step between the two inspections in some cases."""
    more = {"is_auto": "true" if auto else "false"}
    cases = inspections(2, 6, n)
    middle = step(third, "甲局", "review", 4, **more)
    return [sorted([*c, middle], key=lambda s: s.day) if k < share else c for k, c in enumerate(cases)]


def test_a_third_step_that_always_lies_between_keeps_them_apart():
    assert w09(log_of(between("汇总初审")))[0] == {}


def test_an_automatic_step_between_does_not():
    assert w09(log_of(between("自动登记", auto=True)))[0].keys() == {"W09-消防核查-环保核查"}


@pytest.mark.parametrize(("share", "found"), [(20, 1), (21, 0)])
def test_usually_means_in_at_least_half(share, found):
    assert len(w09(log_of(between("汇总初审", share)))[0]) == found


def knocked(out, n=100):
    """The fire inspection ends some cases with a no; the others go on to the second one."""
    cases = inspections(2, 4, n)
    ended = [
        [
            s if s.activity != "消防核查" else step(s.activity, s.department, s.stage, s.day, result="不合格")
            for s in c[:3]
        ]
        for c in inspections(2, 4, out)
    ]
    return log_of(ended + cases[out:])


@pytest.mark.parametrize(("out", "found"), [(0, 1), (10, 1), (11, 0)])
def test_where_the_first_ends_the_case_the_second_would_be_wasted(out, found):
    by_id = w09(knocked(out))[0]
    assert len(by_id) == found
    for finding in by_id.values():
        assert finding.details["knocked_out"] == pytest.approx(out / 100)


def test_a_no_that_stops_nobody_is_no_knock_out():
    cases = [
        [s if s.activity != "消防核查" else step(s.activity, s.department, s.stage, s.day, result="不合格") for s in c]
        for c in inspections(2, 4, 40)
    ]
    assert len(w09(log_of(cases))[0]) == 1


def with_deputies(n_common, n=50):
    """Two officers, one for each inspection; in some cases the first does the second one, too."""
    cases = []
    for k, case in enumerate(inspections(2, 4, n, fire="o1", water="o2")):
        swap = k < n_common
        cases.append([
            step(s.activity, s.department, s.stage, s.day, resource="o1") if swap and s.activity == "环保核查" else s for s in case
        ])  # fmt: skip
    return cases


@pytest.mark.parametrize(("common", "found"), [(0, 1), (9, 1), (10, 0), (50, 0)])
def test_a_shared_officer_counts_by_the_work_he_does(common, found):
    """In 10 of 50 cases o1 does both: a fifth of the second inspection."""
    assert len(w09(log_of(with_deputies(common)))[0]) == found


def test_what_the_guide_puts_in_an_order_is_a_weak_finding():
    steps = pd.DataFrame({"item_code": ["X", "X"], "seq": [1.0, 2.0], "name": ["消防核查", "环保核查"]})
    cases = [[step(s.activity, s.department, s.stage, s.day, item_code="X") for s in c] for c in inspections()]
    log = log_of(cases)
    plain = w09(log, catalogue())[0]["W09-消防核查-环保核查"]
    assert (plain.confidence, plain.details["ordered_in_guide"]) == ("medium", False)
    guided = w09(log, Catalogue(items=catalogue().items, item_steps=steps))[0]["W09-消防核查-环保核查"]
    assert (guided.confidence, guided.details["ordered_in_guide"]) == ("low", True)
    assert "guide puts one step" in guided.caveat_en


def test_thousands_of_activities_are_no_pairs():
    cases = [[step(f"核查{20 * k + j}", "消防", "inspect", j) for j in range(20)] for k in range(50)]
    assert w09(log_of(cases)) == ({}, [])
