"""The replications as one log: nothing lost, nothing mixed up."""

import numpy as np
import pandas as pd
import pytest
from bundle_log import bundle_log

from flowaudit.catalogue import Catalogue
from flowaudit.eventlog import from_frame, natural_unit
from flowaudit.metrics import materials, trips, visits, workload
from flowaudit.process import fit_process
from flowaudit.simulation import runs as room
from flowaudit.simulation import simulate
from flowaudit.worktime import load_calendar
from tests.simulation.test_forecast import known_future

CALENDAR = load_calendar("weekdays")
OWN = ("event_id", "visit_id")
"""Names that are numbered through in every log."""


@pytest.fixture(scope="module")
def replications():
    return simulate(
        fit_process(bundle_log(), Catalogue(), calendar=CALENDAR), replications=4, seed=3, calendar=CALENDAR
    )


def plain(frame):
    return frame.drop(columns=[c for c in OWN if c in frame]).astype("object").reset_index(drop=True)


def test_events_and_side_tables_are_those_of_the_replications(replications):
    whole = replications.pooled
    assert whole.unit == natural_unit(whole) == "bundle"
    assert whole.provenance.source == "simulated"
    assert whole.n_cases == sum(run.n_cases for run in replications)
    assert whole.n_events == sum(run.n_events for run in replications)
    pd.testing.assert_frame_equal(
        plain(whole.to_pandas()), plain(pd.concat([run.to_pandas().astype("object") for run in replications]))
    )
    assert set(whole.tables) == {"bundles", "visits", "material_instances"}
    for name in whole.tables:
        apart = pd.concat([run.tables[name] for run in replications], ignore_index=True)
        # Visits of the log's own that nothing was done at stand behind the others.
        order = ["case_id", "date"] if name == "visits" else None
        one, other = (plain(t.sort_values(order, kind="stable") if order else t) for t in (whole.tables[name], apart))
        pd.testing.assert_frame_equal(one, other)


def test_every_case_is_there_once_and_knows_its_replication(replications):
    whole, which = replications.pooled, replications.replication_of_case
    assert whole.case_axis.is_unique
    assert len(which) == whole.n_cases
    assert [f"S{k + 1:02d}" for k in which] == [case[:3] for case in whole.case_ids]


def test_visits_are_tied_to_the_events_they_were_made_for(replications):
    whole = replications.pooled
    frame, table = whole.to_pandas(), whole.tables["visits"].set_index("visit_id")
    assert table.index.is_unique
    tied = frame.dropna(subset=["visit_id"])
    assert len(tied)
    assert (
        table.loc[tied["visit_id"].astype(str), "case_id"].to_numpy() == tied["case_id"].astype(str).to_numpy()
    ).all()
    assert (table.loc[tied["visit_id"].astype(str), "date"].to_numpy() == tied["end"].dt.normalize().to_numpy()).all()


def test_what_is_counted_is_the_same(replications):
    whole = replications.pooled
    for count in (trips, lambda log: visits(log).all, lambda log: materials(log).submitted):
        assert count(whole).tolist() == np.concatenate([count(run) for run in replications]).tolist()
    hours = workload(whole, calendar=CALENDAR).hours.sum()
    assert hours == pytest.approx(sum(workload(run, calendar=CALENDAR).hours.sum() for run in replications))


def test_it_is_made_once(replications):
    assert replications.pooled is replications.pooled
    assert replications.catalogue is replications.process.catalogue


def test_open_cases_are_told_apart_by_their_replication():
    process, _future = known_future(3)
    until = process.arriving.last + np.timedelta64(30, "D")
    found = simulate(process, work_in_progress=True, until=until, replications=2, calendar=CALENDAR)
    whole = found.pooled
    assert whole.case_axis.is_unique
    opened = process.open_cases[0].case_id
    assert [case for case in whole.case_ids if case.endswith(f"-{opened}")] == [f"S01-{opened}", f"S02-{opened}"]
    names = [[f"S{k + 1:02d}-{c}" if not c.startswith("S") else c for c in run.case_ids] for k, run in enumerate(found)]
    assert whole.case_ids == names[0] + names[1]
    apart = pd.concat(
        [run.to_pandas()[["activity", "start", "end"]].astype("object") for run in found], ignore_index=True
    )
    pd.testing.assert_frame_equal(plain(whole.to_pandas()[["activity", "start", "end"]]), apart)
    ended = pd.concat([run.tables["cases"]["finish_time"] for run in found], ignore_index=True)
    pd.testing.assert_series_equal(whole.tables["cases"]["finish_time"], ended)


def test_too_many_are_not_put_together(replications, monkeypatch):
    monkeypatch.setattr(room, "MOST_POOLED", 100)
    again = simulate(replications.process, replications=2, seed=3, calendar=CALENDAR)
    assert again.pooled is None


def test_a_process_without_side_tables_has_none():
    frame = pd.DataFrame({
        "case_id": np.repeat([f"c{k}" for k in range(30)], 2), "activity": ["a", "b"] * 30,
        "end": pd.date_range("2024-03-04 09:00", periods=60, freq="h"),
    })  # fmt: skip
    process = fit_process(from_frame(frame), calendar=CALENDAR)
    found = simulate(process, replications=2, calendar=CALENDAR).pooled
    assert set(found.tables) == {"cases"}
    assert "start" not in found.columns
