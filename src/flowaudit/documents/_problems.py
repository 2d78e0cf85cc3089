"""Part four: what is wrong — pain, blockage, difficulty; each with what is seen, on what data, and what speaks against it."""

from __future__ import annotations

from collections.abc import Sequence

from flowaudit.diagnosis import Finding, waiting_causes
from flowaudit.documents._words import SMALL, column_name, count, number, percent
from flowaudit.documents.content import Block, Heading, Paragraph, figure, table
from flowaudit.messages import Language
from flowaudit.messages import translate as _
from flowaudit.study import Study
from flowaudit.views import finding_label, findings_chart, handover_chart, waiting_chart
from flowaudit.worktime import load_calendar

GROUPS = ("痛点", "堵点", "难点")
IN_FULL = 6


def group_name(group: str, lang: Language) -> str:
    """Return what people call a group of findings."""
    names = {
        "痛点": _("Pain points (what applicants feel)", lang=lang),
        "堵点": _("Blockages (waiting, handovers, layers)", lang=lang),
        "难点": _("Difficulties (law, structure, data)", lang=lang),
    }
    return names.get(group, group)


def problem_numbers(study: Study) -> dict[str, str]:
    """Return the number a finding has in the plan ("P1"), in the order in which they are printed."""
    ordered = [f for g in GROUPS for f in study.findings if f.group == g]
    return {f.id: f"P{i}" for i, f in enumerate(ordered, 1)}


def item_names(study: Study) -> dict[str, str]:
    """Return item codes and what the catalogue calls them."""
    catalogue = study.catalogue
    return {} if catalogue is None else {code: catalogue.item_name(code) for code in catalogue.item_codes}


def problem_name(study: Study, finding: Finding, lang: Language) -> str:
    """Return the title of a finding and what it was found on."""
    return finding_label(finding, lang, item_names(study))


def problems(study: Study, lang: Language) -> tuple[list[Block], int]:
    """四、存在问题."""
    findings = list(study.findings)
    if not findings:
        text = _("The rules that could be checked found nothing above their thresholds in this log. That is not a proof that there are "
                 "no problems: what could not be checked is listed below.", lang=lang)  # fmt: skip
        return [Paragraph(text), *_unchecked(study, lang)], 0
    numbers = problem_numbers(study)
    blocks: list[Block] = [
        Paragraph(
            _("The following were found by rule in the log ({n} findings). A finding is a candidate: it says where to look, it is not a "
              "verdict on a unit or a person, and legal steps are not to be dropped because of it.", lang=lang, n=len(findings))
        ),
        figure(findings_chart(study.findings, lang=lang, names=item_names(study)), _("Working days lost by finding", lang=lang)),
        *_waiting(study, lang),
    ]  # fmt: skip
    told: dict[str, str] = {}
    marks = [_("(I) ", lang=lang), _("(II) ", lang=lang), _("(III) ", lang=lang), _("(IV) ", lang=lang)]
    for group in GROUPS:
        found = [f for f in findings if f.group == group]
        blocks.append(Heading(marks[GROUPS.index(group)] + group_name(group, lang)))
        if not found:
            blocks.append(Paragraph(_("Nothing found above the thresholds.", lang=lang)))
            continue
        for i, finding in enumerate(found[:IN_FULL], 1):
            blocks += _one(study, finding, i, numbers[finding.id], told, lang)
        if len(found) > IN_FULL:
            blocks.append(_rest(study, found[IN_FULL:], numbers, lang))
        if group == "堵点" and len(study.log.departments) > 1:
            blocks.append(
                figure(handover_chart(study.log, lang=lang), _("Handovers between departments (observed)", lang=lang))
            )
    unchecked = _unchecked(study, lang)
    if unchecked:
        blocks += [Heading(marks[3] + _("What this log cannot tell", lang=lang)), *unchecked]
    return blocks, 0


def _waiting(study: Study, lang: Language) -> list[Block]:
    """Why cases wait, where start times are recorded."""
    waiting = waiting_causes(study.log, unit=study.log.unit, calendar=load_calendar(study.settings.calendar))
    if waiting.kind == "handover":
        return []
    return [figure(waiting_chart(waiting, lang=lang), _("Waiting by cause", lang=lang))]


def _one(study: Study, finding: Finding, i: int, number_: str, told: dict[str, str], lang: Language) -> list[Block]:
    """One finding in full; ``told`` says where the counting rule of a rule stands already."""
    counting = (
        _("as for {number}.", lang=lang, number=told[finding.rule]) if finding.rule in told else finding.counting(lang)
    )
    told.setdefault(finding.rule, number_)
    return [
        Heading(
            f"{i}. {problem_name(study, finding, lang)}"
            + _(" ({number}, rule {rule})", lang=lang, number=number_, rule=finding.rule),
            3,
        ),
        Paragraph(finding.statement(lang), lead=_("What is seen: ", lang=lang)),
        Paragraph(evidence(study, finding, lang), lead=_("Data: ", lang=lang)),
        Paragraph(finding.caveat(lang), lead=_("Causes to check, caveat: ", lang=lang)),
        Paragraph(counting, lead=_("Counting rule: ", lang=lang)),
        *_answers(finding, lang),
    ]


def _answers(finding: Finding, lang: Language) -> list[Block]:
    """Measures that may help and why; which of them are proposed stands in part five."""
    reasons = [
        f"{m}: {why}" if lang == "en" else f"{m}：{why}" for m in finding.measures if (why := finding.why(m, lang))
    ]
    if not reasons:
        return []
    return [
        Paragraph(_("; ", lang=lang).join(reasons) + _(".", lang=lang), lead=_("Measures to consider: ", lang=lang))
    ]


def evidence(study: Study, finding: Finding, lang: Language) -> str:
    """Return the numbers a finding rests on, as one sentence or two."""
    of = (
        _("all {population} cases", lang=lang, population=f"{finding.population:,}")
        if finding.population == study.log.n_cases
        else _("the {population} cases that come to it at all", lang=lang, population=f"{finding.population:,}")
    )
    if finding.cases < SMALL:
        # the exact share would give the small count away
        words = _("fewer than {small} of {of}.", lang=lang, small=SMALL, of=of)
    else:
        words = _("{cases} of {of}, {share} (95 % interval {low}–{high}).", lang=lang, cases=f"{finding.cases:,}", of=of,
                  share=percent(finding.share), low=percent(finding.share_low), high=percent(finding.share_high))  # fmt: skip
    if finding.time_lost_days_total is None:
        return words + _("Time lost: not recorded.", lang=lang)
    words += _("Time concerned: median {median} working days per case, 90th percentile {p90}, {total} in all.", lang=lang,
               median=number(finding.time_lost_days_median), p90=number(finding.time_lost_days_p90),
               total=number(finding.time_lost_days_total, 0))  # fmt: skip
    if finding.saving_days_total is not None:
        words += _("Without it all cases together would have ended at most {saving} working days earlier.", lang=lang,
                   saving=number(finding.saving_days_total, 0))  # fmt: skip
    if finding.time_kind == "handover":
        words += _("Without start times this holds waiting and work together.", lang=lang)
    if finding.time_kind == "estimated":
        words += _("Start times are estimated.", lang=lang)
    return words


def _rest(study: Study, findings: Sequence[Finding], numbers: dict[str, str], lang: Language) -> Block:
    rows = [
        (numbers[f.id], problem_name(study, f, lang), count(f.cases), number(f.time_lost_days_total, 0))
        for f in findings
    ]
    head = (_("No.", lang=lang), _("Finding", lang=lang), _("Cases", lang=lang), _("Days in all", lang=lang))
    return table(_("Further findings", lang=lang), head, rows, widths=(1, 7, 1.5, 1.8), numeric=(2, 3),
                 notes=(_("Days: working days; findings overlap and do not add up. Details: findings.json.", lang=lang),))  # fmt: skip


def _unchecked(study: Study, lang: Language) -> list[Block]:
    rows = [
        (n.rule, n.reason(lang), _(", ", lang=lang).join(column_name(c, lang) for c in n.needs))
        for n in study.findings.not_checkable
    ]
    if not rows:
        return []
    head = (_("Rule", lang=lang), _("Why it could not be checked", lang=lang), _("Data needed", lang=lang))
    return [table(_("Rules this log cannot answer", lang=lang), head, rows, widths=(1, 6, 3))]
