"""What a redesign changes in a process: activities, order, people, materials, trips. Nothing is simulated."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd

from flowaudit.errors import UsageError
from flowaudit.messages import Language, current_language
from flowaudit.messages import translate as _
from flowaudit.process import Process
from flowaudit.redesign.expected import Expected
from flowaudit.redesign.facts import FACTS, LEAST, Facts, facts_of, pools_of
from flowaudit.redesign.successors import Successors, successors

Change = Literal["kept", "changed", "removed", "merged", "renamed", "result", "new"]
"""What became of an activity: ``merged`` and ``renamed`` are gone, but their work is done in another; ``result`` does it."""

MOSTLY = 0.5
"""An activity is merged where at least so much of its work is done in others, else removed."""

CHANGES: tuple[Change, ...] = ("merged", "result", "renamed", "removed", "new", "changed", "kept")
"""In the order of a table."""


@dataclass(frozen=True, eq=False)
class Diff:
    """What differs between two processes.

    Attributes
    ----------
    table : pd.DataFrame
        One row for every activity of either: ``activity, change, into, merged_from, what`` (names of
        :data:`~flowaudit.redesign.facts.FACTS` that differ), and each fact ``_before`` and ``_after``. ``times`` is per case,
        ``cases`` the share of cases that pass it; ``visits`` (share with the applicant there), ``materials`` (handed in at
        it), ``work_h`` and ``delay_h`` are means per time, NaN where the activity is not there or the log does not tell.
    edges : pd.DataFrame
        ``source, target, before, after, change``: times per case that the target begins after the source.
    parallel : pd.DataFrame
        ``first, second, before, after, change``: share of cases in which neither waits for the other; ``change`` is
        ``together`` where they no longer wait, ``in_order`` where they now do.
    pools : pd.DataFrame
        ``pool, change``, and ``capacity, officers, hours`` (officers' hours a week), ``discipline`` before and after.
    materials : pd.DataFrame
        ``material, name, change, before, after`` (kinds the applicant hands in, per case), ``otherwise`` (per case, that come
        from elsewhere afterwards).
    totals : pd.DataFrame
        Index ``activities, attendances, materials, special, priority, due_h``, columns ``before, after``; see
        :class:`~flowaudit.redesign.expected.Expected`.
    measures : tuple of (str, int)
        Measures applied between the two, with the observed cases each one touches.
    same_arrivals : bool
    same_ways : bool
        Whether both stand for the same cases: only then can be told what was merged into what.
    """

    as_is: Process = field(repr=False)
    to_be: Process = field(repr=False)
    table: pd.DataFrame
    edges: pd.DataFrame
    parallel: pd.DataFrame
    pools: pd.DataFrame
    materials: pd.DataFrame
    totals: pd.DataFrame
    measures: tuple[tuple[str, int], ...]
    same_arrivals: bool
    same_ways: bool

    @property
    def empty(self) -> bool:
        """Whether nothing differs."""
        return self.same_arrivals and all(
            frame["change"].isin(("kept",)).all()
            for frame in (self.table, self.edges, self.parallel, self.pools, self.materials)
        ) and not self._totals_differ()  # fmt: skip

    def _totals_differ(self) -> bool:
        before, after = (self.totals[c].to_numpy(float) for c in ("before", "after"))
        return not np.allclose(before, after, rtol=0.0, atol=LEAST, equal_nan=True)

    def of(self, *changes: Change) -> pd.DataFrame:
        """Return the activities with one of these changes, the most frequent first."""
        rows = self.table[self.table["change"].isin(changes)]
        return rows.iloc[np.argsort(-rows[["times_before", "times_after"]].max(axis=1).to_numpy(float), kind="stable")]

    def sentences(self, lang: Language | None = None) -> tuple[str, ...]:
        """Return what changes in words, one sentence for each thing; a single one where nothing does."""
        from flowaudit.redesign.diff_sentences import sentences

        return sentences(self, lang or current_language())

    def to_dict(self) -> dict[str, Any]:
        """Return the difference as plain data (numbers, texts, lists; None where a value is not known)."""
        return {
            "empty": self.empty,
            "measures": [list(m) for m in self.measures],
            "same_arrivals": self.same_arrivals,
            "same_ways": self.same_ways,
            **{
                name: _records(getattr(self, name))
                for name in ("table", "edges", "parallel", "pools", "materials")
            },
            "totals": _records(self.totals.reset_index(names="total")),
        }  # fmt: skip

    def __str__(self) -> str:
        return "\n".join(self.sentences())

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        from flowaudit.redesign.diff_words import head, rows

        lang = current_language()
        said = "".join(f"<li>{html.escape(s)}</li>" for s in self.sentences(lang))
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows(self, lang)
        )
        names = "".join(f"<th>{html.escape(name)}</th>" for name in head(lang))
        return f"<ul>{said}</ul>" + (f"<table><tr>{names}</tr>{body}</table>" if body else "")


def diff(as_is: Process, to_be: Process) -> Diff:
    """Say what differs between two processes.

    Parameters
    ----------
    as_is : Process
        As fitted.
    to_be : Process
        As a scenario would have it: ``scenario.apply(as_is)``.

    Returns
    -------
    Diff
        As table, map (``draw(diff(...))``) and sentences; ``empty`` for a process against itself.

    Raises
    ------
    UsageError
        If one of them is no process.

    Notes
    -----
    All numbers are expectations of the routing, exact and without simulation. How long a case takes, and how many of
    several attendances fall on one day, only a simulation tells.
    """
    for thing in (as_is, to_be):
        if not isinstance(thing, Process):
            raise UsageError(
                _("diff needs two processes; got {kind}.", kind=type(thing).__name__),
                hint="diff(process, scenario.apply(process))",
            )
    before = Expected.of(as_is)
    after = before if to_be is as_is else Expected.of(to_be)
    links = successors(as_is, to_be)
    n = len(as_is.changes)
    return Diff(
        as_is=as_is,
        to_be=to_be,
        table=_activities(facts_of(as_is, before), facts_of(to_be, after), links),
        edges=_edges(before, after),
        parallel=_parallel(before, after),
        pools=_pools(as_is, to_be),
        materials=_materials(before, after, {**as_is.material_names, **to_be.material_names}),
        totals=pd.DataFrame(
            {"before": before.totals, "after": after.totals},
            index=["activities", "attendances", "materials", "special", "priority", "due_h"],
        ),
        measures=to_be.changes[n:] if to_be.changes[:n] == as_is.changes else (),
        same_arrivals=_same_arrivals(as_is, to_be),
        same_ways=links is not None,
    )


def _activities(old: Mapping[str, Facts], new: Mapping[str, Facts], links: Successors | None) -> pd.DataFrame:
    into: dict[str, list[str]] = {}
    sources: dict[str, list[str]] = {}
    moved: dict[str, float] = {}
    went = {} if links is None else links.went
    for (a, b), times in sorted(went.items(), key=lambda x: -x[1]):
        if times > LEAST:
            into.setdefault(a, []).append(b)
            sources.setdefault(b, []).append(a)
            moved[a] = moved.get(a, 0.0) + times
    rows = []
    for activity in dict.fromkeys((*old, *new)):
        was, now = old.get(activity), new.get(activity)
        altered = (
            None if links is None else [f for f, times in links.altered.get(activity, {}).items() if times > LEAST]
        )
        what = was.differs(now, altered) if was is not None and now is not None else ()
        change: Change
        if now is None:
            assert was is not None
            gone_into = moved.get(activity, 0.0) >= MOSTLY * was.times
            alone = gone_into and all(sources[b] == [activity] for b in into[activity])
            change = (
                "renamed"
                if alone and not any(b in old for b in into[activity])
                else "merged"
                if gone_into
                else "removed"
            )
        elif activity in sources:
            change = "result"
        else:
            change = "new" if was is None else "changed" if what else "kept"
        row: dict[str, Any] = {
            "activity": activity, "change": change, "into": tuple(into.get(activity, ())),
            "merged_from": tuple(sources.get(activity, ())), "what": what,
        }  # fmt: skip
        for name in FACTS:
            row[f"{name}_before"] = was.shown(name) if was is not None else Facts.absent(name)
            row[f"{name}_after"] = now.shown(name) if now is not None else Facts.absent(name)
        rows.append(row)
    columns = [
        "activity",
        "change",
        "into",
        "merged_from",
        "what",
        *(f"{n}_{s}" for n in FACTS for s in ("before", "after")),
    ]
    return pd.DataFrame(rows, columns=columns)


def _edges(before: Expected, after: Expected) -> pd.DataFrame:
    rows = []
    for pair in dict.fromkeys((*before.follows, *after.follows)):
        was, now = before.follows.get(pair, 0.0), after.follows.get(pair, 0.0)
        rows.append((*pair, was, now, _more_or_less(was, now)))
    frame = pd.DataFrame(rows, columns=["source", "target", "before", "after", "change"])
    order = np.argsort(-frame[["before", "after"]].max(axis=1).to_numpy(float), kind="stable")
    return frame.iloc[order].reset_index(drop=True)


def _more_or_less(was: float, now: float) -> str:
    if abs(now - was) <= LEAST:
        return "kept"
    if now <= LEAST:
        return "removed"
    return "new" if was <= LEAST else "more" if now > was else "less"


def _parallel(before: Expected, after: Expected) -> pd.DataFrame:
    rows = []
    for pair in dict.fromkeys((*before.together, *after.together)):
        was, now = before.together.get(pair, 0.0), after.together.get(pair, 0.0)
        ordered = after.apart.get(pair, 0.0) - before.apart.get(pair, 0.0)
        # Where only one of the two is done more often or less, nothing is said about their order.
        if now > was + LEAST and ordered < -LEAST:
            change = "together"
        elif now < was - LEAST and ordered > LEAST:
            change = "in_order"
        else:
            change = "kept"
        rows.append((*pair, was, now, change))
    frame = pd.DataFrame(rows, columns=["first", "second", "before", "after", "change"])
    return frame.sort_values("after", ascending=False, kind="stable", ignore_index=True)


def _pools(as_is: Process, to_be: Process) -> pd.DataFrame:
    old, new = pools_of(as_is), pools_of(to_be)
    names = ("capacity", "officers", "hours", "discipline")
    rows = []
    for pool in dict.fromkeys((*old, *new)):
        was, now = old.get(pool), new.get(pool)
        change = "new" if was is None else "removed" if now is None else "kept" if was == now else "changed"
        row: dict[str, Any] = {"pool": pool, "change": change}
        for name in names:
            row[f"{name}_before"] = None if was is None else was.shown(name)
            row[f"{name}_after"] = None if now is None else now.shown(name)
        rows.append(row)
    return pd.DataFrame(rows, columns=["pool", "change", *(f"{n}_{s}" for n in names for s in ("before", "after"))])


def _materials(before: Expected, after: Expected, names: Mapping[str, str]) -> pd.DataFrame:
    rows = []
    for kind in dict.fromkeys(k for k, _source in (*before.materials, *after.materials)):
        was, now = (side.materials.get((kind, "applicant"), 0.0) for side in (before, after))
        elsewhere = sum(v for (k, source), v in after.materials.items() if k == kind and source != "applicant")
        rows.append((kind, names.get(kind, kind), _more_or_less(was, now), was, now, elsewhere))
    frame = pd.DataFrame(rows, columns=["material", "name", "change", "before", "after", "otherwise"])
    return frame.sort_values("before", ascending=False, kind="stable", ignore_index=True)


def _same_arrivals(a: Process, b: Process) -> bool:
    if a.arrivals is not b.arrivals and not np.array_equal(a.arrivals, b.arrivals):
        return False
    x, y = a.arriving, b.arriving
    if x is y or x is None or y is None:
        return x is y
    return bool(
        x.clock == y.clock
        and np.array_equal(x.gaps, y.gaps)
        and (x.trend, x.first, x.last) == (y.trend, y.first, y.last)
    )


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(k): _plain(v) for k, v in row.items()} for row in frame.to_dict("records")]


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(v) for v in value]
    if isinstance(value, bool | str) or value is None:
        return value
    return None if pd.isna(value) else value.item() if hasattr(value, "item") else value
