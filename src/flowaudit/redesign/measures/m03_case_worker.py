"""M03 打破科室界限、专人通办."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from pydantic import Field

from flowaudit.messages import Language, both
from flowaudit.messages import translate as _
from flowaudit.process import Branch, Node, Performer, Pool, Process, Step, utilisation
from flowaudit.redesign import names
from flowaudit.redesign.additions import Additions
from flowaudit.redesign.draft import change_branches
from flowaudit.redesign.measure import Caution, Direction, Measure, MeasureRefusedError

CLOSING = ("notify", "archive")
BUSY = 0.85
"""Officers asked for more of their working hours than this keep cases waiting (domain model, W19)."""


class CaseWorker(Measure):
    """Let one officer see a case through a department instead of handing it from office to office."""

    id: ClassVar[str] = "M03"
    verb: ClassVar[str] = "case_worker"
    category: ClassVar[str] = "U"
    expected: ClassVar[Mapping[str, Direction]] = {"time": "-"}
    # Without start times a delay holds the work, too, and nothing of it can be said to fall away.
    needs: ClassVar[tuple[str, ...]] = ("department", "start")
    subject: ClassVar[tuple[str, ...]] = ("department",)
    seed: ClassVar[str] = "S26"
    # Whoever does everything knows less of each thing; how much slower that makes him no log tells.
    varied: ClassVar[Mapping[str, tuple[float, ...]]] = {"speed": (0.8, 1.0)}

    department: str = Field(description="部门 / department")
    activities: tuple[str, ...] = Field(
        default=(), description="由专人通办的环节，空为除决定外的全部环节 / activities the case worker does; empty: all but the decision"
    )  # fmt: skip
    speed: float = Field(default=1.0, ge=0.2, le=5.0, description="办理速度（现行为 1） / speed of working, 1: as now")
    desk: str = Field(default="专人通办", min_length=1, description="岗位名称 / what the desk is called")

    @classmethod
    def name(cls, lang: Language | None = None) -> str:
        return _("one case worker", lang=lang)

    @classmethod
    def description(cls, lang: Language | None = None) -> str:
        return _(
            "The officers of the offices concerned form one pool, and any of them sees a case through: the delay of every "
            "handover from office to office inside the department falls away. What remains is the work, at the speed stated, "
            "and the queue for a free officer. The activities keep their names, so steps are counted as before.",
            lang=lang,
        )

    @classmethod
    def risk(cls, lang: Language | None = None) -> str:
        return _(
            "Acceptance, review and decision in one hand is a risk of integrity: which of them must stay apart is to be checked.",
            lang=lang,
        )

    def label(self, lang: Language | None = None) -> str:
        chosen = (", " if lang == "en" else "、").join(self.activities) or _("all but the decision", lang=lang)
        return _(
            "{department}: one case worker for {activities}", lang=lang, department=self.department, activities=chosen
        )

    def assumed(self, lang: Language | None = None) -> str:
        return _(
            "the case worker works at {speed:.0%} of today's speed, and no case lies still between two of his own steps",
            lang=lang, speed=self.speed,
        )  # fmt: skip

    def cautions(self, process: Process) -> tuple[Caution, ...]:
        chosen = self._chosen(process)
        return (*_roles(process, chosen), *self._people(process, chosen))

    def transform(self, process: Process) -> tuple[Process, float]:
        chosen = self._chosen(process)
        handovers = _handovers(process, chosen)
        additions = Additions(process)
        works = self._works(process, additions)

        def change(branch: Branch) -> Sequence[tuple[float, Branch]] | None:
            steps, nodes = list(branch.steps), [s.node for s in branch.steps]
            changed = False
            for i, step in enumerate(branch.steps):
                if step.node in chosen:
                    free = bool(step.after) and all((nodes[j], step.node) in handovers for j in step.after)
                    work = works(step.work)
                    changed |= free or work != step.work
                    steps[i] = replace(step, wait=-1, work=work) if free else _working(step, work)
            return [(1.0, replace(branch, steps=tuple(steps)))] if changed else None

        after, touched = change_branches(process, change)
        if not handovers or touched <= 0:
            raise MeasureRefusedError(
                _("{measure}: the log shows no handover between offices there.", measure=self.label()),
                hint=_("name activities of several offices; offices or officers must be recorded."),
            )
        _join(process, additions, chosen, f"{self.department}·{self.desk}", self.desk, works)
        return additions.finish(after), touched

    def _chosen(self, process: Process) -> frozenset[int]:
        """The nodes the case worker takes over."""
        department = names.department(process, self.department)
        own = {i: n for i, n in enumerate(process.nodes) if n.department == department and not n.automatic}
        if not self.activities:
            return frozenset(i for i, n in own.items() if n.stage != "decide" and n.stage not in CLOSING)
        known = list(dict.fromkeys(n.activity for n in own.values()))
        wanted = {
            names.resolve(a, known, _("activity of {department}", department=department)) for a in self.activities
        }
        return frozenset(i for i, n in own.items() if n.activity in wanted)

    def _works(self, process: Process, additions: Additions) -> Callable[[int], int]:
        numbers: dict[int, int] = {}

        def at_speed(number: int) -> int:
            """The number of a table of work at the case worker's speed."""
            if number < 0 or self.speed == 1.0:
                return number
            if number not in numbers:
                numbers[number] = additions.work(process.works[number] / self.speed)
            return numbers[number]

        return at_speed

    def _people(self, process: Process, chosen: Collection[int]) -> Iterable[Caution]:
        nodes = process.nodes
        officers = {p.resource for i in chosen for p in nodes[i].performers}
        if len(officers) == 1:
            yield both("One officer would do it all: when he is away, nothing moves (AB角).")
        batches = sorted({nodes[i].activity for i in chosen if nodes[i].batch is not None})
        if batches:
            yield both("“{names}” stay bound to set times: the case worker waits for these.", names=", ".join(batches))
        if not process.identifiable.staffing:
            yield both(
                "The log does not tell who queues for whom: the delay of the handovers falls away whole, with no queue left."
            )
            return
        before = utilisation(process)["utilisation"].to_numpy()
        after = utilisation(self.transform(process)[0])
        pools = {nodes[i].pool for i in chosen} - {-1}
        joint = after.loc[after["pool"] == f"{self.department}·{self.desk}", "utilisation"]
        most = max((before[p] for p in pools), default=0.0)
        if len(joint) and joint.iloc[0] > max(BUSY, most):
            yield both(
                "The case workers would be busy {after:.0%} of their working hours: a queue grows there.",
                after=joint.iloc[0],
            )
        share = process.identifiable.queue_share
        if share is not None and share[1] > 0.5:
            yield both(
                "Queueing explains up to {share:.0%} of the waiting: part of what falls away as delay may come back as a queue.",
                share=share[1],
            )


def _working(step: Step, work: int) -> Step:
    return step if work == step.work else replace(step, work=work)


def _handovers(process: Process, chosen: Collection[int]) -> frozenset[tuple[int, int]]:
    """Pairs of nodes between which a case changes hands: other offices, or other people where offices are not recorded."""
    return frozenset((a, b) for a in chosen for b in chosen if _changes_hands(process.nodes[a], process.nodes[b]))


def _changes_hands(a: Node, b: Node) -> bool:
    if None not in (a.item, b.item) and a.item != b.item:
        # One item's work does not wait to be handed over from another's.
        return False
    if a.office is not None and b.office is not None:
        return a.office != b.office
    mine, other = ({p.resource for p in n.performers} for n in (a, b))
    return bool(mine and other) and mine.isdisjoint(other)


def _roles(process: Process, chosen: Collection[int]) -> Iterable[Caution]:
    """Which roles would come to lie in one hand."""
    stages = {process.nodes[i].stage for i in chosen}
    if "decide" in stages and stages & {"review", "check"}:
        yield both("Review and decision would lie in one hand: whether the same person may do both is to be checked.")
    elif {"review", "check"} <= stages:
        yield both("First and second review would lie in one hand: nobody else looks at a case before the decision.")
    if "accept" in stages and stages & {"review", "check", "decide"}:
        yield both(
            "Whoever accepts would review as well: the guidance keeps the front office apart from the review (前台综合受理、后台分类审批)."
        )
    levels = {process.nodes[i].level for i in chosen} - {None}
    if len(levels) > 1:
        yield both("{n} sign-off levels would be signed by one person; limit_levels says so openly.", n=len(levels))


def _join(
    process: Process, additions: Additions, chosen: Collection[int], name: str, desk: str, works: Callable[[int], int]
) -> None:
    """Make one pool of the officers, who all do all of the nodes chosen; those who have done one keep their own pace there."""
    weights: dict[int, float] = {}
    for i in sorted(chosen):
        for p in process.nodes[i].performers:
            weights[p.resource] = weights.get(p.resource, 0.0) + p.weight
    joined = sorted({process.nodes[i].pool for i in chosen if process.nodes[i].performers} - {-1})
    number = _pools(process, additions, joined, name)
    for i, node in enumerate(process.nodes):
        fields: dict[str, object] = {} if node.pool < 0 else {"pool": number[node.pool]}
        if i in chosen:
            own = {p.resource: works(p.work) for p in node.performers}
            fields["office"] = desk
            if own:
                fields["performers"] = tuple(Performer(r, w, own.get(r, -1)) for r, w in sorted(weights.items()))
        if any(getattr(node, key) != value for key, value in fields.items()):
            additions.change_node(i, **fields)


def _pools(process: Process, additions: Additions, joined: Sequence[int], name: str) -> list[int]:
    """Put one pool in the place of some; return the new number of each."""
    if not joined:
        return list(range(len(process.pools)))
    old = [process.pools[k] for k in joined]
    capacity = sum(p.capacity for p in old)
    one = Pool(
        name, old[0].department, capacity, sum(p.resources for p in old),
        sum(p.utilisation * p.capacity for p in old) / capacity if capacity else 0.0, old[0].discipline,
    )  # fmt: skip
    kept = [k for k in range(len(process.pools)) if k not in joined or k == joined[0]]
    number = [kept.index(joined[0] if k in joined else k) for k in range(len(process.pools))]
    additions.pools = [one if k == joined[0] else process.pools[k] for k in kept]
    additions.resources = [replace(r, pool=number[r.pool]) for r in process.resources]
    return number
