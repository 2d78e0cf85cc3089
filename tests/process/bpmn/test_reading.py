"""read_bpmn: ways and probabilities worked out by hand, and one clear message for everything that cannot be run."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from flowaudit.errors import InputError
from flowaudit.eventlog import APPLICANT
from flowaudit.process import GRID, WHOLE, Process, problems, utilisation
from flowaudit.process.bpmn.parameters import Duration, WorkingHours, parameter_schema
from flowaudit.process.bpmn.prosimos import duration
from flowaudit.process.bpmn.reading import bpmn_problems, read_bpmn
from flowaudit.process.bpmn.ways import DRAWN_WAYS, find_ways
from flowaudit.process.quantiles import mean
from flowaudit.simulation import simulate

ROOT = Path(__file__).parents[3]
LOAN = ROOT / "bench" / "loan" / "loan.bpmn", ROOT / "bench" / "loan" / "loan.json"
sys.path.insert(0, str(ROOT / "bench"))
OPEN = {day: [["09:00", "17:00"]] for day in ("monday", "tuesday", "wednesday", "thursday", "friday")}
TAGS = {
    "start": "startEvent", "end": "endEvent", "x": "exclusiveGateway", "p": "parallelGateway", "task": "userTask",
    "service": "serviceTask", "timer": "intermediateCatchEvent",
}  # fmt: skip


def diagram(elements, flows, *, lanes="", extra="", before=""):
    """BPMN text: elements as {id: kind}, flows as "a b" (called a_b)."""
    parts = []
    for name, kind in elements.items():
        inner = ""
        if kind == "timer":
            inner = "<timerEventDefinition><timeDuration>PT6H</timeDuration></timerEventDefinition>"
        parts.append(f'<{TAGS.get(kind, kind)} id="{name}">{inner}</{TAGS.get(kind, kind)}>')
    for flow in flows:
        a, b = flow.split()
        parts.append(f'<sequenceFlow id="{a}_{b}" sourceRef="{a}" targetRef="{b}"/>')
    return (
        f'<?xml version="1.0"?>{before}<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL">'
        f'<process id="demo">{lanes}{"".join(parts)}{extra}</process></definitions>'
    )


def parameters(tasks=(), gateways=None, **more):
    plain = {
        "format": "flowaudit.parameters/1",
        "start": "2025-01-06",
        "cases": 400,
        "arrivals": {"gap": {"family": "exponential", "mean": 0.5}, "calendar": "office"},
        "calendars": {"office": OPEN},
        "pools": {"desk": {}},
        "resources": {"Ann": {"pool": "desk", "calendar": "office"}, "Bob": {"pool": "desk", "calendar": "office"}},
        "tasks": {name: {"pool": "desk", "work": {"family": "exponential", "mean": 0.25}} for name in tasks},
        "gateways": gateways or {},
    }
    return plain | more


@pytest.fixture
def files(tmp_path):
    def write(text, given):
        bpmn, beside = tmp_path / "demo.bpmn", tmp_path / "demo.json"
        bpmn.write_text(text, encoding="utf-8")
        beside.write_text(given if isinstance(given, str) else json.dumps(given), encoding="utf-8")
        return bpmn, beside

    return write


LINE = {"s": "start", "a": "task", "b": "task", "e": "end"}, ("s a", "a b", "b e")


def ways(process: Process) -> dict[tuple[tuple[str, tuple[int, ...]], ...], float]:
    total = sum(t.cases for t in process.templates)
    found: dict[tuple[tuple[str, tuple[int, ...]], ...], float] = {}
    for t in process.templates:
        for b in t.branches:
            way = tuple((process.nodes[s.node].activity, s.after) for s in b.steps)
            found[way] = found.get(way, 0.0) + t.cases * b.probability / total
    return found


def test_the_loan_process_has_the_visits_worked_out_from_its_flows():
    """bench/loan/model.visits solves the flow equations; the ways are enumerated: two roads to one number."""
    from loan.model import loan_model, visits

    model = loan_model()
    expected = visits(model)
    process = read_bpmn(*LOAN)
    table = process.activity_table().set_index("activity")["per_case"]
    for task in model.tasks.values():
        assert table[task.name] == pytest.approx(expected[task.id], abs=1e-4)
    assert table.sum() == pytest.approx(7.99, abs=0.005)
    assert problems(process).empty


def test_the_ways_of_the_loan_process_are_those_on_paper():
    """Complete at once, approved at once: 0.9 * 0.75 * 0.85; rejected at once: 0.9 * 0.25; sent back k times: 0.15 ** k."""
    found = ways(read_bpmn(*LOAN))
    checks = [
        ("Check application", ()), ("Check credit history", (0,)), ("Check income sources", (0,)),
        ("Appraise property", (0,)), ("Assess risk", (1, 2, 3)),
    ]  # fmt: skip
    offer = [("Design offer", (4,)), ("Approve offer", (5,))]
    assert found[*checks, ("Reject application", (4,))] == pytest.approx(0.225, rel=1e-5)
    assert found[(*checks, *offer, ("Prepare contract", (6,)))] == pytest.approx(0.9 * 0.75 * 0.85, rel=1e-5)
    again = [("Design offer", (6,)), ("Approve offer", (7,)), ("Prepare contract", (8,))]
    assert found[(*checks, *offer, *again)] == pytest.approx(0.9 * 0.75 * 0.15 * 0.85, rel=1e-5)
    assert sum(found.values()) == pytest.approx(1.0)


def test_prosimos_parameters_keep_everybodys_own_mean_and_hours():
    from loan.model import HOUR, loan_model, planned_load

    model = loan_model()
    process = read_bpmn(*LOAN)
    number = {r.name: k for k, r in enumerate(process.resources)}
    for person in model.people:
        hours = model.calendars[person.calendar]
        own = process.calendars[process.resources[number[person.name]].calendar]
        assert own.hours_per_week() == pytest.approx(sum(b - a for a, b in hours) / HOUR)
        for task, seconds in person.means.items():
            node = next(n for n in process.nodes if n.activity == model.tasks[task].name)
            performer = next(p for p in node.performers if p.resource == number[person.name])
            table = performer.work
            assert mean(process.works[table]) == pytest.approx(seconds / HOUR, rel=1e-9)
    # Prosimos' gap is a little longer, since one more case comes whenever the calendar opens: 475 a week here, not 480.
    asked = utilisation(process, cases_per_day=475 / 7).set_index("pool")["utilisation"]
    for k, (pool, load) in enumerate(planned_load(model).items()):
        assert asked[pool] == pytest.approx(load * 475 / 480, rel=1e-4)
        assert process.pools[k].utilisation == pytest.approx(load * 475 / 480, rel=1e-4)


def test_cases_arrive_at_the_stated_rate_in_the_stated_hours(files):
    """One an hour half in 40 hours a week: 80 a week; nobody comes at night."""
    process = read_bpmn(*files(diagram(*LINE), parameters(("a", "b"))))
    first = pd.DatetimeIndex(process.arrivals)
    assert (
        (first.hour >= 9) & ((first.hour < 17) | ((first.hour == 17) & (first.minute == 0))) & (first.day_of_week < 5)
    ).all()
    assert (first < "2025-01-13").sum() == 80
    runs = simulate(process, cases=800, start="2025-01-06", replications=4, seed=1)
    weeks = []
    for log in runs:
        begun = (
            log.stamps("enabled")[log.case_ptr[:-1]] if log.has("enabled") else log.stamps("start")[log.case_ptr[:-1]]
        )
        weeks.append((begun.max() - begun.min()) / np.timedelta64(7, "D"))
    assert 800 / np.mean(weeks) == pytest.approx(80, rel=0.06)
    assert runs.overloaded.empty


def test_branches_wait_only_for_what_comes_before_them(files):
    """a then (b then c) beside d, an empty branch, then f: f waits for c and d, not for a and b again."""
    text = diagram(
        {"s": "start", "a": "task", "p": "p", "b": "task", "c": "task", "d": "task", "q": "p", "f": "task", "e": "end"},
        ("s a", "a p", "p b", "b c", "c q", "p d", "d q", "p q", "q f", "f e"),
    )
    process = read_bpmn(*files(text, parameters("abcdf")))
    (way,) = ways(process)
    name = [step for step, _after in way]
    waited = {step: {name[j] for j in after} for step, after in way}
    assert waited == {"a": set(), "b": {"a"}, "c": {"b"}, "d": {"a"}, "f": {"c", "d"}}


def test_choices_in_parallel_branches_are_multiplied_out(files):
    text = diagram(
        {"s": "start", "p": "p", "x": "x", "a": "task", "b": "task", "m": "x", "y": "x", "c": "task", "d": "task", "n": "x", "q": "p", "e": "end"},
        ("s p", "p x", "x a", "x b", "a m", "b m", "m q", "p y", "y c", "y d", "c n", "d n", "n q", "q e"),
    )  # fmt: skip
    process = read_bpmn(
        *files(text, parameters("abcd", {"x": {"x_a": 0.3, "x_b": 0.7}, "y": {"y_c": 0.6, "y_d": 0.4}}))
    )
    found = {tuple(sorted(name for name, _after in way)): p for way, p in ways(process).items()}
    assert found == pytest.approx({("a", "c"): 0.18, ("a", "d"): 0.12, ("b", "c"): 0.42, ("b", "d"): 0.28})


def test_a_task_with_two_flows_begins_two_branches_and_a_merge_needs_no_gateway(files):
    text = diagram(
        {"s": "start", "a": "task", "b": "task", "c": "task", "d": "task", "e": "end"},
        ("s a", "a b", "a c", "b d", "c d", "d e"),
    )  # fmt: skip
    (way,) = ways(read_bpmn(*files(text, parameters("abcd"))))
    assert sorted(name for name, _after in way) == ["a", "b", "c", "d", "d"]


LOOP = {"s": "start", "m": "x", "a": "task", "x": "x", "e": "end"}, ("s m", "m a", "a x", "x m", "x e")


def test_a_loop_is_followed_until_what_is_left_is_rarer_than_one_in_a_million(files):
    """Out with 1/2 each time: 20 rounds leave 2 ** -20 < 1e-6, spread over the ways kept."""
    process = read_bpmn(*files(diagram(*LOOP), parameters("a", {"x": {"x_m": 0.5, "x_e": 0.5}})))
    found = {len(way): p for way, p in ways(process).items()}
    assert max(found) == 20
    assert found[1] == pytest.approx(0.5, rel=2e-6)
    assert sum(found.values()) == pytest.approx(1.0)
    assert process.changes == ()


def test_too_many_ways_are_drawn_and_visits_stay(files):
    """Forty coins: 2 ** 40 ways, none of which is worth following alone."""
    n = 40
    elements = {"s": "start", "e": "end"} | {
        f"{k}{i}": v for i in range(n) for k, v in (("x", "x"), ("t", "task"), ("m", "x"))
    }
    flows = ["s x0", f"m{n - 1} e"]
    for i in range(n):
        flows += [f"x{i} t{i}", f"t{i} m{i}", f"x{i} m{i}"] + ([f"m{i} x{i + 1}"] if i + 1 < n else [])
    chance = {f"x{i}": {f"x{i}_t{i}": (i + 1) / 50, f"x{i}_m{i}": 1 - (i + 1) / 50} for i in range(n)}
    process = read_bpmn(*files(diagram(elements, flows), parameters([f"t{i}" for i in range(n)], chance)))
    table = process.activity_table().set_index("activity")["per_case"]
    assert len(process.templates) <= 2 * DRAWN_WAYS
    for i in range(n):
        p = (i + 1) / 50
        assert table[f"t{i}"] == pytest.approx(p, abs=5 * np.sqrt(p * (1 - p) / DRAWN_WAYS))


def test_delays_are_drawn_independently_from_their_whole_table(files):
    given = parameters("ab")
    for task in given["tasks"].values():
        task["delay"] = {"family": "lognormal", "mean": 5.0, "cv": 1.0}
        task["delay_clock"] = "office"
    process = read_bpmn(*files(diagram(*LINE), given))
    (branch,) = process.templates[0].branches
    assert {s.band for s in branch.steps} == {WHOLE}
    assert process.profiles[process.nodes[0].clock].hours_per_week() == 40
    assert process.activity_table()["delay_h"].tolist() == pytest.approx([5.0, 5.0])


def test_lanes_timers_service_tasks_and_the_applicant(files):
    lanes = (
        '<laneSet><lane name="Tax office"><childLaneSet><lane name="Counter"><flowNodeRef>a</flowNodeRef></lane></childLaneSet></lane>'
        '<lane name="applicant"><flowNodeRef>b</flowNodeRef></lane></laneSet>'
    )
    text = diagram(
        {"s": "start", "a": "task", "w": "timer", "v": "service", "b": "task", "e": "end"},
        ("s a", "a w", "w v", "v b", "b e"), lanes=lanes,
    )  # fmt: skip
    given = parameters("a")
    given["tasks"] |= {
        "v": {"work": {"family": "constant", "value": 0.1}},
        "b": {"work": {"family": "constant", "value": 1.0}},
    }
    process = read_bpmn(*files(text, given))
    node = {n.activity: n for n in process.nodes}
    assert (node["a"].department, node["a"].office, node["a"].automatic) == ("Tax office", "Counter", False)
    assert node["w"].automatic
    assert node["v"].automatic
    assert node["b"].department == APPLICANT
    log = next(iter(simulate(process, cases=50, start="2025-01-06", replications=1)))
    took = log.stamps("end") - log.stamps("start")
    assert set(took[log.events["activity"].to_pandas() == "w"]) == {np.timedelta64(6, "h")}


def test_batches_disciplines_shares_and_own_work_times(files):
    given = parameters("ab")
    given["calendars"]["meeting"] = {"wednesday": [["14:00", "14:30"]]}
    given["tasks"]["b"] |= {
        "batch": {"calendar": "meeting"},
        "people": {"Ann": {"weight": 3.0, "work": {"family": "constant", "value": 2.0}}, "Bob": {}},
    }
    given["tasks"]["a"]["batch"] = {"size": 5, "patience_h": 48}
    given["pools"]["desk"]["discipline"] = "deadline"
    given["due_h"] = 240
    process = read_bpmn(*files(diagram(*LINE), given))
    b = next(n for n in process.nodes if n.activity == "b")
    assert [p.weight for p in b.performers] == [3.0, 1.0]
    assert mean(process.works[b.performers[0].work]) == pytest.approx(2.0)
    assert b.performers[1].work == -1
    assert process.pools[0].discipline == "deadline"
    assert {t.due_h for t in process.templates} == {240.0}
    log = next(iter(simulate(process, cases=60, start="2025-01-06", replications=1)))
    released = log.stamps("start")[log.events["activity"].to_pandas() == "b"]
    assert set(pd.DatetimeIndex(released).day_of_week) <= {2, 3, 4, 0, 1}
    assert pd.Timestamp(released.min()) == pd.Timestamp("2025-01-08 14:00")


def test_elements_may_be_named_by_their_names(files):
    text = diagram(*LINE).replace('id="a"', 'id="a" name="审查"')
    given = parameters("b")
    given["tasks"]["审查"] = given["tasks"]["b"]
    assert read_bpmn(*files(text, given)).activities == ["审查", "b"]


def broken(change):
    given = parameters("ab")
    change(given)
    return diagram(*LINE), given


def drop(key):
    return lambda p: p.pop(key)


XOR = (
    {"s": "start", "x": "x", "a": "task", "b": "task", "m": "x", "e": "end"},
    ("s x", "x a", "x b", "a m", "b m", "m e"),
)
DEADLOCK = XOR[0] | {"m": "p"}, XOR[1]
BOMB = '<!DOCTYPE b [<!ENTITY l "lol"><!ENTITY m "&l;&l;&l;&l;&l;&l;&l;&l;&l;&l;">]>'
HALF = {"x": {"x_a": 0.5, "x_b": 0.5}}
BAD = {
    "unreachable activity": (
        diagram({**LINE[0], "c": "task"}, (*LINE[1], "c e")), parameters("abc"), "c", "no case ever comes here",
    ),
    "unbounded loop": (
        diagram(*LOOP), parameters("a", {"x": {"x_m": 1.0, "x_e": 0.0}}), "a", "a loop that no case ever leaves",
    ),
    "loop without a way out": (
        diagram({"s": "start", "m": "x", "a": "task", "e": "end"}, ("s m", "m a", "a m")), parameters("a"), "a",
        "a loop that no case ever leaves",
    ),
    "tokens without end": (
        diagram({"s": "start", "m": "x", "a": "task", "p": "p", "e": "end"}, ("s m", "m a", "a p", "p m", "p e")),
        parameters("a"), "", "a loop that no case ever leaves",
    ),
    "no way to an end": (
        diagram({**LINE[0], "c": "task"}, (*LINE[1], "a c")), parameters("abc"), "c", "no flow leaves it, and it is no end event",
    ),
    "resource without calendar": (
        *broken(lambda p: p["resources"]["Ann"].pop("calendar")), "resource Ann", "has no working hours",
    ),
    "calendar that is not there": (
        *broken(lambda p: p["resources"]["Ann"].update(calendar="night")), "resource Ann", "there is no calendar 'night'",
    ),
    "calendar that is empty": (
        *broken(lambda p: p["calendars"].update(office={})), "resource Ann", "its calendar 'office' is empty",
    ),
    "calendar with a wrong time": (
        *broken(lambda p: p["calendars"].update(late={"monday": [["9 am", "10:00"]]})), "calendar late", "'9 am' is no time of day",
    ),
    "calendar that ends before it begins": (
        *broken(lambda p: p["calendars"].update(late={"monday": [["17:00", "09:00"]]})), "calendar late",
        "the span 17:00 to 09:00 ends before it begins",
    ),
    "negative work": (
        *broken(lambda p: p["tasks"]["a"].update(work={"family": "exponential", "mean": -1})), "a",
        "exponential: mean = -1.0 is out of its range.",
    ),
    "zero rate of work": (
        *broken(lambda p: p["tasks"]["a"].update(work={"family": "exponential", "mean": 0})), "a",
        "exponential: mean = 0.0 is out of its range.",
    ),
    "negative table": (
        *broken(lambda p: p["tasks"]["a"].update(work={"at": [0, 1], "hours": [-1, 2]})), "a",
        "the table is negative, infinite, or falls",
    ),
    "unknown family": (
        *broken(lambda p: p["tasks"]["a"].update(delay={"family": "pareto", "mean": 1})), "a",
        "there is no family of durations 'pareto'.",
    ),
    "zero gap between arrivals": (
        *broken(lambda p: p["arrivals"].update(gap={"family": "constant", "value": 0})), "arrivals",
        "the time between arrivals is not above 0",
    ),
    "probabilities that do not sum to 1": (
        diagram(*XOR), parameters("ab", {"x": {"x_a": 0.5, "x_b": 0.4}}), "x", "the probabilities of its flows sum to 0.9, not 1",
    ),
    "probability below 0": (
        diagram(*XOR), parameters("ab", {"x": {"x_a": 1.5, "x_b": -0.5}}), "x", "a probability is not between 0 and 1",
    ),
    "probabilities missing": (diagram(*XOR), parameters("ab"), "x", "no probability for the flows x_a, x_b"),
    "probability of another gateway's flow": (
        diagram(*XOR), parameters("ab", {"x": {**HALF["x"], "a_m": 0.0}}), "x", "'a_m' does not leave this gateway",
    ),
    "missing pool": (*broken(lambda p: p["tasks"]["a"].pop("pool")), "a", "belongs to no pool"),
    "pool that is not there": (*broken(lambda p: p["tasks"]["a"].update(pool="desks")), "a", "there is no pool 'desks'"),
    "resource without pool": (*broken(lambda p: p["resources"]["Ann"].pop("pool")), "resource Ann", "belongs to no pool"),
    "pool with nobody": (
        *broken(lambda p: (p["pools"].update(vault={}), p["tasks"]["a"].update(pool="vault"))), "a", "its pool has nobody who does it",
    ),
    "nobody named": (*broken(lambda p: p["tasks"]["a"].update(people=[])), "a", "nobody does it"),
    "somebody unknown": (*broken(lambda p: p["tasks"]["a"].update(people=["Cat"])), "a", "there is no resource 'Cat'"),
    "weight of nothing": (
        *broken(lambda p: p["tasks"]["a"].update(people={"Ann": {"weight": 0}})), "a, Ann", "the weight of an officer is not above 0",
    ),
    "capacity of nothing": (*broken(lambda p: p["resources"]["Ann"].update(capacity=0)), "resource Ann", "has 0 places"),
    "task without distribution": (*broken(lambda p: p["tasks"]["a"].pop("work")), "a, Ann", "has no work time"),
    "task without parameters": (*broken(lambda p: p["tasks"].pop("a")), "a", "has no work time"),
    "parameters without task": (*broken(lambda p: p["tasks"].update(aa=p["tasks"]["a"])), "aa", "the diagram has no such element"),
    "batch of neither kind": (
        *broken(lambda p: p["tasks"]["a"].update(batch={})), "a", "its batches have neither a calendar nor a size, or both",
    ),
    "batch of nothing": (
        *broken(lambda p: p["tasks"]["a"].update(batch={"size": 0})), "a", "its batch size or patience is not above 0",
    ),
    "start that is no date": (*broken(lambda p: p.update(start="soon")), "start", "'soon' is no date"),
    "no cases": (*broken(lambda p: p.update(cases=0)), "cases", "there is no case to simulate."),
    "calendar of no country": (*broken(lambda p: p.update(official_calendar="nowhere.csv")), "official_calendar", "nowhere.csv"),
    "format with an unknown key": (*broken(lambda p: p.update(colour="red")), "colour", "Extra inputs are not permitted"),
    "format without arrivals": (*broken(drop("arrivals")), "arrivals", "Field required"),
    "deadlock": (diagram(*DEADLOCK), parameters("ab", HALF), "m", "waits for ever: nothing comes by b_m (in 0.5 of the cases)"),
    "parallel branches that meet in an exclusive gateway": (
        diagram({"s": "start", "p": "p", "a": "task", "b": "task", "m": "x", "c": "task", "q": "p", "e": "end"},
                ("s p", "p a", "p b", "p c", "a m", "b m", "m q", "c q", "q e")),
        parameters("abc"), "q", "a second case token comes here by the same flow before the other branches have come",
    ),
    "case without a task": (
        diagram({**XOR[0]}, ("s x", "x a", "x m", "a b", "b m", "m e")), parameters("ab", {"x": {"x_a": 0.75, "x_m": 0.25}}), "s",
        "a case can end without any task (in 0.25 of the cases)",
    ),
    "several start events": (
        diagram({**LINE[0], "t": "start"}, (*LINE[1], "t b")), parameters("ab"), "s, t", "there are 2 start events",
    ),
    "no start event": (diagram({"a": "task", "e": "end"}, ("a e",)), parameters("a"), "process", "there is no start event"),
    "timer without duration": (
        diagram({**LINE[0], "w": "timer"}, ("s a", "a w", "w b", "b e")).replace("PT6H", "P1M"), parameters("ab"), "w",
        "a timer without a duration",
    ),
    "flow to nowhere": (
        diagram(LINE[0], (*LINE[1], "a z")), parameters("ab"), "a_z", "a flow that begins or ends nowhere, or exists twice",
    ),
    "inclusive gateway": (
        diagram({**XOR[0], "x": "inclusiveGateway"}, XOR[1]), parameters("ab"), "x", "'inclusiveGateway' is not run",
    ),
    "repeated task": (
        diagram(*LINE).replace('<userTask id="a">', '<userTask id="a"><multiInstanceLoopCharacteristics/>'), parameters("ab"), "a",
        "'multiInstanceLoopCharacteristics' is not run",
    ),
    "end that stops everything": (
        diagram(*LINE).replace('<endEvent id="e">', '<endEvent id="e"><terminateEventDefinition/>'), parameters("ab"), "e",
        "'terminateEventDefinition' in 'endEvent' is not run",
    ),
    "conditional flow": (
        diagram(*LINE).replace('targetRef="b"/>', 'targetRef="b"><conditionExpression>x</conditionExpression></sequenceFlow>'),
        parameters("ab"), "a_b", "a conditional flow that leaves no gateway is not run",
    ),
    "document type": (
        diagram(*LINE, before=BOMB), parameters("ab"), "-",
        "demo.bpmn, line 1: a document type or an entity is declared; this is not allowed.",
    ),
    "no XML": ("<definitions", parameters("ab"), "-", "demo.bpmn: not well-formed XML"),
    "no BPMN": ("<html/>", parameters("ab"), "-", "demo.bpmn: no BPMN 2.0 file."),
    "no JSON": (diagram(*LINE), "{", "-", "demo.json: no JSON file"),
    "JSON of somebody else": (diagram(*LINE), {"a": 1}, "-", "demo.json: neither simulation parameters of format"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_one_clear_message(case, files):
    text, given, where, problem = BAD[case]
    paths = files(text, given)
    table = bpmn_problems(*paths)
    assert list(table.columns) == ["file", "where", "problem", "hint"]
    hits = table[table["where"].str.startswith(where) & table["problem"].str.contains(problem, regex=False)]
    assert len(hits), table.to_string()
    assert (hits["hint"].str.len() > 0).all()
    with pytest.raises(InputError) as caught:
        read_bpmn(*paths)
    assert hits.iloc[0]["problem"] in caught.value.message


def test_a_sound_model_has_no_problem(files):
    assert bpmn_problems(*files(diagram(*XOR), parameters("ab", HALF))).empty


def test_all_problems_of_both_files_are_told_at_once(files):
    text = diagram(
        {**XOR[0], "c": "task", "o": "inclusiveGateway", "u": "subProcess", "k": "callActivity", "v": "eventBasedGateway", "w": "boundaryEvent"},
        XOR[1],
    )  # fmt: skip
    given = parameters("ab", {"x": {"x_a": 0.5, "x_b": 0.4}})
    given["resources"]["Ann"].pop("calendar")
    given["tasks"]["a"]["work"]["mean"] = -1
    table = bpmn_problems(*files(text, given))
    named = table.loc[table["problem"].str.endswith("is not run"), "where"]
    assert list(named) == ["o", "u", "k", "v", "w"]
    assert set(table["where"]) == {"o", "u", "k", "v", "w", "c", "x", "resource Ann", "a"}
    assert set(table["file"]) == {"demo.bpmn", "demo.json"}


def test_an_xml_bomb_is_refused_before_it_grows(files):
    levels = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 12))
    bomb = f'<!DOCTYPE b [<!ENTITY l0 "lol">{levels}]>'
    text = diagram(*LINE, before=bomb).replace('id="demo"', 'id="demo" name="&l11;"')
    with pytest.raises(InputError, match="not allowed"):
        read_bpmn(*files(text, parameters("ab")))


def test_prosimos_sections_that_are_not_run_are_named(tmp_path):
    data = json.loads(LOAN[1].read_text(encoding="utf-8"))
    data |= {
        "model_type": "FUZZY",
        "batch_processing": [{"x": 1}],
        "prioritisation_rules": [1],
        "case_attributes": [{"a": 1}],
    }
    data["task_resource_distribution"][0]["resources"][0] |= {"distribution_name": "weird"}
    data["task_resource_distribution"][1]["resources"][0] |= {"resource_id": "Zoe"}
    beside = tmp_path / "loan.json"
    beside.write_text(json.dumps(data), encoding="utf-8")
    table = bpmn_problems(LOAN[0], beside)
    assert list(table["where"]) == [
        "model_type",
        "batch_processing",
        "prioritisation_rules",
        "check, Ana",
        "complete, Zoe",
    ]


def test_several_of_one_resource_in_prosimos_are_several_people(tmp_path):
    data = json.loads(LOAN[1].read_text(encoding="utf-8"))
    data["resource_profiles"][0]["resource_list"][0]["amount"] = 3
    beside = tmp_path / "loan.json"
    beside.write_text(json.dumps(data), encoding="utf-8")
    process = read_bpmn(LOAN[0], beside)
    assert process.pools[0].capacity == 8
    assert {"Ana_0", "Ana_1", "Ana_2"} <= {r.name for r in process.resources}


@pytest.mark.parametrize(
    ("name", "values", "expected_h"),
    [
        ("fix", [7200], 2.0),
        ("expon", [3600, 0, 1e9], 1.0),
        ("expon", [7200, 3600, 1e9], 2.0),
        # Cut at the mean: 1 - 1 / (e - 1) of it.
        ("expon", [3600, 0, 3600], 1 - 1 / (np.e - 1)),
        ("uniform", [1800, 5400], 1.0),
        ("norm", [7200, 600, 0, 1e9], 2.0),
        # Half a normal distribution: mean + deviation * sqrt(2 / pi).
        ("norm", [3600, 1800, 3600, 1e9], 1 + 0.5 * np.sqrt(2 / np.pi)),
        ("lognorm", [3600, 3600.0**2, 0, 1e12], 1.0),
        ("gamma", [3600, 3600.0**2 / 4, 0, 1e12], 1.0),
    ],
)
def test_distributions_of_prosimos_keep_their_meaning(name, values, expected_h):
    assert mean(duration(name, values).table()) == pytest.approx(expected_h, rel=2e-4)


def test_spreads_of_prosimos_are_variances_and_deviations():
    table = duration("norm", [36_000, 3600, 0, 1e9]).table()
    assert np.interp([0.15865, 0.84135], GRID, table) == pytest.approx([9.0, 11.0], abs=0.02)
    draws = np.interp(np.linspace(0.0005, 0.9995, 1000), GRID, table)
    assert draws.std() == pytest.approx(1.0, rel=0.03)
    for name, family in (("gamma", "gamma"), ("lognorm", "lognormal")):
        stated = duration(name, [36_000, 3600.0**2, 0, 1e9])
        assert (stated.family, stated.mean) == (family, 10.0)
        assert stated.cv == pytest.approx(0.1)


def test_hours_are_written_as_people_write_them():
    hours = WorkingHours(monday=[("09:00", "12:00"), ("13:00", "17:15")], holiday=[("10:00", "11:00")])
    profile = hours.profile()
    assert profile.hours_per_week() == 7.25
    assert profile.rates[8].sum() == 2
    assert profile.rates[7].sum() == profile.rates[0].sum()
    assert Duration(at=[0, 0.5, 1], hours=[0, 0, 4]).table().max() == pytest.approx(4.0)
    assert mean(Duration(at=[0, 0.5, 1], hours=[0, 0, 4]).table()) == pytest.approx(1.0)


def test_the_format_is_documented():
    told = parameter_schema()
    assert {"arrivals", "tasks", "gateways", "resources", "calendars"} <= set(told["properties"])
    assert all("description" in part for part in told["$defs"].values())


def test_ways_are_found_without_parameters_of_anything_else():
    """The search needs the graph and its probabilities only."""
    from flowaudit.process.bpmn.diagram import read_diagram

    graph, found = read_diagram(LOAN[0])
    assert found == []
    chance = {f.id: 1.0 for f in graph.flows.values()}
    chance |= {"complete_or_not_to_split": 0.9, "complete_or_not_to_complete": 0.1, "eligible_or_not_to_redesign": 0.75}
    chance |= {
        "eligible_or_not_to_reject": 0.25,
        "approved_or_not_to_contract": 0.85,
        "approved_or_not_to_redesign": 0.15,
    }
    result, defects = find_ways(graph, chance)
    assert defects == []
    assert (result.drawn, result.lost < 1e-6) == (0.0, True)
    assert sum(w.probability for w in result.ways) == pytest.approx(1.0)
