"""W25 审批回流: sent back by a late level for something that intake could have seen."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from flowaudit.diagnosis.context import SIGNING, Bools, Context, Ints
from flowaudit.diagnosis.finding import Finding, NotCheckable
from flowaudit.diagnosis.named import named_materials
from flowaudit.diagnosis.one_things import items_of_rows
from flowaudit.diagnosis.outcomes import objections
from flowaudit.diagnosis.rule import Parameter, Rule, Thresholds
from flowaudit.diagnosis.spells import Spells, spells_of
from flowaudit.messages import Language, both
from flowaudit.messages import translate as _
from flowaudit.metrics import wilson

FORMAL = re.compile(
    "材料|不齐|不全|不完整|缺|格式|法定形式|签名|签字|签章|盖章|公章|过期|有效期|不一致|不清晰|模糊|漏填|漏交|未填|填写|未提交|未附|未提供"
    "|空白|份数"
    "|missing|incomplete|expired|illegible|unsigned|signature|stamp|format|mismatch|inconsistent|unreadable"
)
"""What a text says when it is about the papers rather than the matter."""


def name(lang: Language | None = None) -> str:
    return _("defects found late", lang=lang)


def definition(lang: Language | None = None) -> str:
    return _(
        "Cases of an item that the second level or a later one (stages check and decide, or level 2 and above) refused or returned "
        "for a reason intake could have seen: the opinion or result names a material of the catalogue or a formal defect (missing, "
        "incomplete, unsigned, expired, inconsistent ...), or, without an opinion, a rejected material has a reason and this is the first "
        "return after it was handed in. An item speaks when Wilson's lower bound of the share of its cases is at least 5 %. Lost "
        "time: waiting and work of the offices that came again, from the first such return until that level signs once more; "
        "where the case ended with the return, all from acceptance to it.",
        lang=lang,
    )


def find(context: Context, t: Thresholds) -> list[Finding] | NotCheckable:
    returns, why = _late_returns(context)
    item, items = items_of_rows(context)
    spells = spells_of(context)
    found = []
    order = np.argsort(item, kind="stable")
    ordered = item[order]
    for code in np.unique(item[returns]).tolist():
        own = returns[item[returns] == code]
        rows = order[slice(*np.searchsorted(ordered, [code, code + 1]))]
        cases = np.unique(context.case[own])
        if len(cases) < context.min_cases:
            continue
        population = context.population(rows)
        if wilson(len(cases), population)[0] < t["share"]:
            continue
        rows = _in_vain(context, rows, own, spells)
        label = str(items[code]) if code >= 0 else ""
        reasons = pd.Series([why[row] for row in own.tolist()]).value_counts()
        reasons = reasons.sort_index().sort_values(ascending=False, kind="stable")
        values = {
            "item": context.item_name(label), "cases": len(cases), "share": len(cases) / population,
            "reason": str(reasons.index[0]), "times": int(reasons.iloc[0]),
        }  # fmt: skip
        statement = (
            both(
                "“{item}”: a late level returned or refused {cases:,} cases ({share:.0%}) for a reason that intake could have seen, most "
                "often “{reason}” ({times:,} times); to be checked.",
                **values,
            )
            if label
            else both(
                "A late level returned or refused {cases:,} cases ({share:.0%}) for a reason that intake could have seen, most often "
                "“{reason}” ({times:,} times); to be checked.",
                **values,
            )
        )
        found.append(
            context.finding(
                RULE,
                label or "all",
                title=both("returned late for what intake can see"),
                statement=statement,
                caveat=both(
                    "The words of a reason do not prove that it could be seen at intake; papers may have expired or changed since."
                ),
                scope={
                    "items": [label] if label else [],
                    "departments": context.labels_of("department", own),
                    "activities": context.labels_of("activity", own),
                },
                cases=cases,
                population=population,
                thresholds=t,
                rows=rows,
                row_days=context.node_days[rows],
                confidence="medium",
                details={"returns": len(own), "reasons": [[str(k), int(n)] for k, n in reasons.head(10).items()]},
            )
        )
    return found


def _in_vain(context: Context, rows: Ints, returns: Ints, spells: Spells) -> Ints:
    """Return those of an item's rows that would not have been, had intake seen what the returns (ascending) were about."""
    n, case, activity = context.log.n_cases, context.case[rows], context.column("activity")[0]
    first, last, again, goes_on = (np.full(n, -1, np.int64) for _name in range(4))
    last[context.case[returns]] = returns
    first[context.case[returns[::-1]]] = returns[::-1]
    concerned = last[case] >= 0
    after = rows[concerned & (rows > last[case])]
    same = after[activity[after] == activity[last[context.case[after]]]]
    again[context.case[same[::-1]]] = same[::-1]
    signed = after[context.among("stage", *SIGNING)[after] | (context.level[after] >= 1)]
    goes_on[context.case[signed]] = signed
    # Seen at once, the case would have passed once: what was done again is in vain, or all of it where it ended so.
    redone = concerned & (rows > first[case]) & (rows <= again[case])
    ended = concerned & (again[case] < 0) & (goes_on[case] < 0) & (rows <= last[case])
    if len(spells.case):
        accepted = np.where(spells.of_row[rows] >= 0, spells.accepted[spells.of_row[rows]], np.datetime64("NaT", "us"))
        with np.errstate(invalid="ignore"):
            ended &= ~(context.end[rows] <= accepted)
    return rows[(redone | ended) & ~context.applicant[rows]]


def _late_returns(context: Context) -> tuple[Ints, dict[int, str]]:
    """Return the rows in which a late level sent a case back for its papers, and the reason each gives."""
    with np.errstate(invalid="ignore"):
        late = context.among("stage", "check", "decide") | (context.level >= 2)
    objects = objections(context) | context.among("stage", "correction")
    returned = objects & late & context.human
    opinion, opinions = context.column("opinion")
    result, results = context.column("result")
    told_by = [(opinion, opinions), (result, results)]
    why: dict[int, str] = {}
    for codes, labels in reversed(told_by):
        formal = _formal(context, labels, np.unique(codes[returned]))
        for row in np.flatnonzero(returned & (codes >= 0) & formal[codes]).tolist():
            why[row] = str(labels[codes[row]])
    # An opinion that speaks of the matter itself is the reason, whatever the papers were.
    for row, reason in _rejected_materials(context, objects & ~context.applicant).items():
        if returned[row] and opinion[row] < 0:
            why.setdefault(row, reason)
    return np.array(sorted(why), np.int64), why


def _formal(context: Context, labels: list[str], used: Ints) -> Bools:
    """Say which of the texts used are about papers: they name a material or a formal defect; one more at the end for none."""
    used = used[used >= 0]
    texts = [str(labels[i]) for i in used.tolist()]
    found = np.zeros(len(labels) + 1, np.bool_)
    found[used] = [bool(FORMAL.search(text.casefold())) for text in texts]
    found[used[np.asarray(named_materials(context, texts).index, np.int64)]] = True
    return found


def _rejected_materials(context: Context, objects: Bools) -> dict[int, str]:
    """Return for every row that objects first after a rejected material was handed in why it was rejected."""
    table = context.table("material_instances")
    if table is None or not {"accepted", "reject_reason", "submit_time"} <= set(table):
        return {}
    handed = context.times(table["submit_time"])
    bad = (~context.truths(table["accepted"]).fillna(True)).to_numpy(bool) & table["reject_reason"].notna().to_numpy(
        bool
    )
    table = table.assign(at=handed)[bad & ~np.isnat(handed)]
    rows = np.flatnonzero(objects & ~np.isnat(context.end))
    if not len(table) or not len(rows):
        return {}
    item, items = context.column("item_code")
    key, of = context.case[rows], table["case"].to_numpy(np.int64)
    if context.log.unit == "bundle" and "item_code" in table:
        place = {str(label): i for i, label in enumerate(items)}
        codes = np.asarray(table["item_code"].astype("object").map(place).fillna(-1), np.int64)
        key, of = key * (len(items) + 1) + item[rows] + 1, of * (len(items) + 1) + codes + 1
    left = pd.DataFrame({"k": of, "at": table["at"].to_numpy(), "why": table["reject_reason"].astype(str)})
    right = pd.DataFrame({"k": key, "at": context.end[rows], "row": rows})
    met = pd.merge_asof(left.sort_values("at", kind="stable"), right.sort_values("at", kind="stable"), on="at", by="k",
                        direction="forward").dropna(subset=["row"])  # fmt: skip
    first = met.groupby("row")["why"].min()
    return dict(zip(first.index.to_numpy(np.int64).tolist(), first.to_list(), strict=True))


RULE = Rule(
    "W25", name, definition,
    ("level | stage (check, decide)", "result | stage (correction)", "opinion | result | material_instances.reject_reason"),
    find, group="痛点", reengineering="①④", reductions=("time", "trips"), measures=("M10", "M09"),
    parameters={"share": Parameter(0.05, 0.0, 1.0)},
)  # fmt: skip
