"""The learning curve: whether a figure goes on changing as the office handles more cases the new way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.messages import Language, current_language
from flowaudit.messages import translate as _
from flowaudit.metrics import NotRecorded, metric_label, shown
from flowaudit.targets.regression import least_squares

Floats = npt.NDArray[np.float64]
Stamps = npt.NDArray[np.datetime64]
LEAST_BATCHES, MOST_BATCHES, LEAST_CASES = 8, 20, 10


@dataclass(frozen=True)
class Learning:
    """How a metric changed with the number of cases since go-live.

    Attributes
    ----------
    metric : str
    rate, low, high : float
        Factor by which the mean changes each time the number of cases doubles (Wright's learning rate), with its 95 %
        interval: 0.9 is ten percent less.
    first, last : float
        Mean of the first and of the last third of the cases.
    weeks : float
        From go-live to the last case.
    batches : pd.DataFrame
        ``start, cases`` (up to the middle of the batch), ``mean, fitted``.
    """

    metric: str
    rate: float
    low: float
    high: float
    first: float
    last: float
    weeks: float
    n: int
    batches: pd.DataFrame = field(repr=False)

    @property
    def finding(self) -> Literal["faster", "slower", "none"]:
        return "faster" if self.high < 1 else "slower" if self.low > 1 else "none"

    def text(self, lang: Language | None = None) -> str:
        """Return what the curve says as a sentence."""
        lang = lang or current_language()
        values = {"metric": metric_label(self.metric, lang), "share": abs(1 - self.rate), "n": self.n, "weeks": self.weeks,
                  "low": self.low, "high": self.high, "first": shown(self.first), "last": shown(self.last)}  # fmt: skip
        if self.finding == "none":
            return _("{metric} over {weeks:.0f} weeks after go-live ({n:,} cases): no learning that can be told from chance (factor per doubling {low:.2f} to {high:.2f}; mean of the first third {first}, of the last {last}).", lang=lang, **values)  # fmt: skip
        if self.finding == "faster":
            return _("{metric} over {weeks:.0f} weeks after go-live ({n:,} cases): {share:.1%} less each time the number of cases doubles (factor {low:.2f} to {high:.2f}; mean of the first third {first}, of the last {last}): it went on falling after go-live.", lang=lang, **values)  # fmt: skip
        return _("{metric} over {weeks:.0f} weeks after go-live ({n:,} cases): {share:.1%} more each time the number of cases doubles (factor {low:.2f} to {high:.2f}; mean of the first third {first}, of the last {last}): the effect is fading.", lang=lang, **values)  # fmt: skip

    def to_dict(self, lang: Language | None = None) -> dict[str, Any]:
        return {
            "recorded": True, "metric": self.metric, "rate": self.rate, "low": self.low, "high": self.high,
            "first": self.first, "last": self.last, "weeks": self.weeks, "cases": self.n, "finding": self.finding,
            "text": self.text(lang), "batches": self.batches.to_dict("records"),
        }  # fmt: skip


def learning(metric: str, go_live: pd.Timestamp, values: Floats, arrival: Stamps) -> Learning | NotRecorded:
    """Fit the learning curve of the cases after go-live: the logarithm of the mean on that of the number of cases.

    Parameters
    ----------
    metric : str
    go_live : pd.Timestamp
    values : array of float
        The metric of each case after, NaN for those that do not count.
    arrival : array of datetime64

    Returns
    -------
    Learning or NotRecorded
        Not recorded with fewer than 80 cases, or where whole batches of cases have 0, of which there is no logarithm.

    Notes
    -----
    Cases are taken in the order of their arrival, in 8 to 20 batches of equal number; neighbouring batches are not taken for
    independent (:func:`least_squares`). A change of who comes is not told apart from learning.

    References
    ----------
    Wright. Factors affecting the cost of airplanes. *Journal of the Aeronautical Sciences* 3 (1936) 122-128.
    """
    rows = np.flatnonzero(~np.isnan(values))
    rows = rows[np.argsort(arrival[rows], kind="stable")]
    n = len(rows)
    if n < LEAST_BATCHES * LEAST_CASES:
        return NotRecorded(
            metric,
            f"学习曲线至少需要改革后{LEAST_BATCHES * LEAST_CASES}件，现有{n}件。",
            f"a learning curve needs {LEAST_BATCHES * LEAST_CASES} cases after go-live; there are {n}.",
        )
    parts = np.array_split(rows, min(MOST_BATCHES, n // LEAST_CASES))
    means = np.array([values[part].mean() for part in parts])
    if (means <= 0).any():
        return NotRecorded(
            metric,
            "不少办件的数值为0，无法取对数，不作学习曲线。",
            "whole batches of cases have 0, of which there is no logarithm: no learning curve.",
        )
    sizes = np.array([len(part) for part in parts])
    middle = np.cumsum(sizes) - sizes / 2
    x = np.column_stack([np.ones(len(parts)), np.log(middle)])
    fit = least_squares(x, np.log(means))
    rate, low, high = (2.0**exponent for exponent in fit.linear([0, 1]))
    batches = pd.DataFrame(
        {"start": [arrival[part[0]] for part in parts], "cases": middle, "mean": means, "fitted": np.exp(x @ fit.beta)}
    )
    thirds = np.array_split(values[rows], 3)
    weeks = (arrival[rows[-1]] - go_live.to_datetime64()) / np.timedelta64(7, "D")
    return Learning(metric, rate, low, high, float(thirds[0].mean()), float(thirds[2].mean()), float(max(weeks, 0.0)), n, batches)  # fmt: skip
