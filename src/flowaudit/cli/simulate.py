"""``flowaudit simulate``: an office fitted to its log (or read from files) and run; how far to trust it, and what it says."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from flowaudit.catalogue import Catalogue, read_catalogue
from flowaudit.cli.console import Stages, say, show_table
from flowaudit.cli.files import write_json, write_table
from flowaudit.cli.redesigned import Redesigned, compare_with, show_redesigned
from flowaudit.cli.run import mapping_given, read_with_catalogue
from flowaudit.delivery import Place, plain
from flowaudit.errors import UsageError
from flowaudit.eventlog import EventLog, Unit, write_csv
from flowaudit.messages import current_language
from flowaudit.messages import translate as _
from flowaudit.metrics import (
    METRICS,
    Fidelity,
    check_label,
    metric_label,
    shown,
    statistic_label,
    statistic_name,
    trust_name,
)
from flowaudit.process import Contention, Process, fit_process, read_bpmn
from flowaudit.redesign import Scenario
from flowaudit.simulation import (
    Forecast,
    Precision,
    Runs,
    evening,
    fidelity,
    forecast,
    moment,
    require_open_cases,
    simulate,
    simulate_until_precise,
    summarise,
)
from flowaudit.targets import read_targets
from flowaudit.worktime import Calendar, load_calendar

FILES = (
    "process.json", "summary.csv", "fidelity.json", "simulated.csv", "forecast.csv", "open_over_time.csv", "redesigned.csv",
    "verdict.json", "summary.json",
)  # fmt: skip
"""What may be written, in the order in which it is moved into its place."""

REPLICATIONS, FORECASTS, MOST = 30, 100, 200
SHOWN = 20


@dataclass(frozen=True)
class Request:
    """What was asked for on the command line."""

    log: Path | None = None
    process: Path | None = None
    bpmn: Path | None = None
    parameters: Path | None = None
    catalogue: Path | None = None
    mapping: Path | None = None
    sheet: str | None = None
    object_type: str | None = None
    unit: Unit | None = None
    calendar: str | None = None
    contention: Contention | None = None
    cases: int | None = None
    start: str | None = None
    until: str | None = None
    arrivals: Literal["observed", "simulated"] | None = None
    warm_up_days: float = 0.0
    replications: int | None = None
    precision: float | None = None
    seed: int = 7
    forecast: bool = False
    as_json: bool = False
    out: Path | None = None
    scenario: Path | None = None
    targets: Path | None = None

    @property
    def as_observed(self) -> bool:
        """Whether the simulated period is the observed one."""
        return (
            self.cases is None
            and self.start is None
            and (self.until is None or self.forecast)
            and not self.warm_up_days
            and self.arrivals in (None, "observed")
        )


@dataclass(frozen=True)
class _Result:
    process: Process
    runs: Runs
    summary: pd.DataFrame
    fidelity: Fidelity | None
    precision: Precision | None
    forecast: Forecast | None
    redesigned: Redesigned | None = None


def simulate_log(asked: Request) -> None:
    """Fit or read a process, run it, and print what it says; write it all into a folder if one is given."""
    _check(asked)
    calendar = None if asked.calendar is None else load_calendar(asked.calendar)
    if asked.out is not None:
        Place(asked.out).require(FILES)
    plan = None if asked.scenario is None else Scenario.load(asked.scenario)
    targets = read_targets(asked.targets) if asked.targets else ()
    names = {
        "read": _("reading the log") if asked.log else _("reading the process"),
        "fit": _("fitting the process"),
        "simulate": _("simulating"),
        "fidelity": _("comparing with the log"),
        "forecast": _("forecasting the open cases"),
        "after": _("simulating the redesigned office"),
        "evaluate": _("comparing before and after"),
        "summary": _("summing up"),
        "write": _("writing the files"),
    }
    with Stages(names) as tell:
        tell("read")
        log, catalogue, process = _read(asked)
        if process is None:
            assert log is not None
            tell("fit")
            process = fit_process(
                log, catalogue, unit=asked.unit, calendar=calendar, contention=asked.contention or "pool"
            )
        if asked.forecast:
            require_open_cases(process)
        stages = () if plan is None else plan.stages(process)
        result = _run(asked, log, catalogue, process, calendar, tell)
        if plan is not None:
            tell("after")
            redesigned = compare_with(
                result.runs,
                plan,
                stages,
                targets,
                catalogue or process.catalogue,
                calendar,
                result.fidelity,
                asked.start,
                _until(asked),
                asked.arrivals,
                asked.warm_up_days,
                asked.cases,
                tell,
            )
            result = replace(result, redesigned=redesigned)
        files: tuple[str, ...] = ()
        if asked.out is not None:
            tell("write")
            files = _write(asked.out, result, asked)
    if asked.as_json:
        say(json.dumps(plain(_content(result, asked, whole=True)), ensure_ascii=False, indent=1))
        return
    _report(result)
    for name in files:
        say(str(asked.out / name) if asked.out else name)


def _check(asked: Request) -> None:
    """Refuse what does not fit together before anything is read."""
    sources = [
        name for name, given in (("LOG", asked.log), ("--process", asked.process), ("--bpmn", asked.bpmn)) if given
    ]
    if len(sources) != 1:
        raise UsageError(
            _("simulate needs one of LOG, --process and --bpmn; got {given}.", given=", ".join(sources) or _("none")),
            hint="flowaudit simulate LOG",
        )
    if (asked.bpmn is None) != (asked.parameters is None):
        raise UsageError(
            _("--bpmn and --parameters go together: a diagram does not say how long work takes."),
            hint="flowaudit simulate --bpmn FILE --parameters FILE",
        )
    for name, date in (("--start", asked.start), ("--until", asked.until)):
        if date is not None:
            moment(date, name)
    if asked.precision is not None and not 0.0 < asked.precision < 1.0:
        raise UsageError(
            _("--precision is a share of the mean between 0 and 1; got {value}.", value=asked.precision),
            hint=_("0.05 asks for ± 5 %."),
        )
    if asked.targets is not None and asked.scenario is None:
        raise UsageError(
            _("--targets says what a scenario is held against, and there is none."),
            hint="--scenario FILE --targets FILE",
        )
    together = [
        n for n, given in (("--forecast", asked.forecast), ("--precision", asked.precision is not None)) if given
    ]
    if asked.scenario is not None and together:
        raise UsageError(
            _("{names} and --scenario do not go together.", names=", ".join(together)),
            hint=_("compare the scenario first, then forecast the office as it is."),
        )
    if asked.cases == 0 or asked.replications == 0:
        raise UsageError(_("there is nothing to simulate: --cases and --replications are at least 1."))
    if asked.log is None:
        of_a_log = {
            "--mapping": asked.mapping, "--sheet": asked.sheet, "--object-type": asked.object_type, "--unit": asked.unit,
            "--contention": asked.contention,
        }  # fmt: skip
        given = [name for name, value in of_a_log.items() if value is not None]
        if given:
            raise UsageError(_("{names} is about a log, and there is none.", names=", ".join(given)))


def _read(asked: Request) -> tuple[EventLog | None, Catalogue | None, Process | None]:
    if asked.log is not None:
        given = mapping_given(asked.mapping, asked.sheet, asked.object_type)
        log, catalogue = read_with_catalogue(
            asked.log, given, asked.catalogue, sheet=asked.sheet, object_type=asked.object_type
        )
        return log, catalogue, None
    catalogue = None if asked.catalogue is None else read_catalogue(asked.catalogue)
    if asked.process is not None:
        return None, catalogue, Process.load(asked.process)
    assert asked.bpmn is not None
    assert asked.parameters is not None
    return None, catalogue, read_bpmn(asked.bpmn, asked.parameters)


def _run(
    asked: Request,
    log: EventLog | None,
    catalogue: Catalogue | None,
    process: Process,
    calendar: Calendar | None,
    tell: Stages,
) -> _Result:
    def stage(name: str) -> Callable[[int, int], None]:
        return lambda done, total: tell(name, done, total)

    tell("simulate")
    runs, precision = _simulated(asked, process, calendar, stage("simulate"))
    faithful = None
    if log is not None:
        tell("fidelity")
        faithful = _compared(asked, process, log, catalogue, runs, calendar)
    told = None
    if asked.forecast:
        tell("forecast")
        told = forecast(
            process, until=asked.until, replications=asked.replications or FORECASTS, seed=asked.seed, calendar=calendar,
            progress=stage("forecast"),
        )  # fmt: skip
    tell("summary")
    return _Result(process, runs, summarise(runs, catalogue, calendar=calendar), faithful, precision, told)


def _until(asked: Request) -> pd.Timestamp | None:
    """Where the simulation is cut off; with a forecast the date is that of the forecast alone."""
    return None if asked.until is None or asked.forecast else evening(asked.until, "--until")


def _simulated(
    asked: Request, process: Process, calendar: Calendar | None, progress: Callable[[int, int], None]
) -> tuple[Runs, Precision | None]:
    if asked.precision is not None:
        return simulate_until_precise(
            process, "time", precision=asked.precision, most=asked.replications or MOST, cases=asked.cases,
            start=asked.start, until=_until(asked), arrivals=asked.arrivals, warm_up_days=asked.warm_up_days,
            seed=asked.seed, calendar=calendar, progress=progress,
        )  # fmt: skip
    runs = simulate(
        process, cases=asked.cases, start=asked.start, until=_until(asked), arrivals=asked.arrivals,
        warm_up_days=asked.warm_up_days, replications=REPLICATIONS if asked.replications is None else asked.replications,
        seed=asked.seed, calendar=calendar, progress=progress,
    )  # fmt: skip
    return runs, None


def _compared(
    asked: Request,
    process: Process,
    log: EventLog,
    catalogue: Catalogue | None,
    runs: Runs,
    calendar: Calendar | None,
) -> Fidelity:
    """The simulated office beside the observed one; another period than the observed one cannot be compared, and is run again."""
    return fidelity(
        process, log, catalogue, before=runs if asked.as_observed else None, unit=asked.unit, calendar=calendar,
        seed=asked.seed,
    )  # fmt: skip


def _report(result: _Result) -> None:
    say(str(result.process))
    if result.fidelity is not None:
        say()
        for line in result.fidelity.text(current_language()).splitlines():
            say(line)
        _show_figures(result.fidelity)
    for line in _overload_lines(result.runs):
        say()
        say(line)
    say()
    first = result.runs[0]
    say(
        _("{n} replications of {cases:,} cases and {events:,} events (seed {seed})", n=len(result.runs), cases=first.n_cases, events=first.n_events, seed=result.runs.seed)
    )  # fmt: skip
    if result.runs.beyond_calendar:
        say(
            _("{n:,} cases in all are left out: they would end after the last day of the working calendar.", n=result.runs.beyond_calendar)
        )  # fmt: skip
    if result.precision is not None:
        say(str(result.precision))
    _show_summary(result.summary)
    if result.forecast is not None:
        _show_forecast(result.forecast)
    if result.redesigned is not None:
        show_redesigned(result.redesigned)


def _show_figures(found: Fidelity) -> None:
    head = [_("Metric"), _("Checked on"), _("Statistic"), _("Observed"), _("Simulated"), _("Judgement")]
    rows = [
        [metric_label(r.metric), check_label(r.check), statistic_label(r.statistic), f"{r.observed:.3g}", f"{r.simulated:.3g}", trust_name(r.trust)]
        for r in found
    ]  # fmt: skip
    if rows:
        show_table(head, rows, right=(3, 4))


def _overload_lines(runs: Runs) -> list[str]:
    lines = []
    for row in runs.overloaded.to_dict("records"):
        asked, grows = float(row["utilisation"]), float(row["grows_by_per_week"])
        if math.isinf(asked):
            lines.append(_("Warning: pool {name} has work, but no working hours.", name=row["pool"]))
        else:
            lines.append(
                _(
                    "Warning: pool {name} is asked for {load:.0%} of what it can do: its queue grows by about {n} cases a week without bound.",
                    name=row["pool"], load=asked, n=shown(grows),
                )
            )  # fmt: skip
    return lines


def _show_summary(summary: pd.DataFrame) -> None:
    say()
    head = (_("Metric"), _("Statistic"), _("Mean"), _("95 % interval"), _("Unit"))
    busy = summary["metric"] == "utilisation"
    rows = [
        (_metric(r["metric"], r["statistic"]), _statistic(r["metric"], r["statistic"]), _number(r["mean"]), _span(r, _number), _unit(r["unit"]))
        for r in summary[~busy].to_dict("records")
    ]  # fmt: skip
    show_table(head, rows, right=(2, 3))
    pools = summary[busy].sort_values("mean", ascending=False, kind="stable")
    if pools.empty:
        return
    say()
    head_of_pools = (_("Pool"), _("Busy share of working hours"), _("95 % interval"))
    busy_rows = [
        (str(r["statistic"]), _percent(r["mean"]), _span(r, _percent)) for r in pools.head(SHOWN).to_dict("records")
    ]
    show_table(head_of_pools, busy_rows, right=(1, 2))
    if len(pools) > SHOWN:
        say(_("… and {n:,} more; --json lists them all.", n=len(pools) - SHOWN))


def _show_forecast(told: Forecast) -> None:
    say()
    say(str(told))
    head = [_("Case"), _("Open for days"), _("Done by (50 %)"), _("(80 %)"), _("(95 %)")]
    until = told.until
    if until is not None:
        head.append(_("Done by {date}", date=f"{until:%Y-%m-%d}"))
    rows = []
    for r in told.cases.iloc[::-1].head(SHOWN).to_dict("records"):
        row = [str(r["case_id"]), f"{r['open_days']:,.0f}", *(_date(r[p]) for p in ("p50", "p80", "p95"))]
        rows.append([*row, _percent(r["probability"])] if until is not None else row)
    say(_("The last to be done:"))
    show_table(head, rows, right=(1, 5))
    if len(told.cases) > SHOWN:
        say(_("… and {n:,} more; --json lists them all.", n=len(told.cases) - SHOWN))


def _metric(metric: Any, statistic: Any) -> str:
    if metric in METRICS:
        return metric_label(str(metric))
    names = {
        ("queue", "per_case"): _("waiting for somebody, nights and days off included"),
        ("cases", "ended"): _("cases that ended"),
        ("cases", "open"): _("cases that did not end"),
    }
    return names[str(metric), str(statistic)]


def _statistic(metric: Any, statistic: Any) -> str:
    if statistic == "per_case":
        return _("mean per case")
    return "" if metric == "cases" else statistic_name(str(statistic))


def _unit(unit: Any) -> str:
    names = {
        "steps": _("steps"), "working_days": _("working days"), "materials": _("materials"), "trips": _("trips"),
        "h": _("hours"), "cases": _("cases"), "share": _("share"),
    }  # fmt: skip
    return names[str(unit)]


def _number(value: Any) -> str:
    return f"{float(value):,.2f}" if abs(float(value)) < 10 else f"{float(value):,.1f}"


def _percent(value: Any) -> str:
    return f"{float(value):.0%}"


def _date(value: Any) -> str:
    return "—" if pd.isna(value) else f"{pd.Timestamp(value):%Y-%m-%d}"


def _span(row: Mapping[Any, Any], number: Callable[[Any], str]) -> str:
    if not math.isfinite(float(row["low"])):
        return "—"
    return f"{number(row['low'])} – {number(row['high'])}"


def _content(result: _Result, asked: Request, *, whole: bool) -> dict[str, Any]:
    """What is written as JSON; ``whole``: also what has a file of its own."""
    runs, precision, told = result.runs, result.precision, result.forecast
    content: dict[str, Any] = {
        "schema": "flowaudit.simulation/1",
        "process": str(result.process),
        "seed": runs.seed,
        "replications": len(runs),
        "options": {
            "cases": asked.cases, "start": asked.start, "until": asked.until, "arrivals": asked.arrivals,
            "warm_up_days": asked.warm_up_days, "contention": result.process.contention,
            "calendar": asked.calendar or result.process.calendar,
        },
        "beyond_calendar": runs.beyond_calendar,
        "overloaded": runs.overloaded.to_dict("records"),
        "summary": result.summary.to_dict("records"),
    }  # fmt: skip
    if precision is not None:
        content["precision"] = {
            "measure": "time", "precision": precision.precision, "confidence": precision.confidence,
            "enough": precision.enough, "table": precision.table.to_dict("records"),
        }  # fmt: skip
    if result.redesigned is not None:
        content["redesigned"] = result.redesigned.to_dict()
    if told is not None:
        content["forecast"] = {
            "now": told.now,
            "cases": len(told.cases),
            "replications": told.replications,
            "dates": [told.date_when(share)._asdict() for share in (0.5, 0.8, 0.9, 0.95, 1.0)],
            "done_by": None if told.until is None else told.done_by(told.until)._asdict(),
        }
    if whole:
        if result.fidelity is not None:
            content["fidelity"] = result.fidelity.to_dict()
        if told is not None:
            content["forecast"]["each"] = told.cases.to_dict("records")
            content["forecast"]["open_over_time"] = told.open_over_time.to_dict("records")
    return content


def _write(out: Path, result: _Result, asked: Request) -> tuple[str, ...]:
    """Write everything into a folder: all files, or none."""
    writers: dict[str, Callable[[Path], object]] = {
        "process.json": result.process.save,
        "summary.csv": lambda path: write_table(result.summary, path),
        "simulated.csv": lambda path: write_csv(result.runs[0], path),
        "summary.json": lambda path: write_json(_content(result, asked, whole=False), path),
    }
    faithful, told, redesigned = result.fidelity, result.forecast, result.redesigned
    if redesigned is not None:
        writers["redesigned.csv"] = lambda path: write_csv(redesigned.after[0], path)
        writers["verdict.json"] = lambda path: write_json(redesigned.to_dict(), path)
    if faithful is not None:
        writers["fidelity.json"] = lambda path: write_json(faithful.to_dict(), path)
    if told is not None:
        writers["forecast.csv"] = lambda path: write_table(told.cases, path)
        writers["open_over_time.csv"] = lambda path: write_table(told.open_over_time, path)
    files = tuple(name for name in FILES if name in writers)
    place = Place(out)
    with place.staging() as staged:
        for name in files:
            writers[name](staged / name)
        place.fill(staged, files, drop=[name for name in FILES if name not in files])
    return files
