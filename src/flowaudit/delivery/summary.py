"""The study in one small table of figures: what programs and status boards read."""

from __future__ import annotations

from typing import Any

from flowaudit.messages import Language
from flowaudit.messages import translate as _
from flowaudit.metrics import Figure, NotRecorded
from flowaudit.study import Study

SCHEMA = "flowaudit.summary/1"
FOUR = ("steps", "time", "materials", "trips")


def summary(study: Study, lang: Language | None = None) -> dict[str, Any]:
    """Return the key figures of a study, each with its unit and counting rule.

    Parameters
    ----------
    study : Study
    lang : {"zh", "en"}, optional
        Of units and rules; default: the study's.

    Returns
    -------
    dict
        ``cases, events, activities, departments, variants`` are counts. ``four_reductions`` holds per metric either
        ``{"recorded": false, "reason": ...}`` or ``observed`` (from the log), ``before`` and ``after`` (both simulated)
        and the change between the two; the observed figure is never compared with a simulated one.
    """
    lang = lang or study.settings.lang
    log = study.log
    first, last = log.span
    return {
        "schema": SCHEMA,
        "source": log.provenance.source,
        "synthetic": log.provenance.synthetic,
        "unit": log.unit,
        "cases": log.n_cases,
        "events": log.n_events,
        "activities": len(log.activities),
        "departments": len(log.departments),
        "variants": len(study.as_is.variants),
        "span": {"first": first, "last": last},
        "four_reductions": {metric: _metric(study, metric, lang) for metric in FOUR},
        "official_clock": _metric(study, "clock", lang),
        "findings": study.findings.by_rule(),
        "not_checkable": {row.rule: row.reason(lang) for row in study.findings.not_checkable},
        "scenario": {
            "name": study.scenario.name,
            "proposed": study.proposed,
            "measures": [{"id": m.id, "verb": m.verb, "label": m.label(lang)} for m in study.scenario],
        },
        "refused": [
            {"what": r.what_zh, "reason": r.reason_zh} if lang == "zh" else {"what": r.what_en, "reason": r.reason_en}
            for r in study.refused
        ],
        "verdict": study.verdict.status,
        "targets": [result.to_dict(lang) for result in study.verdict.targets],
        "trust": study.verdict.trust,
        "fidelity": [row.to_dict() for row in study.verdict.fidelity],
        "sensitivity": [varied.to_dict(lang) for varied in study.variations],
        "notes": [zh if lang == "zh" else en for zh, en in study.verdict.notes],
        "seed": study.settings.seed,
        "replications": len(study.before),
        "created": study.created,
    }


def _metric(study: Study, metric: str, lang: Language) -> dict[str, Any]:
    observed: Figure | NotRecorded = study.observed.primary[metric]
    if isinstance(observed, NotRecorded):
        return observed.to_dict(lang)
    row: dict[str, Any] = {"recorded": True, "observed": observed.to_dict(lang)}
    comparison = study.verdict.comparison(metric)
    if comparison is None:
        missing = {"recorded": False, "reason": _("the simulation yields no value for this metric.", lang=lang)}
        return row | {"before": missing, "after": missing, "difference": None, "reduction_rate": None}
    words = comparison.to_dict(lang)
    del words["metric"]
    return row | words
