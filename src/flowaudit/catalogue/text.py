"""Text as it is compared: width, case, spaces and signs do not matter."""

from __future__ import annotations

import re
import unicodedata

# Signs that offices put into headers and words without meaning anything by them.
_SIGNS = re.compile(r"[\W_]+")
# Between the values of one cell; a space is no separator, 、 and ^ are (national exchange tables write 3^4^5).
_BETWEEN = re.compile(r"[\^,，、;；|｜/／]+")


def fold(text: object) -> str:
    """Return a text without what does not matter when it is compared.

    Examples
    --------
    >>> fold("承诺（办结）时限 "), fold("Ｉｔｅｍ Code") == fold("item_code")
    ('承诺办结时限', True)
    """
    return _SIGNS.sub("", unicodedata.normalize("NFKC", str(text))).casefold()


def values_of(cell: object) -> list[str]:
    """Return the single values of a cell that may hold several.

    Examples
    --------
    >>> values_of("窗口办理、网上办理 ^快递申请")
    ['窗口办理', '网上办理', '快递申请']
    """
    return [part.strip() for part in _BETWEEN.split(str(cell)) if part.strip()]
