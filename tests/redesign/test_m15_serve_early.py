"""M15: what is done before the acceptance is off the clock, and takes the same time from end to end."""

from dataclasses import replace

import pytest
from processes import CALENDAR, at, exponential
from small_offices import Do, hours_of, office, with_catalogue

from flowaudit.errors import InputError
from flowaudit.metrics import clocks
from flowaudit.process import Episode, problems
from flowaudit.redesign import MeasureRefusedError, Scenario, ServeEarly
from flowaudit.simulation import simulate

FIRE = "消防救援支队"


def way():
    return [
        Do("申请", "apply", "XF", work=exponential(0.5)),
        Do("受理", "accept", "XF", FIRE, work=exponential(0.5), delay=exponential(5.0)),
        Do("审查", "review", "XF", FIRE, work=exponential(2.0), delay=exponential(20.0)),
        Do("核查", "inspect", "XF", FIRE, work=exponential(3.0), delay=exponential(60.0)),
        Do("决定", "decide", "XF", FIRE, work=exponential(1.0), delay=exponential(20.0)),
        Do("送达", "deliver", "XF", FIRE, delay=exponential(10.0)),
    ]


def serial():
    """Everything one after the other, nobody waits for anybody."""
    return office(way(), arrivals=at(*(10.0 * k for k in range(300))))


def measured(process):
    run = simulate(process, replications=1, seed=3, calendar=CALENDAR)[0]
    log = run.to_pandas()
    whole = log.groupby("case_id", observed=True).agg(first=("start", "min"), last=("end", "max"))
    return whole["last"] - whole["first"], clocks(run, calendar=CALENDAR)["clock_days"]


def test_end_to_end_time_is_exactly_what_it_was_and_the_clock_is_shorter():
    """Case by case to the second: the same delays and works, in another order."""
    (before, clock_before), (after, clock_after) = (
        measured(serial()),
        measured(Scenario("s").serve_early("核查").apply(serial())),
    )
    assert (before - after).abs().max().total_seconds() <= 2.0
    assert (clock_after <= clock_before).all()
    # A delay of 60 hours and a work of 3, both by day and night, are 63 hours: 2.6 days, of which 5/7 are working days.
    assert (clock_before - clock_after).mean() == pytest.approx(63 / 24 * 5 / 7, rel=0.15)


def test_it_is_done_just_before_the_acceptance():
    steps = [
        Do("申请", "apply", "XF", work=1.0),
        Do("受理", "accept", "XF", FIRE, work=1.0),
        Do("审查", "review", "XF", FIRE, work=2.0),
        Do("核查", "inspect", "XF", FIRE, work=3.0),
        Do("决定", "decide", "XF", FIRE, work=1.0),
    ]
    after = Scenario("s").serve_early("核查").apply(office(steps))
    assert problems(after).empty
    times = hours_of(after)
    assert times["核查"] == pytest.approx((1.0, 4.0))
    assert times["受理"] == pytest.approx((4.0, 5.0))
    assert times["审查"] == pytest.approx((5.0, 7.0))
    assert times["决定"] == pytest.approx((7.0, 8.0))


def test_two_keep_their_order_and_two_side_by_side_stay_so():
    def steps(second_after):
        return [
            Do("受理", "accept", "XF", FIRE, work=1.0),
            Do("检测", "special", "XF", FIRE, work=2.0),
            Do("核查", "inspect", "XF", FIRE, work=3.0, after=(second_after,)),
            Do("决定", "decide", "XF", FIRE, after=("检测", "核查")),
        ]

    early = Scenario("s").serve_early("核查", "检测")
    serial_way, parallel_way = (hours_of(early.apply(office(steps(k)))) for k in ("检测", "受理"))
    assert (serial_way["检测"], serial_way["核查"], serial_way["受理"]) == ((0.0, 2.0), (2.0, 5.0), (5.0, 6.0))
    assert (parallel_way["检测"], parallel_way["核查"], parallel_way["受理"]) == ((0.0, 2.0), (0.0, 3.0), (3.0, 4.0))


def test_only_the_first_time_is_early():
    steps = [*way()[:4], Do("整改", "correction", "XF"), replace(way()[3], after=("整改",)), way()[4]]
    after = Scenario("s").serve_early("核查").apply(office(steps))
    names = [after.nodes[s.node].activity for s in after.templates[0].branches[0].steps]
    assert names == ["申请", "核查", "受理", "审查", "整改", "核查", "决定"]


def test_what_needs_the_decision_is_refused():
    with pytest.raises(MeasureRefusedError, match="“送达” needs “决定”"):
        Scenario("s").serve_early("送达").apply(serial())


def test_what_needs_another_items_result_is_refused():
    steps = [
        Do("受理", "accept", "XF", FIRE),
        Do("环保审查", "review", "HB", "生态环境局"),
        Do("核查", "inspect", "XF", FIRE),
    ]
    early = Scenario("s").serve_early("核查")
    assert early.apply(office(steps)).changes
    relation = {"src_item": "HB", "dst_item": "XF", "relation": "precedes", "basis": "legal"}
    with pytest.raises(MeasureRefusedError, match="needs “环保审查”"):
        early.apply(with_catalogue(office(steps), item_relations=[relation]))


def test_what_follows_no_acceptance_is_refused():
    with pytest.raises(MeasureRefusedError, match="in no case"):
        Scenario("s").serve_early("申请").apply(serial())
    with pytest.raises(InputError) as caught:
        Scenario("s").serve_early("检查").apply(serial())
    assert "核查" in caught.value.hint


def test_a_procedure_off_the_clock_is_no_longer_one():
    process = serial()
    branch = process.templates[0].branches[0]
    spells = (Episode(2, 3, "XF", "inspect", False), Episode(1, 4, "XF", "extension", False))
    with_spell = replace(
        process, templates=(replace(process.templates[0], branches=(replace(branch, episodes=spells),)),)
    )
    after = Scenario("s").serve_early("核查").apply(with_spell)
    assert [e.kind for e in after.templates[0].branches[0].episodes] == ["extension"]


def test_what_it_did_after_and_beside_is_said():
    (overtaken,) = ServeEarly(activities=("核查",)).cautions(serial())
    assert "审查 (100%)" in overtaken[1]
    assert overtaken[0] != ""
    direct = office([*way()[:2], way()[3], way()[4]])
    assert ServeEarly(activities=("核查",)).cautions(direct) == ()
    beside = office([*way()[:3], replace(way()[3], after=("受理",)), replace(way()[4], after=("审查", "核查"))])
    assert "beside it" in ServeEarly(activities=("核查",)).cautions(beside)[0][1]
    lost = office([*way()[:2], way()[3]], way()[:1], cases=[9.0, 1.0])
    assert "10% of the applications are never accepted" in ServeEarly(activities=("核查",)).cautions(lost)[0][1]
