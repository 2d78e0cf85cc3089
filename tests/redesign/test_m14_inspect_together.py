"""M14: n inspections become one, nobody's work is lost, and what waited for any of them waits for it."""

import pytest
from processes import CALENDAR, exponential
from small_offices import Do, hours_of, log_of, office, with_catalogue

from flowaudit.errors import InputError
from flowaudit.metrics import steps, workload
from flowaudit.process import Process, mean, problems, utilisation
from flowaudit.redesign import InspectTogether, MeasureRefusedError, Scenario
from flowaudit.simulation import simulate

FIRE, GREEN = "消防救援支队", "生态环境局"


def two(**of_green):
    """Fire inspects (delay 3, work 1), then the other (delay 5, work 2), then fire decides."""
    green = {"stage": "inspect", "item": "HB", "department": GREEN, "work": 2.0, "delay": 5.0, "people": 1}
    return office(
        [
            Do("申请", "apply", None),
            Do("消防核查", "inspect", "XF", FIRE, work=1.0, delay=3.0, people=1),
            Do("环保核查", **(green | of_green)),
            Do("消防决定", "decide", "XF", FIRE, people=1),
        ]
    )


def test_it_takes_the_latest_delay_the_coordination_and_the_longest_work():
    """Before: 3 + 1 + 5 + 2 = 11. After: max(3, 5) + 2 + max(1, 2) = 9."""
    assert hours_of(two())["消防决定"][0] == pytest.approx(11.0)
    after = Scenario("s").inspect_together("消防核查", "环保核查", coordination_h=2.0).apply(two())
    assert problems(after).empty
    times = hours_of(after)
    assert times["联合踏勘"] == pytest.approx((7.0, 9.0))
    assert times["消防决定"][0] == pytest.approx(9.0)


def test_random_delays_have_the_mean_of_their_maximum():
    """E max of exponential delays with means 1 and 2 is 7/3; the coordination comes on top."""
    process = office(
        [
            Do("消防核查", "inspect", "XF", FIRE, delay=exponential(1.0)),
            Do("环保核查", "inspect", "HB", GREEN, delay=exponential(2.0)),
        ]
    )
    after = Scenario("s").inspect_together("消防核查", "环保核查", coordination_h=4.0).apply(process)
    joint = next(s for b in after.templates[0].branches for s in b.steps if after.nodes[s.node].activity == "联合踏勘")
    assert mean(after.waits[joint.wait]) == pytest.approx(4.0 + 7 / 3, rel=1e-3)


def test_steps_fall_by_all_policies_but_milestones():
    logs = [
        simulate(p, replications=1, calendar=CALENDAR)[0]
        for p in (two(), Scenario("s").inspect_together("消防核查", "环保核查", coordination_h=2.0).apply(two()))
    ]
    for policy in ("A_applicant", "C_node", "D_exec"):
        assert (steps(logs[0], policy) - steps(logs[1], policy)).tolist() == [1.0]


def test_the_other_departments_work_stays_theirs():
    """The lead's officers stay as long as the inspection lasts, the others do their own 2 hours."""
    before = two()
    after = Scenario("s").inspect_together("消防核查", "环保核查", coordination_h=2.0).apply(before)
    asked = [utilisation(p, cases_per_day=1.0).set_index("pool")["offered_h_per_week"] for p in (before, after)]
    assert asked[0][f"{GREEN}·环保核查"] == asked[1][f"{GREEN}·环保核查"] == pytest.approx(14.0)
    assert asked[1][f"{FIRE}·消防核查"] == pytest.approx(14.0)
    loads = [workload(simulate(p, replications=1, calendar=CALENDAR)[0], calendar=CALENDAR) for p in (before, after)]
    green = [w.hours[w.department == w.departments.index(GREEN)].sum() for w in loads]
    assert green == pytest.approx([2.0, 2.0])
    attending = log_of(after).set_index("activity").loc[f"联合踏勘（{GREEN}参加）"]
    assert (attending["stage"], attending["department"]) == ("notify", GREEN)


def test_the_same_officers_do_both():
    """Two inspections by one officer: 1 + 2 hours, and nobody attends."""
    process = two()
    fire = process.nodes[1]
    nodes = list(process.nodes)
    nodes[2] = type(fire)("环保核查", FIRE, None, "inspect", "HB", pool=fire.pool, performers=fire.performers)
    from dataclasses import replace

    after = (
        Scenario("s")
        .inspect_together("消防核查", "环保核查", coordination_h=0.0)
        .apply(replace(process, nodes=tuple(nodes)))
    )
    start, end = hours_of(after)["联合踏勘"]
    assert end - start == pytest.approx(3.0)
    assert not [n for n in after.nodes if "参加" in n.activity]


def test_a_step_between_stays_between_the_joint_one_and_what_follows():
    """i, k, j, end: k (of another item) follows the joint inspection, and the end waits for both."""
    process = office(
        [
            Do("消防核查", "inspect", "XF", FIRE, work=1.0, people=1),
            Do("消防审核", "check", "XF", FIRE, work=4.0, people=1),
            Do("环保核查", "inspect", "HB", GREEN, work=2.0, people=1),
            Do("环保决定", "decide", "HB", GREEN, people=1),
        ]
    )
    times = hours_of(Scenario("s").inspect_together("消防核查", "环保核查", coordination_h=0.0).apply(process))
    assert times["联合踏勘"] == pytest.approx((0.0, 2.0))
    assert times["消防审核"] == pytest.approx((2.0, 6.0))
    assert times["环保决定"][0] == pytest.approx(6.0)
    led = Scenario("s").inspect_together("消防核查", "环保核查", coordination_h=0.0, lead=GREEN).apply(process)
    assert hours_of(led)["环保决定"][0] == pytest.approx(6.0)
    assert next(n for n in led.nodes if n.activity == "联合踏勘").department == GREEN


def apart():
    return office(
        [
            Do("消防核查", "inspect", "XF", FIRE, people=1),
            Do("环保申请", "apply", "HB"),
            Do("环保核查", "inspect", "HB", GREEN, people=1),
        ]
    )


def test_an_inspection_never_overtakes_its_own_application():
    with pytest.raises(MeasureRefusedError, match="held together") as caught:
        Scenario("s").inspect_together("消防核查", "环保核查", coordination_h=0.0).apply(apart())
    assert "parallelise" in caught.value.hint


def test_nor_an_item_that_the_catalogue_wants_first():
    process = office(
        [
            Do("消防核查", "inspect", "XF", FIRE, people=1),
            Do("消防决定", "decide", "XF", FIRE, people=1),
            Do("环保核查", "inspect", "HB", GREEN, people=1),
        ]
    )
    measure = Scenario("s").inspect_together("消防核查", "环保核查", coordination_h=0.0)
    assert measure.apply(process).changes
    relation = {"src_item": "XF", "dst_item": "HB", "relation": "precedes", "basis": "legal"}
    with pytest.raises(MeasureRefusedError, match="held together"):
        measure.apply(with_catalogue(process, item_relations=[relation]))


def test_a_second_inspection_after_a_correction_stays():
    process = office(
        [
            Do("消防核查", "inspect", "XF", FIRE, people=1),
            Do("环保核查", "inspect", "HB", GREEN, people=1),
            Do("整改", "correction", "XF"),
            Do("消防核查", "inspect", "XF", FIRE, people=1, after=("整改",)),
        ]
    )
    counts = log_of(Scenario("s").inspect_together("消防核查", "环保核查", coordination_h=0.0).apply(process))[
        "activity"
    ].value_counts()
    assert (counts["联合踏勘"], counts["消防核查"]) == (1, 1)


def test_one_label_in_several_departments_is_enough():
    process = office(
        [
            Do("现场核查", "inspect", "XF", FIRE, people=1),
            Do("现场核查", "inspect", "HB", GREEN, people=1, after=("现场核查",)),
        ]
    )
    after = Scenario("s").inspect_together("现场核查", coordination_h=0.0).apply(process)
    assert set(log_of(after)["activity"]) == {"联合踏勘", f"联合踏勘（{GREEN}参加）"}


def test_what_speaks_against_it_is_said():
    def said(process, **options):
        return " ".join(
            c[1]
            for c in InspectTogether(activities=("消防核查", "环保核查"), coordination_h=1.0, **options).cautions(
                process
            )
        )

    assert said(two()) == ""
    slow = InspectTogether(activities=("消防核查", "环保核查"), coordination_h=50.0).cautions(two())
    assert "time does not" in slow[0][1]
    assert slow[0][0] != ""
    assert "no inspection on the spot" in said(two(stage="review"))
    refusing = office(list(_way()), list(_way())[:2], cases=[8.0, 2.0])
    assert "ends 20% of its cases" in said(refusing)
    busy = two(work=7.0)
    from dataclasses import replace

    from processes import at

    assert "may not be able to come" in said(replace(busy, arrivals=at(*(8.0 * k for k in range(50)))))


def _way():
    yield Do("申请", "apply", None)
    yield Do("消防核查", "inspect", "XF", FIRE, delay=30.0, people=1)
    yield Do("环保核查", "inspect", "HB", GREEN, delay=30.0, people=1)
    yield Do("消防决定", "decide", "XF", FIRE, people=1)


def test_names_that_there_are_not():
    with pytest.raises(InputError) as caught:
        Scenario("s").inspect_together("消防检查", "环保核查", coordination_h=0.0).apply(two())
    assert "消防核查" in caught.value.hint
    with pytest.raises(InputError, match="department that inspects"):
        Scenario("s").inspect_together("消防核查", "环保核查", coordination_h=0.0, lead="水务局").apply(two())
    with pytest.raises(MeasureRefusedError, match="no work of an officer"):
        Scenario("s").inspect_together("消防核查", "申请", coordination_h=0.0).apply(two())


def test_it_survives_its_file(tmp_path):
    after = Scenario("s").inspect_together("消防核查", "环保核查", coordination_h=2.0).apply(two())
    after.save(tmp_path / "p.json")
    assert Process.load(tmp_path / "p.json").templates == after.templates


def test_three_in_a_row_become_one():
    """Without items nothing but the inspections themselves may stand between them: 1 + 2 + 4 hours become 4."""
    row = [
        Do(f"{d}核查", "inspect", None, d, work=w, people=1) for d, w in (("甲局", 1.0), ("乙局", 2.0), ("丙局", 4.0))
    ]
    after = Scenario("s").inspect_together("甲局核查", "乙局核查", "丙局核查", coordination_h=0.0).apply(office(row))
    log = log_of(after)
    assert hours_of(after)["联合踏勘"] == pytest.approx((0.0, 4.0))
    assert len(log) == 3
    assert (log["stage"] == "notify").sum() == 2
