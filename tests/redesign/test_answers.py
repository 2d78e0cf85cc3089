"""Which finding a measure answers: none is lost, none is claimed without a reason."""

import pytest
from bundle_log import bundle_log

from flowaudit.diagnosis import diagnose
from flowaudit.eventlog import load_sample
from flowaudit.process import fit_process
from flowaudit.redesign import Scenario, answers, propose, times_per_case
from flowaudit.worktime import load_calendar

CALENDAR = load_calendar("weekdays")


@pytest.fixture(scope="module")
def sample():
    from flowaudit.catalogue import read_catalogue
    from flowaudit.eventlog import as_unit
    from flowaudit.eventlog.sample import sample_folder

    log = as_unit(load_sample("restaurant"))
    catalogue = read_catalogue(sample_folder("restaurant") / "catalogue")
    return diagnose(log, catalogue), fit_process(log, catalogue)


def test_every_pair_joined_in_one_parallel_measure_is_answered_by_it(sample):
    findings, process = sample
    scenario, suggestions, _refused = propose(findings, process)
    found = answers(findings, scenario.stages(process), scenario, suggestions)
    serial = {f.id for f in findings if f.rule == "W09"}
    answered = {i for measure, ids in zip(scenario, found, strict=True) if measure.id in ("M04", "M14") for i in ids}
    assert serial == {i for i in answered if i.startswith("W09")}


def test_waiting_before_a_level_that_falls_away_is_answered(sample):
    findings, process = sample
    scenario, suggestions, _refused = propose(findings, process)
    found = dict(
        zip([m.id for m in scenario], answers(findings, scenario.stages(process), scenario, suggestions), strict=True)
    )
    assert "W10-食品许可分管审签" in found["M02"]
    assert "W10-食品许可决定" not in found["M02"]


def test_a_measure_that_touches_no_finding_answers_none():
    log = bundle_log()
    process = fit_process(log, calendar=CALENDAR)
    scenario = Scenario("甲").merge_steps("消防受理", "消防承办")
    findings = diagnose(log, calendar=CALENDAR)
    (found,) = answers(findings, scenario.stages(process), scenario)
    assert not [i for i in found if not i.endswith(("消防受理", "消防承办"))]


def test_times_per_case_are_those_of_the_log():
    log = bundle_log()
    times = times_per_case(fit_process(log, calendar=CALENDAR))
    assert times["食品申请"] == pytest.approx(1.0)
    assert times["食品补正通知"] == pytest.approx(1 / 3)
