"""The front of a search as a picture: one row each, both languages, what is not stated is not drawn."""

import pytest
from planted_problems import CALENDAR, planted

from flowaudit.planning import search
from flowaudit.redesign import Candidates
from flowaudit.views import draw, front_chart
from flowaudit.views.picture import Box, Text

OPTIONS = {"cases": 60, "metrics": ("steps", "time"), "workers": 1, "policy": "C_node", "calendar": CALENDAR}


@pytest.fixture(scope="module")
def found():
    problem = planted(4, sections=2)
    return search(problem.process, problem.candidates, **OPTIONS)


def test_every_portfolio_is_a_row_of_squares(found):
    picture = front_chart(found, lang="en")
    shown = [p for p in found.front if p.portfolio][:14]
    taken = [s for s in picture.shapes if isinstance(s, Box) and s.fill == "#14304d"]
    assert len(taken) == sum(len(p.portfolio) for p in shown)
    words = [s.text for s in picture.shapes if isinstance(s, Text)]
    assert "cost" in words
    assert "risk" not in words
    for k, candidate in enumerate(found.candidates, 1):
        assert any(w.startswith(f"{k} {candidate.label('en')[:10]}") for w in words)


def test_draw_knows_it_in_both_languages(found, tmp_path):
    for lang in ("zh", "en"):
        draw(found, lang=lang).save(tmp_path / f"front_{lang}.png")
        assert (tmp_path / f"front_{lang}.png").stat().st_size > 1000
    assert draw(found, lang="zh").notes[1] == found.rule("zh")


def test_costs_nobody_stated_are_not_drawn():
    problem = planted(4, sections=1)
    plain = Candidates.of("plain", [c.measure for c in problem.candidates])
    words = [
        s.text for s in front_chart(search(problem.process, plain, **OPTIONS), lang="en").shapes if isinstance(s, Text)
    ]
    assert "cost" not in words
