"""Where a case stands in its file: kept while asked for, in every kind of file that has rows."""

from __future__ import annotations

import pandas as pd
import pytest

from flowaudit.eventlog import read_log, source_rows

FRAME = pd.DataFrame(
    {"办件编号": ["a", "b", "a", "c"], "环节名称": "受理", "完成时间": pd.to_datetime(["2024-01-02"] * 4).astype(str)}
)


@pytest.mark.parametrize(("ending", "first"), [("csv", 2), ("xlsx", 2), ("tsv", 2)])
def test_rows_as_people_see_them(tmp_path, ending, first):
    path = tmp_path / f"办件.{ending}"
    if ending == "xlsx":
        FRAME.to_excel(path, index=False)
    else:
        FRAME.to_csv(path, index=False, sep="\t" if ending == "tsv" else ",")
    with source_rows() as rows:
        read_log(path)
    found = rows.find(["c", "b", "nowhere"])
    assert found["file"].tolist()[:2] == [path.name] * 2
    assert found["row"].tolist()[:2] == [first + 3, first + 1]
    assert pd.isna(found["row"].iloc[2])


def test_quoted_line_breaks_are_lines(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(
        '办件编号,环节名称,完成时间,备注\na,受理,2024-01-02,"两\n行"\nb,受理,2024-01-02,\n', encoding="utf-8"
    )
    with source_rows() as rows:
        read_log(path)
    assert rows.find(["b"])["row"].tolist() == [4]


def test_nothing_is_kept_unless_asked_for(tmp_path):
    path = tmp_path / "x.csv"
    FRAME.to_csv(path, index=False)
    with source_rows() as rows:
        pass
    read_log(path)
    assert not rows.tables
