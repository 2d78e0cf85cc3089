"""W22 线上线下不同标: one item, two channels, and not the same materials, corrections or time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from flowaudit.diagnosis.context import Context, Floats, Texts
from flowaudit.diagnosis.corrections import correction_requests
from flowaudit.diagnosis.finding import Finding, NotCheckable
from flowaudit.diagnosis.item_cases import at_place, key_of
from flowaudit.diagnosis.rule import Parameter, Rule, Thresholds
from flowaudit.messages import Language, both
from flowaudit.messages import translate as _

ONLINE = r"线上|网上|网办|在线|电脑|移动|互联网|手机|\bapp\b|小程序|online|internet|web|mobile"
COUNTER = r"窗口|线下|现场|大厅|柜台|counter|window|offline|\bdesk\b|\bhall\b|in person"
MEASURES = ("materials", "corrections", "time")


def name(lang: Language | None = None) -> str:
    return _("channels that are not treated alike", lang=lang)


def definition(lang: Language | None = None) -> str:
    return _(
        "Items applied for online and at the window, at least 30 cases each: kinds of material per case (whoever "
        "provided them; cases without any recorded are left out), share of cases with a correction, working days of "
        "the legal clock. Within each situation (variant) the means are compared and the differences averaged, the "
        "smaller channel giving the weight. One speaks when the standardised difference is above 0.3 and Welch's "
        "test gives p < 0.01 over all items and figures compared. The difference in days is stated; no time is "
        "called lost.",
        lang=lang,
    )


def find(context: Context, t: Thresholds) -> list[Finding] | NotCheckable:
    rows = _rows(context)
    if rows is None or rows["online"].nunique() < 2:
        return NotCheckable(
            "W22",
            *both("the channels of the cases are not known, or all came by one"),
            ("cases.channel (online and window) | bundles.channel",),
        )
    if not rows[list(MEASURES)].notna().any(axis=None):
        return NotCheckable(
            "W22",
            *both("neither materials nor corrections nor the legal clock are known of cases whose channel is"),
            ("material_instances | stage (correction) | result | stage (accept, decide)",),
        )
    compared = [
        (str(item), measure, result)
        for measure in MEASURES
        for item, result in _compare(rows[rows[measure].notna()], measure, context.min_cases)
    ]
    found = []
    for item, measure, result in sorted(compared, key=lambda c: c[0]):
        if abs(result["smd"]) <= t["smd"] or result["p"] >= t["p"] / len(compared):
            continue
        own = rows[(rows["item_code"] == item).to_numpy(bool) & rows[measure].notna().to_numpy(bool)]
        # Those to look at came by the channel that asks for more.
        more = (result["difference"] > 0) == own["online"]
        cases = own["case"].to_numpy(np.int64)[more.to_numpy(bool)]
        title, statement = _words(measure, result)
        found.append(
            context.finding(
                RULE,
                key_of(item, measure),
                title=title,
                statement=at_place(context, item, "", statement),
                caveat=both("Those who apply online may differ from those who come; compare applicants and periods as well."),
                scope={"items": [item] if item else [], "channels": sorted(own["channel"].astype(str).unique())},
                cases=np.unique(cases),
                population=own["case"].nunique(),
                thresholds=t,
                reductions=("time",) if measure == "time" else ("materials",) if measure == "materials" else None,
                details={"kind": measure, **result},
            )
        )  # fmt: skip
    return found


def _words(measure: str, result: dict[str, Any]) -> tuple[Texts, Texts]:
    values = {k: result[k] for k in ("online", "window", "n_online", "n_window")}
    if measure == "materials":
        return both("more materials by one channel than by the other"), both(
            "{online:.1f} kinds of material per case online ({n_online:,} cases), {window:.1f} at the window ({n_window:,}), situations being "
            "alike; to be checked.",
            **values,
        )
    if measure == "corrections":
        return both("more corrections by one channel than by the other"), both(
            "{online:.0%} of the cases are asked for corrections online ({n_online:,} cases), {window:.0%} at the window ({n_window:,}), "
            "situations being alike; to be checked.",
            **values,
        )
    return both("longer handling by one channel than by the other"), both(
        "{online:.1f} working days on the legal clock online ({n_online:,} cases), {window:.1f} at the window ({n_window:,}), situations being "
        "alike; to be checked.",
        **values,
    )


def _rows(context: Context) -> pd.DataFrame | None:
    """Return one row per case and item of a known channel: case, item, variant, channel, online and the figures."""
    cases, bundles = context.table("cases"), context.table("bundles")
    table = cases if cases is not None else bundles
    if table is None:
        return None
    channel = table["channel"].astype("string") if "channel" in table else pd.Series(pd.NA, table.index, dtype="string")
    if bundles is not None and "channel" in bundles and cases is not None:
        of_bundle = bundles.drop_duplicates("case").set_index("case")["channel"].astype("string")
        channel = channel.fillna(table["case"].map(of_bundle))
    online = channel.str.contains(ONLINE, case=False).fillna(False)
    counter = channel.str.contains(COUNTER, case=False).fillna(False)
    rows = pd.DataFrame(
        {
            "case": table["case"],
            "item_code": table["item_code"].astype("string").fillna("") if "item_code" in table else "",
            "variant": table["variant_code"].astype("string").fillna("") if "variant_code" in table else "",
            "channel": channel,
            "online": online.to_numpy(bool),
        }
    )[(online ^ counter).to_numpy(bool)].drop_duplicates(["case", "item_code"])  # fmt: skip
    keys = pd.MultiIndex.from_frame(rows[["case", "item_code"]])
    for measure, values in (
        ("materials", _materials(context)), ("corrections", _corrections(context)), ("time", _time(context)),
    ):  # fmt: skip
        rows[measure] = np.nan if values is None else _matched(values, keys)
    if rows["corrections"].notna().any():
        rows["corrections"] = rows["corrections"].fillna(0.0)
    elif correction_requests(context) is not None:
        rows["corrections"] = 0.0
    return rows.reset_index(drop=True)


def _matched(values: pd.Series, keys: pd.MultiIndex) -> pd.Series:
    """Return the value of each case and item, that of the case alone where its item is not told."""
    own = values.reindex(keys)
    whole = values.xs("", level=1) if "" in values.index.get_level_values(1) else values.iloc[:0].droplevel(1)
    found = own.to_numpy(float, copy=True)
    missing = np.isnan(found)
    found[missing] = whole.reindex(keys.get_level_values(0)).to_numpy(float)[missing]
    if not len(keys.get_level_values(1)[keys.get_level_values(1) != ""]):
        # Rows without an item stand for whole cases.
        found = values.groupby(level=0).sum().reindex(keys.get_level_values(0)).to_numpy(float)
    return pd.Series(found)


def _materials(context: Context) -> pd.Series | None:
    table = context.table("material_instances")
    columns = [c for c in ("canonical_id", "material_code", "material_name") if table is not None and c in table]
    if table is None or not columns:
        return None
    kind = table[columns[0]]
    for column in columns[1:]:
        kind = kind.fillna(table[column])
    item = table["item_code"].astype("string").fillna("") if "item_code" in table else pd.Series("", table.index)
    kinds = pd.DataFrame({"case": table["case"], "item": item, "kind": kind}).dropna(subset=["kind"])
    return kinds.drop_duplicates().groupby(["case", "item"]).size().astype(float)


def _corrections(context: Context) -> pd.Series | None:
    rows = correction_requests(context)
    if rows is None or not len(rows):
        return None
    codes, labels = context.column("item_code")
    item = np.array([*map(str, labels), ""], object)[codes[rows]]
    frame = pd.DataFrame({"case": context.case[rows], "item": item}).drop_duplicates()
    return pd.Series(1.0, pd.MultiIndex.from_frame(frame))


def _time(context: Context) -> pd.Series | None:
    frame = context.clocks
    frame = frame[frame["decided"].notna() & frame["clock_days"].notna()]
    if frame.empty:
        return None
    index = pd.MultiIndex.from_arrays([frame["case"], frame["item_code"].astype("string").fillna("")])
    return pd.Series(frame["clock_days"].to_numpy(float), index)


def _compare(rows: pd.DataFrame, measure: str, least: int) -> list[tuple[Any, dict[str, Any]]]:
    """Compare a figure online and at the window within each variant, for every item with enough cases by both."""
    from scipy.special import erfc

    sides = [
        rows[(rows["online"] == side).to_numpy(bool)]
        .groupby(["item_code", "variant"])[measure]
        .agg(["size", "mean", "var"])
        for side in (True, False)
    ]
    parts = sides[0].add_suffix("_1").join(sides[1].add_suffix("_0"), how="inner")
    parts = parts[((parts["size_1"] >= 2) & (parts["size_0"] >= 2)).to_numpy(bool)]
    n1, m1, v1, n0, m0, v0 = (
        parts[f"{what}_{side}"].to_numpy(float) for side in (1, 0) for what in ("size", "mean", "var")
    )
    item, items = pd.factorize(parts.index.get_level_values("item_code"))

    def total(values: Floats) -> Floats:
        return np.bincount(item, weights=values, minlength=len(items)).astype(np.float64)

    weight = n1 * n0 / (n1 + n0)
    weight = weight / total(weight)[item]
    online, window, online_n, window_n = total(weight * m1), total(weight * m0), total(n1), total(n0)
    difference, variants = online - window, np.bincount(item, minlength=len(items))
    pooled = np.sqrt(total((n1 - 1) * v1 + (n0 - 1) * v0) / total(n1 + n0 - 2))
    error = np.sqrt(total(weight**2 * (v1 / n1 + v0 / n0)))
    # Where all cases of a channel are alike, any difference is certain.
    with np.errstate(divide="ignore", invalid="ignore"):
        smd, p = difference / pooled, erfc(np.abs(difference) / error / np.sqrt(2))
    differs = np.abs(difference) > 1e-12
    return [
        (
            items[i],
            {
                "online": float(online[i]), "window": float(window[i]), "difference": float(difference[i]),
                "smd": float(smd[i]), "p": float(p[i]), "n_online": int(online_n[i]), "n_window": int(window_n[i]),
                "variants": int(variants[i]),
            },
        )
        for i in np.flatnonzero(differs & (online_n >= least) & (window_n >= least)).tolist()
    ]  # fmt: skip


RULE = Rule(
    "W22", name, definition, ("cases.channel | bundles.channel",), find,
    group="难点", reengineering="③", reductions=("materials", "time"), measures=("M05", "M10"),
    parameters={"smd": Parameter(0.3, 0.0, 10.0), "p": Parameter(0.01, 1e-12, 0.5)},
)  # fmt: skip
