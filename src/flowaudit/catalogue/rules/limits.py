"""Limits: steps within the promise, the promise within the law, units that clocks know."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flowaudit.catalogue.limits import longer, measured, unit_of
from flowaudit.catalogue.rules.guide import Found, Guide, GuideRule, number, says
from flowaudit.messages import both

# 行政许可法 Art 42: 20 days from acceptance, 45 where departments handle together. 制证 and 送达 have a period of their
# own after the decision (Art 44), and what comes before acceptance is not on the clock.
_LAW, _LAW_JOINT = 20, 45
_OFF_THE_CLOCK = frozenset(
    {"apply", "consult", "correction", "special", "pay", "produce", "deliver", "archive", "notify"}
)


def _limit(row: dict[str, Any], which: str) -> tuple[int, str] | None:
    amount = number(row.get(f"{which}_days"))
    return None if amount is None else measured(amount, row.get(f"{which}_unit") or "")


def _steps(guide: Guide) -> Iterator[Found]:
    for place, row in enumerate(guide.rows("items")):
        code, promise = str(row["item_code"]), _limit(row, "promised")
        told = [
            (number(step.get("limit_days")), step.get("limit_unit"))
            for _place, step in guide.of("item_steps", code)
            if step.get("stage") not in _OFF_THE_CLOCK
        ]
        amounts = [(amount, unit) for amount, unit in told if amount is not None]
        whole = number(row.get("step_days"))
        if not amounts and whole is not None:
            amounts = [(whole, row.get("promised_unit"))]
        if promise is None or not amounts:
            continue
        parts = [measured(amount, unit or "") for amount, unit in amounts]
        if any(part is None or part[1] != promise[1] for part in parts):
            said = both("the limits of the steps cannot be added up: a unit is missing or differs from the promise's")
            yield Found(code, "items", place, "doubtful", said)
            continue
        total = sum(part[0] for part in parts if part is not None)
        if total > promise[0]:
            said = both("the limits of the steps add up to {total}, more than the promised {promised}", total=total, promised=promise[0])  # fmt: skip
            yield Found(code, "items", place, "wrong", said)


def _promise(guide: Guide) -> Iterator[Found]:
    for place, row in enumerate(guide.rows("items")):
        code, promise, law = str(row["item_code"]), _limit(row, "promised"), _limit(row, "statutory")
        if promise is None or law is None:
            continue
        shown = {
            "promised": f"{promise[0]} {row['promised_unit']}", "statutory": f"{law[0]} {row['statutory_unit']}",
        }  # fmt: skip
        exceeds = longer(promise, law)
        if exceeds:
            said = both("the promised limit ({promised}) is longer than the statutory one ({statutory})", **shown)
            yield Found(code, "items", place, "wrong", said)
        elif exceeds is None:
            said = both("the promised limit ({promised}) and the statutory one ({statutory}) are in units that cannot be compared", **shown)  # fmt: skip
            yield Found(code, "items", place, "doubtful", said)


def _units(guide: Guide) -> Iterator[Found]:
    for table, whiches in (
        ("items", ("statutory", "promised")),
        ("item_steps", ("limit",)),
        ("special_procedures", ("limit",)),
    ):
        for place, row in enumerate(guide.rows(table)):
            for which in whiches:
                if number(row.get(f"{which}_days")) is None:
                    continue
                unit, code = row.get(f"{which}_unit"), str(row["item_code"])
                if not says(unit):
                    yield Found(code, table, place, "wrong", both("a limit has no unit"))
                elif unit_of(unit) is None:
                    said = both("'{unit}' is no clear unit of time: say 工作日, 自然日, 月 or 小时", unit=unit)
                    yield Found(code, table, place, "wrong", said)


def _law(guide: Guide) -> Iterator[Found]:
    for place, row in enumerate(guide.rows("items")):
        law = _limit(row, "statutory")
        if "许可" not in str(row.get("item_type")) or law is None or law[1] != "working_days" or law[0] <= _LAW:
            continue
        said = both(
            "the statutory limit of {days} working days is longer than the 20 of 行政许可法 Art 42 (45 where departments handle together); the special provision should be named",
            days=law[0],
        ) if law[0] <= _LAW_JOINT else both(
            "the statutory limit of {days} working days is longer than the 20, and the 45 for joint handling, of 行政许可法 Art 42; the special provision should be named",
            days=law[0],
        )  # fmt: skip
        yield Found(str(row["item_code"]), "items", place, "doubtful", said)


RULES = (
    GuideRule(
        "G10", lambda: both("the limits of the steps add up to no more than the promise"),
        (("items.promised_days",), ("item_steps.limit_days", "items.step_days")), _steps,
    ),
    GuideRule(
        "G11", lambda: both("the promise is no longer than the statutory limit"),
        (("items.promised_days",), ("items.statutory_days",), ("items.promised_unit",), ("items.statutory_unit",)), _promise,
    ),
    GuideRule(
        "G12", lambda: both("every limit has a clear unit"),
        (("items.promised_days", "items.statutory_days", "item_steps.limit_days", "special_procedures.limit_days"),), _units,
    ),
    GuideRule(
        "G13", lambda: both("the statutory limit of a licence is no longer than the law's"),
        (("items.item_type",), ("items.statutory_days",), ("items.statutory_unit",)), _law,
    ),
)  # fmt: skip
