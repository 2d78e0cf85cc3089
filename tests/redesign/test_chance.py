"""Shares dealt out over branches: exact where a branch is heavy, right over all where branches are rare, never too many parts."""

from collections import Counter
from dataclasses import replace

import pytest
from corrected_ways import Way, accept, apply, process_of
from hypothesis import given, settings
from hypothesis import strategies as st

from flowaudit.redesign.chance import Chance, change_by_chance


def rare(n, weight=1.0):
    """``n`` ways of their own, each of one case."""
    return process_of(*(Way([apply(), accept(wait=float(k + 1))], cases=weight) for k in range(n)))


def dealt(process, *shares):
    """Which of some chances came about, with the weight of each set of them; a mark on the first step says so."""

    def outcome(branch, come):
        first = replace(branch.steps[0], cause=tuple(sorted(come)))
        return replace(branch, steps=(first, *branch.steps[1:]))

    after, touched = change_by_chance(
        process, lambda _b: [Chance(name, share, name) for name, share in shares], outcome, key="k"
    )
    weights = Counter()
    for t in after.templates:
        for b in t.branches:
            weights[b.steps[0].cause] += t.cases * b.probability
    return after, touched, weights


def test_a_heavy_branch_is_split_in_the_exact_shares():
    after, touched, weights = dealt(rare(1, 1000.0), ("a", 0.3), ("b", 0.5))
    assert touched == pytest.approx(1000.0)
    assert weights[("a", "b")] == pytest.approx(150.0)
    assert weights[("a",)] == pytest.approx(150.0)
    assert weights[()] == pytest.approx(350.0)
    assert sum(b.probability for b in after.templates[0].branches) == pytest.approx(1.0)


def test_rare_branches_take_one_outcome_each_and_have_the_share_together():
    after, touched, weights = dealt(rare(400), ("a", 0.3))
    assert touched == pytest.approx(400.0)
    assert all(len(t.branches) == 1 for t in after.templates)
    assert weights[("a",)] == pytest.approx(120.0, abs=1.0)


def test_chances_of_different_keys_are_independent():
    _after, _touched, weights = dealt(rare(1000), ("a", 0.5), ("b", 0.5))
    assert weights[("a", "b")] == pytest.approx(250.0, abs=50.0)
    assert weights[()] == pytest.approx(250.0, abs=50.0)


def test_each_kind_has_its_own_share_however_many_there_are():
    _after, _touched, weights = dealt(rare(300), ("a", 0.1), ("b", 0.5), ("c", 0.9))
    for name, share in (("a", 0.1), ("b", 0.5), ("c", 0.9)):
        assert sum(w for come, w in weights.items() if name in come) == pytest.approx(300 * share, abs=0.5)


def test_twenty_chances_in_a_heavy_branch_do_not_make_a_million_of_it():
    after, _touched, _weights = dealt(rare(1, 2000.0), *((f"c{k}", 0.5) for k in range(20)))
    assert len(after.templates[0].branches) <= 2 * 2000 / 40


@settings(max_examples=30, deadline=None)
@given(st.floats(0, 1), st.lists(st.floats(0.2, 3.0), min_size=1, max_size=30))
def test_what_is_dealt_is_never_off_by_more_than_half_the_heaviest_branch(share, weights):
    process = process_of(*(Way([apply(), accept(wait=k + 1.0)], cases=w) for k, w in enumerate(weights)))
    _after, touched, found = dealt(process, ("a", share))
    assert touched == pytest.approx(sum(weights))
    assert abs(found[("a",)] - share * sum(weights)) <= max(weights) / 2 + 1e-9


@pytest.mark.parametrize(("share", "expected"), [(0.0, ()), (1.0, ("a",))])
def test_a_sure_chance_is_sure(share, expected):
    _after, _touched, weights = dealt(rare(50), ("a", share), ("b", 0.0))
    assert set(weights) == {expected}


def test_ways_that_have_no_chance_stay_the_same_objects():
    process = rare(5)
    after, touched = change_by_chance(process, lambda _b: [], lambda b, _c: b, key="k")
    assert touched == 0.0
    assert all(a is b for a, b in zip(after.templates, process.templates, strict=True))


def test_what_templates_are_besides_their_branches_stays():
    process = rare(1)
    marked = replace(process.templates[0], attributes=(("channel", "online"),), priority=2.0, due_h=5.0)
    after, _t, _w = dealt(replace(process, templates=(marked,)), ("a", 1.0))
    assert (after.templates[0].attributes, after.templates[0].priority, after.templates[0].due_h) == (
        (("channel", "online"),),
        2.0,
        5.0,
    )
