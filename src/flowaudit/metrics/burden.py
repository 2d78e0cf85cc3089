"""What an application costs the applicant, by the Standard Cost Model: time and money at the user's own tariffs."""

from __future__ import annotations

import html
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from flowaudit.catalogue import Catalogue
from flowaudit.errors import InputError, UsageError, nearest
from flowaudit.eventlog import EventLog, Unit, as_unit
from flowaudit.messages import Language, current_language
from flowaudit.messages import translate as _
from flowaudit.metrics import _arrays as arrays
from flowaudit.metrics.cases import complete_cases
from flowaudit.metrics.guide import Baseline, guide_figures
from flowaudit.metrics.materials import Materials, materials
from flowaudit.metrics.rule import CountingRule, Figure, NotRecorded, shown
from flowaudit.metrics.trips import trips
from flowaudit.toml import problems_of, read_toml

COMPONENTS = ("travel", "preparation", "form", "fees", "courier")
SOURCE = "International Standard Cost Model Manual (2005)"
_AUTO = "auto|自动|预填|带出|复用"
_SELECT = "select|选择|勾选|下拉"
_TYPED = "type|manual|手工|手填|填写|填报|录入|输入"

Tariff = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Tariffs(BaseModel):
    """What an hour, a journey, a paper and a field cost the applicant. There is no default: a tariff not given is unknown.

    Attributes
    ----------
    source_note : str
        Where the tariffs come from (a survey, a statistical yearbook and its year); stands in every rule.
    wage_yuan_per_h : float, optional
        What an hour of the applicant is worth.
    travel_h, queue_h : float, optional
        Hours on the way (there and back) and in the queue, per journey.
    fare_yuan : float, optional
        Out of pocket, per journey.
    preparation_h : float, optional
        Hours to get one material ready.
    seconds_per_field : float, optional
        To fill in one field of a form.
    fees_yuan : float, optional
        Charges per application; catalogues state them in words only.
    courier_yuan : float, optional
        Per application: what sending and delivery cost the applicant.
    applications_per_year : float, optional
        Makes a figure for the year.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source_note: str = Field(min_length=1)
    wage_yuan_per_h: Tariff | None = None
    travel_h: Tariff | None = None
    queue_h: Tariff | None = None
    fare_yuan: Tariff | None = None
    preparation_h: Tariff | None = None
    seconds_per_field: Tariff | None = None
    fees_yuan: Tariff | None = None
    courier_yuan: Tariff | None = None
    applications_per_year: Tariff | None = None

    @field_validator("source_note")
    @classmethod
    def _says_something(cls, value: str) -> str:
        if not value.strip():
            raise ValueError(_("say where the tariffs come from"))
        return value.strip()


def read_tariffs(path: str | os.PathLike[str]) -> Tariffs:
    """Read a TOML file of tariffs, one ``name = number`` a line, and ``source_note``.

    Raises
    ------
    InputError
        Naming the file and what is wrong in it.
    """
    _text, data = read_toml(path)
    try:
        return Tariffs(**data)
    except ValidationError as error:
        unknown = next((key for key in data if key not in Tariffs.model_fields), None)
        near = [] if unknown is None else nearest(unknown, tuple(Tariffs.model_fields), n=1)
        raise InputError(
            _("{file}: {problem}", file=Path(path).name, problem=problems_of(error)),
            hint=_("did you mean '{near}'?", near=near[0])
            if near
            else _("give source_note and any of: {names}", names=", ".join(list(Tariffs.model_fields)[1:])),
        ) from None


def component_name(component: str, lang: Language | None = None) -> str:
    """Return what people call a component of the burden."""
    names = {
        "travel": _("travelling and queueing", lang=lang),
        "preparation": _("preparing materials", lang=lang),
        "form": _("filling in forms", lang=lang),
        "fees": _("charges", lang=lang),
        "courier": _("sending and delivery", lang=lang),
    }
    return names[component]


@dataclass(frozen=True)
class Burden:
    """What an application costs the applicant.

    Attributes
    ----------
    components : mapping of str to Figure or NotRecorded
        Yuan per application by component; one whose tariff or quantity is unknown is not recorded, never 0.
    total : Figure or NotRecorded
        Their sum; not recorded if one of those asked for is not.
    per_year : Figure or NotRecorded
        ``total`` times the applications of a year.
    tariffs : Tariffs
    """

    components: Mapping[str, Figure | NotRecorded]
    total: Figure | NotRecorded
    per_year: Figure | NotRecorded
    tariffs: Tariffs

    def table(self, lang: Language | None = None) -> pd.DataFrame:
        """Return one row per component and the total: name, yuan (NaN where unknown), why it is unknown."""
        lang = lang or current_language()
        rows = [(component_name(key, lang), found) for key, found in self.components.items()]
        rows += [(_("total", lang=lang), self.total), (_("total of a year", lang=lang), self.per_year)]
        return pd.DataFrame(
            [(name, np.nan if f.value is None else f.value, f.reason(lang) if isinstance(f, NotRecorded) else "")
             for name, f in rows],
            columns=["component", "yuan", "reason"],
        )  # fmt: skip

    def text(self, lang: Language | None = None) -> str:
        """Return the burden as lines, a component each."""
        lang = lang or current_language()
        lines = []
        for name, yuan, reason in self.table(lang).itertuples(index=False):
            told = (
                _("{yuan} yuan", lang=lang, yuan=shown(yuan))
                if not reason
                else _("not recorded: {reason}", lang=lang, reason=reason)
            )
            lines.append(_("{metric}: {words}", lang=lang, metric=name, words=told))
        lines.append(_("Source of the tariffs: {note}", lang=lang, note=self.tariffs.source_note))
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        lines = self.text().split("\n")
        return "<br>".join(html.escape(line) for line in lines)

    def to_dict(self, lang: Language | None = None) -> dict[str, object]:
        lang = lang or current_language()
        return {
            "components": {key: found.to_dict(lang) for key, found in self.components.items()},
            "total": self.total.to_dict(lang), "per_year": self.per_year.to_dict(lang),
            "tariffs": self.tariffs.model_dump(exclude_none=True),
        }  # fmt: skip


@dataclass(frozen=True)
class _Quantity:
    """How many journeys, materials or fields an application takes."""

    value: float
    n: int


def burden(
    source: EventLog | Catalogue,
    tariffs: Tariffs,
    *,
    catalogue: Catalogue | None = None,
    components: Sequence[str] = COMPONENTS,
    unit: Unit | None = None,
    baseline: Baseline = "guide_before",
) -> Burden:
    """Put a price on what an application asks of the applicant (Standard Cost Model: price times quantity).

    Parameters
    ----------
    source : EventLog or Catalogue
        Finished applications as they went (means), or what the guides of a catalogue ask for together.
    tariffs : Tariffs
    catalogue : Catalogue, optional
        With a log: where the fields of the forms stand; they are those of the items each application has.
    components : sequence of str
        What belongs to the total, of ``travel, preparation, form, fees, courier``.
    unit : {"case", "bundle"}, optional
    baseline : {"guide_before", "guide_after"}
        Which guides a catalogue holds.

    Returns
    -------
    Burden

    Raises
    ------
    UsageError
        If there is no such component.

    References
    ----------
    SCM Network (2005). International Standard Cost Model Manual.

    Examples
    --------
    >>> items = pd.DataFrame({"item_code": ["a"], "name": ["A"], "visits_min": [2]})
    >>> tariffs = Tariffs(source_note="example", wage_yuan_per_h=30, travel_h=1, queue_h=0.5, fare_yuan=4)
    >>> found = burden(Catalogue(items=items), tariffs, components=("travel",))
    >>> found.total.value  # 2 journeys of 1.5 h at 30 yuan, and 4 yuan each
    98.0
    """
    unknown = [c for c in components if c not in COMPONENTS]
    if unknown or not components:
        raise UsageError(
            _("there is no component '{name}' of the burden.", name=", ".join(unknown)),
            hint=_("choose from: {names}", names=", ".join(COMPONENTS)),
        )
    if isinstance(source, Catalogue):
        quantities = _of_guides(source, baseline)
        stands, population, period = str(baseline), ("目录所列全部事项", "all items of the catalogue"), ""
    else:
        log = as_unit(source, unit)
        quantities = _of_log(log, catalogue)
        first, last = log.span
        stands = "simulated" if log.provenance.source == "simulated" else "log_before"
        population, period = ("已办结的办件（均值）", "finished cases (mean)"), f"{first:%Y-%m-%d} – {last:%Y-%m-%d}"

    prices = ", ".join(f"{k} = {v:g}" for k, v in tariffs.model_dump(exclude_none=True).items() if k != "source_note")

    def rule(key: str, zh: str, en: str) -> CountingRule:
        return CountingRule(
            f"burden_{key}", "burden", f"办事成本（{component_name(key, 'zh') if key in COMPONENTS else '合计'}）",
            f"burden ({component_name(key, 'en') if key in COMPONENTS else 'total'})", "元", "yuan",
            population_zh=population[0], population_en=population[1], period=period, baseline=stands, statistic="mean",
            definition_zh=f"{zh}单价：{prices}。", definition_en=f"{en} Tariffs: {prices}.", source=f"{SOURCE}; {tariffs.source_note}",
        )  # fmt: skip

    found = {key: _component(key, tariffs, quantities, rule) for key in components}
    total = _total(found, rule)
    return Burden(found, total, _year(total, tariffs, rule), tariffs)


_RECIPES: dict[str, tuple[str | None, tuple[str, ...], Callable[..., float], str, str]] = {
    "travel": ("trips", ("wage_yuan_per_h", "travel_h", "queue_h", "fare_yuan"), lambda q, w, t, u, f: q * ((t + u) * w + f),
               "跑动次数 ×［（路程小时 + 排队小时）× 每小时价值 + 交通费］。",
               "journeys x [(hours on the way + in the queue) x value of an hour + fare]."),
    "preparation": ("materials", ("wage_yuan_per_h", "preparation_h"), lambda q, w, p: q * p * w,
                    "提交材料种数 × 每种准备小时 × 每小时价值。", "materials handed in x hours for each x value of an hour."),
    "form": ("fields", ("wage_yuan_per_h", "seconds_per_field"), lambda q, w, s: q * s / 3600 * w,
             "手工填写字段数 × 每字段秒数 ÷ 3600 × 每小时价值。", "fields typed x seconds for each / 3600 x value of an hour."),
    "fees": (None, ("fees_yuan",), lambda _q, fee: fee, "每件收费。", "charges of an application."),
    "courier": (None, ("courier_yuan",), lambda _q, fee: fee, "每件寄送费用。", "sending and delivery of an application."),
}  # fmt: skip


def _component(
    key: str, tariffs: Tariffs, quantities: Mapping[str, _Quantity | NotRecorded], rule: Callable[..., CountingRule]
) -> Figure | NotRecorded:
    quantity, names, price, zh, en = _RECIPES[key]
    lacking = [name for name in names if getattr(tariffs, name) is None]
    if lacking:
        return NotRecorded(
            "burden", f"未给出单价 {'、'.join(lacking)}。", f"no tariff is given: {', '.join(lacking)}.", tuple(lacking)
        )
    how_many = _Quantity(1.0, 0) if quantity is None else quantities[quantity]
    if isinstance(how_many, NotRecorded):
        return how_many
    value = price(how_many.value, *(getattr(tariffs, name) for name in names))
    extra = {} if quantity is None else {quantity: how_many.value}
    return Figure(value, rule(key, zh, en), how_many.n, extra=extra)


def _total(found: Mapping[str, Figure | NotRecorded], rule: Callable[..., CountingRule]) -> Figure | NotRecorded:
    lacking = [key for key, one in found.items() if isinstance(one, NotRecorded)]
    if lacking:
        return NotRecorded(
            "burden",
            f"以下各项未知，不作合计：{'、'.join(component_name(key, 'zh') for key in lacking)}。",
            f"unknown, so there is no total: {', '.join(component_name(key, 'en') for key in lacking)}.",
            tuple(lacking),
        )
    parts = [one for one in found.values() if isinstance(one, Figure)]
    zh = "、".join(component_name(key, "zh") for key in found)
    en = ", ".join(component_name(key, "en") for key in found)
    counted = [one.n for one in parts if one.n]
    return Figure(
        sum(float(one.value or 0.0) for one in parts),
        rule("total", f"{zh}之和，单位为每件。", f"sum of {en}, per application."),
        min(counted, default=0),
    )  # fmt: skip


def _year(total: Figure | NotRecorded, tariffs: Tariffs, rule: Callable[..., CountingRule]) -> Figure | NotRecorded:
    if isinstance(total, NotRecorded):
        return total
    if tariffs.applications_per_year is None:
        return NotRecorded(
            "burden", "未给出年办件量 applications_per_year。", "applications_per_year is not given.", ("applications_per_year",)
        )  # fmt: skip
    year = rule("year", "每件成本合计 × 年办件量。", "total of an application x applications of a year.")
    return Figure(float(total.value or 0.0) * tariffs.applications_per_year, year, total.n)


def _of_guides(catalogue: Catalogue, baseline: Baseline) -> dict[str, _Quantity | NotRecorded]:
    guide = guide_figures(catalogue, baseline)
    found: dict[str, _Quantity | NotRecorded] = {}
    for name in ("trips", "materials"):
        figure = guide[name]
        found[name] = figure if isinstance(figure, NotRecorded) else _Quantity(float(figure.value or 0.0), figure.n)
    fields = typed_fields(catalogue)
    found["fields"] = fields if isinstance(fields, NotRecorded) else _Quantity(float(fields.sum()), len(fields))
    return found


def _of_log(log: EventLog, catalogue: Catalogue | None) -> dict[str, _Quantity | NotRecorded]:
    complete = complete_cases(log)
    papers, journeys = materials(log), trips(log)
    counted = {
        "trips": journeys,
        "materials": papers.submitted if isinstance(papers, Materials) else papers,
        "fields": fields_of_cases(log, catalogue),
    }
    found: dict[str, _Quantity | NotRecorded] = {}
    for name, values in counted.items():
        if isinstance(values, NotRecorded):
            found[name] = values
            continue
        x = values[complete & ~np.isnan(values)]
        found[name] = (
            _Quantity(float(x.mean()), len(x))
            if len(x)
            else NotRecorded(
                "burden", "没有已办结的办件，无法统计。", "no case has come to its end; nothing to sum up."
            )
        )
    return found


def typed_fields(catalogue: Catalogue) -> pd.Series | NotRecorded:
    """Count, per item, the fields the applicant fills in by hand.

    Returns
    -------
    pd.Series or NotRecorded
        Indexed by item code, every item of the catalogue. Where the table of fields does not say how a field is filled in,
        nothing is known: prefilled ones must not count.
    """
    by_hand = typed_by_hand(catalogue)
    if isinstance(by_hand, NotRecorded):
        return by_hand
    table = catalogue.form_fields
    assert table is not None
    lacking = [code for code in catalogue.item_codes if code not in set(table["item_code"])]
    if lacking:
        return NotRecorded(
            "burden",
            f"以下事项没有表单字段：{'、'.join(lacking[:5])}。",
            f"no form fields are stated for: {', '.join(lacking[:5])}.",
            ("form_fields: item_code",),
        )
    rows = table[by_hand.to_numpy(np.bool_)]
    found: pd.Series = rows.groupby("item_code").size().reindex(catalogue.item_codes, fill_value=0)
    return found


def typed_by_hand(catalogue: Catalogue) -> pd.Series | NotRecorded:
    """Say of every row of ``form_fields`` whether the applicant fills the field in by hand.

    Returns
    -------
    pd.Series or NotRecorded
        Bool, in the order of the table's rows; not recorded where the table does not say it of every field.
    """
    table = catalogue.form_fields
    if table is None or table.empty or "class" not in table:
        return NotRecorded(
            "burden",
            "目录未提供表单字段或其填写方式。",
            "the catalogue has no form fields, or does not say how each is filled in.",
            ("form_fields: item_code, field_label, class",),
        )
    words = table["class"].astype("string").fillna("")
    given, chosen, typed = (words.str.contains(sign, case=False) for sign in (_AUTO, _SELECT, _TYPED))
    unclear = words[~(given | chosen | typed)].unique()[:5]
    if len(unclear):
        return NotRecorded(
            "burden",
            f"表单字段的填写方式不明：{'、'.join(w or '（空）' for w in unclear)}。",
            f"how form fields are filled in is unclear: {', '.join(w or '(blank)' for w in unclear)}.",
            ("form_fields: class (auto, select, type)",),
        )
    by_hand: pd.Series = typed & ~given & ~chosen
    return by_hand


def fields_of_cases(log: EventLog, catalogue: Catalogue | None) -> arrays.Floats | NotRecorded:
    """Count, per case, the fields the applicant fills in by hand, by the forms of the items it has.

    Returns
    -------
    ndarray of float or NotRecorded
        In the order of ``log.case_ids``; NaN where one of its items is not in the catalogue, or it has none.
    """
    if catalogue is None or not log.has("item_code"):
        return NotRecorded(
            "burden",
            "没有目录或日志未记录事项编码，表单字段数未知。",
            "without a catalogue, or the item of each application, the number of fields is unknown.",
            ("form_fields", "item_code"),
        )
    fields = typed_fields(catalogue)
    if isinstance(fields, NotRecorded):
        return fields
    code, labels = log.codes("item_code")
    # Cases and their items, each pair once.
    case, code = np.divmod(pd.unique((log.case_index * len(labels) + code)[code >= 0]), max(len(labels), 1))
    number = fields.reindex(labels).to_numpy(float)[code]
    total = np.full(log.n_cases, np.nan)
    # A sum with an unknown item in it is unknown: NaN goes through.
    total[case] = np.bincount(case, weights=number, minlength=log.n_cases)[case]
    return total
