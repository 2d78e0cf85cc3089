"""Where a fix would save most: activities ranked by what all cases together would end earlier without the waiting there."""

from __future__ import annotations

import numpy as np
import pandas as pd

from flowaudit.diagnosis.context import Context
from flowaudit.diagnosis.waiting import CAUSES, waiting_of
from flowaudit.eventlog import EventLog, Unit, as_unit
from flowaudit.worktime import Calendar, OfficeHours, load_calendar

MOST = 100
"""Activities whose saving is worked out: those with most waiting."""


def bottlenecks(
    log: EventLog,
    *,
    unit: Unit | None = None,
    calendar: Calendar | None = None,
    office: OfficeHours | None = None,
) -> pd.DataFrame:
    """Rank the activities of offices by the working days all cases would save without the waiting before them.

    Parameters
    ----------
    log : EventLog
    unit : {"case", "bundle"}, optional
    calendar : Calendar, optional
    office : OfficeHours, optional

    Returns
    -------
    pd.DataFrame
        The 100 activities with most waiting, largest saving first: ``activity, frequency, cases, waiting_days`` (in all),
        ``median_days, saving_days`` (by how many working days all cases together would have ended earlier; at most
        ``waiting_days``, less where other work ran beside it), ``saving_per_case_days`` (over all cases of the log),
        ``main_cause`` and its ``share`` of the waiting, ``kind`` ("waiting", "handover" or "estimated"). What lies with the applicant is left out.

    Notes
    -----
    Our own measure. The mean waiting of a step says little: a step that is rare, or beside a longer one, is no bottleneck.
    Without start times the whole time to the end of the step is taken away, so that the saving is an upper bound that
    no measure can reach.

    Examples
    --------
    >>> from flowaudit.eventlog import from_frame
    >>> day = pd.Timedelta(days=1)
    >>> log = from_frame(pd.DataFrame({"case_id": "1", "activity": list("abc"), "start": pd.to_datetime(
    ...     ["2024-03-04 09:00", "2024-03-06 10:00", "2024-03-07 11:00"]), "end": pd.to_datetime(
    ...     ["2024-03-04 10:00", "2024-03-06 11:00", "2024-03-07 12:00"])}))
    >>> bottlenecks(log)[["activity", "saving_days"]].values.tolist()
    [['b', 2.0], ['c', 1.0]]
    """
    log = as_unit(log, unit)
    context = Context(log, None, calendar or load_calendar("china"), 1, office or OfficeHours())
    return ranked(context)


def ranked(context: Context) -> pd.DataFrame:
    """Rank the activities of a log that is looked at already."""
    log = context.log
    activity, names = context.column("activity")
    days = context.idle_days
    own = np.flatnonzero(~context.applicant & (days > 0))
    total = np.bincount(activity[own], weights=days[own], minlength=len(names))
    order = np.argsort(-total, kind="stable")[:MOST]
    parts = waiting_of(context).working_parts
    rows = []
    for code in order[total[order] > 0]:
        at = own[activity[own] == code]
        saved = float(context.flow.saved(at, days[at]).sum())
        causes = parts[at].sum(axis=0, dtype=np.float64)
        causes[CAUSES.index("applicant")] = 0.0
        main = int(causes.argmax())
        rows.append(
            (str(names[code]), len(at), context.population(at), float(days[at].sum()), float(np.median(days[at])), saved,
             saved / log.n_cases, CAUSES[main], float(causes[main] / causes.sum()) if causes.sum() else np.nan, context.time_kind)
        )  # fmt: skip
    columns = [
        "activity", "frequency", "cases", "waiting_days", "median_days", "saving_days", "saving_per_case_days",
        "main_cause", "share", "kind",
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=columns)
    return frame.sort_values(["saving_days", "waiting_days"], ascending=False, kind="stable", ignore_index=True)
