"""M04 并联审批."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from pydantic import Field

from flowaudit.messages import Language
from flowaudit.messages import translate as _
from flowaudit.process import Branch, Process
from flowaudit.redesign import names
from flowaudit.redesign.draft import Draft, change_branches
from flowaudit.redesign.measure import Measure, MeasureRefusedError


class Parallelise(Measure):
    """Let items, or activities, that run one after the other begin together."""

    id: ClassVar[str] = "M04"
    verb: ClassVar[str] = "parallelise"
    category: ClassVar[str] = "④"
    reductions: ClassVar[tuple[str, ...]] = ("time",)
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
            "applicant's pause before a later item falls away, since it is applied for at once. An activity never "
            "overtakes the earlier steps of its own item.",
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

    def apply(self, process: Process) -> Process:
        found = [names.activity_or_item(process, n) for n in self.names]
        items = [code for kind, code in found if kind == "item"]
        if process.catalogue is not None:
            for a in items:
                for b in items:
                    if a != b and process.catalogue.precedes(a, b):
                        raise MeasureRefusedError(
                            _(
                                "{measure}: the catalogue says that “{a}” must come before “{b}”.",
                                measure=self.label(), a=process.item_names[a], b=process.item_names[b],
                            ),
                            hint=_("if that is no longer so, change item_relations in the catalogue first."),
                        )  # fmt: skip
        groups = [
            {i for i, n in enumerate(process.nodes) if n.item == value} if kind == "item" else process.nodes_of(value)
            for kind, value in found
        ]
        whole_item = [kind == "item" for kind, _value in found]

        def change(branch: Branch) -> Iterable[tuple[float, Branch]] | None:
            blocks = [
                ([i for i, s in enumerate(branch.steps) if s.node in group], whole)
                for group, whole in zip(groups, whole_item, strict=True)
            ]
            blocks = sorted((b for b in blocks if b[0]), key=lambda b: b[0][0])
            if len(blocks) < 2:
                return None
            draft = Draft(branch)
            moved = _together(process, draft, blocks)
            return [(1.0, draft.close())] if moved else None

        after, touched = change_branches(process, change)
        return self.changed(process, after, touched)


def _together(process: Process, draft: Draft, blocks: list[tuple[list[int], bool]]) -> bool:
    first = blocks[0][0]
    inside = {i for block, _whole in blocks for i in block}
    entry = first[0]
    base = {j for j in draft.after[entry] if j not in inside}
    moved = False
    earlier = set(first)
    for block, whole in blocks[1:]:
        own = set(block)
        freed: set[int] = set()
        for i in block:
            if draft.after[i] & own:
                # Inside the block only what another block imposed falls away.
                foreign = draft.after[i] & (inside - own)
            else:
                foreign = {j for j in draft.after[i] if j in earlier or draft.ancestors(j) & earlier}
                if not whole:
                    foreign = {j for j in foreign if not _same_item(process, draft, i, j)}
            if not foreign:
                continue
            freed |= foreign
            draft.after[i] -= foreign
            for j in base:
                draft.follow(i, j)
            if process.nodes[draft.steps[i].node].applicant:
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
    a: Any = process.nodes[draft.steps[i].node].item
    return a is not None and a == process.nodes[draft.steps[j].node].item
