"""Read the process off the log: routing, delays in operational time, work, people, arrivals, work in progress."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.catalogue import Catalogue
from flowaudit.errors import InsufficientDataError, UsageError, nearest
from flowaudit.eventlog import EventLog, Unit, as_unit, select_events
from flowaudit.flow import concurrency
from flowaudit.messages import Language, both
from flowaudit.messages import translate as _
from flowaudit.metrics import complete_cases
from flowaudit.process import quantiles
from flowaudit.process.arriving import fit_arrivals
from flowaudit.process.batching import find_gate
from flowaudit.process.clock import SLOTS, Profile, Timeline, mine_profile, open_hours
from flowaudit.process.model import (
    BANDS,
    WHOLE,
    Batch,
    Branch,
    Contention,
    Episode,
    Identifiable,
    MaterialUse,
    Node,
    OpenCase,
    Performer,
    Process,
    Routing,
    Step,
    Template,
    Trip,
)
from flowaudit.process.people import Staff, find_staff, grouped, work_tables
from flowaudit.process.routing import Trace, counted, generalise, ways_on
from flowaudit.process.side_tables import SideTables, item_names, material_names
from flowaudit.worktime import Calendar, load_calendar

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Side = Literal["left", "right"]

DATE_ONLY = 0.95
"""Share of stamps at midnight from which a log has dates and no hours."""

LASTING = 0.2
"""Start times say something of work where they differ from the end in more than this share of the rows that have them."""

OVERTIME_DATES = 0.03
"""Overtime on a kind of day counts where it was seen on at least this share of such dates."""

MISSING = 0.1
"""Staffing is refused where more than this share of the rows has no start."""

OWN_CLOCK_EVENTS = 200
"""An activity with at least as many events gets a delay clock of its own."""

OVERLAP = 0.2
"""Activities that come in either order run beside each other if they overlap in at least this share of the cases with both."""

JOIN = 0.2
"""Besides its enabler an instance waits for those activities that are the enabler in this share of the cases they might be."""

EDGE_VALUES = 5
"""Fewer delays than this on an edge: the activity's own table serves."""

START = "▷"

ATTRIBUTES = ("channel", "variant", "district", "applicant_type", "item_code")
"""Columns of the table ``cases`` by which routing is told apart."""

MOST_VALUES = 12
"""An attribute with more values than this is no attribute of a route."""


def fit_process(
    log: EventLog,
    catalogue: Catalogue | None = None,
    *,
    unit: Unit | None = None,
    calendar: Calendar | None = None,
    routing: Routing = "memory",
    contention: Contention = "pool",
    work: Mapping[str, str] | None = None,
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
    routing : {"memory", "traces"}
        ``memory``: cases take ways composed from what followed the same past in the log, where these can be made to agree
        with it (``Process.routing`` says so); ``traces``: only ways observed.
    contention : {"pool", "resource"}
        What of the waiting counts as queueing: the time in which nobody who does such work was free (the least there
        can be), or in which the officer who did it was not (the most). Staffing answers need both, see :func:`bracket`.
    work : mapping of str to str, optional
        Families of work times an analyst states, by activity, such as ``{"审查": "lognormal"}``; fitted by maximum
        likelihood. Default: quantile tables of what was seen.
    min_cases : int
        Fewer complete cases than this support no model.

    Returns
    -------
    Process

    Raises
    ------
    InsufficientDataError
        If there are fewer than ``min_cases`` complete cases, or work times are stated for a log without start times.
    UsageError
        If an activity or a family is unknown.

    Notes
    -----
    *Routing* composes partial orders of complete cases with a memory that is as long as the log supports, see
    :func:`flowaudit.process.routing.generalise`. Open cases give their arrival, and go on as work in progress.

    *Delays* are measured from the end of the last instance waited for to the time when queueing began, in the activity's
    own operational time, per edge, shrunk to the activity's table by n / (n + 10). The quarter of its table in which a
    delay lay belongs to the routing, so that what goes together in a case stays together.

    *Queues*: waiting just before a start during which nobody was free (``contention``) is left out of the delays, because
    the simulation makes it again. *Work* is measured in the officer's own hours. Without start times a delay holds
    work and waiting together, nothing queues, and staffing cannot be asked.

    References
    ----------
    Lopez-Pintado, Dumas. Business process simulation with differentiated resources, BPM 2022 (calendars, people).
    Chapela-Campa, Dumas. Extraneous activity delays, arXiv 2208.12224 (delays apart from queues).
    """
    if unit not in (None, "case", "bundle"):
        raise UsageError(_("unit is case or bundle; got '{value}'.", value=unit), hint='unit="case"')
    log = as_unit(log, unit)
    ended = ~np.isnat(log.stamps("end"))
    if not ended.all():
        log = select_events(log, ended, both("rows without an end teach a process nothing"))
    calendar = calendar or load_calendar("china")
    complete = complete_cases(log)
    n_complete = int(complete.sum())
    if n_complete < min_cases:
        raise InsufficientDataError(
            _("fitting a process needs at least {min} complete cases; this log has {n}.", min=min_cases, n=n_complete),
            hint=_("take a longer period, or set min_cases lower and treat every figure with care."),
        )
    if routing not in ("memory", "traces") or contention not in ("pool", "resource"):
        raise UsageError(_("routing is memory or traces, contention is pool or resource."), hint='contention="pool"')
    return _Fit(log, calendar, np.asarray(complete, bool), catalogue, routing, contention, dict(work or {})).process()


@dataclass
class _Fit:
    log: EventLog
    calendar: Calendar
    complete: npt.NDArray[np.bool_]
    catalogue: Catalogue | None
    routing: Routing
    contention: Contention
    families: dict[str, str]

    def process(self) -> Process:
        log = self.log
        has_work, lasting = self._stamps()
        self.timeline = Timeline.spanning(np.nanmin(self.starts), np.nanmax(self.ends), self.calendar)
        self.rows_complete = self.complete[log.case_index]
        self.after = _predecessors(log, self.starts, self.ends)
        self.enabler = self._enablers()
        self.after = self._joins()
        self.start_h, self.end_h = self.timeline.hours(self.starts), self.timeline.hours(self.ends)
        first_h = np.minimum.reduceat(self.start_h, log.case_ptr[:-1])[log.case_index]
        self.enabled_h = np.fmin(np.where(self.enabler >= 0, self.end_h[self.enabler], first_h), self.start_h)
        self.nodes, self.node_of_row = self._nodes()
        self.profiles, clock_of_node = self._clocks()
        gates, batches = self._gates()
        # A meeting at which everything starts at once says nothing about the hours in which the rest is done.
        alone = ~np.isin(self.node_of_row, list(batches))
        self.open_profile = open_hours(mine_profile(self.starts[alone] if alone.any() else self.starts, self.calendar))
        staff = self._staff() if has_work else None
        families = self._families(has_work)
        works = np.zeros((0, len(quantiles.GRID)))
        work_of_node = np.full(len(self.nodes), -1, np.int64)
        performers: tuple[tuple[Performer, ...], ...] = tuple(() for _n in self.nodes)
        if has_work:
            works, work_of_node, performers = work_tables(
                self.node_of_row, self._work(staff), self.rows_complete & self.known, staff, len(self.nodes), families
            )
        clock_of_node[list(batches)] = 0
        self.nodes = self._complete(clock_of_node, batches, performers, staff, gates)
        waits, wait_names, wait_of_row, band = self._delays(staff, gates)
        traces = self._traces(wait_of_row, band, work_of_node)
        composed = generalise(traces, self._undecided()) if self.routing == "memory" else None
        templates = composed or counted(traces)
        last = np.nanmax(self.ends)
        arrivals = np.sort(self.starts[log.case_ptr[:-1]])
        return Process(
            nodes=tuple(self.nodes),
            templates=templates,
            waits=waits,
            works=works,
            wait_names=tuple(wait_names),
            profiles=tuple(self.profiles),
            open_profile=self.open_profile,
            pools=() if staff is None else staff.pools,
            arrivals=arrivals,
            unit=log.unit,
            calendar=self.calendar.name,
            identifiable=_identifiable(has_work, staff, self._unidentified(has_work, lasting, staff)),
            resources=() if staff is None else staff.resources,
            calendars=() if staff is None else staff.calendars,
            gates=tuple(gates),
            arriving=fit_arrivals(arrivals, last, self.calendar),
            open_cases=self._open_cases(templates),
            contention=self.contention,
            routing="memory" if composed else "traces",
            date_only=self.date_only,
            has_materials=log.table("material_instances") is not None,
            has_visits=(visits := log.table("visits")) is not None and "case_id" in visits,
            has_special=log.table("special_episodes") is not None,
            item_names=item_names(self.nodes, self.catalogue),
            material_names=material_names(log, self.catalogue),
            catalogue=self.catalogue,
        )

    def _stamps(self) -> tuple[bool, float]:
        """Read starts and ends; return whether they tell work, and the share of instances that last."""
        log = self.log
        self.ends = log.stamps("end")
        self.starts = log.stamps("start") if log.has("start") else self.ends
        told = ~np.isnat(self.starts) & (self.starts <= self.ends)
        self.date_only = bool(np.mean(self.ends == self.ends.astype("datetime64[D]")) >= DATE_ONLY)
        # Between dates there is no work to be measured: a day of it and a day of waiting look the same.
        lasting = float(np.mean((self.ends > self.starts)[told])) if told.any() else 0.0
        has_work = log.has("start") and lasting > LASTING and not self.date_only
        self.known = told if has_work else np.ones(len(told), bool)
        self.starts = np.where(self.known, self.starts, self.ends) if has_work else self.ends
        if self.date_only:
            # The middle of the only hour in which anything happens, so that a day more or less is no matter of rounding.
            self.starts = self.starts + np.timedelta64(30, "m")
            self.ends = self.ends + np.timedelta64(30, "m")
        return has_work, lasting

    def _complete(
        self, clock_of_node: Ints, batches: dict[int, Batch], performers: tuple[tuple[Performer, ...], ...], staff: Staff | None,
        gates: list[Profile],
    ) -> list[Node]:  # fmt: skip
        """The nodes with all that was found out about them."""
        runs_on, overtime = self._runs_on(staff), self._overtime(staff, gates)
        return [
            replace(
                n,
                clock=int(clock_of_node[i]),
                pool=-1 if staff is None else int(staff.pool_of_node[i]),
                performers=performers[i],
                batch=batches.get(i),
                overtime=overtime.get(i, -1),
                runs_on=runs_on[i],
            )
            for i, n in enumerate(self.nodes)
        ]

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

    def _enablers(self) -> Ints:
        """The row of what each row waited for longest; -1 where it waited for nothing but its case."""
        ptr = self.log.case_ptr
        ends = self.ends.astype(np.int64)
        first = np.repeat(ptr[:-1], np.diff(ptr)).tolist()
        return np.array(
            [
                f + max(own, key=lambda j: (ends[f + j], j)) if own else -1
                for f, own in zip(first, self.after, strict=True)
            ],
            np.int64,
        )

    def _joins(self) -> list[tuple[int, ...]]:
        """Keep, besides the enabler, what is waited for often: activities that are the last one waited for in ``JOIN`` of the
        instances that could have waited for them. The rest ended earlier by chance, and nobody looked.
        """
        activity, names = self.log.codes("activity")
        n, what = len(names), activity.tolist()
        ptr = self.log.case_ptr
        first = np.repeat(ptr[:-1], np.diff(ptr)).tolist()
        could = np.zeros(n * n, np.int64)
        last = np.zeros(n * n, np.int64)
        pairs = [
            what[f + j] * n + what[r] for r, (f, own) in enumerate(zip(first, self.after, strict=True)) for j in own
        ]
        np.add.at(could, pairs, 1)
        enabled = np.flatnonzero(self.enabler >= 0)
        np.add.at(last, activity[self.enabler[enabled]].astype(np.int64) * n + activity[enabled], 1)
        waited = (last >= JOIN * could).tolist()
        return [
            own if len(own) < 2 else tuple(j for j in own if f + j == e or waited[what[f + j] * n + what[r]])
            for r, (f, own, e) in enumerate(zip(first, self.after, self.enabler.tolist(), strict=True))
        ]

    def _staff(self) -> Staff | None:
        if not self.log.has("resource"):
            return None
        resource, names = self.log.codes("resource")
        return find_staff(
            self.nodes, self.node_of_row, resource.astype(np.int64), len(names), (self.starts, self.ends),
            (self.enabled_h, self.start_h, self.end_h), self.timeline, self.open_profile, self.calendar, self.contention,
        )  # fmt: skip

    def _families(self, has_work: bool) -> dict[int, str]:
        if self.families and not has_work:
            raise InsufficientDataError(
                _("work times are stated, but the log has no start times: work and waiting cannot be told apart."),
                hint=_("leave work out."),
            )
        known = {n.activity for n in self.nodes}
        for activity, name in self.families.items():
            if activity not in known:
                raise UsageError(
                    _("work is stated for the activity '{name}', which the log does not have.", name=activity),
                    hint=_(
                        "nearest names: {names}", names=", ".join(nearest(activity, sorted(known)) or sorted(known)[:3])
                    ),
                )
            if name not in quantiles.FAMILIES:
                raise UsageError(
                    _("there is no family of durations '{name}'.", name=name),
                    hint=_("there are: {names}", names=", ".join(quantiles.FAMILIES)),
                )
        return {i: self.families[n.activity] for i, n in enumerate(self.nodes) if n.activity in self.families}

    def _work(self, staff: Staff | None) -> Array:
        """Work of every row in the hours of who did it; where these do not know the time, in wall-clock hours."""
        work = self.timeline.operational(self.open_profile, self.end_h) - self.timeline.operational(
            self.open_profile, self.start_h
        )
        if staff is not None:
            for k, calendar in enumerate(staff.calendars):
                rows = staff.calendar_of_row == k
                work[rows] = self.timeline.operational(calendar, self.end_h[rows]) - self.timeline.operational(
                    calendar, self.start_h[rows]
                )
        span = self.end_h - self.start_h
        # Applicants and machines keep no office hours.
        plain = np.array([n.applicant or n.automatic for n in self.nodes])[self.node_of_row]
        if staff is not None:
            # Nor does work that was taken up in overtime, or went on over closing time.
            plain |= staff.overtime_of_row | staff.ran_on_of_row
        work = np.where(plain, span, work)
        return np.maximum(np.where((span < 4.0) & (work < 0.25 * span), span, work), 0.0)

    def _runs_on(self, staff: Staff | None) -> list[float]:
        """By node, the share of the instances begun before closing time and not done by then that were finished all the same,
        before the next opening; shrunk towards the share of all of them.
        """
        n = len(self.nodes)
        if staff is None:
            return [0.0] * n
        over = np.bincount(self.node_of_row[staff.overhang_of_row], minlength=n).astype(float)
        on = np.bincount(self.node_of_row[staff.ran_on_of_row], minlength=n).astype(float)
        usual = on.sum() / max(over.sum(), 1.0)
        shares: list[float] = ((on + quantiles.PRIOR_CASES * usual) / (over + quantiles.PRIOR_CASES)).tolist()
        return shares

    def _unidentified(self, has_work: bool, lasting: float, staff: Staff | None) -> Callable[[Language], str] | None:
        """Why work or staffing cannot be told; None where they can."""
        missing = 1.0 - float(self.known.mean())
        if self.date_only:
            return lambda lang: _("the log has dates without hours: work and waiting cannot be told apart", lang=lang)
        if not self.log.has("start"):
            return lambda lang: _("the log has no start times: work and waiting cannot be told apart", lang=lang)
        if not has_work:
            return lambda lang: _(
                "only {share:.0%} of the start times differ from the end: work and waiting cannot be told apart",
                lang=lang,
                share=lasting,
            )
        if _booleans(self.log, "start_estimated").any():
            return lambda lang: _(
                "start times are estimated: they say nothing of how waiting splits from work", lang=lang
            )
        if staff is None:
            return lambda lang: _("the log does not say which officer did the work", lang=lang)
        if missing > MISSING:
            return lambda lang: _(
                "start times are missing, or lie after the end, in {share:.0%} of the rows", lang=lang, share=missing
            )
        return None

    def _gates(self) -> tuple[list[Profile], dict[int, Batch]]:
        """Activities that are dealt with at set half hours of the week only."""
        gates: list[Profile] = []
        batches: dict[int, Batch] = {}
        for i, node in enumerate(self.nodes):
            if node.applicant or self.date_only:
                continue
            gate = find_gate(self.starts[self.node_of_row == i])
            if gate is not None:
                if gate not in gates:
                    gates.append(gate)
                batches[i] = Batch("slots", gates.index(gate))
        return gates, batches

    def _overtime(self, staff: Staff | None, gates: list[Profile]) -> dict[int, int]:
        """Hours of the week in which an activity was begun though nobody was on duty; as gates, by node."""
        found: dict[int, int] = {}
        if staff is None:
            return found
        day = np.floor(self.start_h / 24.0).astype(np.int64)
        kind, slot = self.timeline.classes[day], ((self.start_h - 24.0 * day) * 2.0).astype(np.int64)
        for i in np.unique(self.node_of_row[staff.overtime_of_row]).tolist():
            rows = staff.overtime_of_row & (self.node_of_row == i)
            rates = np.zeros_like(self.open_profile.rates)
            # On kinds of days on which it happens now and then; a meeting that was moved once is no habit.
            dates = np.unique(day[rows])
            often = np.bincount(self.timeline.classes[dates], minlength=len(rates)) >= OVERTIME_DATES * np.maximum(
                np.bincount(self.timeline.classes, minlength=len(rates)), 1
            )
            rows &= often[kind]
            if not rows.any():
                continue
            hour = slot[rows] // 2 * 2
            rates[kind[rows], hour] = rates[kind[rows], hour + 1] = 1.0
            # On a kind of day on which nobody of them is ever on duty, any hour will do.
            own = {staff.resources[p.resource].calendar for p in staff.performers[i]}
            off = ~np.any([staff.calendars[c].rates > 0 for c in own], axis=(0, 2))
            rates[off & rates.any(axis=1)] = 1.0
            gate = Profile(rates)
            if gate not in gates:
                gates.append(gate)
            found[i] = gates.index(gate)
        return found

    def _delays(self, staff: Staff | None, gates: list[Profile]) -> tuple[Array, list[str], Ints, Ints]:
        """Return the delay tables, their names, the table of every row, and the band its delay lies in."""
        until = self.start_h if staff is None else staff.queue_since
        for i, node in enumerate(self.nodes):
            if node.batch is not None:
                # What missed the batch before was ready after it, nobody knows when: the middle is taken. The rest was ready
                # when it was enabled, for all that can be seen.
                rows = self.node_of_row == i
                passed = self._previous_slot(gates[node.batch.gate], self.start_h[rows])
                late = passed > self.enabled_h[rows]
                passed += 24.0 / SLOTS
                until = until.copy()
                until[rows] = np.where(late, (passed + self.start_h[rows]) / 2.0, self.enabled_h[rows])
        delay = np.empty(len(self.starts))
        clock = np.array([n.clock for n in self.nodes])[self.node_of_row]
        for k, profile in enumerate(self.profiles):
            rows = clock == k
            delay[rows] = self.timeline.operational(profile, until[rows]) - self.timeline.operational(
                profile, self.enabled_h[rows]
            )
        delay = np.maximum(delay, 0.0)
        activity, names = self.log.codes("activity")
        source = np.where(self.enabler >= 0, activity[self.enabler], len(names))
        first = np.zeros(len(delay), bool)
        first[self.log.case_ptr[:-1]] = True
        usable = self.rows_complete & ~first
        # Where nobody knows when it began, or who of the officers did it, it has the delays of the others.
        told = self.known.copy()
        if staff is not None:
            told &= (staff.resource_of_row >= 0) | ~np.array([bool(n.performers) for n in self.nodes])[self.node_of_row]
        everything = quantiles.table(delay[usable & told]) if (usable & told).any() else np.zeros(len(quantiles.GRID))
        tables: list[Array] = []
        titles: list[str] = []
        table_of_row = np.full(len(delay), -1, np.int64)
        order = np.lexsort((source, activity))
        order = order[usable[order]]
        for block in _runs(activity[order]):
            rows = order[block]
            sure = rows[told[rows]]
            coarse = quantiles.blend(quantiles.table(delay[sure]), everything, len(sure)) if len(sure) else everything
            target = str(names[activity[rows[0]]])
            own = -1
            for sub in _runs(source[rows]):
                edge = rows[sub]
                sure = edge[told[edge]]
                if len(sure) < EDGE_VALUES:
                    if own < 0:
                        own = len(tables)
                        tables.append(coarse)
                        titles.append(f"→ {target}")
                    table_of_row[edge] = own
                    continue
                origin = START if source[edge[0]] == len(names) else str(names[source[edge[0]]])
                table_of_row[edge] = len(tables)
                tables.append(quantiles.blend(quantiles.table(delay[sure]), coarse, len(sure)))
                titles.append(f"{origin} → {target}")
        band = np.full(len(delay), WHOLE, np.int64)
        ranked = np.lexsort((delay, table_of_row))
        ranked = ranked[(table_of_row[ranked] >= 0) & told[ranked]]
        for block in _runs(table_of_row[ranked]):
            rows = ranked[block]
            band[rows] = np.arange(len(rows)) * BANDS // len(rows)
        return np.array(tables).reshape(len(tables), len(quantiles.GRID)), titles, table_of_row, band

    def _previous_slot(self, gate: Profile, hours: Array) -> Array:
        """The last half hour of a gate before the one a start lies in, wall-clock hours."""
        slots = np.flatnonzero((gate.rates[self.timeline.classes] > 0).ravel()) * 0.5
        at = np.searchsorted(slots, hours, side="right") - 2
        return np.where(at >= 0, slots[np.maximum(at, 0)], 0.0)

    def _traces(self, wait_of_row: Ints, band: Ints, work_of_node: Ints) -> list[Trace]:
        side = SideTables(self.log, self.nodes, self.node_of_row, self.ends)
        sites, causes = side.sites(), side.causes()
        materials, episodes, trips = side.materials(), side.episodes(), side.trips()
        attributes = self._attributes()
        traces = []
        ptr = self.log.case_ptr
        for i in np.flatnonzero(self.complete).tolist():
            first, last = int(ptr[i]), int(ptr[i + 1])
            steps = tuple(
                Step(
                    int(self.node_of_row[r]),
                    self.after[r],
                    int(wait_of_row[r]),
                    int(work_of_node[self.node_of_row[r]]),
                    r - first,
                    sites.get(r),
                    causes.get(r, ()),
                    int(band[r]),
                )
                for r in range(first, last)
            )
            uses = tuple(MaterialUse(r - first, *rest) for r, *rest in materials.get(i, ()))
            special = tuple(Episode(a - first, b - first, *rest) for a, b, *rest in episodes.get(i, ()))
            elapsed = np.log2(1.0 + np.maximum(self.start_h[first:last] - self.start_h[first], 0.0)).astype(int)
            visits = tuple(Trip(r - first, *rest) for r, *rest in trips.get(i, ()))
            traces.append(Trace(Branch(1.0, steps, uses, special, visits), attributes[i], tuple(elapsed.tolist())))
        return traces

    def _undecided(self) -> Callable[[Branch], frozenset[str | None]]:
        """Which items a case leaves applied for or accepted, but not decided; of those that any case decides."""
        closing = {i: n.item for i, n in enumerate(self.nodes) if n.stage in ("decide", "deliver")}
        opening = {
            i: n.item for i, n in enumerate(self.nodes) if n.stage in ("apply", "accept") and n.item in closing.values()
        }

        def left(branch: Branch) -> frozenset[str | None]:
            closed = {closing[s.node] for s in branch.steps if s.node in closing}
            return (
                frozenset()
                if None in closed
                else frozenset(opening[s.node] for s in branch.steps if s.node in opening) - closed
            )

        return left

    def _attributes(self) -> list[tuple[tuple[str, str], ...]]:
        """Of every case, the attributes of few values that the table ``cases`` gives."""
        table = self.log.table("cases") if self.log.unit == "case" else None
        none: list[tuple[tuple[str, str], ...]] = [() for _case in range(self.log.n_cases)]
        if table is None or "case_id" not in table:
            return none
        known = [c for c in ATTRIBUTES if c in table and 2 <= table[c].dropna().astype(str).nunique() <= MOST_VALUES]
        if not known:
            return none
        wide = table.drop_duplicates("case_id").set_index("case_id")[known].reindex(self.log.case_ids)
        rows = wide.astype("object").to_dict("records")
        return [tuple((c, str(row[c])) for c in known if not pd.isna(row[c])) for row in rows]

    def _open_cases(self, templates: tuple[Template, ...]) -> tuple[OpenCase, ...]:
        """What is still going on when the log ends, and how such cases went on."""
        opened = np.flatnonzero(~self.complete).tolist()
        if not opened:
            return ()
        attributes, ptr, ids = self._attributes(), self.log.case_ptr, self.log.case_ids
        past = [tuple(int(n) for n in self.node_of_row[ptr[i] : ptr[i + 1]]) for i in opened]
        ways = ways_on(templates, past)
        out = []
        for i, own in zip(opened, ways, strict=True):
            rows = range(int(ptr[i]), int(ptr[i + 1]))
            done = tuple((int(self.node_of_row[r]), self.starts[r], self.ends[r]) for r in rows)
            last = np.nanmax(self.ends[ptr[i] : ptr[i + 1]])
            out.append(OpenCase(self.starts[ptr[i]], last, done, own, str(ids[i]), attributes[i]))
        return tuple(out)


def _predecessors(
    log: EventLog, starts: npt.NDArray[np.datetime64], ends: npt.NDArray[np.datetime64]
) -> list[tuple[int, ...]]:
    """For every row, the steps of its case it waited for, as numbers within the case.

    These are the instances of activities not concurrent with its own that had ended when it started, less those that
    another of them had itself waited for: both checks of a joint review, not what went before them.
    """
    activity, names = log.codes("activity")
    beside = _beside(log, activity, names, starts, ends)
    alone: npt.NDArray[np.bool_] = ~np.any(beside, axis=1)
    begun, ended, what = starts.astype(np.int64).tolist(), ends.astype(np.int64).tolist(), activity.tolist()
    out: list[tuple[int, ...]] = []
    for first, last in itertools.pairwise(log.case_ptr.tolist()):
        past: list[int] = []
        latest = -(2**62)
        chain = True
        for r in range(first, last):
            i = r - first
            if chain and alone[what[r]] and latest <= begun[r]:
                # Everything so far came one after the other, and ended before this began: the usual case.
                after: tuple[int, ...] = (i - 1,) if i else ()
                past.append((1 << i) - 1)
            else:
                chain = False
                done = (ends[first:r] <= starts[r]) & ~beside[activity[first:r], activity[r]]
                left = int.from_bytes(np.packbits(done, bitorder="little").tobytes(), "little")
                mine, found = 0, []
                while left:
                    j = left.bit_length() - 1
                    found.append(j)
                    mine |= past[j] | (1 << j)
                    left &= ~mine
                after = tuple(reversed(found))
                past.append(mine)
            latest = max(latest, ended[r])
            out.append(after)
    return out


def _beside(
    log: EventLog, activity: npt.NDArray[np.int32], names: list[Any], starts: npt.NDArray[np.datetime64], ends: npt.NDArray[np.datetime64]
) -> npt.NDArray[np.bool_]:  # fmt: skip
    """Which activities run beside each other, as a matrix.

    Where start times are recorded, pairs that come in either order but hardly ever overlap are taken for what they are:
    one after the other, in either order.
    """
    beside = np.zeros((len(names), len(names)), bool)
    number = {name: k for k, name in enumerate(names)}
    case = log.case_index
    rows = grouped(activity.astype(np.int64), len(names))
    first = min(int(starts.min().astype(np.int64)), int(ends.min().astype(np.int64)))
    begun, ended = starts.astype(np.int64) - first, ends.astype(np.int64) - first
    for pair in concurrency(log):
        a, b = (number[name] for name in (tuple(pair) if len(pair) == 2 else (next(iter(pair)),) * 2))
        if log.has("start") and a != b:
            shared = np.intersect1d(case[rows[a]], case[rows[b]])
            if len(shared) and len(_overlapping(case, begun, ended, rows[a], rows[b])) < OVERLAP * len(shared):
                continue
        beside[a, b] = beside[b, a] = True
    return beside


def _overlapping(case: Ints, begun: Ints, ended: Ints, a: Ints, b: Ints) -> Ints:
    """Cases in which an instance among the rows ``a`` runs at the same time as one among ``b``.

    Of the instances of b in the same case, more have begun before one of a ends than have ended when it begins.
    """
    span = int(max(begun.max(), ended.max())) + 1

    def before(stamps: Ints, limits: Ints, side: Side) -> Ints:
        keys = np.sort(case[b] * span + stamps[b])
        found: Ints = np.searchsorted(keys, case[a] * span + limits, side) - np.searchsorted(keys, case[a] * span)
        return found

    busy = before(begun, ended[a], "left") > before(ended, begun[a], "right")
    return np.unique(case[a][busy])


def _identifiable(has_work: bool, staff: Staff | None, why: Callable[[Language], str] | None) -> Identifiable:
    if why is not None:
        return Identifiable(has_work, False, why("zh"), why("en"))
    return Identifiable(True, True, queue_share=None if staff is None else staff.queue_share)


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
