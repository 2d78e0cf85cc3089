"""The part of ``flowaudit simulate`` that runs a scenario beside the office as it is, and says what it saves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from flowaudit.catalogue import Catalogue
from flowaudit.cli.console import Stages, say, show_table
from flowaudit.messages import current_language
from flowaudit.messages import translate as _
from flowaudit.metrics import Fidelity, metric_label
from flowaudit.process import Process
from flowaudit.redesign import Caution, Scenario
from flowaudit.simulation import Runs, simulate
from flowaudit.simulation import moment as _moment
from flowaudit.targets import Target, Verdict, evaluate, status_name
from flowaudit.worktime import Calendar


@dataclass(frozen=True)
class Redesigned:
    """A scenario, run with the luck of the office as it is, and the verdict on it."""

    scenario: Scenario
    cautions: tuple[tuple[Caution, ...], ...]
    after: Runs
    verdict: Verdict

    def to_dict(self) -> dict[str, Any]:
        lang = current_language()
        return {
            "scenario": self.scenario.name,
            "measures": [
                {
                    "id": e.measure.id, "label": e.label(lang), "parameters": e.measure.model_dump(mode="json"),
                    "cautions": [zh if lang == "zh" else en for zh, en in cautions],
                }
                for e, cautions in zip(self.scenario.entries, self.cautions, strict=True)
            ],
            "verdict": self.verdict.to_dict(lang),
        }  # fmt: skip


def compare_with(
    before: Runs, scenario: Scenario, stages: Sequence[Process], targets: Sequence[Target], catalogue: Catalogue | None,
    calendar: Calendar | None, fidelity: Fidelity | None, start: str | None, until: Any,
    arrivals: Literal["observed", "simulated"] | None, warm_up_days: float, cases: int | None, tell: Stages,
) -> Redesigned:  # fmt: skip
    """Run the last of the stages as ``before`` was run, and judge it."""
    after = simulate(
        stages[-1], cases=cases, start=None if start is None else _moment(start, "--start"), until=until, arrivals=arrivals,
        warm_up_days=warm_up_days, replications=len(before), seed=before.seed, calendar=calendar,
        progress=lambda done, total: tell("after", done, total),
    )  # fmt: skip
    tell("evaluate")
    verdict = evaluate(
        after, targets, baseline=before, catalogue=catalogue, calendar=calendar, fidelity=fidelity,
        progress=lambda done, total: tell("evaluate", done, total),
    )  # fmt: skip
    return Redesigned(scenario, scenario.cautions(stages), after, verdict)


def show_redesigned(found: Redesigned) -> None:
    """Print the measures, the comparison and the verdict, with what to know beside them."""
    lang = current_language()
    say()
    say(_("Scenario: {name}, {n} measures", name=found.scenario.name, n=len(found.scenario)))
    for entry, cautions in zip(found.scenario.entries, found.cautions, strict=True):
        say(f"  {entry.measure.id} {entry.label(lang)}")
        for zh, en in cautions:
            say("     " + (zh if lang == "zh" else en))
    head = (_("Metric"), _("Unit"), _("Before"), _("After"), _("Difference (95 % interval)"), _("Rate of reduction"))
    rows = []
    for c in found.verdict.comparisons:
        rate = c.reduction.rate
        rows.append(
            (metric_label(c.metric), c.before.rule.unit(lang), f"{c.before.value:.1f}", f"{c.after.value:.1f}",
             f"{c.difference:+.2f} ({c.low:+.2f}, {c.high:+.2f})", "—" if rate is None else f"{rate:.1%}")
        )  # fmt: skip
    show_table(head, rows, right=(2, 3, 4, 5))
    say(_("Verdict: {status}", status=status_name(found.verdict.status)))
    for target in found.verdict.targets:
        reason = f" ({target.reason()})" if target.reason() else ""
        say(f"  {target.label()}: {status_name(target.status)}{reason}")
    for zh, en in found.verdict.notes:
        say("  " + (zh if lang == "zh" else en))
