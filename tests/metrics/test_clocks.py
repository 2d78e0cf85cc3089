"""The legal clocks: the worked examples of docs/clocks.md, the laws of domain.md 10, and a slow reference."""

from __future__ import annotations

import datetime as dt
import gzip
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowaudit.catalogue import Catalogue
from flowaudit.eventlog import APPLICANT, from_frame, read_xes
from flowaudit.metrics import clock_problems, clocks, official_clock, still_running
from flowaudit.worktime import Calendar
from tests.metrics.slow_clocks import slow_clocks

CHINA = Calendar.china()


def case(*events, item="A", episodes=(), **limits):
    """A log of one case from (stage, end[, result]); the applicant applies, the office does the rest."""
    rows = [(stage, end, *(result or (None,))) for stage, end, *result in events]
    frame = pd.DataFrame(rows, columns=["stage", "end", "result"])
    frame["end"] = pd.to_datetime(frame["end"], format="ISO8601")
    frame["department"] = np.where(frame["stage"] == "apply", APPLICANT, "甲局")
    frame = frame.assign(case_id="1", activity=frame["stage"], item_code=item)
    tables = {}
    if limits:
        tables["cases"] = pd.DataFrame({"case_id": ["1"], "item_code": [item], **{k: [v] for k, v in limits.items()}})
    if episodes:
        columns = ["type", "start", "end", "counts_in_clock", "extension_days"]
        table = pd.DataFrame([(*e, *[None] * (5 - len(e))) for e in episodes], columns=columns)
        tables["special_episodes"] = table.assign(case_id="1", item_code=item)
    return from_frame(frame, tables=tables)


def row(log, catalogue=None, **options):
    return clocks(log, catalogue, calendar=CHINA, **options).iloc[0]


def checks(log, catalogue=None, **options):
    return clock_problems(log, catalogue, calendar=CHINA, **options)["check"].tolist()


TEN_DAYS = {"promised_days": 10, "promised_unit": "工作日"}
WAY = (("apply", "2024-09-27 10:00"), ("accept", "2024-09-30 10:00"), ("decide", "2024-10-12 09:00"), ("deliver", "2024-10-14 09:00"))  # fmt: skip


class TestOnPaper:
    """docs/clocks.md 二, in the order of the page."""

    def test_the_four_parts(self):
        """Fri 27 Sep -> Mon 30 Sep: Sunday 29 is worked, so 2; to Sat 12 Oct (worked): 8, 9, 10, 11, 12; Mon 14: 1."""
        found = row(case(*WAY))
        assert found[["pre_days", "clock_days", "suspended_days", "deliver_days"]].tolist() == [2, 5, 0, 1]
        assert found[["e2e_working_days", "e2e_days"]].tolist() == [8, 17]

    def test_a_correction_before_acceptance_postpones_the_start(self):
        log = case(
            ("apply", "2024-10-08"), ("accept", "2024-10-09", "补正"), ("accept", "2024-10-14", "受理"), ("decide", "2024-10-18"),
            episodes=[("correction", "2024-10-09", "2024-10-14")], **TEN_DAYS,
        )  # fmt: skip
        found = row(log)
        assert found[["pre_days", "clock_days", "suspended_days"]].tolist() == [5, 4, 0]
        assert str(found["promised_due"])[:10] == "2024-10-28"

    @pytest.mark.parametrize(("kind", "clock", "suspended"), [("expert_review", 3, 2), ("publicity", 5, 0)])
    def test_a_suspension_that_does_not_count_and_one_that_does(self, kind, clock, suspended):
        """专家评审 stands in Art 45, 公示 does not: 9 and 10 October are taken out, or not."""
        found = row(case(*WAY, episodes=[(kind, "2024-10-08", "2024-10-10")]))
        assert found[["clock_days", "suspended_days"]].tolist() == [clock, suspended]

    def test_the_guide_of_the_item_overrules_the_list(self):
        guide = Catalogue(
            special_procedures=pd.DataFrame({"item_code": ["A", "A"], "kind": ["公示", "专家评审"], "counts_in_clock": [False, True]})
        )  # fmt: skip
        public = case(*WAY, episodes=[("公示", "2024-10-08", "2024-10-10")])
        assert row(public)["clock_days"] == 5
        assert row(public, guide)["clock_days"] == 3
        review = case(*WAY, episodes=[("expert_review", "2024-10-08", "2024-10-10")])
        assert row(review, guide)["clock_days"] == 5
        flagged = case(*WAY, episodes=[("expert_review", "2024-10-08", "2024-10-10", False)])
        assert row(flagged, guide)["clock_days"] == 3, "what the episode itself says comes first"

    def test_overlapping_suspensions_count_once(self):
        """(8, 10] and (9, 11] are 9, 10, 11 October."""
        found = row(
            case(*WAY, episodes=[("hearing", "2024-10-08", "2024-10-10"), ("鉴定", "2024-10-09", "2024-10-11")])
        )
        assert found[["clock_days", "suspended_days"]].tolist() == [2, 3]

    def test_a_suspension_puts_off_the_deadline(self):
        """5 working days from 30 September end on 12 October; two suspended ones move it to 15 October."""
        log = case(*WAY, episodes=[("hearing", "2024-10-08", "2024-10-10")], promised_days=5, promised_unit="工作日")
        found = row(log)
        assert (str(found["promised_due"])[:10], found["promised_slack_days"]) == ("2024-10-15", 2)
        assert found["promised_on_time"]

    def test_an_extension_moves_the_deadline_and_never_the_clock(self):
        late = case(*WAY, promised_days=3, promised_unit="工作日")
        assert row(late)["promised_on_time"] == False  # noqa: E712
        assert row(late)["promised_slack_days"] == -2
        more = case(*WAY, promised_days=3, promised_unit="工作日", episodes=[("延长审批", "2024-10-09", None, None, 2)])
        found = row(more)
        assert found[["clock_days", "extended_days", "promised_slack_days"]].tolist() == [5, 2, 0]
        assert found["promised_on_time"]

    def test_a_limit_in_natural_days_ends_on_a_working_day(self):
        """30 September + 5 natural days is 5 October, in the holiday: the next working day is 8 October."""
        found = row(case(*WAY, promised_days=5, promised_unit="自然日"))
        assert str(found["promised_due"])[:10] == "2024-10-08"
        assert found["promised_on_time"] == False  # noqa: E712
        assert found["promised_slack_days"] == -4, "9, 10, 11 and 12 October"

    def test_a_limit_in_months_ends_on_the_same_day_of_the_month(self):
        assert str(row(case(*WAY, statutory_days=1, statutory_unit="月"))["statutory_due"])[:10] == "2024-10-30"
        short = row(case(("accept", "2024-01-31"), ("decide", "2024-02-01"), statutory_days=1, statutory_unit="月"))
        assert str(short["statutory_due"])[:10] == "2024-02-29"

    def test_hours(self):
        quick = case(
            ("accept", "2024-10-08 10:00"), ("decide", "2024-10-08 15:00"), promised_days=4, promised_unit="小时"
        )
        assert row(quick)["promised_on_time"], "10-12 and 13-15 o'clock"
        slow = case(
            ("accept", "2024-10-08 10:00"), ("decide", "2024-10-08 15:30"), promised_days=4, promised_unit="小时"
        )
        assert row(slow)["promised_on_time"] == False  # noqa: E712

    def test_an_open_case_is_measured_up_to_the_cut_off_and_says_so(self):
        """Accepted 30 September, cut off 11 October: 8, 9, 10, 11 October have run; decided it is not."""
        found = row(case(*WAY[:2], **TEN_DAYS), cut_off="2024-10-11")
        assert (found["clock_days"], found["open"], found["state"]) == (4, True, "accepted")
        assert str(found["promised_due"])[:10] == "2024-10-18"
        assert found["promised_on_time"] is pd.NA
        late = row(case(*WAY[:2], **TEN_DAYS), cut_off="2024-10-21")
        assert late["promised_on_time"] == False, "no decision can be on time any more"  # noqa: E712

    def test_an_open_suspension_stops_an_open_case_up_to_the_cut_off(self):
        log = case(*WAY[:2], episodes=[("hearing", "2024-10-09", None)], **TEN_DAYS)
        found = row(log, cut_off="2024-10-12")
        assert found[["clock_days", "suspended_days"]].tolist() == [2, 3]
        assert found["open"]
        assert pd.isna(found["promised_due"]), "the last day is still moving"
        assert checks(log, cut_off="2024-10-12") == []

    def test_work_and_waiting(self):
        """Accepted 8 October 10:00, decided 9 October 11:00: 6 + 2 open hours, 1 + 1.5 of them worked, 1.5 before."""
        log = case(("accept", "2024-10-08 10:00"), ("review", "2024-10-08 15:00"), ("decide", "2024-10-09 11:00"))
        start = pd.to_datetime(["2024-10-08 09:00", "2024-10-08 14:00", "2024-10-09 09:30"])
        found = row(from_frame(log.to_pandas().assign(start=start)))
        assert found[["clock_h", "touch_h", "wait_h"]].tolist() == [8, 3.5, 5.5]
        assert found["flow_efficiency"] == pytest.approx(2.5 / 8), (
            "what was done before the acceptance is no part of the clock"
        )

    @pytest.mark.parametrize("start", [None, "2024-10-08 15:00"])
    def test_a_service_of_unknown_length_is_not_nothing(self, start):
        """No start, or an end that was filled with the start: the work, and so the waiting, is unknown."""
        log = case(("accept", "2024-10-08 10:00"), ("review", "2024-10-08 15:00"), ("decide", "2024-10-09 11:00"))
        starts = pd.to_datetime(["2024-10-08 09:00", start, "2024-10-09 09:30"])
        found = row(from_frame(log.to_pandas().assign(start=starts)))
        assert found["clock_h"] == 8
        assert found[["touch_h", "wait_h", "flow_efficiency"]].isna().all()

    def test_special_procedures_that_an_export_writes_among_the_events(self):
        """专家评审 from 8 to 10 October as a row of its own: 9 and 10 are taken out, and it is nobody's work."""
        frame = case(WAY[0], WAY[1], ("special", "2024-10-10 10:00"), *WAY[2:]).to_pandas()
        frame["start"] = frame["end"] - pd.Timedelta("10min")
        special = frame["stage"] == "special"
        frame.loc[special, "start"] = pd.Timestamp("2024-10-08 10:00")
        found = row(from_frame(frame.assign(special_type=np.where(special, "专家评审", None))))
        assert found[["clock_days", "suspended_days"]].tolist() == [3, 2]
        assert found["touch_h"] == pytest.approx(1 / 6), "accepted at 10; at 9 the office opens"
        frame.loc[special, "start"] = frame["end"]
        filled = from_frame(frame.assign(special_type=np.where(special, "专家评审", None)))
        assert checks(filled) == ["suspension_without_end"]


class TestBadInput:
    def test_a_sound_case_has_no_problem(self):
        assert checks(case(*WAY, **TEN_DAYS)) == []

    def test_a_decision_before_acceptance(self):
        log = case(
            ("apply", "2024-09-27"),
            ("decide", "2024-09-29"),
            ("accept", "2024-09-30"),
            ("deliver", "2024-10-08"),
            **TEN_DAYS,
        )
        assert checks(log) == ["decided_before_accepted"]
        found = row(log)
        withheld = ["pre_days", "clock_days", "suspended_days", "deliver_days", "promised_due", "promised_slack_days"]
        assert found[withheld].isna().all()
        assert found["promised_on_time"] is pd.NA
        assert found["e2e_working_days"] == 3, "first action and last result do not depend on it"

    def test_a_suspension_without_end(self):
        log = case(*WAY, episodes=[("hearing", "2024-10-08", None)], **TEN_DAYS)
        assert checks(log) == ["suspension_without_end"]
        found = row(log)
        assert found[["clock_days", "suspended_days", "promised_due"]].isna().all()
        assert found[["pre_days", "deliver_days", "e2e_working_days"]].tolist() == [2, 1, 8]
        assert official_clock(log, calendar=CHINA)["open"].tolist() == [True]

    def test_a_suspension_that_ends_before_it_begins(self):
        log = case(*WAY, episodes=[("hearing", "2024-10-10", "2024-10-08")])
        assert checks(log) == ["suspension_without_length"]
        assert np.isnan(row(log)["clock_days"])

    @pytest.mark.parametrize("unit", [None, "日", "个"])
    def test_a_limit_without_a_unit(self, unit):
        log = case(*WAY, promised_days=10, promised_unit=unit, statutory_days=20, statutory_unit="工作日")
        assert checks(log) == ["promised_limit_without_unit"]
        found = row(log)
        assert pd.isna(found["promised_due"])
        assert found["promised_on_time"] is pd.NA
        assert found["statutory_slack_days"] == 15, "the other baseline stands"
        items = pd.DataFrame({"item_code": ["A"], "name": ["甲"], "promised_days": [10], "promised_unit": [unit]})
        assert checks(case(*WAY), Catalogue(items=items)) == ["promised_limit_without_unit"]

    def test_an_extension_without_days(self):
        log = case(*WAY, episodes=[("extension", "2024-10-08", None)], **TEN_DAYS)
        assert checks(log) == ["extension_without_days"]
        found = row(log)
        assert found["clock_days"] == 5
        assert found[["extended_days", "promised_due"]].isna().all()

    def test_days_granted_on_a_limit_of_months(self):
        log = case(*WAY, episodes=[("extension", "2024-10-08", None, None, 5)], promised_days=1, promised_unit="月")
        assert checks(log) == ["promised_extension_unit"]
        assert pd.isna(row(log)["promised_due"])

    def test_an_unknown_year(self):
        log = case(("apply", "2031-01-02"), ("accept", "2031-01-03"), ("decide", "2031-01-09"), **TEN_DAYS)
        assert checks(log) == ["calendar_year_unknown"]
        assert row(log)[["pre_days", "clock_days", "promised_due"]].isna().all()
        assert clocks(log, calendar=Calendar.weekdays())["clock_days"].tolist() == [4]

    def test_a_deadline_after_the_last_year_the_calendar_knows(self):
        log = case(("accept", "2026-12-25"), ("decide", "2026-12-28"), **TEN_DAYS)
        found = row(log)
        assert checks(log) == []
        assert pd.isna(found["promised_due"])
        assert found["promised_on_time"], "decided before any such day"

    def test_what_lies_in_the_wrong_order(self):
        assert checks(case(("accept", "2024-09-27"), ("apply", "2024-09-29"), ("decide", "2024-10-09"))) == [
            "accepted_before_applied"
        ]
        early = case(*WAY[:2], ("deliver", "2024-10-09"), WAY[2])
        assert checks(early) == ["delivered_before_decided"]
        assert row(early)[["deliver_days", "e2e_days"]].isna().all()
        assert row(early)["clock_days"] == 5

    def test_an_item_the_catalogue_does_not_know(self):
        items = pd.DataFrame({"item_code": ["B"], "name": ["乙"], "promised_days": [10], "promised_unit": ["工作日"]})
        assert checks(case(*WAY), Catalogue(items=items)) == ["item_not_in_catalogue"]

    def test_the_words_of_a_problem_are_in_both_languages(self, monkeypatch):
        log = case(("decide", "2024-09-29"), ("accept", "2024-09-30"))
        table = clock_problems(log, calendar=CHINA)
        assert list(table.columns) == ["case_id", "item_code", "check", "problem"]
        assert table.iloc[0].tolist() == [
            "1",
            "A",
            "decided_before_accepted",
            "the decision lies before the acceptance",
        ]


class TestLimits:
    def test_the_case_comes_before_the_guide_and_baselines_stay_apart(self):
        items = pd.DataFrame({
            "item_code": ["A"], "name": ["甲"], "promised_days": [10], "promised_unit": ["工作日"], "statutory_days": [20],
            "statutory_unit": ["工作日"],
        })  # fmt: skip
        guide = Catalogue(items=items)
        found = row(case(*WAY), guide)
        assert found[["promised_limit", "statutory_limit"]].tolist() == [10, 20]
        assert found[["promised_slack_days", "statutory_slack_days"]].tolist() == [5, 15]
        assert row(case(*WAY, promised_days=3, promised_unit="工作日"), guide)["promised_limit"] == 3

    def test_a_day_the_log_itself_gives(self):
        found = row(case(*WAY, promise_due="2024-10-11 08:00"))
        assert (found["promised_unit"], found["promised_slack_days"]) == ("date", -1)
        assert found["promised_on_time"] == False  # noqa: E712

    def test_a_decision_on_a_free_day_after_the_deadline_is_late(self):
        """Due on Friday 18 October, decided on the Saturday: no working day too many, but the day had passed."""
        found = row(case(("accept", "2024-10-11"), ("decide", "2024-10-19"), promised_days=6, promised_unit="工作日"))
        assert (str(found["promised_due"])[:10], found["promised_slack_days"]) == ("2024-10-18", 0)
        assert found["promised_on_time"] == False  # noqa: E712


def test_the_cut_off_takes_back_what_came_later():
    log = case(*WAY, episodes=[("hearing", "2024-10-10", "2024-10-11")], **TEN_DAYS)
    until = case(*WAY[:2], **TEN_DAYS)
    then, short = (clocks(found, calendar=CHINA, cut_off="2024-10-09") for found in (log, until))
    pd.testing.assert_frame_equal(then, short)
    assert then[["e2e_days", "e2e_working_days"]].iloc[0].tolist() == [12, 4]


def test_an_item_whose_deliveries_are_never_recorded_ends_with_its_decision():
    found = row(case(*WAY[:3]))
    assert (found["ends_with"], found["state"]) == ("decision", "decided")
    assert found[["e2e_working_days", "pre_days", "clock_days"]].tolist() == [7, 2, 5]
    assert np.isnan(found["deliver_days"])
    assert still_running(clocks(case(*WAY[:3]), calendar=CHINA), "e2e_working_days").tolist() == [False]
    third = from_frame(
        pd.concat([case(*WAY[: 4 if n == 0 else 3]).to_pandas().assign(case_id=str(n)) for n in range(3)])
    )
    assert clocks(third, calendar=CHINA)["e2e_working_days"].tolist() == [7, 7, 7], "one delivery in three is no record"


def test_a_refusal_leaves_nothing_to_deliver():
    """Of three decisions two were handed over and one was a refusal: it ended with its decision, not at the cut-off."""
    frames = [case(*WAY).to_pandas().assign(case_id=str(n)) for n in range(2)]
    refused = case(*WAY[:3]).to_pandas().assign(case_id="2", result=[None, None, "不予许可"])
    found = clocks(from_frame(pd.concat([*frames, refused])), calendar=CHINA).set_index("case_id")
    assert found["ends_with"].tolist() == ["delivery", "delivery", "decision"]
    assert found.loc["2", "e2e_working_days"] == 7
    assert np.isnan(found.loc["2", "deliver_days"])


def test_states_and_what_is_still_running():
    frames, ways = (
        [],
        {"1": WAY, "2": WAY[:3], "3": WAY[:2], "4": WAY[:1], "5": (WAY[0], ("accept", "2024-10-08", "不予受理"))},
    )
    for name, way in ways.items():
        frames.append(case(*way).to_pandas().assign(case_id=name))
    found = clocks(from_frame(pd.concat(frames)), calendar=CHINA)
    assert found["state"].tolist() == ["delivered", "decided", "accepted", "applied", "ended"]
    assert found["open"].tolist() == [False, False, True, False, False]
    assert still_running(found, "e2e_working_days").tolist() == [False, True, True, True, False]
    assert still_running(found, "pre_days").tolist() == [False, False, False, True, False]
    assert found["e2e_working_days"].tolist()[:4] == [8] * 4
    assert np.isnan(found["e2e_working_days"].iloc[4])


def test_void_decisions_decide_nothing():
    found = row(case(*WAY[:2], ("decide", "2024-10-09", "撤回")))
    assert (found["state"], found["open"]) == ("ended", False)
    assert np.isnan(found["clock_days"])


def test_times_of_the_case_table_fill_what_events_do_not_say():
    times = {
        "apply_time": "2024-09-27",
        "accept_time": "2024-09-30 10:00",
        "decide_time": "2024-10-12 09:00",
        "deliver_time": "2024-10-14",
    }
    log = case(("review", "2024-10-08"), **times)
    assert row(log)[["e2e_working_days", "pre_days", "clock_days", "deliver_days"]].tolist() == [8, 2, 5, 1]
    refused = case(("accept", "2024-10-08", "不予受理"), accept_time="2024-10-08")
    assert pd.isna(row(refused)["accepted"]), "the table repeats the refusal"


# -- laws, and the slow reference ---------------------------------------------------------------------------------

hour = st.integers(0, 24 * 30)
KINDS = ("hearing", "expert_review", "correction", "publicity", "extension")


def at(hours):
    return dt.datetime(2024, 9, 20) + dt.timedelta(hours=hours)


@st.composite
def random_logs(draw):
    """A few cases of one or two items; anything may be missing or in the wrong order."""
    rows, episodes, limits = [], [], {}
    for name in map(str, range(draw(st.integers(1, 3)))):
        items = draw(st.sampled_from([["A"], ["A", "B"]]))
        for item in (*items, None) if len(items) > 1 else items:
            ways = draw(st.lists(hour, min_size=4, max_size=4).map(sorted))
            if draw(st.integers(0, 9)) == 0:
                ways = ways[::-1]
            for stage, end in zip(("apply", "accept", "decide", "deliver"), ways, strict=True):
                if (item is None and stage in ("accept", "decide")) or draw(st.integers(0, 5)) == 0:
                    continue
                rows.append((name, item, stage, end, draw(st.integers(1, 5)), None))
            if draw(st.booleans()):
                rows.append((name, item, "review", draw(hour), draw(st.integers(1, 30)), None))
            if draw(st.integers(0, 3)) == 0:
                rows.append((name, item, "accept", draw(hour), 1, "补正"))
            if draw(st.integers(0, 5)) == 0:
                rows.append((name, item, "decide", draw(hour), 1, "退回"))
        for _n in range(draw(st.integers(0, 3))):
            kind, item = draw(st.sampled_from(KINDS)), draw(st.sampled_from([None, *items]))
            a, b = draw(st.tuples(hour, hour).map(sorted))
            end = None if draw(st.integers(0, 5)) == 0 else at(b)
            days = draw(st.integers(1, 5)) if kind == "extension" else None
            said = draw(st.sampled_from([None, None, True, False]))
            episodes.append({
                "case_id": name, "item_code": item, "type": kind, "start": at(a), "end": end, "counts_in_clock": said,
                "extension_days": days,
            })  # fmt: skip
        if draw(st.booleans()):
            limits[name] = (draw(st.integers(1, 15)), draw(st.sampled_from(["working_days", "days"])))
    if not rows:
        rows.append(("0", "A", "accept", 10, 1, None))
    frame = pd.DataFrame(rows, columns=["case_id", "item_code", "stage", "end", "hours", "result"])
    frame["start"] = [at(end - hours) for end, hours in zip(frame["end"], frame["hours"], strict=True)]
    frame["end"] = [at(end) for end in frame["end"]]
    frame["department"] = np.where(frame["stage"] == "apply", APPLICANT, "甲局")
    return frame.drop(columns="hours").assign(activity=frame["stage"]), episodes, limits


def as_log(frame, episodes, limits):
    tables = {}
    if episodes:
        tables["special_episodes"] = pd.DataFrame(episodes).astype({"start": "datetime64[us]", "end": "datetime64[us]"})
    if limits:
        units = {"working_days": "工作日", "days": "自然日"}
        told = [(name, amount, units[unit]) for name, (amount, unit) in limits.items()]
        tables["cases"] = pd.DataFrame(told, columns=["case_id", "promised_days", "promised_unit"])
    # Seen by bundle: a case holds several items, and the table of cases speaks of them all.
    if "cases" in tables:
        tables["cases"]["bundle_id"] = tables["cases"]["case_id"]
    return from_frame(frame, tables=tables, unit="bundle")


@settings(max_examples=60, deadline=None)
@given(random_logs())
def test_every_cell_agrees_with_counting_day_by_day(drawn):
    frame, episodes, limits = drawn
    found = clocks(as_log(*drawn), calendar=CHINA).set_index(["case_id", "item_code"])
    expected = slow_clocks(frame, episodes, limits, CHINA)
    assert {k for k in found.index if k[1] is not None} == set(expected)
    for key, cells in expected.items():
        got = found.loc[key]
        names = (
            ("e2e_days", "e2e_working_days") if (got["state"], got["ends_with"]) == ("delivered", "delivery") else ()
        )
        for name in (*names, "clock_days", "suspended_days", "clock_h", "wait_h"):
            want = cells.get(name, np.nan)
            if name.endswith("_h") and (got["accepted"].hour == 0 or got["decided"].hour == 0):
                continue  # midnight stands for a date without time
            assert got[name] == pytest.approx(want, nan_ok=True), (key, name)
        if "touch_h" in cells:
            assert got["touch_h"] == cells["touch_h"]
        if "due" in cells:
            due = None if pd.isna(got["promised_due"]) else got["promised_due"].date()
            assert (due, None if got["promised_on_time"] is pd.NA else bool(got["promised_on_time"])) == (
                cells["due"],
                cells["on_time"],
            )
            if "slack" in cells:
                assert got["promised_slack_days"] == cells["slack"]


@settings(max_examples=40, deadline=None)
@given(random_logs())
def test_the_parts_add_up_and_work_plus_waiting_is_the_clock(drawn):
    """domain.md 10: T_e2e_wd = T_pre + T_clock + T_susp + T_deliver; 0 <= T_clock <= wd(accept, decide)."""
    found = clocks(as_log(*drawn), calendar=CHINA)
    parts = found[["pre_days", "clock_days", "suspended_days", "deliver_days"]].sum(axis=1, skipna=False)
    whole = found["e2e_working_days"].where(
        (found["state"] == "delivered") & (found["begun"] == found["applied"]) & (found["ends_with"] == "delivery")
    )
    both = parts.notna() & whole.notna()
    assert (parts[both] == whole[both]).all()
    assert not (found[["clock_days", "suspended_days", "wait_h"]] < 0).any(axis=None)
    assert not (found["wait_h"] > found["clock_h"]).any()


@settings(max_examples=40, deadline=None)
@given(random_logs(), st.integers(1, 5))
def test_an_extension_changes_the_lateness_never_the_clock(drawn, days):
    frame, episodes, limits = drawn
    more = [*episodes, *(
        {"case_id": name, "item_code": None, "type": "extension", "start": at(0), "end": None, "counts_in_clock": None,
         "extension_days": days}
        for name in frame["case_id"].unique()
    )]  # fmt: skip
    before, after = (clocks(as_log(frame, e, limits), calendar=CHINA) for e in (episodes, more))
    same = ["clock_days", "suspended_days", "e2e_days", "wait_h"]
    pd.testing.assert_frame_equal(before[same], after[same])
    assert not (after["promised_due"] < before["promised_due"]).any()
    assert not (before["promised_on_time"].fillna(False) & ~after["promised_on_time"].fillna(True)).any()


# -- a real log ----------------------------------------------------------------------------------------------------


def test_lateness_of_a_real_log_against_its_planned_end(real_log):
    """receipt.xes.gz: cases that ended after ``case:enddate_planned``, against pandas on the raw columns."""
    path = real_log("receipt.xes.gz")
    log = read_xes(path)
    columns = {"startdate": "accept_time", "enddate": "decide_time", "enddate_planned": "promise_due"}
    cases = log.tables["cases"].rename(columns=columns)
    found = clocks(log.with_tables(cases=cases), calendar=Calendar.weekdays())
    judged = found.loc[found["decided"].notna(), "promised_on_time"].dropna()

    # The stamps as they stand in the file, without flowaudit: the first ten characters of one are its local date.
    raw = []
    with gzip.open(path) as stream:
        for _event, trace in ElementTree.iterparse(stream):
            if trace.tag.endswith("trace"):
                raw.append({d.get("key"): d.get("value")[:23] for d in trace if d.tag.endswith("date")})
                trace.clear()
    raw = pd.DataFrame(raw)[["startdate", "enddate", "enddate_planned"]].dropna()
    both = raw[raw["enddate"] >= raw["startdate"]]
    assert clock_problems(log.with_tables(cases=cases), calendar=Calendar.weekdays())["check"].tolist() == (
        ["decided_before_accepted"] * (len(raw) - len(both))
    )
    assert 0 < len(raw) - len(both) < 5
    late = int((both["enddate"].str[:10] > both["enddate_planned"].str[:10]).sum())
    assert (len(judged), int((~judged).sum())) == (len(both), late)
    assert late > 100
