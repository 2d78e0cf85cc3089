"""What chance decides about a bundle before it begins: when, which items, which troubles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import TypeVar

import numpy as np

from restaurant_model import settings as s
from restaurant_model.catalogue import DEMANDS, MATERIALS
from restaurant_model.clock import is_workday, seconds

Key = TypeVar("Key")
Rng = np.random.Generator


@dataclass(frozen=True)
class Correction:
    """One request to correct: about which material, before or after acceptance."""

    kind: str
    after_acceptance: bool


@dataclass(frozen=True)
class Plan:
    """The fate of one bundle."""

    bundle: str
    applicant: str
    applicant_type: str
    district: str
    online: bool
    first: int
    items: tuple[str, ...]
    consult: bool
    joint_inspection: bool
    level4: bool
    ping_pong_rounds: int
    corrections: Mapping[str, tuple[Correction, ...]]
    returned_at_check: bool
    expert: bool
    extended: str
    refused: bool
    withdrawn: bool
    courier: Mapping[str, bool]
    elicence: bool

    @property
    def channel(self) -> str:
        return "线上" if self.online else "窗口"


def pick(rng: Rng, weights: Mapping[Key, float]) -> Key:
    """Draw one key by weight."""
    keys, values = list(weights), np.array(list(weights.values()), float)
    return keys[int(rng.choice(len(keys), p=values / values.sum()))]


def draw_plans(bundles: int, seed: int) -> list[Plan]:
    """Return the plans in order of first submission."""
    rng = np.random.default_rng([seed, 0])
    firsts = sorted((_first(rng) for _n in range(bundles)), key=lambda f: f[0])
    return [_plan(n, first, online, np.random.default_rng([seed, 1, n])) for n, (first, online) in enumerate(firsts, 1)]


def _first(rng: Rng) -> tuple[int, bool]:
    """Draw the moment of a first submission and its channel."""
    online = bool(rng.random() < s.ONLINE_SHARE)
    day = pick(rng, _day_weights(online))
    if online:
        hour = rng.uniform(18, 22) if rng.random() < 0.3 else rng.uniform(8, 18)
    else:
        hour = pick(rng, {9.0: 0.6, 13.5: 0.4}) + rng.triangular(0, 0.6, 2)
    return seconds(datetime.combine(day, time())) + int(hour * 3600), online


@cache
def _day_weights(online: bool) -> dict[date, float]:
    weights = {}
    for n in range((s.LAST_DAY - s.FIRST_DAY).days + 1):
        day = s.FIRST_DAY + timedelta(n)
        weekday = s.WEEKDAY_WEIGHT[day.weekday()] if day.weekday() < 5 else 1.0
        weights[day] = s.MONTH_WEIGHT[day.month] * (weekday if is_workday(day) else s.OFF_DAY_WEIGHT * online)
    return weights


def _plan(n: int, first: int, online: bool, rng: Rng) -> Plan:
    sign, drainage = pick(rng, s.VARIANTS)
    items = tuple(i for i in s.ITEMS if (i != s.ZP or sign) and (i != s.PS or drainage))
    channel = "线上" if online else "窗口"
    trouble = rng.random()
    rounds = 0
    if rng.random() < s.PING_PONG_SHARE:
        rounds = 2 if rng.random() < s.SECOND_ROUND_SHARE else 1
    return Plan(
        bundle=f"B{n:04d}",
        applicant=f"A{n:05d}",
        applicant_type=pick(rng, s.APPLICANT_TYPES),
        district=pick(rng, s.DISTRICTS),
        online=online,
        first=first,
        items=items,
        consult=bool(not online and rng.random() < s.CONSULT_SHARE / (1 - s.ONLINE_SHARE)),
        joint_inspection=bool(rng.random() < s.JOINT_INSPECTION_SHARE),
        level4=bool(rng.random() < s.LEVEL4_SHARE),
        ping_pong_rounds=rounds,
        corrections={item: _corrections(item, rng) for item in items},
        returned_at_check=bool(rng.random() < s.CHECK_RETURN_SHARE),
        expert=bool(rng.random() < s.EXPERT_SHARE),
        extended=pick(rng, {s.SP: 0.5, s.XF: 0.5}) if rng.random() < s.EXTENSION_SHARE else "",
        refused=bool(trouble < s.REFUSED_SHARE),
        withdrawn=bool(s.REFUSED_SHARE <= trouble < s.REFUSED_SHARE + s.WITHDRAWN_SHARE),
        courier={item: bool(rng.random() < s.COURIER_SHARE[channel]) for item in items},
        elicence=bool(online and first >= seconds(datetime(2024, 1, 1)) and rng.random() < s.ELICENCE_PILOT_SHARE),
    )


def _corrections(item: str, rng: Rng) -> tuple[Correction, ...]:
    count = pick(rng, s.CORRECTION_COUNTS)
    moment = pick(rng, s.CORRECTION_MOMENTS)
    weights = {kind: MATERIALS[kind].defect_weight for kind in DEMANDS[item]}
    after = {"pre": [False] * count, "post": [True] * count, "mixed": [False] + [True] * (count - 1)}[moment][:count]
    return tuple(Correction(pick(rng, weights), late) for late in after)
