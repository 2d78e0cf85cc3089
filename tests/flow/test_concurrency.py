"""The heuristic oracle, against its definition counted one event at a time."""

import itertools
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_logs import log_of

from flowaudit.flow import concurrency


def oracle(traces, threshold):
    """Chapela-Campa & Dumas, arXiv 2208.12224, word by word."""
    follows, loops = Counter(), Counter()
    for trace in traces:
        follows.update(itertools.pairwise(trace))
        loops.update((a, b) for a, b, c in zip(trace, trace[1:], trace[2:], strict=False) if a == c != b)
    found = set()
    names = {a for trace in traces for a in trace}
    for a in names:
        for b in names - {a}:
            forth, back = follows[a, b], follows[b, a]
            dependency = (forth - back) / (forth + back + 1)
            self_loop = max(follows[x, x] / (follows[x, x] + 1) for x in (a, b))
            looping = loops[a, b] + loops[b, a]
            l2l = 0 if self_loop >= threshold else looping / (looping + 1)
            if forth and back and l2l < threshold and abs(dependency) < threshold:
                found.add(frozenset((a, b)))
    return found


@given(st.lists(st.text("ABCD", min_size=1, max_size=7), min_size=1, max_size=30), st.sampled_from([0.5, 0.75, 0.9]))
def test_equals_the_definition(traces, threshold):
    assert concurrency(log_of(*traces), threshold) == oracle(traces, threshold)


def test_both_orders_are_concurrent_and_one_order_is_not():
    assert concurrency(log_of(*["ABCD", "ACBD"] * 10)) == {frozenset("BC")}
    assert concurrency(log_of(*["ABCD"] * 20)) == set()


def test_a_rare_exchange_is_noise():
    assert concurrency(log_of(*["AB"] * 99, "BA")) == set()  # dependency 98 / 101
    assert concurrency(log_of(*["AB"] * 9, "BA")) == {frozenset("AB")}  # 8 / 11


def test_a_loop_of_two_is_not_concurrency():
    assert concurrency(log_of(*["ABABAB"] * 10)) == set()


@pytest.mark.parametrize("traces", [("A",), ("AB",), ("AAAA",)])
def test_small_logs(traces):
    assert concurrency(log_of(*traces)) == set()
