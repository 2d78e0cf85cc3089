"""Enablement: the vectorised search against a loop that states the definition."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from small_logs import MONDAY, cases_of, labels_of, log_of, logs

from flowaudit.eventlog import from_frame
from flowaudit.flow import concurrency, enablement


def by_definition(log):
    """Among the earlier rows of the case: ended by my start, not concurrent with me, last to end, nearest of equals."""
    frame, names, pairs = log.to_pandas(), labels_of(log), concurrency(log)
    end = frame["end"].tolist()
    begun = (frame["start"].fillna(frame["end"]) if "start" in frame else frame["end"]).tolist()
    enabler, enabled = [], []
    for rows in cases_of(log):
        first = min(min(begun[r], end[r]) for r in rows)
        for place, me in enumerate(rows):
            fitting = [r for r in rows[:place] if end[r] <= begun[me] and frozenset((names[r], names[me])) not in pairs]
            best = max(fitting, key=lambda r: (end[r], r), default=-1)
            enabler.append(best)
            enabled.append(first if best < 0 else end[best])
    return enabler, enabled


@settings(max_examples=300, deadline=None)
@given(logs())
def test_equals_the_definition(log):
    found = enablement(log)
    enabler, enabled = by_definition(log)
    assert found.enabler.tolist() == enabler
    assert found.enabled.tolist() == np.array(enabled, "datetime64[us]").tolist()


@given(logs())
def test_an_enabler_belongs_to_the_case_and_comes_first(log):
    found = enablement(log)
    rows = np.flatnonzero(found.enabler >= 0)
    assert (log.case_index[found.enabler[rows]] == log.case_index[rows]).all()
    assert (found.enabler[rows] < rows).all()
    assert (found.enabled <= log.stamps("end")).all()


def test_what_overlaps_enables_nothing():
    """B (9-12) is under way when C (10-11) starts; A ended at 9 and enables both, C's end enables D at 12 no more."""
    at = lambda *hours: [pd.Timestamp("2024-03-04") + pd.Timedelta(hours=h) for h in hours]  # noqa: E731
    frame = pd.DataFrame(
        {"case_id": "1", "activity": list("ABCD"), "start": at(8, 9, 10, 12), "end": at(9, 12, 11, 13)}
    )
    assert enablement(from_frame(frame)).enabler.tolist() == [-1, 0, 0, 1]


def test_ties_follow_the_order_of_the_file():
    """Date-only stamps: each instance enables the next one in the file, none waits for nothing."""
    frame = pd.DataFrame({"case_id": "1", "activity": list("CABD"), "end": MONDAY.normalize()})
    assert enablement(from_frame(frame)).enabler.tolist() == [-1, 0, 1, 2]


def test_the_nearest_of_equal_ends_enables():
    at = [MONDAY, MONDAY, MONDAY + pd.Timedelta(hours=1)]
    frame = pd.DataFrame({"case_id": "1", "activity": list("ABC"), "end": at})
    assert enablement(from_frame(frame)).enabler.tolist() == [-1, 0, 1]


def test_concurrent_neighbours_are_passed_over():
    log = log_of(*["ABCD", "ACBD"] * 10)
    assert enablement(log).enabler[:4].tolist() == [-1, 0, 0, 2]


@pytest.mark.parametrize("traces", [("A",), ("A", "B", "C")])
def test_single_events_are_enabled_by_their_case(traces):
    found = enablement(log_of(*traces))
    assert (found.enabler == -1).all()
    assert (found.enabled == np.datetime64(MONDAY + pd.Timedelta(hours=1))).all()


def test_a_long_case_of_ties():
    log = log_of("AB" * 2000, step="0h")
    assert enablement(log).enabler.tolist() == list(range(-1, 3999))
