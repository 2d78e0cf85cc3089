"""M02 压减审批层级."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from pydantic import Field

from flowaudit.messages import Language
from flowaudit.messages import translate as _
from flowaudit.process import Branch, Process
from flowaudit.redesign import names
from flowaudit.redesign.draft import Draft, change_branches
from flowaudit.redesign.measure import Direction, Measure, MeasureRefusedError


class LimitLevels(Measure):
    """Let a department decide after ``levels`` sign-offs."""

    id: ClassVar[str] = "M02"
    verb: ClassVar[str] = "limit_levels"
    category: ClassVar[str] = "U"
    expected: ClassVar[Mapping[str, Direction]] = {"steps": "-", "time": "-"}
    needs: ClassVar[tuple[str, ...]] = ("level",)
    subject: ClassVar[tuple[str, ...]] = ("department",)
    seed: ClassVar[str] = "S25"

    department: str = Field(description="部门 / department")
    levels: int = Field(ge=2, le=9, description="保留审批层级数 / sign-off levels that stay (2 or 3 by the guidance)")

    @classmethod
    def name(cls, lang: Language | None = None) -> str:
        return _("fewer sign-off levels", lang=lang)

    @classmethod
    def description(cls, lang: Language | None = None) -> str:
        return _(
            "Sign-offs above the level kept fall away with their wait and work; the right to decide moves down to it. "
            "Returns a dropped level used to make are made by the level kept.",
            lang=lang,
        )

    @classmethod
    def risk(cls, lang: Language | None = None) -> str:
        return _(
            "The decision stays with the competent authority; matters for collective discussion keep it; reviewer and "
            "decider are different persons.",
            lang=lang,
        )

    def label(self, lang: Language | None = None) -> str:
        return _("{department}: at most {n} sign-off levels", lang=lang, department=self.department, n=self.levels)

    def transform(self, process: Process) -> tuple[Process, float]:
        department = names.department(process, self.department)
        signing = {
            i: node.level
            for i, node in enumerate(process.nodes)
            if node.department == department and node.level is not None and not node.automatic
        }
        if not signing:
            raise MeasureRefusedError(
                _("{measure}: the log records no sign-off levels there.", measure=self.label()),
                hint=_("give them in the mapping file, table [levels]."),
            )
        above = {i for i, level in signing.items() if level > self.levels}
        items_decided_above = {process.nodes[i].item for i in above if process.nodes[i].stage == "decide"}

        def change(branch: Branch) -> Sequence[tuple[float, Branch]] | None:
            draft = Draft(branch)
            gone = [i for i, step in enumerate(branch.steps) if step.node in above]
            for i in gone:
                draft.drop(i)
            return [(1.0, draft.close())] if gone else None

        after, touched = change_branches(process, change)
        nodes = tuple(
            replace(node, stage="decide")
            if signing.get(i) == self.levels and node.item in items_decided_above and node.stage in ("review", "check")
            else node
            for i, node in enumerate(after.nodes)
        )
        return replace(after, nodes=nodes), touched
