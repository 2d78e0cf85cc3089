"""All rules together: ranked, the same whatever the order or the names, silent on sound processes."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from approvals import clean_case, log_of, random_clean_log, step
from hypothesis import given, settings
from hypothesis import strategies as st

from flowaudit.diagnosis import RULES, diagnose, explain
from flowaudit.eventlog import APPLICANT, from_frame
from flowaudit.worktime import Calendar

WEEKDAYS = Calendar.weekdays()
PLANTED = {"W01", "W03", "W04", "W09", "W10"}


def see(log, **options):
    return diagnose(log, calendar=WEEKDAYS, **options)


def corrected(case, more=0):
    return [*case[:2], step("补正通知", "窗口", "correction", 2),
            step("补正提交", APPLICANT, "correction", 5 + more),
            *(replace(s, day=s.day + 5 + more) for s in case[2:])]  # fmt: skip


def wasteful_log(n=40):
    """Four levels, corrections, a return from 甲局 by way of 乙局, two inspections in a row."""
    cases = []
    for i in range(n):
        case = clean_case(levels=4)
        case = [*case[:4], step("会商", "乙局", "special", 4), *(replace(s, day=s.day + 3) for s in case[4:])]
        case = [*case, step("消防核查", "消防", "inspect", 12), step("环保核查", "环保", "inspect", 14 + i % 3)]
        cases.append(corrected(case, i % 4))
    return log_of(cases)


def numbers(findings):
    """What must not depend on names or on the order of the cases."""
    return sorted(
        (f.rule, f.cases, f.population, round(f.time_lost_days_total or 0, 6), round(f.time_lost_days_p90 or 0, 6))
        for f in findings
    )


@pytest.fixture(scope="module")
def wasteful():
    log = wasteful_log()
    return log, see(log)


def test_every_planted_waste_is_found(wasteful):
    _log, found = wasteful
    assert set(found.by_rule()) >= PLANTED
    assert not {n.rule for n in found.not_checkable} & PLANTED
    assert {n.rule for n in found.not_checkable} | set(found.by_rule()) <= set(RULES)
    assert len(found) == len(found.items) == len(list(found))


def test_sorted_by_what_they_might_save(wasteful):
    totals = [
        f.time_lost_days_total or 0.0 if f.saving_days_total is None else f.saving_days_total for f in wasteful[1]
    ]
    assert totals == sorted(totals, reverse=True)


def test_ids_are_unique_and_evidence_lies_in_the_log(wasteful):
    log, found = wasteful
    assert len({f.id for f in found}) == len(found)
    for f in found:
        assert set(f.evidence) <= set(log.case_ids)
        assert 0 < len(f.evidence) <= 20
        assert 0 <= f.share_low <= f.share <= f.share_high <= 1
        assert f.cases <= f.population
        assert f.time_lost_days_median <= f.time_lost_days_p90
        assert f.rule in f.id
        assert f.measures


def test_overlaps_are_named_by_both(wasteful):
    found = {f.id: f for f in wasteful[1]}
    for f in found.values():
        assert f.id not in f.overlaps
        for other in f.overlaps:
            assert f.id in found[other].overlaps
    assert "W10-环保核查" in found["W09-消防核查-环保核查"].overlaps
    assert "W10-决定" in found["W03-甲局-乙局"].overlaps
    # levels and returns lose time on other events of the department
    assert "W01-甲局" not in found["W03-甲局-乙局"].overlaps
    assert "W09-消防核查-环保核查" not in found["W01-甲局"].overlaps


def test_explain_shows_the_evidence(wasteful):
    log, found = wasteful
    finding = next(f for f in found if f.rule == "W01")
    shown = explain(finding, log, cases=3).events
    assert set(shown["case_id"]) == set(finding.evidence[:3])
    assert shown.loc[shown["concerned"], "activity"].unique().tolist() == ["会签"]
    assert list(shown.columns) == ["case_id", "activity", "department", "start", "end", "number", "concerned"]
    between = explain(next(f for f in found if f.rule == "W03"), log).events
    assert set(between.loc[between["concerned"], "department"]) == {"甲局", "乙局"}
    assert between["case_id"].nunique() == 5


def test_explain_of_items():
    case = [step("甲受理", "甲", "accept", 0, item_code="X"), step("乙受理", "乙", "accept", 2, item_code="Y"),
            step("咨询", "窗口", "consult", 3)]  # fmt: skip
    log = log_of([[replace(s, more={"item_code": s.more.get("item_code", "Z")}) for s in case]] * 30, bundles=True)
    finding = next(f for f in see(log) if f.id == "W09-X-Y")
    shown = explain(finding, log).events
    assert shown.loc[shown["concerned"], "activity"].unique().tolist() == ["甲受理", "乙受理"]


def test_what_is_written_can_be_read(wasteful, tmp_path):
    found = wasteful[1]
    found.to_json(tmp_path / "findings.json")
    read = json.loads((tmp_path / "findings.json").read_text("utf-8"))
    assert [f["id"] for f in read["findings"]] == [f.id for f in found]
    assert len(found.table("zh")) == len(found)
    assert found._repr_html_().count("<tr>") == len(found) + len(found.not_checkable) + 1
    assert [p.name for p in tmp_path.iterdir()] == ["findings.json"]


def test_progress_counts_the_rules(wasteful):
    calls = []
    see(wasteful[0], progress=lambda done, total: calls.append((done, total)))
    assert calls == [(i + 1, len(RULES)) for i in range(len(RULES))]


@settings(max_examples=10, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(-60, 60))
def test_order_names_and_weeks_do_not_matter(random, weeks):
    log = wasteful_log()
    expected = numbers(see(log))
    frame = log.to_pandas()
    ids = list(frame["case_id"].unique())
    random.shuffle(ids)
    place = {case: i for i, case in enumerate(ids)}
    frame = frame.iloc[np.argsort(frame["case_id"].astype(object).map(place).to_numpy(), kind="stable")]
    for column in ("case_id", "activity", "department"):
        names = sorted(set(frame[column].astype(object)) - {APPLICANT})
        others = [f"{column}-{i}" for i in range(len(names))]
        random.shuffle(others)
        frame[column] = (
            frame[column].astype(object).map({**dict(zip(names, others, strict=True)), APPLICANT: APPLICANT})
        )
    for column in ("start", "end"):
        frame[column] += pd.Timedelta(days=7 * weeks)
    assert numbers(see(from_frame(frame))) == expected


@pytest.mark.parametrize("starts", [True, False], ids=["starts", "ends only"])
@pytest.mark.parametrize("seed", range(20))
def test_a_sound_process_gives_nothing_but_waits(seed, starts):
    found = see(random_clean_log(seed, starts=starts))
    assert set(found.by_rule()) <= {"W08", "W10"}  # two departments inspect one case, each for itself
    assert found.by_rule().get("W10", 0) <= 5


def test_removing_the_waste_removes_the_finding(wasteful):
    log, found = wasteful
    gone = {
        "W01": ~(log.to_pandas()["activity"] == "会签"),
        "W03": ~(log.to_pandas()["activity"] == "会商"),
        "W04": ~log.to_pandas()["activity"].isin(["补正通知", "补正提交"]),
        "W09": ~(log.to_pandas()["activity"] == "环保核查"),
    }
    for rule, keep in gone.items():
        assert rule in found.by_rule()
        after = see(from_frame(log.to_pandas()[keep])).by_rule()
        assert rule not in after
        # without the second inspection there are no two of them either
        assert set(after) == set(found.by_rule()) - {rule} - ({"W08"} if rule == "W09" else set())


def test_a_bare_log_says_what_it_lacks():
    frame = wasteful_log().to_pandas()[["case_id", "activity", "end"]]
    found = see(from_frame(frame))
    assert {n.rule for n in found.not_checkable} == set(RULES) - {"W10"}
    assert set(found.by_rule()) == {"W10"}
    for missing in found.not_checkable:
        assert missing.reason("zh")
        assert missing.reason("en")
        assert missing.needs
    assert "not checkable" in found._repr_html_()


def test_every_rule_can_be_told():
    for name, rule in RULES.items():
        assert rule.id == name
        assert rule.name("en")
        assert rule.definition("en")
        assert rule.needs


@pytest.mark.parametrize("n", [1, 2])
def test_tiny_logs_support_nothing(n):
    assert len(see(log_of([[step("受理", "窗口", "accept", 0)]] * n))) == 0
    assert len(see(wasteful_log(n))) == 0
