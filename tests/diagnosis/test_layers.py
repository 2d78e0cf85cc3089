"""W01: more than three sign-off levels in one department."""

import pytest
from approvals import clean_case, log_of, step

from flowaudit.diagnosis import diagnose
from flowaudit.worktime import Calendar


def w01(log, **options):
    found = diagnose(log, calendar=Calendar.weekdays(), **options)
    return [f for f in found if f.rule == "W01"], [n for n in found.not_checkable if n.rule == "W01"]


def planted(four=40, three=60):
    return [clean_case(levels=4)] * four + [clean_case(levels=3)] * three


def without(cases, *columns):
    """The same cases with some columns never recorded."""
    return [
        [
            step(s.activity, None if "department" in columns else s.department, None if "stage" in columns else s.stage,
                 s.day, **{k: v for k, v in s.more.items() if k not in columns})
            for s in case
        ]
        for case in cases
    ]  # fmt: skip


@pytest.mark.parametrize("columns", [(), ("stage",), ("level",)], ids=["both", "level only", "stage only"])
def test_four_levels_are_found(columns):
    (finding,), missing = w01(log_of(without(planted(), *columns)))
    assert not missing
    assert finding.id == "W01-甲局"
    assert (finding.cases, finding.population, finding.share) == (40, 100, 0.4)
    # 会签 ends one working day after 决定, which enables it.
    assert finding.time_lost_days_median == pytest.approx(1.0)
    assert finding.time_lost_days_total == pytest.approx(40.0)
    assert finding.scope == {"departments": ("甲局",), "activities": ("会签",), "items": ()}
    assert finding.confidence == ("medium" if columns == ("level",) else "high")
    assert finding.details["levels"]["most"] == 4
    assert set(finding.evidence) <= {f"c{i:03}" for i in range(40)}
    assert len(finding.evidence) == 20


def test_three_levels_are_not():
    assert w01(log_of(planted(0, 100))) == ([], [])


def test_the_levels_of_two_departments_do_not_add_up():
    second = [step("乙承办", "乙局", "review", 5, level=1), step("乙决定", "乙局", "decide", 6, level=2)]
    case = [*clean_case(levels=2)[:-1], *second]
    assert w01(log_of([case] * 40)) == ([], [])


def test_the_levels_of_two_items_do_not_add_up():
    case = [
        step(f"{item}{name}", "甲局", "review", day, level=level, item_code=item)
        for day, (item, level, name) in enumerate((i, k, n) for i in ("X", "Y") for k, n in ((1, "承办"), (2, "决定")))
    ]
    assert w01(log_of([case] * 40, bundles=True)) == ([], [])


def test_passing_one_level_twice_is_no_level_more():
    case = clean_case(levels=3)
    again = [step(s.activity, s.department, s.stage, s.day + 4, **s.more) for s in case[2:5]]
    assert w01(log_of([case[:5] + again] * 40)) == ([], [])


def test_every_pass_of_a_level_too_many_costs():
    case = clean_case(levels=4)
    again = step("会签", "甲局", "decide", 8, level=4)  # two working days after 送达, which enables it
    (finding,), _missing = w01(log_of([[*case, again]] * 30))
    assert finding.time_lost_days_median == pytest.approx(3.0)


def test_automatic_levels_do_not_count():
    def automatic(case):
        return [step(s.activity, s.department, s.stage, s.day, **s.more, is_auto=s.activity == "审核") for s in case]

    assert w01(log_of([automatic(c) for c in planted(100, 0)])) == ([], [])


@pytest.mark.parametrize(("four", "three", "found"), [(29, 0, 0), (30, 0, 1), (30, 270, 1), (30, 271, 0)])
def test_support_of_thirty_cases_and_ten_per_cent(four, three, found):
    assert len(w01(log_of(planted(four, three)))[0]) == found


def test_fewer_cases_can_be_asked_for():
    assert len(w01(log_of(planted(5, 0)), min_cases=5)[0]) == 1


@pytest.mark.parametrize("columns", [("stage", "level"), ("department",), ("department", "stage")])
def test_not_checkable(columns):
    found, missing = w01(log_of(without(planted(), *columns)))
    assert not found
    assert missing[0].reason_en == "log and catalogue do not hold what this rule looks at"
    assert missing[0].needs == (("department",) if "department" in columns else ("level | stage",))


def test_two_levels_where_one_review_and_one_approval_is_the_rule():
    (finding,), _missing = w01(log_of(planted(0, 100)), thresholds={"W01": {"levels": 2}})
    assert finding.cases == 100
    assert "more than 2 sign-off levels" in finding.statement_en
    assert "Thresholds changed: levels = 2." in finding.counting_en


def demanded(*names):
    return [[step(s.activity, s.department, s.stage, s.day, **s.more, legally_required="是" if s.activity in names else "否")
             for s in case] for case in planted()]  # fmt: skip


def test_a_level_the_law_demands_is_never_the_one_too_many():
    (finding,), _missing = w01(log_of(demanded("会签")))
    assert finding.cases == 40
    assert finding.scope["activities"] == ("决定",)
    # a second signature beside the decision is no level of its own
    assert w01(log_of(demanded("决定", "会签"))) == ([], [])
    assert w01(log_of(demanded("承办", "审核", "决定", "会签"))) == ([], [])


def test_what_is_looked_at_before_acceptance_is_no_level():
    """A pre-review on the day before acceptance would be a fourth level."""
    before = step("预审", "甲局", "review", 0.5, level=4)
    assert w01(log_of([[case[0], before, *case[1:]] for case in planted(0, 100)])) == ([], [])
    after = step("复核", "甲局", "review", 1.5, level=4)
    (finding,), _missing = w01(log_of([[*case[:2], after, *case[2:]] for case in planted(0, 100)]))
    assert finding.scope["activities"] == ("复核",)
