"""W20: applied for online, and then the same on paper."""

import pandas as pd
import pytest
from approvals import at, log_of, step

from flowaudit.diagnosis import diagnose
from flowaudit.eventlog import APPLICANT
from flowaudit.worktime import Calendar


def w20(log, **options):
    found = diagnose(log, calendar=Calendar.weekdays(), only=["W20"], **options)
    return {f.id: f for f in found}, [n for n in found.not_checkable if n.rule == "W20"]


def log_with(cases, *, channel="线上", visits=None, bundles=False):
    """Each case lists what is handed in: (material, form, day[, accepted])."""
    steps = [step("申请", APPLICANT, "apply", 0, item_code="X", event_id="a")]
    log = log_of([steps] * len(cases), bundles=bundles)
    rows = [
        (f"c{n:03}{'-X' if bundles else ''}", kind, form, at(day + 5 * n), (*rest, True)[0], "a", "applicant")
        for n, handed in enumerate(cases)
        for kind, form, day, *rest in handed
    ]
    columns = ["case_id", "canonical_id", "form", "submit_time", "accepted", "event_id", "source"]
    channels = [channel] * len(cases) if isinstance(channel, str) else channel
    tables = {"material_instances": pd.DataFrame(rows, columns=columns)}
    if bundles:
        tables["bundles"] = pd.DataFrame({"bundle_id": log.table("cases")["bundle_id"], "channel": channels})
    else:
        tables["cases"] = pd.DataFrame({"case_id": log.case_ids, "channel": channels})
    if visits is not None:
        tables["visits"] = pd.DataFrame({"case_id": log.case_ids[: len(visits)], "purpose": visits, "site": "大厅"})
    return log.with_tables(**{name: table for name, table in tables.items() if len(table)})


AGAIN = [("ID", "electronic", 0), ("PLAN", "electronic", 0), ("ID", "paper", 2)]
FINE = [("ID", "electronic", 0), ("PLAN", "electronic", 0)]


@pytest.mark.parametrize("bundles", [False, True], ids=["cases", "bundles"])
def test_paper_after_the_same_material_was_uploaded_is_found(bundles):
    found, missing = w20(log_with([AGAIN] * 40 + [FINE] * 60, bundles=bundles))
    assert not missing
    finding = found["W20-paper-X"]
    assert (finding.cases, finding.population, finding.confidence) == (40, 100, "high")
    assert finding.scope == {"channels": ("线上",), "items": ("X",), "materials": ("ID",)}
    assert finding.details == {"handed_in_again": 40, "materials": [["ID", 40]]}
    assert finding.events["c000"] == (1,)
    assert finding.time_lost_days_total is None


def test_wholly_online_is_clean():
    assert w20(log_with([FINE] * 100)) == ({}, [])


@pytest.mark.parametrize(
    "handed",
    [
        [("ID", "electronic", 0), ("PLAN", "paper", 2)],  # another material
        [("ID", "paper", 0), ("ID", "electronic", 2)],  # the other way round
        [("ID", "electronic", 0, False), ("ID", "paper", 2)],  # answers a rejection
        [("ID", "electronic", 0), ("ID", "纸质/电子化", 2)],  # nobody knows which
    ],
    ids=["other material", "paper first", "correction", "either form"],
)
def test_what_is_no_second_round_on_paper(handed):
    assert w20(log_with([handed] * 60)) == ({}, [])


@pytest.mark.parametrize("channel", ["窗口", "线下窗口", "线上线下融合窗口"])
def test_only_online_cases_count(channel):
    assert w20(log_with([AGAIN] * 60, channel=channel)) == ({}, [])


@pytest.mark.parametrize("channel", ["电脑端网上办理", "移动端网上申请", "APP", "微信小程序", "online"])
def test_words_for_online(channel):
    assert len(w20(log_with([AGAIN] * 60, channel=channel))[0]) == 1


def test_the_population_are_the_online_cases():
    log = log_with([AGAIN] * 40 + [FINE] * 60, channel=["线上"] * 80 + ["窗口"] * 20)
    assert w20(log)[0]["W20-paper-X"].population == 80


def test_the_way_of_collecting_tells_the_form_too():
    log = log_with([AGAIN] * 40)
    table = log.table("material_instances")
    mode = table.pop("form").map({"electronic": "附件上传", "paper": "纸质收取"})
    assert len(w20(log.with_tables(material_instances=table.assign(collect_mode=mode)))[0]) == 1


@pytest.mark.parametrize(("again", "fine", "found"), [(29, 0, 0), (30, 300, 1), (30, 470, 0)])
def test_support_of_thirty_and_a_lower_bound_of_five_per_cent(again, fine, found):
    assert len(w20(log_with([AGAIN] * again + [FINE] * fine))[0]) == found


def test_visits_to_show_originals_are_found():
    found, _missing = w20(log_with([FINE] * 100, visits=["核验原件"] * 40 + ["领取"] * 20))
    finding = found["W20-visits"]
    assert (finding.cases, finding.population) == (40, 100)
    assert finding.details == {"visits": 40, "purposes": ["核验原件"], "sites": ["大厅"]}
    assert finding.reductions == ("trips",)


def test_visits_for_other_reasons_and_of_window_cases_are_none():
    assert w20(log_with([FINE] * 100, visits=["submit"] * 60)) == ({}, [])
    assert w20(log_with([FINE] * 100, channel="窗口", visits=["核验原件"] * 60)) == ({}, [])


def test_not_checkable_without_channels_or_forms():
    log = log_with([AGAIN] * 40)
    table = log.table("material_instances")
    no_form = log.with_tables(material_instances=table.drop(columns="form"))
    assert w20(no_form)[1][0].needs == ("material_instances.collect_mode | material_instances.form | visits.purpose",)
    no_channel = log.with_tables(cases=log.table("cases").drop(columns="channel"))
    assert w20(no_channel)[1][0].needs == ("cases.channel | bundles.channel",)
