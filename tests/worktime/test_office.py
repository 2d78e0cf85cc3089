"""Opening hours of offices, read from a file."""

import pytest

from flowaudit.errors import InputError, UsageError
from flowaudit.worktime import OfficeHours, read_office_hours


def test_hours_of_several_offices(tmp_path):
    path = tmp_path / "hours.csv"
    path.write_text(
        "处室,日期类型,上班时间,下班时间\n综合窗口,工作日,13:00,17:30\n综合窗口,工作日,9:00,12:00\n综合窗口,周六,9:00,12:00\n*,工作日,09:00,17:00\n",
        "gb18030",
    )
    found = read_office_hours(path)
    assert found == {
        "综合窗口": OfficeHours((("9:00", "12:00"), ("13:00", "17:30")), (("9:00", "12:00"),)),
        "*": OfficeHours((("09:00", "17:00"),)),
    }
    assert found["综合窗口"].hours_per_day == 7.5


@pytest.mark.parametrize(
    ("rows", "part"),
    [
        ("office,open,close\n", "lacks the column days"),
        ("office,days,open,close\nA,workdays,9:00,25:00\n", "row 2"),
        ("office,days,open,close\nA,workdays,12:00,9:00\n", "row 2"),
        ("office,days,open,close\nA,holidays,9:00,12:00\n", "row 2"),
        ("office,days,open,close\nA,saturday,9:00,12:00\n", "no hours on working days"),
        ("office,days,open,close\nA,workdays,9:00,12:00\nA,workdays,11:00,17:00\n", r"overlap \(rows 2, 3\)"),
    ],
)
def test_files_that_cannot_be_used(tmp_path, rows, part):
    path = tmp_path / "hours.csv"
    path.write_text(rows, "utf-8")
    with pytest.raises(InputError, match=part) as told:
        read_office_hours(path)
    assert told.value.hint


def test_weekend_hours_that_make_no_sense():
    with pytest.raises(UsageError, match="overlap"):
        OfficeHours(saturday=(("09:00", "12:00"), ("11:00", "13:00")))
