"""How much: steps, time, materials and trips with their counting rules; cycle time, work in progress, rework, fidelity."""

from flowaudit.metrics.cases import complete_cases
from flowaudit.metrics.cycle import arrivals, case_durations, cycle_time, work_in_progress, working_cycle_time
from flowaudit.metrics.durations import end_to_end_days, official_clock
from flowaudit.metrics.fidelity import FidelityRow, Trust, trust_name, trust_of
from flowaudit.metrics.four import (
    FourReductions,
    case_measures,
    four_reductions,
    guide_figures,
    median_interval,
    metric_label,
)
from flowaudit.metrics.handover import handovers
from flowaudit.metrics.reduction import Reduction, average_rate
from flowaudit.metrics.rework import rework, rework_by_activity
from flowaudit.metrics.rule import METRICS, CountingRule, Figure, NotRecorded, baseline_name, statistic_name
from flowaudit.metrics.steps import POLICIES, StepPolicy, recorded_policies

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
    "Trust",
    "arrivals",
    "average_rate",
    "baseline_name",
    "case_durations",
    "case_measures",
    "complete_cases",
    "cycle_time",
    "end_to_end_days",
    "four_reductions",
    "guide_figures",
    "handovers",
    "median_interval",
    "metric_label",
    "official_clock",
    "recorded_policies",
    "rework",
    "rework_by_activity",
    "statistic_name",
    "trust_name",
    "trust_of",
    "work_in_progress",
    "working_cycle_time",
]
