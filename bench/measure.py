"""The four reductions of a log of a million events with its side tables: how long, and in how much memory.

    python dev.py bench measure [--events 1000000]

The sample of 开办餐饮店 is repeated under fresh ids with all its tables (visits, materials, special procedures, cases).
Reading is not measured. No other tool counts these, so there is no peer to set them beside; the figures of the long log
must be those of the sample. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parent))
from mining import peak_mb

from flowaudit import read_catalogue
from flowaudit.catalogue import Catalogue
from flowaudit.eventlog import EventLog, as_unit, from_frame, load_sample, sample_folder
from flowaudit.metrics import METRICS, approval_levels, clocks, exemptions, four_by, four_reductions, measure_problems

IDS = ("case_id", "bundle_id", "event_id", "visit_id", "inst_id")
RUNS = 3


def repeated(frame: pd.DataFrame, times: int) -> pd.DataFrame:
    """Return a table as often as wanted, with ids of its own each time."""
    copies = []
    for number in range(times):
        fresh = {
            c: frame[c].astype("object").where(frame[c].isna(), frame[c].astype(str) + f"-{number}")
            for c in IDS
            if c in frame
        }
        copies.append(frame.assign(**fresh))
    return pd.concat(copies, ignore_index=True)


def long_log(events: int) -> EventLog:
    log = as_unit(load_sample("restaurant"))
    times = int(np.ceil(events / len(log.events)))
    names = ("bundles", "cases", "visits", "material_instances", "special_episodes")
    tables = {name: repeated(table, times) for name in names if (table := log.table(name)) is not None}
    return from_frame(repeated(log.to_pandas(), times), tables=tables, unit="bundle")


def best(work: Callable[[], Any]) -> tuple[float, Any]:
    seconds, answer = float("inf"), None
    for _run in range(RUNS):
        begin = time.perf_counter()
        answer = work()
        seconds = min(seconds, time.perf_counter() - begin)
    return seconds, answer


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--events", type=int, default=1_000_000)
    options = parser.parse_args()

    catalogue: Catalogue = read_catalogue(sample_folder("restaurant") / "catalogue")
    log = long_log(options.events)
    rows = {name: len(table) for name in log.tables if (table := log.table(name)) is not None}
    print(
        f"{len(log.events):,} events, {log.n_cases:,} bundles; "
        + ", ".join(f"{n:,} {name}" for name, n in rows.items())
    )
    questions: dict[str, Callable[[], Any]] = {
        "four_reductions": lambda: four_reductions(log, catalogue),
        "clocks": lambda: clocks(log, catalogue),
        "approval_levels": lambda: approval_levels(log),
        "exemptions": lambda: exemptions(catalogue, log),
        "measure_problems": lambda: measure_problems(log, catalogue),
        "four_by_district": lambda: four_by(log, catalogue, by="district"),
    }
    seconds, answers = {}, {}
    for name, ask in questions.items():
        seconds[name], answers[name] = best(ask)
        print(f"{name:<18}{seconds[name]:>8.2f} s")
    short = four_reductions(as_unit(load_sample("restaurant")), catalogue)
    long = answers["four_reductions"]
    wrong = [m for m in METRICS if short.primary[m].value != long.primary[m].value]
    if wrong:
        print("the long log has other figures than the sample: " + ", ".join(wrong))
    print(json.dumps({
        "events": len(log.events), "wall_s": round(seconds["four_reductions"], 2),
        "parts_s": {name: round(s, 2) for name, s in seconds.items()}, "peak_mb": peak_mb(), "equal": not wrong,
    }))  # fmt: skip
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
