"""What stops the clock of an item, and what moves its deadline: the special procedures (特别程序) of a log."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from flowaudit.catalogue import Catalogue
from flowaudit.eventlog import EventLog
from flowaudit.metrics import _arrays as arrays
from flowaudit.metrics.spells import Spells

STOPS_THE_CLOCK = frozenset(
    {
        "听证", "招标", "拍卖", "检验", "检测", "检疫", "鉴定", "专家评审", "补正", "补齐补正",
        "hearing", "tender", "auction", "inspection_test", "testing", "quarantine", "appraisal", "expert_review",
        "correction",
    }
)  # fmt: skip
"""Default where nobody says: 行政许可法 Art 45, and corrections asked for after acceptance. All else counts."""

EXTENSIONS = frozenset({"extension", "延长", "延长审批", "延期"})
"""Extensions move the deadline; they never stop the clock."""

_TRUE = ("true", "1", "1.0", "是")
_FALSE = ("false", "0", "0.0", "否")


@dataclass(frozen=True)
class Suspensions:
    """The episodes in which the clock of a spell stands still, and the extensions granted.

    Attributes
    ----------
    spell : array of int64
        Place of the spell, one for each pair of an episode and a spell it concerns.
    start, end : array of datetime64[us]
        ``end`` is NaT where the episode was still open at the cut-off; it never lies before ``start``.
    unusable : array of bool
        One per spell: it has a suspension without a start, or one that ends before it begins.
    extended : array of float
        One per spell: days granted in all, NaN where an extension does not say how many.
    """

    spell: arrays.Ints
    start: arrays.Stamps
    end: arrays.Stamps
    unusable: arrays.Bools
    extended: arrays.Floats


def suspensions_of(
    log: EventLog, spells: Spells, catalogue: Catalogue | None, cut_off: np.datetime64
) -> Suspensions:  # fmt: skip
    """Return the suspensions and extensions of every spell as they were known at the cut-off."""
    pairs = _episodes(log, spells)
    extended = np.zeros(len(spells))
    unusable = np.zeros(len(spells), np.bool_)
    if pairs is None:
        nothing = np.zeros(0, "datetime64[us]")
        return Suspensions(np.zeros(0, np.int64), nothing, nothing, unusable, extended)
    pairs = pairs[~(pairs["start"] > cut_off)]
    more = pairs["kind"].isin(EXTENSIONS)
    granted = pairs[more]
    np.add.at(extended, granted["spell"].to_numpy(np.int64), granted["extension_days"].to_numpy(float))
    pairs = pairs[~more]
    pairs = pairs[~_counts(pairs, spells, catalogue)]
    wrong = pairs["start"].isna() | (pairs["end"] < pairs["start"])
    unusable[pairs.loc[wrong, "spell"].to_numpy(np.int64)] = True
    pairs = pairs[~wrong]
    return Suspensions(
        pairs["spell"].to_numpy(np.int64),
        pairs["start"].to_numpy("datetime64[us]"),
        pairs["end"].where(pairs["end"] <= cut_off).to_numpy("datetime64[us]"),
        unusable,
        extended,
    )


def _episodes(log: EventLog, spells: Spells) -> pd.DataFrame | None:
    """Pair every episode with the spells it concerns: those of its item, or all of its case where it names none."""
    table = _table(log)
    if table is None:
        return None
    place = {label: i for i, label in enumerate(spells.labels)}
    kind = arrays.by_word(table["type"], _plain)
    said = arrays.by_word(table["counts_in_clock"], _yes_or_no)
    episodes = pd.DataFrame(
        {
            "case": arrays.positions(log, table["case_id"]),
            "wanted": arrays.by_word(
                table["item_code"], lambda items: items.map(lambda i: -1 if pd.isna(i) else place.get(str(i), -2))
            ).to_numpy(),
            "kind": kind.fillna("").to_numpy(object),
            "said": said.to_numpy(object),
            "start": arrays.times(table["start"]),
            "end": arrays.times(table["end"]),
            "extension_days": pd.to_numeric(table["extension_days"], errors="coerce"),
        }
    )
    owner = pd.DataFrame({"case": spells.case, "item": spells.item, "spell": np.arange(len(spells))})
    pairs = episodes[episodes["case"] >= 0].merge(owner, on="case")
    return pairs[(pairs["wanted"] == pairs["item"]) | (pairs["wanted"] == -1) | (pairs["item"] == -1)]


def _plain(words: pd.Series) -> pd.Series:
    return words.astype("string").str.strip().str.casefold()


def _yes_or_no(words: pd.Series) -> pd.Series:
    plain = _plain(words)
    said = pd.Series(pd.NA, words.index, dtype="boolean")
    return said.mask(plain.isin(_TRUE).fillna(False), True).mask(plain.isin(_FALSE).fillna(False), False)


def _table(log: EventLog) -> pd.DataFrame | None:
    """Return the episodes of a log: of its table, else the events that an export marks as special procedures."""
    columns = ["case_id", "item_code", "type", "start", "end", "counts_in_clock", "extension_days"]
    table = log.table("special_episodes")
    if table is not None and {"case_id", "start"} <= set(table.columns):
        return table.reindex(columns=columns)
    if not log.has("special_type", "start"):
        return None
    rows = np.flatnonzero(arrays.codes(log, "special_type") >= 0)
    wanted = [c for c in (*columns, "special_type") if c in log.columns]
    events: pd.DataFrame = log.events.select(wanted).take(rows).to_pandas()
    # Where an event has no end the exchange standard has its start filled in: a length of nothing is an unknown one.
    filled = (events["end"] == events["start"]) & (events["end"] != events["end"].dt.normalize())
    events = events.assign(end=events["end"].mask(filled), type=events["special_type"].astype("object"))
    return events.reindex(columns=columns).astype({"case_id": "object", "item_code": "object"})


def _counts(pairs: pd.DataFrame, spells: Spells, catalogue: Catalogue | None) -> arrays.Bools:
    """Say which episodes leave the clock running: as the episode says, else the item's guide, else the law."""
    said = pairs["said"].to_numpy(object)
    unsaid = np.array([flag is pd.NA for flag in said], np.bool_)
    answer = np.where(unsaid, False, said).astype(np.bool_)
    asked = pairs.loc[unsaid, ["item", "kind"]]
    answers = {}
    for item, kind in asked.drop_duplicates().itertuples(index=False):
        found = catalogue.counts_in_clock(spells.labels[item], kind) if catalogue is not None and item >= 0 else None
        answers[item, kind] = kind not in STOPS_THE_CLOCK if found is None else found
    answer[unsaid] = [answers[key] for key in zip(asked["item"], asked["kind"], strict=True)]
    return answer
