"""What a measure needs of the log a process was fitted to, and what to do where it is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from flowaudit.messages import current_language
from flowaudit.messages import translate as _
from flowaudit.process import Process

NEEDS: dict[str, Callable[[Process], bool]] = {
    "item_code": lambda p: bool(p.item_names),
    "stage": lambda p: any(n.stage is not None for n in p.nodes),
    "department": lambda p: any(n.department is not None and not n.applicant for n in p.nodes),
    "level": lambda p: any(n.level is not None for n in p.nodes),
    "materials": lambda p: p.has_materials,
    "visits": lambda p: p.has_visits,
    "start": lambda p: p.identifiable.work,
    "officers": lambda p: p.identifiable.staffing,
    "catalogue": lambda p: p.catalogue is not None,
}
"""Names of what may be needed, and whether a process has it."""


def missing(process: Process, needs: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield for every need the process does not meet why that is so, and what to give."""
    for need in needs:
        if not NEEDS[need](process):
            yield _reason(process, need)


def need_name(need: str) -> str:
    """Return what people call a need."""
    names = {
        "item_code": _("which item an event belongs to"),
        "stage": _("stages of the activities"),
        "department": _("departments"),
        "level": _("sign-off levels"),
        "materials": _("materials handed in"),
        "visits": _("visits"),
        "start": _("start and end times"),
        "officers": _("start and end times, and officers"),
        "catalogue": _("a catalogue of items"),
    }
    return names[need]


def _reason(process: Process, need: str) -> tuple[str, str]:
    known = process.identifiable
    reasons = {
        "item_code": (
            _("the log does not say which item an event belongs to."),
            _("give a folder of tables with bundles, or a column 'item_code'."),
        ),
        "stage": (
            _("the stages of its activities are not known."),
            _("name them in the mapping file, table [stages]."),
        ),
        "department": (_("the log records no departments."), _("give a column 'department'.")),
        "level": (
            _("the log records no sign-off levels there."),
            _("give them in the mapping file, table [levels]."),
        ),
        "materials": (_("the log does not record materials."), _("give the table material_instances.")),
        "visits": (_("the log does not record visits."), _("give the table visits.")),
        "start": (
            _("work cannot be told from waiting without start times."),
            _("give a column of start times."),
        ),
        "officers": (
            _("refused, {reason}.", reason=known.reason_zh if current_language() == "zh" else known.reason_en),
            _("staffing needs start and end times and officers in the log."),
        ),
        "catalogue": (_("there is no catalogue."), _("give one with --catalogue.")),
    }
    return reasons[need]
