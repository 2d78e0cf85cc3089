"""The compiled loop against a plain simulator of the same rules: the same times, the same people, ties included."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from processes import CALENDAR, MONDAY, at, constant, hand_made

from flowaudit.process import (
    Batch,
    Branch,
    Node,
    Performer,
    Pool,
    Process,
    Profile,
    Resource,
    Step,
    Template,
    always,
    family,
    weekly,
)
from flowaudit.simulation import simulate
from tests.simulation.reference import simulate_plainly

SHIFTS = (
    always(),
    weekly({day: [(9, 12), (13, 17)] for day in range(5)}),
    weekly({day: [(8, 16)] for day in range(5)}),
    weekly({day: [(10, 15)] for day in (1, 3)}),
    weekly({day: [(0, 6), (20, 24)] for day in range(7)}),
    weekly({day: [(8.5, 9), (11, 12.5), (13, 13.5)] for day in range(5)}),
)
CLOCKS = (
    always(),
    Profile(2.0 * weekly({day: [(6, 22)] for day in range(5)}).rates),
    Profile(SHIFTS[1].rates + SHIFTS[2].rates),
)
GATES = (
    weekly({2: [(10, 10.5)]}),
    weekly({day: [(9, 9.5), (16, 16.5)] for day in range(5)}),
    weekly({day: [(7, 8), (17, 23)] for day in range(7)}),
)
ROUND = [constant(h) for h in (0.0, 0.5, 1.0, 2.0, 3.0, 5.0)]
SMOOTH = [family("uniform", low=low, high=high) for low, high in ((0.1, 0.7), (0.5, 2.5), (1.0, 4.0), (0.2, 7.0))]


class Sketch:
    """A process that says in a few lines what it is, should it be a counterexample."""

    def __init__(self, process: Process) -> None:
        self.process = process

    def __repr__(self) -> str:
        p = self.process
        names = {id(c): f"SHIFTS[{k}]" for k, c in enumerate(SHIFTS)}
        lines = [f"{p.contention}, habit {p.habit}, open {names[id(p.open_profile)]}"]
        lines += [f"{r.name}: SHIFTS[{r.calendar}], {r.capacity} places" for r in p.resources]
        for k, node in enumerate(p.nodes):
            people = [(w.resource, w.weight, w.work) for w in node.performers]
            rule = p.pools[node.pool].discipline if node.pool >= 0 else "-"
            lines.append(
                f"node {k}: {people}, {rule}, CLOCKS[{node.clock}], {node.batch}, auto={node.automatic}, overtime={node.overtime}"
            )
        for t in p.templates:
            lines.append(f"way {t.cases}, priority {t.priority}, due {t.due_h}")
            lines += [
                f"  {b.probability}: {[(s.node, s.after, s.wait, s.work, s.band) for s in b.steps]}" for b in t.branches
            ]
        return "\n".join(["", *lines, ""])


@st.composite
def offices(draw, *, rounded: bool) -> Sketch:
    """Small offices. ``rounded``: all durations are round, so that much happens at the same moment."""
    tables = ROUND if rounded else SMOOTH
    table = st.integers(-1, len(tables) - 1)
    n_people = draw(st.integers(1, 4))
    kept = draw(st.lists(st.integers(0, len(SHIFTS) - 1), min_size=1, max_size=2))
    resources = tuple(
        Resource(f"P{k}", 0, draw(st.sampled_from(kept)), draw(st.sampled_from((1, 1, 1, 2, 3, 0)) if k else st.integers(1, 2)))
        for k in range(n_people)
    )  # fmt: skip
    # One rule in an office: how a case's priority compares with another's deadline is nobody's business.
    rules = ("fifo", draw(st.sampled_from(("fifo", "priority", "deadline"))))
    pools = tuple(Pool(f"Q{k}", None, 1, n_people, 0.0, rule) for k, rule in enumerate(rules))
    nodes = []
    for k in range(draw(st.integers(1, 4))):
        people = draw(st.lists(st.integers(0, n_people - 1), unique=True, max_size=n_people))
        if people and not any(resources[p].capacity for p in people):
            people = [0, *people]
        batch = draw(
            st.sampled_from((None, None, None, Batch("slots", gate=0), Batch("slots", gate=1), Batch("size", size=1),
                             Batch("size", size=3), Batch("size", size=2, patience_h=4.0), Batch("size", size=4, patience_h=0.5)))
        )  # fmt: skip
        nodes.append(
            Node(
                f"N{k}", pool=draw(st.integers(0, 1)) if people else -1, clock=draw(st.integers(0, len(CLOCKS) - 1)),
                automatic=draw(st.integers(0, 7)) == 7, batch=batch,
                overtime=draw(st.sampled_from((-1, -1, 1, 2))),
                performers=tuple(Performer(p, float(draw(st.integers(1, 3))), draw(table)) for p in people),
            )
        )  # fmt: skip

    def branch(probability: float) -> Branch:
        n = draw(st.integers(1, 5))
        steps = []
        for k in range(n):
            after = draw(st.lists(st.integers(0, k - 1), unique=True, max_size=2)) if k else []
            steps.append(
                Step(draw(st.integers(0, len(nodes) - 1)), tuple(sorted(after)), draw(table), draw(table), k, band=draw(st.integers(-1, 3)))
            )  # fmt: skip
        return Branch(probability, tuple(steps))

    templates = tuple(
        Template(
            float(draw(st.integers(1, 3))),
            (branch(1.0),) if draw(st.booleans()) else (branch(0.25), branch(0.5), branch(0.25)),
            (), float(draw(st.integers(0, 2))), float(draw(st.integers(1, 9))),
        )
        for _template in range(draw(st.integers(1, 3)))
    )  # fmt: skip
    process = hand_made(
        nodes=tuple(nodes), templates=templates, waits=tables, works=tables, profiles=CLOCKS, pools=pools, resources=resources,
        calendars=SHIFTS, gates=GATES, open_profile=draw(st.sampled_from(SHIFTS)),
        contention=draw(st.sampled_from(("pool", "resource"))), habit=draw(st.sampled_from((1.0, 0.5, 0.0))),
    )  # fmt: skip
    return Sketch(process)


def assert_same(process: Process, arrivals: np.ndarray, seed: int, until: np.datetime64 | None = None) -> None:
    run = simulate(process, arrivals=arrivals, seed=seed, replications=1, calendar=CALENDAR, until=until).runs[0]
    plain = simulate_plainly(process, arrivals, seed=seed, until=until)
    whole = [sorted(case, key=_time) for case in plain if case]
    assert np.diff(run.case_ptr).tolist() == [len(case) for case in whole]
    found = list(zip(run.node.tolist(), run.ready, run.start, run.end, run.who.tolist(), strict=True))
    for k, wanted in enumerate(whole):
        got = sorted(found[run.case_ptr[k] : run.case_ptr[k + 1]], key=_time)
        assert [(g[0], g[4]) for g in got] == [(w[0], w[4]) for w in wanted], f"case {k}: {got} is not {wanted}"
        np.testing.assert_allclose([g[1:4] for g in got], [w[1:4] for w in wanted], rtol=0, atol=1e-6)


def _time(instance: tuple[int, float, float, float, int]) -> tuple[object, ...]:
    return (*(round(t, 5) for t in instance[2:0:-1]), round(instance[3], 5), instance[0], instance[4])


arrival_hours = st.lists(st.integers(0, 60), min_size=1, max_size=30)
seeds = st.integers(0, 2**31 - 1)


@settings(max_examples=300, deadline=None)
@given(offices(rounded=True), arrival_hours, seeds)
def test_same_as_the_plain_simulator_when_much_happens_at_once(office, hours, seed):
    assert_same(office.process, at(*hours), seed)


@settings(max_examples=150, deadline=None)
@given(offices(rounded=False), st.lists(st.floats(0, 60), min_size=1, max_size=30), seeds)
def test_same_as_the_plain_simulator_when_nothing_does(office, hours, seed):
    assert_same(office.process, at(*hours), seed)


@settings(max_examples=80, deadline=None)
@given(offices(rounded=True), arrival_hours, seeds, st.integers(1, 100))
def test_same_as_the_plain_simulator_up_to_a_moment(office, hours, seed, until):
    assert_same(office.process, at(*hours), seed, MONDAY + np.timedelta64(max(until, min(hours)), "h"))
