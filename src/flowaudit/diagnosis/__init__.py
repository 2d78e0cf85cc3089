"""Why it takes so long: waste rules with evidence, waiting and handover times. Candidates, never verdicts."""

from flowaudit.diagnosis.diagnose import diagnose, explain
from flowaudit.diagnosis.finding import Finding, Findings, NotCheckable
from flowaudit.diagnosis.rule import Rule
from flowaudit.diagnosis.rules import RULES
from flowaudit.metrics import wilson

__all__ = ["RULES", "Finding", "Findings", "NotCheckable", "Rule", "diagnose", "explain", "wilson"]
