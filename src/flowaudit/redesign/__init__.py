"""What if: reform measures as transformations of a process, scenarios of them, suggestions from findings."""

from flowaudit.redesign.answers import answers, times_per_case
from flowaudit.redesign.candidates import Candidate, Candidates, Portfolio
from flowaudit.redesign.diff import Diff, diff
from flowaudit.redesign.diff_words import change_name, fact_name
from flowaudit.redesign.measure import Caution, Direction, Measure, MeasureRefusedError
from flowaudit.redesign.measures import (
    MEASURES,
    AgreeBySilence,
    AnyWindow,
    CaseWorker,
    Commit,
    DecideAutomatically,
    Delegate,
    DropPrerequisite,
    GoOnline,
    HandleDaily,
    InspectTogether,
    IssueTogether,
    LimitLevels,
    MergeSteps,
    NotifyOnce,
    OneForm,
    OneWindow,
    Parallelise,
    Precheck,
    ReuseMaterial,
    ServeEarly,
    ShortenPromise,
    Staff,
    TolerateMissing,
    Triage,
    UseELicence,
)
from flowaudit.redesign.needs import need_name
from flowaudit.redesign.scenario import Entry, Scenario, contradiction
from flowaudit.redesign.schema import scenario_schema
from flowaudit.redesign.suggest import Suggestion, propose, suggest
from flowaudit.redesign.suggesting import Refusal

__all__ = [
    "MEASURES", "AgreeBySilence", "AnyWindow", "Candidate", "Candidates", "CaseWorker", "Caution", "Commit",
    "DecideAutomatically", "Delegate", "Diff", "Direction", "DropPrerequisite", "Entry", "GoOnline", "HandleDaily",
    "InspectTogether", "IssueTogether", "LimitLevels", "Measure", "MeasureRefusedError", "MergeSteps", "NotifyOnce",
    "OneForm", "OneWindow", "Parallelise", "Portfolio", "Precheck", "Refusal", "ReuseMaterial", "Scenario",
    "ServeEarly", "ShortenPromise", "Staff", "Suggestion", "TolerateMissing", "Triage", "UseELicence", "answers",
    "change_name", "contradiction", "diff", "fact_name", "need_name", "propose", "scenario_schema", "suggest", "times_per_case",
]  # fmt: skip
