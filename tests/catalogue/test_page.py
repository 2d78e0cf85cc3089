"""docs/catalogue.md tells every table, column, list and rule, and the figures that the tests measure."""

from pathlib import Path

from flowaudit.catalogue import GUIDE_RULES, TABLES, CatalogueMapping, code_lists

PAGE = (Path(__file__).parents[2] / "docs" / "catalogue.md").read_text(encoding="utf-8")


def test_every_column_stands_in_its_table():
    for name, model in TABLES.items():
        part = PAGE.split(f"### {model.title} `{name}`")[1].split("\n#")[0]
        for column in model.columns():
            assert f"| `{column.name}`{' **必填**' if column.required else ''} | {column.label} |" in part, (
                name,
                column.name,
            )


def test_every_list_and_rule_is_told():
    for found in code_lists():
        assert f"| `{found.name}` |" in PAGE
        assert found.source in PAGE
    for rule in GUIDE_RULES:
        line = next(line for line in PAGE.splitlines() if line.startswith(f"| {rule.id} |"))
        assert all(f"`{column}`" in line for need in rule.needs for column in need)


def test_the_answers_shown_are_valid():
    import tomlkit

    block = PAGE.split("```toml")[1].split("```")[0]
    assert CatalogueMapping(**tomlkit.parse(block).unwrap()).codes["necessity"] == "national.necessity"


def test_the_published_figures_are_those_of_the_tests():
    assert f"| 100 % | {61 / 64:.1%} |".replace("%", " %").replace("100  %", "100 %") in PAGE
    assert f"| {31 / 33:.1%} | {31 / 53:.1%} |".replace("%", " %") in PAGE


def test_the_worked_example_of_the_longest_path():
    import pandas as pd

    from flowaudit.catalogue import Catalogue

    items = pd.DataFrame(
        {
            "item_code": ["甲", "乙", "丙"],
            "name": ["甲", "乙", "丙"],
            "promised_days": [5, 3, 4],
            "promised_unit": "工作日",
        }
    )
    relations = pd.DataFrame({"src_item": ["甲"], "dst_item": ["乙"], "relation": ["precedes"]})
    path = Catalogue(items=items, item_relations=relations).longest_path()
    assert (path.items, path.limit.amount) == (("甲", "乙"), 8)
