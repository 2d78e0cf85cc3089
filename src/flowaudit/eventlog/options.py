"""What every reader takes besides its file: the mapping, the pseudonymiser, and whether free text stays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from flowaudit.eventlog.mapping import ColumnMapping, as_mapping
from flowaudit.eventlog.privacy import Pseudonymiser


@dataclass(frozen=True)
class Options:
    """Resolved options of one reading."""

    mapping: ColumnMapping
    hidden: Pseudonymiser
    keep_text: bool


def options(
    mapping: ColumnMapping | str | Path | None, salt: bytes | None, keep_text: bool, columns: Mapping[str, str]
) -> Options:
    """Resolve what a reader was given; the salt is the user's own unless another is given."""
    found = as_mapping(mapping, columns)
    return Options(found, Pseudonymiser(salt, keep=found.automatic_resources), keep_text or found.keep_text)
