"""Retirements of one year: until 30 June the applicant carries the result from one office to the next, then it is pushed."""

from __future__ import annotations

import random
from datetime import date, datetime
from typing import Any

from bundle_model import pension
from bundle_model.book import Book
from bundle_model.days import Days
from bundle_model.way import Way, new_bundle

PUSHED_FROM = date(2024, 7, 1)
NOISE = {"correction": 0.1, "premature": 0.12}
"""``premature``: withdraws before the retirement is approved and has to come again (only before the push)."""


def retirements(n: int, seed: int) -> Book:
    """Let n people retire."""
    days, cut = Days(date(2024, 1, 2), date(2025, 6, 30)), datetime(2024, 12, 31, 17, 30)
    book = Book(pension.GUIDE, cut, random.Random(f"retirement {seed}"))
    starts = sorted(book.chance.randrange(days.until(cut.date()) - 1) for _ in range(n))
    for number, start in enumerate(starts, 1):
        bundle = new_bundle(number, book.chance, NOISE)
        bundle.channel = "窗口"
        pushed = days.working[start] >= PUSHED_FROM
        if pushed:
            bundle.marks = (bundle.marks - {"premature"}) | {"pushed"}
        way = Way(book, days, bundle)
        bundle.days = (_pushed if pushed else _carried)(way, start) - start
    return book


def _approved(way: Way, accepted: int, papers: Any) -> int:
    """Let the retirement be accepted, corrected where that was planted, and approved; return the day."""
    book, bundle, item, chance = way.book, way.bundle, way.item["TX"], way.chance
    book.mark(bundle, item, accept_time=way.does([item], "accept", accepted, "受理")["end"])
    earliest = accepted
    correct = "correction" in bundle.marks
    for kind, source in item.papers:
        book.paper(bundle, item, kind, source, papers, "照片不合规格" if correct and kind == "ZP" else "")
    if correct:
        earliest = accepted + chance.randint(1, 4)
        notice, reply = way.correct(item, accepted, earliest, early=False)
        book.paper(bundle, item, "ZP", "applicant", reply)
        book.episode(bundle, item, "补正", notice["end"], reply["end"], "照片不合规格，一次性告知补正", counts=False)
    decided = earliest + chance.randint(4, 13)
    reviewed = chance.randint(earliest, decided)
    way.does([item], "review", reviewed)
    way.does([item], "check", chance.randint(reviewed, decided))
    ended = way.does([item], "decide", decided)["end"]
    made = way.does([item], "produce", decided)["end"]
    book.mark(bundle, item, decide_time=ended, finish_time=made)
    return decided


def _withdrawn(way: Way, accepted: int) -> int:
    """Let the savings be paid out; return the day."""
    book, bundle, item = way.book, way.bundle, way.item["GJ"]
    book.mark(bundle, item, accept_time=way.does([item], "accept", accepted, "受理")["end"])
    decided = accepted + way.chance.randint(1, 3)
    way.does([item], "review", decided)
    ended = way.does([item], "decide", decided)["end"]
    book.mark(bundle, item, decide_time=ended, finish_time=ended)
    return decided


def _carried(way: Way, start: int) -> int:
    book, bundle, chance = way.book, way.bundle, way.chance
    pension_item, fund_item = way.item["TX"], way.item["GJ"]
    applied = way.asks([pension_item], "apply", start, site=pension.PENSION_HALL)
    book.apply(bundle, pension_item, applied["start"], "窗口")
    decided = _approved(way, start + chance.randint(0, 1), applied)
    early = start + 1 if "premature" in bundle.marks else None
    if early is not None:
        fund = way.asks([fund_item], "apply", early, site=pension.FUND_HALL)
        book.apply(bundle, fund_item, fund["start"], "")
    collected = decided + chance.randint(1, 3)
    got = way.asks([pension_item], "deliver", collected, site=pension.PENSION_HALL)
    book.mark(bundle, pension_item, deliver_time=got["end"])
    came = collected + chance.randint(1, 6)
    if early is None:
        carried = fund = way.asks([fund_item], "apply", came, site=pension.FUND_HALL)
        book.apply(bundle, fund_item, fund["start"], "")
    else:
        _notice, carried = way.correct(fund_item, early, came, early=True, site=pension.FUND_HALL)
    for kind in ("SFZ", "YHK"):
        book.paper(bundle, fund_item, kind, "applicant", fund, mode="纸质收取")
    book.paper(bundle, fund_item, "TXSP", "applicant", carried, mode="纸质收取")
    return _withdrawn(way, came)


def _pushed(way: Way, start: int) -> int:
    book, bundle = way.book, way.bundle
    pension_item, fund_item = way.item["TX"], way.item["GJ"]
    applied = way.asks([pension_item, fund_item], "apply", start)
    for item in (pension_item, fund_item):
        book.apply(bundle, item, applied["start"], "快递" if item is pension_item else "")
    decided = _approved(way, start + way.chance.randint(0, 1), applied)
    book.paper(bundle, fund_item, "SFZ", "reuse", applied)
    book.paper(bundle, fund_item, "YHK", "applicant", applied, mode="纸质收取")
    sent = book.event(bundle, [fund_item], fund_item.step("notify", "system"), way.at(decided, 990), 0)
    book.paper(bundle, fund_item, "TXSP", "reuse", sent)
    got = way.asks([pension_item], "deliver", decided + way.chance.randint(1, 3))
    book.mark(bundle, pension_item, deliver_time=got["end"])
    return max(_withdrawn(way, decided + 1), way.days.working.index(got["end"].date()))
