"""The parts of a comparison on paper: follow-up, resampling, groups, ratings and promised limits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reform_logs import durations, log_from, office

from flowaudit.errors import UsageError
from flowaudit.eventlog import EventLog, from_frame
from flowaudit.metrics import NotRecorded
from flowaudit.targets import Target, compare
from flowaudit.targets.counted import counted
from flowaudit.targets.estimate import Sample, redrawn
from flowaudit.targets.follow_up import Lapse, follow_up
from flowaudit.targets.groups import compared_by, holm
from flowaudit.targets.promised import as_targets
from flowaudit.targets.ratings import difference_of_shares, rated, score_of
from flowaudit.targets.sides import pair_of
from flowaudit.worktime import load_calendar

WEEKDAYS = load_calendar("weekdays")
YOUNG = {"young": True, "period": 80, "start": 260}


def lapse(seed: int, n: int = 200, period: int = 200, *, exported: str = "all", factor: float = 1.0) -> Lapse:
    """Cases over a period. ``all``: followed until long after it; ``young``: up to the last arrival; ``ended``: the same, the open ones
    left out of the export."""
    rng = np.random.default_rng(seed)
    arrival, days = rng.integers(0, period, n), durations(rng, n, factor)
    cut = period + 200 if exported == "all" else period
    room = (cut - arrival).astype(float)
    still = days > room
    if exported == "ended":
        arrival, days, room, still = (x[~still] for x in (arrival, days, room, still))
    return Lapse(np.where(still, room, days).astype(float), still, room)


def test_logs_followed_to_their_end_need_no_window():
    found = follow_up(lapse(1), lapse(2))
    assert (found.days, found.needed, found.usable) == (None, False, True)
    assert found.in_time == (200, 200)


@pytest.mark.parametrize("exported", ["young", "ended"])
def test_a_log_that_goes_on_to_its_last_day_gets_one_whether_it_shows_its_open_cases_or_not(exported):
    found = follow_up(lapse(1), lapse(2, exported=exported))
    # 15 exp(1.645 x 0.6) = 40 working days for 95 % of the cases.
    assert found.days == pytest.approx(40, abs=8)
    assert found.early[1] < 0.9 * found.cases[1]
    # Of some 18 days in 200 the cases of the last ones had not ended.
    assert found.hidden == (0, pytest.approx(0.09 if exported == "ended" else 0, abs=0.05))
    assert found.in_time[0] / found.early[0] == pytest.approx(0.95, abs=0.05)
    assert found.in_time[1] / found.early[1] == pytest.approx(0.95, abs=0.05)


def test_a_log_too_young_for_that_gets_a_shorter_window_and_one_far_too_young_none():
    short = follow_up(lapse(1), lapse(2, period=60, exported="young"))
    assert 20 <= short.days < 40, "half of the cases are kept, and one and a half medians"
    none = follow_up(lapse(1), lapse(2, n=60, period=12, exported="young"))
    assert (none.days, none.needed, none.usable) == (None, True, False)
    assert "too young" in none.reason("en") or "too few cases" in none.reason("en")


def test_the_window_can_be_chosen():
    sides = (lapse(1, exported="young"), lapse(2, exported="young"))
    assert follow_up(*sides, 25).days == 25
    assert follow_up(*sides, 0).days is None
    with pytest.raises(UsageError, match="0 or more"):
        follow_up(*sides, -3)


def test_a_log_that_does_not_say_which_cases_ended_gets_a_window():
    """What is cut off at its end looks ended; of a log with decisions it is known to be open."""
    sides = [office(1).to_pandas(), office(2, **YOUNG).to_pandas()]
    bare = [from_frame(frame[["case_id", "activity", "end"]]) for frame in sides]
    found = compare(*bare, calendar=WEEKDAYS)
    assert (found.follow_up.told, found.follow_up.open) == ((False, False), (0, 0))
    assert found.follow_up.days == pytest.approx(40, abs=8)
    assert found.estimate("time", "crude", "mean").direction == "falls"
    assert found.estimate("time", "followed", "mean").direction == "unsure"
    assert any("do not both say which cases have ended" in note for note in found.said("en"))


def test_a_log_of_open_cases_only_says_so():
    still = Lapse(np.full(40, 5.0), np.ones(40, bool), np.full(40, 5.0))
    found = follow_up(lapse(1), still)
    assert (found.days, found.usable) == (None, False)
    assert "—" in found.text("en")


def test_a_median_counts_what_took_longer_than_it_was_looked_at_and_a_mean_does_not():
    """1, 2, 3, 40 and 50 working days, looked at for 10: the median is 3, the mean of those that ended is 2."""
    sides = [log_from(f"w{start}", np.full(5, start), np.array([1, 2, 3, 40, 50])) for start in (0, 300)]
    found = compare(*sides, calendar=WEEKDAYS, follow_up=10)
    for e, value, n in ((found.estimate("time", "followed"), 3, 5), (found.estimate("time", "followed", "mean"), 2, 3)):
        assert (e.before.value, e.before.n, e.after.value, e.after.n) == (value, n, value, n)
    assert "count as the longest" in found.estimate("time", "followed").before.rule.text("en")
    assert found.left_out.set_index("reason").loc["not_in_time"].tolist() == [2, 2]


def test_kinds_with_too_few_cases_on_a_side_are_left_out_of_the_figures_at_one_mix():
    pair = (channels(1, 0, {"线上": 60, "邮寄": 4}), channels(2, 260, {"线上": 60, "邮寄": 6}))
    found = compare(*pair, calendar=WEEKDAYS, follow_up=0, strata="channel")
    assert (found.estimate("time").before.n, found.estimate("time").after.n) == (60, 60)
    assert found.left_out.set_index("reason").loc["no_counterpart:time"].tolist() == [4, 6]


def test_with_few_cases_there_is_a_figure_and_no_interval():
    sides = [log_from(f"f{start}", np.arange(9) + start, np.full(9, days)) for start, days in ((0, 9), (300, 3))]
    found = compare(*sides, calendar=WEEKDAYS, promised={"time": 5}).estimate("time")
    assert (found.before.value, found.after.value, found.low, found.rate_high) == (9, 3, None, None)
    assert found.direction == "unsure"
    assert "too few cases for an interval" in found.text("en")


@settings(max_examples=40)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=12), st.integers(0, 99))
def test_with_one_kind_of_case_the_statistics_are_the_plain_ones(values, seed):
    sample = Sample.plain(np.array(values, float))
    for statistic in ("median", "mean"):
        value, draws = redrawn(sample, statistic, np.random.default_rng(seed))
        assert value == pytest.approx(getattr(np, statistic)(values))
        assert min(values) - 1e-9 <= draws.min() <= draws.max() <= max(values) + 1e-9


def test_resamples_are_spread_as_the_theory_says():
    """The standard error of a mean of n is sd / sqrt(n); of two kinds, each with its weight."""
    rng = np.random.default_rng(0)
    x = np.r_[rng.integers(0, 30, 300), rng.integers(50, 90, 100)].astype(float)
    kind = np.repeat([0, 1], [300, 100])
    _value, draws = redrawn(Sample(x, kind, np.array([0.2, 0.8])), "mean", np.random.default_rng(1))
    error = np.sqrt(0.2**2 * x[:300].var() / 300 + 0.8**2 * x[300:].var() / 100)
    assert draws.std() == pytest.approx(error, rel=0.1)
    assert draws.mean() == pytest.approx(0.2 * x[:300].mean() + 0.8 * x[300:].mean(), abs=3 * error / np.sqrt(1000))


def test_a_median_beyond_what_was_looked_at_is_not_given():
    value, _draws = redrawn(Sample.plain(np.array([1.0, np.inf, np.inf])), "median", np.random.default_rng(0))
    assert np.isinf(value)


def test_holm_on_paper():
    """0.01 x 4, 0.02 x 3, 0.02 x 3 (never less than the one before), 0.9."""
    assert holm(np.array([0.9, 0.01, 0.03, 0.02])) == pytest.approx([0.9, 0.04, 0.06, 0.06])
    assert np.isnan(holm(np.array([np.nan]))).all()


def channels(seed: int, start: int, sizes: dict[str, int], quick: str = "", prefix: str = "c") -> EventLog:
    rng = np.random.default_rng(seed)
    channel = np.repeat([*sizes], [*sizes.values()])
    days = durations(rng, len(channel), np.where(channel == quick, 0.5, 1.0))
    arrival = rng.integers(start, start + 200, len(channel))
    return log_from(f"{prefix}{start}-", arrival, days, cases={"channel": channel})


def test_a_change_of_one_channel_is_found_there_alone_and_small_cells_are_blank():
    sizes = {"线上": 150, "窗口": 150, "邮寄": 9, "自助": 12}
    found = compare(channels(1, 0, sizes), channels(2, 260, sizes, "线上"), calendar=WEEKDAYS, by="channel")
    table = found.groups["channel"].set_index(["channel", "metric"])
    online, hall, post, kiosk = (table.loc[(name, "time")] for name in ("线上", "窗口", "邮寄", "自助"))
    assert online["p_holm"] < 0.01
    assert online["rate_low"] < 0.5 < online["rate_high"]
    assert hall["p_holm"] > 0.05
    assert (post["suppressed"], kiosk["suppressed"]) == (True, False)
    assert table.loc["邮寄"][["before", "after", "low", "p", "p_holm"]].isna().all(axis=None)
    strata = found.strata_tables["time"].set_index("channel")
    assert strata.loc["邮寄", "suppressed"]
    assert np.isnan(strata.loc["邮寄", "before"])
    assert strata["weight"].sum() == pytest.approx(1)


def test_so_many_comparisons_without_any_change_seldom_hold_together():
    sizes = {name: 40 for name in "甲乙丙丁戊己"}
    wrong = 0
    for seed in range(6):
        pair = (channels(100 + seed, 0, sizes), channels(200 + seed, 260, sizes))
        table = compared_by(counted(pair_of(*pair), calendar=WEEKDAYS, days=0), "channel", "median")
        wrong += bool(table["p_holm"].lt(0.05).any())
    assert wrong <= 1


def with_ratings(log: EventLog, ratings: pd.DataFrame) -> EventLog:
    return replace(log, tables={**log.tables, "ratings": ratings})


def ratings(log: EventLog, scores: dict[object, int], **columns: object) -> pd.DataFrame:
    score = [value for value, n in scores.items() for _k in range(n)]
    return pd.DataFrame({"case_id": log.case_ids[: len(score)], "score": score, **columns})


@pytest.fixture(scope="module")
def logs() -> tuple[EventLog, EventLog]:
    return office(1), office(2, start=260)


def test_bad_ratings_on_paper(logs):
    """10 of 100 bad before, 4 of 200 after, 30 unread."""
    before = with_ratings(logs[0], ratings(logs[0], {1: 70, 3: 20, 4: 6, 5: 4}))
    after = with_ratings(
        logs[1], ratings(logs[1], {"非常满意": 190, "满意": 6, "不满意": 3, "非常不满意": 1, "95": 30})
    )
    found = rated(pair_of(before, after))
    assert (found.n, found.bad, found.unread) == ((100, 200), (10, 4), 30)
    assert found.difference == pytest.approx(-0.08)
    assert found.high < 0
    assert "fewer than before" in found.text("en")
    assert (found.cases, found.rated) == ((250, 250), (100, 200))
    assert isinstance(found.reasons, NotRecorded)


def test_newcombes_own_example():
    """56 of 70 against 48 of 80: 0.2, from 0.0524 to 0.3339 (Newcombe 1998, method 10)."""
    assert difference_of_shares((48, 56), (80, 70)) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)


def test_reasons_chosen_from_a_list_are_counted_and_what_somebody_wrote_is_not_published(logs):
    bad = {5: 30}
    secret = "张三 13800138000 态度恶劣"
    label = (
        ["排队时间长"] * 14 + ["材料重复提交"] * 10 + [secret, "<script>", "=HYPERLINK()", None, "罕见原因", "罕见原因"]
    )
    sides = [
        with_ratings(log, ratings(log, bad, reason=label, rectified=["是"] * 20 + ["否"] * 5 + [None] * 5))
        for log in logs
    ]
    found = rated(pair_of(*sides))
    assert found.reasons.set_index("reason")["bad_before"].to_dict() == {
        "排队时间长": 14,
        "材料重复提交": 10,
        "*other": 5,
        "*none": 1,
    }
    assert (found.rectified, found.judged) == ((20, 20), (25, 25))
    told = str(found.to_dict("zh")) + found._repr_html_()
    for word in ("张三", "13800138000", "<script>", "HYPERLINK", "罕见原因"):
        assert word not in told
    assert "其他原因" in told or "other reasons" in told


def test_free_text_is_sorted_by_its_words_and_never_shown(logs):
    text = ["等了两小时，李四不理人"] * 12 + ["跑了三趟"] * 11 + ["嗯"] * 7
    sides = [with_ratings(log, ratings(log, {4: 30}, text=text)) for log in logs]
    found = rated(pair_of(*sides))
    counts = found.reasons.set_index("reason")["bad_after"].to_dict()
    assert counts == {"waiting": 12, "trips": 11, "*other": 7}
    assert "李四" not in str(found.to_dict("zh"))


@pytest.mark.parametrize(
    ("value", "score"),
    [(1, 1), ("5", 5), (4.0, 4), ("非常满意", 1), (" 不满意 ", 4), ("好评", None), (0, None), (6, None)],
)
def test_scores_are_codes_or_words_or_nothing(value, score):
    found = score_of(value)
    assert np.isnan(found) if score is None else found == score


def test_ratings_that_nobody_recorded_are_not_zero(logs):
    found = rated(pair_of(with_ratings(logs[0], ratings(logs[0], {1: 5})), logs[1]))
    assert isinstance(found, NotRecorded)
    assert "the log after holds no ratings" in found.text("en")


def test_promised_limits_kept_on_paper():
    """Limit 10 working days: kept by those that took at most 10, and by no other."""
    sides = []
    for start in (0, 300):
        days = np.arange(5, 25) if not start else np.arange(1, 21)
        arrival = start + np.arange(20) * 5
        table = {"item_code": "甲", "promised_days": 10, "promised_unit": "工作日"}
        sides.append(log_from(f"p{start}-", arrival, days, cases={k: [v] * 20 for k, v in table.items()}))
    found = compare(*sides, calendar=WEEKDAYS, follow_up=0).kept_promises
    assert (found.kept, found.known) == ((6, 10), (20, 20))
    assert found.difference == pytest.approx(0.2)
    (row,) = found.items.to_dict("records")
    assert (row["promise_before"], row["promise_after"], row["kept_before"], row["kept_after"]) == (
        "10",
        "10",
        0.3,
        0.5,
    )


def test_without_a_promise_there_is_none_to_keep(logs):
    assert isinstance(compare(*logs, calendar=WEEKDAYS).kept_promises, NotRecorded)


def test_promises_are_read_from_numbers_phrases_and_targets():
    one = Target(metric="trips", reduction=0.5)
    found = as_targets({"时间": 5, "steps": 3})
    assert [(t.metric, t.at_most) for t in found] == [("time", 5.0), ("steps", 3.0)]
    assert as_targets([one, "减环节 30%"])[1].reduction == 0.3
    assert as_targets({"trips": one}) == (one,)
    assert as_targets(None) == ()
    assert as_targets("减环节 30%")[0].metric == "steps"


def test_a_promise_for_some_of_the_cases_is_judged_by_them():
    sizes = {"线上": 150, "窗口": 150}
    pair = (channels(1, 0, sizes), channels(2, 260, sizes, "线上"))
    asked = [
        Target(metric="time", reduction=0.3, population={"channel": "线上"}),
        Target(metric="time", reduction=0.3, population={"channel": "窗口"}),
        Target(metric="steps", at_most=3, rule="B_milestone"),
        Target(metric="time", at_most=15, share=0.2),
    ]
    found = compare(*pair, calendar=WEEKDAYS, promised=asked)
    assert [p.status for p in found.promises] == ["met", "not_met", "unsure", "met"]
    assert "B_milestone" in found.promises[2].reason("en")


def test_a_log_whose_years_the_calendar_does_not_know_is_refused_by_name():
    old = office(1).to_pandas()
    old["end"] = old["end"] - pd.DateOffset(years=40)
    with pytest.raises(Exception, match=r"1983|calendar"):
        compare(from_frame(old), office(2, start=260))
