"""The reform measures flowaudit can simulate, one file each."""

from flowaudit.redesign.measure import Measure
from flowaudit.redesign.measures.m01_merge_steps import MergeSteps
from flowaudit.redesign.measures.m02_limit_levels import LimitLevels
from flowaudit.redesign.measures.m04_parallelise import Parallelise
from flowaudit.redesign.measures.m05_one_window import OneWindow
from flowaudit.redesign.measures.m07_use_e_licence import UseELicence
from flowaudit.redesign.measures.m08_reuse_material import ReuseMaterial
from flowaudit.redesign.measures.m19_staff import Staff

MEASURES: dict[str, type[Measure]] = {
    m.id: m for m in (MergeSteps, LimitLevels, Parallelise, OneWindow, UseELicence, ReuseMaterial, Staff)
}

__all__ = [
    "MEASURES", "LimitLevels", "MergeSteps", "OneWindow", "Parallelise", "ReuseMaterial", "Staff", "UseELicence",
]  # fmt: skip
