"""Headers that exports use for the canonical columns: Chinese, national and provincial exchange tables, XES, English."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from typing import Literal

from flowaudit.errors import InputError
from flowaudit.messages import translate as _

Tiers = tuple[tuple[str, ...], ...]

# Per canonical column: tiers of headers, best first. Two headers of one tier in one file are ambiguous: we ask.
# The canonical name itself always comes before every tier. Sources: the data items of GB/T 39046-2020 (表 5-11), the
# physical columns of the national platform's exchange tables (办件受理、过程、办结、特别程序、材料) and of a provincial
# exchange table (环节 NODE...), the pinyin codes of another (SBLSH, SPHJMC ...), and what office systems print.
_EVENT: Mapping[str, Tiers] = {
    "case_id": (
        ("办件编号", "办件号", "case:concept:name"),
        ("业务流水号", "申办流水号", "受理编号", "统一审批编码", "申办号", "流水号", "案件编号", "办件流水号"),
        ("project_no", "projid", "sblsh", "caseid", "case", "case id", "case_number", "案例编号"),
        ("orgbusno", "ywlsh"),
    ),
    "event_id": (("事件编号", "环节编号", "eventid", "event id"), ("row_guid", "记录唯一标识")),
    "activity": (
        ("环节名称", "办理环节", "办理环节名称", "审批环节名称", "活动名称", "concept:name"),
        ("环节", "节点名称", "活动", "process_name", "node_name", "nodename", "sphjmc", "流程环节", "步骤名称"),
        ("activity name", "activityname", "event", "event_name", "task", "task_name"),
    ),
    "stage": (("标准环节", "环节阶段"),),
    "node_seq": (("环节序号", "审批步骤号"), ("序号", "sn", "spbzh")),
    "node_type": (("环节类型", "节点类型", "nodetype"),),
    "node_state": (("环节办理状态", "环节办理状态代码", "环节状态", "审批环节状态代码", "nodestate", "sphjztdm"),),
    "department": (
        ("办理部门", "处理单位", "办理单位", "处理单位名称", "办理单位名称", "处理部门", "审批部门名称", "部门", "org:group"),
        ("所属部门", "单位名称", "部门名称", "org_name", "dept", "procunitname", "spbmmc", "org:role", "org:department"),
    ),
    "department_code": (
        ("处理单位统一社会信用代码", "办理单位统一社会信用代码", "部门编码", "部门代码"),
        ("org_code", "procunit", "spbmzzjdmd"),
    ),
    "office": (("处室", "科室", "办理处室", "办理科室", "处室名称", "科室名称"),),
    "authority_level": (("行使层级", "行使层级代码"), ("行政区划",)),
    "level": (("审批层级", "审核层级", "sign_off_level"),),
    "resource": (
        ("办理人", "经办人", "审批人", "办理人员", "办理人姓名", "环节处理人", "环节处理人姓名", "审批人姓名", "org:resource"),
        ("处理人", "操作人", "officer", "user", "handle_user_name", "nodeprocername", "sprxm", "blrxm", "originator"),
        ("受理人员", "受理人", "handle_user", "nodeprocer"),
    ),
    "role": (("岗位", "职务", "角色", "审批人职务名称", "sprzwmc", "org:role"),),
    "arrive": (("到达时间", "环节到达时间", "t_arrive", "arrive_time", "arrival_time"),),
    "claim": (("签收时间", "接收时间", "t_claim", "claim_time"),),
    "start": (
        ("开始时间", "环节开始时间", "办理开始时间", "start_time", "t_start"),
        ("event_start_time", "nodestarttime", "start_timestamp", "starttime", "start timestamp", "begin", "begin_time"),
    ),
    "end": (
        ("结束时间", "环节结束时间", "完成时间", "环节完成时间", "办理结束时间", "end_time", "t_end"),
        (
            "event_end_time", "nodeendtime", "complete_timestamp", "complete_time", "completion_time", "endtime",
            "end timestamp", "complete timestamp",
        ),
        ("time:timestamp", "timestamp", "办理时间", "环节办理时间", "审批时间", "处理时间", "操作时间", "occurtime", "spsj", "time", "event_time"),
    ),
    "lifecycle": (("lifecycle:transition", "transition"),),
    "result": (("业务动作", "办理结果", "环节结果", "环节处理结果", "审批结果"), ("noderesult", "event_name")),
    "opinion": (("办理意见", "环节处理意见", "处理意见", "审批意见"), ("handle_explain", "nodeadv", "spyj")),
    "special_type": (
        ("特别程序种类名称", "special_name", "tbcxzlmc"),
        ("特别程序种类", "特别程序类型", "特别程序种类代码", "tbcxzl"),
    ),
    "special_reason": (("启动理由", "启动理由或依据", "特别程序启动理由或依据", "special_reason", "tbcxqdly"),),
    "visit_id": (("到访编号", "visitid"),),
    "is_auto": (("是否自动", "自动环节"),),
    "legally_required": (("是否法定环节", "法定必经环节", "是否法定必经环节"),),
    "system": (("办理系统", "业务系统", "系统名称"),),
    "location": (("踏勘地点", "现场地点", "核查地点"),),
    "review_points": (("审查要点", "审查内容"),),
    "data_version": (("数据版本号", "数据版本", "dataver", "sjbbh", "data_version"),),
}  # fmt: skip
_CASE: Mapping[str, Tiers] = {
    "bundle_id": (("一件事办件编号", "主办件编号", "主题办件号", "套餐编号"),),
    "one_thing_code": (("一件事编码", "主题编码"),),
    "item_code": (("事项编码", "sxbm"), ("实施编码", "task_code"), ("基本编码", "catalog_code")),
    "item_name": (("事项名称", "task_name", "sxmc"), ("审批事项名称", "spsxmc")),
    "item_version": (("事项版本", "事项版本号", "task_version"),),
    "item_type": (("事项类型", "事项类型代码"),),
    "variant_code": (("业务办理项", "业务办理项编码", "情形", "业务办理项名称", "task_handle_item"),),
    "applicant_id": (
        ("申请人证件号码", "证件号码", "统一社会信用代码", "applyer_page_code", "sqrzjhm"),
        ("申请人", "申请人名称", "申请人姓名", "申请单位", "applyer_name", "sqrmc"),
    ),
    "applicant_type": (("申请人类型", "服务对象", "申请人类型代码", "服务对象代码", "applyer_type", "sqrlx"),),
    "certificate_type": (("证件类型", "申请人证件类型", "applyer_page_type", "sqrzjlx"),),
    "channel": (
        ("申请方式", "申报来源", "申报来源代码", "办理形式", "办理形式代码", "收件方式", "渠道"),
        ("申请渠道", "申报方式", "受理渠道", "提交方式", "tjfs"),
    ),
    "district": (("所属区", "申请人所在区", "区县"),),
    "apply_time": (("申请时间", "收件时间", "申请日期", "申报时间", "申办时间", "t_apply", "apply_date", "sbsj"),),
    "accept_time": (("受理时间", "受理日期", "t_accept", "accept_date", "slsj"),),
    "decide_time": (("决定时间", "决定日期", "t_decide", "审批决定时间"),),
    "finish_time": (("办结时间", "办结日期", "t_finish", "result_date", "bjsj"),),
    "deliver_time": (("送达时间", "领取时间", "寄出时间", "t_deliver", "lqsj"),),
    "promised_days": (("承诺时限", "承诺办结时限", "承诺期限", "promisetimelimit"),),
    "promised_unit": (("承诺时限单位", "承诺办结时限单位", "promisetimeunit"),),
    "statutory_days": (("法定时限", "法定办结时限", "法定期限"), ("timelimit", "规定办理时限", "gdblsx")),
    "statutory_unit": (("法定时限单位", "法定办结时限单位"), ("timeunit", "规定办理时限的单位", "gdblsxddw")),
    "promise_due": (("承诺办结时间", "承诺办结日期", "t_promise_due", "promise_date"),),
    "case_kind": (("办件类型", "办件类型代码", "project_type"),),
    "apply_kind": (("申请类型", "apply_type"),),
    "handling_mode": (("办理方式", "办件方式"),),
    "case_result": (("办结结果", "办件结果", "办结结果代码", "result_type", "bjjgdm"),),
    "case_state": (("办件状态", "办件状态代码"),),
    "accept_department": (("受理部门", "受理单位", "受理部门名称", "受理单位名称", "slbmmc"),),
    "accept_number": (("受理文书编号", "受理回执号", "accept_doc_no", "slhzh"),),
    "delivery_mode": (("送达方式", "取件方式", "领取方式", "lqfs"),),
    "by_courier": (("是否快递递送结果", "是否快递寄送结果", "is_delivery_results"),),
    "is_commitment": (("是否告知承诺",),),
    "is_tolerant": (("是否容缺受理", "是否容缺"),),
}
SIDE_COLUMNS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "material_instances": {
        "material_name": ("材料名称", "material_name"), "material_code": ("材料编码",),
        "copies": ("份数", "收取数量", "get_num"), "collect_mode": ("收取方式", "get_type"),
        "submit_time": ("提交时间", "收取时间"), "accepted": ("是否合格", "是否收取"), "event_id": ("环节编号", "事件编号"),
    },
    "special_episodes": {
        "type": ("特别程序种类", "种类", "特别程序种类代码", "special_type", "tbcxzl"),
        "start": ("开始时间", "开始", "特别程序开始时间", "特别程序开始日期", "special_time", "tbcxksrq"),
        "end": ("结束时间", "结束", "特别程序结束时间", "特别程序结束日期", "end_time", "tbcxjsrq"),
        "reason": ("启动理由", "启动理由或依据", "特别程序启动理由或依据", "special_reason"),
        "counts_in_clock": ("是否计入办理时限", "是否计算在法定办结时限内"),
    },
    "visits": {
        "visit_id": ("到访编号",), "site": ("大厅", "办事场所"), "window": ("窗口号",), "date": ("日期",),
        "ticket_time": ("取号时间",), "called_time": ("叫号时间",), "left_time": ("离开时间",), "purpose": ("到访目的",),
    },
    "ratings": {
        "score": ("满意度", "评价等级", "满意度代码", "satisfaction"), "text": ("评价内容", "文字评价"),
        "time": ("评价时间",), "channel": ("评价渠道",), "times": ("评价次数",),
    },
}  # fmt: skip
"""Headers of the side tables, by table and canonical column."""

# One header, two meanings: the first where the other is already told by a header of its own.
_EITHER: Mapping[str, tuple[str, str]] = {
    # 业务动作 in the national process table; elsewhere an English word for activity.
    "event_name": ("activity", "result"),
    # 事项名称 in the national tables; elsewhere an English word for activity.
    "task_name": ("activity", "item_name"),
    "单位": ("department", "promised_unit"),
    "状态": ("node_state", "case_state"),
    "结果": ("result", "case_result"),
}

# Headers of people that no canonical column asks for; whoever reads a table replaces what stands below them.
_APPLICANTS = (
    "联系人", "联系人姓名", "代理人", "联系人手机", "联系人电话", "法定代表人", "申请人电话", "领取人", "领取人姓名", "评价人", "咨询人",
    "投诉人", "缴款人", "接收人", "通讯地址", "contact_name", "contact_code", "contact_mobile", "legal", "address",
    "applyer_user_name", "lxrxm", "lxrsfzjhm", "lxrsj", "lxryx", "sqrdh", "sqdwhsqrxm", "sqdwjbrxm", "sqdwlxdh",
    "sqdwjbrsj", "sqdwjbryj", "lqrxm", "lqrsfzjhm",
)  # fmt: skip
_OFFICERS = (
    "办理人工号", "处理人工号", "承办人", "被投诉人", "收费人员", "寄送人", "特别程序批准人", "补正告知发出人姓名", "补正受理办理人姓名",
    "nodeprocer", "blrgh", "tbcxpzr", "tbcxpzrdh", "tbcxpzrsj", "bzgzfcrxm", "bzslblrxm",
)  # fmt: skip

EVENT_COLUMNS = tuple(_EVENT)
CASE_COLUMNS = tuple(_CASE)
CANONICAL = (*EVENT_COLUMNS, *CASE_COLUMNS)
_DICTIONARY = {**_EVENT, **_CASE}
# In its table it is called plainly `result`; the prefix keeps it apart from an event's result in a flat file.
STORED_AS = {"case_result": "result", "case_state": "state"}


def demand_names(headers: Iterable[str], file: str, line: int | None = None) -> None:
    """Raise InputError where a header is a time: the table has no header, and its first row may name people.

    Examples
    --------
    >>> demand_names(["C1", "收件", "张三", "2024-03-04 09:00"], "a.csv", 1)
    Traceback (most recent call last):
        ...
    flowaudit.errors.InputError: 'a.csv', line 1: a time stands where the names of the columns are looked for.
    Hint: write a row with the names of the columns above the first event, or say header_row.
    """
    from flowaudit.eventlog.dates import parse_stamps

    # A date alone could be the name of a column that counts something by day.
    clocked = [name for name in headers if ":" in name and len(name) < 40]
    if not clocked or len(parse_stamps(clocked).bad) == len(clocked):
        return
    hint = _("write a row with the names of the columns above the first event, or say header_row.")
    if line is None:
        raise InputError(
            _("'{file}': a time stands where the names of the columns are looked for.", file=file), hint=hint
        )
    raise InputError(
        _("'{file}', line {line}: a time stands where the names of the columns are looked for.", file=file, line=line),
        hint=hint,
    )


def fold(header: str) -> str:
    """Return a header as it is compared: full width, case, spaces, signs and brackets do not matter.

    Examples
    --------
    >>> fold("Ｓtart Time") == fold("start_time")
    True
    >>> fold("承诺（办结）时限")
    '承诺办结时限'
    """
    return re.sub(
        r"[\s_\-()\[\]【】「」<>《》*#.,、。;:：'\"“”/\\|\u200b\ufeff]+", "", unicodedata.normalize("NFKC", header)
    ).casefold()


_AMBIGUOUS = {fold(header): columns for header, columns in _EITHER.items()}
_TIERS = {
    canonical: (
        frozenset({fold(canonical)}),
        *(frozenset(form for form in map(fold, tier) if form not in _AMBIGUOUS) for tier in tiers),
    )
    for canonical, tiers in _DICTIONARY.items()
}


def headers_of(column: str) -> tuple[str, ...]:
    """Return every header that is taken for a canonical column, best first.

    Examples
    --------
    >>> headers_of("office")
    ('处室', '科室', '办理处室', '办理科室', '处室名称', '科室名称')
    """
    return tuple(header for tier in _DICTIONARY[column] for header in tier)


_PERSONS: Mapping[str, Literal["applicant", "officer"]] = {
    **{fold(header): "applicant" for header in (*_APPLICANTS, *headers_of("applicant_id"))},
    **{fold(header): "officer" for header in (*_OFFICERS, *headers_of("resource"))},
}


def person_of(header: str) -> Literal["applicant", "officer"] | None:
    """Say whose names or numbers stand below a header, None where no people are expected.

    Examples
    --------
    >>> person_of("LXRXM"), person_of("审批人姓名"), person_of("环节名称")
    ('applicant', 'officer', None)
    """
    return _PERSONS.get(fold(header))


def recognise(
    headers: Iterable[str],
    *,
    wanted: Iterable[str] = CANONICAL,
    taken: Iterable[str] = (),
    told: Collection[str] = (),
) -> dict[str, str]:
    """Return the canonical columns found among headers, each with its header.

    Parameters
    ----------
    headers : iterable of str
        As the file writes them.
    wanted : iterable of str
        Canonical columns to look for.
    taken : iterable of str
        Headers already given to a column, or to be left alone; they are not given again.
    told : collection of str
        Canonical columns that have their header already.

    Raises
    ------
    InputError
        If two headers suit one column equally well, or one header may mean two columns: which one is meant has to be
        said.
    """
    folded: dict[str, list[str]] = {}
    used = set(taken)
    for header in headers:
        if header not in used:
            folded.setdefault(fold(header), []).append(header)
    found: dict[str, str] = {}
    wanted = list(wanted)
    for canonical in wanted:
        # Written exactly so it is meant, whatever else looks like it (`case:id` beside `case_id`).
        if canonical in folded.get(fold(canonical), ()):
            found[canonical] = canonical
            continue
        for tier in _TIERS[canonical]:
            hits = [header for form in tier for header in folded.get(form, [])]
            if len(hits) > 1:
                raise _equal(canonical, sorted(hits))
            if hits:
                found[canonical] = hits[0]
                break
    for form, (first, second) in _AMBIGUOUS.items():
        for header in folded.get(form, []):
            # The canonical name itself is never in doubt.
            if header in found.values() or form in (fold(first), fold(second)):
                continue
            free = [c for c in (first, second) if c in wanted and c not in found and c not in told]
            if len(free) == 2:
                raise _either(header, first, second)
            if free:
                found[free[0]] = header
    return found


def _equal(canonical: str, hits: list[str]) -> InputError:
    return InputError(
        _("the columns {names} could each be '{canonical}'.", names=", ".join(f"'{h}'" for h in hits), canonical=canonical),
        hint=_(
            "say which one: {canonical}='{first}', or under [columns] of a mapping file one of these lines: {lines}",
            canonical=canonical, first=hits[0], lines="; ".join(f'{canonical} = "{h}"' for h in hits),
        ),
    )  # fmt: skip


def _either(header: str, first: str, second: str) -> InputError:
    return InputError(
        _("the column '{header}' could be '{first}' or '{second}'.", header=header, first=first, second=second),
        hint=_(
            'write one of these lines under [columns] of a mapping file: {first} = "{header}"; {second} = "{header}" (or ignore_columns = ["{header}"] at its top)',
            header=header, first=first, second=second,
        ),
    )  # fmt: skip


def recognise_side(table: str, headers: Iterable[str]) -> dict[str, str]:
    """Return the canonical columns of a side table found among its headers.

    Raises
    ------
    InputError
        If two headers suit one column.
    """
    found: dict[str, str] = {}
    headers = list(headers)
    for canonical, names in SIDE_COLUMNS.get(table, {}).items():
        forms = {fold(canonical), *map(fold, names)}
        hits = [header for header in headers if fold(header) in forms]
        plain = [header for header in hits if fold(header) == fold(canonical)]
        if len(plain or hits) > 1:
            raise _equal(canonical, sorted(plain or hits))
        if hits:
            found[canonical] = (plain or hits)[0]
    return found
