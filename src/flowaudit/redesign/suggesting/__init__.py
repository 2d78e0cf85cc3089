"""Where candidate measures come from: one file for each part of an office, each naming its evidence."""

from flowaudit.redesign.suggesting.flow import adjacent, circles, inspections, levels, one_desk, parallel, silence
from flowaudit.redesign.suggesting.idea import Idea, Refusal
from flowaudit.redesign.suggesting.materials import (
    corrections,
    issuance,
    materials,
    one_form,
    one_window,
    online,
    tolerance,
)
from flowaudit.redesign.suggesting.people import any_window, batches, delegation, promises, staff, triage

SOURCES = (
    one_window, one_form, materials, corrections, tolerance, inspections, parallel, circles, one_desk, levels, adjacent, batches,
    silence, delegation, any_window, triage, issuance, online, promises, staff,
)  # fmt: skip
"""In the order in which the measures are best applied."""

__all__ = ["SOURCES", "Idea", "Refusal"]
