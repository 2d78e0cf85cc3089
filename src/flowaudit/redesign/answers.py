"""Which findings a measure answers: those it was suggested for, those that name it, those whose step it takes away."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from flowaudit.diagnosis import Finding, Findings
from flowaudit.process import Process
from flowaudit.redesign.measure import Measure
from flowaudit.redesign.scenario import Scenario
from flowaudit.redesign.suggest import Suggestion

MOSTLY_GONE = 0.5
"""A step done at most this share as often as before is taken away by a measure."""


def answers(
    findings: Findings, stages: Sequence[Process], scenario: Scenario, suggestions: Iterable[Suggestion] = ()
) -> tuple[tuple[str, ...], ...]:
    """Return for every measure of a scenario, in its order, the ids of the findings it answers.

    ``stages`` are the processes that :meth:`Scenario.stages` gives.

    Notes
    -----
    A measure answers a finding when it was suggested for it; else when the finding names the measure and shares a
    name with its parameters. It also answers what was found on a single step, when it makes that step at least half
    as frequent (:data:`MOSTLY_GONE`): nobody waits before a step that is not taken any more.
    """
    suggested = {s.measure: s.findings for s in suggestions}
    out: list[tuple[str, ...]] = []
    for measure, before, after in zip(scenario, stages[:-1], stages[1:], strict=True):
        gone = _taken_away(before, after)
        wanted = set(suggested.get(measure, ()))
        named = _words(measure)
        out.append(
            tuple(
                f.id
                for f in findings
                if f.id in wanted or (not wanted and _named(f, measure, named)) or _on_one_step(f) in gone
            )
        )
    return tuple(out)


def times_per_case(process: Process) -> dict[str, float]:
    """Return how often each activity is expected in a case.

    Returns
    -------
    dict of str to float
        By activity; an activity that no branch holds is absent.
    """
    times: dict[str, float] = defaultdict(float)
    for template in process.templates:
        for branch in template.branches:
            weight = template.cases * branch.probability / process.cases
            for step in branch.steps:
                times[process.nodes[step.node].activity] += weight
    return dict(times)


def _taken_away(before: Process, after: Process) -> frozenset[str]:
    now = times_per_case(after)
    was = times_per_case(before)
    return frozenset(a for a, times in was.items() if now.get(a, 0.0) <= MOSTLY_GONE * times)


def _on_one_step(finding: Finding) -> str | None:
    """The activity a finding of waiting is about; None where it is about more than one step."""
    activities = finding.scope.get("activities", ())
    return str(activities[0]) if finding.rule == "W10" and len(activities) == 1 else None


def _words(measure: Measure) -> set[str]:
    words: set[str] = set()
    for value in measure.model_dump().values():
        words |= (
            {str(v) for v in value} if isinstance(value, list | tuple) else {value} if isinstance(value, str) else set()
        )
    return words


def _named(finding: Finding, measure: Measure, words: set[str]) -> bool:
    return measure.id in finding.measures and bool(words & {str(n) for names in finding.scope.values() for n in names})
