"""Who works, when, on how much at once, and how much of the waiting is a queue for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from flowaudit.messages import translate as _
from flowaudit.process import quantiles
from flowaudit.process.clock import SLOTS, Profile, Timeline
from flowaudit.process.model import Contention, Node, Performer, Pool, Resource
from flowaudit.worktime import Calendar, mine_calendars

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

IDLE_GAP_H = 0.1
"""Hours somebody may stand idle between two jobs and still count as busy: putting one file away, taking up the next."""

OWN_WORK = 10
"""Somebody has a table of work of his own at a node from so many instances; rarer pairs take the node's."""

COVERED = 0.97
"""The people who did most of a node's instances, until this share is covered, are those who do it; the rest helped out."""


@dataclass(frozen=True, eq=False)
class Staff:
    """What the stamps say of the people.

    Attributes
    ----------
    pools, resources, calendars
        As in :class:`~flowaudit.process.Process`.
    performers : tuple of tuple of Performer
        By node, without tables of work.
    pool_of_node : array of int
    queue_since : array (n_rows,)
        Wall-clock hours since when nobody was free for an instance, until it began; its start where somebody was.
    calendar_of_row : array of int
        Working hours its work passed in; -1: the office's.
    overtime_of_row : array of bool
        Begun when nobody who does such work was on duty within an hour.
    overhang_of_row, ran_on_of_row : array of bool
        Begun on duty and not ended when that spell of duty did; of those, ended before the next one began.
    queue_share : (float, float)
    """

    pools: tuple[Pool, ...]
    resources: tuple[Resource, ...]
    calendars: tuple[Profile, ...]
    performers: tuple[tuple[Performer, ...], ...]
    pool_of_node: Ints
    queue_since: Array
    calendar_of_row: Ints
    resource_of_row: Ints
    overtime_of_row: Bools
    overhang_of_row: Bools
    ran_on_of_row: Bools
    queue_share: tuple[float, float]


def find_staff(
    nodes: Sequence[Node],
    node: Ints,
    resource: Ints,
    n_resources: int,
    stamps: tuple[npt.NDArray[np.datetime64], npt.NDArray[np.datetime64]],
    hours: tuple[Array, Array, Array],
    timeline: Timeline,
    open_profile: Profile,
    calendar: Calendar,
    contention: Contention,
) -> Staff | None:
    """Read pools, officers, working hours and queues off the stamps of activity instances.

    Parameters
    ----------
    node, resource : array of int (n_rows,)
        Of each instance; -1 where not known.
    stamps : (start, end)
    hours : (enabled, start, end)
        Wall-clock hours since the origin of ``timeline``.

    Returns
    -------
    Staff or None
        None where nobody is named.
    """
    person = np.array([not n.automatic and not n.applicant for n in nodes])
    human = (resource >= 0) & person[node]
    if not human.any():
        return None
    enabled_h, start_h, end_h = hours
    who = np.where(human, resource, -1)
    pool_of_node = _components(node[human], resource[human], len(nodes), n_resources)
    rows_by_resource = grouped(who, n_resources)
    pool_of_resource = _home(pool_of_node[node], who, n_resources, int(pool_of_node.max()) + 1)
    calendars, calendar_of = _calendars(human, resource, pool_of_node[node], stamps, calendar)
    busy: list[tuple[Array, Ints]] = [_busy(start_h[rows], end_h[rows]) for rows in rows_by_resource]
    capacity = np.array([_capacity(*b) if len(rows) else 0 for b, rows in zip(busy, rows_by_resource, strict=True)])
    saturated = [_saturated(*b, int(c)) for b, c in zip(busy, capacity, strict=True)]
    on_duty = [_spells(c, timeline) for c in calendars]
    free = [_changes(on_duty[calendar_of[r]], saturated[r]) for r in range(n_resources)]
    performers = _performers(node, resource, human, len(nodes))
    groups = _by_group(performers, node, human)
    nobody = start_h.copy()
    for members, rows in groups:
        nobody[rows] = _in_turn(
            _nobody_since([free[r] for r in members], start_h[rows]), enabled_h[rows], start_h[rows]
        )
    queue_since = nobody.copy()
    if contention == "resource":
        for r, rows in enumerate(rows_by_resource):
            if len(rows):
                queue_since[rows] = _in_turn(_nobody_since([free[r]], start_h[rows]), enabled_h[rows], start_h[rows])
    overtime = _overtime(groups, on_duty, calendar_of, start_h)
    queue_since[overtime] = start_h[overtime]
    overhang, ran_on = np.zeros(len(node), bool), np.zeros(len(node), bool)
    for r, rows in enumerate(rows_by_resource):
        overhang[rows], ran_on[rows] = _over_closing(on_duty[calendar_of[r]], start_h[rows], end_h[rows])
    queue_since = np.clip(queue_since, np.minimum(enabled_h, start_h), start_h)
    share = _shares(human, nobody, saturated, rows_by_resource, hours, timeline, open_profile)
    names = _pool_names(nodes, node, human, pool_of_node)
    resources, number = _name(names, pool_of_resource, calendar_of, capacity)
    loads = _loads(
        pool_of_resource, rows_by_resource, capacity, calendars, calendar_of, hours, human, timeline, len(names)
    )
    pools = []
    for p, (name, load) in enumerate(zip(names, loads, strict=True)):
        own = [r for r in range(n_resources) if pool_of_resource[r] == p and capacity[r] > 0]
        most = int(np.bincount(node[human & (pool_of_node[node] == p)], minlength=len(nodes)).argmax())
        pools.append(Pool(name, nodes[most].department, int(capacity[own].sum()), len(own), load))
    return Staff(
        tuple(pools),
        resources,
        calendars,
        tuple(tuple(Performer(int(number[r]), w) for r, w in node_members) for node_members in performers),
        pool_of_node,
        queue_since,
        np.r_[calendar_of, -1][who],
        np.r_[number, -1][who],
        overtime,
        overhang,
        ran_on,
        share,
    )


def _loads(
    pool_of_resource: Ints, rows_by_resource: Sequence[Ints], capacity: Ints, calendars: Sequence[Profile], calendar_of: Ints,
    hours: tuple[Array, Array, Array], human: Bools, timeline: Timeline, n_pools: int,
) -> list[float]:  # fmt: skip
    """Share of the working hours of each pool's places, in the period the log covers, that went into its work; at most 1."""
    _enabled_h, start_h, end_h = hours
    period = np.array([start_h[human].min(), end_h[human].max()])
    opened = [float(np.diff(timeline.operational(c, period))[0]) for c in calendars]
    worked = [
        float(
            (timeline.operational(calendars[c], end_h[rows]) - timeline.operational(calendars[c], start_h[rows])).sum()
        )
        for c, rows in zip(calendar_of, rows_by_resource, strict=True)
    ]
    found = []
    for p in range(n_pools):
        own = [r for r in range(len(capacity)) if pool_of_resource[r] == p and capacity[r] > 0]
        could = sum(float(capacity[r] * opened[calendar_of[r]]) for r in own)
        found.append(min(sum(worked[r] for r in own) / max(could, 1e-9), 1.0))
    return found


def _overtime(
    groups: list[tuple[tuple[int, ...], Ints]], on_duty: list[Array], calendar_of: Ints, start_h: Array
) -> Bools:
    """Rows begun when nobody of the group is on duty within an hour: taken up in somebody's own time, not queued."""
    overtime = np.zeros(len(start_h), bool)
    for members, rows in groups:
        near = np.zeros(len(rows), bool)
        for c in np.unique(calendar_of[list(members)]):
            for around in (-1.0, -0.5, 0.0, 0.5, 1.0):
                near |= _inside(on_duty[c], start_h[rows] + around)
        overtime[rows[~near]] = True
    return overtime


def work_tables(
    node: Ints, work: Array, usable: Bools, staff: Staff | None, n_nodes: int, families: dict[int, str]
) -> tuple[Array, Ints, tuple[tuple[Performer, ...], ...]]:
    """Return the tables of work, the table of every node, and the performers with tables of their own.

    A node's table is shrunk towards that of all work, and a person's towards the node's, by n / (n + 10).

    Parameters
    ----------
    families : dict of int to str
        Nodes for which an analyst states a family: it is fitted by maximum likelihood and serves all who do the work.
    """
    tables: list[Array] = []
    of_node = np.full(n_nodes, -1, np.int64)
    performers = [list(p) for p in staff.performers] if staff is not None else [[] for _n in range(n_nodes)]
    everything = quantiles.table(work[usable]) if usable.any() else np.zeros(len(quantiles.GRID))
    for i, rows in enumerate(grouped(np.where(usable, node, -1), n_nodes)):
        values = work[rows]
        if not len(values) or not values.any():
            continue
        of_node[i] = len(tables)
        if i in families:
            tables.append(quantiles.fit_family(families[i], values)[0])
            continue
        coarse = quantiles.blend(quantiles.table(values), everything, 10 * len(values))
        tables.append(coarse)
        if staff is None or len(performers[i]) < 2:
            continue
        who = staff.resource_of_row[rows]
        for k, performer in enumerate(performers[i]):
            own = values[who == performer.resource]
            if len(own) >= OWN_WORK:
                performers[i][k] = Performer(performer.resource, performer.weight, len(tables))
                tables.append(quantiles.blend(quantiles.table(own), coarse, len(own)))
    knots = np.array(tables).reshape(len(tables), len(quantiles.GRID))
    return knots, of_node, tuple(tuple(p) for p in performers)


def grouped(label: Ints, n: int) -> list[Ints]:
    """Rows of each label, in their order; -1 is no label."""
    order = np.argsort(label, kind="stable")
    cuts = np.searchsorted(label[order], np.arange(n + 1))
    return [order[cuts[k] : cuts[k + 1]] for k in range(n)]


def _calendars(
    human: Bools, resource: Ints, pool: Ints, stamps: tuple[npt.NDArray[np.datetime64], npt.NDArray[np.datetime64]], calendar: Calendar
) -> tuple[tuple[Profile, ...], Ints]:  # fmt: skip
    """Mine the weekly working hours of everybody; those with few stamps share their pool's."""
    start, end = stamps
    mined = mine_calendars(
        resource[human], pool[human], start[human], end[human], calendar=calendar, granule_minutes=30
    )
    minutes = mined.on_duty.reshape(len(mined.on_duty), 9, SLOTS, 1440 // SLOTS)
    rates = minutes.mean(axis=3)
    kinds, number = np.unique(rates.reshape(len(rates), -1), axis=0, return_inverse=True)
    profiles = tuple(Profile(k.reshape(9, SLOTS)) for k in kinds)
    return profiles, number.ravel()[mined.of_resource].astype(np.int64)


def _performers(node: Ints, resource: Ints, human: Bools, n_nodes: int) -> list[list[tuple[int, float]]]:
    """By node, who does it and how often."""
    out: list[list[tuple[int, float]]] = []
    for rows in grouped(np.where(human, node, -1), n_nodes):
        who, times = np.unique(resource[rows], return_counts=True)
        order = np.argsort(-times, kind="stable")
        covered = np.cumsum(times[order]) - times[order] < COVERED * times.sum()
        kept = np.sort(order[covered])
        out.append([(int(who[k]), float(times[k])) for k in kept])
    return out


def _by_group(
    performers: list[list[tuple[int, float]]], node: Ints, human: Bools
) -> list[tuple[tuple[int, ...], Ints]]:
    """Rows of nodes that are done by the same people."""
    groups: dict[tuple[int, ...], list[int]] = {}
    for i, members in enumerate(performers):
        if members:
            groups.setdefault(tuple(r for r, _w in members), []).append(i)
    return [(members, np.flatnonzero(human & np.isin(node, own))) for members, own in groups.items()]


def _spells(profile: Profile, timeline: Timeline) -> Array:
    """Begin and end of every spell of working hours, shape (n, 2), wall-clock hours since the origin."""
    on = np.r_[False, (profile.rates[timeline.classes] > 0).ravel(), False]
    edges = np.flatnonzero(on[1:] != on[:-1]).astype(float) * (24.0 / SLOTS)
    return edges.reshape(-1, 2)


def _inside(spells: Array, at: Array) -> Bools:
    """Whether each moment lies in a spell."""
    if not len(spells):
        return np.zeros(len(at), bool)
    k = np.searchsorted(spells[:, 0], at, side="right") - 1
    return np.asarray((k >= 0) & (at < spells[np.maximum(k, 0), 1]), bool)


def _over_closing(spells: Array, start: Array, end: Array) -> tuple[Bools, Bools]:
    """Which instances begun in a spell of duty ended after it, and which of those before the next spell."""
    if not len(spells):
        return np.zeros(len(start), bool), np.zeros(len(start), bool)
    k = np.searchsorted(spells[:, 0], start, side="right") - 1
    closing = spells[np.maximum(k, 0), 1]
    opening = np.r_[spells[1:, 0], np.inf][np.maximum(k, 0)]
    over = (k >= 0) & (start < closing) & (end > closing + 1e-6)
    return over, over & (end < opening)


def _busy(start: Array, end: Array) -> tuple[Array, Ints]:
    """Return the times at which the number of instances in work changes, and that number after each."""
    real = end > start
    stamps = np.r_[start[real], end[real]]
    step = np.r_[np.ones(int(real.sum()), np.int64), -np.ones(int(real.sum()), np.int64)]
    times, where = np.unique(stamps, return_inverse=True)
    return times, np.cumsum(np.bincount(where, weights=step, minlength=len(times))).astype(np.int64)


def _capacity(times: Array, level: Ints) -> int:
    """Instances somebody works on at once: the number not exceeded in 99 % of the time with any."""
    if len(times) < 2:
        return 1
    lengths, count = np.diff(times), level[:-1]
    some = count > 0
    order = np.argsort(count[some], kind="stable")
    cumulated = np.cumsum(lengths[some][order])
    at = np.searchsorted(cumulated, 0.99 * cumulated[-1])
    return max(int(count[some][order][min(at, len(order) - 1)]), 1)


def _saturated(times: Array, level: Ints, capacity: int) -> Array:
    """Begin and end of every spell in which somebody had all places taken; gaps up to ``IDLE_GAP_H`` are none."""
    full = np.r_[False, level >= max(capacity, 1), False]
    edges = np.flatnonzero(full[1:] != full[:-1])
    spells: Array = np.r_[times, times[-1:]][edges].reshape(-1, 2)
    if len(spells) < 2:
        return spells
    apart = spells[1:, 0] - spells[:-1, 1] > IDLE_GAP_H
    joined: Array = np.column_stack([spells[np.r_[True, apart], 0], spells[np.r_[apart, True], 1]])
    return joined


def _changes(duty: Array, saturated: Array) -> tuple[Array, Ints]:
    """Times at which somebody becomes free (+1) or stops being free (-1): on duty and not saturated."""
    times = np.r_[duty[:, 0], duty[:, 1], saturated[:, 0], saturated[:, 1]]
    on = np.r_[np.ones(len(duty)), -np.ones(len(duty)), np.zeros(2 * len(saturated))]
    full = np.r_[np.zeros(2 * len(duty)), np.ones(len(saturated)), -np.ones(len(saturated))]
    stamp, where = np.unique(times, return_inverse=True)
    state_on = np.cumsum(np.bincount(where, weights=on, minlength=len(stamp))) > 0.5
    state_full = np.cumsum(np.bincount(where, weights=full, minlength=len(stamp))) > 0.5
    free = (state_on & ~state_full).astype(np.int64)
    step = np.diff(free, prepend=0)
    changed = step != 0
    return stamp[changed], step[changed]


def _nobody_since(free: Sequence[tuple[Array, Ints]], start: Array) -> Array:
    """Since when, without a break, none of these people had been free just before each of ``start``; -inf: ever."""
    times = np.concatenate([t for t, _s in free])
    steps = np.concatenate([s for _t, s in free])
    stamp, where = np.unique(times, return_inverse=True)
    idle = np.cumsum(np.bincount(where, weights=steps, minlength=len(stamp))) > 0.5
    if not len(stamp):
        return np.full(len(start), -np.inf)
    # The state just before a start: of the last change strictly before it.
    at = np.searchsorted(stamp, start, side="left") - 1
    begin_of_spell = np.r_[True, idle[1:] != idle[:-1]]
    first = np.maximum.accumulate(np.where(begin_of_spell, np.arange(len(stamp)), 0))
    since: Array = np.where(idle[np.maximum(at, 0)], start, stamp[first[np.maximum(at, 0)]])
    return np.where(at >= 0, since, -np.inf)


def _in_turn(since: Array, enabled: Array, start: Array) -> Array:
    """Since when each instance queued, where whoever is ready first is served first.

    Those served before it were ready before it, and not before they were enabled; so it was not ready before the latest of
    these moments, however long nobody had been free.
    """
    order = np.lexsort((enabled, start))
    latest = np.maximum.accumulate(enabled[order])
    ready = since.copy()
    ready[order[1:]] = np.maximum(since[order[1:]], latest[:-1])
    return np.minimum(ready, start)


def _shares(
    human: Bools, nobody: Array, saturated: Sequence[Array], rows_by_resource: Sequence[Ints], hours: tuple[Array, Array, Array],
    timeline: Timeline, open_profile: Profile,
) -> tuple[float, float]:  # fmt: skip
    """Share of the waiting (office hours) that is queueing: nobody was free until the start; at most, he was busy."""
    enabled_h, start_h, _end_h = hours
    opened = timeline.operational(open_profile, enabled_h)
    begun = timeline.operational(open_profile, start_h)
    window = np.maximum(begun - opened, 0.0)
    total = float(window[human].sum())
    if total <= 0:
        return 0.0, 0.0
    since = np.maximum(nobody, enabled_h)
    low = float(np.maximum(begun - timeline.operational(open_profile, since), 0.0)[human].sum())
    high = 0.0
    for r, rows in enumerate(rows_by_resource):
        if len(rows) and len(saturated[r]):
            edge = timeline.operational(open_profile, saturated[r])
            before = np.r_[0.0, np.cumsum(edge[:, 1] - edge[:, 0])]
            high += float((_passed(edge, before, begun[rows]) - _passed(edge, before, opened[rows])).sum())
    low, high = min(low / total, 1.0), min(max(high, 0.0) / total, 1.0)
    return low, max(low, high)


def _passed(spells: Array, before: Array, at: Array) -> Array:
    """Time inside the spells up to each moment."""
    k = np.searchsorted(spells[:, 0], at, side="right") - 1
    inside = np.clip(at - spells[np.maximum(k, 0), 0], 0.0, spells[np.maximum(k, 0), 1] - spells[np.maximum(k, 0), 0])
    value: Array = np.where(k >= 0, before[np.maximum(k, 0)] + inside, 0.0)
    return value


def _components(node: Ints, resource: Ints, n_nodes: int, n_resources: int) -> Ints:
    """Number the groups of nodes linked by officers who do at least 5 % of a node; -1 for nodes nobody does."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    pairs, counts = np.unique(np.stack([node, resource], axis=1), axis=0, return_counts=True)
    total = np.bincount(node, minlength=n_nodes)
    # Where many share the work evenly, nobody does 5 % of it: half an even share will do.
    people = np.bincount(pairs[:, 0], minlength=n_nodes)
    kept = counts >= (np.minimum(0.05, 0.5 / np.maximum(people, 1)) * total)[pairs[:, 0]]
    size = n_nodes + n_resources
    edges = pairs[kept]
    graph = coo_matrix((np.ones(len(edges)), (edges[:, 0], n_nodes + edges[:, 1])), shape=(size, size))
    _n, label = connected_components(graph, directed=False)
    component = np.where(total > 0, label[:n_nodes], -1)
    used = np.unique(component[component >= 0])
    renumber = np.full(size + 1, -1, np.int64)
    renumber[used] = np.arange(len(used))
    return renumber[component]


def _home(pool: Ints, resource: Ints, n_resources: int, n_pools: int) -> Ints:
    """The pool each resource does most for; -1 for who does nothing."""
    counts = np.zeros((n_resources, n_pools), np.int64)
    known = (resource >= 0) & (pool >= 0)
    np.add.at(counts, (resource[known], pool[known]), 1)
    return np.where(counts.any(axis=1), counts.argmax(axis=1), -1)


def _pool_names(nodes: Sequence[Node], node: Ints, human: Bools, pool_of_node: Ints) -> list[str]:
    names: list[str] = []
    for p in range(int(pool_of_node.max(initial=-1)) + 1):
        weight = np.bincount(node[human & (pool_of_node[node] == p)], minlength=len(nodes))
        own = [nodes[i] for i in np.flatnonzero((pool_of_node == p) & (weight > 0)).tolist()]
        offices = {n.office for n in own if n.office}
        most = int(np.argmax(weight))
        name = nodes[most].department or _("officers {n}", n=p + 1)
        if len(offices) == 1:
            name += "·" + offices.pop()
        taken = sum(q == name or q.startswith(name + " ") for q in names)
        names.append(name if not taken else f"{name} {taken + 1}")
    return names


def _name(names: Sequence[str], pool: Ints, calendar: Ints, capacity: Ints) -> tuple[tuple[Resource, ...], Ints]:
    """Officers under numbers of their pool: a process file names nobody. Also the new number of every code."""
    number = np.full(len(pool), -1, np.int64)
    resources: list[Resource] = []
    for p, name in enumerate(names):
        for k, r in enumerate(np.flatnonzero(pool == p)):
            number[r] = len(resources)
            resources.append(Resource(f"{name}#{k + 1}", p, int(calendar[r]), int(capacity[r])))
    return tuple(resources), number
