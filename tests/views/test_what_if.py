"""Sliders: which there are, what they come to, what they rest on; the widgets only hand it on."""

import asyncio
import re
import sys
from dataclasses import replace

import numpy as np
import pytest
from bundle_log import bundle_log
from processes import Path, Station, constant, exponential, line, network, poisson

from flowaudit.errors import UsageError
from flowaudit.metrics import case_measures
from flowaudit.process import fit_process
from flowaudit.redesign import MEASURES, Scenario
from flowaudit.simulation import simulate
from flowaudit.views import what_if
from flowaudit.views._knobs import knobs_of
from flowaudit.views._panel import Later
from flowaudit.views._small_office import SmallOffice
from flowaudit.worktime import load_calendar

WEEKDAYS = load_calendar("weekdays")


@pytest.fixture(scope="module")
def process():
    return fit_process(bundle_log())


@pytest.fixture(scope="module")
def scenario():
    return (
        Scenario("方案一")
        .use_e_licence("LIC", success=0.9)
        .limit_levels("市场监管局", 3)
        .merge_steps("消防承办", "消防决定")
    )


@pytest.fixture(scope="module")
def model(process, scenario):
    return what_if(process, scenario, lang="en", batches=3, cases=20, ways=60)


def knob(model, name):
    return next(k for k in model.knobs if k.name == name)


def by_metric(answer):
    return {row.metric: row for row in answer.rows}


# What can be turned


def test_every_number_of_a_measure_has_a_knob_with_its_range_and_its_words(model):
    success, levels, overlap = (knob(model, name) for name in ("success", "levels", "overlap"))
    assert (success.measure, success.kind, success.low, success.high, success.value) == (0, "share", 0.0, 1.0, 0.9)
    assert success.told(0.9) == "90%"
    assert (levels.measure, levels.kind, levels.low, levels.high, levels.step) == (1, "whole", 2.0, 9.0, 1.0)
    assert overlap.measure == 2
    assert success.label("zh") == "调取成功率"
    assert success.label("en") == "share of fetches that succeed"


@pytest.mark.parametrize("kind", MEASURES.values(), ids=list(MEASURES))
def test_the_knobs_of_a_measure_are_its_numbers(kind):
    """Whatever a measure is about: numbers that are given can be turned inside their bounds, names cannot."""
    given = {
        name: (
            0.5
            if field.annotation is float
            else 1
            if field.annotation is int
            else "甲乙"
            if field.annotation is str
            else ("甲", "乙")
        )
        for name, field in kind.model_fields.items()
        if field.is_required()
    }
    if kind.verb == "triage":
        given["share"] = 0.5
    if kind.verb == "limit_levels":
        given["levels"] = 3
    if kind.verb == "staff":
        given["add"] = 1
    measure = kind(**given)
    found = knobs_of(Scenario.of("x", [measure]))
    numbers = {n for n in kind.model_fields if isinstance(getattr(measure, n), int | float)}
    assert {k.name for k in found} == numbers
    for k in found:
        assert k.low <= k.value <= k.high
        assert k.step <= (k.high - k.low)
        assert re.search(r"[一-鿿]", k.label("zh"))
        assert not re.search(r"[一-鿿]", k.label("en"))
        for end in (k.low, k.high):
            value = bool(end) if k.kind == "switch" else int(end) if k.kind == "whole" else end
            field = kind.model_fields[k.name]
            assert all(getattr(m, "ge", value) <= value <= getattr(m, "le", value) for m in field.metadata), k.name
            assert all(value > m.gt for m in field.metadata if hasattr(m, "gt")), k.name


# From a state to a scenario


def test_a_state_is_a_scenario_that_can_be_used_further(model, process):
    assert model.scenario_of(model.start) == model.scenario
    assert [m.id for m in model.scenario] == ["M07", "M02", "M01"]
    state = model.switch(model.turn(model.start, knob(model, "success"), 0.30000000000000004), 1, False)
    chosen = model.scenario_of(state)
    assert [m.id for m in chosen] == ["M07", "M01"]
    assert chosen.measures[0].success == 0.3
    chosen.apply(process)
    assert model.start.on == (True, True, True), "states are not changed, others are made"


def test_terms_and_comments_stay(process, scenario, tmp_path):
    scenario.terms(owner="消防救援支队").save(tmp_path / "s.toml")
    model = what_if(process, Scenario.load(tmp_path / "s.toml"), batches=2, cases=5, ways=10)
    model.state = model.turn(model.start, knob(model, "overlap"), 0.5)
    assert model.scenario.entries[2].owner == "消防救援支队"
    assert "overlap = 0.5" in model.scenario.to_toml()


# Figures


def test_no_measure_in_force_changes_nothing(model):
    answer = model.answer(replace(model.start, on=(False, False, False)))
    assert answer.rows
    for row in answer.rows:
        assert (row.difference, row.low, row.high) == (0.0, 0.0, 0.0)
    assert answer.change.empty


def test_materials_fall_by_what_is_fetched(model):
    """Two items ask for the licence: at success s, 2 s of 4 kinds are no longer handed in."""
    for success in (0.0, 0.5, 1.0):
        row = by_metric(model.answer(model.turn(model.start, knob(model, "success"), success)))["materials"]
        assert row.before == pytest.approx(4.0)
        assert row.after == pytest.approx(4.0 - 2.0 * success, abs=0.35)
        assert row.low <= row.difference <= row.high
    for row in model.answer().rows:
        assert row.difference == pytest.approx(row.after - row.before)
        assert row.rule.statistic == "mean"


def test_the_interval_holds_what_the_whole_office_says():
    """The mean over many cases of the whole process lies within four intervals of five different small offices at least."""
    kinds = {f"k{i}": exponential(4.0 + i) for i in range(60)}
    stations = [
        Station("受理", constant(1.0), servers=0),
        Station("初审", kinds, servers=0),
        Station("复审", kinds, servers=0),
    ]
    paths = [Path(("受理", "初审", "复审"), kind=k) for k in kinds]
    whole = network(stations, paths, arrivals=poisson(0.05, 240, 3))
    scenario = Scenario("x").merge_steps("初审", "复审", overlap=1.0)
    before, after = (
        np.mean(
            [
                case_measures(log, calendar=WEEKDAYS)["e2e_days"].mean()
                for log in simulate(p, replications=12, seed=1, calendar=WEEKDAYS)
            ]
        )
        for p in (whole, scenario.apply(whole))
    )
    held = 0
    for seed in range(5):
        row = by_metric(what_if(whole, scenario, batches=4, cases=60, ways=40, seed=seed).answer())["time"]
        held += row.low <= after - before <= row.high
        assert row.after < row.before
    assert held >= 4
    assert after < before


def test_the_same_seed_gives_the_same_answer_and_a_state_asked_again_comes_at_once(process, scenario):
    one, two = (what_if(process, scenario, batches=2, cases=10, ways=20, seed=3) for _time in range(2))
    assert one.answer().rows == two.answer().rows
    assert what_if(process, scenario, batches=2, cases=10, ways=20, seed=4).answer().rows != one.answer().rows
    assert one.answer().seconds < 0.05
    assert one.answer().rows == two.answer().rows


def test_measures_before_the_one_turned_are_not_applied_again(process, scenario, monkeypatch):
    model = what_if(process, scenario, batches=2, cases=5, ways=10)
    model.answer()
    applied = []
    for kind in (type(m) for m in scenario):
        own = kind.transform
        monkeypatch.setattr(kind, "transform", lambda self, p, own=own: (applied.append(self.id), own(self, p))[1])
    model.answer(model.turn(model.start, knob(model, "overlap"), 0.5))
    assert applied == ["M01"]
    model.answer(model.turn(model.start, knob(model, "levels"), 2))
    assert applied == ["M01", "M02", "M01"]


def test_what_cannot_be_is_said_and_not_counted(model, process):
    answer = model.answer(model.turn(model.start, knob(model, "levels"), 9))
    assert answer.rows == ()
    assert "no observed case would change" in answer.refused
    assert "Only a part of the ways" in answer.refused
    assert "<table>" not in answer._repr_html_()
    staffed = what_if(process, Scenario("x").staff(process.pools[0].name, 1), batches=2, cases=5, ways=10)
    assert "places" in staffed.answer(staffed.turn(staffed.start, knob(staffed, "add"), -50)).refused


def test_an_earlier_measure_in_the_way_is_named():
    whole = line(
        *(Station(n, constant(1.0)) for n in ("受理", "初审", "复审", "核查", "决定")), arrivals=poisson(0.1, 50, 1)
    )
    model = what_if(
        whole, Scenario("x").merge_steps("初审", "复审").parallelise("复审", "核查"), batches=2, cases=10, lang="en"
    )
    assert "comes before it" in model.answer().refused
    assert model.answer(model.switch(model.start, 0, False)).refused == ""


def test_what_the_figures_rest_on_is_said(model, process):
    said = model.answer().basis("en")
    assert said.startswith("Estimate, not an official figure: 3 × 20 simulated cases on 60 of")
    assert f"{len(process.templates):,} ways" in said
    assert said in model.answer()._repr_html_() or "Estimate" in model._repr_html_()
    assert any("LIC" in s for s in model.answer().sentences("en"))


@pytest.mark.parametrize("wrong", [{"batches": 1}, {"cases": 0}, {"ways": 1}])
def test_options_out_of_range_are_refused(process, scenario, wrong):
    with pytest.raises(UsageError):
        what_if(process, scenario, **wrong)
    with pytest.raises(UsageError, match="no measure"):
        what_if(process, Scenario("x"))


# The small office


def test_a_small_office_has_the_ways_of_the_whole_one_in_proportion(process):
    office = SmallOffice.of(process, ways=120, batches=4, cases=30, seed=1, calendar=WEEKDAYS)
    parts = office._parts(office.process)
    assert [len(p.templates) for p in parts] == [30, 30, 30, 30]
    assert sum(t.cases for t in office.process.templates) == pytest.approx(sum(t.cases for t in process.templates))

    def steps(p):
        weights = np.array([t.cases for t in p.templates])
        return np.average([len(t.branches[0].steps) for t in p.templates], weights=weights)

    assert steps(office.process) == pytest.approx(steps(process), rel=0.01)
    for part in parts:
        assert steps(part) == pytest.approx(steps(process), rel=0.05)
    assert SmallOffice.of(process, ways=10**6, batches=2, cases=5, seed=1, calendar=WEEKDAYS).thinned is False


def test_batches_keep_their_ways_when_a_measure_divides_one(process):
    office = SmallOffice.of(process, ways=40, batches=4, cases=10, seed=1, calendar=WEEKDAYS)
    divided = []
    for t in office.process.templates:
        divided += [replace(t, cases=0.3 * t.cases), replace(t, cases=0.7 * t.cases)]
    for own, parts in zip(
        office._parts(office.process), office._parts(replace(office.process, templates=tuple(divided))), strict=True
    ):
        assert [t.branches for t in parts.templates] == [t.branches for t in own.templates for _half in range(2)]


def test_batches_look_at_different_times_of_the_year(process):
    office = SmallOffice.of(process, ways=40, batches=3, cases=20, seed=1, calendar=WEEKDAYS)
    stretches = [office._stretch(b) for b in range(3)]
    assert [len(s) for s in stretches] == [20, 20, 20]
    assert stretches[0][0] == process.arrivals[0]
    assert stretches[2][-1] == process.arrivals[-1]
    assert stretches[0][-1] < stretches[2][0]


# Widgets


def controls(panel):
    left, right = panel.children
    *turned, status = left.children
    return turned, status, right.children


def test_the_panel_has_a_switch_for_every_measure_and_a_slider_for_every_knob(process, scenario):
    pytest.importorskip("ipywidgets")
    model = what_if(process, scenario, batches=2, cases=10, ways=20, lang="en")
    turned, status, (figures, words) = controls(model.panel)
    assert [type(c).__name__ for c in turned[:3]] == ["Checkbox", "FloatSlider", "FloatSlider"]
    assert len(turned) == len(scenario) + len(model.knobs)
    assert "Estimate, not an official figure" in figures.value
    assert "<svg" in figures.value
    assert "<li>" in words.value
    assert re.match(r"answered in \d", status.value)
    before = figures.value
    success = next(c for c in turned if c.description == "share of fetches that succeed")
    assert (success.min, success.max, success.readout_format) == (0.0, 1.0, ".0%")
    success.value = 0.2
    assert model.scenario.measures[0].success == 0.2
    assert figures.value != before
    turned[0].value = False
    assert success.disabled
    assert [m.id for m in model.scenario] == ["M02", "M01"]
    turned[0].value = True
    assert not success.disabled
    levels = next(c for c in turned if c.description.startswith("sign-off levels"))
    levels.value = 9
    assert "no observed case" in figures.value


def test_a_page_without_a_kernel_shows_a_table(model, monkeypatch):
    shown = model._repr_mimebundle_()
    assert set(shown) == {"text/plain", "text/html"}
    assert "ipywidgets" not in str(shown)
    assert shown["text/html"].count("<tr>") > len(model.knobs)
    assert "share of fetches that succeed" in shown["text/html"]
    assert "0% – 100%" in shown["text/html"]

    class Shell:
        kernel = object()

    class Fake:
        @staticmethod
        def get_ipython():
            return Shell()

    monkeypatch.setitem(sys.modules, "IPython", Fake)
    from flowaudit.views.what_if import _in_a_kernel

    assert _in_a_kernel()


def test_turns_that_follow_each_other_are_answered_once():
    called = []
    later = Later(lambda: called.append(1), 0.02)
    later()
    assert called == [1], "where nothing else runs, at once"

    async def drag():
        for _turn in range(5):
            later()
            await asyncio.sleep(0.001)
        assert called == [1]
        await asyncio.sleep(0.06)

    asyncio.run(drag())
    assert called == [1, 1]


def test_hostile_names_are_text(process):
    pool = replace(process.pools[0], name="<img src=x>")
    named = replace(process, pools=(pool, *process.pools[1:]))
    model = what_if(named, Scenario("x").staff("<img src=x>", 1), batches=2, cases=5, ways=10)
    assert "<img" not in model._repr_html_()
