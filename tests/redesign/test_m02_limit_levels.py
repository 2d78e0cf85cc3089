"""M02: what dropped levels returned and refused is made by the level kept, or, where it would not notice, not at all."""

from dataclasses import replace

import pandas as pd
import pytest
from bundle_log import bundle_log
from processes import CALENDAR, OFFICE, Path
from staged_office import Desk, events, office, same_runs, span_h, steps

from flowaudit.catalogue import Catalogue
from flowaudit.process import Batch, Process, fit_process, problems, weekly
from flowaudit.redesign import LimitLevels, Scenario

DESKS = (
    Desk("受理", "accept", 1.0),
    Desk("承办", "review", 4.0, level=1),
    Desk("审核", "check", 2.0, level=2),
    Desk("决定", "decide", 1.0, level=3),
    Desk("会签", "decide", 1.0, level=4),
    Desk("补正", "correction", 3.0, department="申请人"),
    Desk("送达", "deliver", 0.5),
)
SIGNED = ("承办", "审核", "决定", "会签")
STRAIGHT = ("受理", *SIGNED, "送达")
RETURNED = ("受理", *SIGNED, "补正", *SIGNED, "送达")
REFUSED = ("受理", *SIGNED)


@pytest.fixture(scope="module")
def layered():
    """Of 1 000 cases 700 go straight through, the fourth level returns 200 for a correction, and refuses 100."""
    return office(
        *DESKS,
        paths=[Path(STRAIGHT, weight=700.0), Path(RETURNED, weight=200.0), Path(REFUSED, weight=100.0)],
        every_h=10.0,
    )


def limited(detection):
    return LimitLevels(department="甲局", levels=2, detection=detection)


def names(process, t, b=0):
    return tuple(process.nodes[s.node].activity for s in process.templates[t].branches[b].steps)


def test_a_level_that_notices_everything_returns_and_refuses_all_of_it(layered):
    after = limited(1.0).apply(layered)
    assert [len(t.branches) for t in after.templates] == [1, 1, 1]
    assert names(after, 1) == ("受理", "承办", "审核", "补正", "承办", "审核", "送达")
    assert names(after, 2) == ("受理", "承办", "审核")


def test_what_nobody_notices_is_neither_returned_nor_refused(layered):
    after = limited(0.0).apply(layered)
    assert names(after, 0) == names(after, 1) == names(after, 2) == ("受理", "承办", "审核", "送达")
    # 1 + 4 + 2 + 0.5 h for everybody.
    assert span_h(events(after)) == pytest.approx(7.5, abs=1e-3)


def test_the_shares_are_exact(layered):
    """A quarter noticed: per case 1 + 0.2 x 0.25 reviews, 0.2 x 0.25 corrections, 0.9 + 0.1 x 0.75 deliveries."""
    after = limited(0.25).apply(layered)
    assert [[round(b.probability, 9) for b in t.branches] for t in after.templates] == [
        [1.0],
        [0.25, 0.75],
        [0.25, 0.75],
    ]
    per_case = after.activity_table().set_index("activity")["per_case"]
    assert per_case[["承办", "审核", "补正", "送达"]].tolist() == pytest.approx([1.05, 1.05, 0.05, 0.975])
    assert "会签" not in per_case.index


def test_steps_fall_by_the_levels_dropped_whatever_is_noticed(layered):
    """Returns count in executions only; a case granted instead of refused is delivered, and so has one step more."""
    before = steps(layered)
    assert (before - steps(limited(1.0).apply(layered)) == 2).all()
    saved = before - steps(limited(0.0).apply(layered))
    assert set(saved) == {1.0, 2.0}


def test_only_returns_of_dropped_levels_vanish():
    """The second level returned the first case, the third the second one: with three levels kept none of it goes."""
    process = office(
        *DESKS,
        paths=[
            Path(("受理", "承办", "审核", "承办", *SIGNED[1:], "送达"), weight=50.0),
            Path(("受理", "承办", "审核", "决定", "承办", *SIGNED[1:], "送达"), weight=50.0),
        ],
    )
    three = LimitLevels(department="甲局", levels=3, detection=0.0).apply(process)
    assert [len(t.branches[0].steps) for t in three.templates] == [7, 8]
    two = limited(0.0).apply(process)
    assert names(two, 0) == ("受理", "承办", "审核", "承办", "审核", "送达")
    assert names(two, 1) == ("受理", "承办", "审核", "送达")


def test_what_was_asked_before_the_return_is_asked_all_the_same():
    """The third level consults, the fourth returns: without the return the consultation is still the first one."""
    desks = (*DESKS, Desk("会办", "consult_dept", 1.0, department="乙局"))
    path = Path(("受理", *SIGNED[:3], "会办", "会签", *SIGNED, "送达"), weight=100.0)
    after = limited(0.0).apply(office(*desks, paths=[path]))
    assert names(after, 0) == ("受理", "承办", "审核", "会办", "送达")


def test_the_default_is_what_it_was_before_there_was_the_parameter():
    """No loss of detection: the same logs, bit for bit, as dropping the steps alone."""
    process = fit_process(bundle_log(), calendar=CALENDAR)
    whole = LimitLevels(department="市场监管局", levels=2).apply(process)
    assert [len(t.branches) for t in whole.templates] == [len(t.branches) for t in process.templates]
    assert same_runs(whole, LimitLevels(department="市场监管局", levels=2, detection=1.0).apply(process))
    # Its fourth level never returns or refuses: nothing can go unnoticed.
    assert same_runs(whole, LimitLevels(department="市场监管局", levels=2, detection=0.0).apply(process))


def test_rare_refusals_are_dealt_out_to_the_share():
    process = office(
        *DESKS, paths=[Path(STRAIGHT, weight=200.0), *(Path(REFUSED, weight=1.0 + k / 100) for k in range(40))]
    )
    after = limited(0.25).apply(process)
    refused = sum(t.cases for t in after.templates[1:] if len(t.branches[0].steps) == 3)
    assert refused == pytest.approx(0.25 * sum(1.0 + k / 100 for k in range(40)), abs=1.5)


def test_cautions_tell_what_the_dropped_levels_did(layered):
    said = [en for _zh, en in limited(1.0).cautions(layered)]
    assert said == [
        "20.0% of the cases that reach a dropped level were returned by it.",
        "10.0% of the cases that reach a dropped level were refused by it: these refusals rest with the level kept.",
    ]
    lenient = [en for _zh, en in limited(0.4).cautions(layered)]
    assert any("10.0%" in s and "60% would now be granted" in s for s in lenient)


def test_nothing_speaks_against_levels_that_change_nothing():
    process = office(*DESKS[:5], DESKS[-1], paths=[Path(STRAIGHT, weight=100.0)])
    assert LimitLevels(department="甲局", levels=3).cautions(replace(process, catalogue=Catalogue())) == ()


def test_a_collective_decision_and_a_step_the_law_requires_are_cautions():
    desks = (
        *DESKS[:3],
        Desk("局长办公会会审", "decide", 1.0, level=3),
        Desk("签发", "decide", 1.0, level=4),
        DESKS[-1],
    )
    process = replace(office(*desks), gates=(weekly({3: [(14, 15)]}), OFFICE))
    nodes = list(process.nodes)
    nodes[4] = replace(nodes[4], batch=Batch("slots", gate=0))
    meeting = replace(process, nodes=tuple(nodes))
    said = [en for _zh, en in limited(1.0).cautions(meeting)]
    assert [s for s in said if "collective" in s] == [
        "“局长办公会会审” looks like a collective decision: whether it may be changed is to be checked.",
        "“签发” looks like a collective decision: whether it may be changed is to be checked.",
    ]
    # Let go in any office hour it is no meeting.
    nodes[4] = replace(nodes[4], batch=Batch("slots", gate=1))
    daily = [en for _zh, en in limited(1.0).cautions(replace(process, nodes=tuple(nodes)))]
    assert not any("“签发”" in s for s in daily)
    table = pd.DataFrame(
        {"item_code": ["A", "B"], "seq": [1, 1], "name": ["签发", "审核"], "legally_required": [True, True]}
    )
    bound = replace(process, catalogue=Catalogue(item_steps=table))
    said = [en for _zh, en in limited(1.0).cautions(bound)]
    assert "The catalogue marks “签发” as required by law." in said


def test_one_officer_for_review_and_decision_is_a_caution():
    process = office(
        Desk("承办", "review", 1.0, level=1, servers=1), Desk("审核", "check", 1.0, level=2, servers=1), Desk("决定", "decide", 1.0, level=3)
    )  # fmt: skip
    nodes = list(process.nodes)
    nodes[1] = replace(nodes[1], performers=nodes[0].performers, pool=nodes[0].pool)
    said = [en for _zh, en in limited(1.0).cautions(replace(process, nodes=tuple(nodes)))]
    assert said == [
        "One and the same officer would do both “承办” and “审核”; reviewer and decider are to be different persons."
    ]


def test_a_case_that_holds_nothing_but_dropped_levels_keeps_them():
    process = office(*DESKS, paths=[Path(STRAIGHT, weight=50.0), Path(("决定", "会签"), weight=50.0)])
    after = limited(1.0).apply(process)
    assert after.templates[1] == process.templates[1]
    assert problems(after).empty


def test_a_changed_process_survives_its_file(layered, tmp_path):
    after = limited(0.25).apply(layered)
    assert problems(after).empty
    after.save(tmp_path / "p.json")
    assert Process.load(tmp_path / "p.json") == after


def test_both_languages_say_something():
    (measure,) = Scenario("s").limit_levels("甲局", 2, detection=0.5)
    assert measure == limited(0.5)
    assert measure.assumed("en") == "甲局: the level kept makes 50% of the returns and refusals of the levels dropped"
    for lang in ("zh", "en"):
        for text in (measure.name, measure.description, measure.legal_note, measure.label, measure.assumed):
            assert text(lang)
