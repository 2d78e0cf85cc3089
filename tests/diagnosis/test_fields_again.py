"""W07: the same information typed again by applicants, or keyed in again by the staff."""

import pandas as pd
import pytest
from approvals import log_of, step

from flowaudit.catalogue import Catalogue
from flowaudit.diagnosis import diagnose
from flowaudit.eventlog import APPLICANT, from_frame
from flowaudit.worktime import Calendar


def w07(log, catalogue=None, **options):
    found = diagnose(log, catalogue, calendar=Calendar.weekdays(), only=["W07"], **options)
    return {f.id: f for f in found}, [n for n in found.not_checkable if n.rule == "W07"]


def guide(*fields):
    """A field is (item, form, name, how it is filled in, register that knows it)."""
    columns = ["item_code", "form", "field_label", "class", "authoritative_source"]
    frame = pd.DataFrame(fields, columns=columns)
    return Catalogue(form_fields=frame.assign(canonical_field=frame["field_label"].str.lower()))


def bundles(items="XY", n=40):
    return log_of(
        [[step(f"{i}申请", APPLICANT, "apply", d, item_code=i) for d, i in enumerate(items)]] * n, bundles=True
    )


PHONE = (("X", "甲表", "Phone", "type", None), ("Y", "乙表", "Phone", "type", None))


def test_a_field_in_two_forms_is_typed_once_too_often():
    found, missing = w07(bundles(), guide(*PHONE, ("X", "甲表", "Area", "type", None)))
    assert not missing
    assert found.keys() == {"W07-fields-repeated"}
    finding = found["W07-fields-repeated"]
    assert (finding.cases, finding.population, finding.confidence) == (40, 40, "high")
    assert finding.details["typed_too_often"] == 40
    assert finding.details["fields"] == {"phone": {"label": "Phone", "forms": ["乙表", "甲表"], "sources": []}}
    assert finding.scope == {"items": ("X", "Y"), "fields": ("Phone",)}
    assert finding.time_lost_days_total is None


def test_three_forms_are_two_times_too_often():
    found, _missing = w07(bundles("XYZ"), guide(*PHONE, ("Z", "丙表", "Phone", "type", None)))
    assert found["W07-fields-repeated"].details["typed_too_often_median"] == 2


def test_one_form_for_two_items_asks_once():
    assert w07(bundles(), guide(*[(item, "一张表", *rest) for item, _form, *rest in PHONE])) == ({}, [])


@pytest.mark.parametrize("how", ["auto", "select", "自动填入"])
def test_what_is_not_typed_is_no_burden(how):
    assert w07(bundles(), guide(*[(item, form, name, how, "库") for item, form, name, _how, _s in PHONE])) == ({}, [])


def test_bundles_without_the_other_item_type_it_once():
    log = log_of(
        [[step(f"{i}申请", APPLICANT, "apply", d, item_code=i) for d, i in enumerate(items)] for items in ["XY"] * 30 + ["X"] * 20],
        bundles=True,
    )  # fmt: skip
    finding = w07(log, guide(*PHONE))[0]["W07-fields-repeated"]
    assert (finding.cases, finding.population) == (30, 50)
    assert finding.details["typed_too_often"] == 30


@pytest.mark.parametrize(("n", "found"), [(29, 0), (30, 2)])
def test_support_of_thirty_cases(n, found):
    known = [(*row[:4], "人口库") for row in PHONE]
    assert len(w07(bundles(n=n), guide(*known))[0]) == found


def test_a_field_that_a_register_knows_need_not_be_typed_at_all():
    finding = w07(bundles("X"), guide(("X", "甲表", "Name", "type", "人口库")))[0]["W07-fields-known"]
    assert (finding.cases, finding.details["typed_too_often"]) == (40, 40)
    assert finding.details["fields"]["name"]["sources"] == ["人口库"]


def applicants(number, n=40):
    """Single applications, X and Y in turn; ``number`` of them are of one applicant."""
    log = log_of([[step("申请", APPLICANT, "apply", 0, item_code="XY"[k % 2])] for k in range(2 * n)])
    table = pd.DataFrame({"case_id": log.case_ids, "applicant_id": [f"A{k // number}" for k in range(2 * n)]})
    return log.with_tables(cases=table)


def test_without_bundles_the_forms_of_one_applicant_count():
    assert w07(applicants(1), guide(*PHONE))[0] == {}
    finding = w07(applicants(2), guide(*PHONE))[0]["W07-fields-repeated"]
    # Forty applicants type it twice: forty times too often in eighty applications.
    assert (finding.cases, finding.details["typed_too_often"], finding.confidence) == (80, 40, "medium")


# Keyed in again by the staff.


def keyed(minutes=5, *, officers=("o1", "o1"), systems=("甲系统", "乙系统"), n=40, plain=0, dates=False, **more):
    """A check, ended at 10:00, and an entry of it in another system some minutes later; a decision the next day."""
    rows = []
    for case in range(n + plain):
        day = pd.Timestamp("2024-03-04") + pd.Timedelta(days=7 * case)
        ends = [day + pd.Timedelta(hours=10), day + pd.Timedelta(hours=10, minutes=minutes)]
        for k in range(2 if case < n else 1):
            end = day if dates else ends[k]
            begin = end if dates else end - pd.Timedelta(minutes=2)
            rows.append((f"c{case}", "审核", "甲局", officers[k], systems[k], begin, end))
        later = day + pd.Timedelta(days=1, hours=10)
        rows.append((f"c{case}", "决定", "甲局", "o9", systems[0], later - pd.Timedelta(minutes=5), later))
    frame = pd.DataFrame(rows, columns=["case_id", "activity", "department", "resource", "system", "start", "end"])
    frame[["start", "end"]] = frame[["start", "end"]].astype("datetime64[us]")
    return from_frame(frame.assign(**more))


def test_an_entry_in_two_systems_in_five_minutes_is_found():
    found, missing = w07(keyed(plain=60))
    assert not missing
    finding = found["W07-systems-甲局-乙系统-甲系统"]
    assert (finding.cases, finding.population) == (40, 100)
    # Five minutes of an office day of seven hours.
    assert finding.time_lost_days_total == pytest.approx(40 * 5 / 60 / 7)
    assert finding.saving_days_total is not None
    assert finding.details == {"systems": ["乙系统", "甲系统"], "entries": 40, "same_activity_share": 1.0}
    assert finding.scope["systems"] == ("乙系统", "甲系统")


@pytest.mark.parametrize(("minutes", "found"), [(30, 1), (31, 0)])
def test_within_thirty_minutes(minutes, found):
    assert len(w07(keyed(minutes))[0]) == found


def test_one_system_or_two_officers_are_no_second_entry():
    assert w07(keyed(systems=("甲系统", "甲系统"))) == ({}, [])
    assert w07(keyed(officers=("o1", "o2"))) == ({}, [])


def test_where_officers_are_unknown_the_office_stands_for_them():
    log = keyed(officers=(None, None), office="审批科")
    assert len(w07(log)[0]) == 1
    assert w07(keyed(officers=("o1", "o2"), office="审批科"))[0] == {}


def test_of_bare_dates_nobody_knows_how_far_apart_they_are():
    assert w07(keyed(dates=True))[0] == {}


@pytest.mark.parametrize(("twice", "once", "found"), [(29, 0, 0), (30, 300, 1), (30, 470, 0)])
def test_support_and_a_lower_bound_of_five_per_cent(twice, once, found):
    assert len(w07(keyed(n=twice, plain=once))[0]) == found


def test_not_checkable_without_guides_and_systems():
    assert w07(bundles())[1][0].needs == ("catalogue.form_fields.canonical_field | system",)


def test_not_checkable_where_nobody_says_what_is_typed():
    fields = guide(*PHONE).form_fields.drop(columns="class")
    _found, (missing,) = w07(bundles(), Catalogue(form_fields=fields))
    assert missing.needs[0] == "catalogue.form_fields.class | system"
