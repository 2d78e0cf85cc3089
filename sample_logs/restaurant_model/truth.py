"""The planted truth and what chance made of it, for later modules to be measured against."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import fmean, median
from typing import Any

from restaurant_model import settings as s
from restaurant_model.catalogue import DEMANDS, MATERIALS
from restaurant_model.clock import clocks, moment, seconds
from restaurant_model.plans import Plan
from restaurant_model.records import Event, Records
from restaurant_model.tables import bundle_of, closed_bundles

HOUR = 3600


def truth(plans: list[Plan], records: Records, seed: int) -> dict[str, Any]:
    """Return everything planted (``planted``) beside what came out in the tables (``realised``)."""
    closed = closed_bundles(plans, records)
    return {
        "notice": "合成数据：本数据集由程序模拟生成，不含任何真实办件、单位或个人信息。"
        "唯一引用的公开数字：开办餐饮店申请材料由17份减至2份（新闻报道）。",
        "synthetic": True,
        "seed": seed,
        "cut_off": f"{s.CUT_OFF:%Y-%m-%d %H:%M:%S}",
        "first_submissions": [str(s.FIRST_DAY), str(s.LAST_DAY)],
        "office_hours": ["09:00-11:30", "13:30-17:00"],
        "counts": {
            "bundles": len(plans),
            "closed_bundles": len(closed),
            "cases": len(records.cases),
            "cases_by_item": dict(sorted(Counter(c.item for c in records.cases).items())),
            "events": len(records.events),
            "shared_events": sum(len(e.cases) > 1 for e in records.events),
            "material_instances": len(records.submissions),
            "visits": len(records.visits),
        },
        "bundles": _bundles(plans, records, closed),
        "e2_materials": _materials(),
        "w01_levels": _levels(records),
        "w03_ping_pong": _ping_pong(plans, records),
        "w04_corrections": _corrections(records),
        "w06_repeated_materials": _repeated(records),
        "w09_serial": _serial(records),
        "w10_meeting": _meeting(records),
        "w10_handover": _handovers(records),
        "pools": _pools(records),
        "main_path": _main_path(),
        "activities": _activities(records),
        "applicant": _applicant(records),
        "shared": _shared(records),
        "special_episodes": dict(sorted(Counter(x.kind for x in records.episodes).items())),
        "visits": _visits(records),
    }


def as_text(content: dict[str, Any]) -> str:
    """Return the truth as JSON text that a person can read."""
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0


def _by_case(events: Iterable[Event]) -> dict[str, list[Event]]:
    found: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        for case, _qualifier in event.cases:
            found[case].append(event)
    return found


def _bundles(plans: list[Plan], records: Records, closed: set[str]) -> dict[str, Any]:
    results = Counter(c.result for c in records.cases)
    return {
        "planted": {
            "online_share": s.ONLINE_SHARE,
            "sign_and_drainage": s.VARIANTS[True, True],
            "drainage_only": s.VARIANTS[False, True],
            "sign_only": s.VARIANTS[True, False],
            "neither": s.VARIANTS[False, False],
            "refused_share": s.REFUSED_SHARE,
            "withdrawn_share": s.WITHDRAWN_SHARE,
        },
        "realised": {
            "online_share": _share(sum(p.online for p in plans), len(plans)),
            "open_share": _share(len(plans) - len(closed), len(plans)),
            "refused": results["不予许可"],
            "withdrawn": results["撤回"],
            "median_calendar_days": _median_days(records, closed),
        },
        "open": sorted({p.bundle for p in plans} - closed),
    }


def _median_days(records: Records, closed: set[str]) -> float:
    times: dict[str, list[int]] = defaultdict(list)
    for event in records.events:
        times[bundle_of(event.cases[0][0])] += [event.start, event.end]
    spans = [max(t) - min(t) for b, t in times.items() if b in closed]
    return round(median(spans) / 86_400, 1) if spans else 0.0


def _materials() -> dict[str, Any]:
    left = [m.canonical_id for m in MATERIALS.values() if not m.retrievable]
    rows = [kind for kinds in DEMANDS.values() for kind in kinds]
    return {
        "source": "E2：中新网 2024-06-13 等新闻报道，上海开办餐饮店一件事，材料 17 → 2；其余均为合成设定",
        "before": len(rows),
        "after": sum(kind in left for kind in rows),
        "not_retrievable": left,
        "canonical_materials": len(MATERIALS),
    }


def _levels(records: Records) -> dict[str, Any]:
    levels: dict[str, set[int]] = defaultdict(set)
    decided = {c.case_id for c in records.cases if c.decide is not None}
    for event in records.events:
        if event.level is not None:
            levels[event.cases[0][0]].add(event.level)
    by_item: dict[str, Counter[int]] = defaultdict(Counter)
    for case in decided:
        by_item[case.rpartition("-")[2]][len(levels[case])] += 1
    food = by_item[s.SP]
    return {
        "department": s.MARKET,
        "activities": ["食品许可承办审查", "食品许可审核", "食品许可决定", "食品许可分管审签"],
        "planted": {"share_with_level_4": s.LEVEL4_SHARE},
        "realised": {
            "share_with_level_4": _share(food[4], sum(food.values())),
            "decided_cases_by_item_and_levels": {
                item: {str(k): v for k, v in sorted(found.items())} for item, found in sorted(by_item.items())
            },
        },
    }


def _ping_pong(plans: list[Plan], records: Records) -> dict[str, Any]:
    rounds = {p.bundle: 0 for p in plans}
    reached = set()
    for case, events in _by_case(records.events).items():
        bundle = bundle_of(case)
        if case.endswith(s.SP) and any(e.stage == "review" for e in events):
            reached.add(bundle)
            steps = sorted(events, key=lambda e: e.start)
            rounds[bundle] = sum(a.step == "SP.assist" and b.step == "SP.reassess" for a, b in pairwise(steps))
    flagged = sorted(b for b, n in rounds.items() if n)
    return {
        "departments": [s.MARKET, s.FIRE],
        "item": s.SP,
        "activities": ["消防协查意见", "食品许可协查复核"],
        "planted": {"share": s.PING_PONG_SHARE, "second_round_share": s.SECOND_ROUND_SHARE},
        "realised": {
            "share_of_bundles": _share(len(flagged), len(plans)),
            "share_of_reviewed_food_cases": _share(len(flagged), len(reached)),
            "two_rounds": sum(n == 2 for n in rounds.values()),
        },
        "bundles": flagged,
    }


def _corrections(records: Records) -> dict[str, Any]:
    notices: Counter[str] = Counter()
    before: Counter[str] = Counter()
    accept = {c.case_id: c.accept for c in records.cases}
    for event in records.events:
        if event.stage == "correction" and event.department != s.APPLICANT:
            case = event.cases[0][0]
            accepted = accept[case]
            notices[case] += 1
            before[case] += accepted is None or event.end < accepted
    rejected = Counter(f"{m.code}" for m in records.submissions if not m.accepted)
    n = len(records.cases)
    return {
        "planted": {
            "counts": {str(k): v for k, v in s.CORRECTION_COUNTS.items()},
            "moments": s.CORRECTION_MOMENTS,
            "reply_wd_mean": s.CORRECTION_REPLY_WD,
        },
        "realised": {
            "share_one_or_more": _share(len(notices), n),
            "share_two_or_more": _share(sum(v >= 2 for v in notices.values()), n),
            "share_two_or_more_before_acceptance": _share(sum(v >= 2 for v in before.values()), n),
            "notices": sum(notices.values()),
            "notices_after_acceptance": sum(notices.values()) - sum(before.values()),
            "rejected_by_material_code": dict(sorted(rejected.items())),
        },
    }


def _repeated(records: Records) -> dict[str, Any]:
    cases: dict[tuple[str, str], set[str]] = defaultdict(set)
    for m in records.submissions:
        if m.source == "applicant":
            cases[m.kind, bundle_of(m.case)].add(m.case)
    repeats: dict[str, list[int]] = defaultdict(list)
    for (kind, _bundle), found in cases.items():
        repeats[kind].append(len(found))
    return {
        "planted": {kind: sum(kind in kinds for kinds in DEMANDS.values()) for kind in MATERIALS},
        "realised_mean_items_per_bundle": {kind: round(fmean(n), 3) for kind, n in sorted(repeats.items())},
    }


def _serial(records: Records) -> dict[str, Any]:
    spans: dict[tuple[str, str], dict[str, Event]] = defaultdict(dict)
    for event in records.events:
        if event.step in ("XF.inspect", "HB.inspect"):
            spans[bundle_of(event.cases[0][0]), ""][event.activity] = event
    both = [x for x in spans.values() if len(x) == 2]
    gaps = [(x["环保核查"].start - x["消防核查"].end) / HOUR for x in both]
    items: dict[str, dict[str, tuple[int, int | None]]] = defaultdict(dict)
    for c in records.cases:
        items[c.bundle][c.item] = (c.apply, c.deliver)
    pairs = {}
    for a, b in ((s.HB, s.SP), (s.XF, s.SP), (s.SP, s.ZP), (s.ZP, s.PS)):
        known = [(x[a][1], x[b][0]) for x in items.values() if a in x and b in x]
        pairs[f"{a}->{b}"] = {"bundles": len(known), "serial": sum(d is not None and d <= x for d, x in known)}
    return {
        "activity_pair": ["消防核查", "环保核查"],
        "data_dependence": False,
        "realised": {
            "bundles_with_both": len(both),
            "serial_share": _share(sum(g >= 0 for g in gaps), len(gaps)),
            "median_gap_calendar_h": round(median(gaps), 1) if gaps else 0.0,
        },
        "item_pairs_parallelisable": pairs,
        "item_pairs_not_parallelisable": {f"{s.HB}->{s.PS}": "合成设定：视为有规定的先后关系（反例）"},
        "gap_between_items_wd_mean": s.GAP_BETWEEN_ITEMS_WD,
    }


def _meeting(records: Records) -> dict[str, Any]:
    days = Counter(moment(e.end).weekday() for e in records.events if e.step == "SP.level4")
    return {
        "activity": s.STEPS["SP.level4"].activity,
        "weekday": s.CLOCKS["meeting"].weekly_on,
        "weekday_note": "0 = Monday；逢节假日顺延至下一工作日",
        "realised_share_on_weekday": _share(days[s.CLOCKS["meeting"].weekly_on or 0], sum(days.values())),
        "realised_by_weekday": {str(k): v for k, v in sorted(days.items())},
    }


def _handovers(records: Records) -> dict[str, Any]:
    return {
        "note": "公文在两个岗位之间搁置的工作小时数（指数分布均值）；每日 6 个工作小时",
        "planted_mean_h": {rule.activity: rule.handover_h for rule in s.STEPS.values()},
    }


def _pools(records: Records) -> dict[str, Any]:
    first, last = s.UTILISATION_SPAN
    low = seconds(datetime(first.year, first.month, first.day))
    high = seconds(datetime(last.year, last.month, last.day) + timedelta(1))
    offices = clocks()
    busy: Counter[str] = Counter()
    waits: dict[str, list[float]] = defaultdict(list)
    for event in records.events:
        if event.pool and event.arrive is not None and low <= event.start < high:
            busy[event.pool] += event.end - event.start
            waits[event.pool].append((event.start - event.arrive) / HOUR)
    found = {}
    for key, rule in s.POOLS.items():
        capacity = len(rule.officers) * offices[rule.clock].open_between(first, last)
        found[key] = {
            "department": rule.department,
            "office": rule.office,
            "officers": list(rule.officers),
            "calendar": rule.clock,
            "activities": [step.activity for step in s.STEPS.values() if step.pool == key],
            "utilisation": round(busy[key] / capacity, 3),
            "mean_queue_calendar_h": round(fmean(waits[key]), 2) if waits[key] else 0.0,
        }
    return {
        "utilisation_span": [str(first), str(last)],
        "calendars": {"office": "工作日", "four_days": "周一、二、三、五的工作日", "meeting": "每周四下午（顺延）"},
        "pools": found,
    }


def _main_path() -> list[str]:
    """Return the activities of a bundle with all items and without trouble, collected at the counter, in order."""

    def labels(item: str, *steps: str) -> list[str]:
        return [s.STEPS[f"{item}.{step}"].activity for step in steps]

    def opened(item: str) -> list[str]:
        return [f"{s.ITEMS[item].short}申请", *labels(item, "accept", "review")]

    def closed(item: str) -> list[str]:
        produce = labels(item, "produce") if f"{item}.produce" in s.STEPS else []
        return [*(s.STEPS[k].activity for k in s.ITEMS[item].checks), *produce, f"{s.ITEMS[item].document}领取"]

    path = [*opened(s.HB), *opened(s.XF), *labels(s.XF, "inspect"), *labels(s.HB, "inspect"), "核查意见签收"]
    path += [*closed(s.XF), *closed(s.HB)]
    for item in (s.SP, s.ZP, s.PS):
        path += [*opened(item), *closed(item)]
    return path


def _activities(records: Records) -> list[dict[str, Any]]:
    lengths: dict[str, list[float]] = defaultdict(list)
    stage: dict[str, str] = {}
    department: dict[str, str] = {}
    for event in records.events:
        lengths[event.activity].append((event.end - event.start) / 60)
        stage[event.activity], department[event.activity] = event.stage, event.department
    planted = {rule.activity: rule for rule in s.STEPS.values()}
    rows = []
    for name, minutes in lengths.items():
        rule = planted.get(name)
        rows.append({
            "activity": name, "stage": stage[name], "department": department[name],
            "level": rule.level if rule else None, "events": len(minutes),
            "planted_mean_min": rule.work_min if rule else None, "realised_mean_min": round(fmean(minutes), 2),
        })  # fmt: skip
    return rows


def _applicant(records: Records) -> dict[str, Any]:
    return {
        "gap_between_items_wd_mean": s.GAP_BETWEEN_ITEMS_WD,
        "correction_reply_wd_mean": s.CORRECTION_REPLY_WD,
        "collect_wd_mean": s.COLLECT_WD,
        "sign_for_findings_wd_mean": s.SIGN_FOR_FINDINGS_WD,
        "courier_share": s.COURIER_SHARE,
        "elicence_instances": sum(m.source == "elicence" for m in records.submissions),
        "ratings": len(records.ratings),
    }


def _shared(records: Records) -> dict[str, Any]:
    found = Counter(e.activity for e in records.events if len(e.cases) > 1)
    return {
        "activities": dict(sorted(found.items())),
        "planted": {"consult_share": s.CONSULT_SHARE, "joint_inspection_share": s.JOINT_INSPECTION_SHARE},
    }


def _visits(records: Records) -> dict[str, Any]:
    return {
        "planted_wasted_share": s.WASTED_VISIT_SHARE,
        "realised_wasted_share": _share(sum(v.outcome == "wasted" for v in records.visits), len(records.visits)),
        "by_site": dict(sorted(Counter(v.site for v in records.visits).items())),
        "by_purpose": dict(sorted(Counter(v.purpose for v in records.visits).items())),
    }
