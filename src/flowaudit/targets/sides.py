"""The two logs of a comparison: the same items, one unit, no case in both, and the day that divides them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.catalogue import Catalogue
from flowaudit.errors import InsufficientDataError, UsageError, nearest
from flowaudit.eventlog import EventLog, Unit, as_unit, case_extent, natural_unit, select_cases
from flowaudit.messages import Language, both
from flowaudit.messages import translate as _
from flowaudit.metrics import property_of

Which = Literal["before", "after"]
Bools = npt.NDArray[np.bool_]
Stamps = npt.NDArray[np.datetime64]
Note = tuple[str, str]
EXAMPLES = 5
OPENING = ("consult", "apply", "accept")
"""Stages with which a case begins."""
USUAL = 0.01
"""Least share of the cases that begin with an activity for it to be a usual beginning."""


@dataclass(frozen=True, eq=False)
class Side:
    """One of the two logs.

    Attributes
    ----------
    which : {"before", "after"}
    log : EventLog
        By the unit that is counted.
    arrival : array of datetime64[us]
        First stamp of each case, in the order of ``log.case_ids``.
    cut_off : datetime64[us]
        Last stamp of the log as it was given.
    catalogue : Catalogue or None
    """

    which: Which
    log: EventLog
    arrival: Stamps
    cut_off: np.datetime64
    catalogue: Catalogue | None = None

    def only(self, keep: Bools, note: Note) -> Side:
        """Return the side with the cases marked."""
        return replace(self, log=select_cases(self.log, keep, note), arrival=self.arrival[keep])

    @property
    def span(self) -> tuple[pd.Timestamp, pd.Timestamp]:
        """First and last arrival."""
        return pd.Timestamp(self.arrival.min()), pd.Timestamp(self.arrival.max())


@dataclass(frozen=True, eq=False)
class Pair:
    """Two sides that can be compared.

    Attributes
    ----------
    before, after : Side
    go_live : pd.Timestamp
    divided : bool
        Whether every case before arrived before ``go_live``.
    notes : tuple of (str, str)
        What a reader must know, in Chinese and in English.
    left_out : tuple of (str, int, int)
        Why cases were left out here, and how many on each side.
    """

    before: Side
    after: Side
    go_live: pd.Timestamp
    divided: bool
    notes: tuple[Note, ...] = ()
    left_out: tuple[tuple[str, int, int], ...] = ()

    @property
    def sides(self) -> tuple[Side, Side]:
        return self.before, self.after


def side_name(which: Which, lang: Language | None = None) -> str:
    """Return what people call a side."""
    return _("before the reform", lang=lang) if which == "before" else _("after the reform", lang=lang)


def pair_of(
    before: EventLog,
    after: EventLog,
    catalogues: tuple[Catalogue | None, Catalogue | None] = (None, None),
    *,
    unit: Unit | None = None,
    go_live: Any = None,
) -> Pair:
    """Check that two logs can be compared, and leave out what cannot.

    Parameters
    ----------
    before, after : EventLog
    catalogues : (Catalogue or None, Catalogue or None)
    unit : {"case", "bundle"}, optional
        Default: the bundle where both logs have bundles.
    go_live : datetime-like, optional
        Day the reform went live; default: the day of the first arrival after it. Cases of the log after that arrived
        earlier are left out.

    Raises
    ------
    InsufficientDataError
        If a log has no case, if the two have no item in common, or a case in common, or cases on the wrong side.
    UsageError
        If the two would be counted by different units, or stand the wrong way round.
    """
    given: tuple[tuple[Which, EventLog], ...] = (("before", before), ("after", after))
    for which, log in given:
        if not log.n_cases:
            raise InsufficientDataError(
                _("the log {side} has no case; nothing can be compared.", side=side_name(which))
            )
    asked = _one_unit(before, after, unit)
    before, after, notes, left_out = _common_items(before, after)
    first = _side("before", as_unit(before, asked), catalogues[0])
    second = _side("after", as_unit(after, asked), catalogues[1])
    _in_order(first, second)
    day = _moment(go_live, second)
    divided = _divide(first, day, given=go_live is not None)
    if not divided:
        late = int((first.arrival >= day.to_datetime64()).sum())
        notes.append(both("{n:,} cases of the log before arrived on or after {day}, when those after begin: the periods overlap, and nothing but the logs themselves says who was under the reform.", n=late, day=f"{day:%Y-%m-%d}"))  # fmt: skip
    again = _same_cases(first, second)
    if again:
        notes.append(both("{n:,} numbers occur in both logs; the later cases begin anew, so that the numbers were given twice: they are counted as different cases.", n=again))  # fmt: skip
    second, early = _from(second, day)
    if early:
        left_out.append(("before_go_live", 0, early))
        notes.append(both("{n:,} cases of the log after arrived before go-live ({day}); they began under the old rules and are left out.", n=early, day=f"{day:%Y-%m-%d}"))  # fmt: skip
    return Pair(first, second, day, divided, tuple(notes), tuple(left_out))


def by_case(pair: Pair, before: EventLog, after: EventLog) -> Pair:
    """Return the pair counted by single applications, from the logs that a pair of bundles was made of."""
    before, after, _notes, left_out = _common_items(before, after)
    first = _side("before", as_unit(before, "case"), pair.before.catalogue)
    second = _side("after", as_unit(after, "case"), pair.after.catalogue)
    # An item of a bundle may be applied for long after the bundle began: it is the bundle that is old or new.
    owner = after.table("cases")
    if owner is not None and "bundle_id" in owner and pair.after.log.unit == "bundle":
        bundle = owner.drop_duplicates("case_id").set_index("case_id")["bundle_id"].reindex(second.log.case_axis)
        keep = np.asarray(bundle.isin(pair.after.log.case_axis), np.bool_)
        second = second if keep.all() else second.only(keep, both("cases of bundles that arrived after go-live"))
    return replace(pair, before=first, after=second, notes=(), left_out=tuple(left_out))


def _one_unit(before: EventLog, after: EventLog, unit: Unit | None) -> Unit:
    found = [unit or natural_unit(log) for log in (before, after)]
    if found[0] != found[1]:
        raise UsageError(
            _("the log before is counted by {before}, the one after by {after}; the two cannot be compared.", before=found[0], after=found[1]),
            hint=_("unit='case' (--unit case) counts single applications on both sides."),
        )  # fmt: skip
    return found[0]


def _items(log: EventLog) -> pd.Series | None:
    """Return the item of every case of a log seen by case; None where items are not recorded."""
    if log.unit != "case":
        cases = log.table("cases")
        return None if cases is None or "item_code" not in cases else cases["item_code"].dropna().astype(str)
    try:
        found = pd.Series(property_of(log, "item"), dtype=object)
    except UsageError:
        return None
    return found.map(str, na_action="ignore")


def _common_items(
    before: EventLog, after: EventLog
) -> tuple[EventLog, EventLog, list[Note], list[tuple[str, int, int]]]:
    items = [_items(before), _items(after)]
    if items[0] is None or items[1] is None:
        if items[0] is None and items[1] is None:
            return before, after, [], []
        told = both("items are recorded on one side only: whether both logs are about the same ones cannot be checked.")
        return before, after, [told], []
    names = [set(one.dropna()) for one in items if one is not None]
    common = names[0] & names[1]
    if not common:
        near = next(((a, b[0]) for a in sorted(names[0]) if (b := nearest(a, sorted(names[1]), n=1))), None)
        raise InsufficientDataError(
            _("the two logs have no item in common: before {before}; after {after}.", before=_listed(names[0]), after=_listed(names[1])),
            hint=_("'{a}' and '{b}' look alike: if they are one item, give both one code.", a=near[0], b=near[1]) if near
            else _("compare logs of the same items."),
        )  # fmt: skip
    alone = [sorted(one - common) for one in names]
    if not any(alone):
        return before, after, [], []
    if "bundle" in (before.unit, after.unit):
        raise UsageError(
            _("the two logs are of partly different items (only before: {before}; only after: {after}), and a log already seen by bundle cannot leave items out.", before=_listed(alone[0]), after=_listed(alone[1])),
            hint=_("give the logs as they were read; compare() looks at them by bundle itself."),
        )  # fmt: skip
    note = both("only the items both logs have are compared; left out: before {before}, after {after}. What an item that is no longer needed saves is not in the figures.", before=_listed(alone[0]), after=_listed(alone[1]))  # fmt: skip
    logs, gone = [], []
    for log, of_case, others in zip((before, after), items, alone, strict=True):
        assert of_case is not None
        keep = ~of_case.isin(others).to_numpy(np.bool_)
        gone.append(int((~keep).sum()))
        logs.append(log if keep.all() else select_cases(log, keep, both("only items of both logs")))
    return logs[0], logs[1], [note], [("other_items", gone[0], gone[1])]


def _listed(names: Iterable[str]) -> str:
    ordered = sorted(names)
    more = f" … ({len(ordered)})" if len(ordered) > EXAMPLES else ""
    return (", ".join(f"'{name}'" for name in ordered[:EXAMPLES]) or "—") + more


def _side(which: Which, log: EventLog, catalogue: Catalogue | None) -> Side:
    first, _last = case_extent(log)
    dated = ~np.isnat(first)
    side = Side(which, log, first, np.datetime64(log.span[1], "us"), catalogue)
    if dated.all():
        return side
    if not dated.any():
        raise InsufficientDataError(_("no case of the log {side} bears a date.", side=side_name(which)))
    return side.only(dated, both("cases without any date left out"))


def _in_order(before: Side, after: Side) -> None:
    (a, b), (c, d) = before.span, after.span
    if a > c and b > d:
        raise UsageError(
            _("the log before ({a} to {b}) is later than the one after ({c} to {d}).", a=f"{a:%Y-%m-%d}", b=f"{b:%Y-%m-%d}", c=f"{c:%Y-%m-%d}", d=f"{d:%Y-%m-%d}"),
            hint=_("the two logs seem to be swapped: compare(before, after)."),
        )  # fmt: skip


def _moment(given: Any, after: Side) -> pd.Timestamp:
    if given is None:
        return after.span[0].normalize()
    try:
        found: Any = pd.Timestamp(given)
    except (ValueError, TypeError):
        found = pd.NaT
    if found is pd.NaT or found.tzinfo is not None:
        raise UsageError(_("go-live is no date: '{value}'.", value=given), hint="2024-03-01")
    return pd.Timestamp(found)


def _divide(before: Side, day: pd.Timestamp, *, given: bool) -> bool:
    """Say whether the cases before all arrived before go-live; refuse if a day was given that they do not keep to."""
    late = before.arrival >= day.to_datetime64()
    if not late.any():
        return True
    if given:
        n = int(late.sum())
        example = before.log.case_ids[int(np.flatnonzero(late)[0])]
        raise InsufficientDataError(
            _("{n:,} of {of:,} cases of the log before arrived on or after go-live, {day} (such as '{case}').", n=n, of=len(late), day=f"{day:%Y-%m-%d}", case=example),
            hint=_("give the day the reform went live, or leave these cases out: select(log).period('1900-01-01', '{day}', how='started').log", day=f"{day:%Y-%m-%d}"),
        )  # fmt: skip
    return False


def _from(after: Side, day: pd.Timestamp) -> tuple[Side, int]:
    keep = after.arrival >= day.to_datetime64()
    if keep.all():
        return after, 0
    if not keep.any():
        raise InsufficientDataError(
            _("no case of the log after arrived on or after go-live, {day}; the last one arrived on {last}.", day=f"{day:%Y-%m-%d}", last=f"{after.span[1]:%Y-%m-%d}"),
            hint=_("give the day the reform went live."),
        )  # fmt: skip
    return after.only(keep, both("cases that arrived after go-live")), int((~keep).sum())


def _same_cases(before: Side, after: Side) -> int:
    """Refuse cases that stand in both logs; return how many numbers were given a second time.

    A number that occurs twice is one case if the second begins before the first one ends, or if it does not begin
    with what cases begin with: it is then the rest of a case that was cut by the dates of its events.
    """
    old, new = before.log.case_axis, after.log.case_axis
    shared = old.intersection(new, sort=False)
    if shared.empty:
        return 0
    here, there = old.get_indexer(shared), new.get_indexer(shared)
    ended = case_extent(before.log)[1][here]
    continued = (after.arrival[there] <= ended) | ~_begins(after.log, before.log)[there]
    if not continued.any():
        return len(shared)
    names = [str(name) for name in shared[continued]]
    raise InsufficientDataError(
        _("{n:,} cases stand in both logs (such as {examples}); they would be counted twice, or in two parts.", n=len(names), examples=_listed(names)),
        hint=_("cut the export by the day of application: a case with all its events belongs to the side on which it arrived."),
    )  # fmt: skip


def _begins(log: EventLog, model: EventLog) -> Bools:
    """Say which cases of a log begin as cases do: with an application, or with an activity other cases begin with."""
    firsts = log.case_ptr[:-1]
    known = np.zeros(log.n_cases, np.bool_)
    opens = np.zeros(log.n_cases, np.bool_)
    if log.has("stage"):
        codes, labels = log.codes("stage")
        at = codes[firsts]
        known = at >= 0
        opens = np.array([*(label in OPENING for label in labels), False], np.bool_)[at]
    model_codes, names = model.codes("activity")
    share = np.bincount(model_codes[model.case_ptr[:-1]], minlength=len(names)) / model.n_cases
    usual = {name for name, part in zip(names, share, strict=True) if part >= USUAL}
    codes, labels = log.codes("activity")
    found = np.array([label in usual for label in labels], np.bool_)[codes[firsts]]
    out: Bools = np.where(known, opens, found)
    return out
