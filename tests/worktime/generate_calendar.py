"""Write src/flowaudit/worktime/data/cn/YEAR.csv from the package chinesecalendar; run it when a new year is announced."""

from __future__ import annotations

import csv
import datetime as dt
import io
from importlib.metadata import version
from pathlib import Path

import chinese_calendar

YEARS = range(2004, 2027)
DATA = Path(__file__).parents[2] / "src" / "flowaudit" / "worktime" / "data" / "cn"


def table(year: int, source: str) -> str:
    """Return one year's days that differ from Monday to Friday, as CSV text."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["date", "is_workday", "name", "source"])
    day = dt.date(year, 1, 1)
    while day.year == year:
        works = chinese_calendar.is_workday(day)
        if works != (day.weekday() < 5):
            holiday = chinese_calendar.get_holiday_detail(day)[1]
            name = chinese_calendar.Holiday(holiday).chinese if holiday else ""
            rows.writerow([day.isoformat(), str(works).lower(), name + ("调休上班" if works else ""), source])
        day += dt.timedelta(1)
    return text.getvalue()


if __name__ == "__main__":
    DATA.mkdir(parents=True, exist_ok=True)
    for year in YEARS:
        (DATA / f"{year}.csv").write_text(
            table(year, f"chinesecalendar {version('chinesecalendar')}"), "utf-8", newline="\n"
        )
