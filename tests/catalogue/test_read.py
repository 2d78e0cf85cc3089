"""Reading: Chinese headers, workbooks, answers to what is asked, and codes that two systems use differently."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd
import pytest
import xlsxwriter

from flowaudit.catalogue import TABLES, CatalogueError, code_lists, read_catalogue, write_template
from flowaudit.catalogue.codes import read_codes
from flowaudit.errors import InputError

RESTAURANT = Path(__file__).parents[2] / "sample_logs" / "restaurant" / "catalogue"


@pytest.fixture(autouse=True)
def _english(monkeypatch):
    monkeypatch.setenv("FLOWAUDIT_LANG", "en")


def workbook(path, sheets):
    book = xlsxwriter.Workbook(str(path))
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for r, row in enumerate(rows):
            for c, value in enumerate(row):
                if isinstance(value, dt.date):
                    sheet.write_datetime(r, c, value, book.add_format({"num_format": "yyyy-mm-dd"}))
                elif value is not None:
                    sheet.write(r, c, value)
    return book, path


def csv(folder, **tables):
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def told(error_or_catalogue):
    return {(p.file, p.row, p.column, p.severity) for p in error_or_catalogue.problems.itertuples()}


ITEMS = "item_code,name\n01,排水许可\n02,招牌设置\n"


def test_the_sample_is_read_as_before():
    """Golden: the tables of the restaurant, but for the normalised source (issue C), as the first reader read them."""
    catalogue = read_catalogue(RESTAURANT)
    assert catalogue.problems.empty
    assert (catalogue.item_materials["source_raw"] == pd.read_csv(RESTAURANT / "item_materials.csv")["source"]).all()
    assert set(catalogue.item_materials["source"]) == {"applicant", "issuer"}
    for name in ("items", "item_materials", "materials", "form_fields", "item_relations", "orgs"):
        raw = pd.read_csv(RESTAURANT / f"{name}.csv", dtype="string", keep_default_na=False)
        table = getattr(catalogue, name)
        assert set(table) - set(raw) <= {"source_raw", "necessity_raw"}
        for column in set(raw) - {"source", "necessity"}:
            words = table[column].astype("string").str.casefold().fillna("")
            assert (words == raw[column].str.casefold()).all(), (name, column)
    assert sum(catalogue.required_count(code) for code in catalogue.item_codes) == 17


def test_a_workbook_with_chinese_sheets_and_headers(tmp_path):
    book, path = workbook(
        tmp_path / "目录.xlsx",
        {
            "1.事项清单": [
                ["附件1 事项清单"],
                [],
                [
                    "事项编码",
                    "事项名称",
                    "承诺办结时限（工作日）",
                    "承诺办结时限",
                    "承诺办结时限单位",
                    "到办事现场次数",
                    "生效日期",
                    "是否收费",
                ],
                ["0131", "食品经营许可", "x", "１０个工作日", None, "1次", dt.date(2024, 3, 1), "否"],
                ["0220", "消防安全检查", "y", 8, "工作日", 0, "2024年3月1日", "是"],
            ],
            "附件2：申请材料表": [
                ["事项编码", "材料名称", "材料必要性", "来源渠道", "原件份数"],
                ["0131", "营业执照（副本）复印件", "必要", "政府部门核发", 0],
                [None, "平面布局图", "容缺后补", "申请人自备", 1],
                ["0220", "营业执照", "必要", "其他", 1],
            ],
            "说明": [["本表由各部门填写"]],
        },
    )
    book.get_worksheet_by_name("附件2：申请材料表").merge_range(1, 0, 2, 0, "0131")
    book.close()
    catalogue = read_catalogue(path)
    assert catalogue.item_codes == ["0131", "0220"]
    assert catalogue.items["promised_days"].tolist() == [10, 8]
    assert catalogue.items["promised_unit"].tolist() == ["个工作日", "工作日"]
    assert catalogue.items["promised_days_raw"].tolist() == ["１０个工作日", "8"]
    assert catalogue.items["visits_min"].tolist() == [1, 0]
    assert catalogue.items["valid_from"].dt.date.tolist() == [dt.date(2024, 3, 1)] * 2
    assert catalogue.items["承诺办结时限（工作日）"].tolist() == ["x", "y"], "unknown headers are kept"
    materials = catalogue.item_materials
    assert materials["item_code"].tolist() == ["0131", "0131", "0220"], "a merged cell counts for every row"
    assert materials["canonical_id"].tolist() == ["营业执照", "平面布局图", "营业执照"]
    assert materials["source"].tolist()[:2] == ["issuer", "applicant"]
    assert pd.isna(materials["source"][2])
    assert told(catalogue) == {
        ("目录.xlsx/说明", 1, "", "note"),
        ("目录.xlsx/附件2：申请材料表", 4, "来源渠道", "doubtful"),
        ("目录.xlsx/附件2：申请材料表", 2, "canonical_id", "note"),
    }
    limit = catalogue.limit("0131", "promised")
    assert (limit.amount, limit.unit) == (10, "working_days")


def test_a_hidden_sheet_is_told_and_not_read(tmp_path):
    book, path = workbook(
        tmp_path / "a.xlsx",
        {"事项": [["事项编码", "事项名称"], ["01", "甲"]], "材料": [["事项编码", "材料名称"], ["01", "乙"]]},
    )
    book.get_worksheet_by_name("材料").hide()
    book.close()
    catalogue = read_catalogue(path)
    assert catalogue.item_materials is None
    assert told(catalogue) == {("a.xlsx/材料", 1, "", "note")}


@pytest.mark.parametrize("kind", ["ods", "xls"])
def test_other_workbooks(tmp_path, kind):
    import workbooks

    path = tmp_path / f"目录.{kind}"
    getattr(workbooks, kind)(path, [["事项编码", "事项名称"], ["0131", "食品经营许可"]], sheet="事项")
    assert read_catalogue(path).item_name("0131") == "食品经营许可"


@pytest.mark.parametrize(
    ("name", "raw"), [("a.xlsx", b"no zip"), ("a.xls", b"\x00" * 40), ("a.ods", b"PK\x03\x04x"), ("a.docx", b"x")]
)
def test_files_that_are_no_workbook(tmp_path, name, raw):
    (tmp_path / name).write_bytes(raw)
    with pytest.raises(InputError, match=name):
        read_catalogue(tmp_path / name)


def test_codes_that_a_workbook_keeps_as_numbers(tmp_path):
    book, path = workbook(
        tmp_path / "a.xlsx",
        {"items": [["item_code", "name"], [131, "甲"], [1234567890123456789, "乙"]]},
    )
    book.close()
    with pytest.raises(CatalogueError) as caught:
        read_catalogue(path)
    assert told(caught.value) == {
        ("a.xlsx/items", 3, "item_code", "fatal"),
        ("a.xlsx/items", 2, "item_code", "doubtful"),
    }


def test_chinese_files_of_a_folder(tmp_path):
    (tmp_path / "事项清单.csv").write_bytes("事项编码\t事项名称\n01\t排水许可\n".encode("gb18030"))
    (tmp_path / "环节表.csv").write_text(
        "事项编码,序号,环节名称,标准环节,办理主体,是否需到现场,环节时限\n01,2,审查,审查,办理部门,否,3个工作日\n01,1,收件,申请,申请人,是,\n",
        "utf-8-sig",
    )
    (tmp_path / "特别程序.csv").write_text(
        "事项编码,特别程序种类,是否计算在法定办结时限内,所需时限,所需时限单位\n01,专家评审,否,30,工作日\n01,公示,是,,\n",
        "utf-8",
    )
    catalogue = read_catalogue(tmp_path)
    steps = catalogue.steps_of("01")
    assert steps["name"].tolist() == ["收件", "审查"], "in the order of their numbers"
    assert steps["stage"].tolist() == ["apply", "review"]
    assert steps["performed_by"].tolist() == ["applicant", "office"]
    assert steps["needs_visit"].tolist() == [True, False]
    assert catalogue.counts_in_clock("01", "expert_review") is False
    assert catalogue.counts_in_clock("01", "专家评审") is False
    assert catalogue.counts_in_clock("01", "公告") is True, "公告 and 公示 are one kind"
    assert catalogue.counts_in_clock("01", "听证") is None
    assert catalogue.counts_in_clock("99", "听证") is None
    assert catalogue.steps_of("01").index.tolist() == [1, 0]
    with pytest.raises(InputError, match="'02'"):
        catalogue.steps_of("02")


def test_headers_that_could_be_two_columns_are_asked(tmp_path):
    csv(
        tmp_path,
        items="事项编码,事项名称,办结时限\n01,排水许可,20\n",
        materials="canonical_id,name,别名,其他名称\nM,执照,a,b\n",
    )
    with pytest.raises(CatalogueError) as caught:
        read_catalogue(tmp_path)
    text = "\n".join(caught.value.problems["problem"])
    assert 'statutory_days = "办结时限"; promised_days = "办结时限"' in text
    assert 'aliases = "别名"; aliases = "其他名称"' in text
    (tmp_path / "catalogue.toml").write_text(
        '[columns.items]\npromised_days = "办结时限"\n[columns.materials]\naliases = "别名"\n[codes]\npromised_unit = ""\n',
        "utf-8",
    )
    catalogue = read_catalogue(tmp_path)
    assert catalogue.items["promised_days"].tolist() == [20]
    assert catalogue.materials["其他名称"].tolist() == ["b"]


def test_two_files_for_one_table_are_asked(tmp_path):
    csv(tmp_path, items=ITEMS, 事项=ITEMS)
    with pytest.raises(CatalogueError, match="and so is"):
        read_catalogue(tmp_path)
    (tmp_path / "catalogue.toml").write_text('[tables]\nitems = "事项"\n', "utf-8")
    assert read_catalogue(tmp_path).origins["items"].file == "事项.csv"


@pytest.mark.parametrize(
    "text",
    [
        "[colums]\nx = 1\n",
        '[columns.item]\nname = "x"\n',
        '[columns.items]\nnames = "x"\n',
        '[codes]\nnecessity = "national.necesity"\n',
        '[codes]\nfoo = "x"\n',
    ],
)
def test_answers_that_name_nothing_are_refused(tmp_path, text):
    csv(tmp_path, items=ITEMS)
    (tmp_path / "catalogue.toml").write_text(text, "utf-8")
    with pytest.raises(InputError, match=r"catalogue\.toml"):
        read_catalogue(tmp_path)


def test_codes_that_two_systems_use_differently_are_asked(tmp_path):
    csv(
        tmp_path,
        items=ITEMS,
        item_materials="item_code,canonical_id,name,necessity,source,form\n01,A,执照,1,10,1\n01,B,图,2,20,2\n02,C,表,9,99,2\n",
    )
    with pytest.raises(CatalogueError) as caught:
        read_catalogue(tmp_path)
    assert told(caught.value) >= {("item_materials.csv", 3, "form", "fatal")}, "where they first differ"
    asked = caught.value.problems["problem"].str.cat()
    assert '"item_materials.form" = "national.form"; "item_materials.form" = "system_a.form"' in asked, (
        "as TOML wants it"
    )
    assert ("item_materials.csv", 2, "source", "fatal") not in told(caught.value), "10, 20, 99 is one list only"
    (tmp_path / "catalogue.toml").write_text(
        '[codes]\n"item_materials.form" = "national.form"\nnecessity = { "1" = "必要", "2" = "optional", "9" = "conditional" }\n',
        "utf-8",
    )
    catalogue = read_catalogue(tmp_path)
    materials = catalogue.item_materials
    assert materials["necessity"].tolist() == ["required", "optional", "conditional"]
    assert materials["form"].tolist() == ["纸质", "电子化", "电子化"]
    assert materials["form_raw"].tolist() == ["1", "2", "2"]
    assert materials["source_raw"].tolist() == ["10", "20", "99"]
    assert materials["source"].tolist()[:2] == ["applicant", "issuer"]
    assert pd.isna(materials["source"][2]), "其他 says not who supplies it"


@pytest.mark.parametrize(
    ("column", "codes"),
    [
        ("necessity", ["0", "1"]), ("necessity", ["1", "2", "3"]), ("item_materials.form", ["1", "3"]), ("apply_channels", ["1", "3"]),
        ("item_type", ["01", "20"]), ("promised_unit", ["1"]), ("depth_raw", ["1", "2"]), ("kind", ["1"]), ("source", ["1"]),
    ],
)  # fmt: skip
def test_every_conflict_of_the_shipped_lists_is_asked(column, codes):
    if column == "source":
        assert read_codes(column, codes).applied == "system_a.source"
        return
    found = read_codes(column, codes)
    assert len(found.rivals) >= 2
    assert not found.applied
    for rival in found.rivals:
        assert read_codes(column, codes, rival.name).applied == rival.name


def test_shipped_lists_are_whole():
    for found in code_lists():
        assert found.codes, found.name
        assert found.source, found.name
        assert all(found.codes.values())
        if found.fully_online_when:
            assert {c for part in found.fully_online_when.split() for c in part.split("|")} <= set(found.codes)


@pytest.mark.parametrize(
    ("depth", "scheme", "online"),
    [
        ("3^4^5^6", "", True), ("1^2", "national", False), ("4^5", "national", False), ("Ⅳ", "", True), ("全程网办（Ⅳ级）", "", True),
        ("Ⅲ级", "", False), ("1", "province_a", True), ("4", "province_a", False), ("2", "system_b", True), ("在线预审", "", False),
    ],
)  # fmt: skip
def test_depth_tells_whether_an_item_is_fully_online(tmp_path, depth, scheme, online):
    rows = f"item_code,name,depth_raw,depth_scheme\n01,甲,{depth},{scheme}\n"
    if depth == "Ⅳ":
        rows = rows.replace(",depth_scheme", "").replace(",\n", "\n").replace("Ⅳ", "Ⅳ级")
    catalogue = read_catalogue(csv(tmp_path, items=rows))
    assert catalogue.items["fully_online"].tolist() == [online]
    assert catalogue.items["depth_raw"].tolist()[0].startswith(depth)


def test_a_bare_depth_is_asked_and_what_is_given_is_kept(tmp_path):
    csv(tmp_path, items="item_code,name,depth_raw,fully_online\n01,甲,1,\n02,乙,2,是\n")
    with pytest.raises(CatalogueError, match="全程网办"):
        read_catalogue(tmp_path)
    (tmp_path / "catalogue.toml").write_text('[codes]\ndepth_raw = "depth.province_a"\n', "utf-8")
    catalogue = read_catalogue(tmp_path)
    assert catalogue.items["fully_online"].tolist() == [True, True]
    assert catalogue.items["depth_scheme"].tolist() == ["province_a", "province_a"]
    assert told(catalogue) == {("items.csv", 3, "fully_online", "doubtful")}


def test_limits_that_cannot_be_used_are_told_and_withheld(tmp_path):
    csv(
        tmp_path,
        items="item_code,name,promised_days,promised_unit,statutory_days,statutory_unit\n"
        "01,甲,10,,20,日\n02,乙,1.5,工作日,1,月\n03,丙,即办,,2,周\n04,丁,5个工作日,自然日,,\n05,戊,30,分钟,48,小时\n06,己,,,1,年\n",
    )
    catalogue = read_catalogue(tmp_path)
    assert told(catalogue) == {
        ("items.csv", 2, "promised_days", "doubtful"),
        ("items.csv", 2, "statutory_unit", "doubtful"),
        ("items.csv", 3, "promised_days", "doubtful"),
        ("items.csv", 5, "promised_days", "doubtful"),
        ("items.csv", 6, "promised_days", "doubtful"),
    }
    limits = {
        (code, which): catalogue.limit(code, which)
        for code in catalogue.item_codes
        for which in ("promised", "statutory")
    }
    assert {key: (limit.amount, limit.unit) for key, limit in limits.items() if limit is not None} == {
        ("02", "statutory"): (1, "months"),
        ("03", "promised"): (0, "working_days"),
        ("03", "statutory"): (14, "days"),
        ("05", "statutory"): (48, "hours"),
        ("06", "statutory"): (12, "months"),
    }
    with pytest.raises(InputError, match="'99'"):
        catalogue.limit("99", "promised")


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ("-1,,,", "promised_days"),
        ("3份,,,", "promised_days"),
        (",多次,,", "visits_min"),
        (",,也许,", "supports_express"),
        (",,,2024-13-01", "valid_from"),
        (",,,明年", "valid_from"),
    ],
)
def test_cells_that_are_not_what_their_column_holds(tmp_path, cells, column):
    csv(tmp_path, items=f"item_code,name,promised_days,visits_min,supports_express,valid_from\n01,甲,{cells}\n")
    with pytest.raises(CatalogueError) as caught:
        read_catalogue(tmp_path)
    assert told(caught.value) == {("items.csv", 2, column, "fatal")}


def test_tables_out_of_shape_are_told_with_their_row(tmp_path):
    csv(tmp_path, items="item_code,name,name,\n01,甲,乙,丙\n", orgs="department,office\n城管局,一科,余下\n")
    with pytest.raises(CatalogueError) as caught:
        read_catalogue(tmp_path)
    assert told(caught.value) == {
        ("items.csv", 1, "name", "fatal"), ("items.csv", 2, "", "fatal"), ("orgs.csv", 2, "", "fatal"),
    }  # fmt: skip


def test_rows_are_numbered_as_a_spreadsheet_shows_them(tmp_path):
    csv(tmp_path, items='item_code,name,conditions\n01,甲,"第一条\n第二条"\n,,\n01,再一次,\n')
    with pytest.raises(CatalogueError) as caught:
        read_catalogue(tmp_path)
    assert told(caught.value) == {("items.csv", 4, "item_code", "fatal")}


def test_names_find_their_canonical_material_or_are_asked(tmp_path):
    csv(
        tmp_path,
        items=ITEMS,
        materials="canonical_id,name,aliases\nM1,营业执照,工商营业执照|企业法人营业执照\nM2,平面布局图,布局图\nM3,方位图,布局图\n",
        item_materials="item_code,name\n01,企业法人营业执照（副本）复印件\n01,排水方案\n",
    )
    catalogue = read_catalogue(tmp_path)
    assert catalogue.item_materials["canonical_id"].tolist() == ["M1", "排水方案"]
    assert told(catalogue) == {
        ("item_materials.csv", 3, "name", "doubtful"),
        ("item_materials.csv", 2, "canonical_id", "note"),
    }
    (tmp_path / "item_materials.csv").write_text("item_code,name\n01,布局图\n", "utf-8")
    with pytest.raises(CatalogueError, match="M2, M3"):
        read_catalogue(tmp_path)


def test_the_template_is_read_back(tmp_path):
    path = write_template(tmp_path / "目录.xlsx")
    catalogue = read_catalogue(path)
    for name, model in TABLES.items():
        assert list(getattr(catalogue, name)) == [c.name for c in model.columns()], name
        assert getattr(catalogue, name).empty
    with pytest.raises(InputError, match="exists"):
        write_template(path)
    with pytest.raises(InputError, match="xlsx"):
        write_template(tmp_path / "a.csv")


def test_an_item_as_a_whole(tmp_path):
    catalogue = read_catalogue(
        csv(tmp_path, items="事项编码,事项名称,是否支持物流快递,备注\n01,排水许可,是,另行通知\n")
    )
    item = catalogue.item("01")
    assert (item.name, item.supports_express, item.fee) == ("排水许可", True, None)
    assert item.model_extra == {"备注": "另行通知"}
    with pytest.raises(InputError, match="'02'"):
        catalogue.item("02")


def test_headers_name_one_column_each():
    """No header of a best tier is wanted by two columns of one table; else reading would depend on their order."""
    from flowaudit.catalogue.text import fold

    for name, model in TABLES.items():
        best = [fold(h) for c in model.columns() for h in (c.name, *c.tiers[0])]
        assert len(best) == len(set(best)), (name, sorted({h for h in best if best.count(h) > 1}))
