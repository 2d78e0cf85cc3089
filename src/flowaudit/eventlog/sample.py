"""The sample data sets that come with flowaudit."""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import files
from pathlib import Path

from flowaudit.errors import UsageError, nearest
from flowaudit.eventlog.csv import read_csv
from flowaudit.eventlog.folder import read_folder
from flowaudit.eventlog.log import EventLog
from flowaudit.messages import translate as _

# The people in it are invented: one salt for everybody makes examples come out the same on every machine.
_SALT = b"flowaudit sample data, synthetic"
# What makes a folder a data set: the table of its events, or how to read the one export in it.
_EVENTS, _MAPPING = ("events.csv", "events.csv.gz"), "mapping.toml"


def sample_folder(name: str) -> Path:
    """Return the folder of a sample data set, in a clone of the repository or in an installed package.

    Parameters
    ----------
    name : str
        ``restaurant, newborn/before, newborn/after, retirement`` or ``licence_export``.

    Raises
    ------
    UsageError
        If there is no such data set (the nearest names are told).
    """
    package = Path(str(files("flowaudit")))
    places = (package / "_sample_logs", package.parents[1] / "sample_logs")
    found = {
        folder.relative_to(place).as_posix(): folder
        for place in places
        for folder in sorted([*place.glob("*"), *place.glob("*/*")])
        if any((folder / file).is_file() for file in (*_EVENTS, _MAPPING))
    }
    if name not in found:
        near = nearest(name, found)
        known = _("known: {names}.", names=", ".join(found) or "—")
        guess = _("did you mean '{near}'?", near="', '".join(near)) if near else ""
        raise UsageError(_("there is no sample data set '{name}'.", name=name), hint=f"{guess} {known}".strip())
    return found[name]


def load_sample(name: str = "restaurant") -> EventLog:
    """Read a sample data set (合成数据: invented, no real applicants or officers).

    Its catalogue is read by ``read_catalogue(sample_folder(name) / "catalogue")``; ``licence_export`` is one flat
    export without a catalogue.

    Raises
    ------
    UsageError
        If there is no such data set.
    """
    folder = sample_folder(name)
    if (folder / _MAPPING).is_file():
        (export,) = folder.glob("*.csv")
        log = read_csv(export, mapping=folder / _MAPPING, salt=_SALT)
        return replace(log, provenance=replace(log.provenance, synthetic=True))
    return read_folder(folder, salt=_SALT)
