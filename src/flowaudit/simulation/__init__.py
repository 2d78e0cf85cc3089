"""Run a process: every replication is an event log; fidelity says how far to trust it."""

from flowaudit.simulation.bracket import Bracket, bracket, readings
from flowaudit.simulation.distances import Distances, distances
from flowaudit.simulation.fidelity import fidelity
from flowaudit.simulation.forecast import DateWhen, DoneBy, Forecast, forecast, require_open_cases
from flowaudit.simulation.intervals import summarise
from flowaudit.simulation.moments import evening, moment
from flowaudit.simulation.precision import Precision, simulate_until_precise
from flowaudit.simulation.runs import Run, Runs
from flowaudit.simulation.simulate import simulate

__all__ = [
    "Bracket", "DateWhen", "Distances", "DoneBy", "Forecast", "Precision", "Run", "Runs",
    "bracket", "distances", "evening", "fidelity", "forecast", "moment", "readings", "require_open_cases", "simulate", "simulate_until_precise", "summarise",
]  # fmt: skip
