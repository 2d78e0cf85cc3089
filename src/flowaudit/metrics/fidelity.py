"""How near a simulated figure comes to the observed one, and what that allows an office to do with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from flowaudit.messages import Language
from flowaudit.messages import translate as _

Trust = Literal["usable", "with_care", "not_usable"]

USABLE, WITH_CARE = 0.10, 0.20
"""Largest relative error of a credible figure, and of one to use with care (domain model 5.1)."""


HALF_A_DAY = 0.5
"""Working days within which two figures are as good as equal: dates are counted, not hours."""


def trust_of(observed: float, simulated: float) -> Trust:
    """Return the trust that a simulated number of working days deserves beside the observed one.

    Examples
    --------
    >>> trust_of(20, 18.5), trust_of(20, 23), trust_of(20, 28), trust_of(0, 0.2)
    ('usable', 'with_care', 'not_usable', 'usable')
    """
    apart = abs(simulated - observed)
    if apart <= max(USABLE * observed, HALF_A_DAY):
        return "usable"
    return "with_care" if apart <= WITH_CARE * observed else "not_usable"


def trust_name(trust: Trust, lang: Language | None = None) -> str:
    """Return how far a simulated figure may be trusted, in the words of an office."""
    names = {
        "usable": _("credible", lang=lang),
        "with_care": _("use with care", lang=lang),
        "not_usable": _("not usable for estimates", lang=lang),
    }
    return names[trust]


@dataclass(frozen=True)
class FidelityRow:
    """How well the simulated as-is office reproduces one figure of the observed one.

    Attributes
    ----------
    check : {"in_sample", "held_out"}
        On the period the model was fitted to, or on a later one it has not seen.
    statistic : {"median", "p90"}
    observed, simulated : float
        Working days.
    error : float or None
        ``(simulated - observed) / observed``; None where the observed figure is 0.
    """

    metric: str
    check: str
    statistic: str
    observed: float
    simulated: float
    error: float | None
    trust: Trust

    def to_dict(self) -> dict[str, Any]:
        return vars(self).copy()
