"""compare: the newborn sample against its truth, what is refused and what is told, and the result object."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError

import numpy as np
import pandas as pd
import pytest
from reform_logs import durations, log_from, office

from flowaudit.catalogue import read_catalogue
from flowaudit.delivery import plain
from flowaudit.errors import InsufficientDataError, MissingColumnError, UsageError
from flowaudit.eventlog import EventLog, as_unit, from_frame, load_sample, sample_folder, select_cases
from flowaudit.messages import speaking
from flowaudit.metrics import METRICS, NotRecorded, four_reductions
from flowaudit.targets import Effects, Interrupted, Target, compare
from flowaudit.worktime import load_calendar

WEEKDAYS = load_calendar("weekdays")


def truth_of(name: str) -> dict:
    return json.loads((sample_folder(name) / "truth.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def newborn() -> Effects:
    logs = [load_sample(f"newborn/{side}") for side in ("before", "after")]
    catalogues = [read_catalogue(sample_folder(f"newborn/{side}") / "catalogue") for side in ("before", "after")]
    promised = [Target(metric="time", at_most=5), "减跑动 70%", "全程时间 <= 4 工作日 for 90%", "减环节 90%"]
    return compare(*logs, *catalogues, promised=promised)


def two(**options: object) -> Effects:
    return compare(office(1), office(2, factor=0.8, start=260), **{"calendar": WEEKDAYS, **options})


def test_the_newborn_reform_is_what_was_planted(newborn):
    """E1 of the domain model: 16, 32, 9, 4 become 3, 5, 2, 1, in the logs as in the guides."""
    before, after = truth_of("newborn/before"), truth_of("newborn/after")
    names = {"steps": "steps", "time": "time_working_days", "materials": "materials", "trips": "trips"}
    rates = {"steps": 0.8125, "time": 0.84375, "materials": 0.7778, "trips": 0.75}
    for metric, name in names.items():
        for kind in ("crude", "followed", "standardised"):
            found = newborn.estimate(metric, kind)
            assert (found.before.value, found.after.value) == (
                before["realised"][name]["median"],
                after["realised"][name]["median"],
            )
            assert found.rate == pytest.approx(rates[metric], abs=1e-4)
            assert found.direction == "falls"
        guide = newborn.guides[metric]
        assert (guide.before.value, guide.after.value) == (before["guide"][name], after["guide"][name])
        assert guide.rate == pytest.approx(rates[metric], abs=1e-4)
    assert newborn.follow_up.open == (len(before["open_bundles"]), len(after["open_bundles"]))
    assert newborn.follow_up.survival[0].median == 32
    assert (newborn.unit, newborn.cases) == ("bundle", (300, 300))


def test_crude_figures_are_those_of_measure(newborn):
    for k, side in enumerate(("before", "after")):
        four = four_reductions(load_sample(f"newborn/{side}"))
        for metric in METRICS:
            found = newborn.estimate(metric, "crude")
            assert (found.before, found.after)[k].value == four.primary[metric].value
            assert (found.before, found.after)[k].n == four.primary[metric].n


def test_every_figure_carries_its_rule_with_the_side_it_is_of(newborn):
    for e in newborn.estimates:
        assert e.before.rule.comparable(e.after.rule)
        assert (e.before.rule.baseline, e.after.rule.baseline) == ("log_before", "log_after")
        assert e.before.rule.statistic == e.statistic
    careful = newborn.estimate("time", "followed").before.rule
    assert "41 working days" in careful.text("en")
    assert not careful.comparable(newborn.estimate("time", "crude").before.rule)


def test_what_was_promised_is_held_against_what_was_reached(newborn):
    status = {p.target.phrase("en"): p.status for p in newborn.promises}
    assert list(status.values()) == ["met", "met", "not_met", "not_met"]
    share = newborn.promises[2]
    kept = truth_of("newborn/after")["realised"]["time_working_days"]["bundles_by_value"]
    assert share.value == pytest.approx((kept["3"] + kept["4"]) / sum(kept.values()), abs=0.05)
    assert newborn.kept_promises.known[1] > 1000
    assert newborn.kept_promises.items.set_index("item_code").loc["SB", "promise_before"] == "10"


def test_numbers_given_again_are_told_and_logs_apart_by_item_district_and_channel(newborn):
    assert any("300 numbers occur in both logs" in note for note in newborn.said("en"))
    assert set(newborn.groups) == {"item", "district", "channel"}
    hall = newborn.groups["channel"].query("channel == '窗口'")
    assert hall["before"].isna().all(), "nobody came to the window after: nothing to compare"
    assert newborn.groups["item"]["name"].str.contains("出生医学证明").any()
    assert all(isinstance(s, Interrupted) and s.finding == "change" for s in newborn.series.values())
    assert isinstance(newborn.ratings, NotRecorded)


def test_the_result_is_frozen_and_speaks_two_languages(newborn):
    with pytest.raises(FrozenInstanceError):
        newborn.unit = "case"
    for lang in ("zh", "en"):
        told = json.dumps(plain(newborn.to_dict(lang)), ensure_ascii=False, allow_nan=False)
        assert "flowaudit.effects/1" in told
        assert newborn.text(lang)
    assert len(newborn.table("en")) == len(newborn.estimates) == 5 * 2 * 3
    with speaking("en"):
        html = newborn._repr_html_()
        assert "<table" in html
        assert "synthetic data" in html
        assert str(newborn).startswith("Before: 300 cases")
    assert newborn.estimate("joy") is None


def test_the_same_call_gives_the_same_intervals_and_another_seed_others():
    a, b, c = two(), two(), two(seed=1)
    assert [(e.low, e.high) for e in a.estimates] == [(e.low, e.high) for e in b.estimates]
    assert [(e.low, e.high) for e in a.estimates] != [(e.low, e.high) for e in c.estimates]


def test_a_log_without_cases_is_refused_by_name():
    empty = select_cases(office(1), np.zeros(250, bool), "none")
    with pytest.raises(InsufficientDataError, match="the log after the reform has no case"):
        compare(office(1), empty)
    with pytest.raises(InsufficientDataError, match="the log before the reform has no case"):
        compare(empty, office(1))


def test_swapped_logs_are_refused():
    with pytest.raises(UsageError, match="is later than the one after") as error:
        compare(office(2, start=260), office(1), calendar=WEEKDAYS)
    assert "swapped" in error.value.hint


def test_cases_in_both_logs_are_refused_with_examples():
    log = office(1)
    with pytest.raises(InsufficientDataError, match=r"250 cases stand in both logs \(such as 's0-"):
        compare(log, log, calendar=WEEKDAYS)


def test_cases_cut_in_two_by_the_dates_of_their_events_are_refused():
    frame = office(1, n=60, period=60).to_pandas()
    cut = pd.Timestamp("2023-02-15")
    parts = [from_frame(frame[frame["end"] < cut]), from_frame(frame[frame["end"] >= cut])]
    shared = set(parts[0].case_ids) & set(parts[1].case_ids)
    assert shared
    with pytest.raises(InsufficientDataError, match=f"{len(shared)} cases stand in both logs") as error:
        compare(*parts, calendar=WEEKDAYS)
    assert "by the day of application" in error.value.hint


def test_numbers_that_begin_anew_are_other_cases_even_without_stages():
    bare = [
        from_frame(log.to_pandas()[["case_id", "activity", "end"]])
        for log in (office(1, prefix="N"), office(2, start=300, prefix="N"))
    ]
    found = compare(*bare, calendar=WEEKDAYS)
    assert any("250 numbers occur in both logs" in note for note in found.said("en"))


def items(codes: list[str], seed: int, start: int, prefix: str) -> EventLog:
    rng = np.random.default_rng(seed)
    n = 40 * len(codes)
    arrival = rng.integers(start, start + 200, n)
    return log_from(prefix, arrival, durations(rng, n), cases={"item_code": np.repeat(codes, 40)})


def test_logs_of_other_items_are_refused_with_both_lists_and_the_nearest_code():
    with pytest.raises(InsufficientDataError, match="before '0131', '0132'; after '0131-2', '9000'") as error:
        compare(items(["0131", "0132"], 1, 0, "a"), items(["0131-2", "9000"], 2, 260, "b"), calendar=WEEKDAYS)
    assert "'0131' and '0131-2' look alike" in error.value.hint


def test_of_partly_different_items_only_the_common_ones_are_compared():
    found = compare(items(["甲", "乙"], 1, 0, "a"), items(["甲", "丙"], 2, 260, "b"), calendar=WEEKDAYS)
    assert found.cases == (40, 40)
    assert any("left out: before '乙', after '丙'" in note for note in found.said("en"))
    assert found.left_out.set_index("reason").loc["other_items"].tolist() == [40, 40]


def test_units_that_differ_are_refused_with_the_way_out():
    bundles = load_sample("newborn/before")
    with pytest.raises(UsageError, match="counted by bundle, the one after by case") as error:
        compare(bundles, office(2, start=600))
    assert "--unit case" in error.value.hint


def test_logs_seen_by_bundle_cannot_be_taken_apart_by_item():
    logs = [as_unit(load_sample(f"newborn/{side}")) for side in ("before", "after")]
    found = compare(*logs)
    assert isinstance(found.groups["item"], NotRecorded)
    assert found.estimate("steps").rate == pytest.approx(0.8125)


def test_cases_before_that_arrived_after_go_live_are_refused():
    with pytest.raises(InsufficientDataError, match="of 250 cases of the log before arrived on or after go-live") as e:
        two(go_live="2023-06-01")
    assert "period('1900-01-01', '2023-06-01', how='started')" in e.value.hint


def test_cases_after_that_arrived_before_go_live_are_left_out():
    day = "2024-04-01"
    found = two(go_live=day)
    early = int((compare(office(1), office(2, start=260), calendar=WEEKDAYS).cases[1]) - found.cases[1])
    assert early > 0
    assert found.left_out.set_index("reason").loc["before_go_live", "after"] == early
    assert any(f"{early} cases of the log after arrived before go-live ({day})" in note for note in found.said("en"))
    with pytest.raises(InsufficientDataError, match="no case of the log after arrived on or after go-live"):
        two(go_live="2026-01-01")
    for wrong in ("soon", "2024-04-01T00:00+08:00", ""):
        with pytest.raises(UsageError, match="no date"):
            two(go_live=wrong)


def test_overlapping_periods_are_told_and_have_no_time_series():
    found = compare(office(1, period=260), office(2, start=200), calendar=WEEKDAYS)
    assert any("the periods overlap" in note for note in found.said("en"))
    assert all(isinstance(s, NotRecorded) for s in found.series.values())
    assert any("no moment divides them" in line for line in found.unsaid("en"))


def test_a_policy_that_one_side_lacks_is_told_and_the_next_one_counts():
    after = office(2, start=260)
    blind = from_frame(after.to_pandas().drop(columns="stage"))
    found = compare(office(1), blind, calendar=WEEKDAYS)
    assert found.estimate("steps").before.rule.policy == "C_node"
    assert any("policy A_applicant is recorded on one side only" in note for note in found.said("en"))
    assert "clock" in {n.metric for n in found.not_compared}
    with pytest.raises(MissingColumnError, match="not in the log after the reform") as error:
        compare(office(1), blind, policy="a", calendar=WEEKDAYS)
    assert "C_node" in error.value.hint
    with pytest.raises(UsageError, match="no counting policy 'E'"):
        two(policy="E")


def test_a_metric_counted_by_two_rules_is_refused_not_compared():
    """Before, the applicant's own steps are in the log; after, they are not: end-to-end begins elsewhere."""
    after = office(2, start=260).to_pandas()
    silent = from_frame(after[after["stage"] != "apply"])
    found = compare(office(1), silent, calendar=WEEKDAYS)
    (reason,) = [n for n in found.not_compared if n.metric == "time"]
    assert "counted by different rules, not compared" in reason.text("en")
    assert found.estimate("time") is None
    assert found.estimate("clock") is not None


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"mix": "today"}, "mix cannot be 'today'"), ({"statistic": "mode"}, "statistic cannot be 'mode'"),
        ({"by": "colour"}, "do not both record 'colour'"), ({"strata": "colour"}, "'colour'"),
        ({"follow_up": -1}, "0 or more"), ({"promised": {"joy": 3}}, "no metric 'joy'"),
        ({"promised": {"time": "soon"}}, "no number: 'soon'"), ({"promised": {"time": float("nan")}}, "no number"),
    ],
)  # fmt: skip
def test_wrong_words_are_refused(wrong, said):
    with pytest.raises(UsageError, match=said):
        two(**wrong)


def test_a_promise_near_what_was_reached_is_neither_met_nor_missed():
    reached = two().estimate("time")
    asked = [
        Target(metric="time", reduction=reached.rate - 0.01), Target(metric="time", reduction=reached.rate + 0.01),
        Target(metric="time", at_most=reached.after.value), "到访次数 不超过 3 次",
    ]  # fmt: skip
    found = two(promised=asked).promises
    assert [p.status for p in found] == ["unsure"] * 4
    assert found[0].low < found[0].target.reduction < found[0].value
    assert "reaches over the bound" in found[0].reason("en")
    assert "do not both record" in found[3].reason("en")


def test_hostile_names_are_escaped():
    name = "<script>alert(1)</script>"
    logs = []
    for seed, start in ((1, 0), (2, 260)):
        rng = np.random.default_rng(seed)
        arrival = rng.integers(start, start + 200, 120)
        logs.append(
            log_from(f"h{start}", arrival, durations(rng, 120), cases={"channel": np.repeat([name, "窗口"], 60)})
        )
    found = compare(*logs, calendar=WEEKDAYS)
    assert found.strata == ("channel",)
    assert "<script>" not in found._repr_html_()
