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
    flat = [
        (own, template.cases * branch.probability)
        for template, of_template in zip(process.templates, found, strict=True)
        for branch, own in zip(template.branches, of_template, strict=True)
        if own
    ]
    parts = iter(_dealt(flat, key))
    templates = list(process.templates)
    for t, template in enumerate(process.templates):
        if any(found[t]):
            branches: list[Branch] = []
            for branch, own in zip(template.branches, found[t], strict=True):
                for come, share in next(parts).items() if own else ():
                    new = outcome(branch, [c.what for k, c in enumerate(own) if come >> k & 1])
                    branches.append(new if share == 1.0 else replace(new, probability=branch.probability * share))
                if not own:
                    branches.append(branch)
            templates[t] = replace(template, branches=tuple(branches))
    return replace(process, templates=tuple(templates)), sum(cases for _own, cases in flat)


Parts = dict[int, float]
"""Parts of a branch: which of its chances come about in each, as bits, and its share."""


def _dealt(branches: Sequence[tuple[Sequence[Chance[T]], float]], key: str) -> list[Parts]:
    """Deal out the chances of branches with so many cases each, one kind after the other."""
    kinds: dict[tuple[str, int], list[tuple[int, int, float]]] = defaultdict(list)
    for b, (own, _cases) in enumerate(branches):
        # Two of a kind in one branch are two kinds: dealt together, one would come about where the other does not.
        seen: Counter[str] | None = None if len({c.key for c in own}) == len(own) else Counter()
        for k, chance in enumerate(own):
            number = 0
            if seen is not None:
                number = seen[chance.key]
                seen[chance.key] += 1
            kinds[chance.key, number].append((b, 1 << k, chance.share))
    rare = [cases < SPLIT_CASES for _own, cases in branches]
    whole = [0] * len(branches)
    parts: list[Parts] = [{0: 1.0} for _branch in branches]
    for (kind, number), places in sorted(kinds.items()):
        due = 0.0
        rng = np.random.default_rng(zlib.crc32(f"{key}|{kind}|{number}".encode()))
        for place in rng.permutation(len(places)).tolist():
            b, bit, share = places[place]
            cases = branches[b][1]
            if not rare[b]:
                parts[b], due = _split(parts[b], bit, share, cases, due)
            elif 0.0 < share < 1.0:
                due += cases * share
                if due >= cases / 2:
                    due -= cases
                    whole[b] |= bit
            elif share >= 1.0:
                whole[b] |= bit
    return [{whole[b]: 1.0} if rare[b] else part for b, part in enumerate(parts)]


def _split(parts: Parts, bit: int, share: float, cases: float, due: float) -> tuple[Parts, float]:
    """Let a chance come about in ``share`` of all parts; return them, and the cases it is still due (or has too many)."""
    out: Parts = {}
    for come, part in parts.items():
        if share <= 0.0 or share >= 1.0:
            out[come | bit if share >= 1.0 else come] = part
        elif cases * part >= SPLIT_CASES:
            out[come | bit], out[come] = part * share, part * (1.0 - share)
        else:
            due += cases * part * share
            happens = due >= cases * part / 2
            due -= cases * part * happens
            out[come | bit if happens else come] = part
    return out, due
