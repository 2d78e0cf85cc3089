"""Logs of an office before and after a reform, with a planted effect; working days are exact (Mondays to Fridays)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.eventlog import APPLICANT, EventLog, from_frame

MONDAY = np.datetime64("2023-01-02", "D")
WIDE = 0.6
"""Standard deviation of the logarithm of a duration."""
MEDIAN = 15.0


def durations(rng: np.random.Generator, n: int, factor: float | npt.NDArray[np.float64] = 1.0) -> npt.NDArray[np.int64]:
    """Whole working days, lognormal with median 15, times a factor."""
    return np.maximum(np.rint(factor * MEDIAN * np.exp(WIDE * rng.standard_normal(n))), 0).astype(np.int64)


def log_from(
    prefix: str,
    arrival: npt.NDArray[np.int64],
    days: npt.NDArray[np.int64],
    *,
    accepted: npt.NDArray[np.int64] | None = None,
    until: int | None = None,
    first: np.datetime64 = MONDAY,
    cases: Mapping[str, Sequence[object]] | None = None,
    tables: Mapping[str, pd.DataFrame] | None = None,
) -> EventLog:
    """One case per number: application on working day ``arrival``, acceptance, decision ``days`` working days later.

    ``accepted`` counts from the application (default: the same day); what happens after working day ``until`` is not in
    the log, nor are cases that arrive later.
    """
    accepted = np.zeros(len(arrival), np.int64) if accepted is None else np.minimum(accepted, days)
    names = np.array([f"{prefix}{k:05}" for k in range(len(arrival))], object)
    parts = []
    for activity, department, stage, when, hour in (
        ("申请", APPLICANT, "apply", arrival, 9), ("受理", "窗口", "accept", arrival + accepted, 10), ("决定", "甲局", "decide", arrival + days, 16),
    ):  # fmt: skip
        stamp = np.busday_offset(first, when).astype("datetime64[us]") + np.timedelta64(hour, "h")
        parts.append(
            pd.DataFrame({"case_id": names, "activity": activity, "department": department, "stage": stage, "end": stamp, "at": when})
        )  # fmt: skip
    frame = pd.concat(parts, ignore_index=True)
    seen = np.ones(len(arrival), np.bool_)
    if until is not None:
        frame = frame[frame["at"] <= until]
        seen = arrival <= until
    told = {} if cases is None else {"cases": pd.DataFrame({"case_id": names, **cases})[seen]}
    return from_frame(frame.drop(columns="at"), tables={**told, **(tables or {})})


def office(
    seed: int,
    *,
    n: int = 250,
    factor: float = 1.0,
    period: int = 200,
    young: bool = False,
    prefix: str = "",
    start: int = 0,
) -> EventLog:
    """A log of ``n`` cases that arrive over ``period`` working days from working day ``start`` on.

    ``young``: it ends with the last arrival, so that many cases are open; else it was followed to the end.
    """
    rng = np.random.default_rng(seed)
    arrival = np.sort(rng.integers(start, start + period, n))
    days = durations(rng, n, factor)
    return log_from(prefix or f"s{start}-", arrival, days, until=start + period if young else None)
