"""Repairs of a log, each only where it was asked for, each told in the provenance with its number of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, datetime
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from flowaudit.errors import InsufficientDataError, UsageError, nearest
from flowaudit.eventlog.checks_cases import after_the_fact, open_cases, outside, void_cases
from flowaudit.eventlog.checks_events import automatic, instant, outdated, repeated
from flowaudit.eventlog.log import EventLog, Note
from flowaudit.eventlog.select import select_cases
from flowaudit.messages import both
from flowaudit.messages import translate as _

Booleans = npt.NDArray[np.bool_]
Negative = Literal["swap", "drop", "unknown"]
Moment = date | datetime | str | None


def clean(
    log: EventLog,
    *,
    keep_latest: bool = False,
    drop_duplicates: bool = False,
    zero_durations: bool | Iterable[str] = False,
    negative: Negative | None = None,
    period: tuple[Moment, Moment] | None = None,
    drop_outside_case: bool = False,
    drop_void: bool = False,
    drop_open: bool = False,
    drop_backfilled: bool = False,
) -> EventLog:
    """Return a log with the repairs that were asked for, in the order of the parameters; nothing else is touched.

    Parameters
    ----------
    log : EventLog
    keep_latest : bool
        Of records sent again keep the highest data version (数据版本号).
    drop_duplicates : bool
        Leave out rows that repeat an earlier row in every column that is compared (see :func:`check`).
    zero_durations : bool or iterable of str
        Where an end equals its start, the start becomes unknown: the exchange standard makes the sender fill a missing
        stamp with the other one. True for every activity, or the activities that are meant. Rows of systems stay.
    negative : {"swap", "drop", "unknown"}, optional
        Where an end lies before its start: exchange the two, leave the row out, or make the start unknown.
    period : pair of date, datetime, str or None, optional
        Leave out events before the first or after the second (a date without a time: after that day).
    drop_outside_case : bool
        Leave out events before the application or after the end of their case.
    drop_void, drop_open : bool
        Leave out cases that are void or deleted; that have no end (no decision where no end is recorded).
    drop_backfilled : bool
        Leave out cases of three events or more that all lie within ten minutes.

    Returns
    -------
    EventLog
        Its provenance has one note per repair, in both languages, with the number of rows or cases.

    Raises
    ------
    InsufficientDataError
        If nothing would be left, or the log does not say what a repair needs.

    Examples
    --------
    >>> from flowaudit.eventlog import from_frame
    >>> day = pd.Timestamp("2024-03-04 09:00")
    >>> log = from_frame(pd.DataFrame({"case_id": ["1", "1"], "activity": "受理", "start": day, "end": day}))
    >>> cleaned = clean(log, drop_duplicates=True, zero_durations=True)
    >>> len(cleaned.events), cleaned.events["start"].null_count, cleaned.provenance.notes[0][1]
    (1, 1, 'cleaned on request: 1 repeated rows left out')
    """
    if keep_latest:
        log.require("clean", "data_version")
        log = _without(
            log, outdated(log), lambda n: both("cleaned on request: {n} rows of older data versions left out", n=n)
        )
    if drop_duplicates:
        log = _without(log, repeated(log), lambda n: both("cleaned on request: {n} repeated rows left out", n=n))
    if zero_durations:
        log = _unknown_starts(log, zero_durations)
    if negative is not None:
        log = _negative(log, negative)
    if period is not None:
        log = _within(log, *period)
    if drop_outside_case:
        log = _without(
            log, outside(log),
            lambda n: both("cleaned on request: {n} events outside their case left out", n=n),
        )  # fmt: skip
    if drop_void:
        log = _without_cases(
            log,
            _of_table(log, "result", void_cases),
            lambda n: both("cleaned on request: {n} void or deleted cases left out", n=n),
        )
    if drop_open:
        log = _without_cases(
            log,
            _of_table(log, "finish_time", open_cases),
            lambda n: both("cleaned on request: {n} unfinished cases left out", n=n),
        )
    if drop_backfilled:
        log = _without_cases(
            log,
            after_the_fact(log),
            lambda n: both("cleaned on request: {n} cases entered within ten minutes left out", n=n),
        )
    return log


def _without(log: EventLog, rows: Booleans, note: Callable[[int], Note]) -> EventLog:
    """Leave rows out, and say so even where there were none: it was asked for."""
    if rows.all():
        raise _nothing_left()
    events = log.events.filter(pa.array(~rows)) if rows.any() else log.events
    return log.with_events(events, note=note(int(rows.sum())))


def _without_cases(log: EventLog, cases: Booleans, note: Callable[[int], Note]) -> EventLog:
    if cases.all():
        raise _nothing_left()
    return select_cases(log, ~cases, note(int(cases.sum())))


def _nothing_left() -> InsufficientDataError:
    return InsufficientDataError(
        _("this repair would leave nothing of the log."), hint=_("look at the quality table: flowaudit check FILE.")
    )


def _unknown_starts(log: EventLog, which: bool | Iterable[str]) -> EventLog:
    log.require("clean", "start")
    start, end = log.stamps("start"), log.stamps("end")
    same = (start == end) & ~automatic(log)
    if which is not True:
        names = [which] if isinstance(which, str) else list(which or ())
        codes, labels = log.codes("activity")
        for name in names:
            if name not in labels:
                near = nearest(name, labels, n=1)
                raise UsageError(
                    _("the log has no activity '{name}'.", name=name),
                    hint=_("did you mean '{near}'?", near=near[0]) if near else None,
                )
        same &= np.isin(codes, [labels.index(name) for name in names])
    events = _with_stamps(log, start=np.where(same, np.datetime64("NaT", "us"), start))
    note = both("cleaned on request: {n} starts equal to their end made unknown", n=int(same.sum()))
    return log.with_events(events, note=note)


def _negative(log: EventLog, how: Negative) -> EventLog:
    log.require("clean", "start")
    start, end = log.stamps("start"), log.stamps("end")
    wrong = end < start
    n = int(wrong.sum())
    if how == "drop":
        return _without(
            log, wrong, lambda n: both("cleaned on request: {n} rows whose end lies before their start left out", n=n)
        )
    if how == "swap":
        events = _with_stamps(log, start=np.where(wrong, end, start), end=np.where(wrong, start, end))
        note = both("cleaned on request: start and end exchanged in {n} rows", n=n)
    elif how == "unknown":
        events = _with_stamps(log, start=np.where(wrong, np.datetime64("NaT", "us"), start))
        note = both("cleaned on request: {n} starts after their end made unknown", n=n)
    else:
        raise UsageError(_("negative is 'swap', 'drop' or 'unknown', not '{how}'.", how=how))
    return _sorted(log.with_events(events, note=note))


def _with_stamps(log: EventLog, **columns: npt.NDArray[np.datetime64]) -> pa.Table:
    events = log.events
    for name, stamps in columns.items():
        array = pa.array(stamps.astype("datetime64[us]"), pa.timestamp("us"), from_pandas=True)
        events = events.set_column(events.column_names.index(name), name, array)
    return events


def _sorted(log: EventLog) -> EventLog:
    """Return the log in the order that every log has: case, begin, end, place."""
    start, end = log.stamps("start"), log.stamps("end")
    begin = np.where(np.isnat(start), end, start)
    order = np.lexsort((np.arange(len(end)), end, begin, log.case_index))
    return replace(log, events=log.events.take(pa.array(order)))


def _within(log: EventLog, first: Moment, last: Moment) -> EventLog:
    when = instant(log)
    rows = np.zeros(len(when), bool)
    if first is not None:
        rows |= when < pd.Timestamp(first).to_datetime64()
    if last is not None:
        end = pd.Timestamp(last)
        # A date means the whole day.
        rows |= (
            (when >= (end + pd.Timedelta(days=1)).to_datetime64())
            if end == end.normalize()
            else (when > end.to_datetime64())
        )
    shown = (str(first) if first is not None else "…", str(last) if last is not None else "…")
    return _without(
        log, rows,
        lambda n: both("cleaned on request: {n} events outside {first} - {last} left out", n=n, first=shown[0], last=shown[1]),
    )  # fmt: skip


def _of_table(log: EventLog, column: str, find: Callable[[pd.DataFrame], Booleans | None]) -> Booleans:
    """Return which cases of the log are marked by their row in the table of cases."""
    cases = log.table("cases")
    rows = find(cases) if cases is not None and "case_id" in cases else None
    if rows is None or cases is None:
        raise InsufficientDataError(
            _("the log does not say which cases these are: its table of cases has no '{column}'.", column=column),
            hint=_("name the column under [columns] of a mapping file."),
        )
    marked = {str(case) for case in cases["case_id"].to_numpy()[rows]}
    return np.array([case in marked for case in log.case_ids], bool)
