"""M02 压减审批层级."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import ClassVar

from pydantic import Field

from flowaudit.messages import Language, both
from flowaudit.messages import translate as _
from flowaudit.process import Branch, Process
from flowaudit.redesign import legal, names
from flowaudit.redesign.draft import Outcome, change_branches
from flowaudit.redesign.measure import Caution, Direction, Measure, MeasureRefusedError
from flowaudit.redesign.returns import Returns


class LimitLevels(Measure):
    """Let a department decide after ``levels`` sign-offs."""

    id: ClassVar[str] = "M02"
    verb: ClassVar[str] = "limit_levels"
    category: ClassVar[str] = "U"
    expected: ClassVar[Mapping[str, Direction]] = {"steps": "-", "time": "-"}
    needs: ClassVar[tuple[str, ...]] = ("level",)
    subject: ClassVar[tuple[str, ...]] = ("department",)
    seed: ClassVar[str] = "S25"
    # No log tells what the level kept would have found without the ones above it.
    varied: ClassVar[Mapping[str, tuple[float, ...]]] = {"detection": (0.5, 1.0)}

    department: str = Field(description="部门 / department")
    levels: int = Field(ge=2, le=9, description="保留审批层级数 / sign-off levels that stay (2 or 3 by the guidance)")
    detection: float = Field(
        default=1.0, ge=0.0, le=1.0,
        description="被取消层级的退回和不予许可由保留层级作出的占比（假定） / share of the dropped levels' returns and refusals "
        "that the level kept makes instead (assumed)",
    )  # fmt: skip

    @classmethod
    def name(cls, lang: Language | None = None) -> str:
        return _("fewer sign-off levels", lang=lang)

    @classmethod
    def description(cls, lang: Language | None = None) -> str:
        return _(
            "Sign-offs above the level kept fall away with their wait and work; the right to decide moves down to it. Of the "
            "returns and refusals the dropped levels used to make, the level kept makes the stated share. The others are not made: "
            "what was done again because of them is done once, and a case that was refused ends as the item's cases usually do.",
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

    def assumed(self, lang: Language | None = None) -> str:
        return _(
            "{department}: the level kept makes {share:.0%} of the returns and refusals of the levels dropped",
            lang=lang, department=self.department, share=self.detection,
        )  # fmt: skip

    def cautions(self, process: Process) -> tuple[Caution, ...]:
        signing = self._signing(process)
        above = {i for i, level in signing.items() if level > self.levels}
        returned, refused = _shares(process, signing, above)
        found = []
        if returned > 0:
            found.append(
                both("{share:.1%} of the cases that reach a dropped level were returned by it.", share=returned)
            )
        if refused > 0 and self.detection == 1:
            found.append(
                both(
                    "{share:.1%} of the cases that reach a dropped level were refused by it: these refusals rest with the level kept.",
                    share=refused,
                )
            )
        elif refused > 0:
            found.append(
                both(
                    "{share:.1%} of the cases that reach a dropped level were refused by it; of these {granted:.0%} would now be granted.",
                    share=refused, granted=1.0 - self.detection,
                )
            )  # fmt: skip
        kept = set(signing) - above
        found += legal.against_changing(process, above)
        found += legal.same_officer(self._decided_below(process, signing), kept, known=legal.one_person(process, kept))
        return tuple(found)

    def transform(self, process: Process) -> tuple[Process, float]:
        signing = self._signing(process)
        above = {i for i, level in signing.items() if level > self.levels}
        returns = Returns(process, signing, above)

        def change(branch: Branch) -> Sequence[tuple[float, Outcome]] | None:
            gone = [step.node in above for step in branch.steps]
            if not any(gone) or all(gone):
                return None
            strict = partial(returns.without, branch)
            again, refused = (returns.again(branch), returns.refused(branch)) if self.detection < 1 else ((), ())
            if not again and not refused:
                return [(1.0, strict)]
            missed = partial(returns.without, branch, again, refused)
            return [(self.detection, strict), (1.0 - self.detection, missed)]

        after, touched = change_branches(process, change, key=f"M02|{self.department}")
        return self._decided_below(after, signing), touched

    def _decided_below(self, process: Process, signing: Mapping[int, int]) -> Process:
        """The process in which the level kept decides what levels above it decided."""
        decided_above = {
            process.nodes[i].item for i, level in signing.items() if level > self.levels and process.nodes[i].stage == "decide"
        }  # fmt: skip
        nodes = tuple(
            replace(node, stage="decide")
            if signing.get(i) == self.levels and node.item in decided_above and node.stage in ("review", "check")
            else node
            for i, node in enumerate(process.nodes)
        )
        return replace(process, nodes=nodes)

    def _signing(self, process: Process) -> dict[int, int]:
        """Nodes of the department at which somebody signs, with their level."""
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
        return signing


def _shares(process: Process, signing: Mapping[int, int], above: set[int]) -> tuple[float, float]:
    """Of the cases that pass a dropped level, the shares it returned and refused."""
    returns = Returns(process, signing, above)
    passing = returned = refused = 0.0
    for template in process.templates:
        for branch in template.branches:
            if any(step.node in above for step in branch.steps):
                weight = template.cases * branch.probability
                passing += weight
                returned += weight * bool(returns.again(branch))
                refused += weight * bool(returns.refused(branch))
    return (returned / passing, refused / passing) if passing > 0 else (0.0, 0.0)
