"""Run every rule over a log and rank what it finds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pandas as pd

from flowaudit.catalogue import Catalogue
from flowaudit.diagnosis.context import Context
from flowaudit.diagnosis.finding import Finding, Findings, NotCheckable
from flowaudit.diagnosis.rules import RULES
from flowaudit.eventlog import EventLog, Unit, as_unit
from flowaudit.flow import enabler_edges
from flowaudit.worktime import Calendar, load_calendar


def diagnose(
    log: EventLog,
    catalogue: Catalogue | None = None,
    *,
    unit: Unit | None = None,
    calendar: Calendar | None = None,
    min_cases: int = 30,
    progress: Callable[[int, int], None] | None = None,
) -> Findings:
    """Look for candidate problems: waste rules, and waiting (or handover time) on enabler edges.

    Parameters
    ----------
    log : EventLog
    catalogue : Catalogue, optional
        Prerequisites and names; without it some findings say that they could not be checked against it.
    unit : {"case", "bundle"}, optional
    calendar : Calendar, optional
    min_cases : int
        Fewer cases support no finding.
    progress : callable(done, total), optional

    Returns
    -------
    Findings
        Ranked by the working days they might save. A rule whose data is missing is in ``not_checkable``.
    """
    log = as_unit(log, unit)
    context = Context(log, catalogue, calendar or load_calendar("china"), min_cases)
    found: list[Finding] = []
    missing: list[NotCheckable] = []
    for number, rule in enumerate(RULES.values(), 1):
        outcome = rule.find(context)
        if isinstance(outcome, NotCheckable):
            missing.append(outcome)
        else:
            found.extend(outcome)
        if progress:
            progress(number, len(RULES))
    found.sort(key=lambda f: (-(f.time_lost_days_total or 0.0), f.id))
    waiting = enabler_edges(log, calendar=context.calendar, found=context.enablement)
    return Findings(tuple(_with_overlaps(found)), tuple(missing), waiting, log.unit)


def _with_overlaps(found: list[Finding]) -> list[Finding]:
    """Let findings about the same work name each other, so that nobody adds their savings."""
    return [
        replace(finding, details={**finding.details, "overlaps": [f.id for f in found if _overlap(finding, f)]})
        for finding in found
    ]


def _overlap(one: Finding, other: Finding) -> bool:
    """Say whether two findings share work, at the finest level at which both say where they were made."""
    for level in ("activities", "items", "departments"):
        a, b = one.scope.get(level), other.scope.get(level)
        if a and b:
            return one is not other and bool(set(a) & set(b))
    # One of them concerns the whole log.
    return one is not other


def explain(finding: Finding, log: EventLog, *, cases: int = 5) -> pd.DataFrame:
    """Return the events of a finding's first evidence cases, in their order.

    Returns
    -------
    pd.DataFrame
        ``case_id, activity, department, start, end`` as recorded; ``concerned`` marks what the finding is about.
    """
    log = as_unit(log) if finding.evidence and finding.evidence[0] not in log.case_ids else log
    frame = log.to_pandas([c for c in ("case_id", "activity", "department", "start", "end", "item_code") if log.has(c)])
    frame = frame[frame["case_id"].isin(finding.evidence[:cases])].reset_index(drop=True)
    concerned = pd.Series(True, index=frame.index)
    for level, column in (("activities", "activity"), ("departments", "department"), ("items", "item_code")):
        if finding.scope.get(level) and column in frame:
            concerned = frame[column].isin(finding.scope[level])
            break
    return frame.drop(columns="item_code", errors="ignore").assign(concerned=concerned)
