"""From application to delivery: the stamps of every item of every case."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from flowaudit.eventlog import APPLICANT, EventLog, items_of
from flowaudit.metrics import _arrays as arrays
from flowaudit.metrics.cases import REFUSED

NOT_ACCEPTED = ("补正", "补齐补正", "退回", "不予受理", "不受理", "退件")
"""Results of the acceptance stage that do not start the clock: a correction before acceptance postpones its start."""

NOT_DECIDED = ("补正", "补齐补正", "退回", "退件", "撤回", "作废", "作废办结", "删除办结")
"""Results of the decision stage that decide nothing: sent back, asked for more, withdrawn or void."""

DENIED = ("不予许可", "不同意")
"""Results of a decision that leave nothing to be delivered but its notice."""

STAMPS = ("begun", "applied", "accepted", "decided", "delivered")
TIMES = ("apply_time", "accept_time", "decide_time", "deliver_time")
"""Columns of the table of cases that say the same of ``STAMPS[1:]``."""
_TABLE = dict(zip(STAMPS[1:], TIMES, strict=True))
_SETTLED_BY = {"accepted": "at_door", "decided": "at_desk"}
_NAT = np.datetime64("NaT", "us")
_EARLIEST, _LATEST = np.iinfo(np.int64).min, np.iinfo(np.int64).max


@dataclass(frozen=True)
class Spells:
    """One row for every case and item that was applied for, accepted, decided or delivered.

    Attributes
    ----------
    case, item : array of int64
        Position in ``log.case_ids``; place in ``labels``, -1 where the log names no item.
    labels : list of str
    begun, applied, accepted, decided, delivered : array of datetime64[us]
        The applicant's first action, the application, the first acceptance that is no refusal, the last decision, the
        last delivery. What was done for the whole case stands in for items that have none of their own.
    ended : array of bool
        No decision will come: refused at the door, withdrawn, void, or closed without one.
    hands_over : array of bool
        The log records deliveries of this item (of at least half of what was decided): one that is missing is to come,
        unless the decision was a refusal.
    department : array of int64
        Code of the department of the last decision, else of the acceptance; -1 where unknown.
    row_item : array of int64
        The item of every row of the log (in a log seen by case, the case's own where the row names none).
    """

    case: arrays.Ints
    item: arrays.Ints
    labels: list[str]
    begun: arrays.Stamps
    applied: arrays.Stamps
    accepted: arrays.Stamps
    decided: arrays.Stamps
    delivered: arrays.Stamps
    ended: arrays.Bools
    hands_over: arrays.Bools
    department: arrays.Ints
    row_item: arrays.Ints

    def __len__(self) -> int:
        return len(self.case)

    @property
    def result(self) -> arrays.Stamps:
        """When the result was there: the delivery, or the decision of an item whose deliveries are not recorded."""
        return np.where(self.hands_over, self.delivered, self.decided)

    def serving(self, case: arrays.Ints, item: arrays.Ints) -> tuple[arrays.Ints, arrays.Ints]:
        """Return the pairs (row, spell) of rows that concern a spell: its own item's, and those of no item."""
        width = len(self.labels) + 1
        own = pd.Index(self.case * width + self.item + 1).get_indexer(pd.Index(case * width + item + 1))
        row = np.flatnonzero(own >= 0)
        pairs = [(row, own[row].astype(np.int64))]
        shared = np.flatnonzero((own < 0) & (item < 0))
        if len(shared):
            # Spells are in order of their cases: those of one case lie side by side.
            first = np.searchsorted(self.case, case[shared])
            count = np.searchsorted(self.case, case[shared], side="right") - first
            step = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
            pairs.append((np.repeat(shared, count), np.repeat(first, count) + step))
        return np.concatenate([p[0] for p in pairs]), np.concatenate([p[1] for p in pairs])


def spells_of(log: EventLog, cut_off: np.datetime64) -> Spells:
    """Return the spells of a log as they were known at the cut-off."""
    table = _item_table(log)
    labels = [str(label) for label in log.codes("item_code")[1]] if log.has("item_code") else []
    item = arrays.codes(log, "item_code")
    if table is not None:
        labels = list(dict.fromkeys([*labels, *table["item"].dropna()]))
        place = {label: i for i, label in enumerate(labels)}
        table["item"] = table["item"].map(place).fillna(-1).astype(np.int64)
        if log.unit == "case":
            # A case is one application for one item: a row that names none concerns that item.
            of_case = np.full(log.n_cases, -1, np.int64)
            of_case[table["case"]] = table["item"]
            item = np.where(item < 0, of_case[log.case_index], item)
    width = len(labels) + 1
    rows = _from_events(log, item, width, cut_off)
    if table is not None:
        rows = _from_table(rows, table.assign(key=table["case"] * width + table["item"] + 1), cut_off)
    rows["case"], rows["item"] = np.divmod(rows.index.to_numpy(np.int64), width)
    rows["item"] -= 1
    rows = _share(rows)
    own = {name: rows[name].to_numpy("datetime64[us]") for name in STAMPS}
    own["begun"] = np.fmin(own["begun"], own["applied"])
    undecided = np.isnat(own["decided"])
    refused, accepted = rows["refused"].to_numpy("datetime64[us]"), own["accepted"]
    with np.errstate(invalid="ignore"):
        gone = ~np.isnat(refused) & (np.isnat(accepted) | (refused >= accepted))
    wanted = rows["item"].to_numpy(np.int64)
    return Spells(
        rows["case"].to_numpy(np.int64),
        wanted,
        labels,
        **own,
        ended=undecided & (gone | rows["closed"].to_numpy(np.bool_)),
        hands_over=_hands_over(wanted, own["decided"], own["delivered"])
        & ~(rows["denied"].to_numpy(np.bool_) & np.isnat(own["delivered"])),
        department=rows["department"].fillna(-1).to_numpy(np.int64),
        row_item=item,
    )


def _hands_over(item: arrays.Ints, decided: arrays.Stamps, delivered: arrays.Stamps) -> arrays.Bools:
    """Say of which items deliveries are recorded: of at least half of what was decided."""
    there = ~np.isnat(delivered)
    told, asked = (np.bincount(item + 1, weights=mask, minlength=1) for mask in (there, there | ~np.isnat(decided)))
    return np.asarray((told > 0) & (told >= asked / 2))[item + 1]


def _from_events(log: EventLog, item: arrays.Ints, width: int, cut_off: np.datetime64) -> pd.DataFrame:
    end, begin = log.stamps("end"), arrays.begin(log)
    with np.errstate(invalid="ignore"):
        happened = end <= cut_off
    apply, accept, decide, deliver = (
        np.flatnonzero(arrays.among(log, "stage", stage) & happened)
        for stage in ("apply", "accept", "decide", "deliver")
    )
    applicant = np.flatnonzero(arrays.among(log, "department", APPLICANT) & happened)
    final = decide[~arrays.among(log, "result", *NOT_DECIDED)[decide]]
    let_in = accept[~arrays.among(log, "result", *NOT_ACCEPTED)[accept]]
    told_off = arrays.among(log, "stage", "apply", "accept", "decide", "notify") & happened
    turned_away = np.flatnonzero(told_off & arrays.among(log, "result", *REFUSED))
    key = log.case_index * width + item + 1
    spells, place = _numbered(key, (apply, let_in, final, deliver, turned_away), log.n_cases * width)

    def first(stamps: arrays.Stamps, rows: arrays.Ints) -> arrays.Stamps:
        found = np.full(len(spells), _LATEST)
        np.minimum.at(found, place(rows), stamps[rows].view(np.int64))
        return np.where(found == _LATEST, _NAT, found.view("datetime64[us]"))

    def last(stamps: arrays.Stamps, rows: arrays.Ints) -> arrays.Stamps:
        found = np.full(len(spells), _EARLIEST)
        np.maximum.at(found, place(rows), stamps[rows].view(np.int64))
        return found.view("datetime64[us]")

    def marked(rows: arrays.Ints) -> arrays.Bools:
        found = np.zeros(len(spells), np.bool_)
        found[place(rows)] = True
        return found

    # The rows of a case lie in order of time: the last decision is the last row.
    told = np.r_[let_in, final]
    department = np.full(len(spells), np.nan)
    department[place(told)] = arrays.codes(log, "department", told)
    acted, at_door, at_desk = (rows[place(rows) >= 0] for rows in (applicant, accept, decide))
    return pd.DataFrame(
        {
            "applied": first(begin, apply),
            "accepted": first(end, let_in),
            "decided": last(end, final),
            "delivered": last(end, deliver),
            "refused": last(end, turned_away),
            "begun": first(begin, acted),
            "at_door": marked(at_door),
            "at_desk": marked(at_desk),
            "closed": False,
            "denied": marked(final[arrays.among(log, "result", *DENIED)[final]]),
            "department": department,
        },
        index=pd.Index(spells),
    )


def _numbered(
    key: arrays.Ints, parts: tuple[arrays.Ints, ...], size: int
) -> tuple[arrays.Ints, Callable[[arrays.Ints], arrays.Ints]]:
    """Return the keys of the rows of some parts, and what gives the place of other rows among them (-1: in none).

    Every key is below ``size``.
    """
    if size <= 8 * len(key) + 100_000:
        there = np.zeros(size, np.bool_)
        for rows in parts:
            there[key[rows]] = True
        place = np.where(there, np.cumsum(there) - 1, -1)
        return np.flatnonzero(there), lambda rows: place[key[rows]]
    index = pd.Index(np.unique(np.concatenate([key[rows] for rows in parts])))
    return index.to_numpy(), lambda rows: index.get_indexer(pd.Index(key[rows])).astype(np.int64)


def _item_table(log: EventLog) -> pd.DataFrame | None:
    """Return what the table of cases says about its items: ``case, item`` (code) and the stamps."""
    items = items_of(log)
    if items is None:
        return None
    found = pd.DataFrame({"case": arrays.positions(log, items["unit_id"])})
    found["item"] = items["item_code"].astype("object").to_numpy() if "item_code" in items else None
    for name, column in (*_TABLE.items(), ("finished", "finish_time")):
        found[name] = arrays.times(items[column]) if column in items else _NAT
    result = pd.Series(False, items.index)
    for column in ("result", "case_result"):
        if column in items:
            result |= items[column].isin(REFUSED)
    found["refused_by_table"] = result.to_numpy(np.bool_)
    told = [items[column].isin(DENIED).to_numpy(np.bool_) for column in ("result", "case_result") if column in items]
    found["denied_by_table"] = np.logical_or.reduce([np.zeros(len(items), np.bool_), *told])
    found = found[found["case"] >= 0]
    return found if len(found) else None


def _from_table(rows: pd.DataFrame, table: pd.DataFrame, cut_off: np.datetime64) -> pd.DataFrame:
    known = table.drop_duplicates("key").set_index("key")
    stamps = known[list(_TABLE)]
    stamps = stamps.where(stamps <= cut_off)
    rows = rows.reindex(rows.index.union(stamps.index[stamps.notna().any(axis=1)]))
    stamps = stamps.reindex(rows.index)
    for name in _TABLE:
        fill = stamps[name]
        if name in _SETTLED_BY:
            # Where every acceptance recorded was a refusal, the table's time of acceptance is one of these.
            fill = fill.where(~rows[_SETTLED_BY[name]].eq(True))
        rows[name] = rows[name].where(rows[name].notna(), fill)
    finished = known["finished"].reindex(rows.index)
    refused = known["refused_by_table"].reindex(rows.index).eq(True)
    denied = known["denied_by_table"].reindex(rows.index).eq(True) & (rows["decided"].notna())
    rows["denied"] = rows["denied"].eq(True) | denied
    rows["closed"] = (finished <= cut_off) | (refused & finished.isna())
    return rows


def _share(rows: pd.DataFrame) -> pd.DataFrame:
    """Let what was done for a whole case stand in for the items that have none of their own."""
    rows = rows.sort_values(["case", "item"], kind="stable")
    whole = rows[rows["item"] < 0].set_index("case")
    single = rows[rows["item"] >= 0]
    if len(whole) and len(single):
        for column in (*STAMPS, "refused", "department"):
            shared = whole[column].reindex(single["case"]).set_axis(single.index)
            single = single.assign(**{column: single[column].where(single[column].notna(), shared)})
        for column in ("closed", "denied"):
            single[column] |= single["case"].isin(whole.index[whole[column]])
    alone = rows[(rows["item"] < 0) & ~rows["case"].isin(single["case"])]
    return pd.concat([single, alone]).sort_values(["case", "item"], kind="stable") if len(alone) else single
