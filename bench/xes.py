"""Reading millions of events from XES: flowaudit beside pm4py's own reader and r4pm, in one process on one core.

    python dev.py bench xes [LOG.xes[.gz]] [--events 1000000] [--runs 3] [--alone]

The log (default: the public receipt log beside the repository, else the sample written as XES) is repeated as plain XES
under fresh trace names. After a small log has been read by each (imports, compilation), all read the file in turn, and
the best run counts. The results are compared, cell for cell. Then a fresh process reads it once: its peak memory. The
last line is one JSON object. ``--alone`` leaves the others out.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import importlib.util
import io
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("FLOWAUDIT_LANG", "en")

ROOT = Path(__file__).resolve().parents[1]
PUBLIC = ROOT.parent / "shared" / "logs" / "receipt.xes.gz"
NAME = b'<string key="concept:name" value="'
SALT = b"bench" * 8


def repeated(source: Path, events: int, target: Path) -> int:
    """Write the traces of a document over and over under fresh names; return the number of events."""
    text = gzip.decompress(source.read_bytes()) if source.suffix == ".gz" else source.read_bytes()
    first, last = text.index(b"<trace>"), text.rindex(b"</trace>") + len(b"</trace>")
    traces = []
    for trace in text[first:last].split(b"<trace>")[1:]:
        # The trace's own name, not that of one of its events.
        head, event, rest = trace.partition(b"<event>")
        if NAME not in head:
            raise SystemExit(f"{source.name}: a trace does not begin with its name")
        before, name, behind = head.partition(NAME)
        traces.append((b"<trace>" + before + name, behind + event + rest))
    own = text[first:last].count(b"<event>")
    copies = max(1, -(-events // own))
    with target.open("wb") as out:
        out.write(text[:first])
        for copy in range(copies):
            out.write(b"".join(b"%s%d-%s" % (a, copy, b) for a, b in traces))
        out.write(text[last:])
    return own * copies


def one_core() -> None:
    """Keep this process, and libraries with many threads, on one core where the system can."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    begin = time.perf_counter()
    found = work()
    return time.perf_counter() - begin, found


def by_pm4py(path: Path) -> tuple[dict[str, float], Any]:
    """Read by pm4py: to its own objects, and on to a table."""
    from pm4py.objects.conversion.log import converter
    from pm4py.objects.log.importer.xes import importer

    reading, log = timed(lambda: importer.apply(str(path), variant="chunk_regex"))
    turning, frame = timed(lambda: converter.apply(log, variant=converter.Variants.TO_DATA_FRAME))
    return {"pm4py, reader": reading, "pm4py, table": reading + turning}, frame


def by_r4pm(path: Path) -> tuple[dict[str, float], Any]:
    from r4pm import df

    seconds, (frame, _about) = timed(lambda: df.import_xes(str(path)))
    return {"r4pm, table": seconds}, frame


def by_flowaudit(path: Path) -> tuple[dict[str, float], Any]:
    from flowaudit.eventlog import read_xes
    from flowaudit.eventlog.xes_scan import scan_xes

    seconds, content = timed(lambda: scan_xes(path))
    if content is None:
        raise SystemExit(f"{path.name} is not written in the plain way")
    del content
    whole, log = timed(lambda: read_xes(path, salt=SALT))
    return {"flowaudit, tables": seconds, "flowaudit, log": whole}, len(log.events)


def differences(path: Path, other: Any, who: str) -> list[str]:
    """Say which columns of another reader's table differ, stamps compared in UTC."""
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    from flowaudit.eventlog.xes_scan import scan_xes

    mine: Any = scan_xes(path, timezone="UTC")
    columns = {name: mine.events[name] for name in mine.events.column_names}
    rows = pa.array(mine.trace_of)
    columns |= {f"case:{name}": mine.traces[name].take(rows) for name in mine.traces.column_names}
    theirs = other.columns if isinstance(other, pd.DataFrame) else other.to_arrow().column_names
    wrong = [f"{who} {name}" for name in set(columns) ^ set(theirs)]
    for name in set(columns) & set(theirs):
        own = columns[name]
        if isinstance(other, pd.DataFrame):
            series = other[name]
            if pa.types.is_timestamp(own.type):
                series = pd.to_datetime(series, utc=True).dt.tz_localize(None)
            told = pa.array(series, from_pandas=True)
        else:
            told = other[name].to_arrow()
        if pa.types.is_dictionary(own.type):
            own = own.cast(own.type.value_type)
        told = told.cast(own.type)
        # r4pm fills what is missing with the document's globals, which say nothing of a case.
        unknown = pc.is_null(own) if who == "r4pm" else pc.and_(pc.is_null(own), pc.is_null(told))
        same = pc.or_(pc.fill_null(pc.equal(own, told), False), unknown)
        if not pc.all(same).as_py():
            wrong.append(f"{who} {name}")
    return sorted(wrong)


def peak(path: Path, what: str) -> float | None:
    """Return the peak memory in MB of a fresh process that reads the file once; None where the system does not tell."""
    code = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[1]); import mining; p = Path(sys.argv[2]); "
        + (
            "from flowaudit.eventlog.xes_scan import scan_xes; found = scan_xes(p); "
            if what == "tables"
            else f"from flowaudit.eventlog import read_xes; found = read_xes(p, salt={SALT!r}); "
        )
        + "print(mining.peak_mb())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(Path(__file__).parent), str(path)],
        check=True, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
    )  # fmt: skip
    told = done.stdout.split()[-1]
    return None if told == "None" else float(told)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("log", nargs="?", type=Path, help="an XES log written in the plain way")
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--alone", action="store_true", help="leave pm4py and r4pm out")
    options = parser.parse_args()

    one_core()
    readers: list[Callable[[Path], tuple[dict[str, float], Any]]] = [by_flowaudit]
    if not options.alone:
        warnings.simplefilter("ignore")
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            import pm4py  # noqa: F401
        if importlib.util.find_spec("r4pm"):
            readers.append(by_r4pm)
        else:
            print("r4pm is not installed: it is left out")
        readers.append(by_pm4py)
    best: dict[str, float] = {}
    wrong: list[str] = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        source = options.log or (PUBLIC if PUBLIC.exists() else None)
        if source is None:
            from flowaudit.eventlog import load_sample
            from flowaudit.eventlog.write_xes import write_xes

            source = Path(folder) / "sample.xes"
            write_xes(load_sample("restaurant"), source)
        # Large enough for read_xes to take the quick way.
        small, path = Path(folder) / "small.xes", Path(folder) / "log.xes"
        repeated(source, 10_000, small)
        events = repeated(source, options.events, path)
        size = path.stat().st_size
        for reader in readers:
            reader(small)
        for run in range(options.runs):
            for reader in readers:
                seconds, found = reader(path)
                best = {what: min(s, best.get(what, s)) for what, s in seconds.items()} | {
                    what: s for what, s in best.items() if what not in seconds
                }
                if run == 0 and reader is not by_flowaudit:
                    wrong += differences(path, found, next(iter(seconds)).split(",")[0])
                del found
        peaks = {what: peak(path, what) for what in ("tables", "log")}

    print(f"{source.name}: {events:,} events, {size / 1e6:,.0f} MB of XES, one core")
    mine, whole = best["flowaudit, tables"], best["flowaudit, log"]
    print(f"{'seconds':24}{'':>10}{'x tables':>10}{'x log':>10}")
    for what, seconds in best.items():
        print(f"{what:24}{seconds:>10.3f}{seconds / mine:>10.1f}{seconds / whole:>10.1f}")
    print(f"{1e9 * mine / events:.0f} ns per event, {size / mine / 1e6:,.0f} MB/s to tables")
    told = {what: "unknown" if mb is None else f"{mb:,.0f} MB" for what, mb in peaks.items()}
    print(f"peak memory of a fresh process: {told['tables']} (tables), {told['log']} (log)")
    if not options.alone:
        print(f"DIFFERENT: {', '.join(wrong)}" if wrong else "same cells in all columns")

    def ratio(what: str, by: float) -> float | None:
        return round(best[what] / by, 1) if what in best else None

    print(
        json.dumps(
            {
                "ratio_pm4py": ratio("pm4py, reader", mine),
                "ratio_r4pm": ratio("r4pm, table", mine),
                "ratio_pm4py_table": ratio("pm4py, table", mine),
                "ratio_pm4py_log": ratio("pm4py, table", whole),
                "ratio_r4pm_log": ratio("r4pm, table", whole),
                "tables_s": round(mine, 3),
                "log_s": round(whole, 3),
                "peak_mb": None if peaks["log"] is None else round(peaks["log"]),
            }
        )
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
