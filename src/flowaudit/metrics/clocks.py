"""The legal clocks (办理时限) of every item: before acceptance, on the clock, suspended, in delivery; work and waiting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from flowaudit.catalogue import Catalogue
from flowaudit.eventlog import EventLog, Unit, as_unit, items_of
from flowaudit.messages import translate as _
from flowaudit.metrics import _arrays as arrays
from flowaudit.metrics.axes import Axes, Ruler, axes_of, midnight
from flowaudit.metrics.deadlines import Deadlines, Run, deadlines_of
from flowaudit.metrics.spells import TIMES, Spells, spells_of
from flowaudit.metrics.suspensions import Suspensions, suspensions_of
from flowaudit.worktime import Calendar, OfficeHours, load_calendar

Clock = Literal["e2e_days", "e2e_working_days", "pre_days", "clock_days", "suspended_days", "deliver_days"]

_RUNNING_IN: dict[str, tuple[str, ...]] = {
    "e2e_days": ("applied", "accepted", "decided"),
    "e2e_working_days": ("applied", "accepted", "decided"),
    "pre_days": ("applied",),
    "clock_days": ("accepted",),
    "suspended_days": ("accepted",),
    "deliver_days": ("decided",),
}
PROBLEM_COLUMNS = ("case_id", "item_code", "check", "problem")
_NAT = np.datetime64("NaT", "us")


def clocks(
    log: EventLog,
    catalogue: Catalogue | None = None,
    *,
    unit: Unit | None = None,
    calendar: Calendar | None = None,
    cut_off: Any = None,
    office: OfficeHours | None = None,
) -> pd.DataFrame:
    """Measure the legal clocks of every item of every case.

    Parameters
    ----------
    log : EventLog
    catalogue : Catalogue, optional
        Says which special procedures count in the limit of an item, and the limits of cases that carry none.
    unit : {"case", "bundle"}, optional
        Whose ids stand in ``case_id``; the rows are items either way. Default: the bundle when the log has bundles. By
        bundle, what names no item serves all items of the bundle; by case, only those it was recorded for.
    calendar : Calendar, optional
        Default: China's official one.
    cut_off : datetime-like, optional
        The log is read as it stood then (截至日; a bare date includes that day). Default: its last stamp.
    office : OfficeHours, optional
        Office hours for ``touch_h``, ``clock_h`` and ``wait_h``.

    Returns
    -------
    pd.DataFrame
        One row per case and item that was applied for, accepted or decided. Days are whole: the first is not counted,
        the last one is. NaN (NaT, NA) is what the log does not tell, and what :func:`clock_problems` withholds.

        - ``case_id, item_code, state``: ``applied`` (waits for acceptance), ``accepted``, ``decided`` (waits for
          delivery), ``delivered``, ``ended`` (refused at the door, withdrawn, void: no decision will come);
        - ``begun, applied, accepted, decided, delivered``: the applicant's first action, the application, the first
          acceptance that is no refusal, the last decision, the last delivery;
        - ``ends_with``: ``delivery``, or ``decision`` of one that was refused, or of an item whose deliveries are recorded for less than half of what
          was decided: what ``e2e_days`` and ``e2e_working_days`` run to;
        - ``e2e_days`` (natural), ``e2e_working_days`` (全程), ``pre_days`` (受理前), ``clock_days`` (计时办理),
          ``suspended_days`` (中止), ``deliver_days`` (送达), working days but for the first. What is still running is
          measured up to the cut-off: see :func:`still_running`;
        - ``touch_h`` (实际作业时间, office hours of service, shared work in every item it serves), ``clock_h`` (the
          clock in office hours), ``wait_h`` (``clock_h`` less the office hours of it in which somebody worked),
          ``flow_efficiency`` (the share of ``clock_h`` in which somebody worked, of decided items);
        - ``extended_days``, and for each of the baselines ``statutory`` and ``promised``: ``_limit``, ``_unit``,
          ``_due`` (last day), ``_slack_days`` (working days from the decision to it, negative after it), ``_on_time``
          (nullable);
        - ``open``: accepted, and the clock is still running or suspended at the cut-off. ``clock_days`` is then a lower bound.

    Notes
    -----
    ``e2e_working_days = pre_days + clock_days + suspended_days + deliver_days`` for delivered items that begin with
    their application and end with their delivery. ``touch_h / clock_h`` would exceed 1 where work is done
    before the acceptance or side by side, so ``flow_efficiency`` counts only the clock's own hours, and each once.

    References
    ----------
    行政许可法 Art 42-45. 沪府办〔2020〕6号 三（一）.

    Examples
    --------
    >>> from flowaudit.eventlog import from_frame
    >>> log = from_frame(pd.DataFrame({"case_id": "1", "activity": ["申请", "受理", "决定", "送达"],
    ...     "stage": ["apply", "accept", "decide", "deliver"],
    ...     "end": pd.to_datetime(["2024-09-27 10:00", "2024-09-30 10:00", "2024-10-12 09:00", "2024-10-14 09:00"])}))
    >>> clocks(log)[["e2e_working_days", "pre_days", "clock_days", "deliver_days"]].iloc[0].tolist()
    [8.0, 2.0, 5.0, 1.0]
    """
    return _measure(log, catalogue, unit, calendar, cut_off, office)[0]


def clock_problems(
    log: EventLog,
    catalogue: Catalogue | None = None,
    *,
    unit: Unit | None = None,
    calendar: Calendar | None = None,
    cut_off: Any = None,
) -> pd.DataFrame:
    """Name the cases whose clocks contradict themselves, and why their figures are withheld.

    Returns
    -------
    pd.DataFrame
        ``case_id, item_code, check`` (a stable name), ``problem`` (in words); a row per finding.

    Examples
    --------
    >>> from flowaudit.eventlog import from_frame
    >>> log = from_frame(pd.DataFrame({"case_id": "1", "activity": ["决定", "受理"], "stage": ["decide", "accept"],
    ...     "end": pd.to_datetime(["2024-09-27 10:00", "2024-09-30 10:00"])}))
    >>> clock_problems(log)["check"].tolist()
    ['decided_before_accepted']
    """
    return _measure(log, catalogue, unit, calendar, cut_off, None)[1]


def still_running(frame: pd.DataFrame, clock: str) -> arrays.Bools:
    """Say in which rows of :func:`clocks` a clock was still running at the cut-off: its value is then a lower bound."""
    running = frame["state"].isin(_RUNNING_IN[clock]) & frame[clock].notna()
    running &= (frame["state"] != "decided") | (frame["ends_with"] == "delivery")
    return np.asarray(running, np.bool_)


def cut_off_of(log: EventLog, cut_off: Any = None) -> np.datetime64:
    """Return the moment up to which a log is read; a bare date means its end."""
    if cut_off is not None:
        moment = pd.Timestamp(cut_off)
        if moment == moment.normalize():
            moment += pd.Timedelta(days=1) - pd.Timedelta(microseconds=1)
        return np.datetime64(moment, "us")
    stamps = [log.stamps("end")]
    items = items_of(log)
    if items is not None:
        stamps += [arrays.times(items[column]) for column in TIMES if column in items]
    known = [s[~np.isnat(s)] for s in stamps]
    return max((s.max() for s in known if len(s)), default=np.datetime64(0, "us"))


@dataclass(frozen=True)
class Measured:
    """What was found about the spells of a log, before it is put into a table."""

    log: EventLog
    spells: Spells
    stops: Suspensions
    run: Run
    axes: Axes
    known: arrays.Bools
    cut: np.datetime64
    problems: list[tuple[str, arrays.Bools]]


def measured(
    log: EventLog, catalogue: Catalogue | None, calendar: Calendar, cut_off: Any = None, office: OfficeHours | None = None
) -> Measured:  # fmt: skip
    """Find the clock of every spell: from acceptance to decision (or cut-off), with its stops; and what contradicts itself."""
    cut = cut_off_of(log, cut_off)
    # Without a cut-off of one's own nothing recorded is taken back: a suspension may have been booked to its end.
    seen = cut if cut_off is not None else np.datetime64("2262-01-01", "us")
    spells = spells_of(log, seen)
    stops = suspensions_of(log, spells, catalogue, seen)
    applied, accepted, decided, delivered = spells.applied, spells.accepted, spells.decided, spells.delivered
    stamps = (spells.begun, applied, accepted, decided, delivered)
    axes = axes_of(calendar, office, *stamps, np.array([cut]))
    is_decided = ~np.isnat(decided)
    running = ~np.isnat(accepted) & ~is_decided & ~spells.ended & np.isnat(delivered)
    until = np.where(running, cut, decided)
    endless = np.isnat(stops.end)
    with np.errstate(invalid="ignore"):
        hanging = endless & is_decided[stops.spell] & (stops.start < decided[stops.spell])
        at_stand = (endless | (stops.end > cut)) & running[stops.spell]
    unended, standing = np.zeros(len(spells), np.bool_), np.zeros(len(spells), np.bool_)
    unended[stops.spell[hanging]] = True
    standing[stops.spell[at_stand]] = True
    far = np.zeros(len(spells), np.bool_)
    for s in (*stamps, until):
        far |= axes.unknown(s)
    turned, hasty, early = _before(decided, accepted), _before(accepted, applied), _before(delivered, decided)
    problems = [
        ("decided_before_accepted", turned),
        ("accepted_before_applied", hasty),
        ("delivered_before_decided", early),
        ("delivered_before_applied", _before(delivered, spells.begun) & ~hasty & ~early),
        ("decided_without_acceptance", is_decided & np.isnat(accepted) & bool((~np.isnat(accepted)).any())),
        ("delivered_without_decision", ~is_decided & ~np.isnat(delivered) & ~spells.ended & bool(is_decided.any())),
        ("suspension_without_end", unended),
        ("suspension_without_length", stops.unusable & ~np.isnat(accepted)),
        ("extension_without_days", np.isnan(stops.extended)),
        ("calendar_year_unknown", far),
    ]
    known = ~np.isnat(accepted) & ~np.isnat(until) & ~turned & ~unended & ~stops.unusable & ~far
    begin = np.fmax(stops.start, accepted[stops.spell])
    end = np.fmin(stops.end, until[stops.spell])
    keep = known[stops.spell] & (end > begin)
    run = Run(
        np.where(known, accepted, _NAT), np.where(known, until, _NAT), is_decided,
        stops.spell[keep], begin[keep], end[keep], standing,
    )  # fmt: skip
    return Measured(log, spells, stops, run, axes, known, cut, problems)


def _measure(
    log: EventLog, catalogue: Catalogue | None, unit: Unit | None, calendar: Calendar | None, cut_off: Any,
    office: OfficeHours | None,
) -> tuple[pd.DataFrame, pd.DataFrame]:  # fmt: skip
    log = as_unit(log, unit)
    m = measured(log, catalogue, calendar or load_calendar(), cut_off, office)
    spells, run, n = m.spells, m.run, len(m.spells)
    found = {name: mask for name, mask in m.problems}
    state = _state(spells)
    frame = pd.DataFrame(
        {
            "case_id": np.asarray(log.case_axis)[spells.case],
            "item_code": np.array([*spells.labels, None], object)[spells.item],
            "state": pd.Categorical.from_codes(state, categories=pd.Index(_STATES)),
            **{name: getattr(spells, name) for name in ("begun", "applied", "accepted", "decided", "delivered")},
        }
    )
    for name, values in (_parts(m, state, found) | _work(m)).items():
        frame[name] = values
    frame["ends_with"] = np.where(spells.hands_over, "delivery", "decision")
    frame["extended_days"] = m.stops.extended
    for which in ("statutory", "promised"):
        d = deadlines_of(log, spells, catalogue, which, run, m.axes, m.stops.extended)
        for name, values in _columns(d).items():
            frame[f"{which}_{name}"] = values
        m.problems.append((f"{which}_limit_without_unit", d.unit_missing))
        m.problems.append((f"{which}_extension_unit", d.unit_of_extension & ~found["extension_without_days"]))
    m.problems.append(("item_not_in_catalogue", d.unknown_item if catalogue is not None else np.zeros(n, np.bool_)))
    frame["open"] = (state == _STATES.index("accepted")) | found["suspension_without_end"]
    return frame, _problem_table(frame, m.problems)


_STATES = ("applied", "accepted", "decided", "delivered", "ended")


def _state(spells: Spells) -> arrays.Ints:
    reached = [~np.isnat(s) for s in (spells.delivered, spells.decided, spells.accepted)]
    return np.select([spells.ended, *reached], [4, 3, 2, 1], default=0).astype(np.int64)


def _parts(m: Measured, state: arrays.Ints, found: dict[str, arrays.Bools]) -> dict[str, arrays.Floats]:
    """Return the parts of the way in days; what is still running goes up to the cut-off."""
    spells, axes, run = m.spells, m.axes, m.run

    def up_to_now(stamps: arrays.Stamps, running: arrays.Bools) -> arrays.Stamps:
        return np.where(np.isnat(stamps) & running, m.cut, stamps)

    waits = [state == _STATES.index(s) for s in ("applied", "accepted", "decided")]
    result = up_to_now(spells.result, waits[0] | waits[1] | (waits[2] & spells.hands_over))
    doubtful = found["accepted_before_applied"] | found["delivered_before_decided"] | found["delivered_before_applied"]
    whole = np.where(doubtful | spells.ended, _NAT, result)
    pre_end = up_to_now(spells.accepted, waits[0])
    wrong_pre = found["decided_before_accepted"] | found["accepted_before_applied"]
    handed = up_to_now(spells.delivered, spells.hands_over & waits[2])
    wrong_delivery = found["decided_before_accepted"] | found["delivered_before_decided"]
    day = axes.working
    suspended = np.where(
        m.known, arrays.covered(len(spells), run.spell, day(run.begin), day(run.end)), np.nan
    )  # fmt: skip
    return {
        "e2e_days": axes.natural(whole) - axes.natural(spells.begun),
        "e2e_working_days": day(whole) - day(spells.begun),
        "pre_days": np.where(wrong_pre, np.nan, day(pre_end) - day(spells.applied)),
        "clock_days": day(run.until) - day(run.accepted) - suspended,
        "suspended_days": suspended,
        "deliver_days": np.where(wrong_delivery, np.nan, day(handed) - day(spells.decided)),
    }


def _work(m: Measured) -> dict[str, arrays.Floats]:
    """Return service, clock and waiting in office hours; NaN where starts are not recorded."""
    run, n = m.run, len(m.spells)
    names = ("touch_h", "clock_h", "wait_h", "flow_efficiency")
    seconds = m.axes.office_seconds
    begin, until = seconds(run.accepted), seconds(run.until)
    # Stamps without a time of day say nothing about hours.
    vague = midnight(run.accepted) | (run.decided & midnight(run.until))
    stop_begin, stop_end = seconds(run.begin), seconds(run.end)
    stopped = arrays.covered(n, run.spell, stop_begin, stop_end)
    clock = np.where(vague, np.nan, until - begin - stopped)
    if not m.log.has("start"):
        unknown = np.full(n, np.nan)
        return dict(zip(names, (unknown, clock / 3600, unknown, unknown), strict=True))
    _row, spell, low, high = services(m)
    touch = np.bincount(spell, weights=high - low, minlength=n)
    inside_low, inside_high = np.maximum(low, begin[spell]), np.minimum(high, until[spell])
    # What lies inside the clock and in no stop is the union of work and stops less the stops.
    both = arrays.covered(
        n, np.r_[spell, run.spell], np.r_[inside_low, stop_begin], np.r_[inside_high, stop_end]
    )  # fmt: skip
    wait = np.where(np.isnan(touch), np.nan, clock - (both - stopped))
    with np.errstate(divide="ignore", invalid="ignore"):
        efficiency = np.where(run.decided & (clock > 0), 1 - wait / clock, np.nan)
    return dict(zip(names, (touch / 3600, clock / 3600, wait / 3600, efficiency), strict=True))


def services(m: Measured) -> tuple[arrays.Ints, arrays.Ints, arrays.Floats, arrays.Floats]:
    """Return who worked for which spell from when to when: row, spell, and both edges in office seconds.

    An edge is NaN where the service is not known: no start, or an end that was filled with the start.
    """
    log = m.log
    start, end = log.stamps("start"), log.stamps("end")
    with np.errstate(invalid="ignore"):
        work = np.flatnonzero(arrays.office_work(log) & (end <= m.cut))
    place, spell = m.spells.serving(log.case_index[work], m.spells.row_item[work])
    row = work[place]
    known = ~np.isnat(start[work]) & (start[work] < end[work])
    low, high = (np.where(known, m.axes.office_seconds(s[work]), np.nan) for s in (start, end))
    return row, spell, low[place], high[place]


def running_pieces(m: Measured, ruler: Ruler) -> tuple[arrays.Ints, arrays.Floats, arrays.Floats]:
    """Return the pieces of time in which a clock runs: case, and both edges on a ruler."""
    rows = np.flatnonzero(m.known)
    place = np.full(len(m.known), -1, np.int64)
    place[rows] = np.arange(len(rows))
    run = m.run
    a, b, s, e = (ruler(x).astype(np.int64) for x in (run.accepted[rows], run.until[rows], run.begin, run.end))
    spell, low, high = arrays.subtract_intervals(a, b, place[run.spell], s, e)
    return m.spells.case[rows][spell], low.astype(float), high.astype(float)


def _columns(d: Deadlines) -> dict[str, Any]:
    return {
        "limit": d.amount,
        "unit": pd.Series(d.unit).where(d.unit != "").astype("string"),
        "due": d.due,
        "slack_days": d.slack,
        "on_time": pd.Series(d.on_time, dtype="boolean"),
    }


def _before(later: arrays.Stamps, earlier: arrays.Stamps) -> arrays.Bools:
    """Say where what should come later lies before; a stamp without a time of day may be any moment of its day."""
    with np.errstate(invalid="ignore"):
        same_day = later.astype("datetime64[D]") == earlier.astype("datetime64[D]")
        wrong: arrays.Bools = (later < earlier) & ~(same_day & midnight(later))
    return wrong


def _problem_table(frame: pd.DataFrame, problems: list[tuple[str, arrays.Bools]]) -> pd.DataFrame:
    words = {
        "decided_before_accepted": _("the decision lies before the acceptance"),
        "accepted_before_applied": _("the acceptance lies before the application"),
        "delivered_before_decided": _("the delivery lies before the decision"),
        "delivered_before_applied": _("the delivery lies before the application"),
        "decided_without_acceptance": _("decided, but no acceptance is recorded"),
        "delivered_without_decision": _("delivered, but no decision is recorded"),
        "suspension_without_end": _("decided, but a suspension has no end"),
        "suspension_without_length": _("a suspension has no start, or ends before it begins"),
        "extension_without_days": _("an extension does not say how many days were granted"),
        "calendar_year_unknown": _("a date lies in a year of which the calendar knows no working days"),
        "statutory_limit_without_unit": _("the statutory limit has no unit that can be used"),
        "promised_limit_without_unit": _("the promised limit has no unit that can be used"),
        "statutory_extension_unit": _("days were granted on a statutory limit of hours or months"),
        "promised_extension_unit": _("days were granted on a promised limit of hours or months"),
        "item_not_in_catalogue": _("the catalogue has no such item"),
    }
    rows = [
        pd.DataFrame({**frame.loc[mask, ["case_id", "item_code"]], "check": name, "problem": words[name]})
        for name, mask in problems
        if mask.any()
    ]
    if not rows:
        return pd.DataFrame(columns=list(PROBLEM_COLUMNS))
    return pd.concat(rows).sort_index(kind="stable").reset_index(drop=True)
