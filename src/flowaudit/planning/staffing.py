"""The smallest staffing that keeps a promise: a bracket, since no log tells queueing from lying still."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from flowaudit.catalogue import Catalogue
from flowaudit.errors import InsufficientDataError, UsageError, nearest
from flowaudit.eventlog import EventLog, Unit, as_unit
from flowaudit.messages import Language, current_language
from flowaudit.messages import translate as _
from flowaudit.metrics import metric_label
from flowaudit.planning.case_days import PromisedMetric, days_of, require_metric, require_recorded
from flowaudit.planning.kept import shown_share
from flowaudit.planning.staffing_search import Answer, Judge, Post, StaffSearch, Tried
from flowaudit.process import Contention, Process, utilisation
from flowaudit.redesign import Entry, Scenario, Staff
from flowaudit.simulation import readings
from flowaudit.worktime import Calendar, load_calendar

Tell = Callable[[Contention, Tried], None]


@dataclass(frozen=True)
class Reading:
    """The answer on one reading of what queueing is.

    Attributes
    ----------
    contention : {"pool", "resource"}
        Waiting is queueing where nobody who does such work was free, or where the officer who did it was not.
    queue_h : float
        Hours (wall clock) a case queues for a busy officer with present staff, mean; only where the promise is about.
    now : Tried
        Present staff.
    unlimited : Tried
        Nobody ever waits for somebody who is busy: what any number of officers with the present hours could reach.
    answer : {"kept", "added", "never"}
        Present staff is enough; more are needed; no number is enough.
    posts : tuple of Post
        Pools whose staff changes: more where they are needed, fewer where the promise is kept without them.
    tried : tuple of Tried
        All that was simulated, in order.
    """

    contention: Contention
    queue_h: float
    now: Tried
    unlimited: Tried
    answer: Answer
    posts: tuple[Post, ...]
    tried: tuple[Tried, ...]

    @property
    def added(self) -> int | None:
        """Officers needed more; None where no number is enough."""
        return None if self.answer == "never" else sum(p.change for p in self.posts if p.change > 0)

    @property
    def spared(self) -> int:
        """Officers the promise can do without."""
        return -sum(p.change for p in self.posts if p.change < 0)

    @property
    def reached(self) -> Tried:
        """The staffing found; present staff where no number is enough."""
        wanted = {p.pool: p.change for p in self.posts}
        return next((t for t in self.tried if dict(t.changes) == wanted), self.now)

    def beyond_chance(self, level: float) -> bool:
        """Whether the whole interval says that the promise is kept (or, where no number is enough, broken)."""
        if self.answer == "never":
            return self.unlimited.high is not None and self.unlimited.high < level
        return self.reached.low is not None and self.reached.low >= level

    def to_dict(self) -> dict[str, Any]:
        return {
            "contention": self.contention, "queue_h": self.queue_h, "answer": self.answer, "added": self.added,
            "spared": self.spared, "now": self.now.to_dict(), "unlimited": self.unlimited.to_dict(),
            "reached": self.reached.to_dict(), "posts": [p.to_dict() for p in self.posts],
            "tried": [t.to_dict() for t in self.tried],
        }  # fmt: skip


@dataclass(frozen=True)
class Staffing:
    """What :func:`smallest_staffing` found.

    Attributes
    ----------
    promise_days : int
        Working days.
    level : float
        Share of the cases that is to keep it.
    metric : {"clock", "time"}
    item : str
        Its name; empty: whole cases.
    replications : int
        Of every staffing tried.
    readings : tuple of Reading
        Both readings of a log; one for a diagram, which says itself what queues.
    observed : float or None
        Share of the cases of the log that kept it; None of a diagram.
    base : Scenario or None
        The redesign the staff is for.
    """

    promise_days: int
    level: float
    metric: PromisedMetric
    item: str
    replications: int
    readings: tuple[Reading, ...]
    observed: float | None = None
    base: Scenario | None = None

    @property
    def least(self) -> int | None:
        """Fewest officers needed more, over the readings; None where no number is enough in any."""
        return min((r.added for r in self.readings if r.added is not None), default=None)

    @property
    def most(self) -> int | None:
        """Most officers needed more, over the readings; None where no number is enough in one of them."""
        added = [r.added for r in self.readings]
        return None if None in added else max(a for a in added if a is not None)

    @property
    def sure(self) -> bool:
        """Whether what was found is beyond chance of the simulation in every reading."""
        return all(r.beyond_chance(self.level) for r in self.readings)

    def reading(self, contention: Contention) -> Reading:
        """Return the answer on one reading.

        Raises
        ------
        UsageError
            If it was not simulated.
        """
        for reading in self.readings:
            if reading.contention == contention:
                return reading
        raise UsageError(
            _("there is no reading '{name}'.", name=contention),
            hint=_("there are: {names}", names=", ".join(r.contention for r in self.readings)),
        )

    def scenario(self, contention: Contention = "pool", *, spare: bool = False) -> Scenario:
        """Return the redesign with the staff it needs, as measures M19.

        Parameters
        ----------
        contention : {"pool", "resource"}
            Which reading's answer.
        spare : bool
            Also take away the officers the promise can do without.

        Raises
        ------
        InsufficientDataError
            If no number of officers is enough in that reading.
        """
        reading = self.reading(contention)
        if reading.answer == "never":
            raise InsufficientDataError(
                self._never(reading, current_language()),
                hint=_("see which delay it is: diagnose, the causes of waiting."),
            )
        base = self.base or Scenario(_("staffing"))
        entries = list(base.entries)
        for post in reading.posts:
            if post.change > 0 or spare:
                entries = _with_staff(entries, post)
        return replace(base, entries=tuple(entries))

    def table(self) -> pd.DataFrame:
        """Return the staff of every pool that changes, one line each.

        Returns
        -------
        pd.DataFrame
            Columns ``pool, now``, and for each reading ``needed_pool, needed_resource`` (officers).
        """
        pools = list(dict.fromkeys(p.pool for r in self.readings for p in r.posts))
        now = {p.pool: p.now for r in self.readings for p in r.posts}
        columns: dict[str, Any] = {"pool": pools, "now": [now[p] for p in pools]}
        for reading in self.readings:
            own = {p.pool: p.needed for p in reading.posts}
            never = reading.answer == "never"
            columns[f"needed_{reading.contention}"] = pd.array([None if never else own.get(p, now[p]) for p in pools], dtype="Int64")  # fmt: skip
        return pd.DataFrame(columns)

    def sentences(self, lang: Language | None = None) -> tuple[str, ...]:
        """Return the answer, and what it rests on."""
        lang = lang or current_language()
        told = [self._answer(lang)]
        if self.observed is not None:
            told.append(_("In the log itself {kept:.1%} of the cases keep it; what the simulation says of today differs from that by the error of its model.", lang=lang, kept=shown_share(self.observed)))  # fmt: skip
        for reading in self.readings:
            told.extend(self._about(reading, lang))
        if not self.sure:
            told.append(_("Not all of this is beyond chance: more replications narrow it down.", lang=lang))
        told.append(_("Each staffing was simulated {n} times with the same luck; none of the officers added can be left out, but the same number spread otherwise was not searched through. New officers work the present hours.", lang=lang, n=self.replications))  # fmt: skip
        return tuple(told)

    def _what(self, lang: Language) -> dict[str, Any]:
        return {
            "level": self.level, "days": self.promise_days, "metric": metric_label(self.metric, lang),
            "what": self.item or _("all cases", lang=lang),
        }  # fmt: skip

    def _answer(self, lang: Language) -> str:
        words = self._what(lang)
        least, most = self.least, self.most
        if least is None:
            return _("{what}: no number of officers lets {level:.0%} of the cases end within {days} working days ({metric}): what keeps them from it is no queue.", lang=lang, **words)  # fmt: skip
        if most is None:
            return _("{what}: for {level:.0%} of the cases to end within {days} working days ({metric}), the staff has to grow by {least} where the officer being busy counts as queueing; where only the time in which nobody was free does, no number keeps it.", lang=lang, least=least, **words) if self.readings[0].answer == "never" else _("{what}: for {level:.0%} of the cases to end within {days} working days ({metric}), the staff has to grow by {least} in one reading of queueing; in the other no number keeps it.", lang=lang, least=least, **words)  # fmt: skip
        if most == 0:
            return _("{what}: the present officers are enough for {level:.0%} of the cases to end within {days} working days ({metric}).", lang=lang, **words)  # fmt: skip
        if least == most:
            return _("{what}: for {level:.0%} of the cases to end within {days} working days ({metric}), the staff has to grow by {least}.", lang=lang, least=least, **words)  # fmt: skip
        return _("{what}: for {level:.0%} of the cases to end within {days} working days ({metric}), the staff has to grow by {least} to {most}: by how many of these, no log can tell.", lang=lang, least=least, most=most, **words)  # fmt: skip

    def _about(self, reading: Reading, lang: Language) -> Iterator[str]:
        name = reading_name(reading.contention, lang) if len(self.readings) > 1 else _("As drawn", lang=lang)
        if reading.answer == "never":
            yield f"{name}{_(': ', lang=lang)}{self._never(reading, lang)}"
            return
        more = [p for p in reading.posts if p.change > 0]
        fewer = [p for p in reading.posts if p.change < 0]
        comma = _(", ", lang=lang)
        yield _("{name}: a case queues {hours:.1f} hours for busy officers, {now:.1%} of the cases keep it; found: {posts}, {kept}.", lang=lang, name=name, hours=reading.queue_h, now=shown_share(reading.now.kept), posts=comma.join(p.text(lang) for p in more) or _("no more officers", lang=lang), kept=reading.reached.text(lang))  # fmt: skip
        if fewer:
            yield _("{name}: the promise is kept as well with fewer officers in {posts}; whether they can be spared for other work is for the department to say.", lang=lang, name=name, posts=comma.join(p.text(lang) for p in fewer))  # fmt: skip
        if reading.now.overloaded:
            yield _("{name}: asked for more than it can do, so that its queue grows: {pools}.", lang=lang, name=name, pools=comma.join(reading.now.overloaded))  # fmt: skip

    def _never(self, reading: Reading, lang: Language) -> str:
        if reading.unlimited.meets:
            return _(
                "more officers than can be added ({n} in one pool) would be needed.", lang=lang, n=StaffSearch.MOST
            )
        return _("a case queues {hours:.1f} hours for busy officers; without that, {kept} would end in time: what is left is no queue.", lang=lang, hours=reading.queue_h, kept=reading.unlimited.text(lang))  # fmt: skip

    def to_dict(self, lang: Language | None = None) -> dict[str, Any]:
        lang = lang or current_language()
        return {
            "promise_days": self.promise_days, "level": self.level, "metric": self.metric, "item": self.item,
            "replications": self.replications, "observed": self.observed, "least": self.least, "most": self.most, "sure": self.sure,
            "readings": [r.to_dict() for r in self.readings], "sentences": list(self.sentences(lang)),
        }  # fmt: skip

    def __str__(self) -> str:
        return "\n".join(self.sentences())

    def _repr_html_(self) -> str:
        table = self.table()
        names = {"pool": _("Pool"), "now": _("Officers now")}
        names |= {f"needed_{r.contention}": _("Needed: {reading}", reading=reading_name(r.contention)) for r in self.readings}  # fmt: skip
        shown = table.rename(columns=names).to_html(index=False, border=0, na_rep="—") if len(table) else ""
        return "".join(f"<p>{html.escape(s)}</p>" for s in self.sentences()) + str(shown)


def reading_name(contention: Contention, lang: Language | None = None) -> str:
    """Return what people call a reading of queueing."""
    names: dict[str, str] = {
        "pool": _("Queueing is when nobody was free", lang=lang),
        "resource": _("Queueing is when the officer was busy", lang=lang),
    }
    return names[contention]


def smallest_staffing(
    source: EventLog | Process,
    promise_days: int,
    catalogue: Catalogue | None = None,
    *,
    scenario: Scenario | None = None,
    level: float = 0.95,
    metric: PromisedMetric = "clock",
    item: str | None = None,
    pools: Iterable[str] | None = None,
    spare: bool = True,
    unit: Unit | None = None,
    calendar: Calendar | None = None,
    replications: int = 10,
    seed: int = 7,
    min_cases: int = 30,
    progress: Tell | None = None,
) -> Staffing:
    """Find the fewest officers with whom a share of the cases keeps a promise, on both readings of what queueing is.

    Parameters
    ----------
    source : EventLog or Process
        A log; or a process read from a diagram, which says itself what queues.
    promise_days : int
        Whole working days.
    catalogue : Catalogue, optional
    scenario : Scenario, optional
        The redesign that comes first; none: the office as it is.
    level : float
        Share of the cases that is to keep it.
    metric : {"clock", "time"}
        Official clock, or end-to-end working days.
    item : str, optional
        Code or name of the item the promise is for; default: whole cases.
    pools : iterable of str, optional
        Pools that may get more officers, or fewer; default: all.
    spare : bool
        Also look for officers the promise can do without; only of whole cases, since officers of one item serve others.
    replications : int
        Of every staffing tried; all share their luck.
    progress : callable(contention, Tried), optional
        Called with every staffing tried.

    Returns
    -------
    Staffing

    Raises
    ------
    UsageError
        If an option is out of its range, or a pool or item is unknown.
    InsufficientDataError
        If the log does not identify work and officers, or the clock is not recorded.

    Notes
    -----
    More officers never make a case slower but by chance, which is why one after the other is added where the late cases
    queue most, until the promise is kept; then, pool by pool, the fewest are found by bisection. First of all an
    office is simulated in which nobody ever waits for a busy officer: if the promise is broken even there, no number of
    officers keeps it. A staffing counts only if it asks no pool for more than it can do (but those that were so in the log and did
    it all the same): a queue that grows breaks every promise in the end.

    What waits for whom is read off the log in two ways (see :func:`flowaudit.bracket`); no fidelity check can tell
    which is right, so that the answer is two numbers.
    """
    if isinstance(promise_days, bool) or not float(promise_days).is_integer() or promise_days < 0:
        raise UsageError(
            _("a promise is a whole number of working days; got {value}.", value=promise_days), hint="promise_days=10"
        )
    if not 0.5 <= level < 1.0:
        raise UsageError(
            _("{name} is a share from 0.5 to below 1; got {value}.", name="level", value=level),
            hint=_("{name}=0.95 is usual.", name="level"),
        )
    require_metric(metric)
    if isinstance(source, EventLog):
        require_recorded(as_unit(source, unit), metric, calendar or load_calendar())
    fitted = _readings(source, catalogue, unit, calendar, replications, seed, min_cases)
    calendar = calendar or load_calendar(fitted[0].calendar)
    code, named = _item(fitted[0], item)
    found = []
    for process in fitted:
        redesigned = process if scenario is None else scenario.apply(process)
        judge = Judge(int(promise_days), level, metric, code, catalogue or process.catalogue, calendar)
        tell = (lambda tried, c=process.contention: progress(c, tried)) if progress else None
        search = StaffSearch(
            redesigned, judge, _pools(redesigned, pools, code), replications, seed, _overworked(process), tell
        )
        answer, posts = search.run(spare=spare and code is None)
        found.append(
            Reading(
                process.contention, search.queue_h, search.now, search.unlimited, answer, posts, tuple(search.tried)
            )
        )
    observed = None
    if isinstance(source, EventLog):
        cases = days_of(as_unit(source, unit), metric, code, catalogue, calendar)
        observed = cases.kept(promise_days) if len(cases) else None
    return Staffing(int(promise_days), level, metric, named, replications, tuple(found), observed, scenario)


def _readings(
    source: EventLog | Process, catalogue: Catalogue | None, unit: Unit | None, calendar: Calendar | None, replications: int,
    seed: int, min_cases: int,
) -> tuple[Process, ...]:  # fmt: skip
    if isinstance(source, EventLog):
        return readings(
            source, catalogue, unit=unit, calendar=calendar, replications=replications, seed=seed, min_cases=min_cases
        )
    if source.source == "diagram":
        return (source,)
    raise UsageError(
        _("a process fitted to a log holds one reading of what queueing is; the answer needs both."),
        hint="smallest_staffing(log, …)",
    )


def _overworked(process: Process) -> frozenset[str]:
    """Pools of a log that were asked for more than their hours, and did it: overtime, or hours that were mined too short."""
    if process.source == "diagram":
        return frozenset()
    table = utilisation(process)
    return frozenset(table.loc[table["utilisation"] >= 1.0, "pool"])


def _item(process: Process, wanted: str | None) -> tuple[str | None, str]:
    """Return code and name of an item."""
    if wanted is None:
        return None, ""
    known = dict(process.item_names) | {n.item: n.item for n in process.nodes if n.item and n.item not in process.item_names}  # fmt: skip
    for code, name in known.items():
        if wanted in (code, name):
            return code, name
    names = list(dict.fromkeys([*known.values(), *known]))
    raise UsageError(
        _("this log has no {kind} '{name}'.", kind=_("item"), name=wanted),
        hint=_("there are: {names}", names=", ".join(nearest(wanted, names) or names[:5]) or "-"),
    )


def _pools(process: Process, wanted: Iterable[str] | None, item: str | None) -> tuple[int, ...]:
    """Return the pools that do work (for an item, what it passes) and may change."""
    working = sorted(
        {
            n.pool
            for n in process.nodes
            if n.pool >= 0 and n.performers and not n.automatic and (item is None or n.item in (item, None))
        }
    )
    if wanted is None:
        return tuple(working)
    names = {process.pools[k].name: k for k in working}
    found = []
    for name in wanted:
        if name not in names:
            raise UsageError(
                _("there is no pool called '{name}'.", name=name),
                hint=_("there are: {names}", names=", ".join(nearest(name, names) or list(names)[:5]) or "-"),
            )
        found.append(names[name])
    return tuple(dict.fromkeys(found))


def _with_staff(entries: list[Entry], post: Post) -> list[Entry]:
    """Add a change of staff; where the redesign changes the same pool already, the two become one."""
    for k, entry in enumerate(entries):
        measure = entry.measure
        if isinstance(measure, Staff) and measure.pool == post.pool:
            both = measure.model_copy(update={"add": measure.add + post.change})
            return [*entries[:k], *([replace(entry, measure=both)] if both.add else []), *entries[k + 1 :]]
    return [*entries, Entry(Staff(pool=post.pool, add=post.change))]
