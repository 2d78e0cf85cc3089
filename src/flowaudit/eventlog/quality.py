"""What is implausible in a log: a table of problems, never a silent repair."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from flowaudit.catalogue import Catalogue
from flowaudit.errors import InputError
from flowaudit.eventlog.checks import SEVERITIES, Findings, Severity, wording
from flowaudit.eventlog.checks_cases import check_cases
from flowaudit.eventlog.checks_events import check_events
from flowaudit.eventlog.checks_guides import check_guides
from flowaudit.eventlog.log import EventLog
from flowaudit.messages import Language
from flowaudit.messages import translate as _
from flowaudit.worktime import Calendar

COLUMNS = ("check", "severity", "rows", "share", "examples", "distorts", "action")
_ORDER: Mapping[Severity, int] = {"error": 0, "warning": 1, "info": 2}


@dataclass(frozen=True)
class Quality:
    """What was found, worst first.

    Attributes
    ----------
    problems : tuple of dict
        ``check`` (a key of ``SEVERITIES``), ``severity``, ``rows``, ``share`` (of events, or of cases or items where the
        check is about them; None where there is nothing to divide by), ``examples`` (case ids, activities or values).
    """

    problems: tuple[Mapping[str, Any], ...] = ()

    @property
    def table(self) -> pd.DataFrame:
        """The problems in the current language; columns ``COLUMNS``."""
        return self.to_frame()

    def to_frame(self, lang: Language | None = None) -> pd.DataFrame:
        """Return the problems as a table in a language."""
        rows = []
        for problem in self.problems:
            words = wording(problem, lang)
            rows.append({
                "check": words.name,
                "severity": problem["severity"],
                "rows": problem["rows"],
                "share": np.nan if problem["share"] is None else problem["share"],
                "examples": ", ".join(problem["examples"]),
                "distorts": words.distorts,
                "action": words.action,
            })  # fmt: skip
        return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"rows": "int64", "share": "float64"})

    def __len__(self) -> int:
        return len(self.problems)

    def __contains__(self, key: object) -> bool:
        return any(p["check"] == key for p in self.problems)

    def find(self, key: str) -> Mapping[str, Any] | None:
        """Return the first problem of a check (such as ``"midnight"``), None where there is none."""
        return next((p for p in self.problems if p["check"] == key), None)

    def to_csv(self, path: str | Path, *, lang: Language | None = None) -> None:
        """Write the table as CSV that a spreadsheet opens with its Chinese intact."""
        try:
            self.to_frame(lang).to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\n")
        except OSError as error:
            raise InputError(
                _("'{file}' cannot be written: {reason}.", file=path, reason=error.strerror or error)
            ) from error

    def _repr_html_(self) -> str:
        heads = (_("Check"), _("Severity"), _("Rows"), _("Share"), _("Examples"), _("Distorts"), _("Action"))
        words = {"error": _("error"), "warning": _("warning"), "info": _("info")}
        rows: list[Any] = list(self.table.itertuples())
        body = [
            f"<td>{html.escape(r.check)}</td><td>{html.escape(words[r.severity])}</td><td>{r.rows:,}</td>"
            f"<td>{'—' if np.isnan(r.share) else f'{r.share:.1%}'}</td><td>{html.escape(r.examples)}</td>"
            f"<td>{html.escape(r.distorts)}</td><td>{html.escape(r.action)}</td>"
            for r in rows
        ]
        head = "".join(f"<th>{html.escape(h)}</th>" for h in heads)
        return f"<table><tr>{head}</tr>{''.join(f'<tr>{row}</tr>' for row in body)}</table>"


def check(
    log: EventLog, catalogue: Catalogue | None = None, *, calendar: Calendar | None = None, now: datetime | None = None
) -> Quality:
    """Look for what is implausible in a log, and say what it distorts.

    Parameters
    ----------
    log : EventLog
    catalogue : Catalogue, optional
        Compared with the items of the log, and checked itself.
    calendar : Calendar, optional
        Working days; China's official ones by default, Monday to Friday where these do not reach.
    now : datetime, optional
        Stamps after it lie in the future; the present moment by default.

    Returns
    -------
    Quality
        Worst first. Nothing in the log is changed: :func:`flowaudit.eventlog.clean` repairs what it is asked to.
    """
    found = Findings()
    for problem in log.provenance.problems:
        known: dict[str, Any] = {"severity": SEVERITIES[problem["check"]], "share": None, "examples": []}
        found.problems.append({**known, **problem})
    if len(log.events):
        check_events(log, found, now or datetime.now(), calendar)
        check_cases(log, found)
    if catalogue is not None:
        check_guides(log, catalogue, found)
    return Quality(tuple(sorted(found.problems, key=lambda p: (_ORDER[p["severity"]], -(p["share"] or 0)))))
