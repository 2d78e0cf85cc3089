"""How much: steps, time, materials and trips with their counting rules; cycle time, work in progress, rework, fidelity."""

from flowaudit.metrics.breakdown import stage_times, time_by
from flowaudit.metrics.bundle_time import bundle_clocks, bundle_time, guide_time
from flowaudit.metrics.burden import (
    COMPONENTS,
    Burden,
    Tariffs,
    burden,
    component_name,
    fields_of_cases,
    read_tariffs,
    typed_by_hand,
    typed_fields,
)
from flowaudit.metrics.cases import complete_cases
from flowaudit.metrics.clocks import clock_problems, clocks, still_running
from flowaudit.metrics.corrections import corrected
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
from flowaudit.metrics.four_by import COLUMN_OF, four_by, property_of
from flowaudit.metrics.guide import guide_figures
from flowaudit.metrics.handover import handovers
from flowaudit.metrics.levels import approval_levels, sign_offs
from flowaudit.metrics.materials import SPLIT, Materials, conditional_shares, materials, split_name
from flowaudit.metrics.mean_interval import mean_interval
from flowaudit.metrics.open_hours import open_hours
from flowaudit.metrics.problems import measure_problems
from flowaudit.metrics.queues import queue_curves
from flowaudit.metrics.reduction import Reduction, average_rate
from flowaudit.metrics.rework import rework, rework_by_activity
from flowaudit.metrics.rule import METRICS, CountingRule, Figure, NotRecorded, baseline_name, shown, statistic_name
from flowaudit.metrics.standardise import (
    MIX_OF,
    Mix,
    Standardised,
    standardise,
    standardised_rule,
    strata_weights,
    weighted_median,
)
from flowaudit.metrics.steps import POLICIES, StepPolicy, choose_policy, recorded_policies, steps, unknown_nodes
from flowaudit.metrics.survival import TimeSummary, quantile_interval, time_summary
from flowaudit.metrics.suspensions import EXTENSIONS
from flowaudit.metrics.trips import guide_trips, online_capability, online_share, repeat_trips, trips
from flowaudit.metrics.visits import Visits, visits
from flowaudit.metrics.wilson import wilson
from flowaudit.metrics.workload import Workload, workload

__all__ = [
    "AN_HOUR",
    "A_TENTH",
    "COLUMN_OF",
    "COMPONENTS",
    "EXTENSIONS",
    "FAR_FROM_CONTROL",
    "METRICS",
    "MIX_OF",
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
    "Mix",
    "NotRecorded",
    "Reduction",
    "Standardised",
    "StepPolicy",
    "Tariffs",
    "TimeSummary",
    "Trust",
    "Visits",
    "WaitRow",
    "Workload",
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
    "choose_policy",
    "clock_problems",
    "clocks",
    "complete_cases",
    "component_name",
    "conditional_shares",
    "corrected",
    "cycle_time",
    "distance_name",
    "end_to_end_days",
    "exemptions",
    "fields_of_cases",
    "four_by",
    "four_reductions",
    "guide_figures",
    "guide_time",
    "guide_trips",
    "handovers",
    "materials",
    "mean_interval",
    "measure_problems",
    "median_interval",
    "metric_label",
    "official_clock",
    "online_capability",
    "online_share",
    "open_hours",
    "property_of",
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
    "standardised_rule",
    "statistic_label",
    "statistic_name",
    "steps",
    "still_running",
    "strata_weights",
    "time_by",
    "time_summary",
    "trips",
    "trust_name",
    "trust_of",
    "typed_by_hand",
    "typed_fields",
    "unknown_nodes",
    "visits",
    "weighted_median",
    "wilson",
    "work_in_progress",
    "working_cycle_time",
    "workload",
]
