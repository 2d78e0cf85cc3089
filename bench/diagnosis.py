"""Diagnosis against planted truth: recall and false positives of every waste rule, error of the estimated loss and of the causes.

    python dev.py bench diagnosis [--only W03,W09] [--seeds 20] [--clean 50] [--first 0] [--scale 1] [--causes-only | --rules-only]

Logs come from a SimPy office that shares no code with flowaudit (`bench/planted`): clean backgrounds, the same with one
waste or several, and offices whose waiting has known causes. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from planted import (
    CAUSES,
    NOISES,
    SCENARIOS,
    WASTES,
    Truth,
    World,
    clean_world,
    combined,
    noisy,
    plant,
    waiting_scenario,
)
from planted.office import run
from planted.wastes import scaled

from flowaudit.eventlog import from_frame
from flowaudit.worktime import Calendar

PROCESSES = 2
RECALL_NOISE = ("none", "missing officers", "none", "open cases")
CAUSE_SEEDS = (1, 2)
TOGETHER = (
    ("W01", "W06", "W10"), ("W03", "W09", "W24"), ("W04", "W08", "W15"), ("W12", "W16", "W22"), ("W13", "W20", "W25"),
    ("W05", "W07", "W14"), ("W11", "W19", "W23"), ("W02", "W17", "W21"), ("W01", "W18", "W04"), ("W10", "W25", "W06"),
)  # fmt: skip
LEVELS = ("activities", "offices", "officers", "materials", "fields", "items", "channels", "departments")


def touches(finding: Any, truth: Truth) -> bool:
    """Say whether a finding is about what was planted.

    Its scope and the planted place must share a name at the finest level that both name, and at least half of the
    evidence must be planted cases.
    """
    if finding.rule != truth.rule:
        return False
    for level in LEVELS:
        said, planted = set(finding.scope.get(level, ())), truth.place.get(level)
        if said and planted:
            if not said & planted:
                return False
            break
    if finding.evidence and truth.cases:
        return sum(case in truth.cases for case in finding.evidence) * 2 >= len(finding.evidence)
    return True


def diagnosed(world: World, rules: Iterable[str]) -> Any:
    from flowaudit.diagnosis import RULES, diagnose

    only = [rule for rule in rules if rule in RULES]
    return diagnose(world.log(), world.catalogue(), calendar=Calendar.weekdays(), only=only)


def recall_of(task: tuple[str, int, float]) -> dict[str, Any]:
    rule, seed, scale = task
    planted = plant(rule, seed, strength=scaled(rule, scale))
    noise = RECALL_NOISE[seed // len(WASTES[rule].what) % len(RECALL_NOISE)]
    return _judged(noisy(planted.world, noise, seed), planted.truths, noise)[0] | {"seed": seed}


def combined_of(task: tuple[tuple[str, ...], int, float]) -> list[dict[str, Any]]:
    rules, seed, scale = task
    planted = combined(rules, seed, scale=scale)
    return _judged(planted.world, planted.truths, "none")


def _judged(world: World, truths: Sequence[Truth], noise: str) -> list[dict[str, Any]]:
    begin = time.perf_counter()
    found = diagnosed(world, {truth.rule for truth in truths})
    seconds = time.perf_counter() - begin
    answers = []
    for truth in truths:
        hits = [f for f in found if touches(f, truth)]
        estimates = [f.time_lost_days_total for f in hits if f.time_lost_days_total is not None]
        error = None
        # What noise cut off was planted all the same: losses are compared on whole logs.
        if noise == "none" and estimates and truth.lost_days:
            error = abs(sum(estimates) - truth.lost_days) / truth.lost_days
        answers.append(
            {
                "rule": truth.rule, "mode": truth.mode, "noise": noise, "found": bool(hits), "error": error,
                "not_checkable": truth.rule in {n.rule for n in found.not_checkable},
                "elsewhere": sum(f.rule == truth.rule for f in found) - len(hits), "seconds": seconds,
            }
        )  # fmt: skip
    return answers


def false_positives_of(task: tuple[int, str, tuple[str, ...]]) -> dict[str, Any]:
    seed, noise, rules = task
    found = diagnosed(noisy(run(clean_world(900_000 + seed)), noise, seed), rules)  # type: ignore[arg-type]
    return {
        "seed": seed, "noise": noise, "findings": sorted({f.id for f in found}), "rules": sorted({f.rule for f in found}),
        "not_checkable": sorted({n.rule for n in found.not_checkable}),
    }  # fmt: skip


def causes_of(task: tuple[str, int]) -> dict[str, Any]:
    from flowaudit.diagnosis import waiting_causes

    name, seed = task
    notes = waiting_scenario(name, seed)
    total = waiting_causes(from_frame(notes.frame), calendar=Calendar.weekdays()).total()
    planted, worked = notes.planted / notes.planted.sum(), notes.working / notes.working.sum()
    told = total.reindex([*CAUSES, "not_identifiable"]).fillna(0.0)
    known = told.loc[list(CAUSES)]
    share = known["hours"] / max(known["hours"].sum(), 1e-9)
    working = known["working_hours"] / max(known["working_hours"].sum(), 1e-9)
    unknown = told.at["not_identifiable", "hours"] / max(told["hours"].sum(), 1e-9)
    # Only what was waited for an officer who was struck out may be called not identifiable.
    excess = max(0.0, unknown - notes.unnamed)
    return {
        "scenario": name, "seed": seed, "planted": planted.to_dict(), "share": share.to_dict(),
        "error_pp": 100 * max((share - planted).abs().max(), excess),
        "working_error_pp": 100 * (working - worked).abs().max(), "not_identifiable": unknown,
        "hours_ratio": told["hours"].sum() / notes.planted.sum(),
    }  # fmt: skip


def show_causes(answers: list[dict[str, Any]]) -> dict[str, Any]:
    print("\nCauses of waiting: shares of the calendar hours in %, planted -> found; errors in percentage points")
    print(f"{'scenario':<30}" + "".join(f"{c[:12]:>14}" for c in CAUSES) + f"{'unknown':>9}{'error':>7}{'working':>9}")
    result: dict[str, Any] = {}
    for a in answers:
        cells = "".join(f"{100 * a['planted'][c]:>7.1f}->{100 * a['share'][c]:<5.1f}" for c in CAUSES)
        print(
            f"{a['scenario']:<30}{cells}{100 * a['not_identifiable']:>9.1f}{a['error_pp']:>7.1f}{a['working_error_pp']:>9.1f}"
            + ("" if abs(a["hours_ratio"] - 1) < 0.02 else f"  hours x {a['hours_ratio']:.2f}")
        )
        own = result.setdefault(a["scenario"], {"error_pp": 0.0, "working_error_pp": 0.0})
        for key in own:
            own[key] = max(own[key], round(a[key], 2))
    return result


def show_rules(
    rules: list[str], single: list[dict[str, Any]], together: list[dict[str, Any]], clean: list[dict[str, Any]]
) -> dict[str, Any]:
    by_rule, in_company = defaultdict(list), defaultdict(list)
    for a in single:
        by_rule[a["rule"]].append(a)
    for a in together:
        in_company[a["rule"]].append(a)
    print(
        f"\nWaste rules: {len(single)} logs with one waste, {len(together)} wastes in company, {len(clean)} clean logs"
    )
    print(
        f"{'rule':<6}{'recall':>8}{'company':>9}{'false':>8}{'loss':>8}{'blind':>7}{'elsewhere':>11}  by way of planting"
    )
    result = {}
    for rule in rules:
        own, company = by_rule[rule], in_company[rule]
        recall = _share(a["found"] for a in own)
        beside = _share(a["found"] for a in company)
        false = _share(rule in c["rules"] for c in clean)
        errors = [a["error"] for a in own if a["error"] is not None]
        error = median(errors) if errors else None
        modes = {m: _share(a["found"] for a in own if a["mode"] == m) for m in WASTES[rule].what}
        blind = sum(a["not_checkable"] for a in own)
        print(
            f"{rule:<6}{_number(recall):>8}{_number(beside):>9}{_number(false):>8}{_number(error):>8}{blind:>7}"
            f"{sum(a['elsewhere'] for a in own):>11}  " + ", ".join(f"{m} {_number(s)}" for m, s in modes.items())
        )
        result[rule] = {
            "recall": recall, "false_positives": false, "time_error": None if error is None else round(error, 3),
            "recall_combined": beside, "modes": modes,
        }  # fmt: skip
    missed = defaultdict(list)
    for a in single:
        if not a["found"]:
            missed[a["rule"]].append(f"{a['seed']} ({a['mode']}, {a['noise']})")
    for rule, seeds in sorted(missed.items()):
        print(f"missed {rule}: seeds " + ", ".join(seeds))
    for c in clean:
        told = [f for f in c["findings"] if f.split("-")[0] in rules]
        if told:
            print(f"clean seed {c['seed']} ({c['noise']}): " + ", ".join(told))
    return result


def _share(answers: Iterable[bool]) -> float | None:
    told = list(answers)
    return round(sum(told) / len(told), 3) if told else None


def _number(value: float | None) -> str:
    return "—" if value is None else f"{value:.2f}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--only", default="", help="rules, such as W03,W09")
    parser.add_argument("--seeds", type=int, default=20, help="logs with one waste, per rule")
    parser.add_argument("--clean", type=int, default=50, help="clean logs")
    parser.add_argument("--first", type=int, default=0, help="first seed: other logs than anybody looked at before")
    parser.add_argument("--scale", type=float, default=1.0, help="factor of all strengths: 0.5 plants half as much")
    parser.add_argument("--causes-only", action="store_true")
    parser.add_argument("--rules-only", action="store_true")
    options = parser.parse_args()
    rules = [r for r in options.only.split(",") if r] or list(WASTES)
    if unknown := set(rules) - set(WASTES):
        parser.error(f"no waste is called {', '.join(sorted(unknown))}")

    first, begin = options.first, time.perf_counter()
    causes: dict[str, Any] = {}
    figures: dict[str, Any] = {}
    # Fresh processes: what a child would inherit of compiled code and threads differs from system to system.
    with ProcessPoolExecutor(PROCESSES, multiprocessing.get_context("spawn")) as pool:
        if not options.rules_only:
            causes = show_causes(list(pool.map(causes_of, [(n, first + s) for n in SCENARIOS for s in CAUSE_SEEDS])))
        if not options.causes_only:
            seeds = range(first, first + options.seeds)
            singles = [(rule, seed, options.scale) for rule in rules for seed in seeds]
            groups = (
                [(g, first + n, options.scale) for n, g in enumerate(TOGETHER) if set(g) & set(rules)]
                if options.seeds
                else []
            )
            cleans = [(seed, NOISES[seed % len(NOISES)], tuple(rules)) for seed in range(first, first + options.clean)]
            single = list(pool.map(recall_of, singles, chunksize=4))
            together = [a for answer in pool.map(combined_of, groups) for a in answer if a["rule"] in rules]
            clean = list(pool.map(false_positives_of, cleans, chunksize=2))
            figures = show_rules(rules, single, together, clean)
    recalls = [f["recall"] for f in figures.values() if f["recall"] is not None]
    false = [f["false_positives"] for f in figures.values() if f["false_positives"] is not None]
    print(json.dumps({
        "recall_min": min(recalls, default=None), "false_positive_max": max(false, default=None),
        "cause_error_max_pp": max((c["error_pp"] for c in causes.values()), default=None),
        "cause_working_error_max_pp": max((c["working_error_pp"] for c in causes.values()), default=None),
        "wall_s": round(time.perf_counter() - begin, 1), "rules": figures, "causes": causes,
    }))  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
