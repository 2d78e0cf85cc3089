"""Write the sample data set 开办餐饮店一件事 (合成数据, synthetic) into a folder of tables.

    python sample_logs/generate.py [--seed 20201] [--bundles 1500] [--out DIR] [--plain]

The same seed writes the same bytes. The city behind it is simulated with SimPy (package ``restaurant_model``), never
with flowaudit's own simulation, which is later tested on these tables.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from restaurant_model.bundle import cut, simulate
from restaurant_model.catalogue import catalogue_tables
from restaurant_model.tables import CATALOGUE, COLUMNS, Row, log_tables
from restaurant_model.truth import as_text, truth

HERE = Path(__file__).parent
COMPRESSED = ("events", "e2o", "material_instances")
"""Tables written as ``.csv.gz``: as plain text they alone would weigh twice the 6 MB the data set may have."""


def write(out: Path, *, seed: int, bundles: int, plain: bool = False) -> None:
    """Simulate and write all tables, the truth and the README."""
    plans, everything = simulate(bundles, seed)
    records = cut(plans, everything)
    (out / "catalogue").mkdir(parents=True, exist_ok=True)
    for name, rows in {**log_tables(plans, records), **catalogue_tables()}.items():
        folder = out / "catalogue" if name in CATALOGUE else out
        write_table(folder / f"{name}.csv", COLUMNS[name].split(), rows, compress=name in COMPRESSED and not plain)
    (out / "truth.json").write_text(as_text(truth(plans, records, seed)), encoding="utf-8", newline="\n")
    shutil.copyfile(HERE / "restaurant_model" / "README.template.md", out / "README.md")


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


def _cell(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value


def main(arguments: list[str] | None = None) -> int:
    """Read the command line and write the data set."""
    parser = argparse.ArgumentParser(description="Write the synthetic sample data set 开办餐饮店一件事 (合成数据).")
    parser.add_argument("--seed", type=int, default=20201)
    parser.add_argument("--bundles", type=int, default=1500)
    parser.add_argument("--out", type=Path, default=HERE / "restaurant")
    parser.add_argument("--plain", action="store_true", help="write every table as plain .csv (about 15 MB)")
    given = parser.parse_args(arguments)
    write(given.out, seed=given.seed, bundles=given.bundles, plain=given.plain)
    return 0


if __name__ == "__main__":
    sys.exit(main())
