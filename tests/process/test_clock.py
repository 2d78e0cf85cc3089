"""Operational time: it passes when the office moves, and only then."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowaudit.process import Profile, Timeline, always, weekly
from flowaudit.process.clock import PSEUDO_STAMPS, RARE_DATES, mine_profile, open_hours
from flowaudit.worktime import HOLIDAY, MAKE_UP, load_calendar

CHINA, WEEKDAYS = load_calendar("china"), load_calendar("weekdays")
MONDAY = np.datetime64("2024-03-04", "us")
OFFICE = weekly({day: [(9, 12), (13, 17)] for day in range(5)})


def days_from(first, n, calendar=WEEKDAYS):
    """A timeline that begins on the day ``first`` and has ``n`` days."""
    whole = Timeline.spanning(np.datetime64(first, "us"), np.datetime64(first, "us"), calendar)
    span = Timeline.spanning(np.datetime64(first, "us"), np.datetime64(first, "us") + np.timedelta64(n, "D"), calendar)
    return Timeline(whole.origin + 1, span.classes[1 : n + 1])


def stamps(days, hours):
    return np.array([np.datetime64(d, "us") + np.timedelta64(int(60 * h), "m") for d in days for h in hours])


def workdays(n, first="2024-03-04"):
    return pd.bdate_range(first, periods=n).to_numpy()


@st.composite
def profiles(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return Profile(rng.uniform(0, 3, (9, 48)) * (rng.random((9, 48)) < 0.6))


class TestTimeline:
    def test_reaches_from_the_day_before_to_the_day_after(self):
        line = Timeline.spanning(
            np.datetime64("2024-03-05T15:00", "us"), np.datetime64("2024-03-07T01:00", "us"), WEEKDAYS
        )
        assert line.origin == np.datetime64("2024-03-04")
        assert line.classes.tolist() == [0, 1, 2, 3, 4]

    def test_make_up_days_and_holidays_are_classes_of_their_own(self):
        """2024: Sunday 29 September and Saturday 12 October work; 1 to 7 October do not."""
        line = Timeline.spanning(np.datetime64("2024-09-29", "us"), np.datetime64("2024-10-12", "us"), CHINA)
        assert line.classes.tolist() == [5, MAKE_UP, 0, *[HOLIDAY] * 7, 1, 2, 3, 4, MAKE_UP, 6]

    def test_hours_keep_fractions_and_what_is_missing(self):
        line = days_from("2024-03-04", 3)
        found = line.hours(np.array(["2024-03-05T01:30", "NaT"], "datetime64[us]"))
        assert found[0] == 25.5
        assert np.isnan(found[1])

    def test_hours_before_each_day(self):
        assert days_from("2024-03-08", 4).before_day([OFFICE, always()]).tolist() == [
            [0, 7, 7, 7, 14],
            [0, 24, 48, 72, 96],
        ]

    def test_operational_time_by_hand(self):
        """Monday: nothing before 9, three hours at noon, seven in the evening; Saturday adds nothing."""
        line = days_from("2024-03-04", 7)
        hours = np.array([0.0, 8.9, 9.0, 10.25, 12.5, 13.0, 20.0, 33.5, 5 * 24 + 12.0])
        assert line.operational(OFFICE, hours).tolist() == [0, 0, 0, 1.25, 3, 3, 7, 7.5, 35]

    def test_goes_on_at_its_mean_rate_past_the_last_day_and_has_not_begun_before_the_first(self):
        line = days_from("2024-03-04", 7)
        found = line.operational(OFFICE, np.array([-5.0, 168.0, 168.0 + 24.0, np.nan]))
        assert found[:3].tolist() == [0.0, 35.0, 40.0]
        assert np.isnan(found[3])

    @given(profiles(), st.floats(0, 240))
    @settings(max_examples=60, deadline=None)
    def test_is_the_rate_summed_up(self, profile, hour):
        line = days_from("2024-03-06", 10)
        edges = np.arange(0.0, 240.0, 0.5)
        rates = profile.rates[line.classes[(edges // 24).astype(int)], ((edges % 24) * 2).astype(int)]
        expected = (rates * np.clip(hour - edges, 0.0, 0.5)).sum()
        assert line.operational(profile, np.array([hour]))[0] == pytest.approx(expected, abs=1e-9)

    @given(profiles(), st.lists(st.floats(-10, 400), min_size=2, max_size=30))
    @settings(max_examples=60, deadline=None)
    def test_never_goes_back(self, profile, hours):
        found = days_from("2024-03-06", 10).operational(profile, np.sort(np.array(hours)))
        assert (np.diff(found) >= -1e-9).all()


class TestMining:
    def test_office_hours_are_found(self):
        profile = open_hours(mine_profile(stamps(workdays(60), [9, 10, 11, 14, 15]), WEEKDAYS))
        for weekday in range(5):
            assert np.flatnonzero(profile.rates[weekday]).tolist() == [18, 19, 20, 21, 22, 23, 28, 29, 30, 31]
        assert not profile.rates[5:7].any()

    def test_a_week_of_operational_time_is_a_week(self):
        profile = mine_profile(stamps(workdays(60), [9, 9.5, 15]), WEEKDAYS)
        assert profile.hours_per_week() == pytest.approx(168.0)
        assert days_from("2024-03-04", 7).operational(profile, np.array([168.0]))[0] == pytest.approx(168.0)

    def test_rates_follow_the_counts(self):
        """Two stamps at 9 for each at 15; Mondays twice as many as other days."""
        days = workdays(100)
        twice = stamps(days[::5], [9, 9.1, 9.2, 9.3, 15, 15.1])
        once = stamps([d for k, d in enumerate(days) if k % 5], [9, 9.5, 15])
        rates = mine_profile(np.concatenate([twice, once]), WEEKDAYS).rates
        np.testing.assert_allclose(rates[:5, 18], 2.0 * rates[:5, 30])
        np.testing.assert_allclose(rates[0], 2.0 * rates[1])

    def test_half_hours_in_which_nothing_ever_happened_stand_still(self):
        rates = mine_profile(stamps(workdays(60), [9, 15]), WEEKDAYS).rates
        assert (rates[:, [*range(18), *range(20, 30), *range(32, 48)]] == 0).all()

    def test_few_stamps_of_a_weekday_take_their_hours_from_all_days(self):
        """One Saturday stamp at 15, hundreds at 9 on other days: Saturday moves little, and mostly at 9."""
        seen = np.concatenate([stamps(workdays(300), [9]), stamps(["2024-03-09"], [15])])
        rates = mine_profile(seen, WEEKDAYS).rates
        assert rates[5, 18] > 10 * rates[5, 30] > 0
        assert rates[5].sum() < 0.05 * rates[0].sum()

    def test_nothing_seen_moves_always(self):
        for seen in (np.zeros(0, "datetime64[us]"), np.array(["NaT"], "datetime64[us]")):
            assert mine_profile(seen, WEEKDAYS) == always()

    def test_missing_stamps_count_for_nothing(self):
        seen = stamps(workdays(30), [9, 15])
        assert mine_profile(np.r_[seen, np.datetime64("NaT", "us")], WEEKDAYS) == mine_profile(seen, WEEKDAYS)

    def test_rare_make_up_days_are_like_weekdays_and_holidays_like_weekends(self):
        seen = stamps(workdays(250, "2024-01-02"), [10])
        rates = mine_profile(seen[~np.isin(seen.astype("datetime64[D]"), holidays_of_2024())], CHINA).rates
        np.testing.assert_allclose(rates[MAKE_UP], rates[:5].mean(axis=0))
        np.testing.assert_allclose(rates[HOLIDAY], rates[5:7].mean(axis=0))

    def test_make_up_days_seen_often_have_hours_of_their_own(self):
        """Only mornings, on as many make-up days as it takes; one fewer, and they are like weekdays."""
        make_up = ["2024-02-04", "2024-02-18", "2024-04-07", "2024-04-28", "2024-05-11", "2024-09-14", "2024-09-29"]
        usual = stamps(workdays(250, "2024-01-02"), [9, 15])
        for n, own in ((RARE_DATES, True), (RARE_DATES - 1, False)):
            morning = np.repeat(stamps(make_up[:n], [9]), 100)
            rates = mine_profile(np.concatenate([usual, morning]), CHINA).rates
            assert (rates[MAKE_UP, 30] < 0.1 * rates[MAKE_UP, 18]) == own

    def test_few_stamps_are_shrunk_to_the_prior(self):
        prior = weekly({0: [(0, 24)]})
        seen = stamps(workdays(20), [9])
        own, mixed = mine_profile(seen, WEEKDAYS), mine_profile(seen, WEEKDAYS, prior=prior)
        weight = 20 / (20 + PSEUDO_STAMPS)
        np.testing.assert_allclose(mixed.rates, weight * own.rates + (1 - weight) * prior.rates)


def holidays_of_2024():
    line = Timeline.spanning(np.datetime64("2024-01-01", "us"), np.datetime64("2024-12-31", "us"), CHINA)
    return (line.origin + np.arange(len(line.classes)))[line.classes == HOLIDAY]


class TestProfiles:
    def test_open_hours_are_those_busy_enough(self):
        rates = np.zeros((9, 48))
        rates[0, :4] = [10.0, 0.5, 0.49, 0.0]
        assert open_hours(Profile(rates)).rates[0, :4].tolist() == [1, 1, 0, 0]
        assert open_hours(Profile(rates), share=0.5).rates[0, :4].tolist() == [1, 0, 0, 0]

    def test_always_is_wall_clock_time(self):
        assert always().hours_per_week() == 168.0
        hours = np.array([0.0, 0.3, 30.7])
        assert days_from("2024-03-04", 4).operational(always(), hours).tolist() == pytest.approx(hours.tolist())

    def test_stated_hours(self):
        assert OFFICE.hours_per_week() == 35.0
        assert np.flatnonzero(OFFICE.rates[2]).tolist() == [*range(18, 24), *range(26, 34)]
        assert not OFFICE.rates[[5, 6, HOLIDAY]].any()

    def test_make_up_days_follow_monday(self):
        profile = weekly({0: [(8, 10)], 1: [(8, 12)]})
        np.testing.assert_array_equal(profile.rates[MAKE_UP], profile.rates[0])

    def test_a_part_of_a_half_hour_counts_by_its_share(self):
        profile = weekly({3: [(9.25, 10.1)]})
        assert profile.rates[3, 18:21] == pytest.approx([0.5, 1.0, 0.2])
        assert profile.hours_per_week() == pytest.approx(0.85)

    def test_spans_that_overlap_count_once(self):
        assert weekly({3: [(9, 12), (11, 13)]}) == weekly({3: [(9, 13)]})

    def test_equal_when_the_rates_are(self):
        assert weekly({1: [(9, 10)]}) == weekly({1: [(9, 9.5), (9.5, 10)]})
        assert hash(weekly({1: [(9, 10)]})) == hash(weekly({1: [(9, 10)]}))
        assert weekly({1: [(9, 10)]}) != weekly({1: [(9, 10.5)]})
        assert always() != "always"

    def test_within_the_day(self):
        within = OFFICE.within()
        assert within.shape == (9, 49)
        assert within[0, [0, 18, 24, 26, 34, 48]].tolist() == [0, 0, 3, 3, 7, 7]
