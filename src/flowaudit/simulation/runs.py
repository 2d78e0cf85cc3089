"""Replications of a simulation: every run is an event log, measured like the observed one."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, overload

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from flowaudit.catalogue import Catalogue
from flowaudit.eventlog import EventLog, Provenance
from flowaudit.messages import translate as _
from flowaudit.process import Node, Process
from flowaudit.simulation.flat import Routes

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MOST_POOLED = 5_000_000
"""Events of all replications up to which they are put together: some 0.6 GB."""


@dataclass(frozen=True, eq=False)
class Run:
    """One replication, as arrays with one value for each activity instance; :attr:`log` makes an event log of it.

    Attributes
    ----------
    case_ptr : array of int64 (n_cases + 1,)
    node : array of int32
    ready, start, end : array
        Hours since ``origin``: when it could begin, began, ended. ``start - ready`` is the time in the queue.
    who : array of int32
        Index into ``process.resources``; -1: nobody was needed.
    row : array of int32
        Step of ``routes``.
    template : array of int64 (n_cases,)
    ended : array of bool (n_cases,)
        Whether it came to its end; with ``until``, some are still open.
    open_case : array of int64 (n_cases,)
        Which of ``process.open_cases`` it is; -1: a new one.
    beyond_calendar : int
        Cases left out because they would end after the last day of the working calendar.
    """

    index: int
    process: Process
    origin: np.datetime64
    case_ptr: Ints
    node: npt.NDArray[np.int32]
    ready: Array
    start: Array
    end: Array
    who: npt.NDArray[np.int32]
    row: npt.NDArray[np.int32]
    template: Ints
    ended: npt.NDArray[np.bool_]
    open_case: Ints
    routes: Routes
    beyond_calendar: int
    materials: pd.DataFrame | None
    episodes: pd.DataFrame | None
    trips: pd.DataFrame | None

    def stamps(self, hours: Array) -> npt.NDArray[np.datetime64]:
        """Return moments, rounded to seconds; to days where the log has dates only."""
        seconds = hours * 3600.0
        ticks = np.rint(seconds, out=seconds).astype(np.int64)
        del seconds
        if self.process.date_only:
            ticks -= ticks % 86_400
        ticks += self.origin.astype("datetime64[s]").astype(np.int64)
        ticks *= 1_000_000
        return ticks.view("datetime64[us]")

    def case_names(self, *, apart: bool = False) -> pa.Array:
        """Return the names of the cases: those of the log for open ones, ``S01-00001`` for new ones.

        With ``apart`` an open case's name begins with the replication's, too, so that it differs from that of the others.
        """
        import pyarrow.compute as pc

        n = len(self.case_ptr) - 1
        names = pc.binary_join_element_wise(
            f"S{self.index + 1:02d}-",
            pc.utf8_lpad(pc.cast(pa.array(np.arange(1, n + 1)), pa.string()), 5, padding="0"),
            "",
        )
        if not (self.open_case >= 0).any():
            return names
        of = f"S{self.index + 1:02d}-" if apart else ""
        ids = [f"{of}{self.process.open_cases[k].case_id}" if k >= 0 else None for k in self.open_case]
        return pc.coalesce(pa.array(ids, pa.string()), names)

    @cached_property
    def log(self) -> EventLog:
        """The replication as an :class:`EventLog` with the side tables its process knows of."""
        return self.with_history().as_log(self.case_names())

    def with_history(self) -> Run:
        """Return the same, with what the open cases had done before."""
        opened = np.flatnonzero(self.open_case >= 0).tolist()
        done = [(c, *event) for c in opened for event in self.process.open_cases[self.open_case[c]].done]
        if not done:
            return self
        hour = np.timedelta64(1, "h")
        origin = self.origin.astype("datetime64[us]")
        case = np.r_[
            np.array([d[0] for d in done], np.int64),
            np.repeat(np.arange(len(self.case_ptr) - 1), np.diff(self.case_ptr)),
        ]
        old_start, old_end = (np.array([(d[k] - origin) / hour for d in done], float) for k in (2, 3))
        start, end = np.r_[old_start, self.start], np.r_[old_end, self.end]
        order = np.lexsort((end, start, case))
        blank = np.full(len(done), -1, np.int32)
        return replace(
            self,
            case_ptr=np.searchsorted(case[order], np.arange(len(self.case_ptr))).astype(np.int64),
            node=np.r_[np.array([d[1] for d in done], np.int32), self.node][order],
            ready=np.r_[old_start, self.ready][order],
            start=start[order],
            end=end[order],
            who=np.r_[blank, self.who][order],
            row=np.r_[blank, self.row][order],
        )

    def as_log(self, names: pa.Array) -> EventLog:
        """Return the arrays as an event log whose cases have these names."""
        process, n_cases = self.process, len(self.case_ptr) - 1
        lengths = np.diff(self.case_ptr)
        case = np.repeat(np.arange(n_cases, dtype=np.int32), lengths)
        columns: dict[str, Any] = {
            "case_id": pa.DictionaryArray.from_arrays(pa.array(case), names),
            "activity": _by_node(self.node, process.nodes, "activity"),
            "event_id": pa.array(np.arange(len(case))),
        }
        for name, column in (
            ("department", "department"),
            ("office", "office"),
            ("stage", "stage"),
            ("item", "item_code"),
        ):
            if any(getattr(n, name) is not None for n in process.nodes):
                columns[column] = _by_node(self.node, process.nodes, name)
        if any(n.level is not None for n in process.nodes):
            level = np.array([np.nan if n.level is None else n.level for n in process.nodes])[self.node]
            columns["level"] = pa.Array.from_pandas(pd.Series(level))
        if any(n.automatic for n in process.nodes):
            columns["is_auto"] = pa.array(np.array([n.automatic for n in process.nodes])[self.node])
        if process.resources:
            columns["resource"] = _coded(self.who, [r.name for r in process.resources])
        if process.identifiable.work:
            columns["start"] = pa.array(self.stamps(self.start))
        columns["end"] = pa.array(self.stamps(self.end))
        tables: dict[str, pd.DataFrame] = {}
        if process.has_visits:
            visit, visits = self._visits(case, names)
            columns["visit_id"] = visit
            tables["visits"] = visits
        tables |= self._endings(names)
        for name, table in (("material_instances", self.materials), ("special_episodes", self.episodes)):
            if table is None:
                continue
            ready = table.assign(case_id=_named(names, table["case"])).drop(columns="case")
            for column in ("submit_time", "start", "end"):
                if column in ready:
                    hours = ready[column].to_numpy(float)
                    known = ~np.isnan(hours)
                    ready[column] = np.where(
                        known, self.stamps(np.where(known, hours, 0.0)), np.datetime64("NaT", "us")
                    )
            tables[name] = ready
        log = EventLog(pa.table(columns), tables, Provenance(source="simulated"), process.unit)
        return log.with_case_ptr(self.case_ptr)

    def _endings(self, names: pa.Array) -> dict[str, pd.DataFrame]:
        """The table that tells ended cases from open ones, with the attributes the cases have."""
        last = np.maximum.reduceat(self.end, self.case_ptr[:-1]) if len(self.case_ptr) > 1 else np.zeros(0)
        moment = self.stamps(last)
        moment[~self.ended] = np.datetime64("NaT")
        if self.process.unit == "bundle":
            return {"bundles": pd.DataFrame({"bundle_id": pd.array(names, dtype="str"), "last_time": moment})}
        frame = pd.DataFrame({"case_id": pd.array(names, dtype="str"), "finish_time": moment})
        templates, opened = self.process.templates, self.process.open_cases
        if any(t.attributes for t in templates):
            known = [
                dict(opened[k].attributes if k >= 0 else templates[t].attributes)
                for t, k in zip(self.template.tolist(), self.open_case.tolist(), strict=True)
            ]
            frame = pd.concat([frame, pd.DataFrame(known)], axis=1)
        return {"cases": frame}

    def _visits(self, case: npt.NDArray[np.int32], names: pa.Array) -> tuple[pa.Array, pd.DataFrame]:
        """One visit for every site and day of a case, and those at which nothing was done."""
        site_of, sites = pd.factorize(self.routes.site)
        # What had been done before a run began was at no site: the last place of the table.
        site = np.r_[site_of, -1][self.row]
        rows = np.flatnonzero(site >= 0)
        day = self.stamps(self.end[rows]).astype("datetime64[D]")
        first_day = day.min() if len(day) else np.datetime64(0, "D")
        days = int((day.max() - first_day).astype(np.int64)) + 1 if len(day) else 1
        key = (case[rows].astype(np.int64) * len(sites) + site[rows]) * days + (day - first_day).astype(np.int64)
        number, known = pd.factorize(key)
        first = rows[np.flatnonzero(~pd.Series(number).duplicated().to_numpy())]
        labels = _numbered("V", len(known))
        visits = pd.DataFrame(
            {
                "visit_id": pd.array(labels, dtype="str"),
                "case_id": _named(names, case[first]),
                "site": pd.Series(np.asarray(sites, object)[site[first]], dtype="str"),
                "date": self.stamps(self.end[first]).astype("datetime64[D]").astype("datetime64[us]"),
            }
        )
        if self.trips is not None and len(self.trips):
            day = self.stamps(self.trips["date"].to_numpy(float)).astype("datetime64[D]")
            before = self.trips["days_before"].to_numpy(np.int64).astype("timedelta64[D]")
            vain = pd.DataFrame(
                {
                    "visit_id": pd.array(_numbered("W", len(self.trips)), dtype="str"),
                    "case_id": _named(names, self.trips["case"]),
                    "site": self.trips["site"].array,
                    "date": (day - before).astype("datetime64[us]"),
                    "purpose": self.trips["purpose"].array,
                    "outcome": self.trips["outcome"].array,
                }
            )
            visits = pd.concat([visits, vain], ignore_index=True)
        code = np.full(len(case), -1, np.int32)
        code[rows] = number
        return _coded(code, labels), visits


def _numbered(letter: str, n: int) -> pa.Array:
    import pyarrow.compute as pc

    return pc.binary_join_element_wise(letter, pc.cast(pa.array(np.arange(n)), pa.string()), "")


def _named(names: pa.Array, case: npt.ArrayLike) -> Any:
    """Return the names of the cases of the rows of a side table."""
    return pd.array(names.take(pa.array(np.asarray(case, np.int64))), dtype="str")


def _coded(codes: npt.NDArray[np.integer[Any]], names: Sequence[str] | pa.Array) -> pa.DictionaryArray:
    missing = codes < 0
    indices = pa.array(codes.astype(np.int32, copy=False), mask=missing if missing.any() else None)
    return pa.DictionaryArray.from_arrays(indices, pa.array(names, pa.string()))


def _by_node(node: npt.NDArray[np.int32], nodes: Sequence[Node], name: str) -> pa.DictionaryArray:
    values = [getattr(n, name) for n in nodes]
    labels = list(dict.fromkeys(v for v in values if v is not None))
    index = {v: i for i, v in enumerate(labels)}
    return _coded(np.array([index.get(v, -1) for v in values], np.int32)[node], labels)


def joined(runs: Sequence[Run]) -> EventLog:
    """Return the replications of one simulation as one log; see :attr:`Runs.pooled`."""
    parts = [run.with_history() for run in runs]
    first_row = np.cumsum([0, *(len(part.node) for part in parts)])
    first_case = np.cumsum([0, *(len(part.case_ptr) - 1 for part in parts)])

    def table(name: str) -> pd.DataFrame | None:
        tables = [getattr(part, name) for part in parts]
        if tables[0] is None:
            return None
        moved = [t.assign(case=t["case"] + before) for t, before in zip(tables, first_case, strict=False)]
        whole: pd.DataFrame = pd.concat(moved, ignore_index=True)
        return whole

    changes: dict[str, Any] = {name: table(name) for name in ("materials", "episodes", "trips")}
    for name in ("node", "ready", "start", "end", "who", "row", "template", "ended", "open_case"):
        changes[name] = np.concatenate([getattr(part, name) for part in parts])
    ptr = np.r_[*(part.case_ptr[:-1] + row for part, row in zip(parts, first_row, strict=False)), first_row[-1]]
    run = replace(parts[0], case_ptr=ptr, **changes)
    return run.as_log(pa.concat_arrays([part.case_names(apart=True) for part in runs]))


@dataclass(frozen=True, eq=False)
class Runs(Sequence[EventLog]):
    """The replications of one simulation.

    Attributes
    ----------
    runs : tuple of Run
    seed : int
    beyond_calendar : int
        Cases left out, over all replications, because they would end after the last day of the working calendar.
    overloaded : pd.DataFrame
        Pools asked for more than they can do (rows of ``utilisation``): their queues grow without bound.
    """

    runs: tuple[Run, ...]
    process: Process
    seed: int
    beyond_calendar: int = 0
    overloaded: pd.DataFrame = field(default_factory=pd.DataFrame)

    @overload
    def __getitem__(self, index: int) -> EventLog: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[EventLog]: ...
    def __getitem__(self, index: int | slice) -> EventLog | Sequence[EventLog]:
        if isinstance(index, slice):
            return [r.log for r in self.runs[index]]
        return self.runs[index].log

    def __len__(self) -> int:
        return len(self.runs)

    def __iter__(self) -> Iterator[EventLog]:
        return (r.log for r in self.runs)

    @cached_property
    def pooled(self) -> EventLog | None:
        """All replications as one event log, to be measured at once: their cases one after the other.

        Case ids are those of the replications (``S01-00001``), an open case's with the replication's number before it
        (``S01-B0007``). None where together they are so many that it is better to go through them one by one.
        """
        rows = sum(len(run.node) for run in self.runs)
        return joined(self.runs) if rows <= MOST_POOLED else None

    @property
    def catalogue(self) -> Catalogue | None:
        """What the rules say of the simulated office."""
        return self.process.catalogue

    @property
    def replication_of_case(self) -> Ints:
        """The number of the replication, from 0, of every case of :attr:`pooled`."""
        return np.repeat(np.arange(len(self)), [len(run.case_ptr) - 1 for run in self.runs])

    def __repr__(self) -> str:
        return f"Runs({len(self)} replications, seed={self.seed})"

    def summary(self) -> Mapping[str, Any]:
        """Counts of the first replication, for people."""
        first = self[0]
        return {"replications": len(self), "cases": first.n_cases, "events": first.n_events, "seed": self.seed}

    def _repr_html_(self) -> str:
        names = {"replications": _("Replications"), "cases": _("Cases"), "events": _("Events"), "seed": _("Seed")}
        rows = "".join(f"<tr><th>{html.escape(names[k])}</th><td>{v}</td></tr>" for k, v in self.summary().items())
        return f"<table>{rows}</table>"
