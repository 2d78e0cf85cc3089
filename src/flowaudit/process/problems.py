"""What keeps a process from being run, all of it in one table; and how busy it would keep its people."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.errors import UsageError
from flowaudit.messages import translate as _
from flowaudit.process import quantiles
from flowaudit.process.model import BANDS, WHOLE, Branch, Node, Process

Problem = tuple[str, str, str]


def problems(process: Process) -> pd.DataFrame:
    """Find everything that keeps a process from being run.

    Returns
    -------
    pd.DataFrame
        Columns ``where, problem, hint``; empty when it can be run.
    """
    found = [*_routing(process), *_people(process), *_times(process), *_in_progress(process)]
    return pd.DataFrame(found, columns=["where", "problem", "hint"])


def validate(process: Process) -> None:
    """Raise with all problems of a process, if it has any.

    Raises
    ------
    UsageError
        Naming every problem and where it is.
    """
    found = problems(process)
    if len(found):
        lines = "".join(f"\n- {r.where}: {r.problem}" for r in found.itertuples())
        raise UsageError(
            _("the process cannot be run; {n} problems:", n=len(found)) + lines,
            hint="; ".join(dict.fromkeys(found["hint"])),
        )


def utilisation(process: Process, *, cases_per_day: float | None = None) -> pd.DataFrame:
    """Return how much of its working hours each pool would be asked for.

    Parameters
    ----------
    cases_per_day : float, optional
        Calendar days. Default: as many as were observed.

    Returns
    -------
    pd.DataFrame
        Columns ``pool, offered_h_per_week`` (work that arrives), ``open_h_per_week`` (working hours times places),
        ``utilisation`` and ``grows_by_per_week`` (cases by which the queue grows, 0 below 1). With no one person doing the
        work of two pools, the queue of a pool asked for more than 1 grows without bound.

    Notes
    -----
    A node's mean work counts, over people by weight, in the pools these belong to: where people of several pools do a node,
    each pool is asked for its weight, although whoever is free would take more.
    """
    if cases_per_day is None:
        arrivals = process.arrivals
        days = float((arrivals[-1] - arrivals[0]) / np.timedelta64(1, "D")) if len(arrivals) > 1 else 0.0
        cases_per_day = (len(arrivals) - 1) / days if days > 0 else 0.0
    means = np.array([quantiles.mean(t) for t in process.works])
    asked = [_asked(process, node, means) for node in process.nodes]
    total = sum(t.cases for t in process.templates) or 1.0
    per_case, passing = np.zeros(len(process.pools)), np.zeros(len(process.pools))
    for template in process.templates:
        for branch in template.branches:
            weight = template.cases * branch.probability / total
            met = set()
            for step in branch.steps:
                for p, own, share in asked[step.node]:
                    per_case[p] += weight * (own + share * (means[step.work] if step.work >= 0 else 0.0))
                    met.add(p)
            for p in met:
                passing[p] += weight
    offered = per_case * cases_per_day * 7.0
    opened = np.zeros(len(process.pools))
    for r in process.resources:
        if 0 <= r.pool < len(opened) and 0 <= r.calendar < len(process.calendars):
            opened[r.pool] += r.capacity * process.calendars[r.calendar].hours_per_week()
    rho = np.divide(offered, opened, out=np.where(offered > 0, np.inf, 0.0), where=opened > 0)
    arriving = passing * cases_per_day * 7.0
    grows = np.where(rho > 1.0, arriving * (1.0 - 1.0 / np.maximum(rho, 1e-9)), 0.0)
    return pd.DataFrame(
        {
            "pool": [p.name for p in process.pools],
            "offered_h_per_week": offered,
            "open_h_per_week": opened,
            "utilisation": rho,
            "grows_by_per_week": grows,
        }
    )


def _asked(process: Process, node: Node, means: npt.NDArray[np.float64]) -> list[tuple[int, float, float]]:
    """What a node asks of each pool whose people do it: mean work by tables of their own, share of the work that follows the step's."""
    if node.pool < 0 or node.automatic:
        return []
    weights = sum(p.weight for p in node.performers) or 1.0
    parts: dict[int, tuple[float, float]] = {}
    for p in node.performers:
        known = 0 <= p.resource < len(process.resources)
        pool = process.resources[p.resource].pool if known else node.pool
        own, share = parts.get(pool, (0.0, 0.0))
        if p.work >= 0:
            own += p.weight / weights * means[p.work]
        else:
            share += p.weight / weights
        parts[pool] = own, share
    return [(pool, own, share) for pool, (own, share) in parts.items() if 0 <= pool < len(process.pools)]


def _routing(process: Process) -> Iterator[Problem]:
    if not process.templates:
        yield (
            _("routing"),
            _("there is no way for a case to go"),
            _("fit the process to a log, or give a BPMN file with a start."),
        )
    for t, template in enumerate(process.templates):
        where = _("way {n}", n=t + 1)
        if not (np.isfinite(template.cases) and template.cases > 0):
            yield where, _("its weight is {value}", value=template.cases), _("weights are above 0.")
        if np.isnan(template.priority) or np.isnan(template.due_h):
            yield where, _("its priority or deadline is not a number"), _("priorities and deadlines are numbers.")
        total = sum(b.probability for b in template.branches)
        if not abs(total - 1.0) < 1e-6:
            yield (
                where,
                _("the probabilities of its branches sum to {total:.4g}, not 1", total=total),
                _("let them sum to 1."),
            )
        if any(not 0.0 <= b.probability <= 1.0 for b in template.branches):
            yield where, _("a probability is not between 0 and 1"), _("let them sum to 1.")
        for branch in template.branches:
            problem = _broken(process, branch)
            if problem:
                yield where, problem, _("a step may follow only steps of its own way, and no circle.")


def _broken(process: Process, branch: Branch) -> str | None:
    n = len(branch.steps)
    left = [len(s.after) for s in branch.steps]
    if not n:
        return _("a branch has no step")
    for step in branch.steps:
        if not 0 <= step.node < len(process.nodes):
            return _("a step names node {n}, which there is not", n=step.node)
        if step.wait >= len(process.waits) or step.work >= len(process.works):
            return _(
                "a step of '{activity}' names a table that there is not", activity=process.nodes[step.node].activity
            )
        if not WHOLE <= step.band < BANDS:
            return _(
                "a step of '{activity}' names a part of its delays that there is not",
                activity=process.nodes[step.node].activity,
            )
        if any(not 0 <= j < n for j in step.after):
            return _(
                "a step of '{activity}' follows a step that there is not", activity=process.nodes[step.node].activity
            )
    named = [m.step for m in branch.materials] + [v.step for v in branch.trips]
    named += [k for e in branch.episodes for k in (e.first, e.last)]
    if named and not (min(named) >= 0 and max(named) < n):
        return _("a material, a visit or a special procedure belongs to a step that there is not")
    follow: list[list[int]] = [[] for _s in branch.steps]
    for i, step in enumerate(branch.steps):
        for j in step.after:
            follow[j].append(i)
    front = [i for i, k in enumerate(left) if k == 0]
    reached = 0
    while front:
        reached += 1
        for k in follow[front.pop()]:
            left[k] -= 1
            if left[k] == 0:
                front.append(k)
    if reached < n:
        names = sorted({process.nodes[branch.steps[i].node].activity for i, k in enumerate(left) if k > 0})
        return _("steps wait for each other in a circle: {names}", names=", ".join(names[:5]))
    return None


def _people(process: Process) -> Iterator[Problem]:
    if not 0.0 <= process.habit <= 1.0:
        yield _("people"), _("the share dealt out by habit is not between 0 and 1"), _("let habit lie between 0 and 1.")
    hours = [c.hours_per_week() for c in process.calendars]
    sound = [bool(np.isfinite(c.rates).all() and (c.rates >= 0).all()) for c in process.calendars]
    for r in process.resources:
        if not 0 <= r.calendar < len(process.calendars):
            yield r.name, _("has no working hours"), _("give a calendar for every officer.")
        elif not sound[r.calendar]:
            yield (
                r.name,
                _("has working hours that are negative or not numbers"),
                _("give a calendar for every officer."),
            )
        elif hours[r.calendar] <= 0:
            yield r.name, _("never works: its calendar is empty"), _("give a calendar for every officer.")
        if not 0 <= r.pool < len(process.pools):
            yield r.name, _("belongs to no pool"), _("name its pool.")
        if r.capacity < 0:
            yield r.name, _("has {n} places", n=r.capacity), _("capacities are 0 or more.")
    used = {s.node for t in process.templates for b in t.branches for s in b.steps if 0 <= s.node < len(process.nodes)}
    for i in sorted(used):
        node = process.nodes[i]
        if node.performers and not 0 <= node.pool < len(process.pools):
            yield node.activity, _("has people, but belongs to no pool"), _("name its pool.")
        if (
            node.pool >= 0
            and not (node.performers or node.automatic or node.applicant)
            and process.identifiable.staffing
        ):
            yield node.activity, _("its pool has nobody who does it"), _("name who does it.")
        if any(not 0 <= p.resource < len(process.resources) for p in node.performers):
            yield node.activity, _("names an officer that there is not"), _("name who does it.")
        elif node.performers and not any(process.resources[p.resource].capacity > 0 for p in node.performers):
            yield node.activity, _("nobody who does it has a place"), _("leave at least one place in its pool.")
        if any(not (np.isfinite(p.weight) and p.weight > 0) for p in node.performers):
            yield node.activity, _("the weight of an officer is not above 0"), _("weights are above 0.")
        if any(p.work >= len(process.works) for p in node.performers):
            yield node.activity, _("names a table of work that there is not"), _("name who does it.")
        if not 0 <= node.clock < len(process.profiles):
            yield node.activity, _("its delay clock does not exist"), _("give every activity a delay clock.")
        if not 0.0 <= node.runs_on <= 1.0:
            yield node.activity, _("a probability is not between 0 and 1"), _("let it lie between 0 and 1.")
        if node.overtime >= len(process.gates):
            yield node.activity, _("its hours of overtime do not exist"), _("leave overtime out.")
        batch = node.batch
        if batch is not None and batch.kind == "slots":
            if not 0 <= batch.gate < len(process.gates) or not (process.gates[batch.gate].rates[:5] > 0).any():
                yield (
                    node.activity,
                    _("its batches are never let go"),
                    _("give at least one half hour from Monday to Friday."),
                )
        elif batch is not None and (batch.size < 1 or not batch.patience_h > 0):
            yield node.activity, _("its batch size or patience is not above 0"), _("batches hold at least one case.")


def _times(process: Process) -> Iterator[Problem]:
    for name, tables in ((_("delays"), process.waits), (_("work times"), process.works)):
        if len(tables) and not (
            np.isfinite(tables).all() and (tables >= 0).all() and (np.diff(tables, axis=1) >= -1e-9).all()
        ):
            bad = [
                k
                for k, t in enumerate(tables)
                if not (np.isfinite(t).all() and (t >= 0).all() and (np.diff(t) >= -1e-9).all())
            ]
            yield (
                name,
                _("table {n} is negative, infinite, or falls", n=bad[0]),
                _("durations are hours and not negative."),
            )
    for k, profile in enumerate(process.profiles):
        if not (np.isfinite(profile.rates).all() and (profile.rates >= 0).all() and profile.hours_per_week() > 0):
            yield (
                _("delay clock {n}", n=k),
                _("its rates are negative or all zero"),
                _("rates are 0 or more, and some above 0."),
            )
    opened = process.open_profile
    if not (np.isfinite(opened.rates).all() and (opened.rates >= 0).all() and opened.hours_per_week() > 0):
        yield _("office hours"), _("its rates are negative or all zero"), _("rates are 0 or more, and some above 0.")
    if np.isnat(process.arrivals).any():
        yield _("arrivals"), _("an arrival has no date"), _("give every arrival a date.")
    model = process.arriving
    if model is not None:
        if not (np.isfinite(model.gaps).all() and (model.gaps >= 0).all() and quantiles.mean(model.gaps) > 0):
            yield _("arrivals"), _("the time between arrivals is not above 0"), _("rates of arrival are above 0.")
        if not -1.0 < model.trend < np.inf or model.clock.hours_per_week() <= 0:
            yield _("arrivals"), _("the rhythm or trend of arrivals leaves none"), _("rates of arrival are above 0.")


def _in_progress(process: Process) -> Iterator[Problem]:
    for case in process.open_cases:
        where = _("open case {name}", name=case.case_id)
        if any(not 0 <= n < len(process.nodes) for n, _start, _end in case.done):
            yield where, _("has done an activity that there is not"), _("name what has been done.")
        if not case.ways or any(not 0 <= t < len(process.templates) for t, _cut in case.ways):
            yield where, _("has no way to go on"), _("name the ways an open case may go on.")
