"""How long a diagnosis takes: the waiting of a million events split by cause beside pm4py, and all rules with side tables.

    python dev.py bench waiting [--events 1000000] [--alone]

The sample of 开办餐饮店 is repeated under fresh ids with all its tables. pm4py has no split of waiting; its nearest questions are
the batches of each activity and resource, and the network of handovers, on the same events in the same process, on one
core. `--alone` leaves pm4py out. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import pandas as pd

sys.path.insert(0, str(Path(__file__).parent))
from measure import long_log
from mining import peak_mb

from flowaudit import read_catalogue
from flowaudit.diagnosis import bottlenecks, diagnose, waiting_causes
from flowaudit.eventlog import EventLog, as_unit, load_sample, sample_folder

RUNS = 3


def fresh(log: EventLog) -> EventLog:
    """Return the same log without what was kept with it."""
    return log.with_events(log.events)


def timed(log: EventLog, runs: int, work: Any) -> tuple[float, Any]:
    seconds, answer = float("inf"), None
    for _run in range(runs):
        one = fresh(log)
        begin = time.perf_counter()
        answer = work(one)
        seconds = min(seconds, time.perf_counter() - begin)
    return seconds, answer


def peer(log: EventLog) -> float:
    """Return the seconds of pm4py's batches and handovers on the same events."""
    import pm4py

    frame = log.to_pandas(["case_id", "activity", "resource", "start", "end"])
    frame = pd.DataFrame({
        "case:concept:name": frame["case_id"].astype(str), "concept:name": frame["activity"].astype(str),
        "org:resource": frame["resource"].astype("object").fillna("nobody"), "start_timestamp": frame["start"].fillna(frame["end"]).dt.tz_localize("UTC"),
        "time:timestamp": frame["end"].dt.tz_localize("UTC"),
    })  # fmt: skip
    begin = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pm4py.discover_batches(frame)
        pm4py.discover_handover_of_work_network(frame)
    return time.perf_counter() - begin


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--alone", action="store_true")
    options = parser.parse_args()

    catalogue = read_catalogue(sample_folder("restaurant") / "catalogue")
    small = as_unit(load_sample("restaurant"))
    diagnose(small, catalogue)  # compiles
    bottlenecks(small)
    log = long_log(options.events)
    print(f"{len(log.events):,} events, {log.n_cases:,} bundles")
    split_s, waiting = timed(log, RUNS, waiting_causes)
    print(f"waiting_causes      {split_s:>8.2f} s, {len(waiting.batches):,} batches")
    rules: dict[str, float] = {}
    last = [time.perf_counter()]

    def told(done: int, _total: int) -> None:
        now = time.perf_counter()
        rules[str(done)], last[0] = now - last[0], now

    one = fresh(log)
    last[0] = begin = time.perf_counter()
    found = diagnose(one, catalogue, progress=told)
    whole_s = time.perf_counter() - begin
    print(
        f"diagnose, all rules {whole_s:>8.2f} s, {len(found)} findings, {len(found.not_checkable)} rules not checkable"
    )
    from flowaudit.diagnosis import RULES

    by_rule = dict(zip(RULES, rules.values(), strict=True))
    for name, seconds in sorted(by_rule.items(), key=lambda pair: -pair[1])[:8]:
        print(f"  {name:<18}{seconds:>8.2f} s")
    rank_s, _ranking = timed(log, 1, bottlenecks)
    print(f"bottlenecks         {rank_s:>8.2f} s (with the split)")
    peak = peak_mb()
    peer_s = None if options.alone else peer(log)
    if peer_s is not None:
        print(f"pm4py batches and handovers {peer_s:.2f} s: {peer_s / split_s:.1f} times as long as the split")
    print(json.dumps({
        "events": len(log.events), "split_s": round(split_s, 2), "wall_s": round(whole_s, 2), "bottlenecks_s": round(rank_s, 2),
        "rules_s": {name: round(s, 2) for name, s in by_rule.items()}, "peak_mb": peak,
        "ratio_pm4py": None if peer_s is None else round(peer_s / split_s, 1),
    }))  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
