"""Small logs in every format, their damaged copies, and what a reader may do with them: refuse in words, or read right.

As a program it reads damaged copies one after the other, so that a crash or a hang ends a child process only:
``python tests/hostile.py JOURNAL FIRST LAST [FORMAT ...]``.
"""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import os
import random
import re
import shutil
import struct
import sys
import tempfile
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

HEADERS = ("办件编号", "环节名称", "办理部门", "经办人", "申请人", "开始时间", "结束时间", "说明栏")
OFFICERS, APPLICANT = ("欧阳震华", "司徒美堂"), "诸葛建国"
SECRETS = (*OFFICERS, APPLICANT)
"""Names that stand in the seeds; nothing that is said or stored may hold them."""
NOTES = ('甲,"乙"', "第一行\n第二行", "", " 空格 ", "=1+1", "\u200f\u202e倒", "NULL", "é😀", "0012", "a;b|c", "’", "-")
FORMATS = (
    "csv", "crlf.csv", "gb18030.csv", "utf16.csv", "tsv", "csv.gz", "xlsx", "xls", "xlsb", "ods", "xes", "xes.gz", "zip",
    "parquet", "arrow", "feather", "folder", "jsonocel", "xmlocel", "sqlite", "stored", "toml",
)  # fmt: skip
SALT = b"1" * 32
_PACKED = ("xlsx", "xlsb", "ods", "zip")
MOST_MB = 2_000


def rows() -> list[tuple[str, ...]]:
    """Four cases of three events, as text; case ids begin with zeros."""
    begin = pd.Timestamp("2024-03-04 09:00")
    found = []
    for place in range(12):
        case, step = divmod(place, 3)
        start = begin + pd.Timedelta(days=case, hours=2 * step)
        found.append((
            f"00{case + 1}", ("收件", "审查", "决定")[step], ("窗口", "审批科", "审批科")[step], OFFICERS[place % 2], APPLICANT,
            str(start), str(start + pd.Timedelta(minutes=45 + place)), NOTES[place],
        ))  # fmt: skip
    return found


def csv_text(delimiter: str = ",", end: str = "\n", table: list[tuple[str, ...]] | None = None) -> str:
    """The rows (or others) as delimited text."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end)
    writer.writerows([HEADERS, *rows()] if table is None else table)
    return out.getvalue()


def frame() -> pd.DataFrame:
    """The rows as pandas, with times."""
    found = pd.DataFrame(rows(), columns=list(HEADERS))
    for column in ("开始时间", "结束时间"):
        found[column] = pd.to_datetime(found[column]).astype("datetime64[us]")
    return found


def xes_text() -> str:
    """The rows as XES."""
    from xml.sax.saxutils import quoteattr

    out = ['<?xml version="1.0" encoding="UTF-8" ?>\n<log xes.version="1.0">\n']
    for place, row in enumerate(rows()):
        if place % 3 == 0:
            out.append(f'<trace>\n<string key="concept:name" value={quoteattr(row[0])}/>\n')
        out.append(
            f'<event>\n<string key="concept:name" value={quoteattr(row[1])}/>\n<string key="org:group" value={quoteattr(row[2])}/>\n'
            f'<string key="org:resource" value={quoteattr(row[3])}/>\n<string key="申请人" value={quoteattr(row[4])}/>\n'
            f'<date key="time:timestamp" value="{row[6].replace(" ", "T")}+08:00"/>\n'
            f'<int key="n" value="{place}"/>\n<float key="x" value="{place / 4}"/>\n<boolean key="b" value="true"/>\n'
            f'<string key="说明栏" value={quoteattr(row[7])}/>\n</event>\n'
        )
        if place % 3 == 2:
            out.append("</trace>\n")
    return "".join(out) + "</log>\n"


def seed(kind: str, folder: Path) -> Path:
    """Write the rows in a format; a file, or a folder for ``folder`` and ``stored``."""
    import workbooks

    path = folder / f"办件.{kind}"
    table = [HEADERS, *rows()]
    match kind:
        case "csv":
            path.write_bytes(csv_text().encode())
        case "crlf.csv":
            path.write_bytes(b"\xef\xbb\xbf" + csv_text(";", "\r\n").encode())
        case "gb18030.csv":
            path.write_bytes(csv_text().encode("gb18030"))
        case "utf16.csv":
            path.write_bytes(csv_text("\t", "\r\n").encode("utf-16"))
        case "tsv":
            path.write_bytes(csv_text("\t").encode())
        case "csv.gz":
            path.write_bytes(gzip.compress(csv_text().encode(), mtime=0))
        case "xlsx":
            import xlsxwriter

            with xlsxwriter.Workbook(path) as book:
                sheet = book.add_worksheet("办件")
                for r, row in enumerate(table):
                    for c, cell in enumerate(row):
                        sheet.write_string(r, c, cell)
        case "xls":
            workbooks.xls(path, table)
        case "xlsb":
            workbooks.xlsb(path, table)
        case "ods":
            workbooks.ods(path, table)
        case "xes":
            path.write_text(xes_text(), encoding="utf-8", newline="")
        case "xes.gz":
            path.write_bytes(gzip.compress(xes_text().encode(), mtime=0))
        case "zip":
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr("办件.csv", csv_text())
        case "parquet":
            frame().to_parquet(path)
        case "arrow":
            arrow = pa.table({name: pa.array(values).dictionary_encode() if name == "环节名称" else pa.array(values)
                              for name, values in frame().items()})  # fmt: skip
            with pa.ipc.new_file(str(path), arrow.schema) as out:
                out.write_table(arrow)
        case "feather":
            frame().to_feather(path)
        case "folder":
            path.mkdir()
            events = [("event_id", *HEADERS)] + [(f"e{n}", *row) for n, row in enumerate(rows())]
            (path / "events.csv").write_text(csv_text(table=events), encoding="utf-8", newline="")
            cases = [("case_id", "apply_time", "channel")] + [
                (f"00{c}", f"2024-03-0{3 + c}", "线上") for c in range(1, 5)
            ]
            (path / "cases.csv").write_text(csv_text(table=cases), encoding="utf-8", newline="")
            links = [("event_id", "object_id", "object_type", "qualifier")]
            links += [(f"e{n}", row[0], "case", "") for n, row in enumerate(rows())]
            (path / "e2o.csv").write_text(csv_text(table=links), encoding="utf-8", newline="")
        case "jsonocel" | "sqlite":
            from flowaudit.eventlog import as_objects, read_csv, write_ocel

            log = read_csv(seed("csv", folder), salt=SALT)
            write_ocel(as_objects(log)[0], path)
        case "xmlocel":
            path.write_text(_xmlocel(), encoding="utf-8", newline="")
        case "stored":
            from flowaudit.eventlog import read_csv, write_log

            path.mkdir()
            write_log(read_csv(seed("csv", folder), salt=SALT), path / "log.arrow")
        case "toml":
            path.write_text(
                'timezone = "Asia/Shanghai"\nmissing_times = ["9999-12-31"]\nlifecycle = "pair"\nkeep_text = false\n'
                'department_from = ["办理部门"]\n[file]\nencoding = "utf-8"\ndelimiter = ","\nheader_row = 1\n'
                '[columns]\ncase_id = "办件编号"\nactivity = "环节名称"\nend = "结束时间"\n[stages]\n"收件" = "accept"\n'
                '[departments]\n"窗口" = "大厅"\n[levels]\n"审查" = 2\n[codes.result]\n"1" = "准予"\n',
                encoding="utf-8",
            )
        case _:
            raise ValueError(kind)
    return path


def _xmlocel() -> str:
    from xml.sax.saxutils import quoteattr

    out = ['<?xml version="1.0" encoding="UTF-8"?>\n<log><object-types><object-type name="case"><attributes/></object-type></object-types>\n'
           '<event-types>']  # fmt: skip
    for name in ("收件", "审查", "决定"):
        out.append(
            f'<event-type name="{name}"><attributes><attribute name="说明栏" type="string"/></attributes></event-type>'
        )
    out.append("</event-types>\n<objects>")
    out += [f'<object id="00{c}" type="case"><attributes/></object>\n' for c in range(1, 5)]
    out.append("</objects>\n<events>")
    for n, row in enumerate(rows()):
        out.append(
            f'<event id="e{n}" type="{row[1]}" time="{row[6].replace(" ", "T")}+08:00">'
            f'<attributes><attribute name="说明栏">{quoteattr(row[7])[1:-1]}</attribute></attributes>'
            f'<objects><relationship object-id="{row[0]}" qualifier="of"/></objects></event>\n'
        )
    return "".join(out) + "</events></log>\n"


def read(kind: str, path: Path):
    """Read a seed or its damaged copy."""
    from flowaudit.eventlog import open_log, read_csv, read_log

    if kind == "toml":
        return read_csv(path.parent / "办件.csv", mapping=path, salt=SALT)
    if kind == "stored":
        return open_log(path / "log.arrow")
    return read_log(path, salt=SALT, object_type="case" if kind in ("jsonocel", "xmlocel", "sqlite") else None)


_PIECES = (
    b"\0", b"\xff", b"\xfe", b'"', b"'", b",", b"\t", b"\n", b"\r", b"\r\n", b"<", b">", b"&", b"/", b"{", b"}", b"[", b"]",
    b":", b"0", b"9999", b"-", b"+08:00", b"Z", b" ", b"\\", b"\xef\xbb\xbf", b"\xe2\x80\x8b", b"\x1a", b"&#0;", b"<!--",
    b"]]>", b"null", b"NaN", b"1e999", b"-1", b"18446744073709551616", b"\xed\xa0\x80", b"\x81\x30\x81\x30", b"=", b"\x85",
)  # fmt: skip


def mutated(rng: random.Random, content: bytes) -> bytes:
    """Return bytes of which some were changed, lost, doubled, moved or cut off."""
    found = bytearray(content)
    for _change in range(rng.choice([1, 1, 1, 2, 3, 8])):
        at = rng.randrange(len(found) + 1)
        match rng.randrange(9):
            case 0 if at < len(found):
                found[at] = rng.randrange(256)
            case 1 if at < len(found):
                found[at] ^= 1 << rng.randrange(8)
            case 2:
                del found[at : at + rng.choice([1, 1, 2, 5, 50])]
            case 3:
                found[at:at] = rng.choice(_PIECES)
            case 4:
                found[at:at] = found[at : at + rng.randrange(120)]
            case 5 if rng.random() < 0.4:
                del found[at:]
            case 6:
                other, width = rng.randrange(len(found) + 1), rng.choice([1, 2, 8, 20])
                found[at : at + width] = found[other : other + width]
            case 7 if at + 4 <= len(found):
                found[at : at + 4] = struct.pack("<i", rng.choice([0, -1, 1, 2**31 - 1, -(2**31), 65_536, 255]))
            case 8:
                # Digits are what most values are made of.
                places = [i for i, b in enumerate(found[at : at + 400], at) if 48 <= b <= 57]
                for place in rng.sample(places, min(len(places), rng.choice([1, 1, 4]))):
                    found[place] = rng.randrange(48, 58)
    return bytes(found)


def damage(kind: str, whole: Path, folder: Path, rng: random.Random) -> Path:
    """Write a damaged copy of a seed; packed formats are damaged inside as often as outside."""
    target = folder / whole.name
    if whole.is_dir():
        shutil.copytree(whole, target)
        names = sorted(p for p in target.rglob("*") if p.is_file())
        victim = rng.choice(names)
        victim.write_bytes(mutated(rng, victim.read_bytes()))
        return target
    content = whole.read_bytes()
    inside = rng.random() < 0.7
    if inside and kind in _PACKED:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = {info.filename: archive.read(info) for info in archive.infolist()}
        # What matters is in the sheet; the rest is damaged now and then.
        names = sorted(members, key=lambda name: -len(members[name]))
        victim = names[0] if rng.random() < 0.6 else rng.choice(names)
        members[victim] = mutated(rng, members[victim])
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, inner in members.items():
                archive.writestr(name, inner)
        return target
    if inside and kind.endswith(".gz"):
        target.write_bytes(gzip.compress(mutated(rng, gzip.decompress(content)), mtime=0))
        return target
    target.write_bytes(mutated(rng, content))
    return target


class WrongError(AssertionError):
    """What a reader must never do."""


def check_outcome(kind: str, path: Path, *, whole: bool = True, store: bool = False) -> str:
    """Read a file as its user would; say whether it was ``refused`` or ``read``, raise WrongError for anything else.

    Parameters
    ----------
    kind, path
    whole : bool
        Whether names stand where a reader must find them, so that none may be in the log. In a damaged file one may
        have come into any cell, or its column's header be another word.
    store : bool
        Store the log, too, and open it again.
    """
    from flowaudit.errors import FlowAuditError
    from flowaudit.eventlog import check

    try:
        log = read(kind, path)
    except FlowAuditError as error:
        refusal(error, path)
        return "refused"
    consistent(log)
    found = check(log)
    said = found.to_frame("en").to_csv() + repr(log.provenance)
    if whole:
        _silent(said)
    if kind.endswith(("csv", "tsv", "csv.gz")):
        same_as_csv(path)
    if store:
        stored(log, whole=whole)
    return "read"


def refusal(error: Exception, path: Path, *, also: tuple[str, ...] = ()) -> None:
    """Demand of an error what a person needs: the file (or one of ``also``), a hint, nobody's name, one screen at most."""
    text = str(error)
    names = {path.name, *also, *(p.name for p in path.rglob("*"))} if path.is_dir() else {path.name, *also}
    if path.suffix == ".toml":
        names.add("办件.csv")
    if path.suffix == ".zip":
        with contextlib.suppress(Exception), zipfile.ZipFile(path) as archive:
            names |= set(archive.namelist())
    if not any(name in text for name in names):
        raise WrongError(f"no file is named: {text}")
    if "\nHint: " not in text:
        raise WrongError(f"no hint: {text}")
    if len(text) > 4_000:
        raise WrongError(f"too long: {text[:200]}")
    if any(ord(ch) < 32 and ch not in "\n\t" for ch in text):
        raise WrongError(f"control characters: {text!r}")
    # Damage may bring a name among those of the columns, which are listed; whole files have none there.
    _silent(re.sub("found '.*'", "", text))


def _silent(text: str) -> None:
    for name in SECRETS:
        if name in text:
            raise WrongError(f"names {name}: {text}")


def consistent(log) -> None:
    """Demand of a log what all that works on it trusts."""
    events = log.events
    events.validate(full=True)
    ptr = log.case_ptr
    n = len(events)
    if not n or ptr[0] != 0 or ptr[-1] != n or not (np.diff(ptr) > 0).all():
        raise WrongError(f"case_ptr {ptr.tolist()} of {n} events")
    case = events["case_id"].combine_chunks()
    if case.null_count or events["activity"].null_count:
        raise WrongError("an event without case or activity")
    if len(set(case.to_pylist())) != log.n_cases:
        raise WrongError("one case in two places")
    end = log.stamps("end")
    start = log.stamps("start") if log.has("start") else end
    for stamps in (start, end):
        known = stamps[~np.isnat(stamps)]
        if len(known) and not (
            np.datetime64("1900-01-01") <= known.min() and known.max() < np.datetime64("2200-01-02")
        ):
            raise WrongError(f"a stamp of {known.min()} to {known.max()}")
    when = np.where(np.isnat(start), end, start)
    if np.isnat(when).any():
        raise WrongError("an event without any time")
    back = np.diff(when) < np.timedelta64(0, "us")
    back[ptr[1:-1] - 1] = False
    if back.any():
        raise WrongError("events out of order")


def same_as_csv(path: Path) -> None:
    """Compare every cell of a delimited file with what Python's own reader finds there."""
    from flowaudit.eventlog.delimited import read_delimited

    found = read_delimited(path)
    content = path.read_bytes()
    if path.name.endswith(".gz"):
        content = gzip.decompress(content)
    text = content.decode({"utf-16-le": "utf-16-le", "utf-16-be": "utf-16-be"}.get(found.encoding, found.encoding))
    lines = io.StringIO(text.removeprefix("\ufeff"), newline="")
    table = list(csv.reader(lines, delimiter=found.delimiter, quotechar=found.layout.quote))
    at = next(
        n for n, row in enumerate(table) if tuple(cell.strip().strip("\ufeff") for cell in row) == found.layout.header
    )
    nulls = {"", "NULL", "null", "\\N"}
    wanted = [[None if cell in nulls else cell for cell in row] for row in table[at + 1 :]]
    wanted = [row for row in wanted if any(cell is not None for cell in row)]
    named = [n for n, name in enumerate(found.layout.header) if name]
    wanted = [[row[n] for n in named] for row in wanted]
    mine = [list(row.values()) for row in found.table.to_pylist()]
    if mine != wanted:
        first = next((pair for pair in zip(mine, wanted, strict=False) if pair[0] != pair[1]), (len(mine), len(wanted)))
        raise WrongError(f"other cells than csv: {first}")


def stored(log, *, whole: bool) -> None:
    """Store a log and open it again: the same, and nobody's name on the disk."""
    from flowaudit.eventlog import open_log, write_log

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        write_log(log, Path(folder) / "log.arrow")
        for file in Path(folder).rglob("*"):
            if file.is_file() and whole:
                content = file.read_bytes()
                for name in SECRETS:
                    if name.encode() in content:
                        raise WrongError(f"{file.name} names {name}")
        again = open_log(Path(folder) / "log.arrow")
        same = again.events.equals(log.events.unify_dictionaries()) and (again.case_ptr == log.case_ptr).all()
        del again
        if not same:
            raise WrongError("stored is not what was read")


def peak_mb() -> float | None:
    """Return the most memory that this process has held, in MB; None where the system does not say."""
    try:
        import resource
    except ImportError:
        return None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def main() -> None:
    """Read the damaged copies FIRST to LAST of every format, noting in JOURNAL what is being read and what happened."""
    journal, first, last, *kinds = sys.argv[1:]
    warnings.simplefilter("error")
    sys.path.insert(0, str(Path(__file__).parent))
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as base,
        Path(journal).open("a", encoding="utf-8") as out,
    ):
        os.environ["FLOWAUDIT_CONFIG_DIR"] = base
        seeds, most = {}, float(MOST_MB)
        for kind in kinds or FORMATS:
            at = Path(base) / kind
            at.mkdir()
            seeds[kind] = seed(kind, at)
            if kind == "toml":
                seed("csv", at)
            if check_outcome(kind, seeds[kind], store=True) != "read":
                raise SystemExit(f"{kind}: the seed itself is refused")
        out.write("ready\n")
        for number in range(int(first), int(last)):
            for kind, whole in seeds.items():
                out.write(f"{kind} {number} ")
                out.flush()
                with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
                    rng = random.Random(f"{kind} {number}")
                    path = damage(kind, whole, Path(folder), rng)
                    if kind == "toml":
                        seed("csv", Path(folder))
                    try:
                        said = check_outcome(kind, path, whole=False, store=number % 8 == 0)
                    except Exception as error:
                        said = f"{type(error).__name__}: {error}"[:500].replace("\n", " | ")
                    held = peak_mb()
                    if held is not None and held > most:
                        said, most = f"{held:.0f} MB", held
                out.write(said + "\n")
                out.flush()


if __name__ == "__main__":
    main()
