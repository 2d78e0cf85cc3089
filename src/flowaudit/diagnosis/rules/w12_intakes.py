"""W12 多头受理: one bundle handed in at several windows, departments or portals."""

from __future__ import annotations

import numpy as np
import pandas as pd

from flowaudit.diagnosis.context import Bools, Context, Ints
from flowaudit.diagnosis.finding import Confidence, Finding, NotCheckable
from flowaudit.diagnosis.one_things import distinct, one_things, several_items, together
from flowaudit.diagnosis.rule import Parameter, Rule, Thresholds
from flowaudit.messages import Language, both
from flowaudit.messages import translate as _
from flowaudit.metrics import wilson

SUBMIT = frozenset({"submit", "递交", "提交", "交件", "申请", "递交材料", "apply"})


def name(lang: Language | None = None) -> str:
    return _("several intakes for one bundle", lang=lang)


def definition(lang: Language | None = None) -> str:
    return _(
        "Bundles of at least two items that were handed in at more than one intake. Intake: where the first "
        "application for an item was received, told by site or portal and by the department that accepts the item. "
        "One application for several items is one intake, as are those at one site or portal on one day; who "
        "accepts inside is then of no matter. Without applications the sites of visits to submit count, else the "
        "accepting departments. Speaks when the lower Wilson bound of their share is at least 10 %. Lost are "
        "journeys and log-ins, no time.",
        lang=lang,
    )


def find(context: Context, t: Thresholds) -> list[Finding] | NotCheckable:
    intakes, rows, source = _intakes(context)
    asked_of = several_items(context)
    thing, things = one_things(context)
    found = []
    for code in np.unique(thing):
        asked = (thing == code) & asked_of & (intakes > 0)
        cases = np.flatnonzero(asked & (intakes > 1))
        population = int(asked.sum())
        if len(cases) < context.min_cases or wilson(len(cases), population)[0] < t["share"]:
            continue
        own = rows[np.isin(context.case[rows], cases)]
        confidence: Confidence = "high" if (source[cases] == 0).all() else "medium"
        values = {
            "cases": len(cases), "share": len(cases) / population, "mean": float(intakes[cases].mean()),
            "most": int(intakes[cases].max()),
        }  # fmt: skip
        found.append(
            context.finding(
                RULE,
                things[code] if code >= 0 else "all",
                title=both("applications handed in at several places"),
                statement=both(
                    "{cases:,} bundles ({share:.0%}) were handed in at more than one window, department or portal, at {mean:.1f} on average and "
                    "{most} at most; to be checked.",
                    **values,
                ),
                caveat=both("Where one thing can only be applied for after another has been granted, one intake takes a change of the order first."),
                scope={
                    "departments": _accepting(context, cases),
                    "items": context.labels_of("item_code", own),
                },
                cases=cases,
                population=population,
                thresholds=t,
                rows=own,
                confidence=confidence,
                details={
                    "mean_intakes": values["mean"], "most_intakes": values["most"],
                    "told_by": ["applications", "visits", "acceptances"][int(np.bincount(source[cases]).argmax())],
                },
            )
        )  # fmt: skip
    return found


def _intakes(context: Context) -> tuple[Ints, Ints, Ints]:
    """Count the intakes of every bundle (0: unknown), with the rows they were seen in and what tells them."""
    n = context.log.n_cases
    by_application, applications = _by_application(context)
    by_visit = _by_visit(context)
    accepted = np.flatnonzero(context.among("stage", "accept") & ~context.applicant)
    department, _labels = context.column("department")
    accepted = accepted[department[accepted] >= 0]
    by_acceptance = distinct(n, context.case[accepted], department[accepted])
    counts = np.stack([by_application, by_visit, by_acceptance])
    source = np.argmax(counts > 0, axis=0)
    intakes = counts[source, np.arange(n)]
    rows = np.r_[applications, accepted[source[context.case[accepted]] == 2]]
    return intakes, np.sort(rows), source


def _by_application(context: Context) -> tuple[Ints, Ints]:
    item, _items = context.column("item_code")
    case, n = context.case, context.log.n_cases
    rows = np.flatnonzero(context.among("stage", "apply") & ~context.automatic)
    if not len(rows):
        return np.zeros(n, np.int64), rows
    # The first application for an item; one again, or by another channel, is another rule's.
    width = int(item.max()) + 2
    _keys, first = np.unique(case[rows] * width + item[rows] + 1, return_index=True)
    rows = np.sort(rows[first])
    front, is_place = _fronts(context, rows)
    taker = _takers(context, rows, width)
    # At one place on one day it is one act of handing in, however many forms.
    day = context.end[rows].astype("datetime64[D]").astype(np.int64)
    alone = np.where(is_place, -1, rows)
    act = together(case[rows], front, day, alone)
    low, high = np.full(act.max() + 1, np.iinfo(np.int64).max), np.full(act.max() + 1, -1, np.int64)
    np.minimum.at(low, act, taker)
    np.maximum.at(high, act, taker)
    taker = np.where(low[act] == high[act], taker, -1)
    return distinct(n, case[rows], front, taker), rows


def _fronts(context: Context, rows: Ints) -> tuple[Ints, Bools]:
    """Return where each application was handed in: site, portal, else the channel; and whether that is one place."""
    n = len(rows)
    front = np.full(n, None, object)

    def fill(values: np.ndarray[tuple[int], np.dtype[np.object_]]) -> None:
        free = pd.isna(front)
        front[free] = values[free]

    def told(column: str) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
        codes, labels = context.column(column)
        return np.array([*map(str, labels), None], object)[codes[rows]]

    fill(told("location"))
    visits = context.log.table("visits")
    if visits is not None and {"visit_id", "site"} <= set(visits.columns):
        site = visits.dropna(subset=["visit_id"]).drop_duplicates("visit_id").set_index("visit_id")["site"]
        fill(pd.Series(told("visit_id")).map(site).to_numpy(object))
    fill(told("system"))
    is_place = ~pd.isna(front)
    cases = context.table("cases")
    if cases is not None and {"item_code", "channel"} <= set(cases.columns):
        own = cases.drop_duplicates(["case", "item_code"]).set_index(["case", "item_code"])["channel"]
        keys = pd.MultiIndex.from_arrays([context.case[rows], told("item_code")])
        fill(own.reindex(keys).to_numpy(object))
    return pd.factorize(front)[0].astype(np.int64), np.asarray(is_place, np.bool_)


def _takers(context: Context, rows: Ints, width: int) -> Ints:
    """Return the department that accepts the item of each application, -1 where it is unknown."""
    item, _items = context.column("item_code")
    department, _labels = context.column("department")
    accepts = np.flatnonzero(context.among("stage", "accept") & ~context.applicant & (department >= 0) & (item >= 0))
    keys, first = np.unique(context.case[accepts] * width + item[accepts] + 1, return_index=True)
    found = np.full(len(rows), -1, np.int64)
    if len(keys):
        wanted = context.case[rows] * width + item[rows] + 1
        at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        hit = keys[at] == wanted
        found[hit] = department[accepts[first[at[hit]]]]
    return found


def _by_visit(context: Context) -> Ints:
    n = context.log.n_cases
    visits = context.table("visits")
    if visits is None or not {"site", "purpose"} <= set(visits.columns):
        return np.zeros(n, np.int64)
    words = visits["purpose"].astype("string").str.strip().str.casefold()
    visits = visits[(words.isin(SUBMIT) & visits["site"].notna()).fillna(False).to_numpy(bool)]
    return distinct(n, visits["case"].to_numpy(np.int64), pd.factorize(visits["site"])[0].astype(np.int64))


def _accepting(context: Context, cases: Ints) -> list[str]:
    rows = np.flatnonzero(context.among("stage", "accept") & ~context.applicant & np.isin(context.case, cases))
    return context.labels_of("department", rows)


RULE = Rule(
    "W12", name, definition, ("bundles", "stage (apply, accept) | visits.purpose (submit)"), find,
    group="痛点", reengineering="③", reductions=("trips", "steps"), measures=("M05",),
    parameters={"share": Parameter(0.10, 0.0, 1.0)},
)  # fmt: skip
