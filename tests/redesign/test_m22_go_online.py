"""M22: what is done online needs no trip, in the share given; everything else is as it was."""

from dataclasses import replace

import pytest
from processes import CALENDAR, at
from small_offices import Do, office, same_runs, with_catalogue

from flowaudit.errors import InputError
from flowaudit.metrics import case_measures
from flowaudit.process import Trip, problems
from flowaudit.redesign import GoOnline, MeasureRefusedError, Scenario
from flowaudit.simulation import simulate


def visits(cases=400.0):
    """Applied for and collected at the counter, a hearing elsewhere; the applicant came once in vain to apply."""
    process = office(
        [
            Do("申请", "apply", "SP", site="大厅"),
            Do("听证", "special", "SP", "市场监管局", work=30.0, site="会议中心"),
            Do("领取", "deliver", "SP", delay=48.0, site="大厅"),
        ],
        cases=[cases], arrivals=at(*(5.0 * k for k in range(200))),
    )  # fmt: skip
    (branch,) = process.templates[0].branches
    return replace(
        process, templates=(replace(process.templates[0], branches=(replace(branch, trips=(Trip(0, "大厅", 9),)),)),)
    )


def trips(process):
    return case_measures(simulate(process, replications=1, calendar=CALENDAR)[0], calendar=CALENDAR)["trips"]


def test_all_online_is_no_trip_at_all():
    after = Scenario("s").go_online(share=1.0).apply(visits())
    assert problems(after).empty
    assert (trips(visits()) == 4).all()
    assert all(s.site is None for b in after.templates[0].branches for s in b.steps)
    assert all(b.trips == () for b in after.templates[0].branches)


def test_nobody_online_is_the_office_as_it_is():
    assert same_runs(visits(), Scenario("s").go_online(share=0.0).apply(visits()))


def test_a_share_of_the_applicants_does_all_of_it_online():
    """Of 400 cases exactly a quarter; they are the same for both activities."""
    after = Scenario("s").go_online("申请", "领取", share=0.25).apply(visits())
    sites = {tuple(s.site for s in b.steps): (b.probability, len(b.trips)) for b in after.templates[0].branches}
    assert sites == {(None, "会议中心", None): (0.25, 0), ("大厅", "会议中心", "大厅"): (0.75, 1)}
    assert trips(after).mean() == pytest.approx(0.25 * 1 + 0.75 * 4, abs=0.35)


def test_rare_ways_are_dealt_out_to_their_share():
    process = visits()
    many = replace(process, templates=tuple(replace(process.templates[0], cases=1.0) for _way in range(100)))
    after = Scenario("s").go_online("申请", share=0.3).apply(many)
    assert sum(t.branches[0].steps[0].site is None for t in after.templates) == 30
    assert all(len(t.branches) == 1 for t in after.templates)


def test_nothing_but_the_visits_changes():
    def but_for_visits(process):
        run = simulate(process, replications=1, seed=4, calendar=CALENDAR)[0].to_pandas()
        return run.drop(columns="visit_id")

    assert but_for_visits(visits()).equals(but_for_visits(Scenario("s").go_online(share=1.0).apply(visits())))


def test_two_measures_deal_independently():
    process = visits()
    many = replace(process, templates=tuple(replace(process.templates[0], cases=1.0) for _way in range(400)))
    after = Scenario("s").go_online("申请", share=0.5).go_online("领取", share=0.5).apply(many)
    neither = sum(t.branches[0].steps[0].site is None and t.branches[0].steps[2].site is None for t in after.templates)
    assert 70 <= neither <= 130


def test_what_speaks_against_it_is_said():
    items = [{"item_code": "SP", "name": "食品", "visit_reason": "核验身份", "fully_online": False}]
    said = [c[1] for c in GoOnline(share=0.5).cautions(with_catalogue(visits(), items=items))]
    assert said == [
        "What is collected at “领取” must still reach the applicant: add issue_together with a courier share.",
        "The guide of “SP” says why the applicant must come: 核验身份.",
    ]
    assert GoOnline(activities=("申请",), share=0.5).cautions(visits()) == ()
    inspected = office([Do("现场核查", "inspect", "SP", "局", site="店面")])
    assert "on the spot" in GoOnline(share=0.5).cautions(inspected)[0][1]
    assert all(zh != "" for zh, _en in GoOnline(share=0.5).cautions(visits()))


def test_what_nobody_comes_for_is_refused():
    process = office([Do("申请", "apply", "SP", site="大厅"), Do("审查", "review", "SP", "局")])
    with pytest.raises(MeasureRefusedError, match="nobody comes") as caught:
        Scenario("s").go_online("审查", share=0.5).apply(process)
    assert "申请" in caught.value.hint
    with pytest.raises(InputError) as unknown:
        Scenario("s").go_online("申报", share=0.5).apply(process)
    assert "申请" in unknown.value.hint
    with pytest.raises(MeasureRefusedError, match="does not record visits"):
        Scenario("s").go_online(share=0.5).apply(replace(process, has_visits=False))
