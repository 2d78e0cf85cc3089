"""What is recommended of a front: its roles, its full simulation, and the words for it."""

import pytest
from planted_problems import CALENDAR, planted

from flowaudit.planning import recommend, role_name, search
from flowaudit.redesign import Candidate, Candidates
from flowaudit.targets import Target

OPTIONS = {"cases": 100, "metrics": ("steps", "time"), "workers": 1, "policy": "C_node", "calendar": CALENDAR}


@pytest.fixture(scope="module")
def problem():
    return planted(2, sections=3)


@pytest.fixture(scope="module")
def found(problem):
    rated = Candidates(
        "rated", tuple(Candidate(c.key, c.entry, risk=float(k % 2)) for k, c in enumerate(problem.candidates))
    )
    return search(problem.process, rated, budget_yuan=problem.budget, **OPTIONS)


def test_the_largest_saving_is_the_planted_optimum_and_full_simulation_says_the_same(problem, found):
    chosen = recommend(found, problem.process, replications=3)
    largest = next(r for r in chosen if "largest" in r.roles)
    assert problem.improvement[largest.point.portfolio] == pytest.approx(problem.best)
    compared = largest.verdict.comparison("time")
    before, after = (figure.extra["mean"] for figure in (compared.before, compared.after))
    assert before - after == pytest.approx(largest.point.saved["time"][0], abs=1e-9)
    assert len(largest.runs) == 3


def test_roles_are_what_they_say(problem, found):
    chosen = {role: r.point for r in recommend(found, problem.process, replications=3) for role in r.roles}
    assert chosen["safest"].risk == 0
    front = [p for p in found.front if p.portfolio]
    assert chosen["value"].improvement / chosen["value"].cost_yuan == max(p.improvement / p.cost_yuan for p in front)
    assert chosen["time"].means["time"] <= min(p.means["time"] for p in front) + found.zone["time"]


def test_the_cheapest_that_meets_the_targets_comes_first(problem, found):
    wanted = Target(metric="time", reduction=0.15)
    first = recommend(found, problem.process, targets=(wanted,), replications=3)[0]
    assert first.roles[0] == "targets"
    assert first.verdict.status == "met"
    base = found.base.means["time"]
    cheaper = [p for p in found.front if p.portfolio and p.cost_yuan < first.point.cost_yuan]
    assert all((base - p.means["time"]) / base < 0.16 for p in cheaper)


def test_targets_beyond_reach_are_not_promised(problem, found):
    chosen = recommend(found, problem.process, targets=(Target(metric="time", reduction=0.9),), replications=3)
    assert all("targets" not in r.roles for r in chosen)
    assert {r.verdict.status for r in chosen} == {"not_met"}


def test_the_words_name_every_candidate(problem, found):
    largest = recommend(found, problem.process, replications=3)[0]
    for lang in ("zh", "en"):
        text = "\n".join(largest.sentences(lang))
        for candidate in found.candidates:
            assert candidate.label(lang) in text
    told = largest.to_dict("en")
    assert told["roles"][0]["name"] == role_name(largest.roles[0], "en")
    assert told["measures"] == [e.label("en") for e in largest.scenario.entries]


def test_leaving_a_measure_out_costs_what_the_search_saw(problem, found):
    largest = next(r for r in recommend(found, problem.process, replications=3) if "largest" in r.roles)
    lost = [s for s in largest.sentences("en") if s.startswith("Without [")]
    assert len(lost) == len(largest.point.portfolio)
    for number in largest.point.portfolio:
        without = tuple(k for k in largest.point.portfolio if k != number)
        assert problem.improvement[without] <= problem.best


def test_nothing_better_nothing_recommended(problem):
    dear = Candidates("dear", problem.candidates.candidates[:1])
    found = search(problem.process, dear, zone={"steps": 99.0, "time": 999.0}, **OPTIONS)
    assert [p.portfolio for p in found.front] == [()]
    assert recommend(found, problem.process, replications=2) == ()
