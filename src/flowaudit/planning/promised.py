"""A time limit that can be promised, and the limits that are stated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flowaudit.messages import Language
from flowaudit.messages import translate as _


@dataclass(frozen=True)
class Stated:
    """A limit that is stated today, and how often it is kept.

    Attributes
    ----------
    amount : float or None
        None where the log gives days of the calendar instead.
    unit : str
        ``working_days, days, months, hours`` or ``date``.
    several : bool
        The cases have different ones; ``amount`` is the most frequent.
    working_days : int or None
        The fewest working days that any case had by it; None where that is unknown.
    kept, low, high : float or None
        Share of the cases, each held against its own limit with what was granted on it, and its 95 % interval.
    judged : int
        Cases known to have kept it or not.
    """

    amount: float | None
    unit: str
    several: bool
    working_days: int | None
    kept: float | None
    low: float | None
    high: float | None
    judged: int

    def text(self, lang: Language | None = None) -> str:
        """Return the limit in words."""
        units = {
            "working_days": _("{n:g} working days", lang=lang, n=self.amount or 0),
            "days": _("{n:g} natural days", lang=lang, n=self.amount or 0),
            "months": _("{n:g} months", lang=lang, n=self.amount or 0),
            "hours": _("{n:g} office hours", lang=lang, n=self.amount or 0),
            "date": _("a day of its own for each case", lang=lang),
        }
        return units[self.unit]

    def to_dict(self, lang: Language | None = None) -> dict[str, Any]:
        return {
            "limit": self.text(lang), "amount": self.amount, "unit": self.unit, "several": self.several,
            "working_days": self.working_days, "kept": self.kept, "low": self.low, "high": self.high, "judged": self.judged,
        }  # fmt: skip


@dataclass(frozen=True)
class Promised:
    """What can be promised of one item, or of whole cases.

    Attributes
    ----------
    item : str
        Its code; empty: whole cases.
    name : str
    n, running : int
        Cases whose days are known, and those of them that have not ended (of a simulation: of one replication).
    withheld : int
        Cases whose days the log does not tell, or contradicts itself about.
    days : int or None
        The fewest whole working days within which the wished share of the cases ends.
    low, high : int or None
        Its bounds, each with the wished confidence. ``high`` is what can be promised.
    curve : tuple of float
        Share of the cases that end within 0, 1, 2, ... working days.
    promised, statutory : Stated or None
    """

    item: str
    name: str
    n: int
    running: int
    withheld: int
    days: int | None
    low: int | None
    high: int | None
    curve: tuple[float, ...]
    promised: Stated | None = None
    statutory: Stated | None = None

    @property
    def above_statutory(self) -> bool | None:
        """Whether what can be promised is longer than the law allows; None where that is unknown."""
        if self.statutory is None or self.statutory.working_days is None or self.days is None:
            return None
        return (self.days if self.high is None else self.high) > self.statutory.working_days

    @property
    def at_risk(self) -> bool | None:
        """Whether the promise made today is shorter than what the wished share of the cases needs; None: unknown."""
        if self.promised is None or self.promised.working_days is None or self.days is None:
            return None
        return self.days > self.promised.working_days

    @property
    def certain(self) -> bool:
        """Whether the wished share of the cases keeps today's promise beyond chance."""
        today = None if self.promised is None else self.promised.working_days
        return today is not None and self.high is not None and self.high <= today

    def kept_within(self, days: int) -> float:
        """Return the share of the cases that end within so many working days."""
        return 0.0 if days < 0 else self.curve[min(days, len(self.curve) - 1)]
