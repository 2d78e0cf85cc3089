"""Errors a person can act on: who needs what, what was found, and a ``Hint:`` line with what to type."""

from __future__ import annotations

import difflib
import re
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
        self.message = message = _visible(message)
        self.hint = hint = None if hint is None else _visible(hint)
        super().__init__(message if hint is None else f"{message}\nHint: {hint}")


# What a file may hold and a terminal would obey: controls (but line ends), marks of direction, halves of characters.
_UNSEEN = re.compile("[\0-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
_LONGEST, _NAME = 3_000, 200


def _visible(text: str) -> str:
    """Return a text that shows what it quotes of a file: nothing in it is invisible, a command, or endless.

    Examples
    --------
    >>> _visible("line 2: '\x1b[2J'")
    "line 2: '\\\\x1b[2J'"
    """
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST // 2]} … {text[-_LONGEST // 2 :]}"
    return _UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


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
    # Names are short; comparing two that are not takes for ever.
    folded = {choice.casefold(): choice for choice in choices if len(choice) <= _NAME}
    if len(name) > _NAME:
        return []
    return [folded[hit] for hit in difflib.get_close_matches(name.casefold(), folded, n=n, cutoff=0.4)]
