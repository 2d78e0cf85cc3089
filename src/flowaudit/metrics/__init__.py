"""How much: steps, time, materials and trips with their counting rules; cycle time, work in progress, rework, fidelity."""

from flowaudit.metrics.breakdown import stage_times, time_by
from flowaudit.metrics.bundle_time import bundle_clocks, bundle_time, guide_time
from flowaudit.metrics.cases import complete_cases
from flowaudit.metrics.clocks import clock_problems, clocks, still_running
from flowaudit.metrics.cycle import arrivals, case_durations, cycle_time, work_in_progress, working_cycle_time
from flowaudit.metrics.durations import end_to_end_days, official_clock
from flowaudit.metrics.fidelity import FidelityRow, Trust, trust_name, trust_of
from flowaudit.metrics.four import (
    FourReductions,
    case_measures,
    four_reductions,
    median_interval,
    metric_label,
)
from flowaudit.metrics.guide import guide_figures
from flowaudit.metrics.handover import handovers
from flowaudit.metrics.reduction import Reduction, average_rate
from flowaudit.metrics.rework import rework, rework_by_activity
from flowaudit.metrics.rule import METRICS, CountingRule, Figure, NotRecorded, baseline_name, statistic_name
from flowaudit.metrics.steps import POLICIES, StepPolicy, recorded_policies
from flowaudit.metrics.survival import TimeSummary, quantile_interval, time_summary
from flowaudit.metrics.wilson import wilson

__all__ = [
    "METRICS",
    "POLICIES",
    "CountingRule",
    "FidelityRow",
    "Figure",
    "FourReductions",
    "NotRecorded",
    "Reduction",
    "StepPolicy",
    "TimeSummary",
    "Trust",
    "arrivals",
    "average_rate",
    "baseline_name",
    "bundle_clocks",
    "bundle_time",
    "case_durations",
    "case_measures",
    "clock_problems",
    "clocks",
    "complete_cases",
    "cycle_time",
    "end_to_end_days",
    "four_reductions",
    "guide_figures",
    "guide_time",
    "handovers",
    "median_interval",
    "metric_label",
    "official_clock",
    "quantile_interval",
    "recorded_policies",
    "rework",
    "rework_by_activity",
    "stage_times",
    "statistic_name",
    "still_running",
    "time_by",
    "time_summary",
    "trust_name",
    "trust_of",
    "wilson",
    "work_in_progress",
    "working_cycle_time",
]
