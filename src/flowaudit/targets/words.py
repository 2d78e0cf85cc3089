"""What targets are about, in words: metrics, counting rules, statistics and units, in Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

from flowaudit.messages import Language
from flowaudit.metrics import POLICIES

MetricName = Literal["steps", "time", "clock", "materials", "trips", "typed_fields", "correction_rate", "visits"]
StatisticName = Literal["median", "mean", "p90", "p95", "share"]
Names = tuple[str, str]
"""Chinese, English."""

TARGET_METRICS: tuple[MetricName, ...] = get_args(MetricName)

METRIC_NAMES: Mapping[str, Names] = {
    "steps": ("环节", "steps"), "time": ("全程时间", "end-to-end time"), "clock": ("计时办理时间", "official clock"),
    "materials": ("材料", "materials"), "trips": ("跑动", "trips"), "typed_fields": ("填写字段", "typed fields"),
    "correction_rate": ("补正率", "correction rate"), "visits": ("到访次数", "visits"),
}  # fmt: skip
"""How a phrase is written; ``METRIC_WORDS`` is what is understood."""

METRIC_WORDS: Mapping[str, tuple[str, ...]] = {
    "steps": ("办理环节", "审批环节", "环节数", "steps"),
    "time": ("全程办理时间", "时间", "time"),
    "clock": ("承诺时限", "承诺办结时限", "办结时限", "办理时限", "计时时间", "时限", "clock", "promised limit"),
    "materials": ("申请材料", "材料数", "materials", "material"),
    "trips": ("跑动次数", "跑动数", "到现场次数", "到办事现场次数", "trips", "trip"),
    "typed_fields": ("手工填写字段", "填报字段", "字段", "fields", "fields filled in by hand", "form fields filled in by hand"),
    "correction_rate": ("补齐补正率",),
    "visits": ("到访", "visits", "visit"),
}  # fmt: skip

RULE_NAMES: Mapping[str, Mapping[str, Names]] = {
    "steps": {key: (policy.name_zh, policy.name_en) for key, policy in POLICIES.items()},
    "materials": {
        "submitted": ("提交材料", "materials handed in"),
        "kinds": ("材料种类", "kinds of material"),
        "copies": ("材料份数", "copies of material"),
    },
}
"""Counting rules a target may be meant by; the other metrics are counted by one rule only."""

UNITS: Mapping[str, Names] = {
    "steps": ("个", "steps"), "time": ("个工作日", "working days"), "clock": ("个工作日", "working days"),
    "materials": ("种", "kinds"), "trips": ("次", "trips"), "typed_fields": ("个", "fields"),
    "correction_rate": ("", ""), "visits": ("次", "visits"),
}  # fmt: skip

UNIT_WORDS: Mapping[str, tuple[str, ...]] = {
    "steps": ("个", "步", "steps", "step"),
    "time": ("个工作日", "工作日", "working days", "working day"),
    "clock": ("个工作日", "工作日", "working days", "working day"),
    "materials": ("种", "件", "份", "项", "个", "kinds", "kind", "papers", "paper", "copies"),
    "trips": ("次", "趟", "times"),
    "typed_fields": ("个", "项", "fields", "field"),
    "correction_rate": (),
    "visits": ("次", "times"),
}

OTHER_UNITS = (
    "自然日", "日历日", "个自然日", "天", "日", "小时", "个小时", "个月", "月", "周", "calendar days", "natural days", "days", "day",
    "hours", "hour", "weeks", "months",
)  # fmt: skip
"""Units people write that no metric has: a limit in natural days is another one than in working days."""

POPULATION_NAMES: Mapping[str, Names] = {
    "item": ("事项", "item"), "district": ("区", "district"), "channel": ("渠道", "channel"), "department": ("部门", "department"),
}  # fmt: skip
_POPULATION_WORDS = {
    "事项编码": "item", "item_code": "item", "区县": "district", "辖区": "district", "申请方式": "channel", "申请渠道": "channel",
    "办理部门": "department",
}  # fmt: skip


def metric_of(word: str) -> tuple[str, str | None] | None:
    """Return the metric a word means, and the counting rule where it means one.

    Examples
    --------
    >>> metric_of("减环节"), metric_of("办事人环节"), metric_of("tme")
    (('steps', None), ('steps', 'A_applicant'), None)
    """
    plain = word.strip().casefold()
    return METRICS_BY_WORD.get(plain) or METRICS_BY_WORD.get(plain.removeprefix("减"))


def rule_of(metric: str, word: str) -> str | None:
    """Return the counting rule of a metric that a word means: its name, or the letter it begins with."""
    plain = word.strip().casefold()
    for key, names in RULE_NAMES.get(metric, {}).items():
        letter = key.partition("_")[0] if metric == "steps" else key
        if plain in (key.casefold(), letter.casefold(), *(name.casefold() for name in names)):
            return key
    return None


def unit_name(metric: str, rule: str | None, lang: Language) -> str:
    """Return the unit of a metric; copies have one of their own."""
    names = ("份", "copies") if rule == "copies" else UNITS[metric]
    return names[0 if lang == "zh" else 1]


def population_of(word: str) -> str:
    """Return the name of a property of cases; a word that is not known is the property's own name."""
    plain = word.strip()
    for name, names in POPULATION_NAMES.items():
        if plain in names:
            return name
    return _POPULATION_WORDS.get(plain, plain)


def _by_word() -> dict[str, tuple[str, str | None]]:
    found: dict[str, tuple[str, str | None]] = {}
    for metric in TARGET_METRICS:
        for word in (metric, metric.replace("_", " "), *METRIC_NAMES[metric], *METRIC_WORDS[metric]):
            found[word.casefold()] = (metric, None)
        for key, names in RULE_NAMES.get(metric, {}).items():
            for word in names:
                found[word.casefold()] = (metric, key)
    return found


METRICS_BY_WORD = _by_word()

ALIASES: Mapping[str, str] = {
    prefix + word: metric for word, (metric, rule) in METRICS_BY_WORD.items() if rule is None for prefix in ("", "减")
}
"""Every word for a metric that says nothing of a counting rule."""
