"""The performance spectrum: every passage of a segment with its own two moments, and what they show side by side."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.errors import UsageError, nearest
from flowaudit.eventlog import EventLog
from flowaudit.messages import Language
from flowaudit.messages import translate as _

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Stamps = npt.NDArray[np.datetime64]
Kind = Literal["waiting", "handover"]

_HOUR_US = 3_600_000_000


@dataclass(frozen=True, eq=False)
class Spectrum:
    """All passages of one segment, from an activity to the one that directly follows it.

    Attributes
    ----------
    source, target : str
    pairs : pd.DataFrame
        ``case_id, left`` (end of the source), ``entered`` (start of the target where recorded, else its end), in order
        of ``left``. A passage of which one stamp is missing is not in it.
    overtaking : float
        Pairs of passages of which the later left entered earlier, of all pairs; ties overtake nobody. 0 where the
        segment is first come, first served; NaN with fewer than two passages.
    batch_end_share : float
        Passages that entered at the same moment as another one that had left at another: batching at the end. NaN
        without any passage.
    batch_start_share : float
        Passages that left at the same moment as another one that entered at another: batching at the start.
    kind : {"waiting", "handover"}
        Whether ``entered`` is a start, or an end for want of start times.

    References
    ----------
    Denisov, Fahland, van der Aalst. Unbiased, fine-grained description of processes performance from event data, BPM
    2018, doi 10.1007/978-3-319-98648-7_9.
    """

    source: str
    target: str
    pairs: pd.DataFrame
    overtaking: float
    batch_end_share: float
    batch_start_share: float
    kind: Kind

    @property
    def hours(self) -> Floats:
        """Calendar hours of every passage; negative where the target began before the source ended."""
        span = self.pairs["entered"].to_numpy() - self.pairs["left"].to_numpy()
        found: Floats = span.astype("timedelta64[us]").astype(np.float64) / _HOUR_US
        return found

    def measured(self, lang: Language | None = None) -> str:
        """Return in words what the time of a passage is made of."""
        if self.kind == "waiting":
            return _("waiting: from the end of the source to the start of the target", lang=lang)
        return _("handover time: from the end of the source to the end of the target, starts not recorded", lang=lang)

    def _repr_html_(self) -> str:
        hours = self.hours
        median, p90 = np.quantile(hours, (0.5, 0.9)) if len(hours) else (np.nan, np.nan)
        rows = [
            (_("Segment"), f"{self.source} → {self.target}"),
            (_("Passages"), f"{len(hours):,}"),
            (_("Time measured"), self.measured()),
            (_("Median, hours"), _shown(median, ",.1f")),
            (_("90th percentile, hours"), _shown(p90, ",.1f")),
            (_("Overtaking"), _shown(self.overtaking, ".1%")),
            (_("Batched at the end"), _shown(self.batch_end_share, ".1%")),
            (_("Batched at the start"), _shown(self.batch_start_share, ".1%")),
        ]
        body = "".join(f"<tr><th>{html.escape(k)}</th><td>{html.escape(v)}</td></tr>" for k, v in rows)
        return f"<table>{body}</table>"


def _shown(value: float, how: str) -> str:
    return "—" if np.isnan(value) else format(value, how)


def spectrum(log: EventLog, source: str, target: str) -> Spectrum:
    """Take one segment apart: when every case left the source and entered the target that directly follows it.

    Parameters
    ----------
    log : EventLog
    source, target : str
        Activities.

    Returns
    -------
    Spectrum
        Without passages where the target never directly follows the source.

    Raises
    ------
    UsageError
        If the log has no such activity.

    Notes
    -----
    "The same moment" is the same stamp: in a log of dates everything of one day is a batch.

    References
    ----------
    Denisov, Fahland, van der Aalst. Unbiased, fine-grained description of processes performance from event data, BPM
    2018, doi 10.1007/978-3-319-98648-7_9.

    Examples
    --------
    >>> from flowaudit.eventlog import from_frame
    >>> log = from_frame(pd.DataFrame({"case_id": list("1122"), "activity": list("ABAB"),
    ...     "end": pd.to_datetime(["2024-01-02 09:00", "2024-01-02 12:00", "2024-01-02 10:00", "2024-01-02 11:00"])}))
    >>> spectrum(log, "A", "B").overtaking
    1.0
    """
    a, b = (_code(log, name) for name in (source, target))
    codes = log.codes("activity")[0]
    rows = np.flatnonzero((codes[1:] == b) & (codes[:-1] == a) & _inside(log)) + 1
    left, entered = _moments(log, rows)
    known = ~np.isnat(left) & ~np.isnat(entered)
    rows, left, entered = rows[known], left[known], entered[known]
    order = np.lexsort((entered.view(np.int64), left.view(np.int64)))
    overtaking, batch_end, batch_start = _figures(np.zeros(len(rows), np.int64), 1, left, entered)
    pairs = pd.DataFrame(
        {"case_id": log.case_axis.take(log.case_index[rows[order]]), "left": left[order], "entered": entered[order]}
    )
    return Spectrum(source, target, pairs, float(overtaking[0]), float(batch_end[0]), float(batch_start[0]), _kind(log))


def spectra(log: EventLog, min_cases: int = 30) -> pd.DataFrame:
    """Sum up the performance spectrum of every segment of the log.

    Parameters
    ----------
    log : EventLog
    min_cases : int
        Passages from which a segment is listed.

    Returns
    -------
    pd.DataFrame
        ``source, target, frequency`` (passages both of whose stamps are recorded), ``cases, overtaking,
        batch_end_share, batch_start_share, median_h, p90_h`` (see :class:`Spectrum`), ``kind``; the segment that takes
        most time in all first.

    Examples
    --------
    >>> from flowaudit.eventlog import from_frame
    >>> log = from_frame(pd.DataFrame({"case_id": list("1122"), "activity": list("ABAB"),
    ...     "end": pd.to_datetime(["2024-01-02 09:00", "2024-01-02 12:00", "2024-01-02 10:00", "2024-01-02 12:00"])}))
    >>> spectra(log, 2)[["source", "target", "frequency", "batch_end_share", "median_h"]].values.tolist()
    [['A', 'B', 2, 1.0, 2.5]]
    """
    labels = log.labels("activity") if len(log.events) else []
    codes = log.codes("activity")[0].astype(np.int64)
    rows = np.flatnonzero(_inside(log) & (codes[1:] >= 0) & (codes[:-1] >= 0)) + 1
    keys, edge = np.unique(codes[rows - 1] * len(labels) + codes[rows], return_inverse=True)
    enough = np.bincount(edge, minlength=len(keys)) >= min_cases
    rows, edge = rows[enough[edge]], edge[enough[edge]]
    left, entered = _moments(log, rows)
    known = ~np.isnat(left) & ~np.isnat(entered)
    enough = np.bincount(edge[known], minlength=len(keys)) >= max(min_cases, 1)
    known &= enough[edge]
    number = np.cumsum(enough) - 1
    rows, edge, left, entered = rows[known], number[edge[known]], left[known], entered[known]
    keys = keys[enough]
    n = len(keys)
    counts = np.bincount(edge, minlength=n)
    case = log.case_index[rows]
    # Rows come case by case: after a stable sort by segment, the passages of one case lie side by side.
    order = np.argsort(edge, kind="stable")
    fresh = np.r_[True, (edge[order][1:] != edge[order][:-1]) | (case[order][1:] != case[order][:-1])][: len(order)]
    hours = (entered - left).astype("timedelta64[us]").astype(np.float64) / _HOUR_US
    median, p90 = _quantiles(edge, counts, hours, (0.5, 0.9))
    overtaking, batch_end, batch_start = _figures(edge, n, left, entered)
    total = np.bincount(edge, weights=hours, minlength=n)
    frame = pd.DataFrame(
        {
            "source": [labels[key // len(labels)] for key in keys.tolist()],
            "target": [labels[key % len(labels)] for key in keys.tolist()],
            "frequency": counts,
            "cases": np.bincount(edge[order][fresh], minlength=n),
            "overtaking": overtaking,
            "batch_end_share": batch_end,
            "batch_start_share": batch_start,
            "median_h": median,
            "p90_h": p90,
            "kind": _kind(log),
        }
    )
    return frame.iloc[np.lexsort((keys, -total))].reset_index(drop=True)


def _code(log: EventLog, name: str) -> int:
    labels = log.labels("activity") if len(log.events) else []
    if name not in labels:
        near = nearest(name, labels)
        words = ", ".join(f"'{label}'" for label in near)
        raise UsageError(
            _("there is no activity '{name}' in this log.", name=name),
            hint=_("did you mean {names}?", names=words) if near else _("log.activities lists them."),
        )
    return labels.index(name)


def _kind(log: EventLog) -> Kind:
    return "waiting" if log.has("start") else "handover"


def _inside(log: EventLog) -> npt.NDArray[np.bool_]:
    """Mark the rows but the first of the log that have one of the same case before them."""
    inside = np.ones(len(log.events), np.bool_)
    inside[log.case_ptr[:-1]] = False
    return inside[1:]


def _moments(log: EventLog, rows: Ints) -> tuple[Stamps, Stamps]:
    """Return the end of the event before each row, and when the row's own began (ended, where that is unknown)."""
    end = log.stamps("end")
    entered = end[rows]
    if log.has("start"):
        start = log.stamps("start")[rows]
        entered = np.where(np.isnat(start), entered, start)
    return end[rows - 1], entered


def _figures(edge: Ints, n: int, left: Stamps, entered: Stamps) -> tuple[Floats, Floats, Floats]:
    """Return the overtaking rate and the two shares of batching of every segment."""
    from flowaudit.flow import _kernels_spectrum as kernels

    a, b = left.view(np.int64), entered.view(np.int64)
    counts = np.bincount(edge, minlength=n)
    ptr = np.r_[0, np.cumsum(counts)].astype(np.int64)
    order = np.lexsort((b, a, edge))
    inverted = np.zeros(n, np.int64)
    kernels.inversions(ptr, b[order], inverted)
    pairs = counts * (counts - 1.0) / 2
    overtaking = np.divide(inverted, pairs, out=np.full(n, np.nan), where=pairs > 0)
    start = _mixed(edge[order], counts, a[order], b[order])
    order = np.lexsort((a, b, edge))
    return overtaking, _mixed(edge[order], counts, b[order], a[order]), start


def _mixed(edge: Ints, counts: Ints, same: Ints, other: Ints) -> Floats:
    """Return the share of passages that have one stamp in common with a passage of which the other differs.

    All are sorted by segment, then by the stamp in common, then by the other.
    """
    if not len(edge):
        return np.full(len(counts), np.nan)
    begins = np.flatnonzero(np.r_[True, (edge[1:] != edge[:-1]) | (same[1:] != same[:-1])])
    ends = np.r_[begins[1:], len(edge)]
    batched = np.where(other[begins] != other[ends - 1], ends - begins, 0)
    return np.bincount(edge[begins], weights=batched, minlength=len(counts)) / counts


def _quantiles(edge: Ints, counts: Ints, values: Floats, qs: tuple[float, ...]) -> list[Floats]:
    """Return quantiles (linear, as NumPy's) of the values of every segment; none is empty."""
    ordered = values[np.lexsort((values, edge))]
    first = np.cumsum(counts) - counts
    found = []
    for q in qs:
        place = q * (counts - 1)
        low = np.floor(place).astype(np.int64)
        a, b = ordered[first + low], ordered[first + np.minimum(low + 1, counts - 1)]
        found.append(a + (place - low) * (b - a))
    return found
