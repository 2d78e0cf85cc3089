"""From who does the work, when, and what is promised."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from flowaudit.diagnosis import Findings
from flowaudit.messages import both
from flowaudit.process import Process
from flowaudit.process import utilisation as asked_of
from flowaudit.redesign.measures import MEASURES
from flowaudit.redesign.measures.m18_shorten_promise import ShortenPromise
from flowaudit.redesign.measures.m19_staff import Staff
from flowaudit.redesign.measures.m23_any_window import AnyWindow
from flowaudit.redesign.measures.m24_handle_daily import HandleDaily
from flowaudit.redesign.suggesting.idea import SHARE, Idea, Refusal, found, known, listed, scope, wanted

UNEVEN = 0.2
"""Two pools that do the same activity are uneven when their busy shares of working hours differ by at least this."""


BUSY = 0.5
"""More people are suggested only where there is work for at least this share of a pool's working hours."""


def batches(findings: Findings, process: Process) -> Iterator[Idea]:
    """Steps that wait for a set day (W10): done as they come."""
    for finding in found(findings, "W10", measure="M24"):
        activities = known(process, scope([finding], "activities"))
        if activities and finding.details.get("pattern") in ("batching", "automatic"):
            yield Idea(HandleDaily(activities=activities), (finding.statement_zh, finding.statement_en), (finding.id,))


def delegation(findings: Findings, process: Process) -> Iterator[Refusal]:
    """Steps at which everything passes on its way to another level (W18): who takes them over is for the two offices to settle."""
    for finding in found(findings, "W18"):
        yield wanted(
            MEASURES["M21"], listed(scope([finding], "activities")), both("the department that takes them over (to)")
        )  # fmt: skip


def any_window(findings: Findings, process: Process) -> Iterator[Idea]:
    """One activity, several pools, unevenly busy: whoever is free does it."""
    if not process.identifiable.staffing:
        return
    pools: dict[str, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    for node, cases in zip(process.nodes, process.node_cases().tolist(), strict=True):
        if node.pool >= 0 and node.performers and not node.automatic:
            pools[node.activity][node.pool] += cases
    for activity, cases_of in pools.items():
        busy = [process.pools[p].utilisation for p in cases_of]
        common = sum(cases_of.values()) >= SHARE * process.cases
        if len(cases_of) > 1 and common and max(busy) - min(busy) >= UNEVEN:
            reason = both(
                "“{activity}” is done by {n} pools that are busy {least:.0%} to {most:.0%} of their working hours",
                activity=activity, n=len(cases_of), least=min(busy), most=max(busy),
            )  # fmt: skip
            yield Idea(AnyWindow(activities=(activity,)), reason)


def triage(findings: Findings, process: Process) -> Iterator[Refusal]:
    """Cases decided late, or just in time (W16): which cases are simple is for the office to say."""
    late = found(findings, "W16", measure="M25")
    if late:
        about = (
            listed(process.item_names.get(i, i) for i in scope(late, "items"))
            if scope(late, "items")
            else both("the whole")
        )
        yield wanted(MEASURES["M25"], about, both("what makes a case simple (attribute and values, or complex_if)"))


def promises(findings: Findings, process: Process) -> Iterator[Idea]:
    """Promises far longer than what is needed (W17)."""
    for finding in found(findings, "W17"):
        days = finding.details.get("proposed_days")
        items = scope([finding], "items")
        if days and items:
            yield Idea(
                ShortenPromise(days=float(days), items=items), (finding.statement_zh, finding.statement_en), (finding.id,),
                by_default=False,
            )  # fmt: skip


def staff(findings: Findings, process: Process) -> Iterator[Idea]:
    """Queues of too few people (W10, W16, W19): one more in the pool, for people to weigh; the effect is a bracket."""
    if not process.identifiable.staffing:
        return
    reasons: dict[int, list[str]] = defaultdict(list)
    for finding in (f for rule in ("W10", "W16", "W19") for f in found(findings, rule, measure="M19")):
        activities, departments = set(scope([finding], "activities")), set(scope([finding], "departments"))
        concerned = {
            n.pool for n in process.nodes if n.pool >= 0 and (n.activity in activities or (not activities and n.department in departments))
        }  # fmt: skip
        for pool in concerned:
            reasons[pool].append(finding.id)
    asked = asked_of(process)
    for pool in sorted(reasons, key=lambda p: -float(asked["utilisation"].iloc[p])):
        share = float(asked["utilisation"].iloc[pool])
        if share < BUSY:
            return
        reason = both(
            "{pool} has work for {share:.0%} of its working hours, and findings name its queue",
            pool=process.pools[pool].name, share=share,
        )  # fmt: skip
        yield Idea(
            Staff(pool=process.pools[pool].name, add=1), reason, tuple(dict.fromkeys(reasons[pool])), by_default=False
        )
