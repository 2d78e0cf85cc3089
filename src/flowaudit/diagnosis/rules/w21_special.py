"""W21 特别程序使用: clocks that are stopped more often than elsewhere, just before the deadline, without end or reason."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from flowaudit.diagnosis.context import Bools, Context, Floats, Ints, Stamps, Texts
from flowaudit.diagnosis.finding import Confidence, Finding, NotCheckable
from flowaudit.diagnosis.item_cases import at_place, departments_of, judge, key_of, known_days, scope_of
from flowaudit.diagnosis.rule import Parameter, Rule, Thresholds
from flowaudit.messages import Language, both
from flowaudit.messages import translate as _
from flowaudit.metrics import wilson

EXTENSIONS = frozenset({"extension", "延长", "延长审批", "延期"})
"""They move the deadline and stop no clock."""
PEERS = 5
SHORTEST = 4
"""Of a limit of fewer working days the last days are no small part."""


def name(lang: Language | None = None) -> str:
    return _("special procedures", lang=lang)


def definition(lang: Language | None = None) -> str:
    return _(
        "Special procedures that stop the clock of an accepted item (extensions and those that count in the limit "
        "are left out), by the department that decides. Often: the share of its cases stopped is at least twice "
        "what other departments' shares for the same items (or all their items) let expect, its lower Wilson bound "
        "is above that, above 5 % and, with at least 5 other departments, above the 95th percentile of their "
        "shares; above 20 % where fewer departments with other items are all there is. Late: at least twice as many "
        "begin with at most 1 working day left as would if they began on any day (binomial test, p < 0.001 over all "
        "places). No end: the lower Wilson bound of the share of decided cases with one that never ended is at "
        "least 5 %. No reason: likewise of one without a reason, where reasons are recorded at all. Lost time: the "
        "stopped working days of the late ones only.",
        lang=lang,
    )


@dataclass(frozen=True)
class _Stops:
    """One entry per pair of an episode and the spell whose clock it stops.

    Attributes
    ----------
    spell, case : array of int64
        Row of the clocks; position of the case.
    department : array of int64
        That of the spell, -1 unknown.
    start, end : array of datetime64[us]
    reasoned : array of bool, or None
        Whether a reason is given; None where the log records no reasons.
    """

    spell: Ints
    case: Ints
    department: Ints
    start: Stamps
    end: Stamps
    reasoned: Bools | None


def find(context: Context, t: Thresholds) -> list[Finding] | NotCheckable:
    frame = context.clocks
    department = departments_of(context, frame)
    stops = _stops(context, frame, department)
    if stops is None:
        return NotCheckable(
            "W21",
            *both("no special procedure can be told by its case and its start, or no case was accepted"),
            ("special_episodes: case_id, start", "stage (accept) | cases.accept_time"),
        )
    _codes, labels = context.column("department")
    found = _often(context, t, frame, department, stops)
    codes, counts = np.unique(stops.department, return_counts=True)
    codes = codes[counts >= context.min_cases]
    late, chance = _late(context, t, frame, stops)
    decided = frame["decided"].notna().to_numpy()[stops.spell]
    for code in codes:
        label, own = str(labels[code]) if code >= 0 else "", stops.department == code
        if finding := _just_before(context, t, label, stops, own & ~np.isnan(chance), late, chance, len(codes)):
            found.append(finding)
        if finding := _without(context, t, "no-end", label, stops, own & decided, np.isnat(stops.end)):
            found.append(finding)
        if stops.reasoned is None:
            continue
        if finding := _without(context, t, "no-reason", label, stops, own, ~stops.reasoned):
            found.append(finding)
    return found


def _stops(context: Context, frame: pd.DataFrame, department: Ints) -> _Stops | None:
    """Pair the episodes that stop a clock with the spells they concern; None where the log tells none."""
    episodes = _episodes(context)
    accepted = frame["accepted"].notna().to_numpy()
    if episodes is None or not accepted.any():
        return None
    kind = episodes["type"].astype("string").str.strip().str.casefold().fillna("")
    counts = context.truths(episodes["counts_in_clock"])
    if context.catalogue is not None:
        known = set(context.catalogue.item_codes)
        unsaid = counts.isna() & episodes["item_code"].isin(known)
        pairs = list(zip(episodes["item_code"][unsaid], kind[unsaid], strict=True))
        asked = {pair: context.catalogue.counts_in_clock(*pair) for pair in set(pairs)}
        counts = counts.astype("object")
        counts[unsaid] = [pd.NA if asked[pair] is None else asked[pair] for pair in pairs]
    stopping = ~kind.isin(EXTENSIONS).to_numpy(bool) & ~counts.eq(True).fillna(False).to_numpy(bool)
    spells = frame.loc[accepted, ["case", "item_code", "accepted", "decided"]]
    pairs_ = episodes[stopping].merge(
        spells.assign(spell=np.flatnonzero(accepted)), on="case", suffixes=("", "_own")
    )  # fmt: skip
    fits = (
        pairs_["item_code"].isna() | pairs_["item_code_own"].isna() | (pairs_["item_code"] == pairs_["item_code_own"])
    )
    inside = (pairs_["start"] >= pairs_["accepted"]) & ~(pairs_["start"] > pairs_["decided"])
    pairs_ = pairs_[fits & inside]
    reason = pairs_["reason"].astype("string").str.strip().fillna("")
    spell = pairs_["spell"].to_numpy(np.int64)
    return _Stops(
        spell, pairs_["case"].to_numpy(np.int64), department[spell],
        pairs_["start"].to_numpy("datetime64[us]"), pairs_["end"].to_numpy("datetime64[us]"),
        (reason != "").to_numpy(bool) if episodes["reason"].notna().any() else None,
    )  # fmt: skip


def _episodes(context: Context) -> pd.DataFrame | None:
    """Return case, item, type, start, end, reason and counts_in_clock of the table, else of the events marked so."""
    columns = ["case", "item_code", "type", "start", "end", "reason", "counts_in_clock"]
    table = context.table("special_episodes")
    if table is not None and "start" in table and len(table):
        found = table.reindex(columns=columns)
        return found.assign(start=context.times(found["start"]), end=context.times(found["end"]))
    if not context.log.has("special_type"):
        return None
    rows = np.flatnonzero(context.column("special_type")[0] >= 0)
    if not len(rows):
        return None

    def told(column: str) -> list[object]:
        codes, labels = context.column(column)
        return [labels[c] if c >= 0 else None for c in codes[rows]]

    start, end = context.start[rows], context.end[rows]
    # An end that the export filled with the start is an unknown one.
    end = np.where(end == start, np.datetime64("NaT", "us"), end)
    return pd.DataFrame(
        {
            "case": context.case[rows], "item_code": told("item_code"), "type": told("special_type"), "start": start,
            "end": end, "reason": told("special_reason"), "counts_in_clock": told("counts_in_clock"),
        }
    ).astype({"item_code": "object", "reason": "object", "counts_in_clock": "object"})  # fmt: skip


def _often(
    context: Context, t: Thresholds, frame: pd.DataFrame, department: Ints, stops: _Stops
) -> list[Finding]:  # fmt: skip
    """Departments that stop the clock more often than others do for the same items, or for all theirs."""
    from scipy.special import ndtri

    asked = np.flatnonzero(frame["accepted"].notna().to_numpy() & (department >= 0))
    _codes, labels = context.column("department")
    stopped = np.zeros(len(frame), np.bool_)
    stopped[stops.spell] = True
    d, item = department[asked], pd.factorize(frame["item_code"])[0][asked]
    n, k = (np.bincount(d, weights=w, minlength=len(labels)) for w in (np.ones(len(asked)), stopped[asked]))
    judged = np.flatnonzero(n >= context.min_cases)
    expected, like_with_like = _expected(context, d, item, stopped[asked])
    z = float(ndtri(1 - 0.025 / max(len(judged), 1)))
    found = []
    for code in judged:
        others = judged[judged != code]
        peers = k[others] / n[others]
        enough = len(others) >= PEERS
        bar = max(expected[code], np.quantile(peers, 0.95) if enough else 0.0, t["share"])
        if not enough and not like_with_like[code]:
            # A few departments with other items say little: only a share that is high in itself counts.
            bar = max(bar, t["unlike"])
        share = k[code] / n[code]
        rows = asked[(d == code) & stopped[asked]]
        cases = np.unique(frame["case"].to_numpy(np.int64)[rows])
        speaks = wilson(int(k[code]), int(n[code]), z)[0] > bar and share >= t["ratio"] * expected[code]
        if np.isnan(expected[code]) or len(cases) < context.min_cases or not speaks:
            continue
        label = str(labels[code])
        population = len(np.unique(frame["case"].to_numpy(np.int64)[asked[d == code]]))
        confidence: Confidence = "medium" if like_with_like[code] else "low"
        found.append(
            context.finding(
                RULE,
                key_of("often", label),
                title=both("special procedures used more often than elsewhere"),
                statement=at_place(
                    context, "", label,
                    both(
                        "the clock was stopped in {cases:,} cases ({share:.0%}), where other departments let expect {expected:.0%}; to be checked.",
                        cases=len(cases), share=share, expected=expected[code],
                    ),
                ),
                caveat=both("Items for which the law prescribes hearings or tests stop more often; compare like with like."),
                scope=scope_of("", label),
                cases=cases,
                population=population,
                thresholds=t,
                confidence=confidence,
                details={
                    "kind": "often", "share": float(share), "expected": float(expected[code]),
                    "departments": len(judged),
                    "same_items": bool(like_with_like[code]),
                },
            )
        )  # fmt: skip
    return found


def _expected(context: Context, d: Ints, item: Ints, stopped: Bools) -> tuple[Floats, Bools]:
    """Return the share each department's items have in the hands of others, and whether those have the same items."""
    departments, items = int(d.max(initial=-1)) + 1, int(item.max(initial=-1)) + 2
    cells, cell = np.unique(d * items + item + 1, return_inverse=True)
    of, what = np.divmod(cells, items)
    n, k = (np.bincount(cell.ravel(), weights=w, minlength=len(cells)) for w in (np.ones(len(d)), stopped))
    by_item = [np.bincount(what, weights=w, minlength=items) for w in (n, k)]
    by_department = [np.bincount(of, weights=w, minlength=departments) for w in (n, k)]
    rest_n, rest_k = by_item[0][what] - n, by_item[1][what] - k
    all_n, all_k = (total.sum() - total[of] for total in by_department)
    same = rest_n >= context.min_cases
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(same, rest_k / rest_n, np.where(all_n >= context.min_cases, all_k / all_n, np.nan))
        expected = np.bincount(of, weights=n * share, minlength=departments) / by_department[0]
    known = np.bincount(of, weights=np.where(same, n, 0.0), minlength=departments)
    return expected, np.asarray(known == by_department[0])


def _late(context: Context, t: Thresholds, frame: pd.DataFrame, stops: _Stops) -> tuple[Bools, Floats]:
    """Mark the stops that begin with few days left, with the chance of that; NaN where the days left are not known."""
    length = judge(context, frame).length[stops.spell]
    begun = known_days(context, frame["accepted"].to_numpy("datetime64[us]")[stops.spell], stops.start)
    lasted = np.nan_to_num(known_days(context, stops.start, stops.end))
    # What earlier stops took is not used up.
    order = np.lexsort((stops.start, stops.spell))
    total = np.cumsum(lasted[order]) - lasted[order]
    first = np.r_[True, np.diff(stops.spell[order]) != 0] if len(order) else np.zeros(0, np.bool_)
    earlier = np.zeros(len(order))
    earlier[order] = total - np.repeat(total[first], np.diff(np.r_[np.flatnonzero(first), len(order)]))
    left = length - (begun - np.minimum(earlier, begun))
    known = (left >= 0) & (left <= length) & (length >= max(SHORTEST, 2 * t["days"]))
    chance = np.where(known, (t["days"] + 1) / (length + 1), np.nan)
    return np.asarray(known & (left <= t["days"])), chance


def _just_before(
    context: Context, t: Thresholds, label: str, stops: _Stops, asked: Bools, late: Bools, chance: Floats, tests: int
) -> Finding | None:
    from scipy.special import bdtrc

    n, k = int(asked.sum()), int((asked & late).sum())
    cases = np.unique(stops.case[asked & late])
    if len(cases) < context.min_cases:
        return None
    usual = float(chance[asked].mean())
    if wilson(k, n)[0] < min(t["ratio"] * usual, 1.0) or bdtrc(k - 1, n, usual) >= t["p"] / tests:
        return None
    days = np.nan_to_num(known_days(context, stops.start, stops.end))
    own = asked & late
    lost: Floats = np.zeros(len(cases))
    np.add.at(lost, np.searchsorted(cases, stops.case[own]), days[own])
    return context.finding(
        RULE,
        key_of("late", label),
        title=both("special procedures begun shortly before the deadline"),
        statement=at_place(
            context, "", label,
            both(
                "{k:,} of {n:,} special procedures ({share:.0%}) began with at most {days} working day left, in {cases:,} cases; by chance it "
                "would be {usual:.0%}; to be checked.",
                k=k, n=n, share=k / n, days=int(t["days"]), cases=len(cases), usual=usual,
            ),
        ),
        caveat=both("A test or hearing that can only come last looks alike."),
        scope=scope_of("", label),
        cases=cases,
        population=len(np.unique(stops.case[asked])),
        thresholds=t,
        lost=lost,
        details={"kind": "late", "late": k, "special_procedures": n, "expected_by_chance": usual},
    )  # fmt: skip


def _without(
    context: Context, t: Thresholds, kind: str, label: str, stops: _Stops, asked: Bools, lacking: Bools
) -> Finding | None:
    cases, population = np.unique(stops.case[asked & lacking]), len(np.unique(stops.case[asked]))
    if len(cases) < context.min_cases or wilson(len(cases), population)[0] < t["share"]:
        return None
    values = {"cases": len(cases), "share": len(cases) / population}
    texts: dict[str, tuple[Texts, Texts, Texts]] = {
        "no-end": (
            both("special procedures without an end"),
            both("in {cases:,} decided cases ({share:.0%}) a special procedure has no recorded end; to be checked.", **values),
            both("An end that was not written down is no stop that never ended."),
        ),
        "no-reason": (
            both("special procedures without a reason"),
            both("in {cases:,} cases ({share:.0%}) a special procedure gives no reason; to be checked.", **values),
            both("The reason may be kept in another system."),
        ),
    }  # fmt: skip
    title, statement, caveat = texts[kind]
    return context.finding(
        RULE,
        key_of(kind, label),
        title=title,
        statement=at_place(context, "", label, statement),
        caveat=caveat,
        scope=scope_of("", label),
        cases=cases,
        population=population,
        thresholds=t,
        confidence="high",
        group="难点",
        details={"kind": kind.replace("-", " ")},
    )


RULE = Rule(
    "W21", name, definition, ("special_episodes | special_type",), find,
    group="堵点", reengineering="④", reductions=("time",), measures=("M20", "M09"),
    parameters={
        "share": Parameter(0.05, 0.0, 1.0), "unlike": Parameter(0.20, 0.0, 1.0), "ratio": Parameter(2.0, 1.0, 20.0),
        "days": Parameter(1, 0, 60),
        "p": Parameter(0.001, 1e-12, 0.05),
    },
)  # fmt: skip
