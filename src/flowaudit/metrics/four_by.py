"""The four reductions apart for each item, department, channel, district or month."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.catalogue import Catalogue
from flowaudit.errors import UsageError, nearest
from flowaudit.eventlog import EventLog, Unit, as_unit, items_of
from flowaudit.messages import translate as _
from flowaudit.metrics import _arrays as arrays
from flowaudit.metrics.four import case_measures, median_interval
from flowaudit.metrics.rule import METRICS
from flowaudit.metrics.spells import spells_of
from flowaudit.worktime import Calendar

BY = ("item", "department", "channel", "district", "month")
"""Properties that most logs record."""
SMALL = 10
COLUMN_OF = dict(zip(METRICS, ("steps", "e2e_days", "clock_days", "materials", "trips"), strict=True))
_OF_ITEM = ("item", "item_code", "department", "variant", "variant_code")
_NAMES = {"item": "item_code", "variant": "variant_code"}


def four_by(
    log: EventLog,
    catalogue: Catalogue | None = None,
    *,
    by: str,
    unit: Unit | None = None,
    policy: str | None = None,
    calendar: Calendar | None = None,
) -> pd.DataFrame:
    """Measure steps, time, materials and trips for each value of a property of the cases.

    Parameters
    ----------
    log : EventLog
    catalogue : Catalogue, optional
    by : str
        ``item`` or ``department`` (that decided, or accepted where nothing is decided yet): counted by the single
        application, since a bundle has several; ``channel``, ``district``, another column of the table of cases or
        bundles, or ``month`` (of the first event).
    unit, policy, calendar
        See :func:`flowaudit.metrics.four_reductions`.

    Returns
    -------
    pd.DataFrame
        One row per value and metric: the property, ``metric``, ``cases`` completed ones, ``n`` of them that record the
        metric, ``value`` (median), ``low, high`` (95 % bootstrap interval), ``p90`` and ``suppressed`` where ``n`` is below
        10 (not none): not for outward use. NaN where a metric is not recorded. Cases without the property stand last.

    Raises
    ------
    UsageError
        If the log has no such property.
    """
    if by in _OF_ITEM:
        if unit == "bundle":
            raise UsageError(
                _("a bundle has several items and departments; by {by} single applications are counted.", by=by),
                hint=_("use unit='case'."),
            )
        unit = "case"
    log = as_unit(log, unit)
    frame = case_measures(log, catalogue, unit=log.unit, policy=policy, calendar=calendar)
    name = _NAMES.get(by, by)
    frame = frame.assign(**{name: property_of(log, by)})
    frame = frame[frame["complete"]]
    rows = []
    for label, part in frame.groupby(name, sort=True, dropna=False, observed=True):
        for metric, column in COLUMN_OF.items():
            x = part[column].dropna().to_numpy(float)
            row = {name: None if pd.isna(label) else label, "metric": metric, "cases": len(part), "n": len(x)}
            if len(x):
                low, high = median_interval(x)
                row |= {"value": float(np.median(x)), "low": low, "high": high, "p90": float(np.quantile(x, 0.9))}
            rows.append(row)
    table = pd.DataFrame(rows, columns=[name, "metric", "cases", "n", "value", "low", "high", "p90"])
    return table.assign(suppressed=(table["n"] > 0) & (table["n"] < SMALL))


def property_of(log: EventLog, asked: str) -> npt.NDArray[np.object_]:
    """Return the property of each case, in the order of ``log.case_ids``; None where unknown."""
    name = _NAMES.get(asked, asked)
    if name == "month":
        first = arrays.begin(log)
        month = pd.Series(np.fmin.reduceat(first, log.case_ptr[:-1]).astype("datetime64[M]").astype(str))
        return _objects(month.where(month != "NaT"))
    if name == "department":
        spells = spells_of(log, np.datetime64("2262-01-01", "us"))
        known = spells.department >= 0
        if known.any():
            names = np.array(log.codes("department")[1], object)
            found = pd.Series(names[spells.department[known]], spells.case[known])
            return _objects(found[~found.index.duplicated(keep="last")].reindex(range(log.n_cases)))
    for table in (items_of(log), log.table("bundles")):
        key = None if table is None else next((c for c in ("unit_id", "bundle_id") if c in table), None)
        if table is None or key is None or name not in table or (log.unit == "bundle" and key == "unit_id"):
            continue
        told = table.dropna(subset=[name]).drop_duplicates(key).set_index(key)[name]
        if len(told):
            return _objects(told.reindex(pd.Index(log.case_ids)))
    if log.has(name):
        code, labels = log.codes(name)
        first_code = code[log.case_ptr[:-1]]
        # A column of the events serves where it says one thing of the whole case.
        same = np.maximum.reduceat(code, log.case_ptr[:-1]) == np.minimum.reduceat(code, log.case_ptr[:-1])
        if same.all():
            return _objects(pd.Series(np.array([*labels, None], object)[first_code]))
    columns = {
        c for t in ("cases", "bundles") if (found_table := log.table(t)) is not None for c in found_table.columns
    }
    near = [] if asked in BY else nearest(asked, sorted({*BY, *columns}), n=1)
    raise UsageError(
        _("the log says nothing of '{by}' by which it could be told apart.", by=asked),
        hint=_("did you mean '{near}'?", near=near[0]) if near else _("choose one of: {names}", names=", ".join(BY)),
    )


def _objects(values: pd.Series) -> npt.NDArray[np.object_]:
    plain = values.astype(object)
    found: npt.NDArray[np.object_] = plain.where(plain.notna(), None).to_numpy(object)
    return found
