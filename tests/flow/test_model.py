"""Textbook variants give back the trees they came from."""

from collections import Counter

import numpy as np
import pytest

from flowaudit.flow import Tree, discover_tree
from flowaudit.flow.model import MANY_VARIANTS, MOST_ACTIVITIES


def tree_of(*traces):
    return discover_tree(Counter(tuple(t) for t in traces))[0]


def shape(tree):
    """The tree with the children of xor and parallel in a set: their order means nothing."""
    if tree.operator in ("task", "silent"):
        return tree.label or "τ"
    inner = [shape(child) for child in tree.children]
    return tree.operator, frozenset(inner) if tree.operator in ("xor", "parallel") else tuple(inner)


@pytest.mark.parametrize(
    ("traces", "expected"),
    [
        (["ABC"], ("sequence", ("A", "B", "C"))),
        (["A"], "A"),
        (["ABD", "ACD"], ("sequence", ("A", ("xor", frozenset("BC")), "D"))),
        (["ABCD", "ACBD"], ("sequence", ("A", ("parallel", frozenset("BC")), "D"))),
        (["ABC", "ABDBC", "ABDBDBC"], ("sequence", ("A", ("loop", ("B", "D")), "C"))),
        (["ABC", "AC"], ("sequence", ("A", ("xor", frozenset(("τ", "B"))), "C"))),
    ],
    ids=["sequence", "one task", "xor", "parallel", "loop", "skip"],
)
def test_textbook_shapes(traces, expected):
    assert shape(tree_of(*traces)) == expected


def test_the_tree_can_be_read():
    assert str(tree_of("ABCD", "ACBD")) in ("→('A', ∧('B', 'C'), 'D')", "→('A', ∧('C', 'B'), 'D')")
    assert str(Tree("loop", "", (Tree("task", "A"), Tree("silent")))) == "↻('A', τ)"


def tasks(tree):
    return [tree.label] if tree.operator == "task" else [t for child in tree.children for t in tasks(child)]


def test_every_activity_is_in_the_tree():
    assert sorted(tasks(tree_of("ABCDE", "ADCBE", "AE"))) == list("ABCDE")


def detours(n):
    """Distinct words from A to F with any of B to E in any order."""
    rng = np.random.default_rng(7)
    found = set()
    while len(found) < n:
        found.add(("A", *rng.choice(list("BCDE"), rng.integers(2, 7)).tolist(), "F"))
    return found - {tuple("ABCDEF")}


def test_rare_detours_are_filtered_and_it_is_said():
    variants = Counter(dict.fromkeys(detours(MANY_VARIANTS + 20), 1))
    variants[tuple("ABCDEF")] = 100_000
    tree, notes = discover_tree(variants)
    assert shape(tree) == ("sequence", tuple("ABCDEF"))
    assert any("rare detours" in note for note in notes)
    assert any("1 most frequent" in note for note in notes)


def test_what_is_not_rare_is_kept():
    """A second way with 10 % of the cases stays in the model, detours or not; equally rare ones stay together."""
    variants = Counter(dict.fromkeys(detours(MANY_VARIANTS + 20), 1))
    variants[tuple("ABCDEF")] = 90_000
    variants[tuple("AXF")] = 10_000
    assert "X" in tasks(discover_tree(variants)[0])
    alone = Counter(dict.fromkeys(detours(MANY_VARIANTS + 20), 1))
    assert not any("most frequent variants" in note for note in discover_tree(alone)[1])


def test_many_activities_are_cut_to_the_frequent_ones_and_it_is_said():
    chain = tuple(f"a{i:04}" for i in range(3000))
    tree, notes = discover_tree(Counter({chain: 3, ("a2999",): 1}))
    assert len(tasks(tree)) == MOST_ACTIVITIES
    assert "a2999" in tasks(tree)
    assert any("3000" in note for note in notes)


def test_pm4py_stays_silent(capfd):
    tree_of("ABC", "ACB")
    assert capfd.readouterr() == ("", "")
