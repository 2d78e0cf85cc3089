"""A log in tiles says the same as the log in one piece; views of a stored log are not copies."""

import functools
import itertools

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_logs import log_of, logs

from flowaudit.eventlog import EventLog, case_extent, from_frame, load_sample, open_log, variant_table, write_log
from flowaudit.flow import concurrency, directly_follows, enabler_edges, end_activities, tied_share, variants
from flowaudit.metrics import arrivals, case_durations, handovers, rework, rework_by_activity
from flowaudit.worktime import Calendar

WEEKDAYS = Calendar.weekdays()


def in_tiles(log, *rows):
    """The log with its events in record batches that end at these rows."""
    edges = [0, *rows, len(log.events)]
    batches = [log.events.slice(a, b - a).to_batches()[0] for a, b in itertools.pairwise(edges) if a < b]
    return EventLog(pa.Table.from_batches(batches), log.tables, log.provenance, log.unit)


def check_same_measures(a, b):
    """Every measure of one log equals that of the other."""
    assert (a.case_ptr.tolist(), a.case_ids, a.activities) == (b.case_ptr.tolist(), b.case_ids, b.activities)
    assert a.case_axis.equals(b.case_axis)
    assert a.span == b.span
    by_case = [case_durations, rework, rework_by_activity, arrivals, *([handovers] if a.has("resource") else [])]
    measures = [
        variants, end_activities, *(functools.partial(measure, unit="case") for measure in by_case),
        lambda log: directly_follows(log, calendar=WEEKDAYS, percentiles=(90,)),
        lambda log: enabler_edges(log, calendar=WEEKDAYS),
    ]  # fmt: skip
    for measure in measures:
        first, second = measure(a), measure(b)
        if isinstance(first, pd.Series):
            pd.testing.assert_series_equal(first, second)
        else:
            pd.testing.assert_frame_equal(first, second)
    assert (concurrency(a), tied_share(a)) == (concurrency(b), tied_share(b))


@given(logs(), st.data())
def test_any_cut_between_cases(log, data):
    cuts = data.draw(st.lists(st.sampled_from(log.case_ptr.tolist()), max_size=3))
    tiled = in_tiles(log, *sorted(cuts))
    assert len(list(tiled.tiles("end"))) == max(1, len({0, *cuts, len(log.events)}) - 1)
    check_same_measures(log, tiled)


@given(logs(), st.data())
def test_a_cut_within_a_case_makes_one_tile(log, data):
    """Batches of any other program may end anywhere: then the log is taken as one piece."""
    cut = data.draw(st.integers(0, len(log.events)))
    check_same_measures(log, in_tiles(log, cut))


def test_the_sample_in_tiles():
    log = load_sample()
    check_same_measures(log, in_tiles(log, *log.case_ptr[[100, 1000, 1001, 5000]].tolist()))


def test_tiles_hold_whole_cases_in_order():
    log = in_tiles(log_of("AB", "C", "ABC"), 2, 3)
    tiles = list(log.tiles("activity", "end"))
    assert [tile.first_case for tile in tiles] == [0, 1, 2]
    assert [tile.ptr.tolist() for tile in tiles] == [[0, 2], [2, 3], [3, 6]]
    assert np.concatenate([tile.columns["activity"] for tile in tiles]).tolist() == log.codes("activity")[0].tolist()


def test_batches_of_different_dictionaries():
    """Two files put together code the same label differently; the log still means the same."""
    one, two = log_of("AB"), log_of("BA")
    other = from_frame(two.to_pandas().assign(case_id="x"))
    both = EventLog(pa.concat_tables([one.events, other.events]))
    assert variants(both)["variant"].tolist() == [("A", "B"), ("B", "A")]
    assert both.case_ids == ["0", "x"]
    assert both.labels("activity") == ["A", "B"]


def test_a_stored_log_is_read_without_copies(tmp_path):
    log = load_sample()
    write_log(log, tmp_path / "log.arrow")
    again = open_log(tmp_path / "log.arrow")
    before = pa.total_allocated_bytes()
    arrays = [again.codes("activity")[0], again.stamps("end"), again.codes("case_id")[0]]
    arrays += [again.case_ptr, *next(iter(again.tiles("activity", "end"))).columns.values()]
    assert pa.total_allocated_bytes() == before
    for array in arrays:
        assert not array.flags.writeable
        assert not array.flags.owndata


def test_missing_values_are_told_apart():
    frame = pd.DataFrame({"case_id": "1", "activity": list("AB"), "resource": ["x", None]})
    frame["end"] = pd.to_datetime(["2024-01-02", "2024-01-03"])
    frame["start"] = pd.to_datetime(["2024-01-01", None])
    log = from_frame(frame)
    tile = next(iter(log.tiles("resource", "start")))
    assert tile.columns["resource"].tolist() == [0, -1]
    assert np.isnat(tile.columns["start"].view("datetime64[us]")).tolist() == [False, True]


def test_extent_of_cases():
    frame = pd.DataFrame({"case_id": ["1", "1", "2"], "activity": "A"})
    frame["end"] = pd.to_datetime(["2024-01-03", "2024-01-05", "2024-01-04"])
    frame["start"] = pd.to_datetime(["2024-01-02", None, None])
    log = from_frame(frame)
    begin, end = case_extent(log)
    assert begin.astype("datetime64[D]").astype(str).tolist() == ["2024-01-02", "2024-01-04"]
    assert end.astype("datetime64[D]").astype(str).tolist() == ["2024-01-05", "2024-01-04"]
    assert np.isnat(case_extent(log, instead=False)[0]).tolist() == [False, True]


def test_the_variant_table_outgrows_its_first_room():
    """More variants and longer cases than there is room for at first."""
    rng = np.random.default_rng(3)
    lengths = rng.integers(1, 40, 9_000)
    lengths[5_000] = 100_000
    case = np.repeat(np.arange(len(lengths)), lengths)
    frame = pd.DataFrame({"case_id": case.astype(str), "activity": rng.choice(list("ABCDEFGH"), len(case))})
    frame["end"] = pd.Timestamp("2024-01-02")
    log = from_frame(frame)
    found = variant_table(log)
    words = frame.groupby("case_id", sort=False)["activity"].agg("".join)
    expected = words.value_counts()
    labels = log.labels("activity")
    mine = ["".join(labels[c] for c in part) for part in np.split(found.activity, found.ptr[1:-1])]
    assert dict(zip(mine, found.cases.tolist(), strict=True)) == expected.to_dict()
    assert [mine[v] for v in found.of_case] == words[log.case_ids].tolist()


def test_events_without_activity_are_named():
    from flowaudit.errors import InputError

    table = log_of("AB").events
    column = pa.DictionaryArray.from_arrays(pa.array([0, None], pa.int32()), pa.array(["A"]))
    log = EventLog(table.set_column(table.column_names.index("activity"), "activity", column))
    with pytest.raises(InputError, match="without an activity"):
        variants(log)
