"""W22: one item, two channels."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from approvals import log_of, step

from flowaudit.diagnosis import diagnose
from flowaudit.worktime import Calendar


def w22(log, **options):
    found = diagnose(log, calendar=Calendar.weekdays(), only=["W22"], **options)
    return {f.id: f for f in found}, found.not_checkable


def by_channel(rows):
    """One case for each row: channel, and where told variant, days on the clock, kinds of material, a correction."""
    cases, materials = [], []
    for c, row in enumerate(rows):
        days = row.get("days", 3)
        notice = [step("补正通知", "甲局", "correction", days - 0.5)] if row.get("corrected") else []
        cases.append([step("受理", "窗口", "accept", 0), *notice, step("决定", "甲局", "decide", days)])
        materials += [{"case_id": f"c{c:03}", "canonical_id": f"M{k}"} for k in range(row.get("kinds", 0))]
    log = log_of(cases)
    table = pd.DataFrame(
        {
            "case_id": log.case_ids,
            "channel": [r["channel"] for r in rows],
            "item_code": "X",
            "variant_code": [r.get("variant") for r in rows],
        }
    )
    papers = pd.DataFrame(materials, columns=["case_id", "canonical_id"])
    return replace(log, tables={"cases": table, "material_instances": papers})


def both(n, online, window):
    return [
        {"channel": channel} | {k: v[i % len(v)] if isinstance(v, list) else v for k, v in own.items()}
        for channel, own in (("线上", online), ("窗口", window))
        for i in range(n)
    ]


def test_longer_at_the_window():
    """Days 2, 3, 4 against 4, 5, 6: two days more, with a standard deviation of 0.82."""
    found, missing = w22(by_channel(both(60, {"days": [2, 3, 4]}, {"days": [4, 5, 6]})))
    assert not missing
    (finding,) = found.values()
    assert finding.id == "W22-X-time"
    assert (finding.details["online"], finding.details["window"]) == (3, 5)
    assert finding.details["smd"] == pytest.approx(-2 / np.sqrt(2 / 3 * 60 / 59))
    assert (finding.cases, finding.population) == (60, 120)
    assert finding.scope == {"items": ("X",), "channels": ("窗口", "线上")}
    assert set(finding.evidence) <= {f"c{i:03}" for i in range(60, 120)}
    assert finding.time_lost_days_total is None


def test_more_kinds_of_material_online():
    found, _missing = w22(by_channel(both(40, {"kinds": [5, 6]}, {"kinds": [3, 4]})))
    (finding,) = found.values()
    assert finding.id == "W22-X-materials"
    assert finding.details["difference"] == 2
    assert finding.reductions == ("materials",)


def test_a_material_handed_in_twice_is_one_kind():
    log = by_channel(both(40, {"kinds": 3}, {"kinds": 3}))
    papers = log.table("material_instances")
    again = papers[papers["case_id"] < "c040"]
    tables = {**log.tables, "material_instances": pd.concat([papers, again], ignore_index=True)}
    assert w22(replace(log, tables=tables)) == ({}, ())


def test_materials_nobody_recorded_are_not_none():
    """Nothing is recorded at the window for half of the cases: unknown."""
    assert w22(by_channel(both(60, {"kinds": 3}, {"kinds": [0, 3]})))[0] == {}
    assert w22(by_channel(both(60, {"kinds": 3}, {"kinds": 0})))[0] == {}


def test_more_corrections_at_the_window():
    online, window = {"corrected": [True] + [False] * 9}, {"corrected": [True, False]}
    (finding,) = w22(by_channel(both(60, online, window)))[0].values()
    assert finding.id == "W22-X-corrections"
    assert (finding.details["online"], finding.details["window"]) == (0.1, 0.5)
    assert finding.cases == 60


def test_a_sure_difference_without_any_spread():
    (finding,) = w22(by_channel(both(30, {"kinds": 3}, {"kinds": 4})))[0].values()
    assert (finding.details["smd"], finding.details["p"]) == (-np.inf, 0)


def test_the_mix_of_situations_is_no_difference():
    """Simple cases take 2 or 4 days and hard ones 8 or 10, by either channel; online four fifths are simple."""
    rows = [
        {"channel": channel, "variant": variant, "days": days[i % 2]}
        for channel, simple in (("线上", 80), ("窗口", 20))
        for variant, days, n in (("简单", (2, 4), simple), ("复杂", (8, 10), 100 - simple))
        for i in range(n)
    ]
    assert w22(by_channel(rows)) == ({}, ())
    assert set(w22(by_channel([{**r, "variant": None} for r in rows]))[0]) == {"W22-X-time"}


@pytest.mark.parametrize(
    ("n", "more", "speaks"),
    [(29, 5, False), (30, 5, True), (30, 1, False), (600, 0.5, False)],
    ids=["29 cases", "30 cases", "large but not sure", "sure but small"],
)
def test_support_size_and_certainty(n, more, speaks):
    """2 to 7 days evenly have a standard deviation of 1.71; half a day is a standardised difference of 0.29."""
    online = [2, 3, 4, 5, 6, 7]
    raised = [d + (more if more >= 1 else i % 2) for i in range(2) for d in online]
    assert bool(w22(by_channel(both(n, {"days": online}, {"days": raised})))[0]) == speaks


def test_each_situation_weighs_by_its_smaller_channel():
    """Simple: 100 and 10 cases, two days apart, weight 1000 / 110. Hard: 20 and 80, alike, weight 1600 / 100."""
    rows = [
        {"channel": channel, "variant": variant, "days": days + i % 2}
        for channel, variant, days, n in (
            ("线上", "简单", 2, 100), ("窗口", "简单", 4, 10), ("线上", "复杂", 8, 20), ("窗口", "复杂", 8, 80),
        )
        for i in range(n)
    ]  # fmt: skip
    (finding,) = w22(by_channel(rows))[0].values()
    simple, hard = 1000 / 110, 1600 / 100
    assert finding.details["difference"] == pytest.approx(-2 * simple / (simple + hard))
    assert finding.details["variants"] == 2


def test_thresholds():
    log = by_channel(both(60, {"days": [2, 3, 4]}, {"days": [4, 5, 6]}))
    assert w22(log, thresholds={"W22": {"smd": 3}})[0] == {}


def test_channels_of_bundles():
    cases = [
        [step("受理", "窗口", "accept", 0, item_code="X"),
         step("决定", "甲局", "decide", 2 + c % 2 + (3 if c >= 40 else 0), item_code="X")]
        for c in range(80)
    ]  # fmt: skip
    log = log_of(cases, bundles=True)
    bundles = pd.DataFrame(
        {"bundle_id": [f"c{c:03}" for c in range(80)], "channel": ["网上申请"] * 40 + ["大厅窗口"] * 40}
    )
    (finding,) = w22(replace(log, tables={**log.tables, "bundles": bundles}))[0].values()
    assert (finding.id, finding.details["difference"]) == ("W22-X-time", -3)


def test_not_checkable():
    _found, (missing,) = w22(by_channel([{"channel": "线上"}] * 60))
    assert missing.reason_en.startswith("the channels of the cases are not known")
    _found, (missing,) = w22(by_channel([{"channel": None}] * 60))
    assert missing.needs == ("cases.channel | bundles.channel",)
    log = log_of([[step("甲", "甲局", None, 0)]] * 80)
    table = pd.DataFrame({"case_id": log.case_ids, "channel": ["线上", "窗口"] * 40})
    _found, (missing,) = w22(replace(log, tables={"cases": table}))
    assert missing.reason_en.startswith("neither materials nor corrections")
