"""What contradicts itself in a log and its guides, in one table, and which figures are withheld for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from flowaudit.catalogue import Catalogue, lint
from flowaudit.eventlog import EventLog, SourceRows, Unit, as_unit
from flowaudit.messages import Language, current_language, speaking
from flowaudit.messages import translate as _
from flowaudit.metrics import _arrays as arrays
from flowaudit.metrics.clocks import clock_problems
from flowaudit.metrics.guide import visits_stated
from flowaudit.metrics.trips import correction_visits
from flowaudit.worktime import Calendar

COLUMNS = ("file", "row", "column", "case_id", "item_code", "check", "problem", "withheld")

_WITHHELD: Mapping[str, tuple[str, ...]] = {
    "decided_before_accepted": ("clock", "on_time"),
    "accepted_before_applied": ("pre",),
    "delivered_before_decided": ("deliver",),
    "delivered_before_applied": ("time",),
    "decided_without_acceptance": ("clock", "on_time"),
    "delivered_without_decision": ("clock", "deliver"),
    "suspension_without_end": ("clock", "on_time"),
    "suspension_without_length": ("clock", "on_time"),
    "extension_without_days": ("on_time",),
    "calendar_year_unknown": ("time", "clock", "on_time"),
    "statutory_limit_without_unit": ("on_time",),
    "promised_limit_without_unit": ("on_time",),
    "statutory_extension_unit": ("on_time",),
    "promised_extension_unit": ("on_time",),
    "item_not_in_catalogue": ("on_time", "guide"),
    "G11": ("guide_time",), "G70": ("guide_time",),
    "G20": ("guide_trips",), "G23": ("guide_trips",), "G27": ("guide_trips",),
}  # fmt: skip
# Where a problem of a case stands, when the log is a folder of tables.
_STANDS_IN = {"suspension_without_end": "special_episodes", "suspension_without_length": "special_episodes"}


def figure_name(key: str, lang: Language | None = None) -> str:
    """Return what people call a figure that can be withheld."""
    names = {
        "time": _("end-to-end time", lang=lang),
        "clock": _("official clock", lang=lang),
        "on_time": _("on time or late", lang=lang),
        "pre": _("time before acceptance", lang=lang),
        "deliver": _("time of delivery", lang=lang),
        "guide": _("what its guide states", lang=lang),
        "guide_time": _("promised time of the guides", lang=lang),
        "guide_trips": _("trips the guides state", lang=lang),
    }
    return names[key]


def measure_problems(
    log: EventLog,
    catalogue: Catalogue | None = None,
    *,
    unit: Unit | None = None,
    calendar: Calendar | None = None,
    cut_off: Any = None,
    rows: SourceRows | None = None,
    lang: Language | None = None,
) -> pd.DataFrame:
    """Name everything that contradicts itself, where it stands, and which figures are withheld for it.

    Parameters
    ----------
    log : EventLog
        By single application, as it was read: file and row are those of the application.
    catalogue : Catalogue, optional
    unit, calendar, cut_off
        See :func:`flowaudit.metrics.clocks`; ``unit`` is the log's own by default.
    rows : SourceRows, optional
        What :func:`flowaudit.eventlog.source_rows` remembered while the log was read; without it a problem of a case has
        no file and row.
    lang : {"zh", "en"}, optional

    Returns
    -------
    pd.DataFrame
        ``file, row, column`` (where it stands), ``case_id, item_code``, ``check`` (a stable name; of guides the number of
        the linter's rule), ``problem`` in words, ``withheld`` (figures, in words; empty where nothing depends on it).
        Problems of the catalogue first. An unknown item is named once, with its first application.

    Examples
    --------
    >>> from flowaudit.eventlog import from_frame
    >>> log = from_frame(pd.DataFrame({"case_id": "1", "activity": ["决定", "受理"], "stage": ["decide", "accept"],
    ...     "end": pd.to_datetime(["2024-09-27 10:00", "2024-09-30 10:00"])}))
    >>> measure_problems(log, lang="en")[["case_id", "check", "withheld"]].values.tolist()
    [['1', 'decided_before_accepted', 'official clock; on time or late']]
    """
    lang = lang or current_language()
    log = as_unit(log, unit or log.unit)
    parts = (
        []
        if catalogue is None
        else [_of_catalogue(catalogue), _of_guides(catalogue, lang), _came(log, catalogue, lang)]
    )
    with speaking(lang):
        parts.append(_of_cases(log, catalogue, calendar, cut_off, rows))
    found = pd.concat([p for p in parts if len(p)]) if any(len(p) for p in parts) else pd.DataFrame(columns=["check"])
    found = found.reindex(columns=[c for c in COLUMNS if c != "withheld"])
    sign = "、" if lang == "zh" else "; "
    words = {key: sign.join(figure_name(name, lang) for name in names) for key, names in _WITHHELD.items()}
    found["withheld"] = found["check"].map(words).fillna("")
    found["row"] = found["row"].astype("Int64")
    return found.reset_index(drop=True)


def _of_catalogue(catalogue: Catalogue) -> pd.DataFrame:
    told = catalogue.problems
    told = told[told["severity"] != "note"] if "severity" in told else told
    return told[["file", "row", "column", "problem"]].assign(check="catalogue")


def _of_guides(catalogue: Catalogue, lang: Language) -> pd.DataFrame:
    found = lint(catalogue)
    found = found[found["severity"] == "wrong"]
    return found.rename(columns={"rule": "check", f"statement_{lang}": "problem"})[
        ["file", "row", "item_code", "check", "problem"]
    ]


def _of_cases(
    log: EventLog, catalogue: Catalogue | None, calendar: Calendar | None, cut_off: Any, rows: SourceRows | None
) -> pd.DataFrame:  # fmt: skip
    found = clock_problems(log, catalogue, unit=log.unit, calendar=calendar, cut_off=cut_off)
    unknown = found["check"] == "item_not_in_catalogue"
    found = found[~unknown | ~found.loc[unknown, "item_code"].duplicated().reindex(found.index, fill_value=False)]
    if rows is None or found.empty:
        return found
    parts = []
    for table, part in found.groupby(found["check"].map(_STANDS_IN).fillna("cases"), sort=False):
        where = rows.find(part["case_id"].astype(str).tolist(), (str(table), "cases", "events"))
        parts.append(part.assign(**{name: where[name].reindex(part["case_id"]).to_numpy() for name in where.columns}))
    return pd.concat(parts).sort_index(kind="stable")


def _came(log: EventLog, catalogue: Catalogue, lang: Language) -> pd.DataFrame:
    """Name the items that need no trip by their guide, though applicants came for them."""
    stated = visits_stated(catalogue)
    if stated is None or not log.has("visit_id", "item_code"):
        return pd.DataFrame()
    code, labels = log.codes("item_code")
    visit, visits = log.codes("visit_id")
    # The guide's trips are those of an application without corrections.
    again = correction_visits(log)
    counted = [i for i, name in enumerate(visits) if name not in again]
    came = np.isin(visit, counted) & ~arrays.among(log, "stage", "correction", "consult")
    rows = []
    for item in stated.index[stated == 0]:
        if item not in labels:
            continue
        own = code == labels.index(item)
        n, k = (len(np.unique(log.case_index[m])) for m in (own, own & came))
        if k:
            words = _("the guide states 0 trips, yet in {k:,} of {n:,} applications somebody came", lang=lang, k=k, n=n)
            rows.append({"item_code": item, "check": "came_though_0_trips", "problem": words})
    return pd.DataFrame(rows)
