"""A difference between two processes in sentences, one for each thing that changes."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from flowaudit.messages import Language
from flowaudit.messages import translate as _
from flowaudit.redesign.diff_words import listed, quoted, quotes
from flowaudit.redesign.expected import END, START

if TYPE_CHECKING:
    from flowaudit.redesign.diff import Diff

SEEN = 0.005
"""Smaller differences would be printed as none: they are counted, not listed."""

CROSSES, LINKS = 3, 3
"""Sentences about what runs side by side, and links named: the most frequent ones."""


def sentences(diff: Diff, lang: Language) -> tuple[str, ...]:
    """Return what changes, one sentence for each thing; a single one where nothing does."""
    if diff.empty:
        return (_("Nothing differs: the two processes are the same.", lang=lang),)
    parts = (
        _measures,
        _merges,
        _gone_and_new,
        _frequencies,
        _facts,
        _parallel,
        _order,
        _materials,
        _totals,
        _pools,
        _arrivals,
    )
    return tuple(sentence for part in parts for sentence in part(diff, lang))


def _measures(diff: Diff, lang: Language) -> Iterator[str]:
    if diff.measures:
        told = [_("{i}. {measure}", lang=lang, i=i, measure=label) for i, (label, _n) in enumerate(diff.measures, 1)]
        yield _("Measures, in their order: {names}.", lang=lang, names=_("; ", lang=lang).join(told))


def _merges(diff: Diff, lang: Language) -> Iterator[str]:
    rows = {r["activity"]: r for r in diff.table.to_dict("records")}
    gone = {a for a, r in rows.items() if r["change"] in ("merged", "renamed")}
    for sources, results in _together([(a, rows[a]["into"]) for a in rows if a in gone]):
        if len(sources) == 1 and rows[sources[0]]["change"] == "renamed":
            yield _("{old} is now called {new}.", lang=lang, old=quoted(sources[0]), new=quotes(results, lang))
            continue
        kept = [r for r in results if r not in sources]
        was = sum(rows[a]["times_before"] for a in (*sources, *kept))
        after = sum(rows[a]["times_after"] for a in kept)
        words = {
            "names": quotes(sources, lang),
            "new": quotes(kept, lang),
            "after": _times(after),
            "before": _times(was),
        }
        yield (
            _("{names} become one, {new}: {after} times per case instead of {before} in all.", lang=lang, **words)
            if len(kept) == 1
            else _("{names} become {new}: {after} times per case in all instead of {before}.", lang=lang, **words)
        )
    for row in diff.of("result").to_dict("records"):
        part = [a for a in row["merged_from"] if a not in gone and a != row["activity"]]
        if part:
            yield _(
                "{new} ({after} times per case) takes over part of the work of {names}.",
                lang=lang, new=quoted(row["activity"]), after=_times(row["times_after"]), names=quotes(part, lang),
            )  # fmt: skip
    if not diff.same_ways:
        yield _(
            "The two processes do not stand for the same cases: which activity took over which cannot be told, and one that is gone "
            "may have been renamed.",
            lang=lang,
        )


def _together(pairs: list[tuple[str, tuple[str, ...]]]) -> list[tuple[list[str], list[str]]]:
    """Activities that are gone with those they live on in, as groups that have nothing to do with each other."""
    groups: list[tuple[list[str], list[str]]] = []
    for source, into in pairs:
        touched = [g for g in groups if set(g[1]) & set(into)]
        groups = [g for g in groups if g not in touched]
        sources = [a for g in touched for a in g[0]]
        results = [b for g in touched for b in g[1]]
        groups.append(([*sources, source], list(dict.fromkeys([*results, *into]))))
    return groups


def _times(times: float) -> str:
    """How often, per case; never a zero for what does happen."""
    return "<0.01" if 0 < times < SEEN else f"{times:.2f}"


def _gone_and_new(diff: Diff, lang: Language) -> Iterator[str]:
    def told(change: Any, side: str) -> list[str]:
        return [
            _("“{name}” ({times} per case)", lang=lang, name=r["activity"], times=_times(r[f"times_{side}"]))
            for r in diff.of(change).to_dict("records")
        ]

    if removed := told("removed", "before"):
        yield _("No longer done: {names}.", lang=lang, names=listed(removed, lang))
    if new := told("new", "after"):
        yield _("New: {names}.", lang=lang, names=listed(new, lang))


def _frequencies(diff: Diff, lang: Language) -> Iterator[str]:
    changed = diff.of("changed")
    changed = changed.iloc[
        np.argsort(-(changed["times_after"] - changed["times_before"]).abs().to_numpy(float), kind="stable")
    ]
    by = (changed["times_after"] - changed["times_before"]).to_numpy(float)

    def told(rows: pd.DataFrame) -> list[str]:
        return [
            _("“{name}” {before:.2f} → {after:.2f}", lang=lang, name=r["activity"], before=r["times_before"], after=r["times_after"])
            for r in rows.to_dict("records")
        ]  # fmt: skip

    if fewer := told(changed[by < -SEEN]):
        yield _("Done less often (times per case): {names}.", lang=lang, names=listed(fewer, lang))
    if more := told(changed[by > SEEN]):
        yield _("Done more often (times per case): {names}.", lang=lang, names=listed(more, lang))
    slight = sum(
        0 < abs(change) <= SEEN and set(what) <= {"times", "cases"}
        for change, what in zip(by, changed["what"], strict=True)
    )
    if slight:
        yield _("{n} more activities change in their frequency by less than 0.01 per case.", lang=lang, n=slight)


def _facts(diff: Diff, lang: Language) -> Iterator[str]:
    """Who does it, how, and how long it takes: the same change of several activities is one sentence."""
    said: dict[str, list[str]] = defaultdict(list)
    for row in diff.of("changed").to_dict("records"):
        for fact in row["what"]:
            words = _fact(fact, row[f"{fact}_before"], row[f"{fact}_after"], lang)
            if words:
                said[words].append(row["activity"])
    for words, names in said.items():
        yield _("{names}: {words}.", lang=lang, names=quotes(names, lang), words=words)


def _fact(fact: str, was: Any, now: Any, lang: Language) -> str | None:
    """What is now otherwise; None where another sentence says it or it is too small to be seen."""
    if fact in ("department", "office"):
        return _fact_place(fact, was, now, lang)
    if fact == "stage":
        if "decide" in now and "decide" not in was:
            return _("now decides", lang=lang)
        return _("stage {now} instead of {was}", lang=lang, now=_names(now, lang), was=_names(was, lang))
    if fact == "level":
        return _("sign-off level {now} instead of {was}", lang=lang, now=_names(now, lang), was=_names(was, lang))
    if fact == "officers":
        return (
            _("{now} officers may do it instead of {was}", lang=lang, now=int(now), was=int(was))
            if now != was
            else _("other officers do it", lang=lang)
        )
    if fact == "batch":
        return _("{now} instead of {was}", lang=lang, now=_batches(now, lang), was=_batches(was, lang))
    if fact == "hours":
        if not math.isnan(was) and abs(now - was) > 0.05:
            return _("worked on in {now:.1f} hours a week instead of {was:.1f}", lang=lang, now=now, was=was)
        return _("worked on in other hours", lang=lang)
    if fact in ("automatic", "visits") and abs(now - was) > SEEN:
        name = {
            "automatic": _("done without an officer: {now:.0%} instead of {was:.0%}", lang=lang, now=now, was=was),
            "visits": _("applicant on site: {now:.0%} instead of {was:.0%}", lang=lang, now=now, was=was),
        }
        return name[fact]
    if fact in ("work_h", "delay_h") and abs(now - was) > SEEN:
        name = {
            "work_h": _("work {now:.2f} h instead of {was:.2f} h", lang=lang, now=now, was=was),
            "delay_h": _("waiting before it {now:.2f} h instead of {was:.2f} h", lang=lang, now=now, was=was),
        }
        return name[fact]
    return None


def _fact_place(fact: str, was: tuple[str, ...], now: tuple[str, ...], lang: Language) -> str:
    words = {"now": _names(now, lang), "was": _names(was, lang)}
    if fact == "department":
        return _("done by {now} instead of {was}", lang=lang, **words)
    return _("office {now} instead of {was}", lang=lang, **words)


def _names(names: Sequence[object], lang: Language) -> str:
    return listed(names, lang) or _("none", lang=lang)


def _batches(batches: Sequence[tuple[str, int]], lang: Language) -> str:
    if not batches:
        return _("as it comes", lang=lang)
    told = [
        _("{n} times a week together", lang=lang, n=n) if kind == "slots" else _("{n} cases together", lang=lang, n=n)
        for kind, n in batches
    ]
    return listed(told, lang)


def _parallel(diff: Diff, lang: Language) -> Iterator[str]:
    for change in ("together", "in_order"):
        frame = diff.parallel[diff.parallel["change"] == change]
        frame = frame[(frame["after"] - frame["before"]).abs() > SEEN]
        crosses = sorted(_crossed(frame), key=lambda x: -x[2] * len(x[0]) * len(x[1]))
        for left, right, share in crosses[:CROSSES]:
            words = {"a": quotes(left, lang, 4), "b": quotes(right, lang, 4), "share": share}
            yield (
                _("{a} and {b} no longer wait for each other: side by side in another {share:.0%} of the cases.", lang=lang, **words)
                if change == "together"
                else _("{a} and {b} run one after the other in another {share:.0%} of the cases.", lang=lang, **words)
            )  # fmt: skip
        if len(crosses) > CROSSES:
            yield _("The order of {n} more groups of activities changes, too.", lang=lang, n=len(crosses) - CROSSES)


def _crossed(frame: pd.DataFrame) -> list[tuple[list[str], list[str], float]]:
    """Pairs as few crosses (each of these with each of those) as simple gathering gives, with the largest share that changes."""
    partners: dict[str, set[str]] = defaultdict(set)
    share: dict[frozenset[str], float] = {}
    for row in frame.to_dict("records"):
        pair = frozenset((row["first"], row["second"]))
        share[pair] = abs(row["after"] - row["before"])
        partners[row["first"]].add(row["second"])
        partners[row["second"]].add(row["first"])
    found = []
    done: set[frozenset[str]] = set()
    for a in sorted(partners, key=lambda a: (-len(partners[a]), a)):
        right = {b for b in partners[a] if frozenset((a, b)) not in done}
        if not right:
            continue
        left = [x for x in partners if x not in right and right <= partners[x]]
        pairs = [frozenset((x, b)) for x in left for b in right]
        done.update(pairs)
        most = {x: max(share[p] for p in pairs if x in p) for x in (*left, *right)}
        first, second = (sorted(names, key=lambda x: (-most[x], x)) for names in (left, right))
        found.append((first, second, max(most.values())))
    return found


def _order(diff: Diff, lang: Language) -> Iterator[str]:
    fallen, new = (diff.edges[diff.edges["change"] == c] for c in ("removed", "new"))
    if not len(fallen) and not len(new):
        return
    ends = {START: _("start", lang=lang), END: _("end", lang=lang)}
    often = [
        _("“{source}” → “{target}” ({times})", lang=lang, times=_times(r["after"]), **{k: ends.get(r[k], r[k]) for k in ("source", "target")})
        for r in new.head(LINKS).to_dict("records")
    ]  # fmt: skip
    words = {"fallen": len(fallen), "new": len(new), "often": listed(often, lang)}
    yield (
        _("What follows what: {fallen} links fall away, {new} are new, most often {often}.", lang=lang, **words)
        if often
        else _("What follows what: {fallen} links fall away.", lang=lang, **words)
    )


def _materials(diff: Diff, lang: Language) -> Iterator[str]:
    frame = diff.materials[(diff.materials["after"] - diff.materials["before"]).abs() > SEEN]
    told = [
        _("“{name}” {before:.2f} → {after:.2f}", lang=lang, name=r["name"], before=r["before"], after=r["after"])
        for r in frame.to_dict("records")
    ]
    if told:
        was, now = (float(diff.totals[s]["materials"]) for s in ("before", "after"))
        yield _(
            "Materials the applicant hands in: {before:.2f} → {after:.2f} per case ({names}).",
            lang=lang, before=was, after=now, names=listed(told, lang),
        )  # fmt: skip


def _totals(diff: Diff, lang: Language) -> Iterator[str]:
    def change(name: str) -> tuple[float, float] | None:
        was, now = (float(diff.totals[s][name]) for s in ("before", "after"))
        return None if (math.isnan(was) and math.isnan(now)) or abs(was - now) <= SEEN else (was, now)

    if found := change("activities"):
        yield _("Steps per case: {was:.2f} → {now:.2f}.", lang=lang, was=found[0], now=found[1])
    if found := change("attendances"):
        yield _(
            "Attendances of the applicant per case: {was:.2f} → {now:.2f} (several on one day at one place are one trip: a simulation tells).",
            lang=lang, was=found[0], now=found[1],
        )  # fmt: skip
    if found := change("special"):
        yield _("Special procedures per case: {was:.2f} → {now:.2f}.", lang=lang, was=found[0], now=found[1])
    if found := change("priority"):
        yield _("{now:.0%} of the cases are ranked by a rule, before {was:.0%}.", lang=lang, was=found[0], now=found[1])
    if found := change("due_h"):
        known = _("none", lang=lang) if math.isnan(found[0]) else _("{hours:.0f} h", lang=lang, hours=found[0])
        yield _("Due after {now:.0f} hours, before: {was}.", lang=lang, now=found[1], was=known)


def _pools(diff: Diff, lang: Language) -> Iterator[str]:
    names = {
        "capacity": _("places", lang=lang),
        "officers": _("officers", lang=lang),
        "hours": _("officers' hours a week", lang=lang),
        "discipline": _("who is served first", lang=lang),
    }
    said: dict[str, list[str]] = defaultdict(list)
    for row in diff.pools[diff.pools["change"] != "kept"].to_dict("records"):
        if row["change"] == "removed":
            said[_("no longer there", lang=lang)].append(row["pool"])
            continue
        told = [
            _("{what} {now}", lang=lang, what=name, now=_cell(row[f"{key}_after"], lang))
            if row["change"] == "new"
            else _("{what} {was} → {now}", lang=lang, what=name, was=_cell(row[f"{key}_before"], lang), now=_cell(row[f"{key}_after"], lang))
            for key, name in names.items()
            if row["change"] == "new" or row[f"{key}_before"] != row[f"{key}_after"]
        ]  # fmt: skip
        words = listed(told, lang) or _("other hours", lang=lang)
        said[_("new, {words}", lang=lang, words=words) if row["change"] == "new" else words].append(row["pool"])
    for words, pools in said.items():
        yield _("Pool {name}: {words}.", lang=lang, name=quotes(pools, lang), words=words)


def _cell(value: Any, lang: Language) -> str:
    disciplines = {
        "fifo": _("who came first", lang=lang),
        "priority": _("by priority", lang=lang),
        "deadline": _("who is due first", lang=lang),
    }
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return _("none", lang=lang)
    return disciplines.get(value, value) if isinstance(value, str) else f"{value:g}"


def _arrivals(diff: Diff, lang: Language) -> Iterator[str]:
    was, now = len(diff.as_is.arrivals), len(diff.to_be.arrivals)
    if diff.same_arrivals:
        yield _("Arrivals stay as they are ({n} cases).", lang=lang, n=f"{was:,}")
    else:
        yield _("Arrivals differ: {was} cases before, {now} after.", lang=lang, was=f"{was:,}", now=f"{now:,}")
