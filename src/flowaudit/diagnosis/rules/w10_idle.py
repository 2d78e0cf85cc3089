"""W10 空转等待: where cases lie still, and what the pattern of the waiting suggests."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from flowaudit.diagnosis.context import Context, Texts
from flowaudit.diagnosis.finding import Finding, NotCheckable
from flowaudit.diagnosis.rule import Parameter, Rule, Thresholds
from flowaudit.diagnosis.waiting import CAUSES, cause_name
from flowaudit.messages import Language, both
from flowaudit.messages import translate as _

MOST = 5
SHOWN = 0.05
"""Working days below which one decimal shows nothing."""
DATES_ONLY, MANY = 2.0, 0.4
"""Working days that a tenth of the cases must wait where so many stamps have no time of day."""
WEEKS = 8
SHARED_ACCOUNT = 0.5
NAMED = 0.05
"""Causes below this share of the waiting are not named."""
Ints = npt.NDArray[np.int64]

ANSWERS = {
    "applicant": ("M09",), "batching": ("M24",), "contention": ("M19", "M03"), "prioritisation": ("M19", "M03"),
    "unavailability": ("M03", "M19"), "extraneous": ("M01",), "not_identifiable": ("M01",),
}  # fmt: skip
"""Measures by the cause of most of the waiting."""


def name(lang: Language | None = None) -> str:
    return _("idle waiting", lang=lang)


def definition(lang: Language | None = None) -> str:
    return _(
        "The at most 5 activities of offices before which cases lie longest in total, each with at least 5 % of all waiting "
        "(less in logs of more than 100 activities) and (with start times) waiting more than half of waiting plus work, and at "
        "least a tenth of the cases waiting half a working day (two where stamps are dates only). What lies with the applicant is left out. Patterns named: at least 60 % of the ends on "
        "one weekday (batches), one officer doing at least 95 %; with start times the shares of the causes. Without start times it is handover time, work included.",
        lang=lang,
    )


def find(context: Context, t: Thresholds) -> list[Finding] | NotCheckable:
    activity, names = context.column("activity")
    enabled = (context.enablement.enabler >= 0) & ~context.applicant
    total = float(context.idle_days[enabled].sum())
    if total <= 0:
        return []
    waits = np.bincount(activity[enabled], weights=context.idle_days[enabled], minlength=len(names))
    works = np.bincount(activity[enabled], weights=context.work_days[enabled], minlength=len(names))
    # With hundreds of activities no single one holds 5 %: five times the even share will do, but never below 1 %.
    least = max(0.01, min(t["share_of_total"], 5.0 / max(len(np.unique(activity)), 1)))
    # Dates without a time of day make a day of every hour that goes over midnight.
    least_wait = max(t["tenth_waits"], DATES_ONLY) if context.dates_only >= MANY else t["tenth_waits"]
    found = []
    for code in np.argsort(-waits, kind="stable")[:MOST]:
        share = waits[code] / max(waits[code] + works[code], 1e-9)
        rows = np.flatnonzero(enabled & (activity == code))
        cases, lost = context.by_case(rows, context.idle_days[rows])
        if waits[code] < least * total or len(cases) < context.min_cases:
            continue
        if np.quantile(lost, 0.9) < least_wait:
            continue  # a few cases that lay for months are no pattern of the step
        if context.time_kind != "handover" and share < t["wait_share"]:
            continue
        found.append(_finding(context, t, str(names[code]), rows, cases, lost, waits[code] / total, float(share)))
    return found


def _finding(
    context: Context,
    t: Thresholds,
    label: str,
    rows: Ints,
    cases: Ints,
    lost: npt.NDArray[np.float64],
    of_total: float,
    wait_share: float,
) -> Finding:
    pattern, details, words = _pattern(context, t, rows)
    causes = _causes(context, rows)
    values: dict[str, Any] = {
        "activity": label, "days": float(np.median(lost)), "p90": float(np.quantile(lost, 0.9)), "share": of_total,
        "wait_share": np.floor(wait_share * 100) / 100,  # 99.6 % is not all of it
    }  # fmt: skip
    # A median below what one decimal shows would read "0.0 days", as if nobody waited.
    few_wait = values["days"] < SHOWN
    if context.time_kind != "handover":
        title = both("long waiting before a step")
        statement = (
            both(
                "Most cases go on to “{activity}” without delay, but the slowest tenth wait at least {p90:.1f} working days; {share:.0%} of "
                "all waiting lies here; {wait_share:.0%} of the step's time is waiting; to be checked.",
                **values,
            )
            if few_wait
            else both(
                "Before “{activity}” cases wait {days:.1f} working days (median; 90th percentile {p90:.1f}), {share:.0%} of all "
                "waiting; {wait_share:.0%} of its time is waiting; to be checked.",
                **values,
            )
        )
        caveat = both(
            "Who causes the waiting cannot be read off the log alone: queue, absence, another authority, or a period the law prescribes."
        )
    else:
        title = both("long handover time from step to step")
        statement = (
            both(
                "Most cases get from the end of the step before to the end of “{activity}” at once, but the slowest tenth take at least "
                "{p90:.1f} working days; {share:.0%} of all handover time lies here; to be checked.",
                **values,
            )
            if few_wait
            else both(
                "From the end of the step before to the end of “{activity}” cases take {days:.1f} working days (median; 90th "
                "percentile {p90:.1f}), {share:.0%} of all handover time; to be checked.",
                **values,
            )
        )
        caveat = both(
            "The log has end times only: this is handover time, work included, not waiting. A period the law prescribes looks the same."
        )
    return context.finding(
        RULE,
        label,
        title=title,
        statement=_joined(statement, words, _told(causes)),
        caveat=caveat,
        scope={
            "activities": [label],
            "departments": context.labels_of("department", rows),
            "items": context.labels_of("item_code", rows),
        },
        cases=cases[lost > 0],
        population=context.log.n_cases,
        thresholds=t,
        rows=rows,
        row_days=context.idle_days[rows],
        confidence="medium" if context.time_kind == "waiting" else "low",
        measures=_measures(context, pattern, causes, rows),
        details={"pattern": pattern, "share_of_total": of_total, "wait_share": wait_share, "causes": causes, **details},
    )


def _measures(context: Context, pattern: str, causes: dict[str, float], rows: Ints) -> tuple[str, ...]:
    """What may help: by the pattern, else by the cause of most of the waiting."""
    if pattern in ("batching", "automatic"):
        return ("M24",)
    if not causes:
        return ("M19", "M01")
    main = max(causes, key=causes.__getitem__)
    if main == "extraneous" and context.among("stage", "consult_dept")[rows].any():
        return ("M20", "M01")  # only the answer of another department can be taken as given
    return ANSWERS[main]


def _joined(*texts: Texts) -> Texts:
    return "".join(text[0] for text in texts), " ".join(text[1] for text in texts if text[1])


def _causes(context: Context, rows: Ints) -> dict[str, float]:
    """Shares of the causes of the waiting that is the office's; nothing where there are only end times."""
    if context.time_kind == "handover":
        return {}
    parts = context.waiting.working_parts[rows].sum(axis=0, dtype=np.float64)
    known = {cause: parts[k] for k, cause in enumerate(CAUSES) if cause != "applicant"}
    total = sum(known.values())
    return {cause: float(hours / total) for cause, hours in known.items()} if total > 0 else {}


def _told(causes: dict[str, float]) -> Texts:
    """The causes by weight, as a sentence."""
    shown = sorted((c for c in causes if causes[c] >= NAMED), key=lambda c: -causes[c])
    if not shown:
        return "", ""
    texts = []
    languages: tuple[Language, ...] = ("zh", "en")
    for lang in languages:
        parts = _(", ", lang=lang).join(f"{cause_name(c, lang)} {causes[c]:.0%}" for c in shown)
        texts.append(_("Of this waiting: {parts}.", lang=lang, parts=parts))
    return texts[0], texts[1]


def _pattern(context: Context, t: Thresholds, rows: Ints) -> tuple[str, dict[str, Any], tuple[str, str]]:
    """What the stamps and officers of the waiting instances suggest, in words."""
    days = context.end[rows].astype("datetime64[D]").astype(np.int64)
    weekday = (days + 3) % 7
    counts = np.bincount(weekday, minlength=7)
    weeks = len(np.unique((days + 3) // 7))
    top = int(counts.argmax())
    if counts[top] >= t["one_weekday"] * len(rows) and weeks >= WEEKS:
        zh = "周" + "一二三四五六日"[top]
        en = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")[top]
        share = counts[top] / len(rows)
        words = (
            _("{share:.0%} of the ends lie on {weekday}, which suggests batches.", lang="zh", share=share, weekday=zh),
            _("{share:.0%} of the ends lie on {weekday}, which suggests batches.", lang="en", share=share, weekday=en),
        )
        return "batching", {"weekday": top, "weekday_share": float(share)}, words
    if context.automatic[rows].mean() >= t["alone"]:
        return "automatic", {}, both("The step is automatic: its schedule decides, not a person.")
    officers, _names = context.column("resource")
    known = officers[rows][officers[rows] >= 0]
    everyone = officers[officers >= 0]
    alone = np.bincount(known).max() >= t["alone"] * len(known) if len(known) >= context.min_cases else False
    # An account that does half of everything is a shared account, not a person.
    if alone and (everyone == np.bincount(known).argmax()).mean() < SHARED_ACCOUNT:
        return "one_officer", {"officers": 1}, both("Nearly all of it is done by one officer.")
    return "queue_or_delay", {}, ("", "")


RULE = Rule(
    "W10", name, definition, ("end",), find,
    group="堵点", reengineering="U", reductions=("time",), measures=("M24", "M19", "M01"),
    parameters={
        "share_of_total": Parameter(0.05, 0.0, 1.0), "wait_share": Parameter(0.5, 0.0, 1.0),
        "tenth_waits": Parameter(0.5, 0.0, 1000.0), "one_weekday": Parameter(0.60, 0.2, 1.0), "alone": Parameter(0.95, 0.5, 1.0),
    },
)  # fmt: skip
