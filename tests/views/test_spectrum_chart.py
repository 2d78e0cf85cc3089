"""The picture of a spectrum: every line between its two moments, no more than can be seen, said how many."""

import itertools

import numpy as np
import pandas as pd
import pytest

from flowaudit.eventlog import from_frame, load_sample
from flowaudit.flow import spectra, spectrum
from flowaudit.views import draw
from flowaudit.views._dates import date_ticks
from flowaudit.views.picture import Line, Text
from flowaudit.views.spectrum_chart import CLASSES, LEFT, LOWER, MOST_LINES, RIGHT, UPPER, chosen_lines, spectrum_chart

DAY = np.datetime64("2024-03-04T00:00", "us")


def segment(left, hours):
    """One case for each pair, from A to B."""
    left = DAY + (np.asarray(left, float) * 3.6e9).astype("timedelta64[us]")
    end = left + (np.asarray(hours, float) * 3.6e9).astype("timedelta64[us]")
    frame = pd.DataFrame(
        {"case_id": np.repeat(np.arange(len(left)).astype(str), 2), "activity": ["A", "B"] * len(left)}
    )
    return spectrum(from_frame(frame.assign(end=np.stack([left, end], 1).ravel())), "A", "B")


@pytest.fixture(scope="module")
def sample():
    return load_sample("restaurant")


def passages(picture):
    return [s for s in picture.shapes if isinstance(s, Line) and s.points[0][1] == UPPER and s.stroke in CLASSES]


def words(picture):
    return [s.text for s in picture.shapes if isinstance(s, Text)]


def test_a_line_runs_from_its_leaving_to_its_entering():
    picture = draw(segment([0, 2, 5], [4, 5, 5]), lang="en")
    assert [(a, b) for a, b in (line.points for line in passages(picture))] == [
        ((LEFT, UPPER), (pytest.approx(LEFT + (RIGHT - LEFT) * 0.4), LOWER)),
        ((pytest.approx(LEFT + (RIGHT - LEFT) * 0.2), UPPER), (pytest.approx(LEFT + (RIGHT - LEFT) * 0.7), LOWER)),
        ((pytest.approx(LEFT + (RIGHT - LEFT) * 0.5), UPPER), (RIGHT, LOWER)),
    ]
    assert picture.title == "Performance spectrum: A → B"


def test_the_longest_quarter_is_the_darkest_and_on_top():
    lines = passages(spectrum_chart(segment(range(8), [8, 1, 2, 3, 4, 5, 6, 7])))
    assert [line.stroke for line in lines] == [c for c in CLASSES for _twice in range(2)]
    assert lines[-1].points[0][0] > LEFT
    assert lines[-2].points[0][0] == LEFT
    shades = [sum(int(c[k : k + 2], 16) for k in (1, 3, 5)) for c in CLASSES]
    assert all(a - b > 60 for a, b in itertools.pairwise(shades))


def test_equal_durations_are_one_class():
    picture = spectrum_chart(segment(range(5), [3] * 5), lang="en")
    assert len({line.stroke for line in passages(picture)}) == 1
    assert [w for w in words(picture) if "≤" in w] == ["≤ 3.0 h"]


def test_more_lines_than_can_be_seen_are_thinned_out_and_that_is_said():
    rng = np.random.default_rng(1)
    found = segment(rng.uniform(0, 5000, 5000), rng.exponential(20, 5000))
    picture = spectrum_chart(found, lang="en")
    assert len(passages(picture)) == MOST_LINES
    assert picture.notes[-1].startswith("2,000 of 5,000 passages are drawn")
    assert spectrum_chart(found, lang="en") == picture
    few = spectrum_chart(segment(range(5), [3] * 5), lang="en")
    assert not any("are drawn" in note for note in few.notes)


@pytest.mark.parametrize("n", [1, MOST_LINES, MOST_LINES + 1, 10**6])
def test_the_chosen_are_spread_over_all(n):
    chosen = chosen_lines(n)
    assert len(set(chosen.tolist())) == min(n, MOST_LINES)
    assert (chosen[0], chosen[-1]) == (0, n - 1)


def test_the_counting_rule_stands_in_the_notes():
    found = segment([0, 1, 2, 3], [9, 8, 10, 4])
    notes = " ".join(spectrum_chart(found, lang="en").notes)
    assert "n = 4 passages" in notes
    assert "starts not recorded" in notes
    assert f"Overtaking: {3 / 6:.1%} of all pairs" in notes
    assert "50.0% entered at the same moment" in notes
    assert "not measurable" in " ".join(spectrum_chart(segment([0], [1]), lang="en").notes)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_sample_fits_into_its_frame(sample, lang):
    for row in spectra(sample).head(4).itertuples():
        picture = draw(spectrum(sample, row.source, row.target), lang=lang)
        for shape in picture.shapes:
            if isinstance(shape, Line):
                assert all(LEFT - 0.1 <= x <= RIGHT + 0.1 for x, _y in shape.points)
            if isinstance(shape, Text):
                assert 0 <= shape.x <= picture.width
                assert 0 <= shape.y <= picture.height
        assert picture.svg.startswith("<")


def test_a_segment_nobody_takes_and_one_without_any_time(sample):
    picture = spectrum_chart(spectrum(sample, "综合咨询", "综合咨询"), lang="en")
    assert "no case goes" in " ".join(words(picture))
    assert len(passages(spectrum_chart(segment([0, 0], [0, 0])))) == 2


@pytest.mark.parametrize("span", ["3min", "1h", "17h", "3D", "40D", "200D", "900D", "9000D"])
def test_dates_of_an_axis_are_few_and_inside(span):
    first = pd.Timestamp("2023-11-17 09:41")
    last = first + pd.Timedelta(span)
    for wanted in (2, 5, 9):
        marks = date_ticks(first, last, wanted)
        assert len(marks) <= wanted
        assert all(first <= moment <= last for moment, _label in marks)
        assert len({label for _moment, label in marks}) == len(marks)
    if pd.Timedelta(span) > pd.Timedelta("2h"):
        assert len(date_ticks(first, last, 7)) >= 2
