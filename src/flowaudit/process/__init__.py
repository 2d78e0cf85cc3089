"""The model a simulator runs, fitted to a log or read from a BPMN file: routing, delays, work, people, arrivals."""

from flowaudit.process.bpmn import bpmn_problems, parameter_schema, read_bpmn, write_bpmn
from flowaudit.process.clock import Profile, Timeline, always, weekly
from flowaudit.process.fit import fit_process
from flowaudit.process.model import (
    BANDS,
    WHOLE,
    Arrivals,
    Batch,
    Branch,
    Contention,
    Episode,
    Identifiable,
    MaterialUse,
    Node,
    OpenCase,
    Performer,
    Pool,
    Process,
    Resource,
    Routing,
    Step,
    Template,
    Trip,
)
from flowaudit.process.problems import problems, utilisation, validate
from flowaudit.process.quantiles import GRID, band_means, family, mean
from flowaudit.process.saved import digest, schema

__all__ = [
    "BANDS", "GRID", "WHOLE",
    "Arrivals", "Batch", "Branch", "Contention", "Episode", "Identifiable", "MaterialUse", "Node", "OpenCase", "Performer",
    "Pool", "Process", "Profile", "Resource", "Routing", "Step", "Template", "Timeline", "Trip",
    "always", "band_means", "bpmn_problems", "digest", "family", "fit_process", "mean", "parameter_schema", "problems", "read_bpmn", "schema", "utilisation", "validate", "weekly", "write_bpmn",
]  # fmt: skip
