"""The scenario file: what is written is read again, comments stay, every mistake is named, and its schema is that of the measures."""

import datetime as dt
import json
import re
from dataclasses import replace
from functools import cache
from importlib.resources import files

import jsonschema
import pytest
import tomlkit
from bundle_log import bundle_log
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from processes import Station, constant, line
from pydantic import ValidationError

from flowaudit.errors import InputError, UsageError
from flowaudit.process import fit_process
from flowaudit.redesign import MEASURES, Entry, MeasureRefusedError, Scenario, scenario_schema
from flowaudit.redesign.toml_lines import sections

WRITTEN = """#:schema scenario.schema.json
# 我们的方案
name = "方案一"   # 草稿

# 一号窗口先行
# 与人社局商定
[[measure]]
verb   = "one_window"    # 对齐
items  = []
owner  = "行政审批局"    # 已确认
# 每件 5 元
cost_yuan = 20000

# ---- 第二步 ----

[[measure]]
verb = "M04"
names = [
  "消防核查",  # 消防
  "环保核查",
]
start = 2027-01-01

# 备选：
# [[measure]]
# verb = "staff"

[[measure]]   # 层级
verb = "limit_levels"
department = '市场监管局'
levels = 3
"""


def read(tmp_path, text, name="s.toml", **how):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8", **how)
    return Scenario.load(path)


# Comments and form


def test_a_file_that_says_the_same_is_left_as_it_is(tmp_path):
    scenario = read(tmp_path, WRITTEN)
    assert scenario.to_toml() == WRITTEN
    scenario.save(tmp_path / "s.toml")
    assert (tmp_path / "s.toml").read_text(encoding="utf-8") == WRITTEN
    scenario.save(tmp_path / "elsewhere.toml")
    assert (tmp_path / "elsewhere.toml").read_text(encoding="utf-8") == WRITTEN, (
        "a scenario that was read keeps its comments"
    )


def test_only_what_changes_is_written_anew(tmp_path):
    scenario = read(tmp_path, WRITTEN)
    window, parallel, levels = scenario.entries
    levels = replace(levels, measure=levels.measure.model_copy(update={"levels": 2}), owner="市场监管局")
    parallel = replace(parallel, start=None)
    text = replace(scenario, name="方案二", entries=(window, parallel, levels)).to_toml()
    was, now = WRITTEN.splitlines(), text.splitlines()
    assert [line for line in was if line not in now] == ['name = "方案一"   # 草稿', "start = 2027-01-01", "levels = 3"]
    assert [line for line in now if line not in was] == [
        'name = "方案二"   # 草稿',
        "levels = 2",
        'owner = "市场监管局"',
    ]


def test_what_goes_takes_its_own_comments_along_and_nothing_else(tmp_path):
    scenario = read(tmp_path, WRITTEN)
    _window, parallel, levels = scenario.entries
    text = replace(scenario, entries=(levels, parallel)).staff("甲组", 2).to_toml()
    assert "一号窗口先行" not in text
    assert "每件 5 元" not in text
    assert "# ---- 第二步 ----" in text
    assert '  "消防核查",  # 消防' in text
    assert "# 备选：" in text
    assert text.index("# 层级") < text.index("M04") < text.index('pool = "甲组"')
    assert text.startswith("#:schema scenario.schema.json\n# 我们的方案\n")
    assert [m.id for m in read(tmp_path, text, "again.toml")] == ["M02", "M04", "M19"]


def test_saving_over_a_file_keeps_the_comments_of_what_stays(tmp_path):
    read(tmp_path, WRITTEN)
    Scenario("方案一").parallelise("消防核查", "环保核查").save(tmp_path / "s.toml")
    text = (tmp_path / "s.toml").read_text(encoding="utf-8")
    assert '  "消防核查",  # 消防' in text
    assert "start" not in text
    assert len(Scenario.load(tmp_path / "s.toml")) == 1


def test_two_of_a_kind_keep_each_its_own(tmp_path):
    text = '# 前\n[[measure]]\nverb="limit_levels" # 甲\ndepartment="甲局"\nlevels=3\n# 后\n[[measure]]\nverb="limit_levels" # 乙\ndepartment="乙局"\nlevels=3\n'
    scenario = read(tmp_path, text)
    first, second = scenario.entries
    second = replace(second, measure=second.measure.model_copy(update={"levels": 2}))
    out = replace(scenario, entries=(second, first)).to_toml()
    assert out.index("# 后") < out.index("# 乙") < out.index("levels=2") < out.index("# 前") < out.index("# 甲")
    assert "levels=3" in out[out.index("# 甲") :]


def test_windows_files_stay_windows_files(tmp_path):
    path = tmp_path / "s.toml"
    path.write_bytes(b"\xef\xbb\xbf" + WRITTEN.replace("\n", "\r\n").encode())
    scenario = Scenario.load(path).staff("甲组", 1)
    scenario.save(path)
    data = path.read_bytes()
    assert data.count(b"\r\n") == data.count(b"\n") > WRITTEN.count("\n")
    assert Scenario.load(path) == scenario


def test_another_file_is_not_written_over(tmp_path):
    path = tmp_path / "config.toml"
    for text in ("[steps]\npolicy = 'A'\n", "replications = 30\n", "not toml"):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(InputError):
            Scenario("x").save(path)
        assert path.read_text(encoding="utf-8") == text


# Round trip


def values(field):
    """Values a parameter may have."""
    bounds = {
        name: getattr(m, name) for m in field.metadata for name in ("ge", "le", "gt", "min_length") if hasattr(m, name)
    }
    low, high = bounds.get("ge", bounds.get("gt", -10)), bounds.get("le", 10)
    names = st.text(min_size=max(bounds.get("min_length", 0), 1), max_size=6)
    kind = str(field.annotation)
    kinds = {
        "int": lambda: st.integers(low, high),
        "float": lambda: st.floats(low, high, exclude_min="gt" in bounds, allow_subnormal=False),
        "bool": st.booleans,
        "tuple[str, ...]": lambda: st.lists(names, min_size=bounds.get("min_length", 0), max_size=3).map(tuple),
        "str": lambda: names,
    }
    kind = re.sub(r"<class '(\w+)'>", r"\1", kind)
    if kind.endswith(" | None"):
        return st.none() | kinds[kind.removesuffix(" | None")]()
    return kinds[kind]()


@st.composite
def entries(draw, kind):
    given_ = {
        name: draw(values(field))
        for name, field in kind.model_fields.items()
        if field.is_required() or draw(st.booleans())
    }
    try:
        measure = kind(**given_)
    except ValidationError:
        assume(False)
    return Entry(
        measure,
        name=draw(st.just("") | st.text(min_size=1, max_size=8)),
        owner=draw(st.just("") | st.sampled_from(["市场监管局", 'a "b" \\ c', "#x = [[measure]]"])),
        cost_yuan=draw(st.none() | st.integers(0, 10**9) | st.floats(0, 1e9)),
        start=draw(st.none() | st.dates(dt.date(2020, 1, 1), dt.date(2050, 1, 1))),
    )


@st.composite
def scenarios(draw):
    kinds = draw(st.lists(st.sampled_from(list(MEASURES.values())), max_size=4, unique=True))
    return Scenario(draw(st.text(max_size=5)), tuple(draw(entries(kind)) for kind in kinds))


@cache
def check():
    return jsonschema.Draft202012Validator(scenario_schema())


def plain(text):
    """A file as an editor checks it: dates are texts."""
    return json.loads(json.dumps(tomlkit.parse(text).unwrap(), default=str))


SLOW = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("kind", MEASURES.values(), ids=list(MEASURES))
@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_is_written_is_read_again(kind, data, tmp_path_factory):
    scenario = Scenario("x", (data.draw(entries(kind)),))
    path = tmp_path_factory.mktemp("s") / "s.toml"
    scenario.save(path)
    assert Scenario.load(path) == scenario
    assert check().is_valid(plain(path.read_text(encoding="utf-8")))


@SLOW
@given(old=scenarios(), new=scenarios(), kept=st.data())
def test_any_file_becomes_any_scenario(old, new, kept, tmp_path_factory):
    """Written over a file with other measures, a scenario is read again, and what stays keeps its comments."""
    path = tmp_path_factory.mktemp("s") / "s.toml"
    old.save(path)
    text = path.read_text(encoding="utf-8")
    heads = iter(range(len(old)))
    lines = re.split(r"(?<=\n)", text)
    for section in reversed([s for s in sections(text) if s.name == "measure"]):
        lines.insert(section.line - 1, f"# 说明{len(old) - 1 - next(heads)}\n")
    path.write_text("".join(lines), encoding="utf-8")
    stays = kept.draw(st.lists(st.sampled_from(range(len(old))), unique=True)) if len(old) else []
    taken = {type(old.entries[k].measure) for k in stays}
    whole = (*(old.entries[k] for k in stays), *(e for e in new.entries if type(e.measure) not in taken))
    scenario = replace(new, entries=whole)
    scenario.save(path)
    assert Scenario.load(path) == scenario
    after = path.read_text(encoding="utf-8")
    assert all(f"# 说明{k}\n" in after for k in stays)


# Mistakes


@pytest.mark.parametrize(
    ("text", "line", "said", "near"),
    [
        ('[[measure]]\nverb = "staf"\npool = "a"\nadd = 1', 2, "unknown measure 'staf'", "staff"),
        ('[[measure]]\n\nverd = "staff"', 3, "a measure needs a verb", "verb"),
        ('[[measure]]\npool = "a"', 1, "a measure needs a verb", None),
        ('[[measure]]\nverb = "staff"\npol = "a"\nadd = 1', 3, "staff has no parameter 'pol'", "pool"),
        ('[[measure]]\nverb = "staff"\npool = "a"\nadd = 1\nowmer = "b"', 5, "staff has no parameter 'owmer'", "owner"),
        ('[[measure]]\nverb = "staff"\nadd = 1', 1, "staff: pool: is missing", None),
        ('[[measure]]\nverb = "staff"\npool = """\na"""\nadd = 99', 5, "staff: add: at most 50, found 99", None),
        ('[[measure]]\nverb = "staff"\npool = "a"\nadd = "1"', 4, "staff: add: a whole number is needed, found '1'", None),
        ('[[measure]]\nverb = "use_e_licence"\nmaterials = ["a"]\nsuccess = true', 4, "use_e_licence: success: a number is needed", None),
        ('[[measure]]\nverb = "use_e_licence"\nmaterials = "a"', 3, "use_e_licence: materials: a list is needed", None),
        ('[[measure]]\nverb = "staff"\npool = "a"\nadd = 1\ncost_yuan = -5', 5, "cost_yuan: at least 0, found -5", None),
        ('[[measure]]\nverb = "staff"\npool = "a"\nadd = 1\ncost_yuan = nan', 5, "cost_yuan: at least 0, found nan", None),
        ('[[measure]]\nverb = "staff"\npool = "a"\nadd = 1\ncost_yuan = "5"', 5, "cost_yuan: a number is needed, found '5'", None),
        ('[[measure]]\nverb = "staff"\npool = "a"\nadd = 1\nstart = "2027-13-01"', 5, "start: a date is needed (2027-01-01), found '2027-13-01'", None),
        ('[[measure]]\nverb = "staff"\npool = "a"\nadd = 1\nstart = 2027-01-01T09:00:00', 5, "start: a date is needed", None),
        ('[[measure]]\nverb = "staff"\npool = "a"\nadd = 1\nowner = 5', 5, "owner: a text in quotes is needed, found 5", None),
        ('nane = "x"', 1, "unknown key 'nane'", "name"),
        ('# x\nname = 3', 2, "name: 3 is not what belongs there", None),
        ('x = 1\nmeasure = [{verb = "staff"}]', 1, None, None),
        ('name = "x"\nmeasure = [{verb = "staff"}]', 2, "'measure' must be written as [[measure]] tables", None),
        ('name = "x"\n\n[mesure]\nverb = "staff"', 3, "unknown key 'mesure'", "measure"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_own_line(tmp_path, text, line, said, near):
    with pytest.raises(InputError) as caught:
        read(tmp_path, text)
    assert f"line {line}: {said or ''}" in caught.value.message
    assert said is None or caught.value.message.startswith(f"s.toml, line {line}: {said}")
    if near:
        assert near in caught.value.hint


def test_all_mistakes_are_named_at_once_in_the_order_of_the_lines(tmp_path):
    text = """[[measure]]
verb = "limit_levels"
departement = "甲局"
levels = 1

[[measure]]
verb = "paralelise"

[[measure]]
verb = "staff"
pool = "甲组"
add = 1
start = "morgen"
cost_yuan = -1

[[measure]]
verb = "reuse_material"
material = "a"

[[measure]]
verb = "reuse_material"
material = "a"
"""
    with pytest.raises(InputError) as caught:
        read(tmp_path, text)
    said = caught.value.message.splitlines()
    assert said[0] == "s.toml: 7 problems:" or said[0] == "s.toml: 6 problems:"
    assert [int(re.search(r"line (\d+)", s)[1]) for s in said[1:]] == [3, 4, 7, 13, 14, 20]
    assert "(did you mean 'department'?)" in said[1]
    assert "(did you mean 'parallelise'?)" in said[3]
    assert "already in the scenario" in said[6]


def test_a_date_may_stand_in_quotes_and_a_number_may_do_without_its_point(tmp_path):
    scenario = read(tmp_path, '[[measure]]\nverb="use_e_licence"\nmaterials=["a"]\nsuccess=1\nstart="2027-01-01"\n')
    assert scenario.entries[0].start == dt.date(2027, 1, 1)
    assert scenario.measures[0].success == 1.0
    assert scenario.to_toml().endswith('start="2027-01-01"\n'), "it is left as it was written"


def test_lines_are_found_behind_texts_and_lists_that_look_like_tables():
    text = 'name = """\n[[measure]]\nverb = "x" # no\n"""\n[[measure]] # [[measure]]\n"verb" = \'#\'\nnames = [ # ]\n "[[measure]]", # "\n]\nowner = "]"\n'
    (_root, only) = sections(text)
    assert (only.line, only.last, only.keys) == (5, 10, {"verb": 6, "names": 7, "owner": 10})


# Schema and template


def test_the_published_schema_is_that_of_the_measures():
    published = json.loads((files("flowaudit.redesign") / "scenario.schema.json").read_text(encoding="utf-8"))
    assert published == json.loads(json.dumps(scenario_schema())), (
        'write it again: python -c "from flowaudit.redesign.schema import publish; publish()"'
    )


def test_the_schema_knows_what_a_file_may_say():
    schema = scenario_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    kinds = schema["properties"]["measure"]["items"]["oneOf"]
    assert [k["properties"]["verb"]["enum"] for k in kinds] == [[m.verb, m.id] for m in MEASURES.values()]
    for kind, measure in zip(kinds, MEASURES.values(), strict=True):
        assert set(kind["properties"]) == {"verb", *measure.model_fields, "name", "owner", "cost_yuan", "start"}
        assert all("/" in p["description"] for p in list(kind["properties"].values())[1:]), measure.id
    valid = jsonschema.Draft202012Validator(schema)
    good = {"name": "x", "measure": [{"verb": "limit_levels", "department": "a", "levels": 3, "start": "2027-01-01"}]}
    assert valid.is_valid(good)
    for wrong in ({"levels": 1}, {"levels": "3"}, {"dept": "a"}, {"cost_yuan": -1}, {"verb": "x"}):
        assert not valid.is_valid({"measure": [good["measure"][0] | wrong]}), wrong


def examples():
    """The examples of the template file, each as a text of its own."""
    text = (files("flowaudit.cli.templates") / "scenario.toml").read_text(encoding="utf-8")
    found = []
    for block in re.findall(r"^# \[\[measure\]\]\n(?:# ?.*\n?)+", text, re.MULTILINE):
        lines = [line.removeprefix("# ") for line in block.splitlines()]
        found.append("\n".join(line for line in lines if re.match(r"\[\[measure|\w+ = ", line)))
    return found


def test_every_example_of_the_template_is_a_measure(tmp_path):
    assert examples()
    for text in examples():
        scenario = read(tmp_path, text)
        assert len(scenario) == 1
        assert check().is_valid(plain(text)), text


# What goes together


@pytest.fixture(scope="module")
def process():
    return fit_process(bundle_log())


def test_a_contradiction_is_named_at_the_second_measure(tmp_path):
    text = '[[measure]]\nverb = "limit_levels"\ndepartment = "甲局"\nlevels = 3\n\n[[measure]]\nverb = "limit_levels"\ndepartment = "甲局"\nlevels = 2\n'
    with pytest.raises(InputError) as caught:
        read(tmp_path, text)
    assert caught.value.message.startswith("s.toml, line 6: ")
    assert "甲局" in caught.value.message


@pytest.mark.parametrize(
    ("add", "said"),
    [
        (lambda s: s.limit_levels("甲局", 3), "already in the scenario"),
        (lambda s: s.limit_levels("甲局", 2), "both change 甲局"),
        (lambda s: s.one_window("SP"), "both change everything of their kind"),
        (lambda s: s.merge_steps("初审", "决定"), "both change 初审"),
    ],
)
def test_what_contradicts_is_refused_when_it_is_added(add, said):
    scenario = Scenario("x").limit_levels("甲局", 3).one_window().merge_steps("初审", "复审")
    with pytest.raises(UsageError, match=said):
        add(scenario)
    assert len(scenario.limit_levels("乙局", 2).merge_steps("核查", "决定")) == 5


def test_an_order_that_does_not_work_names_the_earlier_measure():
    names = ("受理", "初审", "复审", "核查", "决定")
    process = line(*(Station(name, constant(1.0)) for name in names))
    merged = Scenario("x").merge_steps("初审", "复审")
    with pytest.raises(MeasureRefusedError) as caught:
        merged.parallelise("复审", "核查").apply(process)
    assert merged.measures[0].label() in caught.value.message
    assert "put it before" in caught.value.hint
    # The other way round both are possible.
    Scenario("x").parallelise("复审", "核查").apply(process)


def test_a_measure_that_never_worked_is_not_blamed_on_an_earlier_one(process):
    with pytest.raises(InputError) as caught:
        Scenario("x").merge_steps("食品承办", "食品审核").parallelise("食品审察", "消防承办").apply(process)
    assert "食品审察" in caught.value.message
    assert "食品审核" in caught.value.hint


def test_what_an_earlier_measure_has_taken_away_is_named_with_it(process):
    """Levels above 2 are gone; then nothing is left to be limited to 3 in the same department under another name."""
    scenario = Scenario("x").limit_levels("市场监管局", 2)
    with pytest.raises(MeasureRefusedError) as caught:
        scenario.merge_steps("食品审核", "食品决定").apply(process)
    assert scenario.measures[0].label() in caught.value.message
