"""See it: process map, swim lanes, comparison, charts. ``draw(x)`` picks the picture that belongs to ``x``."""

from flowaudit.views.charts import (
    Gantt,
    finding_label,
    findings_chart,
    gantt_chart,
    handover_chart,
    handovers,
    reductions_chart,
)
from flowaudit.views.compare_chart import compare_chart
from flowaudit.views.compare_map import compare_map, side_by_side
from flowaudit.views.diff_map import diff_map
from flowaudit.views.draw import draw
from flowaudit.views.fonts import Font, find_font
from flowaudit.views.forecast_chart import forecast_chart
from flowaudit.views.front_chart import front_chart
from flowaudit.views.funnel_chart import funnel_chart
from flowaudit.views.metric_chart import metric_chart
from flowaudit.views.picture import Picture, write_bytes
from flowaudit.views.process_map import merge_pairs, process_map
from flowaudit.views.promise_chart import promise_chart
from flowaudit.views.queue_chart import queue_chart
from flowaudit.views.robustness_chart import robustness_chart
from flowaudit.views.sensitivity_chart import sensitivity_chart
from flowaudit.views.spectrum_chart import spectrum_chart
from flowaudit.views.staffing_chart import staffing_chart
from flowaudit.views.swimlane import swimlane
from flowaudit.views.time_lines import time_lines
from flowaudit.views.waiting_chart import waiting_chart
from flowaudit.views.waterfall_chart import waterfall_chart
from flowaudit.views.what_if import WhatIf, what_if

__all__ = [
    "Font",
    "Gantt",
    "Picture",
    "WhatIf",
    "compare_chart",
    "compare_map",
    "diff_map",
    "draw",
    "find_font",
    "finding_label",
    "findings_chart",
    "forecast_chart",
    "front_chart",
    "funnel_chart",
    "gantt_chart",
    "handover_chart",
    "handovers",
    "merge_pairs",
    "metric_chart",
    "process_map",
    "promise_chart",
    "queue_chart",
    "reductions_chart",
    "robustness_chart",
    "sensitivity_chart",
    "side_by_side",
    "spectrum_chart",
    "staffing_chart",
    "swimlane",
    "time_lines",
    "waiting_chart",
    "waterfall_chart",
    "what_if",
    "write_bytes",
]  # fmt: skip
