"""Headers that exports use for the canonical columns: Chinese, XES and the usual English forms."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

from flowaudit.errors import InputError
from flowaudit.messages import translate as _

# Per canonical column: tiers of headers, best first. Two headers of one tier in one file are ambiguous: we ask.
# The canonical name itself always comes before every tier.
_EVENT: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "case_id": (
        ("办件编号", "办件号", "case:concept:name"),
        ("业务流水号", "申办流水号", "受理编号", "统一审批编码", "申办号", "流水号", "案件编号"),
        ("project_no", "projid", "caseid", "case", "case id", "case_number", "案例编号"),
    ),
    "event_id": (("事件编号", "环节编号", "eventid", "event id"),),
    "activity": (
        ("环节名称", "办理环节", "办理环节名称", "活动名称", "concept:name"),
        ("环节", "节点名称", "活动", "process_name", "node_name"),
        ("activity name", "activityname", "event", "event_name", "task", "task_name"),
    ),
    "stage": (("标准环节", "环节阶段"),),
    "node_seq": (("环节序号", "序号"),),
    "node_type": (("环节类型", "节点类型"),),
    "department": (
        ("办理部门", "处理单位", "办理单位", "处理单位名称", "部门", "org:group"),
        ("所属部门", "单位名称", "org_name", "dept", "org:role", "org:department"),
    ),
    "office": (("处室", "科室", "办理处室", "办理科室"),),
    "authority_level": (("行使层级", "行政区划"),),
    "level": (("审批层级", "审核层级", "sign_off_level"),),
    "resource": (
        ("办理人", "经办人", "审批人", "办理人员", "org:resource"),
        ("处理人", "操作人", "officer", "user", "handle_user_name", "originator"),
    ),
    "role": (("岗位", "职务", "角色", "org:role"),),
    "arrive": (("到达时间", "环节到达时间", "t_arrive", "arrive_time", "arrival_time"),),
    "claim": (("签收时间", "接收时间", "t_claim"),),
    "start": (
        ("开始时间", "环节开始时间", "start_time", "t_start"),
        ("start_timestamp", "starttime", "start timestamp", "begin", "begin_time"),
    ),
    "end": (
        ("结束时间", "环节结束时间", "完成时间", "end_time", "t_end"),
        ("complete_timestamp", "complete_time", "completion_time", "endtime", "end timestamp", "complete timestamp"),
        ("time:timestamp", "timestamp", "办理时间", "处理时间", "操作时间", "time", "event_time"),
    ),
    "lifecycle": (("lifecycle:transition", "transition"),),
    "result": (("业务动作", "办理结果", "环节结果"),),
    "opinion": (("办理意见", "handle_explain", "审批意见"),),
    "special_type": (("特别程序种类", "特别程序类型"),),
    "special_reason": (("启动理由", "启动理由或依据"),),
    "visit_id": (("到访编号", "visitid"),),
    "is_auto": (("是否自动", "自动环节"),),
}
_CASE: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "bundle_id": (("一件事办件编号", "主办件编号", "主题办件号", "套餐编号"),),
    "one_thing_code": (("一件事编码", "主题编码"),),
    "item_code": (("事项编码",), ("实施编码",), ("基本编码", "task_code", "catalog_code")),
    "item_name": (("事项名称",),),
    "variant_code": (("业务办理项", "业务办理项编码", "情形"),),
    "applicant_id": (
        ("申请人证件号码", "证件号码", "统一社会信用代码"),
        ("申请人", "申请人名称", "applyer_name"),
    ),
    "applicant_type": (("申请人类型", "服务对象"),),
    "channel": (("申请方式", "申报来源", "办理形式", "收件方式", "渠道"),),
    "district": (("所属区", "申请人所在区", "区县"),),
    "apply_time": (("申请时间", "收件时间", "申请日期", "t_apply", "apply_date"),),
    "accept_time": (("受理时间", "受理日期", "t_accept", "accept_date"),),
    "decide_time": (("决定时间", "决定日期", "t_decide"),),
    "finish_time": (("办结时间", "办结日期", "t_finish"),),
    "deliver_time": (("送达时间", "领取时间", "寄出时间", "t_deliver"),),
    "promised_days": (("承诺时限", "承诺办结时限", "承诺期限"),),
    "promised_unit": (("承诺时限单位", "承诺办结时限单位"),),
    "statutory_days": (("法定时限", "法定办结时限", "法定期限"),),
    "statutory_unit": (("法定时限单位", "法定办结时限单位"),),
    "promise_due": (("承诺办结时间", "t_promise_due", "promise_date"),),
    "case_result": (("办结结果", "result_type"),),
    "delivery_mode": (("送达方式", "取件方式"),),
    "is_commitment": (("是否告知承诺",),),
    "is_tolerant": (("是否容缺受理", "是否容缺"),),
}

EVENT_COLUMNS = tuple(_EVENT)
CASE_COLUMNS = tuple(_CASE)
CANONICAL = (*EVENT_COLUMNS, *CASE_COLUMNS)
_DICTIONARY = {**_EVENT, **_CASE}
# In its table it is called plainly `result`; the prefix keeps it apart from an event's result in a flat file.
STORED_AS = {"case_result": "result"}


def fold(header: str) -> str:
    """Return a header as it is compared: full width, case, spaces, ``_``, ``-`` and brackets do not matter.

    Examples
    --------
    >>> fold("Ｓtart Time") == fold("start_time")
    True
    >>> fold("承诺（办结）时限")
    '承诺办结时限'
    """
    return re.sub(r"[\s_\-()\[\]【】*]+", "", unicodedata.normalize("NFKC", header)).casefold()


_TIERS = {
    canonical: (frozenset({fold(canonical)}), *(frozenset(map(fold, tier)) for tier in tiers))
    for canonical, tiers in _DICTIONARY.items()
}


def recognise(
    headers: Iterable[str], *, wanted: Iterable[str] = CANONICAL, taken: Iterable[str] = ()
) -> dict[str, str]:
    """Return the canonical columns found among headers, each with its header.

    Parameters
    ----------
    headers : iterable of str
        As the file writes them.
    wanted : iterable of str
        Canonical columns to look for.
    taken : iterable of str
        Headers already given to a column; they are not given again.

    Raises
    ------
    InputError
        If two headers suit one column equally well: which one is meant has to be said.
    """
    folded: dict[str, list[str]] = {}
    used = set(taken)
    for header in headers:
        if header not in used:
            folded.setdefault(fold(header), []).append(header)
    found: dict[str, str] = {}
    for canonical in wanted:
        for tier in _TIERS[canonical]:
            hits = [header for form in tier for header in folded.get(form, [])]
            if len(hits) > 1:
                names = ", ".join(f"'{h}'" for h in sorted(hits))
                raise InputError(
                    _("the columns {names} could each be '{canonical}'.", names=names, canonical=canonical),
                    hint=_(
                        "say which one: {canonical}='{first}', or the same under [columns] of a mapping file.",
                        canonical=canonical,
                        first=sorted(hits)[0],
                    ),
                )
            if hits:
                found[canonical] = hits[0]
                break
    return found
