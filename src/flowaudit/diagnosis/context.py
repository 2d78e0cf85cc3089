"""What every rule looks at, computed once: the log's arrays, windows before each instance, working time, side tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.catalogue import Catalogue
from flowaudit.diagnosis.finding import EVIDENCE, Confidence, Finding, Group, TimeKind
from flowaudit.diagnosis.rule import Rule, Thresholds
from flowaudit.diagnosis.saving import Flow
from flowaudit.eventlog import APPLICANT, EventLog
from flowaudit.flow import Enablement, enablement, handover
from flowaudit.messages import Language
from flowaudit.messages import translate as _
from flowaudit.metrics import clocks, wilson
from flowaudit.worktime import Calendar, OfficeHours

if TYPE_CHECKING:
    from flowaudit.diagnosis.waiting import Waiting

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Stamps = npt.NDArray[np.datetime64]
Texts = tuple[str, str]
"""A text in Chinese and in English, as ``both`` makes it."""

SIGNING = ("review", "check", "decide")
"""Stages in which somebody signs a case off."""
_TRUE = frozenset({"true", "1", "1.0", "是", "yes", "y"})
_EVENTS = 12
_HOUR_US = 3_600_000_000
_DAY_US = 24 * _HOUR_US


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
    office: OfficeHours = field(default_factory=OfficeHours)
    claims: dict[str, tuple[Ints, Floats]] = field(default_factory=dict)
    """Rows and lost days of every finding made so far, so that nothing is saved twice."""

    # -- the log's columns -------------------------------------------------------------------------------------------

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
    def dates_only(self) -> float:
        """Share of the ends that have no time of day."""
        return float((self.end.astype(np.int64) % _DAY_US == 0).mean()) if len(self.end) else 0.0

    @cached_property
    def enablement(self) -> Enablement:
        """What enabled each instance: within its item, where the item has begun; see :func:`flowaudit.flow.enablement`."""
        return enablement(self.log, within="item_code")

    @cached_property
    def plain_enablement(self) -> Enablement:
        """What ended last before each instance, whatever item it belongs to: the order that was kept, needed or not."""
        return enablement(self.log)

    @property
    def time_kind(self) -> TimeKind:
        if self.log.has("start_estimated"):
            return "estimated"
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

    def flag(self, name: str) -> Bools:
        """Mark the rows in which a column says yes; none where it is not recorded."""
        codes, labels = self.column(name)
        return np.isin(codes, [i for i, label in enumerate(labels) if str(label).strip().casefold() in _TRUE])

    @cached_property
    def applicant(self) -> Bools:
        return self.among("department", APPLICANT)

    @cached_property
    def automatic(self) -> Bools:
        return self.flag("is_auto")

    @cached_property
    def human(self) -> Bools:
        """Rows that people of the offices handle: not the applicant's, automatic ones, notices, the archive."""
        return ~self.applicant & ~self.automatic & ~self.among("stage", "notify", "archive")

    @cached_property
    def level(self) -> Floats:
        if not self.log.has("level"):
            return np.full(len(self.log.events), np.nan)
        return np.asarray(pd.to_numeric(self.log.events["level"].to_pandas(), errors="coerce"), float)

    @cached_property
    def legally_required(self) -> Bools:
        """Rows of steps that the law demands: an event says so, or the catalogue's step of that item and name does."""
        required = self.flag("legally_required")
        steps = None if self.catalogue is None else self.catalogue.item_steps
        if steps is None or "legally_required" not in steps:
            return required
        demanded = steps[steps["legally_required"].astype("string").str.casefold().isin(_TRUE).fillna(False)]
        activity, names = self.column("activity")
        item, items = self.column("item_code")
        for code, name in zip(demanded["item_code"].astype(str), demanded["name"].astype(str), strict=True):
            # Seen by bundle, an activity of several items bears its item in front.
            same = np.isin(activity, [i for i, label in enumerate(names) if label in (name, f"{code}·{name}")])
            of_item = np.isin(item, [-1, *(i for i, label in enumerate(items) if label == code)])
            required = required | (same & of_item)
        return required

    def known(self, *names: str) -> Bools:
        """Mark the rows in which every column holds a value."""
        found = np.ones(len(self.log.events), np.bool_)
        for name in names:
            found &= self.column(name)[0] >= 0
        return found

    # -- time --------------------------------------------------------------------------------------------------------

    def days(self, a: Stamps, b: Stamps) -> Floats:
        """Return working days between stamps, as office hours over the hours of one office day."""
        hours = np.atleast_1d(self.calendar.working_time(a, np.maximum(a, b), self.office))
        return np.nan_to_num(hours) / self.office.hours_per_day

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

    @cached_property
    def waiting(self) -> Waiting:
        """The waiting before every instance, split by cause."""
        from flowaudit.diagnosis.waiting import waiting_of

        return waiting_of(self)

    @cached_property
    def idle_days(self) -> Floats:
        """Waiting (handover time without starts) before every instance that is not the applicant's, working days."""
        hours = self.waiting.working_parts.sum(axis=1) / _HOUR_US - self.waiting.hours("applicant")
        return np.asarray(np.maximum(hours, 0.0) / self.office.hours_per_day, float)

    @cached_property
    def flow(self) -> Flow:
        """The cases on the axis of working days, for the question what they would have saved."""
        return Flow.of(self.log, self.calendar, self.office)

    @cached_property
    def clocks(self) -> pd.DataFrame:
        """The legal clocks of every item of every case (see :func:`flowaudit.metrics.clocks`), ``case`` their position."""
        frame = clocks(self.log, self.catalogue, unit=self.log.unit, calendar=self.calendar, office=self.office)
        return frame.assign(case=self.position(frame["case_id"]))

    # -- side tables -------------------------------------------------------------------------------------------------

    @cached_property
    def _place(self) -> pd.Index:
        return pd.Index(self.log.case_ids)

    def position(self, case_ids: Iterable[Any]) -> Ints:
        """Return the place of each case in the log, -1 for a case it does not have."""
        return np.asarray(self._place.get_indexer(pd.Index(case_ids, dtype="object")), np.int64)

    def table(self, name: str) -> pd.DataFrame | None:
        """Return a side table with ``case`` (position in the log) as its last column, rows of other cases left out.

        The table of cases and that of visits are tied by ``bundle_id`` where the log is seen by bundle.
        """
        table = self.log.table(name)
        if table is None:
            return None
        key = "bundle_id" if self.log.unit == "bundle" and "bundle_id" in table else "case_id"
        if key not in table:
            return None
        table = table.assign(case=self.position(table[key]))
        return table[table["case"] >= 0].reset_index(drop=True)

    @staticmethod
    def times(column: pd.Series) -> Stamps:
        """Return a time column of a side table, which may still be ISO text; NaT where it is anything else."""
        return np.asarray(pd.to_datetime(column, format="ISO8601", errors="coerce").to_numpy("datetime64[us]"))

    @staticmethod
    def truths(column: pd.Series) -> pd.Series:
        """Return a column of yes and no as nullable booleans, whatever words it uses."""
        words = column.astype("string").str.strip().str.casefold()
        known = words.isin([*_TRUE, "false", "0", "0.0", "否", "no", "n"]).fillna(False)
        return words.isin(_TRUE).astype("boolean").where(known.to_numpy(bool), pd.NA)

    def item_name(self, code: str) -> str:
        """Return what the catalogue calls an item, else its code."""
        return code if self.catalogue is None else self.catalogue.item_name(code)

    def material_name(self, canonical_id: Any) -> str:
        """Return what the catalogue calls a material, else its id."""
        return self._material_names.get(str(canonical_id), str(canonical_id))

    @cached_property
    def _material_names(self) -> dict[str, str]:
        table = None if self.catalogue is None else self.catalogue.materials
        if table is None or not {"canonical_id", "name"} <= set(table.columns):
            return {}
        return {str(k): str(v) for k, v in zip(table["canonical_id"], table["name"], strict=True)}

    # -- findings ----------------------------------------------------------------------------------------------------

    def finding(
        self,
        rule: Rule,
        key: str,
        *,
        title: Texts,
        statement: Texts,
        caveat: Texts,
        scope: Mapping[str, Iterable[Any]],
        cases: Sequence[int] | Ints,
        population: int,
        thresholds: Thresholds,
        lost: Floats | None = None,
        rows: Ints | None = None,
        row_days: Floats | None = None,
        look: Ints | None = None,
        confidence: Confidence = "medium",
        time_kind: TimeKind | None = None,
        group: Group | None = None,
        reengineering: str | None = None,
        reductions: tuple[str, ...] | None = None,
        measures: tuple[str, ...] | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> Finding:
        """Build a finding from the positions of its cases and, where time is lost, from the rows that lose it.

        Parameters
        ----------
        key : str
            What it was found on; with the rule it makes the stable id.
        cases : array of int
            Positions of the cases concerned, each once.
        population : int
            Cases that could have been concerned.
        lost : array of float, optional
            Working days each of ``cases`` lost. Left out, it is summed up from ``row_days``.
        rows, row_days : arrays, optional
            Events concerned and the working days each loses; they say what all cases would have saved and which events to
            look at. ``rows`` alone: what to look at, no time.
        look : array of int, optional
            Events to look at where these are others than ``rows``.
        time_kind : optional
            Default: that of the log, None where no time is lost.
        """
        position = np.asarray(cases, np.int64)
        if lost is None and row_days is not None and rows is not None:
            lost = self._lost(position, rows, row_days)
        low, high = wilson(len(position), population)
        order = np.argsort(-lost, kind="stable") if lost is not None else np.arange(len(position))
        evidence = position[order][:EVIDENCE]
        ids = self.log.case_ids
        id_ = f"{rule.id}-{key}"
        saving = None
        if rows is not None and row_days is not None:
            self.claims[id_] = (np.asarray(rows, np.int64), np.asarray(row_days, float))
            saving = float(self.flow.saved(rows, row_days).sum())
        counting = self._counting(rule, thresholds, population, timed=lost is not None)
        return Finding(
            id=id_,
            rule=rule.id,
            title_zh=title[0],
            title_en=title[1],
            statement_zh=statement[0],
            statement_en=statement[1],
            scope={name: tuple(dict.fromkeys(str(v) for v in values)) for name, values in scope.items()},
            cases=len(position),
            population=population,
            share=len(position) / max(population, 1),
            share_low=low,
            share_high=high,
            time_lost_days_median=None if lost is None or not len(lost) else float(np.median(lost)),
            time_lost_days_p90=None if lost is None or not len(lost) else float(np.quantile(lost, 0.9)),
            time_lost_days_total=None if lost is None else float(lost.sum()),
            saving_days_total=saving,
            time_kind=None if lost is None else time_kind or self.time_kind,
            evidence=tuple(ids[i] for i in evidence),
            events=self._events(evidence, rows if look is None else look),
            caveat_zh=caveat[0],
            caveat_en=caveat[1],
            counting_zh=counting[0],
            counting_en=counting[1],
            confidence=confidence,
            reengineering=reengineering or rule.reengineering,
            reductions=reductions or rule.reductions,
            measures=measures or rule.measures,
            group=group or rule.group,
            details=dict(details or {}),
        )

    def _lost(self, cases: Ints, rows: Ints, row_days: Floats) -> Floats:
        """Sum up the days of the rows by case; a case without a row loses nothing."""
        own, sums = self.by_case(rows, row_days)
        every = np.zeros(self.log.n_cases)
        every[own] = sums
        return every[cases]

    def by_case(self, rows: Ints, values: Floats) -> tuple[Ints, Floats]:
        """Sum values of rows per case; return the cases and their sums."""
        if not len(rows):
            return np.zeros(0, np.int64), np.zeros(0)
        cases, where = np.unique(self.case[rows], return_inverse=True)
        return cases, np.bincount(where, weights=values).astype(np.float64)

    def population(self, rows: Ints | Bools) -> int:
        """Count the cases in which at least one of the rows lies."""
        return len(np.unique(self.case[rows]))

    def labels_of(self, column: str, rows: Ints) -> list[str]:
        """Return the distinct values of a column in some rows, sorted."""
        codes, labels = self.column(column)
        return sorted({str(labels[c]) for c in np.unique(codes[rows]) if c >= 0})

    def _events(self, evidence: Ints, rows: Ints | None) -> dict[str, tuple[int, ...]]:
        if rows is None or not len(rows):
            return {}
        ptr, ids = self.log.case_ptr, self.log.case_ids
        wanted = rows[np.isin(self.case[rows], evidence)]
        found: dict[str, tuple[int, ...]] = {}
        for c in evidence.tolist():
            own = np.unique(wanted[self.case[wanted] == c])[:_EVENTS]
            if len(own):
                found[ids[c]] = tuple((own - ptr[c] + 1).tolist())
        return found

    def _counting(self, rule: Rule, thresholds: Thresholds, population: int, *, timed: bool) -> Texts:
        texts = []
        languages: tuple[Language, ...] = ("zh", "en")
        changed = {k: v for k, v in thresholds.items() if v != rule.defaults.get(k, v)}
        first, last = self.log.span
        for lang in languages:
            words = rule.definition(lang)
            if changed:
                told = ", ".join(f"{k} = {v:g}" for k, v in changed.items())
                words += _(" Thresholds changed: {thresholds}.", lang=lang, thresholds=told)
            unit = _("bundles", lang=lang) if self.log.unit == "bundle" else _("cases", lang=lang)
            if pd.isna(first) or pd.isna(last):
                words += _(" Population: {n:,} {unit}.", lang=lang, n=population, unit=unit)
            else:
                words += _(
                    " Population: {n:,} {unit}, {first:%Y-%m-%d} to {last:%Y-%m-%d}.",
                    lang=lang, n=population, unit=unit, first=first, last=last,
                )  # fmt: skip
            if timed:
                words += _(
                    " A working day is {hours:g} office hours of the calendar “{calendar}”.",
                    lang=lang, hours=self.office.hours_per_day, calendar=self.calendar.name,
                )  # fmt: skip
            texts.append(words)
        return texts[0], texts[1]


def quoted(names: Iterable[str], *, most: int = 3) -> Texts:
    """Return names as an enumeration in both languages, the rest counted.

    Examples
    --------
    >>> quoted(["a", "b"])[1]
    '“a”, “b”'
    """
    shown = list(names)
    texts = []
    languages: tuple[Language, ...] = ("zh", "en")
    for lang in languages:
        marks = _(", ", lang=lang).join(f"“{name}”" for name in shown[:most])
        if len(shown) > most:
            marks = _("{names} and {n} more", lang=lang, names=marks, n=len(shown) - most)
        texts.append(marks)
    return texts[0], texts[1]


__all__ = ["SIGNING", "Bools", "Context", "Floats", "Ints", "Stamps", "Texts", "quoted"]
