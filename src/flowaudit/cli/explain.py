"""``flowaudit list``: every measure and every rule in words."""

from __future__ import annotations

from pydantic.fields import FieldInfo

from flowaudit.cli.console import say
from flowaudit.diagnosis import RULES
from flowaudit.messages import current_language
from flowaudit.messages import translate as _
from flowaudit.metrics import metric_label
from flowaudit.redesign import MEASURES, need_name


def explain_measures() -> None:
    """Print every reform measure: what it changes, its parameters, what it feeds, its basis and its risk."""
    say(_("Measures of a scenario file; each is a [[measure]] table."))
    for number, measure in sorted(MEASURES.items()):
        say()
        say(f'{number} {measure.name()}  verb = "{measure.verb}"')
        say(f"  {measure.description()}")
        for name, field in measure.model_fields.items():
            default = _("required") if field.is_required() else _("default: {value}", value=_shown(field.get_default()))
            say(f"  - {name} ({', '.join([default, *_bounds(field)])}): {_one_language(field.description or name)}")
        feeds = ", ".join(metric_label(metric) for metric in measure.reductions)
        say("  " + _("Meant to reduce: {metrics}", metrics=feeds or "—"))
        other = ", ".join(metric_label(metric) for metric, way in measure.expected.items() if way != "-")
        if other:
            say("  " + _("May go either way: {metrics}", metrics=other))
        if measure.needs:
            say("  " + _("Needs: {columns}", columns=", ".join(need_name(need) for need in measure.needs)))
        say(f"  {measure.legal_note()}")
        say(f"  {measure.basis()}")


def _shown(value: object) -> str:
    return '""' if value in (None, "") else str(list(value)) if isinstance(value, tuple) else str(value)


def _bounds(field: FieldInfo) -> list[str]:
    """The limits of a parameter as pydantic keeps them: small objects, each with one of these names."""
    signs = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
    return [
        f"{sign} {getattr(rule, name)}"
        for rule in field.metadata
        for name, sign in signs.items()
        if hasattr(rule, name)
    ]


def _one_language(description: str) -> str:
    """Descriptions of parameters are written "中文 / English"."""
    zh, _slash, en = description.partition(" / ")
    return zh if current_language() == "zh" or not en else en


def explain_rules() -> None:
    """Print every rule of the diagnosis: its definition and what the log must hold for it."""
    lang = current_language()
    for number, rule in sorted(RULES.items()):
        say(f"{number} {rule.name(lang)}")
        say(f"  {rule.definition(lang)}")
        if rule.needs:
            say("  " + _("Needs: {columns}", columns=", ".join(rule.needs)))
        if rule.parameters:
            told = ", ".join(f"{name} = {value:g}" for name, value in rule.defaults.items())
            say("  " + _("Thresholds: {thresholds}", thresholds=told))
        say("  " + _("Measures to consider: {measures}", measures=", ".join(rule.measures)))
        say()
