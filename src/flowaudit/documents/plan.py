"""The plan (业务流程优化再造工作方案): eight mandatory parts, every number with its rule, nothing invented."""

from __future__ import annotations

import html
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from flowaudit.documents import _annexes, _basis, _before, _duties, _effects, _problems, _reform
from flowaudit.documents._words import DASH
from flowaudit.documents.content import Block, Section, numbered
from flowaudit.errors import UsageError
from flowaudit.messages import Language
from flowaudit.messages import translate as _
from flowaudit.metrics import trust_name
from flowaudit.study import Study


@dataclass(frozen=True)
class Plan:
    """A draft plan, ready to be saved.

    Attributes
    ----------
    title : str
    lang : {"zh", "en"}
    info : tuple of (str, str)
        Rows of the first page: what made this draft, from what, and what is missing.
    sections, annexes : tuple of Section
    """

    title: str
    lang: Language
    info: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...] = field(repr=False)
    annexes: tuple[Section, ...] = field(repr=False)

    @property
    def missing(self) -> tuple[str, ...]:
        """Headings of the mandatory parts that are empty or still to be filled in."""
        return tuple(s.heading for s in self.sections if s.mandatory and not s.done)

    @property
    def complete(self) -> bool:
        """Say whether all eight mandatory parts are written."""
        return sum(s.mandatory for s in self.sections) == 8 and not self.missing

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the plan as Word (.docx) or as one offline page (.html).

        Raises
        ------
        UsageError
            If the suffix is another.
        InputError
            If the file cannot be written.
        """
        target = Path(path)
        suffix = target.suffix.casefold()
        if suffix == ".docx":
            from flowaudit.documents.docx import write_docx

            return write_docx(self, target)
        if suffix == ".html":
            from flowaudit.documents.html import write_html

            return write_html(self, target)
        raise UsageError(
            _("a plan is saved as .docx or .html, not as '{suffix}'.", suffix=target.suffix),
            hint=_("plan.save('plan.docx')"),
        )

    def _repr_html_(self) -> str:
        done, open_ = _("written"), _("to be filled in")
        rows = "".join(
            f"<tr><td>{html.escape(s.heading)}</td><td>{'★' if s.mandatory else ''}</td><td>{done if s.done else open_}</td></tr>"
            for s in self.sections
        )
        return f"<p>{html.escape(self.title)}</p><table>{rows}</table>"


def plan(study: Study, lang: Language | None = None, *, title: str | None = None) -> Plan:
    """Write the plan of a study.

    Parameters
    ----------
    study : Study
    lang : {"zh", "en"}, optional
        Default: the study's.
    title : str, optional
        Name of the one-thing; default: the study's settings, else left open.

    Returns
    -------
    Plan
        ``complete`` is False while one of the eight parts of the guidance is empty or holds a cell to be filled in.
    """
    lang = lang or study.settings.lang
    name = title or study.settings.title or "××"
    if study.log.provenance.synthetic:
        name += _(" (demonstration with synthetic data)", lang=lang)
    parts: tuple[tuple[str, str, bool, Callable[[Study, Language], tuple[list[Block], int]]], ...] = (
        ("general", _("1. General requirements", lang=lang), False, _basis.general),
        ("items", _("2. Items", lang=lang), False, _basis.items),
        ("before", _("3. Flow before the reform", lang=lang), True, _before.before),
        ("problems", _("4. Problems", lang=lang), True, _problems.problems),
        ("measures", _("5. Measures", lang=lang), True, _reform.measures),
        ("after", _("6. Flow after the reform", lang=lang), True, _reform.after),
        ("effects", _("7. Expected effects", lang=lang), True, _effects.effects),
        ("duties", _("8. Duties", lang=lang), True, _duties.duties),
        ("steps", _("9. Steps of implementation", lang=lang), True, _duties.steps),
        ("schedule", _("10. Schedule", lang=lang), True, _duties.schedule),
        ("safeguards", _("11. Safeguards", lang=lang), False, _duties.safeguards),
    )
    annexes: tuple[tuple[str, str, Callable[[Study, Language], list[Block]]], ...] = (
        ("item_list", _("Annex 1  Items", lang=lang), _annexes.item_list),
        ("materials", _("Annex 2  Materials and exemptions", lang=lang), _annexes.material_list),
        ("data", _("Annex 3  Data sharing requests", lang=lang), _annexes.data_requests),
        ("forms", _("Annex 4  Form fields", lang=lang), _annexes.forms),
        ("answers", _("Annex 5  Problems against measures", lang=lang), _annexes.problem_table),
        ("counting", _("Annex 6  How things were counted", lang=lang), _annexes.counting),
        ("quality", _("Annex 7  Data quality", lang=lang), _annexes.quality),
        ("evidence", _("Annex 8  Evidence cases", lang=lang), _annexes.evidence_list),
        ("provenance", _("Annex 9  Provenance", lang=lang), _annexes.provenance),
    )
    built = []
    for key, heading, mandatory, build in parts:
        blocks, to_fill = build(study, lang)
        built.append(Section(key, heading, tuple(blocks), mandatory, to_fill))
    tail = [Section(key, heading, tuple(write(study, lang))) for key, heading, write in annexes]
    everything = numbered([*built, *tail])
    sections, annex_sections = everything[: len(built)], everything[len(built) :]
    return Plan(
        _(
            "Working plan for redesigning the process of the one-thing “{name}” (draft for review)",
            lang=lang,
            name=name,
        ),
        lang,
        _info(study, sections, lang),
        sections,
        annex_sections,
    )


def _info(study: Study, sections: tuple[Section, ...], lang: Language) -> tuple[tuple[str, str], ...]:
    missing = [s.heading for s in sections if s.mandatory and not s.done]
    first, last = study.log.span
    trust = study.verdict.trust
    return (
        (_("State", lang=lang), _("draft for review, not filed", lang=lang)),
        (_("Mandatory parts still open", lang=lang), _("; ", lang=lang).join(missing) or _("none", lang=lang)),
        (_("Data", lang=lang), study.log.provenance.source or DASH),
        *_annexes.synthetic_row(study, lang),
        (_("Period of the data", lang=lang), f"{first:%Y-%m-%d} – {last:%Y-%m-%d}"),
        (
            _("Scenario", lang=lang),
            study.scenario.name + (_(" (proposed by flowaudit)", lang=lang) if study.proposed else ""),
        ),
        (_("Trust in the estimate", lang=lang), trust_name(trust, lang) if trust is not None else DASH),
        (_("Made with", lang=lang), f"flowaudit {_annexes.version('flowaudit')}"),
        (_("Made on", lang=lang), f"{study.created:%Y-%m-%d %H:%M}"),
        (_("Files and versions", lang=lang), _("see annex 9", lang=lang)),
    )
