"""What every rule looks at, computed once: the log's arrays, windows before each instance, working time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.catalogue import Catalogue
from flowaudit.diagnosis.finding import EVIDENCE, Confidence, Finding, Group
from flowaudit.eventlog import APPLICANT, EventLog
from flowaudit.flow import Enablement, enablement, handover
from flowaudit.metrics import wilson
from flowaudit.worktime import Calendar, OfficeHours

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Stamps = npt.NDArray[np.datetime64]


@dataclass(frozen=True, eq=False)
class Context:
    """A log seen by its unit, and what the rules need of it.

    Attributes
    ----------
    min_cases : int
        Fewer cases support no finding.
    """

    log: EventLog
    catalogue: Catalogue | None
    calendar: Calendar
    min_cases: int

    @cached_property
    def case(self) -> Ints:
        return np.asarray(self.log.case_index, np.int64)

    @cached_property
    def end(self) -> Stamps:
        return self.log.stamps("end")

    @cached_property
    def start(self) -> Stamps:
        """When an instance began; its end where starts are not recorded."""
        if not self.log.has("start"):
            return self.end
        start = self.log.stamps("start")
        return np.where(np.isnat(start), self.end, start)

    @cached_property
    def enablement(self) -> Enablement:
        return enablement(self.log)

    @property
    def time_kind(self) -> Literal["waiting", "handover"]:
        return "waiting" if self.log.has("start") else "handover"

    def column(self, name: str) -> tuple[Ints, list[Any]]:
        """Return the codes and labels of a text column; -1 everywhere where it is not recorded."""
        if not self.log.has(name):
            return np.full(len(self.log.events), -1, np.int64), []
        codes, labels = self.log.codes(name)
        return codes.astype(np.int64), labels

    def among(self, name: str, *values: str) -> Bools:
        codes, labels = self.column(name)
        return np.isin(codes, [i for i, label in enumerate(labels) if label in values])

    @cached_property
    def applicant(self) -> Bools:
        return self.among("department", APPLICANT)

    @cached_property
    def automatic(self) -> Bools:
        if not self.log.has("is_auto"):
            return np.zeros(len(self.log.events), np.bool_)
        return np.asarray(self.log.events["is_auto"].to_pandas().astype(str).str.casefold() == "true", np.bool_)

    @cached_property
    def level(self) -> Floats:
        if not self.log.has("level"):
            return np.full(len(self.log.events), np.nan)
        return np.asarray(pd.to_numeric(self.log.events["level"].to_pandas(), errors="coerce"), float)

    def days(self, a: Stamps, b: Stamps) -> Floats:
        """Return working days between stamps, as office hours over the hours of one office day."""
        office = OfficeHours()
        hours = np.atleast_1d(self.calendar.working_time(a, np.maximum(a, b), office))
        return np.nan_to_num(hours) / office.hours_per_day

    @cached_property
    def wait_days(self) -> Floats:
        """Waiting (handover without starts) before every instance, working days."""
        opened, closed = handover(self.log, self.enablement)
        return self.days(opened, closed)

    @cached_property
    def node_days(self) -> Floats:
        """From enabled to ended, working days: waiting and work together."""
        return self.days(self.enablement.enabled, self.end)

    @cached_property
    def work_days(self) -> Floats:
        return self.days(self.start, self.end)

    def finding(
        self,
        rule: str,
        key: str,
        *,
        texts: tuple[str, str, str, str, str, str],
        scope: Mapping[str, Iterable[str]],
        cases: Sequence[int] | Ints,
        lost: Floats | None,
        population: int,
        confidence: Confidence,
        reengineering: str,
        reductions: tuple[str, ...],
        measures: tuple[str, ...],
        group: Group,
        details: Mapping[str, Any] | None = None,
    ) -> Finding:
        """Build a finding from the positions of its cases and the days each lost.

        ``texts`` are title, statement and caveat, each in Chinese and then in English.
        """
        position = np.asarray(cases, np.int64)
        low, high = wilson(len(position), population)
        order = np.argsort(-lost, kind="stable") if lost is not None else np.arange(len(position))
        ids = self.log.case_ids
        return Finding(
            id=f"{rule}-{key}",
            rule=rule,
            title_zh=texts[0],
            title_en=texts[1],
            statement_zh=texts[2],
            statement_en=texts[3],
            scope={name: tuple(values) for name, values in scope.items()},
            cases=len(position),
            population=population,
            share=len(position) / max(population, 1),
            share_low=low,
            share_high=high,
            time_lost_days_median=None if lost is None else float(np.median(lost)),
            time_lost_days_p90=None if lost is None else float(np.quantile(lost, 0.9)),
            time_lost_days_total=None if lost is None else float(lost.sum()),
            time_kind=None if lost is None else self.time_kind,
            evidence=tuple(ids[i] for i in position[order][:EVIDENCE]),
            caveat_zh=texts[4],
            caveat_en=texts[5],
            confidence=confidence,
            reengineering=reengineering,
            reductions=reductions,
            measures=measures,
            group=group,
            details=dict(details or {}),
        )

    def by_case(self, rows: Ints, values: Floats) -> tuple[Ints, Floats]:
        """Sum values of rows per case; return the cases and their sums."""
        if not len(rows):
            return np.zeros(0, np.int64), np.zeros(0)
        cases, where = np.unique(self.case[rows], return_inverse=True)
        return cases, np.bincount(where, weights=values).astype(np.float64)
