"""Which measure saves how much: of every metric the log records, by one method of sharing out."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from flowaudit.errors import UsageError, nearest
from flowaudit.messages import Language, current_language
from flowaudit.messages import translate as _
from flowaudit.metrics import METRICS, CountingRule, metric_label, statistic_name

Method = Literal["waterfall", "shapley"]
Statistic = Literal["median", "mean", "p90"]
Note = tuple[str, str]


def method_name(method: Method, lang: Language | None = None) -> str:
    """Return what people call a method of sharing out."""
    names = {"waterfall": _("in the stated order", lang=lang), "shapley": _("whatever the order", lang=lang)}
    return names[method]


@dataclass(frozen=True)
class Bar:
    """What one measure saves of one metric.

    Attributes
    ----------
    measure : str
        Catalogue number.
    saved : float
        In the unit of the metric; negative: added.
    low, high : float
        95 % interval; infinite with one replication.
    by_chance : float
        Half the length of the interval that the luck of the simulation alone would give (paired differences over replications,
        see :func:`~flowaudit.metrics.mean_interval`).
    by_order : float
        Half the length of the one that comes from having drawn some of the orders only; 0 where all were taken.
    """

    measure: str
    label_zh: str
    label_en: str
    saved: float
    low: float
    high: float
    by_chance: float = float("nan")
    by_order: float = 0.0

    def label(self, lang: Language | None = None) -> str:
        return self.label_zh if (lang or current_language()) == "zh" else self.label_en

    def to_dict(self, lang: Language | None = None) -> dict[str, Any]:
        return {
            "measure": self.measure, "label": self.label(lang), "saved": self.saved, "low": self.low, "high": self.high,
            "by_chance": self.by_chance, "by_order": self.by_order,
        }  # fmt: skip


@dataclass(frozen=True)
class Savings:
    """One metric's saving, shared out over the measures; the bars sum to ``before - after``.

    Attributes
    ----------
    rule : CountingRule
        How the metric is counted, with its statistic over cases.
    before, after : float
        Mean over replications.
    bars : tuple of Bar
        In the order of the scenario.
    """

    metric: str
    rule: CountingRule
    before: float
    after: float
    bars: tuple[Bar, ...]

    @property
    def total(self) -> float:
        return self.before - self.after

    def to_dict(self, lang: Language | None = None) -> dict[str, Any]:
        lang = lang or current_language()
        return {
            "metric": self.metric, "unit": self.rule.unit(lang), "rule": self.rule.text(lang), "before": self.before,
            "after": self.after, "total": self.total, "bars": [bar.to_dict(lang) for bar in self.bars],
        }  # fmt: skip


@dataclass(frozen=True)
class Attribution:
    """Savings by measure, of every metric.

    Attributes
    ----------
    method : {"waterfall", "shapley"}
        ``waterfall``: what each measure adds to those before it in the scenario; another order would share the saving
        otherwise. ``shapley``: that, averaged over all orders.
    statistic : {"median", "mean", "p90"}
        Of the cases of a replication.
    replications : int
    orders : int
        Orders drawn; 0: all of them, or the stated one.
    combinations : int
        Different combinations of measures that were simulated for it.
    savings : tuple of Savings
        One for each metric recorded, in the order of ``METRICS``.
    notes : tuple of (Chinese, English)
        What a reader must know beside the figures.
    """

    method: Method
    statistic: Statistic
    replications: int
    orders: int
    combinations: int
    savings: tuple[Savings, ...]
    notes: tuple[Note, ...] = ()

    @property
    def metrics(self) -> tuple[str, ...]:
        return tuple(s.metric for s in self.savings)

    def of(self, metric: str) -> Savings:
        """Return the savings of one metric.

        Raises
        ------
        UsageError
            If the log does not record it, or there is no such metric.
        """
        for savings in self.savings:
            if savings.metric == metric:
                return savings
        recorded = _("recorded: {names}", names=", ".join(self.metrics) or "—")
        if metric in METRICS:
            raise UsageError(
                _("the savings of '{metric}' are not known: the log does not record it.", metric=metric), hint=recorded
            )
        near = nearest(metric, self.metrics, n=1)
        raise UsageError(
            _("there is no metric '{metric}'.", metric=metric),
            hint=_("did you mean '{near}'?", near=near[0]) if near else recorded,
        )

    @property
    def table(self) -> pd.DataFrame:
        """One row for each metric and measure: ``metric, unit, measure, label, saved, low, high, by_chance, by_order``."""
        rows = [{"metric": s.metric, "unit": s.rule.unit(), **bar.to_dict()} for s in self.savings for bar in s.bars]
        columns = ["metric", "unit", "measure", "label", "saved", "low", "high", "by_chance", "by_order"]
        return pd.DataFrame(rows, columns=columns)

    def method_words(self, lang: Language | None = None) -> str:
        """Return how the saving was shared out, as it stands under a table (口径)."""
        if self.method == "waterfall":
            return _("Measures are applied in the order of the scenario; each is credited with what it adds to those before it. Another order "
                     "would share the saving otherwise.", lang=lang)  # fmt: skip
        if self.orders:
            return _("Whatever the order (Shapley value): each measure is credited with what it adds on average over {n} orders drawn by chance, "
                     "each with its reverse.", lang=lang, n=self.orders)  # fmt: skip
        return _("Whatever the order (Shapley value): each measure is credited with what it adds on average over all orders; every combination of "
                 "measures was simulated.", lang=lang)  # fmt: skip

    def to_dict(self, lang: Language | None = None) -> dict[str, Any]:
        lang = lang or current_language()
        return {
            "method": self.method,
            "statistic": self.statistic,
            "replications": self.replications,
            "orders": self.orders,
            "combinations": self.combinations,
            "rule": self.method_words(lang),
            "metrics": {s.metric: s.to_dict(lang) for s in self.savings},
            "notes": [zh if lang == "zh" else en for zh, en in self.notes],
        }

    def _repr_html_(self) -> str:
        lang = current_language()
        head = (_("Measure"), *(f"{metric_label(s.metric)} ({s.rule.unit(lang)})" for s in self.savings))
        rows: list[Sequence[str]] = [head]
        for at in zip(*(s.bars for s in self.savings), strict=True):
            rows.append((at[0].label(lang), *(_cell(bar) for bar in at)))
        rows.append((_("together"), *(f"{s.total:.2f}" for s in self.savings)))
        body = "".join("<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in row) + "</tr>" for row in rows)
        caption = _(
            "Saved ({method}; {statistic}; 95 % interval)",
            method=method_name(self.method), statistic=statistic_name(self.statistic),
        )  # fmt: skip
        words = [self.method_words(lang), *(zh if lang == "zh" else en for zh, en in self.notes)]
        under = "".join(f"<p><small>{html.escape(w)}</small></p>" for w in words)
        return f"<table><caption>{html.escape(caption)}</caption>{body}</table>{under}"


def _cell(bar: Bar) -> str:
    return f"{bar.saved:.2f} ({bar.low:.2f} – {bar.high:.2f})"
