"""Logs as no one would wish them: nothing breaks, the parts still sum up, and nothing is found without support."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from flowaudit.catalogue import read_catalogue
from flowaudit.diagnosis import RULES, bottlenecks, diagnose, explain, waiting_causes
from flowaudit.diagnosis.waiting import AXES
from flowaudit.eventlog import APPLICANT, as_unit, from_frame, load_sample, sample_folder
from flowaudit.worktime import Calendar

WEEKDAYS = Calendar.weekdays()
MONDAY = pd.Timestamp("2024-03-04 09:00")
STAGES = ["apply", "accept", "correction", "review", "check", "decide", "inspect", "deliver"]


def ordinary(cases=40, *, seed=1):
    """Eight steps a case, by four officers, at random times."""
    rng = np.random.default_rng(seed)
    rows = []
    for case in range(cases):
        now = MONDAY + pd.Timedelta(hours=float(rng.uniform(0, 2000)))
        for k, stage in enumerate(STAGES):
            start = now + pd.Timedelta(hours=float(rng.exponential(10)))
            now = start + pd.Timedelta(hours=float(rng.exponential(1)))
            rows.append(
                {"case_id": f"c{case}", "activity": f"a{k}", "department": [APPLICANT, "甲局", "乙局", "丙局"][k % 4],
                 "stage": stage, "level": k % 5, "resource": f"o{rng.integers(4)}", "start": start.floor("s"),
                 "end": now.floor("s"), "item_code": f"I{k % 3}", "result": ["通过", "补正", ""][k % 3], "is_auto": False}
            )  # fmt: skip
    return pd.DataFrame(rows)


def changed(**columns):
    def change(frame):
        return frame.assign(**{name: make(frame) if callable(make) else make for name, make in columns.items()})

    return change


def every(n, column, value):
    """Put something else into every n-th row of a column."""

    def change(frame):
        frame = frame.copy()
        rows = frame.index[::n]
        frame.loc[rows, column] = value(frame.loc[rows]) if callable(value) else value
        return frame

    return change


def swapped(frame):
    rows = np.arange(len(frame)) % 3 == 0
    start, end = frame["start"], frame["end"]
    return frame.assign(start=start.where(~rows, end), end=end.where(~rows, start))


def later(days):
    return lambda rows: rows["end"] + pd.Timedelta(days=days)


def unknown(frame):
    return pd.Series(pd.NaT, frame.index, dtype="datetime64[us]")


MIDNIGHT = MONDAY.normalize()
AWKWARD = {
    "as it is": lambda f: f,
    "one event a case": lambda f: f[f["activity"] == "a3"],
    "one event a case and nothing else": lambda f: f.loc[f["activity"] == "a3", ["case_id", "activity", "end"]],
    "all stamps tied": changed(start=MONDAY, end=MONDAY),
    "all of one date": changed(start=MIDNIGHT, end=MIDNIGHT),
    "ends of one date": lambda f: f.drop(columns="start").assign(end=MIDNIGHT),
    "one resource": changed(resource="x"),
    "no resources": lambda f: f.drop(columns="resource"),
    "resources without a value": changed(resource=None),
    "no departments": lambda f: f.drop(columns="department"),
    "only the applicant": changed(department=APPLICANT),
    "only ends": lambda f: f[["case_id", "activity", "end"]],
    "only starts and ends": lambda f: f[["case_id", "activity", "start", "end"]],
    "every event another activity": changed(activity=lambda f: [f"a{i}" for i in range(len(f))]),
    "half of the starts missing": every(2, "start", pd.NaT),
    "all starts missing": changed(start=unknown),
    "some ends missing": every(10, "end", pd.NaT),
    "all ends missing": changed(end=unknown),
    "starts after ends": swapped,
    "starts years after ends": every(8, "start", later(3000)),
    "years in one step": every(9, "end", later(365 * 8)),
    "one absurd stamp": every(1000, "end", pd.Timestamp("2199-01-01")),
    "one case": lambda f: f[f["case_id"] == "c0"],
    "one event": lambda f: f.iloc[:1],
    "no events": lambda f: f.iloc[:0],
    "machines only": changed(is_auto=True),
}


@pytest.mark.parametrize("name", AWKWARD)
def test_nothing_breaks(name):
    log = from_frame(AWKWARD[name](ordinary()))
    found = diagnose(log, calendar=WEEKDAYS, min_cases=10)
    waiting = waiting_causes(log, calendar=WEEKDAYS)
    ranking = bottlenecks(log, calendar=WEEKDAYS)
    assert (ranking["saving_days"] <= ranking["waiting_days"] + 1e-9).all()
    assert_parts_sum_up(waiting)
    for axis in AXES:
        total = waiting.by(axis)["waiting_h"].sum()
        assert total <= waiting.working_parts.sum() / 3.6e9 + 1e-6
    for finding in found:
        assert 10 <= finding.cases <= finding.population <= log.n_cases
        assert 0 <= finding.share_low <= finding.share <= finding.share_high <= 1
        assert set(finding.evidence) <= set(log.case_ids)
        assert not np.isnan([finding.time_lost_days_total or 0.0, finding.saving_days_total or 0.0]).any()
        assert len(explain(finding, log).events)
    # what was not asked is told
    assert {n.rule for n in found.not_checkable} >= {"W15", "W22"}
    assert {n.rule for n in found.not_checkable} | set(found.by_rule()) <= set(RULES)
    assert all(n.needs and n.reason_en for n in found.not_checkable)
    if log.n_cases < 10:
        assert len(found) == 0


def assert_parts_sum_up(waiting):
    log = waiting.log
    end = log.stamps("end")
    start = log.stamps("start") if log.has("start") else end
    until = np.where(np.isnat(start), end, start)
    known = ~np.isnat(until) & ~np.isnat(waiting.enablement.enabled)
    window = np.where(known, np.maximum((until - waiting.enablement.enabled).astype(np.int64), 0), 0)
    if not np.isnat(end).all():
        assert waiting.window.tolist() == window.tolist()
    assert (waiting.parts >= 0).all()
    assert (waiting.working_parts >= 0).all()
    assert (waiting.working_parts <= waiting.parts).all()


# -- large in one respect ------------------------------------------------------------------------------------------------


def one_case(n, *, activities, seed=3):
    rng = np.random.default_rng(seed)
    start = MONDAY + pd.to_timedelta(rng.exponential(10, n).cumsum(), unit="min")
    pick = lambda *values: np.array(values, object)[rng.integers(0, len(values), n)]  # noqa: E731
    return pd.DataFrame(
        {"case_id": "c", "activity": [f"a{k}" for k in rng.integers(0, activities, n)], "start": start,
         "end": start + pd.to_timedelta(rng.exponential(60, n), unit="min"), "department": pick("甲", "乙", "丙", APPLICANT),
         "resource": pick(*"vwxyz"), "stage": pick("review", "check", "decide", "correction"), "item_code": pick("X", "Y")}
    )  # fmt: skip


@pytest.mark.parametrize("overlapping", [False, True])
def test_one_case_of_thousands_of_events(overlapping):
    """The passes over pairs of one case neither take minutes nor room for every pair."""
    frame = one_case(2000, activities=30)
    if overlapping:
        frame["start"] = MONDAY
    log = from_frame(frame)
    assert len(diagnose(log, calendar=WEEKDAYS)) == 0
    assert len(diagnose(log, calendar=WEEKDAYS, min_cases=1)) > 0
    assert bottlenecks(log, calendar=WEEKDAYS).empty == overlapping


def test_ten_thousand_activities():
    frame = ordinary(1250)
    frame["activity"] = [f"a{i}" for i in np.random.default_rng(2).permutation(len(frame))]
    # all steps of a case begin together and overlap: as many concurrent pairs as there can be
    together = frame.assign(start=frame.groupby("case_id")["start"].transform("min"))
    for one in (frame, together):
        log = from_frame(one)
        assert {f.rule for f in diagnose(log, calendar=WEEKDAYS)} <= {"W01", "W04"}
        assert_parts_sum_up(waiting_causes(log, calendar=WEEKDAYS))


def test_one_piece_of_work_that_lies_open_all_the_time_changes_nobodys_queue():
    """Two cases an hour come together, 200 times; the second waits 20 minutes for the first. Nothing else is a queue.

    Who has one more in hand all the time is taken for one with two things in hand, whose hands are full as before.
    """
    rows = []
    for k in range(400):
        ready = MONDAY + pd.Timedelta(days=k // 2 // 6, hours=k // 2 % 6)
        start = ready + pd.Timedelta(minutes=20 * (k % 2))
        rows.append((f"c{k}", "in", f"z{k}", ready, ready))
        rows.append((f"c{k}", "check", "x", start, start + pd.Timedelta(minutes=20)))
    rows.append(("open", "other", "y", MONDAY, rows[-1][-1]))
    frame = pd.DataFrame(rows, columns=["case_id", "activity", "resource", "start", "end"])
    queues = {}
    for owner in ("y", "x"):
        frame.loc[len(frame) - 1, "resource"] = owner
        waiting = waiting_causes(from_frame(frame), calendar=WEEKDAYS)
        x = waiting.log.labels("resource").index("x")
        queues[owner] = (int(waiting.accounts.capacity[x]), waiting.total()["hours"]["contention"])
    assert queues == {"y": (1, pytest.approx(200 / 3)), "x": (2, pytest.approx(200 / 3))}


# -- side tables and the catalogue ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def restaurant():
    """Sixty bundles of the sample: frame, side tables, catalogue."""
    log = load_sample("restaurant")
    bundles = sorted(set(as_unit(log).case_ids))[:60]
    cases = log.table("cases")
    cases = cases[cases["bundle_id"].isin(bundles)].reset_index(drop=True)
    tables = {"cases": cases}
    for name in ("material_instances", "visits", "special_episodes", "ratings"):
        table = log.table(name)
        key, kept = ("bundle_id", bundles) if "bundle_id" in table else ("case_id", cases["case_id"])
        tables[name] = table[table[key].isin(kept)].reset_index(drop=True)
    frame = log.to_pandas()
    frame = frame[frame["case_id"].isin(cases["case_id"])].reset_index(drop=True)
    return frame.astype({"case_id": object}), tables, read_catalogue(sample_folder("restaurant") / "catalogue")


KEYS = ("case_id", "bundle_id")


def bare(table):
    return table[[c for c in table if c in KEYS]]


def texts(table):
    return table.assign(**{c: "文字" for c in table if c not in KEYS})


def blank(table):
    return table.assign(**{c: None for c in table if c not in KEYS})


def see(restaurant, *, catalogue=None, unit="bundle", **tables):
    frame, given, guide = restaurant
    log = from_frame(frame, tables={**given, **tables})
    waiting_causes(log, calendar=WEEKDAYS, unit=unit)
    return diagnose(log, catalogue or guide, calendar=WEEKDAYS, unit=unit)


@pytest.mark.parametrize(
    "change", [bare, texts, blank, lambda table: table.iloc[:0]], ids=["keys", "texts", "blank", "empty"]
)
def test_side_tables_that_say_nothing(restaurant, change):
    found = see(restaurant, **{name: change(table) for name, table in restaurant[1].items() if name != "cases"},
                cases=bare(restaurant[1]["cases"]))  # fmt: skip
    rules = set(found.by_rule())
    assert rules >= {"W01", "W10"}  # what the events say is found all the same
    # nothing of materials, visits, channels
    assert not rules & {"W06", "W14", "W15", "W20", "W22", "W24", "W25"}
    if change is not texts:
        assert {n.rule for n in found.not_checkable} >= {"W06", "W14", "W15", "W20", "W22", "W24"}


@pytest.mark.parametrize("unit", ["case", "bundle"])
def test_cases_of_texts(restaurant, unit):
    found = see(restaurant, cases=texts(restaurant[1]["cases"]), unit=unit)
    assert "W01" in found.by_rule()


def test_side_tables_of_strings_are_read(restaurant):
    """What files without types would give: the same findings."""
    strings = {name: table.astype(str).where(table.notna(), None) for name, table in restaurant[1].items()}
    expected = {f.id: (f.cases, f.population) for f in see(restaurant)}
    assert {f.id: (f.cases, f.population) for f in see(restaurant, **strings)} == expected
    assert {name.partition("-")[0] for name in expected} >= {"W01", "W06", "W15", "W24"}


def test_a_circle_of_offices_and_of_items(restaurant):
    catalogue = restaurant[2]
    codes = catalogue.item_codes
    circle = pd.DataFrame(
        [(a, b, "precedes", "catalogue", "") for a, b in zip(codes, [*codes[1:], codes[0]], strict=True)],
        columns=["src_item", "dst_item", "relation", "basis", "evidence"],
    )
    orgs = catalogue.orgs.assign(parent=np.roll(catalogue.orgs["department"].to_numpy(), 1))
    found = see(restaurant, catalogue=replace(catalogue, item_relations=circle, orgs=orgs))
    assert "W01" in found.by_rule()
    empty = see(restaurant, catalogue=replace(catalogue, orgs=orgs.iloc[:0], item_relations=circle.iloc[:0]))
    assert "W01" in empty.by_rule()
