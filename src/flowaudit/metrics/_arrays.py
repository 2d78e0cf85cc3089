"""Small array helpers of this room: masks, distinct counts, unions of day sets."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from flowaudit.eventlog import APPLICANT, EventLog

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Stamps = npt.NDArray[np.datetime64]

_LIMIT = 2**62


def codes(log: EventLog, column: str, rows: Ints | None = None) -> Ints:
    """Return the codes of a text column, of all rows or some, -1 everywhere where the log lacks it."""
    if not log.has(column):
        return np.full(len(log.events) if rows is None else len(rows), -1, np.int64)
    found = log.codes(column)[0]
    return (found if rows is None else found[rows]).astype(np.int64)


def among(log: EventLog, column: str, *values: str) -> Bools:
    """Mark the rows whose column holds one of the values."""
    if not log.has(column):
        return np.zeros(len(log.events), np.bool_)
    found, labels = log.codes(column)
    # A missing value is -1, the last place of the table.
    wanted = np.array([label in values for label in labels] + [False], np.bool_)
    return wanted[found]


def automatic(log: EventLog) -> Bools:
    """Mark the events no person handled (unknown: handled by a person)."""
    if not log.has("is_auto"):
        return np.zeros(len(log.events), np.bool_)
    column = log.events["is_auto"]
    if str(column.type) == "bool":
        return np.asarray(column.fill_null(False).to_numpy(zero_copy_only=False), np.bool_)
    return np.asarray(column.to_pandas().astype("string").str.casefold().isin(["true", "1", "是"]), np.bool_)


def combine(*keys: Ints) -> Ints:
    """Return one key that is equal exactly where all keys are (each >= -1)."""
    out = np.zeros(len(keys[0]), np.int64)
    size = 1
    for key in keys:
        width = int(key.max(initial=-1)) + 2
        if size * width > _LIMIT:
            out = pd.factorize(out)[0].astype(np.int64)
            size = int(out.max(initial=0)) + 1
        out *= width
        out += key
        out += 1
        size *= width
    return out


def first_of(key: Ints) -> Bools:
    """Mark the first row of each key."""
    return ~pd.Series(key).duplicated().to_numpy()


def like(key: Ints, mask: Bools) -> Bools:
    """Mark the rows whose key (none negative) is that of a marked row."""
    if int(key.max(initial=0)) > 8 * len(key) + 100_000:
        key = pd.factorize(key)[0]
    there = np.zeros(int(key.max(initial=0)) + 1, np.bool_)
    there[key[mask]] = True
    return there[key]


def count_distinct(n_cases: int, case: Ints, *keys: Ints) -> Floats:
    """Count distinct combinations of the keys in each case."""
    return np.bincount(case[first_of(combine(case, *keys))], minlength=n_cases).astype(float)


def positions(log: EventLog, case_ids: pd.Series) -> Ints:
    """Return the position of each case in ``log.case_ids``, -1 for a case the log does not have."""
    if isinstance(case_ids.dtype, pd.StringDtype):
        known = pa.array(log.case_axis)
        found = pc.index_in(pa.array(case_ids).cast(known.type), value_set=known)
        return np.asarray(found.fill_null(-1).to_numpy(zero_copy_only=False), np.int64)
    return np.asarray(pd.Index(log.case_ids).get_indexer(pd.Index(case_ids)), np.int64)


def by_word(column: pd.Series, of: Callable[[pd.Series], pd.Series]) -> pd.Series:
    """Return ``of(column)``, worked out once for each distinct value: side tables hold few words many times over."""
    code, words = pd.factorize(column, use_na_sentinel=False)
    found: pd.Series = of(pd.Series(words, dtype=column.dtype)).take(code).set_axis(column.index)
    return found


def any_by_case(log: EventLog, mask: Bools) -> Bools:
    """Mark the cases with at least one marked event."""
    return np.bincount(log.case_index[mask], minlength=log.n_cases) > 0


def begin(log: EventLog) -> Stamps:
    """Return when each event began: its start where recorded, else its end."""
    end = log.stamps("end")
    return np.fmin(log.stamps("start"), end) if log.has("start") else end


def earliest(log: EventLog, stamps: Stamps, mask: Bools) -> Stamps:
    """Return the earliest marked stamp of each case, NaT where there is none."""
    chosen: Stamps = np.where(mask, stamps, np.datetime64("NaT", "us"))
    return np.asarray(np.fmin.reduceat(chosen, log.case_ptr[:-1]))


def latest(log: EventLog, stamps: Stamps, mask: Bools) -> Stamps:
    """Return the latest marked stamp of each case, NaT where there is none."""
    chosen: Stamps = np.where(mask, stamps, np.datetime64("NaT", "us"))
    return np.asarray(np.fmax.reduceat(chosen, log.case_ptr[:-1]))


def times(column: pd.Series) -> Stamps:
    """Return a time column of a side table, which may still be ISO text."""
    return np.asarray(pd.to_datetime(column, format="ISO8601", errors="coerce").to_numpy("datetime64[us]"))


def days_of(stamps: Stamps) -> Ints:
    """Return the day numbers of stamps without gaps."""
    return stamps.astype("datetime64[D]").astype(np.int64)


def merge_intervals(group: Ints, a: Ints, b: Ints) -> tuple[Ints, Ints, Ints]:
    """Merge the half-open intervals (a, b] of each group; touching ones become one, empty ones vanish."""
    keep = b > a
    group, a, b = group[keep], a[keep], b[keep]
    if not len(a):
        return group, a, b
    order = np.lexsort((b, a, group))
    group, a, b = group[order], a[order], b[order]
    # One running maximum serves all groups: a later group's days are lifted above every day of an earlier one.
    low = int(a.min())
    lift = group * (int(b.max()) - low + 1) - low
    reach = np.maximum.accumulate(b + lift)
    opens = np.r_[True, (group[1:] != group[:-1]) | (a[1:] + lift[1:] > reach[:-1])]
    last = np.r_[np.flatnonzero(opens)[1:] - 1, len(a) - 1]
    return group[opens], a[opens], reach[last] - lift[last]


def subtract_intervals(a: Ints, b: Ints, group: Ints, s: Ints, e: Ints) -> tuple[Ints, Ints, Ints]:
    """Take from each interval i = (a[i], b[i]] the intervals (s, e] whose ``group`` is i; return the pieces."""
    s, e = np.maximum(s, a[group]), np.minimum(e, b[group])
    group, s, e = merge_intervals(group, s, e)
    owner = np.r_[np.arange(len(a)), group]
    left, right = np.r_[a, e], np.r_[s, b]
    by_left = np.lexsort((left, owner))
    by_right = np.lexsort((right, np.r_[group, np.arange(len(a))]))
    return owner[by_left], left[by_left], right[by_right]


def covered(n: int, group: Ints, a: Floats, b: Floats) -> Floats:
    """Return the length of the union of the intervals (a, b] of each of n groups; NaN bounds make no interval."""
    known = b > a
    group, low, high = merge_intervals(group[known], a[known].astype(np.int64), b[known].astype(np.int64))
    return np.bincount(group, weights=high - low, minlength=n).astype(float)


def office_work(log: EventLog) -> Bools:
    """Mark what people of the offices do: not the applicant's steps, notices, archiving or automatic ones.

    A row that records a special procedure (特别程序) is none either: nobody works on a case that is suspended.
    """
    off = among(log, "department", APPLICANT) | among(log, "stage", "notify", "archive")
    return ~off & ~automatic(log) & (codes(log, "special_type") < 0)


def tells(log: EventLog, table: pd.DataFrame | None, *columns: str) -> bool:
    """Say whether a side table tells what is counted: it has the columns, and the first of them is known somewhere.

    An empty table of a simulated log tells that there was nothing; that of a recorded one may only not have been filled.
    """
    if table is None or not set(columns) <= set(table.columns):
        return False
    return bool(table[columns[0]].notna().any()) or (log.provenance.source == "simulated" and table.empty)
