"""Results as JSON: nothing that is not a number passes for one."""

import json

import numpy as np
import pandas as pd
import pytest

from flowaudit.delivery import plain, versions
from flowaudit.delivery.plain import write_json


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float64("nan"), None),
        (float("inf"), None),
        (np.float32(0.5), 0.5),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (True, True),
        (pd.NaT, None),
        (pd.Timestamp("2024-01-02 03:04:05"), "2024-01-02T03:04:05"),
        ((1, None), [1, None]),
        (np.array([1.0, np.nan]), [1.0, None]),
        ({1: {"a": frozenset({2})}}, {"1": {"a": [2]}}),
        (b"x", "b'x'"),
    ],
)
def test_values(value, expected):
    assert plain(value) == expected


def test_file_is_strict_json_with_readable_chinese(tmp_path):
    path = tmp_path / "x.json"
    write_json(path, {"单位": np.nan})
    assert path.read_bytes() == '{\n "单位": null\n}\n'.encode()
    assert json.loads(path.read_text(encoding="utf-8")) == {"单位": None}


def test_versions_name_python_and_flowaudit():
    found = versions()
    assert found["python"].startswith("3.")
    assert found["pandas"] == pd.__version__
