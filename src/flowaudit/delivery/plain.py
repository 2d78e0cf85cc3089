"""Results as plain values for JSON, and the versions they were made with."""

from __future__ import annotations

import json
import math
import platform
from collections.abc import Mapping
from datetime import date, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

PACKAGES = (
    "flowaudit", "numpy", "pandas", "pyarrow", "scipy", "numba", "pm4py", "networkx", "matplotlib", "pygraphviz",
    "python-docx", "xlsxwriter", "pydantic", "tomlkit", "pylopdf-fonts-zh-cn",
)  # fmt: skip


def plain(value: Any) -> Any:
    """Return ``value`` in the types JSON knows; what is not a number becomes None, a stamp its ISO text.

    Examples
    --------
    >>> plain({"days": np.float64("nan"), "cases": np.int64(3), "span": (pd.Timestamp("2024-01-02"),)})
    {'days': None, 'cases': 3, 'span': ['2024-01-02T00:00:00']}
    """
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, np.integer):
        return int(value)
    if value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset | np.ndarray):
        return [plain(item) for item in value]
    return str(value)


def write_json(path: Path, value: Any) -> None:
    """Write a value as JSON people can read."""
    text = json.dumps(plain(value), ensure_ascii=False, indent=1, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages whose results stand in the documents."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
