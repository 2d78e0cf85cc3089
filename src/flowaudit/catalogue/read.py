"""Read a folder of catalogue tables and collect everything that is wrong with it before saying so."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd

from flowaudit.catalogue.catalogue import Catalogue
from flowaudit.catalogue.tables import NECESSITY, TABLES, TableRule
from flowaudit.errors import InputError, nearest
from flowaudit.messages import translate as _

SHOWN = 5
_TRUE, _FALSE = ("true", "1", "yes", "是", "y"), ("false", "0", "no", "否", "n")

Problem = tuple[str, int, str, str]


class CatalogueError(InputError):
    """A catalogue that cannot be used; ``problems`` holds every problem found (file, row, column, problem)."""

    def __init__(self, message: str, *, hint: str | None = None, problems: pd.DataFrame) -> None:
        super().__init__(message, hint=hint)
        self.problems = problems


def read_catalogue(folder: str | Path, *, necessity: Mapping[str, str] | None = None) -> Catalogue:
    """Read the tables of a folder: ``items, item_materials, materials, form_fields, item_relations, orgs`` (.csv).

    Parameters
    ----------
    folder : str or Path
        Any subset of the tables; CSV in UTF-8 (with or without signature) or GB18030, text with a header row.
    necessity : mapping of str to str, optional
        Further words of 材料必要性 in this system, to ``required, deferrable, optional, conditional``.

    Returns
    -------
    Catalogue
        Tables that are absent are None. Doubtful entries that can be lived with stand in ``problems``.

    Raises
    ------
    InputError
        If the folder or a file cannot be read, or holds none of the tables.
    CatalogueError
        If columns are missing, codes are used twice, cells are not what their column holds, or a reference leads
        nowhere: all problems are collected, the first ones told with file, row and column.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(
            _("the catalogue folder '{folder}' does not exist.", folder=folder),
            hint=_("give the folder that holds items.csv."),
        )
    texts = {name: _decoded(folder / f"{name}.csv") for name in TABLES if (folder / f"{name}.csv").is_file()}
    if not texts:
        raise InputError(
            _(
                "'{folder}' holds none of the tables {tables}.",
                folder=folder.name,
                tables=", ".join(f"{n}.csv" for n in TABLES),
            ),
            hint=_("give the folder that holds items.csv."),
        )
    tables = {name: _parsed(f"{name}.csv", text) for name, text in texts.items()}
    words = {key.casefold(): value for key, value in {**NECESSITY, **(necessity or {})}.items()}
    fatal: list[Problem] = []
    doubtful: list[Problem] = []
    for name, table in tables.items():
        rule = TABLES[name]
        missing = [c for c in rule.required if c not in table]
        for column in missing:
            fatal.append((f"{name}.csv", 1, column, _missing_column(column, table)))
        if missing:
            continue
        fatal.extend(_empty_cells(name, table, rule))
        fatal.extend(_duplicates(name, table, rule))
        fatal.extend(_unreadable(name, table, rule))
        for problem, loose in _dangling(name, table, rule, tables):
            (doubtful if loose else fatal).append(problem)
        doubtful.extend(_unknown_words(name, table, rule))
    if "item_materials" in tables and "necessity" in tables["item_materials"]:
        tables["item_materials"], strange = _with_necessity(tables["item_materials"], words)
        doubtful.extend(strange)
    if fatal:
        _refuse(folder, fatal + doubtful, len(fatal))
    return Catalogue(**{name: _typed(table, TABLES[name]) for name, table in tables.items()}, problems=_frame(doubtful))


def _decoded(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(
            _("'{file}' cannot be read: {reason}.", file=path.name, reason=error.strerror or error)
        ) from error
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise InputError(_("'{file}' is neither UTF-8 nor GB18030 text.", file=path.name), hint=_("save it as UTF-8."))


def _parsed(file: str, text: str) -> pd.DataFrame:
    try:
        table = pd.read_csv(
            io.StringIO(text), dtype="string", keep_default_na=False, na_values=[""], skipinitialspace=True
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise InputError(
            _("'{file}' is not a table: {reason}.", file=file, reason=str(error).strip().rstrip(".")),
            hint=_("save it as CSV with a header row."),
        ) from error
    table.columns = [str(c).strip() for c in table.columns]
    out: dict[str, pd.Series] = {}
    for name in table:
        stripped = table[name].str.strip()
        out[str(name)] = stripped.astype("object").where(stripped.fillna("") != "", None)
    return pd.DataFrame(out, table.index)


def _missing_column(column: str, table: pd.DataFrame) -> str:
    near = nearest(column, [str(c) for c in table.columns], n=1)
    text = _("the column is missing")
    return text + " " + _("(did you mean '{near}'?)", near=near[0]) if near else text


def _line(index: object) -> int:
    """Row of the file: the header is row 1."""
    return int(str(index)) + 2


def _empty_cells(name: str, table: pd.DataFrame, rule: TableRule) -> Iterator[Problem]:
    for column in rule.required:
        for index in table.index[table[column].isna()]:
            yield f"{name}.csv", _line(index), column, _("the cell is empty")


def _duplicates(name: str, table: pd.DataFrame, rule: TableRule) -> Iterator[Problem]:
    key = [c for c in rule.key if c in table]
    if not key:
        return
    first = table.drop_duplicates(key).index
    for index in table.index[~table.index.isin(first) & table[key[0]].notna()]:
        value = ", ".join(str(v) for v in table.loc[index, key] if v is not None)
        yield (f"{name}.csv", _line(index), key[0], _("'{value}' occurs more than once", value=value))


def _unreadable(name: str, table: pd.DataFrame, rule: TableRule) -> Iterator[Problem]:
    for column in rule.numbers:
        if column in table:
            bad = table[column].notna() & pd.to_numeric(table[column], errors="coerce").isna()
            for index in table.index[bad]:
                yield (
                    f"{name}.csv",
                    _line(index),
                    column,
                    _("'{value}' is not a number", value=table.loc[index, column]),
                )
    for column in rule.booleans:
        if column in table:
            bad = table[column].notna() & ~table[column].astype("string").str.casefold().isin(_TRUE + _FALSE).fillna(
                False
            )
            for index in table.index[bad]:
                yield (
                    f"{name}.csv",
                    _line(index),
                    column,
                    _("'{value}' is neither true nor false", value=table.loc[index, column]),
                )


def _dangling(
    name: str, table: pd.DataFrame, rule: TableRule, tables: Mapping[str, pd.DataFrame]
) -> Iterator[tuple[Problem, bool]]:
    for column, (other, target) in rule.references.items():
        if column not in table or other not in tables or target not in tables[other]:
            continue
        known = set(tables[other][target].dropna())
        for index in table.index[table[column].notna() & ~table[column].isin(known)]:
            text = _(
                "'{value}' does not occur in {file}, column {column}",
                value=table.loc[index, column],
                file=f"{other}.csv",
                column=target,
            )
            yield (f"{name}.csv", _line(index), column, text), column in rule.loose


def _unknown_words(name: str, table: pd.DataFrame, rule: TableRule) -> Iterator[Problem]:
    for column, words in rule.words.items():
        if column in table:
            for index in table.index[table[column].notna() & ~table[column].isin(words)]:
                text = _("'{value}' is none of {words}", value=table.loc[index, column], words=", ".join(words))
                yield f"{name}.csv", _line(index), column, text


def _with_necessity(table: pd.DataFrame, words: Mapping[str, str]) -> tuple[pd.DataFrame, list[Problem]]:
    raw = table["necessity"]
    known = raw.map(lambda word: None if word is None else words.get(str(word).casefold()))
    strange = [
        (
            "item_materials.csv",
            _line(index),
            "necessity",
            _("'{value}' is not known; the material is taken for mandatory", value=raw[index]),
        )
        for index in table.index[known.isna() & raw.notna()]
    ]
    # A material whose necessity nobody stated is asked for until someone says otherwise.
    return table.assign(necessity=known.where(known.notna(), "required"), necessity_raw=raw), strange


def _typed(table: pd.DataFrame, rule: TableRule) -> pd.DataFrame:
    changes: dict[str, pd.Series] = {c: pd.to_numeric(table[c]) for c in rule.numbers if c in table}
    for column in rule.booleans:
        if column in table:
            words = table[column].astype("string").str.casefold()
            changes[column] = words.isin(_TRUE).astype("boolean").where(words.notna(), pd.NA)
    return table.assign(**changes)


def _frame(problems: list[Problem]) -> pd.DataFrame:
    return pd.DataFrame(problems, columns=["file", "row", "column", "problem"])


def _refuse(folder: Path, problems: list[Problem], fatal: int) -> None:
    shown = "\n".join(
        _("  {file}, row {row}, column {column}: {problem}", file=f, row=r, column=c, problem=p)
        for f, r, c, p in problems[: min(SHOWN, fatal)]
    )
    more = fatal - SHOWN
    raise CatalogueError(
        _("the catalogue '{folder}' has {n} problems:", folder=folder.name, n=fatal)
        + f"\n{shown}"
        + (("\n" + _("  ... and {n} more", n=more)) if more > 0 else ""),
        hint=_("correct the rows named; row 1 is the header."),
        problems=_frame(problems),
    )
