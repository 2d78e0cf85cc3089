"""A study as the files people open, with a manifest of what they were made from."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Container
from dataclasses import dataclass
from pathlib import Path

from flowaudit.delivery.duties import DUTIES, duties_template
from flowaudit.delivery.place import Place
from flowaudit.delivery.plain import versions, write_json
from flowaudit.delivery.summary import summary
from flowaudit.documents import plan, write_tables
from flowaudit.eventlog import ColumnMapping, EventLog, mapping_of, write_log, write_mapping
from flowaudit.messages import Language, speaking
from flowaudit.study import Study
from flowaudit.views import draw

MANIFEST, LOG, TABLES = "manifest.json", "log.arrow", "log.tables"
FILES = (
    "plan.docx", "plan.html", "as_is.svg", "to_be.svg", "findings.json", "quality.csv", "mapping.toml", "process.json",
    "scenario.toml", "verdict.json", "summary.json", "tables.xlsx", LOG, "log.arrow.json", MANIFEST,
)  # fmt: skip
"""What a delivery writes, in the order in which it is moved into its place; besides them ``duties.toml`` if there is none."""


@dataclass(frozen=True)
class Delivery:
    """What was written.

    Attributes
    ----------
    folder : Path
    files : tuple of str
        Names in the folder, the manifest last.
    """

    folder: Path
    files: tuple[str, ...]

    def __getitem__(self, name: str) -> Path:
        return self.folder / name


def deliver(
    study: Study,
    out: str | os.PathLike[str],
    *,
    log: EventLog | None = None,
    mapping: ColumnMapping | None = None,
    scenario_text: str | None = None,
    lang: Language | None = None,
    keep: Container[str] = (),
    progress: Callable[[int, int], None] | None = None,
) -> Delivery:
    """Write everything a study says into one folder: all files, or none.

    Parameters
    ----------
    study : Study
    out : path
        Made if absent. Files of other names in it are left alone, and so is ``duties.toml`` once it exists.
    log : EventLog, optional
        What ``log.arrow`` is to hold; default: the study's log, seen by its unit.
    mapping : ColumnMapping, optional
        The column mapping the log was read with; default: the one in its provenance.
    scenario_text : str, optional
        The scenario file as people wrote it, comments included; default: the study's scenario.
    lang : {"zh", "en"}, optional
        Of the documents; default: the study's.
    keep : container of str
        Names of ``FILES`` not to be written anew, because the study was made from the one that is there.
    progress : callable(done, total), optional

    Returns
    -------
    Delivery

    Raises
    ------
    InputError
        If the folder or a file in it cannot be written; the folder is then as it was.
    """
    lang = lang or study.settings.lang
    log = log or study.log
    with speaking(lang):
        document = plan(study, lang=lang)
        as_is = draw(study.as_is, lang=lang)
        # Without a measure nothing changes, and the picture of the office as it will be says so by being the same.
        to_be = as_is if study.to_be is None else draw(study.to_be, lang=lang)
    writers: dict[str, Callable[[Path], object]] = {
        "plan.docx": document.save,
        "plan.html": document.save,
        "as_is.svg": as_is.save,
        "to_be.svg": to_be.save,
        "findings.json": study.findings.to_json,
        "quality.csv": lambda path: study.quality.to_csv(path, lang=lang),
        "mapping.toml": lambda path: write_mapping(mapping_of(log, mapping), path),
        "process.json": study.process.save,
        "scenario.toml": lambda path: _text(path, scenario_text or study.scenario.to_toml()),
        "verdict.json": lambda path: write_json(path, _verdict(study, lang)),
        "summary.json": lambda path: write_json(path, summary(study, lang)),
        "tables.xlsx": lambda path: write_tables(study, path, lang=lang),
        LOG: lambda path: write_log(log, path),
        DUTIES: lambda path: _text(path, duties_template()),
    }
    place = Place(out)
    require(place, keep)
    names = [name for name in FILES if name not in keep]
    if not (place.folder / DUTIES).exists():
        names.insert(0, DUTIES)
    with place.staging() as staged:
        for done, name in enumerate(names):
            if progress:
                progress(done, len(names))
            if name in writers:
                with speaking(lang):
                    writers[name](staged / name)
        # The log brings its side tables along, as many as it has.
        tables = sorted(f"{TABLES}/{path.name}" for path in (staged / TABLES).glob("*"))
        drop = [] if LOG in keep else _side_tables(place)
        names = [*tables, *names]
        write_json(staged / MANIFEST, _manifest(study, staged, place.folder, names, keep))
        place.fill(staged, names, drop=[name for name in drop if name not in names])
    if progress:
        progress(len(names), len(names))
    return Delivery(place.folder, tuple(names))


def require(place: Place, keep: Container[str] = ()) -> None:
    """Check before the work that everything :func:`deliver` is going to write can be written.

    Raises
    ------
    InputError
        Naming the folder or the file.
    """
    tables = [] if LOG in keep else _side_tables(place)
    place.require([*(name for name in FILES if name not in keep), *tables])


def _side_tables(place: Place) -> list[str]:
    return sorted(f"{TABLES}/{path.name}" for path in (place.folder / TABLES).glob("*.arrow"))


def _text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _verdict(study: Study, lang: Language) -> dict[str, object]:
    return {
        "schema": "flowaudit.verdict/1",
        "scenario": study.scenario.name,
        "proposed": study.proposed,
        **study.verdict.to_dict(lang),
        "observed": study.observed.to_dict(lang),
        "attribution": None if study.attribution is None else study.attribution.to_dict(lang),
        "attribution_order_free": None if study.order_free is None else study.order_free.to_dict(lang),
        "sensitivity": [v.to_dict(lang) for v in study.variations],
    }


def _manifest(study: Study, staged: Path, folder: Path, names: list[str], keep: Container[str]) -> dict[str, object]:
    files = {}
    for name in (*names, *(name for name in FILES if name in keep)):
        # People edit the duties: a hash of them would be wrong tomorrow.
        if name not in (MANIFEST, DUTIES):
            path = (staged if name in names else folder) / name
            with path.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            files[name] = {"sha256": digest, "bytes": path.stat().st_size}
    return {
        "schema": "flowaudit.manifest/1",
        "created": study.created,
        "seed": study.settings.seed,
        "settings": study.settings.model_dump(),
        "inputs": dict(study.inputs),
        "versions": versions(),
        "files": files,
    }
