"""Tables and results as files of their own."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd

from flowaudit.delivery import plain

_FORMULA = re.compile("^'*[=+\\-@＝＋－＠\t\r\n]")


def write_json(content: Any, path: Path) -> None:
    """Write a result as JSON."""
    text = json.dumps(plain(content), ensure_ascii=False, indent=1, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table that spreadsheet programs open as it is, and take no cell of it for a formula."""
    safe = table.copy()
    for column in safe.columns:
        if not (pd.api.types.is_numeric_dtype(safe[column]) or pd.api.types.is_datetime64_any_dtype(safe[column])):
            safe[column] = ["'" + text if _FORMULA.match(text) else text for text in safe[column].astype(str)]
    safe.to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\n")
