"""改革成效: what the data of before and after say a reform has changed, and what they cannot say."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from flowaudit.messages import Language, current_language
from flowaudit.messages import translate as _
from flowaudit.metrics import NotRecorded, Reduction, TimeSummary, metric_label, shown, statistic_name
from flowaudit.targets.estimate import Estimate, kind_name, signed
from flowaudit.targets.follow_up import FollowUp
from flowaudit.targets.interrupted import Interrupted
from flowaudit.targets.learning import Learning
from flowaudit.targets.mix import MixShift, property_label
from flowaudit.targets.promised import KeptPromises
from flowaudit.targets.ratings import Ratings
from flowaudit.targets.sides import Note
from flowaudit.targets.verdict import TargetResult, status_name

SCHEMA = "flowaudit.effects/1"
KINDS = ("standardised", "followed", "crude")
"""Ways to compare, the most careful one first."""


@dataclass(frozen=True, eq=False)
class Effects:
    """The answer of :func:`flowaudit.compare`.

    Attributes
    ----------
    unit : {"case", "bundle"}
    go_live : pd.Timestamp
    periods : ((Timestamp, Timestamp), (Timestamp, Timestamp))
        First and last arrival of each side.
    cases : (int, int)
    statistic : {"median", "mean"}
        What the headline figures are.
    estimates : tuple of Estimate
        Every metric, as medians and means, in up to three ways (``Estimate.kind``).
    not_compared : tuple of NotRecorded
        Metrics that a side does not record, or that the two count by different rules.
    follow_up : FollowUp
        How long every case is looked at, and what all cases together say (Kaplan-Meier).
    mix : {"before", "after", "both"}
    strata : tuple of str
        By what cases are told apart; empty where nothing is recorded, and nothing standardised.
    strata_tables : mapping of str to pd.DataFrame
        By metric: ``n_before, n_after, weight, before, after, difference`` of every stratum; small ones are blank.
    shifts : tuple of MixShift
    groups : mapping of str to pd.DataFrame or NotRecorded
        By item, district, channel: see :func:`flowaudit.targets.groups.compared_by`.
    series : mapping of str to Interrupted or NotRecorded
        The interrupted time series of each metric.
    learning : Learning or NotRecorded
    ratings : Ratings or NotRecorded
    kept_promises : KeptPromises or NotRecorded
    promises : tuple of TargetResult
        What the user said was promised, against what was reached.
    guides : mapping of str to Reduction or NotRecorded
        The same metrics as the service guides of both sides state them; empty without two catalogues.
    left_out : pd.DataFrame
        ``reason, before, after``: how many cases are not in the headline figures, and why.
    notes : tuple of (str, str)
        What a reader must know beside the figures, in Chinese and English.
    synthetic : bool
        One of the logs says that it was generated.
    """

    unit: str
    go_live: pd.Timestamp
    periods: tuple[tuple[pd.Timestamp, pd.Timestamp], tuple[pd.Timestamp, pd.Timestamp]]
    cases: tuple[int, int]
    statistic: str
    estimates: tuple[Estimate, ...] = field(repr=False)
    not_compared: tuple[NotRecorded, ...]
    follow_up: FollowUp
    mix: str
    strata: tuple[str, ...]
    strata_tables: Mapping[str, pd.DataFrame] = field(repr=False)
    shifts: tuple[MixShift, ...] = field(repr=False)
    groups: Mapping[str, pd.DataFrame | NotRecorded] = field(repr=False)
    series: Mapping[str, Interrupted | NotRecorded] = field(repr=False)
    learning: Learning | NotRecorded
    ratings: Ratings | NotRecorded
    kept_promises: KeptPromises | NotRecorded
    promises: tuple[TargetResult, ...]
    guides: Mapping[str, Reduction | NotRecorded]
    left_out: pd.DataFrame = field(repr=False)
    notes: tuple[Note, ...]
    synthetic: bool = False

    def estimate(self, metric: str, kind: str | None = None, statistic: str | None = None) -> Estimate | None:
        """Return one estimate: by default of the headline statistic, and the most careful one there is.

        Parameters
        ----------
        metric : {"steps", "time", "clock", "materials", "trips"}
        kind : {"crude", "followed", "standardised"}, optional
        statistic : {"median", "mean"}, optional
        """
        wanted = (kind,) if kind else KINDS
        found = {
            e.kind: e for e in self.estimates if e.metric == metric and e.statistic == (statistic or self.statistic)
        }
        return next((found[k] for k in wanted if k in found), None)

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics that are compared."""
        return tuple(dict.fromkeys(e.metric for e in self.estimates))

    @property
    def headlines(self) -> tuple[Estimate, ...]:
        """The most careful estimate of every metric."""
        return tuple(e for metric in self.metrics if (e := self.estimate(metric)) is not None)

    def said(self, lang: Language | None = None) -> list[str]:
        """Return the notes in one language."""
        return [zh if (lang or current_language()) == "zh" else en for zh, en in self.notes]

    def table(self, lang: Language | None = None) -> pd.DataFrame:
        """Return every estimate as one table with headers people read."""
        lang = lang or current_language()
        return pd.DataFrame([_row(e, lang) for e in self.estimates])

    def text(self, lang: Language | None = None) -> str:
        """Return what was found as sentences."""
        lang = lang or current_language()
        (a, b), (c, d) = self.periods
        lines = [
            _("Before: {n:,} cases that arrived {a} to {b}; after: {m:,} cases, {c} to {d}; go-live {day}.", lang=lang, n=self.cases[0],
              m=self.cases[1], a=_day(a), b=_day(b), c=_day(c), d=_day(d), day=_day(self.go_live)),
            self.follow_up.text(lang),
            *(e.text(lang) for e in self.headlines),
        ]  # fmt: skip
        lines += [s.text(lang) for s in self.series.values() if isinstance(s, Interrupted)]
        parts = (self.learning, self.ratings, self.kept_promises)
        lines += [part.text(lang) for part in parts if not isinstance(part, NotRecorded)]
        lines += [f"{p.label(lang)}: {status_name(p.status, lang)}" for p in self.promises]
        lines += [_("Note: {note}", lang=lang, note=note) for note in (*self.unsaid(lang), *self.said(lang))]
        return "\n".join(lines)

    def unsaid(self, lang: Language | None = None) -> list[str]:
        """Return what the logs do not allow to say, and why: a sentence each."""
        lang = lang or current_language()
        refused = next((s for s in self.series.values() if isinstance(s, NotRecorded)), None)
        named = [
            *((metric_label(n.metric, lang), n) for n in self.not_compared),
            (_("interrupted time series", lang=lang), refused), (_("learning curve", lang=lang), self.learning),
            (_("ratings", lang=lang), self.ratings), (_("promised limits", lang=lang), self.kept_promises),
            *((property_label(name, lang), found) for name, found in self.groups.items()),
            *((_("service guides, {metric}", lang=lang, metric=metric_label(m, lang)), found) for m, found in self.guides.items()),
        ]  # fmt: skip
        return [
            _("{metric}: {words}", lang=lang, metric=words, words=part.text(lang))
            for words, part in named
            if isinstance(part, NotRecorded)
        ]

    def __str__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        lang = current_language()
        shown_table = self.table(lang)
        parts = [shown_table.to_html(index=False, escape=True, na_rep="—")]
        lines = [self.follow_up.reason(lang), *self.said(lang)]
        parts.append("<ul>" + "".join(f"<li>{html.escape(line)}</li>" for line in lines) + "</ul>")
        rules = dict.fromkeys(e.before.rule.text(lang) for e in self.headlines)
        parts.append("".join(f"<p><small>{html.escape(rule)}</small></p>" for rule in rules))
        return "".join(parts)

    def to_dict(self, lang: Language | None = None) -> dict[str, Any]:
        """Return everything as plain values: every figure with its rule, sentences in one language."""
        lang = lang or current_language()
        (a, b), (c, d) = self.periods
        return {
            "schema": SCHEMA,
            "unit": self.unit,
            "synthetic": self.synthetic,
            "go_live": self.go_live,
            "before": {"cases": self.cases[0], "first_arrival": a, "last_arrival": b},
            "after": {"cases": self.cases[1], "first_arrival": c, "last_arrival": d},
            "statistic": self.statistic,
            "mix": self.mix,
            "strata": list(self.strata),
            "follow_up": self.follow_up.to_dict(lang),
            "headlines": {e.metric: e.to_dict(lang) for e in self.headlines},
            "estimates": [e.to_dict(lang) for e in self.estimates],
            "not_compared": {n.metric: n.to_dict(lang) for n in self.not_compared},
            "strata_tables": {metric: table.to_dict("records") for metric, table in self.strata_tables.items()},
            "mix_shifts": [
                {"property": s.name, "moved": s.moved, "p": s.p, "matters": s.matters, "table": hidden_shares(s.table).to_dict("records")}
                for s in self.shifts
            ],
            "groups": {name: _told(found, lang) for name, found in self.groups.items()},
            "series": {metric: found.to_dict(lang) for metric, found in self.series.items()},
            "learning": self.learning.to_dict(lang),
            "ratings": self.ratings.to_dict(lang),
            "kept_promises": self.kept_promises.to_dict(lang),
            "promises": [p.to_dict(lang) for p in self.promises],
            "guides": {metric: _guide(found, lang) for metric, found in self.guides.items()},
            "left_out": self.left_out.to_dict("records"),
            "notes": self.said(lang),
        }  # fmt: skip


def _day(moment: pd.Timestamp) -> str:
    return f"{moment:%Y-%m-%d}"


def _row(e: Estimate, lang: Language) -> dict[str, str]:
    span = "—" if e.low is None or e.high is None else f"{signed(e.low)} … {signed(e.high)}"
    rates = "—" if e.rate_low is None or e.rate_high is None else f"{e.rate_low:.1%} … {e.rate_high:.1%}"
    return {
        _("Metric", lang=lang): metric_label(e.metric, lang),
        _("Statistic", lang=lang): statistic_name(e.statistic, lang),
        _("Compared how", lang=lang): kind_name(e.kind, lang),
        _("Unit", lang=lang): e.after.rule.unit(lang),
        _("Before reform", lang=lang): shown(e.before.value),
        _("After reform", lang=lang): shown(e.after.value),
        _("Difference", lang=lang): signed(e.difference),
        _("95 % interval", lang=lang): span,
        _("Rate of reduction", lang=lang): "—" if e.rate is None else f"{e.rate:.1%}",
        _("95 % interval of the rate", lang=lang): rates,
        _("Cases before", lang=lang): f"{e.before.n:,}",
        _("Cases after", lang=lang): f"{e.after.n:,}",
    }


def _told(found: pd.DataFrame | NotRecorded, lang: Language) -> Any:
    return found.to_dict(lang) if isinstance(found, NotRecorded) else found.to_dict("records")


def _guide(found: Reduction | NotRecorded, lang: Language) -> dict[str, Any]:
    if isinstance(found, NotRecorded):
        return found.to_dict(lang)
    return {
        "recorded": True, "before": found.before.to_dict(lang), "after": found.after.to_dict(lang),
        "difference": found.difference, "reduction_rate": found.rate, "text": found.text(lang),
    }  # fmt: skip


def hidden_shares(table: pd.DataFrame) -> pd.DataFrame:
    """Leave out the shares of kinds with few cases."""
    columns = ["n_before", "n_after", "share_before", "share_after", "change"]
    return table.assign(**{c: table[c].astype("float64").mask(table["suppressed"]) for c in columns})


def reason_name(reason: str, lang: Language | None = None) -> str:
    """Return why cases are left out, in words."""
    key, _colon, metric = reason.partition(":")
    label = metric_label(metric, lang) if metric else ""
    names = {
        "other_items": _("items that only one log has", lang=lang),
        "before_go_live": _("arrived before go-live", lang=lang),
        "open": _("not finished at the log's end", lang=lang),
        "young": _("arrived too late to be looked at for long enough", lang=lang),
        "not_in_time": _("not ended within the time looked at", lang=lang),
        "withheld": _("{metric}: no value in the log, or one that contradicts itself", lang=lang, metric=label),
        "no_counterpart": _("{metric}: no comparable cases on the other side", lang=lang, metric=label),
    }
    return names[key]


def summary_words(found: TimeSummary) -> str:
    """Return a median with its interval, as it stands in a table."""
    return f"{shown(found.median)} ({shown(found.low)} – {shown(found.high)})"


def names_of(strata: tuple[str, ...], lang: Language) -> str:
    """Return the properties cases are told apart by, as words."""
    return ("、" if lang == "zh" else ", ").join(property_label(name, lang) for name in strata)
