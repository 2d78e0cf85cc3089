"""The plan: eight parts, honest about what is missing, every number from the study, nothing that runs or loads."""

import re
import zipfile
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from lxml import etree

from flowaudit.documents import Table, plan
from flowaudit.documents.content import texts
from flowaudit.documents.docx import balanced
from flowaudit.errors import InputError, UsageError
from flowaudit.metrics import METRICS, Figure
from flowaudit.study import Duties, Duty, ScheduleRow

EIGHT = ("优化前流程", "存在问题", "改革举措", "优化后流程", "预计改革成效", "责任分工", "实施步骤", "进度安排")
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


@pytest.fixture(scope="module")
def zh(small_study):
    return plan(small_study, "zh")


@pytest.fixture(scope="module")
def package(zh, tmp_path_factory):
    path = zh.save(tmp_path_factory.mktemp("plan") / "plan.docx")
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def page(zh, tmp_path_factory):
    return zh.save(tmp_path_factory.mktemp("plan") / "plan.html").read_text(encoding="utf-8")


def xml(package, name):
    return etree.fromstring(package[name])


def paragraphs(body, style):
    """Texts of the paragraphs of a style, in order."""
    out = []
    for p in body.iter(W + "p"):
        found = p.find(f"{W}pPr/{W}pStyle")
        if found is not None and found.get(W + "val") == style:
            out.append("".join(t.text or "" for t in p.iter(W + "t")))
    return out


def test_the_eight_parts_stand_in_their_order(zh):
    mandatory = [s.heading.split("、")[1] for s in zh.sections if s.mandatory]
    assert mandatory == list(EIGHT)
    assert all(s.blocks for s in zh.sections)
    assert zh.title == "关于“开办餐饮店”一件事业务流程优化再造的工作方案（送审稿）"


def test_a_plan_with_open_cells_is_not_complete_and_says_where(zh, small_study):
    assert not zh.complete
    assert zh.missing == ("八、责任分工", "十、进度安排")
    duty = Duty(task="合并环节", unit="市场监管局", person="审批科", deadline="2025-06-30", deliverable="规程")
    row = ScheduleRow(stage="试运行", start="2025-05-01", end="2025-06-30", content="窗口试点")
    filled = plan(replace(small_study, duties=Duties(duties=(duty,), schedule=(row,))), "zh")
    assert filled.complete
    assert filled.missing == ()
    half = plan(
        replace(small_study, duties=Duties(duties=(duty.model_copy(update={"person": ""}),), schedule=(row,))), "zh"
    )
    assert half.missing == ("八、责任分工",)


def test_unit_cost_and_date_of_a_measure_stand_where_duties_are_listed(small_study):
    given = small_study.scenario.terms(owner="审批局", cost_yuan=20_000, start="2027-01-01")
    told = plan(replace(small_study, scenario=given), "en")
    said = list(texts(told.sections))
    assert any("unit in charge 审批局; cost 20,000 yuan; in force from 2027-01-01." in t for t in said)
    assert any("20,000 yuan in all" in t for t in said)
    duties = next(b for s in told.sections for b in s.blocks if isinstance(b, Table) and b.title == "Duties")
    assert duties.rows[0][1:] == ("审批局", "(to be filled in)", "in force from 2027-01-01", "(to be filled in)")
    bare = list(texts(plan(small_study, "en").sections))
    assert not any("As the scenario file states" in t for t in bare)
    assert any("this plan states no amount" in t for t in bare)


def test_without_measures_the_parts_that_need_them_are_open(small_study):
    bare = replace(
        small_study,
        scenario=type(small_study.scenario)("无"),
        after=None,
        to_be=None,
        redesigned=None,
        attribution=None,
    )
    assert plan(bare, "zh").missing == (
        "五、改革举措",
        "六、优化后流程",
        "七、预计改革成效",
        "八、责任分工",
        "十、进度安排",
    )


def test_the_numbers_of_the_comparison_are_those_of_the_study(zh, small_study):
    effects = next(s for s in zh.sections if s.key == "effects")
    table = next(b for b in effects.blocks if isinstance(b, Table))
    assert len(table.rows) == len(METRICS)
    for metric, row in zip(METRICS, table.rows, strict=True):
        found = small_study.verdict.comparison(metric)
        if found is None:
            assert row[5:7] == ("未记录", "未记录")
            continue
        assert row[5:7] == (f"{found.before.value:,.1f}", f"{found.after.value:,.1f}")
        assert row[7].startswith(f"{round(-found.difference, 1) + 0.0:,.1f}") or row[7].startswith("增加")
        assert any(found.after.rule.text("zh") in note for note in table.notes), "no number without its rule"
    assert isinstance(small_study.observed.steps, Figure)


def test_what_is_not_recorded_is_never_zero(zh):
    before = next(s for s in zh.sections if s.key == "before")
    words = list(texts([before]))
    assert any("未记录" in w and "到现场" in w for w in words)
    assert not any(re.search(r"跑动次数.{0,8}0(\.0)?次", w) for w in words)


def test_no_zero_is_negative(zh):
    assert not [w for w in texts([*zh.sections, *zh.annexes]) if re.search(r"(?<![\d.])-0\.0+(?!\d)", w)]


def test_no_target_is_invented(zh):
    assert any("指导意见未设定百分比目标，本方案不虚设" in w for w in texts(zh.sections))


def test_small_counts_do_not_leave_the_office(zh):
    table = next(
        b for s in zh.sections if s.key == "before" for b in s.blocks if isinstance(b, Table) and "环节表" in b.title
    )
    row = next(r for r in table.rows if r[0] == "罕见环节")
    assert row[3:5] == ("<10", "<10")


def test_every_table_and_figure_has_its_number_once(zh):
    blocks = [b for s in (*zh.sections, *zh.annexes) for b in s.blocks]
    for kind in ("Table", "Figure"):
        numbers = [b.number for b in blocks if type(b).__name__ == kind]
        assert numbers == list(range(1, len(numbers) + 1))


def test_provenance_names_the_input_and_the_versions(zh):
    words = " ".join(texts(zh.annexes))
    assert "ab" * 32 in words
    assert "pandas" in words
    assert "weekdays" in words


def test_english_has_the_same_structure(small_study, zh):
    en = plan(small_study, "en")
    assert [s.key for s in en.sections] == [s.key for s in zh.sections]
    assert [type(b) for s in en.sections for b in s.blocks] == [type(b) for s in zh.sections for b in s.blocks]
    assert en.sections[2].heading == "3. Flow before the reform"


def test_word_page_is_that_of_the_standard(package):
    section = xml(package, "word/document.xml").find(f".//{W}sectPr")
    size, margin, grid = (section.find(W + n) for n in ("pgSz", "pgMar", "docGrid"))
    assert (size.get(W + "w"), size.get(W + "h")) == ("11906", "16838")
    assert [margin.get(W + n) for n in ("top", "bottom", "left", "right")] == ["2098", "1984", "1587", "1474"]
    assert grid.get(W + "linePitch") == "580"
    assert xml(package, "word/settings.xml").find(W + "evenAndOddHeaders") is not None


def test_word_styles_name_the_official_fonts(package):
    styles = xml(package, "word/styles.xml")
    fonts = {}
    for style in styles.iter(W + "style"):
        found = style.find(f"{W}rPr/{W}rFonts")
        if found is not None:
            fonts[style.find(W + "name").get(W + "val").casefold()] = found
    wanted = {
        "title": "方正小标宋简体",
        "heading 1": "黑体",
        "heading 2": "楷体_GB2312",
        "body text": "仿宋_GB2312",
        "normal": "仿宋_GB2312",
    }
    for name, font in wanted.items():
        assert fonts[name].get(W + "eastAsia") == font
        assert not [a for a in fonts[name].attrib if "Theme" in a], "a theme font would win over the named one"


def test_word_headings_come_in_order_and_the_text_is_plain(package, zh):
    body = xml(package, "word/document.xml")
    assert paragraphs(body, "Heading1") == [s.heading for s in zh.sections]
    assert paragraphs(body, "Annex") == [s.heading for s in zh.annexes]
    assert "<script>alert('x')</script>" in "".join(t.text or "" for t in body.iter(W + "t"))


def test_word_page_numbers_and_repeated_heads(package):
    footers = [xml(package, n) for n in package if re.match(r"word/footer\d+\.xml", n)]
    words = ["".join(t.text or "" for t in f.iter(W + "t", W + "instrText")) for f in footers]
    assert sorted(words) == ["—  PAGE  —"] * 2
    tables = list(xml(package, "word/document.xml").iter(W + "tbl"))
    assert len(tables) > 5
    assert all(t.find(f"{W}tr/{W}trPr/{W}tblHeader") is not None for t in tables)


def test_the_same_study_gives_the_same_bytes(zh, tmp_path):
    assert zh.save(tmp_path / "a.docx").read_bytes() == zh.save(tmp_path / "b.docx").read_bytes()


class Reader(HTMLParser):
    """Collects tags, addresses and text of a page."""

    def __init__(self):
        super().__init__()
        self.tags, self.addresses, self.words = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [
            v for k, v in attrs if k in ("src", "href", "xlink:href", "action", "data") or k.startswith("on")
        ]

    def handle_data(self, data):
        self.words.append(data)


def test_the_page_is_alone_and_nothing_in_it_runs(page):
    reader = Reader()
    reader.feed(page)
    assert not {"script", "iframe", "object", "link", "img"} & set(reader.tags)
    assert all(a.startswith("#") for a in reader.addresses)
    assert "://" not in page
    assert "url(" not in page
    assert "Content-Security-Policy" in page
    assert "default-src 'none'" in page
    assert "<script>alert('x')</script>" in "".join(reader.words), "the label is shown as it is, as text"


def test_word_and_page_say_the_same(package, page, zh):
    body = xml(package, "word/document.xml")
    written = "".join(t.text or "" for t in body.iter(W + "t"))
    reader = Reader()
    reader.feed(page)
    shown = "".join(reader.words)
    for text in texts((*zh.sections, *zh.annexes)):
        assert text in written
        assert text in shown


def test_other_suffixes_and_places_are_refused(zh, tmp_path):
    with pytest.raises(UsageError):
        zh.save(tmp_path / "plan.pdf")
    with pytest.raises(InputError):
        zh.save(tmp_path / "absent" / "plan.html")
    assert list(tmp_path.iterdir()) == []


def test_titles_break_where_people_would_break_them():
    assert balanced("关于“身后”一件事业务流程优化再造的工作方案（送审稿）", 19)[-1] == "（送审稿）"
    assert balanced("短标题", 19) == ["短标题"]
    long = "关于" + "甲" * 60
    assert "".join(balanced(long, 19)) == long
    assert max(map(len, balanced(long, 19))) <= 19
