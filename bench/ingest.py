"""Reading and storing: a long Parquet file beside pm4py, and a CSV of a million events beside DuckDB, on one core.

    python dev.py bench ingest [LOG] [--events 5000000] [--csv-events 1000000]

The log (default: the public receipt log beside the repository, else the sample) is written over and over under fresh
case ids, an hour later each time, rows in order of time inside each copy. Both sides run in one process on one core
after imports, compilation and a warm-up; the better of two runs counts. Memory is measured in a process for each side.
The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

os.environ.setdefault("FLOWAUDIT_LANG", "en")

from flowaudit.eventlog import EventLog, load_sample, open_log, read_csv, read_log
from flowaudit.eventlog.build import build_store
from flowaudit.eventlog.delimited import read_delimited

ROOT = Path(__file__).resolve().parents[1]
PUBLIC = ROOT.parent / "shared" / "logs" / "receipt.xes.gz"
HEADERS = {
    "case_id": "case:concept:name", "activity": "concept:name", "resource": "org:resource", "department": "org:group",
    "end": "time:timestamp",
}  # fmt: skip
RUNS = 2
GROUP = 1 << 20


def copies(log: EventLog, events: int) -> Iterator[pa.Table]:
    """Yield the log over and over, as another program would have written it, until there are ``events`` rows."""
    order = np.argsort(log.stamps("end"), kind="stable")
    columns = {
        h: log.events[c].take(pa.array(order)).cast(pa.string())
        for c, h in HEADERS.items()
        if c not in ("case_id", "end")
    }
    case, stamps = log.case_index[order], log.stamps("end")[order]
    for number in range(-(-events // len(order))):
        ids = pa.array([f"SH{number:06d}-{case_id}" for case_id in range(log.n_cases)])
        later = stamps + np.timedelta64(number, "h")
        table = pa.table({HEADERS["case_id"]: ids.take(pa.array(case)), **columns, HEADERS["end"]: pa.array(later)})
        yield table.slice(0, min(len(order), events - number * len(order)))


def write_parquet(log: EventLog, events: int, path: Path) -> None:
    writer, held = None, []
    for table in copies(log, events):
        held.append(table)
        if sum(map(len, held)) >= GROUP:
            joined, held = pa.concat_tables(held), []
            writer = writer or pyarrow.parquet.ParquetWriter(path, joined.schema)
            writer.write_table(joined)
    if held:
        joined = pa.concat_tables(held)
        writer = writer or pyarrow.parquet.ParquetWriter(path, joined.schema)
        writer.write_table(joined)
    if writer is not None:
        writer.close()


def write_csv(log: EventLog, events: int, path: Path) -> None:
    table = pa.concat_tables(copies(log, events))
    end = pc.strftime(table[HEADERS["end"]].cast(pa.timestamp("s"), safe=False), "%Y-%m-%d %H:%M:%S")
    table = table.set_column(table.column_names.index(HEADERS["end"]), HEADERS["end"], end)
    with path.open("wb") as sink:
        pyarrow.csv.write_csv(table, sink)


def pm4py_quietly() -> Any:
    warnings.simplefilter("ignore")
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        import pm4py
    return pm4py


def load_and_format(pm4py: Any, path: Path) -> Any:
    import pandas as pd

    names = {"case_id": HEADERS["case_id"], "activity_key": HEADERS["activity"], "timestamp_key": HEADERS["end"]}
    return pm4py.format_dataframe(pd.read_parquet(path), **names)


def timed(work: Callable[[], Any]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def best_in_turn(works: dict[str, Callable[[], Any]]) -> dict[str, float]:
    best = dict.fromkeys(works, float("inf"))
    for _run in range(RUNS):
        for name, work in works.items():
            best[name] = min(best[name], timed(work))
    return best


def on_one_core() -> bool:
    """Keep this process on one core; say whether the system lets us."""
    pa.set_cpu_count(1)
    try:
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    except AttributeError:
        return False
    return True


def peak_mb() -> float | None:
    """Return the largest memory this process has held; None where the system does not tell (Windows)."""
    with contextlib.suppress(OSError, StopIteration):
        # Linux's ru_maxrss begins with what the parent held; this line counts from the start of the program.
        status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        return int(next(line for line in status if line.startswith("VmHWM")).split()[1]) / 1024
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024**2 if sys.platform == "darwin" else 1024)


def alone(who: str, path: Path, store: Path) -> dict[str, Any]:
    """Run one side in a process of its own; return its seconds (imports left out) and its peak."""
    words = [sys.executable, __file__, str(path), "--alone", who, "--store", str(store)]
    done = subprocess.run(words, capture_output=True, text=True, check=True, encoding="utf-8")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def run_alone(who: str, path: Path, store: Path) -> int:
    if who == "pm4py":
        pm4py = pm4py_quietly()
        seconds = timed(lambda: load_and_format(pm4py, path))
    else:
        import numba  # noqa: F401 - imports are not part of the time

        seconds = timed(lambda: build_store(path, store))
    print(json.dumps({"seconds": seconds, "peak_mb": peak_mb()}))
    return 0


def row(name: str, seconds: float, events: int, more: str = "") -> None:
    print(f"{name:34}{seconds:>10.3f}{events / seconds:>14,.0f}  {more}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("log", nargs="?", type=Path, help="any log flowaudit reads")
    parser.add_argument("--events", type=int, default=5_000_000, help="of the Parquet file")
    parser.add_argument("--csv-events", type=int, default=1_000_000)
    parser.add_argument("--alone", choices=["flowaudit", "pm4py"], help=argparse.SUPPRESS)
    parser.add_argument("--store", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.alone:
        return run_alone(options.alone, options.log, options.store)

    source = options.log or (PUBLIC if PUBLIC.exists() else None)
    log = read_log(source) if source else load_sample("restaurant")
    pm4py = pm4py_quietly()
    import duckdb

    from flowaudit.eventlog import coded

    one = on_one_core()
    database = duckdb.connect()
    database.execute("set threads=1")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        parquet, few, store = folder / "log.parquet", folder / "few.parquet", folder / "log.arrow"
        write_parquet(log, 20_000, few)
        write_parquet(log, options.events, parquet)
        # The compiled passes are for long logs; here they are compiled by a short one.
        usual, coded.COMPILED = coded.COMPILED, 1
        build_store(few, store)
        coded.COMPILED = usual
        load_and_format(pm4py, few)
        long = best_in_turn({
            "flowaudit": lambda: build_store(parquet, store), "pm4py": lambda: load_and_format(pm4py, parquet)
        })  # fmt: skip
        rows, cases = len(open_log(store).events), open_log(store).n_cases
        mine, theirs = alone("flowaudit", parquet, store), alone("pm4py", parquet, store)

        table = folder / "log.csv"
        write_csv(log, options.csv_events, table)
        query = f"select * from read_csv('{table.as_posix()}')"
        read_csv(table)
        short = best_in_turn({
            "flowaudit, to a table": lambda: read_delimited(table, times=lambda _headers: [HEADERS["end"]]),
            "flowaudit, to an event log": lambda: read_csv(table),
            "DuckDB, to an Arrow table": lambda: database.sql(query).to_arrow_table(),
            "DuckDB, to pandas": lambda: database.sql(query).df(),
        })  # fmt: skip
        size = table.stat().st_size / 1e6

    print(f"{source.name if source else 'sample'}; " + ("one core" if one else "all cores (this system pins none)"))
    print(f"\nParquet to a stored log: {rows:,} events, {cases:,} cases")
    print(f"{'':34}{'seconds':>10}{'events/s':>14}")
    for who, told in (("flowaudit", mine), ("pm4py", theirs)):
        peak = "" if told["peak_mb"] is None else f"peak {told['peak_mb']:,.0f} MB alone"
        row(who + (" (read, sort, store)" if who == "flowaudit" else " (read, format)"), long[who], rows, peak)
    ratio = long["pm4py"] / long["flowaudit"]
    print(f"ratio {ratio:.1f}")
    print(f"\nCSV: {options.csv_events:,} events, {size:.0f} MB")
    for who, seconds in short.items():
        row(who, seconds, options.csv_events)
    against = short["DuckDB, to an Arrow table"]
    print(
        f"ratio {against / short['flowaudit, to a table']:.2f} table to table; an event log beside DuckDB's Arrow table "
        f"{against / short['flowaudit, to an event log']:.2f}, beside its pandas frame "
        f"{short['DuckDB, to pandas'] / short['flowaudit, to an event log']:.2f}"
    )
    print(
        json.dumps({
            "ratio_pm4py": round(ratio, 1),
            "ratio_duckdb": round(against / short["flowaudit, to a table"], 2),
            "ratio_duckdb_log": round(against / short["flowaudit, to an event log"], 2),
            "wall_s": round(long["flowaudit"], 3),
            "peak_mb": None if mine["peak_mb"] is None else round(mine["peak_mb"]),
        })
    )  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
