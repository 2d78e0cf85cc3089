"""What a reform office asks for: a bound on one metric, or a reduction of it. None is ever invented."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from flowaudit.errors import UsageError
from flowaudit.messages import Language, current_language
from flowaudit.messages import translate as _
from flowaudit.metrics import metric_label, statistic_name
from flowaudit.targets.phrases import parse_phrase, percent, write_phrase, write_population
from flowaudit.targets.words import (
    ALIASES,
    RULE_NAMES,
    MetricName,
    StatisticName,
    metric_of,
    population_of,
    rule_of,
    unit_name,
)
from flowaudit.toml import problems_of

__all__ = ["ALIASES", "Population", "Target"]

Population = tuple[tuple[str, tuple[str, ...]], ...]


class Target(BaseModel):
    """One target: ``at_most`` a value, for all or a ``share`` of the cases, or a ``reduction`` of the as-is value by a share.

    Attributes
    ----------
    metric : str
        ``steps, time, clock, materials, trips``, or one of the figures that stand guard over them: ``typed_fields``,
        ``correction_rate`` (share of cases with at least one correction), ``visits`` (those in vain included). A Chinese
        name will do.
    statistic : {"median", "mean", "p90", "p95", "share"}
        Of the cases; median where nothing is said, ``share`` with a share, ``mean`` (the share of cases) of a rate.
    at_most : float, optional
        In the metric's unit; times in working days, a rate as a share (0.1 for 10 %).
    reduction : float, optional
        0.3 for 减 30 %.
    share : float, optional
        With ``at_most``: at least this share of the cases keeps the bound (承诺时限 <= 5 工作日 for 90%).
    rule : str, optional
        The counting rule it is meant by: ``A_applicant, B_milestone, C_node`` of steps; ``submitted, kinds, copies`` of
        materials. Default: the one that is measured.
    population : tuple of (str, tuple of str)
        Only the cases with one of these values of a property (``item, district, channel``, any column of the table of
        cases or bundles); given as a mapping of names to a value or several.
    label : str
        The name people give the target.

    Examples
    --------
    >>> target = Target.parse("全程时间 不超过 20 个工作日（90% 的办件）")
    >>> target.metric, target.at_most, target.share
    ('time', 20.0, 0.9)
    >>> target.phrase("en")
    'end-to-end time at most 20 working days for 90% of cases'
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    metric: MetricName
    statistic: StatisticName = "median"
    at_most: float | None = Field(default=None, ge=0, allow_inf_nan=False, strict=True)
    reduction: float | None = Field(default=None, gt=0, le=1, strict=True)
    share: float | None = Field(default=None, gt=0, le=1, strict=True)
    rule: str | None = None
    population: Population = ()
    label: str = ""

    @classmethod
    def parse(cls, text: str, *, label: str = "") -> Target:
        """Read a target from a phrase, Chinese or English.

        Raises
        ------
        UsageError
            Naming the part that cannot be read and the nearest word that could, or what makes no sense.

        Notes
        -----
        减环节 30% · reduce steps by 30% · 减跑动到 1 次 · trips at most 1 · 承诺时限 <= 5 工作日 for 90% ·
        全程时间 不超过 20 个工作日（90% 的办件） · 材料 不超过 5 种（P90） · 减办事人环节 30% [区=甲区; 渠道=线上/窗口].
        Full-width digits, ≤ and ％ are understood.
        """
        try:
            return cls(**parse_phrase(text), label=label)
        except ValidationError as error:
            raise UsageError(
                _("the target '{text}' cannot be used: {problem}", text=text, problem=problems_of(error))
            ) from None

    @model_validator(mode="before")
    @classmethod
    def _in_words(cls, data: object) -> object:
        """Take metric and rule as people write them, and the statistic that goes without saying."""
        if not isinstance(data, dict):
            return data
        found = dict(data)
        word = found.get("metric")
        meant = metric_of(word) if isinstance(word, str) else None
        if meant is None:
            return found
        found["metric"], own = meant
        rule = found.get("rule", own)
        if isinstance(rule, str) and rule:
            found["rule"] = rule_of(meant[0], rule) or rule
        elif rule == "":
            found["rule"] = None
        if own is not None and found["rule"] != own:
            raise ValueError(
                _("'{metric}' is counted by the rule {own}, not by {rule}", metric=word, own=own, rule=found["rule"])
            )
        if meant[0] == "correction_rate":
            found.setdefault("statistic", "mean")
        elif found.get("share") is not None:
            found.setdefault("statistic", "share")
        return found

    @field_validator("population", mode="before")
    @classmethod
    def _population(cls, given: object) -> object:
        if not isinstance(given, Mapping):
            return given
        pairs: list[tuple[str, tuple[str, ...]]] = []
        for name, values in given.items():
            several = values if isinstance(values, Sequence) and not isinstance(values, str) else (values,)
            if not all(isinstance(v, str | int | float) for v in several) or not several:
                raise ValueError(
                    _(
                        "a population names values: {example}",
                        example='{ district = "甲区", channel = ["线上", "窗口"] }',
                    )
                )
            pairs.append((population_of(str(name)), tuple(dict.fromkeys(str(v) for v in several))))
        return tuple(sorted(pairs))

    @model_validator(mode="after")
    def _makes_sense(self) -> Target:
        if (self.at_most is None) == (self.reduction is None):
            raise ValueError(_("give either at_most or reduction"))
        if self.rule is not None:
            self._check_rule(self.rule)
        if self.share is not None and self.at_most is None:
            raise ValueError(_("a share of the cases goes with at_most, not with a reduction"))
        if (self.statistic == "share") != (self.share is not None):
            raise ValueError(
                _(
                    "the statistic is 'share' where a share is given, and only there; found '{name}'",
                    name=self.statistic,
                )
            )
        if self.metric == "correction_rate":
            if self.statistic != "mean":
                raise ValueError(_("a rate has no {statistic}: it is a share of cases", statistic=self.statistic))
            if self.at_most is not None and self.at_most > 1:
                raise ValueError(_("a rate is at most 1; 10 % is written 0.1, found {value:g}", value=self.at_most))
        return self

    def _check_rule(self, rule: str) -> None:
        rules = tuple(RULE_NAMES.get(self.metric, ()))
        if not rules:
            raise ValueError(_("{metric} is counted by one rule only; leave rule out", metric=self.metric))
        if rule == "D_exec":
            raise ValueError(_("executions (D_exec) are for diagnosis only, never a target"))
        if rule not in rules:
            raise ValueError(_("one of {choices}, found {given}", choices=", ".join(rules), given=repr(rule)))

    def phrase(self, lang: Language | None = None) -> str:
        """Return the target, without its label, as a phrase that :meth:`parse` understands."""
        return write_phrase(self, lang or current_language())

    def __str__(self) -> str:
        return self.phrase()

    def asked(self, lang: Language | None = None) -> str:
        """Return the target in words."""
        lang = lang or current_language()
        rule = RULE_NAMES.get(self.metric, {}).get(self.rule or "")
        what = rule[0 if lang == "zh" else 1] if rule else metric_label(self.metric, lang)
        if self.share is None and self.metric != "correction_rate":
            what += f" ({statistic_name(self.statistic, lang)})"
        if self.reduction is not None:
            said = _("{what}: at least {share} less", lang=lang, what=what, share=percent(self.reduction))
        elif self.share is not None:
            said = _(
                "{what}: at most {value:g} {unit} in {share} of the cases",
                lang=lang, what=what, value=self.at_most, unit=unit_name(self.metric, self.rule, lang), share=percent(self.share),
            )  # fmt: skip
        elif self.metric == "correction_rate":
            said = _("{what}: at most {value}", lang=lang, what=what, value=percent(self.at_most))
        else:
            said = _("{what}: at most {value:g}", lang=lang, what=what, value=self.at_most)
        if not self.population:
            return said
        return _(
            "{asked} (only {population})", lang=lang, asked=said, population=write_population(self.population, lang)
        )
