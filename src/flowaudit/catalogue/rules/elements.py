"""The six elements of a guide (沪府办〔2020〕6号: 办理依据、条件、材料、流程、收费、时限)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from flowaudit.catalogue.rules.guide import Found, Guide, GuideRule, Statement, says
from flowaudit.messages import both


def _empty(column: str, said: Callable[[], Statement]) -> Callable[[Guide], Iterator[Found]]:
    def check(guide: Guide) -> Iterator[Found]:
        for place, row in enumerate(guide.rows("items")):
            # 是否收费: 否 is an answer; an empty cell is none.
            cell = row.get(column)
            if cell is None or (column != "fee" and not says(cell)):
                yield Found(str(row["item_code"]), "items", place, "wrong", said())

    return check


def _materials(guide: Guide) -> Iterator[Found]:
    for place, row in enumerate(guide.rows("items")):
        if not guide.of("item_materials", str(row["item_code"])):
            said = both("no material is listed; where none is needed, the guide should say so")
            yield Found(str(row["item_code"]), "items", place, "doubtful", said)


def _procedure(guide: Guide) -> Iterator[Found]:
    for place, row in enumerate(guide.rows("items")):
        if not says(row.get("procedure")) and not guide.of("item_steps", str(row["item_code"])):
            yield Found(str(row["item_code"]), "items", place, "wrong", both("the procedure is not stated"))


RULES = (
    GuideRule(
        "G01", lambda: both("the guide states its legal basis"), (("items.legal_basis",),),
        _empty("legal_basis", lambda: both("the legal basis is not stated")),
    ),
    GuideRule(
        "G02", lambda: both("the guide states the conditions"), (("items.conditions",),),
        _empty("conditions", lambda: both("the conditions are not stated")),
    ),
    GuideRule("G03", lambda: both("the guide lists the materials"), (("items.item_code",), ("item_materials.item_code",)), _materials),
    GuideRule("G04", lambda: both("the guide states the procedure"), (("items.item_code",), ("items.procedure", "item_steps.item_code")), _procedure),
    GuideRule(
        "G05", lambda: both("the guide states whether there is a fee"), (("items.fee",),),
        _empty("fee", lambda: both("whether there is a fee is not stated")),
    ),
    GuideRule(
        "G06", lambda: both("the guide states the promised limit"), (("items.promised_days",),),
        _empty("promised_days", lambda: both("the promised limit is not stated")),
    ),
)  # fmt: skip
