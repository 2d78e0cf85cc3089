"""A process file: saving and loading changes nothing, the schema describes it, and broken files say what is wrong."""

import json
from dataclasses import replace

import jsonschema
import numpy as np
import pytest
from processes import OFFICE, Path, Station, constant, exponential, network, poisson

from flowaudit.errors import InputError
from flowaudit.eventlog import load_sample
from flowaudit.process import Batch, Process, fit_process, schema
from flowaudit.process.saved import to_dict
from flowaudit.simulation import simulate


def by_hand():
    """Everything that a fit may not give: branches, priorities, deadlines, batches by size and at set times."""
    stations = [
        Station("apply", None, servers=0),
        Station("review", exponential(1.0), servers=2, calendar=OFFICE, discipline="priority", delay=exponential(3.0), clock=OFFICE),
        Station("meet", constant(0.2), servers=1, gate=OFFICE),
        Station("post", constant(0.1), servers=1, batch=Batch("size", size=3, patience_h=5.0)),
    ]  # fmt: skip
    process = network(
        stations,
        [
            Path(("apply", "review", "meet"), priority=1.0, due_h=40.0),
            Path(("apply", ("review", (0,)), ("meet", (0,)), ("post", (1, 2)))),
        ],
        arrivals=poisson(0.3, 60, seed=1),
    )
    first, second = process.templates
    halves = tuple(replace(first.branches[0], probability=0.5) for _half in range(2))
    return replace(
        process,
        templates=(replace(first, branches=halves, attributes=(("channel", "线上"),)), second),
        changes=(("审批科增加 1 人", 40),),
        item_names={"SP": "食品许可"},
    )


@pytest.fixture(scope="module")
def fitted():
    """Retirement: visits, materials, open cases."""
    return fit_process(load_sample("retirement"))


@pytest.fixture(scope="module")
def processes(fitted):
    return {"fitted": fitted, "by hand": by_hand()}


@pytest.fixture
def written(tmp_path):
    path = tmp_path / "process.json"
    by_hand().save(path)
    return path


@pytest.mark.parametrize("name", ["fitted", "by hand"])
class TestRoundTrip:
    def test_everything_is_kept(self, processes, name, tmp_path):
        processes[name].save(tmp_path / "p.json")
        assert to_dict(Process.load(tmp_path / "p.json")) == to_dict(processes[name])

    def test_types_are_those_of_the_original(self, processes, name, tmp_path):
        """Tuples stay tuples and infinity stays infinite: a loaded process can be hashed and compared like the first."""
        original = processes[name]
        original.save(tmp_path / "p.json")
        loaded = Process.load(tmp_path / "p.json")
        for part in (
            "nodes",
            "templates",
            "pools",
            "resources",
            "calendars",
            "gates",
            "profiles",
            "wait_names",
            "changes",
        ):
            assert getattr(loaded, part) == getattr(original, part), part
        assert hash(loaded.templates) == hash(original.templates)
        assert loaded.arrivals.dtype == "datetime64[us]"
        assert loaded.open_cases == original.open_cases
        np.testing.assert_array_equal(loaded.waits, original.waits)
        np.testing.assert_array_equal(loaded.works, original.works)

    def test_both_run_alike(self, processes, name, tmp_path):
        processes[name].save(tmp_path / "p.json")
        one, other = (simulate(p, replications=2, seed=3) for p in (processes[name], Process.load(tmp_path / "p.json")))
        for a, b in zip(one.runs, other.runs, strict=True):
            for values in ("case_ptr", "node", "ready", "start", "end", "who", "template"):
                np.testing.assert_array_equal(getattr(a, values), getattr(b, values), err_msg=values)
            assert a.log.events.equals(b.log.events)
            assert a.log.tables.keys() == b.log.tables.keys()

    def test_the_file_obeys_its_schema(self, processes, name, tmp_path):
        processes[name].save(tmp_path / "p.json")
        checker = jsonschema.Draft202012Validator(schema())
        assert not list(checker.iter_errors(json.loads((tmp_path / "p.json").read_text(encoding="utf-8"))))

    def test_saving_again_gives_the_same_bytes(self, processes, name, tmp_path):
        processes[name].save(tmp_path / "a.json")
        Process.load(tmp_path / "a.json").save(tmp_path / "b.json")
        assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()


def test_the_fitted_one_is_rich(fitted):
    """What the round trips rest on."""
    branches = [t.branches[0] for t in fitted.templates]
    assert any(b.materials for b in branches)
    assert any(s.site for b in branches for s in b.steps)
    assert any(len(s.after) > 1 for b in branches for s in b.steps) or fitted.routing == "memory"
    assert fitted.arriving is not None


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(schema())
    assert schema()["properties"]["schema"]["const"] == "flowaudit.process/2"
    assert not schema()["additionalProperties"]


def test_chinese_is_written_as_it_is(written):
    assert "线上" in written.read_text(encoding="utf-8")
    assert b"\r" not in written.read_bytes()


def spoil(written, change):
    data = json.loads(written.read_text(encoding="utf-8"))
    change(data)
    written.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
    return written


def drop(*path):
    def change(data):
        for key in path[:-1]:
            data = data[key]
        del data[path[-1]]

    return change


def put(value, *path):
    def change(data):
        for key in path[:-1]:
            data = data[key]
        data[path[-1]] = value

    return change


BROKEN = {
    "another schema": (put("flowaudit.process/1", "schema"), "not a process file of schema flowaudit.process/2"),
    "no schema": (drop("schema"), "not a process file of schema flowaudit.process/2"),
    "missing key": (drop("nodes"), "1 places break the schema; the first, nodes: Field required"),
    "missing key inside": (drop("pools", 0, "capacity"), "the first, pools.0.capacity: Field required"),
    "an unknown key": (put(1, "colour"), "the first, colour: Extra inputs are not permitted"),
    "wrong type": (put("two", "pools", 0, "capacity"), "the first, pools.0.capacity: Input should be a valid integer"),
    "wrong type in a step": (put("x", "templates", 0, "branches", 0, 1, 1, 0), "the first, templates.0.branches.0.1.1.0: Input should be a valid integer"),
    "too short a step": (put([0, []], "templates", 0, "branches", 0, 1, 0), "the first, templates.0.branches.0.1.0"),
    "an unknown discipline": (put("lifo", "pools", 0, "discipline"), "the first, pools.0.discipline"),
    "another grid": (put([0.0, 0.5, 1.0], "grid"), "another grid of probabilities"),
    "a shifted grid": (lambda data: data["grid"].__setitem__(3, 0.16), "another grid of probabilities"),
    "a day without hours": (put([[1.0] * 48] * 8, "open_hours"), "a profile has (8, 48) rates, not 9 by 48"),
    "a ragged profile": (put([[1.0] * 48] * 8 + [[1.0]], "open_hours"), "not a process file"),
    "a table too short": (put([1.0, 2.0], "works", 0), "not a process file"),
    "no date": (put("yesterday", "arrivals", 0), "not a process file"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_says_what_is_wrong(written, name):
    change, message = BROKEN[name]
    with pytest.raises(InputError) as caught:
        Process.load(spoil(written, change))
    assert "process.json" in str(caught.value)
    assert message in str(caught.value)


def test_all_places_are_counted(written):
    def change(data):
        del data["nodes"][0]["activity"], data["pools"][0]["name"]

    with pytest.raises(InputError, match=r"2 places break the schema; the first, nodes\.0\.activity"):
        Process.load(spoil(written, change))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "3", '"process"', "\ufeff{}", "[" * 100_000, "PK\x03\x04"])
def test_what_is_no_process_file_at_all(tmp_path, text):
    path = tmp_path / "p.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"p\.json: not a process file"):
        Process.load(path)


def test_bytes_that_are_no_text(tmp_path):
    (tmp_path / "p.json").write_bytes(b"\xff\xfe\x00{")
    with pytest.raises(InputError, match="not a process file"):
        Process.load(tmp_path / "p.json")


def test_no_such_file(tmp_path):
    with pytest.raises(InputError, match=r"p\.json: not a process file"):
        Process.load(tmp_path / "p.json")


def test_a_process_that_cannot_be_written_leaves_the_old_file(written):
    before = written.read_bytes()
    broken = replace(by_hand(), works=np.full((1, 45), np.nan))
    with pytest.raises(ValueError, match="JSON"):
        broken.save(written)
    assert written.read_bytes() == before
    assert [p.name for p in written.parent.iterdir()] == ["process.json"]


def test_a_file_is_replaced_only_when_it_is_whole(written, monkeypatch):
    """The new text goes to another name first; what breaks while writing leaves the old process."""
    before = written.read_bytes()
    seen = []

    def full(path, text, **_options):
        seen.append(path.name)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_text", full)
    with pytest.raises(OSError, match="No space"):
        by_hand().save(written)
    assert seen == ["process.json.part"]
    assert written.read_bytes() == before


def test_saving_over_a_process(written, fitted):
    fitted.save(written)
    assert to_dict(Process.load(written)) == to_dict(fitted)
    assert [p.name for p in written.parent.iterdir()] == ["process.json"]
