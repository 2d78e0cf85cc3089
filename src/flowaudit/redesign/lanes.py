"""Two lanes for the cases of a process: each template belongs to one, or becomes two."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from flowaudit.process import Branch, OpenCase, Process, Template
from flowaudit.redesign.draft import SPLIT_CASES

Fast = Callable[[Template, Branch], bool]
"""Says of a way whether its cases take the fast lane."""


@dataclass(frozen=True)
class Lanes:
    """A process whose templates are each of one lane.

    Attributes
    ----------
    process : Process
    fast : frozenset of int
        Templates of the fast lane.
    """

    process: Process
    fast: frozenset[int]

    @property
    def cases(self) -> float:
        """Observed cases in the fast lane."""
        return sum(self.process.templates[t].cases for t in self.fast)


def by_rule(process: Process, fast: Fast) -> Lanes:
    """Put every way in its lane; a template with ways of both becomes two."""
    parts = []
    for template in process.templates:
        chosen = [fast(template, branch) for branch in template.branches]
        share = sum(b.probability for b, yes in zip(template.branches, chosen, strict=True) if yes)
        if all(chosen) or not any(chosen):
            parts.append([(template, all(chosen))])
        else:
            parts.append(
                [(_part(template, chosen, lane, share if lane else 1.0 - share), lane) for lane in (True, False)]
            )
    return _joined(process, parts)


def by_chance(process: Process, share: float, *, key: str) -> Lanes:
    """Put a share of the cases in the fast lane, whatever they are about.

    A template followed by ``SPLIT_CASES`` observed cases or more becomes two; rarer ones are dealt out, in an order drawn
    from ``key``, so that over all cases the lane has its share.
    """
    parts: list[list[tuple[Template, bool]]] = [[] for _template in process.templates]
    due = 0.0
    for t in np.random.default_rng(zlib.crc32(key.encode())).permutation(len(parts)):
        template = process.templates[t]
        if share in (0.0, 1.0):
            parts[t] = [(template, share == 1.0)]
        elif template.cases >= SPLIT_CASES:
            parts[t] = [
                (replace(template, cases=template.cases * part), lane) for part, lane in ((share, True), (1.0 - share, False))
            ]  # fmt: skip
        else:
            due += template.cases * share
            lane = due >= template.cases / 2
            due -= template.cases * lane
            parts[t] = [(template, lane)]
    return _joined(process, parts)


def _part(template: Template, chosen: list[bool], lane: bool, share: float) -> Template:
    branches = tuple(
        replace(b, probability=b.probability / share)
        for b, yes in zip(template.branches, chosen, strict=True)
        if yes == lane
    )
    return replace(template, cases=template.cases * share, branches=branches)


def _joined(process: Process, parts: list[list[tuple[Template, bool]]]) -> Lanes:
    """The process with the parts of each template in its place, and the open cases' ways led on to them."""
    flat = [part for of_template in parts for part in of_template]
    first = np.cumsum([0, *map(len, parts)]).tolist()

    def led_on(case: OpenCase) -> OpenCase:
        ways = tuple((k, cut) for t, cut in case.ways for k in range(first[t], first[t + 1]))
        return case if ways == case.ways else replace(case, ways=ways)

    split = replace(
        process,
        templates=tuple(template for template, _lane in flat),
        open_cases=tuple(led_on(case) for case in process.open_cases),
    )
    return Lanes(split, frozenset(k for k, (_template, lane) in enumerate(flat) if lane))
