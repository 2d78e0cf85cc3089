"""M16 取消前置."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from flowaudit.errors import UsageError
from flowaudit.messages import Language, both
from flowaudit.messages import translate as _
from flowaudit.process import Branch, Process
from flowaudit.redesign import names
from flowaudit.redesign.corrections import Corrections
from flowaudit.redesign.draft import Draft, change_branches
from flowaudit.redesign.evidence import knocked_out
from flowaudit.redesign.expected import weighted
from flowaudit.redesign.measure import Caution, Direction, Measure, MeasureRefusedError
from flowaudit.redesign.ways import earlier, later

OFTEN = 0.05
"""What happens in a smaller share of the cases is not worth a caution."""

Thing = tuple[str, str]
"""("activity", label) or ("item", code)."""


class DropPrerequisite(Measure):
    """Let an item or activity no longer wait for another one."""

    id: ClassVar[str] = "M16"
    verb: ClassVar[str] = "drop_prerequisite"
    category: ClassVar[str] = "④"
    expected: ClassVar[Mapping[str, Direction]] = {"time": "-", "materials": "±", "trips": "±"}
    subject: ClassVar[tuple[str, ...]] = ("before", "after")
    seed: ClassVar[str] = "S29"

    before: str = Field(description="取消的前置事项或环节 / item or activity no longer waited for")
    after: str = Field(description="不再等待的事项或环节 / item or activity that no longer waits")
    grounds: str = Field(min_length=2, description="取消依据 / on what basis")
    material: str | None = Field(
        default=None,
        description="随之取消的材料（前置事项的结果） / material no longer asked for: the result of the first",
    )

    @classmethod
    def name(cls, lang: Language | None = None) -> str:
        return _("prerequisite dropped", lang=lang)

    @classmethod
    def description(cls, lang: Language | None = None) -> str:
        return _(
            "The second begins when everything else it waited for is done; what came after it still waits for both. An item is then "
            "applied for together with the first one, and the applicant's pause falls away, unless it still waits for something "
            "else. A material named is no longer asked for, and corrections about it alone fall away with their trips. What stands "
            "between the two and is neither of them keeps its place: the second does not overtake it.",
            lang=lang,
        )

    @classmethod
    def risk(cls, lang: Language | None = None) -> str:
        return _(
            "Whether a law or a decision of the State Council sets the prerequisite is to be checked: it could then not be dropped "
            "locally. Work on cases that the first item refuses is lost.",
            lang=lang,
        )

    def label(self, lang: Language | None = None) -> str:
        return _(
            "“{after}” no longer waits for “{before}” (basis: {basis})",
            lang=lang, after=self.after, before=self.before, basis=self.grounds,
        )  # fmt: skip

    def subjects(self) -> frozenset[str]:
        """Return the pair: a prerequisite may be dropped for several items, and an item may lose several."""
        return frozenset({f"{self.before} → {self.after}"})

    def cautions(self, process: Process) -> tuple[Caution, ...]:
        before, after = self._things(process)
        first, second = _nodes(process, before), _nodes(process, after)
        found = []
        share = max((knocked_out(process, {i}) for i in first), default=0.0)
        if share >= OFTEN:
            found.append(
                both(
                    "“{before}” ends {share:.0%} of its cases: work done on “{after}” meanwhile is then lost.",
                    before=self.before, after=self.after, share=share,
                )
            )  # fmt: skip
        still = _still_waiting(process, first, second)
        if still >= OFTEN:
            found.append(
                both(
                    "In {share:.0%} of the cases “{after}” still waits for “{before}” through what stands between them.",
                    before=self.before, after=self.after, share=still,
                )
            )  # fmt: skip
        if self.material is not None and self.material_id(process) not in self._produced(process, before, after):
            found.append(
                both(
                    "The catalogue does not say that “{material}” is a result of “{before}”.",
                    material=self.material, before=self.before,
                )
            )  # fmt: skip
        return tuple(found)

    def transform(self, process: Process) -> tuple[Process, float]:
        before, after = self._things(process)
        self._lawful(process, before, after)
        first, second = _nodes(process, before), _nodes(process, after)
        wanted, corrections = self.material_id(process), Corrections(process)
        item = after[1] if after[0] == "item" else None

        def change(branch: Branch) -> Sequence[tuple[float, Branch]] | None:
            new = branch
            if wanted is not None:
                new = _without_material(corrections, new, wanted, item)
            new = _freed(process, new, first, second)
            return None if new is branch else [(1.0, new)]

        after_process, touched = change_branches(process, change)
        if touched <= 0:
            through = _through(process, first, second)
            raise MeasureRefusedError(
                _("{measure}: in no case does it directly wait for it.", measure=self.label()),
                hint=_(
                    "it waits for it only through {names}: drop these prerequisites first.", names=", ".join(through)
                )
                if through
                else _("see which activities follow each other: flowaudit writes them to tables.xlsx."),
            )
        return after_process, touched

    def material_id(self, process: Process) -> str | None:
        """Return the canonical id of the material no longer asked for."""
        return None if self.material is None else names.material(process, self.material)

    def _things(self, process: Process) -> tuple[Thing, Thing]:
        before, after = names.activity_or_item(process, self.before), names.activity_or_item(process, self.after)
        if before == after:
            raise UsageError(
                _("drop_prerequisite: “{name}” cannot be its own prerequisite.", name=self.before),
                hint=_("name two different items or activities."),
            )
        return before, after

    def _lawful(self, process: Process, before: Thing, after: Thing) -> None:
        """Refuse what the catalogue calls legal, and what still asks for the result of the first item."""
        catalogue = process.catalogue
        if catalogue is None or before[0] != "item" or after[0] != "item":
            return
        relations = catalogue.item_relations
        for edge in catalogue.prerequisites.edges:
            if (
                (edge.before, edge.after) != (before[1], after[1])
                or edge.table != "item_relations"
                or relations is None
            ):
                continue
            if relations.iloc[edge.place].get("basis") == "legal":
                raise MeasureRefusedError(
                    _("{measure}: the catalogue says that the law sets this prerequisite.", measure=self.label()),
                    hint=_("if that is no longer so, change item_relations in the catalogue first."),
                )
        made = self._produced(process, before, after)
        if made - {self.material_id(process)}:
            material = process.material_names.get(sorted(made)[0], sorted(made)[0])
            raise MeasureRefusedError(
                _("{measure}: it still asks for “{material}”, which the other produces.", measure=self.label(), material=material),
                hint=_('material = "{material}" if it is no longer asked for.', material=material),
            )  # fmt: skip

    def _produced(self, process: Process, before: Thing, after: Thing) -> set[str]:
        """Materials that the second item must have and that are results of the first."""
        table = None if process.catalogue is None else process.catalogue.item_materials
        if table is None or not {"produced_by_item", "canonical_id"} <= set(table.columns):
            return set()
        rows = table[(table["produced_by_item"] == before[1]) & (table["item_code"] == after[1])]
        if "necessity" in rows:
            rows = rows[rows["necessity"].isin(["required", "deferrable"])]
        return {str(m) for m in rows["canonical_id"].dropna()}


def _nodes(process: Process, thing: Thing) -> set[int]:
    kind, value = thing
    return (
        {i for i, n in enumerate(process.nodes) if n.item == value} if kind == "item" else process.nodes_of(value)
    )  # fmt: skip


def _without_material(corrections: Corrections, branch: Branch, wanted: str, item: str | None) -> Branch:
    """The branch in which nobody asks for the material (of an item), nor corrects it."""
    loops = corrections.loops(branch)
    gone = {loop: None for loop in loops if loop.item in (item, None) and set(loop.cause) == {wanted}}
    if gone:
        branch = corrections.without(branch, gone)
    kept = [m for m in branch.materials if m.canonical_id != wanted or (item is not None and m.item != item)]
    if len(kept) == len(branch.materials):
        return branch
    draft = Draft(branch)
    draft.materials = kept
    return draft.close()


def _freed(process: Process, branch: Branch, first: set[int], second: set[int]) -> Branch:
    """The branch in which no step of ``second`` directly waits for one of ``first``; the same where none did."""
    block = {i for i, s in enumerate(branch.steps) if s.node in first}
    own = {i for i, s in enumerate(branch.steps) if s.node in second} - block
    waiting = [i for i in sorted(own) if block.intersection(branch.steps[i].after)]
    if not waiting:
        return branch
    draft = Draft(branch)
    entry = min(block)
    opening = _outside(branch, entry, block)
    for i in waiting:
        left = block.intersection(branch.steps[i].after)
        draft.after[i] = _outside(branch, i, block)
        together = draft.after[i] == opening and process.nodes[branch.steps[entry].node].applicant
        if together and process.nodes[branch.steps[i].node].applicant:
            draft.change(i, wait=branch.steps[entry].wait, band=branch.steps[entry].band)
        part = own.intersection(later(branch, [i])) | {i}
        for k in range(len(draft.steps)):
            # What came after the second, and so after the first, still does.
            if k not in own and k not in block and draft.after[k] & part:
                for j in left:
                    draft.follow(k, j)
    return draft.close()


def _outside(branch: Branch, i: int, block: set[int]) -> set[int]:
    """What a step waits for, and instead of steps of a block what these waited for."""
    found: set[int] = set()
    front, seen = list(branch.steps[i].after), {i}
    while front:
        j = front.pop()
        if j in seen:
            continue
        seen.add(j)
        if j in block:
            front.extend(branch.steps[j].after)
        else:
            found.add(j)
    return found


def _through(process: Process, first: set[int], second: set[int]) -> list[str]:
    """Activities that the second directly follows in the cases in which these lie after the first; the most frequent first."""
    found: dict[str, float] = defaultdict(float)
    for share, branch in weighted(process):
        entry = next((i for i, s in enumerate(branch.steps) if s.node in second), None)
        if entry is None:
            continue
        for j in branch.steps[entry].after:
            if any(branch.steps[k].node in first for k in earlier(branch, [j])):
                found[process.nodes[branch.steps[j].node].activity] += share
    return sorted(found, key=lambda name: (-found[name], name))[:3]


def _still_waiting(process: Process, first: set[int], second: set[int]) -> float:
    """Share of the changed cases in which the second still follows, through others, all that the first does."""
    changed = still = 0.0
    for share, branch in weighted(process):
        new = _freed(process, branch, first, second)
        if new is branch:
            continue
        changed += share
        own = [i for i, s in enumerate(new.steps) if s.node in second]
        block = {i for i, s in enumerate(new.steps) if s.node in first}
        still += share * (block <= earlier(new, own[:1]))
    return still / changed if changed else 0.0
