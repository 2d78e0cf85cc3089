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
        with pytest.raises(InputError, match=f"line {line}: 'soon'"):
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
