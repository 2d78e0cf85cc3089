"""The evidence of a finding: its cases as time lines."""

from __future__ import annotations

import html
from dataclasses import dataclass

import numpy as np
import pandas as pd

from flowaudit.diagnosis.finding import Finding
from flowaudit.eventlog import EventLog, as_unit
from flowaudit.messages import current_language
from flowaudit.messages import translate as _


@dataclass(frozen=True, eq=False)
class Explanation:
    """The events of the cases a finding rests on; ``fa.draw`` shows them as time lines.

    Attributes
    ----------
    finding : Finding
    events : pd.DataFrame
        ``case_id, activity, department, start, end`` as recorded, in their order, ``number`` (place in the case, the first
        is 1) and ``concerned``: what the finding is about.
    """

    finding: Finding
    events: pd.DataFrame

    def _repr_html_(self) -> str:
        lang = current_language()
        shown = self.events.drop(columns="concerned")
        head = "".join(f"<th>{html.escape(str(c))}</th>" for c in shown.columns)
        rows = []
        for mark, row in zip(self.events["concerned"], shown.itertuples(index=False), strict=True):
            cells = "".join(f"<td>{'' if pd.isna(v) else html.escape(str(v))}</td>" for v in row)
            style = ' style="font-weight:bold"' if mark else ""
            rows.append(f"<tr{style}>{cells}</tr>")
        words = html.escape(self.finding.statement(lang))
        bold = html.escape(_("In bold: what the finding is about.", lang=lang))
        return f"<p>{words}</p><p>{bold}</p><table><tr>{head}</tr>{''.join(rows)}</table>"


def explain(finding: Finding, log: EventLog, *, cases: int = 5) -> Explanation:
    """Return the events of a finding's first evidence cases.

    Parameters
    ----------
    finding : Finding
    log : EventLog
        The log it was found on.
    cases : int
        How many of its evidence cases.

    Returns
    -------
    Explanation
    """
    if finding.evidence and finding.evidence[0] not in set(log.case_ids):
        log = as_unit(log)
    wanted = pd.Index(log.case_ids).get_indexer(pd.Index(finding.evidence[:cases], dtype="object"))
    ptr = log.case_ptr
    spans = [np.arange(ptr[c], ptr[c + 1]) for c in wanted.tolist() if c >= 0]
    rows = np.concatenate([np.zeros(0, np.int64), *spans])
    columns = [c for c in ("case_id", "activity", "department", "start", "end", "item_code") if log.has(c)]
    frame = log.events.select(columns).take(rows).to_pandas()
    number = np.concatenate([np.zeros(0, np.int64), *(np.arange(len(s)) + 1 for s in spans)]).astype(np.int64)
    frame["number"] = number
    frame["concerned"] = _concerned(finding, frame)
    return Explanation(finding, frame.drop(columns="item_code", errors="ignore"))


def _concerned(finding: Finding, frame: pd.DataFrame) -> pd.Series:
    if finding.events:
        pairs = zip(frame["case_id"].astype(str), frame["number"], strict=True)
        return pd.Series([n in finding.events.get(c, ()) for c, n in pairs], frame.index, dtype=bool)
    for level, column in (("activities", "activity"), ("departments", "department"), ("items", "item_code")):
        if finding.scope.get(level) and column in frame:
            return frame[column].isin(finding.scope[level])
    return pd.Series(True, frame.index)
