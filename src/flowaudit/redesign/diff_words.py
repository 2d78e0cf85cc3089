"""What people call the parts of a difference between two processes, and its table for people."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from flowaudit.messages import Language
from flowaudit.messages import translate as _

if TYPE_CHECKING:
    from flowaudit.redesign.diff import Diff

LISTED = 8
"""Names in one sentence; how many more there are is said."""


def change_name(change: str, lang: Language | None = None) -> str:
    """Return what people call what became of an activity, a pool or a material."""
    names = {
        "kept": _("kept", lang=lang),
        "changed": _("changed", lang=lang),
        "removed": _("removed", lang=lang),
        "merged": _("merged", lang=lang),
        "renamed": _("renamed", lang=lang),
        "result": _("made by merging", lang=lang),
        "new": _("new", lang=lang),
        "more": _("more", lang=lang),
        "less": _("fewer", lang=lang),
    }
    return names[change]


def fact_name(fact: str, lang: Language | None = None) -> str:
    """Return what people call a fact about an activity, in one or two words."""
    names = {
        "times": _("times", lang=lang),
        "cases": _("share of cases", lang=lang),
        "department": _("department", lang=lang),
        "office": _("office", lang=lang),
        "stage": _("stage", lang=lang),
        "level": _("sign-off level", lang=lang),
        "officers": _("officers", lang=lang),
        "batch": _("batches", lang=lang),
        "automatic": _("automatic", lang=lang),
        "visits": _("on site", lang=lang),
        "materials": _("materials", lang=lang),
        "work_h": _("work", lang=lang),
        "delay_h": _("waiting", lang=lang),
        "hours": _("working hours", lang=lang),
    }
    return names[fact]


def head(lang: Language) -> tuple[str, ...]:
    """Return the names of the columns of :func:`rows`."""
    return (
        _("Activity", lang=lang), _("Change", lang=lang), _("Department", lang=lang), _("before, per case", lang=lang),
        _("after, per case", lang=lang), _("What changes", lang=lang),
    )  # fmt: skip


def rows(diff: Diff, lang: Language) -> list[tuple[str, ...]]:
    """Return the activities that change, as cells for people."""
    from flowaudit.redesign.diff import CHANGES

    found: list[tuple[str, ...]] = []
    for change in CHANGES:
        if change == "kept":
            continue
        for row in diff.of(change).to_dict("records"):
            told = [fact_name(fact, lang) for fact in row["what"]]
            if row["into"] and change == "changed":
                told.append(_("partly into {names}", lang=lang, names=listed(row["into"], lang)))
            elif row["into"]:
                told = [_("into {names}", lang=lang, names=listed(row["into"], lang))]
            elif row["merged_from"]:
                told = [_("from {names}", lang=lang, names=listed(row["merged_from"], lang))]
            found.append((
                row["activity"], change_name(change, lang), listed(row["department_after"] or row["department_before"], lang),
                f"{row['times_before']:.2f}", f"{row['times_after']:.2f}", listed(told, lang),
            ))  # fmt: skip
    return found


def listed(names: Iterable[object], lang: Language, most: int = LISTED) -> str:
    """Return names as a list in a sentence, and how many are left out."""
    told = [str(name) for name in names]
    words = _(", ", lang=lang).join(told[:most])
    return words if len(told) <= most else _("{names} and {n} more", lang=lang, names=words, n=len(told) - most)


def quoted(name: object) -> str:
    """Return a name in quotation marks."""
    return f"“{name}”"


def quotes(names: Iterable[object], lang: Language, most: int = LISTED) -> str:
    """Return names in quotation marks as a list in a sentence."""
    return listed([quoted(n) for n in names], lang, most)
