"""W15 无效跑动: journeys that brought nothing, were made again, or only served to collect or to sign."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from flowaudit.diagnosis.context import Bools, Context, Ints, Texts
from flowaudit.diagnosis.finding import Finding, NotCheckable
from flowaudit.diagnosis.item_cases import known_days
from flowaudit.diagnosis.one_things import items_in_events
from flowaudit.diagnosis.rule import Parameter, Rule, Thresholds
from flowaudit.messages import Language, both
from flowaudit.messages import translate as _
from flowaudit.metrics import wilson

PROGRESS = frozenset({"progress", "办成", "成功", "完成", "已完成", "办结", "有进展", "done", "success"})
COLLECT = frozenset({"collect", "领取", "取件", "领证", "取证", "领取结果"})
SIGN = frozenset({"sign", "签字", "签名", "面签", "盖章", "签收", "签字确认"})


def name(lang: Language | None = None) -> str:
    return _("avoidable journeys", lang=lang)


def definition(lang: Language | None = None) -> str:
    return _(
        "A journey: all visits of one case to one site on one day. Four kinds, each speaking when the lower Wilson "
        "bound of the share of cases with one is at least 5 %: in vain (no visit of it brought progress); again "
        "(for the same item and purpose within 10 working days of a visit that was not in vain); only to collect; "
        "only to sign. What a visit brought or was for counts only where it is recorded. Lost are journeys, no "
        "working days.",
        lang=lang,
    )


def find(context: Context, t: Thresholds) -> list[Finding] | NotCheckable:
    visits = _visits(context)
    if visits is None or visits.empty:
        return NotCheckable(
            "W15",
            *both("no visit can be told by its case and its day"),
            ("visits: case_id, or bundle_id with bundles", "visits: date"),
        )
    found = []
    for kind, (asked, marked) in _kinds(context, t, visits).items():
        population = np.unique(visits["case"].to_numpy(np.int64)[asked])
        cases = np.unique(visits["case"].to_numpy(np.int64)[marked])
        if len(cases) < context.min_cases or wilson(len(cases), len(population))[0] < t["share"]:
            continue
        own = visits[marked]
        journeys = own["journey"].nunique()
        title, statement = _words(
            kind,
            {"cases": len(cases), "share": len(cases) / len(population), "journeys": journeys, "days": int(t["days"])},
        )
        rows = _rows(context, own)
        found.append(
            context.finding(
                RULE,
                kind,
                title=title,
                statement=statement,
                caveat=both("A visit the law prescribes, or one the applicant prefers to a courier, is not avoidable."),
                scope={"items": context.labels_of("item_code", rows)},
                cases=cases,
                population=len(population),
                thresholds=t,
                rows=rows,
                confidence="medium" if kind == "again" else "high",
                measures={"vain": ("M09", "M22"), "again": ("M09",), "collect": ("M17",), "sign": ("M22",)}[kind],
                details={
                    "kind": kind, "journeys": journeys, "all_journeys": visits["journey"].nunique(),
                    "by_site": {str(site): int(n) for site, n in own.groupby("site")["journey"].nunique().items()},
                },
            )
        )  # fmt: skip
    return found


def _words(kind: str, values: Mapping[str, float]) -> tuple[Texts, Texts]:
    if kind == "vain":
        return both("journeys without progress"), both(
            "In {cases:,} cases ({share:.0%}) applicants came without any progress, {journeys:,} journeys in all; to be checked.",
            **values,
        )
    if kind == "again":
        return both("journeys made again"), both(
            "In {cases:,} cases ({share:.0%}) applicants came again for the same purpose within {days} working days, {journeys:,} journeys in all; to be checked.",
            **values,
        )
    if kind == "collect":
        return both("journeys only to collect"), both(
            "In {cases:,} cases ({share:.0%}) applicants came only to collect a result, {journeys:,} journeys in all; to be checked.",
            **values,
        )
    return both("journeys only to sign"), both(
        "In {cases:,} cases ({share:.0%}) applicants came only to sign, {journeys:,} journeys in all; to be checked.",
        **values,
    )


def _visits(context: Context) -> pd.DataFrame | None:
    """Return the visits with their journey, what they brought and were for; None where the case is unknown."""
    table = context.table("visits")
    stamp = next((c for c in ("date", "ticket_time", "called_time") if table is not None and c in table), None)
    if table is None or stamp is None:
        return None
    day = context.times(table[stamp]).astype("datetime64[D]")
    table = table.assign(day=day.astype("datetime64[us]"))[~np.isnat(day)]
    site = table["site"] if "site" in table else pd.Series(pd.NA, table.index)
    outcome, purpose = (
        (table[c] if c in table else pd.Series(pd.NA, table.index)).astype("string").str.strip().str.casefold()
        for c in ("outcome", "purpose")
    )
    table = table.assign(
        site=site,
        purpose=purpose,
        progress=outcome.isin(PROGRESS).astype("boolean").mask(outcome.isna()),
    )
    journey = table.groupby(["case", "site", "day"], dropna=False, sort=False).ngroup()
    found: pd.DataFrame = table.assign(journey=journey).reset_index(drop=True)
    return found


def _kinds(context: Context, t: Thresholds, visits: pd.DataFrame) -> dict[str, tuple[Bools, Bools]]:
    """Return for every kind which visits could be of it and which are."""
    journey = visits["journey"].to_numpy(np.int64)
    n = int(journey.max()) + 1

    def whole(mask: pd.Series) -> Bools:
        """Mark the visits of journeys all of whose visits are marked."""
        missed = np.bincount(journey, weights=~mask.to_numpy(bool), minlength=n)
        return np.asarray(missed[journey] == 0)

    progress, purpose = visits["progress"], visits["purpose"]
    judged = whole(progress.notna())
    vain = judged & whole(~progress.fillna(False))
    named = whole(purpose.notna())
    found: dict[str, tuple[Bools, Bools]] = {"vain": (judged, vain)}
    found["again"] = _again(context, t, visits)
    for kind, words in (("collect", COLLECT), ("sign", SIGN)):
        found[kind] = (named, named & ~vain & whole(purpose.isin(words).fillna(False)))
    return found


def _again(context: Context, t: Thresholds, visits: pd.DataFrame) -> tuple[Bools, Bools]:
    """Mark the visits for an item and purpose that another one, not in vain, came before by at most so many days."""
    item = _items_of(context, visits)
    asked = (visits["purpose"].notna() & visits["progress"].fillna(True)).to_numpy(bool) & (item > -2)
    marked = np.zeros(len(visits), np.bool_)
    at = np.flatnonzero(asked)
    key = np.stack([visits["case"].to_numpy(np.int64)[at], item[at], pd.factorize(visits["purpose"])[0][at]])
    day = visits["day"].to_numpy("datetime64[us]")[at]
    order = np.lexsort((day, *key))
    key, day, at = key[:, order], day[order], at[order]
    same = (key[:, 1:] == key[:, :-1]).all(axis=0) & (day[1:] > day[:-1])
    near = known_days(context, day[:-1], day[1:]) <= t["days"] if len(day) > 1 else same
    marked[at[1:][same & near]] = True
    return asked, marked


def _items_of(context: Context, visits: pd.DataFrame) -> Ints:
    """Return the item each visit was for, by the events of the visit: -1 for the case as a whole, -2 unknown.

    A visit whose item nobody tells stands for its case where that has one item only: two items
    are no repeat.
    """
    item, _items = context.column("item_code")
    several = items_in_events(context) > 1
    found = np.where(several[visits["case"].to_numpy(np.int64)], -2, -1).astype(np.int64)
    codes, labels = context.column("visit_id")
    rows = np.flatnonzero(codes >= 0)
    if "visit_id" not in visits or not len(rows):
        return found
    linked, first = np.unique(codes[rows], return_index=True)
    of = pd.Series(item[rows[first]], index=[str(labels[c]) for c in linked])
    told = visits["visit_id"].astype("string").map(of).astype("float").to_numpy(float)
    hit = ~np.isnan(told) & several[visits["case"].to_numpy(np.int64)]
    found[hit] = told[hit].astype(np.int64)
    return found


def _rows(context: Context, visits: pd.DataFrame) -> Ints:
    """Return the events that belong to some visits."""
    codes, labels = context.column("visit_id")
    if "visit_id" not in visits:
        return np.zeros(0, np.int64)
    wanted = pd.Index(labels, dtype="object").isin(visits["visit_id"].dropna().astype("object").unique())
    return np.flatnonzero(np.r_[wanted, False][codes])


RULE = Rule(
    "W15", name, definition,
    ("visits.outcome | visits.purpose", "visits.date | visits.ticket_time | visits.called_time"), find,
    group="痛点", reengineering="③⑤", reductions=("trips",), measures=("M17", "M22", "M09"),
    parameters={"share": Parameter(0.05, 0.0, 1.0), "days": Parameter(10, 0, 250)},
)  # fmt: skip
