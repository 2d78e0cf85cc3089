"""Checks of the catalogue beside a log: which items it knows, and whether its guides contradict themselves."""

from __future__ import annotations

import numpy as np
import pandas as pd

from flowaudit.catalogue import Catalogue
from flowaudit.eventlog.checks import Findings
from flowaudit.eventlog.log import EventLog

# The six elements of a guide (办理依据、条件、材料、流程、收费、时限) and the columns of items.csv that hold them; materials
# have a table of their own. A column that the catalogue does not have at all is not asked for.
_ELEMENTS = ("legal_basis", "conditions", "procedure", "promised_days")
_YES = frozenset({"true", "1", "yes", "是"})


def check_guides(log: EventLog, catalogue: Catalogue, found: Findings) -> None:
    """Check the catalogue against the items of the log, and against itself."""
    _items(log, catalogue, found)
    items = catalogue.items
    if items is None or items.empty:
        return
    _elements(items, catalogue, found)
    _trips(items, found)
    _fees(items, found)
    _limits(items, found)
    _results(items, found)
    _phones(items, found)


def _items(log: EventLog, catalogue: Catalogue, found: Findings) -> None:
    known = set(catalogue.item_codes)
    used: set[str] = set()
    if log.has("item_code"):
        codes, labels = log.codes("item_code")
        used |= {labels[c] for c in np.unique(codes[codes >= 0])}
    cases = log.table("cases")
    if cases is not None and "item_code" in cases:
        used |= {str(c) for c in cases["item_code"].dropna().unique()}
    if known and used:
        found.add("unknown_items", len(used - known), len(used), sorted(used - known))
        found.add("unused_items", len(known - used), len(known), sorted(known - used))


def _empty(items: pd.DataFrame, column: str) -> pd.Series:
    """Return where a column says nothing."""
    return items[column].astype("string").str.strip().fillna("") == ""


def _yes(items: pd.DataFrame, column: str) -> pd.Series:
    return items[column].astype("string").str.strip().str.casefold().isin(_YES)


def _report(found: Findings, check: str, items: pd.DataFrame, wrong: pd.Series) -> None:
    found.add(check, int(wrong.sum()), len(items), items.loc[wrong, "item_code"].astype(str))


def _elements(items: pd.DataFrame, catalogue: Catalogue, found: Findings) -> None:
    lacking = pd.DataFrame({c: _empty(items, c) for c in _ELEMENTS if c in items}, index=items.index)
    if catalogue.item_materials is not None:
        lacking["materials"] = ~items["item_code"].isin(catalogue.item_materials["item_code"])
    wrong = lacking.any(axis=1)
    shown = [
        f"{code}: {', '.join(lacking.columns[row])}"
        for code, row in zip(items.loc[wrong, "item_code"], lacking[wrong].to_numpy(bool), strict=True)
    ]
    found.add("guide_elements", int(wrong.sum()), len(items), shown)


def _trips(items: pd.DataFrame, found: Findings) -> None:
    if "visits_min" not in items:
        return
    visits = pd.to_numeric(items["visits_min"], errors="coerce")
    wrong = pd.Series(False, index=items.index)
    if "visit_reason" in items:
        wrong |= (visits == 0) & ~_empty(items, "visit_reason")
        wrong |= (visits > 0) & _empty(items, "visit_reason")
    if "fully_online" in items:
        online = _yes(items, "fully_online")
        wrong |= online & (visits > 0)
        if "supports_express" in items:
            wrong |= (visits == 0) & ~online & ~_yes(items, "supports_express")
    _report(found, "guide_trips", items, wrong)


def _fees(items: pd.DataFrame, found: Findings) -> None:
    told = [c for c in ("fee_basis", "fee_standard") if c in items]
    if "fee" in items and told:
        silent = pd.concat([_empty(items, c) for c in told], axis=1).any(axis=1)
        _report(found, "guide_fees", items, _yes(items, "fee") & silent)


def _limits(items: pd.DataFrame, found: Findings) -> None:
    wrong = pd.Series(False, index=items.index)
    if "promised_days" not in items:
        return
    promised = pd.to_numeric(items["promised_days"], errors="coerce")
    if "statutory_days" in items:
        comparable = pd.Series(True, index=items.index)
        if "promised_unit" in items and "statutory_unit" in items:
            comparable = items["promised_unit"] == items["statutory_unit"]
        wrong |= comparable & (promised > pd.to_numeric(items["statutory_days"], errors="coerce"))
    if "step_days" in items:
        wrong |= pd.to_numeric(items["step_days"], errors="coerce") > promised
    _report(found, "guide_limits", items, wrong)


def _results(items: pd.DataFrame, found: Findings) -> None:
    if "result_sample" in items and "item_type" in items:
        licence = items["item_type"].astype("string").str.contains("许可").fillna(False)
        _report(found, "guide_samples", items, licence & _empty(items, "result_sample"))


def _phones(items: pd.DataFrame, found: Findings) -> None:
    if "contact_phone" in items and "complaint_phone" in items:
        same = (items["contact_phone"] == items["complaint_phone"]) & ~_empty(items, "contact_phone")
        _report(found, "guide_phones", items, same)
