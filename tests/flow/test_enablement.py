"""Enablement: the vectorised search against a loop that states the definition."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
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


# -- within the items of a bundle -----------------------------------------------------------------------------------------


def within_by_definition(log):
    """The enabler bears the same item or none, where there is such a one and the item has begun; else it is any."""
    frame, names, pairs = log.to_pandas(), labels_of(log), concurrency(log)
    end = frame["end"].tolist()
    begun = (frame["start"].fillna(frame["end"]) if "start" in frame else frame["end"]).tolist()
    item = frame["item_code"].astype(object).where(frame["item_code"].notna(), None).tolist()
    enabler = []
    for rows in cases_of(log):
        for place, me in enumerate(rows):
            fitting = [r for r in rows[:place] if end[r] <= begun[me] and frozenset((names[r], names[me])) not in pairs]
            if item[me] is not None and any(item[r] == item[me] for r in rows[:place]):
                fitting = [r for r in fitting if item[r] in (item[me], None)] or fitting
            enabler.append(max(fitting, key=lambda r: (end[r], r), default=-1))
    return enabler


@settings(max_examples=300)
@given(logs(), st.data())
def test_within_equals_the_definition(log, data):
    frame = log.to_pandas()
    n = len(frame)
    frame["item_code"] = data.draw(st.lists(st.sampled_from(["X", "Y", "Z", None]), min_size=n, max_size=n))
    if frame["item_code"].isna().all():
        return
    parted = from_frame(frame)
    assert enablement(parted, within="item_code").enabler.tolist() == within_by_definition(parted)


@given(logs())
def test_of_one_item_within_changes_nothing(log):
    expected = enablement(log)
    parted = from_frame(log.to_pandas().assign(item_code="X"))
    for found in (enablement(parted, within="item_code"), enablement(log, within="item_code")):
        assert found.enabler.tolist() == expected.enabler.tolist()
        assert found.enabled.tolist() == expected.enabled.tolist()


def bundle_of(*steps):
    """Steps: activity, item, hour of the end, hour of the start (default: the same)."""
    rows = [(a, item, end, *(begin or (end,))) for a, item, end, *begin in steps]
    frame = pd.DataFrame(rows, columns=["activity", "item_code", "end", "start"]).assign(case_id="1")
    for column in ("start", "end"):
        frame[column] = MONDAY + pd.to_timedelta(frame[column], unit="h")
    log = from_frame(frame)
    return labels_of(log), enablement(log, within="item_code"), enablement(log)


def enabled_by(names, found):
    return {name: None if e < 0 else names[e] for name, e in zip(names, found.enabler.tolist(), strict=True)}


def test_items_of_a_bundle_run_side_by_side():
    """One intake, then X and Y are checked and decided in turn: each waits for its own, delivery for the last of all."""
    names, within, plain = bundle_of(
        ("intake", None, 1), ("check X", "X", 2), ("check Y", "Y", 3), ("decide X", "X", 4), ("decide Y", "Y", 5),
        ("deliver", None, 6),
    )  # fmt: skip
    assert enabled_by(names, within) == {
        "intake": None, "check X": "intake", "check Y": "check X", "decide X": "check X", "decide Y": "check Y",
        "deliver": "decide Y",
    }  # fmt: skip
    assert enabled_by(names, plain)["decide X"] == "check Y"
    assert within.enabled[names.index("decide X")] == np.datetime64(MONDAY + pd.Timedelta(hours=2))


def test_the_first_step_of_an_item_may_wait_for_another_item():
    """Y begins with what X resulted in: nothing of its own lies before."""
    names, within, _plain = bundle_of(("accept X", "X", 1), ("decide X", "X", 2), ("accept Y", "Y", 3))
    assert enabled_by(names, within) == {"accept X": None, "decide X": "accept X", "accept Y": "decide X"}


def test_a_shared_event_enables_every_item():
    """A joint inspection bears no item: both decisions wait for it, not for what each item did before."""
    names, within, _plain = bundle_of(
        ("accept X", "X", 1), ("accept Y", "Y", 2), ("inspect", None, 3), ("decide X", "X", 4), ("decide Y", "Y", 5)
    )
    found = enabled_by(names, within)
    assert found["inspect"] == "accept Y"
    assert found["decide X"] == found["decide Y"] == "inspect"


def test_what_of_its_own_is_still_going_on_leaves_the_others():
    """X's own check is under way when X is decided: then what ended last elsewhere enabled it."""
    names, within, _plain = bundle_of(
        ("accept Y", "Y", 1), ("check X", "X", 9, 2), ("check Y", "Y", 3), ("decide X", "X", 5, 4)
    )
    assert enabled_by(names, within)["decide X"] == "check Y"


def test_without_such_a_column_within_is_ignored():
    log = log_of("ABC")
    assert enablement(log, within="item_code").enabler.tolist() == [-1, 0, 1]
