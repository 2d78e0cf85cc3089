"""Trips, online depth, channels and the kind of case: they must tell one story."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from flowaudit.catalogue.codes import fully_online
from flowaudit.catalogue.rules.guide import Found, Guide, GuideRule, number, says
from flowaudit.messages import both

_POSTAL = re.compile(r"快递|邮寄|物流|寄送")
_ONLINE = re.compile(r"网上|网办|线上|在线|电脑|移动|互联网|APP|小程序", re.IGNORECASE)


def _items(guide: Guide) -> Iterator[tuple[int, dict[str, Any], str, float | None]]:
    for place, row in enumerate(guide.rows("items")):
        yield place, row, str(row["item_code"]), number(row.get("visits_min"))


def _reason_without(guide: Guide) -> Iterator[Found]:
    for place, row, code, visits in _items(guide):
        if visits == 0 and says(row.get("visit_reason")):
            said = both("0 trips, yet a reason to come in person: {reason}", reason=row["visit_reason"])
            yield Found(code, "items", place, "wrong", said)


def _trips_without(guide: Guide) -> Iterator[Found]:
    for place, row, code, visits in _items(guide):
        if visits is not None and visits > 0 and not says(row.get("visit_reason")):
            yield Found(
                code, "items", place, "wrong", both("{n} trips without a reason to come in person", n=int(visits))
            )


def _postal(guide: Guide) -> Iterator[Found]:
    for place, row, code, visits in _items(guide):
        told = [row.get("fully_online"), row.get("online")]
        ways = row.get("apply_channels"), row.get("supports_express")
        if visits != 0 or any(told) or all(t is None for t in told) or all(w is None for w in ways):
            continue
        if not _POSTAL.search(str(ways[0])) and not ways[1]:
            yield Found(code, "items", place, "wrong", both("0 trips and not online: applying by post must be offered"))


def _online_trips(guide: Guide) -> Iterator[Found]:
    for place, row, code, visits in _items(guide):
        if row.get("fully_online") and visits is not None and visits > 0:
            said = both("fully online (level Ⅳ), yet {n} trips", n=int(visits))
            yield Found(code, "items", place, "wrong", said)


def _depth(guide: Guide) -> Iterator[Found]:
    for place, row, code, _visits in _items(guide):
        given, depth = row.get("fully_online"), row.get("depth_raw")
        derived = fully_online(str(depth), row.get("depth_scheme")) if says(depth) else None
        if given is not None and derived is not None and bool(given) != derived:
            said = both("fully online and the online depth '{depth}' contradict each other", depth=depth)
            yield Found(code, "items", place, "wrong", said)


def _channels(guide: Guide) -> Iterator[Found]:
    for place, row, code, _visits in _items(guide):
        if (
            row.get("fully_online")
            and says(row.get("apply_channels"))
            and not _ONLINE.search(str(row["apply_channels"]))
        ):
            said = both("fully online, yet no way to apply online: {channels}", channels=row["apply_channels"])
            yield Found(code, "items", place, "wrong", said)


def _instant(guide: Guide) -> Iterator[Found]:
    for place, row, code, _visits in _items(guide):
        promise, kind = number(row.get("promised_days")), str(row.get("case_kind"))
        if promise == 0 and says(row.get("case_kind")) and "即办" not in kind:
            said = both("decided at once (即办), yet its kind of case is {kind}", kind=kind)
            yield Found(code, "items", place, "wrong", said)
        elif promise is not None and promise > 0 and "即办" in kind:
            said = both("its kind of case is 即办件, yet a limit of {n} is promised", n=f"{promise:g}")
            yield Found(code, "items", place, "doubtful", said)


def _visiting_steps(guide: Guide) -> Iterator[Found]:
    # A step shared with other items is among the trips of one of them.
    visited = {code for _place, _row, code, visits in _items(guide) if visits}
    sharing: dict[object, set[str]] = {}
    for step in guide.rows("item_steps"):
        if step.get("share_group") is not None:
            sharing.setdefault(step["share_group"], set()).add(str(step["item_code"]))
    for place, _row, code, visits in _items(guide):
        steps = [s for _place, s in guide.of("item_steps", code) if s.get("needs_visit") is not None]
        steps = [s for s in steps if not (sharing.get(s.get("share_group"), set()) - {code}) & visited]
        coming = [s for s in steps if s["needs_visit"]]
        if visits == 0 and coming:
            said = both("0 trips, yet steps in person: {steps}", steps="、".join(str(s["name"]) for s in coming))
            yield Found(code, "items", place, "wrong", said)
        elif visits is not None and visits > 0 and steps and not coming:
            said = both("{n} trips, yet no step needs one", n=int(visits))
            yield Found(code, "items", place, "doubtful", said)


RULES = (
    GuideRule("G20", lambda: both("0 trips need no reason to come in person"), (("items.visits_min",), ("items.visit_reason",)), _reason_without),
    GuideRule("G21", lambda: both("trips have a reason"), (("items.visits_min",), ("items.visit_reason",)), _trips_without),
    GuideRule(
        "G22", lambda: both("0 trips and not online: by post"),
        (("items.visits_min",), ("items.fully_online", "items.online"), ("items.apply_channels", "items.supports_express")), _postal,
    ),
    GuideRule("G23", lambda: both("fully online means 0 trips"), (("items.visits_min",), ("items.fully_online",)), _online_trips),
    GuideRule("G24", lambda: both("fully online agrees with the online depth"), (("items.fully_online",), ("items.depth_raw",)), _depth),
    GuideRule("G25", lambda: both("fully online means that one can apply online"), (("items.fully_online",), ("items.apply_channels",)), _channels),
    GuideRule("G26", lambda: both("decided at once means 即办件, else 承诺件"), (("items.case_kind",), ("items.promised_days",)), _instant),
    GuideRule("G27", lambda: both("trips agree with the steps in person"), (("items.visits_min",), ("item_steps.needs_visit",)), _visiting_steps),
)  # fmt: skip
