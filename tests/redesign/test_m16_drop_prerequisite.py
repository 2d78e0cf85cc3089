"""M16: the second no longer waits for the first; everything else does as it did."""

from dataclasses import replace

import pytest
from processes import CALENDAR
from small_offices import Do, hours_of, log_of, office, with_catalogue

from flowaudit.errors import InputError, UsageError
from flowaudit.metrics import case_measures
from flowaudit.process import Episode, MaterialUse, Trip, problems
from flowaudit.redesign import DropPrerequisite, MeasureRefusedError, Scenario
from flowaudit.simulation import simulate

A, B = "生态环境局", "市场监管局"


def way():
    """环保 (2 + 3), then the applicant takes 10 hours and applies for 食品 (1 + 4), then both are announced."""
    return [
        Do("环保申请", "apply", "HB", work=2.0, delay=1.0),
        Do("环保决定", "decide", "HB", A, work=3.0),
        Do("食品申请", "apply", "SP", work=1.0, delay=10.0),
        Do("食品决定", "decide", "SP", B, work=4.0),
        Do("公告", "notify", None, A),
    ]


def dropped(process, **options):
    return Scenario("s").drop_prerequisite("HB", "SP", grounds="市审改办批复", **options).apply(process)


def test_the_second_is_applied_for_at_once_and_what_comes_after_waits_for_both():
    """Before: 1 + 2 + 3 + 10 + 1 + 4 = 21. After: 食品 1 + 1 + 4 = 6, 环保 1 + 2 + 3 = 6."""
    assert hours_of(office(way()))["公告"][0] == pytest.approx(21.0)
    after = dropped(office(way()))
    assert problems(after).empty
    times = hours_of(after)
    assert times["食品申请"] == pytest.approx((1.0, 2.0))
    assert times["食品决定"][1] == pytest.approx(6.0)
    longer = [replace(d, work=9.0) if d.activity == "环保决定" else d for d in way()]
    assert hours_of(dropped(office(longer)))["公告"][0] == pytest.approx(12.0)


def test_the_pause_stays_where_something_else_is_waited_for():
    """招牌 stands between: 食品 still waits for it, and for the applicant."""
    between = [*way()[:2], Do("招牌决定", "decide", "ZP", "城管执法局", work=5.0), *way()[2:]]
    with pytest.raises(MeasureRefusedError, match="directly wait") as caught:
        dropped(office(between))
    assert "招牌决定" in caught.value.hint
    both_before = [
        *way()[:2],
        Do("招牌决定", "decide", "ZP", "城管执法局", work=5.0, after=()),
        replace(way()[2], after=("环保决定", "招牌决定")),
        *way()[3:],
    ]
    times = hours_of(dropped(office(both_before)))
    assert times["食品申请"] == pytest.approx((15.0, 16.0))


def test_activities_too():
    steps = [
        Do("审查", "review", "SP", B, work=1.0),
        Do("会签", "consult_dept", "SP", A, work=5.0),
        Do("审核", "check", "SP", B, work=2.0),
        Do("决定", "decide", "SP", B, work=1.0),
    ]
    times = hours_of(Scenario("s").drop_prerequisite("会签", "审核", grounds="依据").apply(office(steps)))
    assert times["审核"] == pytest.approx((1.0, 3.0))
    assert times["决定"][0] == pytest.approx(6.0)


def with_material():
    """食品 asks for 环保's receipt; it is wrong at first and corrected at the counter, after a trip in vain."""
    steps = [
        *way()[:2],
        replace(way()[2], site="大厅"),
        Do("食品补正通知", "correction", "SP", B, work=1.0, cause=("HBHZ",)),
        Do("食品补正", "correction", "SP", delay=20.0, site="大厅", cause=("HBHZ",)),
        *way()[3:],
    ]
    process = office(steps, material_names={"HBHZ": "环保回执", "PMT": "平面图"})
    (branch,) = process.templates[0].branches
    uses = (
        MaterialUse(2, "SP", "HBHZ", "applicant", False),
        MaterialUse(2, "SP", "PMT", "applicant", True),
        MaterialUse(4, "SP", "HBHZ", "applicant", True),
    )
    branch = replace(
        branch, materials=uses, trips=(Trip(4, "大厅", 5),), episodes=(Episode(3, 4, "SP", "correction", False),)
    )
    return replace(process, templates=(replace(process.templates[0], branches=(branch,)),))


def test_a_material_no_longer_asked_for_goes_with_its_correction_and_trips():
    before, after = with_material(), dropped(with_material(), material="环保回执")
    assert problems(after).empty
    counts = [
        case_measures(simulate(p, replications=1, calendar=CALENDAR)[0], calendar=CALENDAR) for p in (before, after)
    ]
    assert [c["materials"].tolist() for c in counts] == [[2.0], [1.0]]
    assert [c["trips"].tolist() for c in counts] == [[3.0], [1.0]]
    assert not log_of(after)["activity"].str.contains("补正").any()
    kept = dropped(with_material())
    assert case_measures(simulate(kept, replications=1, calendar=CALENDAR)[0], calendar=CALENDAR)[
        "materials"
    ].tolist() == [2.0]


@pytest.mark.parametrize(("basis", "refused"), [("legal", True), ("observed", False), ("catalogue", False)])
def test_what_the_law_sets_is_not_dropped(basis, refused):
    relation = {"src_item": "HB", "dst_item": "SP", "relation": "precedes", "basis": basis}
    process = with_catalogue(office(way()), item_relations=[relation])
    if not refused:
        assert dropped(process).changes
        return
    with pytest.raises(MeasureRefusedError, match="the law sets") as caught:
        dropped(process)
    assert "item_relations" in caught.value.hint


def test_a_result_still_asked_for_must_be_named():
    row = {
        "item_code": "SP",
        "name": "环保回执",
        "canonical_id": "HBHZ",
        "produced_by_item": "HB",
        "necessity": "required",
    }
    process = with_catalogue(with_material(), item_materials=[row])
    with pytest.raises(MeasureRefusedError, match="still asks for “环保回执”"):
        dropped(process)
    assert dropped(process, material="HBHZ").changes
    measure = DropPrerequisite(before="HB", after="SP", grounds="依据", material="平面图")
    assert any("does not say" in c[1] for c in measure.cautions(process))


def test_the_basis_is_asked_for_and_printed():
    with pytest.raises(UsageError, match="grounds"):
        Scenario("s").drop_prerequisite("HB", "SP")
    assert "市审改办批复" in DropPrerequisite(before="HB", after="SP", grounds="市审改办批复").label("zh")


def test_pairs_do_not_contradict_each_other():
    plan = Scenario("s").drop_prerequisite("HB", "SP", grounds="依据").drop_prerequisite("XF", "SP", grounds="依据")
    assert len(plan) == 2
    with pytest.raises(UsageError, match="both change"):
        plan.drop_prerequisite("HB", "SP", grounds="别的依据")


def test_what_speaks_against_it_is_said():
    measure = DropPrerequisite(before="HB", after="SP", grounds="依据")
    assert measure.cautions(office(way())) == ()
    refused = office(way(), way()[:2], cases=[9.0, 1.0])
    assert measure.cautions(refused) == ()  # 环保决定 is the end of the item: no check that ends it
    knocks = [way()[0], Do("环保核查", "inspect", "HB", A), *way()[1:]]
    (lost,) = measure.cautions(office(knocks, knocks[:2], cases=[8.0, 2.0]))
    assert "ends 20%" in lost[1]
    assert lost[0] != ""
    through = [*way()[:2], Do("招牌决定", "decide", "ZP", "城管执法局"), *way()[2:]]
    through[3] = replace(through[3], after=("环保决定", "招牌决定"))
    (still,) = measure.cautions(office(through))
    assert "In 100% of the cases “SP” still waits for “HB”" in still[1]


def test_names_that_there_are_not():
    with pytest.raises(InputError):
        Scenario("s").drop_prerequisite("GH", "SP", grounds="依据").apply(office(way()))
    with pytest.raises(UsageError, match="its own prerequisite"):
        Scenario("s").drop_prerequisite("HB", "HB", grounds="依据").apply(office(way()))


def test_what_followed_an_independent_step_of_the_second_waits_for_nothing_new():
    """食品 is looked at (1 h) at once and announced; only its decision waited for 环保 (5 h)."""
    steps = [
        Do("环保决定", "decide", "HB", A, work=5.0),
        Do("食品初看", "review", "SP", B, work=1.0, after=()),
        Do("食品公告", "notify", None, B, after=("食品初看",)),
        Do("食品决定", "decide", "SP", B, work=1.0, after=("环保决定", "食品初看")),
    ]
    times = hours_of(dropped(office(steps)))
    assert times["食品公告"][0] == pytest.approx(1.0)
    assert times["食品决定"] == pytest.approx((1.0, 2.0))
