"""An empty catalogue to fill in: a workbook with a sheet per table and the Chinese headers."""

from __future__ import annotations

from pathlib import Path

from flowaudit.catalogue.codes import is_closed, key_of, words_of
from flowaudit.catalogue.tables import TABLES
from flowaudit.errors import InputError
from flowaudit.messages import translate as _

_HINTS = {"number": "数字", "boolean": "是 / 否", "date": "如 2024-01-01", "text": ""}


def write_template(path: str | Path) -> Path:
    """Write an empty catalogue as a workbook that :func:`read_catalogue` reads once it is filled in.

    Required columns are set in bold; a note on each header says what its cells hold.

    Raises
    ------
    InputError
        If the file exists already, has another ending than ``.xlsx``, or cannot be written.
    """
    import xlsxwriter

    target = Path(path)
    if target.suffix.casefold() != ".xlsx":
        raise InputError(_("'{file}' must end in .xlsx.", file=target.name))
    if target.exists():
        raise InputError(_("'{file}' exists already and is not replaced.", file=target.name))
    book = xlsxwriter.Workbook(str(target))
    plain, bold = book.add_format({"bg_color": "#EEF2F7"}), book.add_format({"bg_color": "#EEF2F7", "bold": True})
    for table, model in TABLES.items():
        sheet = book.add_worksheet(model.title)
        sheet.freeze_panes(1, 0)
        for place, column in enumerate(model.columns()):
            # Codes are text: as numbers they would lose their zeros.
            sheet.set_column(place, place, 16, book.add_format({"num_format": "@"}) if column.kind == "text" else None)
            sheet.write_string(0, place, column.label, bold if column.required else plain)
            key = key_of(table, column.name)
            hint = "、".join(words_of(key)) if is_closed(key) else _HINTS[column.kind]
            sheet.write_comment(0, place, f"{column.name}{'（必填）' if column.required else ''}\n{hint}".strip())
    try:
        book.close()
    except (OSError, xlsxwriter.exceptions.FileCreateError) as error:
        raise InputError(_("'{file}' cannot be written: {reason}.", file=target.name, reason=error)) from error
    return target
