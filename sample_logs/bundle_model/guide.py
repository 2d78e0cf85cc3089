"""A one-thing as its service guides state it, and the catalogue tables that say so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]
SYNTHETIC = "合成设定"

COLUMNS = {
    "items": (
        "item_code name item_type department level service_object statutory_days statutory_unit promised_days "
        "promised_unit visits_min visit_reason fully_online depth_raw depth_scheme apply_channels fee fee_basis "
        "legal_basis result_doc_code supports_express risk_class commitment_allowed valid_from valid_to"
    ),
    "item_steps": "item_code seq name stage performed_by department office level share_group needs_visit site",
    "item_materials": (
        "item_code variant_code material_code canonical_id name necessity form source issuer issuer_scope originals "
        "copies elicence_type data_resource legal_basis produced_by_item"
    ),
    "materials": "canonical_id name aliases doc_class issuer elicence_type retrievable",
    "form_fields": "item_code form field_label canonical_field data_type class authoritative_source",
    "item_relations": "src_item dst_item relation basis evidence",
    "special_procedures": "item_code kind counts_in_clock limit_days limit_unit basis fee",
    "orgs": "department office parent region",
}
"""Columns of every table of the catalogue, in order."""

WORDS = {"applicant": "申请人自备", "elicence": "电子证照", "data": "数据共享", "reuse": "复用", "merged": "合并填报"}
"""来源渠道 as the guides print it, by where a material comes from."""


@dataclass(frozen=True)
class Step:
    """One row of the step table of a guide; a step with a ``group`` is one event for all items that name it."""

    name: str
    stage: str
    by: str = "office"
    site: str = ""
    group: str = ""
    level: int | None = None
    place: tuple[str, str] | None = None
    """Department and office, where they are not the item's."""


@dataclass(frozen=True)
class Document:
    """One kind of paper, whichever item asks for it."""

    kind: str
    name: str
    aliases: str
    issuer: str
    elicence: str = ""
    produced_by: str = ""


@dataclass(frozen=True)
class Item:
    """One item: limits in working days, what it waits for, whence its materials come, and its steps."""

    code: str
    name: str
    department: str
    office: str
    prefix: str
    item_type: str
    promised: int
    statutory: int
    visits: int
    visit_reason: str
    online: bool
    after: tuple[str, ...]
    """Items whose result it needs."""
    papers: tuple[tuple[str, str], ...]
    """(kind, source) of its materials."""
    steps: tuple[Step, ...]
    own_fields: tuple[str, ...] = ()

    def step(self, stage: str, by: str = "office") -> Step:
        """Return the one step of a stage."""
        (found,) = (s for s in self.steps if s.stage == stage and s.by == by)
        return found

    def place(self, step: Step) -> tuple[str, str]:
        """Return the department and office of a step."""
        return step.place or (self.department, self.office)


@dataclass(frozen=True)
class Guide:
    """The guides of a one-thing."""

    code: str
    name: str
    items: tuple[Item, ...]
    documents: tuple[Document, ...]
    form: str = ""
    """Name of the one form; empty where every item has its own."""
    valid_from: str = ""
    valid_to: str = ""
    fields: tuple[tuple[str, str, str], ...] = ()
    """(label, canonical field, authoritative source) that every form asks for."""
    special: tuple[tuple[str, str, bool, int], ...] = ()
    """(item, kind, counts in the clock, limit in working days)."""
    relations: tuple[tuple[str, str, str], ...] = field(default=())
    """(item, later item, relation) beside ``precedes``, which follows from ``Item.after``."""

    def item(self, code: str) -> Item:
        return next(i for i in self.items if i.code == code)

    def document(self, kind: str) -> Document:
        return next(d for d in self.documents if d.kind == kind)


def catalogue_tables(guide: Guide) -> dict[str, list[Row]]:
    """Return the tables of the catalogue as rows."""
    return {
        "items": [_item(guide, i) for i in guide.items],
        "item_steps": [_step(i, n, s) for i in guide.items for n, s in enumerate(i.steps, 1)],
        "item_materials": [_paper(guide, i, n, *p) for i in guide.items for n, p in enumerate(i.papers, 1)],
        "materials": [_document(d) for d in guide.documents],
        "form_fields": [row for i in guide.items for row in _fields(guide, i)],
        "item_relations": list(_relations(guide)),
        "special_procedures": [
            {
                "item_code": item, "kind": kind, "counts_in_clock": counts, "limit_days": days, "limit_unit": "工作日",
                "basis": SYNTHETIC, "fee": False,
            }
            for item, kind, counts, days in guide.special
        ],
        "orgs": [
            {"department": d, "office": o, "parent": "合成市人民政府", "region": "合成市"}
            for d, o in dict.fromkeys(
                [(i.department, i.office) for i in guide.items]
                + [i.place(s) for i in guide.items for s in i.steps if s.by == "office"]
            )
        ],
    }  # fmt: skip


def _item(guide: Guide, item: Item) -> Row:
    return {
        "item_code": item.code, "name": item.name, "item_type": item.item_type, "department": item.department,
        "level": "县级", "service_object": "自然人", "statutory_days": item.statutory, "statutory_unit": "工作日",
        "promised_days": item.promised, "promised_unit": "工作日", "visits_min": item.visits,
        "visit_reason": item.visit_reason, "fully_online": item.online, "depth_raw": 4 if item.online else 3,
        "depth_scheme": "roman", "apply_channels": "网上办理" if item.online else "窗口办理,网上办理", "fee": False,
        "fee_basis": "", "legal_basis": SYNTHETIC, "result_doc_code": f"{item.code}-DOC", "supports_express": True,
        "risk_class": "低", "commitment_allowed": False, "valid_from": guide.valid_from, "valid_to": guide.valid_to,
    }  # fmt: skip


def _step(item: Item, seq: int, step: Step) -> Row:
    department, office = item.place(step) if step.by == "office" else ("", "")
    return {
        "item_code": item.code, "seq": seq, "name": step.name, "stage": step.stage, "performed_by": step.by,
        "department": department, "office": office,
        "level": step.level, "share_group": step.group, "needs_visit": bool(step.site), "site": step.site,
    }  # fmt: skip


def _paper(guide: Guide, item: Item, number: int, kind: str, source: str) -> Row:
    document = guide.document(kind)
    return {
        "item_code": item.code, "variant_code": "", "material_code": f"{item.code}{number:02d}", "canonical_id": kind,
        "name": document.name, "necessity": "必要", "form": "纸质/电子化", "source": WORDS[source],
        "issuer": document.issuer, "issuer_scope": "self" if document.issuer == "申请人" else "city", "originals": 1 if source == "applicant" else 0,
        "copies": 0, "elicence_type": document.elicence, "data_resource": document.name if source == "data" else "",
        "legal_basis": SYNTHETIC, "produced_by_item": document.produced_by,
    }  # fmt: skip


def _document(document: Document) -> Row:
    return {
        "canonical_id": document.kind, "name": document.name, "aliases": document.aliases, "doc_class": "证件证书证明",
        "issuer": document.issuer, "elicence_type": document.elicence, "retrievable": bool(document.elicence),
    }  # fmt: skip


def _fields(guide: Guide, item: Item) -> Iterator[Row]:
    form = guide.form or f"{item.name}申请表"
    for label, canonical, source in guide.fields:
        # One form: what an authority already holds is filled in, not typed.
        entry = "auto" if guide.form and source else "type"
        yield {
            "item_code": item.code, "form": form, "field_label": label, "canonical_field": canonical,
            "data_type": "text", "class": entry, "authoritative_source": source,
        }  # fmt: skip
    for label in item.own_fields:
        yield {
            "item_code": item.code, "form": form, "field_label": label, "canonical_field": "", "data_type": "text",
            "class": "type", "authoritative_source": "",
        }  # fmt: skip


def _relations(guide: Guide) -> Iterator[Row]:
    rows: list[tuple[str, str, str, str]] = [
        (before, item.code, "precedes", "catalogue") for item in guide.items for before in item.after
    ]
    rows += [(a, b, relation, "catalogue") for a, b, relation in guide.relations]
    for a, b, relation, basis in rows:
        yield {"src_item": a, "dst_item": b, "relation": relation, "basis": basis, "evidence": SYNTHETIC}


def longest_path(items: Sequence[Item]) -> int:
    """Return the longest path over the prerequisites, in promised working days."""
    promised = {i.code: i for i in items}

    def until(code: str) -> int:
        item = promised[code]
        return item.promised + max((until(before) for before in item.after), default=0)

    return max(until(code) for code in promised)
