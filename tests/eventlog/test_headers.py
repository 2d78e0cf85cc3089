"""Headers: everything the standard and the exchange tables write is recognised; what could mean two things is asked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowaudit.errors import InputError
from flowaudit.eventlog import ColumnMapping
from flowaudit.eventlog.headers import (
    _AMBIGUOUS,
    CANONICAL,
    SIDE_COLUMNS,
    fold,
    headers_of,
    person_of,
    recognise,
    recognise_side,
)
from flowaudit.eventlog.mapping import resolve_columns

# Every Chinese header of the column-mapping dictionary (办件、环节、部门、时间), by what it means.
DICTIONARY = {
    "case_id": "办件编号 办件号 业务流水号 申办流水号 受理编号 统一审批编码 申办号",
    "bundle_id": "一件事办件编号 主办件编号 主题办件号 套餐编号",
    "item_code": "事项编码 实施编码 基本编码", "item_name": "事项名称", "variant_code": "业务办理项 情形",
    "applicant_id": "申请人 申请人证件号码 统一社会信用代码", "applicant_type": "申请人类型 服务对象",
    "channel": "申请方式 申报来源 办理形式 收件方式", "apply_time": "申请时间 收件时间", "accept_time": "受理时间",
    "decide_time": "决定时间", "finish_time": "办结时间", "deliver_time": "送达时间 领取时间 寄出时间",
    "promised_days": "承诺时限 承诺办结时限 承诺（办结）时限", "promised_unit": "承诺时限单位",
    "statutory_days": "法定时限 法定(办结)时限", "statutory_unit": "法定办结时限单位", "promise_due": "承诺办结时间",
    "activity": "环节名称 办理环节 活动名称", "node_seq": "序号", "node_type": "环节类型",
    "department": "办理部门 处理单位", "office": "处室 科室", "authority_level": "行使层级 行政区划",
    "resource": "办理人 经办人 审批人", "role": "岗位 职务 角色", "arrive": "到达时间", "claim": "签收时间 接收时间",
    "start": "开始时间", "end": "结束时间 完成时间", "result": "办理结果 业务动作", "opinion": "办理意见",
    "special_type": "特别程序种类", "special_reason": "启动理由",
}  # fmt: skip
SIDE = {
    "material_instances": {"material_name": "材料名称", "copies": "份数 收取数量", "collect_mode": "收取方式",
                           "submit_time": "提交时间 收取时间", "accepted": "是否合格"},
    "visits": {"ticket_time": "取号时间", "called_time": "叫号时间", "window": "窗口号", "site": "大厅"},
    "ratings": {"score": "满意度 评价等级", "text": "评价内容 文字评价", "channel": "评价渠道", "time": "评价时间"},
    "special_episodes": {"type": "特别程序种类", "start": "特别程序开始时间", "end": "特别程序结束时间", "reason": "启动理由或依据"},
}  # fmt: skip
ACCEPT = {  # national exchange table of accepted cases
    "project_no": "case_id", "task_code": "item_code", "task_name": "item_name", "task_version": "item_version",
    "task_handle_item": "variant_code", "project_type": "case_kind", "apply_type": "apply_kind", "applyer_page_code": "applicant_id",
    "applyer_type": "applicant_type", "applyer_page_type": "certificate_type", "apply_date": "apply_time",
    "accept_date": "accept_time", "org_name": "department", "org_code": "department_code", "handle_user_name": "resource",
    "promise_date": "promise_due", "accept_doc_no": "accept_number",
}  # fmt: skip
PROCESS = {  # national exchange table of steps
    "project_no": "case_id", "process_name": "activity", "event_name": "result", "event_start_time": "start",
    "event_end_time": "end", "handle_user_name": "resource", "handle_explain": "opinion", "row_guid": "event_id",
}  # fmt: skip
STANDARD = {  # GB/T 39046-2020, table 7
    "办件编号": "case_id", "业务动作": "result", "环节名称": "activity", "环节处理人": "resource", "环节处理意见": "opinion",
    "环节开始时间": "start", "环节结束时间": "end", "处理单位名称": "department", "处理单位统一社会信用代码": "department_code",
    "环节办理状态代码": "node_state", "特别程序种类名称": "special_type",
}  # fmt: skip
PROVINCE = {  # a provincial table of steps
    "PROJID": "case_id", "DATAVER": "data_version", "SN": "node_seq", "NODENAME": "activity", "NODETYPE": "node_type",
    "NODEPROCERNAME": "resource", "PROCUNIT": "department_code", "PROCUNITNAME": "department", "NODESTATE": "node_state",
    "NODESTARTTIME": "start", "NODEENDTIME": "end", "NODEADV": "opinion", "NODERESULT": "result",
}  # fmt: skip
PINYIN = {  # another province's table of approvals
    "SBLSH": "case_id", "SXBM": "item_code", "SPHJMC": "activity", "SPBMMC": "department", "SPRXM": "resource",
    "SPRZWMC": "role", "SPYJ": "opinion", "SPSJ": "end", "SPHJZTDM": "node_state", "SJBBH": "data_version", "SPBZH": "node_seq",
}  # fmt: skip


@pytest.mark.parametrize(("column", "header"), [(c, h) for c, names in DICTIONARY.items() for h in names.split()])
def test_every_header_of_the_dictionary(column, header):
    assert recognise([header])[column] == header


@pytest.mark.parametrize(
    ("table", "column", "header"), [(t, c, h) for t, cs in SIDE.items() for c, n in cs.items() for h in n.split()]
)
def test_every_header_of_a_side_table(table, column, header):
    assert recognise_side(table, [header]) == {column: header}


@pytest.mark.parametrize("table", [ACCEPT, PROCESS, STANDARD, PROVINCE, PINYIN])
def test_exchange_tables_are_recognised_whole(table):
    # 事项名称 is task_name: where no step has a name, that would be asked.
    wanted = [c for c in CANONICAL if "activity" in table.values() or c != "activity"]
    assert {header: column for column, header in recognise(table, wanted=wanted).items()} == table


@pytest.mark.parametrize("column", CANONICAL)
def test_every_header_known_is_found(column):
    for header in headers_of(column):
        if fold(header) not in _AMBIGUOUS:
            assert recognise([header], wanted=[column]) == {column: header}
    assert recognise([column], wanted=[column]) == {column: column}


@pytest.mark.parametrize(
    "written",
    [
        "环节名称 ",
        " 环节 名称",
        "【环节名称】",
        "环节名称*",
        "环节名称：",
        "“环节名称”",
        "Ｃｏｎｃｅｐｔ：Ｎａｍｅ",
        "CONCEPT:NAME",
        "环节_名称",
    ],
)
def test_width_case_spaces_and_signs_do_not_matter(written):
    assert recognise([written], wanted=["activity"]) == {"activity": written}


@given(st.sampled_from([h for c in CANONICAL for h in headers_of(c)]), st.randoms(use_true_random=False))
def test_a_header_disguised_is_the_same_header(header, chance):
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" and chance.random() < 0.5 else c for c in header)
    assert fold(wide.swapcase() + " ") == fold(header)


def test_two_headers_of_one_rank_are_asked_about():
    with pytest.raises(InputError) as error:
        recognise(["申请时间", "收件时间"])
    assert "'收件时间', '申请时间' could each be 'apply_time'" in str(error.value)
    assert 'apply_time = "收件时间"; apply_time = "申请时间"' in str(error.value)


@pytest.mark.parametrize(
    ("header", "first", "second"),
    [
        ("event_name", "activity", "result"),
        ("单位", "department", "promised_unit"),
        ("状态", "node_state", "case_state"),
        ("结果", "result", "case_result"),
    ],
)
def test_one_header_that_could_be_two_columns_is_asked_about(header, first, second):
    with pytest.raises(InputError) as error:
        resolve_columns(["办件编号", header], ColumnMapping(), file="a.csv")
    assert f"'a.csv': the column '{header}' could be '{first}' or '{second}'" in str(error.value)
    assert f'{first} = "{header}"; {second} = "{header}"' in str(error.value)
    for column in (first, second):
        said = ColumnMapping(columns={column: header})
        assert resolve_columns(["办件编号", header], said, file="a.csv") == {"case_id": "办件编号", column: header}
    left = ColumnMapping(ignore_columns=(header,))
    assert resolve_columns(["办件编号", header], left, file="a.csv") == {"case_id": "办件编号"}


def test_what_another_header_tells_is_not_asked():
    assert recognise(["办理部门", "单位"]) == {"department": "办理部门", "promised_unit": "单位"}
    assert resolve_columns(["步骤", "event_name"], ColumnMapping(columns={"activity": "步骤"}), file="a") == {
        "activity": "步骤", "result": "event_name",
    }  # fmt: skip


def test_no_header_is_given_to_two_columns_of_one_rank():
    """A header on the first rank of two columns could not be told apart by any file."""
    seen: dict[str, str] = {}
    twice = []
    for column in CANONICAL:
        for header in headers_of(column):
            form = fold(header)
            if form in _AMBIGUOUS or form == fold("org:role"):
                continue
            if seen.setdefault(form, column) != column:
                twice.append((header, seen[form], column))
    assert not twice


def test_people_are_known_by_their_headers():
    for header in ("SPRXM", "NODEPROCERNAME", "环节处理人", "受理人员", "blrgh", "承办人"):
        assert person_of(header) == "officer", header
    for header in ("LXRXM", "contact_name", "法定代表人", "applyer_name", "SQRZJHM", "评价人"):
        assert person_of(header) == "applicant", header
    assert person_of("处理单位名称") is None


def test_two_headers_of_a_side_table():
    with pytest.raises(InputError, match="'份数', '收取数量' could each be 'copies'"):
        recognise_side("material_instances", ["份数", "收取数量"])
    assert set(SIDE_COLUMNS) == {"material_instances", "special_episodes", "visits", "ratings"}
