"""Round numbers for an axis."""

from __future__ import annotations

import math


def ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """Return about ``wanted`` round numbers that cover ``low .. high``.

    Examples
    --------
    >>> ticks(0, 9.3)
    [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]
    """
    span = high - low
    if not math.isfinite(span) or span <= 0:
        high, span = low + 1.0, 1.0
    raw = span / wanted
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= raw * (1 - 1e-9))
    first = math.floor(low / step + 1e-9)
    last = math.ceil(high / step - 1e-9)
    return [round(k * step, 10) for k in range(first, last + 1)]


def number(value: float) -> str:
    """Return a number for an axis label.

    Examples
    --------
    >>> number(12.0), number(0.25)
    ('12', '0.25')
    """
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:g}"
