"""What a map shows, before it has a place on the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from flowaudit.views import _text

Status = Literal["kept", "gone", "new", "merged"]

NODE_SIZE, COUNT_SIZE, EDGE_SIZE, LANE_SIZE = 9.0, 7.5, 7.0, 9.0
NODE_WIDTH, LINE = 92.0, 11.5
START, END = "start", "end"


@dataclass(frozen=True)
class Node:
    """A box of the map; ``lane`` is -1 for the start and end marks, which stand outside the lanes."""

    label: str
    count: str
    lane: int
    shade: int | None = None
    status: Status = "kept"
    mark: str | None = None
    position: float = 0.0

    @property
    def lines(self) -> list[str]:
        return _text.wrap(self.label, NODE_SIZE, NODE_WIDTH - 10, 3)

    @property
    def size(self) -> tuple[float, float]:
        if self.mark:
            return 40.0, 20.0
        return NODE_WIDTH, LINE * len(self.lines) + (COUNT_SIZE + 3 if self.count else 0) + 9


@dataclass(frozen=True)
class Edge:
    """An arrow between two nodes (their numbers)."""

    source: int
    target: int
    label: str
    weight: float
    shade: int | None = None
    status: Status = "kept"

    @property
    def label_size(self) -> tuple[float, float]:
        return _text.width(self.label, EDGE_SIZE) + 4, EDGE_SIZE + 3


@dataclass(frozen=True)
class Graph:
    """Nodes in lanes, and arrows."""

    nodes: Sequence[Node]
    edges: Sequence[Edge]
    lanes: Sequence[str]
