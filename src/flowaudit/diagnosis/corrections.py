"""Requests for corrections (补正), and what answers them: the time in between is the applicant's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from flowaudit.diagnosis.context import Context

RESULTS = ("补正", "补齐补正", "退回", "退回补正", "补正通知", "request for correction", "returned")
Ints = npt.NDArray[np.int64]


def correction_requests(context: Context) -> Ints | None:
    """Return the rows in which an office asks for corrections; None where the log cannot say."""
    has_stage, has_result = context.log.has("stage"), context.log.has("result")
    if not has_stage and not has_result:
        return None
    asked = context.among("stage", "correction") & ~context.applicant
    if not asked.any():
        asked = context.among("result", *RESULTS) & ~context.applicant
    return np.flatnonzero(asked)


def answers(context: Context, requests: Ints) -> Ints:
    """Return for every request the row that answers it: the applicant's next act on the item, else its next event.

    Acts that bear no item may answer any request; one that nothing follows is its own answer and loses no time.
    """
    item, _items = context.column("item_code")
    answer = requests.copy()
    for code in np.unique(item[requests]):
        own = np.flatnonzero(item[requests] == code)
        fits = (item == code) | (item < 0) | (code < 0)
        for among in (fits, fits & context.applicant):
            rows = np.flatnonzero(among)
            at = np.searchsorted(rows, requests[own], side="right")
            there = np.flatnonzero(at < len(rows))
            found = rows[at[there]]
            same = context.case[found] == context.case[requests[own[there]]]
            answer[own[there[same]]] = found[same]
    return answer
