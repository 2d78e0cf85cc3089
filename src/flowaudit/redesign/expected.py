"""What a process expects of a case: how often each activity, what follows what, what is asked of the applicant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from flowaudit.process import BANDS, Branch, Process, band_means

Array = npt.NDArray[np.float64]
Pair = tuple[str, str]

START, END = "▷", "□"
"""Stand for the arrival and the end of a case among what follows what."""


@dataclass
class Doing:
    """One activity: sums over the times a case passes it.

    Attributes
    ----------
    times : float
        Per case.
    cases : float
        Share of the cases that pass it.
    visits, materials, work_h, delay_h : float
        Per time: share with the applicant there, kinds handed in, mean work and mean delay before it.
    nodes : dict of int to float
        Times per case by node.
    """

    times: float = 0.0
    cases: float = 0.0
    visits: float = 0.0
    materials: float = 0.0
    work_h: float = 0.0
    delay_h: float = 0.0
    nodes: dict[int, float] = field(default_factory=lambda: defaultdict(float))


@dataclass
class Expected:
    """Expectations per case, exactly as the routing of a process says; nothing is simulated.

    Attributes
    ----------
    activities : dict of str to Doing
    follows : dict of (str, str) to float
        Times per case that the second begins after the first; ``START`` and ``END`` are among them.
    together, apart : dict of (str, str) to float
        Share of the cases in which two activities (in alphabetical order) do not wait for each other, and in which one does.
    materials : dict of (str, str) to float
        By (material, source): kinds per case. A kind asked for by two items counts twice; handed in again, once.
    totals : dict of str to float
        ``activities`` and ``attendances`` per case (steps at which the applicant is somewhere, and visits in vain),
        ``materials`` handed in, ``special`` procedures, ``priority`` (share of cases with another than 0), ``due_h``
        (mean of those with a due time). NaN where there is none, or the log does not record it.
    """

    activities: dict[str, Doing] = field(default_factory=lambda: defaultdict(Doing))
    follows: dict[Pair, float] = field(default_factory=lambda: defaultdict(float))
    together: dict[Pair, float] = field(default_factory=lambda: defaultdict(float))
    apart: dict[Pair, float] = field(default_factory=lambda: defaultdict(float))
    materials: dict[Pair, float] = field(default_factory=lambda: defaultdict(float))
    totals: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    @classmethod
    def of(cls, process: Process) -> Expected:
        """Return the expectations of a process."""
        found = cls()
        labels = [node.activity for node in process.nodes]
        waits = by_band(process.waits)
        works = by_band(process.works)[:, -1]
        structures: dict[tuple[tuple[str, ...], tuple[tuple[int, ...], ...]], float] = defaultdict(float)
        for weight, branch in weighted(process):
            found._pass(branch, weight, labels, waits, works)
            structures[tuple([labels[s.node] for s in branch.steps]), tuple([s.after for s in branch.steps])] += weight
        for (names, after), weight in structures.items():
            found._order(names, after, weight)
        found._lanes(process)
        for name, recorded in (
            ("attendances", process.has_visits),
            ("materials", process.has_materials),
            ("special", process.has_special),
        ):
            found.totals[name] = found.totals[name] if recorded else float("nan")
        for doing in found.activities.values():
            for name in ("visits", "materials", "work_h", "delay_h"):
                setattr(doing, name, getattr(doing, name) / doing.times)
        return found

    def _pass(self, branch: Branch, weight: float, labels: list[str], waits: Array, works: Array) -> None:
        """Count one branch: its steps, what is handed in and where."""
        steps = branch.steps
        at = [self.activities[labels[s.node]] for s in steps]
        for doing, step in zip(at, steps, strict=True):
            doing.times += weight
            doing.nodes[step.node] += weight
            if step.wait >= 0:
                doing.delay_h += weight * waits[step.wait, step.band]
            if step.work >= 0:
                doing.work_h += weight * works[step.work]
            if step.site is not None:
                doing.visits += weight
                self.totals["attendances"] += weight
        for doing in {id(d): d for d in at}.values():
            doing.cases += weight
        self.totals["activities"] += weight * len(steps)
        self.totals["attendances"] += weight * len(branch.trips)
        self.totals["special"] += weight * len(branch.episodes)
        for use in branch.materials:
            at[use.step].materials += weight * (use.source == "applicant")
        for (_item, kind), source in _kinds(branch).items():
            self.materials[kind, source] += weight
            self.totals["materials"] += weight * (source == "applicant")

    def _order(self, names: tuple[str, ...], after: tuple[tuple[int, ...], ...], weight: float) -> None:
        """Count what follows what, and which activities wait for each other, on ways of one shape."""
        before = [0] * len(names)
        followed = 0
        of: dict[str, int] = defaultdict(int)
        for i, earlier in enumerate(after):
            of[names[i]] |= 1 << i
            for j in earlier:
                before[i] |= before[j] | 1 << j
                followed |= 1 << j
                self.follows[names[j], names[i]] += weight
            if not earlier:
                self.follows[START, names[i]] += weight
        for i, name in enumerate(names):
            if not followed >> i & 1:
                self.follows[name, END] += weight
        later = [0] * len(names)
        for i in reversed(range(len(names))):
            for j in after[i]:
                later[j] |= later[i] | 1 << i
        whole = (1 << len(names)) - 1
        known = sorted(of)
        free = {name: 0 for name in known}
        for i, name in enumerate(names):
            free[name] |= whole & ~(before[i] | later[i])
        for k, a in enumerate(known):
            for b in known[k + 1 :]:
                (self.together if free[a] & of[b] else self.apart)[a, b] += weight

    def _lanes(self, process: Process) -> None:
        """Count priorities and due times."""
        total = sum(t.cases for t in process.templates)
        due = [(t.cases, t.due_h) for t in process.templates if np.isfinite(t.due_h)]
        cases = sum(c for c, _h in due)
        self.totals["priority"] = sum(t.cases for t in process.templates if t.priority != 0.0) / total if total else 0.0
        self.totals["due_h"] = sum(c * h for c, h in due) / cases if cases else float("nan")


def weighted(process: Process) -> Iterator[tuple[float, Branch]]:
    """Yield every branch with the share of the cases that take it."""
    total = sum(t.cases for t in process.templates)
    for template in process.templates:
        for branch in template.branches:
            if branch.probability > 0 and template.cases > 0:
                yield template.cases * branch.probability / total, branch


def by_band(tables: Array) -> Array:
    """Return the means of every table within its bands and, last, as a whole."""
    return np.array([band_means(t, BANDS) for t in tables]).reshape(len(tables), BANDS + 1)


def _kinds(branch: Branch) -> Mapping[tuple[str | None, str], str]:
    """Where each kind came from: from the applicant if ever he handed it in (as the metric counts it)."""
    found: dict[tuple[str | None, str], str] = {}
    for use in branch.materials:
        key = use.item, use.canonical_id
        if use.source == "applicant" or key not in found:
            found[key] = use.source
    return found
