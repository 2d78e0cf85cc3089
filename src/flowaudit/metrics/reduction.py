"""Before and after: how much less, counted by one rule."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from flowaudit.errors import UsageError
from flowaudit.messages import Language, current_language
from flowaudit.messages import translate as _
from flowaudit.metrics.rule import Figure, baseline_name, shown


@dataclass(frozen=True)
class Reduction:
    """One metric before and after.

    Parameters
    ----------
    before, after : Figure
    force : bool
        Compare although the rules differ; :meth:`text` then says so.

    Raises
    ------
    UsageError
        If the two were not counted by one rule, if one is observed and the other simulated (the model's error would
        be sold as a saving), or if a value is missing.

    Examples
    --------
    >>> from flowaudit.metrics import CountingRule
    >>> rule = CountingRule("trips", "trips", "跑动", "trips", "次", "trips", statistic="mean")
    >>> Reduction(Figure(4.0, rule), Figure(1.0, rule)).text("en")
    'reduced by 3.0 trips (75.0%)'
    """

    before: Figure
    after: Figure
    force: bool = field(default=False, repr=False)

    def __post_init__(self) -> None:
        a, b = self.before.rule, self.after.rule
        if self.before.value is None or self.after.value is None:
            raise UsageError(_("{metric}: a figure that is not recorded cannot be compared.", metric=a.name()))
        if self.force:
            return
        if not a.comparable(b):
            raise UsageError(
                _(
                    "the figures are counted by different rules: '{before}' ({policy_before}) and '{after}' ({policy_after}).",
                    before=a.name(), policy_before=a.policy or a.key, after=b.name(), policy_after=b.policy or b.key,
                ),
                hint=_("count both by one rule, or Reduction(before, after, force=True), which says so in its text."),
            )  # fmt: skip
        if (a.baseline == "simulated") != (b.baseline == "simulated"):
            raise UsageError(
                _(
                    "a simulated figure is compared with one that is not: the error of the model would pass for a saving."
                ),
                hint=_("simulate the office as it is, too, and compare the two simulations."),
            )

    @property
    def _values(self) -> tuple[float, float]:
        return float(self.before.value or 0.0), float(self.after.value or 0.0)

    @property
    def difference(self) -> float:
        """After minus before: negative where something was saved."""
        before, after = self._values
        return after - before

    @property
    def rate(self) -> float | None:
        """(before - after) / before; negative for an increase, None where before is 0."""
        before, after = self._values
        return None if before == 0 else (before - after) / before

    def text(self, lang: Language | None = None) -> str:
        """Return the change in words, with the baselines or rules where they differ."""
        lang = lang or current_language()
        rate = "—" if self.rate is None else f"{abs(self.rate):.1%}"
        amount, unit = f"{abs(self.difference):.1f}", self.after.rule.unit(lang)
        if self.difference == 0:
            words = _("unchanged", lang=lang)
        elif self.difference < 0:
            words = _("reduced by {amount} {unit} ({rate})", lang=lang, amount=amount, unit=unit, rate=rate)
        else:
            words = _("increased by {amount} {unit} ({rate})", lang=lang, amount=amount, unit=unit, rate=rate)
        a, b = self.before.rule, self.after.rule
        if a.baseline != b.baseline:
            words += _(
                " [baselines differ: {before}, {after}]",
                lang=lang, before=baseline_name(a.baseline, lang), after=baseline_name(b.baseline, lang),
            )  # fmt: skip
        if not a.comparable(b):
            words += _(" [counted by different rules, not comparable]", lang=lang)
        return words

    def __str__(self) -> str:
        a, b = self.before, self.after
        lines = [
            f"{a.rule.name()}: {shown(a.value)} → {shown(b.value)} {b.rule.unit()}, {self.text()}",
            a.rule.text(),
        ]
        # One rule is printed once; where they differ in anything, both are.
        return "\n".join([*lines, b.rule.text()] if b.rule.text() != a.rule.text() else lines)

    def _repr_html_(self) -> str:
        return "<br>".join(html.escape(line) for line in str(self).split("\n"))


def average_rate(
    reductions: Sequence[Reduction], how: Literal["ratio_of_totals", "mean_of_ratios"] = "ratio_of_totals"
) -> float | None:
    """Average the reduction over a set of services.

    Parameters
    ----------
    reductions : sequence of Reduction
    how : {"ratio_of_totals", "mean_of_ratios"}
        Sum of what was saved over the sum before (default), or the mean of the single rates. The two differ; say
        which was used. Services with 0 before have no rate and are left out of the mean.

    Returns
    -------
    float or None
        None where nothing can be averaged.
    """
    if how == "ratio_of_totals":
        total = sum(r._values[0] for r in reductions)
        return None if total == 0 else -sum(r.difference for r in reductions) / total
    rates = [r.rate for r in reductions if r.rate is not None]
    return sum(rates) / len(rates) if rates else None
