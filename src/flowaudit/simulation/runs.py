"""Replications of a simulation: every run is an event log, measured like the observed one."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, overload

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from flowaudit.eventlog import EventLog, Provenance
from flowaudit.messages import translate as _
from flowaudit.process import Node, Process

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Run:
    """One replication, as arrays; :meth:`log` makes an event log of it."""

    index: int
    process: Process
    origin: np.datetime64
    case_ptr: Ints
    node: Ints
    start: Array
    end: Array
    place: Ints
    site: npt.NDArray[np.object_]
    materials: pd.DataFrame | None
    episodes: pd.DataFrame | None

    def _stamps(self, hours: Array) -> npt.NDArray[np.datetime64]:
        seconds = np.round(hours * 3600.0).astype("timedelta64[s]")
        stamps: npt.NDArray[np.datetime64] = (self.origin.astype("datetime64[s]") + seconds).astype("datetime64[us]")
        return stamps

    @cached_property
    def log(self) -> EventLog:
        """The replication as an :class:`EventLog` with the side tables its process knows of."""
        n_cases = len(self.case_ptr) - 1
        case = np.repeat(np.arange(n_cases), np.diff(self.case_ptr))
        order = np.lexsort((np.arange(len(case)), self.end, self.start, case))
        node, process = self.node[order], self.process
        case_names = [f"S{self.index + 1:02d}-{i + 1:05d}" for i in range(n_cases)]
        columns: dict[str, Any] = {
            "case_id": _coded(case[order], case_names),
            "activity": _by_node(node, process.nodes, "activity"),
            "event_id": pa.array(order.astype(np.int64)),
        }
        for name, column in (
            ("department", "department"),
            ("office", "office"),
            ("stage", "stage"),
            ("item", "item_code"),
        ):
            if any(getattr(n, name) is not None for n in process.nodes):
                columns[column] = _by_node(node, process.nodes, name)
        if any(n.level is not None for n in process.nodes):
            level = np.array([np.nan if n.level is None else n.level for n in process.nodes])[node]
            columns["level"] = pa.Array.from_pandas(pd.Series(level))
        if any(n.automatic for n in process.nodes):
            columns["is_auto"] = pa.array(np.array([n.automatic for n in process.nodes])[node])
        if process.identifiable.staffing:
            pool = np.array([n.pool for n in process.nodes])[node]
            columns["resource"] = self._resources(pool, self.place[order])
        if process.identifiable.work:
            columns["start"] = pa.array(self._stamps(self.start[order]))
        columns["end"] = pa.array(self._stamps(self.end[order]))
        tables: dict[str, pd.DataFrame] = {}
        if process.has_visits:
            visit, visits = self._visits(order, case[order], case_names)
            columns["visit_id"] = visit
            tables["visits"] = visits
        names = np.array(case_names, object)
        for name, table in (("material_instances", self.materials), ("special_episodes", self.episodes)):
            if table is None:
                continue
            ready = table.assign(case_id=names[table["case"].to_numpy(np.int64)]).drop(columns="case")
            for column in ("submit_time", "start", "end"):
                if column in ready:
                    ready[column] = self._stamps(ready[column].to_numpy(float))
            tables[name] = ready
        return EventLog(pa.table(columns), tables, Provenance(source="simulated"), process.unit)

    def _resources(self, pool: Ints, place: Ints) -> pa.DictionaryArray:
        width = max((p.capacity for p in self.process.pools), default=1) + 1
        known = (pool >= 0) & (place >= 0)
        key = np.where(known, pool * width + place, -1)
        names = [f"{p.name}#{k + 1}" for p in self.process.pools for k in range(width)]
        return _coded(key, names)

    def _visits(self, order: Ints, case: Ints, case_names: Sequence[str]) -> tuple[pa.Array, pd.DataFrame]:
        """One visit for every site and day of a case."""
        site = self.site[order]
        rows = np.flatnonzero(site != None)  # noqa: E711 - elementwise on an object array
        day = self._stamps(self.end[order][rows]).astype("datetime64[D]")
        frame = pd.DataFrame({"case": case[rows], "site": site[rows], "date": day})
        number = frame.groupby(["case", "site", "date"], sort=False).ngroup().to_numpy()
        first = frame.assign(number=number).drop_duplicates("number")
        visits = pd.DataFrame(
            {
                "visit_id": [f"V{k}" for k in first["number"]],
                "case_id": [case_names[c] for c in first["case"]],
                "site": first["site"].to_numpy(),
                "date": first["date"].to_numpy("datetime64[us]"),
            }
        )
        ids = np.full(len(order), None, object)
        ids[rows] = [f"V{k}" for k in number]
        return pa.array(ids, pa.string()), visits


def _coded(codes: Ints, names: Sequence[str]) -> pa.DictionaryArray:
    indices = pa.array(codes.astype(np.int32), mask=codes < 0)
    return pa.DictionaryArray.from_arrays(indices, pa.array(list(names), pa.string()))


def _by_node(node: Ints, nodes: Sequence[Node], name: str) -> pa.DictionaryArray:
    values = [getattr(n, name) for n in nodes]
    labels = list(dict.fromkeys(v for v in values if v is not None))
    index = {v: i for i, v in enumerate(labels)}
    return _coded(np.array([index.get(v, -1) for v in values], np.int64)[node], labels)


@dataclass(frozen=True, eq=False)
class Runs(Sequence[EventLog]):
    """The replications of one simulation.

    Attributes
    ----------
    runs : tuple of Run
    seed : int
    beyond_calendar : int
        Cases left out, over all replications, because they would end after the last day of the working calendar.
    """

    runs: tuple[Run, ...]
    process: Process
    seed: int
    beyond_calendar: int = 0

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
