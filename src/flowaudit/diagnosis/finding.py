"""A finding is a candidate, not a verdict: what, where, how often, how much time, on which cases, with which caveat."""

from __future__ import annotations

import html
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from flowaudit.diagnosis.reasons import reason
from flowaudit.eventlog import Unit
from flowaudit.messages import Language, current_language
from flowaudit.messages import translate as _

Group = Literal["痛点", "堵点", "难点"]
Confidence = Literal["high", "medium", "low"]
TimeKind = Literal["waiting", "handover", "estimated"]
EVIDENCE = 20


@dataclass(frozen=True)
class Finding:
    """One candidate problem of a flow.

    Attributes
    ----------
    id : str
        Stable: the rule and what it was found on.
    rule : str
        "W01" ...
    title_zh, title_en, statement_zh, statement_en, caveat_zh, caveat_en : str
        Polite official wording: 疑似, 建议核查.
    counting_zh, counting_en : str
        The counting rule (口径) of its numbers: definition, thresholds that are not the default, population, period,
        what a lost day is.
    scope : mapping
        ``activities, departments, offices, items, officers, materials, channels`` involved, each a tuple.
    cases, population : int
        Cases concerned, of how many that could have been.
    share, share_low, share_high : float
        With Wilson's 95 % interval.
    time_lost_days_median, time_lost_days_p90, time_lost_days_total : float or None
        Working days per case concerned, and over all of them; None where the log cannot say.
    saving_days_total : float or None
        By how many working days all cases together would have ended earlier without that time: what ran beside it is kept,
        so that it is at most ``time_lost_days_total``. An upper bound of what a measure could save.
    time_kind : {"waiting", "handover", "estimated", None}
        ``handover`` holds work and waiting together (no start times); ``estimated``: start times were estimated.
    evidence : tuple of str
        At most 20 cases to look at, the costliest first.
    events : mapping of str to tuple of int
        The events to look at in each of them, by their place in the case (the first is 1).
    reengineering : str
        Which of the six re-engineerings would answer it; ``U`` for a single item.
    reductions : tuple of str
        Which of the four reductions it touches.
    measures : tuple of str
        M-numbers that may help.
    overlaps : tuple of str
        Findings about the same work: their savings must not be added to this one's.
    """

    id: str
    rule: str
    title_zh: str
    title_en: str
    statement_zh: str
    statement_en: str
    scope: Mapping[str, tuple[str, ...]]
    cases: int
    population: int
    share: float
    share_low: float
    share_high: float
    time_lost_days_median: float | None
    time_lost_days_p90: float | None
    time_lost_days_total: float | None
    time_kind: TimeKind | None
    evidence: tuple[str, ...]
    caveat_zh: str
    caveat_en: str
    confidence: Confidence
    reengineering: str
    reductions: tuple[str, ...]
    measures: tuple[str, ...]
    group: Group
    details: Mapping[str, Any] = field(default_factory=dict)
    counting_zh: str = ""
    counting_en: str = ""
    saving_days_total: float | None = None
    events: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    overlaps: tuple[str, ...] = ()

    def title(self, lang: Language) -> str:
        return self.title_zh if lang == "zh" else self.title_en

    def statement(self, lang: Language) -> str:
        return self.statement_zh if lang == "zh" else self.statement_en

    def caveat(self, lang: Language) -> str:
        return self.caveat_zh if lang == "zh" else self.caveat_en

    def counting(self, lang: Language) -> str:
        return self.counting_zh if lang == "zh" else self.counting_en

    def why(self, measure: str, lang: Language) -> str:
        """Return why a measure may help here, or an empty string where nothing more is known."""
        return reason(self.rule, measure, lang)

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain values, with the reason of every measure."""
        return {
            name: dict(value) if isinstance(value, Mapping) else list(value) if isinstance(value, tuple) else value
            for name, value in vars(self).items()
        } | {"why": {m: {"zh": self.why(m, "zh"), "en": self.why(m, "en")} for m in self.measures}}


@dataclass(frozen=True)
class NotCheckable:
    """A rule this log cannot answer, and what would make it so."""

    rule: str
    reason_zh: str
    reason_en: str
    needs: tuple[str, ...]

    def reason(self, lang: Language) -> str:
        return self.reason_zh if lang == "zh" else self.reason_en


@dataclass(frozen=True, eq=False)
class Findings:
    """All findings of a log, those that could save most first.

    Attributes
    ----------
    items : tuple of Finding
    not_checkable : tuple of NotCheckable
    waiting : pd.DataFrame
        Waiting or handover time on enabler edges, see :func:`flowaudit.flow.enabler_edges`.
    unit : {"case", "bundle"}
    joint_saving_days : float or None
        By how many working days all cases would have ended earlier without any of the lost time, each event's counted once:
        less than the sum of the findings where they overlap.
    """

    items: tuple[Finding, ...]
    not_checkable: tuple[NotCheckable, ...]
    waiting: pd.DataFrame
    unit: Unit
    joint_saving_days: float | None = None

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def by_rule(self) -> dict[str, int]:
        """Return the number of findings of every rule that found something."""
        counts: dict[str, int] = {}
        for finding in self.items:
            counts[finding.rule] = counts.get(finding.rule, 0) + 1
        return dict(sorted(counts.items()))

    def table(self, lang: Language | None = None) -> pd.DataFrame:
        """Return the findings as rows."""
        lang = lang or current_language()
        return pd.DataFrame(
            [
                {
                    "id": f.id,
                    "rule": f.rule,
                    "title": f.title(lang),
                    "statement": f.statement(lang),
                    "cases": f.cases,
                    "population": f.population,
                    "share": f.share,
                    "time_lost_days_total": f.time_lost_days_total,
                    "saving_days_total": f.saving_days_total,
                    "confidence": f.confidence,
                    "measures": ", ".join(f.measures),
                    "caveat": f.caveat(lang),
                }
                for f in self.items
            ]
        )

    def to_dict(self) -> dict[str, Any]:
        return {
            "unit": self.unit,
            "joint_saving_days": self.joint_saving_days,
            "findings": [f.to_dict() for f in self.items],
            "not_checkable": [vars(n) for n in self.not_checkable],
        }

    def to_json(self, path: str | os.PathLike[str]) -> None:
        """Write all findings with their evidence to a file."""
        target = Path(path)
        temporary = target.with_name(target.name + ".part")
        temporary.write_text(json.dumps(self.to_dict(), ensure_ascii=False, indent=1), encoding="utf-8")
        temporary.replace(target)

    def _repr_html_(self) -> str:
        lang = current_language()
        head = (_("Rule"), _("Finding"), _("Cases"), _("Lost working days (total)"))
        rows = ["<tr>" + "".join(f"<th>{html.escape(h)}</th>" for h in head) + "</tr>"]
        for f in self.items:
            lost = "—" if f.time_lost_days_total is None else f"{f.time_lost_days_total:,.0f}"
            cells = (f.rule, f.statement(lang), f"{f.cases:,} / {f.population:,}", lost)
            rows.append("<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in cells) + "</tr>")
        for n in self.not_checkable:
            words = _("not checkable: {reason}", reason=n.reason(lang))
            rows.append(f"<tr><td>{n.rule}</td><td colspan='3'>{html.escape(words)}</td></tr>")
        return f"<table>{''.join(rows)}</table>"
