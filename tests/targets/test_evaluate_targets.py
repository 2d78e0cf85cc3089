"""Targets held against replications on paper: statistics, shares, rules, populations, and what cannot be decided."""

import numpy as np
import pytest

from flowaudit.errors import InsufficientDataError, MissingColumnError, UsageError
from flowaudit.metrics import Fidelity, FidelityRow
from flowaudit.targets import Target, evaluate, interval, measure_runs
from tests.targets.offices import CALENDAR, office

FORTY = [2] * 20 + [6] * 20


def judged(target, after, baseline=None, **options):
    verdict = evaluate(after, [target], baseline=baseline, calendar=CALENDAR, **options)
    assert verdict.status == verdict.targets[0].status
    return verdict.targets[0]


def test_the_share_that_keeps_a_bound_is_averaged_over_replications():
    """Of 40 cases 20, 24 and 28 take at most 5 days: shares 0.5, 0.6, 0.7; t(2) = 4.3027, s = 0.1."""
    runs = [office([2] * k + [6] * (40 - k)) for k in (20, 24, 28)]
    found = judged(Target.parse("承诺时限 <= 5 工作日 for 90%"), runs)
    half = 4.302652729911275 * 0.1 / np.sqrt(3)
    assert (found.value, found.low, found.high) == pytest.approx((0.6, 0.6 - half, 0.6 + half))
    assert (found.status, found.shown(), found.cases) == ("not_met", "60.0%", 40)
    assert judged(Target.parse("承诺时限 <= 5 工作日 for 50%"), runs).status == "unsure"
    assert judged(Target.parse("承诺时限 <= 6 工作日 for 100%"), runs).status == "met"
    assert judged(Target.parse("承诺时限 <= 5 工作日 for 30%"), runs).status == "met"


def test_every_statistic_is_that_of_the_cases():
    """Days 1 to 40: median 20.5, mean 20.5, 90th percentile 36.1 and 95th 38.05 (linear between the order statistics)."""
    runs = [office(range(1, 41))] * 2
    for statistic, value in (("median", 20.5), ("mean", 20.5), ("p90", 36.1), ("p95", 38.05)):
        found = judged(Target(metric="clock", statistic=statistic, at_most=value), runs)
        assert (found.value, found.status) == (pytest.approx(value), "met")
        assert judged(Target(metric="clock", statistic=statistic, at_most=value - 0.01), runs).status == "not_met"


def test_a_reduction_is_paired():
    """10 days less the same in each pair: 0.5 exactly, though the pairs differ by themselves."""
    before, after = ([office([k * d] * 30) for d in (2, 4, 6)] for k in (2, 1))
    found = judged(Target(metric="clock", reduction=0.5), after, before)
    assert (found.value, found.low, found.high, found.status) == (0.5, 0.5, 0.5, "met")
    assert judged(Target(metric="clock", reduction=0.51), after, before).status == "not_met"


def test_a_reduction_of_nothing_is_undecided():
    runs = [office([0] * 30)] * 2
    found = judged(Target(metric="clock", reduction=0.1), runs, runs)
    assert (found.status, found.value) == ("unsure", None)
    assert "0 before" in found.reason("en")


def test_a_reduction_needs_a_baseline():
    with pytest.raises(UsageError, match="no baseline") as caught:
        evaluate([office(FORTY)] * 2, [Target(metric="clock", reduction=0.1)], calendar=CALENDAR)
    assert "at_most" in caught.value.hint


def test_without_a_baseline_nothing_is_compared():
    verdict = evaluate([office(FORTY)] * 2, [Target(metric="clock", at_most=9)], calendar=CALENDAR)
    assert (verdict.status, verdict.comparisons, verdict.guards, verdict.notes) == ("met", (), (), ())


def test_a_target_is_counted_by_its_own_rule():
    """One interaction of the applicant (A); four milestones (B); 受理, 审查 and 决定 are three nodes (C)."""
    runs = [office(FORTY)] * 2
    for rule, value in ((None, 1), ("A", 1), ("B", 4), ("C", 3)):
        found = judged(Target(metric="steps", at_most=value, rule=rule), runs, runs)
        assert (found.value, found.status) == (value, "met"), rule
        assert found.rule.startswith(rule or "A")
    measured = measure_runs(runs, policy="C", calendar=CALENDAR)
    assert judged(Target(metric="steps", at_most=3), runs, measured).rule == "C_node"
    assert judged(Target(metric="办事人环节", at_most=1), runs, measured).value == 1


def test_materials_are_counted_by_kinds_or_copies():
    runs = [office(FORTY, materials=3)] * 2
    for rule, value in ((None, 3), ("submitted", 3), ("kinds", 3), ("copies", 6)):
        assert judged(Target(metric="materials", at_most=6, rule=rule), runs).value == value


def test_a_rule_that_is_not_recorded_is_refused():
    log = office(FORTY)
    bare = type(log)(log.events.drop_columns(["stage"]), log.tables, log.provenance)
    with pytest.raises(MissingColumnError, match="A_applicant needs"):
        judged(Target(metric="steps", at_most=3, rule="A"), [bare, bare])


def test_a_population_is_counted_alone():
    """甲区 takes 2 days, 乙区 6."""
    runs = [office([2, 6] * 30, districts=["甲区", "乙区"] * 30, items=["SP", "XF", "XF", "SP"] * 15)] * 2
    for population, value in (
        ({"区": "甲区"}, 2.0),
        ({"district": "乙区"}, 6.0),
        ({"district": ["甲区", "乙区"]}, 4.0),
        ({"item": "SP"}, 4.0),
    ):
        found = judged(Target(metric="clock", at_most=9, population=population), runs, runs)
        assert (found.value, found.status) == (value, "met")
    found = judged(Target(metric="clock", at_most=9, population={"district": "甲区", "item": "SP"}), runs)
    assert (found.status, found.value, found.cases) == ("unsure", None, 15)
    assert "15 cases; fewer than 30" in found.reason("en")


def test_an_item_may_be_called_by_its_name():
    from tests.targets.offices import FIELDS

    runs = [office([2, 6] * 30, items=["SP", "XF"] * 30)] * 2
    found = judged(Target(metric="clock", at_most=9, population={"item": "食品经营许可"}), runs, catalogue=FIELDS)
    assert found.value == 2.0
    with pytest.raises(UsageError, match="no case has item") as caught:
        judged(Target(metric="clock", at_most=9, population={"item": "食品经营许"}), runs, catalogue=FIELDS)
    assert "'食品经营许可'" in caught.value.hint


@pytest.mark.parametrize(
    ("population", "error", "said", "hint"),
    [
        ({"district": "甲"}, UsageError, "district = '甲'", "'甲区'"),
        ({"distric": "甲区"}, InsufficientDataError, "carry no 'distric'", "'district'"),
        ({"item": "QQ"}, UsageError, "item = 'QQ'", "SP"),
    ],
)
def test_an_unknown_population_is_named_with_the_nearest(population, error, said, hint):
    runs = [office(FORTY, districts=["甲区"] * 40)] * 2
    with pytest.raises(error) as caught:
        judged(Target(metric="clock", at_most=9, population=population), runs)
    assert said in caught.value.message
    assert hint in caught.value.hint


def test_few_cases_decide_nothing():
    found = judged(Target(metric="clock", at_most=9), [office([2] * 29)] * 3)
    assert (found.status, found.value, found.cases) == ("unsure", None, 29)
    assert judged(Target(metric="clock", at_most=9), [office([2] * 30)] * 3).status == "met"


def test_one_replication_has_no_interval():
    found = judged(Target(metric="clock", at_most=9), office([2] * 30))
    assert (found.status, found.value, found.low) == ("unsure", 2.0, None)


def test_metrics_that_stand_guard_may_be_targets():
    from tests.targets.offices import FIELDS

    runs = [office(FORTY, visits=[2] * 40, corrected=10)] * 2
    assert judged(Target.parse("补正率 不超过 25%"), runs).value == 0.25
    assert judged(Target.parse("补正率 不超过 20%"), runs).status == "not_met"
    assert judged(Target.parse("visits <= 2"), runs).status == "met"
    assert judged(Target.parse("填写字段 <= 4"), runs, catalogue=FIELDS).value == 4.0
    with pytest.raises(InsufficientDataError, match="does not record") as caught:
        judged(Target.parse("填写字段 <= 4"), runs)
    assert "catalogue" in caught.value.hint
    assert "recorded: steps" in caught.value.hint


def test_a_model_that_does_not_fit_meets_no_target_on_what_it_misses():
    runs = [office(FORTY, visits=[1] * 40)] * 2
    bad = Fidelity((FidelityRow("trips", "in_sample", "mean", 1.0, 3.0, 2.0, "not_usable"),))
    for text, status in (("trips <= 1", "unsure"), ("visits <= 1", "unsure"), ("clock <= 9", "met")):
        assert judged(Target.parse(text), runs, fidelity=bad).status == status


def test_interval_is_students():
    """1, 2, 3: mean 2, s = 1, t(2) = 4.3027."""
    half = 4.302652729911275 / np.sqrt(3)
    assert interval(np.array([1.0, 2.0, 3.0])) == pytest.approx((2.0, 2.0 - half, 2.0 + half))


def test_a_result_says_what_it_rests_on():
    runs = [office(FORTY, districts=["甲区"] * 40)] * 2
    told = judged(Target(metric="steps", at_most=3, rule="C", population={"区": "甲区"}), runs, runs).to_dict("en")
    assert {k: told[k] for k in ("metric", "statistic", "rule", "population", "value", "cases", "status", "cautions")} == {
        "metric": "steps", "statistic": "median", "rule": "C_node", "population": {"district": ["甲区"]}, "value": 3.0, "cases": 40,
        "status": "met", "cautions": [],
    }  # fmt: skip
