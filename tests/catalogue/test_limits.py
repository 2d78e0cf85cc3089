"""Limits: units, and which of two is longer whatever the calendar."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowaudit.catalogue.limits import longer, measured


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [
        ((31, "working_days"), (1, "months"), None), ((32, "working_days"), (1, "months"), True), ((31, "days"), (1, "months"), None),
        ((32, "days"), (1, "months"), True), ((1, "months"), (31, "days"), False), ((1, "months"), (30, "days"), None),
        ((5, "days"), (5, "working_days"), False), ((6, "days"), (5, "working_days"), None), ((5, "working_days"), (4, "days"), True),
        ((48, "hours"), (2, "days"), None), ((20, "working_days"), (20, "working_days"), False), ((1, "months"), (31, "working_days"), False),
    ],
)  # fmt: skip
def test_which_is_longer(a, b, said):
    assert longer(a, b) is said


@given(st.integers(0, 80), st.integers(0, 80), st.dates(dt.date(2015, 1, 1), dt.date(2025, 1, 1)))
def test_what_is_said_to_be_longer_ends_later_from_every_day(working, natural, begin):
    """Against a slow count on Monday to Friday, the kindest calendar there is."""
    end, left = begin, working
    while left:
        end += dt.timedelta(days=1)
        left -= end.weekday() < 5
    if longer((working, "working_days"), (natural, "days")):
        assert end > begin + dt.timedelta(days=natural)
    if longer((natural, "days"), (working, "working_days")) is False:
        assert begin + dt.timedelta(days=natural) <= end


@pytest.mark.parametrize(
    ("amount", "word", "said"),
    [
        (20, "个工作日", (20, "working_days")), (2, "周", (14, "days")), (1, "年", (12, "months")), (120, "分钟", (2, "hours")),
        (30, "分钟", None), (1.5, "工作日", None), (20, "日", None), (20, "天", None), (float("nan"), "工作日", None), (-1, "工作日", None),
    ],
)  # fmt: skip
def test_amounts_that_clocks_know(amount, word, said):
    assert measured(amount, word) == said
