"""What cannot be simulated is refused with what was found and what to do, and no date is guessed."""

import numpy as np
import pandas as pd
import pytest
from bundle_log import bundle_log

from flowaudit.errors import FlowAuditError, InsufficientDataError, UsageError
from flowaudit.process import Process, fit_process
from flowaudit.simulation import forecast, moment, simulate
from flowaudit.worktime import load_calendar

CALENDAR = load_calendar("weekdays")


@pytest.fixture(scope="module")
def process():
    return fit_process(bundle_log(), calendar=CALENDAR)


@pytest.mark.parametrize("text", ["31/12/2024", "01/02/2024", "now", "2024", "20240301", ""])
def test_a_date_that_could_mean_two_days_is_none(text):
    with pytest.raises(UsageError, match="no date"):
        moment(text, "until")


@pytest.mark.parametrize("text", ["2024-03-01", "2024年3月1日", "2024-3-1"])
def test_dates_as_people_write_them(text):
    assert moment(text, "until") == pd.Timestamp("2024-03-01")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"cases": 10_000}, "to be replayed"),
        ({"warm_up_days": 10_000}, "no case is left"),
        ({"until": "1990-01-01"}, "no case to simulate"),
        ({"seed": -1}, "seed must not"),
        ({"arrivals": np.array(["2024-03-04", "NaT"], "datetime64[us]")}, "no dates"),
        ({"arrivals": ["2024-03-04", "soon"]}, "no dates"),
        ({"replications": 0}, "at least 1"),
    ],
)
def test_options_out_of_range(process, options, words):
    with pytest.raises(UsageError, match=words) as refused:
        simulate(process, calendar=CALENDAR, **{"replications": 2} | options)
    assert refused.value.hint


def test_what_the_calendar_does_not_reach_is_not_silently_left_out(process):
    with pytest.raises(InsufficientDataError, match="working calendar"):
        simulate(process, start="2026-12-28", cases=50, replications=1, calendar=load_calendar("china"))


def test_a_log_is_no_process():
    with pytest.raises(UsageError, match="needs a process"):
        simulate(bundle_log())


def test_staff_by_name_and_its_refusals(tmp_path):
    office = fit_process(bundle_log(), calendar=CALENDAR)
    if not office.pools:
        with pytest.raises(FlowAuditError):
            office.with_staff(0, 1)
        return
    name = office.pools[0].name
    more = office.with_staff(name, 1).with_staff(name, 1)
    assert more.pools[0].capacity == office.pools[0].capacity + 2
    assert len({r.name for r in more.resources}) == len(more.resources)
    for pool, add in (("nobody", 1), (99, 1), (name, -99)):
        with pytest.raises(UsageError):
            office.with_staff(pool, add)


def test_a_saved_process_equals_itself_and_is_not_written_into_a_folder(process, tmp_path):
    process.save(tmp_path / "p.json")
    assert Process.load(tmp_path / "p.json") == process
    with pytest.raises(UsageError, match="folder"):
        process.save(tmp_path)
    with pytest.raises(UsageError, match="folder"):
        process.save(tmp_path / "none" / "p.json")
    assert [p.name for p in tmp_path.iterdir()] == ["p.json"]


def test_a_forecast_does_not_look_back(process):
    if not process.open_cases:
        with pytest.raises(InsufficientDataError):
            forecast(process, replications=2, calendar=CALENDAR)
        return
    with pytest.raises(UsageError, match="end of the log"):
        forecast(process, replications=2, calendar=CALENDAR).done_by("1990-01-01")
