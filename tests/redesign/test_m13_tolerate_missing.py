"""M13: what is missing comes while the review runs; numbers on paper.

The clocks of these processes never stop, so a working day of them is 24 hours.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from corrected_ways import (
    Do,
    Way,
    accept,
    apply,
    counted,
    decide,
    hours,
    names_in_order,
    notice,
    process_of,
    reply,
    review,
    run,
)
from processes import constant

from flowaudit.catalogue import Catalogue
from flowaudit.errors import InputError, UsageError
from flowaudit.process import GRID, Process
from flowaudit.redesign import MeasureRefusedError, Scenario, TolerateMissing

HANDED = [(0, "A", "X", False), (2, "A", "X", True)]
PATIENT = TolerateMissing(materials=("X",), days=90.0, lapse=0.0)


def way(reviewed=10.0, late=50.0, **more):
    steps = [
        apply(site="大厅"),
        notice(wait=2.0, cause=("X",)),
        reply(wait=late, work=1.0, site="大厅", cause=("X",), band=more.pop("band", -1)),
        accept(wait=3.0, work=1.0),
        review(wait=reviewed, work=5.0),
        decide(wait=1.0),
    ]
    return Way(steps, HANDED, [(2, "大厅")], **more)


@pytest.mark.parametrize(("reviewed", "expected"), [(10.0, 4 + 50 + 1 + 1), (80.0, 4 + 80 + 5 + 1)])
def test_the_reply_comes_beside_the_review_and_the_decision_waits_for_both(reviewed, expected):
    process = process_of(way(reviewed))
    assert hours(process)[0] == pytest.approx(2 + 51 + 3 + 1 + reviewed + 5 + 1)
    after = PATIENT.apply(process)
    assert hours(after)[0] == pytest.approx(expected)
    assert names_in_order(after)[:2] == ["A申请", "A受理"]


def test_no_material_and_no_trip_is_spared():
    process = process_of(way())
    after = PATIENT.apply(process)
    for column in ("materials", "trips", "steps"):
        assert counted(after, column).tolist() == counted(process, column).tolist(), column
    remote = TolerateMissing(materials=("X",), days=90.0, lapse=0.0, remote=True).apply(process)
    assert counted(process, "trips")[0] - counted(remote, "trips")[0] == 1


def test_the_official_clock_starts_earlier_and_runs_on():
    process = process_of(way())
    after = PATIENT.apply(process)
    assert counted(process, "clock_days")[0] <= counted(after, "clock_days")[0]
    log = run(after).to_pandas()
    assert log.loc[log["activity"] == "A受理", "end"].iloc[0] - log["start"].iloc[0] == pd.Timedelta(hours=4)


def test_replies_are_cut_at_the_deadline():
    """A day after the notice the reply comes at the latest, and the decision an hour after it."""
    after = TolerateMissing(materials=("X",), days=1.0, lapse=0.0).apply(process_of(way()))
    assert hours(after)[0] == pytest.approx(4 + 24 + 1 + 1)


def test_what_never_comes_ends_the_item_at_the_deadline():
    process = process_of(way(cases=100.0))
    after = TolerateMissing(materials=("X",), days=1.0, lapse=0.25).apply(process)
    found = {tuple(names_in_order(after, 0, b)): x.probability for b, x in enumerate(after.templates[0].branches)}
    assert found["A申请", "A受理", "A补正通知", "A补正提交", "A审查", "A决定"] == pytest.approx(0.75)
    assert found["A申请", "A受理", "A补正通知", "A审查", "逾期未补退件"] == pytest.approx(0.25)
    lapsed = TolerateMissing(materials=("X",), days=1.0, lapse=1.0).apply(process)
    assert hours(lapsed)[0] == pytest.approx(4 + 24)
    assert np.isnan(counted(lapsed, "clock_days")).all()


def test_the_review_runs_to_its_end_though_the_item_lapses():
    lapsed = TolerateMissing(materials=("X",), days=1.0, lapse=1.0).apply(process_of(way(80.0)))
    assert hours(lapsed)[0] == pytest.approx(4 + 80 + 5)


def test_other_items_go_on():
    steps = [*way().steps, Do("A送达", "deliver"), apply("B", wait=4.0), accept("B")]
    lapsed = TolerateMissing(materials=("X",), days=1.0, lapse=1.0).apply(process_of(Way(steps, HANDED)))
    assert names_in_order(lapsed) == ["A申请", "A受理", "A补正通知", "A审查", "逾期未补退件", "B申请", "B受理"]
    assert hours(lapsed)[0] == pytest.approx(28 + 4)


def test_the_log_says_how_many_replies_come_too_late():
    """Replies of 0 to 100 hours, evenly: one in four takes longer than 75."""
    even = 100.0 * GRID
    process = process_of(way(late=even, cases=1000.0))
    after = TolerateMissing(materials=("X",), days=75 / 24).apply(process)
    lapsed = sum(
        b.probability
        for k, b in enumerate(after.templates[0].branches)
        if "逾期未补退件" in names_in_order(after, 0, k)
    )
    assert lapsed == pytest.approx(0.25)


@pytest.mark.parametrize(("band", "share"), [(0, 0.0), (2, 0.4), (3, 1.0)])
def test_a_case_lapses_as_its_own_reply_was_late(band, share):
    """Of the third quarter of the replies, 50 to 75 hours, those above 65 are late."""
    process = process_of(way(late=100.0 * GRID, cases=1000.0, band=band))
    after = TolerateMissing(materials=("X",), days=65 / 24).apply(process)
    lapsed = sum(
        b.probability
        for k, b in enumerate(after.templates[0].branches)
        if "逾期未补退件" in names_in_order(after, 0, k)
    )
    assert lapsed == pytest.approx(share)


def test_a_deadline_nobody_misses_changes_no_table():
    process = process_of(way(late=constant(50.0)))
    after = TolerateMissing(materials=("X",), days=300.0).apply(process)
    assert len(after.waits) == len(process.waits)
    assert len(after.templates[0].branches) == 1


def test_another_correction_holds_the_acceptance_up_as_before():
    steps = [
        apply(),
        notice(cause=("X",)),
        reply(wait=50.0),
        notice(wait=3.0, cause=("Y",)),
        reply(wait=20.0),
        accept(wait=1.0),
        decide(),
    ]
    handed = [*HANDED, (4, "A", "Y", True)]
    process = process_of(Way(steps, handed))
    after = PATIENT.apply(process)
    assert names_in_order(after) == ["A申请", "A补正通知", "A补正提交", "A受理", "A补正通知", "A补正提交", "A决定"]
    assert hours(after)[0] == pytest.approx(3 + 20 + 1 + 50)
    assert "About 1 of these acceptances" in cautions(process, PATIENT)
    both = TolerateMissing(materials=("X", "Y"), days=90.0, lapse=0.0).apply(process)
    assert hours(both)[0] == pytest.approx(1 + 50)


def test_a_correction_about_something_else_too_is_not_tolerated():
    steps = [apply(), notice(cause=("X", "Y")), reply(), accept(), decide()]
    process = process_of(way(), Way(steps, HANDED, cases=9.0))
    after, touched = PATIENT.transform(process)
    assert touched == pytest.approx(1.0)
    assert after.templates[1] == process.templates[1]


def test_who_had_to_apply_again_need_not():
    steps = [apply(), notice(cause=("X",)), reply(wait=50.0), apply(wait=9.0), accept(wait=1.0), decide()]
    after = PATIENT.apply(process_of(Way(steps, [*HANDED, (3, "A", "Z", True)])))
    assert names_in_order(after) == ["A申请", "A受理", "A补正通知", "A补正提交", "A决定"]
    assert {(m.step, m.canonical_id) for m in after.templates[0].branches[0].materials} == {
        (0, "X"),
        (3, "X"),
        (3, "Z"),
    }


def test_what_lies_after_acceptance_or_leads_to_no_decision_is_left_alone():
    late = Way([apply(), accept(), review(), notice(cause=("X",)), reply(), review(), decide()], HANDED[:1])
    with pytest.raises(MeasureRefusedError, match="before an acceptance") as caught:
        PATIENT.apply(process_of(late))
    assert "notify_once" in caught.value.hint
    undecided = Way([apply(), notice(cause=("X",)), reply(), accept()], HANDED)
    process = process_of(way(), replace(undecided, cases=9.0))
    after, touched = PATIENT.transform(process)
    assert touched == pytest.approx(1.0)
    assert after.templates[1] == process.templates[1]


def test_refusals_say_what_there_is():
    process = process_of(way())
    with pytest.raises(MeasureRefusedError, match="records no corrections"):
        PATIENT.apply(process_of(Way([apply(), accept()], HANDED[:1])))
    other = process_of(Way(way().steps, [*HANDED, (0, "A", "Y", True)]))
    with pytest.raises(MeasureRefusedError, match="these materials alone") as caught:
        TolerateMissing(materials=("Y",), days=5.0).apply(other)
    assert "X" in caught.value.hint
    with pytest.raises(InputError):
        TolerateMissing(materials=("XX",), days=5.0).apply(process)
    with pytest.raises(UsageError, match="days"):
        Scenario("s").tolerate_missing("X", days=0.0)


def cautions(process, measure):
    found = measure.cautions(process)
    assert all(zh and en for zh, en in found)
    return " ".join(en for _zh, en in found)


def test_what_guides_and_log_say_against_it_is_named():
    process = process_of(way(late=100.0 * GRID))
    said = cautions(process, TolerateMissing(materials=("X",), days=75 / 24))
    assert "About 25% of what is missing" in said
    assert "official clock starts before" in said
    assert "of what is missing" not in cautions(process, PATIENT)
    kinds = pd.DataFrame(
        {"canonical_id": ["X"], "name": ["申请表"], "doc_class": ["申请表格文书"], "retrievable": [True]}
    )
    rows = pd.DataFrame({"item_code": ["A"], "canonical_id": ["X"], "name": "", "necessity": ["required"]})
    said = cautions(replace(process, catalogue=Catalogue(materials=kinds, item_materials=rows)), PATIENT)
    assert "No guide lists “X”" in said
    assert "can be fetched" in said
    assert "application form" in said
    rows = rows.assign(necessity="deferrable")
    said = cautions(replace(process, catalogue=Catalogue(item_materials=rows)), PATIENT)
    assert "No guide lists" not in said


def test_it_survives_its_file_and_the_scenario_file(tmp_path):
    plan = Scenario("s").tolerate_missing("X", days=5.0, lapse=0.1, remote=True)
    plan.save(tmp_path / "s.toml")
    assert Scenario.load(tmp_path / "s.toml") == plan
    after = plan.apply(process_of(way(cases=100.0)))
    after.save(tmp_path / "p.json")
    assert Process.load(tmp_path / "p.json") == after
    assert "10%" in plan.measures[0].assumed("en")
