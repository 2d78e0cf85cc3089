"""Building: one order whatever the way there, the same log from every container, the same store in tiles."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowaudit.errors import InputError, MissingColumnError
from flowaudit.eventlog import build, coded, from_frame, open_log, read_log
from flowaudit.eventlog.build import build_store, from_table, time_order, write_tiles
from flowaudit.eventlog.coded import Coded, Gathered, one_chunk

HOURS = st.one_of(st.none(), st.integers(0, 4))
ROWS = st.lists(st.tuples(st.integers(0, 4), HOURS, HOURS), min_size=1, max_size=80)


def stamps(hours):
    return np.array(
        ["NaT" if h is None else np.datetime64("2024-01-01") + np.timedelta64(h, "h") for h in hours], "datetime64[us]"
    )


@given(ROWS, st.booleans())
def test_compiled_and_plain_order_are_the_order_of_a_stable_sort(rows, with_start):
    case = np.array(pd.factorize(np.array([r[0] for r in rows]))[0], np.int32)
    start, end = stamps([r[1] for r in rows]), stamps([r[2] for r in rows])
    far = np.datetime64("2200-01-01")
    last = np.where(np.isnat(end), far, end)
    begun = np.where(np.isnat(start), last, start) if with_start else last
    wanted = sorted(range(len(rows)), key=lambda i: (case[i], begun[i], last[i], i))
    usual = build.COMPILED
    try:
        for limit in (1, 10**9):
            build.COMPILED = limit
            order, ptr = time_order(case, start if with_start else None, end)
            got = list(range(len(rows))) if order is None else order.tolist()
            assert got == wanted
            assert np.diff(ptr).tolist() == np.bincount(case).tolist()
            assert (order is None) == (wanted == list(range(len(rows))))
    finally:
        build.COMPILED = usual


def test_long_cases_are_sorted_by_merging():
    rng = np.random.default_rng(7)
    case = rng.integers(0, 3, 5000)
    case = np.array(pd.factorize(case)[0], np.int32)
    end = np.datetime64("2024-01-01", "us") + rng.integers(0, 500, 5000) * np.timedelta64(1, "m")
    order, _ptr = build._compiled_order(case, end.view(np.int64), end.view(np.int64))
    assert order.tolist() == np.lexsort((end, case)).tolist()


PIECES = st.lists(
    st.lists(st.one_of(st.none(), st.sampled_from(["a", "b", "受理", "d"])), max_size=6), min_size=1, max_size=6
)


@given(PIECES, st.booleans(), st.booleans())
def test_pieces_with_dictionaries_of_their_own_become_one_column(pieces, narrow, many):
    arrays = [pa.array(piece, pa.string()).dictionary_encode() for piece in pieces]
    gathered = Gathered(sum(map(len, pieces)), narrow=narrow)
    few, coded._FEW = coded._FEW, 1 if many else coded._FEW
    try:
        for array in arrays:
            gathered.add(array)
        found = gathered.array()
    finally:
        coded._FEW = few
    assert found.to_pylist() == [cell for piece in pieces for cell in piece]
    assert len(set(found.dictionary.to_pylist())) == len(found.dictionary)


def test_narrow_codes_grow_with_their_labels():
    gathered = Gathered(40_000, narrow=True)
    kinds = []
    for begin in range(0, 40_000, 100):
        gathered.add(pa.array([str(i) for i in range(begin, begin + 100)]).dictionary_encode())
        kinds.append(gathered._codes.dtype.itemsize)
    assert (kinds[0], kinds[5], kinds[-1]) == (1, 2, 4)
    assert gathered.array().to_pylist() == [str(i) for i in range(40_000)]


@given(st.lists(st.one_of(st.none(), st.sampled_from([" a", "a", "b ", "", " ", "c"])), min_size=1, max_size=30))
def test_text_by_its_distinct_values_is_the_text(cells):
    text = coded.coded(pa.array(cells, pa.string()))
    trimmed = [None if c is None or not c.strip() else c.strip() for c in cells]
    assert text.trimmed().array().to_pylist() == trimmed
    assert text.trimmed().distinct() == [c for c in dict.fromkeys(trimmed) if c is not None]
    ordered = text.trimmed().by_first_row()
    assert ordered.labels.to_pylist() == ordered.distinct()
    assert text.isin(["a", "c"]).tolist() == [c in ("a", "c") for c in cells]
    upper = text.mapped(lambda t: t.strip().upper() or None)
    assert upper.array().to_pylist() == [None if t is None else t.upper() for t in trimmed]
    keep = np.arange(len(cells)) % 2 == 0
    assert text.where(keep, upper).array().to_pylist() == [
        c if k else (None if t is None else t.upper()) for c, k, t in zip(cells, keep, trimmed, strict=True)
    ]


def test_nan_and_dictionaries_of_numbers_are_made_plain():
    assert one_chunk(pa.chunked_array([[1.0, float("nan")]])).to_pylist() == [1.0, None]
    numbers = pa.chunked_array([pa.array([5, 6]).dictionary_encode(), pa.array([6]).dictionary_encode()])
    assert one_chunk(numbers).to_pylist() == [5, 6, 6]
    assert coded.coded(pa.array([1.0, None, 2.0])).array().to_pylist() == ["1", None, "2"]


def test_a_table_needs_its_columns():
    with pytest.raises(MissingColumnError, match="'activity'"):
        from_table(pa.table({"case_id": ["1"]}))


FRAME = pd.DataFrame({
    "case_id": [f"c{i % 7}" for i in range(60)], "activity": [f"a{i % 5}" for i in range(60)],
    "org:resource": [f"u{i % 3}" for i in range(60)], "note_x": [f"t{i}" for i in range(60)],
    "time:timestamp": pd.Timestamp("2024-01-05") + pd.to_timedelta([(i * 37) % 50 for i in range(60)], unit="h"),
})  # fmt: skip


def check_same(one, other):
    assert one.events.cast(other.events.schema).equals(other.events)
    assert one.case_ids == other.case_ids
    assert one.activities == other.activities


def test_the_same_log_from_every_container(tmp_path):
    text = FRAME.assign(**{"time:timestamp": FRAME["time:timestamp"].dt.strftime("%Y-%m-%d %H:%M:%S")})
    text.to_csv(tmp_path / "a.csv", index=False)
    table = pa.Table.from_pandas(FRAME, preserve_index=False)
    pyarrow.parquet.write_table(table, tmp_path / "a.parquet", row_group_size=7)
    pyarrow.feather.write_feather(table, str(tmp_path / "a.feather"), compression="lz4")
    coded_table = pa.table(
        {
            c: table[c].dictionary_encode()
            if pa.types.is_string(table[c].type) or pa.types.is_large_string(table[c].type)
            else table[c]
            for c in table.column_names
        }
    )
    with pa.OSFile(str(tmp_path / "a.arrow"), "wb") as sink, pa.ipc.new_file(sink, coded_table.schema) as writer:
        writer.write_table(coded_table, max_chunksize=11)
    wanted = read_log(tmp_path / "a.csv")
    from flowaudit.eventlog import read_parquet

    for name in ("a.parquet", "a.arrow", "a.feather"):
        check_same(read_parquet(tmp_path / name), wanted)


def test_a_dictionary_in_which_text_stands_twice(tmp_path):
    twice = pa.DictionaryArray.from_arrays(pa.array([0, 1, 2]), pa.array(["1", "1", "2"]))
    table = pa.table({"case_id": twice, "activity": ["a", "b", "c"], "end": pd.date_range("2024-01-01", periods=3)})
    with pa.OSFile(str(tmp_path / "a.arrow"), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    assert read_log(tmp_path / "a.arrow").case_ids == ["1", "2"]


def test_a_store_built_in_tiles_is_the_log(tmp_path):
    pyarrow.parquet.write_table(
        pa.Table.from_pandas(FRAME, preserve_index=False), tmp_path / "a.parquet", row_group_size=13
    )
    build_store(tmp_path / "a.parquet", tmp_path / "a.arrow")
    wanted = read_log(tmp_path / "a.parquet")
    stored = open_log(tmp_path / "a.arrow")
    assert stored.events.equals(wanted.events)
    assert stored.provenance.sha256 == wanted.provenance.sha256
    write_tiles(wanted, tmp_path / "b.arrow", tile_events=10)
    tiled = open_log(tmp_path / "b.arrow")
    assert tiled.events["case_id"].num_chunks == 6
    check_same(tiled, wanted)
    assert tiled.case_ptr.tolist() == wanted.case_ptr.tolist()


def test_parquet_of_odd_types_and_twin_columns(tmp_path):
    import decimal

    table = pa.table({
        "case_id": pa.array([decimal.Decimal(7), decimal.Decimal(8)], pa.decimal128(20, 0)),
        "activity": pa.array([b"a", b"b"], pa.binary()),
        "end": pa.array([1, 2], pa.date32()),
        "tags": pa.array([["x"], None]),
        "none": pa.nulls(2),
    })  # fmt: skip
    pyarrow.parquet.write_table(table, tmp_path / "a.parquet")
    log = read_log(tmp_path / "a.parquet")
    assert log.case_ids == ["7", "8"]
    assert log.activities == ["a", "b"]
    assert log.events["tags"].to_pylist() == ["['x']", None]
    twins = pa.Table.from_arrays([pa.array(["1"]), pa.array(["1"])], names=["a", "a"])
    pyarrow.parquet.write_table(twins, tmp_path / "b.parquet")
    with pytest.raises(InputError, match="two columns named 'a'"):
        read_log(tmp_path / "b.parquet")


def test_frames_with_numbers_for_names():
    frame = pd.DataFrame(
        {"case_id": [1, 1, 2], "activity": pd.Categorical(["a", "b", "a"]), "end": pd.Timestamp("2024-01-01")}
    )
    log = from_frame(frame.assign(extra=[1.5, None, 2.0]))
    assert log.case_ids == ["1", "2"]
    assert log.events["extra"].to_pylist() == [1.5, None, 2.0]
    assert Coded(np.array([0, -1], np.int32), pa.array(["x"])).cells([0, 1]) == ["x", None]
