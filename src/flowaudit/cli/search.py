"""``flowaudit search``: which of the candidate measures, for what budget, and what each portfolio comes to."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flowaudit.catalogue import Catalogue
from flowaudit.cli.console import Stages, say, show_table
from flowaudit.cli.files import write_json, write_table
from flowaudit.cli.run import mapping_given, read_with_catalogue
from flowaudit.delivery import Place, plain
from flowaudit.diagnosis import diagnose
from flowaudit.errors import UsageError
from flowaudit.eventlog import EventLog, Unit
from flowaudit.messages import current_language
from flowaudit.messages import translate as _
from flowaudit.metrics import metric_label
from flowaudit.planning import Recommendation, Search, recommend, role_name, search
from flowaudit.process import Process, fit_process
from flowaudit.redesign import Candidates, suggest
from flowaudit.simulation import fidelity
from flowaudit.targets import Target, read_targets, status_name
from flowaudit.views import draw
from flowaudit.worktime import Calendar, load_calendar

JOURNAL = "search.jsonl"
FILES = ("front.csv", "front.png", "front.svg", "search.json")
SHOWN = 12


@dataclass(frozen=True)
class Request:
    """What was asked for on the command line."""

    log: Path
    candidates: Path | None = None
    budget: float | None = None
    targets: Path | None = None
    catalogue: Path | None = None
    mapping: Path | None = None
    sheet: str | None = None
    object_type: str | None = None
    unit: Unit | None = None
    calendar: str | None = None
    policy: str | None = None
    replications: int | None = None
    workers: int | None = None
    seed: int = 7
    as_json: bool = False
    out: Path | None = None


@dataclass(frozen=True)
class _Result:
    found: Search
    recommended: tuple[Recommendation, ...]
    suggested: bool


def search_log(asked: Request) -> None:
    """Fit a process to a log, search the candidates, and print and write what was found."""
    calendar = load_calendar(asked.calendar or "china")
    given = Candidates.load(asked.candidates) if asked.candidates else None
    targets = read_targets(asked.targets) if asked.targets else ()
    if asked.out is not None:
        Place(asked.out).require((*FILES, JOURNAL))
    names = {
        "read": _("reading the log"), "fit": _("fitting the process"), "suggest": _("choosing candidates"),
        "fidelity": _("comparing with the log"), "tried": _("trying every portfolio"), "round 2": _("simulating the contenders"),
        "round 3": _("simulating the contenders longer"), "round 4": _("simulating the contenders longest"),
        "full": _("simulating the recommended ones in full"), "write": _("writing the files"),
    }  # fmt: skip
    with Stages(names) as tell:
        tell("read")
        log, catalogue = read_with_catalogue(
            asked.log, mapping_given(asked.mapping, asked.sheet, asked.object_type), asked.catalogue, sheet=asked.sheet,
            object_type=asked.object_type,
        )  # fmt: skip
        tell("fit")
        process = fit_process(log, catalogue, unit=asked.unit, calendar=calendar)
        tell("suggest")
        candidates = given or _suggested(log, catalogue, process, asked.unit, calendar)
        result = _searched(asked, log, catalogue, process, candidates, targets, calendar, tell, given is None)
        files: tuple[str, ...] = ()
        if asked.out is not None:
            tell("write")
            files = _write(asked.out, result)
    if asked.as_json:
        say(json.dumps(plain(_content(result)), ensure_ascii=False, indent=1))
        return
    _report(result)
    for name in files:
        say(str(asked.out / name) if asked.out else name)


def _suggested(
    log: EventLog, catalogue: Catalogue | None, process: Process, unit: Unit | None, calendar: Calendar
) -> Candidates:
    suggestions, _refused = suggest(diagnose(log, catalogue, unit=unit, calendar=calendar), process)
    if not suggestions:
        raise UsageError(
            _("the findings suggest no measure for this log."), hint=_("write a candidates file and give it with --candidates.")
        )  # fmt: skip
    return Candidates.of(_("suggested by flowaudit"), (s.measure for s in suggestions))


def _searched(
    asked: Request, log: EventLog, catalogue: Catalogue | None, process: Process, candidates: Candidates,
    targets: tuple[Target, ...], calendar: Calendar, tell: Stages, suggested: bool,
) -> _Result:  # fmt: skip
    journal = None
    if asked.out is not None:
        asked.out.mkdir(parents=True, exist_ok=True)
        journal = asked.out / JOURNAL
    tell("fidelity")
    trust = fidelity(process, log, catalogue, unit=asked.unit, calendar=calendar, seed=asked.seed)
    found = search(
        process, candidates, budget_yuan=asked.budget, seed=asked.seed, policy=asked.policy, calendar=calendar,
        workers=asked.workers, journal=journal, progress=tell,
    )  # fmt: skip
    recommended = recommend(
        found, process, targets=targets, replications=asked.replications or 30, catalogue=catalogue, fidelity=trust,
        progress=lambda done, total: tell("full", done, total),
    )  # fmt: skip
    return _Result(found, recommended, suggested)


def _report(result: _Result) -> None:
    lang, found = current_language(), result.found
    for k, candidate in enumerate(found.candidates, 1):
        say(f"{k}  {candidate.label(lang)}" + (f"  [{candidate.key}]" if candidate.key != str(k) else ""))
    say()
    say(found.rule(lang))
    if found.recalled:
        say(_("{n:,} simulations were taken from an earlier run.", n=found.recalled))
    if found.refused:
        say(_("{n:,} portfolios hold a measure that does not apply after those before it.", n=len(found.refused)))
    if not found.settled:
        say(_("Not all savings are known to within half the zone: see their intervals."))
    say()
    metrics = found.rules.metrics
    head = [_("Portfolio"), *(metric_label(m) for m in metrics), _("Cost (yuan)"), _("Risk points")]
    rows = [["-", *(f"{found.base.means[m]:.1f}" for m in metrics), "", ""]]
    for point in [p for p in found.front if p.portfolio][:SHOWN]:
        keys = "+".join(found.candidates[k].key for k in point.portfolio)
        cost = "—" if point.cost_yuan is None else f"{point.cost_yuan:,.0f}"
        risk = "—" if point.risk is None else f"{point.risk:g}"
        rows.append([keys, *(f"{point.means[m]:.1f}" for m in metrics), cost, risk])
    show_table(head, rows, right=tuple(range(1, len(head))))
    for recommended in result.recommended:
        say()
        for sentence in recommended.sentences(lang):
            say(sentence)
        for target in recommended.verdict.targets:
            reason = f" ({target.reason()})" if target.reason() else ""
            say(f"  {target.label()}: {status_name(target.status)}{reason}")
        for zh, en in recommended.verdict.notes:
            say("  " + (zh if lang == "zh" else en))
    if not result.recommended:
        say(_("No portfolio is better than the office as it is."))


def _content(result: _Result) -> dict[str, Any]:
    found, lang = result.found, current_language()
    return {
        "schema": "flowaudit.search/1",
        "candidates": [
            {
                "key": c.key, "id": c.measure.id, "label": c.label(lang), "parameters": c.measure.model_dump(mode="json"),
                "owner": c.entry.owner, "cost_yuan": c.cost_yuan, "risk": c.risk,
            }
            for c in found.candidates
        ],
        "suggested": result.suggested,
        "budget_yuan": found.budget_yuan,
        "seed": found.rules.seed,
        "zone": dict(found.zone),
        "rule": found.rule(lang),
        "fitting": found.fitting,
        "exhaustive": found.exhaustive,
        "settled": found.settled,
        "refused": len(found.refused),
        "as_is": dict(found.base.means),
        "front": found.table().to_dict("records"),
        "recommended": [r.to_dict(lang) for r in result.recommended],
    }  # fmt: skip


def _write(out: Path, result: _Result) -> tuple[str, ...]:
    """Write tables, picture and the recommended scenarios: all files, or none."""
    picture = draw(result.found)
    writers: dict[str, Callable[[Path], object]] = {
        "front.csv": lambda path: write_table(result.found.table(), path),
        "front.png": picture.save,
        "front.svg": picture.save,
        "search.json": lambda path: write_json(_content(result), path),
    }
    for recommended in result.recommended:
        role = recommended.roles[0]
        named = recommended.scenario
        writers[f"scenario_{role}.toml"] = type(named)(role_name(role), named.entries).save
    names = tuple(writers)
    place = Place(out)
    with place.staging() as staged:
        for name in names:
            writers[name](staged / name)
        old = [p.name for p in out.glob("scenario_*.toml") if p.name not in names]
        place.fill(staged, names, drop=old)
    return names
