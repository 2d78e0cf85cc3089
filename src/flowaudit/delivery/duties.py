"""The one file in the output folder that belongs to people: who does what, and when."""

from __future__ import annotations

from importlib.resources import files

DUTIES = "duties.toml"


def duties_template() -> str:
    """Return the empty, commented file."""
    return (files(__package__) / "templates" / DUTIES).read_text(encoding="utf-8")
