"""Dates people give: what could mean two days is not taken for one."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from flowaudit.errors import UsageError
from flowaudit.messages import translate as _

Moment = str | pd.Timestamp | np.datetime64

_DATE = re.compile(r"(\d{4})(?:-|年)(\d{1,2})(?:-|月)(\d{1,2})日?(?:[ T](\d{1,2}:\d{2}(?::\d{2})?))?")


def moment(value: Moment, name: str) -> pd.Timestamp:
    """Read a moment: 2025-03-01 or 2025年3月1日, with or without an hour; 01/03/2025 could mean two days.

    Raises
    ------
    UsageError
        If it is none.

    Examples
    --------
    >>> moment("2025年3月1日", "until")
    Timestamp('2025-03-01 00:00:00')
    """
    told = value
    if isinstance(value, str):
        found = _DATE.fullmatch(value.strip())
        value = "" if found is None else "-".join(found.group(1, 2, 3)) + " " + (found.group(4) or "00:00")
    stamp = pd.to_datetime(value, errors="coerce")
    if pd.isna(stamp):
        raise UsageError(_("{name}: '{value}' is no date.", name=name, value=told), hint=_("write 2025-03-01."))
    return stamp.tz_localize(None).as_unit("us")


def evening(value: Moment, name: str) -> pd.Timestamp:
    """Read a moment; where it has no hour, the last one of its day."""
    stamp = moment(value, name)
    return stamp + pd.Timedelta(days=1) - pd.Timedelta(microseconds=1) if stamp == stamp.normalize() else stamp
