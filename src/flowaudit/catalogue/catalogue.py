"""The catalogue of items as the service guides state it."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import pandas as pd

from flowaudit.catalogue.cells import kind_of
from flowaudit.catalogue.limits import limit_from
from flowaudit.catalogue.prerequisites import LongestPath, Prerequisites, prerequisites_of
from flowaudit.catalogue.tables import TABLES, Item
from flowaudit.errors import InputError, nearest
from flowaudit.messages import translate as _

if TYPE_CHECKING:
    from flowaudit.worktime import Limit

PROBLEM_COLUMNS = ("file", "row", "column", "severity", "problem")


def _no_problems() -> pd.DataFrame:
    return pd.DataFrame(columns=PROBLEM_COLUMNS)


@dataclass(frozen=True)
class Origin:
    """Where the rows of a table stand: its file, and the row of the file of each row of the table."""

    file: str
    rows: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Catalogue:
    """What the rules say. A table that is None was not given: what it would tell is unknown.

    Build one with :func:`read_catalogue`; the constructor trusts its arguments.

    Attributes
    ----------
    items, item_materials, materials, form_fields, item_relations, orgs : pd.DataFrame or None
        Columns as in ``TABLES`` and whatever else the files held. ``item_materials.necessity`` is one of
        ``required, deferrable, optional, conditional``, ``source`` one of ``applicant, issuer, elicence, data, commit,
        reuse, merged`` (missing where the file's word says none of these); the words of the file stand in
        ``necessity_raw`` and ``source_raw``.
    item_steps, special_procedures, variants, fees, results : pd.DataFrame or None
        As in ``TABLES``.
    problems : pd.DataFrame
        What is doubtful but was accepted: ``file, row, column, severity (doubtful, note), problem``.
    origins : mapping of str to Origin
        Where the rows of each table stand; empty where the tables come from no file.
    """

    items: pd.DataFrame | None = None
    item_materials: pd.DataFrame | None = None
    materials: pd.DataFrame | None = None
    form_fields: pd.DataFrame | None = None
    item_relations: pd.DataFrame | None = None
    orgs: pd.DataFrame | None = None
    item_steps: pd.DataFrame | None = None
    special_procedures: pd.DataFrame | None = None
    variants: pd.DataFrame | None = None
    fees: pd.DataFrame | None = None
    results: pd.DataFrame | None = None
    problems: pd.DataFrame = field(default_factory=_no_problems, repr=False)
    origins: Mapping[str, Origin] = field(default_factory=dict, repr=False)

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
        self._require(item_code)
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

    def item(self, item_code: str) -> Item:
        """Return everything the table of items says about one item.

        Raises
        ------
        InputError
            If the table of items was not given, or has no such item.

        Examples
        --------
        >>> Catalogue(items=pd.DataFrame({"item_code": ["01"], "name": ["排水许可"], "promised_days": [10]})).item("01").name
        '排水许可'
        """
        if self.items is None:
            raise InputError(_("the catalogue has no table of items."), hint=_("give items.csv or a sheet of items."))
        self._require(item_code)
        row = self.items[self.items["item_code"] == item_code].iloc[0]
        return Item.model_validate({str(k): None if pd.isna(v) else v for k, v in row.items()})

    def steps_of(self, item_code: str) -> pd.DataFrame:
        """Return the steps of an item in their order.

        Returns
        -------
        pd.DataFrame
            Rows of ``item_steps`` by ``seq``; empty where the catalogue states none for this item.

        Raises
        ------
        InputError
            If the catalogue has no such item.
        """
        self._require(item_code)
        if self.item_steps is None:
            return pd.DataFrame(columns=[c.name for c in TABLES["item_steps"].columns()])
        rows = self.item_steps[self.item_steps["item_code"] == item_code]
        return rows.sort_values("seq", kind="stable")

    def limit(self, item_code: str, which: Literal["statutory", "promised"]) -> Limit | None:
        """Return the statutory or the promised limit (法定、承诺办结时限) of an item.

        None where the catalogue states none, or none that can be used: a unit that is missing or unknown, or a part of
        a unit. ``problems`` of a catalogue that was read says which.

        Raises
        ------
        InputError
            If the catalogue has no such item.

        Examples
        --------
        >>> items = pd.DataFrame({"item_code": ["01"], "name": ["排水许可"], "promised_days": [10], "promised_unit": ["工作日"]})
        >>> limit = Catalogue(items=items).limit("01", "promised")
        >>> limit.amount, limit.unit
        (10, 'working_days')
        """
        self._require(item_code)
        amount, unit = f"{which}_days", f"{which}_unit"
        if self.items is None or amount not in self.items or unit not in self.items:
            return None
        row = self.items[self.items["item_code"] == item_code].iloc[0]
        return None if pd.isna(row[amount]) or pd.isna(row[unit]) else limit_from(float(row[amount]), row[unit])

    def counts_in_clock(self, item_code: str, kind: str) -> bool | None:
        """Say whether a special procedure counts in the statutory limit of an item (是否计算在法定办结时限内).

        Parameters
        ----------
        item_code : str
        kind : str
            As the guide or the log calls it; Chinese and English names of one kind are the same (听证, hearing).

        Returns
        -------
        bool or None
            None where the catalogue does not say; the caller then falls back on the law.

        Examples
        --------
        >>> table = pd.DataFrame({"item_code": ["01"], "kind": ["专家评审"], "counts_in_clock": [False]})
        >>> catalogue = Catalogue(special_procedures=table)
        >>> catalogue.counts_in_clock("01", "expert_review"), catalogue.counts_in_clock("01", "公示")
        (False, None)
        """
        return self._counted.get((item_code, kind_of(kind)))

    @cached_property
    def prerequisites(self) -> Prerequisites:
        """Which item must be done before which, and why."""
        return prerequisites_of(self)

    def longest_path(
        self, item_codes: Iterable[str] | None = None, *, which: Literal["statutory", "promised"] = "promised"
    ) -> LongestPath:
        """Return the chain of prerequisites whose limits add up to most: the least time if all else runs in parallel.

        Parameters
        ----------
        item_codes : iterable of str, optional
            Default: all items.
        which : {"promised", "statutory"}

        Raises
        ------
        InputError
            If an item is unknown, or items are prerequisites of each other (the cycle is named).
        InsufficientDataError
            If an item has no usable limit, or the limits have different units.
        """
        codes = self.item_codes if item_codes is None else list(dict.fromkeys(item_codes))
        return self.prerequisites.longest_path({code: self.limit(code, which) for code in codes})

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
        return self.prerequisites.precedes(a, b)

    @cached_property
    def _names(self) -> dict[str, str]:
        if self.items is None:
            return {}
        return {str(c): str(n) for c, n in zip(self.items["item_code"], self.items["name"], strict=True)}

    @cached_property
    def _counted(self) -> dict[tuple[str, str], bool]:
        table = self.special_procedures
        if table is None or "counts_in_clock" not in table:
            return {}
        known = table[table["counts_in_clock"].notna()]
        return {
            (str(item), kind_of(kind)): bool(counts)
            for item, kind, counts in zip(known["item_code"], known["kind"], known["counts_in_clock"], strict=True)
        }

    def _require(self, item_code: str) -> None:
        if self.item_codes and item_code not in self.item_codes:
            near = nearest(item_code, self.item_codes, n=1)
            raise InputError(
                _("the catalogue has no item '{item}'.", item=item_code),
                hint=_("did you mean '{near}'?", near=near[0]) if near else None,
            )

    def _repr_html_(self) -> str:
        counts = {
            _("Items"): self.items,
            _("Materials of items"): self.item_materials,
            _("Canonical materials"): self.materials,
            _("Form fields"): self.form_fields,
            _("Relations of items"): self.item_relations,
            _("Departments and offices"): self.orgs,
            _("Steps of items"): self.item_steps,
            _("Special procedures"): self.special_procedures,
            _("Variants"): self.variants,
            _("Fees"): self.fees,
            _("Results"): self.results,
        }
        rows = [(name, _("not given") if table is None else f"{len(table):,}") for name, table in counts.items()]
        doubtful = (
            self.problems[self.problems["severity"] == "doubtful"] if "severity" in self.problems else self.problems
        )
        rows.append((_("Doubtful entries"), f"{len(doubtful):,}"))
        body = "".join(f"<tr><th>{html.escape(k)}</th><td>{html.escape(v)}</td></tr>" for k, v in rows)
        return f"<table>{body}</table>"
