"""W03: to and fro between departments."""

import itertools

import pytest
from approvals import HOUR, log_of, step
from hypothesis import given
from hypothesis import strategies as st

from flowaudit.diagnosis import diagnose
from flowaudit.diagnosis.context import Context
from flowaudit.diagnosis.rules.w03_ping_pong import bounces
from flowaudit.eventlog import APPLICANT
from flowaudit.worktime import Calendar

WEEKDAYS = Calendar.weekdays()


def word(letters, item=None):
    """One step a day; "-" is an act of the applicant."""
    return [
        step(
            f"{letter}办理", APPLICANT if letter == "-" else letter, None, day, **({"item_code": item} if item else {})
        )
        for day, letter in enumerate(letters)
    ]


def w03(log, **options):
    found = diagnose(log, calendar=WEEKDAYS, **options)
    return [f for f in found if f.rule == "W03"], [n for n in found.not_checkable if n.rule == "W03"]


def count(*words):
    context = Context(log_of([word(w) for w in words]), None, WEEKDAYS, 1)
    return len(bounces(context, context.column("department")[0])[0])


@pytest.mark.parametrize(
    ("letters", "n"),
    [("ABA", 1), ("ABAB", 2), ("AAB", 0), ("ABC", 0), ("ABCA", 0), ("AABBA", 1), ("AB-A", 0), ("A-BA", 0), ("-ABA-", 1),
     ("AB-ABA", 1), ("A-ABA", 1), ("A", 0), ("-", 0), ("--", 0), ("ABABA", 3)],
)  # fmt: skip
def test_bounces_of_a_word(letters, n):
    assert count(letters) == n


def test_a_case_does_not_go_on_in_the_next_one():
    assert count("AB", "A") == 0
    assert count("A", "B", "A") == 0


@given(st.lists(st.text("ABC-", min_size=1, max_size=9), min_size=1, max_size=6))
def test_equals_the_definition(words):
    """Collapse runs, split at the applicant, count D(i) = D(i-2) other than D(i-1)."""
    expected = 0
    for part in (part for w in words for part in w.split("-")):
        runs = [letter for letter, _run in itertools.groupby(part)]
        expected += sum(a == c for a, c in zip(runs, runs[2:], strict=False))
    assert count(*words) == expected


def test_returns_are_found_with_their_days():
    (finding,), missing = w03(log_of([word("ABA")] * 40 + [word("AB")] * 60))
    assert not missing
    assert finding.id == "W03-A-B"
    assert (finding.cases, finding.population, finding.share) == (40, 100, 0.4)
    # From A's end on day 0 to its next start on day 2: two days less the hour that A worked on day 0.
    assert finding.time_lost_days_median == pytest.approx(2 - HOUR)
    assert finding.time_lost_days_total == pytest.approx(40 * (2 - HOUR))
    assert finding.details["returns"] == 40
    assert finding.scope["departments"] == ("A", "B")


def test_two_returns_of_one_case_are_one_case():
    found, _missing = w03(log_of([word("ABABA")] * 30))
    by_id = {f.id: f for f in found}
    assert by_id.keys() == {"W03-A-B", "W03-B-A"}
    assert (by_id["W03-A-B"].cases, by_id["W03-A-B"].details["returns"]) == (30, 60)
    assert by_id["W03-A-B"].time_lost_days_median == pytest.approx(2 * (2 - HOUR))
    assert by_id["W03-B-A"].details["returns"] == 30


def test_without_starts_the_time_runs_from_end_to_end():
    (finding,), _missing = w03(log_of([word("ABA")] * 30, starts=False))
    assert finding.time_lost_days_median == pytest.approx(2.0)
    assert finding.time_kind == "handover"


def test_items_one_after_the_other_are_no_return():
    """A handles item X, then B item Y, then A item Z: three items, no case that came back."""
    case = [
        step(f"{item}办理", department, None, day, item_code=item)
        for day, (item, department) in enumerate(zip("XYZ", "ABA", strict=True))
    ]
    assert w03(log_of([case] * 40, bundles=True)) == ([], [])


def test_an_act_of_the_applicant_for_all_items_breaks_every_item():
    def case(item):
        answer = step("补正", APPLICANT, None, 1.5, **({"item_code": item} if item else {}))
        return [*word("AB", "X"), answer, step("A办理", "A", None, 2, item_code="X"), *word("C", "Y")]

    assert len(w03(log_of([case("Y")] * 30))[0]) == 1  # concerns another item
    assert w03(log_of([case("X")] * 30))[0] == []
    assert w03(log_of([case(None)] * 30))[0] == []


@pytest.mark.parametrize(("back", "forth", "found"), [(29, 0, 0), (30, 0, 1), (30, 570, 1), (30, 571, 0)])
def test_support_of_thirty_cases_and_five_per_cent(back, forth, found):
    assert len(w03(log_of([word("ABA")] * back + [word("AB")] * forth))[0]) == found


def test_not_checkable_without_departments():
    log = log_of([[step("甲", None, "review", 0), step("乙", None, "review", 1)]] * 30)
    found, missing = w03(log)
    assert (found, missing[0].needs) == ([], ("department",))


def test_automatic_steps_are_no_department_s_work():
    case = [step(s.activity, s.department, s.stage, s.day, is_auto=s.department == "B") for s in word("ABA")]
    assert w03(log_of([case] * 30))[0] == []


def offices(letters, *, stage=None, department="甲局", **more):
    """One step a day in one department; a letter is an office, "?" one that was not recorded, "-" the applicant."""
    return [
        step(f"{letter}办理", APPLICANT if letter == "-" else department, stage if last else "review", day,
             office=None if letter in "-?" else letter, **more)
        for day, letter in enumerate(letters)
        for last in [day == len(letters) - 1]
    ]  # fmt: skip


def test_returns_between_offices_of_one_department():
    (finding,), _missing = w03(log_of([offices("ABA")] * 40 + [offices("AB")] * 60))
    assert finding.id == "W03-甲局-A-B"
    assert (finding.cases, finding.population) == (40, 100)
    assert finding.time_lost_days_median == pytest.approx(2 - HOUR)
    assert finding.scope == {"departments": ("甲局",), "offices": ("A", "B")}
    assert (finding.reengineering, finding.measures) == ("U", ("M03",))
    assert "甲局" in finding.statement_en


@pytest.mark.parametrize(
    "case",
    [offices("AAB"), offices("A-BA"), offices("A?A"), offices("?A?"), offices("ABA", stage="correction"), [*offices("AB"), step("A办理", "甲局", "review", 2, office="A", result="补正")],
     [*offices("A"), *offices("B", department="乙局"), step("C办理", "丙局", "review", 2, office="A")],
     offices("ABA", is_auto=True)],
    ids=["no return", "applicant", "unknown between", "unknown", "asks for a correction", "by its result", "other departments", "automatic"],
)  # fmt: skip
def test_no_returns_between_offices(case):
    assert w03(log_of([case] * 40 + [offices("AB")] * 5))[0] == []


def test_offices_of_the_same_name_in_two_departments_are_two():
    """甲局 A, 乙局 A, 甲局 A is a return between departments, none between offices."""
    case = [
        *offices("A"),
        step("会商", "乙局", "review", 1, office="A"),
        step("A办理", "甲局", "review", 2, office="A"),
    ]
    (finding,), _missing = w03(log_of([case] * 40))
    assert finding.id == "W03-甲局-乙局"


def test_the_population_is_that_of_the_department_s_own_office():
    (finding,), _missing = w03(log_of([offices("ABA")] * 40 + [offices("A", department="乙局")] * 60))
    assert (finding.id, finding.cases, finding.population) == ("W03-甲局-A-B", 40, 40)
