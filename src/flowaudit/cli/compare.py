"""``flowaudit compare``: what a reform has changed, from a log of before and one of after it went live."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from flowaudit.catalogue import Catalogue, read_catalogue
from flowaudit.cli.console import Stages, say, show_table
from flowaudit.cli.files import write_json, write_table
from flowaudit.cli.run import mapping_given
from flowaudit.delivery import Place, plain
from flowaudit.documents import write_book
from flowaudit.errors import UsageError
from flowaudit.eventlog import EventLog, Unit, read_log
from flowaudit.messages import current_language
from flowaudit.messages import translate as _
from flowaudit.metrics import Mix, NotRecorded, metric_label, shown, statistic_name
from flowaudit.targets import (
    Effects,
    Interrupted,
    KeptPromises,
    Learning,
    Ratings,
    Target,
    compare,
    effect_frames,
    effect_tables,
    kind_name,
    property_label,
    read_targets,
    reason_name,
    signed,
    status_name,
)
from flowaudit.views import compare_chart
from flowaudit.worktime import load_calendar

TABLES = ("effects", "groups", "strata", "mix", "series", "promises", "ratings", "left_out")
FILES = (*(f"{name}.csv" for name in TABLES), "effects.xlsx", "effects.svg", "effects.png", "effects.json")
"""What may be written, in the order in which it is moved into its place."""

SHOWN = 30


@dataclass(frozen=True)
class Request:
    """What was asked for on the command line."""

    before: Path
    after: Path
    catalogue_before: Path | None = None
    catalogue_after: Path | None = None
    mapping: Path | None = None
    mapping_after: Path | None = None
    sheet: str | None = None
    object_type: str | None = None
    unit: Unit | None = None
    policy: str | None = None
    by: tuple[str, ...] | None = None
    strata: tuple[str, ...] | None = None
    mix: Mix = "before"
    statistic: Literal["median", "mean"] = "median"
    calendar: str | None = None
    go_live: str | None = None
    follow_up: int | None = None
    promised: Path | None = None
    seed: int = 0
    as_json: bool = False
    out: Path | None = None


def compare_logs(asked: Request) -> None:
    """Read both logs, compare, and print what was found; write it all into a folder if one is given."""
    calendar = load_calendar(asked.calendar)
    targets: tuple[Target, ...] = () if asked.promised is None else read_targets(asked.promised)
    if asked.out is not None:
        place = Place(asked.out)
        if place.folder.resolve() in (asked.before.resolve(), asked.after.resolve()):
            raise UsageError(
                _("the documents would be written among the tables of the log, in {folder}.", folder=place.folder),
                hint=_("choose another folder with --out."),
            )
        place.require(FILES)
    names = {
        "before": _("reading the log before"),
        "after": _("reading the log after"),
        "compare": _("comparing"),
        "write": _("writing the files"),
    }
    with Stages(names) as tell:
        tell("before")
        before, old = _read(asked, asked.before, asked.mapping, asked.catalogue_before)
        tell("after")
        after, new = _read(asked, asked.after, asked.mapping_after or asked.mapping, asked.catalogue_after)
        tell("compare")
        found = compare(
            before, after, old, new, by=asked.by, strata=asked.strata, mix=asked.mix, statistic=asked.statistic,
            policy=asked.policy, unit=asked.unit, calendar=calendar, follow_up=asked.follow_up, promised=targets,
            go_live=asked.go_live, seed=asked.seed,
        )  # fmt: skip
        files: tuple[str, ...] = ()
        if asked.out is not None:
            tell("write")
            files = _write(asked.out, found)
    if asked.as_json:
        say(json.dumps(plain(found.to_dict()), ensure_ascii=False, indent=1))
        return
    _report(found)
    for name in files:
        say(str(asked.out / name) if asked.out else name)


def _read(
    asked: Request, path: Path, mapping: Path | None, catalogue: Path | None
) -> tuple[EventLog, Catalogue | None]:
    """Read one log, and the catalogue given or lying in its folder."""
    given = mapping_given(mapping, asked.sheet, asked.object_type)
    log = read_log(path, given, sheet=asked.sheet, object_type=asked.object_type)
    folder = catalogue or (path / "catalogue" if (path / "catalogue").is_dir() else None)
    return log, None if folder is None else read_catalogue(folder)


def _report(found: Effects) -> None:
    lang = current_language()
    (a, b), (c, d) = found.periods
    say(
        _("Before: {n:,} cases that arrived {a} to {b}; after: {m:,} cases, {c} to {d}; go-live {day}.", n=found.cases[0], m=found.cases[1],
          a=f"{a:%Y-%m-%d}", b=f"{b:%Y-%m-%d}", c=f"{c:%Y-%m-%d}", d=f"{d:%Y-%m-%d}", day=f"{found.go_live:%Y-%m-%d}")
    )  # fmt: skip
    _show_headlines(found)
    for line in found.follow_up.text(lang).split("\n"):
        say(line)
    say(_("Counting rules:"))
    for rule in dict.fromkeys(e.after.rule.text(lang) for e in found.headlines):
        say(f"  {rule}")
    for name, group in found.groups.items():
        if isinstance(group, pd.DataFrame):
            _show_group(name, group)
    for series in found.series.values():
        if isinstance(series, Interrupted):
            say(series.text(lang))
    for part in (found.learning, found.ratings, found.kept_promises):
        if isinstance(part, Learning | Ratings | KeptPromises):
            say(part.text(lang))
    _show_promises(found)
    _show_left_out(found)
    for note in (*found.unsaid(lang), *found.said(lang)):
        say(_("Note: {note}", note=note))


def _show_headlines(found: Effects) -> None:
    """Print one row for each metric and statistic: most carefully compared, with the rate as it stands beside it."""
    lang = current_language()
    head = (
        _("Metric"), _("Unit"), _("Before → after"), _("Difference"), _("95 % interval"), _("Rate of reduction"),
        _("95 % interval of the rate"), _("Rate as it stands"),
    )  # fmt: skip
    rows = []
    for metric in found.metrics:
        for statistic in ("median", "mean"):
            e, crude = found.estimate(metric, statistic=statistic), found.estimate(metric, "crude", statistic)
            if e is None:
                continue
            name = _("{name} ({statistic})", name=metric_label(metric), statistic=statistic_name(statistic))
            rows.append(
                (name, e.after.rule.unit(lang), f"{shown(e.before.value)} → {shown(e.after.value)}", signed(e.difference),
                 f"{signed(e.low)} … {signed(e.high)}", _percent(e.rate), _rates(e.rate_low, e.rate_high),
                 _percent(None if crude is None else crude.rate))
            )  # fmt: skip
    show_table(head, rows, right=range(2, len(head)))
    kinds = dict.fromkeys(kind_name(e.kind, lang) for e in found.headlines)
    say(_("Compared how: {kinds}.", kinds=", ".join(kinds)))


def _percent(value: float | None) -> str:
    return "—" if value is None else f"{value:.1%}"


def _rates(low: float | None, high: float | None) -> str:
    return "—" if low is None or high is None else f"{low:.1%} … {high:.1%}"


def _show_group(name: str, group: pd.DataFrame) -> None:
    """Print one table by a property, and how many comparisons it is."""
    say()
    metrics = [*dict.fromkeys(group["metric"])]
    head = (property_label(name), *(metric_label(m) for m in metrics))
    rows = []
    for value, part in group.groupby(name, sort=False):
        cells = {str(r["metric"]): r for r in part.to_dict("records")}
        label = f"{value} {part['name'].iloc[0]}" if "name" in part else str(value)
        rows.append((label, *(_cell(cells[m]) for m in metrics)))
    show_table(head, rows[:SHOWN], right=range(1, len(head)))
    if len(rows) > SHOWN:
        say(_("… and {n:,} more; --json lists them all.", n=len(rows) - SHOWN))
    n = int(group["p"].notna().sum())
    say(_("{n} comparisons, of which some 5 % would seem to be changes where there are none; * holds for all of them together (Holm, p < 0.05).", n=n))  # fmt: skip


def _cell(row: Mapping[Any, Any]) -> str:
    if not row["n_before"] or not row["n_after"]:
        return "—"
    if row["suppressed"]:
        return "n < 10"
    if pd.isna(row["before"]):
        return "—"
    rate = "" if pd.isna(row["rate"]) else f" ({-row['rate']:+.0%})".replace("-0%", "0%").replace("+0%", "0%")
    return f"{shown(row['before'])} → {shown(row['after'])}{rate}{'*' if row['p_holm'] < 0.05 else ''}"


def _show_promises(found: Effects) -> None:
    for p in found.promises:
        reason = f" ({p.reason()})" if p.reason() else ""
        say(f"{p.label()}: {status_name(p.status)}{reason}")
    for metric, guide in found.guides.items():
        if not isinstance(guide, NotRecorded):
            say(_("By the service guides, {metric}: {words}", metric=metric_label(metric), words=f"{shown(guide.before.value)} → {shown(guide.after.value)} {guide.after.unit}"))  # fmt: skip


def _show_left_out(found: Effects) -> None:
    if found.left_out.empty:
        return
    say()
    head = (_("Left out of the headline figures"), _("Before reform"), _("After reform"))
    rows = [(reason_name(str(r["reason"])), f"{r['before']:,}", f"{r['after']:,}") for r in found.left_out.to_dict("records")]  # fmt: skip
    show_table(head, rows, right=(1, 2))


def _write(out: Path, found: Effects) -> tuple[str, ...]:
    """Write everything into a folder: all files, or none."""
    lang = current_language()
    chart = compare_chart(found, lang=lang)
    writers: dict[str, Callable[[Path], object]] = {
        f"{name}.csv": partial(write_table, table) for name, table in effect_frames(found).items()
    }
    writers |= {
        "effects.xlsx": lambda path: write_book(effect_tables(found, lang), path, lang=lang),
        "effects.svg": chart.save,
        "effects.png": chart.save,
        "effects.json": lambda path: write_json(found.to_dict(), path),
    }
    files = tuple(name for name in FILES if name in writers)
    place = Place(out)
    with place.staging() as staged:
        for name in files:
            writers[name](staged / name)
        place.fill(staged, files, drop=[name for name in FILES if name not in files])
    return files
