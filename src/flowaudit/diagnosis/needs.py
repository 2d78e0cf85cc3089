"""What a rule needs of a log and its catalogue, written as text that a person can read and a program can check.

- ``department``: a column of the events with at least one value;
- ``cases.channel``: such a column of a side table; ``visits``: a side table with rows;
- ``catalogue.item_materials.elicence_type``: such a column of the catalogue; ``catalogue.item_relations``: a table of it;
- ``bundles``: the log is seen by bundle;
- ``level | stage``: one of them; words in brackets explain and are not checked: ``stage (correction)``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

import pandas as pd

from flowaudit.eventlog import SIDE_TABLES

if TYPE_CHECKING:
    from flowaudit.diagnosis.context import Context


def missing(context: Context, needs: Iterable[str]) -> tuple[str, ...]:
    """Return those of the needs that neither the log nor the catalogue meets."""
    return tuple(need for need in needs if not any(_met(context, one) for one in alternatives(need)))


def alternatives(need: str) -> list[str]:
    """Return what would meet a need, each without its explanation.

    Examples
    --------
    >>> alternatives("stage (correction) | cases.result")
    ['stage', 'cases.result']
    """
    return [re.sub(r"\s*\(.*?\)", "", part).strip() for part in need.split("|")]


def _met(context: Context, need: str) -> bool:
    room, *rest = need.split(".")
    if need == "bundles":
        return context.log.unit == "bundle"
    if room == "catalogue":
        return context.catalogue is not None and _holds(getattr(context.catalogue, rest[0]), rest[1:])
    if room in SIDE_TABLES:
        return _holds(context.log.table(room), rest)
    return context.log.has(need)


def _holds(table: pd.DataFrame | None, column: list[str]) -> bool:
    if table is None or table.empty:
        return False
    return not column or (column[0] in table and bool(table[column[0]].notna().any()))
