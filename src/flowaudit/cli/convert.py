"""``flowaudit convert``: a log from one format to another, and what is lost on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from flowaudit.cli.console import say
from flowaudit.errors import InputError, UsageError
from flowaudit.eventlog import (
    OBJECT_CENTRIC,
    EventLog,
    ObjectLog,
    read_log,
    read_mapping,
    read_ocel,
    write_csv,
    write_log,
    write_ocel,
    write_parquet,
    write_xes,
)
from flowaudit.messages import translate as _


def _store(log: EventLog, path: Path) -> tuple[str, ...]:
    write_log(log, path)
    return ()


_WRITERS: Mapping[str, Callable[[EventLog, Path], tuple[str, ...]]] = {
    ".csv": write_csv,
    ".csv.gz": write_csv,
    ".tsv": write_csv,
    ".tsv.gz": write_csv,
    ".xes": write_xes,
    ".xes.gz": write_xes,
    ".parquet": write_parquet,
    ".arrow": _store,
    ".jsonocel": write_ocel,
    ".json": write_ocel,
    ".sqlite": write_ocel,
}
_OBJECTS = (".jsonocel", ".json", ".sqlite")


def convert_log(
    source: Path,
    target: Path,
    *,
    mapping: Path | None = None,
    object_type: str | None = None,
    sheet: str | None = None,
    force: bool = False,
) -> None:
    """Read a log and write it in the format of the target's ending.

    An object-centric log written to an object-centric format stays so, unless the type of its cases is named.

    Raises
    ------
    UsageError
        If the target's ending is unknown, or the target is the source.
    InputError
        If the target is there already and ``force`` is not given, or a file cannot be read or written.
    """
    kind = _ending(target)
    writer = _WRITERS.get(kind)
    if writer is None:
        raise UsageError(
            _("nothing is written to the ending '{ending}'.", ending=kind or target.name),
            hint=_("known: {endings}.", endings=" ".join(_WRITERS)),
        )
    folder = target.resolve().parent
    if not folder.is_dir():
        raise InputError(
            _("'{file}' cannot be written: there is no folder '{folder}'.", file=target.name, folder=folder.name),
            hint=_("make the folder first, or choose another."),
        )
    if source.is_dir() and folder == source.resolve():
        raise UsageError(_("the result would stand among the tables it is read from; put it elsewhere."))
    if target.exists():
        if source.exists() and target.samefile(source):
            raise UsageError(_("the log would replace itself; give the result another name."))
        if not force:
            raise InputError(
                _("'{file}' is there already.", file=target.name),
                hint=_("choose another name, or --force to replace it."),
            )
    names = None if mapping is None else read_mapping(mapping)
    said = object_type or (names.file.object_type if names else None)
    log: EventLog | ObjectLog
    if kind in _OBJECTS and said is None and sheet is None and _ending(source).removesuffix(".gz") in OBJECT_CENTRIC:
        log = read_ocel(source, mapping=names)
        lost = write_ocel(log, target)
        told = _("{events} events and {objects} objects", events=f"{log.n_events:,}", objects=f"{log.n_objects:,}")
    else:
        log = read_log(source, names, object_type=object_type, sheet=sheet)
        lost = writer(log, target)
        if said is not None and (object_type is not None or _ending(source).removesuffix(".gz") in OBJECT_CENTRIC):
            lost = (*lost, _("attributes of objects that are no cases, relations between objects, and their changes"))
        told = _("{events} events of {cases} cases", events=f"{log.n_events:,}", cases=f"{log.n_cases:,}")
    say(_("{source} -> {target}: {what}.", source=source.name, target=target.name, what=told))
    for words in lost:
        say(_("lost: {what}.", what=words))
    if not lost and kind != ".arrow":
        say(_("lost: nothing but the record of where the log came from."))


def _ending(path: Path) -> str:
    """Return the ending by which a format is known, with ``.gz`` where it is packed."""
    suffixes = [s.casefold() for s in path.suffixes[-2:]]
    return "".join(suffixes) if suffixes and suffixes[-1] == ".gz" else (suffixes[-1] if suffixes else "")
