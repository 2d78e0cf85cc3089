"""The promise (承诺时限) that a share of the cases keeps, beside the one made today and the statutory limit."""

from __future__ import annotations

import html
import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from flowaudit.catalogue import Catalogue
from flowaudit.errors import InsufficientDataError, UsageError, nearest
from flowaudit.eventlog import EventLog, as_unit
from flowaudit.messages import Language, current_language
from flowaudit.messages import translate as _
from flowaudit.metrics import metric_label, wilson
from flowaudit.planning.case_days import PromisedMetric, item_frame, of_rows, of_whole, require_metric, require_recorded
from flowaudit.planning.kept import Days, Within, least_cases, of_cases, of_runs, shown_share
from flowaudit.planning.promised import Promised, Stated
from flowaudit.simulation import Runs
from flowaudit.targets import interval
from flowaudit.worktime import Calendar, load_calendar

Baseline = Literal["statutory", "promised"]
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Promise:
    """What :func:`promise` found.

    Attributes
    ----------
    level : float
        Share of the cases that is to keep the promise.
    confidence : float
        Of each bound.
    metric : {"clock", "time"}
        Official clock, or end-to-end working days.
    replications : int
        0: an observed log.
    rows : tuple of Promised
        Whole cases first, then the items where there are several.
    """

    level: float
    confidence: float
    metric: PromisedMetric
    replications: int
    rows: tuple[Promised, ...]

    def __iter__(self) -> Iterator[Promised]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def whole(self) -> Promised:
        return self.rows[0]

    def of(self, item: str) -> Promised:
        """Return the row of an item, by code or name.

        Raises
        ------
        UsageError
            If there is none, naming the nearest.
        """
        for row in self.rows:
            if item and item in (row.item, row.name):
                return row
        names = [n for row in self.rows for n in dict.fromkeys((row.name, row.item)) if n]
        raise UsageError(
            _("no promise was measured for '{name}'.", name=item),
            hint=_("there are: {names}", names=", ".join(nearest(item, names) or names[:5]) or "-"),
        )

    def label(self, row: Promised, lang: Language | None = None) -> str:
        """Return what people call a row."""
        return row.name if row.item else _("all cases", lang=lang)

    def sentences(self, lang: Language | None = None) -> tuple[str, ...]:
        """Return what the figures say, a row after the other."""
        lang = lang or current_language()
        told = [sentence for row in self.rows for sentence in _sentences(self, row, lang)]
        if self.replications:
            told.append(_("Simulated, {n} replications: the bounds hold chance in the simulation, not what the model misses (see its fidelity).", lang=lang, n=self.replications))  # fmt: skip
        return tuple(told)

    def table(self) -> pd.DataFrame:
        """Return one line for every row: what can be promised, what is, and what the law allows.

        Returns
        -------
        pd.DataFrame
            Columns ``item, name, cases, running, days, low, high`` (working days), ``promised_days, promised_kept,
            statutory_days, statutory_kept`` (limits in the fewest working days they left, shares), ``at_risk,
            above_statutory``; missing where unknown.
        """
        rows = []
        for row in self.rows:
            told = {"item": row.item, "name": row.name, "cases": row.n, "running": row.running, "days": row.days, "low": row.low, "high": row.high}  # fmt: skip
            for name, limit in (("promised", row.promised), ("statutory", row.statutory)):
                told |= {
                    f"{name}_days": limit.working_days if limit else None,
                    f"{name}_kept": limit.kept if limit else None,
                }
            rows.append(told | {"at_risk": row.at_risk, "above_statutory": row.above_statutory})
        frame = pd.DataFrame(rows)
        whole = ["days", "low", "high", "promised_days", "statutory_days"]
        shares = ["promised_kept", "statutory_kept"]
        return frame.astype(
            dict.fromkeys(whole, "Int64")
            | dict.fromkeys(shares, "float64")
            | dict.fromkeys(["at_risk", "above_statutory"], "boolean")
        )

    def to_dict(self, lang: Language | None = None) -> dict[str, Any]:
        lang = lang or current_language()
        return {
            "level": self.level, "confidence": self.confidence, "metric": self.metric, "unit": _("working days", lang=lang),
            "replications": self.replications,
            "rows": [
                {
                    "item": row.item, "name": self.label(row, lang), "cases": row.n, "running": row.running,
                    "withheld": row.withheld, "days": row.days, "low": row.low, "high": row.high,
                    "promised": row.promised.to_dict(lang) if row.promised else None,
                    "statutory": row.statutory.to_dict(lang) if row.statutory else None,
                    "at_risk": row.at_risk, "above_statutory": row.above_statutory,
                }
                for row in self.rows
            ],
            "sentences": list(self.sentences(lang)),
        }  # fmt: skip

    def __str__(self) -> str:
        return "\n".join(self.sentences())

    def _repr_html_(self) -> str:
        head = (
            _("Item"), _("Cases"), _("{level:.0%} end within (working days)", level=self.level), _("Bounds"),
            _("Promised today"), _("Kept"), _("Statutory limit"),
        )  # fmt: skip
        body = []
        for row in self.rows:
            kept = row.promised.kept if row.promised else None
            body.append(
                (
                    self.label(row), f"{row.n:,}", _days(row.days), f"{_days(row.low)} – {_days(row.high)}",
                    row.promised.text() if row.promised else "—", "—" if kept is None else f"{kept:.1%}",
                    row.statutory.text() if row.statutory else "—",
                )
            )  # fmt: skip
        rows = "".join("<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in cells) + "</tr>" for cells in body)
        return f"<table><tr>{''.join(f'<th>{html.escape(h)}</th>' for h in head)}</tr>{rows}</table>"


def promise(
    source: EventLog | Runs,
    catalogue: Catalogue | None = None,
    *,
    level: float = 0.95,
    confidence: float = 0.95,
    metric: PromisedMetric = "clock",
    by: Literal["item"] | None = "item",
    calendar: Calendar | None = None,
    progress: Progress | None = None,
) -> Promise:
    """Say which time limit a share of the cases keeps, for whole cases and for every item.

    Parameters
    ----------
    source : EventLog or Runs
        What happened, or a simulation.
    catalogue : Catalogue, optional
        Limits of items whose cases carry none of their own. Default for a simulation: the one of its process, with
        what measures have changed in it.
    level : float
        Share of the cases that is to keep the promise.
    confidence : float
        Of each of the two bounds.
    metric : {"clock", "time"}
        The official clock (计时办理时间), which promises are about, or the end-to-end working days (全程时间).
    by : {"item"}, optional
        None: whole cases only.
    calendar : Calendar, optional
        Default: China's official one; of a simulation, the one its process was fitted with.
    progress : callable(done, total), optional
        Called with replications measured.

    Returns
    -------
    Promise

    Raises
    ------
    UsageError
        If an option is out of its range.
    InsufficientDataError
        If the clock is not recorded.

    Notes
    -----
    A promise is a whole number of working days, counted as :func:`flowaudit.clocks` counts them. Bounds assume no
    distribution; those of a log take its cases for independent, those of a simulation are Student's over replications
    and hold chance in the simulation only, not the error of its model (see :func:`flowaudit.fidelity`). With fewer than
    59 cases even the slowest is no 95 % upper bound of a P95, and nothing is promised. Cases that are not decided yet
    are not dropped, but lower bounds (Kaplan and Meier).

    A limit in other units than working days is compared by the fewest working days that a case had by it.

    Examples
    --------
    >>> from flowaudit.eventlog import from_frame
    >>> days = pd.to_datetime("2024-03-04 10:00") + pd.to_timedelta([0, 1] * 99 + [0, 3], unit="D")
    >>> log = from_frame(pd.DataFrame({"case_id": np.repeat(np.arange(100).astype(str), 2), "activity": ["受理", "决定"] * 100,
    ...     "stage": ["accept", "decide"] * 100, "end": days}))
    >>> found = promise(log).whole
    >>> found.days, found.high, found.kept_within(1)
    (1, 1, 0.99)
    """
    _require_options(level, confidence, metric, by)
    simulated = isinstance(source, Runs)
    if isinstance(source, Runs):
        catalogue = catalogue if catalogue is not None else source.process.catalogue
        calendar = calendar or load_calendar(source.process.calendar)
    calendar = calendar or load_calendar()
    logs: Sequence[EventLog] = source if isinstance(source, Runs) else (as_unit(source),)
    names = dict(source.process.item_names) if isinstance(source, Runs) else {}
    require_recorded(logs[0], metric, calendar)
    wholes, frames = [], []
    for done, log in enumerate(logs, 1):
        wholes.append(of_whole(log, metric, calendar))
        frames.append(item_frame(log, metric, catalogue, calendar))
        if progress:
            progress(done, len(logs))
    if not any(len(w) for w in wholes):
        raise InsufficientDataError(
            _("no case has a known {metric}.", metric=metric_label(metric)),
            hint=_("flowaudit check names the cases whose stamps contradict themselves."),
        )

    def within(cases: Sequence[Days]) -> Within:
        return of_runs(cases, level, confidence) if simulated else of_cases(cases[0], level, confidence)

    def named(code: str) -> str:
        return names.get(code) or (catalogue.item_name(code) if catalogue is not None else code)

    codes = list(dict.fromkeys(code for frame in frames for code in frame["item_code"].dropna()))
    # Cases of one item are that item.
    only, name = (codes[0], named(codes[0])) if len(codes) == 1 else ("", "")
    limits = _limits(frames, metric) if len(codes) <= 1 else (None, None)
    rows = [_row(only, name, wholes, logs[0].n_cases - len(wholes[0]), within(wholes), limits)]
    for code in codes if by == "item" and not only else ():
        own = [frame[(frame["item_code"] == code).to_numpy()] for frame in frames]
        cases = [of_rows(frame) for frame in own]
        if any(len(c) for c in cases):
            unknown = int(own[0]["days"].isna().sum())
            rows.append(_row(code, named(code), cases, unknown, within(cases), _limits(own, metric)))
    return Promise(level, confidence, metric, len(logs) if simulated else 0, tuple(rows))


def _require_options(level: float, confidence: float, metric: str, by: str | None) -> None:
    for name, value in (("level", level), ("confidence", confidence)):
        if not 0.5 <= value < 1.0:
            raise UsageError(
                _("{name} is a share from 0.5 to below 1; got {value}.", name=name, value=value),
                hint=_("{name}=0.95 is usual.", name=name),
            )
    if by not in ("item", None):
        raise UsageError(_("a promise is measured by item, not by '{name}'.", name=by), hint='by="item"')
    require_metric(metric)


def _row(
    code: str, name: str, cases: Sequence[Days], withheld: int, found: Within, limits: tuple[Stated | None, Stated | None]
) -> Promised:  # fmt: skip
    n = round(float(np.mean([len(c) for c in cases])))
    running = round(float(np.mean([c.running.sum() for c in cases])))
    return Promised(code, name, n, running, withheld, found.days, found.low, found.high, found.curve, *limits)


def _limits(frames: Sequence[pd.DataFrame], metric: str) -> tuple[Stated | None, Stated | None]:
    """Limits are about the official clock; beside other days they would mislead."""
    told = [frame for frame in frames if len(frame)] if metric == "clock" else []
    return (_stated(told, "promised"), _stated(told, "statutory")) if told else (None, None)


def _stated(frames: Sequence[pd.DataFrame], which: Baseline) -> Stated | None:
    """Return the limit the cases had, and how often they kept it: in a log, or on average over replications."""
    units = pd.concat([frame[f"{which}_unit"] for frame in frames])
    amounts = pd.concat([frame[f"{which}_limit"] for frame in frames])[units.notna().to_numpy()]
    units = units[units.notna()]
    if not len(units):
        return None
    counts = Counter(zip(units, amounts.fillna(-1.0), strict=True))
    (unit, amount), _times = counts.most_common(1)[0]
    shares, judged = [], 0
    for frame in frames:
        kept = frame[f"{which}_on_time"].dropna().to_numpy(bool)
        judged += len(kept)
        if len(kept):
            shares.append(float(kept.mean()))
    share: float | None = float(np.mean(shares)) if shares else None
    low: float | None = None
    high: float | None = None
    if share is not None:
        low, high = wilson(round(share * judged), judged) if len(frames) == 1 else interval(np.array(shares))[1:]
    if low is not None and high is not None:
        low, high = (None, None) if math.isnan(low) else (max(low, 0.0), min(high, 1.0))
    return Stated(
        None if amount < 0 else amount, str(unit), len(counts) > 1, _fewest(frames, which), share, low, high, judged
    )


def _fewest(frames: Sequence[pd.DataFrame], which: Baseline) -> int | None:
    """The fewest working days that a case had by its limit, without what was granted on it."""
    if all((frame[f"{which}_unit"].dropna() == "working_days").all() for frame in frames):
        return int(min(frame[f"{which}_limit"].min() for frame in frames))
    had = pd.concat(
        [(f[f"{which}_slack_days"] + f["clock_days"])[(f["extended_days"] == 0).to_numpy(bool)] for f in frames]
    ).dropna()
    return int(had.min()) if len(had) else None


def _days(days: int | None) -> str:
    return "—" if days is None else str(days)


def _sentences(found: Promise, row: Promised, lang: Language) -> Iterator[str]:
    what = found.label(row, lang)
    metric = metric_label(found.metric, lang)
    if row.days is None:
        yield _("{what}: {n:,} cases are too few to say within how many days {level:.0%} of them end.", lang=lang, what=what, n=row.n, level=found.level)  # fmt: skip
    else:
        yield _("{what}: {level:.0%} of the cases end within {days} working days ({metric}; n = {n:,}).", lang=lang, what=what, level=found.level, days=row.days, metric=metric, n=row.n)  # fmt: skip
        yield _certain(found, row, what, lang)
    yield from _beside_promise(found, row, what, lang)
    limit = row.statutory
    if limit is not None and limit.working_days is not None and row.above_statutory:
        days = row.days if row.high is None else row.high
        yield _("{what}: {days} working days are more than the statutory limit ({limit}); the promise cannot be made at this level, the process has to get faster first.", lang=lang, what=what, days=days, limit=limit.text(lang))  # fmt: skip


def _certain(found: Promise, row: Promised, what: str, lang: Language) -> str:
    if row.high is not None:
        return _("{what}: {days} working days can be promised (with {confidence:.0%} confidence at least {level:.0%} of the cases keep them).", lang=lang, what=what, days=row.high, confidence=found.confidence, level=found.level)  # fmt: skip
    if found.replications == 1:
        return _("{what}: one replication does not say how sure that is.", lang=lang, what=what)
    needed = least_cases(found.level, found.confidence)
    if not found.replications and row.n - row.running < needed:
        return _("{what}: nothing can be promised with {confidence:.0%} confidence: at least {needed} decided cases are needed, {n} are there.", lang=lang, what=what, confidence=found.confidence, needed=needed, n=row.n - row.running)  # fmt: skip
    return _("{what}: nothing can be promised with {confidence:.0%} confidence: too many cases are still running.", lang=lang, what=what, confidence=found.confidence)  # fmt: skip


def _beside_promise(found: Promise, row: Promised, what: str, lang: Language) -> Iterator[str]:
    today = row.promised
    if today is None or today.kept is None:
        return
    # Rounded down: a promise that some cases break is never called kept by all.
    kept = shown_share(today.kept)
    words = {"what": what, "limit": today.text(lang), "kept": kept}
    interval_ = "" if today.low is None else _(" (95 % interval {low:.1%} to {high:.1%})", lang=lang, low=today.low, high=today.high)  # fmt: skip
    if row.at_risk:
        yield _("{what}: promised today are {limit}, kept in {kept:.1%} of the cases{interval}: at {level:.0%} the promise is at risk of being broken ({breach:.1%} of the cases).", lang=lang, interval=interval_, level=found.level, breach=1 - kept, **words)  # fmt: skip
        return
    yield _("{what}: promised today are {limit}, kept in {kept:.1%} of the cases{interval}.", lang=lang, interval=interval_, **words)  # fmt: skip
    if row.at_risk is False and not row.certain:
        yield _("{what}: that {level:.0%} of the cases keep it is not beyond chance.", lang=lang, what=what, level=found.level)  # fmt: skip
    if row.high is not None and today.working_days is not None and row.high < today.working_days:
        yield _("{what}: the promise could be {spare} working days shorter; busy months and hard situations are to be looked at before.", lang=lang, what=what, spare=today.working_days - row.high)  # fmt: skip
