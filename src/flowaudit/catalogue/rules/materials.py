"""Materials: named exactly, asked for once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from flowaudit.catalogue.rules.guide import Found, Guide, GuideRule
from flowaudit.messages import both

# 等 at the end of a list; 同等, 平等, 一等 are words of their own.
_VAGUE = re.compile(
    r"^(?:其他|其它|别的)|(?:其他|其它|相关|有关|必要|所需)(?:的)?(?:证明|材料|资料|文件|证件|手续|凭证)|"
    r"(?:规定|要求|认为).{0,6}(?:其他|其它)|(?<![一二三四五六七八九十初中高同平劣优上下均])等(?:\d*[种类项份])?(?:证明|材料|资料|文件|证件)*$"
)
_COMPARED = ("necessity", "form", "originals", "copies", "paper_copies")


def _vague(guide: Guide) -> Iterator[Found]:
    for place, row in enumerate(guide.rows("item_materials")):
        if _VAGUE.search(re.sub(r"[\s()（）]", "", str(row["name"]))):
            said = both("the material is not named exactly: '{name}'", name=row["name"])
            yield Found(str(row["item_code"]), "item_materials", place, "wrong", said)


def _twice(guide: Guide) -> Iterator[tuple[int, dict[str, Any], int, dict[str, Any]]]:
    """Yield pairs of rows by which one situation of an item is asked for one material twice."""
    seen: dict[tuple[str, str], list[tuple[int, dict[str, Any]]]] = {}
    for place, row in enumerate(guide.rows("item_materials")):
        earlier = seen.setdefault((str(row["item_code"]), str(row.get("canonical_id"))), [])
        for first, other in earlier:
            variants = {row.get("variant_code"), other.get("variant_code")}
            # A row without a situation is for all of them.
            if len(variants) == 1 or None in variants:
                yield first, other, place, row
                break
        earlier.append((place, row))


def _contradictory(guide: Guide) -> Iterator[Found]:
    for first, other, place, row in _twice(guide):
        if any(other.get(c) != row.get(c) for c in _COMPARED if guide.has(f"item_materials.{c}")):
            line = guide.file_and_row("item_materials", first)[1]
            said = both("'{name}' is asked for twice, with different copies, form or necessity (also row {row})", name=row["name"], row="-" if line is None else line)  # fmt: skip
            yield Found(str(row["item_code"]), "item_materials", place, "wrong", said)


def _repeated(guide: Guide) -> Iterator[Found]:
    for first, other, place, row in _twice(guide):
        if all(other.get(c) == row.get(c) for c in _COMPARED if guide.has(f"item_materials.{c}")):
            line = guide.file_and_row("item_materials", first)[1]
            said = both(
                "'{name}' is listed twice (also row {row})", name=row["name"], row="-" if line is None else line
            )
            yield Found(str(row["item_code"]), "item_materials", place, "doubtful", said)


def _own_result(guide: Guide) -> Iterator[Found]:
    for place, row in enumerate(guide.rows("item_materials")):
        if row.get("produced_by_item") == row["item_code"]:
            said = both("'{name}' is asked for by the item that produces it", name=row["name"])
            yield Found(str(row["item_code"]), "item_materials", place, "wrong", said)


RULES = (
    GuideRule("G60", lambda: both("materials are named exactly"), (("item_materials.name",),), _vague),
    GuideRule(
        "G61", lambda: both("a material is asked for in one way"),
        (("item_materials.canonical_id",), ("item_materials.copies", "item_materials.originals", "item_materials.paper_copies", "item_materials.form")),
        _contradictory,
    ),
    GuideRule("G62", lambda: both("a material is listed once"), (("item_materials.canonical_id",),), _repeated),
    GuideRule("G63", lambda: both("no item asks for its own result"), (("item_materials.produced_by_item",),), _own_result),
)  # fmt: skip
