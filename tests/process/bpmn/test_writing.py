"""write_bpmn: a diagram that other tools open, drawn without overlaps, that comes back with the same figures."""

import contextlib
import io
import itertools
import json
import warnings
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowaudit.errors import UsageError
from flowaudit.eventlog import APPLICANT
from flowaudit.process import (
    GRID,
    WHOLE,
    Arrivals,
    Batch,
    Branch,
    Identifiable,
    Node,
    Performer,
    Pool,
    Process,
    Resource,
    Step,
    Template,
    always,
    family,
    problems,
    weekly,
)
from flowaudit.process.bpmn.graph import Parallel, composed, process_graph
from flowaudit.process.bpmn.layout import Arrow, lay_out
from flowaudit.process.bpmn.mixing import mixture
from flowaudit.process.bpmn.reading import bpmn_problems, read_bpmn
from flowaudit.process.bpmn.writing import write_bpmn
from flowaudit.process.quantiles import mean
from flowaudit.simulation import simulate

LOAN = tuple(Path(__file__).parents[3] / "bench" / "loan" / f"loan.{ending}" for ending in ("bpmn", "json"))
BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
OFFICE = weekly({d: [(9, 12), (13, 17)] for d in range(5)})


def steps(*rows):
    """Steps as (node, after), with the node's own tables."""
    return tuple(Step(n, after, n if n < 2 else -1, n, k, band=k % 4) for k, (n, after) in enumerate(rows))


def office(ways=None):
    """Apply; check beside inspect (or check alone); decide, after which 1 of 4 is sent back; the register is automatic."""
    names = ("申请", "审查", "现场核查", "决定", "登记", "补正")
    departments = (APPLICANT, "住建局", "消防支队", "住建局", None, APPLICANT)
    nodes = tuple(
        Node(
            name, department, automatic=name == "登记", pool=0 if k in (1, 3) else 1 if k == 2 else -1,
            performers=((Performer(0, 2.0), Performer(1, 1.0, 6)) if k in (1, 3) else (Performer(2, 1.0),) if k == 2 else ()),
            batch=Batch("size", size=3, patience_h=24.0) if k == 3 else None, clock=1 if k == 1 else 0, level=k,
        )
        for k, (name, department) in enumerate(zip(names, departments, strict=True))
    )  # fmt: skip
    usual = steps((0, ()), (1, (0,)), (2, (0,)), (3, (1, 2)), (4, (3,)))
    alone = steps((0, ()), (1, (0,)), (3, (1,)), (4, (2,)))
    again = steps((0, ()), (1, (0,)), (2, (0,)), (3, (1, 2)), (5, (3,)), (3, (4,)), (4, (5,)))
    weights = ways or {usual: 60.0, alone: 20.0, again: 20.0}
    works = np.array([family("exponential", mean=m) for m in (0.1, 0.5, 2.0, 0.2, 0.0001, 0.3, 0.7)])
    waits = np.array([family("lognormal", mean=20.0, cv=1.0), family("uniform", low=0.0, high=10.0)])
    start = np.datetime64("2025-01-06T09:00", "us")
    return Process(
        nodes=nodes,
        templates=tuple(Template(w, (Branch(1.0, way),), due_h=480.0) for way, w in weights.items()),
        waits=waits, works=works, wait_names=("a", "b"), profiles=(always(), OFFICE), open_profile=OFFICE,
        pools=(Pool("窗口", "住建局", 3, 2, 0.5, "deadline"), Pool("检查", "消防支队", 1, 1, 0.5)),
        arrivals=start + np.arange(100) * np.timedelta64(3600, "s"), unit="case", calendar="weekdays", contention="resource", habit=0.75,
        identifiable=Identifiable(True, True),
        resources=(Resource("甲", 0, 0, 2), Resource("乙", 0, 0), Resource("丙", 1, 0)), calendars=(OFFICE,),
        arriving=Arrivals(replace(OFFICE, rates=OFFICE.rates * 168 / 35), family("exponential", mean=6.0), 0.0, start, start + np.timedelta64(25, "D")),
    )  # fmt: skip


def figures(process):
    """Times per case, mean work and mean delay of each activity."""
    total = sum(t.cases for t in process.templates)
    times, work, delay = {}, {}, {}
    for t in process.templates:
        for b in t.branches:
            w = t.cases * b.probability / total
            for s in b.steps:
                node = process.nodes[s.node]
                a = node.activity
                times[a] = times.get(a, 0.0) + w
                people = [(p.weight, p.work if p.work >= 0 else s.work) for p in node.performers] or [(1.0, s.work)]
                each = sum(x for x, _k in people)
                work[a] = work.get(a, 0.0) + w * sum(x / each * mean(process.works[k]) for x, k in people)
                if s.wait >= 0:
                    whole = (np.arange(4000) + 0.5) / 4000
                    u = whole if s.band == WHOLE else (s.band + whole) / 4
                    delay[a] = delay.get(a, 0.0) + w * np.interp(u, GRID, process.waits[s.wait]).mean()
    return times, {a: work[a] / times[a] for a in work}, {a: delay[a] / times[a] for a in delay}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    process = office()
    path = tmp_path_factory.mktemp("bpmn") / "office.bpmn"
    assert write_bpmn(process, path) == path.with_suffix(".json")
    return process, path


def test_what_comes_back_has_the_same_figures(written):
    process, path = written
    back = read_bpmn(path, path.with_suffix(".json"))
    assert problems(back).empty
    for ours, theirs, exact in zip(figures(process), figures(back), (1e-4, 1e-5, 0.01), strict=True):
        assert theirs == pytest.approx(ours, rel=exact)
    assert back.pools[0].discipline == "deadline"
    assert (back.contention, back.habit) == ("resource", 0.75)
    assert [r.capacity for r in back.resources] == [2, 1, 1]
    assert {t.due_h for t in back.templates} == {480.0}
    assert {n.activity: (n.department, n.level, n.batch) for n in back.nodes} == {
        n.activity: (n.department, n.level, n.batch) for n in process.nodes
    }
    assert back.profiles[next(n.clock for n in back.nodes if n.activity == "审查")] == OFFICE
    assert mean(back.arriving.gaps) == pytest.approx(6.0, rel=1e-6)


def test_the_way_through_the_gateways_comes_back(written):
    """Inspection runs beside the check in 80 of 100 cases; of the 120 decisions 20 send back."""
    _process, path = written
    back = read_bpmn(path, path.with_suffix(".json"))
    lengths = {}
    for t in back.templates:
        for b in t.branches:
            names = [back.nodes[s.node].activity for s in b.steps]
            decision = names.index("决定")
            assert {names[j] for j in b.steps[decision].after} == set(names[:decision]) - {"申请"}
            key = "现场核查" in names, names.count("补正")
            lengths[key] = lengths.get(key, 0.0) + t.cases * b.probability / 100
    for inspected, p in ((True, 0.8), (False, 0.2)):
        for sent_back in range(3):
            expected = p * (1 / 6) ** sent_back * (5 / 6)
            assert lengths[inspected, sent_back] == pytest.approx(expected, rel=1e-4)


def test_simulations_of_both_agree(written):
    process, path = written
    back = read_bpmn(path, path.with_suffix(".json"))
    rates = []
    for one in (process, back):
        runs = simulate(one, cases=1500, start="2025-01-06", replications=2, seed=3)
        counts = [log.events["activity"].to_pandas().value_counts() / 1500 for log in runs]
        rates.append((counts[0] + counts[1]) / 2)
    for activity in rates[0].index:
        assert rates[1][activity] == pytest.approx(rates[0][activity], abs=4 * np.sqrt(0.5 / 3000))


def test_the_loan_process_goes_out_and_comes_back(tmp_path):
    process = read_bpmn(*LOAN)
    write_bpmn(process, tmp_path / "loan.bpmn")
    back = read_bpmn(tmp_path / "loan.bpmn", tmp_path / "loan.json")
    for ours, theirs in zip(figures(process), figures(back), strict=True):
        assert theirs == pytest.approx(ours, rel=1e-4)
    ours, theirs = ([t.cases for t in p.templates if t.cases > 1] for p in (process, back))
    assert theirs == pytest.approx(ours, rel=1e-3)


def test_the_file_has_user_and_service_tasks_lanes_and_parameters(written):
    _process, path = written
    root = ET.parse(path).getroot()
    process = root.find(f"{BPMN}process")
    assert [e.get("name") for e in process.iter(f"{BPMN}serviceTask")] == ["登记"]
    assert len(process.findall(f"{BPMN}userTask")) == 5
    lanes = {e.get("name"): {r.text for r in e} for e in process.iter(f"{BPMN}lane")}
    assert next(iter(lanes)) == APPLICANT
    assert set(lanes) == {APPLICANT, "住建局", "消防支队", None}
    placed = [name for members in lanes.values() for name in members]
    nodes = [
        e.get("id") for e in process if e.find(f"{BPMN}incoming") is not None or e.find(f"{BPMN}outgoing") is not None
    ]
    assert sorted(placed) == sorted(nodes)
    check = next(e for e in process.iter(f"{BPMN}userTask") if e.get("name") == "审查")
    told = next(check.iter("{urn:flowaudit:parameters}task"))
    assert told.get("pool") == "窗口"
    assert float(told.get("workMeanHours")) == pytest.approx((2 * 0.5 + 0.7) / 3, rel=1e-4)
    assert float(told.get("times")) == 100
    assert "100.0%" in process.find(f"{BPMN}documentation").text
    shown = {e.get("name") for e in process.iter(f"{BPMN}sequenceFlow")} - {None}
    assert shown == {"80%", "20%", "83%", "17%"}


def test_pm4py_opens_it(written):
    _process, path = written
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pm4py.objects.bpmn import obj
        from pm4py.objects.bpmn.importer.variants import lxml as importer

        graph = importer.apply(str(path))
    tasks = [n for n in graph.get_nodes() if isinstance(n, obj.BPMN.Task)]
    assert sorted(n.get_name() for n in tasks) == sorted(["申请", "审查", "现场核查", "决定", "登记", "补正"])
    gates = [n for n in graph.get_nodes() if isinstance(n, (obj.BPMN.ExclusiveGateway, obj.BPMN.ParallelGateway))]
    assert len(gates) == 6
    assert len(graph.get_flows()) == sum(1 for _e in ET.parse(path).getroot().iter(f"{BPMN}sequenceFlow"))


def test_every_element_is_drawn_inside_its_lane(written):
    _process, path = written
    root = ET.parse(path).getroot()
    di, dc = "{http://www.omg.org/spec/BPMN/20100524/DI}", "{http://www.omg.org/spec/DD/20100524/DC}"
    boxes = {
        s.get("bpmnElement"): tuple(float(s.find(f"{dc}Bounds").get(k)) for k in ("x", "y", "width", "height"))
        for s in root.iter(f"{di}BPMNShape")
    }
    process = root.find(f"{BPMN}process")
    for lane in process.iter(f"{BPMN}lane"):
        x, y, w, h = boxes[lane.get("id")]
        for reference in lane:
            a, b, c, d = boxes[reference.text]
            assert x < a
            assert a + c < x + w
            assert y < b
            assert b + d < y + h
    edges = {e.get("bpmnElement"): e for e in root.iter(f"{di}BPMNEdge")}
    for flow in process.iter(f"{BPMN}sequenceFlow"):
        points = [(float(p.get("x")), float(p.get("y"))) for p in edges[flow.get("id")] if p.get("x")]
        for (x, y), end in ((points[0], "sourceRef"), (points[-1], "targetRef")):
            a, b, c, d = boxes[flow.get(end)]
            assert x in (a, a + c)
            assert y == b + d / 2


@st.composite
def graphs(draw):
    n = draw(st.integers(2, 14))
    lanes = draw(st.integers(1, 3))
    chain = [(i, i + 1) for i in range(n - 1)]
    more = draw(st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=12, unique=True))
    pairs = list(dict.fromkeys(chain + [(a, b) for a, b in more if a != b]))
    weights = draw(st.lists(st.floats(0.1, 10), min_size=len(pairs), max_size=len(pairs)))
    lane = draw(st.lists(st.integers(0, lanes - 1), min_size=n, max_size=n))
    sizes = draw(st.lists(st.sampled_from([(110, 80), (50, 50), (36, 36)]), min_size=n, max_size=n))
    return (
        sizes,
        lane,
        lanes,
        [Arrow(a, b, w, k % 2 == 0) for k, ((a, b), w) in enumerate(zip(pairs, weights, strict=True))],
    )


@settings(max_examples=60)
@given(graphs())
def test_shapes_never_overlap_and_arrows_never_cross_them(graph):
    sizes, lane, _n_lanes, _arrows = graph
    layout = lay_out(*graph)
    for i, (x, y, w, h) in enumerate(layout.shapes):
        assert (w, h) == sizes[i]
        a, b, c, d = layout.lanes[lane[i]]
        assert a < x
        assert x + w < a + c
        assert b < y
        assert y + h < b + d
        for u, v, p, q in layout.shapes[:i]:
            assert x + w <= u or u + p <= x or y + h <= v or v + q <= y
    for points in layout.arrows:
        for (a, b), (c, d) in itertools.pairwise(points):
            assert a == c or b == d
            for x, y, w, h in layout.shapes:
                inside = min(a, c) < x + w and max(a, c) > x and min(b, d) < y + h and max(b, d) > y
                assert not inside


def test_partial_orders_become_sequences_side_by_side():
    order = [Step(n, after, -1, -1, n) for n, after in enumerate([(), (0,), (1,), (0,), (2, 3), ()])]
    assert composed(order) == (Parallel(((0, Parallel(((1, 2), (3,))), 4), (5,))),)
    # b and c after a, d after b alone, e after b and c: neither one after the other nor side by side.
    knot = [Step(n, after, -1, -1, n) for n, after in enumerate([(), (0,), (0,), (1,), (1, 2)])]
    assert composed(knot) == (0, 1, 2, 3, 4)
    backwards = [Step(0, (1,), -1, -1, 0), Step(1, (), -1, -1, 1)]
    assert composed(backwards) == (1, 0)


@st.composite
def processes(draw):
    """Ways with random partial orders over six nodes, some nodes more than once."""
    ways = {}
    for _way in range(draw(st.integers(1, 6))):
        n = draw(st.integers(1, 7))
        rows = []
        for k in range(n):
            after = draw(st.sets(st.integers(0, k - 1), max_size=2)) if k else set()
            rows.append((draw(st.integers(0, 5)), tuple(sorted(after))))
        ways[steps(*rows)] = float(draw(st.integers(1, 50)))
    return office(ways)


def visits(graph):
    """Expected visits of every vertex, from the flow equations of its gateways."""
    n = len(graph.vertices)
    into = [sum(e.target == v for e in graph.edges) for v in range(n)]
    matrix = np.eye(n)
    for e in graph.edges:
        share = 1.0 if e.probability is None else e.probability
        matrix[e.target, e.source] -= share / (into[e.target] if graph.vertices[e.target].kind == "and" else 1)
    return np.linalg.solve(matrix, np.eye(n)[0])


@settings(max_examples=40)
@given(processes())
def test_visits_survive_any_routing(process):
    """Shares of what followed what, taken as chances, give the visits they were counted from."""
    graph, _steps = process_graph(process, 1.0)
    found = {}
    for vertex, often in zip(graph.vertices, visits(graph), strict=True):
        if vertex.kind == "task":
            name = process.nodes[vertex.node].activity
            found[name] = found.get(name, 0.0) + often
    assert found == pytest.approx(figures(process)[0], rel=1e-9)
    for k, vertex in enumerate(graph.vertices):
        out = [e for e in graph.edges if e.source == k]
        assert len(out) == 1 or vertex.kind in ("end", "xor", "and")
        if vertex.kind == "xor" and len(out) > 1:
            assert sum(e.probability for e in out) == pytest.approx(1.0)


@settings(max_examples=3, deadline=None)
@given(processes())
def test_any_process_can_be_read_again(tmp_path_factory, process):
    path = tmp_path_factory.mktemp("any") / "any.bpmn"
    write_bpmn(process, path)
    found = bpmn_problems(path, path.with_suffix(".json"))
    # Without memory a case may skip every task, one after the other; no log would show it, and reading says so.
    assert not [p for p in found["problem"] if "without any task" not in p], found.to_string()


def test_coverage_leaves_out_the_ways_with_the_rarest_transitions(tmp_path):
    process = office()
    write_bpmn(process, tmp_path / "part.bpmn", coverage=0.8)
    text = (tmp_path / "part.bpmn").read_text(encoding="utf-8")
    assert "80.0%" in text
    assert "补正" not in text
    graph, kept = process_graph(process, 0.8)
    assert graph.kept == pytest.approx(0.8)
    assert sum(w for w, s in kept if s.node == 0) == 80.0
    assert "补正" not in json.loads((tmp_path / "part.json").read_text(encoding="utf-8"))["tasks"]


def test_names_that_xml_cannot_hold_and_quotes_are_written_safely(tmp_path):
    process = office()
    nodes = tuple(replace(n, activity=f'<&"\x0b{n.activity}') for n in process.nodes)
    write_bpmn(replace(process, nodes=nodes), tmp_path / "odd.bpmn")
    assert bpmn_problems(tmp_path / "odd.bpmn", tmp_path / "odd.json").empty


def test_what_the_log_does_not_tell_stays_untold(tmp_path):
    bare = office()
    nodes = tuple(replace(n, performers=(), pool=-1) for n in bare.nodes)
    bare = replace(
        bare, nodes=nodes, pools=(), resources=(), calendars=(), arriving=None,
        identifiable=Identifiable(False, False, "没有开始时间", "no start times"),
    )  # fmt: skip
    write_bpmn(bare, tmp_path / "bare.bpmn")
    back = read_bpmn(tmp_path / "bare.bpmn", tmp_path / "bare.json")
    assert back.identifiable == bare.identifiable
    assert "workMeanHours" not in (tmp_path / "bare.bpmn").read_text(encoding="utf-8")
    assert mean(back.arriving.gaps) == pytest.approx(1.0)


def test_options_out_of_range_are_refused(tmp_path):
    with pytest.raises(UsageError, match="coverage"):
        write_bpmn(office(), tmp_path / "a.bpmn", coverage=0.0)
    with pytest.raises(UsageError, match="json"):
        write_bpmn(office(), tmp_path / "a.json")
    assert list(tmp_path.iterdir()) == []


def test_a_mixture_has_the_mean_and_the_atoms_of_its_parts():
    table = mixture([np.zeros(len(GRID)), family("exponential", mean=4.0)], [1.0, 3.0])
    assert mean(table) == pytest.approx(3.0, rel=1e-3)
    assert np.interp(0.2, GRID, table) == 0.0
    assert np.interp(0.625, GRID, table) == pytest.approx(4 * np.log(2), rel=0.05)
