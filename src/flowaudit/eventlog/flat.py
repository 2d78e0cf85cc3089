"""A log as one flat table, for formats that hold a single one, and what is lost by it."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd
import pyarrow as pa

from flowaudit.eventlog.log import SIDE_TABLES, EventLog
from flowaudit.eventlog.privacy import PSEUDONYM
from flowaudit.messages import translate as _

CASE = "case:"


def flat_table(log: EventLog) -> pa.Table:
    """Return the events in the order of the log, with the attributes of their case under ``case:NAME``.

    Columns that hold pseudonyms end in ``_pseudonym``: a reader then leaves them as they are.
    """
    hidden = set(log.provenance.pseudonymised)
    fields = {marked(c, hidden): log.events[c] for c in log.events.column_names}
    cases = log.table("cases")
    if cases is not None and "case_id" in cases:
        codes, labels = log.codes("case_id")
        about = cases.drop_duplicates("case_id").set_index("case_id").reindex(labels)
        rows = pa.array(codes)
        for name in about.columns:
            values = pa.Array.from_pandas(about[name])
            fields[CASE + marked(str(name), hidden)] = values.take(rows)
    return pa.table(fields)


def marked(column: str, pseudonymised: Iterable[str]) -> str:
    """Return a column's header: that of a column of pseudonyms says so."""
    return column + PSEUDONYM if column in pseudonymised else column


def lost_tables(log: EventLog, *, kept: Iterable[str] = ("cases",)) -> list[str]:
    """Return in words what a flat table cannot hold of a log."""
    lost = [name for name in SIDE_TABLES if name not in kept and log.table(name) is not None]
    words = [_("the side tables {tables}", tables=", ".join(lost))] if lost else []
    cases = log.table("cases")
    if cases is not None and "cases" in kept and "case_id" in cases:
        without = int((~pd.Index(cases["case_id"]).isin(log.case_ids)).sum())
        if without:
            words.append(_("{n} cases without events", n=without))
    if log.unit != "case":
        words.append(_("that a case is a bundle"))
    return words
