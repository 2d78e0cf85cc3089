"""M07 电子证照或数据共享免交."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import ClassVar

from pydantic import Field

from flowaudit.messages import Language
from flowaudit.messages import translate as _
from flowaudit.process import Branch, Process
from flowaudit.redesign import names
from flowaudit.redesign.draft import Draft, change_branches
from flowaudit.redesign.measure import Direction, Measure


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

    @classmethod
    def name(cls, lang: Language | None = None) -> str:
        return _("e-licence instead of paper", lang=lang)

    @classmethod
    def description(cls, lang: Language | None = None) -> str:
        return _(
            "Each material is fetched where the fetch succeeds; corrections asked for because of it alone fall away there, "
            "with their trips. Elsewhere everything stays as it is.",
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
        return _("{success:.0%} of the fetches succeed", lang=lang, success=self.success)

    def transform(self, process: Process) -> tuple[Process, float]:
        after, most = process, 0.0
        for wanted in [names.material(process, m) for m in self.materials]:
            after, touched = change_branches(after, partial(_fetch, wanted=wanted, success=self.success), key=wanted)
            most = max(most, touched)
        return after, most


def _fetch(branch: Branch, *, wanted: str, success: float) -> Sequence[tuple[float, Branch]] | None:
    """The branch with the material fetched, and as it was where the fetch fails."""
    if not any(m.canonical_id == wanted and m.source == "applicant" for m in branch.materials):
        return None
    draft = Draft(branch)
    for i, step in enumerate(branch.steps):
        if wanted in step.cause:
            rest = tuple(c for c in step.cause if c != wanted)
            draft.change(i, cause=rest)
            if not rest:
                draft.drop(i)
    draft.materials = [
        replace(m, source="elicence", accepted=True) if m.canonical_id == wanted and m.source == "applicant" else m
        for m in draft.materials
    ]
    return [(success, draft.close()), (1.0 - success, branch)]
