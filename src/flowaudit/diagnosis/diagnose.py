"""Run every rule over a log and rank what it finds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from flowaudit.catalogue import Catalogue
from flowaudit.diagnosis.context import Context
from flowaudit.diagnosis.finding import Finding, Findings, NotCheckable
from flowaudit.diagnosis.needs import missing
from flowaudit.diagnosis.rule import Rule
from flowaudit.diagnosis.rules import RULES
from flowaudit.errors import UsageError, nearest
from flowaudit.eventlog import EventLog, Unit, as_unit
from flowaudit.flow import enabler_edges
from flowaudit.messages import both
from flowaudit.messages import translate as _
from flowaudit.worktime import Calendar, OfficeHours, load_calendar


def diagnose(
    log: EventLog,
    catalogue: Catalogue | None = None,
    *,
    unit: Unit | None = None,
    calendar: Calendar | None = None,
    office: OfficeHours | None = None,
    min_cases: int = 30,
    only: Iterable[str] | None = None,
    thresholds: Mapping[str, Mapping[str, float]] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Findings:
    """Look for candidate problems: the waste rules W01-W25, and waiting (or handover time) on enabler edges.

    Parameters
    ----------
    log : EventLog
    catalogue : Catalogue, optional
        Items, materials, prerequisites and names; without it the rules that need them are not checkable.
    unit : {"case", "bundle"}, optional
    calendar : Calendar, optional
        Default: China's official one.
    office : OfficeHours, optional
        Default: 09:00-12:00 and 13:00-17:00.
    min_cases : int
        Fewer cases support no finding.
    only : iterable of str, optional
        Rules to look at ("W03", ...); default: all.
    thresholds : mapping, optional
        Thresholds of a rule in place of its defaults: ``{"W01": {"levels": 2}}``; see ``RULES["W01"].parameters``.
    progress : callable(done, total), optional

    Returns
    -------
    Findings
        Ranked by the working days they might save. A rule whose data is missing is in ``not_checkable``.

    Raises
    ------
    UsageError
        If there is no such rule or threshold.
    """
    rules = chosen(only)
    given = {_known(name): values for name, values in (thresholds or {}).items()}
    # also those of rules that are not asked: a slip is one all the same
    wanted = {name: rule.thresholds(given.get(name)) for name, rule in RULES.items() if name in rules or name in given}
    log = as_unit(log, unit)
    context = Context(log, catalogue, calendar or load_calendar("china"), min_cases, office or OfficeHours())
    found: list[Finding] = []
    unchecked: list[NotCheckable] = []
    for number, (name, rule) in enumerate(rules.items(), 1):
        outcome = _ask(rule, context, wanted[name])
        if isinstance(outcome, NotCheckable):
            unchecked.append(outcome)
        else:
            found.extend(outcome)
        if progress:
            progress(number, len(rules))
    found.sort(key=_rank)
    waiting = enabler_edges(log, calendar=context.calendar, found=context.enablement)
    return Findings(tuple(_with_overlaps(found, context)), tuple(unchecked), waiting, log.unit, _joint(found, context))


def _rank(finding: Finding) -> tuple[float, float, float, str]:
    """What may be saved, else what is lost, else how common it is."""
    lost = finding.time_lost_days_total or 0.0
    saving = lost if finding.saving_days_total is None else finding.saving_days_total
    return -saving, -lost, -finding.share, finding.id


def chosen(only: Iterable[str] | None = None) -> dict[str, Rule]:
    """Return the rules of these numbers in the order of the catalogue, all without a choice."""
    if only is None:
        return dict(RULES)
    names = {_known(name) for name in only}
    return {name: rule for name, rule in RULES.items() if name in names}


def _known(name: str) -> str:
    upper = name.strip().upper()
    if upper not in RULES:
        near = nearest(upper, RULES, n=1)
        raise UsageError(
            _("there is no rule '{name}'.", name=name),
            hint=_("did you mean '{near}'?", near=near[0])
            if near
            else _("choose one of: {names}", names=", ".join(RULES)),
        )
    return upper


def _ask(rule: Rule, context: Context, thresholds: Mapping[str, float]) -> list[Finding] | NotCheckable:
    lacking = missing(context, rule.needs)
    if lacking:
        reason = both("log and catalogue do not hold what this rule looks at")
        return NotCheckable(rule.id, *reason, lacking)
    if not len(context.log.events):
        return []
    return rule.find(context, thresholds)


def _joint(found: list[Finding], context: Context) -> float | None:
    """What all cases would have saved without any of the lost time, that of an event counted once."""
    claims = [context.claims[f.id] for f in found if f.id in context.claims]
    if not claims:
        return None
    most = np.zeros(len(context.log.events))
    for rows, days in claims:
        np.maximum.at(most, rows, days)
    rows = np.flatnonzero(most)
    return float(context.flow.saved(rows, most[rows]).sum())


def _with_overlaps(found: list[Finding], context: Context) -> list[Finding]:
    """Let findings about the same work name each other, so that nobody adds their savings.

    That is work on events whose time both claim; where one claims none, the same activity or material.
    """
    claimed = [context.claims[f.id][0] if f.id in context.claims else None for f in found]
    pairs = _sharing_rows(claimed)
    loose = [i for i, rows in enumerate(claimed) if rows is None]
    for level_of in loose:
        for other in range(len(found)):
            if other != level_of and _same_place(found[level_of], found[other]):
                pairs.add((min(level_of, other), max(level_of, other)))
    names: dict[int, list[str]] = defaultdict(list)
    for i, j in sorted(pairs):
        names[i].append(found[j].id)
        names[j].append(found[i].id)
    return [replace(f, overlaps=tuple(names[i])) for i, f in enumerate(found)]


def _sharing_rows(claimed: list[Any]) -> set[tuple[int, int]]:
    """Return the pairs of findings that claim a row in common."""
    known = [(i, np.unique(rows)) for i, rows in enumerate(claimed) if rows is not None and len(rows)]
    if not known:
        return set()
    owner = np.concatenate([np.full(len(rows), i) for i, rows in known])
    row = np.concatenate([rows for _i, rows in known])
    order = np.lexsort((owner, row))
    owner, row = owner[order], row[order]
    pairs: set[tuple[int, int]] = set()
    # Owners of one row stand side by side: neighbours at every distance at which rows still agree.
    for distance in range(1, len(known)):
        same = row[distance:] == row[:-distance]
        if not same.any():
            break
        found = np.unique(np.stack([owner[:-distance][same], owner[distance:][same]], axis=1), axis=0)
        pairs.update(map(tuple, found.tolist()))
    return pairs


def _same_place(one: Finding, other: Finding) -> bool:
    return any(
        not set(one.scope.get(level, ())).isdisjoint(other.scope.get(level, ()))
        for level in ("activities", "materials")
    )
