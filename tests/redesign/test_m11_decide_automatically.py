"""M11: a share of the straight cases passes the activities at once, audits follow, the rest stays as it was."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from bundle_log import bundle_log
from processes import CALENDAR, OFFICE, Path, exponential
from staged_office import Desk, events, office, same_runs, span_h, steps

from flowaudit.catalogue import Catalogue
from flowaudit.errors import InputError
from flowaudit.process import Process, fit_process, problems
from flowaudit.redesign import DecideAutomatically, MeasureRefusedError, Scenario

DESKS = (
    Desk("受理", "accept", 1.0),
    Desk("审查", "review", 4.0, 10.0, level=1),
    Desk("审核", "check", 2.0, 20.0, level=2),
    Desk("决定", "decide", 1.0, 30.0, level=3),
    Desk("送达", "deliver", 0.5, 5.0),
)
BLOCK = ("审查", "审核", "决定")


@pytest.fixture(scope="module")
def straight():
    return office(*DESKS)


@pytest.fixture(scope="module")
def mixed():
    """Of 1 000 cases 600 go straight through, 250 are returned by the decision, 150 are refused by it."""
    return office(
        *DESKS,
        paths=[
            Path(("受理", *BLOCK, "送达"), weight=600.0),
            Path(("受理", *BLOCK, *BLOCK, "送达"), weight=250.0),
            Path(("受理", *BLOCK), weight=150.0),
        ],
    )


def test_an_automatic_case_takes_neither_the_delay_nor_the_work_of_its_activities(straight):
    """1 h of acceptance and 5 h + 0.5 h of delivery are left of 73.5 h."""
    after = DecideAutomatically(activities=BLOCK, share=1.0, audited=0.0).apply(straight)
    assert span_h(events(straight)) == pytest.approx(73.5)
    assert span_h(events(after)) == pytest.approx(6.5, abs=1e-3)
    assert (steps(straight) - steps(after) == 3).all()


def test_the_outcomes_have_exactly_their_shares(straight):
    after = DecideAutomatically(activities=BLOCK, share=0.4, audited=0.25, error=0.1).apply(straight)
    (template,) = after.templates
    lengths = [(round(b.probability, 9), len(b.steps)) for b in template.branches]
    assert lengths == [(0.3, 5), (0.09, 6), (0.01, 7), (0.6, 5)]


def test_steps_and_workload_are_those_on_paper(straight):
    """400 cases: 0.4 automatic; a quarter of these audited (4 h of review), a tenth of which put right (1 h of decision)."""
    after = DecideAutomatically(activities=BLOCK, share=0.4, audited=0.25, error=0.1).apply(straight)
    run = events(after)
    counts = run["activity"].value_counts()
    n_auto = int((run["activity"].eq("审查") & run["is_auto"]).sum())
    assert 0.33 < n_auto / 400 < 0.47
    assert 0.1 < counts["审查抽查"] / n_auto < 0.4
    by_hand = run[~run["is_auto"]].groupby("activity", observed=True)["hours"].sum()
    assert by_hand["审查"] == pytest.approx(4.0 * (400 - n_auto), rel=1e-4)
    assert by_hand["审查抽查"] == pytest.approx(4.0 * counts["审查抽查"], rel=1e-4)
    assert by_hand.get("决定更正", 0.0) == pytest.approx(1.0 * counts.get("决定更正", 0), rel=1e-4)
    expected = 4.0 * (0.6 + 0.4 * 0.25) + 2.0 * 0.6 + 1.0 * (0.6 + 0.4 * 0.25 * 0.1)
    table = after.activity_table().set_index("activity")
    human = table[table.index.isin([*BLOCK, "审查抽查", "决定更正"])]
    assert (human["per_case"] * human["work_h"]).sum() == pytest.approx(expected)


def test_an_audit_comes_after_the_decision_and_delays_nobody(straight):
    """The result is delivered as if there were no audit."""
    after = DecideAutomatically(activities=BLOCK, share=1.0, audited=1.0).apply(straight)
    run = events(after).set_index("case_id")
    assert (run[run["activity"] == "审查抽查"]["start"] >= run[run["activity"] == "决定"]["end"]).all()
    handed = run[run["activity"] == "送达"]["end"] - run[run["activity"] == "受理"]["start"]
    assert (handed.dt.total_seconds() / 3600.0).to_numpy() == pytest.approx(6.5, abs=1e-3)
    assert set(run[run["activity"] == "审查抽查"]["resource"].str.split().str[0]) == {"审查"}
    assert run[run["activity"] == "审查抽查"]["stage"].isna().all()


def test_an_audit_follows_the_last_of_the_activities(straight):
    after = DecideAutomatically(activities=BLOCK, share=1.0, audited=1.0, error=1.0).apply(straight)
    (branch,) = after.templates[0].branches
    order = {after.nodes[s.node].activity: (s, i) for i, s in enumerate(branch.steps)}
    assert order["审查抽查"][0].after == (order["决定"][1],)
    assert order["决定更正"][0].after == (order["审查抽查"][1],)


def test_the_share_is_one_of_all_cases_that_pass(mixed):
    """400 of 1 000 cases are 400 of the 600 that go straight through."""
    after = DecideAutomatically(activities=BLOCK, share=0.4, audited=0.0).apply(mixed)
    assert [b.probability for b in after.templates[0].branches] == pytest.approx([2 / 3, 1 / 3])
    assert after.changes[-1][1] == 400


def test_a_machine_decides_by_night(straight):
    """An officer who works in office hours decides tomorrow, the machine now."""
    night = replace(straight, calendars=(OFFICE, *straight.calendars[1:]))
    after = DecideAutomatically(activities=BLOCK, share=1.0, audited=0.0).apply(night)
    run = events(after)
    decided = run[run["activity"] == "决定"]
    accepted = run[run["activity"] == "受理"]
    assert (decided["end"].to_numpy() == accepted["end"].to_numpy()).all()


def test_what_was_returned_or_refused_stays_with_people(mixed):
    after = DecideAutomatically(activities=BLOCK, share=0.6, audited=0.0).apply(mixed)
    assert after.templates[1:] == mixed.templates[1:]
    nodes = [after.nodes[s.node] for s in after.templates[0].branches[0].steps]
    assert [n.automatic for n in nodes] == [False, True, True, True, False]
    assert all(n.pool == -1 and not n.performers for n in nodes if n.automatic)


def test_more_than_goes_straight_through_is_refused_and_the_most_named(mixed):
    with pytest.raises(MeasureRefusedError, match=r"60\.0%") as caught:
        DecideAutomatically(activities=BLOCK, share=0.7).apply(mixed)
    assert "0.60" in caught.value.hint


def test_something_else_in_between_is_not_straight():
    desks = (*DESKS[:2], Desk("会办", "consult_dept", 1.0, department="乙局"), *DESKS[2:])
    process = office(
        *desks,
        paths=[
            Path(("受理", *BLOCK, "送达"), weight=500.0),
            Path(("受理", "审查", "会办", "审核", "决定", "送达"), weight=500.0),
        ],
    )
    with pytest.raises(MeasureRefusedError, match=r"50\.0%"):
        DecideAutomatically(activities=BLOCK, share=0.6).apply(process)
    after = DecideAutomatically(activities=BLOCK, share=0.5, audited=0.0).apply(process)
    assert after.templates[1] == process.templates[1]


def test_no_share_is_the_identity(straight):
    after, touched = DecideAutomatically(activities=BLOCK, share=0.0).transform(straight)
    assert touched == 0
    assert same_runs(straight, after)
    with pytest.raises(MeasureRefusedError, match="no observed case"):
        DecideAutomatically(activities=BLOCK, share=0.0).apply(straight)


def test_cases_left_to_people_keep_their_luck(straight):
    """The steps outside the block of a case are drawn as before, whatever happens inside."""
    random = office(*DESKS[:4], Desk("送达", "deliver", exponential(3.0), exponential(20.0)))
    after = DecideAutomatically(activities=BLOCK, share=0.5, audited=0.5).apply(random)
    a, b = (events(p) for p in (random, after))
    a, b = (f[f["activity"] == "送达"]["hours"].to_numpy() for f in (a, b))
    assert a == pytest.approx(b, abs=1e-3)


def test_rare_ways_are_dealt_out_to_the_share():
    process = fit_process(bundle_log(), calendar=CALENDAR)
    measure = DecideAutomatically(activities=("消防承办", "消防决定"), share=0.5, audited=0.2)
    after = measure.apply(process)
    automatic = {i for i, n in enumerate(after.nodes) if n.automatic}
    share = sum(
        t.cases * b.probability
        for t in after.templates
        for b in t.branches
        if any(s.node in automatic for s in b.steps)
    )
    assert share == pytest.approx(30.0, abs=1.5)
    assert problems(after).empty
    assert after.changes[-1] == (measure.label(), 30)


def test_a_changed_process_survives_its_file(straight, tmp_path):
    after = DecideAutomatically(activities=BLOCK, share=0.4, error=0.1).apply(straight)
    assert problems(after).empty
    after.save(tmp_path / "p.json")
    assert Process.load(tmp_path / "p.json") == after


def test_what_needs_somebody_on_the_spot_is_refused():
    process = office(DESKS[0], Desk("现场核查", "inspect", 2.0), *DESKS[3:])
    with pytest.raises(MeasureRefusedError, match="on the spot"):
        DecideAutomatically(activities=("现场核查",), share=0.1).apply(process)


def test_an_unknown_activity_is_named_with_its_nearest(straight):
    with pytest.raises(InputError, match="审查岗") as caught:
        DecideAutomatically(activities=("审查岗",), share=0.1).apply(straight)
    assert "审查" in caught.value.hint


def test_cautions_speak_of_exceptions_refusals_and_undetected_errors(mixed):
    said = [en for _zh, en in DecideAutomatically(activities=BLOCK, share=0.5, audited=0.2, error=0.05).cautions(mixed)]
    assert any(s.startswith("40%") for s in said)
    assert any(s.startswith("15.0%") for s in said)
    # 0.5 x 1 000 cases, four fifths not looked at, 5 % wrong.
    assert any("about 20 of 1000" in s for s in said)


def test_cautions_of_the_catalogue(straight):
    catalogue = Catalogue(
        items=pd.DataFrame({"item_code": ["A"], "name": ["甲事项"], "risk_class": ["高"]}),
        item_steps=pd.DataFrame({"item_code": ["A"], "seq": [1], "name": ["审核"], "legally_required": [True]}),
    )
    said = [
        en
        for _zh, en in DecideAutomatically(activities=BLOCK, share=0.5).cautions(replace(straight, catalogue=catalogue))
    ]
    assert any("“审核” as required by law" in s for s in said)
    assert any("“甲事项” in a high class of risk" in s for s in said)


def test_few_cases_and_a_log_without_deliveries_are_cautions():
    process = office(*DESKS[:4], paths=[Path(("受理", *BLOCK), weight=50.0)])
    said = [en for _zh, en in DecideAutomatically(activities=BLOCK, share=0.5).cautions(process)]
    assert any(s.startswith("Only 25 observed cases") for s in said)
    assert any("includes the later audits" in s for s in said)
    unaudited = DecideAutomatically(activities=BLOCK, share=1.0, audited=0.0)
    assert unaudited.cautions(process) == ()


def test_the_same_activity_elsewhere_is_not_straight():
    """Two departments that review one after the other review twice, whatever their nodes."""
    process = office(*DESKS[:2], Desk("复查", "review", 1.0, department="乙局"), *DESKS[3:])
    process = replace(
        process, nodes=tuple(replace(n, activity="审查") if n.activity == "复查" else n for n in process.nodes)
    )
    with pytest.raises(MeasureRefusedError, match=r"0\.0%"):
        DecideAutomatically(activities=("审查",), share=0.1).apply(process)


def test_nothing_speaks_against_a_straight_process_without_errors(straight):
    assert DecideAutomatically(activities=BLOCK, share=0.5).cautions(straight) == ()


def test_the_verb_builds_it_and_both_languages_say_something(straight):
    (measure,) = Scenario("s").decide_automatically(*BLOCK, share=0.3, audited=0.5)
    assert measure == DecideAutomatically(activities=BLOCK, share=0.3, audited=0.5)
    for lang in ("zh", "en"):
        for text in (measure.name, measure.description, measure.legal_note, measure.label, measure.assumed):
            assert text(lang)
    assert np.isfinite(steps(measure.apply(straight))).all()
