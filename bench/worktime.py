"""Working time between millions of stamps, beside NumPy's busday_count and pm4py's business hours.

    python dev.py bench worktime [--rows 10000000] [--pm4py-rows 2000]

NumPy's calendar knows days off but no worked weekends: results are compared on Mondays to Fridays, times with the
public holidays in it. pm4py measures office hours one pair at a time, Monday to Friday without holidays; its
seconds are those of few rows, scaled. All results are compared. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from mining import peak_mb

from flowaudit.worktime import Calendar

RUNS = 3
HOUR = 3600


def pairs(rows: int) -> tuple[Any, Any]:
    """Return starts in five years and ends up to ninety days later."""
    rng = np.random.default_rng(20)
    start = np.datetime64("2018-01-01T00:00:00", "us") + rng.integers(0, 5 * 365 * 24 * HOUR, rows).astype("m8[s]")
    return start, start + rng.integers(0, 90 * 24 * HOUR, rows).astype("m8[s]")


def best(work: Callable[[], Any]) -> tuple[float, Any]:
    seconds, answer = float("inf"), None
    for _run in range(RUNS):
        begin = time.perf_counter()
        answer = work()
        seconds = min(seconds, time.perf_counter() - begin)
    return seconds, answer


def business_hours(starts: Any, ends: Any) -> tuple[float, list[float]]:
    """Return pm4py's seconds for the pairs, and the office hours it found (Monday to Friday, no holidays)."""
    warnings.simplefilter("ignore")
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        from pm4py.util.business_hours import BusinessHours
    slots = [
        (day * 24 * HOUR + a * HOUR, day * 24 * HOUR + b * HOUR) for day in range(5) for a, b in ((9, 12), (13, 17))
    ]
    begin = time.perf_counter()
    found = [
        BusinessHours(a, b, business_hour_slots=slots).get_seconds() / HOUR
        for a, b in zip(starts.tolist(), ends.tolist(), strict=True)
    ]
    return time.perf_counter() - begin, found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--pm4py-rows", type=int, default=2_000)
    options = parser.parse_args()

    china, weekdays = Calendar.china(), Calendar.weekdays()
    start, end = pairs(options.rows)
    china_s, _answer = best(lambda: china.working_days(start, end))
    hours_s, _answer = best(lambda: china.working_time(start, end))
    due_s, _answer = best(lambda: china.due(start, 20))
    days_s, mine = best(lambda: weekdays.working_days(start, end))

    plain = np.busdaycalendar()
    day = np.timedelta64(1, "D")

    def numpy_days() -> Any:
        # busday_count takes [a, b); the days counted here are (a, b].
        return np.busday_count(start.astype("M8[D]") + day, end.astype("M8[D]") + day, busdaycal=plain)

    numpy_s, theirs = best(numpy_days)
    wrong = [] if np.array_equal(mine, theirs) else ["working days"]
    dates = np.arange("2018-01-01", "2024-01-01", dtype="M8[D]")
    off = dates[weekdays.is_workday(dates) & ~china.is_workday(dates)]
    holidays = np.busdaycalendar(holidays=off)
    holidays_s, _answer = best(lambda: np.busday_count(start.astype("M8[D]"), end.astype("M8[D]"), busdaycal=holidays))

    few = slice(0, options.pm4py_rows)
    pm4py_s, hours = business_hours(start[few], end[few])
    if not np.allclose(weekdays.working_time(start[few], end[few]), hours, atol=1 / HOUR):
        wrong.append("office hours")
    scaled = pm4py_s * options.rows / options.pm4py_rows

    print(f"{options.rows:,} pairs of stamps, best of {RUNS}")
    for name, seconds in (
        ("flowaudit, working days of China", china_s),
        ("flowaudit, Monday to Friday", days_s),
        ("NumPy busday_count, Monday to Friday", numpy_s),
        ("NumPy busday_count, holidays (no make-up days)", holidays_s),
        ("flowaudit, due in 20 working days", due_s),
        ("flowaudit, office hours of China", hours_s),
        (f"pm4py, business hours ({options.pm4py_rows:,} pairs, scaled)", scaled),
    ):
        print(f"{name:52}{seconds:>12.3f} s")
    print(f"DIFFERENT: {', '.join(wrong)}" if wrong else "same results")
    peak = peak_mb()
    print(
        json.dumps({
            "ratio_busday": round(holidays_s / china_s, 2),
            "ratio_pm4py": round(scaled / hours_s),
            "wall_s": round(china_s, 3),
            "peak_mb": None if peak is None else round(peak),
        })
    )  # fmt: skip
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
