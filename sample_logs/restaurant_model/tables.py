"""The tables of the data set, from the records of the simulation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from restaurant_model import settings as s
from restaurant_model.clock import moment
from restaurant_model.plans import Plan
from restaurant_model.records import Case, Records

Row = dict[str, object]

COLUMNS = {
    "bundles": "bundle_id one_thing_code applicant_id applicant_type district channel first_time last_time",
    "cases": (
        "case_id bundle_id item_code variant_code applicant_id applicant_type district channel apply_time "
        "accept_time decide_time finish_time deliver_time result promised_days promised_unit statutory_days "
        "statutory_unit is_commitment is_tolerant is_auto delivery_mode"
    ),
    "events": (
        "event_id activity stage item_code department office level resource arrive start end result opinion "
        "is_auto system location visit_id"
    ),
    "e2o": "event_id object_type object_id qualifier",
    "material_instances": (
        "inst_id case_id event_id material_code canonical_id copies form collect_mode submit_time accepted "
        "reject_reason source"
    ),
    "visits": "visit_id applicant_id bundle_id site date ticket_time called_time left_time purpose outcome",
    "special_episodes": "case_id type start end reason counts_in_clock extension_days",
    "ratings": "case_id channel time score text rectified",
    "items": (
        "item_code name item_type department level service_object statutory_days statutory_unit promised_days "
        "promised_unit visits_min visit_reason fully_online fee fee_basis legal_basis result_doc_code "
        "supports_express risk_class commitment_allowed"
    ),
    "item_materials": (
        "item_code variant_code material_code canonical_id name necessity form source issuer issuer_scope "
        "originals copies elicence_type data_resource legal_basis produced_by_item"
    ),
    "materials": "canonical_id name aliases doc_class issuer elicence_type retrievable",
    "form_fields": "item_code form field_label canonical_field data_type class authoritative_source",
    "item_relations": "src_item dst_item relation basis evidence",
    "orgs": "department office parent region",
}
"""Columns of every table, in order."""

CATALOGUE = ("items", "item_materials", "materials", "form_fields", "item_relations", "orgs")


def stamp(second: int | None) -> str:
    """Return local wall time, empty where unknown."""
    return "" if second is None else f"{moment(second):%Y-%m-%d %H:%M:%S}"


def bundle_of(case_id: str) -> str:
    """Return the bundle's part of a case's id."""
    return case_id.rpartition("-")[0]


def number(records: Records) -> None:
    """Give events and visits their ids, in order of time."""
    for n, visit in enumerate(records.visits, 1):
        visit.visit_id = f"v{n:05d}"
    for n, event in enumerate(records.events, 1):
        event.event_id = f"e{n:05d}"


def log_tables(plans: list[Plan], records: Records) -> dict[str, list[Row]]:
    """Return the eight tables of what happened as rows."""
    number(records)
    plan_of = {p.bundle: p for p in plans}
    return {
        "bundles": list(_bundles(plans, records)),
        "cases": [_case(c, plan_of[c.bundle]) for c in records.cases],
        "events": [
            {
                "event_id": e.event_id,
                "activity": e.activity,
                "stage": e.stage,
                "item_code": e.item,
                "department": e.department,
                "office": e.office,
                "level": e.level,
                "resource": e.resource,
                "arrive": stamp(e.arrive),
                "start": stamp(e.start),
                "end": stamp(e.end),
                "result": e.result,
                "opinion": e.opinion,
                "is_auto": False,
                "system": e.system,
                "location": e.location,
                "visit_id": e.visit.visit_id if e.visit else "",
            }
            for e in records.events
        ],
        "e2o": [
            {"event_id": e.event_id, "object_type": "case", "object_id": case, "qualifier": qualifier}
            for e in records.events
            for case, qualifier in e.cases
        ],
        "material_instances": [
            {
                "inst_id": f"m{n:05d}",
                "case_id": m.case,
                "event_id": m.event.event_id,
                "material_code": m.code,
                "canonical_id": m.kind,
                "copies": 1,
                "form": m.form,
                "collect_mode": m.mode,
                "submit_time": stamp(m.event.end),
                "accepted": m.accepted,
                "reject_reason": m.reason,
                "source": m.source,
            }
            for n, m in enumerate(records.submissions, 1)
        ],
        "visits": [
            {
                "visit_id": v.visit_id,
                "applicant_id": v.applicant,
                "bundle_id": v.bundle,
                "site": v.site,
                "date": stamp(v.ticket)[:10],
                "ticket_time": stamp(v.ticket),
                "called_time": stamp(v.called),
                "left_time": stamp(v.left),
                "purpose": v.purpose,
                "outcome": v.outcome,
            }
            for v in records.visits
        ],
        "special_episodes": [
            {
                "case_id": x.case,
                "type": x.kind,
                "start": stamp(x.start),
                "end": stamp(x.end),
                "reason": x.reason,
                "counts_in_clock": x.counts_in_clock,
                "extension_days": x.extension_days,
            }
            for x in records.episodes
        ],
        "ratings": [
            {
                "case_id": r.case,
                "channel": r.channel,
                "time": stamp(r.time),
                "score": r.score,
                "text": r.text,
                "rectified": r.rectified,
            }
            for r in records.ratings
        ],
    }


def closed_bundles(plans: list[Plan], records: Records) -> set[str]:
    """Return the bundles that came to their end before the cut-off: all delivered, or refused, or withdrawn."""
    done: dict[str, set[str]] = defaultdict(set)
    ended = set()
    for case in records.cases:
        if case.result in ("不予许可", "撤回"):
            ended.add(case.bundle)
        elif case.deliver is not None:
            done[case.bundle].add(case.item)
    return ended | {p.bundle for p in plans if done[p.bundle] == set(p.items)}


def _bundles(plans: list[Plan], records: Records) -> Iterable[Row]:
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    for event in records.events:
        for case, _qualifier in event.cases:
            bundle = bundle_of(case)
            first[bundle] = min(first.get(bundle, event.start), event.start)
            last[bundle] = max(last.get(bundle, event.end), event.end)
    closed = closed_bundles(plans, records)
    for plan in plans:
        yield {
            "bundle_id": plan.bundle,
            "one_thing_code": s.ONE_THING,
            "applicant_id": plan.applicant,
            "applicant_type": plan.applicant_type,
            "district": plan.district,
            "channel": plan.channel,
            "first_time": stamp(first[plan.bundle]),
            "last_time": stamp(last[plan.bundle]) if plan.bundle in closed else "",
        }


def _case(case: Case, plan: Plan) -> Row:
    rule = s.ITEMS[case.item]
    return {
        "case_id": case.case_id,
        "bundle_id": case.bundle,
        "item_code": case.item,
        "variant_code": "",
        "applicant_id": plan.applicant,
        "applicant_type": plan.applicant_type,
        "district": plan.district,
        "channel": plan.channel,
        "apply_time": stamp(case.apply),
        "accept_time": stamp(case.accept),
        "decide_time": stamp(case.decide),
        "finish_time": stamp(case.finish),
        "deliver_time": stamp(case.deliver),
        "result": case.result,
        "promised_days": rule.promised_days,
        "promised_unit": "工作日",
        "statutory_days": rule.statutory_days,
        "statutory_unit": "工作日",
        "is_commitment": False,
        "is_tolerant": False,
        "is_auto": False,
        "delivery_mode": case.delivery,
    }
