"""W14: materials that are rejected, and optional ones that nobody reads."""

import pandas as pd
import pytest
from approvals import at, log_of, step

from flowaudit.catalogue import Catalogue
from flowaudit.diagnosis import diagnose
from flowaudit.eventlog import APPLICANT
from flowaudit.worktime import Calendar


def w14(log, catalogue=None, **options):
    found = diagnose(log, catalogue, calendar=Calendar.weekdays(), only=["W14"], **options)
    return {f.id: f for f in found}, [n for n in found.not_checkable if n.rule == "W14"]


def log_with(rejected, fine, *, times=True, events=True, accepted=True):
    """Applied on day 0; the plan of some is rejected and handed in again on day 4; the identity card is always fine."""
    apply = [step("申请", APPLICANT, "apply", 0, item_code="X", event_id="a")]
    again = [step("补正", APPLICANT, "correction", 4, item_code="X", event_id="b")]
    end = [step("决定", "甲局", "decide", 8, item_code="X", event_id="c")]
    log = log_of([apply + again + end] * rejected + [apply + end] * fine)
    rows = []
    for n in range(rejected + fine):
        day0, day4 = at(5 * n) + pd.Timedelta(hours=1), at(4 + 5 * n) + pd.Timedelta(hours=1)
        rows.append((f"c{n:03}", "ID", day0, True, None, "a"))
        rows.append((f"c{n:03}", "PLAN", day0, n >= rejected, "未标注尺寸" if n < rejected else None, "a"))
        if n < rejected:
            rows.append((f"c{n:03}", "PLAN", day4, True, None, "b"))
    columns = ["case_id", "canonical_id", "submit_time", "accepted", "reject_reason", "event_id"]
    table = pd.DataFrame(rows, columns=columns).assign(source="applicant")
    drop = [*([] if times else ["submit_time"]), *([] if events else ["event_id"]), *([] if accepted else ["accepted"])]
    return log.with_tables(material_instances=table.drop(columns=drop))


def test_a_rejected_material_is_found_with_the_days_until_the_accepted_one():
    found, missing = w14(log_with(40, 60))
    assert not missing
    assert found.keys() == {"W14-rejected-X-PLAN"}
    finding = found["W14-rejected-X-PLAN"]
    assert (finding.cases, finding.population) == (40, 100)
    assert finding.time_lost_days_median == pytest.approx(4.0)
    assert finding.time_lost_days_total == pytest.approx(160.0)
    # The second submission is the second event; it was enabled when the application ended, four days before it.
    assert finding.saving_days_total == pytest.approx(160.0)
    assert finding.events["c000"] == (2,)
    assert finding.details["reasons"] == [["未标注尺寸", 40]]
    assert finding.details["share_of_submissions"] == pytest.approx(40 / 140)
    assert finding.scope == {"items": ("X",), "materials": ("PLAN",)}


def test_nothing_rejected_nothing_found():
    assert w14(log_with(0, 100)) == ({}, [])


def test_without_times_no_time_is_lost_and_without_events_no_saving_is_told():
    assert w14(log_with(40, 60, times=False))[0]["W14-rejected-X-PLAN"].time_lost_days_total is None
    finding = w14(log_with(40, 60, events=False))[0]["W14-rejected-X-PLAN"]
    assert finding.time_lost_days_total == pytest.approx(160.0)
    assert finding.saving_days_total is None


@pytest.mark.parametrize(("rejected", "fine", "found"), [(29, 0, 0), (30, 150, 1), (30, 200, 0)])
def test_support_of_thirty_and_a_lower_bound_of_ten_per_cent(rejected, fine, found):
    """30 of 180 have a Wilson interval from 11.9 %; 30 of 230 one from 9.3 %."""
    assert len(w14(log_with(rejected, fine))[0]) == found


def test_a_material_rejected_twice_is_one_case():
    log = log_with(40, 60)
    table = log.table("material_instances")
    bad = table[~table["accepted"]]
    twice = pd.concat([table, bad.assign(submit_time=bad["submit_time"] + pd.Timedelta(hours=2))], ignore_index=True)
    finding = w14(log.with_tables(material_instances=twice))[0]["W14-rejected-X-PLAN"]
    assert (finding.cases, finding.details["rejections"]) == (40, 80)
    assert finding.time_lost_days_median == pytest.approx(4.0)  # from the first rejected one


def test_a_material_that_stayed_rejected_loses_no_time_yet():
    log = log_with(40, 60)
    table = log.table("material_instances")
    log = log.with_tables(material_instances=table[~table["event_id"].eq("b")])
    finding = w14(log)[0]["W14-rejected-X-PLAN"]
    assert finding.cases == 40
    assert finding.time_lost_days_total is None


# Optional materials.


def optional(names="企业简介", kind="optional"):
    asked = pd.DataFrame(
        {
            "item_code": ["X", "X"], "canonical_id": ["ID", "BRIEF"], "name": ["身份证", names],
            "necessity": ["required", kind],
        }
    )  # fmt: skip
    return Catalogue(item_materials=asked)


def read_by(opinion, n=40, without=0, accepted=False):
    case = [
        step("申请", APPLICANT, "apply", 0, item_code="X", event_id="a"),
        step("审查", "甲局", "review", 2, item_code="X", opinion=opinion),
    ]
    log = log_of([case] * (n + without))
    rows = [(f"c{k:03}", "ID", "a") for k in range(n + without)] + [(f"c{k:03}", "BRIEF", "a") for k in range(n)]
    table = pd.DataFrame(rows, columns=["case_id", "canonical_id", "event_id"]).assign(source="applicant")
    return log.with_tables(material_instances=table.assign(accepted=True) if accepted else table)


def test_an_optional_material_that_no_opinion_names_is_found():
    found, missing = w14(read_by("身份证有效，同意", without=20), optional())
    assert not missing
    finding = found["W14-optional-X-BRIEF"]
    assert (finding.cases, finding.population, finding.confidence) == (40, 60, "medium")
    assert finding.scope["materials"] == ("企业简介",)
    assert finding.reductions == ("materials",)
    assert finding.time_lost_days_total is None


def test_it_is_a_weak_finding_where_opinions_never_name_a_material():
    assert w14(read_by("同意"), optional())[0]["W14-optional-X-BRIEF"].confidence == "low"


def test_a_material_that_an_opinion_names_is_used():
    assert w14(read_by("已阅企业简介，同意"), optional())[0] == {}


def test_a_mandatory_material_may_be_read_in_silence():
    assert w14(read_by("同意", accepted=True), optional(kind="required")) == ({}, [])


def test_hardly_ever_collected_is_no_habit():
    assert w14(read_by("同意", n=30, without=300), optional())[0] == {}


def test_without_opinions_and_rejections_nobody_can_say():
    _found, (missing,) = w14(read_by(None), optional())
    assert missing.needs == ("material_instances.accepted | opinion",)
    assert w14(log_with(40, 60, accepted=False))[1][0].needs == (
        "material_instances.accepted | catalogue.item_materials.necessity",
    )
