"""Fees, results and telephone numbers."""

from __future__ import annotations

from collections.abc import Iterator

from flowaudit.catalogue.rules.guide import Found, Guide, GuideRule, digits, says, yes_or_no
from flowaudit.messages import both


def _fee(guide: Guide) -> Iterator[Found]:
    for place, row in enumerate(guide.rows("items")):
        code = str(row["item_code"])
        charges = [charge for _place, charge in guide.of("fees", code)]
        if yes_or_no(row.get("fee")) is False and charges:
            said = both("no fee, yet charges are listed: {charges}", charges="、".join(str(c["name"]) for c in charges))
            yield Found(code, "items", place, "wrong", said)
        if yes_or_no(row.get("fee")) is not True:
            continue
        if not says(row.get("fee_basis")) and not (charges and all(says(c.get("basis")) for c in charges)):
            yield Found(code, "items", place, "wrong", both("there is a fee without a basis"))
        if not says(row.get("fee_standard")) and not (charges and all(says(c.get("standard")) for c in charges)):
            yield Found(code, "items", place, "wrong", both("there is a fee without a standard"))


def _sample(guide: Guide) -> Iterator[Found]:
    for place, row in enumerate(guide.rows("items")):
        code = str(row["item_code"])
        results = [result for _place, result in guide.of("results", code)]
        kinds = [str(row.get("result_type")), str(row.get("item_type")), *(str(r.get("result_type")) for r in results)]
        licence = any(word in kind for kind in kinds for word in ("许可", "证照", "执照", "证件"))
        if licence and not says(row.get("result_sample")) and not any(says(r.get("sample")) for r in results):
            yield Found(code, "items", place, "wrong", both("the result is a licence without a sample"))


def _phones(guide: Guide) -> Iterator[Found]:
    for place, row in enumerate(guide.rows("items")):
        contact, complaint = digits(row.get("contact_phone")), digits(row.get("complaint_phone"))
        if contact and contact == complaint:
            said = both("questions and complaints go to the same number: {phone}", phone=row["contact_phone"])
            yield Found(str(row["item_code"]), "items", place, "wrong", said)


RULES = (
    GuideRule(
        "G30", lambda: both("a fee has a basis and a standard"),
        (("items.fee",), ("items.fee_basis", "fees.basis"), ("items.fee_standard", "fees.standard")), _fee,
    ),
    GuideRule(
        "G40", lambda: both("a licence has a sample"),
        (("items.item_type", "items.result_type", "results.result_type"), ("items.result_sample", "results.sample")), _sample,
    ),
    GuideRule(
        "G50", lambda: both("complaints go to another number than questions"),
        (("items.contact_phone",), ("items.complaint_phone",)), _phones,
    ),
)  # fmt: skip
