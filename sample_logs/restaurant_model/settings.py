"""What is planted: departments, officers, items, work times, delays and probabilities (合成设定)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

ORIGIN = datetime(2023, 1, 1)
"""Second zero of the simulation."""

FIRST_DAY, LAST_DAY = date(2023, 1, 3), date(2024, 6, 30)
"""First submissions of the bundles fall between these days."""

CUT_OFF = datetime(2024, 8, 20, 17, 30)
"""The export was made at this moment: nothing later is in the tables."""

UTILISATION_SPAN = (date(2023, 4, 1), date(2024, 6, 30))
"""Utilisation is measured here, after the offices have filled up and before the arrivals end."""

_BY_MONTH = (0.8, 0.85, 1.15, 1.15, 1.1, 1.05, 0.9, 0.9, 1.1, 0.95, 1.05, 0.95)
MONTH_WEIGHT = dict(enumerate(_BY_MONTH, 1))
WEEKDAY_WEIGHT = (1.2, 1.1, 1.0, 1.0, 0.9)
OFF_DAY_WEIGHT = 0.25
"""Weight of a weekend or holiday, online submissions only."""

APPLICANT = "申请人"
SP, XF, HB, ZP, PS = "SP", "XF", "HB", "ZP", "PS"
CENTRE, FIRE_DESK, SIGN_DESK = "行政服务中心", "消防窗口", "城管窗口"

MORNING, AFTERNOON = ((9, 0), (11, 30)), ((13, 30), (17, 0))


@dataclass(frozen=True)
class ClockRule:
    """When a pool works: all official working days, or only those on some weekdays, or a weekly meeting."""

    spans: tuple[tuple[tuple[int, int], tuple[int, int]], ...] = (MORNING, AFTERNOON)
    weekdays: tuple[int, ...] | None = None
    weekly_on: int | None = None


CLOCKS = {
    "office": ClockRule(),
    "four_days": ClockRule(weekdays=(0, 1, 2, 4)),
    "meeting": ClockRule(spans=(AFTERNOON,), weekly_on=3),
}
"""``weekly_on`` is a weekly meeting; where that day is no working day, it is held on the next one."""


@dataclass(frozen=True)
class PoolRule:
    """Officers who share one queue."""

    department: str
    office: str
    officers: tuple[str, ...]
    clock: str = "office"
    system: str = ""


MARKET, FIRE, SIGN, ENVIRONMENT, WATER, SERVICE = (
    "市场监管局", "消防救援支队", "城管执法局", "生态环境局", "水务局", "政务服务中心",
)  # fmt: skip

POOLS = {
    "ZW.desk": PoolRule(SERVICE, "咨询台", ("ZW-01",), system="综窗"),
    "SJ.review": PoolRule(MARKET, "审批一科", ("SJ-01", "SJ-02"), system="市监"),
    "SJ.check": PoolRule(MARKET, "审核科", ("SJ-07",), system="市监"),
    "SJ.decide": PoolRule(MARKET, "审批办", ("SJ-11",), system="市监"),
    "SJ.leaders": PoolRule(MARKET, "局领导", ("SJ-15", "SJ-16"), clock="meeting", system="市监"),
    "SJ.produce": PoolRule(MARKET, "证照室", ("SJ-21",), system="市监"),
    "XF.desk": PoolRule(FIRE, "受理窗口", ("XF-01",), system="消防"),
    "XF.inspect": PoolRule(FIRE, "监督科", ("XF-05", "XF-06"), system="消防"),
    "XF.technical": PoolRule(FIRE, "技术科", ("XF-09",), system="消防"),
    "XF.check": PoolRule(FIRE, "法制科", ("XF-12",), system="消防"),
    "XF.decide": PoolRule(FIRE, "支队领导", ("XF-15",), system="消防"),
    "HB.desk": PoolRule(ENVIRONMENT, "受理窗口", ("HB-01",), system="环保"),
    "HB.review": PoolRule(ENVIRONMENT, "审批科", ("HB-04",), system="环保"),
    "HB.inspect": PoolRule(ENVIRONMENT, "监察科", ("HB-08",), clock="four_days", system="环保"),
    "HB.decide": PoolRule(ENVIRONMENT, "局领导", ("HB-11",), system="环保"),
    "CG.desk": PoolRule(SIGN, "受理窗口", ("CG-01",), system="城管"),
    "CG.review": PoolRule(SIGN, "市容科", ("CG-04",), system="城管"),
    "CG.check": PoolRule(SIGN, "法规科", ("CG-07",), system="城管"),
    "CG.decide": PoolRule(SIGN, "局领导", ("CG-11",), system="城管"),
    "SW.desk": PoolRule(WATER, "受理窗口", ("SW-01",), system="水务"),
    "SW.review": PoolRule(WATER, "排水科", ("SW-04",), system="水务"),
    "SW.decide": PoolRule(WATER, "局领导", ("SW-09",), system="水务"),
}


@dataclass(frozen=True)
class StepRule:
    """One kind of work of an office.

    ``work_min`` and ``cv`` shape a lognormal, cut to 8..140 minutes; ``handover_h`` is the mean of the exponential
    office time that a file lies between two desks before it reaches this one.
    """

    activity: str
    stage: str
    pool: str
    work_min: float
    level: int | None = None
    handover_h: float = 1.0
    cv: float = 0.4


WORK_LIMITS_MIN = (8.0, 140.0)

STEPS = {
    "consult": StepRule("综合咨询", "consult", "ZW.desk", 25, handover_h=0),
    "HB.accept": StepRule("环保备案受理", "accept", "HB.desk", 18),
    "HB.notice": StepRule("环保备案补正通知", "correction", "HB.desk", 12),
    "HB.review": StepRule("环保备案审查", "review", "HB.review", 35, level=1, handover_h=3),
    "HB.inspect": StepRule("环保核查", "inspect", "HB.inspect", 48, handover_h=15),
    "HB.decide": StepRule("环保备案办结", "decide", "HB.decide", 20, level=2, handover_h=6),
    "HB.send": StepRule("环保备案回执寄送", "deliver", "HB.desk", 10),
    "XF.accept": StepRule("消防检查受理", "accept", "XF.desk", 22),
    "XF.notice": StepRule("消防检查补正通知", "correction", "XF.desk", 12),
    "XF.review": StepRule("消防检查审查", "review", "XF.inspect", 38, level=1, handover_h=3),
    "XF.inspect": StepRule("消防核查", "inspect", "XF.inspect", 68, handover_h=9, cv=0.3),
    "joint.inspect": StepRule("联合核查", "inspect", "XF.inspect", 85, handover_h=12, cv=0.25),
    "XF.check": StepRule("消防检查审核", "check", "XF.check", 30, level=2, handover_h=4),
    "XF.decide": StepRule("消防检查决定", "decide", "XF.decide", 15, level=3, handover_h=6),
    "XF.produce": StepRule("消防合格证制证", "produce", "XF.desk", 12),
    "XF.send": StepRule("消防合格证寄送", "deliver", "XF.desk", 10),
    "SP.accept": StepRule("食品许可受理", "accept", "SJ.review", 25),
    "SP.notice": StepRule("食品许可补正通知", "correction", "SJ.review", 12),
    "SP.review": StepRule("食品许可承办审查", "review", "SJ.review", 62, level=1, handover_h=2),
    "SP.expert": StepRule("食品许可专家评审", "special", "SJ.review", 80, handover_h=0, cv=0.2),
    "SP.assist": StepRule("消防协查意见", "consult_dept", "XF.technical", 40, handover_h=10),
    "SP.reassess": StepRule("食品许可协查复核", "review", "SJ.review", 32, level=1, handover_h=8),
    "SP.check": StepRule("食品许可审核", "check", "SJ.check", 54, level=2, handover_h=2),
    "SP.decide": StepRule("食品许可决定", "decide", "SJ.decide", 30, level=3, handover_h=9),
    "SP.level4": StepRule("食品许可分管审签", "decide", "SJ.leaders", 12, level=4, handover_h=1, cv=0.25),
    "SP.produce": StepRule("食品许可制证", "produce", "SJ.produce", 16, handover_h=3),
    "SP.send": StepRule("食品许可证寄送", "deliver", "SJ.produce", 10),
    "ZP.accept": StepRule("招牌审批受理", "accept", "CG.desk", 18),
    "ZP.notice": StepRule("招牌审批补正通知", "correction", "CG.desk", 12),
    "ZP.review": StepRule("招牌审批审查", "review", "CG.review", 50, level=1, handover_h=3),
    "ZP.check": StepRule("招牌审批审核", "check", "CG.check", 25, level=2, handover_h=4),
    "ZP.decide": StepRule("招牌审批决定", "decide", "CG.decide", 15, level=3, handover_h=6),
    "ZP.send": StepRule("招牌决定书寄送", "deliver", "CG.desk", 10),
    "PS.accept": StepRule("排水许可受理", "accept", "SW.desk", 18),
    "PS.notice": StepRule("排水许可补正通知", "correction", "SW.desk", 12),
    "PS.review": StepRule("排水许可审查", "review", "SW.review", 45, level=1, handover_h=3),
    "PS.decide": StepRule("排水许可决定", "decide", "SW.decide", 20, level=2, handover_h=5),
    "PS.send": StepRule("排水许可证寄送", "deliver", "SW.desk", 10),
}


@dataclass(frozen=True)
class ItemRule:
    """One item of the one-thing."""

    code: str
    name: str
    short: str
    department: str
    site: str
    document: str
    statutory_days: int
    promised_days: int
    checks: tuple[str, ...]
    """Steps after the review, in order, up to the decision."""


ITEMS = {
    HB: ItemRule(
        HB, "餐饮项目环境影响登记备案", "环保备案", ENVIRONMENT, CENTRE, "环保备案回执", 30, 25, ("HB.decide",)
    ),
    XF: ItemRule(
        XF, "公众聚集场所消防安全检查", "消防检查", FIRE, FIRE_DESK, "消防合格证", 20, 15, ("XF.check", "XF.decide")
    ),
    SP: ItemRule(
        SP, "食品经营许可", "食品许可", MARKET, CENTRE, "食品许可证", 20, 15, ("SP.check", "SP.decide", "SP.level4")
    ),
    ZP: ItemRule(ZP, "户外招牌设置审批", "招牌审批", SIGN, SIGN_DESK, "招牌决定书", 20, 10, ("ZP.check", "ZP.decide")),
    PS: ItemRule(PS, "排水许可", "排水许可", WATER, CENTRE, "排水许可证", 20, 10, ("PS.decide",)),
}
"""In the order in which the applicants take them."""

ONE_THING = "CYD"
VARIANTS = {(True, True): 0.62, (False, True): 0.13, (True, False): 0.18, (False, False): 0.07}
"""Share of bundles by (with sign item, with drainage item)."""

DISTRICTS = {"甲区": 0.32, "乙区": 0.28, "丙区": 0.24, "丁区": 0.16}
APPLICANT_TYPES = {"企业法人": 0.64, "个体工商户": 0.36}

ONLINE_SHARE = 0.35
CONSULT_SHARE = 0.25
JOINT_INSPECTION_SHARE = 0.06
LEVEL4_SHARE = 0.86
PING_PONG_SHARE = 0.18
SECOND_ROUND_SHARE = 0.25
"""Of the bundles with ping-pong: those sent to the fire department twice."""
CORRECTION_COUNTS = {0: 0.70, 1: 0.18, 2: 0.09, 3: 0.03}
CORRECTION_MOMENTS = {"pre": 0.45, "mixed": 0.30, "post": 0.25}
"""All before acceptance; the first before and the rest after; all after."""
CHECK_RETURN_SHARE = 0.05
"""Of the 审核 of the food licence: sent back to 承办 once."""
EXPERT_SHARE = 0.08
EXTENSION_SHARE = 0.02
REFUSED_SHARE = 0.014
WITHDRAWN_SHARE = 0.007
COURIER_SHARE = {"线上": 0.70, "窗口": 0.30}
WASTED_VISIT_SHARE = 0.08
ELICENCE_PILOT_SHARE = 0.10
"""Of the online cases from 2024 on: the business licence was fetched as an e-licence."""
RATING_SHARE = 0.10
RATING_SCORES = {1: 0.72, 2: 0.20, 3: 0.05, 4: 0.02, 5: 0.01}

GAP_BETWEEN_ITEMS_WD = 4.0
"""Mean working days that the applicant lets pass between one result and the next application."""
CORRECTION_REPLY_WD = 3.0
COLLECT_WD = 2.0
SIGN_FOR_FINDINGS_WD = 1.5
EXPERT_WD = (5, 10)
COURIER_DAYS = (1, 3)
OFFICE_DAY_H = 6.0
