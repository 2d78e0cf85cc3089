"""Filters: by hand, against pandas and pm4py, and laws of their composition."""

import contextlib
import io
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_logs import log_of, logs

from flowaudit.errors import FlowAuditError, InputError, UsageError
from flowaudit.eventlog import from_frame, load_sample, open_log, read_log, select, select_cases, write_log
from flowaudit.messages import both
from flowaudit.metrics import complete_cases


@pytest.fixture(scope="module")
def months():
    """Three cases: in January, from January to February, in February."""
    stamps = ["2024-01-02", "2024-01-20", "2024-01-30", "2024-02-02", "2024-02-01", "2024-02-20"]
    return from_frame(
        pd.DataFrame({"case_id": list("112233"), "activity": list("ABACBA"), "end": pd.to_datetime(stamps)})
    )


@pytest.mark.parametrize(
    ("how", "kept"),
    [("contained", ["1"]), ("intersecting", ["1", "2"]), ("started", ["1", "2"]), ("ended", ["1"])],
)
def test_january(months, how, kept):
    assert select(months).period("2024-01-01", "2024-02-01", how).log.case_ids == kept


def test_the_end_of_a_period_is_not_in_it(months):
    assert select(months).period("2024-02-01", "2024-02-20").log.case_ids == []
    assert select(months).period("2024-02-01", "2024-02-20", "started").log.case_ids == ["3"]


def test_activities(months):
    assert select(months).with_activity("B").log.case_ids == ["1", "3"]
    assert select(months).with_activity("B", "C", every=True).log.case_ids == []
    assert select(months).with_activity("A", "C", every=True).log.case_ids == ["2"]
    assert select(months).without_activity("B").log.case_ids == ["2"]
    assert select(months).starting_with("B").log.case_ids == ["3"]
    assert select(months).ending_with("B", "C").log.case_ids == ["1", "2"]


def test_size_and_duration():
    log = log_of("A", "ABC", "AB", step="1h")
    assert select(log).size(least=2).log.case_ids == ["1", "2"]
    assert select(log).size(most=2).log.case_ids == ["0", "2"]
    assert select(log).duration(least="1h", most="1h").log.case_ids == ["2"]


def test_variant_share_is_the_smallest_set():
    log = log_of(*["AB"] * 5, *["BA"] * 3, "A", "B")
    assert select(log).variant_share(0.5).n_cases == 5
    assert select(log).variant_share(0.51).n_cases == 8
    assert select(log).variant_share(0.8).n_cases == 8
    assert select(log).variant_share(0.9).log.case_ids[-1] == "8"
    assert select(log).variant_share(1).n_cases == 10


def test_variant_share_looks_at_the_cases_left():
    log = log_of(*["AB"] * 5, *["BA"] * 3, "BAA")
    assert select(log).starting_with("B").variant_share(0.75).log.case_ids == ["5", "6", "7"]


@given(logs(), st.floats(0.05, 1.0))
def test_variant_share_covers_what_it_says(log, share):
    chosen = select(log).variant_share(share)
    assert chosen.n_cases >= share * log.n_cases - 1e-9


@given(logs(), st.data())
def test_the_order_of_filters_does_not_matter(log, data):
    name = data.draw(st.sampled_from(log.activities))
    least = data.draw(st.integers(1, 4))
    one = select(log).with_activity(name).size(least=least)
    two = select(log).size(least=least).with_activity(name)
    assert one.log.case_ids == two.log.case_ids
    assert one.log.events.equals(two.log.events)
    # At once or one after the other through a log.
    step = select(select(log).with_activity(name).log).size(least=least)
    assert step.log.events.equals(one.log.events)
    assert step.log.provenance.notes == one.log.provenance.notes


@given(logs(), st.data())
def test_with_and_without_share_the_cases(log, data):
    name = data.draw(st.sampled_from(log.activities))
    a, b = select(log).with_activity(name), select(log).without_activity(name)
    assert a.n_cases + b.n_cases == log.n_cases
    assert len(a.log.events) + len(b.log.events) == len(log.events)
    assert name not in b.log.activities


def test_values_of_events_and_of_cases():
    log = load_sample()
    department = log.departments[0]
    frame = log.to_pandas(["case_id", "department"])
    expected = frame.loc[frame["department"] == department, "case_id"].unique().tolist()
    assert select(log).with_value("department", department).log.case_ids == expected
    assert select(log).without_value("department", department).n_cases == log.n_cases - len(expected)
    channel = log.tables["cases"]["channel"].mode()[0]
    chosen = select(log).with_value("channel", channel)
    assert chosen.n_cases == int((log.tables["cases"]["channel"] == channel).sum())
    assert set(chosen.log.tables["cases"]["channel"]) == {channel}


def test_numbers_and_booleans_are_values_too():
    log = load_sample()
    frame = log.to_pandas(["case_id", "level", "is_auto"])
    assert select(log).with_value("level", 2).n_cases == frame.loc[frame["level"] == 2, "case_id"].nunique()
    assert select(log).with_value("is_auto", True).n_cases == frame.loc[frame["is_auto"] == True, "case_id"].nunique()  # noqa: E712


def test_events_of_a_department_alone():
    log = load_sample()
    department = log.departments[0]
    part = select(log).events_with("department", department).log
    assert part.departments == [department]
    assert part.n_cases == select(log).with_value("department", department).n_cases
    assert part.events["end"].to_pylist() == log.to_pandas().query("department == @department")["end"].tolist()


def test_events_of_a_period(months):
    part = select(months).events_between("2024-01-15", "2024-02-02").log
    assert part.case_ids == ["1", "2", "3"]
    assert [len(part.events), part.activities] == [3, ["A", "B"]]


def test_side_tables_go_along():
    log = load_sample()
    part = select(log).size(least=12).log
    kept = set(part.case_ids)
    assert 0 < part.n_cases < log.n_cases
    for name in ("cases", "material_instances", "special_episodes", "ratings"):
        assert set(part.tables[name]["case_id"]) <= kept, name
    bundles = set(part.tables["cases"]["bundle_id"].dropna())
    assert set(part.tables["bundles"]["bundle_id"]) == bundles
    assert set(part.tables["visits"]["bundle_id"]) <= bundles
    assert set(part.tables["e2o"]["event_id"]) <= set(part.events["event_id"].to_pylist())
    assert len(part.tables["e2o"]) < len(log.tables["e2o"])


def test_by_bundle_the_tables_keep_the_bundles_rows():
    from flowaudit.eventlog import as_unit

    log = as_unit(load_sample(), "bundle")
    part = select(log).size(least=40).log
    kept = set(part.case_ids)
    assert 0 < part.n_cases < log.n_cases
    assert set(part.tables["cases"]["bundle_id"]) == kept
    assert set(part.tables["bundles"]["bundle_id"]) == kept
    assert set(part.tables["visits"]["bundle_id"]) <= kept


def test_complete_cases_only():
    log = load_sample()
    chosen = select(log).cases(complete_cases, both("complete cases"))
    assert chosen.n_cases == int(complete_cases(log).sum())


def test_every_filter_is_recorded_in_both_languages_and_nothing_before_it_changes(months, tmp_path):
    first = select_cases(months, np.ones(3, np.bool_), ("全部", "all"))
    chosen = select(first).with_activity("A").period("2024-01-01", "2024-02-01", "started").log
    assert chosen.provenance.notes[: len(first.provenance.notes)] == first.provenance.notes
    assert len(chosen.provenance.notes) == len(first.provenance.notes) + 2
    assert [en for _zh, en in chosen.provenance.notes[-2:]] == [
        "kept 3 of 3 cases: with A",
        "kept 2 of 3 cases: begun between 2024-01-01 and 2024-02-01",
    ]
    write_log(chosen, tmp_path / "log.arrow")
    again = select(open_log(tmp_path / "log.arrow")).size(least=1).log
    assert again.provenance.notes[:-1] == chosen.provenance.notes


def test_what_was_left_out_is_in_no_dictionary():
    """A stored part of a log must not tell the labels of the rest."""
    log = from_frame(
        pd.DataFrame({"case_id": ["1", "2"], "activity": ["A", "B"], "resource": ["x", "y"], "end": pd.Timestamp("2024-01-02")})
    )  # fmt: skip
    part = select(log).with_activity("B").log
    assert [part.labels(c) for c in ("case_id", "activity", "resource")] == [["2"], ["B"], ["y"]]


def test_nothing_is_done_before_the_log_is_asked_for(months, monkeypatch):
    import flowaudit.eventlog.filters as filters

    monkeypatch.setattr(filters, "select_cases", None)
    chosen = select(months).with_activity("A").size(least=1).variant_share(0.9)
    assert chosen.n_cases == 3


def test_no_filter_gives_the_log_itself(months):
    assert select(months).log is months


@pytest.mark.parametrize(
    "wrong",
    [
        lambda s: s.period("2024-02-01", "2024-01-01"),
        lambda s: s.period("2024-01-01", "2024-02-01", "around"),
        lambda s: s.period("soon", "2024-02-01"),
        lambda s: s.period("2024-01-01T00:00+08:00", "2024-02-01"),
        lambda s: s.variant_share(0),
        lambda s: s.cases(np.ones(2, np.bool_), ("x", "x")),
        lambda s: s.with_activity(),
        lambda s: s.without_activity(),
        lambda s: s.with_value("activity"),
        lambda s: s.duration(least="long"),
    ],
)
def test_words_that_do_not_fit(months, wrong):
    with pytest.raises(UsageError):
        wrong(select(months))


def test_a_slip_is_named(months):
    log = log_of("AB")
    with pytest.raises(InputError, match="no event of this log has 'a'"):
        select(log).with_activity("a")
    with pytest.raises(FlowAuditError, match="needs the column 'colour'"):
        select(log).with_value("colour", "red")
    with pytest.raises(InputError, match="'D'"):
        select(months).events_with("activity", "D")


@pytest.mark.real_logs
@pytest.mark.parametrize("name", ["receipt.xes.gz", "BPIC15_1.xes.gz", "DomesticDeclarations.xes.gz"])
def test_equals_pm4py(real_log, name):
    log = read_log(real_log(name))
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pm4py

        frame = log.to_pandas(["case_id", "activity", "end"]).astype({"case_id": str, "activity": str})
        frame = pm4py.format_dataframe(frame, case_id="case_id", activity_key="activity", timestamp_key="end")
        first, last = (pd.Timestamp(s) for s in ("2011-01-01", "2012-01-01"))
        if name.startswith("Dom"):
            first, last = (pd.Timestamp(s) for s in ("2018-01-01", "2018-07-01"))
        # pm4py's period holds its last second, and no stamp lies within that.
        until = last - pd.Timedelta("1s")
        activity = log.activities[3]
        pairs = {
            "contained": pm4py.filter_time_range(frame, str(first), str(until), mode="traces_contained"),
            "intersecting": pm4py.filter_time_range(frame, str(first), str(until), mode="traces_intersecting"),
        }
        theirs = {how: set(part["case:concept:name"]) for how, part in pairs.items()}
        mine = {how: set(select(log).period(first, last, how).log.case_ids) for how in pairs}
        assert mine == theirs
        starts = pm4py.filter_start_activities(frame, [log.activities[0]])
        assert set(select(log).starting_with(log.activities[0]).log.case_ids) == set(starts["case:concept:name"])
        has = pm4py.filter_event_attribute_values(frame, "concept:name", [activity], level="case", retain=True)
        assert set(select(log).with_activity(activity).log.case_ids) == set(has["case:concept:name"])
        sizes = pm4py.filter_case_size(frame, 3, 8)
        assert set(select(log).size(3, 8).log.case_ids) == set(sizes["case:concept:name"])
