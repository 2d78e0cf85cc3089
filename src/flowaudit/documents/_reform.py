"""Parts five and six: the measures, and the flow with them in force."""

from __future__ import annotations

from flowaudit.diagnosis import Finding
from flowaudit.documents._problems import problem_name, problem_numbers
from flowaudit.documents._words import count, number, pick, stage_name, text
from flowaudit.documents.content import Block, Heading, Paragraph, figure, table
from flowaudit.messages import Language
from flowaudit.messages import translate as _
from flowaudit.redesign import Measure
from flowaudit.study import Study
from flowaudit.views import compare_map, merge_pairs, process_map, swimlane

LEAST_SAVED = 0.05
"""Working days; less would be printed as 0.0 or 0.1 and means nothing to an office."""

CATEGORIES = ("①", "②", "③", "④", "⑤", "⑥", "U")


def category_name(category: str, lang: Language) -> str:
    """Return which re-engineering a category mark stands for."""
    names = {
        "①": _("Conditions of application: one notice", lang=lang),
        "②": _("Way of applying: one form", lang=lang),
        "③": _("Acceptance: one intake", lang=lang),
        "④": _("Review: one net", lang=lang),
        "⑤": _("Issuing: one issuance", lang=lang),
        "⑥": _("Management: one management", lang=lang),
        "U": _("Improving single items", lang=lang),
    }
    return names.get(category, category)


def reduction_names(keys: tuple[str, ...], lang: Language) -> str:
    """Return which of the four reductions a measure is meant to feed."""
    names = {
        "steps": _("fewer steps", lang=lang),
        "time": _("less time", lang=lang),
        "clock": _("a shorter official clock", lang=lang),
        "materials": _("fewer materials", lang=lang),
        "trips": _("fewer trips", lang=lang),
    }
    return _(", ", lang=lang).join(names.get(k, k) for k in keys)


def answered(study: Study, measure: Measure) -> list[Finding]:
    """Return the findings a measure answers."""
    ids = {i for m, found in zip(study.scenario, study.answers, strict=True) if m == measure for i in found}
    return [f for f in study.findings if f.id in ids]


def saved(study: Study, measure: Measure) -> bool:
    """Say whether the simulation saw the measure save time: a twentieth of a day at least, beyond its luck.

    In the stated order, or whatever the order: what another measure has saved already is not held against it.
    """
    ways = [way for way in (study.attribution, study.order_free) if way is not None and "time" in way.metrics]
    return any(
        bar.low >= LEAST_SAVED
        for way in ways
        for m, bar in zip(study.scenario, way.of("time").bars, strict=True)
        if m == measure
    )


def data_needed(measure: Measure, lang: Language) -> str:
    """Return what must be shared or built for a measure."""
    needs = {
        "use_e_licence": _(
            "call interface to the e-licence library or the issuer's data, success rate and hours of service", lang=lang
        ),
        "reuse_material": _(
            "material library of the one-thing, shared by all items with the applicant's consent", lang=lang
        ),
        "one_window": _("one acceptance system that sends each item to its department and gets states back", lang=lang),
        "parallelise": _(
            "acceptance data pushed to all departments at once; results of each visible to the others", lang=lang
        ),
        "limit_levels": _("approval system reconfigured: levels, rights of decision", lang=lang),
        "merge_steps": _("approval system reconfigured: one node instead of two", lang=lang),
        "staff": _("staffing and rota decisions; no data sharing", lang=lang),
        "case_worker": _("approval system reconfigured: one desk with the rights of all offices", lang=lang),
        "one_form": _("one form in the acceptance system, its fields mapped to those of each item", lang=lang),
        "notify_once": _("guides and lists of frequent defects in the consultation system", lang=lang),
        "precheck": _(
            "rules of the check in the acceptance system, with their version and every alarm on record", lang=lang
        ),
        "decide_automatically": _(
            "rules of the decision with their version, a manual path, samples for audit", lang=lang
        ),
        "commit": _("commitments taken in the acceptance system; later checks as tasks; breaches on record", lang=lang),
        "tolerate_missing": _("acceptance with open materials; their deadlines tracked and announced", lang=lang),
        "inspect_together": _("one calendar of inspections for the departments; one record that all read", lang=lang),
        "serve_early": _("early service registered before acceptance and taken over at acceptance", lang=lang),
        "drop_prerequisite": _("prerequisite taken out of the guides and systems of the item", lang=lang),
        "issue_together": _("one issuance window or courier; proof of delivery sent to each department", lang=lang),
        "shorten_promise": _("promised limits changed in guides and systems", lang=lang),
        "agree_by_silence": _("due dates of consultations in the system; agreement recorded when they pass", lang=lang),
        "delegate": _("rights, seals and accounts of the department that takes over", lang=lang),
        "go_online": _("identification and signature online; results sent electronically or by courier", lang=lang),
        "any_window": _("one queue for all windows; each reads the others' cases", lang=lang),
        "handle_daily": _("no fixed days in the approval system", lang=lang),
        "triage": _("simple cases marked in the acceptance system by rules with their version", lang=lang),
    }
    return needs.get(measure.verb, _("to be stated by the data office", lang=lang))


def measures(study: Study, lang: Language) -> tuple[list[Block], int]:
    """五、改革举措."""
    blocks: list[Block] = []
    chosen = tuple(study.scenario)
    if chosen and study.proposed:
        blocks.append(
            Paragraph(
                _("The measures below were proposed by flowaudit from the findings, for discussion. The office in charge decides which to "
                  "take; each needs a review by the legal office.", lang=lang)
            )
        )  # fmt: skip
    elif chosen:
        blocks.append(Paragraph(_("The measures below are those of scenario “{name}”, given by the office in charge. Each needs a review by "
                                  "the legal office.", lang=lang, name=study.scenario.name)))  # fmt: skip
    numbers = problem_numbers(study)
    known = [c for c in CATEGORIES if any(m.category == c for m in chosen)]
    marks = [_("(I) ", lang=lang), _("(II) ", lang=lang), _("(III) ", lang=lang), _("(IV) ", lang=lang), _("(V) ", lang=lang),
             _("(VI) ", lang=lang), _("(VII) ", lang=lang), _("(VIII) ", lang=lang)]  # fmt: skip
    for mark, category in zip(marks, known, strict=False):
        blocks.append(Heading(mark + category_name(category, lang)))
        for i, measure in enumerate([m for m in chosen if m.category == category], 1):
            blocks += _one(study, measure, i, numbers, lang)
    if study.refused:
        rows = [(pick(lang, r.what_zh, r.what_en), pick(lang, r.reason_zh, r.reason_en)) for r in study.refused]
        head = (_("Not supported", lang=lang), _("Reason", lang=lang))
        blocks += [
            Heading(marks[len(known)] + _("What the data cannot support", lang=lang)),
            Paragraph(
                _("The following were considered and refused, since this log cannot answer for them:", lang=lang)
            ),
            table(_("Measures the data cannot support", lang=lang), head, rows, widths=(4, 6)),
        ]
    if not chosen:
        blocks.append(Paragraph(_("No measure is proposed: (to be filled in)", lang=lang)))
        return blocks, 1
    return blocks, 0


def _one(study: Study, measure: Measure, i: int, numbers: dict[str, str], lang: Language) -> list[Block]:
    found = answered(study, measure)
    reasons = [s.reason(lang) for s in study.suggestions if s.measure == measure]
    separator = _("; ", lang=lang)
    problem = separator.join(f"{numbers[f.id]} {problem_name(study, f, lang)}" for f in found)
    problem = (
        problem
        or separator.join(reasons)
        or _("given by the office in charge, no finding of the log names it", lang=lang)
    )
    affected = next((n for label, n in _changes(study) if label in (measure.label("zh"), measure.label("en"))), None)
    hoped = tuple(r for r in measure.reductions if r != "time" or study.attribution is None or saved(study, measure))
    effect = reduction_names(hoped, lang)
    if hoped != measure.reductions:
        effect += (_("; ", lang=lang) if hoped else "") + _("no time saved was seen in this estimate", lang=lang)
    if affected is not None:
        effect += _(
            "; {n} of {all} observed cases would run differently",
            lang=lang,
            n=count(affected),
            all=f"{study.process.cases:,}",
        )
    return [
        Heading(
            f"{i}. {measure.label(lang)}" + _(" ({id} {name})", lang=lang, id=measure.id, name=measure.name(lang)), 3
        ),
        Paragraph(measure.description(lang), lead=_("Measure: ", lang=lang)),
        Paragraph(problem, lead=_("Problem it answers: ", lang=lang)),
        Paragraph(effect, lead=_("Meant to bring: ", lang=lang)),
        *_assumed(study, measure, lang),
        *_terms(study, measure, lang),
        Paragraph(
            measure.basis(lang) + pick(lang, "", " ") + measure.legal_note(lang), lead=_("Basis and risk: ", lang=lang)
        ),
        Paragraph(data_needed(measure, lang), lead=_("Data and systems needed: ", lang=lang)),
    ]


def _terms(study: Study, measure: Measure, lang: Language) -> list[Block]:
    """Unit in charge, cost and date of a measure, as far as the scenario file gives them."""
    entry = next(e for e in study.scenario.entries if e.measure == measure)
    told = []
    if entry.owner.strip():
        told.append(_("unit in charge {owner}", lang=lang, owner=entry.owner.strip()))
    if entry.cost_yuan is not None:
        told.append(_("cost {cost} yuan", lang=lang, cost=f"{entry.cost_yuan:,.0f}"))
    if entry.start:
        told.append(_("in force from {date}", lang=lang, date=entry.start.isoformat()))
    if not told:
        return []
    return [
        Paragraph(
            _("; ", lang=lang).join(told) + pick(lang, "。", "."), lead=_("As the scenario file states: ", lang=lang)
        )
    ]


def _assumed(study: Study, measure: Measure, lang: Language) -> list[Block]:
    """What no log shows and the estimate takes for granted, and who said so."""
    words = measure.assumed(lang)
    if not words:
        return []
    words += (
        _(". A default of the tool, no data stand behind it: to be checked against the real figure before the effects are quoted.", lang=lang)
        if study.proposed
        else _(". Given in the scenario file; to be checked against the real figure before the effects are quoted.", lang=lang)
    )  # fmt: skip
    if study.variations:
        words += pick(lang, "", " ") + _("Other values: part seven (IV).", lang=lang)
    return [Paragraph(words, lead=_("Assumption: ", lang=lang))]


def _changes(study: Study) -> tuple[tuple[str, int], ...]:
    return study.redesigned.changes if study.redesigned is not None else ()


def after(study: Study, lang: Language) -> tuple[list[Block], int]:
    """六、优化后流程."""
    if study.to_be is None:
        return [
            Paragraph(
                _("No measure is simulated, hence there is no flow after the reform yet: (to be filled in)", lang=lang)
            )
        ], 1
    merged = merge_pairs(tuple(study.scenario))
    old = set(study.as_is.nodes["activity"])
    marks = {
        a: ("merged" if a in merged else "new") for a in study.to_be.nodes["activity"] if a in merged or a not in old
    }
    lanes = swimlane(study.to_be, lang=lang, status=marks)  # type: ignore[arg-type]
    return [
        Paragraph(_("Discovered from one simulated replication of the redesigned office ({n} cases). It shows what the measures would "
                    "do to today's cases; it is not yet a rule of procedure.", lang=lang, n=f"{study.to_be.cases:,}")),
        Heading(_("(I) Flow chart", lang=lang)),
        figure(process_map(study.to_be, lang=lang), _("Process map after the reform (simulated)", lang=lang)),
        figure(compare_map(study.as_is, study.to_be, merged=merged, lang=lang), _("Before and after in one map", lang=lang)),
        figure(lanes, _("Swim lanes after the reform (usual path, simulated)", lang=lang)),
        Heading(_("(II) What changes in the steps", lang=lang)),
        *_step_changes(study, merged, lang),
        Heading(_("(III) Which step comes after which", lang=lang)),
        *_orders(study, lang),
    ], 0  # fmt: skip


def _step_changes(study: Study, merged: dict[str, tuple[str, str]], lang: Language) -> list[Block]:
    if study.to_be is None:
        return []
    before = study.as_is.nodes.set_index("activity")
    after_ = study.to_be.nodes.set_index("activity")
    rate_before, rate_after = 1 / max(study.as_is.cases, 1), 1 / max(study.to_be.cases, 1)
    rows = []
    for activity in [*after_.index, *(a for a in before.index if a not in after_.index)]:
        was = float(before["events"].get(activity, 0)) * rate_before
        now = float(after_["events"].get(activity, 0)) * rate_after
        source = after_ if activity in after_.index else before
        if activity in merged:
            kind = _("merged from {names}", lang=lang, names=_(", ", lang=lang).join(merged[activity]))
        elif activity not in before.index:
            kind = _("new", lang=lang)
        elif activity not in after_.index:
            if before["cases"][activity] < 10:
                continue
            kind = _("removed", lang=lang)
        elif abs(now - was) >= 0.1 and abs(now - was) >= 0.1 * was:
            kind = _("fewer", lang=lang) if now < was else _("more", lang=lang)
        else:
            continue
        rows.append(
            (
                abs(now - was),
                activity,
                text(source["department"][activity]),
                stage_name(source["stage"][activity], lang),
                number(was, 2),
                number(now, 2),
                kind,
            )
        )
    if not rows:
        return [
            Paragraph(
                _(
                    "No activity falls away or is done clearly less often; the measures change order, waiting or materials.",
                    lang=lang,
                )
            )
        ]
    rows.sort(key=lambda r: -r[0])
    head = (
        _("Activity", lang=lang), _("Department", lang=lang), _("Stage", lang=lang), _("before, per case", lang=lang),
        _("after, per case", lang=lang), _("Change", lang=lang),
    )  # fmt: skip
    notes = (
        _(
            "Times done per case; before: observed, after: one simulated replication. Changes below 0.1 per case or 10 % are not listed.",
            lang=lang,
        ),
    )
    return [
        table(
            _("Steps that change", lang=lang),
            head,
            [r[1:] for r in rows[:30]],
            notes=notes,
            widths=(3.6, 2.4, 1.8, 1.4, 1.4, 2.4),
            numeric=(3, 4),
        )
    ]


def _orders(study: Study, lang: Language) -> list[Block]:
    blocks: list[Block] = []
    for measure in study.scenario:
        if measure.verb == "parallelise":
            blocks.append(Paragraph(_("Begun together from now on: {label}.", lang=lang, label=measure.label(lang))))
    if study.catalogue is not None and study.catalogue.item_relations is not None:
        blocks.append(
            Paragraph(
                _(
                    "Prerequisites from law or the catalogue (in the table of part two) remain in force; orders that are only observed are not prerequisites and may change.",
                    lang=lang,
                )
            )
        )
    if not blocks:
        blocks.append(Paragraph(_("The order of steps stays as it is.", lang=lang)))
    return blocks
