"""What a waste rule is: its number, its words, what it needs, its thresholds, and the function that looks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from flowaudit.diagnosis.finding import Finding, Group, NotCheckable
from flowaudit.errors import UsageError, nearest
from flowaudit.messages import Language
from flowaudit.messages import translate as _

if TYPE_CHECKING:
    from flowaudit.diagnosis.context import Context

Thresholds = Mapping[str, float]


class Parameter(NamedTuple):
    """A threshold of a rule: its default, and the values that make sense."""

    default: float
    low: float
    high: float


@dataclass(frozen=True)
class Rule:
    """A waste rule of the catalogue W01-W25.

    Attributes
    ----------
    id : str
    name, definition : callable(lang) -> str
        What people call it, and when it speaks.
    needs : tuple of str
        What the log or the catalogue must hold, see :mod:`flowaudit.diagnosis.needs`. Where one is missing the rule is not
        asked and is listed as not checkable.
    find : callable(Context, thresholds) -> list of Finding, or NotCheckable
    group : {"痛点", "堵点", "难点"}
        Whose trouble it is: the applicant's, the flow's, or one of law, structure and data.
    reengineering : str
        Which of the six re-engineerings (①-⑥) would answer it, "U" for a single item.
    reductions : tuple of str
        Which of the four reductions it feeds.
    measures : tuple of str
        Reform measures (M-numbers) that may help, most likely first.
    parameters : mapping of str to Parameter
        Its thresholds.
    """

    id: str
    name: Callable[[Language | None], str]
    definition: Callable[[Language | None], str]
    needs: tuple[str, ...]
    find: Callable[[Context, Thresholds], list[Finding] | NotCheckable]
    group: Group
    reengineering: str
    reductions: tuple[str, ...]
    measures: tuple[str, ...]
    parameters: Mapping[str, Parameter] = field(default_factory=dict)

    @property
    def defaults(self) -> dict[str, float]:
        return {name: parameter.default for name, parameter in self.parameters.items()}

    def thresholds(self, given: Mapping[str, Any] | None = None) -> dict[str, float]:
        """Return the thresholds, those given put in place of the defaults.

        Raises
        ------
        UsageError
            If there is no such threshold, or a value makes no sense for it.
        """
        found = self.defaults
        for name, value in (given or {}).items():
            if name not in self.parameters:
                near = nearest(name, self.parameters, n=1)
                raise UsageError(
                    _("{rule} has no threshold '{name}'.", rule=self.id, name=name),
                    hint=_("did you mean '{near}'?", near=near[0])
                    if near
                    else _("choose one of: {names}", names=", ".join(self.parameters) or "-"),
                )
            parameter = self.parameters[name]
            fits = isinstance(value, int | float) and not isinstance(value, bool)
            if not (fits and parameter.low <= value <= parameter.high):
                raise UsageError(
                    _(
                        "{rule}: '{name}' must be a number from {low:g} to {high:g}; got {value}.",
                        rule=self.id, name=name, low=parameter.low, high=parameter.high, value=value,
                    )
                )  # fmt: skip
            found[name] = float(value)
        return found
