"""Why cases wait: every window between enabled and started, split into six causes that add up to it exactly."""

from __future__ import annotations

import html
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.diagnosis.context import Context
from flowaudit.diagnosis.corrections import answers, correction_requests
from flowaudit.diagnosis.duty import duty_of
from flowaudit.diagnosis.finding import TimeKind
from flowaudit.errors import UsageError, nearest
from flowaudit.eventlog import EventLog, Unit, as_unit
from flowaudit.flow import Accounts, Batches, Enablement, accounts, find_batches
from flowaudit.messages import Language, current_language
from flowaudit.messages import translate as _
from flowaudit.metrics import EXTENSIONS
from flowaudit.worktime import Calendar, DutyTables, MinedCalendars, OfficeHours, load_calendar

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Stamps = npt.NDArray[np.datetime64]

CAUSES = (
    "applicant", "batching", "contention", "prioritisation", "unavailability", "extraneous", "not_identifiable",
)  # fmt: skip
"""In the order in which they are taken from a window."""
AXES = ("transition", "activity", "department", "resource", "role", "item", "month")
_HOUR = 3_600_000_000
_NAT = np.datetime64("NaT", "us")


def cause_name(cause: str, lang: Language | None = None) -> str:
    """Return what people call a cause of waiting."""
    names = {
        "applicant": _("applicant", lang=lang),
        "batching": _("batching", lang=lang),
        "contention": _("queue (officer busy)", lang=lang),
        "prioritisation": _("later work served first", lang=lang),
        "unavailability": _("officer off duty (inferred)", lang=lang),
        "extraneous": _("outside reasons", lang=lang),
        "not_identifiable": _("cannot be told from this log", lang=lang),
    }
    return names[cause]


@dataclass(frozen=True, eq=False)
class Waiting:
    """The waiting of a log, by activity instance and cause.

    Attributes
    ----------
    log : EventLog
        As it was looked at (by case or by bundle).
    kind : {"waiting", "handover", "estimated"}
        ``handover``: no start times, the windows run to the end and hold work, too. ``estimated``: starts were estimated, and
        so is everything here.
    parts, working_parts : array of int64 (rows, 7)
        Microseconds by cause, in the order of ``CAUSES``: calendar time, and that within office hours. The parts of a row
        sum to its window exactly.
    enablement : Enablement
    batches : Batches
    accounts : Accounts
    calendars : MinedCalendars or None
        When each resource is on duty; None without start times.
    calendar_name : str
    """

    log: EventLog
    kind: TimeKind
    parts: Ints
    working_parts: Ints
    enablement: Enablement
    batches: Batches
    accounts: Accounts
    calendars: MinedCalendars | None
    calendar: Calendar
    office: OfficeHours

    @property
    def window(self) -> Ints:
        """Microseconds from enabled to started (to ended without a start), by row."""
        total: Ints = self.parts.sum(axis=1)
        return total

    def hours(self, cause: str, *, working: bool = True) -> Floats:
        """Return the hours of one cause by row, within office hours or by the calendar."""
        parts = self.working_parts if working else self.parts
        return parts[:, CAUSES.index(cause)] / _HOUR

    @cached_property
    def processing(self) -> tuple[Floats, Floats]:
        """Hours of work by row: by the calendar and within office hours; NaN where the start was not recorded."""
        end = self.log.stamps("end")
        start = self.log.stamps("start") if self.log.has("start") else np.full(len(end), _NAT)
        plain = np.where(np.isnat(start), np.nan, (end - start).astype(np.int64) / _HOUR)
        working = np.atleast_1d(self.calendar.working_time(start, end, self.office))
        return np.maximum(plain, 0.0), np.maximum(working, 0.0)

    def total(self) -> pd.DataFrame:
        """Sum up the causes over the log.

        Returns
        -------
        pd.DataFrame
            Index ``cause``: ``hours, share, working_hours, working_share``. The shares sum to 1.
        """
        frame = pd.DataFrame(index=pd.Index(CAUSES, name="cause"))
        for name, parts in (("", self.parts), ("working_", self.working_parts)):
            hours = parts.sum(axis=0, dtype=np.float64) / _HOUR
            share = hours / hours.sum() if hours.sum() else np.full(len(hours), np.nan)
            frame[f"{name}hours"], frame[f"{name}share"] = hours, share
        return frame

    def by(self, axis: str, *, working: bool = True) -> pd.DataFrame:
        """Sum up the causes by transition, activity, department, resource, role, item or month.

        Parameters
        ----------
        axis : {"transition", "activity", "department", "resource", "role", "item", "month"}
            ``transition`` is from the enabling activity to the enabled one; ``role`` the recorded post, else the sign-off level; ``month`` that of the
            end.
        working : bool
            Within office hours (default), or by the calendar.

        Returns
        -------
        pd.DataFrame
            One row per value, most waiting first: the value(s), ``frequency`` (instances with a window), ``cases,
            share_of_cases, waiting_h``, hours of every cause (``applicant_h`` ...), ``processing_h``, ``efficiency``
            (work / (work + waiting)), and ``without_applicant`` ... : the efficiency if that cause were removed.
            Work and efficiency are NaN without start times.

        Raises
        ------
        UsageError
            If there is no such axis.
        """
        if axis not in AXES:
            near = nearest(str(axis), AXES, n=1)
            raise UsageError(
                _("there is no axis '{axis}'.", axis=axis),
                hint=_("did you mean '{near}'?", near=near[0])
                if near
                else _("choose one of: {names}", names=", ".join(AXES)),
            )
        code, values = self._axis(axis)
        rows = np.flatnonzero(code >= 0)
        n = len(values)
        parts = (self.working_parts if working else self.parts)[rows] / _HOUR
        of = code[rows]
        work = self.processing[1 if working else 0][rows]
        window = self.window[rows] > 0
        frame = values.copy()
        frame["frequency"] = np.bincount(of[window], minlength=n)
        pairs = np.unique(of[window] * max(self.log.n_cases, 1) + self.log.case_index[rows][window])
        frame["cases"] = np.bincount(pairs // max(self.log.n_cases, 1), minlength=n)
        frame["share_of_cases"] = frame["cases"] / max(self.log.n_cases, 1)
        sums = np.stack([np.bincount(of, weights=parts[:, k], minlength=n) for k in range(len(CAUSES))], axis=1)
        frame["waiting_h"] = sums.sum(axis=1)
        for k, cause in enumerate(CAUSES):
            frame[f"{cause}_h"] = sums[:, k]
        known = ~np.isnan(work)
        done = np.bincount(of[known], weights=work[known], minlength=n).astype(np.float64)
        done[np.bincount(of[known], minlength=n) == 0] = np.nan
        frame["processing_h"] = done
        frame["efficiency"] = _ratio(done, done + frame["waiting_h"])
        for k, cause in enumerate(CAUSES[:-1]):
            frame[f"without_{cause}"] = _ratio(done, done + frame["waiting_h"] - sums[:, k])
        if axis == "month":
            return frame
        return frame.sort_values("waiting_h", ascending=False, kind="stable", ignore_index=True)

    def instances(self) -> pd.DataFrame:
        """Return one row per activity instance: its window and the hours of every cause within it.

        Returns
        -------
        pd.DataFrame
            ``case_id, activity, enabled, started`` (NaT without a start), ``window_h``, ``applicant_h`` ... by the
            calendar and ``working_window_h, working_applicant_h`` ... within office hours.
        """
        frame = self.log.to_pandas(["case_id", "activity"])
        frame["enabled"] = self.enablement.enabled
        frame["started"] = self.log.stamps("start") if self.log.has("start") else _NAT
        for prefix, parts in (("", self.parts), ("working_", self.working_parts)):
            frame[f"{prefix}window_h"] = parts.sum(axis=1) / _HOUR
            for k, cause in enumerate(CAUSES):
                frame[f"{prefix}{cause}_h"] = parts[:, k] / _HOUR
        return frame

    def _axis(self, axis: str) -> tuple[Ints, pd.DataFrame]:
        """Return the code of every row (-1: none) and a frame of what the codes stand for."""
        log = self.log
        if axis == "month":
            month = log.stamps("end").astype("datetime64[M]").astype(np.int64)
            found, code = np.unique(month, return_inverse=True)
            return code.astype(np.int64), pd.DataFrame({"month": found.astype("datetime64[M]").astype(str)})
        if axis == "transition":
            activity, labels = log.codes("activity")
            before = self.enablement.enabler
            pair = np.where(before >= 0, activity[before].astype(np.int64) * len(labels) + activity, -1)
            found, code = np.unique(pair, return_inverse=True)
            names = np.array(labels, object)
            shift = int(len(found) > 0 and found[0] < 0)
            kept = found[shift:]
            return code.astype(np.int64) - shift, pd.DataFrame(
                {"source": names[kept // len(labels)], "target": names[kept % len(labels)]}
            )
        column = {"item": "item_code", "role": "role" if log.has("role") else "level"}.get(axis, axis)
        if not log.has(column):
            return np.full(len(log.events), -1, np.int64), pd.DataFrame({axis: pd.Series(dtype=object)})
        codes, labels = log.codes(column)
        shown = [f"{label:g}" if isinstance(label, float) else str(label) for label in labels]
        return codes.astype(np.int64), pd.DataFrame({axis: shown})

    def _repr_html_(self) -> str:
        lang = current_language()
        head = (_("Cause", lang=lang), _("Hours", lang=lang), _("Share", lang=lang),
                _("Office hours", lang=lang), _("Share", lang=lang))  # fmt: skip
        rows = ["<tr>" + "".join(f"<th>{html.escape(h)}</th>" for h in head) + "</tr>"]
        for cause, row in self.total().iterrows():
            shares = ["" if np.isnan(s) else f"{s:.1%}" for s in (row["share"], row["working_share"])]
            cells = (
                cause_name(str(cause), lang),
                f"{row['hours']:,.0f}",
                shares[0],
                f"{row['working_hours']:,.0f}",
                shares[1],
            )
            rows.append("<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in cells) + "</tr>")
        return f"<p>{html.escape(self.note(lang))}</p><table>{''.join(rows)}</table>"

    def note(self, lang: Language | None = None) -> str:
        """Return the counting rule (口径) of these figures."""
        texts = {
            "waiting": _(
                "Waiting: from the end of the enabling step to the start. Each window is split in this order: applicant, batching, "
                "officer busy with earlier work, with later work, off duty (hours mined from the stamps), the rest; the parts sum to the window.",
                lang=lang,
            ),
            "estimated": _(
                "Start times were estimated, and so is the split: work and outside reasons cannot be told apart without recorded starts.",
                lang=lang,
            ),
            "handover": _(
                "No start times are recorded: the time to the end of the next step holds work and waiting together. Only the applicant's part can be told apart.",
                lang=lang,
            ),
        }
        return texts[self.kind]


def waiting_causes(
    log: EventLog,
    *,
    unit: Unit | None = None,
    calendar: Calendar | None = None,
    office: OfficeHours | None = None,
) -> Waiting:
    """Split the waiting before every activity instance into its causes.

    The window runs from enabled (the enabler's end) to started. From it are taken, in this order:

    1. **applicant**: a correction or a suspension is open, or the next step is the applicant's own [own];
    2. **batching**: until the batch it belongs to is released (see :func:`flowaudit.flow.find_batches`);
    3. **contention**: its resource is busy with work that was enabled earlier;
    4. **prioritisation**: its resource is busy with work that was enabled later;
    5. **unavailability**: its resource is off duty (weekly hours mined from its stamps, holidays, absences);
    6. **extraneous**: the rest, waiting for another authority or simply lying there.

    A resource that is a pool (see :func:`flowaudit.flow.accounts`) is busy when its capacity is reached; nobody queues for
    a machine. Where the resource is unknown, the time on duty is **not identifiable**; so is, where the start is
    unknown, everything but the applicant's part.

    Parameters
    ----------
    log : EventLog
    unit : {"case", "bundle"}, optional
    calendar : Calendar, optional
        Default: China's official one.
    office : OfficeHours, optional

    Returns
    -------
    Waiting

    Raises
    ------
    InsufficientDataError
        If stamps lie in years the calendar does not know.

    Notes
    -----
    The order, and the reference moment of contention and prioritisation, are those of the reference. How much of the
    time that looks like queueing is queueing cannot be proven by a log: contention is an upper bound.

    References
    ----------
    Lashkevich, Milani, Chapela-Campa, Suvorau, Dumas. Why am I waiting? CAiSE 2023, doi 10.1007/978-3-031-34560-9_11.

    Examples
    --------
    >>> from flowaudit.eventlog import from_frame
    >>> stamps = pd.to_datetime(["2024-03-04 09:00", "2024-03-04 10:00", "2024-03-04 09:00", "2024-03-04 10:00"])
    >>> log = from_frame(pd.DataFrame({"case_id": list("1122"), "activity": list("abab"), "resource": list("xzyz"),
    ...     "start": stamps, "end": pd.to_datetime(
    ...         ["2024-03-04 09:30", "2024-03-04 11:00", "2024-03-04 09:40", "2024-03-04 11:00"])}))
    >>> waiting_causes(log).window.tolist()[1] / 3.6e9
    0.5
    """
    log = as_unit(log, unit)
    return waiting_of(Context(log, None, calendar or load_calendar("china"), 1, office or OfficeHours()))


def waiting_of(context: Context) -> Waiting:
    """Return the waiting of a log that is looked at already; kept with it."""
    # Two calendars may bear one name: what counts is which days of the log they call working days.
    low, high = pd.DatetimeIndex(context.log.span).to_numpy().astype("datetime64[D]")
    dates = (
        np.zeros(0, "datetime64[D]")
        if np.isnat(low) or np.isnat(high)
        else np.arange(low, high + np.timedelta64(1, "D"))
    )
    worked = hash(np.asarray(context.calendar.is_workday(dates)).tobytes())
    key = f"waiting {context.calendar.name} {worked} {context.office}"
    return context.log.remember(key, lambda: _waiting(context))


def _waiting(context: Context) -> Waiting:
    log, n = context.log, len(context.log.events)
    found, kinds = context.enablement, accounts(log)
    end = context.end
    start = log.stamps("start") if log.has("start") else np.full(n, _NAT)
    nothing_ended = bool(np.isnat(end).all())
    if not nothing_ended:
        # stamps of years without a calendar are refused here, as everywhere
        context.calendar.working_time(np.array([np.nanmin(end)]), np.array([np.nanmax(end)]), context.office)
    resource, _labels = context.column("resource")
    department, _departments = context.column("department")
    group = department if log.has("department") else np.zeros(n, np.int64)
    if nothing_ended:
        nothing = np.zeros((n, len(CAUSES)), np.int64)
        none = find_batches(log, _NO_DUTY, np.zeros(n, np.int64), found=found)
        return Waiting(
            log, context.time_kind, nothing, nothing.copy(), found, none, kinds, None, context.calendar, context.office
        )
    mined = duty_of(context, resource, group, start)
    # One calendar more: open day and night, so that within office hours it is the office's own.
    always = np.ones((1, *mined.on_duty.shape[1:]), np.bool_)
    wide = replace(mined, on_duty=np.concatenate([mined.on_duty, always]))
    duty = wide.tables(context.office, context.calendar)
    of_resource = np.full(len(kinds.kind), mined.of_unknown, np.int64)
    of_resource[: len(mined.of_resource)] = mined.of_resource[: len(of_resource)]
    calendar_of_row = np.where(
        resource >= 0, of_resource[np.maximum(resource, 0)] if len(of_resource) else 0, mined.of_unknown
    )
    batches = find_batches(log, duty, calendar_of_row, found=found)
    parts, working = _split(context, found, start, resource, kinds, batches, mined, duty, of_resource)
    return Waiting(
        log, context.time_kind, parts, working, found, batches, kinds, mined if log.has("start") else None,
        context.calendar, context.office,
    )  # fmt: skip


_NO_DUTY = DutyTables(
    np.zeros((1, 1), np.int64), np.zeros((1, 9, 1441), np.int16), np.zeros((1, 1), np.int64),
    np.zeros((1, 9, 1441), np.int16), np.zeros(0, np.int8), 0,
)  # fmt: skip


def _split(
    context: Context, found: Enablement, start: Stamps, resource: Ints, kinds: Accounts, batches: Batches,
    mined: MinedCalendars, duty: DutyTables, of_resource: Ints,
) -> tuple[Ints, Ints]:  # fmt: skip
    from flowaudit.diagnosis import _kernels_waiting as kernels

    n, resources = len(start), len(kinds.kind)
    begun, end, enabled = (s.astype(np.int64) for s in (start, context.end, found.enabled))
    usable = ~np.isnat(start) & (resource >= 0) & (end >= begun)
    order = np.flatnonzero(usable)
    order = order[np.lexsort((end[order], begun[order], resource[order]))]
    rptr = np.searchsorted(resource[order], np.arange(resources + 1)).astype(np.int64)
    reach = _reach(resource[order], end[order])
    size = 1 << kernels.SHIFT
    block = np.maximum.reduceat(end[order], np.arange(0, len(order), size)) if len(order) else end[:0]
    group, stop_ptr, stop_low, stop_high = applicant_spans(context)
    gap_ptr, gap_low, gap_high = _absences(mined, resources)
    shape = (n, len(CAUSES))
    parts, working = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    most = int(kernels.most_overlapping(enabled, begun, resource, rptr, order, reach))
    kernels.decompose(
        group, enabled, begun, end, resource, context.applicant, batches.released.astype(np.int64), batches.number,
        stop_ptr, stop_low, stop_high, rptr, order, reach, block, kinds.capacity.astype(np.int64), of_resource, mined.of_unknown,
        gap_ptr, gap_low, gap_high, duty.day_open, duty.minute_open, duty.day_both, duty.minute_both, duty.class_of_day,
        duty.first_day, len(duty.day_open) - 1, most, parts, working,
    )  # fmt: skip
    return parts, working


def _reach(resource: Ints, end: Ints) -> Ints:
    """Return the latest end so far among the rows of each resource."""
    if not len(end):
        return end
    cut = np.flatnonzero(np.r_[True, resource[1:] != resource[:-1]])
    return np.concatenate([np.maximum.accumulate(part) for part in np.split(end, cut[1:])])


def _absences(mined: MinedCalendars, resources: int) -> tuple[Ints, Ints, Ints]:
    day = 86_400_000_000
    table = mined.absences.sort_values(["resource", "from_day"])
    ptr = np.searchsorted(table["resource"].to_numpy(np.int64), np.arange(resources + 1)).astype(np.int64)
    low = table["from_day"].to_numpy(np.int64) * day
    return ptr, low, (table["to_day"].to_numpy(np.int64) + 1) * day


def applicant_spans(context: Context) -> tuple[Ints, Ints, Ints, Ints]:
    """Return the spans in which each item of each case lay with the applicant.

    From a request for corrections to the act that answers it, and the suspensions of the table ``special_episodes`` that stop
    the clock; one without an end lasts to the case's last event. What bears no item concerns all items of its case, and
    the other way round: a correction of one item keeps no other item of the bundle waiting.

    Returns
    -------
    group : array of int64
        Group of each row of the log: its case and item.
    ptr, low, high : array of int64
        Spans ``ptr[g]:ptr[g + 1]`` of each group, merged, in microseconds.
    """
    items, labels = context.column("item_code")
    of = {str(label): code for code, label in enumerate(labels)}
    case: list[Ints] = [np.zeros(0, np.int64)]
    item, low, high = list(case), list(case), list(case)
    requests = correction_requests(context)
    if requests is not None and len(requests):
        answered = answers(context, requests)
        case.append(context.case[requests])
        item.append(items[requests])
        low.append(context.end[requests].astype(np.int64))
        # what was answered by nobody is open to the case's end, which is the request itself
        high.append(context.start[answered].astype(np.int64))
    table = context.table("special_episodes")
    if table is not None and "start" in table:
        kind = table["type"].astype("string").str.strip() if "type" in table else pd.Series("", table.index)
        stops = ~kind.isin(EXTENSIONS).fillna(False).to_numpy(bool)
        if "counts_in_clock" in table:
            stops &= ~context.truths(table["counts_in_clock"]).fillna(False).to_numpy(bool)
        begin = context.times(table["start"])
        until = context.times(table["end"]) if "end" in table else np.full(len(table), _NAT)
        place = table["case"].to_numpy(np.int64)
        last = np.fmax.reduceat(context.end, context.log.case_ptr[:-1])[place]
        until = np.where(np.isnat(until), last, until)
        kept = stops & ~np.isnat(begin)
        case.append(place[kept])
        named = table["item_code"].map(of) if "item_code" in table else pd.Series(-1, table.index)
        item.append(np.asarray(named.fillna(-1).to_numpy(np.int64)[kept], np.int64))
        low.append(begin[kept].astype(np.int64))
        high.append(until[kept].astype(np.int64))
    width = len(labels) + 1
    groups, group = np.unique(context.case * width + items + 1, return_inverse=True)
    ptr = np.searchsorted(groups, np.arange(context.log.n_cases + 1) * width)
    cases, named_item = np.concatenate(case), np.concatenate(item)
    count = (ptr[1:] - ptr[:-1])[cases]
    span = np.repeat(np.arange(len(cases)), count)
    owner = np.arange(len(span)) - np.repeat(np.cumsum(count) - count, count) + ptr[cases[span]]
    owner_item = groups[owner] % width - 1
    fits = (named_item[span] < 0) | (owner_item < 0) | (owner_item == named_item[span])
    span, owner = span[fits], owner[fits]
    return group.astype(np.int64), *_merged(owner, np.concatenate(low)[span], np.concatenate(high)[span], len(groups))


def _merged(case: Ints, low: Ints, high: Ints, n: int) -> tuple[Ints, Ints, Ints]:
    kept = high > low
    case, low, high = case[kept], low[kept], high[kept]
    order = np.lexsort((low, case))
    case, low, high = case[order], low[order], high[order]
    reach = _reach(case, high)
    opens = np.r_[True, (case[1:] != case[:-1]) | (low[1:] > reach[:-1])][: len(case)].astype(bool)
    last = np.r_[np.flatnonzero(opens)[1:] - 1, len(case) - 1] if len(case) else np.zeros(0, np.int64)
    owner = case[opens]
    return np.searchsorted(owner, np.arange(n + 1)).astype(np.int64), low[opens], reach[last]


def _ratio(part: Any, whole: Any) -> Floats:
    a, b = np.asarray(part, float), np.asarray(whole, float)
    found: Floats = np.divide(a, b, out=np.full(len(a), np.nan), where=b > 0)
    return found
