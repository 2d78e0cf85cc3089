"""Stamps: every form offices write, none that could mean two things."""

from datetime import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowaudit.errors import InputError
from flowaudit.eventlog.dates import demand_good, parse_stamps


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2020-01-05T09:30:00", "2020-01-05T09:30:00"),
        ("2020-01-05 09:30", "2020-01-05T09:30:00"),
        ("2020-01-05 09:30:15.123", "2020-01-05T09:30:15.123"),
        ("2020-01-05 09:30:15.123456789", "2020-01-05T09:30:15.123456"),
        ("2020-1-5 9:30", "2020-01-05T09:30:00"),
        ("2020/1/5 9:30", "2020-01-05T09:30:00"),
        ("2020.1.5", "2020-01-05"),
        ("2020年1月5日 9时30分", "2020-01-05T09:30:00"),
        ("2020年01月05日9点", "2020-01-05T09:00:00"),
        ("2020年1月5日", "2020-01-05"),
        ("2020年1月5日 9:30:15", "2020-01-05T09:30:15"),
        ("２０２０／１／５ ９：３０", "2020-01-05T09:30:00"),
        ("20200105T093000", "2020-01-05T09:30:00"),
        ("20200105093000", "2020-01-05T09:30:00"),
        ("20200105", "2020-01-05"),
        ("2020-01-04 24:00", "2020-01-05"),
        ("2019/12/31 24:00:00", "2020-01-01"),
        ("2020-02-29", "2020-02-29"),
        ("  2020-01-05  ", "2020-01-05"),
    ],
)
def test_forms(text, expected):
    assert parse_stamps([text]).values[0] == np.datetime64(expected, "us")


@pytest.mark.parametrize(
    "text",
    ["1578187800", "1578187800000", "43836.5", "43836", "05/01/2020", "1/5/2020 9:30", "2020-13-01", "2020-02-30",
     "2019-02-29", "2020-01-05 24:01", "2020-01-05 09:60", "2020-01-05 25:00", "20201301", "2020-01", "abc",
     "2020-01-05 09:30 x", "0000-00-00 00:00:00"],
)  # fmt: skip
def test_what_is_not_a_stamp_is_refused(text):
    found = parse_stamps(["2020-01-05", text])
    assert found.bad.tolist() == [1]
    assert np.isnat(found.values[1])


def test_mixed_forms_in_one_column():
    found = parse_stamps(["2020-01-05", "2020年1月6日", None, "", "-", "20200107T000000"])
    assert found.values[[0, 1, 5]].astype("datetime64[D]").astype(str).tolist() == [
        "2020-01-05",
        "2020-01-06",
        "2020-01-07",
    ]
    assert np.isnat(found.values[[2, 3, 4]]).all()
    assert not len(found.bad)


def test_offset_keeps_the_wall_clock_and_is_recorded():
    found = parse_stamps(["2011-10-11T13:45:40.276+02:00", "2011-11-24T15:36:51+01:00", "2011-11-24T15:36:51Z"])
    assert found.values[0] == np.datetime64("2011-10-11T13:45:40.276", "us")
    assert found.values[1] == found.values[2]
    assert found.offsets == ("+00:00", "+01:00", "+02:00")


def test_a_zone_given_converts_what_has_an_offset_only():
    found = parse_stamps(["2020-01-05T00:30:00Z", "2020-01-05T00:30:00"], timezone="Asia/Shanghai")
    assert found.values[0] == np.datetime64("2020-01-05T08:30", "us")
    assert found.values[1] == np.datetime64("2020-01-05T00:30", "us")


def test_date_format_says_the_order_of_day_and_month():
    assert parse_stamps(["05/01/2020 09:30"], date_format="%d/%m/%Y %H:%M").values[0] == np.datetime64(
        "2020-01-05T09:30", "us"
    )


def test_first_bad_rows_are_told_with_their_lines():
    found = parse_stamps(["2020-01-05", "x", "y"])
    with pytest.raises(InputError, match=r"2 cells are not times \(line 12: 'x'; line 13: 'y'\)"):
        demand_good(
            found, ["2020-01-05", "x", "y"], file="a.csv", column="end", lines=lambda rows: [r + 11 for r in rows]
        )


@given(
    st.lists(st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2199, 12, 31)), min_size=1, max_size=20),
    st.sampled_from(["iso", "slash", "chinese", "compact"]),
)
def test_written_and_read_again(stamps, form):
    write = {
        "iso": lambda t: t.isoformat(),
        "slash": lambda t: f"{t.year}/{t.month}/{t.day} {t.hour}:{t.minute:02d}",
        "chinese": lambda t: f"{t.year}年{t.month}月{t.day}日 {t.hour}时{t.minute}分{t.second}秒",
        "compact": lambda t: f"{t:%Y%m%dT%H%M%S}",
    }[form]
    kept = {
        "iso": stamps,
        "slash": [t.replace(second=0, microsecond=0) for t in stamps],
        "chinese": [t.replace(microsecond=0) for t in stamps],
        "compact": [t.replace(microsecond=0) for t in stamps],
    }[form]
    found = parse_stamps([write(t) for t in stamps])
    assert found.values.tolist() == kept
    assert not len(found.bad)
