"""M09 一次告知、智能导引."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from flowaudit.messages import Language, both
from flowaudit.messages import translate as _
from flowaudit.process import Branch, Process
from flowaudit.redesign import names
from flowaudit.redesign.chance import Chance, change_by_chance
from flowaudit.redesign.corrections import Corrections, Loop, no_corrections, none_about
from flowaudit.redesign.measure import Caution, Direction, Measure

FEW = 30
"""Fewer observed corrections than this say little of what guidance could spare."""


class NotifyOnce(Measure):
    """Tell applicants exactly, and once, what is needed: a share of the corrections is no longer asked for."""

    id: ClassVar[str] = "M09"
    verb: ClassVar[str] = "notify_once"
    category: ClassVar[str] = "①"
    expected: ClassVar[Mapping[str, Direction]] = {"time": "-", "trips": "-"}
    needs: ClassVar[tuple[str, ...]] = ("stage",)
    subject: ClassVar[tuple[str, ...]] = ("materials",)
    seed: ClassVar[str] = "S12"
    # How many corrections better guidance spares is known only after it.
    varied: ClassVar[Mapping[str, tuple[float, ...]]] = {"avoided": (0.25, 0.75)}

    materials: tuple[str, ...] = Field(
        default=(),
        description="补正所涉材料，空为全部补正 / materials the corrections are about; empty: all corrections",
    )
    avoided: float = Field(ge=0.0, le=1.0, description="可避免的补正占比 / share of these corrections that is avoided")
    together: bool = Field(
        default=False,
        description="受理前的再次补正并入首次补正一并告知 / further corrections before acceptance are asked for with the first",
    )

    @classmethod
    def name(cls, lang: Language | None = None) -> str:
        return _("one notice and guidance", lang=lang)

    @classmethod
    def description(cls, lang: Language | None = None) -> str:
        return _(
            "A share of the corrections falls away, with the trips made for them, the suspensions they were and what was "
            "reviewed once more; what was handed in only then comes with the application. Where all is asked for at once, "
            "the later corrections of an item before its acceptance join the first. A case that ended with a notice stays ended.",
            lang=lang,
        )

    @classmethod
    def risk(cls, lang: Language | None = None) -> str:
        return _(
            "Whether what was not told at once may still be asked for later, and who answers for wrong guidance, is to be "
            "checked; guides and questionnaire are to be kept in step with the rules.",
            lang=lang,
        )

    def label(self, lang: Language | None = None) -> str:
        about = (", " if lang == "en" else "、").join(self.materials) or _("all materials", lang=lang)
        if self.together and self.avoided == 0:
            return _("all corrections asked for at once: {about}", lang=lang, about=about)
        told = _("{share:.0%} of the corrections avoided: {about}", lang=lang, share=self.avoided, about=about)
        return told + (_("; further ones asked for with the first", lang=lang) if self.together else "")

    def assumed(self, lang: Language | None = None) -> str:
        if self.avoided == 0:
            return ""
        return _("{share:.0%} of these corrections are avoided", lang=lang, share=self.avoided)

    def cautions(self, process: Process) -> tuple[Caution, ...]:
        wanted = self._wanted(process)
        concerned = unknown = 0.0
        for weight, _branch, loop in Corrections(process).all_loops():
            concerned += weight * _about(loop, wanted)
            unknown += weight * (not loop.cause)
        found: list[Caution] = []
        if concerned < FEW:
            found.append(
                both("Only {n:.0f} corrections of the log are concerned: too few to tell their effect.", n=concerned)
            )
        if unknown > 0 and process.has_materials:
            found.append(both(
                "Of {n:.0f} corrections the log does not say what they were about; guidance on a material need not help there.",
                n=unknown,
            ))  # fmt: skip
        if self.avoided > 0.8:
            found.append(
                both("More than four in five corrections avoided is much: applicants' own slips are among them.")
            )
        return tuple(found)

    def transform(self, process: Process) -> tuple[Process, float]:
        corrections, wanted = Corrections(process), self._wanted(process)
        self._refuse_unknown(corrections, process, wanted)

        def chances(branch: Branch) -> list[Chance[Loop]]:
            _joined, left = self._split(corrections.loops(branch), wanted)
            return [Chance(loop, self.avoided, "/".join(loop.cause) or (loop.item or "")) for loop in left]

        def outcome(branch: Branch, avoided: list[Loop]) -> Branch:
            joined, _left = self._split(corrections.loops(branch), wanted)
            gone: dict[Loop, Loop | None] = dict.fromkeys(avoided)
            # What joins a correction that is avoided is avoided with it.
            gone |= {loop: None if first in avoided else first for loop, first in joined.items()}
            return corrections.without(branch, gone) if gone else branch

        key = "M09" + "".join(wanted)
        return change_by_chance(process, chances, outcome, key=key)

    def _wanted(self, process: Process) -> tuple[str, ...]:
        return tuple(dict.fromkeys(names.material(process, m) for m in self.materials))

    def _refuse_unknown(self, corrections: Corrections, process: Process, wanted: Sequence[str]) -> None:
        if not corrections.recorded:
            raise no_corrections(self.label())
        if wanted and not any(_about(loop, wanted) for _n, _b, loop in corrections.all_loops()):
            raise none_about(self.label(), corrections, process)

    def _split(self, loops: Iterable[Loop], wanted: Sequence[str]) -> tuple[dict[Loop, Loop], list[Loop]]:
        """Which of the corrections concerned join which, and those that are left."""
        joined: dict[Loop, Loop] = {}
        left: list[Loop] = []
        first: dict[str | None, Loop] = {}
        for loop in loops:
            if not (loop.answered and _about(loop, wanted)):
                continue
            if self.together and loop.accepted_at is not None and loop.item in first:
                joined[loop] = first[loop.item]
                continue
            if loop.accepted_at is not None:
                first[loop.item] = loop
            left.append(loop)
        return joined, left


def _about(loop: Loop, wanted: Sequence[str]) -> bool:
    """Whether a correction was about nothing but what is wanted; nothing wanted: every correction."""
    return not wanted or (bool(loop.cause) and set(loop.cause) <= set(wanted))
