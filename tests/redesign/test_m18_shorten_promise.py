"""M18: a promise changes nothing but itself; served by due date, it changes who comes first."""

from dataclasses import replace

import numpy as np
import pytest
from processes import CALENDAR, at
from small_offices import Do, log_of, office, same_runs, with_catalogue

from flowaudit.process import Process, problems
from flowaudit.redesign import MeasureRefusedError, Scenario, ShortenPromise
from flowaudit.simulation import simulate

SP = "市场监管局"


def shared(**changes):
    """Two items served by one officer, an hour each; ten cases at once, every other one 食品."""
    food = Do("食品审查", "review", "SP", SP, work=1.0, people=1)
    fire = Do("消防审查", "review", "XF", SP, work=1.0, people=1)
    process = office([food], [fire], unit="case", arrivals=at(*np.linspace(0.0, 0.09, 40)), **changes)
    nodes = tuple(replace(n, pool=0, performers=process.nodes[0].performers) for n in process.nodes)
    return replace(process, nodes=nodes, pools=process.pools[:1], resources=process.resources[:1])


def test_a_promise_by_itself_changes_no_case():
    process = shared()
    after = Scenario("s").shorten_promise(5.0).apply(process)
    assert same_runs(process, after)
    assert after.changes == ((ShortenPromise(days=5.0).label(), 2),)


def test_it_touches_only_the_cases_that_pass_its_items():
    after = Scenario("s").shorten_promise(5.0, items=("SP",)).apply(shared())
    assert after.changes[-1][1] == 1


def test_by_due_date_what_is_promised_comes_first_and_the_work_is_the_same():
    process = shared()
    after = Scenario("s").shorten_promise(1.0, items=("SP",), by_due_date=True).apply(process)
    assert problems(after).empty
    ends = []
    for p in (process, after):
        log = log_of(p)
        ends.append(log.groupby("activity", observed=True)["end"].max())
        assert len(log) == 40
    assert ends[1]["食品审查"] < ends[0]["食品审查"]
    assert max(ends[0]) == max(ends[1])
    log = log_of(after).sort_values("start")
    # Whoever was there first is not interrupted; then all of 食品, then the rest.
    order = (log["activity"].iloc[1:] == "食品审查").tolist()
    assert order == sorted(order, reverse=True)


def test_other_cases_are_due_by_the_promises_of_the_catalogue():
    """消防 is promised within 2 working days (2 * 7 / 5 * 24 hours), 食品 now within 5: 消防 comes first."""
    items = [
        {"item_code": "SP", "name": "食品", "promised_days": 10, "promised_unit": "工作日", "statutory_days": 20, "statutory_unit": "工作日"},
        {"item_code": "XF", "name": "消防", "promised_days": 2, "promised_unit": "工作日"},
    ]  # fmt: skip
    after = (
        Scenario("s").shorten_promise(5.0, items=("SP",), by_due_date=True).apply(with_catalogue(shared(), items=items))
    )
    assert [t.due_h for t in after.templates] == pytest.approx([5 * 33.6, 2 * 33.6])


@pytest.mark.parametrize(
    ("amount", "unit", "refused"),
    [
        (20, "工作日", True),
        (21, "工作日", False),
        (20, "自然日", True),
        (25, "自然日", False),
        (1, "月", False),
        (48, "小时", True),
    ],
)
def test_no_promise_above_the_statutory_limit(amount, unit, refused):
    items = [{"item_code": c, "name": c, "statutory_days": amount, "statutory_unit": unit} for c in ("SP", "XF")]
    process, measure = with_catalogue(shared(), items=items), Scenario("s").shorten_promise(21.0)
    if refused:
        with pytest.raises(MeasureRefusedError, match="statutory limit"):
            measure.apply(process)
    else:
        assert measure.apply(process).changes


def test_what_speaks_against_it_is_said():
    (breach,) = ShortenPromise(days=5.0).cautions(shared())
    assert "95th percentile" in breach[1]
    assert breach[0] != ""
    items = [{"item_code": "SP", "name": "食品", "promised_days": 3, "promised_unit": "工作日", "statutory_days": 30, "statutory_unit": "自然日"}]  # fmt: skip
    said = " ".join(c[1] for c in ShortenPromise(days=5.0).cautions(with_catalogue(shared(), items=items)))
    assert "“SP” is promised within 3 working days already" in said
    bundle = replace(shared(), unit="bundle")
    assert "due together" in ShortenPromise(days=5.0, by_due_date=True).cautions(bundle)[-1][1]


def test_serving_by_due_date_needs_officers():
    blind = replace(
        shared(),
        identifiable=replace(shared().identifiable, staffing=False, reason_en="no officers", reason_zh="无人员"),
    )
    assert Scenario("s").shorten_promise(5.0).apply(blind).changes
    with pytest.raises(MeasureRefusedError, match="officers"):
        Scenario("s").shorten_promise(5.0, by_due_date=True).apply(blind)


def test_due_times_survive_the_file_and_the_measures_after_it(tmp_path):
    after = Scenario("s").shorten_promise(5.0, by_due_date=True).apply(shared())
    after.save(tmp_path / "p.json")
    again = Process.load(tmp_path / "p.json")
    assert [t.due_h for t in again.templates] == [168.0, 168.0]
    assert same_runs(after, again)
    online = office([Do("申请", "apply", "SP", site="大厅"), Do("审查", "review", "SP", SP, work=1.0, people=1)])
    plan = Scenario("s").shorten_promise(5.0, by_due_date=True).go_online(share=0.5)
    assert [t.due_h for t in plan.apply(online).templates] == [168.0]
    assert simulate(plan.apply(online), replications=1, calendar=CALENDAR)[0].n_cases == 1
