"""How well a model explains a log: replay of one case per variant, weighted; its cost does not depend on the events."""

from __future__ import annotations

import contextlib
import io
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from flowaudit.errors import InsufficientDataError
from flowaudit.eventlog import EventLog, variant_table
from flowaudit.flow.discover import AsIs
from flowaudit.flow.model import Tree
from flowaudit.messages import translate as _


@dataclass(frozen=True)
class ReplayFitness:
    """How well a model replays a log.

    Attributes
    ----------
    fitness : float
        Of the log, 0 to 1: half for tokens that were not missing, half for tokens that did not remain.
    mean_case_fitness : float
        Mean over the cases of the same figure for one case.
    fitting_share : float
        Share of the cases the model replays without a missing or remaining token.
    cases, variants : int
        What was replayed.
    """

    fitness: float
    mean_case_fitness: float
    fitting_share: float
    cases: int
    variants: int


def replay_fitness(log: EventLog, model: AsIs | Tree) -> ReplayFitness:
    """Replay a log on a model by moving tokens, and say how well the model explains it.

    Parameters
    ----------
    log : EventLog
        Seen by the unit the model was discovered for.
    model : AsIs or Tree

    Returns
    -------
    ReplayFitness

    Raises
    ------
    InsufficientDataError
        If the log has no case.

    Notes
    -----
    Equal to pm4py's ``fitness_token_based_replay`` on the whole log (``log_fitness``, ``average_trace_fitness``, and
    ``perc_fit_traces`` as a share): replay depends on the order of activities alone. As there, activities the model
    does not know are passed over.

    References
    ----------
    Rozinat, van der Aalst. Conformance checking of processes based on monitoring real behavior. *Information Systems*
    33 (2008) 64-95.
    """
    table = variant_table(log)
    if not len(table.cases):
        raise InsufficientDataError(_("there is no case to replay."))
    labels = log.labels("activity")
    sequences = [[labels[code] for code in part.tolist()] for part in np.split(table.activity, table.ptr[1:-1])]
    found = _replayed(sequences, model.tree if isinstance(model, AsIs) else model)
    weight = table.cases
    missing, consumed, remaining, produced = (
        int(weight @ np.array([one[key] for one in found]))
        for key in ("missing_tokens", "consumed_tokens", "remaining_tokens", "produced_tokens")
    )
    cases = int(weight.sum())
    return ReplayFitness(
        0.5 * (1 - missing / consumed) + 0.5 * (1 - remaining / produced),
        float(weight @ np.array([one["trace_fitness"] for one in found])) / cases,
        int(weight @ np.array([one["trace_is_fit"] for one in found], np.int64)) / cases,
        cases,
        len(weight),
    )


def _replayed(sequences: list[list[str]], tree: Tree) -> list[dict[str, Any]]:
    # pm4py greets on import and warns of its own deprecations; neither is the reader's business.
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pm4py.algo.conformance.tokenreplay.variants import token_replay
        from pm4py.objects.conversion.process_tree.variants import to_petri_net
        from pm4py.objects.log.obj import Event, Trace
        from pm4py.objects.log.obj import EventLog as Traces

        net, initial, final = to_petri_net.apply(_process_tree(tree))
        name = "concept:name"
        traces = Traces(
            [
                Trace([Event({name: activity}) for activity in sequence], attributes={name: str(number)})
                for number, sequence in enumerate(sequences)
            ]
        )
        options = {
            token_replay.Parameters.SHOW_PROGRESS_BAR: False,
            token_replay.Parameters.CONSIDER_REMAINING_IN_FITNESS: True,
        }
        found: list[dict[str, Any]] = token_replay.apply(traces, net, initial, final, parameters=options)
    return found


def _process_tree(tree: Tree, parent: Any = None) -> Any:
    """Return a tree as pm4py's."""
    from pm4py.objects.process_tree.obj import Operator, ProcessTree

    operators = {
        "sequence": Operator.SEQUENCE, "xor": Operator.XOR, "parallel": Operator.PARALLEL, "loop": Operator.LOOP,
    }  # fmt: skip
    node = ProcessTree(operators.get(tree.operator), parent, label=tree.label if tree.operator == "task" else None)
    node.children = [_process_tree(child, node) for child in tree.children]
    return node
