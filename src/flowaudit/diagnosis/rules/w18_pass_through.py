"""W18 纯转报: a lower authority that passes every case on to a higher one, which reviews it again."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from flowaudit.diagnosis.context import SIGNING, Bools, Context, Floats, Ints
from flowaudit.diagnosis.finding import Finding, NotCheckable
from flowaudit.diagnosis.outcomes import consents, objected_by
from flowaudit.diagnosis.rule import Parameter, Rule, Thresholds
from flowaudit.messages import Language, both
from flowaudit.messages import translate as _
from flowaudit.metrics import wilson

HANDS_ON = re.compile("转报|上报|报送|forward")
_SAME = {"自治区": "省", "直辖市": "省", "社区": "村"}
_RANKS = {
    1: "国家|中央|national|federal", 2: "省|provinc", 3: "市|州|city|municip|prefect", 4: "县|区|旗|county|district",
    5: "镇|乡|街道|town|street", 6: "村|village|communit",
}  # fmt: skip


def name(lang: Language | None = None) -> str:
    return _("passing on to a higher authority", lang=lang)


def definition(lang: Language | None = None) -> str:
    return _(
        "A reviewing step of a lower authority with at least 400 recorded results, of which Wilson's upper bound for anything but "
        "consent or passing on is below 1 %, and after which in at least 80 % of its executions a higher authority reviews the "
        "same case (and item) again. Authorities rank by their recorded level; without it, a step or result called 转报 or 上报 "
        "before another department's review. A correction or objection by the same department in the case is no passing on; "
        "steps the law demands are not looked at. Lost time: waiting for the lower step and its work.",
        lang=lang,
    )


def authority_rank(label: object) -> float:
    """Return the rank of an authority level as text or code: 1 the state, 2 province, 3 city, 4 county, 5 town, 6 village.

    A code of an administrative division ranks by its trailing zeros, a name by the smallest unit it names; NaN for others.

    Examples
    --------
    >>> [authority_rank(label) for label in ("省级", "浙江省杭州市西湖区", "3", "330000", "330106", "分级管理")]
    [2.0, 4.0, 3.0, 2.0, 4.0, nan]
    """
    text = re.sub(r"\.0$", "", str(label).strip().casefold())
    if text.isdigit():
        return _rank_of_code(text)
    for word, plain in _SAME.items():
        text = text.replace(word, plain)
    return float(max((rank for rank, words in _RANKS.items() if re.search(words, text)), default=np.nan))


def _rank_of_code(code: str) -> float:
    if len(code) == 1:
        return float(code) if 1 <= int(code) <= 6 else float("nan")
    if len(code) not in (6, 9, 12):
        return float("nan")
    division, town, village = code[:6], code[6:9].strip("0"), code[9:].strip("0")
    if village or town:
        return 6.0 if village else 5.0
    return 2.0 if division.endswith("0000") else 3.0 if division.endswith("00") else 4.0


def find(context: Context, t: Thresholds) -> list[Finding] | NotCheckable:
    activity, names = context.column("activity")
    department, departments = context.column("department")
    signing = context.human & (context.among("stage", *SIGNING) if context.log.has("stage") else True)
    by_level = context.log.has("authority_level")
    if by_level:
        codes, labels = context.column("authority_level")
        ranks = np.array([*(authority_rank(label) for label in labels), np.nan])
        followed = _followed_above(context, signing, ranks[codes])
    else:
        hands_on = _hands_on(context)
        if not hands_on.any():
            return NotCheckable(
                "W18",
                *both("levels of authority are not recorded, and no step or result is called 转报"),
                ("authority_level | result (转报)",),
            )
        signing |= context.human & hands_on
        followed = hands_on & _followed_elsewhere(context, signing, department)
    looked = signing & (context.column("result")[0] >= 0) & ~context.legally_required
    negative = ~consents(context) | objected_by(context, "department" if context.log.has("department") else "resource")
    rows = np.flatnonzero(looked)
    node = activity[rows] * (len(departments) + 1) + department[rows] + 1
    order = np.argsort(node, kind="stable")
    kinds, first, size = np.unique(node[order], return_index=True, return_counts=True)
    found = []
    for place in np.flatnonzero(size >= t["n"]).tolist():
        own = rows[order[first[place] : first[place] + size[place]]]
        through = own[followed[own]]
        cases = np.unique(context.case[through])
        n, k = len(own), int(negative[own].sum())
        if len(through) < t["followed"] * n or len(cases) < context.min_cases or wilson(k, n)[1] >= t["negative"]:
            continue
        a, d = divmod(int(kinds[place]), len(departments) + 1)
        label, where = str(names[a]), str(departments[d - 1]) if d else ""
        values = {"activity": label, "n": n, "negative": k, "share": len(through) / n, "high": wilson(k, n)[1]}
        found.append(
            context.finding(
                RULE,
                f"{where}-{label}" if where else label,
                title=both("a lower level that only passes on"),
                statement=both(
                    "“{activity}”: {negative:,} of {n:,} executions ended in anything but consent or passing on (at most {high:.2%} by "
                    "Wilson's interval), and after {share:.0%} of them a higher authority reviews again; to be checked.",
                    **values,
                ),
                caveat=both(
                    "The lower authority may know the place and advise without refusing; whether the law demands its review is for "
                    "the legal office to say."
                ),
                scope={
                    "activities": [label],
                    "departments": [where] if where else [],
                    "items": context.labels_of("item_code", own),
                },
                cases=cases,
                population=context.population(own),
                thresholds=t,
                rows=through,
                row_days=context.node_days[through],
                confidence="medium" if by_level else "low",
                details={"executions": n, "negative": k, "negative_high": values["high"], "followed": len(through)},
            )
        )
    return found


def _hands_on(context: Context) -> Bools:
    """Mark the rows whose step or result is called passing on to a higher authority."""
    found = np.zeros(len(context.case), np.bool_)
    for column in ("activity", "result"):
        codes, labels = context.column(column)
        found |= np.isin(codes, [i for i, label in enumerate(labels) if HANDS_ON.search(str(label).casefold())])
    return found


def _ordered(context: Context, signing: Bools) -> tuple[Ints, Ints]:
    """Return the signing rows by case and item in the order they happened, and the group of each."""
    item, items = context.column("item_code")
    rows = np.flatnonzero(signing)
    group = context.case[rows] * (len(items) + 1) + item[rows] + 1
    order = np.lexsort((rows, group))
    return rows[order], group[order]


def _followed_above(context: Context, signing: Bools, rank: Floats) -> Bools:
    """Mark the rows after which an authority of a higher rank signs the same case and item."""
    rows, group = _ordered(context, signing)
    back = pd.DataFrame({"g": group[::-1], "r": rank[rows[::-1]]})
    # The highest authority (the smallest rank) among what comes after, the row itself left out.
    later = back.groupby("g")["r"].cummin().groupby(back["g"]).ffill().groupby(back["g"]).shift()
    found = np.zeros(len(context.case), np.bool_)
    found[rows] = (later.to_numpy(float) < rank[rows[::-1]])[::-1]
    return found


def _followed_elsewhere(context: Context, signing: Bools, department: Ints) -> Bools:
    """Mark the rows after which another department signs the same case and item."""
    rows, group = _ordered(context, signing)
    by = pd.DataFrame({"g": group})
    # A change of department somewhere behind a row: what follows is then not all its own.
    changes = np.r_[(department[rows[1:]] != department[rows[:-1]]) & (group[1:] == group[:-1]), False]
    behind = by.assign(c=changes).iloc[::-1].groupby("g")["c"].cummax().iloc[::-1]
    found = np.zeros(len(context.case), np.bool_)
    found[rows] = behind.to_numpy(bool)
    return found


RULE = Rule(
    "W18", name, definition, ("result", "authority_level | result (转报)"), find,
    group="堵点", reengineering="U④", reductions=("steps", "time"), measures=("M21",),
    parameters={
        "n": Parameter(400, 30, 1e6), "negative": Parameter(0.01, 0.0, 1.0), "followed": Parameter(0.80, 0.0, 1.0),
    },
)  # fmt: skip
