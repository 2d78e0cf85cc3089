"""Replications are added until the interval is narrow and stays so; they are those of ``simulate``, bit for bit."""

import numpy as np
import pandas as pd
import pytest

from flowaudit.errors import InsufficientDataError, UsageError
from flowaudit.eventlog import from_frame
from flowaudit.process import fit_process
from flowaudit.simulation import simulate
from flowaudit.simulation.plan import Plan
from flowaudit.simulation.precision import _enough, interval, replicate, simulate_until_precise
from flowaudit.simulation.prepared import Prepared
from flowaudit.worktime import load_calendar

CALENDAR = load_calendar("weekdays")
DAY0 = pd.Timestamp("2024-03-04 09:00")


@pytest.fixture(scope="module")
def process():
    rng = np.random.default_rng(4)
    rows = []
    for i in range(60):
        begun = i * 7.0
        rows.append((str(i), "accept", "O1", begun, begun + 1))
        start = begun + 1 + rng.exponential(90)
        rows.append((str(i), "decide", "O2", start, start + rng.gamma(2.0, 1.0)))
    frame = pd.DataFrame(rows, columns=["case_id", "activity", "resource", "start", "end"])
    for column in ("start", "end"):
        frame[column] = DAY0 + pd.to_timedelta((frame[column] * 3600).round(), unit="s")
    return fit_process(from_frame(frame.assign(stage=frame["activity"])), calendar=CALENDAR)


def prepared(process):
    return Prepared.of(process, Plan.of(process, None, None, None, None, 0.0, False), CALENDAR)


def hours(log):
    ends, starts = log.stamps("end"), log.stamps("start")
    ptr = log.case_ptr
    return float(np.mean((np.maximum.reduceat(ends, ptr[:-1]) - starts[ptr[:-1]]) / np.timedelta64(1, "h")))


def test_the_replications_are_those_of_simulate(process):
    runs, told = simulate_until_precise(process, hours, precision=0.03, seed=11)
    same = simulate(process, replications=len(runs), seed=11)
    assert len(runs) > 5
    assert len(same) == len(runs)
    for a, b in zip(runs.runs, same.runs, strict=True):
        assert a.index == b.index
        for name in ("case_ptr", "node", "ready", "start", "end", "who", "template"):
            np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
    assert runs[4].events.equals(same[4].events)
    assert told.table["value"].tolist() == pytest.approx([hours(log) for log in same][2:])
    assert (runs.seed, runs.beyond_calendar) == (same.seed, same.beyond_calendar)
    pd.testing.assert_frame_equal(runs.overloaded, same.overloaded)


def test_it_stops_when_narrow_for_long_enough_and_not_before(process):
    runs, told = simulate_until_precise(process, hours, precision=0.03, look_ahead=5)
    table = told.table.set_index("replications")
    assert told.reached
    assert len(runs) == told.enough + 5
    assert (table.loc[told.enough :, "relative"] <= 0.03).all()
    # No earlier number of replications was narrow and stayed so for five more.
    for n in range(3, told.enough):
        assert (table.loc[n : n + 5, "relative"] > 0.03).any()
    np.testing.assert_allclose(table["half_width"], table["high"] - table["mean"])
    np.testing.assert_allclose(table["relative"], table["half_width"] / table["mean"])


def test_more_precision_takes_more_replications(process):
    needed = [simulate_until_precise(process, hours, precision=p)[1].enough for p in (0.1, 0.05, 0.025)]
    assert needed == sorted(needed)
    assert needed[0] < needed[-1]


def test_it_gives_up_and_says_so(process):
    seen = []
    runs, told = simulate_until_precise(
        process, hours, precision=0.0001, most=12, progress=lambda done, most: seen.append((done, most))
    )
    assert len(runs) == 12
    assert told.enough is None
    assert not told.reached
    assert "12 replications are not enough for ± 0.0% of the mean" in str(told)
    assert seen == [(n, 12) for n in range(1, 13)]


def test_a_measure_without_chance_needs_the_least(process):
    runs, told = simulate_until_precise(process, lambda log: 7.0)
    assert (told.enough, len(runs)) == (3, 8)
    assert told.table["half_width"].tolist() == [0.0] * 6
    assert simulate_until_precise(process, lambda log: 0.0, look_ahead=0)[1].enough == 3


def test_measures_by_name(process):
    runs, told = simulate_until_precise(process, "time", precision=0.1)
    assert told.measure == "end-to-end time"
    assert f"{told.enough} replications are enough for ± 10.0% of the mean at 95% confidence" in str(told)
    assert "<table" in told._repr_html_()
    steps = simulate_until_precise(process, "steps", precision=0.1)[1]
    assert steps.table["mean"].iloc[-1] == pytest.approx(2.0)
    assert len(runs) >= 8


@pytest.mark.parametrize(
    ("spread", "look_ahead", "around"), [(0.2, 5, 64), (0.4, 5, 250), (0.4, 13, 250), (0.4, 0, 250)]
)
def test_the_look_ahead_grows_from_a_hundred_on(spread, look_ahead, around):
    """± 5 % of a mean of 1 takes about (1.96 · spread / 0.05)² values, and five more for each hundred of them."""
    values = np.random.default_rng(5).normal(1.0, spread, 600).tolist()
    n = next(n for n in range(3, 600) if _enough(values[:n], 0.05, 0.95, look_ahead) is not None)
    enough = _enough(values[:n], 0.05, 0.95, look_ahead)
    assert enough == pytest.approx(around, rel=0.3)
    assert n == enough + look_ahead * max(enough, 100) // 100
    for k in range(enough, n + 1):
        mean, low, _high = interval(np.array(values[:k]))
        assert mean - low <= 0.05 * mean


def test_the_interval_is_students():
    """2, 4, 6: mean 4, s 2, t(0.975; 2) = 4.3027, so 4 ± 4.3027 · 2 / √3 = 4 ± 4.9683."""
    mean, low, high = interval(np.array([2.0, 4.0, 6.0]))
    assert mean == 4.0
    assert high - mean == pytest.approx(4.9683, abs=1e-4)
    assert mean - low == pytest.approx(4.9683, abs=1e-4)
    assert interval(np.array([3.0]))[1:] == (-np.inf, np.inf)


def test_the_interval_covers_the_truth_as_often_as_it_says(process):
    """The mean of 300 replications is the truth; of 60 intervals over five of them each, some 57 hold it."""
    values = np.array([hours(run.log) for run in replicate(prepared(process), range(300), 1)])
    blocks = values.reshape(60, 5)
    held = sum(low <= values.mean() <= high for _m, low, high in (interval(b) for b in blocks))
    assert 52 <= held <= 60


def test_a_part_of_the_replications(process):
    whole = simulate(process, replications=7, seed=3).runs
    for numbers in ([4, 5, 6], [6, 0, 3], []):
        some = list(replicate(prepared(process), numbers, 3))
        assert [r.index for r in some] == numbers
        for run in some:
            np.testing.assert_array_equal(run.end, whole[run.index].end)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"precision": 0}, "precision is a share"),
        ({"precision": 5}, "precision is a share"),
        ({"confidence": 95}, "confidence is between"),
        ({"most": 2}, "at least 3 replications"),
        ({"measure": "tiem"}, "did you mean 'time'?"),
        ({"measure": "xyzzy"}, "choose one of: steps"),
    ],
)
def test_options_out_of_range(process, options, said):
    with pytest.raises(UsageError, match=said.replace("?", r"\?")):
        simulate_until_precise(process, **options)


def test_what_is_not_recorded_is_no_measure(process):
    with pytest.raises(InsufficientDataError, match="do not record this measure: materials"):
        simulate_until_precise(process, "materials")
