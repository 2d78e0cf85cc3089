"""减跑动: how often an applicant has to come; by the guides, with what corrections cause, and as observed."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.catalogue import Catalogue
from flowaudit.eventlog import EventLog
from flowaudit.metrics import _arrays as arrays
from flowaudit.metrics.rule import NotRecorded
from flowaudit.metrics.wilson import wilson

_CORRECTION = ("correct", "correction", "补正", "补齐补正", "补件", "补交材料")
_ONLINE = "线上|网上|网办|在线|电脑|移动|互联网|手机|app|小程序|online|web|mobile"


def trips(log: EventLog) -> arrays.Floats | NotRecorded:
    """Count the applicant's journeys, per case: distinct (site, day); several counters of one hall on one day are one."""
    found = _journeys(log)
    if isinstance(found, NotRecorded):
        return found
    case, site, day, _table = found
    return arrays.count_distinct(log.n_cases, case, site, day)


def repeat_trips(log: EventLog) -> arrays.Floats | NotRecorded:
    """Count the journeys that only corrections caused, per case: nothing but a correction was done on that site and day."""
    found = _journeys(log)
    if isinstance(found, NotRecorded):
        return found
    case, site, day, table = found
    for_correction = _for_correction(log, table)
    if for_correction is None:
        return NotRecorded(
            "trips",
            "到访记录未说明到访目的，无法区分因补正产生的到访。",
            "visits do not tell their purpose, so those that corrections cause are not known.",
            ("visits: purpose", "events: stage, visit_id"),
        )
    journey = arrays.combine(case, site, day)
    other = np.isin(journey, journey[~for_correction])
    only = for_correction & ~other
    return arrays.count_distinct(log.n_cases, case[only], site[only], day[only])


def _journeys(log: EventLog) -> tuple[arrays.Ints, arrays.Ints, arrays.Ints, pd.DataFrame] | NotRecorded:
    """Return case, site and day of each visit that belongs to a case, and the visits themselves."""
    table = log.tables.get("visits")
    if table is None or not arrays.tells(log, table, "case_id", "date"):
        return NotRecorded(
            "trips",
            "日志未记录申请人到现场的次数。",
            "the log does not record the applicants' visits.",
            ("visits: case_id, site, date",),
        )
    case = arrays.positions(log, table["case_id"])
    table, case = table[case >= 0], case[case >= 0]
    site = pd.factorize(table["site"])[0].astype(np.int64) if "site" in table else np.full(len(table), -1, np.int64)
    day = pd.factorize(arrays.days_of(arrays.times(table["date"])))[0].astype(np.int64)
    return case, site, day, table


def _for_correction(log: EventLog, visits: pd.DataFrame) -> arrays.Bools | None:
    if "purpose" in visits and visits["purpose"].notna().any():
        return arrays.by_word(visits["purpose"], _corrects).to_numpy(np.bool_)
    if "visit_id" not in visits or not log.has("visit_id", "stage"):
        return None
    code, labels = log.codes("visit_id")
    correction = arrays.among(log, "stage", "correction")
    served, other = (np.unique(code[m & (code >= 0)]) for m in (correction, ~correction))
    only = {labels[i] for i in np.setdiff1d(served, other)}
    return visits["visit_id"].isin(only).to_numpy(np.bool_)


def _corrects(purpose: pd.Series) -> pd.Series:
    return purpose.astype("string").str.strip().str.casefold().isin(_CORRECTION).fillna(False)


def correction_visits(log: EventLog) -> frozenset[str]:
    """Return the ids of the visits that only a correction caused; none where visits are not recorded."""
    table = log.table("visits")
    marked = None if table is None or "visit_id" not in table else _for_correction(log, table)
    return frozenset() if table is None or marked is None else frozenset(table.loc[marked, "visit_id"].astype(str))


def trip_shares(values: npt.NDArray[np.float64]) -> dict[str, Any]:
    """Return the shares of cases with no trip, one, and two or more."""
    n = max(len(values), 1)
    return {
        "share_0": float((values == 0).sum() / n),
        "share_1": float((values == 1).sum() / n),
        "share_2_or_more": float((values >= 2).sum() / n),
    }


def guide_trips(log: EventLog, catalogue: Catalogue) -> arrays.Floats:
    """Add up, per case, the visits that the guides of its items state; NaN where a guide states none."""
    from flowaudit.metrics.guide import visits_stated

    stated = visits_stated(catalogue)
    if stated is None or not log.has("item_code"):
        return np.full(log.n_cases, np.nan)
    code, labels = log.codes("item_code")
    visits = stated[~stated.index.duplicated()].reindex(labels).to_numpy(float)
    key = arrays.combine(log.case_index, code.astype(np.int64))
    first = np.flatnonzero(arrays.first_of(key) & (code >= 0))
    case = log.case_index[first]
    total = np.bincount(case, weights=visits[code[first]], minlength=log.n_cases)
    return np.where(np.bincount(case, minlength=log.n_cases) > 0, total, np.nan)


def online_share(log: EventLog) -> dict[str, Any] | NotRecorded:
    """Tell how many applications came in online (实际办件网办比例); what items are able to do is another figure.

    Returns
    -------
    dict or NotRecorded
        ``n`` cases whose channel is known, ``online`` of them, ``share`` with Wilson's 95 % interval ``low, high``, and
        ``unknown`` cases.
    """
    channel = _channels(log)
    if channel is None or not channel.notna().any():
        return NotRecorded(
            "trips", "日志未记录申请渠道。", "the log does not record how applications came in.", ("cases: channel",)
        )
    online = channel.dropna().astype("string").str.contains(_ONLINE, case=False).to_numpy(np.bool_)
    n, k = len(online), int(online.sum())
    low, high = wilson(k, n)
    return {"n": n, "online": k, "share": k / n, "low": low, "high": high, "unknown": int(channel.isna().sum())}


def _channels(log: EventLog) -> pd.Series | None:
    for name, key in (("bundles", "bundle_id"), ("cases", "case_id")):
        table = log.table(name)
        if table is not None and "channel" in table and (key == "bundle_id") == (log.unit == "bundle"):
            known = table.drop_duplicates(key).set_index(key)["channel"]
            return known.reindex(pd.Index(log.case_ids)).reset_index(drop=True)
    if not log.has("channel"):
        return None
    code, labels = log.codes("channel")
    first = code[log.case_ptr[:-1]]
    return pd.Series(np.array([*labels, None], object)[first])


def online_capability(catalogue: Catalogue) -> dict[str, Any] | NotRecorded:
    """Tell how many items can be handled wholly online (具备全程网办能力), by their guides.

    Returns
    -------
    dict or NotRecorded
        ``n`` items of which it is known, ``online`` of them, ``share``, and ``unknown`` items.
    """
    items = catalogue.items
    if items is None or "fully_online" not in items or not items["fully_online"].notna().any():
        return NotRecorded(
            "trips",
            "目录未说明事项是否可全程网办。",
            "the catalogue does not say which items can be handled online.",
            ("items: fully_online",),
        )
    known = items["fully_online"].dropna().astype(bool)
    n, k = len(known), int(known.sum())
    return {"n": n, "online": k, "share": k / n, "unknown": len(items) - n}
