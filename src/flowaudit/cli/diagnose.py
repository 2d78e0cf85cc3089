"""``flowaudit diagnose``: candidate problems of a log, with where it waits and why; tables, JSON or a folder of files."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from flowaudit.cli.console import Stages, say, show_table
from flowaudit.cli.run import mapping_given, read_with_catalogue
from flowaudit.delivery import plain, write_diagnosis
from flowaudit.diagnosis import (
    CAUSES,
    RULES,
    Findings,
    Waiting,
    bottlenecks,
    cause_name,
    chosen,
    diagnose,
    waiting_causes,
)
from flowaudit.errors import UsageError
from flowaudit.eventlog import Unit, as_unit
from flowaudit.flow import estimate_starts
from flowaudit.messages import current_language
from flowaudit.messages import translate as _
from flowaudit.metrics import shown
from flowaudit.worktime import load_calendar

SHOWN = 20
SMALL = 10


@dataclass(frozen=True)
class Request:
    """What was asked for on the command line."""

    log: Path
    catalogue: Path | None = None
    mapping: Path | None = None
    sheet: str | None = None
    object_type: str | None = None
    unit: Unit | None = None
    calendar: str | None = None
    only: tuple[str, ...] | None = None
    estimate: bool = False
    as_json: bool = False
    out: Path | None = None
    thresholds: tuple[str, ...] = ()


def diagnose_log(asked: Request) -> None:
    """Read a log, look for problems and print what was found; write it all into a folder if one is given."""
    calendar = load_calendar(asked.calendar)
    # Unknown rules and thresholds are refused before anything is read.
    wanted = _thresholds(asked.thresholds)
    for name, rule in chosen(asked.only or wanted).items():
        rule.thresholds(wanted.get(name))
    given = mapping_given(asked.mapping, asked.sheet, asked.object_type)
    log, catalogue = read_with_catalogue(
        asked.log, given, asked.catalogue, sheet=asked.sheet, object_type=asked.object_type
    )
    seen = as_unit(log, asked.unit)
    if asked.estimate:
        seen = estimate_starts(seen, calendar=calendar)
    names = {"rules": _("looking for problems"), "waiting": _("splitting the waiting"), "write": _("writing the files")}
    with Stages(names) as tell:
        found = diagnose(
            seen, catalogue, unit=seen.unit, calendar=calendar, only=asked.only, thresholds=wanted,
            progress=lambda done, total: tell("rules", done, total),
        )  # fmt: skip
        tell("waiting")
        waiting = waiting_causes(seen, unit=seen.unit, calendar=calendar)
        ranking = bottlenecks(seen, unit=seen.unit, calendar=calendar)
        files: tuple[str, ...] = ()
        if asked.out is not None:
            tell("write")
            items = {} if catalogue is None else {code: catalogue.item_name(code) for code in catalogue.item_codes}
            files = write_diagnosis(asked.out, seen, found, waiting, ranking, names=items)
    if asked.as_json:
        content: dict[str, Any] = {"log": repr(seen), **found.to_dict()}
        content["waiting"] = {"kind": waiting.kind, "causes": waiting.total().reset_index().to_dict("records")}
        content["bottlenecks"] = ranking.to_dict("records")
        say(json.dumps(plain(content), ensure_ascii=False, indent=1))
        return
    say(repr(seen))
    _show_findings(found)
    if asked.only is None or "W10" in {name.strip().upper() for name in asked.only}:
        _show_waiting(waiting)
        _show_bottlenecks(ranking, waiting)
    _show_unchecked(found)
    for name in files:
        say(str(asked.out / name) if asked.out else name)


def _thresholds(words: tuple[str, ...]) -> dict[str, dict[str, float]]:
    """Read "W01.levels=2" and the like."""
    wanted: dict[str, dict[str, float]] = {}
    for word in words:
        found = re.fullmatch(r"\s*([Ww]\d\d)\.(\w+)\s*=\s*(-?\d+(?:\.\d+)?)\s*", word)
        if found is None:
            raise UsageError(_("'{word}' is no threshold.", word=word), hint="--threshold W01.levels=2")
        wanted.setdefault(found[1].upper(), {})[found[2]] = float(found[3])
    chosen(wanted)
    return wanted


def _show_findings(found: Findings) -> None:
    lang = current_language()
    say()
    if not len(found):
        say(_("The rules that could be checked found nothing above their thresholds."))
        return
    head = (
        _("Rule"),
        _("Finding (to be checked)"),
        _("Cases"),
        _("Lost working days (total)"),
        _("At most saved"),
        _("Measures"),
    )
    rows = [
        (
            f.rule, f.statement(lang), _few(f.cases), shown(f.time_lost_days_total), shown(f.saving_days_total),
            " ".join(f.measures),
        )
        for f in list(found)[:SHOWN]
    ]  # fmt: skip
    show_table(head, rows, right=(2, 3, 4))
    if len(found) > SHOWN:
        say(_("… and {n:,} more; --json lists them all.", n=len(found) - SHOWN))
    if found.joint_saving_days is not None:
        say(
            _(
                "All of it together: at most {days:,.0f} working days over all cases (what overlaps counted once).",
                days=found.joint_saving_days,
            )
        )


def _few(cases: int) -> str:
    return "n < 10" if cases < SMALL else f"{cases:,}"


def _show_waiting(waiting: Waiting) -> None:
    say()
    head = (_("Cause of waiting"), _("Hours"), _("Share"), _("Office hours"), _("Share"))
    total = waiting.total()[["hours", "share", "working_hours", "working_share"]].to_numpy(float)
    rows = [
        (cause_name(cause), f"{hours:,.0f}", _percent(share), f"{office:,.0f}", _percent(office_share))
        for cause, (hours, share, office, office_share) in zip(CAUSES, total.tolist(), strict=True)
    ]
    show_table(head, rows, right=(1, 2, 3, 4))
    say(waiting.note())


def _percent(share: Any) -> str:
    return "" if pd.isna(share) else f"{share:.1%}"


def _show_bottlenecks(ranking: pd.DataFrame, waiting: Waiting) -> None:
    if ranking.empty:
        return
    say()
    head = (_("Bottleneck"), _("Cases"), _("Waiting, days in all"), _("At most saved"), _("Mostly"))
    rows = [
        (
            str(r["activity"]), _few(int(r["cases"])), f"{r['waiting_days']:,.0f}", f"{r['saving_days']:,.0f}",
            "" if waiting.kind == "handover" else f"{cause_name(str(r['main_cause']))} {_percent(r['share'])}",
        )
        for r in ranking.head(10).to_dict("records")
    ]  # fmt: skip
    show_table(head, rows, right=(1, 2, 3))


def _show_unchecked(found: Findings) -> None:
    if not found.not_checkable:
        return
    lang = current_language()
    say()
    head = (_("Not checkable"), "", _("Data needed"))
    show_table(head, [(n.rule, RULES[n.rule].name(lang), ", ".join(n.needs)) for n in found.not_checkable])
