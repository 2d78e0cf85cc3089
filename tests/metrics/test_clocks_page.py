"""The worked examples of docs/clocks.md, part 二, run as they stand there."""

import doctest
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "clocks.md"


def test_the_examples_of_the_page_are_right():
    part = PAGE.read_text(encoding="utf-8").partition("## 二、")[2].partition("\n## ")[0]
    examples = doctest.DocTestParser().get_doctest(part.replace("```", ""), {}, PAGE.name, str(PAGE), 0)
    assert len(examples.examples) > 20
    found = doctest.DocTestRunner(verbose=False).run(examples)
    assert found.failed == 0
