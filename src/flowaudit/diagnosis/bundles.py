"""Where the items of a one-thing wait for each other: who was last at every joining point, and the critical path."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.catalogue import Catalogue
from flowaudit.errors import MissingColumnError, UsageError
from flowaudit.eventlog import APPLICANT, EventLog, as_unit
from flowaudit.messages import translate as _
from flowaudit.metrics import clocks, complete_cases, wilson
from flowaudit.worktime import Calendar, OfficeHours, load_calendar

END_OF_BUNDLE = "end of bundle"
"""In the column ``event``: where the bundle's last item is delivered."""
ARROW = " → "
Ints = npt.NDArray[np.int64]
Stamps = npt.NDArray[np.datetime64]
_POINTS = ("point", "bundle_id", "event", "time", "item", "department", "arrived")


def synchronisation(
    log: EventLog, *, catalogue: Catalogue | None = None, calendar: Calendar | None = None
) -> pd.DataFrame:
    """Measure how long the items of a bundle wait for each other where they join.

    Items join at the bundle's end, and before every event that serves several of them. An item arrives at the end with
    its last delivery (its decision, where deliveries are not recorded), and at a shared event with the end of what was
    done for it before.

    Parameters
    ----------
    log : EventLog
        With bundles. An event is shared where several items of one bundle have it, by its ``event_id`` or by ``e2o``; in
        a log already seen by bundle also where it names no item.
    catalogue : Catalogue, optional
        Says which department is in charge of an item; else the one that decides it most often.
    calendar : Calendar, optional
        Default: China's official one.

    Returns
    -------
    pd.DataFrame
        One row per joining point of two items or more, in order of bundle and time: ``bundle_id, event`` (activity, or
        ``"end of bundle"``), ``time`` (the last arrival), ``n_items, last_item, last_department, synchronisation_days``
        (last arrival less the first) and ``lag_days`` (last less the last but one), in working days of office hours.
        ``last_item`` and ``last_department`` are missing where two arrived together last. At the end the department is
        the one in charge of the item, at an event the one that did the item's last step, the applicant's lane included.

    Raises
    ------
    MissingColumnError
        If the log has no bundles, or names no items.

    Notes
    -----
    A bundle has an end when its table gives it one and all its items have one; items that were withdrawn or refused at the door are not waited for.
    Where the log has no stages, an item arrives at the end with its last event. An item for which nothing was done before
    a shared event does not keep it waiting.

    References
    ----------
    Park, Adams, van der Aalst. OPerA: object-centric performance analysis. arXiv 2204.10662 (synchronisation, lagging).
    """
    points = _last(_arrivals(log, catalogue), "item")
    days = _Days(calendar)
    frame = pd.DataFrame(
        {
            "bundle_id": points["bundle_id"],
            "event": points["event"],
            "time": points["last"],
            "n_items": points["n"],
            "last_item": points["who"],
            "last_department": points["department"],
            "synchronisation_days": days(points["first"], points["last"]),
            "lag_days": days(points["second"], points["last"]),
        }
    )
    return frame


def lagging(
    log: EventLog,
    *,
    by: Literal["department", "item"] = "department",
    catalogue: Catalogue | None = None,
    calendar: Calendar | None = None,
) -> pd.DataFrame:
    """Count who was last where the items of a bundle join, and how long the others had to wait.

    Parameters
    ----------
    log, catalogue, calendar
        See :func:`synchronisation`.
    by : {"department", "item"}
        A department arrives with the last of its items; points of one department only are none.

    Returns
    -------
    pd.DataFrame
        One row per joining point's ``event`` and per department or item that takes part in it: ``points`` (of such points),
        ``last`` (how often it was last, alone), ``share, low, high`` (of ``points``, Wilson 95 %), ``mean_lag_days,
        median_lag_days`` (of the times it was last: its arrival less that of the last other one) and ``total_lag_days``;
        largest total first.

    Raises
    ------
    MissingColumnError
        As :func:`synchronisation`.

    Notes
    -----
    Who is last is no blame: an item that may not begin before another one ends, ends after it.
    """
    if by not in ("department", "item"):
        raise UsageError(
            _("there is no '{name}' to group by.", name=by), hint=_("choose one of: {names}", names="department, item")
        )
    arrivals = _arrivals(log, catalogue)
    points = _last(arrivals, by)
    took_part = arrivals[arrivals["point"].isin(points["point"])].dropna(subset=[by])
    took_part = took_part.drop_duplicates(["point", by])
    total = took_part.groupby(["event", by], sort=False).size().rename("points")
    alone = points[points["who"].notna()].assign(lag=lambda p: _Days(calendar)(p["second"], p["last"]))
    lag = alone.groupby(["event", "who"], sort=False)["lag"].agg(["size", "mean", "median", "sum"])
    lag.index = lag.index.set_names(["event", by])
    frame = total.to_frame().join(lag).reset_index()
    frame["size"] = frame["size"].fillna(0).astype(np.int64)
    bounds = [wilson(int(k), int(n)) for k, n in zip(frame["size"], frame["points"], strict=True)]
    out = pd.DataFrame(
        {
            "event": frame["event"],
            by: frame[by],
            "points": frame["points"],
            "last": frame["size"],
            "share": frame["size"] / frame["points"],
            "low": [b[0] for b in bounds],
            "high": [b[1] for b in bounds],
            "mean_lag_days": frame["mean"],
            "median_lag_days": frame["median"],
            "total_lag_days": frame["sum"].fillna(0.0),
        }
    )
    return out.sort_values(["total_lag_days", "event", by], ascending=[False, True, True], ignore_index=True)


@dataclass(frozen=True, eq=False)
class CriticalPaths:
    """The chain of items that decides how long each bundle takes.

    Attributes
    ----------
    share : pd.DataFrame
        One row per item: ``item, name, bundles`` (that have it), ``on_path`` (those where it lies on the path), ``share,
        low, high`` (Wilson 95 %), ``days_on_path_median`` and ``total_days`` (working days of the item on paths); largest
        total first.
    paths : pd.DataFrame
        ``path`` (items from first to last), ``bundles, share, span_days_median``, most frequent first.
    per_bundle : pd.DataFrame
        Index ``bundle_id``: ``path, span_days`` (first begin to last end) and its parts, which add up to it:
        ``lead_days`` (before the path's first item begins), ``items_days`` (items on the path), ``gap_days`` (between two
        of them), ``tail_days`` (after the path's last item).
    parts : pd.DataFrame
        One row per item on a path: ``bundle_id, item, place`` (0 is the path's first), ``start, end, days, gap_days``
        (to the item before it).
    left_out : int
        Bundles that have no end yet.
    """

    share: pd.DataFrame
    paths: pd.DataFrame
    per_bundle: pd.DataFrame = field(repr=False)
    parts: pd.DataFrame = field(repr=False)
    left_out: int = 0

    def _repr_html_(self) -> str:
        head = (_("Item"), _("Bundles"), _("On the critical path"), _("95 % interval"), _("Working days on it (total)"))
        rows = ["<tr>" + "".join(f"<th>{html.escape(h)}</th>" for h in head) + "</tr>"]
        for row in self.share.to_dict("records"):
            cells = (
                str(row["name"]),
                f"{row['bundles']:,}",
                f"{row['on_path']:,} ({row['share']:.0%})",
                f"{row['low']:.0%} – {row['high']:.0%}",
                f"{row['total_days']:,.0f}",
            )
            rows.append("<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in cells) + "</tr>")
        return f"<table>{''.join(rows)}</table>"


def critical_path(
    log: EventLog, *, catalogue: Catalogue | None = None, calendar: Calendar | None = None
) -> CriticalPaths:
    """Find the items that follow each other up to each bundle's end, and how often each item lies on that path.

    An item runs from the first begin to the last end of the events that serve it alone (of all its events, where there
    are no others). The path ends with the item that ended last; before each item stands the one that ended last among
    those that had ended when it began.

    Parameters
    ----------
    log : EventLog
        With bundles.
    catalogue : Catalogue, optional
        Names of the items.
    calendar : Calendar, optional
        Default: China's official one.

    Returns
    -------
    CriticalPaths
        Of bundles that have come to their end (all of them, where the log has no stages).

    Raises
    ------
    MissingColumnError
        As :func:`synchronisation`.

    Notes
    -----
    The path is observed, not prescribed: an item before another one need not be its prerequisite. In a gap other items
    may be under way. Items that ended together: the one that began last, then the last code.
    """
    tokens = _tokens(log)
    spans, left_out = _finished_spans(log, tokens)
    days = _Days(calendar)
    bundle, start, end = spans["bundle"].to_numpy(), spans["start"].to_numpy(), spans["end"].to_numpy()
    before, on_path, last = _chains(bundle, start, end)
    parts = spans[on_path].assign(
        days=days(start[on_path], end[on_path]),
        gap_days=np.where(
            before[on_path] >= 0, days(end[np.maximum(before[on_path], 0)], start[on_path]), 0.0
        ),
    )  # fmt: skip
    parts["place"] = parts.groupby("bundle", sort=False).cumcount()
    bundles = spans["bundle"].unique()
    names = pd.Index(np.asarray(tokens.attrs["bundles"], object)[bundles], name="bundle_id")
    grouped = parts.groupby("bundle", sort=False)
    first = tokens.groupby("bundle")["begin"].min().reindex(bundles).to_numpy()
    final = tokens.groupby("bundle")["end"].max().reindex(bundles).to_numpy()
    per_bundle = pd.DataFrame(
        {
            "path": grouped["item"].agg(ARROW.join).to_numpy(object) if len(parts) else np.zeros(0, object),
            "span_days": days(first, final),
            "lead_days": days(first, grouped["start"].first().to_numpy()),
            "items_days": grouped["days"].sum().to_numpy(),
            "gap_days": grouped["gap_days"].sum().to_numpy(),
            "tail_days": days(end[last], final),
        },
        index=names,
    )
    parts.insert(0, "bundle_id", np.asarray(tokens.attrs["bundles"], object)[parts["bundle"].to_numpy()])
    parts = parts[["bundle_id", "item", "place", "start", "end", "days", "gap_days"]].reset_index(drop=True)
    return CriticalPaths(_shares(spans, parts, catalogue), _paths(per_bundle), per_bundle, parts, left_out)


class _Days:
    """Working days between stamps: office hours over those of one office day."""

    def __init__(self, calendar: Calendar | None) -> None:
        self.calendar, self.office = calendar or load_calendar(), OfficeHours()

    def __call__(self, a: Any, b: Any) -> npt.NDArray[np.float64]:
        hours = self.calendar.working_time(np.asarray(a), np.asarray(b), self.office)
        found: npt.NDArray[np.float64] = hours / self.office.hours_per_day
        return found


def _shares(spans: pd.DataFrame, parts: pd.DataFrame, catalogue: Catalogue | None) -> pd.DataFrame:
    having = spans.groupby("item", sort=True)["bundle"].nunique()
    on = parts.groupby("item")["days"].agg(["size", "median", "sum"]).reindex(having.index)
    count = on["size"].fillna(0).astype(np.int64)
    bounds = [wilson(int(k), int(n)) for k, n in zip(count, having, strict=True)]
    frame = pd.DataFrame(
        {
            "item": having.index.to_numpy(object),
            "name": [catalogue.item_name(i) if catalogue else i for i in having.index],
            "bundles": having.to_numpy(),
            "on_path": count.to_numpy(),
            "share": (count / having).to_numpy(float),
            "low": [b[0] for b in bounds],
            "high": [b[1] for b in bounds],
            "days_on_path_median": on["median"].to_numpy(float),
            "total_days": on["sum"].fillna(0.0).to_numpy(float),
        }
    )
    return frame.sort_values(["total_days", "item"], ascending=[False, True], ignore_index=True)


def _paths(per_bundle: pd.DataFrame) -> pd.DataFrame:
    found = per_bundle.groupby("path")["span_days"].agg(["size", "median"]).reset_index()
    found.columns = pd.Index(["path", "bundles", "span_days_median"])
    found["share"] = found["bundles"] / max(len(per_bundle), 1)
    found = found.sort_values(["bundles", "path"], ascending=[False, True], ignore_index=True)
    return found[["path", "bundles", "share", "span_days_median"]]


def _tokens(log: EventLog) -> pd.DataFrame:
    """Return a row for every event and item that it serves; the labels of its codes are in ``attrs``."""
    by_bundle = as_unit(log, "bundle")
    return log.remember("items of bundles", lambda: _make_tokens(log, by_bundle))


def _make_tokens(log: EventLog, by_bundle: EventLog) -> pd.DataFrame:
    names = by_bundle.case_ids
    n = len(log.events)
    frame = pd.DataFrame({"row": np.arange(n), "end": log.stamps("end")})
    begin = log.stamps("start") if log.has("start") else frame["end"].to_numpy()
    frame["begin"] = np.where(np.isnat(begin), frame["end"].to_numpy(), begin)
    frame["activity"] = log.codes("activity")[0]
    frame["department"] = log.codes("department")[0] if log.has("department") else -1
    own: npt.NDArray[Any] = np.full(n, None, object)
    if log.has("item_code"):
        codes, labels = log.codes("item_code")
        own = np.array([*labels, None], object)[codes]
    cases = log.table("cases")
    if log.unit == "bundle":
        frame["bundle"] = log.case_index
        frame["item"] = own
        frame = _spread(frame, log, names)
    else:
        assert cases is not None, "as_unit has asked for it"
        table = cases.drop_duplicates("case_id").set_index("case_id")
        place = pd.Index(names).get_indexer(pd.Index(table["bundle_id"]))
        bundle_of = pd.Series(place, index=table.index, dtype="int64")
        case_ids = pd.Index(log.case_ids)
        frame["bundle"] = bundle_of.reindex(case_ids, fill_value=-1).to_numpy()[log.case_index]
        if "item_code" in table and table["item_code"].notna().any():
            items = table["item_code"].reindex(case_ids).astype(object).to_numpy()[log.case_index]
            own = np.where(pd.isna(items), own, items)
        frame["item"] = own
        if log.has("event_id"):
            ids = pd.factorize(log.events["event_id"].to_pandas())[0]
            frame["row"] = np.where(ids >= 0, ids, n + frame["row"].to_numpy())
    if not frame["item"].notna().any():
        raise MissingColumnError(
            _("the items of bundles cannot be told apart: neither the events nor the table 'cases' name an item_code."),
            hint=_("add the column item_code to the events or to the cases."),
        )
    frame = frame[(frame["bundle"] >= 0) & frame["item"].notna() & frame["end"].notna()]
    frame = frame.assign(item=pd.Categorical(frame["item"].astype(str)))
    frame["code"] = frame["item"].cat.codes.astype(np.int64)
    frame = frame.drop_duplicates(["bundle", "row", "code"])
    wide = int(frame["row"].max()) + 1 if len(frame) else 1
    key = frame["bundle"].to_numpy(np.int64) * wide + frame["row"].to_numpy(np.int64)
    __, event, served = np.unique(key, return_inverse=True, return_counts=True)
    frame["shared"] = served[event] > 1
    frame["event"] = event
    frame = frame.sort_values(["bundle", "code", "end", "begin"], kind="stable", ignore_index=True)
    frame.attrs = {
        "bundles": names,
        "activities": log.labels("activity"),
        "departments": log.labels("department") if log.has("department") else [],
    }
    return frame


def _spread(frame: pd.DataFrame, log: EventLog, names: list[str]) -> pd.DataFrame:
    """Give the events of a log seen by bundle to the items that ``e2o`` says, else those without an item to all."""
    cases, links = log.table("cases"), log.table("e2o")
    lone = frame["item"].notna()
    given = frame.iloc[:0]
    if links is not None and cases is not None and {"bundle_id", "item_code"} <= set(cases) and log.has("event_id"):
        of_cases = links if "object_type" not in links else links[links["object_type"] == "case"]
        linked = of_cases.merge(cases[["case_id", "bundle_id", "item_code"]], left_on="object_id", right_on="case_id")
        linked = linked.assign(bundle=pd.Index(names).get_indexer(pd.Index(linked["bundle_id"])))
        events = frame.assign(event_id=log.events["event_id"].to_pandas()).drop(columns="item")
        given = events.merge(linked[["bundle", "event_id", "item_code"]], on=["bundle", "event_id"])
        given = given.rename(columns={"item_code": "item"}).drop(columns="event_id")
    left = frame[~frame["row"].isin(given["row"])]
    everyone = frame[lone][["bundle", "item"]].drop_duplicates()
    nobodys = left[left["item"].isna()].drop(columns="item").merge(everyone, on="bundle")
    return pd.concat([given, left[left["item"].notna()], nobodys], ignore_index=True)


def _arrivals(log: EventLog, catalogue: Catalogue | None) -> pd.DataFrame:
    """Return a row for every joining point and item that arrives there, sorted by point and arrival."""
    tokens = _tokens(log)
    found = pd.concat([_at_events(tokens), _at_ends(log, tokens, catalogue)], ignore_index=True)
    if found.empty:
        return pd.DataFrame(columns=list(_POINTS))
    found = found.sort_values(["bundle", "time", "point", "arrived", "item"], kind="stable", ignore_index=True)
    found["point"] = pd.factorize(found["point"])[0]
    found["bundle_id"] = np.asarray(tokens.attrs["bundles"], object)[found["bundle"].to_numpy(np.int64)]
    return found[list(_POINTS)]


def _at_events(tokens: pd.DataFrame) -> pd.DataFrame:
    rows = np.flatnonzero(tokens["shared"].to_numpy())
    group = tokens["bundle"].to_numpy(np.int64) * (tokens["code"].max() + 1) + tokens["code"].to_numpy()
    before = _last_ended(group, tokens["end"].to_numpy(), group[rows], tokens["begin"].to_numpy()[rows])
    event = tokens["event"].to_numpy()
    itself = (before >= 0) & (event[np.maximum(before, 0)] == event[rows])
    before = np.where(itself, before - 1, before)
    known = (before >= 0) & (group[np.maximum(before, 0)] == group[rows])
    rows, before = rows[known], before[known]
    activities = np.asarray(tokens.attrs["activities"], object)
    departments = np.array([*tokens.attrs["departments"], None], object)
    return pd.DataFrame(
        {
            "point": event[rows],
            "bundle": tokens["bundle"].to_numpy()[rows],
            "event": activities[tokens["activity"].to_numpy()[rows]],
            "time": tokens["begin"].to_numpy()[rows],
            "item": tokens["item"].astype(object).to_numpy()[rows],
            "department": departments[tokens["department"].to_numpy()[before]],
            "arrived": tokens["end"].to_numpy()[before],
        }
    )


def _at_ends(log: EventLog, tokens: pd.DataFrame, catalogue: Catalogue | None) -> pd.DataFrame:
    ends, open_bundles = _results(log, tokens)
    ends = ends[~ends["bundle"].isin(open_bundles)]
    charge = _in_charge(log, tokens, catalogue)
    return ends.assign(
        point=-1 - ends["bundle"], event=END_OF_BUNDLE, department=ends["item"].map(charge),
        time=ends.groupby("bundle")["arrived"].transform("max"),
    )  # fmt: skip


def _results(log: EventLog, tokens: pd.DataFrame) -> tuple[pd.DataFrame, Ints]:
    """Return when every item had its result, and the bundles that wait for one."""
    # The table of bundles may know that the applicant has still to apply for an item.
    open_bundles = np.flatnonzero(~complete_cases(as_unit(log, "bundle")))
    if not log.has("stage"):
        last = tokens.groupby(["bundle", "item"], observed=True)["end"].max().reset_index()
        last["item"] = last["item"].astype(object)
        return last.rename(columns={"end": "arrived"}), open_bundles
    frame = clocks(log, unit=log.unit)
    frame["bundle"] = pd.Index(tokens.attrs["bundles"]).get_indexer(pd.Index(frame["case_id"]))
    cases = log.table("cases")
    if log.unit == "case" and cases is not None:
        # By case, so that what serves several items counts for those alone that have it.
        own = cases.drop_duplicates("case_id").set_index("case_id").reindex(frame["case_id"])
        frame["bundle"] = pd.Index(tokens.attrs["bundles"]).get_indexer(pd.Index(own["bundle_id"]))
        if "item_code" in own:
            stated = own["item_code"].astype(object).to_numpy()
            frame["item_code"] = np.where(pd.isna(stated), frame["item_code"].astype(object), stated)
        frame = frame[frame["bundle"] >= 0]
    by_delivery = (frame["ends_with"] == "delivery").to_numpy()
    running = frame["state"].isin(["applied", "accepted"]) | ((frame["state"] == "decided") & by_delivery)
    arrived = np.where(by_delivery, frame["delivered"].to_numpy(), frame["decided"].to_numpy())
    bundle = frame["bundle"].to_numpy(np.int64)
    ended = (frame["state"] == "ended").to_numpy()
    waiting = bundle[running.to_numpy() | (np.isnat(arrived) & ~ended)]
    found = pd.DataFrame({"bundle": bundle, "item": frame["item_code"].astype(object), "arrived": arrived})
    return found[~ended & ~np.isnat(arrived)], np.union1d(waiting, open_bundles)


def _in_charge(log: EventLog, tokens: pd.DataFrame, catalogue: Catalogue | None) -> dict[str, str]:
    """Return the department of every item: the catalogue's, else the one that decides it, else that does most of it."""
    labels = tokens.attrs["departments"]
    theirs = [code for code, label in enumerate(labels) if label != APPLICANT]
    own = tokens[tokens["department"].isin(theirs) & ~tokens["shared"]]
    charge: dict[str, str] = {}
    if log.has("stage"):
        codes, stages = log.codes("stage")
        deciding = {stages.index("decide")} if "decide" in stages else set()
        decided = pd.DataFrame({"activity": log.codes("activity")[0], "decides": np.isin(codes, list(deciding))})
        decides = decided.groupby("activity")["decides"].mean()
        charge = _most_often(own[own["activity"].map(decides).fillna(0.0) > 0.5], labels)
    charge = {**_most_often(own, labels), **charge}
    items = None if catalogue is None else catalogue.items
    if items is not None and "department" in items:
        stated = items.dropna(subset=["department"])
        charge.update(zip(stated["item_code"].astype(str), stated["department"].astype(str), strict=True))
    return charge


def _most_often(rows: pd.DataFrame, labels: list[str]) -> dict[str, str]:
    count = rows.groupby(["item", "department"], observed=True).size().reset_index(name="n")
    top = count.sort_values(["n", "department"], ascending=[False, True]).drop_duplicates("item")
    return {str(i): labels[d] for i, d in zip(top["item"], top["department"], strict=True)}


def _last(arrivals: pd.DataFrame, who: str) -> pd.DataFrame:
    """Return for every point of two or more the first, second last and last arrival, and who it was."""
    known = arrivals.dropna(subset=[who])
    # Of one that arrives several times (a department with several items) the last arrival counts.
    known = known.drop_duplicates(["point", who], keep="last")
    point = known["point"].to_numpy(np.int64)
    n = np.bincount(point) if len(point) else np.zeros(0, np.int64)
    size = n[point]
    known, size = known[size > 1], size[size > 1]
    last = np.flatnonzero(np.r_[known["point"].to_numpy()[1:] != known["point"].to_numpy()[:-1], True][: len(known)])
    first = last - size[last] + 1
    arrived = known["arrived"].to_numpy("datetime64[us]")
    alone = arrived[last] > arrived[last - 1]
    rows = known.iloc[last]
    return pd.DataFrame(
        {
            "point": rows["point"].to_numpy(),
            "bundle_id": rows["bundle_id"].to_numpy(),
            "event": rows["event"].to_numpy(),
            "n": size[last],
            "first": arrived[first],
            "second": arrived[last - 1],
            "last": arrived[last],
            "who": np.where(alone, rows[who].to_numpy(object), None),
            "department": np.where(alone, rows["department"].to_numpy(object), None),
        }
    )


def _finished_spans(log: EventLog, tokens: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Return begin and end of every item of finished bundles, sorted by bundle and end, and the number left out."""
    lonely = ~tokens.groupby(["bundle", "code"])["shared"].transform("all")
    rows = tokens[~(tokens["shared"] & lonely)]
    spans = rows.groupby(["bundle", "code"]).agg(item=("item", "first"), start=("begin", "min"), end=("end", "max"))
    spans = spans.reset_index()
    spans["item"] = spans["item"].astype(object)
    # An end before the start (a recording error) would let the chain run backwards.
    spans["start"] = np.minimum(spans["start"].to_numpy(), spans["end"].to_numpy())
    waiting = _results(log, tokens)[1]
    kept = spans[~spans["bundle"].isin(waiting)]
    kept = kept.sort_values(["bundle", "end", "start", "item"], kind="stable", ignore_index=True)
    return kept, spans["bundle"].nunique() - kept["bundle"].nunique()


def _chains(bundle: Ints, start: Stamps, end: Stamps) -> tuple[Ints, npt.NDArray[np.bool_], Ints]:
    """Return for items sorted by bundle and end the one before each (-1: none), which lie on a path, and the last ones."""
    before = _last_ended(bundle, end, bundle, start)
    place = np.arange(len(bundle))
    # An item of no length has itself among those that had ended when it began.
    before = np.minimum(before, place - 1)
    before = np.where((before >= 0) & (bundle[np.maximum(before, 0)] == bundle), before, -1)
    last = np.flatnonzero(np.r_[bundle[1:] != bundle[:-1], True][: len(bundle)])
    on_path = np.zeros(len(bundle), np.bool_)
    now = last
    while len(now):
        on_path[now] = True
        now = before[now]
        now = now[now >= 0]
    return before, on_path, last


def _last_ended(group: Ints, end: Stamps, asked: Ints, moment: Stamps) -> Ints:
    """Return for every asked group the last row that had ended by a moment; rows are sorted by group and end."""
    times, rank = np.unique(np.r_[end, moment], return_inverse=True)
    size = len(times) + 1
    keys, wanted = group * size + rank[: len(end)], asked * size + rank[len(end) :]
    found = np.searchsorted(keys, wanted, side="right") - 1
    return np.where((found >= 0) & (group[np.maximum(found, 0)] == asked), found, -1)
