"""The heuristic oracle, against its definition counted one event at a time."""

import itertools
import sys
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_logs import MONDAY, cases_of, labels_of, log_of, logs

from flowaudit.eventlog import from_frame
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


def overlap_oracle(log, threshold):
    """definitions.md 1: overlapping pairs of instances over pairs that lie in one case; a touch is no overlap."""
    frame, names = log.to_pandas(), labels_of(log)
    begun, end = frame["start"].fillna(frame["end"]).tolist(), frame["end"].tolist()
    overlapping, together = Counter(), Counter()
    for rows in cases_of(log):
        for a, b in itertools.combinations(rows, 2):
            if names[a] != names[b]:
                pair = frozenset((names[a], names[b]))
                together[pair] += 1
                overlapping[pair] += begun[a] < end[b] and begun[b] < end[a]
    return {pair for pair, n in together.items() if overlapping[pair] and overlapping[pair] / n >= threshold}


@given(logs(), st.sampled_from([0.5, 0.75, 0.9, 1.0]))
def test_with_starts_what_overlaps_is_concurrent_too(log, threshold):
    traces = [tuple(labels_of(log)[row] for row in rows) for rows in cases_of(log)]
    expected = oracle(traces, threshold)
    if log.has("start"):
        expected |= overlap_oracle(log, threshold)
    assert concurrency(log, threshold) == expected


def side_by_side(overlapping, apart):
    """A lasts from 9 to 12; B begins at 10 in some cases, at 12 sharp in the others. A always begins first."""
    rows = []
    for case, hour in enumerate([10] * overlapping + [12] * apart):
        day = MONDAY.normalize() + pd.Timedelta(days=case)
        rows += [(case, "A", day + pd.Timedelta(hours=9), day + pd.Timedelta(hours=12))]
        rows += [(case, "B", day + pd.Timedelta(hours=hour), day + pd.Timedelta(hours=13))]
    return from_frame(pd.DataFrame(rows, columns=["case_id", "activity", "start", "end"]))


def test_nine_of_ten_overlaps_suffice_and_a_touch_is_none():
    assert concurrency(side_by_side(9, 1)) == {frozenset("AB")}
    assert concurrency(side_by_side(8, 2)) == set()


def test_without_starts_nothing_overlaps():
    ends = side_by_side(10, 0).to_pandas().drop(columns="start")
    assert concurrency(from_frame(ends)) == set()


def test_a_table_too_wide_for_one_block(monkeypatch):
    """The pairs are counted some cases at a time: blocks of one case must give what one block gives."""
    log = side_by_side(9, 1)
    monkeypatch.setattr(sys.modules["flowaudit.flow.concurrency"], "_BLOCK", 1)
    assert concurrency(log) == {frozenset("AB")}
    assert concurrency(log, 0.95) == set()


def test_more_pairs_in_one_case_than_fit_in_at_first():
    """Sixty activities of a case all overlap: 1 770 pairs, each found once in each of two cases."""
    n = 60
    frame = pd.DataFrame({"case_id": ["1"] * n + ["2"] * n, "activity": [f"a{i}" for i in range(n)] * 2})
    frame["start"] = MONDAY + pd.to_timedelta(np.tile(np.arange(n), 2), unit="s")
    frame["end"] = MONDAY + pd.Timedelta(hours=2)
    assert len(concurrency(from_frame(frame))) == n * (n - 1) // 2


@given(logs(starts=True))
def test_a_sparse_count_of_pairs_is_the_same(log):
    found = concurrency(log)
    again = from_frame(log.to_pandas())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys.modules["flowaudit.flow.concurrency"], "_DENSE", 0)
        assert concurrency(again) == found
