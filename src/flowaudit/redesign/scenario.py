"""A scenario: an immutable, ordered list of measures, built by verbs."""

from __future__ import annotations

import datetime as dt
import html
import math
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from flowaudit.errors import InputError, UsageError
from flowaudit.messages import Language, current_language
from flowaudit.messages import translate as _
from flowaudit.process import Process
from flowaudit.redesign.measure import Caution, Measure, MeasureRefusedError
from flowaudit.redesign.verbs import Verbs


@dataclass(frozen=True)
class Entry:
    """A measure of a scenario, and what people add to it.

    Attributes
    ----------
    name : str
        What people call it; empty: its own label.
    owner : str
        Unit in charge.
    cost_yuan : float or None
        None: nobody has said.
    start : date or None
        When it comes into force.
    """

    measure: Measure
    name: str = ""
    owner: str = ""
    cost_yuan: float | None = None
    start: dt.date | None = None

    def __post_init__(self) -> None:
        cost = self.cost_yuan
        if cost is not None and not (math.isfinite(cost) and cost >= 0):
            raise UsageError(
                _("{measure}: the cost is {value}.", measure=self.measure.label(), value=cost),
                hint=_("cost_yuan is a number of yuan, 0 or more."),
            )

    def label(self, lang: Language | None = None) -> str:
        return self.name or self.measure.label(lang)


@dataclass(frozen=True)
class Scenario(Verbs):
    """An ordered list of reform measures; every verb returns a new scenario.

    Parameters
    ----------
    name : str
    entries : iterable of Entry or Measure
        In the order in which they come into force: each sees the process the ones before it have left.
    source : str
        Text of the file it was read from, whose comments are kept when it is written.

    Raises
    ------
    UsageError
        If a measure is in it twice, or two of a kind change the same thing.

    Examples
    --------
    >>> plan = Scenario("方案一").parallelise("消防核查", "环保核查").limit_levels("市场监管局", 3)
    >>> plan = plan.terms(owner="市场监管局", cost_yuan=20_000)
    >>> [m.id for m in plan]
    ['M04', 'M02']
    """

    name: str
    entries: tuple[Entry, ...] = ()
    source: str = field(default="", kw_only=True, repr=False, compare=False)

    def __post_init__(self) -> None:
        entries = tuple(e if isinstance(e, Entry) else Entry(e) for e in self.entries)
        object.__setattr__(self, "entries", entries)
        for k, entry in enumerate(entries):
            for earlier in entries[:k]:
                problem = contradiction(earlier.measure, entry.measure)
                if problem:
                    raise UsageError(problem, hint=_("keep one of the two."))

    @classmethod
    def of(cls, name: str, measures: Iterable[Measure]) -> Scenario:
        """Return a scenario of measures, nothing said beside them."""
        return cls(name, tuple(Entry(m) for m in measures))

    @property
    def measures(self) -> tuple[Measure, ...]:
        return tuple(entry.measure for entry in self.entries)

    @property
    def cost_yuan(self) -> float | None:
        """What all measures cost; None where it is not known of all of them."""
        costs = [entry.cost_yuan for entry in self.entries]
        return None if any(c is None for c in costs) else float(sum(c for c in costs if c is not None))

    def __iter__(self) -> Iterator[Measure]:
        return iter(self.measures)

    def __len__(self) -> int:
        return len(self.entries)

    def add(self, measure: Measure | Entry) -> Self:
        """Return the scenario with one measure more.

        Raises
        ------
        UsageError
            If it contradicts one that is already in it.
        """
        return replace(self, entries=(*self.entries, measure if isinstance(measure, Entry) else Entry(measure)))

    def terms(
        self,
        *,
        name: str | None = None,
        owner: str | None = None,
        cost_yuan: float | None = None,
        start: dt.date | str | None = None,
    ) -> Self:
        """Return the scenario with the name, unit in charge, cost and start date of its last measure set.

        Raises
        ------
        UsageError
            If there is no measure yet, or the date is none.
        """
        if not self.entries:
            raise UsageError(_("the scenario has no measure yet."), hint='Scenario("…").one_window().terms(owner="…")')
        if isinstance(start, str):
            try:
                start = dt.date.fromisoformat(start)
            except ValueError:
                raise UsageError(_("'{value}' is no date.", value=start), hint=_("write 2027-01-01.")) from None
        given: dict[str, Any] = {"name": name, "owner": owner, "cost_yuan": cost_yuan, "start": start}
        last = replace(self.entries[-1], **{key: value for key, value in given.items() if value is not None})
        return replace(self, entries=(*self.entries[:-1], last))

    def apply(self, process: Process) -> Process:
        """Return the process with all measures in force, in their order; no measure: the same process.

        Raises
        ------
        InputError
            If a measure names what the log lacks.
        MeasureRefusedError
            If the data cannot support a measure, it would change nothing, or an earlier one has taken away what it changes.
        """
        return self.stages(process)[-1]

    def stages(self, process: Process) -> tuple[Process, ...]:
        """Return the process before the first measure, and after each of them in turn.

        Raises
        ------
        InputError, MeasureRefusedError
            As :meth:`apply`.
        """
        found = [process]
        for k, measure in enumerate(self.measures):
            found.append(self._next(measure, found, k))
        return tuple(found)

    def cautions(self, stages: Sequence[Process]) -> tuple[tuple[Caution, ...], ...]:
        """Return for every measure what the log and the catalogue hold against it, as it finds the process; of :meth:`stages`."""
        return tuple(measure.cautions(process) for measure, process in zip(self.measures, stages, strict=False))

    def _next(self, measure: Measure, found: list[Process], k: int) -> Process:
        """Apply a measure; where it fails only because of an earlier one, say which."""
        try:
            return measure.apply(found[-1])
        except (InputError, MeasureRefusedError):
            if k == 0 or _refused(measure, found[0]):
                raise
            spoiler = next(i for i in range(1, k + 1) if _refused(measure, found[i]))
            raise MeasureRefusedError(
                _(
                    "{measure}: [{earlier}] comes before it and has already changed what it is about.",
                    measure=measure.label(), earlier=self.entries[spoiler - 1].label(),
                ),
                hint=_("put it before that measure, or leave one of them out."),
            ) from None  # fmt: skip

    def to_toml(self) -> str:
        """Return the scenario as the text of a file people can edit."""
        from flowaudit.redesign.scenario_file import written

        return written(self)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a scenario file; comments of a file that is already there are kept where its measures stay."""
        from flowaudit.redesign.scenario_file import save

        save(self, Path(path))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Scenario:
        """Read a scenario file.

        Raises
        ------
        InputError
            Naming the file, the line and the nearest valid word.
        """
        from flowaudit.redesign.scenario_file import load

        return load(Path(path))

    def _repr_html_(self) -> str:
        lang = current_language()
        rows = "".join(
            f"<tr><td>{e.measure.id}</td><td>{html.escape(e.measure.name(lang))}</td><td>{html.escape(e.label(lang))}</td></tr>"
            for e in self.entries
        )
        return f"<p>{html.escape(self.name)}</p><table>{rows}</table>"


def contradiction(a: Measure, b: Measure) -> str | None:
    """Return why two measures cannot stand in one scenario; None where they can."""
    if a == b:
        return _("{measure} is already in the scenario.", measure=b.label())
    if type(a) is not type(b):
        return None
    mine, other = a.subjects(), b.subjects()
    if not mine or not other:
        return _("[{a}] and [{b}] both change everything of their kind.", a=a.label(), b=b.label())
    shared = mine & other
    return (
        _("[{a}] and [{b}] both change {names}.", a=a.label(), b=b.label(), names=", ".join(sorted(shared)))
        if shared
        else None
    )


def _refused(measure: Measure, process: Process) -> bool:
    try:
        measure.apply(process)
    except (InputError, MeasureRefusedError):
        return True
    return False
