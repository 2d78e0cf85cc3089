"""What happened, written down as the tables of a log; nothing after the cut-off is known."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from restaurant_model.tables import COLUMNS as RESTAURANT_COLUMNS

from bundle_model.guide import Guide, Item, Row, Step

TABLES = ("bundles", "cases", "events", "e2o", "material_instances", "visits", "special_episodes")
COLUMNS = {name: RESTAURANT_COLUMNS[name] for name in TABLES}
"""The same tables and columns as those of ``restaurant/``."""

APPLICANT = "申请人"
OFFICERS = 3
TIMES = ("apply_time", "accept_time", "decide_time", "finish_time", "deliver_time")


@dataclass
class Bundle:
    """One application for the one-thing, and what it was planned to show."""

    number: int
    district: str
    channel: str
    marks: set[str] = field(default_factory=set)
    """What was planted in it."""
    days: int | None = None
    """Working days it was planned to take, None where it is broken off."""

    @property
    def bundle_id(self) -> str:
        return f"B{self.number:04d}"

    @property
    def applicant_id(self) -> str:
        return f"A{self.number:05d}"

    def case(self, item: str) -> str:
        return f"{self.bundle_id}-{item}"


class Book:
    """Collects what happens, in any order, and gives the tables of what had happened by the cut-off."""

    def __init__(self, guide: Guide, cut_off: datetime, chance: random.Random) -> None:
        self.guide, self.cut_off, self.chance = guide, cut_off, chance
        self.bundles: list[Bundle] = []
        self._events: list[Row] = []
        self._visits: list[Row] = []
        self._cases: dict[str, Row] = {}
        self._papers: list[Row] = []
        self._episodes: list[Row] = []
        self._ends: dict[str, datetime] = {}

    def open(self, bundle: Bundle) -> None:
        """Begin a bundle."""
        self.bundles.append(bundle)

    def closed(self) -> list[Bundle]:
        """Return the bundles that came to their end before the cut-off."""
        return [b for b in self.bundles if self._ends[b.bundle_id] <= self.cut_off]

    def apply(self, bundle: Bundle, item: Item, when: datetime, delivery: str = "快递") -> None:
        """Open the case of an item."""
        self._cases[bundle.case(item.code)] = {
            "case_id": bundle.case(item.code), "bundle_id": bundle.bundle_id, "item_code": item.code, "variant_code": "",
            "applicant_id": bundle.applicant_id, "applicant_type": "自然人", "district": bundle.district,
            "channel": bundle.channel, "apply_time": when, "accept_time": None, "decide_time": None, "finish_time": None,
            "deliver_time": None, "result": "准予", "promised_days": item.promised, "promised_unit": "工作日",
            "statutory_days": item.statutory, "statutory_unit": "工作日", "is_commitment": False, "is_tolerant": False,
            "is_auto": any(s.by == "system" for s in item.steps), "delivery_mode": delivery,
        }  # fmt: skip

    def mark(self, bundle: Bundle, item: Item, **values: object) -> None:
        """Complete the case of an item."""
        self._cases[bundle.case(item.code)].update(values)

    def visit(self, bundle: Bundle, site: str, called: datetime, purpose: str, minutes: int = 25) -> Row:
        """Let the applicant come to a site."""
        row: Row = {
            "visit_id": "", "applicant_id": bundle.applicant_id, "bundle_id": bundle.bundle_id, "site": site,
            "date": f"{called:%Y-%m-%d}", "ticket_time": called - timedelta(minutes=self.chance.randint(3, 25)),
            "called_time": called, "left_time": called + timedelta(minutes=minutes), "purpose": purpose,
            "outcome": "progress",
        }  # fmt: skip
        self._visits.append(row)
        return row

    def event(
        self, bundle: Bundle, items: Sequence[Item], step: Step, when: datetime, minutes: int, *, result: str = "",
        visit: Row | None = None,
    ) -> Row:  # fmt: skip
        """Write down a step: one event, however many items it serves."""
        alone = items[0] if len(items) == 1 else None
        applicant, system = step.by == "applicant", step.by == "system"
        department, office = items[0].place(step)
        prefix = items[0].prefix if step.place is None else "ZC"
        end = when + timedelta(minutes=minutes)
        resource = "" if applicant or system else f"{prefix}-{self.chance.randint(1, OFFICERS):02d}"
        row: Row = {
            "event_id": "", "activity": step.name, "stage": step.stage, "item_code": alone.code if alone else "",
            "department": APPLICANT if applicant else department, "office": "" if applicant or system else office,
            "level": None if applicant else step.level, "resource": resource, "arrive": None, "start": when, "end": end,
            "result": result, "opinion": "", "is_auto": system, "system": "一件事平台" if self.guide.form else "",
            "location": visit["site"] if visit else "", "visit_id": visit,
            "cases": [bundle.case(i.code) for i in items],
        }  # fmt: skip
        self._events.append(row)
        known = self._ends.get(bundle.bundle_id, end)
        self._ends[bundle.bundle_id] = max(known, end)
        return row

    def paper(
        self, bundle: Bundle, item: Item, kind: str, source: str, event: Row, rejected: str = "", mode: str = ""
    ) -> None:
        """Let a material come to a case with an event."""
        kinds = [k for k, _source in item.papers]
        code = f"{item.code}{kinds.index(kind) + 1:02d}" if kind in kinds else ""
        self._papers.append({
            "inst_id": "", "case_id": bundle.case(item.code), "event_id": event, "material_code": code,
            "canonical_id": kind, "copies": 1 if source == "applicant" else 0, "form": "纸质" if mode == "纸质收取" else "电子",
            "collect_mode": mode or ("附件上传" if source == "applicant" else "共享获取"), "submit_time": event["end"],
            "accepted": not rejected, "reject_reason": rejected, "source": source,
        })  # fmt: skip

    def episode(
        self,
        bundle: Bundle,
        item: Item,
        kind: str,
        start: datetime,
        end: datetime,
        reason: str,
        counts: bool,
        days: int | None = None,
    ) -> None:
        """Let a special procedure run."""
        self._episodes.append({
            "case_id": bundle.case(item.code), "type": kind, "start": start, "end": end, "reason": reason,
            "counts_in_clock": counts, "extension_days": days,
        })  # fmt: skip

    def tables(self) -> dict[str, list[Row]]:
        """Return the tables, ids given in the order of time."""
        cut = self.cut_off
        cases = [row for row in self._cases.values() if _time(row, "apply_time") <= cut]
        begun = {str(row["case_id"]) for row in cases}
        visits = sorted(
            (v for v in self._visits if _time(v, "left_time") <= cut), key=lambda v: (v["ticket_time"], v["bundle_id"])
        )
        for n, visit in enumerate(visits, 1):
            visit["visit_id"] = f"v{n:05d}"
        events = sorted(
            (e for e in self._events if _time(e, "end") <= cut), key=lambda e: (e["start"], e["end"], e["cases"])
        )
        for n, event in enumerate(events, 1):
            event["event_id"] = f"e{n:05d}"
        papers = [p for p in self._papers if _time(p, "submit_time") <= cut]
        papers.sort(key=lambda p: (p["submit_time"], p["case_id"], p["material_code"]))
        return {
            "bundles": self._bundle_rows(begun),
            "cases": [self._case_row(row) for row in cases],
            "events": [_plain({**e, "visit_id": e["visit_id"]["visit_id"] if e["visit_id"] else ""}) for e in events],
            "e2o": [
                {"event_id": e["event_id"], "object_type": "case", "object_id": case, "qualifier": "main" if n == 0 else "joint"}
                for e in events
                for n, case in enumerate(e["cases"])
                if case in begun
            ],
            "material_instances": [
                _plain({**p, "inst_id": f"m{n:05d}", "event_id": p["event_id"]["event_id"]})
                for n, p in enumerate(papers, 1)
            ],
            "visits": [_plain(v) for v in visits],
            "special_episodes": [self._episode_row(x) for x in self._episodes if _time(x, "start") <= cut],
        }  # fmt: skip

    def _bundle_rows(self, begun: set[str]) -> list[Row]:
        done = {b.bundle_id for b in self.closed()}
        first: dict[str, datetime] = {}
        for event in self._events:
            bundle = str(event["cases"][0])[:-3]
            first[bundle] = min(first.get(bundle, _time(event, "start")), _time(event, "start"))
        some = {case[:-3] for case in begun}
        return [
            _plain({
                "bundle_id": b.bundle_id, "one_thing_code": self.guide.code, "applicant_id": b.applicant_id,
                "applicant_type": "自然人", "district": b.district, "channel": b.channel, "first_time": first[b.bundle_id],
                "last_time": self._ends[b.bundle_id] if b.bundle_id in done else None,
            })
            for b in self.bundles
            if b.bundle_id in some
        ]  # fmt: skip

    def _case_row(self, row: Row) -> Row:
        known = {c: row[c] if isinstance(row[c], datetime) and _time(row, c) <= self.cut_off else None for c in TIMES}
        return _plain({**row, **known, "result": row["result"] if known["decide_time"] or known["finish_time"] else ""})

    def _episode_row(self, row: Row) -> Row:
        return _plain({**row, "end": row["end"] if _time(row, "end") <= self.cut_off else None})


def _time(row: Row, column: str) -> datetime:
    value = row[column]
    assert isinstance(value, datetime)
    return value


def _plain(row: Row) -> Row:
    return {k: f"{v:%Y-%m-%d %H:%M:%S}" if isinstance(v, datetime) else v for k, v in row.items()}
