"""Directly-follows and enabler edges: by hand, against pm4py, and against a loop anyone can read."""

import contextlib
import io
import itertools
import warnings
from collections import Counter, defaultdict

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from small_logs import MONDAY, cases_of, labels_of, log_of, logs

from flowaudit.eventlog import from_frame
from flowaudit.flow import directly_follows, enablement, enabler_edges, tied_share
from flowaudit.worktime import Calendar

WEEKDAYS = Calendar.weekdays()


def quiet_pm4py():
    """pm4py greets on import and warns of itself."""
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pm4py
    return pm4py


def pm4py_dfg(frame):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return quiet_pm4py().discover_dfg(frame, activity_key="activity", timestamp_key="end", case_id_key="case_id")[0]


def counts(edges):
    return dict(zip(zip(edges["source"], edges["target"], strict=True), edges["frequency"], strict=True))


def by_loop(log):
    """Frequency, cases and hours of every directly-follows pair, one event at a time."""
    frame, names = log.to_pandas(), labels_of(log)
    begun = frame["start"].fillna(frame["end"]) if "start" in frame else frame["end"]
    frequency, cases, hours = Counter(), defaultdict(set), defaultdict(list)
    for number, rows in enumerate(cases_of(log)):
        for a, b in itertools.pairwise(rows):
            pair = names[a], names[b]
            frequency[pair] += 1
            cases[pair].add(number)
            hours[pair].append((begun[b] - frame["end"][a]) / pd.Timedelta(hours=1))
    return frequency, {p: len(c) for p, c in cases.items()}, {p: float(np.median(h)) for p, h in hours.items()}


def test_two_cases_by_hand():
    edges = directly_follows(log_of("ABB", "AB", step="2h"))
    assert edges[["source", "target", "frequency", "cases", "median_h"]].values.tolist() == [
        ["A", "B", 2, 2, 2.0],
        ["B", "B", 1, 1, 2.0],
    ]


def test_time_runs_to_the_start_where_starts_are_recorded():
    edges = directly_follows(log_of("AB", step="2h", starts=True))
    assert edges["median_h"].tolist() == [1.0]


def test_a_missing_start_is_the_end():
    frame = pd.DataFrame(
        {
            "case_id": "1",
            "activity": list("AB"),
            "start": [MONDAY, pd.NaT],
            "end": [MONDAY + pd.Timedelta(hours=1), MONDAY + pd.Timedelta(hours=3)],
        }
    )
    assert directly_follows(from_frame(frame))["median_h"].tolist() == [2.0]


def test_working_time_leaves_the_weekend_out():
    friday, monday = pd.Timestamp("2024-03-08 16:00"), pd.Timestamp("2024-03-11 10:00")
    log = from_frame(pd.DataFrame({"case_id": "1", "activity": list("AB"), "end": [friday, monday]}))
    edge = directly_follows(log, calendar=WEEKDAYS).iloc[0]
    assert (edge["median_h"], edge["median_working_h"]) == (66.0, 2.0)


@given(logs())
def test_equals_the_loop(log):
    edges = directly_follows(log)
    frequency, cases, hours = by_loop(log)
    assert counts(edges) == frequency
    for row in edges.itertuples():
        assert row.cases == cases[row.source, row.target]
        assert row.median_h == pytest.approx(hours[row.source, row.target])


@pytest.mark.parametrize("seed", range(5))
def test_equals_pm4py_on_random_logs(seed):
    rng = np.random.default_rng(seed)
    n = 400
    frame = pd.DataFrame(
        {
            "case_id": rng.integers(0, 60, n).astype(str),
            "activity": rng.choice(list("ABCDEFG"), n),
            # Distinct stamps: how pm4py orders equal ones is not documented.
            "end": MONDAY + pd.to_timedelta(rng.permutation(n), unit="min"),
        }
    )
    assert counts(directly_follows(from_frame(frame))) == pm4py_dfg(frame)


@pytest.mark.real_logs
def test_equals_pm4py_on_a_real_permit_log(real_log):
    path = real_log("receipt.xes.gz")
    pm4py = quiet_pm4py()
    with (
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        raw = pm4py.read_xes(str(path))
    frame = pd.DataFrame(
        {
            "case_id": raw["case:concept:name"].astype(str),
            "activity": raw["concept:name"].astype(str),
            "end": pd.to_datetime(raw["time:timestamp"], utc=True).dt.tz_localize(None).astype("datetime64[us]"),
        }
    )
    log = from_frame(frame)
    assert (log.n_cases, log.n_events) == (1434, 8577)
    # The stamps are read to the microsecond and sorted by the log, so that equal ones cannot be at odds.
    assert counts(directly_follows(log)) == pm4py_dfg(log.to_pandas().astype({"case_id": str, "activity": str}))


@given(logs())
def test_every_step_is_counted_once(log):
    assert directly_follows(log)["frequency"].sum() == len(log.events) - log.n_cases


@settings(deadline=None)
@given(logs())
def test_enabler_edges_add_up(log):
    found = enablement(log)
    edges = enabler_edges(log, calendar=WEEKDAYS, found=found)
    assert edges["frequency"].sum() == (found.enabler >= 0).sum()
    assert set(edges["kind"]) <= {"waiting" if log.has("start") else "handover"}
    assert (edges["median_h"] <= edges["p90_h"] + 1e-9).all()
    assert (edges["median_working_h"] <= edges["p90_working_h"] + 1e-9).all()
    assert (edges[["median_h", "total_working_h"]] >= 0).all(axis=None)
    assert edges["total_working_h"].is_monotonic_decreasing
    # Recount: the office hours between enabled and begun, row by row.
    frame = log.to_pandas()
    begun = frame["start"].fillna(frame["end"]) if "start" in frame else frame["end"]
    rows = np.flatnonzero(found.enabler >= 0)
    hours = WEEKDAYS.working_time(found.enabled[rows], begun.to_numpy()[rows])
    assert edges["total_working_h"].sum() == pytest.approx(float(np.sum(hours)))


def test_kind_says_whether_work_is_included():
    assert enabler_edges(log_of("AB"), calendar=WEEKDAYS)["kind"].tolist() == ["handover"]
    with_starts = enabler_edges(log_of("AB", step="2h", starts=True), calendar=WEEKDAYS)
    assert with_starts["kind"].tolist() == ["waiting"]
    # A ends at 11:00, B starts at 12:00.
    assert with_starts[["median_h", "median_working_h", "total_working_h"]].values.tolist() == [[1.0, 1.0, 1.0]]


def test_concurrent_activities_do_not_hand_over_to_each_other():
    log = log_of(*["ABCD", "ACBD"] * 10)
    edges = enabler_edges(log, calendar=WEEKDAYS)
    pairs = set(zip(edges["source"], edges["target"], strict=True))
    assert ("B", "C") not in pairs
    assert ("C", "B") not in pairs
    assert {("A", "B"), ("A", "C")} <= pairs
    assert len(directly_follows(log)) == 6


def test_tied_share():
    assert tied_share(log_of("ABC")) == 0.0
    assert tied_share(log_of("ABC", "A", step="0h")) == 0.5  # two of four events bear their predecessor's stamp
    assert tied_share(log_of("A")) == 0.0


@pytest.mark.parametrize(
    "traces", [("A",), ("A", "B", "A"), ("AAAA",)], ids=["one event", "single events", "one label"]
)
def test_small_logs(traces):
    log = log_of(*traces)
    steps = sum(len(t) - 1 for t in traces)
    assert directly_follows(log, calendar=WEEKDAYS)["frequency"].sum() == steps
    assert enabler_edges(log, calendar=WEEKDAYS)["frequency"].sum() == steps


def test_three_thousand_activities():
    names = [f"a{i}" for i in range(3000)]
    frame = pd.DataFrame({"case_id": "1", "activity": names, "end": MONDAY + pd.to_timedelta(range(3000), unit="min")})
    edges = directly_follows(from_frame(frame))
    assert counts(edges) == {pair: 1 for pair in itertools.pairwise(names)}
