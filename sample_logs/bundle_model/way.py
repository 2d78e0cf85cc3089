"""One applicant's way: when the steps of a guide fall, within a day and from day to day."""

from __future__ import annotations

import random
from datetime import datetime

from bundle_model.book import Book, Bundle
from bundle_model.days import Days
from bundle_model.guide import Item, Row, Step

MINUTE = {
    "apply": 545, "accept": 610, "inspect": 815, "review": 835, "check": 860, "pay": 885, "decide": 905, "produce": 930,
    "deliver": 960,
}  # fmt: skip
"""Minute of the day at which a step is begun: within one day the steps of a case always keep this order."""
EARLY_REPLY, EARLY_NOTICE, LATE_NOTICE, LATE_REPLY = 560, 590, 640, 650
DISTRICTS = {"甲区": 0.45, "乙区": 0.35, "丙县": 0.20}
NOTICE, REPLY = Step("补正告知", "correction"), Step("补正提交", "correction", "applicant")


def drawn(chance: random.Random, shares: dict[int, float]) -> int:
    """Draw one of the values by their shares."""
    return chance.choices(list(shares), list(shares.values()))[0]


def new_bundle(number: int, chance: random.Random, noise: dict[str, float]) -> Bundle:
    """Return a bundle in which each noise is planted with its share."""
    district = chance.choices(list(DISTRICTS), list(DISTRICTS.values()))[0]
    marks = {name for name, share in noise.items() if chance.random() < share}
    return Bundle(number, district, "窗口" if "counter_instead_of_net" in marks else "线上", marks)


class Way:
    """Writes the steps of one bundle into the book."""

    def __init__(self, book: Book, days: Days, bundle: Bundle) -> None:
        self.book, self.days, self.bundle, self.chance = book, days, bundle, book.chance
        self.item = {i.code: i for i in book.guide.items}
        book.open(bundle)

    def at(self, rank: int, minute: int) -> datetime:
        """Return about this minute of a working day."""
        return self.days.at(rank, minute + self.chance.randint(0, 6))

    def come(self, site: str, when: datetime, purpose: str) -> Row:
        """Let the applicant come."""
        return self.book.visit(self.bundle, site, when, purpose)

    def asks(
        self, items: list[Item], stage: str, rank: int, *, when: datetime | None = None, visit: Row | None = None,
        site: str | None = None,
    ) -> Row:  # fmt: skip
        """Let the applicant take the step of a stage, at the site the guide names unless told otherwise."""
        step = items[0].step(stage, "applicant")
        when = when or self.at(rank, MINUTE[stage])
        site = step.site if site is None else site
        if site and visit is None:
            visit = self.come(site, when, {"apply": "submit", "deliver": "collect"}.get(stage, "inspect"))
        return self.book.event(self.bundle, items, step, when, self.chance.randint(3, 15), visit=visit)

    def does(self, items: list[Item], stage: str, rank: int, result: str = "通过", minute: int | None = None) -> Row:
        """Let the office (or its system) take the step of a stage."""
        by = "office" if any(s.stage == stage and s.by == "office" for s in items[0].steps) else "system"
        work = self.chance.randint(3, 14) if by == "office" else 0
        when = self.at(rank, MINUTE[stage] if minute is None else minute)
        return self.book.event(self.bundle, items, items[0].step(stage, by), when, work, result=result)

    def correct(self, item: Item, notice: int, reply: int, *, early: bool, site: str = "") -> tuple[Row, Row]:
        """Let an office ask for a better paper on one day and the applicant hand it in on another."""
        asked = self.book.event(
            self.bundle, [item], NOTICE, self.at(notice, EARLY_NOTICE if early else LATE_NOTICE), 5, result="补正"
        )
        when = self.at(reply, EARLY_REPLY if early else LATE_REPLY)
        visit = self.come(site, when, "correct") if site else None
        return asked, self.book.event(self.bundle, [item], REPLY, when, 8, visit=visit)
