"""From the name of a step to its canonical stage: a dictionary of Chinese names, overridable in the mapping file."""

from __future__ import annotations

import re
from collections.abc import Mapping

# The order decides: 补正 inside "补正后重新申请" says more than 申请, 现场 more than 审查, 受理 more than 申请.
# 初审 counts as the first level of one department; where it is done by a lower authority, override it by hand.
# 终审 and 审定 end the review of a case as 核准 does; 最终审核 and 初审定性 hold their characters but mean another step.
# 招标 and 拍卖 are steps only where nothing follows them: inside a longer name they are mostly an item's subject.
_DICTIONARY: tuple[tuple[str, str, int | None], ...] = (
    (r"归档|存档|立卷", "archive", None),
    (r"补正|补齐|补件|补充材料|补充资料|补交材料", "correction", None),
    (r"缴费|交费|收费|缴款", "pay", None),
    (r"咨询|辅导", "consult", None),
    (r"送达|发证|领取|领证|取件|出件|寄送|邮寄|快递|颁发|颁证|领照|证照发放|证书发放", "deliver", None),
    (r"制证|制照|缮证|制文|用印|盖章|打印证", "produce", None),
    (r"会签|征求意见|征询|协办|协同|部门意见", "consult_dept", None),
    (r"听证|公示|公告|检验|检测|检疫|鉴定|专家评审|评审|挂起|中止|延长审批|延期|特别程序", "special", None),
    (r"不予受理|受理", "accept", None),
    (r"现场|踏勘|勘验|勘察|核查|检查|查验", "inspect", None),
    (r"局长办公会|局务会|主要领导|会审|审签|集体讨论", "decide", 4),
    (r"(?:核准|审定|终审)前", "check", 2),
    (r"决定|审批|批准|核准|签发|签批|分管|[准不]予(?:行政)?许可|终审(?![核查])|(?<![初预复联])审定", "decide", 3),
    (r"预审|初审|承办|经办|书面审查|审查", "review", 1),
    (r"审核|复核|科长|处长|复审", "check", 2),
    (r"办结", "deliver", None),
    (r"收件|接件|登记|申请|申报|申办|提交|填报|网上填表", "apply", None),
    (r"通知|告知|短信", "notify", None),
    (r"(?:招标|拍卖)$", "special", None),
)
_COMPILED = tuple((re.compile(pattern), stage, level) for pattern, stage, level in _DICTIONARY)


def stage_of(activity: str) -> tuple[str, int | None] | None:
    """Return stage and sign-off level of a step's name, None when the dictionary does not know it.

    Examples
    --------
    >>> stage_of("食品许可受理"), stage_of("分管领导审签"), stage_of("Confirmation of receipt")
    (('accept', None), ('decide', 4), None)
    """
    for pattern, stage, level in _COMPILED:
        if pattern.search(activity):
            return stage, level
    return None


def resolve_stages(activities: list[str], overrides: Mapping[str, str]) -> dict[str, tuple[str, int | None]]:
    """Return stage and level of every activity that is known, what the mapping file says first."""
    found: dict[str, tuple[str, int | None]] = {}
    for activity in activities:
        if activity in overrides:
            known = stage_of(activity)
            level = known[1] if known is not None and known[0] == overrides[activity] else None
            found[activity] = (overrides[activity], level)
        elif (known := stage_of(activity)) is not None:
            found[activity] = known
    return found
