"""The tables of a catalogue: one pydantic model per table, its columns with their Chinese names and what they hold."""

from __future__ import annotations

import datetime as dt
import types
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field

Kind = Literal["text", "number", "boolean", "date"]


class Named:
    """How files head a column: its Chinese name, and tiers of other headers, best first.

    Two headers of one tier in one file are ambiguous: we ask. The canonical English name comes before every tier. The
    headers are those of GB/T 39046-2020, of the national list of items (实施清单) and its exchange tables, and what
    office systems print.
    """

    def __init__(self, label: str, *tiers: str | tuple[str, ...]) -> None:
        self.label = label
        self.tiers = tuple((t,) if isinstance(t, str) else t for t in tiers)


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    name : str
        Canonical English name.
    label : str
        Chinese name, first choice of a header.
    tiers : tuple of tuple of str
        Headers taken for it, best first.
    kind : {"text", "number", "boolean", "date"}
    required : bool
        Without it the table cannot be used, and no cell of it may be empty.
    """

    name: str
    label: str
    tiers: tuple[tuple[str, ...], ...]
    kind: Kind
    required: bool


class Row(BaseModel):
    """A row of a catalogue table; columns that no model knows are kept as they are.

    Attributes
    ----------
    title : str
        Chinese name of the table.
    names : tuple of str
        Other names of the sheet or file.
    key : tuple of str
        Columns that together name a row once.
    references : mapping of str to (table, column)
        Cells that must occur there, checked where both tables exist.
    loose : tuple of str
        References that are only reported, never refused.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    title: ClassVar[str]
    names: ClassVar[tuple[str, ...]] = ()
    key: ClassVar[tuple[str, ...]] = ()
    references: ClassVar[dict[str, tuple[str, str]]] = {}
    loose: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def columns(cls) -> tuple[Column, ...]:
        """Return the columns of the table.

        Examples
        --------
        >>> next(c.label for c in Item.columns() if c.name == "promised_days")
        '承诺办结时限'
        """
        found = []
        for name, field in cls.model_fields.items():
            named = next(m for m in field.metadata if isinstance(m, Named))
            tiers = ((named.label,) + (named.tiers[0] if named.tiers else ()), *named.tiers[1:])
            found.append(Column(field.alias or name, named.label, tiers, _kind(field.annotation), field.is_required()))
        return tuple(found)


def _kind(annotation: Any) -> Kind:
    parts = get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else (annotation,)
    kinds: dict[Any, Kind] = {float: "number", int: "number", bool: "boolean", dt.date: "date"}
    return next((kinds[part] for part in parts if part in kinds), "text")


Text = str | None
Number = float | None
Flag = bool | None
Date = dt.date | None


class Item(Row):
    """An item (事项) as its service guide states it."""

    title = "事项"
    names = ("事项清单", "事项表", "事项目录", "事项信息", "事项基本信息", "实施清单", "办事指南", "ml_matter_info")
    key = ("item_code",)
    references: ClassVar = {"department": ("orgs", "department")}
    loose = ("department",)

    item_code: Annotated[
        str,
        Named(
            "事项编码",
            ("事项代码",),
            ("实施编码", "task_code"),
            ("业务办理项编码", "task_handle_item"),
            ("基本编码", "catalog_code"),
        ),
    ]
    name: Annotated[str, Named("事项名称", "task_name", ("业务办理项名称", "名称"))]
    item_type: Annotated[Text, Named("事项类型", ("事项类型代码", "task_type"))] = None
    department: Annotated[
        Text, Named("实施主体", ("实施部门", "实施机关", "责任部门", "部门", "办理部门", "dept_name"))
    ] = None
    office: Annotated[Text, Named("科室", ("处室", "办理处室", "承办科室"))] = None
    level: Annotated[Text, Named("行使层级", ("行使层级代码", "use_level"), "层级")] = None
    service_object: Annotated[Text, Named("服务对象", ("服务对象代码", "server_type", "serve_type"))] = None
    power_source: Annotated[Text, Named("权力来源")] = None
    case_kind: Annotated[Text, Named("办件类型", ("办件类型代码", "project_type"))] = None
    statutory_days: Annotated[Number, Named("法定办结时限", ("法定时限", "法定期限", "anticipate_day"))] = None
    statutory_unit: Annotated[Text, Named("法定办结时限单位", ("法定时限单位", "anticipate_type"))] = None
    statutory_note: Annotated[Text, Named("法定办结时限说明", ("法定时限说明", "anticipate_explain"))] = None
    promised_days: Annotated[Number, Named("承诺办结时限", ("承诺时限", "承诺期限", "promise_day"))] = None
    promised_unit: Annotated[Text, Named("承诺办结时限单位", ("承诺时限单位", "promise_type"))] = None
    promised_note: Annotated[Text, Named("承诺办结时限说明", ("承诺时限说明", "promise_explain"))] = None
    step_days: Annotated[Number, Named("环节时限合计", ("各环节时限之和",))] = None
    visits_min: Annotated[Number, Named("到办事现场次数", ("到现场次数", "跑动次数", "limit_scene_num"))] = None
    visit_reason: Annotated[Text, Named("必须现场办理原因说明", ("必须现场办理原因", "limit_scene_explain"))] = None
    online: Annotated[Flag, Named("是否网办", ("是否可网办", "is_online"))] = None
    depth_raw: Annotated[Text, Named("网上办理深度", ("网办深度", "online_handle_depth"))] = None
    depth_scheme: Annotated[Text, Named("网办深度代码方案")] = None
    fully_online: Annotated[Flag, Named("是否全程网办", ("全程网办",))] = None
    apply_channels: Annotated[Text, Named("办理形式", ("办理形式代码", "申请方式", "办理渠道", "handle_type"))] = None
    supports_express: Annotated[Flag, Named("是否支持物流快递", ("是否支持快递", "is_express"))] = None
    fee: Annotated[Text, Named("是否收费", "is_fee")] = None
    fee_basis: Annotated[Text, Named("收费依据")] = None
    fee_standard: Annotated[Text, Named("收费标准", "fee_stand")] = None
    legal_basis: Annotated[Text, Named("办理依据", ("设定依据", "实施依据", "法律依据", "by_law"))] = None
    conditions: Annotated[Text, Named("办理条件", ("受理条件", "申请条件", "accept_condition"))] = None
    procedure: Annotated[Text, Named("办理流程", ("基本流程", "handle_flow"))] = None
    result_doc_code: Annotated[Text, Named("结果证照编码", ("结果编码",))] = None
    result_name: Annotated[Text, Named("审批结果名称", ("办理结果名称",))] = None
    result_type: Annotated[Text, Named("审批结果类型", ("办理结果类型",))] = None
    result_sample: Annotated[Text, Named("审批结果样本", ("办理结果样本", "result_guid", "result_samp"))] = None
    contact_phone: Annotated[Text, Named("咨询电话", ("咨询方式", "consult_phone", "link_way"))] = None
    complaint_phone: Annotated[
        Text, Named("投诉电话", ("监督投诉方式", "监督电话", "complain_phone", "supervise_way"))
    ] = None
    risk_class: Annotated[Text, Named("风险等级")] = None
    commitment_allowed: Annotated[Flag, Named("可否告知承诺", ("是否告知承诺", "是否适用告知承诺"))] = None
    version: Annotated[Text, Named("事项版本", ("版本", "task_version"))] = None
    valid_from: Annotated[Date, Named("生效日期", ("计划生效日期", "plan_effective_date"))] = None
    valid_to: Annotated[Date, Named("失效日期", ("计划取消日期", "plan_cancel_date", "有效期至"))] = None


class Variant(Row):
    """A situation of an item (业务办理项、情形) with its own list of materials."""

    title = "情形"
    names = ("业务办理项", "办理情形", "情形表")
    key = ("item_code", "variant_code")
    references: ClassVar = {"item_code": ("items", "item_code")}

    item_code: Annotated[str, Named("事项编码", ("事项代码",), ("实施编码", "task_code"))]
    variant_code: Annotated[
        str, Named("情形编码", ("业务办理项编码", "情形代码", "task_handle_item"), ("情形", "业务办理项"))
    ]
    name: Annotated[Text, Named("情形名称", ("业务办理项名称",), "名称")] = None
    condition: Annotated[Text, Named("适用条件", ("情形说明", "适用情形"))] = None


class ItemMaterial(Row):
    """A material that an item, or a situation of it, asks for."""

    title = "事项材料"
    names = ("申请材料", "申报材料", "材料清单", "材料", "材料信息", "事项申报材料", "ml_matter_file")
    key = ("item_code", "variant_code", "material_code", "canonical_id")
    references: ClassVar = {
        "item_code": ("items", "item_code"),
        "canonical_id": ("materials", "canonical_id"),
        "produced_by_item": ("items", "item_code"),
    }

    item_code: Annotated[str, Named("事项编码", ("事项代码",), ("实施编码", "task_code"), ("基本编码", "catalog_code"))]
    name: Annotated[str, Named("材料名称", "material_name", "名称")]
    canonical_id: Annotated[Text, Named("标准材料编码", ("规范材料编码",))] = None
    variant_code: Annotated[
        Text, Named("情形编码", ("业务办理项编码", "情形代码", "task_handle_item"), ("情形", "业务办理项"))
    ] = None
    material_code: Annotated[Text, Named("材料编码", ("材料代码", "材料编号"))] = None
    doc_class: Annotated[Text, Named("材料类型", "material_type")] = None
    necessity: Annotated[Text, Named("材料必要性", ("必要性", "是否必要", "is_need", "是否必须"))] = None
    form: Annotated[Text, Named("材料形式", ("material_format", "zzhdzb"))] = None
    source: Annotated[Text, Named("来源渠道", ("材料来源渠道", "材料来源", "source_type"))] = None
    source_note: Annotated[Text, Named("来源渠道说明", "source_explain")] = None
    issuer: Annotated[Text, Named("核发机关", ("核发部门", "出具单位", "出具部门"))] = None
    issuer_scope: Annotated[Text, Named("核发范围")] = None
    originals: Annotated[Number, Named("原件份数", ("材料原件份数", "originalnum"))] = None
    copies: Annotated[Number, Named("复印件份数", ("材料复印件份数", "copiesnum", "page_copynum"))] = None
    paper_copies: Annotated[Number, Named("纸质材料份数", ("份数", "page_num"))] = None
    elicence_type: Annotated[Text, Named("电子证照类型", ("电子证照", "电子证照名称", "电子证照类型名称"))] = None
    data_resource: Annotated[Text, Named("数据资源", ("数据资源名称",))] = None
    legal_basis: Annotated[Text, Named("材料依据", ("要求提供材料的依据", "by_law"), ("依据", "设定依据"))] = None
    notice: Annotated[Text, Named("填报须知", ("fill_explain", "fill_explian"))] = None
    standard: Annotated[Text, Named("受理标准", "accept_stand")] = None
    produced_by_item: Annotated[Text, Named("产生该材料的事项", ("来源事项编码", "结果来源事项"))] = None


class Material(Row):
    """A canonical material: one kind of paper, however items call it."""

    title = "标准材料"
    names = ("材料目录", "规范材料", "材料字典", "标准材料目录")
    key = ("canonical_id",)

    canonical_id: Annotated[str, Named("标准材料编码", ("规范材料编码",), "材料编码")]
    name: Annotated[str, Named("标准材料名称", ("规范材料名称",), ("材料名称",), "名称")]
    aliases: Annotated[Text, Named("别名", ("其他名称", "曾用名"))] = None
    doc_class: Annotated[Text, Named("材料类型", "material_type")] = None
    issuer: Annotated[Text, Named("核发机关", ("核发部门", "出具单位"))] = None
    elicence_type: Annotated[Text, Named("电子证照类型", ("电子证照", "电子证照名称"))] = None
    retrievable: Annotated[Flag, Named("可否调取", ("是否可调取", "是否已归集"))] = None


class FormField(Row):
    """A field that a form of an item asks for."""

    title = "表单字段"
    names = ("申请表字段", "表单", "字段")
    key = ("item_code", "form", "field_label")
    references: ClassVar = {"item_code": ("items", "item_code")}

    item_code: Annotated[str, Named("事项编码", ("事项代码",), ("实施编码", "task_code"))]
    field_label: Annotated[str, Named("字段名称", ("字段", "填写项"))]
    form: Annotated[Text, Named("表单名称", ("申请表", "表单"))] = None
    canonical_field: Annotated[Text, Named("标准字段", ("规范字段",))] = None
    data_type: Annotated[Text, Named("数据类型")] = None
    class_: Annotated[Text, Named("填写方式", ("字段类别",)), Field(alias="class")] = None
    authoritative_source: Annotated[Text, Named("权威来源", ("数据来源",))] = None


class ItemRelation(Row):
    """A relation between two items, such as: one comes before the other."""

    title = "事项关系"
    names = ("前后置关系", "前置关系", "关系")
    key = ("src_item", "dst_item", "relation")
    references: ClassVar = {"src_item": ("items", "item_code"), "dst_item": ("items", "item_code")}

    src_item: Annotated[str, Named("前事项编码", ("起点事项", "前置事项", "前置事项编码"))]
    dst_item: Annotated[str, Named("后事项编码", ("终点事项", "后置事项", "后置事项编码"))]
    relation: Annotated[str, Named("关系类型", ("关系",))]
    basis: Annotated[Text, Named("依据类型")] = None
    evidence: Annotated[Text, Named("依据说明", ("依据",))] = None


class Org(Row):
    """A department or one of its offices."""

    title = "机构"
    names = ("部门", "组织机构", "机构表", "部门科室")
    key = ("department", "office")

    department: Annotated[str, Named("部门名称", ("部门", "机构名称", "单位名称"))]
    office: Annotated[Text, Named("科室", ("处室", "科室名称", "处室名称"))] = None
    parent: Annotated[Text, Named("上级机构", ("上级部门",))] = None
    region: Annotated[Text, Named("行政区划", ("区域", "地区"))] = None


class ItemStep(Row):
    """A step (环节) of an item as the guide's table of steps states it.

    Steps of several items with one ``share_group`` are one event for all of them (综合窗口收件, 联合踏勘).
    """

    title = "环节"
    names = ("环节表", "办理环节", "流程环节", "ml_matter_process_link")
    key = ("item_code", "seq")
    references: ClassVar = {"item_code": ("items", "item_code"), "department": ("orgs", "department")}
    loose = ("department",)

    item_code: Annotated[str, Named("事项编码", ("事项代码",), ("实施编码", "task_code"))]
    seq: Annotated[float, Named("环节序号", ("序号", "排序码", "order_num"))]
    name: Annotated[str, Named("环节名称", ("办理环节", "环节", "link_name"))]
    stage: Annotated[Text, Named("标准环节", ("环节阶段",))] = None
    performed_by: Annotated[Text, Named("办理主体", ("执行主体", "由谁办理"))] = None
    department: Annotated[Text, Named("办理部门", ("部门", "处理单位"))] = None
    office: Annotated[Text, Named("办理处室", ("科室", "处室", "handle_dept_name"))] = None
    level: Annotated[Text, Named("审批层级", ("审核层级",))] = None
    share_group: Annotated[Text, Named("合并组", ("共用环节", "合并办理组"))] = None
    needs_visit: Annotated[Flag, Named("是否需到现场", ("是否到现场", "需到现场"))] = None
    site: Annotated[Text, Named("办理地点", ("地点", "办事场所"))] = None
    limit_days: Annotated[Number, Named("环节时限", ("办理时限", "handle_day"))] = None
    limit_unit: Annotated[Text, Named("环节时限单位", ("办理时限单位", "时限单位", "handle_type"))] = None
    legally_required: Annotated[Flag, Named("是否法定环节", ("法定环节", "法定必经环节", "是否法定必经环节"))] = None


class SpecialProcedure(Row):
    """A special procedure (特别程序) of an item, and whether it counts in the statutory limit."""

    title = "特别程序"
    names = ("特别程序表", "特殊环节", "特殊环节表")
    key = ("item_code", "kind")
    references: ClassVar = {"item_code": ("items", "item_code")}

    item_code: Annotated[str, Named("事项编码", ("事项代码",), ("实施编码", "task_code"))]
    kind: Annotated[str, Named("特别程序种类", ("特别程序种类名称", "特殊环节名称", "环节名称"), "种类")]
    counts_in_clock: Annotated[Flag, Named("是否计算在法定办结时限内", ("是否计入办理时限", "是否计入时限"))] = None
    limit_days: Annotated[Number, Named("所需时限", ("特别程序时限", "时限"))] = None
    limit_unit: Annotated[Text, Named("所需时限单位", ("特别程序时限单位", "时限单位"))] = None
    basis: Annotated[Text, Named("法定依据", ("依据", "法律依据及描述"))] = None
    fee: Annotated[Text, Named("是否收费")] = None


class Fee(Row):
    """A charge of an item."""

    title = "收费"
    names = ("收费项目", "收费信息", "ml_matter_charge")
    key = ("item_code", "name")
    references: ClassVar = {"item_code": ("items", "item_code")}

    item_code: Annotated[str, Named("事项编码", ("事项代码",), ("实施编码", "task_code"))]
    name: Annotated[str, Named("收费项目名称", ("收费项目", "fee_name"))]
    standard: Annotated[Text, Named("收费标准", "fee_stand")] = None
    basis: Annotated[Text, Named("收费依据", "by_law")] = None


class Result(Row):
    """What an item ends in: a licence, a reply, a record."""

    title = "结果"
    names = ("办理结果", "审批结果", "结果证照", "ml_matter_result")
    key = ("item_code", "name")
    references: ClassVar = {"item_code": ("items", "item_code")}

    item_code: Annotated[str, Named("事项编码", ("事项代码",), ("实施编码", "task_code"))]
    name: Annotated[str, Named("结果名称", ("办理结果名称", "审批结果名称", "result_name"))]
    result_type: Annotated[Text, Named("结果类型", ("办理结果类型", "审批结果类型"))] = None
    sample: Annotated[Text, Named("结果样本", ("办理结果样本", "审批结果样本", "result_samp"))] = None
    canonical_id: Annotated[Text, Named("标准材料编码", ("规范材料编码",))] = None
    validity: Annotated[Text, Named("有效期", ("结果有效期",))] = None


TABLES: dict[str, type[Row]] = {
    "items": Item,
    "item_materials": ItemMaterial,
    "materials": Material,
    "form_fields": FormField,
    "item_relations": ItemRelation,
    "orgs": Org,
    "item_steps": ItemStep,
    "special_procedures": SpecialProcedure,
    "variants": Variant,
    "fees": Fee,
    "results": Result,
}
"""The tables by their English name, which is also the name of the file or sheet."""

# One header, two columns that it may mean: asked, unless one of them has a header of its own.
EITHER: dict[str, dict[str, tuple[str, str]]] = {
    "items": {
        "办结时限": ("statutory_days", "promised_days"),
        "办理时限": ("statutory_days", "promised_days"),
        "时限": ("statutory_days", "promised_days"),
        "时限单位": ("statutory_unit", "promised_unit"),
        "办理方式": ("apply_channels", "case_kind"),
    },
    "item_materials": {"类型": ("doc_class", "form"), "来源": ("source", "issuer")},
}
