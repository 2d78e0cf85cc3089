"""Errors a person can act on: who needs what, what was found, and a ``Hint:`` line with what to type."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class FlowAuditError(Exception):
    """An error whose message is meant for the user, never for the developer.

    Parameters
    ----------
    message : str
        What was found and where (file, row), already translated.
    hint : str, optional
        What to do about it; printed on a line of its own after ``Hint:``.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        self.message = message
        self.hint = hint
        super().__init__(message if hint is None else f"{message}\nHint: {hint}")


class UsageError(FlowAuditError):
    """The words of a call do not fit together."""

    exit_code = 2


class InputError(FlowAuditError):
    """A file or folder given cannot be used."""

    exit_code = 3


class InsufficientDataError(FlowAuditError):
    """The data cannot support what was asked; no figure is better than a wrong one."""

    exit_code = 4


class MissingColumnError(InsufficientDataError):
    """A measure needs a column or table that this log does not have."""


def nearest(name: str, choices: Iterable[str], *, n: int = 3) -> list[str]:
    """Return the ``n`` choices most like ``name``, best first (empty when nothing is near).

    Examples
    --------
    >>> nearest("start_tme", ["start", "start_time", "end"], n=1)
    ['start_time']
    """
    folded = {choice.casefold(): choice for choice in choices}
    return [folded[hit] for hit in difflib.get_close_matches(name.casefold(), folded, n=n, cutoff=0.4)]
