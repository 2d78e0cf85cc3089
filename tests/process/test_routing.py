"""Ways composed from a log: as frequent as observed, remembered as far as the log supports, never longer than it allows."""

import itertools
from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from processes import CALENDAR

from flowaudit.eventlog import from_frame
from flowaudit.process import Branch, Episode, MaterialUse, Step, Template, Trip, fit_process, routing
from flowaudit.process.routing import Trace, generalise, ways_on
from flowaudit.simulation import simulate

ONLINE, WINDOW = (("channel", "online"),), (("channel", "window"),)


def number(letter):
    return ord(letter) - ord("A")


def chain(word, bands=None):
    """One letter is one step, after the one before it."""
    return tuple(
        Step(number(letter), (i - 1,) if i else (), -1, -1, i, band=0 if bands is None else bands[i])
        for i, letter in enumerate(word)
    )


def trace(word, attributes=(), bands=None):
    return Trace(Branch(1.0, chain(word, bands)), attributes, tuple(range(len(word))))


def order(*steps):
    """A partial order: letter and numbers of the steps it follows."""
    return tuple(Step(number(letter), after, -1, -1, i) for i, (letter, after) in enumerate(steps))


def word(template):
    return "".join(chr(ord("A") + s.node) for s in template.branches[0].steps)


def share(templates, wanted, given=lambda _t: True):
    """P(wanted | given), by weight."""
    base = sum(t.cases for t in templates if given(t))
    return sum(t.cases for t in templates if given(t) and wanted(t)) / base


def frequencies(templates):
    counts = Counter()
    for t in templates:
        for s in t.branches[0].steps:
            counts[s.node] += t.cases
    return dict(counts)


def loops(n=400, seed=1):
    """A B, then C and D as often as luck has it, then E."""
    rng = np.random.default_rng(seed)
    return ["AB" + "CD" * rng.geometric(0.6) + ("E" if rng.random() < 0.7 else "F") for _case in range(n)]


def as_composed(_ways, weight, traces):
    """Weights without a tilt."""
    return weight / weight.sum() * len(traces)


def test_every_activity_is_as_frequent_as_in_the_log():
    words = loops()
    templates = generalise([trace(w) for w in words])
    observed = Counter(number(letter) for w in words for letter in w)
    assert frequencies(templates) == pytest.approx(observed, rel=1e-6)
    assert sum(t.cases for t in templates) == pytest.approx(len(words))


def test_without_the_tilt_they_would_not_be(monkeypatch):
    """What the test above rests on: composed alone, the ways miss the log by chance and by the bound on loops."""
    monkeypatch.setattr(routing, "_tilted", as_composed)
    words = loops()
    observed = Counter(number(letter) for w in words for letter in w)
    found = frequencies(generalise([trace(w) for w in words]))
    assert max(abs(found[k] / n - 1) for k, n in observed.items()) > 1e-3


def test_a_log_whose_cases_are_all_different_gives_no_router():
    """Twelve activities in any order: no weights make what is composed as frequent as observed, and nothing is pretended."""
    rng = np.random.default_rng(5)
    shuffled = ["".join(rng.permutation(list("ABCDEFGHIJKL"))) for _case in range(40)]
    assert generalise([trace(w) for w in shuffled]) is None


LATE_CHOICE = [trace(w) for w in ["AXYZC", "BXYZD"] for _k in range(60)]
"""The fifth activity depends on the first; between them all is the same."""


def test_a_choice_that_depends_on_the_first_activity_is_remembered():
    templates = generalise(LATE_CHOICE)
    assert share(templates, lambda t: word(t)[0] == "A") == pytest.approx(0.5, abs=1e-6)
    # The whole past is used with 60 / 61; the rest of the time the last three say nothing.
    assert share(templates, lambda t: word(t)[-1] == "C", lambda t: word(t)[0] == "A") == pytest.approx(
        1 - 0.5 / 61, abs=0.02
    )
    assert share(templates, lambda t: word(t)[-1] == "D", lambda t: word(t)[0] == "B") > 0.97


def test_forgetting_the_whole_past_would_get_it_wrong(monkeypatch):
    remembered = routing._Memory._contexts

    def forgetful(*args):
        """The last two activities and the last one, nothing longer."""
        contexts = remembered(*args)
        return [object() for _longer in contexts[:-2]] + contexts[-2:]

    monkeypatch.setattr(routing._Memory, "_contexts", forgetful)
    templates = generalise(LATE_CHOICE)
    assert share(templates, lambda t: word(t)[-1] == "C", lambda t: word(t)[0] == "A") == pytest.approx(0.5, abs=0.06)


def test_what_depends_on_the_channel_only():
    """Delays make the pasts of these cases different; the attribute must still tell."""
    rng = np.random.default_rng(3)
    cases = [
        trace(w, attributes, rng.integers(0, 4, len(w)).tolist())
        for _k in range(80)
        for w, attributes in (("ABCDE", ONLINE), ("ABCDF", WINDOW))
    ]
    templates = generalise(cases)
    for attributes, end in ((ONLINE, "E"), (WINDOW, "F")):
        own = [t for t in templates if t.attributes == attributes]
        assert sum(t.cases for t in own) == pytest.approx(80, rel=0.01)
        assert share(own, lambda t, end=end: word(t)[-1] == end) > 0.85


def test_a_rare_case_is_not_copied():
    """One case of 201 goes through what the others know in an order of its own: chances are that it comes back as theirs."""
    cases = [trace("ABCDEFG") for _k in range(200)] + [trace("ADBFCEG")]
    templates = generalise(cases)
    assert share(templates, lambda t: word(t) == "ABCDEFG") > 0.97
    assert sum(t.cases for t in templates if word(t) == "ADBFCEG") < 0.5


def test_a_case_seen_twice_may_come_again():
    cases = [trace("ABCDEFG") for _k in range(200)] + [trace("ADBFCEG")] * 8
    again = sum(t.cases for t in generalise(cases) if word(t) == "ADBFCEG")
    assert 3 < again < 13


FORK = order(("A", ()), ("B", (0,)), ("C", (0,)), ("D", (1, 2)), ("E", (3,)))


def test_what_runs_at_once_still_does():
    cases = [Trace(Branch(1.0, FORK), (), (0, 1, 1, 2, 3))] * 50
    (template,) = generalise(cases)
    assert template.branches[0].steps == FORK
    assert template.cases == pytest.approx(50)


def test_both_orders_of_a_fork_wait_for_both():
    """B and C run beside each other, and the log has them in either order: D waits for both however it was composed."""
    other = order(("A", ()), ("C", (0,)), ("B", (0,)), ("D", (1, 2)), ("E", (3,)))
    cases = [Trace(Branch(1.0, s), (), (0, 1, 1, 2, 3)) for s in (FORK, other) for _k in range(40)]
    for template in generalise(cases):
        steps = template.branches[0].steps
        place = {s.node: i for i, s in enumerate(steps)}
        assert set(steps[place[number("D")]].after) == {place[number("B")], place[number("C")]}
        assert steps[place[number("B")]].after == steps[place[number("C")]].after == (0,)


def test_materials_episodes_and_trips_come_along():
    uses = (MaterialUse(1, "SP", "YYZZ", "applicant", False), MaterialUse(2, "SP", "SFZ", "applicant", True))
    rich = Branch(
        1.0,
        chain("ABCDE"),
        uses,
        (Episode(1, 3, "SP", "correction", False),),
        (Trip(2, "窗口", 3, "submit", "wasted"),),
    )
    cases = [Trace(rich, (), (0, 1, 2, 3, 4))] * 40 + [trace("ABDE")] * 40
    templates = generalise(cases)
    total = sum(t.cases for t in templates)
    handed = Counter()
    for t in templates:
        branch = t.branches[0]
        for use in branch.materials:
            handed[use.canonical_id, branch.steps[use.step].node] += t.cases / total
        for episode in branch.episodes:
            assert branch.steps[episode.first].node == number("B")
            assert branch.steps[episode.last].node == number("D")
            handed["correction"] += t.cases / total
        for trip in branch.trips:
            assert branch.steps[trip.step].node == number("C")
            assert (trip.site, trip.days_before, trip.purpose, trip.outcome) == ("窗口", 3, "submit", "wasted")
            handed["trip"] += t.cases / total
    assert set(handed) == {("YYZZ", number("B")), ("SFZ", number("C")), "correction", "trip"}
    # What is handed in at C comes with C, exactly half of the cases; the rest was drawn with its step.
    assert handed["SFZ", number("C")] == pytest.approx(0.5, abs=1e-6)
    assert handed["trip"] == pytest.approx(0.5, abs=1e-6)
    for what in (("YYZZ", number("B")), "correction"):
        assert handed[what] == pytest.approx(0.5, abs=0.05)


def test_sites_causes_and_bands_belong_to_their_step():
    special = replace(chain("AB")[1], site="窗口", cause=("YYZZ",), band=3)
    cases = [Trace(Branch(1.0, (chain("A")[0], special)), (), (0, 4))] * 40 + [trace("AB")] * 40
    found = Counter()
    for t in generalise(cases):
        last = t.branches[0].steps[-1]
        found[last.site, last.cause, last.band] += t.cases
    assert set(found) == {("窗口", ("YYZZ",), 3), (None, (), 0)}
    assert found["窗口", ("YYZZ",), 3] == pytest.approx(40, abs=4)


def test_composing_has_no_luck_of_its_own():
    cases = [trace(w) for w in loops(100)]
    assert generalise(cases) == generalise(cases)


@st.composite
def partial_orders(draw):
    """Cases of up to eight steps of five activities; every step follows some earlier ones."""
    cases = []
    for _case in range(draw(st.integers(1, 12))):
        nodes = draw(st.lists(st.integers(0, 4), min_size=1, max_size=8))
        steps = []
        for i, node in enumerate(nodes):
            after = sorted(draw(st.sets(st.integers(0, i - 1), max_size=3))) if i else []
            steps.append(Step(node, tuple(after), -1, -1, i, band=draw(st.integers(0, 1))))
        uses = tuple(MaterialUse(i, None, f"M{s.node}", "applicant", True) for i, s in enumerate(steps) if s.node % 2)
        episodes = (Episode(0, len(steps) - 1, None, "x", False),) if len(steps) > 1 else ()
        trips = (Trip(len(steps) - 1, "窗口", 0),)
        cases.append(Trace(Branch(1.0, tuple(steps), uses, episodes, trips), (), tuple(range(len(steps)))))
    return cases


@settings(max_examples=60)
@given(partial_orders())
def test_composed_ways_obey_the_laws(cases):
    """No activity more often than in some case; begins and goes on as observed; everything lies where it can."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(routing, "LEAST", 60)
        patch.setattr(routing, "_tilted", as_composed)
        templates = generalise(cases)
    observed = [[s.node for s in c.branch.steps] for c in cases]
    most = {n: max(o.count(n) for o in observed) for n in range(5)}
    pairs = {pair for o in observed for pair in itertools.pairwise(o)}
    assert sum(t.cases for t in templates) == pytest.approx(len(cases))
    for t in templates:
        (branch,) = t.branches
        nodes = [s.node for s in branch.steps]
        assert all(nodes.count(n) <= most[n] for n in set(nodes))
        assert nodes[0] in {o[0] for o in observed}
        assert set(itertools.pairwise(nodes)) <= pairs
        for i, step in enumerate(branch.steps):
            assert step.origin == i
            assert all(0 <= j < i for j in step.after)
            assert list(step.after) == sorted(set(step.after))
        assert [m.step for m in branch.materials] == [i for i, n in enumerate(nodes) if n % 2]
        assert all(m.canonical_id == f"M{nodes[m.step]}" for m in branch.materials)
        assert all(0 <= e.first < len(nodes) and 0 <= e.last < len(nodes) for e in branch.episodes)
        assert all(0 <= v.step < len(nodes) for v in branch.trips)


@settings(max_examples=60)
@given(partial_orders())
def test_a_way_ends_where_some_case_ended(cases):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(routing, "LEAST", 60)
        patch.setattr(routing, "_tilted", as_composed)
        templates = generalise(cases)
    ends = {c.branch.steps[-1].node for c in cases}
    assert {t.branches[0].steps[-1].node for t in templates} <= ends


def path(text, cases=1.0, origins=None):
    steps = chain(text)
    if origins is not None:
        steps = tuple(replace(s, origin=o) for s, o in zip(steps, origins, strict=True))
    return Template(cases, (Branch(1.0, steps),))


def nodes(text):
    return tuple(number(letter) for letter in text)


class TestWaysOn:
    KNOWN = (path("ABCDE"), path("ABCDF"), path("XBCDG"), path("XYCDH"), path("XYZDI"), path("ABC"))

    def go(self, past, **options):
        (found,) = ways_on(self.KNOWN, [nodes(past)], **options)
        return set(found)

    def test_the_whole_past_first(self):
        assert self.go("ABCD") == {(0, 3), (1, 3)}

    def test_a_template_that_ends_there_does_not_go_on(self):
        assert (5, 2) not in self.go("ABC")
        assert self.go("ABC") == {(0, 2), (1, 2)}

    def test_else_the_last_three_two_one(self):
        assert self.go("QBCD") == {(0, 3), (1, 3), (2, 3)}
        assert self.go("QQCD") == {(0, 3), (1, 3), (2, 3), (3, 3)}
        assert self.go("QQZD") == {(4, 3)}
        assert self.go("QQQD") == {(0, 3), (1, 3), (2, 3), (3, 3), (4, 3)}

    def test_else_every_template_from_its_beginning(self):
        assert {t for t, _o in self.go("Q")} == set(range(6))
        assert {o for _t, o in self.go("Q")} == {-1}

    def test_from_its_beginning_by_weight(self):
        (found,) = ways_on([path("AB", 9.0), path("AC", 1.0)], [nodes("Q")], most=10)
        assert Counter(t for t, _o in found)[0] <= 2

    def test_at_most_so_many(self):
        many = tuple(path("ABC" + chr(ord("D") + k % 20)) for k in range(300))
        (found,) = ways_on(many, [nodes("ABC")], most=50)
        assert len(found) == len(set(found)) == 50
        assert min(found)[0] < 10
        assert max(found)[0] > 290, "spread over all of them"
        (some,) = ways_on(many, [nodes("ABC")])
        assert len(some) == 200

    def test_the_last_step_done_is_told_by_its_origin(self):
        (found,) = ways_on([path("ABC", origins=(0, 4, 7))], [nodes("AB")])
        assert found == ((0, 4),)

    def test_one_answer_for_each_case(self):
        found = ways_on(self.KNOWN, [nodes("ABCD"), nodes("Q"), nodes("XB")])
        assert [set(f) for f in found] == [self.go("ABCD"), self.go("Q"), {(2, 1)}]
        assert ways_on(self.KNOWN, []) == []


def test_open_cases_go_on_as_often_as_the_log_did():
    """One in ten is refused; of 200 cases still open some 20 will be."""
    first = pd.Timestamp("2024-03-04 09:00")
    rows = []
    for i in range(1200):
        begun = first + pd.Timedelta(hours=2 * i)
        rows.append((str(i), "apply", "apply", begun))
        if i < 1000:
            rows.append((str(i), "accept" if i % 10 else "refuse", "deliver", begun + pd.Timedelta(hours=1)))
    log = from_frame(pd.DataFrame(rows, columns=["case_id", "activity", "stage", "end"]))
    process = fit_process(log, calendar=CALENDAR)
    assert len(process.open_cases) == 200
    runs = simulate(process, work_in_progress=True, cases=1, replications=10, calendar=CALENDAR)
    refused = process.nodes_of("refuse")
    open_ones = [np.isin(r.node, list(refused)) & np.repeat(r.open_case >= 0, np.diff(r.case_ptr)) for r in runs.runs]
    assert np.mean([o.sum() for o in open_ones]) == pytest.approx(20, abs=5)
