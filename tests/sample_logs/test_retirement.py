"""退休一件事: the result of one item is a material of the other, carried until 30 June and pushed from then on."""

import json

import pandas as pd
import pytest
from sample_tables import FOUR, ROOT, assert_sound, corrections, guide_recount, read, recount

from flowaudit.catalogue import read_catalogue
from flowaudit.eventlog import check, load_sample
from flowaudit.metrics import four_reductions

FOLDER = ROOT / "retirement"


@pytest.fixture(scope="module")
def tables():
    return read(FOLDER)


@pytest.fixture(scope="module")
def truth():
    return json.loads((FOLDER / "truth.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def pushed(tables, truth):
    """Bundles that began when the result was pushed already."""
    bundles = tables["bundles"]
    return set(bundles.loc[bundles["first_time"] >= truth["produces_requires"]["pushed_from"], "bundle_id"])


def test_the_catalogue_says_what_is_produced_and_required(truth):
    catalogue = read_catalogue(FOLDER / "catalogue")
    assert catalogue.precedes("TX", "GJ")
    assert not catalogue.precedes("GJ", "TX")
    rows = read(FOLDER / "catalogue")
    made = rows["item_materials"].query("produced_by_item != ''")
    assert made[["produced_by_item", "item_code", "canonical_id"]].to_numpy().tolist() == [["TX", "GJ", "TXSP"]]
    assert {"precedes", "requires_result"} == set(rows["item_relations"]["relation"])
    assert guide_recount(rows) == truth["guide"]


def test_nobody_withdraws_before_the_result_is_there(tables):
    cases = tables["cases"].pivot(index="bundle_id", columns="item_code", values=["accept_time", "finish_time"])
    known = cases[[("finish_time", "TX"), ("accept_time", "GJ")]].dropna()
    assert len(known) > 200
    assert (known[("finish_time", "TX")] <= known[("accept_time", "GJ")]).all()


def test_the_form_is_carried_and_then_pushed(tables, pushed):
    form = tables["material_instances"].query("canonical_id == 'TXSP'")
    late = form["case_id"].str[:5].isin(pushed)
    assert set(form.loc[late, "source"]) == {"reuse"}
    assert set(form.loc[~late, "source"]) == {"applicant"}
    assert late.sum() > 90
    assert (~late).sum() > 90
    sent = tables["events"].query("activity == '推送退休审批结果'")
    assert (sent["is_auto"] == "true").all()
    assert len(sent) == late.sum()


def test_who_comes_too_early_is_sent_for_the_form(tables, truth):
    cases = tables["cases"].pivot(index="bundle_id", columns="item_code", values=["apply_time", "finish_time"])
    early = cases.index[
        cases[("apply_time", "GJ")].notna() & ~(cases[("apply_time", "GJ")] >= cases[("finish_time", "TX")])
    ]
    told = truth["planted_bundles"]["premature"]
    assert 0.04 * len(cases) < len(told) < 0.12 * len(cases)
    assert set(told) & set(cases.index) <= set(early)
    notices = corrections(tables, by_applicant=False).query("item_code == 'GJ'")
    assert len(notices) == len(set(told) & set(early))


def test_the_truth_tells_what_came_of_it(tables, truth, pushed):
    counted = recount(tables)
    for part, rows in (
        ("carried", counted[~counted.index.isin(pushed)]),
        ("pushed", counted[counted.index.isin(pushed)]),
    ):
        told = truth["produces_requires"][part]
        assert {c: told[c]["median"] for c in FOUR} == rows.median().to_dict()
    medians = {part: [truth["produces_requires"][part][c]["median"] for c in FOUR] for part in ("carried", "pushed")}
    assert [medians["carried"][i] for i in (0, 2, 3)] == [3, 5, 3]
    assert [medians["pushed"][i] for i in (0, 2, 3)] == [2, 3, 1]


def test_the_measures_agree_bundle_by_bundle(tables):
    counted = recount(tables)
    found = four_reductions(load_sample("retirement"), policy="A_applicant", interval=False)
    measured = found.per_case.set_index("case_id").loc[counted.index, ["steps", "e2e_days", "materials", "trips"]]
    pd.testing.assert_frame_equal(measured.set_axis(FOUR, axis=1), counted, check_dtype=False, check_names=False)


def test_it_is_a_sound_log(tables):
    assert_sound(tables)
    log = load_sample("retirement")
    assert log.provenance.synthetic
    assert not [p for p in check(log).problems if p["severity"] in ("error", "warning")]
