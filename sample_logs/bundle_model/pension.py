"""退休一件事: two items, where the result of the first is a material of the second. Everything in it is made up."""

from __future__ import annotations

from bundle_model.guide import Document, Guide, Item, Step

SOURCE = {
    "notice": "事项构成参考四川省雅安市的公开办事指南（正常退休申请与退休提取公积金，后者的材料由前者的结果推送）；没有引用任何公开数字",
    "reference": "[P:40] zwfwglj.yaan.gov.cn（退休一件事办事指南）",
}
PENSION_HALL, FUND_HALL, ONE_WINDOW = "社保服务大厅", "公积金服务大厅", "政务服务中心综合窗口"

_TOGETHER = Step("退休一件事联办申请", "apply", "applicant", ONE_WINDOW, "联办申请")

GUIDE = Guide(
    "TXYJS",
    "退休一件事",
    (
        Item(
            "TX", "正常退休申请", "人力资源社会保障局", "养老保险科", "RS", "行政确认", 15, 20, 1, "核验身份和档案", False, (),
            (("SFZ", "applicant"), ("ZP", "applicant"), ("DA", "data")),
            (
                _TOGETHER, Step("退休申请受理", "accept"), Step("退休资格审查", "review", level=1),
                Step("退休资格审核", "check", level=2), Step("退休审批决定", "decide", level=3),
                Step("出具退休审批表", "produce"), Step("签收退休审批表", "deliver", "applicant"),
            ),
            ("参加工作时间", "退休类别"),
        ),
        Item(
            "GJ", "退休提取住房公积金", "住房公积金管理中心", "归集提取科", "GJ", "公共服务事项", 3, 3, 0, "", True, ("TX",),
            (("SFZ", "reuse"), ("YHK", "applicant"), ("TXSP", "reuse")),
            (
                _TOGETHER, Step("推送退休审批结果", "notify", "system"), Step("提取申请受理", "accept"),
                Step("提取申请审查", "review", level=1), Step("提取申请决定", "decide", level=3),
            ),
            ("收款银行",),
        ),
    ),
    (
        Document("SFZ", "居民身份证", "身份证|本人身份证", "公安局", "居民身份证"),
        Document("ZP", "近期照片", "一寸照片|免冠照片", "申请人"),
        Document("DA", "职工档案", "人事档案|个人档案", "人力资源社会保障局"),
        Document("YHK", "银行账户信息", "银行卡|收款账户", "申请人"),
        Document("TXSP", "退休审批表", "退休审批结果|退休证明", "人力资源社会保障局", produced_by="TX"),
    ),
    form="退休一件事申请表",
    fields=(
        ("姓名", "name", "人口库"), ("证件号码", "id", "人口库"), ("公积金账号", "fund_account", "公积金库"), ("联系电话", "phone", ""),
    ),
    special=(("TX", "补正", False, 5),), valid_from="2024-07-01", relations=(("TX", "GJ", "requires_result"),),
)  # fmt: skip
