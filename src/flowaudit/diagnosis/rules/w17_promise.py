"""W17 承诺虚长: a promise that nearly every case undercuts by far."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from flowaudit.diagnosis.context import Context, Floats, Ints
from flowaudit.diagnosis.finding import Finding, NotCheckable
from flowaudit.diagnosis.item_cases import at_place, key_of, known_days, scope_of
from flowaudit.diagnosis.rule import Parameter, Rule, Thresholds
from flowaudit.messages import Language, both
from flowaudit.messages import translate as _

QUANTILE = 0.95
CERTAINTY = 0.975
"""The upper end of a 95 % interval."""
UNITS = ("working_days", "days", "months", "date")


def name(lang: Language | None = None) -> str:
    return _("a promise longer than needed", lang=lang)


def definition(lang: Language | None = None) -> str:
    return _(
        "Items and their promised limit, at least 100 decided cases: the promise is longer than the 95th percentile "
        "of the legal clock by at least 2 working days and 30 % of the promise. The percentile is taken at the "
        "upper end of its 95 % interval, over the cases accepted so early that their promise had run out before the "
        "log ends; those still open then count as slower than all others. Limits in natural days count as the "
        "fewest working days they held. No lost time: nobody waited for it.",
        lang=lang,
    )


def find(context: Context, t: Thresholds) -> list[Finding] | NotCheckable:
    frame = context.clocks
    unit = frame["promised_unit"].fillna("").to_numpy(object)
    usable = np.isin(unit, UNITS) & frame["clock_days"].notna().to_numpy() & (frame["state"] != "ended").to_numpy()
    if not usable.any():
        return NotCheckable(
            "W17",
            *both("no case has both a promised limit in days and a clock that runs from its acceptance"),
            ("stage (accept, decide) | cases.accept_time", "cases.promised_days | catalogue.items.promised_days"),
        )
    held = frame[usable]
    item, items = pd.factorize(held["item_code"])
    limit = held["promised_limit"].fillna(-1.0).to_numpy(float)
    kind = np.array([UNITS.index(u) for u in unit[usable]], float)
    key, group = np.unique(np.stack([item.astype(float), limit, kind], axis=1), axis=0, return_inverse=True)
    order = np.argsort(group.ravel(), kind="stable")
    several = np.bincount(key[:, 0].astype(np.int64) + 1) > 1
    found = []
    for (i, amount, k), rows in zip(key, np.split(order, np.cumsum(np.bincount(group.ravel()))[:-1]), strict=True):
        if len(rows) < t["decided"]:
            continue
        label = str(items[int(i)]) if i >= 0 else ""
        own = f"{amount:g} {UNITS[int(k)]}" if several[int(i) + 1] else ""
        if finding := _shorter(context, t, held.iloc[rows], label, own):
            found.append(finding)
    return found


def _shorter(context: Context, t: Thresholds, held: pd.DataFrame, item: str, own: str) -> Finding | None:
    promise = _promise(held)
    if math.isnan(promise):
        return None
    cut = np.datetime64(context.log.span[1], "us")
    accepted = held["accepted"].to_numpy("datetime64[us]")
    ripe = known_days(context, accepted, np.full(len(held), cut)) >= promise
    decided = held["decided"].notna().to_numpy() & ripe
    clock = held["clock_days"].to_numpy(float)
    days, still = np.sort(clock[decided]), int((held["open"].to_numpy(bool) & ripe & ~decided).sum())
    if len(days) < t["decided"]:
        return None
    usual, upper = quantile_of(days, still)
    if not promise - upper >= max(t["days"], t["share"] * promise):
        return None
    proposed = max(math.ceil(upper), 1)
    positions: Ints = held["case"].to_numpy(np.int64)[decided & (clock <= proposed)]
    n = len(days) + still
    values = {
        "promise": promise, "usual": usual, "proposed": proposed, "share": len(positions) / n,
        "cases": len(positions), "n": n,
    }  # fmt: skip
    return context.finding(
        RULE,
        key_of(item or "all", own),
        title=both("a promised time limit that could be shorter"),
        statement=at_place(
            context, item, "",
            both(
                "{promise:.0f} working days are promised, 95 % of the cases take at most {usual:.0f}; {proposed} would have been kept in "
                "{cases:,} of {n:,} cases ({share:.0%}); to be checked.",
                **values,
            ),
        ),
        caveat=both("A promise has to hold in busy months and in hard situations, too; look at these before it is shortened."),
        scope=scope_of(item, ""),
        cases=positions,
        population=n,
        thresholds=t,
        confidence="high",
        details={
            "promised_days": promise, "p95_days": usual, "p95_upper_days": upper, "proposed_days": proposed,
            "decided": len(days), "still_open": still,
        },
    )  # fmt: skip


def _promise(held: pd.DataFrame) -> float:
    """Return the promise in working days; of a limit in other units the fewest that one case had."""
    if (held["promised_unit"] == "working_days").all():
        return float(held["promised_limit"].iloc[0])
    had = held["promised_slack_days"].to_numpy(float) + held["clock_days"].to_numpy(float)
    had = had[(held["extended_days"] == 0).to_numpy(bool) & ~np.isnan(had)]
    return float(had.min()) if len(had) else math.nan


def quantile_of(days: Floats, still: int = 0) -> tuple[float, float]:
    """Return the 95th percentile of sorted durations and the upper end of its interval; infinite where not over yet.

    The interval is that of order statistics and assumes no distribution: of n durations, fewer than k lie below the
    percentile with the probability that a binomial count of n and 0.95 is below k.

    Examples
    --------
    >>> quantile_of(np.arange(1.0, 101.0))
    (95.0, 100.0)
    >>> quantile_of(np.arange(1.0, 101.0), still=6)
    (inf, inf)
    """
    from scipy.special import bdtr

    n = len(days) + still
    k = np.arange(1, n + 1)
    enough = np.flatnonzero(bdtr(k - 1, n, QUANTILE) >= CERTAINTY)
    places = (math.ceil(QUANTILE * n - 1e-9), int(k[enough[0]]) if len(enough) else n + 1)
    usual, upper = (float(days[p - 1]) if p <= len(days) else math.inf for p in places)
    return usual, upper


RULE = Rule(
    "W17", name, definition,
    (
        "cases.promised_days | cases.promise_due | catalogue.items.promised_days",
        "stage (accept, decide) | cases.decide_time",
    ),
    find,
    group="难点", reengineering="U", reductions=("time",), measures=("M18",),
    parameters={
        "days": Parameter(2, 0, 60), "share": Parameter(0.30, 0.0, 1.0), "decided": Parameter(100, 30, 1e6),
    },
)  # fmt: skip
