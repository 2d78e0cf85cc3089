"""What several test folders share."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

os.environ.setdefault("FLOWAUDIT_LANG", "en")

# The first example may meet a kernel that is still to be compiled: that is no slow example.
settings.register_profile("compiled", deadline=None)
settings.load_profile("compiled")

ROOT = Path(__file__).parents[1]
REAL_LOGS = ROOT.parent / "shared" / "logs"


@pytest.fixture(autouse=True)
def _own_configuration(tmp_path_factory, monkeypatch):
    """Tests never touch the user's configuration folder (the salt of the pseudonyms lies there)."""
    monkeypatch.setenv("FLOWAUDIT_CONFIG_DIR", str(tmp_path_factory.getbasetemp() / "config"))


@pytest.fixture
def real_log():
    """Path of a public log, or a skip where it is absent."""

    def find(name):
        path = REAL_LOGS / name
        if not path.exists():
            pytest.skip(f"{name} is not here")
        return path

    return find
