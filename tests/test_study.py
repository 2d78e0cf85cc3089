"""The whole chain: one object, by case or by bundle, and what it refuses."""

import pandas as pd
import pytest
from bundle_log import bundle_log

from flowaudit.errors import InputError, InsufficientDataError
from flowaudit.eventlog import from_frame
from flowaudit.redesign import MeasureRefusedError, Scenario
from flowaudit.study import StudySettings, read_duties, read_settings, stage_names, study
from flowaudit.targets import Target

QUICK = StudySettings(calendar="weekdays", replications=3)


@pytest.fixture(scope="module")
def made():
    return study(bundle_log(), settings=QUICK)


def two_items():
    """The same bundles with their item cases, as a folder of tables gives them."""
    log = bundle_log()
    frame = log.to_pandas()
    frame["bundle_id"] = frame["case_id"].astype(str)
    frame["case_id"] = frame["bundle_id"] + "-" + frame["item_code"].astype(str)
    cases = frame[["case_id", "bundle_id", "item_code"]].astype(str).drop_duplicates("case_id")
    return from_frame(frame.drop(columns="bundle_id"), tables={"cases": cases})


def test_a_scenario_is_proposed_and_said_to_be(made):
    assert made.proposed
    assert [m.id for m in made.scenario] == [s.measure.id for s in made.suggestions]
    assert made.verdict.status == "not_asked"
    assert made.attribution.of("time").total == pytest.approx(-made.verdict.comparison("time").difference)


def test_the_saving_is_shared_out_in_the_stated_order_and_whatever_the_order():
    told = []
    two = study(
        bundle_log(),
        scenario=Scenario("乙").parallelise("SP", "XF").limit_levels("市场监管局", 3),
        settings=QUICK,
        progress=lambda stage, _done, _total: told.append(stage),
    )
    assert "share" in told
    assert [bar.measure for bar in two.order_free.of("time").bars] == ["M04", "M02"]
    for savings in two.attribution.savings:
        free = two.order_free.of(savings.metric)
        assert (free.before, free.after) == (savings.before, savings.after)
        assert sum(bar.saved for bar in free.bars) == pytest.approx(free.total, abs=1e-9)


def test_so_many_measures_are_shared_out_in_the_stated_order_only(made):
    assert len(made.scenario) > 4
    assert made.attribution is not None
    assert made.order_free is None


def test_no_log_with_simulated_cases_passes_for_observed(made):
    assert made.observed.time.rule.baseline == "log_before"
    assert {c.before.rule.baseline for c in made.verdict.comparisons} == {"simulated"}


def test_the_unit_asked_for_is_the_unit_counted():
    by_case, by_bundle = (
        study(two_items(), settings=QUICK.model_copy(update={"unit": unit, "min_cases": 20}))
        for unit in ("case", "bundle")
    )
    assert (by_case.log.n_cases, by_bundle.log.n_cases) == (120, 60)
    assert by_case.observed.unit == by_case.findings.unit == by_case.process.unit == "case"
    assert by_case.observed.time.value < by_bundle.observed.time.value
    assert by_case.before[0].n_cases == 120


def test_one_seed_gives_one_study(made):
    again = study(bundle_log(), settings=QUICK)
    assert again.verdict.to_dict("en") == made.verdict.to_dict("en")


def test_every_stage_is_told():
    told = []
    study(bundle_log(), settings=QUICK, progress=lambda stage, _done, _total: told.append(stage))
    assert list(dict.fromkeys(told)) == [name for name in stage_names("en") if name != "share"]


def test_varying_the_assumptions_is_told():
    told = []
    study(
        bundle_log(),
        scenario=Scenario("甲").use_e_licence("LIC", success=0.9),
        settings=QUICK,
        progress=lambda stage, _done, _total: told.append(stage),
    )
    assert "vary" in told


def test_a_scenario_of_ones_own_is_not_called_proposed():
    made = study(bundle_log(), scenario=Scenario("甲").limit_levels("市场监管局", 3), settings=QUICK)
    assert not made.proposed
    assert made.redesigned.changes == (("市场监管局: at most 3 sign-off levels", 60),)


def test_too_few_cases_support_no_study():
    with pytest.raises(InsufficientDataError, match="complete cases"):
        study(bundle_log(12), settings=QUICK)


def test_a_scenario_naming_what_the_log_lacks_is_refused_with_the_nearest():
    with pytest.raises(InputError) as caught:
        study(bundle_log(), scenario=Scenario("甲").merge_steps("食品复核", "食品决定"), settings=QUICK)
    assert "食品" in caught.value.hint


def test_staffing_without_start_times_is_refused():
    with pytest.raises(MeasureRefusedError):
        study(bundle_log(starts=False), scenario=Scenario("甲").staff("市场监管局", 1), settings=QUICK)


def test_a_target_on_what_is_not_recorded_is_refused():
    bare = bundle_log()
    bare = type(bare)(bare.events.drop_columns(["visit_id"]), {}, bare.provenance, bare.unit)
    with pytest.raises(InsufficientDataError, match="does not record"):
        study(bare, targets=[Target(metric="trips", at_most=1)], settings=QUICK)


@pytest.mark.parametrize(
    ("text", "found", "hint"),
    [
        ("[study]\nreplicatons = 3", "replicatons", "replications"),
        ("[study]\nreplications = 1", "replications", "flowaudit init"),
        ("[stdy]\nseed = 3", "unknown table or key 'stdy'", "[study]"),
        ("[study", "is not readable TOML", None),
    ],
)
def test_a_mistake_in_the_settings_is_named(tmp_path, text, found, hint):
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_settings(path)
    assert found in caught.value.message
    assert hint is None or hint in caught.value.hint


def test_duties_are_read_as_typed(tmp_path):
    path = tmp_path / "duties.toml"
    path.write_text('[[duties]]\ntask = "印发方案"\nunit = "市场监管局"', encoding="utf-8")
    (row,) = read_duties(path).duties
    assert (row.task, row.unit, row.person) == ("印发方案", "市场监管局", "")


def test_the_created_stamp_has_no_fraction(made):
    assert made.created == pd.Timestamp(made.created).floor("s")
