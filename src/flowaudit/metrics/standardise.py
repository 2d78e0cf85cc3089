"""Before and after at one mix of cases: what changed in the work, apart from what changed in who came."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.catalogue import Catalogue
from flowaudit.errors import InsufficientDataError, UsageError
from flowaudit.eventlog import EventLog, Unit, as_unit
from flowaudit.messages import Language, current_language
from flowaudit.messages import translate as _
from flowaudit.metrics import _arrays as arrays
from flowaudit.metrics.four import four_reductions, metric_label
from flowaudit.metrics.four_by import COLUMN_OF, property_of
from flowaudit.metrics.reduction import Reduction
from flowaudit.metrics.rule import CountingRule, Figure, NotRecorded, shown
from flowaudit.worktime import Calendar

Mix = Literal["before", "after", "both"]
Statistic = Literal["mean", "median"]
MIX_OF = ("variant", "channel", "district")
"""What cases are told apart by unless something else is asked for, where both logs record it."""
RESAMPLES = 400


@dataclass(frozen=True)
class Standardised:
    """One metric before and after, as if the same cases had come.

    Attributes
    ----------
    metric : str
    by : tuple of str
        Properties the cases are told apart by.
    mix : {"before", "after", "both"}
        Whose shares of the strata weigh.
    before, after : Figure
        At that mix, over the strata both logs have. Their rule says that they are standardised, so that they are not
        compared with figures that are not.
    crude_before, crude_after : Figure
        As they stand, every finished case.
    low, high : float
        95 % bootstrap interval of ``reduction.difference``; cases are drawn anew within each stratum.
    strata : pd.DataFrame
        The properties, ``n_before, n_after, weight, before, after, difference``; ``weight`` adds up to 1, and is 0 for a
        stratum only one log has. None of a stratum with fewer than 10 cases on a side is for outward use (``suppressed``).
    left_out_before, left_out_after : float
        Share of cases in strata the other log does not have, or whose stratum is not recorded.
    """

    metric: str
    by: tuple[str, ...]
    mix: Mix
    before: Figure
    after: Figure
    crude_before: Figure
    crude_after: Figure
    low: float
    high: float
    strata: pd.DataFrame = field(repr=False)
    left_out_before: float = 0.0
    left_out_after: float = 0.0

    @property
    def reduction(self) -> Reduction:
        """The change at one mix."""
        return Reduction(self.before, self.after)

    @property
    def crude(self) -> Reduction:
        """The change as it stands, which another mix of cases may have caused."""
        return Reduction(self.crude_before, self.crude_after)

    @property
    def reversed(self) -> bool:
        """Whether the change goes the other way once the mix is the same (Simpson's paradox)."""
        return self.crude.difference * self.reduction.difference < 0

    def text(self, lang: Language | None = None) -> str:
        """Return both changes as sentences, and what they rest on."""
        lang = lang or current_language()
        lines = [
            _("{metric}, at one mix of cases ({by}): {before} → {after} {unit}, {words}",
              lang=lang, metric=metric_label(self.metric, lang), by=", ".join(self.by), before=shown(self.before.value),
              after=shown(self.after.value), unit=self.before.rule.unit(lang), words=self.reduction.text(lang)),
            _("95 % interval of the change: {low} to {high}", lang=lang, low=_signed(self.low), high=_signed(self.high)),
            _("as it stands: {before} → {after} {unit}, {words}",
              lang=lang, before=shown(self.crude_before.value), after=shown(self.crude_after.value),
              unit=self.before.rule.unit(lang), words=self.crude.text(lang)),
        ]  # fmt: skip
        if self.reversed:
            lines.append(
                _("the change as it stands goes the other way: other cases came (Simpson's paradox).", lang=lang)
            )
        if self.left_out_before or self.left_out_after:
            lines.append(
                _("not compared, since the other side has no such case or the stratum is not recorded: {before:.1%} of the cases before, {after:.1%} after.",
                  lang=lang, before=self.left_out_before, after=self.left_out_after)
            )  # fmt: skip
        return "\n".join(lines)

    def __str__(self) -> str:
        return f"{self.text()}\n{self.before.rule.text()}"

    def _repr_html_(self) -> str:
        lines = "<br>".join(html.escape(line) for line in self.text().split("\n"))
        hidden = ["weight", "before", "after", "difference"]
        table = self.strata.assign(**{c: self.strata[c].mask(self.strata["suppressed"]) for c in hidden})
        rule = html.escape(self.before.rule.text())
        return f"<p>{lines}</p>{table.to_html(index=False, escape=True)}<p><small>{rule}</small></p>"


def standardise(
    before: EventLog,
    after: EventLog,
    catalogue: Catalogue | None = None,
    *,
    metric: str = "time",
    by: str | Sequence[str] | None = None,
    mix: Mix = "before",
    statistic: Statistic = "median",
    unit: Unit | None = None,
    policy: str | None = None,
    calendar: Calendar | None = None,
    seed: int = 0,
) -> Standardised:
    """Compare a metric before and after at one mix of cases (direct standardisation).

    Parameters
    ----------
    before, after : EventLog
    catalogue : Catalogue, optional
    metric : {"steps", "time", "clock", "materials", "trips"}
    by : str or sequence of str, optional
        Properties that tell cases apart; default: of variant, channel and district those that both logs record.
    mix : {"before", "after", "both"}
        Whose shares of the strata weigh, ``both`` the shares of all cases together.
    statistic : {"median", "mean"}
    unit, policy, calendar
        See :func:`flowaudit.metrics.four_reductions`.
    seed : int

    Returns
    -------
    Standardised

    Raises
    ------
    UsageError
        If there is no such metric, mix or statistic, if a log does not record what to tell cases apart by, or if the
        two are counted by different rules.
    InsufficientDataError
        If one of the logs does not record the metric, or no stratum has finished cases on both sides.

    Notes
    -----
    With weights w of the strata s and n cases in each, a case weighs w/n. The mean is the weighted mean of the strata's
    means; the median is that of the weighted cases, not a mean of medians: with one stratum both are the plain ones.

    References
    ----------
    Simpson, E. H. (1951). The interpretation of interaction in contingency tables. JRSS B 13(2), 238-241.
    Keiding, N., Clayton, D. (2014). Standardization and control for confounding in observational studies: a historical
    perspective. Statistical Science 29(4), 529-558. doi:10.1214/13-STS453.
    """
    _one_of("metric", metric, tuple(COLUMN_OF))
    _one_of("mix", mix, get_args(Mix))
    _one_of("statistic", statistic, get_args(Statistic))
    sides = [
        _side(as_unit(log, unit), catalogue, metric, statistic, policy, calendar, words)
        for log, words in ((before, _("before")), (after, _("after")))
    ]
    names = _properties(sides, by)
    crude = [_crude(side, statistic) for side in sides]
    Reduction(crude[0], crude[1])  # One rule, or an error that says how the two differ.
    keyed = [_strata_of(side, names) for side in sides]
    table = strata_weights(keyed, names, mix)
    weighed = [_weigh(frame, table, names) for frame in keyed]
    values = [_estimate(x, w, statistic) for x, _stratum, w in weighed]
    differences = _resampled(weighed, statistic, seed)
    rule = standardised_rule(crude[0].rule, mix, names)
    figures = [
        Figure(value, replace(rule, period=one.rule.period, baseline=one.rule.baseline), len(x))
        for value, one, (x, *_rest) in zip(values, crude, weighed, strict=True)
    ]
    told = [1 - len(x) / figure.n for (x, *_rest), figure in zip(weighed, crude, strict=True)]
    low, high = np.quantile(differences, [0.025, 0.975])
    return Standardised(
        metric, names, mix, figures[0], figures[1], crude[0], crude[1], float(low), float(high),
        _described(table, weighed, names, statistic), told[0], told[1],
    )  # fmt: skip


@dataclass(frozen=True)
class _Side:
    log: EventLog
    values: pd.Series
    keep: npt.NDArray[np.bool_]
    figure: Figure


def _one_of(name: str, given: str, choices: Sequence[str]) -> None:
    if given not in choices:
        raise UsageError(
            _("{name} cannot be '{given}'.", name=name, given=given),
            hint=_("choose one of: {names}", names=", ".join(choices)),
        )


def _side(
    log: EventLog, catalogue: Catalogue | None, metric: str, statistic: Statistic, policy: str | None,
    calendar: Calendar | None, words: str,
) -> _Side:  # fmt: skip
    four = four_reductions(log, catalogue, unit=log.unit, policy=policy, calendar=calendar, interval=False)
    figure = four.primary[metric]
    if isinstance(figure, NotRecorded):
        raise InsufficientDataError(
            _("{metric} {side}: {reason}", metric=metric_label(metric), side=words, reason=figure.text())
        )
    values = four.per_case[COLUMN_OF[metric]]
    keep = (four.per_case["complete"] & values.notna()).to_numpy(np.bool_)
    rule = replace(figure.rule, statistic=statistic)
    return _Side(log, values, keep, replace(figure, rule=rule))


def _crude(side: _Side, statistic: Statistic) -> Figure:
    x = side.values.to_numpy(float)[side.keep]
    value = float(np.mean(x) if statistic == "mean" else np.median(x))
    return Figure(value, side.figure.rule, len(x))


def _properties(sides: Sequence[_Side], by: str | Sequence[str] | None) -> tuple[str, ...]:
    if by is not None:
        names = (by,) if isinstance(by, str) else tuple(by)
        for side in sides:
            for name in names:
                property_of(side.log, name)
        if names:
            return names
    found = tuple(name for name in MIX_OF if all(_recorded(side.log, name) for side in sides))
    if found and by is None:
        return found
    raise UsageError(
        _("the logs do not both record a property by which their cases could be told apart."),
        hint=_("name columns of the table of cases: standardise(before, after, by=['variant', 'channel'])."),
    )


def _recorded(log: EventLog, name: str) -> bool:
    try:
        return bool(pd.notna(property_of(log, name)).any())
    except UsageError:
        return False


def _strata_of(side: _Side, names: Sequence[str]) -> pd.DataFrame:
    frame = pd.DataFrame({name: property_of(side.log, name) for name in names})
    frame["x"] = side.values.to_numpy(float)
    return frame[side.keep].dropna(subset=list(names))


def strata_weights(keyed: Sequence[pd.DataFrame], names: Sequence[str], mix: Mix) -> pd.DataFrame:
    """Return what each stratum weighs.

    Parameters
    ----------
    keyed : two frames
        One row per case before and after, with the columns ``names``.
    names : sequence of str
    mix : {"before", "after", "both"}

    Returns
    -------
    pd.DataFrame
        ``names, n_before, n_after, weight``; the weights add up to 1 over the strata both sides have, 0 elsewhere.

    Raises
    ------
    InsufficientDataError
        If the two sides share no stratum.
    """
    counts = [
        frame.groupby(list(names)).size().rename(n) for frame, n in zip(keyed, ("n_before", "n_after"), strict=True)
    ]
    table = pd.concat(counts, axis=1).fillna(0).astype(np.int64).sort_index().reset_index()
    shared = (table["n_before"] > 0) & (table["n_after"] > 0)
    if not shared.any():
        raise InsufficientDataError(
            _(
                "no finished cases of one stratum ({by}) stand on both sides; nothing can be compared.",
                by=", ".join(names),
            ),
            hint=_("tell the cases apart by fewer properties: by=..."),
        )
    size = {"before": table["n_before"], "after": table["n_after"], "both": table["n_before"] + table["n_after"]}[mix]
    size = size.where(shared, 0)
    return table.assign(weight=size / size.sum())


Weighed = tuple[arrays.Floats, arrays.Ints, arrays.Floats]


def _weigh(frame: pd.DataFrame, table: pd.DataFrame, names: Sequence[str]) -> Weighed:
    """Return values in ascending order, the stratum of each, and what each weighs; of strata both sides have."""
    found = frame.merge(table.assign(stratum=np.arange(len(table))), on=list(names), how="left")
    found = found[found["weight"] > 0].sort_values("x", kind="stable")
    stratum = found["stratum"].to_numpy(np.int64)
    size = np.bincount(stratum, minlength=len(table))
    return found["x"].to_numpy(float), stratum, found["weight"].to_numpy(float) / size[stratum]


def _estimate(x: arrays.Floats, weight: arrays.Floats, statistic: Statistic) -> float:
    """Return the weighted mean, or the weighted median of ascending values (the middle of the two at a tie)."""
    if statistic == "mean":
        return float(x @ weight)
    return weighted_median(x, weight)


def weighted_median(x: arrays.Floats, weight: arrays.Floats) -> float:
    """Return the median of ascending values with weights that add up to 1; plain where all weigh alike.

    Examples
    --------
    >>> weighted_median(np.array([1.0, 2.0, 3.0, 10.0]), np.full(4, 0.25))
    2.5
    >>> weighted_median(np.array([1.0, 2.0, 10.0]), np.array([0.2, 0.2, 0.6]))
    10.0
    """
    below = np.cumsum(weight)
    slack = 1e-9
    low = x[min(int(np.searchsorted(below, 0.5 - slack)), len(x) - 1)]
    high = x[min(int(np.searchsorted(below, 0.5 + slack)), len(x) - 1)]
    return float((low + high) / 2)


def _resampled(weighed: Sequence[Weighed], statistic: Statistic, seed: int) -> arrays.Floats:
    streams = np.random.default_rng(seed).spawn(len(weighed))
    before, after = (np.array(list(_draws(*side, statistic, rng))) for side, rng in zip(weighed, streams, strict=True))
    found: arrays.Floats = after - before
    return found


def _draws(
    x: arrays.Floats, stratum: arrays.Ints, weight: arrays.Floats, statistic: Statistic, rng: np.random.Generator
) -> Iterator[float]:
    """Draw the cases of each stratum anew, as many as it has."""
    order = np.argsort(stratum, kind="stable")
    sorted_stratum = stratum[order]
    size = np.bincount(stratum)
    start = np.concatenate([[0], np.cumsum(size)[:-1]])[sorted_stratum]
    of = size[sorted_stratum]
    for _draw in range(RESAMPLES):
        drawn = order[start + (rng.random(len(x)) * of).astype(np.int64)]
        yield _estimate(x, weight * np.bincount(drawn, minlength=len(x)), statistic)


def _described(
    table: pd.DataFrame, weighed: Sequence[Weighed], names: Sequence[str], statistic: Statistic
) -> pd.DataFrame:
    for side, (x, stratum, _weight) in zip(("before", "after"), weighed, strict=True):
        values = pd.Series(x).groupby(stratum).agg(statistic)
        table = table.assign(**{side: values.reindex(range(len(table))).to_numpy(float)})
    small = (table[["n_before", "n_after"]] < 10).any(axis=1)
    table = table.assign(difference=table["after"] - table["before"], suppressed=small)
    return table[[*names, "n_before", "n_after", "weight", "before", "after", "difference", "suppressed"]]


def standardised_rule(rule: CountingRule, mix: Mix, names: Sequence[str]) -> CountingRule:
    """Return a counting rule that says to whose mix of cases its figure is standardised."""
    return replace(
        rule,
        key=f"{rule.key}_standardised_{mix}",
        definition_zh=rule.definition_zh + _mix_words(mix, names, "zh"),
        definition_en=rule.definition_en + _mix_words(mix, names, "en"),
    )


def _mix_words(mix: Mix, names: Sequence[str], lang: Language) -> str:
    zh = {"before": "改革前", "after": "改革后", "both": "前后合计"}[mix]
    en = {"before": "those before", "after": "those after", "both": "all cases"}[mix]
    if lang == "zh":
        return f"按{zh}的办件构成（{'、'.join(names)}）标准化，只比较前后都有的类别。"
    return f" Standardised to the mix of {en} ({', '.join(names)}), over the strata both sides have."


def _signed(value: float) -> str:
    return ("+" if value > 0 else "") + shown(value).replace("-", "−")
