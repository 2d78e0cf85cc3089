"""What a map shows, before it has a place on the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from flowaudit.views import _text

Status = Literal["kept", "gone", "new", "merged", "changed"]

NODE_SIZE, COUNT_SIZE, EDGE_SIZE, LANE_SIZE = 9.5, 7.5, 7.2, 9.5
NODE_WIDTH, LINE = 88.0, 11.0


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
        return _text.wrap(self.label, NODE_SIZE, NODE_WIDTH - 6, 3)

    @property
    def size(self) -> tuple[float, float]:
        if self.mark:
            return 40.0, 17.0
        return NODE_WIDTH, LINE * len(self.lines) + (COUNT_SIZE + 2 if self.count else 0) + 5


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
        return _text.width(self.label, EDGE_SIZE) + 2, EDGE_SIZE + 1.5


@dataclass(frozen=True)
class Graph:
    """Nodes in lanes, and arrows."""

    nodes: Sequence[Node]
    edges: Sequence[Edge]
    lanes: Sequence[str]
