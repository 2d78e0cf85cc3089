"""M23 全市通办."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from flowaudit.messages import Language, both
from flowaudit.messages import translate as _
from flowaudit.process import Performer, Process, utilisation
from flowaudit.redesign import names
from flowaudit.redesign.additions import Additions
from flowaudit.redesign.evidence import share_of_cases
from flowaudit.redesign.measure import Caution, Direction, Measure, MeasureRefusedError

IDLE = 0.5
"""People asked for less than this share of their hours hardly let anybody wait."""


class AnyWindow(Measure):
    """Let whoever is free do the activities, wherever they sit."""

    id: ClassVar[str] = "M23"
    verb: ClassVar[str] = "any_window"
    category: ClassVar[str] = "③"
    expected: ClassVar[Mapping[str, Direction]] = {"time": "-"}
    needs: ClassVar[tuple[str, ...]] = ("officers",)
    subject: ClassVar[tuple[str, ...]] = ("activities",)
    seed: ClassVar[str] = "S45"

    activities: tuple[str, ...] = Field(min_length=1, description="通办的环节 / activities anybody may do")

    @classmethod
    def name(cls, lang: Language | None = None) -> str:
        return _("any window of the city", lang=lang)

    @classmethod
    def description(cls, lang: Language | None = None) -> str:
        return _(
            "All who do one of the activities, in whatever department or office, do all of them: one queue instead of several. Whoever "
            "does what he has not done before needs the time it takes there. Each keeps his hours and his other work. Distances are "
            "not counted, and visits stay visits.",
            lang=lang,
        )

    @classmethod
    def risk(cls, lang: Language | None = None) -> str:
        return _(
            "Whether officers of one authority may act for another, and who answers for it, is to be checked and agreed in writing.",
            lang=lang,
        )

    def label(self, lang: Language | None = None) -> str:
        return _("at any window: {names}", lang=lang, names=_(", ", lang=lang).join(self.activities))

    def assumed(self, lang: Language | None = None) -> str:
        return _("all who do one of the activities are able to do all of them", lang=lang)

    def cautions(self, process: Process) -> tuple[Caution, ...]:
        nodes = self._nodes(process)
        found = []
        items = {process.nodes[i].item for i in nodes}
        if len(items) > 1:
            found.append(
                both("The activities belong to {n} items: everybody has to be trained for all of them.", n=len(items))
            )
        busy = utilisation(process)["utilisation"]
        pools = sorted({process.nodes[i].pool for i in nodes if process.nodes[i].pool >= 0})
        if pools and all(busy.iloc[p] < IDLE for p in pools):
            found.append(
                both(
                    "Nobody concerned is asked for more than {busy:.0%} of the working hours: there is hardly a queue to be shortened.",
                    busy=float(max(busy.iloc[p] for p in pools)),
                )
            )
        return tuple(found)

    def transform(self, process: Process) -> tuple[Process, float]:
        nodes = self._nodes(process)
        weights: dict[int, float] = defaultdict(float)
        for i in sorted(nodes):
            for p in process.nodes[i].performers:
                weights[p.resource] += p.weight
        parts = Additions(process)
        changed = set()
        for i in nodes:
            own = {p.resource: p.work for p in process.nodes[i].performers}
            if set(own) != set(weights):
                changed.add(i)
                parts.change_node(
                    i, performers=tuple(Performer(r, w, own.get(r, -1)) for r, w in sorted(weights.items()))
                )
        if not changed:
            raise MeasureRefusedError(
                _("{measure}: the same people do all of it already.", measure=self.label()),
                hint=_("name activities that different departments or offices do."),
            )
        # Nodes whose people were all of them already join the same queue: it is told by people and weights.
        for i in nodes - changed:
            own = {p.resource: p.work for p in process.nodes[i].performers}
            parts.change_node(i, performers=tuple(Performer(r, w, own[r]) for r, w in sorted(weights.items())))
        return parts.finish(process), share_of_cases(process, nodes) * sum(t.cases for t in process.templates)

    def _nodes(self, process: Process) -> set[int]:
        """Nodes of the activities that people do."""
        found: set[int] = set()
        for activity in self.activities:
            nodes = process.nodes_of(names.activity(process, activity))
            if not any(process.nodes[i].performers and not process.nodes[i].automatic for i in nodes):
                raise MeasureRefusedError(
                    _("{measure}: “{activity}” is no work of an officer.", measure=self.label(), activity=activity),
                    hint=_("name activities that different departments or offices do."),
                )
            found |= {i for i in nodes if process.nodes[i].performers and not process.nodes[i].automatic}
        return found
