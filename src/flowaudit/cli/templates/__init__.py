"""``flowaudit init``: commented files to start from; nothing in them is active, and no target is invented."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

from flowaudit.catalogue import write_template
from flowaudit.cli.console import say
from flowaudit.delivery import Place
from flowaudit.messages import translate as _
from flowaudit.redesign import scenario_schema

CATALOGUE = "catalogue.xlsx"
SCHEMA = "scenario.schema.json"
NAMES = ("config.toml", "scenario.toml", SCHEMA, "candidates.toml", "targets.toml", "mapping.toml", CATALOGUE)


def template(name: str) -> str:
    """Return one file's text."""
    return (files(__package__) / name).read_text(encoding="utf-8")


def write_templates(folder: Path) -> None:
    """Write the files that are not there yet."""
    place = Place(folder)
    missing = [name for name in NAMES if not (place.folder / name).exists()]
    place.require(missing)
    with place.staging() as staged:
        for name in missing:
            if name == CATALOGUE:
                write_template(staged / name)
            elif name == SCHEMA:
                text = json.dumps(scenario_schema(), ensure_ascii=False, indent=1) + "\n"
                (staged / name).write_text(text, encoding="utf-8", newline="\n")
            else:
                (staged / name).write_text(template(name), encoding="utf-8", newline="\n")
        place.fill(staged, missing)
    for name in NAMES:
        path = place.folder / name
        say(_("written: {file}", file=path) if name in missing else _("left as it is: {file}", file=path))
