"""The loan process in Prosimos, a black box in an environment of its own.

    python bench/loan/prosimos_peer.py [--cases 2000] [--seed 1]

Prosimos is run through its own command, once on ten cases to warm up and once timed: reading both files, simulating and
writing the whole log as CSV, without the start of Python and the imports. The last line is one JSON object.

Where it differs from the model: of those who are free it does not choose at random, it now and then books somebody off
duty (see `loan_model`), and the first case of every day comes at opening time (see `prosimos_parameters`).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from _peers import peer_python

from loan.model import BPMN, COLUMNS, PARAMETERS, START, Model, loan_model, log_figures

REQUIREMENTS = ("prosimos==2.1.0",)  # needs Python 3.11 or 3.12
CHILD = """
import contextlib, io, json, random, sys, time
from importlib.metadata import entry_points, version
command = next(entry for entry in entry_points(group="console_scripts") if entry.name == "prosimos").load()
import numpy
def run(cases):
    with contextlib.redirect_stdout(io.StringIO()):
        begin = time.process_time()
        command.main(
            ["start-simulation", "--bpmn_path", bpmn, "--json_path", parameters, "--total_cases", cases,
             "--log_out_path", log, "--starting_at", starting_at],
            standalone_mode=False,
        )
        return time.process_time() - begin
bpmn, parameters, log, starting_at, cases, seed = sys.argv[1:]
run("10")
random.seed(int(seed))
numpy.random.seed(int(seed))
print(json.dumps({"cpu_s": run(cases), "version": version("prosimos")}))
"""


def prosimos_python() -> Path:
    """Return the Python that Prosimos is installed for."""
    return peer_python("prosimos", REQUIREMENTS)


def read_prosimos_log(path: Path) -> pd.DataFrame:
    """Return a log Prosimos wrote, with its times in seconds since `START`."""
    raw = pd.read_csv(path, encoding="utf-8")
    log = pd.DataFrame({"case": raw["case_id"], "activity": raw["activity"], "resource": raw["resource"]})
    for column in ("enabled", "start", "end"):
        stamps = pd.to_datetime(raw["enable_time" if column == "enabled" else f"{column}_time"], format="ISO8601")
        log[column] = (stamps - pd.Timestamp(START)).dt.total_seconds()
    return log[list(COLUMNS)]


def simulate(
    cases: int, seed: int = 1, *, bpmn: Path = BPMN, parameters: Path = PARAMETERS, python: Path | None = None
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return the log (see `COLUMNS`) with the CPU seconds and the version of Prosimos."""
    first = START + timedelta(hours=9)  # the first case comes at this very moment
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "log.csv"
        arguments = [str(bpmn), str(parameters), str(path), first.isoformat(), str(cases), str(seed)]
        done = subprocess.run(
            [str(python or prosimos_python()), "-I", "-X", "utf8", "-c", CHILD, *arguments],
            check=False, capture_output=True, text=True, encoding="utf-8", cwd=folder,
            env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"Prosimos failed:\n{done.stderr}")
        return read_prosimos_log(path), json.loads(done.stdout.splitlines()[-1])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    model: Model = loan_model()
    log, told = simulate(options.cases, options.seed)
    seconds = told["cpu_s"]
    print(f"Prosimos {told['version']}: {len(log):,} activity instances in {seconds:.2f} s of CPU")
    rate = {"cpu_s": round(seconds, 3), "per_cpu_s": round(len(log) / seconds)}
    print(json.dumps({**log_figures(log, model), **rate}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
