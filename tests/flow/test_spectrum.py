"""The performance spectrum: overtaking and batching by hand, against a loop, and what order they come in."""

import itertools
from collections import defaultdict

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_logs import cases_of, labels_of, log_of, logs

from flowaudit.errors import UsageError
from flowaudit.eventlog import from_frame, read_xes
from flowaudit.flow import directly_follows, spectra, spectrum

HOUR = np.timedelta64(1, "h")
DAY = np.datetime64("2024-03-04T00:00", "us")


def segment(*pairs):
    """One case from A to B for each pair of hours."""
    rows = [
        (str(k), name, DAY + hour * HOUR) for k, pair in enumerate(pairs) for name, hour in zip("AB", pair, strict=True)
    ]
    return from_frame(pd.DataFrame(rows, columns=["case_id", "activity", "end"]))


def by_loop(pairs):
    """Overtaking and shares of batching of (left, entered) pairs, pair by pair."""
    inverted = sum((a[0] - b[0]) * (a[1] - b[1]) < 0 for a, b in itertools.combinations(pairs, 2))
    n = len(pairs)
    overtaking = inverted / (n * (n - 1) / 2) if n > 1 else np.nan
    end = sum(any(a[1] == b[1] and a[0] != b[0] for b in pairs) for a in pairs) / n
    start = sum(any(a[0] == b[0] and a[1] != b[1] for b in pairs) for a in pairs) / n
    return overtaking, end, start


def test_first_come_first_served():
    found = spectrum(segment((0, 5), (1, 6), (2, 9)), "A", "B")
    assert (found.overtaking, found.batch_end_share, found.batch_start_share) == (0.0, 0.0, 0.0)
    assert found.hours.tolist() == [5.0, 5.0, 7.0]
    assert found.kind == "handover"


def test_last_come_first_served():
    assert spectrum(segment((0, 9), (1, 8), (2, 7)), "A", "B").overtaking == 1.0


def test_one_overtakes_two_of_four():
    assert spectrum(segment((0, 5), (1, 6), (2, 7), (3, 5.5)), "A", "B").overtaking == pytest.approx(2 / 6)


def test_ties_overtake_nobody():
    assert spectrum(segment((0, 5), (0, 4), (1, 5)), "A", "B").overtaking == 0.0


def test_signed_together_on_friday():
    found = spectrum(segment((0, 9), (1, 9), (2, 9), (3, 12)), "A", "B")
    assert (found.batch_end_share, found.batch_start_share) == (0.75, 0.0)


def test_sent_out_together():
    found = spectrum(segment((0, 8), (0, 9), (2, 10), (3, 12)), "A", "B")
    assert (found.batch_end_share, found.batch_start_share) == (0.0, 0.5)


def test_what_goes_side_by_side_all_the_way_is_no_batch():
    found = spectrum(segment((0, 8), (0, 8)), "A", "B")
    assert (found.batch_end_share, found.batch_start_share) == (0.0, 0.0)


def test_pairs_are_in_order_of_leaving():
    pairs = spectrum(segment((3, 4), (1, 6), (2, 9)), "A", "B").pairs
    assert pairs["case_id"].tolist() == ["1", "2", "0"]
    assert pairs["left"].is_monotonic_increasing
    assert list(pairs.columns) == ["case_id", "left", "entered"]


def test_entering_is_the_start_where_that_is_recorded():
    found = spectrum(log_of("AB", step="2h", starts=True), "A", "B")
    assert found.kind == "waiting"
    assert found.hours.tolist() == [1.0]
    assert "start of the target" in found.measured("en")


def test_an_unknown_activity_names_its_neighbours():
    log = log_of("AB")
    with pytest.raises(UsageError, match="no activity 'a1'") as error:
        spectrum(log, "a1", "B")
    assert "'A'" in str(error.value)


def test_activities_that_never_follow_each_other():
    found = spectrum(log_of("AB"), "B", "A")
    assert len(found.pairs) == 0
    assert np.isnan([found.overtaking, found.batch_end_share, found.batch_start_share]).all()
    assert "<table>" in found._repr_html_()


def test_it_shows_itself_and_hides_nothing_in_a_label():
    frame = pd.DataFrame({"case_id": "1", "activity": ["<b>", "B"], "end": pd.date_range("2024-01-02", periods=2)})
    assert "&lt;b&gt;" in spectrum(from_frame(frame), "<b>", "B")._repr_html_()


def test_a_missing_stamp_leaves_its_passage_out():
    frame = pd.DataFrame({"case_id": list("1122"), "activity": list("ABAB")}).assign(
        start=pd.to_datetime(["2024-01-02", "2024-01-03"] * 2),
        end=pd.to_datetime([None, "2024-01-04", "2024-01-02", None]),
    )
    found = spectra(from_frame(frame), 1)
    assert found["frequency"].tolist() == [1]
    assert spectrum(from_frame(frame), "A", "B").pairs["case_id"].tolist() == ["2"]


@pytest.mark.parametrize("min_cases", [0, 1, 30])
def test_logs_without_any_segment(min_cases):
    empty = from_frame(pd.DataFrame({"case_id": [], "activity": [], "end": pd.to_datetime([])}))
    for log in (empty, log_of("A", "B")):
        assert len(spectra(log, min_cases)) == 0
    assert list(spectra(empty).columns)[:4] == ["source", "target", "frequency", "cases"]


def test_segments_of_few_passages_are_left_out():
    log = log_of(*["AB"] * 3, "AC")
    assert spectra(log, 3)[["source", "target"]].values.tolist() == [["A", "B"]]
    assert len(spectra(log, 4)) == 0


def test_most_total_time_comes_first():
    frames = [segment((0, 1), (0, 1)).to_pandas(), segment((0, 30)).to_pandas().assign(case_id="x")]
    frames[1]["activity"] = ["C", "D"]
    found = spectra(from_frame(pd.concat(frames)), 1)
    assert found["source"].tolist() == ["C", "A"]


hours = st.integers(0, 6)


@settings(max_examples=80)
@given(st.lists(st.tuples(hours, hours).map(lambda t: (t[0], t[0] + t[1])), min_size=1, max_size=24))
def test_equals_the_loop(pairs):
    found = spectrum(segment(*pairs), "A", "B")
    assert (found.overtaking, found.batch_end_share, found.batch_start_share) == pytest.approx(
        by_loop(pairs), nan_ok=True
    )


@settings(max_examples=40)
@given(logs())
def test_every_segment_equals_its_own_spectrum_and_the_loop(log):
    found = spectra(log, 1)
    frame, names = log.to_pandas(), labels_of(log)
    begun = frame["start"].fillna(frame["end"]) if "start" in frame else frame["end"]
    passages, cases = defaultdict(list), defaultdict(set)
    for number, rows in enumerate(cases_of(log)):
        for a, b in itertools.pairwise(rows):
            passages[names[a], names[b]].append((frame["end"][a].value, begun[b].value))
            cases[names[a], names[b]].add(number)
    assert set(zip(found["source"], found["target"], strict=True)) == set(passages)
    follows = directly_follows(log, percentiles=(90,)).set_index(["source", "target"])
    for row in found.itertuples():
        pairs = passages[row.source, row.target]
        own = spectrum(log, row.source, row.target)
        figures = (row.overtaking, row.batch_end_share, row.batch_start_share)
        assert figures == pytest.approx(by_loop(pairs), nan_ok=True)
        assert figures == pytest.approx((own.overtaking, own.batch_end_share, own.batch_start_share), nan_ok=True)
        assert (row.frequency, row.cases) == (len(pairs), len(cases[row.source, row.target]))
        assert row.median_h == pytest.approx(follows.loc[(row.source, row.target), "median_h"])
        assert row.p90_h == pytest.approx(follows.loc[(row.source, row.target), "p90_h"])
        assert len(own.pairs) == row.frequency


@settings(max_examples=40)
@given(st.permutations(range(40)))
def test_overtaking_and_its_reverse_make_all_pairs(order):
    """Whoever is overtaken in one order is not in the other."""
    forth = spectrum(segment(*((k, 100 + e) for k, e in enumerate(order))), "A", "B")
    back = spectrum(segment(*((k, 200 - e) for k, e in enumerate(order))), "A", "B")
    assert forth.overtaking + back.overtaking == pytest.approx(1)


@pytest.mark.real_logs
def test_a_real_permit_log(real_log):
    log = read_xes(real_log("receipt.xes.gz"))
    found = spectra(log)
    follows = directly_follows(log)
    assert found["frequency"].sum() == follows.loc[follows["frequency"] >= 30, "frequency"].sum()
    assert found[["overtaking", "batch_end_share", "batch_start_share"]].apply(lambda c: c.between(0, 1)).all(axis=None)
    assert (found["median_h"] * found["frequency"] >= 0).all()
