"""A diagnosis alone as the files people open: findings, tables, pictures, the time lines of the first findings."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd

from flowaudit.delivery.place import Place
from flowaudit.delivery.plain import write_json
from flowaudit.diagnosis import (
    AXES,
    CAUSES,
    Findings,
    Waiting,
    cause_name,
    critical_path,
    explain,
    handover_network,
    knock_out_order,
    lagging,
)
from flowaudit.documents import write_book
from flowaudit.eventlog import EventLog
from flowaudit.flow import spectra, spectrum
from flowaudit.messages import Language, current_language
from flowaudit.messages import translate as _
from flowaudit.metrics import queue_curves, rework_by_activity
from flowaudit.views import findings_chart, queue_chart, spectrum_chart, time_lines, waiting_chart

EVIDENCE = 5
"""Findings whose cases are drawn."""


def write_diagnosis(
    out: str | os.PathLike[str],
    log: EventLog,
    found: Findings,
    waiting: Waiting,
    bottlenecks: pd.DataFrame,
    *,
    names: Mapping[str, str] | None = None,
    lang: Language | None = None,
) -> tuple[str, ...]:
    """Write a diagnosis into a folder: all files, or none.

    Parameters
    ----------
    out : path
        Made if absent. Files of other names in it are left alone.
    log : EventLog
        The one the findings were made on.
    found : Findings
    waiting : Waiting
    bottlenecks : pd.DataFrame
        See :func:`flowaudit.diagnosis.bottlenecks`.
    names : mapping, optional
        Item code to item name, for the pictures.
    lang : {"zh", "en"}, optional
        Default: the current language.

    Returns
    -------
    tuple of str
        Names of the files: ``findings.json, waiting.json, diagnosis.xlsx, findings.svg, waiting.svg, queues.svg``,
        ``spectrum.svg`` of the segment with most time, and ``evidence_1.svg`` ... for the first findings.

    Raises
    ------
    InputError
        If the folder or a file in it cannot be written; the folder is then as it was.
    """
    lang = lang or current_language()
    writers: dict[str, Callable[[Path], object]] = {
        "findings.json": lambda path: write_json(path, found.to_dict()),
        "waiting.json": lambda path: write_json(
            path, {"kind": waiting.kind, "counting": waiting.note(lang), **_waiting(waiting)}
        ),
        "diagnosis.xlsx": lambda path: write_book(_sheets(found, waiting, bottlenecks, lang), path, lang=lang),
        "findings.svg": findings_chart(found, lang=lang, names=names).save,
        "waiting.svg": waiting_chart(waiting, lang=lang).save,
        "queues.svg": queue_chart(queue_curves(waiting.log, every="W"), lang=lang).save,
    }
    segments = spectra(waiting.log)
    if len(segments):
        widest = spectrum(waiting.log, str(segments["source"].iloc[0]), str(segments["target"].iloc[0]))
        writers["spectrum.svg"] = spectrum_chart(widest, lang=lang).save
    for number, finding in enumerate([f for f in found if f.evidence][:EVIDENCE], 1):
        writers[f"evidence_{number}.svg"] = time_lines(explain(finding, log), lang=lang).save
    place = Place(out)
    files = tuple(writers)
    place.require(files)
    sometimes = ("spectrum.svg", *(f"evidence_{k}.svg" for k in range(1, EVIDENCE + 1)))
    stale = [name for name in sometimes if name not in files]
    with place.staging() as staged:
        for name, write in writers.items():
            write(staged / name)
        place.fill(staged, files, drop=stale)
    return files


def _waiting(waiting: Waiting) -> dict[str, object]:
    return {
        "causes": waiting.total().reset_index().to_dict("records"),
        **{axis: waiting.by(axis).to_dict("records") for axis in AXES},
    }


def _sheets(
    found: Findings, waiting: Waiting, bottlenecks: pd.DataFrame, lang: Language
) -> dict[str, pd.DataFrame]:  # fmt: skip
    names = {
        "transition": _("by transition", lang=lang), "activity": _("by activity", lang=lang),
        "department": _("by department", lang=lang), "resource": _("by officer", lang=lang), "role": _("by post", lang=lang),
        "item": _("by item", lang=lang), "month": _("by month", lang=lang),
    }  # fmt: skip
    parts = {names[axis]: table for axis in AXES if len(table := waiting.by(axis))}
    if names["resource"] in parts:
        # How well officers do is not for this table to say.
        mine = parts[names["resource"]]
        parts[names["resource"]] = mine.drop(
            columns=[c for c in mine if c == "efficiency" or str(c).startswith("without_")]
        )
    unchecked = pd.DataFrame(
        [(n.rule, n.reason(lang), ", ".join(n.needs)) for n in found.not_checkable],
        columns=[_("Rule", lang=lang), _("Why it could not be checked", lang=lang), _("Data needed", lang=lang)],
    )
    counting = pd.DataFrame(
        [(f.id, f.counting(lang), f.caveat(lang), ", ".join(f.overlaps)) for f in found],
        columns=[
            _("Finding", lang=lang), _("Counting rule", lang=lang), _("Caveat", lang=lang), _("Overlaps with", lang=lang),
        ],
    )  # fmt: skip
    evidence = pd.DataFrame(
        [(f.id, case, " ".join(map(str, f.events.get(case, ())))) for f in found for case in f.evidence],
        columns=[_("Finding", lang=lang), _("Case", lang=lang), _("Events to look at", lang=lang)],
    )
    tables = {
        _("problems", lang=lang): found.table(lang),
        _("bottlenecks", lang=lang): bottlenecks,
        _("causes of waiting", lang=lang): waiting.total().reset_index(),
        **parts,
        **_structure(waiting.log, lang),
    }
    return {
        **{name: _shown(table, lang) for name, table in tables.items()},
        _("counting rules", lang=lang): counting,
        _("evidence", lang=lang): evidence,
        _("not checkable", lang=lang): unchecked,
    }


def _structure(log: EventLog, lang: Language) -> dict[str, pd.DataFrame]:
    """What is done again, who works with whom, and what a bundle waited for; as far as the log records it."""
    found = {_("rework", lang=lang): rework_by_activity(log).reset_index()}
    if len(log.departments) > 1:
        network = handover_network(log)
        found[_("handovers", lang=lang)] = network.edges
        found[_("handover network", lang=lang)] = network.nodes
    order = knock_out_order(log)
    if len(order.table):
        found[_("knock-out order", lang=lang)] = order.table
    if log.unit == "bundle" and log.has("item_code"):
        found[_("critical path", lang=lang)] = critical_path(log).share
        found[_("which was last", lang=lang)] = lagging(log)
    return {name: table for name, table in found.items() if len(table)}


def _shown(table: pd.DataFrame, lang: Language) -> pd.DataFrame:
    """The table with headers and values people read, numbers rounded to what they can bear."""
    kinds = {
        "waiting": _("waiting", lang=lang), "handover": _("handover time", lang=lang), "estimated": _("estimated", lang=lang),
        "high": _("high", lang=lang), "medium": _("medium", lang=lang), "low": _("low", lang=lang),
    }  # fmt: skip
    out = table.copy()
    for column in out.columns:
        if column in ("cause", "main_cause"):
            out[column] = [cause_name(str(c), lang) for c in out[column]]
        elif column in ("kind", "confidence"):
            out[column] = [kinds.get(str(v), str(v)) for v in out[column]]
        elif pd.api.types.is_float_dtype(out[column]):
            out[column] = out[column].round(4 if "share" in column or "efficiency" in column else 2)
    return out.rename(columns={c: header(str(c), lang) for c in out.columns})


def header(column: str, lang: Language) -> str:
    """Return what people call a column of a table; a name without a word of its own stays."""
    for cause in CAUSES:
        if column == f"{cause}_h":
            return _("{cause} (hours)", lang=lang, cause=cause_name(cause, lang))
        if column == f"without_{cause}":
            return _("efficiency without: {cause}", lang=lang, cause=cause_name(cause, lang))
    names = {
        "id": _("Finding", lang=lang), "rule": _("Rule", lang=lang), "title": _("Title", lang=lang),
        "statement": _("What is seen", lang=lang), "cases": _("Cases", lang=lang), "population": _("Of how many", lang=lang),
        "share": _("Share", lang=lang), "time_lost_days_total": _("Lost working days (total)", lang=lang),
        "saving_days_total": _("At most saved", lang=lang), "confidence": _("Confidence", lang=lang),
        "measures": _("Measures", lang=lang), "caveat": _("Caveat", lang=lang), "activity": _("Activity", lang=lang),
        "source": _("From", lang=lang), "target": _("To", lang=lang), "department": _("Department", lang=lang),
        "resource": _("Officer (code)", lang=lang), "role": _("Post or level", lang=lang), "item": _("Item", lang=lang),
        "month": _("Month", lang=lang), "frequency": _("Times", lang=lang), "share_of_cases": _("Share of cases", lang=lang),
        "waiting_h": _("Waiting (hours)", lang=lang), "processing_h": _("Work (hours)", lang=lang),
        "efficiency": _("Efficiency: work of work and waiting", lang=lang), "cause": _("Cause", lang=lang),
        "hours": _("Hours", lang=lang), "working_hours": _("Office hours", lang=lang),
        "working_share": _("Share of office hours", lang=lang), "waiting_days": _("Waiting, days in all", lang=lang),
        "median_days": _("Median, days", lang=lang), "saving_days": _("At most saved", lang=lang),
        "saving_per_case_days": _("At most saved per case, days", lang=lang), "main_cause": _("Mostly", lang=lang),
        "kind": _("Kind of time", lang=lang), "self_loop": _("Again at once", lang=lang),
        "repetition": _("Again later", lang=lang), "bundles": _("Bundles", lang=lang), "last": _("Times last", lang=lang),
        "low": _("Low (95 %)", lang=lang), "high": _("High (95 %)", lang=lang),
    }  # fmt: skip
    return names.get(column, column)
