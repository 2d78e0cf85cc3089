"""Resolve the names people write in a scenario: activities, items, departments, pools, materials."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from flowaudit.errors import InputError, nearest
from flowaudit.messages import translate as _
from flowaudit.process import Process


def resolve(name: str, choices: Mapping[str, str] | Iterable[str], kind: str) -> str:
    """Return the exact choice ``name`` stands for (a key, or the value of a key in a mapping of code to name).

    Raises
    ------
    InputError
        If there is none, naming the nearest.
    """
    known = dict(choices) if isinstance(choices, Mapping) else {c: c for c in choices}
    if name in known:
        return name
    codes = [code for code, label in known.items() if label == name]
    if len(codes) == 1:
        return codes[0]
    labels = list(dict.fromkeys([*known.values(), *known]))
    near = nearest(name, labels) or labels[:3]
    raise InputError(
        _("this log has no {kind} '{name}'.", kind=kind, name=name),
        hint=_("nearest names: {names}", names=", ".join(near)) if near else _("the log records none."),
    )


def activity(process: Process, name: str) -> str:
    return resolve(name, process.activities, _("activity"))


def item(process: Process, name: str) -> str:
    return resolve(name, process.item_names, _("item"))


def department(process: Process, name: str) -> str:
    return resolve(name, {n.department for n in process.nodes if n.department and not n.applicant}, _("department"))


def material(process: Process, name: str) -> str:
    return resolve(name, process.material_names, _("material"))


def pool(process: Process, name: str) -> int:
    """Return the index of the pool called ``name``, or of the only pool of the department called ``name``."""
    of_department = [i for i, p in enumerate(process.pools) if p.department == name]
    if len(of_department) == 1:
        return of_department[0]
    names = [p.name for p in process.pools]
    return names.index(resolve(name, names, _("pool of officers")))


def activity_or_item(process: Process, name: str) -> tuple[str, str]:
    """Return ``("activity", label)`` or ``("item", code)``."""
    if name in process.item_names or name in process.item_names.values():
        return "item", item(process, name)
    if name in process.activities:
        return "activity", name
    both = {**{a: a for a in process.activities}, **process.item_names}
    resolve(name, both, _("activity or item"))
    raise AssertionError("resolve raises for an unknown name")
