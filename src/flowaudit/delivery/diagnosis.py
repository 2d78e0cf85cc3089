"""A diagnosis alone as the files people open: findings, tables, pictures, the time lines of the first findings."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from flowaudit.delivery.place import Place
from flowaudit.delivery.plain import write_json
from flowaudit.diagnosis import AXES, Findings, Waiting, cause_name, explain
from flowaudit.documents import write_book
from flowaudit.eventlog import EventLog
from flowaudit.messages import Language, current_language
from flowaudit.messages import translate as _
from flowaudit.views import findings_chart, time_lines, waiting_chart

EVIDENCE = 5
"""Findings whose cases are drawn."""


def write_diagnosis(
    out: str | os.PathLike[str],
    log: EventLog,
    found: Findings,
    waiting: Waiting,
    bottlenecks: pd.DataFrame,
    *,
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
    lang : {"zh", "en"}, optional
        Default: the current language.

    Returns
    -------
    tuple of str
        Names of the files: ``findings.json, waiting.json, diagnosis.xlsx, findings.svg, waiting.svg`` and
        ``evidence_1.svg`` ... for the first findings.

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
        "findings.svg": findings_chart(found, lang=lang).save,
        "waiting.svg": waiting_chart(waiting, lang=lang).save,
    }
    for number, finding in enumerate([f for f in found if f.evidence][:EVIDENCE], 1):
        writers[f"evidence_{number}.svg"] = time_lines(explain(finding, log), lang=lang).save
    place = Place(out)
    names = tuple(writers)
    place.require(names)
    stale = [n for n in (f"evidence_{k}.svg" for k in range(1, EVIDENCE + 1)) if n not in names]
    with place.staging() as staged:
        for name, write in writers.items():
            write(staged / name)
        place.fill(staged, names, drop=stale)
    return names


def _waiting(waiting: Waiting) -> dict[str, object]:
    return {
        "causes": waiting.total().reset_index().to_dict("records"),
        **{axis: waiting.by(axis).to_dict("records") for axis in AXES},
    }


def _sheets(
    found: Findings, waiting: Waiting, bottlenecks: pd.DataFrame, lang: Language
) -> dict[str, pd.DataFrame]:  # fmt: skip
    total = waiting.total().reset_index()
    total["cause"] = [cause_name(c, lang) for c in total["cause"]]
    names = {
        "transition": _("by transition", lang=lang), "activity": _("by activity", lang=lang),
        "department": _("by department", lang=lang), "resource": _("by officer", lang=lang), "role": _("by post", lang=lang),
        "item": _("by item", lang=lang), "month": _("by month", lang=lang),
    }  # fmt: skip
    parts = {names[axis]: table for axis in AXES if len(table := waiting.by(axis))}
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
    return {
        _("problems", lang=lang): found.table(lang),
        _("counting rules", lang=lang): counting,
        _("evidence", lang=lang): evidence,
        _("bottlenecks", lang=lang): bottlenecks,
        _("causes of waiting", lang=lang): total,
        **parts,
        _("not checkable", lang=lang): unchecked,
    }
