"""Write a plan as Word, after GB/T 9704-2012: page, grid, type, numbering of pages. No red head, no number, no seal."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowaudit.documents.content import Block, Figure, Heading, Paragraph, Section, Table
from flowaudit.messages import Language
from flowaudit.messages import translate as _
from flowaudit.views import write_bytes

if TYPE_CHECKING:
    from docx.document import Document

    from flowaudit.documents.plan import Plan

PAGE_TWIPS = (11906, 16838)
MARGIN_TWIPS = {"top": 2098, "bottom": 1984, "left": 1587, "right": 1474}
LINE_PITCH, TIGHTER_TWIPS = 580, -4
"""22 lines and 28 characters of 16 pt on 225 x 156 mm: lines on a grid, characters 0.2 pt closer in the styles (a
character grid would also stretch the small type of tables)."""
TEXT_WIDTH_PT = (11906 - 1587 - 1474) / 20
FIGURE_HEIGHT_PT = 545.0
SMALLEST_SCALE = 0.66
WARNING = (0xC0, 0x00, 0x00)
"""Colour of what must not be overlooked."""

TITLE_FONT, HEAD_FONT, KAI_FONT, BODY_FONT = "方正小标宋简体", "黑体", "楷体_GB2312", "仿宋_GB2312"
LATIN_FONT, PAGE_NUMBER_FONT = "Times New Roman", "宋体"


def write_docx(plan: Plan, target: Path) -> Path:
    """Write the plan to a .docx file, at once or not at all."""
    import docx

    document = docx.Document()
    _styles(document)
    _page(document)
    _first_page(document, plan)
    for section in plan.sections:
        _section(document, section, plan.lang)
    names = [s.heading for s in plan.annexes]
    _annex_note(document, names, plan.lang)
    for section in plan.annexes:
        document.add_paragraph(section.heading, style="Annex")
        _blocks(document, section.blocks, plan.lang)
    properties = document.core_properties
    properties.title, properties.author, properties.comments = plan.title, "flowaudit", ""
    properties.last_modified_by = "flowaudit"
    buffer = io.BytesIO()
    document.save(buffer)
    return write_bytes(target, _undated(buffer.getvalue()))


def _undated(data: bytes) -> bytes:
    """Return the package with the time of day taken out of its directory: the same study gives the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            fresh = zipfile.ZipInfo(entry.filename, (1980, 1, 1, 0, 0, 0))
            fresh.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(fresh, old.read(entry.filename))
    return out.getvalue()


def _child(parent: Any, tag: str, **attributes: object) -> Any:
    """Return the child ``tag`` of an element, made anew where it is missing, with its attributes set."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    found = parent.find(qn(tag))
    if found is None:
        found = OxmlElement(tag)
        parent.append(found)
    for name, value in attributes.items():
        found.set(qn(f"w:{name}"), str(value))
    return found


def _set_fonts(style: Any, east_asian: str, size_pt: float) -> None:
    from docx.oxml.ns import qn
    from docx.shared import Pt, RGBColor

    style.font.name, style.font.size = LATIN_FONT, Pt(size_pt)
    style.font.bold = style.font.italic = False
    style.font.color.rgb = RGBColor(0, 0, 0)
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for name in list(fonts.attrib):
        if "Theme" in name:
            del fonts.attrib[name]
    for name in ("ascii", "hAnsi", "cs"):
        fonts.set(qn(f"w:{name}"), LATIN_FONT)
    fonts.set(qn("w:eastAsia"), east_asian)


def _styles(document: Document) -> None:
    from docx.enum.style import WD_STYLE_TYPE
    from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
    from docx.shared import Pt

    styles = document.styles
    rows: tuple[tuple[str, str, float, str, float | None], ...] = (
        # name, east-Asian font, size, alignment, first-line indent in characters
        ("Normal", BODY_FONT, 16, "both", None),
        ("Body Text", BODY_FONT, 16, "both", 2),
        ("Title", TITLE_FONT, 22, "center", None),
        ("Heading 1", HEAD_FONT, 16, "left", 2),
        ("Heading 2", KAI_FONT, 16, "left", 2),
        ("Heading 3", BODY_FONT, 16, "left", 2),
        ("Heading 4", BODY_FONT, 16, "left", 2),
        ("Caption", HEAD_FONT, 12, "center", None),
        ("Annex", HEAD_FONT, 16, "left", None),
        ("Table Text", BODY_FONT, 10.5, "left", None),
        ("Table Head", HEAD_FONT, 10.5, "center", None),
        ("Note", BODY_FONT, 10.5, "both", None),
        ("Picture", BODY_FONT, 10.5, "center", None),
        ("Draft Mark", HEAD_FONT, 16, "left", None),
    )  # fmt: skip
    align = {"both": WD_ALIGN_PARAGRAPH.JUSTIFY, "center": WD_ALIGN_PARAGRAPH.CENTER, "left": WD_ALIGN_PARAGRAPH.LEFT}
    existing = {s.name for s in styles}
    for name, font, size, where, indent in rows:
        style: Any = styles[name] if name in existing else styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        if name not in existing:
            style.base_style = styles["Normal"]
        _set_fonts(style, font, size)
        form = style.paragraph_format
        form.alignment = align[where]
        form.space_before = form.space_after = Pt(0)
        form.widow_control = True
        small = size < 16 or name == "Picture"
        form.line_spacing_rule = WD_LINE_SPACING.SINGLE if small else WD_LINE_SPACING.EXACTLY
        form.line_spacing = 1.0 if small else Pt(29)
        if small:
            # small type is set solid, not on the page's grid of 29 pt lines
            _child(style.element.get_or_add_pPr(), "w:snapToGrid", val=0)
        elif size == 16:
            _child(style.element.get_or_add_rPr(), "w:spacing", val=TIGHTER_TWIPS)
        if indent:
            _child(
                style.element.get_or_add_pPr(), "w:ind", firstLineChars=int(indent * 100), firstLine=int(indent * 320)
            )
        if name.startswith("Heading"):
            form.keep_with_next = True
    styles["Title"].paragraph_format.line_spacing = Pt(36)
    styles["Title"].paragraph_format.space_after = Pt(18)
    _plain_title(styles["Title"])
    for name, before, after in (("Caption", 6, 4), ("Note", 2, 2), ("Picture", 6, 0)):
        styles[name].paragraph_format.space_before = Pt(before)
        styles[name].paragraph_format.space_after = Pt(after)
    styles["Annex"].paragraph_format.page_break_before = True
    styles["Annex"].paragraph_format.keep_with_next = True
    styles["Picture"].paragraph_format.keep_with_next = True


def _plain_title(style: Any) -> None:
    """Take the template's line under the title away."""
    from docx.oxml.ns import qn

    properties = style.element.get_or_add_pPr()
    for border in properties.findall(qn("w:pBdr")):
        properties.remove(border)


def _page(document: Document) -> None:
    from docx.shared import Twips

    section = document.sections[0]
    section.page_width, section.page_height = Twips(PAGE_TWIPS[0]), Twips(PAGE_TWIPS[1])
    section.top_margin, section.bottom_margin = Twips(MARGIN_TWIPS["top"]), Twips(MARGIN_TWIPS["bottom"])
    section.left_margin, section.right_margin = Twips(MARGIN_TWIPS["left"]), Twips(MARGIN_TWIPS["right"])
    section.footer_distance = Twips(1984 - 400 - 560)
    _child(section._sectPr, "w:docGrid", type="lines", linePitch=LINE_PITCH)
    document.settings.odd_and_even_pages_header_footer = True
    _page_number(document, section.footer, "right")
    _page_number(document, section.even_page_footer, "left")


def _page_number(document: Document, footer: Any, side: str) -> None:
    """Write "— 1 —" in 14 pt Song, one character in from the outer edge."""
    from docx.enum.style import WD_STYLE_TYPE
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn
    from docx.shared import Pt

    footer.is_linked_to_previous = False
    style: Any = document.styles.add_style(f"Page Number {side.title()}", WD_STYLE_TYPE.PARAGRAPH)
    style.base_style = document.styles["Normal"]
    _set_fonts(style, PAGE_NUMBER_FONT, 14)
    for attribute in ("ascii", "hAnsi"):
        style.element.rPr.rFonts.set(qn(f"w:{attribute}"), PAGE_NUMBER_FONT)
    style.paragraph_format.alignment = WD_ALIGN_PARAGRAPH.RIGHT if side == "right" else WD_ALIGN_PARAGRAPH.LEFT
    style.paragraph_format.space_after = Pt(0)
    _child(style.element.get_or_add_pPr(), "w:ind", **{f"{side}Chars": 100, side: 280})
    paragraph = footer.paragraphs[0]
    paragraph.style = style
    paragraph.add_run("— ")
    run = paragraph.add_run()
    for kind in ("begin", None, "end"):
        if kind is None:
            code = OxmlElement("w:instrText")
            code.set(qn("xml:space"), "preserve")
            code.text = " PAGE "
            run._r.append(code)
        else:
            mark = OxmlElement("w:fldChar")
            mark.set(qn("w:fldCharType"), kind)
            run._r.append(mark)
    paragraph.add_run(" —")


def _first_page(document: Document, plan: Plan) -> None:
    from docx.enum.text import WD_BREAK

    document.add_paragraph(_("Draft for review", lang=plan.lang), style="Draft Mark")
    document.add_paragraph("", style="Normal")
    for line in balanced(plan.title, 19 if plan.lang == "zh" else 40):
        document.add_paragraph(line, style="Title").paragraph_format.space_after = None
    document.add_paragraph("", style="Normal")
    rows = tuple((name, value) for name, value in plan.info)
    head = (_("About this draft", lang=plan.lang), "")
    _grid(document, Table("", head, rows, widths=(3, 7)))
    closing = document.add_paragraph(style="Note")
    closing.add_run(
        _(
            "This page describes a draft made by a program. It is not part of the plan and is removed when the plan is filed.",
            lang=plan.lang,
        )
    )
    document.add_paragraph(style="Normal").add_run().add_break(WD_BREAK.PAGE)
    for line in balanced(plan.title, 19 if plan.lang == "zh" else 40):
        document.add_paragraph(line, style="Title").paragraph_format.space_after = None
    document.add_paragraph("", style="Normal")


def balanced(title: str, longest: int) -> list[str]:
    """Break a title into lines of about equal length; a bracket at the end gets a line of its own, words stay whole.

    Examples
    --------
    >>> balanced("关于“开办餐饮店”一件事业务流程优化再造的工作方案（送审稿）", 19)
    ['关于“开办餐饮店”一件事', '业务流程优化再造的工作方案', '（送审稿）']
    """
    if len(title) > longest and title.endswith("）"):
        cut = title.rindex("（")
        return [*balanced(title[:cut], longest), title[cut:]]
    cut = title.find("业务流程")
    if len(title) > longest and 0 < cut <= longest and len(title) - cut <= longest:
        return [title[:cut], title[cut:]]
    lines = -(-len(title) // longest)
    if lines < 2:
        return [title]
    each = -(-len(title) // lines)
    if " " not in title:
        return [title[i : i + each] for i in range(0, len(title), each)]
    out = [""]
    for word in title.split(" "):
        if out[-1] and len(out[-1]) + 1 + len(word) > each + 4:
            out.append(word)
        else:
            out[-1] = f"{out[-1]} {word}".strip()
    return out


def _section(document: Document, section: Section, lang: Language) -> None:
    document.add_paragraph(section.heading, style="Heading 1")
    _blocks(document, section.blocks, lang)


def _annex_note(document: Document, names: list[str], lang: Language) -> None:
    """One blank line, then the list of annexes, as the standard has it."""
    document.add_paragraph("", style="Normal")
    document.add_paragraph(_("Annexes:", lang=lang), style="Body Text")
    for name in names:
        document.add_paragraph(name, style="Body Text")


def _blocks(document: Document, blocks: tuple[Block, ...], lang: Language) -> None:
    from docx.shared import RGBColor

    for block in blocks:
        if isinstance(block, Heading):
            document.add_paragraph(block.text, style=f"Heading {block.level}")
        elif isinstance(block, Paragraph):
            paragraph = document.add_paragraph(style="Note" if block.kind == "note" else "Body Text")
            if block.lead:
                paragraph.add_run(_clean(block.lead)).bold = True
            text = paragraph.add_run(_clean(block.text))
            if block.kind == "warning":
                text.font.color.rgb = RGBColor(*WARNING)
        elif isinstance(block, Table):
            document.add_paragraph(_clean(block.caption(lang)), style="Caption").paragraph_format.keep_with_next = True
            _grid(document, block)
            for note in block.notes:
                document.add_paragraph(_clean(_("Note: ", lang=lang) + note), style="Note")
            if not block.notes:
                document.add_paragraph("", style="Note")
        else:
            _figure(document, block, lang)


def _clean(text: str) -> str:
    """Return text that XML can hold."""
    return "".join(c if c >= " " or c in "\n\t" else " " for c in text if c not in "\ufffe\uffff")


def _grid(document: Document, block: Table) -> None:
    from docx.enum.table import WD_TABLE_ALIGNMENT
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml.ns import qn
    from docx.shared import Twips

    columns = len(block.head)
    total = PAGE_TWIPS[0] - MARGIN_TWIPS["left"] - MARGIN_TWIPS["right"]
    relative = block.widths or (1.0,) * columns
    widths = [round(total * w / sum(relative)) for w in relative]
    grid = document.add_table(rows=1, cols=columns, style="Table Grid")
    grid.alignment = WD_TABLE_ALIGNMENT.CENTER
    grid.autofit = False
    properties = grid._tbl.tblPr
    _child(properties, "w:tblW", w=sum(widths), type="dxa")
    margins = _child(properties, "w:tblCellMar")
    for side in ("left", "right"):
        _child(margins, f"w:{side}", w=60, type="dxa")
    for column, width in zip(grid._tbl.tblGrid.findall(qn("w:gridCol")), widths, strict=True):
        column.set(qn("w:w"), str(width))
    for _row in block.rows:
        grid.add_row()
    dense = columns >= 7
    head_style, body_style = document.styles["Table Head"].style_id, document.styles["Table Text"].style_id
    for r, cells in enumerate((block.head, *block.rows)):
        row_xml = grid._tbl.tr_lst[r]
        row_properties = row_xml.get_or_add_trPr()
        _child(row_properties, "w:cantSplit")
        if r == 0:
            _child(row_properties, "w:tblHeader")
        for c, cell_xml in enumerate(row_xml.tc_lst):
            cell_xml.width = Twips(widths[c])
            paragraph = _paragraph(cell_xml, grid)
            paragraph._p.style = head_style if r == 0 else body_style
            run = paragraph.add_run(_clean(cells[c]))
            if dense:
                from docx.shared import Pt

                run.font.size = Pt(9)
            if r > 0 and c in block.numeric:
                paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    if block.head[-1] == "":
        first = grid.rows[0].cells
        first[0].merge(first[-1])


def _paragraph(cell_xml: Any, grid: Any) -> Any:
    # grid.cell(r, c) walks the whole table each time; long tables would take minutes
    from docx.table import _Cell

    return _Cell(cell_xml, grid).paragraphs[0]


def _figure(document: Document, block: Figure, lang: Language) -> None:
    from docx.shared import Pt

    widest = min(TEXT_WIDTH_PT / block.picture.width, 1.1)
    tallest = FIGURE_HEIGHT_PT / max(widest, SMALLEST_SCALE)
    pages = [block.picture]
    if block.picture.height * max(widest, SMALLEST_SCALE) > FIGURE_HEIGHT_PT * 1.15:
        pages = block.picture.pages(tallest)
    for i, picture in enumerate(pages):
        scale = min(widest, FIGURE_HEIGHT_PT / picture.height)
        paragraph = document.add_paragraph(style="Picture")
        png = picture.png(dpi=max(120, round(200 * min(scale, 1.0))))
        shape = paragraph.add_run().add_picture(io.BytesIO(png), width=Pt(picture.width * scale))
        described = shape._inline.docPr
        described.set("descr", _clean(block.title))
        described.set("title", _clean(block.title))
        caption = block.caption(lang)
        if i:
            caption += _(" (continued)", lang=lang)
        document.add_paragraph(_clean(caption), style="Caption")
    for note in block.notes:
        document.add_paragraph(_clean(_("Note: ", lang=lang) + note), style="Note")
