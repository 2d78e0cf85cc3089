"""The sample of the restaurant told in another order, with other names, or half a year later: the same findings."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from flowaudit.catalogue import read_catalogue
from flowaudit.diagnosis import diagnose
from flowaudit.eventlog import APPLICANT, as_unit, from_frame, load_sample, sample_folder
from flowaudit.worktime import Calendar

WEEKDAYS = Calendar.weekdays()
TABLES = ("material_instances", "visits", "special_episodes", "ratings", "e2o")
TIMES = ("apply_time", "accept_time", "decide_time", "finish_time", "deliver_time", "submit_time", "date", "ticket_time",
         "called_time", "left_time", "start", "end", "arrive", "time")  # fmt: skip
BUNDLES = 300


@pytest.fixture(scope="module")
def told():
    """Frame, side tables and catalogue of three hundred bundles."""
    log = load_sample("restaurant")
    kept = as_unit(log).case_ids[:BUNDLES]
    cases = log.table("cases")
    cases = cases[cases["bundle_id"].isin(kept)].reset_index(drop=True)
    keys = {"bundle_id": set(kept), "case_id": set(cases["case_id"]), "object_id": {*kept, *cases["case_id"]}}
    tables = {"cases": cases}
    for name in TABLES:
        table = log.table(name)
        key = next(k for k in keys if k in table)
        tables[name] = table[table[key].isin(keys[key])].reset_index(drop=True)
    frame = log.to_pandas()
    frame = frame[frame["case_id"].isin(keys["case_id"])].reset_index(drop=True)
    text = [c for c in frame if isinstance(frame[c].dtype, pd.CategoricalDtype)]
    return frame.astype(dict.fromkeys(text, object)), tables, read_catalogue(sample_folder("restaurant") / "catalogue")


def numbers(frame, tables, catalogue, unit):
    found = diagnose(from_frame(frame, tables=tables), catalogue, calendar=WEEKDAYS, unit=unit)
    rounded = lambda days: None if days is None else round(days, 6)  # noqa: E731
    return sorted(
        (f.rule, f.cases, f.population, f.confidence, str(rounded(f.time_lost_days_total)), str(rounded(f.saving_days_total)))
        for f in found
    ), rounded(found.joint_saving_days), sorted(n.rule for n in found.not_checkable)  # fmt: skip


@pytest.fixture(scope="module", params=["case", "bundle"])
def expected(request, told):
    found = numbers(*told, request.param)
    assert len({rule for rule, *_rest in found[0]}) >= 8
    return request.param, found


def new_names(values, letter, seed):
    """Other names in another order."""
    old = sorted(set(values))
    fresh = np.random.default_rng(seed).permutation(len(old))
    return {name: f"{letter}{place:05}" for name, place in zip(old, fresh.tolist(), strict=True)}


def renamed(table, columns, names):
    return table.assign(**{c: table[c].map(lambda v: names.get(v, v)) for c in columns if c in table})


def shuffled(frame, tables):
    return frame.sample(frac=1, random_state=1), {
        name: table.sample(frac=1, random_state=2, ignore_index=True) for name, table in tables.items()
    }


def by_other_ids(frame, tables):
    names = new_names([*tables["cases"]["case_id"], *tables["cases"]["bundle_id"]], "n", 3)
    keys = ("case_id", "bundle_id", "object_id")
    return renamed(frame, keys, names), {name: renamed(table, keys, names) for name, table in tables.items()}


def by_other_officers(frame, tables):
    return renamed(frame, ["resource"], new_names(frame["resource"].dropna(), "o", 4)), tables


def half_a_year_later(frame, tables):
    later = pd.Timedelta(weeks=26)

    def shifted(table):
        times = [c for c in TIMES if c in table]
        return table.assign(**{c: pd.to_datetime(table[c], format="ISO8601") + later for c in times})

    return shifted(frame), {name: shifted(table) for name, table in tables.items()}


@pytest.mark.parametrize("change", [shuffled, by_other_ids, by_other_officers, half_a_year_later])
def test_the_same_findings(told, expected, change):
    frame, tables, catalogue = told
    unit, found = expected
    assert numbers(*change(frame, tables), catalogue, unit) == found


def test_the_same_findings_of_other_departments(told, expected):
    frame, tables, catalogue = told
    unit, found = expected
    names = new_names(set(frame["department"].dropna()) - {APPLICANT}, "d", 5)
    columns = [c for c in ("department", "parent", "producer", "issuer")]
    guide = {
        name: renamed(table, [c for c in table if "department" in c or c in columns], names)
        for name, table in vars(catalogue).items()
        if isinstance(table, pd.DataFrame) and name != "problems"
    }
    assert numbers(renamed(frame, columns, names), tables, replace(catalogue, **guide), unit) == found
