"""Look at a log by case (one item's application) or by bundle (the whole one-thing)."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from flowaudit.errors import MissingColumnError
from flowaudit.eventlog.log import EventLog, Unit, from_frame
from flowaudit.messages import both
from flowaudit.messages import translate as _


def natural_unit(log: EventLog) -> Unit:
    """Return ``"bundle"`` when the log's cases belong to bundles, else ``"case"``."""
    cases = log.table("cases")
    if log.unit == "bundle":
        return "bundle"
    return "bundle" if cases is not None and "bundle_id" in cases and cases["bundle_id"].notna().any() else "case"


def as_unit(log: EventLog, unit: Unit | None = None) -> EventLog:
    """Return the log seen by ``unit`` (default: by bundle when it has bundles).

    By bundle, ``case_id`` becomes the bundle's id, an event shared by several cases of a bundle is one row, and the
    side tables carry the bundle's id in ``case_id``. An activity label that occurs in several items is qualified
    with the item's code, so that two items' 受理 stay two nodes of the map.

    Raises
    ------
    MissingColumnError
        If bundles are asked for and the log has none, or cases of a log already seen by bundle.
    """
    unit = unit or natural_unit(log)
    if unit == log.unit:
        return log
    if unit == "case":
        raise MissingColumnError(_("this log is seen by bundle; its single cases are not in it."))
    cases = log.table("cases")
    if cases is None or "bundle_id" not in cases or not cases["bundle_id"].notna().any():
        raise MissingColumnError(
            _("unit='bundle' needs a table 'cases' with 'bundle_id'; this log has none."), hint=_("use unit='case'.")
        )
    # Every measure asks for the unit it counts by: the view is made once.
    return log.remember("by bundle", lambda: _by_bundle(log, cases))


def _by_bundle(log: EventLog, cases: pd.DataFrame) -> EventLog:
    bundle_of = cases.dropna(subset=["bundle_id"]).set_index("case_id")["bundle_id"]
    frame = log.to_pandas()
    owner = frame["case_id"].astype("object").map(bundle_of)
    left_out = int(owner.isna().sum())
    frame = frame.assign(case_id=owner).dropna(subset=["case_id"])
    if "event_id" in frame:
        frame = frame.drop_duplicates(["case_id", "event_id"])
    if "item_code" in frame:
        items = frame.groupby("activity", observed=True)["item_code"].nunique()
        several = set(items.index[items > 1])
        if several:
            label = frame["activity"].astype("object")
            item = frame["item_code"].astype("object")
            frame = frame.assign(activity=label.where(~(label.isin(several) & item.notna()), item + "·" + label))
    tables = dict(log.tables)
    for name in ("material_instances", "special_episodes", "ratings"):
        table = log.table(name)
        if table is not None and "case_id" in table:
            if "item_code" in cases and "item_code" not in table:
                table = table.assign(item_code=table["case_id"].map(cases.set_index("case_id")["item_code"]))
            table = table.assign(case_id=table["case_id"].map(bundle_of))
            tables[name] = table.dropna(subset=["case_id"])
    visits = log.table("visits")
    if visits is not None and "bundle_id" in visits:
        tables["visits"] = visits.assign(case_id=visits["bundle_id"])
    notes = [both("seen by bundle")]
    if left_out:
        notes.append(both("{n} rows of cases without a bundle left out", n=left_out))
    view = from_frame(frame, tables=tables, provenance=log.provenance, unit="bundle")
    return replace(view, provenance=replace(log.provenance, notes=(*log.provenance.notes, *notes)))


def items_of(log: EventLog) -> pd.DataFrame | None:
    """Return the item-level cases (``case_id`` of the log's own unit in ``unit_id``) where they are recorded."""
    cases = log.table("cases")
    if cases is None:
        return None
    if log.unit == "bundle" and "bundle_id" in cases:
        return cases.assign(unit_id=cases["bundle_id"])
    return cases.assign(unit_id=cases["case_id"])
