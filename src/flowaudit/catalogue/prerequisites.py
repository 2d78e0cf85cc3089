"""Which item must be done before which: the graph of prerequisites, its cycles and its longest path."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from flowaudit.errors import InputError, InsufficientDataError
from flowaudit.messages import translate as _

if TYPE_CHECKING:
    import networkx as nx

    from flowaudit.catalogue.catalogue import Catalogue
    from flowaudit.worktime import Limit

_MANDATORY = ("required", "deferrable")


@dataclass(frozen=True)
class Prerequisite:
    """One item before another.

    Attributes
    ----------
    before, after : str
        Codes of items.
    table : {"item_relations", "item_materials"}
        What says so: a relation, or a material of ``after`` that is a result of ``before``.
    place : int
        Row of that table, counted from 0.
    binding : bool
        False where only a material that is not mandatory asks for it.
    """

    before: str
    after: str
    table: str
    place: int
    binding: bool = True


@dataclass(frozen=True)
class LongestPath:
    """Items that must follow each other, and the sum of their limits."""

    items: tuple[str, ...]
    limit: Limit


@dataclass(frozen=True, eq=False)
class Prerequisites:
    """The prerequisites that a catalogue states; relations merely observed are none."""

    edges: tuple[Prerequisite, ...]

    def precedes(self, a: str, b: str) -> bool:
        """Say whether ``a`` must be done before ``b``, directly or through other items.

        Examples
        --------
        >>> graph = Prerequisites((Prerequisite("a", "b", "item_relations", 0), Prerequisite("b", "c", "item_relations", 1)))
        >>> graph.precedes("a", "c"), graph.precedes("c", "a")
        (True, False)
        """
        seen: set[str] = set()
        todo = [a]
        while todo:
            for successor in self._successors.get(todo.pop(), ()):
                if successor == b:
                    return True
                if successor not in seen:
                    seen.add(successor)
                    todo.append(successor)
        return False

    @cached_property
    def cycles(self) -> tuple[tuple[str, ...], ...]:
        """Items that are prerequisites of each other (互为前置), one shortest round per knot of items.

        Each begins with its smallest code, knots in the order of those; an item that asks for its own result is a
        cycle of one. Only binding prerequisites count.

        Examples
        --------
        >>> a, b = Prerequisite("a", "b", "item_relations", 0), Prerequisite("b", "a", "item_materials", 3)
        >>> Prerequisites((a, b)).cycles
        (('a', 'b'),)
        """
        import networkx as nx

        graph = self._graph(edge for edge in self.edges if edge.binding)
        found = []
        for knot in nx.strongly_connected_components(graph):
            inside = graph.subgraph(knot)
            start = min(knot)
            rounds = [
                [start, *path]
                for path in (nx.shortest_path(inside, after, start) for after in sorted(inside.successors(start)))
            ] if len(knot) > 1 else [[start, start]] if inside.has_edge(start, start) else []  # fmt: skip
            if rounds:
                found.append(tuple(min(rounds, key=len)[:-1]))
        return tuple(sorted(found))

    def longest_path(self, limits: Mapping[str, Limit | None]) -> LongestPath:
        """Return the chain whose limits add up to most among the items of ``limits``.

        Items outside ``limits`` still connect those inside. On a tie the chain that comes first by its codes.

        Raises
        ------
        InputError
            If there are no items, or items are prerequisites of each other.
        InsufficientDataError
            If an item has no limit, or the limits have different units.
        """
        import networkx as nx

        from flowaudit.worktime import Limit

        if not limits:
            raise InputError(_("there are no items whose limits could be added up."))
        lacking = [code for code, limit in limits.items() if limit is None]
        if lacking:
            raise InsufficientDataError(
                _("no usable limit for the items {items}.", items=", ".join(lacking)),
                hint=_(
                    "state limit and unit of every item; the problems of the catalogue say what is wrong with them."
                ),
            )
        known = {code: limit for code, limit in limits.items() if limit is not None}
        units = sorted({limit.unit for limit in known.values()})
        if len(units) > 1:
            raise InsufficientDataError(
                _("limits in different units cannot be added up: {units}.", units=", ".join(units)),
                hint=_("state the limits of these items in one unit."),
            )
        graph = self._graph(edge for edge in self.edges if edge.binding and edge.before != edge.after)
        graph.add_nodes_from(known)
        try:
            order = list(nx.lexicographical_topological_sort(graph))
        except nx.NetworkXUnfeasible:
            cycle = next(c for c in self.cycles if len(c) > 1)
            raise InputError(
                _("items are prerequisites of each other: {cycle}.", cycle=" → ".join((*cycle, cycle[0]))),
                hint=_("one of these prerequisites has to be withdrawn."),
            ) from None
        best: dict[str, tuple[int, tuple[str, ...]]] = {}
        for code in order:
            ways = [best[before] for before in graph.predecessors(code)]
            length, path = min(ways, key=lambda w: (-w[0], w[1]), default=(0, ()))
            here = known.get(code)
            best[code] = (length, path) if here is None else (length + here.amount, (*path, code))
        length, path = min((best[code] for code in known), key=lambda w: (-w[0], w[1]))
        return LongestPath(path, Limit(length, next(iter(known.values())).unit))

    @cached_property
    def _successors(self) -> dict[str, set[str]]:
        out: dict[str, set[str]] = {}
        for edge in self.edges:
            if edge.before != edge.after:
                out.setdefault(edge.before, set()).add(edge.after)
        return out

    def _graph(self, edges: Iterable[Prerequisite]) -> nx.DiGraph[str]:
        import networkx as nx

        graph: nx.DiGraph[str] = nx.DiGraph()
        graph.add_edges_from((edge.before, edge.after) for edge in edges)
        return graph


def prerequisites_of(catalogue: Catalogue) -> Prerequisites:
    """Return the prerequisites that a catalogue's relations and materials state."""
    edges: list[Prerequisite] = []
    relations = catalogue.item_relations
    if relations is not None:
        for place, row in enumerate(relations.to_dict("records")):
            if row["relation"] in ("precedes", "requires_result") and row.get("basis") != "observed":
                edges.append(Prerequisite(str(row["src_item"]), str(row["dst_item"]), "item_relations", place))
    materials = catalogue.item_materials
    if materials is not None and "produced_by_item" in materials:
        asked = materials["necessity"] if "necessity" in materials else ["required"] * len(materials)
        rows = zip(materials["produced_by_item"], materials["item_code"], asked, strict=True)
        for place, (before, after, necessity) in enumerate(rows):
            if isinstance(before, str):
                binding = necessity in _MANDATORY
                edges.append(Prerequisite(before, str(after), "item_materials", place, binding))
    return Prerequisites(tuple(edges))
