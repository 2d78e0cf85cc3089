"""How near a simulated figure comes to the observed one, and what that allows an office to do with it."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from flowaudit.messages import Language, current_language
from flowaudit.messages import translate as _
from flowaudit.metrics.four import metric_label

Trust = Literal["usable", "with_care", "not_usable"]

USABLE, WITH_CARE = 0.10, 0.20
"""Largest relative error of a credible figure, and of one to use with care (domain model 5.1)."""


HALF_A_DAY = 0.5
"""Working days within which two figures are as good as equal: dates are counted, not hours."""


A_TENTH = 0.1
"""Mean numbers of steps, materials or trips within which two figures are as good as equal."""

WAIT = 0.20
"""Largest relative error of the mean wait before an activity (domain model 5.1)."""

AN_HOUR = 1.0
"""Hours within which two mean waits are as good as equal."""

BACKLOG = 0.5
"""Growth of the cases in progress, as a share of their mean, beyond which the queues of a model run full."""

NEAR_CONTROL, FAR_FROM_CONTROL = 1.25, 2.0
"""How many times the control's distance to later cases the model's may be to be credible, and to be used with care."""


def trust_of(observed: float, simulated: float, *, as_good_as: float = HALF_A_DAY) -> Trust:
    """Return the trust that a simulated figure deserves beside the observed one.

    Parameters
    ----------
    observed, simulated : float
    as_good_as : float
        Difference that is none; default half a working day.

    Examples
    --------
    >>> trust_of(20, 18.5), trust_of(20, 23), trust_of(20, 28), trust_of(0, 0.2)
    ('usable', 'with_care', 'not_usable', 'usable')
    """
    apart = abs(simulated - observed)
    if apart <= max(USABLE * observed, as_good_as):
        return "usable"
    return "with_care" if apart <= WITH_CARE * observed else "not_usable"


def trust_name(trust: Trust, lang: Language | None = None) -> str:
    """Return how far a simulated figure may be trusted, in the words of an office."""
    names = {
        "usable": _("credible", lang=lang),
        "with_care": _("use with care", lang=lang),
        "not_usable": _("not usable for estimates", lang=lang),
    }
    return names[trust]


@dataclass(frozen=True)
class FidelityRow:
    """How well the simulated as-is office reproduces one figure of the observed one.

    Attributes
    ----------
    check : {"in_sample", "held_out"}
        On the period the model was fitted to, or on a later one it has not seen.
    statistic : {"median", "p90", "mean"}
    observed, simulated : float
        Working days; for steps, materials and trips numbers per case.
    error : float or None
        ``(simulated - observed) / observed``; None where the observed figure is 0.
    """

    metric: str
    check: str
    statistic: str
    observed: float
    simulated: float
    error: float | None
    trust: Trust

    def to_dict(self) -> dict[str, Any]:
        return vars(self).copy()


@dataclass(frozen=True)
class WaitRow:
    """The mean wait before one activity, observed and simulated.

    Attributes
    ----------
    instances : int
        Observed ones.
    observed_h, simulated_h : float
        Hours, from the end of what it waited for to its start (to its end, where starts are not recorded).
    within : bool
        Within 20 %, or an hour.
    """

    activity: str
    instances: int
    observed_h: float
    simulated_h: float
    within: bool

    def to_dict(self) -> dict[str, Any]:
        return vars(self).copy()


@dataclass(frozen=True)
class DistanceRow:
    """One distance between simulated and later, unseen cases, beside that of the control.

    Attributes
    ----------
    distance : {"ngd", "ced", "red", "ctd"}
        n-gram distance (routing, 0 to 1); circadian, relative and cycle time distributions (hours).
    model, control : float
        Mean over replications. The control draws whole recorded cases again: no model that knows only the log comes
        nearer by more than chance.
    error : float
        Half-width of the 95 % interval of the ratio ``model / control``.
    """

    distance: str
    model: float
    control: float
    error: float
    trust: Trust

    @property
    def ratio(self) -> float:
        return self.model / self.control if self.control > 0 else float("nan")

    def to_dict(self) -> dict[str, Any]:
        return {**vars(self), "ratio": self.ratio if self.control > 0 else None}


@dataclass(frozen=True)
class Fidelity:
    """How far the simulated office may be trusted; iterates over its figures.

    Attributes
    ----------
    rows : tuple of FidelityRow
    waits : tuple of WaitRow
        Activities with enough observed instances.
    distances : tuple of DistanceRow
        Empty where no later cases could be held out.
    backlog_growth : float or None
        How much more the cases in progress grow over the simulated period, as a share of their mean, than without any
        queue. Clearly above 0: the model's queues run full, which the office's did not.
    """

    rows: tuple[FidelityRow, ...] = ()
    waits: tuple[WaitRow, ...] = ()
    distances: tuple[DistanceRow, ...] = ()
    backlog_growth: float | None = None

    def __iter__(self) -> Iterator[FidelityRow]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def missed(self) -> tuple[WaitRow, ...]:
        """Activities whose wait the simulation misses, those with most hours lost first."""
        rows = [w for w in self.waits if not w.within]
        return tuple(sorted(rows, key=lambda w: -abs(w.simulated_h - w.observed_h) * w.instances))

    @property
    def runs_full(self) -> bool:
        """Whether the simulated queues grow over the period, which the office's did not."""
        return self.backlog_growth is not None and self.backlog_growth > BACKLOG

    @property
    def trust(self) -> Trust | None:
        """The worst judgement of all figures; with care where the wait before an activity is missed, or queues run full. None:
        not measured. Distances are judged each on its own: they say how far any model of the past can tell the later cases.
        """
        order: tuple[Trust, ...] = ("usable", "with_care", "not_usable")
        found = [r.trust for r in self.rows] + (["with_care"] if self.missed or self.runs_full else [])
        return max(found, key=order.index, default=None)

    def of(self, metric: str) -> Trust | None:
        """The worst judgement of one metric (``time, clock, steps, materials, trips``)."""
        order: tuple[Trust, ...] = ("usable", "with_care", "not_usable")
        return max((r.trust for r in self.rows if r.metric == metric), key=order.index, default=None)

    def text(self, lang: Language | None = None) -> str:
        """Return what an office may do with the simulation, in words."""
        if self.trust is None:
            return _(
                "The model could not be checked against the log; the estimates are for orientation only.", lang=lang
            )
        lines = [
            _("The simulated office beside the observed one: {trust}.", lang=lang, trust=trust_name(self.trust, lang))
        ]
        for row in self.rows:
            if row.trust != "usable":
                lines.append(
                    _(
                        "{metric}, {statistic}, {check}: observed {observed:.3g}, simulated {simulated:.3g}: {trust}.",
                        lang=lang, metric=metric_label(row.metric, lang), statistic=statistic_label(row.statistic, lang),
                        check=check_label(row.check, lang), observed=row.observed, simulated=row.simulated, trust=trust_name(row.trust, lang),
                    )
                )  # fmt: skip
        if any(r.check == "held_out" and r.trust != "usable" for r in self.rows) and all(
            r.trust == "usable" for r in self.rows if r.check == "in_sample"
        ):
            lines.append(
                _(
                    "The period fitted is met, the later one is not: the office probably works otherwise since; the control says how much.",
                    lang=lang,
                )
            )
        if self.missed:
            names = ", ".join(w.activity for w in self.missed[:5])
            lines.append(
                _(
                    "The wait before {n} of {all} activities is missed by more than 20 %: {names}.",
                    lang=lang, n=len(self.missed), all=len(self.waits), names=names,
                )
            )  # fmt: skip
        if self.runs_full:
            lines.append(
                _(
                    "The simulated cases in progress grow by {share:.0%} of their mean more than without queues: the queues run full.",
                    lang=lang,
                    share=self.backlog_growth,
                )
            )
        for d in self.distances:
            if d.control > 0:
                lines.append(
                    _(
                        "{name}: {model:.3g}, recorded cases drawn again {control:.3g} ({ratio:.2f} ± {error:.2f} times): {trust}.",
                        lang=lang, name=distance_name(d.distance, lang), model=d.model, control=d.control, ratio=d.ratio,
                        error=d.error, trust=trust_name(d.trust, lang),
                    )
                )  # fmt: skip
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        return {
            "trust": self.trust,
            "figures": [r.to_dict() for r in self.rows],
            "waits": [w.to_dict() for w in self.waits],
            "distances": [d.to_dict() for d in self.distances],
            "backlog_growth": self.backlog_growth,
        }

    def to_frame(self) -> pd.DataFrame:
        """Return the figures as a table."""
        return pd.DataFrame([r.to_dict() for r in self.rows])

    def __str__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        lang = current_language()
        return "<pre>" + html.escape(self.text(lang)) + "</pre>" + self.to_frame().to_html(index=False, border=0)


def statistic_label(statistic: str, lang: Language | None = None) -> str:
    """Return what a statistic is called."""
    return {"median": _("median", lang=lang), "p90": _("90th percentile", lang=lang), "mean": _("mean", lang=lang)}[
        statistic
    ]


def check_label(check: str, lang: Language | None = None) -> str:
    """Return which period a figure was compared on."""
    return _("period fitted", lang=lang) if check == "in_sample" else _("later period, unseen", lang=lang)


def distance_name(distance: str, lang: Language | None = None) -> str:
    """Return what a distance compares, in words."""
    names = {
        "ngd": _("order of activities (n-gram distance)", lang=lang),
        "ced": _("hours of the day at which work is done (circadian distance, h)", lang=lang),
        "red": _("course of the cases in time (relative event distance, h)", lang=lang),
        "ctd": _("durations of the cases (cycle time distance, h)", lang=lang),
    }
    return names[distance]
