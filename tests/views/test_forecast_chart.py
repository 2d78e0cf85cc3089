"""The forecast as a picture: a falling line inside its band, from all open cases down to none."""

import numpy as np
import pandas as pd
import pytest

import flowaudit as fa
from flowaudit.simulation import Forecast
from flowaudit.views import forecast_chart
from flowaudit.views.picture import Line, Text


@pytest.fixture
def ahead():
    now = pd.Timestamp("2024-03-04")
    days = pd.date_range(now, periods=11)
    left = np.linspace(20, 0, 11)
    table = pd.DataFrame({"date": days, "open": left, "p10": left * 0.8, "p90": np.minimum(left * 1.2, 20)})
    ends = np.repeat(days.to_numpy("datetime64[us]")[None, 1:], 2, axis=0)
    cases = pd.DataFrame({"case_id": [str(i) for i in range(20)]})
    return Forecast(now, cases, table, None, 50, 7, np.repeat(ends, 2, axis=1))


def test_the_line_falls_within_its_band(ahead):
    picture = forecast_chart(ahead, lang="en")
    band = next(s for s in picture.shapes if isinstance(s, Line) and s.fill and len(s.points) > 10)
    line = next(s for s in picture.shapes if isinstance(s, Line) and s.width == 1.2 and len(s.points) == 11)
    # Down the page is fewer cases.
    heights = [y for _x, y in line.points]
    assert heights == sorted(heights)
    upper, lower = band.points[:11], band.points[11:22][::-1]
    for (_x, y), (_hx, high), (_lx, low) in zip(line.points, upper, lower, strict=True):
        assert high <= y <= low


def test_it_says_what_is_counted_and_from_when(ahead):
    picture = forecast_chart(ahead, lang="en")
    assert "2024-03-04 (20)" in picture.notes[0]
    assert "50 replications, seed 7" in picture.notes[1]
    assert "20" in [s.text for s in picture.shapes if isinstance(s, Text)]


def test_draw_knows_it(ahead):
    assert fa.draw(ahead, lang="zh").shapes == forecast_chart(ahead, lang="zh").shapes
