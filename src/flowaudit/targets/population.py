"""Which cases a target is about: those of an item, a district, a channel, or any property that a log records."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.catalogue import Catalogue
from flowaudit.errors import InsufficientDataError, UsageError, nearest
from flowaudit.eventlog import EventLog, items_of
from flowaudit.messages import translate as _
from flowaudit.metrics import property_of
from flowaudit.targets.target import Population

Bools = npt.NDArray[np.bool_]
MOST_NAMED = 12
"""Values named in an error, at most."""


def cases_of(log: EventLog, population: Population, catalogue: Catalogue | None = None) -> Bools:
    """Mark the cases of a population, in the order of ``log.case_ids``.

    An item is that of a case, or one of those a bundle applies for; its code or its name in the catalogue.

    Raises
    ------
    UsageError
        If the log says nothing of the property (InsufficientDataError if it is simulated).
    """
    mask = np.ones(log.n_cases, np.bool_)
    for name, values in population:
        if name == "item":
            mask &= _with_item(log, _codes(values, catalogue))
        else:
            told = pd.Series(_told(log, name))
            mask &= told.map(str, na_action="ignore").isin(values).to_numpy(np.bool_)
    return mask


def demand_known(logs: Sequence[EventLog], population: Population, catalogue: Catalogue | None = None) -> None:
    """Refuse a population of which no log has a single case, one property at a time.

    Raises
    ------
    UsageError
        Naming the value, and the nearest one that is recorded.
    """
    for name, values in population:
        known = sorted({value for log in logs for value in _values(log, name, catalogue)})
        for value in values:
            if value not in known:
                near = nearest(value, known, n=1)
                raise UsageError(
                    _("no case has {name} = '{value}'.", name=name, value=value),
                    hint=_("did you mean '{near}'?", near=near[0])
                    if near
                    else _("recorded: {names}", names=", ".join(known[:MOST_NAMED])),
                )


def _told(log: EventLog, name: str) -> npt.NDArray[np.object_]:
    """Return a property of each case; says so where it is the simulation that does not carry it."""
    try:
        return property_of(log, name)
    except UsageError as error:
        if log.provenance.source != "simulated":
            raise
        table = log.table("bundles" if log.unit == "bundle" else "cases")
        known = [] if table is None else [str(c) for c in table.columns if not str(c).endswith(("_id", "_time"))]
        near = nearest(name, known, n=1)
        raise InsufficientDataError(
            _("the simulated cases carry no '{name}'.", name=name),
            hint=_("did you mean '{near}'?", near=near[0])
            if near
            else _("they carry: {names}", names=", ".join(["item", *known]))
            if known
            else _("simulated bundles carry no properties; look at the log by case (unit='case')."),
        ) from error


def _values(log: EventLog, name: str, catalogue: Catalogue | None) -> set[str]:
    if name != "item":
        return {str(v) for v in _told(log, name) if v is not None}
    codes = {str(c) for c in log.codes("item_code")[1]} if log.has("item_code") else set()
    items = items_of(log)
    if items is not None and "item_code" in items:
        codes |= {str(c) for c in items["item_code"].dropna().unique()}
    if not codes:
        raise UsageError(
            _("the log says nothing of '{by}' by which it could be told apart.", by=name),
            hint=_("a population needs the item of each event or case (item_code)."),
        )
    return codes | (set() if catalogue is None else {catalogue.item_name(code) for code in codes})


def _codes(values: Sequence[str], catalogue: Catalogue | None) -> set[str]:
    if catalogue is None:
        return set(values)
    named = {catalogue.item_name(code): code for code in catalogue.item_codes}
    return {named.get(value, value) for value in values}


def _with_item(log: EventLog, codes: set[str]) -> Bools:
    found = np.zeros(log.n_cases, np.bool_)
    if log.has("item_code"):
        code, labels = log.codes("item_code")
        wanted = np.array([str(label) in codes for label in labels] + [False], np.bool_)
        found = np.bincount(log.case_index[wanted[code]], minlength=log.n_cases) > 0
    items = items_of(log)
    if items is not None and "item_code" in items:
        own = items.loc[items["item_code"].astype("string").isin(codes).fillna(False), "unit_id"]
        found |= np.asarray(log.case_axis.isin(own), np.bool_)
    return found
