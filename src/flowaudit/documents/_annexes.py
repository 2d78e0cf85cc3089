"""Annexes: materials, data to share, problems against measures, how things were counted, data quality, evidence, provenance."""

from __future__ import annotations

import platform
from importlib import metadata
from pathlib import Path

import pandas as pd

from flowaudit.documents._problems import problem_name, problem_numbers
from flowaudit.documents._reform import CATEGORIES, answered, category_name, data_needed, reduction_names
from flowaudit.documents._words import DASH, SMALL, blank, count, percent, pick, text
from flowaudit.documents.content import Block, Paragraph, table
from flowaudit.messages import Language
from flowaudit.messages import translate as _
from flowaudit.metrics import METRICS, Figure, NotRecorded, metric_label
from flowaudit.study import Study
from flowaudit.views import find_font

PACKAGES = (
    "flowaudit",
    "pandas",
    "numpy",
    "pyarrow",
    "pm4py",
    "scipy",
    "matplotlib",
    "pygraphviz",
    "python-docx",
    "xlsxwriter",
)


def item_list(study: Study, lang: Language) -> list[Block]:
    """Return the items of the catalogue with their legal basis."""
    items = study.catalogue.items if study.catalogue is not None else None
    if items is None:
        return [Paragraph(_("Not recorded: no catalogue of items was given.", lang=lang))]
    rows = [
        (text(r["item_code"]), text(r["name"]), text(r.get("level")), text(r.get("service_object")), text(r.get("legal_basis")), text(r.get("result_doc_code")))
        for r in items.to_dict("records")
    ]  # fmt: skip
    head = (
        _("Code", lang=lang), _("Item", lang=lang), _("Level", lang=lang), _("Served", lang=lang), _("Legal basis", lang=lang),
        _("Result", lang=lang),
    )  # fmt: skip
    return [table(_("Items in detail", lang=lang), head, rows, widths=(1.4, 3.6, 1.2, 1.6, 2.6, 1.6))]


def material_list(study: Study, lang: Language) -> list[Block]:
    """Return every material of the catalogue, and whether it could be exempt."""
    catalogue = study.catalogue
    if catalogue is None or catalogue.item_materials is None:
        return [Paragraph(_("Not recorded: no catalogue of materials was given.", lang=lang))]
    retrievable = {}
    if catalogue.materials is not None and "retrievable" in catalogue.materials:
        retrievable = dict(zip(catalogue.materials["canonical_id"], catalogue.materials["retrievable"], strict=True))
    rows = []
    for row in catalogue.item_materials.to_dict("records"):
        city = row.get("issuer_scope") == "city"
        known = retrievable.get(row["canonical_id"])
        callable_ = text(row.get("elicence_type")) != DASH and (known is None or bool(known))
        exempt = (
            _("could be exempt", lang=lang) if city and callable_
            else _("issued by this city, not yet retrievable", lang=lang) if city
            else _("handed in", lang=lang)
        )  # fmt: skip
        rows.append(
            (
                catalogue.item_name(str(row["item_code"])),
                text(row["name"]),
                text(row.get("necessity_raw", row.get("necessity"))),
                text(row.get("issuer")),
                exempt,
            )
        )
    head = (
        _("Item", lang=lang), _("Material", lang=lang), _("Necessity", lang=lang), _("Issuer", lang=lang), _("Exemption", lang=lang),
    )  # fmt: skip
    notes = (_("After 沪府办〔2020〕6号: what this city's authorities issue and what has a retrievable e-licence need in principle not be handed in. "
               "To be confirmed with the issuer.", lang=lang),)  # fmt: skip
    return [table(_("Materials and exemptions", lang=lang), head, rows, notes=notes, widths=(3, 3, 1.5, 2.2, 2.6))]


def data_requests(study: Study, lang: Language) -> list[Block]:
    """Return what the measures need from other units' data."""
    rows = [
        (i, m.label(lang), data_needed(m, lang), blank(lang))
        for i, m in enumerate(study.scenario, 1)
        if m.verb != "staff"
    ]
    if not rows:
        return [Paragraph(_("The measures ask for no data of other units.", lang=lang))]
    head = (
        _("No.", lang=lang),
        _("Measure", lang=lang),
        _("Data and systems needed", lang=lang),
        _("Provider", lang=lang),
    )
    return [table(_("Data sharing requests", lang=lang), head, rows, widths=(0.8, 4, 5, 1.8))]


def forms(study: Study, lang: Language) -> list[Block]:
    """Return how often the same field is asked for, as a start for one form."""
    fields = study.catalogue.form_fields if study.catalogue is not None else None
    if fields is None or "canonical_field" not in fields:
        return [Paragraph(_("Not recorded: no catalogue of form fields was given.", lang=lang))]
    rows = []
    for _name, group in fields.groupby("canonical_field", sort=False):
        source = group["authoritative_source"].dropna() if "authoritative_source" in group else pd.Series(dtype=object)
        rows.append((len(group), text(group["field_label"].iloc[0]), text(source.iloc[0]) if len(source) else DASH))
    distinct, typed = len(rows), len(fields)
    fillable = sum(r[2] != DASH for r in rows)
    rows.sort(key=lambda r: -r[0])
    head = (_("Field", lang=lang), _("Asked for in forms", lang=lang), _("Authoritative source", lang=lang))
    notes = (_("{typed} fields in all forms, {distinct} distinct ones, {fillable} of them with an authoritative source that could fill them in. "
               "A form printed here is a draft of fields, not yet a form.", lang=lang, typed=typed, distinct=distinct, fillable=fillable),)  # fmt: skip
    return [
        table(
            _("Fields of one form", lang=lang),
            head,
            [(r[1], r[0], r[2]) for r in rows],
            notes=notes,
            widths=(4, 2, 4),
            numeric=(1,),
        )
    ]


def problem_table(study: Study, lang: Language) -> list[Block]:
    """Return problems against measures, one row per finding."""
    numbers = problem_numbers(study)
    if not numbers:
        return [Paragraph(_("No finding.", lang=lang))]
    answers: dict[str, list[str]] = {}
    for measure in study.scenario:
        for finding in answered(study, measure):
            answers.setdefault(finding.id, []).append(f"{measure.id} {measure.name(lang)}")
    by_id = {f.id: f for f in study.findings}
    marks = _("; ", lang=lang).join(f"{c} {category_name(c, lang)}" for c in CATEGORIES)
    rows = []
    for identity, mark in numbers.items():
        f = by_id[identity]
        measures = _("; ", lang=lang).join(answers.get(identity, ())) or _("none in this plan", lang=lang)
        rows.append(
            (
                mark,
                problem_name(study, f, lang),
                count(f.cases),
                measures,
                f.reengineering,
                reduction_names(f.reductions, lang),
                blank(lang),
            )
        )
    head = (
        _("No.", lang=lang), _("Problem", lang=lang), _("Cases", lang=lang), _("Measure", lang=lang), _("Re-engineering", lang=lang),
        _("Reduction", lang=lang), _("Unit, deadline", lang=lang),
    )  # fmt: skip
    return [
        table(
            _("Problems against measures", lang=lang),
            head,
            rows,
            widths=(0.8, 4, 1.1, 3, 1.2, 1.6, 1.4),
            numeric=(2,),
            notes=(marks,),
        )
    ]


def counting(study: Study, lang: Language) -> list[Block]:
    """Return the rule of every figure, and how the estimate was made."""
    rows = []
    for metric in METRICS:
        found = study.observed.primary[metric]
        words = (
            found.rule.text(lang)
            if isinstance(found, Figure)
            else found.reason(lang)
            if isinstance(found, NotRecorded)
            else ""
        )
        rows.append((metric_label(metric, lang), words))
    for figure in study.observed.guide_recorded.values():
        rows.append((figure.rule.name(lang), figure.rule.text(lang)))
    head = (_("Figure", lang=lang), _("Counting rule", lang=lang))
    blocks: list[Block] = [table(_("Counting rules", lang=lang), head, rows, widths=(2, 8))]
    left_out = study.process.open_cases
    blocks.append(
        Paragraph(
            _("The estimate: the office is fitted to the log ({cases} cases), simulated {n} times as it is and {n} times with the measures, "
              "seed {seed}; both use the same arrivals and random draws. {unit} not yet finished when the log ends: {open}; they arrive "
              "in the simulation too, but teach the model nothing and are in no observed figure.", lang=lang,
              cases=f"{study.process.cases:,}", n=len(study.before), seed=study.settings.seed, open=count(len(left_out)),
              unit=_("Bundles", lang=lang) if study.log.unit == "bundle" else _("Cases", lang=lang))
        )
    )  # fmt: skip
    known = study.process.identifiable
    if not known.work:
        blocks.append(
            Paragraph(
                _("Work and waiting cannot be told apart in this log; no staffing measure is estimated.", lang=lang)
            )
        )
    elif known.queue_share is not None:
        blocks.append(
            Paragraph(
                _(
                    "Of the waiting, between {low:.0%} (nobody was free) and {high:.0%} (the officer was busy) is queueing for staff; "
                    "the log cannot tell more closely. The estimate uses the former.",
                    lang=lang,
                    low=known.queue_share[0],
                    high=known.queue_share[1],
                )
            )
        )
    return blocks


def quality(study: Study, lang: Language) -> list[Block]:
    """Return what is doubtful in the data."""
    found = study.quality.to_frame(lang)
    if found.empty:
        return [Paragraph(_("The checks found nothing doubtful.", lang=lang))]
    severity = {"error": _("error", lang=lang), "warning": _("warning", lang=lang), "info": _("remark", lang=lang)}
    rows = []
    for row in found.to_dict("records"):
        part = row.get("share")
        portion = DASH if part is None or pd.isna(part) else percent(float(part))
        rows.append(
            (
                text(row["check"]),
                severity.get(str(row["severity"]), str(row["severity"])),
                count(int(row["rows"])),
                # The exact share would give a small count away.
                DASH if 0 < int(row["rows"]) < SMALL else portion,
                text(row["distorts"]),
                text(row["action"]),
            )
        )
    head = (
        _("Check", lang=lang), _("Severity", lang=lang), _("Rows", lang=lang), _("Share", lang=lang), _("What it distorts", lang=lang),
        _("What was done", lang=lang),
    )  # fmt: skip
    return [table(_("Data quality", lang=lang), head, rows, widths=(2.6, 1.2, 1.2, 1.2, 3.2, 3.2), numeric=(2, 3),
                  notes=(_("Nothing was repaired silently. Rows are counted in the files as read: events or cases of single items, "
                           "also where the plan counts bundles. Full table with examples: quality.csv.", lang=lang),))]  # fmt: skip


def evidence_list(study: Study, lang: Language) -> list[Block]:
    """Return the case ids behind every finding."""
    numbers = problem_numbers(study)
    by_id = {f.id: f for f in study.findings}
    rows = [
        (mark, problem_name(study, by_id[i], lang), _(", ", lang=lang).join(by_id[i].evidence[:8]))
        for i, mark in numbers.items()
        if by_id[i].evidence
    ]
    if not rows:
        return [Paragraph(_("No finding.", lang=lang))]
    head = (_("No.", lang=lang), _("Problem", lang=lang), _("Cases to look at (pseudonyms)", lang=lang))
    return [
        Paragraph(_("For checking inside the office; remove this annex before the plan is passed on. At most 8 cases per finding, the costliest "
                    "first; up to 20 stand in findings.json.", lang=lang)),
        table(_("Evidence cases", lang=lang), head, rows, widths=(0.8, 3.6, 5.6)),
    ]  # fmt: skip


def calendar_name(calendar: str, lang: Language) -> str:
    """Return what people call a working calendar; a file is named as it is."""
    first, plus, file = calendar.partition("+")
    names = {
        "china": _("official Chinese calendar with shifted working days", lang=lang),
        "weekdays": _("Monday to Friday, no holidays", lang=lang),
    }
    name = names.get(first, Path(first).name)
    return name + (_(", changed by {file}", lang=lang, file=Path(file).name) if plus else "")


def _zone(zone: str, offsets: tuple[str, ...], lang: Language) -> str:
    told = _(", ", lang=lang).join(offsets)
    if not zone:
        return _("wall clock as written in the file, UTC offsets {offsets}", lang=lang, offsets=told)
    return f"{zone} ({told})" if told else zone


def provenance(study: Study, lang: Language) -> list[Block]:
    """Return where the figures come from: files, versions, settings, filters."""
    source = study.log.provenance
    yes = _(", ", lang=lang)
    rows: list[tuple[str, str]] = [
        (_("Log", lang=lang), source.source or DASH),
        *synthetic_row(study, lang),
        (_("Time zone of the stamps", lang=lang), _zone(source.timezone, source.offsets, lang)),
        (_("Working calendar", lang=lang), calendar_name(study.settings.calendar, lang)),
        (_("Unit counted", lang=lang), _("bundle", lang=lang) if study.log.unit == "bundle" else _("case", lang=lang)),
        (_("Seed, replications", lang=lang), f"{study.settings.seed}, {study.settings.replications}"),
        (_("Pseudonymised columns", lang=lang), yes.join(source.pseudonymised) or DASH),
        (
            _("Notes and filters", lang=lang),
            _("; ", lang=lang).join(pick(lang, *note) for note in source.notes) or DASH,
        ),
        (_("Written", lang=lang), f"{study.created:%Y-%m-%d %H:%M:%S}"),
        (_("Font of the pictures", lang=lang), find_font().name),
        ("Python", f"{platform.python_version()} ({platform.system()})"),
        *((name, version(name)) for name in PACKAGES),
    ]
    blocks: list[Block] = [
        table(_("Provenance", lang=lang), (_("What", lang=lang), _("Value", lang=lang)), rows, widths=(3, 7))
    ]
    files = [(name, digest) for name, digest in sorted(study.inputs.items())]
    if files:
        blocks.append(table(_("Input files", lang=lang), (_("File", lang=lang), "SHA-256"), files, widths=(3, 7)))
    if source.mapping:
        mapped = [(theirs, ours) for theirs, ours in source.mapping.items() if theirs != ours]
        if mapped:
            head = (_("Column of the file", lang=lang), _("Column here", lang=lang))
            blocks.append(table(_("Columns mapped", lang=lang), head, mapped, widths=(5, 5)))
    return blocks


def synthetic_row(study: Study, lang: Language) -> list[tuple[str, str]]:
    """Return the row that says the data were generated; nothing for real data."""
    if not study.log.provenance.synthetic:
        return []
    return [
        (
            _("Nature of the data", lang=lang),
            _("SYNTHETIC: generated for demonstration; no figure here may be quoted", lang=lang),
        )
    ]


def version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return DASH
