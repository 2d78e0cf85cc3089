"""From what applicants hand in, fill in, correct and come for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from flowaudit.diagnosis import Findings
from flowaudit.messages import both
from flowaudit.process import Process
from flowaudit.redesign.measures import MEASURES
from flowaudit.redesign.measures.m05_one_window import OneWindow
from flowaudit.redesign.measures.m06_one_form import OneForm
from flowaudit.redesign.measures.m07_use_e_licence import UseELicence
from flowaudit.redesign.measures.m08_reuse_material import ReuseMaterial
from flowaudit.redesign.measures.m09_notify_once import NotifyOnce
from flowaudit.redesign.measures.m17_issue_together import IssueTogether
from flowaudit.redesign.suggesting.idea import SHARE, Idea, Refusal, found, ids, listed, scope, wanted


def one_window(findings: Findings, process: Process) -> Iterator[Idea]:
    """Several items accepted by several departments: one window."""
    several = 0.0
    for template in process.templates:
        for branch in template.branches:
            accepting = {
                process.nodes[s.node].department for s in branch.steps if process.nodes[s.node].stage == "accept"
            }
            several += template.cases * branch.probability * (len(accepting - {None}) > 1)
    if several < SHARE * process.cases or len(process.item_names) < 2:
        return
    reason = both("{share:.0%} of the cases are accepted at more than one department", share=several / process.cases)
    yield Idea(OneWindow(), reason, ids(found(findings, "W12")))


def one_form(findings: Findings, process: Process) -> Iterator[Idea]:
    """Fields that several forms ask for (W07): one form; what might come prefilled is left to people."""
    asked = found(findings, "W07", measure="M06")
    if asked:
        yield Idea(OneForm(), (asked[0].statement_zh, asked[0].statement_en), ids(asked))


def materials(findings: Findings, process: Process) -> Iterator[Idea]:
    """Materials with an e-licence: fetch them; others asked for by several items: reuse them."""
    asked: dict[str, float] = defaultdict(float)
    repeated: dict[str, float] = defaultdict(float)
    for template in process.templates:
        for branch in template.branches:
            items: dict[str, set[str | None]] = defaultdict(set)
            for use in branch.materials:
                if use.source == "applicant":
                    items[use.canonical_id].add(use.item)
            for material, of in items.items():
                weight = template.cases * branch.probability
                asked[material] += weight
                repeated[material] += weight * (len(of) > 1)
    licensed = _licensed(process)
    order = sorted(asked, key=lambda m: (-repeated[m], -asked[m], m))
    common = [m for m in order if asked[m] >= SHARE * process.cases]
    fetched = [m for m in common if m in licensed]
    names = {m: process.material_names.get(m, m) for m in order}
    if fetched:
        least = min(asked[m] for m in fetched) / process.cases
        reason = both(
            "{n} materials with an e-licence by the catalogue are asked of the applicant, each in at least {share:.0%} of the cases",
            n=len(fetched), share=least,
        )  # fmt: skip
        yield Idea(UseELicence(materials=tuple(names[m] for m in fetched)), reason, _about(findings, fetched, process))
    for material in order:
        if material in licensed or repeated[material] < SHARE * process.cases:
            continue
        reason = both(
            "“{name}” is handed in for more than one item in {share:.0%} of the cases",
            name=names[material], share=repeated[material] / process.cases,
        )  # fmt: skip
        yield Idea(
            ReuseMaterial(material=names[material]), reason, _about(findings, [material], process, rules=("W06",))
        )


def _about(
    findings: Findings, wanted_materials: list[str], process: Process, *, rules: tuple[str, ...] = ("W24", "W06", "W20")
) -> tuple[str, ...]:
    """Findings of these rules all of whose materials are among those given."""
    mine = {process.material_names.get(m, m) for m in wanted_materials} | set(wanted_materials)
    return tuple(
        f.id for f in findings if f.rule in rules and f.scope.get("materials") and set(f.scope["materials"]) <= mine
    )


def _licensed(process: Process) -> set[str]:
    """Canonical materials whose e-licence can be called, by the catalogue."""
    catalogue = process.catalogue
    if catalogue is None or catalogue.materials is None or "elicence_type" not in catalogue.materials:
        return set()
    table = catalogue.materials
    has = table["elicence_type"].notna() & (table["elicence_type"].astype(str).str.strip() != "")
    if "retrievable" in table:
        has &= table["retrievable"].astype(str).str.casefold() == "true"
    return set(table.loc[has, "canonical_id"])


def corrections(findings: Findings, process: Process) -> Iterator[Idea | Refusal]:
    """Corrections (W04, W14, W25): what is asked for later is asked for at once; what guidance or a machine would spare, people know."""
    again = [f for f in found(findings, "W04") if "requests_beyond_the_first" in f.details]
    if sum(int(f.details["before_acceptance"]) for f in again) > 0:
        reason = both(
            "{n} requests for correction before acceptance came after an earlier one of the same item",
            n=sum(int(f.details["before_acceptance"]) for f in again),
        )
        yield Idea(NotifyOnce(avoided=0.0, together=True), reason, ids(again))
    rejected = found(findings, "W14", measure="M10") or found(findings, "W04", measure="M10")
    if rejected:
        about = listed(scope(rejected, "materials")[:5] or scope(rejected, "items") or scope(rejected, "departments"))
        yield wanted(
            MEASURES["M10"], about, both("the share of defects such a check would find (caught), from a trial")
        )


def tolerance(findings: Findings, process: Process) -> Iterator[Refusal]:
    """Time lost before acceptance (W05): which materials may come later, and by when, the rules say."""
    before = found(findings, "W05", measure="M13")
    if before and process.has_materials:
        about = (
            listed(process.item_names.get(i, i) for i in scope(before, "items"))
            if scope(before, "items")
            else both("the whole")
        )
        yield wanted(
            MEASURES["M13"], about, both("the materials that may come later and the days allowed for them (materials, days)")
        )  # fmt: skip


def issuance(findings: Findings, process: Process) -> Iterator[Idea]:
    """Results collected one by one (W23, W15): one issuance, still at a counter."""
    apart = [*found(findings, "W23", kind="apart"), *found(findings, "W15", kind="collect")]
    if len(scope(apart, "items")) > 1:
        yield Idea(IssueTogether(), (apart[0].statement_zh, apart[0].statement_en), ids(apart))


def online(findings: Findings, process: Process) -> Iterator[Refusal]:
    """Visits in vain, to sign, or with papers already sent online (W15, W20): who would do without them, no log of visits says."""
    visits = [f for rule in ("W15", "W20") for f in found(findings, rule, measure="M22")]
    if visits and process.has_visits:
        about = visits[0].title_zh, visits[0].title_en
        yield wanted(MEASURES["M22"], about, both("the share of these cases that would be done online (share)"))
