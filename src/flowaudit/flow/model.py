"""A process tree by pm4py's inductive miner, fed with variants: its cost does not depend on the number of events."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections import Counter
from dataclasses import dataclass
from typing import Any

from flowaudit.messages import translate as _

MANY_VARIANTS = 50
NOISE = 0.2
MOST_ACTIVITIES = 40
MOST_VARIANTS = 2_000
RARE = 0.05


@dataclass(frozen=True)
class Tree:
    """A process tree.

    Attributes
    ----------
    operator : str
        ``sequence, xor, parallel, loop``; ``task`` and ``silent`` for leaves.
    label : str
        Of a task.
    children : tuple of Tree
    """

    operator: str
    label: str = ""
    children: tuple[Tree, ...] = ()

    def __str__(self) -> str:
        if self.operator == "task":
            return f"'{self.label}'"
        if self.operator == "silent":
            return "τ"
        signs = {"sequence": "→", "xor": "×", "parallel": "∧", "loop": "↻"}
        return f"{signs[self.operator]}({', '.join(map(str, self.children))})"


def discover_tree(variants: Counter[tuple[str, ...]]) -> tuple[Tree, list[str]]:
    """Discover a process tree from variants with their weights.

    Returns
    -------
    Tree
    list of str
        What was left out or filtered, for people.

    Notes
    -----
    Up to 50 variants: inductive miner (fits every trace). Above: IMf with noise threshold 0.2 and without the rarest
    variants (together at most 5 % of the cases; equally rare ones stay or go together), so that rare detours do not
    turn the model into "anything may happen": IMf alone filters only where it finds no cut, and enough different
    detours make one. Logs with more than 40 activities are projected on the 40 most frequent ones.

    References
    ----------
    Leemans, Fahland, van der Aalst. Discovering block-structured process models, PETRI NETS 2013; BPM workshops 2013.
    """
    notes = []
    weight: Counter[str] = Counter()
    for variant, n in variants.items():
        for activity in variant:
            weight[activity] += n
    if len(weight) > MOST_ACTIVITIES:
        kept = {a for a, _n in sorted(weight.items(), key=lambda item: (-item[1], item[0]))[:MOST_ACTIVITIES]}
        projected: Counter[tuple[str, ...]] = Counter()
        for variant, n in variants.items():
            projected[tuple(a for a in variant if a in kept)] += n
        variants = projected
        notes.append(_("the model shows the {n} most frequent of {all} activities", n=MOST_ACTIVITIES, all=len(weight)))
    noisy = len(variants) > MANY_VARIANTS
    common = _without_rare(variants) if noisy else variants
    if len(common) > MOST_VARIANTS:
        common = Counter(dict(sorted(common.items(), key=lambda item: (-item[1], item[0]))[:MOST_VARIANTS]))
    if len(common) < len(variants):
        notes.append(
            _(
                "the model rests on the {n} most frequent variants, {share:.0%} of the cases",
                n=len(common),
                share=sum(common.values()) / sum(variants.values()),
            )
        )
    if noisy:
        notes.append(
            _("rare detours are left out of the model (inductive miner infrequent, noise threshold {n})", n=NOISE)
        )
    return _mine(common, noise=NOISE if noisy else 0.0), notes


def _without_rare(variants: Counter[tuple[str, ...]]) -> Counter[tuple[str, ...]]:
    """Leave out the rarest variants, as many as hold at most ``RARE`` of the cases, never one of two equally rare."""
    spare = RARE * sum(variants.values())
    least = 0
    for size, n in sorted(Counter(variants.values()).items()):
        spare -= size * n
        if spare < 0:
            break
        least = size
    return Counter({variant: size for variant, size in variants.items() if size > least})


def _mine(variants: Counter[tuple[str, ...]], *, noise: float) -> Tree:
    # pm4py greets on import and warns of its own deprecations; neither is the reader's business.
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pm4py.algo.discovery.inductive.dtypes.im_ds import IMDataStructureUVCL
        from pm4py.algo.discovery.inductive.variants.im import IMUVCL
        from pm4py.algo.discovery.inductive.variants.imf import IMFUVCL, IMFParameters
        from pm4py.objects.process_tree.utils.generic import reduce_tau_leafs

        structure = IMDataStructureUVCL(variants)
        if noise > 0:
            found = IMFUVCL({}).apply(structure, {IMFParameters.NOISE_THRESHOLD: noise})
        else:
            found = IMUVCL({}).apply(structure, {})
        return _tree(reduce_tau_leafs(found))


def _tree(node: Any) -> Tree:
    if node.operator is None:
        return Tree("silent") if node.label is None else Tree("task", str(node.label))
    names = {"->": "sequence", "X": "xor", "+": "parallel", "*": "loop", "O": "xor", "<>": "parallel"}
    return Tree(names[str(node.operator.value)], "", tuple(_tree(child) for child in node.children))
