"""Check service guides against the rules for guides, and against themselves."""

from __future__ import annotations

import datetime as dt

import pandas as pd

from flowaudit.catalogue.catalogue import Catalogue
from flowaudit.catalogue.headers import labels_of
from flowaudit.catalogue.rules import answers, elements, limits, materials, order, trips, wording
from flowaudit.catalogue.rules.guide import Guide, GuideRule
from flowaudit.errors import UsageError
from flowaudit.messages import both
from flowaudit.messages import translate as _

GUIDE_RULES: tuple[GuideRule, ...] = tuple(
    rule
    for subject in (elements, limits, trips, answers, materials, order, wording)
    for rule in subject.RULES
)  # fmt: skip
COLUMNS = ("item_code", "rule", "severity", "statement_zh", "statement_en", "file", "row")


def lint(catalogue: Catalogue, *, as_of: dt.date | None = None, longest_sentence: int = 60) -> pd.DataFrame:
    """Check the guides of a catalogue.

    Parameters
    ----------
    catalogue : Catalogue
    as_of : date, optional
        Day on which the items should be in force; without it nobody asks.
    longest_sentence : int
        Characters that a sentence of the body may have (our own default, no standard says so).

    Returns
    -------
    pd.DataFrame
        One row per finding, in the order of the rules: ``item_code``, ``rule``, ``severity`` (``wrong``: contradicts a
        rule or itself; ``doubtful``: somebody has to look; ``advice``: wording), ``statement_zh``, ``statement_en``,
        ``file`` and ``row`` where it stands. A rule whose columns the catalogue does not have is one row of severity
        ``not_checkable`` that names them, without an item.

    Raises
    ------
    UsageError
        If ``longest_sentence`` is no positive number.

    Examples
    --------
    >>> items = pd.DataFrame({"item_code": ["01"], "name": ["排水许可"], "visits_min": [0], "visit_reason": ["递交材料"]})
    >>> found = lint(Catalogue(items=items))
    >>> found[found["severity"] == "wrong"][["item_code", "rule", "statement_en"]].values.tolist()
    [['01', 'G20', '0 trips, yet a reason to come in person: 递交材料']]
    """
    if longest_sentence < 1:
        raise UsageError(_("longest_sentence must be at least 1, found {given}.", given=longest_sentence))
    guide = Guide(catalogue, as_of, longest_sentence)
    rows: list[tuple[object, ...]] = []
    for rule in GUIDE_RULES:
        lacking = [need for need in rule.needs if not any(guide.has(column) for column in need)]
        if lacking:
            zh, en = _not_checkable(rule, lacking)
            rows.append((None, rule.id, "not_checkable", zh, en, None, None))
            continue
        for found in rule.check(guide):
            file, row = guide.file_and_row(found.table, found.place)
            rows.append((found.item_code, rule.id, found.severity, *found.said, file, row))
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.assign(row=table["row"].astype("Int64"))


def _not_checkable(rule: GuideRule, lacking: list[tuple[str, ...]]) -> tuple[str, str]:
    title = rule.title()
    zh = "；".join("或".join(_labelled(column) for column in need) for need in lacking)
    en = "; ".join(" or ".join(need) for need in lacking)
    said = both("not checkable")
    return f"{said[0]}（{title[0]}）：{zh}", f"{said[1]} ({title[1]}): {en}"


def _labelled(column: str) -> str:
    table, name = column.split(".")
    return f"{column}（{labels_of(table)[name]}）"
