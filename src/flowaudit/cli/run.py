"""``flowaudit run``: from files to a study, from a study to files and a few lines of text."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flowaudit.catalogue import Catalogue, read_catalogue
from flowaudit.cli.console import Stages, say, show_table
from flowaudit.delivery import DUTIES, FILES, Delivery, Place, deliver, require
from flowaudit.errors import InputError, UsageError
from flowaudit.eventlog import ColumnMapping, EventLog, read_log, read_mapping
from flowaudit.messages import current_language
from flowaudit.messages import translate as _
from flowaudit.metrics import Figure, NotRecorded, metric_label
from flowaudit.redesign import Scenario
from flowaudit.study import Duties, Study, StudySettings, read_duties, read_settings, stage_names, study
from flowaudit.targets import Comparison, read_targets, status_name, trust_name


@dataclass(frozen=True)
class Request:
    """The words of ``flowaudit run``."""

    log: Path
    out: Path
    config: Path | None = None
    mapping: Path | None = None
    catalogue: Path | None = None
    scenario: Path | None = None
    targets: Path | None = None
    unit: str | None = None
    policy: str | None = None
    lang: str | None = None
    seed: int | None = None
    sheet: str | None = None
    object_type: str | None = None


def run_study(request: Request) -> None:
    """Study a log and write everything into one folder; what can be refused early is refused early."""
    settings = _settings(request)
    place = Place(request.out)
    if request.log.is_dir() and place.folder.resolve() == request.log.resolve():
        raise UsageError(
            _("the documents would be written among the tables of the log, in {folder}.", folder=place.folder),
            hint=_("choose another folder with --out."),
        )
    keep = {name for name in FILES if (place.folder / name).resolve() == request.log.resolve()}
    keep |= {f"{name}.json" for name in keep}
    require(place, keep)
    mapping = mapping_given(request.mapping, request.sheet, request.object_type)
    scenario = Scenario.load(request.scenario) if request.scenario else None
    targets = read_targets(request.targets) if request.targets else ()
    typed = place.folder / DUTIES
    duties = read_duties(typed) if typed.exists() else Duties()
    names = {
        "read": _("reading the log"),
        **stage_names(),
        "write": _("writing the documents"),
    }
    with Stages(names) as tell:
        tell("read")
        log, catalogue = read_with_catalogue(
            request.log, mapping, request.catalogue, sheet=request.sheet, object_type=request.object_type
        )
        result = study(
            log, catalogue, scenario=scenario, targets=targets, settings=settings, duties=duties,
            inputs=_digests(request, typed), progress=tell,
        )  # fmt: skip
        written = deliver(
            result, request.out, log=log, mapping=mapping, keep=keep,
            scenario_text=request.scenario.read_text(encoding="utf-8-sig") if request.scenario else None,
            progress=lambda done, total: tell("write", done, total),
        )  # fmt: skip
    _report(result, written)


def _settings(request: Request) -> StudySettings:
    settings = read_settings(request.config) if request.config else StudySettings()
    given = {"unit": request.unit, "policy": request.policy, "lang": request.lang, "seed": request.seed}
    changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    return settings.model_copy(update=changes)


def mapping_given(file: Path | None, sheet: str | None, object_type: str | None) -> ColumnMapping | None:
    """Return the mapping file given, with the sheet and the object type of the command line; None for none of them."""
    layout = {name: word for name, word in (("sheet", sheet), ("object_type", object_type)) if word is not None}
    if file is None and not layout:
        return None
    mapping = read_mapping(file) if file else ColumnMapping()
    return mapping.model_copy(update={"file": mapping.file.model_copy(update=layout)})


def read_with_catalogue(
    path: Path,
    mapping: ColumnMapping | None,
    catalogue: Path | None,
    *,
    sheet: str | None = None,
    object_type: str | None = None,
) -> tuple[EventLog, Catalogue | None]:
    """Read a log, and the catalogue given or lying in its folder."""
    log = read_log(path, mapping, sheet=sheet, object_type=object_type)
    folder = catalogue or (path / "catalogue" if (path / "catalogue").is_dir() else None)
    return log, None if folder is None else read_catalogue(folder)


def _digests(request: Request, typed: Path) -> Mapping[str, str]:
    """SHA-256 of every file given besides the log."""
    paths = {p.name: p for p in (request.config, request.mapping, request.scenario, request.targets) if p}
    folder = request.catalogue or request.log / "catalogue"
    if folder.is_dir():
        paths |= {f"catalogue/{p.name}": p for p in sorted([*folder.glob("*.csv*"), *folder.glob("*.toml")])}
    elif folder.is_file():
        paths |= {f"catalogue/{p.name}": p for p in (folder, folder.with_suffix(".toml")) if p.is_file()}
    if typed.exists():
        paths[DUTIES] = typed
    digests = {}
    for name, path in paths.items():
        try:
            with path.open("rb") as stream:
                digests[name] = hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError as error:
            raise InputError(_("{file} cannot be read ({error}).", file=path, error=error.strerror or error)) from None
    return digests


def _report(result: Study, written: Delivery) -> None:
    """Say where the documents are, the four figures, the verdict, and what to know beside them."""
    lang = current_language()
    say(_("The documents are in {folder}", folder=written.folder))
    shown = sorted(dict.fromkeys(name.split("/")[0] for name in written.files))
    say("  " + "  ".join(shown))
    say()
    head = (_("Metric"), _("Observed"), _("Before (simulated)"), _("After (simulated)"), _("Change"))
    metrics = ("steps", "time", "clock", "materials", "trips")
    show_table(head, [_row(result, metric) for metric in metrics], right=(1, 2, 3, 4))
    kind = _("proposed by flowaudit from the findings") if result.proposed else _("as given")
    say(_("Scenario: {name} ({kind}), {n} measures", name=result.scenario.name, kind=kind, n=len(result.scenario)))
    for measure in result.scenario:
        say(f"  {measure.id} {measure.label(lang)}")
    say(_("Findings: {n}", n=len(result.findings)))
    say(_("Verdict: {status}", status=status_name(result.verdict.status)))
    for target in result.verdict.targets:
        say(f"  {target.label()}: {target.judgement()}")
    if result.verdict.trust is not None:
        say(_("Trust in the model: {trust}", trust=trust_name(result.verdict.trust)))
    for note in _notes(result):
        say(_("Note: {note}", note=note))


def _row(result: Study, metric: str) -> tuple[str, ...]:
    figure: Figure | NotRecorded = result.observed.primary[metric]
    if isinstance(figure, NotRecorded):
        return (metric_label(metric), _("not recorded"), "", "", "")
    name = _("{metric} ({unit})", metric=metric_label(metric), unit=figure.rule.unit())
    comparison = result.verdict.comparison(metric)
    if comparison is None:
        return (name, _number(figure.value), "—", "—", "—")
    before, after = _number(comparison.before.value), _number(comparison.after.value)
    return (name, _number(figure.value), before, after, _change(comparison))


def _number(value: float | None) -> str:
    return "—" if value is None else f"{value:.1f}"


def _change(comparison: Comparison) -> str:
    rate = comparison.reduction.rate
    if abs(comparison.difference) < 0.05:
        return _("unchanged")
    return f"{comparison.difference:+.1f}" + ("" if rate is None else f" ({-rate:+.1%})")


def _notes(result: Study) -> list[str]:
    lang = current_language()
    notes = [zh if lang == "zh" else en for zh, en in result.verdict.notes]
    for metric, figure in result.observed.primary.items():
        if isinstance(figure, NotRecorded):
            notes.append(_("{metric}: {reason}", metric=metric_label(metric), reason=figure.reason()))
    for refusal in result.refused:
        what, reason = (refusal.what_zh, refusal.reason_zh) if lang == "zh" else (refusal.what_en, refusal.reason_en)
        notes.append(_("refused: {what}: {reason}", what=what, reason=reason))
    if result.after is None:
        notes.append(_("no measure is simulated: before and after are the same."))
    return notes
