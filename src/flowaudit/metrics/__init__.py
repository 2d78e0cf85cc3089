"""How much: steps, time, materials and trips with their counting rules; cycle time, work in progress, rework, fidelity."""

from flowaudit.metrics.breakdown import stage_times, time_by
from flowaudit.metrics.bundle_time import bundle_clocks, bundle_time, guide_time
from flowaudit.metrics.burden import COMPONENTS, Burden, Tariffs, burden, component_name, read_tariffs, typed_fields
from flowaudit.metrics.cases import complete_cases
from flowaudit.metrics.clocks import clock_problems, clocks, still_running
from flowaudit.metrics.cycle import arrivals, case_durations, cycle_time, work_in_progress, working_cycle_time
from flowaudit.metrics.durations import end_to_end_days, official_clock
from flowaudit.metrics.exemptions import exemptions
from flowaudit.metrics.fidelity import (
    A_TENTH,
    AN_HOUR,
    FAR_FROM_CONTROL,
    NEAR_CONTROL,
    WAIT,
    DistanceRow,
    Fidelity,
    FidelityRow,
    Trust,
    WaitRow,
    check_label,
    distance_name,
    statistic_label,
    trust_name,
    trust_of,
)
from flowaudit.metrics.four import (
    FourReductions,
    case_measures,
    four_reductions,
    median_interval,
    metric_label,
)
from flowaudit.metrics.four_by import COLUMN_OF, four_by
from flowaudit.metrics.guide import guide_figures
from flowaudit.metrics.handover import handovers
from flowaudit.metrics.levels import approval_levels, sign_offs
from flowaudit.metrics.materials import SPLIT, Materials, conditional_shares, materials, split_name
from flowaudit.metrics.problems import measure_problems
from flowaudit.metrics.queues import queue_curves
from flowaudit.metrics.reduction import Reduction, average_rate
from flowaudit.metrics.rework import rework, rework_by_activity
from flowaudit.metrics.rule import METRICS, CountingRule, Figure, NotRecorded, baseline_name, shown, statistic_name
from flowaudit.metrics.standardise import Standardised, standardise, weighted_median
from flowaudit.metrics.steps import POLICIES, StepPolicy, recorded_policies, unknown_nodes
from flowaudit.metrics.survival import TimeSummary, quantile_interval, time_summary
from flowaudit.metrics.suspensions import EXTENSIONS
from flowaudit.metrics.trips import guide_trips, online_capability, online_share, repeat_trips, trips
from flowaudit.metrics.wilson import wilson

__all__ = [
    "AN_HOUR",
    "A_TENTH",
    "COLUMN_OF",
    "COMPONENTS",
    "EXTENSIONS",
    "FAR_FROM_CONTROL",
    "METRICS",
    "NEAR_CONTROL",
    "POLICIES",
    "SPLIT",
    "WAIT",
    "Burden",
    "CountingRule",
    "DistanceRow",
    "Fidelity",
    "FidelityRow",
    "Figure",
    "FourReductions",
    "Materials",
    "NotRecorded",
    "Reduction",
    "Standardised",
    "StepPolicy",
    "Tariffs",
    "TimeSummary",
    "Trust",
    "WaitRow",
    "approval_levels",
    "arrivals",
    "average_rate",
    "baseline_name",
    "bundle_clocks",
    "bundle_time",
    "burden",
    "case_durations",
    "case_measures",
    "check_label",
    "clock_problems",
    "clocks",
    "complete_cases",
    "component_name",
    "conditional_shares",
    "cycle_time",
    "distance_name",
    "end_to_end_days",
    "exemptions",
    "four_by",
    "four_reductions",
    "guide_figures",
    "guide_time",
    "guide_trips",
    "handovers",
    "materials",
    "measure_problems",
    "median_interval",
    "metric_label",
    "official_clock",
    "online_capability",
    "online_share",
    "quantile_interval",
    "queue_curves",
    "read_tariffs",
    "recorded_policies",
    "repeat_trips",
    "rework",
    "rework_by_activity",
    "shown",
    "sign_offs",
    "split_name",
    "stage_times",
    "standardise",
    "statistic_label",
    "statistic_name",
    "still_running",
    "time_by",
    "time_summary",
    "trips",
    "trust_name",
    "trust_of",
    "typed_fields",
    "unknown_nodes",
    "weighted_median",
    "wilson",
    "work_in_progress",
    "working_cycle_time",
]
