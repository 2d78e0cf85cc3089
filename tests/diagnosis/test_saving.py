"""What a case would have saved: never more than what is taken away, less where other work ran beside it."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_logs import logs

from flowaudit.diagnosis import bottlenecks
from flowaudit.diagnosis.saving import Flow
from flowaudit.eventlog import APPLICANT, from_frame
from flowaudit.worktime import Calendar, OfficeHours

WEEKDAYS = Calendar.weekdays()
MONDAY = pd.Timestamp("2024-03-04 09:00")


def flow_of(log):
    return Flow.of(log, WEEKDAYS, OfficeHours())


def log_of(*cases):
    """Cases of (activity, first day, last day[, columns]); a step runs from 9:00 of its first to 9:00 of its last day."""
    rows = [
        {"case_id": f"c{n}", "activity": a, "start": MONDAY + pd.Timedelta(days=s), "end": MONDAY + pd.Timedelta(days=e),
         **(more[0] if more else {})}
        for n, case in enumerate(cases)
        for a, s, e, *more in case
    ]  # fmt: skip
    return from_frame(pd.DataFrame(rows))


SERIAL = (("in", 0, 0), ("check", 1, 2), ("decide", 4, 4))
# either inspection may come first, so that they are known to run beside each other
BESIDE = (
    (("in", 0, 0), ("fire", 1, 1), ("water", 3, 3), ("decide", 4, 4)),
    (("in", 0, 0), ("water", 1, 1), ("fire", 3, 3), ("decide", 4, 4)),
) * 10


def rows_of(log, case, activity):
    frame = log.to_pandas()
    return np.flatnonzero((frame["case_id"] == case) & (frame["activity"] == activity))


def test_in_a_row_all_of_it_is_saved():
    log = log_of(SERIAL)
    saved = flow_of(log).saved(rows_of(log, "c0", "decide"), np.array([1.5]))
    assert saved.tolist() == [1.5]


def test_what_lasts_longer_beside_it_is_kept():
    log = log_of(*BESIDE)
    flow = flow_of(log)
    # "fire" took one day, "water" beside it three: without the wait for fire nothing ends earlier ...
    assert flow.saved(rows_of(log, "c0", "fire"), np.array([1.0]))[0] == 0.0
    # ... without two days of the wait for water fire's single day is left
    assert flow.saved(rows_of(log, "c0", "water"), np.array([2.5]))[0] == pytest.approx(2.0)
    both = np.r_[rows_of(log, "c0", "water"), rows_of(log, "c0", "fire")]
    assert flow.saved(both, np.array([2.5, 0.5]))[0] == pytest.approx(2.5)


def test_never_more_than_it_lasted():
    log = log_of(SERIAL)
    assert flow_of(log).saved(rows_of(log, "c0", "check"), np.array([99.0])).tolist() == [2.0]


@given(logs(), st.data())
@settings(max_examples=60)
def test_between_nothing_and_what_is_taken_away(log, data):
    flow = flow_of(log)
    n = len(log.events)
    rows = np.array(data.draw(st.lists(st.integers(0, n - 1), max_size=6, unique=True)), np.int64)
    days = np.array([data.draw(st.floats(0, 3)) for _ in rows])
    saved = flow.saved(rows, days)
    taken = np.bincount(log.case_index[rows], weights=days, minlength=log.n_cases)
    assert (saved >= 0).all()
    assert (saved <= taken + 1e-9).all()
    assert (flow.saved(rows[:0], days[:0]) == 0).all()
    more = flow.saved(rows, days * 2)
    assert (more >= saved - 1e-9).all()


def test_bottlenecks_by_what_a_fix_saves_not_by_the_mean():
    rare = (("in", 0, 0), ("hearing", 21, 21), ("decide", 22, 22))
    log = log_of(*([SERIAL] * 20), rare)
    ranking = bottlenecks(log, calendar=WEEKDAYS).set_index("activity")
    assert list(ranking.index) == ["decide", "check", "hearing"]
    assert ranking.loc["decide", "saving_days"] == pytest.approx(20 * 2 + 1)
    assert ranking.loc["hearing", "median_days"] == pytest.approx(15.0)
    assert (ranking["saving_days"] <= ranking["waiting_days"] + 1e-9).all()
    assert ranking.loc["check", "saving_per_case_days"] == pytest.approx(20 / 21)


def test_the_applicants_time_is_no_bottleneck():
    log = log_of((("in", 0, 0), ("hand in", 14, 14, {"department": APPLICANT}), ("decide", 15, 15)))
    assert bottlenecks(log, calendar=WEEKDAYS)["activity"].tolist() == ["decide"]


def test_nothing_waits_nothing_ranked():
    assert bottlenecks(log_of((("in", 0, 0),)), calendar=WEEKDAYS).empty


# -- against a slow reference --------------------------------------------------------------------------------------------


def by_definition(flow, rows, days):
    """Replay case by case, every two rows looked at: who bears the same item or none goes before, else anybody."""
    removed = np.zeros(len(flow.ended))
    np.add.at(removed, rows, days)
    removed = np.minimum(removed, np.maximum(flow.ended - flow.enabled, 0))
    begin, end = flow.stamps
    saved = []
    for a, b in zip(flow.ptr[:-1], flow.ptr[1:], strict=True):
        new_end = {}
        for i in range(a, b):
            mine = [j for j in range(a, i) if end[j] <= begin[i]
                    and not flow.concurrent[flow.beside[flow.activity[j]], flow.beside[flow.activity[i]]]]  # fmt: skip
            if flow.part[i] >= 0 and any(flow.part[j] == flow.part[i] for j in range(a, i)):
                mine = [j for j in mine if flow.part[j] in (-1, flow.part[i])] or mine
            earlier = max(flow.enabled[i] - max(new_end[j] for j in mine), 0.0) if mine else 0.0
            new_end[i] = flow.ended[i] - earlier - removed[i]
        saved.append(max(flow.ended[a:b].max() - max(new_end.values()), 0.0))
    return saved


def with_items(log, items):
    return from_frame(log.to_pandas().assign(item_code=items))


@given(logs(), st.data())
@settings(max_examples=100)
def test_short_cases_equal_the_definition(log, data):
    n = len(log.events)
    log = with_items(
        log, ["X", *data.draw(st.lists(st.sampled_from(["X", "Y", None]), min_size=n - 1, max_size=n - 1))]
    )
    flow = flow_of(log)
    rows = np.array(data.draw(st.lists(st.integers(0, n - 1), max_size=8)), np.int64)
    days = np.array([data.draw(st.floats(0, 1)) for _ in rows])
    assert flow.saved(rows, days) == pytest.approx(by_definition(flow, rows, days))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("items", [1, 3, 60])
def test_long_cases_equal_the_definition(seed, items):
    """70 rows a case, overlapping, tied, some starts missing, some activities known to run beside each other."""
    rng = np.random.default_rng(seed)
    frames = []
    for case in range(12):
        n = 70
        end = MONDAY + pd.to_timedelta(rng.integers(0, 40, n).cumsum() // 20 * 3, unit="h")
        start = end - pd.to_timedelta(rng.integers(0, 9, n), unit="h")
        item = np.array([f"X{k}" for k in rng.integers(0, items, n)], object)
        item[rng.random(n) < 0.3] = None
        frames.append(pd.DataFrame({"case_id": f"c{case}", "activity": [f"a{k}" for k in rng.integers(0, 12, n)],
                                    "start": start.where(rng.random(n) > 0.1), "end": end, "item_code": item}))  # fmt: skip
    flow = flow_of(from_frame(pd.concat(frames)))
    assert flow.concurrent.any()
    rows = rng.integers(0, len(flow.ended), 400)
    days = 2 * rng.random(400)
    saved = flow.saved(rows, days)
    assert saved.sum() > 0
    assert saved == pytest.approx(by_definition(flow, rows, days))
