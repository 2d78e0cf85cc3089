"""A study on disk: all of it or nothing; what is unknown stays unknown in the summary."""

import hashlib
import json
import re
import sys

import pandas as pd
import pytest

from flowaudit.delivery import DUTIES, FILES, deliver, duties_template, summary
from flowaudit.errors import InputError
from flowaudit.eventlog import from_frame, open_log
from flowaudit.redesign import Scenario
from flowaudit.study import StudySettings, study


@pytest.fixture(scope="module")
def small():
    """40 cases of three activities, ends only: no materials, no trips, nothing to redesign without being told."""
    rows = [
        (f"{case}", activity, department, pd.Timestamp(2024, 3, 4, 9) + pd.Timedelta(days=case // 4 + day))
        for case in range(40)
        for activity, department, day in (
            ("受理", "窗口", 0),
            ("审查", "审批科", 3 + case % 4),
            ("决定", "审批科", 8 + case % 4),
        )
    ]
    log = from_frame(pd.DataFrame(rows, columns=["case_id", "activity", "department", "end"]))
    return study(log, scenario=Scenario("不采取措施"), settings=StudySettings(replications=2, lang="en"))


def contents(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_everything_is_written_the_manifest_last(small, tmp_path):
    done = []
    written = deliver(small, tmp_path / "out", progress=lambda k, n: done.append((k, n)))
    assert set(written.files) == {*FILES, DUTIES, "log.tables/case_ptr.arrow"} == set(contents(tmp_path / "out"))
    assert written.files[-1] == "manifest.json"
    assert written["plan.docx"].stat().st_size > 1000
    assert done[-1][0] == done[-1][1]
    assert open_log(written["log.arrow"]).n_cases == 40


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_failing_document_leaves_the_folder_as_it_was(small, tmp_path, monkeypatch, when):
    out = tmp_path / "out"
    if when == "after":
        deliver(small, out)
    before = contents(tmp_path)

    def broken(*_arguments, **_options):
        raise RuntimeError("no ink")

    monkeypatch.setattr(sys.modules["flowaudit.delivery.deliver"], "write_tables", broken)
    with pytest.raises(RuntimeError, match="no ink"):
        deliver(small, out)
    assert contents(tmp_path) == before
    assert out.exists() == (when == "after")


def test_a_folder_that_cannot_be_used_is_said_before_writing(small, tmp_path):
    (tmp_path / "out").write_text("a file", encoding="utf-8")
    with pytest.raises(InputError, match="is a file"):
        deliver(small, tmp_path / "out")


def test_duties_and_kept_files_are_left_alone_and_old_side_tables_go(small, tmp_path):
    deliver(small, tmp_path)
    (tmp_path / DUTIES).write_text("# mine\n", encoding="utf-8")
    (tmp_path / "log.arrow").write_bytes(b"the log it was made from")
    (tmp_path / "log.tables").mkdir(exist_ok=True)
    (tmp_path / "log.tables" / "visits.arrow").write_bytes(b"of another log")
    deliver(small, tmp_path, keep={"log.arrow", "log.arrow.json"})
    assert (tmp_path / DUTIES).read_text(encoding="utf-8") == "# mine\n"
    assert (tmp_path / "log.arrow").read_bytes() == b"the log it was made from"
    assert (tmp_path / "log.tables" / "visits.arrow").exists()
    manifest = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["files"]["log.arrow"]["sha256"] == hashlib.sha256(b"the log it was made from").hexdigest()
    deliver(small, tmp_path)
    assert not (tmp_path / "log.tables" / "visits.arrow").exists()


def test_a_scenario_text_is_kept_word_for_word(small, tmp_path):
    text = "# 注释\n" + small.scenario.to_toml()
    deliver(small, tmp_path, scenario_text=text)
    assert (tmp_path / "scenario.toml").read_text(encoding="utf-8") == text


def test_summary_of_a_bare_log(small):
    found = summary(small)
    assert (found["cases"], found["events"], found["activities"], found["departments"]) == (40, 120, 3, 2)
    assert found["verdict"] == "not_asked"
    assert found["scenario"] == {"name": "不采取措施", "proposed": False, "measures": []}
    four = found["four_reductions"]
    assert set(four) == {"steps", "time", "materials", "trips"}
    for metric in ("materials", "trips"):
        assert four[metric]["recorded"] is False, "unknown is not zero"
        assert four[metric]["reason"]
        assert "observed" not in four[metric]
    assert four["time"]["before"] == four["time"]["after"]
    assert four["time"]["difference"] == 0
    assert found["refused"], "no start times: staffing cannot be simulated"


def test_summary_speaks_the_language_asked_for(small):
    assert summary(small, "zh")["four_reductions"]["time"]["observed"]["unit"] == "工作日"
    assert summary(small)["four_reductions"]["time"]["observed"]["unit"] == "working days"


def test_the_duties_template_is_empty_and_its_examples_are_valid(tmp_path):
    from flowaudit.study import Duties, read_duties

    path = tmp_path / DUTIES
    path.write_text(duties_template(), encoding="utf-8")
    assert read_duties(path) == Duties()
    active = re.sub(r"^# (\[\[\w+\]\]|\w+ = )", r"\1", duties_template(), flags=re.MULTILINE)
    path.write_text(active, encoding="utf-8")
    found = read_duties(path)
    assert len(found.duties) == len(found.schedule) == 1
    assert found.duties[0].model_fields_set == set(type(found.duties[0]).model_fields)
    assert found.schedule[0].model_fields_set == set(type(found.schedule[0]).model_fields)
