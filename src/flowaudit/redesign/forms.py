"""The forms of several items as one: which fields are typed, which come prefilled, which papers are forms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import pandas as pd

from flowaudit.catalogue import Catalogue
from flowaudit.metrics import NotRecorded, typed_by_hand
from flowaudit.process import Branch, MaterialUse, Process
from flowaudit.redesign import guide_facts


@dataclass(frozen=True)
class Forms:
    """What a catalogue says of the forms of some items.

    Attributes
    ----------
    items : tuple of str
    fields : mapping of str to tuple of str
        Fields to be typed by item, one for each row of the table: their canonical names, by which items share them; a field
        without one is its item's own. Items of which nothing is known are absent.
    prefilled : frozenset of str
        Those that come prefilled from now on: of the fields with an authoritative source those most items ask for.
    papers : frozenset of str
        Materials that are forms.
    unnamed : int
        Fields to be typed without a canonical name.
    owner : mapping of str to str
        The item with which a field is counted: of those that ask for it, the one most cases have.
    """

    items: tuple[str, ...]
    fields: Mapping[str, tuple[str, ...]]
    prefilled: frozenset[str]
    papers: frozenset[str]
    unnamed: int
    owner: Mapping[str, str]

    @classmethod
    def of(cls, process: Process, items: tuple[str, ...], share: float) -> Forms:
        """Read the forms of some items; ``share`` of the fields with a source, rounded down, are taken for prefilled."""
        catalogue = process.catalogue or Catalogue()
        rows = _typed_rows(catalogue, items)
        fields: dict[str, list[str]] = {}
        for row in rows:
            fields.setdefault(row.item, []).append(row.field)
        common = _item_cases(process)
        owner: dict[str, str] = {}
        for item in sorted(fields, key=lambda i: (-common.get(i, 0.0), items.index(i))):
            for field in fields[item]:
                owner.setdefault(field, item)
        # A stable sort: fields that are asked for equally often stay in the order of the table.
        on_record = sorted((c := Counter(row.field for row in rows if row.sourced)), key=lambda field: -c[field])
        return cls(
            items=items,
            fields={item: tuple(own) for item, own in fields.items()},
            prefilled=frozenset(on_record[: int(share * len(on_record) + 1e-9)]),
            papers=frozenset(m for m in process.material_names if guide_facts.of_material(catalogue, m, items).form),
            unnamed=sum(not row.named for row in rows),
            owner=owner,
        )

    def typed(self, items: Collection[str]) -> set[str]:
        """Return the fields left to be typed for some of the items together."""
        return {field for item in items for field in self.fields.get(item, ())} - self.prefilled

    def left(self, items: Collection[str]) -> float:
        """Return which share of the fields typed for these items before is left; 1 where nothing is known."""
        before = sum(len(self.fields.get(item, ())) for item in items)
        return len(self.typed(items)) / before if before else 1.0

    def handed_in(self, branch: Branch) -> list[tuple[str | None, str]]:
        """Return the forms handed in for the items, by item and kind, the first of them first."""
        mine = [
            m for m in branch.materials
            if m.canonical_id in self.papers and m.source == "applicant" and m.item in self.items
        ]  # fmt: skip
        return list(dict.fromkeys((m.item, m.canonical_id) for m in sorted(mine, key=lambda m: m.step)))

    def handed_in_as_one(self, branch: Branch) -> Branch:
        """Return the branch with the first form handed in, and the others part of it."""
        others = set(self.handed_in(branch)[1:]) if self.papers else set()
        if not others:
            return branch
        materials = tuple(
            MaterialUse(m.step, m.item, m.canonical_id, "merged", m.accepted)
            if m.source == "applicant" and (m.item, m.canonical_id) in others
            else m
            for m in branch.materials
        )
        return replace(branch, materials=materials)

    def merged(self, catalogue: Catalogue, form: str) -> Catalogue:
        """Return the catalogue with the one form: every field is typed once, with its owner, the rest fills itself in."""
        table, by_hand = catalogue.form_fields, typed_by_hand(catalogue)
        if table is None or isinstance(by_hand, NotRecorded):
            return catalogue
        left = {(item, field) for field, item in self.owner.items() if field not in self.prefilled}
        spared = []
        for item, field, typed in zip(table["item_code"].astype(str), _field_names(table), by_hand, strict=True):
            spared.append(bool(typed) and item in self.items and (item, field) not in left)
            left.discard((item, field))
        table = table.copy()
        table["class"] = table["class"].mask(pd.Series(spared, table.index), "auto")
        if "form" in table:
            table["form"] = table["form"].mask(table["item_code"].isin(self.items), form)
        return replace(catalogue, form_fields=table)


@dataclass(frozen=True)
class _Row:
    """A field to be typed: whether it has a canonical name, and an authoritative source."""

    item: str
    field: str
    named: bool
    sourced: bool


def _typed_rows(catalogue: Catalogue, items: Collection[str]) -> list[_Row]:
    table, by_hand = catalogue.form_fields, typed_by_hand(catalogue)
    if table is None or isinstance(by_hand, NotRecorded):
        return []
    rows = zip(
        table["item_code"].astype(str), _field_names(table), _told(table, "canonical_field"),
        _told(table, "authoritative_source"), by_hand, strict=True,
    )  # fmt: skip
    return [_Row(item, field, named, sourced) for item, field, named, sourced, typed in rows if typed and item in items]


def _told(table: pd.DataFrame, column: str) -> list[bool]:
    return [bool(v) for v in table[column].notna()] if column in table else [False] * len(table)


def _field_names(table: pd.DataFrame) -> list[str]:
    own = [f"{item}/{label}" for item, label in zip(table["item_code"], table["field_label"], strict=True)]
    if "canonical_field" not in table:
        return own
    return [str(name) if told else mine for name, told, mine in zip(table["canonical_field"], _told(table, "canonical_field"), own, strict=True)]  # fmt: skip


def _item_cases(process: Process) -> dict[str, float]:
    """Observed cases that have each item."""
    counts: dict[str, float] = {}
    for template in process.templates:
        for branch in template.branches:
            weight = template.cases * branch.probability
            for item in {process.nodes[s.node].item for s in branch.steps}:
                if item is not None:
                    counts[item] = counts.get(item, 0.0) + weight
    return counts
