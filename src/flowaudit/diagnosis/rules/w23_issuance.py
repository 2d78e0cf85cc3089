"""W23 分散发证: the results of one bundle handed over on several days, or lying finished until the last one is there."""

from __future__ import annotations

import numpy as np
import pandas as pd

from flowaudit.diagnosis.context import Bools, Context, Floats, Ints
from flowaudit.diagnosis.finding import Finding, NotCheckable
from flowaudit.diagnosis.item_cases import key_of, known_days
from flowaudit.diagnosis.one_things import distinct, one_things, several_items
from flowaudit.diagnosis.rule import Parameter, Rule, Thresholds
from flowaudit.diagnosis.rules.w15_visits import COLLECT
from flowaudit.messages import Language, both
from flowaudit.messages import translate as _
from flowaudit.metrics import wilson


def name(lang: Language | None = None) -> str:
    return _("results handed over one by one", lang=lang)


def definition(lang: Language | None = None) -> str:
    return _(
        "Bundles with at least two results handed over, on more than one day (without deliveries: several journeys "
        "to collect); and bundles with at least two decisions in which a finished result lay for more than a working "
        "week (6 days), decided but not handed over, while another item had not been decided yet. Each speaks when the lower "
        "Wilson bound of their share is at least 10 %. Lost time: of results that lay finished only, the longest of "
        "a bundle, from its decision to its delivery or the last decision, whichever came first; the days between "
        "the first and the last delivery are not lost in themselves.",
        lang=lang,
    )


def find(context: Context, t: Thresholds) -> list[Finding] | NotCheckable:
    issues, several, lay, waits = _measure(context)
    thing, things = one_things(context)
    rows = np.flatnonzero(context.among("stage", "deliver"))
    found = []
    for code in np.unique(thing):
        label, own = things[code] if code >= 0 else "", thing == code
        apart = np.flatnonzero(own & several & (issues > 1))
        if finding := _apart(context, t, label, apart, int((own & several).sum()), issues, rows):
            found.append(finding)
        lying = np.flatnonzero(own & waits & (lay >= t["days"]))
        if finding := _lying(context, t, label, lying, int((own & waits).sum()), lay, rows):
            found.append(finding)
    return found


def _measure(context: Context) -> tuple[Ints, Bools, Floats, Bools]:
    """Return per bundle: days of delivery, whether it could have several, how long a result lay, whether one could."""
    n, frame = context.log.n_cases, context.clocks
    case = frame["case"].to_numpy(np.int64)
    decided, delivered = (frame[c].to_numpy("datetime64[us]") for c in ("decided", "delivered"))
    there = ~np.isnat(delivered)
    issues = distinct(n, case[there], delivered[there].astype("datetime64[D]").astype(np.int64))
    several = np.bincount(case[there], minlength=n) > 1
    if not there.any():
        issues, several = _journeys(context)
    # What ends with its decision hands nothing over that could lie.
    handed = ~np.isnat(decided) & (there | (frame["ends_with"] == "delivery").to_numpy(bool))
    last = np.full(n, np.datetime64("NaT", "us"))
    np.fmax.at(last, case[~np.isnat(decided)], decided[~np.isnat(decided)])
    until = np.fmin(delivered, last[case])
    days = np.where(handed, np.nan_to_num(known_days(context, decided, until)), 0.0)
    lay = np.zeros(n)
    np.maximum.at(lay, case, days)
    waits = (np.bincount(case[~np.isnat(decided)], minlength=n) > 1) & (np.bincount(case[handed], minlength=n) > 0)
    return issues, several, lay, waits


def _journeys(context: Context) -> tuple[Ints, Bools]:
    """Count the journeys to collect per bundle; asked are those of several items with one at least."""
    n, visits = context.log.n_cases, context.table("visits")
    if visits is None or not {"purpose", "date"} <= set(visits.columns):
        return np.zeros(n, np.int64), np.zeros(n, np.bool_)
    words = visits["purpose"].astype("string").str.strip().str.casefold()
    visits = visits[words.isin(COLLECT).fillna(False).to_numpy(bool)]
    day = context.times(visits["date"])
    site = pd.factorize(visits["site"])[0] if "site" in visits else np.zeros(len(visits), np.int64)
    known = ~np.isnat(day)
    found = distinct(
        n, visits["case"].to_numpy(np.int64)[known], day[known].astype("datetime64[D]").astype(np.int64),
        np.asarray(site, np.int64)[known],
    )  # fmt: skip
    return found, (found > 0) & several_items(context)


def _apart(
    context: Context, t: Thresholds, label: str, cases: Ints, population: int, issues: Ints, rows: Ints
) -> Finding | None:
    if len(cases) < context.min_cases or wilson(len(cases), population)[0] < t["share"]:
        return None
    own = rows[np.isin(context.case[rows], cases)]
    mean, most = float(issues[cases].mean()), int(issues[cases].max())
    return context.finding(
        RULE,
        key_of("apart", label),
        title=both("results handed over on several days"),
        statement=both(
            "In {cases:,} bundles ({share:.0%}) the results were handed over on {mean:.1f} days on average, {most} at most; to be checked.",
            cases=len(cases), share=len(cases) / population, mean=mean, most=most,
        ),
        caveat=both("A result that the next item needs has to be handed over, or shared inside, at once."),
        scope={"items": context.labels_of("item_code", own), "departments": _offices(context, own)},
        cases=cases,
        population=population,
        thresholds=t,
        rows=own,
        confidence="high",
        details={"kind": "apart", "mean_days_of_delivery": mean, "most_days_of_delivery": most},
    )  # fmt: skip


def _lying(
    context: Context, t: Thresholds, label: str, cases: Ints, population: int, lay: Floats, rows: Ints
) -> Finding | None:
    if len(cases) < context.min_cases or wilson(len(cases), population)[0] < t["share"]:
        return None
    own = rows[np.isin(context.case[rows], cases)]
    return context.finding(
        RULE,
        key_of("lying", label),
        title=both("finished results that wait for the last one"),
        statement=both(
            "In {cases:,} bundles ({share:.0%}) a finished result lay for at least {least} working days while another item was still being "
            "decided, half of them {days:.0f} days or more; to be checked.",
            cases=len(cases), share=len(cases) / population, least=int(t["days"]), days=float(np.median(lay[cases])),
        ),
        caveat=both("An applicant may want all results at once; an e-licence is there at once all the same."),
        scope={"items": context.labels_of("item_code", own), "departments": _offices(context, own)},
        cases=cases,
        population=population,
        thresholds=t,
        rows=own,
        lost=lay[cases],
        reductions=("time",),
        details={"kind": "lying"},
    )  # fmt: skip


def _offices(context: Context, rows: Ints) -> list[str]:
    return context.labels_of("department", rows[~context.applicant[rows]])


RULE = Rule(
    "W23", name, definition, ("bundles", "stage (deliver) | visits.purpose (collect) | cases.deliver_time"), find,
    group="痛点", reengineering="⑤", reductions=("trips", "time"), measures=("M17",),
    parameters={"share": Parameter(0.10, 0.0, 1.0), "days": Parameter(6, 1, 250)},
)  # fmt: skip
