"""What a measure adds to a process besides changing its ways: nodes, tables, people's hours."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from flowaudit.process import Node, Pool, Process, Profile, Resource

Array = npt.NDArray[np.float64]


class Additions:
    """Parts added to a process; numbers are those of the finished process, and equal parts are added once.

    Parameters
    ----------
    process : Process
    """

    def __init__(self, process: Process) -> None:
        self.process = process
        self.pools: list[Pool] = list(process.pools)
        self.resources: list[Resource] = list(process.resources)
        self._nodes: dict[Node, int] = {node: i for i, node in reversed(list(enumerate(process.nodes)))}
        self._node_list: list[Node] = list(process.nodes)
        self._tables: dict[str, list[Array]] = {"wait": list(process.waits), "work": list(process.works)}
        self._known: dict[tuple[str, bytes], int] = {}
        self._wait_names: list[str] = list(process.wait_names)
        self._profiles: dict[str, list[Profile]] = {
            "clock": list(process.profiles), "calendar": list(process.calendars), "gate": list(process.gates),
        }  # fmt: skip

    def node(self, node: Node) -> int:
        """Return the number of a node."""
        if node not in self._nodes:
            self._nodes[node] = len(self._node_list)
            self._node_list.append(node)
        return self._nodes[node]

    def change_node(self, i: int, **fields: object) -> None:
        """Change a node in place: wherever a way passes it."""
        self._node_list[i] = replace(self._node_list[i], **fields)  # type: ignore[arg-type]
        self._nodes = {node: k for k, node in reversed(list(enumerate(self._node_list)))}

    def nodes(self) -> tuple[Node, ...]:
        """Return all nodes so far."""
        return tuple(self._node_list)

    def wait(self, table: Array, name: str) -> int:
        """Return the number of a delay table (operational hours); ``name`` says what it is about."""
        number = self._table("wait", table)
        if number == len(self._wait_names):
            self._wait_names.append(name)
        return number

    def work(self, table: Array) -> int:
        """Return the number of a table of work (working hours)."""
        return self._table("work", table)

    def wait_table(self, number: int) -> Array | None:
        """Return a delay table by its number; None for -1."""
        return None if number < 0 else self._tables["wait"][number]

    def work_table(self, number: int) -> Array | None:
        """Return a table of work by its number; None for -1."""
        return None if number < 0 else self._tables["work"][number]

    def _table(self, kind: str, table: Array) -> int:
        table = np.asarray(table, float)
        key = (kind, table.tobytes())
        if key not in self._known:
            self._known[key] = len(self._tables[kind])
            self._tables[kind].append(table)
        return self._known[key]

    def clock(self, profile: Profile) -> int:
        """Return the number of a delay clock."""
        return self._profile("clock", profile)

    def calendar(self, profile: Profile) -> int:
        """Return the number of working hours."""
        return self._profile("calendar", profile)

    def gate(self, profile: Profile) -> int:
        """Return the number of a gate."""
        return self._profile("gate", profile)

    def _profile(self, kind: str, profile: Profile) -> int:
        known = self._profiles[kind]
        if profile not in known:
            known.append(profile)
        return known.index(profile)

    def finish(self, after: Process) -> Process:
        """Return ``after`` with all that was added."""
        waits, works = self._tables["wait"], self._tables["work"]
        return replace(
            after,
            nodes=tuple(self._node_list),
            waits=np.array(waits).reshape(len(waits), -1) if waits else after.waits,
            works=np.array(works).reshape(len(works), -1) if works else after.works,
            wait_names=tuple(self._wait_names),
            profiles=tuple(self._profiles["clock"]),
            calendars=tuple(self._profiles["calendar"]),
            gates=tuple(self._profiles["gate"]),
            pools=tuple(self.pools),
            resources=tuple(self.resources),
        )
