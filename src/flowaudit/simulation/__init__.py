"""Run a process: every replication is an event log; fidelity says how far to trust it."""

from flowaudit.simulation.distances import Distances, distances
from flowaudit.simulation.fidelity import fidelity
from flowaudit.simulation.runs import Run, Runs
from flowaudit.simulation.simulate import simulate

__all__ = ["Distances", "Run", "Runs", "distances", "fidelity", "simulate"]
