"""The measures against corrections and handovers on a process fitted to a log: it runs, and says what the paper says."""

import pytest
from bundle_log import bundle_log

from flowaudit.metrics import case_measures
from flowaudit.process import fit_process, problems
from flowaudit.redesign import CaseWorker, MeasureRefusedError, NotifyOnce, Precheck, TolerateMissing, UseELicence
from flowaudit.simulation import simulate
from flowaudit.worktime import load_calendar

CALENDAR = load_calendar("weekdays")


@pytest.fixture(scope="module")
def process():
    return fit_process(bundle_log(), calendar=CALENDAR)


def means(process):
    log = simulate(process, replications=1, seed=3, calendar=CALENDAR)[0]
    return case_measures(log, calendar=CALENDAR).set_index("case_id").mean(numeric_only=True), log


@pytest.mark.parametrize(
    ("measure", "notices"),
    [
        (NotifyOnce(avoided=0.5), 10),
        (NotifyOnce(materials=("LIC",), avoided=1.0), 0),
        (Precheck(caught=1.0), 0),
        (UseELicence(materials=("LIC",), success=1.0), 0),
    ],
)
def test_of_twenty_corrections_the_share_is_left_and_no_material_lost(process, measure, notices):
    after = measure.apply(process)
    assert problems(after).empty
    left = sum(
        t.cases * b.probability * sum(after.nodes[s.node].activity == "食品补正通知" for s in b.steps)
        for t in after.templates
        for b in t.branches
    )
    assert left == pytest.approx(notices, abs=1.0)
    (before, _log), (now, log) = means(process), means(after)
    assert now["e2e_days"] <= before["e2e_days"]
    assert now["trips"] < before["trips"]
    spared = 2.0 if isinstance(measure, UseELicence) else 0.0
    assert before["materials"] - now["materials"] == pytest.approx(spared)
    assert log.n_cases == 60


def test_a_case_worker_never_makes_it_longer(process):
    bare = process.nodes
    assert {n.office for n in bare} == {None}, "the log records no offices: the officers tell"
    after = CaseWorker(department="市场监管局").apply(process)
    assert problems(after).empty
    assert means(after)[0]["e2e_days"] <= means(process)[0]["e2e_days"]


def test_corrections_after_acceptance_are_none_that_tolerance_could_spare(process):
    with pytest.raises(MeasureRefusedError, match="before an acceptance"):
        TolerateMissing(materials=("LIC",), days=5.0).apply(process)
