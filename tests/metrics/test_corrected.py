"""Which cases were corrected: an event, a result or an episode tells, and a log without any tells nothing."""

import pandas as pd
import pytest

from flowaudit.eventlog import from_frame
from flowaudit.metrics import NotRecorded, corrected


def log(tables=None, **columns):
    frame = pd.DataFrame(
        {"case_id": ["1", "1", "2", "3"], "activity": "受理", "end": pd.date_range("2024-01-02", periods=4)}
    )
    return from_frame(frame.assign(**columns), tables=tables or {})


@pytest.mark.parametrize(
    "made",
    [
        log(stage=["accept", "correction", "accept", "accept"]),
        log(result=[None, "补正", "退回", "准予许可"]),
        log({"special_episodes": pd.DataFrame({"case_id": ["1", "2"], "type": ["补正 ", "听证"]})}),
        log({"special_episodes": pd.DataFrame({"case_id": ["1", "9"], "type": ["Correction", "correction"]})}),
    ],
)
def test_the_first_case_was_corrected(made):
    assert corrected(made).tolist() == [True, False, False]


def test_a_log_without_any_does_not_tell_never_from_not_recorded():
    bare = log(stage=["accept", "review", "accept", "accept"])
    assert isinstance(corrected(bare), NotRecorded)
    assert corrected(bare, recorded=True).tolist() == [False, False, False]
