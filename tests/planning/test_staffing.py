"""The smallest staffing: found where it is known by trying everything, refused where the delay is no queue."""

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from processes import CALENDAR, Path, Station, constant, exponential, line, network, poisson

from flowaudit.errors import InsufficientDataError, UsageError
from flowaudit.eventlog import from_frame
from flowaudit.metrics import case_measures
from flowaudit.planning import Staffing, smallest_staffing
from flowaudit.redesign import Scenario
from flowaudit.simulation import simulate

DAYS = 1


def office(windows=1, reviewers=1, *, seed=2, cases=300, **changes):
    """Applications at 2 an hour; a window needs 0.6 h each, a review 1.1 h: 1.2 and 2.2 officers' work arrives."""
    return line(
        Station("apply", None, servers=0),
        Station("window", exponential(0.6), servers=windows),
        Station("review", exponential(1.1), servers=reviewers),
        arrivals=poisson(2.0, cases, seed),
        source="diagram",
        **changes,
    )


def kept(process, days=DAYS, *, replications=4, seed=7):
    """Share of the cases that end within the days, by the metrics alone."""
    shares = []
    for run in simulate(process, replications=replications, seed=seed, calendar=CALENDAR):
        found = case_measures(run, calendar=CALENDAR)["e2e_days"].to_numpy(float)
        shares.append(np.mean(found <= days))
    return float(np.mean(shares))


@pytest.fixture(scope="module")
def found():
    return smallest_staffing(office(), DAYS, metric="time", replications=4, calendar=CALENDAR)


def test_no_smaller_staffing_keeps_the_promise(found):
    """All staffings of up to three at the window and five reviewers, tried one by one; what grows for ever is none."""
    keep = {
        (w, r): w > 2.0 * 0.6 and r > 2.0 * 1.1 and kept(office().with_staff(0, w - 1).with_staff(1, r - 1)) >= 0.95
        for w, r in itertools.product(range(1, 4), range(1, 6))
    }
    least = min(w + r for (w, r), ok in keep.items() if ok)
    (reading,) = found.readings
    needed = {post.pool: post.needed for post in reading.posts}
    assert keep[needed.get("window", 1), needed.get("review", 1)]
    assert sum(needed.values()) == least
    assert found.least == found.most == least - 2


def test_what_is_told_of_the_staffing_is_what_it_does(found):
    (reading,) = found.readings
    process = found.scenario().apply(office())
    assert reading.reached.kept == pytest.approx(kept(process))
    assert reading.now.kept == pytest.approx(kept(office()))
    assert not reading.now.meets
    assert reading.reached.meets
    assert reading.unlimited.kept >= reading.reached.kept - 0.01
    assert all(post.busy_then < 1.0 for post in reading.posts)
    # As many cases as came in so many hours, 1.1 h each, over the officers found.
    arrivals = office().arrivals
    rate = (len(arrivals) - 1) / ((arrivals[-1] - arrivals[0]) / np.timedelta64(1, "h"))
    review = next(p for p in reading.posts if p.pool == "review")
    assert review.busy_then == pytest.approx(rate * 1.1 / review.needed, rel=0.01)


def test_every_tried_staffing_is_told(found):
    (reading,) = found.readings
    assert reading.tried[0] == reading.now
    assert len({t.changes for t in reading.tried}) == len(reading.tried)
    told = []
    smallest_staffing(
        office(),
        DAYS,
        metric="time",
        replications=2,
        calendar=CALENDAR,
        progress=lambda level, t: told.append((level, t)),
    )
    assert len(told) > 2
    assert told[0][0] == "pool"


def test_where_the_delay_is_no_queue_no_number_of_officers_helps():
    """Files lie for three days whoever is there."""
    process = line(
        Station("apply", None, servers=0),
        Station("review", constant(0.1), servers=1, delay=constant(72.0)),
        arrivals=poisson(0.5, 200, 3),
        source="diagram",
    )
    found = smallest_staffing(process, 1, metric="time", replications=2, calendar=CALENDAR)
    assert found.readings[0].answer == "never"
    assert (found.least, found.most) == (None, None)
    assert found.readings[0].queue_h < 0.2
    assert "no queue" in found.sentences("en")[0]
    with pytest.raises(InsufficientDataError, match="no queue"):
        found.scenario()


def test_idle_officers_can_be_spared_down_to_one():
    """Five at the window and five reviewers where 0.12 and 0.22 of one are needed."""
    idle = line(
        Station("apply", None, servers=0),
        Station("window", exponential(0.06), servers=5),
        Station("review", exponential(0.11), servers=5),
        arrivals=poisson(2.0, 300, 2),
        source="diagram",
    )
    found = smallest_staffing(idle, DAYS, metric="time", replications=2, calendar=CALENDAR)
    (reading,) = found.readings
    assert reading.answer == "kept"
    assert (found.least, found.most, reading.spared) == (0, 0, 8)
    assert {p.needed for p in reading.posts} == {1}
    assert found.scenario().measures == ()
    assert sum(m.add for m in found.scenario(spare=True)) == -8
    without = smallest_staffing(idle, DAYS, metric="time", replications=2, calendar=CALENDAR, spare=False)
    assert without.readings[0].posts == ()


def test_only_the_pools_named_may_change():
    """The review alone cannot be saved by more people at the window."""
    found = smallest_staffing(office(), DAYS, metric="time", pools=["window"], replications=2, calendar=CALENDAR)
    assert found.readings[0].answer == "never"
    with pytest.raises(UsageError, match="revue") as error:
        smallest_staffing(office(), DAYS, metric="time", pools=["revue"], calendar=CALENDAR)
    assert "review" in error.value.hint


def test_a_scenario_comes_first_and_its_staff_is_added_to():
    base = Scenario("甲").staff("review", 1).terms(owner="局", cost_yuan=1.0)
    found = smallest_staffing(office(), DAYS, scenario=base, metric="time", replications=4, calendar=CALENDAR)
    (reading,) = found.readings
    again = found.scenario()
    review = next(m for m in again if m.pool == "review")
    post = next(p for p in reading.posts if p.pool == "review")
    assert post.now == 2
    assert review.add == post.needed - 1
    # What people had said of the measure stays.
    assert again.entries[0].owner == "局"
    assert kept(again.apply(office())) == pytest.approx(reading.reached.kept)


def test_a_pool_that_cannot_do_the_work_is_never_called_enough():
    """Sixty cases in all: even a growing queue is worked off in 400 days, but it would not be for ever."""
    found = smallest_staffing(office(cases=60), 400, metric="time", replications=2, calendar=CALENDAR)
    (reading,) = found.readings
    assert reading.now.kept == 1.0
    assert reading.now.overloaded == ("window", "review")
    assert not reading.now.meets
    assert {p.pool: p.needed for p in reading.posts} == {"window": 2, "review": 3}
    assert "its queue grows" in " ".join(found.sentences("en"))


def test_a_fitted_process_holds_one_reading_only():
    with pytest.raises(UsageError, match="one reading"):
        smallest_staffing(replace(office(), source="log"), DAYS, metric="time")


@pytest.mark.parametrize(
    ("options", "named"),
    [({"promise_days": 1.5}, "whole number"), ({"level": 0.2}, "level"), ({"metric": "steps"}, "steps"), ({"item": "XX"}, "XX")],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(options, named):
    given = {"promise_days": 1, "metric": "time", "calendar": CALENDAR} | options
    with pytest.raises(UsageError, match=named):
        smallest_staffing(office(), given.pop("promise_days"), **given)


def test_the_clock_has_to_be_recorded():
    with pytest.raises(InsufficientDataError, match="no promise can be measured"):
        smallest_staffing(office(cases=30), DAYS, replications=2, calendar=CALENDAR)


def queueing_log(*, lying_h, n=700, seed=4):
    """Accepted at once; the file lies for a while, and is then decided by the first of two officers who is free."""
    rng = np.random.default_rng(seed)
    accepted = np.cumsum(rng.exponential(1 / 1.9, n))
    ready, work = accepted + rng.exponential(lying_h, n), rng.exponential(1.0, n)
    free, rows = np.zeros(2), []
    for i in np.argsort(ready):
        k = int(free.argmin())
        start = max(ready[i], free[k])
        free[k] = start + work[i]
        rows += [(i, "accept", None, accepted[i], accepted[i]), (i, "decide", f"O{k}", start, free[k])]
    frame = pd.DataFrame(rows, columns=["case_id", "activity", "resource", "start", "end"])
    for column in ("start", "end"):
        frame[column] = pd.Timestamp("2024-03-04") + pd.to_timedelta((frame[column] * 3600).round(), unit="s")
    return from_frame(frame.assign(case_id=frame["case_id"].astype(str), stage=frame["activity"]))


def test_a_log_gets_a_bracket_of_both_readings():
    found = smallest_staffing(queueing_log(lying_h=12.0), 1, calendar=CALENDAR, replications=4, min_cases=30)
    assert [r.contention for r in found.readings] == ["pool", "resource"]
    assert found.least is not None
    assert found.least <= (found.most if found.most is not None else 99)
    # 95 % of the officers' hours are asked for: one more takes the queue away, and the lying stays.
    assert found.least == 1
    assert list(found.table().columns) == ["pool", "now", "needed_pool", "needed_resource"]
    assert len(found.reading("resource").posts) == 1
    # What the log itself kept stands beside what the model says of it.
    assert found.observed == pytest.approx(found.reading("pool").now.kept, abs=0.06)
    assert any("In the log itself" in s for s in found.sentences("en"))


def test_without_officers_there_is_no_answer():
    log = from_frame(queueing_log(lying_h=1.0, n=120).to_pandas().drop(columns="resource"))
    with pytest.raises(InsufficientDataError, match="no staffing answer"):
        smallest_staffing(log, 1, calendar=CALENDAR)


def test_an_item_has_its_own_promise():
    """Item B lies two days and item A does not: the promise of A is kept, that of B never."""

    def path(item):
        return tuple((f"{step}{item}", (k - 1,) if k else ()) for k, step in enumerate(("accept", "decide")))

    stations = [
        Station("acceptA", None, servers=0), Station("decideA", constant(0.2)),
        Station("acceptB", None, servers=0), Station("decideB", constant(0.2), delay=constant(72.0)),
    ]  # fmt: skip
    plain = network(stations, [Path(path("A")), Path(path("B"))], arrivals=poisson(0.5, 200, 3), source="diagram")
    nodes = tuple(replace(n, item=n.activity[-1], stage=n.activity[:-1]) for n in plain.nodes)
    process = replace(plain, nodes=nodes, item_names={"A": "甲", "B": "乙"})
    quick, slow = (smallest_staffing(process, 1, item=item, replications=2, calendar=CALENDAR) for item in ("甲", "B"))
    assert (quick.item, quick.readings[0].answer) == ("甲", "kept")
    assert (slow.item, slow.readings[0].answer) == ("乙", "never")


def test_in_both_languages_with_and_without_html(found):
    for lang in ("zh", "en"):
        assert all(found.to_dict(lang)["sentences"])
    assert "<table" in found._repr_html_()
    assert isinstance(found, Staffing)
    assert str(found)
