"""Maps and swim lanes: every activity once, labels that do not cover boxes, a way out when Graphviz does not answer."""

import io
import sys
from itertools import pairwise

import matplotlib.image
import numpy as np
import pytest
from lxml import etree
from small_logs import log_of

from flowaudit.errors import InputError, UsageError
from flowaudit.flow import discover
from flowaudit.views import _place, compare_map, draw, find_font, process_map, side_by_side, swimlane
from flowaudit.views._place import place
from flowaudit.views.fonts import GETA, printable
from flowaudit.views.picture import Box, Text
from flowaudit.views.process_map import graph_of, usual_order
from flowaudit.worktime import load_calendar

SVG = "{http://www.w3.org/2000/svg}"


def words(picture):
    return [s.text for s in picture.shapes if isinstance(s, Text)]


def pixels(picture):
    return matplotlib.image.imread(io.BytesIO(picture.png(dpi=80)))[..., :3]


def test_every_activity_and_lane_is_on_the_map_once(as_is):
    shown = words(process_map(as_is, lang="zh"))
    for name in (
        "提交",
        "受理",
        "审查",
        "审核",
        "核查",
        "决定",
        "领取",
        "申请人",
        "综合窗口",
        "市场监管局",
        "消防救援支队",
    ):
        assert shown.count(name) == 1
    assert next(w for w in shown if w in ("申请人", "综合窗口", "市场监管局", "消防救援支队")) == "申请人", (
        "the applicant's lane is first"
    )


def test_time_runs_down_and_lanes_stand_apart(as_is):
    graph = graph_of(as_is, "zh")
    layout = place(graph)
    y = {node.label: at[1] for node, at in zip(graph.nodes, layout.nodes, strict=True)}
    assert y["提交"] < y["受理"] < y["审查"] < y["决定"] < y["领取"]
    edges = [(x, x + w) for x, _y, w, _h in layout.lanes]
    assert all(a[1] <= b[0] for a, b in pairwise(edges))


def test_no_two_boxes_and_no_two_labels_overlap(as_is):
    graph = graph_of(as_is, "zh")
    layout = place(graph)
    rects = [(x, y, *n.size) for n, (x, y) in zip(graph.nodes, layout.nodes, strict=True)]
    rects += [(*r.label, *e.label_size) for e, r in zip(graph.edges, layout.routes, strict=True) if r.label]
    for i, (x, y, w, h) in enumerate(rects):
        for x2, y2, w2, h2 in rects[:i]:
            assert abs(x - x2) >= (w + w2) / 2 - 0.5 or abs(y - y2) >= (h + h2) / 2 - 0.5


def test_arrows_are_drawn_straight_when_graphviz_does_not_answer(as_is, monkeypatch):
    graph = graph_of(as_is, "zh")
    routed = place(graph)
    late = place(graph, timeout_s=0.001)
    assert [y for _x, y in late.nodes] == [y for _x, y in routed.nodes]
    assert all(r.points for r in late.routes)
    monkeypatch.setattr(sys, "executable", str(find_font().path))
    assert place(graph).routes == late.routes, "a child that cannot start is no different"


def test_no_label_reaches_graphviz(as_is):
    graph = graph_of(as_is, "zh")
    assert _place._dot(graph, _place._grid(graph)).isascii()


def test_small_counts_are_hidden(as_is):
    assert "10次" in words(process_map(as_is, lang="zh"))
    assert "<11次" in words(process_map(as_is, lang="zh", small=11))


def test_compare_marks_what_falls_away_and_what_is_new(as_is, to_be):
    picture = compare_map(as_is, to_be, merged={"审查＋审核": ("审查", "审核")}, lang="zh")
    boxes = {}
    for shape, after in pairwise(picture.shapes):
        if isinstance(shape, Box) and isinstance(after, Text) and after.text not in boxes:
            boxes[after.text] = shape
    assert boxes["核查"].dash
    assert boxes["审核"].dash
    assert not boxes["受理"].dash
    assert boxes["审查＋审核"].fill == "#f0d9a8"
    assert boxes["快递"].width > 2


def test_swim_lanes_follow_the_usual_order(as_is):
    steps = [w for w in words(swimlane(as_is, lang="zh")) if w in {"提交", "受理", "审查", "决定", "领取"}]
    assert steps == ["提交", "受理", "审查", "决定", "领取"]
    for direction in ("rows", "columns"):
        assert pixels(swimlane(as_is, lang="zh", direction=direction)).std() > 0.02


def test_usual_order_puts_a_rare_detour_after_what_it_follows():
    order = usual_order(discover(log_of(*["ABC"] * 20, *["ABXYZC"] * 2)).variants)
    assert sorted(order, key=order.__getitem__) == ["A", "B", "X", "Y", "Z", "C"]


def test_hostile_labels_are_text(tmp_path):
    label = "<script>alert(1)</script>\"'&\x07$x^2$"
    log = log_of("AB", "AB")
    events = log.to_pandas().astype({"activity": "object"}).replace({"activity": {"A": label}})
    from flowaudit.eventlog import from_frame

    picture = draw(discover(from_frame(events), calendar=load_calendar("weekdays")))
    tree = etree.fromstring(picture.svg.encode())
    assert {e.tag for e in tree.iter()} <= {SVG + t for t in ("svg", "title", "rect", "path", "text")}
    assert "".join(t.text for t in tree.iter(SVG + "text")).count("<script>") == 1
    assert not [a for e in tree.iter() for a in e.attrib if a.startswith("on") or a.endswith("href")]
    picture.save(tmp_path / "hostile.png")


def test_png_shows_chinese_and_not_boxes(as_is):
    """Two different words give two different pictures; a missing glyph would draw the same box for both."""
    image = pixels(process_map(as_is, lang="zh"))
    assert image.std() > 0.02
    from flowaudit.views import Picture

    drawn = [pixels(Picture(40, 20, (Text(20, 10, word, 12.0),))) for word in ("办", "件", GETA)]
    assert all(d.std() > 0.02 for d in drawn)
    assert np.abs(drawn[0] - drawn[1]).mean() > 0.01
    assert np.abs(drawn[0] - drawn[2]).mean() > 0.01
    assert printable("办件\U0001f600") == "办件" + GETA


def test_svg_names_the_fonts_and_carries_text(as_is):
    svg = process_map(as_is, lang="zh").svg
    assert "'Microsoft YaHei','PingFang SC','Noto Sans CJK SC','Source Han Sans SC','Noto Sans SC',sans-serif" in svg
    assert ">受理</text>" in svg
    assert "<image" not in svg


def test_tall_pictures_are_cut_between_boxes(as_is):
    picture = swimlane(as_is, lang="zh", direction="columns")
    parts = picture.pages(picture.height / 2 + picture.head)
    assert len(parts) == 2
    assert sum(p.height - p.head for p in parts) == pytest.approx(picture.height - picture.head)
    assert words(parts[1]).count("申请人") == 1
    assert picture.pages(1e6) == [picture]


def test_side_by_side_keeps_both(as_is, to_be):
    both = side_by_side(process_map(as_is, lang="zh"), process_map(to_be, lang="zh"), titles=("前", "后"))
    assert {"核查", "快递", "前", "后"} <= set(words(both))


def test_a_log_without_departments_is_drawn():
    picture = draw(discover(log_of("ABC", "ACB"), calendar=load_calendar("weekdays")), lang="zh")
    assert {"A", "B", "C"} <= set(words(picture))


def test_saving(as_is, tmp_path):
    picture = draw(as_is, lang="zh")
    assert picture.save(tmp_path / "图.svg").read_text(encoding="utf-8") == picture.svg
    assert picture.save(tmp_path / "图.png").read_bytes()[:4] == b"\x89PNG"
    assert len(list(tmp_path.iterdir())) == 2
    with pytest.raises(UsageError):
        picture.save(tmp_path / "图.pdf")
    with pytest.raises(InputError):
        picture.save(tmp_path / "absent" / "图.svg")
    with pytest.raises(UsageError):
        draw(3)
    assert set(picture._repr_mimebundle_()) == {"image/svg+xml", "text/plain"}
