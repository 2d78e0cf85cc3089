"""Both sides of a comparison counted by one rule, and the cases that each figure rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.errors import MissingColumnError
from flowaudit.messages import both
from flowaudit.messages import translate as _
from flowaudit.metrics import (
    COLUMN_OF,
    METRICS,
    CountingRule,
    Figure,
    FourReductions,
    NotRecorded,
    four_reductions,
    property_of,
    recorded_policies,
)
from flowaudit.targets.estimate import Kind, Statistic
from flowaudit.targets.follow_up import FollowUp, Lapse, follow_up, lapse_of
from flowaudit.targets.sides import Note, Pair, side_name
from flowaudit.worktime import Calendar

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Counted:
    """Both sides, counted.

    Attributes
    ----------
    pair : Pair
    fours : (FourReductions, FourReductions)
    lapses : (Lapse, Lapse)
    follow : FollowUp
    notes : tuple of (str, str)
    """

    pair: Pair
    fours: tuple[FourReductions, FourReductions]
    lapses: tuple[Lapse, Lapse]
    follow: FollowUp
    notes: tuple[Note, ...] = ()

    @cached_property
    def rules(self) -> dict[str, tuple[CountingRule, CountingRule] | NotRecorded]:
        """The counting rules of every metric on both sides, or why it is not compared."""
        return {metric: _rules(self.fours, metric) for metric in METRICS}

    @cached_property
    def metrics(self) -> dict[str, tuple[CountingRule, CountingRule]]:
        """The metrics that can be compared, with their rules."""
        return {metric: rules for metric, rules in self.rules.items() if not isinstance(rules, NotRecorded)}

    @property
    def refused(self) -> tuple[NotRecorded, ...]:
        return tuple(rules for rules in self.rules.values() if isinstance(rules, NotRecorded))

    @property
    def kind(self) -> Kind:
        """The more careful way in which cases are counted here."""
        return "crude" if self.follow.days is None else "followed"

    def values(self, metric: str, kind: Kind, statistic: Statistic) -> tuple[Floats, Floats]:
        """Return the metric of each case, NaN for those it does not rest on, infinite for those that took longer.

        ``crude``: every finished case. Else the cases that can be looked at for long enough and ended within that time;
        of quantiles of the end-to-end time also those that did not, since how many they are is all a quantile asks.
        """
        first, second = (
            _values(four.per_case, lapse, None if kind == "crude" else self.follow.days, metric, statistic)
            for four, lapse in zip(self.fours, self.lapses, strict=True)
        )
        return first, second

    def rule(self, metric: str, kind: Kind, statistic: Statistic) -> tuple[CountingRule, CountingRule]:
        """Return the rules of both sides, saying how long cases are looked at."""
        days = self.follow.days
        first, second = self.metrics[metric]
        if kind == "crude" or days is None:
            return first, second
        zh = f"到达满{days}个工作日且在{days}个工作日内办结的"
        en = f"that arrived at least {days} working days before the log's end and ended within {days}"
        if metric == "time" and statistic != "mean":
            zh = f"到达满{days}个工作日的（{days}个工作日内未办结的按最长计）"
            en = f"that arrived at least {days} working days before the log's end (those not ended within {days} count as the longest)"

        def told(rule: CountingRule) -> CountingRule:
            return replace(
                rule, key=f"{rule.key}_within_{days}", population_zh=zh + rule.population_zh.removeprefix("已办结的"),
                population_en=f"{rule.population_en.removeprefix('completed ')} {en}",
            )  # fmt: skip

        return told(first), told(second)

    def properties(self, names: Sequence[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return properties of the cases of both sides, as text.

        Raises
        ------
        UsageError
            If a log has no such property.
        """
        for name in names:
            if name not in self._told:
                self._told[name] = (self._property(0, name), self._property(1, name))
        first, second = (
            pd.DataFrame({name: self._told[name][k] for name in names}, index=range(side.log.n_cases))
            for k, side in enumerate(self.pair.sides)
        )
        return first, second

    @cached_property
    def _told(self) -> dict[str, tuple[pd.Series, pd.Series]]:
        """Properties that were asked for before."""
        return {}

    def _property(self, k: int, name: str) -> pd.Series:
        values = pd.Series(property_of(self.pair.sides[k].log, name), dtype=object)
        return values.map(str, na_action="ignore")


def counted(
    pair: Pair, *, policy: str | None = None, calendar: Calendar, days: int | None = None, seed: int = 0
) -> Counted:
    """Count both sides by one rule.

    Raises
    ------
    MissingColumnError
        If the policy asked for is not recorded on both sides.
    """
    chosen, notes = _policy(pair, policy)
    first, second = (
        four_reductions(side.log, unit=side.log.unit, policy=chosen, calendar=calendar, interval=False, beside=False)
        for side in pair.sides
    )
    a, b = (
        lapse_of(side, four.per_case["e2e_days"], four.per_case["complete"], calendar)
        for side, four in zip(pair.sides, (first, second), strict=True)
    )
    return Counted(pair, (first, second), (a, b), follow_up(a, b, days, seed=seed), notes)


def _policy(pair: Pair, asked: str | None) -> tuple[str | None, tuple[Note, ...]]:
    recorded = [recorded_policies(side.log) for side in pair.sides]
    common = [key for key in recorded[0] if key in recorded[1]]
    if asked is not None:
        full = next((key for key in {*recorded[0], *recorded[1]} if asked.casefold() in (key.casefold(), key[0].casefold())), None)  # fmt: skip
        if full is None or full in common:
            # One that neither side records, or nobody knows, is refused where it is counted.
            return full or asked, ()
        missing = pair.sides[0 if full not in recorded[0] else 1]
        raise MissingColumnError(
            _("policy {policy} is recorded on one side only: not in the log {side}.", policy=full, side=side_name(missing.which)),
            hint=_("both logs record {policies}.", policies=", ".join(common)),
        )  # fmt: skip
    best = [one[0] for one in recorded]
    if best[0] == best[1]:
        return best[0], ()
    alone = next(key for key in best if key != common[0])
    return common[0], (
        both("policy {alone} is recorded on one side only; the steps of both are counted by {policy}.", alone=alone, policy=common[0]),
    )  # fmt: skip


def _rules(fours: Sequence[FourReductions], metric: str) -> tuple[CountingRule, CountingRule] | NotRecorded:
    figures: list[Figure] = []
    for four, zh, en in zip(fours, ("改革前", "改革后"), ("before", "after"), strict=True):
        figure = four.primary[metric]
        if isinstance(figure, NotRecorded):
            return NotRecorded(metric, f"{zh}：{figure.reason_zh}", f"{en}: {figure.reason_en}", figure.needs)
        figures.append(figure)
    first, second = (figure.rule for figure in figures)
    if not first.comparable(second):
        return NotRecorded(
            metric,
            f"前后口径不一，不予比较。改革前：{first.definition_zh}改革后：{second.definition_zh}",
            f"counted by different rules, not compared. Before: {first.definition_en} After: {second.definition_en}",
        )
    return _baseline(first, "log_before"), _baseline(second, "log_after")


def _baseline(rule: CountingRule, baseline: str) -> CountingRule:
    return rule if rule.baseline == "simulated" else replace(rule, baseline=baseline)


def _values(frame: pd.DataFrame, lapse: Lapse, days: int | None, metric: str, statistic: Statistic) -> Floats:
    x = frame[COLUMN_OF[metric]].to_numpy(np.float64)
    complete = frame["complete"].to_numpy(np.bool_)
    if days is None:
        return np.where(complete, x, np.nan)
    in_time = lapse.in_time(days)
    if metric == "time" and statistic != "mean":
        return np.where(in_time, x, np.where(lapse.early(days), np.inf, np.nan))
    return np.where(in_time, x, np.nan)
