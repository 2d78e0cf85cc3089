"""What replications say together: figures on paper, theory, and nothing that is not recorded."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import flowaudit as fa
from flowaudit.errors import UsageError
from flowaudit.metrics import case_measures, mean_interval
from flowaudit.process import (
    GRID,
    Branch,
    Identifiable,
    Node,
    Performer,
    Pool,
    Process,
    Resource,
    Step,
    Template,
    always,
    fit_process,
    weekly,
)
from flowaudit.simulation import simulate
from flowaudit.simulation.intervals import summarise

MONDAY = np.datetime64("2024-03-04T09:00", "us")


def desk(work_h, gap_h, n, *, officers=1, hours=None):
    """One officer (or more), every case the same work; cases come at equal distances."""
    calendar = always() if hours is None else hours
    return Process(
        nodes=(Node("decide", stage="decide", pool=0, performers=tuple(Performer(k, 1.0) for k in range(officers))),),
        templates=(Template(1.0, (Branch(1.0, (Step(0, (), -1, 0, 0),)),)),),
        waits=np.zeros((0, len(GRID))),
        works=np.full((1, len(GRID)), work_h),
        wait_names=(),
        profiles=(always(),),
        open_profile=calendar,
        pools=(Pool("desk", None, officers, officers, 0.0),),
        arrivals=MONDAY + (np.arange(n) * gap_h * 3600e6).astype("timedelta64[us]"),
        unit="case",
        calendar="weekdays",
        identifiable=Identifiable(True, True),
        resources=tuple(Resource(f"O{k}", 0, 0) for k in range(officers)),
        calendars=(calendar,),
    )


def row(table, metric, statistic):
    found = table[(table["metric"] == metric) & (table["statistic"] == statistic)]
    assert len(found) == 1
    return found.iloc[0]


def test_on_paper():
    """Work of 1 h every 2 h: nobody waits, busy half of the time. Work of 2 h every hour: the queue grows."""
    table = summarise(simulate(desk(1.0, 2.0, 101), replications=3))
    assert row(table, "utilisation", "desk")["mean"] == pytest.approx(0.5)
    assert row(table, "queue", "per_case")["mean"] == 0
    assert row(table, "cases", "ended")["mean"] == 101
    assert (table["sd"] == 0).all()
    assert (table["low"] == table["mean"]).all()
    assert (table["replications"] == 3).all()
    # Case k comes at k hours and begins at 2k: it waits k hours, on average (0 + ... + 10) / 11 = 5.
    busy = summarise(simulate(desk(2.0, 1.0, 11), replications=2))
    assert row(busy, "queue", "per_case")["mean"] == pytest.approx(5.0)
    assert row(busy, "utilisation", "desk")["mean"] == pytest.approx(1.0)
    assert row(busy, "utilisation", "desk")["unit"] == "share"
    # One officer who keeps two files open has two places: a quarter of them is taken.
    process = desk(1.0, 2.0, 101)
    double = replace(process, resources=(replace(process.resources[0], capacity=2),))
    assert row(summarise(simulate(double, replications=1)), "utilisation", "desk")["mean"] == pytest.approx(0.25)


def test_working_hours_are_those_of_the_calendar():
    """Two officers from 9 to 13; two hours of work at nine every day, Monday to Friday: a quarter of their hours."""
    morning = weekly({d: [(9, 13)] for d in range(5)})
    process = desk(2.0, 24.0, 5, officers=2, hours=morning)
    table = summarise(simulate(process, replications=2))
    # From Monday nine to Friday nine: four mornings of two officers, 32 hours; four cases of two hours.
    assert row(table, "utilisation", "desk")["mean"] == pytest.approx(8 / 32)


@pytest.fixture(scope="module")
def licence():
    return simulate(fit_process(fa.load_sample("licence_export")), replications=6)


def test_means_over_replications_with_their_interval(licence):
    table = summarise(licence)
    values = []
    for log in licence:
        per_case = case_measures(log)
        values.append(per_case.loc[per_case["complete"], "e2e_days"].mean())
    found = row(table, "time", "mean")
    assert found["unit"] == "working_days"
    assert found["mean"] == pytest.approx(np.mean(values))
    assert (found["low"], found["high"]) == pytest.approx(mean_interval(np.array(values))[1:])
    wider = row(summarise(licence, confidence=0.99), "time", "mean")
    assert wider["low"] < found["low"] < found["mean"] < found["high"] < wider["high"]


def test_nothing_is_nan_and_what_is_not_recorded_is_absent(licence):
    table = summarise(licence)
    assert not table.isna().any().any()
    assert not table.duplicated(["metric", "statistic"]).any()
    assert set(table["metric"]) == {"time", "clock", "steps", "queue", "cases", "utilisation"}
    assert set(table.loc[table["metric"] == "utilisation", "statistic"]) == {p.name for p in licence.process.pools}


def test_one_replication_has_an_interval_without_end(licence):
    table = summarise(replace(licence, runs=licence.runs[:1]))
    assert np.isneginf(table["low"]).all()
    assert np.isposinf(table["high"]).all()
    assert (table["sd"] == 0).all()


def test_cases_that_a_horizon_leaves_open_are_counted():
    process = desk(1.0, 2.0, 101)
    until = pd.Timestamp(MONDAY) + pd.Timedelta(hours=99.5)
    table = summarise(simulate(process, until=until, replications=2))
    # The last to come before comes at 98 h and ends at 99 h.
    assert row(table, "cases", "ended")["mean"] == 50
    assert "open" not in set(table["statistic"])


def test_without_people_there_is_no_queue():
    process = desk(1.0, 2.0, 20)
    bare = replace(
        process,
        nodes=(Node("decide", stage="decide"),),
        resources=(),
        pools=(),
        calendars=(),
        identifiable=Identifiable(True, False),
    )
    assert set(summarise(simulate(bare, replications=2))["metric"]) <= {"time", "clock", "steps", "cases"}


def test_the_runs_keep_no_logs(licence):
    fresh = simulate(licence.process, replications=2)
    summarise(fresh)
    assert not any("log" in vars(run) for run in fresh.runs)


def test_confidence_out_of_range(licence):
    with pytest.raises(UsageError, match="confidence is between"):
        summarise(licence, confidence=95)
