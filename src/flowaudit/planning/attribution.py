"""Which measure saves how much: the waterfall in the stated order."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any

from flowaudit.messages import Language, current_language
from flowaudit.messages import translate as _


@dataclass(frozen=True)
class Bar:
    """What one measure adds when the measures before it are already in force.

    Attributes
    ----------
    saved : float
        Working days of the median end-to-end time saved (negative: added), mean over replications.
    low, high : float
        95 % interval of the paired difference.
    """

    measure: str
    label_zh: str
    label_en: str
    saved: float
    low: float
    high: float

    def label(self, lang: Language) -> str:
        return self.label_zh if lang == "zh" else self.label_en


@dataclass(frozen=True)
class Attribution:
    """Savings by measure; the bars sum to ``before - after`` exactly.

    Attributes
    ----------
    before, after : float
        Mean over replications of the median end-to-end working days.
    bars : tuple of Bar
        In the order of the scenario. Another order would share the saving otherwise.
    """

    before: float
    after: float
    bars: tuple[Bar, ...]

    @property
    def total(self) -> float:
        return self.before - self.after

    def to_dict(self, lang: Language) -> dict[str, Any]:
        return {
            "before": self.before,
            "after": self.after,
            "total": self.total,
            "bars": [
                {"measure": b.measure, "label": b.label(lang), "saved": b.saved, "low": b.low, "high": b.high}
                for b in self.bars
            ],
        }

    def _repr_html_(self) -> str:
        lang = current_language()
        head = "".join(
            f"<th>{html.escape(t)}</th>" for t in (_("Measure"), _("Saved (working days)"), _("95 % interval"))
        )
        body = "".join(
            f"<tr><td>{html.escape(b.label(lang))}</td><td>{b.saved:.2f}</td><td>{b.low:.2f} – {b.high:.2f}</td></tr>"
            for b in self.bars
        )
        return f"<table><tr>{head}</tr>{body}</table>"
