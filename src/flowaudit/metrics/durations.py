"""减时间: end-to-end working days, and the official clock without its suspensions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from flowaudit.eventlog import APPLICANT, EventLog, Unit, as_unit, items_of
from flowaudit.metrics import _arrays as arrays
from flowaudit.metrics.cases import complete_cases
from flowaudit.metrics.steps import RECORDED_SHARE
from flowaudit.worktime import Calendar, load_calendar

NOT_ACCEPTED = ("补正", "补齐补正", "退回", "不予受理", "不受理", "退件")
"""Results of the acceptance stage that do not start the clock: a correction before acceptance postpones its start."""

STOPS_THE_CLOCK = frozenset(
    {
        "听证", "招标", "拍卖", "检验", "检测", "检疫", "鉴定", "专家评审", "补正", "补齐补正",
        "hearing", "tender", "auction", "inspection_test", "testing", "quarantine", "appraisal", "expert_review",
        "correction",
    }
)  # fmt: skip
"""Default where ``counts_in_clock`` is unknown: 行政许可法 Art 45, and corrections asked for after acceptance."""

EXTENSIONS = frozenset({"extension", "延长", "延长审批", "延期"})
"""Extensions move the deadline; they never stop the clock."""


@dataclass(frozen=True)
class EndToEnd:
    """End-to-end working days of each case, and from what to what they were measured."""

    days: arrays.Floats
    begins: Literal["applicant", "first_event"]
    ends: Literal["delivery", "last_event"]


def end_to_end(log: EventLog, calendar: Calendar, complete: arrays.Bools) -> EndToEnd:
    """Measure the working days from a case's first action to its result in hand; NaN for open cases."""
    start, end = arrays.begin(log), log.stamps("end")
    everything = np.ones(len(end), np.bool_)
    first = arrays.earliest(log, start, everything)
    applicant = arrays.among(log, "department", APPLICANT)
    acted = arrays.any_by_case(log, applicant)
    begins: Literal["applicant", "first_event"] = "first_event"
    if acted.mean() >= RECORDED_SHARE:
        begins = "applicant"
        first = np.where(acted, arrays.earliest(log, start, applicant), first)
    # Archiving and notices come after the result is in the applicant's hand.
    last = arrays.latest(log, end, ~arrays.among(log, "stage", "archive", "notify"))
    handed = arrays.any_by_case(log, arrays.among(log, "stage", "deliver"))
    ends: Literal["delivery", "last_event"] = "last_event"
    if handed[complete].any() and handed[complete].mean() >= RECORDED_SHARE / 2:
        ends = "delivery"
        result = arrays.latest(log, end, arrays.among(log, "stage", "deliver", "decide"))
        last = np.where(np.isnat(result), last, result)
    last = np.where(complete, last, np.datetime64("NaT", "us"))
    return EndToEnd(calendar.working_days(first, last), begins, ends)


@dataclass(frozen=True)
class _Spells:
    """Acceptance to decision of every accepted item; day numbers, ``decided`` valid only where closed."""

    case: arrays.Ints
    item: arrays.Ints
    labels: list[str]
    accepted: arrays.Ints
    decided: arrays.Ints
    closed: arrays.Bools


def _spells(log: EventLog) -> _Spells | None:
    end = log.stamps("end")
    known = ~np.isnat(end)
    accept = arrays.among(log, "stage", "accept") & known & ~arrays.among(log, "result", *NOT_ACCEPTED)
    decide = arrays.among(log, "stage", "decide") & known
    if accept.any() and decide.any():
        item = arrays.codes(log, "item_code")
        labels = log.codes("item_code")[1] if log.has("item_code") else []
        rows = _from_events(log.case_index, item, end, accept, decide)
    else:
        found = _from_table(log)
        if found is None:
            return None
        rows, labels = found
    rows = rows[rows["accept"].notna()]
    if not rows["decide"].notna().any():
        return None
    accepted = arrays.days_of(rows["accept"].to_numpy("datetime64[us]"))
    decided = rows["decide"].fillna(rows["accept"]).to_numpy("datetime64[us]")
    closed = rows["decide"].notna().to_numpy() & (arrays.days_of(decided) >= accepted)
    return _Spells(
        rows["case"].to_numpy(np.int64), rows["item"].to_numpy(np.int64), labels, accepted, arrays.days_of(decided), closed
    )  # fmt: skip


def _from_events(
    case: arrays.Ints, item: arrays.Ints, end: arrays.Stamps, accept: arrays.Bools, decide: arrays.Bools
) -> pd.DataFrame:
    width = int(item.max(initial=-1)) + 2
    key = case * width + item + 1
    rows = pd.DataFrame(
        {
            "accept": pd.Series(end[accept]).groupby(key[accept]).min(),
            "decide": pd.Series(end[decide]).groupby(key[decide]).max(),
        }
    )
    rows["case"], rows["item"] = np.divmod(rows.index.to_numpy(np.int64), width)
    rows["item"] -= 1
    # What was accepted or decided for the whole bundle stands in for the items that have none of their own.
    whole = rows[rows["item"] < 0].set_index("case")
    single = rows[rows["item"] >= 0]
    for column in ("accept", "decide"):
        shared = whole[column].reindex(single["case"]).to_numpy("datetime64[us]")
        own = single[column].to_numpy("datetime64[us]")
        single = single.assign(**{column: np.where(np.isnat(own), shared, own)})
    alone = rows[(rows["item"] < 0) & ~rows["case"].isin(single["case"])]
    return pd.concat([single, alone]) if len(alone) else single


def _from_table(log: EventLog) -> tuple[pd.DataFrame, list[str]] | None:
    items = items_of(log)
    if items is None or not {"accept_time", "decide_time"} <= set(items.columns):
        return None
    case = arrays.positions(log, items["unit_id"])
    code, labels = np.full(len(items), -1), pd.Index([])
    if "item_code" in items:
        code, labels = pd.factorize(pd.Index(items["item_code"]))
    rows = pd.DataFrame(
        {
            "case": case,
            "item": code,
            "accept": arrays.times(items["accept_time"]),
            "decide": arrays.times(items["decide_time"]),
        }
    )
    return rows[rows["case"] >= 0], [str(label) for label in labels]


@dataclass(frozen=True)
class _Stops:
    spell: arrays.Ints
    start: arrays.Ints
    end: arrays.Ints
    open_spells: arrays.Ints


def _stops(log: EventLog, spells: _Spells) -> _Stops:
    """Return the day intervals in which the clock of a spell stands still."""
    none = np.zeros(0, np.int64)
    table = log.table("special_episodes")
    if table is None or not {"case_id", "start"} <= set(table.columns):
        return _Stops(none, none, none, none)
    table = table[~_counts(table)]
    labels = {label: i for i, label in enumerate(spells.labels)}
    item = table["item_code"].astype("object") if "item_code" in table else pd.Series(None, table.index, dtype=object)
    episodes = pd.DataFrame(
        {
            "case": arrays.positions(log, table["case_id"]),
            "wanted": [-1 if pd.isna(i) else labels.get(str(i), -2) for i in item],
            "start": arrays.times(table["start"]),
            "end": arrays.times(table["end"]) if "end" in table else np.datetime64("NaT", "us"),
        }
    )
    episodes = episodes[(episodes["case"] >= 0) & episodes["start"].notna()]
    owner = pd.DataFrame({"case": spells.case, "item": spells.item, "spell": np.arange(len(spells.case))})
    pairs = episodes.merge(owner, on="case")
    # An episode or a spell that names no item concerns the whole case.
    pairs = pairs[(pairs["wanted"] == pairs["item"]) | (pairs["wanted"] == -1) | (pairs["item"] == -1)]
    spell = pairs["spell"].to_numpy(np.int64)
    begun = arrays.days_of(pairs["start"].to_numpy("datetime64[us]"))
    endless = pairs["end"].isna().to_numpy()
    cut = log.stamps("end").max() if endless.any() else np.datetime64("NaT", "us")
    ended = arrays.days_of(np.where(endless, cut, pairs["end"].to_numpy("datetime64[us]")))
    inside = endless & (begun < spells.decided[spell])
    return _Stops(spell, begun, ended, np.unique(spell[inside]))


def _counts(table: pd.DataFrame) -> arrays.Bools:
    """Say which episodes leave the clock running: extensions, and what the item's rule or the law counts."""
    kind = table["type"].astype("string").str.strip().str.casefold() if "type" in table else pd.Series("", table.index)
    default = ~kind.isin(STOPS_THE_CLOCK)
    if "counts_in_clock" in table:
        words = table["counts_in_clock"].astype("string").str.strip().str.casefold()
        flag = words.isin(["true", "1", "1.0", "是"])
        default = default.where(words.isna() | (words == ""), flag)
    return np.asarray(default | kind.isin(EXTENSIONS), np.bool_)


def clock_days(log: EventLog, calendar: Calendar) -> arrays.Floats | None:
    """Measure the official clock of each case: working days in the union of its items' clocks.

    Returns
    -------
    ndarray of float or None
        NaN where no item was accepted, where one is not decided, or where a suspension never ended; None where the
        log records neither acceptance and decision stages nor their times.
    """
    spells = _spells(log)
    if spells is None:
        return None
    stops = _stops(log, spells)
    running = spells.closed.copy()
    running[stops.open_spells] = False
    spell, a, b = arrays.subtract_intervals(spells.accepted, spells.decided, stops.spell, stops.start, stops.end)
    days = arrays.working_days_covered(calendar, log.n_cases, spells.case[spell], a, b)
    known = np.zeros(log.n_cases, np.bool_)
    known[spells.case] = True
    known[spells.case[~running]] = False
    return np.where(known, days, np.nan)


def official_clock(log: EventLog, *, unit: Unit | None = None, calendar: Calendar | None = None) -> pd.DataFrame:
    """Measure the official clock of every accepted item (计时办理时间).

    Parameters
    ----------
    log : EventLog
    unit : {"case", "bundle"}, optional
    calendar : Calendar, optional
        Default: China's official one.

    Returns
    -------
    pd.DataFrame
        One row per case and accepted item: ``case_id, item_code, accepted, decided`` (dates), ``clock_days`` (working
        days in (accepted, decided] without suspensions), ``suspended_days``, ``open`` (not decided, or suspended
        without end; the days are then NaN). Empty where the log does not record it.

    Notes
    -----
    The clock starts with the first acceptance that is not a refusal or a request for corrections, and stops in
    the union of the item's episodes whose ``counts_in_clock`` is false. Where that is unknown, the list of
    行政许可法 Art 45 and corrections after acceptance stop it. Extensions never do.

    Examples
    --------
    >>> from flowaudit.eventlog import from_frame
    >>> log = from_frame(pd.DataFrame({"case_id": "1", "activity": ["受理", "决定"], "stage": ["accept", "decide"],
    ...                                "end": pd.to_datetime(["2024-09-30 10:00", "2024-10-12 09:00"])}))
    >>> official_clock(log)["clock_days"].tolist()
    [5.0]
    """
    log = as_unit(log, unit)
    calendar = calendar or load_calendar()
    columns = ["case_id", "item_code", "accepted", "decided", "clock_days", "suspended_days", "open"]
    spells = _spells(log) if log.n_cases else None
    if spells is None:
        return pd.DataFrame(columns=columns)
    stops = _stops(log, spells)
    n = len(spells.case)
    spell, a, b = arrays.subtract_intervals(spells.accepted, spells.decided, stops.spell, stops.start, stops.end)
    clock = arrays.working_days_covered(calendar, n, spell, a, b)
    whole = arrays.working_days_covered(calendar, n, np.arange(n), spells.accepted, spells.decided)
    is_open = ~spells.closed
    is_open[stops.open_spells] = True
    decided = np.where(spells.closed, spells.decided.astype("datetime64[D]"), np.datetime64("NaT", "D"))
    values = (
        [log.case_ids[c] for c in spells.case],
        [spells.labels[i] if i >= 0 else None for i in spells.item],
        spells.accepted.astype("datetime64[D]").astype("datetime64[s]"),
        decided.astype("datetime64[s]"),
        np.where(is_open, np.nan, clock),
        np.where(is_open, np.nan, whole - clock),
        is_open,
    )
    return pd.DataFrame(dict(zip(columns, values, strict=True)))


def end_to_end_days(log: EventLog, *, unit: Unit | None = None, calendar: Calendar | None = None) -> pd.Series:
    """Measure the working days from the first action of a case to its result in hand (全程工作日).

    Returns
    -------
    pd.Series
        Whole working days, index ``case_id``; NaN for open cases.

    Notes
    -----
    From the applicant's first action where the applicant's lane is recorded, else from the first event; to the last
    delivery (or decision) where deliveries are recorded, else to the last event. Notices and archiving never count.
    """
    log = as_unit(log, unit)
    days = end_to_end(log, calendar or load_calendar(), complete_cases(log)).days
    return pd.Series(days, pd.Index(log.case_ids, name="case_id"), name="e2e_days")
