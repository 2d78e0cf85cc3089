"""The whole chain as one frozen object: from a log to a verdict on its redesign."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from flowaudit.catalogue import Catalogue
from flowaudit.diagnosis import Findings, diagnose
from flowaudit.errors import InputError, InsufficientDataError, nearest
from flowaudit.eventlog import EventLog, Quality, as_unit, check
from flowaudit.flow import AsIs, discover
from flowaudit.messages import Language
from flowaudit.messages import translate as _
from flowaudit.metrics import POLICIES, FourReductions, complete_cases, four_reductions
from flowaudit.planning import Attribution, Coalitions, Variation, sensitivity, shapley, waterfall
from flowaudit.process import Process, fit_process
from flowaudit.redesign import Refusal, Scenario, Suggestion, answers, propose, suggest
from flowaudit.simulation import Runs, fidelity, simulate
from flowaudit.targets import Measured, Target, Verdict, evaluate, measure_runs, require_recorded
from flowaudit.toml import problems_of, read_toml
from flowaudit.worktime import Calendar, load_calendar

Progress = Callable[[str, int, int], None]
Model = TypeVar("Model", bound=BaseModel)

MOST_SHARED = 4
"""Measures up to which the saving is shared out whatever their order, too: 2^4 combinations, eleven of them no stage of the
scenario. With more, :func:`flowaudit.shapley` does so when asked; a study would take half as long again."""

FEW = 8
"""Replications of the combinations that are only simulated for that: they correct shares that rest on all replications."""

POLICY_FORMS = (*POLICIES, *(key.split("_")[0] for key in POLICIES))
"""How a step-counting policy may be written: its name, or the letter it begins with."""


def stage_names(lang: Language | None = None) -> dict[str, str]:
    """Return the stages of a study in their order, and what people call them."""
    return {
        "check": _("checking the data", lang=lang),
        "discover": _("drawing the flow as it is", lang=lang),
        "measure": _("counting steps, time, materials, trips", lang=lang),
        "diagnose": _("looking for problems", lang=lang),
        "fit": _("fitting the process", lang=lang),
        "propose": _("choosing measures", lang=lang),
        "before": _("simulating the office as it is", lang=lang),
        "fidelity": _("checking the model against the log", lang=lang),
        "after": _("simulating the redesigned office", lang=lang),
        "evaluate": _("comparing before and after", lang=lang),
        "attribute": _("sharing the saving out over the measures", lang=lang),
        "share": _("sharing it out whatever the order", lang=lang),
        "vary": _("varying the assumptions", lang=lang),
    }


class StudySettings(BaseModel):
    """What a study depends on besides its data; the table ``[study]`` of a configuration file.

    Attributes
    ----------
    title : str
        Name of the one-thing ("开办餐饮店"); empty: to be filled in.
    lead_department, region : str
        For the document; empty: to be filled in.
    calendar : str
        ``china``, ``weekdays``, a CSV file, or ``china+FILE``.
    unit : {"case", "bundle"}, optional
    policy : str, optional
        Step-counting policy; default: the first of A, B, C that the log records.
    seed, replications, cases
        Of the simulation; ``cases`` limits it to the first arrivals.
    min_cases : int
        Fewer complete cases support no study.
    lang : {"zh", "en"}
        Of the documents.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = ""
    lead_department: str = ""
    region: str = ""
    calendar: str = "china"
    unit: Literal["case", "bundle"] | None = None
    policy: str | None = None
    seed: int = Field(default=7, ge=0)
    replications: int = Field(default=30, ge=2, le=1000)
    cases: int | None = Field(default=None, ge=1)
    min_cases: int = Field(default=30, ge=10)
    lang: Literal["zh", "en"] = "zh"


class Duty(BaseModel):
    """One row of 责任分工; an empty cell is to be filled in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: str = ""
    unit: str = ""
    person: str = ""
    deadline: str = ""
    deliverable: str = ""


class ScheduleRow(BaseModel):
    """One row of 进度安排; an empty cell is to be filled in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stage: str = ""
    start: str = ""
    end: str = ""
    content: str = ""


class Duties(BaseModel):
    """What people type: duties and schedule. flowaudit never invents a row's content."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    duties: tuple[Duty, ...] = ()
    schedule: tuple[ScheduleRow, ...] = ()


def _validated(kind: type[Model], data: Mapping[str, Any], source: Path) -> Model:
    try:
        return kind(**data)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else ""
        near = nearest(name, kind.model_fields, n=1)
        raise InputError(
            _("{file}: {problem}", file=source.name, problem=problems_of(error)),
            hint=_("did you mean '{near}'?", near=near[0])
            if near and near[0] != name
            else _("flowaudit init writes a commented example."),
        ) from None


def read_settings(path: str | os.PathLike[str]) -> StudySettings:
    """Read the table ``[study]`` of a configuration file.

    Raises
    ------
    InputError
        Naming the file, the key and the nearest valid one.

    Notes
    -----
    A calendar file that lies beside the configuration is meant, wherever the program or the notebook was started: its
    whole path is returned.
    """
    source = Path(path)
    _text, data = read_toml(source)
    unknown = sorted(set(data) - {"study"})
    if unknown:
        raise InputError(
            _("{file}: unknown table or key '{key}'.", file=source.name, key=unknown[0]),
            hint=_("settings stand under [study]."),
        )
    settings = _validated(StudySettings, data.get("study", {}), source)
    policy = settings.policy
    # Letters are taken in either case, as four_reductions takes them. Refused here: the policy is used only after the
    # log is read, checked and drawn.
    if policy is not None and policy not in POLICY_FORMS and policy.upper() not in POLICY_FORMS:
        near = nearest(policy, POLICY_FORMS, n=1)
        raise InputError(
            _(
                "{name}: '{value}' is none of {choices}.",
                name=f"{source.name}: policy", value=policy, choices=", ".join(POLICY_FORMS),
            ),
            hint=_("did you mean '{near}'?", near=near[0])
            if near
            else _("flowaudit init writes a commented example."),
        )  # fmt: skip
    local = source.parent / settings.calendar.removeprefix("china+")
    if settings.calendar in ("china", "weekdays") or not local.is_file():
        return settings
    changes = "china+" if settings.calendar.startswith("china+") else ""
    return settings.model_copy(update={"calendar": f"{changes}{local.resolve()}"})


def read_duties(path: str | os.PathLike[str]) -> Duties:
    """Read the duties and the schedule people have typed.

    Raises
    ------
    InputError
        Naming the file, the key and the nearest valid one.
    """
    source = Path(path)
    _text, data = read_toml(source)
    return _validated(Duties, data, source)


@dataclass(frozen=True, eq=False)
class Study:
    """A log, what it shows, what a redesign would change, and how far all this may be trusted.

    Attributes
    ----------
    log : EventLog
        Seen by its unit.
    proposed : bool
        The scenario was proposed by flowaudit, not given.
    before, after, to_be, attribution
        None where no measure is simulated. ``attribution`` shares the saving out in the order of the scenario.
    order_free : Attribution or None
        The same, whatever the order; None for a single measure, and for more than four: see :func:`flowaudit.shapley`.
    variations : tuple of Variation
        The scenario with its assumptions changed, one at a time.
    answers : tuple of tuple of str
        For every measure of the scenario the ids of the findings it answers.
    refused : tuple of Refusal
        What the data cannot support.
    inputs : mapping
        Name of every input file to its SHA-256.
    """

    log: EventLog
    catalogue: Catalogue | None
    quality: Quality
    as_is: AsIs
    observed: FourReductions
    findings: Findings
    process: Process
    scenario: Scenario
    proposed: bool
    suggestions: tuple[Suggestion, ...]
    refused: tuple[Refusal, ...]
    before: Runs
    after: Runs | None
    to_be: AsIs | None
    redesigned: Process | None
    verdict: Verdict
    attribution: Attribution | None
    order_free: Attribution | None
    variations: tuple[Variation, ...]
    answers: tuple[tuple[str, ...], ...]
    settings: StudySettings
    duties: Duties = field(default_factory=Duties)
    inputs: Mapping[str, str] = field(default_factory=dict)
    created: pd.Timestamp = field(default_factory=lambda: pd.Timestamp.now().floor("s"))

    def __repr__(self) -> str:
        return f"Study({self.log!r}, scenario={self.scenario.name!r}, verdict={self.verdict.status!r})"

    def _repr_html_(self) -> str:
        return self.observed._repr_html_() + self.findings._repr_html_() + self.verdict._repr_html_()


def study(
    log: EventLog,
    catalogue: Catalogue | None = None,
    *,
    scenario: Scenario | None = None,
    targets: Iterable[Target] = (),
    settings: StudySettings | None = None,
    duties: Duties | None = None,
    inputs: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> Study:
    """Walk the whole chain: check, discover, measure, diagnose, fit, redesign, simulate, evaluate.

    Parameters
    ----------
    log : EventLog
    catalogue : Catalogue, optional
        What it would tell stays *not recorded* without it.
    scenario : Scenario, optional
        Default: one proposed from the findings, and marked as proposed.
    targets : iterable of Target
        None: the verdict is ``not_asked``.
    settings : StudySettings, optional
    duties : Duties, optional
    inputs : mapping, optional
        SHA-256 of input files other than the log's.
    progress : callable(stage, done, total), optional
        ``stage`` is a key of :func:`stage_names`.

    Returns
    -------
    Study

    Raises
    ------
    InsufficientDataError
        If the log has too few complete cases, or cannot support a measure of the scenario given.
    InputError
        If the scenario names what the log lacks.
    """
    options = settings or StudySettings()
    tell = progress or (lambda _stage, _done, _total: None)

    def within(stage: str) -> Callable[[int, int], None]:
        return lambda done, total: tell(stage, done, total)

    calendar = load_calendar(options.calendar)
    view = as_unit(log, options.unit)
    _demand_cases(view, options.min_cases)
    tell("check", 0, 1)
    quality = check(log, catalogue, calendar=calendar)
    tell("discover", 0, 1)
    as_is = discover(view, unit=view.unit, calendar=calendar)
    tell("measure", 0, 1)
    observed = four_reductions(view, catalogue, unit=view.unit, policy=options.policy, calendar=calendar)
    asked = tuple(targets)
    require_recorded(asked, view, observed, catalogue=catalogue, calendar=calendar)
    tell("diagnose", 0, 1)
    findings = diagnose(view, catalogue, unit=view.unit, calendar=calendar, min_cases=options.min_cases)
    tell("fit", 0, 1)
    process = fit_process(view, catalogue, unit=view.unit, calendar=calendar, min_cases=options.min_cases)
    _demand_carried(asked, process)
    tell("propose", 0, 1)
    if scenario is None:
        chosen, suggestions, refused = propose(findings, process, lang=options.lang)
    else:
        chosen = scenario
        suggestions, refused = suggest(findings, process)
    stages = chosen.stages(process)
    redesigned = stages[-1] if len(chosen) else None

    def run(which: Process, stage: str) -> Runs:
        return simulate(
            which, cases=options.cases, replications=options.replications, seed=options.seed, calendar=calendar,
            progress=within(stage),
        )  # fmt: skip

    before = run(process, "before")
    tell("fidelity", 0, 1)
    trust = fidelity(
        process,
        view,
        catalogue,
        before=before if options.cases is None else None,
        unit=view.unit,
        calendar=calendar,
        min_cases=options.min_cases,
    )
    after = run(redesigned, "after") if redesigned is not None else None
    first = measure_runs(before, catalogue, policy=options.policy, calendar=calendar, progress=within("evaluate"))
    second = first
    if after is not None:
        second = measure_runs(
            after, after.process.catalogue, policy=first.policy, calendar=calendar, progress=within("evaluate")
        )
    verdict = evaluate(second, asked, baseline=first, policy=options.policy, calendar=calendar, fidelity=trust)
    shares = _Shares()
    if after is not None:
        measured = {0: first, (1 << len(chosen)) - 1: second}
        shares = _share_out(process, chosen, before, measured, stages, options, calendar, within)
    return Study(
        log=view, catalogue=catalogue, quality=quality, as_is=as_is, observed=observed, findings=findings, process=process,
        scenario=chosen, proposed=scenario is None, suggestions=suggestions, refused=refused, before=before, after=after,
        to_be=None if after is None else discover(after[0], calendar=calendar), redesigned=redesigned, verdict=verdict,
        attribution=shares.stated, order_free=shares.order_free, variations=shares.variations,
        answers=answers(findings, stages, chosen, suggestions), settings=options, duties=duties or Duties(),
        inputs={**log.provenance.sha256, **(inputs or {})},
    )  # fmt: skip


@dataclass(frozen=True)
class _Shares:
    """What each measure saves, in the stated order and in any, and how much that depends on what nobody knows."""

    stated: Attribution | None = None
    order_free: Attribution | None = None
    variations: tuple[Variation, ...] = ()


def _share_out(
    process: Process, scenario: Scenario, before: Runs, measured: Mapping[int, Measured], stages: Sequence[Process],
    options: StudySettings, calendar: Calendar, within: Callable[[str], Callable[[int, int], None]],
) -> _Shares:  # fmt: skip
    coalitions = Coalitions(
        process, scenario, before=before, measured=measured, stages=stages, policy=options.policy, cases=options.cases,
        few=FEW, calendar=calendar,
    )  # fmt: skip
    stated = waterfall(coalitions, progress=within("attribute"))
    order_free = None
    if 1 < len(scenario) <= MOST_SHARED:
        order_free = shapley(coalitions, progress=within("share"))
    variations = sensitivity(
        process, scenario, before=before, stages=stages, policy=options.policy, cases=options.cases,
        calendar=calendar, progress=within("vary"),
    )  # fmt: skip
    return _Shares(stated, order_free, variations)


def _demand_cases(view: EventLog, least: int) -> None:
    complete = int(complete_cases(view).sum())
    if complete < least:
        raise InsufficientDataError(
            _("the log has {n} complete cases; a study needs at least {min}.", n=complete, min=least),
            hint=_("take a longer period, or lower min_cases in the configuration (not below 10)."),
        )


def _demand_carried(targets: Iterable[Target], process: Process) -> None:
    """Refuse a target on cases that the simulation cannot tell apart, before it is run."""
    carried = {name for template in process.templates for name, _value in template.attributes}
    for target in targets:
        for name, _values in target.population:
            if name not in carried | {"item", "department", "month"}:
                raise InsufficientDataError(
                    _("the target '{label}' asks for cases by {name}, which simulated cases do not carry.",
                      label=target.label or target.asked(), name=name),
                    hint=_("they carry: {names}", names=", ".join(["item", *sorted(carried)])),
                )  # fmt: skip
