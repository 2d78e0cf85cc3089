"""Planted truth: approval logs whose waiting and wastes are known, because a SimPy office made them on purpose.

It shares no code with flowaudit's own simulation, and it asks flowaudit for nothing but to hold the tables.
"""

from planted.causes import CAUSES, SCENARIOS, Office, waiting_scenario
from planted.noise import NOISES, noisy
from planted.office import World, clean_world
from planted.wastes import WASTES, Planted, Truth, Waste, combined, plant

__all__ = [
    "CAUSES",
    "NOISES",
    "SCENARIOS",
    "WASTES",
    "Office",
    "Planted",
    "Truth",
    "Waste",
    "World",
    "clean_world",
    "combined",
    "noisy",
    "plant",
    "waiting_scenario",
]
