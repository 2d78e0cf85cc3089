"""Keep some cases or events of a log, with their side-table rows, and say so in its provenance."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from flowaudit.eventlog.log import EventLog, Note

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


def select_cases(log: EventLog, keep: Bools, note: Note | str) -> EventLog:
    """Return the log of the cases marked in ``keep`` (one boolean per case, in the log's order).

    Side tables keep the rows of those cases, of their bundles and of their events. Labels that no longer occur are in
    no dictionary any more: what was left out cannot be read from a stored log.

    Examples
    --------
    >>> import pandas as pd
    >>> from flowaudit.eventlog import from_frame
    >>> log = from_frame(pd.DataFrame({"case_id": ["1", "2"], "activity": "受理", "end": pd.Timestamp("2024-01-02")}))
    >>> select_cases(log, np.array([False, True]), "only case 2").case_ids
    ['2']
    """
    lengths = np.diff(log.case_ptr)
    return _kept(log, np.repeat(keep, lengths), lengths[keep], note)


def select_events(log: EventLog, keep: Bools, note: Note | str) -> EventLog:
    """Return the log of the events marked in ``keep`` (one boolean per row); a case without any goes too.

    Examples
    --------
    >>> import pandas as pd
    >>> from flowaudit.eventlog import from_frame
    >>> log = from_frame(pd.DataFrame({"case_id": ["1", "1", "2"], "activity": list("ABA"), "end": pd.Timestamp("2024-01-02")}))
    >>> part = select_events(log, np.array([False, True, False]), "only B")
    >>> part.case_ids, part.activities
    (['1'], ['B'])
    """
    lengths = np.add.reduceat(keep, log.case_ptr[:-1], dtype=np.int64) if len(keep) else np.zeros(0, np.int64)
    return _kept(log, keep, lengths[lengths > 0], note)


def _kept(log: EventLog, keep: Bools, lengths: Ints, note: Note | str) -> EventLog:
    ptr = np.r_[0, np.cumsum(lengths)].astype(np.int64)
    rows = np.unique(np.r_[0, [t.ptr[-1] for t in log.tiles()], len(keep)]).astype(np.int64).tolist()
    parts = [log.events.slice(a, b - a).filter(pa.array(keep[a:b])) for a, b in itertools.pairwise(rows)]
    events = _compact(pa.concat_tables(parts)) if parts else log.events
    chosen = log.with_events(events, note=note).with_case_ptr(ptr)
    return replace(chosen, tables=_tables(log, chosen)).with_case_ptr(ptr)


def _compact(events: pa.Table) -> pa.Table:
    """Take out of every dictionary what no row refers to any more."""
    for place, name in enumerate(events.column_names):
        column = events[name]
        if pa.types.is_dictionary(column.type) and column.num_chunks:
            column = column.unify_dictionaries()
            dictionary = column.chunk(0).dictionary
            used = np.zeros(len(dictionary), np.bool_)
            for chunk in column.chunks:
                used[chunk.indices.drop_null().to_numpy(zero_copy_only=False)] = True
            if not used.all():
                number = pa.array(np.cumsum(used, dtype=np.int32) - 1, pa.int32())
                labels = dictionary.filter(pa.array(used))
                chunks = [pa.DictionaryArray.from_arrays(number.take(chunk.indices), labels) for chunk in column.chunks]
                events = events.set_column(
                    place, name, pa.chunked_array(chunks, pa.dictionary(pa.int32(), labels.type))
                )
    return events


def _tables(log: EventLog, chosen: EventLog) -> dict[str, pd.DataFrame]:
    """Return the rows of the side tables that belong to the chosen cases and events."""
    if not log.tables:
        return {}
    of: dict[str, pd.Index] = {"case_id": chosen.case_axis}
    cases = log.tables.get("cases")
    if log.unit == "bundle":
        of["bundle_id"] = chosen.case_axis
    elif cases is not None and "bundle_id" in cases:
        of["bundle_id"] = pd.Index(cases.loc[cases["case_id"].isin(of["case_id"]), "bundle_id"].dropna())
    if "event_id" in chosen.columns:
        of["event_id"] = pd.Index(chosen.events["event_id"].to_pandas().dropna())
    tables = {}
    for name, table in log.tables.items():
        # By bundle the table of the single cases names them in case_id, and their bundle in bundle_id.
        keys = ("bundle_id", "case_id") if log.unit == "bundle" and name == "cases" else ("case_id", "bundle_id")
        key = next((k for k in (*keys, "event_id") if k in table and k in of), None)
        tables[name] = table if key is None else table[table[key].isin(of[key])]
        if name == "e2o" and {"object_type", "object_id"} <= set(table.columns):
            # An event shared with a case that was left out no longer names it.
            kept = tables[name]
            own = kept["object_type"] == log.unit
            tables[name] = kept[~own | kept["object_id"].isin(chosen.case_axis)]
    return tables
