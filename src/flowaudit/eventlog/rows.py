"""On which row of which file a case stands: kept only while somebody asks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa

from flowaudit.eventlog.coded import coded

Lines = Callable[[list[int]], list[int]]


@dataclass(frozen=True)
class _Table:
    file: str
    case_ids: pa.Array | pa.ChunkedArray
    lines: Lines


@dataclass(frozen=True)
class SourceRows:
    """The tables that were read, each with its file; see :func:`source_rows`."""

    tables: dict[str, _Table] = field(default_factory=dict)

    def find(self, case_ids: Sequence[str], tables: Sequence[str] = ("cases", "events")) -> pd.DataFrame:
        """Return where cases stand first.

        Parameters
        ----------
        case_ids : sequence of str
        tables : sequence of str
            Tables to look into; the first that has a case counts.

        Returns
        -------
        pd.DataFrame
            Indexed by case id: ``file`` and ``row`` (1 is the first of the file); missing for a case that is not there.
        """
        index = pd.Index(list(dict.fromkeys(case_ids)), name="case_id", dtype="object")
        found = pd.DataFrame(
            {"file": pd.Series(None, index, dtype="object"), "row": pd.Series(pd.NA, index, dtype="Int64")}
        )
        for name in tables:
            table, open_ = self.tables.get(name), found.index[found["row"].isna()]
            if table is None or open_.empty:
                continue
            text = coded(table.case_ids)
            place = pd.Index(text.labels.to_pylist()).get_indexer(open_)
            first = np.full(len(text.labels), -1, np.int64)
            rows = np.arange(len(text.codes))[::-1]
            named = text.codes[rows] >= 0
            first[text.codes[rows][named]] = rows[named]
            at = np.where(place >= 0, first[place], -1)
            here = open_[at >= 0]
            found.loc[here, "file"] = table.file
            found.loc[here, "row"] = table.lines([int(r) for r in at[at >= 0]])
        return found


_witness: ContextVar[SourceRows | None] = ContextVar("source_rows", default=None)


@contextmanager
def source_rows() -> Iterator[SourceRows]:
    """Remember, while logs are read, on which row of which file each case stands. Nothing keeps it unless asked to.

    Examples
    --------
    >>> from flowaudit.eventlog import read_frame
    >>> with source_rows() as rows:
    ...     log = read_frame(pd.DataFrame({"办件编号": ["1", "2"], "环节名称": "受理", "完成时间": "2024-01-02 09:00"}))
    >>> rows.find(["2"]).reset_index().values.tolist()
    [['2', 'pandas frame', 1]]
    """
    rows = SourceRows()
    token = _witness.set(rows)
    try:
        yield rows
    finally:
        _witness.reset(token)


def note_rows(table: str, file: str, case_ids: pa.Array | pa.ChunkedArray | pd.Series, lines: Lines) -> None:
    """Tell whoever asked where the rows of a table come from; costs nothing where nobody did."""
    asked = _witness.get()
    if asked is not None:
        ids = pa.array(case_ids, from_pandas=True) if isinstance(case_ids, pd.Series) else case_ids
        asked.tables[table] = _Table(file, ids, lines)
