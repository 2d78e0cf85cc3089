"""W19 单点瓶颈、忙闲不均: one officer full while a peer is not, and steps that wait for the only officer who is away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from flowaudit.diagnosis.context import Bools, Context, Floats, Ints
from flowaudit.diagnosis.finding import Finding, NotCheckable
from flowaudit.diagnosis.rule import Parameter, Rule, Thresholds
from flowaudit.messages import Language, both
from flowaudit.messages import translate as _

OVERLAP = 0.05
"""Share of an account's work that overlaps its own: more of it, and several people use it, or waiting is recorded as work."""
PART = 0.05
HALF = 0.5
CHANCE = 0.05
SURE = 3.7
"""Standard errors of the rank test, about 1 in 10 000: several steps are tested in one log."""
FEWEST_AWAY = 10
FEWEST = 5


def name(lang: Language | None = None) -> str:
    return _("single officers and uneven load", lang=lang)


def definition(lang: Language | None = None) -> str:
    return _(
        "(a) An officer whose pieces of work of known length support it (30 by default) and who works more than 85 % of the "
        "office hours between the first and the last stamp, while a peer of the same department and role (without roles: with "
        "the same steps), there for at least half of that time, works less than 50 %; what runs at the same time counts once. "
        "(b) A step of which one officer does at least 95 % of at least 100, in a department that has others, and before which "
        "cases that come while the officer is away wait significantly (and half a working day) longer. Away: a run of working "
        "days without any stamp, though work lay waiting, too long to be chance. Accounts whose work overlaps itself are several "
        "persons, or record waiting as work, and are not judged. Lost time: waiting beyond the median at the peers, or beyond "
        "that on other days.",
        lang=lang,
    )


def find(context: Context, t: Thresholds) -> list[Finding] | NotCheckable:
    load = _loads(context)
    enough = load.pieces >= min(context.min_cases, t["n"])
    if not enough.any():
        return []
    if not load.person[enough].any():
        return NotCheckable(
            "W19",
            *both("the work of every account overlaps itself, so that nobody's load can be told"),
            ("start (of the work itself)",),
        )
    return [*_uneven(context, t, load), *_single(context, t, load)]


@dataclass(frozen=True, eq=False)
class _Loads:
    """What every officer's stamps tell: pieces of work of known length, working days used, between which moments.

    Attributes
    ----------
    first, last : array of float
        First and last stamp, working days since the log's first one.
    person : array of bool
        Whose pieces of work hardly overlap.
    """

    pieces: Ints
    busy: Floats
    first: Floats
    last: Floats
    person: Bools

    @property
    def utilisation(self) -> Floats:
        span = np.where(self.last > self.first, self.last - self.first, np.nan)
        return np.asarray(self.busy / span, float)


def _loads(context: Context) -> _Loads:
    officer, names = context.column("resource")
    n = len(names)
    zero = np.datetime64(context.log.span[0], "us")
    rows = np.flatnonzero((officer >= 0) & context.human & ~np.isnat(context.end))
    begun, ended = (context.days(np.broadcast_to(zero, len(rows)), s[rows]) for s in (context.start, context.end))
    who = officer[rows]
    first, last = np.full(n, np.inf), np.full(n, -np.inf)
    np.minimum.at(first, who, begun)
    np.maximum.at(last, who, ended)
    real = ended > begun
    order = np.lexsort((begun[real], who[real]))
    own, begun, ended = who[real][order], begun[real][order], ended[real][order]
    reached = pd.Series(ended).groupby(own).cummax().groupby(own).shift().fillna(-np.inf).to_numpy()
    fresh = np.maximum(0.0, ended - np.maximum(begun, reached))
    busy, whole = (np.bincount(own, weights=w, minlength=n).astype(np.float64) for w in (fresh, ended - begun))
    person = (whole <= (1 + OVERLAP) * busy) & (whole > 0)
    return _Loads(np.bincount(own, minlength=n).astype(np.int64), busy, first, last, person)


def _uneven(context: Context, t: Thresholds, load: _Loads) -> Iterator[Finding]:
    officer, names = context.column("resource")
    used = load.utilisation
    # Who has little to do leaves few stamps: a peer needs to have been there for half of the time, no more.
    judged = np.flatnonzero(load.person & (load.pieces >= FEWEST) & ~np.isnan(used))
    group, shown = _groups(context, judged)
    for busy in judged[(used[judged] > t["busy"]) & (load.pieces[judged] >= context.min_cases)].tolist():
        mates = judged[(group[judged] == group[busy]) & (used[judged] < t["idle"])]
        shared = np.minimum(load.last[mates], load.last[busy]) - np.maximum(load.first[mates], load.first[busy])
        mates = mates[shared >= HALF * (load.last[busy] - load.first[busy])]
        if not len(mates):
            continue
        rows, theirs = (np.flatnonzero(np.isin(officer, who) & context.human) for who in ([busy], mates))
        usual = float(np.median(context.wait_days[theirs]))
        excess = np.maximum(0.0, context.wait_days[rows] - usual)
        rows, excess = rows[excess > 0], excess[excess > 0]
        cases = np.unique(context.case[rows])
        if len(cases) < context.min_cases:
            continue
        who, least = str(names[busy]), int(mates[np.argmin(used[mates])])
        yield context.finding(
            RULE,
            f"load-{who}",
            title=both("uneven load between officers"),
            statement=both(
                "{department}: recorded work fills {busy:.0%} of the office hours of one post and {idle:.0%} of those of another of the same role; "
                "{cases:,} cases waited longer than usual at the peers; to be checked.",
                department=shown[busy], busy=float(used[busy]), idle=float(used[least]), cases=len(cases),
            ),
            caveat=both("The log does not hold what officers do besides, part-time posts, or special knowledge."),
            scope={
                "departments": [shown[busy]] if shown[busy] != "—" else [],
                "activities": context.labels_of("activity", rows),
                "officers": [who, *(str(names[m]) for m in mates)],
            },
            cases=cases,
            population=context.population(np.isin(officer, [busy, *mates])),
            thresholds=t,
            rows=rows,
            row_days=excess,
            confidence="medium" if context.time_kind == "waiting" else "low",
            details={
                "utilisation": float(used[busy]), "peers": {str(names[m]): float(used[m]) for m in mates},
                "usual_wait_days": usual,
            },
        )  # fmt: skip


def _groups(context: Context, judged: Ints) -> tuple[Ints, dict[int, str]]:
    """Return which officers are peers (department and role, else department and steps), and the department of each."""
    officer, names = context.column("resource")
    department, departments = context.column("department")
    main = _most(officer, department, len(names))
    if context.log.has("role"):
        what = _most(officer, context.column("role")[0], len(names))
    else:
        activity = context.column("activity")[0]
        counts = pd.DataFrame({"o": officer, "a": activity})[np.isin(officer, judged)].value_counts().reset_index()
        counts = counts[counts["count"] >= PART * counts.groupby("o")["count"].transform("sum")]
        sets = counts.groupby("o")["a"].agg(lambda own: " ".join(map(str, sorted(own))))
        what = np.full(len(names), -1, np.int64)
        what[sets.index.to_numpy(np.int64)] = pd.factorize(sets.to_numpy(object))[0]
    group = main * (what.max(initial=-1) + 2) + what + 1
    return group, {int(o): str(departments[main[o]]) if main[o] >= 0 else "—" for o in judged.tolist()}


def _most(officer: Ints, value: Ints, n: int) -> Ints:
    """Return the value most of an officer's rows bear, -1 where none bears any."""
    known = (officer >= 0) & (value >= 0)
    found = np.full(n, -1, np.int64)
    pairs, counts = np.unique(np.stack([officer[known], value[known]], axis=1), axis=0, return_counts=True)
    order = np.argsort(counts, kind="stable")
    found[pairs[order, 0]] = pairs[order, 1]
    return found


def _single(context: Context, t: Thresholds, load: _Loads) -> Iterator[Finding]:
    officer, officers = context.column("resource")
    activity, names = context.column("activity")
    department, departments = context.column("department")
    rows = np.flatnonzero((officer >= 0) & context.human & ~np.isnat(context.end))
    node = activity[rows] * (len(departments) + 1) + department[rows] + 1
    order = np.argsort(node, kind="stable")
    kinds, first, size = np.unique(node[order], return_index=True, return_counts=True)
    everyone = np.unique(np.stack([department[rows], officer[rows]], axis=1), axis=0)
    colleagues = np.bincount(everyone[:, 0] + 1, minlength=len(departments) + 1)
    days: dict[int, tuple[Ints, Bools]] = {}
    for place in np.flatnonzero(size >= t["n"]).tolist():
        own = rows[order[first[place] : first[place] + size[place]]]
        a, d = divmod(int(kinds[place]), len(departments) + 1)
        counts = np.bincount(officer[own])
        who = int(counts.argmax())
        if counts[who] < t["alone"] * len(own) or colleagues[d] < 2 or not load.person[who]:
            continue
        if who not in days:
            days[who] = _away(context, np.flatnonzero((officer == who) & context.human))
        workdays, away = days[who]
        own = own[(officer[own] == who) & (context.enablement.enabler[own] >= 0)]
        came = np.searchsorted(workdays, context.enablement.enabled[own].astype("datetime64[D]").astype(np.int64))
        inside = came < len(workdays)
        own, met = own[inside], away[came[inside]]
        waits = context.wait_days[own]
        if met.sum() < FEWEST_AWAY or (~met).sum() < FEWEST_AWAY:
            continue
        usual = float(np.median(waits[~met]))
        longer = float(np.median(waits[met])) - usual
        if longer < t["longer_days"] or _rank_test(waits[met], waits[~met]) < SURE:
            continue
        late = own[met]
        excess = np.maximum(0.0, context.wait_days[late] - usual)
        late, excess = late[excess > 0], excess[excess > 0]
        cases = np.unique(context.case[late])
        if len(cases) < context.min_cases:
            continue
        label, where, person = str(names[a]), str(departments[d - 1]) if d else "", str(officers[who])
        values = {
            "activity": label, "n": len(own), "away": int(away.sum()), "days": longer, "cases": len(cases),
        }  # fmt: skip
        yield context.finding(
            RULE,
            f"single-{where}-{label}" if where else f"single-{label}",
            title=both("a step that depends on one officer"),
            statement=both(
                "“{activity}” is done by one officer alone ({n:,} times); {cases:,} cases that came while no stamp of this officer was left "
                "({away} working days) waited {days:.1f} working days longer in the median; to be checked.",
                **values,
            ),
            caveat=both(
                "Days without a stamp may be leave, training or other duties; a deputy may exist who signs under this name."
            ),
            scope={"activities": [label], "departments": [where] if where else [], "officers": [person]},
            cases=cases,
            population=context.population(own),
            thresholds=t,
            rows=late,
            row_days=excess,
            confidence="medium" if context.time_kind == "waiting" else "low",
            details={
                "days_away": int(away.sum()),
                "working_days": len(workdays),
                "usual_wait_days": usual,
                "longer_days": longer,
            },
        )


def _away(context: Context, rows: Ints) -> tuple[Ints, Bools]:
    """Return the working days between an officer's first and last stamp, and on which of them the officer was away."""
    ends = context.end[rows].astype("datetime64[D]").astype(np.int64)
    starts = context.start[rows].astype("datetime64[D]").astype(np.int64)
    stamped = np.unique(np.concatenate([starts, ends]))
    every = np.arange(stamped[0], stamped[-1] + 1)
    workdays = every[context.calendar.is_workday(every.astype("datetime64[D]"))]
    idle = ~np.isin(workdays, stamped)
    nobody = np.zeros(len(workdays), np.bool_)
    if idle.sum() > HALF * len(workdays) or not len(workdays):
        return workdays, nobody
    # Work lies waiting from the day it came on to the one before it was begun.
    came = np.searchsorted(workdays, context.enablement.enabled[rows].astype("datetime64[D]").astype(np.int64))
    begun = np.searchsorted(workdays, starts)
    change = np.zeros(len(workdays) + 1, np.int64)
    waited = begun > came
    np.add.at(change, came[waited], 1)
    np.add.at(change, begun[waited], -1)
    waiting = np.cumsum(change)[:-1] > 0
    edge = np.flatnonzero(np.diff(np.r_[False, idle, False].astype(np.int8)))
    begin, end = edge[::2], edge[1::2]
    length = end - begin
    covered = np.r_[0, np.cumsum(waiting)]
    rate = _rate(len(rows) / max(1, int((~idle).sum())))
    long_enough = len(workdays) * np.exp(-rate * length) < CHANCE
    real = long_enough & (covered[end] - covered[begin] >= HALF * length)
    mark = np.zeros(len(workdays) + 1, np.int64)
    np.add.at(mark, begin[real], 1)
    np.add.at(mark, end[real], -1)
    return workdays, np.cumsum(mark)[:-1] > 0


def _rate(mean: float) -> float:
    """Return the daily rate of a Poisson process whose days with at least one event have this mean.

    Examples
    --------
    >>> round(_rate(1.582), 2)
    1.0
    """
    rate = mean
    for _round in range(100):
        rate = mean * (1 - np.exp(-rate))
    return float(rate)


def _rank_test(longer: Floats, others: Floats) -> float:
    """Return by how many standard errors the first values rank above the others (Mann and Whitney 1947)."""
    n, m = len(longer), len(others)
    values = pd.Series(np.concatenate([longer, others]))
    ranks = values.rank().to_numpy()
    ties = values.value_counts().to_numpy(float)
    total = n + m
    spread = n * m / 12 * (total + 1 - (ties**3 - ties).sum() / (total * (total - 1)))
    if spread <= 0:
        return 0.0
    return float((ranks[:n].sum() - n * (total + 1) / 2) / np.sqrt(spread))


RULE = Rule(
    "W19", name, definition, ("resource", "start"), find,
    group="堵点", reengineering="U", reductions=("time",), measures=("M03", "M19"),
    parameters={
        "n": Parameter(100, 10, 1e6), "busy": Parameter(0.85, 0.0, 1.0), "idle": Parameter(0.50, 0.0, 1.0),
        "alone": Parameter(0.95, 0.5, 1.0), "longer_days": Parameter(0.5, 0.0, 365),
    },
)  # fmt: skip
