"""The seven distances between two logs beside the package that defines them: the same figures, and how long they take.

    python dev.py bench distances [--synthetic] [--events 20000]

The pairs are the training and test parts of the public logs beside the repository; without these, or with
``--synthetic``, two offices drawn from a seed. The package (log-distance-measures) needs an older pandas and runs in an
environment of its own, kept in the temporary folder; the first run installs it there. Both get the same rows, reading is
not timed; the best of three runs counts for flowaudit, the package runs once. The exit code is 1 if any figure differs by
more than 1e-9. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from _peers import peer_python

ROOT = Path(__file__).resolve().parents[1]
PUBLIC = ROOT.parent / "shared" / "logs"
REQUIREMENTS = ("log-distance-measures==2.2.0",)
SIDES = ("simulated", "observed")
NAMES = ("ngd", "aed", "car", "ced", "cwd", "red", "ctd")
RUNS = 3
TOLERANCE = 1e-9


def public_pairs() -> dict[str, tuple[Any, Any]]:
    """Return the public logs that are split in time: the training part stands for a simulated log."""
    from flowaudit.eventlog import read_csv

    salt = b"a key for this bench only"
    pairs = {}
    for later in sorted(PUBLIC.glob("*_test.csv.gz")):
        name = later.name.removesuffix("_test.csv.gz")
        earlier = later.with_name(f"{name}_train.csv.gz")
        if earlier.exists():
            pairs[name] = (read_csv(earlier, salt=salt), read_csv(later, salt=salt))
    return pairs


def office(events: int, seed: int, *, pace_min: float) -> Any:
    """Draw an office of nine activities with starts, officers, and some who are not recorded."""
    import numpy as np
    import pandas as pd

    from flowaudit.eventlog import from_frame

    luck = np.random.default_rng(seed)
    case = np.sort(luck.integers(0, max(1, events // 7), events))
    begun = pd.Timestamp("2024-03-04 08:00") + pd.to_timedelta(case * pace_min + luck.exponential(4000, events), "min")
    officer = luck.integers(0, 40, events).astype(str).astype(object)
    officer[luck.random(events) < 0.02] = None
    frame = pd.DataFrame({
        "case_id": case.astype(str), "activity": luck.choice(list("ABCDEFGHI"), events), "resource": officer,
        "start": begun.floor("min"), "end": (begun + pd.to_timedelta(luck.exponential(90, events), "min")).floor("min"),
    })  # fmt: skip
    return from_frame(frame)


def export(log: Any, path: Path) -> None:
    log.to_pandas(["case_id", "activity", "resource", "start", "end"]).to_csv(path, index=False)


def ours(simulated: Any, observed: Any) -> dict[str, Any]:
    """Return the figures and the seconds; every run begins without what the logs kept from the one before."""
    from dataclasses import asdict

    from flowaudit.simulation.distances import distances

    seconds, found = float("inf"), None
    for _run in range(RUNS):
        pair = [log.with_events(log.events) for log in (simulated, observed)]
        begin = time.perf_counter()
        found = distances(*pair)
        seconds = min(seconds, time.perf_counter() - begin)
    return {"seconds": seconds, **asdict(found)}


def theirs(folder: Path) -> None:
    """Measure every pair in a folder with the package; runs in its environment, which has no flowaudit."""
    import pandas as pd
    from log_distance_measures.absolute_event_distribution import absolute_event_distribution_distance
    from log_distance_measures.case_arrival_distribution import case_arrival_distribution_distance
    from log_distance_measures.circadian_event_distribution import circadian_event_distribution_distance
    from log_distance_measures.circadian_workforce_distribution import circadian_workforce_distribution_distance
    from log_distance_measures.config import EventLogIDs
    from log_distance_measures.cycle_time_distribution import cycle_time_distribution_distance
    from log_distance_measures.n_gram_distribution import n_gram_distribution_distance
    from log_distance_measures.relative_event_distribution import relative_event_distribution_distance

    ids = EventLogIDs(case="case_id", activity="activity", start_time="start", end_time="end", resource="resource")
    text = {"case_id": str, "activity": str, "resource": str}
    measures: dict[str, Callable[..., float]] = {
        "ngd": lambda *pair: n_gram_distribution_distance(*pair, n=3),
        "aed": absolute_event_distribution_distance,
        "car": case_arrival_distribution_distance,
        "ced": circadian_event_distribution_distance,
        "cwd": circadian_workforce_distribution_distance,
        "red": relative_event_distribution_distance,
        "ctd": lambda *pair: cycle_time_distribution_distance(*pair, bin_size=pd.Timedelta(hours=1)),
    }
    found = {}
    for place in sorted(path for path in folder.iterdir() if path.is_dir()):
        pair = []
        for side in SIDES:
            log = pd.read_csv(place / f"{side}.csv", dtype=text)
            for column in ("start", "end"):
                log[column] = pd.to_datetime(log[column], utc=True, format="ISO8601")
            pair += [log, ids]
        begin = time.perf_counter()
        figures = {name: float(measure(*pair)) for name, measure in measures.items()}
        found[place.name] = {"seconds": time.perf_counter() - begin, **figures}
    (folder / "theirs.json").write_text(json.dumps(found), encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--synthetic", action="store_true", help="leave the public logs out")
    parser.add_argument("--events", type=int, default=20_000, help="of each synthetic log")
    parser.add_argument("--peer", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peer:
        theirs(options.peer)
        return 0

    python = peer_python("log-distance-measures", REQUIREMENTS)
    pairs = {} if options.synthetic else public_pairs()
    if not pairs:
        seeds = {"seed": 1, "pace_min": 21.0}, {"seed": 2, "pace_min": 20.0}
        pairs = {"synthetic": tuple(office(options.events, **one) for one in seeds)}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        for pair, logs in pairs.items():
            (folder / pair).mkdir()
            for side, log in zip(SIDES, logs, strict=True):
                export(log, folder / pair / f"{side}.csv")
        subprocess.run([python, "-I", Path(__file__).resolve(), "--peer", folder], check=True)
        told = json.loads((folder / "theirs.json").read_text(encoding="utf-8"))

    largest, seconds = 0.0, {"ours": 0.0, "theirs": 0.0}
    for pair, logs in pairs.items():
        mine, other = ours(*logs), told[pair]
        print(f"{pair}: {len(logs[0].events):,} and {len(logs[1].events):,} events")
        print(f"  {'':8}{'flowaudit':>18}{'package':>18}{'difference':>14}")
        for figure in NAMES:
            apart = abs(mine[figure] - other[figure])
            largest = max(largest, math.inf if math.isnan(apart) else apart)
            print(f"  {figure:8}{mine[figure]:>18.9f}{other[figure]:>18.9f}{apart:>14.1e}")
        ratio = other["seconds"] / mine["seconds"]
        print(f"  {'seconds':8}{mine['seconds']:>18.4f}{other['seconds']:>18.4f}{ratio:>13.0f}x")
        seconds = {"ours": seconds["ours"] + mine["seconds"], "theirs": seconds["theirs"] + other["seconds"]}
    same = largest <= TOLERANCE
    print("same figures" if same else "DIFFERENT")
    print(
        json.dumps(
            {
                "largest_difference": largest if math.isfinite(largest) else None,
                "ratio_speed": round(seconds["theirs"] / seconds["ours"], 1),
            }
        )
    )
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
