"""M08 材料一次提交、多次复用."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from pydantic import Field

from flowaudit.messages import Language
from flowaudit.messages import translate as _
from flowaudit.process import Branch, Process
from flowaudit.redesign import names
from flowaudit.redesign.draft import change_branches
from flowaudit.redesign.measure import Direction, Measure


class ReuseMaterial(Measure):
    """Hand a material in once and use it for every item of the bundle."""

    id: ClassVar[str] = "M08"
    verb: ClassVar[str] = "reuse_material"
    category: ClassVar[str] = "②"
    expected: ClassVar[Mapping[str, Direction]] = {"materials": "-"}
    needs: ClassVar[tuple[str, ...]] = ("materials",)
    subject: ClassVar[tuple[str, ...]] = ("material",)
    seed: ClassVar[str] = "S13"

    material: str = Field(description="材料 / material")

    @classmethod
    def name(cls, lang: Language | None = None) -> str:
        return _("hand in once, use often", lang=lang)

    @classmethod
    def description(cls, lang: Language | None = None) -> str:
        return _(
            "Only the first item of a bundle that asks for the material gets it from the applicant. Corrections and trips "
            "stay as observed: the log cannot say which of them the reuse would spare.",
            lang=lang,
        )

    @classmethod
    def risk(cls, lang: Language | None = None) -> str:
        return _("Each department must accept the other's copy; the purpose of use is recorded.", lang=lang)

    def label(self, lang: Language | None = None) -> str:
        return _("“{material}” handed in once for all items", lang=lang, material=self.material)

    def transform(self, process: Process) -> tuple[Process, float]:
        wanted = names.material(process, self.material)

        def change(branch: Branch) -> Sequence[tuple[float, Branch]] | None:
            mine = sorted(
                (m for m in branch.materials if m.canonical_id == wanted and m.source == "applicant"),
                key=lambda m: m.step,
            )
            if len({m.item for m in mine}) < 2:
                return None
            first = mine[0].item
            materials = tuple(
                replace(m, source="reuse")
                if m.canonical_id == wanted and m.source == "applicant" and m.item != first
                else m
                for m in branch.materials
            )
            return [(1.0, replace(branch, materials=materials))]

        after, touched = change_branches(process, change)
        return after, touched
