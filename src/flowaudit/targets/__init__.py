"""Good enough? Targets people set, and the verdict on a redesign, paired and with intervals."""

from flowaudit.metrics import METRICS, Fidelity, FidelityRow, Trust, metric_label, trust_name
from flowaudit.targets.compare import compare
from flowaudit.targets.effect_tables import effect_frames, effect_tables
from flowaudit.targets.effects import Effects, reason_name
from flowaudit.targets.estimate import Estimate, kind_name, signed
from flowaudit.targets.evaluate import evaluate, interval
from flowaudit.targets.follow_up import FollowUp
from flowaudit.targets.guards import Guard
from flowaudit.targets.interrupted import Interrupted
from flowaudit.targets.judge import require_recorded
from flowaudit.targets.learning import Learning
from flowaudit.targets.measured import Measured, Pooling, measure_runs
from flowaudit.targets.mix import MixShift, property_label
from flowaudit.targets.promised import KeptPromises
from flowaudit.targets.ratings import Ratings
from flowaudit.targets.reading import read_targets
from flowaudit.targets.reshuffled import reshuffled
from flowaudit.targets.target import Target
from flowaudit.targets.verdict import Comparison, Status, TargetResult, Verdict, status_name

__all__ = [
    "METRICS",
    "Comparison",
    "Effects",
    "Estimate",
    "Fidelity",
    "FidelityRow",
    "FollowUp",
    "Guard",
    "Interrupted",
    "KeptPromises",
    "Learning",
    "Measured",
    "MixShift",
    "Pooling",
    "Ratings",
    "Status",
    "Target",
    "TargetResult",
    "Trust",
    "Verdict",
    "compare",
    "effect_frames",
    "effect_tables",
    "evaluate",
    "interval",
    "kind_name",
    "measure_runs",
    "metric_label",
    "property_label",
    "read_targets",
    "reason_name",
    "require_recorded",
    "reshuffled",
    "signed",
    "status_name",
    "trust_name",
]  # fmt: skip
