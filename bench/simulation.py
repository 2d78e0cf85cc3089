"""How fast a process is simulated: a loan office with calendars, XOR, AND, loops and 23 different people, beside SimPy and Prosimos.

    python dev.py bench simulation [--cases 100000] [--no-prosimos]

All three run the one model of `bench/loan` and write the full log; the model is prepared and everything compiled
beforehand. Arrivals, ways and work times are drawn inside. One core, CPU seconds, best of three for flowaudit and SimPy.
Then flowaudit alone: cost per case of a large run against a small one, many short replications, and fresh processes with
nothing compiled and with everything compiled. At last flowaudit and SimPy are compared over several seeds; if their cycle times
differ beyond chance, the exit code is 1. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from loan import prosimos_peer, simpy_peer
from loan.flowaudit_peer import as_frame, loan_process
from loan.model import START, Model, loan_model, log_figures

from flowaudit.process import Process
from flowaudit.simulation import simulate

SEEDS = (1, 2, 3)
"""The best of these counts."""
SIMPY_CASES, PROSIMOS_CASES = 10_000, 2_000
SMALL, LARGE = 10_000, 1_000_000
REPLICATIONS, REPLICATION_CASES = 30, 1_000
COMPARED, COMPARED_CASES = 12, 20_000
LIMIT_Z = 5.0
FIRST = str(START.date())
CHILD = """
import json, sys, time
begin = time.perf_counter()
sys.path.insert(0, sys.argv[1])
from loan.flowaudit_peer import loan_process
from loan.model import loan_model
from mining import peak_mb
from flowaudit.simulation import simulate
process = loan_process(loan_model())
ready, ready_cpu = time.perf_counter(), time.process_time()
runs = simulate(process, cases=int(sys.argv[3]), start=sys.argv[2], replications=1)
called, called_cpu = time.perf_counter(), time.process_time()
log = runs[0]
print(json.dumps({
    "call_s": called - ready, "call_cpu_s": called_cpu - ready_cpu, "whole_s": called - begin, "peak_mb": peak_mb(),
}))
"""
"""What a fresh process does: with the imports and the model, and `simulate` alone."""


def ours(process: Process, cases: int, seed: int) -> Any:
    """Simulate once, make the log, and return its events."""
    runs = simulate(process, cases=cases, start=FIRST, replications=1, seed=seed)
    return runs[0].events


def cost(work: Callable[[int], Sequence[Any]], *seeds: int) -> float:
    """Return the fewest CPU nanoseconds per activity instance."""
    found = float("inf")
    for seed in seeds:
        begin = time.process_time()
        n = len(work(seed))
        found = min(found, (time.process_time() - begin) / n * 1e9)
    return found


def fresh(cases: int, cache: Path) -> dict[str, float]:
    """Simulate in a fresh process that keeps compiled code in this folder."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(Path(__file__).parent), FIRST, str(cases)],
        check=True, capture_output=True, text=True,
        env={**os.environ, "NUMBA_CACHE_DIR": str(cache), "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
    )  # fmt: skip
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def flat(figures: dict[str, Any]) -> dict[str, float]:
    """Return what is compared, by a name for people."""
    return {
        "instances per case": figures["instances_per_case"],
        "cycle time, h": figures["cycle_h"],
        **{f"waiting, h: {task}": hours for task, hours in figures["waiting_h"].items()},
        **{f"utilisation: {pool}": share for pool, share in figures["utilisation"].items()},
    }


def agreement(model: Model, process: Process) -> dict[str, tuple[float, float, float]]:
    """Return for every figure the means over the seeds of both, and the difference in its standard errors."""
    sides: tuple[list[dict[str, float]], list[dict[str, float]]] = ([], [])
    runs = simulate(process, cases=COMPARED_CASES, start=FIRST, replications=COMPARED, seed=1)
    for seed in range(COMPARED):
        sides[0].append(flat(log_figures(as_frame(runs, seed), model)))
        rows, _seconds = simpy_peer.simulate(model, COMPARED_CASES, seed)
        sides[1].append(flat(log_figures(simpy_peer.as_frame(rows), model)))
    found = {}
    for name in sides[0][0]:
        a, b = (np.array([figures[name] for figures in side]) for side in sides)
        error = np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / COMPARED)
        found[name] = (float(a.mean()), float(b.mean()), float((a.mean() - b.mean()) / error))
    return found


def replications(process: Process) -> tuple[float, float]:
    """Return the wall seconds of many short replications, without and with their logs."""
    found = (float("inf"), float("inf"))
    for _run in SEEDS:
        begin = time.perf_counter()
        runs = simulate(process, cases=REPLICATION_CASES, start=FIRST, replications=REPLICATIONS)
        simulated = time.perf_counter()
        for log in runs:
            log.n_events  # noqa: B018 - makes the log
        found = min(found, (simulated - begin, time.perf_counter() - begin))
    return found


@contextlib.contextmanager
def one_core() -> Iterator[None]:
    """Keep to one core, where the system lets a process choose."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def side_by_side(cases: int, *, prosimos: bool) -> tuple[Model, Process, dict[str, Any]]:
    """Time flowaudit and its peers; return the model, ours, and the figures."""
    model = loan_model()
    process = loan_process(model)
    ours(process, 100, 1)
    simpy_peer.simulate(model, 100)
    own_ns, simpy_ns = float("inf"), float("inf")
    for seed in SEEDS:  # in turn
        own_ns = min(own_ns, cost(lambda seed: ours(process, cases, seed), seed))
        simpy_ns = min(simpy_ns, cost(lambda seed: simpy_peer.simulate(model, SIMPY_CASES, seed)[0], seed))
    rate, simpy_rate = 1e9 / own_ns, 1e9 / simpy_ns
    print(f"{cases:,} cases, {len(process.templates)} ways, {len(process.resources)} people")
    print(f"{'activity instances per CPU-second':40}{rate:>12,.0f}")
    print(f"{'SimPy':40}{simpy_rate:>12,.0f}  ratio {rate / simpy_rate:.1f}")
    prosimos_rate = None
    if prosimos:
        log, told = prosimos_peer.simulate(PROSIMOS_CASES)
        prosimos_rate = len(log) / told["cpu_s"]
        print(f"{'Prosimos ' + told['version']:40}{prosimos_rate:>12,.0f}  ratio {rate / prosimos_rate:.0f}")

    small_ns = cost(lambda seed: ours(process, SMALL, seed), *SEEDS)
    large_ns = cost(lambda seed: ours(process, LARGE, seed), *SEEDS)
    growth = large_ns / small_ns
    print(f"per instance: {small_ns:.0f} ns of {SMALL:,} cases, {large_ns:.0f} ns of {LARGE:,}: ratio {growth:.2f}")
    bare_s, logs_s = replications(process)
    print(f"{REPLICATIONS} runs of {REPLICATION_CASES:,} cases: {bare_s:.2f} s wall, {logs_s:.2f} s with their logs")
    return model, process, {
        "instances_per_cpu_s": round(rate), "ratio_simpy": round(rate / simpy_rate, 1),
        "ratio_prosimos": None if prosimos_rate is None else round(rate / prosimos_rate),
        "cost_ratio_1m_10k": round(growth, 3), "replications_s": round(bare_s, 3), "replications_logs_s": round(logs_s, 3),
    }  # fmt: skip


def fresh_processes(cases: int) -> dict[str, Any]:
    """Time the first call ever and later ones, in fresh processes; return the figures."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        cache = Path(folder)
        first = fresh(1000, cache)
        later = min((fresh(1000, cache) for _run in SEEDS), key=lambda told: told["call_s"])
        peak = fresh(cases, cache)["peak_mb"]
    for name, told in (("first call ever", first), ("call in a later process", later)):
        print(
            f"{name}: {told['call_s']:.2f} s wall, {told['call_cpu_s']:.2f} s of CPU, {told['whole_s']:.2f} s with imports"
        )
    print(f"peak of a fresh process with {cases:,} cases: " + ("-" if peak is None else f"{peak:.0f} MB"))
    return {
        "peak_mb": None if peak is None else round(peak),
        "first_call_s": round(first["call_s"], 2), "first_call_cpu_s": round(first["call_cpu_s"], 2),
        "later_call_s": round(later["call_s"], 2), "later_call_cpu_s": round(later["call_cpu_s"], 2),
        "later_process_s": round(later["whole_s"], 2),
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--no-prosimos", action="store_true")
    options = parser.parse_args()

    with one_core():
        model, process, told = side_by_side(options.cases, prosimos=not options.no_prosimos)
    told |= fresh_processes(options.cases)
    figures = agreement(model, process)
    print(f"{COMPARED} seeds of {COMPARED_CASES:,} cases:{'':13}{'flowaudit':>10}{'SimPy':>10}{'z':>7}")
    for name, (a, b, z) in figures.items():
        print(f"{name:36}{a:>10.3f}{b:>10.3f}{z:>7.1f}")
    z_cycle = figures["cycle time, h"][2]
    z_max = max((z for _a, _b, z in figures.values()), key=abs)
    print(json.dumps({**told, "z_cycle": round(z_cycle, 1), "z_max": round(z_max, 1)}))
    return 0 if abs(z_cycle) <= LIMIT_Z else 1


if __name__ == "__main__":
    sys.exit(main())
