"""The sample data set keeps its schema, and an independent recount from the tables finds what truth.json says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import chinese_calendar
import holidays
import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).parents[2] / "sample_logs"
FOLDER = ROOT / "restaurant"
APPLICANT = "申请人"
MEGABYTE = 1_000_000

SCHEMA = {
    "bundles": "bundle_id, one_thing_code, applicant_id, applicant_type, district, channel, first_time, last_time",
    "cases": (
        "case_id, bundle_id, item_code, variant_code, applicant_id, applicant_type, district, channel, apply_time, "
        "accept_time, decide_time, finish_time, deliver_time, result, promised_days, promised_unit, statutory_days, "
        "statutory_unit, is_commitment, is_tolerant, is_auto, delivery_mode"
    ),
    "events": (
        "event_id, activity, stage, item_code, department, office, level, resource, arrive, start, end, result, "
        "opinion, is_auto, system, location, visit_id"
    ),
    "e2o": "event_id, object_type, object_id, qualifier",
    "material_instances": (
        "inst_id, case_id, event_id, material_code, canonical_id, copies, form, collect_mode, submit_time, accepted, "
        "reject_reason, source"
    ),
    "visits": ("visit_id, applicant_id, bundle_id, site, date, ticket_time, called_time, left_time, purpose, outcome"),
    "special_episodes": "case_id, type, start, end, reason, counts_in_clock, extension_days",
    "ratings": "case_id, channel, time, score, text, rectified",
    "catalogue/items": (
        "item_code, name, item_type, department, level, service_object, statutory_days, statutory_unit, promised_days, "
        "promised_unit, visits_min, visit_reason, fully_online, fee, fee_basis, legal_basis, result_doc_code, "
        "supports_express, risk_class, commitment_allowed"
    ),
    "catalogue/item_materials": (
        "item_code, variant_code, material_code, canonical_id, name, necessity, form, source, issuer, issuer_scope, "
        "originals, copies, elicence_type, data_resource, legal_basis, produced_by_item"
    ),
    "catalogue/materials": "canonical_id, name, aliases, doc_class, issuer, elicence_type, retrievable",
    "catalogue/form_fields": "item_code, form, field_label, canonical_field, data_type, class, authoritative_source",
    "catalogue/item_relations": "src_item, dst_item, relation, basis, evidence",
    "catalogue/orgs": "department, office, parent, region",
}
WORDS = {
    ("events", "stage"): {
        "consult", "apply", "accept", "review", "check", "decide", "consult_dept", "inspect", "special", "correction",
        "pay", "produce", "deliver", "archive", "notify",
    },
    ("events", "result"): {"", "通过", "补正", "退回", "受理", "不予受理", "不予许可", "撤回"},
    ("events", "level"): {"", "1", "2", "3", "4"},
    ("events", "is_auto"): {"true", "false"},
    ("e2o", "object_type"): {"case"},
    ("e2o", "qualifier"): {"main", "joint"},
    ("material_instances", "source"): {"applicant", "elicence", "data", "commit", "reuse"},
    ("material_instances", "accepted"): {"true", "false"},
    ("visits", "purpose"): {"consult", "submit", "correct", "inspect", "collect"},
    ("visits", "outcome"): {"progress", "wasted"},
    ("ratings", "score"): {"1", "2", "3", "4", "5"},
    ("catalogue/item_materials", "issuer_scope"): {"city", "central", "other_region", "third_party", "self"},
    ("catalogue/form_fields", "class"): {"auto", "select", "type"},
    ("catalogue/item_relations", "relation"): {"precedes", "requires_result", "co_requested"},
    ("catalogue/item_relations", "basis"): {"legal", "catalogue", "observed"},
}  # fmt: skip


def file_of(folder: Path, name: str) -> Path:
    plain = folder / f"{name}.csv"
    return plain if plain.exists() else folder / f"{name}.csv.gz"


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    return {name: pd.read_csv(file_of(FOLDER, name), dtype=str, keep_default_na=False) for name in SCHEMA}


@pytest.fixture(scope="module")
def truth() -> dict:
    return json.loads((FOLDER / "truth.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def events(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Events with real times and one row per case."""
    found = tables["events"].merge(tables["e2o"], on="event_id").rename(columns={"object_id": "case_id"})
    for column in ("arrive", "start", "end"):
        found[column] = pd.to_datetime(found[column].replace("", None))
    return found.assign(bundle_id=found["case_id"].str[:-3]).sort_values(["case_id", "start", "end"], kind="stable")


@pytest.fixture(scope="module")
def cases(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    found = tables["cases"].copy()
    for column in ("apply_time", "accept_time", "decide_time", "finish_time", "deliver_time"):
        found[column] = pd.to_datetime(found[column].replace("", None))
    return found


@pytest.mark.parametrize("name", SCHEMA)
def test_columns_are_those_of_the_schema(tables, name):
    assert list(tables[name].columns) == SCHEMA[name].split(", ")
    assert len(tables[name]) > 0


@pytest.mark.parametrize(("name", "column"), WORDS)
def test_words_are_those_of_the_schema(tables, name, column):
    assert set(tables[name][column]) <= WORDS[name, column]


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("bundles", "bundle_id"), ("cases", "case_id"), ("events", "event_id"), ("visits", "visit_id"),
        ("material_instances", "inst_id"), ("catalogue/items", "item_code"), ("catalogue/materials", "canonical_id"),
        ("catalogue/item_materials", "material_code"),
    ],
)  # fmt: skip
def test_keys_are_unique(tables, name, key):
    assert tables[name][key].is_unique
    assert (tables[name][key] != "").all()


@pytest.mark.parametrize(
    ("name", "column", "other", "key", "both_ways"),
    [
        ("cases", "bundle_id", "bundles", "bundle_id", True),
        ("cases", "applicant_id", "bundles", "applicant_id", True),
        ("cases", "item_code", "catalogue/items", "item_code", True),
        ("e2o", "event_id", "events", "event_id", True),
        ("e2o", "object_id", "cases", "case_id", True),
        ("events", "visit_id", "visits", "visit_id", False),
        ("events", "item_code", "catalogue/items", "item_code", True),
        ("material_instances", "case_id", "cases", "case_id", True),
        ("material_instances", "event_id", "events", "event_id", False),
        ("material_instances", "material_code", "catalogue/item_materials", "material_code", True),
        ("material_instances", "canonical_id", "catalogue/materials", "canonical_id", True),
        ("visits", "bundle_id", "bundles", "bundle_id", False),
        ("visits", "applicant_id", "bundles", "applicant_id", False),
        ("special_episodes", "case_id", "cases", "case_id", False),
        ("ratings", "case_id", "cases", "case_id", False),
        ("catalogue/item_materials", "item_code", "catalogue/items", "item_code", True),
        ("catalogue/item_materials", "canonical_id", "catalogue/materials", "canonical_id", True),
        ("catalogue/item_materials", "produced_by_item", "catalogue/items", "item_code", False),
        ("catalogue/form_fields", "item_code", "catalogue/items", "item_code", True),
        ("catalogue/item_relations", "src_item", "catalogue/items", "item_code", False),
        ("catalogue/item_relations", "dst_item", "catalogue/items", "item_code", False),
        ("catalogue/items", "department", "catalogue/orgs", "department", False),
    ],
)
def test_tables_refer_to_each_other(tables, name, column, other, key, both_ways):
    found = set(tables[name][column]) - {""}
    known = set(tables[other][key])
    assert found <= known
    if both_ways:
        assert found == known


def test_departments_and_offices_are_those_of_the_catalogue(tables):
    office = tables["events"].query("department != @APPLICANT")
    assert set(zip(office["department"], office["office"], strict=True)) == set(
        zip(tables["catalogue/orgs"]["department"], tables["catalogue/orgs"]["office"], strict=True)
    )
    assert (office["resource"] != "").all()
    assert (tables["events"].query("department == @APPLICANT")[["office", "level", "resource"]] == "").all(axis=None)


def test_an_activity_belongs_to_one_item_stage_department_and_level(tables):
    same = tables["events"].groupby("activity")[["stage", "item_code", "department", "office", "level"]].nunique()
    assert (same.drop(index="撤回申请", errors="ignore") == 1).all(axis=None)


def test_an_event_serves_only_cases_of_its_item_and_of_one_bundle(events, tables):
    item = events["case_id"].map(tables["cases"].set_index("case_id")["item_code"])
    assert (item[events["item_code"] != ""] == events.loc[events["item_code"] != "", "item_code"]).all()
    assert (events.groupby("event_id")["bundle_id"].nunique() == 1).all()
    mains = events[events["qualifier"] == "main"]["event_id"]
    assert mains.is_unique
    assert set(mains) == set(events["event_id"])


def test_times_of_a_case_are_in_order(cases, events, tables):
    for before, after in [
        ("apply_time", "accept_time"), ("accept_time", "decide_time"), ("decide_time", "finish_time"),
        ("finish_time", "deliver_time"),
    ]:  # fmt: skip
        known = cases[[before, after]].dropna()
        assert (known[before] <= known[after]).all()
    assert (cases["accept_time"].notna() | cases["decide_time"].isna()).all()
    assert (events["end"] > events["start"]).all()
    assert (events["arrive"].isna() | (events["arrive"] <= events["start"])).all()
    gap = events["start"] - events.groupby("case_id")["end"].shift()
    assert (gap.dropna() >= pd.Timedelta(0)).all()
    episodes = tables["special_episodes"]
    assert (episodes["start"] < episodes["end"]).all()
    visits = tables["visits"]
    assert (visits["ticket_time"] <= visits["called_time"]).all()
    assert (visits["called_time"] < visits["left_time"]).all()


def test_case_times_are_the_ends_of_their_events(cases, events):
    for column, stage, which in [("apply_time", "apply", "first"), ("accept_time", "accept", "first"),
                                 ("decide_time", "decide", "last"), ("deliver_time", "deliver", "last")]:  # fmt: skip
        end = events[events["stage"] == stage].groupby("case_id")["end"].agg(which)
        known = cases.set_index("case_id")[column].dropna()
        assert (known == end.reindex(known.index)).all()


def test_offices_work_only_in_office_hours_on_official_working_days(events):
    """The holidays package is an oracle independent of the generator's chinese_calendar."""
    office = events[events["department"] != APPLICANT].drop_duplicates("event_id")
    oracle = holidays.country_holidays("CN", years=[2023, 2024])
    days = office["start"].dt.normalize().drop_duplicates()
    assert all(oracle.is_working_day(day.date()) and chinese_calendar.is_workday(day.date()) for day in days)
    start, end = (office[c].dt.hour * 60 + office[c].dt.minute + office[c].dt.second / 60 for c in ("start", "end"))
    assert (((start >= 540) & (end <= 690)) | ((start >= 810) & (end <= 1020))).all()
    assert (office["start"].dt.normalize() == office["end"].dt.normalize()).all()
    assert any(day.weekday() >= 5 for day in days), "no make-up working day in the data: the calendar is not tested"


def test_applicants_submit_online_out_of_hours_too(events, tables):
    submitted = events[(events["stage"] == "apply") & (events["visit_id"] == "")]
    assert (submitted["start"].dt.hour >= 18).mean() > 0.15
    assert (submitted["start"].dt.day_of_week >= 5).any()
    first = pd.to_datetime(tables["bundles"]["first_time"])
    assert first.min() >= pd.Timestamp("2023-01-01")
    assert first.max() < pd.Timestamp("2024-07-01")


def test_an_officer_does_one_thing_at_a_time(events):
    office = events[events["resource"] != ""].drop_duplicates("event_id").sort_values(["resource", "start"])
    gap = office["start"] - office.groupby("resource")["end"].shift()
    assert (gap.dropna() >= pd.Timedelta(0)).all()


def test_e2_seventeen_materials_of_which_two_could_not_be_saved(tables, truth):
    rows = tables["catalogue/item_materials"]
    assert len(rows) == 17 == truth["e2_materials"]["before"]
    saved = (rows["elicence_type"] != "") & (rows["issuer_scope"] == "city")
    assert saved.sum() == 15
    assert sorted(rows.loc[~saved, "canonical_id"]) == sorted(truth["e2_materials"]["not_retrievable"])
    kinds = tables["catalogue/materials"].set_index("canonical_id")["retrievable"]
    assert ((kinds.loc[rows["canonical_id"]] == "true").to_numpy() == saved.to_numpy()).all()


def test_counts_are_as_told(tables, truth):
    counts = truth["counts"]
    for name in ("bundles", "cases", "events", "material_instances", "visits"):
        assert len(tables[name]) == counts[name]
    assert counts["bundles"] >= 1400
    assert tables["cases"]["item_code"].value_counts().to_dict() == counts["cases_by_item"]
    assert (tables["e2o"]["event_id"].value_counts() > 1).sum() == counts["shared_events"]


def test_open_refused_and_withdrawn_are_as_told(tables, truth):
    bundles, results = tables["bundles"], tables["cases"]["result"]
    told = truth["bundles"]
    assert sorted(bundles.loc[bundles["last_time"] == "", "bundle_id"]) == told["open"]
    assert len(told["open"]) / len(bundles) == pytest.approx(told["realised"]["open_share"], abs=1e-4)
    assert 0.03 < told["realised"]["open_share"] < 0.05
    assert (results == "不予许可").sum() == told["realised"]["refused"]
    assert (results == "撤回").sum() == told["realised"]["withdrawn"]
    assert (bundles["channel"] == "线上").mean() == pytest.approx(told["realised"]["online_share"], abs=1e-4)


def test_w01_four_levels_are_as_told(tables, events, truth):
    food = events[(events["item_code"] == "SP") & (events["level"] != "")]
    decided = tables["cases"].query("item_code == 'SP' and decide_time != ''")["case_id"]
    signatures = food.drop_duplicates(["case_id", "resource", "level"]).groupby("case_id").size().reindex(decided)
    assert set(food["department"]) == {truth["w01_levels"]["department"]}
    assert list(food.groupby("level")["activity"].agg(lambda a: a.mode()[0])) == truth["w01_levels"]["activities"]
    share = (signatures > 3).mean()
    assert share == pytest.approx(truth["w01_levels"]["realised"]["share_with_level_4"], abs=1e-4)
    assert share == pytest.approx(truth["w01_levels"]["planted"]["share_with_level_4"], abs=0.03)


@pytest.mark.parametrize("unit", ["case_id", "bundle_id"])
def test_w03_ping_pong_is_found_by_its_formal_rule_and_nowhere_else(events, truth, unit):
    """A B A among the runs of departments, reset by the applicant; seen by case and by bundle."""
    seen = events.drop_duplicates([unit, "event_id"]).sort_values([unit, "start", "end"], kind="stable")
    flagged = set()
    for key, departments in seen.groupby(unit)["department"]:
        runs: list[str] = []
        for department in departments:
            if department == APPLICANT:
                runs = []
            elif not runs or runs[-1] != department:
                runs.append(department)
                if len(runs) >= 3 and runs[-1] == runs[-3]:
                    flagged.add(key[:5])
    told = truth["w03_ping_pong"]
    assert sorted(flagged) == told["bundles"]
    assert len(flagged) / truth["counts"]["bundles"] == pytest.approx(told["realised"]["share_of_bundles"], abs=1e-4)
    assert told["realised"]["share_of_bundles"] == pytest.approx(0.18, abs=0.03)


def test_w04_corrections_are_as_told(tables, events, cases, truth):
    notices = events[(events["stage"] == "correction") & (events["department"] != APPLICANT)]
    per_case = notices.groupby("case_id").size()
    told = truth["w04_corrections"]["realised"]
    assert len(per_case) / len(cases) == pytest.approx(told["share_one_or_more"], abs=1e-4)
    assert (per_case >= 2).sum() / len(cases) == pytest.approx(told["share_two_or_more"], abs=1e-4)
    assert told["share_one_or_more"] == pytest.approx(0.30, abs=0.02)
    assert told["share_two_or_more"] == pytest.approx(0.12, abs=0.025)
    accepted = notices["case_id"].map(cases.set_index("case_id")["accept_time"])
    assert (notices["end"] > accepted).sum() == told["notices_after_acceptance"]
    instances = tables["material_instances"]
    rejected = instances[instances["accepted"] == "false"]
    assert rejected["material_code"].value_counts().to_dict() == told["rejected_by_material_code"]
    assert len(rejected) == told["notices"] == len(notices)
    assert (rejected["reject_reason"] != "").all()
    assert (instances.loc[instances["accepted"] == "true", "reject_reason"] == "").all()


def test_late_corrections_stop_the_clock_and_early_ones_do_not(tables, events, cases):
    resubmitted = events[(events["stage"] == "correction") & (events["department"] == APPLICANT)]
    accepted = resubmitted["case_id"].map(cases.set_index("case_id")["accept_time"])
    late = resubmitted[resubmitted["end"] > accepted]
    episodes = tables["special_episodes"].query("type == 'correction'")
    assert sorted(zip(episodes["case_id"], pd.to_datetime(episodes["end"]), strict=True)) == sorted(
        zip(late["case_id"], late["end"], strict=True)
    )
    assert (episodes["counts_in_clock"] == "false").all()


def test_every_submission_hands_in_materials(tables):
    applied = tables["events"].query("department == @APPLICANT and stage in ('apply', 'correction')")["event_id"]
    assert set(applied) == set(tables["material_instances"]["event_id"])
    demanded = tables["catalogue/item_materials"].groupby("item_code").size()
    first = tables["material_instances"].merge(tables["events"].query("stage == 'apply'"), on="event_id")
    handed = first.groupby("case_id")["material_code"].nunique()
    assert (handed == handed.index.str[-2:].map(demanded)).all()


def test_w06_repeated_materials_are_as_told(tables, truth):
    rows = tables["material_instances"].query("source == 'applicant'")
    cases_of = rows.assign(bundle=rows["case_id"].str[:-3]).groupby(["canonical_id", "bundle"])["case_id"].nunique()
    mean = cases_of.groupby("canonical_id").mean()
    assert mean.to_dict() == pytest.approx(truth["w06_repeated_materials"]["realised_mean_items_per_bundle"], abs=1e-3)
    assert mean["YYZZ"] > 4


def test_w09_inspections_and_items_are_strictly_serial(tables, events, cases, truth):
    first, second = truth["w09_serial"]["activity_pair"]
    done = events[events["activity"].isin([first, second])].pivot(index="bundle_id", columns="activity")
    both = done["start"][[first, second]].notna().all(axis=1)
    serial = (done["start"][second] >= done["end"][first])[both]
    assert both.sum() == truth["w09_serial"]["realised"]["bundles_with_both"]
    assert serial.mean() == truth["w09_serial"]["realised"]["serial_share"] == 1.0
    items = cases.pivot(index="bundle_id", columns="item_code", values=["apply_time", "deliver_time"])
    for pair, told in truth["w09_serial"]["item_pairs_parallelisable"].items():
        a, b = pair.split("->")
        known = items["apply_time"][[a, b]].notna().all(axis=1)
        assert known.sum() == told["bundles"]
        assert (items["deliver_time"][a] <= items["apply_time"][b])[known].sum() == told["serial"]
        legal = tables["catalogue/item_relations"].query("src_item == @a and dst_item == @b and basis == 'legal'")
        assert legal.empty


def test_w10_the_meeting_concentrates_on_its_weekday(events, truth):
    told = truth["w10_meeting"]
    days = events[events["activity"] == told["activity"]]["end"].dt.day_of_week
    assert (days == told["weekday"]).mean() == pytest.approx(told["realised_share_on_weekday"], abs=1e-4)
    assert told["realised_share_on_weekday"] >= 0.6
    review = events[events["activity"] == "食品许可审核"]["end"].dt.day_of_week
    assert review.value_counts(normalize=True).max() < 0.4, "the other steps are not to be batched"


def test_utilisation_and_queues_are_as_told(events, truth):
    """Busy time over open time, both recounted: minutes from the events, days from the other calendar."""
    low, high = (pd.Timestamp(day) for day in truth["pools"]["utilisation_span"])
    oracle = holidays.country_holidays("CN", years=[2023, 2024])
    days = [d for d in pd.date_range(low, high) if oracle.is_working_day(d.date())]
    hours = {"office": 6.0 * len(days), "four_days": 6.0 * sum(d.weekday() in (0, 1, 2, 4) for d in days)}
    office = events[events["resource"] != ""].drop_duplicates("event_id")
    office = office[(office["start"] >= low) & (office["start"] < high + pd.Timedelta(days=1))]
    busy = (office["end"] - office["start"]).dt.total_seconds().groupby(office["resource"]).sum() / 3600
    high_load = []
    for name, pool in truth["pools"]["pools"].items():
        if pool["calendar"] in hours:
            recount = busy.reindex(pool["officers"]).sum() / (len(pool["officers"]) * hours[pool["calendar"]])
            assert recount == pytest.approx(pool["utilisation"], abs=1e-3), name
        if 0.6 <= pool["utilisation"] <= 0.85:
            high_load.append(pool)
    assert len({p["office"] for p in high_load}) >= 2
    assert all(p["mean_queue_calendar_h"] > 5 for p in high_load)


def test_work_times_are_as_told_and_as_planted(events, truth):
    unique = events.drop_duplicates("event_id")
    minutes = (unique["end"] - unique["start"]).dt.total_seconds() / 60
    groups = minutes.groupby(unique["activity"])
    told = pd.DataFrame(truth["activities"]).set_index("activity")
    assert groups.size().to_dict() == told["events"].to_dict()
    assert np.allclose(groups.mean(), told["realised_mean_min"].reindex(groups.mean().index), atol=0.01)
    planted = told[told["planted_mean_min"].notna() & (told["events"] >= 200)]
    # Half a minute is lost to rounding and to the cut of the tails.
    assert np.allclose(planted["realised_mean_min"], planted["planted_mean_min"], rtol=0.06, atol=0.5)


def test_the_main_path_happens(events, truth):
    paths = (
        events.drop_duplicates("event_id")
        .sort_values(["bundle_id", "start"])
        .groupby("bundle_id")["activity"]
        .agg(list)
    )
    assert truth["main_path"] in list(paths)


def test_events_at_a_counter_are_inside_their_visit(tables, events):
    met = events[events["visit_id"] != ""].merge(tables["visits"], on="visit_id", suffixes=("", "_visit"))
    assert (met["bundle_id"] == met["bundle_id_visit"]).all()
    assert (met["start"] >= pd.to_datetime(met["ticket_time"])).all()
    assert (met["end"] <= pd.to_datetime(met["left_time"])).all()
    wasted = tables["visits"].query("outcome == 'wasted'")
    assert set(wasted["visit_id"]).isdisjoint(met["visit_id"])
    assert len(wasted) > 100
    assert tables["visits"]["site"].nunique() == 3


def test_sizes():
    sizes = {p: p.stat().st_size for p in FOLDER.rglob("*") if p.is_file()}
    assert max(sizes.values()) < 3 * MEGABYTE
    assert sum(sizes.values()) < 5 * MEGABYTE


def test_every_readme_says_that_the_data_are_synthetic(truth):
    readmes = [*ROOT.rglob("README*.md")]
    assert len(readmes) >= 3
    for path in readmes:
        assert "合成数据" in path.read_text(encoding="utf-8")
    assert "合成数据" in truth["notice"]
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    for name, columns in SCHEMA.items():
        assert file_of(FOLDER, name).name in text
        assert [c for c in columns.split(", ") if c not in text] == []


def test_officers_and_applicants_are_codes(tables):
    officers = tables["events"]["resource"][tables["events"]["resource"] != ""]
    assert officers.str.fullmatch(r"[A-Z]{2}-\d{2}").all()
    assert tables["bundles"]["applicant_id"].str.fullmatch(r"A\d{5}").all()


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_the_same_seed_writes_the_same_bytes(tmp_path):
    def run(name: str, seed: int) -> dict[str, bytes]:
        command = [sys.executable, str(ROOT / "generate.py"), "restaurant", "--seed", str(seed), "--size", "60"]
        subprocess.run([*command, "--out", str(tmp_path / name)], check=True, cwd=tmp_path, timeout=60)
        return contents(tmp_path / name)

    one, again, other = run("one", 7), run("again", 7), run("other", 8)
    assert one == again
    assert one["events.csv.gz"] != other["events.csv.gz"]
    shipped = contents(FOLDER)
    assert set(one) == set(shipped)
    same_for_every_seed = [name for name in one if name.startswith("catalogue") or name == "README.md"]
    assert {n: one[n] for n in same_for_every_seed} == {n: shipped[n] for n in same_for_every_seed}
