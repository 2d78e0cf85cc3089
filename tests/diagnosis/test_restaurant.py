"""The sample holds planted wastes: each is found, with the figures an independent recount of its tables gives."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from flowaudit.catalogue import read_catalogue
from flowaudit.diagnosis import diagnose
from flowaudit.eventlog import APPLICANT, load_sample
from flowaudit.worktime import Calendar

FOLDER = Path(__file__).parents[2] / "sample_logs" / "restaurant"
CHINA = Calendar.china()


@pytest.fixture(scope="module")
def truth():
    return json.loads((FOLDER / "truth.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def found():
    findings = diagnose(load_sample("restaurant"), read_catalogue(FOLDER / "catalogue"))
    # no opinions, no review points, no levels of authority
    assert {n.rule for n in findings.not_checkable} == {"W13", "W18"}
    assert findings.unit == "bundle"
    return {f.id: f for f in findings}


@pytest.fixture(scope="module")
def events():
    """The tables themselves, joined without flowaudit: one row for each event and bundle, in their order."""
    events = pd.read_csv(FOLDER / "events.csv.gz", parse_dates=["start", "end"])
    links = pd.read_csv(FOLDER / "e2o.csv.gz").rename(columns={"object_id": "case_id"})
    cases = pd.read_csv(FOLDER / "cases.csv")[["case_id", "bundle_id"]]
    joined = links.merge(cases, on="case_id").merge(events, on="event_id")
    return joined.drop_duplicates(["bundle_id", "event_id"]).sort_values(["bundle_id", "start", "end"])


def days(a, b):
    return np.maximum(CHINA.working_time(a.to_numpy(), b.to_numpy()), 0) / 7


def test_w01_fourth_level(found, truth, events):
    planted = truth["w01_levels"]
    finding = found[f"W01-{planted['department']}"]
    fourth = events[(events["department"] == planted["department"]) & (events["level"] == 4)]
    assert finding.cases == fourth["bundle_id"].nunique()
    signed = events[(events["department"] == planted["department"]) & events["level"].notna()]
    assert finding.population == signed["bundle_id"].nunique()
    assert finding.share == pytest.approx(planted["realised"]["share_with_level_4"], abs=0.01)
    assert finding.scope["activities"] == ("食品许可分管审签",)
    # The fourth level follows the third at once: its time runs from the end of the decision.
    third = events[events["activity"] == "食品许可决定"].groupby("bundle_id")["end"].max()
    waited = days(fourth["bundle_id"].map(third), fourth["end"])
    assert finding.time_lost_days_total == pytest.approx(waited.sum(), rel=0.02)
    assert [f for f in found if f.startswith("W01")] == [finding.id]


def test_w03_returns(found, truth, events):
    planted = truth["w03_ping_pong"]
    finding = found["W03-" + "-".join(planted["departments"])]
    bundles, returns, lost = set(), 0, 0.0
    food = events[events["item_code"] == planted["item"]]
    for bundle, rows in food.groupby("bundle_id", sort=False):
        runs = []
        for row in rows.itertuples():
            if runs and runs[-1][0] == row.department:
                runs[-1][2] = row.end
            else:
                runs.append([row.department, row.start, row.end])
        for one, two, three in zip(runs, runs[1:], runs[2:], strict=False):
            if one[0] == three[0] == planted["departments"][0] and two[0] == planted["departments"][1]:
                bundles.add(bundle)
                returns += 1
                lost += float(CHINA.working_time(np.datetime64(one[2]), np.datetime64(three[1]))) / 7
    assert bundles == set(planted["bundles"])
    assert finding.cases == len(bundles)
    assert set(finding.evidence) <= bundles
    assert finding.details["returns"] == returns
    assert finding.time_lost_days_total == pytest.approx(lost)
    assert finding.share == pytest.approx(planted["realised"]["share_of_reviewed_food_cases"], abs=0.005)
    assert [f for f in found if f.startswith("W03")] == [finding.id]


def test_w04_corrections(found, truth, events):
    planted = truth["w04_corrections"]["realised"]
    notices = events[(events["stage"] == "correction") & (events["department"] != APPLICANT)]
    assert len(notices) == planted["notices"]
    rejected = pd.read_csv(FOLDER / "material_instances.csv.gz").query("not accepted")
    rejected = rejected.assign(
        item=rejected["case_id"].map(pd.read_csv(FOLDER / "cases.csv").set_index("case_id")["item_code"])
    )
    requests, repeated = 0, 0
    for item, own in notices.groupby("item_code"):
        finding = found[f"W04-{item}"]
        per_bundle = own["bundle_id"].value_counts()
        assert finding.cases == len(per_bundle)
        assert finding.population == events.loc[events["item_code"] == item, "bundle_id"].nunique()
        assert finding.details["repeated"] == (per_bundle > 1).sum()
        why = rejected.loc[rejected["item"] == item, "reject_reason"]
        assert dict(map(tuple, finding.details["reasons"])) == why.value_counts().to_dict()
        requests += finding.details["requests"]
        repeated += finding.details["repeated"]
        # Each notice is answered by the applicant's next correction of the same item.
        replies = events[
            (events["item_code"] == item) & (events["stage"] == "correction") & (events["department"] == APPLICANT)
        ]
        pairs = pd.merge_asof(
            own.sort_values("end")[["bundle_id", "end"]],
            replies.sort_values("end")[["bundle_id", "end"]].assign(answered=lambda t: t["end"]),
            on="end", by="bundle_id", direction="forward",
        ).dropna()  # fmt: skip
        assert finding.time_lost_days_total == pytest.approx(days(pairs["end"], pairs["answered"]).sum(), rel=0.02)
    assert requests == planted["notices"]
    total = sum(truth["counts"]["cases_by_item"].values())
    assert sum(
        f.cases for i, f in found.items() if i.startswith("W04") and not i.endswith("-repeat")
    ) / total == pytest.approx(planted["share_one_or_more"], abs=0.002)
    assert repeated / total == pytest.approx(planted["share_two_or_more"], abs=0.002)


def test_w09_serial_items_and_inspections(found, truth):
    planted = truth["w09_serial"]
    pair = "W09-" + "-".join(planted["activity_pair"])
    expected = {f"W09-{p.replace('->', '-')}": n for p, n in planted["item_pairs_parallelisable"].items()}
    assert {i for i in found if i.startswith("W09")} == {pair, *expected}
    for name, numbers in expected.items():
        assert found[name].population == numbers["bundles"]
        assert found[name].cases == numbers["serial"]
    assert found[pair].population == planted["realised"]["bundles_with_both"]
    assert found[pair].share == planted["realised"]["serial_share"]
    # What the law puts in order is not named: HB before PS.
    assert not {"W09-HB-PS", "W09-PS-HB"} & set(found)


def test_w10_weekly_meeting(found, truth, events):
    planted = truth["w10_meeting"]
    finding = found[f"W10-{planted['activity']}"]
    assert finding.details["pattern"] == "batching"
    assert finding.details["weekday"] == planted["weekday"]
    assert finding.details["weekday_share"] == pytest.approx(planted["realised_share_on_weekday"], abs=0.001)
    signed = events[events["activity"] == planted["activity"]]
    third = events[events["activity"] == "食品许可决定"].groupby("bundle_id")["end"].max()
    assert finding.cases == signed["bundle_id"].nunique()
    waited = days(signed["bundle_id"].map(third), signed["start"])
    assert finding.time_lost_days_total == pytest.approx(waited.sum(), rel=0.02)
    assert finding.time_lost_days_median == pytest.approx(float(np.median(waited)), rel=0.05)


def test_by_case_the_bundles_are_not_needed():
    """Seen item by item the same wastes are there, but for the order of the items, which only a bundle has."""
    by_case = diagnose(load_sample("restaurant"), read_catalogue(FOLDER / "catalogue"), unit="case")
    needs_bundles = {"W09", "W12", "W23"}
    assert not needs_bundles & set(by_case.by_rule())
    assert {"W01", "W03", "W04", "W06", "W10", "W14", "W17", "W24"} <= set(by_case.by_rule())
    assert {"W12", "W23"} <= {n.rule for n in by_case.not_checkable}


def test_what_is_not_planted_is_not_found(found):
    """Signatures, off-clock work, late discovery, single officers, special procedures and channels are sound in the sample."""
    assert not {f.rule for f in found.values()} & {"W02", "W05", "W11", "W19", "W21", "W22", "W25"}


def test_savings_never_exceed_what_is_lost_and_overlap_once(found):
    timed = [f for f in found.values() if f.saving_days_total is not None]
    assert len(timed) > 10
    for f in timed:
        assert -1e-6 <= f.saving_days_total <= f.time_lost_days_total * (1 + 1e-9) + 1e-6, f.id
        assert all(f.id in found[other].overlaps for other in f.overlaps)
