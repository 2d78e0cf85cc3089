"""From findings to measures: parameters from the evidence, in an order that works, with reasons; what no log can say is asked for."""

from importlib import import_module

import numpy as np
import pandas as pd
import pytest
from bundle_log import bundle_log
from processes import CALENDAR as WEEKDAYS
from processes import MONDAY, OFFICE, Station, constant, line

import flowaudit as fa
from flowaudit.diagnosis import Finding, Findings
from flowaudit.eventlog import sample_folder
from flowaudit.process import fit_process
from flowaudit.redesign import LimitLevels, MergeSteps, Scenario, propose, suggest
from flowaudit.redesign.suggesting import SOURCES, Idea, Refusal


def finding(rule, *, measures=(), details=None, **scope):
    return Finding(
        id=f"{rule}-{'-'.join(v for values in scope.values() for v in values)}", rule=rule, title_zh="标题", title_en="title",
        statement_zh="建议核查", statement_en="to be checked", scope=scope, cases=50, population=60, share=0.8, share_low=0.7,
        share_high=0.9, time_lost_days_median=None, time_lost_days_p90=None, time_lost_days_total=None, time_kind=None,
        evidence=(), caveat_zh="", caveat_en="", confidence="high", reengineering="U", reductions=("time",), measures=measures,
        group="堵点", details=details or {},
    )  # fmt: skip


def findings(*found):
    return Findings(tuple(found), (), pd.DataFrame(), "bundle")


@pytest.fixture(scope="module")
def process():
    return fit_process(bundle_log(), calendar=WEEKDAYS)


@pytest.fixture(scope="module")
def newborn():
    folder = sample_folder("newborn/before")
    log, catalogue = fa.load_sample("newborn/before"), fa.read_catalogue(folder / "catalogue")
    return fa.diagnose(log, catalogue), fit_process(log, catalogue)


def by_id(suggestions):
    return {s.measure.id: s for s in suggestions}


def test_every_suggestion_applies_in_its_order(newborn):
    scenario, suggestions, _refused = propose(*newborn)
    after = scenario.apply(newborn[1])
    assert [n for _label, n in after.changes] == [s.cases for s in suggestions if s.by_default]
    assert len(scenario) >= 4


def test_every_suggestion_says_why_and_names_findings_that_exist(newborn):
    ids = {f.id for f in newborn[0]}
    suggestions, refused = suggest(*newborn)
    for s in suggestions:
        assert s.reason("zh")
        assert s.reason("en")
        assert set(s.findings) <= ids
        assert s.cases > 0
    assert sum(bool(s.findings) for s in suggestions) >= 4
    assert all(r.what_zh and r.what_en and r.reason_zh and r.reason_en for r in refused)


def test_what_the_catalogue_holds_against_a_measure_stands_beside_it(newborn):
    cautions = by_id(suggest(*newborn)[0])["M07"].cautions
    assert any("出生医学证明" in zh for zh, _en in cautions)


def test_levels_beyond_three_are_limited_to_three(process):
    suggestions, _refused = suggest(findings(finding("W01", measures=("M02",), departments=("市场监管局",))), process)
    measure = by_id(suggestions)["M02"].measure
    assert (measure.department, measure.levels) == ("市场监管局", 3)
    assert by_id(suggestions)["M02"].findings == ("W01-市场监管局",)


def test_pairs_that_overlap_become_one_parallel_group(process):
    pairs = [
        finding("W09", details={"pair": ["SP", "XF"]}, items=("SP", "XF")),
        finding("W09", details={"pair": ["XF", "SP"]}, items=("XF", "SP")),
    ]
    suggestions, _refused = suggest(findings(*pairs), process)
    found = by_id(suggestions)["M04"]
    assert len([s for s in suggestions if s.measure.id == "M04"]) == 1
    assert set(found.findings) == {p.id for p in pairs}


def test_a_measure_that_an_earlier_one_makes_moot_is_refused_with_the_reason(process, monkeypatch):
    ideas = (
        Idea(LimitLevels(department="市场监管局", levels=2), ("甲", "a")),
        Idea(MergeSteps(first="食品决定", second="食品会签"), ("乙", "b")),
    )
    monkeypatch.setattr(import_module("flowaudit.redesign.suggest"), "SOURCES", (lambda _findings, _process: ideas,))
    suggestions, refused = suggest(findings(), process)
    assert [s.measure for s in suggestions] == [ideas[0].measure]
    moot = next(r for r in refused if "食品会签" in r.what_en)
    assert "already changed" in moot.reason_en


def test_the_same_finding_twice_is_one_suggestion(process):
    twice = findings(*(finding("W01", measures=("M02",), departments=("市场监管局",)) for _k in range(2)))
    suggestions, refused = suggest(twice, process)
    assert len([s for s in suggestions if s.measure.id == "M02"]) == 1
    assert any("already suggested otherwise" in r.reason_en for r in refused)


@pytest.mark.parametrize(
    ("rule", "measures", "details", "scope", "number", "figure"),
    [
        ("W14", ("M10", "M09"), {}, {"materials": ("LIC",)}, "M10", "caught"),
        ("W15", ("M09", "M22"), {"kind": "vain"}, {}, "M22", "share"),
        ("W11", ("M16",), {}, {"items": ("SP", "XF")}, "M16", "grounds"),
        ("W16", ("M25",), {"kind": "late"}, {"items": ("SP",)}, "M25", "complex_if"),
        ("W18", ("M21",), {}, {"activities": ("食品审核",)}, "M21", "to"),
        ("W05", ("M13", "M09"), {}, {"items": ("SP",)}, "M13", "days"),
    ],
)
def test_a_figure_no_log_holds_is_asked_for_and_not_invented(process, rule, measures, details, scope, number, figure):
    suggestions, refused = suggest(findings(finding(rule, measures=measures, details=details, **scope)), process)
    assert number not in by_id(suggestions)
    name = {m: c for m, c in fa.MEASURES.items()}[number].name("en")
    asked = next(r for r in refused if r.what_en.startswith(name))
    assert figure in asked.reason_en


def test_repeated_requests_are_asked_for_at_once_without_an_assumed_share(newborn):
    again = finding("W04", measures=("M09", "M10"), details={"requests_beyond_the_first": 9, "before_acceptance": 7})
    ideas = [i for source in SOURCES for i in source(findings(again), newborn[1]) if not isinstance(i, Refusal)]
    notify = next(i for i in ideas if i.measure.id == "M09")
    assert (notify.measure.avoided, notify.measure.together) == (0.0, True)
    assert "7" in notify.reason[0]


def busy_office(hours):
    """One person, with ``hours`` of work for each of a case a day."""
    return line(
        Station("审查", constant(hours), 1, OFFICE), arrivals=MONDAY + np.arange(60) * np.timedelta64(1, "D"), unit="case",
    )  # fmt: skip


def test_more_people_only_where_there_is_work_and_never_by_default():
    queue = findings(finding("W10", measures=("M19",), activities=("审查",)))
    suggestions, _refused = suggest(queue, busy_office(4.0))
    staff = by_id(suggestions)["M19"]
    assert staff.measure.add == 1
    assert not staff.by_default
    assert len(propose(queue, busy_office(4.0))[0]) == 0
    assert "M19" not in by_id(suggest(queue, busy_office(0.5))[0])


def test_a_promise_is_taken_from_the_finding(process):
    easy = finding("W17", measures=("M18",), details={"proposed_days": 6}, items=("SP",))
    found = by_id(suggest(findings(easy), process)[0])["M18"]
    assert (found.measure.days, found.measure.items, found.by_default) == (6.0, ("SP",), False)


def test_without_start_times_staffing_is_refused_in_words():
    blind = fit_process(bundle_log(starts=False), calendar=WEEKDAYS)
    _suggestions, refused = suggest(findings(finding("W10", measures=("M19",), activities=("食品审核",))), blind)
    assert any("start times" in r.reason_en for r in refused)


def test_nothing_found_nothing_invented():
    quiet = line(Station("a", constant(1.0), 0), arrivals=MONDAY + np.arange(40) * np.timedelta64(1, "D"))
    scenario, suggestions, _refused = propose(findings(), quiet, lang="en")
    assert scenario == Scenario("proposed by flowaudit")
    assert suggestions == ()
