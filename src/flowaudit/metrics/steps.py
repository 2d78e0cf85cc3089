"""减环节: how many steps, by one of four counting policies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from flowaudit.errors import MissingColumnError, UsageError
from flowaudit.eventlog import APPLICANT, EventLog
from flowaudit.messages import translate as _
from flowaudit.metrics import _arrays as arrays

PolicyName = Literal["A_applicant", "B_milestone", "C_node", "D_exec"]

RECORDED_SHARE = 0.8
"""Share of cases in which a policy's stages must occur for the log to count as recording them."""

MILESTONES = {
    "apply": 0, "accept": 1, "review": 2, "check": 2, "special": 3, "decide": 4, "produce": 5, "deliver": 6,
}  # fmt: skip
"""The seven legal milestones: 申请, 受理, 审查, 特别程序, 决定, 制证, 送达 (review and check are both 审查)."""

NOT_A_STEP = ("correction", "consult", "notify", "archive")
"""Stages that are no step of the applicant."""
_MET = ("inspect", "pay", "deliver")
"""Stages of an office at which the applicant may have been there."""
NOT_WORK = ("correction", "notify", "archive")
"""Stages that are no node of an office."""


@dataclass(frozen=True)
class StepPolicy:
    """One way to count steps.

    Attributes
    ----------
    key, name_zh, name_en, definition_zh, definition_en : str
    needs : tuple of str
        What a log must record for it.
    """

    key: str
    name_zh: str
    name_en: str
    definition_zh: str
    definition_en: str
    needs: tuple[str, ...]


POLICIES: dict[str, StepPolicy] = {
    p.key: p
    for p in (
        StepPolicy(
            "A_applicant",
            "办事人环节",
            "applicant's interactions",
            "申请人为办成此事必须经历的互动次数（提交、配合现场核查、缴费、领取等）；同一次到场、同一阶段的多项办理计1个，"
            "联合核查计1个；咨询、补正和重复办理不计。",
            "interactions the applicant must go through (submit, attend inspections, pay, collect); what happens at one "
            "visit in one stage counts once, a joint inspection once; consultations, corrections and repeats are not counted.",
            ("department", "stage"),
        ),
        StepPolicy(
            "B_milestone",
            "法定环节",
            "legal milestones",
            "每个事项经历的法定阶段数（申请、受理、审查、特别程序、决定、制证、送达），按事项相加；多个事项共用的阶段计1个。",
            "legal stages each item goes through (application, acceptance, review, special procedure, decision, "
            "production, delivery), added over items; a stage several items share counts once.",
            ("stage",),
        ),
        StepPolicy(
            "C_node",
            "流转节点",
            "work nodes",
            "由人工办理的不同节点数（事项、部门、处室、节点名称不同即为不同节点）；自动节点、通知、归档、申请人环节和补正不计，"
            "重复办理计1个。",
            "distinct nodes handled by people (item, department, office and activity); automatic nodes, notices, "
            "archiving, the applicant's own steps and corrections are not counted, repeats count once.",
            ("activity",),
        ),
        StepPolicy(
            "D_exec",
            "实际流转次数",
            "executions",
            "人工节点的实际办理次数，含补正和重复办理；仅用于诊断，不作为承诺。",
            "executions of nodes handled by people, with corrections and repeats; for diagnosis only, never a promise.",
            ("activity",),
        ),
    )
}


def recorded_policies(log: EventLog) -> tuple[str, ...]:
    """Return the policies whose stages the log records, in order A to D; C and D need no stage.

    Policy A needs the applicant's application in at least 80 % of the cases; policy B needs, in as many, an
    application or acceptance as well as a decision or delivery.
    """
    found = []
    lane = arrays.among(log, "department", APPLICANT)
    if _share(log, lane & arrays.among(log, "stage", "apply")) >= RECORDED_SHARE:
        found.append("A_applicant")
    opened = arrays.any_by_case(log, arrays.among(log, "stage", "apply", "accept"))
    closed = arrays.any_by_case(log, arrays.among(log, "stage", "decide", "deliver"))
    if (opened & closed).mean() >= RECORDED_SHARE:
        found.append("B_milestone")
    return (*found, "C_node", "D_exec")


def choose_policy(log: EventLog, policy: str | None = None) -> StepPolicy:
    """Return the policy asked for, else the first of A, B, C that the log records.

    Raises
    ------
    UsageError
        If there is no such policy.
    MissingColumnError
        If the log does not record what the policy needs.
    """
    recorded = recorded_policies(log)
    if policy is None:
        return POLICIES[recorded[0]]
    if policy not in POLICIES:
        short = [key for key in POLICIES if key.split("_")[0].casefold() == policy.casefold()]
        if not short:
            raise UsageError(
                _("there is no counting policy '{policy}'.", policy=policy),
                hint=_("choose one of: {names}", names=", ".join(POLICIES)),
            )
        policy = short[0]
    if policy not in recorded:
        raise MissingColumnError(
            _(
                "policy {policy} needs {columns} in at least {share:.0%} of the cases.",
                policy=policy, columns=", ".join(POLICIES[policy].needs), share=RECORDED_SHARE,
            ),
            hint=_("this log records {policies}.", policies=", ".join(recorded)),
        )  # fmt: skip
    return POLICIES[policy]


def steps(log: EventLog, policy: str) -> arrays.Floats:
    """Count the steps of each case by a policy, in the order of ``log.case_ids``.

    Examples
    --------
    >>> import pandas as pd
    >>> from flowaudit.eventlog import from_frame
    >>> log = from_frame(pd.DataFrame({"case_id": "1", "activity": ["受理", "审查", "审查", "决定"],
    ...                                "end": pd.date_range("2024-01-02", periods=4)}))
    >>> steps(log, "C_node"), steps(log, "D_exec")
    (array([3.]), array([4.]))
    """
    return {"A_applicant": _applicant, "B_milestone": _milestones, "C_node": _nodes, "D_exec": _executions}[policy](log)


def unknown_nodes(log: EventLog) -> tuple[str, ...]:
    """Return the activities that have no stage, the most frequent first: policies A and B do not see them.

    A mapping file names their stages under ``[stages]``. Every activity, where the log has no stages at all.
    """
    code = arrays.codes(log, "activity")
    labels = log.codes("activity")[1]
    bare = arrays.codes(log, "stage") < 0
    count = np.bincount(code[bare & (code >= 0)], minlength=len(labels))
    known = np.bincount(code[~bare & (code >= 0)], minlength=len(labels))
    order = np.argsort(-count, kind="stable")
    return tuple(str(labels[i]) for i in order if count[i] and not known[i])


def _share(log: EventLog, mask: arrays.Bools) -> float:
    return float(arrays.any_by_case(log, mask).mean()) if log.n_cases else 0.0


def _applicant(log: EventLog) -> arrays.Floats:
    lane, person = arrays.among(log, "department", APPLICANT), ~arrays.automatic(log)
    # Where the system books an inspection, a payment or a collection only on the office's side, the applicant was
    # there all the same: at an inspection always, at a counter when the event belongs to a visit.
    rows = np.flatnonzero(
        person & np.where(lane, ~arrays.among(log, "stage", *NOT_A_STEP), arrays.among(log, "stage", *_MET))
    )
    own, case = lane[rows], log.case_index[rows]
    item, stage, visit = (arrays.codes(log, column, rows) for column in ("item_code", "stage", "visit_id"))
    met = (visit >= 0) | arrays.among(log, "stage", "inspect")[rows]
    whole = own & (item < 0)
    of_item, of_case, of_visit = (arrays.combine(case, *key) for key in ((item, stage), (stage,), (visit, stage)))
    booked = arrays.like(of_item, own) | arrays.like(of_case, whole)
    booked |= (visit >= 0) & arrays.like(of_visit, own)
    booked |= (item < 0) & arrays.like(of_case, own)
    keep = own | (met & ~booked)
    rows, case, stage, visit = rows[keep], case[keep], stage[keep], visit[keep]
    department, activity = (arrays.codes(log, column, rows) for column in ("department", "activity"))
    once = arrays.first_of(arrays.combine(case, item[keep], department, activity))
    alone, together = once & (visit < 0), once & (visit >= 0)
    single = np.bincount(case[alone], minlength=log.n_cases)
    return single + arrays.count_distinct(log.n_cases, case[together], visit[together], stage[together])


def _milestones(log: EventLog) -> arrays.Floats:
    found, labels = log.codes("stage")
    table = np.array([MILESTONES.get(label, -1) for label in labels] + [-1], np.int64)
    milestone = table[found]
    rows = milestone >= 0
    return arrays.count_distinct(
        log.n_cases, log.case_index[rows], arrays.codes(log, "item_code")[rows], milestone[rows]
    )  # fmt: skip


def _work(log: EventLog) -> arrays.Bools:
    off = arrays.among(log, "department", APPLICANT) | arrays.among(log, "stage", "notify", "archive")
    return ~off & ~arrays.automatic(log)


def _nodes(log: EventLog) -> arrays.Floats:
    rows = _work(log) & ~arrays.among(log, "stage", "correction")
    columns = (arrays.codes(log, c)[rows] for c in ("item_code", "department", "office", "activity"))
    return arrays.count_distinct(log.n_cases, log.case_index[rows], *columns)


def _executions(log: EventLog) -> arrays.Floats:
    return np.bincount(log.case_index[_work(log)], minlength=log.n_cases).astype(float)
