"""Who came before and who came after: the mix of cases, how it shifted, and figures at one mix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.errors import UsageError
from flowaudit.messages import Language, current_language
from flowaudit.messages import translate as _
from flowaudit.metrics import Mix, strata_weights
from flowaudit.targets.counted import Counted
from flowaudit.targets.estimate import Sample
from flowaudit.targets.sides import Note

Floats = npt.NDArray[np.float64]
PROPERTIES = ("one_thing_code", "item", "variant", "district", "channel")
"""What cases are told apart by; the channel last, since reforms often change it on purpose."""
LEFT_OUT = 0.10
"""Share of the cases of a side that telling them apart may leave without a counterpart."""
LEAST = 5
"""Cases of a stratum on each side: fewer say nothing about what their kind needs."""
SMALL = 10
SHIFT = 0.10
"""Share of the cases that must be of another kind than before for the mix to count as shifted."""


@dataclass(frozen=True)
class MixShift:
    """How the mix of cases shifted, by one property.

    Attributes
    ----------
    name : str
    moved : float
        Share of the cases that would have to be of another kind for both mixes to be the same (total variation).
    p : float
        Chance of such a shift where there is none (chi-square).
    table : pd.DataFrame
        ``value, n_before, n_after, share_before, share_after, change, suppressed`` (a side has fewer than 10, not none).
    """

    name: str
    moved: float
    p: float
    table: pd.DataFrame = field(repr=False)

    @property
    def matters(self) -> bool:
        return self.moved >= SHIFT and self.p < 0.05

    @property
    def note(self) -> Note:
        """The shift as a sentence, with the two kinds that shifted most."""
        return self.text("zh"), self.text("en")

    def text(self, lang: Language | None = None) -> str:
        """Return the shift in words."""
        lang = lang or current_language()
        told = self.table[~self.table["suppressed"]]
        order = told["change"].abs().sort_values(ascending=False, kind="stable").index[:2]
        most = ("，" if lang == "zh" else ", ").join(
            f"{r.value} {r.share_before:.1%} → {r.share_after:.1%}" for r in told.loc[order].itertuples()
        )
        return _("other cases came after, by {name}: {moved:.1%} of them would have to be of another kind for the mix to be as before ({most}).",
                 lang=lang, name=property_label(self.name, lang), moved=self.moved, most=most or "—")  # fmt: skip


def property_label(name: str, lang: Language | None = None) -> str:
    """Return what people call a property of cases; a name without a word of its own stays."""
    names = {
        "one_thing_code": _("one-thing", lang=lang), "item": _("item", lang=lang), "variant": _("variant", lang=lang),
        "district": _("district", lang=lang), "channel": _("channel", lang=lang), "department": _("department", lang=lang),
        "month": _("month", lang=lang),
    }  # fmt: skip
    return names.get(name, name)


def recorded_properties(counted: Counted) -> list[str]:
    """Return the properties by which the cases of both sides can be told apart."""
    found = []
    for name in PROPERTIES:
        if name == "item" and counted.pair.before.log.unit == "bundle":
            continue
        try:
            frames = counted.properties([name])
        except UsageError:
            continue
        kinds = pd.concat(frames)[name].dropna()
        if kinds.nunique() > 1 and all(frame[name].notna().any() for frame in frames):
            found.append(name)
    return found


def shifts(counted: Counted, names: Sequence[str]) -> tuple[MixShift, ...]:
    """Return how the mix of all cases shifted, by each property."""
    from scipy.stats import chi2_contingency

    found = []
    for name in names:
        before, after = (frame[name].dropna() for frame in counted.properties([name]))
        counts = (
            pd.DataFrame({"n_before": before.value_counts(), "n_after": after.value_counts()}).fillna(0).astype(int)
        )
        counts = counts.sort_values(["n_before", "n_after"], ascending=False, kind="stable")
        shares = counts / counts.sum()
        table = counts.rename_axis("value").reset_index()
        table["share_before"], table["share_after"] = shares["n_before"].to_numpy(), shares["n_after"].to_numpy()
        table["change"] = table["share_after"] - table["share_before"]
        table["suppressed"] = (counts.gt(0) & counts.lt(SMALL)).any(axis=1).to_numpy()
        p = float(chi2_contingency(counts.to_numpy()).pvalue) if len(counts) > 1 else 1.0
        found.append(MixShift(name, float(table["change"].abs().sum() / 2), p, table))
    return tuple(found)


def choose_strata(counted: Counted, asked: Sequence[str] | None) -> tuple[tuple[str, ...], tuple[Note, ...]]:
    """Return by which properties the cases are told apart, and a note on those that would leave too many out."""
    if asked is not None:
        counted.properties(asked)
        return tuple(asked), ()
    complete = [np.flatnonzero(four.per_case["complete"].to_numpy(np.bool_)) for four in counted.fours]
    chosen: list[str] = []
    dropped: list[str] = []
    for name in recorded_properties(counted):
        frames = counted.properties([*chosen, name])
        table = _shared([frame.iloc[rows] for frame, rows in zip(frames, complete, strict=True)], [*chosen, name])
        left = 1 - table.loc[table["shared"], ["n_before", "n_after"]].sum().to_numpy() / [
            max(len(r), 1) for r in complete
        ]
        (dropped if (left > LEFT_OUT).any() else chosen).append(name)
    if not dropped:
        return tuple(chosen), ()
    return tuple(chosen), ((_not_told_apart(dropped, "zh"), _not_told_apart(dropped, "en")),)


def _not_told_apart(names: Sequence[str], lang: Language) -> str:
    words = ("、" if lang == "zh" else ", ").join(property_label(name, lang) for name in names)
    return _("cases are not told apart by {names}: more than {share:.0%} of them would have no counterpart on the other side.",
             lang=lang, names=words, share=LEFT_OUT)  # fmt: skip


def _shared(frames: Sequence[pd.DataFrame], names: Sequence[str]) -> pd.DataFrame:
    """Return the strata with their cases on each side, and whether both have enough."""
    sizes = [frame.dropna().groupby(list(names)).size() for frame in frames]
    table = pd.concat(dict(zip(("n_before", "n_after"), sizes, strict=True)), axis=1).fillna(0).astype(np.int64)
    return table.assign(shared=(table >= LEAST).all(axis=1))


@dataclass(frozen=True, eq=False)
class Mixed:
    """The cases of one metric, told apart.

    Attributes
    ----------
    samples : (Sample, Sample)
    strata : pd.DataFrame
        The properties, ``n_before, n_after, weight, before, after, difference, suppressed``; medians or means of the
        strata, blank where a side has fewer than 10 cases.
    left_out : (int, int)
        Cases without a stratum, or in one the other side hardly has.
    """

    samples: tuple[Sample, Sample]
    strata: pd.DataFrame
    left_out: tuple[int, int]


def mixed(
    values: Sequence[Floats], properties: Sequence[pd.DataFrame], names: Sequence[str], mix: Mix, statistic: str
) -> Mixed | None:
    """Tell the cases of one metric apart; None where the sides have no stratum in common.

    Parameters
    ----------
    values : two arrays
        NaN for cases that are not counted.
    properties : two frames
    names : sequence of str
    mix : {"before", "after", "both"}
        Whose mix weighs.
    statistic : str
    """
    names = list(names)
    frames = [frame[names].assign(x=x)[~np.isnan(x)] for frame, x in zip(properties, values, strict=True)]
    table = _shared([frame[names] for frame in frames], names)
    if not table["shared"].any():
        return None
    enough = _index(table.index[table["shared"]].to_frame(index=False))
    kept = []
    for frame in frames:
        told = frame.dropna(subset=names)
        kept.append(told[_index(told[names]).isin(enough)])
    weights = strata_weights(kept, names, mix)
    place = _index(weights[names])
    first, second = (
        Sample(frame["x"].to_numpy(np.float64), place.get_indexer(_index(frame[names])).astype(np.int64), weights["weight"].to_numpy(np.float64))
        for frame in kept
    )  # fmt: skip
    lost = [len(frame) - len(own) for frame, own in zip(frames, kept, strict=True)]
    return Mixed((first, second), _described(weights, (first, second), statistic), (lost[0], lost[1]))


def _index(frame: pd.DataFrame) -> pd.MultiIndex:
    return pd.MultiIndex.from_frame(frame.astype(str))


def _described(weights: pd.DataFrame, samples: Sequence[Sample], statistic: str) -> pd.DataFrame:
    table = weights.copy()
    for which, sample in zip(("before", "after"), samples, strict=True):
        inside = pd.Series(sample.values).groupby(sample.stratum).agg("mean" if statistic == "mean" else "median")
        table[which] = inside.reindex(range(len(table))).to_numpy(np.float64)
    table["suppressed"] = (table[["n_before", "n_after"]] < SMALL).any(axis=1)
    for which in ("before", "after"):
        table[which] = table[which].where(~table["suppressed"] & np.isfinite(table[which]))
    return table.assign(difference=table["after"] - table["before"])[
        [*weights.columns, "before", "after", "difference", "suppressed"]
    ]
