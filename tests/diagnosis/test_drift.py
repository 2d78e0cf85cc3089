"""Changes of level: none in series without one, those planted found where they are."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowaudit.diagnosis.drift import change_points, cliffs_delta, drift
from flowaudit.errors import MissingColumnError, UsageError
from flowaudit.eventlog import from_frame, load_sample

MONDAY = pd.Timestamp("2024-01-01 09:00")


def series_of(values, freq="6h"):
    return pd.Series(np.asarray(values, float), pd.date_range(MONDAY, periods=len(values), freq=freq))


@pytest.mark.parametrize(
    "draw",
    [
        lambda rng, n: rng.normal(size=n),
        lambda rng, n: np.exp(rng.normal(size=n)),
        lambda rng, n: rng.poisson(3, n).astype(float),
        lambda rng, n: (rng.random(n) < 0.1).astype(float),
    ],
    ids=["normal", "lognormal", "whole days", "yes or no"],
)
def test_false_changes_are_rare(draw):
    """500 series without a change, of every kind, even without a smallest shift: at most 5 % with one (measured: 0.2-1.6 %)."""
    rng = np.random.default_rng(0)
    found = [bool(change_points(draw(rng, 300), min_shift=0.0)) for _k in range(500)]
    assert np.mean(found) <= 0.05


def test_neighbours_that_are_alike_are_no_change():
    """Cases in one queue: autocorrelation 0.5. Without allowing for it most such series would show changes."""
    rng = np.random.default_rng(1)
    found = 0
    for _k in range(60):
        noise = rng.normal(size=600)
        x = noise.copy()
        for i in range(1, len(x)):
            x[i] = 0.5 * x[i - 1] + noise[i]
        found += bool(change_points(x))
    assert found / 60 <= 0.05


def test_a_shift_of_one_standard_deviation_is_found_where_it_is():
    rng = np.random.default_rng(2)
    places = [change_points(np.r_[rng.normal(size=200), rng.normal(1, 1, 200)]) for _k in range(200)]
    assert np.mean([len(found) >= 1 for found in places]) >= 0.95
    assert np.mean([len(found) == 1 for found in places]) >= 0.95
    near = [abs(found[0][0] - 200) <= 30 for found in places if found]
    assert np.mean(near) >= 0.95


def test_two_changes_with_their_segments():
    rng = np.random.default_rng(3)
    found = drift(series_of(np.r_[rng.normal(10, 1, 150), rng.normal(14, 1, 100), rng.normal(10, 1, 150)]))
    assert found.segments["n"].tolist() == pytest.approx([150, 100, 150], abs=5)
    assert found.segments["median"].tolist() == pytest.approx([10, 14, 10], abs=0.4)
    assert found.changed_at == tuple(found.segments["start"][1:])
    assert all(p <= 0.01 for p in found.p_values)
    assert (
        (found.segments["low"] <= found.segments["median"]) & (found.segments["median"] <= found.segments["high"])
    ).all()
    assert "2024" in found._repr_html_()


def test_shares_are_told_as_shares():
    found = drift(series_of(np.r_[np.tile([0, 0, 0, 0, 1], 60), np.tile([0, 1], 150)]))
    assert found.kind == "share"
    assert found.segments["median"].tolist() == pytest.approx([0.2, 0.5], abs=0.02)
    assert found.changed_at[0] == pytest.approx(MONDAY + 300 * pd.Timedelta("6h"), abs=pd.Timedelta("4D"))


def test_a_change_that_matters_to_nobody_is_not_told():
    rng = np.random.default_rng(4)
    x = np.r_[rng.normal(size=20_000), rng.normal(0.1, 1, 20_000)]
    assert change_points(x, min_shift=0.0)
    assert change_points(x) == []


def test_periods_hold_every_month_also_empty_ones():
    s = pd.Series([1.0, 3.0, 8.0], pd.to_datetime(["2024-01-05", "2024-01-20", "2024-03-02"]))
    periods = drift(s).periods
    assert periods["n"].tolist() == [2, 0, 1]
    assert periods["median"].tolist() == pytest.approx([2.0, np.nan, 8.0], nan_ok=True)
    assert len(drift(s, by="week").periods) == 9
    assert drift(s, by="year").periods["mean"].tolist() == [4.0]


def test_cases_of_one_moment_are_not_separated():
    values = np.r_[np.zeros(90), np.full(90, 5.0)]
    days = pd.Series(values, np.repeat(pd.date_range(MONDAY, periods=6, freq="D"), 30))
    found = drift(days)
    assert found.changed_at == (MONDAY + pd.Timedelta(days=3),)
    tied = pd.Series(values, pd.DatetimeIndex([MONDAY] * 180))
    assert drift(tied).changed_at == ()


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(-5, 5), max_size=150), st.integers(0, 3))
def test_order_of_input_scale_and_time_do_not_matter(values, seed):
    at = pd.date_range(MONDAY, periods=len(values), freq="h")
    series = pd.Series(np.asarray(values, float), at)
    found = drift(series, least=10, alpha=0.2, min_shift=0.0)
    shuffled = series.sample(frac=1, random_state=seed)
    moved = pd.Series(np.exp(shuffled.to_numpy()) * 3 + 7, shuffled.index + pd.Timedelta(days=40))
    again = drift(moved, least=10, alpha=0.2, min_shift=0.0)
    assert again.segments["n"].tolist() == found.segments["n"].tolist()
    assert found.segments["n"].sum() == len(values)
    assert [t - pd.Timedelta(days=40) for t in again.changed_at] == list(found.changed_at)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=12), st.lists(st.integers(0, 9), min_size=1, max_size=12))
def test_cliffs_delta_counts_pairs(a, b):
    pairs = [(y > x) - (y < x) for x in a for y in b]
    assert cliffs_delta(a, b) == pytest.approx(np.mean(pairs))


def small_log(n=120, *, change=60):
    """One case a day, of one day's work, of three from the change on."""
    rows = []
    for k in range(n):
        begin = MONDAY + pd.Timedelta(days=k)
        rows += [
            (f"c{k}", "受理", begin),
            (f"c{k}", "办结", begin + pd.Timedelta(days=1 if k < change else 3, hours=k % 7)),
        ]
    return from_frame(pd.DataFrame(rows, columns=["case_id", "activity", "end"]))


def test_a_log_by_the_end_of_its_cases():
    found = drift(small_log(), "calendar_days")
    assert found.changed_at == (MONDAY + pd.Timedelta(days=63, hours=60 % 7),)
    assert found.segments["median"].tolist() == pytest.approx([1.1, 3.1], abs=0.1)
    # Cases that ended in the first three days could only be short ones.
    assert found.left_out == found.segments["n"].rsub(0).sum() + 120
    assert 0 < found.left_out <= 4
    days = pd.Series(2.0, small_log().case_axis, name="days")
    assert drift(small_log(), days).changed_at == ()
    assert drift(small_log(), "events").segments["median"].tolist() == [2.0]


def test_bad_input():
    with pytest.raises(UsageError, match="speed"):
        drift(small_log(), "speed")
    with pytest.raises(UsageError, match="fortnight"):
        drift(small_log(), by="fortnight")
    with pytest.raises(UsageError, match="by time"):
        drift(pd.Series([1.0]))
    with pytest.raises(MissingColumnError):
        drift(small_log(), "correction")
    one = from_frame(pd.DataFrame({"case_id": ["1"], "activity": ["A"], "end": [MONDAY]}))
    assert drift(one).segments["n"].tolist() == [1]
    empty = drift(pd.Series([], pd.DatetimeIndex([]), dtype=float))
    assert empty.segments.empty
    assert empty.periods.empty
    unknown = drift(pd.Series([np.nan, 1.0], pd.DatetimeIndex([MONDAY, pd.NaT])))
    assert (unknown.left_out, len(unknown.segments)) == (2, 0)


@pytest.fixture(scope="module")
def sample():
    return load_sample("restaurant")


def test_sample_has_a_steady_process(sample):
    """The sample is generated by one process throughout: durations and corrections do not drift."""
    for figure in ("working_days", "calendar_days", "correction"):
        assert drift(sample, figure).changed_at == (), figure


def test_a_year_planted_into_the_sample_is_found(sample):
    ends = sample.to_pandas(["case_id", "end"]).groupby("case_id", observed=True)["end"].max()
    rng = np.random.default_rng(6)
    slower = pd.Series(np.where(ends >= "2024-01-01", 12.0, 10.0) + rng.normal(0, 4, len(ends)), ends.index.astype(str))
    (moment,) = drift(sample, slower).changed_at
    assert abs(moment - pd.Timestamp("2024-01-01")) < pd.Timedelta(days=21)
