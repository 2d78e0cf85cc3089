"""M05: passing the files on takes its time, and some come back; without either it is what it was."""

import pytest
from processes import CALENDAR
from small_offices import Do, hours_of, log_of, office, same_runs, with_catalogue

from flowaudit.metrics import case_measures, steps
from flowaudit.process import problems
from flowaudit.redesign import OneWindow, Scenario
from flowaudit.simulation import simulate


def serial():
    """食品 and then 消防, each applied for, accepted (1 h) and reviewed (2 h and 3 h)."""
    return office(
        [
            Do("食品申请", "apply", "SP", site="大厅"),
            Do("食品受理", "accept", "SP", "市场监管局", work=1.0, people=1),
            Do("食品审查", "review", "SP", "市场监管局", work=2.0, people=1),
            Do("消防申请", "apply", "XF", delay=20.0, site="大厅"),
            Do("消防受理", "accept", "XF", "消防救援支队", work=1.0, people=1),
            Do("消防审查", "review", "XF", "消防救援支队", work=3.0, people=1),
            Do("消防决定", "decide", "XF", "消防救援支队", people=1),
        ]
    )


def test_what_follows_waits_until_the_files_are_passed_on():
    """Accepted 0 to 2 (both works), passed on until 5, reviewed 5 to 7 and 7 to 10."""
    after = Scenario("s").one_window(dispatch_h=3.0).apply(serial())
    assert problems(after).empty
    times = hours_of(after)
    assert times["综合窗口受理"] == pytest.approx((0.0, 2.0))
    assert times["综合窗口内部分派"] == pytest.approx((5.0, 5.0))
    assert times["食品审查"] == pytest.approx((5.0, 7.0))
    assert times["消防审查"] == pytest.approx((7.0, 10.0))


def test_a_file_sent_back_is_accepted_and_passed_on_again():
    """0 to 2, passed on until 5, again 5 to 7, passed on until 10."""
    after = Scenario("s").one_window(dispatch_h=3.0, errors=1.0).apply(serial())
    log = log_of(after)
    assert (log["activity"] == "综合窗口受理").sum() == 2
    assert hours_of(after)["食品审查"] == pytest.approx((10.0, 12.0))


def test_a_share_is_sent_back():
    process = office([*ways()], cases=[400.0])
    after = Scenario("s").one_window(errors=0.25).apply(process)
    twice = {
        sum(after.nodes[s.node].activity == "综合窗口受理" for s in b.steps): b.probability
        for b in after.templates[0].branches
    }
    assert twice == {1: 0.75, 2: 0.25}


def ways():
    return [
        Do("食品申请", "apply", "SP"),
        Do("食品受理", "accept", "SP", "市场监管局", people=1),
        Do("消防申请", "apply", "XF"),
        Do("消防受理", "accept", "XF", "消防救援支队", people=1),
    ]


def test_passing_on_is_no_step_by_any_policy():
    plain, slow = (Scenario("s").one_window(dispatch_h=h).apply(serial()) for h in (0.0, 3.0))
    logs = [simulate(p, replications=1, calendar=CALENDAR)[0] for p in (plain, slow)]
    for policy in ("A_applicant", "B_milestone", "C_node", "D_exec"):
        assert steps(logs[0], policy).tolist() == steps(logs[1], policy).tolist()


def test_without_dispatch_or_errors_it_is_one_intake_and_no_more():
    plain = Scenario("s").one_window().apply(serial())
    assert same_runs(plain, Scenario("s").one_window(dispatch_h=0.0, errors=0.0).apply(serial()))
    assert [n.activity for n in plain.nodes if "分派" in n.activity] == []
    assert case_measures(simulate(plain, replications=1, calendar=CALENDAR)[0], calendar=CALENDAR)[
        "trips"
    ].tolist() == [1.0]


def test_items_that_wait_for_each_other_run_on_the_clock():
    (late,) = OneWindow().cautions(serial())
    assert "100%" in late[1]
    assert late[0] != ""
    side_by_side = office(
        [
            Do("食品申请", "apply", "SP"),
            Do("食品受理", "accept", "SP", "市场监管局", people=1),
            Do("食品审查", "review", "SP", "市场监管局", people=1),
            Do("消防申请", "apply", "XF", after=()),
            Do("消防受理", "accept", "XF", "消防救援支队", people=1),
        ]
    )
    assert OneWindow().cautions(side_by_side) == ()


def test_what_another_item_produces_cannot_be_handed_in_at_once():
    rows = [
        {"item_code": "SP", "name": "平面图", "canonical_id": "P", "produced_by_item": None},
        {"item_code": "XF", "name": "食品许可证", "canonical_id": "SPZ", "produced_by_item": "SP"},
    ]
    bound = with_catalogue(office(ways()), item_materials=rows)
    assert [c[1] for c in OneWindow().cautions(bound) if "produces" in c[1]] == [
        "“XF” asks for a material that “SP” produces: it cannot be complete when both are handed in at once."
    ]
    assert OneWindow(items=("SP",)).cautions(bound) == ()
