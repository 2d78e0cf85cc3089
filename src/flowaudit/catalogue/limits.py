"""Time limits: an amount and its unit, and which of two is certainly the longer."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from flowaudit.catalogue.codes import meaning_of

if TYPE_CHECKING:
    from flowaudit.worktime import Limit

_CELL = re.compile(r"([+-]?\d+(?:\.\d+)?)\s*(\D.*)?")
_AT_ONCE = frozenset({"即办", "即时", "即时办结", "当场办结", "当场", "立等可取", "即办件"})
_TO = {"minutes": ("hours", 1 / 60), "weeks": ("days", 7), "years": ("months", 12)}


def amount_of(cell: str) -> tuple[str, str | None] | None:
    """Return the number of a cell and what follows it; None where the cell holds no number.

    即办 is the number 0.

    Examples
    --------
    >>> amount_of("２０个工作日"), amount_of("10"), amount_of("即办"), amount_of("ten")
    (('20', '个工作日'), ('10', None), ('0', None), None)
    """
    text = unicodedata.normalize("NFKC", cell).strip()
    if text in _AT_ONCE:
        return "0", None
    found = _CELL.fullmatch(text)
    if found is None:
        return None
    tail = (found.group(2) or "").strip()
    return found.group(1), tail or None


def unit_of(word: object) -> str | None:
    """Return the unit that a word means, None where it is unknown.

    日 and 天 alone are unknown: guides mean 工作日 by them, or 自然日.

    Examples
    --------
    >>> unit_of("个工作日"), unit_of("自然日"), unit_of("日")
    ('working_days', 'days', None)
    """
    return meaning_of("unit", word)


def measured(amount: float, word: object) -> tuple[int, str] | None:
    """Return an amount and its unit as clocks know them.

    None where the unit is unknown, or the amount is no whole number of working days, days, months or hours.

    Examples
    --------
    >>> measured(2, "周"), measured(20, "工作日"), measured(0.5, "工作日")
    ((14, 'days'), (20, 'working_days'), None)
    """
    unit = unit_of(word)
    if unit is None or amount != amount or amount < 0:
        return None
    unit, factor = _TO.get(unit, (unit, 1))
    whole = round(amount * factor)
    return (whole, unit) if abs(whole - amount * factor) < 1e-9 else None


def limit_from(amount: float, word: object) -> Limit | None:
    """Return the limit of an amount and a unit's word; None where :func:`measured` knows none.

    Examples
    --------
    >>> limit_from(20, "个工作日")
    Limit(amount=20, unit='working_days')
    """
    from flowaudit.worktime import Limit

    found = measured(amount, word)
    return None if found is None else Limit(found[0], found[1])  # type: ignore[arg-type]


def longer(a: tuple[int, str], b: tuple[int, str]) -> bool | None:
    """Say whether limit ``a`` is longer than ``b``; None where that depends on the calendar.

    20 working days last at least 20 days, a month 28 to 31.

    Examples
    --------
    >>> longer((40, "working_days"), (1, "months")), longer((20, "working_days"), (25, "days"))
    (True, None)
    """
    (amount_a, unit_a), (amount_b, unit_b) = a, b
    if unit_a == unit_b:
        return amount_a > amount_b
    least = {"days": 1, "working_days": 1, "months": 28}
    most = {"days": 1, "months": 31}
    if unit_a in least and unit_b in most and amount_a * least[unit_a] > amount_b * most[unit_b]:
        return True
    if unit_a in most and unit_b in least and amount_a * most[unit_a] <= amount_b * least[unit_b]:
        return False
    return None
