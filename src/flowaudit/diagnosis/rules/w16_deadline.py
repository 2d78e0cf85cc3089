"""W16 超时与踩点: decisions beyond the limit, and decisions that gather on the last days before it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from flowaudit.diagnosis.context import Context, Ints
from flowaudit.diagnosis.finding import Finding, NotCheckable
from flowaudit.diagnosis.item_cases import Judged, at_place, by_place, judge, key_of, scope_of
from flowaudit.diagnosis.rule import Parameter, Rule, Thresholds
from flowaudit.messages import Language, both
from flowaudit.messages import translate as _
from flowaudit.metrics import wilson

SHORTEST = 6
"""A limit of fewer working days leaves no room for the days that the last two are compared with."""


def name(lang: Language | None = None) -> str:
    return _("late, or just in time", lang=lang)


def definition(lang: Language | None = None) -> str:
    return _(
        "By item and deciding department, against the promised limit, else the statutory one. Late: decided after "
        "the last day, or still open after it; speaks when the lower Wilson bound of their share is at least 5 %. "
        "Lost time: the working days beyond the last day. Just in time: of at least 100 decided, those with 0 or 1 "
        "working days left are per day at least twice as many as those with 2 to 5 left (lower Wilson bound; "
        "binomial test, p < 0.001 over all places tested) and as those 1 to 4 days late, and at least 5 % of all; "
        "limits below 6 working days are left out. No time is called lost for it.",
        lang=lang,
    )


def find(context: Context, t: Thresholds) -> list[Finding] | NotCheckable:
    frame = context.clocks
    judged = judge(context, frame)
    if not judged.known.any():
        return NotCheckable(
            "W16",
            *both("no case has both a time limit and a clock that runs from its acceptance"),
            ("stage (accept, decide) | cases.accept_time", "cases.promised_days | catalogue.items.promised_days"),
        )
    places = list(by_place(context, frame))
    roomy = ~np.isnan(judged.slack) & (judged.length >= SHORTEST)
    tests = sum(int(roomy[rows].sum()) >= t["decided"] for *_names, rows in places)
    found = []
    for item, department, rows in places:
        if finding := _late(context, t, frame, judged, item, department, rows[judged.known[rows]]):
            found.append(finding)
        if finding := _just_in_time(context, t, frame, judged, item, department, rows[roomy[rows]], tests):
            found.append(finding)
    return found


def _late(
    context: Context, t: Thresholds, frame: pd.DataFrame, judged: Judged, item: str, department: str, rows: Ints
) -> Finding | None:
    late = rows[judged.late[rows]]
    if len(late) < context.min_cases or wilson(len(late), len(rows))[0] < t["share"]:
        return None
    still = int(frame["decided"].isna().to_numpy()[late].sum())
    statutory = int(frame["statutory_on_time"].iloc[late].eq(False).fillna(False).sum())
    values = {
        "cases": len(late), "share": len(late) / len(rows), "days": float(np.median(judged.beyond[late])),
        "still": still,
    }  # fmt: skip
    return context.finding(
        RULE,
        key_of("late", item, department),
        title=both("cases beyond their time limit"),
        statement=at_place(
            context, item, department,
            both(
                "{cases:,} cases ({share:.0%}) exceed their time limit, half of them by {days:.0f} working days or more ({still:,} are still open); "
                "to be checked.",
                **values,
            ),
        ),
        caveat=both("A suspension or an extension that was not recorded makes a case look late."),
        scope=scope_of(item, department),
        cases=frame["case"].to_numpy(np.int64)[late],
        population=len(rows),
        thresholds=t,
        lost=judged.beyond[late],
        confidence="high",
        measures=("M19", "M25"),
        details={"kind": "late", "still_open": still, "beyond_the_statutory_limit": statutory},
    )  # fmt: skip


def _just_in_time(
    context: Context,
    t: Thresholds,
    frame: pd.DataFrame,
    judged: Judged,
    item: str,
    department: str,
    rows: Ints,
    tests: int,
) -> Finding | None:
    from scipy.special import bdtrc

    slack = judged.slack[rows]
    near = rows[(slack == 0) | (slack == 1)]
    before, after = (int(((slack >= low) & (slack <= high)).sum()) for low, high in ((2, 5), (-4, -1)))
    n, compared = len(rows), len(near) + before
    if n < t["decided"] or len(near) < context.min_cases or wilson(len(near), n)[0] < t["share"]:
        return None
    # Two days against four: as many per day is a third, twice as many a half.
    if wilson(len(near), compared)[0] < 2 * t["ratio"] / (2 * t["ratio"] + 4) or len(near) / 2 < t["ratio"] * after / 4:
        return None
    chance = float(bdtrc(len(near) - 1, compared, 1 / 3))
    if chance >= t["p"] / tests:
        return None
    ratio = (len(near) / 2) / (before / 4) if before else None
    return context.finding(
        RULE,
        key_of("just-in-time", item, department),
        title=both("decisions gather shortly before the deadline"),
        statement=at_place(
            context, item, department,
            both(
                "{cases:,} of {n:,} decisions ({share:.0%}) fall on the last two days of the time limit, {before:,} on the four days before; "
                "to be checked.",
                cases=len(near), n=n, share=len(near) / n, before=before,
            ),
        ),
        caveat=both("A step that takes the same time in every case, or a limit that was set to what is usual, looks alike."),
        scope=scope_of(item, department),
        cases=frame["case"].to_numpy(np.int64)[near],
        population=n,
        thresholds=t,
        measures=("M25",),
        details={
            "kind": "just in time", "last_two_days": len(near), "four_days_before": before, "four_days_after": after,
            "ratio_per_day": ratio, "p": chance,
        },
    )  # fmt: skip


# -- what other rules about limits use as well ---------------------------------------------------------------------


RULE = Rule(
    "W16", name, definition,
    (
        "cases.promised_days | cases.statutory_days | cases.promise_due | catalogue.items.promised_days | catalogue.items.statutory_days",
        "stage (accept, decide) | cases.decide_time",
    ),
    find,
    group="堵点", reengineering="U", reductions=("time",), measures=("M25", "M19"),
    parameters={
        "share": Parameter(0.05, 0.0, 1.0), "ratio": Parameter(2.0, 1.0, 20.0), "decided": Parameter(100, 30, 1e6),
        "p": Parameter(0.001, 1e-12, 0.05),
    },
)  # fmt: skip
