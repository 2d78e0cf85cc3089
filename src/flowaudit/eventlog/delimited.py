"""A delimited text file as a table of text, strictly: encoding, delimiter and the width of every row are verified."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv

from flowaudit.errors import InputError
from flowaudit.eventlog.source import existing, read_text
from flowaudit.messages import translate as _

DELIMITERS = (",", "\t", ";", "|")
_NULLS = ["", "NULL", "null", "\\N"]
_SNIFFED = 50


@dataclass(frozen=True)
class Delimited:
    """A parsed file.

    Attributes
    ----------
    frame : pd.DataFrame
        Text only; headers stripped; rows without any value left out.
    file : str
        Name of the file.
    encoding, delimiter : str
    blank : int
        Rows left out because all their cells are empty.
    """

    frame: pd.DataFrame
    file: str
    encoding: str
    delimiter: str
    blank: int
    text: str
    record: npt.NDArray[np.int64]

    def lines(self, rows: list[int]) -> list[int]:
        """Return the line of the file on which each row of the frame begins (1 is the header's)."""
        wanted = {int(self.record[r]) for r in rows}
        found: dict[int, int] = {}
        for number, (line, _cells) in enumerate(_records(self.text, self.delimiter)):
            if number - 1 in wanted:
                found[number - 1] = line
                if len(found) == len(wanted):
                    break
        return [found[int(self.record[r])] for r in rows]


def read_delimited(path: str | Path, *, one_column: bool = False) -> Delimited:
    """Read a file of comma-, tab- or semicolon-separated values, plain or ``.gz``.

    A file of a single column is a table only where ``one_column`` allows it; else it is taken for something else.

    Raises
    ------
    InputError
        If it is empty, is not text, is not a table, has two columns of one name, or has a row of another width than
        its header (told with its line).
    """
    path = existing(path)
    text, encoding = read_text(path)
    file = path.name
    delimiter = _sniff(text, file, one_column)
    _line, header = next(_records(text, delimiter))
    names = [name.strip() for name in header]
    doubled = sorted({n for n in names if n and names.count(n) > 1})
    if doubled:
        raise InputError(
            _("'{file}' has two columns named '{column}'.", file=file, column=doubled[0]),
            hint=_("rename one of them."),
        )
    wrong: list[object] = []

    def note_wrong(row: object) -> str:
        wrong.append(row)
        return "skip"

    try:
        table = pacsv.read_csv(
            io.BytesIO(text.lstrip("\r\n").encode()),
            read_options=pacsv.ReadOptions(block_size=1 << 24),
            parse_options=pacsv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, invalid_row_handler=note_wrong
            ),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(header, pa.string()), null_values=_NULLS, strings_can_be_null=True
            ),
        )
    except pa.ArrowInvalid as error:
        _refuse_widths(text, delimiter, len(names), file)
        raise InputError(
            _("'{file}' is not a table: {reason}.", file=file, reason=str(error).rstrip(".")),
            hint=_("save it as CSV UTF-8 with a header row."),
        ) from error
    if wrong:
        _refuse_widths(text, delimiter, len(names), file)
    frame = table.rename_columns([n or f"\0{i}" for i, n in enumerate(names)]).to_pandas()
    for column in [c for c in frame.columns if c.startswith("\0")]:
        # A delimiter at the end of every line makes a nameless, empty column.
        if frame[column].notna().any():
            raise InputError(
                _("'{file}': column {n} holds values but has no name.", file=file, n=int(column[1:]) + 1),
                hint=_("give it a name in the header row."),
            )
        frame = frame.drop(columns=column)
    if frame.empty:
        raise InputError(_("'{file}' has a header but no rows.", file=file), hint=_("export it again."))
    filled = frame.notna().any(axis=1).to_numpy()
    return Delimited(
        frame[filled].reset_index(drop=True),
        file,
        encoding,
        delimiter,
        int((~filled).sum()),
        text,
        np.flatnonzero(filled),
    )


def _records(text: str, delimiter: str, *, strict: bool = False) -> Iterator[tuple[int, list[str]]]:
    """Yield the line on which a record begins, and its cells; empty lines are no records."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=strict)
    before = 0
    for cells in reader:
        if cells:
            yield before + 1, cells
        before = reader.line_num


def _sniff(text: str, file: str, one_column: bool) -> str:
    """Return the delimiter that cuts the first records into the most cells of equal number."""
    sample = text[:200_000]
    best, best_score = "", (0.0, 0)
    for delimiter in DELIMITERS:
        try:
            widths = [
                len(cells) for _line, (_n, cells) in zip(range(_SNIFFED), _records(sample, delimiter), strict=False)
            ]
        except csv.Error:
            continue
        if widths and widths[0] > 1:
            score = (sum(w == widths[0] for w in widths) / len(widths), widths[0])
            if score > best_score:
                best, best_score = delimiter, score
    if not best and one_column:
        return DELIMITERS[0]
    if not best:
        first = next((line for line in sample.splitlines() if line.strip()), "")
        raise InputError(
            _("'{file}' is not a log: its first line '{line}' is not a row of columns.", file=file, line=first[:60]),
            hint=_("give a CSV with a header row and columns for case, activity and time."),
        )
    return best


def _refuse_widths(text: str, delimiter: str, width: int, file: str) -> None:
    """Raise for the first record of another width; walk the file again, as only csv knows the lines."""
    line = 0
    try:
        for line, cells in _records(text, delimiter, strict=True):
            if len(cells) != width:
                raise InputError(
                    _(
                        "'{file}', line {line}: {found} cells where the header has {expected}.",
                        file=file, line=line, found=len(cells), expected=width,
                    ),
                    hint=_("text with a comma or line break in it must stand in double quotes."),
                )  # fmt: skip
    except csv.Error as error:
        raise InputError(
            _("'{file}', after line {line}: {reason}.", file=file, line=line, reason=error),
            hint=_("look for a double quote that is not closed."),
        ) from error
