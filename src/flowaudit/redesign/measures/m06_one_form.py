"""M06 一表申请."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import ClassVar

from pydantic import Field

from flowaudit.messages import Language, both
from flowaudit.messages import translate as _
from flowaudit.process import Branch, Process
from flowaudit.redesign import names
from flowaudit.redesign.additions import Additions
from flowaudit.redesign.chance import Chance, change_by_chance
from flowaudit.redesign.corrections import Corrections, Loop
from flowaudit.redesign.forms import Forms
from flowaudit.redesign.measure import Caution, Direction, Measure, MeasureRefusedError


class OneForm(Measure):
    """One form for several items: what is asked for twice is filled in once, what is on record not at all."""

    id: ClassVar[str] = "M06"
    verb: ClassVar[str] = "one_form"
    category: ClassVar[str] = "②"
    expected: ClassVar[Mapping[str, Direction]] = {"time": "-", "materials": "-"}
    needs: ClassVar[tuple[str, ...]] = ("item_code", "stage", "catalogue")
    subject: ClassVar[tuple[str, ...]] = ("items",)
    seed: ClassVar[str] = "S13"
    varied: ClassVar[Mapping[str, tuple[float, ...]]] = {"filling": (0.5, 1.0)}

    items: tuple[str, ...] = Field(default=(), description="事项，空为全部 / items; empty: all of them")
    form: str = Field(default="一件事申请表", min_length=1, description="合并后的表单名称 / name of the one form")
    prefilled: float = Field(
        default=0.0, ge=0.0, le=1.0,
        description="有权威来源的字段中实现预填的占比 / share of the fields with an authoritative source that are prefilled",
    )  # fmt: skip
    avoided: float = Field(
        default=0.0, ge=0.0, le=1.0, description="因表单引起的补正中可避免的占比 / share of the corrections about forms that is avoided"
    )  # fmt: skip
    filling: float = Field(
        default=1.0, ge=0.0, le=1.0, description="申请用时中填表所占比重 / share of the time of an application that is filling in"
    )  # fmt: skip

    @classmethod
    def name(cls, lang: Language | None = None) -> str:
        return _("one form", lang=lang)

    @classmethod
    def description(cls, lang: Language | None = None) -> str:
        return _(
            "The forms of the items become one. A field that several items ask for is filled in once; of the fields with an "
            "authoritative source a share (rounded down to whole fields) comes prefilled. The work of applying shrinks as the "
            "fields to be typed do, as far as it is filling in. Application forms handed in for several items count as one.",
            lang=lang,
        )

    @classmethod
    def risk(cls, lang: Language | None = None) -> str:
        return _(
            "Whether each department may take its data from the common form, and the applicant has agreed to what is prefilled, "
            "is to be checked; one long form is no relief for those who need one item only.",
            lang=lang,
        )

    def label(self, lang: Language | None = None) -> str:
        chosen = (", " if lang == "en" else "、").join(self.items) or _("all items", lang=lang)
        told = _("one form “{form}” for {items}", lang=lang, form=self.form, items=chosen)
        if self.prefilled > 0:
            told += _("; {share:.0%} of the fields on record prefilled", lang=lang, share=self.prefilled)
        return told

    def assumed(self, lang: Language | None = None) -> str:
        told = _("filling in is {share:.0%} of the time of an application", lang=lang, share=self.filling)
        if self.prefilled > 0:
            told += _("; {share:.0%} of the fields on record can be prefilled", lang=lang, share=self.prefilled)
        if self.avoided > 0:
            told += _("; {share:.0%} of the corrections about forms are avoided", lang=lang, share=self.avoided)
        return told

    def cautions(self, process: Process) -> tuple[Caution, ...]:
        if process.catalogue is None:
            return ()
        forms = Forms.of(process, self._items(process), self.prefilled)
        return (*self._about_fields(process, forms), *self._about_cases(process, forms))

    def transform(self, process: Process) -> tuple[Process, float]:
        assert process.catalogue is not None, "needs says so"
        forms = Forms.of(process, self._items(process), self.prefilled)
        if not forms.fields and not forms.papers:
            raise MeasureRefusedError(
                _(
                    "{measure}: the catalogue tells neither the fields nor the forms of these items.",
                    measure=self.label(),
                ),
                hint=_("give the table form_fields, or the kind of each material (doc_class)."),
            )
        corrections, additions = Corrections(process), Additions(process)
        typing = _Typing(process, additions, forms, self.filling)

        def about_forms(loops: Iterable[Loop]) -> list[Loop]:
            return [
                loop for loop in loops
                if loop.answered and loop.cause and forms.papers.issuperset(loop.cause) and loop.item in forms.items
            ]  # fmt: skip

        def chances(branch: Branch) -> list[Chance[Loop | None]]:
            loops = about_forms(corrections.loops(branch)) if self.avoided > 0 else []
            found: list[Chance[Loop | None]] = [
                Chance(loop, self.avoided, "/".join((loop.item or "", *loop.cause))) for loop in loops
            ]
            return found or [Chance(None, 0.0, "form")] * (typing.less(branch) or len(forms.handed_in(branch)) > 1)

        def outcome(branch: Branch, avoided: list[Loop | None]) -> Branch:
            gone: dict[Loop, Loop | None] = {loop: None for loop in avoided if loop is not None}
            after = corrections.without(branch, gone) if gone else branch
            return typing.shortened(forms.handed_in_as_one(after))

        after, touched = change_by_chance(process, chances, outcome, key="M06" + "".join(sorted(forms.items)))
        return replace(additions.finish(after), catalogue=forms.merged(process.catalogue, self.form)), touched

    def _items(self, process: Process) -> tuple[str, ...]:
        return tuple(dict.fromkeys(names.item(process, n) for n in self.items)) or tuple(process.item_names)

    def _about_fields(self, process: Process, forms: Forms) -> Iterable[Caution]:
        if not forms.fields:
            yield both(
                "The catalogue does not tell how the fields of these items are filled in: no time is seen to be saved."
            )
            return
        before, after = sum(map(len, forms.fields.values())), len(forms.typed(forms.items))
        longest = max(map(len, forms.fields.values()))
        if after > longest:
            yield both(
                "The one form has {after} fields to be typed, the longest of the single ones {longest}: fewer than all together "
                "({before}), but more for whoever needs one item only.", after=after, longest=longest, before=before,
            )  # fmt: skip
        if forms.unnamed:
            yield both(
                "{n} fields have no common name (canonical_field): the same thing asked for in two forms may not be seen there.",
                n=forms.unnamed,
            )
        if not process.identifiable.work or not any(_applying(process, forms)):
            yield both(
                "The log does not tell how long applying takes: the fields are fewer, but no time is seen to be saved."
            )

    def _about_cases(self, process: Process, forms: Forms) -> Iterable[Caution]:
        several = total = about = 0.0
        corrections = Corrections(process)
        for template in process.templates:
            for branch in template.branches:
                weight = template.cases * branch.probability
                items = {process.nodes[s.node].item for s in branch.steps} & set(forms.items)
                total += weight
                several += weight * (len(items) > 1)
                about += weight * sum(forms.papers.issuperset(c.cause) for c in corrections.loops(branch) if c.cause)
        if len(forms.items) > 1 and total > 0 and several < 0.5 * total:
            yield both("Only {share:.0%} of the cases have several of these items.", share=several / total)
        if self.avoided > 0 and about <= 0:
            yield both("The log has no correction about a form: none is avoided.")


def _applying(process: Process, forms: Forms) -> frozenset[int]:
    """Nodes at which an applicant fills in one of the forms, or those of several items at once."""
    return frozenset(
        i for i, n in enumerate(process.nodes)
        if n.applicant and n.stage == "apply" and (n.item is None or n.item in forms.fields)
    )  # fmt: skip


class _Typing:
    """The work of applying, shortened as the fields to be typed are fewer."""

    def __init__(self, process: Process, additions: Additions, forms: Forms, filling: float) -> None:
        self.additions, self.forms, self.filling = additions, forms, filling
        self._applying = _applying(process, forms)
        self._item_of = [n.item if n.item in forms.fields else None for n in process.nodes]
        self._left: dict[frozenset[str | None], float] = {}
        self._works: dict[tuple[int, float], int] = {}

    def left(self, branch: Branch) -> float:
        """Which share of the fields to be typed in this branch is left."""
        items = frozenset([self._item_of[s.node] for s in branch.steps])
        if items not in self._left:
            self._left[items] = self.forms.left([i for i in items if i is not None])
        return self._left[items]

    def less(self, branch: Branch) -> bool:
        """Whether an applicant of this branch has fewer fields to type."""
        return self.left(branch) < 1.0 and any(s.node in self._applying for s in branch.steps)

    def shortened(self, branch: Branch) -> Branch:
        factor = 1.0 - self.filling * (1.0 - self.left(branch))
        if factor >= 1.0:
            return branch
        steps = tuple(
            replace(s, work=self._work(s.work, factor)) if s.node in self._applying and s.work >= 0 else s
            for s in branch.steps
        )
        return replace(branch, steps=steps)

    def _work(self, number: int, factor: float) -> int:
        if (number, factor) not in self._works:
            table = self.additions.work_table(number)
            assert table is not None, "the step has work"
            self._works[number, factor] = self.additions.work(factor * table)
        return self._works[number, factor]
