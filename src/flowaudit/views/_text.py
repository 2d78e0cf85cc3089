"""How wide a label is and where it breaks, the same on every machine (no font file is opened for it)."""

from __future__ import annotations

import unicodedata

_NARROW = set("iljtfrI.,:;'|!()[]{} `·")
_BROAD = set("mwMW@%&")
_NEVER_FIRST = set("，。、；：！？）》」』】〕％,.;:!?)]}%”’")


def char_em(char: str) -> float:
    """Return the width of a character in em, a little on the safe side."""
    if unicodedata.combining(char):
        return 0.0
    if unicodedata.east_asian_width(char) in "WFA":
        return 1.0
    if char in _NARROW:
        return 0.34
    if char in _BROAD:
        return 0.92
    return 0.68 if char.isupper() else 0.58


def width(text: str, size: float) -> float:
    """Return the width of one line of text, in the unit of ``size``."""
    return size * sum(map(char_em, text))


def one_line(text: object) -> str:
    """Return ``text`` without line breaks and control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())


def clip(text: str, size: float, limit: float) -> str:
    """Return ``text`` cut to ``limit`` with an ellipsis where it is longer."""
    if width(text, size) <= limit:
        return text
    while text and width(text + "…", size) > limit:
        text = text[:-1]
    return text.rstrip() + "…"


def wrap(text: str, size: float, limit: float, lines: int) -> list[str]:
    """Break ``text`` into at most ``lines`` lines of width ``limit``; the last is clipped.

    Chinese breaks anywhere except before closing punctuation; Latin words stay whole where they fit.

    Examples
    --------
    >>> wrap("食品经营许可受理", 10, 45, 2)
    ['食品经营', '许可受理']
    """
    out: list[str] = []
    line = ""
    for token in _tokens(one_line(text)):
        if not line or width((line + token).rstrip(), size) <= limit:
            line += token
        elif token in _NEVER_FIRST and len(line) > 1:
            out.append(line[:-1].rstrip())
            line = line[-1] + token
        else:
            out.append(line.rstrip())
            line = token.lstrip()
        while width(line.rstrip(), size) > limit and len(line) > 1:
            cut = len(line) - 1
            while cut > 1 and width(line[:cut], size) > limit:
                cut -= 1
            out.append(line[:cut])
            line = line[cut:]
    out.append(line.rstrip())
    if len(out) > lines:
        out = [*out[: lines - 1], clip("".join(out[lines - 1 :]), size, limit)]
        if not out[-1].endswith("…"):
            out[-1] = clip(out[-1] + "…", size, limit)
    return out


def _tokens(text: str) -> list[str]:
    out: list[str] = []
    for char in text:
        latin = char.isascii() and (char.isalnum() or char in "_-/.'")
        if latin and out and out[-1][-1:].isascii() and (out[-1][-1:].isalnum() or out[-1][-1:] in "_-/.'"):
            out[-1] += char
        else:
            out.append(char)
    return out
