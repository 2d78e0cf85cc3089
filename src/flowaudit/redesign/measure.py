"""What every reform measure is: parameters, a transformation Process -> Process, its basis and its risk."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from flowaudit.errors import InsufficientDataError
from flowaudit.messages import Language, current_language
from flowaudit.messages import translate as _
from flowaudit.process import Process
from flowaudit.redesign.needs import missing

Direction = Literal["-", "+", "±"]
"""Which way a metric is expected to go: less, more, or either."""

Caution = tuple[str, str]
"""What the log or the catalogue holds against a measure, in Chinese and in English."""


class MeasureRefusedError(InsufficientDataError):
    """The data cannot support this measure, or it would change nothing."""


class Measure(BaseModel):
    """A reform measure with its parameters.

    Attributes
    ----------
    id, verb : str
        Catalogue number ("M04") and the verb of :class:`Scenario` and of the scenario file.
    category : str
        Which of the six re-engineerings, or ``U`` for the improvement of a single item.
    expected : mapping of str to {"-", "+", "±"}
        Metrics it is expected to move, and which way; a metric not named is expected to stay.
    reductions : tuple of str
        The metrics of ``expected`` that should fall.
    needs : tuple of str
        What the log must record for it, see :mod:`flowaudit.redesign.needs`.
    subject : tuple of str
        Parameters that say what is changed: two measures of one kind with a subject in common contradict each other.
    seed : str
        Requirement of the guidance it rests on (domain model, S-numbers).
    varied : mapping of str to tuple of float
        Parameters that are assumptions, not data, and the values they are varied to in a sensitivity analysis.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: ClassVar[str]
    verb: ClassVar[str]
    category: ClassVar[str]
    expected: ClassVar[Mapping[str, Direction]]
    reductions: ClassVar[tuple[str, ...]]
    needs: ClassVar[tuple[str, ...]] = ()
    subject: ClassVar[tuple[str, ...]]
    seed: ClassVar[str]
    varied: ClassVar[Mapping[str, tuple[float, ...]]] = {}

    @classmethod
    def __pydantic_init_subclass__(cls, **_options: Any) -> None:
        cls.reductions = tuple(metric for metric, way in cls.expected.items() if way == "-")

    @abstractmethod
    def transform(self, process: Process) -> tuple[Process, float]:
        """Return the changed process, and how many observed cases the change touches.

        Raises
        ------
        InputError
            If a parameter names what the process lacks.
        MeasureRefusedError
            If the process cannot support the measure.
        """

    @classmethod
    @abstractmethod
    def name(cls, lang: Language | None = None) -> str:
        """Return the measure's official name."""

    @classmethod
    @abstractmethod
    def description(cls, lang: Language | None = None) -> str:
        """Return what the measure changes in the model, and what it assumes."""

    @classmethod
    @abstractmethod
    def risk(cls, lang: Language | None = None) -> str:
        """Return what may speak against it in law or practice."""

    @abstractmethod
    def label(self, lang: Language | None = None) -> str:
        """Return one phrase naming the measure with its parameters."""

    @classmethod
    def legal_note(cls, lang: Language | None = None) -> str:
        """Return the risk note; it always ends with who has to decide."""
        lang = lang or current_language()
        return cls.risk(lang) + ("" if lang == "zh" else " ") + _("To be reviewed by the legal office.", lang=lang)

    def assumed(self, lang: Language | None = None) -> str:
        """Return what the measure takes for granted that no log can show, empty where nothing is."""
        return ""

    def cautions(self, process: Process) -> tuple[Caution, ...]:
        """Return what this log and its catalogue hold against the measure: contra-indications, not refusals."""
        return ()

    @classmethod
    def basis(cls, lang: Language | None = None) -> str:
        return _("Basis: guidance 沪府办〔2020〕6号, requirement {seed}.", lang=lang, seed=cls.seed)

    def subjects(self) -> frozenset[str]:
        """Return the names of what the measure changes."""
        found: set[str] = set()
        for parameter in self.subject:
            value = getattr(self, parameter)
            found |= {value} if isinstance(value, str) else set(value)
        return frozenset(found)

    def apply(self, process: Process) -> Process:
        """Return the process with this measure in force.

        Raises
        ------
        InputError
            If a parameter names what the process lacks.
        MeasureRefusedError
            If the process cannot support the measure, or no observed case would change.
        """
        for reason, hint in missing(process, self.needs):
            raise MeasureRefusedError(f"{self.label()}: {reason}", hint=hint)
        after, touched = self.transform(process)
        if touched <= 0:
            raise MeasureRefusedError(
                _("{measure}: no observed case would change.", measure=self.label()),
                hint=_("see which activities follow each other: flowaudit writes them to tables.xlsx."),
            )
        return replace(after, changes=(*process.changes, (self.label(), round(touched))))
