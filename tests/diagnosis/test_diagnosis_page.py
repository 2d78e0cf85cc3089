"""docs/diagnosis.md: its examples run as they stand there, and its table of rules says what the rules say."""

import doctest
import re
from pathlib import Path

import pytest

from flowaudit.diagnosis import CAUSES, RULES, diagnose
from flowaudit.eventlog import read_log
from flowaudit.worktime import Calendar

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "diagnosis.md"
LOGS = {
    "receipt": "receipt.xes.gz", "BPIC15_1": "BPIC15_1.xes.gz", "DomesticDeclarations": "DomesticDeclarations.xes.gz",
    "BPIC_2012_W": "BPIC_2012_W_train.csv.gz",
}  # fmt: skip


def test_the_examples_of_the_page_are_right():
    text = PAGE.read_text(encoding="utf-8").replace("```", "")
    examples = doctest.DocTestParser().get_doctest(text, {}, PAGE.name, str(PAGE), 0)
    assert len(examples.examples) > 30
    found = doctest.DocTestRunner(verbose=False).run(examples)
    assert found.failed == 0


def table():
    """Return the rows of the table of rules: rule and name, words, thresholds, data, measures."""
    page = PAGE.read_text(encoding="utf-8")
    part = page[page.index("| 规则 | 官方表述 |") :].split("\n\n")[0]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in part.splitlines()[2:]]


def test_the_table_has_every_rule_once_under_its_name():
    assert [row[0] for row in table()] == [f"{rule.id} {rule.name('zh')}" for rule in RULES.values()]


def test_thresholds_are_the_defaults_and_have_a_place_in_the_words():
    for (_name, words, thresholds, *_), rule in zip(table(), RULES.values(), strict=True):
        told = {name: float(value) for name, value in re.findall(r"`([a-z_]+)=([\d.]+)`", thresholds)}
        assert told == rule.defaults, rule.id
        assert set(re.findall(r"`([a-z_]+)`", words)) == set(told), rule.id


def test_measures_are_those_of_the_rules():
    for row, rule in zip(table(), RULES.values(), strict=True):
        first = row[4].split("（")[0]
        assert tuple(re.findall(r"M\d\d", first)) == rule.measures, rule.id


def test_every_cause_is_defined():
    text = PAGE.read_text(encoding="utf-8")
    assert all(f"`{cause}`" in text for cause in CAUSES)


@pytest.mark.real_logs
@pytest.mark.parametrize("name", LOGS)
def test_findings_on_public_logs_are_those_of_the_page(name):
    path = ROOT.parent / "shared" / "logs" / LOGS[name]
    if not path.exists():
        pytest.skip(f"{name} is not here")
    mapping = ROOT / "docs" / "examples" / name / "mapping.toml"
    found = diagnose(read_log(path, mapping=mapping if mapping.exists() else None), calendar=Calendar.weekdays())
    text = PAGE.read_text(encoding="utf-8")
    section = text[text.index(f"### {name}（") :].split("\n#")[0]
    told = [line for line in section.splitlines() if line.startswith("| ") and " / " in line]
    assert len(told) == len(list(found)[:5])
    for line, finding in zip(told, found, strict=False):
        figures = [
            f"{n:,}".replace(",", " ") for n in (finding.cases, finding.population, round(finding.saving_days_total))
        ]
        assert f"| {figures[0]} / {figures[1]} |" in line, finding.id
        assert line.endswith(f"| {figures[2]} |"), finding.id
