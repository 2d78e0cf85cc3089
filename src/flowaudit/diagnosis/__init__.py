"""Why it takes so long: waste rules with evidence, waiting and handover times. Candidates, never verdicts."""

from flowaudit.diagnosis.diagnose import diagnose
from flowaudit.diagnosis.explain import Explanation, explain
from flowaudit.diagnosis.finding import Finding, Findings, NotCheckable
from flowaudit.diagnosis.rule import Parameter, Rule
from flowaudit.diagnosis.rules import RULES
from flowaudit.metrics import wilson

__all__ = [
    "RULES", "Explanation", "Finding", "Findings", "NotCheckable", "Parameter", "Rule", "diagnose", "explain", "wilson",
]  # fmt: skip
