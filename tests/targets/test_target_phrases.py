"""Targets in one phrase: what is understood, what is not, and that nothing is read as something else."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from flowaudit.errors import UsageError
from flowaudit.targets import Target
from flowaudit.targets.words import METRIC_NAMES, METRIC_WORDS, RULE_NAMES

GOOD = {
    "减环节 30%": {"metric": "steps", "reduction": 0.3},
    "减材料 50%": {"metric": "materials", "reduction": 0.5},
    "减材料５０％": {"metric": "materials", "reduction": 0.5},
    "材料压减一半": {"metric": "materials", "reduction": 0.5},
    "环节减少三成": {"metric": "steps", "reduction": 0.3},
    "减时间百分之二十五": {"metric": "time", "reduction": 0.25},
    "减环节 12.5% 以上": {"metric": "steps", "reduction": 0.125},
    "reduce steps by 30%": {"metric": "steps", "reduction": 0.3},
    "30% fewer steps": {"metric": "steps", "reduction": 0.3},
    "at least 30% less end-to-end time": {"metric": "time", "reduction": 0.3},
    "减跑动到 1 次": {"metric": "trips", "at_most": 1.0},
    "减跑动到一次": {"metric": "trips", "at_most": 1.0},
    "trips at most 1": {"metric": "trips", "at_most": 1.0},
    "reduce trips to 1 trip": {"metric": "trips", "at_most": 1.0},
    "承诺时限 <= 5 工作日 for 90%": {"metric": "clock", "at_most": 5.0, "share": 0.9, "statistic": "share"},
    "承诺时限 ≤ ５ 个工作日（９０％的办件）": {"metric": "clock", "at_most": 5.0, "share": 0.9, "statistic": "share"},
    "全程时间 不超过 20 个工作日（90% 的办件）": {"metric": "time", "at_most": 20.0, "share": 0.9, "statistic": "share"},
    "95%以上的办件承诺时限压缩至十五个工作日以内": {"metric": "clock", "at_most": 15.0, "share": 0.95, "statistic": "share"},
    "clock <= 5 working days for 90%": {"metric": "clock", "at_most": 5.0, "share": 0.9, "statistic": "share"},
    "for at least 95% of cases: time <= 20 working days": {"metric": "time", "at_most": 20.0, "share": 0.95, "statistic": "share"},
    "median time <= 10": {"metric": "time", "at_most": 10.0},
    "全程时间 12.5 个工作日以内": {"metric": "time", "at_most": 12.5},
    "全程时间（P90）不超过 20 个工作日": {"metric": "time", "at_most": 20.0, "statistic": "p90"},
    "全程时间90%分位数不超过20个工作日": {"metric": "time", "at_most": 20.0, "statistic": "p90"},
    "95th percentile of the official clock at most 30 working days": {"metric": "clock", "at_most": 30.0, "statistic": "p95"},
    "材料平均数不超过5种": {"metric": "materials", "at_most": 5.0, "statistic": "mean"},
    "减办事人环节到 3 个": {"metric": "steps", "at_most": 3.0, "rule": "A_applicant"},
    "环节（B） 减少 30%": {"metric": "steps", "reduction": 0.3, "rule": "B_milestone"},
    "steps (C_node) at most 4 steps": {"metric": "steps", "at_most": 4.0, "rule": "C_node"},
    "材料份数 不超过 10 份": {"metric": "materials", "at_most": 10.0, "rule": "copies"},
    "补正率 不超过 10%": {"metric": "correction_rate", "at_most": 0.1, "statistic": "mean"},
    "correction rate <= 0.1": {"metric": "correction_rate", "at_most": 0.1, "statistic": "mean"},
    "填写字段 压减 40%": {"metric": "typed_fields", "reduction": 0.4},
    "visits up to 2 times (mean)": {"metric": "visits", "at_most": 2.0, "statistic": "mean"},
    "减环节 30%【区县=甲区；渠道=线上／窗口】".replace("／", "/"): {
        "metric": "steps", "reduction": 0.3, "population": (("channel", ("线上", "窗口")), ("district", ("甲区",)))},
    'steps at most 3 [item="a/b"; 类别=新办]': {
        "metric": "steps", "at_most": 3.0, "population": (("item", ("a/b",)), ("类别", ("新办",)))},
}  # fmt: skip

BAD = {
    "减还节 30%": ("'还节'", "'环节'"),
    "tiem <= 10": ("'tiem'", "'time'"),
    "time >= 5": ("'>='", "'<='"),
    "time < 5": ("'<'", "'<='"),
    "减环节 约 30%": ("'约'", "减环节 30%"),
    "减环节 -30%": ("'-'", "减环节 30%"),
    "减环节 N%": ("'n'", ""),
    "减环节 30% please": ("'please'", ""),
    "减环节": ("no bound and no reduction", ""),
    "环节 30%": ("no bound and no reduction", ""),
    "减 30%": ("names no metric", "环节"),
    "减少 2 个环节": ("a reduction is a percentage", "减环节到"),
    "减环节 130%": ("130% is not between 0 and 100 %", ""),
    "减环节 0%": ("0% is not between 0 and 100 %", ""),
    "time <= 30%": ("is no percentage", "减全程时间"),
    "环节 至少 3 个": ("bound from above", "不超过"),
    "减环节 30% 材料 50%": ("two metrics", "a target for each"),
    "time at most 5 10": ("two numbers", "for 90% of cases"),
    "median p90 time <= 3": ("two statistics", ""),
    "减环节 30% for 90%": ("goes with at_most", ""),
    "clock <= 5 for 90% (80% 的办件)": ("two shares", ""),
    "承诺时限 <= 5 工作日 for 190%": ("190% is not between", ""),
    "全程时间 不超过 20 天": ("'天' is no unit", "工作日"),
    "time at most 20 calendar days": ("'calendar days' is no unit", "working days"),
    "trips <= 1 工作日": ("'工作日' is no unit of trips", "次"),
    "补正率 不超过 20": ("a rate is at most 1", ""),
    "补正率 P90 不超过 20%": ("a rate has no p90", ""),
    "减实际流转次数 30%": ("diagnosis only", ""),
    "time (A) at most 5": ("one rule only", ""),
    "减环节 30% [甲区]": ("'甲区'", "[区=甲区"),
    "减环节 30% [区=]": ("'区='", "[区=甲区"),
    "": ("names no metric", ""),
}  # fmt: skip


@pytest.mark.parametrize("text", GOOD)
def test_a_phrase_says(text):
    target = Target.parse(text)
    assert target.model_dump(exclude_defaults=True) == GOOD[text]
    for lang in ("zh", "en"):
        assert Target.parse(target.phrase(lang)) == target


@pytest.mark.parametrize("text", BAD)
def test_a_phrase_that_cannot_be_read_names_the_part(text):
    said, hint = BAD[text]
    with pytest.raises(UsageError) as caught:
        Target.parse(text)
    assert said in caught.value.message
    assert text in caught.value.message
    assert hint in (caught.value.hint or "")


@pytest.mark.parametrize("metric", METRIC_NAMES)
def test_every_word_of_a_metric_is_understood(metric):
    for word in (metric, *METRIC_NAMES[metric], *METRIC_WORDS[metric]):
        assert Target.parse(f"减 {word} 30%").metric == metric
        assert Target(metric=word, reduction=0.3).metric == metric
        assert Target(metric=f"减{word}", reduction=0.3).metric == metric


def values(lang_free=True):
    return st.floats(0.001, 1e6).map(lambda x: float(f"{x:.4g}"))


@st.composite
def targets(draw):
    metric = draw(st.sampled_from(list(METRIC_NAMES)))
    said = {"metric": metric}
    rate = metric == "correction_rate"
    share = st.floats(0.001, 1.0).map(lambda x: float(f"{x:.3g}"))
    if draw(st.booleans()):
        said["reduction"] = draw(share)
    else:
        said["at_most"] = draw(share if rate else values())
        if not rate and draw(st.booleans()):
            said["share"] = draw(share)
    if not rate and "share" not in said:
        said["statistic"] = draw(st.sampled_from(["median", "mean", "p90", "p95"]))
    rules = [rule for rule in RULE_NAMES.get(metric, {}) if rule != "D_exec"]
    if rules and draw(st.booleans()):
        said["rule"] = draw(st.sampled_from(rules))
    word = st.text('甲乙/;=[]"\\ ａ', min_size=1, max_size=4)
    said["population"] = draw(st.dictionaries(st.sampled_from(["item", "district", "类别"]), st.lists(word, min_size=1, max_size=2), max_size=2))  # fmt: skip
    return Target(**said)


@settings(max_examples=150)
@given(target=targets(), lang=st.sampled_from(["zh", "en"]))
def test_every_target_can_be_written_and_read_again(target, lang):
    assert Target.parse(target.phrase(lang)) == target


def test_str_is_the_phrase_of_the_current_language():
    assert str(Target(metric="trips", at_most=1)) == "trips at most 1"
    assert Target(metric="clock", at_most=5, share=0.9).phrase("zh") == "计时办理时间 不超过 5 个工作日（90% 的办件）"


def test_a_target_says_what_is_asked():
    assert Target(metric="time", reduction=0.125).asked("en") == "end-to-end time (median): at least 12.5% less"
    asked = Target(metric="clock", at_most=5, share=0.955, population={"区": "甲区"}).asked("en")
    assert asked == "official clock: at most 5 working days in 95.5% of the cases (only district=甲区)"
    assert Target(metric="steps", at_most=3, rule="A").asked("en").startswith("applicant's interactions (median)")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"metric": "time"}, "either at_most or reduction"),
        ({"metric": "time", "at_most": 1, "reduction": 0.1}, "either at_most or reduction"),
        ({"metric": "time", "reduction": 30}, "less than or equal to 1"),
        ({"metric": "time", "at_most": True}, "valid number"),
        ({"metric": "time", "at_most": float("inf")}, "finite"),
        ({"metric": "time", "at_most": 5, "share": 0}, "greater than 0"),
        ({"metric": "time", "at_most": 5, "statistic": "share"}, "where a share is given"),
        ({"metric": "time", "at_most": 5, "share": 0.9, "statistic": "p90"}, "where a share is given"),
        ({"metric": "steps", "at_most": 5, "rule": "E"}, "one of A_applicant"),
        ({"metric": "办事人环节", "at_most": 5, "rule": "C"}, "counted by the rule A_applicant"),
        ({"metric": "time", "at_most": 5, "population": {"区": []}}, "a population names values"),
    ],
)
def test_fields_without_sense_are_refused(fields, said):
    with pytest.raises(ValidationError, match=said):
        Target(**fields)


def test_a_rule_may_be_written_by_its_letter_or_name():
    for rule in ("A", "a_applicant", "办事人环节", "applicant's interactions"):
        assert Target(metric="steps", at_most=3, rule=rule).rule == "A_applicant"
    assert Target(metric="法定环节", at_most=3).rule == "B_milestone"


def test_a_population_is_a_set_of_names_and_values():
    one = Target(metric="steps", at_most=3, population={"渠道": "线上", "district": ["甲区", "甲区"]})
    assert one.population == (("channel", ("线上",)), ("district", ("甲区",)))
    assert hash(one) == hash(Target(metric="steps", at_most=3, population={"district": ("甲区",), "channel": ["线上"]}))
