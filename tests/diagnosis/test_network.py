"""Handovers as a network: counted on paper, compared with the org chart, and the sample's planted consultations."""

from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_logs import MONDAY

from flowaudit.catalogue import read_catalogue
from flowaudit.diagnosis import network
from flowaudit.diagnosis.network import handover_network, shared_information
from flowaudit.errors import MissingColumnError, UsageError
from flowaudit.eventlog import APPLICANT, from_frame, load_sample

FOLDER = Path(__file__).parents[2] / "sample_logs" / "restaurant"


def log_of(*traces, day=1):
    """Traces of (activity, department, office) a day apart, from nine to ten."""
    rows = [
        {"case_id": str(case), "activity": activity, "department": department, "office": office,
         "start": MONDAY + pd.Timedelta(days=day * place), "end": MONDAY + pd.Timedelta(days=day * place, hours=1)}
        for case, trace in enumerate(traces)
        for place, (activity, department, office) in enumerate(trace)
    ]  # fmt: skip
    return from_frame(pd.DataFrame(rows))


def chain(*departments):
    return [(f"a{k}", department, None) for k, department in enumerate(departments)]


def test_edges_and_strengths_on_paper():
    found = handover_network(log_of(chain("X", "Y", "Y", "X"), chain("X", "Y")))
    assert found.edges[["source", "target", "frequency", "cases"]].values.tolist() == [
        ["X", "Y", 2, 2],
        ["Y", "X", 1, 1],
    ]
    # From ten to nine the next day: six of seven office hours.
    assert found.edges["median_days"].tolist() == pytest.approx([6 / 7, 6 / 7])
    nodes = found.nodes.set_index("node")
    assert nodes.loc["X", ["in_strength", "out_strength"]].tolist() == [1, 2]
    assert nodes["pagerank"].sum() == pytest.approx(1)
    assert found.kind == "waiting"
    assert found.graph["X"]["Y"]["distance"] == 0.5


def test_who_works_side_by_side_hands_nothing_over():
    """Raw neighbours would count a handover between two offices that only happen to end one after the other."""
    traces = []
    for k in range(40):
        middle = [("b", "B", None), ("c", "C", None)]
        traces.append([("a", "A", None), *(middle if k % 2 else middle[::-1]), ("d", "D", None)])
    edges = handover_network(log_of(*traces)).edges
    assert {("B", "C"), ("C", "B")}.isdisjoint(zip(edges["source"], edges["target"], strict=True))
    assert {("A", "B"), ("A", "C")} <= set(zip(edges["source"], edges["target"], strict=True))


def test_the_one_between_all_others_has_the_betweenness():
    traces = [chain("A", "H", "B"), chain("B", "H", "C"), chain("C", "H", "A")]
    found = handover_network(log_of(*(trace for trace in traces for _k in range(3))))
    nodes = found.nodes.set_index("node")["betweenness"]
    # All six ways between two of the three others pass through H: of (n - 1)(n - 2) = 6 possible ones.
    assert nodes["H"] == pytest.approx(1.0)
    assert nodes.drop("H").max() == 0
    assert found.exact


def office_log(n=30):
    """Two departments of two offices each; office a2 works with b1 and b2 though it belongs to A."""
    inside_a = [("受理", "A", "a1"), ("审", "A", "a3"), ("定", "A", "a1")]
    mixed = [("受", "B", "b1"), ("会", "A", "a2"), ("办", "B", "b2"), ("复", "A", "a2"), ("结", "B", "b1")]
    return log_of(*([inside_a] * n), *([mixed] * n))


def test_communities_against_the_org_chart():
    found = handover_network(office_log(), between="office")
    community = found.nodes.set_index("node")["community"]
    assert community["a2"] == community["b1"] == community["b2"] != community["a1"]
    assert 0 < found.agreement < 1
    pairs = found.across.set_index(["a", "b"])
    assert set(pairs.index) == {("a2", "b1"), ("a2", "b2")}
    assert pairs.loc[("a2", "b1"), ["group_a", "group_b", "frequency"]].tolist() == ["A", "B", 60]
    moved = pd.DataFrame({"department": ["A", "A", "B", "B", "B"], "office": ["a1", "a3", "a2", "b1", "b2"]})
    told = handover_network(office_log(), between="office", org=moved)
    assert told.agreement == pytest.approx(1)
    assert told.across.empty
    assert told.by_chance < 1
    by_hand = handover_network(
        office_log(), between="office", org={"a1": "x", "a3": "x", "a2": "y", "b1": "y", "b2": "y"}
    )
    assert by_hand.agreement == pytest.approx(1)


def test_offices_of_one_name_are_told_apart_by_their_department():
    found = handover_network(
        log_of(*[[("a", "A", "窗口"), ("b", "B", "窗口"), ("c", "B", "科室")]] * 3), between="office"
    )
    assert set(found.nodes["node"]) == {"A·窗口", "B·窗口", "科室"}
    assert found.edges[["source", "target", "frequency"]].values.tolist() == [
        ["A·窗口", "B·窗口", 3],
        ["B·窗口", "科室", 3],
    ]


def test_org_tables_that_go_round_in_a_circle_are_reported():
    log = log_of(chain("A", "B", "C"), chain("C", "D"))
    org = pd.DataFrame(
        {"department": ["A", "B", "C", "D", "E"], "office": [None] * 5, "parent": ["B", "A", "市", "市", "E"]}
    )
    found = handover_network(log, org=org)
    assert found.org_cycles == (("A", "B"), ("E",))
    group = found.nodes.set_index("node")["group"]
    assert group[["C", "D"]].tolist() == ["市", "市"]
    assert group[["A", "B"]].isna().all()
    assert any("A → B → A" in note for note in found.notes)
    offices = pd.DataFrame({"department": ["A"] * 2, "office": ["a1", "a2"], "parent": ["a2", "a1"]})
    assert handover_network(log, org=offices).org_cycles == (("A·a1", "A·a2"),)
    ordinary = pd.DataFrame({"department": ["A", "A"], "office": ["a1", "a2"], "parent": ["A", "市"]})
    assert handover_network(log, org=ordinary).org_cycles == ()


def test_what_the_log_lacks_and_what_it_makes_do_with():
    bare = from_frame(pd.DataFrame({"case_id": ["1"], "activity": ["a"], "end": [MONDAY]}))
    with pytest.raises(MissingColumnError):
        handover_network(bare)
    with pytest.raises(UsageError):
        handover_network(bare, between="floor")
    alone = handover_network(log_of(chain("A"), chain("A")))
    assert alone.edges.empty
    assert len(alone.nodes) == 1
    assert np.isnan(alone.agreement)
    assert "A" in alone._repr_html_()
    ends = from_frame(log_of(chain("X", "Y")).to_pandas().drop(columns="start"))
    assert handover_network(ends).kind == "handover"
    tied = log_of(chain("X", "Y", "X"), day=0).to_pandas().drop(columns="start")
    assert handover_network(from_frame(tied)).edges["frequency"].sum() == 2


def test_only_the_busiest_of_a_large_network_are_analysed(monkeypatch):
    monkeypatch.setattr(network, "BUSIEST", 3)
    monkeypatch.setattr(network, "EXACT", 2)
    found = handover_network(log_of(*[chain("A", "B", "C")] * 3, chain("D", "E")))
    assert set(found.nodes["node"]) == {"A", "B", "C"}
    assert found.left_out == 2
    assert not found.exact
    assert len(found.notes) == 3


@settings(deadline=None, max_examples=15)
@given(
    st.lists(st.lists(st.sampled_from("ABCDE"), min_size=1, max_size=6), min_size=1, max_size=8),
    st.permutations("ABCDE"),
)
def test_renaming_departments_renames_the_network(traces, names):
    new = dict(zip("ABCDE", names, strict=True))
    one = handover_network(log_of(*(chain(*t) for t in traces)))
    two = handover_network(log_of(*(chain(*(new[d] for d in t)) for t in traces)))
    assert {(new[a], new[b]): w for a, b, w in one.graph.edges(data="frequency")} == {
        (a, b): w for a, b, w in two.graph.edges(data="frequency")
    }
    assert nx.number_weakly_connected_components(one.graph) == nx.number_weakly_connected_components(two.graph)
    if one.graph.number_of_edges():
        assert one.nodes["in_strength"].sum() == one.nodes["out_strength"].sum() == one.edges["frequency"].sum()


@given(st.lists(st.integers(0, 3), min_size=2, max_size=30), st.permutations(range(4)))
def test_shared_information_knows_a_partition_by_any_names(parts, names):
    found = shared_information(parts, [names[p] for p in parts])
    if len(set(parts)) == 1:
        assert np.isnan(found)
    else:
        assert found == pytest.approx(1)


def test_sample_offices_that_work_across_departments_are_those_planted():
    """Planted: consultations 市场监管局 - 消防 (W03), and 环保核查 always after 消防核查 (W09); all else stays inside."""
    found = handover_network(load_sample("restaurant"), between="office", org=read_catalogue(FOLDER / "catalogue"))
    pairs = {frozenset(pair): n for *pair, n in found.across[["a", "b", "frequency"]].values.tolist()}
    assert pairs == {frozenset(("审批一科", "技术科")): 2 * 332, frozenset(("监察科", "监督科")): 1422}
    assert found.agreement > 0.8 > 2 * found.by_chance
    centre = handover_network(load_sample("restaurant")).nodes
    assert centre.sort_values("betweenness")["node"].iloc[-1] == APPLICANT
