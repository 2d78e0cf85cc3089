"""Which input moves the result: shares of the variance that are known on paper, and effects that are exact."""

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest
from processes import CALENDAR, Path, Station, at, constant, exponential, line, network
from pydantic import Field

from flowaudit.errors import InsufficientDataError, UsageError
from flowaudit.planning import uncertainty
from flowaudit.planning.indices import sobol
from flowaudit.planning.inputs import Input, changed, inputs_of, relative_errors
from flowaudit.redesign import Measure, MeasureRefusedError, Scenario
from flowaudit.targets import Target


class Shorten(Measure):
    """A measure for tests: a share of all delays falls away."""

    id: ClassVar[str] = "T01"
    verb: ClassVar[str] = "shorten"
    category: ClassVar[str] = "U"
    expected: ClassVar[Mapping[str, str]] = {"time": "-"}
    subject: ClassVar[tuple[str, ...]] = ()
    seed: ClassVar[str] = "S0"
    varied: ClassVar[Mapping[str, tuple[float, ...]]] = {"share": (0.2, 0.8)}

    share: float = Field(default=0.5, ge=0, le=1, description="缩短比例 / share saved")

    @classmethod
    def name(cls, lang=None):
        return "缩短" if lang == "zh" else "shorten"

    description = risk = name

    def label(self, lang=None):
        return f"{self.name(lang)} {self.share:.0%}"

    def transform(self, process):
        return replace(process, waits=process.waits * (1.0 - self.share)), process.cases if self.share else 0


HOURS = 240.0
"""Ten days of every case's delay, that run at night and on weekends: five sevenths of them are working days."""


@pytest.fixture(scope="module")
def process():
    """Delays only, on a clock that never stops; a case arrives every hour of a whole week."""
    return line(
        Station("apply", None, servers=0),
        Station("decide", constant(0.0), servers=0, delay=constant(HOURS)),
        arrivals=at(*range(168)),
        source="diagram",
    )


SCENARIO = Scenario.of("甲", [Shorten()])
OPTIONS = {"samples": 16, "cases": 168, "replications": 1, "calendar": CALENDAR}


RANGES = {"delay": (0.8, 1.2), "demand": (0.999, 1.001)}
TOLD = []


@pytest.fixture(scope="module")
def found(process):
    return uncertainty(process, SCENARIO, ranges=RANGES, progress=lambda *done: TOLD.append(done), **OPTIONS)


def test_with_delays_only_the_effect_is_exact(found):
    """Half of 240 hours is five days, of which five sevenths are working days."""
    assert found.base == pytest.approx(HOURS / 24 * 5 / 7 / 2, rel=0.02)
    swings = {s.input.key: s for s in found}
    assert swings["1.share"].at_low == pytest.approx(0.2 * HOURS / 24 * 5 / 7, rel=0.02)
    assert swings["1.share"].at_high == pytest.approx(0.8 * HOURS / 24 * 5 / 7, rel=0.02)
    assert swings["delay"].at_high / swings["delay"].at_low == pytest.approx(1.2 / 0.8, rel=0.02)
    # Nobody works: neither more work nor more cases change anything.
    assert swings["demand"].size < 0.05
    assert "work" not in swings


def test_the_shares_of_the_variance_are_those_on_paper(found):
    """A product of two independent uniform variables X (share, .2 to .8) and Z (delay, .8 to 1.2).

    V = v m'^2 + v' m^2 + v v' with m = .5, v = .03, m' = 1, v' = .01333.
    """
    v, m, w, n = 0.6**2 / 12, 0.5, 0.4**2 / 12, 1.0
    total = v * n * n + w * m * m + v * w
    indices = {i.input.key: i for i in found.indices}
    # So few samples are rough.
    assert indices["1.share"].total == pytest.approx((v * n * n + v * w) / total, abs=0.35)
    assert indices["delay"].total == pytest.approx((w * m * m + v * w) / total, abs=0.06)
    for index in indices.values():
        assert index.bounds[0] <= min(index.total, 1.0) <= index.bounds[1]
    assert found.indices[0].input.key == "1.share"
    assert found.measure_first.key == "1.share"
    assert "shorten: share saved" in " ".join(found.sentences("en"))


def test_the_result_spreads_as_far_as_its_inputs_let_it(found):
    least, most = 0.2 * 0.8, 0.8 * 1.2
    unit = HOURS / 24 * 5 / 7
    assert least * unit < found.low < found.base < found.high < most * unit * 1.02


def test_a_linear_function_has_the_indices_of_its_squared_slopes():
    """y = a + 2 b + 3 c on [0, 1]: 1/14, 4/14, 9/14, first and total alike."""
    inputs = tuple(Input(k, 0.0, 0.5, 1.0, k, k) for k in "abc")
    indices, spread = sobol(inputs, lambda x: x["a"] + 2 * x["b"] + 3 * x["c"], 256, 11)
    assert [i.input.key for i in indices] == ["c", "b", "a"]
    for index, share in zip(indices, (9 / 14, 4 / 14, 1 / 14), strict=True):
        assert index.first == pytest.approx(share, abs=0.04)
        assert index.total == pytest.approx(share, abs=0.02)
        assert len(spread) == 512
    assert spread.mean() == pytest.approx(3.0, abs=0.05)


def test_a_product_has_the_indices_on_paper():
    """X uniform on .2 to .8, Z on .8 to 1.2: alone v m'^2 / V and v' m^2 / V, together v v' / V more."""
    inputs = (Input("x", 0.2, 0.5, 0.8, "x", "x"), Input("z", 0.8, 1.0, 1.2, "z", "z"))
    indices, _spread = sobol(inputs, lambda i: i["x"] * i["z"], 512, 3)
    v, w = 0.6**2 / 12, 0.4**2 / 12
    total = v + w * 0.25 + v * w
    x, z = indices
    assert (x.first, x.total) == (pytest.approx(v / total, abs=0.03), pytest.approx((v + v * w) / total, abs=0.03))
    assert (z.first, z.total) == (
        pytest.approx(w / 4 / total, abs=0.03),
        pytest.approx((w / 4 + v * w) / total, abs=0.01),
    )


def test_an_input_that_does_nothing_has_no_share():
    inputs = tuple(Input(k, 0.0, 0.5, 1.0, k, k) for k in "ab")
    indices, _spread = sobol(inputs, lambda x: x["a"] ** 2, 64, 1)
    assert indices[0].input.key == "a"
    assert indices[1].total == pytest.approx(0.0, abs=1e-9)


def test_a_seed_of_zero_is_a_seed_and_global_luck_is_left_alone():
    state = np.random.get_state()[1].copy()
    inputs = (Input("a", 0.0, 0.5, 1.0, "a", "a"),)
    assert sobol(inputs, lambda x: x["a"], 8, 0)[0] == sobol(inputs, lambda x: x["a"], 8, 0)[0]
    assert (np.random.get_state()[1] == state).all()


def test_a_target_is_met_as_often_as_its_inputs_let_it(process):
    """The time after the redesign is (1 - share) * delay * 50/7 working days; at most 3.57 is met in half of the combinations."""
    target = Target(metric="time", statistic="mean", at_most=HOURS / 24 * 5 / 7 / 2)
    found = uncertainty(process, SCENARIO, target=target, ranges={"delay": (0.95, 1.05)}, **OPTIONS)
    assert found.base == pytest.approx(HOURS / 24 * 5 / 7 / 2, rel=0.02)
    assert found.met == pytest.approx(0.5, abs=0.2)
    assert found.what("en") == target.asked("en")
    assert any("met in" in s for s in found.sentences("en"))


def test_where_nothing_is_uncertain_that_is_said():
    still = line(
        Station("apply", None, servers=0), Station("decide", None, servers=0, delay=constant(24.0)), source="diagram"
    )
    found = uncertainty(still, Scenario("空"), **(OPTIONS | {"cases": 1}))
    assert len(found) == 0
    assert "known to be uncertain" in str(found)
    assert found.table().empty


def test_where_nothing_moves_the_result_that_is_said(process):
    found = uncertainty(process, Scenario("空"), **(OPTIONS | {"cases": 50}))
    assert found.indices == ()
    assert found.base == 0.0
    assert "none of the 1 uncertain inputs moves it" in str(found)
    assert found.measure_first is None


def test_the_standard_error_of_a_fitted_mean_on_paper():
    """Two ways of 10 and 30 hours: mean 20, deviation 10, so of 100 cases 5 %; exponential tables have their own."""
    stations = [
        Station("a", None, servers=0, delay=constant(10.0)),
        Station("b", None, servers=0, delay=constant(30.0)),
    ]
    ways = network(stations, [Path(("a",), weight=50.0), Path(("b",), weight=50.0)])
    assert relative_errors(ways) == (pytest.approx(0.05), 0.0)
    one = line(Station("a", exponential(2.0), servers=0))
    many = replace(one, templates=tuple(replace(t, cases=400.0) for t in one.templates))
    assert relative_errors(many)[1] == pytest.approx(1 / 20, rel=0.03)
    # What a diagram states was not fitted.
    assert relative_errors(replace(many, source="diagram")) == (0.0, 0.0)


def test_a_value_that_changes_nothing_leaves_the_measure_out(process):
    inputs = inputs_of(process, SCENARIO)
    before, after = changed(process, SCENARIO, inputs, {"1.share": 0.0})
    assert after is before
    _before, half = changed(process, SCENARIO, inputs, {"delay": 2.0})
    assert half.waits[0, 0] == pytest.approx(HOURS)
    with pytest.raises(MeasureRefusedError):
        changed(process, Scenario.of("乙", [Shorten(share=0.0)]), (), {})


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"samples": 48}, "power of 2"),
        ({"samples": 8}, "at least 16"),
        ({"metric": "tme"}, "tme"),
        ({"statistic": "p50"}, "p50"),
        ({"ranges": {"dely": (0.9, 1.1)}}, "dely"),
        ({"ranges": {"delay": (1.1, 1.2)}}, "range of delay"),
    ],
)
def test_what_makes_no_sense_is_refused(process, options, named):
    with pytest.raises(UsageError, match=named):
        uncertainty(process, SCENARIO, **(OPTIONS | {"cases": 50} | options))


def test_what_is_not_recorded_is_refused(process):
    with pytest.raises(InsufficientDataError, match="not recorded"):
        uncertainty(process, SCENARIO, metric="materials", **(OPTIONS | {"cases": 50}))


def test_progress_comes_to_its_end_and_both_languages_speak(found):
    assert TOLD[-1][0] == TOLD[-1][1] == TOLD[0][1]
    for lang in ("zh", "en"):
        assert all(found.to_dict(lang)["sentences"])
    assert "<table>" in found._repr_html_()
    assert list(found.table()["input"]) == [s.input.key for s in found]
