"""Part seven: what the reform is expected to bring, with its rules, its intervals, and how far to trust it."""

from __future__ import annotations

from flowaudit.documents._shares import shares
from flowaudit.documents._words import DASH, count, figure_text, interval, number, percent, pick
from flowaudit.documents.content import Block, Heading, Paragraph, table
from flowaudit.documents.content import Figure as Drawn
from flowaudit.messages import Language
from flowaudit.messages import translate as _
from flowaudit.metrics import METRICS, Figure, NotRecorded, distance_name, metric_label, trust_name
from flowaudit.study import Study
from flowaudit.targets import Comparison, status_name
from flowaudit.views import reductions_chart

MOST_WAITS = 15
"""Waits that are missed, listed at most."""


def effects(study: Study, lang: Language) -> tuple[list[Block], int]:
    """七、预计改革成效."""
    if study.after is None:
        text = _("No measure is simulated, hence no effect is estimated: (to be filled in)", lang=lang)
        return [
            Paragraph(text),
            _observed_table(study, lang),
            Heading(_("(I) How well the office as it is can be simulated", lang=lang)),
            *_fidelity(study, lang),
        ], 1
    blocks: list[Block] = [
        Paragraph(_("Before and after are both simulated, with the same arrivals and the same luck, and counted by the same rules; the "
                    "observed figures stand beside them. A simulated after is never compared with an observed before.", lang=lang)),
        Heading(_("(I) Before and after", lang=lang)),
        comparison_table(study, lang),
        Drawn(
            reductions_chart(study.verdict, lang=lang),
            _("The four reductions before and after (simulated)", lang=lang),
            (_("Counted as in the table before; whiskers: 95 % intervals over {n} replications.", lang=lang, n=len(study.after)),),
        ),
    ]  # fmt: skip
    for zh, en in study.verdict.notes:
        blocks.append(Paragraph(pick(lang, zh, en)))
    blocks += shares(study, lang)
    blocks += [
        Heading(_("(III) How far to trust the estimate", lang=lang)),
        *_fidelity(study, lang),
        Heading(_("(IV) Sensitivity", lang=lang)),
        Paragraph(
            _("The intervals are 95 % intervals over {n} replications: they show the luck of the simulation, not doubts about its "
              "assumptions (success of fetches, behaviour of people, case mix). Other assumptions give other results; the assumptions "
              "stand with each measure in part five and in scenario.toml.", lang=lang, n=len(study.after))
        ),
        *_sensitivity(study, lang),
        Paragraph(_("Verdict on the targets: {status}.", lang=lang, status=status_name(study.verdict.status, lang))),
    ]  # fmt: skip
    return blocks, 0


def comparison_table(study: Study, lang: Language) -> Block:
    """Return the before/after table of the domain model, 6.2."""
    rows: list[tuple[object, ...]] = []
    notes: list[str] = []
    for i, metric in enumerate(METRICS, 1):
        observed = study.observed.primary[metric]
        found = study.verdict.comparison(metric)
        mark = _("note {i}", lang=lang, i=i)
        if found is None:
            reason = observed.reason(lang) if isinstance(observed, NotRecorded) else _("not simulated", lang=lang)
            unknown = _("not recorded", lang=lang)
            rows.append(
                (
                    i,
                    metric_label(metric, lang),
                    mark,
                    DASH,
                    figure_text(observed, lang),
                    unknown,
                    unknown,
                    DASH,
                    DASH,
                    DASH,
                )
            )
            notes.append(f"{i}. {metric_label(metric, lang)}" + _(": ", lang=lang) + reason)
            continue
        rows.append(_compared(i, metric, found, observed, lang))
        notes.append(f"{i}. {found.after.rule.text(lang)}")
    notes.append(_("Simulated: mean over replications; reduction: mean of the paired differences with its 95 % interval. Observed: the "
                   "log as it is, for orientation only.", lang=lang))  # fmt: skip
    notes.append(_population(study, lang))
    head = (
        _("No.", lang=lang), _("Metric", lang=lang), _("Counting rule", lang=lang), _("Unit", lang=lang), _("Observed", lang=lang), _("Before (simulated)", lang=lang),
        _("After (simulated)", lang=lang), _("Reduced by (95 % interval)", lang=lang), _("Rate of reduction", lang=lang), _("Source", lang=lang),
    )  # fmt: skip
    return table(
        _("Before and after", lang=lang), head, rows, notes=notes, widths=(0.8, 1.8, 1, 1.2, 2, 1.7, 1.7, 2.4, 1.4, 1.2), numeric=(5, 6, 7, 8)
    )  # fmt: skip


def _population(study: Study, lang: Language) -> str:
    """How many cases stand behind the columns of the comparison."""
    observed = [f for f in study.observed.primary.values() if isinstance(f, Figure) and f.value is not None]
    n = max((f.n for f in observed), default=0)
    simulated = max((c.before.n for c in study.verdict.comparisons), default=0)
    return _("Observed: {n} finished cases. Simulated: {simulated} cases in each of {runs} replications, arriving when the cases of the log did; "
             "what is not finished when a replication ends is left out.", lang=lang, n=f"{n:,}", simulated=f"{simulated:,}",
             runs=len(study.before))  # fmt: skip


def _compared(
    i: int, metric: str, found: Comparison, observed: Figure | NotRecorded, lang: Language
) -> tuple[object, ...]:
    rate = found.reduction.rate
    less = round(-found.difference, 1) + 0.0
    words = number(less) if less >= 0 else _("increase {n}", lang=lang, n=number(-less))
    limits = interval(-found.high, -found.low)
    rated = DASH if rate is None else percent(rate) if rate >= 0 else _("increase {n}", lang=lang, n=percent(-rate))
    return (
        i, metric_label(metric, lang), _("note {i}", lang=lang, i=i), found.before.rule.unit(lang), figure_text(observed, lang), number(found.before.value),
        number(found.after.value), words + (f" ({limits})" if limits else ""), rated, _("estimate", lang=lang),
    )  # fmt: skip


def _observed_table(study: Study, lang: Language) -> Block:
    rows = []
    for metric in METRICS:
        found = study.observed.primary[metric]
        known = isinstance(found, Figure) and found.value is not None
        rows.append(
            (metric_label(metric, lang), found.rule.unit(lang) if isinstance(found, Figure) else DASH, figure_text(found, lang),
             found.rule.text(lang) if isinstance(found, Figure) and known else found.reason(lang) if isinstance(found, NotRecorded) else "")
        )  # fmt: skip
    head = (_("Metric", lang=lang), _("Unit", lang=lang), _("Observed", lang=lang), _("Counting rule", lang=lang))
    return table(_("The four reductions as observed", lang=lang), head, rows, widths=(2, 1.3, 2, 7))


def _sensitivity(study: Study, lang: Language) -> list[Block]:
    """The result with one assumption changed at a time, beside the result itself."""
    if not study.variations:
        return []
    metrics = [m for m in METRICS if study.verdict.comparison(m) is not None]
    rows: list[tuple[object, ...]] = [
        (_("as estimated above", lang=lang), *(number(c.after.value) for m in metrics if (c := study.verdict.comparison(m)) is not None))
    ]  # fmt: skip
    for varied in study.variations:
        cells = [number(c.after.value) for m in metrics if (c := varied.comparison(m)) is not None]
        rows.append((f"{varied.measure} {varied.assumed(lang)}", *cells))
    head = (_("Assumption", lang=lang), *(metric_label(m, lang) for m in metrics))
    notes = (_("After the reform, simulated ({n} replications each, the same luck); units as in the table of (I). One assumption is changed, "
               "the others stay.", lang=lang, n=study.variations[0].replications),)  # fmt: skip
    widths = (4, *(1.6 for _m in metrics))
    return [
        table(_("The result under other assumptions", lang=lang), head, rows, notes=notes, widths=widths,
              numeric=tuple(range(1, len(metrics) + 1)))
    ]  # fmt: skip


def _fidelity(study: Study, lang: Language) -> list[Block]:
    rows = [
        (
            metric_label(r.metric, lang),
            _("period fitted", lang=lang) if r.check == "in_sample" else _("later period, unseen", lang=lang),
            {"median": _("median", lang=lang), "p90": _("90th percentile", lang=lang), "mean": _("mean", lang=lang)}[r.statistic],
            number(r.observed), number(r.simulated), percent(r.error, signed=True), trust_name(r.trust, lang),
        )
        for r in study.verdict.fidelity
    ]  # fmt: skip
    if not rows:
        return [
            Paragraph(
                _("The model could not be checked against the log; the estimates are for orientation only.", lang=lang)
            )
        ]
    head = (
        _("Metric", lang=lang), _("Checked on", lang=lang), _("Statistic", lang=lang), _("Observed", lang=lang), _("Simulated", lang=lang),
        _("Error", lang=lang), _("Judgement", lang=lang),
    )  # fmt: skip
    trust = study.verdict.trust
    says = {
        "usable": _("The simulated office as it is comes within 10 % of the observed one in every check: the estimate is credible.", lang=lang),
        "with_care": _("The simulated office as it is misses the observed one by 10 to 20 % in at least one check: use the estimate with care, "
                       "as an order of magnitude.", lang=lang),
        "not_usable": _("The simulated office as it is misses the observed one by more than 20 % in at least one check: the figures concerned "
                        "must not be quoted as expected effects before the model has been improved.", lang=lang),
    }  # fmt: skip
    words = says[trust] if trust is not None else ""
    found = study.verdict.fidelity
    if trust == "with_care" and all(r.trust == "usable" for r in found):
        words = _("Every figure of the simulated office as it is comes within 10 % of the observed one, but the wait before {n} of {all} activities is "
                  "missed by more than 20 %: use with care what rests on these waits.", lang=lang, n=len(found.missed), all=len(found.waits))  # fmt: skip
    return [
        Paragraph(words, kind="body" if trust == "usable" else "warning"),
        table(_("The model against the log", lang=lang), head, rows, widths=(2.2, 2.2, 1.6, 1.3, 1.3, 1.3, 2.2), numeric=(3, 4, 5),
              notes=(_("Working days; steps, materials and trips in numbers per case. Within 10 %: credible; within 20 %: with care; beyond: "
                       "not usable.", lang=lang),)),
        *_waits(study, lang),
        *_distances(study, lang),
    ]  # fmt: skip


def _waits(study: Study, lang: Language) -> list[Block]:
    """Activities whose wait the model misses; a sentence where it misses none."""
    found = study.verdict.fidelity
    if not found.waits:
        return []
    if not found.missed:
        return [
            Paragraph(
                _("The mean wait before each of {n} activities is met within 20 %.", lang=lang, n=len(found.waits))
            )
        ]
    rows = [
        (w.activity, count(w.instances), number(w.observed_h), number(w.simulated_h), percent(w.simulated_h / w.observed_h - 1.0, signed=True) if w.observed_h > 0 else DASH)
        for w in found.missed[:MOST_WAITS]
    ]  # fmt: skip
    head = (
        _("Activity", lang=lang),
        _("Instances", lang=lang),
        _("Observed wait, h", lang=lang),
        _("Simulated wait, h", lang=lang),
        _("Error", lang=lang),
    )
    note = _("Mean hours from the end of what an activity waits for to its start, or to its end where starts are not recorded. {n} of {all} activities "
             "are missed by more than 20 %; effects on their waits are not to be quoted.", lang=lang, n=len(found.missed), all=len(found.waits))  # fmt: skip
    return [
        table(
            _("Waits that the model misses", lang=lang),
            head,
            rows,
            widths=(4, 1.4, 1.8, 1.8, 1.4),
            numeric=(1, 2, 3, 4),
            notes=(note,),
        )
    ]


def _distances(study: Study, lang: Language) -> list[Block]:
    found = study.verdict.fidelity.distances
    if not found:
        return []
    rows = [
        (distance_name(d.distance, lang), f"{d.model:.3g}", f"{d.control:.3g}", DASH if not d.control else f"{d.ratio:.2f} ± {d.error:.2f}", trust_name(d.trust, lang))
        for d in found
    ]  # fmt: skip
    head = (
        _("Distance to later, unseen cases", lang=lang),
        _("Model", lang=lang),
        _("Control", lang=lang),
        _("Ratio", lang=lang),
        _("Judgement", lang=lang),
    )
    note = _(
        "Control: recorded cases of the earlier period, drawn again; a model that knows only the log hardly comes nearer. Smaller is nearer.",
        lang=lang,
    )
    return [
        table(
            _("The model beside recorded cases drawn again", lang=lang),
            head,
            rows,
            widths=(4.4, 1.4, 1.4, 1.8, 2),
            numeric=(1, 2, 3),
            notes=(note,),
        )
    ]
