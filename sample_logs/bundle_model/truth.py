"""What was planted in a log and what came of it, recounted from its rows."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from statistics import median
from typing import Any

from bundle_model.book import APPLICANT, Book, Bundle
from bundle_model.guide import Row, longest_path

NOTICE = "合成数据：由程序按植入的参数生成，不含任何真实办件、单位或个人信息。"


def per_bundle(book: Book, tables: dict[str, list[Row]]) -> dict[str, dict[str, int]]:
    """Return steps (A_applicant), working days, materials and trips of each closed bundle that was not broken off."""
    steps: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    trips: dict[str, set[tuple[str, str]]] = defaultdict(set)
    papers: dict[str, set[tuple[str, str]]] = defaultdict(set)
    owner = {row["event_id"]: row["object_id"][:-3] for row in tables["e2o"]}
    for event in tables["events"]:
        if event["department"] == APPLICANT and event["stage"] != "correction":
            visit = event["visit_id"]
            step = (visit, event["stage"]) if visit else ("", event["item_code"], event["activity"])
            steps[owner[event["event_id"]]].add(step)
    for visit in tables["visits"]:
        trips[visit["bundle_id"]].add((visit["site"], visit["date"]))
    for paper in tables["material_instances"]:
        if paper["source"] == "applicant":
            papers[paper["case_id"][:-3]].add((paper["case_id"], paper["canonical_id"]))
    return {
        b.bundle_id: {
            "steps": len(steps[b.bundle_id]), "time_working_days": b.days, "materials": len(papers[b.bundle_id]),
            "trips": len(trips[b.bundle_id]),
        }
        for b in book.closed()
        if b.days is not None
    }  # fmt: skip


def realised(values: Iterable[dict[str, int]]) -> dict[str, Any]:
    """Return median and distribution of each of the four."""
    rows = list(values)
    return {
        name: {"median": median(r[name] for r in rows), "bundles_by_value": _counted(r[name] for r in rows)}
        for name in ("steps", "time_working_days", "materials", "trips")
    }


def guide_totals(book: Book) -> dict[str, int]:
    """Return what the guides add up to."""
    items = book.guide.items
    asked = [(s.group or f"{i.code} {s.name}") for i in items for s in i.steps if s.by == "applicant"]
    return {
        "steps": len(set(asked)), "time_working_days": longest_path(items),
        "materials": sum(source == "applicant" for i in items for _kind, source in i.papers),
        "trips": sum(i.visits for i in items),
    }  # fmt: skip


def truth(book: Book, tables: dict[str, list[Row]], seed: int, noise: dict[str, float], **more: Any) -> dict[str, Any]:
    """Return the truth of one log."""
    closed = {b.bundle_id for b in book.closed()}
    measured = per_bundle(book, tables)
    return {
        "notice": NOTICE, "synthetic": True, "seed": seed, "cut_off": f"{book.cut_off:%Y-%m-%d %H:%M:%S}", **more,
        "counts": {name: len(rows) for name, rows in tables.items()} | {"closed_bundles": len(closed)},
        "guide": guide_totals(book),
        "planted_shares": noise,
        "planted_bundles": {mark: _marked(book.bundles, mark) for mark in noise},
        "realised_note": "closed bundles that were not broken off (withdrawn)",
        "realised": realised(measured.values()),
        "open_bundles": [b.bundle_id for b in book.bundles if b.bundle_id not in closed],
    }  # fmt: skip


def as_text(value: dict[str, Any]) -> str:
    """Return the file's text."""
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def _marked(bundles: Iterable[Bundle], mark: str) -> list[str]:
    return [b.bundle_id for b in bundles if mark in b.marks]


def _counted(values: Iterable[int]) -> dict[str, int]:
    return {str(value): n for value, n in sorted(Counter(values).items())}
