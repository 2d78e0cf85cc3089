"""Good enough? What is compared, what was asked, and how far the model behind it may be trusted."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from flowaudit.messages import Language, current_language
from flowaudit.messages import translate as _
from flowaudit.metrics import Fidelity, Figure, Reduction, Trust, metric_label
from flowaudit.targets.guards import Guard
from flowaudit.targets.target import Target

Status = Literal["met", "not_met", "unsure", "not_asked"]


def status_name(status: Status, lang: Language | None = None) -> str:
    """Return what people call a verdict."""
    names = {
        "met": _("met", lang=lang),
        "not_met": _("not met", lang=lang),
        "unsure": _("cannot be decided", lang=lang),
        "not_asked": _("no target was given", lang=lang),
    }
    return names[status]


@dataclass(frozen=True)
class Comparison:
    """One metric before and after: both simulated with the same luck, or both recorded.

    Attributes
    ----------
    before, after : Figure
        Mean over replications of the metric's median, with its 95 % interval; of a single log its median with the
        bootstrap interval over its cases.
    difference, low, high : float
        Mean of the paired differences after - before, and its 95 % interval (over replications; of two recorded
        logs the bootstrap interval).
    """

    metric: str
    before: Figure
    after: Figure
    difference: float
    low: float
    high: float

    @property
    def reduction(self) -> Reduction:
        return Reduction(self.before, self.after)

    def to_dict(self, lang: Language | None = None) -> dict[str, Any]:
        rate = self.reduction.rate
        return {
            "metric": self.metric,
            "before": self.before.to_dict(lang),
            "after": self.after.to_dict(lang),
            "difference": self.difference,
            "difference_low": self.low,
            "difference_high": self.high,
            "reduction_rate": rate,
        }


@dataclass(frozen=True)
class TargetResult:
    """What was asked of one metric, what the simulation or the log gives, and whether that is enough.

    Attributes
    ----------
    value, low, high : float or None
        Of the metric, of its reduction where a reduction was asked, of the share of cases that keeps the bound where a
        share was asked; None where it cannot be given.
    reasons : (Chinese, English)
        Why it cannot be decided; empty where it can.
    cautions : tuple of (Chinese, English)
        What gets worse while the target is met; empty where nothing does, or it is not met.
    rule : str
        Counting rule it was counted by, where the metric has several.
    cases : int or None
        Cases it rests on (in the replication with fewest).
    """

    target: Target
    value: float | None
    low: float | None
    high: float | None
    status: Status
    reasons: tuple[str, str] = ("", "")
    cautions: tuple[tuple[str, str], ...] = ()
    rule: str = ""
    cases: int | None = None

    @property
    def metric(self) -> str:
        return self.target.metric

    def label(self, lang: Language | None = None) -> str:
        """Return the name people gave the target, else the target in words."""
        return self.target.label or self.target.asked(lang)

    def asked(self, lang: Language | None = None) -> str:
        return self.target.asked(lang)

    def reason(self, lang: Language | None = None) -> str:
        return _of(self.reasons, lang)

    def cautioned(self, lang: Language | None = None) -> tuple[str, ...]:
        """Return what gets worse while the target is met."""
        return tuple(_of(caution, lang) for caution in self.cautions)

    def judgement(self, lang: Language | None = None) -> str:
        """Return the status with its reason, or with what gets worse while it is met."""
        beside = self.reason(lang) or " ".join(self.cautioned(lang))
        name = status_name(self.status, lang)
        return _("{judgement} ({reason})", lang=lang, judgement=name, reason=beside) if beside else name

    def shown(self) -> str:
        """Return the value as people read it: a reduction or a share in per cent."""
        if self.value is None:
            return "—"
        of_cases = self.target.share is not None or self.metric == "correction_rate"
        return f"{self.value:.1%}" if of_cases or self.target.reduction is not None else f"{self.value:.1f}"

    def to_dict(self, lang: Language | None = None) -> dict[str, Any]:
        return {
            "label": self.label(lang), "metric": self.metric, "asked": self.asked(lang), "statistic": self.target.statistic,
            "rule": self.rule, "population": {name: list(values) for name, values in self.target.population},
            "value": self.value, "low": self.low, "high": self.high, "cases": self.cases, "status": self.status,
            "reason": self.reason(lang), "cautions": list(self.cautioned(lang)),
        }  # fmt: skip


def _of(texts: tuple[str, str], lang: Language | None) -> str:
    return texts[0] if (lang or current_language()) == "zh" else texts[1]


@dataclass(frozen=True)
class Verdict:
    """The answer of :func:`flowaudit.evaluate`.

    Attributes
    ----------
    status : {"met", "not_met", "unsure", "not_asked"}
        ``not_asked`` when no target was given: the guidance of 2020 sets none and none is invented.
    comparisons : tuple of Comparison
        Only metrics that are recorded, before and after; empty without a baseline.
    targets : tuple of TargetResult
    fidelity : Fidelity
        Empty when it was not measured.
    notes : tuple of (Chinese, English)
        What a reader must know beside the figures ("计时口径缩短、全程时间不变"), guards that get worse among it.
    guards : tuple of Guard
        Figures that must not get worse while a target is met; empty without a baseline.
    """

    status: Status
    comparisons: tuple[Comparison, ...]
    targets: tuple[TargetResult, ...] = ()
    fidelity: Fidelity = field(default_factory=Fidelity)
    notes: tuple[tuple[str, str], ...] = ()
    guards: tuple[Guard, ...] = ()

    @property
    def trust(self) -> Trust | None:
        """How far the model may be trusted: the worst judgement of all checks, None when fidelity was not measured."""
        return self.fidelity.trust

    @property
    def worse(self) -> tuple[Guard, ...]:
        """The guards that get worse beyond chance."""
        return tuple(guard for guard in self.guards if guard.worse)

    def comparison(self, metric: str) -> Comparison | None:
        return next((c for c in self.comparisons if c.metric == metric), None)

    def guard(self, metric: str, department: str = "") -> Guard | None:
        """Return a guard, the workload of a department or of all of them."""
        return next((g for g in self.guards if (g.metric, g.department) == (metric, department)), None)

    def to_dict(self, lang: Language | None = None) -> dict[str, Any]:
        lang = lang or current_language()
        return {
            "status": self.status,
            "comparisons": [c.to_dict(lang) for c in self.comparisons],
            "targets": [t.to_dict(lang) for t in self.targets],
            "guards": [g.to_dict(lang) for g in self.guards],
            "fidelity": [f.to_dict() for f in self.fidelity],
            "waits": [w.to_dict() for w in self.fidelity.waits],
            "distances": [d.to_dict() for d in self.fidelity.distances],
            "trust": self.trust,
            "notes": [_of(note, lang) for note in self.notes],
        }

    def _repr_html_(self) -> str:
        parts = [f"<p>{html.escape(status_name(self.status))}</p>"]
        parts += [f"<p><b>{html.escape(_of(note, None))}</b></p>" for note in self.notes]
        parts.append(_table([_compared(c) for c in self.comparisons]))
        parts.append(_table([_judged(t) for t in self.targets]))
        parts.append(_table([_guarded(g) for g in self.guards]))
        return "".join(parts)


def _compared(c: Comparison) -> Mapping[str, str]:
    rate = c.reduction.rate
    return {
        _("Metric"): metric_label(c.metric),
        _("Unit"): c.before.rule.unit(current_language()),
        _("Before"): f"{c.before.value:.1f}",
        _("After"): f"{c.after.value:.1f}",
        _("Difference (95 % interval)"): f"{c.difference:+.1f} ({c.low:+.1f}, {c.high:+.1f})",
        _("Rate of reduction"): "—" if rate is None else f"{rate:.1%}",
    }


def _judged(t: TargetResult) -> Mapping[str, str]:
    return {_("Target"): t.label(), _("Asked"): t.asked(), _("Estimated"): t.shown(), _("Judgement"): t.judgement()}


def _guarded(g: Guard) -> Mapping[str, str]:
    change = "—" if g.difference is None else f"{g.difference:+.2f} ({g.low:+.2f}, {g.high:+.2f})"
    if g.recorded:
        said = _("gets worse") if g.worse else _("does not get worse")
        said += f" ({g.reason()})" if g.reason() else ""
    else:
        said = _("not recorded: {reason}", reason=g.reason())
    return {
        _("Stands guard"): g.label(), _("Unit"): g.unit() if g.recorded else "", _("Before"): g.shown(g.before), _("After"): g.shown(g.after),
        _("Difference (95 % interval)"): change, _("Judgement"): said,
    }  # fmt: skip


def _table(rows: Sequence[Mapping[str, str]]) -> str:
    if not rows:
        return ""
    head = "".join(f"<th>{html.escape(name)}</th>" for name in rows[0])
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row.values()) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"
