"""What a waste rule is: its number, its words, the columns it needs, and the function that looks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from flowaudit.diagnosis.context import Context
from flowaudit.diagnosis.finding import Finding, NotCheckable
from flowaudit.messages import Language


@dataclass(frozen=True)
class Rule:
    """A waste rule of the catalogue W01-W25.

    Attributes
    ----------
    id : str
    name, definition : callable(lang) -> str
        What people call it, and when it speaks.
    needs : tuple of str
        Columns or tables; alternatives in one string, joined by "|".
    defaults : mapping of str to float
        Its thresholds.
    find : callable(Context) -> list of Finding, or NotCheckable
    """

    id: str
    name: Callable[[Language | None], str]
    definition: Callable[[Language | None], str]
    needs: tuple[str, ...]
    find: Callable[[Context], list[Finding] | NotCheckable]
    defaults: Mapping[str, float] = field(default_factory=dict)
