"""Quantile tables keep the mean and the atoms of what they were made from, and stand in for named families."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from flowaudit.errors import InsufficientDataError, UsageError
from flowaudit.process.quantiles import FAMILIES, GRID, PRIOR_CASES, band_means, blend, family, fit_family, mean, table

samples = st.lists(st.floats(0, 1e4, allow_nan=False), min_size=1, max_size=200).map(np.array)

STATED = {
    "constant": {"value": 2.0},
    "exponential": {"mean": 2.0},
    "uniform": {"low": 1.0, "high": 3.0},
    "triangular": {"low": 1.0, "mode": 1.5, "high": 4.0},
    "lognormal": {"mean": 2.0, "cv": 0.7},
    "gamma": {"mean": 2.0, "cv": 0.5},
    "weibull": {"mean": 2.0, "shape": 1.7},
}
MEANS = dict.fromkeys(STATED, 2.0) | {"triangular": 6.5 / 3}


def scipy_family(name, p):
    if name == "exponential":
        return stats.expon(scale=p["mean"])
    if name == "triangular":
        return stats.triang(
            (p["mode"] - p["low"]) / (p["high"] - p["low"]), loc=p["low"], scale=p["high"] - p["low"]
        )  # fmt: skip
    if name == "lognormal":
        variance = np.log(1 + p["cv"] ** 2)
        return stats.lognorm(np.sqrt(variance), scale=p["mean"] / np.exp(variance / 2))
    if name == "gamma":
        return stats.gamma(p["cv"] ** -2, scale=p["mean"] * p["cv"] ** 2)
    if name == "weibull":
        one = stats.weibull_min(p["shape"]).mean()
        return stats.weibull_min(p["shape"], scale=p["mean"] / one)
    return stats.uniform(p["low"], p["high"] - p["low"])


def drawn(knots, n=20_000):
    return np.interp((np.arange(n) + 0.5) / n, GRID, knots)


class TestGrid:
    def test_reaches_from_0_to_one_in_a_million_and_1(self):
        assert GRID[0] == 0.0
        assert GRID[-1] == 1.0
        assert pytest.approx(1e-6) == 1.0 - GRID[-2]
        assert (np.diff(GRID) > 0).all()
        assert len(GRID) == 19 + 25 + 1


class TestTables:
    @given(samples)
    def test_has_the_mean_of_its_sample(self, values):
        assert mean(table(values)) == pytest.approx(values.mean(), rel=1e-6, abs=1e-6)

    @given(samples)
    def test_never_falls_and_is_never_negative(self, values):
        knots = table(values)
        assert (np.diff(knots) >= -1e-9).all()
        assert knots[0] >= 0.0

    def test_zeros_stay_zeros(self):
        values = np.r_[np.zeros(80), np.full(20, 10.0)]
        seen = drawn(table(values))
        assert (seen == 0).mean() == pytest.approx(0.8, abs=0.05)
        assert seen.mean() == pytest.approx(2.0, rel=0.01)

    def test_one_value_is_a_constant(self):
        assert (table(np.array([3.0])) == 3.0).all()

    def test_a_large_sample_is_drawn_again(self):
        values = np.random.default_rng(1).gamma(2.0, 3.0, 50_000)
        assert stats.ks_2samp(values, drawn(table(values))).statistic < 0.025

    def test_the_tail_is_kept(self):
        """Promises break in the tail: its quantiles are those of the sample, up to the factor that keeps the mean."""
        values = np.random.default_rng(2).lognormal(0.0, 1.5, 200_000)
        for p in (0.99, 0.999):
            assert np.interp(p, GRID, table(values)) == pytest.approx(np.quantile(values, p), rel=0.03)

    def test_mean_by_hand(self):
        """Half an hour up to the median, rising to 1.5 h at the end: 0.25 + 0.5."""
        knots = np.where(GRID <= 0.5, 0.5, 0.5 + 2.0 * (GRID - 0.5))
        assert mean(knots) == pytest.approx(0.25 + 0.5)


class TestBands:
    @given(samples, st.integers(1, 6))
    def test_means_of_the_parts_and_of_the_whole(self, values, bands):
        knots = table(values)
        u = (np.arange(60_000) + 0.5) / 60_000
        expected = np.interp(u, GRID, knots).reshape(bands, -1).mean(axis=1)
        found = band_means(knots, bands)
        np.testing.assert_allclose(found[:-1], expected, rtol=1e-2, atol=1e-3)
        assert found[-1] == pytest.approx(mean(knots), rel=1e-9, abs=1e-9)
        assert found[:-1].mean() == pytest.approx(found[-1], rel=1e-9, abs=1e-9)


class TestBlending:
    def test_few_values_count_little(self):
        fine, coarse = np.full(len(GRID), 10.0), np.zeros(len(GRID))
        assert blend(fine, coarse, int(PRIOR_CASES))[0] == pytest.approx(5.0)
        assert blend(fine, coarse, 990)[0] == pytest.approx(9.9)
        assert blend(fine, coarse, 0)[0] == 0.0

    @given(samples, samples, st.integers(0, 1000))
    def test_the_mean_is_blended_like_the_values(self, a, b, n):
        weight = n / (n + PRIOR_CASES)
        expected = weight * a.mean() + (1 - weight) * b.mean()
        assert mean(blend(table(a), table(b), n)) == pytest.approx(expected, rel=1e-6, abs=1e-6)


class TestFamilies:
    def test_all_are_tried_here(self):
        assert STATED.keys() == FAMILIES.keys()

    @pytest.mark.parametrize("name", FAMILIES)
    def test_has_the_mean_it_states(self, name):
        knots = family(name, **STATED[name])
        assert mean(knots) == pytest.approx(MEANS[name], rel=1e-6 if name != "uniform" else 1e-9)
        assert (np.diff(knots) >= 0).all()

    @pytest.mark.parametrize("name", [n for n in FAMILIES if n != "constant"])
    def test_is_the_family_all_along(self, name):
        truth = scipy_family(name, STATED[name])
        knots = family(name, **STATED[name])
        lower = (GRID > 0.0) & (GRID <= 0.5)
        np.testing.assert_allclose(knots[lower], truth.ppf(GRID[lower]), rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(knots[1:-1], truth.ppf(GRID[1:-1]), rtol=0.01, atol=1e-9)
        # Straight lines between knots that are 5 % apart.
        assert stats.kstest(drawn(knots, 5_000), truth.cdf).statistic < 0.02

    @pytest.mark.parametrize(
        ("name", "parameters"),
        [(n, p) for n, p in STATED.items() if n != "constant"]
        + [(n, {"mean": 3.0, "cv": cv}) for n in ("lognormal", "gamma") for cv in (0.1, 0.2, 0.4, 1.0)],
    )
    def test_has_the_spread_it_states(self, name, parameters):
        knots = family(name, **parameters)
        a, b = knots[:-1], knots[1:]
        square = float(np.sum(np.diff(GRID) * (a * a + a * b + b * b) / 3.0))
        assert np.sqrt(square - mean(knots) ** 2) == pytest.approx(scipy_family(name, parameters).std(), rel=0.01)

    def test_the_last_piece_has_the_mean_of_the_tail(self):
        """One draw in a million lies beyond the last knot but one: an exponential tail is one mean longer there."""
        knots = family("exponential", mean=2.0)
        begin = -2.0 * np.log(1e-6)
        tail = integrate.quad(lambda x: x * np.exp(-x / 2.0) / 2.0, begin, 200.0)[0] / 1e-6
        assert (knots[-2] + knots[-1]) / 2 == pytest.approx(tail, rel=0.01)

    @pytest.mark.parametrize(
        ("name", "parameters", "words"),
        [
            ("exponentail", {"mean": 1.0}, "exponentail"),
            ("exponential", {}, "mean"),
            ("exponential", {"mean": 1.0, "cv": 1.0}, "cv"),
            ("exponential", {"mean": 0.0}, "mean"),
            ("exponential", {"mean": -1.0}, "mean"),
            ("exponential", {"mean": float("nan")}, "mean"),
            ("gamma", {"mean": 1.0, "cv": 0.0}, "cv"),
            ("weibull", {"mean": 1.0, "shape": float("inf")}, "shape"),
            ("constant", {"value": -0.5}, "value"),
            ("uniform", {"low": 3.0, "high": 2.0}, "high"),
            ("triangular", {"low": 1.0, "mode": 5.0, "high": 4.0}, "high"),
            ("triangular", {"low": 2.0, "mode": 1.0, "high": 4.0}, "high"),
        ],
    )
    def test_what_cannot_be_is_refused(self, name, parameters, words):
        with pytest.raises(UsageError, match=words):
            family(name, **parameters)

    def test_a_slip_of_the_pen_is_put_right(self):
        with pytest.raises(UsageError) as caught:
            family("lognormale", mean=1.0, cv=1.0)
        assert "lognormal" in caught.value.hint

    def test_edges_are_allowed(self):
        assert (family("constant", value=0.0) == 0.0).all()
        assert (family("uniform", low=2.0, high=2.0) == 2.0).all()
        assert mean(family("triangular", low=0.0, mode=0.0, high=3.0)) == pytest.approx(1.0, rel=1e-6)
        assert family("triangular", low=2.0, mode=2.0, high=2.0) == pytest.approx(np.full(len(GRID), 2.0))


class TestFitting:
    @pytest.mark.parametrize("name", FAMILIES)
    def test_finds_the_parameters_that_were_planted(self, name):
        """20 000 draws: maximum likelihood is within a few of its standard errors, some 1 %."""
        planted = STATED[name]
        rng = np.random.default_rng(3)
        values = np.full(100, 2.0) if name == "constant" else scipy_family(name, planted).rvs(20_000, random_state=rng)
        knots, found = fit_family(name, values)
        assert found == pytest.approx(planted, rel=0.03)
        assert found.keys() == planted.keys()
        np.testing.assert_array_equal(knots, family(name, **found))

    @pytest.mark.parametrize("name", ["exponential", "lognormal", "gamma", "weibull"])
    def test_no_parameters_nearby_are_likelier(self, name):
        values = scipy_family(name, STATED[name]).rvs(500, random_state=np.random.default_rng(4))
        _knots, found = fit_family(name, values)
        best = scipy_family(name, found).logpdf(values).sum()
        for key in found:
            for factor in (0.97, 1.03):
                other = scipy_family(name, found | {key: found[key] * factor})
                assert other.logpdf(values).sum() < best

    @pytest.mark.parametrize("name", ["exponential", "lognormal", "gamma"])
    def test_zeros_are_an_atom_beside_the_family(self, name):
        values = scipy_family(name, STATED[name]).rvs(7_000, random_state=np.random.default_rng(5))
        knots, found = fit_family(name, np.r_[np.zeros(3_000), values])
        assert found == fit_family(name, values)[1]
        assert mean(knots) == pytest.approx(0.7 * found["mean"], rel=1e-6)
        assert (drawn(knots) == 0).mean() == pytest.approx(0.3, abs=0.05)

    @pytest.mark.parametrize("n", [0, 4])
    def test_a_handful_is_needed(self, n):
        with pytest.raises(InsufficientDataError, match=f"5.*{n}"):
            fit_family("gamma", np.r_[np.zeros(10), np.arange(1.0, n + 1.0)])

    def test_an_unknown_family_is_refused(self):
        with pytest.raises(UsageError, match="gama"):
            fit_family("gama", np.arange(1.0, 10.0))
