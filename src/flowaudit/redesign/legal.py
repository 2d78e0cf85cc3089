"""What the catalogue, and the names and rhythm of activities, say about whether a step may be changed at all."""

from __future__ import annotations

import re
from collections.abc import Iterable

from flowaudit.messages import both
from flowaudit.process import Node, Process
from flowaudit.redesign.measure import Caution

COLLECTIVE = re.compile("会审|集体|局务会|办公会|委员会|班子会|联席会|committee|board meeting|panel", re.IGNORECASE)
"""Names of activities in which several decide together."""

MEETING_DAYS = 2
"""A batch let go on at most so many days of the week is a meeting, not a daily release."""

HIGH = re.compile("^(?:较高|高|重大|特别重大|high)", re.IGNORECASE)
"""Classes of risk in which a mistake is not easily undone."""


def against_changing(process: Process, nodes: Iterable[int]) -> list[Caution]:
    """Return what speaks against taking steps away, or letting nobody or somebody else do them."""
    chosen = set(nodes)
    found = [
        both(
            "“{activity}” looks like a collective decision: whether it may be changed is to be checked.",
            activity=activity,
        )
        for activity in decided_together(process, chosen)
    ]
    found += [
        both("The catalogue marks “{activity}” as required by law.", activity=activity)
        for activity in required_by_law(process, chosen)
    ]
    return found


def risky_items(process: Process, nodes: Iterable[int]) -> list[Caution]:
    """Return which items that steps belong to are in a high class of risk."""
    return [
        both("The catalogue puts “{item}” in a high class of risk.", item=item)
        for item in high_risk(process, items_of(process, nodes))
    ]


def same_officer(process: Process, nodes: Iterable[int], *, known: Iterable[tuple[str, str]] = ()) -> list[Caution]:
    """Return which review and decision only one and the same officer could do, the pairs ``known`` left out."""
    return [
        both(
            "One and the same officer would do both “{review}” and “{decision}”; reviewer and decider are to be different persons.",
            review=review, decision=decision,
        )
        for review, decision in one_person(process, nodes)
        if (review, decision) not in set(known)
    ]  # fmt: skip


def items_of(process: Process, nodes: Iterable[int]) -> list[str]:
    """Return the codes of the items that some nodes belong to, in the order of the nodes."""
    found = (process.nodes[i].item for i in sorted(nodes))
    return list(dict.fromkeys(item for item in found if item is not None))


def required_by_law(process: Process, nodes: Iterable[int]) -> list[str]:
    """Return the activities among ``nodes`` that the catalogue's table of steps marks as required by law (是否法定环节)."""
    table = None if process.catalogue is None else getattr(process.catalogue, "item_steps", None)
    if table is None or "legally_required" not in table:
        return []
    marked = table[table["legally_required"].eq(True).fillna(False).astype(bool)]
    steps = {(str(item), str(name)) for item, name in zip(marked["item_code"], marked["name"], strict=True)}
    found = []
    for i in sorted(nodes):
        node = process.nodes[i]
        # A log often puts the item's name before the step's.
        if any(name and node.activity.endswith(name) and node.item in (None, item) for item, name in steps):
            found.append(node.activity)
    return list(dict.fromkeys(found))


def decided_together(process: Process, nodes: Iterable[int]) -> list[str]:
    """Return the activities among ``nodes`` that look like collective decisions: by name, or let go together at set times."""
    found = []
    for i in sorted(nodes):
        node = process.nodes[i]
        if COLLECTIVE.search(node.activity) or _meets(process, node):
            found.append(node.activity)
    return list(dict.fromkeys(found))


def _meets(process: Process, node: Node) -> bool:
    """Whether cases are let go on few days of the week, as a meeting does."""
    batch = node.batch
    # What a system lets go at set times is its schedule, no meeting.
    if node.automatic or batch is None or batch.kind != "slots":
        return False
    days = (process.gates[batch.gate].rates[:5] > 0).any(axis=1).sum()
    return bool(days <= MEETING_DAYS)


def one_person(process: Process, nodes: Iterable[int]) -> list[tuple[str, str]]:
    """Return pairs of a review and a decision of one item, among ``nodes``, that only one and the same officer can do."""
    alone: dict[tuple[int, str | None], tuple[list[str], list[str]]] = {}
    for i in sorted(nodes):
        node = process.nodes[i]
        able = {p.resource for p in node.performers if process.resources[p.resource].capacity > 0}
        if len(able) == 1 and node.stage in ("review", "check", "decide"):
            reviews, decisions = alone.setdefault((able.pop(), node.item), ([], []))
            (decisions if node.stage == "decide" else reviews).append(node.activity)
    return [(review, decision) for reviews, decisions in alone.values() for review in reviews for decision in decisions]


def high_risk(process: Process, items: Iterable[str]) -> list[str]:
    """Return the names of the items that the catalogue puts in a high class of risk."""
    classes = _column(process, "risk_class")
    return [name(process, item) for item in items if HIGH.match(str(classes.get(item, "")).strip())]


def commitment(process: Process, item: str) -> bool | None:
    """Say whether the catalogue allows 告知承诺 for an item; None where it does not say."""
    allowed = _column(process, "commitment_allowed").get(item)
    return None if allowed is None else bool(allowed)


def name(process: Process, item: str) -> str:
    """Return what people call an item."""
    return process.item_names.get(item, item)


def _column(process: Process, column: str) -> dict[str, object]:
    table = None if process.catalogue is None else getattr(process.catalogue, "items", None)
    if table is None or column not in table:
        return {}
    known = table[table[column].notna()]
    return {str(item): value for item, value in zip(known["item_code"], known[column], strict=True)}
