"""Frames in memory go through the same door as files."""

import decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from flowaudit.errors import InputError, UsageError
from flowaudit.eventlog import ColumnMapping, read_csv, read_frame

FRAME = pd.DataFrame({
    "办件编号": ["1", "1", "2"], "环节名称": pd.Categorical(["受理", "决定", "受理"]), "办理人": ["张三", "李四", "张三"],
    "完成时间": pd.to_datetime(["2024-01-05 09:00", "2024-01-06 10:00", "2024-01-07 11:00"]), "金额": [1.5, 2.5, np.nan],
    "申请人": ["王五", "王五", "赵六"],
})  # fmt: skip


def rows(log):
    return log.to_pandas().astype("object").to_numpy().tolist(), log.tables["cases"].astype(
        "object"
    ).to_numpy().tolist()


@pytest.mark.parametrize(
    "make",
    [
        lambda f: f,
        lambda f: pl.from_pandas(f),
        lambda f: pl.from_pandas(f).with_columns(pl.col("环节名称").cast(pl.Categorical)),
        lambda f: pa.Table.from_pandas(f, preserve_index=False),
        lambda f: f.convert_dtypes(),
        lambda f: f.set_axis(["a", "b", "c"]),
    ],
    ids=["pandas", "polars", "polars categories", "arrow", "pandas nullable", "labelled rows"],
)
def test_every_frame_is_the_log_of_its_file(tmp_path, make):
    before = FRAME.copy()
    log = read_frame(make(FRAME))
    FRAME.to_csv(tmp_path / "a.csv", index=False)
    peer = read_csv(tmp_path / "a.csv")
    assert log.to_pandas()["end"].tolist() == FRAME["完成时间"].tolist()
    for column in ("case_id", "activity", "resource", "end"):
        assert log.to_pandas()[column].astype("object").tolist() == peer.to_pandas()[column].astype("object").tolist()
    assert log.tables["cases"]["applicant_id"].tolist() == peer.tables["cases"]["applicant_id"].tolist()
    assert not {"张三", "王五"} & {str(v) for part in rows(log) for row in part for v in row}
    pd.testing.assert_frame_equal(FRAME, before)


def test_rows_are_named_by_the_index_where_it_counts():
    bad = FRAME.assign(完成时间=["2024-01-05", "soon", "2024-01-07"])
    for frame, line in (
        (bad, 1),
        (bad.set_axis([10, 20, 30]), 20),
        (bad.set_axis(["x", "y", "z"]), 1),
        (pl.from_pandas(bad), 1),
    ):
        with pytest.raises(InputError, match=f"line {line}: 'xxxx'"):
            read_frame(frame)


def test_cells_of_several_types_become_text():
    odd = FRAME.assign(x=[1, "b", None], y=[decimal.Decimal("1.10"), None, decimal.Decimal(2)], z=[[1], [2], None])
    frame = read_frame(odd).to_pandas()
    assert frame["x"].tolist()[:2] == ["1", "b"]
    assert frame["y"].tolist()[0] == "1.10"
    assert frame["z"].tolist()[0] == "[1]"


def test_columns_and_mapping():
    frame = FRAME.rename(columns={"完成时间": "t"})
    with pytest.raises(InputError, match="no time column"):
        read_frame(frame)
    assert read_frame(frame, end="t").n_events == 3
    assert read_frame(frame, mapping=ColumnMapping(columns={"end": "t"})).n_cases == 2


def test_what_is_no_frame():
    with pytest.raises(UsageError, match="collect"):
        read_frame(pl.from_pandas(FRAME).lazy())
    for wrong in ("a.csv", [1, 2], None):
        with pytest.raises(UsageError, match="needs a frame"):
            read_frame(wrong)
    with pytest.raises(InputError, match="two columns named '办理人'"):
        read_frame(pd.concat([FRAME, FRAME[["办理人"]]], axis=1))
    with pytest.raises(InputError, match="no rows"):
        read_frame(FRAME.head(0))


def stamped(end, **more):
    return pd.DataFrame({"case": ["1", "1"], "activity": ["a", "b"], "end": end, **more})


NOON = pd.to_datetime(["2024-01-05 12:00", "2024-07-06 12:00"])


@pytest.mark.parametrize(
    ("zone", "offsets"),
    [("Asia/Shanghai", ("+08:00",)), ("Europe/Amsterdam", ("+01:00", "+02:00")), ("UTC", ("+00:00",))],
)
@pytest.mark.parametrize(
    "make", [lambda f: f, pl.from_pandas, lambda f: f.astype({"end": "object"})], ids=["pandas", "polars", "objects"]
)
def test_columns_with_a_zone_keep_their_wall_clock(zone, offsets, make):
    frame = make(stamped(NOON.tz_localize(zone)))
    log = read_frame(frame)
    assert log.to_pandas()["end"].tolist() == list(NOON)
    assert (log.provenance.offsets, log.provenance.timezone) == (offsets, "")
    moved = read_frame(frame, mapping=ColumnMapping(timezone="Asia/Shanghai"))
    assert moved.to_pandas()["end"].tolist() == list(
        NOON.tz_localize(zone).tz_convert("Asia/Shanghai").tz_localize(None)
    )


def test_moments_of_several_zones_in_one_column():
    """Arrow alone would bring them to the zone of the first, and the wall clock would be another."""
    end = [pd.Timestamp("2024-01-05", tz="UTC"), pd.Timestamp("2024-01-06 09:00", tz="Asia/Shanghai")]
    log = read_frame(stamped(end))
    assert log.to_pandas()["end"].tolist() == [pd.Timestamp("2024-01-05"), pd.Timestamp("2024-01-06 09:00")]
    assert log.provenance.offsets == ("+00:00", "+08:00")
    mixed = read_frame(stamped([pd.Timestamp("2024-01-05"), "2024年1月6日 9时"]))
    assert mixed.to_pandas()["end"].tolist() == [pd.Timestamp("2024-01-05"), pd.Timestamp("2024-01-06 09:00")]


def test_what_is_no_time_in_a_frame():
    for end, words in (
        ([1704445200, 1704445201], "2 cells are not times"),
        (pd.period_range("2024-01", periods=2, freq="M"), "'2024-01'"),
        (np.array(["1500-01-01", "2024-01-06"], "M8[s]"), "years from 1900"),
    ):
        with pytest.raises(InputError) as told:
            read_frame(stamped(end))
        assert words in str(told.value)


def test_identifiers_kept_as_floating_point():
    """Two cases whose last digits are gone would be one; whole floats are the numbers they were."""
    assert read_frame(stamped(NOON).assign(case=[7.0, 12.0])).case_ids == ["7", "12"]
    long = stamped(NOON).assign(case=[440106202401050001.0, 440106202401050002.0])
    for frame in (long, pl.from_pandas(long)):
        with pytest.raises(InputError, match="2 numbers have more digits than a floating point number keeps"):
            read_frame(frame)
    whole = stamped(NOON).assign(case=[440106202401050001, 440106202401050002])
    assert read_frame(whole).case_ids == ["440106202401050001", "440106202401050002"]


def test_names_that_are_one_as_text():
    frame = stamped(NOON)
    frame[1], frame["1"] = 0, 0
    with pytest.raises(InputError, match="two columns named '1'"):
        read_frame(frame)
