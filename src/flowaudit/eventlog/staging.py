"""Files appear whole or not at all: written beside their place, then moved there."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flowaudit.errors import InputError
from flowaudit.messages import translate as _


@contextmanager
def staged(path: str | Path, *, private: bool = False) -> Iterator[Path]:
    """Give a name to write to; what was written there takes its place when the block ends without an error.

    Only its owner may read a ``private`` file, where the system knows such rights.

    Raises
    ------
    InputError
        If the place cannot be written, or the file there is open in another program (Windows).
    """
    path = Path(path)
    made: Path | None = None
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        os.close(handle)
        made = Path(name)
        yield made
        # mkstemp lets only its owner read; what people hand over has the rights of any new file.
        if not private:
            made.chmod(0o666 & ~_mask())
        os.replace(made, path)  # noqa: PTH105 - replaces on Windows too
        made = None
    except OSError as error:
        raise InputError(
            _("'{file}' cannot be written: {reason}.", file=path.name, reason=error.strerror or error),
            hint=_("close it in other programs, or choose another folder."),
        ) from error
    finally:
        if made is not None:
            made.unlink(missing_ok=True)


def _mask() -> int:
    """Return the rights that new files do not get; it can only be read by setting it."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
