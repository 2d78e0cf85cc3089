"""Write a plan as one page that needs nothing else: no script, no font, no address to call."""

from __future__ import annotations

import html
from pathlib import Path
from typing import TYPE_CHECKING

from flowaudit.documents.content import Block, Figure, Heading, Paragraph, Section, Table
from flowaudit.messages import Language
from flowaudit.messages import translate as _
from flowaudit.views import write_bytes

if TYPE_CHECKING:
    from flowaudit.documents.plan import Plan

CSP = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"

CSS = """
:root { --ink: #1a1a1a; --muted: #5b6570; --line: #b8c0c8; --band: #eef1f4; }
* { box-sizing: border-box; }
body { margin: 0; color: var(--ink); background: #f3f4f6; line-height: 1.75;
  font-family: "FangSong_GB2312", "FangSong", "STFangsong", "Noto Serif CJK SC", "Source Han Serif SC", "Noto Serif SC", serif; }
main { max-width: 960px; margin: 0 auto; padding: 40px 56px 80px; background: #fff; }
h1, h2, .cap, th, nav { font-family: "SimHei", "Microsoft YaHei", "PingFang SC", "Noto Sans CJK SC", "Noto Sans SC", sans-serif; font-weight: 600; }
h1 { font-size: 26px; text-align: center; line-height: 1.5; margin: 24px 0 28px; text-wrap: balance; }
h2 { font-size: 20px; margin: 44px 0 12px; border-bottom: 1px solid var(--line); padding-bottom: 4px; }
h3 { font-size: 18px; margin: 26px 0 8px; font-family: "KaiTi_GB2312", "KaiTi", "STKaiti", "Noto Serif CJK SC", serif; }
h4 { font-size: 16px; margin: 18px 0 4px; }
p { margin: 6px 0; text-indent: 2em; font-size: 16px; }
p.warning { color: #c00000; }
p.note, .draft { text-indent: 0; font-size: 13px; color: var(--muted); line-height: 1.55; }
.draft { font-size: 16px; color: var(--ink); }
b { font-weight: 600; }
nav { font-size: 14px; background: var(--band); padding: 12px 18px; columns: 2; font-weight: 400; }
nav a { color: inherit; text-decoration: none; display: block; }
nav a:hover { text-decoration: underline; }
.cap { text-align: center; font-size: 14px; margin: 18px 0 6px; text-indent: 0; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; line-height: 1.5; }
th, td { border: 1px solid var(--line); padding: 4px 7px; vertical-align: top; overflow-wrap: anywhere; text-align: left; }
th { background: var(--band); text-align: center; }
td.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
figure { margin: 18px 0; text-align: center; }
figure svg { max-width: 100%; height: auto; }
section.part-open > h2::after { content: attr(data-open); float: right; font-size: 13px; color: #8a5a2f; font-weight: 400; }
@media (max-width: 700px) { main { padding: 20px; } nav { columns: 1; } }
@media print { body { background: #fff; } main { max-width: none; padding: 0; } nav { display: none; }
  h2, h3, h4, .cap { break-after: avoid; } tr, figure { break-inside: avoid; } thead { display: table-header-group; }
  section.annex { break-before: page; } @page { size: A4; margin: 37mm 26mm 35mm 28mm; } }
"""


def write_html(plan: Plan, target: Path) -> Path:
    """Write the plan to an .html file, at once or not at all."""
    return write_bytes(target, to_html(plan).encode())


def to_html(plan: Plan) -> str:
    """Return the whole page."""
    lang = plan.lang
    everything = (*plan.sections, *plan.annexes)
    links = "".join(f'<a href="#{s.key}">{_e(s.heading)}</a>' for s in everything)
    info = "".join(f"<tr><th>{_e(k)}</th><td>{_e(v)}</td></tr>" for k, v in plan.info)
    parts = [
        "<!DOCTYPE html>",
        f'<html lang="{"zh-CN" if lang == "zh" else "en"}"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{CSP}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<meta name="generator" content="flowaudit"><title>{_e(plan.title)}</title><style>{CSS}</style></head><body><main>',
        f'<p class="draft">{_e(_("Draft for review", lang=lang))}</p>',
        f"<h1>{_e(plan.title)}</h1>",
        f'<div class="wide"><table>{info}</table></div>',
        f"<nav>{links}</nav>",
        *(_section(s, lang, annex=False) for s in plan.sections),
        *(_section(s, lang, annex=True) for s in plan.annexes),
        "</main></body></html>\n",
    ]
    return "\n".join(parts)


def _e(text: str) -> str:
    return html.escape(text, quote=True)


def _section(section: Section, lang: Language, *, annex: bool) -> str:
    names = " ".join(n for n, on in (("annex", annex), ("part-open", section.mandatory and not section.done)) if on)
    css = f' class="{names}"' if names else ""
    words = _("still to be filled in", lang=lang)
    open_ = f' data-open="{_e(words)}"'
    body = "\n".join(_block(b, lang) for b in section.blocks)
    return f'<section id="{section.key}"{css}><h2{open_}>{_e(section.heading)}</h2>\n{body}\n</section>'


def _block(block: Block, lang: Language) -> str:
    if isinstance(block, Heading):
        return f"<h{block.level + 1}>{_e(block.text)}</h{block.level + 1}>"
    if isinstance(block, Paragraph):
        lead = f"<b>{_e(block.lead)}</b>" if block.lead else ""
        css = "" if block.kind == "body" else f' class="{block.kind}"'
        return f"<p{css}>{lead}{_e(block.text)}</p>"
    if isinstance(block, Table):
        return _table(block, lang)
    return _figure(block, lang)


def _notes(notes: tuple[str, ...], lang: Language) -> str:
    return "".join(f'<p class="note">{_e(_("Note: ", lang=lang) + n)}</p>' for n in notes)


def _table(block: Table, lang: Language) -> str:
    widths = ""
    if block.widths:
        total = sum(block.widths)
        widths = (
            "<colgroup>" + "".join(f'<col style="width:{100 * w / total:.1f}%">' for w in block.widths) + "</colgroup>"
        )
    head = "".join(f"<th>{_e(h)}</th>" for h in block.head)
    opened = ['<td class="n">' if c in block.numeric else "<td>" for c in range(len(block.head))]
    rows = "".join(
        "<tr>" + "".join(f"{td}{_e(cell)}</td>" for td, cell in zip(opened, row, strict=True)) + "</tr>"
        for row in block.rows
    )
    return (
        f'<p class="cap">{_e(block.caption(lang))}</p><div class="wide"><table>{widths}<thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>{_notes(block.notes, lang)}"
    )


def _figure(block: Figure, lang: Language) -> str:
    # inline SVG needs no namespace in HTML, and without it the page holds no address at all
    svg = block.picture.svg.replace(' xmlns="http://www.w3.org/2000/svg"', "", 1)
    return f'<figure>{svg}<p class="cap">{_e(block.caption(lang))}</p></figure>{_notes(block.notes, lang)}'
