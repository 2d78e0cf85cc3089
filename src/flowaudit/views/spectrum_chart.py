"""The performance spectrum as a picture: one line for each case, from the moment it left to the moment it entered."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.flow import Spectrum
from flowaudit.messages import Language, current_language
from flowaudit.messages import translate as _
from flowaudit.views import _style, _text
from flowaudit.views._dates import date_ticks
from flowaudit.views.picture import Line, Picture, Shape, Text

WIDTH, LEFT, RIGHT = 442.0, 12.0, 430.0
UPPER, LOWER = 52.0, 232.0
MOST_LINES = 2_000
"""More lines than this no eye and no printer can tell apart."""
CLASSES = ("#c5d3e0", "#8fb0ca", "#4d7ca3", "#14304d")
"""The longest quarter is the darkest, also in grey print."""
QUARTILES = (0.25, 0.5, 0.75)


def spectrum_chart(spectrum: Spectrum, *, lang: Language | None = None, title: str | None = None) -> Picture:
    """Draw the passages of one segment between two axes of time, the source above and the target below.

    Parameters
    ----------
    spectrum : Spectrum
    lang, title
        See :func:`process_map`.

    Returns
    -------
    Picture
        The steeper a line, the quicker the case; lines that cross overtake one another; lines that meet below were
        handled together. The darker, the longer: quarters of all passages. At most 2 000 lines are drawn, evenly chosen
        in the order of leaving; ``notes`` say how many of how many, and the counting rule.

    References
    ----------
    Denisov, Fahland, van der Aalst. Unbiased, fine-grained description of processes performance from event data, BPM
    2018, doi 10.1007/978-3-319-98648-7_9.

    Examples
    --------
    >>> from flowaudit.eventlog import from_frame
    >>> from flowaudit.flow import spectrum
    >>> log = from_frame(pd.DataFrame({"case_id": "1", "activity": ["受理", "决定"],
    ...                                "end": pd.date_range("2024-01-02", periods=2)}))
    >>> spectrum_chart(spectrum(log, "受理", "决定"), lang="en").title
    'Performance spectrum: 受理 → 决定'
    """
    lang = lang or current_language()
    segment = f"{spectrum.source} → {spectrum.target}"
    title = title or _("Performance spectrum: {segment}", lang=lang, segment=segment)
    pairs = spectrum.pairs
    if pairs.empty:
        text = _("no case goes from “{source}” straight to “{target}”", lang=lang, source=spectrum.source, target=spectrum.target)  # fmt: skip
        lines = _text.wrap(text, 10, WIDTH - 40, 3)
        return Picture(
            WIDTH,
            40 + 14 * len(lines),
            tuple(Text(WIDTH / 2, 28 + 14 * k, line, 10, _style.MUTED) for k, line in enumerate(lines)),
            title,
        )
    left, entered = (pairs[name].to_numpy("datetime64[us]") for name in ("left", "entered"))
    first = pd.Timestamp(min(left.min(), entered.min()))
    last = max(pd.Timestamp(max(left.max(), entered.max())), first + pd.Timedelta(hours=1))
    bounds = np.quantile(spectrum.hours, QUARTILES)
    classes = np.searchsorted(bounds, spectrum.hours, side="left")
    chosen = chosen_lines(len(pairs))
    shapes = _legend(spectrum.hours, bounds, classes, lang)
    shapes += _axes(spectrum, first, last, lang)

    def at(stamps: npt.NDArray[np.datetime64]) -> list[float]:
        part = (stamps - np.datetime64(first, "us")) / (last - first).to_timedelta64()
        return [round(x, 2) for x in (LEFT + (RIGHT - LEFT) * part).tolist()]

    above, below = at(left[chosen]), at(entered[chosen])
    width = 0.9 if len(chosen) < 100 else 0.6 if len(chosen) < 600 else 0.4
    # The longest on top: few as they are, the many short ones would hide them.
    for k in np.argsort(classes[chosen], kind="stable").tolist():
        colour = CLASSES[int(classes[chosen[k]])]
        shapes.append(Line(((above[k], UPPER), (below[k], LOWER)), colour, width))
    return Picture(WIDTH, LOWER + 48, tuple(shapes), title, _notes(spectrum, len(chosen), first, last, lang))


def chosen_lines(n: int) -> npt.NDArray[np.int64]:
    """Return which of ``n`` passages are drawn: all, or ``MOST_LINES`` of them at even distances.

    Examples
    --------
    >>> chosen_lines(3).tolist(), len(chosen_lines(10**6))
    ([0, 1, 2], 2000)
    """
    if n <= MOST_LINES:
        return np.arange(n)
    return np.linspace(0, n - 1, MOST_LINES).astype(np.int64)


def _axes(spectrum: Spectrum, first: pd.Timestamp, last: pd.Timestamp, lang: Language) -> list[Shape]:
    source = _("{activity}: end", lang=lang, activity=spectrum.source)
    if spectrum.kind == "waiting":
        target = _("{activity}: start", lang=lang, activity=spectrum.target)
    else:
        target = _("{activity}: end", lang=lang, activity=spectrum.target)
    wide = RIGHT - LEFT
    shapes: list[Shape] = [
        Text(LEFT, UPPER - 10, _text.clip(source, 9, wide), 9, anchor="start"),
        Text(LEFT, LOWER + 24, _text.clip(target, 9, wide), 9, anchor="start"),
    ]
    for moment, label in date_ticks(first, last):
        x = LEFT + wide * ((moment - first) / (last - first))
        shapes.append(Line(((x, UPPER), (x, LOWER)), _style.GRID, 0.6))
        half = _text.width(label, 7.5) / 2
        shapes.append(Text(min(max(x, half), WIDTH - half), LOWER + 9, label, 7.5, _style.MUTED))
    shapes += [Line(((LEFT, y), (RIGHT, y)), _style.INK, 1.0) for y in (UPPER, LOWER)]
    return shapes


def _legend(
    hours: npt.NDArray[np.float64], bounds: npt.NDArray[np.float64], classes: npt.NDArray[np.int64], lang: Language
) -> list[Shape]:
    shapes: list[Shape] = []
    x = LEFT
    for k in sorted({int(k) for k in classes}):
        words = f"≤ {_length(float(hours.max() if k == 3 else bounds[k]), lang)}"
        shapes += [Line(((x, 14.0), (x + 16, 14.0)), CLASSES[k], 2.4), Text(x + 20, 14.0, words, 8, anchor="start")]
        x += 20 + _text.width(words, 8) + 12
    return shapes


def _length(hours: float, lang: Language) -> str:
    """Return a calendar time: seconds, minutes, hours, or from two days on days of 24 hours."""
    if abs(hours) < 1 / 60:
        return _("{seconds:.0f} s", lang=lang, seconds=hours * 3600)
    if abs(hours) < 1:
        return _("{minutes:.0f} min", lang=lang, minutes=hours * 60)
    if abs(hours) < 48:
        return _("{hours:.1f} h", lang=lang, hours=hours)
    return _("{days:.1f} d", lang=lang, days=hours / 24)


def _notes(spectrum: Spectrum, drawn: int, first: pd.Timestamp, last: pd.Timestamp, lang: Language) -> tuple[str, ...]:
    hours = spectrum.hours
    nothing = _("not measurable", lang=lang)
    overtaking = nothing if np.isnan(spectrum.overtaking) else f"{spectrum.overtaking:.1%}"
    notes = [
        _("n = {n:,} passages, {first} to {last}; {measured}; calendar time, a day has 24 hours.", lang=lang, n=len(hours),
          first=f"{first:%Y-%m-%d}", last=f"{last:%Y-%m-%d}", measured=spectrum.measured(lang)),
        _("Median {median}; the darker a line, the longer it took (quarters of all passages).", lang=lang,
          median=_length(float(np.median(hours)), lang)),
        _("Overtaking: {rate} of all pairs of passages; ties are none.", lang=lang, rate=overtaking),
        _("{end:.1%} entered at the same moment as one that left at another (batch at the end); {start:.1%} left at the same "
          "moment as one that entered at another (batch at the start).", lang=lang, end=spectrum.batch_end_share,
          start=spectrum.batch_start_share),
    ]  # fmt: skip
    if drawn < len(hours):
        notes.append(_("{drawn:,} of {n:,} passages are drawn, chosen evenly in the order in which they left.", lang=lang,
                       drawn=drawn, n=len(hours)))  # fmt: skip
    return tuple(notes)
