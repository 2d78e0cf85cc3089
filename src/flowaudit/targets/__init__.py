"""Good enough? Targets people set, and the verdict on a redesign, paired and with intervals."""

from flowaudit.metrics import METRICS, Fidelity, FidelityRow, Trust, metric_label, trust_name
from flowaudit.targets.evaluate import evaluate, interval
from flowaudit.targets.target import Target, read_targets
from flowaudit.targets.verdict import Comparison, Status, TargetResult, Verdict, status_name

__all__ = [
    "METRICS", "Comparison", "Fidelity", "FidelityRow", "Status", "Target", "TargetResult", "Trust", "Verdict", "evaluate",
    "interval", "metric_label", "read_targets", "status_name", "trust_name",
]  # fmt: skip
