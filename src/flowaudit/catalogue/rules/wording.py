"""Readability (可读性、通俗性): short sentences, no unexplained abbreviations, no articles of law in the body."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from flowaudit.catalogue.rules.guide import Found, Guide, GuideRule, Statement, says
from flowaudit.messages import both

_BODY = {"items": ("conditions", "procedure", "visit_reason"), "item_materials": ("notice", "standard")}
_NEEDS = (tuple(f"{table}.{column}" for table, columns in _BODY.items() for column in columns),)
_END = re.compile(r"[。；;！？!?\n]")
_SHORT = re.compile(r"(?<![A-Za-z0-9.])[A-Z][A-Z0-9]+[a-z]?(?![A-Za-z0-9.])(?!\s*[(（])")
# What every applicant knows, and sizes of paper.
_KNOWN = frozenset({"APP", "PDF", "JPG", "PNG", "PC", "QQ", "WORD", "EXCEL", "OFD", "A4", "A3"})
_ARTICLE = re.compile(r"《[^》]+》[^。；]{0,8}第[〇零一二三四五六七八九十百0-9]+条")


def _body(guide: Guide) -> Iterator[tuple[str, int, dict[str, Any], str]]:
    for table, columns in _BODY.items():
        for place, row in enumerate(guide.rows(table)):
            for column in columns:
                if says(row.get(column)):
                    yield table, place, row, str(row[column])


def _each(look: Callable[[Guide, str], Statement | None]) -> Callable[[Guide], Iterator[Found]]:
    def check(guide: Guide) -> Iterator[Found]:
        for table, place, row, text in _body(guide):
            said = look(guide, text)
            if said is not None:
                yield Found(str(row["item_code"]), table, place, "advice", said)

    return check


def _long(guide: Guide, text: str) -> Statement | None:
    longest = max((re.sub(r"\s", "", part) for part in _END.split(text)), key=len)
    if len(longest) <= guide.longest_sentence:
        return None
    return both("a sentence of {n} characters: '{begin}...'", n=len(longest), begin=longest[:12])


def _unexplained(guide: Guide, text: str) -> Statement | None:
    explained = set(re.findall(r"[(（]\s*([A-Z][A-Z0-9]+[a-z]?)\s*[)）]", text))
    short = [w for w in dict.fromkeys(_SHORT.findall(text)) if w.upper() not in _KNOWN and w not in explained]
    return both("abbreviations without an explanation: {words}", words="、".join(short)) if short else None


def _cited(guide: Guide, text: str) -> Statement | None:
    found = _ARTICLE.search(text)
    return both("an article of law in the body; it belongs to the legal basis: {article}", article=found.group()) if found else None  # fmt: skip


RULES = (
    GuideRule("G90", lambda: both("sentences are short"), _NEEDS, _each(_long)),
    GuideRule("G91", lambda: both("abbreviations are explained"), _NEEDS, _each(_unexplained)),
    GuideRule("G92", lambda: both("articles of law stand in the legal basis only"), _NEEDS, _each(_cited)),
)
