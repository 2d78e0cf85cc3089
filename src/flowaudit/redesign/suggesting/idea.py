"""A measure worth considering, with its evidence; or one for which a figure is wanted that no log holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from flowaudit.diagnosis import Finding, Findings
from flowaudit.messages import translate as _
from flowaudit.process import Process
from flowaudit.redesign.measure import Measure

SHARE = 0.2
"""What a measure is about must concern at least this share of the cases, where no finding says that it matters."""


@dataclass(frozen=True)
class Idea:
    """A measure with parameters from the evidence.

    Attributes
    ----------
    reason : (Chinese, English)
    findings : tuple of str
        Ids of the findings it answers; none where the process itself shows it.
    by_default : bool
        Belongs into a scenario that is proposed; what takes posts or changes what is promised is only suggested.
    """

    measure: Measure
    reason: tuple[str, str]
    findings: tuple[str, ...] = ()
    by_default: bool = True


@dataclass(frozen=True)
class Refusal:
    """What the data cannot support, and why."""

    what_zh: str
    what_en: str
    reason_zh: str
    reason_en: str


def wanted(kind: type[Measure], about: tuple[str, str], figure: tuple[str, str]) -> Refusal:
    """Return the measure a finding points to, and the figure people have to give before it can be simulated."""
    return Refusal(
        _("{name}: {about}", lang="zh", name=kind.name("zh"), about=about[0]),
        _("{name}: {about}", lang="en", name=kind.name("en"), about=about[1]),
        _("pointed to by the findings; to be simulated it wants {figure}, which no log holds. Write it into the scenario file.", lang="zh", figure=figure[0]),
        _("pointed to by the findings; to be simulated it wants {figure}, which no log holds. Write it into the scenario file.", lang="en", figure=figure[1]),
    )  # fmt: skip


def found(findings: Findings, rule: str, *, measure: str | None = None, kind: str | None = None) -> list[Finding]:
    """Return the findings of a rule, those that name a measure, and whose details are of a kind."""
    return [
        f
        for f in findings
        if f.rule == rule and (measure is None or measure in f.measures) and (kind is None or f.details.get("kind") == kind)
    ]  # fmt: skip


def scope(findings: Iterable[Finding], name: str) -> tuple[str, ...]:
    """Return what findings are about, each once, in their order."""
    return tuple(dict.fromkeys(str(v) for f in findings for v in f.scope.get(name, ())))


def ids(findings: Iterable[Finding]) -> tuple[str, ...]:
    return tuple(f.id for f in findings)


def listed(names: Iterable[str]) -> tuple[str, str]:
    """Return names as a list in Chinese and in English."""
    named = list(names)
    return "、".join(named), ", ".join(named)


def known(process: Process, activities: Iterable[str]) -> tuple[str, ...]:
    """Return the activities that the process has."""
    mine = set(process.activities)
    return tuple(a for a in activities if a in mine)


__all__ = ["SHARE", "Idea", "Refusal", "found", "ids", "known", "listed", "scope", "wanted"]
