"""Public logs, unchanged: every finding rests on cases of the log, and what a log cannot say is said."""

from functools import cache
from pathlib import Path

import pytest

from flowaudit.diagnosis import RULES, diagnose, explain
from flowaudit.eventlog import read_log
from flowaudit.worktime import Calendar

ROOT = Path(__file__).parents[2]
SILENT = {
    "receipt": {"W01", "W04", "W09"},
    "BPIC15_1": {"W01", "W03", "W04", "W09"},
    "DomesticDeclarations": set(),
}

pytestmark = pytest.mark.real_logs


@cache
def look(name):
    path = ROOT.parent / "shared" / "logs" / f"{name}.xes.gz"
    if not path.exists():
        pytest.skip(f"{name} is not here")
    log = read_log(path, mapping=ROOT / "docs" / "examples" / name / "mapping.toml")
    return log, diagnose(log, calendar=Calendar.weekdays())


@pytest.fixture(params=SILENT)
def seen(request):
    return SILENT[request.param], *look(request.param)


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
        assert set(explain(f, log)["case_id"]) == set(f.evidence[:5])


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
    (finding,) = (f for f in found if f.rule == "W04")
    assert finding.details["requests"] == len(sent_back)
    assert finding.cases == len(per_case)
    assert finding.details["repeated"] == (per_case > 1).sum()
    assert finding.details["first_pass_yield"] == pytest.approx(1 - len(per_case) / log.n_cases)
