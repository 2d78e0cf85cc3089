"""Arithmetic of reductions on published figures, and the refusal to mix counting rules."""

from __future__ import annotations

from dataclasses import replace

import pytest

from flowaudit.errors import UsageError
from flowaudit.metrics import CountingRule, Figure, Reduction, average_rate


def rule(metric="steps", unit=("个", "steps"), policy="A_applicant", **changes):
    return CountingRule(metric, metric, "环节", "steps", *unit, policy=policy, statistic="total", **changes)


@pytest.mark.parametrize(("before", "after", "percent"), [(16, 3, 81.25), (32, 5, 84.375), (9, 2, 77.78), (4, 1, 75.0)])
def test_newborn_in_qinghai(before, after, percent):
    """E1 of the domain model: 16, 32, 9, 4 become 3, 5, 2, 1."""
    found = Reduction(Figure(before, rule(baseline="guide_before")), Figure(after, rule(baseline="guide_after")))
    assert found.rate * 100 == pytest.approx(percent, abs=0.005)
    assert found.difference == after - before


def test_one_reform_counted_two_ways_is_not_compared():
    """E5 and E6: starting a business in Shanghai, 22 to 5 days officially, 22 to 9 calendar days by Doing Business."""
    official = rule("time", ("天", "days"), policy="official")
    doing_business = rule("time", ("日历天", "calendar days"), policy="doing_business")
    with pytest.raises(UsageError, match="doing_business"):
        Reduction(Figure(22, official), Figure(9, doing_business))
    forced = Reduction(Figure(22, official), Figure(9, doing_business), force=True)
    assert "59.1%" in forced.text("en")
    assert "not comparable" in forced.text("en")
    assert Reduction(Figure(22, official), Figure(5, official)).rate == pytest.approx(0.773, abs=5e-4)
    assert Reduction(Figure(22, doing_business), Figure(9, doing_business)).rate == pytest.approx(0.591, abs=5e-4)


def test_period_and_baseline_may_differ_and_are_told():
    before = Figure(20, rule(baseline="statutory", period="2019"))
    after = Figure(10, rule(baseline="promised_after", period="2020"))
    assert "baselines differ" in Reduction(before, after).text("en")


def test_an_observed_before_is_never_set_against_a_simulated_after():
    with pytest.raises(UsageError):
        Reduction(Figure(20, rule(baseline="log_before")), Figure(10, rule(baseline="simulated")))
    assert Reduction(Figure(20, rule(baseline="simulated")), Figure(10, rule(baseline="simulated"))).rate == 0.5


def test_edges():
    zero = Reduction(Figure(0, rule()), Figure(2, rule()))
    assert zero.rate is None
    assert zero.text("en") == "increased by 2.0 steps (—)"
    assert Reduction(Figure(4, rule()), Figure(5, rule())).rate == -0.25
    assert Reduction(Figure(4, rule()), Figure(4, rule())).text("en") == "unchanged"
    with pytest.raises(UsageError):
        Reduction(Figure(None, rule()), Figure(1, rule()))


def test_two_averages_of_a_set_differ():
    pair = [Reduction(Figure(100, rule()), Figure(50, rule())), Reduction(Figure(4, rule()), Figure(0, rule()))]
    assert average_rate(pair) == pytest.approx(54 / 104)
    assert average_rate(pair, "mean_of_ratios") == pytest.approx(0.75)
    assert average_rate([]) is None


def test_the_rule_is_one_readable_line():
    text = rule(period="2024", population_en="completed cases", definition_en="what counts.", source="x").text("en")
    assert text == (
        "steps (steps, total): what counts. Counted over: completed cases. Period: 2024. "
        "Baseline: observed case records before the reform. Source: x."
    )


def test_a_figure_as_data():
    data = Figure(3.0, rule(), 10, 2.0, 4.0, {"mean": 3.1}).to_dict("en")
    assert data["recorded"]
    assert data["value"] == 3.0
    assert data["unit"] == "steps"
    assert (data["low"], data["high"]) == (2, 4)
    assert data["n"] == 10
    assert data["rule"].startswith("steps")
    assert data["extra"] == {"mean": 3.1}


@pytest.mark.parametrize(
    "change",
    [
        {"policy": "C_node"},
        {"definition_zh": "另一种数法"},
        {"population_zh": "全部办件"},
        {"key": "other"},
        {"statistic": "mean"},
        {"unit_zh": "次"},
    ],
)
def test_every_part_of_a_rule_matters(change):
    plain = CountingRule("k", "steps", "环节", "steps", "个", "steps", policy="A_applicant")
    assert plain.comparable(replace(plain, period="2020", baseline="log_after", source="x"))
    assert not plain.comparable(replace(plain, **change))
