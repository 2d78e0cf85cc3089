"""Items of cases from application to decision, and what asked for corrections in between."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.diagnosis.context import Context, Floats, Ints, Stamps


@dataclass(frozen=True, eq=False)
class Spells:
    """The items of all cases, a row each, and which of them every row of the log belongs to (-1: none or several).

    Attributes
    ----------
    case : array of int64
    item : array of object
        Item code, None where the log names none.
    applied, accepted, decided : array of datetime64[us]
    ready : array of datetime64[us]
        Since when it could be accepted: its application, or the decision of an item it had to wait for.
    pre_days : array of float
        Whole working days from then to the acceptance, see :func:`flowaudit.metrics.clocks`.
    of_row : array of int64
    """

    case: Ints
    item: npt.NDArray[np.object_]
    applied: Stamps
    ready: Stamps
    accepted: Stamps
    decided: Stamps
    pre_days: Floats
    of_row: Ints


def spells_of(context: Context) -> Spells:
    """Return the items of all cases with their clocks, and the one each row serves.

    A row that names no item belongs to the only one of its case, if there is only one.
    """
    frame = context.clocks
    case = frame["case"].to_numpy(np.int64)
    item, items = context.column("item_code")
    label = frame["item_code"].astype("object")
    names = pd.Index([str(i) for i in items])
    known = label.notna().to_numpy(bool)
    code = np.full(len(frame), -1, np.int64)
    code[known] = names.get_indexer(pd.Index(label[known].astype(str), dtype=names.dtype))
    # An item of the table of cases that no row names has a code of its own kind: nothing is looked up by it.
    own = np.flatnonzero((code >= 0) | ~known)
    width = len(items) + 1
    of_row = _lookup(case[own] * width + code[own] + 1, own, context.case * width + item + 1)
    cases, first, count = np.unique(case, return_index=True, return_counts=True)
    single = _lookup(cases[count == 1], first[count == 1], context.case)
    of_row = np.where((of_row < 0) & (item < 0), single, of_row)
    applied, accepted, decided = (frame[c].to_numpy("datetime64[us]") for c in ("applied", "accepted", "decided"))
    named = label.where(known, None).to_numpy(object)
    pre = frame["pre_days"].to_numpy(float).copy()
    ready = _ready(context, pd.DataFrame({"case": case, "item": named, "a": applied, "d": decided, "t": accepted}))
    later = (ready != applied) & ~np.isnan(pre) & ~np.isnat(ready) & ~np.isnat(accepted)
    pre[later] = context.calendar.working_days(ready[later], accepted[later])
    return Spells(case, named, applied, ready, accepted, decided, pre, of_row)


def _ready(context: Context, spells: pd.DataFrame) -> Stamps:
    """Return since when each item could be accepted.

    One that was applied for together with another, or comes after it by the catalogue, waits for the other's decision;
    that is the order of the items, no slow acceptance.
    """
    ready: Stamps = spells["a"].to_numpy("datetime64[us]").copy()
    if context.log.unit != "bundle" or not len(spells):
        return ready
    several = spells[spells["case"].duplicated(keep=False)].reset_index(names="row")
    pairs = several.merge(several, on="case", suffixes=("", "_first"))
    pairs = pairs[
        (pairs["row"] != pairs["row_first"]) & (pairs["d_first"] <= pairs["t"]) & (pairs["d_first"] > pairs["a"])
    ]
    together = pairs["a"] == pairs["a_first"]
    if context.catalogue is not None and len(pairs):
        orders = pairs[["item_first", "item"]].drop_duplicates(ignore_index=True)
        told = [context.catalogue.precedes(str(a), str(b)) for a, b in orders.itertuples(index=False, name=None)]
        together |= pairs[["item_first", "item"]].merge(orders.assign(told=told), how="left")["told"].to_numpy(bool)
    rows = pairs.loc[together, "row"].to_numpy(np.int64)
    np.fmax.at(ready, rows, pairs.loc[together, "d_first"].to_numpy("datetime64[us]"))
    return ready


def _lookup(keys: Ints, values: Ints, wanted: Ints) -> Ints:
    """Return the value that belongs to each wanted key, -1 where there is none."""
    if not len(keys):
        return np.full(len(wanted), -1, np.int64)
    order = np.argsort(keys, kind="stable")
    at = np.minimum(np.searchsorted(keys[order], wanted), len(keys) - 1)
    found: Ints = np.where(keys[order][at] == wanted, values[order][at], -1)
    return found
