"""A scenario: an immutable, ordered list of measures, built by verbs or read from a file people edit."""

from __future__ import annotations

import html
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomlkit
from pydantic import ValidationError

from flowaudit.errors import InputError, UsageError, nearest
from flowaudit.messages import current_language
from flowaudit.messages import translate as _
from flowaudit.process import Process
from flowaudit.redesign.measure import Measure
from flowaudit.redesign.measures import (
    MEASURES,
    LimitLevels,
    MergeSteps,
    OneWindow,
    Parallelise,
    ReuseMaterial,
    Staff,
    UseELicence,
)
from flowaudit.toml import problems_of, read_toml


@dataclass(frozen=True)
class Scenario:
    """An ordered list of reform measures; every verb returns a new scenario.

    Parameters
    ----------
    name : str
    measures : tuple of Measure

    Examples
    --------
    >>> plan = Scenario("方案一").parallelise("消防核查", "环保核查").limit_levels("市场监管局", 3)
    >>> [m.id for m in plan]
    ['M04', 'M02']
    """

    name: str
    measures: tuple[Measure, ...] = ()

    def __iter__(self) -> Iterator[Measure]:
        return iter(self.measures)

    def __len__(self) -> int:
        return len(self.measures)

    def add(self, measure: Measure) -> Scenario:
        """Return the scenario with one measure more.

        Raises
        ------
        UsageError
            If the same measure with the same parameters is already in it.
        """
        if measure in self.measures:
            raise UsageError(_("{measure} is already in the scenario.", measure=measure.label()))
        return Scenario(self.name, (*self.measures, measure))

    def merge_steps(self, first: str, second: str, *, merged: str | None = None, overlap: float = 0.0) -> Scenario:
        """M01 合并环节: one activity instead of two that follow each other in one department."""
        return self.add(_build(MergeSteps, first=first, second=second, merged=merged, overlap=overlap))

    def limit_levels(self, department: str, levels: int) -> Scenario:
        """M02 压减审批层级: decide after ``levels`` sign-offs."""
        return self.add(_build(LimitLevels, department=department, levels=levels))

    def parallelise(self, *names: str) -> Scenario:
        """M04 并联审批: let items or activities begin together."""
        return self.add(_build(Parallelise, names=names))

    def one_window(self, *items: str, window: str = "综合窗口") -> Scenario:
        """M05 综合窗口: one application and one acceptance for several items (none named: all)."""
        return self.add(_build(OneWindow, items=items, window=window))

    def use_e_licence(self, *materials: str, success: float = 0.95) -> Scenario:
        """M07 电子证照免交: fetch materials instead of asking for them."""
        return self.add(_build(UseELicence, materials=materials, success=success))

    def reuse_material(self, material: str) -> Scenario:
        """M08 材料复用: hand a material in once for all items."""
        return self.add(_build(ReuseMaterial, material=material))

    def staff(self, pool: str, add: int) -> Scenario:
        """M19 人员: change how many cases a pool of officers can work on at once."""
        return self.add(_build(Staff, pool=pool, add=add))

    def apply(self, process: Process) -> Process:
        """Return the process with all measures in force, in their order; no measure: the same process.

        Raises
        ------
        InputError
            If a measure names what the log lacks.
        MeasureRefusedError
            If the data cannot support a measure, or it would change nothing.
        """
        return self.stages(process)[-1]

    def stages(self, process: Process) -> tuple[Process, ...]:
        """Return the process before the first measure, and after each of them in turn.

        Raises
        ------
        InputError, MeasureRefusedError
            As :meth:`apply`.
        """
        found = [process]
        for measure in self.measures:
            found.append(measure.apply(found[-1]))
        return tuple(found)

    def to_toml(self) -> str:
        """Return the scenario as the text of a file people can edit."""
        document = tomlkit.document()
        document.add(tomlkit.comment("改革方案 / scenario: flowaudit list measures"))
        document.add("name", tomlkit.item(self.name))
        tables = tomlkit.aot()
        for measure in self.measures:
            table = tomlkit.table()
            table.add("verb", measure.verb)
            table["verb"].comment(f"{measure.id} {measure.name('zh')} / {measure.name('en')}")
            for key, value in measure.model_dump(exclude_none=True).items():
                table.add(key, list(value) if isinstance(value, tuple) else value)
            tables.append(table)
        if self.measures:
            document.add("measure", tables)
        return tomlkit.dumps(document)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write :meth:`to_toml` to a file."""
        target = Path(path)
        temporary = target.with_name(target.name + ".part")
        temporary.write_text(self.to_toml(), encoding="utf-8", newline="\n")
        temporary.replace(target)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Scenario:
        """Read a scenario file.

        Raises
        ------
        InputError
            Naming the file, the line and the nearest valid word.
        """
        source = Path(path)
        text, data = read_toml(source)
        lines = [i for i, line in enumerate(text.splitlines(), 1) if re.match(r"\s*\[\[\s*measure\s*\]\]", line)]
        unknown = set(data) - {"name", "measure"}
        if unknown:
            raise _complaint(source, 1, _("unknown key '{key}'", key=min(unknown)), min(unknown), ("name", "measure"))
        rows = data.get("measure", [])
        if not isinstance(rows, list) or not all(isinstance(r, dict) for r in rows):
            raise _complaint(source, 1, _("'measure' must be written as [[measure]] tables"), "", ())
        scenario = cls(str(data.get("name", source.stem)))
        for row, line in zip(rows, lines, strict=False):
            scenario = scenario.add(_measure(source, line, dict(row)))
        return scenario

    def _repr_html_(self) -> str:
        lang = current_language()
        rows = "".join(
            f"<tr><td>{m.id}</td><td>{html.escape(m.name(lang))}</td><td>{html.escape(m.label(lang))}</td></tr>"
            for m in self
        )
        return f"<p>{html.escape(self.name)}</p><table>{rows}</table>"


def _build(kind: type[Measure], **parameters: Any) -> Measure:
    try:
        return kind(**parameters)
    except ValidationError as error:
        raise UsageError(
            _("{verb}: {problem}", verb=kind.verb, problem=problems_of(error)),
            hint=_("flowaudit list measures shows every parameter and its range."),
        ) from None


def _complaint(source: Path, line: int, problem: str, word: str, choices: tuple[str, ...]) -> InputError:
    near = nearest(word, choices, n=1)
    hint = (
        _("did you mean '{near}'?", near=near[0])
        if near
        else _("flowaudit list measures shows every parameter and its range.")
    )
    return InputError(_("{file}, line {line}: {problem}.", file=source.name, line=line, problem=problem), hint=hint)


def _measure(source: Path, line: int, row: dict[str, Any]) -> Measure:
    verbs = {m.verb: m for m in MEASURES.values()} | MEASURES
    verb = str(row.pop("verb", row.pop("id", "")))
    if verb not in verbs:
        raise _complaint(source, line, _("unknown measure '{verb}'", verb=verb), verb, tuple(verbs))
    kind = verbs[verb]
    fields = tuple(kind.model_fields)
    for key in row:
        if key not in fields:
            raise _complaint(source, line, _("{verb} has no parameter '{key}'", verb=kind.verb, key=key), key, fields)
    try:
        return kind(**row)
    except ValidationError as error:
        raise _complaint(source, line, f"{kind.verb}: {problems_of(error)}", "", ()) from None
