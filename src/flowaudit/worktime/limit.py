"""A time limit as guides and laws state it: an amount of one unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

LimitUnit = Literal["working_days", "days", "months", "hours"]


@dataclass(frozen=True)
class Limit:
    """So many working days, natural days, months or office hours.

    Attributes
    ----------
    amount : int
    unit : {"working_days", "days", "months", "hours"}

    Examples
    --------
    >>> Limit(20, "working_days").amount
    20
    """

    amount: int
    unit: LimitUnit
