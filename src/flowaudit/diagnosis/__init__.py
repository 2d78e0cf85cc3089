"""Why it takes so long, and which hops are redundant: waiting causes, waste rules with evidence. Candidates, never verdicts."""

from flowaudit.diagnosis.bottlenecks import bottlenecks
from flowaudit.diagnosis.bundles import CriticalPaths, critical_path, lagging, synchronisation
from flowaudit.diagnosis.diagnose import chosen, diagnose
from flowaudit.diagnosis.drift import Drift, drift
from flowaudit.diagnosis.explain import Explanation, explain
from flowaudit.diagnosis.finding import Finding, Findings, NotCheckable
from flowaudit.diagnosis.knockout import KnockOutOrder, knock_out_order
from flowaudit.diagnosis.network import HandoverNetwork, handover_network
from flowaudit.diagnosis.peers import PeerComparison, compare_peers
from flowaudit.diagnosis.rule import Parameter, Rule
from flowaudit.diagnosis.rules import RULES
from flowaudit.diagnosis.waiting import AXES, CAUSES, Waiting, cause_name, waiting_causes
from flowaudit.metrics import wilson

__all__ = [
    "AXES", "CAUSES", "RULES", "CriticalPaths", "Drift", "Explanation", "Finding", "Findings", "HandoverNetwork",
    "KnockOutOrder", "NotCheckable", "Parameter", "PeerComparison", "Rule", "Waiting", "bottlenecks", "cause_name", "chosen",
    "compare_peers", "critical_path", "diagnose", "drift", "explain", "handover_network", "knock_out_order", "lagging",
    "synchronisation", "waiting_causes", "wilson",
]  # fmt: skip
