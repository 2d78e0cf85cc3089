"""From findings and from what the process shows: candidate measures, each with its reason. A person decides."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from flowaudit.diagnosis import Finding, Findings
from flowaudit.errors import InputError
from flowaudit.messages import Language, both, speaking
from flowaudit.messages import translate as _
from flowaudit.process import Branch, Process, Step
from flowaudit.redesign.measure import Measure, MeasureRefusedError
from flowaudit.redesign.measures import LimitLevels, MergeSteps, OneWindow, Parallelise, ReuseMaterial, UseELicence
from flowaudit.redesign.scenario import Scenario

LEVELS = 3
"""三级审批制: the most sign-off levels the guidance allows (S25)."""

ALWAYS = 0.8
"""Two steps are merged where they follow each other in at least this share of the cases that have either."""

AT_ONCE_H = 0.25
"""Median delay, in operational hours, up to which a step follows at once."""

AT_MEDIAN = 10
"""Knot of the median in a quantile table."""

MOST_MERGED = 3

SHARE = 0.2
"""A material or an intake must concern at least this share of cases to be worth a measure."""

Candidate = tuple[Measure, str, str, tuple[str, ...]]
"""A measure, why in Chinese and in English, and the findings it answers."""


@dataclass(frozen=True)
class Suggestion:
    """A candidate measure and why.

    Attributes
    ----------
    findings : tuple of str
        Ids of the findings it answers; none where the process itself shows it.
    cases : int
        Observed cases the measure changes.
    """

    measure: Measure
    reason_zh: str
    reason_en: str
    findings: tuple[str, ...]
    cases: int

    def reason(self, lang: Language) -> str:
        return self.reason_zh if lang == "zh" else self.reason_en


@dataclass(frozen=True)
class Refusal:
    """What the data cannot support, and why."""

    what_zh: str
    what_en: str
    reason_zh: str
    reason_en: str


def suggest(findings: Findings, process: Process) -> tuple[tuple[Suggestion, ...], tuple[Refusal, ...]]:
    """Return candidate measures in the order in which they are best applied, and what had to be refused.

    Every candidate has been applied to the fitted process once: what would change nothing, or what the catalogue
    forbids, is refused with the reason.
    """
    candidates: list[Candidate] = []
    candidates += _one_window(process)
    candidates += _parallel(findings, process)
    candidates += _levels(findings)
    candidates += _adjacent(process)
    candidates += _materials(process)
    suggestions: list[Suggestion] = []
    refusals: list[Refusal] = []
    for measure, zh, en, answered in candidates:
        try:
            process = measure.apply(process)
        except (MeasureRefusedError, InputError):
            refusals.append(Refusal(measure.label("zh"), measure.label("en"), *_reasons(measure, process)))
            continue
        suggestions.append(Suggestion(measure, zh, en, answered, process.changes[-1][1]))
    if not process.identifiable.staffing:
        known = process.identifiable
        refusals.append(
            Refusal(
                _("staffing measures", lang="zh"), _("staffing measures", lang="en"), known.reason_zh, known.reason_en
            )
        )
    return tuple(suggestions), tuple(refusals)


def propose(
    findings: Findings, process: Process, *, lang: Language | None = None
) -> tuple[Scenario, tuple[Suggestion, ...], tuple[Refusal, ...]]:
    """Return a scenario of all suggestions, for people to take apart; named in ``lang`` (default: the current language)."""
    suggestions, refusals = suggest(findings, process)
    scenario = Scenario.of(_("proposed by flowaudit", lang=lang), (s.measure for s in suggestions))
    return scenario, suggestions, refusals


def _reasons(measure: Measure, process: Process) -> tuple[str, str]:
    """Why a measure is refused, in Chinese and in English."""
    texts: list[str] = []
    languages: tuple[Language, ...] = ("zh", "en")
    for lang in languages:
        with speaking(lang):
            try:
                measure.apply(process)
            except (MeasureRefusedError, InputError) as refused:
                texts.append(refused.message)
    return texts[0], texts[1]


def _one_window(process: Process) -> list[Candidate]:
    """Several items accepted by several departments: one window."""
    several = 0.0
    for template in process.templates:
        for branch in template.branches:
            accepting = {
                process.nodes[s.node].department for s in branch.steps if process.nodes[s.node].stage == "accept"
            }
            several += template.cases * branch.probability * (len(accepting - {None}) > 1)
    if several < SHARE * process.cases or len(process.item_names) < 2:
        return []
    share = several / process.cases
    return [(OneWindow(), *both("{share:.0%} of the cases are accepted at more than one department", share=share), ())]


def _parallel(findings: Findings, process: Process) -> list[Candidate]:
    """Pairs W09 found, joined where they overlap: one parallel group for each set."""
    pairs: list[tuple[tuple[str, str], Finding]] = []
    for finding in findings:
        pair = tuple(str(name) for name in finding.details.get("pair", ()))
        if finding.rule == "W09" and len(pair) == 2:
            pairs.append(((pair[0], pair[1]), finding))
    groups: list[tuple[set[str], list[Finding]]] = []
    for (a, b), finding in pairs:
        joined, rest = ({a, b}, [finding]), []
        for names, found in groups:
            if names & joined[0]:
                joined = (joined[0] | names, found + joined[1])
            else:
                rest.append((names, found))
        groups = [*rest, joined]
    labels = {**process.item_names, **{v: v for v in process.item_names.values()}}
    out: list[Candidate] = []
    for names, found in sorted(groups, key=lambda g: not all(n in labels for n in g[0])):
        order = sorted({labels.get(n, n) for n in names})
        why = found[0]
        out.append((Parallelise(names=tuple(order)), why.statement_zh, why.statement_en, tuple(f.id for f in found)))
    return out


def _levels(findings: Findings) -> list[Candidate]:
    out: list[Candidate] = []
    for finding in findings:
        departments = finding.scope.get("departments", ())
        if finding.rule == "W01" and len(departments) == 1:
            measure = LimitLevels(department=str(departments[0]), levels=LEVELS)
            out.append((measure, finding.statement_zh, finding.statement_en, (finding.id,)))
    return out


def _adjacent(process: Process) -> list[Candidate]:
    """Steps of one office that nearly always follow each other at once: candidates for one step."""
    together: dict[tuple[str, str], float] = defaultdict(float)
    alone: dict[str, float] = defaultdict(float)
    for template in process.templates:
        for branch in template.branches:
            weight = template.cases * branch.probability
            for label in {process.nodes[s.node].activity for s in branch.steps}:
                alone[label] += weight
            for pair in {p for s in branch.steps if (p := _at_once(process, branch, s)) is not None}:
                together[pair] += weight
    out: list[Candidate] = []
    taken: set[str] = set()
    for (a, b), n in sorted(together.items(), key=lambda item: (-item[1], item[0])):
        if (
            n < SHARE * process.cases
            or n < ALWAYS * max(alone[a], alone[b])
            or {a, b} & taken
            or len(out) == MOST_MERGED
        ):
            continue
        taken |= {a, b}
        reason = both(
            "“{b}” follows “{a}” in the same office at once in {share:.0%} of the cases that have either",
            a=a,
            b=b,
            share=n / max(alone[a], alone[b]),
        )
        out.append((MergeSteps(first=a, second=b), *reason, ()))
    return out


def _at_once(process: Process, branch: Branch, step: Step) -> tuple[str, str] | None:
    """The activities of a step and of the one it follows, where one office does both without a pause."""
    if len(step.after) != 1 or step.wait < 0 or not process.waits[step.wait][AT_MEDIAN] <= AT_ONCE_H:
        return None
    a, b = process.nodes[branch.steps[step.after[0]].node], process.nodes[step.node]
    same = a.department == b.department and a.office == b.office and a.item == b.item and a.activity != b.activity
    # Who reviews does not decide: sign-offs of different levels stay apart.
    if not same or b.department is None or b.applicant or a.automatic or b.automatic or a.level != b.level:
        return None
    return a.activity, b.activity


def _materials(process: Process) -> list[Candidate]:
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
    out: list[Candidate] = []
    if fetched:
        measure = UseELicence(materials=tuple(process.material_names.get(m, m) for m in fetched))
        least = min(asked[m] for m in fetched) / process.cases
        reason = both(
            "{n} materials with an e-licence by the catalogue are asked of the applicant, each in at least {share:.0%} of the cases",
            n=len(fetched),
            share=least,
        )
        out.append((measure, *reason, ()))
    for material in order:
        if material in licensed or repeated[material] < SHARE * process.cases:
            continue
        name = process.material_names.get(material, material)
        share = repeated[material] / process.cases
        reason = both(
            "“{name}” is handed in for more than one item in {share:.0%} of the cases", name=name, share=share
        )
        out.append((ReuseMaterial(material=name), *reason, ()))
    return out


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
