"""Filters: which cases and events of a log to look at; they compose, and every one is recorded."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from flowaudit.errors import InputError, UsageError, nearest
from flowaudit.eventlog.extent import case_extent
from flowaudit.eventlog.log import EventLog, Note
from flowaudit.eventlog.select import select_cases, select_events
from flowaudit.eventlog.traces import variant_table
from flowaudit.messages import both
from flowaudit.messages import translate as _

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Period = Literal["contained", "intersecting", "started", "ended"]
Moment = str | pd.Timestamp


def select(log: EventLog) -> Selection:
    """Begin to choose cases and events of a log.

    Examples
    --------
    >>> from flowaudit.eventlog import from_frame
    >>> log = from_frame(pd.DataFrame({"case_id": ["1", "1", "2"], "activity": ["受理", "决定", "受理"],
    ...                                "end": pd.to_datetime(["2024-01-02", "2024-01-03", "2024-02-01"])}))
    >>> chosen = select(log).period("2024-01-01", "2024-02-01").with_activity("决定")
    >>> chosen.log.case_ids, [note[1] for note in chosen.log.provenance.notes][-1]
    (['1'], 'kept 1 of 1 cases: with 决定')
    """
    return Selection(log)


@dataclass(frozen=True, eq=False)
class Selection:
    """Some cases of a log: a mark for each case until :attr:`log` is asked for, so that filters in a row cost little.

    Every filter returns a new selection and looks at the cases that the ones before it left. Build one with
    :func:`select`.

    Attributes
    ----------
    base : EventLog
        The log chosen from.
    keep : array of bool or None
        One mark per case of ``base``; None for all.
    notes : tuple of (str, str)
        What was chosen, in Chinese and in English; becomes part of the log's provenance.
    """

    base: EventLog
    keep: Bools | None = None
    notes: tuple[Note, ...] = ()

    @cached_property
    def marks(self) -> Bools:
        """One mark per case of ``base``."""
        return np.ones(self.base.n_cases, np.bool_) if self.keep is None else self.keep

    @property
    def n_cases(self) -> int:
        return int(self.marks.sum())

    @cached_property
    def log(self) -> EventLog:
        """The chosen cases as a log; the filters are in its provenance."""
        if self.keep is None:
            return self.base
        chosen = select_cases(self.base, self.keep, self.notes[0])
        notes = self.base.provenance.notes + self.notes
        found = replace(chosen, provenance=replace(chosen.provenance, notes=notes))
        return found.with_case_ptr(chosen.case_ptr)

    def cases(self, which: Bools | Callable[[EventLog], Bools], note: Note) -> Selection:
        """Keep the cases marked by an array or a function of the log, such as ``metrics.complete_cases``.

        Parameters
        ----------
        which : array of bool or callable
            One mark per case of ``base``.
        note : tuple of (str, str)
            What is kept, in Chinese and in English.
        """
        found = np.asarray(which(self.base) if callable(which) else which)
        if found.dtype != np.bool_ or found.shape != (self.base.n_cases,):
            raise UsageError(
                _(
                    "a filter needs one true or false for each of the {n} cases; got {shape} of {kind}.",
                    n=self.base.n_cases, shape=found.shape, kind=found.dtype,
                )
            )  # fmt: skip
        kept = self.marks & found
        told = both("kept {n} of {all} cases", n=int(kept.sum()), all=self.n_cases)
        return replace(
            self, keep=kept, notes=(*self.notes, (f"{told[0]}：{note[0]}", f"{told[1]}: {note[1]}"))
        )  # fmt: skip

    def period(self, first: Moment, last: Moment, how: Period = "contained") -> Selection:
        """Keep the cases of a period ``[first, last)``.

        Parameters
        ----------
        first, last : str or Timestamp
            Local wall time; ``last`` is not part of the period, so that "2024-01-01" to "2024-02-01" is January.
        how : {"contained", "intersecting", "started", "ended"}
            Cases wholly inside it, with any time in it, whose first stamp lies in it, or whose last end does.
        """
        low, high = _moment(first), _moment(last)
        if not low < high:
            raise UsageError(_("the period from {first} to {last} is empty.", first=first, last=last))
        begin, end = case_extent(self.base)
        starts, ends = (begin >= low) & (begin < high), (end >= low) & (end < high)
        if how == "contained":
            return self.cases(starts & ends, both("wholly between {first} and {last}", first=first, last=last))
        if how == "intersecting":
            return self.cases(
                (begin < high) & (end >= low), both("under way between {first} and {last}", first=first, last=last)
            )
        if how == "started":
            return self.cases(starts, both("begun between {first} and {last}", first=first, last=last))
        if how == "ended":
            return self.cases(ends, both("ended between {first} and {last}", first=first, last=last))
        raise UsageError(
            _("'{word}' is no way to choose by period; there are {all}.", word=how, all=", ".join(_PERIODS))
        )

    def with_activity(self, *activities: str, every: bool = False) -> Selection:
        """Keep the cases in which one of the activities occurs (``every``: all of them do)."""
        found = self._having(activities)
        if every:
            return self._variants(found == len(set(activities)), both("with all of {names}", names=_listed(activities)))
        return self._variants(found > 0, both("with {names}", names=_listed(activities)))

    def without_activity(self, *activities: str) -> Selection:
        """Keep the cases in which none of the activities occurs."""
        found = self._having(activities) == 0
        return self._variants(found, both("without {names}", names=_listed(activities)))

    def starting_with(self, *activities: str) -> Selection:
        """Keep the cases whose first activity is one of these."""
        table = variant_table(self.base)
        found = np.isin(table.activity[table.ptr[:-1]], self._codes(activities))
        return self._variants(found, both("beginning with {names}", names=_listed(activities)))

    def ending_with(self, *activities: str) -> Selection:
        """Keep the cases whose last activity is one of these."""
        table = variant_table(self.base)
        found = np.isin(table.activity[table.ptr[1:] - 1], self._codes(activities))
        return self._variants(found, both("ending with {names}", names=_listed(activities)))

    def with_value(self, column: str, *values: Any) -> Selection:
        """Keep the cases with an event whose ``column`` holds one of the values, or whose row of the table ``cases`` does.

        The events' column is looked at where there is one, else that of ``cases``.
        """
        return self.cases(
            self._holds(column, values), both("with {column} {names}", column=column, names=_listed(values))
        )

    def without_value(self, column: str, *values: Any) -> Selection:
        """Keep the cases of which no event holds one of the values in ``column`` (nor the row of the table ``cases``)."""
        return self.cases(
            ~self._holds(column, values), both("without {column} {names}", column=column, names=_listed(values))
        )

    def size(self, least: int | None = None, most: int | None = None) -> Selection:
        """Keep the cases of at least ``least`` and at most ``most`` events."""
        lengths = np.diff(self.base.case_ptr)
        found = (lengths >= (0 if least is None else least)) & (True if most is None else lengths <= most)
        return self.cases(found, both("of {least} to {most} events", least=_bound(least), most=_bound(most)))

    def duration(self, least: str | pd.Timedelta | None = None, most: str | pd.Timedelta | None = None) -> Selection:
        """Keep the cases that take at least ``least`` and at most ``most`` from their first stamp to their last end.

        Examples
        --------
        >>> from flowaudit.eventlog import from_frame
        >>> log = from_frame(pd.DataFrame({"case_id": list("112"), "activity": "受理",
        ...                                "end": pd.date_range("2024-01-02", periods=3)}))
        >>> select(log).duration(least="1D").log.case_ids
        ['1']
        """
        begin, end = case_extent(self.base)
        found = ~np.isnat(begin) & ~np.isnat(end)
        if least is not None:
            found &= end - begin >= _length(least)
        if most is not None:
            found &= end - begin <= _length(most)
        return self.cases(found, both("taking {least} to {most}", least=_bound(least), most=_bound(most)))

    def variant_share(self, share: float) -> Selection:
        """Keep the most frequent variants: the smallest set of them that covers ``share`` of the cases.

        Of equally frequent ones the one that appears first is taken first.

        Examples
        --------
        >>> from flowaudit.eventlog import from_frame
        >>> log = from_frame(pd.DataFrame({"case_id": list("1234"), "activity": list("AAAB"),
        ...                                "end": pd.date_range("2024-01-02", periods=4)}))
        >>> select(log).variant_share(0.75).log.activities
        ['A']
        """
        if not 0 < share <= 1:
            raise UsageError(_("the share of the cases must lie above 0 and not above 1; got {share}.", share=share))
        table = variant_table(self.base)
        cases = np.bincount(table.of_case[self.marks], minlength=len(table.cases))
        order = np.lexsort((table.first, -cases))
        covered = np.cumsum(cases[order])
        # A share such as 0.1 is no exact number: 0.1 * 30 cases must not ask for a fourth one.
        wanted = share * self.n_cases * (1 - 1e-12)
        n = int(np.searchsorted(covered, wanted)) + 1 if self.n_cases else 0
        found = np.zeros(len(cases), np.bool_)
        found[order[:n]] = True
        return self._variants(found, both("the {n} most frequent variants, covering {share:.0%}", n=n, share=share))

    def events_with(self, column: str, *values: Any) -> Selection:
        """Keep only the events whose ``column`` holds one of the values; cases without any go too."""
        log = self.log
        found = self._rows(log, column, values)
        note = both(
            "kept {n} of {all} events: with {column} {names}",
            n=int(found.sum()), all=len(found), column=column, names=_listed(values),
        )  # fmt: skip
        return Selection(select_events(log, found, note))

    def events_between(self, first: Moment, last: Moment) -> Selection:
        """Keep only the events that end in ``[first, last)``; cases without any go too."""
        log = self.log
        low, high = _moment(first), _moment(last)
        end = log.stamps("end")
        found = (end >= low) & (end < high)
        note = both(
            "kept {n} of {all} events: ended between {first} and {last}",
            n=int(found.sum()), all=len(found), first=first, last=last,
        )  # fmt: skip
        return Selection(select_events(log, found, note))

    def _variants(self, found: Bools, note: Note) -> Selection:
        return self.cases(found[variant_table(self.base).of_case], note)

    def _having(self, activities: tuple[str, ...]) -> Ints:
        """Count for every variant how many of the activities occur in it."""
        _some(activities)
        table = variant_table(self.base)
        found = np.zeros(len(table.cases), np.int64)
        for activity in set(activities):
            found[np.unique(table.variant[table.activity == self._code("activity", activity)])] += 1
        return found

    def _codes(self, activities: tuple[str, ...]) -> list[int]:
        _some(activities)
        return [self._code("activity", activity) for activity in activities]

    def _code(self, column: str, value: Any) -> int:
        """Return the code of a label; an error where it never occurs, which is rather a slip than a wish."""
        labels = self.base.labels(column)
        if value not in labels:
            near = nearest(str(value), [str(label) for label in labels], n=1)
            raise InputError(
                _("no event of this log has '{value}' in the column '{column}'.", value=value, column=column),
                hint=_("did you mean '{near}'?", near=near[0]) if near else None,
            )
        return labels.index(value)

    def _holds(self, column: str, values: tuple[Any, ...]) -> Bools:
        log = self.base
        if log.has(column):
            rows = self._rows(log, column, values)
            return np.logical_or.reduceat(rows, log.case_ptr[:-1]) if len(rows) else np.zeros(0, np.bool_)
        cases = log.table("cases")
        if cases is None or column not in cases:
            log.require(_("a filter"), column)
        assert cases is not None
        _some(values)
        own = "bundle_id" if log.unit == "bundle" and "bundle_id" in cases else "case_id"
        return np.asarray(log.case_axis.isin(cases.loc[cases[column].isin(values), own]), np.bool_)

    def _rows(self, log: EventLog, column: str, values: tuple[Any, ...]) -> Bools:
        """Mark the events whose column holds one of the values."""
        _some(values)
        log.require(_("a filter"), column)
        if pa.types.is_dictionary(log.events[column].type):
            labels = log.labels(column)
            wanted = np.zeros(len(labels) + 1, np.bool_)
            for value in values:
                self._code(column, value)
            wanted[[code for code, label in enumerate(labels) if label in values]] = True
            parts = [wanted[tile.columns[column]] for tile in log.tiles(column)]
            return np.concatenate([np.zeros(0, np.bool_), *parts])
        chunked = log.events[column]
        wanted_values = pa.array(list(values)).cast(chunked.type)
        return np.asarray(pc.is_in(chunked, value_set=wanted_values).to_numpy(), np.bool_)


_PERIODS = ("contained", "intersecting", "started", "ended")


def _moment(moment: Moment) -> np.datetime64:
    """Return a moment as local wall time."""
    stamp: Any = pd.NaT
    with contextlib.suppress(ValueError):
        stamp = pd.Timestamp(moment)
    if stamp is pd.NaT or stamp.tzinfo is not None:
        raise UsageError(
            _("'{moment}' is not a moment of local time.", moment=moment),
            hint=_("write for instance 2024-01-31 or 2024-01-31 09:30."),
        )
    found: np.datetime64 = np.array([stamp.to_datetime64()], "datetime64[us]")[0]
    return found


def _length(length: str | pd.Timedelta) -> np.timedelta64:
    try:
        return pd.Timedelta(length).to_timedelta64()
    except ValueError as error:
        raise UsageError(
            _("'{length}' is no length of time.", length=length), hint=_("write for instance 3D, 12h or 30min.")
        ) from error


def _some(values: tuple[Any, ...]) -> None:
    if not values:
        raise UsageError(_("a filter needs at least one value to look for."))


def _listed(values: Iterable[Any]) -> str:
    return ", ".join(map(str, values))


def _bound(value: object) -> str:
    return "…" if value is None else str(value)
