"""Replay of one case per variant, weighted, equals replay of the whole log."""

import contextlib
import io
import warnings

import pandas as pd
import pytest
from small_logs import log_of

from flowaudit.errors import InsufficientDataError
from flowaudit.eventlog import read_log, select_cases
from flowaudit.flow import Tree, discover, replay_fitness
from flowaudit.flow.replay import _process_tree


def task(label):
    return Tree("task", label)


ABC = Tree("sequence", "", (task("A"), task("B"), task("C")))


def test_a_log_that_fits():
    found = replay_fitness(log_of("ABC", "ABC"), ABC)
    assert (found.fitness, found.mean_case_fitness, found.fitting_share) == (1.0, 1.0, 1.0)
    assert (found.cases, found.variants) == (2, 1)


def test_a_skipped_activity_by_hand():
    """AC on A, B, C: C misses a token, and the one B waits for remains: 1 of 4 consumed, 1 of 4 produced."""
    found = replay_fitness(log_of("AC"), ABC)
    assert found.fitting_share == 0.0
    assert found.fitness == pytest.approx(0.5 * (1 - 1 / 3) + 0.5 * (1 - 1 / 3))


def test_cases_weigh_not_variants():
    """Three cases in four fit, though one variant in two does."""
    assert replay_fitness(log_of("ABC", "ABC", "ABC", "AC"), ABC).fitting_share == 0.75


def test_every_operator():
    loop = Tree("loop", "", (task("B"), Tree("silent")))
    model = Tree(
        "sequence", "", (task("A"), loop, Tree("xor", "", (task("C"), task("D"))), Tree("parallel", "", (task("E"), task("F"))))
    )  # fmt: skip
    assert replay_fitness(log_of("ABCEF", "ABBBDFE"), model).fitness == 1.0
    assert replay_fitness(log_of("ACDEF"), model).fitness < 1.0


def test_an_empty_log():
    log = log_of("A")
    empty = select_cases(log, pd.Series([False]).to_numpy(), "none")
    with pytest.raises(InsufficientDataError):
        replay_fitness(empty, task("A"))


@pytest.mark.real_logs
def test_equals_pm4py_on_the_whole_log(real_log):
    """Noise in the model makes the figures other than 1, so that the comparison says something."""
    log = read_log(real_log("receipt.xes.gz"))
    as_is = discover(log)
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pm4py

        frame = log.to_pandas(["case_id", "activity", "end"]).astype({"case_id": str, "activity": str})
        frame = pm4py.format_dataframe(frame, case_id="case_id", activity_key="activity", timestamp_key="end")
        net = pm4py.convert_to_petri_net(_process_tree(as_is.tree))
        theirs = pm4py.fitness_token_based_replay(frame, *net)
    found = replay_fitness(log, as_is)
    assert 0.5 < found.fitness < 1.0
    assert found.fitness == pytest.approx(theirs["log_fitness"], rel=1e-12)
    assert found.mean_case_fitness == pytest.approx(theirs["average_trace_fitness"], rel=1e-12)
    assert 100 * found.fitting_share == pytest.approx(theirs["perc_fit_traces"], rel=1e-12)
