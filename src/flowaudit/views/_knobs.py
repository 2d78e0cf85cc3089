"""What can be turned in a scenario: the parameters of its measures that are numbers or switches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

from pydantic.fields import FieldInfo

from flowaudit.messages import Language
from flowaudit.redesign import Measure, Scenario

Kind = Literal["share", "number", "whole", "switch"]

STEPS = ((2.0, 0.01), (10.0, 0.1), (100.0, 0.5))
"""What one turn changes in a range of at most so much; 1 in longer ones."""


@dataclass(frozen=True)
class Knob:
    """One parameter of one measure.

    Attributes
    ----------
    measure : int
        Place of the measure in the scenario.
    name : str
        Of the parameter.
    kind : {"share", "number", "whole", "switch"}
        A share of 1 is shown in per cent; a switch is on or off.
    low, high, step : float
        Range, ends included, and what one turn changes; 0, 1 and 1 for a switch.
    value : float or bool
        As the scenario has it.
    words_zh, words_en : str
        What people call it, unit in brackets.
    """

    measure: int
    name: str
    kind: Kind
    low: float
    high: float
    step: float
    value: float | bool
    words_zh: str
    words_en: str

    def label(self, lang: Language) -> str:
        return self.words_zh if lang == "zh" else self.words_en

    def told(self, value: float | bool) -> str:
        """Return a value as people read it."""
        if self.kind == "switch":
            return "✓" if value else "✗"
        return f"{value:.0%}" if self.kind == "share" else f"{value:g}"


def knobs_of(scenario: Scenario) -> tuple[Knob, ...]:
    """Return what can be turned, measure after measure.

    A parameter that is left to the log (None) is not a number and cannot be turned.
    """
    return tuple(
        knob
        for k, measure in enumerate(scenario.measures)
        for name, field in type(measure).model_fields.items()
        if (knob := _knob(k, measure, name, field)) is not None
    )


def _knob(place: int, measure: Measure, name: str, field: FieldInfo) -> Knob | None:
    value = getattr(measure, name)
    kinds = set(get_args(field.annotation) or (field.annotation,)) - {type(None)}
    if value is None or not kinds <= {int, float, bool}:
        return None
    zh, _slash, en = (field.description or name).partition(" / ")
    if kinds == {bool}:
        return Knob(place, name, "switch", 0.0, 1.0, 1.0, bool(value), zh, en or zh)
    low, high = _bounds(field, float(value))
    if kinds == {int}:
        return Knob(place, name, "whole", low, high, 1.0, value, zh, en or zh)
    if (low, high) == (0.0, 1.0):
        return Knob(place, name, "share", low, high, 0.01, value, zh, en or zh)
    step = next((s for span, s in STEPS if high - low <= span), 1.0)
    # What must be more than its bound begins one turn above it.
    low = min(low + step * _open(field), float(value))
    return Knob(place, name, "number", low, high, step, value, zh, en or zh)


def _bounds(field: FieldInfo, value: float) -> tuple[float, float]:
    """The range of a parameter; where it has no end, up to four times as much as it is."""
    limits = {name: getattr(m, name) for m in field.metadata for name in ("ge", "gt", "le", "lt") if hasattr(m, name)}
    low = limits.get("ge", limits.get("gt", min(0.0, 4.0 * value)))
    high = limits.get("le", limits.get("lt", max(4.0 * abs(value), low + 1.0)))
    return float(low), float(high)


def _open(field: FieldInfo) -> bool:
    return any(hasattr(m, "gt") for m in field.metadata)


def turned(measure: Measure, values: dict[str, Any]) -> Measure:
    """Return a measure with other values of its parameters, checked like any.

    Raises
    ------
    pydantic.ValidationError
        If they do not go together.
    """
    rounded = {name: round(v, 6) if isinstance(v, float) else v for name, v in values.items()}
    return type(measure).model_validate({**measure.model_dump(), **rounded})
