"""What the service guides say of a material, as far as it speaks for or against a measure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import pandas as pd

from flowaudit.catalogue import Catalogue

FORM_WORDS = ("申请表", "表格", "form")
"""Parts of the words by which guides tell forms (申请表格文书) from certificates."""
FORM_CODE = "2"
"""The national list's code of forms."""


@dataclass(frozen=True)
class MaterialFacts:
    """What a catalogue says of a material.

    Attributes
    ----------
    known : bool
        Whether any of its tables names the material.
    retrievable : bool or None
        Whether it can be fetched; None: not said.
    elicence : bool
        There is an e-licence of it, or a source of data.
    outside : bool
        Somebody outside the city issues it, or the applicant makes it.
    necessities : frozenset of str
        Among ``required, deferrable, optional, conditional``, over the items that ask for it.
    produced_by : tuple of str
        Items whose result it is.
    form : bool
        It is a form to be filled in.
    """

    known: bool
    retrievable: bool | None
    elicence: bool
    outside: bool
    necessities: frozenset[str]
    produced_by: tuple[str, ...]
    form: bool


def of_material(catalogue: Catalogue, material: str, items: Collection[str] = ()) -> MaterialFacts:
    """Return what the guides say of a material, of some items or (none named) of all."""
    kinds, rows = _rows(catalogue.materials, material), _rows(catalogue.item_materials, material)
    if items and "item_code" in rows:
        rows = rows[rows["item_code"].isin(items)]
    told = [bool(flag) for flag in _values(kinds, "retrievable")]
    scopes = {str(s) for s in _values(rows, "issuer_scope")}
    return MaterialFacts(
        known=len(kinds) + len(rows) > 0,
        retrievable=any(told) if told else None,
        elicence=any(_values(t, c) for t in (kinds, rows) for c in ("elicence_type", "data_resource")),
        outside=bool(scopes) and "city" not in scopes,
        necessities=frozenset(str(n) for n in _values(rows, "necessity")),
        produced_by=tuple(dict.fromkeys(str(i) for i in _values(rows, "produced_by_item"))),
        form=any(_is_form(str(word)) for t in (kinds, rows) for word in _values(t, "doc_class")),
    )


def _rows(table: pd.DataFrame | None, material: str) -> pd.DataFrame:
    if table is None or "canonical_id" not in table:
        return pd.DataFrame()
    return table[table["canonical_id"] == material]


def _values(table: pd.DataFrame, column: str) -> list[object]:
    return list(table[column].dropna()) if column in table else []


def _is_form(word: str) -> bool:
    word = word.strip().casefold()
    return word == FORM_CODE or any(sign in word for sign in FORM_WORDS)
