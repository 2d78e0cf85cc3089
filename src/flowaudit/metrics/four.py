"""The four reductions (四减) of a log, observed or simulated: one function for both."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from flowaudit.catalogue import Catalogue
from flowaudit.errors import InsufficientDataError
from flowaudit.eventlog import EventLog, Unit, as_unit, items_of
from flowaudit.messages import Language, current_language
from flowaudit.messages import translate as _
from flowaudit.metrics import _arrays as arrays
from flowaudit.metrics.cases import complete_cases
from flowaudit.metrics.durations import NOT_ACCEPTED, EndToEnd, clock_days, end_to_end
from flowaudit.metrics.guide import guide_figures
from flowaudit.metrics.materials import SPLIT, Materials, materials
from flowaudit.metrics.rule import METRICS, SOURCE, CountingRule, Figure, NotRecorded
from flowaudit.metrics.steps import StepPolicy, choose_policy, steps, unknown_nodes
from flowaudit.metrics.trips import guide_trips, online_share, repeat_trips, trip_shares, trips
from flowaudit.worktime import Calendar, load_calendar

RESAMPLES = 400

Measured = tuple[arrays.Floats, EndToEnd, arrays.Floats | None, Materials | NotRecorded, arrays.Floats | NotRecorded]


@dataclass(frozen=True, eq=False)
class FourReductions:
    """Steps, time, materials and trips of a log, each with its counting rule.

    Attributes
    ----------
    steps, time, clock, materials, trips : Figure or NotRecorded
        ``clock`` is the official clock, which always stands beside the end-to-end ``time``.
    per_case : pd.DataFrame
        ``case_id, steps, e2e_days, clock_days, materials, trips`` (NaN where unknown) and ``complete``.
    guide : mapping of str to Figure or NotRecorded
        ``steps, time, materials, trips`` as the service guides ask for them (baseline ``guide_before``); empty without a
        catalogue. Never compare one with a figure of the log.
    unit : {"case", "bundle"}
    """

    steps: Figure | NotRecorded
    time: Figure | NotRecorded
    clock: Figure | NotRecorded
    materials: Figure | NotRecorded
    trips: Figure | NotRecorded
    per_case: pd.DataFrame = field(repr=False)
    guide: Mapping[str, Figure | NotRecorded] = field(default_factory=dict)
    unit: Unit = "case"

    @property
    def primary(self) -> dict[str, Figure | NotRecorded]:
        """The five figures by metric, in the order of ``METRICS``."""
        return {metric: getattr(self, metric) for metric in METRICS}

    @property
    def guide_recorded(self) -> dict[str, Figure]:
        """What the guides do tell, by metric."""
        return {metric: figure for metric, figure in self.guide.items() if isinstance(figure, Figure)}

    def to_dict(self, lang: Language | None = None) -> dict[str, Any]:
        """Return the figures by metric, and those of the guides under ``guide`` where there is a catalogue."""
        lang = lang or current_language()
        out: dict[str, Any] = {metric: figure.to_dict(lang) for metric, figure in self.primary.items()}
        if self.guide:
            out["guide"] = {metric: figure.to_dict(lang) for metric, figure in self.guide.items()}
        return out

    def _repr_html_(self) -> str:
        head = (_("Metric"), _("Value"), _("Unit"), _("95 % interval"), _("Cases"), _("Counting rule"))
        rows = [head]
        for metric, figure in self.primary.items():
            if isinstance(figure, Figure):
                rows.append(_row(figure))
            else:
                rows.append((metric_label(metric), _("not recorded"), "", "", "", figure.reason()))
        rows.extend(_row(figure) for figure in self.guide_recorded.values())
        body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
        return f"<table>{body}</table>"


def _row(figure: Figure) -> tuple[str, str, str, str, str, str]:
    interval = "" if figure.low is None or figure.high is None else f"{figure.low:.1f} – {figure.high:.1f}"
    rule = figure.rule
    return (rule.name(), f"{figure.value:.1f}", rule.unit(), interval, f"{figure.n:,}", rule.text())


def metric_label(metric: str, lang: Language | None = None) -> str:
    """Return what people call a metric."""
    names = {
        "steps": _("steps", lang=lang),
        "time": _("end-to-end time", lang=lang),
        "clock": _("official clock", lang=lang),
        "materials": _("materials", lang=lang),
        "trips": _("trips", lang=lang),
        "cycle_h": _("hours from first to last stamp", lang=lang),
        "typed_fields": _("form fields filled in by hand", lang=lang),
        "correction_rate": _("correction rate", lang=lang),
        "visits": _("visits", lang=lang),
        "workload": _("workload", lang=lang),
    }
    return names[metric]


def median_interval(values: arrays.Floats, *, seed: int = 0, resamples: int = RESAMPLES) -> tuple[float, float]:
    """Return the bootstrap 95 % percentile interval of the median.

    Notes
    -----
    A resample's median is an order statistic of n draws with replacement, that is, the value at the order statistic
    of n uniform draws; those are beta variates. Drawing them directly gives exactly the bootstrap distribution in
    time independent of n.

    Examples
    --------
    >>> median_interval(np.array([4.0, 4.0, 4.0]))
    (4.0, 4.0)
    """
    x = np.sort(values)
    n = len(x)
    rng = np.random.default_rng(seed)
    k = n // 2 + 1
    upper = rng.beta(k, n - k + 1, resamples)
    lower = upper if n % 2 else upper * rng.random(resamples) ** (1 / (k - 1))
    at = np.minimum((np.stack([lower, upper]) * n).astype(np.int64), n - 1)
    low, high = np.quantile(x[at].mean(axis=0), [0.025, 0.975])
    return float(low), float(high)


def case_measures(
    log: EventLog,
    catalogue: Catalogue | None = None,
    *,
    unit: Unit | None = None,
    policy: str | None = None,
    calendar: Calendar | None = None,
    clock: bool = True,
) -> pd.DataFrame:
    """Measure every case, without summing up.

    Parameters
    ----------
    log : EventLog
    catalogue : Catalogue, optional
        Not needed for what a log holds; taken so that both functions are called alike.
    unit, policy, calendar, clock
        See :func:`four_reductions`.

    Returns
    -------
    pd.DataFrame
        ``case_id, steps, e2e_days, clock_days, materials, trips`` and ``complete``, in the order of ``log.case_ids``.
        NaN where unknown; ``e2e_days`` only of complete cases.
    """
    log = as_unit(log, unit)
    _refuse_empty(log)
    complete = complete_cases(log)
    measured = _measure(log, choose_policy(log, policy), calendar or load_calendar(), complete, clock)
    return _frame(log, measured, complete)


def four_reductions(
    log: EventLog,
    catalogue: Catalogue | None = None,
    *,
    unit: Unit | None = None,
    policy: str | None = None,
    calendar: Calendar | None = None,
    complete_only: bool = True,
    interval: bool = True,
    beside: bool = True,
    clock: bool = True,
) -> FourReductions:
    """Measure steps, time, materials and trips of a log (四减), each with its counting rule.

    Parameters
    ----------
    log : EventLog
        Observed or simulated.
    catalogue : Catalogue, optional
        Adds what the service guides ask for, as figures of their own (``guide``).
    unit : {"case", "bundle"}, optional
        Default: the bundle when the log has bundles.
    policy : str, optional
        ``A_applicant, B_milestone, C_node`` or ``D_exec`` (or just the letter); default: the first of A, B, C whose
        stages are recorded.
    calendar : Calendar, optional
        Default: China's official one.
    complete_only : bool
        Leave cases out that have not come to their end (their number is in ``extra["open"]``).
    interval : bool
        Compute the bootstrap interval of each median.
    beside : bool
        Also find what stands beside steps, materials and trips (``extra``: unknown nodes, shares, what the guides say).
    clock : bool
        Also measure the official clock, which takes longer than all else; without it no figure of it is given.

    Returns
    -------
    FourReductions

    Raises
    ------
    InsufficientDataError
        If the log has no case, or the calendar knows the years of none of them.
    MissingColumnError
        If the log does not record what ``policy`` needs.

    Examples
    --------
    >>> from flowaudit.eventlog import from_frame
    >>> log = from_frame(pd.DataFrame({"case_id": "1", "activity": ["受理", "审查", "决定"],
    ...     "end": pd.to_datetime(["2024-09-30 10:00", "2024-10-08 09:00", "2024-10-12 09:00"])}))
    >>> found = four_reductions(log)
    >>> found.steps.value, found.steps.rule.policy, found.time.value, found.trips.recorded
    (3.0, 'C_node', 5.0, False)
    """
    log = as_unit(log, unit)
    _refuse_empty(log)
    chosen = choose_policy(log, policy)
    calendar = calendar or load_calendar()
    complete = complete_cases(log)
    measured = _measure(log, chosen, calendar, complete, clock)
    number, e2e, official, papers, journeys = measured
    keep = complete if complete_only else np.ones(log.n_cases, np.bool_)
    rule = partial(_rule, log, calendar, complete_only)
    figure = partial(_figure, keep=keep, interval=interval, left_out=int((~complete).sum()) if complete_only else 0)

    def more(find: Callable[[arrays.Bools], dict[str, Any]]) -> Callable[[arrays.Bools], dict[str, Any]] | None:
        return find if beside else None

    return FourReductions(
        steps=figure(
            "steps",
            number,
            rule(*_steps_rule(chosen)),
            beside=more(lambda _rows: {"unknown_nodes": unknown_nodes(log)}),
        ),
        time=figure("time", e2e.days, rule(*_time_rule(e2e, calendar))),
        clock=_clock_figure(log, official, rule, figure, calendar) if clock else _CLOCK_LEFT_OUT,
        materials=papers
        if isinstance(papers, NotRecorded)
        else figure(
            "materials", papers.submitted, rule(*_MATERIALS_RULE), beside=more(partial(_beside_materials, papers))
        ),
        trips=journeys
        if isinstance(journeys, NotRecorded)
        else figure(
            "trips", journeys, rule(*_TRIPS_RULE), beside=more(partial(_beside_trips, log, catalogue, journeys))
        ),
        per_case=_frame(log, measured, complete),
        guide={} if catalogue is None else guide_figures(catalogue, log=log),
        unit=log.unit,
    )


def _refuse_empty(log: EventLog) -> None:
    if not log.n_cases:
        raise InsufficientDataError(_("the log has no case; nothing can be counted."))


def _measure(
    log: EventLog, policy: StepPolicy, calendar: Calendar, complete: arrays.Bools, clock: bool = True
) -> Measured:
    return (
        steps(log, policy.key), end_to_end(log, calendar, complete), clock_days(log, calendar) if clock else None,
        materials(log), trips(log),
    )  # fmt: skip


def _frame(log: EventLog, measured: Measured, complete: arrays.Bools) -> pd.DataFrame:
    number, e2e, clock, papers, journeys = measured
    unknown = np.full(log.n_cases, np.nan)
    return pd.DataFrame(
        {
            "case_id": log.case_ids,
            "steps": number,
            "e2e_days": e2e.days,
            "clock_days": unknown if clock is None else clock,
            "materials": papers.submitted if isinstance(papers, Materials) else unknown,
            "trips": unknown if isinstance(journeys, NotRecorded) else journeys,
            "complete": complete,
        }
    )


RuleTexts = tuple[str, str, str, str, str, str, str, str, str]


def _rule(
    log: EventLog, calendar: Calendar, complete_only: bool,
    key: str, metric: str, name_zh: str, name_en: str, unit_zh: str, unit_en: str, policy: str, zh: str, en: str,
) -> CountingRule:  # fmt: skip
    first, last = log.span
    bundle = log.unit == "bundle"
    return CountingRule(
        key, metric, name_zh, name_en, unit_zh, unit_en,
        population_zh=("已办结的" if complete_only else "全部") + ("一件事办件" if bundle else "办件"),
        population_en=("completed " if complete_only else "all ") + ("bundles" if bundle else "cases"),
        period=f"{first:%Y-%m-%d} – {last:%Y-%m-%d}",
        baseline="simulated" if log.provenance.source == "simulated" else "log_before",
        policy=policy, definition_zh=zh, definition_en=en, source=SOURCE,
    )  # fmt: skip


def _figure(
    metric: str,
    values: arrays.Floats,
    rule: CountingRule,
    *,
    keep: arrays.Bools,
    interval: bool,
    left_out: int,
    beside: Callable[[arrays.Bools], dict[str, Any]] | None = None,
) -> Figure | NotRecorded:
    rows = keep & ~np.isnan(values)
    x = values[rows]
    if not len(x):
        return NotRecorded(
            metric, "没有已办结的办件，无法统计。", "no case has come to its end; nothing to sum up.", ("end",)
        )
    low, high = median_interval(x) if interval else (None, None)
    extra: dict[str, Any] = {
        "mean": float(x.mean()), "p90": float(np.quantile(x, 0.9)), "open": left_out, "withheld": int(keep.sum()) - len(x),
    }  # fmt: skip
    if beside is not None:
        extra |= beside(rows)
    return Figure(float(np.median(x)), rule, len(x), low, high, extra)


def _steps_rule(policy: StepPolicy) -> RuleTexts:
    return (
        f"steps_{policy.key}", "steps", f"环节（{policy.name_zh}）", f"steps ({policy.name_en})", "个", "steps", policy.key,
        policy.definition_zh, policy.definition_en,
    )  # fmt: skip


def _calendar_words(calendar: Calendar) -> tuple[str, str]:
    if calendar.name == "china":
        return ("按国家公布的工作日（含调休）计算", "by the official calendar with its make-up days")
    if calendar.name == "weekdays":
        return "按周一至周五计算", "Mondays to Fridays"
    return f"按日历“{calendar.name}”计算", f"by the calendar '{calendar.name}'"


def _time_rule(e2e: EndToEnd, calendar: Calendar) -> RuleTexts:
    begin_zh, begin_en = {
        "applicant": ("申请人首次办理动作", "the applicant's first action"),
        "first_event": (
            "办件首个记录（申请人动作未记录）",
            "the first event recorded (the applicant's actions are not)",
        ),
    }[e2e.begins]
    end_zh, end_en = {
        "delivery": ("最后一次送达（未送达的为决定）", "the last delivery (or decision, where nothing is delivered)"),
        "last_event": ("办件最后记录（送达未记录）", "the last event recorded (deliveries are not)"),
    }[e2e.ends]
    zh, en = _calendar_words(calendar)
    return (
        f"time_{e2e.begins}_{e2e.ends}", "time", "全程时间", "end-to-end time", "工作日", "working days", "",
        f"自{begin_zh}至{end_zh}的工作日数，首日不计、末日计入，{zh}。",
        f"working days from {begin_en} to {end_en}; the first day is not counted, the last one is; {en}.",
    )  # fmt: skip


def _clock_figure(
    log: EventLog,
    clock: arrays.Floats | None,
    rule: Callable[..., CountingRule],
    figure: Callable[..., Figure | NotRecorded],
    calendar: Calendar,
) -> Figure | NotRecorded:
    if clock is None:
        return _no_clock(log)
    zh, en = _calendar_words(calendar)
    texts = (
        "clock", "clock", "计时办理时间", "official clock", "工作日", "working days", "",
        f"自受理至决定的工作日数，受理当日不计，扣除依法不计入时限的特别程序；延长审批不扣除；多个事项取时间并集，{zh}。",
        (
            "working days from acceptance to decision, the day of acceptance not counted, less the special procedures the "
            f"law does not count; extensions are not deducted; several items: the union of their days; {en}."
        ),
    )  # fmt: skip
    found = figure("clock", clock, rule(*texts))
    if isinstance(found, NotRecorded):
        return NotRecorded(
            "clock",
            "没有同时记录受理和决定的已办结办件。",
            "no completed case records both acceptance and decision.",
            ("stage",),
        )
    return found


_CLOCK_LEFT_OUT = NotRecorded("clock", "本次未测算计时办理时间。", "the official clock was not asked for.", ())


def _no_clock(log: EventLog) -> NotRecorded:
    """Say which end of the official clock a log lacks, and what to write so that it is recognised."""
    missing = tuple(stage for stage in ("accept", "decide") if not _recorded(log, stage))
    what_zh, what_en = {
        ("accept",): ("日志未记录受理", "the log does not record acceptance"),
        ("decide",): ("日志未记录决定", "the log does not record the decision"),
        ("accept", "decide"): ("日志未记录受理和决定", "the log records neither acceptance nor decision"),
        (): (
            "日志虽有受理和决定记录，但没有一个办件（事项）两者齐全",
            "the log records acceptance and decision, but never both of one case or item",
        ),
    }[missing]
    wanted = missing or ("accept", "decide")
    lines_zh = "，".join(f'"环节名称" = "{stage}"' for stage in wanted)
    lines_en = ", ".join(f'"NAME OF THE ACTIVITY" = "{stage}"' for stage in wanted)
    return NotRecorded(
        "clock",
        f"{what_zh}，无法计算计时办理时间；相应环节如使用其他名称，请在映射文件的 [stages] 下写明：{lines_zh}。",
        f"{what_en}, so the official clock is unknown; "
        f"where an activity has another name for it, write under [stages] of a mapping file: {lines_en}.",
        (*(f"stage ({stage})" for stage in wanted), *(f"cases: {stage}_time" for stage in wanted)),
    )


def _recorded(log: EventLog, stage: str) -> bool:
    """Say whether acceptance or decision stands anywhere in a log: as an event, or as a time of its cases."""
    events = arrays.among(log, "stage", stage) & ~np.isnat(log.stamps("end"))
    if stage == "accept":
        events &= ~arrays.among(log, "result", *NOT_ACCEPTED)
    items = items_of(log)
    column = f"{stage}_time"
    return bool(events.any() or (items is not None and column in items and items[column].notna().any()))


_MATERIALS_RULE: RuleTexts = (
    "materials_submitted", "materials", "申请材料", "materials", "种", "kinds", "submitted",
    "申请人实际提交的材料种数，按事项分别计算后相加；补正重交不重复计，份数另计；电子证照、数据核验、告知承诺和复用的材料不计。",
    (
        "kinds of material the applicant hands in, counted for each item and added; handing in again after a correction is "
        "not counted, copies are another figure; e-licences, data checks, commitments and reused ones are not counted."
    ),
)  # fmt: skip

_TRIPS_RULE: RuleTexts = (
    "trips_observed", "trips", "跑动次数", "trips", "次", "trips", "observed",
    "申请人到政务服务场所的实际次数，同一场所同一天计1次；快递、线上和工作人员上门核查不计。",
    (
        "the applicant's journeys to a government site; one site on one day is one; couriers, online dealings and "
        "inspections at the applicant's premises are none."
    ),
)  # fmt: skip


def _beside_materials(papers: Materials, rows: arrays.Bools) -> dict[str, Any]:
    return {
        "copies": float(papers.copies[rows].mean()),
        "kinds": float(papers.kinds[rows].mean()),
        "required": float(papers.required[rows].mean()),
        "split": {place: float(papers.split[place][rows].mean()) for place in SPLIT},
        "deferred": float(papers.deferred[rows].mean()),
        "share_0": float((papers.submitted[rows] == 0).mean()),
        "unknown_source": float(papers.unknown[rows].mean()),
    }


def _beside_trips(
    log: EventLog, catalogue: Catalogue | None, journeys: arrays.Floats, rows: arrays.Bools
) -> dict[str, Any]:  # fmt: skip
    """Minimum (guide), expected (with what corrections cause) and shares of the observed journeys."""
    repeats, online = repeat_trips(log), online_share(log)
    stated = np.full(log.n_cases, np.nan) if catalogue is None else guide_trips(log, catalogue)
    again = None if isinstance(repeats, NotRecorded) else float(repeats[rows].mean())
    least = None if np.isnan(stated[rows]).any() else float(stated[rows].mean())
    return {
        **trip_shares(journeys[rows]),
        "minimum": least,
        "repeats": again,
        "expected": None if least is None or again is None else least + again,
        "online": None if isinstance(online, NotRecorded) else online,
    }
