"""The map of the flow as it is: connected, honest about what it hides, and no larger than asked."""

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from small_logs import MONDAY, labels_of, log_of, logs

from flowaudit.eventlog import APPLICANT, from_frame
from flowaudit.flow import END, START, discover
from flowaudit.flow.discover import MAX_NODES
from flowaudit.worktime import Calendar

WEEKDAYS = Calendar.weekdays()


def see(log, **options):
    return discover(log, calendar=WEEKDAYS, **options)


def assert_connected(found):
    """Every shown activity lies on a way of shown edges from the start to the end."""
    nodes, edges = found.shown()
    graph = nx.DiGraph(list(zip(edges["source"], edges["target"], strict=True)))
    shown = set(nodes["activity"])
    assert shown <= nx.descendants(graph, START)
    assert shown <= nx.ancestors(graph, END)
    assert set(graph) <= shown | {START, END}


def chain(n, name="a"):
    names = [f"{name}{i:04}" for i in range(n)]
    return pd.DataFrame({"case_id": "1", "activity": names, "end": MONDAY + pd.to_timedelta(range(n), unit="min")})


@settings(deadline=None)
@given(logs())
def test_laws_of_the_map(log):
    found = see(log)
    assert_connected(found)
    assert 0.0 <= found.coverage <= 1.0
    assert found.nodes["events"].sum() == len(log.events)
    assert found.nodes["activity"].is_unique
    flow = found.edges
    assert flow["frequency"].sum() == len(log.events) + log.n_cases
    assert flow.loc[flow["source"] == START, "frequency"].sum() == log.n_cases
    assert flow.loc[flow["target"] == END, "frequency"].sum() == log.n_cases
    # What enters an activity leaves it.
    for row in found.nodes.itertuples():
        assert flow.loc[flow["target"] == row.activity, "frequency"].sum() == row.events
        assert flow.loc[flow["source"] == row.activity, "frequency"].sum() == row.events


@settings(deadline=None, max_examples=30)
@given(logs())
def test_few_edges_are_respected_up_to_the_trees(log):
    nodes, edges = see(log, max_edges=0).shown()
    # A tree from the start, a tree to the end, and the strongest way in and out of every node.
    assert len(edges) <= 4 * (len(nodes) + 1)
    assert_connected(see(log, max_edges=0))
    assert see(log, max_edges=10_000).coverage == 1.0
    room = len(edges) + 1
    assert len(see(log, max_edges=room).shown()[1]) <= room


def test_max_edges_is_kept():
    rng = np.random.default_rng(1)
    log = log_of(*("".join(rng.choice(list("ABCDEFGH"), 20)) for _ in range(50)))
    found = see(log, max_edges=40)
    assert len(found.edges) > 60
    assert len(found.shown()[1]) == 40
    assert found.coverage < 1.0
    assert_connected(found)


def test_a_strong_circle_is_not_cut_off():
    """The strongest ways into and out of B and C lie between the two; the way to them from the start is weak."""
    found = see(log_of("A", "A", "BCBCBC"), max_edges=0)
    shown = found.shown()[1]
    assert {(START, "B"), ("C", END)} <= set(zip(shown["source"], shown["target"], strict=True))
    assert_connected(found)


def test_the_strongest_edges_are_shown_first():
    found = see(log_of(*["ABC"] * 10, "AC"), max_edges=0)
    shown = found.shown()[1]
    assert ("A", "C") not in set(zip(shown["source"], shown["target"], strict=True))
    assert found.coverage == pytest.approx(20 / 21)
    assert see(log_of(*["ABC"] * 10, "AC")).coverage == 1.0


def test_hidden_activities_do_not_cut_the_way():
    """Forty equally frequent steps in a row: hiding any ten of them would leave pieces."""
    found = see(from_frame(chain(40)))
    assert_connected(found)
    assert found.nodes["shown"].all()


def test_rare_activities_are_hidden_and_it_is_said():
    frames = [chain(20).assign(case_id=f"c{i}") for i in range(5)]
    rare = [
        pd.DataFrame({"case_id": f"r{i}", "activity": ["a0000", f"z{i}", "a0019"],
                      "end": MONDAY + pd.to_timedelta([0, 1, 2], unit="h")})
        for i in range(30)
    ]  # fmt: skip
    found = see(from_frame(pd.concat([*frames, *rare])))
    assert found.nodes["shown"].sum() == MAX_NODES
    assert set(found.shown()[0]["activity"]) > {f"a{i:04}" for i in range(20)}
    assert_connected(found)
    assert any("20 rare" in note for note in found.notes)


def test_three_thousand_activities():
    frame = pd.concat([chain(3, name=f"case{i}-").assign(case_id=str(i)) for i in range(1000)])
    found = see(from_frame(frame))
    assert len(found.nodes) == 3000
    assert found.nodes["shown"].sum() == MAX_NODES
    assert_connected(found)


def test_one_case_of_three_thousand_activities():
    found = see(from_frame(chain(3000)))
    assert_connected(found)
    assert found.coverage == 1.0


@pytest.mark.parametrize("traces", [("A",), ("A", "B"), ("AAAA",), ("AAA", "AA")])
def test_small_logs(traces):
    found = see(log_of(*traces))
    assert_connected(found)
    assert found.tree.operator in ("task", "xor", "loop", "sequence")
    assert "<" in found._repr_html_()


def test_all_tied():
    found = see(log_of("ABC", "ABC", step="0h"))
    assert_connected(found)
    assert str(found.tree) == "→('A', 'B', 'C')"


def test_nodes_carry_department_stage_and_work():
    frame = pd.DataFrame(
        {
            "case_id": list("1122"),
            "activity": ["申请", "受理"] * 2,
            "department": [APPLICANT, "甲", APPLICANT, "乙"],
            "stage": ["apply", None, "apply", None],
            "start": MONDAY + pd.to_timedelta([0, 1, 0, 1], unit="h"),
            "end": MONDAY + pd.to_timedelta([0, 2, 0, 3], unit="h"),
        }
    )
    frame = pd.concat([frame, frame.iloc[[3]].assign(case_id="3")])
    nodes = see(from_frame(frame)).nodes.set_index("activity")
    assert nodes.loc["受理", "department"] == "乙"  # twice, 甲 once
    assert nodes.loc["受理", "stage"] is None
    assert nodes.loc["申请", ["department", "stage"]].tolist() == [APPLICANT, "apply"]
    assert nodes.loc["受理", ["events", "cases", "median_work_h"]].tolist() == [3, 3, 2.0]


def test_what_an_as_is_tells():
    found = see(log_of("ABC", "AC"))
    assert (found.cases, found.events, found.unit, found.has_starts) == (2, 5, "case", False)
    assert found.to_dict()["variants"] == 2
    assert "sequenceFlow" in found.bpmn
    assert set(labels_of(log_of("ABC"))) == set(found.nodes["activity"])


@pytest.mark.real_logs
@pytest.mark.parametrize("name", ["receipt.xes.gz"])
def test_a_real_log_is_connected(real_log, name):
    from flowaudit import eventlog

    if not hasattr(eventlog, "read_xes"):
        pytest.skip("the reader is not here")
    found = see(eventlog.read_xes(real_log(name)))
    assert_connected(found)
    assert found.coverage > 0.8
