"""A process as flat arrays: what the compiled loop reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.process import Episode, MaterialUse, Process, Trip

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

STEP = attrgetter("node", "wait", "work", "origin", "band")
DISCIPLINES = {"fifo": 0, "priority": 1, "deadline": 2}


@dataclass(frozen=True, eq=False)
class Routes:
    """All branches of all templates, flattened; ``ptr`` arrays say where each one's part begins.

    Attributes
    ----------
    weights : array (n_templates,)
    first_branch : array of int (n_templates + 1,)
    template_of : array of int (n_branches,)
    cumulated : array (n_branches,)
        Cumulated probability of the branches within their template.
    step_ptr : array of int (n_branches + 1,)
    node, wait, work, origin, band, pending : array of int (n_steps,)
    succ_ptr, succ : array of int
        What follows each step, as numbers within its branch.
    site : array of object (n_steps,)
    priority, due_h : array (n_templates,)
    materials, episodes, trips : pd.DataFrame or None
        Side-table rows; ``branch`` says of which branch, and step columns of which of its steps.
    """

    weights: Array
    first_branch: Ints
    template_of: Ints
    cumulated: Array
    step_ptr: Ints
    node: Ints
    wait: Ints
    work: Ints
    origin: Ints
    band: Ints
    pending: Ints
    succ_ptr: Ints
    succ: Ints
    site: npt.NDArray[np.object_]
    priority: Array
    due_h: Array
    materials: pd.DataFrame | None
    episodes: pd.DataFrame | None
    trips: pd.DataFrame | None

    @classmethod
    def of(cls, process: Process) -> Routes:
        """Flatten the templates of a process."""
        branches = [(t, b) for t, template in enumerate(process.templates) for b in template.branches]
        steps = [s for _t, b in branches for s in b.steps]
        lengths = np.array([len(b.steps) for _t, b in branches], np.int64)
        step_ptr = np.r_[0, np.cumsum(lengths)].astype(np.int64)
        pending = np.array([len(s.after) for s in steps], np.int64)
        before = np.array([j for s in steps for j in s.after], np.int64)
        number = np.arange(len(steps)) - np.repeat(step_ptr[:-1], lengths)
        source = before + np.repeat(np.repeat(step_ptr[:-1], lengths), pending)
        order = np.argsort(source, kind="stable")
        template_of = np.array([t for t, _b in branches], np.int64)
        probability = np.array([b.probability for _t, b in branches])
        first = np.searchsorted(template_of, np.arange(len(process.templates) + 1)).astype(np.int64)
        total = np.r_[0.0, np.cumsum(probability)]
        node, wait, work, origin, band = np.array(list(map(STEP, steps)), np.int64).reshape(-1, 5).T.copy()
        sites = np.empty(len(steps), object)
        sites[:] = [s.site for s in steps]
        return cls(
            weights=np.array([t.cases for t in process.templates], float),
            first_branch=first,
            template_of=template_of,
            cumulated=total[1:] - total[first[template_of]],
            step_ptr=step_ptr,
            node=node,
            wait=wait,
            work=work,
            origin=origin,
            band=band,
            pending=pending,
            succ_ptr=np.r_[0, np.cumsum(np.bincount(source, minlength=len(steps)))].astype(np.int64),
            succ=np.repeat(number, pending)[order],
            site=sites,
            priority=np.array([t.priority for t in process.templates], float),
            due_h=np.array([t.due_h for t in process.templates], float),
            materials=_rows(MaterialUse, [(k, m) for k, (_t, b) in enumerate(branches) for m in b.materials], ("step", "item_code", "canonical_id", "source", "accepted"))
            if process.has_materials else None,
            episodes=_rows(Episode, [(k, e) for k, (_t, b) in enumerate(branches) for e in b.episodes], ("first", "last", "item_code", "type", "counts_in_clock"))
            if process.has_special else None,
            trips=_rows(Trip, [(k, v) for k, (_t, b) in enumerate(branches) for v in b.trips], ("step", "site", "days_before", "purpose", "outcome"))
            if process.has_visits else None,
        )  # fmt: skip


def _rows(kind: type[Any], records: Sequence[tuple[int, Any]], columns: tuple[str, ...]) -> pd.DataFrame:
    values = list(map(attrgetter(*kind.__slots__), (r for _k, r in records)))
    return pd.DataFrame(values, columns=list(columns)).assign(branch=np.array([k for k, _r in records], np.int64))


@dataclass(frozen=True, eq=False)
class People:
    """Who does the work of which node, flattened.

    Attributes
    ----------
    node_group : array of int (n_nodes,)
        Group of people who do its work; -1: nobody is needed. Nodes done by the same people share a group.
    own_ptr, own_work : array of int
        Tables of the members' own work, node by node, in the order of the group's members; -1: the step's.
    member_ptr, members, weights : array
        Members of each group.
    discipline : array of int (n_groups,)
    queue_ptr, queues : array of int
        Queues each resource serves: those of its groups, then its own.
    calendar, capacity : array of int (n_resources,)
    """

    node_group: Ints
    own_ptr: Ints
    own_work: Ints
    member_ptr: Ints
    members: Ints
    weights: Array
    discipline: Ints
    queue_ptr: Ints
    queues: Ints
    calendar: Ints
    capacity: Ints

    @classmethod
    def of(cls, process: Process) -> People:
        """Group the nodes of a process by who does them."""
        groups: dict[tuple[tuple[tuple[int, float], ...], int], int] = {}
        node_group: list[int] = []
        own: list[int] = []
        own_ptr = [0]
        for node in process.nodes:
            if not node.performers or node.automatic:
                node_group.append(-1)
            else:
                discipline = DISCIPLINES[process.pools[node.pool].discipline] if node.pool >= 0 else 0
                who = tuple((p.resource, p.weight) for p in node.performers)
                node_group.append(groups.setdefault((who, discipline), len(groups)))
            own.extend(p.work for p in node.performers)
            own_ptr.append(len(own))
        members = [m for who, _d in groups for m in who]
        serves: list[list[int]] = [[] for _r in process.resources]
        for g, (who, _d) in enumerate(groups):
            for resource, _weight in who:
                serves[resource].append(g)
        queues = [[*own_groups, len(groups) + r] for r, own_groups in enumerate(serves)]
        return cls(
            node_group=np.array(node_group, np.int64),
            own_ptr=np.array(own_ptr, np.int64),
            own_work=np.array(own, np.int64),
            member_ptr=np.r_[0, np.cumsum([len(who) for who, _d in groups])].astype(np.int64),
            members=np.array([r for r, _w in members], np.int64),
            weights=np.array([w for _r, w in members], float),
            discipline=np.array([d for _who, d in groups], np.int64),
            queue_ptr=np.r_[0, np.cumsum([len(q) for q in queues])].astype(np.int64),
            queues=np.array([q for own_queues in queues for q in own_queues], np.int64),
            calendar=np.array([r.calendar for r in process.resources], np.int64),
            capacity=np.array([r.capacity for r in process.resources], np.int64),
        )
