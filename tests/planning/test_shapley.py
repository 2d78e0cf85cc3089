"""Shares that no order decides: the axioms, values on paper, and intervals that say where their width comes from."""

from itertools import permutations
from math import fsum

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from processes import CALENDAR, line
from toy_games import Game, Shorten, in_line, mondays, side_by_side, station

from flowaudit.errors import UsageError
from flowaudit.metrics import mean_interval
from flowaudit.planning import Coalitions, shapley, waterfall
from flowaudit.process import family
from flowaudit.redesign import Scenario
from flowaudit.simulation import simulate

NUMBERS = st.floats(-1e6, 1e6).map(lambda x: round(x, 3))


def games(n, replications=3):
    return arrays(float, (1 << n, replications), elements=NUMBERS).map(Game)


def shares(found, metric="time"):
    return [bar.saved for bar in found.of(metric).bars]


def coalitions(process, scenario, replications=2, seed=5):
    before = simulate(process, replications=replications, seed=seed, calendar=CALENDAR)
    return Coalitions(process, scenario, before=before, calendar=CALENDAR)


def cut(*what):
    """A plan that cuts delays: (activity, days) after (activity, days)."""
    return Scenario.of("s", [Shorten(activity=name, hours=24.0 * days) for name, days in what])


def by_hand(table):
    """The definition: the mean over all orders of what each adds to those before it."""
    n, mean = len(table).bit_length() - 1, table.mean(axis=1)
    found, orders = np.zeros(n), list(permutations(range(n)))
    for order in orders:
        before = 0
        for k in order:
            found[k] += mean[before] - mean[before | 1 << k]
            before |= 1 << k
    return found / len(orders)


@settings(max_examples=30)
@given(games(4))
def test_it_is_the_mean_over_all_orders(game):
    assert shares(shapley(game)) == pytest.approx(by_hand(game.table), abs=1e-6)


@settings(max_examples=30)
@given(st.integers(1, 5).flatmap(games))
def test_the_bars_sum_to_the_total(game):
    """Efficiency. Each bar is rounded once, from its exact value: what is left over are last bits."""
    found = shapley(game).of("time")
    assert fsum(bar.saved for bar in found.bars) == pytest.approx(found.total, rel=1e-12, abs=1e-9)
    assert found.total == pytest.approx(game.table[0].mean() - game.table[-1].mean(), abs=1e-6)


@settings(max_examples=30)
@given(games(4))
def test_who_do_the_same_get_the_same(game):
    """Symmetry, to the last bit: measures 1 and 2 can stand in for each other in every combination."""
    table = game.table.copy()
    for c in range(16):
        if c & 0b0110 == 0b0010:
            table[c ^ 0b0110] = table[c]
    found = shapley(Game(table)).of("time").bars
    assert found[1].saved == found[2].saved
    assert found[1].by_chance == pytest.approx(found[2].by_chance, rel=1e-9)


@settings(max_examples=30)
@given(games(3))
def test_who_changes_nothing_gets_nothing(game):
    """Null player: measure 1 of four."""
    table = np.stack([game.table[(c & 1) | (c >> 2) << 1] for c in range(16)])
    found = shapley(Game(table)).of("time").bars[1]
    assert found.saved == 0.0
    assert found.by_chance == pytest.approx(0.0, abs=1e-9)


@settings(max_examples=30)
@given(games(3), games(3))
def test_two_games_added_are_shared_as_the_two(a, b):
    together = shares(shapley(Game(a.table + b.table)))
    assert together == pytest.approx(np.add(shares(shapley(a)), shares(shapley(b))), abs=1e-6)


@settings(max_examples=30)
@given(games(4), st.permutations(range(4)))
def test_another_numbering_gives_the_same_shares(game, order):
    """Measure ``order[k]`` becomes measure k."""
    table = np.stack([game.table[sum(1 << order[k] for k in range(4) if c >> k & 1)] for c in range(16)])
    turned = shares(shapley(Game(table)))
    assert [turned[order.index(k)] for k in range(4)] == shares(shapley(game))


def test_where_effects_add_up_no_order_matters():
    """Two of three activities in line, each a day shorter: four days become two, a day for each whatever the order."""
    game = coalitions(in_line(1, 1, 2), cut(("a", 1), ("c", 1)))
    assert shares(waterfall(game)) == shares(shapley(game)) == [1.0, 1.0]
    found = shapley(game).of("time")
    assert (found.before, found.after) == (4.0, 2.0)
    assert [bar.low for bar in found.bars] == [bar.high for bar in found.bars] == [1.0, 1.0]


def test_what_two_only_do_together_is_shared_half_and_half():
    """Two branches of four days, each can be cut to one: alone neither saves a day, together they save three."""
    game = coalitions(side_by_side(4, 4), cut(("a", 3), ("b", 3)))
    assert shares(waterfall(game)) == [0.0, 3.0]
    assert shares(shapley(game)) == [1.5, 1.5]


def test_an_overlap_of_three_on_paper():
    """Branches of 4, 4 and 2 days, each cut by two: v = 4 but where a and b are cut (2), so that a and b share two days."""
    game = coalitions(side_by_side(4, 4, 2), cut(("c", 2), ("a", 2), ("b", 2)))
    assert shares(shapley(game)) == [0.0, 1.0, 1.0]
    assert shares(waterfall(game)) == [0.0, 0.0, 2.0]


def test_the_order_of_the_scenario_does_not_decide():
    process, what = side_by_side(4, 3, 1), (("a", 3), ("b", 2), ("c", 1))
    found = {}
    for order in permutations(what):
        for bar in shapley(coalitions(process, cut(*order))).of("time").bars:
            found.setdefault(bar.label_en, set()).add(bar.saved)
    # v(a) = 3, v(a, b) = 1, v(all) = 1, else 4 (3 where a is cut): a is first to open the way, b follows.
    assert {label: len(values) for label, values in found.items()} == dict.fromkeys(found, 1)
    assert sorted(next(iter(v)) for v in found.values()) == [0.0, 1.0, 2.0]


def test_one_measure_gets_everything():
    game = coalitions(in_line(2, 1), cut(("a", 1)))
    assert shares(shapley(game)) == shares(waterfall(game)) == [1.0]


def test_no_measure_no_bar():
    found = shapley(coalitions(in_line(1, 1), Scenario("nothing")))
    assert found.of("time").bars == ()
    assert found.of("time").total == 0.0


def test_one_set_of_simulations_serves_every_metric_and_statistic(monkeypatch):
    game = coalitions(side_by_side(4, 4), cut(("a", 3), ("b", 3)))
    calls = []
    monkeypatch.setattr("flowaudit.planning.coalitions.simulate", lambda *a, **k: calls.append(1) or simulate(*a, **k))
    found = [f(game, statistic=s) for f in (waterfall, shapley) for s in ("median", "mean", "p90")]
    assert len(calls) == 3, "a, b, and both; the office as it is was given"
    assert {f.metrics for f in found} == {("steps", "time")}
    assert [f.combinations for f in found] == [3, 3, 3, 4, 4, 4]


def random_line(n=40):
    table = family("uniform", low=1.0, high=200.0)
    return line(station("apply"), station("a", table=table), station("b", table=table / 2), arrivals=mondays(n))


def test_intervals_are_those_of_paired_differences():
    """Half of the difference of what two combinations save, from the values of the four; they differ in every replication."""
    game = coalitions(random_line(), cut(("a", 1), ("b", 1)), replications=6)
    bar = shapley(game, statistic="mean").of("time").bars[0]
    v = [game.outcome(c, "time", "mean").values for c in range(4)]
    saved = ((v[0] - v[1]) + (v[2] - v[3])) / 2
    assert len(set(saved.tolist())) > 2
    assert (bar.saved, bar.low, bar.high) == pytest.approx(mean_interval(saved), abs=1e-12)
    assert bar.by_chance == pytest.approx((bar.high - bar.low) / 2)
    assert bar.by_order == 0.0


def test_a_median_that_was_the_same_in_all_replications_may_still_vary():
    """Whole days: three medians that agree by chance do not make the interval a point; what no case can change does."""
    process, plan = random_line(15), cut(("a", 1), ("b", 0))
    for seed in range(40):
        game = coalitions(process, plan, replications=3, seed=seed)
        moving, nothing = shapley(game).of("time").bars
        saved = game.outcome(0, "time", "median").values - game.outcome(1, "time", "median").values
        if len(set(saved.tolist())) == 1:
            break
    else:
        pytest.fail("three medians never agreed")
    assert moving.low < moving.saved < moving.high
    assert nothing.low == nothing.saved == nothing.high == 0.0


def test_one_replication_has_no_interval():
    bar = shapley(coalitions(in_line(2, 1), cut(("a", 1)), replications=1)).of("time").bars[0]
    assert (bar.low, bar.high, bar.by_chance) == (-np.inf, np.inf, np.inf)


# Above eight measures orders are drawn.


def overlapping(n, seed=0, replications=6, noise=0.0):
    """Each measure saves what it can of a common pot: the more are in force, the less one more adds."""
    rng = np.random.default_rng(seed)
    size = rng.uniform(0.5, 2.0, n)
    strength = np.array([size[[k for k in range(n) if c >> k & 1]].sum() for c in range(1 << n)])
    luck = 1.0 + noise * rng.standard_normal(replications)
    return Game((20.0 * np.exp(-strength / 5.0))[:, None] * luck)


def exactly(game):
    """Shapley values without a limit, straight from the definition's weights."""
    from flowaudit.planning.bars import savings_of
    from flowaudit.planning.shapley import all_orders

    game.simulate(range(1 << game.n))
    found, _notes = savings_of(game, "mean", [all_orders(k, game.n) for k in range(game.n)])
    return [bar.saved for bar in found[0].bars]


def test_drawn_orders_sum_to_the_total_and_come_near_the_exact_values():
    game = overlapping(9)
    found = shapley(game, orders=64)
    savings = found.of("time")
    assert fsum(bar.saved for bar in savings.bars) == pytest.approx(savings.total, abs=1e-9)
    assert found.orders == 64
    assert found.combinations < 512
    error = np.subtract(shares(found), exactly(game))
    assert np.abs(error).max() < 0.1
    assert max(bar.by_order for bar in savings.bars) < 0.2, "too wide to prove anything"


def test_reversed_orders_cancel_the_overlap():
    """Where what one adds falls evenly with how many came before, an order and its reverse give the exact value."""
    n = 9
    count = np.array([bin(c).count("1") for c in range(1 << n)])
    game = Game((100.0 - 10.0 * count + 0.5 * count**2)[:, None] + np.zeros((1, 3)))
    found = shapley(game, orders=4).of("time").bars
    assert [bar.saved for bar in found] == pytest.approx([10.0 - 0.5 * 9] * 9)
    assert all(bar.by_order < 1e-9 for bar in found)


def test_the_two_sources_of_an_interval_are_told_apart():
    quiet = shapley(overlapping(9, noise=0.0), orders=16).of("time").bars[0]
    loud = shapley(overlapping(9, noise=0.3), orders=16).of("time").bars[0]
    assert quiet.by_chance < 1e-9 < quiet.by_order
    assert loud.by_chance > 1e-2
    assert loud.high - loud.low > 2 * max(loud.by_chance, loud.by_order) * 0.9
    all_taken = shapley(overlapping(5, noise=0.3)).of("time").bars[0]
    assert all_taken.by_order == 0.0
    assert (all_taken.high - all_taken.low) / 2 == pytest.approx(all_taken.by_chance)


def test_intervals_of_drawn_orders_hold_the_exact_value():
    """150 draws of eight pairs of orders: 95 % intervals contain the exact share in 92 to 98 % of nine times as many bars."""
    game = overlapping(9)
    exact, inside = exactly(game), []
    for seed in range(150):
        bars = shapley(game, orders=16, seed=seed).of("time").bars
        inside += [bar.low <= value <= bar.high for bar, value in zip(bars, exact, strict=True)]
    assert 0.92 < np.mean(inside) < 0.98


def test_the_same_seed_draws_the_same_orders():
    a, b, c = (shapley(overlapping(9), orders=8, seed=s) for s in (1, 1, 2))
    assert shares(a) == shares(b) != shares(c)


@pytest.mark.parametrize("orders", [2, 7])
def test_orders_come_in_pairs(orders):
    with pytest.raises(UsageError, match="pairs"):
        shapley(overlapping(9), orders=orders)


# Few replications off the stated order.


def noisy(n, replications, seed, few=None):
    """What each combination saves, its own luck in part shared by all: as common random numbers leave it."""
    rng = np.random.default_rng(seed)
    shared, own = rng.standard_normal(replications), rng.standard_normal((1 << n, replications))
    expected = overlapping(n).table[:, :1]
    return Game(expected * (1 + 0.2 * shared) + 0.05 * own, few)


def test_few_replications_sum_to_the_total_of_all():
    for seed in range(5):
        game = noisy(4, 30, seed, few=8)
        found = shapley(game).of("time")
        assert fsum(bar.saved for bar in found.bars) == pytest.approx(found.total, abs=1e-12)
        assert (found.before, found.after) == (waterfall(game).of("time").before, waterfall(game).of("time").after)


def test_few_replications_where_all_agree_are_as_good_as_all():
    """The two methods differ by the same in every replication: nothing is lost."""
    table = overlapping(3, replications=30).table + np.random.default_rng(0).standard_normal(30)
    few, every = (shapley(Game(table, n)).of("time").bars for n in (8, None))
    assert [b.saved for b in few] == pytest.approx([b.saved for b in every], abs=1e-9)


def test_intervals_from_few_replications_hold_the_expected_value():
    expected, inside, lengths = exactly(overlapping(3, replications=1)), [], []
    for seed in range(400):
        bars = shapley(noisy(3, 30, seed, few=8)).of("time").bars
        inside += [bar.low <= value <= bar.high for bar, value in zip(bars, expected, strict=True)]
        lengths += [bar.high - bar.low for bar in bars]
    assert 0.93 < np.mean(inside) < 0.98
    alone = [b.high - b.low for s in range(50) for b in shapley(Game(noisy(3, 30, s).table[:, :8])).of("time").bars]
    assert np.mean(lengths) < 0.7 * np.mean(alone), "the other replications are of no use"


def test_few_replications_are_simulated_where_few_were_asked_for(monkeypatch):
    process, plan, asked = random_line(), cut(("a", 1), ("b", 1)), []
    before = simulate(process, replications=6, seed=5, calendar=CALENDAR)
    run = lambda *a, **k: asked.append(k["replications"]) or simulate(*a, **k)  # noqa: E731
    monkeypatch.setattr("flowaudit.planning.coalitions.simulate", run)
    few = Coalitions(process, plan, before=before, few=3, calendar=CALENDAR)
    found = shapley(few, statistic="mean").of("time")
    assert sorted(asked) == [3, 6, 6], "b alone; a, and both, are stages"
    every = shapley(Coalitions(process, plan, before=before, calendar=CALENDAR), statistic="mean").of("time")
    assert found.total == every.total
    # Both are cut by a day, less where there was none to cut; the two do not get in each other's way.
    assert [b.saved for b in found.bars] == pytest.approx([b.saved for b in every.bars], abs=0.05)
    with pytest.raises(UsageError, match="at least 2"):
        Coalitions(process, plan, before=before, few=1, calendar=CALENDAR)
