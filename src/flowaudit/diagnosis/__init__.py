"""Why it takes so long: waste rules with evidence, waiting and handover times. Candidates, never verdicts."""

from flowaudit.diagnosis.bottlenecks import bottlenecks
from flowaudit.diagnosis.diagnose import chosen, diagnose
from flowaudit.diagnosis.explain import Explanation, explain
from flowaudit.diagnosis.finding import Finding, Findings, NotCheckable
from flowaudit.diagnosis.rule import Parameter, Rule
from flowaudit.diagnosis.rules import RULES
from flowaudit.diagnosis.waiting import AXES, CAUSES, Waiting, cause_name, waiting_causes
from flowaudit.metrics import wilson

__all__ = [
    "AXES", "CAUSES", "RULES", "Explanation", "Finding", "Findings", "NotCheckable", "Parameter", "Rule", "Waiting",
    "bottlenecks", "cause_name", "chosen", "diagnose", "explain", "waiting_causes", "wilson",
]  # fmt: skip
