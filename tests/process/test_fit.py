"""fit_process recovers what was planted, and says what it cannot know."""

import numpy as np
import pandas as pd
import pytest
import simpy

from flowaudit.errors import InsufficientDataError
from flowaudit.eventlog import from_frame
from flowaudit.process import fit_process
from flowaudit.process.quantiles import mean
from flowaudit.redesign import Scenario
from flowaudit.simulation import fidelity, simulate
from flowaudit.worktime import load_calendar

CALENDAR = load_calendar("weekdays")


def office(n=800, servers=3, work_h=1.0, load=0.85, seed=2):
    """One desk with ``servers`` officers, open around the clock (SimPy): two steps, exponential work, then a 5 h post."""
    rng = np.random.default_rng(seed)
    env = simpy.Environment()
    desk = simpy.Store(env)
    desk.items = [f"O{k}" for k in range(servers)]
    rows = []

    def case(i):
        begun = env.now
        rows.append((i, "apply", None, begun, begun))
        for name in ("review", "decide"):
            officer = yield desk.get()
            start = env.now
            yield env.timeout(rng.exponential(work_h))
            rows.append((i, name, officer, start, env.now))
            yield desk.put(officer)
        posted = env.now + 5.0
        rows.append((i, "post", None, posted, posted))

    def source():
        for i in range(n):
            env.process(case(i))
            yield env.timeout(rng.exponential(2 * work_h / (servers * load)))

    env.process(source())
    env.run()
    frame = pd.DataFrame(rows, columns=["case_id", "activity", "resource", "start", "end"])
    day0 = pd.Timestamp("2024-03-04")
    for column in ("start", "end"):
        frame[column] = day0 + pd.to_timedelta((frame[column] * 3600).round(), unit="s")
    frame["case_id"] = frame["case_id"].astype(str)
    return from_frame(frame)


@pytest.fixture(scope="module")
def fitted():
    return fit_process(office(), calendar=CALENDAR)


def test_the_pool_and_its_size_are_found(fitted):
    assert [(p.capacity, p.resources) for p in fitted.pools] == [(3, 3)]
    assert fitted.pools[0].utilisation == pytest.approx(0.85, abs=0.06)


def test_work_is_recovered(fitted):
    tables = {fitted.nodes[s.node].activity: s.work for t in fitted.templates for b in t.branches for s in b.steps}
    assert mean(fitted.works[tables["review"]]) == pytest.approx(1.0, rel=0.1)


def test_waiting_that_is_all_queue_is_called_queue(fitted):
    waits = {name.split(" → ")[-1]: fitted.waits[i] for i, name in enumerate(fitted.wait_names)}
    assert mean(waits["decide"]) < 0.2
    assert mean(waits["post"]) == pytest.approx(5.0, rel=0.1)


def test_the_simulation_reproduces_the_waiting():
    log = office(n=1500)
    process = fit_process(log, calendar=CALENDAR)
    runs = simulate(process, replications=20, calendar=CALENDAR)

    def sojourn(run):
        start, end = run.stamps("start"), run.stamps("end")
        ptr = run.case_ptr
        spans = np.maximum.reduceat(end, ptr[:-1]) - np.minimum.reduceat(start, ptr[:-1])
        return (spans / np.timedelta64(1, "h")).mean()

    assert np.mean([sojourn(run) for run in runs]) == pytest.approx(sojourn(log), rel=0.15)


def test_one_officer_more_helps_as_much_as_the_queue_allows():
    """Planted: all waiting is queueing, so a fourth officer must bring the wait near to Erlang's for 4 servers."""
    process = fit_process(office(n=1500), calendar=CALENDAR)
    more = Scenario("s").staff(process.pools[0].name, 1).apply(process)
    truth = office(n=1500, servers=4, load=0.85 * 3 / 4)

    def hours(run):
        ptr = run.case_ptr
        spans = np.maximum.reduceat(run.stamps("end"), ptr[:-1]) - np.minimum.reduceat(run.stamps("start"), ptr[:-1])
        return (spans / np.timedelta64(1, "h")).mean()

    simulated = np.mean([hours(r) for r in simulate(more, replications=10, calendar=CALENDAR)])
    assert simulated == pytest.approx(hours(truth), rel=0.15)


def test_end_times_alone_do_not_tell_work_from_waiting():
    log = office(n=200)
    blind = fit_process(from_frame(log.to_pandas().drop(columns="start")), calendar=CALENDAR)
    assert not blind.identifiable.work
    assert not blind.identifiable.staffing
    assert not blind.pools
    assert "cannot be told apart" in blind.identifiable.reason_en


def test_too_few_cases_support_no_model():
    with pytest.raises(InsufficientDataError, match="at least 30"):
        fit_process(office(n=12), calendar=CALENDAR)


def test_fidelity_is_good_where_nothing_changes():
    log = office(n=1200)
    found = fidelity(fit_process(log, calendar=CALENDAR), log, replications=5, calendar=CALENDAR)
    assert {r.check for r in found} == {"in_sample", "held_out"}
    assert {r.trust for r in found} == {"usable"}
    assert found.trust == "usable"
    assert not found.missed


def test_the_table_of_activities_tells_what_counts_in_the_official_clock():
    rows = [
        (str(i), a, s, d)
        for i in range(40)
        for a, s, d in (
            ("申请", "apply", "申请人"),
            ("受理", "accept", "窗口"),
            ("审查", "review", "窗口"),
            ("决定", "decide", "窗口"),
            ("领证", "deliver", "窗口"),
        )
    ]
    frame = pd.DataFrame(rows, columns=["case_id", "activity", "stage", "department"])
    frame["end"] = pd.Timestamp("2024-03-04 09:00") + pd.to_timedelta(np.arange(len(frame)), unit="h")
    table = fit_process(from_frame(frame), calendar=CALENDAR).activity_table().set_index("activity")
    assert table["counts_in_clock"].to_dict() == {
        "申请": False,
        "受理": False,
        "审查": True,
        "决定": True,
        "领证": False,
    }
    assert fit_process(office(n=60), calendar=CALENDAR).activity_table()["counts_in_clock"].isna().all()
