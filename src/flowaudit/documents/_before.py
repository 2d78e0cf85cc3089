"""Part three: the flow before the reform — map, lanes, steps, time limits, materials, trips, fees."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from flowaudit.documents._words import DASH, SMALL, count, number, stage_name, text, whole
from flowaudit.documents.content import Block, Heading, Paragraph, figure, table
from flowaudit.eventlog import APPLICANT, items_of
from flowaudit.flow import handover
from flowaudit.messages import Language
from flowaudit.messages import translate as _
from flowaudit.metrics import Figure
from flowaudit.study import Study
from flowaudit.views import process_map, swimlane
from flowaudit.worktime import load_calendar

MOST_STEPS = 40


def before(study: Study, lang: Language) -> tuple[list[Block], int]:
    """三、优化前流程."""
    log = study.log
    first, last = log.span
    values = {
        "cases": f"{log.n_cases:,}", "events": f"{log.n_events:,}", "activities": len(log.activities),
        "departments": len(log.departments), "first": f"{first:%Y-%m-%d}", "last": f"{last:%Y-%m-%d}",
    }  # fmt: skip
    if log.unit == "bundle":
        intro = _("The log holds {cases} bundles (one application for the one-thing each) with {events} events, {activities} "
                  "activities and {departments} departments, {first} to {last}.", lang=lang, **values)  # fmt: skip
    else:
        intro = _("The log holds {cases} cases with {events} events, {activities} activities and {departments} departments, "
                  "{first} to {last}.", lang=lang, **values)  # fmt: skip
    variants = study.as_is.variants
    top = float(variants["share"].max()) if len(variants) else 0.0
    intro += _("They run in {variants} different ways; the most frequent one covers {top:.1%} of them.", lang=lang,
               variants=f"{len(variants):,}", top=top)  # fmt: skip
    blocks: list[Block] = [
        Paragraph(intro),
        Heading(_("(I) Flow chart", lang=lang)),
        figure(process_map(study.as_is, lang=lang), _("Process map before the reform (observed)", lang=lang)),
        figure(swimlane(study.as_is, lang=lang), _("Swim lanes before the reform (usual path, observed)", lang=lang)),
        Heading(_("(II) Steps", lang=lang)),
        steps_table(study, lang),
        Heading(_("(III) Time limits", lang=lang)),
        *_limits(study, lang),
        Heading(_("(IV) Materials", lang=lang)),
        *_materials(study, lang),
        Heading(_("(V) Trips", lang=lang)),
        *_trips(study, lang),
        Heading(_("(VI) Fees", lang=lang)),
        *_fees(study, lang),
    ]
    return blocks, 0


def steps_table(study: Study, lang: Language) -> Block:
    """Return the activities with who does them, how often, and how long they take."""
    nodes = study.as_is.nodes
    unknown = _("not recorded", lang=lang)
    rows = []
    for row in nodes.head(MOST_STEPS).to_dict("records"):
        work = row["median_work_h"]
        rows.append(
            (row["activity"], text(row["department"]), stage_name(row["stage"], lang), count(row["cases"]), count(row["events"]),
             unknown if pd.isna(work) else number(work, 2))
        )  # fmt: skip
    head = (
        _("Activity", lang=lang), _("Department", lang=lang), _("Stage", lang=lang), _("Cases", lang=lang), _("Times", lang=lang),
        _("Median work (h)", lang=lang),
    )  # fmt: skip
    notes = [
        _(
            "Work: from start to end of an activity, in office hours; where starts are not recorded, work is unknown, not 0.",
            lang=lang,
        )
    ]
    if (nodes.head(MOST_STEPS)["median_work_h"] < 0.005).any():
        notes.append(_("0.00: done in a moment, or outside office hours.", lang=lang))
    if len(nodes) > MOST_STEPS:
        notes.append(
            _(
                "The {n} most frequent of {all} activities; all of them stand in tables.xlsx.",
                lang=lang,
                n=MOST_STEPS,
                all=len(nodes),
            )
        )
    return table(
        _("Steps before the reform", lang=lang),
        head,
        rows,
        notes=notes,
        widths=(4.2, 2.8, 1.8, 1.3, 1.3, 1.6),
        numeric=(3, 4, 5),
    )


def _limits(study: Study, lang: Language) -> list[Block]:
    blocks: list[Block] = []
    catalogue = study.catalogue
    observed = _observed_days(study)
    if catalogue is not None and catalogue.items is not None and "statutory_days" in catalogue.items:
        rows = []
        for row in catalogue.items.to_dict("records"):
            seen = observed.get(str(row["item_code"]))
            rows.append(
                (text(row["name"]), text(row.get("department")), _limit(row, "statutory"), _limit(row, "promised"),
                 _("not recorded", lang=lang) if seen is None else f"{seen[0]:.1f} / {seen[1]:.1f}",
                 DASH if seen is None else count(seen[2]))
            )  # fmt: skip
        head = (
            _("Item", lang=lang), _("Department", lang=lang), _("Statutory limit", lang=lang), _("Promised limit", lang=lang),
            _("Observed median / P90", lang=lang), _("Cases", lang=lang),
        )  # fmt: skip
        blocks.append(
            table(_("Time limits and observed time by item", lang=lang), head, rows, widths=(4, 2.6, 2, 2, 2.2, 1.2), numeric=(4, 5),
                  notes=(_("Limits: catalogue. Observed: working days from acceptance to decision, the day of acceptance not counted, "
                           "special procedures not deducted; a limit and an observed time are different things and are not subtracted.",
                           lang=lang),))
        )  # fmt: skip
    blocks.append(_department_times(study, lang))
    for figure_ in (study.observed.time, study.observed.clock):
        if isinstance(figure_, Figure) and figure_.value is not None:
            blocks.append(
                Paragraph(
                    _("{name}: median {value} {unit}, 90th percentile {p90} (n = {n}).", lang=lang, name=figure_.rule.name(lang),
                      value=number(figure_.value), unit=figure_.rule.unit(lang), p90=number(figure_.extra.get("p90")), n=f"{figure_.n:,}")
                )
            )  # fmt: skip
        elif not isinstance(figure_, Figure):
            blocks.append(Paragraph(figure_.reason(lang)))
    return blocks


def _limit(row: Mapping[Hashable, Any], kind: str) -> str:
    days = whole(row.get(f"{kind}_days"))
    unit = text(row.get(f"{kind}_unit"))
    return days if days == DASH or unit == DASH else f"{days} {unit}"


def _observed_days(study: Study) -> dict[str, tuple[float, float, int]]:
    """Median and 90th percentile of acceptance to decision by item, where the cases record both."""
    cases = items_of(study.log)
    if cases is None or not {"item_code", "accept_time", "decide_time"} <= set(cases):
        return {}
    known = cases.dropna(subset=["item_code", "accept_time", "decide_time"])
    if known.empty:
        return {}
    calendar = load_calendar(study.settings.calendar)
    days = calendar.working_days(
        known["accept_time"].to_numpy("datetime64[us]"), known["decide_time"].to_numpy("datetime64[us]")
    )
    grouped = pd.Series(np.asarray(days, float)).groupby(known["item_code"].astype(str).to_numpy())
    return {str(k): (float(v.median()), float(v.quantile(0.9)), len(v)) for k, v in grouped}


def _department_times(study: Study, lang: Language) -> Block:
    """Return how long work lies (or, without starts, lies and is worked on) at every department."""
    log = study.log
    title = (
        _("Waiting before each activity, by department", lang=lang)
        if log.has("start")
        else _("Time from the previous activity to the end of this one, by department", lang=lang)
    )
    if not log.has("department"):
        return Paragraph(_("Departments are not recorded; times cannot be told apart by department.", lang=lang))
    opened, closed = handover(log)
    hours = load_calendar(study.settings.calendar).working_time(opened, closed)
    codes, labels = log.codes("department")
    frame = pd.DataFrame({"department": codes, "hours": np.asarray(hours, float)})
    grouped = frame[frame["department"] >= 0].groupby("department")["hours"]
    rows = []
    for code, values in grouped:
        name = labels[int(str(code))]
        if name != APPLICANT:
            rows.append(
                (
                    name,
                    len(values),
                    float(values.median()) / 7,
                    float(values.quantile(0.9)) / 7,
                    float(values.sum()) / 7,
                )
            )
    rows.sort(key=lambda r: -r[4])
    head = (
        _("Department", lang=lang), _("Times", lang=lang), _("Median (days)", lang=lang), _("P90 (days)", lang=lang),
        _("Sum (days)", lang=lang),
    )  # fmt: skip
    cells = [
        (r[0], count(r[1]), *((DASH,) * 3 if r[1] < SMALL else (number(r[2], 2), number(r[3], 2), number(r[4], 0))))
        for r in rows[:30]
    ]
    notes = [_("Working days of 7 office hours, measured from the event that enabled the activity.", lang=lang)]
    if not log.has("start"):
        notes.append(_("Starts are not recorded: waiting and work cannot be told apart.", lang=lang))
    return table(title, head, cells, notes=notes, widths=(4, 1.5, 1.8, 1.8, 1.8), numeric=(1, 2, 3, 4))


def _materials(study: Study, lang: Language) -> list[Block]:
    blocks: list[Block] = []
    catalogue = study.catalogue
    if catalogue is not None and catalogue.item_materials is not None:
        rows: list[tuple[object, ...]] = []
        for code in catalogue.item_codes:
            needed = catalogue.required_materials(code)
            city = int((needed["issuer_scope"] == "city").sum()) if "issuer_scope" in needed else None
            licence = int(needed["elicence_type"].notna().sum()) if "elicence_type" in needed else None
            rows.append(
                (
                    catalogue.item_name(code),
                    len(needed),
                    DASH if city is None else city,
                    DASH if licence is None else licence,
                )
            )
        rows.append(
            (_("Sum over items", lang=lang), *(sum(n for r in rows if isinstance(n := r[k], int)) for k in (1, 2, 3)))
        )
        head = (
            _("Item", lang=lang), _("Required (kinds)", lang=lang), _("issued by this city", lang=lang), _("with an e-licence type", lang=lang),
        )  # fmt: skip
        blocks.append(
            table(_("Materials the guides ask for", lang=lang), head, rows, widths=(5, 2, 2, 2), numeric=(1, 2, 3),
                  notes=(_("Kinds, not copies; deferrable ones included. The full list is annex 2.", lang=lang),))
        )  # fmt: skip
    else:
        blocks.append(Paragraph(_("Guide: not recorded, since no catalogue of materials was given.", lang=lang)))
    blocks.append(_observed_line(study.observed.materials, lang))
    return blocks


def _trips(study: Study, lang: Language) -> list[Block]:
    blocks: list[Block] = []
    catalogue = study.catalogue
    if catalogue is not None and catalogue.items is not None and "visits_min" in catalogue.items:
        rows = [
            (text(r["name"]), whole(r.get("visits_min")), text(r.get("visit_reason")))
            for r in catalogue.items.to_dict("records")
        ]
        head = (_("Item", lang=lang), _("Visits stated", lang=lang), _("Reason for being there", lang=lang))
        blocks.append(table(_("Visits the guides state", lang=lang), head, rows, widths=(4, 1.5, 5), numeric=(1,)))
    else:
        blocks.append(Paragraph(_("Guide: not recorded, since no catalogue of items was given.", lang=lang)))
    blocks.append(_observed_line(study.observed.trips, lang))
    return blocks


def _observed_line(found: object, lang: Language) -> Block:
    if isinstance(found, Figure) and found.value is not None:
        mean = found.extra.get("mean")
        return Paragraph(
            _("Observed: {name}, median {value} {unit}, mean {mean} (n = {n}).", lang=lang, name=found.rule.name(lang),
              value=number(found.value), unit=found.rule.unit(lang), mean=number(mean, 2), n=f"{found.n:,}")
        )  # fmt: skip
    reason = found.reason(lang) if hasattr(found, "reason") else ""
    return Paragraph(_("Observed: not recorded. {reason}", lang=lang, reason=reason))


def _fees(study: Study, lang: Language) -> list[Block]:
    catalogue = study.catalogue
    if catalogue is None or catalogue.items is None or "fee" not in catalogue.items:
        return [Paragraph(_("Not recorded: fees are read from a catalogue of items, and none was given.", lang=lang))]
    charged = catalogue.items[catalogue.items["fee"].map(lambda v: str(v).casefold() in ("true", "1", "是"))]
    if charged.empty:
        return [Paragraph(_("According to the catalogue no item of this one-thing is charged.", lang=lang))]
    rows = [(text(r["name"]), text(r.get("fee_basis"))) for r in charged.to_dict("records")]
    head = (_("Item", lang=lang), _("Basis of the fee", lang=lang))
    return [table(_("Items that are charged", lang=lang), head, rows, widths=(4, 6))]
