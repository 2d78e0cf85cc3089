"""In which order to check what may end a case: what is cheap and knocks out often first (knock-out order)."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.catalogue import Catalogue
from flowaudit.errors import UsageError
from flowaudit.eventlog import EventLog, variant_table
from flowaudit.flow import handover
from flowaudit.messages import translate as _
from flowaudit.metrics import wilson
from flowaudit.worktime import Calendar, OfficeHours, load_calendar

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Negative = Mapping[str, Iterable[str]] | Iterable[str] | None
Pair = tuple[str, str]

MIN_CASES = 30
ALWAYS = 0.99
"""Share of cases from which an order counts as a habit."""
MOST = 200
"""Checks compared: those that knock out most."""
EXACT = 14
"""Checks up to which the best order under constraints is found exactly."""
_NEGATIVE = re.compile(
    "不予|不准予|不同意|不通过|未通过|不批准|不核准|不合格|不符合|不许可|退件|驳回|拒绝|否决"
    r"|\b(?:reject(?:ed|ion)?|den(?:y|ied|ial)|declined?|refus(?:e|ed|al)|disapproved?|not approved|failed)\b",
    re.IGNORECASE,
)
_COLUMNS = ("chain", "activity", "cases", "knocked_out", "p", "low", "high", "mean_h", "effort_per_knockout_h", "position_now",
            "position_best")  # fmt: skip


@dataclass(frozen=True, eq=False)
class KnockOutOrder:
    """The checks of a log that end cases, in the order they have and in the one that costs least.

    Attributes
    ----------
    table : pd.DataFrame
        One row per check, in its present order: ``chain`` (checks that some case has in common; items are not one),
        ``activity, cases`` (that reached it), ``knocked_out``, ``p`` (their
        share) ``low, high`` (Wilson 95 %), ``mean_h`` (office hours per case that reached it, repetitions included),
        ``effort_per_knockout_h`` (``mean_h / p``), ``position_now, position_best`` (from 1).
    chains : pd.DataFrame
        ``chain, checks, cases`` (the most that reached one of its checks), ``cost_now_h, cost_best_h`` (expected office
        hours per case that enters it, in either order) and ``saved_h``, their difference: negative where the present
        order breaks a constraint.
    constraints : pd.DataFrame
        ``before, after, basis`` (``caller, stage, item_steps, relations``): what the best order had to keep.
    habits : pd.DataFrame
        ``before, after, cases, share, low, kept`` (by the best order): orders that nearly all cases have, but nothing
        prescribes. A habit is no constraint.
    time_kind : {"processing", "handover"}
        ``handover``: the log has no start times, the hours hold waiting and work together.
    basis : {"result", "activity", None}
        Whether the results told who was knocked out, or a step whose name says so; None where neither did.
    left_out : tuple of str
        Checks of too few cases to say, and those beyond the 200 that knock out most.
    exact : bool
        False where there were too many checks to search all orders that the constraints leave.
    """

    table: pd.DataFrame
    chains: pd.DataFrame
    constraints: pd.DataFrame = field(repr=False)
    habits: pd.DataFrame = field(repr=False)
    time_kind: Literal["processing", "handover"]
    basis: Literal["result", "activity"] | None
    left_out: tuple[str, ...] = ()
    exact: bool = True

    @property
    def saved_h(self) -> float:
        """Expected office hours saved by the best orders, over all cases of all chains."""
        return float((self.chains["saved_h"] * self.chains["cases"]).sum())

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know about the figures."""
        if self.basis is None:
            return (_("no step of this log ends cases negatively, as far as results and names tell."),)
        told = [_("the checks are taken as independent: what one knocks out says nothing about another.")]
        if self.basis == "activity":
            told.append(_("no negative results are recorded: a check is the step before one whose name says no."))
        if self.time_kind == "handover":
            told.append(_("no start times: the hours hold waiting and work together, not processing time."))
        if self.left_out:
            names = ", ".join(self.left_out[:5]) + ("…" if len(self.left_out) > 5 else "")
            told.append(_("not judged, for too few cases or knock-outs: {names}.", names=names))
        if not self.exact:
            told.append(_("too many checks to search all orders: the best order is an approximation."))
        return tuple(told)

    def _repr_html_(self) -> str:
        head = (_("Check"), _("Cases"), _("Knocked out"), _("Hours per case"), _("Hours per knock-out"), _("Place now"),
                _("Best place"))  # fmt: skip
        rows = ["<tr>" + "".join(f"<th>{html.escape(h)}</th>" for h in head) + "</tr>"]
        for row in self.table.to_dict("records"):
            cells = (
                str(row["activity"]),
                f"{row['cases']:,}",
                f"{row['knocked_out']:,} ({row['p']:.1%}; {row['low']:.1%} – {row['high']:.1%})",
                f"{row['mean_h']:,.1f}",
                f"{row['effort_per_knockout_h']:,.1f}",
                str(row["position_now"]),
                str(row["position_best"]),
            )
            rows.append("<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in cells) + "</tr>")
        told = "".join(f"<p>{html.escape(note)}</p>" for note in self.notes)
        return f"<table>{''.join(rows)}</table>{told}"


def knock_out_order(
    log: EventLog,
    *,
    negative: Negative = None,
    before: Iterable[Pair] = (),
    catalogue: Catalogue | None = None,
    calendar: Calendar | None = None,
    min_cases: int = MIN_CASES,
) -> KnockOutOrder:
    """Compare the present order of the checks that end cases with the one of least expected effort.

    A case is knocked out where the last result of its checks is negative; the check that did it is the first of the
    negative results that no other result of a check follows (a decision that only confirms an earlier no knocks out nobody).
    Where no result is negative, a check is the step right before the first one whose own name is negative (不予受理,
    "declined"), and that case is knocked out.

    Parameters
    ----------
    log : EventLog
        Counted by the log's own cases (for bundles: one item's application each).
    negative : iterable of str, or mapping of str to iterable of str, optional
        Results that count as negative, for all activities or by activity; without recorded results, names of the steps
        that end a case early. Default: the usual Chinese and English words for no.
    before : iterable of (str, str)
        Pairs of activities: the first must come before the second, because it makes what the second needs, or by law.
    catalogue : Catalogue, optional
        Its table of steps binds the order within an item, its prerequisites the order of items.
    calendar : Calendar, optional
        Default: China's official one.
    min_cases : int
        Checks that fewer cases reached are left out.

    Returns
    -------
    KnockOutOrder

    Raises
    ------
    UsageError
        If the pairs of ``before`` contradict each other.

    Notes
    -----
    Expected effort of an order: each check costs its mean time and is paid by the cases that the checks before it left;
    ascending ``mean_h / p`` is then the best order where nothing binds it, and all orders that the constraints allow are
    searched otherwise. Where stages are recorded, acceptances come first and decisions last, always. Pairs that contradict
    stronger ones are dropped (caller, then stages, steps, relations).

    The shares are those of the cases that reached a check. If checks are not independent, or cases skip some, the saving is
    an approximation: a reason to look, not a promise.

    References
    ----------
    van der Aalst. Re-engineering knock-out processes. *Decision Support Systems* 30 (2001) 451-468.
    Lashkevich, Milani, Danylyshyn, Dumas. Using process mining to identify knock-outs. RCIS 2023, doi 10.1007/978-3-031-33080-3_23.
    """
    pairs = [(str(a), str(b)) for a, b in before]
    labels = [str(label) for label in log.labels("activity")] if log.n_cases else []
    knocked, basis = _knocked_out(log, labels, negative)
    activity = log.codes("activity")[0].astype(np.int64) if log.n_cases else np.zeros(0, np.int64)
    found = np.unique(activity[knocked])
    out = np.bincount(activity[knocked], minlength=len(labels))
    reached = _distinct(activity, log.case_index, len(labels)) if log.n_cases else np.zeros(0, np.int64)
    often = found[np.argsort(-out[found], kind="stable")]
    checks = sorted([k for k in often.tolist() if reached[k] >= min_cases][:MOST])
    left_out = tuple(labels[k] for k in found.tolist() if k not in set(checks))
    time_kind: Literal["processing", "handover"] = "processing" if log.n_cases and log.has("start") else "handover"
    if not checks:
        # Pairs that contradict each other are refused here too.
        _constraints(log, [], pairs, None)
        return _without_checks(time_kind, basis, left_out)
    cost = _mean_hours(activity, reached, _hours(log, calendar or load_calendar(), time_kind))[checks]
    orders = _orders(log, checks)
    names = [labels[k] for k in checks]
    constraints = _constraints(log, names, pairs, catalogue)
    rows, exact = _positions(orders, names, cost, out[checks] / reached[checks], constraints)
    table = _table(rows, names, reached[checks], out[checks], cost)
    habits = _habits(
        orders, names, dict(zip(table["activity"], table["position_best"], strict=True)), constraints, min_cases
    )
    return KnockOutOrder(table, _costs(table), constraints, habits, time_kind, basis, left_out, exact)


def _without_checks(
    time_kind: Literal["processing", "handover"], basis: Literal["result", "activity"] | None, left_out: tuple[str, ...]
) -> KnockOutOrder:
    constraints = pd.DataFrame(columns=["before", "after", "basis"])
    habits = pd.DataFrame(columns=["before", "after", "cases", "share", "low", "kept"])
    none = pd.DataFrame(columns=list(_COLUMNS))
    return KnockOutOrder(none, _costs(none), constraints, habits, time_kind, basis, left_out)


def _mean_hours(activity: Ints, reached: Ints, hours: Floats) -> Floats:
    """Return the hours of every activity per case that reached it, repetitions included."""
    n = len(reached)
    # Where a start is missing now and then, the others speak for it.
    timed = ~np.isnan(hours)
    per_time = _sums(activity[timed], n, hours[timed]) / np.maximum(_sums(activity[timed], n), 1)
    return np.asarray(per_time * _sums(activity, n) / np.maximum(reached, 1), np.float64)


def _table(
    rows: list[tuple[int, int, int, int]], names: list[str], reached: Ints, out: Ints, cost: Floats
) -> pd.DataFrame:
    """Return one row per check, in the order of ``rows`` (see :func:`_positions`)."""
    order, chain, now, best = (list(column) for column in zip(*rows, strict=True))
    p = out / reached
    bounds = [wilson(int(out[k]), int(reached[k])) for k in order]
    return pd.DataFrame(
        {
            "chain": chain,
            "activity": [names[k] for k in order],
            "cases": reached[order],
            "knocked_out": out[order],
            "p": p[order],
            "low": [low for low, _high in bounds],
            "high": [high for _low, high in bounds],
            "mean_h": cost[order],
            "effort_per_knockout_h": cost[order] / p[order],
            "position_now": now,
            "position_best": best,
        }
    )


def _positions(
    orders: tuple[Ints, Ints], names: list[str], cost: Floats, p: Floats, constraints: pd.DataFrame
) -> tuple[list[tuple[int, int, int, int]], bool]:
    """Return each check with its chain, its position now and the best one; and whether all orders were searched."""
    place = {name: k for k, name in enumerate(names)}
    rows, exact = [], True
    for chain, members in enumerate(_chains(orders[0]), 1):
        now = _present(orders, members)
        local = {k: number for number, k in enumerate(now)}
        bound = [
            (local[place[a]], local[place[b]])
            for a, b in zip(constraints["before"], constraints["after"], strict=True)
            if place[a] in local and place[b] in local
        ]
        best, searched = best_order(cost[now], p[now], bound)
        exact &= searched
        position = {now[k]: number for number, k in enumerate(best, 1)}
        rows += [(k, chain, number, position[k]) for number, k in enumerate(now, 1)]
    return rows, exact


def _chains(together: Ints) -> list[list[int]]:
    """Split the checks into those that some case has in common, directly or through others: items are not one chain."""
    number = np.arange(len(together))
    linked = (together > 0) | (together > 0).T
    while True:
        least = np.array([number[linked[k] | (np.arange(len(number)) == k)].min() for k in range(len(number))])
        if (least == number).all():
            return [np.flatnonzero(number == k).tolist() for k in np.unique(number)]
        number = least


def _costs(table: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for chain, own in table.groupby("chain", sort=True):
        costs = [
            expected_cost(own["mean_h"].to_numpy(), own["p"].to_numpy(), np.argsort(own[order].to_numpy()).tolist())
            for order in ("position_now", "position_best")
        ]
        rows.append((chain, len(own), int(own["cases"].max()), costs[0], costs[1], costs[0] - costs[1]))
    return pd.DataFrame(rows, columns=["chain", "checks", "cases", "cost_now_h", "cost_best_h", "saved_h"])


def expected_cost(cost: npt.ArrayLike, p: npt.ArrayLike, order: Iterable[int]) -> float:
    """Return what a chain of independent checks costs on average: each is paid by those the checks before it left.

    Parameters
    ----------
    cost, p : array_like of float
        Of every check: its cost, and the share it knocks out.
    order : iterable of int

    Examples
    --------
    >>> expected_cost([4.0, 1.0], [0.5, 0.25], [0, 1]), expected_cost([4.0, 1.0], [0.5, 0.25], [1, 0])
    (4.5, 4.0)
    """
    costs, shares = np.asarray(cost, float), np.asarray(p, float)
    total, left = 0.0, 1.0
    for k in order:
        total += left * float(costs[k])
        left *= 1 - float(shares[k])
    return total


def best_order(cost: npt.ArrayLike, p: npt.ArrayLike, before: Sequence[tuple[int, int]] = ()) -> tuple[list[int], bool]:
    """Return the order of checks of least expected cost that keeps every pair of ``before``, and whether it is exact.

    Notes
    -----
    Without pairs: ascending cost / p. With pairs and up to 14 checks: dynamic programming over the sets of checks done,
    for who is left depends on the set only. With more, the least cost / p among those that may come next.

    Examples
    --------
    >>> best_order([4.0, 1.0], [0.5, 0.25])[0], best_order([4.0, 1.0], [0.5, 0.25], [(0, 1)])[0]
    ([1, 0], [0, 1])
    """
    costs, shares = np.asarray(cost, float), np.asarray(p, float)
    n = len(costs)
    ratio = np.divide(costs, shares, out=np.full(n, np.inf), where=shares > 0)
    needs = [0] * n
    for a, b in before:
        needs[b] |= 1 << a
    if not any(needs):
        return [int(k) for k in np.argsort(ratio, kind="stable")], True
    if n <= EXACT:
        return _searched(costs, shares, needs), True
    order: list[int] = []
    done = 0
    while len(order) < n:
        ready = [k for k in range(n) if not done >> k & 1 and needs[k] & ~done == 0]
        order.append(min(ready, key=lambda k: (ratio[k], k)))
        done |= 1 << order[-1]
    return order, False


def _searched(costs: npt.NDArray[np.float64], shares: npt.NDArray[np.float64], needs: list[int]) -> list[int]:
    n = len(costs)
    cheapest, last = {0: 0.0}, {0: -1}
    left = {0: 1.0}
    # Sets in ascending order: a set comes after all its parts.
    for done in range(1 << n):
        if done not in cheapest:
            continue
        for k in range(n):
            if done >> k & 1 or needs[k] & ~done:
                continue
            more, total = done | 1 << k, cheapest[done] + left[done] * float(costs[k])
            if more not in cheapest or total < cheapest[more] - 1e-12:
                cheapest[more], last[more] = total, k
                left[more] = left[done] * (1 - float(shares[k]))
    order, done = [], (1 << n) - 1
    while done:
        order.append(last[done])
        done &= ~(1 << last[done])
    return order[::-1]


def _knocked_out(
    log: EventLog, labels: list[str], negative: Negative
) -> tuple[Ints, Literal["result", "activity"] | None]:
    """Return the rows of the checks that knocked their case out, one per such case."""
    if not log.n_cases:
        return np.zeros(0, np.int64), None
    activity, case = log.codes("activity")[0].astype(np.int64), log.case_index
    if log.has("result"):
        codes, results = log.codes("result")
        told = codes >= 0
        bad = _negative_rows(activity, codes, labels, [str(r) for r in results], negative) & told
        if bad.any():
            rows = _ended_by_result(log, activity, case, told, bad)
            return rows, "result"
    if isinstance(negative, Mapping):
        return np.zeros(0, np.int64), None
    says_no = _judge(negative)
    ends = np.array([says_no(label) for label in labels], np.bool_)[activity]
    rows = np.flatnonzero(ends)
    rows = rows[np.r_[True, case[rows][1:] != case[rows][:-1]][: len(rows)]]
    rows = rows[rows > log.case_ptr[case[rows]]]
    return rows - 1, "activity" if len(rows) else None


def _judge(words: Iterable[str] | None) -> Callable[[str], bool]:
    if words is None:
        return lambda word: _NEGATIVE.search(word) is not None
    listed = {words} if isinstance(words, str) else set(words)
    known = {str(word).strip().casefold() for word in listed}
    return lambda word: word.strip().casefold() in known


def _negative_rows(
    activity: Ints, codes: npt.NDArray[np.int32], labels: list[str], results: list[str], negative: Negative
) -> npt.NDArray[np.bool_]:
    if isinstance(negative, Mapping):
        table = np.zeros((len(labels), len(results) + 1), np.bool_)
        for k, label in enumerate(labels):
            if label in negative:
                says_no = _judge(negative[label])
                table[k, :-1] = [says_no(result) for result in results]
        return table[activity, codes]
    says_no = _judge(negative)
    flags = np.array([*(says_no(result) for result in results), False], np.bool_)
    return flags[codes]


def _ended_by_result(
    log: EventLog, activity: Ints, case: Ints, told: npt.NDArray[np.bool_], bad: npt.NDArray[np.bool_]
) -> Ints:
    check = np.zeros(int(activity.max()) + 1, np.bool_)
    check[activity[bad]] = True
    rows = np.flatnonzero(told & check[activity])
    no, owner = bad[rows], case[rows]
    # Of every row, how many results that are no "no" come after it in its case: none for the last run of refusals.
    yes = np.r_[0, np.cumsum(~no)]
    end = np.searchsorted(owner, owner, side="right")
    final = no & (yes[end] - yes[np.arange(len(rows)) + 1] == 0)
    found: Ints = rows[final]
    found = found[np.r_[True, case[found][1:] != case[found][:-1]][: len(found)]]
    table = log.table("cases")
    if log.unit == "case" and table is not None and "result" in table:
        # A case that was granted in the end was not knocked out, whatever its last recorded result says.
        outcome = table.drop_duplicates("case_id").set_index("case_id")["result"].reindex(log.case_ids)
        unsure = outcome.isna().to_numpy() | np.array([bool(_NEGATIVE.search(str(v))) for v in outcome])
        stated = {str(log.codes("result")[1][c]) for c in np.unique(log.codes("result")[0][bad])}
        unsure |= outcome.isin(stated).to_numpy()
        found = found[unsure[case[found]]]
    return found


def _distinct(activity: Ints, case: Ints, n: int) -> Ints:
    once = np.unique(case * n + activity)
    return np.asarray(np.bincount(once % n, minlength=n), np.int64)


def _hours(log: EventLog, calendar: Calendar, kind: str) -> npt.NDArray[np.float64]:
    end = log.stamps("end")
    if kind == "handover":
        opened, closed = handover(log)
    else:
        opened, closed = log.stamps("start"), end
    hours = calendar.working_time(opened, closed, OfficeHours())
    found: npt.NDArray[np.float64] = np.maximum(hours, 0.0)
    return found


def _sums(place: Ints, n: int, weights: npt.NDArray[np.float64] | None = None) -> npt.NDArray[np.float64]:
    return np.asarray(np.bincount(place, weights=weights, minlength=n), np.float64)


def _orders(log: EventLog, checks: list[int]) -> tuple[Ints, Ints]:
    """Return for every two checks in how many cases both occur, and in how many the first one's first time is earlier."""
    table = variant_table(log)
    n = len(checks)
    number = np.full(len(log.labels("activity")), -1, np.int64)
    number[checks] = np.arange(n)
    places = np.flatnonzero(number[table.activity] >= 0)
    first = np.unique(table.variant[places] * n + number[table.activity[places]], return_index=True)[1]
    # First occurrences only, in the order of each variant: every later one of the same variant comes after.
    kept = places[np.sort(first)]
    variant, check = table.variant[kept], number[table.activity[kept]]
    together, earlier = np.zeros((n, n), np.int64), np.zeros((n, n), np.int64)
    for apart in range(1, n):
        pairs = np.flatnonzero(variant[apart:] == variant[:-apart])
        if not len(pairs):
            break
        a, b, weight = check[pairs], check[pairs + apart], table.cases[variant[pairs]]
        np.add.at(earlier, (a, b), weight)
        np.add.at(together, (a, b), weight)
        np.add.at(together, (b, a), weight)
    return together, earlier


def _present(orders: tuple[Ints, Ints], members: list[int]) -> list[int]:
    """Sort checks by how often each comes before the others."""
    together, earlier = (counts[np.ix_(members, members)] for counts in orders)
    share = np.where(together > 0, earlier / np.maximum(together, 1), 0.5)
    np.fill_diagonal(share, 0.0)
    return [members[k] for k in np.argsort(-share.sum(axis=1), kind="stable").tolist()]


def _habits(
    orders: tuple[Ints, Ints], names: list[str], position: Mapping[str, int], constraints: pd.DataFrame, min_cases: int
) -> pd.DataFrame:
    together, earlier = orders
    bound = set(zip(constraints["before"], constraints["after"], strict=True))
    rows = []
    for a, b in zip(*np.nonzero(together >= max(min_cases, 1)), strict=True):
        first, second = names[a], names[b]
        share = earlier[a, b] / together[a, b]
        if a != b and share >= ALWAYS and (first, second) not in bound:
            low = wilson(int(earlier[a, b]), int(together[a, b]))[0]
            rows.append((first, second, int(together[a, b]), share, low, bool(position[first] < position[second])))
    found = pd.DataFrame(rows, columns=["before", "after", "cases", "share", "low", "kept"])
    return found.sort_values(["cases", "before", "after"], ascending=[False, True, True], ignore_index=True)


def _constraints(log: EventLog, checks: list[str], pairs: list[Pair], catalogue: Catalogue | None) -> pd.DataFrame:
    """Return the pairs of checks whose order is bound, directly or through other steps."""
    nodes = list(dict.fromkeys([*checks, *(name for pair in pairs for name in pair)]))
    place = {name: k for k, name in enumerate(nodes)}
    reach = np.eye(len(nodes), dtype=np.bool_)
    basis: dict[Pair, str] = {}
    for kind, found in (
        ("caller", pairs), ("stage", _by_stage(log, checks)), ("item_steps", _by_steps(checks, catalogue)),
        ("relations", _by_relations(log, checks, catalogue)),
    ):  # fmt: skip
        for first, second in found:
            a, b = place[first], place[second]
            if reach[b, a]:
                if kind == "caller":
                    raise UsageError(
                        _("the pairs of before= contradict each other: {a} and {b}.", a=first, b=second),
                        hint=_("take one of them out."),
                    )
                continue
            basis.setdefault((first, second), kind)
            if not reach[a, b]:
                reach |= np.outer(reach[:, a], reach[b])
    rows = [(a, b, basis.get((a, b), "caller")) for a in checks for b in checks if a != b and reach[place[a], place[b]]]
    return pd.DataFrame(rows, columns=["before", "after", "basis"])


def _by_stage(log: EventLog, checks: list[str]) -> list[Pair]:
    if not checks or not log.has("stage"):
        return []
    stage, names = log.codes("stage")
    activity, labels = log.codes("activity")
    known = stage >= 0
    count = pd.crosstab(np.asarray(labels, object)[activity[known]], np.asarray(names, object)[stage[known]])
    of = count.idxmax(axis=1).to_dict()
    weight = {check: {"accept": 0, "decide": 2}.get(str(of.get(check)), 1) for check in checks}
    return [(a, b) for a in checks for b in checks if weight[a] < weight[b]]


def _by_steps(checks: list[str], catalogue: Catalogue | None) -> list[Pair]:
    steps = None if catalogue is None else catalogue.item_steps
    if steps is None or not checks:
        return []
    named = steps.assign(check=steps["name"].astype(str).str.strip())
    named = named[named["check"].isin(checks)]
    pairs: list[Pair] = []
    for _item, own in named.sort_values("seq", kind="stable").groupby("item_code", sort=True):
        order = [str(name) for name in dict.fromkeys(own["check"])]
        pairs += [(a, b) for k, a in enumerate(order) for b in order[k + 1 :]]
    return pairs


def _by_relations(log: EventLog, checks: list[str], catalogue: Catalogue | None) -> list[Pair]:
    if catalogue is None or not checks or not log.has("item_code"):
        return []
    activity, labels = log.codes("activity")
    item, codes = log.codes("item_code")
    wanted = np.isin(activity, [k for k, label in enumerate(labels) if label in set(checks)]) & (item >= 0)
    both = pd.DataFrame({"activity": activity[wanted], "item": item[wanted]}).drop_duplicates()
    single = both[~both["activity"].duplicated(keep=False)]
    of: dict[Any, str] = {labels[a]: str(codes[i]) for a, i in zip(single["activity"], single["item"], strict=True)}
    return [(a, b) for a in checks for b in checks if a in of and b in of and catalogue.precedes(of[a], of[b])]
