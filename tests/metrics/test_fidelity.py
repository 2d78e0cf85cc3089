"""What an office may do with a simulation: judged by figures, waits and queues, and said in words."""

import pytest

from flowaudit.metrics import DistanceRow, Fidelity, FidelityRow, WaitRow, trust_of

GOOD = FidelityRow("time", "in_sample", "median", 20.0, 20.5, 0.025, "usable")
LATE = FidelityRow("time", "held_out", "p90", 10.0, 15.0, 0.5, "not_usable")
MET, MISSED = WaitRow("review", 100, 10.0, 11.0, True), WaitRow("sign", 50, 10.0, 20.0, False)


@pytest.mark.parametrize(
    ("found", "trust"),
    [
        (Fidelity(), None),
        (Fidelity((GOOD,), (MET,)), "usable"),
        (Fidelity((GOOD,), (MET, MISSED)), "with_care"),
        (Fidelity((GOOD,), (MET,), backlog_growth=0.9), "with_care"),
        (Fidelity((GOOD,), (MET,), backlog_growth=0.2), "usable"),
        (Fidelity((GOOD, LATE), (MET,)), "not_usable"),
        (Fidelity((GOOD,), (MET,), (DistanceRow("ctd", 9.0, 1.0, 0.1, "not_usable"),)), "usable"),
    ],
)
def test_the_worst_of_figures_waits_and_queues_decides(found, trust):
    assert found.trust == trust


def test_it_says_which_figure_is_off_and_that_the_office_changed():
    text = Fidelity((GOOD, LATE), (MET, MISSED)).text("en")
    assert "observed 10, simulated 15" in text
    assert "observed 20, simulated" not in text
    assert "works otherwise since" in text
    assert "sign" in text


def test_chinese_words_are_those_of_an_office():
    assert "可信" in Fidelity((GOOD,)).text("zh")
    assert "谨慎使用" in Fidelity((GOOD,), (MISSED,)).text("zh")
    assert "不可用于测算" in Fidelity((LATE,)).text("zh")


def test_what_is_as_good_as_equal_depends_on_the_figure():
    assert trust_of(0.0, 0.4) == "usable"
    assert trust_of(1.0, 1.3, as_good_as=0.1) == "not_usable"


def test_of_one_metric():
    assert Fidelity((GOOD, LATE)).of("time") == "not_usable"
    assert Fidelity((GOOD,)).of("steps") is None
