"""M07 电子证照或数据共享免交."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import ClassVar

from pydantic import Field

from flowaudit.messages import Language, both
from flowaudit.messages import translate as _
from flowaudit.process import Branch, MaterialUse, Node, Process, Step, family
from flowaudit.redesign import guide_facts, names
from flowaudit.redesign.additions import Additions
from flowaudit.redesign.chance import Chance, change_by_chance
from flowaudit.redesign.corrections import Corrections, Loop
from flowaudit.redesign.draft import Draft
from flowaudit.redesign.measure import Caution, Direction, Measure

FETCH = "电子证照调取"


class UseELicence(Measure):
    """Fetch materials from the e-licence library instead of asking the applicant for them."""

    id: ClassVar[str] = "M07"
    verb: ClassVar[str] = "use_e_licence"
    category: ClassVar[str] = "②"
    expected: ClassVar[Mapping[str, Direction]] = {"materials": "-", "time": "-", "trips": "-"}
    needs: ClassVar[tuple[str, ...]] = ("materials",)
    subject: ClassVar[tuple[str, ...]] = ("materials",)
    seed: ClassVar[str] = "S42"
    # No log of an office without e-licences can tell how often a fetch would succeed.
    varied: ClassVar[Mapping[str, tuple[float, ...]]] = {"success": (0.8, 1.0)}

    materials: tuple[str, ...] = Field(min_length=1, description="材料 / materials")
    success: float = Field(default=0.95, ge=0.0, le=1.0, description="调取成功率 / share of fetches that succeed")
    latency_h: float = Field(
        default=0.0, ge=0.0, le=720.0, description="每次调取用时（小时），0 为即时 / hours a fetch takes; 0: none"
    )

    @classmethod
    def name(cls, lang: Language | None = None) -> str:
        return _("e-licence instead of paper", lang=lang)

    @classmethod
    def description(cls, lang: Language | None = None) -> str:
        return _(
            "Each material is fetched where the fetch succeeds, each for itself; corrections asked for because of what is "
            "fetched alone fall away there, with their trips and what was reviewed once more. A fetch that takes time "
            "holds up the acceptance. Where it fails, which is known at once, everything stays as it is.",
            lang=lang,
        )

    @classmethod
    def risk(cls, lang: Language | None = None) -> str:
        return _(
            "Purpose limitation, the applicant's authorisation and a record of every fetch; where data and reality differ, "
            "a manual path at no cost to the applicant.",
            lang=lang,
        )

    def label(self, lang: Language | None = None) -> str:
        listed = ", ".join(self.materials) if lang == "en" else "、".join(self.materials)
        return _(
            "fetched as e-licence (success {success:.0%}): {materials}",
            lang=lang,
            success=self.success,
            materials=listed,
        )

    def assumed(self, lang: Language | None = None) -> str:
        told = _("{success:.0%} of the fetches succeed", lang=lang, success=self.success)
        if self.latency_h > 0:
            told += _("; each takes {hours:g} hours", lang=lang, hours=self.latency_h)
        return told

    def cautions(self, process: Process) -> tuple[Caution, ...]:
        found: list[Caution] = []
        asked = Corrections(process).causes()
        for material in self._wanted(process):
            found += _against(process, material)
        if not any(asked.get(m) for m in self._wanted(process)):
            found.append(both(
                "No correction of the log is about these materials: neither time nor trips are seen to be saved, only materials."
            ))  # fmt: skip
        return tuple(found)

    def transform(self, process: Process) -> tuple[Process, float]:
        wanted = self._wanted(process)
        corrections, additions = Corrections(process), Additions(process)
        each = [Chance(material, self.success, material) for material in wanted]

        def chances(branch: Branch) -> list[Chance[str]]:
            used = {m.canonical_id for m in branch.materials if m.source == "applicant"}
            return [chance for chance in each if chance.what in used]

        def outcome(branch: Branch, come: list[str]) -> Branch:
            if not come:
                return branch
            fetched = frozenset(come)
            about = [loop for loop in corrections.loops(branch) if fetched.intersection(loop.cause)]
            after = branch
            if about or self.latency_h > 0:
                draft = Draft(branch)
                _take_out(corrections, draft, branch, about, fetched)
                if self.latency_h > 0:
                    self._wait_for(additions, draft, fetched)
                after = draft.close()
            # Spelt out: ``replace`` takes five times as long.
            materials = [
                MaterialUse(m.step, m.item, m.canonical_id, "elicence", True)
                if m.canonical_id in fetched and m.source == "applicant"
                else m
                for m in after.materials
            ]
            return replace(after, materials=tuple(materials))

        after, touched = change_by_chance(process, chances, outcome, key="M07")
        return additions.finish(after), touched

    def _wanted(self, process: Process) -> tuple[str, ...]:
        return tuple(dict.fromkeys(names.material(process, m) for m in self.materials))

    def _wait_for(self, additions: Additions, draft: Draft, fetched: frozenset[str]) -> None:
        """Put a fetch, which all materials of an item share, after what these used to be handed in with."""
        work = additions.work(family("constant", value=self.latency_h))
        first: dict[str | None, int] = {}
        for m in draft.materials:
            if m.canonical_id in fetched and m.source == "applicant":
                first[m.item] = min(m.step, first.get(m.item, m.step))
        for item, step in sorted(first.items(), key=lambda found: found[1]):
            node = additions.node(Node(FETCH, stage="apply", item=item, automatic=True))
            draft.insert_after(step, Step(node, (), -1, work, 0, band=-1), key=f"M07|{item}")


def _take_out(
    corrections: Corrections, draft: Draft, branch: Branch, about: Iterable[Loop], fetched: frozenset[str]
) -> None:
    """Take out the corrections that were about nothing but what is fetched; the others are about less."""
    gone: dict[Loop, Loop | None] = {}
    for loop in about:
        if loop.answered and fetched.issuperset(loop.cause):
            gone[loop] = None
        else:
            for i in loop.steps:
                draft.change(i, cause=tuple(c for c in draft.steps[i].cause if c not in fetched))
    if gone:
        corrections.take_out(draft, branch, gone)


def _against(process: Process, material: str) -> Iterable[Caution]:
    """What the guides say against fetching a material."""
    catalogue, name = process.catalogue, process.material_names.get(material, material)
    if catalogue is None:
        return
    facts = guide_facts.of_material(catalogue, material)
    if not facts.known:
        yield both("The catalogue does not know the material “{name}”: whether it can be fetched is open.", name=name)
        return
    if facts.retrievable is False or (facts.retrievable is None and not facts.elicence):
        yield both(
            "By the catalogue “{name}” cannot be fetched yet; it must be collected in the library first.", name=name
        )
    if facts.outside:
        yield both(
            "“{name}” is not issued by an authority of the city: the rule that such papers need not be handed in does not cover it.",
            name=name,
        )
    for item in facts.produced_by:
        yield both(
            "“{name}” is the result of “{item}”: it can be fetched only once that has been issued.",
            name=name, item=catalogue.item_name(item),
        )  # fmt: skip
