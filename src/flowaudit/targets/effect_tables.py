"""The effects of a reform as tables: for programs with plain names, for people with words."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from flowaudit.messages import Language, current_language
from flowaudit.messages import translate as _
from flowaudit.metrics import METRICS, metric_label, statistic_name
from flowaudit.targets.effects import Effects, hidden_shares, reason_name
from flowaudit.targets.estimate import kind_name
from flowaudit.targets.interrupted import Interrupted
from flowaudit.targets.mix import property_label
from flowaudit.targets.promised import KeptPromises
from flowaudit.targets.ratings import Ratings
from flowaudit.targets.verdict import status_name


def effect_frames(effects: Effects) -> dict[str, pd.DataFrame]:
    """Return everything that is a table, with plain names: ``effects, groups, strata, mix, series, promises, ratings,
    left_out``; those without a row are not there."""
    lang = current_language()
    rows = [
        {
            "metric": e.metric, "statistic": e.statistic, "kind": e.kind, "unit": e.after.rule.unit(lang), "n_before": e.before.n,
            "n_after": e.after.n, "before": e.before.value, "before_low": e.before.low, "before_high": e.before.high,
            "after": e.after.value, "after_low": e.after.low, "after_high": e.after.high, "difference": e.difference,
            "low": e.low, "high": e.high, "rate": e.rate, "rate_low": e.rate_low, "rate_high": e.rate_high,
            "rule": e.after.rule.key,
        }
        for e in effects.estimates
    ]  # fmt: skip
    series = [s.periods.assign(metric=m, period_days=s.period_days) for m, s in effects.series.items() if isinstance(s, Interrupted)]  # fmt: skip
    found = {
        "effects": pd.DataFrame(rows),
        "groups": _stacked({name: t for name, t in effects.groups.items() if isinstance(t, pd.DataFrame)}),
        "strata": _strata(effects),
        "mix": _stacked({s.name: hidden_shares(s.table).rename(columns={"value": s.name}) for s in effects.shifts}),
        "series": pd.concat(series, ignore_index=True) if series else pd.DataFrame(),
        "promises": effects.kept_promises.items if isinstance(effects.kept_promises, KeptPromises) else pd.DataFrame(),
        "ratings": effects.ratings.table(lang) if isinstance(effects.ratings, Ratings) else pd.DataFrame(),
        "left_out": effects.left_out,
    }
    return {name: table for name, table in found.items() if len(table)}


def _stacked(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Put tables by several properties under one another: the property's name and its value become columns."""
    parts = []
    for name, table in tables.items():
        part = table.rename(columns={name: "value"})
        part.insert(0, "by", name)
        parts.append(part)
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _strata(effects: Effects) -> pd.DataFrame:
    parts = []
    for metric, table in effects.strata_tables.items():
        part = table.copy()
        part.insert(0, "metric", metric)
        parts.append(part)
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def effect_tables(effects: Effects, lang: Language | None = None) -> dict[str, pd.DataFrame]:
    """Return the same tables with names, headers and values people read, and what was promised, the rules and the notes."""
    lang = lang or current_language()
    titles = {
        "effects": _("Effects", lang=lang), "groups": _("By item, district, channel", lang=lang), "strata": _("Strata", lang=lang),
        "mix": _("Mix of cases", lang=lang), "series": _("Time series", lang=lang), "promises": _("Promised limits", lang=lang),
        "ratings": _("Bad ratings", lang=lang), "left_out": _("Left out", lang=lang),
    }  # fmt: skip
    found = {titles[name]: _in_words(table, lang) for name, table in effect_frames(effects).items()}
    if effects.promises:
        found[_("Promised and reached", lang=lang)] = pd.DataFrame(
            [
                {_("What was promised", lang=lang): p.label(lang), _("Reached", lang=lang): p.value, _("Low (95 %)", lang=lang): p.low,
                 _("High (95 %)", lang=lang): p.high, _("Judgement", lang=lang): status_name(p.status, lang), _("Reason", lang=lang): p.reason(lang)}
                for p in effects.promises
            ]
        )  # fmt: skip
    rules = dict.fromkeys((metric_label(e.metric, lang), f.rule.text(lang)) for e in effects.estimates for f in (e.before, e.after))  # fmt: skip
    found[_("counting rules", lang=lang)] = pd.DataFrame([*rules], columns=[_("Metric", lang=lang), _("Counting rule", lang=lang)])  # fmt: skip
    found[_("Notes", lang=lang)] = pd.DataFrame({_("Notes", lang=lang): effects.text(lang).split("\n")})  # fmt: skip
    return found


def _in_words(table: pd.DataFrame, lang: Language) -> pd.DataFrame:
    out = table.copy()
    if "metric" in out:
        out["metric"] = [metric_label(m, lang) if m in METRICS else m for m in out["metric"]]
    if "statistic" in out:
        out["statistic"] = [statistic_name(s, lang) for s in out["statistic"]]
    if "kind" in out:
        out["kind"] = [kind_name(k, lang) for k in out["kind"]]
    if "by" in out:
        out["by"] = [property_label(name, lang) for name in out["by"]]
    if "reason" in out and "bad_before" not in out:
        out["reason"] = [reason_name(r, lang) for r in out["reason"]]
    return out.rename(columns={c: header(str(c), lang) for c in out.columns})


def header(column: str, lang: Language | None = None) -> str:
    """Return what people call a column; the name of a property is that of the property."""
    names = {
        "metric": _("Metric", lang=lang), "statistic": _("Statistic", lang=lang), "kind": _("Compared how", lang=lang),
        "unit": _("Unit", lang=lang), "n_before": _("Cases before", lang=lang), "n_after": _("Cases after", lang=lang),
        "before": _("Before reform", lang=lang), "before_low": _("Before, low (95 %)", lang=lang), "before_high": _("Before, high (95 %)", lang=lang),
        "after": _("After reform", lang=lang), "after_low": _("After, low (95 %)", lang=lang), "after_high": _("After, high (95 %)", lang=lang),
        "difference": _("Difference", lang=lang), "low": _("Low (95 %)", lang=lang), "high": _("High (95 %)", lang=lang),
        "rate": _("Rate of reduction", lang=lang), "rate_low": _("Rate, low (95 %)", lang=lang), "rate_high": _("Rate, high (95 %)", lang=lang),
        "rule": _("Key of the rule", lang=lang), "by": _("Apart by", lang=lang), "value": _("Value", lang=lang),
        "p": _("p of this cell", lang=lang), "p_holm": _("p with all cells (Holm)", lang=lang), "suppressed": _("Fewer than 10 cases", lang=lang),
        "weight": _("Weight", lang=lang), "share_before": _("Share before", lang=lang), "share_after": _("Share after", lang=lang),
        "change": _("Change", lang=lang), "start": _("Begins", lang=lang), "number": _("Period", lang=lang), "cases": _("Cases", lang=lang),
        "mean": _("Mean", lang=lang), "fitted": _("Fitted", lang=lang), "without": _("Trend before carried on", lang=lang),
        "period_days": _("Days of a period", lang=lang), "item_code": _("Item", lang=lang), "name": _("Name", lang=lang),
        "promise_before": _("Promised before", lang=lang), "promise_after": _("Promised after", lang=lang), "kept_before": _("Kept before", lang=lang),
        "kept_after": _("Kept after", lang=lang), "low_before": _("Before, low (95 %)", lang=lang), "high_before": _("Before, high (95 %)", lang=lang),
        "low_after": _("After, low (95 %)", lang=lang), "high_after": _("After, high (95 %)", lang=lang),
        "p90_before": _("Clock, 90th percentile before", lang=lang), "p90_after": _("Clock, 90th percentile after", lang=lang),
        "reason": _("Reason", lang=lang), "bad_before": _("Bad ratings before", lang=lang), "bad_after": _("Bad ratings after", lang=lang),
    }  # fmt: skip
    return names.get(column, property_label(column, lang))
