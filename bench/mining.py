"""Mining millions of events: every question of the as-is picture, beside pm4py in one process.

    python dev.py bench mining [LOG] [--events 1000000] [--tile-events 16777216] [--alone]

The log (default: the public receipt log beside the repository, else the sample) is repeated under fresh case ids and
stored as Arrow. flowaudit opens the file anew in every run; pm4py gets its own prepared DataFrame. Neither preparation
is timed. Best of three runs in turn for each question. Then a fresh process opens the file and answers everything once:
its wall time and its peak memory. The last line is one JSON object. ``--alone`` leaves pm4py out.
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
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("FLOWAUDIT_LANG", "en")

ROOT = Path(__file__).resolve().parents[1]
PUBLIC = ROOT.parent / "shared" / "logs" / "receipt.xes.gz"
RUNS = 3
MEGABYTE = 2**20
QUESTIONS = (
    "reopen", "variants", "directly-follows, mean and median times", "durations", "rework", "handovers",
    "start and end activities",
)  # fmt: skip


def store(log: Any, events: int, tile_events: int, path: Path) -> None:
    """Store the log over and over under fresh case ids, at least ``events`` rows long, tile by tile."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    from flowaudit.eventlog import StoreWriter

    table = (
        log.events.drop_columns([c for c in ("event_id",) if c in log.columns]).unify_dictionaries().combine_chunks()
    )
    copies = max(1, -(-events // len(table)))
    ids = pa.array([f"-{case}" for case in log.case_ids])
    dictionary = pc.binary_join_element_wise(
        pa.array(np.repeat(np.arange(copies), len(ids))).cast(pa.string()), pa.concat_arrays([ids] * copies), ""
    )
    place = table.column_names.index("case_id")
    in_tile = max(1, tile_events // len(table))
    with StoreWriter(path, table.schema) as writer:
        for first in range(0, copies, in_tile):
            n = min(in_tile, copies - first)
            own = np.repeat(np.arange(first, first + n, dtype=np.int64) * len(ids), len(table))
            codes = pa.array((np.tile(log.case_index, n) + own).astype(np.int32))
            part = pa.concat_tables([table] * n).combine_chunks()
            part = part.set_column(place, "case_id", pa.DictionaryArray.from_arrays(codes, dictionary))
            writer.write(part.combine_chunks().to_batches()[0])
        writer.close(provenance=log.provenance)


def prepared(log: Any, pm4py: Any) -> Any:
    """Return the log as pm4py wants it: strings, sorted, under its own names."""
    columns = ["case_id", "activity", "end", *(["resource"] if log.has("resource") else [])]
    frame = log.to_pandas(columns)
    frame = frame.astype({c: str for c in columns if c != "end"}).rename(columns={"resource": "org:resource"})
    return pm4py.format_dataframe(frame, case_id="case_id", activity_key="activity", timestamp_key="end")


def ours(path: Path) -> tuple[dict[str, float], dict[str, Any]]:
    """Answer every question from the stored log; return the seconds and the answers."""
    from flowaudit.eventlog import open_log
    from flowaudit.flow import directly_follows, end_activities, start_activities, variants
    from flowaudit.metrics import case_durations, handovers, rework_by_activity

    log: Any = None

    def reopen() -> Any:
        nonlocal log
        log = open_log(path)
        return log

    return answered(
        reopen,
        lambda: variants(log),
        lambda: directly_follows(log),
        lambda: case_durations(log),
        lambda: rework_by_activity(log),
        lambda: handovers(log) if log.has("resource") else None,
        lambda: (start_activities(log), end_activities(log)),
    )


def modelled(log: Any) -> tuple[float, Any]:
    """Discover a model and replay the log on it, its variants being known; return the best of three times and both."""
    from collections import Counter

    from flowaudit.flow import discover_tree, replay_fitness, variants

    found = variants(log)
    counts = Counter(dict(zip(found["variant"], found["cases"].tolist(), strict=True)))
    best, answer = float("inf"), None
    for _run in range(RUNS):
        begin = time.perf_counter()
        tree, _left_out = discover_tree(counts)
        fitness = replay_fitness(log, tree)
        best = min(best, time.perf_counter() - begin)
        answer = tree, round(fitness.fitness, 9)
    return best, answer


def theirs(pm4py: Any, frame: Any) -> tuple[dict[str, float], dict[str, Any]]:
    return answered(
        lambda: None,
        lambda: pm4py.get_variants(frame),
        # One call for all aggregates: asking for the mean and the median apart takes it nearly twice as long.
        lambda: (pm4py.discover_dfg(frame)[0], pm4py.discover_performance_dfg(frame, perf_aggregation_key="all")[0]),
        lambda: pm4py.get_all_case_durations(frame),
        lambda: pm4py.get_rework_cases_per_activity(frame),
        lambda: pm4py.discover_handover_of_work_network(frame) if "org:resource" in frame else None,
        lambda: (pm4py.get_start_activities(frame), pm4py.get_end_activities(frame)),
    )


def answered(*work: Callable[[], Any]) -> tuple[dict[str, float], dict[str, Any]]:
    seconds, answers = {}, {}
    for question, answer in zip(QUESTIONS, work, strict=True):
        begin = time.perf_counter()
        answers[question] = answer()
        seconds[question] = time.perf_counter() - begin
    return seconds, answers


def peak_mb() -> float | None:
    """Return the largest memory this process has held; None where the system does not tell (Windows)."""
    status = Path("/proc/self/status")
    if status.exists():
        # Not getrusage: on Linux it hands the parent's peak down to a child.
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (MEGABYTE if sys.platform == "darwin" else 1024)


def differences(mine: dict[str, Any], other: dict[str, Any], *, starts: bool) -> list[str]:
    """Say in what the two disagree."""
    import numpy as np

    wrong = []
    _log, found, edges, durations, rework, handed, ends = (mine[q] for q in QUESTIONS)
    _none, variants, (counts, times), lengths, again, network, outer = (other[q] for q in QUESTIONS)
    if dict(zip(found["variant"], found["cases"].tolist(), strict=True)) != dict(variants):
        wrong.append("variants")
    pairs = list(zip(edges["source"], edges["target"], strict=True))
    if dict(zip(pairs, edges["frequency"].tolist(), strict=True)) != {k: int(v) for k, v in counts.items()}:
        wrong.append("directly-follows counts")
    # Both measure from end to end only where the log has no start times; pm4py rounds its own to the second.
    for name in () if starts else ("mean", "median"):
        seconds = dict(zip(pairs, (edges[f"{name}_h"] * 3600).tolist(), strict=True))
        if any(abs(seconds[pair] - float(value[name])) > 1.0 for pair, value in times.items()):
            wrong.append(f"{name} times")
    own = np.sort(durations.to_numpy().astype("timedelta64[us]").astype(np.int64)) / 1e6
    if not starts and not np.allclose(own, np.asarray(lengths), rtol=0, atol=1e-3):
        wrong.append("durations")
    if rework["cases"].to_dict() != {k: int(v) for k, v in again.items()}:
        wrong.append("rework")
    if network is not None and not same_handovers(handed, network.connections):
        wrong.append("handovers")
    if [side.to_dict() for side in ends] != [{k: int(v) for k, v in side.items()} for side in outer]:
        wrong.append("start and end activities")
    return wrong


def same_handovers(mine: Any, shares: dict[tuple[str, str], float]) -> bool:
    """Compare with pm4py's shares, which count those who hand over to themselves and unknown ones too."""
    between = {k: v for k, v in shares.items() if k[0] != k[1] and not {"nan", "None"} & set(k)}
    counts = dict(zip(zip(mine["source"], mine["target"], strict=True), mine["frequency"].tolist(), strict=True))
    total, whole = sum(between.values()), sum(counts.values())
    return counts.keys() == between.keys() and all(
        abs(counts[k] / whole - between[k] / total) < 1e-9 for k in counts
    )  # fmt: skip


def alone(path: Path) -> dict[str, Any]:
    """Answer everything in a fresh process; return its wall time, its answering time and its peak memory.

    Best of several: the first run compiles what is not compiled yet (Python modules too, kept beside the log, since
    some installations forbid it at the usual place).
    """
    kept = {"PYTHONPYCACHEPREFIX": str(path.with_name("compiled")), "PYTHONDONTWRITEBYTECODE": ""}
    code = (
        "import json, sys; from pathlib import Path; sys.path.insert(0, sys.argv[1]); import mining; "
        "seconds, answers = mining.ours(Path(sys.argv[2])); "
        "print(json.dumps({'answers_s': sum(seconds.values()), 'peak_mb': mining.peak_mb()}))"
    )
    found: dict[str, Any] = {}
    for _run in range(RUNS):
        begin = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", code, str(Path(__file__).parent), str(path)],
            check=True, capture_output=True, text=True,
            env={**os.environ, **kept, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        )  # fmt: skip
        wall = time.perf_counter() - begin
        if not found or wall < found["wall_s"]:
            found = {**json.loads(done.stdout), "wall_s": wall}
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("log", nargs="?", type=Path, help="any log flowaudit reads")
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--tile-events", type=int, default=2**24)
    parser.add_argument("--alone", action="store_true", help="leave pm4py out")
    options = parser.parse_args()

    import numpy as np

    from flowaudit.eventlog import load_sample, open_log, read_log, select_cases

    source = options.log or (PUBLIC if PUBLIC.exists() else None)
    log = read_log(source) if source else load_sample("restaurant")
    pm4py: Any = None
    if not options.alone:
        warnings.simplefilter("ignore")
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            import pm4py

    best: dict[str, float] = {}
    best_theirs: dict[str, float] = {}
    wrong: list[str] = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        path, small = Path(folder) / "log.arrow", Path(folder) / "small.arrow"
        few = select_cases(log, np.arange(log.n_cases) < 100, "warm-up")
        store(few, 1, options.tile_events, small)
        ours(small)
        store(log, options.events, options.tile_events, path)
        rows, cases = len(open_log(path).events), open_log(path).n_cases
        frame = None
        if pm4py is not None:
            theirs(pm4py, prepared(few, pm4py))
            frame = prepared(open_log(path), pm4py)
        for _run in range(RUNS):
            if frame is not None:
                seconds, other = theirs(pm4py, frame)
                best_theirs = {q: min(s, best_theirs.get(q, s)) for q, s in seconds.items()}
            seconds, mine = ours(path)
            best = {q: min(s, best.get(q, s)) for q, s in seconds.items()}
        if frame is not None:
            wrong = differences(mine, other, starts=log.has("start"))
        n_variants = len(mine["variants"])
        model_few, of_few = modelled(log)
        model_many, of_many = modelled(open_log(path))
        if of_few != of_many:
            wrong.append("the model and its fitness at both sizes")
        del frame, mine
        child = alone(path)

    total, total_theirs = sum(best.values()), sum(best_theirs.values())
    print(f"{source.name if source else 'sample'}: {rows:,} events, {cases:,} cases, {n_variants:,} variants")
    print(f"{'seconds':42}{'flowaudit':>10}{'pm4py':>10}{'ratio':>8}")
    for question in (*QUESTIONS, "together"):
        a = total if question == "together" else best[question]
        b = total_theirs if question == "together" else best_theirs.get(question, 0.0)
        print(f"{question:42}{a:>10.4f}" + (f"{b:>10.3f}{b / a:>8.0f}" if b else ""))
    print(f"{1e9 * total / rows:.1f} ns per event")
    print(
        f"model discovered and replayed from the variants: {model_many:.3f} s at {rows:,} events, {model_few:.3f} s at "
        f"{log.n_events:,}: ratio {model_many / model_few:.2f}"
    )
    told = "" if child["peak_mb"] is None else f", peak {child['peak_mb']:.0f} MB"
    print(f"a fresh process: {child['wall_s']:.2f} s wall, {child['answers_s']:.2f} s of it for the answers{told}")
    if wrong or not options.alone:
        print(f"DIFFERENT: {', '.join(wrong)}" if wrong else "same results")
    print(
        json.dumps(
            {
                "ratio_pm4py": round(total_theirs / total, 1) if best_theirs else None,
                "wall_s": round(child["wall_s"], 3),
                "peak_mb": None if child["peak_mb"] is None else round(child["peak_mb"]),
                "ratio_model": round(model_many / model_few, 3),
            }
        )
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
