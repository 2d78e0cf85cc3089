"""After go-live: what the log after a reform says against the one before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from flowaudit.catalogue import Catalogue
from flowaudit.errors import UsageError
from flowaudit.eventlog import EventLog, Unit
from flowaudit.messages import translate as _
from flowaudit.metrics import Figure, Mix, NotRecorded, Reduction, guide_figures
from flowaudit.targets.cautions import cautions
from flowaudit.targets.changes import changes
from flowaudit.targets.counted import Counted, counted
from flowaudit.targets.effects import Effects
from flowaudit.targets.estimate import Estimate, Statistic
from flowaudit.targets.groups import OF_ITEM, compared_by, require
from flowaudit.targets.interrupted import Interrupted, interrupted
from flowaudit.targets.learning import Learning, learning
from flowaudit.targets.mix import choose_strata, recorded_properties, shifts
from flowaudit.targets.promised import Promised, as_targets, judged, kept_promises
from flowaudit.targets.ratings import rated
from flowaudit.targets.sides import Pair, by_case, pair_of
from flowaudit.worktime import Calendar, load_calendar

BY = ("item", "district", "channel")
STATISTICS: tuple[Statistic, ...] = ("median", "mean")


def compare(
    before: EventLog,
    after: EventLog,
    catalogue_before: Catalogue | None = None,
    catalogue_after: Catalogue | None = None,
    *,
    by: str | Sequence[str] | None = None,
    strata: str | Sequence[str] | None = None,
    mix: Mix = "before",
    statistic: Literal["median", "mean"] = "median",
    policy: str | None = None,
    unit: Unit | None = None,
    calendar: Calendar | None = None,
    follow_up: int | None = None,
    promised: Promised | None = None,
    go_live: Any = None,
    seed: int = 0,
) -> Effects:
    """Say what a reform has changed, from a log of before and one of after it went live (改革成效).

    Parameters
    ----------
    before, after : EventLog
        Observed logs of the same items; a case belongs to the side on which it arrived.
    catalogue_before, catalogue_after : Catalogue, optional
        Their promised limits, and what the service guides of both sides ask for.
    by : str or sequence of str, optional
        Also apart for each value of these; default: of item, district and channel what both logs record.
    strata : str or sequence of str, optional
        What cases are told apart by for the comparison at one mix; ``()`` for none. Default: of one-thing, item,
        variant, district and channel what both record, as long as at most 10 % of the cases of a side have no
        counterpart on the other.
    mix : {"before", "after", "both"}
        Whose shares of the strata weigh.
    statistic : {"median", "mean"}
        Of the headline figures; both are computed.
    policy, unit, calendar
        See :func:`flowaudit.metrics.four_reductions`. Default policy: the first of A, B, C that both logs record.
    follow_up : int, optional
        Working days that every case is looked at after its arrival; 0: take finished cases as they are. Default:
        chosen from the logs (:func:`flowaudit.targets.follow_up.follow_up`).
    promised : mapping or targets, optional
        What the plan promised: ``{"time": 5}`` (at most, in the metric's unit), or :class:`Target` objects.
    go_live : datetime-like, optional
        Day the reform went live; default: that of the first arrival after it.
    seed : int
        Of the bootstrap.

    Returns
    -------
    Effects

    Raises
    ------
    InsufficientDataError
        If a log is empty, the logs have no item in common, or share cases, or cases stand on the wrong side of go-live.
    UsageError
        If the logs are swapped or counted by different units, or an option is none.

    Notes
    -----
    A comparison of before and after is no experiment: what else changed at the time is in the difference. The notes of
    the result say what the logs themselves show of that.

    Examples
    --------
    >>> from flowaudit.eventlog import load_sample
    >>> found = compare(load_sample("newborn/before"), load_sample("newborn/after"))
    >>> [(e.metric, e.before.value, e.after.value) for e in found.headlines if e.metric != "clock"]
    [('steps', 16.0, 3.0), ('time', 32.0, 5.0), ('materials', 9.0, 2.0), ('trips', 4.0, 1.0)]
    """
    for name, value, choices in (("mix", mix, get_args(Mix)), ("statistic", statistic, STATISTICS)):
        if value not in choices:
            raise UsageError(
                _("{name} cannot be '{given}'.", name=name, given=value),
                hint=_("choose one of: {names}", names=", ".join(choices)),
            )
    targets = as_targets(promised)
    calendar = calendar or load_calendar()
    pair = pair_of(before, after, (catalogue_before, catalogue_after), unit=unit, go_live=go_live)
    both = counted(pair, policy=policy, calendar=calendar, days=follow_up, seed=seed)
    names, untold = choose_strata(both, None if strata is None else _several(strata))
    estimates, tables, alone = _estimates(both, names, mix, statistic, seed)
    groups = {name: _group(name, both, (before, after), by is not None, statistic, policy, calendar, follow_up, seed)
              for name in (BY if by is None else _several(by))}  # fmt: skip
    moved = shifts(both, list(dict.fromkeys([*recorded_properties(both), *names])))
    series = {metric: _series(both, metric) for metric in both.metrics}
    found = Effects(
        unit=pair.before.log.unit, go_live=pair.go_live, periods=(pair.before.span, pair.after.span),
        cases=(pair.before.log.n_cases, pair.after.log.n_cases), statistic=statistic, estimates=estimates,
        not_compared=both.refused, follow_up=both.follow, mix=mix, strata=names, strata_tables=tables, shifts=moved,
        groups={name: table for name, table in groups.items() if table is not None}, series=series, learning=_learning(both),
        ratings=rated(pair), kept_promises=kept_promises(both, calendar), promises=tuple(judged(t, both, names, mix, seed=seed) for t in targets), guides=_guides(pair),
        left_out=_left_out(both, alone, statistic), notes=(), synthetic=any(side.log.provenance.synthetic for side in pair.sides),
    )  # fmt: skip
    return replace(found, notes=(*pair.notes, *both.notes, *untold, *cautions(found)))


def _several(names: str | Sequence[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def _estimates(
    both: Counted, names: tuple[str, ...], mix: Mix, headline: str, seed: int
) -> tuple[tuple[Estimate, ...], dict[str, pd.DataFrame], dict[str, tuple[int, int]]]:
    """Return every metric in every way, the strata of each, and the cases of each that have no counterpart."""
    found: list[Estimate] = []
    tables: dict[str, pd.DataFrame] = {}
    alone: dict[str, tuple[int, int]] = {}
    for metric in both.metrics:
        for statistic in STATISTICS:
            told = changes(both, metric, statistic, names, mix, seed=seed)
            found += told.estimates
            if statistic == headline and told.strata is not None:
                tables[metric], alone[metric] = told.strata, told.alone
    return tuple(found), tables, alone


def _group(
    name: str, both: Counted, logs: tuple[EventLog, EventLog], asked: bool, statistic: Statistic, policy: str | None,
    calendar: Calendar, days: int | None, seed: int,
) -> pd.DataFrame | NotRecorded | None:  # fmt: skip
    """Compare by a property; None where it is not recorded and nobody asked for it."""
    own = both
    try:
        if name in OF_ITEM and both.pair.before.log.unit == "bundle":
            if "bundle" in (logs[0].unit, logs[1].unit):
                return NotRecorded(
                    name,
                    "日志已按“一件事”汇总，不能再按事项分开。",
                    "the logs are seen by bundle already and cannot be taken apart by item.",
                )
            own = counted(by_case(both.pair, *logs), policy=policy, calendar=calendar, days=days, seed=seed)
        table = compared_by(own, name, statistic, seed=seed)
    except UsageError:
        if not asked:
            return None
        raise require(name, [p for p in BY if p in recorded_properties(both)]) from None
    if table.empty:
        return None
    known = both.pair.after.catalogue or both.pair.before.catalogue
    if name in ("item", "item_code") and known is not None:
        table.insert(1, "name", [known.item_name(code) for code in table[name]])
    return table


def _series(both: Counted, metric: str) -> Interrupted | NotRecorded:
    if not both.pair.divided:
        return NotRecorded(
            metric,
            "前后两份日志的时段重叠，没有一个时点可以分开。",
            "the periods of the two logs overlap: no moment divides them.",
        )
    if not both.follow.usable:
        return NotRecorded(
            metric,
            "改革后（或改革前）日志截止太早，末段办件多未办结，时间序列会失真。",
            "a log is too young: the cases of its last periods are mostly open, and a series would bend for that alone.",
        )
    early = [lapse.early(both.follow.days) for lapse in both.lapses]
    rule = both.metrics[metric][0]
    first, second = both.pair.sides
    return interrupted(
        metric, (rule.unit_zh, rule.unit_en), both.pair.go_live, both.values(metric, both.kind, "mean"),
        (first.arrival, second.arrival), (early[0], early[1]),
    )  # fmt: skip


def _learning(both: Counted) -> Learning | NotRecorded:
    metric = next((m for m in ("time", "clock", "steps") if m in both.metrics), None)
    if metric is None or not both.follow.usable:
        return NotRecorded(
            metric or "time",
            "改革后日志截止太早，或没有可比的时间指标，不作学习曲线。",
            "the log after is too young, or nothing of time can be compared: no learning curve.",
        )
    return learning(metric, both.pair.go_live, both.values(metric, both.kind, "mean")[1], both.pair.after.arrival)


def _guides(pair: Pair) -> dict[str, Reduction | NotRecorded]:
    first, second = pair.before.catalogue, pair.after.catalogue
    if first is None or second is None:
        return {}
    old, new = guide_figures(first, "guide_before", log=pair.before.log), guide_figures(second, "guide_after", log=pair.after.log)  # fmt: skip
    return {metric: _guide(metric, figure, new[metric]) for metric, figure in old.items()}


def _guide(metric: str, before: Figure | NotRecorded, after: Figure | NotRecorded) -> Reduction | NotRecorded:
    if isinstance(before, NotRecorded):
        return before
    if isinstance(after, NotRecorded):
        return after
    if not before.rule.comparable(after.rule):
        return NotRecorded(metric, "前后办事指南的口径不一，不予比较。", "the two guides count it by different rules; not compared.")  # fmt: skip
    return Reduction(before, after)


def _left_out(both: Counted, alone: dict[str, tuple[int, int]], statistic: Statistic) -> pd.DataFrame:
    rows = list(both.pair.left_out)
    follow = both.follow
    if follow.days is None:
        rows.append(("open", *follow.open))
    else:
        rows.append(("young", follow.cases[0] - follow.early[0], follow.cases[1] - follow.early[1]))
        rows.append(("not_in_time", follow.early[0] - follow.in_time[0], follow.early[1] - follow.in_time[1]))
    ended = [four.per_case["complete"].to_numpy(np.bool_) for four in both.fours]
    if follow.days is not None:
        ended = [lapse.in_time(follow.days) for lapse in both.lapses]
    for metric in both.metrics:
        gone = [int((mask & np.isnan(x)).sum()) for mask, x in zip(ended, both.values(metric, both.kind, statistic), strict=True)]  # fmt: skip
        rows.append((f"withheld:{metric}", gone[0], gone[1]))
        if metric in alone:
            rows.append((f"no_counterpart:{metric}", *alone[metric]))
    table = pd.DataFrame(rows, columns=["reason", "before", "after"])
    return table[(table[["before", "after"]] > 0).any(axis=1)].reset_index(drop=True)
