"""The commands, and nothing of their work: each calls one function of another file.

Annotations stay text until typer reads them (PEP 563), so help is in the language spoken when the program starts.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer
from typer.core import TyperCommand, TyperGroup

from flowaudit.errors import UsageError, nearest
from flowaudit.messages import translate as _

if TYPE_CHECKING:
    from flowaudit.eventlog import Unit
    from flowaudit.process import Contention


class _Help:
    """Says what ``--help`` does in the current language; a mixin, since typer builds commands and groups alike."""

    def get_help_option(self, ctx: Any) -> Any:
        option = super().get_help_option(ctx)  # type: ignore[misc]
        if option is not None:
            option.help = _("Show this message and exit.")
        return option


class _Command(_Help, TyperCommand):
    pass


class _Group(_Help, TyperGroup):
    pass


def build() -> typer.Typer:
    """Return the program in the current language."""
    _speak_help()
    app = typer.Typer(
        cls=_Group,
        help=_("From an approval log to a plan for redesigning the process."),
        epilog=_("Exit codes: 0 done, 1 an error of flowaudit itself, 2 wrong usage, 3 a file given or the output folder is unusable, 4 the data cannot support what was asked, 130 interrupted. --debug shows the traceback of an error."),
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )  # fmt: skip
    app.callback()(_root)
    commands: tuple[tuple[str, Callable[..., None], str], ...] = (
        ("run", run, _("Study a log and write the plan and everything behind it into DIR.")),
        ("check", check, _("Read a log and print what is wrong with its data.")),
        ("measure", measure, _("Count steps, time, materials and trips of a log, each with its counting rule.")),
        ("diagnose", diagnose, _("Look for problems: waste rules, causes of waiting, bottlenecks; with evidence.")),
        (
            "simulate",
            simulate,
            _("Fit the office to a log and run it; say how far to trust it, and when open cases will be done."),
        ),
        ("search", search, _("Find which measures to take: portfolios no other one beats, within a budget.")),
        ("compare", compare, _("Say what a reform has changed, from a log of before and one of after it went live.")),
        ("convert", convert, _("Write a log in another format; the endings tell which.")),
        ("init", init, _("Write commented configuration, scenario, targets and mapping files into DIR.")),
        ("list", list_, _("Explain the reform measures or the diagnosis rules.")),
        ("doctor", doctor, _("Check fonts, versions, write access and memory of this computer.")),
    )
    for name, command, words in commands:
        app.command(name, cls=_Command, help=words)(command)
    return app


def _speak_help() -> None:
    """Give typer's own headings in the current language; they are constants of its module."""
    from typer import rich_utils

    for name, words in {
        "ARGUMENTS_PANEL_TITLE": _("Arguments"),
        "OPTIONS_PANEL_TITLE": _("Options"),
        "COMMANDS_PANEL_TITLE": _("Commands"),
        "REQUIRED_LONG_STRING": _("[required]"),
        "DEFAULT_STRING": _("[default: {}]"),
    }.items():
        if hasattr(rich_utils, name):
            setattr(rich_utils, name, words)


def _version(wanted: bool) -> None:
    if wanted:
        from flowaudit import __version__

        print(f"flowaudit {__version__}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help=_("Show the version and exit."))
    ] = False,
) -> None:
    pass


# Options of several commands: functions, since a constant would be translated before the language is known.


def _log(metavar: str = "LOG") -> Any:
    return typer.Argument(metavar=metavar, help=_("A log or a folder of tables."))


def _catalogue() -> Any:
    return typer.Option(
        "--catalogue",
        metavar="DIR|FILE",
        help=_("Catalogue of items: a folder or a workbook; default: LOG/catalogue if it is there."),
    )


def _mapping() -> Any:
    return typer.Option("--mapping", metavar="FILE", help=_("Which column of the log is what."))


def _sheet() -> Any:
    return typer.Option("--sheet", metavar="NAME", help=_("Sheet of a workbook."))


def _object_type() -> Any:
    return typer.Option(
        "--object-type", metavar="TYPE", help=_("Which objects of an object-centric log are the cases.")
    )


def _unit() -> Any:
    return typer.Option(
        "--unit", metavar="case|bundle", help=_("What is counted; default: bundle where the log has bundles.")
    )


def _policy() -> Any:
    return typer.Option(
        "--policy",
        metavar="NAME",
        help=_(
            "Step counting policy: A_applicant, B_milestone, C_node, D_exec, or just its letter; default: the first of A, B, C recorded."
        ),
    )


def _calendar() -> Any:
    return typer.Option(
        "--calendar",
        metavar="NAME|FILE",
        help=_("Working days: china (default), china+statutory, weekdays, a CSV file, or china+FILE."),
    )


def _seed() -> Any:
    return typer.Option("--seed", metavar="N", help=_("Of the simulation; default: 7."))


def _json() -> Any:
    return typer.Option("--json", help=_("Print JSON instead of a table."))


def run(
    log: Annotated[
        Path,
        typer.Argument(
            metavar="LOG", help=_("A log (.csv, .xlsx, .xes, .parquet, .arrow, .zip ...) or a folder of tables.")
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help=_("Folder for the documents; made if absent."))
    ],
    config: Annotated[
        Path | None, typer.Option("--config", metavar="FILE", help=_("Settings of the study (flowaudit init)."))
    ] = None,
    mapping: Annotated[Path | None, _mapping()] = None,
    sheet: Annotated[str | None, _sheet()] = None,
    object_type: Annotated[str | None, _object_type()] = None,
    catalogue: Annotated[Path | None, _catalogue()] = None,
    scenario: Annotated[
        Path | None,
        typer.Option("--scenario", metavar="FILE", help=_("Reform measures; default: proposed from the findings.")),
    ] = None,
    targets: Annotated[
        Path | None,
        typer.Option("--targets", metavar="FILE", help=_("What is to be reached; default: nothing is asked.")),
    ] = None,
    unit: Annotated[str | None, _unit()] = None,
    policy: Annotated[str | None, _policy()] = None,
    lang: Annotated[
        str | None, typer.Option("--lang", metavar="zh|en", help=_("Language of the documents; default: zh."))
    ] = None,
    seed: Annotated[str | None, _seed()] = None,
) -> None:
    from flowaudit.cli.run import Request, run_study
    from flowaudit.study import POLICY_FORMS

    # A letter is taken in either case, as four_reductions takes it.
    policy = policy.upper() if policy is not None and policy.upper() in POLICY_FORMS else policy
    run_study(
        Request(
            log=log, out=out, config=config, mapping=mapping, catalogue=catalogue, scenario=scenario, targets=targets,
            unit=_chosen("--unit", unit, ("case", "bundle")), policy=_chosen("--policy", policy, POLICY_FORMS), lang=_chosen("--lang", lang, ("zh", "en")),
            seed=_whole("--seed", seed), sheet=sheet, object_type=object_type,
        )
    )  # fmt: skip


def check(
    file: Annotated[Path, _log("FILE")],
    mapping: Annotated[Path | None, _mapping()] = None,
    sheet: Annotated[str | None, _sheet()] = None,
    object_type: Annotated[str | None, _object_type()] = None,
    catalogue: Annotated[Path | None, _catalogue()] = None,
    as_json: Annotated[bool, _json()] = False,
    written: Annotated[
        Path | None,
        typer.Option("--write-mapping", metavar="FILE", help=_("Write the mapping used, to be edited and given back.")),
    ] = None,
    officers: Annotated[
        Path | None,
        typer.Option("--officers", metavar="FILE", help=_("Write which officer each code stands for (CSV).")),
    ] = None,
) -> None:
    from flowaudit.cli.check import check_log

    check_log(
        file,
        mapping,
        catalogue,
        as_json=as_json,
        written=written,
        officers=officers,
        sheet=sheet,
        object_type=object_type,
    )


def measure(
    log: Annotated[Path, _log()],
    catalogue: Annotated[Path | None, _catalogue()] = None,
    mapping: Annotated[Path | None, _mapping()] = None,
    sheet: Annotated[str | None, _sheet()] = None,
    object_type: Annotated[str | None, _object_type()] = None,
    unit: Annotated[str | None, _unit()] = None,
    policy: Annotated[str | None, _policy()] = None,
    by: Annotated[
        str | None,
        typer.Option(
            "--by",
            metavar="NAME",
            help=_("Also apart for each item, department, channel, district, month or a column of the cases."),
        ),
    ] = None,
    calendar: Annotated[str | None, _calendar()] = None,
    tariffs: Annotated[
        Path | None,
        typer.Option(
            "--tariffs",
            metavar="FILE",
            help=_("Also what an application costs the applicant, at the tariffs of this TOML file (none is assumed)."),
        ),
    ] = None,
    as_json: Annotated[bool, _json()] = False,
) -> None:
    from flowaudit.cli.measure import Request, measure_log
    from flowaudit.study import POLICY_FORMS

    policy = policy.upper() if policy is not None and policy.upper() in POLICY_FORMS else policy
    measure_log(
        Request(
            log, catalogue, mapping, sheet, object_type, cast("Unit | None", _chosen("--unit", unit, ("case", "bundle"))),
            _chosen("--policy", policy, POLICY_FORMS), by, calendar, tariffs, as_json,
        )
    )  # fmt: skip


def diagnose(
    log: Annotated[Path, _log()],
    catalogue: Annotated[Path | None, _catalogue()] = None,
    mapping: Annotated[Path | None, _mapping()] = None,
    sheet: Annotated[str | None, _sheet()] = None,
    object_type: Annotated[str | None, _object_type()] = None,
    unit: Annotated[str | None, _unit()] = None,
    calendar: Annotated[str | None, _calendar()] = None,
    only: Annotated[
        str | None, typer.Option("--only", metavar="W03,W09", help=_("Rules to look at; default: all 25."))
    ] = None,
    thresholds: Annotated[
        list[str] | None,
        typer.Option(
            "--threshold",
            metavar="W01.levels=2",
            help=_("Another threshold of a rule (flowaudit list rules); may be repeated."),
        ),
    ] = None,
    estimate_starts: Annotated[
        bool,
        typer.Option(
            "--estimate-starts", help=_("Estimate start times where none are recorded; all that follows is marked so.")
        ),
    ] = False,
    as_json: Annotated[bool, _json()] = False,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="DIR", help=_("Also write tables and pictures into DIR."))
    ] = None,
) -> None:
    from flowaudit.cli.diagnose import Request, diagnose_log

    diagnose_log(
        Request(
            log, catalogue, mapping, sheet, object_type, cast("Unit | None", _chosen("--unit", unit, ("case", "bundle"))),
            calendar, None if only is None else tuple(part for part in only.split(",") if part.strip()), estimate_starts,
            as_json, out, tuple(thresholds or ()),
        )
    )  # fmt: skip


def simulate(
    log: Annotated[Path | None, _log("[LOG]")] = None,
    process: Annotated[
        Path | None,
        typer.Option("--process", metavar="FILE", help=_("Run a saved process (process.json) instead of a log.")),
    ] = None,
    bpmn: Annotated[
        Path | None, typer.Option("--bpmn", metavar="FILE", help=_("Run a BPMN diagram instead of a log."))
    ] = None,
    parameters: Annotated[
        Path | None, typer.Option("--parameters", metavar="FILE", help=_("What the diagram does not say, as JSON."))
    ] = None,
    catalogue: Annotated[Path | None, _catalogue()] = None,
    mapping: Annotated[Path | None, _mapping()] = None,
    sheet: Annotated[str | None, _sheet()] = None,
    object_type: Annotated[str | None, _object_type()] = None,
    unit: Annotated[str | None, _unit()] = None,
    calendar: Annotated[str | None, _calendar()] = None,
    cases: Annotated[
        str | None, typer.Option("--cases", metavar="N", help=_("How many cases arrive; default: as many as observed."))
    ] = None,
    start: Annotated[
        str | None,
        typer.Option("--start", metavar="DATE", help=_("First day; default: the observed arrivals are replayed.")),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="DATE", help=_("Last day; default: every case runs to its end.")),
    ] = None,
    replications: Annotated[
        str | None, typer.Option("--replications", metavar="N", help=_("How many times; default: 30."))
    ] = None,
    seed: Annotated[str | None, _seed()] = None,
    warm_up: Annotated[
        str | None,
        typer.Option("--warm-up", metavar="DAYS", help=_("Cases of the first days fill the office, but do not count.")),
    ] = None,
    arrivals: Annotated[
        str | None,
        typer.Option(
            "--arrivals", metavar="observed|simulated", help=_("Replay the observed arrivals, or draw new ones.")
        ),
    ] = None,
    contention: Annotated[
        str | None,
        typer.Option(
            "--contention",
            metavar="pool|resource",
            help=_("A case waits until anybody who does such work is free (pool, default), or for its own officer."),
        ),
    ] = None,
    precision: Annotated[
        str | None,
        typer.Option(
            "--precision",
            metavar="0.05",
            help=_("As many replications as it takes to know the mean time so precisely (0.05: ± 5 %)."),
        ),
    ] = None,
    forecast: Annotated[
        bool, typer.Option("--forecast", help=_("Also say when the cases that are open at the log's end will be done."))
    ] = False,
    scenario: Annotated[
        Path | None,
        typer.Option(
            "--scenario", metavar="FILE", help=_("Also run the office as a scenario would have it, and compare.")
        ),
    ] = None,
    targets: Annotated[
        Path | None, typer.Option("--targets", metavar="FILE", help=_("Say whether the scenario meets these targets."))
    ] = None,
    as_json: Annotated[bool, _json()] = False,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="DIR", help=_("Also write the process and tables into DIR."))
    ] = None,
) -> None:
    from flowaudit.cli.simulate import Request, simulate_log

    simulate_log(
        Request(
            log, process, bpmn, parameters, catalogue, mapping, sheet, object_type,
            cast("Unit | None", _chosen("--unit", unit, ("case", "bundle"))), calendar,
            cast("Contention | None", _chosen("--contention", contention, ("pool", "resource"))), _whole("--cases", cases),
            start, until, cast("Any", _chosen("--arrivals", arrivals, ("observed", "simulated"))),
            _number("--warm-up", warm_up) or 0.0, _whole("--replications", replications), _number("--precision", precision),
            7 if seed is None else _whole("--seed", seed) or 0, forecast, as_json, out,
            scenario, targets,
        )
    )  # fmt: skip


def search(
    log: Annotated[Path, _log()],
    candidates: Annotated[
        Path | None,
        typer.Option(
            "--candidates",
            metavar="FILE",
            help=_("Candidate measures ([[candidate]] tables); default: what the findings suggest."),
        ),
    ] = None,
    budget: Annotated[
        str | None, typer.Option("--budget", metavar="YUAN", help=_("What the measures may cost together."))
    ] = None,
    targets: Annotated[
        Path | None,
        typer.Option("--targets", metavar="FILE", help=_("Also find the cheapest portfolio that meets these targets.")),
    ] = None,
    catalogue: Annotated[Path | None, _catalogue()] = None,
    mapping: Annotated[Path | None, _mapping()] = None,
    sheet: Annotated[str | None, _sheet()] = None,
    object_type: Annotated[str | None, _object_type()] = None,
    unit: Annotated[str | None, _unit()] = None,
    calendar: Annotated[str | None, _calendar()] = None,
    policy: Annotated[str | None, _policy()] = None,
    replications: Annotated[
        str | None,
        typer.Option("--replications", metavar="N", help=_("Of the recommended portfolios, in full; default: 30.")),
    ] = None,
    workers: Annotated[
        str | None, typer.Option("--workers", metavar="N", help=_("Processes; default: one for each core."))
    ] = None,
    seed: Annotated[str | None, _seed()] = None,
    as_json: Annotated[bool, _json()] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="DIR",
            help=_(
                "Also write the front, its picture and the scenarios into DIR; a search that was interrupted goes on from there."
            ),
        ),
    ] = None,
) -> None:
    from flowaudit.cli.search import Request, search_log
    from flowaudit.study import POLICY_FORMS

    policy = policy.upper() if policy is not None and policy.upper() in POLICY_FORMS else policy
    search_log(
        Request(
            log, candidates, _number("--budget", budget), targets, catalogue, mapping, sheet, object_type,
            cast("Unit | None", _chosen("--unit", unit, ("case", "bundle"))), calendar,
            _chosen("--policy", policy, POLICY_FORMS), _whole("--replications", replications), _whole("--workers", workers),
            7 if seed is None else _whole("--seed", seed) or 0, as_json, out,
        )
    )  # fmt: skip


def compare(
    before: Annotated[Path, _log("BEFORE")],
    after: Annotated[Path, _log("AFTER")],
    catalogue_before: Annotated[
        Path | None,
        typer.Option("--catalogue-before", metavar="DIR|FILE", help=_("Catalogue before; default: BEFORE/catalogue.")),
    ] = None,
    catalogue_after: Annotated[
        Path | None,
        typer.Option("--catalogue-after", metavar="DIR|FILE", help=_("Catalogue after; default: AFTER/catalogue.")),
    ] = None,
    mapping: Annotated[Path | None, _mapping()] = None,
    mapping_after: Annotated[
        Path | None,
        typer.Option("--mapping-after", metavar="FILE", help=_("Another mapping for the log after.")),
    ] = None,
    sheet: Annotated[str | None, _sheet()] = None,
    object_type: Annotated[str | None, _object_type()] = None,
    unit: Annotated[str | None, _unit()] = None,
    policy: Annotated[str | None, _policy()] = None,
    by: Annotated[
        str | None,
        typer.Option("--by", metavar="NAME,NAME", help=_("Also apart for each; default: item,district,channel.")),
    ] = None,
    strata: Annotated[
        str | None,
        typer.Option(
            "--strata", metavar="NAME,NAME", help=_("What cases are told apart by at one mix; 'none' for nothing.")
        ),
    ] = None,
    mix: Annotated[
        str | None, typer.Option("--mix", metavar="before|after|both", help=_("Whose mix of cases; default: before."))
    ] = None,
    statistic: Annotated[
        str | None,
        typer.Option("--statistic", metavar="median|mean", help=_("Of the headline figures; default: median.")),
    ] = None,
    calendar: Annotated[str | None, _calendar()] = None,
    go_live: Annotated[
        str | None,
        typer.Option(
            "--go-live", metavar="DATE", help=_("Day the reform went live; default: the first arrival after.")
        ),
    ] = None,
    follow_up: Annotated[
        str | None,
        typer.Option(
            "--follow-up",
            metavar="DAYS",
            help=_(
                "Working days every case is looked at; 0: finished cases as they are; default: chosen from the logs."
            ),
        ),
    ] = None,
    promised: Annotated[
        Path | None, typer.Option("--promised", metavar="FILE", help=_("What was promised: a targets file (TOML)."))
    ] = None,
    seed: Annotated[
        str | None, typer.Option("--seed", metavar="N", help=_("Of the resampling behind the intervals; default: 0."))
    ] = None,
    as_json: Annotated[bool, _json()] = False,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="DIR", help=_("Also write tables and the picture into DIR."))
    ] = None,
) -> None:
    from flowaudit.cli.compare import Request, compare_logs
    from flowaudit.study import POLICY_FORMS

    policy = policy.upper() if policy is not None and policy.upper() in POLICY_FORMS else policy
    compare_logs(
        Request(
            before, after, catalogue_before, catalogue_after, mapping, mapping_after, sheet, object_type,
            cast("Unit | None", _chosen("--unit", unit, ("case", "bundle"))), _chosen("--policy", policy, POLICY_FORMS),
            _listed(by), () if strata == "none" else _listed(strata),
            cast("Any", _chosen("--mix", mix, ("before", "after", "both")) or "before"),
            cast("Any", _chosen("--statistic", statistic, ("median", "mean")) or "median"), calendar, go_live,
            _whole("--follow-up", follow_up), promised, _whole("--seed", seed) or 0, as_json, out,
        )
    )  # fmt: skip


def convert(
    source: Annotated[Path, typer.Argument(metavar="IN", help=_("A log of any kind that is read."))],
    target: Annotated[
        Path,
        typer.Argument(
            metavar="OUT",
            help=_("Where to: .csv, .tsv, .xes (each also .gz), .parquet, .arrow, .jsonocel, .json or .sqlite."),
        ),
    ],
    mapping: Annotated[Path | None, _mapping()] = None,
    object_type: Annotated[str | None, _object_type()] = None,
    sheet: Annotated[str | None, _sheet()] = None,
    force: Annotated[bool, typer.Option("--force", help=_("Replace OUT if it is there."))] = False,
) -> None:
    from flowaudit.cli.convert import convert_log

    convert_log(source, target, mapping=mapping, object_type=object_type, sheet=sheet, force=force)


def init(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help=_("Folder for the files; files in it are not replaced."))
    ],
) -> None:
    from flowaudit.cli.templates import write_templates

    write_templates(folder)


def list_(topic: Annotated[str, typer.Argument(metavar="measures|rules", help=_("What to explain."))]) -> None:
    from flowaudit.cli.explain import explain_measures, explain_rules

    if _chosen("measures|rules", topic, ("measures", "rules")) == "measures":
        explain_measures()
    else:
        explain_rules()


def doctor() -> None:
    from flowaudit.cli.doctor import examine

    raise typer.Exit(examine())


def _listed(value: str | None) -> tuple[str, ...] | None:
    """Take apart names with commas between them."""
    return None if value is None else tuple(part.strip() for part in value.split(",") if part.strip())


def _chosen(name: str, value: str | None, choices: tuple[str, ...]) -> str | None:
    """Check a choice here, not in typer: its complaints are in English only and differ between versions."""
    if value is None or value in choices:
        return value
    near = nearest(value, choices, n=1)
    raise UsageError(
        _("{name}: '{value}' is none of {choices}.", name=name, value=value, choices=", ".join(choices)),
        hint=_("did you mean '{near}'?", near=near[0]) if near else None,
    )


def _whole(name: str, value: str | None) -> int | None:
    if value is None:
        return None
    if not (value.isascii() and value.isdigit()):
        raise UsageError(_("{name} needs a whole number, 0 or more; '{value}' is not.", name=name, value=value))
    return int(value)


def _number(name: str, value: str | None) -> float | None:
    if value is None:
        return None
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number >= 0):
        raise UsageError(_("{name} needs a number, 0 or more; '{value}' is not.", name=name, value=value))
    return number
