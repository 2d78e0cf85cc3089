"""The four reductions (四减) as the service guides promise them: counted from the catalogue alone, no log needed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal

import numpy as np
import pandas as pd

from flowaudit.catalogue import Catalogue, lint
from flowaudit.errors import UsageError
from flowaudit.eventlog import EventLog
from flowaudit.messages import translate as _
from flowaudit.metrics.bundle_time import guide_time
from flowaudit.metrics.materials import SPLIT, conditional_shares, guide_split
from flowaudit.metrics.rule import SOURCE, CountingRule, Figure, NotRecorded
from flowaudit.metrics.steps import MILESTONES, NOT_A_STEP, NOT_WORK, POLICIES

Baseline = Literal["guide_before", "guide_after"]
GUIDE_POLICIES = ("A_applicant", "B_milestone", "C_node")
"""What a guide's table of steps can be counted by; how often a node is carried out stands in no guide."""
_AFTER_DECISION = ("produce", "deliver", "archive", "notify")
_TRIPS_RULES = ("G20", "G23", "G27")
_LIMIT_RULES = ("G11",)
"""Rules of the linter that a guide must keep for its trips and its promised limits to be counted."""
_ALL = {"population_zh": "目录所列全部事项", "population_en": "all items of the catalogue"}


def guide_figures(
    catalogue: Catalogue,
    baseline: Baseline = "guide_before",
    *,
    policy: str | None = None,
    log: EventLog | None = None,
) -> dict[str, Figure | NotRecorded]:
    """Count what the service guides of a catalogue ask of the applicant: steps, time, materials and trips.

    Parameters
    ----------
    catalogue : Catalogue
    baseline : {"guide_before", "guide_after"}
        What the catalogue is: the guides before the reform, or after it. The rules do not depend on it, so that the
        figures of two catalogues can be compared.
    policy : {"A_applicant", "B_milestone", "C_node"}, optional
        How to count steps; default: the first that the table of steps tells.
    log : EventLog, optional
        Says how often each conditional material was needed: ``materials.extra["expected"]``.

    Returns
    -------
    dict of str to Figure or NotRecorded
        ``steps, time, materials, trips``; statistic ``total``. What the catalogue does not tell of every item is not
        recorded, and the reason names the items; nor is what a guide contradicts itself about (0 trips with a reason to
        come, a promise longer than the law's limit, items that are prerequisites of each other). ``materials.extra`` holds the ``split`` of what is required (it adds
        up to ``required``), ``deferrable`` (容缺; they are handed in later, so they count), ``maximum`` (with every
        conditional kind), ``copies`` and, with a log, ``expected`` (the required ones and each conditional one by the share
        of applications that needed it; None where the log does not tell).

    Raises
    ------
    UsageError
        If there is no such baseline, or no such policy of guides.

    Examples
    --------
    >>> items = pd.DataFrame({"item_code": ["a", "b"], "name": ["A", "B"], "visits_min": [1, 0]})
    >>> papers = pd.DataFrame({"item_code": ["a", "a", "b"], "canonical_id": ["x", "y", "x"], "name": "",
    ...                        "necessity": "required", "source": ["applicant", "elicence", "reuse"]})
    >>> found = guide_figures(Catalogue(items=items, item_materials=papers), "guide_after")
    >>> found["materials"].value, found["trips"].value, found["steps"].recorded
    (1.0, 1.0, False)
    """
    if baseline not in ("guide_before", "guide_after"):
        raise UsageError(
            _("a guide is no baseline '{baseline}'.", baseline=baseline),
            hint=_("choose one of: {names}", names="guide_before, guide_after"),
        )
    return {
        "steps": _steps(catalogue, baseline, policy),
        "time": _contradicted(catalogue, "time", _LIMIT_RULES) or guide_time(catalogue, baseline=baseline),
        "materials": _materials(catalogue, baseline, log),
        "trips": _contradicted(catalogue, "trips", _TRIPS_RULES) or _trips(catalogue, baseline),
    }


def _contradicted(catalogue: Catalogue, metric: str, rules: Sequence[str]) -> NotRecorded | None:
    """Withhold a figure of which the guides say two things."""
    if catalogue.items is None:
        return None
    found = lint(catalogue)
    found = found[found["rule"].isin(rules) & (found["severity"] == "wrong")].head(5)
    if found.empty:
        return None
    zh, en = (
        sign.join(f"{code} {words}" for code, words in zip(found["item_code"], found[column], strict=True))
        for sign, column in (("；", "statement_zh"), ("; ", "statement_en"))
    )
    return NotRecorded(
        metric,
        f"办事指南内容前后矛盾，更正后方可统计：{zh}。",
        f"the guides contradict themselves, to be corrected before this is counted: {en}.",
        tuple(f"lint {rule}" for rule in found["rule"].unique()),
    )


def _names(codes: Sequence[str]) -> tuple[str, str]:
    more = len(codes) > 5
    return "、".join(codes[:5]) + ("等" if more else ""), ", ".join(codes[:5]) + (" ..." if more else "")


def _steps(catalogue: Catalogue, baseline: Baseline, policy: str | None) -> Figure | NotRecorded:
    asked = None if policy is None else _policy(policy)
    table = catalogue.item_steps
    needs = ("item_steps: item_code, seq, performed_by",)
    if table is None or table.empty:
        return NotRecorded("steps", "目录未提供环节表。", "the catalogue has no table of steps.", needs)
    lacking = [code for code in catalogue.item_codes if code not in set(table["item_code"])]
    if lacking:
        zh, en = _names(lacking)
        return NotRecorded(
            "steps", f"环节表未列以下事项：{zh}。", f"the table of steps lacks these items: {en}.", needs
        )
    stage, who = (table.get(c, pd.Series(None, table.index, dtype="object")) for c in ("stage", "performed_by"))
    told = {
        "A_applicant": bool(who.notna().all()),
        "B_milestone": bool(stage.notna().all()),
        "C_node": bool(who.notna().all()),
    }
    chosen = asked or next((p for p in GUIDE_POLICIES if told[p]), "A_applicant")
    if not told[chosen]:
        column, zh = ("stage", "标准环节") if chosen == "B_milestone" else ("performed_by", "办理主体")
        blank = (stage if column == "stage" else who).isna()
        names = _names([f"{i} {n}" for i, n in zip(table["item_code"][blank], table["name"][blank], strict=True)])
        return NotRecorded(
            "steps",
            f"以下环节未填写{zh}（{column}）：{names[0]}。",
            f"these steps have no {column}: {names[1]}.",
            (f"item_steps: {column}",),
        )
    own = ~stage.isin(NOT_A_STEP)
    if chosen == "A_applicant":
        event = _events(table[own & (who == "applicant")], "seq")
    elif chosen == "B_milestone":
        event = _events(table.assign(milestone=stage.map(MILESTONES)).dropna(subset="milestone"), "milestone")
    else:
        event = _events(table[~stage.isin(NOT_WORK) & (who == "office")], "department", "office", "name")
    about = POLICIES[chosen]
    zh, en = {
        "A_applicant": (
            "指南环节表中由申请人办理的环节数，按事项相加；合并组（多个事项共用的环节）计1个；咨询、补正、通知和归档不计。",
            "steps of the guides that the applicant performs, added over items; a step several items share counts once; "
            "consultations, corrections, notices and archiving are not counted.",
        ),
        "B_milestone": (
            "指南环节表中每个事项的法定阶段数（申请、受理、审查、特别程序、决定、制证、送达），按事项相加；合并组计1个。",
            "legal stages of each item in the guides (application, acceptance, review, special procedure, decision, "
            "production, delivery), added over items; a stage several items share counts once.",
        ),
        "C_node": (
            "指南环节表中由办理部门人工办理的不同节点数（部门、处室、节点名称），按事项相加；合并组计1个；补正、通知和归档不计。",
            "nodes of the guides that offices perform (department, office, name), added over items; a node several items "
            "share counts once; corrections, notices and archiving are not counted.",
        ),
    }[chosen]  # fmt: skip
    rule = CountingRule(
        f"guide_steps_{chosen}", "steps", f"指南环节（{about.name_zh}）", f"steps of the guides ({about.name_en})", "个", "steps",
        baseline=baseline, statistic="total", policy=chosen, definition_zh=zh, definition_en=en, source=SOURCE, **_ALL,
    )  # fmt: skip
    return Figure(float(len(event)), rule, table["item_code"].nunique())


def _policy(policy: str) -> str:
    found = [p for p in GUIDE_POLICIES if policy.casefold() in (p.casefold(), p[0].casefold())]
    if not found:
        raise UsageError(
            _("guides cannot be counted by the policy '{policy}'.", policy=policy),
            hint=_("choose one of: {names}", names=", ".join(GUIDE_POLICIES)),
        )
    return found[0]


def _events(rows: pd.DataFrame, *within: str) -> pd.DataFrame:
    """Return what happens once: per share group, or per item where a step is its own, the distinct ``within``."""
    group = rows["share_group"] if "share_group" in rows else pd.Series(None, rows.index, dtype="object")
    shared = group.notna()
    # A shared step is one event whatever its number in each item; shared stages stay apart by what they are.
    keys = pd.DataFrame({"owner": group.where(shared, rows["item_code"]), "shared": shared})
    for name in within:
        if name in rows:
            keys[name] = rows[name] if name == "milestone" else rows[name].where(~shared)
    return keys.drop_duplicates()


def _materials(catalogue: Catalogue, baseline: Baseline, log: EventLog | None) -> Figure | NotRecorded:
    papers = guide_split(catalogue)
    if papers is None:
        return NotRecorded(
            "materials",
            "目录未提供事项材料表。",
            "the catalogue has no table of materials.",
            ("item_materials: item_code, canonical_id",),
        )
    rule = CountingRule(
        "guide_materials", "materials", "指南要求提交的申请材料", "materials the guides ask for", "种", "kinds",
        baseline=baseline, statistic="total", policy="required",
        definition_zh="办事指南列明、须由申请人提交的必要材料种数（含容缺后补），按事项相加；一个事项有多种情形的，取材料最多的情形；"
        "来源渠道为电子证照、数据共享、告知承诺、复用、合并填报或者注明免交的不计；政府部门核发但未注明免交的计入。",
        definition_en="mandatory kinds of material of the service guides that the applicant hands in (deferrable ones "
        "included), added over items; of an item with several variants, the one that asks for most; what comes as an "
        "e-licence, by data sharing, as a commitment, by reuse or in a merged form, or is marked exempt, is not counted; what "
        "an authority issues is, unless it is marked exempt.",
        source=SOURCE, **_ALL,
    )  # fmt: skip
    split = {name: int(papers[name].sum()) for name in SPLIT}
    extra = {
        "required": int(papers["required"].sum()),
        "split": split,
        "deferrable": int(papers["deferrable"].sum()),
        "maximum": int((papers["submit"] + papers["conditional"]).sum()),
        "copies": float(papers["copies"].sum()),
    }
    if log is not None:
        extra["expected"] = _expected(catalogue, log, float(split["submit"]))
    return Figure(float(split["submit"]), rule, len(papers), extra=extra)


def _expected(catalogue: Catalogue, log: EventLog, required: float) -> float | None:
    shares = conditional_shares(log, catalogue)
    if isinstance(shares, NotRecorded) or shares["share"].isna().any():
        return None
    return required + float(shares["share"].sum())


def _trips(catalogue: Catalogue, baseline: Baseline) -> Figure | NotRecorded:
    rule: Callable[..., CountingRule] = partial(
        CountingRule, metric="trips", name_zh="指南载明的到现场次数", name_en="trips the guides state", unit_zh="次", unit_en="trips",
        baseline=baseline, statistic="total", source=SOURCE, **_ALL,
    )  # fmt: skip
    stated = visits_stated(catalogue)
    if stated is not None and len(stated) and stated.notna().all():
        nominal = rule(
            "guide_trips", policy="minimum",
            definition_zh="办事指南载明的到办事现场次数，按事项相加（名义次数，未考虑同日同场所合并）。",
            definition_en="visits the service guides state, added over items (nominal: visits to one site on one day are "
            "not merged).",
        )  # fmt: skip
        return Figure(float(stated.sum()), nominal, len(stated))
    codes, table = catalogue.item_codes, catalogue.item_steps
    if table is not None and "needs_visit" in table and table["needs_visit"].notna().all() and len(table):
        steps = table[table["needs_visit"].astype(bool)]
        late = steps["stage"].isin(_AFTER_DECISION) if "stage" in steps else pd.Series(False, steps.index)
        number = pd.Series(np.arange(len(steps)), steps.index).astype("string")
        site = steps["site"] if "site" in steps else pd.Series(None, steps.index, dtype="object")
        steps = steps.assign(late=late, site=site.fillna(number))
        if set(codes) <= set(table["item_code"]):
            merged = rule(
                "guide_trips_steps", policy="steps",
                definition_zh="办事指南环节表中需到现场的环节：合并组计1次；同一事项决定前在同一地点的各环节计1次，决定后的另计1次。",
                definition_en="steps of the service guides that need a visit: a step several items share is one trip; the steps of "
                "one item at one site are one trip before the decision and another after it.",
            )  # fmt: skip
            return Figure(float(len(_events(steps, "site", "late"))), merged, len(codes))
    lacking = codes if stated is None else [str(c) for c in stated.index[stated.isna()]]
    zh, en = _names(lacking)
    return NotRecorded(
        "trips",
        f"以下事项未填写到办事现场次数：{zh}。" if lacking else "目录中没有事项。",
        f"the number of visits is missing for these items: {en}." if lacking else "the catalogue has no items.",
        ("items: visits_min", "item_steps: needs_visit, site"),
    )


def visits_stated(catalogue: Catalogue) -> pd.Series | None:
    """Return the visits each item's guide states (到办事现场次数) by item code, NaN where it does not; None without a column."""
    if catalogue.items is None or "visits_min" not in catalogue.items:
        return None
    visits = pd.to_numeric(catalogue.items["visits_min"], errors="coerce").astype(float)
    return visits.set_axis(pd.Index(catalogue.items["item_code"].astype("string").astype(object), name="item_code"))
