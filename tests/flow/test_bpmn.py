"""BPMN text: well-formed, every flow has both ends, everything has its place in the picture."""

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowaudit.flow import Tree, to_bpmn
from flowaudit.flow.bpmn import NAMESPACES

BPMN, DI, DC = (f"{{{NAMESPACES[p]}}}" for p in ("bpmn", "bpmndi", "dc"))

LEAVES = st.one_of(st.builds(Tree, st.just("task"), st.text(min_size=1, max_size=4)), st.just(Tree("silent")))


def _above(children):
    some = st.lists(children, min_size=2, max_size=4).map(tuple)
    two = st.lists(children, min_size=2, max_size=2).map(tuple)
    return st.one_of(
        st.builds(
            lambda operator, inner: Tree(operator, "", inner), st.sampled_from(["sequence", "xor", "parallel"]), some
        ),
        st.builds(lambda inner: Tree("loop", "", inner), two),
    )


TREES = st.recursive(LEAVES, _above, max_leaves=12)


def leaves(tree):
    return [tree] if not tree.children else [leaf for child in tree.children for leaf in leaves(child)]


def parts(text):
    root = ET.fromstring(text)
    process = root.find(f"{BPMN}process")
    flows = process.findall(f"{BPMN}sequenceFlow")
    return root, {e.get("id"): e for e in process if e not in flows}, flows


@given(TREES)
def test_any_tree_is_a_sound_diagram(tree):
    root, elements, flows = parts(to_bpmn(tree, "示例"))
    into = dict.fromkeys(elements, 0)
    out = dict.fromkeys(elements, 0)
    for flow in flows:
        out[flow.get("sourceRef")] += 1  # a KeyError would be an end that does not exist
        into[flow.get("targetRef")] += 1
    for name, element in elements.items():
        kind = element.tag.removeprefix(BPMN)
        assert (into[name] > 0) == (kind != "startEvent")
        assert (out[name] > 0) == (kind != "endEvent")
        if not kind.endswith("Gateway"):
            assert into[name] <= 1
            assert out[name] <= 1
    shapes = [s.get("bpmnElement") for s in root.iter(f"{DI}BPMNShape")]
    assert sorted(shapes) == sorted(elements)
    assert sorted(e.get("bpmnElement") for e in root.iter(f"{DI}BPMNEdge")) == sorted(f.get("id") for f in flows)
    ids = [e.get("id") for e in root.iter() if e.get("id")]
    assert len(ids) == len(set(ids))
    tasks = [e for e in elements.values() if e.tag == f"{BPMN}task"]
    assert len(tasks) == sum(leaf.operator == "task" for leaf in leaves(tree))


@given(TREES)
def test_no_two_shapes_overlap(tree):
    root, _elements, _flows = parts(to_bpmn(tree, "x"))
    boxes = [tuple(float(b.get(k)) for k in ("x", "y", "width", "height")) for b in root.iter(f"{DC}Bounds")]
    for i, (ax, ay, aw, ah) in enumerate(boxes):
        assert ax >= 0
        assert ay >= 0
        for bx, by, bw, bh in boxes[i + 1 :]:
            assert ax + aw <= bx or bx + bw <= ax or ay + ah <= by or by + bh <= ay


def test_a_loop_goes_back():
    """↻(A, B): from the gate through A to the other gate, and from there through B back to the first."""
    _root, elements, flows = parts(to_bpmn(Tree("loop", "", (Tree("task", "A"), Tree("task", "B"))), "x"))
    name = {e.get("name"): i for i, e in elements.items() if e.get("name")}
    before = {f.get("targetRef"): f.get("sourceRef") for f in flows if f.get("targetRef") in name.values()}
    after = {f.get("sourceRef"): f.get("targetRef") for f in flows if f.get("sourceRef") in name.values()}
    assert before[name["A"]] == after[name["B"]]
    assert before[name["B"]] == after[name["A"]]


@pytest.mark.parametrize("label", ["<受理> & 'x' \"y\"", "第一行\n第二行", "\x00\x0b控制", "𠮷"])
def test_any_label_survives(label):
    _root, elements, _flows = parts(to_bpmn(Tree("task", label), label))
    (task,) = (e for e in elements.values() if e.tag == f"{BPMN}task")
    assert task.get("name").translate({10: " "}) == "".join(c if c >= " " else " " for c in label)
