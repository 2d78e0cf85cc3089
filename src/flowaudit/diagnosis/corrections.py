"""Requests for corrections (补正), and what answers them: the time in between is the applicant's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from flowaudit.diagnosis.context import Context

RESULTS = ("补正", "补齐补正", "退回", "退回补正", "补正通知", "request for correction", "returned")
RETURNED = ("退回", "returned")
"""Results that do not say to whom a case was sent back."""
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


def sent_back(context: Context) -> Ints | None:
    """Return the rows in which an office sends a case back, to the applicant or inside; None where the log cannot say."""
    has_stage, has_result = context.log.has("stage"), context.log.has("result")
    if not has_stage and not has_result:
        return None
    asked = context.among("stage", "correction") & ~context.applicant
    if not asked.any():
        asked = context.among("result", *RESULTS) & ~context.applicant
    return np.flatnonzero(asked)


def correction_requests(context: Context) -> Ints | None:
    """Return the rows in which an office asks the applicant for corrections; None where the log cannot say."""
    rows = sent_back(context)
    return rows if rows is None else rows[~sent_back_inside(context, rows)]


def sent_back_inside(context: Context, rows: Ints) -> Bools:
    """Mark the returns that are no corrections: an earlier step of the office goes on, not the applicant.

    Only results that say no more than "returned" are looked at. Where the applicant's acts are not recorded, the level must fall.
    """
    found = np.zeros(len(rows), np.bool_)
    own = np.flatnonzero(context.among("result", *RETURNED)[rows] & ~context.among("stage", "correction")[rows])
    if not len(own):
        return found
    passing = context.automatic | context.among("stage", "notify", "correction", "archive")
    after = following(context, rows[own], context.applicant | ~passing)
    office = (after >= 0) & ~context.applicant[after]
    if not context.applicant.any():
        office &= context.level[after] < context.level[rows[own]]
    found[own] = office
    return found


def answers(context: Context, requests: Ints) -> Ints:
    """Return for every request the row that answers it: the applicant's next act on the item, else its next event.

    Acts that bear no item may answer any request; one that nothing follows is its own answer and loses no time.
    """
    any_row = following(context, requests, np.ones(len(context.case), np.bool_))
    act = following(context, requests, context.applicant)
    return np.where(act >= 0, act, np.where(any_row >= 0, any_row, requests))


def following(context: Context, rows: Ints, among: Bools) -> Ints:
    """Return the next row of the same case and item among those marked, -1 where there is none.

    What bears no item belongs to all items of its case.
    """
    item, items = context.column("item_code")
    n, width = len(item) + 1, len(items) + 1
    marked = np.flatnonzero(among)

    def first(key: Ints, candidates: Ints, asked: Ints) -> Ints:
        """The first candidate of each asked row's key that lies behind it; n where there is none."""
        place = key[candidates] * n + candidates
        order = np.argsort(place, kind="stable")
        at = np.searchsorted(place[order], key[asked] * n + asked, side="right")
        there = np.minimum(at, max(len(candidates) - 1, 0))
        found = candidates[order][there] if len(candidates) else np.full(len(asked), n)
        fits = (at < len(candidates)) & (key[np.minimum(found, n - 2)] == key[asked])
        return np.where(fits, found, n)

    of_case, of_item = context.case, context.case * width + item + 1
    same = first(of_item, marked, rows)
    shared = first(of_case, marked[item[marked] < 0], rows)
    anything = first(of_case, marked, rows)
    found = np.where(item[rows] < 0, anything, np.minimum(same, shared))
    return np.where(found < n, found, -1).astype(np.int64)
