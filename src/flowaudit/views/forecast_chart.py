"""How many of the cases that are open now will still be open, day by day, and how sure that is."""

from __future__ import annotations

import numpy as np
import pandas as pd

from flowaudit.messages import Language, current_language
from flowaudit.messages import translate as _
from flowaudit.simulation import Forecast
from flowaudit.views import _style, _text
from flowaudit.views._axis import number, ticks
from flowaudit.views._dates import date_ticks
from flowaudit.views.picture import Line, Picture, Shape, Text

WIDTH, HEIGHT = 442.0, 190.0
LEFT, RIGHT, TOP, FOOT = 34.0, 10.0, 26.0, 24.0
BAND, EXPECTED = "#bccfdf", "#14304d"


def forecast_chart(forecast: Forecast, *, lang: Language | None = None, title: str | None = None) -> Picture:
    """Draw the number of open cases over time: what is expected as a line, the 80 % interval as a band.

    Parameters
    ----------
    forecast : Forecast
    lang, title
        See :func:`process_map`.

    Returns
    -------
    Picture
    """
    lang = lang or current_language()
    days = forecast.open_over_time
    # From the first day on which surely none is open any more, nothing happens.
    days = days.iloc[: int(np.argmax(days["p90"].to_numpy() <= 0)) + 1] if (days["p90"] <= 0).any() else days
    dates = pd.DatetimeIndex(days["date"])
    first, last = dates[0], dates[-1] if dates[-1] > dates[0] else dates[0] + pd.Timedelta(days=1)
    lower, right = HEIGHT - FOOT, WIDTH - RIGHT
    marks = [m for m in ticks(0.0, float(max(len(forecast.cases), 1)), 5) if m == int(m)]

    def x(moment: pd.Timestamp) -> float:
        return round(LEFT + (right - LEFT) * ((moment - first) / (last - first)), 2)

    def y(value: float) -> float:
        return round(lower - (lower - TOP) * value / marks[-1], 2)

    shapes: list[Shape] = []
    for mark in marks:
        shapes.append(Line(((LEFT, y(mark)), (right, y(mark))), _style.GRID, 0.6))
        shapes.append(Text(LEFT - 4, y(mark), number(mark), 8, _style.MUTED, "end"))
    high = [(x(d), y(v)) for d, v in zip(dates, days["p90"].tolist(), strict=True)]
    low = [(x(d), y(v)) for d, v in zip(dates, days["p10"].tolist(), strict=True)]
    shapes.append(Line((*high, *reversed(low), high[0]), None, fill=BAND))
    expected = zip(dates, days["open"].tolist(), strict=True)
    shapes.append(Line(tuple((x(d), y(v)) for d, v in expected), EXPECTED, 1.2))
    shapes.append(Line(((LEFT, lower), (right, lower)), _style.INK, 0.8))
    for moment, label in date_ticks(first, last, 7):
        half = _text.width(label, 8) / 2
        if x(moment) - half >= 0 and x(moment) + half <= WIDTH:
            shapes.append(Line(((x(moment), lower), (x(moment), lower + 3)), _style.INK, 0.6))
            shapes.append(Text(x(moment), lower + 11, label, 8, _style.MUTED))
    words = _("expected to be still open", lang=lang)
    shapes += [
        Line(((LEFT, 10), (LEFT + 14, 10)), EXPECTED, 1.2),
        Text(LEFT + 18, 10, words, 8, anchor="start"),
    ]
    at = LEFT + 18 + _text.width(words, 8) + 14
    shapes += [
        Line(((at, 6), (at + 14, 6), (at + 14, 14), (at, 14)), None, fill=BAND),
        Text(at + 18, 10, _("80 % interval", lang=lang), 8, anchor="start"),
    ]
    notes = (
        _("Unit: cases open on {date} ({n}); new cases arrive meanwhile, but are not counted.", lang=lang, date=f"{forecast.now:%Y-%m-%d}", n=len(forecast.cases)),
        _("Simulated, {n} replications, seed {seed}; chance in the simulation only, not what may change in the office.", lang=lang, n=forecast.replications, seed=forecast.seed),
    )  # fmt: skip
    return Picture(WIDTH, HEIGHT, tuple(shapes), title or _("Open cases to come", lang=lang), notes)
