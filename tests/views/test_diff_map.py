"""The map of what a redesign changes: every mark where it belongs, numbers per hundred cases, dense processes cut down."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from lxml import etree
from processes import Path, Station, constant, line, network

from flowaudit.redesign import Scenario, diff
from flowaudit.views import diff_map, draw
from flowaudit.views._style import CHANGED, GONE, MERGED, NEW
from flowaudit.views.diff_map import MOST_EDGES, MOST_GONE, MOST_KEPT
from flowaudit.views.picture import Box, Line, Text

HOUR = constant(1.0)


def words(picture):
    return [s.text for s in picture.shapes if isinstance(s, Text)]


def boxes(picture):
    """The box of every label: the last one painted before it."""
    found = {}
    for shape, after in pairwise(s for s in picture.shapes if not (isinstance(s, Box) and s.fill == CHANGED)):
        if isinstance(shape, Box) and isinstance(after, Text):
            found.setdefault(after.text, shape)
    return found


def with_departments(process, **of):
    return replace(process, nodes=tuple(replace(n, department=of.get(n.activity, "甲局")) for n in process.nodes))


@pytest.fixture(scope="module")
def both():
    """Five in a row: two are merged, one falls away, one is done by another department, one is new."""
    names = ("受理", "初审", "复审", "会签", "决定")
    before = with_departments(line(*(Station(n, HOUR) for n in names)), 受理="综合窗口")
    after = Scenario("x").merge_steps("初审", "复审", merged="审查").apply(before)
    nodes = [replace(n, department="乙局") if n.activity == "决定" else n for n in after.nodes]
    branch = after.templates[0].branches[0]
    steps = list(branch.steps)
    # 会签 is replaced by something new
    nodes.append(replace(nodes[steps[2].node], activity="归档"))
    steps[2] = replace(steps[2], node=len(nodes) - 1, origin=700_000)
    template = replace(after.templates[0], branches=(replace(branch, steps=tuple(steps)),))
    return before, replace(after, nodes=tuple(nodes), templates=(template,))


def test_every_mark_stands_where_it_belongs(both):
    picture = diff_map(diff(*both), lang="zh")
    marks = boxes(picture)
    assert all(marks[name].dash and marks[name].stroke == GONE for name in ("初审", "复审", "会签"))
    assert marks["审查"].fill == MERGED
    assert marks["归档"].stroke == NEW
    assert marks["归档"].width > 2
    assert marks["决定"].stroke == CHANGED
    bars = [s for s in picture.shapes if isinstance(s, Box) and s.fill == CHANGED]
    assert len(bars) == 2, "one on the box, one in the legend"
    assert not marks["受理"].dash
    assert marks["受理"].stroke not in (GONE, NEW, CHANGED)
    shown = words(picture)
    for name in ("受理", "初审", "复审", "会签", "决定", "审查", "归档", "综合窗口", "甲局", "乙局"):
        assert shown.count(name) == 1


def test_what_was_merged_says_into_what_and_what_changes_says_how(both):
    shown = words(diff_map(diff(*both), lang="en"))
    assert shown.count("into 审查") == 2
    assert "0 → 100" in shown
    assert any(w.startswith("100 · depart") for w in shown)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_legend_names_every_mark(both, lang):
    shown = words(diff_map(diff(*both), lang=lang))
    if lang == "en":
        assert {"removed or merged away", "made by merging", "new", "changed"} <= set(shown)
    dashed = [s for s in diff_map(diff(*both), lang=lang).shapes if isinstance(s, Box) and s.dash]
    assert len(dashed) == 3 + 1


def test_arrows_that_fall_away_are_dashed_and_new_ones_stand_out(both):
    lines = [s for s in diff_map(diff(*both), lang="en").shapes if isinstance(s, Line) and not s.fill]
    assert sum(s.dash and s.stroke == GONE for s in lines) == 4, "受理-初审-复审-会签-决定"
    assert sum(s.stroke == NEW for s in lines) == 3, "受理-审查-归档-决定"


def test_time_runs_down_with_what_replaces_beside_what_was(both):
    y = {name: box.y for name, box in boxes(diff_map(diff(*both), lang="zh")).items()}
    assert y["受理"] < y["初审"] < y["复审"] < y["会签"] < y["决定"]
    assert y["受理"] < y["审查"] < y["归档"] < y["决定"]


def test_nothing_to_show_is_said(both):
    found = diff_map(diff(both[0], both[0]), lang="en")
    assert any("Nothing differs" in note for note in found.notes)
    assert sum(isinstance(s, Box) and s.dash for s in found.shapes) == 1, "only the legend's"


def test_numbers_are_times_per_hundred_cases():
    stations = [Station(n, HOUR) for n in ("受理", "审查", "决定")]
    before = network(stations, [Path(("受理", "审查", "决定"), weight=3.0), Path(("受理", "决定"), weight=1.0)])
    rare = network(stations, [Path(("受理", "审查", "决定"), weight=3.0), Path(("受理", "决定"), weight=997.0)])
    assert "75" in words(diff_map(diff(before, before), lang="en"))
    assert "75 → <1" in words(diff_map(diff(before, rare), lang="en"))


def test_a_dense_process_is_cut_down():
    """150 activities, everything after everything: the map keeps what changes and the most frequent rest."""
    rng = np.random.default_rng(1)
    names = [f"环节{k:03d}" for k in range(150)]
    paths = [Path(tuple(rng.permutation(names)[:60])) for _way in range(60)]
    before = network([Station(n, HOUR) for n in names], paths)
    found = diff(before, Scenario("x").parallelise("环节000", "环节001", "环节002").apply(before))
    picture = diff_map(found, lang="zh", timeout_s=0.01)
    shown = [w for w in words(picture) if w.startswith("环节")]
    assert len(shown) == MOST_KEPT
    assert any("110" in note for note in picture.notes)
    arrows = [s for s in picture.shapes if isinstance(s, Line) and s.fill]
    assert len(arrows) <= max(MOST_EDGES, 2 * MOST_KEPT + 4) + MOST_GONE


def test_it_is_a_picture_like_the_others(both, tmp_path):
    found = diff(*both)
    picture = draw(found, lang="zh")
    assert picture.shapes == diff_map(found, lang="zh").shapes
    assert picture.save(tmp_path / "图.png", dpi=60).read_bytes()[:4] == b"\x89PNG"
    hostile = tuple(replace(n, activity="<script>" if n.activity == "受理" else n.activity) for n in both[0].nodes)
    tree = etree.fromstring(draw(diff(replace(both[0], nodes=hostile), both[0])).svg.encode())
    assert not [e for e in tree.iter() if str(e.tag).endswith("script")]
