"""Read the tables of a catalogue and collect everything that is wrong with them before saying so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from flowaudit.catalogue.catalogue import PROBLEM_COLUMNS, Catalogue, Origin
from flowaudit.catalogue.cells import Severity, Sheet, read_cells
from flowaudit.catalogue.codes import Said
from flowaudit.catalogue.headers import header_row, labels_of, recognise, table_of
from flowaudit.catalogue.mapping import CatalogueMapping, mapping_beside, read_mapping
from flowaudit.catalogue.names import aliases_of, normalise_name
from flowaudit.catalogue.sources import RawTable, raw_tables
from flowaudit.catalogue.tables import TABLES
from flowaudit.errors import InputError, nearest
from flowaudit.messages import translate as _

SHOWN = 5
_IDENTIFIERS = frozenset(
    {
        "item_code", "variant_code", "material_code", "canonical_id", "src_item", "dst_item", "produced_by_item",
        "result_doc_code",
    }
)  # fmt: skip

Problem = tuple[str, int, str, Severity, str]


class CatalogueError(InputError):
    """A catalogue that cannot be used; ``problems`` holds every problem found (file, row, column, severity, problem)."""

    def __init__(self, message: str, *, hint: str | None = None, problems: pd.DataFrame) -> None:
        super().__init__(message, hint=hint)
        self.problems = problems


def read_catalogue(
    place: str | Path,
    *,
    mapping: str | Path | CatalogueMapping | None = None,
    necessity: Mapping[str, str] | None = None,
) -> Catalogue:
    """Read a folder of CSV files, or a workbook with a sheet per table.

    Parameters
    ----------
    place : str or Path
        A folder with any of the tables as CSV in UTF-8 (with or without signature) or GB18030, or one workbook
        (``.xlsx``, ``.xls``, ``.xlsb``, ``.ods``). Files, sheets and headers in English or Chinese; titles may stand
        above the headers. Columns that no table knows are kept.
    mapping : str, Path or CatalogueMapping, optional
        Answers to what is ambiguous; default: ``catalogue.toml`` in the folder, or the workbook's name with ``.toml``.
    necessity : mapping of str to str, optional
        Further words of 材料必要性 in this system, to ``required, deferrable, optional, conditional``.

    Returns
    -------
    Catalogue
        Tables that are absent are None. Doubtful entries that can be lived with stand in ``problems``.

    Raises
    ------
    InputError
        If the place or a file cannot be read, or holds none of the tables.
    CatalogueError
        If columns are missing or ambiguous, codes are used twice or can be read in two ways, cells are not what their
        column holds, or a reference leads nowhere: all problems are collected in ``problems`` of the error, the first
        ones told with file, row and column.
    """
    place = Path(place)
    found = raw_tables(place)
    answers = _answers(place, mapping)
    problems: list[Problem] = []
    sheets: dict[str, Sheet] = {}
    for raw in found:
        name = table_of(raw.name, answers)
        if raw.hidden:
            problems.append((raw.file, 1, "", "note", _("is a hidden sheet and was not read")))
            continue
        if name is None:
            if raw.rows:
                problems.append(
                    (raw.file, raw.rows[0][0], "", "note", _("is no table of a catalogue and was not read"))
                )
            continue
        if not raw.rows:
            raise InputError(_("'{file}' is empty.", file=raw.file), hint=_("save it as CSV with a header row."))
        if name in sheets:
            text = _("is the table '{table}', and so is {other}", table=name, other=sheets[name].file)
            problems.append((raw.file, raw.rows[0][0], "", "fatal", text))
            continue
        sheet = _sheet(raw, name, answers, problems)
        if sheet is not None:
            sheets[name] = sheet
    if not sheets and not any(p[3] == "fatal" for p in problems):
        raise _none(place)
    codes: dict[str, Said] = dict(answers.codes)
    if necessity and not isinstance(codes.get("necessity"), str):
        said = codes.get("necessity")
        codes["necessity"] = {**(said if isinstance(said, Mapping) else {}), **necessity}
    for sheet in sheets.values():
        _empty_cells(sheet)
        if sheet.name == "item_materials":
            _identify(sheet, sheets.get("materials"))
        _duplicates(sheet)
        read_cells(sheet, codes)
        _dangling(sheet, sheets)
    for sheet in sheets.values():
        problems += sheet.problems
    return _result(place, sheets, problems)


def _answers(place: Path, mapping: str | Path | CatalogueMapping | None) -> CatalogueMapping:
    if isinstance(mapping, CatalogueMapping):
        return mapping
    path = mapping_beside(place) if mapping is None else Path(mapping)
    return CatalogueMapping() if path is None else read_mapping(path)


def _none(place: Path) -> InputError:
    if place.is_dir():
        return InputError(
            _("'{folder}' holds none of the tables {tables}.", folder=place.name, tables=", ".join(f"{n}.csv" for n in TABLES)),
            hint=_("give the folder that holds items.csv, or a workbook with a sheet per table."),
        )  # fmt: skip
    return InputError(
        _("'{file}' has none of the sheets {tables}.", file=place.name, tables=", ".join(m.title for m in TABLES.values())),
        hint=_("name the sheets so, or say under [tables] of catalogue.toml which is which."),
    )  # fmt: skip


def _sheet(raw: RawTable, name: str, answers: CatalogueMapping, problems: list[Problem]) -> Sheet | None:
    """Give the columns of a raw table their names; None where that has to be asked."""
    at = header_row([row for _number, row in raw.rows], name, answers)
    line, cells = raw.rows[at]
    width = max(len(row) for _number, row in raw.rows[at:])
    heads = [cell or "" for cell in cells] + [""] * (width - len(cells))
    body = raw.rows[at + 1 :]
    clean = True
    for column in range(width):
        if heads[column]:
            if heads[column] in heads[:column]:
                problems.append((raw.file, line, heads[column], "fatal", _("the header occurs twice")))
                clean = False
            continue
        for number, row in body:
            if column < len(row) and row[column] is not None:
                text = _("'{value}' stands below no header", value=row[column])
                problems.append((raw.file, number, "", "fatal", text))
                clean = False
    named = [h for h in heads if h]
    try:
        found = recognise(named, name, answers)
    except InputError as error:
        text = error.message + (f" {error.hint}" if error.hint else "")
        problems.append((raw.file, line, "", "fatal", text))
        return None
    if not clean:
        return None
    given = {header: column for column, header in found.items()}
    table = pd.DataFrame(
        {
            given.get(head, head): pd.Series(
                [row[i] if i < len(row) else None for _number, row in body], dtype="object"
            )
            for i, head in enumerate(heads)
            if head
        }
    )
    sheet = Sheet(name, raw.file, TABLES[name], table, [number for number, _row in body], found)
    missing = [c for c in sheet.model.columns() if c.required and c.name not in table]
    for lost in missing:
        text = _missing(lost.name, labels_of(name)[lost.name], [h for h in named if h not in given])
        problems.append((raw.file, line, lost.name, "fatal", text))
    _numeric_codes(sheet, raw, [given.get(head, head) for head in heads])
    return sheet


def _missing(column: str, label: str, others: Sequence[str]) -> str:
    near = nearest(column, others, n=1) or nearest(label, others, n=1)
    text = _("the column is missing; it may also be called {label}", label=label)
    return text + " " + _("(did you mean '{near}'?)", near=near[0]) if near else text


def _numeric_codes(sheet: Sheet, raw: RawTable, names: Sequence[str]) -> None:
    """Tell identifiers that a workbook keeps as numbers: leading zeros are gone, long ones are rounded."""
    place_of = {number: place for place, number in enumerate(sheet.rows)}
    for index, column in enumerate(names):
        if column not in _IDENTIFIERS:
            continue
        places = sorted(place_of[r] for r, c in raw.numeric if c == index and r in place_of)
        for place in sorted(place_of[r] for r, c in raw.rounded if c == index and r in place_of):
            sheet.tell(
                place, column, "fatal", _("the number has more digits than a spreadsheet keeps; store codes as text")
            )
        if places:
            text = _("{n} codes are stored as numbers, which have no leading zeros; store codes as text", n=len(places))
            sheet.tell(places[0], column, "doubtful", text)


def _empty_cells(sheet: Sheet) -> None:
    for column in sheet.model.columns():
        if column.required and column.name in sheet.table:
            for place, cell in enumerate(sheet.table[column.name]):
                if cell is None:
                    sheet.tell(place, column.name, "fatal", _("the cell is empty"))


def _identify(sheet: Sheet, materials: Sheet | None) -> None:
    """Fill the identifiers of materials that the file does not give, from names that are the same after normalising."""
    given = list(sheet.table["canonical_id"]) if "canonical_id" in sheet.table else [None] * len(sheet.table)
    if "name" not in sheet.table or all(cell is not None for cell in given):
        return
    known = _known_names(materials) if materials is not None else {}
    count = 0
    for place, (cell, name) in enumerate(zip(given, sheet.table["name"], strict=True)):
        if cell is not None or name is None:
            continue
        plain = normalise_name(name)
        ids = known.get(plain, set())
        if len(ids) > 1:
            text = _(
                "'{value}' is a name of {ids}; which one is meant has to be said",
                value=name,
                ids=", ".join(sorted(ids)),
            )
            sheet.tell(place, "name", "fatal", text)
            continue
        if materials is not None and not ids:
            text = _(
                "'{value}' is no name of a material in {file}; taken for a kind of its own",
                value=name,
                file=materials.file,
            )
            sheet.tell(place, "name", "doubtful", text)
        given[place] = next(iter(ids)) if ids else plain
        count += 1
    if count:
        sheet.put("canonical_id", given)
        first = next(iter(range(len(given))), 0)
        text = _("{n} identifiers of materials were taken from their names", n=count)
        sheet.tell(first, "canonical_id", "note", text)


def _known_names(materials: Sheet) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for row in materials.table.to_dict("records"):
        names = [row.get("name"), *(aliases_of(row["aliases"]) if row.get("aliases") else [])]
        for name in names:
            if name is not None and row.get("canonical_id") is not None:
                found.setdefault(normalise_name(str(name)), set()).add(str(row["canonical_id"]))
    return found


def _duplicates(sheet: Sheet) -> None:
    # An identifier taken from the name does not make two papers of one item the same row.
    key = [c for c in sheet.model.key if c in sheet.table and (c in sheet.headers or c != "canonical_id")]
    if sheet.name == "item_materials" and "canonical_id" not in sheet.headers:
        key.append("name")
    if not key:
        return
    repeated = sheet.table.duplicated(key) & sheet.table[key[0]].notna()
    for place in [i for i, twice in enumerate(repeated) if twice]:
        value = ", ".join(str(v) for v in sheet.table.loc[place, key] if v is not None)
        sheet.tell(place, key[0], "fatal", _("'{value}' occurs more than once", value=value))


def _dangling(sheet: Sheet, sheets: Mapping[str, Sheet]) -> None:
    for column, (other, target) in sheet.model.references.items():
        if column not in sheet.table or other not in sheets or target not in sheets[other].table:
            continue
        # Identifiers taken from names were checked where they were taken.
        if column == "canonical_id" and column not in sheet.headers:
            continue
        known = set(sheets[other].table[target].dropna())
        severity: Severity = "doubtful" if column in sheet.model.loose else "fatal"
        for place, value in enumerate(sheet.table[column]):
            if value is not None and value not in known:
                text = _("'{value}' does not occur in {file}, column {column}", value=value, file=sheets[other].file, column=sheets[other].headers.get(target, target))  # fmt: skip
                sheet.tell(place, column, severity, text)


def _result(place: Path, sheets: Mapping[str, Sheet], problems: list[Problem]) -> Catalogue:
    rank = {"fatal": 0, "doubtful": 1, "note": 2}
    ordered = sorted(problems, key=lambda p: rank[p[3]])
    table = pd.DataFrame(ordered, columns=PROBLEM_COLUMNS)
    fatal = [p for p in ordered if p[3] == "fatal"]
    if fatal:
        _refuse(place, fatal, table)
    return Catalogue(
        **{name: sheet.table for name, sheet in sheets.items()},
        problems=table,
        origins={name: Origin(sheet.file, tuple(sheet.rows)) for name, sheet in sheets.items()},
    )


def _refuse(place: Path, fatal: Sequence[Problem], problems: pd.DataFrame) -> None:
    shown = "\n".join(
        _("  {file}, row {row}, column {column}: {problem}", file=f, row=r, column=c or "-", problem=p)
        for f, r, c, _severity, p in fatal[:SHOWN]
    )
    more = len(fatal) - SHOWN
    raise CatalogueError(
        _("the catalogue '{folder}' has {n} problems:", folder=place.name, n=len(fatal))
        + f"\n{shown}"
        + (("\n" + _("  ... and {n} more", n=more)) if more > 0 else ""),
        hint=_("correct the rows named; row 1 is the header."),
        problems=problems,
    )
