"""Parquet and bare Arrow files of other programs."""

import pandas as pd
import pyarrow as pa
import pytest

from flowaudit.errors import InputError
from flowaudit.eventlog import ColumnMapping, read_log, read_parquet

FRAME = pd.DataFrame({
    "case:concept:name": ["1", "1"], "concept:name": pd.Categorical(["a", "b"]), "org:resource": ["u", "v"],
    "time:timestamp": pd.to_datetime(["2024-01-05 09:00", "2024-07-05 09:00"]), "case:fee": [1.5, 1.5],
})  # fmt: skip


def test_typed_columns(tmp_path):
    FRAME.to_parquet(tmp_path / "a.parquet")
    log = read_parquet(tmp_path / "a.parquet")
    assert log.to_pandas()["end"].tolist() == FRAME["time:timestamp"].tolist()
    assert log.tables["cases"]["fee"].tolist() == [1.5]
    assert "u" not in log.to_pandas()["resource"].tolist()


def test_aware_stamps_keep_their_wall_clock_unless_a_zone_is_given(tmp_path):
    aware = FRAME.assign(**{"time:timestamp": FRAME["time:timestamp"].dt.tz_localize("Europe/Amsterdam")})
    aware.to_parquet(tmp_path / "a.parquet")
    log = read_log(tmp_path / "a.parquet")
    assert log.to_pandas()["end"].tolist() == FRAME["time:timestamp"].tolist()
    assert log.provenance.offsets == ("+01:00", "+02:00")
    there = read_log(tmp_path / "a.parquet", ColumnMapping(timezone="Asia/Shanghai"))
    assert there.to_pandas()["end"].dt.hour.tolist() == [16, 15]


def test_bare_arrow_is_read_anew(tmp_path):
    table = pa.Table.from_pandas(FRAME, preserve_index=False)
    with pa.OSFile(str(tmp_path / "a.arrow"), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    assert "u" not in read_log(tmp_path / "a.arrow").to_pandas()["resource"].tolist()


def test_numbers_are_no_times(tmp_path):
    FRAME.assign(**{"time:timestamp": [1704445200, 1704445201]}).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(InputError, match=r"2 cells are not times \(line 1: '1704445200'"):
        read_parquet(tmp_path / "a.parquet")
