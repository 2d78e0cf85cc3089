"""Which items, and which one-thing, the cases and events of a log belong to."""

from __future__ import annotations

import numpy as np
import pandas as pd

from flowaudit.diagnosis.context import Bools, Context, Ints


def one_things(context: Context) -> tuple[Ints, list[str]]:
    """Return which one-thing every bundle is about, as codes (-1 unknown) and labels."""
    table = context.table("bundles")
    found = np.full(context.log.n_cases, -1, np.int64)
    if table is None or "one_thing_code" not in table:
        return found, []
    codes, labels = pd.factorize(table["one_thing_code"], sort=True)
    found[table["case"].to_numpy(np.int64)] = codes
    return found, [str(label) for label in labels]


def several_items(context: Context) -> Bools:
    """Mark the bundles with at least two items; all where nobody tells the items."""
    count = items_in_events(context)
    cases = context.table("cases")
    if cases is not None and "item_code" in cases:
        told = cases.dropna(subset=["item_code"]).drop_duplicates(["case", "item_code"])["case"]
        count = np.maximum(count, np.bincount(told, minlength=context.log.n_cases))
    return np.asarray(count > 1) if count.any() else np.ones(context.log.n_cases, np.bool_)


def items_in_events(context: Context) -> Ints:
    """Count the items that the events of every case name."""
    item, _items = context.column("item_code")
    known = item >= 0
    return distinct(context.log.n_cases, context.case[known], item[known])


def distinct(n: int, case: Ints, *what: Ints) -> Ints:
    """Count the distinct combinations of codes per case."""
    first = np.flatnonzero(~pd.Series(together(case, *what)).duplicated().to_numpy(bool))
    return np.bincount(case[first], minlength=n).astype(np.int64)


def together(*codes: Ints) -> Ints:
    """Return one code for every combination of codes.

    Examples
    --------
    >>> together(np.array([3, 3, 4]), np.array([-1, -1, 7]))
    array([0, 0, 1])
    """
    found = pd.factorize(codes[0])[0].astype(np.int64)
    for more in codes[1:]:
        own = pd.factorize(more)[0].astype(np.int64)
        found = pd.factorize(found * (own.max(initial=0) + 1) + own)[0].astype(np.int64)
    return found


def items_of_rows(context: Context) -> tuple[Ints, list[str]]:
    """Return the item of every row as a code and what the codes stand for; a row that names none has that of its case."""
    item, labels = context.column("item_code")
    names = [str(label) for label in labels]
    table = context.table("cases")
    if context.log.unit == "bundle" or table is None or "item_code" not in table:
        return item, names
    known = table.dropna(subset=["item_code"])
    place = {label: i for i, label in enumerate(names)}
    of_case = np.full(context.log.n_cases, -1, np.int64)
    of_case[known["case"]] = [place.setdefault(str(code), len(place)) for code in known["item_code"]]
    return np.where(item < 0, of_case[context.case], item), list(place)
