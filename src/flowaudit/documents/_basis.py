"""Parts one and two: general requirements; the items, who leads, how they hang together."""

from __future__ import annotations

import pandas as pd

from flowaudit.documents._words import blank, count, text
from flowaudit.documents.content import Block, Heading, Paragraph, table
from flowaudit.eventlog import items_of
from flowaudit.messages import Language
from flowaudit.messages import translate as _
from flowaudit.study import Study


def general(study: Study, lang: Language) -> tuple[list[Block], int]:
    """一、总体要求."""
    blocks: list[Block] = [
        Heading(_("(I) Basis", lang=lang)),
        Paragraph(_("State Council document 国发〔2018〕27号 on the national online platform of government services; "
                    "国办发〔2018〕45号 on one net, one door, one visit; Shanghai order 沪府令9号 on public data and one-net service; "
                    "沪府办〔2020〕6号 on redesigning processes so that firms and citizens get one thing done efficiently.", lang=lang)),
        Paragraph(_("This draft follows the parts that 沪府办〔2020〕6号 demands of a plan. Local rules are to be added by the office "
                    "in charge.", lang=lang)),
        Heading(_("(II) Goals", lang=lang)),
    ]  # fmt: skip
    if not study.verdict.targets:
        blocks.append(Paragraph(_("The guidance sets no percentage targets, and this plan invents none. No target was given to "
                                  "this estimate; the expected effects stand in part seven.", lang=lang)))  # fmt: skip
        return blocks, 0
    blocks.append(
        Paragraph(_("The following targets were set by the office in charge, not by the guidance.", lang=lang))
    )
    rows = [(t.label(lang), t.asked(lang), t.shown(), t.judgement(lang)) for t in study.verdict.targets]
    head = (_("Target", lang=lang), _("Asked", lang=lang), _("Estimated", lang=lang), _("Judgement", lang=lang))
    blocks.append(
        table(_("Targets and judgement", lang=lang), head, rows, widths=(3, 3, 2, 4), numeric=(2,),
              notes=(_("Estimated by simulation; the judgement takes the 95 % interval into account.", lang=lang),))
    )  # fmt: skip
    return blocks, 0


def items(study: Study, lang: Language) -> tuple[list[Block], int]:
    """二、事项清单."""
    to_fill = 0
    lead = study.settings.lead_department
    if not lead:
        lead, to_fill = blank(lang), 1
    departments = study.log.departments
    others = [d for d in departments if d != lead]
    separator = _(", ", lang=lang)
    blocks: list[Block] = [
        Heading(_("(I) Lead and partner units", lang=lang)),
        Paragraph(lead, lead=_("Lead unit: ", lang=lang)),
        Paragraph(separator.join(others) if others else _("departments are not recorded", lang=lang),
                  lead=_("Partner units: ", lang=lang)),
        Heading(_("(II) Items", lang=lang)),
    ]  # fmt: skip
    blocks += _item_table(study, lang)
    blocks.append(Heading(_("(III) How the items hang together", lang=lang)))
    blocks += _relations(study, lang)
    return blocks, to_fill


def item_cases(study: Study) -> dict[str, int]:
    """Return how many cases there are of every item, empty where items are not recorded."""
    cases = items_of(study.log)
    if cases is not None and "item_code" in cases and cases["item_code"].notna().any():
        return {str(k): int(v) for k, v in cases["item_code"].value_counts().items()}
    if study.log.has("item_code"):
        frame = study.log.to_pandas(["case_id", "item_code"]).drop_duplicates()
        return {str(k): int(v) for k, v in frame["item_code"].astype("object").value_counts().items()}
    return {}


def _item_table(study: Study, lang: Language) -> list[Block]:
    volumes = item_cases(study)
    catalogue = study.catalogue
    rows: list[tuple[object, ...]]
    head: tuple[str, ...]
    if catalogue is not None and catalogue.items is not None:
        rows = [
            (i + 1, text(row["name"]), text(row.get("department")), text(row.get("item_type")), count(volumes.get(str(row["item_code"]), 0)))
            for i, row in enumerate(catalogue.items.to_dict("records"))
        ]  # fmt: skip
        head = (
            _("No.", lang=lang),
            _("Item", lang=lang),
            _("Department", lang=lang),
            _("Kind", lang=lang),
            _("Cases", lang=lang),
        )
        return [
            table(
                _("Items", lang=lang), head, rows, widths=(1, 5, 3, 2, 1.5), numeric=(4,), notes=[_period(study, lang)]
            )
        ]
    if volumes:
        rows = [(i + 1, code, count(n)) for i, (code, n) in enumerate(volumes.items())]
        head = (_("No.", lang=lang), _("Item", lang=lang), _("Cases", lang=lang))
        return [table(_("Items", lang=lang), head, rows, widths=(1, 6, 2), numeric=(2,), notes=[_period(study, lang)])]
    if study.log.has("department"):
        # By each event's own department: an activity's usual one would be credited with others' work.
        events = study.log.to_pandas(["department", "activity"]).astype("object").dropna(subset=["department"])
        grouped = events.groupby("department", sort=False).agg(
            activities=("activity", "nunique"), events=("activity", "size")
        )
        grouped = grouped.sort_values("events", ascending=False, kind="stable")
        rows = [
            (name, number, count(float(events)))
            for name, number, events in zip(grouped.index, grouped["activities"], grouped["events"], strict=True)
        ]
        head = (_("Department", lang=lang), _("Activities", lang=lang), _("Times handled", lang=lang))
        return [
            Paragraph(_("No catalogue of items was given and the log names no items; the departments that take part are:", lang=lang)),
            table(_("Departments that take part", lang=lang), head, rows[:30], widths=(5, 2, 2), numeric=(1, 2), notes=[_period(study, lang)]),
        ]  # fmt: skip
    return [
        Paragraph(
            _("Not recorded: the log names neither items nor departments, and no catalogue was given.", lang=lang)
        )
    ]


def _period(study: Study, lang: Language) -> str:
    first, last = study.log.span
    return _("Source: the log, {first} to {last}; counts below {small} are printed as <{small}.", lang=lang,
             first=f"{first:%Y-%m-%d}", last=f"{last:%Y-%m-%d}", small=10)  # fmt: skip


def _relations(study: Study, lang: Language) -> list[Block]:
    catalogue = study.catalogue
    if catalogue is None or (catalogue.item_relations is None and catalogue.item_materials is None):
        return [
            Paragraph(_("Not recorded: relations of items are read from a catalogue, and none was given.", lang=lang))
        ]
    names = {
        "precedes": _("must precede", lang=lang),
        "requires_result": _("its result is a material of", lang=lang),
        "co_requested": _("is applied for together with", lang=lang),
        "alternative": _("is an alternative to", lang=lang),
        "included": _("is included in", lang=lang),
    }
    habit = _("usually comes before", lang=lang)
    bases = {"legal": _("law", lang=lang), "catalogue": _("catalogue", lang=lang), "observed": _("observed", lang=lang)}
    blocks: list[Block] = []
    rows: list[tuple[object, ...]]
    head: tuple[str, ...]
    relations = catalogue.item_relations
    if relations is not None and len(relations):
        strict = relations[relations["relation"] != "co_requested"]
        together = len(relations) - len(strict)
        rows = [
            (catalogue.item_name(str(r["src_item"])),
             habit if (r["relation"], r.get("basis")) == ("precedes", "observed") else names.get(str(r["relation"]), str(r["relation"])),
             catalogue.item_name(str(r["dst_item"])), bases.get(str(r.get("basis")), "—"))
            for r in strict.to_dict("records")
        ]  # fmt: skip
        if rows:
            head = (_("Item", lang=lang), _("Relation", lang=lang), _("Item", lang=lang), _("Evidence", lang=lang))
            blocks.append(table(_("Logical relations of the items", lang=lang), head, rows, widths=(4, 3, 4, 1.5)))
        else:
            blocks.append(Paragraph(_("The catalogue states no item that must precede another.", lang=lang)))
        if together:
            blocks.append(
                Paragraph(
                    _("{n} further pairs of items are applied for together, without an order.", lang=lang, n=together)
                )
            )
    shared = _shared_materials(catalogue.item_materials)
    if shared:
        rows = [
            (name, _(", ", lang=lang).join(catalogue.item_name(c) for c in codes), len(codes)) for name, codes in shared
        ]
        head = (_("Material", lang=lang), _("Asked for by", lang=lang), _("Items", lang=lang))
        blocks.append(
            table(_("Data relations: materials several items ask for", lang=lang), head, rows, widths=(3, 6, 1), numeric=(2,),
                  notes=(_("One material is what the catalogue lists under one canonical id.", lang=lang),))
        )  # fmt: skip
    return blocks


def _shared_materials(materials: pd.DataFrame | None) -> list[tuple[str, list[str]]]:
    if materials is None:
        return []
    out = []
    for _id, rows in materials.groupby("canonical_id", sort=False):
        codes = list(dict.fromkeys(str(c) for c in rows["item_code"]))
        if len(codes) > 1:
            out.append((str(rows["name"].iloc[0]), codes))
    return sorted(out, key=lambda pair: -len(pair[1]))
