"""A thinned process keeps what is expected of it."""

import numpy as np
import pytest
from processes import Path, Station, constant, network

from flowaudit.planning.thinning import thinned
from flowaudit.redesign import times_per_case


@pytest.fixture(scope="module")
def wide():
    stations = [Station(f"s{k}", constant(1.0 + k), 0) for k in range(12)]
    rng = np.random.default_rng(4)
    paths = [
        Path(
            tuple(f"s{k}" for k in sorted(rng.choice(12, rng.integers(1, 12), replace=False))),
            weight=float(rng.integers(1, 9)),
        )
        for _way in range(400)
    ]
    return network(stations, paths)


def test_few_ways_stay_as_they_are(wide):
    assert thinned(wide, 400) is wide
    assert thinned(wide, 1000) is wide


def test_weights_add_up_and_expected_times_stay(wide):
    small = thinned(wide, 100, seed=3)
    assert len(small.templates) <= 100
    assert sum(t.cases for t in small.templates) == pytest.approx(sum(t.cases for t in wide.templates))
    before, after = times_per_case(wide), times_per_case(small)
    assert sum(after.values()) == pytest.approx(sum(before.values()), rel=0.02)


def test_over_many_seeds_it_is_unbiased(wide):
    before = times_per_case(wide)
    mean = np.mean(
        [[times_per_case(thinned(wide, 40, seed=s)).get(f"s{k}", 0.0) for k in range(12)] for s in range(150)], axis=0
    )
    assert mean == pytest.approx([before[f"s{k}"] for k in range(12)], abs=0.03)


def test_the_same_seed_draws_the_same_ways(wide):
    assert thinned(wide, 50, seed=9).templates == thinned(wide, 50, seed=9).templates
    assert thinned(wide, 50, seed=9).templates != thinned(wide, 50, seed=10).templates


def test_a_heavy_way_is_drawn_more_than_once():
    heavy = network(
        [Station("a", constant(1.0), 0), Station("b", constant(1.0), 0)],
        [Path(("a",), 90.0), *(Path(("b",), 1.0) for _k in range(30))],
    )
    small = thinned(heavy, 12, seed=1)
    share = sum(t.cases for t in small.templates if small.nodes[t.branches[0].steps[0].node].activity == "a")
    assert share == pytest.approx(90.0, abs=10.0)
