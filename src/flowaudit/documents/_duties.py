"""Parts eight to eleven: who does what, in which steps, by when, and with which safeguards."""

from __future__ import annotations

import pandas as pd

from flowaudit.documents._words import blank, text
from flowaudit.documents.content import Block, Heading, Paragraph, figure, table
from flowaudit.messages import Language
from flowaudit.messages import translate as _
from flowaudit.study import ScheduleRow, Study
from flowaudit.views import Gantt, gantt_chart


def duties(study: Study, lang: Language) -> tuple[list[Block], int]:
    """八、责任分工."""
    empty = blank(lang)
    rows = [
        tuple(getattr(d, name).strip() or empty for name in ("task", "unit", "person", "deadline", "deliverable"))
        for d in study.duties.duties
    ]
    if not rows:
        lead = study.settings.lead_department or empty
        for entry in study.scenario.entries:
            begins = _("in force from {date}", lang=lang, date=entry.start.isoformat()) if entry.start else empty
            rows.append((entry.label(lang), entry.owner.strip() or empty, empty, begins, empty))
        rows.append((_("draft and file the plan, operating procedure and guide", lang=lang), lead, empty, empty,
                     _("plan, operating procedure, guide", lang=lang)))  # fmt: skip
    to_fill = sum(cell == empty for row in rows for cell in row)
    head = (
        _("Task", lang=lang), _("Unit", lang=lang), _("Person or post", lang=lang), _("Deadline", lang=lang), _("Deliverable", lang=lang),
    )  # fmt: skip
    fixed = (
        (
            _("overall coordination", lang=lang),
            _("General Office of the municipal government (reform office)", lang=lang),
        ),
        (_("project funds", lang=lang), _("Commission of Economy and Informatisation, Finance Bureau", lang=lang)),
        (_("systems and data", lang=lang), _("municipal big-data centre", lang=lang)),
        (_("carrying the reform out", lang=lang), _("districts and departments", lang=lang)),
    )
    return [
        table(_("Duties", lang=lang), head, rows, widths=(4.2, 2, 1.8, 1.6, 2.4),
              notes=(_("Cells are typed into duties.toml beside this plan and survive a new run.", lang=lang),)),
        table(_("Standing duties", lang=lang), (_("Task", lang=lang), _("Unit", lang=lang)), fixed, widths=(4, 6),
              notes=(_("After 沪府办〔2020〕6号, part four; to be adapted to the names of local bodies.", lang=lang),)),
    ], to_fill  # fmt: skip


def steps(study: Study, lang: Language) -> tuple[list[Block], int]:
    """九、实施步骤."""
    blocks: list[Block] = [
        Heading(_("(I) Review and filing", lang=lang)),
        Paragraph(_("Lead and partner units discuss this draft, the legal office reviews every measure, and the plan is filed with the "
                    "reform office of the same level before it is carried out.", lang=lang)),
        Heading(_("(II) Preparation", lang=lang)),
        Paragraph(_("Operating procedure, guide and forms are rewritten; systems are changed as follows:", lang=lang)),
    ]  # fmt: skip
    from flowaudit.documents._reform import data_needed

    for i, measure in enumerate(study.scenario, 1):
        words = _("{i}. {label}: {needs}.", lang=lang, i=i, label=measure.label(lang), needs=data_needed(measure, lang))
        blocks.append(Paragraph(words))
    blocks += [
        Heading(_("(III) Training and trial run", lang=lang)),
        Paragraph(_("Window and approval staff are trained; the new flow is tried at selected windows, and problems are entered in a list "
                    "with who solves them by when.", lang=lang)),
        Heading(_("(IV) Full operation", lang=lang)),
        Paragraph(_("Guide and procedure are published; online and offline handling follow one standard; the result is fixed in the "
                    "acceptance and approval systems.", lang=lang)),
        Heading(_("(V) Evaluation and adjustment", lang=lang)),
        Paragraph(_("The same figures are counted again on the log after the reform, by the rules of annex 6, and compared with part seven; "
                    "the plan is adjusted where they differ.", lang=lang)),
    ]  # fmt: skip
    return blocks, 0


def schedule(study: Study, lang: Language) -> tuple[list[Block], int]:
    """十、进度安排."""
    empty = blank(lang)
    given = list(study.duties.schedule) or [
        ScheduleRow(stage=name)
        for name in (
            _("review and filing", lang=lang), _("preparation", lang=lang), _("training and trial run", lang=lang),
            _("full operation", lang=lang), _("evaluation and adjustment", lang=lang),
        )
    ]  # fmt: skip
    rows = [tuple(getattr(r, name).strip() or empty for name in ("stage", "start", "end", "content")) for r in given]
    to_fill = sum(cell == empty for row in rows for cell in row)
    head = (_("Stage", lang=lang), _("Start", lang=lang), _("End", lang=lang), _("Content", lang=lang))
    blocks: list[Block] = [
        table(_("Schedule", lang=lang), head, rows, widths=(3, 2, 2, 5),
              notes=(_("Dates are set by the office in charge in duties.toml; none is suggested.", lang=lang),))
    ]  # fmt: skip
    bars = [
        Gantt(r.stage, start, end)
        for r in given
        if (start := _date(r.start)) and (end := _date(r.end)) and end >= start
    ]
    if len(bars) == len(given):
        blocks.append(figure(gantt_chart(bars, lang=lang), _("Schedule (Gantt chart)", lang=lang)))
    return blocks, to_fill


def _date(words: str) -> pd.Timestamp | None:
    cleaned = words.strip().replace("年", "-").replace("月", "-").replace("日", "").replace("/", "-").rstrip("-")
    found = pd.to_datetime(cleaned, errors="coerce", format="ISO8601") if cleaned else pd.NaT
    return found if isinstance(found, pd.Timestamp) else None


def safeguards(study: Study, lang: Language) -> tuple[list[Block], int]:
    """十一、保障措施."""
    region = text(study.settings.region) if study.settings.region else _("this region", lang=lang)
    parts = (
        (_("(I) Organisation", lang=lang), _("The reform is put on the agenda of the units concerned; tasks are broken down to posts and "
           "persons; {region} names one leading unit for the one-thing.", lang=lang, region=region)),
        (_("(II) Technology", lang=lang), _("Systems are connected to the one-net platform; data are shared by interface with a record of every "
           "use; a manual path stays open where a fetch fails.", lang=lang)),
        (_("(III) Funds", lang=lang), _funds(study, lang)),
        (_("(IV) Training", lang=lang), _("Window and approval staff are trained on the new procedure and guide before full operation.", lang=lang)),
        (_("(V) Publicity and supervision", lang=lang), _("Results and good practice are published; applicants' ratings, overdue cases and "
           "returned applications are followed; important progress and problems are reported in writing to the reform office.", lang=lang)),
    )  # fmt: skip
    blocks: list[Block] = []
    for heading, words in parts:
        blocks += [Heading(heading), Paragraph(words)]
    return blocks, 0


def _funds(study: Study, lang: Language) -> str:
    """What the measures cost, where people have said so of all of them: the log holds no amount."""
    cost = study.scenario.cost_yuan if study.scenario.entries else None
    if cost is None:
        return _(
            "Costs of systems and staff are entered in the budget by the units concerned; this plan states no amount, "
            "since the log holds none.",
            lang=lang,
        )
    return _(
        "Costs of systems and staff are entered in the budget by the units concerned: {cost} yuan in all, as the scenario file states them.",
        lang=lang, cost=f"{cost:,.0f}",
    )  # fmt: skip
