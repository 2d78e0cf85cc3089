"""From findings and from what the process shows: candidate measures, each with its reason. A person decides."""

from __future__ import annotations

from dataclasses import dataclass

from flowaudit.diagnosis import Findings
from flowaudit.errors import InputError
from flowaudit.messages import Language, both, speaking
from flowaudit.messages import translate as _
from flowaudit.process import Process
from flowaudit.redesign.measure import Caution, Measure, MeasureRefusedError
from flowaudit.redesign.scenario import Scenario, contradiction
from flowaudit.redesign.suggesting import SOURCES, Idea, Refusal


@dataclass(frozen=True)
class Suggestion:
    """A candidate measure and why.

    Attributes
    ----------
    findings : tuple of str
        Ids of the findings it answers; none where the process itself shows it.
    cases : int
        Observed cases the measure changes.
    cautions : tuple of (Chinese, English)
        What the log and the catalogue hold against it.
    by_default : bool
        Belongs into the scenario that :func:`propose` returns; what takes posts or changes a promise is only suggested.
    """

    measure: Measure
    reason_zh: str
    reason_en: str
    findings: tuple[str, ...]
    cases: int
    cautions: tuple[Caution, ...] = ()
    by_default: bool = True

    def reason(self, lang: Language) -> str:
        return self.reason_zh if lang == "zh" else self.reason_en


def suggest(findings: Findings, process: Process) -> tuple[tuple[Suggestion, ...], tuple[Refusal, ...]]:
    """Return candidate measures in the order in which they are best applied, and what had to be refused.

    Parameters are taken from the evidence. Every candidate has been applied to the fitted process once, after those before it: what
    would change nothing, what the catalogue forbids, and what an earlier candidate has already changed is refused with the
    reason; so is a measure that findings point to but that needs a figure no log holds.
    """
    original = process
    suggestions: list[Suggestion] = []
    refusals: list[Refusal] = []
    for idea in (i for source in SOURCES for i in source(findings, process)):
        if isinstance(idea, Refusal):
            refusals.append(idea)
            continue
        found = _tried(idea, process, original, suggestions)
        if isinstance(found, Refusal):
            refusals.append(found)
            continue
        suggestion, after = found
        suggestions.append(suggestion)
        if idea.by_default:
            process = after
    if not process.identifiable.staffing:
        known = process.identifiable
        refusals.append(
            Refusal(
                _("staffing measures", lang="zh"), _("staffing measures", lang="en"), known.reason_zh, known.reason_en
            )
        )
    return tuple(suggestions), tuple(refusals)


def _tried(
    idea: Idea, process: Process, original: Process, taken: list[Suggestion]
) -> tuple[Suggestion, Process] | Refusal:
    measure = idea.measure
    clash = next((s.measure for s in taken if contradiction(s.measure, measure)), None)
    if clash is not None:
        texts = [
            _("already suggested otherwise: {measure}", lang=lang, measure=clash.label(lang)) for lang in _LANGUAGES
        ]
        return Refusal(measure.label("zh"), measure.label("en"), texts[0], texts[1])
    try:
        after = measure.apply(process)
    except (MeasureRefusedError, InputError):
        return Refusal(measure.label("zh"), measure.label("en"), *_reasons(measure, process, original))
    cases = after.changes[-1][1]
    found = Suggestion(measure, *idea.reason, idea.findings, cases, measure.cautions(process), idea.by_default)
    return found, after


_LANGUAGES: tuple[Language, ...] = ("zh", "en")


def propose(
    findings: Findings, process: Process, *, lang: Language | None = None
) -> tuple[Scenario, tuple[Suggestion, ...], tuple[Refusal, ...]]:
    """Return a scenario of the suggestions, for people to take apart; named in ``lang`` (default: the current language).

    Measures that take posts or change what is promised are suggested, but not part of it.
    """
    suggestions, refusals = suggest(findings, process)
    chosen = (s.measure for s in suggestions if s.by_default)
    return Scenario.of(_("proposed by flowaudit", lang=lang), chosen), suggestions, refusals


def _reasons(measure: Measure, process: Process, original: Process) -> tuple[str, str]:
    """Why a measure is refused, in Chinese and in English; by itself, or because of those suggested before it."""
    if _refusal(measure, original) is None:
        return both(
            "a measure suggested before it has already changed what it is about; it is another way to the same end."
        )
    texts: list[str] = []
    for lang in _LANGUAGES:
        with speaking(lang):
            texts.append(_refusal(measure, process) or "")
    return texts[0], texts[1]


def _refusal(measure: Measure, process: Process) -> str | None:
    try:
        measure.apply(process)
    except (MeasureRefusedError, InputError) as refused:
        return refused.message
    return None
