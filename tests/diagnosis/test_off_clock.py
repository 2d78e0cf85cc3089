"""W05: time and work before the acceptance, and steps recorded together just before the decision."""

from dataclasses import replace

import pandas as pd
import pytest
from approvals import at, log_of, step

from flowaudit.catalogue import Catalogue
from flowaudit.diagnosis import diagnose
from flowaudit.eventlog import APPLICANT, from_frame
from flowaudit.worktime import Calendar


def w05(log, catalogue=None, **options):
    found = diagnose(log, catalogue, calendar=Calendar.weekdays(), only=["W05"], **options)
    return {f.id.removeprefix("W05-"): f for f in found}, list(found.not_checkable)


def case(accepted, *before, window="窗口", **more):
    """Applied on day 0, accepted on some day, decided ten days later."""
    return [
        step("申请", APPLICANT, "apply", 0, **more),
        *before,
        step("受理", window, "accept", accepted, result="受理", **more),
        step("审查", "甲局", "review", accepted + 5, **more),
        step("决定", "甲局", "decide", accepted + 10, **more),
    ]


def test_slow_acceptance():
    found, missing = w05(log_of([case(8)] * 40 + [case(1)] * 60))
    assert (found.keys(), missing) == ({"pre-窗口"}, [])
    finding = found["pre-窗口"]
    assert (finding.cases, finding.population, finding.share) == (40, 100, 0.4)
    # Eight working days, five of them allowed.
    assert finding.time_lost_days_median == pytest.approx(3.0)
    assert finding.time_lost_days_total == pytest.approx(120.0)
    assert finding.saving_days_total == pytest.approx(120.0)
    assert finding.details["pre_p90"] == 8
    assert finding.details["peers_p90"] is None
    assert finding.scope["departments"] == ("窗口",)
    assert finding.title_en == "rather long time before acceptance"


@pytest.mark.parametrize(("days", "found"), [(5, 0), (6, 1)])
def test_five_working_days_are_allowed(days, found):
    assert len(w05(log_of([case(days)] * 40))[0]) == found


@pytest.mark.parametrize(("slow", "found"), [(29, 0), (30, 1), (8, 0)])
def test_support_of_thirty_cases(slow, found):
    assert len(w05(log_of([case(8)] * slow + [case(1)] * 30))[0]) == found


def test_the_share_is_sure_to_be_five_per_cent():
    """30 of 400 are 7.5 %, at least 5.3 % by Wilson; 30 of 440 at least 4.8 %."""
    assert len(w05(log_of([case(8)] * 30 + [case(1)] * 370))[0]) == 1
    assert w05(log_of([case(8)] * 30 + [case(1)] * 410))[0] == {}


def test_a_written_correction_excuses():
    asked = step("补正通知", "窗口", "correction", 2)
    assert w05(log_of([case(8, asked)] * 40))[0] == {}
    log = log_of([case(8)] * 40)
    episodes = pd.DataFrame(
        {"case_id": log.case_ids, "type": "correction", "start": [at(2 + 5 * i) for i in range(40)]}
    )
    assert w05(log.with_tables(special_episodes=episodes))[0] == {}
    assert w05(log.with_tables(special_episodes=episodes.assign(type="听证")))[0].keys() == {"pre-窗口"}


def test_a_correction_of_another_item_does_not():
    asked = step("补正通知", "窗口", "correction", 2, item_code="Y")
    cases = [[*case(8, item_code="X"), *case(1, asked, item_code="Y")]] * 40
    assert w05(log_of(cases, bundles=True))[0].keys() == {"pre-窗口-X"}


def test_departments_are_compared_with_their_peers():
    cases = [case(8, window="东窗口", item_code="X")] * 40 + [case(2, window="西窗口", item_code="X")] * 40
    found, _missing = w05(log_of(cases))
    assert found.keys() == {"pre-东窗口-X"}
    assert found["pre-东窗口-X"].details["peers_p90"] == 2


def together(second):
    """One application for two items; the second is accepted when the first was decided, on day 11, or later."""
    first = [step("受理", "甲局", "accept", 1, item_code="X"), step("决定", "甲局", "decide", 11, item_code="X")]
    return [
        step("申请", APPLICANT, "apply", 0),
        *first,
        step("受理", "乙局", "accept", second, item_code="Y"),
        step("决定", "乙局", "decide", second + 9, item_code="Y"),
    ]


def bundles(cases):
    rows, tables = [], []
    for number, steps in enumerate(cases):
        for event, s in enumerate(steps):
            begin = at(s.day + 5 * number)
            for item in [s.more.get("item_code")] if s.more else ["X", "Y"]:
                own = {"case_id": f"b{number}-{item}", "event_id": f"e{number}-{event}", "activity": s.activity}
                rows.append(
                    own
                    | {"department": s.department, "stage": s.stage, "start": begin, "end": begin + pd.Timedelta("1h")}
                )
                rows[-1]["item_code"] = s.more.get("item_code")
        tables += [{"case_id": f"b{number}-{i}", "bundle_id": f"b{number}", "item_code": i} for i in ("X", "Y")]
    return from_frame(pd.DataFrame(rows), tables={"cases": pd.DataFrame(tables)})


def test_an_item_that_waits_for_another_one_was_not_accepted_late():
    assert w05(bundles([together(12)] * 40))[0] == {}
    found, _missing = w05(bundles([together(19)] * 40))
    assert found.keys() == {"pre-乙局-Y"}
    assert found["pre-乙局-Y"].time_lost_days_median == pytest.approx(3.0)  # eight days after X's decision


def test_a_prerequisite_of_the_catalogue_is_waited_for_too():
    def own(item, applied, accepted, decided, office):
        return [
            step(f"{item}申请", APPLICANT, "apply", applied, item_code=item),
            step(f"{item}受理", office, "accept", accepted, item_code=item),
            step(f"{item}决定", office, "decide", decided, item_code=item),
        ]

    log = log_of([[*own("X", 0, 1, 11, "甲局"), *own("Y", 1, 12, 20, "乙局")]] * 40, bundles=True)
    relations = pd.DataFrame({"src_item": ["X"], "dst_item": ["Y"], "relation": ["precedes"], "basis": ["legal"]})
    assert w05(log, Catalogue(item_relations=relations))[0] == {}
    assert w05(log)[0].keys() == {"pre-乙局-Y"}


def test_review_before_acceptance():
    found, _missing = w05(log_of([case(4, step("预审", "甲局", "review", 2))] * 40 + [case(4)] * 60))
    assert found.keys() == {"early-窗口"}
    finding = found["early-窗口"]
    assert (finding.cases, finding.population) == (40, 100)
    assert finding.time_lost_days_total is None
    assert finding.scope["activities"] == ("预审",)
    assert finding.events[finding.evidence[0]] == (2,)


@pytest.mark.parametrize("stage", ["consult", "apply", "notify"])
def test_recorded_guidance_is_no_waste(stage):
    assert w05(log_of([case(4, step("提前服务", "甲局", stage, 2))] * 40))[0] == {}


def stamped(minutes, *, nodes=("审查", "审核"), lain=6, length=1, **tables):
    """Accepted on day 1; after some days several steps are stamped in the last minutes before the decision."""
    rows = []
    for number in range(40):
        decided = at(1 + lain + 10 * number) + pd.Timedelta(hours=3)
        stamps = [("受理", "accept", at(1 + 10 * number), 60), ("决定", "decide", decided, 1)]
        stamps += [
            (name, "review", decided - pd.Timedelta(minutes=minutes * (i + 1) / len(nodes)), length)
            for i, name in enumerate(nodes)
        ]
        for name, stage, end, took in stamps:
            rows.append((f"c{number}", name, "甲局", stage, end - pd.Timedelta(minutes=took), end))
    columns = ["case_id", "activity", "department", "stage", "start", "end"]
    frame = pd.DataFrame([(f"c{n}", "申请", APPLICANT, "apply", at(10 * n), at(10 * n)) for n in range(40)] + rows,
                         columns=columns)  # fmt: skip
    frame[["start", "end"]] = frame[["start", "end"]].astype("datetime64[us]")
    kinds = pd.DataFrame({"case_id": [f"c{n}" for n in range(40)], **tables})
    return from_frame(frame, tables={"cases": kinds})


def test_steps_recorded_just_before_the_decision():
    found, _missing = w05(stamped(8))
    assert found.keys() == {"filled-甲局"}
    finding = found["filled-甲局"]
    assert (finding.cases, finding.population, finding.confidence) == (40, 40, "low")
    assert set(finding.scope["activities"]) == {"审查", "审核", "决定"}
    assert finding.time_lost_days_total is None


@pytest.mark.parametrize(
    "log",
    [
        stamped(15),
        stamped(8, nodes=("审查",)),
        stamped(8, lain=0),
        stamped(8, length=90),
        stamped(8, case_kind="即办件"),
    ],
    ids=["over more than ten minutes", "two steps", "decided at once", "worked on before", "settled at the counter"],
)
def test_no_steps_recorded_afterwards(log):
    assert w05(log)[0] == {}


def test_day_exact_stamps_tell_nothing_about_minutes():
    log = stamped(8)
    frame = log.to_pandas()
    frame["start"] = frame["end"] = frame["end"].dt.normalize()
    assert w05(from_frame(frame))[0] == {}


def test_the_table_of_cases_names_the_department():
    log = log_of([[step("申请", APPLICANT, "apply", 0), step("审查", "甲局", "review", 9)]] * 40)
    table = pd.DataFrame({"case_id": log.case_ids, "item_code": "X", "accept_department": "镇便民中心"})
    table["accept_time"] = [at(7 + 5 * i) for i in range(40)]
    assert w05(log.with_tables(cases=table))[0].keys() == {"pre-镇便民中心-X"}


def test_not_checkable():
    assert w05(log_of([[step("审查", "甲局", "review", 0)]] * 40))[1][0].needs == (
        "stage (accept) | cases.accept_time",
    )
    frame = pd.DataFrame({"case_id": ["1"], "activity": ["a"], "end": [at(0)]})
    assert len(w05(from_frame(frame))[1][0].needs) == 2


def with_materials(log, *, handed, item=None, source="applicant"):
    """Every case hands in one material, some days after its first step or before it."""
    first = log.to_pandas().groupby("case_id")["end"].min().loc[list(log.case_ids)]
    rows = pd.DataFrame({"case_id": list(log.case_ids), "canonical_id": "ID", "source": source})
    rows["submit_time"] = (first + pd.Timedelta(days=handed)).to_numpy()
    return log.with_tables(material_instances=rows if item is None else rows.assign(item_code=item))


def test_materials_taken_in_before_the_application_is_recorded():
    log = with_materials(log_of([case(1)] * 40), handed=-14)
    finding = w05(log)[0]["handed-窗口"]
    assert (finding.cases, finding.population, finding.time_lost_days_total) == (40, 40, None)
    assert finding.title_en == "materials taken in before the application is recorded"
    # Application and acceptance are what there is to look at.
    assert {places for places in finding.events.values()} == {(1, 2)}


@pytest.mark.parametrize("handed", [0, 0.5, -1, -3], ids=["with it", "after it", "the day before", "three days before"])
def test_materials_handed_in_about_the_time_of_the_application(handed):
    assert w05(with_materials(log_of([case(1)] * 40), handed=handed))[0] == {}


def test_materials_shared_by_offices_are_not_handed_in():
    assert w05(with_materials(log_of([case(1)] * 40), handed=-14, source="shared"))[0] == {}


def test_materials_handed_in_with_the_first_item_of_a_bundle():
    """All were handed in with one form on day 0; the second item was applied for ten working days later."""
    later = [replace(s, day=s.day + 10) for s in case(1, item_code="Y")]
    log = log_of([[*case(1, item_code="X"), *later]] * 40, bundles=True)
    assert w05(with_materials(log, handed=0, item="Y"))[0] == {}
    assert w05(with_materials(log, handed=-14, item="X"))[0].keys() == {"handed-窗口-X"}
