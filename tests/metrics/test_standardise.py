"""Before and after at one mix of cases: Simpson's paradox, the limits of the method, and a slow reference."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowaudit.errors import InsufficientDataError, UsageError
from flowaudit.eventlog import EventLog, from_frame
from flowaudit.metrics import four_reductions, standardise, weighted_median


def log_of(groups: dict[tuple[str, ...], list[int]], names: tuple[str, ...] = ("channel",)) -> EventLog:
    """One case per number: so many working steps (受理, then 审查 as often as needed), in the stratum given."""
    events, cases = [], []
    for stratum, numbers in groups.items():
        for k, number in enumerate(numbers):
            case = "-".join((*stratum, str(k)))
            cases.append({"case_id": case, **dict(zip(names, stratum, strict=True))})
            begin = pd.Timestamp("2024-03-04 09:00")
            events += [
                {"case_id": case, "activity": "受理" if i == 0 else f"审查{i}", "end": begin + pd.Timedelta(hours=i)}
                for i in range(number)
            ]
    return from_frame(pd.DataFrame(events), tables={"cases": pd.DataFrame(cases)})


def simpson() -> tuple[EventLog, EventLog]:
    """Online cases got shorter (4 to 3), hall cases too (10 to 9); but most came online before and to the hall after."""
    return (
        log_of({("网上",): [4] * 80, ("窗口",): [10] * 20}),
        log_of({("网上",): [3] * 20, ("窗口",): [9] * 80}),
    )


def test_simpsons_paradox_is_seen():
    before, after = simpson()
    found = standardise(before, after, metric="steps", by="channel", statistic="mean", policy="C")
    assert (found.crude_before.value, found.crude_after.value) == (pytest.approx(5.2), pytest.approx(7.8))
    assert (found.before.value, found.after.value) == (pytest.approx(5.2), pytest.approx(4.2))
    assert found.crude.difference > 0 > found.reduction.difference
    assert found.reversed
    assert "Simpson" in found.text("en")
    assert "辛普森" in found.text("zh")


@pytest.mark.parametrize(("mix", "before", "after"), [("before", 5.2, 4.2), ("after", 8.8, 7.8), ("both", 7.0, 6.0)])
def test_each_mix_weighs_its_own_way_and_the_difference_is_that_of_the_strata(mix, before, after):
    found = standardise(*simpson(), metric="steps", by="channel", statistic="mean", mix=mix, policy="C")
    assert (found.before.value, found.after.value) == (pytest.approx(before), pytest.approx(after))
    assert (found.low, found.high) == (pytest.approx(-1), pytest.approx(-1))
    assert found.strata["weight"].sum() == pytest.approx(1)


def test_with_one_stratum_both_statistics_are_the_plain_ones():
    before, after = (log_of({("窗口",): numbers}) for numbers in ([2, 3, 5, 9], [1, 4, 4]))
    for statistic in ("mean", "median"):
        found = standardise(before, after, metric="steps", by="channel", statistic=statistic, policy="C")
        assert found.before.value == found.crude_before.value
        assert found.after.value == found.crude_after.value
    assert found.crude_before.value == four_reductions(before, policy="C").steps.value


def test_strata_of_one_side_only_are_left_out_and_their_share_is_told():
    before = log_of({("窗口",): [4] * 6, ("邮寄",): [9] * 4})
    after = log_of({("窗口",): [3] * 5, ("网上",): [1] * 15})
    found = standardise(before, after, metric="steps", by="channel", statistic="mean", policy="C")
    assert (found.before.value, found.after.value) == pytest.approx((4, 3))
    assert (found.left_out_before, found.left_out_after) == (pytest.approx(0.4), pytest.approx(0.75))
    assert found.strata.set_index("channel")["weight"].to_dict() == {"网上": 0, "窗口": 1, "邮寄": 0}
    assert found.strata["suppressed"].all()
    assert "40.0%" in found.text("en")


def test_cases_whose_stratum_is_unknown_are_left_out():
    events = [("a", "窗口", 2), ("b", None, 8), ("c", "窗口", 4)]
    log = log_of({(name,): [n] for name, _c, n in events}, ("k",))
    cases = log.table("cases").assign(channel=[c for _n, c, _k in events])
    log = from_frame(log.to_pandas()[["case_id", "activity", "end"]], tables={"cases": cases})
    found = standardise(log, log, metric="steps", by="channel", statistic="mean", policy="C")
    assert found.before.value == 3
    assert found.left_out_before == pytest.approx(1 / 3)


def test_what_cannot_be_compared_is_refused_in_words():
    before, after = simpson()
    other = log_of({("邮寄",): [3] * 5})
    with pytest.raises(InsufficientDataError, match="stratum"):
        standardise(before, other, metric="steps", by="channel", policy="C")
    with pytest.raises(UsageError, match="'colour'"):
        standardise(before, after, metric="steps", by="colour", policy="C")
    plain = from_frame(before.to_pandas()[["case_id", "activity", "end"]])
    with pytest.raises(UsageError, match="told apart"):
        standardise(plain, plain, metric="steps", policy="C")
    with pytest.raises(InsufficientDataError, match="trips"):
        standardise(before, after, metric="trips", by="channel")
    for wrong in ({"metric": "joy"}, {"mix": "today"}, {"statistic": "mode"}):
        with pytest.raises(UsageError, match="cannot be"):
            standardise(before, after, **{"metric": "steps", **wrong})


def test_the_rule_says_that_it_is_standardised_and_does_not_compare_with_one_that_is_not():
    found = standardise(*simpson(), metric="steps", by="channel", policy="C")
    assert "标准化" in found.before.rule.text("zh")
    assert not found.before.rule.comparable(found.crude_before.rule)
    assert "<script>" not in found._repr_html_()


def test_hostile_names_of_strata_are_escaped():
    log = log_of({("<script>x</script>",): [3] * 12})
    html = standardise(log, log, metric="steps", by="channel", policy="C")._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def slow(before: pd.DataFrame, after: pd.DataFrame, statistic: str) -> tuple[float, float]:
    """As on paper, for the mix before: repeat each case by its weight, in whole numbers."""
    shared = sorted(set(before["s"]) & set(after["s"]))
    before, after = before[before["s"].isin(shared)], after[after["s"].isin(shared)]
    sizes = {s: (int((before["s"] == s).sum()), int((after["s"] == s).sum())) for s in shared}
    scale = np.lcm.reduce([n for pair in sizes.values() for n in pair])
    answers = []
    for side, frame in enumerate((before, after)):
        long = [
            x for s, x in zip(frame["s"], frame["x"], strict=True) for _ in range(sizes[s][0] * scale // sizes[s][side])
        ]
        answers.append(float(getattr(np, statistic)(long)))
    return answers[0], answers[1]


sides = st.dictionaries(
    st.sampled_from(["甲", "乙", "丙"]), st.lists(st.integers(1, 6), min_size=1, max_size=5), min_size=1
)


@given(sides, sides, st.sampled_from(["mean", "median"]))
def test_agrees_with_the_slow_reference(first, second, statistic):
    logs = [log_of({(s,): numbers for s, numbers in side.items()}) for side in (first, second)]
    frames = [
        pd.DataFrame([(s, x) for s, xs in side.items() for x in xs], columns=["s", "x"]) for side in (first, second)
    ]
    if not set(first) & set(second):
        with pytest.raises(InsufficientDataError):
            standardise(*logs, metric="steps", by="channel", statistic=statistic, policy="C")
        return
    found = standardise(*logs, metric="steps", by="channel", statistic=statistic, policy="C")
    assert (found.before.value, found.after.value) == pytest.approx(slow(*frames, statistic))


def test_the_interval_covers_the_true_change_as_often_as_it_says():
    """Known truth: both strata one step shorter. 95 % intervals of 200 pairs of logs; binomial bounds at 99.9 %."""
    rng, hits = np.random.default_rng(5), 0
    for number in range(200):
        logs = [log_of({("甲",): rng.poisson(4, 30) + base, ("乙",): rng.poisson(2, 30) + base}) for base in (2, 1)]
        found = standardise(*logs, metric="steps", by="channel", statistic="mean", policy="C", seed=number)
        hits += found.low <= -1 <= found.high
    assert 176 <= hits <= 199


@given(st.lists(st.integers(0, 20), min_size=1, max_size=20))
def test_equal_weights_give_the_plain_median(values):
    x = np.sort(np.array(values, float))
    assert weighted_median(x, np.full(len(x), 1 / len(x))) == np.median(x)
