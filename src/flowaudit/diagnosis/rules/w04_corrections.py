"""W04 退回补正: applications sent back for corrections, and sent back again."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.diagnosis.context import Bools, Context, Stamps
from flowaudit.diagnosis.corrections import answers, correction_requests
from flowaudit.diagnosis.finding import Finding, NotCheckable
from flowaudit.diagnosis.papers import Papers, coded, pair_keys, papers_of
from flowaudit.diagnosis.rule import Parameter, Rule, Thresholds
from flowaudit.messages import Language, both
from flowaudit.messages import translate as _
from flowaudit.metrics import wilson

Ints = npt.NDArray[np.int64]
_RETURNED = ("退回", "returned")
"""Results with which an office may also send a case back to an earlier step of its own."""


def name(lang: Language | None = None) -> str:
    return _("corrections", lang=lang)


def definition(lang: Language | None = None) -> str:
    return _(
        "Requests for corrections: events of the stage correction by an office, or with the result 补正 or 退回; what goes "
        "back to an earlier step of the office, with no act of the applicant in between, is none. An item (or the whole "
        "log) speaks when the lower Wilson bound of the share of cases with one is at least 5 %. Repeat corrections: asked "
        "for other materials or contents than before, or at least twice before acceptance where the contents are not known; "
        "they speak when the lower Wilson bound of their share of the corrected cases is at least 10 %. Lost time: from the "
        "request to the applicant's next act, or the next event.",
        lang=lang,
    )


def find(context: Context, t: Thresholds) -> list[Finding] | NotCheckable:
    asked = correction_requests(context)
    assert asked is not None  # stage or result is there, or nobody would ask
    inside = sent_back_inside(context, asked)
    requests = asked[~inside]
    item, items = context.column("item_code")
    answered = answers(context, requests)
    lost = context.days(context.end[requests], context.end[answered])
    again = _Again.of(context, requests)
    papers = papers_of(context)
    found = []
    for code in np.unique(item):
        own = np.flatnonzero(item[requests] == code)
        population = len(np.unique(context.case[item == code]))
        cases = np.unique(context.case[requests[own]])
        if len(cases) < context.min_cases:
            continue
        label = str(items[code]) if code >= 0 else ""
        repeat = np.unique(context.case[requests[own[again.repeat[own]]]])
        if wilson(len(cases), population)[0] >= t["share"]:
            numbers: dict[str, Any] = {
                "requests": len(own),
                "repeated": len(np.unique(context.case[requests[own[again.later[own]]]])),
                "repeated_before_acceptance": len(np.unique(context.case[requests[own[again.early[own]]]])),
                "repeated_with_other_contents": len(np.unique(context.case[requests[own[again.other[own]]]])),
                "sent_back_inside": int((item[asked[inside]] == code).sum()),
            }
            found.append(
                _corrections(
                    context, t, label, requests[own], cases, population, answered[own], lost[own], numbers, papers
                )
            )
        if len(repeat) >= context.min_cases and wilson(len(repeat), len(cases))[0] >= t["repeat"]:
            of_them = own[again.later[own] & np.isin(context.case[requests[own]], repeat)]
            found.append(
                _repeat(
                    context,
                    t,
                    label,
                    requests[of_them],
                    repeat,
                    len(cases),
                    answered[of_them],
                    lost[of_them],
                    again,
                    own,
                    requests,
                )
            )
    return found


def _corrections(
    context: Context, t: Thresholds, label: str, requests: Ints, cases: Ints, population: int, answered: Ints,
    lost: npt.NDArray[np.float64], numbers: dict[str, Any], papers: Papers | None,
) -> Finding:  # fmt: skip
    materials, reasons = _pareto(papers, label or None)
    values = {
        "item": context.item_name(label), "cases": len(cases), "share": len(cases) / population,
        "repeated": numbers["repeated"], "yield": 1 - len(cases) / population,
    }  # fmt: skip
    statement = (
        both(
            "“{item}”: {cases:,} cases ({share:.0%}) were asked for corrections, {repeated:,} of them more than once; first-pass "
            "yield {yield:.0%}; to be checked.",
            **values,
        )
        if label
        else both(
            "{cases:,} cases ({share:.0%}) were asked for corrections, {repeated:,} of them more than once; first-pass yield "
            "{yield:.0%}; to be checked.",
            **values,
        )
    )
    return context.finding(
        RULE,
        label or "all",
        title=both("rather many corrections"),
        statement=statement,
        caveat=both("A correction may be the applicant's slip as well as an unclear notice; read the reasons first."),
        scope={
            "items": [label] if label else [],
            "departments": context.labels_of("department", requests),
            "materials": [material for material, _n in materials[:5]],
        },
        cases=cases,
        population=population,
        thresholds=t,
        rows=answered,
        row_days=lost,
        confidence="high",
        details={
            **numbers, "first_pass_yield": 1 - len(cases) / population, "materials": [list(m) for m in materials],
            "reasons": [list(r) for r in reasons],
        },
    )  # fmt: skip


def _repeat(
    context: Context, t: Thresholds, label: str, requests: Ints, cases: Ints, corrected: int, answered: Ints,
    lost: npt.NDArray[np.float64], again: _Again, own: Ints, every: Ints,
) -> Finding:  # fmt: skip
    values = {
        "item": context.item_name(label), "cases": len(cases), "corrected": corrected, "share": len(cases) / corrected,
    }  # fmt: skip
    statement = (
        both(
            "“{item}”: of {corrected:,} corrected cases {cases:,} ({share:.0%}) were asked again, before acceptance or for something else "
            "than the first time, which one complete notice could avoid; to be checked.",
            **values,
        )
        if label
        else both(
            "Of {corrected:,} corrected cases {cases:,} ({share:.0%}) were asked again, before acceptance or for something else than the "
            "first time, which one complete notice could avoid; to be checked.",
            **values,
        )
    )
    told = again.told[own]
    return context.finding(
        RULE,
        f"{label or 'all'}-repeat",
        title=both("corrections asked for more than once"),
        statement=statement,
        caveat=both(
            "What an applicant hands in the second time may be faulty in a new way, which no first notice can tell."
        ),
        scope={
            "items": [label] if label else [],
            "departments": context.labels_of("department", requests),
            "activities": context.labels_of("activity", requests),
        },
        cases=cases,
        population=corrected,
        thresholds=t,
        rows=answered,
        row_days=lost,
        confidence="high" if told.mean() >= 0.5 else "medium",
        reductions=("time", "trips"),
        measures=("M09", "M10"),
        details={
            "requests_beyond_the_first": len(requests),
            "before_acceptance": len(np.unique(context.case[every[own[again.early[own]]]])),
            "with_other_contents": len(np.unique(context.case[every[own[again.other[own]]]])),
        },
    )


def sent_back_inside(context: Context, requests: Ints) -> Bools:
    """Mark the returns that are no corrections: an earlier step of the office goes on, not the applicant.

    Only results that say no more than "returned" are looked at. Where the applicant's acts are not recorded, the level must fall.
    """
    found = np.zeros(len(requests), np.bool_)
    returned = np.flatnonzero(
        context.among("result", *_RETURNED)[requests] & ~context.among("stage", "correction")[requests]
    )
    if not len(returned):
        return found
    item, _items = context.column("item_code")
    passing = context.automatic | context.among("stage", "notify", "correction", "archive")
    for code in np.unique(item[requests[returned]]):
        own = returned[item[requests[returned]] == code]
        fits = ((item == code) | (item < 0) | (code < 0)) & (context.applicant | ~passing)
        rows = np.flatnonzero(fits)
        at = np.searchsorted(rows, requests[own], side="right")
        there = np.flatnonzero(at < len(rows))
        after, asked = rows[at[there]], requests[own[there]]
        office = (context.case[after] == context.case[asked]) & ~context.applicant[after]
        if not context.applicant.any():
            office &= context.level[after] < context.level[asked]
        found[own[there[office]]] = True
    return found


class _Again:
    """Which requests come again for an item of a case, and whether that could have been told the first time.

    Attributes
    ----------
    later : array of bool
        Not the first request of its case and item.
    early : array of bool
        Such a one before acceptance, where the first was before it, too.
    other : array of bool
        Such a one for materials or contents that no earlier request named.
    told : array of bool
        Materials or an opinion say what the request is about.
    repeat : array of bool
        Counts as a repeat: for other contents, or before acceptance with unknown contents.
    """

    def __init__(self, later: Bools, early: Bools, other: Bools, told: Bools, same: Bools) -> None:
        self.later, self.early, self.other, self.told = later, early, other, told
        self.repeat = other | (early & ~same)

    @classmethod
    def of(cls, context: Context, requests: Ints) -> _Again:
        item = context.column("item_code")[0][requests]
        group = pair_keys(context.case[requests], item)
        _groups, first, of = np.unique(group, return_index=True, return_inverse=True)
        start = first[of]
        later = np.arange(len(requests)) != start
        accepted = _accepted(context, context.case[requests], item)
        # Where nobody says when a case was accepted, no request is known to have come later.
        early = later & ~(context.end[requests] > accepted)
        other, told, same = _contents(context, requests, group, start, later)
        return cls(later, early, other, told, same)


def _accepted(context: Context, case: Ints, item: Ints) -> Stamps:
    """When each item of a case was first accepted; NaT where nobody says."""
    labels = context.column("item_code")[1]
    rows = np.flatnonzero(context.among("stage", "accept") & ~context.applicant)
    frames = [
        pd.DataFrame(
            {"case": context.case[rows], "item": context.column("item_code")[0][rows], "at": context.end[rows]}
        )
    ]
    table = context.table("cases")
    if table is not None and "accept_time" in table:
        codes, words = coded(table, "item_code")
        place = {str(label): i for i, label in enumerate(labels)}
        own = np.array([*(place.get(word, -1) for word in words), -1], np.int64)[codes]
        frames.append(pd.DataFrame({"case": table["case"], "item": own, "at": Context.times(table["accept_time"])}))
    stamps = pd.concat(frames).dropna(subset=["at"]).groupby(["case", "item"])["at"].min()
    wanted = [pd.MultiIndex.from_arrays([case, i]) for i in (item, np.full(len(case), -1, np.int64))]
    of_item, of_all = (stamps.reindex(index).to_numpy("datetime64[us]") for index in wanted)
    return np.where(np.isnat(of_item), of_all, of_item)


def _contents(context: Context, requests: Ints, group: Ints, start: Ints, later: Bools) -> tuple[Bools, Bools, Bools]:
    """Say of every request whether it asks for something new, whether its contents are known, and whether they are all old."""
    n = len(requests)
    other, told, same = (np.zeros(n, np.bool_) for _n in range(3))
    opinion, _texts = context.column("opinion")
    words = opinion[requests]
    spoken = later & (words >= 0) & (words[start] >= 0)
    told |= words >= 0
    other |= spoken & (words != words[start])
    same |= spoken & (words == words[start])
    papers = papers_of(context)
    if papers is None or not n:
        return other, told, same
    bad = np.flatnonzero(papers.rejected & (papers.kind >= 0) & ~np.isnat(papers.submitted))
    ask = pd.DataFrame(
        {
            "case": context.case[requests],
            "item": context.column("item_code")[0][requests],
            "at": context.end[requests],
            "request": np.arange(n),
        }
    )
    give = pd.DataFrame(
        {"case": papers.case[bad], "item": papers.item[bad], "at": papers.submitted[bad], "kind": papers.kind[bad]}
    )
    # What was rejected is asked for by the next request of its item.
    told_by = pd.merge_asof(
        give.sort_values("at", kind="stable"), ask.sort_values("at", kind="stable"), on="at", by=["case", "item"], direction="forward"
    ).dropna(subset=["request"]).astype({"request": np.int64})  # fmt: skip
    if told_by.empty:
        return other, told, same
    told_by["group"] = group[told_by["request"].to_numpy()]
    before = told_by.groupby(["group", "kind"])["request"].transform("min")
    new = told_by["request"].to_numpy() == before.to_numpy()
    known, fresh = np.zeros(n, np.bool_), np.zeros(n, np.bool_)
    known[told_by["request"].to_numpy()] = True
    fresh[told_by["request"].to_numpy()[new]] = True
    # Materials speak louder than the words of an opinion; both requests must name some.
    sure = later & known & known[start]
    other = np.where(sure, fresh, other)
    same = np.where(sure, ~fresh, same)
    return other, told | known, same


def _pareto(papers: Papers | None, item: str | None) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
    """Rejected materials by the names people know, and the reasons given, most frequent first."""
    if papers is None:
        return [], []
    wanted = papers.rejected
    if item is not None:
        wanted = wanted & (papers.item == papers.items.index(item))
    kinds, often = np.unique(papers.kind[wanted & (papers.kind >= 0)], return_counts=True)
    reasons = papers.reason[wanted].dropna().astype(str).value_counts()
    materials = zip(papers.of(kinds), often.tolist(), strict=True)

    def ranked(pairs: Any) -> list[tuple[str, int]]:
        return sorted(((str(what), int(n)) for what, n in pairs), key=lambda pair: (-pair[1], pair[0]))

    return ranked(materials), ranked(reasons.items())


RULE = Rule(
    "W04", name, definition, ("stage (correction) | result",), find,
    group="痛点", reengineering="①②", reductions=("time", "trips", "materials"), measures=("M09", "M10", "M07"),
    parameters={"share": Parameter(0.05, 0.0, 1.0), "repeat": Parameter(0.10, 0.0, 1.0)},
)  # fmt: skip
