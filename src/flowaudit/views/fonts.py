"""Which font the pictures are drawn with: a Chinese font of this machine, else the one the package brings along."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.font_manager import FontProperties

SYSTEM_FONTS = (
    "Microsoft YaHei", "PingFang SC", "Noto Sans CJK SC", "Source Han Sans SC", "Noto Sans SC", "Noto Sans CJK JP", "SimHei",
)  # fmt: skip
"""Tried in this order. ``Noto Sans CJK JP`` is how matplotlib names the collection file that also holds SC."""

SVG_FAMILY = "'Microsoft YaHei','PingFang SC','Noto Sans CJK SC','Source Han Sans SC','Noto Sans SC',sans-serif"  # as CSS reads it

GETA = "〓"
"""Printers' mark for a character the font lacks."""


@dataclass(frozen=True)
class Font:
    """A font file that holds Chinese characters.

    Attributes
    ----------
    name : str
    path : Path
    bundled : bool
        True: from the package ``pylopdf-fonts-zh-cn`` (Noto Sans SC, SIL Open Font License).
    """

    name: str
    path: Path
    bundled: bool

    @property
    def properties(self) -> FontProperties:
        """Matplotlib's handle of the file; nothing is registered globally."""
        from matplotlib.font_manager import FontProperties

        return FontProperties(fname=str(self.path))


def _system_font() -> Font | None:
    from matplotlib.font_manager import fontManager

    installed = {entry.name: entry.fname for entry in reversed(fontManager.ttflist)}
    for name in SYSTEM_FONTS:
        if name in installed and Path(installed[name]).is_file():
            return Font(name, Path(installed[name]), bundled=False)
    return None


@cache
def find_font() -> Font:
    """Return the font pictures are drawn with on this machine.

    Returns
    -------
    Font
        The first of ``SYSTEM_FONTS`` that is installed, else the bundled Noto Sans SC.
    """
    found = _system_font()
    if found is not None and _characters(found.path) >= set(map(ord, "办件受理审核决定·—〓")):
        return found
    import pylopdf_fonts_zh_cn

    return Font("Noto Sans SC", Path(pylopdf_fonts_zh_cn.sans_path()), bundled=True)


@cache
def _characters(path: Path) -> frozenset[int]:
    from matplotlib.ft2font import FT2Font

    return frozenset(FT2Font(str(path)).get_charmap())


def printable(text: str, font: Font | None = None) -> str:
    """Return ``text`` with every character the font lacks replaced by the geta mark, so that a gap is seen."""
    known = _characters((font or find_font()).path)
    return "".join(c if ord(c) in known or c.isspace() else GETA for c in text)
