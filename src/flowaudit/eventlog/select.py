"""Keep some cases of a log, with their side-table rows, and say so in its provenance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from flowaudit.eventlog.log import EventLog, Note


def select_cases(log: EventLog, keep: npt.NDArray[np.bool_], note: Note | str) -> EventLog:
    """Return the log of the cases marked in ``keep`` (one boolean per case, in the log's order).

    Examples
    --------
    >>> import pandas as pd
    >>> from flowaudit.eventlog import from_frame
    >>> log = from_frame(pd.DataFrame({"case_id": ["1", "2"], "activity": "受理", "end": pd.Timestamp("2024-01-02")}))
    >>> select_cases(log, np.array([False, True]), "only case 2").case_ids
    ['2']
    """
    kept = {c for c, k in zip(log.case_ids, keep, strict=True) if k}
    tables = {n: t[t["case_id"].isin(kept)] if "case_id" in t else t for n, t in log.tables.items()}
    chosen = log.with_events(log.events.filter(pa.array(keep[log.case_index])), note=note)
    return replace(chosen, tables=tables)
