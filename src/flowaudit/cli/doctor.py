"""``flowaudit doctor``: whether this computer has what the work needs."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from flowaudit.cli.console import say
from flowaudit.delivery import versions
from flowaudit.errors import FlowAuditError
from flowaudit.eventlog import config_dir
from flowaudit.messages import current_language
from flowaudit.messages import translate as _

GIB = 2**30
ENOUGH_MEMORY = 4 * GIB
GLYPHS = "办件受理审核决定〔2020〕号①"
UNUSABLE = 3

Health = Literal["ok", "warning", "fault"]


@dataclass(frozen=True)
class Result:
    """What one examination found."""

    subject: str
    health: Health
    detail: str


def examine() -> int:
    """Print every examination; return 0, or 3 if something needed is unusable."""
    marks = {"ok": _("ok"), "warning": _("look"), "fault": _("FAULT")}
    examinations: tuple[Callable[[], Result], ...] = (
        _python, _packages, _language, _font, _drawing, _calendar, _configuration, _temporary, _memory,
    )  # fmt: skip
    faults = 0
    for examination in examinations:
        result = examination()
        faults += result.health == "fault"
        line = _("{subject}: {detail}", subject=result.subject, detail=result.detail)
        say(f"[{marks[result.health]}] {line}")
    say(_("everything needed is there.") if not faults else _("{n} faults; the lines above say what to do.", n=faults))
    return UNUSABLE if faults else 0


def _python() -> Result:
    return Result("Python", "ok", f"{platform.python_version()}, {platform.system()} {platform.machine()}")


def _packages() -> Result:
    return Result(_("versions"), "ok", ", ".join(f"{n} {v}" for n, v in versions().items() if n != "python"))


def _language() -> Result:
    encoding = sys.stdout.encoding or "ascii"
    detail = _("{language}; console encoding {encoding}", language=current_language(), encoding=encoding)
    try:
        GLYPHS[:2].encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return Result(_("language"), "warning", detail + _(" (no Chinese; documents are not affected)"))
    return Result(_("language"), "ok", detail)


def _font() -> Result:
    from flowaudit.views import find_font

    subject = _("Chinese font")
    try:
        font = find_font()
        from matplotlib.ft2font import FT2Font

        missing = [c for c in GLYPHS if ord(c) not in FT2Font(str(font.path)).get_charmap()]
    except (ImportError, OSError, RuntimeError) as error:
        return Result(subject, "fault", f"{error}")
    if missing:
        return Result(subject, "warning", _("{font} lacks {characters}", font=font.name, characters="".join(missing)))
    origin = _("brought along") if font.bundled else _("of this computer")
    return Result(subject, "ok", f"{font.name} ({origin})")


def _drawing() -> Result:
    """Draw a small map the way every map is drawn: model, Graphviz in its child process, font."""
    import pandas as pd

    from flowaudit.eventlog import from_frame
    from flowaudit.flow import discover
    from flowaudit.views import draw
    from flowaudit.worktime import Calendar

    stamps = pd.to_datetime(["2024-01-02 09:00", "2024-01-03 09:00"])
    log = from_frame(pd.DataFrame({"case_id": "1", "activity": ["受理", "决定"], "end": stamps}))
    try:
        svg = draw(discover(log, calendar=Calendar.weekdays())).svg
    except (FlowAuditError, ImportError, OSError, ValueError) as error:
        return Result(_("drawing (Graphviz)"), "fault", f"{error}")
    drawn = "受理" in svg and "决定" in svg
    return Result(
        _("drawing (Graphviz)"), "ok" if drawn else "fault", _("a map was drawn") if drawn else _("no map was drawn")
    )


def _calendar() -> Result:
    import pandas as pd

    from flowaudit.worktime import Calendar

    known = Calendar.china()
    detail = _("official days off {first} to {last}", first=known.first, last=known.last)
    today = pd.Timestamp.now().date()
    behind = known.last is not None and pd.Timestamp(known.last).date() < today
    return Result(_("calendar"), "warning" if behind else "ok", detail)


def _writable(subject: str, folder: Path) -> Result:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        return Result(subject, "fault", _("nothing can be written in {folder} ({error}).", folder=folder, error=error))
    return Result(subject, "ok", str(folder))


def _configuration() -> Result:
    return _writable(_("configuration folder"), config_dir())


def _temporary() -> Result:
    return _writable(_("temporary folder"), Path(tempfile.gettempdir()))


def _memory() -> Result:
    total = _memory_bytes()
    if total is None:
        return Result(_("memory"), "warning", _("cannot be told"))
    return Result(_("memory"), "ok" if total >= ENOUGH_MEMORY else "warning", f"{total / GIB:.1f} GiB")


def _memory_bytes() -> int | None:
    if sys.platform == "win32":
        import ctypes

        class Status(ctypes.Structure):
            _fields_ = (
                ("length", ctypes.c_ulong),
                ("load", ctypes.c_ulong),
                *((f"n{i}", ctypes.c_ulonglong) for i in range(7)),
            )

        status = Status(length=ctypes.sizeof(Status))
        return int(status.n0) if ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)) else None
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (OSError, ValueError, AttributeError):
        return None
