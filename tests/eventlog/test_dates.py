"""Stamps: every form offices write, none that could mean two things."""

import re
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowaudit.errors import InputError
from flowaudit.eventlog.dates import demand_good, parse_stamps, stamp_problems


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
        ("\t2020-01-05 09:30\t", "2020-01-05T09:30"),
        ("\u200e2020/1/5 9:30", "2020-01-05T09:30"),
        ("2020年1月5日 9时30分15秒", "2020-01-05T09:30:15"),
        ("2020 年 1 月 5 日 下午 3:05", "2020-01-05T15:05"),
        ("2020年1月5号9点", "2020-01-05T09:00"),
        ("2020年1月5日下午3时5分", "2020-01-05T15:05"),
        ("2020-01-05 9时30分", "2020-01-05T09:30"),
        ("2020/1/5 上午 12:30:00", "2020-01-05T00:30"),
        ("2020/1/5 下午 12:30", "2020-01-05T12:30"),
        ("2020/1/5 下午0:30", "2020-01-05T12:30"),
        ("2020/1/5 下午 15:05", "2020-01-05T15:05"),
        ("2020/1/5 3:05:00 PM", "2020-01-05T15:05"),
        ("2020/1/5 12:05 am", "2020-01-05T00:05"),
        ("2020-01-05-09.30.15.123456", "2020-01-05T09:30:15.123456"),
        ("20200105 09:30", "2020-01-05T09:30"),
        ("20200105T0930", "2020-01-05T09:30"),
        ("202001050930", "2020-01-05T09:30"),
        ("20200105093015123", "2020-01-05T09:30:15.123"),
        ("20200105T093000+08:00", "2020-01-05T09:30"),
        ("2020-01-05 09:30:00 UTC", "2020-01-05T09:30"),
        ("2020-01-05t09:30:00z", "2020-01-05T09:30"),
        ("25/01/2020", "2020-01-25"),
        ("1/25/2020 9:30", "2020-01-25T09:30"),
        ("25.1.2020", "2020-01-25"),
        ("04/04/2020", "2020-04-04"),
    ],
)
def test_forms(text, expected):
    assert parse_stamps([text]).values[0] == np.datetime64(expected, "us")


@pytest.mark.parametrize(
    "text",
    ["1578187800", "1578187800000", "05/01/2020", "1/5/2020 9:30", "20-01-05", "9999-12-31", "2020-1-112时",
     "2020-01-05 上午 13:30", "2020-01-05 下午 24:00", "2020-01-05 09:30 CST", "2020\x011\x025\x03", "2020-01-05T09:30:00+15:00",
     "20200105 9:3", "2020年1月", "1.5.20", "123456", "2020010509300", "二〇二〇年一月五日", "2020-W01-1", "2020-005",
     "2020-01-05 09:30:60", "2020-13-01", "2020-02-30",
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


def lines(rows):
    return [row + 2 for row in rows]


def refusal(cells, **options):
    with pytest.raises(InputError) as error:
        demand_good(parse_stamps(cells, **options), cells, file="a.csv", column="时间", lines=lines)
    return str(error.value)


def test_a_day_that_could_be_two_is_asked_about():
    said = refusal(["03/04/2020 10:00", "05/06/2020", "", "07/07/2020"])
    assert "2 cells could mean two days (line 2: '03/04/2020 10:00')" in said
    assert 'date_format = "%d/%m/%Y"' in said


@pytest.mark.parametrize(("deciding", "first"), [("25/04/2020", "2020-04-03"), ("04/25/2020", "2020-03-04")])
def test_one_row_that_decides_holds_for_the_column(deciding, first):
    found = parse_stamps(["03/04/2020", deciding])
    assert found.values[0] == np.datetime64(first, "us")
    problem = stamp_problems(found, "时间", lines)[0]
    assert problem["check"] == ("day_first" if first == "2020-04-03" else "month_first")
    assert problem["examples"] == ["3"]


def test_a_column_that_contradicts_itself_is_refused():
    said = refusal(["25/04/2020", "03/04/2020", "04/25/2020"])
    assert "on line 2 the day comes first ('25/04/2020'), on line 4 the month ('04/25/2020')" in said


@pytest.mark.parametrize(("form", "month"), [("%d/%m/%Y", 4), ("%m/%d/%Y", 3)])
def test_a_format_settles_the_order_of_whatever_it_does_not_fit(form, month):
    found = parse_stamps(["03/04/2020", "3/4/2020 10:00", "2020-01-05"], date_format=form)
    assert found.values.astype("datetime64[M]").astype(int).tolist() == [599 + month, 599 + month, 600]


def test_a_format_never_turns_day_and_month_round():
    assert parse_stamps(["25/04/2020", "04/25/2020"], date_format="%d/%m/%Y").bad.tolist() == [1]


def test_a_format_may_hold_chinese_and_offsets():
    assert parse_stamps(["５日１月2020年"], date_format="%d日%m月%Y年").values[0] == np.datetime64("2020-01-05", "us")
    found = parse_stamps(["05.01.2020 09:30 +0800"], date_format="%d.%m.%Y %H:%M %z", timezone="UTC")
    assert found.values[0] == np.datetime64("2020-01-05T01:30", "us")
    assert found.offsets == ("+08:00",)


def test_a_format_that_is_none():
    with pytest.raises(InputError, match="date_format '%Q' is not understood"):
        parse_stamps(["2020"], date_format="%Q")


def test_days_of_a_spreadsheet_beside_stamps():
    found = parse_stamps(["2020-01-05 09:30", "43835.395833333336", "43835", "54789"])
    assert found.values[1] == np.datetime64("2020-01-05T09:30", "us")
    assert found.values[2] == np.datetime64("2020-01-05", "us")
    assert found.serials.tolist() == [1, 2]
    assert found.bad.tolist() == [3], "2050 lies nowhere near the column's other stamps"
    assert stamp_problems(found, "时间", lines)[0]["examples"] == ["3", "4"]


def test_a_column_of_bare_numbers_asks():
    assert 'date_format = "excel"' in refusal(["43835.4", "43836"])
    assert 'date_format = "unix"' in refusal(["1578187800"])
    assert "unix_ms" in refusal(["1578187800000"])
    assert "bare number" in refusal(["123456"])


@pytest.mark.parametrize("serial", [43835.395833333336, 43835.0, 43835.999988425923, 36526.000011574074])
def test_days_of_a_spreadsheet_where_asked(serial):
    """The peer: pandas counts days from the same zero."""
    expected = pd.Timestamp("1899-12-30") + pd.Timedelta(days=serial)
    found = parse_stamps([repr(serial)], date_format="excel")
    assert found.values[0] == expected.round("s").to_datetime64()


def test_seconds_since_1970_where_asked():
    found = parse_stamps(["1578216600", "1578216600.25"], date_format="unix", timezone="Asia/Shanghai")
    assert found.values.astype(str).tolist() == ["2020-01-05T17:30:00.000000", "2020-01-05T17:30:00.250000"]
    assert parse_stamps(["1578216600123"], date_format="unix_ms").values[0] == np.datetime64(
        "2020-01-05T09:30:00.123", "us"
    )
    assert parse_stamps(["43835"], date_format="unix_ms").values[0] == np.datetime64("1970-01-01T00:00:43.835", "us")


def test_years_of_two_digits_and_of_nowhere():
    assert "four digits" in refusal(["20-01-05", "5/1/20"])
    assert "missing_times" in refusal(["9999-12-31 23:59:59", "0000-00-00"])


def test_what_means_not_recorded_may_be_said():
    found = parse_stamps(["2020-01-05", "9999-12-31", "０"], missing=("9999-12-31", "0"))
    assert not len(found.bad)
    assert np.isnat(found.values[1:]).all()


def test_a_person_in_a_column_of_times_is_not_named():
    said = refusal(["张三 13812345678", "2020年张月"])
    assert "张" not in said
    assert "13812345678" not in said
    assert "line 2" in said


def test_offsets_beside_none_are_told():
    found = parse_stamps(["2020-01-05T09:30:00+08:00", "2020-01-05 10:00", None])
    assert found.local == 1
    assert stamp_problems(found, "时间", lines)[0]["check"] == "mixed_zones"


def test_a_stamp_in_the_summer_gap_of_a_zone_is_kept_as_written():
    found = parse_stamps(["2020-03-29 02:30", "2020-03-29T02:30:00Z"], timezone="Europe/Amsterdam")
    assert found.values.astype(str).tolist() == ["2020-03-29T02:30:00.000000", "2020-03-29T04:30:00.000000"]


def test_typed_columns():
    stamps = pa.array([datetime(2020, 1, 5, 9, 30), None, datetime(9999, 12, 31)], pa.timestamp("us"))
    found = parse_stamps(stamps)
    assert found.values[0] == np.datetime64("2020-01-05T09:30", "us")
    assert found.bad.tolist() == [2]
    aware = parse_stamps(stamps.slice(0, 2).cast(pa.timestamp("us", "Asia/Shanghai")))
    assert aware.values[0] == np.datetime64("2020-01-05T17:30", "us")
    assert aware.offsets == ("+08:00",)
    moved = parse_stamps(stamps.slice(0, 2).cast(pa.timestamp("us", "Asia/Shanghai")), timezone="UTC")
    assert moved.values[0] == np.datetime64("2020-01-05T09:30", "us")
    assert parse_stamps(pa.array([18266], pa.int32()).cast(pa.date32())).values[0] == np.datetime64("2020-01-05", "us")
    assert parse_stamps([20200105, 20200106]).values[1] == np.datetime64("2020-01-06", "us")
    assert parse_stamps([20200105.0, None]).values[0] == np.datetime64("2020-01-05", "us")


@given(
    st.lists(st.sampled_from(["2020-01-05", "2020年1月6日", "x", "03/04/2020", None, "", "43836"]), max_size=12),
    st.data(),
)
def test_a_dictionary_is_parsed_like_its_values(cells, data):
    coded = pa.array(cells, pa.string()).dictionary_encode()
    # What no row uses does not count.
    coded = pa.DictionaryArray.from_arrays(
        coded.indices, pa.concat_arrays([coded.dictionary, pa.array(["never used"])])
    )
    plain, found = parse_stamps(cells), parse_stamps(pa.chunked_array([coded]))
    np.testing.assert_array_equal(found.values, plain.values)
    assert found.bad.tolist() == plain.bad.tolist()
    assert found.undecided.tolist() == plain.undecided.tolist()
    assert found.serials.tolist() == plain.serials.tolist()


WRITTEN = {
    "iso": "%Y-%m-%dT%H:%M:%S.%f",
    "space": "%Y-%m-%d %H:%M:%S",
    "slash": "%Y/%m/%d %H:%M",
    "dot": "%Y.%m.%d",
    "chinese": "%Y年%m月%d日 %H时%M分%S秒",
    "chinese colons": "%Y年%m月%d日 %H:%M",
    "compact T": "%Y%m%dT%H%M%S",
    "compact": "%Y%m%d%H%M%S",
    "day": "%Y%m%d",
    "half": "%Y/%m/%d %I:%M:%S %p",
    "zone": "%Y-%m-%dT%H:%M:%S+08:00",
    "db2": "%Y-%m-%d-%H.%M.%S.%f",
}
ANY_TIME = st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2199, 12, 31, 23, 59, 59))


@given(st.lists(st.tuples(ANY_TIME, st.sampled_from(sorted(WRITTEN))), min_size=1, max_size=20), st.booleans())
def test_every_form_says_what_strptime_says(stamps, short):
    """The peer: datetime.strptime, which is told the form that we find; leading zeros may be left out."""
    cells = [stamp.strftime(WRITTEN[form]) for stamp, form in stamps]
    expected = [datetime.strptime(cell, WRITTEN[form]) for cell, (_s, form) in zip(cells, stamps, strict=True)]
    if short:
        cells = [
            re.sub(r"(?<=[-/.年月日 ])0(?=\d)(?!\d{2})", "", c) if f != "db2" else c
            for c, (_s, f) in zip(cells, stamps, strict=True)
        ]
    found = parse_stamps(cells)
    assert not len(found.bad), cells
    assert found.values.tolist() == expected


@given(
    st.lists(st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2049, 12, 31)), min_size=1, max_size=20),
    st.sampled_from(["%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y %H:%M"]),
)
def test_the_order_of_day_and_month_is_never_wrong(stamps, form):
    """Either every stamp comes back, or the column is refused."""
    found = parse_stamps([stamp.strftime(form) for stamp in stamps])
    for value, stamp in zip(found.values.tolist(), stamps, strict=True):
        assert value is None or value == datetime.strptime(stamp.strftime(form), form)
    assert not len(found.bad) or len(found.undecided) == len(found.bad)


@settings(max_examples=300)
@given(st.text(alphabet="0123456789-/.:T年月日时分 上下午PMZ+", max_size=24))
def test_nothing_is_read_from_what_python_cannot_read_as_well(cell):
    """Whatever is accepted has its year's four digits in the cell, and is a day of the calendar."""
    found = parse_stamps([cell])
    if not np.isnat(found.values[0]):
        stamp = found.values[0].astype("datetime64[s]").astype(datetime)
        earlier = stamp - timedelta(days=1)
        assert str(stamp.year) in cell or (str(earlier.year) in cell and "24" in cell)


def test_a_column_of_a_million_forms_ends():
    cells = [f"{'1' * (i % 40)}-{'2' * (i % 37)}:{i % 7 * '/'}{i % 11 * '.'}" for i in range(20_000)]
    assert len(parse_stamps([*cells, "2020-01-05"]).bad) >= 19_000
    assert parse_stamps(["x" * 1_000_000, "9" * 1_000_000]).bad.tolist() == [0, 1]
