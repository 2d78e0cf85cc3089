"""The table of what each measure saves: in the stated order, whatever the order, and of every metric."""

from types import SimpleNamespace

import pytest

from flowaudit.documents._shares import shares
from flowaudit.documents.content import Figure, Table
from flowaudit.metrics import CountingRule
from flowaudit.planning import Attribution, Bar, Savings

UNITS = {"steps": ("个", "steps"), "time": ("工作日", "working days")}


def attribution(method, notes=(), **saved):
    savings = []
    for metric, values in saved.items():
        rule = CountingRule("r", metric, metric, metric, *UNITS[metric], baseline="simulated")
        bars = tuple(Bar(f"M0{k}", f"举措{k}", f"measure {k}", v, v - 0.5, v + 0.5) for k, v in enumerate(values, 1))
        savings.append(Savings(metric, rule, 20.0, 20.0 - sum(values), bars))
    return Attribution(method, "median", 30, 0, 4, tuple(savings), notes)


STATED = attribution("waterfall", steps=(2.0, 0.0), time=(6.0, 3.0))
FREE = attribution("shapley", (("甲", "one needs the other"),), steps=(1.0, 1.0), time=(4.0, 5.0))


def tables(stated, free, lang="en"):
    blocks = shares(SimpleNamespace(attribution=stated, order_free=free, scenario=(1, 2)), lang)
    return blocks, [b for b in blocks if isinstance(b, Table)]


def test_the_order_free_share_stands_beside_the_waterfall():
    _blocks, (time, _every) = tables(STATED, FREE)
    assert time.rows[0][3:] == ("6.00", "5.50–6.50", "4.00", "3.50–4.50")
    assert time.rows[1][3:] == ("3.00", "2.50–3.50", "5.00", "4.50–5.50")
    assert time.rows[2][2:] == ("together", "9.00", "—", "9.00", "—")
    words = " ".join(time.notes)
    assert STATED.method_words("en") in words
    assert FREE.method_words("en") in words
    assert "one needs the other" in words


def test_without_it_the_stated_order_stands_alone():
    _blocks, (time, every) = tables(STATED, None)
    assert [len(row) for row in time.rows] == [5, 5, 5]
    assert every.rows[0][2:] == ("2.00", "6.00")
    assert STATED.method_words("en") in " ".join(every.notes)


def test_every_metric_is_told_by_the_order_free_share():
    _blocks, (_time, every) = tables(STATED, FREE)
    assert every.head[2:] == ("steps (steps)", "end-to-end time (working days)")
    assert [row[2:] for row in every.rows] == [("1.00", "4.00"), ("1.00", "5.00"), ("2.00", "9.00")]


def test_a_log_without_times_has_no_table_of_days():
    blocks, found = tables(attribution("waterfall", steps=(2.0, 0.0)), None)
    assert len(found) == 1
    assert not any(isinstance(b, Figure) for b in blocks)


def test_nothing_simulated_nothing_said():
    assert shares(SimpleNamespace(attribution=None, order_free=None, scenario=()), "en") == []


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_both_languages_have_words(lang):
    blocks, found = tables(STATED, FREE, lang)
    assert all(note for t in found for note in t.notes)
    assert len(blocks) == 4
