"""Stored logs come back as they were."""

import pandas as pd
import pytest

from flowaudit.errors import InputError
from flowaudit.eventlog import as_unit, from_frame, load_sample, open_log, read_log, write_log


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
        "log.arrow", "log.arrow.json", "log.tables", "log.tables/cases.arrow",
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
    with pytest.raises(InputError, match="do not belong together"):
        open_log(tmp_path / "log.arrow")


def test_a_place_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="cannot be written"):
        write_log(small(), tmp_path / "none" / "log.arrow")


def test_nothing_is_left_behind(tmp_path):
    write_log(small(), tmp_path / "log.arrow")
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")]
