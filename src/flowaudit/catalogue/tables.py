"""What each table of a catalogue folder must and may hold."""

from __future__ import annotations

from dataclasses import dataclass, field

NECESSITY = {
    "1": "required", "必要": "required", "必需": "required", "必须": "required", "required": "required", "mandatory": "required",
    "2": "optional", "非必要": "optional", "optional": "optional",
    "3": "deferrable", "容缺后补": "deferrable", "容缺": "deferrable", "deferrable": "deferrable", "tolerant": "deferrable",
    "conditional": "conditional", "情形必要": "conditional", "视情形": "conditional",
}  # fmt: skip
"""Words and codes of 材料必要性 (national codes 1, 2, 3); systems differ, so ``read_catalogue`` takes others."""

RELATIONS = ("precedes", "requires_result", "co_requested", "alternative", "included")
BASES = ("legal", "catalogue", "observed")


@dataclass(frozen=True)
class TableRule:
    """One table of the folder.

    Attributes
    ----------
    required : tuple of str
        Columns without which the table cannot be used; their cells must not be empty.
    key : tuple of str
        Columns that together name a row once.
    references : mapping of str to (table, column)
        Cells that must occur there, checked where both tables exist.
    loose : tuple of str
        References that are only reported, never refused.
    numbers, booleans : tuple of str
    words : mapping of str to tuple of str
        Columns with a closed list of words; another word is reported.
    """

    required: tuple[str, ...]
    key: tuple[str, ...] = ()
    references: dict[str, tuple[str, str]] = field(default_factory=dict)
    loose: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    booleans: tuple[str, ...] = ()
    words: dict[str, tuple[str, ...]] = field(default_factory=dict)


TABLES: dict[str, TableRule] = {
    "items": TableRule(
        ("item_code", "name"),
        key=("item_code",),
        references={"department": ("orgs", "department")},
        loose=("department",),
        numbers=("statutory_days", "promised_days", "visits_min"),
        booleans=("fully_online", "supports_express", "commitment_allowed"),
    ),
    "item_materials": TableRule(
        ("item_code", "canonical_id", "name"),
        key=("item_code", "variant_code", "material_code", "canonical_id"),
        references={
            "item_code": ("items", "item_code"),
            "canonical_id": ("materials", "canonical_id"),
            "produced_by_item": ("items", "item_code"),
        },
        numbers=("originals", "copies"),
        words={"issuer_scope": ("city", "central", "other_region", "third_party", "self")},
    ),
    "materials": TableRule(("canonical_id", "name"), key=("canonical_id",), booleans=("retrievable",)),
    "form_fields": TableRule(
        ("item_code", "field_label"),
        key=("item_code", "form", "field_label"),
        references={"item_code": ("items", "item_code")},
        words={"class": ("auto", "select", "type")},
    ),
    "item_relations": TableRule(
        ("src_item", "dst_item", "relation"),
        key=("src_item", "dst_item", "relation"),
        references={"src_item": ("items", "item_code"), "dst_item": ("items", "item_code")},
        words={"relation": RELATIONS, "basis": BASES},
    ),
    "orgs": TableRule(("department",), key=("department", "office")),
}
