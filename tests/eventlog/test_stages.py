"""Names of steps to canonical stages."""

import pytest

from flowaudit.eventlog import STAGES, read_csv, stage_of
from flowaudit.eventlog.stages import _DICTIONARY


@pytest.mark.parametrize(
    ("name", "stage", "level"),
    [
        ("收件", "apply", None), ("网上申请", "apply", None), ("不予受理", "accept", None), ("食品许可受理", "accept", None),
        ("书面审查", "review", 1), ("承办", "review", 1), ("科长审核", "check", 2), ("复核", "check", 2), ("核准前复核", "check", 2),
        ("审批决定", "decide", 3), ("签发", "decide", 3), ("分管领导审签", "decide", 4), ("局长办公会", "decide", 4),
        ("会签", "consult_dept", None), ("征求意见", "consult_dept", None), ("现场踏勘", "inspect", None),
        ("联合核查", "inspect", None), ("专家评审", "special", None), ("公示", "special", None), ("补正告知", "correction", None),
        ("申请人补正后重新申请", "correction", None), ("缴费", "pay", None), ("制证", "produce", None), ("送达", "deliver", None),
        ("领取证照", "deliver", None), ("归档", "archive", None),
    ],
)  # fmt: skip
def test_dictionary(name, stage, level):
    assert stage_of(name) == (stage, level)


@pytest.mark.parametrize("name", ["Confirmation of receipt", "01_HOOFD_010", "火星"])
def test_unknown_names_stay_unknown(name):
    assert stage_of(name) is None


def test_only_canonical_stages():
    assert {stage for _pattern, stage, _level in _DICTIONARY} <= set(STAGES)


def test_labels_of_another_language_get_no_stage_column(tmp_path):
    (tmp_path / "a.csv").write_text("case_id,activity,end\n1,Check,2024-01-05\n", encoding="utf-8")
    log = read_csv(tmp_path / "a.csv")
    assert "stage" not in log.columns
    assert "level" not in log.columns
    assert not log.provenance.problems


def test_stages_of_the_file_are_kept_and_checked(tmp_path):
    (tmp_path / "a.csv").write_text(
        "case_id,activity,end,stage\n1,x,2024-01-05,Accept\n1,y,2024-01-06,审批\n1,z,2024-01-07,foo\n", encoding="utf-8"
    )
    log = read_csv(tmp_path / "a.csv")
    stages = log.to_pandas()["stage"].astype("object")
    assert stages.where(stages.notna(), None).tolist() == ["accept", "decide", None]
    assert [(p["check"], p["examples"]) for p in log.provenance.problems] == [("unknown_stages", ["foo"])]
