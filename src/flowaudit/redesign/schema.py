"""The schema of the scenario file, made of the measures themselves: editors complete and check a file with it."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from flowaudit.redesign.measure import Measure
from flowaudit.redesign.measures import MEASURES


def scenario_schema() -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of a scenario file.

    Returns
    -------
    dict
        As it lies in ``redesign/scenario.schema.json``. Editors find it by the first line of a scenario file,
        ``#:schema scenario.schema.json``.
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "改革方案 / scenario",
        "description": "按顺序排列的改革举措 / reform measures in their order",
        "type": "object",
        "properties": {
            "name": {"type": "string", "description": "方案名称 / name of the scenario"},
            "measure": {
                "type": "array",
                "description": "改革举措，按实施顺序 / measures, in the order in which they come into force",
                "items": {"oneOf": [_measure(kind) for kind in MEASURES.values()]},
            },
        },
        "additionalProperties": False,
    }


def _measure(kind: type[Measure]) -> dict[str, Any]:
    drawn = kind.model_json_schema()
    parameters = {name: _parameter(schema) for name, schema in drawn["properties"].items()}
    return {
        "title": f"{kind.id} {kind.name('zh')} / {kind.name('en')}",
        "description": f"{kind.description('zh')}\n{kind.description('en')}",
        "type": "object",
        "properties": {"verb": {"enum": [kind.verb, kind.id]}, **parameters, **_TERMS},
        "required": ["verb", *drawn.get("required", ())],
        "additionalProperties": False,
    }


def _parameter(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of a parameter: TOML has no null, what may be left out is left out."""
    plain = {k: v for k, v in schema.items() if k not in ("title", "anyOf") and not (k == "default" and v is None)}
    for choice in schema.get("anyOf", ()):
        if choice.get("type") != "null":
            plain |= choice
    return {k: v for k, v in plain.items() if not (isinstance(v, float) and math.isinf(v))}


_TERMS: dict[str, dict[str, Any]] = {
    "name": {"type": "string", "description": "举措名称 / what people call it"},
    "owner": {"type": "string", "description": "责任单位 / unit in charge"},
    "cost_yuan": {"type": "number", "minimum": 0, "description": "费用（元） / cost (yuan)"},
    "start": {"type": "string", "format": "date", "description": "实施日期 / date on which it comes into force"},
}


def publish() -> None:
    """Write the schema into ``scenario.schema.json`` beside this file, where editors read it."""
    target = Path(__file__).with_name("scenario.schema.json")
    temporary = target.with_name(target.name + ".part")
    temporary.write_text(
        json.dumps(scenario_schema(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8", newline="\n"
    )
    temporary.replace(target)
