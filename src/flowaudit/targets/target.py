"""What a reform office asks for: a bound on one metric, or a reduction of it. None is ever invented."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from flowaudit.errors import InputError, nearest
from flowaudit.messages import Language
from flowaudit.messages import translate as _
from flowaudit.metrics import metric_label, statistic_name
from flowaudit.toml import problems_of, read_toml

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
    _text, data = read_toml(source)
    unknown = sorted(set(data) - {"target"})
    if unknown:
        raise InputError(
            _("{file}: unknown key '{key}'.", file=source.name, key=unknown[0]), hint=_("write [[target]] tables.")
        )
    rows = data.get("target", [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InputError(
            _("{file}: 'target' is not a list of tables.", file=source.name), hint=_("write [[target]] tables.")
        )
    targets = []
    for number, row in enumerate(rows, 1):
        try:
            targets.append(Target(**row))
        except ValidationError as error:
            raise InputError(
                _("{file}, target {number}: {problem}", file=source.name, number=number, problem=problems_of(error)),
                hint=_hint(row),
            ) from None
    return tuple(targets)


def _hint(row: Mapping[str, object]) -> str:
    fields = tuple(Target.model_fields)
    for key in row:
        if key not in fields and (near := nearest(key, fields, n=1)):
            return _("did you mean '{near}'?", near=near[0])
    metrics = ("steps", "time", "clock", "materials", "trips", *ALIASES)
    if row.get("metric") not in metrics and (near := nearest(str(row.get("metric")), metrics, n=1)):
        return _("did you mean '{near}'?", near=near[0])
    return _("a target has metric, statistic, and either at_most or reduction.")
