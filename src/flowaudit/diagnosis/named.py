"""Which materials of the catalogue a text names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from flowaudit.diagnosis.context import Bools, Context

LISTED = r"[;；,，、|｜\n]"
SHORTEST = 2
"""A name of one character is found in any text."""


def named_materials(context: Context, texts: Iterable[object]) -> pd.Series:
    """Return the materials of the catalogue that texts name: canonical names, indexed by the place of the text.

    A name that is part of a longer one named there does not count.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    words = pa.array([None if text is None else str(text) for text in texts], pa.string())
    names = _material_names(context)
    if not names:
        return pd.Series([], index=np.zeros(0, np.int64), dtype="object")
    anything = "|".join(re.escape(word) for word in names)
    some = np.flatnonzero(_true(pc.match_substring_regex(words, anything)))
    words = words.take(pa.array(some))
    hits = {word: _true(pc.match_substring(words, word)) for word in names}
    places, found = [], []
    for word, own in hits.items():
        alone = own.copy()
        for longer in names:
            if word != longer and word in longer:
                alone &= ~hits[longer]
        places.append(some[np.flatnonzero(alone)])
        found += [names[word]] * int(alone.sum())
    return pd.Series(found, index=np.concatenate(places), dtype="object")


def _material_names(context: Context) -> dict[str, str]:
    """Return every name and alias of a material with the name to call it by."""
    names: dict[str, str] = {}
    if context.catalogue is None:
        return names
    for table in (context.catalogue.materials, context.catalogue.item_materials):
        if table is None or "name" not in table:
            continue
        for own, aliases in zip(
            table["name"], table["aliases"] if "aliases" in table else [None] * len(table), strict=True
        ):
            called = str(own).strip()
            several = [] if aliases is None or pd.isna(aliases) else re.split(LISTED, str(aliases))
            for word in (called, *(alias.strip() for alias in several)):
                if len(word) >= SHORTEST:
                    names.setdefault(word, names.get(called, called))
    return names


def _true(found: Any) -> Bools:
    return np.asarray(found.fill_null(False).to_numpy(zero_copy_only=False), np.bool_)
