"""Peers in a funnel: limits on paper and by simulation, a planted outlier found, sound peers left alone."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from flowaudit.diagnosis.peers import LEAST, compare_peers, control_limits
from flowaudit.errors import MissingColumnError, UsageError
from flowaudit.eventlog import APPLICANT, as_unit, from_frame, load_sample

MONDAY = pd.Timestamp("2024-03-04 09:00")


def log_of(sizes, items=1):
    """Cases of districts by size, of as many items each."""
    rows = [(f"{d}{i}-{k}", d, f"I{i}") for d, n in sizes.items() for i in range(items) for k in range(n)]
    cases = pd.DataFrame(rows, columns=["case_id", "district", "item_code"])
    events = pd.DataFrame({"case_id": cases["case_id"], "activity": "办", "end": MONDAY})
    return from_frame(events, tables={"cases": cases})


def values_of(log, rate, rng):
    districts = log.table("cases")["district"].map(rate)
    return pd.Series((rng.random(len(districts)) < districts.to_numpy()).astype(float), log.table("cases")["case_id"])


def test_shares_on_paper():
    log = log_of({"甲": 100, "乙": 300})
    late = pd.Series(0.0, log.case_axis)
    late[[c for c in log.case_ids if c.startswith("甲")][:40]] = 1
    late[[c for c in log.case_ids if c.startswith("乙")][:40]] = 1
    found = compare_peers(log, metric=late)
    table = found.table.set_index("peer")
    # 80 of 400 in all; of 100 cases 20 are expected, give or take 4.
    assert table["value"].to_dict() == pytest.approx({"乙": 40 / 300, "甲": 0.4})
    assert table["expected"].tolist() == [0.2, 0.2]
    assert table.loc["甲", "z"] == pytest.approx(5.0)
    assert table.loc["甲", "low95"] == pytest.approx(0.2 - 1.96 * 0.04, abs=0.004)
    assert table["outside"].to_dict() == {"甲": "99.8", "乙": "95"}
    assert (found.kind, found.overdispersion, found.estimated) == ("share", 1.0, False)
    assert found.outside["peer"].tolist() == ["甲", "乙"]
    assert "99.8" in found._repr_html_()


def test_exact_limits_leave_the_binomial_tails_outside():
    for n, p in ((40, 0.05), (200, 0.3), (1000, 0.01)):
        pool = np.r_[np.ones(round(1000 * p)), np.zeros(1000 - round(1000 * p))]
        low, high, lowest, highest = control_limits(pool, [n], "share")[0] * n
        for upper, lower, tail in ((high, low, 0.025), (highest, lowest, 0.001)):
            # The first whole number outside has less than the tail's share, the last one inside has not.
            first, last = np.floor(upper) + 1, np.floor(upper)
            assert binom.sf(first - 1, n, p) < tail <= binom.sf(last - 1, n, p)
            first, last = np.ceil(lower) - 1, np.ceil(lower)
            assert binom.cdf(first, n, p) < tail <= binom.cdf(last, n, p)
        assert lowest <= low < high <= highest


def test_limits_of_medians_hold_for_draws_from_the_pool():
    rng = np.random.default_rng(2)
    pool = np.sort(np.exp(rng.normal(size=5000)))
    low, high, lowest, highest = control_limits(pool, [51], "duration")[0]
    medians = np.median(rng.choice(pool, (20_000, 51)), axis=1)
    assert np.mean((medians >= low) & (medians <= high)) == pytest.approx(0.95, abs=0.006)
    assert np.mean((medians >= lowest) & (medians <= highest)) == pytest.approx(0.998, abs=0.0015)
    # The same on the log scale: limits of logarithms are logarithms of limits.
    np.testing.assert_allclose(
        control_limits(np.log(pool), [51], "duration")[0], np.log([low, high, lowest, highest]), atol=0.01
    )


def test_limits_narrow_with_numbers_and_widen_with_overdispersion():
    pool = np.r_[np.ones(200), np.zeros(800)]
    narrow = np.diff(control_limits(pool, [10, 100, 1000], "share")[:, :2]).ravel()
    assert (np.diff(narrow) < 0).all()
    wide = control_limits(pool, [1000], "share", 4.0)[0]
    one = control_limits(pool, [1000], "share")[0]
    np.testing.assert_allclose(wide - 0.2, 2 * (one - 0.2))
    days = np.sort(np.random.default_rng(0).exponential(size=3000))
    assert np.ptp(control_limits(days, [100], "duration", 4.0)) > 1.5 * np.ptp(control_limits(days, [100], "duration"))


def test_few_cases_are_suppressed_and_single_peers_left_out():
    log = log_of({"甲": 100, "乙": LEAST - 1, "丙": LEAST})
    found = compare_peers(log, metric=values_of(log, {"甲": 0.2, "乙": 0.9, "丙": 0.2}, np.random.default_rng(0)))
    table = found.table.set_index("peer")
    assert table["suppressed"].to_dict() == {"甲": False, "乙": True, "丙": False}
    assert table.loc["乙", ["n", "value", "z", "low95", "high998"]].isna().all()
    assert table.loc["乙", "outside"] == ""
    assert f"&lt;{LEAST}" in found._repr_html_()
    assert compare_peers(log_of({"甲": 50}), metric=pd.Series(1.0, log_of({"甲": 50}).case_axis)).table.empty


def test_sound_peers_are_rarely_outside_and_a_planted_one_is_found():
    rng = np.random.default_rng(11)
    sizes = {f"区{k}": int(n) for k, n in enumerate(rng.integers(30, 400, 10))}
    log = log_of(sizes, items=2)
    flagged = total = 0
    for _round in range(30):
        table = compare_peers(log, metric=values_of(log, dict.fromkeys(sizes, 0.15), rng)).table
        flagged += int((table["outside"] == "99.8").sum())
        total += len(table)
    # 0.2 % are expected beyond the outer limits.
    assert total == 600
    assert flagged / total <= 0.01
    worst = max(sizes, key=sizes.get)
    found = compare_peers(log, metric=values_of(log, {**dict.fromkeys(sizes, 0.15), worst: 0.35}, rng))
    assert found.estimated
    assert set(found.outside[found.outside["outside"] == "99.8"]["peer"]) == {worst}


def test_peers_that_all_differ_widen_the_funnel():
    rng = np.random.default_rng(3)
    sizes = {f"区{k}": 500 for k in range(24)}
    log = log_of(sizes)
    rates = dict(zip(sizes, rng.uniform(0.1, 0.3, len(sizes)), strict=True))
    found = compare_peers(log, metric=values_of(log, rates, rng))
    assert found.overdispersion > 4
    assert (found.table["outside"] == "99.8").sum() == 0
    assert (found.table["z"].abs() < 3.1).all()


def test_medians_of_durations():
    rng = np.random.default_rng(4)
    log = log_of({"甲": 200, "乙": 200, "丙": 200})
    district = log.table("cases").set_index("case_id")["district"]
    days = pd.Series(np.exp(rng.normal(2, 0.5, len(district))), district.index)
    clean = compare_peers(log, metric=days)
    assert (clean.kind, clean.outside.empty) == ("duration", True)
    slow = compare_peers(log, metric=days.where(district != "丙", days * 2))
    assert slow.outside["peer"].iloc[0] == "丙"
    assert slow.outside["z"].iloc[0] > 3.1


def test_whole_days_of_one_value_are_no_difference():
    log = log_of({"甲": 300, "乙": 300})
    days = pd.Series(np.tile([2.0, 3.0, 3.0], 200), log.case_axis)
    assert compare_peers(log, metric=days).table["z"].tolist() == [0, 0]


def test_departments_are_those_that_decide():
    rows = []
    for k in range(40):
        for activity, department, stage in (("申请", APPLICANT, "apply"), ("受理", "窗口", "accept"), ("核验", "窗口", "check"),
                                            ("决定", "甲局" if k % 2 else "乙局", "decide")):  # fmt: skip
            rows.append((f"c{k}", activity, department, stage, MONDAY))
    frame = pd.DataFrame(rows, columns=["case_id", "activity", "department", "stage", "end"])
    log = from_frame(frame)
    found = compare_peers(log, metric="on_site", by="department", within=None)
    assert found.table[["peer", "n", "value"]].values.tolist() == [["乙局", 20, 0.0], ["甲局", 20, 0.0]]
    assert found.outside.empty


def test_what_is_missing_is_said():
    log = log_of({"甲": 20, "乙": 20})
    with pytest.raises(MissingColumnError, match="stage"):
        compare_peers(log, metric="correction")
    with pytest.raises(MissingColumnError, match="street"):
        compare_peers(log, metric=pd.Series(1.0, log.case_axis), by="street")
    with pytest.raises(UsageError, match="speed"):
        compare_peers(log, metric="speed")


@pytest.fixture(scope="module")
def sample():
    return load_sample("restaurant")


@pytest.mark.parametrize("metric", ["late", "correction", "on_site", "clock_days", "e2e_working_days"])
def test_sample_districts_are_alike_as_generated(sample, metric):
    """Nothing in the sample depends on the district: none lies outside the outer limits."""
    found = compare_peers(sample, metric=metric)
    assert len(found.table) == 20
    assert (found.table["outside"] != "99.8").all()


def test_sample_shares_are_those_of_the_files(sample):
    table = compare_peers(sample, metric="correction").table
    cases = sample.table("cases")
    assert table["n"].sum() == len(cases)
    share = (table["n"].astype(float) * table["value"]).sum() / len(cases)
    assert share == pytest.approx(0.3038, abs=0.003)  # truth.json: planted 30 %, realised 0.3038
    with pytest.raises(UsageError, match="bundle"):
        compare_peers(as_unit(sample, "bundle"))
