"""The as-is picture: directly-follows, enablement, variants, concurrency, and a discovered model."""

from flowaudit.flow.accounts import Accounts, accounts
from flowaudit.flow.batches import Batches, find_batches, habits
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
from flowaudit.flow.enablement import Enablement, concurrency_table, enablement
from flowaudit.flow.model import Tree, discover_tree
from flowaudit.flow.replay import ReplayFitness, replay_fitness
from flowaudit.flow.spectrum import Spectrum, spectra, spectrum
from flowaudit.flow.starts import estimate_starts
from flowaudit.flow.variants import variant_codes, variants

__all__ = [
    "END",
    "START",
    "Accounts",
    "AsIs",
    "Batches",
    "Enablement",
    "ReplayFitness",
    "Spectrum",
    "Tree",
    "accounts",
    "concurrency",
    "concurrency_table",
    "directly_follows",
    "discover",
    "discover_tree",
    "enablement",
    "enabler_edges",
    "end_activities",
    "estimate_starts",
    "find_batches",
    "habits",
    "handover",
    "replay_fitness",
    "spectra",
    "spectrum",
    "start_activities",
    "tied_share",
    "to_bpmn",
    "variant_codes",
    "variants",
]
