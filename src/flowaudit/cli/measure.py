"""``flowaudit measure``: steps, time, materials and trips of a log, each with its counting rule."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from flowaudit.catalogue import Catalogue
from flowaudit.cli.console import say, show_table
from flowaudit.cli.run import mapping_given, read_with_catalogue
from flowaudit.delivery import plain
from flowaudit.eventlog import EventLog, Unit, as_unit, source_rows
from flowaudit.messages import translate as _
from flowaudit.metrics import (
    Figure,
    FourReductions,
    NotRecorded,
    approval_levels,
    burden,
    exemptions,
    four_by,
    four_reductions,
    measure_problems,
    metric_label,
    read_tariffs,
    shown,
    statistic_name,
)
from flowaudit.worktime import load_calendar

SHOWN_PROBLEMS, SHOWN_NODES = 10, 10


@dataclass(frozen=True)
class Request:
    """What was asked for on the command line."""

    log: Path
    catalogue: Path | None = None
    mapping: Path | None = None
    sheet: str | None = None
    object_type: str | None = None
    unit: Unit | None = None
    policy: str | None = None
    by: str | None = None
    calendar: str | None = None
    tariffs: Path | None = None
    as_json: bool = False


def measure_log(asked: Request) -> None:
    """Read a log, count, and print the figures, what they rest on and what contradicts itself."""
    calendar = load_calendar(asked.calendar)
    prices = None if asked.tariffs is None else read_tariffs(asked.tariffs)
    given = mapping_given(asked.mapping, asked.sheet, asked.object_type)
    with source_rows() as rows:
        log, catalogue = read_with_catalogue(
            asked.log, given, asked.catalogue, sheet=asked.sheet, object_type=asked.object_type
        )
        problems = measure_problems(log, catalogue, calendar=calendar, rows=rows)
    seen = as_unit(log, asked.unit)
    four = four_reductions(seen, catalogue, unit=seen.unit, policy=asked.policy, calendar=calendar)
    levels = approval_levels(seen)
    papers = None if catalogue is None else exemptions(catalogue, seen)
    groups = None
    if asked.by is not None:
        groups = four_by(log, catalogue, by=asked.by, unit=asked.unit, policy=asked.policy, calendar=calendar)
    cost = None if prices is None else burden(seen, prices, catalogue=catalogue)
    if asked.as_json:
        content: dict[str, Any] = {"log": repr(seen), "unit": seen.unit, **four.to_dict()}
        content["levels"] = _listed(levels)
        if papers is not None:
            content["exemptions"] = _listed(papers)
        content["problems"] = plain(problems.to_dict("records"))
        if cost is not None:
            content["burden"] = cost.to_dict()
        if groups is not None:
            content["by"] = plain(_hidden(groups).to_dict("records"))
        say(json.dumps(plain(content), ensure_ascii=False, indent=1))
        return
    say(repr(seen))
    _show_figures(four)
    _show_guide(four)
    if isinstance(levels, pd.DataFrame) and len(levels):
        _show_levels(levels)
    if isinstance(papers, pd.DataFrame):
        _show_exemptions(papers)
    if groups is not None:
        _show_groups(groups)
    if cost is not None:
        say()
        say(_("Burden by the Standard Cost Model (yuan per application)"))
        say(cost.text())
    _show_problems(problems, log, catalogue)


def _listed(found: pd.DataFrame | NotRecorded) -> Any:
    if isinstance(found, NotRecorded):
        return found.to_dict()
    hidden = found.where(~found["suppressed"]) if "suppressed" in found else found
    named = [c for c in found.columns if c in ("department", "item_code", "canonical_id", "name", "n", "suppressed")]
    hidden = hidden.assign(**{c: found[c] for c in named})
    return plain(hidden.to_dict("records"))


def _hidden(groups: pd.DataFrame) -> pd.DataFrame:
    """Leave out the figures of groups that are too small to be shown."""
    figures = ["value", "low", "high", "p90"]
    return groups.assign(**{c: groups[c].where(~groups["suppressed"]) for c in figures})


def _show_figures(four: FourReductions) -> None:
    head = (
        _("Metric"),
        _("Value"),
        _("Unit"),
        _("95 % interval"),
        _("90th percentile"),
        _("Cases"),
        _("Not finished"),
        _("Withheld"),
    )
    rows = []
    for metric, found in four.primary.items():
        if isinstance(found, Figure):
            rows.append(_row(found))
        else:
            rows.append((metric_label(metric), _("not recorded"), "", "", "", "", "", ""))
    show_table(head, rows, right=(1, 4, 5, 6, 7))
    _say_rules(four.primary)
    nodes = four.steps.extra.get("unknown_nodes", ()) if isinstance(four.steps, Figure) else ()
    if nodes:
        more = "" if len(nodes) <= SHOWN_NODES else " …"
        say(
            _(
                "{n} activities have no stage and are not seen by policies A and B: {names}",
                n=len(nodes), names=", ".join(nodes[:SHOWN_NODES]) + more,
            )
        )  # fmt: skip


def _say_rules(figures: Mapping[str, Figure | NotRecorded]) -> None:
    say(_("Counting rules:"))
    for metric, found in figures.items():
        if isinstance(found, Figure):
            say(f"  {found.rule.text()}")
        else:
            say("  " + _("{metric}: {words}", metric=metric_label(metric), words=found.text()))


def _row(found: Figure) -> tuple[str, ...]:
    interval = "" if found.low is None else f"{shown(found.low)} – {shown(found.high)}"
    return (
        _("{name} ({statistic})", name=found.rule.name(), statistic=statistic_name(found.rule.statistic)), shown(found.value), found.unit, interval,
        shown(found.extra.get("p90")), f"{found.n:,}", f"{found.extra.get('open', 0):,}",
        f"{found.extra.get('withheld', 0):,}",
    )  # fmt: skip


def _show_guide(four: FourReductions) -> None:
    if not four.guide:
        return
    say()
    head = (_("By the service guides"), _("Value"), _("Unit"), _("Items"))
    rows = []
    for metric, found in four.guide.items():
        if isinstance(found, Figure):
            rows.append((found.rule.name(), shown(found.value), found.unit, f"{found.n:,}"))
        else:
            rows.append((metric_label(metric), _("not recorded"), "", ""))
    show_table(head, rows, right=(1, 3))
    _say_rules(four.guide)


def _show_levels(levels: pd.DataFrame) -> None:
    say()
    head = (_("Sign-off levels in"), _("Items"), _("median"), _("most"), _("at most 2"), _("at most 3"))
    rows = [
        (str(r["department"]), f"{r['n']:,}", "n < 10", "", "", "")
        if r["suppressed"]
        else (
            str(r["department"]), f"{r['n']:,}", shown(r["median"]), str(r["most"]),
            _share(r["two_share"], r["two_low"], r["two_high"]), _share(r["three_share"], r["three_low"], r["three_high"]),
        )
        for r in levels.to_dict("records")
    ]  # fmt: skip
    show_table(head, rows, right=(1, 2, 3, 4, 5))


def _share(share: float, low: float, high: float) -> str:
    return f"{share:.0%} ({low:.0%} – {high:.0%})"


def _show_exemptions(papers: pd.DataFrame) -> None:
    say()
    words = {
        "exempt": _("exempt already"),
        "should_be_exempt": _("covered by a rule, still handed in (to be checked)"),
        "to_be_collected": _("issued by the city, not yet retrievable"),
        "not_covered": _("covered by neither rule"),
        "unknown": _("the catalogue does not say who issues it"),
    }
    head = (_("Two rules of exemption (两个免于提交)"), _("Kinds"), _("Which"))
    rows = []
    for status, name in words.items():
        part = papers[papers["status"] == status]
        which = "、".join(dict.fromkeys(part["name"].astype(str)))
        rows.append((name, f"{len(part):,}", which))
    show_table(head, rows, right=(1,))


def _show_groups(groups: pd.DataFrame) -> None:
    say()
    name = str(groups.columns[0])
    metrics = [m for m in dict.fromkeys(groups["metric"]) if (groups.loc[groups["metric"] == m, "n"] > 0).any()]
    head = (name, _("Cases"), *(metric_label(m) for m in metrics))
    rows = []
    for label, part in groups.groupby(name, sort=False, dropna=False):
        cells = part.set_index("metric")
        row = ["—" if pd.isna(label) else str(label), f"{int(cells['cases'].iloc[0]):,}"]
        for metric in metrics:
            cell = cells.loc[metric]
            if not cell["n"]:
                row.append("—")
            elif cell["suppressed"]:
                row.append("n < 10")
            else:
                row.append(f"{shown(cell['value'])} ({shown(cell['low'])} – {shown(cell['high'])})")
        rows.append(tuple(row))
    show_table(head, rows, right=tuple(range(1, len(head))))
    say(_("Medians of finished cases with their 95 % intervals."))


def _show_problems(problems: pd.DataFrame, log: EventLog, catalogue: Catalogue | None) -> None:
    say()
    if problems.empty:
        say(_("nothing contradicts itself."))
        return
    head = (_("File"), _("Row"), _("Case or item"), _("Problem"), _("Withheld"))
    rows = [
        (
            _text(p["file"]) or log.provenance.source, _text(p["row"]), _text(p["case_id"]) or _text(p["item_code"]),
            _text(p["problem"]), _text(p["withheld"]),
        )
        for p in problems.head(SHOWN_PROBLEMS).to_dict("records")
    ]  # fmt: skip
    show_table(head, rows, right=(1,))
    if len(problems) > SHOWN_PROBLEMS:
        say(_("… and {n:,} more; --json lists them all.", n=len(problems) - SHOWN_PROBLEMS))


def _text(value: object) -> str:
    return "" if value is None or pd.isna(value) else str(value)  # type: ignore[call-overload]
