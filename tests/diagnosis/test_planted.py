"""The planted truth of the bench: it plants what it says, counted on its own tables with no rule of flowaudit."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))
from planted import CAUSES, NOISES, SCENARIOS, WASTES, World, clean_world, noisy, plant
from planted import causes as planted_causes
from planted.office import APPLICANT, clock_days, run
from planted.wastes import background

CASES = 80


# Waiting causes.


def short(name: str, seed: int, weeks: int = 8):
    return planted_causes.simulate(replace(SCENARIOS[name], weeks=weeks), seed)


@pytest.fixture(scope="module")
def mix():
    return short("mix", 3)


def test_every_window_is_split_without_rest_or_overlap(mix):
    parts = mix.parts
    assert np.allclose(parts[list(CAUSES)].sum(axis=1), parts["window"])
    assert (parts[list(CAUSES)] >= 0).all().all()
    assert mix.planted.sum() == pytest.approx(parts["window"].sum())
    assert (mix.working <= mix.planted + 1e-9).all()


def test_windows_run_from_the_last_end_of_the_case_to_the_start(mix):
    frame = mix.frame
    enabled = frame.groupby("case_id")["end"].shift()
    window = ((frame["start"] - enabled).dt.total_seconds() / 3600).fillna(0.0)
    assert np.allclose(window, mix.parts["window"])


def test_each_moment_of_waiting_has_the_first_cause_that_holds(mix):
    """The causes of single moments, asked one by one, against the spans that were cut out."""
    frame, parts = mix.frame, mix.parts
    office = SCENARIOS["mix"]
    rng = np.random.default_rng(0)
    zero = planted_causes.MONDAY
    start, end = ((frame[c] - zero).dt.total_seconds() for c in ("start", "end"))
    enabled = start - 3600 * parts["window"]
    # Without the two batched steps: their batches are known to the office alone.
    plain = frame["activity"].isin(["受理", "审查", "审核"]) & (parts["window"] > 0)
    told, n = dict.fromkeys(CAUSES, 0.0), 600
    rows = rng.choice(frame.index[plain], n, p=parts["window"][plain] / parts["window"][plain].sum())
    for row in rows:
        moment = rng.uniform(enabled[row], start[row])
        at_work = (frame["resource"] == frame.at[row, "resource"]) & (start <= moment) & (moment < end)
        duty = office.duty.get(frame.at[row, "resource"], planted_causes.FULL_TIME)
        if (at_work & (enabled <= enabled[row])).any():
            told["contention"] += 1
        elif at_work.any():
            told["prioritisation"] += 1
        elif any(a <= moment < b for a, b in duty.spans(moment - 1, moment + 1)):
            told["extraneous"] += 1
        else:
            told["unavailability"] += 1
    planted = parts.loc[plain, list(CAUSES)].sum() / parts.loc[plain, "window"].sum()
    for cause in ("contention", "prioritisation", "unavailability", "extraneous"):
        half_width = 4 * np.sqrt(planted[cause] * (1 - planted[cause]) / n) + 1e-3
        assert told[cause] / n == pytest.approx(planted[cause], abs=half_width), cause


def test_those_of_one_meeting_wait_in_a_batch_until_its_last_one_came(mix):
    """Counted from the stamps alone: all that begin together with others, up to the last of them to be enabled."""
    frame, parts = mix.frame, mix.parts
    own = frame[frame["activity"] == "决定"]
    enabled = own["start"] - pd.to_timedelta(parts.loc[own.index, "window"], unit="h")
    closes = enabled.groupby(own["start"]).transform("max")
    waited = (closes - enabled).dt.total_seconds() / 3600
    assert waited.max() > 24
    assert np.allclose(waited, parts.loc[own.index, "batching"], atol=1e-3)


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("applicant", "applicant"), ("batching, weekly", "batching"), ("batching, by size", "batching"),
        ("batching, daily", "batching"), ("contention", "contention"), ("unavailability", "unavailability"),
        ("extraneous", "extraneous"),
    ],
)  # fmt: skip
def test_each_cause_alone_dominates_the_office_hours(name, cause):
    working = short(name, 5).working
    assert working.idxmax() == cause
    assert working[cause] > 0.45 * working.sum()


def test_urgent_cases_make_others_wait():
    with_urgent, without = (short(n, 5, 20).working for n in ("prioritisation", "contention"))
    assert with_urgent["prioritisation"] > 0.2 * with_urgent.sum()
    assert without["prioritisation"] == 0


def test_no_officer_does_two_things_at_once_but_a_shared_account_does():
    frame = short("shared account", 2).frame.dropna(subset=["resource"]).sort_values(["resource", "start"])
    overlap = frame["start"] < frame.groupby("resource")["end"].shift()
    assert set(frame.loc[overlap, "resource"]) == {"综合窗口"}


spans = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=6).map(
    lambda pairs: planted_causes.union([(float(min(p)), float(max(p))) for p in pairs])
)


@given(spans, spans)
@settings(max_examples=60)
def test_spans_are_cut_like_sets_of_hours(one, other):
    def hours(found):
        return {h for a, b in found for h in range(int(a), int(b))}

    assert hours(planted_causes.common(one, other)) == hours(one) & hours(other)
    assert hours(planted_causes.without(one, other)) == hours(one) - hours(other)


# The clean background.


@pytest.fixture(scope="module", params=["bundle", "single"])
def clean(request) -> World:
    return run(clean_world(7, kind=request.param, cases=CASES * 3))


def test_the_background_is_clean_by_the_words_of_the_rules(clean):
    for rule, count in SEEN.items():
        seen = count(clean)
        assert seen <= 0.03 * len(clean.cases), (rule, seen)


def test_promises_fit_and_nobody_hugs_them(clean):
    for item in clean.items:
        days = np.array([clock_days(case) for case in clean.of(item)])
        if len(days) < 50:
            continue
        slack = item.promised - days
        assert 0 < item.promised - np.quantile(days, 0.95) < 2
        assert (slack < 0).mean() < 0.03
        assert np.isin(slack, (0, 1)).sum() < 2 * np.isin(slack, (2, 3)).sum()


def test_officers_do_one_thing_at_a_time_and_are_evenly_busy(clean):
    events = clean.frames["events"].drop_duplicates("event_id").dropna(subset=["resource", "arrive"])
    events = events[events["stage"] != "consult"].sort_values(["resource", "start"])
    assert not (events["start"] < events.groupby("resource")["end"].shift()).any()
    served = events[~events["stage"].isin(["special", "correction"])].groupby(["activity", "resource"]).size()
    assert served.groupby("activity").size().min() >= 2
    assert not (events["start"] > events["end"]).any()


def test_tables_name_only_what_exists(clean):
    frames = clean.frames
    cases, events = set(frames["cases"]["case_id"]), set(frames["events"]["event_id"])
    for name in ("events", "material_instances", "special_episodes", "ratings"):
        assert set(frames[name]["case_id"]) <= cases
    assert set(frames["e2o"]["event_id"]) == events
    assert set(frames["events"]["visit_id"].dropna()) <= set(frames["visits"]["visit_id"])
    codes = set(clean.guides["items"]["item_code"])
    assert set(frames["cases"]["item_code"]) == codes
    assert clean.log().n_cases == len(cases)
    assert set(clean.catalogue().item_codes) == codes


@pytest.mark.parametrize("noise", NOISES)
def test_noise_changes_what_it_says(noise):
    plain = run(clean_world(3, cases=CASES)).frames
    noised = noisy(run(clean_world(3, cases=CASES)), noise, 3).frames
    events, before = noised["events"], plain["events"]
    if noise == "none":
        pd.testing.assert_frame_equal(events, before)
    elif noise == "missing officers":
        assert 0.02 < events["resource"].isna().mean() - before["resource"].isna().mean() < 0.09
    elif noise in ("ties", "dates only"):
        unit = "h" if noise == "ties" else "D"
        assert (events["end"] == before["end"].dt.floor(unit)).all()
        assert events.groupby("case_id")["end"].apply(lambda s: s.duplicated().any()).mean() > 0.5
    else:
        assert len(events) < 0.9 * len(before)
        assert noised["cases"]["decide_time"].isna().any()
        assert noised["cases"][["apply_time", "decide_time"]].max().max() <= events["end"].max()


# The wastes, counted in their own words.


def _human(world: World) -> pd.DataFrame:
    return world.frames["events"][world.frames["events"]["department"] != APPLICANT]


def _levels(world: World) -> int:
    events = _human(world)
    events = events[events["level"].notna() & ~(events["legally_required"] & (events["level"] > 3))]
    return int((events.groupby(["case_id", "department"])["level"].nunique() > 3).sum())


def _stamps(world: World) -> int:
    """Cases at nodes that never say no, in few words and few minutes."""
    events = _human(world)
    events = events[events["stage"].isin(["review", "check"])]
    minutes = (events["end"] - events["start"]).dt.total_seconds() / 60
    nodes = events.assign(minutes=minutes).groupby("activity")
    kinds = nodes["opinion"].nunique()
    quick = (nodes["minutes"].median() < 5) & (kinds <= 3) & nodes["result"].agg(lambda r: (r == "通过").all())
    return int(nodes.size()[quick].sum())


def _runs(place: pd.Series) -> bool:
    names = [n for n, following in zip(place, place.shift(-1), strict=True) if n != following]
    return any(a == c != b and APPLICANT not in (a, b) for a, b, c in zip(names, names[1:], names[2:], strict=False))


def _returns(world: World) -> int:
    events = world.frames["events"].dropna(subset=["item_code"])
    place = events["department"] + "·" + events["office"].fillna("")
    # An issuing counter that is also the intake is no return; nor is a review after the applicant's correction.
    inside = events["stage"].isin(["review", "check", "consult_dept", "correction", "inspect"])
    return int(place[inside].groupby(events["case_id"]).apply(_runs).sum())


def _corrections(world: World) -> int:
    events = _human(world)
    return int(events[events["stage"] == "correction"]["case_id"].nunique())


def _off_clock(world: World) -> int:
    events, cases = world.frames["events"], world.frames["cases"].set_index("case_id")
    corrected = set(events[events["stage"] == "correction"]["case_id"])
    days = np.busday_count(cases["apply_time"].to_numpy("M8[D]"), cases["accept_time"].to_numpy("M8[D]"))
    late = set(cases.index[days > 5]) - corrected
    own = events[events["stage"].isin(["review", "inspect"])]
    early = set(own.loc[own["end"] < own["case_id"].map(cases["accept_time"]), "case_id"])
    signing = events[events["stage"].isin(["review", "inspect", "check", "decide"])]
    first = signing[signing["stage"] == "decide"].groupby("case_id")["end"].min()
    before = signing["case_id"].map(first) - signing["end"]
    close = signing[(before >= pd.Timedelta(0)) & (before <= pd.Timedelta(minutes=10))]
    stamped = close.groupby("case_id")["activity"].nunique()
    papers = world.frames["material_instances"]
    ahead = papers["case_id"].map(cases["apply_time"]) - papers["submit_time"]
    handed = set(papers.loc[(papers["source"] == "applicant") & (ahead > pd.Timedelta(days=1)), "case_id"])
    episodes = world.frames["special_episodes"]
    return len(
        late
        | early
        | handed
        | set(stamped.index[stamped > 2])
        | set(episodes.loc[episodes["reason"].isna(), "case_id"])
    )


def _owner(world: World) -> pd.Series:
    return pd.Series({case.id: case.bundle.id for case in world.cases})


def _handed_in_again(world: World) -> int:
    papers = world.frames["material_instances"]
    own = papers[(papers["source"] == "applicant") & papers["accepted"]]
    again = (
        own.assign(bundle=own["case_id"].map(_owner(world))).groupby(["bundle", "canonical_id"])["case_id"].nunique()
    )
    return int((again > 1).sum())


def _typed_again(world: World) -> int:
    fields = world.guides["form_fields"]
    typed = fields[fields["class"] == "type"]
    twice = int((typed.groupby("canonical_field")["item_code"].nunique() > 1).any()) * len(world.cases)
    events = _human(world).dropna(subset=["resource", "system"])
    systems = events.groupby(["case_id", "activity", "resource"])["system"].nunique()
    return twice + int((systems > 1).sum())


def _inspected_again(world: World) -> int:
    events = world.frames["events"]
    own = events[events["stage"] == "inspect"]
    return int((own.groupby("location")["department"].nunique() > 1).sum())


def _serial(world: World) -> int:
    """Bundles whose items run one after the other, and cases with two consultations."""
    events = world.frames["events"].dropna(subset=["item_code"])
    spans = events.groupby("case_id").agg(start=("start", "min"), end=("end", "max"))
    spans["bundle"] = spans.index.map(_owner(world))
    serial = sum(
        len(own) > 1 and bool((own["start"].to_numpy()[1:] >= own["end"].to_numpy()[:-1]).all())
        for _b, own in spans.sort_values("start").groupby("bundle")
    )
    share = serial / max(spans["bundle"].nunique(), 1)
    consulted = events[events["stage"] == "consult_dept"].groupby("case_id")["activity"].nunique()
    return (serial if share > 0.8 else 0) + int((consulted > 1).sum())


def _idle(world: World) -> int:
    """Cases at nodes before which nine in ten lie longer than a working day."""
    events = world.frames["events"].dropna(subset=["item_code"]).sort_values(["case_id", "start", "end"], kind="stable")
    before = events.groupby("case_id")["end"].shift()
    days = (events["start"] - before).dt.total_seconds() / 86_400
    own = events[events["department"] != APPLICANT].assign(days=days).dropna(subset=["days"])
    nodes = own.groupby("activity")["days"]
    return int(nodes.size()[(nodes.quantile(0.5) > 1)].sum())


def _circular(world: World) -> int:
    guide = world.guides["item_materials"].dropna(subset=["produced_by_item"])
    pairs = set(zip(guide["produced_by_item"], guide["item_code"], strict=True))
    return sum((b, a) in pairs for a, b in pairs) * len(world.cases)


def _intakes(world: World) -> int:
    events = world.frames["events"]
    accepted = events[events["stage"] == "accept"]
    return int((accepted.groupby(accepted["case_id"].map(_owner(world)))["department"].nunique() > 1).sum())


def _reviewed_again(world: World) -> int:
    names = [paper.name for item in world.items for paper in item.papers]
    events = _human(world).dropna(subset=["opinion"])
    events = events[events["stage"].isin(["review", "check"])]
    bundle = events["case_id"].map(_owner(world))
    found: set[str] = set()
    for name in names:
        says = events["opinion"].str.contains(name, regex=False)
        nodes = events[says].groupby(bundle[says])["activity"].nunique()
        found |= set(nodes.index[nodes > 1])
    return len(found)


def _useless(world: World) -> int:
    papers, guide = world.frames["material_instances"], world.guides["item_materials"]
    optional = set(guide.loc[guide["necessity"] == "optional", "canonical_id"])
    return int((~papers["accepted"].astype(bool) | papers["canonical_id"].isin(optional)).sum())


def _vain(world: World) -> int:
    visits = world.frames["visits"]
    applicant = visits["applicant_id"]
    repeated = visits.duplicated(["applicant_id", "purpose"], keep=False)
    only = visits["purpose"].eq("collect")
    return int(applicant[(visits["outcome"] != "progress") | repeated | only].nunique())


def _late(world: World) -> int:
    total = 0
    for item in world.items:
        slack = item.promised - np.array([clock_days(case) for case in world.of(item)])
        total += int((slack < 0).sum()) if (slack < 0).mean() > 0.03 else 0
        hugging = np.isin(slack, (0, 1)).sum()
        total += int(hugging) if hugging >= 2 * np.isin(slack, (2, 3)).sum() else 0
    return total


def _vain_promise(world: World) -> int:
    total = 0
    for item in world.items:
        days = np.array([clock_days(case) for case in world.of(item)])
        gap = item.promised - np.quantile(days, 0.95)
        total += len(days) if gap >= max(2, 0.3 * item.promised) else 0
    return total


def _passed_on(world: World) -> int:
    return int((_human(world)["result"] == "转报").sum())


def _uneven(world: World) -> int:
    """Cases at nodes where one officer of several gets more than two thirds."""
    events = _human(world).dropna(subset=["resource"])
    per_officer = events.groupby(["activity", "resource"]).size().groupby("activity")
    most, total, officers = per_officer.max(), per_officer.sum(), per_officer.size()
    return int(total[(most > 0.67 * total) & (officers > 1) & (total >= 20)].sum())


def _paper_after_online(world: World) -> int:
    online = {case.bundle.applicant for case in world.cases if case.bundle.channel == "线上"}
    visits = world.frames["visits"]
    return int(
        visits[visits["applicant_id"].isin(online) & visits["purpose"].isin(["submit", "核验原件"])][
            "applicant_id"
        ].nunique()
    )


def _suspended(world: World) -> int:
    """Cases of items whose procedures are many or have no reason."""
    episodes = world.frames["special_episodes"].merge(world.frames["cases"][["case_id", "item_code"]], on="case_id")
    doubtful = episodes[episodes["reason"].isna()]
    share = episodes.groupby("item_code")["case_id"].nunique() / world.frames["cases"].groupby("item_code").size()
    many = episodes[episodes["item_code"].map(share) > 0.3]
    return len(set(doubtful["case_id"]) | set(many["case_id"]))


def _two_standards(world: World) -> int:
    cases = world.frames["cases"]
    papers = world.frames["material_instances"].groupby("case_id")["canonical_id"].nunique()
    days = pd.Series({case.id: clock_days(case) for case in world.cases})
    total = 0
    for values in (papers, days):
        by = cases.assign(value=cases["case_id"].map(values)).groupby(["item_code", "channel"])["value"]
        gap = by.mean().unstack().diff(axis=1).iloc[:, -1].abs()
        spread = by.std().unstack().mean(axis=1)
        sizes = cases.groupby("item_code").size()
        total += int(sizes[(gap > 0.55 * spread.clip(lower=0.1)) & (sizes >= 35)].sum())
    return total


def _issued_apart(world: World) -> int:
    events = world.frames["events"]
    delivered = events[events["stage"] == "deliver"]
    return int((delivered.groupby(delivered["case_id"].map(_owner(world)))["event_id"].nunique() > 1).sum())


def _not_exempt(world: World) -> int:
    guide, papers = world.guides["item_materials"], world.frames["material_instances"]
    covered = set(guide.loc[(guide["issuer_scope"] == "city") & guide["elicence_type"].notna(), "material_code"])
    return int((papers["material_code"].isin(covered) & (papers["source"] == "applicant")).sum())


def _found_late(world: World) -> int:
    events = _human(world)
    return int(((events["level"] >= 2) & (events["result"] == "退回")).sum())


SEEN = {
    "W01": _levels, "W02": _stamps, "W03": _returns, "W04": _corrections, "W05": _off_clock, "W06": _handed_in_again,
    "W07": _typed_again, "W08": _inspected_again, "W09": _serial, "W10": _idle, "W11": _circular, "W12": _intakes,
    "W13": _reviewed_again, "W14": _useless, "W15": _vain, "W16": _late, "W17": _vain_promise, "W18": _passed_on,
    "W19": _uneven, "W20": _paper_after_online, "W21": _suspended, "W22": _two_standards, "W23": _issued_apart,
    "W24": _not_exempt, "W25": _found_late,
}  # fmt: skip


@pytest.mark.parametrize(("rule", "mode"), [(rule, mode) for rule, waste in WASTES.items() for mode in waste.what])
def test_each_waste_is_there_once_it_is_planted(rule, mode):
    planted = plant(rule, 1, mode=mode, cases=CASES)
    seen = SEEN[rule](planted.world)
    assert seen >= 6, seen
    (truth,) = planted.truths
    ids = {i for case in planted.world.cases for i in case.ids}
    assert truth.cases <= ids
    assert truth.place
    assert truth.lost_days is None or truth.lost_days > 0


def test_every_waste_has_a_rule_of_the_catalogue():
    assert [*WASTES] == [f"W{n:02}" for n in range(1, 26)]


@pytest.mark.parametrize("rule", ["W01", "W03", "W04", "W25"])
def test_no_strength_no_waste(rule):
    (truth,) = plant(rule, 2, strength=0.0, cases=CASES).truths
    assert not truth.cases
    assert truth.lost_days is None


def test_the_same_seed_gives_the_same_log_and_a_waste_leaves_other_items_alone():
    one, two = (plant("W01", 4, cases=CASES) for _n in range(2))
    pd.testing.assert_frame_equal(one.world.frames["events"], two.world.frames["events"])
    (truth,) = one.truths
    plain = run(background("W01", 4, CASES)).frames["events"]
    (code,) = truth.place["items"]
    # Of the other items the steps are as before; only who happens to do them, and when, may differ.
    steps = [
        f[f["item_code"].ne(code)].groupby(["case_id", "activity"]).size().sort_index()
        for f in (one.world.frames["events"], plain)
    ]
    pd.testing.assert_series_equal(*steps)


def test_planted_loss_of_a_fourth_level_is_what_its_stamps_say():
    from planted.office import DAY, worked

    planted = plant("W01", 5, cases=CASES)
    (truth,) = planted.truths
    events = planted.world.frames["events"].sort_values(["case_id", "start", "end"], kind="stable")
    before = events.dropna(subset=["item_code"]).groupby("case_id")["end"].shift()
    extra = events[events["activity"].isin(truth.place["activities"])]
    days = [(worked(row["end"]) - worked(before[i])) / DAY for i, row in extra.iterrows()]
    assert len(days) * 2 >= len(truth.cases) / 2
    assert sum(days) == pytest.approx(truth.lost_days, rel=1e-3)
