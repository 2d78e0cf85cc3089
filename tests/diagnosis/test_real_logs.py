"""Public logs, unchanged: every finding rests on cases of the log, and what a log cannot say is said."""

from functools import cache
from pathlib import Path

import pytest

from flowaudit.diagnosis import RULES, diagnose, explain, waiting_causes
from flowaudit.eventlog import read_log
from flowaudit.worktime import Calendar

ROOT = Path(__file__).parents[2]
CHECKABLE = {
    "receipt": {"W03", "W10"},
    "BPIC15_1": {"W10"},
    "DomesticDeclarations": {"W01", "W03", "W04", "W08", "W09", "W10"},
}
"""What the columns of each log can say; the rest needs results, materials, limits, visits or a catalogue."""

pytestmark = pytest.mark.real_logs


@cache
def look(name):
    path = ROOT.parent / "shared" / "logs" / f"{name}.xes.gz"
    if not path.exists():
        pytest.skip(f"{name} is not here")
    log = read_log(path, mapping=ROOT / "docs" / "examples" / name / "mapping.toml")
    return log, diagnose(log, calendar=Calendar.weekdays())


@pytest.fixture(params=CHECKABLE)
def seen(request):
    return set(RULES) - CHECKABLE[request.param], *look(request.param)


def test_what_a_log_cannot_say_is_named(seen):
    silent, _log, found = seen
    assert {n.rule for n in found.not_checkable} == silent
    assert not silent & set(found.by_rule())
    assert all(n.needs and n.reason_en for n in found.not_checkable)
    assert set(found.by_rule()) <= set(RULES)


def test_findings_rest_on_cases_of_the_log(seen):
    _silent, log, found = seen
    ids = set(log.case_ids)
    assert len(found) > 0
    for f in found:
        assert set(f.evidence) <= ids
        assert 30 <= f.cases <= f.population <= log.n_cases
        assert 0 <= f.share_low <= f.share <= f.share_high <= 1
        assert set(explain(f, log).events["case_id"]) == set(f.evidence[:5])


def test_without_starts_no_time_is_called_waiting(seen):
    _silent, log, found = seen
    assert not log.has("start")
    assert {f.time_kind for f in found} == {"handover"}
    assert set(found.waiting["kind"]) == {"handover"}


def test_domestic_declarations_sent_back():
    """Counted again, event by event: every REJECTED by anyone but the employee asks for a correction."""
    log, found = look("DomesticDeclarations")
    frame = log.to_pandas(["case_id", "activity"]).astype(str)
    sent_back = frame[frame["activity"].str.contains("REJECTED") & ~frame["activity"].str.endswith("EMPLOYEE")]
    per_case = sent_back["case_id"].value_counts()
    (finding,) = (f for f in found if f.id == "W04-all")
    assert finding.details["requests"] == len(sent_back)
    assert finding.cases == len(per_case)
    assert finding.details["repeated"] == (per_case > 1).sum()
    assert finding.details["first_pass_yield"] == pytest.approx(1 - len(per_case) / log.n_cases)


def test_starts_and_ends_of_loan_work_items():
    """BPIC 2012: nearly all of it is waiting, and nearly none of that is a queue for an officer."""
    path = ROOT.parent / "shared" / "logs" / "BPIC_2012_W_train.csv.gz"
    if not path.exists():
        pytest.skip("BPIC_2012_W is not here")
    waiting = waiting_causes(read_log(path), calendar=Calendar.weekdays())
    total = waiting.total()
    assert waiting.kind == "waiting"
    assert total.loc["contention", "working_share"] + total.loc["prioritisation", "working_share"] < 0.2
    assert total.loc["extraneous", "working_share"] > 0.5
    calls = waiting.by("activity").iloc[0]
    assert calls["activity"] == "W_Nabellen offertes"
    assert calls["efficiency"] < 0.05


def test_a_simulated_office_waits_for_nothing_but_officers():
    """LoanApp is made by a simulator without delays from outside: all waiting is a queue."""
    path = ROOT.parent / "shared" / "logs" / "LoanApp_train.csv.gz"
    if not path.exists():
        pytest.skip("LoanApp is not here")
    total = waiting_causes(read_log(path), calendar=Calendar.weekdays()).total()
    assert total.loc["contention", "share"] + total.loc["prioritisation", "share"] > 0.95
