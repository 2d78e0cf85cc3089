"""M25 分类分级."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar, Self

from pydantic import Field, model_validator

from flowaudit.messages import Language, both
from flowaudit.messages import translate as _
from flowaudit.process import WHOLE, Branch, Node, Performer, Process, Step, family
from flowaudit.redesign import lanes, legal, names
from flowaudit.redesign.additions import Additions
from flowaudit.redesign.draft import Draft, _no_collection
from flowaudit.redesign.evidence import knocked_out
from flowaudit.redesign.lanes import Lanes
from flowaudit.redesign.measure import Caution, Direction, Measure, MeasureRefusedError

TRIAGE = "分类分级"
"""Name of the act in which a case is put in its lane."""

AHEAD = 1.0
"""How far the fast lane's cases come before the others in a queue served by priority."""

FEW, MOST = 30, 0.8
"""Fewer observed cases are too few for a lane; a larger share of the cases is no lane."""

IDLE = 0.5
"""Officers busy for less than this share of their hours hardly let anybody wait."""


class Triage(Measure):
    """Tell simple cases from complex ones early, and let the simple ones pass on a fast lane."""

    id: ClassVar[str] = "M25"
    verb: ClassVar[str] = "triage"
    category: ClassVar[str] = "④"
    expected: ClassVar[Mapping[str, Direction]] = {"steps": "-", "time": "±"}
    subject: ClassVar[tuple[str, ...]] = ("pools",)
    seed: ClassVar[str] = "S52"

    attribute: str = Field(
        default="", description="分类属性（如申请方式） / attribute of the cases that decides, such as channel"
    )
    values: tuple[str, ...] = Field(default=(), description="走快车道的属性值 / its values in the fast lane")
    complex_if: tuple[str, ...] = Field(
        default=(), description="表明复杂的环节 / activities that mark a complex case; all others take the fast lane"
    )
    share: float | None = Field(
        default=None, ge=0.0, le=1.0,
        description="快车道占比（不分事由，假定） / share of the cases in the fast lane, whatever they are about (assumed)",
    )  # fmt: skip
    priority: bool = Field(default=True, description="快车道优先办理 / whether the fast lane is served first")
    pools: tuple[str, ...] = Field(
        default=(), description="实行快车道的人员组，空为全部 / pools of officers with a fast lane; empty: all"
    )
    officers: int = Field(
        default=0,
        ge=0,
        le=50,
        description="快车道专职人数（从该组调出） / officers of the pool for the fast lane alone",
    )
    dropped: tuple[str, ...] = Field(default=(), description="快车道取消的环节 / activities the fast lane leaves out")
    triage_min: float = Field(
        default=0.0,
        ge=0.0,
        le=480.0,
        description="每件分类用时（分钟） / work to put a case in its lane (minutes a case)",
    )

    @model_validator(mode="after")
    def _one_rule(self) -> Self:
        rules = [bool(self.attribute), bool(self.complex_if), self.share is not None]
        if sum(rules) != 1:
            raise ValueError(_("give one rule: attribute with values, complex_if, or share"))
        if bool(self.attribute) != bool(self.values):
            raise ValueError(_("attribute and values go together"))
        if not (self.priority or self.officers or self.dropped):
            raise ValueError(_("a fast lane needs priority, officers, or dropped activities"))
        if self.officers and len(self.pools) != 1:
            raise ValueError(_("officers are taken from one pool: name it in pools"))
        return self

    @classmethod
    def name(cls, lang: Language | None = None) -> str:
        return _("fast lane for simple cases", lang=lang)

    @classmethod
    def description(cls, lang: Language | None = None) -> str:
        return _(
            "Cases are put in one of two lanes by an attribute, by whether they pass certain activities, or by a share. Where the fast "
            "lane has priority its cases are served before all others of the pool, nobody being interrupted; what it gains the others "
            "wait longer. Officers of its own are taken from the pool and do nothing else. Activities it leaves out fall away there. "
            "Putting a case in its lane takes its officer's time after the first acceptance.",
            lang=lang,
        )

    @classmethod
    def risk(cls, lang: Language | None = None) -> str:
        return _(
            "The rule that tells simple cases from complex ones needs to be public and the same for everybody. Whether the activities left "
            "out may be left out is to be checked; complex cases still have to keep their time limit.",
            lang=lang,
        )

    def label(self, lang: Language | None = None) -> str:
        gets = [_("served first", lang=lang)] if self.priority else []
        if self.officers:
            gets.append(_("{n} officers of its own", lang=lang, n=self.officers))
        if self.dropped:
            gets.append(_("leaving out {names}", lang=lang, names=_(", ", lang=lang).join(self.dropped)))
        return _(
            "fast lane for {who} ({what})",
            lang=lang, who=self._who(lang), what=_("; ", lang=lang).join(gets),
        )  # fmt: skip

    def assumed(self, lang: Language | None = None) -> str:
        if self.share is not None:
            return _("{share:.0%} of the cases are simple, whatever they are about", lang=lang, share=self.share)
        return _("which lane a case belongs in can be told when it is accepted", lang=lang)

    def cautions(self, process: Process) -> tuple[Caution, ...]:
        split = self._lanes(process)
        found = []
        if split.cases < FEW:
            found.append(both("Only {n:.0f} observed cases would take the fast lane.", n=split.cases))
        share = split.cases / max(sum(t.cases for t in process.templates), 1e-9)
        if share > MOST:
            found.append(
                both("{share:.0%} of the cases would take the fast lane: hardly a lane any more.", share=share)
            )
        pools = [process.pools[k] for k in self._pools(process)]
        if self.priority and not self.officers and pools and all(p.utilisation < IDLE for p in pools):
            found.append(
                both(
                    "The officers are busy for at most {busy:.0%} of their hours: hardly any case waits for them, and being served first "
                    "saves little.",
                    busy=max(p.utilisation for p in pools),
                )
            )
        if self.complex_if:
            found.append(
                both(
                    "Whether a case passes these activities is known only afterwards; the rule needs a sign seen at the start."
                )
            )
        for pool in pools if self.officers else ():
            found.append(
                both(
                    "{n} of {total} places of {pool} would be for the fast lane alone: the two groups no longer stand in for each other.",
                    n=self.officers, total=pool.capacity, pool=pool.name,
                )
            )  # fmt: skip
        dropped = self._nodes(process, self.dropped)
        failed = knocked_out(process, dropped)
        if failed > 0:
            found.append(
                both("{share:.1%} of the cases that pass the activities left out end there today.", share=failed)
            )
        return (*found, *legal.against_changing(process, dropped))

    def transform(self, process: Process) -> tuple[Process, float]:
        split, pools = self._lanes(process), self._pools(process)
        everybody = len(split.fast) == len(split.process.templates)
        if not split.fast or (everybody and not self.dropped):
            return process, 0.0
        queues = pools if self.priority or self.officers else []
        lane = _FastLane(split, queues, self._nodes(process, self.dropped), self.officers)
        triage = _Act(lane.parts, self.triage_min / 60.0) if self.triage_min > 0 else None
        templates, touched = [], 0.0
        with _no_collection():
            for t, template in enumerate(split.process.templates):
                fast = t in split.fast
                if fast:
                    touched += sum(template.cases * b.probability * lane.concerns(b) for b in template.branches)
                branches = tuple([lane.run(b, triage, fast=fast) for b in template.branches])
                ahead = AHEAD if fast and self.priority else 0.0
                templates.append(replace(template, branches=branches, priority=template.priority - ahead))
        after = lane.parts.finish(replace(split.process, templates=tuple(templates)))
        return (_served_by_priority(after, pools) if self.priority else after), touched

    def _lanes(self, process: Process) -> Lanes:
        if self.share is not None:
            return lanes.by_chance(process, self.share, key=f"M25|{'|'.join(self.pools)}")
        if self.complex_if:
            marks = self._nodes(process, self.complex_if)
            return lanes.by_rule(process, lambda _template, branch: not any(s.node in marks for s in branch.steps))
        known: dict[str, set[str]] = {}
        for template in process.templates:
            for name, value in template.attributes:
                known.setdefault(name, set()).add(value)
        attribute = names.resolve(self.attribute, sorted(known), _("attribute of the cases"))
        values = {names.resolve(v, sorted(known[attribute]), f"{attribute} =") for v in self.values}
        return lanes.by_rule(process, lambda template, _branch: dict(template.attributes).get(attribute) in values)

    def _pools(self, process: Process) -> list[int]:
        """Pools with a fast lane: those named, else all that serve first who came first."""
        if not self.pools:
            used = {n.pool for n in process.nodes if n.performers and n.pool >= 0}
            return [k for k in sorted(used) if process.pools[k].discipline != "deadline"]
        chosen = [names.pool(process, name) for name in self.pools]
        for k in chosen:
            if process.pools[k].discipline == "deadline" and self.priority:
                raise MeasureRefusedError(
                    _("{measure}: {pool} serves by deadline.", measure=self.label(), pool=process.pools[k].name),
                    hint=_("leave it out, or set priority = false."),
                )
            if self.officers >= process.pools[k].capacity:
                raise MeasureRefusedError(
                    _("{measure}: the pool has {n} places.", measure=self.label(), n=process.pools[k].capacity),
                    hint=_("leave at least one place for the other cases."),
                )
        return chosen

    @staticmethod
    def _nodes(process: Process, activities: tuple[str, ...]) -> set[int]:
        return {i for activity in activities for i in process.nodes_of(names.activity(process, activity))}

    def _who(self, lang: Language | None) -> str:
        if self.share is not None:
            return _("{share:.0%} of the cases", lang=lang, share=self.share)
        if self.attribute:
            values = _(", ", lang=lang).join(self.values)
            return _("{attribute} {values}", lang=lang, attribute=self.attribute, values=values)
        return _("cases without {names}", lang=lang, names=_(", ", lang=lang).join(self.complex_if))


def _served_by_priority(process: Process, pools: list[int]) -> Process:
    chosen = set(pools)
    return replace(
        process,
        pools=tuple(replace(p, discipline="priority") if k in chosen else p for k, p in enumerate(process.pools)),
    )


class _FastLane:
    """What the cases of the fast lane leave out, and who does the rest."""

    def __init__(self, split: Lanes, pools: list[int], dropped: set[int], officers: int) -> None:
        self.process, self.pools, self.dropped = split.process, set(pools), dropped
        self.parts = Additions(split.process)
        self._node_of: dict[int, int] = self._own_officers(pools[0], officers) if officers else {}

    def concerns(self, branch: Branch) -> bool:
        """Whether a case meets a pool with a fast lane, or an activity that is left out."""
        return any(s.node in self.dropped or self._queues(s.node) for s in branch.steps)

    def run(self, branch: Branch, triage: _Act | None, *, fast: bool) -> Branch:
        """The branch as its lane runs it, after the act that put it there."""
        if fast and self._node_of and any(s.node in self._node_of for s in branch.steps):
            steps = tuple(replace(s, node=self._node_of.get(s.node, s.node)) for s in branch.steps)
            branch = replace(branch, steps=steps)
        gone = [i for i, s in enumerate(branch.steps) if fast and s.node in self.dropped]
        if not gone and triage is None:
            return branch
        if len(gone) == len(branch.steps):
            raise MeasureRefusedError(
                _("some cases of the fast lane would have nothing left to be done."),
                hint=_("leave out fewer activities."),
            )
        draft = Draft(branch)
        if triage is not None:
            triage.insert(draft)
        for i in gone:
            draft.drop(i)
        return draft.close()

    def _queues(self, number: int) -> bool:
        node = self.process.nodes[number]
        return bool(node.performers) and node.pool in self.pools

    def _own_officers(self, pool: int, officers: int) -> dict[int, int]:
        """Give places of the pool to the fast lane, the last officer's first; return the nodes they do, old to new."""
        places, process = self.parts, self.process
        old = process.pools[pool]
        new_pool = len(places.pools)
        own: dict[int, int] = {}
        for _place in range(officers):
            last = max(i for i, r in enumerate(places.resources) if r.pool == pool and r.capacity > 0)
            taken = places.resources[last]
            places.resources[last] = replace(taken, capacity=taken.capacity - 1)
            if last in own:
                mine = places.resources[own[last]]
                places.resources[own[last]] = replace(mine, capacity=mine.capacity + 1)
            else:
                own[last] = len(places.resources)
                places.resources.append(replace(taken, name=f"{taken.name}·快车道", pool=new_pool, capacity=1))
        left = sum(r.capacity > 0 for r in places.resources if r.pool == pool)
        places.pools[pool] = replace(old, capacity=old.capacity - officers, resources=left)
        places.pools.append(replace(old, name=f"{old.name}·快车道", capacity=officers, resources=len(own)))
        found = {}
        for i, node in enumerate(process.nodes):
            mine_too = tuple(replace(p, resource=own[p.resource]) for p in node.performers if p.resource in own)
            if mine_too and node.pool == pool:
                found[i] = places.node(replace(node, pool=new_pool, performers=mine_too))
            self._still_done(node)
        return found

    def _still_done(self, node: Node) -> None:
        if node.performers and not any(self.parts.resources[p.resource].capacity > 0 for p in node.performers):
            raise MeasureRefusedError(
                _("“{activity}” would be left without an officer for the other cases.", activity=node.activity),
                hint=_("take fewer officers for the fast lane."),
            )


class _Act:
    """The work of putting a case in its lane, done by who accepts it."""

    def __init__(self, parts: Additions, hours: float) -> None:
        self.parts, self.hours = parts, hours
        self._step_of: dict[int, Step] = {}

    def insert(self, draft: Draft) -> None:
        """Add the act after the first acceptance, else after the first step."""
        nodes = self.parts.nodes()
        accepted = next((i for i, s in enumerate(draft.steps) if nodes[s.node].stage == "accept"), 0)
        by = draft.steps[accepted].node
        if by not in self._step_of:
            node = nodes[by]
            act = replace(
                node, activity=TRIAGE, stage=None, level=None, batch=None, automatic=False,
                performers=tuple(Performer(p.resource, p.weight) for p in node.performers),
            )  # fmt: skip
            work = self.parts.work(family("constant", value=self.hours))
            self._step_of[by] = Step(self.parts.node(act), (), -1, work, 0, band=WHOLE)
        draft.insert_after(accepted, self._step_of[by], key="M25")
