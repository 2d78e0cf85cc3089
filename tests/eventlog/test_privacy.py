"""Nobody's name gets past the door, and the same person keeps one pseudonym."""

import os
import stat
import sys

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowaudit.errors import InputError
from flowaudit.eventlog import Pseudonymiser, config_dir, officer_map, write_officer_map
from flowaudit.eventlog.coded import frame_of
from flowaudit.eventlog.privacy import MASK, names_person, project_salt, protect

HIDDEN = Pseudonymiser(b"k" * 32, keep=["SYSTEM"])


def test_salt_is_made_once_in_the_configuration_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("FLOWAUDIT_CONFIG_DIR", str(tmp_path / "deep" / "config"))
    first = project_salt()
    assert len(first) == 32
    assert project_salt() == first
    assert (config_dir() / "salt").read_bytes() == first
    if sys.platform != "win32":
        assert stat.S_IMODE((config_dir() / "salt").stat().st_mode) == 0o600


def test_configuration_folder_follows_the_platform(tmp_path, monkeypatch):
    monkeypatch.delenv("FLOWAUDIT_CONFIG_DIR")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("APPDATA", str(tmp_path))
    assert config_dir() == tmp_path / "flowaudit"


def test_unwritable_place_is_an_input_error(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    monkeypatch.setenv("FLOWAUDIT_CONFIG_DIR", str(tmp_path / "file" / "config"))
    with pytest.raises(InputError, match=r"salt(.|\n)*FLOWAUDIT_CONFIG_DIR"):
        project_salt()


def test_damaged_salt(tmp_path, monkeypatch):
    monkeypatch.setenv("FLOWAUDIT_CONFIG_DIR", str(tmp_path))
    (tmp_path / "salt").write_bytes(b"short")
    with pytest.raises(InputError, match="damaged"):
        project_salt()


@given(st.lists(st.text(st.characters(blacklist_categories=("Cs",)), min_size=1), min_size=1, max_size=30))
def test_equal_people_have_equal_pseudonyms_and_keys_matter(people):
    values = pd.Series(people, dtype="object")
    once, again = HIDDEN.applicants(values), HIDDEN.applicants(values)
    assert once.equals(again)
    assert once.dropna().str.fullmatch("[0-9a-f]{16}").all()
    other = Pseudonymiser(b"x" * 32).applicants(values)
    assert not (once.dropna() == other.dropna()).any()


def test_officers_and_applicants_do_not_share_pseudonyms():
    person = pd.Series(["张三"])
    assert HIDDEN.officers(person)[0][1:] != HIDDEN.applicants(person)[0][:6]


def test_an_officers_number_survives_a_spreadsheet():
    codes = HIDDEN.officers(pd.Series(["10929", "10929.0", "１０９２９"]))
    assert codes.nunique() == 1


def test_codes_that_collide_are_lengthened(monkeypatch):
    monkeypatch.setattr(Pseudonymiser, "_digest", lambda self, kind, value: "abcdef" + value * 20)
    assert HIDDEN.officers(pd.Series(["1", "2"])).tolist() == ["Rabcdef1111", "Rabcdef2222"]


@pytest.mark.parametrize(
    "column", ["applicant_id", "申请人", "申请人证件号码", "证件号码", "联系人电话", "applyer_name", "contact_mobile"]
)
def test_columns_that_name_people(column):
    assert names_person(column)


@pytest.mark.parametrize("column", ["applicant_type", "申请人类型", "申请人证件类型", "item_code", "channel"])
def test_columns_that_do_not(column):
    assert not names_person(column)


def test_a_table_is_protected():
    frame = pd.DataFrame({
        "case_id": ["11010519491231002X", "2"],
        "applicant_id": ["张三", None],
        "resource": ["u1", "SYSTEM"],
        "supervisor": ["u1", "u1"],
        "remark": ["a", "b"],
        "extra": ["证号11010519491231002X", "电话 13800138000。"],
        "amount": ["123456789012345678", "99999999999"],
        "实施编码": ["13800138000", "1"],
    })  # fmt: skip
    table = {column: pa.array(values, from_pandas=True) for column, values in frame.items()}
    pseudonymised, dropped, masked = protect(table, HIDDEN, officers=frame["resource"], untouched={"case_id"})
    safe = frame_of(table)
    assert safe["case_id"].tolist() == frame["case_id"].tolist()
    assert pseudonymised == ["applicant_id", "resource", "supervisor"]
    assert safe["supervisor"][0] == safe["resource"][0]
    assert safe["resource"][1] == "SYSTEM"
    assert pd.isna(safe["applicant_id"][1])
    assert dropped == ["remark"]
    assert safe["extra"].tolist() == [f"证号{MASK}", f"电话 {MASK}。"]
    assert masked == {"extra": 2}
    # Long numbers without a birth date, and keys, are no personal numbers.
    assert safe["amount"].tolist() == frame["amount"].tolist()
    assert safe["实施编码"].tolist() == frame["实施编码"].tolist()


def test_numbers_in_full_width_are_masked_too():
    table = {"extra": pa.array(["电话：１３８００１３８０００", "13800138000１", "no"])}
    assert protect(table, HIDDEN)[2] == {"extra": 1}
    assert table["extra"].to_pylist() == [f"电话：{MASK}", "13800138000１", "no"]


def test_headers_of_people_that_no_column_asks_for():
    table = {
        "LXRXM": pa.array(["张三", None]),
        "承办人": pa.array(["王五", "u1"]),
        "resource": pa.array(["u1", "王五"]),
    }
    pseudonymised, _dropped, _masked = protect(table, HIDDEN, officers=["u1", "王五"])
    assert pseudonymised == ["LXRXM", "承办人", "resource"]
    assert table["承办人"].to_pylist() == table["resource"].to_pylist()[::-1]
    assert "张三" not in table["LXRXM"].to_pylist()


def test_environment_names_the_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("FLOWAUDIT_CONFIG_DIR", os.fspath(tmp_path))
    assert config_dir() == tmp_path


def test_a_list_of_officers_joins_spellings_and_holds_no_formula(tmp_path):
    hidden = Pseudonymiser(b"0" * 32, keep=["SYSTEM"])
    with officer_map() as names:
        hidden.officers(pd.Series(["10929.0", "10929", "=HYPERLINK(1)", "SYSTEM"]))
    hidden.officers(pd.Series(["unseen"]))
    assert sorted(names.values()) == ["10929 / 10929.0", "=HYPERLINK(1)"]
    write_officer_map(names, tmp_path / "a.csv")
    assert ",'=HYPERLINK(1)" in (tmp_path / "a.csv").read_text(encoding="utf-8-sig")
