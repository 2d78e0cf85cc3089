"""Handovers, arrivals, durations and rework by activity: by hand, by a loop anyone can read, and against pm4py."""

import contextlib
import io
import itertools
import warnings
from collections import Counter, defaultdict

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_logs import cases_of, log_of, logs

from flowaudit.errors import MissingColumnError
from flowaudit.eventlog import from_frame, load_sample, read_log
from flowaudit.flow import directly_follows, end_activities, start_activities, variants
from flowaudit.metrics import arrivals, case_durations, cycle_time, handovers, rework, rework_by_activity
from flowaudit.metrics import handover as module


@st.composite
def staffed(draw):
    """A small log whose events are handled by one of three, or by someone unknown."""
    log = draw(logs())
    who = draw(st.lists(st.sampled_from(["x", "y", "z", None]), min_size=len(log.events), max_size=len(log.events)))
    return from_frame(log.to_pandas().assign(resource=[*who[:-1], "x"]).astype({"resource": object}))


def counted(found):
    return dict(zip(zip(found["source"], found["target"], strict=True), found["frequency"], strict=True))


@given(staffed())
def test_handovers_equal_the_loop(log):
    frequency, cases = Counter(), defaultdict(set)
    who = log.to_pandas()["resource"].astype(object).where(lambda s: s.notna(), None).tolist()
    for number, rows in enumerate(cases_of(log)):
        for a, b in itertools.pairwise(rows):
            if who[a] is not None and who[b] is not None and who[a] != who[b]:
                frequency[who[a], who[b]] += 1
                cases[who[a], who[b]].add(number)
    found = handovers(log)
    assert counted(found) == frequency
    assert [len(cases[pair]) for pair in zip(found["source"], found["target"], strict=True)] == found["cases"].tolist()
    assert found["frequency"].is_monotonic_decreasing


@given(staffed())
def test_more_of_them_than_a_table_holds(log):
    """The way for very many resources gives the same."""
    labels = log.labels("resource")
    for one, two in zip(
        module._dense(log, "resource", len(labels)), module._sparse(log, "resource", len(labels)), strict=True
    ):
        assert one.tolist() == two.tolist()


def test_between_departments():
    frame = pd.DataFrame(
        {"case_id": list("1112"), "activity": list("abcd"), "department": ["受理处", "审批处", "审批处", "受理处"]}
    )
    frame["end"] = pd.date_range("2024-01-02", periods=4)
    assert handovers(from_frame(frame), between="department").values.tolist() == [["受理处", "审批处", 1, 1]]


def test_who_is_not_recorded():
    with pytest.raises(MissingColumnError, match="'resource'"):
        handovers(log_of("AB"))


def test_arrivals_count_every_case_once_and_empty_days_too():
    log = load_sample()
    found = arrivals(log, unit="case")
    assert found.sum() == log.n_cases
    assert found.index.is_monotonic_increasing
    assert (np.diff(found.index) == np.timedelta64(1, "D")).all()
    first = log.to_pandas(["case_id", "start", "end"])
    first = first["start"].fillna(first["end"]).groupby(first["case_id"].astype(str)).min().dt.normalize()
    assert found[found > 0].to_dict() == first.value_counts().to_dict()


def test_duration_is_the_cycle_time_where_starts_are_recorded():
    log = load_sample()
    complete = log.to_pandas()["start"].notna().all()
    one, two = case_durations(log, unit="case"), cycle_time(log, unit="case")
    assert one.index.equals(two.index)
    assert (one >= two).all()
    assert not complete or one.tolist() == two.tolist()


@given(staffed())
def test_rework_by_activity_sums_up_rework_by_case(log):
    by_case, by_activity = rework(log), rework_by_activity(log)
    for column in ("self_loop", "repetition"):
        assert by_case[column].sum() == by_activity[column].sum()
    repeated = Counter(
        activity
        for rows in cases_of(log)
        for activity, n in Counter(log.to_pandas()["activity"].iloc[rows]).items()
        if n > 1
    )
    assert by_activity["cases"].to_dict() == repeated


@given(logs())
def test_starts_and_ends_are_cases(log):
    codes, labels = log.codes("activity")
    for found, rows in ((start_activities(log), log.case_ptr[:-1]), (end_activities(log), log.case_ptr[1:] - 1)):
        assert found.to_dict() == Counter(labels[code] for code in codes[rows])
        assert found.is_monotonic_decreasing


@pytest.mark.real_logs
@pytest.mark.parametrize("name", ["receipt.xes.gz", "BPIC15_1.xes.gz", "DomesticDeclarations.xes.gz"])
def test_equals_pm4py_on_real_logs(real_log, name):
    """The whole set of questions. Differences that remain: pm4py rounds times to the second and counts handovers of one
    resource to itself and to an unknown one, which is no handover here."""
    log = read_log(real_log(name))
    columns = ["case_id", "activity", "end", "resource"]
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pm4py

        frame = log.to_pandas(columns).astype({"case_id": str, "activity": str, "resource": str})
        frame = pm4py.format_dataframe(frame, case_id="case_id", activity_key="activity", timestamp_key="end")
        frame = frame.rename(columns={"resource": "org:resource"})
        counts, times = (
            pm4py.discover_dfg(frame)[0],
            pm4py.discover_performance_dfg(frame, perf_aggregation_key="all")[0],
        )
        their_variants = pm4py.get_variants(frame)
        lengths, again = pm4py.get_all_case_durations(frame), pm4py.get_rework_cases_per_activity(frame)
        network = pm4py.discover_handover_of_work_network(frame).connections
        starts, ends = pm4py.get_start_activities(frame), pm4py.get_end_activities(frame)
    assert not log.has("start")
    edges = directly_follows(log)
    pairs = list(zip(edges["source"], edges["target"], strict=True))
    assert dict(zip(pairs, edges["frequency"].tolist(), strict=True)) == counts
    for statistic in ("mean", "median"):
        mine = dict(zip(pairs, 3600 * edges[f"{statistic}_h"], strict=True))
        assert mine.keys() == times.keys()
        assert max(abs(mine[pair] - times[pair][statistic]) for pair in pairs) <= 1.0
    found = variants(log)
    assert dict(zip(found["variant"], found["cases"].tolist(), strict=True)) == their_variants
    seconds = np.sort(case_durations(log).to_numpy().astype("timedelta64[us]").astype(np.int64)) / 1e6
    np.testing.assert_allclose(seconds, lengths, rtol=0, atol=1e-3)
    assert rework_by_activity(log)["cases"].to_dict() == again
    assert start_activities(log).to_dict() == starts
    assert end_activities(log).to_dict() == ends
    handed = counted(handovers(log))
    theirs = {k: share for k, share in network.items() if k[0] != k[1] and "nan" not in k}
    assert handed.keys() == theirs.keys()
    whole, total = sum(handed.values()), sum(theirs.values())
    assert all(handed[k] / whole == pytest.approx(theirs[k] / total, rel=1e-9) for k in handed)
