"""Write the worked studies in docs/studies: from a log to measures, what they save, and which targets are within reach.

    python docs/make_studies.py [receipt|DomesticDeclarations|restaurant ...] [--logs FOLDER]

The public logs are not part of the project: give the folder they lie in (README of docs/studies says where they are published). Every
number and picture of a page comes from the run; nothing is typed in by hand.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import flowaudit as fa
from flowaudit.catalogue import Catalogue
from flowaudit.eventlog import EventLog, as_unit, sample_folder
from flowaudit.messages import speaking
from flowaudit.metrics import Figure, Trust, metric_label, trust_name
from flowaudit.planning import Coalitions, promise, recommend, robust, search, shapley, waterfall
from flowaudit.process import Process
from flowaudit.redesign import Candidate, Candidates, Entry, Scenario, diff, propose
from flowaudit.simulation import Runs, fidelity, simulate
from flowaudit.study import read_settings
from flowaudit.targets import Measured, Verdict, evaluate, interval, measure_runs
from flowaudit.worktime import Calendar, load_calendar

DOCS = Path(__file__).parent
PAGES = DOCS / "studies"
REPLICATIONS = 30
SHOWN = 8
MOST_SHARED = 5
"""Measures up to which the savings are shared out whatever the order; above, in the stated order, which is quicker."""

SOURCES = {
    "receipt": (
        "Buijs, J.: *Receipt phase of an environmental permit application process (WABO), CoSeLoG project*, 4TU.ResearchData, 2014, "
        "doi 10.4121/uuid:a07386a5-7be3-4367-9535-70bc9e77dbe6"
    ),
    "DomesticDeclarations": (
        "van Dongen, B.: *BPI Challenge 2020: Domestic Declarations*, 4TU.ResearchData, 2020, "
        "doi 10.4121/uuid:3f422315-ed9d-4882-891f-e180b5b4feb5"
    ),
    "restaurant": "随本工具提供的合成数据 `sample_logs/restaurant`（程序生成，不是任何真实办件）",
}


@dataclass(frozen=True)
class Case:
    """A study: its log, and what an analyst adds to the measures that are suggested."""

    name: str
    log: EventLog
    catalogue: Catalogue | None
    calendar: Calendar
    policy: str | None
    title: str
    added: Callable[[Scenario], Scenario]


def receipt(scenario: Scenario) -> Scenario:
    """The stop advice does not need the confirmation: the guide of the process lists both after the receipt."""
    beside = fa.MEASURES["M04"](names=("T02 Check confirmation of receipt", "T06 Determine necessity of stop advice"))
    return Scenario(scenario.name, (Entry(beside), *scenario.entries))


def case(name: str, logs: Path | None) -> Case:
    folder = DOCS / "examples" / name
    settings = read_settings(folder / "config.toml")
    calendar = load_calendar(settings.calendar)
    if name == "restaurant":
        sample = sample_folder(name)
        catalogue = fa.read_catalogue(sample / "catalogue")
        return Case(name, fa.read_folder(sample), catalogue, calendar, settings.policy, settings.title, lambda s: s)
    if logs is None or not (logs / f"{name}.xes.gz").is_file():
        sys.exit(f"{name}: give the folder of the public log {name}.xes.gz with --logs")
    log = fa.read_log(logs / f"{name}.xes.gz", fa.read_mapping(folder / "mapping.toml"))
    added = receipt if name == "receipt" else (lambda s: s)
    return Case(name, log, None, calendar, settings.policy, settings.title, added)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(str(c).replace("|", "\\|").replace("\n", " ") for c in row) + " |" for row in rows]
    return "\n".join(lines)


def compared(verdict: Verdict) -> str:
    rows = []
    for c in verdict.comparisons:
        before, after = c.before, c.after
        means = f"{before.extra['mean']:.2f} → {after.extra['mean']:.2f}"
        rate = c.reduction.rate
        rows.append(
            (metric_label(c.metric, "zh"), before.rule.unit("zh"), f"{before.value:.1f} → {after.value:.1f}",
             f"{c.difference:+.2f}（{c.low:+.2f} 至 {c.high:+.2f}）", "—" if rate is None else f"{rate:.0%}", means)
        )  # fmt: skip
    return table(("指标", "单位", "改前 → 改后（中位数）", "差（95 % 区间）", "减少率", "平均数改前 → 改后"), rows)


def reach(verdict: Verdict, before: Measured, after: Measured) -> str:
    """Which reductions of the median and of the mean are met, and which are not, by the paired interval; and how far the model goes."""
    rows = []
    for c in verdict.comparisons:
        judged = [row.trust for row in verdict.fidelity if row.metric == c.metric]
        order: tuple[Trust, ...] = ("not_usable", "with_care", "usable")
        worst = next((t for t in order if t in judged), None)
        model = "未检验" if worst is None else trust_name(worst, "zh")
        for statistic, of in (("中位数", np.median), ("平均数", np.mean)):
            old, new = (
                np.array([of(part) for part in m.samples(np.asarray(m.values(c.metric), float))])
                for m in (before, after)
            )
            _saved, low, high = interval(old - new)
            name, value = f"{metric_label(c.metric, 'zh')}（{statistic}）", float(old.mean())
            if worst == "not_usable":
                rows.append((name, "不作结论", "不作结论", model))
            elif value <= 0:
                rows.append((name, "改前为 0，没有可减的", "", model))
            elif low <= 0:
                rows.append((name, "不能承诺减少", f"高于 {max(high / value, 0.0):.0%}", model))
            else:
                rows.append((name, f"不高于 {low / value:.0%}", f"高于 {high / value:.0%}", model))
    return table(("指标", "可以达到的压减目标", "达不到的压减目标", "模型"), rows)


def page(chosen: Case) -> str:
    findings = fa.diagnose(chosen.log, chosen.catalogue, calendar=chosen.calendar)
    process = fa.fit_process(chosen.log, chosen.catalogue, calendar=chosen.calendar)
    observed = fa.four_reductions(chosen.log, chosen.catalogue, policy=chosen.policy, calendar=chosen.calendar)
    proposed, suggestions, refused = propose(findings, process, lang="zh")
    scenario = chosen.added(proposed)
    stages = scenario.stages(process)
    before, after = (simulate(p, replications=REPLICATIONS, calendar=chosen.calendar) for p in (process, stages[-1]))
    trust = fidelity(process, chosen.log, chosen.catalogue, before=before, calendar=chosen.calendar)
    was, now = (
        measure_runs(runs, chosen.catalogue, policy=chosen.policy, calendar=chosen.calendar) for runs in (before, after)
    )
    verdict = evaluate(
        now, baseline=was, catalogue=chosen.catalogue, policy=chosen.policy, calendar=chosen.calendar, fidelity=trust
    )
    pictures = DOCS / "pictures" / "studies"
    pictures.mkdir(parents=True, exist_ok=True)
    fa.draw(diff(process, stages[-1]), lang="zh").save(pictures / f"{chosen.name}_diff.svg")
    known = Coalitions(process, scenario, before=before, after=after, policy=chosen.policy, calendar=chosen.calendar)
    shared = shapley(known, statistic="mean") if len(scenario) <= MOST_SHARED else waterfall(known, statistic="mean")
    fa.draw(shared, lang="zh").save(pictures / f"{chosen.name}_shares.png")
    words = [
        f"# {chosen.title}：从日志到举措",
        "> **English summary.** " + _summary(chosen, scenario, verdict),
        "由 `python docs/make_studies.py` 生成，文中数字和图都来自这一次运行，没有一处手写。",
        "## 一、数据",
        f"来源：{SOURCES[chosen.name]}。{as_unit(chosen.log).n_cases:,} 件，{chosen.log.n_events:,} 条记录；日历：{chosen.calendar.name}。",
        _observed(observed),
        "## 二、模型像不像",
        "\n".join(f"- {line}" for line in trust.text("zh").splitlines() if line.strip()),
        "## 三、发现（均为线索，建议核查）",
        table(("规则", "线索", "涉及件数"), [(f.rule, f.statement_zh, f"{f.cases:,}") for f in list(findings)[:SHOWN]]),
        "## 四、由此提出的举措",
        _measures(scenario, suggestions, scenario.cautions(stages)),
        _refused(refused),
        "## 五、仿真的效果",
        compared(verdict),
        *(zh for zh, _en in verdict.notes),
        f"![改前与改后](../pictures/studies/{chosen.name}_diff.svg)",
        f"![各举措的份额](../pictures/studies/{chosen.name}_shares.png)",
        shared.method_words("zh"),
        "## 六、哪些目标够得着",
        "沪府办〔2020〕6号没有规定压减比例，这里也不代为设定。下表只说：按这组举措仿真，多高的目标达得到（95 % 区间的保守一端），多高的达不到。"
        "它只含仿真的机会误差，不含模型误差；模型误差见第二节。",
        reach(verdict, was, now),
    ]  # fmt: skip
    if chosen.name == "restaurant":
        words += more(chosen, process, scenario, after)
    words += ["## 不能说的" if chosen.name != "restaurant" else "## 九、不能说的", _limits(process, trust)]
    return "\n\n".join(words) + "\n"


def _summary(chosen: Case, scenario: Scenario, verdict: Verdict) -> str:
    time = verdict.comparison("time")
    assert time is not None
    means = time.before.extra["mean"], time.after.extra["mean"]
    return (
        f"{as_unit(chosen.log).n_cases:,} cases; findings lead to {len(scenario)} measures ({', '.join(m.id for m in scenario)}). Simulated with common "
        f"random numbers, {REPLICATIONS} replications, the mean end-to-end time goes from {means[0]:.1f} to {means[1]:.1f} working days "
        f"(median {time.before.value:.1f} to {time.after.value:.1f}). Which targets are within reach, and what the log cannot support, is said below."
    )


def _observed(observed: fa.FourReductions) -> str:
    rows = []
    for metric, figure in observed.primary.items():
        if isinstance(figure, Figure):
            rows.append(
                (metric_label(metric, "zh"), f"{figure.value:.1f} {figure.rule.unit('zh')}", figure.rule.text("zh"))
            )
        else:
            rows.append((metric_label(metric, "zh"), "未记录", figure.reason("zh")))
    return table(("指标", "实际（中位数）", "口径"), rows)


def _measures(scenario: Scenario, suggestions: Sequence[object], cautions: Sequence[Sequence[tuple[str, str]]]) -> str:
    why = {s.measure: s.reason_zh for s in suggestions}  # type: ignore[attr-defined]
    rows = []
    for entry, held in zip(scenario.entries, cautions, strict=True):
        rows.append(
            (entry.measure.id, entry.label("zh"), why.get(entry.measure, "分析人员提出"), entry.measure.assumed("zh") or "—",
             "；".join(zh for zh, _en in held) or "—")
        )  # fmt: skip
    other = [s for s in suggestions if not s.by_default]  # type: ignore[attr-defined]
    text = table(("举措", "内容", "依据", "假定", "日志或目录的提示"), rows)
    if other:
        text += (
            "\n\n另外提出、但涉及编制或承诺，未列入方案的："
            + "；".join(f"{s.measure.id} {s.measure.label('zh')}" for s in other)
            + "。"
        )  # type: ignore[attr-defined]
    return text + "\n\n所有举措均需由法制机构审核。"


def _refused(refused: Sequence[object]) -> str:
    if not refused:
        return ""
    return "考虑过而没有列入的：\n\n" + table(("举措", "原因"), [(r.what_zh, r.reason_zh) for r in refused])  # type: ignore[attr-defined]


def _limits(process: Process, trust: object) -> str:
    lines = ["- 仿真的“改后”只与仿真的“改前”比，不与实际比；实际数另列。"]
    if not process.identifiable.work:
        lines.append(f"- {process.identifiable.reason_zh}：人员调整不能测算，合并环节看不出省时间。")
    if not process.has_materials:
        lines.append("- 日志没有材料和到场记录，减材料、减跑动无从说起。")
    lines.append("- 举措是否合法、部门是否愿意、申请量是否变化，日志都不知道。")
    return "\n".join(lines)


DECOYS = ("食品许可协查复核", "消防协查意见")
"""Activities of a loop: letting them run side by side is refused or changes next to nothing."""


def more(chosen: Case, process: Process, scenario: Scenario, after: Runs) -> list[str]:
    """For the sample: search the measures with two decoys, promise and robustness of what is found."""
    entries = [
        *scenario.entries,
        Entry(fa.MEASURES["M04"](names=DECOYS)),
        Entry(fa.MEASURES["M19"](pool="市场监管局·证照室", add=1)),
    ]
    candidates = Candidates("候选", tuple(Candidate(str(k), e) for k, e in enumerate(entries, 1)))
    found = search(process, candidates, policy=chosen.policy, calendar=chosen.calendar)
    fa.draw(found, lang="zh").save(DOCS / "pictures" / "studies" / f"{chosen.name}_front.png")
    best = recommend(found, process, catalogue=chosen.catalogue)[0]
    kept = promise(after, catalogue=chosen.catalogue, calendar=chosen.calendar)
    steady = robust(process, scenario, policy=chosen.policy, calendar=chosen.calendar)
    return [
        "## 七、在全部组合中寻找",
        f"候选为上述各项举措，加两项不起作用的“陪衬”（{candidates[len(entries) - 2].label('zh')}；{candidates[len(entries) - 1].label('zh')}）。"
        + found.rule("zh"),
        f"![没有被任何组合压过的组合](../pictures/studies/{chosen.name}_front.png)",
        "\n".join(f"- {s}" for s in best.sentences("zh")),
        "## 八、承诺与稳健性",
        "\n".join(f"- {s}" for s in kept.sentences("zh")),
        "\n".join(f"- {s}" for s in steady.sentences("zh")),
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("studies", nargs="*", default=list(SOURCES))
    parser.add_argument("--logs", type=Path)
    asked = parser.parse_args()
    PAGES.mkdir(exist_ok=True)
    for name in asked.studies:
        with speaking("zh"):
            text = page(case(name, asked.logs))
        (PAGES / f"{name}.md").write_text(text, encoding="utf-8", newline="\n")
        print(f"docs/studies/{name}.md")


if __name__ == "__main__":
    main()
