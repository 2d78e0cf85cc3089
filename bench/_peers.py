"""Other tools, each in an environment of its own: some need packages that do not go with ours."""

from __future__ import annotations

import getpass
import json
import os
import platform
import subprocess
import tempfile
import venv
from collections.abc import Sequence
from pathlib import Path


def peer_python(name: str, requirements: Sequence[str]) -> Path:
    """Return the interpreter of an environment that holds the requirements, made on first use in the temporary folder.

    Run it with ``-I``, so that it sees nothing of this environment.

    Parameters
    ----------
    name : str
        Of the environment: one folder for each.
    requirements : sequence of str
        As pip takes them. If they, or this Python, differ from those of the last time, the environment is made anew.

    Raises
    ------
    SystemExit
        If pip cannot install them, with its own words.
    """
    folder = Path(tempfile.gettempdir()) / f"flowaudit-peers-{getpass.getuser()}" / name
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    # Written last: an environment without it was left half made.
    receipt = folder / "peer.json"
    wanted = {"python": platform.python_version(), "requirements": list(requirements)}
    if python.exists() and receipt.exists() and json.loads(receipt.read_text(encoding="utf-8")) == wanted:
        return python
    print(f"making an environment for {name} ...", flush=True)
    venv.EnvBuilder(clear=True, symlinks=os.name != "nt", with_pip=True).create(folder)
    pip = [python, "-I", "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    done = subprocess.run([*pip, *requirements], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{done.stderr.strip()}\n{name} cannot be installed (pip ended with {done.returncode}).")
    receipt.write_text(json.dumps(wanted), encoding="utf-8")
    return python
