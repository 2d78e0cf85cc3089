"""All numbers of a study as one workbook: text stays text, nothing is computed in it, the same study gives the same bytes."""

from __future__ import annotations

import io
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from flowaudit.diagnosis import waiting_causes
from flowaudit.documents._words import pick
from flowaudit.messages import Language, current_language
from flowaudit.messages import translate as _
from flowaudit.metrics import METRICS, Figure, NotRecorded, metric_label
from flowaudit.study import Study
from flowaudit.views import write_bytes
from flowaudit.worktime import load_calendar

Row = Sequence[object]
MOST_ROWS = 5000
SMALL_COLUMNS = ("events", "cases", "frequency")


def tables(study: Study, lang: Language | None = None) -> dict[str, pd.DataFrame]:
    """Return the sheets of the workbook.

    Parameters
    ----------
    study : Study
    lang : {"zh", "en"}, optional
        Default: the study's.

    Returns
    -------
    dict of str to pd.DataFrame
        By sheet name, in order. Counts stay exact: the workbook is for work inside the office.
    """
    lang = lang or study.settings.lang
    return {
        _("four reductions", lang=lang): _four(study, lang),
        _("before and after", lang=lang): _compared(study, lang),
        _("activities", lang=lang): study.as_is.nodes,
        _("flows", lang=lang): study.as_is.edges,
        _("variants", lang=lang): _variants(study),
        _("problems", lang=lang): study.findings.table(lang),
        _("waiting", lang=lang): study.findings.waiting,
        _("causes of waiting", lang=lang): _causes(study),
        _("quality", lang=lang): study.quality.to_frame(lang),
        _("counting rules", lang=lang): _rules(study, lang),
        _("sources", lang=lang): _sources(study, lang),
    }


def write_tables(study: Study, path: str | os.PathLike[str], lang: Language | None = None) -> Path:
    """Write the workbook.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    lang = lang or study.settings.lang
    return write_book(tables(study, lang), path, lang=lang, created=study.created)


def write_book(
    sheets: Mapping[str, pd.DataFrame],
    path: str | os.PathLike[str],
    *,
    lang: Language | None = None,
    created: pd.Timestamp | None = None,
) -> Path:
    """Write tables as one workbook: text stays text, no cell is a formula or a link.

    Parameters
    ----------
    sheets : mapping of str to pd.DataFrame
        By the name of their sheet.
    path : path
    lang : {"zh", "en"}, optional
        Default: the current language.
    created : pd.Timestamp, optional
        Stands in the properties of the file, so that the same tables give the same bytes; default: the start of 1980.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    import xlsxwriter

    lang = lang or current_language()
    buffer = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
               "nan_inf_to_errors": False}  # fmt: skip
    book = xlsxwriter.Workbook(buffer, options)
    book.set_properties(
        {
            "title": "flowaudit",
            "author": "flowaudit",
            "created": (created or pd.Timestamp("1980-01-01")).to_pydatetime(),
        }
    )
    font = {"font_name": "宋体" if lang == "zh" else "Calibri", "font_size": 10, "valign": "top"}
    head = book.add_format({**font, "bold": True, "bg_color": "#E9EDF1", "border": 1, "text_wrap": True})
    body = book.add_format({**font, "text_wrap": True})
    for name, frame in sheets.items():
        sheet = book.add_worksheet(name)
        sheet.freeze_panes(1, 0)
        shown = frame.head(MOST_ROWS)
        for c, column in enumerate(shown.columns):
            sheet.write_string(0, c, str(column), head)
            longest = max((_length(v) for v in shown[column].head(200)), default=4)
            sheet.set_column(c, c, min(60, max(10, longest + 2, _length(column) + 2)))
        for r, row in enumerate(shown.itertuples(index=False), 1):
            for c, value in enumerate(row):
                _write(sheet, r, c, value, body)
        if len(frame) > MOST_ROWS:
            sheet.write_string(
                MOST_ROWS + 1, 0, _("{n} further rows are not listed", lang=lang, n=len(frame) - MOST_ROWS), body
            )
        if len(shown):
            sheet.autofilter(0, 0, len(shown), max(len(shown.columns) - 1, 0))
    book.close()
    return write_bytes(Path(path), buffer.getvalue())


def _length(value: object) -> int:
    return sum(2 if ord(c) > 255 else 1 for c in str(value)[:80])


def _write(sheet: Any, r: int, c: int, value: object, form: Any) -> None:
    if isinstance(value, bool):
        sheet.write_boolean(r, c, value, form)
    elif isinstance(value, int | float) or hasattr(value, "dtype"):
        number = float(value)  # type: ignore[arg-type]
        if math.isfinite(number):
            sheet.write_number(r, c, number, form)
    elif value is None or value is pd.NaT or value is pd.NA:
        return
    else:
        words = " → ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)
        sheet.write_string(r, c, "".join(ch for ch in words if ch >= " " or ch in "\n\t")[:32000], form)


def _four(study: Study, lang: Language) -> pd.DataFrame:
    rows: list[Row] = []
    figures = [(m, study.observed.primary[m]) for m in METRICS] + list(study.observed.guide_recorded.items())
    for metric, found in figures:
        if isinstance(found, NotRecorded):
            rows.append(
                (
                    metric_label(metric, lang),
                    _("not recorded", lang=lang),
                    None,
                    None,
                    None,
                    None,
                    None,
                    found.reason(lang),
                )
            )
        else:
            extra = found.extra
            rows.append(
                (
                    found.rule.name(lang),
                    found.value,
                    found.rule.unit(lang),
                    found.low,
                    found.high,
                    extra.get("p90"),
                    found.n,
                    found.rule.text(lang),
                )
            )
    head = [
        _("Metric", lang=lang),
        _("Value", lang=lang),
        _("Unit", lang=lang),
        _("Low (95 %)", lang=lang),
        _("High (95 %)", lang=lang),
        _("P90", lang=lang),
        _("Cases", lang=lang),
        _("Counting rule", lang=lang),
    ]
    return pd.DataFrame(rows, columns=head)


def _compared(study: Study, lang: Language) -> pd.DataFrame:
    rows = []
    for c in study.verdict.comparisons:
        observed = study.observed.primary.get(c.metric)
        seen = observed.value if isinstance(observed, Figure) else None
        rows.append(
            (metric_label(c.metric, lang), c.before.rule.unit(lang), seen, c.before.value, c.after.value, c.difference, c.low, c.high, c.reduction.rate, c.after.rule.text(lang))
        )  # fmt: skip
    head = [
        _("Metric", lang=lang),
        _("Unit", lang=lang),
        _("Observed", lang=lang),
        _("Before (simulated)", lang=lang),
        _("After (simulated)", lang=lang),
        _("Difference", lang=lang),
        _("Low (95 %)", lang=lang),
        _("High (95 %)", lang=lang),
        _("Rate of reduction", lang=lang),
        _("Counting rule", lang=lang),
    ]
    return pd.DataFrame(rows, columns=head)


def _causes(study: Study) -> pd.DataFrame:
    waiting = waiting_causes(study.log, unit=study.log.unit, calendar=load_calendar(study.settings.calendar))
    return waiting.by("activity")


def _variants(study: Study) -> pd.DataFrame:
    frame = study.as_is.variants.head(200)
    return frame.assign(variant=[" → ".join(map(str, v)) for v in frame["variant"]])


def _rules(study: Study, lang: Language) -> pd.DataFrame:
    rows = []
    figures = [f for f in study.observed.primary.values() if isinstance(f, Figure)] + list(
        study.observed.guide_recorded.values()
    )
    figures += [c.after for c in study.verdict.comparisons]
    for found in figures:
        r = found.rule
        rows.append(
            (
                r.key,
                r.name(lang),
                r.unit(lang),
                r.statistic,
                r.policy,
                r.baseline,
                r.period,
                pick(lang, r.population_zh, r.population_en),
                pick(lang, r.definition_zh, r.definition_en),
                r.source,
            )
        )
    head = [
        _("Key", lang=lang),
        _("Name", lang=lang),
        _("Unit", lang=lang),
        _("Statistic", lang=lang),
        _("Policy", lang=lang),
        _("Baseline", lang=lang),
        _("Period", lang=lang),
        _("Counted over", lang=lang),
        _("Definition", lang=lang),
        _("Source", lang=lang),
    ]
    return pd.DataFrame(rows, columns=head)


def _sources(study: Study, lang: Language) -> pd.DataFrame:
    source = study.log.provenance
    rows: list[Row] = [
        (_("Log", lang=lang), source.source),
        (_("Time zone of the stamps", lang=lang), source.timezone),
        (_("Working calendar", lang=lang), study.settings.calendar),
        (_("Seed, replications", lang=lang), f"{study.settings.seed}, {study.settings.replications}"),
        (_("Written", lang=lang), f"{study.created:%Y-%m-%d %H:%M:%S}"),
        *((_("Notes and filters", lang=lang), pick(lang, *note)) for note in source.notes),
        *((name, digest) for name, digest in sorted(study.inputs.items())),
    ]
    head = [
        _("What", lang=lang),
        _("Value", lang=lang),
    ]
    return pd.DataFrame(rows, columns=head)
