"""Write the calendar tables of src/flowaudit/worktime/data; run it when a new year is announced.

``cn/YEAR.csv``: announced years, from the package chinesecalendar. ``cn_statutory/YEAR.csv``: the statutory holidays of
years that are not announced yet, from the package holidays, without make-up days.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from importlib.metadata import version
from pathlib import Path

import chinese_calendar
import holidays

YEARS, STATUTORY_YEARS = range(2004, 2027), range(2027, 2036)
DATA = Path(__file__).parents[2] / "src" / "flowaudit" / "worktime" / "data"


def table(year: int, source: str) -> str:
    """Return one year's days that differ from Monday to Friday and the weekend days of its holidays, as CSV text."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["date", "is_workday", "name", "source"])
    day = dt.date(year, 1, 1)
    while day.year == year:
        works = chinese_calendar.is_workday(day)
        holiday = chinese_calendar.get_holiday_detail(day)[1]
        if works != (day.weekday() < 5) or (holiday and not works):
            name = chinese_calendar.Holiday(holiday).chinese if holiday else ""
            rows.writerow([day.isoformat(), str(works).lower(), name + ("调休上班" if works else ""), source])
        day += dt.timedelta(1)
    return text.getvalue()


def statutory_table(year: int, source: str) -> str:
    """Return one year's statutory holidays as CSV text."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["date", "is_workday", "name", "source"])
    for day, name in sorted(holidays.country_holidays("CN", years=year, language="zh_CN").items()):
        rows.writerow([day.isoformat(), "false", name, source])
    return text.getvalue()


def tables() -> dict[str, str]:
    """Return every table under its place in the folder of the data."""
    announced = f"chinesecalendar {version('chinesecalendar')}"
    statutory = f"holidays {version('holidays')}: statutory holidays only"
    return {f"cn/{year}.csv": table(year, announced) for year in YEARS} | {
        f"cn_statutory/{year}.csv": statutory_table(year, statutory) for year in STATUTORY_YEARS
    }


if __name__ == "__main__":
    for place, text in tables().items():
        (DATA / place).parent.mkdir(parents=True, exist_ok=True)
        (DATA / place).write_text(text, "utf-8", newline="\n")
