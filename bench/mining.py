"""Mining a million events: directly-follows, median times between steps, and variants, beside pm4py in one process.

    python dev.py bench mining [LOG] [--events 1000000]

The log (default: the public receipt log beside the repository, else the sample) is repeated under fresh case ids,
stored as Arrow and opened memory-mapped. pm4py gets its own prepared DataFrame; neither preparation is timed, but
flowaudit's opening of the file is. Best of three runs in turn. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

os.environ.setdefault("FLOWAUDIT_LANG", "en")

from flowaudit.eventlog import EventLog, load_sample, open_log, read_log, select_cases, write_log
from flowaudit.flow import directly_follows, variants

ROOT = Path(__file__).resolve().parents[1]
PUBLIC = ROOT.parent / "shared" / "logs" / "receipt.xes.gz"
RUNS = 3
MEGABYTE = 2**20


def repeated(log: EventLog, events: int) -> EventLog:
    """Return the log over and over under fresh case ids, at least ``events`` rows long."""
    table = log.events.drop_columns([c for c in ("event_id",) if c in log.columns])
    copies = max(1, -(-events // len(table)))
    ids = np.array(log.case_ids, object)
    parts = []
    for number in range(copies):
        fresh = pa.DictionaryArray.from_arrays(
            pa.array(log.case_index.astype(np.int32)), pa.array([f"{number}-{case}" for case in ids])
        )
        parts.append(table.set_column(table.column_names.index("case_id"), "case_id", fresh))
    return replace(log, events=pa.concat_tables(parts).unify_dictionaries().combine_chunks(), tables={})


def prepared(log: EventLog, pm4py: Any) -> pd.DataFrame:
    """Return the log as pm4py wants it: strings, sorted, under its own names."""
    frame = log.to_pandas(["case_id", "activity", "end"]).astype({"case_id": str, "activity": str})
    return pm4py.format_dataframe(frame, case_id="case_id", activity_key="activity", timestamp_key="end")


def ours(path: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    log = open_log(path)
    return directly_follows(log), variants(log)


def theirs(pm4py: Any, frame: pd.DataFrame) -> tuple[dict[Any, int], dict[Any, float], dict[Any, int]]:
    counts, _first, _last = pm4py.discover_dfg(frame)
    medians, _first, _last = pm4py.discover_performance_dfg(frame, perf_aggregation_key="median")
    return counts, medians, pm4py.get_variants(frame)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    begin = time.perf_counter()
    found = work()
    return time.perf_counter() - begin, found


def peak_mb() -> float | None:
    """Return the largest memory this process has held; None where the system does not tell (Windows)."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (MEGABYTE if sys.platform == "darwin" else 1024)


def differences(mine: tuple[pd.DataFrame, pd.DataFrame], other: tuple[Any, Any, Any], *, times: bool) -> list[str]:
    """Say in what the two disagree."""
    edges, found = mine
    counts, medians, their_variants = other
    pairs = list(zip(edges["source"], edges["target"], strict=True))
    wrong = []
    if dict(zip(pairs, edges["frequency"].tolist(), strict=True)) != {k: int(v) for k, v in counts.items()}:
        wrong.append("directly-follows counts")
    if dict(zip(found["variant"], found["cases"].tolist(), strict=True)) != dict(their_variants):
        wrong.append("variants")
    seconds = dict(zip(pairs, (edges["median_h"] * 3600).tolist(), strict=True))
    # Both are medians from end to end only where the log has no start times; pm4py rounds its own to the second.
    if times and any(abs(seconds[pair] - float(value)) > 1.0 for pair, value in medians.items()):
        wrong.append("median times")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("log", nargs="?", type=Path, help="any log flowaudit reads")
    parser.add_argument("--events", type=int, default=1_000_000)
    options = parser.parse_args()
    source = options.log or (PUBLIC if PUBLIC.exists() else None)
    log = read_log(source) if source else load_sample("restaurant")

    warnings.simplefilter("ignore")
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        import pm4py

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        path, small = Path(folder) / "log.arrow", Path(folder) / "small.arrow"
        few = select_cases(log, np.arange(log.n_cases) < 100, "warm-up")
        write_log(few, small)
        ours(small)
        theirs(pm4py, prepared(few, pm4py))
        write_log(repeated(log, options.events), path)
        rows, cases = len(open_log(path).events), open_log(path).n_cases
        ours(path)
        memory = peak_mb()

        frame = prepared(open_log(path), pm4py)
        best = best_theirs = float("inf")
        for _run in range(RUNS):
            seconds, other = timed(lambda: theirs(pm4py, frame))
            best_theirs = min(best_theirs, seconds)
            seconds, mine = timed(lambda: ours(path))
            best = min(best, seconds)
    wrong = differences(mine, other, times=not log.has("start"))

    print(f"{source.name if source else 'sample'}: {rows:,} events, {cases:,} cases, {len(mine[1]):,} variants")
    print(f"{'':12}{'seconds':>10}{'events/s':>14}")
    for name, seconds in (("flowaudit", best), ("pm4py", best_theirs)):
        print(f"{name:12}{seconds:>10.3f}{rows / seconds:>14,.0f}")
    print(f"ratio {best_theirs / best:.1f}; " + (f"DIFFERENT: {', '.join(wrong)}" if wrong else "same results"))
    print(
        json.dumps(
            {
                "ratio_pm4py": round(best_theirs / best, 1),
                "wall_s": round(best, 4),
                "peak_mb": None if memory is None else round(memory),
            }
        )
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
