"""M17: one issuance when the last result is ready; sent instead of collected, it costs days and no trip."""

from dataclasses import replace

import pytest
from processes import CALENDAR
from small_offices import Do, hours_of, log_of, office, same_runs, with_catalogue

from flowaudit.errors import UsageError
from flowaudit.metrics import case_measures
from flowaudit.process import Trip, problems, utilisation
from flowaudit.redesign import IssueTogether, MeasureRefusedError, Scenario
from flowaudit.simulation import simulate

SP, XF = "市场监管局", "消防救援支队"


def side_by_side(food=10.0, fire=30.0):
    """Two items decided after 10 and 30 hours; each result is sent to the counter (1 h) and collected 48 hours later."""
    return office(
        [
            Do("申请", "apply", None, site="大厅"),
            Do("食品决定", "decide", "SP", SP, work=food, after=("申请",), people=1),
            Do("食品证寄送", "deliver", "SP", SP, work=1.0, people=1),
            Do("食品证领取", "deliver", "SP", delay=48.0, site="大厅"),
            Do("消防决定", "decide", "XF", XF, work=fire, after=("申请",), people=1),
            Do("消防证寄送", "deliver", "XF", XF, work=1.0, people=1),
            Do("消防证领取", "deliver", "XF", delay=48.0, site="消防窗口"),
        ]
    )


def measured(process, column):
    run = simulate(process, replications=1, seed=3, calendar=CALENDAR)[0]
    policy = "A_applicant" if column == "steps" else None
    return case_measures(run, calendar=CALENDAR, policy=policy)[column].tolist()


@pytest.mark.parametrize("hours", [(10.0, 30.0), (30.0, 10.0)])
def test_one_issuance_when_the_last_result_is_ready(hours):
    """The last is decided after 30 hours; both are made ready in 1 + 1 hours and collected 48 hours later."""
    after = Scenario("s").issue_together().apply(side_by_side(*hours))
    assert problems(after).empty
    times = hours_of(after)
    assert times["发证窗口统一发证"] == pytest.approx((30.0, 32.0))
    assert times["发证窗口统一领取"] == pytest.approx((80.0, 80.0))
    assert [measured(p, "trips") for p in (side_by_side(), after)] == [[3.0], [2.0]]
    assert [measured(p, "steps") for p in (side_by_side(), after)] == [[3.0], [2.0]]


def test_the_offices_work_adds_up_and_is_shared():
    before, after = (
        utilisation(p, cases_per_day=1.0)
        for p in (side_by_side(), Scenario("s").issue_together().apply(side_by_side()))
    )
    assert before["offered_h_per_week"].sum() == pytest.approx(after["offered_h_per_week"].sum())
    assert (after["offered_h_per_week"] > 0).all()


def test_every_item_counts_as_delivered_with_the_one_issuance():
    after = Scenario("s").issue_together().apply(side_by_side())
    log = log_of(after)
    assert log.loc[log["stage"] == "deliver", "item_code"].isna().all()


def test_trips_made_for_single_collections_fall_away():
    process = side_by_side()
    (branch,) = process.templates[0].branches
    vain = replace(branch, trips=(Trip(3, "大厅", 1), Trip(6, "消防窗口", 1), Trip(0, "大厅", 3)))
    process = replace(process, templates=(replace(process.templates[0], branches=(vain,)),))
    after = Scenario("s").issue_together().apply(process)
    assert sorted((after.nodes[b.steps[t.step].node].activity, t.site) for b in after.templates[0].branches for t in b.trips) == [
        ("发证窗口统一领取", "消防窗口"), ("申请", "大厅"),
    ]  # fmt: skip
    sent = Scenario("s").issue_together(courier=1.0, courier_days=2.0).apply(process)
    assert [t.site for b in sent.templates[0].branches for t in b.trips] == ["大厅"]


def test_what_is_sent_takes_its_days_and_no_trip():
    """An office that never closes: 2 working days are 48 hours by day and night."""
    after = Scenario("s").issue_together(courier=1.0, courier_days=2.0).apply(side_by_side())
    assert problems(after).empty
    assert hours_of(after)["发证窗口统一领取（寄递）"][1] == pytest.approx(32.0 + 48.0)
    assert measured(after, "trips") == [1.0]
    online = Scenario("s").issue_together(courier=1.0, courier_days=0.0).apply(side_by_side())
    assert hours_of(online)["发证窗口统一领取（电子送达）"][1] == pytest.approx(32.0)


def test_a_share_is_sent():
    process = office([Do("食品证领取", "deliver", "SP", delay=48.0, site="大厅")], cases=[400.0])
    after = Scenario("s").issue_together(courier=0.25, courier_days=1.0).apply(process)
    assert {b.steps[0].site: b.probability for b in after.templates[0].branches} == {None: 0.25, "大厅": 0.75}


def test_nobody_sent_is_the_one_issuance_alone():
    plain = Scenario("s").issue_together().apply(side_by_side())
    assert same_runs(plain, Scenario("s").issue_together(courier=0.0, courier_days=3.0).apply(side_by_side()))


def serial():
    return office(
        [
            Do("食品决定", "decide", "SP", SP, work=10.0),
            Do("食品证领取", "deliver", "SP", delay=48.0, site="大厅"),
            Do("消防申请", "apply", "XF", delay=5.0),
            Do("消防决定", "decide", "XF", XF, work=30.0),
            Do("消防证领取", "deliver", "XF", delay=48.0, site="大厅"),
        ]
    )


def test_what_followed_a_single_hand_over_follows_what_that_followed():
    """Before: 10 + 48 + 5 + 30 + 48 = 141. After: 10 + 5 + 30 + 48 = 93."""
    assert hours_of(serial())["消防证领取"][1] == pytest.approx(141.0)
    after = Scenario("s").issue_together().apply(serial())
    assert hours_of(after)["发证窗口统一领取"][1] == pytest.approx(93.0)


def test_what_speaks_against_it_is_said():
    assert IssueTogether().cautions(side_by_side()) == ()
    (late,) = IssueTogether().cautions(serial())
    assert "In 100% of the cases" in late[1]
    assert late[0] != ""
    made = {"item_code": "XF", "name": "食品许可证", "canonical_id": "SPZ", "produced_by_item": "SP"}
    item = {"item_code": "SP", "name": "食品经营许可", "supports_express": False}
    process = with_catalogue(side_by_side(), item_materials=[made], items=[item])
    inside, express = IssueTogether(courier=0.5, courier_days=1.0).cautions(process)
    assert "share it inside" in inside[1]
    assert "by courier" in express[1]


def test_what_has_nothing_to_hand_over_is_refused():
    with pytest.raises(MeasureRefusedError, match="several results"):
        Scenario("s").issue_together("SP").apply(side_by_side())
    with pytest.raises(UsageError, match="courier_days"):
        Scenario("s").issue_together(courier=0.5)


def test_a_receipt_that_came_after_the_last_result_closes_no_circle():
    """食品's receipt is signed only when 消防's result has been collected and confirmed."""
    process = office(
        [
            Do("食品证寄送", "deliver", "SP", SP, work=1.0),
            Do("消防证领取", "deliver", "XF", site="大厅"),
            Do("回访", "notify", None, XF),
            Do("食品证签收", "deliver", "SP"),
        ]
    )
    after = Scenario("s").issue_together().apply(process)
    assert problems(after).empty
    assert set(log_of(after)["activity"]) == {"发证窗口统一领取", "回访"}
