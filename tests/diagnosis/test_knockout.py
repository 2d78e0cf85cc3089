"""Checks that end cases: who knocks out, what an order costs, and which order costs least."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowaudit.catalogue import Catalogue
from flowaudit.diagnosis.knockout import best_order, expected_cost, knock_out_order
from flowaudit.errors import UsageError
from flowaudit.eventlog import from_frame, load_sample

MONDAY = pd.Timestamp("2024-03-04 09:00")


def log_of(cases, *, starts=True, tables=None):
    """Cases of (activity, hours of work, result, stage), one step a day."""
    rows = [
        {"case_id": f"c{number:03}", "activity": activity, "result": result, "stage": stage,
         "start": MONDAY + pd.Timedelta(weeks=place // 5, days=place % 5),
         "end": MONDAY + pd.Timedelta(weeks=place // 5, days=place % 5, hours=hours)}
        for number, steps in enumerate(cases)
        for place, (activity, hours, result, stage) in enumerate(steps)
    ]  # fmt: skip
    frame = pd.DataFrame(rows)
    return from_frame(frame if starts else frame.drop(columns="start"), tables=tables)


def check(activity, hours, result="通过", stage=None):
    return activity, hours, result, stage


# Of 40 cases all reach the long check, which knocks out 4; of the 36 left the short one knocks out 18.
COSTLY_FIRST = (
    [[check("长审", 2, "不同意")]] * 4
    + [[check("长审", 2), check("短查", 1, "不予许可")]] * 18
    + [[check("长审", 2), check("短查", 1), check("发证", 1, None)]] * 18
)


def test_effort_per_knock_out_on_paper():
    found = knock_out_order(log_of(COSTLY_FIRST))
    table = found.table.set_index("activity")
    assert table.loc["长审", ["cases", "knocked_out", "p", "mean_h"]].tolist() == pytest.approx([40, 4, 0.1, 2.0])
    assert table.loc["短查", ["cases", "knocked_out", "p", "mean_h"]].tolist() == pytest.approx([36, 18, 0.5, 1.0])
    assert table["effort_per_knockout_h"].to_dict() == pytest.approx({"长审": 20.0, "短查": 2.0})
    assert table["position_now"].to_dict() == {"长审": 1, "短查": 2}
    assert table["position_best"].to_dict() == {"长审": 2, "短查": 1}
    # Now 2 + 0.9 * 1 hours a case, then 1 + 0.5 * 2.
    (chain,) = found.chains.to_dict("records")
    assert (chain["cost_now_h"], chain["cost_best_h"], chain["cases"]) == (pytest.approx(2.9), pytest.approx(2.0), 40)
    assert found.saved_h == pytest.approx(0.9 * 40)
    assert (found.basis, found.time_kind, found.exact) == ("result", "processing", True)
    # Nobody prescribes that the long one comes first; every case does it.
    assert found.habits[["before", "after", "cases", "share", "kept"]].values.tolist() == [
        ["长审", "短查", 36, 1.0, False]
    ]
    assert "长审" in found._repr_html_()


def test_a_producer_stays_before_what_needs_it():
    found = knock_out_order(log_of(COSTLY_FIRST), before=[("长审", "编号"), ("编号", "短查")])
    assert found.table["position_best"].tolist() == [1, 2]
    assert found.saved_h == 0
    assert found.constraints.values.tolist() == [["长审", "短查", "caller"]]
    assert found.habits.empty
    steps = pd.DataFrame({"item_code": "A", "seq": [1.0, 2.0], "name": ["长审", "短查"]})
    told = knock_out_order(log_of(COSTLY_FIRST), catalogue=Catalogue(item_steps=steps))
    assert told.constraints.values.tolist() == [["长审", "短查", "item_steps"]]
    # What the caller says outweighs the guide.
    own = knock_out_order(log_of(COSTLY_FIRST), catalogue=Catalogue(item_steps=steps), before=[("短查", "长审")])
    assert own.table["position_best"].tolist() == [2, 1]
    with pytest.raises(UsageError, match="contradict"):
        knock_out_order(log_of(COSTLY_FIRST), before=[("长审", "短查"), ("短查", "长审")])


def test_a_decision_is_no_check_to_be_moved_forward():
    cases = [[check("审查", 2, "不同意", "review")]] * 5
    cases += [[check("审查", 2, "通过", "review"), check("决定", 0.5, "不予许可", "decide")]] * 20
    cases += [[check("审查", 2, "通过", "review"), check("决定", 0.5, "准予许可", "decide")]] * 20
    found = knock_out_order(log_of(cases))
    assert found.constraints.values.tolist() == [["审查", "决定", "stage"]]
    assert found.table.set_index("activity")["position_best"].to_dict() == {"审查": 1, "决定": 2}


def test_who_confirms_an_earlier_no_knocks_out_nobody():
    cases = [[check("审查", 1, "不同意"), check("决定", 1, "不予许可")]] * 10 + [
        [check("审查", 1), check("决定", 1)]
    ] * 30
    table = knock_out_order(log_of(cases)).table
    assert table[["activity", "knocked_out"]].values.tolist() == [["审查", 10]]


def test_a_no_that_is_overcome_knocks_out_nobody():
    again = [[check("审查", 1, "不同意"), check("审查", 1, "通过")]] * 40
    found = knock_out_order(log_of(again))
    assert found.table.empty
    granted = pd.DataFrame({"case_id": [f"c{k:03}" for k in range(40)], "result": ["准予许可"] * 40})
    refused = granted.assign(result="不予许可")
    no = [[check("审查", 1, "不同意")]] * 40
    assert knock_out_order(log_of(no, tables={"cases": granted})).table.empty
    assert knock_out_order(log_of(no, tables={"cases": refused})).table["knocked_out"].tolist() == [40]


def test_words_for_no_are_the_callers_if_he_gives_them():
    cases = [[check("核验", 1, "黄色")]] * 12 + [[check("核验", 1, "绿色")]] * 30
    assert knock_out_order(log_of(cases)).basis is None
    for negative in (["黄色"], "黄色", {"核验": ["黄色"]}):
        assert knock_out_order(log_of(cases), negative=negative).table["knocked_out"].tolist() == [12]
    assert knock_out_order(log_of(cases), negative={"别的": ["黄色"]}).table.empty


@pytest.mark.parametrize(
    "word", ["不予受理", "不予许可", "退件", "不同意", "拒绝", "Rejected", "denied", "A_DECLINED".replace("A_", "")]
)
def test_usual_words_for_no(word):
    cases = [[check("核验", 1, word)]] * 12 + [[check("核验", 1, "通过")]] * 30
    assert knock_out_order(log_of(cases)).table["knocked_out"].tolist() == [12]


def test_without_results_the_step_before_one_that_says_no():
    cases = [[check("初审", 1, None), check("不予受理", 1, None)]] * 12
    cases += [[check("初审", 1, None), check("决定", 1, None)]] * 30
    found = knock_out_order(log_of(cases))
    assert found.basis == "activity"
    assert found.table[["activity", "cases", "knocked_out"]].values.tolist() == [["初审", 42, 12]]
    assert any("name says no" in note for note in found.notes)


def test_without_starts_the_hours_are_called_handover():
    found = knock_out_order(log_of(COSTLY_FIRST, starts=False))
    assert found.time_kind == "handover"
    assert any("handover" in note or "waiting and work" in note for note in found.notes)
    # From Monday at eleven to Tuesday at ten: 5 hours of Monday and one of Tuesday.
    assert found.table.set_index("activity").loc["短查", "mean_h"] == pytest.approx(6.0)


def test_checks_of_different_items_are_no_chain():
    cases = [[check("甲审", 1, "不同意")]] * 10 + [[check("甲审", 1)]] * 30
    cases += [[check("乙审", 2, "不同意")]] * 10 + [[check("乙审", 2)]] * 30
    found = knock_out_order(log_of(cases))
    assert found.table[["chain", "position_now", "position_best"]].values.tolist() == [[1, 1, 1], [2, 1, 1]]
    assert found.saved_h == 0


def test_few_cases_are_named_not_judged():
    found = knock_out_order(log_of(COSTLY_FIRST), min_cases=38)
    assert found.table["activity"].tolist() == ["长审"]
    assert found.left_out == ("短查",)


def test_bad_logs():
    one = from_frame(pd.DataFrame({"case_id": list("abc"), "activity": list("xyz"), "end": [MONDAY] * 3}))
    found = knock_out_order(one)
    assert found.table.empty
    assert found.chains.empty
    assert len(found.notes) == 1
    assert "<table>" in found._repr_html_()
    tied = log_of(COSTLY_FIRST).to_pandas().assign(start=MONDAY, end=MONDAY)
    assert (knock_out_order(from_frame(tied)).table["mean_h"] == 0).all()


CHECKS = st.lists(st.tuples(st.floats(0.1, 50), st.floats(0.01, 0.95)), min_size=1, max_size=6)


@settings(deadline=None, max_examples=60)
@given(CHECKS, st.data())
def test_the_best_order_is_the_best_of_all_permutations(checks, data):
    cost, p = (list(column) for column in zip(*checks, strict=True))
    n = len(checks)
    rank = data.draw(st.permutations(range(n)))
    pairs = [(a, b) for a in range(n) for b in range(n) if rank[a] < rank[b]]
    before = data.draw(st.lists(st.sampled_from(pairs), max_size=5)) if pairs else []
    allowed = [o for o in itertools.permutations(range(n)) if all(o.index(a) < o.index(b) for a, b in before)]
    order, exact = best_order(cost, p, before)
    assert exact
    assert tuple(order) in allowed
    assert expected_cost(cost, p, order) == pytest.approx(min(expected_cost(cost, p, o) for o in allowed))


def test_expected_cost_is_what_cases_pay_on_average():
    rng = np.random.default_rng(5)
    cost, p = np.array([3.0, 1.0, 2.0]), np.array([0.2, 0.5, 0.1])
    out = rng.random((200_000, 3)) < p
    order = [2, 0, 1]
    alive, paid = np.ones(len(out), bool), np.zeros(len(out))
    for k in order:
        paid[alive] += cost[k]
        alive &= ~out[:, k]
    half = 3.3 * paid.std() / np.sqrt(len(paid))
    assert half < 0.02
    assert expected_cost(cost, p, order) == pytest.approx(paid.mean(), abs=half)


def test_more_checks_than_can_be_searched_keep_their_constraints():
    n = 20
    rng = np.random.default_rng(1)
    order, exact = best_order(rng.uniform(1, 9, n), rng.uniform(0.1, 0.9, n), [(k, k + 1) for k in range(n - 1)])
    assert not exact
    assert order == list(range(n))


def test_sample_only_the_food_decision_refuses():
    """26 refusals are in the sample, all by 食品许可决定; 退回 and 补正 are loops, not ends."""
    table = knock_out_order(load_sample("restaurant")).table
    assert table[["activity", "knocked_out"]].values.tolist() == [["食品许可决定", 26]]
