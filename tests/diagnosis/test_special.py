"""W21: special procedures that stop the clock."""

from dataclasses import replace

import pandas as pd
import pytest
from approvals import at, log_of, step

from flowaudit.catalogue import Catalogue
from flowaudit.diagnosis import diagnose
from flowaudit.eventlog import from_frame
from flowaudit.worktime import Calendar


def w21(log, catalogue=None, **options):
    found = diagnose(log, catalogue, calendar=Calendar.weekdays(), only=["W21"], **options)
    return {f.id: f for f in found}, found.not_checkable


def stopped(rows, promised=10, items=None):
    """One case for each (department, stops); it is accepted on day 0 and decided on day 30.

    A stop is (first day, last day or None, reason); it may name its type.
    """
    items = items or [None] * len(rows)
    cases = [
        [
            step("受理", "窗口", "accept", 0, **({"item_code": i} if i else {})),
            step("决定", d, "decide", 30, **({"item_code": i} if i else {})),
        ]
        for (d, _stops), i in zip(rows, items, strict=True)
    ]
    log = log_of(cases)
    episodes = [
        {
            "case_id": f"c{c:03}", "type": (*stop, "检测")[3], "start": at(stop[0] + 5 * c),
            "end": pd.NaT if stop[1] is None else at(stop[1] + 5 * c), "reason": stop[2],
        }
        for c, (_d, stops) in enumerate(rows)
        for stop in stops
    ]  # fmt: skip
    columns = ["case_id", "type", "start", "end", "reason"]
    tables = {"special_episodes": pd.DataFrame(episodes, columns=columns)}
    if promised:
        tables["cases"] = pd.DataFrame({"case_id": log.case_ids, "promised_days": promised, "promised_unit": "工作日"})
    return replace(log, tables=tables)


STOP = (3, 5, "检测样品")
NONE: tuple = ()


def test_stopped_more_often_than_other_departments_do():
    rows = [("甲局", (STOP,))] * 40 + [("甲局", NONE)] * 60 + [("乙局", (STOP,))] * 5 + [("乙局", NONE)] * 95
    found, missing = w21(stopped(rows))
    assert not missing
    (finding,) = found.values()
    assert finding.id == "W21-often-甲局"
    assert (finding.cases, finding.population, finding.share) == (40, 100, 0.4)
    assert finding.details["expected"] == 0.05
    assert finding.time_lost_days_total is None


def test_alike_everywhere_is_no_pattern():
    rows = [(d, stops) for d in ("甲局", "乙局") for stops in [(STOP,)] * 40 + [NONE] * 60]
    assert w21(stopped(rows)) == ({}, ())


@pytest.mark.parametrize(("own", "speaks"), [(15, False), (60, True)])
def test_a_department_with_items_of_its_own_needs_a_high_share(own, speaks):
    """What another department does with other items says little: 12 % are not enough there, 50 % are."""
    rows = [("甲局", (STOP,))] * own + [("甲局", NONE)] * (120 - own) + [("乙局", NONE)] * 120
    items = ["X"] * 120 + ["Y"] * 120
    found, _missing = w21(stopped(rows, items=items), min_cases=15)
    assert ("W21-often-甲局" in found) == speaks
    same = w21(stopped(rows, items=["X"] * 240), min_cases=15)[0]
    assert "W21-often-甲局" in same


def test_like_is_compared_with_like():
    """Item X is stopped by both departments in every second case, Y by none; 甲局 has more of X."""
    rows, items = [], []
    for department, x, y in (("甲局", 80, 40), ("乙局", 40, 200)):
        rows += [(department, (STOP,) if k % 2 else NONE) for k in range(x)] + [(department, NONE)] * y
        items += ["X"] * x + ["Y"] * y
    assert w21(stopped(rows, items=items))[0] == {}
    # Not knowing the items, 33 % against 8 % look like a habit.
    assert set(w21(stopped(rows))[0]) == {"W21-often-甲局"}


def test_with_five_peers_their_highest_share_is_the_bar():
    quiet = [(f"{d}局", NONE) for d in "乙丙丁戊" for _k in range(60)]
    own = [("甲局", (STOP,))] * 30 + [("甲局", NONE)] * 30
    calm = quiet + [("己局", (STOP,))] * 6 + [("己局", NONE)] * 54
    busy = quiet + [("己局", (STOP,))] * 30 + [("己局", NONE)] * 30
    assert set(w21(stopped(own + calm))[0]) == {"W21-often-甲局"}
    assert w21(stopped(own + busy))[0] == {}


def test_begun_just_before_the_deadline():
    """Ten days are promised: day 9 leaves one, day 8 two. A late stop lasts five days."""
    rows = [("甲局", ((9, 14, "检测"),))] * 40 + [("甲局", ((3, 5, "检测"),))] * 20
    (finding,) = w21(stopped(rows))[0].values()
    assert finding.id == "W21-late-甲局"
    assert (finding.cases, finding.population) == (40, 60)
    # On any of the days 0 to 10: two in eleven.
    assert finding.details["expected_by_chance"] == pytest.approx(2 / 11)
    assert finding.time_lost_days_median == 5
    assert finding.time_lost_days_total == 200


@pytest.mark.parametrize(
    ("late", "early", "speaks"),
    [((8, 13, "检测"), 20, False), ((9, 14, "检测"), 20, True), ((9, 14, "检测"), 300, False), ((11, 14, "检测"), 20, False)],
    ids=["two days left", "two in three", "no more than chance", "after the deadline"],
)  # fmt: skip
def test_one_day_left_and_more_than_chance(late, early, speaks):
    rows = [("甲局", (late,))] * 40 + [("甲局", ((3, 5, "检测"),))] * early
    assert ("W21-late-甲局" in w21(stopped(rows))[0]) == speaks


def test_what_earlier_stops_took_is_not_used_up():
    """Four days stopped before: on day 9 five days are left, on day 13 one."""
    early = (2, 6, "检测")
    assert w21(stopped([("甲局", (early, (9, 14, "检测")))] * 40))[0] == {}
    assert set(w21(stopped([("甲局", (early, (13, 14, "检测")))] * 40))[0]) == {"W21-late-甲局"}


def test_without_a_limit_nothing_is_late():
    assert w21(stopped([("甲局", ((9, 14, "检测"),))] * 40, promised=None)) == ({}, ())


@pytest.mark.parametrize(
    ("lacking", "fine", "speaks"), [(29, 0, False), (30, 0, True), (30, 370, True), (30, 420, False)]
)
@pytest.mark.parametrize(("kind", "stop"), [("no-end", (3, None, "检测")), ("no-reason", (3, 5, " "))])
def test_without_end_or_reason(kind, stop, lacking, fine, speaks):
    """30 of 400: Wilson from 5.3 %; 30 of 450: from 4.7 %."""
    found, _missing = w21(stopped([("甲局", (stop,))] * lacking + [("甲局", (STOP,))] * fine + [("甲局", NONE)] * 5))
    assert set(found) == ({f"W21-{kind}-甲局"} if speaks else set())


def test_reasons_that_nobody_records_are_unknown():
    assert w21(stopped([("甲局", ((3, 5, None),))] * 40)) == ({}, ())


def test_extensions_and_what_counts_in_the_limit_stop_no_clock():
    rows = [("甲局", ((9, None, "延长", "延长审批"),))] * 40 + [("乙局", NONE)] * 40
    assert w21(stopped(rows))[0] == {}
    log = stopped([("甲局", ((9, None, "检测"),))] * 40)
    episodes = log.table("special_episodes").assign(counts_in_clock="true")
    assert w21(replace(log, tables={**log.tables, "special_episodes": episodes}))[0] == {}


def test_the_catalogue_tells_what_counts():
    log = stopped([("甲局", ((9, None, "公示", "公示"),))] * 40, items=["X"] * 40)
    episodes = log.table("special_episodes").assign(item_code="X")
    log = replace(log, tables={**log.tables, "special_episodes": episodes})
    items = pd.DataFrame({"item_code": ["X"], "name": ["许可"]})

    def saying(counts):
        procedures = pd.DataFrame({"item_code": ["X"], "kind": ["公示"], "counts_in_clock": [counts]})
        return Catalogue(items=items, special_procedures=procedures)

    assert w21(log, saying(True))[0] == {}
    assert "W21-no-end-甲局" in w21(log, saying(False))[0]


def test_events_marked_as_special_procedures():
    """An end that the export filled with the start is none."""
    rows = []
    for c in range(40):
        for activity, department, stage, day, length, kind in (
            ("受理", "窗口", "accept", 0, 1, None),
            ("检测", "甲局", "special", 3, 0, "检测"),
            ("决定", "甲局", "decide", 8, 1, None),
        ):
            begin = at(day + 5 * c)
            rows.append((f"c{c:03}", activity, department, stage, begin, begin + pd.Timedelta(hours=length), kind))
    frame = pd.DataFrame(rows, columns=["case_id", "activity", "department", "stage", "start", "end", "special_type"])
    found, missing = w21(from_frame(frame))
    assert not missing
    assert set(found) == {"W21-no-end-甲局"}


def test_not_checkable():
    cases = [[step("受理", "窗口", "accept", 0), step("决定", "甲局", "decide", 3)]] * 40
    _found, (missing,) = w21(log_of(cases))
    assert missing.needs == ("special_episodes | special_type",)
    log = log_of([[step("甲", "甲局", "review", 0)]] * 40)
    episodes = pd.DataFrame({"case_id": log.case_ids, "type": "检测", "start": at(0)})
    _found, (missing,) = w21(replace(log, tables={"special_episodes": episodes}))
    assert missing.reason_en.startswith("no special procedure can be told")
