"""``flowaudit check``: what a file was understood as, and what is implausible in it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from flowaudit.cli.console import say, show_table
from flowaudit.cli.run import mapping_given, read_with_catalogue
from flowaudit.delivery import plain
from flowaudit.errors import InsufficientDataError, UsageError
from flowaudit.eventlog import (
    EventLog,
    check,
    mapping_of,
    officer_map,
    write_mapping,
    write_officer_map,
)
from flowaudit.messages import current_language
from flowaudit.messages import translate as _


@dataclass(frozen=True)
class Column:
    """A column of the log, and what it was in the file.

    Attributes
    ----------
    column : str
        Canonical name, or the header where it has none.
    header : str or None
        In the file; None where the column was derived.
    table : str
        ``events`` or ``cases``.
    filled : float
        Share of rows that hold a value.
    pseudonymised : bool
    """

    column: str
    header: str | None
    table: str
    filled: float
    pseudonymised: bool


def check_log(
    file: Path,
    mapping: Path | None,
    catalogue: Path | None,
    *,
    as_json: bool,
    written: Path | None,
    officers: Path | None,
    sheet: str | None,
    object_type: str | None,
) -> None:
    """Read a log, print what was recognised as what and its quality table, and write what was asked for."""
    if written is not None and written.exists():
        raise UsageError(
            _("'{file}' exists; a mapping file is not replaced.", file=written), hint=_("choose another name.")
        )
    if officers is not None and officers.exists():
        raise UsageError(
            _("'{file}' exists; a list of officers is not replaced.", file=officers), hint=_("choose another name.")
        )
    given = mapping_given(mapping, sheet, object_type)
    with officer_map() as names:
        log, rules = read_with_catalogue(file, given, catalogue, sheet=sheet, object_type=object_type)
    quality = check(log, rules)
    if officers is not None:
        if not names:
            raise InsufficientDataError(_("'{file}' names no officers.", file=file.name))
        write_officer_map(names, officers)
    if written is not None:
        unknown = [f'"{name}" = ""' for name in quality_examples(log, "unknown_stages")]
        write_mapping(mapping_of(log, given), written, notes={"stages": unknown})
    columns = columns_of(log)
    if as_json:
        content = {
            "log": repr(log),
            "columns": [asdict(column) for column in columns],
            "notes": [en if current_language() == "en" else zh for zh, en in log.provenance.notes],
            "problems": [
                {"key": problem["check"], **row, "examples": problem["examples"]}
                for problem, row in zip(quality.problems, plain(quality.table.to_dict("records")), strict=True)
            ],
        }
        say(json.dumps(content, ensure_ascii=False, indent=1))
        return
    say(repr(log))
    _show_columns(columns)
    for zh, en in log.provenance.notes:
        say(_("Note: {note}", note=en if current_language() == "en" else zh))
    if quality.table.empty:
        say(_("no problem was found."))
    else:
        severities = {"error": _("error"), "warning": _("warning"), "info": _("info")}
        head = (
            _("Severity"), _("Problem"), _("Rows"), _("Share"), _("Examples"), _("What it distorts"), _("What to do"),
        )  # fmt: skip
        rows = [
            (
                severities[row["severity"]], row["check"], f"{row['rows']:,}",
                "—" if row["share"] != row["share"] else f"{row['share']:.1%}", row["examples"], row["distorts"],
                row["action"],
            )
            for row in quality.table.to_dict("records")
        ]  # fmt: skip
        show_table(head, rows, right=(2, 3))
    if written is not None:
        say(_("written: {file}", file=written))
    if officers is not None:
        say(_("written: {file}", file=officers))
        say(_("it holds the names of officers: keep it apart from the results, for those entitled to know."))


def quality_examples(log: EventLog, key: str) -> list[str]:
    """Return the examples that reading kept of a problem."""
    return [str(e) for problem in log.provenance.problems if problem["check"] == key for e in problem["examples"]]


def columns_of(log: EventLog) -> list[Column]:
    """Return the columns of the events and of the table of cases, each with the header it had."""
    told = {column: header for header, column in log.provenance.mapping.items()}
    hidden = set(log.provenance.pseudonymised)
    n = max(len(log.events), 1)
    found = [
        Column(name, told.get(name), "events", 1 - log.events[name].null_count / n, name in hidden)
        for name in log.columns
    ]
    cases = log.table("cases")
    if cases is not None:
        # In its own table an attribute of the case has lost the prefix that kept it apart in a flat file.
        found += [
            Column(
                name,
                told.get(f"case_{name}", told.get(name)),
                "cases",
                float(cases[name].notna().mean()),
                name in hidden,
            )
            for name in cases.columns
            if name != "case_id"
        ]
    return found


def _show_columns(columns: list[Column]) -> None:
    head = (_("Column"), _("Header in the file"), _("Table"), _("Filled"), "")
    rows = [
        (
            column.column,
            column.header or "—",
            _("events") if column.table == "events" else _("cases"),
            f"{column.filled:.0%}",
            _("pseudonymised") if column.pseudonymised else "",
        )
        for column in columns
    ]
    show_table(head, rows, right=(3,))
