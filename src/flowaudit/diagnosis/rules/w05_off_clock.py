"""W05 体外循环: time, work and materials before the acceptance, and nodes stamped together just before the decision."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from flowaudit.diagnosis.context import Bools, Context, Ints, Stamps
from flowaudit.diagnosis.corrections import correction_requests
from flowaudit.diagnosis.finding import Finding, NotCheckable
from flowaudit.diagnosis.papers import papers_of
from flowaudit.diagnosis.rule import Parameter, Rule, Thresholds
from flowaudit.diagnosis.spells import Spells, spells_of
from flowaudit.messages import Language, both
from flowaudit.messages import translate as _
from flowaudit.metrics import wilson

INSTANT = ("即办", "instant")


def name(lang: Language | None = None) -> str:
    return _("work off the clock", lang=lang)


def definition(lang: Language | None = None) -> str:
    return _(
        "Accepted items of a department and kind of item, where Wilson's lower bound of the share is at least 5 %: (a) more than 5 "
        "working days from application to acceptance without a written request for corrections in between (an item that waits for another "
        "one of its bundle is counted from that one's decision); (b) a review or "
        "inspection that ended before the acceptance (recorded consultation is no waste); (c) at least 3 nodes, the decision "
        "among them, stamped within the 10 minutes up to the decision of an item that had lain for a working day or more, by "
        "day-exact stamps not judged; (d) material handed in more than 5 working days before the acceptance and on a day before "
        "any application of the case. Special procedures without a reason are W21's. Lost time: for (a) the working days "
        "beyond the fifth, for the others none is known.",
        lang=lang,
    )


def find(context: Context, t: Thresholds) -> list[Finding] | NotCheckable:
    spells = spells_of(context)
    if np.isnat(spells.accepted).all():
        return NotCheckable("W05", *both("no acceptance is recorded"), ("stage (accept) | cases.accept_time",))
    department, labels = _accepting(context, spells)
    slow, open_to_it = _slow(context, spells, t)
    early = _early_work(context, spells)
    filled = _back_filled(context, spells, t)
    handed, kept = _handed_early(context, spells, t)
    decided = ~np.isnat(spells.decided)
    found = []
    for kind, hit, asked in (
        ("pre", slow, open_to_it),
        ("early", np.bincount(early[1], minlength=len(spells.case)) > 0, ~np.isnat(spells.accepted)),
        ("filled", np.bincount(filled[1], minlength=len(spells.case)) > 0, decided),
        ("handed", handed, kept),
    ):
        for own in _groups(spells, department, hit, asked, t, context.min_cases):
            place = str(labels[department[own[0]]]) if department[own[0]] >= 0 else ""
            group = _Group(kind, place, spells.item[own[0]], own[hit[own]], own, asked)
            if kind == "pre":
                found.append(_pre_finding(context, t, spells, group))
            else:
                rows, of = {"early": early, "filled": filled}.get(kind) or _up_to_acceptance(context, spells)
                found.append(_event_finding(context, t, spells, group, rows[np.isin(of, group.hit)]))
    return found


@dataclass(frozen=True, eq=False)
class _Group:
    """The items of one kind that one department accepted: those concerned, those that could be, and all that could."""

    kind: str
    department: str
    item: str | None
    hit: Ints
    own: Ints
    asked: Bools

    @property
    def key(self) -> str:
        return "-".join(part for part in (self.kind, self.department, self.item or "") if part)

    def cases(self, spells: Spells) -> Ints:
        return np.unique(spells.case[self.hit])

    def population(self, spells: Spells) -> int:
        return len(np.unique(spells.case[self.own]))


def _groups(
    spells: Spells, department: Ints, hit: Bools, asked: Bools, t: Thresholds, min_cases: int
) -> Iterator[Ints]:
    """Items of one department and kind among those asked about, as far as enough of them are concerned."""
    rows = np.flatnonzero(asked)
    item = pd.factorize(pd.Series(spells.item[rows], dtype="object"), sort=True)[0]
    key = (department[rows] + 1) * (item.max(initial=-1) + 2) + item + 1
    order = np.argsort(key, kind="stable")
    _kinds, first, size = np.unique(key[order], return_index=True, return_counts=True)
    hits = np.add.reduceat(hit[rows[order]].astype(np.int64), first) if len(first) else first
    for place in np.flatnonzero(hits >= min_cases).tolist():
        own = rows[order[first[place] : first[place] + size[place]]]
        if wilson(int(hits[place]), len(own))[0] < t["share"] or len(np.unique(spells.case[own[hit[own]]])) < min_cases:
            continue
        yield own


def _accepting(context: Context, spells: Spells) -> tuple[Ints, list[str]]:
    """Return the department that accepted each item: of its first acceptance, else what the table of cases says."""
    department, labels = context.column("department")
    rows = np.flatnonzero(
        context.among("stage", "accept") & (department >= 0) & ~context.applicant & (spells.of_row >= 0)
    )
    found = np.full(len(spells.case), -1, np.int64)
    found[spells.of_row[rows[::-1]]] = department[rows[::-1]]
    table = context.table("cases")
    if table is None or "accept_department" not in table or not (found < 0).any():
        return found, labels
    names = [*map(str, labels)]
    said = table["accept_department"].dropna()
    names += [name for name in dict.fromkeys(said.astype(str)) if name not in set(names)]
    place = {name: i for i, name in enumerate(names)}
    has_item = "item_code" in table
    by_key = {
        (case, str(item) if has_item and pd.notna(item) else None): place[str(which)]
        for case, item, which in zip(
            table.loc[said.index, "case"], table.loc[said.index, "item_code"] if has_item else said, said, strict=True
        )
    }
    for i in np.flatnonzero(found < 0).tolist():
        found[i] = by_key.get((spells.case[i], spells.item[i]), -1)
    return found, names


def _slow(context: Context, spells: Spells, t: Thresholds) -> tuple[Bools, Bools]:
    """Mark the items that were accepted late without a request for corrections, and those of which that can be said."""
    known = ~np.isnat(spells.accepted) & ~np.isnan(spells.pre_days) & ~np.isnat(spells.applied)
    late = known & (spells.pre_days > t["days"])
    asked = correction_requests(context)
    excused = np.zeros(len(spells.case), np.bool_)
    if asked is not None and len(asked):
        excused |= _within(spells, context.case[asked], spells.of_row[asked], context.end[asked])
    episodes = context.table("special_episodes")
    if episodes is not None and {"start", "type"} <= set(episodes):
        written = episodes[
            episodes["type"].astype("string").str.contains("correction|补正|补齐").fillna(False).to_numpy(bool)
        ]
        excused |= _within(
            spells, written["case"].to_numpy(np.int64), np.full(len(written), -1), context.times(written["start"])
        )
    return late & ~excused, known


def _within(spells: Spells, case: Ints, spell: Ints, stamps: Stamps) -> Bools:
    """Mark the items between whose application and acceptance one of the stamps lies; one of no item serves its case."""
    found = np.zeros(len(spells.case), np.bool_)
    with np.errstate(invalid="ignore"):
        own = spell >= 0
        hit = (spells.applied[spell[own]] <= stamps[own]) & (stamps[own] <= spells.accepted[spell[own]])
        found[spell[own][hit]] = True
        # Spells lie in order of their cases.
        case, stamps = case[~own], stamps[~own]
        first = np.searchsorted(spells.case, case)
        count = np.searchsorted(spells.case, case, side="right") - first
        each = np.repeat(first, count) + np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        stamps = np.repeat(stamps, count)
        found[each[(spells.applied[each] <= stamps) & (stamps <= spells.accepted[each])]] = True
    return found


def _early_work(context: Context, spells: Spells) -> tuple[Ints, Ints]:
    """Return the reviews and inspections that ended before the acceptance of their item, and the item of each."""
    work = context.human & context.among("stage", "review", "inspect") & (spells.of_row >= 0)
    rows = np.flatnonzero(work)
    of = spells.of_row[rows]
    with np.errstate(invalid="ignore"):
        before = context.end[rows] < spells.accepted[of]
        # One entered without a time of day may lie on either side of an acceptance on the same day.
        before &= ~(_midnight(context.end[rows]) & (_day(context.end[rows]) == _day(spells.accepted[of])))
    return rows[before], of[before]


def _back_filled(context: Context, spells: Spells, t: Thresholds) -> tuple[Ints, Ints]:
    """Return the rows stamped together just before the decision of an item that had lain for a day, and its item."""
    rows = np.flatnonzero(context.human & (spells.of_row >= 0) & ~_midnight(context.end))
    of = spells.of_row[rows]
    since = np.where(np.isnat(spells.accepted), spells.applied, spells.accepted)
    lain = np.zeros(len(spells.case))
    timed = ~np.isnat(since) & ~np.isnat(spells.decided)
    lain[timed] = context.days(since[timed], spells.decided[timed])
    window = np.timedelta64(int(t["window_minutes"] * 60), "s")
    decided = spells.decided[of]
    with np.errstate(invalid="ignore"):
        near = (context.end[rows] <= decided) & (context.end[rows] >= decided - window)
        near &= (context.start[rows] >= decided - window) & (lain[of] >= 1) & ~_instant(context)[context.case[rows]]
    rows, of = rows[near], of[near]
    activity, names = context.column("activity")
    pairs = np.unique(of * len(names) + activity[rows])
    nodes = np.bincount(pairs // max(len(names), 1), minlength=len(spells.case))
    many = nodes[of] >= t["nodes"]
    return rows[many], of[many]


def _handed_early(context: Context, spells: Spells, t: Thresholds) -> tuple[Bools, Bools]:
    """Mark the items whose material was taken in long before the acceptance while no application of the case was recorded.

    The second array marks the items of which that can be said. One that waits for another of its bundle is not judged.
    """
    none = np.zeros(len(spells.case), np.bool_)
    papers = papers_of(context)
    if papers is None:
        return none, none
    rows = np.flatnonzero(papers.handed & ~np.isnat(papers.submitted))
    names = np.array([*papers.items, ""], object)
    own = pd.DataFrame({"case": papers.case[rows], "item": names[papers.item[rows]], "t": papers.submitted[rows]})
    first = own.groupby(["case", "item"], as_index=False)["t"].min()
    of_case = pd.Series(spells.applied).groupby(spells.case).transform("min").to_numpy("datetime64[us]")
    of_spell = pd.DataFrame({"case": spells.case, "item": ["" if item is None else str(item) for item in spells.item]})
    taken = of_spell.merge(first, "left", on=["case", "item"])
    stamps = taken["t"].to_numpy("datetime64[us]")
    asked = ~np.isnat(stamps) & ~np.isnat(of_case) & ~np.isnat(spells.accepted) & (spells.ready == spells.applied)
    with np.errstate(invalid="ignore"):
        early = asked & (_day(stamps) < _day(of_case))
    early[early] = context.calendar.working_days(stamps[early], spells.accepted[early]) > t["days"]
    return early, asked


def _up_to_acceptance(context: Context, spells: Spells) -> tuple[Ints, Ints]:
    """Return the rows that ended by the acceptance of their item, and the item of each."""
    rows = np.flatnonzero(spells.of_row >= 0)
    of = spells.of_row[rows]
    with np.errstate(invalid="ignore"):
        before = context.end[rows] <= spells.accepted[of]
    return rows[before], of[before]


def _instant(context: Context) -> Bools:
    """Mark the cases that are settled at the counter at once (即办件)."""
    found = np.zeros(context.log.n_cases, np.bool_)
    table = context.table("cases")
    if table is not None and "case_kind" in table:
        kinds = table["case_kind"].astype("string").str.casefold()
        found[table.loc[kinds.str.contains("|".join(INSTANT)).fillna(False).to_numpy(bool), "case"]] = True
    return found


def _midnight(stamps: Stamps) -> Bools:
    with np.errstate(invalid="ignore"):
        found: Bools = stamps == _day(stamps)
    return found


def _day(stamps: Stamps) -> Stamps:
    return stamps.astype("datetime64[D]").astype(stamps.dtype)


def _pre_finding(context: Context, t: Thresholds, spells: Spells, group: _Group) -> Finding:
    """(a): what lay between application and acceptance, spread over the events of that time."""
    beyond = np.zeros(len(spells.case))
    beyond[group.hit] = spells.pre_days[group.hit] - t["days"]
    rows = np.flatnonzero(~context.applicant & (spells.of_row >= 0))
    of = spells.of_row[rows]
    with np.errstate(invalid="ignore"):
        rows = rows[
            (beyond[of] > 0) & (context.end[rows] <= spells.accepted[of]) & (context.end[rows] >= spells.applied[of])
        ]
    of = spells.of_row[rows]
    taken = np.bincount(of, weights=context.node_days[rows], minlength=len(beyond))
    part = np.minimum(1.0, beyond[of] / np.maximum(taken[of], 1e-9))
    cases = group.cases(spells)
    at = np.searchsorted(cases, spells.case[group.hit])
    lost = np.bincount(at, weights=beyond[group.hit], minlength=len(cases)).astype(np.float64)
    pre = spells.pre_days
    same = group.asked & (spells.item == group.item)
    peers = np.setdiff1d(np.flatnonzero(same), group.own)
    values = {
        "cases": len(cases), "share": len(group.hit) / len(group.own), "days": int(t["days"]),
        "median": float(np.median(pre[group.hit])), **_names(context, group),
    }  # fmt: skip
    statement = both(
        "{where}: {cases:,} cases ({share:.0%}) waited more than {days} working days from application to acceptance (median "
        "{median:.0f}) without a written request for corrections; to be checked.",
        **values,
    )
    details = {
        "pre_p90": float(np.quantile(pre[group.own], 0.9)), "days_allowed": t["days"],
        "peers_p90": float(np.quantile(pre[peers], 0.9)) if len(peers) else None,
    }  # fmt: skip
    return context.finding(
        RULE,
        group.key,
        title=both("rather long time before acceptance"),
        statement=statement,
        caveat=both(
            "Guidance given in advance is welcome if it is recorded; an application handed in too early waits as well."
        ),
        scope=_scope(group, context.labels_of("activity", rows)),
        cases=cases,
        population=group.population(spells),
        thresholds=t,
        lost=lost,
        rows=rows,
        row_days=context.node_days[rows] * part,
        confidence="medium",
        details=details,
    )


def _event_finding(context: Context, t: Thresholds, spells: Spells, group: _Group, rows: Ints) -> Finding:
    """(b), (c) and (d): events that lie where they should not, or that materials went before."""
    cases = group.cases(spells)
    activities = context.labels_of("activity", rows)
    values = {
        "cases": len(cases), "share": len(group.hit) / len(group.own), "nodes": int(t["nodes"]),
        "minutes": int(t["window_minutes"]), "days": int(t["days"]), **_names(context, group),
    }  # fmt: skip
    if group.kind == "early":
        title = both("review before acceptance")
        statement = both(
            "{where}: in {cases:,} cases ({share:.0%}) a review or an inspection ended before the acceptance, so its time is not on "
            "the clock; to be checked.",
            **values,
        )
        caveat = both("Guidance given in advance is welcome; it is not to be a condition for being accepted.")
    elif group.kind == "handed":
        title = both("materials taken in before the application is recorded")
        statement = both(
            "{where}: in {cases:,} cases ({share:.0%}) material was handed in more than {days} working days before the acceptance, "
            "when no application was recorded; to be checked.",
            **values,
        )
        caveat = both(
            "Materials looked at in advance on the applicant's wish, or carried over from an earlier application, are handed in early as well."
        )
    else:
        title = both("several steps recorded together just before the decision")
        statement = both(
            "{where}: in {cases:,} cases ({share:.0%}) at least {nodes} steps were stamped within the {minutes} minutes up to the "
            "decision, which suggests that they were recorded afterwards; to be checked.",
            **values,
        )
        caveat = both(
            "A meeting that settles several steps at once, or a transfer between systems, stamps them together as well."
        )
    return context.finding(
        RULE,
        group.key,
        title=title,
        statement=statement,
        caveat=caveat,
        scope=_scope(group, activities),
        cases=cases,
        population=group.population(spells),
        thresholds=t,
        rows=rows,
        confidence="low" if group.kind == "filled" else "medium",
        details={"kind": group.kind, "events": len(rows)},
    )


def _names(context: Context, group: _Group) -> dict[str, str]:
    item = context.item_name(group.item) if group.item else ""
    return {"where": " · ".join(part for part in (group.department, item) if part) or "—"}


def _scope(group: _Group, activities: list[str]) -> dict[str, list[str]]:
    return {
        "departments": [group.department] if group.department else [],
        "items": [group.item] if group.item else [],
        "activities": activities,
    }


RULE = Rule(
    "W05", name, definition, ("stage (accept) | cases.accept_time", "stage (apply) | cases.apply_time"), find,
    group="痛点", reengineering="④⑥", reductions=("time",), measures=("M13", "M09"),
    parameters={
        "days": Parameter(5, 0, 365), "share": Parameter(0.05, 0.0, 1.0), "nodes": Parameter(3, 2, 50),
        "window_minutes": Parameter(10, 0, 480),
    },
)  # fmt: skip
