"""W04 退回补正: applications sent back for corrections, and sent back again."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.diagnosis.context import Bools, Context, Stamps
from flowaudit.diagnosis.corrections import answers, sent_back, sent_back_inside
from flowaudit.diagnosis.finding import Finding, NotCheckable
from flowaudit.diagnosis.papers import Papers, coded, pair_keys, papers_of
from flowaudit.diagnosis.rule import Parameter, Rule, Thresholds
from flowaudit.messages import Language, both
from flowaudit.messages import translate as _
from flowaudit.metrics import wilson

Ints = npt.NDArray[np.int64]


def name(lang: Language | None = None) -> str:
    return _("corrections", lang=lang)


def definition(lang: Language | None = None) -> str:
    return _(
        "Requests for corrections: events of the stage correction by an office, or with the result 补正 or 退回; what goes "
        "back to an earlier step of the office, with no act of the applicant in between, is none. An item (or the whole "
        "log) speaks when the lower Wilson bound of the share of cases with one is at least 5 %. Repeat corrections: asked "
        "for other materials or contents than before or, where the contents are not known, at least twice before acceptance "
        "(at any time where acceptance is not recorded); they speak when the lower Wilson bound of their share of the corrected cases is at least 10 %. Lost time: from the "
        "request to the applicant's next act, or the next event.",
        lang=lang,
    )


def find(context: Context, t: Thresholds) -> list[Finding] | NotCheckable:
    asked = sent_back(context)
    assert asked is not None  # stage or result is there, or nobody would ask
    inside = sent_back_inside(context, asked)
    if inside.all():
        return []
    requests = _Requests.of(context, asked[~inside])
    item, items = context.column("item_code")
    papers = papers_of(context)
    found = []
    every = np.unique(pair_keys(item, context.case)) // (context.log.n_cases + 1) - 1
    order = np.argsort(item[requests.rows], kind="stable")
    codes, begins = np.unique(item[requests.rows[order]], return_index=True)
    for code, among in zip(codes.tolist(), np.split(order, begins[1:]), strict=True):
        own = requests.take(among)
        population = int((every == code).sum())
        cases, again = own.cases(context), own.cases(context, own.repeat)
        label = str(items[code]) if code >= 0 else ""
        if len(cases) >= context.min_cases and wilson(len(cases), population)[0] >= t["share"]:
            internal = int((item[asked[inside]] == code).sum())
            found.append(_corrections(context, t, label, own, population, internal, papers))
        if len(again) >= context.min_cases and wilson(len(again), len(cases))[0] >= t["repeat"]:
            found.append(_repeat(context, t, label, own))
    return found


def _corrections(
    context: Context, t: Thresholds, label: str, own: _Requests, population: int, internal: int, papers: Papers | None
) -> Finding:
    cases, repeated = own.cases(context), len(own.cases(context, own.later))
    materials, reasons = _pareto(papers, label or None)
    values = {
        "item": context.item_name(label), "cases": len(cases), "share": len(cases) / population, "repeated": repeated,
        "yield": 1 - len(cases) / population,
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
            "departments": context.labels_of("department", own.rows),
            "materials": [material for material, _n in materials[:5]],
        },
        cases=cases,
        population=population,
        thresholds=t,
        rows=own.answered,
        row_days=own.lost,
        confidence="high",
        details={
            "requests": len(own.rows),
            "repeated": repeated,
            "repeated_before_acceptance": len(own.cases(context, own.early)),
            "repeated_with_other_contents": len(own.cases(context, own.other)),
            "sent_back_inside": internal,
            "first_pass_yield": 1 - len(cases) / population,
            "materials": [list(m) for m in materials],
            "reasons": [list(r) for r in reasons],
        },
    )


def _repeat(context: Context, t: Thresholds, label: str, own: _Requests) -> Finding:
    cases, corrected = own.cases(context, own.repeat), len(own.cases(context))
    beyond = own.take(own.later & np.isin(context.case[own.rows], cases))
    values = {
        "item": context.item_name(label), "cases": len(cases), "corrected": corrected, "share": len(cases) / corrected,
    }  # fmt: skip
    statement = (
        both(
            "“{item}”: of {corrected:,} corrected cases {cases:,} ({share:.0%}) were asked again for what the first notice could "
            "perhaps have told, too; to be checked.",
            **values,
        )
        if label
        else both(
            "Of {corrected:,} corrected cases {cases:,} ({share:.0%}) were asked again for what the first notice could perhaps have "
            "told, too; to be checked.",
            **values,
        )
    )
    known = bool(own.told.any() or context.among("stage", "accept").any())
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
            "departments": context.labels_of("department", beyond.rows),
            "activities": context.labels_of("activity", beyond.rows),
        },
        cases=cases,
        population=corrected,
        thresholds=t,
        rows=beyond.answered,
        row_days=beyond.lost,
        confidence="high" if own.told.mean() >= 0.5 else "medium" if known else "low",
        reductions=("time", "trips"),
        measures=("M09", "M10"),
        details={
            "requests_beyond_the_first": len(beyond.rows),
            "before_acceptance": len(own.cases(context, own.early)),
            "with_other_contents": len(own.cases(context, own.other)),
        },
    )


@dataclass(frozen=True, eq=False)
class _Requests:
    """Requests for corrections, and which of them come again though the first could have told it.

    Attributes
    ----------
    rows, answered : array of int
        Rows of the log.
    lost : array of float
        Working days until the answer.
    later : array of bool
        Not the first request of its case and item.
    early : array of bool
        Such a one before acceptance; where nobody says when a case was accepted, any such one.
    other : array of bool
        Such a one for materials or contents that no request before it named.
    told : array of bool
        Materials or an opinion say what the request is about.
    repeat : array of bool
        For other contents, or early and not known to ask for the same again.
    """

    rows: Ints
    answered: Ints
    lost: npt.NDArray[np.float64]
    later: Bools
    early: Bools
    other: Bools
    told: Bools
    repeat: Bools

    @classmethod
    def of(cls, context: Context, rows: Ints) -> _Requests:
        answered = answers(context, rows)
        item = context.column("item_code")[0][rows]
        group = pair_keys(context.case[rows], item)
        _groups, first, of = np.unique(group, return_index=True, return_inverse=True)
        later = np.arange(len(rows)) != first[of]
        early = later & ~(context.end[rows] > _accepted(context, context.case[rows], item))
        other, told, same = _contents(context, rows, group, first[of], later)
        lost = context.days(context.end[rows], context.end[answered])
        return cls(rows, answered, lost, later, early, other, told, other | (early & ~same))

    def take(self, which: Bools | Ints) -> _Requests:
        return _Requests(*(getattr(self, field.name)[which] for field in fields(self)))

    def cases(self, context: Context, which: Bools | None = None) -> Ints:
        """Return the positions of the cases with such requests."""
        return np.unique(context.case[self.rows if which is None else self.rows[which]])


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
