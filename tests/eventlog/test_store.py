"""Stored logs come back as they were."""

import itertools
import json
import shutil

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from flowaudit.errors import InputError
from flowaudit.eventlog import (
    EventLog,
    StoreWriter,
    as_unit,
    from_frame,
    load_sample,
    open_log,
    read_log,
    select_cases,
    write_log,
)
from flowaudit.flow import variants
from flowaudit.metrics import handovers


def small():
    frame = pd.DataFrame({
        "case_id": ["1", "1"], "activity": ["受理", "决定"], "end": pd.to_datetime(["2024-01-02", "2024-01-03"]),
        "is_auto": [True, False], "level": pd.array([None, 3], dtype="Int64"),
    })  # fmt: skip
    return from_frame(
        frame, tables={"cases": pd.DataFrame({"case_id": ["1"], "ok": pd.array([None], dtype="boolean")})}
    )


@pytest.mark.parametrize("view", [small, load_sample, lambda: as_unit(load_sample())])
def test_round_trip(tmp_path, view):
    log = view()
    write_log(log, tmp_path / "log.arrow")
    again = open_log(tmp_path / "log.arrow")
    assert again.events.equals(log.events)
    assert (again.provenance, again.unit) == (log.provenance, log.unit)
    assert set(again.tables) == set(log.tables)
    for name, table in log.tables.items():
        pd.testing.assert_frame_equal(
            again.tables[name].reset_index(drop=True), table.reset_index(drop=True), check_dtype=True
        )


def test_files_are_where_a_person_expects_them(tmp_path):
    write_log(small(), tmp_path / "log.arrow")
    assert sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*")) == [
        "log.arrow", "log.arrow.json", "log.tables", "log.tables/case_ptr.arrow", "log.tables/cases.arrow",
    ]  # fmt: skip


def test_tables_of_an_earlier_log_do_not_stay(tmp_path):
    write_log(small(), tmp_path / "log.arrow")
    bare = from_frame(small().to_pandas())
    write_log(bare, tmp_path / "log.arrow")
    assert open_log(tmp_path / "log.arrow").tables == {}
    assert not (tmp_path / "log.tables" / "cases.arrow").exists()


def test_read_log_opens_a_stored_log_as_it_is(tmp_path):
    log = load_sample()
    write_log(log, tmp_path / "log.arrow")
    assert read_log(tmp_path / "log.arrow").events.equals(log.events)


def test_a_log_without_its_sidecar_is_refused(tmp_path):
    write_log(small(), tmp_path / "log.arrow")
    (tmp_path / "log.arrow.json").unlink()
    with pytest.raises(InputError, match="does not exist"):
        open_log(tmp_path / "log.arrow")


def test_a_sidecar_of_another_log_is_refused(tmp_path):
    write_log(small(), tmp_path / "log.arrow")
    text = (tmp_path / "log.arrow.json").read_text(encoding="utf-8")
    (tmp_path / "log.arrow.json").write_text(text.replace('"rows": 2', '"rows": 3'), encoding="utf-8")
    with pytest.raises(InputError, match="the sidecar was changed or damaged"):
        open_log(tmp_path / "log.arrow")


def test_a_place_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="cannot be written"):
        write_log(small(), tmp_path / "none" / "log.arrow")


def test_nothing_is_left_behind(tmp_path):
    write_log(small(), tmp_path / "log.arrow")
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")]


def several(n=40):
    rng = np.random.default_rng(5)
    case = np.sort(rng.integers(0, n, 5 * n))
    frame = pd.DataFrame({"case_id": case.astype(str), "activity": rng.choice(list("ABC"), len(case))})
    frame["end"] = pd.Timestamp("2024-01-02") + pd.to_timedelta(np.arange(len(frame)), unit="h")
    return from_frame(frame)


@pytest.mark.parametrize("tile_events", [1, 7, 50, 10_000])
def test_in_tiles_of_whole_cases(tmp_path, tile_events):
    log = several()
    write_log(log, tmp_path / "log.arrow", tile_events=tile_events)
    again = open_log(tmp_path / "log.arrow")
    assert again.events.equals(log.events)
    assert again.case_ptr.tolist() == log.case_ptr.tolist()
    tiles = list(again.tiles("activity"))
    longest = int(np.diff(log.case_ptr).max())
    assert all(tile.ptr[-1] - tile.ptr[0] < tile_events + longest for tile in tiles)
    assert len(tiles) == len(again.events["case_id"].chunks)
    assert len(tiles) > 1 or tile_events >= len(log.events)


def test_written_tile_by_tile(tmp_path):
    """What a writer of large logs does: batches of one set of dictionaries, the starts of the cases found on the way."""
    log = several()
    with StoreWriter(tmp_path / "log.arrow", log.events.schema) as store:
        for a, b in itertools.pairwise(log.case_ptr[[0, 3, 10, -1]].tolist()):
            store.write(log.events.slice(a, b - a).to_batches()[0])
        store.close(tables=log.tables, provenance=log.provenance, unit=log.unit)
    again = open_log(tmp_path / "log.arrow")
    assert again.events.equals(log.events)
    assert again.case_ptr.tolist() == log.case_ptr.tolist()
    assert len(list(again.tiles("end"))) == 3


def test_a_writer_that_breaks_off_leaves_nothing(tmp_path):
    log = several()

    def broken_off():
        with StoreWriter(tmp_path / "log.arrow", log.events.schema) as store:
            store.write(log.events.to_batches()[0])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        broken_off()
    assert not list(tmp_path.iterdir())


def test_an_empty_log(tmp_path):
    log = select_cases(several(), np.zeros(several().n_cases, np.bool_), "none")
    write_log(log, tmp_path / "log.arrow")
    again = open_log(tmp_path / "log.arrow")
    assert (again.n_cases, len(again.events), again.case_ids) == (0, 0, [])


def test_reopening_does_not_look_for_the_cases(tmp_path, monkeypatch):
    write_log(several(), tmp_path / "log.arrow")
    monkeypatch.setattr(EventLog, "case_ptr", None)
    again = open_log(tmp_path / "log.arrow")
    assert again.__dict__["case_ptr"][-1] == len(again.events)


def test_starts_of_cases_of_another_log_are_refused(tmp_path):
    """Both logs have as many rows and cases; only their cases differ in length."""
    one = pd.DataFrame({"case_id": list("112"), "activity": "A", "end": pd.Timestamp("2024-01-02")})
    two = one.assign(case_id=list("122"))
    for name, frame in (("one", one), ("two", two)):
        write_log(from_frame(frame), tmp_path / f"{name}.arrow")
    shutil.copy(tmp_path / "two.tables" / "case_ptr.arrow", tmp_path / "one.tables" / "case_ptr.arrow")
    with pytest.raises(InputError, match="do not belong together"):
        open_log(tmp_path / "one.arrow")


def test_events_of_another_log_are_refused(tmp_path):
    one = pd.DataFrame({"case_id": list("112"), "activity": "A", "end": pd.Timestamp("2024-01-02")})
    for name, frame in (("one", one), ("two", one.assign(case_id=list("122")))):
        write_log(from_frame(frame), tmp_path / f"{name}.arrow")
    shutil.copy(tmp_path / "two.arrow", tmp_path / "one.arrow")
    with pytest.raises(InputError, match="do not belong together"):
        open_log(tmp_path / "one.arrow")


@pytest.mark.parametrize("wrong", [[0, 2, 2, 3], [1, 2, 3], [0, 2, 4], [0, 3, 2, 3], []])
def test_starts_that_cannot_be_are_refused(tmp_path, wrong):
    """Kernels trust them: a start beyond the events would read past their end."""
    frame = pd.DataFrame({"case_id": list("112"), "activity": "A", "end": pd.Timestamp("2024-01-02")})
    write_log(from_frame(frame), tmp_path / "log.arrow")
    place, sidecar = tmp_path / "log.tables" / "case_ptr.arrow", tmp_path / "log.arrow.json"
    content = json.loads(sidecar.read_text(encoding="utf-8"))
    content["cases"] = len(wrong) - 1
    sidecar.write_text(json.dumps(content), encoding="utf-8")
    table = pa.table({"case_ptr": pa.array(wrong, pa.int64())}).replace_schema_metadata({"sha256": content["case_ptr"]})
    with pa.OSFile(str(place), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    with pytest.raises(InputError, match="not a stored log"):
        open_log(tmp_path / "log.arrow")


def test_without_the_starts_of_its_cases_a_log_is_refused(tmp_path):
    write_log(several(), tmp_path / "log.arrow")
    (tmp_path / "log.tables" / "case_ptr.arrow").unlink()
    with pytest.raises(InputError, match="not a stored log"):
        open_log(tmp_path / "log.arrow")


def test_a_log_of_another_version_is_read_again(tmp_path):
    write_log(small(), tmp_path / "log.arrow")
    beside = tmp_path / "log.arrow.json"
    content = json.loads(beside.read_text(encoding="utf-8"))
    beside.write_text(json.dumps({**content, "format": content["format"] - 1}), encoding="utf-8")
    with pytest.raises(InputError, match="another version of flowaudit stored it"):
        open_log(tmp_path / "log.arrow")


def test_a_code_beyond_its_dictionary_is_an_error_not_a_crash(tmp_path):
    """A damaged file: the events point to a label that is not there."""
    log = several()
    codes = np.zeros(len(log.events), np.int32)
    codes[7] = 99
    column = pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(["A"]), safe=False)
    for name in ("activity", "resource"):
        table = log.events.append_column(name, column) if name == "resource" else log.events
        place = table.column_names.index(name)
        broken = EventLog(table.set_column(place, name, column))
        with pytest.raises(InputError):
            (variants if name == "activity" else handovers)(broken)
