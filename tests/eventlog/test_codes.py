"""Code lists: applied where nothing is in doubt, asked for where two systems disagree."""

import pandas as pd
import pytest

from flowaudit.errors import InputError
from flowaudit.eventlog import apply_codes, check, code_lists, from_frame
from flowaudit.eventlog.headers import CANONICAL


def log_with(events=(), cases=None, **columns):
    frame = pd.DataFrame({"case_id": ["1", "1", "2"], "activity": ["受理", "审核", "受理"], **columns})
    frame["end"] = pd.date_range("2024-03-04 09:00", periods=3, freq="D")
    return from_frame(frame, tables=None if cases is None else {"cases": cases})


def test_the_lists_are_whole():
    lists = code_lists()
    assert len({found.name for found in lists}) == len(lists) > 12
    for found in lists:
        assert found.codes
        assert found.source
        assert found.title
        assert set(found.columns) <= {*CANONICAL, "score"}


@pytest.mark.parametrize(
    ("name", "code", "meaning"),
    [("gb39046.service_object", "2", "企业法人"), ("gb39046.channel", "9", "其他"), ("gb39046.item_type", "01", "行政许可"),
     ("gb39046.authority_level", "7", "分级管理"), ("province_a.node_result", "5", "补齐补正"), ("province_a.case_result", "5", "退件"),
     ("province_b.case_result", "5", "补正超时驳回"), ("province_a.time_unit", "1", "工作日"), ("gb39046.satisfaction", "1", "非常满意")],
)  # fmt: skip
def test_codes_as_they_were_published(name, code, meaning):
    assert next(found for found in code_lists() if found.name == name).codes[code] == meaning


def test_a_column_of_codes_of_one_list_is_read_by_it():
    log = apply_codes(log_with(result=["4", "1", "4"]))
    assert log.to_pandas(["result"])["result"].tolist() == ["受理", "同意", "受理"]
    assert log.provenance.notes[-1] == (
        log.provenance.notes[-1][0], "the codes of 'result' are read by the list province_a.node_result",
    )  # fmt: skip


def test_words_stay_words():
    log = log_with(result=["通过", "退回", None])
    assert apply_codes(log) is log


def test_what_two_provinces_mean_differently_is_asked():
    cases = pd.DataFrame({"case_id": ["1", "2"], "result": ["0", "5"]})
    with pytest.raises(InputError) as error:
        apply_codes(log_with(cases=cases))
    said = str(error.value)
    assert (
        "'5' of the column 'case_result' could mean '退件' (province_a.case_result), '补正超时驳回' (province_b.case_result)"
        in said
    )
    assert 'case_result = "province_a.case_result"; case_result = "province_b.case_result"' in said
    asked = apply_codes(log_with(cases=cases), {"case_result": "province_b.case_result"})
    assert asked.table("cases")["result"].tolist() == ["出证办结", "补正超时驳回"]
    assert apply_codes(log_with(cases=cases), {"case_result": ""}).table("cases")["result"].tolist() == ["0", "5"]


def test_where_both_provinces_agree_nothing_is_asked():
    cases = pd.DataFrame({"case_id": ["1", "2"], "result": ["0", "2"]})
    assert apply_codes(log_with(cases=cases)).table("cases")["result"].tolist() == ["出证办结", "作废办结"]


def test_codes_that_a_list_lacks_become_a_row_of_the_table():
    log = apply_codes(log_with(result=["1", "8", "同意"]), {"result": "province_a.node_result"})
    assert log.to_pandas(["result"])["result"].tolist() == ["同意", "8", "同意"]
    problem = check(log).find("unknown_codes")
    assert (problem["rows"], problem["examples"]) == (1, ["8"])


def test_a_list_of_ones_own():
    log = apply_codes(log_with(result=["A", "B", None]), {"result": {"A": "通过", "B": "通过"}})
    assert log.to_pandas(["result"])["result"].astype("object").tolist()[:2] == ["通过", "通过"]
    assert log.codes("result")[1] == ["通过"], "labels of a log are distinct"


def test_a_spreadsheet_made_numbers_of_the_codes():
    cases = pd.DataFrame({"case_id": ["1", "2"], "channel": [1.0, None]})
    assert apply_codes(log_with(cases=cases)).table("cases")["channel"].tolist()[0] == "窗口办理"
