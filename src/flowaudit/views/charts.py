"""Charts of results: the four reductions, findings, handovers between departments, schedules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from flowaudit.diagnosis import Finding, Findings
from flowaudit.eventlog import EventLog
from flowaudit.flow import enablement
from flowaudit.messages import Language, current_language
from flowaudit.messages import translate as _
from flowaudit.metrics import METRICS, Figure, FourReductions, metric_label
from flowaudit.targets import Verdict
from flowaudit.views import _style, _text
from flowaudit.views._axis import ticks
from flowaudit.views._rows import ROW, WIDTH, row_labels, x_axis
from flowaudit.views.picture import Box, Line, Picture, Shape, Text
from flowaudit.views.process_map import SMALL, count_words


def _pairs(results: Verdict | FourReductions) -> list[tuple[str, list[Figure]]]:
    if isinstance(results, Verdict):
        return [(c.metric, [c.before, c.after]) for c in results.comparisons]
    primary = results.primary
    return [(m, [f]) for m in METRICS if isinstance(f := primary[m], Figure) and f.recorded]


def reductions_chart(
    results: Verdict | FourReductions, *, lang: Language | None = None, title: str | None = None
) -> Picture:
    """Draw steps, time, materials and trips, one panel each; before and after where both are known.

    Parameters
    ----------
    results : Verdict or FourReductions
    lang, title
        See :func:`process_map`.

    Returns
    -------
    Picture
        Whiskers are 95 % intervals; the counting rule of every panel stands in ``notes``.
    """
    lang = lang or current_language()
    pairs = _pairs(results)
    columns = max(1, min(len(pairs), 5))
    gap, top, plot = 14.0, 34.0, 108.0
    panel = (WIDTH - gap * (columns + 1)) / columns
    shapes: list[Shape] = []
    for k, (metric, figures) in enumerate(pairs):
        left = gap + k * (panel + gap)
        name = _text.clip(metric_label(metric, lang), 9, panel + 6)
        shapes.append(Text(left + panel / 2, 9, name, 9))
        shapes.append(Text(left + panel / 2, 21, "(" + figures[0].rule.unit(lang) + ")", 7.5, _style.MUTED))
        highest = max(max(f.value or 0.0, f.high or 0.0) for f in figures) or 1.0
        bottom, scale = top + plot, plot / (highest * 1.15)
        shapes.append(Line(((left, bottom), (left + panel, bottom)), _style.INK, 0.8))
        bar = min(30.0, panel / (len(figures) * 1.6))
        step = panel / len(figures)
        for i, figure in enumerate(figures):
            value = figure.value or 0.0
            x = left + step * (i + 0.5)
            colour = (_style.BEFORE, _style.AFTER)[i] if len(figures) == 2 else _style.AFTER
            shapes.append(Box(x - bar / 2, bottom - value * scale, bar, max(value * scale, 0.3), fill=colour))
            y = bottom - value * scale
            if figure.low is not None and figure.high is not None and np.isfinite([figure.low, figure.high]).all():
                low, high = bottom - figure.low * scale, bottom - figure.high * scale
                shapes.append(Line(((x, low), (x, high)), _style.INK, 0.9))
                shapes.extend(Line(((x - 3, e), (x + 3, e)), _style.INK, 0.9) for e in (low, high))
                y = min(y, high)
            shapes.append(Text(x, y - 7, f"{value:.1f}", 8.5))
            if len(figures) == 2:
                label = (_("before", lang=lang), _("after", lang=lang))[i]
                shapes.append(Text(x, bottom + 9, label, 8, _style.MUTED))
    if not pairs:
        shapes.append(Text(WIDTH / 2, top + plot / 2, _("not recorded", lang=lang), 10, _style.MUTED))
    notes = tuple(figures[-1].rule.text(lang) for _metric, figures in pairs)
    return Picture(WIDTH, top + plot + 22, tuple(shapes), title or _("The four reductions", lang=lang), notes)


def finding_label(finding: Finding, lang: Language, names: Mapping[str, str] | None = None) -> str:
    """Return the title of a finding and what it was found on, so that two findings of one rule can be told apart.

    Parameters
    ----------
    finding : Finding
    lang : {"zh", "en"}
    names : mapping, optional
        Item code to item name.
    """
    scope = finding.scope
    pair = tuple(str(x) for x in finding.details.get("pair") or ())
    what = pair or scope.get("activities") or scope.get("items") or scope.get("departments") or ()
    if not pair and finding.rule == "W01":
        what = scope.get("departments") or what
    words = _(", ", lang=lang).join((names or {}).get(str(w), str(w)) for w in what[:3])
    return finding.title(lang) + (_(": ", lang=lang) + words if words else "")


def findings_chart(
    findings: Findings,
    *,
    lang: Language | None = None,
    title: str | None = None,
    most: int = 12,
    names: Mapping[str, str] | None = None,
) -> Picture:
    """Draw the working days each finding costs, the costliest first.

    Parameters
    ----------
    findings : Findings
    lang, title
        See :func:`process_map`.
    most : int
        So many are drawn; how many more there are stands in the notes.
    names : mapping, optional
        Item code to item name.

    Returns
    -------
    Picture
    """
    lang = lang or current_language()
    known: list[tuple[Finding, float]] = [
        (f, float(f.time_lost_days_total)) for f in findings if f.time_lost_days_total is not None
    ]
    known.sort(key=lambda pair: -pair[1])
    rows = known[:most]
    title = title or _("Working days lost by finding", lang=lang)
    if not rows:
        text = _("no finding with a measured loss of time", lang=lang)
        return Picture(WIDTH, 60, (Text(WIDTH / 2, 30, text, 10, _style.MUTED),), title)
    left, right, top, row = 205.0, WIDTH - 76, 6.0, 24.0
    bottom = top + row * len(rows)
    marks = ticks(0.0, max(days for _f, days in rows) or 1.0, 4)
    unit = _("working days in all, period of the log", lang=lang)
    labels = [finding_label(f, lang, names) for f, _days in rows]
    shapes = [*x_axis(marks, left, right, top, bottom, unit), *row_labels(labels, top, row, left)]
    for i, (finding, days) in enumerate(rows):
        y = top + row * i + 6
        w = (right - left) * days / marks[-1]
        colour = _style.AFTER if finding.confidence == "high" else "#8fb0ca"
        shapes.append(Box(left, y, max(w, 0.5), row - 12, fill=colour))
        cases = count_words(finding.cases, SMALL)
        basis = _("n={n}", lang=lang, n=cases)
        label = f"{days:,.0f} ({basis})"
        shapes.append(Text(left + w + 4, y + (row - 12) / 2, label, 7.5, anchor="start"))
    notes = [
        _("Unit: working days, summed over the cases concerned; n: cases. Findings overlap, their days do not add up.", lang=lang),
        _("Dark: high confidence; light: medium or low. A finding is a candidate to be checked, not a verdict.", lang=lang),
    ]  # fmt: skip
    rest = len(known) - len(rows)
    if rest:
        notes.append(_("{n} smaller ones are not drawn.", lang=lang, n=rest))
    return Picture(WIDTH, bottom + 28, tuple(shapes), title, tuple(notes))


def handovers(log: EventLog) -> pd.DataFrame:
    """Count how often work passes from one department to another, on enabler edges.

    Parameters
    ----------
    log : EventLog

    Returns
    -------
    pd.DataFrame
        Rows: the department that hands over; columns: the one that takes over; same department left out (0).
        Empty where departments are not recorded.
    """
    if not log.has("department"):
        return pd.DataFrame(dtype="int64")
    codes, labels = log.codes("department")
    enabler = np.asarray(enablement(log).enabler)
    rows = np.flatnonzero(enabler >= 0)
    pairs = pd.DataFrame({"source": codes[enabler[rows]], "target": codes[rows]})
    pairs = pairs[(pairs["source"] >= 0) & (pairs["target"] >= 0) & (pairs["source"] != pairs["target"])]
    counts = pairs.groupby(["source", "target"]).size().unstack(fill_value=0)
    used = sorted({int(i) for i in counts.index.to_numpy()} | {int(i) for i in counts.columns.to_numpy()})
    square = counts.reindex(index=used, columns=used, fill_value=0)
    names = [labels[int(i)] for i in used]
    square.index, square.columns = pd.Index(names), pd.Index(names)
    order = square.sum(axis=1).add(square.sum(axis=0)).sort_values(ascending=False, kind="stable").index
    return square.loc[order, order].astype("int64")


def handover_chart(log: EventLog, *, lang: Language | None = None, title: str | None = None, most: int = 14) -> Picture:
    """Draw department by department how often one hands work to another.

    Parameters
    ----------
    log : EventLog
    lang, title
        See :func:`process_map`.
    most : int
        So many departments with the most handovers are drawn.

    Returns
    -------
    Picture
    """
    lang = lang or current_language()
    table = handovers(log)
    title = title or _("Handovers between departments", lang=lang)
    if table.empty:
        text = _("departments are not recorded, or only one takes part", lang=lang)
        return Picture(WIDTH, 60, (Text(WIDTH / 2, 30, text, 10, _style.MUTED),), title)
    left_out = max(0, len(table) - most)
    table = table.iloc[:most, :most]
    n = len(table)
    left, top = 104.0, 46.0
    cell = min(52.0, (WIDTH - left - 8) / n)
    height = min(28.0, max(18.0, cell * 0.6))
    numbers = table.to_numpy(np.int64)
    highest = max(int(numbers.max()), 1)
    shapes: list[Shape] = []
    for j, name in enumerate(table.columns):
        lines = _text.wrap(str(name), 7.5, cell - 2, 4)
        for k, line in enumerate(lines):
            shapes.append(Text(left + cell * (j + 0.5), top - 6 - 9 * (len(lines) - 1 - k), line, 7.5))
    for i, name in enumerate(table.index):
        y = top + height * i
        shapes.append(Text(left - 5, y + height / 2, _text.clip(str(name), 8.5, left - 10), 8.5, anchor="end"))
        for j in range(n):
            value = int(numbers[i, j])
            level = 0 if value == 0 else 1 + min(3, int(4 * (value / highest) ** 0.5 - 1e-9))
            fill = "#eeeeee" if i == j else "#ffffff" if value == 0 else _style.FILLS[level]
            shapes.append(Box(left + cell * j, y, cell, height, fill=fill, stroke="#ffffff", width=1.2))
            if value:
                ink = _style.PALE_INK if level == 4 else _style.INK
                shapes.append(Text(left + cell * (j + 0.5), y + height / 2, count_words(value, SMALL), 8, ink))
    bottom = top + height * n
    shapes.append(Box(left, top, cell * n, height * n, stroke=_style.LANE_EDGE, width=0.8))
    first, last = log.span
    notes = [
        _("Rows hand over, columns take over; unit: times; darker is more often.", lang=lang),
        _("{n} cases, {first} to {last}; counted between an event and the one that enabled it.", lang=lang,
          n=f"{log.n_cases:,}", first=f"{first:%Y-%m-%d}", last=f"{last:%Y-%m-%d}"),
    ]  # fmt: skip
    if left_out:
        notes.append(_("{n} departments with fewer handovers are not drawn.", lang=lang, n=left_out))
    return Picture(max(left + cell * n + 8, 300.0), bottom + 8, tuple(shapes), title, tuple(notes))


@dataclass(frozen=True)
class Gantt:
    """One bar of a schedule."""

    label: str
    start: pd.Timestamp
    end: pd.Timestamp


def gantt_chart(rows: Sequence[Gantt], *, lang: Language | None = None, title: str | None = None) -> Picture:
    """Draw a schedule whose dates people have set.

    Parameters
    ----------
    rows : sequence of Gantt
    lang, title
        See :func:`process_map`.

    Returns
    -------
    Picture
    """
    lang = lang or current_language()
    first, last = min(r.start for r in rows), max(r.end for r in rows)
    days = max((last - first).days + 1, 1)
    left, right, top = 130.0, WIDTH - 14, 20.0
    bottom = top + ROW * len(rows)
    months = pd.date_range(first.replace(day=1), last, freq="MS")
    every = max(1, -(-len(months) // 9))
    shapes: list[Shape] = []
    for month in months[::every]:
        x = left + (right - left) * max((month - first).days, 0) / days
        shapes.append(Line(((x, top - 4), (x, bottom)), _style.GRID, 0.6))
        shapes.append(Text(x + 1, top - 10, f"{month:%Y-%m}", 7.5, _style.MUTED, "start"))
    shapes += row_labels([r.label for r in rows], top, ROW, left)
    for i, row in enumerate(rows):
        x = left + (right - left) * (row.start - first).days / days
        w = (right - left) * ((row.end - row.start).days + 1) / days
        shapes.append(Box(x, top + ROW * i + 7, max(w, 1.0), ROW - 14, fill=_style.AFTER, radius=2))
    return Picture(WIDTH, bottom + 8, tuple(shapes), title or _("Schedule", lang=lang))
