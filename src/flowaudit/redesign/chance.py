"""What a measure brings about in a share of the cases only: each such thing dealt out for itself, in one pass."""

from __future__ import annotations

import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import numpy as np

from flowaudit.process import Branch, Process
from flowaudit.redesign.draft import SPLIT_CASES, _no_collection

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Chance(Generic[T]):
    """Something that comes about in a branch or does not: a fetch that succeeds, a correction that is avoided.

    Attributes
    ----------
    what : object
    share : float
        How often it comes about, 0 to 1.
    key : str
        Its kind: chances of one kind are dealt out together, those of different kinds independently of each other.
    """

    what: T
    share: float
    key: str = ""


def change_by_chance(
    process: Process,
    chances: Callable[[Branch], Sequence[Chance[T]]],
    outcome: Callable[[Branch, list[T]], Branch],
    *,
    key: str,
) -> tuple[Process, float]:
    """Change every branch that has chances by those that come about; return the process and the cases that have any.

    Parameters
    ----------
    process : Process
    chances : callable
        Gives the chances of a branch; none: the measure leaves it alone.
    outcome : callable
        Gives the branch as it runs when these of its chances come about (in their order; maybe none).
    key : str
        The measure's subject: measures with different ones deal independently.

    Notes
    -----
    A branch followed by ``SPLIT_CASES`` observed cases or more is split at a chance, in the exact shares; a rarer part of
    it takes one of the two, in an order drawn from the keys, so that over all cases each chance has its share. So a branch
    becomes at most twice as many parts as it holds ``SPLIT_CASES``, however many chances it has.
    """
    with _no_collection():
        return _changed(process, chances, outcome, key)


def _changed(
    process: Process,
    chances: Callable[[Branch], Sequence[Chance[T]]],
    outcome: Callable[[Branch, list[T]], Branch],
    key: str,
) -> tuple[Process, float]:
    found = [[chances(branch) for branch in template.branches] for template in process.templates]
    weights = [[t.cases * b.probability for b in t.branches] for t in process.templates]
    parts = _dealt(found, weights, key)
    touched = 0.0
    templates = list(process.templates)
    for t, template in enumerate(process.templates):
        if not any(found[t]):
            continue
        branches: list[Branch] = []
        for b, branch in enumerate(template.branches):
            if not found[t][b]:
                branches.append(branch)
                continue
            touched += weights[t][b]
            for come, share in parts[t, b].items():
                new = outcome(branch, [c.what for k, c in enumerate(found[t][b]) if come >> k & 1])
                branches.append(new if share == 1.0 else replace(new, probability=branch.probability * share))
        templates[t] = replace(template, branches=tuple(branches))
    return replace(process, templates=tuple(templates)), touched


Parts = dict[int, float]
"""Parts of a branch: which of its chances come about in each, as bits, and its share."""


def _dealt(
    found: Sequence[Sequence[Sequence[Chance[T]]]], weights: Sequence[Sequence[float]], key: str
) -> dict[tuple[int, int], Parts]:
    """Deal out all chances, one kind after the other."""
    kinds: dict[tuple[str, int], list[tuple[int, int, int]]] = defaultdict(list)
    parts: dict[tuple[int, int], Parts] = {}
    for t, of_template in enumerate(found):
        for b, own in enumerate(of_template):
            if own:
                parts[t, b] = {0: 1.0}
            # Two of a kind in one branch are two kinds: dealt together, one would come about where the other does not.
            seen: Counter[str] | None = None if len({c.key for c in own}) == len(own) else Counter()
            for k, chance in enumerate(own):
                number = 0
                if seen is not None:
                    number = seen[chance.key]
                    seen[chance.key] += 1
                kinds[chance.key, number].append((t, b, k))
    for (kind, number), places in sorted(kinds.items()):
        due = 0.0
        rng = np.random.default_rng(zlib.crc32(f"{key}|{kind}|{number}".encode()))
        for place in rng.permutation(len(places)).tolist():
            t, b, k = places[place]
            parts[t, b], due = _deal(parts[t, b], 1 << k, found[t][b][k].share, weights[t][b], due)
    return parts


def _deal(parts: Parts, bit: int, share: float, weight: float, due: float) -> tuple[Parts, float]:
    """Let a chance come about in ``share`` of all parts; return them, and the cases it is still due (or has too many)."""
    out: Parts = {}
    for come, part in parts.items():
        cases = weight * part
        if share <= 0.0 or share >= 1.0:
            out[come | bit if share >= 1.0 else come] = part
        elif cases >= SPLIT_CASES:
            out[come | bit], out[come] = part * share, part * (1.0 - share)
        else:
            due += cases * share
            happens = due >= cases / 2
            due -= cases * happens
            out[come | bit if happens else come] = part
    return out, due
