"""Write the sample data sets (合成数据, synthetic) into folders of tables.

    python sample_logs/generate.py                                       all of them, in place
    python sample_logs/generate.py NAME [--seed N] [--size N] [--out DIR]    one of them

NAME is one of restaurant, newborn, retirement, licence_export. The same seed writes the same bytes. What is in them is
simulated with SimPy (package ``restaurant_model``) or written day by day in plain Python (package ``bundle_model``),
never with flowaudit's own simulation, which is later tested on these tables.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import shutil
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bundle_model import births, newborn, pension, pensions
from bundle_model import guide as guides
from bundle_model.book import COLUMNS as BOOK_COLUMNS
from bundle_model.book import Book
from bundle_model.truth import as_text, per_bundle, realised, truth
from licence_export_model import write_export
from restaurant_model.bundle import cut, simulate
from restaurant_model.catalogue import catalogue_after_tables, catalogue_tables
from restaurant_model.tables import COLUMNS, Row, log_tables
from restaurant_model.truth import truth as restaurant_truth

HERE = Path(__file__).parent
COMPRESSED = ("events", "e2o", "material_instances")
"""Tables written as ``.csv.gz``: as plain text they alone would weigh twice what a data set may have."""


def restaurant(out: Path, seed: int, size: int, *, plain: bool = False) -> None:
    """Simulate and write all tables, the catalogues before and after, the truth and the README."""
    plans, everything = simulate(size, seed)
    records = cut(plans, everything)
    write_tables(out, log_tables(plans, records), COLUMNS, plain=plain)
    write_tables(out / "catalogue", catalogue_tables(), COLUMNS)
    write_tables(out / "catalogue_after", catalogue_after_tables(), COLUMNS)
    write_text(out / "truth.json", as_text(restaurant_truth(plans, records, seed)))
    shutil.copyfile(HERE / "restaurant_model" / "README.template.md", out / "README.md")


def newborns(out: Path, seed: int, size: int, *, plain: bool = False) -> None:
    """Write 出生一件事 before and after."""
    for name, book, noise in (
        ("before", births.before(size, seed), births.NOISE_BEFORE),
        ("after", births.after(size, seed), births.NOISE_AFTER),
    ):
        totals = {k: v for k, v in newborn.SOURCE.items() if k not in ("before", "after")} | {
            "totals": newborn.SOURCE[name]
        }
        write_book(out / name, book, seed, noise, plain=plain, sourced=totals)


def retirement(out: Path, seed: int, size: int, *, plain: bool = False) -> None:
    """Write 退休一件事 with the day on which carrying the result ends."""
    book = pensions.retirements(size, seed)
    tables = book.tables()
    measured = per_bundle(book, tables)
    pushed = {b.bundle_id for b in book.bundles if "pushed" in b.marks}
    chain = {
        "producer": "TX", "consumer": "GJ", "material": "TXSP", "pushed_from": f"{pensions.PUSHED_FROM:%Y-%m-%d}",
        "carried": realised(v for b, v in measured.items() if b not in pushed),
        "pushed": realised(v for b, v in measured.items() if b in pushed),
    }  # fmt: skip
    write_book(out, book, seed, pensions.NOISE, plain=plain, sourced=pension.SOURCE, produces_requires=chain)


def licence_export(out: Path, seed: int, size: int, *, plain: bool = False) -> None:
    """Write the export of one department as CSV and as workbook."""
    out.mkdir(parents=True, exist_ok=True)
    write_text(out / "truth.json", as_text(write_export(out, size, seed)))


@dataclass(frozen=True)
class Sample:
    """A data set: what writes it, and the seed and size it is shipped with."""

    write: Callable[..., None]
    seed: int
    size: int


SAMPLES = {
    "restaurant": Sample(restaurant, 20201, 1500),
    "newborn": Sample(newborns, 7, 300),
    "retirement": Sample(retirement, 40, 240),
    "licence_export": Sample(licence_export, 6, 165),
}
"""In this order: the export is made from the restaurants."""


def write_book(out: Path, book: Book, seed: int, noise: dict[str, float], *, plain: bool, **more: Any) -> None:
    """Write a log of the bundle model with its catalogue and truth."""
    tables = book.tables()
    write_tables(out, tables, BOOK_COLUMNS, plain=plain)
    write_tables(out / "catalogue", guides.catalogue_tables(book.guide), guides.COLUMNS)
    write_text(out / "truth.json", as_text(truth(book, tables, seed, noise, **more)))


def write_tables(
    out: Path,
    tables: dict[str, list[Row]] | dict[str, list[guides.Row]],
    columns: dict[str, str],
    *,
    plain: bool = False,
) -> None:
    """Write tables into a folder."""
    out.mkdir(parents=True, exist_ok=True)
    for name, rows in tables.items():
        compress = name in COMPRESSED and not plain
        write_table(out / f"{name}.csv", columns[name].split(), rows, compress=compress)


def write_table(path: Path, columns: list[str], rows: Iterable[Row], *, compress: bool) -> None:
    """Write one table; the other form of it that an earlier run may have left is removed."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(row[c]) for c in columns] for row in rows)
    content = text.getvalue().encode("utf-8")
    packed = path.with_name(path.name + ".gz")
    if compress:
        # No time and no name in the header: the same table gives the same bytes.
        packed.write_bytes(gzip.compress(content, 9, mtime=0))
        path.unlink(missing_ok=True)
    else:
        path.write_bytes(content)
        packed.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text with the same line ends everywhere."""
    path.write_text(text, encoding="utf-8", newline="\n")


def _cell(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value


def main(arguments: list[str] | None = None) -> int:
    """Read the command line and write the data sets."""
    parser = argparse.ArgumentParser(description="Write the synthetic sample data sets (合成数据).")
    parser.add_argument("name", nargs="?", choices=SAMPLES, help="only this one (default: all)")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--size", type=int, help="how many bundles (licence_export: cases)")
    parser.add_argument("--out", type=Path, help="folder to write into (default: its place in sample_logs)")
    parser.add_argument("--plain", action="store_true", help="write every table as plain .csv")
    given = parser.parse_args(arguments)
    if given.name is None and (given.seed, given.size, given.out) != (None, None, None):
        parser.error("--seed, --size and --out need a NAME")
    for name in [given.name] if given.name else SAMPLES:
        sample = SAMPLES[name]
        seed = sample.seed if given.seed is None else given.seed
        sample.write(given.out or HERE / name, seed, given.size or sample.size, plain=given.plain)
    return 0


if __name__ == "__main__":
    sys.exit(main())
