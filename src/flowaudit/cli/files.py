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
            words = safe[column].astype("object").where(safe[column].notna(), "").astype(str)
            safe[column] = [_as_text(word) for word in words]
    safe.columns = pd.Index([_as_text(str(name)) for name in safe.columns])
    safe.to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\n")


def _as_text(word: str) -> str:
    return "'" + word if _FORMULA.match(word) else word
