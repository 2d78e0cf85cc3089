"""What a process itself says of its activities: how often a check ends a case, what must come before what."""

from __future__ import annotations

from flowaudit.process import Branch, Process

ALWAYS_LAST = 0.5
"""An activity that nothing of the office follows in at least this share of its cases is the end of the work, not a check."""

CLOSING = ("deliver", "notify", "archive", "produce")
"""Stages that also follow a refusal."""


def share_of_cases(process: Process, nodes: set[int]) -> float:
    """Return the share of cases that pass one of ``nodes``."""
    passing = total = 0.0
    for template in process.templates:
        for branch in template.branches:
            weight = template.cases * branch.probability
            total += weight
            passing += weight * any(s.node in nodes for s in branch.steps)
    return passing / total if total > 0 else 0.0


def knocked_out(process: Process, nodes: set[int]) -> float:
    """Return how often a check ends the work: share of the cases passing one of ``nodes`` after which no officer works on.

    0 for what usually comes last. What only closes a case (notice, delivery, filing) does not count as going on, nor do
    other items that go on without it.
    """
    passing = ended = 0.0
    for template in process.templates:
        for branch in template.branches:
            last = max((i for i, s in enumerate(branch.steps) if s.node in nodes), default=None)
            if last is None:
                continue
            weight = template.cases * branch.probability
            passing += weight
            ended += weight * (not _goes_on(process, branch, last))
    share = ended / passing if passing > 0 else 0.0
    return share if share < ALWAYS_LAST else 0.0


def _goes_on(process: Process, branch: Branch, last: int) -> bool:
    item = process.nodes[branch.steps[last].node].item
    later = {last}
    for i in range(last + 1, len(branch.steps)):
        step = branch.steps[i]
        if not later & set(step.after):
            continue
        later.add(i)
        node = process.nodes[step.node]
        if not node.applicant and node.stage not in CLOSING and (item is None or node.item in (item, None)):
            return True
    return False
