"""When the people of a log are on duty: hours mined from their stamps, office hours where the stamps cannot speak."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from flowaudit.flow import accounts, habits
from flowaudit.worktime import MinedCalendars, mine_calendars

if TYPE_CHECKING:
    from flowaudit.diagnosis.context import Context

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Stamps = npt.NDArray[np.datetime64]

PARTICIPATION = 200
"""Stamps a calendar of one's own needs: with 50, a quarter of the hours of a full week is still missed."""
MOST_CALENDARS, DAYS_HELD = 1000, 4_000_000
"""Own calendars at most, and days of all of them together, so that one absurd stamp does not fill the memory."""
ARRIVED, LEFT, TOGETHER, NARROW_H = 5, 0.8, 9, 12.0
"""A resource with at most so many hours a week, of whose arrivals during a run so many are left for another time, or which begins
half of its work together, keeps to an hour: its hours are a habit, not its duty."""
RARE, FEW = 0.001, 0.2
"""An office hour is off duty where so few stamps would come by chance this seldom, and are at most this share of the usual."""
WEEK, HOURS = 5, 24
_DAY, _HOUR = 86_400_000_000, 3_600_000_000
_MAKE_UP = 7


def duty_of(context: Context, resource: Ints, group: Ints, start: Stamps) -> MinedCalendars:
    """Return the hours on duty of every resource, over all dates of the log.

    Weekly hours are mined from the stamps of the offices (when applicants act says nothing about them), see
    :func:`flowaudit.worktime.mine_calendars`. Our own additions: an hour in which the office is open counts as duty unless
    the resource left significantly fewer stamps in it than usual, since rare work leaves hours without a stamp; resources with
    few stamps have the office hours besides their joint ones; an hour outside them in which work only ends is none; and who keeps to an hour, as with a weekly meeting, has
    the joint hours of everybody.
    """
    rows = np.flatnonzero(~context.applicant)
    # a start that lies after its end bounds a window, too
    first, last = np.nanmin(np.fmin(start, context.end)), np.nanmax(np.fmax(start, context.end))
    days = int((last - first) / np.timedelta64(1, "D")) + 1
    mined = mine_calendars(
        resource[rows], group[rows], start[rows], context.end[rows], calendar=context.calendar, office=context.office,
        participation=PARTICIPATION, most=max(10, min(MOST_CALENDARS, DAYS_HELD // days)),
    ).spanning(first, last, context.calendar)  # fmt: skip
    arrived, left, together = habits(context.log, found=context.enablement)
    hours = mined.on_duty[:, :7].sum(axis=(1, 2)) / 60
    n = len(mined.of_resource)
    instances = accounts(context.log).instances
    keeps = ((arrived >= ARRIVED) & (left >= LEFT * arrived)) | ((together >= TOGETHER) & (together >= instances / 2))
    keeps = keeps[:n] & (hours[mined.of_resource] <= NARROW_H)
    of = np.where(keeps, mined.of_unknown, mined.of_resource).astype(np.int32)
    own = mined.own & ~keeps
    stamps = np.concatenate([start[rows], context.end[rows]]).astype("datetime64[us]")  # starts first
    who = np.tile(resource[rows], 2)
    return replace(mined, of_resource=of, own=own, on_duty=_filled(mined, of, own, who, stamps, _opened(context)))


def _opened(context: Context) -> Bools:
    """Minutes of a working day in which the office is open."""
    minute = np.arange(24 * 60, dtype=np.int64) * 60_000_000
    edges = context.office.elapsed(np.r_[minute, minute[-1] + 60_000_000])
    found: Bools = np.diff(edges) > 0
    return found


def _filled(
    mined: MinedCalendars, of: npt.NDArray[np.int32], own: Bools, who: Ints, stamps: Stamps, opened: Bools
) -> Bools:
    """Add the office hours that the stamps do not speak against."""
    on_duty = mined.on_duty.copy()
    joint = np.ones(len(on_duty), np.bool_)
    joint[of[own]] = False
    working = [*range(WEEK), _MAKE_UP]
    for kind in working:
        on_duty[joint, kind] |= opened
    mine = np.flatnonzero(own)
    if not len(mine):
        return on_duty
    absent = _significant(_counts(mine, who, stamps), opened)
    half = len(stamps) // 2
    begun = _counts(mine, who[:half], stamps[:half])
    for r, missing, starts in zip(mine.tolist(), absent, begun, strict=True):
        hours = on_duty[of[r], :WEEK]
        if starts.any():
            # What is only finished after closing time was no duty.
            hours &= np.repeat(starts > 0, 60, axis=1) | opened
        hours |= np.repeat(~missing, 60, axis=1) & opened
    return on_duty


def _counts(mine: Ints, who: Ints, stamps: Stamps) -> Floats:
    """Stamps of each resource by weekday (Monday to Friday) and hour; dates without a time of day left out."""
    place = np.full(int(max(mine.max(), who.max(initial=0))) + 1, -1, np.int64)
    place[mine] = np.arange(len(mine))
    moment = stamps.astype(np.int64)
    day = moment // _DAY
    hour = (moment - day * _DAY) // _HOUR
    weekday = (day + 3) % 7
    known = (who >= 0) & ~np.isnat(stamps) & (moment % _DAY != 0) & (weekday < WEEK)
    known[known] = place[who[known]] >= 0
    key = (place[who[known]] * WEEK + weekday[known]) * HOURS + hour[known]
    counts = np.bincount(key, minlength=len(mine) * WEEK * HOURS).astype(float)
    return counts.reshape(len(mine), WEEK, HOURS)


def _significant(counts: Floats, opened: Bools) -> Bools:
    """Mark the hours (resource, weekday, hour) in which significantly few stamps were left: whole days, hours of all days, single ones."""
    from scipy.stats import poisson

    open_share = opened.reshape(HOURS, 60).mean(axis=1)
    opening = int((open_share > 0).sum())
    inside = counts * (open_share > 0)

    def few(seen: Floats, expected: Floats) -> Bools:
        found: Bools = (seen <= FEW * expected) & (poisson.cdf(seen, expected) < RARE)
        return found

    by_day = inside.sum(axis=2)
    day_off = few(by_day, _usual(by_day, WEEK))
    kept = inside * ~day_off[:, :, None]
    by_hour = np.divide(kept.sum(axis=1), open_share, out=np.zeros((len(kept), HOURS)), where=open_share > 0)
    hour_off = few(by_hour * open_share, _usual(by_hour, opening) * open_share)
    days = np.maximum((~day_off).sum(axis=1), 1)[:, None, None]
    cell = few(
        kept, np.minimum((_usual(by_hour, opening) * open_share)[:, None, :], by_hour[:, None, :] * open_share) / days
    )
    absent: Bools = day_off[:, :, None] | hour_off[:, None, :] | cell
    return absent


def _usual(counts: Floats, places: int) -> Floats:
    """Stamps to be expected in each of so many days (or hours): no more than the mean, nor than the median of those with any.

    What lies there in the morning makes the first hour of the day a busy one; that is no standard for the others.
    """
    mean = counts.sum(axis=1, keepdims=True) / max(places, 1)
    some = np.where(counts > 0, counts, np.nan)
    middle = np.full((len(counts), 1), 0.0)
    rows = (counts > 0).any(axis=1)
    middle[rows, 0] = np.nanmedian(some[rows], axis=1)
    return np.repeat(np.minimum(np.maximum(mean, 0.0), middle), counts.shape[1], axis=1)
