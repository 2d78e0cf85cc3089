"""M04 并联审批."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from pydantic import Field

from flowaudit.messages import Language
from flowaudit.messages import translate as _
from flowaudit.process import Branch, Process
from flowaudit.redesign import names
from flowaudit.redesign.draft import Draft, change_branches
from flowaudit.redesign.measure import Direction, Measure, MeasureRefusedError


class Parallelise(Measure):
    """Let items, or activities, that run one after the other begin together."""

    id: ClassVar[str] = "M04"
    verb: ClassVar[str] = "parallelise"
    category: ClassVar[str] = "④"
    expected: ClassVar[Mapping[str, Direction]] = {"time": "-"}
    subject: ClassVar[tuple[str, ...]] = ("names",)
    seed: ClassVar[str] = "S15"

    names: tuple[str, ...] = Field(
        min_length=2, description="并联的事项或环节 / items or activities to run in parallel"
    )

    @classmethod
    def name(cls, lang: Language | None = None) -> str:
        return _("parallel handling", lang=lang)

    @classmethod
    def description(cls, lang: Language | None = None) -> str:
        return _(
            "What is named begins when the first of it could begin, and what came after waits for all of it. The "
            "applicant's pause before a later item falls away, since it is applied for at once. What the catalogue "
            "wants in order stays in order, and an activity never overtakes the earlier steps of its own item.",
            lang=lang,
        )

    @classmethod
    def risk(cls, lang: Language | None = None) -> str:
        return _(
            "Prerequisites set by law stay; parallel acceptance then ends in a conditional decision. Work on cases that "
            "another item refuses is lost.",
            lang=lang,
        )

    def label(self, lang: Language | None = None) -> str:
        return _("parallel: {names}", lang=lang, names=", ".join(self.names) if lang == "en" else "、".join(self.names))

    def transform(self, process: Process) -> tuple[Process, float]:
        found = [names.activity_or_item(process, n) for n in self.names]
        required = self._required(process, found)
        groups = [
            {i for i, n in enumerate(process.nodes) if n.item == value} if kind == "item" else process.nodes_of(value)
            for kind, value in found
        ]

        def change(branch: Branch) -> Sequence[tuple[float, Branch]] | None:
            blocks = [
                _Block(k, [i for i, s in enumerate(branch.steps) if s.node in group], found[k][0] == "item")
                for k, group in enumerate(groups)
            ]
            blocks = sorted((b for b in blocks if b.steps), key=lambda b: b.steps[0])
            if len(blocks) < 2:
                return None
            draft = Draft(branch)
            return [(1.0, draft.close())] if _together(process, draft, blocks, required) else None

        after, touched = change_branches(process, change)
        return after, touched

    def _required(self, process: Process, found: list[tuple[str, str]]) -> set[tuple[int, int]]:
        """Pairs (earlier, later) of what is named whose order the catalogue wants kept."""
        if process.catalogue is None:
            return set()
        items = [(k, value) for k, (kind, value) in enumerate(found) if kind == "item"]
        kept = {(i, j) for i, a in items for j, b in items if i != j and process.catalogue.precedes(a, b)}
        if kept and len(kept) == len(found) * (len(found) - 1) // 2:
            i, j = min(kept)
            raise MeasureRefusedError(
                _(
                    "{measure}: the catalogue says that “{a}” must come before “{b}”.",
                    measure=self.label(),
                    a=self.names[i],
                    b=self.names[j],
                ),
                hint=_("if that is no longer so, change item_relations in the catalogue first."),
            )
        return kept


@dataclass(frozen=True)
class _Block:
    """The steps of one of the things named, in their order."""

    number: int
    steps: list[int]
    whole_item: bool


def _together(process: Process, draft: Draft, blocks: list[_Block], required: set[tuple[int, int]]) -> bool:
    """Let every block begin when the first one could, or after the blocks it must follow; say whether one moved."""
    inside = {i for block in blocks for i in block.steps}
    entry = blocks[0].steps[0]
    base = {j for j in draft.after[entry] if j not in inside}
    moved = False
    earlier = set(blocks[0].steps)
    for block in blocks[1:]:
        own = set(block.steps)
        before = [b.steps[-1] for b in blocks if (b.number, block.number) in required]
        freed: set[int] = set()
        for i in block.steps:
            if draft.after[i] & own:
                # Inside the block only what another block imposed falls away.
                foreign = draft.after[i] & (inside - own)
            else:
                foreign = {j for j in draft.after[i] if j in earlier or draft.ancestors(j) & earlier}
                if not block.whole_item:
                    foreign = {j for j in foreign if not _same_item(process, draft, i, j)}
            foreign -= set(before)
            if not foreign:
                continue
            freed |= foreign
            draft.after[i] -= foreign
            for j in base | set(before):
                draft.follow(i, j)
            if process.nodes[draft.steps[i].node].applicant and not before:
                draft.change(i, wait=draft.steps[entry].wait if base else -1)
            moved = True
        for k in range(len(draft.steps)):
            # The rest keeps its order: what followed a block that has moved still follows what the block followed.
            if k not in inside and draft.after[k] & own:
                for j in freed:
                    draft.follow(k, j)
        earlier |= own
    return moved


def _same_item(process: Process, draft: Draft, i: int, j: int) -> bool:
    a = process.nodes[draft.steps[i].node].item
    return a is not None and a == process.nodes[draft.steps[j].node].item
