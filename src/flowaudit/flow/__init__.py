"""The as-is picture: directly-follows, enablement, variants, concurrency, and a discovered model."""

from flowaudit.flow.bpmn import to_bpmn
from flowaudit.flow.concurrency import concurrency
from flowaudit.flow.discover import END, START, AsIs, discover
from flowaudit.flow.edges import (
    directly_follows,
    enabler_edges,
    end_activities,
    handover,
    start_activities,
    tied_share,
)
from flowaudit.flow.enablement import Enablement, enablement
from flowaudit.flow.model import Tree, discover_tree
from flowaudit.flow.replay import ReplayFitness, replay_fitness
from flowaudit.flow.variants import variant_codes, variants

__all__ = [
    "END",
    "START",
    "AsIs",
    "Enablement",
    "ReplayFitness",
    "Tree",
    "concurrency",
    "directly_follows",
    "discover",
    "discover_tree",
    "enablement",
    "enabler_edges",
    "end_activities",
    "handover",
    "replay_fitness",
    "start_activities",
    "tied_share",
    "to_bpmn",
    "variant_codes",
    "variants",
]
