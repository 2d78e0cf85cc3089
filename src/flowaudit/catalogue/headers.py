"""Which table a sheet or file is, and which column a header names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from flowaudit.catalogue.mapping import CatalogueMapping
from flowaudit.catalogue.tables import EITHER, TABLES
from flowaudit.catalogue.text import fold
from flowaudit.errors import InputError
from flowaudit.messages import translate as _

# Sheets are numbered (1.事项清单, 附件2：申请材料) and called tables (申请材料表).
_DECORATION = re.compile(r"^(?:附件|附表|表|sheet)?[0-9一二三四五六七八九十]*(?=.)|(?:明细|一览)?表$")
_SEARCHED = 10


def table_of(name: str, mapping: CatalogueMapping) -> str | None:
    """Return which table a sheet or file of this name is, None where it is none.

    Examples
    --------
    >>> table_of("附件2：申请材料表", CatalogueMapping()), table_of("items", CatalogueMapping())
    ('item_materials', 'items')
    """
    for table, said in mapping.tables.items():
        if fold(said) == fold(name):
            return table
    plain = _plain(name)
    for table, model in TABLES.items():
        if table not in mapping.tables and plain in {_plain(n) for n in (table, model.title, *model.names)}:
            return table
    return None


def _plain(name: str) -> str:
    text = fold(name)
    return _DECORATION.sub("", text) or text


def header_row(rows: Sequence[Sequence[str | None]], table: str, mapping: CatalogueMapping) -> int:
    """Return the place of the row that heads the columns: the first that names two of them, else the first.

    Titles may stand above it.
    """
    known = _forms(table) | {fold(h) for h in mapping.columns.get(table, {}).values()}
    for place, row in enumerate(rows[:_SEARCHED]):
        if sum(cell is not None and fold(cell) in known for cell in row) >= 2:
            return place
    return 0


def _forms(table: str) -> set[str]:
    return {fold(h) for c in TABLES[table].columns() for h in (c.name, *(x for tier in c.tiers for x in tier))}


def recognise(headers: Sequence[str], table: str, mapping: CatalogueMapping) -> dict[str, str]:
    """Return the columns of a table found among headers, each with its header.

    Raises
    ------
    InputError
        If two headers suit one column equally well, one header may mean two columns, or a header that the mapping
        names is not there: which one is meant has to be said.
    """
    said = mapping.columns.get(table, {})
    for header in said.values():
        if header not in headers:
            raise InputError(
                _("the mapping names the header '{header}', which is not there.", header=header),
                hint=_("found {headers}.", headers=", ".join(f"'{h}'" for h in headers)),
            )
    taken = {*said.values(), *mapping.ignore_columns}
    folded: dict[str, list[str]] = {}
    for header in headers:
        if header not in taken:
            folded.setdefault(fold(header), []).append(header)
    found = dict(said)
    either = {fold(h): pair for h, pair in EITHER.get(table, {}).items()}
    for column in TABLES[table].columns():
        if column.name in found:
            continue
        # Written exactly so it is meant, whatever else looks like it.
        if column.name in folded.get(fold(column.name), ()):
            found[column.name] = column.name
            continue
        for tier in ((column.name,), *column.tiers):
            hits = [
                h for form in dict.fromkeys(map(fold, tier)) for h in folded.get(form, ()) if h not in found.values()
            ]
            if len(hits) > 1:
                raise _equal(table, column.name, hits)
            if hits:
                found[column.name] = hits[0]
                break
    for form, (first, second) in either.items():
        for header in folded.get(form, ()):
            free = [c for c in (first, second) if c not in found]
            if len(free) == 2 and header not in found.values():
                raise _either(table, header, first, second)
            if free and header not in found.values():
                found[free[0]] = header
    return found


def _equal(table: str, column: str, hits: Sequence[str]) -> InputError:
    return InputError(
        _("the columns {names} could each be '{canonical}'.", names=", ".join(f"'{h}'" for h in hits), canonical=column),
        hint=_(
            "write one of these lines under [columns.{table}] of catalogue.toml: {lines}",
            table=table, lines="; ".join(f'{column} = "{h}"' for h in hits),
        ),
    )  # fmt: skip


def _either(table: str, header: str, first: str, second: str) -> InputError:
    return InputError(
        _("the column '{header}' could be '{first}' or '{second}'.", header=header, first=first, second=second),
        hint=_(
            "write one of these lines under [columns.{table}] of catalogue.toml: {lines}",
            table=table, lines=f'{first} = "{header}"; {second} = "{header}"',
        ),
    )  # fmt: skip


def labels_of(table: str) -> Mapping[str, str]:
    """Return the Chinese names of a table's columns."""
    return {c.name: c.label for c in TABLES[table].columns()}
