"""Who hands work to whom: the network of departments, offices or officers, its centre, and its fit with the org chart."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.catalogue import Catalogue
from flowaudit.errors import UsageError
from flowaudit.eventlog import APPLICANT, EventLog, Unit, as_unit
from flowaudit.flow import enablement, handover
from flowaudit.messages import translate as _
from flowaudit.worktime import Calendar, OfficeHours, load_calendar

if TYPE_CHECKING:
    import networkx as nx

Between = Literal["department", "office", "resource"]
Org = Catalogue | pd.DataFrame | Mapping[str, str] | None
Ints = npt.NDArray[np.int64]

BUSIEST = 500
"""Nodes of the largest network that is analysed; the least busy of a larger one are left out."""
EXACT = 2_000_000
"""Nodes times edges up to which betweenness is computed from every node; above it, from a sample of them."""
SHUFFLES = 200
SEED = 0


@dataclass(frozen=True, eq=False)
class HandoverNetwork:
    """The handovers of a log as a graph, measured.

    Attributes
    ----------
    graph : networkx.DiGraph
        Edges carry ``frequency, cases, median_days`` (working days, see ``kind``) and ``distance`` (1 / frequency).
    nodes : pd.DataFrame
        One row per node, busiest first: ``node, group`` (of the org chart; missing where unknown), ``community,
        in_strength, out_strength`` (handovers), ``betweenness`` (share of shortest ways that pass through it, an edge
        being as long as it is rare), ``pagerank``.
    edges : pd.DataFrame
        ``source, target, frequency, cases, median_days``, most frequent first.
    across : pd.DataFrame
        Pairs of one community but of different groups of the org chart, both directions together: ``a, b, group_a,
        group_b, frequency, share`` (of all handovers), most frequent first.
    agreement, by_chance : float
        Normalised mutual information of communities and groups, 1 where they are the same, and its mean when the groups
        are dealt out at random; NaN where either is only one.
    org_cycles : tuple of tuple of str
        Units of the org table that are each other's superiors; their place in it is taken as unknown.
    between : {"department", "office", "resource"}
    kind : {"waiting", "handover"}
        What ``median_days`` measure: up to the start, or (without start times) up to the end of the next step.
    left_out : int
        Nodes beyond the busiest 500, not analysed.
    exact : bool
        False where betweenness was estimated from a sample of nodes.
    """

    graph: nx.DiGraph[str] = field(repr=False)
    nodes: pd.DataFrame = field(repr=False)
    edges: pd.DataFrame = field(repr=False)
    across: pd.DataFrame = field(repr=False)
    agreement: float
    by_chance: float
    org_cycles: tuple[tuple[str, ...], ...]
    between: Between
    kind: Literal["waiting", "handover"]
    left_out: int
    exact: bool

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know about the figures."""
        told = [
            _("time up to the start of the next step.")
            if self.kind == "waiting"
            else _("no start times: the time holds waiting and work together.")
        ]
        if self.left_out:
            told.append(_("{n} less busy nodes are left out.", n=self.left_out))
        if not self.exact:
            told.append(_("betweenness is estimated from a sample of nodes."))
        for cycle in self.org_cycles:
            told.append(_("the org table goes round in a circle: {units}.", units=" → ".join((*cycle, cycle[0]))))
        return tuple(told)

    def _repr_html_(self) -> str:
        head = (_("Node"), _("Group"), _("Community"), _("Handed in"), _("Handed on"), _("Betweenness"))
        rows = ["<tr>" + "".join(f"<th>{html.escape(h)}</th>" for h in head) + "</tr>"]
        for row in self.nodes.head(20).to_dict("records"):
            group = row["group"] if isinstance(row["group"], str) else "—"
            cells = (row["node"], group, str(row["community"]), f"{row['in_strength']:,}", f"{row['out_strength']:,}",
                     f"{row['betweenness']:.3f}")  # fmt: skip
            rows.append("<tr>" + "".join(f"<td>{html.escape(str(c))}</td>" for c in cells) + "</tr>")
        told = "".join(f"<p>{html.escape(note)}</p>" for note in self.notes)
        return f"<table>{''.join(rows)}</table>{told}"


def handover_network(
    log: EventLog,
    *,
    between: Between = "department",
    org: Org = None,
    unit: Unit | None = None,
    calendar: Calendar | None = None,
) -> HandoverNetwork:
    """Draw up the network of handovers: from who did what enabled a step, to who did the step.

    Parameters
    ----------
    log : EventLog
    between : {"department", "office", "resource"}
        An office whose name occurs in several departments is ``department·office``. The applicant's lane counts as a
        department: the work lies with it.
    org : Catalogue, pd.DataFrame or mapping, optional
        The org chart: a catalogue's ``orgs``, such a table (``department, office, parent``), or group by node. Groups are the
        departments of offices and officers, and the superior units of departments. Default: the department that the log
        names most often beside an office or officer; departments then have no groups.
    unit : {"case", "bundle"}, optional
        Default: the bundle when the log has bundles.
    calendar : Calendar, optional
        Default: China's official one.

    Returns
    -------
    HandoverNetwork

    Raises
    ------
    MissingColumnError
        If the log does not name departments, offices or resources.

    Notes
    -----
    Handovers run on enabler edges, not between neighbours in time: of two offices that work side by side neither hands
    over to the other. :func:`flowaudit.metrics.handovers` counts neighbours. What the applicant does names no office or
    officer: between those, nothing is counted across it. Communities are Louvain's on the undirected
    sums of frequencies, with a fixed seed.

    References
    ----------
    Blondel, Guillaume, Lambiotte, Lefebvre. Fast unfolding of communities in large networks. *J. Stat. Mech.* (2008) P10008.
    van der Aalst, Reijers, Song. Discovering social networks from event logs. *CSCW* 14 (2005) 549-593.

    Examples
    --------
    >>> from flowaudit.eventlog import from_frame
    >>> log = from_frame(pd.DataFrame({"case_id": "1", "activity": list("abc"), "department": list("XYX"),
    ...                                "end": pd.date_range("2024-01-02", periods=3)}))
    >>> handover_network(log).edges[["source", "target", "frequency"]].values.tolist()
    [['X', 'Y', 1], ['Y', 'X', 1]]
    """
    if between not in ("department", "office", "resource"):
        raise UsageError(
            _("there is no handover between '{name}'.", name=between),
            hint=_("choose one of: {names}", names="department, office, resource"),
        )
    log = as_unit(log, unit)
    log.require("handover_network", between)
    place, labels, department = _places(log, between)
    edges = _edges(log, place, labels, calendar or load_calendar())
    strength = edges.groupby("source")["frequency"].sum().add(edges.groupby("target")["frequency"].sum(), fill_value=0)
    seen = np.unique(place[place >= 0])
    everyone = pd.Series(0.0, index=[labels[k] for k in seen.tolist()]).add(strength, fill_value=0)
    busiest = everyone.sort_values(ascending=False, kind="stable")
    kept = busiest.index[:BUSIEST]
    edges = edges[edges["source"].isin(kept) & edges["target"].isin(kept)].reset_index(drop=True)
    graph = _graph(kept.tolist(), edges)
    group, cycles = _groups(kept.tolist(), between, org, department)
    nodes, exact = _nodes(graph, group)
    agreement, by_chance = _agreement(nodes)
    return HandoverNetwork(
        graph, nodes, edges, _across(nodes, edges), agreement, by_chance, cycles, between,
        "waiting" if log.has("start") else "handover", len(busiest) - len(kept), exact,
    )  # fmt: skip


def _places(log: EventLog, between: Between) -> tuple[Ints, list[str], dict[str, str]]:
    """Return the node of every row (-1: unknown), the names of the nodes, and the department of each where known."""
    codes, labels = log.codes(between)
    place = codes.astype(np.int64)
    if between == "department" or not log.has("department"):
        return place, [str(label) for label in labels], {}
    own, departments = log.codes("department")
    known = (place >= 0) & (own >= 0)
    pairs, count = np.unique(place[known] * len(departments) + own[known], return_counts=True)
    node, theirs = np.divmod(pairs, max(len(departments), 1))
    if between == "resource":
        order = np.lexsort((theirs, -count, node))
        first = order[np.r_[True, node[order][1:] != node[order][:-1]][: len(order)]]
        chosen = {str(labels[node[k]]): str(departments[theirs[k]]) for k in first.tolist()}
        return place, [str(label) for label in labels], chosen
    several = np.bincount(node, minlength=len(labels)) > 1
    names = [str(label) for label in labels]
    chosen = {}
    split = np.full(len(labels) * max(len(departments), 1), -1, np.int64)
    for k, (a, d) in enumerate(zip(node.tolist(), theirs.tolist(), strict=True)):
        if several[a]:
            split[pairs[k]] = len(names)
            names.append(f"{departments[d]}·{labels[a]}")
            chosen[names[-1]] = str(departments[d])
        else:
            chosen[names[a]] = str(departments[d])
    renamed = known & several[np.maximum(place, 0)]
    place = place.copy()
    place[renamed] = split[place[renamed] * len(departments) + own[renamed]]
    return place, names, chosen


def _edges(log: EventLog, place: Ints, labels: list[str], calendar: Calendar) -> pd.DataFrame:
    found = enablement(log)
    opened, closed = handover(log, found)
    before = found.enabler
    source = np.where(before >= 0, place[np.maximum(before, 0)], -1) if len(place) else place
    rows = np.flatnonzero((source >= 0) & (place >= 0) & (source != place))
    office = OfficeHours()
    days = np.maximum(calendar.working_time(opened[rows], closed[rows], office), 0.0) / office.hours_per_day
    n = max(len(labels), 1)
    frame = pd.DataFrame({"key": source[rows] * n + place[rows], "case": log.case_index[rows], "days": days})
    grouped = frame.groupby("key", sort=True)
    out = grouped["days"].agg(["size", "median"]).reset_index()
    out["cases"] = frame.drop_duplicates(["key", "case"]).groupby("key", sort=True).size().to_numpy(np.int64)
    key = out["key"].to_numpy(np.int64)
    edges = pd.DataFrame(
        {
            "source": pd.Series([labels[k // n] for k in key.tolist()], dtype="object"),
            "target": pd.Series([labels[k % n] for k in key.tolist()], dtype="object"),
            "frequency": out["size"].astype(np.int64),
            "cases": out["cases"],
            "median_days": out["median"].astype(float),
        }
    )
    return edges.sort_values("frequency", ascending=False, kind="stable", ignore_index=True)


def _graph(nodes: list[str], edges: pd.DataFrame) -> nx.DiGraph[str]:
    import networkx as nx

    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(nodes)
    for row in edges.to_dict("records"):
        own = {name: row[name] for name in ("frequency", "cases", "median_days")}
        graph.add_edge(row["source"], row["target"], **own, distance=1.0 / row["frequency"])
    return graph


def _nodes(graph: nx.DiGraph[str], group: Mapping[str, str]) -> tuple[pd.DataFrame, bool]:
    import networkx as nx

    names = list(graph)
    # Numbered: sets of words come in another order in every run, sets of small numbers do not.
    numbered = nx.relabel_nodes(graph, {name: k for k, name in enumerate(names)})
    size, edges = len(numbered), numbered.number_of_edges()
    exact = size * edges <= EXACT
    sample = None if exact else min(size, max(EXACT // max(edges, 1), 10))
    between = nx.betweenness_centrality(numbered, k=sample, weight="distance", seed=SEED) if size else {}
    rank = nx.pagerank(numbered, weight="frequency") if edges else dict.fromkeys(numbered, 1.0 / max(size, 1))
    community = _communities(numbered)
    frame = pd.DataFrame(
        {
            "node": pd.Series(names, dtype="object"),
            "group": pd.Series([group.get(name) for name in names], dtype="object"),
            "community": [community[k] for k in range(size)],
            "in_strength": [int(n) for _k, n in numbered.in_degree(weight="frequency")],
            "out_strength": [int(n) for _k, n in numbered.out_degree(weight="frequency")],
            "betweenness": [float(between[k]) for k in range(size)],
            "pagerank": [float(rank[k]) for k in range(size)],
        }
    )
    return frame, exact


def _communities(graph: Any) -> dict[int, int]:
    """Number the communities, the one with the busiest node first."""
    import networkx as nx

    both: nx.Graph[int] = nx.Graph()
    both.add_nodes_from(range(len(graph)))
    for a, b, frequency in graph.edges(data="frequency"):
        weight = both[a][b]["weight"] if both.has_edge(a, b) else 0
        both.add_edge(a, b, weight=weight + frequency)
    if not both.number_of_edges():
        return {k: k for k in range(len(graph))}
    found = sorted(nx.community.louvain_communities(both, weight="weight", seed=SEED), key=min)
    return {node: number for number, members in enumerate(found) for node in members}


def _groups(
    nodes: list[str], between: Between, org: Org, department: Mapping[str, str]
) -> tuple[dict[str, str], tuple[tuple[str, ...], ...]]:
    """Return the group of every node that has one, and the circles of the org table."""
    if isinstance(org, Catalogue):
        org = org.orgs
    if isinstance(org, Mapping):
        return {name: str(org[name]) for name in nodes if name in org}, ()
    group = {name: department[name] for name in nodes if name in department}
    if org is None or org.empty:
        return group, ()
    superiors, cycles = _superiors(org)
    caught = {unit for cycle in cycles for unit in cycle}
    if between == "department":
        return {n: superiors[n] for n in nodes if n in superiors and n not in caught}, cycles
    if between == "office" and "office" in org:
        offices = org.dropna(subset=["office"]).drop_duplicates(["department", "office"])
        once = offices[~offices["office"].duplicated(keep=False)]
        stated = dict(zip(once["office"].astype(str), once["department"].astype(str), strict=True))
        group.update({name: stated[name] for name in nodes if name in stated})
    return group, cycles


def _superiors(org: pd.DataFrame) -> tuple[dict[str, str], tuple[tuple[str, ...], ...]]:
    """Return the superior unit of every department, and the units that stand above each other in a circle."""
    import networkx as nx

    if "parent" not in org or "department" not in org:
        return {}, ()
    stated = org.dropna(subset=["department", "parent"])
    offices = stated["office"].astype(object) if "office" in stated else pd.Series(None, stated.index, dtype="object")
    inside = {(str(d), str(o)) for d, o in zip(stated["department"], offices, strict=True) if isinstance(o, str)}
    graph: nx.DiGraph[tuple[str, str]] = nx.DiGraph()
    above: dict[str, str] = {}
    for unit, office, parent in zip(
        stated["department"].astype(str), offices, stated["parent"].astype(str), strict=True
    ):
        own = isinstance(office, str)
        if own and (unit, parent) in inside:
            graph.add_edge((unit, office), (unit, parent))
        elif own and parent == unit:
            continue
        else:
            # A row of an office that names a unit outside its department tells where the department belongs.
            graph.add_edge((unit, ""), (parent, ""))
            above.setdefault(unit, parent)
    circles = [
        tuple(sorted("·".join(filter(None, unit)) for unit in knot))
        for knot in nx.strongly_connected_components(graph)
        if len(knot) > 1 or graph.has_edge(*(next(iter(knot)),) * 2)
    ]
    return above, tuple(sorted(circles))


def _agreement(nodes: pd.DataFrame) -> tuple[float, float]:
    known = nodes[nodes["group"].notna() & (nodes["node"] != APPLICANT)]
    a, b = known["community"].to_numpy(np.int64), pd.factorize(known["group"])[0].astype(np.int64)
    if len(np.unique(a)) < 2 or len(np.unique(b)) < 2:
        return float("nan"), float("nan")
    rng = np.random.default_rng(SEED)
    return shared_information(a, b), float(
        np.mean([shared_information(a, rng.permutation(b)) for _k in range(SHUFFLES)])
    )


def shared_information(a: npt.ArrayLike, b: npt.ArrayLike) -> float:
    """Return the normalised mutual information of two partitions: 1 where they are the same, 0 where independent.

    Returns
    -------
    float
        Over the mean of both entropies; NaN where either partition has one part only.

    References
    ----------
    Danon, Diaz-Guilera, Duch, Arenas. Comparing community structure identification. *J. Stat. Mech.* (2005) P09008.

    Examples
    --------
    >>> round(shared_information([0, 0, 1, 1], [5, 5, 7, 7]), 9), round(shared_information([0, 0, 1, 1], [0, 1, 0, 1]), 9)
    (1.0, 0.0)
    """
    left, right = (np.unique(np.asarray(x), return_inverse=True)[1] for x in (a, b))
    n, wide = len(left), int(right.max(initial=0)) + 1
    both = np.bincount(left * wide + right) / max(n, 1)
    entropies = [_entropy(np.bincount(x) / max(n, 1)) for x in (left, right)]
    if not n or min(entropies) == 0:
        return float("nan")
    return float(max(sum(entropies) - _entropy(both), 0.0) / (sum(entropies) / 2))


def _entropy(p: npt.NDArray[np.float64]) -> float:
    p = p[p > 0]
    return float(-(p * np.log(p)).sum()) if len(p) > 1 else 0.0


def _across(nodes: pd.DataFrame, edges: pd.DataFrame) -> pd.DataFrame:
    by_name = nodes.set_index("node")
    a, b = edges["source"].to_numpy(object), edges["target"].to_numpy(object)
    swap = np.array([x > y for x, y in zip(a, b, strict=True)], np.bool_)
    pairs = pd.DataFrame(
        {"a": np.where(swap, b, a), "b": np.where(swap, a, b), "frequency": edges["frequency"].to_numpy(np.int64)}
    )
    pairs = pairs.groupby(["a", "b"])[["frequency"]].sum().reset_index()
    for side in ("a", "b"):
        pairs[f"group_{side}"] = pairs[side].map(by_name["group"])
        pairs[f"community_{side}"] = pairs[side].map(by_name["community"])
    apart = pairs["group_a"].notna() & pairs["group_b"].notna() & (pairs["group_a"] != pairs["group_b"])
    apart &= (pairs["a"] != APPLICANT) & (pairs["b"] != APPLICANT)
    found = pairs[apart & (pairs["community_a"] == pairs["community_b"])]
    found = found.assign(share=found["frequency"] / max(int(edges["frequency"].sum()), 1))
    found = found.sort_values(["frequency", "a", "b"], ascending=[False, True, True], ignore_index=True)
    return found[["a", "b", "group_a", "group_b", "frequency", "share"]]
