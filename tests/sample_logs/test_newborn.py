"""出生一件事: from its logs and from its guides exactly the published totals, by recount and by flowaudit's measures."""

import json

import pandas as pd
import pytest
from sample_tables import FOUR, ROOT, assert_sound, corrections, guide_recount, read, recount

from flowaudit.catalogue import read_catalogue
from flowaudit.eventlog import check, load_sample, sample_folder
from flowaudit.metrics import Reduction, four_reductions, guide_figures

PUBLISHED = {"before": (16, 32, 9, 4), "after": (3, 5, 2, 1)}
"""E1: steps, working days, materials, trips."""
METRICS = ("steps", "time", "materials", "trips")


@pytest.fixture(scope="module", params=PUBLISHED)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def tables(name):
    return read(ROOT / "newborn" / name)


@pytest.fixture(scope="module")
def truth(name):
    return json.loads((ROOT / "newborn" / name / "truth.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def counted(tables):
    return recount(tables)


@pytest.fixture(scope="module")
def log(name):
    return load_sample(f"newborn/{name}")


def test_the_log_counts_to_the_published_totals(name, counted):
    assert tuple(counted.median()) == PUBLISHED[name]


def test_the_totals_hold_for_most_and_not_by_a_hair(name, counted):
    """The middle 70 of 100 families need just the published number; for time, the 10 around the middle."""
    for column, total in zip(FOUR, PUBLISHED[name], strict=True):
        around = (0.45, 0.55) if column == "time_working_days" else (0.15, 0.7)
        assert set(counted[column].quantile(list(around), interpolation="nearest")) == {total}, column
        assert counted[column].nunique() > 1, f"{column} has no noise"


def test_the_guides_count_to_the_published_totals(name, truth):
    found = guide_recount(read(ROOT / "newborn" / name / "catalogue"))
    assert tuple(found.values()) == PUBLISHED[name]
    assert found == truth["guide"] == truth["sourced"]["totals"]


def test_the_measures_return_the_published_totals(name, log):
    catalogue = read_catalogue(sample_folder(f"newborn/{name}") / "catalogue")
    found = four_reductions(log, catalogue, policy="A_applicant")
    assert tuple(found.primary[m].value for m in METRICS) == PUBLISHED[name]
    assert found.steps.rule.policy == "A_applicant"


def test_the_measures_agree_bundle_by_bundle(log, counted):
    found = four_reductions(log, policy="A_applicant", interval=False).per_case.set_index("case_id")
    measured = found.loc[counted.index, ["steps", "e2e_days", "materials", "trips"]].set_axis(FOUR, axis=1)
    pd.testing.assert_frame_equal(measured, counted, check_dtype=False, check_names=False)


def test_the_guide_figures_return_the_published_totals(name):
    guide = guide_figures(read_catalogue(sample_folder(f"newborn/{name}") / "catalogue"))
    assert tuple(guide[m].value for m in METRICS) == PUBLISHED[name]


def test_the_rates_are_those_of_the_report():
    before, after = (four_reductions(load_sample(f"newborn/{n}"), policy="A_applicant") for n in PUBLISHED)
    rates = [Reduction(before.primary[m], after.primary[m]).rate for m in METRICS]
    assert rates == pytest.approx([0.8125, 0.84375, 0.7778, 0.75], abs=5e-5)


def test_seven_items_four_in_the_hospital_and_three_at_one_window():
    items = {n: read(ROOT / "newborn" / n / "catalogue")["items"]["item_code"].tolist() for n in PUBLISHED}
    assert items["before"] == items["after"]
    assert len(items["after"]) == 7
    steps = read(ROOT / "newborn" / "after" / "catalogue")["item_steps"].query("stage == 'accept'")
    assert steps.groupby("share_group").size().to_dict() == {"医院专窗收件": 4, "综合窗口收件": 3}
    tables = read(ROOT / "newborn" / "after")
    served = tables["e2o"].merge(tables["events"], on="event_id").groupby("event_id")
    accepted = served.filter(lambda rows: rows["stage"].iloc[0] == "accept").groupby("event_id").size()
    assert set(accepted) == {3, 4}


def test_what_is_handed_in_no_more_says_where_it_went():
    before, after = (read(ROOT / "newborn" / n / "catalogue")["item_materials"] for n in PUBLISHED)
    assert list(zip(before["item_code"], before["canonical_id"], strict=True)) == list(
        zip(after["item_code"], after["canonical_id"], strict=True)
    )
    assert set(before["source"]) == {"申请人自备"}
    assert after["source"].value_counts().to_dict() == {
        "数据共享": 3, "申请人自备": 2, "电子证照": 2, "复用": 1, "合并填报": 1,
    }  # fmt: skip


def test_the_truth_tells_what_came_of_it(tables, truth, counted):
    assert truth["synthetic"] is True
    assert "合成数据" in truth["notice"]
    assert truth["counts"] == {n: len(tables[n]) for n in truth["counts"] if n != "closed_bundles"} | {
        "closed_bundles": int(tables["bundles"]["last_time"].notna().sum())
    }
    for column in FOUR:
        told = truth["realised"][column]
        assert told["median"] == counted[column].median()
        values = counted[column].value_counts()
        assert told["bundles_by_value"] == {str(v): int(values[v]) for v in sorted(values.index)}
    still_open = tables["bundles"].loc[tables["bundles"]["last_time"].isna(), "bundle_id"]
    assert sorted(still_open) == sorted(set(truth["open_bundles"]) & set(tables["bundles"]["bundle_id"]))


def test_the_noise_is_there_with_about_its_share(tables, truth):
    n = truth["counts"]["bundles"]
    for mark, share in truth["planted_shares"].items():
        realised = len(truth["planted_bundles"][mark]) / n
        assert realised == pytest.approx(share, abs=3 * (share * (1 - share) / n) ** 0.5 + 0.04), mark
    assert len(tables["bundles"]["district"].unique()) == 3
    notices = corrections(tables, by_applicant=False)
    assert 0.03 * n < len(notices) < 0.2 * n
    assert truth["open_bundles"]


def test_corrections_after_acceptance_stop_the_clock(tables):
    replies = corrections(tables, by_applicant=True)
    replies = replies.merge(tables["e2o"], on="event_id").rename(columns={"object_id": "case_id"})
    accepted = replies["case_id"].map(tables["cases"].set_index("case_id")["accept_time"])
    late = replies[replies["end"] > accepted]
    stops = tables["special_episodes"].query("type == '补正' and end != ''")
    assert sorted(zip(stops["case_id"], pd.to_datetime(stops["end"]), strict=True)) == sorted(
        zip(late["case_id"], late["end"], strict=True)
    )
    assert (stops["counts_in_clock"] == "false").all()
    extended = tables["special_episodes"].query("type == '延长审批'")
    assert (extended["counts_in_clock"] == "true").all()


def test_it_is_a_sound_log(tables, log):
    assert_sound(tables)
    assert log.provenance.synthetic
    assert not [p for p in check(log).problems if p["severity"] in ("error", "warning")]


def test_the_catalogue_has_no_doubtful_entry(name):
    problems = read_catalogue(sample_folder(f"newborn/{name}") / "catalogue").problems
    if "severity" in problems:
        problems = problems[problems["severity"] != "note"]
    assert problems.empty, problems.to_string()
