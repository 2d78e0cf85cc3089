"""How often the 95 % intervals that people read contain the truth, over many repeated experiments on processes whose truth is known.

    python dev.py bench coverage [--repetitions 1000] [--replications 30] [--only delays]

Every experiment simulates an office before and after a change, or all combinations of three measures, and takes the intervals
of `evaluate` (paired difference, bounds, reductions), `summarise`, `waterfall` and `shapley`. The truth is exact where nobody
waits for anybody, by queueing theory for means in a queue, else by a run of 800 000 cases whose own error is printed. The last
line is one JSON object. The exit code is 1 if a coverage lies outside 93 to 97 % by more than chance (99.9 %).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

if __name__ != "__main__":
    # Numba asks for the package of this name, and every bench has this folder on its path.
    raise ImportError("bench/coverage.py is a program")

sys.path.insert(0, str(Path(__file__).parent))
from known.experiments import Experiment, Tally, attributed, delays, queue, summarised

from flowaudit.metrics import wilson

WANTED = (0.93, 0.97)
KINDS: dict[str, Callable[[], Experiment]] = {
    "delays": delays,
    "whole days": lambda: delays(days=6.0),
    "queue": queue,
    "summarise": summarised,
    "attribution": attributed,
}
"""``whole days``: medians that are the same in most replications."""

HARD: dict[str, Callable[[], Experiment]] = {"heavy load": lambda: queue(load=0.8, cases=300, skip=500)}
"""Where an interval must be expected to be off: each replication is much shorter than the queue needs to forget."""


def line(name: str, tally: Tally) -> str:
    low, high = wilson(tally.held, tally.n)
    length = float(np.mean(tally.lengths))
    own = f"{2 * tally.error / length:.2f}" if tally.error else "exact"
    return (
        f"{name:<26}{tally.truth:>9.3f}  {tally.source:<9}{own:>6}{length:>9.3f}{tally.coverage:>9.1%}"
        f"  {low:.1%} – {high:.1%}{tally.below / tally.n:>8.1%}{tally.above / tally.n:>8.1%}"
    )


def outside(tally: Tally) -> bool:
    """Whether the coverage is not what is wanted, beyond chance."""
    low, high = wilson(tally.held, tally.n, z=3.29)
    return high < WANTED[0] or low > WANTED[1]


def measured(kind: str, experiment: Experiment, repetitions: int, replications: int, seed: int) -> dict[str, Tally]:
    begin = time.perf_counter()
    tallies = experiment.repeated(repetitions, replications, seed)
    print(f"\n{kind}: {repetitions:,} experiments of {replications} replications, {time.perf_counter() - begin:.0f} s")
    print(
        f"{'':<26}{'truth':>9}  {'by':<9}{'error':>6}{'length':>9}{'holds':>9}{'95 % of that':>16}{'below':>8}{'above':>8}"
    )
    for name, tally in tallies.items():
        print(line(name, tally), flush=True)
    return tallies


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--repetitions", type=int, default=1000)
    parser.add_argument("--replications", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=[*KINDS, *HARD], action="append")
    options = parser.parse_args()
    begin = time.perf_counter()
    found: dict[str, dict[str, Tally]] = {}
    for kind, make in (KINDS | HARD).items():
        if not options.only or kind in options.only:
            repetitions = options.repetitions if kind in KINDS else max(options.repetitions // 4, 1)
            found[kind] = measured(kind, make(), repetitions, options.replications, options.seed)
    easy = {f"{kind}: {n}": t for kind in KINDS if kind in found for n, t in found[kind].items()}
    wrong = [name for name, tally in easy.items() if outside(tally)]
    if wrong:
        print("\noutside 93 to 97 % beyond chance: " + "; ".join(wrong))
    shares = [t.coverage for t in easy.values()]
    print(json.dumps({
        "repetitions": options.repetitions, "replications": options.replications,
        "coverage": {name: round(t.coverage, 4) for name, t in easy.items()},
        "coverage_min": round(min(shares), 4) if shares else None, "coverage_max": round(max(shares), 4) if shares else None,
        "hard": {f"{kind}: {n}": round(t.coverage, 4) for kind in HARD if kind in found for n, t in found[kind].items()},
        "wall_s": round(time.perf_counter() - begin, 1),
    }))  # fmt: skip
    return 1 if wrong else 0


sys.exit(main())
