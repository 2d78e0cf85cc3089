"""A search finds the optimum that listing everything finds, keeps budget and rules, and goes on where it was stopped."""

import itertools
import json

import numpy as np
import pytest
from planted_problems import CALENDAR, exact, planted
from processes import MONDAY, Station, constant, line

from flowaudit.errors import InputError, InsufficientDataError, UsageError
from flowaudit.planning import search
from flowaudit.redesign import Candidate, Candidates, Entry, MergeSteps, Parallelise

OPTIONS = {"cases": 100, "metrics": ("steps", "time"), "workers": 1, "policy": "C_node", "calendar": CALENDAR}


@pytest.fixture(scope="module")
def problem():
    return planted(2)


@pytest.mark.parametrize("seed", range(20))
def test_the_planted_optimum_is_found(seed):
    problem = planted(seed, sections=3)
    found = search(problem.process, problem.candidates, budget_yuan=problem.budget, **OPTIONS)
    assert problem.improvement[found.winner.portfolio] == pytest.approx(problem.best, abs=1e-12)
    assert found.winner.improvement == pytest.approx(problem.best, abs=1e-9)
    assert set(found.tried) == set(problem.improvement)


def test_an_analyst_who_takes_one_after_the_other_does_worse_somewhere():
    problems = [planted(seed, sections=3) for seed in range(20)]
    regret = np.array([p.best - p.greedy() for p in problems])
    assert (regret >= 0).all()
    assert (regret > 0.005).sum() >= 3


def test_the_front_is_the_one_that_listing_everything_gives(problem):
    """Deterministic, no indifference: a portfolio is on the front unless another is nowhere worse and somewhere better."""
    found = search(problem.process, problem.candidates, zone={"steps": 1e-9, "time": 1e-9}, **OPTIONS)
    values = {}
    for portfolio in found.tried:
        after = problem.candidates.scenario(portfolio).apply(problem.process)
        values[portfolio] = (*exact(after), problem.candidates.cost_yuan(portfolio))
    front = {
        p: v
        for p, v in values.items()
        if not any(all(b <= a + 1e-9 for a, b in zip(v, w, strict=True)) and w != v for w in values.values())
    }
    assert {values[p.portfolio] for p in found.front} == set(front.values())


def test_with_luck_the_regret_stays_within_the_zone():
    for seed in range(3):
        problem = planted(seed, sections=2, luck=True)
        found = search(problem.process, problem.candidates, budget_yuan=problem.budget, **OPTIONS)
        # The truth: many more replications with other luck.
        truth = search(
            problem.process, problem.candidates, budget_yuan=problem.budget, **{**OPTIONS, "cases": 100, "seed": 99}
        )
        best = max(p.improvement for p in truth.tried.values())
        assert truth.tried[found.winner.portfolio].improvement > best - 0.02


def test_where_there_are_too_many_a_local_search_comes_near(problem):
    found = search(problem.process, problem.candidates, budget_yuan=problem.budget, most=50, **OPTIONS)
    assert not found.exhaustive
    assert len(found.tried) + len(found.refused) <= 50
    assert problem.improvement[found.winner.portfolio] > 0.9 * problem.best
    assert "local search" in found.rule("en")


def test_the_budget_is_kept_and_what_clashes_is_not_combined(problem):
    found = search(problem.process, problem.candidates, budget_yuan=problem.budget, **OPTIONS)
    for portfolio in found.tried:
        assert problem.candidates.cost_yuan(portfolio) <= problem.budget
        assert not problem.candidates.clashes & set(itertools.combinations(portfolio, 2))


def test_two_workers_find_what_one_finds(problem):
    one = search(problem.process, problem.candidates, budget_yuan=problem.budget, **OPTIONS)
    two = search(problem.process, problem.candidates, budget_yuan=problem.budget, **{**OPTIONS, "workers": 2})
    assert one.table().equals(two.table())
    assert one.refused == two.refused


def test_a_search_that_was_interrupted_goes_on_where_it_stopped(problem, tmp_path):
    path = tmp_path / "search.jsonl"
    whole = search(problem.process, problem.candidates, budget_yuan=problem.budget, journal=path, **OPTIONS)
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    assert json.loads(lines[0])["schema"] == "flowaudit.search/1"
    path.write_text("".join(lines[:40]) + lines[40][:10], encoding="utf-8", newline="\n")
    again = search(problem.process, problem.candidates, budget_yuan=problem.budget, journal=path, **OPTIONS)
    assert again.recalled == 39
    assert again.table().equals(whole.table())
    assert sorted(path.read_text(encoding="utf-8").splitlines()) == sorted(line.rstrip("\n") for line in lines)


def test_a_journal_of_another_search_is_not_taken(problem, tmp_path):
    path = tmp_path / "search.jsonl"
    search(problem.process, problem.candidates, budget_yuan=problem.budget, journal=path, **OPTIONS)
    with pytest.raises(InputError, match="other data, candidates or settings"):
        search(problem.process, problem.candidates, budget_yuan=problem.budget, journal=path, **{**OPTIONS, "seed": 8})
    path.write_text("no journal\n", encoding="utf-8")
    with pytest.raises(InputError, match="not the journal"):
        search(problem.process, problem.candidates, journal=path, **OPTIONS)


def test_interruption_leaves_a_journal_that_can_be_read(problem, tmp_path):
    path = tmp_path / "search.jsonl"

    def stop(_stage, done, _total):
        if done >= 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        search(problem.process, problem.candidates, budget_yuan=problem.budget, journal=path, progress=stop, **OPTIONS)
    assert (
        search(problem.process, problem.candidates, budget_yuan=problem.budget, journal=path, **OPTIONS).recalled == 20
    )


def test_a_budget_needs_costs_and_must_admit_something(problem):
    free = Candidates.of("x", [c.measure for c in problem.candidates])
    with pytest.raises(UsageError, match="needs the cost"):
        search(problem.process, free, budget_yuan=5.0, **OPTIONS)
    with pytest.raises(InsufficientDataError, match="admits no candidate") as caught:
        search(problem.process, problem.candidates, budget_yuan=0.5, **OPTIONS)
    assert "cheapest" in caught.value.hint


def test_what_is_not_recorded_is_no_objective(problem):
    with pytest.raises(InsufficientDataError, match="materials"):
        search(problem.process, problem.candidates, **{**OPTIONS, "metrics": ("materials",)})
    with pytest.raises(UsageError, match="no metric 'speed'"):
        search(problem.process, problem.candidates, **{**OPTIONS, "metrics": ("speed",)})
    found = search(problem.process, Candidates.of("x", [problem.candidates[0].measure]), **{**OPTIONS, "metrics": None})
    assert found.rules.metrics == ("steps", "time")


def test_candidates_that_never_apply_are_a_clear_error():
    process = line(
        Station("a", constant(1.0), 0),
        Station("b", constant(1.0), 0),
        arrivals=MONDAY + np.arange(20) * np.timedelta64(1, "D"),
    )
    with pytest.raises(InsufficientDataError, match="no candidate can be simulated"):
        search(process, Candidates.of("x", [Parallelise(names=("a", "c"))]), **{**OPTIONS, "metrics": ("time",)})


def test_costs_and_risks_are_objectives_where_they_are_stated():
    problem = planted(1, sections=2)
    rated = Candidates(
        "rated",
        tuple(Candidate(c.key, c.entry, risk=float(k % 2)) for k, c in enumerate(problem.candidates)),
    )
    found = search(problem.process, rated, **OPTIONS)
    assert {p.risk for p in found.front} >= {0.0}
    assert found.tried[()].cost_yuan == 0.0
    plain = search(
        problem.process,
        Candidates("p", tuple(Candidate(c.key, Entry(c.measure)) for c in problem.candidates)),
        **OPTIONS,
    )
    assert all(p.risk is None and p.cost_yuan is None for p in plain.front)
    assert len(plain.front) <= len(found.front)


def test_what_makes_no_difference_is_left_out_of_the_front():
    """Merging without a delay saves a step; the same saving is not offered twice with a useless measure beside it."""
    problem = planted(3, sections=1)
    names = ("A0", "A1", "A2")
    useful = MergeSteps(first=names[0], second=names[1])
    found = search(problem.process, Candidates.of("x", [useful]), **OPTIONS)
    assert [p.portfolio for p in found.front] == [(0,)]
