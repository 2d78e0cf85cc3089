"""The catalogue: reading, what it says, and every problem told at once."""

from __future__ import annotations

import pandas as pd
import pytest

from flowaudit.catalogue import CatalogueError, read_catalogue
from flowaudit.errors import InputError

GOOD = {
    "items": "item_code,name,department,promised_days,promised_unit,visits_min,fully_online\n"
    "0131,食品经营许可,市场监管局,10,工作日,1,true\n0220,消防安全检查,消防救援支队,8,工作日,2,false\n0340,户外招牌备案,城管局,,,0,\n",
    "materials": "canonical_id,name,aliases,retrievable\nM1,营业执照,工商营业执照|企业法人营业执照,true\nM2,平面布局图,,false\n"
    "M3,食品经营许可证,,是\n",
    "item_materials": "item_code,variant_code,material_code,canonical_id,name,necessity,copies,issuer_scope,produced_by_item\n"
    "0131,,A1,M1,营业执照,必需,1,city,\n0131,,A2,M2,平面布局图,容缺后补,2,self,\n"
    "0220,,B1,M1,营业执照,必要,1,city,\n0220,,B2,M2,平面布局图,非必要,1,self,\n"
    "0340,新办,C1,M1,营业执照,必要,1,city,\n0340,新办,C2,M3,许可证,必要,1,city,0131\n0340,变更,C1,M1,营业执照,必要,1,city,\n",
    "item_relations": "src_item,dst_item,relation,basis\n0220,0131,precedes,legal\n0340,0220,precedes,observed\n",
    "orgs": "department,office\n市场监管局,许可科\n消防救援支队,\n城管局,\n",
}


def write(folder, tables, encoding="utf-8"):
    for name, text in tables.items():
        (folder / f"{name}.csv").write_bytes(text.encode(encoding))
    return folder


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_reads_a_folder_in_the_encodings_of_offices(tmp_path, encoding):
    catalogue = read_catalogue(write(tmp_path, GOOD, encoding))
    assert catalogue.item_codes == ["0131", "0220", "0340"], "codes are text and keep their zeros"
    assert catalogue.item_name("0131") == "食品经营许可"
    assert catalogue.item_name("9999") == "9999"
    assert catalogue.form_fields is None
    assert catalogue.problems.empty
    assert catalogue.items["promised_days"].tolist()[:2] == [10, 8]
    assert catalogue.items["fully_online"].tolist()[:2] == [True, False]
    assert catalogue.items["fully_online"].isna().tolist() == [False, False, True]
    assert catalogue.materials["retrievable"].tolist() == [True, False, True]


def test_required_materials(tmp_path):
    catalogue = read_catalogue(write(tmp_path, GOOD))
    assert catalogue.required_materials("0131")["canonical_id"].tolist() == ["M1", "M2"], (
        "容缺 does not reduce the count"
    )
    assert catalogue.required_materials("0220")["canonical_id"].tolist() == ["M1"]
    assert catalogue.required_materials("0340", "变更")["canonical_id"].tolist() == ["M1"]
    assert catalogue.required_count("0340") == 2, "without a variant: the one that asks for most"
    assert catalogue.item_materials["necessity_raw"].tolist()[:2] == ["必需", "容缺后补"]
    with pytest.raises(InputError, match="0130"):
        catalogue.required_materials("0130")


def test_precedence(tmp_path):
    catalogue = read_catalogue(write(tmp_path, GOOD))
    assert catalogue.precedes("0220", "0131")
    assert catalogue.precedes("0131", "0340"), "its licence is a material of the sign"
    assert catalogue.precedes("0220", "0340"), "through the licence"
    assert not catalogue.precedes("0340", "0220"), "merely observed"
    assert not catalogue.precedes("0131", "0220")
    assert not catalogue.precedes("0131", "0131")


def test_absent_tables_are_unknown(tmp_path):
    catalogue = read_catalogue(write(tmp_path, {"items": GOOD["items"]}))
    assert catalogue.item_materials is None
    assert catalogue.required_count("0131") == 0
    assert not catalogue.precedes("0131", "0340")
    assert "not given" in catalogue._repr_html_() or "未提供" in catalogue._repr_html_()


def test_all_problems_are_told_at_once(tmp_path, monkeypatch):
    monkeypatch.setenv("FLOWAUDIT_LANG", "en")
    tables = GOOD | {
        "items": "item_code,name,promised_days,visits_min\n0131,食品经营许可,ten,1\n0131,再一次,10,1\n0220,,8,2\n",
        "item_relations": "src_item,dst_item,relation\n0131,0999,precedes\n",
        "materials": "canonical_id,title\nM1,营业执照\n",
    }
    with pytest.raises(CatalogueError) as caught:
        read_catalogue(write(tmp_path, tables))
    found = set(caught.value.problems[["file", "row", "column"]].itertuples(index=False, name=None))
    assert {
        ("items.csv", 2, "promised_days"),
        ("items.csv", 3, "item_code"),
        ("items.csv", 4, "name"),
        ("item_relations.csv", 2, "dst_item"),
        ("materials.csv", 1, "name"),
        ("item_materials.csv", 3, "canonical_id"),
    } <= found
    assert set(caught.value.problems["severity"]) == {"fatal", "doubtful"}, "the doubtful ones are told, too"
    assert "items.csv, row 2, column promised_days: 'ten' is not a number" in "\n".join(
        f"{p.file}, row {p.row}, column {p.column}: {p.problem}" for p in caught.value.problems.itertuples()
    )
    assert "more" in str(caught.value)
    assert isinstance(caught.value, InputError)


def test_doubtful_entries_are_kept_and_listed(tmp_path):
    tables = GOOD | {
        "orgs": "department,office\n市场监管局,\n消防救援支队,\n",
        "item_materials": GOOD["item_materials"].replace(",容缺后补,2,self", ",看情况,2,本人"),
    }
    catalogue = read_catalogue(write(tmp_path, tables))
    where = set(catalogue.problems[["file", "row", "column"]].itertuples(index=False, name=None))
    assert where == {
        ("items.csv", 4, "department"),
        ("item_materials.csv", 3, "necessity"),
        ("item_materials.csv", 3, "issuer_scope"),
    }
    assert catalogue.required_count("0131") == 2, "unknown necessity counts as mandatory"
    assert set(catalogue.problems["severity"]) == {"doubtful"}
    told = read_catalogue(tmp_path, necessity={"看情况": "conditional"})
    assert told.required_count("0131") == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("items.csv", b""),
        ("items.csv", b"\xff\xfe\x00\x81"),
        ("items.csv", b'item_code,name\n"0131,x\n'),
        ("other.csv", b"a,b\n1,2\n"),
    ],
)
def test_folders_that_cannot_be_used(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError):
        read_catalogue(tmp_path)


def test_a_missing_folder(tmp_path):
    with pytest.raises(InputError, match="none"):
        read_catalogue(tmp_path / "none")


def test_blank_cells_are_missing(tmp_path):
    catalogue = read_catalogue(write(tmp_path, {"items": "item_code,name,fee_basis\n 0131 ,食品经营许可,  \n"}))
    assert catalogue.item_codes == ["0131"]
    assert pd.isna(catalogue.items["fee_basis"].iloc[0])
