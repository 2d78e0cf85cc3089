"""Whether a search finds the best portfolio of measures, and how long it takes.

    python dev.py bench search [--problems 30] [--log DIR]

*Regret*: problems whose every portfolio is computed by hand (flows without queues, constant delays; `tests/planted_problems.py`): the search
with a budget, beside the greedy order an analyst would use (best saving for the money, one after the other), beside as many portfolios drawn at
random as the local search may try, and the local search itself, allowed a third of the portfolios. Regret is the relative saving missed, in
percentage points. Then the same with exponential delays, where the race has to tell luck from worth.
*Speed*: 12 candidate measures (4 096 portfolios, none excluded) on the process fitted to the sample `restaurant`, all cores; the exit code is
1 when the search misses a planted optimum. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from planted_problems import CALENDAR, Problem, planted  # noqa: E402 - lies among the tests

from flowaudit import fit_process, read_catalogue, read_folder  # noqa: E402
from flowaudit.planning import Search, search  # noqa: E402
from flowaudit.process import Process  # noqa: E402
from flowaudit.redesign import MEASURES, Candidate, Candidates, Entry  # noqa: E402

OPTIONS = {"cases": 100, "metrics": ("steps", "time"), "policy": "C_node", "calendar": CALENDAR, "workers": 1}

TWELVE = (
    ("M05", {}), ("M04", {"names": ("HB", "XF", "SP", "ZP", "PS")}), ("M04", {"names": ("消防核查", "环保核查")}),
    ("M02", {"department": "市场监管局", "levels": 3}), ("M02", {"department": "消防救援支队", "levels": 2}),
    ("M02", {"department": "城管执法局", "levels": 2}), ("M07", {"materials": ("营业执照", "法定代表人身份证")}),
    ("M07", {"materials": ("从业人员健康证明", "食品安全管理人员考核证明")}), ("M08", {"material": "房屋租赁合同"}),
    ("M09", {"avoided": 0.5}), ("M22", {"share": 0.6}), ("M24", {"activities": ("食品许可分管审签",)}),
)  # fmt: skip
"""Measures whose cost and risk are numbers for the bench only."""


def regrets(problem: Problem, seed: int) -> dict[str, float]:
    """Relative saving missed, in percentage points."""
    options = {**OPTIONS, "budget_yuan": problem.budget}
    found = search(problem.process, problem.candidates, **options)  # type: ignore[arg-type]
    allowed = max(8, len(problem.improvement) // 3)
    local = search(problem.process, problem.candidates, most=allowed, **options)  # type: ignore[arg-type]
    values = {
        "search": problem.improvement[found.winner.portfolio],
        "greedy": problem.greedy(),
        "local": problem.improvement[local.winner.portfolio],
        "random": problem.random(allowed, seed),
    }
    return {name: 100.0 * (problem.best - value) for name, value in values.items()}


def with_luck(seed: int) -> float:
    """Regret with exponential delays; the truth is what many more cases with other luck give."""
    problem = planted(seed, sections=3, luck=True)
    options = {**OPTIONS, "budget_yuan": problem.budget}
    found = search(problem.process, problem.candidates, **options)  # type: ignore[arg-type]
    truth = search(problem.process, problem.candidates, **{**options, "seed": 1000 + seed})  # type: ignore[arg-type]
    best = max(p.improvement for p in truth.tried.values())
    return 100.0 * (best - truth.tried[found.winner.portfolio].improvement)


def twelve() -> Candidates:
    """Twelve candidates for the sample, in the order in which they are best applied."""
    entries = [
        Candidate(str(k), Entry(MEASURES[number](**parameters), cost_yuan=float(10_000 * k)), risk=float(k % 3))
        for k, (number, parameters) in enumerate(TWELVE, 1)
    ]
    return Candidates("twelve", tuple(entries))


def timed(process: Process, workers: int) -> tuple[Search, float]:
    begin = time.perf_counter()
    found = search(process, twelve(), workers=workers)
    return found, time.perf_counter() - begin


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--problems", type=int, default=30)
    parser.add_argument("--log", type=Path, default=ROOT / "sample_logs" / "restaurant")
    asked = parser.parse_args()
    rows = []
    for seed in range(asked.problems):
        problem = planted(seed)
        rows.append(regrets(problem, seed))
        told = "  ".join(f"{name} {value:5.2f}" for name, value in rows[-1].items())
        print(f"problem {seed:2d}: {len(problem.improvement):4d} portfolios, regret in points: {told}", flush=True)
    table = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    luck = np.array([with_luck(seed) for seed in range(max(asked.problems // 3, 1))])
    print(f"with luck ({len(luck)} problems): mean {luck.mean():.2f}, largest {luck.max():.2f}", flush=True)
    log = read_folder(asked.log)
    catalogue = read_catalogue(asked.log / "catalogue")
    process = fit_process(log, catalogue)
    cores = os.cpu_count() or 1
    found, seconds = timed(process, cores)
    n = len(found.tried) + len(found.refused)
    print(
        f"12 candidates: {n:,} portfolios ({len(found.refused):,} refused) in {seconds:.0f} s on {cores} cores; front of {len(found.front)}"
    )
    print(json.dumps({
        "problems": asked.problems,
        "regret_mean": {name: round(float(v.mean()), 3) for name, v in table.items()},
        "regret_max": {name: round(float(v.max()), 3) for name, v in table.items()},
        "missed": {name: int((v > 1e-9).sum()) for name, v in table.items()},
        "regret_luck_mean": round(float(luck.mean()), 3),
        "regret_luck_max": round(float(luck.max()), 3),
        "portfolios": n,
        "seconds": round(seconds, 1),
        "cores": cores,
        "front": len(found.front),
    }))  # fmt: skip
    return int((table["search"] > 1e-9).any())


if __name__ == "__main__":
    sys.exit(main())
