"""The reform measures flowaudit can simulate, one file each."""

from flowaudit.redesign.measure import Measure
from flowaudit.redesign.measures.m01_merge_steps import MergeSteps
from flowaudit.redesign.measures.m02_limit_levels import LimitLevels
from flowaudit.redesign.measures.m03_case_worker import CaseWorker
from flowaudit.redesign.measures.m04_parallelise import Parallelise
from flowaudit.redesign.measures.m05_one_window import OneWindow
from flowaudit.redesign.measures.m06_one_form import OneForm
from flowaudit.redesign.measures.m07_use_e_licence import UseELicence
from flowaudit.redesign.measures.m08_reuse_material import ReuseMaterial
from flowaudit.redesign.measures.m09_notify_once import NotifyOnce
from flowaudit.redesign.measures.m10_precheck import Precheck
from flowaudit.redesign.measures.m11_decide_automatically import DecideAutomatically
from flowaudit.redesign.measures.m12_commit import Commit
from flowaudit.redesign.measures.m13_tolerate_missing import TolerateMissing
from flowaudit.redesign.measures.m14_inspect_together import InspectTogether
from flowaudit.redesign.measures.m15_serve_early import ServeEarly
from flowaudit.redesign.measures.m16_drop_prerequisite import DropPrerequisite
from flowaudit.redesign.measures.m17_issue_together import IssueTogether
from flowaudit.redesign.measures.m18_shorten_promise import ShortenPromise
from flowaudit.redesign.measures.m19_staff import Staff
from flowaudit.redesign.measures.m20_agree_by_silence import AgreeBySilence
from flowaudit.redesign.measures.m21_delegate import Delegate
from flowaudit.redesign.measures.m22_go_online import GoOnline
from flowaudit.redesign.measures.m23_any_window import AnyWindow
from flowaudit.redesign.measures.m24_handle_daily import HandleDaily
from flowaudit.redesign.measures.m25_triage import Triage

MEASURES: dict[str, type[Measure]] = {m.id: m for m in (
    MergeSteps, LimitLevels, CaseWorker, Parallelise, OneWindow, OneForm, UseELicence, ReuseMaterial, NotifyOnce,
    Precheck, DecideAutomatically, Commit, TolerateMissing, InspectTogether, ServeEarly, DropPrerequisite,
    IssueTogether, ShortenPromise, Staff, AgreeBySilence, Delegate, GoOnline, AnyWindow, HandleDaily, Triage,
)}  # fmt: skip

__all__ = [
    "MEASURES", "AgreeBySilence", "AnyWindow", "CaseWorker", "Commit", "DecideAutomatically", "Delegate",
    "DropPrerequisite", "GoOnline", "HandleDaily", "InspectTogether", "IssueTogether", "LimitLevels", "MergeSteps",
    "NotifyOnce", "OneForm", "OneWindow", "Parallelise", "Precheck", "ReuseMaterial", "ServeEarly", "ShortenPromise",
    "Staff", "TolerateMissing", "Triage", "UseELicence",
]  # fmt: skip
