"""What every reform measure is: parameters, a transformation Process -> Process, its basis and its risk."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from flowaudit.errors import InsufficientDataError
from flowaudit.messages import Language, current_language
from flowaudit.messages import translate as _
from flowaudit.process import Process


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
    reductions : tuple of str
        Which of the four reductions it is meant to feed.
    seed : str
        Requirement of the guidance it rests on (domain model, S-numbers).
    varied : mapping of str to tuple of float
        Parameters that are assumptions, not data, and the values they are varied to in a sensitivity analysis.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: ClassVar[str]
    verb: ClassVar[str]
    category: ClassVar[str]
    reductions: ClassVar[tuple[str, ...]]
    seed: ClassVar[str]
    varied: ClassVar[Mapping[str, tuple[float, ...]]] = {}

    @abstractmethod
    def apply(self, process: Process) -> Process:
        """Return the process with this measure in force."""

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

    @classmethod
    def basis(cls, lang: Language | None = None) -> str:
        return _("Basis: guidance 沪府办〔2020〕6号, requirement {seed}.", lang=lang, seed=cls.seed)

    def changed(self, before: Process, after: Process, touched: float) -> Process:
        """Return ``after`` with this measure noted, or refuse when it touches no observed case."""
        from dataclasses import replace

        if touched <= 0:
            raise MeasureRefusedError(
                _("{measure}: no observed case would change.", measure=self.label()),
                hint=_("see which activities follow each other: flowaudit writes them to tables.xlsx."),
            )
        return replace(after, changes=(*before.changes, (self.label(), round(touched))), catalogue=before.catalogue)
