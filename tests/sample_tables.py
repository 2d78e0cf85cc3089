"""Sample tables as the tests read them: with pandas alone, and working days from another calendar than the generator's."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path

import holidays
import numpy as np
import pandas as pd

ROOT = Path(__file__).parents[1] / "sample_logs"
APPLICANT = "申请人"
TIMES = ("first_time", "last_time", "apply_time", "accept_time", "decide_time", "finish_time", "deliver_time")
TIMES += ("start", "end", "submit_time", "ticket_time", "called_time", "left_time")
FOUR = ("steps", "time_working_days", "materials", "trips")


def read(folder: Path) -> dict[str, pd.DataFrame]:
    """Return every table of a folder by name, text as written and stamps as times."""
    found = {}
    for path in sorted([*folder.glob("*.csv"), *folder.glob("*.csv.gz")]):
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
        stamps = {c: pd.to_datetime(table[c].replace("", None)) for c in TIMES if c in table}
        found[path.name.split(".")[0]] = table.assign(**stamps)
    return found


@cache
def _working_days_up_to(last: date) -> int:
    oracle = _oracle()
    return sum(bool(oracle.is_working_day(day.date())) for day in pd.date_range("2023-01-01", last))


@cache
def _oracle() -> holidays.HolidayBase:
    return holidays.country_holidays("CN", years=[2023, 2024, 2025])


def working_days(a: pd.Timestamp, b: pd.Timestamp) -> int:
    """Count the working days in (date of a, date of b]."""
    return _working_days_up_to(b.date()) - _working_days_up_to(a.date())


def is_working_day(stamp: pd.Timestamp) -> bool:
    return bool(_oracle().is_working_day(stamp.date()))


def recount(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Count the four of every closed bundle, from the rows alone: applicant's steps, working days, materials, trips."""
    owner = tables["e2o"].assign(bundle=tables["e2o"]["object_id"].str[:5]).groupby("event_id")["bundle"].first()
    events = tables["events"].assign(bundle=tables["events"]["event_id"].map(owner))
    bundles = tables["bundles"].set_index("bundle_id")
    stopped = tables["cases"].loc[tables["cases"]["result"] == "撤回", "bundle_id"]
    closed = bundles.index[bundles["last_time"].notna() & ~bundles.index.isin(stopped)]
    rows = {}
    for bundle in closed:
        own = events[(events["bundle"] == bundle) & (events["department"] == APPLICANT)]
        asked = own[own["stage"] != "correction"]
        at_site = {(v, s) for v, s in zip(asked["visit_id"], asked["stage"], strict=True) if v}
        elsewhere = {
            (i, a) for v, i, a in zip(asked["visit_id"], asked["item_code"], asked["activity"], strict=True) if not v
        }
        ends = events[(events["bundle"] == bundle) & events["stage"].isin(["decide", "deliver"])]["end"]
        papers = tables["material_instances"]
        papers = papers[(papers["case_id"].str[:5] == bundle) & (papers["source"] == "applicant")]
        visits = tables["visits"][tables["visits"]["bundle_id"] == bundle]
        rows[bundle] = (
            len(at_site) + len(elsewhere),
            working_days(own["start"].min(), ends.max()),
            len(papers[["case_id", "canonical_id"]].drop_duplicates()),
            len(visits[["site", "date"]].drop_duplicates()),
        )
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(FOUR))


def guide_recount(tables: dict[str, pd.DataFrame]) -> dict[str, int]:
    """Count the four of the guides, from the catalogue's rows alone."""
    steps = tables["item_steps"].query("performed_by == 'applicant'")
    alone = steps[steps["share_group"] == ""]
    relations = tables["item_relations"].query("relation == 'precedes'")
    before: dict[str, list[str]] = {}
    for a, b in zip(relations["src_item"], relations["dst_item"], strict=True):
        before.setdefault(b, []).append(a)
    promised = dict(zip(tables["items"]["item_code"], tables["items"]["promised_days"].astype(int), strict=True))

    def until(item: str) -> int:
        return promised[item] + max((until(a) for a in before.get(item, [])), default=0)

    papers = tables["item_materials"].query("source == '申请人自备' and necessity == '必要'")
    return {
        "steps": len(alone) + steps["share_group"].replace("", None).nunique(),
        "time_working_days": max(until(item) for item in promised),
        "materials": len(papers[["item_code", "canonical_id"]].drop_duplicates()),
        "trips": int(tables["items"]["visits_min"].astype(int).sum()),
    }


def corrections(tables: dict[str, pd.DataFrame], *, by_applicant: bool) -> pd.DataFrame:
    """Return the corrections the applicant hands in, or the notices that ask for them."""
    events = tables["events"]
    return events[(events["stage"] == "correction") & ((events["department"] == APPLICANT) == by_applicant)]


def assert_sound(tables: dict[str, pd.DataFrame]) -> None:
    """Assert what holds of every log: keys, references, the order of a case's times, visits around their events."""
    events, cases, visits = tables["events"], tables["cases"], tables["visits"]
    for name, key in (("bundles", "bundle_id"), ("cases", "case_id"), ("events", "event_id"), ("visits", "visit_id")):
        assert tables[name][key].is_unique
    assert set(cases["bundle_id"]) == set(tables["bundles"]["bundle_id"])
    assert set(tables["e2o"]["event_id"]) == set(events["event_id"])
    assert set(tables["e2o"]["object_id"]) == set(cases["case_id"])
    assert set(tables["material_instances"]["event_id"]) <= set(events["event_id"])
    assert set(tables["special_episodes"]["case_id"]) <= set(cases["case_id"])
    ordered = cases[["apply_time", "accept_time", "decide_time", "finish_time", "deliver_time"]]
    for earlier, later in zip(ordered, list(ordered)[1:], strict=False):
        known = ordered[[earlier, later]].dropna()
        assert (known[earlier] <= known[later]).all(), (earlier, later)
    assert (events["start"] <= events["end"]).all()
    office = events[(events["department"] != APPLICANT) & (events["is_auto"] == "false")]
    assert office["start"].map(is_working_day).all()
    assert (office["resource"] != "").all()
    assert events["resource"].str.fullmatch(r"([A-Z]{2}-\d{2})?").all()
    assert tables["bundles"]["applicant_id"].str.fullmatch(r"A\d{5}").all()
    met = events[events["visit_id"] != ""].merge(visits, on="visit_id")
    assert len(met) >= len(visits)
    assert (met["start"] >= met["ticket_time"]).all()
    assert (met["end"] <= met["left_time"]).all()
    minutes = visits["left_time"] - visits["ticket_time"]
    assert np.all(minutes < pd.Timedelta(hours=4))
