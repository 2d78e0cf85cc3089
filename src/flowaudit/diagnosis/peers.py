"""Like with like: one item in different districts or departments, with limits as wide as each one's numbers make them."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.catalogue import Catalogue
from flowaudit.errors import MissingColumnError, UsageError
from flowaudit.eventlog import APPLICANT, EventLog
from flowaudit.messages import translate as _
from flowaudit.metrics import clocks, still_running
from flowaudit.worktime import Calendar

Kind = Literal["share", "duration"]
Floats = npt.NDArray[np.float64]

SHARES = ("late", "correction", "on_site")
DURATIONS = ("clock_days", "pre_days", "deliver_days", "e2e_working_days", "e2e_days")
LEAST = 10
"""Cells of fewer cases are suppressed."""
ENOUGH = 10
"""Cells from which overdispersion can be estimated."""
WINSOR = 0.10
LEVELS = (0.95, 0.998)
CURVE = 60


@dataclass(frozen=True, eq=False)
class PeerComparison:
    """One figure of peers that do the same, each against what its number of cases lets expect.

    Attributes
    ----------
    table : pd.DataFrame
        One row per group (what is alike, such as the item) and peer: ``group, peer, n, value`` (share, or median),
        ``expected`` (of the whole group), ``z`` (adjusted for overdispersion), ``low95, high95, low998, high998`` (control
        limits), ``outside`` (``""``, ``"95"`` or ``"99.8"``), ``suppressed``. Of fewer than 10 cases only the names are told.
    curves : pd.DataFrame
        The same limits over a grid of ``n``, for the funnel: ``group, n, expected, low95, high95, low998, high998``.
    metric : str
    by, within : str
    kind : {"share", "duration"}
    overdispersion : float
        Factor of the variance, at least 1; 1 where fewer than 10 cells could be compared (``estimated`` is False).
    estimated : bool
    """

    table: pd.DataFrame
    curves: pd.DataFrame = field(repr=False)
    metric: str
    by: str
    within: str
    kind: Kind
    overdispersion: float
    estimated: bool

    @property
    def outside(self) -> pd.DataFrame:
        """The peers outside their limits, farthest first: to be looked at, not to be ranked."""
        rows = self.table[self.table["outside"] != ""]
        return rows.sort_values("z", key=np.abs, ascending=False, ignore_index=True)

    def _repr_html_(self) -> str:
        head = (_("Group"), _("Peer"), _("Cases"), _("Value"), _("Expected"), _("95 % limits"), _("Outside"))
        rows = ["<tr>" + "".join(f"<th>{html.escape(h)}</th>" for h in head) + "</tr>"]
        for row in self.table.to_dict("records"):
            if row["suppressed"]:
                cells = (str(row["group"]), str(row["peer"]), f"<{LEAST}", "—", "—", "—", "")
            else:
                value, expected, low, high = (self.shown(row[c]) for c in ("value", "expected", "low95", "high95"))
                cells = (str(row["group"]), str(row["peer"]), f"{row['n']:,}", value, expected, f"{low} – {high}",
                         row["outside"] and f"{row['outside']} %")  # fmt: skip
            rows.append("<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in cells) + "</tr>")
        return f"<table>{''.join(rows)}</table>"

    def shown(self, value: float) -> str:
        """Return a value as people read it: a share in per cent, a duration with one decimal."""
        return f"{value:.1%}" if self.kind == "share" else f"{value:,.1f}"


def compare_peers(
    log: EventLog,
    *,
    metric: str | pd.Series = "late",
    by: str = "district",
    within: str | None = "item_code",
    catalogue: Catalogue | None = None,
    calendar: Calendar | None = None,
) -> PeerComparison:
    """Compare those who do the same, each within the limits that its number of cases sets.

    Parameters
    ----------
    log : EventLog
        By case (one item's application each), not by bundle.
    metric : str or pd.Series
        Of every case: ``late`` (later than promised, or than the law allows where nothing is promised), ``correction`` (had
        to correct), ``on_site`` (was inspected): shares. ``clock_days, pre_days, deliver_days, e2e_working_days, e2e_days``
        of finished cases: medians. Or values by ``case_id``; those of truth or of 0 and 1 only are shares.
    by : str
        What distinguishes the peers: a column of the table of cases, or ``department`` or ``office`` (the one that decided,
        else the one that did most; never the applicant).
    within : str, optional
        What they have in common, in the same way. None compares all cases.
    catalogue, calendar
        For the clocks, see :func:`flowaudit.metrics.clocks`.

    Returns
    -------
    PeerComparison
        Groups with one peer only are left out.

    Raises
    ------
    UsageError
        If there is no such metric, or the log is seen by bundle.
    MissingColumnError
        If the log has no such column, or does not record what the metric needs.

    Notes
    -----
    Shares: exact binomial limits around the share of the whole group (a whole number of cases outside has less than 2.5 % of
    chance on its side). Medians: the median of n draws from the group's own
    distribution lies with 95 % (99.8 %) between its quantiles at those of a Beta((n + 1) / 2, (n + 1) / 2) variate; on a
    log scale, or any other, the limits are the same. Where peers differ more than chance explains, all limits are widened by the
    square root of the overdispersion factor: the mean of the squared z values, the outermost tenth on each side drawn in
    (winsorised), over all groups together.

    One of twenty sound peers lies outside its 95 % limits. What peers are given to do may differ: outside is a question.

    References
    ----------
    Spiegelhalter. Funnel plots for comparing institutional performance. *Statistics in Medicine* 24 (2005) 1185-1202.
    """
    if log.unit == "bundle":
        raise UsageError(
            _("compare_peers compares single cases; this log is seen by bundle."), hint=_("give the log by case.")
        )
    name = metric if isinstance(metric, str) else str(metric.name or "value")
    values = _values(log, metric, catalogue, calendar) if isinstance(metric, str) else metric.reindex(log.case_axis)
    frame = pd.DataFrame(
        {
            "value": pd.to_numeric(pd.Series(values.to_numpy()), errors="coerce").astype(float).to_numpy(),
            "peer": _attribute(log, by),
            "group": _attribute(log, within) if within else "",
        }
    ).dropna()
    kind: Kind = "share" if frame["value"].isin([0.0, 1.0]).all() and name not in DURATIONS else "duration"
    counts = frame.groupby("group")["peer"].nunique()
    frame = frame[frame["group"].isin(counts.index[counts > 1])]
    cells = _cells(frame, kind)
    factor, estimated = _overdispersion(cells["z"].dropna().to_numpy(float))
    table, curves = _limits(frame, cells, kind, factor)
    return PeerComparison(table, curves, name, by, within or "", kind, factor, estimated)


def _values(log: EventLog, metric: str, catalogue: Catalogue | None, calendar: Calendar | None) -> pd.Series:
    if metric in ("correction", "on_site"):
        log.require("compare_peers", "stage")
        stage, names = log.codes("stage")
        wanted = "correction" if metric == "correction" else "inspect"
        rows = stage == names.index(wanted) if wanted in names else np.zeros(len(stage), np.bool_)
        found = np.bincount(log.case_index, weights=rows, minlength=log.n_cases) > 0
        return pd.Series(found.astype(float), log.case_axis)
    if metric not in ("late", *DURATIONS):
        raise UsageError(
            _("there is no metric '{metric}'.", metric=metric),
            hint=_("choose one of: {names}", names=", ".join((*SHARES, *DURATIONS))),
        )
    log.require("compare_peers", "stage")
    frame = clocks(log, catalogue, unit="case", calendar=calendar)
    if metric == "late":
        on_time = frame["promised_on_time"].fillna(frame["statutory_on_time"])
        if on_time.isna().all():
            raise MissingColumnError(
                _("no case can be told to be late: the log and the catalogue state no time limits with their unit."),
                hint=_("add promised_days and promised_unit to the table of cases, or give a catalogue."),
            )
        value = (~on_time).astype("Float64").astype(float)
    else:
        value = frame[metric].mask(still_running(frame, metric)).astype(float)
    # A case of several items is as late as its latest.
    return value.groupby(frame["case_id"].to_numpy()).max().reindex(log.case_axis)


def _attribute(log: EventLog, name: str) -> npt.NDArray[Any]:
    """Return what every case has under a name: of its table, or of its events."""
    cases = log.table("cases")
    if cases is not None and name in cases and cases[name].notna().any():
        column = cases.drop_duplicates("case_id").set_index("case_id")[name].reindex(log.case_axis)
        return column.astype(object).where(column.notna(), None).to_numpy(object)
    if not log.has(name):
        columns = ", ".join(f"'{c}'" for c in ([] if cases is None else cases.columns))
        raise MissingColumnError(
            _("compare_peers needs the column '{column}' of cases or events; the cases have {columns}.", column=name, columns=columns or "—"),
            hint=_("name another one: by='department', within=None"),
        )  # fmt: skip
    codes, labels = log.codes(name)
    keep = codes >= 0
    if name in ("department", "office") and log.has("department"):
        own, departments = log.codes("department")
        keep &= ~np.isin(own, [k for k, label in enumerate(departments) if label == APPLICANT])
    weight = np.ones(len(codes))
    if log.has("stage") and name in ("department", "office"):
        stage, names = log.codes("stage")
        # One decision outweighs everything else that was done in the case.
        weight[stage == (names.index("decide") if "decide" in names else -2)] = len(codes)
    rows = pd.DataFrame({"case": log.case_index[keep], "code": codes[keep], "weight": weight[keep]})
    total = rows.groupby(["case", "code"])["weight"].sum().reset_index()
    top = total.sort_values(["case", "weight", "code"], ascending=[True, False, True]).drop_duplicates("case")
    found: npt.NDArray[Any] = np.full(log.n_cases, None, object)
    found[top["case"].to_numpy()] = np.asarray([str(label) for label in labels], object)[top["code"].to_numpy()]
    return found


def _cells(frame: pd.DataFrame, kind: Kind) -> pd.DataFrame:
    """Return n, value and raw z of every group and peer; missing where there are too few cases."""
    from scipy.stats import beta, norm

    rows = []
    for group, own in frame.groupby("group", sort=True):
        pool = np.sort(own["value"].to_numpy(float))
        centre = float(pool.mean()) if kind == "share" else float(np.median(pool))
        for peer, theirs in own.groupby("peer", sort=True)["value"]:
            n = len(theirs)
            if n < LEAST:
                rows.append((group, peer, n, np.nan, centre, np.nan))
                continue
            if kind == "share":
                value = float(theirs.mean())
                spread = np.sqrt(centre * (1 - centre) / n)
                z = (value - centre) / spread if spread > 0 else np.nan
            else:
                value = float(theirs.median())
                below, upto = (np.searchsorted(pool, value, side) / len(pool) for side in ("left", "right"))
                # Of equal values (whole days) the one nearest the middle: the same day is no difference.
                level = beta.cdf(min(max(0.5, below), upto), (n + 1) / 2, (n + 1) / 2)
                z = round(float(norm.ppf(np.clip(level, 1e-12, 1 - 1e-12))), 12)
            rows.append((group, peer, n, value, centre, z))
    return pd.DataFrame(rows, columns=["group", "peer", "n", "value", "expected", "z"])


def _overdispersion(z: Floats) -> tuple[float, bool]:
    """Return the factor by which the variance exceeds chance, and whether there were enough cells to tell."""
    if len(z) < ENOUGH:
        return 1.0, False
    low, high = np.quantile(z, [WINSOR, 1 - WINSOR])
    return max(1.0, float(np.mean(np.clip(z, low, high) ** 2))), True


def _limits(frame: pd.DataFrame, cells: pd.DataFrame, kind: Kind, factor: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    names = ["low95", "high95", "low998", "high998"]
    table = cells.assign(**dict.fromkeys(names, np.nan))
    curves = []
    pools = {group: np.sort(own["value"].to_numpy(float)) for group, own in frame.groupby("group", sort=True)}
    for group, own in cells.groupby("group", sort=True):
        pool = pools[group]
        table.loc[own.index, names] = control_limits(pool, own["n"].to_numpy(float), kind, factor)
        shown = own.loc[own["n"] >= LEAST, "n"]
        if len(shown):
            grid = np.unique(np.rint(np.geomspace(LEAST, max(float(shown.max()) * 1.1, LEAST + 1), CURVE)))
            found = control_limits(pool, grid, kind, factor)
            own_curve = pd.DataFrame(found, columns=names)
            own_curve.insert(0, "group", group)
            own_curve.insert(1, "n", grid.astype(np.int64))
            own_curve.insert(2, "expected", own["expected"].iloc[0])
            curves.append(own_curve)
    table["z"] = table["z"] / np.sqrt(factor)
    few = table["n"] < LEAST
    table.loc[few, ["value", "expected", "z", *names]] = np.nan
    beyond = [(table["value"] < table[f"low{k}"]) | (table["value"] > table[f"high{k}"]) for k in ("95", "998")]
    table["outside"] = np.where(beyond[1], "99.8", np.where(beyond[0], "95", ""))
    table["suppressed"] = few
    table["n"] = table["n"].astype("Int64").mask(few)
    empty = pd.DataFrame(columns=["group", "n", "expected", *names])
    return table, pd.concat(curves, ignore_index=True) if curves else empty


def control_limits(pool: npt.ArrayLike, n: npt.ArrayLike, kind: Kind, factor: float = 1.0) -> Floats:
    """Return the limits between which the figure of n cases lies by chance: 95 % low and high, 99.8 % low and high.

    Parameters
    ----------
    pool : array_like of float
        All values of the group, sorted.
    n : array_like of float
    kind : {"share", "duration"}
    factor : float
        Of overdispersion.

    Returns
    -------
    array of float
        One row per n, four columns.

    Examples
    --------
    >>> control_limits([0.0, 1.0], [100], "share").round(3).tolist()
    [[0.397, 0.603, 0.342, 0.658]]
    """
    from scipy.stats import beta, norm

    values, size = np.asarray(pool, float), np.asarray(n, float)
    columns = []
    for level in LEVELS:
        for tail in ((1 - level) / 2, (1 + level) / 2):
            if kind == "share":
                centre = float(values.mean())
                exact = _binomial_limit(size, centre, tail) / size
                columns.append(np.clip(centre + np.sqrt(factor) * (exact - centre), 0.0, 1.0))
            else:
                place = norm.cdf(norm.ppf(tail) * np.sqrt(factor))
                columns.append(np.quantile(values, beta.ppf(place, (size + 1) / 2, (size + 1) / 2)))
    return np.stack(columns, axis=-1)


def _binomial_limit(n: Floats, p: float, tail: float) -> Floats:
    """Return the number beyond which lies less than the tail's share, continued between whole numbers.

    A whole number above the upper limit has P(X >= it) < tail, one below the lower limit P(X <= it) < tail.
    """
    from scipy.special import betainc

    if p <= 0 or p >= 1:
        return n * p
    low, high = np.zeros(len(n)), n.copy()
    for _step in range(60):
        x = (low + high) / 2
        if tail > 0.5:
            beyond = betainc(np.maximum(x, 1e-9), n - x + 1, p) > 1 - tail
        else:
            beyond = betainc(np.maximum(n - x, 1e-9), x + 1, 1 - p) < tail
        low, high = np.where(beyond, x, low), np.where(beyond, high, x)
    return high
