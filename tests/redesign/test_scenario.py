"""A scenario file: round trip, and one clear complaint for each mistake."""

import pytest

from flowaudit.errors import InputError, UsageError
from flowaudit.redesign import MEASURES, Scenario


def full():
    return (
        Scenario("方案一")
        .one_window("SP", "XF")
        .parallelise("SP", "XF")
        .limit_levels("市场监管局", 3)
        .merge_steps("a", "b", overlap=0.5)
        .use_e_licence("营业执照", success=0.9)
        .reuse_material("租赁合同")
        .staff("消防救援支队", 2)
    )


def test_what_is_written_is_read_again(tmp_path):
    full().save(tmp_path / "s.toml")
    assert Scenario.load(tmp_path / "s.toml") == full()


def test_verbs_return_a_new_scenario():
    empty = Scenario("x")
    assert len(empty.reuse_material("m")) == 1
    assert len(empty) == 0


@pytest.mark.parametrize(
    ("text", "found", "hint"),
    [
        ('[[measure]]\nverb = "paralelise"\nnames = ["a", "b"]', "line 2: unknown measure 'paralelise'", "parallelise"),
        ('name="x"\n\n[[measure]]\nverb = "limit_levels"\ndept = "a"\nlevels = 3', "line 5: limit_levels has no parameter 'dept'", "department"),
        ('[[measure]]\nverb = "limit_levels"\ndepartment = "a"\nlevels = 1', "line 4: limit_levels: levels", "list measures"),
        ('[[measures]]\nverb = "staff"', "unknown key 'measures'", "measure"),
        ("name = ", "is not readable TOML", None),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_line(tmp_path, text, found, hint):
    path = tmp_path / "s.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        Scenario.load(path)
    assert found in caught.value.message
    assert hint is None or hint in caught.value.hint


def test_a_parameter_out_of_range_is_a_usage_error():
    with pytest.raises(UsageError, match="success"):
        Scenario("x").use_e_licence("m", success=1.5)


def test_every_measure_explains_itself_in_both_languages():
    for measure in MEASURES.values():
        for lang in ("zh", "en"):
            assert measure.name(lang)
            assert measure.description(lang)
            assert measure.legal_note(lang)
            assert measure.basis(lang)
