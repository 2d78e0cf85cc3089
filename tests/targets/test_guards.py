"""What stands guard over a target: planted work that is only moved elsewhere is seen, an office that saves is not accused."""

from dataclasses import replace

import numpy as np
import pytest

from flowaudit.targets import Target, evaluate, measure_runs
from tests.targets.offices import CALENDAR, FIELDS, office

FORTY = [4] * 40
FASTER = [2] * 40


def verdict_of(before, after, targets=(), **options):
    return evaluate(after, targets, baseline=before, calendar=CALENDAR, **options)


def twice(*args, **changes):
    return [office(*args, **changes)] * 2


def test_work_moved_to_another_department_is_seen():
    """甲局 gives half an hour of its 3 to the window: 1 h becomes 1.5 h (+ 50 %), together they work as much as before."""
    verdict = verdict_of(twice(FORTY), twice(FASTER, window_h=1.5, review_h=1.5), [Target.parse("减全程时间 50%")])
    window, bureau, all_of_them = (verdict.guard("workload", name) for name in ("窗口", "甲局", ""))
    assert (window.before, window.after, window.difference, window.low, window.high) == (1.0, 1.5, 0.5, 0.5, 0.5)
    assert (bureau.before, bureau.after, bureau.worse) == (3.0, 2.5, False)
    assert (all_of_them.before, all_of_them.difference, all_of_them.worse) == (4.0, 0.0, False)
    assert window.unit("en") == "hours"
    assert verdict.worse == (window,)
    said = "The workload of 窗口 rises by 50% per case."
    assert said in [en for _zh, en in verdict.notes]
    (target,) = verdict.targets
    assert (verdict.status, target.status, target.cautioned("en")) == ("met", "met", (said,))
    assert target.judgement("en") == f"met ({said})"
    assert said in verdict._repr_html_()


def test_an_office_that_saves_is_not_accused():
    verdict = verdict_of(twice(FORTY, visits=[2] * 40, corrected=8), twice(FASTER, visits=[1] * 40, corrected=4), [Target.parse("减全程时间 50%")], catalogue=FIELDS)  # fmt: skip
    assert (verdict.worse, verdict.notes, verdict.targets[0].cautions) == ((), (), ())
    assert {g.metric for g in verdict.guards if g.recorded} == {
        "time", "typed_fields", "visits", "visits_in_vain", "correction_rate", "workload",
    }  # fmt: skip


def test_nothing_changed_nothing_is_said():
    runs = [office(days, visits=[1 + d % 2 for d in days]) for days in ([3] * 40, [5] * 40)]
    verdict = verdict_of(runs, runs)
    assert verdict.notes == ()
    assert all(g.difference == g.low == g.high == 0.0 for g in verdict.guards if g.recorded)


def test_what_may_be_chance_is_not_said():
    """The window needs 0.1 h more in one pair and 0.1 h less in another: the interval reaches over 0."""
    before = [office(FORTY)] * 3
    after = [office(FORTY, window_h=hours) for hours in (1.1, 1.05, 0.9)]
    window = verdict_of(before, after).guard("workload", "窗口")
    assert window.low < 0 < window.high
    assert not window.worse


def test_less_than_a_hundredth_is_not_said():
    """30 seconds of an hour."""
    window = verdict_of(twice(FORTY), twice(FORTY, window_h=1 + 1 / 120)).guard("workload", "窗口")
    assert window.low > 0
    assert not window.worse
    assert verdict_of(twice(FORTY), twice(FORTY, window_h=1.02)).guard("workload", "窗口").worse


@pytest.mark.parametrize(
    ("before", "after", "metric", "figures", "said"),
    [
        ({"corrected": 4}, {"corrected": 10}, "correction_rate", (0.1, 0.25), "The correction rate rises from 10.0% to 25.0%."),
        ({"visits": [1] * 40}, {"visits": [2] * 40}, "visits", (1, 2), "Visits, those in vain included, rise from 1.00 to 2.00 per case."),
        ({"visits": [2] * 40, "in_vain": 1}, {"visits": [2] * 40, "in_vain": 2}, "visits_in_vain", (1, 2),
         "Visits in vain rise from 1.00 to 2.00 per case."),
        ({}, {"items": ["XF"] * 40}, "typed_fields", (4, 1), None),
        ({"items": ["XF"] * 40}, {}, "typed_fields", (1, 4), "Form fields filled in by hand rise from 1.00 to 4.00 per case."),
    ],
)  # fmt: skip
def test_every_guard_speaks(before, after, metric, figures, said):
    verdict = verdict_of(twice(FORTY, **before), twice(FORTY, **after), catalogue=FIELDS)
    guard = verdict.guard(metric)
    assert (guard.before, guard.after) == pytest.approx(figures)
    assert guard.worse == (said is not None)
    if said:
        assert said in [en for _zh, en in verdict.notes]


def test_the_slowest_cases_are_watched():
    """Median 4 before and after; the slowest 8 of 40 take 20 days instead of 4."""
    verdict = verdict_of(twice(FORTY), twice([4] * 32 + [20] * 8), [Target(metric="clock", at_most=4)])
    guard = verdict.guard("time")
    assert (guard.statistic, guard.before, guard.after, guard.worse) == ("p90", 4.0, 20.0, True)
    assert verdict.targets[0].status == "met"
    assert "slowest cases take longer" in verdict.targets[0].cautioned("en")[0]


def test_a_department_that_is_new_gets_new_work():
    after = twice(FORTY)
    other = [_renamed(run) for run in after]
    verdict = verdict_of(twice(FORTY), other)
    assert verdict.guard("workload", "综合窗口").rate is None
    assert "综合窗口 gets new work: 1.00 hours per case." in [en for _zh, en in verdict.notes]
    assert verdict.guard("workload", "窗口").after == 0.0


def _renamed(run):
    from flowaudit.eventlog import from_frame

    frame = run.to_pandas()
    department = frame["department"].astype(object)
    frame["department"] = department.where(department != "窗口", "综合窗口")
    return from_frame(frame, tables=run.tables, provenance=run.provenance)


def test_without_starts_activity_instances_are_compared():
    verdict = verdict_of(twice(FORTY, starts=False), twice(FORTY, starts=False, corrected=20))
    window = verdict.guard("workload", "窗口")
    assert window.unit("en") == "activity instances"
    assert (window.before, window.after) == (1.0, 1.5)
    assert (verdict.guard("workload", "甲局").before, verdict.guard("workload").before) == (2.0, 3.0)


def test_what_is_not_recorded_is_said_not_counted():
    verdict = verdict_of(twice(FORTY), twice(FORTY))
    for metric, words in (
        ("visits", "visits"),
        ("typed_fields", "catalogue"),
        ("correction_rate", "no correction at all"),
    ):
        guard = verdict.guard(metric)
        assert (guard.recorded, guard.worse, guard.before, guard.rate) == (False, False, None, None)
        assert words in guard.reason("en")
    assert "not recorded" in verdict._repr_html_()


def test_a_redesign_may_have_no_corrections_left():
    guard = verdict_of(twice(FORTY, corrected=10), twice(FORTY)).guard("correction_rate")
    assert (guard.before, guard.after) == (0.25, 0.0)
    recorded = (office(FORTY, corrected=10, source="a.csv"), office(FORTY, source="b.csv"))
    assert not verdict_of(*recorded).guard("correction_rate").recorded


def test_forms_of_one_catalogue_say_nothing_of_changed_forms():
    unchanged = verdict_of(twice(FORTY), twice(FORTY), catalogue=FIELDS).guard("typed_fields")
    assert "one catalogue" in unchanged.reason("en")
    fewer = replace(FIELDS, form_fields=FIELDS.form_fields.iloc[2:])
    guard = verdict_of(twice(FORTY), twice(FORTY), catalogue=FIELDS, after_catalogue=fewer).guard("typed_fields")
    assert (guard.before, guard.after, guard.reason("en")) == (4.0, 2.0, "")


def test_a_shorter_clock_alone_is_said_beside_a_target_on_it():
    """Decided in 2 days instead of 6, delivered on day 6 all the same."""
    before, after = twice([6] * 40, delivered=1), twice([2] * 40, delivered=5)
    verdict = verdict_of(before, after, [Target.parse("承诺时限 <= 3 工作日"), Target.parse("环节 不超过 5 个")])
    said = "The official clock gets shorter, the end-to-end time does not."
    assert said in [en for _zh, en in verdict.notes]
    assert said in verdict.targets[0].cautioned("en")
    assert said not in verdict.targets[1].cautioned("en")


def test_recorded_logs_are_guarded_by_welch():
    """Window hours 0.5 and 1.5 by turns, before; 1 hour more, after: s2 = 0.2564, standard error 0.1132, t(78) = 1.99085."""
    log = _by_turns(office(FORTY, source="a.csv"), 0.0)
    more = _by_turns(office(FORTY, source="b.csv"), 1.0)
    window = verdict_of(log, more).guard("workload", "窗口")
    assert (window.before, window.after) == (pytest.approx(1.0), pytest.approx(2.0))
    half = 1.9908470688 * np.sqrt(2 * (0.25 * 40 / 39) / 40)
    assert (window.low, window.high) == pytest.approx((1 - half, 1 + half))
    assert window.worse


def _by_turns(log, more):
    import pandas as pd

    from flowaudit.eventlog import from_frame

    frame = log.to_pandas()
    rows = (frame["stage"] == "accept").to_numpy()
    hours = np.where(np.arange(rows.sum()) % 2, 0.5, 1.5) + more
    frame.loc[rows, "end"] = frame.loc[rows, "start"] + pd.to_timedelta(hours, unit="h")
    # Acceptance stays before the review of a later day; 12 to 13 is no office time and is jumped over.
    late = rows & (frame["end"].dt.hour + frame["end"].dt.minute / 60 > 12).to_numpy()
    frame.loc[late, "end"] += pd.Timedelta(hours=1)
    return from_frame(frame, tables=log.tables, provenance=log.provenance)


def test_guards_stand_in_the_dictionary_in_both_languages():
    verdict = verdict_of(twice(FORTY), twice(FASTER, window_h=1.5))
    for lang in ("zh", "en"):
        told = verdict.to_dict(lang)["guards"]
        assert [(g["metric"], g["department"]) for g in told][-3:] == [
            ("workload", ""),
            ("workload", "窗口"),
            ("workload", "甲局"),
        ]
        assert [g["worse"] for g in told][-3:] == [True, True, False]
    assert told[-2]["label"] == "workload: 窗口"


def test_guards_may_be_left_out():
    assert verdict_of(twice(FORTY), twice(FASTER), guards=False).guards == ()


def test_a_guard_counts_finished_cases_only():
    measured = [measure_runs([office(FORTY, opened=k)] * 2, calendar=CALENDAR) for k in (0, 10)]
    guard = evaluate(measured[1], baseline=measured[0]).guard("workload", "窗口")
    assert (guard.before, guard.after) == (1.0, 1.0)
