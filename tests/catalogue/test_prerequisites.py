"""The graph of prerequisites: planted circles, longest paths against every path, what is withheld."""

from __future__ import annotations

from itertools import pairwise

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowaudit.catalogue import Catalogue
from flowaudit.errors import InputError, InsufficientDataError

CODES = list("abcdef")
pairs = st.lists(st.tuples(st.sampled_from(CODES), st.sampled_from(CODES)), max_size=12)


def of(edges, days=None, unit="工作日", **more):
    days = days or dict.fromkeys(CODES, 1)
    items = pd.DataFrame(
        {"item_code": list(days), "name": list(days), "promised_days": list(days.values()), "promised_unit": unit}
    )
    relations = pd.DataFrame(edges, columns=["src_item", "dst_item"]).assign(relation="precedes", **more)
    return Catalogue(items=items, item_relations=relations)


def test_a_planted_circle_is_named():
    assert of([("a", "b"), ("b", "c"), ("c", "a"), ("c", "d")]).prerequisites.cycles == (("a", "b", "c"),)
    assert of([("a", "b"), ("b", "a"), ("e", "f"), ("f", "e")]).prerequisites.cycles == (("a", "b"), ("e", "f"))
    assert of([("a", "a")]).prerequisites.cycles == (("a",),)


def test_what_is_merely_observed_or_optional_is_no_circle():
    assert of([("a", "b"), ("b", "a")], basis=["legal", "observed"]).prerequisites.cycles == ()
    materials = pd.DataFrame(
        {
            "item_code": ["a", "b"],
            "canonical_id": ["x", "y"],
            "produced_by_item": ["b", "a"],
            "necessity": ["required", "optional"],
        }
    )
    assert Catalogue(item_materials=materials).prerequisites.cycles == ()
    assert Catalogue(item_materials=materials.assign(necessity="required")).prerequisites.cycles == (("a", "b"),)


@given(st.permutations(CODES), pairs)
def test_an_order_has_no_circle_and_one_edge_back_makes_one(order, edges):
    rank = {code: i for i, code in enumerate(order)}
    forward = [(a, b) for a, b in edges if rank[a] < rank[b]]
    assert of(forward).prerequisites.cycles == ()
    chain = list(pairwise(order))
    (cycle,) = of([*forward, *chain, (order[-1], order[0])]).prerequisites.cycles
    assert cycle[0] == min(order)
    everything = {*forward, *chain, (order[-1], order[0])}
    assert all(step in everything for step in pairwise((*cycle, cycle[0])))


@given(
    st.permutations(CODES),
    pairs,
    st.lists(st.integers(0, 30), min_size=6, max_size=6),
    st.sets(st.sampled_from(CODES), min_size=1),
)
def test_the_longest_path_is_the_longest_of_all_paths(order, edges, days, wanted):
    rank = {code: i for i, code in enumerate(order)}
    forward = {(a, b) for a, b in edges if rank[a] < rank[b]}
    amounts = dict(zip(CODES, days, strict=True))

    def paths(code):
        yield (code,)
        for a, b in forward:
            if a == code:
                yield from ((code, *rest) for rest in paths(b))

    totals = [sum(amounts[c] for c in path if c in wanted) for code in CODES for path in paths(code)]
    found = of(sorted(forward), amounts).longest_path(wanted)
    assert found.limit.amount == max(totals)
    assert found.limit.unit == "working_days"
    assert sum(amounts[c] for c in found.items) == found.limit.amount
    assert set(found.items) <= wanted
    assert max(amounts[c] for c in wanted) <= found.limit.amount <= sum(amounts[c] for c in wanted)


def test_items_in_between_connect_without_counting():
    catalogue = of([("a", "b"), ("b", "c")], {"a": 5, "b": 100, "c": 7})
    assert catalogue.longest_path(["a", "c"]).limit.amount == 12
    assert catalogue.longest_path().items == ("a", "b", "c")


def test_a_path_that_cannot_be_told_is_withheld():
    with pytest.raises(InputError, match="a → b → a"):
        of([("a", "b"), ("b", "a")]).longest_path()
    with pytest.raises(InsufficientDataError, match="c"):
        of([], {"a": 1, "c": None}).longest_path()
    with pytest.raises(InsufficientDataError, match="days, working_days"):
        of([], {"a": 1, "c": 2}, unit=["工作日", "自然日"]).longest_path()
    with pytest.raises(InputError):
        of([]).longest_path([])
    with pytest.raises(InputError, match="'z'"):
        of([]).longest_path(["z"])


@given(pairs)
def test_precedence_is_transitive(edges):
    graph = of(edges).prerequisites
    direct = {(a, b) for a, b in edges if a != b}
    reach = set(direct)
    while True:
        more = {(a, d) for a, b in reach for c, d in direct if b == c} | reach
        if more == reach:
            break
        reach = more
    for a in CODES:
        for b in CODES:
            assert graph.precedes(a, b) == ((a, b) in reach)
