"""Thresholds of a rule: defaults, what may be put in their place, and what is refused."""

import pytest
from approvals import clean_case, log_of

from flowaudit.diagnosis import RULES, diagnose
from flowaudit.diagnosis.rule import Parameter, Rule
from flowaudit.errors import UsageError
from flowaudit.worktime import Calendar

RULE = Rule(
    "W99", lambda _lang: "name", lambda _lang: "definition", (), lambda _context, _t: [], "堵点", "①", ("time",), ("M01",),
    {"share": Parameter(0.3, 0, 1), "days": Parameter(5, 0, 400)},
)  # fmt: skip


def test_defaults():
    assert RULE.thresholds() == RULE.thresholds({}) == RULE.defaults == {"share": 0.3, "days": 5}


def test_given_ones_take_their_place():
    found = RULE.thresholds({"days": 7})
    assert found == {"share": 0.3, "days": 7.0}
    assert isinstance(found["days"], float)
    assert RULE.defaults["days"] == 5


@pytest.mark.parametrize("value", [0, 1, 0.0, 1.0, 0.5])
def test_both_ends_of_the_range_make_sense(value):
    assert RULE.thresholds({"share": value})["share"] == value


@pytest.mark.parametrize("value", [-0.01, 1.01, float("nan"), float("inf"), True, False, "0.5", None, [0.5]])
def test_what_makes_no_sense_is_refused(value):
    with pytest.raises(UsageError, match=r"W99: 'share' must be a number from 0 to 1; got "):
        RULE.thresholds({"share": value})


def test_an_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(UsageError, match=r"W99 has no threshold 'shares'.*\n?.*did you mean 'share'\?"):
        RULE.thresholds({"shares": 0.5})


def test_an_unknown_name_like_none_is_refused_with_all():
    with pytest.raises(UsageError, match=r"choose one of: share, days"):
        RULE.thresholds({"zzzzzz": 1})


def test_a_rule_without_thresholds_says_so():
    bare = Rule("W98", RULE.name, RULE.definition, (), RULE.find, "堵点", "①", (), ())
    assert bare.thresholds() == {}
    with pytest.raises(UsageError, match="choose one of: -"):
        bare.thresholds({"x": 1})


@pytest.mark.parametrize("name", RULES)
def test_defaults_lie_in_their_range(name):
    rule = RULES[name]
    assert rule.id == name
    for parameter in rule.parameters.values():
        assert parameter.low <= parameter.default <= parameter.high
    assert rule.thresholds(rule.defaults) == rule.defaults


def test_diagnose_hands_them_to_the_rule_and_says_so():
    log = log_of([clean_case(levels=3)] * 40)
    see = lambda **options: diagnose(log, calendar=Calendar.weekdays(), only=["W01"], **options)  # noqa: E731
    assert len(see()) == 0
    found = see(thresholds={"W01": {"levels": 2}})
    assert [f.rule for f in found] == ["W01"]
    assert "levels = 2" in next(iter(found)).counting_en


@pytest.mark.parametrize(
    ("thresholds", "message"),
    [({"W77": {}}, "there is no rule 'W77'"), ({"W01": {"level": 2}}, "did you mean 'levels'"), ({"W01": {"levels": True}}, "got True")],
)  # fmt: skip
def test_diagnose_refuses_before_it_looks(thresholds, message):
    with pytest.raises(UsageError, match=message):
        diagnose(log_of([clean_case()]), calendar=Calendar.weekdays(), thresholds=thresholds)


def test_rules_are_named_in_any_case():
    log = log_of([clean_case(levels=3)] * 40)
    found = diagnose(log, calendar=Calendar.weekdays(), only=[" w01"], thresholds={"w01": {"levels": 2}})
    assert [f.rule for f in found] == ["W01"]


def test_a_slip_is_refused_though_the_rule_is_not_asked():
    with pytest.raises(UsageError, match="did you mean 'levels'"):
        diagnose(log_of([clean_case()]), calendar=Calendar.weekdays(), only=["W03"], thresholds={"W01": {"level": 2}})
