"""A figure and its counting rule (口径): a number without its rule is not a number."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from flowaudit.messages import Language, current_language
from flowaudit.messages import translate as _

SOURCE = "沪府办〔2020〕6号（四减）"
"""What the counting rules of the four reductions rest on."""

METRICS = ("steps", "time", "clock", "materials", "trips")
"""The four reductions; ``clock`` is the official clock that always stands beside the end-to-end ``time``."""


def baseline_name(baseline: str, lang: Language | None = None) -> str:
    """Return what people call a baseline, ``baseline`` itself for one that is not known."""
    names = {
        "guide_before": _("service guide before the reform", lang=lang),
        "guide_after": _("service guide after the reform", lang=lang),
        "log_before": _("observed case records before the reform", lang=lang),
        "log_after": _("observed case records after the reform", lang=lang),
        "statutory": _("statutory time limit", lang=lang),
        "promised_before": _("promised time limit before the reform", lang=lang),
        "promised_after": _("promised time limit after the reform", lang=lang),
        "simulated": _("simulation", lang=lang),
    }
    return names.get(baseline, baseline)


def statistic_name(statistic: str, lang: Language | None = None) -> str:
    """Return what people call a statistic, ``statistic`` itself for one that is not known."""
    names = {
        "median": _("median", lang=lang),
        "mean": _("mean", lang=lang),
        "p90": _("90th percentile", lang=lang),
        "p95": _("95th percentile", lang=lang),
        "share": _("share of cases", lang=lang),
        "total": _("total", lang=lang),
    }
    return names.get(statistic, statistic)


@dataclass(frozen=True)
class CountingRule:
    """How a figure was counted: what, in which unit, over whom, when, and against which baseline.

    Attributes
    ----------
    key : str
        Stable name of the rule ("steps_C_node").
    metric : str
        One of ``METRICS``.
    name_zh, name_en, unit_zh, unit_en, population_zh, population_en, definition_zh, definition_en : str
    period : str
        First to last day of what was counted.
    baseline : str
        ``guide_before, log_before, statutory, promised_before, guide_after, promised_after, simulated, log_after``.
    statistic : str
        ``median, mean, p90, p95, share, total``.
    policy : str
        Counting policy within the metric ("A_applicant").
    source : str
        Document the rule rests on.

    Examples
    --------
    >>> rule = CountingRule("t", "time", "时间", "time", "工作日", "working days", baseline="log_before")
    >>> rule.comparable(CountingRule("t", "time", "时间", "time", "天", "calendar days", baseline="log_before"))
    False
    """

    key: str
    metric: str
    name_zh: str
    name_en: str
    unit_zh: str
    unit_en: str
    population_zh: str = ""
    population_en: str = ""
    period: str = ""
    baseline: str = "log_before"
    statistic: str = "median"
    policy: str = ""
    definition_zh: str = ""
    definition_en: str = ""
    source: str = ""

    def name(self, lang: Language | None = None) -> str:
        return self.name_zh if (lang or current_language()) == "zh" else self.name_en

    def unit(self, lang: Language | None = None) -> str:
        return self.unit_zh if (lang or current_language()) == "zh" else self.unit_en

    def text(self, lang: Language | None = None) -> str:
        """Return the whole rule as one line, as it stands under a table."""
        lang = lang or current_language()
        zh = lang == "zh"
        parts = [
            _(
                "{name} ({unit}, {statistic}): {definition}",
                lang=lang,
                name=self.name(lang),
                unit=self.unit(lang),
                statistic=statistic_name(self.statistic, lang),
                definition=self.definition_zh if zh else self.definition_en,
            )
        ]
        population = self.population_zh if zh else self.population_en
        if population:
            parts.append(_("Counted over: {population}.", lang=lang, population=population))
        if self.period:
            parts.append(_("Period: {period}.", lang=lang, period=self.period))
        parts.append(_("Baseline: {baseline}.", lang=lang, baseline=baseline_name(self.baseline, lang)))
        if self.source:
            parts.append(_("Source: {source}.", lang=lang, source=self.source))
        return ("" if zh else " ").join(parts)

    def comparable(self, other: CountingRule) -> bool:
        """Say whether two figures were counted alike; the period, the baseline and the source may differ."""
        same = ("key", "metric", "unit_zh", "population_zh", "statistic", "policy", "definition_zh")
        return all(getattr(self, name) == getattr(other, name) for name in same)

    def to_dict(self) -> dict[str, str]:
        return asdict(self)

    def __str__(self) -> str:
        return self.text()


@dataclass(frozen=True)
class Figure:
    """A number with its rule.

    Attributes
    ----------
    value : float
        In the rule's unit.
    rule : CountingRule
    n : int
        Cases it rests on.
    low, high : float or None
        95 % interval, None where none was computed.
    extra : mapping
        What stands beside it: ``mean``, ``p90``, shares, cases left out.
    """

    value: float | None
    rule: CountingRule
    n: int = 0
    low: float | None = None
    high: float | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def recorded(self) -> bool:
        return self.value is not None

    @property
    def unit(self) -> str:
        """The rule's unit in the current language."""
        return self.rule.unit()

    def text(self, lang: Language | None = None) -> str:
        """Return the figure as a sentence: value, unit, interval and cases."""
        lang = lang or current_language()
        words = {"name": self.rule.name(lang), "value": shown(self.value), "unit": self.rule.unit(lang), "n": self.n}
        if self.low is None or self.high is None:
            return _("{name}: {value} {unit} (n = {n:,})", lang=lang, **words)
        return _(
            "{name}: {value} {unit} (95 % interval {low} to {high}; n = {n:,})",
            lang=lang, low=shown(self.low), high=shown(self.high), **words,
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.text()}\n{self.rule.text()}"

    def _repr_html_(self) -> str:
        return f"<p><b>{html.escape(self.text())}</b><br><small>{html.escape(self.rule.text())}</small></p>"

    def to_dict(self, lang: Language | None = None) -> dict[str, Any]:
        lang = lang or current_language()
        return {
            "recorded": self.recorded,
            "value": self.value,
            "unit": self.rule.unit(lang),
            "rule": self.rule.text(lang),
            "key": self.rule.key,
            "policy": self.rule.policy,
            "statistic": self.rule.statistic,
            "baseline": self.rule.baseline,
            "low": self.low,
            "high": self.high,
            "n": self.n,
            "extra": dict(self.extra),
        }


@dataclass(frozen=True)
class NotRecorded:
    """A metric the data says nothing about: unknown, which is not zero.

    Attributes
    ----------
    metric : str
    reason_zh, reason_en : str
        A whole sentence.
    needs : tuple of str
        Columns or tables that would be needed.
    """

    metric: str
    reason_zh: str
    reason_en: str
    needs: tuple[str, ...] = ()

    @property
    def recorded(self) -> bool:
        return False

    @property
    def value(self) -> None:
        return None

    def reason(self, lang: Language | None = None) -> str:
        return self.reason_zh if (lang or current_language()) == "zh" else self.reason_en

    def text(self, lang: Language | None = None) -> str:
        """Return what is not recorded, and why, as a sentence."""
        return _("not recorded: {reason}", lang=lang, reason=self.reason(lang))

    def __str__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(self.text())}</p>"

    def to_dict(self, lang: Language | None = None) -> dict[str, Any]:
        return {"recorded": False, "reason": self.reason(lang), "needs": list(self.needs)}


def shown(value: float | None) -> str:
    """Return a value as people read it: one decimal, none for whole numbers."""
    if value is None:
        return "—"
    text = f"{value:,.1f}".removesuffix(".0")
    return "0" if text == "-0" else text
