"""The guide linter: every rule finds what is planted, and only that; what cannot be checked is said."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from flowaudit.catalogue import GUIDE_RULES, Catalogue, lint, read_catalogue
from flowaudit.errors import UsageError

GOOD = {
    "item_code": "01", "name": "食品经营许可", "item_type": "行政许可", "case_kind": "承诺件",
    "statutory_days": 20.0, "statutory_unit": "工作日", "promised_days": 10.0, "promised_unit": "工作日",
    "visits_min": 1.0, "visit_reason": "核验原件", "fully_online": False, "online": True, "depth_raw": "Ⅲ级",
    "apply_channels": "窗口办理、网上办理、快递申请", "supports_express": True, "fee": "是", "fee_basis": "收费目录",
    "fee_standard": "每件10元", "legal_basis": "食品安全法", "conditions": "有固定场所。", "procedure": "申请、受理、审查、决定、送达。",
    "result_sample": "样本.pdf", "contact_phone": "021-1234", "complaint_phone": "021-12345",
    "valid_from": pd.Timestamp("2020-01-01"), "valid_to": pd.Timestamp("2030-01-01"),
}  # fmt: skip
MATERIAL = {
    "item_code": "01", "canonical_id": "M", "name": "营业执照", "necessity": "required", "copies": 1.0, "form": "纸质",
    "produced_by_item": None, "variant_code": None, "notice": "复印件加盖公章。",
}  # fmt: skip
STEP = {"item_code": "01", "seq": 1.0, "name": "审查", "stage": "review", "needs_visit": None, "share_group": None, "limit_days": 3.0, "limit_unit": "工作日"}  # fmt: skip


def catalogue(
    item=None,
    materials=({},),
    steps=({}, {"seq": 2.0, "name": "取件", "stage": "deliver", "needs_visit": True}),
    others=(),
    **tables,
):
    return Catalogue(
        items=pd.DataFrame([GOOD | (item or {}), *(GOOD | o for o in others)]),
        item_materials=pd.DataFrame([MATERIAL | m for m in materials]),
        item_steps=pd.DataFrame([STEP | s for s in steps]),
        **tables,
    )


def found(given, **options):
    table = lint(given, **options)
    return {(r.item_code, r.rule, r.severity) for r in table.itertuples()}


def test_a_guide_in_order_has_no_finding():
    assert found(catalogue(), as_of=dt.date(2025, 6, 1)) == set()


PLANTED = [
    ("G01", "wrong", {"legal_basis": None}, {}),
    ("G02", "wrong", {"conditions": "无"}, {}),
    ("G03", "doubtful", {}, {"materials": ({"item_code": "02"},), "others": ({"item_code": "02"},)}),
    ("G04", "wrong", {"procedure": None}, {"steps": ({"item_code": "99"},)}),
    ("G05", "wrong", {"fee": None}, {}),
    ("G06", "wrong", {"promised_days": None}, {}),
    ("G10", "wrong", {"promised_days": 2.0}, {}),
    ("G10", "doubtful", {}, {"steps": ({"limit_unit": "自然日"}, {"needs_visit": True, "limit_days": None})}),
    ("G11", "wrong", {"promised_days": 21.0}, {}),
    ("G11", "doubtful", {"statutory_days": 25.0, "statutory_unit": "自然日"}, {}),
    ("G12", "wrong", {"statutory_unit": "日"}, {}),
    ("G12", "wrong", {"statutory_unit": None}, {}),
    ("G13", "doubtful", {"statutory_days": 30.0}, {}),
    ("G13", "doubtful", {"statutory_days": 60.0}, {}),
    ("G20", "wrong", {"visits_min": 0.0}, {"steps": ({"needs_visit": False},)}),
    ("G21", "wrong", {"visit_reason": "—"}, {}),
    (
        "G22", "wrong",
        {"visits_min": 0.0, "visit_reason": None, "online": False, "apply_channels": "窗口办理", "supports_express": False},
        {"steps": ({"needs_visit": False},)},
    ),
    ("G23", "wrong", {"fully_online": True, "depth_raw": "Ⅳ级"}, {}),
    ("G24", "wrong", {"depth_raw": "全程网办（Ⅳ级）"}, {}),
    (
        "G25", "wrong",
        {"fully_online": True, "depth_raw": None, "visits_min": 0.0, "visit_reason": None, "apply_channels": "窗口办理"},
        {"steps": ({"needs_visit": False},)},
    ),
    ("G26", "wrong", {"promised_days": 0.0}, {"steps": ({"limit_days": None, "needs_visit": True},)}),
    ("G26", "doubtful", {"case_kind": "即办件"}, {}),
    ("G27", "wrong", {"visits_min": 0.0, "visit_reason": None}, {}),
    ("G27", "doubtful", {}, {"steps": ({"needs_visit": False},)}),
    ("G30", "wrong", {"fee_basis": None}, {}),
    ("G30", "wrong", {"fee_standard": None}, {}),
    ("G40", "wrong", {"result_sample": None}, {}),
    ("G50", "wrong", {"complaint_phone": "0211234"}, {}),
    ("G60", "wrong", {}, {"materials": ({"name": "其他相关证明材料"},)}),
    ("G61", "wrong", {}, {"materials": ({}, {"copies": 2.0})}),
    ("G61", "wrong", {}, {"materials": ({}, {"variant_code": "新办", "necessity": "optional"})}),
    ("G62", "doubtful", {}, {"materials": ({}, {"variant_code": "新办"})}),
    ("G63", "wrong", {}, {"materials": ({"produced_by_item": "01"},)}),
    ("G70", "wrong", {}, {
        "others": ({"item_code": "02"},),
        "materials": ({"produced_by_item": "02"}, {"item_code": "02", "produced_by_item": "01"}),
    }),
    ("G80", "wrong", {"valid_to": pd.Timestamp("2019-12-31")}, {}),
    ("G80", "doubtful", {"valid_to": pd.Timestamp("2025-05-31")}, {}),
    ("G90", "advice", {"conditions": "有" * 61 + "。"}, {}),
    ("G91", "advice", {}, {"materials": ({"notice": "须持CA登录。"},)}),
    ("G92", "advice", {"conditions": "符合《食品安全法》第三十五条的规定。"}, {}),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "severity", "item", "rest"), PLANTED, ids=lambda v: v if isinstance(v, str) else "")
def test_a_planted_fault_is_found_and_nothing_else(rule, severity, item, rest):
    got = found(catalogue(item, **rest), as_of=dt.date(2025, 6, 1))
    assert got == {("01", rule, severity)}


def test_every_rule_has_a_planted_fault_and_two_languages():
    assert {rule.id for rule in GUIDE_RULES} == {planted[0] for planted in PLANTED}
    assert len({rule.id for rule in GUIDE_RULES}) == len(GUIDE_RULES)
    for rule in GUIDE_RULES:
        zh, en = rule.title()
        assert zh
        assert en


@pytest.mark.parametrize(
    ("name", "vague"),
    [
        ("其他材料", True), ("相关证明", True), ("身份证、户口簿等", True), ("学历证书等材料", True), ("法律法规规定的其他文件", True),
        ("有关资料", True), ("必要的材料", True), ("营业执照", False), ("环境保护设施竣工验收报告", False), ("高等学校毕业证书", False),
        ("消防安全等级证明", False), ("残疾人证（二等）", False), ("其它需要提交的手续", True), ("安全生产相关制度", False),
    ],
)  # fmt: skip
def test_vague_materials(name, vague):
    got = found(catalogue(materials=({"name": name},)))
    assert (("01", "G60", "wrong") in got) == vague


def test_rules_without_their_columns_are_listed_as_not_checkable():
    table = lint(Catalogue(items=pd.DataFrame({"item_code": ["01"], "name": ["甲"]})))
    assert set(table["severity"]) == {"not_checkable"}
    assert set(table["rule"]) == {rule.id for rule in GUIDE_RULES}
    assert table["item_code"].isna().all()
    said = table.set_index("rule")
    assert "items.fee_basis or fees.basis" in said.loc["G30", "statement_en"]
    assert "items.fee（是否收费）" in said.loc["G30", "statement_zh"]
    assert len(lint(Catalogue())) == len(GUIDE_RULES)


def test_findings_carry_file_and_row(tmp_path):
    (tmp_path / "事项.csv").write_text(
        "事项编码,事项名称,到办事现场次数,必须现场办理原因说明\n01,甲,1,核验\n02,乙,0,递交材料\n", encoding="utf-8"
    )
    table = lint(read_catalogue(tmp_path))
    rows = table[table["severity"] != "not_checkable"]
    assert rows[["item_code", "rule", "file", "row"]].values.tolist() == [["02", "G20", "事项.csv", 3]]
    assert "递交材料" in rows["statement_zh"].iloc[0]


def test_a_cycle_is_named():
    given = catalogue(
        others=({"item_code": "02", "name": "环评"},),
        item_relations=pd.DataFrame({"src_item": ["01", "02"], "dst_item": ["02", "01"], "relation": ["precedes"] * 2}),
    )
    table = lint(given)
    said = table[table["rule"] == "G70"]["statement_en"].iloc[0]
    assert "食品经营许可（01） → 环评（02） → 食品经营许可（01）" in said


def test_a_trip_shared_with_another_item_is_told_there():
    """One joint counter for two items: the trip is counted at one of them, and the other truly has none."""
    steps = (
        {"share_group": "窗口", "needs_visit": True},
        {"item_code": "02", "share_group": "窗口", "needs_visit": True},
    )
    given = catalogue(
        {"visits_min": 0.0, "visit_reason": None},
        steps=steps,
        others=({"item_code": "02"},),
        materials=({}, {"item_code": "02"}),
    )
    assert found(given) == set()
    alone = catalogue({"visits_min": 0.0, "visit_reason": None}, steps=steps[:1])
    assert found(alone) == {("01", "G27", "wrong")}


def test_fees_in_a_table_of_their_own():
    fees = pd.DataFrame({"item_code": ["01"], "name": ["证照费"], "standard": ["每件10元"], "basis": ["目录"]})
    assert found(catalogue({"fee_basis": None, "fee_standard": None}, fees=fees)) == set()
    assert found(catalogue({"fee": "否"}, fees=fees)) == {("01", "G30", "wrong")}


def test_the_order_of_rows_changes_nothing():
    given = catalogue(
        {"legal_basis": None}, others=({"item_code": "02", "fee": None},), materials=({}, {"item_code": "02"})
    )
    turned = Catalogue(
        items=given.items[::-1], item_materials=given.item_materials[::-1], item_steps=given.item_steps[::-1]
    )
    assert found(given) == found(turned)


def test_a_senseless_option_is_refused():
    with pytest.raises(UsageError, match="0"):
        lint(Catalogue(), longest_sentence=0)
