"""The mapping file: written for people, read strictly."""

import pytest

from flowaudit.errors import InputError
from flowaudit.eventlog import APPLICANT, ColumnMapping, read_csv, read_mapping, suggest_mapping, write_mapping
from flowaudit.eventlog.headers import recognise

FULL = ColumnMapping(
    columns={"end": "办结日期"}, stages={"盖 章": "produce"}, departments={"EMPTY": "", "A": "甲局"}, levels={"科长": 2},
    department_from=("org:group", "org:role"), applicant_departments=("EMPLOYEE",), automatic_resources=("SYSTEM",),
    timezone="Europe/Amsterdam", date_format="%d/%m/%Y", lifecycle="complete", keep_text=True,
)  # fmt: skip


@pytest.mark.parametrize("mapping", [ColumnMapping(), FULL])
def test_written_and_read_again(tmp_path, mapping):
    path = tmp_path / "mapping.toml"
    write_mapping(mapping, path)
    assert read_mapping(path) == mapping
    assert path.read_text(encoding="utf-8").count("#") >= len(ColumnMapping.model_fields)


def test_a_signature_in_front_does_no_harm(tmp_path):
    path = tmp_path / "mapping.toml"
    path.write_bytes(b'\xef\xbb\xbf[columns]\nend = "x"\n')
    assert read_mapping(path).columns == {"end": "x"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('timezon = "Asia/Shanghai"', r"unknown key 'timezon'(.|\n)*did you mean 'timezone'"),
        ('[columns]\nedn = "x"', r"unknown column 'edn' \(did you mean 'end'"),
        ('[stages]\n"受理" = "acept"', r"unknown stage 'acept' \(did you mean 'accept'"),
        ('timezone = "Mars/Olympus"', "not a time zone"),
        ("levels = 3", "levels"),
        ("[columns", "is not readable TOML"),
    ],
)
def test_what_is_not_understood_is_refused(tmp_path, text, message):
    path = tmp_path / "mapping.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_mapping(path)


def test_missing_mapping_file(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_mapping(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (["业务流水号", "办理环节", "办理人", "开始时间", "完成时间"],
         {"case_id": "业务流水号", "activity": "办理环节", "resource": "办理人", "start": "开始时间", "end": "完成时间"}),
        (["case:concept:name", "concept:name", "time:timestamp", "org:resource", "lifecycle:transition"],
         {"case_id": "case:concept:name", "activity": "concept:name", "end": "time:timestamp", "resource": "org:resource",
          "lifecycle": "lifecycle:transition"}),
        (["case", "task", "start_timestamp", "complete_timestamp"],
         {"case_id": "case", "activity": "task", "start": "start_timestamp", "end": "complete_timestamp"}),
        (["Ｃase ID", "Activity", "End Time"], {"case_id": "Ｃase ID", "activity": "Activity", "end": "End Time"}),
        (["办件编号", "环节名称", "结束时间", "承诺（办结）时限"],
         {"case_id": "办件编号", "activity": "环节名称", "end": "结束时间", "promised_days": "承诺（办结）时限"}),
        # The better header wins over one of a lower rank.
        (["办件编号", "受理编号", "环节名称", "end", "time"], {"case_id": "办件编号", "activity": "环节名称", "end": "end"}),
        (["org:group", "org:role"], {"department": "org:group", "role": "org:role"}),
        (["org:role"], {"department": "org:role", "role": "org:role"}),
        (["foo"], {}),
    ],
)  # fmt: skip
def test_headers_are_recognised(headers, expected):
    assert suggest_mapping(headers).columns == expected


def test_two_headers_of_one_rank_are_asked_about():
    with pytest.raises(InputError, match=r"'办件号', '办件编号' could each be 'case_id'(.|\n)*case_id='办件号'"):
        recognise(["办件编号", "办件号"])


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(
        "case_id,activity,end,resource,org:role\n1,file,2024-01-05,SYSTEM,EMPLOYEE\n1,check,2024-01-06,r1,A\n"
        "1,sign,2024-01-07,r2,科长\n1,close,2024-01-08,SYSTEM,EMPTY\n",
        encoding="utf-8",
    )
    return path


def test_departments_levels_stages_and_systems(path):
    mapping = ColumnMapping(
        departments={"A": "甲局", "EMPTY": ""}, applicant_departments=("EMPLOYEE",), automatic_resources=("SYSTEM",),
        levels={"check": 1, "科长": 3}, stages={"sign": "decide"},
    )  # fmt: skip
    frame = read_csv(path, mapping=mapping).to_pandas().astype("object")
    assert frame["department"].where(frame["department"].notna(), None).tolist() == [APPLICANT, "甲局", "科长", None]
    assert frame["is_auto"].tolist() == [True, False, False, True]
    assert frame["resource"].tolist()[0] == "SYSTEM"
    assert frame["resource"].tolist()[1].startswith("R")
    assert frame["level"].tolist()[1:3] == [1, 3]
    assert frame["stage"].tolist()[2] == "decide"


def test_a_level_for_what_is_not_there(path):
    with pytest.raises(InputError, match=r"'chek'(.|\n)*did you mean 'check'"):
        read_csv(path, mapping=ColumnMapping(levels={"chek": 1}))


def test_department_column_that_is_not_there(path):
    with pytest.raises(InputError, match=r"department_from(.|\n)*did you mean 'org:role'"):
        read_csv(path, mapping=ColumnMapping(department_from=("org:rol",)))


def test_the_mapping_of_the_provenance_reads_the_same_log(path, tmp_path):
    log = read_csv(path)
    written = ColumnMapping(columns={c: h for h, c in log.provenance.mapping.items()})
    write_mapping(written, tmp_path / "m.toml")
    assert read_csv(path, mapping=tmp_path / "m.toml").events.equals(log.events)


RICH = ColumnMapping(
    file={"sheet": "办件", "encoding": "gb18030", "delimiter": "\t", "header_row": 3}, ignore_columns=("单位",),
    missing_times=("9999-12-31",), codes={"channel": "gb39046.channel", "case_result": "", "result": {"1": "通过", "a b": "退回"}},
    date_format="excel", columns={"case_id": "办件 \"编号\""},
)  # fmt: skip


def test_layout_and_codes_are_written_and_read_again(tmp_path):
    write_mapping(RICH, tmp_path / "m.toml", notes={"stages": ['"火星" = ""']})
    text = (tmp_path / "m.toml").read_text(encoding="utf-8")
    assert read_mapping(tmp_path / "m.toml") == RICH
    assert '# "火星" = ""' in text
    # Both languages, whatever language is spoken.
    assert "本工具的列 = 文件中的列名" in text
    assert "our column = header in the file" in text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('\n\ntimezon = "x"', r"line 3, has the unknown key 'timezon'(.|\n)*'timezone'"),
        ('[columns]\ncase_id = "a"\nedn = "x"', r"line 3, columns: unknown column 'edn' \(did you mean 'end'"),
        ("[file]\nsheat = 1", r"line 2, has the unknown key 'sheat'(.|\n)*'sheet'"),
        ('[file]\nencoding = "klingon"', "line 2, file.encoding: 'klingon' is not an encoding"),
        ("[file]\nheader_row = 0", "line 2, file.header_row"),
        ('[stages]\n# x\n"受理" = "acept"', r"line 3, stages: unknown stage 'acept' \(did you mean 'accept'"),
        ('[levels]\n"a" = "b"', "line 2, levels.a"),
        ('[codes]\nresult = "nope"', "line 2, codes: unknown code list 'nope'; known: gb39046.item_type"),
        ('[codes.resul]\n1 = "x"', r"line 1, codes: unknown column 'resul' \(did you mean 'result'"),
        ('date_format = "%H:%M"', "line 1, date_format: '%H:%M' does not say where year"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path, text, message):
    (tmp_path / "m.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_mapping(tmp_path / "m.toml")


def test_missing_times_and_formats_reach_the_reader(tmp_path):
    (tmp_path / "a.csv").write_text(
        "case_id,activity,start,end\n1,受理,43835.5,9999-12-31\n1,决定,43836,43836.25\n", encoding="utf-8"
    )
    frame = read_csv(
        tmp_path / "a.csv", mapping=ColumnMapping(date_format="excel", missing_times=("9999-12-31",))
    ).to_pandas()
    assert frame["start"].astype(str).tolist() == ["2020-01-05 12:00:00", "2020-01-06 00:00:00"]
    assert frame["end"].isna().tolist() == [True, False]
