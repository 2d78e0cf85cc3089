"""Good enough? What is compared, what was asked, and how far the model behind it may be trusted."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from flowaudit.messages import Language, current_language
from flowaudit.messages import translate as _
from flowaudit.metrics import Fidelity, Figure, Reduction, Trust, metric_label
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
    """One metric before and after, both simulated with the same luck.

    Attributes
    ----------
    before, after : Figure
        Mean over replications of the metric's statistic, with its 95 % interval.
    difference, low, high : float
        Mean of the paired differences after - before, and its 95 % interval (Student t over replications).
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
    """What was asked of one metric, what the simulation gives, and whether that is enough.

    Attributes
    ----------
    value, low, high : float or None
        Of the metric, or of its reduction where a reduction was asked; None where it cannot be given.
    reasons : (Chinese, English)
        Why it cannot be decided; empty where it can.
    """

    target: Target
    value: float | None
    low: float | None
    high: float | None
    status: Status
    reasons: tuple[str, str] = ("", "")

    @property
    def metric(self) -> str:
        return self.target.metric

    def label(self, lang: Language | None = None) -> str:
        """Return the name people gave the target, else the target in words."""
        return self.target.label or self.target.asked(lang)

    def asked(self, lang: Language | None = None) -> str:
        return self.target.asked(lang)

    def reason(self, lang: Language | None = None) -> str:
        return self.reasons[0] if (lang or current_language()) == "zh" else self.reasons[1]

    def to_dict(self, lang: Language | None = None) -> dict[str, Any]:
        return {
            "label": self.label(lang), "metric": self.metric, "asked": self.asked(lang), "value": self.value,
            "low": self.low, "high": self.high, "status": self.status, "reason": self.reason(lang),
        }  # fmt: skip


@dataclass(frozen=True)
class Verdict:
    """The answer of :func:`flowaudit.evaluate`.

    Attributes
    ----------
    status : {"met", "not_met", "unsure", "not_asked"}
        ``not_asked`` when no target was given: the guidance of 2020 sets none and none is invented.
    comparisons : tuple of Comparison
        Only metrics the log records.
    targets : tuple of TargetResult
    fidelity : Fidelity
        Empty when it was not measured.
    notes : tuple of (Chinese, English)
        What a reader must know beside the figures ("计时口径缩短、全程时间不变").
    """

    status: Status
    comparisons: tuple[Comparison, ...]
    targets: tuple[TargetResult, ...] = ()
    fidelity: Fidelity = field(default_factory=Fidelity)
    notes: tuple[tuple[str, str], ...] = ()

    @property
    def trust(self) -> Trust | None:
        """How far the model may be trusted: the worst judgement of all checks, None when fidelity was not measured."""
        return self.fidelity.trust

    def comparison(self, metric: str) -> Comparison | None:
        return next((c for c in self.comparisons if c.metric == metric), None)

    def to_dict(self, lang: Language | None = None) -> dict[str, Any]:
        lang = lang or current_language()
        return {
            "status": self.status,
            "comparisons": [c.to_dict(lang) for c in self.comparisons],
            "targets": [t.to_dict(lang) for t in self.targets],
            "fidelity": [f.to_dict() for f in self.fidelity],
            "waits": [w.to_dict() for w in self.fidelity.waits],
            "distances": [d.to_dict() for d in self.fidelity.distances],
            "trust": self.trust,
            "notes": [zh if lang == "zh" else en for zh, en in self.notes],
        }

    def _repr_html_(self) -> str:
        rows: list[str] = []
        for c in self.comparisons:
            rate = c.reduction.rate
            cells: Mapping[str, str] = {
                _("Metric"): metric_label(c.metric),
                _("Unit"): c.before.rule.unit(current_language()),
                _("Before"): f"{c.before.value:.1f}",
                _("After"): f"{c.after.value:.1f}",
                _("Difference (95 % interval)"): f"{c.difference:+.1f} ({c.low:+.1f}, {c.high:+.1f})",
                _("Rate of reduction"): "—" if rate is None else f"{rate:.1%}",
            }
            if not rows:
                rows.append("<tr>" + "".join(f"<th>{html.escape(k)}</th>" for k in cells) + "</tr>")
            rows.append("<tr>" + "".join(f"<td>{html.escape(v)}</td>" for v in cells.values()) + "</tr>")
        return f"<p>{html.escape(status_name(self.status))}</p><table>{''.join(rows)}</table>"
