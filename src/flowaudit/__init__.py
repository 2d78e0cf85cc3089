"""flowaudit: from an approval log to a plan for redesigning the process (一件事一次办).

The names below are grouped by the question they answer. Everything is loaded on first use: ``import flowaudit`` itself
costs next to nothing.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flowaudit.catalogue import Catalogue, apply_merges, lint, propose_merges, read_catalogue
    from flowaudit.delivery import deliver
    from flowaudit.diagnosis import (
        RULES,
        Finding,
        Findings,
        Waiting,
        bottlenecks,
        compare_peers,
        critical_path,
        diagnose,
        drift,
        explain,
        handover_network,
        knock_out_order,
        lagging,
        synchronisation,
        waiting_causes,
    )
    from flowaudit.documents import Plan, plan
    from flowaudit.errors import FlowAuditError
    from flowaudit.eventlog import (
        EventLog,
        ObjectLog,
        Quality,
        build_store,
        check,
        clean,
        flatten,
        load_sample,
        officer_map,
        open_log,
        read_csv,
        read_excel,
        read_folder,
        read_frame,
        read_log,
        read_mapping,
        read_ocel,
        read_parquet,
        read_xes,
        select,
        source_rows,
        write_csv,
        write_log,
        write_mapping,
        write_ocel,
        write_officer_map,
        write_parquet,
        write_xes,
    )
    from flowaudit.flow import (
        AsIs,
        directly_follows,
        discover,
        estimate_starts,
        replay_fitness,
        spectra,
        spectrum,
        variants,
    )
    from flowaudit.metrics import (
        CountingRule,
        Figure,
        FourReductions,
        Reduction,
        Standardised,
        Tariffs,
        approval_levels,
        bundle_clocks,
        bundle_time,
        burden,
        clock_problems,
        clocks,
        cycle_time,
        exemptions,
        four_by,
        four_reductions,
        guide_figures,
        handovers,
        measure_problems,
        queue_curves,
        read_tariffs,
        rework,
        stage_times,
        standardise,
        time_by,
        time_summary,
        work_in_progress,
    )
    from flowaudit.planning import (
        Attribution,
        Coalitions,
        Search,
        promise,
        recommend,
        robust,
        search,
        shapley,
        smallest_staffing,
        uncertainty,
        waterfall,
    )
    from flowaudit.process import Process, fit_process, read_bpmn, write_bpmn
    from flowaudit.redesign import MEASURES, Candidates, Scenario, diff, suggest
    from flowaudit.simulation import (
        Forecast,
        Runs,
        bracket,
        fidelity,
        forecast,
        simulate,
        simulate_until_precise,
        summarise,
    )
    from flowaudit.study import Study, StudySettings, study
    from flowaudit.targets import Effects, Target, Verdict, compare, evaluate, read_targets
    from flowaudit.views import draw, what_if
    from flowaudit.worktime import Calendar, Limit, OfficeHours, load_calendar, read_office_hours

__version__ = "0.1.0"

_QUESTIONS = {
    # What happened?
    "eventlog": (
        "EventLog", "ObjectLog", "Quality", "build_store", "check", "clean", "flatten", "load_sample",
        "officer_map", "open_log", "read_csv", "read_excel", "read_folder", "read_frame", "read_log",
        "read_mapping", "read_ocel", "read_parquet", "read_xes", "select", "source_rows", "write_csv", "write_log",
        "write_mapping", "write_ocel", "write_officer_map", "write_parquet", "write_xes",
    ),
    # What do the rules say, and when do offices work?
    "catalogue": ("Catalogue", "apply_merges", "lint", "propose_merges", "read_catalogue"),
    "worktime": ("Calendar", "Limit", "OfficeHours", "load_calendar", "read_office_hours"),
    # How does it flow?
    "flow": (
        "AsIs", "directly_follows", "discover", "estimate_starts", "replay_fitness", "spectra", "spectrum", "variants",
    ),
    # How much: steps, time, materials, trips?
    "metrics": (
        "CountingRule", "Figure", "FourReductions", "Reduction", "Standardised", "Tariffs", "approval_levels",
        "bundle_clocks", "bundle_time", "burden", "clock_problems", "clocks", "cycle_time", "exemptions", "four_by",
        "four_reductions", "guide_figures", "handovers", "measure_problems", "queue_curves", "read_tariffs", "rework", "stage_times",
        "standardise", "time_by", "time_summary", "work_in_progress",
    ),
    # Why so much?
    "diagnosis": (
        "RULES", "Finding", "Findings", "Waiting", "bottlenecks", "compare_peers", "critical_path", "diagnose", "drift",
        "explain", "handover_network", "knock_out_order", "lagging", "synchronisation", "waiting_causes",
    ),
    # What if it were done otherwise, and what then?
    "process": ("Process", "fit_process", "read_bpmn", "write_bpmn"),
    "redesign": ("MEASURES", "Candidates", "Scenario", "diff", "suggest"),
    "simulation": (
        "Forecast", "Runs", "bracket", "fidelity", "forecast", "simulate", "simulate_until_precise", "summarise",
    ),
    # Is it good enough, which measures, and what can be promised?
    "targets": ("Effects", "Target", "Verdict", "compare", "evaluate", "read_targets"),
    "planning": (
        "Attribution", "Coalitions", "Search", "promise", "recommend", "robust", "search", "shapley", "smallest_staffing",
        "uncertainty", "waterfall",
    ),
    # How is it seen and said?
    "study": ("Study", "StudySettings", "study"),
    "views": ("draw", "what_if"),
    "documents": ("Plan", "plan"),
    "delivery": ("deliver",),
    "errors": ("FlowAuditError",),
}  # fmt: skip
_HOME = {name: room for room, names in _QUESTIONS.items() for name in names}

__all__ = [
    "MEASURES", "RULES", "AsIs", "Attribution", "Calendar", "Candidates", "Catalogue", "Coalitions", "CountingRule",
    "Effects", "EventLog", "Figure", "Finding", "Findings", "FlowAuditError", "Forecast", "FourReductions", "Limit",
    "ObjectLog", "OfficeHours", "Plan", "Process", "Quality", "Reduction", "Runs", "Scenario", "Search",
    "Standardised", "Study", "StudySettings", "Target", "Tariffs", "Verdict", "Waiting", "__version__",
    "apply_merges", "approval_levels", "bottlenecks", "bracket", "build_store", "bundle_clocks", "bundle_time",
    "burden", "check", "clean", "clock_problems", "clocks", "compare", "compare_peers", "critical_path",
    "cycle_time", "deliver", "diagnose", "diff", "directly_follows", "discover", "draw", "drift", "estimate_starts",
    "evaluate", "exemptions", "explain", "fidelity", "fit_process", "flatten", "forecast", "four_by",
    "four_reductions", "guide_figures", "handover_network", "handovers", "knock_out_order", "lagging", "lint",
    "load_calendar", "load_sample", "measure_problems", "officer_map", "open_log", "plan", "promise",
    "propose_merges", "queue_curves", "read_bpmn", "read_catalogue", "read_csv", "read_excel", "read_folder",
    "read_frame", "read_log", "read_mapping", "read_ocel", "read_office_hours", "read_parquet", "read_targets",
    "read_tariffs", "read_xes", "recommend", "replay_fitness", "rework", "robust", "search", "select", "shapley",
    "simulate", "simulate_until_precise", "smallest_staffing", "source_rows", "spectra", "spectrum", "stage_times",
    "standardise", "study", "suggest", "summarise", "synchronisation", "time_by", "time_summary", "uncertainty",
    "variants", "waiting_causes", "waterfall", "what_if", "work_in_progress", "write_bpmn", "write_csv",
    "write_log", "write_mapping", "write_ocel", "write_officer_map", "write_parquet", "write_xes",
]  # fmt: skip


class _Package(ModuleType):
    """Keeps ``flowaudit.study`` the function: loading the file of that name would put the module in its place."""

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, ModuleType) and _HOME.get(name) == name:
            value = getattr(value, name, value)
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> Any:
    room = _HOME.get(name)
    if room is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{room}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
