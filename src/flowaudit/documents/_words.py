"""How numbers, counts and unknowns are written in documents."""

from __future__ import annotations

import math

import pandas as pd

from flowaudit.messages import Language
from flowaudit.messages import translate as _
from flowaudit.metrics import Figure, NotRecorded

SMALL = 10
"""Counts of cases below this are printed as "<10" (domain model 3.3)."""

DASH = "—"


def blank(lang: Language) -> str:
    """Return the mark of what people still have to write."""
    return _("(to be filled in)", lang=lang)


def count(n: float) -> str:
    """Return a count as it may leave the office.

    Examples
    --------
    >>> count(1234), count(3), count(0)
    ('1,234', '<10', '0')
    """
    return f"<{SMALL}" if 0 < n < SMALL else f"{n:,.0f}"


def number(value: float | None, digits: int = 1) -> str:
    """Return a number, a dash where it is unknown."""
    if value is None or math.isnan(value):
        return DASH
    # Adding 0.0 after rounding turns a negative zero into a plain one.
    return f"{round(value, digits) + 0.0:,.{digits}f}"


def percent(value: float | None, *, signed: bool = False) -> str:
    """Return a share as a percentage, a dash where it is unknown; never a negative zero.

    Examples
    --------
    >>> percent(0.125), percent(-0.0001, signed=True), percent(0.05, signed=True)
    ('12.5%', '0.0%', '+5.0%')
    """
    if value is None or math.isnan(value):
        return DASH
    shown = round(100 * value, 1) + 0.0
    return f"{shown:+.1f}%" if signed and shown else f"{shown:.1f}%"


def column_name(column: str, lang: Language) -> str:
    """Return what people call what a rule needs ("level | stage", "cases.channel"); a name without a word of its own stays."""
    return _(" or ", lang=lang).join(_need(part.strip(), lang) for part in column.split("|"))


def _need(need: str, lang: Language) -> str:
    bare, bracket, _rest = need.partition(" (")
    parts = bare.split(".")
    words = [_column(part, lang) for part in parts if part != "catalogue"]
    said = _(": ", lang=lang).join(
        w or part for w, part in zip(words, [x for x in parts if x != "catalogue"], strict=True)
    )
    if parts[0] == "catalogue":
        said = _("catalogue, {what}", lang=lang, what=said)
    return f"{said} ({need})" if any(words) or bracket else need


def _column(name: str, lang: Language) -> str:
    """What people call a table or column, empty where it has no word of its own."""
    names = {
        "department": _("department", lang=lang), "level": _("sign-off level", lang=lang), "stage": _("stage", lang=lang),
        "result": _("result", lang=lang), "item_code": _("item code", lang=lang), "start": _("start time", lang=lang),
        "end": _("end time", lang=lang), "claim": _("time of taking up", lang=lang), "resource": _("officer", lang=lang),
        "opinion": _("opinion", lang=lang), "review_points": _("review points", lang=lang), "system": _("system worked in", lang=lang),
        "authority_level": _("level of authority", lang=lang), "special_type": _("kind of special procedure", lang=lang),
        "bundles": _("bundles of a one-thing", lang=lang), "cases": _("table of cases", lang=lang), "visits": _("table of visits", lang=lang),
        "material_instances": _("table of materials handed in", lang=lang), "special_episodes": _("table of special procedures", lang=lang),
        "items": _("items", lang=lang), "item_materials": _("materials of items", lang=lang), "item_relations": _("relations of items", lang=lang),
        "form_fields": _("fields of forms", lang=lang), "channel": _("channel", lang=lang), "applicant_id": _("applicant (pseudonym)", lang=lang),
        "apply_time": _("time of application", lang=lang), "accept_time": _("time of acceptance", lang=lang),
        "decide_time": _("time of decision", lang=lang), "deliver_time": _("time of delivery", lang=lang),
        "promise_due": _("promised date", lang=lang), "promised_days": _("promised limit", lang=lang), "statutory_days": _("statutory limit", lang=lang),
        "accepted": _("accepted or rejected", lang=lang), "canonical_id": _("canonical material", lang=lang), "collect_mode": _("way of handing in", lang=lang),
        "form": _("paper or electronic", lang=lang), "material_code": _("material code", lang=lang), "material_name": _("name of material", lang=lang),
        "reject_reason": _("reason of rejection", lang=lang), "reason": _("reason", lang=lang), "source": _("source", lang=lang),
        "submit_time": _("time of handing in", lang=lang), "outcome": _("outcome", lang=lang), "purpose": _("purpose", lang=lang),
        "date": _("date", lang=lang), "ticket_time": _("time of taking a number", lang=lang), "called_time": _("time of being called", lang=lang),
        "canonical_field": _("canonical field", lang=lang), "elicence_type": _("kind of e-licence", lang=lang), "issuer_scope": _("scope of issuer", lang=lang),
        "necessity": _("necessity", lang=lang), "produced_by_item": _("item that produces the material", lang=lang),
    }  # fmt: skip
    return names.get(name, "")


def whole(value: object) -> str:
    """Return a number from a file without a needless fraction, a dash where it is unknown.

    Examples
    --------
    >>> whole(20.0), whole(2.5), whole(None)
    ('20', '2.5', '—')
    """
    if value is None or pd.isna(value):  # type: ignore[call-overload]
        return DASH
    try:
        as_number = float(str(value))
    except ValueError:
        return str(value)
    return f"{as_number:g}"


def text(value: object) -> str:
    """Return a cell of a file, a dash where it is empty."""
    return DASH if value is None or pd.isna(value) or not str(value).strip() else str(value)  # type: ignore[call-overload]


def interval(low: float | None, high: float | None, digits: int = 1) -> str:
    """Return an interval, empty where none was computed."""
    if low is None or high is None or math.isnan(low) or math.isnan(high):
        return ""
    return f"{number(low, digits)}–{number(high, digits)}"


def figure_text(found: Figure | NotRecorded, lang: Language) -> str:
    """Return a figure with its interval, or that it was not recorded."""
    if isinstance(found, NotRecorded) or found.value is None:
        return _("not recorded", lang=lang)
    limits = interval(found.low, found.high) if found.low != found.high else ""
    return number(found.value) + (f" ({limits})" if limits else "")


def pick(lang: Language, zh: str, en: str) -> str:
    return zh if lang == "zh" else en


def stage_name(stage: object, lang: Language) -> str:
    """Return what people call a canonical stage."""
    names = {
        "consult": _("consultation", lang=lang),
        "apply": _("application", lang=lang),
        "accept": _("acceptance", lang=lang),
        "review": _("first review", lang=lang),
        "check": _("check (second level)", lang=lang),
        "decide": _("decision", lang=lang),
        "consult_dept": _("consulting another department", lang=lang),
        "inspect": _("on-site inspection", lang=lang),
        "special": _("special procedure", lang=lang),
        "correction": _("correction", lang=lang),
        "pay": _("payment", lang=lang),
        "produce": _("producing the licence", lang=lang),
        "deliver": _("delivery", lang=lang),
        "archive": _("archiving", lang=lang),
        "notify": _("notice", lang=lang),
    }
    return names.get(str(stage), DASH)
