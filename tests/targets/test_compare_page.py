"""docs/compare.md: its examples run as they stand there."""

import doctest
from pathlib import Path

from flowaudit.messages import speaking

PAGE = Path(__file__).parents[2] / "docs" / "compare.md"


def test_the_examples_of_the_page_are_right():
    text = PAGE.read_text(encoding="utf-8").replace("```", "")
    examples = doctest.DocTestParser().get_doctest(text, {}, PAGE.name, str(PAGE), 0)
    assert len(examples.examples) > 15
    with speaking("en"):
        found = doctest.DocTestRunner(verbose=False).run(examples)
    assert found.failed == 0
