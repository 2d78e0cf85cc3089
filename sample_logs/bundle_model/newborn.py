"""出生一件事 before and after: the seven items and their guides. Only the four totals are sourced; the rest is made up."""

from __future__ import annotations

from bundle_model.guide import Document, Guide, Item, Step

SOURCE = {
    "notice": "唯一引用的公开数字：青海省新生儿出生一件事（7个事项），环节16→3、时间32→5个工作日以内、材料9→2、跑动4→1",
    "reference": "[P:15] hhhzy.com/news/show/11376.html（青海，转载页）",
    "before": {"steps": 16, "time_working_days": 32, "materials": 9, "trips": 4},
    "after": {"steps": 3, "time_working_days": 5, "materials": 2, "trips": 1},
    "items": 7,
    "items_finished_in_hospital": 4,
    "items_at_one_window": 3,
}
"""E1: what the page says, and nothing more; which items those are and how they are done is not said there."""

HOSPITAL_ITEMS = ("SY", "CS", "YF", "YE")
WINDOW_ITEMS = ("HK", "YB", "SB")
HOSPITAL, CLINIC, STATION, HALL = "助产医疗机构", "社区卫生服务中心", "派出所", "社保服务大厅"
ONE_WINDOW = "政务服务中心综合窗口"

DOCUMENTS = (
    Document("SFZ", "父母居民身份证", "父母身份证|父亲身份证、母亲身份证", "公安局", "居民身份证"),
    Document("JHZ", "结婚证", "父母结婚证|结婚证书", "民政局", "结婚证"),
    Document("HKB", "父母居民户口簿", "父母户口簿|父亲或母亲户口簿", "公安局"),
    Document("CSYX", "出生医学证明", "出生证|出生证明", HOSPITAL, "出生医学证明", produced_by="CS"),
    Document("HKY", "新生儿户口页", "新生儿户口登记页", "公安局", "居民户口簿", produced_by="HK"),
    Document("ZP", "新生儿照片", "婴儿照片", "申请人"),
)
FIELDS = (
    ("新生儿姓名", "child_name", ""),
    ("出生日期", "birth_date", "出生医学信息库"),
    ("母亲姓名", "mother_name", "人口库"),
    ("母亲证件号码", "mother_id", "人口库"),
    ("父亲姓名", "father_name", "人口库"),
    ("父亲证件号码", "father_id", "人口库"),
    ("联系电话", "phone", ""),
)
SPECIAL = (("CS", "补正", False, 5), ("HK", "补正", False, 5), ("SB", "补正", False, 5), ("HK", "延长审批", True, 5))


def _asked(name: str, stage: str, site: str = "", group: str = "") -> Step:
    return Step(name, stage, "applicant", site, group)


BEFORE = Guide(
    "CSYJS",
    "出生一件事",
    (
        Item(
            "SY", "生育登记", "卫生健康局", "妇幼健康科", "WJ", "公共服务事项", 3, 5, 0, "", True, (),
            (("SFZ", "applicant"),),
            (
                _asked("网上申报生育登记", "apply"), Step("生育登记受理", "accept"), Step("生育登记审查", "review", level=1),
                Step("生育登记办结", "decide", level=3), _asked("下载生育登记凭证", "deliver"),
            ),
            ("孕产次",),
        ),
        Item(
            "CS", "出生医学证明签发", HOSPITAL, "出生证明室", "YY", "公共服务事项", 5, 10, 1, "核验身份、领取证明原件", False,
            ("SY",), (("SFZ", "applicant"),),
            (
                _asked("填写首次签发登记表", "apply"), Step("证明签发受理", "accept"), _asked("核对出生信息并签字", "inspect"),
                Step("证明签发审核", "check", level=2), Step("证明签发决定", "decide", level=3),
                Step("出生医学证明制证", "produce"), _asked("到院领取出生医学证明", "deliver", HOSPITAL),
            ),
            ("出生孕周", "出生体重"),
        ),
        Item(
            "YF", "预防接种电子档案建立", CLINIC, "接种门诊", "YF", "公共服务事项", 5, 5, 1, "新生儿到场核验", False,
            ("CS",), (("CSYX", "applicant"),),
            (
                _asked("网上预约建档", "apply"), Step("建档受理", "accept"), _asked("到接种门诊核验", "inspect", CLINIC),
                Step("建档审查", "review", level=1), Step("建档确认", "decide", level=3),
                _asked("领取预防接种证", "deliver", CLINIC),
            ),
            ("过敏史",),
        ),
        Item(
            "YE", "科学育儿指导登记", "计划生育协会", "服务科", "JX", "公共服务事项", 1, 5, 0, "", True, ("CS",), (),
            (
                _asked("扫码登记育儿指导", "apply"), Step("育儿指导登记受理", "accept", "system"),
                Step("育儿指导登记确认", "decide", "system"),
            ),
        ),
        Item(
            "HK", "国内出生登记", "公安局", "户籍窗口", "GA", "行政确认", 7, 15, 1, "核验户口簿原件", False, ("CS",),
            (("CSYX", "applicant"), ("HKB", "applicant"), ("JHZ", "applicant")),
            (
                _asked("到派出所申报出生登记", "apply", STATION), Step("出生登记受理", "accept"),
                Step("出生登记审查", "review", level=1), Step("出生登记审核", "check", level=2),
                Step("出生登记决定", "decide", level=3), Step("户口页制作", "produce"), _asked("签收户口页", "deliver"),
            ),
            ("随父或随母落户",),
        ),
        Item(
            "YB", "城乡居民基本医疗保险参保登记", "医疗保障局", "参保科", "YB", "公共服务事项", 7, 10, 0, "", True, ("HK",),
            (("HKY", "applicant"),),
            (
                _asked("网上申报参保", "apply"), Step("参保登记受理", "accept"), Step("参保登记审查", "review", level=1),
                _asked("网上缴纳参保费用", "pay"), Step("参保登记确认", "decide", level=3),
            ),
            ("参保年度",),
        ),
        Item(
            "SB", "社会保障卡申领", "人力资源社会保障局", "社保卡科", "RS", "公共服务事项", 10, 20, 1, "核验身份、采集照片", False,
            ("YB",), (("HKY", "applicant"), ("ZP", "applicant")),
            (
                _asked("网上申领社会保障卡", "apply"), Step("申领受理", "accept"), _asked("到场核验身份并采集照片", "inspect", HALL),
                Step("申领审查", "review", level=1), Step("申领决定", "decide", level=3), Step("社会保障卡制作", "produce"),
                _asked("签收社会保障卡", "deliver"),
            ),
            ("服务银行",),
        ),
    ),
    DOCUMENTS, fields=FIELDS, special=SPECIAL, valid_from="2022-01-01", valid_to="2023-12-31",
)  # fmt: skip

_FORM = _asked("住院期间一表申请", "apply", group="一表申请")
_IN_HOSPITAL = Step("医院专窗收件受理", "accept", group="医院专窗收件", place=(HOSPITAL, "一件事专窗"))
_AT_WINDOW = Step("综合窗口收件受理", "accept", group="综合窗口收件", place=("政务服务中心", "综合窗口"))
_PARCEL = _asked("统一寄递签收", "deliver", group="统一寄递")

AFTER = Guide(
    "CSYJS",
    "出生一件事",
    (
        Item(
            "SY", "生育登记", "卫生健康局", "妇幼健康科", "WJ", "公共服务事项", 1, 5, 0, "", True, (), (("SFZ", "applicant"),),
            (_FORM, _IN_HOSPITAL, Step("生育登记办结", "decide", level=3), _PARCEL),
        ),
        Item(
            "CS", "出生医学证明签发", HOSPITAL, "出生证明室", "YY", "公共服务事项", 1, 10, 0, "", True, (), (("SFZ", "reuse"),),
            (
                _FORM, _IN_HOSPITAL, Step("证明签发审核", "check", level=2), Step("证明签发决定", "decide", level=3),
                Step("出生医学证明制证", "produce"), _PARCEL,
            ),
            ("出生孕周", "出生体重"),
        ),
        Item(
            "YF", "预防接种电子档案建立", CLINIC, "接种门诊", "YF", "公共服务事项", 1, 5, 0, "", True, ("CS",),
            (("CSYX", "elicence"),), (_FORM, _IN_HOSPITAL, Step("建档确认", "decide", level=3), _PARCEL), ("过敏史",),
        ),
        Item(
            "YE", "科学育儿指导登记", "计划生育协会", "服务科", "JX", "公共服务事项", 1, 5, 0, "", True, ("CS",), (),
            (_FORM, _IN_HOSPITAL, Step("育儿指导登记确认", "decide", "system"), _PARCEL),
        ),
        Item(
            "HK", "国内出生登记", "公安局", "户籍窗口", "GA", "行政确认", 2, 15, 1, "核验户口簿原件", False, ("CS",),
            (("CSYX", "elicence"), ("HKB", "applicant"), ("JHZ", "data")),
            (
                _FORM, _AT_WINDOW, _asked("到综合窗口核验户口簿", "inspect", ONE_WINDOW),
                Step("出生登记审查", "review", level=1), Step("出生登记决定", "decide", level=3),
                Step("户口页制作", "produce"), _PARCEL,
            ),
            ("随父或随母落户",),
        ),
        Item(
            "YB", "城乡居民基本医疗保险参保登记", "医疗保障局", "参保科", "YB", "公共服务事项", 1, 10, 0, "", True, ("HK",),
            (("HKY", "data"),), (_FORM, _AT_WINDOW, Step("参保登记确认", "decide", level=3), _PARCEL), ("参保年度",),
        ),
        Item(
            "SB", "社会保障卡申领", "人力资源社会保障局", "社保卡科", "RS", "公共服务事项", 2, 20, 0, "", True, ("HK",),
            (("HKY", "data"), ("ZP", "merged")),
            (
                _FORM, _AT_WINDOW, Step("申领决定", "decide", level=3), Step("社会保障卡制作", "produce"), _PARCEL,
            ),
            ("服务银行",),
        ),
    ),
    DOCUMENTS, form="出生一件事申请表", fields=FIELDS, special=SPECIAL, valid_from="2024-01-01",
)  # fmt: skip
