"""All that keeps a process from being run is named with its place, at once; overload is said and really grows."""

from dataclasses import replace

import numpy as np
import pytest
from processes import ALWAYS, CALENDAR, MONDAY, OFFICE, Path, Station, at, constant, exponential, line, network, poisson

from flowaudit.errors import UsageError
from flowaudit.process import (
    GRID,
    Arrivals,
    Batch,
    Branch,
    Episode,
    MaterialUse,
    OpenCase,
    Performer,
    Profile,
    Step,
    Template,
    Trip,
    problems,
    utilisation,
    validate,
)
from flowaudit.simulation import simulate

NEVER = Profile(np.zeros((9, 48)))


def office():
    """Apply, then two at a desk in office hours, then a signature."""
    return network(
        [
            Station("apply", None, servers=0),
            Station("review", exponential(1.0), servers=2, calendar=OFFICE, delay=constant(2.0)),
            Station("sign", constant(0.5), servers=1, calendar=OFFICE),
        ],
        [Path(("apply", "review", "sign"), weight=8.0), Path(("apply", "review"), weight=2.0)],
        arrivals=at(*range(0, 96, 2)),
    )


APPLY, REVIEW, SIGN = range(3)


def with_template(process, k, **changes):
    templates = list(process.templates)
    templates[k] = replace(templates[k], **changes)
    return replace(process, templates=tuple(templates))


def with_steps(process, *steps, k=0):
    return with_template(process, k, branches=(Branch(1.0, tuple(steps)),))


def with_step(process, i, **changes):
    steps = list(process.templates[0].branches[0].steps)
    steps[i] = replace(steps[i], **changes)
    return with_steps(process, *steps)


def with_node(process, i, **changes):
    nodes = list(process.nodes)
    nodes[i] = replace(nodes[i], **changes)
    return replace(process, nodes=tuple(nodes))


def with_resource(process, i, **changes):
    resources = list(process.resources)
    resources[i] = replace(resources[i], **changes)
    return replace(process, resources=tuple(resources))


def with_table(process, kind, value):
    tables = getattr(process, kind).copy()
    tables[0, 3] = value
    return replace(process, **{kind: tables})


def arriving(**changes):
    model = Arrivals(ALWAYS, constant(2.0), 0.0, MONDAY, at(96.0)[0])
    return replace(office(), arriving=replace(model, **changes))


def in_progress(**changes):
    case = OpenCase(MONDAY, MONDAY, ((0, MONDAY, MONDAY),), ((0, 0), (1, 0)), "X1")
    return replace(office(), open_cases=(replace(case, **changes),))


def with_side(**changes):
    """Three steps, and a side table of the way that names one."""
    return with_template(office(), 0, branches=(replace(office().templates[0].branches[0], **changes),))


def branches(*probabilities):
    one = office().templates[0].branches[0]
    return with_template(office(), 0, branches=tuple(replace(one, probability=p) for p in probabilities))


BROKEN = {
    "no template": (replace(office(), templates=()), "routing", "there is no way for a case to go"),
    "weight 0": (with_template(office(), 0, cases=0.0), "way 1", "its weight is 0.0"),
    "weight below 0": (with_template(office(), 1, cases=-2.0), "way 2", "its weight is -2.0"),
    "weight not a number": (with_template(office(), 1, cases=float("nan")), "way 2", "its weight is nan"),
    "probabilities": (branches(0.5, 0.4), "way 1", "sum to 0.9, not 1"),
    "no branch": (with_template(office(), 0, branches=()), "way 1", "sum to 0, not 1"),
    "a negative probability": (branches(1.5, -0.5), "way 1", "a probability is not between 0 and 1"),
    "no step": (with_steps(office()), "way 1", "a branch has no step"),
    "no such node": (with_step(office(), 1, node=7), "way 1", "a step names node 7, which there is not"),
    "no such delay": (with_step(office(), 1, wait=5), "way 1", "a step of 'review' names a table that there is not"),
    "no such work": (with_step(office(), 1, work=5), "way 1", "a step of 'review' names a table that there is not"),
    "after nothing": (with_step(office(), 1, after=(9,)), "way 1", "a step of 'review' follows a step that there is not"),
    "after below 0": (with_step(office(), 1, after=(-1,)), "way 1", "a step of 'review' follows a step that there is not"),
    "a loop": (
        with_steps(office(), Step(0, (), -1, -1, 0), Step(1, (0, 2), -1, 0, 1), Step(2, (1,), -1, 0, 2)),
        "way 1",
        "steps wait for each other in a circle: review, sign",
    ),
    "a step after itself": (with_steps(office(), Step(1, (0,), -1, 0, 0)), "way 1", "in a circle: review"),
    "no such calendar": (with_resource(office(), 2, calendar=9), "sign 1", "has no working hours"),
    "an empty calendar": (replace(office(), calendars=(ALWAYS, NEVER)), "sign 1", "never works: its calendar is empty"),
    "places below 0": (with_resource(office(), 2, capacity=-1), "sign 1", "has -1 places"),
    "no pool": (with_node(office(), SIGN, pool=-1), "sign", "has people, but belongs to no pool"),
    "no such pool": (with_node(office(), SIGN, pool=8), "sign", "has people, but belongs to no pool"),
    "nobody": (with_node(office(), SIGN, performers=()), "sign", "its pool has nobody who does it"),
    "no such officer": (with_node(office(), SIGN, performers=(Performer(9, 1.0),)), "sign", "names an officer that there is not"),
    "no place": (with_resource(office(), 2, capacity=0), "sign", "nobody who does it has a place"),
    "weight of an officer": (with_node(office(), SIGN, performers=(Performer(2, 0.0),)), "sign", "the weight of an officer is not above 0"),
    "own work": (with_node(office(), SIGN, performers=(Performer(2, 1.0, 9),)), "sign", "names a table of work that there is not"),
    "no clock": (with_node(office(), REVIEW, clock=4), "review", "its delay clock does not exist"),
    "no overtime": (with_node(office(), REVIEW, overtime=0), "review", "its hours of overtime do not exist"),
    "no gate": (with_node(office(), SIGN, batch=Batch("slots", gate=0)), "sign", "its batches are never let go"),
    "an empty gate": (
        replace(with_node(office(), SIGN, batch=Batch("slots", gate=0)), gates=(NEVER,)), "sign", "its batches are never let go",
    ),
    "batches of none": (with_node(office(), SIGN, batch=Batch("size", size=0)), "sign", "its batch size or patience is not above 0"),
    "no patience": (with_node(office(), SIGN, batch=Batch("size", size=3, patience_h=0.0)), "sign", "its batch size or patience"),
    "a negative delay": (with_table(office(), "waits", -1.0), "delays", "table 0 is negative, infinite, or falls"),
    "work without end": (with_table(office(), "works", float("inf")), "work times", "table 0 is negative, infinite, or falls"),
    "work that falls": (with_table(office(), "works", 100.0), "work times", "table 0 is negative, infinite, or falls"),
    "hours that are no numbers": (
        replace(office(), calendars=(ALWAYS, Profile(OFFICE.rates * float("nan")))), "sign 1", "negative or not numbers",
    ),
    "negative hours": (replace(office(), calendars=(ALWAYS, Profile(OFFICE.rates - 0.5))), "sign 1", "negative or not numbers"),
    "an office never open": (replace(office(), open_profile=NEVER), "office hours", "its rates are negative or all zero"),
    "a material of no step": (with_side(materials=(MaterialUse(3, None, "SFZ", "applicant", True),)), "way 1", "belongs to a step that there is not"),
    "a visit for no step": (with_side(trips=(Trip(-1, "窗口", 0),)), "way 1", "belongs to a step that there is not"),
    "an episode to no step": (with_side(episodes=(Episode(0, 3, None, "correction", False),)), "way 1", "belongs to a step that there is not"),
    "a priority that is no number": (with_template(office(), 0, priority=float("nan")), "way 1", "its priority or deadline is not a number"),
    "an arrival without date": (
        replace(office(), arrivals=np.r_[office().arrivals, np.datetime64("NaT", "us")]), "arrivals", "an arrival has no date",
    ),
    "a trend without bound": (arriving(trend=float("inf")), "arrivals", "leaves none"),
    "an open case that did nothing known": (in_progress(done=((7, MONDAY, MONDAY),)), "open case X1", "has done an activity that there is not"),
    "an open case without ways": (in_progress(ways=()), "open case X1", "has no way to go on"),
    "an open case on no way": (in_progress(ways=((0, 0), (2, 0))), "open case X1", "has no way to go on"),
    "a clock that stands": (replace(office(), profiles=(NEVER,)), "delay clock 0", "its rates are negative or all zero"),
    "a negative clock": (replace(office(), profiles=(Profile(-ALWAYS.rates),)), "delay clock 0", "its rates are negative or all zero"),
    "arrivals at once": (arriving(gaps=np.zeros(len(GRID))), "arrivals", "the time between arrivals is not above 0"),
    "arrivals to nothing": (arriving(trend=-1.0), "arrivals", "leaves none"),
    "no rhythm": (arriving(clock=NEVER), "arrivals", "leaves none"),
}  # fmt: skip


def test_an_open_case_that_can_go_on_is_no_problem():
    assert problems(in_progress()).empty


def test_the_office_itself_can_be_run():
    assert problems(office()).empty
    assert list(problems(office()).columns) == ["where", "problem", "hint"]
    validate(office())


@pytest.mark.parametrize("name", BROKEN)
def test_each_problem_with_its_place(name):
    process, where, problem = BROKEN[name]
    found = problems(process)
    assert any(row.where == where and problem in row.problem for row in found.itertuples()), found.to_string()
    assert found["hint"].str.len().gt(5).all()
    with pytest.raises(UsageError, match="the process cannot be run"):
        simulate(process, replications=1, calendar=CALENDAR)


@pytest.mark.parametrize("name", BROKEN)
def test_a_problem_is_not_blamed_on_others(name):
    process, where, _problem = BROKEN[name]
    """All officers of a calendar are named, and the work an officer without hours leaves undone; nothing else."""
    also = {"sign", "review 1", "review 2"} if where == "sign 1" else set()
    assert set(problems(process)["where"]) <= {where} | also


def test_all_problems_in_one_error():
    process = with_node(with_template(office(), 1, cases=-1.0), SIGN, pool=-1, clock=9)
    process = with_table(with_resource(process, 0, calendar=5), "works", -2.0)
    with pytest.raises(UsageError) as caught:
        validate(process)
    text = str(caught.value)
    assert "the process cannot be run; 5 problems:" in text
    for line_ in (
        "- way 2: its weight is -1.0",
        "- review 1: has no working hours",
        "- sign: has people, but belongs to no pool",
        "- sign: its delay clock does not exist",
        "- work times: table 0 is negative",
    ):
        assert f"\n{line_}" in text
    assert text.count("Hint:") == 1


def test_what_no_way_uses_need_not_be_whole():
    process = with_node(office(), SIGN, pool=-1)
    assert problems(with_steps(with_steps(process, Step(1, (), -1, 0, 0)), Step(1, (), -1, 0, 0), k=1)).empty


def test_without_staffing_a_pool_may_be_empty():
    """A log without officers: nobody queues, and nobody is missed."""
    process = with_node(office(), SIGN, performers=())
    assert problems(replace(process, identifiable=replace(process.identifiable, staffing=False))).empty


def test_utilisation_by_hand():
    """12 cases a day, 84 a week. Review: 1 h each, two of 35 h. Sign: 0.5 h for 8 in 10, one of 35 h."""
    table = utilisation(office(), cases_per_day=12.0).set_index("pool")
    assert table.loc["review"].tolist() == pytest.approx([84.0, 70.0, 1.2, 84 * (1 - 1 / 1.2)])
    assert table.loc["sign"].tolist() == pytest.approx([33.6, 35.0, 0.96, 0.0])


def test_the_observed_number_of_cases_is_the_default():
    """48 arrivals two hours apart: 12 a day."""
    assert utilisation(office())["utilisation"].tolist() == pytest.approx([1.2, 0.96])


def test_utilisation_with_own_work_and_rework():
    """Weights 3 to 1 and tables 1 h and 3 h: 1.5 h each; every case comes twice."""
    process = line(Station("desk", constant(1.0), servers=2))
    slow = np.stack([*process.works, constant(3.0)])
    process = replace(with_node(process, 0, performers=(Performer(0, 3.0), Performer(1, 1.0, 1))), works=slow)
    process = with_steps(process, Step(0, (), -1, 0, 0), Step(0, (0,), -1, 0, 1))
    row = utilisation(process, cases_per_day=10.0).iloc[0]
    assert row["offered_h_per_week"] == pytest.approx(2 * 1.5 * 70)
    assert row["open_h_per_week"] == 336.0
    assert row["grows_by_per_week"] == 0.0


def test_a_pool_never_open_is_asked_for_without_bound():
    process = replace(office(), calendars=(ALWAYS, NEVER))
    assert utilisation(process, cases_per_day=1.0)["utilisation"].tolist() == [np.inf, np.inf]


def overloaded(per_h=1.25, weeks=40, seed=3):
    """One desk, open always, one hour each: asked for 1.25 of what it can do."""
    return line(Station("desk", exponential(1.0)), arrivals=poisson(per_h, round(per_h * 168 * weeks), seed))


def test_overload_is_said_and_the_queue_grows_by_as_much():
    """Arrivals less what one desk can do: 210 - 168 = 42 a week, and the queue of the simulation grows so."""
    process = overloaded()
    runs = simulate(process, replications=3, calendar=CALENDAR)
    (row,) = runs.overloaded.itertuples()
    assert row.pool == "desk"
    assert row.utilisation == pytest.approx(1.25, rel=0.03)
    assert row.grows_by_per_week == pytest.approx(42.0, rel=0.12)
    for run in runs.runs:
        weeks = np.arange(5, 40) * 168.0
        arrived, ended = np.sort(run.ready), np.sort(run.end)
        offset = float((process.arrivals[0] - run.origin.astype("datetime64[us]")) / np.timedelta64(1, "h"))
        waiting = np.searchsorted(arrived, weeks + offset) - np.searchsorted(ended, weeks + offset)
        growth = np.polyfit(weeks / 168.0, waiting, 1)[0]
        # A week's growth has a standard deviation of about sqrt(210 + 168); over 35 weeks the slope's is some 3.
        assert growth == pytest.approx(row.grows_by_per_week, abs=8.0)


def test_no_overload_is_said_where_there_is_none():
    runs = simulate(overloaded(per_h=0.8, weeks=5), replications=1, calendar=CALENDAR)
    assert runs.overloaded.empty
    assert list(runs.overloaded.columns) == list(utilisation(overloaded()).columns)


def test_a_scenario_that_adds_cases_is_overloaded_too():
    """The desk could bear 0.8 an hour; two an hour it cannot."""
    runs = simulate(
        overloaded(per_h=0.8, weeks=5), arrivals=poisson(2.0, 500, seed=4), replications=1, calendar=CALENDAR
    )
    assert runs.overloaded["utilisation"].tolist() == pytest.approx([2.0], rel=0.1)


def test_a_template_may_weigh_any_amount():
    assert problems(
        replace(office(), templates=(*office().templates, Template(1e-9, office().templates[0].branches)))
    ).empty
