"""The sample data sets that come with flowaudit."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from flowaudit.errors import UsageError, nearest
from flowaudit.eventlog.folder import read_folder
from flowaudit.eventlog.log import EventLog
from flowaudit.messages import translate as _

# The people in it are invented: one salt for everybody makes examples come out the same on every machine.
_SALT = b"flowaudit sample data, synthetic"


def sample_folder(name: str) -> Path:
    """Return the folder of a sample data set, in a clone of the repository or in an installed package.

    Raises
    ------
    UsageError
        If there is no such data set (the nearest names are told).
    """
    package = Path(str(files("flowaudit")))
    places = (package / "_sample_logs", package.parents[1] / "sample_logs")
    found = {
        folder.name: folder
        for place in places
        if place.is_dir()
        for folder in sorted(place.iterdir())
        if (folder / "events.csv").is_file() or (folder / "events.csv.gz").is_file()
    }
    if name not in found:
        near = nearest(name, found)
        raise UsageError(
            _("there is no sample data set '{name}'.", name=name),
            hint=_("did you mean '{near}'?", near="', '".join(near))
            if near
            else _("known: {names}.", names=", ".join(found) or "—"),
        )
    return found[name]


def load_sample(name: str = "restaurant") -> EventLog:
    """Read a sample data set (合成数据: invented, no real applicants or officers).

    Its catalogue is read by ``read_catalogue(sample_folder(name) / "catalogue")``.

    Raises
    ------
    UsageError
        If there is no such data set.
    """
    return read_folder(sample_folder(name), salt=_SALT)
