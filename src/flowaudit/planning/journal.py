"""What a search has simulated so far, on disk: a search that was interrupted goes on where it stopped."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from flowaudit.errors import InputError
from flowaudit.messages import translate as _
from flowaudit.redesign import Portfolio

Array = npt.NDArray[np.float64]

SCHEMA = "flowaudit.search/1"


class Journal:
    """Lines of JSON: first what the search depends on, then one line for each portfolio and batch.

    Parameters
    ----------
    path : Path or None
        None: nothing is kept.
    depends_on : str
        Anything that says what the simulations depend on; another one begins anew.

    Raises
    ------
    InputError
        If the file is there and is not a journal, or belongs to another search.
    """

    def __init__(self, path: Path | None, depends_on: str) -> None:
        self.path = path
        self._known: dict[tuple[Portfolio, int], Array | str] = {}
        if path is None:
            return
        head = {"schema": SCHEMA, "inputs": hashlib.sha256(depends_on.encode()).hexdigest()}
        if path.exists() and path.stat().st_size:
            self._load(path, head)
        else:
            path.write_text(json.dumps(head) + "\n", encoding="utf-8", newline="\n")

    @property
    def recalled(self) -> int:
        """How many simulations were found in the file."""
        return len(self._known)

    def _load(self, path: Path, head: dict[str, str]) -> None:
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        first = _parsed(lines[0])
        if not isinstance(first, dict) or first.get("schema") != SCHEMA:
            raise InputError(
                _("{file} is not the journal of a search.", file=path.name), hint=_("name another file, or delete it.")
            )
        if first != head:
            raise InputError(
                _("{file} belongs to a search with other data, candidates or settings.", file=path.name),
                hint=_("delete it to begin anew, or name another folder."),
            )
        whole = len(lines[0].encode())
        for line in lines[1:]:
            found = _parsed(line)
            # A run that died may have left half a line: it is cut off and simulated again.
            if not line.endswith("\n") or not isinstance(found, dict):
                break
            whole += len(line.encode())
            value = found["refused"] if "refused" in found else np.array(found["values"], float)
            self._known[tuple(found["portfolio"]), int(found["batch"])] = value
        if whole < path.stat().st_size:
            with path.open("r+b") as stream:
                stream.truncate(whole)

    def read(self, portfolio: Portfolio, batch: int) -> Array | str | None:
        """Return what is known of a portfolio; None where nothing is."""
        return self._known.get((portfolio, batch))

    def write(self, portfolio: Portfolio, batch: int, found: Array | str) -> None:
        """Add what was found."""
        if self.path is None:
            return
        told: dict[str, Any] = {"portfolio": list(portfolio), "batch": batch}
        told |= {"refused": found} if isinstance(found, str) else {"values": found.tolist()}
        with self.path.open("a", encoding="utf-8", newline="\n") as stream:
            stream.write(json.dumps(told, ensure_ascii=False) + "\n")


def _parsed(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None
