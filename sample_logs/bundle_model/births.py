"""Births before and after the reform: what happens to some 300 families, day by day."""

from __future__ import annotations

import random
from datetime import date, datetime

from bundle_model import newborn
from bundle_model.book import Book, Bundle
from bundle_model.days import Days
from bundle_model.guide import Row, Step
from bundle_model.way import LATE_REPLY, MINUTE, NOTICE, REPLY, Way, drawn, new_bundle

CHAIN = ("SY", "CS", "HK", "YB", "SB")
"""The items that wait for each other before the reform; YF and YE run beside the last three."""
TIMES_BEFORE = {
    **dict.fromkeys(range(26, 32), 0.045), 32: 0.43, **dict.fromkeys(range(33, 39), 0.035),
    **dict.fromkeys(range(39, 46), 0.0129),
}  # fmt: skip
"""Working days from the first application to the last result: the sourced total in the middle, the spread made up."""
TIMES_AFTER = {3: 0.08, 4: 0.15, 5: 0.52, 6: 0.13, 7: 0.07, 8: 0.03, 10: 0.02}
NOISE_BEFORE = {
    "counter_instead_of_net": 0.16, "correction": 0.12, "collected_at_counter": 0.07, "no_guidance": 0.06,
    "one_more_paper": 0.06, "one_paper_by_elicence": 0.07, "late": 0.05, "extension": 0.02, "withdrawn": 0.01,
    "weekend": 0.12,
}  # fmt: skip
NOISE_AFTER = {
    "collected_at_counter": 0.08, "correction": 0.06, "paid_apart": 0.05, "data_not_found": 0.07, "withdrawn": 0.01,
    "weekend": 0.12,
}  # fmt: skip
"""Share of the bundles in which each happens; none of them moves a median."""
AFTER_THE_OTHER = 950
"""Minute of the day at which an item is decided that waits for another's decision of the same day."""
PAID_APART = Step("网上缴纳参保费用", "pay", "applicant")


def before(n: int, seed: int) -> Book:
    """Let n families go from door to door: one item after the other, each with its own application."""
    days, cut = Days(date(2023, 3, 1), date(2024, 6, 30)), datetime(2023, 12, 29, 17, 30)
    book = Book(newborn.BEFORE, cut, random.Random(f"before {seed}"))
    starts = sorted(book.chance.randrange(days.until(cut.date()) - 1) for _ in range(n))
    for number, start in enumerate(starts, 1):
        _before(Way(book, days, new_bundle(number, book.chance, NOISE_BEFORE)), start)
    return book


def after(n: int, seed: int) -> Book:
    """Let n families hand in one form in the hospital and come to one window."""
    days, cut = Days(date(2024, 3, 1), date(2025, 3, 31)), datetime(2024, 12, 31, 17, 30)
    book = Book(newborn.AFTER, cut, random.Random(f"after {seed}"))
    starts = sorted(book.chance.randrange(days.until(cut.date()) - 1) for _ in range(n))
    for number, start in enumerate(starts, 1):
        _after(Way(book, days, new_bundle(number, book.chance, NOISE_AFTER)), start)
    return book


class _Plan:
    """Working days of every item of the chain: until accepted, on the clock, stopped, until delivered, and the gaps."""

    def __init__(self, bundle: Bundle, chance: random.Random) -> None:
        within = chance.randint
        self.wait = {c: int(chance.random() < 0.3) for c in CHAIN}
        self.clock = {
            "SY": within(1, 3),
            "CS": within(2, 5),
            "HK": within(3, 7),
            "YB": within(3, 7),
            "SB": within(5, 10),
        }
        self.stop = dict.fromkeys(CHAIN, 0)
        self.hand = {"SY": 0, "CS": within(0, 2), "HK": within(1, 2), "YB": 0, "SB": within(1, 3)}
        self.gap = dict.fromkeys(CHAIN[1:], 1)
        self.corrected, self.early, self.reply = "", chance.random() < 0.6, within(2, 4)
        if "correction" in bundle.marks:
            self.corrected = chance.choice(("SY", "CS", "HK", "SB"))
            (self.wait if self.early else self.stop)[self.corrected] += self.reply
        if "weekend" in bundle.marks:
            self.wait["SY"] = max(1, self.wait["SY"])
        if bundle.marks & {"late", "extension"}:
            self.clock["HK"] = 7 + within(1, 3)
        fixed = "HK" if bundle.marks & {"late", "extension"} else ""
        self._fit(drawn(chance, TIMES_BEFORE), fixed, chance)

    def _fit(self, total: int, fixed: str, chance: random.Random) -> None:
        """Lengthen gaps or shorten clocks until everything together takes as long as it is to take."""
        parts = (self.wait, self.clock, self.stop, self.hand, self.gap)
        spare = total - sum(sum(part.values()) for part in parts)
        for _ in range(spare):
            self.gap[chance.choice(CHAIN[1:])] += 1
        for _ in range(-spare):
            longest = max((c for c in CHAIN if c != fixed), key=lambda c: self.clock[c])
            self.clock[longest] -= 1
        assert min(self.clock.values()) >= 1


def _before(way: Way, start: int) -> None:
    bundle, chance = way.bundle, way.chance
    if bundle.marks >= {"counter_instead_of_net", "weekend"} or way.days.rest_after(start, 0) is None:
        bundle.marks.discard("weekend")
    if "extension" in bundle.marks:
        bundle.marks.discard("late")
    plan = _Plan(bundle, chance)
    rank = start
    for code in CHAIN:
        rank += plan.gap.get(code, 0)
        ended = _item_before(way, plan, code, rank)
        if code == "HK" and "withdrawn" in bundle.marks:
            break
        rank = ended
        if code == "CS":
            _beside(way, rank)
    else:
        bundle.days = rank - start


def _item_before(way: Way, plan: _Plan, code: str, rank: int) -> int:
    """Write down one item of the chain; return the rank of the day on which its result is in the applicant's hand."""
    bundle, chance, book, item = way.bundle, way.chance, way.book, way.item[code]
    accepted = rank + plan.wait[code]
    decided = accepted + plan.clock[code] + plan.stop[code]
    delivered = decided + plan.hand[code]
    when = site = None
    if code == "SY" and "weekend" in bundle.marks:
        when = way.days.rest_after(rank, 1180)
    if code == "SY" and "counter_instead_of_net" in bundle.marks:
        site = "街道便民服务中心"
    applied = way.asks([item], "apply", rank, when=when, site=site)
    at_counter = code == "SB" and "collected_at_counter" in bundle.marks
    book.apply(bundle, item, applied["start"], "窗口" if at_counter or code in ("CS", "YF") else "快递")
    corrected = plan.corrected == code
    _hand_in(way, code, applied, "复印件不清晰" if corrected else "")
    earliest = accepted
    if corrected and plan.early:
        # What came in on a day off is looked at on the next working day.
        _notice, reply = way.correct(
            item, rank + (when is not None), rank + plan.reply, early=True, site=newborn.STATION if code == "HK" else ""
        )
        book.paper(bundle, item, item.papers[0][0], "applicant", reply)
    elif corrected:
        earliest = accepted + plan.reply
    book.mark(bundle, item, accept_time=way.does([item], "accept", accepted, "受理")["end"])
    if corrected and not plan.early:
        notice, reply = way.correct(item, accepted, earliest, early=False, site=newborn.STATION if code == "HK" else "")
        book.paper(bundle, item, item.papers[0][0], "applicant", reply)
        book.episode(
            bundle, item, "补正", notice["end"], reply["end"], "材料复印件不清晰，一次性告知补正", counts=False
        )
    if code == "HK" and "withdrawn" in bundle.marks:
        ended = way.does([item], "decide", decided, "撤回")["end"]
        book.mark(bundle, item, decide_time=None, finish_time=ended, result="撤回")
        return decided
    if code == "HK" and "extension" in bundle.marks:
        book.episode(
            bundle, item, "延长审批", way.at(accepted + 6, 900), way.at(decided, 900), "情况复杂，经负责人批准延长", counts=True, days=5,
        )  # fmt: skip
    reviewed = chance.randint(earliest, decided)
    if code in ("CS", "SB"):
        way.asks([item], "inspect", chance.randint(earliest, reviewed))
    for stage in ("review", "check"):
        if any(s.stage == stage for s in item.steps):
            way.does([item], stage, reviewed)
    if code == "YB":
        way.asks([item], "pay", reviewed)
    ended = way.does([item], "decide", decided)["end"]
    book.mark(bundle, item, decide_time=ended, finish_time=ended)
    if any(s.stage == "produce" for s in item.steps):
        book.mark(bundle, item, finish_time=way.does([item], "produce", decided)["end"])
    if any(s.stage == "deliver" for s in item.steps):
        got = way.asks([item], "deliver", delivered, site=newborn.HALL if at_counter else None)
        book.mark(bundle, item, deliver_time=got["end"])
    return delivered


def _hand_in(way: Way, code: str, applied: Row, defect: str) -> None:
    """Let the applicant hand in what the guide asks for, some families a paper more or less."""
    bundle, book, item = way.bundle, way.book, way.item[code]
    mode = "纸质收取" if applied["visit_id"] else "附件上传"
    for n, (kind, source) in enumerate(item.papers):
        if code == "HK" and kind == "JHZ" and "one_paper_by_elicence" in bundle.marks:
            book.paper(bundle, item, kind, "elicence", applied)
        else:
            book.paper(bundle, item, kind, source, applied, defect if n == 0 else "", mode)
    if code == "CS" and "one_more_paper" in bundle.marks:
        book.paper(bundle, item, "JHZ", "applicant", applied, mode=mode)


def _beside(way: Way, rank: int) -> None:
    """Let the vaccination file and the guidance run beside the chain, once the birth certificate is there."""
    bundle, chance, book = way.bundle, way.chance, way.book
    item = way.item["YF"]
    opened = rank + chance.randint(1, 2)
    applied = way.asks([item], "apply", opened)
    book.apply(bundle, item, applied["start"], "窗口")
    book.paper(bundle, item, "CSYX", "applicant", applied)
    book.mark(bundle, item, accept_time=way.does([item], "accept", opened, "受理")["end"])
    came = opened + chance.randint(1, 5)
    seen = way.asks([item], "inspect", came)
    seen["visit_id"]["left_time"] = way.at(came, 990)
    way.does([item], "review", came)
    ended = way.does([item], "decide", came)["end"]
    got = way.asks([item], "deliver", came, visit=seen["visit_id"])
    book.mark(bundle, item, decide_time=ended, finish_time=ended, deliver_time=got["end"])
    if "no_guidance" in bundle.marks:
        return
    item = way.item["YE"]
    day = rank + chance.randint(1, 4)
    book.apply(bundle, item, way.asks([item], "apply", day)["start"], "")
    accepted, ended = (
        way.does([item], stage, day, result)["end"] for stage, result in (("accept", "受理"), ("decide", "通过"))
    )
    book.mark(bundle, item, accept_time=accepted, decide_time=ended, finish_time=ended)


def _after(way: Way, start: int) -> None:
    bundle, chance, book, item = way.bundle, way.chance, way.book, way.item
    stop = int("correction" in bundle.marks)
    total = max(drawn(chance, TIMES_AFTER), 3 + stop)
    evening = way.days.rest_after(start, 1180) if "weekend" in bundle.marks else None
    if evening is None:
        bundle.marks.discard("weekend")
    everything = list(item.values())
    at_counter = "collected_at_counter" in bundle.marks
    form = way.asks(everything, "apply", start, when=evening)
    for one in everything:
        book.apply(bundle, one, form["start"], "窗口" if at_counter else "快递")
    for code, kind, source in (("SY", "SFZ", "applicant"), ("CS", "SFZ", "reuse"), ("SB", "ZP", "merged")):
        book.paper(bundle, item[code], kind, source, form)
    taken = start + (evening is not None)
    certified = chance.randint(taken, start + 1)
    ends = _in_hospital(way, taken, certified)
    came = chance.randint(max(certified, start + total - 4 - stop), max(certified, start + total - 2 - stop))
    last = start + total
    ends |= _at_window(way, came, last - 1)
    results = [one for one in everything if one.code in ends]
    for one in results:
        book.mark(bundle, one, decide_time=ends[one.code], finish_time=ends[one.code])
    got = way.asks(results, "deliver", last, site=newborn.ONE_WINDOW if at_counter else None)
    for one in results:
        book.mark(bundle, one, deliver_time=got["end"])
    if "withdrawn" not in bundle.marks:
        bundle.days = total


def _in_hospital(way: Way, taken: int, certified: int) -> dict[str, datetime]:
    """Let the hospital's window take in its four items, which are decided on the certificate's day at the latest."""
    bundle, book, item = way.bundle, way.book, way.item
    items = [item[c] for c in ("CS", "SY", "YF", "YE")]
    accepted = way.does(items, "accept", taken, "受理")["end"]
    for one in items:
        book.mark(bundle, one, accept_time=accepted)
    way.does([item["CS"]], "check", certified)
    decided = {
        "SY": way.does([item["SY"]], "decide", way.chance.randint(taken, certified)),
        "CS": way.does([item["CS"]], "decide", certified),
        "YF": way.does([item["YF"]], "decide", certified, minute=AFTER_THE_OTHER),
        "YE": way.does([item["YE"]], "decide", certified, minute=AFTER_THE_OTHER),
    }
    way.does([item["CS"]], "produce", certified)
    book.paper(bundle, item["YF"], "CSYX", "elicence", decided["YF"])
    return {code: event["end"] for code, event in decided.items()}


def _at_window(way: Way, came: int, until: int) -> dict[str, datetime]:
    """Let the one window take in its three items on the day of the only trip; all are decided by a day."""
    bundle, chance, book, item = way.bundle, way.chance, way.book, way.item
    items = [item[c] for c in newborn.WINDOW_ITEMS]
    house = item["HK"]
    accepted = way.does(items, "accept", came, "受理")["end"]
    for one in items:
        book.mark(bundle, one, accept_time=accepted)
    seen = way.asks([house], "inspect", came)
    ready = came
    corrected = "correction" in bundle.marks
    book.paper(bundle, house, "HKB", "applicant", seen, "户口簿缺页" if corrected else "", "纸质收取")
    if corrected:
        ready += 1
        notice = book.event(bundle, [house], NOTICE, way.at(came, MINUTE["check"]), 5, result="补正")
        when = way.at(ready, LATE_REPLY)
        reply = book.event(bundle, [house], REPLY, when, 8, visit=way.come(newborn.ONE_WINDOW, when, "correct"))
        book.paper(bundle, house, "HKB", "applicant", reply, mode="纸质收取")
        book.episode(bundle, house, "补正", notice["end"], reply["end"], "户口簿缺页，一次性告知补正", counts=False)
    registered = chance.randint(ready, min(ready + 1, until))
    if "withdrawn" in bundle.marks:
        ended = way.does([house], "decide", registered, "撤回")["end"]
        for one in items:
            book.mark(bundle, one, finish_time=ended, result="撤回")
        return {}
    way.does([house], "review", registered)
    decided = {"HK": way.does([house], "decide", registered)}
    way.does([house], "produce", registered)
    if "paid_apart" in bundle.marks:
        book.event(bundle, [item["YB"]], PAID_APART, way.at(registered, MINUTE["pay"]), 5)
    decided["YB"] = way.does([item["YB"]], "decide", registered, minute=AFTER_THE_OTHER)
    made = chance.randint(registered, min(registered + 1, until))
    decided["SB"] = way.does([item["SB"]], "decide", made, minute=AFTER_THE_OTHER)
    way.does([item["SB"]], "produce", made, minute=AFTER_THE_OTHER + 25)
    marriage = "applicant" if "data_not_found" in bundle.marks else "data"
    for code, kind, source in (
        ("HK", "CSYX", "elicence"), ("HK", "JHZ", marriage), ("YB", "HKY", "data"), ("SB", "HKY", "data"),
    ):  # fmt: skip
        book.paper(bundle, item[code], kind, source, decided[code])
    return {code: event["end"] for code, event in decided.items()}
