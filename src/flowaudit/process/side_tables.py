"""What the side tables say about single steps: visits, materials, what corrections were about, special procedures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.catalogue import Catalogue
from flowaudit.eventlog import EventLog
from flowaudit.process.model import Node

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class SideTables:
    """The side tables of a log, tied to its rows.

    Attributes
    ----------
    nodes, node_of_row
        What was done in each row.
    ends : array of datetime64
    """

    log: EventLog
    nodes: Sequence[Node]
    node_of_row: Ints
    ends: npt.NDArray[np.datetime64]

    def sites(self) -> dict[int, str]:
        """Site of the visit of a row, where the log says at which visit an event happened."""
        visits = self.log.table("visits")
        if visits is None or not self.log.has("visit_id"):
            return {}
        site_of = visits.drop_duplicates("visit_id").set_index("visit_id")["site"]
        ids = self.log.events["visit_id"].to_pandas().astype("object")
        site = ids.map(site_of)
        return {int(r): str(s) for r, s in zip(np.flatnonzero(site.notna()), site[site.notna()], strict=True)}

    def trips(self) -> dict[int, list[tuple[Any, ...]]]:
        """Visits of a case that no event is tied to: (row, site, days before its end, purpose, outcome)."""
        visits = self.log.table("visits")
        found: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
        if visits is None or not {"case_id", "site", "date"} <= set(visits.columns):
            return found
        tied = set(self.log.events["visit_id"].to_pylist()) if self.log.has("visit_id") else set()
        loose = visits if "visit_id" not in visits else visits[~visits["visit_id"].isin(tied)]
        position = {c: i for i, c in enumerate(self.log.case_ids)}
        sites = self.sites()
        days = self.ends.astype("datetime64[D]")
        for record in loose.to_dict("records"):
            case, date = position.get(record["case_id"]), pd.Timestamp(record["date"])
            if case is None or pd.isna(date) or not isinstance(record["site"], str):
                continue
            day = np.datetime64(date, "D")
            rows = range(int(self.log.case_ptr[case]), int(self.log.case_ptr[case + 1]))
            # What was to be done was done at the next visit to the same place, where the log shows one.
            later = [r for r in rows if days[r] >= day]
            meant = next((r for r in later if sites.get(r) == record["site"]), later[0] if later else rows[-1])
            told = [value if isinstance(value := record.get(key), str) else None for key in ("purpose", "outcome")]
            found[case].append((meant, record["site"], max(int((days[meant] - day).astype(np.int64)), 0), *told))
        return found

    def _row_of_event(self) -> dict[Any, int]:
        if not self.log.has("event_id"):
            return {}
        return {e: r for r, e in enumerate(self.log.events["event_id"].to_pylist()) if e is not None}

    def materials(self) -> dict[int, list[tuple[Any, ...]]]:
        """Materials of a case: (row, item, canonical, source, accepted)."""
        table = self.log.table("material_instances")
        if table is None or "canonical_id" not in table:
            return {}
        position = {c: i for i, c in enumerate(self.log.case_ids)}
        row_of_event = self._row_of_event()
        found: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
        has_event = "event_id" in table
        for record in table.to_dict("records"):
            case = position.get(record["case_id"])
            if case is None or not isinstance(record["canonical_id"], str):
                continue
            row = row_of_event.get(record["event_id"]) if has_event else None
            if row is None:
                stamp = (
                    np.datetime64(pd.Timestamp(record["submit_time"]))
                    if "submit_time" in record
                    else np.datetime64("NaT")
                )
                row = self._nearest_row(case, stamp)
            item = record.get("item_code")
            accepted = record.get("accepted")
            found[case].append(
                (row, item if isinstance(item, str) else None, record["canonical_id"], str(record.get("source", "applicant")),
                 not (accepted is False or str(accepted).casefold() == "false"))
            )  # fmt: skip
        return found

    def _nearest_row(self, case: int, stamp: np.datetime64, item: str | None = None) -> int:
        first, last = int(self.log.case_ptr[case]), int(self.log.case_ptr[case + 1])
        if np.isnat(stamp):
            return first
        gap = np.abs(self.ends[first:last] - stamp).astype(np.int64)
        if item is not None:
            own = np.array([self.nodes[n].item in (item, None) for n in self.node_of_row[first:last]])
            if own.any():
                gap = np.where(own, gap, np.iinfo(np.int64).max)
        return first + int(gap.argmin())

    def causes(self) -> dict[int, tuple[str, ...]]:
        """Materials each correction event was about: those rejected in its item since the correction before."""
        table = self.log.table("material_instances")
        if (
            table is None
            or not self.log.has("stage")
            or not {"accepted", "submit_time", "canonical_id"} <= set(table.columns)
        ):
            return {}
        rejected = table[table["accepted"].astype(str).str.casefold() == "false"]
        by_item: dict[tuple[Any, Any], list[tuple[np.datetime64, str]]] = defaultdict(list)
        for record in rejected.to_dict("records"):
            item = record.get("item_code")
            by_item[record["case_id"], item if isinstance(item, str) else None].append(
                (np.datetime64(pd.Timestamp(record["submit_time"])), record["canonical_id"])
            )
        found: dict[int, tuple[str, ...]] = {}
        previous: dict[tuple[Any, Any], np.datetime64] = {}
        last_cause: dict[tuple[Any, Any], tuple[str, ...]] = {}
        corrections = np.array([n.stage == "correction" for n in self.nodes])[self.node_of_row]
        ids, case = self.log.case_ids, self.log.case_index
        for r in np.flatnonzero(corrections):
            node = self.nodes[self.node_of_row[r]]
            key = (ids[case[r]], node.item)
            if node.applicant:
                # The applicant's resubmission answers the notice before it.
                found[int(r)] = last_cause.get(key, ())
                continue
            since = previous.get(key, np.datetime64("1900-01-01"))
            cause = tuple(sorted({c for t, c in by_item.get(key, ()) if since < t <= self.ends[r]}))
            previous[key], last_cause[key] = self.ends[r], cause
            found[int(r)] = cause
        return {r: cause for r, cause in found.items() if cause}

    def episodes(self) -> dict[int, list[tuple[Any, ...]]]:
        """Special procedures of a case, tied to the steps whose ends are nearest."""
        table = self.log.table("special_episodes")
        if table is None:
            return {}
        position = {c: i for i, c in enumerate(self.log.case_ids)}
        found: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
        for record in table.to_dict("records"):
            case = position.get(record["case_id"])
            start, end = pd.Timestamp(record["start"]), pd.Timestamp(record["end"])
            if case is None or pd.isna(start) or pd.isna(end):
                continue
            item = record.get("item_code")
            item = item if isinstance(item, str) else None
            first = self._nearest_row(case, np.datetime64(start), item)
            last = self._nearest_row(case, np.datetime64(end), item)
            counts = str(record.get("counts_in_clock")).casefold() != "false"
            found[case].append((first, last, item, str(record["type"]), counts))
        return found


def item_names(nodes: Sequence[Node], catalogue: Catalogue | None) -> dict[str, str]:
    """Return the name of every item by its code."""
    codes = sorted({n.item for n in nodes if n.item})
    return {c: c if catalogue is None else catalogue.item_name(c) for c in codes}


def material_names(log: EventLog, catalogue: Catalogue | None) -> dict[str, str]:
    """Return the name of every material handed in by its canonical id."""
    table = log.table("material_instances")
    ids = set() if table is None or "canonical_id" not in table else set(table["canonical_id"].dropna())
    names: dict[str, str] = {}
    if catalogue is not None and catalogue.materials is not None:
        names = dict(zip(catalogue.materials["canonical_id"], catalogue.materials["name"], strict=True))
    return {m: names.get(m, m) for m in sorted(ids)}
