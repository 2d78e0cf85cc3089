"""See it: process map, swim lanes, comparison, charts. ``draw(x)`` picks the picture that belongs to ``x``."""

from flowaudit.views.charts import (
    Gantt,
    finding_label,
    findings_chart,
    gantt_chart,
    handover_chart,
    handovers,
    reductions_chart,
    waterfall_chart,
)
from flowaudit.views.compare_map import compare_map, side_by_side
from flowaudit.views.draw import draw
from flowaudit.views.fonts import Font, find_font
from flowaudit.views.forecast_chart import forecast_chart
from flowaudit.views.funnel_chart import funnel_chart
from flowaudit.views.metric_chart import metric_chart
from flowaudit.views.picture import Picture, write_bytes
from flowaudit.views.process_map import merge_pairs, process_map
from flowaudit.views.queue_chart import queue_chart
from flowaudit.views.spectrum_chart import spectrum_chart
from flowaudit.views.swimlane import swimlane
from flowaudit.views.time_lines import time_lines
from flowaudit.views.waiting_chart import waiting_chart

__all__ = [
    "Font", "Gantt", "Picture", "compare_map", "draw", "find_font", "finding_label", "findings_chart", "forecast_chart", "funnel_chart", "gantt_chart", "handover_chart", "handovers", "merge_pairs", "metric_chart",
    "process_map", "queue_chart", "reductions_chart", "side_by_side", "spectrum_chart", "swimlane", "time_lines", "waiting_chart", "waterfall_chart", "write_bytes",
]  # fmt: skip
