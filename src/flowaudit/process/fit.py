"""Read the process off the log: trace templates, delays in operational time, work, pools."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.catalogue import Catalogue
from flowaudit.errors import InsufficientDataError
from flowaudit.eventlog import EventLog, Unit, as_unit
from flowaudit.flow import enablement
from flowaudit.messages import translate as _
from flowaudit.metrics import complete_cases
from flowaudit.process import quantiles
from flowaudit.process.clock import Profile, day_classes, forward, hours_since, mine_profile, open_hours
from flowaudit.process.model import (
    BANDS,
    Branch,
    Episode,
    Identifiable,
    MaterialUse,
    Node,
    Pool,
    Process,
    Step,
    Template,
)
from flowaudit.worktime import Calendar, load_calendar

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

OWN_CLOCK_EVENTS = 200
"""An activity with at least as many events gets a delay clock of its own."""

EDGE_VALUES = 5
"""Fewer delays than this on an edge: the activity's own table serves."""

GAP_H = 0.5
"""Open hours a pool may stand still between two jobs and still count as busy throughout."""

START = "▷"


def fit_process(
    log: EventLog,
    catalogue: Catalogue | None = None,
    *,
    unit: Unit | None = None,
    calendar: Calendar | None = None,
    min_cases: int = 30,
) -> Process:
    """Fit the model that reproduces this log: who does what after what, after which delay, with which people.

    Parameters
    ----------
    log : EventLog
    catalogue : Catalogue, optional
        Names of items and materials, prerequisites; carried along for the measures that need them.
    unit : {"case", "bundle"}, optional
        Default: the bundle where the log has bundles.
    calendar : Calendar, optional
        Working days; China's official calendar by default.
    min_cases : int
        Fewer complete cases than this support no model.

    Returns
    -------
    Process

    Raises
    ------
    InsufficientDataError
        If there are fewer than ``min_cases`` complete cases.

    Notes
    -----
    *Routing* is by template: a simulated case follows the partial order of an observed complete case, drawn with
    replacement. Open cases give their arrival, not their trace. *Delays* are measured from the end of the enabling
    instance, in the activity's own operational time, per edge, shrunk to the activity's table by n / (n + 10), and drawn within the band (quarter) of the table in which the
    template's own delay lay, so that what goes together in a case stays together.
    *Queues*: the waiting just before a start during which every place of the pool was busy without a gap is taken for
    queueing (pool level; what a first-come-first-served queue can explain at most); it is left out of the delay tables,
    because the simulation makes it again. Without start times the delay holds work and waiting
    together, nothing queues, and staffing cannot be asked.

    References
    ----------
    Lopez-Pintado, Dumas. Business process simulation with differentiated resources, BPM 2022 (calendars).
    Chapela-Campa, Dumas. Extraneous activity delays, arXiv 2208.12224 (delays apart from queues).
    """
    log = as_unit(log, unit)
    calendar = calendar or load_calendar("china")
    complete = complete_cases(log)
    n_complete = int(complete.sum())
    if n_complete < min_cases:
        raise InsufficientDataError(
            _("fitting a process needs at least {min} complete cases; this log has {n}.", min=min_cases, n=n_complete),
            hint=_("take a longer period, or set min_cases lower and treat every figure with care."),
        )
    return _Fit(log, calendar, np.asarray(complete, bool), catalogue).process()


@dataclass
class _Fit:
    log: EventLog
    calendar: Calendar
    complete: npt.NDArray[np.bool_]
    catalogue: Catalogue | None

    def process(self) -> Process:
        log = self.log
        self.ends = log.stamps("end")
        self.starts = log.stamps("start") if log.has("start") else self.ends
        self.starts = np.where(np.isnat(self.starts), self.ends, self.starts)
        # A whole day before the first stamp, so that every clock is zero before anything happens.
        self.origin = (np.nanmin(self.starts) - np.timedelta64(1, "D")).astype("datetime64[D]")
        self.case = log.case_index
        self.rows_complete = self.complete[self.case]
        found = enablement(log)
        self.enabler: Ints = found.enabler
        self.enabled = found.enabled
        has_work = log.has("start") and bool(np.mean(self.ends > self.starts) > 0.2)
        self.nodes, self.node_of_row = self._nodes()
        self.profiles, clock_of_node = self._clocks()
        base = mine_profile(self.starts, self.calendar, floor=0.0)
        self.open_profile = open_hours(base)
        n_days = int((np.nanmax(self.ends).astype("datetime64[D]") - self.origin).astype(np.int64)) + 2
        classes = day_classes(self.origin, n_days, self.calendar)
        self.open_cum = self.open_profile.cumulative(classes)
        self.cums = [p.cumulative(classes) for p in self.profiles]
        pools, pool_of_node, queued, queue_share = self._pools() if has_work else ([], None, None, None)
        self.nodes = [
            Node(
                **{
                    **vars(n),
                    "clock": int(clock_of_node[i]),
                    "pool": -1 if pool_of_node is None else int(pool_of_node[i]),
                }
            )
            for i, n in enumerate(self.nodes)
        ]
        waits, wait_names, wait_of_row, band = self._delays(queued)
        works, work_of_node = self._works() if has_work else (np.zeros((0, len(quantiles.GRID))), None)
        templates = self._templates(wait_of_row, band, work_of_node)
        arrivals = np.sort(self.starts[log.case_ptr[:-1]])
        staffing = has_work and bool(pools)
        return Process(
            nodes=tuple(self.nodes),
            templates=templates,
            waits=waits,
            works=works,
            wait_names=tuple(wait_names),
            profiles=tuple(self.profiles),
            open_profile=self.open_profile,
            pools=tuple(pools),
            arrivals=arrivals,
            unit=log.unit,
            calendar=self.calendar.name,
            identifiable=_identifiable(has_work, staffing, log, queue_share),
            open_cases=int((~self.complete).sum()),
            has_materials=log.table("material_instances") is not None,
            has_visits=(visits := log.table("visits")) is not None and "case_id" in visits,
            has_special=log.table("special_episodes") is not None,
            item_names=self._item_names(),
            material_names=self._material_names(),
            catalogue=self.catalogue,
        )

    def _nodes(self) -> tuple[list[Node], Ints]:
        log = self.log
        parts: list[npt.NDArray[Any]] = []
        labels: list[list[Any]] = []
        for column in ("activity", "department", "office", "stage", "item_code"):
            if log.has(column):
                codes, names = log.codes(column)
                parts.append(codes.astype(np.int64))
                labels.append(names)
            else:
                parts.append(np.full(len(log.events), -1))
                labels.append([])
        level = _numbers(log, "level")
        automatic = _booleans(log, "is_auto")
        parts += [np.where(np.isnan(level), -1, level).astype(np.int64), automatic.astype(np.int64)]
        keys, row_node = np.unique(np.stack(parts, axis=1), axis=0, return_inverse=True)

        def label(k: int, code: int) -> Any:
            return labels[k][code] if code >= 0 else None

        nodes = [
            Node(
                activity=str(label(0, key[0])), department=label(1, key[1]), office=label(2, key[2]),
                stage=label(3, key[3]), item=label(4, key[4]), level=None if key[5] < 0 else int(key[5]),
                automatic=bool(key[6]),
            )
            for key in keys
        ]  # fmt: skip
        return nodes, row_node.ravel().astype(np.int64)

    def _clocks(self) -> tuple[list[Profile], Ints]:
        """One delay clock for the log, one for each frequent activity."""
        base = mine_profile(self.starts, self.calendar)
        profiles, clock = [base], np.zeros(len(self.nodes), np.int64)
        by_activity: dict[str, list[int]] = defaultdict(list)
        for i, node in enumerate(self.nodes):
            by_activity[node.activity].append(i)
        for members in by_activity.values():
            rows = np.isin(self.node_of_row, members)
            if rows.sum() >= OWN_CLOCK_EVENTS:
                clock[members] = len(profiles)
                profiles.append(mine_profile(self.starts[rows], self.calendar, prior=base))
        return profiles, clock

    def _hours(self, cumulative: Array, stamps: npt.NDArray[np.datetime64]) -> Array:
        return forward(cumulative, hours_since(stamps, self.origin))

    def _pools(self) -> tuple[list[Pool], Ints | None, Array | None, float | None]:
        """Group activities that share officers; measure how much of their waiting saw every officer busy."""
        log = self.log
        if not log.has("resource"):
            return [], None, None, None
        resource, names = log.codes("resource")
        human = (resource >= 0) & np.array([not n.automatic and not n.applicant for n in self.nodes])[self.node_of_row]
        pool_of_node = _components(self.node_of_row[human], resource[human], len(self.nodes), len(names))
        pools: list[Pool] = []
        queued = np.zeros(len(resource))
        window = np.zeros(len(resource))
        start_h, end_h = self._hours(self.open_cum, self.starts), self._hours(self.open_cum, self.ends)
        enabled_h = self._hours(self.open_cum, self.enabled)
        for p in range(int(pool_of_node.max(initial=-1)) + 1):
            rows = human & (pool_of_node[self.node_of_row] == p)
            people = np.unique(resource[rows])
            times, busy = _busy(start_h[rows], end_h[rows])
            lengths = np.diff(times)
            capacity = _capacity(busy, lengths, len(people))
            waiting = np.maximum(start_h[rows] - enabled_h[rows], 0.0)
            queued[rows] = np.minimum(waiting, _busy_since(start_h[rows], times, busy >= capacity))
            window[rows] = waiting
            weight = np.bincount(self.node_of_row[rows], minlength=len(self.nodes))
            first = self.nodes[int(weight.argmax())]
            own = [self.nodes[i] for i in np.flatnonzero((pool_of_node == p) & (weight > 0))]
            offices = {n.office for n in own if n.office}
            name = first.department or _("officers {n}", n=p + 1)
            if len(offices) == 1:
                name += "·" + offices.pop()
            taken = sum(q.name == name or q.name.startswith(name + " ") for q in pools)
            used = float((np.minimum(busy, capacity) * lengths).sum() / max(capacity * lengths.sum(), 1e-9))
            pools.append(
                Pool(name if not taken else f"{name} {taken + 1}", first.department, capacity, len(people), used)
            )
        share = float(queued.sum() / window.sum()) if window.sum() > 0 else 0.0
        fraction = np.divide(queued, window, out=np.zeros_like(queued), where=window > 0)
        return pools, pool_of_node, fraction, share

    def _delays(self, queued: Array | None) -> tuple[Array, list[str], Ints, Ints]:
        """Return the delay tables, their names, the table of every row, and the band its delay lies in."""
        delay = np.empty(len(self.starts))
        clock = np.array([n.clock for n in self.nodes])[self.node_of_row]
        for k, cumulative in enumerate(self.cums):
            rows = clock == k
            delay[rows] = self._hours(cumulative, self.starts[rows]) - self._hours(cumulative, self.enabled[rows])
        delay = np.maximum(delay, 0.0)
        if queued is not None:
            delay *= 1.0 - queued
        activity, names = self.log.codes("activity")
        source = np.where(self.enabler >= 0, activity[self.enabler], len(names))
        first = np.zeros(len(delay), bool)
        first[self.log.case_ptr[:-1]] = True
        usable = self.rows_complete & ~first
        everything = quantiles.table(delay[usable]) if usable.any() else np.zeros(len(quantiles.GRID))
        tables: list[Array] = []
        titles: list[str] = []
        table_of_row = np.full(len(delay), -1, np.int64)
        order = np.lexsort((source, activity))
        order = order[usable[order]]
        for block in _runs(activity[order]):
            rows = order[block]
            coarse = quantiles.blend(quantiles.table(delay[rows]), everything, len(rows))
            target = str(names[activity[rows[0]]])
            own = -1
            for sub in _runs(source[rows]):
                edge = rows[sub]
                if len(edge) < EDGE_VALUES:
                    if own < 0:
                        own = len(tables)
                        tables.append(coarse)
                        titles.append(f"→ {target}")
                    table_of_row[edge] = own
                    continue
                origin = START if source[edge[0]] == len(names) else str(names[source[edge[0]]])
                table_of_row[edge] = len(tables)
                tables.append(quantiles.blend(quantiles.table(delay[edge]), coarse, len(edge)))
                titles.append(f"{origin} → {target}")
        band = np.zeros(len(delay), np.int64)
        ranked = np.lexsort((delay, table_of_row))
        ranked = ranked[table_of_row[ranked] >= 0]
        for block in _runs(table_of_row[ranked]):
            rows = ranked[block]
            band[rows] = np.arange(len(rows)) * BANDS // len(rows)
        return np.array(tables).reshape(len(tables), len(quantiles.GRID)), titles, table_of_row, band

    def _works(self) -> tuple[Array, Ints]:
        """Return the work tables in open hours, and the table of every node."""
        work = np.maximum(self._hours(self.open_cum, self.ends) - self._hours(self.open_cum, self.starts), 0.0)
        tables: list[Array] = []
        table_of_node = np.full(len(self.nodes), -1, np.int64)
        everything = quantiles.table(work[self.rows_complete])
        for i in range(len(self.nodes)):
            values = work[(self.node_of_row == i) & self.rows_complete]
            if len(values) and values.any():
                table_of_node[i] = len(tables)
                tables.append(quantiles.blend(quantiles.table(values), everything, len(values) * 10))
        return np.array(tables).reshape(len(tables), len(quantiles.GRID)), table_of_node

    def _templates(self, wait_of_row: Ints, band: Ints, work_of_node: Ints | None) -> tuple[Template, ...]:
        sites, causes = self._sites(), self._causes()
        materials, episodes = self._materials(), self._episodes()
        weights: Counter[Branch] = Counter()
        ptr, nodes, waits, enablers = self.log.case_ptr, self.node_of_row, wait_of_row, self.enabler
        for i in np.flatnonzero(self.complete):
            first, last = int(ptr[i]), int(ptr[i + 1])
            steps = tuple(
                Step(
                    int(nodes[r]),
                    (int(enablers[r]) - first,) if enablers[r] >= 0 else (),
                    int(waits[r]),
                    -1 if work_of_node is None else int(work_of_node[nodes[r]]),
                    r - first,
                    sites.get(r),
                    causes.get(r, ()),
                    int(band[r]),
                )
                for r in range(first, last)
            )
            branch = Branch(
                1.0,
                steps,
                tuple(MaterialUse(r - first, *rest) for r, *rest in materials.get(int(i), ())),
                tuple(Episode(a - first, b - first, *rest) for a, b, *rest in episodes.get(int(i), ())),
            )
            weights[branch] += 1
        return tuple(Template(n, (branch,)) for branch, n in weights.items())

    def _sites(self) -> dict[int, str]:
        """Site of the visit of a row, where the log says at which visit an event happened."""
        visits = self.log.table("visits")
        if visits is None or not self.log.has("visit_id"):
            return {}
        site_of = visits.drop_duplicates("visit_id").set_index("visit_id")["site"]
        ids = self.log.events["visit_id"].to_pandas().astype("object")
        site = ids.map(site_of)
        return {int(r): str(s) for r, s in zip(np.flatnonzero(site.notna()), site[site.notna()], strict=True)}

    def _row_of_event(self) -> dict[Any, int]:
        if not self.log.has("event_id"):
            return {}
        return {e: r for r, e in enumerate(self.log.events["event_id"].to_pylist()) if e is not None}

    def _materials(self) -> dict[int, list[tuple[Any, ...]]]:
        """Materials of a case: (row, item, canonical, source, accepted)."""
        table = self.log.table("material_instances")
        if table is None or "canonical_id" not in table:
            return {}
        position = {c: i for i, c in enumerate(self.log.case_ids)}
        row_of_event = self._row_of_event()
        found: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
        has_event = "event_id" in table
        for record in table.to_dict("records"):
            case = position.get(record["case_id"])
            if case is None or not isinstance(record["canonical_id"], str):
                continue
            row = row_of_event.get(record["event_id"]) if has_event else None
            if row is None:
                stamp = (
                    np.datetime64(pd.Timestamp(record["submit_time"]))
                    if "submit_time" in record
                    else np.datetime64("NaT")
                )
                row = self._nearest_row(case, stamp)
            item = record.get("item_code")
            accepted = record.get("accepted")
            found[case].append(
                (row, item if isinstance(item, str) else None, record["canonical_id"], str(record.get("source", "applicant")),
                 not (accepted is False or str(accepted).casefold() == "false"))
            )  # fmt: skip
        return found

    def _nearest_row(self, case: int, stamp: np.datetime64, item: str | None = None) -> int:
        first, last = int(self.log.case_ptr[case]), int(self.log.case_ptr[case + 1])
        if np.isnat(stamp):
            return first
        gap = np.abs(self.ends[first:last] - stamp).astype(np.int64)
        if item is not None:
            own = np.array([self.nodes[n].item in (item, None) for n in self.node_of_row[first:last]])
            if own.any():
                gap = np.where(own, gap, np.iinfo(np.int64).max)
        return first + int(gap.argmin())

    def _causes(self) -> dict[int, tuple[str, ...]]:
        """Materials each correction event was about: those rejected in its item since the correction before."""
        table = self.log.table("material_instances")
        if (
            table is None
            or not self.log.has("stage")
            or not {"accepted", "submit_time", "canonical_id"} <= set(table.columns)
        ):
            return {}
        rejected = table[table["accepted"].astype(str).str.casefold() == "false"]
        by_item: dict[tuple[Any, Any], list[tuple[np.datetime64, str]]] = defaultdict(list)
        for record in rejected.to_dict("records"):
            item = record.get("item_code")
            by_item[record["case_id"], item if isinstance(item, str) else None].append(
                (np.datetime64(pd.Timestamp(record["submit_time"])), record["canonical_id"])
            )
        found: dict[int, tuple[str, ...]] = {}
        previous: dict[tuple[Any, Any], np.datetime64] = {}
        last_cause: dict[tuple[Any, Any], tuple[str, ...]] = {}
        corrections = np.array([n.stage == "correction" for n in self.nodes])[self.node_of_row]
        ids = self.log.case_ids
        for r in np.flatnonzero(corrections):
            node = self.nodes[self.node_of_row[r]]
            key = (ids[self.case[r]], node.item)
            if node.applicant:
                # The applicant's resubmission answers the notice before it.
                found[int(r)] = last_cause.get(key, ())
                continue
            since = previous.get(key, np.datetime64("1900-01-01"))
            cause = tuple(sorted({c for t, c in by_item.get(key, ()) if since < t <= self.ends[r]}))
            previous[key], last_cause[key] = self.ends[r], cause
            found[int(r)] = cause
        return {r: cause for r, cause in found.items() if cause}

    def _episodes(self) -> dict[int, list[tuple[Any, ...]]]:
        """Special procedures of a case, tied to the steps whose ends are nearest."""
        table = self.log.table("special_episodes")
        if table is None:
            return {}
        position = {c: i for i, c in enumerate(self.log.case_ids)}
        found: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
        for record in table.to_dict("records"):
            case = position.get(record["case_id"])
            start, end = pd.Timestamp(record["start"]), pd.Timestamp(record["end"])
            if case is None or pd.isna(start) or pd.isna(end):
                continue
            item = record.get("item_code")
            item = item if isinstance(item, str) else None
            first = self._nearest_row(case, np.datetime64(start), item)
            last = self._nearest_row(case, np.datetime64(end), item)
            counts = str(record.get("counts_in_clock")).casefold() != "false"
            found[case].append((first, last, item, str(record["type"]), counts))
        return found

    def _item_names(self) -> dict[str, str]:
        codes = {n.item for n in self.nodes if n.item}
        if self.catalogue is None:
            return {c: c for c in sorted(codes)}
        return {c: self.catalogue.item_name(c) for c in sorted(codes)}

    def _material_names(self) -> dict[str, str]:
        table = self.log.table("material_instances")
        ids = set() if table is None or "canonical_id" not in table else set(table["canonical_id"].dropna())
        names: dict[str, str] = {}
        if self.catalogue is not None and self.catalogue.materials is not None:
            names = dict(zip(self.catalogue.materials["canonical_id"], self.catalogue.materials["name"], strict=True))
        return {m: names.get(m, m) for m in sorted(ids)}


def _identifiable(has_work: bool, staffing: bool, log: EventLog, queue_share: float | None) -> Identifiable:
    if staffing:
        return Identifiable(True, True, queue_share=queue_share)
    if not has_work:
        return Identifiable(
            False,
            False,
            _("the log has no start times: work and waiting cannot be told apart", lang="zh"),
            _("the log has no start times: work and waiting cannot be told apart", lang="en"),
        )
    return Identifiable(
        True,
        False,
        _("the log does not say which officer did the work", lang="zh"),
        _("the log does not say which officer did the work", lang="en"),
    )


def _numbers(log: EventLog, column: str) -> Array:
    if not log.has(column):
        return np.full(len(log.events), np.nan)
    return np.asarray(pd.to_numeric(log.events[column].to_pandas(), errors="coerce"), float)


def _booleans(log: EventLog, column: str) -> npt.NDArray[np.bool_]:
    if not log.has(column):
        return np.zeros(len(log.events), bool)
    return np.asarray(log.events[column].to_pandas().astype(str).str.casefold() == "true", bool)


def _runs(values: npt.NDArray[Any]) -> list[slice]:
    """Slices of equal neighbours."""
    if not len(values):
        return []
    cuts = np.r_[0, np.flatnonzero(values[1:] != values[:-1]) + 1, len(values)]
    return [slice(int(a), int(b)) for a, b in itertools.pairwise(cuts)]


def _components(node: Ints, resource: npt.NDArray[Any], n_nodes: int, n_resources: int) -> Ints:
    """Number the groups of nodes linked by officers who do at least 5 % of a node; -1 for nodes nobody does."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    pairs, counts = np.unique(np.stack([node, resource.astype(np.int64)], axis=1), axis=0, return_counts=True)
    total = np.bincount(node, minlength=n_nodes)
    kept = counts >= 0.05 * total[pairs[:, 0]]
    size = n_nodes + n_resources
    edges = pairs[kept]
    graph = coo_matrix((np.ones(len(edges)), (edges[:, 0], n_nodes + edges[:, 1])), shape=(size, size))
    _n, label = connected_components(graph, directed=False)
    component = np.where(total > 0, label[:n_nodes], -1)
    used = np.unique(component[component >= 0])
    renumber = np.full(size + 1, -1, np.int64)
    renumber[used] = np.arange(len(used))
    return renumber[component]


def _busy(start: Array, end: Array) -> tuple[Array, Ints]:
    """Return the times at which the number of instances in work changes, and that number after each but the last."""
    real = end > start
    stamps = np.r_[start[real], end[real]]
    step = np.r_[np.ones(int(real.sum()), np.int64), -np.ones(int(real.sum()), np.int64)]
    if not len(stamps):
        return np.array([0.0, 1.0]), np.zeros(1, np.int64)
    order = np.argsort(stamps, kind="stable")
    times, where = np.unique(stamps[order], return_inverse=True)
    change = np.bincount(where, weights=step[order])
    return times, np.cumsum(change)[:-1].astype(np.int64)


def _busy_since(hours: Array, times: Array, saturated: npt.NDArray[np.bool_]) -> Array:
    """Return for how long, without a gap, every place of the pool had been busy just before each of ``hours``.

    Whoever queues first come first served sees the pool busy from the moment of queueing to the start; so no more
    than this can be queueing. Gaps up to ``GAP_H`` do not count as one: a job that no longer fits before a break
    leaves an officer idle for a while although work is waiting.
    """
    edges = np.diff(np.r_[False, saturated, False].astype(np.int8))
    begins, ends = times[np.flatnonzero(edges == 1)], times[np.flatnonzero(edges == -1)]
    if not len(begins):
        return np.zeros(len(hours))
    apart = np.r_[True, begins[1:] - ends[:-1] > GAP_H]
    begins, ends = begins[apart], ends[np.r_[np.flatnonzero(apart)[1:] - 1, len(ends) - 1]]
    spell = np.searchsorted(begins, hours, side="left") - 1
    inside = (spell >= 0) & (hours <= ends[spell] + GAP_H)
    return np.where(inside, hours - begins[spell], 0.0)


def _capacity(busy: Ints, lengths: Array, people: int) -> int:
    """Instances a pool can work on at once: the level it is seen to sustain for 1 % of its open time.

    Never less than 1. More than the number of people where they keep several in hand; fewer where they take turns.
    """
    if not lengths.sum():
        return max(people, 1)
    order = np.argsort(busy)
    cumulated = np.cumsum(lengths[order]) / lengths.sum()
    return max(int(busy[order][np.searchsorted(cumulated, 0.99)]), 1)
