"""Who stands behind a resource: counted on paper."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from small_logs import MONDAY, logs

from flowaudit.eventlog import from_frame
from flowaudit.flow import accounts
from flowaudit.flow.accounts import KINDS


def log_of(*rows, **columns):
    """Rows: resource, activity, start and end in minutes after Monday nine o'clock; every one a case of its own."""
    frame = pd.DataFrame(rows, columns=["resource", "activity", "start", "end"])
    for column in ("start", "end"):
        frame[column] = MONDAY + pd.to_timedelta(frame[column], unit="min")
    return from_frame(frame.assign(case_id=[f"c{i}" for i in range(len(frame))], **columns))


def table_of(log):
    return accounts(log).table(log.labels("resource")).set_index("resource")


def one_by_one(n=40, *, resource="x", length=10, pause=0):
    return [(resource, "a", k * (length + pause), k * (length + pause) + length) for k in range(n)]


def test_who_does_one_thing_after_the_other_is_a_person():
    row = table_of(log_of(*one_by_one())).loc["x"]
    assert row.tolist() == ["person", 1, 0.0, 40]


def test_levels_are_summed_up_on_paper():
    """Forty pieces of 25 minutes, one begun every 10: three at a time for half of the time, all of them overlapping."""
    row = table_of(log_of(*[("window", "a", 10 * k, 10 * k + 25) for k in range(40)])).loc["window"]
    assert row.tolist() == ["pool", 3, 1.0, 40]


def test_a_level_that_is_seldom_reached_is_no_pair_of_hands():
    """200 pairs of an hour, twice at a time; once three for two minutes of 12 000: less than 0.5 % of the busy time."""
    rows = [("w", "a" if k % 2 else "b", 60 * (k // 2), 60 * (k // 2) + 60) for k in range(400)]
    assert table_of(log_of(*rows, ("w", "c", 90, 92))).loc["w", "capacity"] == 2
    # 61 minutes of 12 000 are more than that
    assert table_of(log_of(*rows, ("w", "c", 60, 121))).loc["w", "capacity"] == 3


def test_what_begins_together_is_one_piece_of_work():
    """Ten meetings of four cases each: four rows at a time, yet one person."""
    meeting = [("boss", "decide", 100 * k, 100 * k + 30) for k in range(10) for _case in range(4)]
    assert table_of(log_of(*meeting)).loc["boss"].tolist() == ["person", 1, 0.0, 40]
    # of different activities it is not one piece
    apart = [("boss", f"decide {i}", 100 * k, 100 * k + 30) for k in range(10) for i in range(4)]
    assert table_of(log_of(*apart)).loc["boss"].tolist() == ["pool", 4, 1.0, 40]


def test_a_batch_that_others_overlap_counts_with_all_its_cases():
    """Ten meetings of four cases, beside each of which another work goes on: all fifty rows overlap one."""
    meeting = [("boss", "decide", 100 * k, 100 * k + 30) for k in range(10) for _case in range(4)]
    beside = [("boss", "sign", 100 * k + 10, 100 * k + 20) for k in range(10)]
    row = table_of(log_of(*meeting, *beside)).loc["boss"]
    assert row["overlapped"] == 1.0
    assert row["capacity"] == 2


def test_a_minute_is_no_overlap():
    assert table_of(log_of(*[("x", "a", 10 * k, 10 * k + 11) for k in range(40)])).loc["x", "kind"] == "person"
    assert table_of(log_of(*[("x", "a", 10 * k, 10 * k + 12) for k in range(40)])).loc["x", "kind"] == "pool"


@pytest.mark.parametrize(("overlapping", "kind"), [(3, "person"), (4, "pool")])
def test_from_a_tenth_of_the_instances_on(overlapping, kind):
    """40 instances; with two pairs that overlap it is 4 of 40."""
    rows = [("x", "a", 100 * k, 100 * k + 10) for k in range(38)]
    rows += [("x", "a", 5, 15), ("x", "a", 105, 115) if overlapping == 4 else ("x", "a", 5000, 5010)]
    row = table_of(log_of(*rows)).loc["x"]
    assert row["overlapped"] == (4 if overlapping == 4 else 2) / 40
    assert row["kind"] == kind


def test_few_instances_say_nothing():
    rows = [("x", "a", 10 * k, 10 * k + 25) for k in range(29)]
    assert table_of(log_of(*rows)).loc["x", ["kind", "capacity"]].tolist() == ["person", 1]


def test_machines_have_no_length_or_say_so():
    rows = one_by_one(40, resource="x") + [("robot", "a", k, k) for k in range(40)]
    table = table_of(log_of(*rows))
    assert table.loc["robot", ["kind", "capacity"]].tolist() == ["instant", 0]
    assert table.loc["x", "kind"] == "person"
    # 38 of 40 are 95 %
    assert table_of(log_of(*[("r", "a", k, k + (5 if k < 2 else 0)) for k in range(40)])).loc["r", "kind"] == "instant"
    assert table_of(log_of(*[("r", "a", 9 * k, 9 * k + (5 if k < 3 else 0)) for k in range(40)])).loc["r", "kind"] == "person"  # fmt: skip


@pytest.mark.parametrize("word", [True, "true", "TRUE", "1", "是", "yes"])
def test_automatic_work_is_a_machines_in_whatever_words(word):
    assert table_of(log_of(*one_by_one(), is_auto=[word] * 40)).loc["x", "kind"] == "instant"


def test_without_starts_everybody_is_a_person():
    log = log_of(*[("x", "a", 10 * k, 10 * k + 25) for k in range(40)])
    ends = from_frame(log.to_pandas().drop(columns="start"))
    row = table_of(ends).loc["x"]
    assert row[["kind", "capacity", "instances"]].tolist() == ["person", 1, 40]
    assert np.isnan(row["overlapped"])


def test_without_resources_there_is_nobody():
    log = log_of(*one_by_one())
    found = accounts(from_frame(log.to_pandas().drop(columns="resource")))
    assert len(found.kind) == len(found.capacity) == len(found.instances) == 0


def test_rows_that_cannot_be_used_are_left_out():
    """A start after the end, and none at all, overlap nothing."""
    rows = [("x", "a", 10 * k, 10 * k + 10) for k in range(40)] + [("x", "a", 500, 100)] * 5
    log = log_of(*rows)
    frame = log.to_pandas()
    frame.loc[frame.index[:3], "start"] = pd.NaT
    row = table_of(from_frame(frame)).loc["x"]
    assert row.tolist() == ["person", 1, 0.0, 45]


def slow(log):
    """Share of the instances that overlap another piece of work for more than a minute, by pairs."""
    frame = log.to_pandas(["resource", "activity", "start", "end"]).dropna()
    frame = frame[frame["end"] >= frame["start"]]
    minute = pd.Timedelta(minutes=1)
    shares = {}
    for resource, own in frame.groupby("resource", observed=True):
        rows = [tuple(r) for r in own[["activity", "start", "end"]].itertuples(index=False)]
        pieces = {}
        for a, s, e in rows:
            pieces[a, s] = max(pieces.get((a, s), e), e)
        marked = {
            key
            for key, end in pieces.items()
            if any(other != key and min(end, late) - max(key[1], other[1]) > minute for other, late in pieces.items())
        }
        shares[resource] = sum((a, s) in marked for a, s, _e in rows) / len(rows)
    return shares


@given(logs(starts=True))
def test_at_least_the_neighbours_of_an_overlap_are_marked(log):
    """The slow count by all pairs marks the same accounts, and no instance more than it is marked."""
    frame = log.to_pandas().assign(resource="x")
    log = from_frame(frame)
    found, expected = accounts(log), slow(log)
    if "x" not in expected:
        assert np.isnan(found.overlapped[0])
        return
    assert (found.overlapped[0] > 0) == (expected["x"] > 0)
    assert found.overlapped[0] == pytest.approx(expected["x"])
    assert KINDS[found.kind[0]] in ("person", "instant")
