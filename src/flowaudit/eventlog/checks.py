"""The checks of a log's quality as data: how bad, what is seen, what it distorts, what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from flowaudit.messages import Language, current_language, speaking
from flowaudit.messages import translate as _

Severity = Literal["error", "warning", "info"]
SHOWN = 5


class Wording(NamedTuple):
    """What people read about one problem."""

    name: str
    distorts: str
    action: str


class Check(NamedTuple):
    """One check: its severity, and its words in the current language, given what the problem tells."""

    severity: Severity
    words: Callable[[Mapping[str, Any], str], tuple[str, str, str]]


CHECKS: Mapping[str, Check] = {
    # What a row says
    "end_before_start": Check(
        "error",
        lambda told, column: (
            _("end before start"),
            _("processing time"),
            _(
                "correct the stamps at their source; these rows are not measured; clean(log, negative='swap') or negative='drop' repairs them"
            ),
        ),
    ),
    "future": Check(
        "error",
        lambda told, column: (
            _("stamps in the future"),
            _("the period and open cases"),
            _("correct the stamps at their source, or clean(log, period=(...)) leaves them out"),
        ),
    ),
    "no_time": Check(
        "error",
        lambda told, column: (_("rows without any time (left out)"), _("steps and rework"), _("export the times")),
    ),
    "duplicates": Check(
        "warning",
        lambda told, column: (
            _("rows recorded twice"),
            _("steps and rework"),
            _(
                "keep the latest version of a record when exporting; clean(log, drop_duplicates=True) leaves the copies out"
            ),
        ),
    ),
    "resent_versions": Check(
        "warning",
        lambda told, column: (
            _("records sent again with a higher data version"),
            _("steps and rework"),
            _("clean(log, keep_latest=True) keeps the highest version of each record"),
        ),
    ),
    "midnight": Check(
        "warning",
        lambda told, column: (
            _("stamps at midnight: a date without a time"),
            _("times below a day, and the order within a day"),
            _("do not read hours from these stamps; export the times if the system has them"),
        ),
    ),
    "ties": Check(
        "warning",
        lambda told, column: (
            _("events with the same stamp as the one before in their case"),
            _("the order of steps, and what waited for what"),
            _("ties keep the order of the file; export finer stamps if the system has them"),
        ),
    ),
    "filled_end": Check(
        "warning",
        lambda told, column: (
            _("end equal to start: the end is unknown, not instant"),
            _("processing time"),
            _(
                "these are not read as zero duration; if the export fills missing ends with the start, clean(log, zero_durations=True) makes them unknown"
            ),
        ),
    ),
    "no_start": Check(
        "info",
        lambda told, column: (
            _("start times are not recorded"),
            _("waiting and processing time cannot be told apart"),
            _(
                "only handover time is reported and staffing measures are refused; export start times if the system has them",
            ),
        ),
    ),
    "single_time": Check(
        "info",
        lambda told, column: (
            _("only one time per event is recorded"),
            _("waiting and processing time cannot be told apart"),
            _("export both start and end if the system has them"),
        ),
    ),
    "missing_end": Check(
        "warning",
        lambda told, column: (
            _("events without an end"),
            _("processing time and the following wait"),
            _("check whether these steps are open"),
        ),
    ),
    "missing_start": Check(
        "info",
        lambda told, column: (_("events without a start"), _("waiting time"), _("export the start times of all steps")),
    ),
    "nonworking": Check(
        "info",
        lambda told, column: (
            _("stamps on days off in the calendar '{calendar}'", calendar=told.get("calendar", "")),
            _("working time and utilisation"),
            _("check the calendar, and whether these stamps are made by a system"),
        ),
    ),
    "dst_gap": Check(
        "warning",
        lambda told, column: (
            _("stamps in an hour that was skipped for summer time in {zone}", zone=told.get("zone", "")),
            _("times around that hour"),
            _("check the zone of the stamps"),
        ),
    ),
    "mixed_offsets": Check(
        "warning",
        lambda told, column: (
            _("stamps with UTC offsets more than an hour apart; the wall clock written is kept"),
            _("the order of steps and every time between them"),
            _("say timezone in the mapping file: all stamps are then converted to it"),
        ),
    ),
    "mixed_zones": Check(
        "warning",
        lambda told, column: (
            _("stamps without an offset among others that carry one in '{column}'", column=column),
            _("the order of steps and every time between them"),
            _("say timezone in the mapping file, or export all stamps alike"),
        ),
    ),
    "excel_serials": Check(
        "info",
        lambda told, column: (
            _("days counted by a spreadsheet among the stamps of '{column}' (rows of the file shown)", column=column),
            _("nothing, if these rows are what they seem"),
            _("look at the rows shown; export the column as text"),
        ),
    ),
    "day_first": Check(
        "info",
        lambda told, column: (
            _("'{column}' is read with the day first, as the row shown says", column=column),
            _("every date of the column, if that row is wrong"),
            _('say it: date_format = "%d/%m/%Y" in the mapping file'),
        ),
    ),
    "month_first": Check(
        "info",
        lambda told, column: (
            _("'{column}' is read with the month first, as the row shown says", column=column),
            _("every date of the column, if that row is wrong"),
            _('say it: date_format = "%m/%d/%Y" in the mapping file'),
        ),
    ),
    # Who acted, and where
    "no_resource": Check(
        "warning",
        lambda told, column: (
            _("no resource recorded"),
            _("workload, staffing and levels"),
            _("export who handled each step"),
        ),
    ),
    "missing_resource": Check(
        "info",
        lambda told, column: (
            _("events without a resource"),
            _("workload and levels"),
            _("export who handled each step"),
        ),
    ),
    "no_department": Check(
        "warning",
        lambda told, column: (
            _("no department recorded"),
            _("handovers between departments"),
            _("name the column in department_from of the mapping file"),
        ),
    ),
    "missing_department": Check(
        "warning",
        lambda told, column: (
            _("events without a department"),
            _("handovers between departments"),
            _("complete the department at its source"),
        ),
    ),
    "placeholders": Check(
        "info",
        lambda told, column: (
            _("values that stand for unknown in '{column}'", column=column),
            _("they are shown as if they were names"),
            _('give them a name, or "" for unknown, under [departments] of the mapping file'),
        ),
    ),
    "same_officer": Check(
        "info",
        lambda told, column: (
            _("one officer at two steps of a case within seconds"),
            _("processing time and levels"),
            _("check whether steps were filled in together"),
        ),
    ),
    "office_accounts": Check(
        "warning",
        lambda told, column: (
            _("accounts of an office or a system in place of an officer"),
            _("workload, levels and who handed over to whom"),
            _("export the person who acted; name accounts of systems under automatic_resources of the mapping file"),
        ),
    ),
    # Whole cases
    "accept_before_apply": Check(
        "error",
        lambda told, column: (
            _("acceptance before application"),
            _("time before acceptance"),
            _("correct the stamps at their source"),
        ),
    ),
    "decide_before_accept": Check(
        "error",
        lambda told, column: (
            _("decision before acceptance"),
            _("the official clock"),
            _("correct the stamps at their source"),
        ),
    ),
    "outside_case": Check(
        "warning",
        lambda told, column: (
            _("events before the application or after the end of their case"),
            _("cycle time, and the order of steps"),
            _("check the stamps of the case; clean(log, drop_outside_case=True) leaves these events out"),
        ),
    ),
    "single_event": Check(
        "info",
        lambda told, column: (
            _("cases with a single event"),
            _("cycle time (zero)"),
            _("check whether the export is complete"),
        ),
    ),
    "after_the_fact": Check(
        "warning",
        lambda told, column: (
            _("cases with all events within ten minutes"),
            _("every time of these cases"),
            _("check whether they were typed in afterwards"),
        ),
    ),
    "open_cases": Check(
        "info",
        lambda told, column: (
            _("cases not finished at the end of the log"),
            _("cycle times (too short)"),
            _("measures of whole cases leave them out; clean(log, drop_open=True) removes them"),
        ),
    ),
    "void_cases": Check(
        "info",
        lambda told, column: (
            _("void or deleted cases"),
            _("steps and times of regular cases"),
            _("clean(log, drop_void=True) leaves them out; report them apart"),
        ),
    ),
    "mixed_units": Check(
        "info",
        lambda told, column: (
            _("promised limits in several units"),
            _("comparison of limits"),
            _("convert them to working days"),
        ),
    ),
    "statutory_units": Check(
        "info",
        lambda told, column: (
            _("statutory limits in several units"),
            _("comparison of limits"),
            _("convert them to working days"),
        ),
    ),
    "item_version_change": Check(
        "info",
        lambda told, column: (
            _("items whose version changes inside the period"),
            _("comparison of limits and materials before and after the change"),
            _("report the time before and after the change apart"),
        ),
    ),
    "case_attribute_varies": Check(
        "warning",
        lambda told, column: (
            _("'{column}' differs within a case; the first value is kept", column=column),
            _("what is grouped by it"),
            _("check whether the column describes the event"),
        ),
    ),
    # What reading found
    "title_rows": Check(
        "info",
        lambda told, column: (
            _("rows above the one that names the columns (rows of the sheet shown; left out)"),
            _("nothing, if they are titles"),
            _("look at the rows shown; say header_row under [file] of the mapping file if another row is meant"),
        ),
    ),
    "merged_cells": Check(
        "info",
        lambda told, column: (
            _("cells merged over several rows; their value counts for every row"),
            _("nothing, if that is what the cells mean"),
            _("export the table without merged cells"),
        ),
    ),
    "failed_formulas": Check(
        "warning",
        lambda told, column: (
            _("failed formulas in columns that are not needed; their values are unknown"),
            _("what is grouped by these columns"),
            _("correct the formulas, or replace them by their values"),
        ),
    ),
    "rounded_numbers": Check(
        "warning",
        lambda told, column: (
            _("numbers of more than 15 digits in '{column}', of which the spreadsheet keeps 15", column=column),
            _("identifiers and codes in this column"),
            _("export again with the column formatted as text before it is filled"),
        ),
    ),
    "unknown_stages": Check(
        "warning",
        lambda told, column: (
            _("activities without a known stage"),
            _("steps by policy A and B"),
            _("assign them under [stages] of the mapping file"),
        ),
    ),
    "unknown_codes": Check(
        "warning",
        lambda told, column: (
            _("codes of '{column}' that its code list lacks", column=column),
            _("what is grouped by it"),
            _("say what they mean under [codes] of the mapping file"),
        ),
    ),
    "personal_numbers_masked": Check(
        "info",
        lambda told, column: (
            _("identity or telephone numbers masked in '{column}'", column=column),
            _("nothing"),
            _("leave the column out of the export"),
        ),
    ),
    "transitions_left_out": Check(
        "info",
        lambda told, column: (
            _("lifecycle transitions other than start and complete (left out)"),
            _("time spent suspended"),
            _('set lifecycle = "ignore" in the mapping file to keep them as events'),
        ),
    ),
    "start_without_complete": Check(
        "warning",
        lambda told, column: (
            _("starts without a complete"),
            _("processing time"),
            _("check whether these steps are open"),
        ),
    ),
    "complete_without_start": Check(
        "warning", lambda told, column: (_("completes without a start"), _("waiting time"), _("export all transitions"))
    ),
    "suspensions_unclear": Check(
        "warning",
        lambda told, column: (
            _("suspend and resume transitions that belong to no one instance (not counted)"),
            _("time spent suspended"),
            _("export instance ids (concept:instance), and both transitions of every suspension"),
        ),
    ),
    "withdrawn": Check(
        "info",
        lambda told, column: (
            _("work items withdrawn or skipped before any work (no rows)"),
            _("nothing"),
            _("nothing to do"),
        ),
    ),
    "unnamed_traces": Check(
        "warning",
        lambda told, column: (_("traces without a name (numbered)"), _("evidence by case"), _("export the case ids")),
    ),
    "traces_of_one_name": Check(
        "warning",
        lambda told, column: (
            _("traces that share a name (read as one case)"),
            _("cycle time and rework"),
            _("export distinct case ids"),
        ),
    ),
    "similar_cases": Check(
        "warning",
        lambda told, column: (
            _("case ids that differ only in spaces, invisible signs or full-width letters"),
            _("cycle time: one case may be counted as several"),
            _("correct them in the export if they mean one case"),
        ),
    ),
    "cases_without_events": Check(
        "info",
        lambda told, column: (
            _("cases without an event"),
            _("the number of cases"),
            _("check whether the export is complete"),
        ),
    ),
    "events_outside_traces": Check(
        "warning",
        lambda told, column: (_("events outside any trace (not read)"), _("steps"), _("export them with their case")),
    ),
    # The catalogue beside the log
    "unknown_items": Check(
        "warning",
        lambda told, column: (
            _("items of the log that the catalogue lacks"),
            _("materials and limits of these items"),
            _("complete items.csv"),
        ),
    ),
    "unused_items": Check(
        "info",
        lambda told, column: (
            _("items of the catalogue that the log lacks"),
            _("nothing measured"),
            _("check the export's scope"),
        ),
    ),
    "guide_elements": Check(
        "info",
        lambda told, column: (
            _("items whose guide lacks one of the six elements"),
            _("the plan and the merged guide"),
            _("complete basis, conditions, materials, procedure, fees and limits in items.csv"),
        ),
    ),
    "guide_trips": Check(
        "warning",
        lambda told, column: (
            _("items whose trips, online depth and postal service contradict each other"),
            _("trips"),
            _("0 trips need no reason and go with online or postal application; fully online means 0 trips"),
        ),
    ),
    "guide_fees": Check(
        "warning",
        lambda told, column: (
            _("items with a fee but without its basis or standard"),
            _("the plan and the merged guide"),
            _("complete fee_basis in items.csv"),
        ),
    ),
    "guide_limits": Check(
        "warning",
        lambda told, column: (
            _("items that promise more days than the law allows, or whose steps add up to more than the promise"),
            _("limits and the official clock"),
            _("correct the limits in the catalogue"),
        ),
    ),
    "guide_samples": Check(
        "info",
        lambda told, column: (
            _("items that issue a licence but show no sample of it"),
            _("the merged guide"),
            _("add the sample of the result"),
        ),
    ),
    "guide_phones": Check(
        "info",
        lambda told, column: (
            _("items with one number for inquiries and complaints"),
            _("the merged guide"),
            _("give complaints a number of their own"),
        ),
    ),
}
SEVERITIES: Mapping[str, Severity] = {key: check.severity for key, check in CHECKS.items()}


def wording(problem: Mapping[str, Any], lang: Language | None = None) -> Wording:
    """Return what people read about a problem, in a language."""
    with speaking(lang or current_language()):
        return Wording(*CHECKS[problem["check"]].words(problem, str(problem.get("column", ""))))


@dataclass
class Findings:
    """The problems found so far."""

    problems: list[Mapping[str, Any]] = field(default_factory=list)

    def add(
        self,
        key: str,
        rows: int,
        of: int | None,
        examples: Iterable[object] = (),
        *,
        severity: Severity | None = None,
        **told: str,
    ) -> None:
        """Keep a problem that has rows; the share is of ``of`` events, cases or items."""
        if rows:
            shown = [str(e) for e in dict.fromkeys(examples)][:SHOWN]
            self.problems.append({
                "check": key, "severity": severity or SEVERITIES[key], "rows": int(rows),
                "share": rows / of if of else None, "examples": shown, **told,
            })  # fmt: skip
