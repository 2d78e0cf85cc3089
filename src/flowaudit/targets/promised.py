"""What was promised against what was reached: the limits of each item, and the reductions a plan announced."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.errors import UsageError, nearest
from flowaudit.messages import Language, both, current_language
from flowaudit.messages import translate as _
from flowaudit.metrics import Mix, NotRecorded, clocks, wilson
from flowaudit.targets.changes import changes
from flowaudit.targets.counted import Counted
from flowaudit.targets.ratings import difference_of_shares
from flowaudit.targets.sides import Note, Side
from flowaudit.targets.target import Target
from flowaudit.targets.verdict import Status, TargetResult
from flowaudit.targets.words import METRIC_NAMES, metric_of
from flowaudit.worktime import Calendar

Bools = npt.NDArray[np.bool_]
SMALL = 10


@dataclass(frozen=True)
class KeptPromises:
    """How many applications kept the limit they were promised.

    Attributes
    ----------
    kept, known : (int, int)
        Applications (of one item) that were decided within their promised limit, and those of which that is known.
    difference, low, high : float
        Share kept after minus before, with its 95 % interval (Newcombe).
    items : pd.DataFrame
        ``item_code, name, promise_before, promise_after, unit, n_before, kept_before, n_after, kept_after, low_after,
        high_after, p90_after`` (of the official clock, working days) and ``suppressed``.
    """

    kept: tuple[int, int]
    known: tuple[int, int]
    difference: float | None
    low: float | None
    high: float | None
    items: pd.DataFrame = field(repr=False)

    def text(self, lang: Language | None = None) -> str:
        """Return the shares as a sentence."""
        lang = lang or current_language()
        before, after = (
            "—" if not whole else "{:.1%} ({:,} / {:,}; {:.1%} – {:.1%})".format(part / whole, part, whole, *wilson(part, whole))
            for part, whole in zip(self.kept, self.known, strict=True)
        )  # fmt: skip
        words = _("promised limits kept: {before} before, {after} after", lang=lang, before=before, after=after)
        if self.difference is None:
            return words
        return words + _("; change {difference:+.1%} ({low:+.1%} to {high:+.1%})", lang=lang, difference=self.difference, low=self.low, high=self.high)  # fmt: skip

    def to_dict(self, lang: Language | None = None) -> dict[str, Any]:
        out: dict[str, Any] = {"recorded": True, "text": self.text(lang)}
        for k, which in enumerate(("before", "after")):
            low, high = wilson(self.kept[k], self.known[k])
            share = self.kept[k] / self.known[k] if self.known[k] else None
            out[which] = {"kept": self.kept[k], "known": self.known[k], "share": share, "low": low, "high": high}
        return out | {
            "difference": self.difference, "difference_low": self.low, "difference_high": self.high,
            "items": self.items.to_dict("records"),
        }  # fmt: skip


def kept_promises(counted: Counted, calendar: Calendar) -> KeptPromises | NotRecorded:
    """Compare how many promised limits were kept, by the limits of the cases or of the catalogues.

    Returns
    -------
    KeptPromises or NotRecorded
        Not recorded where no limit was promised after the reform. Applications that arrived too late to be looked at for
        long enough are left out: of those only the quick ones are decided.
    """
    frames = []
    for side, lapse in zip(counted.pair.sides, counted.lapses, strict=True):
        frame = clocks(side.log, side.catalogue, unit=side.log.unit, calendar=calendar)
        if counted.follow.days is not None:
            frame = frame[frame["case_id"].isin(side.log.case_axis[lapse.early(counted.follow.days)])]
        frames.append(frame[frame["promised_limit"].notna()])
    if not frames[1]["promised_on_time"].notna().any():
        return NotRecorded(
            "promised",
            "改革后的办件和事项目录都没有可用的承诺办结时限。",
            "neither the cases nor the catalogue after the reform tell a promised limit that can be used.",
            ("cases: promised_days", "catalogue: promised_days"),
        )
    judged = [frame["promised_on_time"].dropna() for frame in frames]
    kept = (int(judged[0].sum()), int(judged[1].sum()))
    known = (len(judged[0]), len(judged[1]))
    change: tuple[float | None, float | None, float | None] = (None, None, None)
    if all(known):
        change = difference_of_shares(kept, known)
    return KeptPromises(kept, known, change[0], change[1], change[2], _items(frames, counted.pair.after))


def _items(frames: Sequence[pd.DataFrame], after: Side) -> pd.DataFrame:
    rows = []
    codes = sorted({str(code) for frame in frames for code in frame["item_code"].dropna()})
    every: list[str | None] = [*codes] or [None]
    for code in every:
        own = [frame if code is None else frame[frame["item_code"].astype(str) == code] for frame in frames]
        name = after.catalogue.item_name(code) if after.catalogue is not None and code is not None else ""
        row: dict[str, Any] = {"item_code": code, "name": name}
        for which, part in zip(("before", "after"), own, strict=True):
            told = part["promised_on_time"].dropna()
            low, high = wilson(int(told.sum()), len(told))
            share = float(told.mean()) if len(told) else math.nan
            row |= {f"promise_{which}": _limits(part), f"n_{which}": len(told), f"kept_{which}": share,
                    f"low_{which}": low, f"high_{which}": high}  # fmt: skip
            done = part.loc[~part["open"], "clock_days"].dropna().to_numpy(np.float64)
            row[f"p90_{which}"] = float(np.quantile(done, 0.9)) if len(done) else math.nan
        row["unit"] = "; ".join(sorted({str(u) for part in own for u in part["promised_unit"].dropna() if u}))
        rows.append(row)
    table = pd.DataFrame(rows)
    small = (table[["n_before", "n_after"]] < SMALL).any(axis=1)
    for which in ("before", "after"):
        few = table[f"n_{which}"] < SMALL
        for column in ("kept", "low", "high", "p90"):
            table[f"{column}_{which}"] = table[f"{column}_{which}"].mask(few)
    return table.assign(suppressed=small)


def _limits(part: pd.DataFrame) -> str:
    """The limits promised: one number, or the smallest and the largest."""
    values = part["promised_limit"].dropna()
    if values.empty:
        return "—"
    low, high = float(values.min()), float(values.max())
    return f"{low:g}" if low == high else f"{low:g}–{high:g}"


Promised = Mapping[str, "float | str | Target"] | Iterable["str | Target"]


def as_targets(promised: Promised | None) -> tuple[Target, ...]:
    """Return what was promised as targets.

    Parameters
    ----------
    promised : mapping of str to float, or targets
        A number is the most the metric should be after the reform, in its unit. Targets may be written as phrases
        ("减环节 30%").

    Raises
    ------
    UsageError
        If there is no such metric, or a value is no number.
    """
    if promised is None:
        return ()
    if not isinstance(promised, Mapping):
        one = [promised] if isinstance(promised, str) else promised
        return tuple(Target.parse(t) if isinstance(t, str) else t for t in one)
    return tuple(_as_target(str(name), value) for name, value in promised.items())


def _as_target(name: str, value: float | str | Target) -> Target:
    if isinstance(value, Target):
        return value
    if metric_of(name) is None:
        names = [words[0] for words in METRIC_NAMES.values()]
        near = nearest(name, (*METRIC_NAMES, *names), n=1)
        raise UsageError(
            _("there is no metric '{metric}'.", metric=name),
            hint=_("did you mean '{near}'?", near=near[0]) if near else _("choose one of: {names}", names=", ".join(METRIC_NAMES)),
        )  # fmt: skip
    if isinstance(value, bool | str) or not math.isfinite(value) or value < 0:
        raise UsageError(
            _("what was promised of {metric} is no number: '{value}'.", metric=name, value=value),
            hint="promised={'time': 5, 'trips': 1}",
        )
    return Target.model_validate({"metric": name, "at_most": float(value)})


def judged(target: Target, compared: Counted, names: Sequence[str], mix: Mix, *, seed: int = 0) -> TargetResult:
    """Hold what was promised against what was reached: met or not met where the interval says so, else unsure.

    A promised reduction is held against the change at one mix of cases, where that can be had; a promised bound against
    the cases that came after the reform.
    """
    if target.metric not in compared.metrics:
        return _unsure(target, both("the logs do not both record this metric, or it is not compared."))
    measured = compared.metrics[target.metric][1].policy
    if target.rule is not None and target.rule != measured:
        return _unsure(target, both("it is meant by the counting rule {asked}, the logs are counted by {measured}.", asked=target.rule, measured=measured))  # fmt: skip
    keep = _population(target, compared)
    if target.statistic == "share":
        return _share_kept(target, compared, keep)
    found = changes(compared, target.metric, target.statistic, names, mix, seed=seed, keep=keep)
    if target.at_most is not None:
        level = found.of("followed", "crude")
        if level is None:
            return _unsure(target, both("no finished case to hold it against."))
        return _decided(target, level.after.value, level.after.low, level.after.high, target.at_most, less=True)
    change = found.of("standardised", "followed", "crude")
    if change is None:
        return _unsure(target, both("no finished case to hold it against."))
    if change.rate is None:
        return _unsure(target, both("nothing to reduce: it is 0 before."))
    return _decided(target, change.rate, change.rate_low, change.rate_high, target.reduction or 0.0, less=False)


def _population(target: Target, compared: Counted) -> tuple[Bools, Bools] | None:
    """Mark the cases a target is about; a property that is not recorded is an error of its own."""
    if not target.population:
        return None
    frames = compared.properties([name for name, _values in target.population])
    first, second = (
        np.logical_and.reduce([frame[name].isin(values).to_numpy(np.bool_) for name, values in target.population])
        for frame in frames
    )
    return first, second


def _share_kept(target: Target, compared: Counted, keep: tuple[Bools, Bools] | None) -> TargetResult:
    """Share of the cases after that keep a bound; what took longer than it was looked at does not."""
    x = compared.values(target.metric, compared.kind, "median")[1]
    x = x[~np.isnan(x) & (True if keep is None else keep[1])]
    if not len(x):
        return _unsure(target, both("no finished case to hold it against."))
    kept = int((x <= (target.at_most or 0.0)).sum())
    low, high = wilson(kept, len(x))
    return _decided(target, kept / len(x), low, high, target.share or 0.0, less=False)


def _decided(
    target: Target, value: float | None, low: float | None, high: float | None, bound: float, *, less: bool
) -> TargetResult:
    met = (high is not None and high <= bound) if less else (low is not None and low >= bound)
    missed = (low is not None and low > bound) if less else (high is not None and high < bound)
    status: Status = "met" if met else "not_met" if missed else "unsure"
    reasons = both("the interval reaches over the bound: more cases are needed to tell.") if status == "unsure" else ("", "")  # fmt: skip
    return TargetResult(target, value, low, high, status, reasons)


def _unsure(target: Target, reasons: Note) -> TargetResult:
    return TargetResult(target, None, None, None, "unsure", reasons)
