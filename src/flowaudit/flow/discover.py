"""The flow as it is: nodes, edges, variants and a model, cut to what a person can read."""

from __future__ import annotations

import heapq
import html
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.eventlog import EventLog, Tile, Unit, as_unit, variant_table
from flowaudit.flow._waits import Pairs, sums_by, waits
from flowaudit.flow.bpmn import to_bpmn
from flowaudit.flow.edges import HOUR_US, directly_follows, end_activities, start_activities
from flowaudit.flow.model import Tree, discover_tree
from flowaudit.flow.variants import variants
from flowaudit.messages import translate as _
from flowaudit.worktime import Calendar, load_calendar

START, END = "▷", "□"
MAX_NODES = 30
_SMALL = 2**16


@dataclass(frozen=True, eq=False)
class AsIs:
    """What a log shows of the flow.

    Attributes
    ----------
    nodes : pd.DataFrame
        ``activity, department, stage, events, cases, median_work_h`` (NaN without start times) and ``shown``.
    edges : pd.DataFrame
        Directly-follows: ``source, target, frequency, cases, median_h, median_working_h`` and ``shown``; the
        pseudo-activities ``START`` and ``END`` mark where cases begin and end.
    variants : pd.DataFrame
        ``variant, cases, share``.
    coverage : float
        Share of all directly-follows steps that the shown edges carry.
    cases, events, unit, span, has_starts
        Of the log.
    """

    nodes: pd.DataFrame
    edges: pd.DataFrame
    variants: pd.DataFrame
    coverage: float
    cases: int
    events: int
    unit: Unit
    span: tuple[pd.Timestamp, pd.Timestamp]
    has_starts: bool
    name: str

    @cached_property
    def _model(self) -> tuple[Tree, list[str]]:
        counts = Counter(dict(zip(self.variants["variant"], self.variants["cases"].tolist(), strict=True)))
        return discover_tree(counts)

    @property
    def tree(self) -> Tree:
        """Process tree by the inductive miner; mined when first asked for."""
        return self._model[0]

    @property
    def notes(self) -> list[str]:
        """What the model and the map leave out."""
        hidden = int((~self.nodes["shown"]).sum())
        told = list(self._model[1])
        if hidden:
            told.append(_("the map hides {n} rare activities", n=hidden))
        told.append(
            _("the map's edges carry {share:.0%} of all steps from one activity to the next", share=self.coverage)
        )
        return told

    @property
    def bpmn(self) -> str:
        """The process tree as BPMN 2.0 text."""
        return to_bpmn(self.tree, self.name)

    def shown(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the nodes and edges of the map."""
        return self.nodes[self.nodes["shown"]], self.edges[self.edges["shown"]]

    def to_dict(self) -> dict[str, Any]:
        return {
            "cases": self.cases,
            "events": self.events,
            "nodes": self.nodes.astype(object).where(self.nodes.notna(), None).to_dict("records"),
            "edges": self.edges.astype(object).where(self.edges.notna(), None).to_dict("records"),
            "variants": len(self.variants),
            "tree": str(self.tree),
            "notes": self.notes,
        }

    def _repr_html_(self) -> str:
        nodes, _edges = self.shown()
        head = (_("Activity"), _("Department"), _("Events"), _("Cases"))
        rows = ["<tr>" + "".join(f"<th>{html.escape(h)}</th>" for h in head) + "</tr>"]
        for row in nodes.head(20).itertuples():
            cells = (row.activity, row.department or "—", f"{row.events:,}", f"{row.cases:,}")
            rows.append("<tr>" + "".join(f"<td>{html.escape(str(c))}</td>" for c in cells) + "</tr>")
        return f"<table>{''.join(rows)}</table>"


def discover(
    log: EventLog,
    *,
    unit: Unit | None = None,
    calendar: Calendar | None = None,
    max_edges: int = 40,
) -> AsIs:
    """Reconstruct the flow as it is from a log.

    Parameters
    ----------
    log : EventLog
    unit : {"case", "bundle"}, optional
        Default: the bundle where the log has bundles.
    calendar : Calendar, optional
        For median working times; China's official one by default.
    max_edges : int
        Most edges the map shows. Every shown activity keeps its strongest way in and out, even beyond this number.

    Returns
    -------
    AsIs
        With all nodes and edges; ``shown`` marks those of the map.
    """
    log = as_unit(log, unit)
    calendar = calendar or load_calendar("china")
    nodes = _nodes(log, calendar)
    edges = pd.concat([directly_follows(log, calendar=calendar), _ends(log)], ignore_index=True)
    edges = edges.sort_values("frequency", ascending=False, kind="stable", ignore_index=True)
    kept = _kept(edges, nodes["activity"].tolist())
    nodes["shown"] = nodes["activity"].isin(kept)
    edges["shown"] = _shown(edges, kept, max_edges)
    inner = edges[~edges["source"].isin([START]) & ~edges["target"].isin([END])]
    steps = int(inner["frequency"].sum())
    coverage = float(inner.loc[inner["shown"], "frequency"].sum() / steps) if steps else 1.0
    return AsIs(
        nodes, edges, variants(log), coverage, log.n_cases, log.n_events, log.unit, log.span, log.has("start"),
        log.provenance.source,
    )  # fmt: skip


def _nodes(log: EventLog, calendar: Calendar) -> pd.DataFrame:
    table, labels = variant_table(log), log.labels("activity")
    n = len(labels)
    events = sums_by(table.activity, n, table.weight)
    once = np.unique(table.variant * n + table.activity)
    used = np.flatnonzero(events)
    nodes = pd.DataFrame(
        {
            "activity": [labels[c] for c in used],
            "department": _most_common(log, "department", used),
            "stage": _most_common(log, "stage", used),
            "events": (events - _repeated(log, n))[used],
            "cases": sums_by(once % n, n, table.cases[once // n])[used],
            "median_work_h": _median_work(log, calendar, events)[used] if log.has("start") else np.nan,
        }
    )
    return nodes.sort_values(["events", "activity"], ascending=[False, True], kind="stable", ignore_index=True)


def _repeated(log: EventLog, n: int) -> npt.NDArray[np.int64]:
    """Count by activity the rows that say again, for another case, what a shared event has said."""
    if log.n_events == len(log.events):
        return np.zeros(n, np.int64)
    ids = log.events["event_id"].to_pandas()
    again = (ids.duplicated() & ids.notna()).to_numpy()
    return np.bincount(log.codes("activity")[0][again], minlength=n).astype(np.int64)


def _median_work(log: EventLog, calendar: Calendar, events: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Median office hours from start to end, by activity."""

    def own(_number: int, tile: Tile) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
        activity: npt.NDArray[np.int32] = tile.columns["activity"]
        return np.arange(len(activity)), activity

    nothing = np.zeros(0, np.int64)
    pairs = Pairs(events, np.zeros(log.n_cases, np.int32), nothing, nothing.astype(np.int32), own, within=True)
    found: npt.NDArray[np.float64] = waits(log, pairs, 0.5, calendar=calendar).quantiles[0] / HOUR_US
    return found


def _most_common(log: EventLog, column: str, used: npt.NDArray[np.int64]) -> pd.Series:
    """The commonest value of ``column`` for every used activity; None where it was never recorded."""
    if not log.has(column):
        return pd.Series([None] * len(used), dtype=object)
    labels = log.labels(column)
    m = len(labels)
    best: dict[int, tuple[int, int]] = {}
    counts: Counter[int] = Counter()
    size = len(log.labels("activity")) * m
    for tile in log.tiles("activity", column):
        known = tile.columns[column] >= 0
        key = tile.columns["activity"][known].astype(np.int64) * m + tile.columns[column][known]
        if size <= max(len(key), _SMALL):
            table = np.bincount(key, minlength=size)
            keys = np.flatnonzero(table)
            found = table[keys]
        else:
            keys, found = np.unique(key, return_counts=True)
        counts.update(dict(zip(keys.tolist(), found.tolist(), strict=True)))
    for k, count in sorted(counts.items()):
        activity, value = divmod(k, m)
        best[activity] = max(best.get(activity, (0, 0)), (count, -value))
    return pd.Series([labels[-best[a][1]] if a in best else None for a in used.tolist()], dtype=object)


def _ends(log: EventLog) -> pd.DataFrame:
    parts = []
    for counts, side in ((start_activities(log), START), (end_activities(log), END)):
        names = counts.index.tolist()
        pair = {"source": START, "target": names} if side == START else {"source": names, "target": END}
        parts.append(pd.DataFrame({**pair, "frequency": counts.to_numpy(), "cases": counts.to_numpy()}))
    return pd.concat(parts, ignore_index=True)


def _shown(edges: pd.DataFrame, kept: set[str], max_edges: int) -> pd.Series:
    """Mark the edges of the map: the strongest way in and out of every kept activity, then the most frequent."""
    inside = edges["source"].isin(kept | {START}) & edges["target"].isin(kept | {END})
    apart = inside & (edges["source"] != edges["target"])
    candidates = edges[apart]
    chosen = set(candidates.drop_duplicates("target").index) | set(candidates.drop_duplicates("source").index)
    # Every activity must lie on a way from the start to the end.
    chosen |= set(_way(candidates, "source", "target", START)) | set(_way(candidates, "target", "source", END))
    for index in edges.index[inside]:
        if len(chosen) >= max_edges:
            break
        chosen.add(index)
    return edges.index.to_series().isin(chosen)


def _way(edges: pd.DataFrame, near: str, far: str, root: str) -> list[int]:
    """Edges of a tree that reaches every activity from ``root``, strongest edges first (Prim)."""
    ways = _ways(edges, near, far)
    reached: set[str] = {root}
    chosen: list[int] = []
    fringe = list(ways[root])
    heapq.heapify(fringe)
    while fringe:
        index, activity = heapq.heappop(fringe)
        if activity not in reached:
            reached.add(activity)
            chosen.append(index)
            for way in ways[activity]:
                heapq.heappush(fringe, way)
    return chosen


def _ways(edges: pd.DataFrame, near: str, far: str) -> dict[str, list[tuple[int, str]]]:
    """The ways on from every activity, by their edge; the strongest edge has the lowest index."""
    ways: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for index, a, b in zip(edges.index.tolist(), edges[near], edges[far], strict=True):
        ways[a].append((index, b))
    return ways


def _kept(edges: pd.DataFrame, activities: list[str]) -> set[str]:
    """Choose the activities of the map: the most frequent ones, as far as they and a way through them fit in."""
    before, after = _nearest(edges, "source", "target", START), _nearest(edges, "target", "source", END)
    kept: set[str] = set()
    for activity in activities:
        way = {activity}
        for towards, root in ((before, START), (after, END)):
            step = towards[activity]
            while step != root:
                way.add(step)
                step = towards[step]
        # At least one way from the start to the end is shown, however long it is.
        if not kept or len(kept | way) <= MAX_NODES:
            kept |= way
    return kept


def _nearest(edges: pd.DataFrame, near: str, far: str, root: str) -> dict[str, str]:
    """For every activity the next one on the way to ``root`` that has fewest steps, strong edges first."""
    ways = _ways(edges, near, far)
    towards: dict[str, str] = {}
    fringe = [root]
    for activity in fringe:
        for _index, other in ways[activity]:
            if other != root and other not in towards:
                towards[other] = activity
                fringe.append(other)
    return towards
