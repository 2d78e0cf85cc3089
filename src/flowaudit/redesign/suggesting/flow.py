"""From how the work flows: order, levels, offices, inspections, consultations."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from flowaudit.diagnosis import Finding, Findings
from flowaudit.messages import both
from flowaudit.process import Branch, Process, Step
from flowaudit.redesign.measures import MEASURES
from flowaudit.redesign.measures.m01_merge_steps import MergeSteps
from flowaudit.redesign.measures.m02_limit_levels import LimitLevels
from flowaudit.redesign.measures.m03_case_worker import CaseWorker
from flowaudit.redesign.measures.m04_parallelise import Parallelise
from flowaudit.redesign.measures.m14_inspect_together import InspectTogether
from flowaudit.redesign.suggesting.idea import SHARE, Idea, Refusal, found, ids, known, listed, scope, wanted

LEVELS = 3
"""三级审批制: the most sign-off levels the guidance allows (S25)."""

ALWAYS = 0.8
"""Two steps are merged where they follow each other in at least this share of the cases that have either."""

AT_ONCE_H = 0.25
"""Median delay, in operational hours, up to which a step follows at once."""

AT_MEDIAN = 10
"""Knot of the median in a quantile table."""

MOST_MERGED = 3

ONE_DAY_H = 7.0
"""Office hours of a day: what agreeing on a common date is taken to need, an assumption that the measure states and varies."""


def parallel(findings: Findings, process: Process) -> Iterator[Idea]:
    """Pairs W09 found, joined where they overlap: one parallel group for each set."""
    joint = {a for idea in inspections(findings, process) for a in idea.measure.subjects()}
    pairs: list[tuple[tuple[str, str], Finding]] = []
    for finding in found(findings, "W09"):
        pair = tuple(str(name) for name in finding.details.get("pair", ()))
        # Inspections that become one have no order any more.
        if len(pair) == 2 and not set(pair) <= joint:
            pairs.append(((pair[0], pair[1]), finding))
    groups: list[tuple[set[str], list[Finding]]] = []
    for (a, b), finding in pairs:
        joined, rest = ({a, b}, [finding]), []
        for names, members in groups:
            if names & joined[0]:
                joined = (joined[0] | names, members + joined[1])
            else:
                rest.append((names, members))
        groups = [*rest, joined]
    labels = {**process.item_names, **{v: v for v in process.item_names.values()}}
    for names, members in sorted(groups, key=lambda g: not all(n in labels for n in g[0])):
        order = sorted({labels.get(n, n) for n in names})
        why = members[0]
        yield Idea(Parallelise(names=tuple(order)), (why.statement_zh, why.statement_en), ids(members))


def inspections(findings: Findings, process: Process) -> Iterator[Idea]:
    """Inspections of several departments at one place (W08): one, joined where they overlap."""
    groups: list[tuple[set[str], list[Finding]]] = []
    for finding in found(findings, "W08"):
        mine = set(known(process, scope([finding], "activities")))
        if len(mine) < 2:
            continue
        joined, rest = (mine, [finding]), []
        for names, members in groups:
            if names & mine:
                joined = (joined[0] | names, members + joined[1])
            else:
                rest.append((names, members))
        groups = [*rest, joined]
    place = {a: k for k, a in enumerate(process.activities)}
    for names, members in groups:
        why = members[0]
        measure = InspectTogether(activities=tuple(sorted(names, key=place.__getitem__)), coordination_h=ONE_DAY_H)
        # What becomes one inspection has no order any more: it answers the findings about that order, too.
        ordered = [
            f for f in found(findings, "W09") if len(f.details.get("pair", ())) > 0 and set(f.details["pair"]) <= names
        ]
        yield Idea(measure, (why.statement_zh, why.statement_en), ids([*members, *ordered]))


def levels(findings: Findings, process: Process) -> Iterator[Idea]:
    """Departments in which more people sign than the guidance allows (W01)."""
    for finding in found(findings, "W01"):
        departments = scope([finding], "departments")
        if len(departments) == 1:
            measure = LimitLevels(department=departments[0], levels=LEVELS)
            yield Idea(measure, (finding.statement_zh, finding.statement_en), (finding.id,))


def one_desk(findings: Findings, process: Process) -> Iterator[Idea]:
    """Offices of one department that send cases to and fro (W03): one desk."""
    for finding in found(findings, "W03"):
        departments = scope([finding], "departments")
        if finding.measures == ("M03",) and len(departments) == 1:
            yield Idea(
                CaseWorker(department=departments[0]), (finding.statement_zh, finding.statement_en), (finding.id,)
            )


def adjacent(findings: Findings, process: Process) -> Iterator[Idea]:
    """Steps of one office that nearly always follow each other at once: candidates for one step."""
    together: dict[tuple[str, str], float] = defaultdict(float)
    alone: dict[str, float] = defaultdict(float)
    for template in process.templates:
        for branch in template.branches:
            weight = template.cases * branch.probability
            for label in {process.nodes[s.node].activity for s in branch.steps}:
                alone[label] += weight
            for pair in {p for s in branch.steps if (p := _at_once(process, branch, s)) is not None}:
                together[pair] += weight
    taken: set[str] = set()
    merged = 0
    for (a, b), n in sorted(together.items(), key=lambda item: (-item[1], item[0])):
        rare = n < SHARE * process.cases or n < ALWAYS * max(alone[a], alone[b])
        if rare or {a, b} & taken or merged == MOST_MERGED:
            continue
        taken |= {a, b}
        merged += 1
        reason = both(
            "“{b}” follows “{a}” in the same office at once in {share:.0%} of the cases that have either",
            a=a, b=b, share=n / max(alone[a], alone[b]),
        )  # fmt: skip
        yield Idea(MergeSteps(first=a, second=b), reason)


def _at_once(process: Process, branch: Branch, step: Step) -> tuple[str, str] | None:
    """The activities of a step and of the one it follows, where one office does both without a pause."""
    if len(step.after) != 1 or step.wait < 0 or not process.waits[step.wait][AT_MEDIAN] <= AT_ONCE_H:
        return None
    a, b = process.nodes[branch.steps[step.after[0]].node], process.nodes[step.node]
    same = a.department == b.department and a.office == b.office and a.item == b.item and a.activity != b.activity
    # Who reviews does not decide: sign-offs of different levels stay apart.
    if not same or b.department is None or b.applicant or a.automatic or b.automatic or a.level != b.level:
        return None
    return a.activity, b.activity


def circles(findings: Findings, process: Process) -> Iterator[Refusal]:
    """Items that wait for each other (W11): which wait may go is a question of law."""
    for finding in found(findings, "W11"):
        items = listed(process.item_names.get(i, i) for i in scope([finding], "items"))
        yield wanted(
            MEASURES["M16"], items, both("which of them need not wait for the other, and on what grounds (before, after, grounds)")
        )  # fmt: skip


def silence(findings: Findings, process: Process) -> Iterator[Refusal]:
    """Consultations, where special procedures often take longer than their limit (W21)."""
    consulted = dict.fromkeys(n.activity for n in process.nodes if n.stage == "consult_dept")
    if consulted and found(findings, "W21", kind="late"):
        yield wanted(MEASURES["M20"], listed(consulted), both("the days after which no reply means agreement (days)"))
