"""The catalogue of items as the service guides state it."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from functools import cached_property

import pandas as pd

from flowaudit.errors import InputError, nearest
from flowaudit.messages import translate as _


def _no_problems() -> pd.DataFrame:
    return pd.DataFrame(columns=["file", "row", "column", "problem"])


@dataclass(frozen=True, eq=False)
class Catalogue:
    """What the rules say. A table that is None was not given: what it would tell is unknown.

    Build one with :func:`read_catalogue`; the constructor trusts its arguments.

    Attributes
    ----------
    items, item_materials, materials, form_fields, item_relations, orgs : pd.DataFrame or None
        Columns as in ``TABLES`` and whatever else the files held. ``item_materials.necessity`` is one of
        ``required, deferrable, optional, conditional``; the word of the file stands in ``necessity_raw``.
    problems : pd.DataFrame
        What is doubtful but was accepted: ``file, row, column, problem``.
    """

    items: pd.DataFrame | None = None
    item_materials: pd.DataFrame | None = None
    materials: pd.DataFrame | None = None
    form_fields: pd.DataFrame | None = None
    item_relations: pd.DataFrame | None = None
    orgs: pd.DataFrame | None = None
    problems: pd.DataFrame = field(default_factory=_no_problems, repr=False)

    @property
    def item_codes(self) -> list[str]:
        """Codes of all items, from ``items`` or else from the tables that name some."""
        if self.items is not None:
            return [str(code) for code in self.items["item_code"]]
        if self.item_materials is not None:
            return [str(code) for code in self.item_materials["item_code"].drop_duplicates()]
        return []

    def item_name(self, item_code: str) -> str:
        """Return the name of an item, its code where the catalogue does not know it.

        Examples
        --------
        >>> Catalogue().item_name("0131")
        '0131'
        """
        return self._names.get(item_code, item_code)

    def required_materials(self, item_code: str, variant_code: str | None = None) -> pd.DataFrame:
        """Return the mandatory materials of an item, one row per kind; deferrable ones (容缺) are mandatory, too.

        Parameters
        ----------
        item_code : str
        variant_code : str, optional
            Without it, the variant that asks for most.

        Returns
        -------
        pd.DataFrame
            Rows of ``item_materials``; empty where the catalogue has none.

        Raises
        ------
        InputError
            If the catalogue has no such item.
        """
        if self.item_codes and item_code not in self.item_codes:
            near = nearest(item_code, self.item_codes, n=1)
            raise InputError(
                _("the catalogue has no item '{item}'.", item=item_code),
                hint=_("did you mean '{near}'?", near=near[0]) if near else None,
            )
        table = self.item_materials
        if table is None:
            return pd.DataFrame(columns=["item_code", "canonical_id", "name"])
        rows = table[table["item_code"] == item_code]
        if "necessity" in rows:
            rows = rows[rows["necessity"].isin(["required", "deferrable"])]
        if "variant_code" not in rows or rows["variant_code"].isna().all():
            return rows.drop_duplicates("canonical_id")
        variants = [variant_code] if variant_code is not None else sorted(rows["variant_code"].dropna().unique())
        kinds = [
            rows[rows["variant_code"].isna() | (rows["variant_code"] == v)].drop_duplicates("canonical_id") for v in variants
        ]  # fmt: skip
        return max(kinds, key=len)

    def required_count(self, item_code: str, variant_code: str | None = None) -> int:
        """Return how many kinds of material an item demands."""
        return len(self.required_materials(item_code, variant_code))

    def precedes(self, a: str, b: str) -> bool:
        """Say whether item ``a`` must be done before item ``b``, directly or through other items.

        True by a relation ``precedes`` or ``requires_result`` from a to b whose basis is not merely observed, or where
        a material of b is produced by a.

        Examples
        --------
        >>> relations = pd.DataFrame({"src_item": ["a", "b"], "dst_item": ["b", "c"], "relation": "precedes"})
        >>> catalogue = Catalogue(item_relations=relations)
        >>> catalogue.precedes("a", "c"), catalogue.precedes("c", "a")
        (True, False)
        """
        seen: set[str] = set()
        todo = [a]
        while todo:
            for successor in self._successors.get(todo.pop(), ()):
                if successor == b:
                    return True
                if successor not in seen:
                    seen.add(successor)
                    todo.append(successor)
        return False

    @cached_property
    def _names(self) -> dict[str, str]:
        if self.items is None:
            return {}
        return {str(c): str(n) for c, n in zip(self.items["item_code"], self.items["name"], strict=True)}

    @cached_property
    def _successors(self) -> dict[str, set[str]]:
        pairs: list[tuple[str, str]] = []
        if self.item_relations is not None:
            rows = self.item_relations[self.item_relations["relation"].isin(["precedes", "requires_result"])]
            if "basis" in rows:
                rows = rows[rows["basis"].isna() | (rows["basis"] != "observed")]
            pairs += zip(rows["src_item"], rows["dst_item"], strict=True)
        if self.item_materials is not None and "produced_by_item" in self.item_materials:
            rows = self.item_materials[self.item_materials["produced_by_item"].notna()]
            pairs += zip(rows["produced_by_item"], rows["item_code"], strict=True)
        out: dict[str, set[str]] = {}
        for before, after in pairs:
            if before != after:
                out.setdefault(str(before), set()).add(str(after))
        return out

    def _repr_html_(self) -> str:
        counts = {
            _("Items"): self.items,
            _("Materials of items"): self.item_materials,
            _("Canonical materials"): self.materials,
            _("Form fields"): self.form_fields,
            _("Relations of items"): self.item_relations,
            _("Departments and offices"): self.orgs,
        }
        rows = [(name, _("not given") if table is None else f"{len(table):,}") for name, table in counts.items()]
        rows.append((_("Doubtful entries"), f"{len(self.problems):,}"))
        body = "".join(f"<tr><th>{html.escape(k)}</th><td>{html.escape(v)}</td></tr>" for k, v in rows)
        return f"<table>{body}</table>"
