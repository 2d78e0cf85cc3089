"""Prerequisites without a circle, and dates in their order."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from flowaudit.catalogue.rules.guide import Found, Guide, GuideRule
from flowaudit.messages import both


def _cycles(guide: Guide) -> Iterator[Found]:
    graph = guide.catalogue.prerequisites
    for cycle in graph.cycles:
        if len(cycle) == 1:
            continue  # an item that asks for its own result is told by its own rule
        first = next(e for e in graph.edges if e.binding and (e.before, e.after) == (cycle[0], cycle[1]))
        named = " → ".join(f"{guide.catalogue.item_name(code)}（{code}）" for code in (*cycle, cycle[0]))
        said = both("items are prerequisites of each other: {cycle}", cycle=named)
        yield Found(cycle[0], first.table, first.place, "wrong", said)


def _dates(guide: Guide) -> Iterator[Found]:
    for place, row in enumerate(guide.rows("items")):
        begin, end = row.get("valid_from"), row.get("valid_to")
        code = str(row["item_code"])
        if begin is not None and end is not None and end < begin:
            said = both("ends on {end}, before it begins on {begin}", end=f"{end:%Y-%m-%d}", begin=f"{begin:%Y-%m-%d}")
            yield Found(code, "items", place, "wrong", said)
        elif guide.as_of is not None:
            day = pd.Timestamp(guide.as_of)
            if (begin is not None and day < begin) or (end is not None and day > end):
                said = both("is not in force on {day}", day=f"{day:%Y-%m-%d}")
                yield Found(code, "items", place, "doubtful", said)


RULES = (
    GuideRule("G70", lambda: both("items are not prerequisites of each other"), (("item_relations.relation", "item_materials.produced_by_item"),), _cycles),
    GuideRule("G80", lambda: both("validity begins before it ends"), (("items.valid_from", "items.valid_to"),), _dates),
)  # fmt: skip
