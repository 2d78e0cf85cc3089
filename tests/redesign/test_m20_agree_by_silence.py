"""M20: delay and work of a reply take at most the limit, in the hours of its clock; the queue is not capped."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from bundle_log import bundle_log
from hypothesis import given, settings
from hypothesis import strategies as st
from processes import ALWAYS, CALENDAR, OFFICE, Path, exponential
from staged_office import Desk, events, office, same_runs

from flowaudit.catalogue import Catalogue
from flowaudit.errors import InputError
from flowaudit.process import GRID, Batch, Identifiable, Process, family, fit_process, mean, problems
from flowaudit.redesign import AgreeBySilence, MeasureRefusedError, Scenario


def consulted(delay, work=2.0, clock=ALWAYS, **options):
    return office(
        Desk("受理", "accept", 1.0), Desk("征求意见", "consult_dept", work, delay, department="乙局", clock=clock, **options),
        Desk("决定", "decide", 1.0, 3.0), every_h=10.0,
    )  # fmt: skip


def asked_h(run):
    """Hours from the end of the acceptance to the end of the reply."""
    run = run.set_index("case_id")
    reply = run[run["activity"] == "征求意见"]["end"] - run[run["activity"] == "受理"]["end"]
    return (reply.dt.total_seconds() / 3600.0).to_numpy()


def test_a_reply_takes_at_most_the_limit():
    """A clock that never stands still has 168 / 5 = 33.6 hours a working day; 2 days are 67.2 hours."""
    process = consulted(exponential(60.0))
    after = AgreeBySilence(activities=("征求意见",), days=2).apply(process)
    before, now = (asked_h(events(p)) for p in (process, after))
    assert (before > 67.2).mean() > 0.2
    capped = np.minimum(before, 67.2)
    # Tables have knots, here at 63.0 and 72.2 h of delay: between the two the cut one is a straight line, up to 2.3 h below.
    between = (before > 64.9) & (before < 74.3)
    assert now[~between] == pytest.approx(capped[~between], abs=1e-3)
    assert (now <= capped + 1e-3).all()
    assert now.mean() == pytest.approx(capped.mean(), abs=0.1)


def test_a_working_day_is_a_fifth_of_a_week_of_the_activitys_own_clock():
    """Office hours have 35 hours a week: 3 days are 21 hours of delay and work, 2 of them work."""
    process = consulted(exponential(40.0), clock=OFFICE)
    process = replace(process, calendars=(OFFICE, *process.calendars[1:]))
    after = AgreeBySilence(activities=("征求意见",), days=3).apply(process)
    (branch,) = after.templates[0].branches
    assert after.waits[branch.steps[1].wait].max() == pytest.approx(19.0)
    assert branch.steps[1].work == process.templates[0].branches[0].steps[1].work


def test_work_that_takes_longer_than_the_limit_is_cut_too():
    process = consulted(None, work=50.0)
    after = AgreeBySilence(activities=("征求意见",), days=1).apply(process)
    assert asked_h(events(after)) == pytest.approx(33.6, abs=1e-3)


def test_work_of_ones_own_is_cut_as_well():
    process = consulted(None, work=1.0)
    nodes = list(process.nodes)
    performers = nodes[1].performers
    nodes[1] = replace(nodes[1], performers=tuple(replace(p, work=len(process.works)) for p in performers))
    slow = replace(process, nodes=tuple(nodes), works=np.vstack([process.works, np.full(len(GRID), 90.0)]))
    after = AgreeBySilence(activities=("征求意见",), days=1).apply(slow)
    assert asked_h(events(slow)) == pytest.approx(90.0, abs=1e-3)
    assert asked_h(events(after)) == pytest.approx(33.6, abs=1e-3)
    assert problems(after).empty


def test_where_work_varies_the_two_together_keep_the_limit_on_average():
    """All delays are too long: on average delay and work take the limit."""
    process = consulted(200.0, work=family("uniform", low=0.0, high=10.0))
    after = AgreeBySilence(activities=("征求意见",), days=1).apply(process)
    assert asked_h(events(after)).mean() == pytest.approx(33.6, abs=0.5)


@given(st.floats(0.1, 20.0), st.floats(0.0, 30.0))
@settings(max_examples=20, deadline=None)
def test_the_mean_delay_is_that_of_the_smaller_of_the_two(days, work):
    process = consulted(exponential(60.0), work=work)
    after = AgreeBySilence(activities=("征求意见",), days=days).transform(process)[0]
    left = max(days * 33.6 - work, 0.0)
    step = after.templates[0].branches[0].steps[1]
    assert mean(after.waits[step.wait]) == pytest.approx(mean(np.minimum(exponential(60.0), left)), abs=1e-9)


def test_the_queue_is_not_capped():
    """One officer, ten hours of work for each of the cases that come every five hours: the queue grows past any limit."""
    process = office(
        Desk("受理", "accept", 0.0), Desk("征求意见", "consult_dept", 10.0, 60.0, servers=1), n=60, every_h=5.0
    )
    after = AgreeBySilence(activities=("征求意见",), days=1).apply(process)
    assert asked_h(events(after))[-1] > 200.0
    known = replace(after, identifiable=Identifiable(True, True, queue_share=(0.2, 0.6)))
    said = [en for _zh, en in AgreeBySilence(activities=("征求意见",), days=1).cautions(known)]
    assert any("Up to 60% of the waiting" in s for s in said)


def test_a_limit_nobody_exceeds_is_the_identity():
    process = consulted(family("uniform", low=0.0, high=30.0))
    after, touched = AgreeBySilence(activities=("征求意见",), days=100).transform(process)
    assert touched == 0
    assert same_runs(process, after)
    with pytest.raises(MeasureRefusedError, match="no observed case"):
        AgreeBySilence(activities=("征求意见",), days=100).apply(process)


def test_only_the_slow_parts_of_the_delays_are_touched():
    """Of four equal parts of the delays, up to 25, 50, 75 and 100 hours, two can be longer than 67.2 - 2 hours."""
    process = consulted(family("uniform", low=0.0, high=100.0))
    (template,) = process.templates
    (branch,) = template.branches
    quarters = tuple(
        replace(
            template, cases=10.0, branches=(replace(branch, steps=tuple(replace(s, band=b) for s in branch.steps)),)
        )
        for b in range(4)
    )
    after, touched = AgreeBySilence(activities=("征求意见",), days=2).transform(replace(process, templates=quarters))
    assert touched == 20
    assert after.templates[:2] == quarters[:2]


def test_most_replies_late_objections_and_batches_are_cautions():
    process = office(
        Desk("受理", "accept", 1.0), Desk("征求意见", "consult_dept", 2.0, exponential(100.0)), Desk("决定", "decide", 1.0),
        paths=[Path(("受理", "征求意见", "决定"), weight=80.0), Path(("受理", "征求意见"), weight=20.0)],
    )  # fmt: skip
    nodes = list(process.nodes)
    nodes[1] = replace(nodes[1], batch=Batch("size", size=2, patience_h=10.0))
    process = replace(process, nodes=tuple(nodes))
    said = [en for _zh, en in AgreeBySilence(activities=("征求意见",), days=1).cautions(process)]
    # P(Exp(100) > 31.6) = 73 %.
    assert any(s.startswith("73% of the replies take longer than 1 working days") for s in said)
    assert any(s.startswith("20.0% of the cases end after the consultation") for s in said)
    assert any("done in batches" in s for s in said)
    assert AgreeBySilence(activities=("征求意见",), days=9).cautions(consulted(exponential(60.0))) == ()


def test_a_consultation_the_law_requires_is_a_caution():
    table = pd.DataFrame({"item_code": ["A"], "seq": [1], "name": ["征求意见"], "legally_required": [True]})
    process = replace(consulted(exponential(60.0)), catalogue=Catalogue(item_steps=table))
    said = [en for _zh, en in AgreeBySilence(activities=("征求意见",), days=9).cautions(process)]
    assert said == ["The catalogue marks “征求意见” as required by law."]


def test_what_is_no_consultation_is_a_caution():
    process = office(
        Desk("受理", "accept", 1.0), Desk("技术审查", "review", 2.0, exponential(60.0)), Desk("决定", "decide", 1.0)
    )
    said = [en for _zh, en in AgreeBySilence(activities=("技术审查",), days=9).cautions(process)]
    assert said == ["By its stage “技术审查” is no consultation: whether silence may stand for it is to be checked."]


def test_nobody_decides_by_silence():
    with pytest.raises(MeasureRefusedError, match="opinion of another department"):
        AgreeBySilence(activities=("决定",), days=1).apply(consulted(60.0))


def test_an_unknown_activity_is_named_with_its_nearest():
    with pytest.raises(InputError, match="征求意") as caught:
        AgreeBySilence(activities=("征求意",), days=1).apply(consulted(60.0))
    assert "征求意见" in caught.value.hint


def test_without_start_times_the_whole_handling_time_is_capped():
    blind = fit_process(bundle_log(starts=False), calendar=CALENDAR)
    after = AgreeBySilence(activities=("食品审核",), days=0.2).apply(blind)
    clock = blind.profiles[next(n.clock for n in blind.nodes if n.activity == "食品审核")]
    table = after.activity_table().set_index("activity")
    assert table.loc["食品审核", "delay_h"] <= 0.2 * clock.hours_per_week() / 5 + 1e-9
    assert problems(after).empty


def test_a_changed_process_survives_its_file(tmp_path):
    after = AgreeBySilence(activities=("征求意见",), days=2).apply(consulted(exponential(60.0)))
    assert problems(after).empty
    after.save(tmp_path / "p.json")
    assert Process.load(tmp_path / "p.json") == after


def test_the_verb_builds_it_and_both_languages_say_something():
    (measure,) = Scenario("s").agree_by_silence("征求意见", days=5)
    assert measure == AgreeBySilence(activities=("征求意见",), days=5)
    for lang in ("zh", "en"):
        for text in (measure.name, measure.description, measure.legal_note, measure.label, measure.assumed):
            assert text(lang)
