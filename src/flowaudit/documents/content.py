"""What a document says, before it has a form: Word and HTML are written from the same blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from flowaudit.messages import Language
from flowaudit.messages import translate as _
from flowaudit.views import Picture


@dataclass(frozen=True)
class Heading:
    """A heading below a part's own: level 2 "（一）", 3 "1.", 4 "（1）"; the number is part of the text."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Paragraph:
    """Running text; ``note`` is smaller, ``warning`` is red, ``lead`` is a bold beginning ("表现：")."""

    text: str
    kind: Literal["body", "note", "warning"] = "body"
    lead: str = ""


@dataclass(frozen=True)
class Table:
    """A table with its title above and its counting rules below.

    Attributes
    ----------
    title : str
        Without its number.
    head : tuple of str
    rows : tuple of tuple of str
    notes : tuple of str
    widths : tuple of float
        Relative; empty: all alike.
    numeric : frozenset of int
        Columns set flush right.
    """

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
    widths: tuple[float, ...] = ()
    numeric: frozenset[int] = frozenset()
    number: int = 0

    def caption(self, lang: Language) -> str:
        return _("Table {n}  {title}", lang=lang, n=self.number, title=self.title)


@dataclass(frozen=True)
class Figure:
    """A picture with its caption and its notes below."""

    picture: Picture
    title: str
    notes: tuple[str, ...] = ()
    number: int = 0

    def caption(self, lang: Language) -> str:
        return _("Figure {n}  {title}", lang=lang, n=self.number, title=self.title)


Block = Heading | Paragraph | Table | Figure


@dataclass(frozen=True)
class Section:
    """One part of a document.

    Attributes
    ----------
    key : str
    heading : str
        With its number, as it is printed.
    blocks : tuple of Block
    mandatory : bool
        One of the eight parts the guidance demands.
    to_fill : int
        Cells and sentences people still have to write.
    """

    key: str
    heading: str
    blocks: tuple[Block, ...] = field(repr=False)
    mandatory: bool = False
    to_fill: int = 0

    @property
    def done(self) -> bool:
        return bool(self.blocks) and self.to_fill == 0


def table(
    title: str,
    head: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    notes: Sequence[str] = (),
    widths: Sequence[float] = (),
    numeric: Sequence[int] = (),
) -> Table:
    """Return a table whose cells are text."""
    cells = tuple(tuple("" if cell is None else str(cell) for cell in row) for row in rows)
    return Table(title, tuple(head), cells, tuple(notes), tuple(widths), frozenset(numeric))


def figure(picture: Picture, title: str) -> Figure:
    """Return a figure with the picture's own notes."""
    return Figure(picture, title, picture.notes)


def numbered(sections: Sequence[Section]) -> tuple[Section, ...]:
    """Number tables and figures through the whole document."""
    tables = figures = 0
    out = []
    for section in sections:
        blocks: list[Block] = []
        for block in section.blocks:
            if isinstance(block, Table):
                tables += 1
                block = replace(block, number=tables)
            elif isinstance(block, Figure):
                figures += 1
                block = replace(block, number=figures)
            blocks.append(block)
        out.append(replace(section, blocks=tuple(blocks)))
    return tuple(out)


def texts(sections: Sequence[Section]) -> Iterator[str]:
    """Yield every text of a document, for searching."""
    for section in sections:
        yield section.heading
        for block in section.blocks:
            if isinstance(block, Heading):
                yield block.text
            elif isinstance(block, Paragraph):
                yield block.lead + block.text
            elif isinstance(block, Table):
                yield block.title
                yield from block.head
                for row in block.rows:
                    yield from row
                yield from block.notes
            else:
                yield block.title
                yield from block.notes
