"""Hours that people state (office hours, working days), in the clocks that a process runs on."""

from __future__ import annotations

from flowaudit.process import Process, Profile

WEEKDAYS = 5
"""Working days of an ordinary week."""


def office_h_per_day(process: Process) -> float:
    """Return the office hours of an ordinary working day; of an office that never closes, 24."""
    rates = process.open_profile.rates
    return float(rates[:WEEKDAYS].sum() * 24.0 / rates.shape[1] / WEEKDAYS)


def delay_h(process: Process, clock: int, office_h: float) -> float:
    """Return how much a delay clock moves, on average, while ``office_h`` office hours pass."""
    return office_h * process.profiles[clock].hours_per_week() / process.open_profile.hours_per_week()


def wall_h(working_days: float) -> float:
    """Return the wall-clock hours that working days take on average over ordinary weeks."""
    return working_days * 7.0 / WEEKDAYS * 24.0


def days_worked(profile: Profile) -> int:
    """Return on how many weekdays (Monday to Friday) somebody works."""
    return int((profile.rates[:WEEKDAYS].sum(axis=1) > 0).sum())
