"""What people read, in Chinese and English: one gettext catalogue (English message ids, ``zh`` translated)."""

from __future__ import annotations

import gettext
import locale
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib.resources import as_file, files
from typing import Literal

Language = Literal["zh", "en"]

__all__ = ["Language", "both", "current_language", "speaking", "translate"]

_spoken: ContextVar[Language | None] = ContextVar("flowaudit_language", default=None)


@contextmanager
def speaking(lang: Language) -> Iterator[None]:
    """Make ``lang`` the current language inside the block, in this context only."""
    token = _spoken.set(lang)
    try:
        yield
    finally:
        _spoken.reset(token)


def current_language() -> Language:
    """Return the language of messages: ``FLOWAUDIT_LANG`` if set, else the locale's, else English."""
    spoken = _spoken.get()
    if spoken is not None:
        return spoken
    wanted = os.environ.get("FLOWAUDIT_LANG") or ""
    if not wanted:
        for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
            if os.environ.get(variable):
                wanted = os.environ[variable]
                break
        else:
            wanted = locale.getlocale()[0] or ""
    return "zh" if wanted.casefold().startswith(("zh", "chinese")) else "en"


@cache
def _catalogue(language: Language) -> gettext.NullTranslations:
    if language == "en":
        return gettext.NullTranslations()
    with as_file(files(__package__) / "locale") as folder:
        return gettext.translation("flowaudit", localedir=str(folder), languages=[language], fallback=False)


def translate(message: str, /, *, lang: Language | None = None, **values: object) -> str:
    """Return ``message`` in ``lang`` (default: the current language), its ``{names}`` filled with ``values``.

    Examples
    --------
    >>> translate("{n} cases", lang="en", n=3)
    '3 cases'
    """
    text = _catalogue(lang or current_language()).gettext(message)
    return text.format(**values) if values else text


def both(message: str, /, **values: object) -> tuple[str, str]:
    """Return ``message`` in Chinese and in English, for what is kept in both.

    Examples
    --------
    >>> both("{n} cases", n=3)[1]
    '3 cases'
    """
    return translate(message, lang="zh", **values), translate(message, lang="en", **values)
