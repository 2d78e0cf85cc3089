"""Funnels: a mark for every peer told, limits that narrow, names of those outside only."""

import numpy as np
import pandas as pd

from flowaudit.diagnosis.peers import compare_peers
from flowaudit.eventlog import from_frame
from flowaudit.views.funnel_chart import MOST, funnel_chart
from flowaudit.views.picture import Box, Line, Text

MONDAY = pd.Timestamp("2024-03-04 09:00")


def peers(sizes, rates, items=1):
    rows = [
        (f"{d}{i}-{k}", d, f"I{i}", float(k < n * rates.get(d, 0.2)))
        for d, n in sizes.items()
        for i in range(items)
        for k in range(n)
    ]
    cases = pd.DataFrame(rows, columns=["case_id", "district", "item_code", "late"])
    log = from_frame(
        pd.DataFrame({"case_id": cases["case_id"], "activity": "办", "end": MONDAY}), tables={"cases": cases}
    )
    return compare_peers(log, metric=cases.set_index("case_id")["late"])


def words(picture):
    return [s.text for s in picture.shapes if isinstance(s, Text)]


def marks(picture):
    return [s for s in picture.shapes if isinstance(s, Box)]


def test_every_peer_has_a_mark_and_only_outsiders_a_name():
    sizes = {"甲区": 400, "乙区": 300, "丙区": 200, "丁区": 100, "小区": 5}
    picture = funnel_chart(peers(sizes, {"丁区": 0.5}), "en")
    assert len(marks(picture)) == 4
    assert "丁区" in words(picture)
    assert "乙区" not in words(picture)
    filled = [m for m in marks(picture) if m.fill != "#ffffff"]
    assert len(filled) == words(picture).count("丁区") == 1
    # 100 cases and 50 %: left of and above all others.
    assert filled[0].x == min(m.x for m in marks(picture))
    assert filled[0].y == min(m.y for m in marks(picture))
    assert any("fewer than 10" in note for note in picture.notes)


def test_limits_narrow_to_the_right():
    picture = funnel_chart(peers({"甲区": 400, "乙区": 40, "丙区": 200}, {}), "en")
    curves = [s for s in picture.shapes if isinstance(s, Line) and len(s.points) > 2]
    assert len(curves) == 5
    low, high = curves[0].points, curves[1].points
    gaps = np.array([a[1] - b[1] for a, b in zip(low, high, strict=True)])
    assert gaps[0] > gaps[-1] > 0
    inside = [p for c in curves for p in c.points]
    assert all(0 <= x <= picture.width and 0 <= y <= picture.height for x, y in inside)


def test_groups_beyond_the_panels_are_named():
    picture = funnel_chart(peers({"甲区": 40, "乙区": 40}, {}, items=MOST + 2), "en")
    assert len(marks(picture)) == 2 * MOST
    assert "I6, I7" in picture.notes[-1]


def test_nothing_to_compare_says_so():
    picture = funnel_chart(peers({"甲区": 40}, {}), "en")
    assert words(picture) == ["no peers with enough cases to compare."]
    assert picture.svg.startswith("<")
