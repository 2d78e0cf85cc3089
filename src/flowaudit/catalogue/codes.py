"""From a system's codes to words: shipped code lists, applied where they are asked for or beyond doubt."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from flowaudit.catalogue.text import fold

Said = str | Mapping[str, str] | None

# What may be a code; longer or Chinese text is a word.
_CODE = re.compile(r"[0-9]{1,3}|[A-Za-z]{1,20}")
# Their words are understood, but others are as good: a log calls its special procedures as it likes.
_OPEN = frozenset({"kind", "unit"})
_ROMAN = {"i": "1", "ii": "2", "iii": "3", "iv": "4"}
_ROMAN_LEVEL = re.compile(r"(?<![A-Z])(IV|I{1,3})(?![A-Z])")
SEVERAL = frozenset({"apply_channels", "service_object", "depth_raw", "items.level"})
"""Columns of which one cell may hold several values."""


@dataclass(frozen=True)
class CodeList:
    """One list of codes.

    Attributes
    ----------
    name : str
        Such as ``national.necessity``.
    columns : tuple of str
        Columns it is for, as :func:`key_of` names them.
    title, source : str
    codes : mapping of str to str
        Code to meaning, as the source words it.
    fully_online_when : str
        Of lists of 网上办理深度: which codes together mean 全程网办.
    """

    name: str
    columns: tuple[str, ...]
    title: str
    source: str
    codes: Mapping[str, str]
    fully_online_when: str = ""


@cache
def code_lists() -> tuple[CodeList, ...]:
    """Return the shipped code lists (``codelists/``).

    Examples
    --------
    >>> {c.name: c.codes["1"] for c in code_lists() if "necessity" in c.columns}
    {'national.necessity': '必要', 'system_a.necessity': '非必要', 'system_b.necessity': '必要'}
    """
    codes: dict[str, dict[str, str]] = {}
    for row in _rows("codes.csv"):
        codes.setdefault(row["list"], {})[row["code"]] = row["meaning"]
    return tuple(
        CodeList(
            row["list"],
            tuple(row["columns"].split()),
            row["title"],
            row["source"],
            codes[row["list"]],
            row["fully_online_when"],
        )
        for row in _rows("lists.csv")
    )


@cache
def _words() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for row in _rows("words.csv"):
        column = found.setdefault(row["column"], {})
        for word in (row["meaning"], *row["words"].split()):
            column[fold(word)] = row["meaning"]
    return found


def _rows(name: str) -> list[dict[str, str]]:
    with (files(__package__) / "codelists" / name).open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def key_of(table: str, column: str) -> str:
    """Return by which name lists and answers know a column: of the same name in two tables, ``table.column``.

    Examples
    --------
    >>> key_of("items", "level"), key_of("item_steps", "level"), key_of("items", "item_type")
    ('items.level', 'level', 'item_type')
    """
    full = f"{table}.{column}"
    known = full in _words() or any(full in found.columns for found in code_lists())
    return full if known else column


def is_closed(column: str) -> bool:
    """Say whether a column holds only the words that ``words.csv`` knows."""
    return column in _words() and column not in _OPEN


def words_of(column: str) -> tuple[str, ...]:
    """Return what the cells of a closed column can mean."""
    return tuple(dict.fromkeys(_words()[column].values()))


def meaning_of(column: str, word: object) -> str | None:
    """Return what a word means in a closed column, None where it is not known.

    Examples
    --------
    >>> meaning_of("source", "政府部门核发"), meaning_of("kind", "听证"), meaning_of("source", "其他")
    ('issuer', 'hearing', None)
    """
    return _words()[column].get(fold(word))


def as_code(value: object) -> str:
    """Return a value as the lists write codes: half width, a Roman numeral as a number.

    Examples
    --------
    >>> as_code("３"), as_code("Ⅳ"), as_code("01")
    ('3', '4', '01')
    """
    text = unicodedata.normalize("NFKC", str(value)).strip()
    return _ROMAN.get(text.casefold(), text)


@dataclass(frozen=True)
class Reading:
    """What the values of one column mean.

    Attributes
    ----------
    meanings : mapping of str to str
        Value to word; values that are no codes stand for themselves.
    unknown : tuple of str
        Values that nothing explains.
    applied : str
        Name of the list the codes were read by; empty without codes.
    rivals : tuple of CodeList
        Lists that give one of the codes different meanings: it has to be said which one is meant.
    disputed : str
        A code on which they differ.
    """

    meanings: Mapping[str, str]
    unknown: tuple[str, ...] = ()
    applied: str = ""
    rivals: tuple[CodeList, ...] = ()
    disputed: str = ""


def read_codes(column: str, values: Iterable[str], said: Said = None) -> Reading:
    """Say what the values of a column mean.

    Parameters
    ----------
    column : str
    values : iterable of str
        Distinct values.
    said : str or mapping, optional
        Name of a list, or what every code means; ``""``: leave the codes as they are.

    Examples
    --------
    >>> [c.name for c in read_codes("necessity", ["1", "2"]).rivals]
    ['national.necessity', 'system_a.necessity']
    >>> read_codes("necessity", ["1", "容缺"], "national.necessity").meanings
    {'1': 'required', '容缺': 'deferrable'}
    """
    values = list(values)
    own = {fold(key): word for key, word in said.items()} if isinstance(said, Mapping) else {}
    chosen = next((c for c in code_lists() if c.name == said), None) if isinstance(said, str) and said else None
    known = {fold(word): word for found in code_lists() if column in found.columns for word in found.codes.values()}
    meanings: dict[str, str] = {}
    codes: list[str] = []
    for value in values:
        if fold(value) in own:
            meanings[value] = _settled(column, own[fold(value)])
        elif chosen is not None and as_code(value) in chosen.codes:
            meanings[value] = _settled(column, chosen.codes[as_code(value)])
        elif is_closed(column) and meaning_of(column, value) is not None:
            meanings[value] = _settled(column, value)
        elif not _is_code(value):
            meanings[value] = _settled(column, known.get(fold(value), value))
        else:
            codes.append(value)
    applied = chosen.name if chosen is not None and any(as_code(v) in chosen.codes for v in values) else ""
    if codes and said is None:
        fitting = [c for c in code_lists() if column in c.columns and {as_code(v) for v in codes} <= set(c.codes)]
        disputed = next((v for v in codes if len({_settled(column, c.codes[as_code(v)]) for c in fitting}) > 1), "")
        if disputed:
            # Lists that agree with an earlier one on every code are no choice of their own.
            rivals = {tuple(_settled(column, c.codes[as_code(v)]) for v in codes): c for c in reversed(fitting)}
            return Reading(meanings, rivals=tuple(c for c in fitting if c in rivals.values()), disputed=disputed)
        if fitting:
            applied = fitting[0].name
            meanings |= {v: _settled(column, fitting[0].codes[as_code(v)]) for v in codes}
            codes = []
    closed = is_closed(column)
    unknown = [v for v in meanings if closed and meaning_of(column, meanings[v]) is None]
    unknown += [v for v in codes if said != ""]
    return Reading(meanings | {v: v for v in codes}, tuple(unknown), applied)


def _is_code(value: str) -> bool:
    return _CODE.fullmatch(as_code(value)) is not None


def _settled(column: str, word: str) -> str:
    """Return a word as the column holds it: the canonical one of a closed column, else the word itself."""
    return (meaning_of(column, word) or word) if is_closed(column) else word


def fully_online(cell: str, scheme: str | None) -> bool | None:
    """Say whether a cell of 网上办理深度 means 全程网办 (level Ⅳ), None where that cannot be told.

    Parameters
    ----------
    cell : str
        Codes or words, several of them separated as in ``3^4^5^6``.
    scheme : str, optional
        Name of the list of codes, with or without ``depth.``.

    Examples
    --------
    >>> fully_online("全程网办（Ⅳ级）", None), fully_online("3^4^5^6", "national"), fully_online("1", None)
    (True, True, None)
    """
    from flowaudit.catalogue.text import values_of

    found = depth_list(scheme)
    by_meaning = {fold(word): code for code, word in found.codes.items()} if found is not None else {}
    tokens = [as_code(v) for v in values_of(cell)]
    codes = {by_meaning.get(fold(t), t) for t in tokens}
    if found is not None and codes <= set(found.codes):
        wanted = found.fully_online_when.split()
        return all(any(code in codes for code in choice.split("|")) for choice in wanted)
    text = unicodedata.normalize("NFKC", cell).upper()
    if "全程网办" in text and "非全程" not in text:
        return True
    level = _ROMAN_LEVEL.search(text)
    if level is not None:
        return level.group(1) == "IV"
    return False if any(word in text for word in ("在线预审", "事项公开")) else None


def depth_list(scheme: str | None) -> CodeList | None:
    """Return the list of codes that a scheme of 网上办理深度 names."""
    names = (scheme, f"depth.{scheme}")
    return next((c for c in code_lists() if scheme and c.name in names), None)
