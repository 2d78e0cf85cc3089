"""What a reform office asks for: a bound on one metric, or a reduction of it. None is ever invented."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import tomlkit
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from tomlkit.exceptions import ParseError, TOMLKitError

from flowaudit.errors import InputError, nearest
from flowaudit.messages import Language
from flowaudit.messages import translate as _
from flowaudit.metrics import metric_label, statistic_name

MetricName = Literal["steps", "time", "clock", "materials", "trips"]
ALIASES = {
    "减环节": "steps", "环节": "steps", "减时间": "time", "全程时间": "time", "计时办理时间": "clock", "承诺时限": "clock",
    "减材料": "materials", "材料": "materials", "减跑动": "trips", "跑动": "trips",
}  # fmt: skip


class Target(BaseModel):
    """One target: ``at_most`` a value, or a ``reduction`` by a share of the simulated as-is value.

    Attributes
    ----------
    metric : str
        ``steps, time, clock, materials, trips`` or a Chinese name of one.
    statistic : {"median", "mean", "p90"}
        Of the cases.
    at_most : float, optional
        In the metric's unit.
    reduction : float, optional
        0.3 for 减 30 %.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    metric: MetricName
    statistic: Literal["median", "mean", "p90"] = "median"
    at_most: float | None = Field(default=None, ge=0)
    reduction: float | None = Field(default=None, gt=0, le=1)
    label: str = ""

    @model_validator(mode="before")
    @classmethod
    def _alias(cls, data: object) -> object:
        if isinstance(data, dict) and data.get("metric") in ALIASES:
            return {**data, "metric": ALIASES[data["metric"]]}
        return data

    @model_validator(mode="after")
    def _one_bound(self) -> Target:
        if (self.at_most is None) == (self.reduction is None):
            raise ValueError(_("give either at_most or reduction"))
        return self

    def asked(self, lang: Language | None = None) -> str:
        """Return the target in words."""
        what = f"{metric_label(self.metric, lang)} ({statistic_name(self.statistic, lang)})"
        if self.at_most is not None:
            return _("{what}: at most {value:g}", lang=lang, what=what, value=self.at_most)
        return _("{what}: at least {share:.0%} less", lang=lang, what=what, share=self.reduction)


def read_targets(path: str | os.PathLike[str]) -> tuple[Target, ...]:
    """Read a targets file: ``[[target]]`` tables.

    Raises
    ------
    InputError
        Naming the file, the target's number and what is wrong with it.
    """
    source = Path(path)
    try:
        data = tomlkit.parse(source.read_text(encoding="utf-8-sig")).unwrap()
    except OSError as error:
        raise InputError(_("{file} cannot be read ({error}).", file=path, error=error.strerror or error)) from None
    except (UnicodeDecodeError, TOMLKitError) as error:
        raise InputError(
            _("{file}: not a readable targets file: {error}", file=source.name, error=_where(error)), hint=_causes()
        ) from None
    unknown = sorted(set(data) - {"target"})
    if unknown:
        raise InputError(
            _("{file}: unknown key '{key}'.", file=source.name, key=unknown[0]), hint=_("write [[target]] tables.")
        )
    targets = []
    for number, row in enumerate(data.get("target", []), 1):
        try:
            targets.append(Target(**row))
        except (ValidationError, TypeError) as error:
            raise InputError(
                _("{file}, target {number}: {problem}", file=source.name, number=number, problem=_problem(error)),
                hint=_hint(row),
            ) from None
    return tuple(targets)


def _where(error: Exception) -> str:
    """Say where a file stops being TOML, counting from 1 as editors do."""
    if isinstance(error, ParseError):
        problem = str(error).removesuffix(f" at line {error.line} col {error.col}").rstrip(".")
        return _("line {line}, column {column}: {problem}", line=error.line, column=error.col + 1, problem=problem)
    if isinstance(error, UnicodeDecodeError):
        return _("line {line} is not UTF-8 text", line=error.object.count(b"\n", 0, error.start) + 1)
    return str(error)


def _causes() -> str:
    """Return what mostly keeps a file people wrote from being TOML."""
    return _(
        "text stands in quotes, a Windows path in single ones (calendar = 'C:\\data\\days.csv'); save as UTF-8, also in Notepad."
    )


def _problem(error: ValidationError | TypeError) -> str:
    if isinstance(error, TypeError):
        return str(error)
    return "; ".join(f"{'.'.join(str(p) for p in e['loc']) or 'target'}: {e['msg']}" for e in error.errors())


def _hint(row: object) -> str:
    fields = tuple(Target.model_fields)
    if isinstance(row, dict):
        for key in row:
            if key not in fields and (near := nearest(str(key), fields, n=1)):
                return _("did you mean '{near}'?", near=near[0])
        metrics = ("steps", "time", "clock", "materials", "trips", *ALIASES)
        if row.get("metric") not in metrics and (near := nearest(str(row.get("metric")), metrics, n=1)):
            return _("did you mean '{near}'?", near=near[0])
    return _("a target has metric, statistic, and either at_most or reduction.")
