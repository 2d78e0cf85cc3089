"""Targets from a file: phrases and tables, and mistakes named with their line."""

import pytest

from flowaudit.errors import InputError
from flowaudit.targets import Target, read_targets


@pytest.fixture
def written(tmp_path):
    def write(text):
        path = tmp_path / "targets.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_phrases_and_tables_are_read(written):
    path = written(
        '[[target]]\ntarget = "承诺时限 <= 5 工作日 for 90%"\nlabel = "区目标"\nrule = ""\n'
        "[[target]]\nmetric = '减材料'\nreduction = 0.5\npopulation = { district = '甲区', channel = ['线上', '窗口'] }\n"
    )
    first, second = read_targets(path)
    assert first == Target(metric="clock", at_most=5, share=0.9, label="区目标")
    assert second.population == (("channel", ("线上", "窗口")), ("district", ("甲区",)))


def test_one_phrase_or_a_list_of_them_will_do(written):
    assert read_targets(written('target = "减环节 30%"')) == (Target(metric="steps", reduction=0.3),)
    both = read_targets(written('target = ["减环节 30%", { metric = "跑动", at_most = 1 }]'))
    assert [t.metric for t in both] == ["steps", "trips"]
    assert read_targets(written("# nothing\n")) == ()


def test_a_phrase_may_be_narrowed_beside_it(written):
    (target,) = read_targets(written('[[target]]\ntarget = "减环节 30%"\nrule = "C"\npopulation = { item = "SP" }'))
    assert (target.rule, target.population) == ("C_node", (("item", ("SP",)),))


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ('# a\ntarget = ["减环节 30%",\n "减才料 30%"]', "target 2 (line 3): '才料'", "'材料'"),
        ('[[target]]\nmetric = "time"\nat_most = 3\n\n[[target]]\nmetric = "tme"\nat_most = 3', "target 2 (line 5)", "'time'"),
        ('[[target]]\nmetric = "time"\nreduction = 30', "at most 1.0, found 30", "30 % is written 0.3"),
        ('[[target]]\nmetric = "time"\nat_most = 5\nshare = 90', "share: at most 1.0", "90 % is written 0.9"),
        ('[[target]]\nmetric = "time"\nat_most = "5"', "a number is needed", ""),
        ('[[target]]\nmetric = 3\nat_most = 5', "metric", "choose one of: steps"),
        ('[[target]]\ntarget = "减环节 30%"\nreduction = 0.2', "'reduction' is said twice", "leave one"),
        ('[[target]]\ntarget = 3', "a phrase is a text in quotes", ""),
        ('[[target]]\nmetric = "time"\nat_most = 5\nrule = "A"', "one rule only", ""),
        ('[[target]]\nmetric = "time"\nat_most = 5\npopulaton = { district = "甲区" }', "no such key", "'population'"),
        ("target = 3", "neither a phrase nor a list", "target = "),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_line(written, text, said, hint):
    with pytest.raises(InputError) as caught:
        read_targets(written(text))
    assert caught.value.message.startswith("targets.toml")
    assert said in caught.value.message
    assert hint in caught.value.hint
