"""Verdicts: paired, with intervals, and never on a target nobody set."""

import numpy as np
import pytest
from bundle_log import bundle_log

from flowaudit.errors import InputError, InsufficientDataError, UsageError
from flowaudit.metrics import Fidelity, FidelityRow
from flowaudit.planning import Coalitions, waterfall
from flowaudit.process import fit_process
from flowaudit.redesign import Scenario
from flowaudit.simulation import simulate
from flowaudit.targets import Target, evaluate, read_targets
from flowaudit.worktime import load_calendar

CALENDAR = load_calendar("weekdays")


@pytest.fixture(scope="module")
def chain():
    process = fit_process(bundle_log(), calendar=CALENDAR)
    scenario = Scenario("s").one_window().parallelise("SP", "XF").limit_levels("市场监管局", 3).reuse_material("LIC")
    before, after = (simulate(p, replications=8, seed=5, calendar=CALENDAR) for p in (process, scenario.apply(process)))
    return process, scenario, before, after


def test_without_targets_nothing_was_asked(chain):
    _p, _s, before, after = chain
    verdict = evaluate(after, baseline=before, calendar=CALENDAR)
    assert verdict.status == "not_asked"
    assert verdict.targets == ()
    assert {c.metric for c in verdict.comparisons} == {"steps", "time", "clock", "materials", "trips"}


def test_exact_savings_have_no_spread(chain):
    _p, _s, before, after = chain
    verdict = evaluate(after, baseline=before, calendar=CALENDAR)
    materials = verdict.comparison("materials")
    assert (materials.before.value, materials.after.value, materials.difference) == (4.0, 3.0, -1.0)
    assert materials.low == materials.high == -1.0
    assert materials.reduction.rate == pytest.approx(0.25)


def test_a_scenario_compared_with_itself_changes_nothing(chain):
    _p, _s, before, _after = chain
    for comparison in evaluate(before, baseline=before, calendar=CALENDAR).comparisons:
        assert comparison.difference == comparison.low == comparison.high == 0.0


@pytest.mark.parametrize(
    ("target", "status"),
    [
        (Target(metric="materials", at_most=3), "met"),
        (Target(metric="materials", at_most=2), "not_met"),
        (Target(metric="减材料", reduction=0.25), "met"),
        (Target(metric="减材料", reduction=0.5), "not_met"),
    ],
)
def test_targets_are_judged(chain, target, status):
    _p, _s, before, after = chain
    verdict = evaluate(after, [target], baseline=before, calendar=CALENDAR)
    assert verdict.targets[0].status == verdict.status == status


def test_a_model_that_does_not_fit_decides_nothing(chain):
    _p, _s, before, after = chain
    bad = FidelityRow("materials", "in_sample", "median", 4, 9, 1.25, "not_usable")
    verdict = evaluate(
        after, [Target(metric="materials", at_most=3)], baseline=before, calendar=CALENDAR, fidelity=Fidelity((bad,))
    )
    assert verdict.status == "unsure"


def test_a_target_on_what_is_not_recorded_is_refused():
    log = bundle_log(40)
    process = fit_process(type(log)(log.events, {}, log.provenance, log.unit), calendar=CALENDAR)
    runs = simulate(process, replications=2, calendar=CALENDAR)
    with pytest.raises(InsufficientDataError, match="does not record"):
        evaluate(runs, [Target(metric="trips", at_most=1)], baseline=runs, calendar=CALENDAR)


def test_different_numbers_of_replications_are_no_pairs(chain):
    _p, _s, before, after = chain
    with pytest.raises(UsageError, match="replications"):
        evaluate(after, baseline=before[:3], calendar=CALENDAR)


def test_the_bars_of_the_waterfall_sum_to_the_total(chain):
    process, scenario, before, after = chain
    found = waterfall(Coalitions(process, scenario, before=before, after=after, calendar=CALENDAR)).of("time")
    assert [b.measure for b in found.bars] == ["M05", "M04", "M02", "M08"]
    assert sum(b.saved for b in found.bars) == pytest.approx(found.total, abs=1e-9)
    time = evaluate(after, baseline=before, calendar=CALENDAR).comparison("time")
    assert found.total == pytest.approx(-time.difference)
    assert found.bars[3].saved == 0.0, "reusing a material saves no time in this model"


def test_a_shorter_clock_alone_is_named(chain):
    _p, _s, before, _after = chain
    shorter = [_cut_clock(run) for run in before]
    notes = evaluate(shorter, baseline=before, calendar=CALENDAR).notes
    assert any("end-to-end time does not" in en for _zh, en in notes)


def _cut_clock(run):
    """The same run with its decisions stamped at acceptance: time off the clock, not off the case."""
    frame = run.to_pandas()
    decide = frame["stage"] == "decide"
    accepted = frame[frame["stage"] == "accept"].groupby(["case_id", "item_code"], observed=True)["end"].min()
    keys = list(zip(frame.loc[decide, "case_id"], frame.loc[decide, "item_code"], strict=True))
    frame.loc[decide, "end"] = accepted.loc[keys].to_numpy()
    frame.loc[decide, "start"] = np.minimum(frame.loc[decide, "start"], frame.loc[decide, "end"])
    from flowaudit.eventlog import from_frame

    return from_frame(frame, tables=run.tables, provenance=run.provenance, unit=run.unit)


@pytest.mark.parametrize(
    ("text", "found", "hint"),
    [
        ('[[target]]\nmetric = "tme"\nat_most = 3', "target 1", "time"),
        ('[[target]]\nmetric = "time"', "either at_most or reduction", "either"),
        ('[[target]]\nmetric = "time"\natmost = 3', "target 1", "at_most"),
        ('[[goal]]\nmetric = "time"', "unknown key 'goal'", "target"),
    ],
)
def test_a_mistake_in_a_targets_file_is_named(tmp_path, text, found, hint):
    path = tmp_path / "targets.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_targets(path)
    assert found in caught.value.message
    assert hint in caught.value.hint


def test_targets_are_read_with_their_chinese_names(tmp_path):
    path = tmp_path / "targets.toml"
    path.write_text('[[target]]\nmetric = "减环节"\nreduction = 0.3\nlabel = "区目标"', encoding="utf-8")
    (target,) = read_targets(path)
    assert (target.metric, target.reduction, target.label) == ("steps", 0.3, "区目标")
