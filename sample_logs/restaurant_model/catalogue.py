"""The catalogue tables: 17 materials of five items, of which two could not be saved (E2); the rest is made up."""

from __future__ import annotations

from dataclasses import dataclass

from restaurant_model.settings import HB, ITEMS, POOLS, PS, SP, XF, ZP

Row = dict[str, object]
SYNTHETIC = "合成设定"


@dataclass(frozen=True)
class Material:
    """One kind of paper, whichever item asks for it."""

    canonical_id: str
    name: str
    aliases: tuple[str, ...]
    doc_class: str
    issuer: str
    elicence_type: str
    defect_weight: float
    """How often, relative to the others of an item, it is what a correction is about."""
    defects: tuple[str, ...]

    @property
    def retrievable(self) -> bool:
        return bool(self.elicence_type)


MATERIALS = {
    m.canonical_id: m
    for m in (
        Material(
            "YYZZ",
            "营业执照",
            ("企业法人营业执照", "工商营业执照", "营业执照复印件"),
            "证件证书证明",
            "市场监管局",
            "营业执照",
            1.0,
            ("经营范围未含餐饮服务", "复印件不清晰"),
        ),
        Material(
            "SFZ",
            "法定代表人身份证",
            ("法人身份证", "法定代表人居民身份证", "法人代表身份证明"),
            "证件证书证明",
            "公安局",
            "居民身份证",
            0.7,
            ("证件过期", "缺少反面"),
        ),
        Material(
            "ZLHT",
            "房屋租赁合同",
            ("租赁合同", "房屋租赁登记备案证明", "经营场所使用证明"),
            "证件证书证明",
            "房屋管理局",
            "房屋租赁登记备案证明",
            2.0,
            ("合同未备案", "地址与营业执照不一致"),
        ),
        Material(
            "BDC",
            "不动产权证书",
            ("房产证", "房屋所有权证"),
            "证件证书证明",
            "规划资源局",
            "不动产权证书",
            1.0,
            ("房屋用途不符",),
        ),
        Material(
            "JKZ",
            "从业人员健康证明",
            ("健康证", "健康合格证"),
            "证件证书证明",
            "卫生健康委",
            "健康证明",
            1.5,
            ("人员不齐", "证明过期"),
        ),
        Material(
            "KHZ",
            "食品安全管理人员考核证明",
            ("食安员考核合格证", "食品安全员证"),
            "证件证书证明",
            "市场监管局",
            "食品安全管理人员考核证明",
            1.0,
            ("姓名与申请表不一致",),
        ),
        Material(
            "XFYS",
            "装修工程消防验收备案凭证",
            ("消防验收备案", "消防验收合格意见"),
            "证件证书证明",
            "住房城乡建设委",
            "消防验收备案凭证",
            2.5,
            ("面积与现场不一致", "缺少备案编号"),
        ),
        Material(
            "PMT",
            "经营场所平面图",
            ("平面布局图", "经营场所布局图", "场所平面布置图"),
            "其他",
            "申请人",
            "",
            4.0,
            ("未标注功能分区", "未标注尺寸"),
        ),
        Material(
            "XGT",
            "户外招牌效果图",
            ("招牌设计图", "店招效果图"),
            "其他",
            "申请人",
            "",
            4.0,
            ("未标注招牌尺寸", "缺少夜景效果"),
        ),
    )
}
"""``canonical_id`` to material."""

DEMANDS: dict[str, tuple[str, ...]] = {
    HB: ("YYZZ", "ZLHT", "BDC"),
    XF: ("YYZZ", "SFZ", "ZLHT", "XFYS"),
    SP: ("YYZZ", "SFZ", "PMT", "JKZ", "KHZ"),
    ZP: ("YYZZ", "SFZ", "XGT"),
    PS: ("YYZZ", "SFZ"),
}
"""The 17 materials, by item."""

FORM_FIELDS = (
    ("单位名称", "org_name", "text", "type", "市场主体登记库"),
    ("统一社会信用代码", "uscc", "text", "type", "市场主体登记库"),
    ("法定代表人", "legal_rep", "text", "type", "市场主体登记库"),
    ("法定代表人证件号码", "legal_rep_id", "text", "type", "人口库"),
    ("经营地址", "address", "text", "type", "市场主体登记库"),
    ("联系电话", "phone", "text", "type", ""),
)
OWN_FIELDS = {
    HB: (("灶头数", "stoves", "number", "type", ""), ("油烟净化设施", "fume_filter", "code", "select", "")),
    XF: (("经营面积", "area", "number", "type", "不动产登记库"), ("所在楼层", "floor", "number", "type", "")),
    SP: (
        ("经营面积", "area", "number", "type", "不动产登记库"),
        ("主体业态", "business_form", "code", "select", ""),
        ("从业人数", "staff", "number", "type", ""),
    ),
    ZP: (("招牌尺寸", "sign_size", "text", "type", ""), ("设置位置", "sign_place", "text", "type", "")),
    PS: (("日排水量", "daily_drainage", "number", "type", ""), ("经营面积", "area", "number", "type", "不动产登记库")),
}


def material_code(item: str, canonical_id: str) -> str:
    """Return the code of an item's material, e.g. ``SP01``."""
    return f"{item}{DEMANDS[item].index(canonical_id) + 1:02d}"


def catalogue_tables() -> dict[str, list[Row]]:
    """Return the six tables of the catalogue as rows."""
    return {
        "items": [_item(code) for code in ITEMS],
        "item_materials": [_demand(item, kind) for item, kinds in DEMANDS.items() for kind in kinds],
        "materials": [_material(m) for m in MATERIALS.values()],
        "form_fields": [_field(item, f) for item in ITEMS for f in (*FORM_FIELDS, *OWN_FIELDS[item])],
        "item_relations": _relations(),
        "orgs": [_org(d, o) for d, o in dict.fromkeys((p.department, p.office) for p in POOLS.values())],
    }


def catalogue_after_tables() -> dict[str, list[Row]]:
    """Return the catalogue of the reform: what an e-licence tells is called up, the two plans are still handed in (E2).

    Nothing else differs from the catalogue before: limits, trips and steps after the reform were not published.
    """
    tables = catalogue_tables()
    tables["item_materials"] = [
        {**row, "source": "电子证照", "copies": 0} if row["elicence_type"] else row for row in tables["item_materials"]
    ]
    return tables


def _item(code: str) -> Row:
    rule = ITEMS[code]
    return {
        "item_code": code,
        "name": rule.name,
        "item_type": "其他" if code == HB else "行政许可",
        "department": rule.department,
        "level": "市级",
        "service_object": "企业法人",
        "statutory_days": rule.statutory_days,
        "statutory_unit": "工作日",
        "promised_days": rule.promised_days,
        "promised_unit": "工作日",
        "visits_min": 2,
        "visit_reason": "递交材料、领取结果",
        "fully_online": False,
        "fee": False,
        "fee_basis": "",
        "legal_basis": SYNTHETIC,
        "result_doc_code": f"{code}-DOC",
        "supports_express": True,
        "risk_class": "高" if code == XF else "中" if code == SP else "低",
        "commitment_allowed": code in (HB, ZP),
    }


def _demand(item: str, kind: str) -> Row:
    material = MATERIALS[kind]
    own = not material.retrievable
    return {
        "item_code": item,
        "variant_code": "",
        "material_code": material_code(item, kind),
        "canonical_id": kind,
        "name": material.name,
        "necessity": "必要",
        "form": "纸质/电子化",
        "source": "申请人自备" if own else "政府部门核发",
        "issuer": material.issuer,
        "issuer_scope": "self" if own else "city",
        "originals": 1 if own else 0,
        "copies": 0 if own else 1,
        "elicence_type": material.elicence_type,
        "data_resource": "",
        "legal_basis": SYNTHETIC,
        "produced_by_item": "",
    }


def _material(m: Material) -> Row:
    return {
        "canonical_id": m.canonical_id,
        "name": m.name,
        "aliases": "|".join(m.aliases),
        "doc_class": m.doc_class,
        "issuer": m.issuer,
        "elicence_type": m.elicence_type,
        "retrievable": m.retrievable,
    }


def _field(item: str, field: tuple[str, str, str, str, str]) -> Row:
    label, canonical, kind, entry, source = field
    return {
        "item_code": item,
        "form": f"{ITEMS[item].short}申请表",
        "field_label": label,
        "canonical_field": canonical,
        "data_type": kind,
        "class": entry,
        "authoritative_source": source,
    }


def _relations() -> list[Row]:
    codes = list(ITEMS)
    rows = [
        (a, b, "co_requested", "catalogue", f"{SYNTHETIC}：同属开办餐饮店一件事")
        for i, a in enumerate(codes)
        for b in codes[i + 1 :]
    ]
    habit = f"{SYNTHETIC}：窗口习惯做法，无规定要求"
    rows += [(a, b, "precedes", "observed", habit) for a, b in ((HB, SP), (XF, SP), (SP, ZP), (ZP, PS))]
    rows.append((HB, PS, "precedes", "legal", f"{SYNTHETIC}：视为有规定的先后关系，供识别规则作反例"))
    return [dict(zip(("src_item", "dst_item", "relation", "basis", "evidence"), row, strict=True)) for row in rows]


def _org(department: str, office: str) -> Row:
    return {"department": department, "office": office, "parent": "合成市人民政府", "region": "合成市"}
