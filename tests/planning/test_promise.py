"""What can be promised: the days a share of the cases keeps, beside what is promised and what the law allows."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from processes import CALENDAR, Station, constant, line

from flowaudit.catalogue import Catalogue
from flowaudit.errors import InsufficientDataError, UsageError
from flowaudit.eventlog import from_frame
from flowaudit.planning import promise
from flowaudit.planning.kept import Days, ended, least_cases, of_cases, of_runs
from flowaudit.process import fit_process
from flowaudit.simulation import simulate

MONDAY = pd.Timestamp("2024-03-04 10:00")


def decided(days, *, item="JY", open_since=(), every=0):
    """One case for every number of working days from acceptance to decision; ``open_since``: never decided.

    All are accepted on one Monday, or a working day later for every so many cases.
    """
    rows = []
    for k, n in enumerate([*days, *(None for _d in open_since)]):
        case = f"{item}{k:04d}"
        day = pd.Timestamp(np.busday_offset(MONDAY.date(), k // every if every else 0))
        accepted = day + pd.Timedelta(hours=10, minutes=k % 60) if n is not None else open_since[k - len(days)]
        rows.append((case, "受理", "accept", accepted))
        if n is not None:
            end = pd.Timestamp(np.busday_offset(accepted.date(), n)) + pd.Timedelta(hours=15)
            rows.append((case, "决定", "decide", end))
    frame = pd.DataFrame(rows, columns=["case_id", "activity", "stage", "end"])
    return from_frame(frame.assign(item_code=item))


def catalogue(promised, statutory, unit="工作日"):
    return Catalogue(
        items=pd.DataFrame(
            {
                "item_code": ["JY"],
                "name": ["经营许可"],
                "promised_days": [promised],
                "promised_unit": [unit],
                "statutory_days": [statutory],
                "statutory_unit": [unit],
            }
        )
    )


def test_the_fewest_days_that_95_of_100_cases_keep():
    """94 cases take 3 days, one takes 4, five take 9: 95 of 100 end within 4."""
    found = promise(decided([3] * 94 + [4] + [9] * 5), calendar=CALENDAR).whole
    assert found.days == 4
    assert found.kept_within(3) == pytest.approx(0.94)
    assert found.kept_within(4) == pytest.approx(0.95)
    assert found.kept_within(100) == 1.0
    # With 100 cases the 95 % upper bound of the 95th percentile is the 99th: P(B(100, .95) <= 98) = 0.963.
    assert found.high == 9
    # P(B(100, .95) >= 92) = 0.937, P(B >= 91) = 0.972.
    assert found.low == 3


def test_59_cases_bound_a_95th_percentile_and_58_do_not():
    assert least_cases(0.95, 0.95) == 59
    assert math.isclose(1 - 0.95**59, 0.9515, abs_tol=1e-4)
    enough, few = (promise(decided([5] * n), calendar=CALENDAR) for n in (59, 58))
    assert enough.whole.high == 5
    assert few.whole.days == 5
    assert few.whole.high is None
    assert any("at least 59 decided cases are needed, 58 are there" in s for s in few.sentences("en"))


def test_under_20_cases_there_is_no_95th_percentile():
    found = promise(decided([5] * 19), calendar=CALENDAR)
    assert found.whole.days is None
    assert "too few" in found.sentences("en")[0]
    assert str(found.table()["days"][0]) == "<NA>"


def test_the_promise_of_today_is_beside_it_and_at_risk():
    """A tenth of the cases takes 12 working days, 10 are promised, 20 are allowed."""
    found = promise(decided([6] * 180 + [12] * 20), catalogue(10, 20), calendar=CALENDAR)
    row = found.of("经营许可")
    assert (row.days, row.promised.working_days, row.statutory.working_days) == (12, 10, 20)
    assert row.promised.kept == pytest.approx(0.9)
    assert row.promised.low < 0.9 < row.promised.high
    assert (row.at_risk, row.above_statutory, row.certain) == (True, False, False)
    text = " ".join(found.sentences("en"))
    assert "kept in 90.0% of the cases" in text
    assert "at risk of being broken (10.0% of the cases)" in text


def test_a_promise_of_just_the_days_that_are_needed_is_not_at_risk():
    found = promise(decided([6] * 180 + [10] * 20), catalogue(10, 20), calendar=CALENDAR).whole
    assert (found.days, found.at_risk, found.certain) == (10, False, True)


def test_a_promise_above_the_statutory_limit_is_said():
    found = promise(decided([25] * 100), catalogue(20, 20), calendar=CALENDAR)
    assert found.whole.above_statutory is True
    assert any("more than the statutory limit (20 working days)" in s for s in found.sentences("en"))


def test_a_promise_that_could_be_shorter_is_said():
    found = promise(decided([4] * 100), catalogue(10, 20), calendar=CALENDAR)
    assert found.whole.at_risk is False
    assert found.whole.certain
    assert any("could be 6 working days shorter" in s for s in found.sentences("en"))


def test_a_promise_that_is_kept_but_not_beyond_chance_is_said():
    """97 of 100 keep 10 days, and 90 to 99 % would: the law of small numbers."""
    found = promise(decided([6] * 97 + [12] * 3), catalogue(10, 20), calendar=CALENDAR)
    assert found.whole.at_risk is False
    assert not found.whole.certain
    assert any("not beyond chance" in s for s in found.sentences("en"))


def test_natural_days_count_as_the_fewest_working_days_they_held():
    """14 natural days from a Monday hold 10 working days, and a 15th one where the last is a Sunday."""
    found = promise(decided([11] * 100), catalogue(14, 60, "自然日"), calendar=CALENDAR)
    assert found.whole.promised.unit == "days"
    assert found.whole.promised.working_days == 10
    assert found.whole.at_risk is True
    assert found.whole.promised.text("en") == "14 natural days"


def test_limits_are_not_held_against_other_days_than_the_clock():
    found = promise(decided([4] * 100), catalogue(10, 20), calendar=CALENDAR, metric="time")
    assert found.whole.promised is None


def test_open_cases_are_lower_bounds_and_not_dropped():
    """90 cases took 2 days; 20 have been open for 30: without them everybody would be done in 2."""
    late = [pd.Timestamp("2024-01-22 10:00")] * 20
    found = promise(decided([2] * 90, open_since=late), calendar=CALENDAR).whole
    assert found.running == 20
    assert found.days is None or found.days > 2
    assert found.kept_within(2) == pytest.approx(90 / 110)
    assert found.high is None


def test_a_case_that_still_runs_counts_until_it_is_out_of_sight():
    """1, more than 2, 3 and 4 days: 3 of 4 go on after the first, of the two still seen one ends on the third day."""
    found = ended(Days(np.array([1.0, 2.0, 3.0, 4.0]), np.array([False, True, False, False])))
    assert found == pytest.approx([0.0, 1 / 4, 1 / 4, 5 / 8, 1.0])
    assert Days(np.array([1.0, 2.0, 3.0, 4.0]), np.array([False, True, False, False])).kept(3) == pytest.approx(5 / 8)


def test_items_are_told_apart():
    both = pd.concat([decided([3] * 80).to_pandas(), decided([8] * 80, item="XF").to_pandas()])
    found = promise(from_frame(both), calendar=CALENDAR)
    assert [row.item for row in found] == ["", "JY", "XF"]
    assert (found.of("JY").days, found.of("XF").days, found.whole.days) == (3, 8, 8)
    assert len(promise(from_frame(both), calendar=CALENDAR, by=None)) == 1
    with pytest.raises(UsageError, match="JZ") as error:
        found.of("JZ")
    assert "JY" in error.value.hint


def test_without_acceptance_nothing_is_promised():
    frame = decided([3] * 80).to_pandas().query("stage == 'decide'")
    with pytest.raises(InsufficientDataError, match="no promise can be measured") as error:
        promise(from_frame(frame), calendar=CALENDAR)
    assert "metric='time'" in error.value.hint


@pytest.mark.parametrize(
    ("options", "named"),
    [({"level": 1.0}, "level"), ({"confidence": 0.2}, "confidence"), ({"metric": "steps"}, "steps"), ({"by": "month"}, "month")],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(options, named):
    with pytest.raises(UsageError, match=named):
        promise(decided([3] * 80), calendar=CALENDAR, **options)


@pytest.fixture(scope="module")
def process():
    return fit_process(decided([3, 3, 3, 6] * 50, every=2), catalogue(5, 20), calendar=CALENDAR)


def test_a_simulation_promises_over_its_replications(process):
    runs = simulate(process, replications=8, seed=3, calendar=CALENDAR)
    found = promise(runs)
    assert found.replications == 8
    # The process carries its catalogue: 5 days are promised, a quarter of the cases takes 6.
    assert found.whole.promised.working_days == 5
    assert found.whole.promised.kept == pytest.approx(0.75, abs=0.08)
    assert found.whole.promised.low < found.whole.promised.kept < found.whole.promised.high
    assert found.whole.low <= found.whole.days <= found.whole.high
    assert "Simulated, 8 replications" in found.sentences("en")[-1]


def test_one_replication_has_no_bounds(process):
    found = promise(simulate(process, replications=1, seed=3, calendar=CALENDAR))
    assert (found.whole.low, found.whole.high) == (None, None)
    assert any("one replication" in s for s in found.sentences("en"))


def test_what_is_promised_is_what_every_replication_keeps_on_average():
    """Shares of cases within 2 days 0.96, 0.94, 0.98: mean 0.96; within 1 day 0.90."""

    def run(within_two):
        return Days(
            np.r_[np.ones(90), np.full(within_two - 90, 2.0), np.full(100 - within_two, 5.0)], np.zeros(100, bool)
        )

    found = of_runs([run(96), run(94), run(98)], 0.95, 0.95)
    assert found.curve[1:3] == (pytest.approx(0.90), pytest.approx(0.96))
    assert found.days == 2
    # Half-width 2.92 * 0.02 / sqrt(3) = 0.034: 0.926 for sure, which is not 0.95.
    assert found.high == 5
    assert found.low == 2


def test_in_both_languages_with_and_without_html(process):
    found = promise(simulate(process, replications=2, seed=3, calendar=CALENDAR))
    for lang in ("zh", "en"):
        said = found.to_dict(lang)
        assert all(said["sentences"])
        assert said["rows"][0]["promised"]["limit"]
    assert "<table>" in found._repr_html_()
    assert str(found)


@given(st.lists(st.integers(0, 40), min_size=1, max_size=200), st.floats(0.6, 0.99))
@settings(max_examples=40)
def test_bounds_hold_the_estimate_and_more_cases_never_lose_it(days, level):
    found = of_cases(Days(np.array(days, float), np.zeros(len(days), bool)), level, 0.95)
    if found.days is not None:
        assert found.low is None or found.low <= found.days
        assert found.high is None or found.high >= found.days
        # The definition itself: enough cases within the days, and too few within one day less.
        assert np.mean(np.array(days) <= found.days) >= level - 1e-9
        assert found.days == 0 or np.mean(np.array(days) <= found.days - 1) < level


def test_the_upper_bound_holds_the_true_percentile_as_often_as_it_says():
    """Geometric days with a 95th percentile of 13: (1 - 0.2) ** 14 = 0.044. 1 000 samples of 100."""
    rng = np.random.default_rng(5)
    true = 13
    held = np.mean([
        (bound := of_cases(Days(rng.geometric(0.2, 100) - 1.0, np.zeros(100, bool)), 0.95, 0.95)).high >= true
        for _sample in range(1000)
    ])  # fmt: skip
    assert held >= 0.95
    # The days are whole, so that the interval may be wider than it need be, but not empty of meaning.
    assert bound.high < 60


def test_censored_bounds_hold_the_true_percentile():
    """The same days, each case looked at for a random time only."""
    rng = np.random.default_rng(6)
    held = 0
    for _sample in range(400):
        days, seen = rng.geometric(0.2, 300) - 1.0, rng.integers(5, 60, 300).astype(float)
        high = of_cases(Days(np.minimum(days, seen), days > seen), 0.95, 0.95).high
        held += high is None or high >= 13
    assert held / 400 >= 0.94


def test_the_clock_of_a_hand_made_office_is_what_it_promises():
    """A step that lies 48 hours on a clock that never stops, decided on the spot: nobody needs more than two days."""
    process = line(
        Station("受理", None, servers=0), Station("决定", constant(0.0), delay=constant(24.0)), calendar="weekdays"
    )
    log = simulate(
        process, arrivals=np.full(80, np.datetime64("2024-03-05T09:00")), replications=2, seed=1, calendar=CALENDAR
    )
    assert promise(log, metric="time").whole.days == 1
