"""What results say: consent, objection, and what became of a case later."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np

from flowaudit.diagnosis.context import Bools, Context, Ints

CONSENT = re.compile(
    "通过|同意|批准|核准|准予|许可|合格|符合|转报|上报|报送|approv|pass|agree|grant|accept|forward|^(是|yes|y|ok)$"
)
OBJECTION = re.compile(
    "不|未|退|撤|驳|否|作废|补正|补齐|reject|refus|return|back|withdr|deny|denied|declin|disapprov|disagree|cancel|revok"
    "|correction|fail|not[ _]"
)
AMENDMENT = re.compile("补正|补齐|correction")
"""Asking for more is no refusal of what was signed before."""


def consents(context: Context) -> Bools:
    """Mark the rows whose result is a consent (or hands a case on to a higher authority)."""
    return _marked(context, lambda word: bool(CONSENT.search(word)) and not OBJECTION.search(word))


def objections(context: Context) -> Bools:
    """Mark the rows whose result says no: refused, returned, withdrawn, asked for more."""
    return _marked(context, lambda word: bool(OBJECTION.search(word)))


def reversed_later(context: Context) -> Bools:
    """Mark the rows after which their case (and item) was refused, returned or withdrawn, or closed so."""
    rows = np.flatnonzero(_marked(context, lambda word: bool(OBJECTION.search(word)) and not AMENDMENT.search(word)))
    item, items = context.column("item_code")
    key = context.case * (len(items) + 1) + item + 1
    of_case = _last(context.case[rows], rows, context.case)
    whole = rows[item[rows] < 0]
    own = np.maximum(_last(key[rows], rows, key), _last(context.case[whole], whole, context.case))
    after: Bools = np.where(item < 0, of_case, own) > np.arange(len(item))
    return after | _closed_so(context, item, items)


def _last(keys: Ints, rows: Ints, wanted: Ints) -> Ints:
    """Return the last of the (ascending) rows that bears each wanted key, -1 where none does."""
    distinct, place = np.unique(keys[::-1], return_index=True)
    if not len(distinct):
        return np.full(len(wanted), -1, np.int64)
    at = np.minimum(np.searchsorted(distinct, wanted), len(distinct) - 1)
    return np.where(distinct[at] == wanted, rows[::-1][place][at], -1)


def _closed_so(context: Context, item: Ints, items: list[str]) -> Bools:
    """Mark the rows of cases (of a bundle: of items) that the table of cases calls refused, returned or withdrawn."""
    table = context.table("cases")
    if table is None or "result" not in table:
        return np.zeros(len(item), np.bool_)
    words = table["result"].astype("string").str.casefold()
    gone = table[words.str.contains(OBJECTION.pattern).fillna(False).to_numpy(bool)]
    if context.log.unit == "case":
        return np.isin(context.case, gone["case"])
    if "item_code" not in gone:
        return np.zeros(len(item), np.bool_)
    place = {str(label): i for i, label in enumerate(items)}
    codes = gone["item_code"].astype(str).map(place).fillna(-2).to_numpy(np.int64)
    own = gone["case"].to_numpy(np.int64) * (len(items) + 1) + codes + 1
    return np.isin(context.case * (len(items) + 1) + item + 1, own[codes >= 0])


def _marked(context: Context, says: Callable[[str], bool]) -> Bools:
    codes, labels = context.column("result")
    return np.isin(codes, [i for i, label in enumerate(labels) if says(str(label).strip().casefold())])


def objected_by(context: Context, column: str) -> Bools:
    """Mark the rows whose officer (or department) objected or asked for corrections in the same case."""
    who, names = context.column(column)
    department, departments = context.column("department")
    key = (context.case * (len(departments) + 1) + department + 1) * (len(names) + 1) + who + 1
    objects = (objections(context) | context.among("stage", "correction")) & (who >= 0)
    return (who >= 0) & np.isin(key, np.unique(key[objects]))
