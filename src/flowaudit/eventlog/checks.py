"""The checks of a log's quality and their wording: what is seen, what it distorts, what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from flowaudit.messages import Language
from flowaudit.messages import translate as _

Severity = Literal["error", "warning", "info"]


class Wording(NamedTuple):
    """What people read about one problem."""

    name: str
    distorts: str
    action: str


SEVERITIES: Mapping[str, Severity] = {
    "end_before_start": "error",
    "future": "error",
    "accept_before_apply": "error",
    "decide_before_accept": "error",
    "no_time": "error",
    "duplicates": "warning",
    "midnight": "warning",
    "ties": "warning",
    "filled_end": "warning",
    "no_start": "info",
    "single_time": "info",
    "missing_end": "warning",
    "missing_start": "info",
    "no_resource": "warning",
    "missing_resource": "info",
    "no_department": "warning",
    "missing_department": "warning",
    "placeholders": "info",
    "nonworking": "info",
    "single_event": "info",
    "after_the_fact": "warning",
    "same_officer": "info",
    "open_cases": "info",
    "void_cases": "info",
    "mixed_units": "info",
    "unknown_stages": "warning",
    "unknown_items": "warning",
    "unused_items": "info",
    "case_attribute_varies": "warning",
    "personal_numbers_masked": "info",
    "transitions_left_out": "info",
    "start_without_complete": "warning",
    "complete_without_start": "warning",
    "unnamed_traces": "warning",
    "traces_of_one_name": "warning",
    "cases_without_events": "info",
    "events_outside_traces": "warning",
}


def wording(problem: Mapping[str, Any], lang: Language | None = None) -> Wording:
    """Return what people read about a problem, in a language."""
    told = {"column": problem.get("column", ""), "calendar": problem.get("calendar", "")}
    match problem["check"]:
        case "end_before_start":
            return Wording(
                _("end before start", lang=lang),
                _("processing time", lang=lang),
                _("correct the stamps at their source; these rows are not measured", lang=lang),
            )
        case "future":
            return Wording(
                _("stamps in the future", lang=lang),
                _("the period and open cases", lang=lang),
                _("correct the stamps at their source", lang=lang),
            )
        case "accept_before_apply":
            return Wording(
                _("acceptance before application", lang=lang),
                _("time before acceptance", lang=lang),
                _("correct the stamps at their source", lang=lang),
            )
        case "decide_before_accept":
            return Wording(
                _("decision before acceptance", lang=lang),
                _("the official clock", lang=lang),
                _("correct the stamps at their source", lang=lang),
            )
        case "no_time":
            return Wording(
                _("rows without any time (left out)", lang=lang),
                _("steps and rework", lang=lang),
                _("export the times", lang=lang),
            )
        case "duplicates":
            return Wording(
                _("rows recorded twice", lang=lang),
                _("steps and rework", lang=lang),
                _("keep the latest version of a record when exporting", lang=lang),
            )
        case "midnight":
            return Wording(
                _("stamps at midnight: a date without a time", lang=lang),
                _("times below a day, and the order within a day", lang=lang),
                _("do not read hours from these stamps; export the times if the system has them", lang=lang),
            )
        case "ties":
            return Wording(
                _("events with the same stamp as the one before in their case", lang=lang),
                _("the order of steps, and what waited for what", lang=lang),
                _("ties keep the order of the file; export finer stamps if the system has them", lang=lang),
            )
        case "filled_end":
            return Wording(
                _("end equal to start: the end is unknown, not instant", lang=lang),
                _("processing time", lang=lang),
                _(
                    "these are not read as zero duration; ask whether the export fills missing ends with the start",
                    lang=lang,
                ),
            )
        case "no_start":
            return Wording(
                _("start times are not recorded", lang=lang),
                _("waiting and processing time cannot be told apart", lang=lang),
                _(
                    "only handover time is reported and staffing measures are refused; export start times if the system has them",
                    lang=lang,
                ),
            )
        case "single_time":
            return Wording(
                _("only one time per event is recorded", lang=lang),
                _("waiting and processing time cannot be told apart", lang=lang),
                _("export both start and end if the system has them", lang=lang),
            )
        case "missing_end":
            return Wording(
                _("events without an end", lang=lang),
                _("processing time and the following wait", lang=lang),
                _("check whether these steps are open", lang=lang),
            )
        case "missing_start":
            return Wording(
                _("events without a start", lang=lang),
                _("waiting time", lang=lang),
                _("export the start times of all steps", lang=lang),
            )
        case "no_resource":
            return Wording(
                _("no resource recorded", lang=lang),
                _("workload, staffing and levels", lang=lang),
                _("export who handled each step", lang=lang),
            )
        case "missing_resource":
            return Wording(
                _("events without a resource", lang=lang),
                _("workload and levels", lang=lang),
                _("export who handled each step", lang=lang),
            )
        case "no_department":
            return Wording(
                _("no department recorded", lang=lang),
                _("handovers between departments", lang=lang),
                _("name the column in department_from of the mapping file", lang=lang),
            )
        case "missing_department":
            return Wording(
                _("events without a department", lang=lang),
                _("handovers between departments", lang=lang),
                _("complete the department at its source", lang=lang),
            )
        case "placeholders":
            return Wording(
                _("values that stand for unknown in '{column}'", lang=lang, column=told["column"]),
                _("they are shown as if they were names", lang=lang),
                _('give them a name, or "" for unknown, under [departments] of the mapping file', lang=lang),
            )
        case "nonworking":
            return Wording(
                _("stamps on days off in the calendar '{calendar}'", lang=lang, calendar=told["calendar"]),
                _("working time and utilisation", lang=lang),
                _("check the calendar, and whether these stamps are made by a system", lang=lang),
            )
        case "single_event":
            return Wording(
                _("cases with a single event", lang=lang),
                _("cycle time (zero)", lang=lang),
                _("check whether the export is complete", lang=lang),
            )
        case "after_the_fact":
            return Wording(
                _("cases with all events within ten minutes", lang=lang),
                _("every time of these cases", lang=lang),
                _("check whether they were typed in afterwards", lang=lang),
            )
        case "same_officer":
            return Wording(
                _("one officer at two steps of a case within seconds", lang=lang),
                _("processing time and levels", lang=lang),
                _("check whether steps were filled in together", lang=lang),
            )
        case "open_cases":
            return Wording(
                _("cases not finished at the end of the log", lang=lang),
                _("cycle times (too short)", lang=lang),
                _("measures of whole cases leave them out; their number is reported", lang=lang),
            )
        case "void_cases":
            return Wording(
                _("void or deleted cases", lang=lang),
                _("steps and times of regular cases", lang=lang),
                _("leave them out of the export, or report them apart", lang=lang),
            )
        case "mixed_units":
            return Wording(
                _("promised limits in several units", lang=lang),
                _("comparison of limits", lang=lang),
                _("convert them to working days", lang=lang),
            )
        case "unknown_stages":
            return Wording(
                _("activities without a known stage", lang=lang),
                _("steps by policy A and B", lang=lang),
                _("assign them under [stages] of the mapping file", lang=lang),
            )
        case "unknown_items":
            return Wording(
                _("items of the log that the catalogue lacks", lang=lang),
                _("materials and limits of these items", lang=lang),
                _("complete items.csv", lang=lang),
            )
        case "unused_items":
            return Wording(
                _("items of the catalogue that the log lacks", lang=lang),
                _("nothing measured", lang=lang),
                _("check the export's scope", lang=lang),
            )
        case "case_attribute_varies":
            return Wording(
                _("'{column}' differs within a case; the first value is kept", lang=lang, column=told["column"]),
                _("what is grouped by it", lang=lang),
                _("check whether the column describes the event", lang=lang),
            )
        case "personal_numbers_masked":
            return Wording(
                _("identity or telephone numbers masked in '{column}'", lang=lang, column=told["column"]),
                _("nothing", lang=lang),
                _("leave the column out of the export", lang=lang),
            )
        case "transitions_left_out":
            return Wording(
                _("lifecycle transitions other than start and complete (left out)", lang=lang),
                _("time spent suspended", lang=lang),
                _('set lifecycle = "ignore" in the mapping file to keep them as events', lang=lang),
            )
        case "start_without_complete":
            return Wording(
                _("starts without a complete", lang=lang),
                _("processing time", lang=lang),
                _("check whether these steps are open", lang=lang),
            )
        case "complete_without_start":
            return Wording(
                _("completes without a start", lang=lang),
                _("waiting time", lang=lang),
                _("export all transitions", lang=lang),
            )
        case "unnamed_traces":
            return Wording(
                _("traces without a name (numbered)", lang=lang),
                _("evidence by case", lang=lang),
                _("export the case ids", lang=lang),
            )
        case "traces_of_one_name":
            return Wording(
                _("traces that share a name (read as one case)", lang=lang),
                _("cycle time and rework", lang=lang),
                _("export distinct case ids", lang=lang),
            )
        case "cases_without_events":
            return Wording(
                _("cases without an event", lang=lang),
                _("the number of cases", lang=lang),
                _("check whether the export is complete", lang=lang),
            )
        case "events_outside_traces":
            return Wording(
                _("events outside any trace (not read)", lang=lang),
                _("steps", lang=lang),
                _("export them with their case", lang=lang),
            )
    raise KeyError(problem["check"])
