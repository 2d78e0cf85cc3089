"""Variants: a Counter of tuples is the definition."""

from collections import Counter

import pytest
from hypothesis import given
from small_logs import cases_of, labels_of, log_of, logs

from flowaudit.eventlog import traces
from flowaudit.flow import variant_codes, variants


def naive(log):
    names = labels_of(log)
    return [tuple(names[row] for row in rows) for rows in cases_of(log)]


@given(logs())
def test_equals_a_counter(log):
    found = variants(log)
    assert dict(zip(found["variant"], found["cases"], strict=True)) == Counter(naive(log))
    assert found["cases"].is_monotonic_decreasing
    assert found["share"].sum() == pytest.approx(1.0)


@given(logs())
def test_codes_name_the_variant_of_every_case(log):
    codes, first = variant_codes(log)
    sequences = naive(log)
    assert len(codes) == log.n_cases
    assert [sequences[first[code]] for code in codes] == sequences


def test_a_collision_is_resolved(monkeypatch):
    """With the multiplier 1, the hash of "AB" is that of "BA"."""
    monkeypatch.setattr(traces, "_MULTIPLIER", 1)
    found = variants(log_of("AB", "BA", "AB", "A"))
    assert found[["variant", "cases"]].values.tolist() == [[("A", "B"), 2], [("B", "A"), 1], [("A",), 1]]


def test_length_matters():
    assert len(variants(log_of("A", "AA", "AAA"))) == 3


def test_equally_frequent_ones_come_in_the_order_of_their_first_case():
    assert variants(log_of("B", "A"))["variant"].tolist() == [("B",), ("A",)]
